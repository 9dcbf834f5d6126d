//! A node without its command line: the parts of a running one, put together.
//!
//! The rules of the chain are in `veilmart-runtime`, agreement on blocks in `veilmart-td-raft-engine`. Here are
//!
//! - [`service`]: the client, its database, the network and the engine, joined;
//! - [`pool`]: the SDK's pool of transactions with this chain's rules;
//! - [`proofs`]: what is counted of proofs;
//! - [`signatures`]: verified once a node;
//! - [`rpc`]: what a node answers beside the standard methods.
//!
//! It is apart from the program because the program changes with every commit, whose number it tells, and this is what takes
//! minutes to compile.

// The SDK's errors are large, and are handed on as they are.
#![allow(clippy::result_large_err)]

pub mod pool;
pub mod proofs;
pub mod rpc;
pub mod service;
pub mod signatures;
mod waiting;

//! The Veilmart node.
//!
//! A thin program: the rules of the chain are in `veilmart-runtime`, agreement on blocks in
//! `veilmart-td-raft-engine`, and `veilmart-node-service` makes a node of them. What remains here:
//!
//! - [`cli`] and [`command`]: what the operator may say, and what happens then;
//! - [`chain_spec`]: the chains that the node knows, and those that it reads from files;
//! - [`consortium`]: a file with public keys becomes the specification of a new chain.

// The SDK's errors are large, and the node's commands return them as they are.
#![allow(clippy::result_large_err)]

use std::process::ExitCode;

mod chain_spec;
mod cli;
mod command;
mod consortium;
#[cfg(test)]
mod tests;

/// The runtime's calls allocate much and for a short time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
	match command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("Error: {error}");
			ExitCode::FAILURE
		}
	}
}

//! Drives the protocol core of TD-Raft (`veilmart-td-raft-core`) in a Substrate node.
//!
//! The core decides; this crate gives it what happens and carries out what it says. It holds no rule of the protocol.
//!
//! ```text
//!   peers ──► engine ──► core         one task: every input of the core is given here, in one order
//!               │  ▲
//!               ▼  │
//!    vote log (a thread)              writes and syncs; says what is on disk
//!    chain worker (a task)            builds, executes, imports, finalizes: one thing after the other
//!    import queue (Substrate's)       blocks that the node synchronizes: asks the engine to verify, tells it
//! ```
//!
//! - [`Engine`] is the task in the middle. Authorities and nodes that follow run the same; a node without an
//!   authority's keys takes part under a name of its own, which is in no set, so its core signs nothing that counts.
//! - Proposals, votes and what is missing go over a notification protocol of its own (`peers`, `packet`).
//!   Substrate's own synchronization brings whole stretches of the chain to those who come late, and its announcements tell everybody about new blocks.
//! - What an authority is bound by, and the blocks that it voted for, are in the `vote_log`. Since when the node has had keys
//!   without a log is in a file beside it (`held`).
//! - What follows from the final blocks (the core's `Anchor`) is stored in the client's database, in one operation with the finality of the block.
//!
//! # Many blocks of one height
//!
//! Who may seal blocks may seal many of one height, and leaders may fail one after the other. How many are executed, and which
//! are given up when the database has no room for more, is in `siblings`.
//!
//! # Fork choice
//!
//! A block is better than another iff the rank of the certificate in its header, its term and its number are greater,
//! compared in this order.
//!
//! # Time
//!
//! A block that is dated too far ahead is not imported, hence not voted for, unless a quorum has certified it or a
//! descendant already: the runtime's check of its inherents says so. A node whose clock is behind thus does not vote to prepare, and
//! follows. Nor does one whose clock is ahead: the core is told what the wall clock shows and when each block is dated (`dates`), and gives
//! no first vote for one that is too old at that moment.

#![deny(missing_docs)]

mod allowance;
mod block;
mod chain;
mod dates;
mod engine;
mod fetch;
mod finality;
mod held;
mod import;
mod keys;
#[cfg(test)]
mod ledger;
mod log_writer;
mod metrics;
mod packet;
mod peers;
mod record;
mod room;
mod round;
mod sealed;
mod siblings;
mod start;
mod transactions;
mod vote_log;
#[cfg(test)]
mod wire;
mod worker;

pub use chain::{Chain, Pool, Propose};
pub use dates::DATE_KEY;
pub use engine::{handle, Engine, Parts, Requests};
pub use finality::{prove_finality, ProofError};
pub use import::{block_import, import_queue, EngineHandle, Unanswered};
pub use keys::{Chain as KeyChain, Identity, KeyError};
pub use peers::{notification_config, protocol_name, Connections, Network};
pub use record::authority_record;
pub use room::{check_room, watch_room};
pub use round::{Certified, PeerState, Role, RoundState};
pub use sealed::{check as check_sealed, seal, sealing_key, SealedError};
pub use start::{Authority, Error, Setup};

pub use veilmart_td_raft_formats::{Block, Header};

/// The target of this crate's log lines.
pub const LOG_TARGET: &str = "td-raft";

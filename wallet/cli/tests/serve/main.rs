//! The seller's agent and calls in a row, against the real runtime in memory.

mod batch;
mod crashes;
mod ledger;
mod money;
mod pipeline;
mod program;
mod rounds;
mod rows;
#[path = "../rpc/mod.rs"]
mod rpc;
mod sales;
mod stage;

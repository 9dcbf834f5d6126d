//! The seller's agent, calls in a row, and calls that only time makes possible, against the real runtime in memory.

mod batch;
mod crashes;
mod late;
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

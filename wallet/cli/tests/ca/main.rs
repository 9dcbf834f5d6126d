//! The certificate authority's commands, and those of who deals with it, against a node that the test holds in its hands.

mod acting;
mod audits;
mod certificates;
mod disclosures;
mod ledger;
mod node;
mod recovery;
#[path = "../rpc/mod.rs"]
mod rpc;

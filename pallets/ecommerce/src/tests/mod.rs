//! Tests by concern; every one ends with the invariants.

mod forgeries;
mod genesis;
mod limits;
mod pool;
mod proofs;
mod purchases;
mod quota;
mod refusals;
mod weights;

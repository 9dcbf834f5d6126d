//! Tests by concern; every one ends with the invariants.

mod genesis;
mod pool;
mod proofs;
mod purchases;
mod refusals;

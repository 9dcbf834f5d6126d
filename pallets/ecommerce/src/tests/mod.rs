//! Tests by concern; every one ends with the invariants.

mod agenda;
mod cascades;
mod deadlines;
mod disputes;
mod events;
mod fallen;
mod fire;
mod forgeries;
mod genesis;
mod limits;
mod listings;
mod migrations;
mod model;
mod money;
mod penalty;
mod pool;
mod proofs;
mod purchases;
mod quota;
mod refresh;
mod refusals;
mod weights;

//! Faults that operators meet, and what clients see of the consensus, on networks of real processes. One program, so that the networks come one after the other.

mod clients;
mod clocks;
mod consortium;
mod flood;
mod imports;
mod operators;
mod partitions;
mod processes;
mod sealed;
mod storage;
mod twins;
mod upgrade;

//! The parts of the demo, which the tests of the whole system use as well: a node of our own, parties with books, the data.

pub mod cheats;
pub mod council;
pub mod market;
pub mod process;
pub mod report;
pub mod retail;

//! The parts of the demo, which the tests of the whole system use as well: a node of our own, parties with books, the data.

pub mod aftermath;
pub mod cheats;
pub mod council;
pub mod justice;
pub mod market;
pub mod moments;
pub mod process;
pub mod program;
pub mod report;
pub mod restore;
pub mod retail;

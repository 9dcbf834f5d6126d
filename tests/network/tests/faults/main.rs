//! Faults that operators meet, on networks of real processes. One program, so that the networks come one after the other.

mod processes;

//! The core in a small deterministic network.

mod faults;
mod fetch;
mod network;
mod normal;
mod real;
mod requests;
mod sets;

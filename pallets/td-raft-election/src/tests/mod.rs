//! One file for each concern.

mod genesis;
mod governance;
mod headers;
mod history;
mod offences;
mod random;
mod records;
mod sets;

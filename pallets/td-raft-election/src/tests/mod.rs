//! One file for each concern.

mod genesis;
mod governance;
mod headers;
mod history;
mod lying_dealer;
mod offences;
mod random;
mod records;
mod sets;

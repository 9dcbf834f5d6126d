//! The wallet.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

pub mod amount;
pub mod derive;
mod error;
pub mod keys;
pub mod market;
pub mod notes;
pub mod opening;
pub mod state;
mod wallet;

#[cfg(test)]
mod tests;

pub use error::WalletError;
pub use keys::Keys;
pub use wallet::Wallet;

//! The wallet: openings, notes and proofs for each call of the marketplace, as a library.
//!
//! Explicit state in, the body of a call out. It is not for talking to a node, for encoding extrinsics or for
//! keeping secrets on a disk: it performs no I/O, reads no clock, keeps nothing between calls, takes its
//! randomness as a parameter and compiles without the standard library, for JavaScript, too. Bytes are those
//! of docs/formats.md.
//!
//! # Key terms
//!
//! - **Opening**: value and nonce exponent of a ciphertext. Only who knows it can prove anything about the
//!   ciphertext.
//! - [`Opened`](opening::Opened): a ciphertext with an opening that was seen to give it bit for bit. Nothing
//!   else goes into a call.
//! - **Note**: how an opening travels, sealed to a view key. Own notes let a wallet find its openings again.
//! - **Seed**: what one nonce expands from; disclosing it discloses that nonce and no other.
//!
//! # Usage
//!
//! ```
//! use veilmart_wallet::{amount, Keys};
//!
//! let keys = Keys::from_mnemonic("bottom drive obey lake curtain smoke basket hold race lonely fit walk")?;
//! assert_eq!(keys.account()[..4], [0x46, 0xeb, 0xdd, 0xef]);
//! // The account registers this with the certificate authority; notes to it are sealed to it.
//! let view_key: [u8; 32] = keys.view_key(0).public();
//! assert_eq!(amount::format(amount::parse("12.5")?), "12.50");
//! # Ok::<_, veilmart_wallet::WalletError>(())
//! ```
//!
//! Then one [`Wallet`] per chain, and for each call: read the ledger into the structs of [`state`], open what
//! is needed with the functions in [`opening`], make the body with the functions in [`market`], sign and
//! send. [`Wallet::order`], for example, takes the opened balance and the opened quote. What the account owns
//! afterwards is in the result, too, so that the next call can be prepared before this one is included.
//!
//! # Implementor's guide: mistakes wallets make
//!
//! - **Trusting a note.** Anybody can seal anything to a view key. What a note says counts only if it gives
//!   the ledger's ciphertext bit for bit; `N² - c` decrypts as `c` does and passes every proof. The types
//!   here leave no other way.
//! - **Collecting what does not open.** The credit's unknown nonce becomes part of the balance's, which then
//!   no longer opens. Leave the credit where it is; it harms nobody there.
//! - **Sending again with the old nonces and another amount.** The quotient of the two ciphertexts shows the
//!   difference of the amounts. Call the function again instead of changing its result: every call has a new
//!   salt.
//! - **Taking the system's nonce for the sequence number.** The marketplace counts by itself and never starts
//!   over.
//! - **Asking the node which key to use.** Modulus and genesis hash are pinned, `h_s` is derived, the proof
//!   of the modulus is verified. Under a wrong key an amount is as good as published.
//! - **Asking any node for the view key.** Who names the seller's view key reads the order. Take it from
//!   finalized state, or from what the seller says.
//! - **Multiplying prices in 64 bits.** Twice 2^63 is nothing. [`opening::Quoted::cost`] and
//!   [`opening::OpenedOrder::bond`] are `u128`.
//! - **Accepting with the price that is current.** An order keeps the price that it was placed at; its seed
//!   derives from the order's `price_seq` and `price_salt`, the listing's from the listing's.
//! - **Taking a listing's price from the note beside it.** The chain does not compare the two, and an acceptance
//!   that waited while the price was changed leaves the old one there. What the price is its ciphertext says,
//!   under the nonce that derives from `price_seq` and `price_salt`; [`Wallet::open_listing`] reads it there.
//! - **Paying for a redemption that does not open.** The ledger proves that some amount was burned; how much
//!   is owed only the note says, and only if [`Wallet::open_redemption`] opens it.
//! - **Adding to a stock beyond 64 bits.** The ledger multiplies without looking; the stock opens no more.
//! - **Believing what the authority tells.** Value and root of a lost opening count if they give the ledger's
//!   ciphertext bit for bit: [`Wallet::told`] leaves no other way. [`recovery`] is how they travel.
//! - **Disclosing a parent.** A quote holds two seeds, of price and item code. The seed of a call, or the PRF
//!   secret, would open the stock as well; there is no seed of a call, and none must be invented.
//! - **Keeping openings in a file as the only copy.** Everything is found again from phrase and state; what
//!   is stored besides is a cache, and wrong after a fork.
//! - **Logging errors.** Their text names the account's own amounts: it is for the owner's screen.
//!
//! # Design
//!
//! [`mod@derive`] fixes salts, seeds and nonces; [`notes`] layout and sealing; [`keys`] what all of it
//! derives from. [`opening`] reads, [`market`] writes. Everything is checked in the shopper's terms before
//! anything is proved, so that a [`WalletError::Proof`] means a mistake in here.
//!
//! Should the random source repeat itself, nonces, ephemeral keys and proof masks still differ for different
//! contents: each hangs on what it protects.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

pub mod amount;
mod calls;
pub mod derive;
mod error;
pub mod keys;
pub mod market;
pub mod notes;
pub mod opening;
pub mod recovery;
pub mod state;
mod wallet;

#[cfg(test)]
mod tests;

pub use error::WalletError;
pub use keys::Keys;
pub use wallet::Wallet;

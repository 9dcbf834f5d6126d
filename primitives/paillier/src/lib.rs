//! Paillier encryption for the ledger: keys, ciphertexts, homomorphic operations.
//!
//! The scheme is the lightweight one of Damgård, Jurik and Nielsen (2010) that the source paper uses:
//! `Enc(m; r) = (1 + mN) · h_s^r mod N²` with a nonce exponent `r` of half the modulus' length and a base `h_s` that
//! anybody derives from `N`. The original scheme of 1999 stands beside it in [`original`] for comparison.
//!
//! This crate knows numbers only. What a ciphertext means on the ledger, who may replace it and what has to be proved
//! about it is the business of `veilmart-confidential` and the marketplace pallet.
//!
//! # Secrets
//!
//! Exponents and factors go through code whose time and addresses depend on lengths only ([`Encryptor`],
//! [`SecretKey`]); everything in [`PublicKey`] is for public numbers and takes what time it likes. Secrets on the heap
//! are wiped when dropped. The working space of one multiplication lives on the stack, is overwritten by the next and
//! is not wiped.
//!
//! # Sizes
//!
//! [`ParameterSet`] fixes every length: a modulus of 2048 or 3072 bits, ciphertexts of 512 or 768 bytes, big-endian.
//!
//! # Features
//!
//! `ca` brings the certificate authority's side: key generation, decryption, the proof about the modulus. `std`
//! brings it, too. `test-keys` brings published keys for tests.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod adx;
mod blum_proof;
mod ciphertext;
mod encryptor;
mod fixed_base;
pub mod hash;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod ifma;
#[cfg(feature = "ca")]
mod keygen;
mod limbs;
mod montgomery;
mod nonce;
pub mod original;
mod params;
mod product;
mod public_key;
mod roots;
#[cfg(feature = "ca")]
mod secret_key;
mod square_ring;
#[cfg(feature = "test-keys")]
pub mod test_keys;

pub use blum_proof::{BlumProof, BlumProofError, ROUNDS as BLUM_PROOF_ROUNDS};
pub use ciphertext::{Ciphertext, Ciphertext2048, Ciphertext3072, CiphertextError};
pub use encryptor::{Encryptor, FreshNonce};
pub use fixed_base::FixedBase;
#[cfg(feature = "ca")]
pub use keygen::{generate, PrimeKind};
pub use nonce::{Nonce, Opening};
pub use params::ParameterSet;
pub use product::ProductGroup;
pub use public_key::{KeyError, PublicKey};
pub use roots::{Root, SecretRoot};
#[cfg(feature = "ca")]
pub use secret_key::{SecretKey, SecretKeyError};
pub use square_ring::{Residue, SquareRing};

/// Bytes as `0x` and hexadecimal digits.
#[cfg(feature = "serde")]
pub(crate) struct Hex<'a>(pub &'a [u8]);

#[cfg(feature = "serde")]
impl core::fmt::Display for Hex<'_> {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("0x")?;
		self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
	}
}

/// The bytes of hexadecimal digits, with or without `0x`.
#[cfg(feature = "serde")]
pub(crate) fn from_hex(text: &str) -> Result<alloc::vec::Vec<u8>, &'static str> {
	let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
	if !digits.len().is_multiple_of(2) {
		return Err("an odd number of hexadecimal digits");
	}
	let digit = |byte: u8| (byte as char).to_digit(16).ok_or("not a hexadecimal digit");
	digits
		.chunks_exact(2)
		.map(|pair| Ok((digit(pair[0])? * 16 + digit(pair[1])?) as u8))
		.collect()
}

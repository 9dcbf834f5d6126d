//! Products of ciphertexts as the ledger checks its exact identities: ordinary arithmetic modulo `N²`, nothing prepared.

use crate::{public_key::fixed_be, CiphertextError};
use alloc::vec::Vec;
use num_bigint::BigUint;
use num_traits::{One, Zero};

/// Multiplication modulo `N²` on encoded ciphertexts that were checked when they entered the ledger.
#[derive(Clone, Debug)]
pub struct ProductGroup {
	modulus_squared: BigUint,
	len: usize,
}

impl ProductGroup {
	/// The group for a modulus of `N` given big-endian.
	pub fn new(modulus: &[u8]) -> Self {
		let n = BigUint::from_bytes_be(modulus);
		Self {
			modulus_squared: &n * &n,
			len: 2 * modulus.len(),
		}
	}

	/// The product of `ciphertext^exponent` over all factors, in the fixed length.
	pub fn product<'a>(
		&self,
		factors: impl IntoIterator<Item = (&'a [u8], u32)>,
	) -> Result<Vec<u8>, CiphertextError> {
		let mut product = BigUint::one();
		for (bytes, exponent) in factors {
			if bytes.len() != self.len {
				return Err(CiphertextError::Length);
			}
			let number = BigUint::from_bytes_be(bytes);
			if number.is_zero() {
				return Err(CiphertextError::Zero);
			}
			if number >= self.modulus_squared {
				return Err(CiphertextError::NotReduced);
			}
			product = match exponent {
				1 => product * number,
				exponent => product * number.modpow(&BigUint::from(exponent), &self.modulus_squared),
			} % &self.modulus_squared;
		}
		Ok(fixed_be(&product, self.len))
	}
}

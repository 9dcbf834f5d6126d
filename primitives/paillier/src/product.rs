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
			product = product * self.power(&number, exponent) % &self.modulus_squared;
		}
		Ok(fixed_be(&product, self.len))
	}

	/// From the exponent's highest bit down. Exponents of the ledger are a bond's ten and smaller: a general power goes
	/// through a whole machine word.
	fn power(&self, base: &BigUint, exponent: u32) -> BigUint {
		let bits = u32::BITS - exponent.leading_zeros();
		(0..bits.saturating_sub(1)).rev().fold(
			if exponent == 0 {
				BigUint::one()
			} else {
				base.clone()
			},
			|power, bit| {
				let square = &power * &power % &self.modulus_squared;
				if exponent >> bit & 1 == 1 {
					square * base % &self.modulus_squared
				} else {
					square
				}
			},
		)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use num_bigint::BigUint;

	#[test]
	fn powers_are_those_of_big_integers() {
		let modulus = [0xfb; 16];
		let group = ProductGroup::new(&modulus);
		let squared = BigUint::from_bytes_be(&modulus).pow(2);
		let bytes: Vec<u8> = (1..=32).collect();
		let base = BigUint::from_bytes_be(&bytes);
		for exponent in (0..=33).chain([1 << 31, u32::MAX]) {
			let expected = fixed_be(&base.modpow(&BigUint::from(exponent), &squared), 32);
			assert_eq!(
				group.product([(&bytes[..], exponent)]),
				Ok(expected),
				"to the {exponent}"
			);
		}
	}
}

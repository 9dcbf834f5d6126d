//! The original scheme of Paillier (1999), for the comparison in the paper's Table 1. The ledger never uses it.

use crate::{public_key::to_limbs, square_ring::Residue, PublicKey};
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

/// `(1 + value·N) · r^N mod N²` with `r` uniform among the units modulo `N`.
pub fn encrypt(key: &PublicKey, value: u64, rng: &mut (impl RngCore + CryptoRng)) -> Residue {
	let set = key.set();
	let mut bytes = Zeroizing::new(alloc::vec![0; set.modulus_bytes()]);
	let r = loop {
		rng.fill_bytes(&mut bytes);
		let r = BigUint::from_bytes_be(&bytes);
		if &r < key.modulus() && r.gcd(key.modulus()).is_one() {
			break r;
		}
	};
	let len = key.ring().modulus().len();
	let base = key.ring().from_parts(&to_limbs(&r, len), &alloc::vec![0; len]);
	let mask = key
		.ring()
		.multi_pow_public(&[(base, to_limbs(key.modulus(), len))], None);
	key.ring().mul(&key.generator_power(&[value]), &mask)
}

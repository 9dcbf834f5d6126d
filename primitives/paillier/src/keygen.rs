//! Key generation.

use crate::{
	limbs::{self, LIMB_BITS},
	montgomery::Modulus,
	ParameterSet, SecretKey,
};
use alloc::vec::Vec;
use core::convert::Infallible;
use crypto_bigint::{rand_core as rand_core_10, BoxedUint};
use crypto_primes::{
	hazmat::{SetBits, SmallFactorsSieveFactory},
	is_prime, sieve_and_find, Flavor,
};
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

/// The kind of primes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrimeKind {
	/// Safe primes, `(p-1)/2` prime as well: what the ledger uses.
	Safe,
	/// Any primes `≡ 3 (mod 4)`, for the paper's Table 1 only.
	Plain,
}

/// Generates a key. `progress` is called for every candidate that survives the sieve; safe primes of 1024 bits take
/// some hundred each.
pub fn generate(
	set: ParameterSet,
	kind: PrimeKind,
	rng: &mut (impl RngCore + CryptoRng),
	progress: &mut dyn FnMut(),
) -> SecretKey {
	loop {
		let p = prime(set.modulus_bits() / 2, kind, rng, progress);
		let q = prime(set.modulus_bits() / 2, kind, rng, progress);
		// Fails if p = q only: both have their two top bits set, so the product has its top bit set.
		if let Ok(key) = SecretKey::from_factors(&p, &q) {
			return key;
		}
	}
}

/// A prime `≡ 3 (mod 4)` of exactly `bits` bits with its two top bits set, big-endian.
fn prime(
	bits: usize,
	kind: PrimeKind,
	rng: &mut (impl RngCore + CryptoRng),
	progress: &mut dyn FnMut(),
) -> Zeroizing<Vec<u8>> {
	let flavor = match kind {
		PrimeKind::Safe => Flavor::Safe,
		PrimeKind::Plain => Flavor::Any,
	};
	let progress = core::cell::RefCell::new(progress);
	let mut rng = Newer(rng);
	loop {
		let Ok(factory) = SmallFactorsSieveFactory::<BoxedUint>::new(flavor, bits as u32, SetBits::TwoMsb)
		else {
			continue;
		};
		let found = sieve_and_find(&mut rng, factory, |_, candidate| {
			(progress.borrow_mut())();
			let bytes = Zeroizing::new(candidate.to_be_bytes());
			bytes.last().is_some_and(|byte| byte & 3 == 3)
				&& passes_fermat(&bytes, bits)
				&& is_prime(flavor, candidate)
		});
		if let Ok(Some(found)) = found {
			return Zeroizing::new(found.to_be_bytes().to_vec());
		}
	}
}

/// `2^(n-1) = 1 mod n`: a fast filter before the real test.
fn passes_fermat(candidate: &[u8], bits: usize) -> bool {
	let limbs = limbs::from_be_bytes(candidate, bits / LIMB_BITS);
	let mut exponent = Zeroizing::new(limbs.clone());
	let Some(modulus) = Modulus::new(limbs) else {
		return false;
	};
	exponent[0] ^= 1;
	let mut two = alloc::vec![0; modulus.len()];
	two[0] = 2;
	let power = modulus.pow(&two, &exponent);
	power[0] == 1 && power[1..].iter().all(|limb| *limb == 0)
}

/// The random source as the newer trait that the prime library asks for.
struct Newer<'a, R>(&'a mut R);

impl<R: RngCore> rand_core_10::TryRng for Newer<'_, R> {
	type Error = Infallible;

	fn try_next_u32(&mut self) -> Result<u32, Infallible> {
		Ok(self.0.next_u32())
	}

	fn try_next_u64(&mut self) -> Result<u64, Infallible> {
		Ok(self.0.next_u64())
	}

	fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
		self.0.fill_bytes(dst);
		Ok(())
	}
}

impl<R: RngCore + CryptoRng> rand_core_10::TryCryptoRng for Newer<'_, R> {}

//! `Π^mod`: the modulus is a product of two distinct primes, both 3 modulo 4, and coprime to `φ(N)` (Canetti, Gennaro,
//! Goldfeder, Makriyannis, Peled, eprint 2021/060, figure 16), made non-interactive.
//!
//! A modulus of another shape passes one round with probability at most one half: among the units modulo `N`, a random `y`
//! has an N-th root only with probability 1/3 or less if `gcd(N, φ(N)) > 1`, and one of `±y, ±w·y` has a fourth root with
//! probability at most one half if `N` has three or more prime factors, or one that is 1 modulo 4. 128 rounds leave 2^-128.
//! That counts units, so a `y` that is none is refused: with tiny factors the others would help the prover.

use crate::{
	public_key::{fixed_be, hash_below},
	PublicKey,
};
use alloc::vec::Vec;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Zero};

/// Rounds of the proof.
pub const ROUNDS: usize = 128;

/// Why a proof about a modulus is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlumProofError {
	/// Not exactly the length that the parameter set gives.
	Length,
	/// The modulus is prime, or a power of a small base makes it look so.
	NotComposite,
	/// `w` is not below `N` with Jacobi symbol -1.
	Symbol,
	/// A root is zero or not below `N`, or a flag is not in 0 to 3.
	NotReduced,
	/// A challenge shares a factor with `N`, which has a tiny factor.
	Challenge,
	/// An N-th root is wrong: `N` may share a factor with `φ(N)`.
	NthRoot,
	/// A fourth root is wrong: `N` may have more than two prime factors.
	FourthRoot,
}

impl core::fmt::Display for BlumProofError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Length => "the proof has a wrong length",
			Self::NotComposite => "the modulus is not shown to be composite",
			Self::Symbol => "w has not Jacobi symbol -1",
			Self::NotReduced => "a number of the proof is out of its range",
			Self::Challenge => "the modulus has a tiny factor",
			Self::NthRoot => "an N-th root is wrong: the modulus may share a factor with its totient",
			Self::FourthRoot => "a fourth root is wrong: the modulus may have more than two prime factors",
		})
	}
}

/// The proof: `w`, then in each round the fourth root `x` of `(-1)^a·w^b·y`, the N-th root `z` of `y`, and `a + 2b`.
/// Numbers are big-endian and as long as `N`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlumProof(Vec<u8>);

impl BlumProof {
	/// Bytes of a proof for a modulus of `len` bytes.
	pub const fn encoded_len(len: usize) -> usize {
		len + ROUNDS * (2 * len + 1)
	}

	/// A proof with these bytes, unverified.
	pub fn from_bytes(bytes: Vec<u8>) -> Self {
		Self(bytes)
	}

	/// The bytes.
	pub fn as_bytes(&self) -> &[u8] {
		&self.0
	}

	/// The challenge `y` of a round.
	fn challenge(key: &PublicKey, w: &BigUint, round: usize) -> BigUint {
		let modulus = key.modulus_bytes();
		let w = fixed_be(w, modulus.len());
		let parts: [&[u8]; 4] = [
			key.set().name().as_bytes(),
			&modulus,
			&w,
			&(round as u32).to_le_bytes(),
		];
		hash_below("veilmart/paillier/mod/1", &parts, key.modulus())
	}

	/// Checks the proof with portable code; takes 128 exponentiations modulo `N`.
	pub fn verify(&self, key: &PublicKey) -> Result<(), BlumProofError> {
		let n = key.modulus();
		let len = key.set().modulus_bytes();
		if self.0.len() != Self::encoded_len(len) {
			return Err(BlumProofError::Length);
		}
		if !is_shown_composite(key) {
			return Err(BlumProofError::NotComposite);
		}
		let (w, rounds) = self.0.split_at(len);
		let w = BigUint::from_bytes_be(w);
		if &w >= n || jacobi(&w, n) != -1 {
			return Err(BlumProofError::Symbol);
		}
		let mut product = BigUint::one();
		for (i, round) in rounds.chunks_exact(2 * len + 1).enumerate() {
			let x = BigUint::from_bytes_be(&round[..len]);
			let z = BigUint::from_bytes_be(&round[len..2 * len]);
			let flags = round[2 * len];
			if flags > 3 || [&x, &z].into_iter().any(|number| number.is_zero() || number >= n) {
				return Err(BlumProofError::NotReduced);
			}
			let y = Self::challenge(key, &w, i);
			product = product * &y % n;
			if key.power_mod_n(&z, n) != y {
				return Err(BlumProofError::NthRoot);
			}
			let square = &x * &x % n;
			if &square * &square % n != twist(y, &w, flags, n) {
				return Err(BlumProofError::FourthRoot);
			}
		}
		if product.gcd(n).is_one() {
			Ok(())
		} else {
			Err(BlumProofError::Challenge)
		}
	}
}

/// `(-1)^a · w^b · y mod n`, with `flags = a + 2b`.
fn twist(y: BigUint, w: &BigUint, flags: u8, n: &BigUint) -> BigUint {
	let y = if flags & 2 == 0 { y } else { y * w % n };
	if flags & 1 == 0 {
		y
	} else {
		(n - y) % n
	}
}

/// Whether `2^(N-1) ≠ 1 mod N`, which no prime satisfies; a product of two large primes always does but with
/// negligible probability.
fn is_shown_composite(key: &PublicKey) -> bool {
	let exponent = key.modulus() - BigUint::one();
	!key.power_mod_n(&BigUint::from(2u8), &exponent).is_one()
}

/// The Jacobi symbol of `a` modulo the odd number `n`.
fn jacobi(a: &BigUint, n: &BigUint) -> i8 {
	let (mut a, mut n) = (a % n, n.clone());
	let mut sign = 1;
	let low = |x: &BigUint| x.iter_u32_digits().next().unwrap_or(0);
	while !a.is_zero() {
		let twos = a.trailing_zeros().unwrap_or(0);
		a >>= twos;
		if twos.is_odd() && matches!(low(&n) & 7, 3 | 5) {
			sign = -sign;
		}
		if low(&a) & 3 == 3 && low(&n) & 3 == 3 {
			sign = -sign;
		}
		core::mem::swap(&mut a, &mut n);
		a %= &n;
	}
	if n.is_one() {
		sign
	} else {
		0
	}
}

#[cfg(feature = "ca")]
mod prover {
	use super::*;
	use crate::SecretKey;
	use rand_core::{CryptoRng, RngCore};

	impl BlumProof {
		/// Proves that the key's modulus is well formed. `None` if it is not.
		pub fn prove(secret: &SecretKey, rng: &mut (impl RngCore + CryptoRng)) -> Option<Self> {
			let key = secret.public();
			let n = key.modulus();
			let len = key.set().modulus_bytes();
			let mut bytes = alloc::vec![0; len];
			let w = loop {
				rng.fill_bytes(&mut bytes);
				let w = BigUint::from_bytes_be(&bytes) % n;
				if jacobi(&w, n) == -1 {
					break w;
				}
			};
			let n_root = secret.root_exponents()?;
			// For p ≡ 3 mod 4 and a quadratic residue y, y^((p+1)/4) is the root that is itself a residue.
			let square_root = [secret.p.shifted(1, 2), secret.q.shifted(1, 2)];
			let mut out = fixed_be(&w, len);
			for round in 0..ROUNDS {
				let y = Self::challenge(key, &w, round);
				let z = secret.pow(&y, [&n_root[0], &n_root[1]]);
				// One of the four is a residue modulo both primes, and only then does the candidate check out.
				let (flags, x) = (0..4).find_map(|flags| {
					let target = twist(y.clone(), &w, flags, n);
					let root = secret.pow(&target, [&square_root[0], &square_root[1]]);
					let x = secret.pow(&root, [&square_root[0], &square_root[1]]);
					let square = &x * &x % n;
					(&square * &square % n == target).then_some((flags, x))
				})?;
				out.extend(fixed_be(&x, len));
				out.extend(fixed_be(&z, len));
				out.push(flags);
			}
			Some(Self(out))
		}
	}
}

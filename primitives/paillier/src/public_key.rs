//! The public key: everything that anybody computes.

use crate::{
	hash,
	limbs::{self, Arithmetic, Limb, Portable, LIMB_BITS},
	montgomery::Modulus,
	square_ring::{Residue, SquareRing},
	CiphertextError, FixedBase, ParameterSet,
};
use alloc::vec::Vec;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Zero};

/// Why bytes are not a modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
	/// Not the length of any parameter set's modulus.
	Length,
	/// Shorter than its length says: the top bit is clear.
	TopBit,
	/// Even.
	Even,
}

impl core::fmt::Display for KeyError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Length => "the modulus has neither 256 nor 384 bytes",
			Self::TopBit => "the modulus is too small for its length: its top bit is clear",
			Self::Even => "the modulus is even",
		})
	}
}

/// The modulus `N` and what follows from it. Nothing here is secret.
#[derive(Clone)]
pub struct PublicKey {
	set: ParameterSet,
	modulus: BigUint,
	modulus_squared: BigUint,
	ring: SquareRing,
	h: BigUint,
	h_s: Residue,
}

impl PublicKey {
	/// The key of the big-endian modulus `N`, of exactly 256 or 384 bytes. Derives `h = -a² mod N`, with `a` hashed
	/// from `N`, and `h_s = h^N mod N²`. That `N` is a product of two primes is another question: see
	/// [`crate::BlumProof`].
	pub fn from_modulus(bytes: &[u8]) -> Result<Self, KeyError> {
		let set = ParameterSet::from_modulus_bytes(bytes.len()).ok_or(KeyError::Length)?;
		let h = Self::derive_h(set, bytes)?;
		let mut key = Self::with_unit_base(set, bytes, h)?;
		let base = key
			.ring
			.from_parts(&to_limbs(&key.h, key.limbs()), &alloc::vec![0; key.limbs()]);
		let exponent = to_limbs(&key.modulus, key.limbs());
		key.h_s = key.ring.multi_pow_public(&[(base, exponent)], None);
		Ok(key)
	}

	/// The key of a modulus whose `h_s` was derived before and stored by a party that the caller trusts (the ledger
	/// trusts its own genesis). Saves the exponentiation of [`PublicKey::from_modulus`].
	pub fn from_derived(modulus: &[u8], h_s: &[u8]) -> Result<Self, KeyError> {
		let set = ParameterSet::from_modulus_bytes(modulus.len()).ok_or(KeyError::Length)?;
		if h_s.len() != set.ciphertext_bytes() {
			return Err(KeyError::Length);
		}
		let h = Self::derive_h(set, modulus)?;
		let mut key = Self::with_unit_base(set, modulus, h)?;
		key.h_s = key.residue(&(BigUint::from_bytes_be(h_s) % &key.modulus_squared));
		Ok(key)
	}

	/// `-a² mod N`.
	fn derive_h(set: ParameterSet, bytes: &[u8]) -> Result<BigUint, KeyError> {
		if bytes.first().is_none_or(|byte| byte >> 7 == 0) {
			return Err(KeyError::TopBit);
		}
		let modulus = BigUint::from_bytes_be(bytes);
		let a = hash_below("veilmart/paillier/h/1", &[set.name().as_bytes(), bytes], &modulus);
		Ok((&modulus - (&a * &a) % &modulus) % &modulus)
	}

	fn with_unit_base(set: ParameterSet, bytes: &[u8], h: BigUint) -> Result<Self, KeyError> {
		let limbs = limbs::from_be_bytes(bytes, set.modulus_bits() / LIMB_BITS);
		let ring = SquareRing::new(Modulus::new(limbs).ok_or(KeyError::Even)?);
		let modulus = BigUint::from_bytes_be(bytes);
		let h_s = ring.one().clone();
		Ok(Self {
			set,
			modulus_squared: &modulus * &modulus,
			modulus,
			ring,
			h,
			h_s,
		})
	}

	/// The parameter set.
	pub fn set(&self) -> ParameterSet {
		self.set
	}

	fn limbs(&self) -> usize {
		self.set.modulus_bits() / LIMB_BITS
	}

	/// `N`, big-endian, in its fixed length.
	pub fn modulus_bytes(&self) -> Vec<u8> {
		fixed_be(&self.modulus, self.set.modulus_bytes())
	}

	/// `N`.
	pub fn modulus(&self) -> &BigUint {
		&self.modulus
	}

	/// `h`, big-endian, as long as `N`.
	pub fn h_bytes(&self) -> Vec<u8> {
		fixed_be(&self.h, self.set.modulus_bytes())
	}

	/// `h_s`, the fixed base of every nonce.
	pub fn h_s(&self) -> &Residue {
		&self.h_s
	}

	/// `h_s`, big-endian, as long as a ciphertext.
	pub fn h_s_bytes(&self) -> Vec<u8> {
		self.encode(&self.h_s)
	}

	/// The ring modulo `N²`.
	pub fn ring(&self) -> &SquareRing {
		&self.ring
	}

	/// Reads a ciphertext and checks that it is acceptable: exact length, `0 < c < N²`, `gcd(c, N) = 1`.
	pub fn parse(&self, bytes: &[u8]) -> Result<Residue, CiphertextError> {
		let mut all = self.parse_all(core::iter::once(bytes))?;
		all.pop().ok_or(CiphertextError::Length)
	}

	/// Reads several ciphertexts as [`PublicKey::parse`] does, with one greatest common divisor for all: the product
	/// shares a factor with `N` iff one of them does.
	pub fn parse_all<'a>(
		&self,
		all: impl IntoIterator<Item = &'a [u8]>,
	) -> Result<Vec<Residue>, CiphertextError> {
		let mut product = BigUint::one();
		let mut residues = Vec::new();
		for bytes in all {
			let (residue, low) = self.parse_reduced(bytes)?;
			product = product * low % &self.modulus;
			residues.push(residue);
		}
		if residues.is_empty() || product.gcd(&self.modulus).is_one() {
			Ok(residues)
		} else {
			Err(CiphertextError::NotUnit)
		}
	}

	/// Reads a ciphertext that was checked when it entered the ledger: all of [`PublicKey::parse`] but the greatest
	/// common divisor.
	pub fn parse_stored(&self, bytes: &[u8]) -> Result<Residue, CiphertextError> {
		self.parse_reduced(bytes).map(|(residue, _)| residue)
	}

	fn parse_reduced(&self, bytes: &[u8]) -> Result<(Residue, BigUint), CiphertextError> {
		if bytes.len() != self.set.ciphertext_bytes() {
			return Err(CiphertextError::Length);
		}
		let number = BigUint::from_bytes_be(bytes);
		if number.is_zero() {
			return Err(CiphertextError::Zero);
		}
		if number >= self.modulus_squared {
			return Err(CiphertextError::NotReduced);
		}
		let (hi, lo) = number.div_rem(&self.modulus);
		let residue = self
			.ring
			.from_parts(&to_limbs(&lo, self.limbs()), &to_limbs(&hi, self.limbs()));
		Ok((residue, lo))
	}

	/// The residue of a number below `N²`.
	fn residue(&self, number: &BigUint) -> Residue {
		let (hi, lo) = number.div_rem(&self.modulus);
		self.ring
			.from_parts(&to_limbs(&lo, self.limbs()), &to_limbs(&hi, self.limbs()))
	}

	/// The fixed-length form of a residue.
	pub fn encode(&self, residue: &Residue) -> Vec<u8> {
		let len = self.limbs();
		let (mut out, hi) = self.ring.to_parts(residue);
		out.resize(2 * len, 0);
		Portable.mul_add(&mut out, self.ring.modulus().limbs(), &hi);
		let mut bytes = alloc::vec![0; self.set.ciphertext_bytes()];
		limbs::to_be_bytes(&out, &mut bytes);
		bytes
	}

	/// The sum of two plaintexts: the product of their ciphertexts.
	pub fn add(&self, a: &Residue, b: &Residue) -> Residue {
		self.ring.mul(a, b)
	}

	/// A plaintext times a public factor: the ciphertext's power.
	pub fn scale(&self, c: &Residue, factor: u64) -> Residue {
		self.ring
			.multi_pow_public(&[(c.clone(), words_to_limbs(&[factor]))], None)
	}

	/// The inverse of a public residue; `None` if it shares a factor with `N`.
	pub fn invert(&self, c: &Residue) -> Option<Residue> {
		let number = BigUint::from_bytes_be(&self.encode(c));
		number
			.modinv(&self.modulus_squared)
			.map(|inverse| self.residue(&inverse))
	}

	/// `1 + mN`, with `m` little-endian and at most as long as `N`; takes the same time for all values of `m`.
	pub fn generator_power(&self, m: &[u64]) -> Residue {
		let mut one = alloc::vec![0; self.limbs()];
		one[0] = 1;
		let mut hi = words_to_limbs(m);
		hi.resize(self.limbs(), 0);
		// m < R < 2N, so one conditional subtraction reduces it.
		limbs::sub_if_not_less(&mut hi, 0, self.ring.modulus().limbs());
		let out = self.ring.from_parts(&one, &hi);
		zeroize::Zeroize::zeroize(&mut hi);
		out
	}

	/// `Π base^exponent` for public exponents (little-endian words), times the fixed base's power.
	pub fn multi_power(&self, terms: Vec<(Residue, Vec<u64>)>, fixed: (&FixedBase, &[u64])) -> Residue {
		let terms: Vec<_> = terms
			.into_iter()
			.map(|(base, e)| (base, words_to_limbs(&e)))
			.collect();
		let exponent = words_to_limbs(fixed.1);
		self.ring.multi_pow_public(&terms, Some((fixed.0, &exponent)))
	}

	/// `base^exponent mod N` for numbers below `N`.
	pub(crate) fn power_mod_n(&self, base: &BigUint, exponent: &BigUint) -> BigUint {
		let len = self.limbs();
		let power = self
			.ring
			.modulus()
			.pow(&to_limbs(base, len), &to_limbs(exponent, len));
		let mut bytes = alloc::vec![0; self.set.modulus_bytes()];
		limbs::to_be_bytes(&power, &mut bytes);
		BigUint::from_bytes_be(&bytes)
	}

	/// The comb of `h_s` for public exponents of at most `bits` bits.
	pub fn comb(&self, bits: usize, teeth: usize, blocks: usize) -> FixedBase {
		FixedBase::new(&self.ring, &self.h_s, bits, teeth, blocks)
	}
}

impl PartialEq for PublicKey {
	fn eq(&self, other: &Self) -> bool {
		self.modulus == other.modulus
	}
}

impl core::fmt::Debug for PublicKey {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "PublicKey({})", self.set.name())
	}
}

/// A number below `bound`, hashed from the parts: 128 bits more than `bound` has are reduced, so that the result is
/// within 2^-128 of uniform.
pub(crate) fn hash_below(domain: &str, parts: &[&[u8]], bound: &BigUint) -> BigUint {
	let mut bytes = alloc::vec![0; (bound.bits() as usize).div_ceil(8) + 16];
	hash::expand(domain, parts, &mut bytes);
	BigUint::from_bytes_be(&bytes) % bound
}

/// A number as `len` limbs.
pub(crate) fn to_limbs(number: &BigUint, len: usize) -> Vec<Limb> {
	limbs::from_be_bytes(&number.to_bytes_be(), len)
}

/// A number as big-endian bytes of a fixed length that is large enough.
pub(crate) fn fixed_be(number: &BigUint, len: usize) -> Vec<u8> {
	let bytes = number.to_bytes_be();
	let mut out = alloc::vec![0; len.saturating_sub(bytes.len())];
	out.extend_from_slice(&bytes);
	out
}

/// 64-bit words as limbs.
#[allow(clippy::unnecessary_cast)]
pub(crate) fn words_to_limbs(words: &[u64]) -> Vec<Limb> {
	words
		.iter()
		.flat_map(|word| (0..64 / LIMB_BITS).map(move |i| (word >> (i * (LIMB_BITS % 64))) as Limb))
		.collect()
}

/// The limbs of a 64-bit word as that word.
#[allow(clippy::unnecessary_cast)]
pub(crate) fn limbs_to_word(limbs: &[Limb]) -> u64 {
	limbs.iter().rev().fold(0, |word: u64, limb| {
		word.checked_shl(Limb::BITS).unwrap_or(0) | *limb as u64
	})
}

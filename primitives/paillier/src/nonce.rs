//! Nonce exponents and openings.

use crate::ParameterSet;
use alloc::vec::Vec;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Words of a nonce: room for the mask of a nonce in a proof, `2^(3072/2 + 384)`, and a sign.
const WORDS: usize = 32;

/// A signed nonce exponent `r` of `h_s^r`, in two's complement. Sums of in-range nonces, and in-range nonces times a
/// `u64`, never overflow the representation; whether the result is still in range is asked with
/// [`Nonce::is_in_range`].
///
/// Arithmetic takes the same time for all values. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Nonce([u64; WORDS]);

impl Nonce {
	/// `r = 0`: an account starts with `Enc(0; 0) = 1`.
	pub const ZERO: Self = Self([0; WORDS]);

	/// Bytes of the signed encoding, `(|N|/2 + 192) / 8`.
	pub const fn encoded_len(set: ParameterSet) -> usize {
		(set.nonce_bits() + 192) / 8
	}

	/// The fresh nonce with this little-endian representation of `|N|/2` bits: uniform bytes give a uniform nonce.
	pub fn from_uniform(bytes: &[u8]) -> Self {
		let mut out = Self::ZERO;
		for (word, chunk) in out.0.iter_mut().zip(bytes.chunks(8)) {
			*word = chunk
				.iter()
				.rev()
				.fold(0, |acc, byte| (acc << 8) | u64::from(*byte));
		}
		out
	}

	/// Decodes [`Nonce::encode`]; `None` if the length is wrong or the value out of range.
	pub fn decode(set: ParameterSet, bytes: &[u8]) -> Option<Self> {
		if bytes.len() != Self::encoded_len(set) {
			return None;
		}
		let mut out = Self::from_uniform(bytes);
		let negative = bytes.last().is_some_and(|byte| byte >> 7 == 1);
		if negative {
			out.0[bytes.len() / 8..].fill(u64::MAX);
		}
		out.is_in_range(set).then_some(out)
	}

	/// Two's complement, little-endian, [`Nonce::encoded_len`] bytes. The caller has checked the range.
	pub fn encode(&self, set: ParameterSet) -> Vec<u8> {
		self.0
			.iter()
			.flat_map(|word| word.to_le_bytes())
			.take(Self::encoded_len(set))
			.collect()
	}

	/// `self + other`.
	pub fn add(&self, other: &Self) -> Self {
		let mut out = Self::ZERO;
		let mut carry = 0u128;
		for ((o, a), b) in out.0.iter_mut().zip(&self.0).zip(&other.0) {
			let t = u128::from(*a) + u128::from(*b) + carry;
			*o = t as u64;
			carry = t >> 64;
		}
		out
	}

	/// `-self`.
	pub fn negate(&self) -> Self {
		let mut out = Self::ZERO;
		let mut carry = 1u128;
		for (o, a) in out.0.iter_mut().zip(&self.0) {
			let t = u128::from(!*a) + carry;
			*o = t as u64;
			carry = t >> 64;
		}
		out
	}

	/// `self - other`.
	pub fn sub(&self, other: &Self) -> Self {
		self.add(&other.negate())
	}

	/// `self · factor`. Two's complement is a ring, so the sign takes care of itself.
	pub fn scale(&self, factor: u64) -> Self {
		let mut out = Self::ZERO;
		let mut carry = 0u128;
		for (o, a) in out.0.iter_mut().zip(&self.0) {
			let t = u128::from(*a) * u128::from(factor) + carry;
			*o = t as u64;
			carry = t >> 64;
		}
		out
	}

	/// `self · 2^64`.
	fn shift_word(&self) -> Self {
		let mut out = Self::ZERO;
		out.0[1..].copy_from_slice(&self.0[..WORDS - 1]);
		out
	}

	/// `self · factor` for a challenge of 128 bits.
	pub fn scale_wide(&self, factor: u128) -> Self {
		self.scale(factor as u64)
			.add(&self.shift_word().scale((factor >> 64) as u64))
	}

	/// Whether `-2^(|N|/2+128) ≤ r < 2^(|N|/2+128)`. Beyond, the account must refresh.
	pub fn is_in_range(&self, set: ParameterSet) -> bool {
		let sign = ((self.0[WORDS - 1] as i64) >> 63) as u64;
		let bits = set.nonce_limit_bits();
		let outside = self.0[bits / 64..]
			.iter()
			.fold(0, |acc, word| acc | (word ^ sign));
		bool::from(outside.ct_eq(&0))
	}

	/// The little-endian words of `self`, which must not be negative.
	pub fn words(&self) -> &[u64] {
		&self.0
	}

	/// `self + 2^bits`, for `bits` a multiple of 64: not negative for an in-range nonce and `bits = |N|/2+128`.
	pub(crate) fn offset(&self, bits: usize) -> Self {
		let mut power = Self::ZERO;
		power.0[bits / 64] = 1;
		self.add(&power)
	}
}

impl ConstantTimeEq for Nonce {
	fn ct_eq(&self, other: &Self) -> Choice {
		self.0[..].ct_eq(&other.0[..])
	}
}

impl core::fmt::Debug for Nonce {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("Nonce(secret)")
	}
}

/// What opens a ciphertext: `Enc(value; nonce)`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Opening {
	/// The plaintext: an amount in minor units, a price, a quantity or an item code.
	pub value: u64,
	/// The nonce exponent.
	pub nonce: Nonce,
}

impl Opening {
	/// The opening of the ciphertext 1, with which every account starts.
	pub const ZERO: Self = Self {
		value: 0,
		nonce: Nonce::ZERO,
	};

	/// The opening of the product of both ciphertexts; `None` if the sum exceeds 64 bits.
	pub fn add(&self, other: &Self) -> Option<Self> {
		Some(Self {
			value: self.value.checked_add(other.value)?,
			nonce: self.nonce.add(&other.nonce),
		})
	}

	/// The opening of the quotient of both ciphertexts; `None` if the difference would be negative.
	pub fn sub(&self, other: &Self) -> Option<Self> {
		Some(Self {
			value: self.value.checked_sub(other.value)?,
			nonce: self.nonce.sub(&other.nonce),
		})
	}

	/// The opening of the ciphertext's power; `None` if the product exceeds 64 bits.
	pub fn scale(&self, factor: u64) -> Option<Self> {
		Some(Self {
			value: self.value.checked_mul(factor)?,
			nonce: self.nonce.scale(factor),
		})
	}
}

impl core::fmt::Debug for Opening {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("Opening(secret)")
	}
}

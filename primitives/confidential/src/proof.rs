//! The proof and its bytes.

use crate::{
	refresh,
	statement::{Call, Range, Statement},
	transcript::VERSION,
};
use alloc::vec::Vec;
use bulletproofs::{BulletproofGens, PedersenGens, RangeProof};
use curve25519_dalek::{
	ristretto::{CompressedRistretto, RistrettoPoint},
	scalar::Scalar,
	traits::Identity,
};
use veilmart_paillier::{CiphertextError, ParameterSet};

/// Bits of a value.
pub(crate) const VALUE_BITS: usize = 64;

/// Bits of the longest exponent of `h_s`, `|N|/2 + 384`.
pub(crate) const fn mask_bits(set: ParameterSet) -> usize {
	set.nonce_bits() + 384
}

/// Bytes of a response `w`.
pub(crate) const fn w_bytes(set: ParameterSet) -> usize {
	mask_bits(set) / 8
}

/// Bytes of the longest proof of any statement.
pub const MAX_PROOF_BYTES: usize =
	1 + 16 + 3 * 96 + 3 * w_bytes(ParameterSet::Paillier3072) + 32 * (9 + 2 * 8);

/// The generators of commitments and range proofs: the standard ones of the `bulletproofs` crate, `B` the Ristretto
/// base point and `B̃` hashed from it.
pub struct Generators {
	pub(crate) pedersen: PedersenGens,
	pub(crate) bulletproof: BulletproofGens,
}

impl Generators {
	/// The generators for so many range proofs in one, a power of two. Fewer are the first of more.
	pub(crate) fn new(ranges: usize) -> Self {
		Self {
			pedersen: PedersenGens::default(),
			bulletproof: BulletproofGens::new(VALUE_BITS, ranges),
		}
	}
}

/// Why a proof is refused. Each check has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
	/// The statement does not fit together or belongs to another parameter set.
	Statement,
	/// The proof has not exactly the length that its statement gives.
	Length,
	/// The proof is of another version.
	Version,
	/// A ciphertext of the statement is not acceptable.
	Ciphertext(CiphertextError),
	/// A commitment is not the canonical encoding of a point.
	Point,
	/// A scalar is not canonical.
	Scalar,
	/// A response `z` is outside `[0, 2^250 - 2^192)`.
	ValueResponse,
	/// A response `w` is outside `[2^(|N|/2+256), 2^(|N|/2+384) - 2^(|N|/2+256))`.
	NonceResponse,
	/// The challenge differs: an equation does not hold, or the proof was made for something else.
	Challenge,
	/// The range proof fails: a value is negative, zero where it must not be, or above its limit.
	Range,
}

impl ProofError {
	/// All errors, in the order of their codes from 1 on.
	pub const ALL: [Self; 13] = [
		Self::Statement,
		Self::Length,
		Self::Version,
		Self::Ciphertext(CiphertextError::Length),
		Self::Ciphertext(CiphertextError::Zero),
		Self::Ciphertext(CiphertextError::NotReduced),
		Self::Ciphertext(CiphertextError::NotUnit),
		Self::Point,
		Self::Scalar,
		Self::ValueResponse,
		Self::NonceResponse,
		Self::Challenge,
		Self::Range,
	];

	/// The code under which the error crosses the host interface; never 0.
	pub fn code(self) -> u32 {
		Self::ALL
			.iter()
			.position(|error| *error == self)
			.map_or(u32::MAX, |i| i as u32 + 1)
	}

	/// The error with this code.
	pub fn from_code(code: u32) -> Option<Self> {
		Self::ALL.get((code as usize).checked_sub(1)?).copied()
	}
}

impl core::fmt::Display for ProofError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Statement => "the statement does not fit together",
			Self::Length => "the proof has a wrong length",
			Self::Version => "the proof is of another version",
			Self::Ciphertext(error) => return error.fmt(f),
			Self::Point => "a commitment is not the canonical encoding of a point",
			Self::Scalar => "a scalar is not canonical",
			Self::ValueResponse => "a response for a value is out of range",
			Self::NonceResponse => "a response for a nonce is out of range",
			Self::Challenge => "the equations do not hold, or the proof was made for something else",
			Self::Range => "a value is negative, zero where it must not be, or above its limit",
		})
	}
}

/// `(V, e, z, w, t)` and the Bulletproof. Its encoding is a version byte, then the parts in this order, with as many
/// `V, z, w, t` as the statement has values and equations; integers and scalars are little-endian.
pub(crate) struct Proof {
	pub(crate) commitments: Vec<CompressedRistretto>,
	pub(crate) challenge: [u8; 16],
	pub(crate) z: Vec<[u8; 32]>,
	pub(crate) w: Vec<Vec<u8>>,
	pub(crate) t: Vec<[u8; 32]>,
	pub(crate) range: Vec<u8>,
}

/// Bytes of the proof of this statement.
pub fn proof_len(statement: &Statement) -> usize {
	if statement.call == Call::Refresh {
		return refresh::proof_len(statement.set);
	}
	let values = statement.values.len();
	1 + 16 + 96 * values + statement.equations.len() * w_bytes(statement.set) + range_len(statement)
}

/// An aggregated Bulletproof on `m` values of 64 bits: 9 group elements and scalars and 2 for each halving of `64·m`.
fn range_len(statement: &Statement) -> usize {
	let bits = VALUE_BITS * statement.ranges().next_power_of_two();
	32 * (9 + 2 * bits.ilog2() as usize)
}

impl Proof {
	pub(crate) fn encode(&self) -> Vec<u8> {
		let mut out = Vec::from([VERSION]);
		self.commitments
			.iter()
			.for_each(|v| out.extend_from_slice(v.as_bytes()));
		out.extend_from_slice(&self.challenge);
		self.z.iter().for_each(|z| out.extend_from_slice(z));
		self.w.iter().for_each(|w| out.extend_from_slice(w));
		self.t.iter().for_each(|t| out.extend_from_slice(t));
		out.extend_from_slice(&self.range);
		out
	}

	/// Splits the bytes and checks lengths and the ranges of all responses, before any group operation.
	pub(crate) fn decode(statement: &Statement, bytes: &[u8]) -> Result<Self, ProofError> {
		if bytes.len() != proof_len(statement) {
			return Err(ProofError::Length);
		}
		let (values, equations) = (statement.values.len(), statement.equations.len());
		let w_len = w_bytes(statement.set);
		let mut rest = Reader(bytes);
		if rest.take(1)? != [VERSION] {
			return Err(ProofError::Version);
		}
		let commitments = (0..values)
			.map(|_| Ok(CompressedRistretto(rest.array()?)))
			.collect::<Result<_, ProofError>>()?;
		let challenge = rest.array()?;
		let z = (0..values).map(|_| rest.array()).collect::<Result<Vec<_>, _>>()?;
		let w = (0..equations)
			.map(|_| Ok(rest.take(w_len)?.to_vec()))
			.collect::<Result<Vec<_>, ProofError>>()?;
		let t = (0..values).map(|_| rest.array()).collect::<Result<_, _>>()?;
		let range = rest.0.to_vec();
		if !z.iter().all(is_z_in_range) {
			return Err(ProofError::ValueResponse);
		}
		if !w.iter().all(|w| is_w_in_range(w)) {
			return Err(ProofError::NonceResponse);
		}
		Ok(Self {
			commitments,
			challenge,
			z,
			w,
			t,
			range,
		})
	}
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
	fn take(&mut self, count: usize) -> Result<&'a [u8], ProofError> {
		let (head, tail) = self.0.split_at_checked(count).ok_or(ProofError::Length)?;
		self.0 = tail;
		Ok(head)
	}

	fn array<const L: usize>(&mut self) -> Result<[u8; L], ProofError> {
		self.take(L)?.try_into().map_err(|_| ProofError::Length)
	}
}

/// `0 ≤ z < 2^250 - 2^192`: bits 250 and above are clear, and bits 192 to 249 are not all set.
pub(crate) fn is_z_in_range(z: &[u8; 32]) -> bool {
	let high = z[24..]
		.iter()
		.rev()
		.fold(0u64, |acc, byte| (acc << 8) | u64::from(*byte));
	high < (1 << 58) - 1
}

/// `2^(|N|/2+256) ≤ w < 2^(|N|/2+384) - 2^(|N|/2+256)`: the top 128 bits are neither all clear nor all set.
pub(crate) fn is_w_in_range(w: &[u8]) -> bool {
	let top = &w[w.len().saturating_sub(16)..];
	top.iter().any(|byte| *byte != 0) && top.iter().any(|byte| *byte != 0xff)
}

/// What the Bulletproof is about: for each value the commitments that its range asks for, then identities up to a
/// power of two.
pub(crate) fn range_commitments(
	generators: &Generators,
	ranges: &[Range],
	commitments: &[RistrettoPoint],
) -> Vec<CompressedRistretto> {
	let base = generators.pedersen.B;
	let mut points = Vec::new();
	for (range, v) in ranges.iter().zip(commitments) {
		match range {
			Range::NonNegative => points.push(*v),
			Range::Positive => points.push(v - base),
			Range::AtMost(limit) => points.extend([*v, base * Scalar::from(*limit) - v]),
		}
	}
	points.resize(points.len().next_power_of_two(), RistrettoPoint::identity());
	points.iter().map(RistrettoPoint::compress).collect()
}

/// Decodes the Bulletproof.
pub(crate) fn decode_range(bytes: &[u8]) -> Result<RangeProof, ProofError> {
	RangeProof::from_bytes(bytes).map_err(|_| ProofError::Range)
}

#[cfg(test)]
mod tests {
	use super::*;

	/// The number with these highest 64 of 256 bits; the others are all clear, or all set.
	fn z(high: u64, rest: u8) -> [u8; 32] {
		let mut bytes = [rest; 32];
		bytes[24..].copy_from_slice(&high.to_le_bytes());
		bytes
	}

	/// That values are integers rests on it, to the bit.
	#[test]
	fn responses_for_values_are_bounded() {
		// 0, 2^193 - 1, 2^250 - 2^192 - 1.
		for (high, rest) in [(0, 0), (1, 0xff), (0x03ff_ffff_ffff_fffe, 0xff)] {
			assert!(is_z_in_range(&z(high, rest)), "{high:x}");
		}
		// 2^250 - 2^192, 2^250 - 1, 2^250, 2^252 (the order of the group is above that), 2^256 - 1.
		for (high, rest) in [
			(0x03ff_ffff_ffff_ffff, 0),
			(0x03ff_ffff_ffff_ffff, 0xff),
			(0x0400_0000_0000_0000, 0),
			(0x1000_0000_0000_0000, 0),
			(u64::MAX, 0xff),
		] {
			assert!(!is_z_in_range(&z(high, rest)), "{high:x}");
		}
	}

	/// 48 bytes: below the highest sixteen all are `rest`, of those the lowest is `lowest` and the others are `above`.
	fn w(lowest: u8, above: u8, rest: u8) -> [u8; 48] {
		let mut bytes = [rest; 48];
		bytes[32..].fill(above);
		bytes[32] = lowest;
		bytes
	}

	#[test]
	fn responses_for_nonces_are_bounded_on_both_sides() {
		assert!(is_w_in_range(&w(1, 0, 0)), "2^256");
		assert!(!is_w_in_range(&w(0, 0, 0xff)), "2^256 - 1");
		assert!(is_w_in_range(&w(0xfe, 0xff, 0xff)), "2^384 - 2^256 - 1");
		assert!(!is_w_in_range(&w(0xff, 0xff, 0)), "2^384 - 2^256");
	}
}

//! Points, scalars and short lists as they are stored and sent.

use alloc::vec::Vec;
use codec::{Compact, Decode, DecodeWithMemTracking, Encode, Error, Input, MaxEncodedLen};
use curve25519_dalek::{
	ristretto::{CompressedRistretto, RistrettoPoint},
	scalar::Scalar,
	traits::IsIdentity,
};
use scale_info::TypeInfo;

use crate::MAX_AUTHORITIES;

/// The 32 bytes of a Ristretto point (RFC 9496). Holding them says nothing about their validity; what is verified is
/// decoded then.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct EncodedPoint(pub [u8; 32]);

/// The 32 bytes, little-endian, of a number modulo the group's order ℓ. Holding them says nothing about their
/// validity; what is verified is decoded then.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct EncodedScalar(pub [u8; 32]);

/// Why bytes are not an acceptable point or scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodingError {
	/// Not the canonical encoding of a point.
	Point,
	/// The identity, where it would make a statement empty.
	Identity,
	/// Not below the group's order.
	Scalar,
}

impl core::fmt::Display for EncodingError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Point => "not the canonical encoding of a point",
			Self::Identity => "the identity is not accepted",
			Self::Scalar => "the scalar is not below the group's order",
		})
	}
}

impl EncodedPoint {
	pub(crate) fn new(point: &RistrettoPoint) -> Self {
		Self(point.compress().0)
	}

	/// The point, which is not the identity.
	pub(crate) fn point(&self) -> Result<RistrettoPoint, EncodingError> {
		let point = CompressedRistretto(self.0)
			.decompress()
			.ok_or(EncodingError::Point)?;
		if point.is_identity() {
			return Err(EncodingError::Identity);
		}
		Ok(point)
	}
}

impl EncodedScalar {
	pub(crate) fn new(scalar: &Scalar) -> Self {
		Self(scalar.to_bytes())
	}

	pub(crate) fn scalar(&self) -> Result<Scalar, EncodingError> {
		Scalar::from_canonical_bytes(self.0)
			.into_option()
			.ok_or(EncodingError::Scalar)
	}
}

/// The first and last four bytes: enough to tell two apart in a log.
pub(crate) fn fmt_short(bytes: &[u8; 32], f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
	let [a, b, c, d, .., w, x, y, z] = bytes;
	write!(f, "0x{a:02x}{b:02x}{c:02x}{d:02x}…{w:02x}{x:02x}{y:02x}{z:02x}")
}

impl core::fmt::Debug for EncodedPoint {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		fmt_short(&self.0, f)
	}
}

impl core::fmt::Debug for EncodedScalar {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		fmt_short(&self.0, f)
	}
}

/// At most one item for each of [`MAX_AUTHORITIES`]. Encoded as a SCALE vector; decoding refuses a longer one before
/// it allocates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, TypeInfo)]
pub struct PerAuthority<T>(Vec<T>);

/// Of the authorities of one set, of whom there are not more.
impl<T> FromIterator<T> for PerAuthority<T> {
	fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
		Self(items.into_iter().take(usize::from(MAX_AUTHORITIES)).collect())
	}
}

impl<T> core::ops::Deref for PerAuthority<T> {
	type Target = [T];

	fn deref(&self) -> &[T] {
		&self.0
	}
}

impl<T: Decode> Decode for PerAuthority<T> {
	fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
		let Compact(count) = Compact::<u32>::decode(input)?;
		if count > u32::from(MAX_AUTHORITIES) {
			return Err("more items than authorities".into());
		}
		input.on_before_alloc_mem((count as usize).saturating_mul(size_of::<T>()))?;
		let mut items = Vec::with_capacity(count as usize);
		for _ in 0..count {
			items.push(T::decode(input)?);
		}
		Ok(Self(items))
	}
}

impl<T: DecodeWithMemTracking> DecodeWithMemTracking for PerAuthority<T> {}

impl<T: MaxEncodedLen> MaxEncodedLen for PerAuthority<T> {
	fn max_encoded_len() -> usize {
		Compact(u32::from(MAX_AUTHORITIES))
			.encoded_size()
			.saturating_add(T::max_encoded_len().saturating_mul(usize::from(MAX_AUTHORITIES)))
	}
}

//! The fixed-length form in which ciphertexts travel and are stored.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A ciphertext as the ledger stores it: a big-endian number of `LEN` bytes (512 or 768). Holding one says nothing
/// about its validity: [`crate::PublicKey::parse`] does.
#[derive(Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Ciphertext<const LEN: usize>(pub [u8; LEN]);

/// A ciphertext under a modulus of 2048 bits.
pub type Ciphertext2048 = Ciphertext<512>;
/// A ciphertext under a modulus of 3072 bits.
pub type Ciphertext3072 = Ciphertext<768>;

impl<const LEN: usize> Ciphertext<LEN> {
	/// The ciphertext 1, which is `Enc(0; 0)`.
	pub const ONE: Self = {
		let mut bytes = [0; LEN];
		bytes[LEN - 1] = 1;
		Self(bytes)
	};

	/// The bytes, if there are `LEN` of them.
	pub fn from_slice(bytes: &[u8]) -> Option<Self> {
		bytes.try_into().ok().map(Self)
	}
}

impl<const LEN: usize> AsRef<[u8]> for Ciphertext<LEN> {
	fn as_ref(&self) -> &[u8] {
		&self.0
	}
}

impl<const LEN: usize> Default for Ciphertext<LEN> {
	fn default() -> Self {
		Self::ONE
	}
}

impl<const LEN: usize> core::fmt::Debug for Ciphertext<LEN> {
	/// The first and last four bytes: enough to tell two apart in a log.
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("0x")?;
		self.0
			.iter()
			.take(4)
			.try_for_each(|byte| write!(f, "{byte:02x}"))?;
		f.write_str("…")?;
		self.0
			.iter()
			.skip(LEN.saturating_sub(4))
			.try_for_each(|byte| write!(f, "{byte:02x}"))
	}
}

/// Why bytes are not an acceptable ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CiphertextError {
	/// Not exactly the length of a number modulo `N²`.
	Length,
	/// The number is zero.
	Zero,
	/// The number is not below `N²`.
	NotReduced,
	/// The number shares a factor with `N`.
	NotUnit,
}

impl core::fmt::Display for CiphertextError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Length => "the ciphertext has a wrong length",
			Self::Zero => "the ciphertext is zero",
			Self::NotReduced => "the ciphertext is not below N²",
			Self::NotUnit => "the ciphertext shares a factor with N",
		})
	}
}

#[cfg(feature = "serde")]
mod serde_impl {
	use super::Ciphertext;
	use alloc::string::String;
	use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};

	impl<const LEN: usize> Serialize for Ciphertext<LEN> {
		/// `0x` and hexadecimal digits where text is wanted, else bytes.
		fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
			serializer.collect_str(&crate::Hex(&self.0))
		}
	}

	impl<'de, const LEN: usize> Deserialize<'de> for Ciphertext<LEN> {
		fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
			let text = String::deserialize(deserializer)?;
			let bytes = crate::from_hex(&text).map_err(D::Error::custom)?;
			Self::from_slice(&bytes).ok_or_else(|| {
				D::Error::custom(alloc::format!("expected {LEN} bytes, found {}", bytes.len()))
			})
		}
	}
}

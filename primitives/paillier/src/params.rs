//! The two sizes of key.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A parameter set: the size of the modulus fixes every other length.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum ParameterSet {
	/// Modulus of 2048 bits, the paper's.
	Paillier2048,
	/// Modulus of 3072 bits, for 128-bit security.
	Paillier3072,
}

impl ParameterSet {
	/// Both sets.
	pub const ALL: [Self; 2] = [Self::Paillier2048, Self::Paillier3072];

	/// Bits of the modulus `N`, exactly.
	pub const fn modulus_bits(self) -> usize {
		match self {
			Self::Paillier2048 => 2048,
			Self::Paillier3072 => 3072,
		}
	}

	/// Bytes of the modulus.
	pub const fn modulus_bytes(self) -> usize {
		self.modulus_bits() / 8
	}

	/// Bytes of a ciphertext, a big-endian number modulo `N²`.
	pub const fn ciphertext_bytes(self) -> usize {
		2 * self.modulus_bytes()
	}

	/// Bits of a fresh nonce exponent, `|N|/2`.
	pub const fn nonce_bits(self) -> usize {
		self.modulus_bits() / 2
	}

	/// Bits of a nonce exponent's magnitude at which its owner has to refresh, `|N|/2 + 128`.
	pub const fn nonce_limit_bits(self) -> usize {
		self.nonce_bits() + 128
	}

	/// The name that transcripts bind.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Paillier2048 => "paillier-2048",
			Self::Paillier3072 => "paillier-3072",
		}
	}

	/// The set whose modulus has this many bytes.
	pub fn from_modulus_bytes(bytes: usize) -> Option<Self> {
		Self::ALL.into_iter().find(|set| set.modulus_bytes() == bytes)
	}
}

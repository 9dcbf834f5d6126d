//! Who shares what with whom: thresholds, keys, context.

use alloc::{collections::BTreeSet, vec::Vec};
use curve25519_dalek::{ristretto::RistrettoPoint, scalar::Scalar};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::encoding::{EncodedPoint, EncodingError};

/// The largest number of authorities in a set.
pub const MAX_AUTHORITIES: u16 = 100;

/// The number of shares that recover the trapdoor among `n` authorities, from 1 to [`MAX_AUTHORITIES`]:
/// `t = max(1, ⌈2(n-1)/3⌉)`, the paper's number.
pub const fn threshold(n: u16) -> u16 {
	// In 32 bits, where no u16 overflows.
	let t = (2 * (n as u32).saturating_sub(1)).div_ceil(3);
	if t == 0 {
		1
	} else {
		t as u16
	}
}

/// What a dealing is made for. All of it is in every proof, or a dealing could be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
	/// The genesis block's hash. For the dealing in genesis, which cannot hold its own hash, the hash of chain id and
	/// authority list.
	pub genesis: [u8; 32],
	/// The set whose authorities hold the shares.
	pub set_id: u64,
	/// The term of the block that carries the dealing.
	pub term: u64,
	/// The position, from 0, of the dealer in the set that sealed that block: not a holder's position if the block
	/// closes a set. 0 in genesis.
	pub dealer: u16,
	/// The hash of that block's parent. Zeros in genesis.
	pub parent: [u8; 32],
}

/// The share keys of a set, in set order: sr25519 public keys, decoded and checked once for all dealings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareKeys {
	pub(crate) points: Vec<RistrettoPoint>,
	pub(crate) encoded: Vec<EncodedPoint>,
}

/// Why keys are no share keys of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
	/// None, or more than [`MAX_AUTHORITIES`].
	Count,
	/// The key of the authority at this position is no point or the identity.
	Key(u16, EncodingError),
	/// The key of the authority at this position is another one's, too: who holds it would hold two shares.
	Duplicate(u16),
}

impl core::fmt::Display for KeyError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		match self {
			Self::Count => write!(f, "a set has 1 to {MAX_AUTHORITIES} share keys"),
			Self::Key(holder, error) => write!(f, "share key {holder}: {error}"),
			Self::Duplicate(holder) => write!(f, "share key {holder} is another authority's, too"),
		}
	}
}

impl ShareKeys {
	/// Checks the keys of a set. A single key is checked alike, as whoever registers one must: a set with an
	/// unacceptable key can have no dealing.
	pub fn new(keys: &[[u8; 32]]) -> Result<Self, KeyError> {
		if keys.is_empty() || keys.len() > usize::from(MAX_AUTHORITIES) {
			return Err(KeyError::Count);
		}
		let mut seen = BTreeSet::new();
		let mut points = Vec::with_capacity(keys.len());
		for (holder, key) in (0..).zip(keys) {
			points.push(
				EncodedPoint(*key)
					.point()
					.map_err(|error| KeyError::Key(holder, error))?,
			);
			if !seen.insert(key) {
				return Err(KeyError::Duplicate(holder));
			}
		}
		Ok(Self {
			points,
			encoded: keys.iter().copied().map(EncodedPoint).collect(),
		})
	}

	/// `n`, the number of authorities.
	pub fn count(&self) -> u16 {
		// At most MAX_AUTHORITIES by construction.
		self.points.len() as u16
	}

	/// `t`, the number of shares that recover the trapdoor.
	pub fn threshold(&self) -> u16 {
		threshold(self.count())
	}
}

/// The secret of a share key: what decrypts a share. Wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct ShareSecret {
	pub(crate) scalar: Scalar,
	#[zeroize(skip)]
	pub(crate) public: EncodedPoint,
}

impl core::fmt::Debug for ShareSecret {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("ShareSecret(secret)")
	}
}

/// The bytes are no sr25519 secret key: the scalar is zero or not below the group's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretError;

impl core::fmt::Display for SecretError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("not an sr25519 secret key")
	}
}

impl ShareSecret {
	/// From an sr25519 secret key as `schnorrkel::SecretKey::to_bytes` gives it: the scalar, then the seed of nonces,
	/// which is not used. (`to_ed25519_bytes` has the scalar times the cofactor 8, which is another key.)
	pub fn from_sr25519(bytes: &[u8; 64]) -> Result<Self, SecretError> {
		let (scalar, _) = bytes.split_first_chunk::<32>().ok_or(SecretError)?;
		let scalar = Zeroizing::new(*scalar);
		let scalar: Option<Scalar> = Scalar::from_canonical_bytes(*scalar).into();
		Self::from_scalar(&Zeroizing::new(scalar.ok_or(SecretError)?))
	}

	/// From the scalar itself.
	pub fn from_scalar(scalar: &Scalar) -> Result<Self, SecretError> {
		if *scalar == Scalar::ZERO {
			return Err(SecretError);
		}
		Ok(Self {
			scalar: *scalar,
			public: EncodedPoint::new(&RistrettoPoint::mul_base(scalar)),
		})
	}

	/// The share key: the sr25519 public key.
	pub fn public(&self) -> [u8; 32] {
		self.public.0
	}
}

//! The trapdoor: recovery, and evidence when it is the wrong one; collisions.

use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use curve25519_dalek::{ristretto::RistrettoPoint, scalar::Scalar, traits::VartimeMultiscalarMul};
use scale_info::TypeInfo;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::{
	dealing::{trapdoor_scalar, VerifiedDealing},
	encoding::{EncodedScalar, EncodingError, PerAuthority},
	hash,
	polynomial::lagrange_at_zero,
	share::{OpenedShare, ShareError, VerifiedShare},
};

/// The trapdoor of a dealing, able to collide with the dealing's chameleon hash. Wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub struct Trapdoor {
	/// `x`.
	scalar: Scalar,
	/// The hash of the dealing.
	#[zeroize(skip)]
	dealing: [u8; 32],
	/// `m`.
	#[zeroize(skip)]
	message: Scalar,
	/// `θ`.
	#[zeroize(skip)]
	theta: Scalar,
}

impl core::fmt::Debug for Trapdoor {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("Trapdoor(secret)")
	}
}

/// What `t` shares lead to.
#[derive(Debug)]
pub enum Recovery {
	/// The trapdoor of the chameleon key.
	Trapdoor(Trapdoor),
	/// The shared secret is not that of the chameleon key: the dealer lied about the key.
	Fault(DealerFault),
}

/// Why shares do not recover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryError {
	/// Fewer than `t` shares.
	TooFew,
	/// A share is of another dealing.
	OtherDealing,
	/// Two shares are of one holder.
	Duplicate,
}

impl core::fmt::Display for RecoveryError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::TooFew => "fewer shares than the threshold",
			Self::OtherDealing => "a share is of another dealing",
			Self::Duplicate => "two shares are of one holder",
		})
	}
}

impl VerifiedDealing {
	/// Recovers from any `t` shares; more are ignored.
	pub fn recover(&self, shares: &[VerifiedShare]) -> Result<Recovery, RecoveryError> {
		let mut by_holder = BTreeMap::new();
		for share in shares {
			if share.dealing != self.hash {
				return Err(RecoveryError::OtherDealing);
			}
			if by_holder.insert(share.opened.holder(), share).is_some() {
				return Err(RecoveryError::Duplicate);
			}
		}
		let threshold = usize::from(self.threshold());
		let used: Vec<&VerifiedShare> = by_holder.into_values().take(threshold).collect();
		if used.len() < threshold {
			return Err(RecoveryError::TooFew);
		}
		Ok(match self.trapdoor_from(&used) {
			Some(scalar) => Recovery::Trapdoor(self.trapdoor(*scalar)),
			None => Recovery::Fault(DealerFault {
				shares: used.iter().map(|share| share.opened).collect(),
			}),
		})
	}

	/// `x` of `t` shares with distinct holders, unless `x·G` is another than the chameleon key.
	fn trapdoor_from(&self, shares: &[&VerifiedShare]) -> Option<Zeroizing<Scalar>> {
		let indices: Vec<u16> = shares
			.iter()
			.map(|s| s.opened.holder().saturating_add(1))
			.collect();
		// The time depends on the holders only, which are no secret.
		let secret = Zeroizing::new(RistrettoPoint::vartime_multiscalar_mul(
			lagrange_at_zero(&indices),
			shares.iter().map(|s| s.point),
		));
		let scalar = trapdoor_scalar(&secret);
		(RistrettoPoint::mul_base(&scalar) == self.chameleon_key).then_some(scalar)
	}

	fn trapdoor(&self, scalar: Scalar) -> Trapdoor {
		Trapdoor {
			scalar,
			dealing: self.hash,
			message: self.message,
			theta: self.theta,
		}
	}
}

/// Evidence that the dealer of a verified dealing lied about the chameleon key: the opened shares of `t` holders in
/// increasing order, from which anybody recovers a secret that is not the key's. Whose dealing it is, the seal of the
/// block says that carries it.
#[derive(
	Clone,
	Debug,
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
pub struct DealerFault {
	shares: PerAuthority<OpenedShare>,
}

/// Why evidence is refused. Each check has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultError {
	/// Not exactly `t` shares.
	Count,
	/// The holders are not strictly increasing.
	Order,
	/// A share is refused.
	Share(ShareError),
	/// The shares recover the trapdoor of the chameleon key: the dealer did as it should.
	NoFault,
}

impl core::fmt::Display for FaultError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Count => "not exactly as many shares as the threshold",
			Self::Order => "the holders are not strictly increasing",
			Self::Share(error) => return error.fmt(f),
			Self::NoFault => "the shares recover the trapdoor",
		})
	}
}

impl VerifiedDealing {
	/// Verifies evidence against the dealer of this dealing.
	pub fn verify_fault(&self, fault: &DealerFault) -> Result<(), FaultError> {
		if fault.shares.len() != usize::from(self.threshold()) {
			return Err(FaultError::Count);
		}
		if !fault.shares.is_sorted_by(|a, b| a.holder() < b.holder()) {
			return Err(FaultError::Order);
		}
		let shares: Vec<VerifiedShare> = fault
			.shares
			.iter()
			.map(|share| self.verify_share(share))
			.collect::<Result<_, _>>()
			.map_err(FaultError::Share)?;
		match self.trapdoor_from(&shares.iter().collect::<Vec<_>>()) {
			Some(_) => Err(FaultError::NoFault),
			None => Ok(()),
		}
	}
}

/// What a candidate opens the chameleon hash to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidacy<'a> {
	/// The term that the candidate stands for.
	pub term: u64,
	/// The candidate's position in the set, from 0.
	pub candidate: u16,
	/// The encoding of the candidate's highest QC.
	pub high_qc: &'a [u8],
}

impl Candidacy<'_> {
	/// `m' = hash(dealing, term, candidate, high_qc)`.
	fn message(&self, dealing: &[u8; 32]) -> Scalar {
		hash::to_scalar(
			"tdraft/1/candidacy",
			&[
				dealing,
				&self.term.to_le_bytes(),
				&self.candidate.to_le_bytes(),
				self.high_qc,
			],
		)
	}
}

/// `θ'`, with which a dealing's chameleon hash opens to a candidacy: proof of knowing the trapdoor, which it reveals.
/// 32 bytes.
#[derive(
	Clone,
	Copy,
	Debug,
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
pub struct Collision {
	theta: EncodedScalar,
}

/// Why there is no collision. Each check has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollisionError {
	/// The scalar is not acceptable.
	Encoding(EncodingError),
	/// It is the dealer's own opening. (From [`Trapdoor::collide`]: the candidacy's message is the dealer's, which
	/// takes a collision of the hash function.)
	Same,
	/// The candidacy's opening gives another hash.
	Hash,
}

impl core::fmt::Display for CollisionError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Encoding(error) => return write!(f, "the collision has bad bytes: {error}"),
			Self::Same => "the opening is the dealer's own",
			Self::Hash => "the candidacy's opening gives another hash",
		})
	}
}

impl Trapdoor {
	/// `θ' = θ + (m - m')/x`.
	pub fn collide(&self, candidacy: &Candidacy) -> Result<Collision, CollisionError> {
		self.collide_with(&candidacy.message(&self.dealing))
	}

	fn collide_with(&self, message: &Scalar) -> Result<Collision, CollisionError> {
		let theta = self.theta + (self.message - message) * self.scalar.invert();
		if theta == self.theta {
			return Err(CollisionError::Same);
		}
		Ok(Collision {
			theta: EncodedScalar::new(&theta),
		})
	}
}

impl VerifiedDealing {
	/// Verifies that the chameleon hash opens to the candidacy: `m'·G + θ'·pk_ch = m·G + θ·pk_ch` with `θ' ≠ θ`.
	pub fn verify_collision(
		&self,
		collision: &Collision,
		candidacy: &Candidacy,
	) -> Result<(), CollisionError> {
		self.opening_distance(collision, &candidacy.message(&self.hash))
			.map(|_| ())
	}

	/// The trapdoor that a collision reveals, `x = (m - m')/(θ' - θ)`. Who saw one needs no shares any more.
	pub fn trapdoor_of(
		&self,
		collision: &Collision,
		candidacy: &Candidacy,
	) -> Result<Trapdoor, CollisionError> {
		let message = candidacy.message(&self.hash);
		let distance = self.opening_distance(collision, &message)?;
		Ok(self.trapdoor((self.message - message) * distance.invert()))
	}

	/// `θ' - θ` of a collision that is valid for the message.
	fn opening_distance(&self, collision: &Collision, message: &Scalar) -> Result<Scalar, CollisionError> {
		let theta = collision.theta.scalar().map_err(CollisionError::Encoding)?;
		let distance = theta - self.theta;
		if distance == Scalar::ZERO {
			return Err(CollisionError::Same);
		}
		// The two sides' difference: (θ' - θ)·pk_ch = (m - m')·G.
		if self.chameleon_key * distance != RistrettoPoint::mul_base(&(self.message - message)) {
			return Err(CollisionError::Hash);
		}
		Ok(distance)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{Context, Dealing, ShareKeys, ShareSecret};
	use rand_core::OsRng;

	/// A candidacy with the dealer's message is not to be had from outside, short of a collision of BLAKE2b.
	#[test]
	fn the_dealers_message_has_no_collision() {
		let secret = ShareSecret::from_scalar(&Scalar::from(5u64)).expect("not zero");
		let keys = ShareKeys::new(&[secret.public()]).expect("a good key");
		let context = Context {
			genesis: [1; 32],
			set_id: 2,
			term: 3,
			dealer: 0,
			parent: [4; 32],
		};
		let dealing = Dealing::deal(&context, &keys, &mut OsRng)
			.verify(&context, &keys)
			.expect("honest");
		let trapdoor = dealing.trapdoor(Scalar::from(6u64));
		assert_eq!(trapdoor.collide_with(&dealing.message), Err(CollisionError::Same));
		let own = Collision {
			theta: EncodedScalar::new(&dealing.theta),
		};
		assert_eq!(
			dealing.opening_distance(&own, &dealing.message),
			Err(CollisionError::Same)
		);
	}
}

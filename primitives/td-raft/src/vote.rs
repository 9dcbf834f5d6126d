//! Votes for blocks and their certificates.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	payload, AuthorityIndex, AuthoritySet, BlockHash, Kind, Number, PerAuthority, SetId, Signature, Term,
	Verifier,
};

/// The two votes that a block needs.
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
pub enum Phase {
	/// The voter has the block, and it is valid.
	Prepare,
	/// The voter has the block's prepare certificate, which no certificate of a lower rank will replace.
	Commit,
}

/// What a vote or certificate is for.
///
/// The term is the block's own. Only a closing block may also be certified in a later term of its set, when a new
/// leader has it reconfirmed.
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
pub struct Target<H = BlockHash> {
	/// The set that votes.
	pub set_id: SetId,
	/// The term in which it votes.
	pub term: Term,
	/// The block's height.
	pub number: Number,
	/// The block.
	pub hash: H,
}

/// The order of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Rank(pub SetId, pub Term, pub Number);

impl<H> Target<H> {
	/// Its place in the order of certificates: `(set_id, term, number)`.
	pub fn rank(&self) -> Rank {
		Rank(self.set_id, self.term, self.number)
	}
}

impl<H: PartialEq> Target<H> {
	/// Whether building on this is building on `least` or on something newer. The same block's certificate of another
	/// term serves as well: a closing block may be certified in several terms.
	pub fn covers(&self, least: &Self) -> bool {
		self.rank() >= least.rank() || self.hash == least.hash
	}
}

/// A vote for a block. The set is in the signature's domain.
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
pub struct Vote<H = BlockHash, S = Signature> {
	/// Which of the two.
	pub phase: Phase,
	/// The block.
	pub target: Target<H>,
	/// Who votes.
	pub voter: AuthorityIndex,
	/// Over [`Vote::payload`].
	pub signature: S,
}

impl<H: Encode, S> Vote<H, S> {
	/// What is signed: a body of phase, term, number and hash.
	pub fn payload(genesis: &H, phase: Phase, target: &Target<H>) -> Vec<u8> {
		let body = (phase, target.term, target.number, &target.hash);
		payload(Kind::Vote, genesis, target.set_id, &body)
	}

	/// Whether the voter belongs to the set and signed this.
	pub fn verify<I: Ord, K>(
		&self,
		genesis: &H,
		set: &AuthoritySet<I, K>,
		verifier: &impl Verifier<I, S>,
	) -> Result<(), CertificateError> {
		if self.target.set_id != set.id() {
			return Err(CertificateError::Set);
		}
		let voter = set.get(self.voter).ok_or(CertificateError::Authority)?;
		let bytes = Self::payload(genesis, self.phase, &self.target);
		if !verifier.verify(&voter.id, &bytes, &self.signature) {
			return Err(CertificateError::Signature);
		}
		Ok(())
	}
}

/// Why a signed statement or certificate is refused. Each check has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateError {
	/// It is of another set.
	Set,
	/// It is about the genesis block and not that block's own.
	Genesis,
	/// A signer's position is outside the set.
	Authority,
	/// The signers do not stand in strictly increasing order.
	Order,
	/// Not exactly Q signers.
	Quorum,
	/// A vote or wish does not support what is certified.
	Support,
	/// A signature is false.
	Signature,
}

impl core::fmt::Display for CertificateError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Set => "certificate of another set",
			Self::Genesis => "not the certificate of genesis",
			Self::Authority => "signer outside the set",
			Self::Order => "signers not in strictly increasing order",
			Self::Quorum => "not exactly a quorum of signers",
			Self::Support => "a signer signed something else",
			Self::Signature => "false signature",
		})
	}
}

/// Checks that signers are exactly a quorum in strictly increasing order.
pub(crate) fn check_signers<I: Ord, K>(
	set: &AuthoritySet<I, K>,
	signers: impl ExactSizeIterator<Item = AuthorityIndex> + Clone,
) -> Result<(), CertificateError> {
	if signers.len() != usize::from(set.quorum()) {
		return Err(CertificateError::Quorum);
	}
	if !signers.clone().zip(signers.clone().skip(1)).all(|(a, b)| a < b) {
		return Err(CertificateError::Order);
	}
	// They increase, so the last one is the largest.
	match signers.last() {
		Some(last) if last.0 < set.count() => Ok(()),
		_ => Err(CertificateError::Authority),
	}
}

/// Q votes of one phase for one block. With commit votes it is the block's justification and finalizes it with its
/// ancestors; it then counts as the prepare certificate, too.
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
pub struct QuorumCertificate<H = BlockHash, S = Signature> {
	/// Of which votes.
	pub phase: Phase,
	/// For what.
	pub target: Target<H>,
	/// Exactly Q voters, strictly increasing, with their signatures. None for genesis.
	pub signatures: PerAuthority<(AuthorityIndex, S)>,
}

impl<H: Encode + PartialEq + Clone, S> QuorumCertificate<H, S> {
	/// The certificate of genesis, valid unsigned.
	pub fn genesis(hash: H) -> Self {
		Self {
			phase: Phase::Commit,
			target: Target {
				set_id: SetId(0),
				term: Term(0),
				number: Number(0),
				hash,
			},
			signatures: PerAuthority::from_iter([]),
		}
	}

	/// Its place in the order of certificates.
	pub fn rank(&self) -> Rank {
		self.target.rank()
	}

	/// Verifies it with the set of its `set_id`; the one of genesis needs none and takes any.
	pub fn verify<I: Ord, K>(
		&self,
		genesis: &H,
		set: &AuthoritySet<I, K>,
		verifier: &impl Verifier<I, S>,
	) -> Result<(), CertificateError> {
		if self.target.number == Number(0) || self.target.term == Term(0) {
			let one = self.phase == Phase::Commit
				&& self.target == Self::genesis(genesis.clone()).target
				&& self.signatures.is_empty();
			return if one {
				Ok(())
			} else {
				Err(CertificateError::Genesis)
			};
		}
		if self.target.set_id != set.id() {
			return Err(CertificateError::Set);
		}
		check_signers(set, self.signatures.iter().map(|(signer, _)| *signer))?;
		let bytes = Vote::<H, S>::payload(genesis, self.phase, &self.target);
		let mut items = Vec::with_capacity(self.signatures.len());
		for (signer, signature) in self.signatures.iter() {
			let member = set.get(*signer).ok_or(CertificateError::Authority)?;
			items.push((&member.id, &bytes[..], signature));
		}
		if !verifier.verify_all(&items) {
			return Err(CertificateError::Signature);
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		test_set::{at, set, GENESIS},
		Sr25519,
	};
	use schnorrkel::Keypair;

	fn target() -> Target {
		Target {
			set_id: SetId(2),
			term: Term(5),
			number: Number(9),
			hash: [1; 32],
		}
	}

	fn certificate(pairs: &[Keypair], signers: &[u16]) -> QuorumCertificate {
		let bytes = Vote::<BlockHash, Signature>::payload(&GENESIS, Phase::Prepare, &target());
		let signatures = signers
			.iter()
			.map(|i| (at(*i), crate::sign(&pairs[usize::from(*i) % 4], &bytes)))
			.collect();
		QuorumCertificate {
			phase: Phase::Prepare,
			target: target(),
			signatures,
		}
	}

	#[test]
	fn a_certificate_is_exactly_q_votes_of_its_set_for_what_it_says() {
		let (set, pairs) = set(2, 4);
		let check = |qc: &QuorumCertificate| qc.verify(&GENESIS, &set, &Sr25519);
		let good = certificate(&pairs, &[0, 2, 3]);
		assert_eq!(check(&good), Ok(()));
		assert_eq!(
			QuorumCertificate::decode(&mut &good.encode()[..]),
			Ok(good.clone())
		);

		assert_eq!(
			check(&certificate(&pairs, &[0, 2])),
			Err(CertificateError::Quorum)
		);
		assert_eq!(
			check(&certificate(&pairs, &[0, 1, 2, 3])),
			Err(CertificateError::Quorum),
			"one form only"
		);
		assert_eq!(
			check(&certificate(&pairs, &[0, 2, 2])),
			Err(CertificateError::Order)
		);
		assert_eq!(
			check(&certificate(&pairs, &[2, 0, 3])),
			Err(CertificateError::Order)
		);
		// Position 4 is outside; modulo 4 it signs with the keys of position 0.
		assert_eq!(
			check(&certificate(&pairs, &[1, 2, 4])),
			Err(CertificateError::Authority)
		);
		let signatures = good
			.signatures
			.iter()
			.map(|(i, _)| (*i, good.signatures[0].1))
			.collect();
		assert_eq!(
			check(&QuorumCertificate {
				signatures,
				..good.clone()
			}),
			Err(CertificateError::Signature)
		);
		assert_eq!(
			good.verify(&[0; 32], &set, &Sr25519),
			Err(CertificateError::Signature),
			"another chain"
		);
		assert_eq!(
			good.verify(&GENESIS, &crate::test_set::set(3, 4).0, &Sr25519),
			Err(CertificateError::Set)
		);
		let other_phase = QuorumCertificate {
			phase: Phase::Commit,
			..good.clone()
		};
		assert_eq!(check(&other_phase), Err(CertificateError::Signature));
		for target in [
			Target {
				term: Term(6),
				..target()
			},
			Target {
				number: Number(8),
				..target()
			},
			Target {
				hash: [2; 32],
				..target()
			},
		] {
			assert_eq!(
				check(&QuorumCertificate {
					target,
					..good.clone()
				}),
				Err(CertificateError::Signature)
			);
		}
	}

	#[test]
	fn only_genesis_is_certified_unsigned() {
		let (set, _) = set(7, 4);
		let check = |qc: &QuorumCertificate| qc.verify(&GENESIS, &set, &Sr25519);
		let genesis = QuorumCertificate::genesis(GENESIS);
		assert_eq!(check(&genesis), Ok(()));
		assert_eq!(
			check(&QuorumCertificate::genesis([0; 32])),
			Err(CertificateError::Genesis)
		);
		let with = |target| QuorumCertificate {
			target,
			..genesis.clone()
		};
		assert_eq!(
			check(&with(Target {
				number: Number(1),
				..genesis.target
			})),
			Err(CertificateError::Genesis)
		);
		assert_eq!(
			check(&with(Target {
				term: Term(1),
				..genesis.target
			})),
			Err(CertificateError::Genesis)
		);
		assert_eq!(
			check(&with(Target {
				set_id: SetId(1),
				..genesis.target
			})),
			Err(CertificateError::Genesis)
		);
		assert_eq!(
			check(&QuorumCertificate {
				phase: Phase::Prepare,
				..genesis.clone()
			}),
			Err(CertificateError::Genesis)
		);
	}

	#[test]
	fn a_vote_is_its_voters() {
		let (set, pairs) = set(2, 4);
		let bytes = Vote::<BlockHash, Signature>::payload(&GENESIS, Phase::Commit, &target());
		let good = Vote {
			phase: Phase::Commit,
			target: target(),
			voter: at(1),
			signature: crate::sign(&pairs[1], &bytes),
		};
		let check = |vote: &Vote| vote.verify(&GENESIS, &set, &Sr25519);
		assert_eq!(check(&good), Ok(()));
		assert_eq!(
			check(&Vote {
				voter: at(2),
				..good.clone()
			}),
			Err(CertificateError::Signature)
		);
		assert_eq!(
			check(&Vote {
				voter: at(4),
				..good.clone()
			}),
			Err(CertificateError::Authority)
		);
		let elsewhere = Target {
			set_id: SetId(3),
			..target()
		};
		assert_eq!(
			check(&Vote {
				target: elsewhere,
				..good
			}),
			Err(CertificateError::Set)
		);
	}

	#[test]
	fn certificates_are_ordered_by_set_then_term_then_number() {
		let base = target();
		let higher = [
			Target {
				set_id: SetId(3),
				term: Term(0),
				number: Number(0),
				..base
			},
			Target {
				term: Term(6),
				number: Number(0),
				..base
			},
			Target {
				number: Number(10),
				..base
			},
		];
		for high in higher {
			assert!(high.rank() > base.rank() && high.covers(&base));
			let other = Target {
				hash: [2; 32],
				..base
			};
			assert!(!other.covers(&high));
			assert!(
				base.covers(&Target {
					hash: base.hash,
					..high
				}),
				"the same block, certified again"
			);
		}
	}
}

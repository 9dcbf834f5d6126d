//! Votes for a leader, wishes for a new term, and their certificates.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	payload,
	vote::{check_signers, CertificateError},
	AuthorityIndex, AuthoritySet, BlockHash, Kind, PerAuthority, SetId, Signature, Target, Term, Verifier,
};

/// A vote for a leader. The voter had no higher certificate than the one named when it signed, and signs nothing of a
/// lower term from then on.
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
pub struct ElectionVote<H = BlockHash, S = Signature> {
	/// The set that elects.
	pub set_id: SetId,
	/// The term elected for.
	pub term: Term,
	/// Who shall lead.
	pub candidate: AuthorityIndex,
	/// The vote.
	pub ballot: ElectionBallot<H, S>,
}

/// One voter's part of an election.
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
pub struct ElectionBallot<H = BlockHash, S = Signature> {
	/// Who votes.
	pub voter: AuthorityIndex,
	/// The voter's highest certificate.
	pub high_qc: Target<H>,
	/// Over [`ElectionBallot::payload`].
	pub signature: S,
}

impl<H: Encode, S> ElectionBallot<H, S> {
	/// What is signed: a body of term, candidate and the voter's highest certificate.
	pub fn payload(
		genesis: &H,
		set_id: SetId,
		term: Term,
		candidate: AuthorityIndex,
		high_qc: &Target<H>,
	) -> Vec<u8> {
		payload(Kind::ElectionVote, genesis, set_id, &(term, candidate, high_qc))
	}
}

impl<H: Encode, S> ElectionVote<H, S> {
	/// Whether voter and candidate belong to the set and the voter signed this.
	pub fn verify<I: Ord, K>(
		&self,
		genesis: &H,
		set: &AuthoritySet<I, K>,
		verifier: &impl Verifier<I, S>,
	) -> Result<(), CertificateError> {
		if self.set_id != set.id() {
			return Err(CertificateError::Set);
		}
		set.get(self.candidate).ok_or(CertificateError::Authority)?;
		let voter = set.get(self.ballot.voter).ok_or(CertificateError::Authority)?;
		let bytes = ElectionBallot::<H, S>::payload(
			genesis,
			self.set_id,
			self.term,
			self.candidate,
			&self.ballot.high_qc,
		);
		if !verifier.verify(&voter.id, &bytes, &self.ballot.signature) {
			return Err(CertificateError::Signature);
		}
		Ok(())
	}
}

/// Q votes for a leader: it leads this term of this set, and no other.
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
pub struct ElectionCertificate<H = BlockHash, S = Signature> {
	/// The set that elected.
	pub set_id: SetId,
	/// The term.
	pub term: Term,
	/// The leader.
	pub leader: AuthorityIndex,
	/// Exactly Q voters, strictly increasing.
	pub ballots: PerAuthority<ElectionBallot<H, S>>,
}

impl<H: Encode + Ord, S> ElectionCertificate<H, S> {
	/// The highest certificate that a voter named. None without votes, which no valid certificate is. Whether it exists
	/// is the voter's word; see [`Self::allows`].
	pub fn maximum(&self) -> Option<&Target<H>> {
		self.ballots
			.iter()
			.map(|ballot| &ballot.high_qc)
			.max_by_key(|target| target.rank())
	}

	/// Whether the term's first block may build on the block of a verified certificate: it covers what *each* voter
	/// named, and there is a voter. The maximum alone would not do: nothing proves what a ballot names, and a Byzantine
	/// leader's own could name a block far back under an invented rank, above all others and covered by that block.
	pub fn allows(&self, certified: &Target<H>) -> bool {
		self.ballots.iter().next().is_some()
			&& self
				.ballots
				.iter()
				.all(|ballot| certified.covers(&ballot.high_qc))
	}

	/// Verifies it with the set of its `set_id`.
	pub fn verify<I: Ord, K>(
		&self,
		genesis: &H,
		set: &AuthoritySet<I, K>,
		verifier: &impl Verifier<I, S>,
	) -> Result<(), CertificateError> {
		if self.set_id != set.id() {
			return Err(CertificateError::Set);
		}
		set.get(self.leader).ok_or(CertificateError::Authority)?;
		check_signers(set, self.ballots.iter().map(|ballot| ballot.voter))?;
		let mut bytes = Vec::with_capacity(self.ballots.len());
		for ballot in self.ballots.iter() {
			let member = set.get(ballot.voter).ok_or(CertificateError::Authority)?;
			let payload = ElectionBallot::<H, S>::payload(
				genesis,
				self.set_id,
				self.term,
				self.leader,
				&ballot.high_qc,
			);
			bytes.push((&member.id, payload, &ballot.signature));
		}
		let items: Vec<_> = bytes
			.iter()
			.map(|(id, bytes, signature)| (*id, &bytes[..], *signature))
			.collect();
		if !verifier.verify_all(&items) {
			return Err(CertificateError::Signature);
		}
		Ok(())
	}
}

/// Why an authority wants a new term.
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
pub enum Reason<H = BlockHash> {
	/// The leader committed nothing for the election timeout, or there is none.
	Silence,
	/// An attempt to elect one failed, or others want it.
	Attempt,
	/// The leader leaves out the transaction with this hash.
	Overdue(H),
}

/// The wish for a new term.
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
pub struct Down<H = BlockHash> {
	/// The term wished for; 0 withdraws the wish.
	pub term: Term,
	/// Rises with every wish of an authority. The highest counts.
	pub sequence: u64,
	/// Why.
	pub reason: Reason<H>,
}

/// A wish with its signature.
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
pub struct SignedDown<H = BlockHash, S = Signature> {
	/// Who wishes.
	pub authority: AuthorityIndex,
	/// What.
	pub down: Down<H>,
	/// Over [`SignedDown::payload`].
	pub signature: S,
}

impl<H: Encode, S> SignedDown<H, S> {
	/// What is signed.
	pub fn payload(genesis: &H, set_id: SetId, down: &Down<H>) -> Vec<u8> {
		payload(Kind::Down, genesis, set_id, down)
	}

	/// Whether the authority belongs to the set and signed this.
	pub fn verify<I: Ord, K>(
		&self,
		genesis: &H,
		set: &AuthoritySet<I, K>,
		verifier: &impl Verifier<I, S>,
	) -> Result<(), CertificateError> {
		let member = set.get(self.authority).ok_or(CertificateError::Authority)?;
		let bytes = Self::payload(genesis, set.id(), &self.down);
		if !verifier.verify(&member.id, &bytes, &self.signature) {
			return Err(CertificateError::Signature);
		}
		Ok(())
	}
}

/// Q wishes for a term: whoever sees them enters the attempt to elect its leader.
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
pub struct EntryCertificate<H = BlockHash, S = Signature> {
	/// The set.
	pub set_id: SetId,
	/// The term to elect a leader for. Every wish is for this one or a higher one.
	pub term: Term,
	/// Exactly Q authorities, strictly increasing.
	pub downs: PerAuthority<SignedDown<H, S>>,
}

impl<H: Encode, S> EntryCertificate<H, S> {
	/// Verifies it with the set of its `set_id`.
	pub fn verify<I: Ord, K>(
		&self,
		genesis: &H,
		set: &AuthoritySet<I, K>,
		verifier: &impl Verifier<I, S>,
	) -> Result<(), CertificateError> {
		if self.set_id != set.id() {
			return Err(CertificateError::Set);
		}
		check_signers(set, self.downs.iter().map(|signed| signed.authority))?;
		if self.downs.iter().any(|signed| signed.down.term < self.term) {
			return Err(CertificateError::Support);
		}
		let mut bytes = Vec::with_capacity(self.downs.len());
		for signed in self.downs.iter() {
			let member = set.get(signed.authority).ok_or(CertificateError::Authority)?;
			let payload = SignedDown::<H, S>::payload(genesis, self.set_id, &signed.down);
			bytes.push((&member.id, payload, &signed.signature));
		}
		let items: Vec<_> = bytes
			.iter()
			.map(|(id, bytes, signature)| (*id, &bytes[..], *signature))
			.collect();
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
		Number, Sr25519,
	};
	use schnorrkel::Keypair;

	fn high(number: u64) -> Target {
		Target {
			set_id: SetId(2),
			term: Term(3),
			number: Number(number),
			hash: [number as u8; 32],
		}
	}

	fn ballot(pairs: &[Keypair], voter: u16, candidate: u16, number: u64) -> ElectionBallot {
		let bytes = ElectionBallot::<BlockHash, Signature>::payload(
			&GENESIS,
			SetId(2),
			Term(5),
			at(candidate),
			&high(number),
		);
		let signature = crate::sign(&pairs[usize::from(voter) % 4], &bytes);
		ElectionBallot {
			voter: at(voter),
			high_qc: high(number),
			signature,
		}
	}

	fn certificate(ballots: Vec<ElectionBallot>) -> ElectionCertificate {
		ElectionCertificate {
			set_id: SetId(2),
			term: Term(5),
			leader: at(1),
			ballots: ballots.into_iter().collect(),
		}
	}

	/// Block X is certified, its child Y committed. The leader's own ballot names X under a rank that never was.
	#[test]
	fn an_invented_maximum_hides_nothing() {
		let (_, pairs) = set(2, 4);
		let mut votes = [0, 1, 2].map(|voter| ballot(&pairs, voter, 1, 8));
		let (old, committed) = (high(7), high(8));
		assert!(certificate(votes.to_vec()).allows(&committed));
		assert!(!certificate(votes.to_vec()).allows(&old));
		votes[1].high_qc = Target {
			number: Number(99),
			..old
		};
		let forged = certificate(votes.to_vec());
		assert_eq!(forged.maximum(), Some(&votes[1].high_qc));
		assert!(old.covers(&votes[1].high_qc), "it is the same block");
		assert!(!forged.allows(&old), "the honest voters named its child");
	}

	#[test]
	fn a_leader_has_exactly_q_votes_of_its_set_for_its_term() {
		let (set, pairs) = set(2, 4);
		let check = |certificate: &ElectionCertificate| certificate.verify(&GENESIS, &set, &Sr25519);
		let votes = |voters: &[u16]| {
			certificate(
				voters
					.iter()
					.map(|v| ballot(&pairs, *v, 1, 7 + u64::from(*v)))
					.collect(),
			)
		};
		let good = votes(&[0, 1, 3]);
		assert_eq!(check(&good), Ok(()));
		assert_eq!(good.maximum(), Some(&high(10)));
		assert_eq!(
			ElectionCertificate::decode(&mut &good.encode()[..]),
			Ok(good.clone())
		);

		assert_eq!(check(&votes(&[0, 1])), Err(CertificateError::Quorum));
		assert_eq!(check(&votes(&[0, 1, 2, 3])), Err(CertificateError::Quorum));
		assert_eq!(check(&votes(&[0, 1, 1])), Err(CertificateError::Order));
		assert_eq!(check(&votes(&[0, 1, 4])), Err(CertificateError::Authority));
		assert_eq!(
			check(&ElectionCertificate {
				leader: at(4),
				..good.clone()
			}),
			Err(CertificateError::Authority)
		);
		assert_eq!(
			check(&ElectionCertificate {
				leader: at(2),
				..good.clone()
			}),
			Err(CertificateError::Signature)
		);
		assert_eq!(
			check(&ElectionCertificate {
				term: Term(6),
				..good.clone()
			}),
			Err(CertificateError::Signature)
		);
		assert_eq!(
			check(&ElectionCertificate {
				set_id: SetId(3),
				..good.clone()
			}),
			Err(CertificateError::Set)
		);
		assert_eq!(
			good.verify(&[0; 32], &set, &Sr25519),
			Err(CertificateError::Signature)
		);
		// What a voter has seen is part of its vote: hiding it spoils the signature.
		let mut ballots = good.ballots.to_vec();
		ballots[2].high_qc = high(8);
		assert_eq!(check(&certificate(ballots)), Err(CertificateError::Signature));
	}

	#[test]
	fn a_vote_for_a_leader_is_its_voters() {
		let (set, pairs) = set(2, 4);
		let good = ElectionVote {
			set_id: SetId(2),
			term: Term(5),
			candidate: at(1),
			ballot: ballot(&pairs, 3, 1, 7),
		};
		let check = |vote: &ElectionVote| vote.verify(&GENESIS, &set, &Sr25519);
		assert_eq!(check(&good), Ok(()));
		assert_eq!(
			check(&ElectionVote {
				set_id: SetId(1),
				..good.clone()
			}),
			Err(CertificateError::Set)
		);
		assert_eq!(
			check(&ElectionVote {
				candidate: at(4),
				..good.clone()
			}),
			Err(CertificateError::Authority)
		);
		assert_eq!(
			check(&ElectionVote {
				candidate: at(0),
				..good.clone()
			}),
			Err(CertificateError::Signature)
		);
		let mut other = good.clone();
		other.ballot.voter = at(4);
		assert_eq!(check(&other), Err(CertificateError::Authority));
		other.ballot.voter = at(2);
		assert_eq!(check(&other), Err(CertificateError::Signature));
	}

	fn down(pairs: &[Keypair], authority: u16, term: u64) -> SignedDown {
		let down = Down {
			term: Term(term),
			sequence: 3,
			reason: Reason::Silence,
		};
		let bytes = SignedDown::<BlockHash, Signature>::payload(&GENESIS, SetId(2), &down);
		let signature = crate::sign(&pairs[usize::from(authority) % 4], &bytes);
		SignedDown {
			authority: at(authority),
			down,
			signature,
		}
	}

	fn entry(downs: Vec<SignedDown>) -> EntryCertificate {
		EntryCertificate {
			set_id: SetId(2),
			term: Term(5),
			downs: downs.into_iter().collect(),
		}
	}

	#[test]
	fn a_term_is_entered_on_exactly_q_wishes_for_it_or_higher() {
		let (set, pairs) = set(2, 4);
		let check = |certificate: &EntryCertificate| certificate.verify(&GENESIS, &set, &Sr25519);
		let wishes =
			|of: &[(u16, u64)]| entry(of.iter().map(|(who, term)| down(&pairs, *who, *term)).collect());
		let good = wishes(&[(0, 5), (1, 9), (3, 5)]);
		assert_eq!(check(&good), Ok(()));
		assert_eq!(
			EntryCertificate::decode(&mut &good.encode()[..]),
			Ok(good.clone())
		);
		assert_eq!(check(&wishes(&[(0, 5), (1, 9)])), Err(CertificateError::Quorum));
		assert_eq!(
			check(&wishes(&[(0, 5), (1, 9), (1, 5)])),
			Err(CertificateError::Order)
		);
		assert_eq!(
			check(&wishes(&[(0, 5), (1, 9), (4, 5)])),
			Err(CertificateError::Authority)
		);
		assert_eq!(
			check(&wishes(&[(0, 5), (1, 4), (3, 5)])),
			Err(CertificateError::Support)
		);
		assert_eq!(
			check(&EntryCertificate {
				set_id: SetId(3),
				..good.clone()
			}),
			Err(CertificateError::Set)
		);
		let mut downs = good.downs.to_vec();
		downs[1].down.term = Term(8);
		assert_eq!(check(&entry(downs)), Err(CertificateError::Signature));
		assert_eq!(good.downs[1].verify(&GENESIS, &set, &Sr25519), Ok(()));
		let another = SignedDown {
			authority: at(2),
			..good.downs[1].clone()
		};
		assert_eq!(
			another.verify(&GENESIS, &set, &Sr25519),
			Err(CertificateError::Signature)
		);
		let outside = SignedDown {
			authority: at(4),
			..another
		};
		assert_eq!(
			outside.verify(&GENESIS, &set, &Sr25519),
			Err(CertificateError::Authority)
		);
	}
}

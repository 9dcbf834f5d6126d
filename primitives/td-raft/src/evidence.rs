//! Offences that anybody can verify.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use veilmart_trapdoor::{Context, DealerFault, Dealing};

use crate::{
	AuthorityIndex, AuthoritySet, BlockHash, CertificateError, ElectionVote, SealBody, SetId, Signature,
	Sr25519, Term, Verifier, Vote,
};

/// Two things that an honest authority does not both sign, or a dealing that no honest authority makes.
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
pub enum Evidence<H = BlockHash, S = Signature, F = DealerFaultProof> {
	/// Two blocks sealed at one height of one term.
	Seals {
		/// Who.
		signer: AuthorityIndex,
		/// In which set.
		set_id: SetId,
		/// One of them.
		first: (SealBody<H>, S),
		/// The other.
		second: (SealBody<H>, S),
	},
	/// Two votes of one phase at one height of one term.
	Votes(Vote<H, S>, Vote<H, S>),
	/// Two votes for a leader of one term.
	ElectionVotes(ElectionVote<H, S>, ElectionVote<H, S>),
	/// A dealing whose chameleon key is not the one of its secret.
	DealerFault {
		/// Who dealt: a position in the set that sealed the block with the dealing.
		dealer: AuthorityIndex,
		/// The set that sealed it.
		set_id: SetId,
		/// The proof.
		fault: F,
	},
}

impl<H, S, F> Evidence<H, S, F> {
	/// The offender: its position, and the set in which that is.
	pub fn offender(&self) -> (SetId, AuthorityIndex) {
		match self {
			Self::Seals { signer, set_id, .. } => (*set_id, *signer),
			Self::Votes(vote, _) => (vote.target.set_id, vote.voter),
			Self::ElectionVotes(vote, _) => (vote.set_id, vote.ballot.voter),
			Self::DealerFault { dealer, set_id, .. } => (*set_id, *dealer),
		}
	}
}

/// Why evidence proves nothing. Each check has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceError {
	/// Its statements are of different signers, sets, phases, terms or heights, which may stand together.
	Compatible,
	/// Its statements are one and the same.
	Same,
	/// A statement is not the signer's.
	Statement(CertificateError),
	/// The share keys make no set.
	Keys,
	/// The dealing is not a valid one, and none that a chain accepted.
	Dealing,
	/// The shares do not show the fault.
	Fault,
}

impl core::fmt::Display for EvidenceError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		match self {
			Self::Compatible => f.write_str("the statements may stand together"),
			Self::Same => f.write_str("one statement given twice"),
			Self::Statement(error) => write!(f, "not the signer's statement: {error}"),
			Self::Keys => f.write_str("unacceptable share keys"),
			Self::Dealing => f.write_str("not a valid dealing"),
			Self::Fault => f.write_str("the shares show no fault"),
		}
	}
}

/// A dealer's lie about the chameleon key: the dealing, where it stood, and `t` opened shares.
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
pub struct DealerFaultProof {
	/// The set dealt to.
	pub holders: SetId,
	/// The term of the block with the dealing.
	pub term: Term,
	/// The parent of that block.
	pub parent: BlockHash,
	/// The dealing.
	pub dealing: Dealing,
	/// The shares.
	pub fault: DealerFault,
}

impl<H: Encode + PartialEq, S: PartialEq, F> Evidence<H, S, F> {
	/// Verifies two statements of one signer; `set` is the set of [`Evidence::offender`]. A dealer's fault is verified
	/// by `fault`, which says why it is none.
	pub fn verify<I: Ord, K>(
		&self,
		genesis: &H,
		set: &AuthoritySet<I, K>,
		verifier: &impl Verifier<I, S>,
		fault: impl FnOnce(AuthorityIndex, &F) -> Result<(), EvidenceError>,
	) -> Result<(), EvidenceError> {
		let statement = EvidenceError::Statement;
		match self {
			Self::Seals {
				signer,
				set_id,
				first,
				second,
			} => {
				if (first.0.term, first.0.number) != (second.0.term, second.0.number) {
					return Err(EvidenceError::Compatible);
				}
				if first.0.header == second.0.header {
					return Err(EvidenceError::Same);
				}
				if *set_id != set.id() {
					return Err(statement(CertificateError::Set));
				}
				let member = set.get(*signer).ok_or(statement(CertificateError::Authority))?;
				let payloads = [first, second].map(|(body, _)| body.payload(genesis, *set_id));
				let valid = payloads.iter().zip([&first.1, &second.1]);
				if !valid
					.into_iter()
					.all(|(bytes, signature)| verifier.verify(&member.id, bytes, signature))
				{
					return Err(statement(CertificateError::Signature));
				}
				Ok(())
			}
			Self::Votes(first, second) => {
				let place = |vote: &Vote<H, S>| (vote.voter, vote.phase, vote.target.rank());
				if place(first) != place(second) {
					return Err(EvidenceError::Compatible);
				}
				if first.target.hash == second.target.hash {
					return Err(EvidenceError::Same);
				}
				first.verify(genesis, set, verifier).map_err(statement)?;
				second.verify(genesis, set, verifier).map_err(statement)
			}
			Self::ElectionVotes(first, second) => {
				let place = |vote: &ElectionVote<H, S>| (vote.ballot.voter, vote.set_id, vote.term);
				if place(first) != place(second) {
					return Err(EvidenceError::Compatible);
				}
				if (first.candidate, &first.ballot.high_qc) == (second.candidate, &second.ballot.high_qc) {
					return Err(EvidenceError::Same);
				}
				first.verify(genesis, set, verifier).map_err(statement)?;
				second.verify(genesis, set, verifier).map_err(statement)
			}
			Self::DealerFault {
				dealer,
				set_id,
				fault: proof,
			} => {
				if *set_id != set.id() {
					return Err(statement(CertificateError::Set));
				}
				set.get(*dealer).ok_or(statement(CertificateError::Authority))?;
				fault(*dealer, proof)
			}
		}
	}
}

impl DealerFaultProof {
	/// Verifies the fault of `dealer`. `holders` is the set dealt to. A dealing is not signed by itself, the block that
	/// carries it is: that the chain holds this dealing is for the caller to look up, or anybody could make a faulty one
	/// in another's name.
	pub fn verify(
		&self,
		genesis: &BlockHash,
		dealer: AuthorityIndex,
		holders: &AuthoritySet,
	) -> Result<(), EvidenceError> {
		if self.holders != holders.id() {
			return Err(EvidenceError::Statement(CertificateError::Set));
		}
		let keys = holders.share_keys().map_err(|_| EvidenceError::Keys)?;
		let context = Context {
			genesis: *genesis,
			set_id: self.holders.0,
			term: self.term.0,
			dealer: dealer.0,
			parent: self.parent,
		};
		let dealing = self
			.dealing
			.verify(&context, &keys)
			.map_err(|_| EvidenceError::Dealing)?;
		dealing
			.verify_fault(&self.fault)
			.map_err(|_| EvidenceError::Fault)
	}
}

impl Evidence {
	/// Verifies evidence of the chain: `set` is the offender's, `holders` for a dealer's fault the set dealt to.
	pub fn verify_on_chain(
		&self,
		genesis: &BlockHash,
		set: &AuthoritySet,
		holders: &AuthoritySet,
	) -> Result<(), EvidenceError> {
		self.verify(genesis, set, &Sr25519, |dealer, fault| {
			fault.verify(genesis, dealer, holders)
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		sign,
		test_set::{at, set, GENESIS},
		AuthorityId, ElectionBallot, Number, Phase, Target,
	};
	use schnorrkel::Keypair;

	type Real = Evidence;

	fn check(evidence: &Real, set: &AuthoritySet) -> Result<(), EvidenceError> {
		evidence.verify_on_chain(&GENESIS, set, set)
	}

	fn seal(keys: &Keypair, term: u64, number: u64, header: u8) -> (SealBody, Signature) {
		let body = SealBody {
			term: Term(term),
			number: Number(number),
			header: [header; 32],
		};
		(body, sign(keys, &body.payload(&GENESIS, SetId(2))))
	}

	fn vote(keys: &Keypair, phase: Phase, term: u64, hash: u8) -> Vote {
		let target = Target {
			set_id: SetId(2),
			term: Term(term),
			number: Number(9),
			hash: [hash; 32],
		};
		let signature = sign(
			keys,
			&Vote::<BlockHash, Signature>::payload(&GENESIS, phase, &target),
		);
		Vote {
			phase,
			target,
			voter: at(1),
			signature,
		}
	}

	fn election_vote(keys: &Keypair, term: u64, candidate: u16, high: u64) -> ElectionVote {
		let high_qc = Target {
			set_id: SetId(2),
			term: Term(1),
			number: Number(high),
			hash: [0; 32],
		};
		let bytes = ElectionBallot::<BlockHash, Signature>::payload(
			&GENESIS,
			SetId(2),
			Term(term),
			at(candidate),
			&high_qc,
		);
		let ballot = ElectionBallot {
			voter: at(1),
			high_qc,
			signature: sign(keys, &bytes),
		};
		ElectionVote {
			set_id: SetId(2),
			term: Term(term),
			candidate: at(candidate),
			ballot,
		}
	}

	#[test]
	fn two_seals_at_one_height_of_one_term() {
		let (set, pairs) = set(2, 4);
		let with = |first, second| Real::Seals {
			signer: at(1),
			set_id: SetId(2),
			first,
			second,
		};
		let good = with(seal(&pairs[1], 5, 9, 1), seal(&pairs[1], 5, 9, 2));
		assert_eq!(check(&good, &set), Ok(()));
		assert_eq!(good.offender(), (SetId(2), at(1)));
		let other_height = with(seal(&pairs[1], 5, 9, 1), seal(&pairs[1], 5, 8, 2));
		assert_eq!(check(&other_height, &set), Err(EvidenceError::Compatible));
		let other_term = with(seal(&pairs[1], 5, 9, 1), seal(&pairs[1], 6, 9, 2));
		assert_eq!(check(&other_term, &set), Err(EvidenceError::Compatible));
		let twice = with(seal(&pairs[1], 5, 9, 1), seal(&pairs[1], 5, 9, 1));
		assert_eq!(check(&twice, &set), Err(EvidenceError::Same));
		let refused = |error| Err(EvidenceError::Statement(error));
		for forged in [
			with(seal(&pairs[1], 5, 9, 1), seal(&pairs[2], 5, 9, 2)),
			with(seal(&pairs[2], 5, 9, 1), seal(&pairs[1], 5, 9, 2)),
		] {
			assert_eq!(check(&forged, &set), refused(CertificateError::Signature));
		}
		assert_eq!(
			check(&good, &crate::test_set::set(3, 4).0),
			refused(CertificateError::Set)
		);
		let Real::Seals {
			first,
			second,
			set_id,
			..
		} = good
		else {
			unreachable!()
		};
		let outside = Real::Seals {
			signer: at(4),
			set_id,
			first,
			second,
		};
		assert_eq!(check(&outside, &set), refused(CertificateError::Authority));
	}

	#[test]
	fn two_votes_of_one_phase_at_one_height_of_one_term() {
		let (set, pairs) = set(2, 4);
		let prepare = |term, hash| vote(&pairs[1], Phase::Prepare, term, hash);
		assert_eq!(check(&Real::Votes(prepare(5, 1), prepare(5, 2)), &set), Ok(()));
		assert_eq!(
			check(&Real::Votes(prepare(5, 1), prepare(5, 1)), &set),
			Err(EvidenceError::Same)
		);
		assert_eq!(
			check(&Real::Votes(prepare(5, 1), prepare(6, 2)), &set),
			Err(EvidenceError::Compatible)
		);
		let commit = vote(&pairs[1], Phase::Commit, 5, 2);
		assert_eq!(
			check(&Real::Votes(prepare(5, 1), commit), &set),
			Err(EvidenceError::Compatible)
		);
		let another = Vote {
			voter: at(2),
			..vote(&pairs[2], Phase::Prepare, 5, 2)
		};
		assert_eq!(
			check(&Real::Votes(prepare(5, 1), another), &set),
			Err(EvidenceError::Compatible)
		);
		for forged in [
			Real::Votes(prepare(5, 1), vote(&pairs[2], Phase::Prepare, 5, 2)),
			Real::Votes(vote(&pairs[2], Phase::Prepare, 5, 2), prepare(5, 1)),
		] {
			assert_eq!(
				check(&forged, &set),
				Err(EvidenceError::Statement(CertificateError::Signature))
			);
		}
	}

	#[test]
	fn two_votes_for_a_leader_of_one_term() {
		let (set, pairs) = set(2, 4);
		let for_leader = |term, candidate, high| election_vote(&pairs[1], term, candidate, high);
		assert_eq!(
			check(
				&Real::ElectionVotes(for_leader(5, 0, 7), for_leader(5, 2, 7)),
				&set
			),
			Ok(())
		);
		let two_tales = Real::ElectionVotes(for_leader(5, 0, 7), for_leader(5, 0, 8));
		assert_eq!(
			check(&two_tales, &set),
			Ok(()),
			"one candidate, told of two certificates"
		);
		let twice = Real::ElectionVotes(for_leader(5, 0, 7), for_leader(5, 0, 7));
		assert_eq!(check(&twice, &set), Err(EvidenceError::Same));
		let terms = Real::ElectionVotes(for_leader(5, 0, 7), for_leader(6, 2, 7));
		assert_eq!(check(&terms, &set), Err(EvidenceError::Compatible));
		for forged in [
			Real::ElectionVotes(for_leader(5, 0, 7), election_vote(&pairs[2], 5, 2, 7)),
			Real::ElectionVotes(election_vote(&pairs[2], 5, 2, 7), for_leader(5, 0, 7)),
		] {
			assert_eq!(
				check(&forged, &set),
				Err(EvidenceError::Statement(CertificateError::Signature))
			);
		}
	}

	#[test]
	fn a_dealers_fault_is_the_dealers_of_its_set() {
		let (set, _) = set(2, 4);
		type Symbolic = Evidence<BlockHash, Signature, bool>;
		let with = |dealer, set_id, fault| Symbolic::DealerFault {
			dealer: at(dealer),
			set_id: SetId(set_id),
			fault,
		};
		let check = |evidence: Symbolic| {
			evidence.verify::<AuthorityId, _>(&GENESIS, &set, &Sr25519, |_, fault| {
				fault.then_some(()).ok_or(EvidenceError::Fault)
			})
		};
		assert_eq!(check(with(1, 2, true)), Ok(()));
		assert_eq!(check(with(1, 2, false)), Err(EvidenceError::Fault));
		assert_eq!(
			check(with(4, 2, true)),
			Err(EvidenceError::Statement(CertificateError::Authority))
		);
		assert_eq!(
			check(with(1, 3, true)),
			Err(EvidenceError::Statement(CertificateError::Set))
		);
	}
}

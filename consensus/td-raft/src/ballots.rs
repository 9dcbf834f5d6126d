//! Votes for a leader: section 4, steps 5 and 6.

use veilmart_td_raft::{AuthorityIndex, ElectionCertificate, Evidence as AnyEvidence};

use crate::{
	core::Core,
	crypto::{Candidacy, Certificate, Crypto, Dealt, ElectionVote, Evidence, Qc, Scheme},
	election::Election,
	message::{RequestVote, Signed, TrapdoorProof},
	mutants::mutated,
	safety::Signer,
	timers::Timer,
};

impl<C: Crypto> Core<C> {
	/// Looks at a candidate's proof, and begins to wait for a better candidate.
	pub(crate) fn consider(
		&mut self,
		signed: &Signed<RequestVote<C::Scheme>, C::Scheme>,
		dealt: &Dealt<C::Scheme>,
		fraction: u64,
	) {
		let set = self.chain.anchor().set.clone();
		let body = &signed.body;
		let candidacy = Candidacy {
			term: body.term,
			candidate: signed.signer,
			high_qc: body.high_qc.target,
		};
		let valid = match &body.proof {
			TrapdoorProof::Collision(collision) => {
				self.crypto.verify_collision(&set, dealt, &candidacy, collision)
			}
			TrapdoorProof::Fault(fault) => self.crypto.verify_fault(&set, dealt, fault),
		};
		if !valid {
			return;
		}
		self.election.opened = Some(dealt.block);
		match &body.proof {
			TrapdoorProof::Collision(collision) => self.crypto.learn(&set, dealt, &candidacy, collision),
			// The dealing in genesis is its author's, who is no authority.
			TrapdoorProof::Fault(_) if dealt.place.parent.is_none() => {}
			TrapdoorProof::Fault(fault) => {
				let evidence: Evidence<C::Scheme> = AnyEvidence::DealerFault {
					dealer: dealt.place.dealer,
					set_id: dealt.sealed_in,
					fault: fault.clone(),
				};
				self.report(evidence);
			}
		}
		let Some(attempt) = &mut self.election.attempt else {
			return;
		};
		attempt.valid.insert(signed.signer, fraction);
		if attempt.valid.len() == 1 {
			let delay = u64::from(self.config.timing.vote_delay);
			self.timers.set(Timer::Vote, self.now.saturating_add(delay));
		}
	}

	/// Votes for the best candidate.
	pub(crate) fn elect(&mut self) {
		let Some(me) = self.index() else { return };
		let Some(attempt) = &self.election.attempt else {
			return;
		};
		let best = attempt
			.valid
			.iter()
			.min_by_key(|(who, fraction)| (**fraction, **who));
		let (Some((candidate, _)), term) = (best, attempt.term) else {
			return;
		};
		let candidate = *candidate;
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		let Ok(unsaved) = self.safety.elect(&signer, term, candidate) else {
			return;
		};
		let saved = self.outbox.save(unsaved, &mut self.safety, None);
		self.promise_to(candidate, &saved);
		if mutated!(self.config.mutants, TwoElectionVotes) {
			let second = attempt_second(&self.election, candidate);
			let signer = Signer {
				crypto: &self.crypto,
				genesis: &self.config.genesis,
				me,
			};
			if let Some((second, Ok(unsaved))) =
				second.map(|who| (who, self.safety.elect(&signer, term, who)))
			{
				let saved = self.outbox.save(unsaved, &mut self.safety, None);
				self.promise_to(second, &saved);
			}
		}
		self.election.vote = Some((candidate, saved));
		self.leading = None;
		self.reset_patience();
	}

	/// A vote has come.
	pub(crate) fn on_election_vote(&mut self, vote: ElectionVote<C::Scheme>, high_qc: &Qc<C::Scheme>) {
		let Some(me) = self.index() else { return };
		let Some(candidate) = self.candidate() else { return };
		let repeated = candidate.votes.get(&vote.ballot.voter) == Some(&vote);
		if candidate.stands.is_none()
			|| repeated
			|| vote.candidate != me
			|| Some(vote.term) != self.attempt_term()
			|| vote.ballot.high_qc != high_qc.target
			|| vote
				.verify(&self.config.genesis, self.set(), &self.crypto)
				.is_err()
		{
			return;
		}
		let forgotten = mutated!(self.config.mutants, VotersQcForgotten);
		if !forgotten && !self.on_qc(high_qc) {
			return;
		}
		let quorum = usize::from(self.set().quorum());
		let set_id = self.set().id();
		let Some(candidate) = self.candidate() else { return };
		if let Some(other) = candidate.votes.get(&vote.ballot.voter) {
			if other.ballot.high_qc != vote.ballot.high_qc {
				let evidence = AnyEvidence::ElectionVotes(other.clone(), vote);
				self.report(evidence);
			}
			return;
		}
		let term = vote.term;
		candidate.votes.insert(vote.ballot.voter, vote);
		if candidate.votes.len() < quorum {
			return;
		}
		let ballots = candidate
			.votes
			.values()
			.take(quorum)
			.map(|vote| vote.ballot.clone())
			.collect();
		self.adopt(&ElectionCertificate {
			set_id,
			term,
			leader: me,
			ballots,
		});
	}

	/// Looks in a certificate for those who voted for this authority, too.
	pub(crate) fn report_double_voters(&mut self, certificate: &Certificate<C::Scheme>) {
		let Some(attempt) = self
			.election
			.attempt
			.as_ref()
			.filter(|attempt| attempt.term == certificate.term)
		else {
			return;
		};
		let Some(candidate) = &attempt.candidate else {
			return;
		};
		let mut found = Vec::new();
		for ballot in certificate.ballots.iter() {
			let Some(own) = candidate.votes.get(&ballot.voter) else {
				continue;
			};
			let other = ElectionVote::<C::Scheme> {
				set_id: certificate.set_id,
				term: certificate.term,
				candidate: certificate.leader,
				ballot: ballot.clone(),
			};
			if (own.candidate, own.ballot.high_qc) != (other.candidate, other.ballot.high_qc) {
				found.push(AnyEvidence::ElectionVotes(own.clone(), other));
			}
		}
		for evidence in found {
			self.report(evidence);
		}
	}

	/// The vote given before a restart is repeated after it.
	pub(crate) fn recall_vote(&mut self) {
		let Some(me) = self.index() else { return };
		let durable = self.safety.durable();
		let Some((vote, _)) = durable.election_vote.clone() else {
			return;
		};
		if vote.term != durable.current_term || durable.mandate.is_some() || self.election.vote.is_some() {
			return;
		}
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		if let Ok(unsaved) = self.safety.elect(&signer, vote.term, vote.candidate) {
			let saved = self.outbox.save(unsaved, &mut self.safety, None);
			self.election.vote = Some((vote.candidate, saved));
		}
	}
}

/// Another candidate that might be voted for.
fn attempt_second<S: Scheme>(election: &Election<S>, first: AuthorityIndex) -> Option<AuthorityIndex> {
	let attempt = election.attempt.as_ref()?;
	attempt.valid.keys().copied().find(|who| *who != first)
}

//! The voting rules, on one page.
//!
//! Everything that an authority signs and is bound by is signed here, over a state ([`Durable`]) that is written to the
//! log before the signature leaves. A rule that refuses says which it is ([`Refusal`]). Nothing here depends on time,
//! lots or trapdoors; those decide who may ask, and when.

use codec::{Decode, Encode};
use std::sync::Arc;
use veilmart_td_raft::{
	payload, AuthorityIndex, Down, ElectionBallot, Number, Phase, Reason, SetId, Target, Term,
};

use crate::{
	block::Block,
	crypto::{Certificate, Crypto, ElectionVote, Hashed, Qc, Scheme, SignedDown, Vote},
	log::Unsaved,
	message::{Body, Heartbeat, Promise, Reconfirm, RequestShares, RequestVote, Signed},
	mutants::{self, mutated, Mutants},
};

/// How far a leader may be ahead of what is final, in blocks.
pub const WINDOW: u64 = 16;

/// Why somebody leads the current term.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Mandate<S: Scheme> {
	/// By election.
	Elected(Certificate<S>),
	/// It sealed the block that closed the last set in this term, and belongs to this set, too.
	Continued(AuthorityIndex),
	/// It is the only authority.
	Alone,
}

impl<S: Scheme> Mandate<S> {
	/// Who leads.
	pub fn leader(&self) -> AuthorityIndex {
		match self {
			Self::Elected(certificate) => certificate.leader,
			Self::Continued(leader) => *leader,
			Self::Alone => AuthorityIndex(0),
		}
	}

	/// Whether the term's first block may build on the block of this certificate.
	fn allows(&self, mutants: &Mutants, certified: &Target<S::BlockHash>) -> bool {
		match self {
			Self::Elected(certificate) => mutants::allows::<S>(mutants, certificate, certified),
			Self::Continued(_) | Self::Alone => true,
		}
	}
}

/// What an authority is bound by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Durable<S: Scheme> {
	/// How often the authority was started: sequence numbers grow over restarts.
	pub starts: u64,
	/// The set. `(set_id, current_term)`, compared in this order, never falls.
	pub set_id: SetId,
	/// The term. Nothing of a lower one is signed.
	pub current_term: Term,
	/// Who leads it, if that is known.
	pub mandate: Option<Mandate<S>>,
	/// The highest attempt entered.
	pub attempt: Term,
	/// The highest term wished for.
	pub highest_down: Term,
	/// The last election vote in this set, with the certificate that it names.
	pub election_vote: Option<(ElectionVote<S>, Qc<S>)>,
	/// What was last prepared in this set.
	pub prepared: Option<Target<S::BlockHash>>,
	/// The last own block in this set.
	pub proposed: Option<Target<S::BlockHash>>,
	/// The highest certificate seen. It never falls.
	pub high_qc: Qc<S>,
}

impl<S: Scheme> Durable<S> {
	/// Before anything.
	pub fn genesis(genesis: S::BlockHash) -> Self {
		Self {
			starts: 0,
			set_id: SetId(0),
			current_term: Term(0),
			mandate: None,
			attempt: Term(0),
			highest_down: Term(0),
			election_vote: None,
			prepared: None,
			proposed: None,
			high_qc: Qc::<S>::genesis(genesis),
		}
	}

	/// What is left when the term is not written.
	pub(crate) fn forget_term(&mut self) {
		self.current_term = Term(0);
		self.mandate = None;
		self.election_vote = None;
	}
}

/// Which rule forbids it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
	/// It is not of the current set and term, or not of a higher term.
	Term,
	/// The leader of the term is not known.
	NoLeader,
	/// It does not come from the leader, or one is not the leader.
	NotLeader,
	/// Something of this term was prepared that excludes it.
	Prepared,
	/// It does not build on the election certificate's maximum.
	Maximum,
	/// Its parent is not the block before it of the same term, with its certificate.
	Parent,
	/// It is too far ahead of what is final.
	Window,
	/// Another leader was voted for in this term.
	Voted,
	/// It is no closing block, or the certificate is not its.
	NotClosing,
	/// It is not the attempt that the authority is in.
	Attempt,
}

/// An own block with the vote for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proposed<S: Scheme> {
	pub(crate) block: Arc<Block<S>>,
	pub(crate) vote: Promise<S>,
}

/// That a voting rule was asked. Only this module has it.
pub(crate) struct Rule(());

/// Who signs.
pub(crate) struct Signer<'a, C: Crypto> {
	pub crypto: &'a C,
	pub genesis: &'a Hashed<C::Scheme>,
	pub me: AuthorityIndex,
}

/// The rules and what they are bound by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Safety<S: Scheme> {
	durable: Durable<S>,
	changed: bool,
	/// Sequence numbers given since the start.
	given: u32,
	mutants: Mutants,
}

impl<S: Scheme> Safety<S> {
	/// Goes on from what was written.
	pub(crate) fn restore(mut durable: Durable<S>, mutants: Mutants) -> Self {
		durable.starts = durable.starts.saturating_add(1);
		Self {
			durable,
			changed: true,
			given: 0,
			mutants,
		}
	}

	/// What the authority is bound by.
	pub fn durable(&self) -> &Durable<S> {
		&self.durable
	}

	/// Whether the state has changed since this was last asked.
	pub(crate) fn take_changed(&mut self) -> bool {
		std::mem::take(&mut self.changed)
	}

	fn change(&mut self) -> &mut Durable<S> {
		self.changed = true;
		&mut self.durable
	}

	/// A number higher than all before, also before a restart.
	pub(crate) fn sequence(&mut self) -> u64 {
		self.given = self.given.saturating_add(1);
		self.durable.starts << 32 | u64::from(self.given)
	}

	// Rule 4: `high_qc` is the maximum over every valid certificate seen.
	/// Takes note of a verified certificate, of any phase and term. Of two for one block the commit certificate is kept:
	/// nobody but those who hold it can show why the set changed, until a block of the next set carries it.
	pub(crate) fn observe(&mut self, qc: &Qc<S>) {
		let high = &self.durable.high_qc;
		let commits = qc.target == high.target && qc.phase == Phase::Commit && high.phase == Phase::Prepare;
		if qc.rank() > high.rank() || commits || mutated!(self.mutants, LockFalls) {
			self.change().high_qc = qc.clone();
		}
	}

	/// The mandate of the current term, if this is the current set and term.
	fn mandate(&self, set_id: SetId, term: Term) -> Result<&Mandate<S>, Refusal> {
		if (set_id, term) != (self.durable.set_id, self.durable.current_term) {
			return Err(Refusal::Term);
		}
		self.durable.mandate.as_ref().ok_or(Refusal::NoLeader)
	}

	/// Whether something was prepared in the current term.
	fn prepared_in_term(&self) -> bool {
		self.durable
			.prepared
			.is_some_and(|target| target.term == self.durable.current_term)
	}

	// Rule 2.
	/// The prepare vote for an imported block. `first` is the height of the first block of its term, `finalized` what
	/// is final after the header's commit certificate was processed.
	pub(crate) fn prepare<C: Crypto<Scheme = S>>(
		&mut self,
		signer: &Signer<C>,
		block: &Block<S>,
		parent: &Block<S>,
		first: Number,
		finalized: Number,
	) -> Result<Unsaved<Promise<S>>, Refusal> {
		self.may_prepare(block, parent, first, finalized)?;
		let target = block.target();
		if self.durable.prepared != Some(target) {
			self.change().prepared = Some(target);
		}
		Ok(self.sign_vote(signer, Phase::Prepare, target))
	}

	/// Whether [`Self::prepare`] gives its vote.
	pub(crate) fn may_prepare(
		&self,
		block: &Block<S>,
		parent: &Block<S>,
		first: Number,
		finalized: Number,
	) -> Result<(), Refusal> {
		let mandate = self.mandate(block.set_id(), block.term())?;
		if block.digest.sealer != mandate.leader() {
			return Err(Refusal::NotLeader);
		}
		// Asked again, the authority repeats the same vote.
		if self.durable.prepared == Some(block.target()) {
			return Ok(());
		}
		if parent.child_is_first(block.set_id(), block.term()) {
			if self.prepared_in_term() && !mutated!(self.mutants, TwoFirstBlocks) {
				return Err(Refusal::Prepared);
			}
			if !mandate.allows(&self.mutants, &block.digest.parent_qc.target) {
				return Err(Refusal::Maximum);
			}
		} else {
			if parent.term() != block.term()
				|| parent.number.next() != block.number
				|| !parent.is_certified_by(&block.digest.parent_qc)
			{
				return Err(Refusal::Parent);
			}
			let last = self.durable.prepared.map(|target| (target.term, target.number));
			if last >= Some((block.term(), block.number)) && !mutated!(self.mutants, TwoBlocksAtOneHeight) {
				return Err(Refusal::Prepared);
			}
		}
		let from = finalized.0.max(first.0.saturating_sub(1));
		if block.number.0.saturating_sub(from) > WINDOW {
			return Err(Refusal::Window);
		}
		Ok(())
	}

	/// The own block, sealed, with the vote for it: both go to the log before the proposal leaves.
	pub(crate) fn propose<C: Crypto<Scheme = S>>(
		&mut self,
		signer: &Signer<C>,
		block: &Arc<Block<S>>,
		parent: &Block<S>,
		first: Number,
		finalized: Number,
	) -> Result<Unsaved<Proposed<S>>, Refusal> {
		if block.digest.sealer != signer.me {
			return Err(Refusal::NotLeader);
		}
		let vote = self.prepare(signer, block, parent, first, finalized)?;
		if self.durable.proposed != Some(block.target()) {
			self.change().proposed = Some(block.target());
		}
		Ok(vote.map(|vote| Proposed {
			block: block.clone(),
			vote,
		}))
	}

	// Rule 3.
	/// The commit vote on a verified certificate of the current term.
	pub(crate) fn commit<C: Crypto<Scheme = S>>(
		&mut self,
		signer: &Signer<C>,
		qc: &Qc<S>,
	) -> Result<Unsaved<Promise<S>>, Refusal> {
		let target = qc.target;
		let current = (target.set_id, target.term) == (self.durable.set_id, self.durable.current_term);
		let old = target.set_id == self.durable.set_id && target.term < self.durable.current_term;
		if !(current || old && mutated!(self.mutants, CommitInOldTerm)) {
			return Err(Refusal::Term);
		}
		self.observe(qc);
		Ok(self.sign_vote(signer, Phase::Commit, target))
	}

	/// The vote for a closing block in the current term, asked for by its leader with the block's verified certificate.
	/// The window does not apply.
	pub(crate) fn reconfirm<C: Crypto<Scheme = S>>(
		&mut self,
		signer: &Signer<C>,
		term: Term,
		block: &Block<S>,
		qc: Option<&Qc<S>>,
	) -> Result<Unsaved<Promise<S>>, Refusal> {
		let mandate = self.mandate(block.set_id(), term)?;
		let certified =
			qc.is_some_and(|qc| block.is_certified_by(qc)) || mutated!(self.mutants, ReconfirmWithoutQc);
		if !block.is_closing() || !certified || block.term() >= term {
			return Err(Refusal::NotClosing);
		}
		let allowed = qc.is_some_and(|qc| mandate.allows(&self.mutants, &qc.target));
		if !allowed && !mutated!(self.mutants, ReconfirmWithoutQc) {
			return Err(Refusal::Maximum);
		}
		let target = Target {
			term,
			..block.target()
		};
		if self.durable.prepared != Some(target) {
			if self.prepared_in_term() {
				return Err(Refusal::Prepared);
			}
			if !mutated!(self.mutants, ReconfirmNotCounted) {
				self.change().prepared = Some(target);
			}
		}
		Ok(self.sign_vote(signer, Phase::Prepare, target))
	}

	// Section 4, step 5.
	/// The vote for a leader of a term higher than the current one. From now on nothing of a lower term is signed.
	pub(crate) fn elect<C: Crypto<Scheme = S>>(
		&mut self,
		signer: &Signer<C>,
		term: Term,
		candidate: AuthorityIndex,
	) -> Result<Unsaved<Promise<S>>, Refusal> {
		if let Some((vote, high_qc)) = self
			.durable
			.election_vote
			.as_ref()
			.filter(|(vote, _)| vote.term == term)
		{
			if vote.candidate == candidate {
				return Ok(Unsaved::new(
					Rule(()),
					Promise::ElectionVote(vote.clone(), high_qc.clone()),
				));
			}
			if !mutated!(self.mutants, TwoElectionVotes) {
				return Err(Refusal::Voted);
			}
		} else if term <= self.durable.current_term {
			return Err(Refusal::Term);
		}
		let (set_id, high_qc) = (self.durable.set_id, self.durable.high_qc.clone());
		let bytes = ElectionBallot::<S::BlockHash, S::Signature>::payload(
			signer.genesis,
			set_id,
			term,
			candidate,
			&high_qc.target,
		);
		let ballot = ElectionBallot {
			voter: signer.me,
			high_qc: high_qc.target,
			signature: signer.crypto.sign(&bytes),
		};
		let vote = ElectionVote::<S> {
			set_id,
			term,
			candidate,
			ballot,
		};
		let durable = self.change();
		durable.current_term = term;
		durable.mandate = None;
		durable.election_vote = Some((vote.clone(), high_qc.clone()));
		Ok(Unsaved::new(Rule(()), Promise::ElectionVote(vote, high_qc)))
	}

	// Section 4, step 6.
	/// Follows the leader of a verified certificate. In this term the authority gives no election vote.
	pub(crate) fn adopt(&mut self, certificate: &Certificate<S>) -> Result<(), Refusal> {
		let durable = &self.durable;
		let known = certificate.term == durable.current_term && durable.mandate.is_some();
		if certificate.set_id != durable.set_id || certificate.term < durable.current_term || known {
			return Err(Refusal::Term);
		}
		let durable = self.change();
		durable.current_term = certificate.term;
		durable.mandate = Some(Mandate::Elected(certificate.clone()));
		Ok(())
	}

	/// Leads the next term as the only authority of the set.
	pub(crate) fn lead_alone(&mut self) {
		let durable = self.change();
		durable.current_term = durable.current_term.next();
		durable.mandate = Some(Mandate::Alone);
	}

	/// Enters an attempt. None is entered twice.
	pub(crate) fn enter(&mut self, term: Term) -> Result<(), Refusal> {
		if term <= self.durable.attempt || term <= self.durable.current_term {
			return Err(Refusal::Attempt);
		}
		self.change().attempt = term;
		Ok(())
	}

	/// A wish for a term; 0 withdraws the last.
	pub(crate) fn wish<C: Crypto<Scheme = S>>(
		&mut self,
		signer: &Signer<C>,
		term: Term,
		reason: Reason<S::BlockHash>,
		transaction: Option<S::Transaction>,
	) -> Unsaved<Promise<S>> {
		if term > self.durable.highest_down {
			self.change().highest_down = term;
		}
		let down = Down {
			term,
			sequence: self.sequence(),
			reason,
		};
		let bytes = SignedDown::<S>::payload(signer.genesis, self.durable.set_id, &down);
		let signed = SignedDown::<S> {
			authority: signer.me,
			down,
			signature: signer.crypto.sign(&bytes),
		};
		Unsaved::new(Rule(()), Promise::Down(signed, transaction))
	}

	/// After the closing block `closing` is final by `qc`: the next set, in the closing block's term, nothing voted,
	/// nothing prepared. `leader` is the closing block's sealer, if it belongs to the next set.
	pub(crate) fn enter_set(&mut self, closing: &Block<S>, qc: &Qc<S>, leader: Option<AuthorityIndex>) {
		if self.durable.set_id >= closing.child_set_id() {
			return;
		}
		self.observe(qc);
		let elected_by_old = self.durable.mandate.clone().filter(|mandate| {
			mutated!(self.mutants, OldCertificateLeads)
				&& self.durable.current_term > closing.term()
				&& matches!(mandate, Mandate::Elected(_))
		});
		let durable = self.change();
		durable.set_id = closing.child_set_id();
		if elected_by_old.is_none() {
			durable.current_term = closing.term();
			durable.mandate = leader.map(Mandate::Continued);
		}
		durable.attempt = durable.current_term;
		durable.highest_down = Term(0);
		durable.election_vote = None;
		durable.prepared = None;
		durable.proposed = None;
	}

	/// A leader's sign of life.
	pub(crate) fn heartbeat<C: Crypto<Scheme = S>>(
		&self,
		signer: &Signer<C>,
		body: Heartbeat<S>,
	) -> Result<Unsaved<Promise<S>>, Refusal> {
		self.as_leader(signer, body.term)?;
		Ok(Unsaved::new(
			Rule(()),
			Promise::Heartbeat(self.sign(signer, body)),
		))
	}

	/// A leader's request to reconfirm.
	pub(crate) fn request_reconfirm<C: Crypto<Scheme = S>>(
		&self,
		signer: &Signer<C>,
		body: Reconfirm<S>,
	) -> Result<Unsaved<Promise<S>>, Refusal> {
		self.as_leader(signer, body.certificate.term)?;
		Ok(Unsaved::new(
			Rule(()),
			Promise::Reconfirm(self.sign(signer, body)),
		))
	}

	/// A candidate's request for shares.
	pub(crate) fn request_shares<C: Crypto<Scheme = S>>(
		&self,
		signer: &Signer<C>,
		body: RequestShares<S>,
	) -> Result<Unsaved<Promise<S>>, Refusal> {
		self.as_candidate(body.term)?;
		Ok(Unsaved::new(
			Rule(()),
			Promise::RequestShares(self.sign(signer, body)),
		))
	}

	/// A candidate's request for votes.
	pub(crate) fn request_vote<C: Crypto<Scheme = S>>(
		&self,
		signer: &Signer<C>,
		body: RequestVote<S>,
	) -> Result<Unsaved<Promise<S>>, Refusal> {
		self.as_candidate(body.term)?;
		Ok(Unsaved::new(
			Rule(()),
			Promise::RequestVote(self.sign(signer, body)),
		))
	}

	fn as_leader<C: Crypto<Scheme = S>>(&self, signer: &Signer<C>, term: Term) -> Result<(), Refusal> {
		let mandate = self.mandate(self.durable.set_id, term)?;
		if mandate.leader() == signer.me {
			Ok(())
		} else {
			Err(Refusal::NotLeader)
		}
	}

	fn as_candidate(&self, term: Term) -> Result<(), Refusal> {
		if term == self.durable.attempt && term >= self.durable.current_term {
			Ok(())
		} else {
			Err(Refusal::Attempt)
		}
	}

	fn sign_vote<C: Crypto<Scheme = S>>(
		&self,
		signer: &Signer<C>,
		phase: Phase,
		target: Target<S::BlockHash>,
	) -> Unsaved<Promise<S>> {
		let bytes = Vote::<S>::payload(signer.genesis, phase, &target);
		let signature = signer.crypto.sign(&bytes);
		Unsaved::new(
			Rule(()),
			Promise::Vote(Vote::<S> {
				phase,
				target,
				voter: signer.me,
				signature,
			}),
		)
	}

	fn sign<C: Crypto<Scheme = S>, B: Body>(&self, signer: &Signer<C>, body: B) -> Signed<B, S> {
		sign_body(signer, self.durable.set_id, body)
	}
}

/// Signs what binds nobody, for others than promises.
pub(crate) fn sign_body<C: Crypto, B: Body>(
	signer: &Signer<C>,
	set_id: SetId,
	body: B,
) -> Signed<B, C::Scheme> {
	let bytes = payload(B::KIND, signer.genesis, set_id, &body);
	Signed {
		set_id,
		signer: signer.me,
		signature: signer.crypto.sign(&bytes),
		body,
	}
}

#[cfg(test)]
mod tests;

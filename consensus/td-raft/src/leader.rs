//! Leading: building on the highest certificate, collecting votes, signs of life.

use std::{collections::BTreeMap, sync::Arc};
use veilmart_td_raft::{
	AuthorityIndex, ElectionDigest, Evidence as AnyEvidence, HeaderDigest, Number, Phase, Target,
};

use crate::{
	block::Block,
	core::Core,
	crypto::{Certificate, Crypto, Place, Qc, Scheme, Vote},
	io::{Build, Instant, To},
	log::{Free, Saved},
	message::{Heartbeat, Notice, Reconfirm, Signed},
	mutants::mutated,
	safety::{Proposed, Signer, WINDOW},
	timers::Timer,
};

/// What a candidate was elected with, and its first block has to show.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoodWith<S: Scheme> {
	pub vrf: S::Vrf,
	pub dealing: S::BlockHash,
}

/// Votes of one phase at one height, by voter.
type Ballots<S> = BTreeMap<AuthorityIndex, Vote<S>>;

/// A leader's state in its term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leading<S: Scheme> {
	/// Of the first block, unless it goes on from the last set or is alone.
	election: Option<(Certificate<S>, StoodWith<S>)>,
	/// What was asked for.
	building: Option<Build<S>>,
	/// The last block of this term.
	tip: Option<Target<S::BlockHash>>,
	/// The same with its vote, unless it is from before a restart.
	proposal: Option<Saved<Proposed<S>>>,
	/// When it was made.
	built_at: Instant,
	/// Votes for blocks above the final ones.
	votes: BTreeMap<(Number, Phase), Ballots<S>>,
	/// The closing block to be certified again.
	reconfirming: Option<Target<S::BlockHash>>,
}

impl<S: Scheme> Leading<S> {
	pub(crate) fn new(election: Option<(Certificate<S>, StoodWith<S>)>, now: Instant) -> Self {
		Self {
			election,
			building: None,
			tip: None,
			proposal: None,
			built_at: now,
			votes: BTreeMap::new(),
			reconfirming: None,
		}
	}

	pub(crate) fn resumed(tip: Target<S::BlockHash>, now: Instant) -> Self {
		Self {
			tip: Some(tip),
			..Self::new(None, now)
		}
	}

	/// The last block proposed since the start.
	pub(crate) fn proposed(&self) -> Option<Target<S::BlockHash>> {
		self.proposal.as_ref().and(self.tip)
	}
}

impl<C: Crypto> Core<C> {
	/// Asks for the next block, if this authority leads, has the parent's certificate, and it is time: `due` says so
	/// whatever the clock says.
	pub(crate) fn try_propose(&mut self, due: bool) {
		let (Some(me), Some(leading)) = (self.index(), &self.leading) else {
			return;
		};
		if leading.building.is_some() {
			return;
		}
		let durable = self.safety.durable();
		let high_qc = durable.high_qc.clone();
		let (set_id, term) = (durable.set_id, durable.current_term);
		// In its own term a leader builds on its own last block, and on nothing before that is certified.
		if leading.tip.is_some_and(|tip| tip.hash != high_qc.target.hash) {
			return;
		}
		let Some(parent) = self.chain.get(&high_qc.target.hash) else {
			return;
		};
		if parent.block.child_set_id() != set_id {
			if high_qc.target.term < term {
				self.reconfirm(me, &high_qc);
			}
			return;
		}
		let first = parent.block.child_is_first(set_id, term);
		if first && leading.tip.is_some() {
			return;
		}
		let number = parent.block.number.next();
		let from = self.chain.root().number.0.max(parent.first.0.saturating_sub(1));
		if !first && number.0.saturating_sub(from) > WINDOW {
			return;
		}
		let deals_anew = self.deals_anew(&parent.block);
		let timing = &self.config.timing;
		let urgent = self.ready || deals_anew || parent.block.child_closes.is_some();
		let pause = match (first, urgent) {
			(true, _) => 0,
			(false, true) => timing.min_block_interval,
			(false, false) => timing.idle_block_interval,
		};
		let at = leading.built_at.saturating_add(u64::from(pause));
		if self.now < at && !due {
			return self.timers.set(Timer::Block, at);
		}
		self.timers.clear(Timer::Block);
		self.build(me, &parent.block, first, deals_anew, high_qc);
	}

	/// Whether the dealing in force has been opened, and no newer one is under way.
	fn deals_anew(&self, parent: &Block<C::Scheme>) -> bool {
		let in_force = self.chain.anchor().in_force().map(|dealt| dealt.block);
		in_force.is_some() && self.election.opened == in_force && !self.chain.deals_before(&parent.hash)
	}

	fn build(
		&mut self,
		me: AuthorityIndex,
		parent: &Block<C::Scheme>,
		first: bool,
		deals_anew: bool,
		high_qc: Qc<C::Scheme>,
	) {
		let durable = self.safety.durable();
		let (set_id, term) = (durable.set_id, durable.current_term);
		let anchor = self.chain.anchor();
		// After a closing block, its commit certificate.
		let handover = anchor.handovers.last().filter(|qc| qc.target.hash == parent.hash);
		let parent_qc = handover.cloned().unwrap_or(high_qc);
		let commit_qc = anchor.commit_qc.clone();
		let election = self
			.leading
			.as_ref()
			.and_then(|leading| leading.election.clone())
			.filter(|_| first);
		if first && election.is_none() && self.set().count() > 1 {
			return;
		}
		let holders = parent.child_closes.as_ref().unwrap_or(self.set()).clone();
		let needs_dealing = (first || deals_anew || parent.child_closes.is_some()) && holders.count() > 1;
		let dealing = if needs_dealing {
			let place = Place {
				holders: holders.id(),
				term,
				dealer: me,
				parent: Some(parent.hash),
			};
			match self.crypto.deal(&holders, &place) {
				Some(dealing) => Some(dealing),
				None => return,
			}
		} else {
			None
		};
		let digest = HeaderDigest {
			set_id,
			term,
			sealer: me,
			parent_qc,
			commit_qc,
			election: election.map(|(certificate, stood)| ElectionDigest {
				certificate,
				vrf: stood.vrf,
				dealing: stood.dealing,
			}),
		};
		let build = Build {
			parent: parent.hash,
			number: parent.number.next(),
			digest,
			dealing,
		};
		if let Some(leading) = &mut self.leading {
			leading.building = Some(build.clone());
		}
		self.outbox.free(Free::Build(build));
	}

	/// The block asked for is there: it goes to the log with the own vote, then to the others.
	pub(crate) fn built(&mut self, block: &Arc<Block<C::Scheme>>) {
		let date = self.take_date(&block.hash);
		let (Some(me), Some(leading)) = (self.index(), &mut self.leading) else {
			return;
		};
		let Some(build) = &leading.building else {
			return;
		};
		let asked_for = (block.parent, block.number) == (build.parent, build.number)
			&& block.digest == build.digest
			&& block.dealing == build.dealing;
		// What an earlier term's order brings is not the answer to this one, which is still to come.
		if !asked_for {
			return;
		}
		leading.building = None;
		// Nobody would vote for it, and none can be built in its place once it is sealed into the log. The next repetition asks
		// again.
		if self.is_stale(date) {
			return;
		}
		let Some(parent) = self.chain.get(&block.parent) else {
			return;
		};
		self.chain.insert(&self.crypto, block, &block.parent, false);
		self.chain.set_date(&block.hash, date);
		let Some(own) = self.chain.get(&block.hash) else {
			return;
		};
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		let root = self.chain.root().number;
		if let Ok(unsaved) = self
			.safety
			.propose(&signer, block, &parent.block, own.first, root)
		{
			let saved = self.outbox.save(unsaved, &mut self.safety, Some(block));
			self.outbox.propose(&saved);
			self.abstained = None;
			if let Some(leading) = &mut self.leading {
				leading.tip = Some(block.target());
				leading.proposal = Some(saved);
				leading.built_at = self.now;
			}
		}
	}

	/// The block asked for could not be built. The next repetition asks again.
	pub(crate) fn not_built(&mut self) {
		if let Some(leading) = &mut self.leading {
			leading.building = None;
		}
	}

	/// Asks the set to certify a closing block in this term.
	fn reconfirm(&mut self, me: AuthorityIndex, qc: &Qc<C::Scheme>) {
		let term = self.safety.durable().current_term;
		let Some(leading) = &mut self.leading else { return };
		let target = Target { term, ..qc.target };
		if leading.reconfirming == Some(target) {
			return;
		}
		leading.reconfirming = Some(target);
		self.send_reconfirm(me, qc);
	}

	fn send_reconfirm(&mut self, me: AuthorityIndex, qc: &Qc<C::Scheme>) {
		let Some((certificate, _)) = self.leading.as_ref().and_then(|leading| leading.election.clone())
		else {
			return;
		};
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		let body = Reconfirm {
			certificate,
			qc: qc.clone(),
		};
		if let Ok(unsaved) = self.safety.request_reconfirm(&signer, body) {
			let saved = self.outbox.save(unsaved, &mut self.safety, None);
			self.outbox.send(To::Others, true, &saved);
		}
	}

	/// A leader asks to certify a closing block in its term.
	pub(crate) fn on_reconfirm(&mut self, signed: Signed<Reconfirm<C::Scheme>, C::Scheme>) {
		if !self.is_authentic(&signed) {
			return;
		}
		let Reconfirm { certificate, qc } = signed.body;
		self.adopt(&certificate);
		let durable = self.safety.durable();
		let leader = durable.mandate.as_ref().map(|mandate| mandate.leader());
		if (durable.current_term, leader) != (certificate.term, Some(signed.signer)) {
			return;
		}
		// The leader repeats its request: what was verified once is the highest certificate.
		let verified = self.is_verified(&qc) || self.certifies(&qc);
		if verified {
			self.on_qc(&qc);
		} else if !mutated!(self.config.mutants, ReconfirmWithoutQc) {
			return;
		}
		// It repeats it until the block has come.
		let (Some(me), Some(pending)) = (self.index(), self.chain.get(&qc.target.hash)) else {
			return;
		};
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		let vote = self
			.safety
			.reconfirm(&signer, certificate.term, &pending.block, verified.then_some(&qc));
		if let Ok(vote) = vote {
			let saved = self.outbox.save(vote, &mut self.safety, Some(&pending.block));
			self.promise_to(signed.signer, &saved);
			let target = Target {
				term: certificate.term,
				..pending.block.target()
			};
			self.own_votes.prepare = Some((target, saved));
		}
	}

	/// A vote has come to the leader.
	pub(crate) fn on_vote(&mut self, vote: Vote<C::Scheme>) {
		let (Some(_), Some(leading)) = (self.index(), &self.leading) else {
			return;
		};
		let durable = self.safety.durable();
		let target = vote.target;
		let tip = leading.tip.map_or(Number(0), |tip| tip.number);
		let highest = leading.reconfirming.map_or(tip, |target| target.number.max(tip));
		if (target.set_id, target.term) != (durable.set_id, durable.current_term)
			|| target.number <= self.chain.root().number
			|| target.number > highest
		{
			return;
		}
		let place = (target.number, vote.phase);
		let ballots = leading.votes.get(&place);
		let repeated = ballots.and_then(|ballots| ballots.get(&vote.voter)) == Some(&vote);
		let verified = repeated
			|| vote
				.verify(&self.config.genesis, self.set(), &self.crypto)
				.is_ok();
		if !verified {
			return;
		}
		let Some(leading) = &mut self.leading else { return };
		let ballots = leading.votes.entry(place).or_default();
		match ballots.get(&vote.voter) {
			Some(other) if other.target != target => {
				let evidence = AnyEvidence::Votes(other.clone(), vote);
				return self.report(evidence);
			}
			Some(_) => {}
			None => {
				ballots.insert(vote.voter, vote);
			}
		}
		self.certify(place);
	}

	/// Forms a certificate when there are Q votes for one's own block, or the one reconfirmed.
	fn certify(&mut self, place: (Number, Phase)) {
		let small = usize::from(mutated!(self.config.mutants, QuorumTooSmall));
		let quorum = usize::from(self.set().quorum()) - small;
		let Some(leading) = &self.leading else { return };
		let Some(ballots) = leading
			.votes
			.get(&place)
			.filter(|ballots| ballots.len() >= quorum)
		else {
			return;
		};
		let mut counts: BTreeMap<_, usize> = BTreeMap::new();
		for vote in ballots.values() {
			*counts.entry(vote.target).or_default() += 1;
		}
		let is_own = |target: &Target<_>| {
			leading.reconfirming == Some(*target)
				|| self
					.chain
					.get(&target.hash)
					.is_some_and(|pending| pending.block.target() == *target)
		};
		let chosen = counts
			.into_iter()
			.find(|(target, count)| *count >= quorum && is_own(target));
		let Some((target, _)) = chosen else { return };
		let known = match place.1 {
			Phase::Prepare => self.safety.durable().high_qc.rank(),
			Phase::Commit => self.chain.anchor().commit_qc.rank(),
		};
		if target.rank() <= known {
			return;
		}
		let signatures = ballots.values().filter(|vote| vote.target == target).take(quorum);
		let signatures = signatures
			.map(|vote| (vote.voter, vote.signature.clone()))
			.collect();
		let qc = Qc::<C::Scheme> {
			phase: place.1,
			target,
			signatures,
		};
		self.notify(To::Others, Notice::Certified(qc.clone()));
		self.on_qc(&qc);
		let root = self.chain.root().number;
		if let Some(leading) = &mut self.leading {
			leading.votes.retain(|(number, _), _| *number > root);
		}
	}

	/// What a leader repeats: its heartbeat, the request to reconfirm, the request for a block.
	pub(crate) fn repeat_as_leader(&mut self, me: AuthorityIndex) {
		let Some(leading) = &self.leading else { return };
		let durable = self.safety.durable();
		let high_qc = durable.high_qc.clone();
		let reconfirming = leading
			.reconfirming
			.is_some_and(|target| target.hash == high_qc.target.hash);
		let body = Heartbeat {
			term: durable.current_term,
			tip: leading.tip.map(|tip| (tip.number, tip.hash)),
			high_qc: high_qc.rank(),
			commit_qc: self.chain.anchor().commit_qc.rank(),
			sequence: self.safety.sequence(),
		};
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		if let Ok(unsaved) = self.safety.heartbeat(&signer, body) {
			let saved = self.outbox.save(unsaved, &mut self.safety, None);
			self.outbox.send(To::Others, true, &saved);
		}
		if reconfirming {
			self.send_reconfirm(me, &high_qc);
		}
		self.try_propose(false);
	}

	/// The leader lives.
	pub(crate) fn on_heartbeat(&mut self, signed: Signed<Heartbeat<C::Scheme>, C::Scheme>) {
		let durable = self.safety.durable();
		let leads = durable.mandate.as_ref().map(|mandate| mandate.leader()) == Some(signed.signer);
		let unknown = durable.mandate.is_none() && signed.body.term == durable.current_term;
		if (unknown || signed.body.term > durable.current_term) && self.is_authentic(&signed) {
			// It answers a status with the certificate of its term.
			return self
				.id_of(signed.signer)
				.into_iter()
				.for_each(|leader| self.greet(leader));
		}
		if !leads
			|| signed.body.term != durable.current_term
			|| signed.body.sequence <= self.heartbeat
			|| !self.is_authentic(&signed)
		{
			return;
		}
		let Heartbeat {
			sequence,
			tip,
			high_qc,
			commit_qc,
			..
		} = signed.body;
		let lacks = high_qc > durable.high_qc.rank() || commit_qc > self.chain.anchor().commit_qc.rank();
		self.heartbeat = sequence;
		if let Some(leader) = self.id_of(signed.signer).filter(|_| lacks) {
			// It answers a status with what the sender lacks.
			self.greet(leader);
		}
		self.tip_named(tip);
		self.leader_lives();
	}
}

//! The state machine: what happens on each input.

use std::{collections::BTreeSet, sync::Arc};
use veilmart_td_raft::{
	AuthorityIndex, CertificateError, Evidence as AnyEvidence, Number, Phase, SetId, Target, Term, Timing,
};

use crate::{
	block::Block,
	chain::{Anchor, Chain, Inserted},
	crypto::{Certificate, Crypto, Evidence, Hashed, Qc, Scheme, Set},
	election::Election,
	fetch::Fetching,
	io::{Input, Instant, Output, To},
	leader::Leading,
	log::{Free, Outbox, Saved},
	message::{Message, Notice, Promise, Signed},
	mutants::{mutated, Mutants},
	overdue::Clocks,
	safety::{Durable, Mandate, Safety, Signer},
	timers::{Timer, Timers},
	verify,
};

/// What an authority is told once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config<S: Scheme> {
	/// Genesis hash.
	pub genesis: S::BlockHash,
	/// Its own id. A node that is no authority, or not yet, follows without voting.
	pub me: S::Id,
	/// Timing.
	pub timing: Timing,
	/// Deliberate mistakes, for tests.
	pub mutants: Mutants,
}

/// An own vote and what it is for.
type OwnVote<S> = (Target<Hashed<S>>, Saved<Promise<S>>);

/// The last own votes, repeated until they have had their effect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OwnVotes<S: Scheme> {
	pub prepare: Option<OwnVote<S>>,
	pub commit: Option<OwnVote<S>>,
}

impl<S: Scheme> OwnVotes<S> {
	const NONE: Self = Self {
		prepare: None,
		commit: None,
	};
}

/// One authority's protocol core.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Core<C: Crypto> {
	pub(crate) crypto: C,
	pub(crate) config: Config<C::Scheme>,
	pub(crate) now: Instant,
	pub(crate) timers: Timers,
	pub(crate) safety: Safety<C::Scheme>,
	pub(crate) outbox: Outbox<C::Scheme>,
	pub(crate) chain: Chain<C::Scheme>,
	pub(crate) leading: Option<Leading<C::Scheme>>,
	pub(crate) election: Election<C::Scheme>,
	pub(crate) clocks: Clocks<C::Scheme>,
	pub(crate) fetching: Fetching<C::Scheme>,
	pub(crate) own_votes: OwnVotes<C::Scheme>,
	/// Whether transactions wait.
	pub(crate) ready: bool,
	/// Sequence number of the leader's last heartbeat.
	pub(crate) heartbeat: u64,
	/// When the last commit certificate of the current term, or the term itself, came.
	pub(crate) last_commit: Instant,
	/// Offences reported, so that each is reported once: set, offender, kind.
	reported: BTreeSet<(SetId, AuthorityIndex, u8)>,
	/// Who sent a false certificate since the last own status. Nothing more is taken from them until the next.
	doubted: BTreeSet<<C::Scheme as Scheme>::Id>,
	/// Whether the message in hand has a false certificate.
	is_false: bool,
	/// What the wall clock shows, if the driver says so: milliseconds of Unix time.
	pub(crate) clock: Option<u64>,
	/// When the block is dated that comes next, if it is this one.
	pub(crate) dated: Option<(Hashed<C::Scheme>, u64)>,
	/// See [`Self::abstains`].
	pub(crate) abstained: Option<Target<Hashed<C::Scheme>>>,
}

impl<C: Crypto> Core<C> {
	/// A core at genesis (`durable` is None, the anchor is genesis), or one that goes on from what was written: the last
	/// record of the log, and the anchor of the database. The driver then gives the blocks above the anchor, of the
	/// database and of the log, as [`Input::Imported`]: first those that lead to the highest certificates, in order of height, then
	/// the others.
	pub fn restore(
		config: Config<C::Scheme>,
		crypto: C,
		anchor: Anchor<C::Scheme>,
		durable: Option<Durable<C::Scheme>>,
		now: Instant,
	) -> Self {
		let durable = durable.unwrap_or_else(|| Durable::genesis(config.genesis));
		let mut core = Self {
			crypto,
			now,
			timers: Timers::default(),
			safety: Safety::restore(durable, config.mutants),
			outbox: Outbox::new(config.mutants),
			chain: Chain::new(anchor),
			leading: None,
			election: Election::new(),
			clocks: Clocks::new(),
			fetching: Fetching::new(),
			own_votes: OwnVotes::NONE,
			ready: false,
			heartbeat: 0,
			last_commit: now,
			reported: BTreeSet::new(),
			doubted: BTreeSet::new(),
			is_false: false,
			clock: None,
			dated: None,
			abstained: None,
			config,
		};
		// The log may know of a commit that the database does not: one that changed the set, perhaps.
		let high_qc = &core.safety.durable().high_qc;
		if high_qc.phase == Phase::Commit {
			core.chain.set_commit_qc(high_qc);
		}
		// The database is ahead of the log: the block that closed the log's set is final. Or there is no log, because in the
		// present set the authority has another key than before, or the operator had the votes forgotten.
		if core.safety.durable().set_id < core.chain.anchor().set.id() {
			core.rejoin();
		}
		core.timers.set(Timer::Status, now);
		core.timers
			.set(Timer::Repeat, now + u64::from(core.config.timing.heartbeat));
		core.resume();
		core
	}

	/// Enters the anchor's set after a start from a log of an earlier one, or from none. Who leads is left open: the authority
	/// votes from the next election on, for which it wishes like the others.
	fn rejoin(&mut self) {
		let anchor = self.chain.anchor();
		// The root is the closing block itself, or a later one, whose term is no lower.
		let Some(qc) = anchor.handovers.last().cloned() else {
			return;
		};
		let mut closing = (*anchor.root).clone();
		closing.next_set.get_or_insert_with(|| anchor.set.clone());
		closing.digest.set_id = SetId(anchor.set.id().0.saturating_sub(1));
		self.safety.enter_set(&closing, &qc, None);
	}

	/// What an authority does when it starts, or has come back to the set that its log is of: go on leading if it led,
	/// and lead if it is alone.
	pub(crate) fn resume(&mut self) {
		let Some(me) = self.index() else { return };
		let durable = self.safety.durable();
		let leads = durable
			.mandate
			.as_ref()
			.is_some_and(|mandate| mandate.leader() == me);
		let own = durable
			.proposed
			.filter(|target| target.term == durable.current_term);
		match own {
			// Without a block of its own in the log it stays silent: it may have sealed one that it does not know.
			Some(tip) if leads => self.leading = Some(Leading::resumed(tip, self.now)),
			_ if self.chain.anchor().set.count() == 1 => {
				self.safety.lead_alone();
				self.leading = Some(Leading::new(None, self.now));
			}
			_ => {}
		}
		self.reset_patience();
	}

	/// One step. The outputs are to be carried out in order.
	pub fn step(&mut self, now: Instant, input: Input<C::Scheme>) -> Vec<Output<C::Scheme>> {
		self.now = self.now.max(now);
		match input {
			Input::Tick => {
				while let Some(timer) = self.timers.due(self.now) {
					self.fire(timer);
				}
			}
			Input::Elapsed(timer) => {
				if self.timers.take(timer) {
					self.fire(timer);
				}
			}
			Input::Connected(peer) => self.greet(peer),
			Input::Message { from, message } => self.receive(from, message),
			Input::Imported { block, certified } => self.import(&block, certified, false),
			Input::Sought(block) => self.import(&block, true, true),
			Input::Built(block) => self.built(&block),
			Input::NotBuilt => self.not_built(),
			Input::Persisted(up_to) => self.outbox.persisted(up_to),
			Input::Ready(ready) => {
				self.ready = ready;
				self.try_propose(false);
			}
			Input::Relayed(hash, transaction) => self.relayed(hash, transaction),
			Input::Sealed(passed_over) => self.sealed(&passed_over),
			Input::Settled(hashes) => self.settled(&hashes),
		}
		while let Some(promise) = self.outbox.next_own() {
			self.promised(promise);
		}
		self.review_fetch(false);
		self.outbox.take()
	}

	/// When [`Input::Tick`] is to be given next, at the latest.
	pub fn deadline(&self) -> Option<Instant> {
		self.timers.next()
	}

	/// The deadlines that are set.
	pub fn timers(&self) -> &Timers {
		&self.timers
	}

	/// The keys.
	pub fn crypto(&self) -> &C {
		&self.crypto
	}

	/// What the authority is bound by.
	pub fn durable(&self) -> &Durable<C::Scheme> {
		self.safety.durable()
	}

	/// The blocks from the last final one on.
	pub fn chain(&self) -> &Chain<C::Scheme> {
		&self.chain
	}

	/// The leader of the current term, if it is known.
	pub fn leader(&self) -> Option<&<C::Scheme as Scheme>::Id> {
		let leader = self.safety.durable().mandate.as_ref()?.leader();
		self.chain
			.anchor()
			.set_of(self.safety.durable().set_id)?
			.get(leader)
			.map(|authority| &authority.id)
	}

	/// Whether this authority leads, and does not keep silent.
	pub fn is_leading(&self) -> bool {
		self.leading.is_some()
	}

	/// Changes the timing.
	pub fn set_timing(&mut self, timing: Timing) {
		self.config.timing = timing;
	}

	/// Whether a driver without room for all blocks may give up this one, which is not final: what the highest certificates and
	/// this authority's last votes and blocks rest on stays, and what is of the current term.
	///
	/// Its voters have promised to have it, should it turn out to be certified: a driver puts it aside, and has it executed again
	/// when it is asked for.
	pub fn may_give_up(&self, block: &Block<C::Scheme>) -> bool {
		let durable = self.safety.durable();
		let certified = [&durable.high_qc, &self.chain.anchor().commit_qc].map(|qc| qc.target.hash);
		let own = [durable.prepared, durable.proposed].into_iter().flatten();
		let mut ends = certified.into_iter().chain(own.map(|target| target.hash));
		(block.set_id(), block.term()) != (durable.set_id, durable.current_term)
			&& !ends.any(|end| self.chain.leads_to(&end, &block.hash))
	}

	/// Forgets a block that the driver has given up, or could not import, and what was built on it. If it is certified, the next
	/// step asks for it.
	pub fn give_up(&mut self, block: &Hashed<C::Scheme>) {
		self.chain.give_up(block);
	}

	/// Verifies a block whose parent the core has. None if it does not have it.
	pub fn verify(&self, block: &Block<C::Scheme>) -> Option<Result<(), verify::Invalid>> {
		let parent = self.chain.get(&block.parent)?.block;
		let anchor = self.chain.anchor();
		// The children of a closing block that is not final yet are judged by the set that it hands over to.
		let (set, previous) = match &parent.next_set {
			Some(next) if next.id() == anchor.set.id().next() => (next, Some(&anchor.set)),
			_ => (&anchor.set, anchor.previous.as_ref()),
		};
		let election = block.digest.election.as_ref();
		let dealing =
			election.and_then(|election| self.chain.dealing_before(&block.parent, &election.dealing));
		let context = verify::Context {
			genesis: &self.config.genesis,
			parent: &parent,
			set,
			previous,
			dealing,
		};
		Some(verify::with_mutants(
			&self.crypto,
			&context,
			block,
			&[&self.safety.durable().high_qc, &anchor.commit_qc],
			&self.config.mutants,
		))
	}

	/// This authority's position in the current set; None while it signs nothing, because it does not belong to the set,
	/// or because its log is of a later set than the blocks it has.
	pub(crate) fn index(&self) -> Option<AuthorityIndex> {
		let set = &self.chain.anchor().set;
		(set.id() == self.safety.durable().set_id)
			.then(|| set.index_of(&self.config.me))
			.flatten()
	}

	pub(crate) fn set(&self) -> &Set<C::Scheme> {
		&self.chain.anchor().set
	}

	pub(crate) fn id_of(&self, index: AuthorityIndex) -> Option<<C::Scheme as Scheme>::Id> {
		self.set().get(index).map(|authority| authority.id)
	}

	pub(crate) fn notify(&mut self, to: To<<C::Scheme as Scheme>::Id>, notice: Notice<C::Scheme>) {
		self.outbox.free(Free::Send(to, notice));
	}

	/// Sends a promise to one authority of the set, perhaps oneself.
	pub(crate) fn promise_to(&mut self, to: AuthorityIndex, promise: &Saved<Promise<C::Scheme>>) {
		if let Some(id) = self.id_of(to) {
			self.outbox.send(To::One(id), id == self.config.me, promise);
		}
	}

	/// Reports an offence, once.
	pub(crate) fn report(&mut self, evidence: Evidence<C::Scheme>) {
		let kind = match &evidence {
			AnyEvidence::Seals { .. } => 0,
			AnyEvidence::Votes(..) => 1,
			AnyEvidence::ElectionVotes(..) => 2,
			AnyEvidence::DealerFault { .. } => 3,
		};
		let (set_id, offender) = evidence.offender();
		if self.reported.insert((set_id, offender, kind)) {
			self.outbox.free(Free::Report(evidence));
		}
	}

	fn fire(&mut self, timer: Timer) {
		match timer {
			Timer::Patience => self.out_of_patience(),
			Timer::Attempt => self.attempt_failed(),
			Timer::Stand => self.stand(),
			Timer::Held => self.review_requests(),
			Timer::Vote => self.elect(),
			Timer::Block => self.try_propose(true),
			Timer::Repeat => {
				self.timers
					.set(Timer::Repeat, self.now + u64::from(self.config.timing.heartbeat));
				self.repeat();
			}
			Timer::Status => {
				self.timers
					.set(Timer::Status, self.now + u64::from(self.config.timing.status));
				self.doubted.clear();
				self.send_status();
			}
			Timer::Overdue => self.check_overdue(true),
			Timer::Fetch => self.review_fetch(true),
		}
	}

	/// Takes a message. A certificate costs as many signatures as it has, and an honest authority passes on none that it
	/// has not verified: who sends a false one is not listened to until the next own status, so that each authority
	/// makes this one verify at most one false certificate per `status`.
	fn receive(&mut self, from: <C::Scheme as Scheme>::Id, message: Message<C::Scheme>) {
		if self.doubted.contains(&from) {
			return;
		}
		self.is_false = false;
		self.take(from, message);
		if std::mem::take(&mut self.is_false) {
			self.doubted.insert(from);
		}
	}

	/// Whether somebody has sent a false certificate since the last own status, and is not listened to. No honest authority
	/// does.
	pub fn doubts(&self, who: &<C::Scheme as Scheme>::Id) -> bool {
		self.doubted.contains(who)
	}

	/// Whether the message in hand has shown a false certificate.
	pub(crate) fn is_false(&self) -> bool {
		self.is_false
	}

	/// Notes a false certificate. One of a set that is not known, or no longer, is nobody's fault.
	pub(crate) fn holds(&mut self, verified: Result<(), CertificateError>) -> bool {
		self.is_false |= !matches!(verified, Ok(()) | Err(CertificateError::Set));
		verified.is_ok()
	}

	/// Verifies a certificate.
	pub(crate) fn certifies(&mut self, qc: &Qc<C::Scheme>) -> bool {
		let set = self.chain.anchor().set_of(qc.target.set_id);
		let verified = verify::verify_qc(&self.crypto, &self.config.genesis, set, qc, &self.config.mutants);
		self.holds(verified)
	}

	/// Whether this certificate is one of the highest, and so was verified.
	pub(crate) fn is_verified(&self, qc: &Qc<C::Scheme>) -> bool {
		*qc == self.safety.durable().high_qc || *qc == self.chain.anchor().commit_qc
	}

	fn take(&mut self, from: <C::Scheme as Scheme>::Id, message: Message<C::Scheme>) {
		match message {
			Message::Promise(promise) => self.promised(promise),
			Message::Notice(notice) => match notice {
				Notice::Certified(qc) => {
					self.on_qc(&qc);
				}
				Notice::Elected(certificate) => self.adopt(&certificate),
				Notice::Share(signed) => self.on_share(signed),
				Notice::Behind(signed) => self.on_behind(signed),
				Notice::Entry(entry) => self.on_entry(entry),
				Notice::Status(status) => self.on_status(from, &status),
				Notice::CatchUp(catch_up) => self.on_catch_up(catch_up),
			},
		}
	}

	fn promised(&mut self, promise: Promise<C::Scheme>) {
		match promise {
			Promise::Vote(vote) => self.on_vote(vote),
			Promise::ElectionVote(vote, high_qc) => self.on_election_vote(vote, &high_qc),
			Promise::Down(down, transaction) => self.on_down(down, transaction),
			Promise::Heartbeat(signed) => self.on_heartbeat(signed),
			Promise::Reconfirm(signed) => self.on_reconfirm(signed),
			Promise::RequestShares(signed) => self.on_request_shares(signed),
			Promise::RequestVote(signed) => self.on_request_vote(signed),
		}
	}

	/// Whether a message is of the current set and its signer's.
	pub(crate) fn is_authentic<B: crate::message::Body>(&self, signed: &Signed<B, C::Scheme>) -> bool {
		if signed.set_id != self.safety.durable().set_id || signed.set_id != self.set().id() {
			return false;
		}
		let bytes = veilmart_td_raft::payload(B::KIND, &self.config.genesis, signed.set_id, &signed.body);
		self.id_of(signed.signer)
			.is_some_and(|id| self.crypto.verify(&id, &bytes, &signed.signature))
	}

	/// Processes a certificate of any term: the highest is remembered, a commit certificate makes final, and one of the
	/// current term is answered with a commit vote. Gives whether the authority has verified it or has a higher one.
	pub(crate) fn on_qc(&mut self, qc: &Qc<C::Scheme>) -> bool {
		let anchor = self.chain.anchor();
		let durable = self.safety.durable();
		let higher = qc.rank() > durable.high_qc.rank();
		let commits = self.is_commit(qc)
			&& qc.rank() > anchor.commit_qc.rank()
			&& qc.target.number > anchor.root.number;
		if !higher && !commits && !mutated!(self.config.mutants, LockFalls) {
			return true;
		}
		let current = (qc.target.set_id, qc.target.term) == (durable.set_id, durable.current_term);
		if !self.certifies(qc) {
			return false;
		}
		self.safety.observe(qc);
		if commits {
			self.chain.set_commit_qc(qc);
			self.committed(current);
			self.try_finalize();
		}
		self.vote_commit();
		self.try_prepare();
		self.try_propose(false);
		true
	}

	/// Whether a certificate makes its block final.
	fn is_commit(&self, qc: &Qc<C::Scheme>) -> bool {
		let closes = || {
			self.chain
				.get(&qc.target.hash)
				.is_some_and(|pending| pending.block.is_closing())
		};
		qc.phase == Phase::Commit || mutated!(self.config.mutants, SetChangeWithoutCommit) && closes()
	}

	/// Makes final what the highest commit certificate says, if the blocks are there.
	pub(crate) fn try_finalize(&mut self) {
		let qc = self.chain.anchor().commit_qc.clone();
		self.finalize(&qc);
	}

	/// Makes final what a header says, if the highest commit certificate is of a block that is not there yet: who is
	/// behind by any number of blocks follows block by block.
	fn finalize_behind(&mut self, qc: &Qc<C::Scheme>) {
		let anchor = self.chain.anchor();
		let known = qc.target.number > anchor.root.number && self.chain.has(&qc.target.hash);
		if !known || !self.is_commit(qc) {
			return;
		}
		if self.certifies(qc) {
			self.finalize(qc);
		}
	}

	/// Makes the block of a verified commit certificate final, if it is there.
	fn finalize(&mut self, qc: &Qc<C::Scheme>) {
		if qc.target.number <= self.chain.root().number {
			return;
		}
		let Some(path) = self.chain.path(&qc.target.hash) else {
			return;
		};
		if !path.last().is_some_and(|block| block.is_certified_by(qc)) {
			return;
		}
		for (position, block) in path.iter().enumerate() {
			let last = block.hash == qc.target.hash;
			// A closing block is made final by its own certificate, which its child carries.
			let certificate = match path.get(position + 1) {
				Some(child) if block.is_closing() => child.digest.parent_qc.clone(),
				_ => qc.clone(),
			};
			self.chain.advance(&block.hash, &certificate);
			if last || block.is_closing() {
				self.outbox
					.free(Free::Finalize(block.hash, block.number, certificate.clone()));
			}
			if block.is_closing() {
				self.enter_set(block, &certificate);
			}
		}
		self.dealing_may_have_changed();
	}

	/// The set has changed: `closing` is final.
	fn enter_set(&mut self, closing: &Block<C::Scheme>, qc: &Qc<C::Scheme>) {
		let anchor = self.chain.anchor();
		let sealer = anchor
			.previous
			.as_ref()
			.and_then(|set| set.get(closing.digest.sealer));
		let leader = sealer.and_then(|sealer| anchor.set.index_of(&sealer.id));
		let replayed = self.safety.durable().set_id >= anchor.set.id();
		let in_term = self.safety.durable().current_term == closing.term();
		let before = self.leader().copied().filter(|_| in_term);
		self.safety.enter_set(closing, qc, leader);
		self.leading = None;
		self.own_votes = OwnVotes::NONE;
		self.abstained = None;
		self.heartbeat = 0;
		self.last_commit = self.now;
		let last = self.chain.anchor().previous.as_ref().map(|set| set.id());
		self.reported.retain(|(set_id, _, _)| Some(*set_id) >= last);
		self.reset_election();
		self.timers.clear(Timer::Patience);
		let Some(me) = self.index() else {
			return self.restart_clocks();
		};
		if replayed || self.set().count() == 1 {
			self.restart_clocks();
			self.resume();
			return;
		}
		self.reset_patience();
		self.clocks_enter_set(before);
		if leader.is_none() || qc.target.term > closing.term() {
			// Nobody goes on leading, or it is not sure that all know who does.
			self.out_of_patience();
		} else if leader == Some(me) {
			self.leading = Some(Leading::new(None, self.now));
			self.try_propose(false);
		}
	}

	/// Takes a block of the database. Of one that was `sought` nobody knows whether it is on the way to what is missing: whoever leads
	/// may seal many of them.
	fn import(&mut self, block: &Arc<Block<C::Scheme>>, certified: bool, sought: bool) {
		self.on_qc(&block.digest.parent_qc);
		self.on_qc(&block.digest.commit_qc);
		// The child of a closing block is judged by the set that begins with it.
		if block.set_id() > self.set().id() {
			self.finalize_behind(&block.digest.parent_qc);
		}
		if let Some(election) = &block.digest.election {
			self.adopt(&election.certificate);
		}
		let high = self.safety.durable().high_qc.target.hash;
		let date = self.take_date(&block.hash);
		match self.chain.insert(&self.crypto, block, &high, certified) {
			Inserted::New(evidence) => {
				if let Some(evidence) = evidence {
					self.report(*evidence);
				}
				self.chain.set_date(&block.hash, date);
				if !sought {
					self.block_came();
				}
				self.try_finalize();
				self.finalize_behind(&block.digest.commit_qc);
				self.try_prepare();
				self.vote_commit();
				self.try_propose(false);
			}
			Inserted::Orphan => {
				let number = Number(block.number.0.saturating_sub(1));
				if let Some(sealer) = self.id_of(block.digest.sealer) {
					self.orphaned(block.parent, number, sealer);
				}
			}
			Inserted::Ignored => {}
		}
	}

	/// Votes for blocks of the current term that are there and not voted for, in order of height.
	pub(crate) fn try_prepare(&mut self) {
		let Some(me) = self.index() else { return };
		let durable = self.safety.durable();
		let Some(leader) = durable.mandate.as_ref().map(Mandate::leader) else {
			return;
		};
		let current = (durable.set_id, durable.current_term);
		let last = durable
			.prepared
			.filter(|target| target.term == current.1)
			.map(|target| target.number);
		let proposed = self.leading.as_ref().and_then(Leading::proposed);
		let voted = self.own_votes.prepare.as_ref().map(|(target, _)| *target);
		let mut candidates: Vec<_> = self
			.chain
			.pending()
			.filter(|pending| (pending.block.set_id(), pending.block.term()) == current)
			.filter(|pending| last.is_none_or(|last| pending.block.number >= last))
			.filter(|pending| ![voted, proposed].contains(&Some(pending.block.target())))
			.cloned()
			.collect();
		candidates.sort_by_key(|pending| (pending.block.number, pending.block.hash));
		for pending in candidates {
			let Some(parent) = self.chain.get(&pending.block.parent) else {
				continue;
			};
			if self.abstains_from(&pending, &parent.block) {
				continue;
			}
			let signer = Signer {
				crypto: &self.crypto,
				genesis: &self.config.genesis,
				me,
			};
			let root = self.chain.root().number;
			let vote = self
				.safety
				.prepare(&signer, &pending.block, &parent.block, pending.first, root);
			if let Ok(vote) = vote {
				let saved = self.outbox.save(vote, &mut self.safety, Some(&pending.block));
				self.promise_to(leader, &saved);
				self.own_votes.prepare = Some((pending.block.target(), saved));
				self.abstained = None;
			}
		}
	}

	/// Votes to commit what the highest certificate certifies, if that is of the current term.
	pub(crate) fn vote_commit(&mut self) {
		let Some(me) = self.index() else { return };
		let durable = self.safety.durable();
		let qc = durable.high_qc.clone();
		let committed = self.own_votes.commit.as_ref().map(|(target, _)| *target);
		let Some(leader) = durable.mandate.as_ref().map(Mandate::leader) else {
			return;
		};
		if qc.phase == Phase::Commit
			|| qc.target.number <= self.chain.root().number
			|| committed == Some(qc.target)
		{
			return;
		}
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		if let Ok(vote) = self.safety.commit(&signer, &qc) {
			let saved = self.outbox.save(vote, &mut self.safety, None);
			self.promise_to(leader, &saved);
			self.own_votes.commit = Some((qc.target, saved));
		}
	}

	/// Follows the leader of a certificate, if that is valid and of a term that the authority is not beyond.
	pub(crate) fn adopt(&mut self, certificate: &Certificate<C::Scheme>) {
		let durable = self.safety.durable();
		let known = durable.current_term == certificate.term && durable.mandate.is_some();
		if certificate.set_id != durable.set_id
			|| certificate.set_id != self.set().id()
			|| certificate.term < durable.current_term
			|| known
		{
			return;
		}
		let verified = certificate.verify(&self.config.genesis, self.set(), &self.crypto);
		if !self.holds(verified) {
			return;
		}
		self.report_double_voters(certificate);
		let election = self.take_election(certificate.term);
		if self.safety.adopt(certificate).is_err() {
			return;
		}
		self.leading = None;
		self.own_votes = OwnVotes::NONE;
		self.abstained = None;
		self.heartbeat = 0;
		self.last_commit = self.now;
		self.term_adopted();
		if self.index() == Some(certificate.leader) {
			// Without what it stood with it was started anew since, and stays silent.
			if let Some(election) = election {
				self.leading = Some(Leading::new(Some((certificate.clone(), election)), self.now));
				self.notify(To::Others, Notice::Elected(certificate.clone()));
				self.try_propose(false);
			}
			return;
		}
		self.try_prepare();
		self.vote_commit();
	}

	/// The highest term that this authority takes part in: for tests and metrics.
	pub fn term(&self) -> Term {
		self.safety.durable().current_term
	}
}

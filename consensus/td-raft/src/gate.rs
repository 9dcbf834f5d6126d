//! Patience, the gate, wishes for a new term, entering an attempt: section 4, step 1.

use std::collections::BTreeMap;
use veilmart_td_raft::{AuthorityIndex, EntryCertificate, Reason, Term};

use crate::{
	chain::Pending,
	core::Core,
	crypto::{Crypto, Entry, Hashed, Scheme, SignedDown},
	election::{Attempt, Election},
	io::To,
	leader::StoodWith,
	log::{Free, Saved},
	message::{Notice, Promise},
	safety::Signer,
	timers::Timer,
};

/// How often an attempt that fails makes the next one twice as long.
pub(crate) const DOUBLINGS: u32 = 2;

/// How often a withdrawn wish is repeated.
const WITHDRAWALS: u8 = 3;

/// The own wish for a new term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wish<S: Scheme> {
	/// The term; 0 after it was withdrawn.
	pub term: Term,
	/// As sent.
	pub promise: Saved<Promise<S>>,
	/// How often it is still repeated, if it is withdrawn.
	pub left: u8,
}

impl<C: Crypto> Core<C> {
	/// Whether this authority wants a new term.
	pub fn gate_is_open(&self) -> bool {
		self.election.silence || self.election.overdue.is_some()
	}

	/// The attempt that the authority is in.
	pub fn attempt_term(&self) -> Option<Term> {
		self.election.attempt.as_ref().map(|attempt| attempt.term)
	}

	/// Patience begins anew.
	pub(crate) fn reset_patience(&mut self) {
		if self.index().is_some() {
			let timeout = u64::from(self.config.timing.election_timeout);
			self.timers.set(Timer::Patience, self.now.saturating_add(timeout));
		}
	}

	/// Nothing was committed for too long.
	pub(crate) fn out_of_patience(&mut self) {
		self.election.silence = true;
		self.gate_opened(Reason::Silence);
	}

	/// The leader leaves out a transaction.
	pub(crate) fn overdue(&mut self, hash: Hashed<C::Scheme>) {
		self.election.overdue = Some(hash);
		self.gate_opened(Reason::Overdue(hash));
	}

	fn gate_opened(&mut self, reason: Reason<Hashed<C::Scheme>>) {
		let durable = self.safety.durable();
		let next = durable.current_term.max(durable.attempt).next();
		self.wish(next, reason);
		self.review_wishes();
	}

	/// What the standing wish gives as its reason was included, this transaction still is not: from now on the wish carries it, so
	/// that others start clocks for it, and no longer repeats what is settled.
	pub(crate) fn still_overdue(&mut self, hash: Hashed<C::Scheme>) {
		let standing = self.election.wish.as_ref().map_or(Term(0), |wish| wish.term);
		if standing > Term(0) {
			self.send_wish(standing, Reason::Overdue(hash), 0);
		}
	}

	/// Wishes for a term, unless the standing wish is for this one or a higher one.
	fn wish(&mut self, term: Term, reason: Reason<Hashed<C::Scheme>>) {
		let standing = self.election.wish.as_ref().map_or(Term(0), |wish| wish.term);
		if term > standing {
			self.send_wish(term, reason, 0);
		}
	}

	fn send_wish(&mut self, term: Term, reason: Reason<Hashed<C::Scheme>>, left: u8) {
		let Some(me) = self.index() else { return };
		let transaction = match &reason {
			Reason::Overdue(hash) => self.clocks.transaction(hash).cloned(),
			_ => None,
		};
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		let unsaved = self.safety.wish(&signer, term, reason, transaction);
		let promise = self.outbox.save(unsaved, &mut self.safety, None);
		self.outbox.send(To::Others, true, &promise);
		self.election.wish = Some(Wish { term, promise, left });
	}

	/// Takes the wish back and ends the attempt.
	pub(crate) fn close_gate(&mut self) {
		self.election.silence = false;
		self.election.overdue = None;
		self.end_attempt();
		if self
			.election
			.wish
			.as_ref()
			.is_some_and(|wish| wish.term > Term(0))
		{
			self.send_wish(Term(0), Reason::Silence, WITHDRAWALS);
		}
		self.reset_patience();
	}

	fn end_attempt(&mut self) {
		self.election.attempt = None;
		for timer in [Timer::Attempt, Timer::Stand, Timer::Held, Timer::Vote] {
			self.timers.clear(timer);
		}
	}

	/// A higher commit certificate has come; `current` says that it is of the current term.
	pub(crate) fn committed(&mut self, current: bool) {
		self.election.failures = 0;
		if !current {
			return;
		}
		self.last_commit = self.now;
		if self.election.overdue.is_some() {
			// Only its inclusion, or a new leader, closes this gate.
			self.election.silence = false;
			self.reset_patience();
		} else {
			self.close_gate();
		}
	}

	/// A heartbeat has come. It counts while there is nothing that the leader should be doing.
	pub(crate) fn leader_lives(&mut self) {
		let durable = self.safety.durable();
		let current = (durable.set_id, durable.current_term);
		let root = self.chain.root().number;
		let of_term =
			|pending: &Pending<C::Scheme>| (pending.block.set_id(), pending.block.term()) == current;
		let unfinished = durable.high_qc.target.number > root || self.chain.pending().any(of_term);
		let limit = self
			.last_commit
			.saturating_add(2 * u64::from(self.config.timing.idle_block_interval));
		if !self.ready && !unfinished && self.now <= limit && !self.election.silence {
			self.reset_patience();
		}
	}

	/// A term was adopted, with its leader: the attempt is over, the gate closed, all clocks begin anew.
	pub(crate) fn term_adopted(&mut self) {
		self.close_gate();
		self.restart_clocks();
		let current = self.safety.durable().current_term;
		self.election.forget_requests(current);
	}

	/// What a candidate of this term stood with, if it still knows.
	pub(crate) fn take_election(&mut self, term: Term) -> Option<StoodWith<C::Scheme>> {
		let attempt = self
			.election
			.attempt
			.as_ref()
			.filter(|attempt| attempt.term == term)?;
		let candidate = attempt.candidate.as_ref()?;
		Some(StoodWith {
			vrf: candidate.vrf.clone(),
			dealing: candidate.dealing,
		})
	}

	/// A new set knows nothing of the last one's elections. Clocks of transactions may go on ([`Self::clocks_enter_set`]).
	pub(crate) fn reset_election(&mut self) {
		self.end_attempt();
		self.election = Election::new();
	}

	/// An authority wants a new term.
	pub(crate) fn on_down(
		&mut self,
		signed: SignedDown<C::Scheme>,
		transaction: Option<<C::Scheme as Scheme>::Transaction>,
	) {
		let last = self
			.election
			.wishes
			.get(&signed.authority)
			.map_or(0, |last| last.down.sequence);
		let current = self.set().id() == self.safety.durable().set_id;
		if !current
			|| signed.down.sequence <= last
			|| signed
				.verify(&self.config.genesis, self.set(), &self.crypto)
				.is_err()
		{
			return;
		}
		let overdue =
			matches!(signed.down.reason, Reason::Overdue(hash) if self.clocks.transaction(&hash).is_none());
		let from_other = self.index() != Some(signed.authority);
		self.election.wishes.insert(signed.authority, signed);
		if let (Some(transaction), true, true) = (transaction, overdue, from_other) {
			self.outbox.free(Free::Submit(transaction));
		}
		self.review_wishes();
	}

	/// Joins the wish of more than f others if the gate is open, and enters what Q wish for.
	fn review_wishes(&mut self) {
		let Some(me) = self.index() else { return };
		let mut others: Vec<_> = self
			.election
			.wishes
			.iter()
			.filter(|(who, _)| **who != me)
			.collect();
		others.sort_by_key(|(_, signed)| std::cmp::Reverse(signed.down.term));
		let joined = others
			.get(usize::from(self.set().faulty()))
			.map(|(_, signed)| signed.down.term);
		if let (true, Some(term)) = (self.gate_is_open(), joined) {
			self.wish(term, Reason::Attempt);
		}
		let mut all: Vec<_> = self.election.wishes.values().collect();
		all.sort_by_key(|signed| std::cmp::Reverse(signed.down.term));
		let quorum = usize::from(self.set().quorum());
		let Some(term) = all.get(quorum - 1).map(|signed| signed.down.term) else {
			return;
		};
		let durable = self.safety.durable();
		if term <= durable.attempt || term <= durable.current_term {
			return;
		}
		let mut downs: Vec<_> = all.into_iter().take(quorum).cloned().collect();
		downs.sort_by_key(|signed| signed.authority);
		let set_id = self.set().id();
		self.enter(EntryCertificate {
			set_id,
			term,
			downs: downs.into_iter().collect(),
		});
	}

	/// Q wishes for a term.
	pub(crate) fn on_entry(&mut self, entry: Entry<C::Scheme>) {
		let durable = self.safety.durable();
		if self.index().is_none() || entry.term <= durable.attempt || entry.term <= durable.current_term {
			return;
		}
		let verified = entry.verify(&self.config.genesis, self.set(), &self.crypto);
		if self.holds(verified) {
			self.enter(entry);
		}
	}

	fn enter(&mut self, entry: Entry<C::Scheme>) {
		if self.safety.enter(entry.term).is_err() {
			return;
		}
		self.end_attempt();
		let timing = &self.config.timing;
		let factor = 1u64 << self.election.failures.min(DOUBLINGS);
		let end = self
			.now
			.saturating_add(u64::from(timing.election_timeout) * factor);
		self.timers.set(Timer::Attempt, end);
		self.election.attempt = Some(Attempt {
			term: entry.term,
			entered: self.now,
			entry: entry.clone(),
			dealing: self.chain.anchor().in_force().map(|dealt| dealt.block),
			candidate: None,
			lowest: None,
			candidacies: BTreeMap::new(),
			valid: BTreeMap::new(),
		});
		self.notify(To::Others, Notice::Entry(entry));
		self.draw_lot();
		self.review_requests();
	}

	/// Nobody was elected in time.
	pub(crate) fn attempt_failed(&mut self) {
		let Some(term) = self.attempt_term() else { return };
		self.election.failures = self.election.failures.saturating_add(1);
		self.election.silence = true;
		let current = self.safety.durable().current_term;
		self.wish(term.max(current).next(), Reason::Attempt);
		self.review_wishes();
	}

	/// What is repeated of the own wish.
	pub(crate) fn repeat_wish(&mut self) {
		let Some(wish) = &mut self.election.wish else {
			return;
		};
		if wish.term == Term(0) {
			if wish.left == 0 {
				return;
			}
			wish.left -= 1;
		}
		self.outbox.send(To::Others, false, &wish.promise);
	}

	/// The position of an authority that asks in its own name.
	pub(crate) fn is_member(&self, who: AuthorityIndex) -> bool {
		self.set().get(who).is_some()
	}
}

//! The synchronization timeout: the paper's defence against a leader that ignores clients.

use std::collections::BTreeMap;

use crate::{
	core::Core,
	crypto::{Crypto, Hashed, Scheme},
	io::Instant,
	timers::Timer,
};

/// How many transactions are watched at a time. One that is left out is enough to replace a leader.
const CLOCKS: usize = 64;

/// How many blocks may pass a transaction over.
const PASSES: u32 = 3;

/// What happened since a transaction was sent to the leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Clock<S: Scheme> {
	transaction: S::Transaction,
	started: Instant,
	/// Its time is over.
	expired: bool,
	/// Blocks sealed since, up to [`PASSES`].
	sealed: u32,
	/// Those of them with room for it, or with later ones in it.
	passed: u32,
}

impl<S: Scheme> Clock<S> {
	fn is_overdue(&self) -> bool {
		self.expired && (self.sealed == 0 || self.passed >= PASSES)
	}
}

/// The transactions that are watched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Clocks<S: Scheme> {
	of: BTreeMap<S::BlockHash, Clock<S>>,
}

impl<S: Scheme> Clocks<S> {
	pub(crate) fn new() -> Self {
		Self { of: BTreeMap::new() }
	}

	/// The transaction, if it is watched.
	pub(crate) fn transaction(&self, hash: &S::BlockHash) -> Option<&S::Transaction> {
		self.of.get(hash).map(|clock| &clock.transaction)
	}

	fn overdue(&self) -> Option<S::BlockHash> {
		self.of
			.iter()
			.find(|(_, clock)| clock.is_overdue())
			.map(|(hash, _)| *hash)
	}
}

impl<C: Crypto> Core<C> {
	/// A transaction was sent to the leader.
	pub(crate) fn relayed(
		&mut self,
		hash: Hashed<C::Scheme>,
		transaction: <C::Scheme as Scheme>::Transaction,
	) {
		if self.clocks.of.len() < CLOCKS && !self.clocks.of.contains_key(&hash) {
			let clock = Clock {
				transaction,
				started: self.now,
				expired: false,
				sealed: 0,
				passed: 0,
			};
			self.clocks.of.insert(hash, clock);
			self.set_overdue_timer();
		}
	}

	/// A block was sealed that passed these over.
	pub(crate) fn sealed(&mut self, passed_over: &[Hashed<C::Scheme>]) {
		for (hash, clock) in &mut self.clocks.of {
			clock.sealed = (clock.sealed + 1).min(PASSES);
			if passed_over.contains(hash) {
				clock.passed = (clock.passed + 1).min(PASSES);
			}
		}
		self.check_overdue(false);
	}

	/// These transactions were included, or cannot be.
	pub(crate) fn settled(&mut self, hashes: &[Hashed<C::Scheme>]) {
		for hash in hashes {
			self.clocks.of.remove(hash);
		}
		self.set_overdue_timer();
		if self.election.overdue.is_some_and(|hash| hashes.contains(&hash)) {
			self.election.overdue = self.clocks.overdue();
			match self.election.overdue {
				Some(next) => self.still_overdue(next),
				None if !self.election.silence => self.close_gate(),
				None => {}
			}
		}
	}

	/// A new leader has as much time as the last.
	pub(crate) fn restart_clocks(&mut self) {
		for clock in self.clocks.of.values_mut() {
			(clock.started, clock.expired, clock.sealed, clock.passed) = (self.now, false, 0, 0);
		}
		self.set_overdue_timer();
	}

	/// The set has changed, and `before` led the last one in the term that goes on. If it leads on it has had its time: with a set for each
	/// minute it could else leave a transaction out for ever. What was overdue is so in the new set.
	pub(crate) fn clocks_enter_set(&mut self, before: Option<<C::Scheme as Scheme>::Id>) {
		if before.is_none() || self.leader().copied() != before {
			return self.restart_clocks();
		}
		self.check_overdue(false);
	}

	/// Opens the gate if a transaction is overdue. `due` says that the next one's time is over whatever the clock says.
	pub(crate) fn check_overdue(&mut self, due: bool) {
		let timeout = u64::from(self.config.timing.sync_timeout);
		let now = self.now;
		let earliest = self
			.clocks
			.of
			.values()
			.filter(|clock| !clock.expired)
			.map(|clock| clock.started)
			.min();
		for clock in self.clocks.of.values_mut().filter(|clock| !clock.expired) {
			clock.expired =
				now >= clock.started.saturating_add(timeout) || due && Some(clock.started) == earliest;
		}
		self.set_overdue_timer();
		if self.election.overdue.is_none() {
			if let Some(hash) = self.clocks.overdue() {
				self.overdue(hash);
			}
		}
	}

	fn set_overdue_timer(&mut self) {
		let timeout = u64::from(self.config.timing.sync_timeout);
		match self
			.clocks
			.of
			.values()
			.filter(|clock| !clock.expired)
			.map(|clock| clock.started)
			.min()
		{
			Some(started) => self.timers.set(Timer::Overdue, started.saturating_add(timeout)),
			None => self.timers.clear(Timer::Overdue),
		}
	}
}

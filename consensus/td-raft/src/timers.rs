//! Deadlines.

use std::collections::BTreeMap;

use crate::io::Instant;

/// What waits for time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
	/// Patience with the leader.
	Patience,
	/// The end of an attempt to elect one.
	Attempt,
	/// The own turn to stand in an attempt.
	Stand,
	/// The next held request's turn.
	Held,
	/// The end of waiting for a better candidate.
	Vote,
	/// The next block of a leader.
	Block,
	/// Repetition of what has not been answered; a leader's heartbeat.
	Repeat,
	/// The next message of status.
	Status,
	/// The next transaction to become overdue.
	Overdue,
	/// The next request for a block that is missing.
	Fetch,
}

/// The deadlines that are set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timers {
	at: BTreeMap<Timer, Instant>,
}

impl Timers {
	/// Sets a deadline in place of an earlier one.
	pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
		self.at.insert(timer, at);
	}

	/// Takes a deadline back.
	pub(crate) fn clear(&mut self, timer: Timer) {
		self.at.remove(&timer);
	}

	/// When a deadline is, if it is set.
	pub(crate) fn at(&self, timer: Timer) -> Option<Instant> {
		self.at.get(&timer).copied()
	}

	/// Whether a deadline is set.
	pub fn is_set(&self, timer: Timer) -> bool {
		self.at.contains_key(&timer)
	}

	/// Takes one deadline that has come, the earliest first.
	pub(crate) fn due(&mut self, now: Instant) -> Option<Timer> {
		let (timer, _) = self
			.at
			.iter()
			.filter(|(_, at)| **at <= now)
			.min_by_key(|(timer, at)| (**at, **timer))?;
		let timer = *timer;
		self.at.remove(&timer);
		Some(timer)
	}

	/// Takes this deadline, if it is set.
	pub(crate) fn take(&mut self, timer: Timer) -> bool {
		self.at.remove(&timer).is_some()
	}

	/// The deadlines that are set.
	pub fn armed(&self) -> impl Iterator<Item = Timer> + '_ {
		self.at.keys().copied()
	}

	/// The next deadline.
	pub fn next(&self) -> Option<Instant> {
		self.at.values().min().copied()
	}
}

//! How many bad proofs of one account a node looks at.
//!
//! A transaction that is refused at the pool's door costs its sender nothing: it takes no place in a block, so no quota. What
//! it costs the node is one verification. So a node looks at ten bad proofs of an account in a minute and at no more until
//! the oldest is a minute old. What is being looked at counts as if it were bad, so that ten it is also when a flood comes over
//! many connections at once.
//!
//! This belongs to the process and to the door. What a block holds is judged without it, so nodes agree.

use schnellru::{ByLength, LruMap};
use std::{
	collections::VecDeque,
	time::{Duration, Instant},
};

/// How many bad proofs of one account are looked at within [`PERIOD`].
pub const BAD_PROOFS: usize = 10;

/// For how long a bad proof is remembered.
pub const PERIOD: Duration = Duration::from_secs(60);

/// How many accounts are remembered. Only certificate holders come as far as a proof.
const ACCOUNTS: u32 = 4_096;

/// What is known of each account.
pub(crate) struct Throttle(LruMap<[u8; 32], Record>);

#[derive(Default)]
struct Record {
	/// When it last sent bad proofs, the oldest first.
	bad: VecDeque<Instant>,
	/// How many of its proofs are being looked at.
	open: usize,
}

impl Throttle {
	pub(crate) fn new() -> Self {
		Self(LruMap::new(ByLength::new(ACCOUNTS)))
	}

	/// Whether a proof of this account is to be looked at. If it is, [`Throttle::end`] has to follow.
	pub(crate) fn begin(&mut self, account: [u8; 32], now: Instant) -> bool {
		let Some(record) = self.0.get_or_insert(account, Record::default) else {
			return true;
		};
		while record
			.bad
			.front()
			.is_some_and(|then| now.saturating_duration_since(*then) >= PERIOD)
		{
			record.bad.pop_front();
		}
		let allowed = record.bad.len().saturating_add(record.open) < BAD_PROOFS;
		if allowed {
			record.open = record.open.saturating_add(1);
		}
		allowed
	}

	/// A proof of this account was looked at. What it was is noted in the same moment: in between it would count twice, and of a flood
	/// fewer than [`BAD_PROOFS`] be looked at.
	pub(crate) fn end(&mut self, account: [u8; 32], is_bad: bool, now: Instant) {
		// It may have been forgotten since, for others.
		let Some(record) = self.0.get_or_insert(account, Record::default) else {
			return;
		};
		record.open = record.open.saturating_sub(1);
		if is_bad {
			record.bad.push_back(now);
			if record.bad.len() > BAD_PROOFS {
				record.bad.pop_front();
			}
		}
		// Who sends good ones is not remembered, and takes nobody's place.
		if record.open == 0 && record.bad.is_empty() {
			self.0.remove(&account);
		}
	}

	pub(crate) fn forget(&mut self) {
		self.0.clear();
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const ONE: [u8; 32] = [1; 32];
	const OTHER: [u8; 32] = [2; 32];

	/// Looks at a proof from beginning to end, and finds it bad. False if it is not to be looked at.
	fn look(throttle: &mut Throttle, account: [u8; 32], now: Instant) -> bool {
		let allowed = throttle.begin(account, now);
		if allowed {
			throttle.end(account, true, now);
		}
		allowed
	}

	#[test]
	fn ten_bad_proofs_a_minute_are_looked_at_and_no_more() {
		let (mut throttle, start) = (Throttle::new(), Instant::now());
		let at = |seconds| start + Duration::from_secs(seconds);
		for second in 0..10 {
			assert!(look(&mut throttle, ONE, at(second)));
		}
		assert!(!look(&mut throttle, ONE, at(10)));
		assert!(!look(&mut throttle, ONE, at(59)));
		assert!(look(&mut throttle, OTHER, at(59)), "nobody else suffers from it");
		// The first is a minute old: one more.
		assert!(look(&mut throttle, ONE, at(60)));
		assert!(!look(&mut throttle, ONE, at(60)));
		assert!(look(&mut throttle, ONE, at(61)));
		assert!(look(&mut throttle, ONE, at(1_000)));
	}

	#[test]
	fn what_comes_at_once_is_counted_before_the_first_is_found_bad() {
		let (mut throttle, now) = (Throttle::new(), Instant::now());
		let looked_at = (0..30).filter(|_| throttle.begin(ONE, now)).count();
		assert_eq!(looked_at, 10);
		// A verdict changes nothing while it is bad, and makes room for one where it is good.
		for _ in 0..3 {
			throttle.end(ONE, true, now);
			assert!(!throttle.begin(ONE, now));
		}
		for _ in 0..7 {
			throttle.end(ONE, false, now);
			assert!(throttle.begin(ONE, now));
			assert!(!throttle.begin(ONE, now));
		}
	}

	#[test]
	fn good_proofs_are_looked_at_without_end() {
		let (mut throttle, now) = (Throttle::new(), Instant::now());
		for _ in 0..100 {
			assert!(throttle.begin(ONE, now));
			throttle.end(ONE, false, now);
			assert_eq!(throttle.0.len(), 0);
		}
	}

	#[test]
	fn a_flood_from_many_accounts_is_forgotten_rather_than_kept() {
		let (mut throttle, now) = (Throttle::new(), Instant::now());
		for account in 0..2 * ACCOUNTS {
			let mut name = [0; 32];
			name[..4].copy_from_slice(&account.to_le_bytes());
			assert!(look(&mut throttle, name, now));
		}
		assert!(throttle.0.len() <= ACCOUNTS as usize);
	}
}

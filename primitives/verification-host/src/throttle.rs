//! How many bad proofs of one account a node looks at.
//!
//! A transaction that is refused at the pool's door costs its sender nothing: it takes no place in a block, so no quota. What
//! it costs the node is one verification. So a node looks at ten bad proofs of an account in a minute and at no more until
//! the oldest is a minute old. One that comes again within its minute is known to be bad, costs nothing and does not count: else
//! whoever has caught one could send it ten times, and its account would not be heard. What is being looked at counts as if it were bad, so that ten it is also when a flood comes over
//! many connections at once.
//!
//! This belongs to the process and to the door. What a block holds is judged without it, so nodes agree.

use schnellru::{ByLength, LruMap};
use std::{
	collections::VecDeque,
	time::{Duration, Instant},
};

use crate::native::Fingerprint;

/// How many bad proofs of one account are looked at within [`PERIOD`].
pub const BAD_PROOFS: usize = 10;

/// For how long a bad proof is remembered.
pub const PERIOD: Duration = Duration::from_secs(60);

/// How many accounts are remembered. Only certificate holders come as far as a proof.
const ACCOUNTS: u32 = 4_096;

/// A proof that was found to be bad.
#[derive(Clone, Copy)]
pub(crate) struct Bad {
	/// Of all that the verdict depends on.
	pub fingerprint: Fingerprint,
	/// The verdict, which is not 0.
	pub code: u32,
}

/// Whether a proof is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
	/// It is. [`Throttle::end`] has to follow.
	Look,
	/// It is bad, with this verdict.
	Known(u32),
	/// It is not: its account has sent too many bad ones.
	Unseen,
}

/// What is known of each account.
pub(crate) struct Throttle(LruMap<[u8; 32], Record>);

#[derive(Default)]
struct Record {
	/// When it last sent bad proofs, the oldest first.
	bad: VecDeque<(Instant, Bad)>,
	/// How many of its proofs are being looked at.
	open: usize,
}

impl Record {
	fn known(&self, fingerprint: &Fingerprint) -> Option<Bad> {
		let mut all = self.bad.iter().map(|(_, bad)| *bad);
		all.find(|bad| bad.fingerprint == *fingerprint)
	}
}

impl Throttle {
	pub(crate) fn new() -> Self {
		Self(LruMap::new(ByLength::new(ACCOUNTS)))
	}

	/// Whether a proof of this account is to be looked at.
	pub(crate) fn begin(&mut self, account: [u8; 32], fingerprint: &Fingerprint, now: Instant) -> Answer {
		let Some(record) = self.0.get_or_insert(account, Record::default) else {
			return Answer::Look;
		};
		while record
			.bad
			.front()
			.is_some_and(|(then, _)| now.saturating_duration_since(*then) >= PERIOD)
		{
			record.bad.pop_front();
		}
		if let Some(known) = record.known(fingerprint) {
			return Answer::Known(known.code);
		}
		if record.bad.len().saturating_add(record.open) >= BAD_PROOFS {
			return Answer::Unseen;
		}
		record.open = record.open.saturating_add(1);
		Answer::Look
	}

	/// A proof of this account was looked at. What it was is noted in the same moment: in between it would count twice, and of a flood
	/// fewer than [`BAD_PROOFS`] be looked at.
	pub(crate) fn end(&mut self, account: [u8; 32], bad: Option<Bad>, now: Instant) {
		// It may have been forgotten since, for others.
		let Some(record) = self.0.get_or_insert(account, Record::default) else {
			return;
		};
		record.open = record.open.saturating_sub(1);
		// Of the same one two may have been looked at.
		if let Some(bad) = bad.filter(|bad| record.known(&bad.fingerprint).is_none()) {
			record.bad.push_back((now, bad));
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

	/// A bad proof, another for each number.
	fn bad(number: u8) -> Bad {
		Bad {
			fingerprint: [number; 32],
			code: 7,
		}
	}

	/// Looks at a proof from beginning to end, and finds it bad. False if it is not to be looked at.
	fn look(throttle: &mut Throttle, account: [u8; 32], number: u8, now: Instant) -> bool {
		let bad = bad(number);
		let is_looked_at = throttle.begin(account, &bad.fingerprint, now) == Answer::Look;
		if is_looked_at {
			throttle.end(account, Some(bad), now);
		}
		is_looked_at
	}

	#[test]
	fn ten_bad_proofs_a_minute_are_looked_at_and_no_more() {
		let (mut throttle, start) = (Throttle::new(), Instant::now());
		let at = |seconds| start + Duration::from_secs(seconds);
		for number in 0..10_u8 {
			assert!(look(&mut throttle, ONE, number, at(number.into())));
		}
		assert!(!look(&mut throttle, ONE, 10, at(10)));
		assert!(!look(&mut throttle, ONE, 10, at(59)));
		assert!(
			look(&mut throttle, OTHER, 10, at(59)),
			"nobody else suffers from it"
		);
		// The first is a minute old: one more.
		assert!(look(&mut throttle, ONE, 10, at(60)));
		assert!(!look(&mut throttle, ONE, 11, at(60)));
		assert!(look(&mut throttle, ONE, 11, at(61)));
		assert!(look(&mut throttle, ONE, 12, at(1_000)));
	}

	#[test]
	fn a_bad_proof_counts_once_a_minute_and_is_looked_at_once() {
		let (mut throttle, start) = (Throttle::new(), Instant::now());
		let at = |seconds| start + Duration::from_secs(seconds);
		assert!(look(&mut throttle, ONE, 0, at(0)));
		for second in 1..60 {
			let answer = throttle.begin(ONE, &bad(0).fingerprint, at(second));
			assert_eq!(answer, Answer::Known(7));
		}
		for number in 1..10 {
			assert!(look(&mut throttle, ONE, number, at(59)), "{number}");
		}
		assert!(!look(&mut throttle, ONE, 10, at(59)));
		assert_eq!(
			throttle.begin(OTHER, &bad(0).fingerprint, at(59)),
			Answer::Look,
			"it is another account's"
		);
		// It is forgotten, and counts again.
		assert!(look(&mut throttle, ONE, 0, at(60)));
		assert!(!look(&mut throttle, ONE, 10, at(60)));
	}

	/// Two callers were let in with the same one before either knew.
	#[test]
	fn a_bad_proof_that_was_looked_at_twice_counts_once() {
		let (mut throttle, now) = (Throttle::new(), Instant::now());
		for _ in 0..2 {
			assert_eq!(throttle.begin(ONE, &bad(0).fingerprint, now), Answer::Look);
		}
		for _ in 0..2 {
			throttle.end(ONE, Some(bad(0)), now);
		}
		let looked_at = (1..30).filter(|number| look(&mut throttle, ONE, *number, now));
		assert_eq!(looked_at.count(), 9);
	}

	#[test]
	fn what_comes_at_once_is_counted_before_the_first_is_found_bad() {
		let (mut throttle, now) = (Throttle::new(), Instant::now());
		let begins = |throttle: &mut Throttle, number| {
			throttle.begin(ONE, &bad(number).fingerprint, now) == Answer::Look
		};
		let looked_at = (0..30).filter(|number| begins(&mut throttle, *number)).count();
		assert_eq!(looked_at, 10);
		// A verdict changes nothing while it is bad, and makes room for one where it is good.
		for number in 0..3 {
			throttle.end(ONE, Some(bad(number)), now);
			assert!(!begins(&mut throttle, 30));
		}
		for number in 30..37 {
			throttle.end(ONE, None, now);
			assert!(begins(&mut throttle, number));
			assert!(!begins(&mut throttle, 40));
		}
	}

	#[test]
	fn good_proofs_are_looked_at_without_end() {
		let (mut throttle, now) = (Throttle::new(), Instant::now());
		for number in 0..100 {
			let answer = throttle.begin(ONE, &bad(number).fingerprint, now);
			assert_eq!(answer, Answer::Look);
			throttle.end(ONE, None, now);
			assert_eq!(throttle.0.len(), 0);
		}
	}

	#[test]
	fn a_flood_from_many_accounts_is_forgotten_rather_than_kept() {
		let (mut throttle, now) = (Throttle::new(), Instant::now());
		for account in 0..2 * ACCOUNTS {
			let mut name = [0; 32];
			name[..4].copy_from_slice(&account.to_le_bytes());
			assert!(look(&mut throttle, name, 0, now));
		}
		assert!(throttle.0.len() <= ACCOUNTS as usize);
	}
}

//! How many bad proofs of one account a node looks at.
//!
//! A transaction that is refused at the pool's door costs its sender nothing: it takes no place in a block, so no quota. What
//! it costs the node is one verification. So a node looks at ten bad proofs of an account in a minute and at no more until
//! the oldest is a minute old.
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

/// When each account last sent bad proofs, the oldest first.
pub(crate) struct Throttle(LruMap<[u8; 32], VecDeque<Instant>>);

impl Throttle {
	pub(crate) fn new() -> Self {
		Self(LruMap::new(ByLength::new(ACCOUNTS)))
	}

	/// Whether a proof of this account is to be looked at.
	pub(crate) fn allows(&mut self, account: &[u8; 32], now: Instant) -> bool {
		let Some(bad) = self.0.get(account) else {
			return true;
		};
		while bad
			.front()
			.is_some_and(|then| now.saturating_duration_since(*then) >= PERIOD)
		{
			bad.pop_front();
		}
		bad.len() < BAD_PROOFS
	}

	/// The account sent a bad proof.
	pub(crate) fn record(&mut self, account: [u8; 32], now: Instant) {
		if let Some(bad) = self.0.get_or_insert(account, VecDeque::new) {
			bad.push_back(now);
			if bad.len() > BAD_PROOFS {
				bad.pop_front();
			}
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

	#[test]
	fn ten_bad_proofs_a_minute_are_looked_at_and_no_more() {
		let (mut throttle, start) = (Throttle::new(), Instant::now());
		let at = |seconds| start + Duration::from_secs(seconds);
		for second in 0..10 {
			assert!(throttle.allows(&ONE, at(second)));
			throttle.record(ONE, at(second));
		}
		assert!(!throttle.allows(&ONE, at(10)));
		assert!(!throttle.allows(&ONE, at(59)));
		assert!(throttle.allows(&OTHER, at(59)), "nobody else suffers from it");
		// The first is a minute old: one more.
		assert!(throttle.allows(&ONE, at(60)));
		throttle.record(ONE, at(60));
		assert!(!throttle.allows(&ONE, at(60)));
		assert!(throttle.allows(&ONE, at(61)));
		assert!(throttle.allows(&ONE, at(1_000)));
	}

	#[test]
	fn a_flood_from_many_accounts_is_forgotten_rather_than_kept() {
		let (mut throttle, now) = (Throttle::new(), Instant::now());
		for account in 0..2 * ACCOUNTS {
			let mut name = [0; 32];
			name[..4].copy_from_slice(&account.to_le_bytes());
			throttle.record(name, now);
		}
		assert!(throttle.0.len() <= ACCOUNTS as usize);
	}
}

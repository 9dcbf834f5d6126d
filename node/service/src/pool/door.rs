//! Where transactions from outside wait while a node is behind with validating.

use std::{
	collections::BTreeMap,
	sync::{Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

/// A node is behind when more than [`QUEUE`] transactions wait to be validated, and the first of them for so long: a third of the
/// synchronization timeout on `local_testnet`.
const BEHIND: Duration = Duration::from_secs(1);

/// So many may wait however long it takes: a node that has just started compiles the runtime first.
const QUEUE: usize = 64;

/// Transactions that wait to be validated, by their arrival.
#[derive(Default)]
pub(crate) struct Door(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
	next: u64,
	since: BTreeMap<u64, Instant>,
}

impl Door {
	fn lock(&self) -> MutexGuard<'_, Waiting> {
		// A panic while it was held leaves a map of valid entries.
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Lets one in that comes from outside, which waits for its validation until what is given is dropped. None if the node is behind.
	pub(crate) fn admit(&self, now: Instant) -> Option<Admitted<'_>> {
		let mut waiting = self.lock();
		let is_behind = waiting.since.len() > QUEUE
			&& waiting
				.since
				.first_key_value()
				.is_some_and(|(_, since)| now.saturating_duration_since(*since) > BEHIND);
		if is_behind {
			return None;
		}
		let place = waiting.next;
		waiting.next += 1;
		waiting.since.insert(place, now);
		Some(Admitted { door: self, place })
	}
}

/// One that was let in; gone when dropped.
pub(crate) struct Admitted<'a> {
	door: &'a Door,
	place: u64,
}

impl Drop for Admitted<'_> {
	fn drop(&mut self) {
		self.door.lock().since.remove(&self.place);
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_node_that_is_behind_takes_nothing_from_outside_until_it_is_not() {
		let (door, start) = (Door::default(), Instant::now());
		let admit = |milliseconds| door.admit(start + Duration::from_millis(milliseconds));
		let mut first: Vec<_> = (0..=QUEUE).map(|_| admit(0).expect("room")).collect();
		let second = admit(1000).expect("the first waits for a second");
		assert!(admit(1001).is_none());
		first.remove(0);
		assert!(admit(1001).is_none(), "another one waits as long");
		let few = first.split_off(1);
		drop(few);
		assert!(admit(60_000).is_some(), "there are few, however long they wait");
		drop((first, second));
		assert!(door.lock().since.is_empty());
	}
}

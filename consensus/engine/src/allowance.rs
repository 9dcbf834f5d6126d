//! How much may come: by the second, and at a time.

use futures::future::BoxFuture;
use std::{
	collections::BTreeMap,
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc,
	},
	time::Instant,
};

/// What is taken at once: what may come in so many seconds.
const BURST: f64 = 4.0;

/// Seconds' worth of something that may come.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
	left: f64,
	since: Instant,
}

impl Allowance {
	/// Nothing has come yet.
	pub fn full(now: Instant) -> Self {
		Self {
			left: BURST,
			since: now,
		}
	}

	/// Whether something that may come once in `cost` seconds, on average, may come now.
	pub fn take(&mut self, cost: f64, now: Instant) -> bool {
		let earned = now.saturating_duration_since(self.since).as_secs_f64();
		self.left = (self.left + earned).min(BURST);
		self.since = now;
		let may = self.left >= cost;
		if may {
			self.left -= cost;
		}
		may
	}

	/// Takes so many seconds away.
	pub fn lose(&mut self, seconds: f64) {
		self.left -= seconds;
	}

	/// Whether it is as if nothing had come.
	fn is_full(&self, now: Instant) -> bool {
		let earned = now.saturating_duration_since(self.since).as_secs_f64();
		self.left + earned >= BURST
	}
}

/// From whom something comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender<K> {
	/// A client of this node.
	Own,
	/// An authority.
	Authority(K),
	/// Another node.
	Stranger(K),
}

/// Senders who are remembered, at most. Names cost nothing; connections are fewer.
const SENDERS: usize = 1_024;
/// How many times what its own clients bring is taken of an authority: it also passes on what strangers bring, half as much, and
/// clocks and networks are not so even that the rest was too much.
const AUTHORITY: f64 = 2.0;
/// By how much less one stranger may send than an authority.
const ONE_STRANGER: f64 = 10.0;
/// By how much less than the own clients all of them together may.
const STRANGERS: f64 = 2.0;

/// What may come of something. Each has a share of its own: nobody takes it all from the others, and no peer anything from the
/// clients of this node.
#[derive(Debug)]
pub struct Shares<K> {
	own: Allowance,
	each: BTreeMap<K, Allowance>,
	strangers: Allowance,
}

impl<K: Ord> Shares<K> {
	/// Nothing has come yet.
	pub fn full(now: Instant) -> Self {
		Self {
			own: Allowance::full(now),
			each: BTreeMap::new(),
			strangers: Allowance::full(now),
		}
	}

	/// Whether something that may come once in `cost` seconds from the clients of this node, on average, may come now from this
	/// sender.
	pub fn take(&mut self, from: Sender<K>, cost: f64, now: Instant) -> bool {
		match from {
			Sender::Own => self.own.take(cost, now),
			Sender::Authority(who) => self.take_of(who, cost / AUTHORITY, now),
			Sender::Stranger(who) => {
				self.take_of(who, cost / AUTHORITY * ONE_STRANGER, now)
					&& self.strangers.take(cost * STRANGERS, now)
			}
		}
	}

	fn take_of(&mut self, who: K, cost: f64, now: Instant) -> bool {
		if self.each.len() >= SENDERS && !self.each.contains_key(&who) {
			self.each.retain(|_, allowance| !allowance.is_full(now));
			if self.each.len() >= SENDERS {
				return false;
			}
		}
		let allowance = self.each.entry(who).or_insert(Allowance::full(now));
		allowance.take(cost, now)
	}
}

/// Counts what is under way.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<AtomicUsize>);

/// One or some of [`Places`], free again when this is dropped.
#[derive(Debug)]
pub struct Place {
	taken: Arc<AtomicUsize>,
	count: usize,
}

impl Places {
	/// A place, unless so many are taken.
	pub fn take(&self, most: usize) -> Option<Place> {
		self.take_some(1, most)
	}

	/// So many places, unless more than so many are taken then.
	pub fn take_some(&self, count: usize, most: usize) -> Option<Place> {
		let before = self.0.fetch_add(count, Ordering::Relaxed);
		let place = Place {
			taken: self.0.clone(),
			count,
		};
		(before.saturating_add(count) <= most).then_some(place)
	}

	/// Whether none is taken.
	pub fn is_unused(&self) -> bool {
		self.0.load(Ordering::Relaxed) == 0
	}
}

/// What of one sender's is under way.
#[derive(Debug, Default)]
pub struct Load {
	packets: Places,
	bytes: Places,
}

impl Load {
	/// A place for a packet of so many bytes, unless so many packets, or more than so many bytes, are under way then.
	pub fn take(&self, bytes: usize, most: usize, most_bytes: usize) -> Option<[Place; 2]> {
		let packet = self.packets.take(most)?;
		Some([packet, self.bytes.take_some(bytes, most_bytes)?])
	}

	/// Whether nothing is.
	pub fn is_none(&self) -> bool {
		self.packets.is_unused()
	}
}

impl Place {
	/// Does one thing after the other, and keeps the place until all are done.
	pub async fn until_done(self, todo: Vec<BoxFuture<'static, ()>>) {
		for one in todo {
			one.await;
		}
	}
}

impl Drop for Place {
	fn drop(&mut self) {
		self.taken.fetch_sub(self.count, Ordering::Relaxed);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::time::Duration;

	/// How many of so many, evenly spread over a time, may come.
	fn taken(rate: f64, many: u32, time: Duration) -> u32 {
		let start = Instant::now();
		let mut allowance = Allowance::full(start);
		let comes = |one: u32| start + time * one / many;
		(0..many)
			.filter(|one| allowance.take(1.0 / rate, comes(*one)))
			.count() as u32
	}

	#[test]
	fn what_comes_too_fast_is_left_out_and_what_keeps_to_the_rate_is_taken() {
		let ten = Duration::from_secs(10);
		assert_eq!(taken(20.0, 200, ten), 200, "twenty a second");
		// Four seconds' worth at once, then ten seconds of twenty.
		let flood = taken(20.0, 10_000, ten);
		assert!((279..=281).contains(&flood), "{flood}");
		assert_eq!(taken(1_000.0, 10_000, ten), 10_000);
	}

	#[test]
	fn what_is_lost_has_to_be_earned_again() {
		let start = Instant::now();
		let mut allowance = Allowance::full(start);
		allowance.lose(5.0);
		assert!(!allowance.take(0.5, start + Duration::from_secs(1)));
		assert!(allowance.take(0.5, start + Duration::from_secs(2)));
	}

	#[test]
	fn who_floods_takes_nothing_from_the_others() {
		let now = Instant::now();
		let mut shares = Shares::full(now);
		let mut flood = |from, many: u32| (0..many).filter(|_| shares.take(from, 0.125, now)).count();
		// What one may send in four seconds.
		assert_eq!(flood(Sender::Stranger(1), 1_000), 6);
		assert_eq!(flood(Sender::Stranger(2), 1), 1, "another one's client");
		for stranger in 3..100 {
			assert!(flood(Sender::Stranger(stranger), 1_000) <= 6);
		}
		assert_eq!(
			flood(Sender::Stranger(100), 1_000),
			0,
			"it is enough of all of them"
		);
		assert_eq!(flood(Sender::Authority(101), 1_000), 64);
		assert_eq!(flood(Sender::Authority(102), 1_000), 64);
		assert_eq!(flood(Sender::Own, 1_000), 32);
	}

	/// Whoever is told by one authority that its transaction is passed on is not left out by another.
	#[test]
	fn what_one_may_pass_on_the_other_one_takes() {
		let start = Instant::now();
		let mut here = Shares::full(start);
		let mut there = Shares::full(start);
		let mut passed_on = 0;
		for millisecond in 0..20_000 {
			let now = start + Duration::from_millis(millisecond);
			let strangers = (1..=10).map(Sender::Stranger);
			for from in strangers.chain([Sender::Own]) {
				if here.take(from, 0.01, now) {
					passed_on += 1;
					assert!(there.take(Sender::Authority(0), 0.01, now), "{millisecond}");
				}
			}
		}
		assert!((3_400..=3_600).contains(&passed_on), "{passed_on}");
	}

	#[test]
	fn as_many_senders_are_remembered_as_there_may_be() {
		let now = Instant::now();
		let mut shares = Shares::full(now);
		let all = 0..SENDERS + 10;
		let taken = all.filter(|who| shares.take(Sender::Authority(*who), AUTHORITY, now));
		assert_eq!(taken.count(), SENDERS);
		assert!(shares.take(Sender::Own, 1.0, now));
		let later = now + Duration::from_secs(1);
		assert!(shares.take(Sender::Authority(SENDERS), AUTHORITY, later));
		assert_eq!(shares.each.len(), 1, "who has sent nothing of late is forgotten");
	}

	#[test]
	fn places_are_bounded_and_come_back() {
		let places = Places::default();
		let two: Vec<_> = (0..2).map(|_| places.take(2).expect("room")).collect();
		assert!(places.take(2).is_none());
		assert!(places.take(2).is_none(), "a refusal takes no place");
		drop(two);
		assert!(places.is_unused() && places.take(1).is_some());
	}

	#[test]
	fn of_one_sender_so_many_packets_and_so_many_bytes_are_under_way() {
		let load = Load::default();
		let first = load.take(6, 3, 10).expect("room");
		assert!(load.take(5, 3, 10).is_none(), "too many bytes");
		let others = [2, 2].map(|bytes| load.take(bytes, 3, 10).expect("room"));
		assert!(load.take(0, 3, 10).is_none(), "too many packets");
		drop(first);
		assert!(load.take(6, 3, 10).is_some(), "it is as if it had not been");
		drop(others);
		assert!(load.is_none() && load.take(10, 1, 10).is_some());
	}

	#[test]
	fn one_place_is_for_all_that_comes_at_once() {
		let places = Places::default();
		let done = Arc::new(AtomicUsize::new(0));
		let todo = (0..64).map(|position| {
			let (done, places) = (done.clone(), places.clone());
			let one = async move {
				assert_eq!(
					done.fetch_add(1, Ordering::Relaxed),
					position,
					"one after the other"
				);
				assert!(places.take(1).is_none(), "it is taken until then");
			};
			Box::pin(one) as BoxFuture<'static, ()>
		});
		let place = places.take(1).expect("room");
		futures::executor::block_on(place.until_done(todo.collect()));
		assert_eq!(done.load(Ordering::Relaxed), 64);
		assert!(places.is_unused());
	}
}

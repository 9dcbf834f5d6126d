//! Transactions that the leader should include: the node's side of the synchronization timeout.
//!
//! Some of the transactions that become ready are *watched*: sent to the leader, given to the core, which runs a clock
//! for each, and looked for in every block. A block passes a watched one over if
//!
//! - it carries later ones, or nothing at all: later are those that became ready here afterwards, or never;
//! - its leader does next to nothing, whatever it carries: since the watched one came, or since this leader leads, its blocks held
//!   transactions for less than a twentieth of that time, by their weights. A leader could else have a transaction wait for as long
//!   as it likes, behind one older one a block. One that has a queue, and works through it in its own order, does as much as its machine
//!   can: on two processors that four authorities share a third of that time for transfers, more for purchases. Who wants another to wait
//!   has to bring older transactions for that share of the time, as for full blocks.
//!
//! What comes while enough are watched has its turn when there is room again, the oldest first. Otherwise one that the leader
//! has lost, because its pool was full for instance, would wait for ever in the pool of the node that it was given to.
//!
//! So would one of whose becoming ready nothing was heard. The pool says nothing of one that is ready because another one came, drops what it
//! says when too much is unread, and does not take note of every block that was abandoned. So it is asked for all that is ready, now
//! and then.
//!
//! While one is watched it is repeated to the leader, at growing intervals, and when the leader connects anew: what was sent may
//! have been left out on the way, and a leader that was started anew has an empty pool. Otherwise the others would hold the leader
//! to censor what it never had.

use sp_core::H256;
use std::{
	collections::{BTreeMap, HashMap, HashSet},
	time::{Duration, Instant},
};

use crate::packet::TRANSACTIONS_AT_ONCE;

/// Arrivals remembered, to know what came later.
const REMEMBERED: usize = 16_384;

/// From this age on, a watched transaction is sent to all authorities.
const OLD: Duration = Duration::from_secs(1);

/// A watched transaction is repeated to the leader after this time, then after twice as long, up to [`RARELY`]: a chain with more
/// than it can take is not the place for more messages.
const AGAIN: Duration = Duration::from_secs(1);
const RARELY: Duration = Duration::from_secs(16);

/// A leader that works for less than this part of the time has room for whatever waits.
const SHARE: u32 = 20;

/// So much of the time between two blocks counts, at most: while a quorum is away nobody can work.
const PAUSE: Duration = Duration::from_secs(10);

/// One that is watched.
#[derive(Clone, Debug)]
struct Watched {
	arrived: u64,
	since: Instant,
	bytes: Vec<u8>,
	spread: bool,
	/// When it is repeated next, and how long after the last time that is.
	again: (Instant, Duration),
	/// Since when its leader is judged by what it does, and what leaders had done until then.
	judged: (Instant, Duration),
}

/// Transactions in the order of their arrival.
#[derive(Debug, Default)]
pub struct Transactions {
	next: u64,
	/// When each of the last arrivals came, by its place.
	arrivals: HashMap<H256, u64>,
	order: BTreeMap<u64, H256>,
	watched: HashMap<H256, Watched>,
	/// Those of `order` that came while enough were watched.
	waiting: BTreeMap<u64, H256>,
	/// Those that were ready at the last look, and neither watched nor waiting.
	missed: HashSet<H256>,
	/// How long all transactions in the blocks that were looked through may take.
	work: Duration,
	/// When the last of them came.
	last: Option<Instant>,
}

/// How many of those that wait for their turn are looked at at once.
const TURNS_AT_ONCE: usize = 4 * TRANSACTIONS_AT_ONCE;

impl Transactions {
	/// A transaction has become ready. Gives whether it is to be watched: then the caller sends it to the leader and
	/// says so to the core.
	///
	/// One that was in a block which was abandoned comes back, and is watched again at its old place.
	pub fn arrived(&mut self, hash: H256, bytes: impl FnOnce() -> Option<Vec<u8>>) -> Option<Vec<u8>> {
		if self.is_looked_after(&hash) {
			return None;
		}
		let place = self.place(hash);
		if self.watched.len() >= TRANSACTIONS_AT_ONCE {
			self.waiting.insert(place, hash);
			return None;
		}
		let bytes = bytes()?;
		self.watch(place, hash, bytes.clone());
		Some(bytes)
	}

	/// Whether it is watched, or waits for its turn.
	fn is_looked_after(&self, hash: &H256) -> bool {
		let waits = |place: &u64| self.waiting.contains_key(place);
		self.watched.contains_key(hash) || self.arrivals.get(hash).is_some_and(waits)
	}

	/// Its place, which is the last if nothing is known of it.
	fn place(&mut self, hash: H256) -> u64 {
		match self.arrivals.get(&hash) {
			Some(place) => *place,
			None => self.remember(hash),
		}
	}

	/// Takes note of all that are ready. What is so at two looks in a row, and neither watched nor waiting, has its turn from now on. At
	/// one look it may be in a block that the pool has not taken note of yet.
	pub fn look(&mut self, ready: impl IntoIterator<Item = H256>) {
		let mut missed = HashSet::new();
		for hash in ready {
			if self.is_looked_after(&hash) {
				continue;
			}
			if self.missed.contains(&hash) {
				let place = self.place(hash);
				self.waiting.insert(place, hash);
			} else {
				missed.insert(hash);
			}
		}
		self.missed = missed;
	}

	fn remember(&mut self, hash: H256) -> u64 {
		self.next += 1;
		self.arrivals.insert(hash, self.next);
		self.order.insert(self.next, hash);
		if self.order.len() > REMEMBERED {
			if let Some((place, oldest)) = self.order.pop_first() {
				self.arrivals.remove(&oldest);
				self.waiting.remove(&place);
			}
		}
		self.next
	}

	fn watch(&mut self, arrived: u64, hash: H256, bytes: Vec<u8>) {
		let since = Instant::now();
		let watched = Watched {
			arrived,
			since,
			bytes,
			spread: false,
			again: (since + AGAIN, AGAIN),
			judged: (since, self.work),
		};
		self.watched.insert(hash, watched);
	}

	/// Watches those whose turn has come and that are still `ready`: as many as there is room for. They are the caller's to
	/// send, as those of [`Self::arrived`].
	pub fn next_turn(&mut self, ready: impl Fn(&H256) -> Option<Vec<u8>>) -> Vec<(H256, Vec<u8>)> {
		let mut turn = Vec::new();
		for _ in 0..TURNS_AT_ONCE {
			if self.watched.len() >= TRANSACTIONS_AT_ONCE {
				break;
			}
			let Some((place, hash)) = self.waiting.pop_first() else {
				break;
			};
			if let Some(bytes) = ready(&hash) {
				self.watch(place, hash, bytes.clone());
				turn.push((hash, bytes));
			}
		}
		turn
	}

	/// The core has begun anew and runs no clocks: what was watched waits for its turn, at its old place.
	pub fn begin_anew(&mut self) {
		let watched = self.watched.drain();
		self.waiting
			.extend(watched.map(|(hash, watched)| (watched.arrived, hash)));
	}

	/// Another leader: it is judged by what it does from now on.
	pub fn judge_anew(&mut self, now: Instant) {
		for watched in self.watched.values_mut() {
			watched.judged = (now, self.work);
		}
	}

	/// What a block with these transactions (without inherents), which may take so long if that is known, does to the watched ones:
	/// those included, and those passed over.
	pub fn in_block(
		&mut self,
		block: &[H256],
		work: Option<Duration>,
		now: Instant,
	) -> (Vec<H256>, Vec<H256>) {
		self.work = self.work.saturating_add(work.unwrap_or_default());
		let last = self.last.replace(now);
		for watched in self.watched.values_mut() {
			let since = last.map_or(watched.judged.0, |last| last.max(watched.judged.0));
			let pause = now.saturating_duration_since(since);
			watched.judged.0 += pause.saturating_sub(PAUSE);
		}
		let included: Vec<H256> = block
			.iter()
			.filter(|hash| self.watched.remove(*hash).is_some())
			.copied()
			.collect();
		let latest = block
			.iter()
			.map(|hash| self.arrivals.get(hash).copied().unwrap_or(u64::MAX))
			.max()
			.unwrap_or(u64::MAX);
		let is_idle = |(since, before): (Instant, Duration)| {
			let time = now.saturating_duration_since(since);
			work.is_some() && self.work.saturating_sub(before) < time / SHARE
		};
		let passed_over = self
			.watched
			.iter()
			.filter(|(_, watched)| watched.arrived < latest || is_idle(watched.judged))
			.map(|(hash, _)| *hash)
			.collect();
		(included, passed_over)
	}

	/// Those that are not ready any more, which are forgotten.
	pub fn gone(&mut self, is_ready: impl Fn(&H256) -> bool) -> Vec<H256> {
		let gone: Vec<H256> = self
			.watched
			.keys()
			.filter(|hash| !is_ready(hash))
			.copied()
			.collect();
		for hash in &gone {
			self.watched.remove(hash);
		}
		gone
	}

	/// Those that have become old since this was last asked.
	pub fn old(&mut self) -> Vec<Vec<u8>> {
		self.watched
			.values_mut()
			.filter(|watched| !watched.spread && watched.since.elapsed() >= OLD)
			.map(|watched| {
				watched.spread = true;
				watched.bytes.clone()
			})
			.collect()
	}

	/// Those that the leader is to be sent again.
	pub fn again(&mut self, now: Instant) -> Vec<Vec<u8>> {
		self.watched
			.values_mut()
			.filter(|watched| now >= watched.again.0)
			.map(|watched| {
				let pause = (2 * watched.again.1).min(RARELY);
				watched.again = (now + pause, pause);
				watched.bytes.clone()
			})
			.collect()
	}

	/// All that are watched: a new leader gets them, and one that connects anew.
	pub fn watched(&self) -> Vec<Vec<u8>> {
		self.watched
			.values()
			.map(|watched| watched.bytes.clone())
			.collect()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn hash(n: u8) -> H256 {
		H256([n; 32])
	}

	fn three() -> Transactions {
		let mut transactions = Transactions::default();
		for n in 1..=3 {
			assert_eq!(transactions.arrived(hash(n), || Some(vec![n])), Some(vec![n]));
		}
		transactions
	}

	#[test]
	fn a_block_passes_over_what_came_before_what_it_carries() {
		let (included, passed) = three().in_block(&[hash(2)], None, Instant::now());
		assert_eq!((included, passed), (vec![hash(2)], vec![hash(1)]));
		let (included, passed) = three().in_block(&[hash(1)], None, Instant::now());
		assert_eq!(
			(included, passed),
			(vec![hash(1)], vec![]),
			"the others may not have reached it"
		);
	}

	#[test]
	fn an_empty_block_and_one_of_unknown_transactions_pass_over_everything() {
		for block in [&[][..], &[hash(9)]] {
			let (included, mut passed) = three().in_block(block, None, Instant::now());
			passed.sort();
			assert_eq!((included, passed), (vec![], vec![hash(1), hash(2), hash(3)]));
		}
	}

	/// Three that came together, and a leader that includes an older one each second: how many of its blocks pass them over.
	fn passes(work: Option<Duration>) -> usize {
		let mut transactions = Transactions::default();
		for n in 1..=60 {
			transactions.arrived(hash(n), || Some(vec![n]));
		}
		let start = Instant::now();
		(1..=50)
			.filter(|n| {
				let now = start + Duration::from_secs(u64::from(*n));
				let (included, passed) = transactions.in_block(&[hash(*n)], work, now);
				assert_eq!(included, [hash(*n)]);
				passed.contains(&hash(60))
			})
			.count()
	}

	#[test]
	fn who_includes_an_older_one_now_and_then_passes_over_those_that_wait() {
		assert_eq!(passes(Some(Duration::from_millis(1))), 50);
		assert_eq!(passes(Some(Duration::from_millis(49))), 50);
		// A twentieth of the time, and more.
		assert_eq!(passes(Some(Duration::from_millis(51))), 0);
		assert_eq!(passes(None), 0, "where nothing is known");
	}

	#[test]
	fn time_in_which_there_were_no_blocks_hardly_counts() {
		let mut transactions = three();
		let start = Instant::now();
		let at = |seconds| start + Duration::from_secs(seconds);
		let work = |milliseconds| Some(Duration::from_millis(milliseconds));
		// Ten minutes count for ten seconds: half a second is a twentieth of that.
		assert_eq!(transactions.in_block(&[hash(1)], work(510), at(600)).1, []);
		assert_eq!(
			transactions.in_block(&[hash(2)], work(1), at(601)).1,
			[hash(3)],
			"511 ms of eleven seconds"
		);
		assert_eq!(
			transactions.in_block(&[hash(2)], work(500), at(1_201)).1,
			[hash(3)]
		);
		assert_eq!(transactions.in_block(&[hash(2)], work(100), at(1_202)).1, []);
	}

	#[test]
	fn a_new_leader_is_judged_by_its_own_work() {
		let mut transactions = three();
		let start = Instant::now();
		let at = |seconds| start + Duration::from_secs(seconds);
		let long = Some(Duration::from_secs(9));
		assert_eq!(transactions.in_block(&[hash(1)], long, at(10)).1, []);
		// What the one before did does not speak for it, nor what that one left undone against it.
		transactions.judge_anew(at(60));
		let short = Some(Duration::from_millis(40));
		assert_eq!(transactions.in_block(&[hash(2)], short, at(61)).1, [hash(3)]);
		transactions.judge_anew(at(70));
		let enough = Some(Duration::from_millis(60));
		assert_eq!(transactions.in_block(&[hash(2)], enough, at(71)).1, []);
	}

	#[test]
	fn what_arrives_twice_is_watched_once_and_what_is_gone_no_more() {
		let mut transactions = three();
		assert_eq!(transactions.arrived(hash(1), || Some(vec![1])), None);
		assert_eq!(transactions.gone(|known| *known != hash(2)), [hash(2)]);
		assert_eq!(transactions.gone(|known| *known != hash(2)), []);
		assert_eq!(transactions.in_block(&[], None, Instant::now()).1.len(), 2);
	}

	#[test]
	fn what_is_watched_is_repeated_at_growing_intervals_and_what_is_included_or_gone_is_not() {
		let mut transactions = three();
		let start = Instant::now();
		assert_eq!(transactions.again(start), Vec::<Vec<u8>>::new());
		transactions.in_block(&[hash(1)], None, Instant::now());
		transactions.gone(|known| *known != hash(2));
		let repeated: Vec<u64> = (1..=60)
			.filter(|second| {
				let again = transactions.again(start + Duration::from_secs(*second));
				assert!(again.iter().all(|bytes| *bytes == [3]));
				!again.is_empty()
			})
			.collect();
		assert_eq!(repeated, [1, 3, 7, 15, 31, 47]);
	}

	#[test]
	fn what_comes_back_from_a_block_that_was_abandoned_is_watched_at_its_old_place() {
		let mut transactions = three();
		assert_eq!(
			transactions.in_block(&[hash(1)], None, Instant::now()).0,
			[hash(1)]
		);
		assert_eq!(transactions.arrived(hash(1), || Some(vec![1])), Some(vec![1]));
		assert_eq!(transactions.arrived(hash(1), || Some(vec![1])), None, "once");
		let (_, passed) = transactions.in_block(&[hash(2)], None, Instant::now());
		assert_eq!(passed, [hash(1)], "it came before the second");

		// Where enough are watched it waits, at its old place, too.
		let mut transactions = three();
		transactions.in_block(&[hash(1)], None, Instant::now());
		for n in 0..TRANSACTIONS_AT_ONCE as u64 {
			transactions.arrived(H256::from_low_u64_be(n), || Some(Vec::new()));
		}
		assert_eq!(transactions.arrived(hash(1), || Some(vec![1])), None);
		transactions.in_block(&[hash(2)], None, Instant::now());
		let turn = transactions.next_turn(|hash| Some(hash.0.to_vec()));
		assert_eq!(turn[0].0, hash(1));
	}

	#[test]
	fn what_is_ready_at_two_looks_and_not_watched_has_its_turn() {
		let mut transactions = three();
		// The pool does not take note of this block, and has said nothing of the fourth.
		transactions.in_block(&[hash(2)], None, Instant::now());
		let ready = |hash: &H256| Some(hash.0.to_vec());
		transactions.look([1, 2, 3, 4, 5].map(hash));
		assert_eq!(transactions.next_turn(ready), [], "it may be on its way");
		transactions.look([1, 2, 3, 4, 6].map(hash));
		let turn: Vec<_> = transactions
			.next_turn(ready)
			.into_iter()
			.map(|(hash, _)| hash)
			.collect();
		assert_eq!(turn, [hash(2), hash(4)]);
		// At its old place, and at the last.
		let (_, mut passed) = transactions.in_block(&[hash(3)], None, Instant::now());
		passed.sort();
		assert_eq!(passed, [hash(1), hash(2)]);
		for _ in 0..2 {
			transactions.look([1, 2, 4].map(hash));
		}
		assert_eq!(transactions.next_turn(ready), [], "once");
	}

	#[test]
	fn when_the_core_begins_anew_what_was_watched_is_given_to_it_again() {
		let mut transactions = three();
		assert_eq!(transactions.arrived(hash(4), || Some(vec![4])), Some(vec![4]));
		transactions.in_block(&[hash(2)], None, Instant::now());
		transactions.begin_anew();
		assert_eq!(transactions.arrived(hash(4), || Some(vec![4])), None, "it waits");
		let turn: Vec<_> = transactions
			.next_turn(|hash| Some(hash.0.to_vec()))
			.into_iter()
			.map(|(hash, _)| hash)
			.collect();
		assert_eq!(turn, [1, 3, 4].map(hash));
	}

	#[test]
	fn watching_and_remembering_are_bounded() {
		let mut transactions = Transactions::default();
		for n in 0..2 * REMEMBERED as u64 {
			transactions.arrived(H256::from_low_u64_be(n), || Some(Vec::new()));
		}
		assert_eq!(transactions.watched.len(), TRANSACTIONS_AT_ONCE);
		assert_eq!(
			(transactions.arrivals.len(), transactions.order.len()),
			(REMEMBERED, REMEMBERED)
		);
		assert!(transactions.waiting.len() <= REMEMBERED);
	}

	#[test]
	fn what_came_when_enough_were_watched_has_its_turn_if_it_is_still_ready() {
		let mut transactions = Transactions::default();
		let hashes: Vec<_> = (0..3 * TRANSACTIONS_AT_ONCE as u64)
			.map(H256::from_low_u64_be)
			.collect();
		for hash in &hashes {
			transactions.arrived(*hash, || Some(Vec::new()));
		}
		let ready = |hash: &H256| Some(hash.0.to_vec());
		assert_eq!(transactions.next_turn(ready), [], "there is no room");

		// The first sixty-four are in a block, the others of the second sixty-four but the last are gone meanwhile.
		transactions.in_block(&hashes[..TRANSACTIONS_AT_ONCE], None, Instant::now());
		let last = hashes[2 * TRANSACTIONS_AT_ONCE - 1];
		let turn = transactions.next_turn(|hash| {
			let place = hashes.iter().position(|known| known == hash).unwrap_or_default();
			(place >= 2 * TRANSACTIONS_AT_ONCE - 1).then(|| hash.0.to_vec())
		});
		assert_eq!(turn.len(), TRANSACTIONS_AT_ONCE);
		assert_eq!(turn[0], (last, last.0.to_vec()), "the oldest first");
		assert_eq!(transactions.watched.len(), TRANSACTIONS_AT_ONCE);

		// It came before what a block carries, although it was not watched then.
		let (_, passed) =
			transactions.in_block(&hashes[2 * TRANSACTIONS_AT_ONCE..][..1], None, Instant::now());
		assert_eq!(passed, [last]);
		assert_eq!(transactions.next_turn(ready).len(), 1);
		assert_eq!(transactions.next_turn(ready), []);
	}
}

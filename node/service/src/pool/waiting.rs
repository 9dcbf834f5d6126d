//! One transaction for each account and number waits for an earlier one, and not too many of one account.
//!
//! A transaction whose requirements nothing in the pool provides is kept for later (*future*). The SDK's pool keeps any number of
//! them that one account has signed for one number, although only one can ever be included, and drops the oldest of all when it
//! has too many: those of others. There is no replacement on this chain, so here the first one has the place until it is
//! included, has become ready, or has left the pool; another one that would have to wait, too, is refused with a word. So is one of an
//! account that has [`MOST_WAITING`] of them, or whose take up a share ([`SHARE`]) of the bytes that may wait.
//!
//! To be refused must not cost the node more than to be taken. So a refusal is remembered: the same transaction is answered with the
//! same words, without being validated, for some seconds ([`REMEMBERED`]), and what is ready is gone through for one number at most
//! once in a moment ([`MOMENT`]).
//!
//! Two submissions may be under way at once. Each takes its place before the pool has it, and gives it back when the
//! pool has it or does not want it. What waits then, the pool itself knows.
//!
//! What an authority sends for the leader to include is not refused. It is ready there, and if it waits here, the transaction
//! that it waits for comes, too.

use std::{
	cell::RefCell,
	collections::{HashMap, HashSet},
	future::Future,
	hash::Hash as Key,
	mem,
	sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
	time::{Duration, Instant},
};

use codec::Encode as _;
use sc_transaction_pool_api::{error::Error as PoolError, InPoolTransaction, TransactionPool};
use sp_runtime::transaction_validity::{
	TransactionTag, TransactionValidityError, UnknownTransaction, ValidTransaction,
};
use veilmart_runtime::{opaque::Block, Hash};

use crate::pool::Refusal;

/// By these the answer for a transaction without a place is known: another one has the number, or the account has too many that wait. No
/// refusal of the runtime has these numbers.
const TAKEN: u8 = 254;
const TOO_MANY: u8 = 253;

/// So many transactions of one account wait for earlier ones, at most. Who sends a row in its order has none that wait. But a row that
/// comes from peers while the node is behind leaves the door in any order.
const MOST_WAITING: usize = 32;

/// What waits of one account has at most one part in so many of the bytes that there are for all.
const SHARE: usize = 8;

/// For how long it is remembered that a transaction was refused.
const REMEMBERED: Duration = Duration::from_secs(3);

/// For how long it is remembered that one for a number was refused. What that one waited for may have come since.
const MOMENT: Duration = Duration::from_secs(1);

/// So many refusals are remembered, at most, of transactions and of numbers each.
const MOST_REFUSALS: usize = 4096;

tokio::task_local! {
	/// Set while a transaction is submitted: the places that it has taken.
	static PLACES: RefCell<Vec<Place>>;
}

/// Submits transactions, each in its own place among those that wait.
///
/// An error that is none of the pool's if another one has the place: for one of those the SDK blames the peer that the transaction
/// came from, and refuses the transaction for a while, whoever sends it.
pub(crate) async fn in_its_place<T>(
	submission: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
	PLACES
		.scope(RefCell::default(), submission)
		.await
		.map_err(in_words)
}

/// The refusal for want of a place in words; any other one as it is.
pub(crate) fn in_words(refusal: Refusal) -> Refusal {
	match refusal {
		Refusal::Pool(PoolError::UnknownTransaction(UnknownTransaction::Custom(TAKEN))) => Refusal::RuntimeApi(
			"another transaction of this account with this number waits for an earlier one, and there is no replacement".into(),
		),
		Refusal::Pool(PoolError::UnknownTransaction(UnknownTransaction::Custom(TOO_MANY))) => Refusal::RuntimeApi(
			"too many transactions of this account wait for earlier ones; send the earlier ones first".into(),
		),
		other => other,
	}
}

/// The account in a transaction's name, which is the account and its number, of four bytes.
fn account(name: &TransactionTag) -> &[u8] {
	name.get(..name.len().saturating_sub(4)).unwrap_or_default()
}

/// What of an account waits for others.
#[derive(Default)]
struct Waiting {
	/// Whether one of them has the number that is asked for.
	has_same_number: bool,
	count: usize,
	bytes: usize,
}

impl Waiting {
	/// Counts one more of this length.
	fn add(&mut self, length: usize) {
		self.count = self.count.saturating_add(1);
		self.bytes = self.bytes.saturating_add(length);
	}

	/// An error, which says why, if there is no place for one more of this length among so many bytes.
	fn check_place_for(&self, length: usize, most_bytes: usize) -> Result<(), u8> {
		if self.has_same_number {
			return Err(TAKEN);
		}
		if self.count >= MOST_WAITING || self.bytes.saturating_add(length) > most_bytes {
			return Err(TOO_MANY);
		}
		Ok(())
	}
}

/// What was refused a short time ago, and why. If there are too many, the older half is forgotten.
struct Refused<K> {
	/// How long each is remembered.
	time: Duration,
	halves: Mutex<Halves<K>>,
}

struct Halves<K> {
	younger: HashMap<K, (Instant, u8)>,
	older: HashMap<K, (Instant, u8)>,
}

impl<K: Eq + Key> Refused<K> {
	fn new(time: Duration) -> Self {
		let halves = Halves {
			younger: HashMap::new(),
			older: HashMap::new(),
		};
		Self {
			time,
			halves: Mutex::new(halves),
		}
	}

	fn lock(&self) -> MutexGuard<'_, Halves<K>> {
		// A panic while they were held leaves maps of valid entries.
		self.halves.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Why it was refused, if it was.
	fn get(&self, key: &K) -> Option<u8> {
		let halves = self.lock();
		let (since, why) = halves.younger.get(key).or_else(|| halves.older.get(key))?;
		(since.elapsed() < self.time).then_some(*why)
	}

	fn note(&self, key: K, why: u8) {
		let mut halves = self.lock();
		if halves.younger.len() >= MOST_REFUSALS / 2 {
			halves.older = mem::take(&mut halves.younger);
		}
		halves.younger.insert(key, (Instant::now(), why));
	}
}

/// What a pool keeps.
trait Kept: Send + Sync {
	/// What of the account waits for others, apart from this very transaction.
	fn waiting_of(&self, name: &TransactionTag, hash: Hash) -> Waiting;

	/// Whether all of these are provided by what is ready.
	fn has_ready(&self, tags: &[TransactionTag]) -> bool;
}

impl<P: TransactionPool<Block = Block, Hash = Hash>> Kept for P {
	fn waiting_of(&self, name: &TransactionTag, hash: Hash) -> Waiting {
		let mut waiting = Waiting::default();
		for other in self.futures() {
			let Some(others_name) = other.provides().first() else {
				continue;
			};
			if *other.hash() == hash || account(others_name) != account(name) {
				continue;
			}
			waiting.has_same_number |= others_name == name;
			waiting.add(other.data().encoded_size());
		}
		waiting
	}

	fn has_ready(&self, tags: &[TransactionTag]) -> bool {
		let mut missing: HashSet<_> = tags.iter().collect();
		for transaction in self.ready() {
			for tag in transaction.provides() {
				missing.remove(tag);
			}
			if missing.is_empty() {
				return true;
			}
		}
		missing.is_empty()
	}
}

/// The places of a pool, by what a transaction provides before all else: its account with its number.
pub(crate) struct Places {
	/// Those of submissions that are under way.
	taken: Mutex<HashMap<TransactionTag, Taken>>,
	/// Transactions that had to be refused, and their names.
	refused: Refused<Hash>,
	refused_names: Refused<TransactionTag>,
	/// The pool owns the places, not the other way round. With it, how many bytes may wait in it.
	pool: OnceLock<(Weak<dyn Kept>, usize)>,
}

/// A place that is taken: by which transaction, its length in bytes, and how often it is submitted.
struct Taken {
	hash: Hash,
	length: usize,
	times: usize,
}

impl Default for Places {
	fn default() -> Self {
		Self {
			taken: Mutex::default(),
			refused: Refused::new(REMEMBERED),
			refused_names: Refused::new(MOMENT),
			pool: OnceLock::new(),
		}
	}
}

impl Places {
	/// They are those of this pool from now on, in which so many bytes may wait. The first one stays.
	pub(crate) fn belong_to<P>(&self, pool: &Arc<P>, bytes: usize)
	where
		P: TransactionPool<Block = Block, Hash = Hash> + 'static,
	{
		let pool: Arc<dyn Kept> = pool.clone();
		// One pool is made for each of these.
		let _ = self.pool.set((Arc::downgrade(&pool), bytes));
	}

	/// The pool, and how many bytes may wait in it.
	fn pool(&self) -> Option<(Arc<dyn Kept>, usize)> {
		let (pool, bytes) = self.pool.get()?;
		Some((pool.upgrade()?, *bytes))
	}

	/// Takes the place of a valid transaction, for as long as the submission goes on that this is asked in. A transaction that requires
	/// nothing does not wait, and needs none.
	pub(crate) fn take_for(
		self: &Arc<Self>,
		valid: &ValidTransaction,
		hash: Hash,
		length: usize,
	) -> Result<(), TransactionValidityError> {
		let (Some(name), false) = (valid.provides.first(), valid.requires.is_empty()) else {
			return Ok(());
		};
		let take = |places: &RefCell<Vec<Place>>| -> Result<(), TransactionValidityError> {
			let place = self.take(name, &valid.requires, hash, length)?;
			places.borrow_mut().extend(place);
			Ok(())
		};
		// What is validated for another reason is in the pool, or was.
		PLACES.try_with(take).unwrap_or(Ok(()))
	}

	fn lock(&self) -> MutexGuard<'_, HashMap<TransactionTag, Taken>> {
		// A panic while the map was held leaves a map of valid entries.
		self.taken.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// The refusal of a transaction that was refused a short time ago. It need not be validated again.
	pub(crate) fn check_again(&self, hash: Hash) -> Result<(), TransactionValidityError> {
		match self.refused.get(&hash) {
			Some(why) => Err(UnknownTransaction::Custom(why).into()),
			None => Ok(()),
		}
	}

	/// None if the transaction is ready, and needs no place that another one has.
	fn take(
		self: &Arc<Self>,
		name: &TransactionTag,
		requires: &[TransactionTag],
		hash: Hash,
		length: usize,
	) -> Result<Option<Place>, UnknownTransaction> {
		let why = match self.free(name, hash, length) {
			Ok(place) => return Ok(Some(place)),
			Err(why) => why,
		};
		// The one that waits may lack something that this one does not ask for.
		let is_ready = self.refused_names.get(name).is_none()
			&& self.pool().is_some_and(|(pool, _)| pool.has_ready(requires));
		if is_ready {
			return Ok(None);
		}
		self.refused.note(hash, why);
		self.refused_names.note(name.clone(), why);
		Err(UnknownTransaction::Custom(why))
	}

	/// The place, or why there is none.
	fn free(self: &Arc<Self>, name: &TransactionTag, hash: Hash, length: usize) -> Result<Place, u8> {
		if let Some(why) = self.refused_names.get(name) {
			return Err(why);
		}
		// Held while the pool is asked: what has given its place back is in the pool by then, if it is kept.
		let mut taken = self.lock();
		if taken.get(name).is_some_and(|other| other.hash != hash) {
			return Err(TAKEN);
		}
		let (mut waiting, most_bytes) = match self.pool() {
			Some((pool, bytes)) => (pool.waiting_of(name, hash), bytes / SHARE),
			None => (Waiting::default(), usize::MAX),
		};
		for (other, under_way) in taken.iter() {
			if other != name && account(other) == account(name) {
				waiting.add(under_way.length);
			}
		}
		waiting.check_place_for(length, most_bytes)?;
		let place = taken.entry(name.clone()).or_insert(Taken {
			hash,
			length,
			times: 0,
		});
		place.times += 1;
		Ok(Place {
			places: self.clone(),
			name: name.clone(),
		})
	}
}

/// The place of a transaction that is being submitted, until it is dropped.
struct Place {
	places: Arc<Places>,
	name: TransactionTag,
}

impl Drop for Place {
	fn drop(&mut self) {
		let mut taken = self.places.lock();
		if let Some(place) = taken.get_mut(&self.name) {
			place.times -= 1;
			if place.times == 0 {
				taken.remove(&self.name);
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use std::{
		sync::atomic::{AtomicUsize, Ordering},
		time::Duration,
	};

	use codec::{Decode, Encode};
	use futures::{executor::block_on, future::join_all};
	use sc_transaction_pool::{BasicPool, ChainApi, Options, PoolLimit, ValidateTransactionPriority};
	use sc_transaction_pool_api::TransactionSource;
	use sp_blockchain::TreeRoute;
	use sp_io::hashing::blake2_256;
	use sp_runtime::{
		generic::BlockId,
		traits::{Block as BlockT, NumberFor},
		transaction_validity::TransactionValidity,
	};

	use super::*;
	use crate::pool::sparing::Sparing;

	type Extrinsic = <Block as BlockT>::Extrinsic;

	/// So many may wait in the pool of these tests.
	const WAITING: usize = 50;

	/// An eighth of the bytes that may wait there, 1 MiB.
	const EIGHTH: usize = 128 * 1024;

	/// A transaction of an account, with a number; which one of several; and something else that it waits for, if it is not 0.
	fn transaction(account: u8, number: u8, which: u8, lacks: u8) -> Extrinsic {
		longer(account, number, which, lacks, 0)
	}

	/// The same with so many more bytes.
	fn longer(account: u8, number: u8, which: u8, lacks: u8, more: usize) -> Extrinsic {
		let bytes = [vec![account, number, which, lacks], vec![0; more]].concat();
		Extrinsic::decode(&mut &bytes.encode()[..]).expect("its length, and its bytes")
	}

	/// An account with a number, which a chain of the SDK writes in four bytes.
	fn name(account: u8, number: u8) -> TransactionTag {
		(account, u32::from(number)).encode()
	}

	/// A chain on which nothing is included yet, and every transaction valid, and which counts what it is asked.
	#[derive(Default)]
	struct Empty(Arc<AtomicUsize>);

	fn validity(transaction: &Extrinsic) -> TransactionValidity {
		let bytes = Vec::<u8>::decode(&mut &transaction.encode()[..]).unwrap_or_default();
		let [account, number, _, lacks, ..] = bytes[..] else {
			return Err(UnknownTransaction::CannotLookup.into());
		};
		let before = number.checked_sub(1).map(|before| name(account, before));
		let other = Some(vec![lacks]).filter(|_| lacks != 0);
		Ok(ValidTransaction {
			requires: before.into_iter().chain(other).collect(),
			provides: vec![name(account, number)],
			..Default::default()
		})
	}

	#[async_trait::async_trait]
	impl ChainApi for Empty {
		type Block = Block;
		type Error = Refusal;

		async fn validate_transaction(
			&self,
			_: Hash,
			_: TransactionSource,
			transaction: Arc<Extrinsic>,
			_: ValidateTransactionPriority,
		) -> Result<TransactionValidity, Refusal> {
			self.0.fetch_add(1, Ordering::Relaxed);
			// Others have their turn before there is an answer.
			tokio::task::yield_now().await;
			Ok(validity(&transaction))
		}

		fn validate_transaction_blocking(
			&self,
			_: Hash,
			_: TransactionSource,
			transaction: Arc<Extrinsic>,
		) -> Result<TransactionValidity, Refusal> {
			Ok(validity(&transaction))
		}

		fn block_id_to_number(&self, _: &BlockId<Block>) -> Result<Option<NumberFor<Block>>, Refusal> {
			Ok(Some(0))
		}

		fn block_id_to_hash(&self, _: &BlockId<Block>) -> Result<Option<Hash>, Refusal> {
			Ok(Some(Hash::zero()))
		}

		fn hash_and_length(&self, transaction: &Extrinsic) -> (Hash, usize) {
			let encoded = transaction.encode();
			(Hash::from(blake2_256(&encoded)), encoded.len())
		}

		async fn block_body(&self, _: Hash) -> Result<Option<Vec<Extrinsic>>, Refusal> {
			Ok(None)
		}

		fn block_header(&self, _: Hash) -> Result<Option<<Block as BlockT>::Header>, Refusal> {
			Ok(None)
		}

		fn tree_route(&self, from: Hash, _: Hash) -> Result<TreeRoute<Block>, Refusal> {
			Err(PoolError::InvalidBlockId(from.to_string()).into())
		}
	}

	type TestPool = BasicPool<Sparing<Empty>, Block>;

	/// A pool on that chain, and its places.
	fn pool() -> (Arc<TestPool>, Arc<Places>) {
		pool_on(Empty::default())
	}

	fn pool_on(chain: Empty) -> (Arc<TestPool>, Arc<Places>) {
		let api = Arc::new(Sparing::new(chain, Hash::zero));
		let places = api.places.clone();
		let limit = |count| PoolLimit {
			count,
			total_bytes: 1 << 20,
		};
		let options = Options {
			ready: limit(100),
			future: limit(WAITING),
			reject_future_transactions: false,
			ban_time: Duration::from_secs(60),
		};
		// What is ready is not validated again: nobody runs the task that would do it.
		let (pool, _) = TestPool::new_test(api, Hash::zero(), Hash::zero(), options);
		let pool = Arc::new(pool);
		places.belong_to(&pool, 1 << 20);
		(pool, places)
	}

	async fn submit_from(
		pool: &TestPool,
		source: TransactionSource,
		transaction: Extrinsic,
	) -> Result<Hash, Refusal> {
		in_its_place(pool.submit_one(Hash::zero(), source, transaction)).await
	}

	async fn submit(pool: &TestPool, transaction: Extrinsic) -> Result<Hash, Refusal> {
		submit_from(pool, TransactionSource::External, transaction).await
	}

	/// Whether a transaction was refused because another one has its place, and not as one that is wrong.
	fn is_kept_out(answer: &Result<Hash, Refusal>) -> bool {
		matches!(answer, Err(Refusal::RuntimeApi(word)) if word.contains("no replacement"))
	}

	/// Whether it was refused because so much of its account waits.
	fn is_too_much(answer: &Result<Hash, Refusal>) -> bool {
		matches!(answer, Err(Refusal::RuntimeApi(word)) if word.contains("too many"))
	}

	/// How many are ready, and how many wait.
	fn kept(pool: &TestPool) -> (usize, usize) {
		(pool.status().ready, pool.status().future)
	}

	#[test]
	fn of_many_that_wait_with_one_number_the_first_stays_and_nobody_elses_is_dropped() {
		let (pool, _) = pool();
		block_on(async {
			let others = submit(&pool, transaction(2, 7, 0, 0))
				.await
				.expect("there is room");
			let first = submit(&pool, transaction(1, 7, 0, 0))
				.await
				.expect("there is room");
			for which in 1..100 {
				assert!(is_kept_out(&submit(&pool, transaction(1, 7, which, 0)).await));
			}
			let mut waiting: Vec<_> = pool.futures().iter().map(|kept| *kept.hash()).collect();
			waiting.sort();
			let mut expected = [others, first];
			expected.sort();
			assert_eq!(waiting, expected);
			// Other numbers have places of their own.
			assert!(submit(&pool, transaction(1, 8, 0, 0)).await.is_ok());
			assert_eq!(kept(&pool), (0, 3));
		});
	}

	#[test]
	fn of_many_that_come_at_once_one_is_taken_and_nothing_is_remembered_of_them() {
		let (pool, places) = pool();
		block_on(async {
			let all = |number| (0..20).map(move |which| transaction(1, number, which, 0));
			// All of these are validated before the first is in the pool.
			let together = pool.submit_at(Hash::zero(), TransactionSource::External, all(7).collect());
			let together = in_its_place(together).await.expect("an answer for each");
			let together: Vec<_> = together
				.into_iter()
				.map(|answer| answer.map_err(in_words))
				.collect();
			let apart = join_all(all(8).map(|transaction| submit(&pool, transaction))).await;
			for answers in [together, apart] {
				assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
				assert_eq!(answers.iter().filter(|answer| is_kept_out(answer)).count(), 19);
			}
		});
		assert_eq!(kept(&pool), (0, 2));
		assert!(places.lock().is_empty());
	}

	#[test]
	fn a_place_is_free_when_its_transaction_is_gone_and_whoever_was_refused_may_come_again() {
		let (pool, _) = pool();
		block_on(async {
			let first = submit(&pool, transaction(1, 2, 0, 0))
				.await
				.expect("there is room");
			assert!(is_kept_out(&submit(&pool, transaction(1, 2, 1, 0)).await));
			pool.pool().validated_pool().remove_invalid(&[first]);
			std::thread::sleep(REMEMBERED);
			assert!(submit(&pool, transaction(1, 2, 1, 0)).await.is_ok());
			// The very same one is another matter.
			assert!(matches!(
				submit(&pool, transaction(1, 2, 1, 0)).await,
				Err(Refusal::Pool(PoolError::AlreadyImported(_)))
			));
			// What it waits for comes: it is ready, and replaced by nothing, as the SDK says.
			for number in [0, 1] {
				assert!(submit(&pool, transaction(1, number, 0, 0)).await.is_ok());
			}
			assert_eq!(kept(&pool), (3, 0));
			assert!(matches!(
				submit(&pool, transaction(1, 2, 2, 0)).await,
				Err(Refusal::Pool(PoolError::TooLowPriority { .. }))
			));
		});
	}

	#[test]
	fn one_account_has_so_many_waiting_and_no_more_and_leaves_room_for_others() {
		let (pool, places) = pool();
		block_on(async {
			// By number: the first would be ready.
			for number in 1..=MOST_WAITING as u8 {
				assert!(submit(&pool, transaction(1, 2 * number, 0, 0)).await.is_ok());
			}
			assert!(is_too_much(&submit(&pool, transaction(1, 200, 0, 0)).await));
			assert!(submit(&pool, transaction(2, 200, 0, 0)).await.is_ok());
			// What need not wait has room.
			assert!(submit(&pool, transaction(1, 0, 0, 0)).await.is_ok());
			assert_eq!(kept(&pool), (1, MOST_WAITING + 1));
			// By length.
			let half = EIGHTH / 2;
			assert!(submit(&pool, longer(3, 2, 0, 0, half)).await.is_ok());
			assert!(is_too_much(&submit(&pool, longer(3, 4, 0, 0, half)).await));
			assert!(submit(&pool, longer(3, 6, 0, 0, half / 2)).await.is_ok());
		});
		assert!(places.lock().is_empty());
	}

	#[test]
	fn a_row_in_its_order_is_ready_however_long_and_takes_no_places() {
		let (pool, _) = pool();
		block_on(async {
			for number in 0..100 {
				let answer = submit(&pool, longer(1, number, 0, 0, EIGHTH / 16)).await;
				assert!(answer.is_ok(), "{number}");
			}
		});
		assert_eq!(kept(&pool), (100, 0));
	}

	#[test]
	fn bytes_count_while_they_are_under_way() {
		let (pool, places) = pool();
		block_on(async {
			let all = (1..=20).map(|number| submit(&pool, longer(1, 2 * number, 0, 0, EIGHTH / 4)));
			let together = (1..=20).map(|number| longer(2, 2 * number, 0, 0, EIGHTH / 4));
			let together = pool.submit_at(Hash::zero(), TransactionSource::External, together.collect());
			let apart = join_all(all).await;
			let together = in_its_place(together).await.expect("an answer for each");
			// Four are longer than the share, by the few bytes that each begins with.
			for count in [
				apart.iter().filter(|answer| answer.is_ok()).count(),
				together.iter().filter(|answer| answer.is_ok()).count(),
			] {
				assert_eq!(count, 3);
			}
		});
		assert!(places.lock().is_empty());
	}

	#[test]
	fn what_was_refused_is_not_validated_again_and_answered_with_the_same_words() {
		let chain = Empty::default();
		let asked = chain.0.clone();
		let (pool, _) = pool_on(chain);
		block_on(async {
			assert!(submit(&pool, transaction(1, 7, 0, 0)).await.is_ok());
			assert!(is_kept_out(&submit(&pool, transaction(1, 7, 1, 0)).await));
			assert!(submit(&pool, longer(2, 2, 0, 0, EIGHTH / 2)).await.is_ok());
			let too_long = || longer(2, 4, 0, 0, EIGHTH / 2);
			assert!(is_too_much(&submit(&pool, too_long()).await));
			assert_eq!(asked.load(Ordering::Relaxed), 4);
			for _ in 0..10 {
				assert!(is_kept_out(&submit(&pool, transaction(1, 7, 1, 0)).await));
				assert!(is_too_much(&submit(&pool, too_long()).await));
			}
			assert_eq!(asked.load(Ordering::Relaxed), 4);
			// Of an authority it is taken.
			assert!(submit_from(&pool, TransactionSource::Local, too_long())
				.await
				.is_ok());
			assert_eq!(asked.load(Ordering::Relaxed), 5);
		});
	}

	#[test]
	fn so_many_refusals_are_remembered_and_the_oldest_are_forgotten_first() {
		let hash = |number: usize| Hash::from_low_u64_be(number as u64);
		let refused = Refused::new(Duration::from_secs(3600));
		assert_eq!(refused.get(&hash(0)), None);
		for number in 0..3 * MOST_REFUSALS {
			refused.note(hash(number), TOO_MANY);
			assert_eq!(refused.get(&hash(number)), Some(TOO_MANY));
			let halves = refused.lock();
			assert!(halves.younger.len() + halves.older.len() <= MOST_REFUSALS);
		}
		assert_eq!(refused.get(&hash(0)), None);
		// Half of them at least.
		let half = 3 * MOST_REFUSALS - MOST_REFUSALS / 2;
		assert!((half..3 * MOST_REFUSALS).all(|number| refused.get(&hash(number)) == Some(TOO_MANY)));

		let refused = Refused::new(Duration::ZERO);
		refused.note(hash(0), TAKEN);
		assert_eq!(refused.get(&hash(0)), None, "its time is over");
	}

	#[test]
	fn what_is_ready_is_not_kept_out_by_what_waits_for_something_else() {
		let (pool, _) = pool();
		block_on(async {
			assert!(submit(&pool, transaction(1, 0, 0, 0)).await.is_ok());
			assert!(submit(&pool, transaction(1, 1, 0, 99)).await.is_ok());
			assert_eq!(kept(&pool), (1, 1));
			assert!(submit(&pool, transaction(1, 1, 2, 0)).await.is_ok());
			assert!(is_kept_out(&submit(&pool, transaction(1, 1, 1, 98)).await));
			assert_eq!(kept(&pool), (2, 1));
		});
	}

	#[test]
	fn what_an_authority_wants_included_is_not_kept_out() {
		let (pool, _) = pool();
		block_on(async {
			assert!(submit(&pool, transaction(1, 1, 0, 99)).await.is_ok());
			let from_authority = transaction(1, 1, 1, 0);
			let answer = submit_from(&pool, TransactionSource::Local, from_authority.clone()).await;
			let hash = answer.expect("it is wanted");
			assert!(submit(&pool, transaction(1, 0, 0, 0)).await.is_ok());
			assert!(pool.ready().any(|ready| ready.hash == hash));
		});
	}
}

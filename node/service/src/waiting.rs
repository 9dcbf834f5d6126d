//! One transaction for each account and number waits for an earlier one.
//!
//! A transaction whose requirements nothing in the pool provides is kept for later (*future*). The SDK's pool keeps any number of
//! them that one account has signed for one number, although only one can ever be included, and drops the oldest of all when it
//! has too many: those of others. There is no replacement on this chain, so here the first one has the place until it is
//! included, has become ready, or has left the pool; another one that would have to wait, too, is refused with a word.
//!
//! Two submissions may be under way at once. Each takes its place before the pool has it, and gives it back when the
//! pool has it or does not want it. What waits then, the pool itself knows: here nothing is remembered.
//!
//! What an authority sends for the leader to include is not refused. It is ready there, and if it waits here, the transaction
//! that it waits for comes, too.

use std::{
	cell::RefCell,
	collections::{HashMap, HashSet},
	future::Future,
	sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use sc_transaction_pool_api::{error::Error as PoolError, InPoolTransaction, TransactionPool};
use sp_runtime::transaction_validity::{
	TransactionTag, TransactionValidityError, UnknownTransaction, ValidTransaction,
};
use veilmart_runtime::{opaque::Block, Hash};

use crate::pool::Refusal;

/// By this the answer for a transaction without a place is known. No refusal of the runtime has this number.
const TAKEN: u8 = 254;

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
			"another transaction of this account with this number waits for an earlier one, and there is no replacement; send \
			the earlier one first"
				.into(),
		),
		other => other,
	}
}

/// What a pool keeps.
trait Kept: Send + Sync {
	/// Whether a transaction other than this one waits for others, and provides this before all else.
	fn has_another_waiting(&self, name: &TransactionTag, hash: Hash) -> bool;

	/// Whether all of these are provided by what is ready.
	fn has_ready(&self, tags: &[TransactionTag]) -> bool;
}

impl<P: TransactionPool<Block = Block, Hash = Hash>> Kept for P {
	fn has_another_waiting(&self, name: &TransactionTag, hash: Hash) -> bool {
		self.futures()
			.iter()
			.any(|other| other.provides().first() == Some(name) && *other.hash() != hash)
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
#[derive(Default)]
pub(crate) struct Places {
	/// Those of submissions that are under way: by which transaction, and how often it is submitted.
	taken: Mutex<HashMap<TransactionTag, (Hash, usize)>>,
	/// The pool owns the places, not the other way round.
	pool: OnceLock<Weak<dyn Kept>>,
}

impl Places {
	/// They are those of this pool from now on. The first one stays.
	pub(crate) fn belong_to<P>(&self, pool: &Arc<P>)
	where
		P: TransactionPool<Block = Block, Hash = Hash> + 'static,
	{
		let pool: Arc<dyn Kept> = pool.clone();
		// One pool is made for each of these.
		let _ = self.pool.set(Arc::downgrade(&pool));
	}

	/// Takes the place of a valid transaction, for as long as the submission goes on that this is asked in. A transaction that requires
	/// nothing does not wait, and needs none.
	pub(crate) fn take_for(
		self: &Arc<Self>,
		valid: &ValidTransaction,
		hash: Hash,
	) -> Result<(), TransactionValidityError> {
		let (Some(name), false) = (valid.provides.first(), valid.requires.is_empty()) else {
			return Ok(());
		};
		let take = |places: &RefCell<Vec<Place>>| -> Result<(), TransactionValidityError> {
			let place = self.take(name, &valid.requires, hash)?;
			places.borrow_mut().extend(place);
			Ok(())
		};
		// What is validated for another reason is in the pool, or was.
		PLACES.try_with(take).unwrap_or(Ok(()))
	}

	fn lock(&self) -> MutexGuard<'_, HashMap<TransactionTag, (Hash, usize)>> {
		// A panic while the map was held leaves a map of valid entries.
		self.taken.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// None if the transaction is ready, and needs no place that another one has.
	fn take(
		self: &Arc<Self>,
		name: &TransactionTag,
		requires: &[TransactionTag],
		hash: Hash,
	) -> Result<Option<Place>, UnknownTransaction> {
		// Held while the pool is asked: what has given its place back is in the pool by then, if it is kept.
		let mut taken = self.lock();
		let pool = self.pool.get().and_then(Weak::upgrade);
		let is_taken = taken.get(name).is_some_and(|(other, _)| *other != hash)
			|| pool
				.as_ref()
				.is_some_and(|pool| pool.has_another_waiting(name, hash));
		if is_taken {
			// The one that waits may lack something that this one does not ask for.
			return match pool.is_some_and(|pool| pool.has_ready(requires)) {
				true => Ok(None),
				false => Err(UnknownTransaction::Custom(TAKEN)),
			};
		}
		let (_, times) = taken.entry(name.clone()).or_insert((hash, 0));
		*times += 1;
		Ok(Some(Place {
			places: self.clone(),
			name: name.clone(),
		}))
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
		if let Some((_, times)) = taken.get_mut(&self.name) {
			*times -= 1;
			if *times == 0 {
				taken.remove(&self.name);
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use std::time::Duration;

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
	use crate::pool::Sparing;

	type Extrinsic = <Block as BlockT>::Extrinsic;

	/// So many may wait in the pool of these tests.
	const WAITING: usize = 5;

	/// A transaction of an account, with a number; which one of several; and something else that it waits for, if it is not 0.
	fn transaction(account: u8, number: u8, which: u8, lacks: u8) -> Extrinsic {
		let bytes = vec![account, number, which, lacks];
		Extrinsic::decode(&mut &bytes.encode()[..]).expect("its length, and its bytes")
	}

	/// A chain on which nothing is included yet, and every transaction valid.
	struct Empty;

	fn validity(transaction: &Extrinsic) -> TransactionValidity {
		let encoded = transaction.encode();
		let [_, account, number, _, lacks] = encoded[..] else {
			return Err(UnknownTransaction::CannotLookup.into());
		};
		let before = number.checked_sub(1).map(|before| vec![account, before]);
		let other = Some(vec![lacks]).filter(|_| lacks != 0);
		Ok(ValidTransaction {
			requires: before.into_iter().chain(other).collect(),
			provides: vec![vec![account, number]],
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
		let api = Arc::new(Sparing::new(Empty, Hash::zero));
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
		places.belong_to(&pool);
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
	fn what_is_ready_is_not_kept_out_by_what_waits_for_something_else() {
		let (pool, _) = pool();
		block_on(async {
			assert!(submit(&pool, transaction(1, 0, 0, 0)).await.is_ok());
			assert!(submit(&pool, transaction(1, 1, 0, 99)).await.is_ok());
			assert_eq!(kept(&pool), (1, 1));
			assert!(is_kept_out(&submit(&pool, transaction(1, 1, 1, 98)).await));
			assert!(submit(&pool, transaction(1, 1, 2, 0)).await.is_ok());
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

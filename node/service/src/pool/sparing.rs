//! What the pool asks of the chain, asked as seldom as can be: the rules of `pool.rs` that are about validating.

use std::{
	collections::HashMap,
	mem,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

use sc_transaction_pool::{ChainApi, ValidateTransactionPriority};
use sc_transaction_pool_api::TransactionSource;
use sp_blockchain::TreeRoute;
use sp_runtime::{
	generic::BlockId,
	traits::{Block as BlockT, NumberFor},
	transaction_validity::{
		InvalidTransaction, TransactionLongevity, TransactionPriority, TransactionTag, TransactionValidity,
		TransactionValidityError, UnknownTransaction, ValidTransaction,
	},
};
use tokio::sync::OnceCell;
use veilmart_runtime::{opaque::Block, Hash};

use super::{
	bodies::Bodies,
	included::{provided_by, Included},
	waiting::Places,
};

/// How many transactions that wait are validated again in a second.
const AGAIN_PER_SECOND: u32 = 10;

type Extrinsic = <Block as BlockT>::Extrinsic;

tokio::task_local! {
	/// Set in the task that validates waiting transactions again.
	pub(crate) static AGAIN: ();
	/// Set while the pool takes note of a block.
	pub(crate) static NOTING: ();
}

/// What comes back out of an abandoned block goes before all that waits, in the order in which it was there: some of it, and of what
/// waits, follows from the earlier, which no tag says where accounts differ. This less its place is its priority. No transaction has
/// one of its own that is near to it.
const CAME_BACK: TransactionPriority = 1 << 56;

/// For so many blocks what comes back is kept without being looked at anew.
const KEPT_FOR: TransactionLongevity = 64;

/// What waits and is refused as things are, is thrown out if that is still so after this time. What it waits for may wait, too, in front
/// of it.
const DOUBT: Duration = Duration::from_secs(10);

/// So many are in doubt, at most.
const MOST_DOUBTED: usize = 4096;

/// How often a transaction is validated at the block that is the best one by then, if it cannot be at another.
const ATTEMPTS: usize = 4;

/// Whether a transaction is validated again that waits.
fn is_again() -> bool {
	AGAIN.try_with(|()| ()).is_ok()
}

/// Whether the pool takes note of a block.
fn is_noting() -> bool {
	NOTING.try_with(|()| ()).is_ok()
}

/// From whom the runtime is to think that a transaction comes. What comes back out of an abandoned block is no stranger's word, as the
/// SDK has it, nor is what is in the pool already: it was looked at as that when it came.
fn source_of(source: TransactionSource) -> TransactionSource {
	match source {
		TransactionSource::External if is_noting() || is_again() => TransactionSource::Local,
		source => source,
	}
}

/// How many more may be validated again: [`AGAIN_PER_SECOND`] each second, at most those of one second at a time.
struct Budget {
	left: f64,
	since: Instant,
}

impl Budget {
	fn new(now: Instant) -> Self {
		Self {
			left: 0.0,
			since: now,
		}
	}

	/// Takes one, if any is left.
	fn take(&mut self, now: Instant) -> bool {
		let most = f64::from(AGAIN_PER_SECOND);
		let earned = now.saturating_duration_since(self.since).as_secs_f64() * most;
		self.since = now;
		self.left = (self.left + earned).min(most);
		let any = self.left >= 1.0;
		if any {
			self.left -= 1.0;
		}
		any
	}
}

/// What the pool asks of the chain, with the rules of this module.
pub struct Sparing<A> {
	api: A,
	/// The best block of now.
	best: Box<dyn Fn() -> Hash + Send + Sync>,
	budget: Mutex<Budget>,
	under_way: UnderWay,
	/// Whether transactions at a block are those that this program knows.
	is_known_version: Box<dyn Fn(Hash) -> bool + Send + Sync>,
	/// The block that this was asked for last, and the answer: it is asked for each transaction of a block.
	asked_version: Mutex<Option<(Hash, bool)>>,
	/// What waits and was refused as things are, since when.
	doubted: Mutex<HashMap<Hash, Instant>>,
	/// What was refused so for too long.
	given_up: Mutex<Vec<Hash>>,
	/// What may wait.
	pub(crate) places: Arc<Places>,
	/// What blocks hold that may be abandoned.
	pub(crate) bodies: Arc<Bodies>,
	/// What has become final.
	pub(crate) included: Arc<Included>,
}

type Answer = Arc<OnceCell<TransactionValidity>>;

/// A block, a transaction that is validated at it, and whose word it is: the runtime looks at more of a stranger's, and at less of one in
/// a block.
type Question = (Hash, Hash, u8);

/// What is being validated: each with how many wait for the answer, and the answer to come.
#[derive(Default)]
struct UnderWay(Mutex<HashMap<Question, (usize, Answer)>>);

impl UnderWay {
	fn lock(&self) -> MutexGuard<'_, HashMap<Question, (usize, Answer)>> {
		// A panic while the map was held leaves a map of valid entries.
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn join(&self, question: Question) -> Joined<'_> {
		let mut all = self.lock();
		let (waiting, answer) = all.entry(question).or_default();
		*waiting += 1;
		Joined {
			all: self,
			question,
			answer: answer.clone(),
		}
	}
}

/// One that waits for an answer, or finds it. When the last of them is gone so is the answer, also if it never came.
struct Joined<'a> {
	all: &'a UnderWay,
	question: Question,
	answer: Answer,
}

impl Drop for Joined<'_> {
	fn drop(&mut self) {
		let mut all = self.all.lock();
		if let Some((waiting, _)) = all.get_mut(&self.question) {
			*waiting -= 1;
			if *waiting == 0 {
				all.remove(&self.question);
			}
		}
	}
}

impl<A> Sparing<A> {
	/// The rules over a chain with this best block.
	pub(crate) fn new(api: A, best: impl Fn() -> Hash + Send + Sync + 'static) -> Self {
		Self {
			api,
			best: Box::new(best),
			budget: Mutex::new(Budget::new(Instant::now())),
			under_way: UnderWay::default(),
			is_known_version: Box::new(|_| false),
			asked_version: Mutex::default(),
			doubted: Mutex::default(),
			given_up: Mutex::default(),
			places: Arc::default(),
			bodies: Arc::default(),
			included: Arc::default(),
		}
	}

	/// At blocks of which this is true, transactions are read by this program: what one in a block provides is not asked of the runtime.
	pub(crate) fn reading(mut self, is_known_version: impl Fn(Hash) -> bool + Send + Sync + 'static) -> Self {
		self.is_known_version = Box::new(is_known_version);
		self
	}

	/// The best block of now.
	pub(crate) fn best(&self) -> Hash {
		(self.best)()
	}

	/// What a transaction in a block after this one provides, if it can be told without the runtime.
	pub(crate) fn read_tags(&self, parent: Hash, transaction: &Extrinsic) -> Option<Vec<TransactionTag>> {
		let is_known = {
			let mut asked = self.asked_version.lock().unwrap_or_else(PoisonError::into_inner);
			let answer = asked.filter(|(block, _)| *block == parent);
			let (_, is_known) =
				*asked.insert(answer.unwrap_or_else(|| (parent, (self.is_known_version)(parent))));
			is_known
		};
		is_known.then(|| provided_by(transaction)).flatten()
	}

	/// The priority of one that comes back.
	fn priority_of(&self, transaction: &Extrinsic) -> TransactionPriority {
		let (number, index) = self.bodies.place(transaction).unwrap_or_default();
		let index = u64::try_from(index).unwrap_or(u64::MAX).min(0xFFFF);
		CAME_BACK - (u64::from(number) << 16) - index
	}

	/// One that waits is refused as things are.
	fn doubt(&self, hash: Hash) {
		let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
		if doubted.len() >= MOST_DOUBTED {
			doubted.clear();
		}
		if doubted.entry(hash).or_insert_with(Instant::now).elapsed() > DOUBT {
			doubted.remove(&hash);
			let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
			given_up.push(hash);
		}
	}

	/// What was refused for too long since this was asked last.
	pub(crate) fn given_up(&self) -> Vec<Hash> {
		mem::take(&mut self.given_up.lock().unwrap_or_else(PoisonError::into_inner))
	}

	/// Whether this is asked for a transaction that waits already, and enough of them were validated for now.
	fn is_enough(&self) -> bool {
		let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
		is_again() && !budget.take(Instant::now())
	}
}

#[async_trait::async_trait]
impl<A: ChainApi<Block = Block>> ChainApi for Sparing<A> {
	type Block = Block;
	type Error = A::Error;

	async fn validate_transaction(
		&self,
		at: Hash,
		source: TransactionSource,
		transaction: Arc<Extrinsic>,
		priority: ValidateTransactionPriority,
	) -> Result<TransactionValidity, A::Error> {
		if source == TransactionSource::InBlock {
			if let Some(mut provides) = self.read_tags(at, &transaction) {
				// Its number it has provided for sure. Whether the call did what it says is not known.
				provides.truncate(1);
				return Ok(Ok(ValidTransaction {
					provides,
					..Default::default()
				}));
			}
		}
		if self.is_enough() {
			// What is not known to be invalid stays where it is.
			return Ok(Err(UnknownTransaction::CannotLookup.into()));
		}
		// What only was beside something in a block is validated, too, in no hurry.
		let comes_back = source == TransactionSource::External
			&& is_noting()
			&& priority == ValidateTransactionPriority::Submitted;
		let priority = if is_noting() {
			ValidateTransactionPriority::Maintained
		} else {
			priority
		};
		let source = source_of(source);
		let (hash, length) = self.hash_and_length(&transaction);
		if source != TransactionSource::InBlock && self.included.has(hash) {
			return Ok(Err(InvalidTransaction::Stale.into()));
		}
		if source == TransactionSource::External {
			if let Err(refusal) = self.places.check_again(hash) {
				return Ok(Err(refusal));
			}
		}
		let joined = self.under_way.join((at, hash, source as u8));
		let validate = || async {
			let mut at = at;
			let mut attempt = 1;
			loop {
				let answer = self
					.api
					.validate_transaction(at, source, transaction.clone(), priority)
					.await;
				let best = self.best();
				// An abandoned block has no state any more, or one at which the transaction is out of turn.
				let is_doubtful = match &answer {
					Ok(Err(TransactionValidityError::Invalid(_))) => source != TransactionSource::InBlock,
					answer => answer.is_err(),
				};
				if !is_doubtful || best == at || attempt == ATTEMPTS {
					return answer;
				}
				at = best;
				attempt += 1;
			}
		};
		let mut validity = joined.answer.get_or_try_init(validate).await.cloned()?;
		if let Err(TransactionValidityError::Unknown(_)) = validity {
			if is_again() {
				self.doubt(hash);
			}
			if comes_back {
				// What it followed from comes back before it.
				if let Some(provides) = self.read_tags(at, &transaction) {
					validity = Ok(ValidTransaction {
						provides,
						longevity: KEPT_FOR,
						..Default::default()
					});
				}
			}
		}
		let place = match &mut validity {
			Ok(valid) if source == TransactionSource::External => self.places.take_for(valid, hash, length),
			Ok(valid) if comes_back => {
				valid.priority = self.priority_of(&transaction);
				Ok(())
			}
			_ => Ok(()),
		};
		Ok(validity.and_then(|valid| place.map(|()| valid)))
	}

	fn validate_transaction_blocking(
		&self,
		at: Hash,
		source: TransactionSource,
		transaction: Arc<Extrinsic>,
	) -> Result<TransactionValidity, A::Error> {
		self.api.validate_transaction_blocking(at, source, transaction)
	}

	fn block_id_to_number(&self, at: &BlockId<Block>) -> Result<Option<NumberFor<Block>>, A::Error> {
		self.api.block_id_to_number(at)
	}

	fn block_id_to_hash(&self, at: &BlockId<Block>) -> Result<Option<Hash>, A::Error> {
		self.api.block_id_to_hash(at)
	}

	fn hash_and_length(&self, transaction: &Extrinsic) -> (Hash, usize) {
		self.api.hash_and_length(transaction)
	}

	async fn block_body(&self, at: Hash) -> Result<Option<Vec<Extrinsic>>, A::Error> {
		if let Some(body) = self.bodies.again(at) {
			return Ok(Some(body));
		}
		let body = self.api.block_body(at).await?;
		let number = self.api.block_id_to_number(&BlockId::Hash(at))?;
		if let (Some(body), Some(number)) = (&body, number) {
			self.bodies.keep(at, number, body.clone());
		}
		Ok(body)
	}

	fn block_header(&self, at: Hash) -> Result<Option<<Block as BlockT>::Header>, A::Error> {
		self.api.block_header(at)
	}

	fn tree_route(&self, from: Hash, to: Hash) -> Result<TreeRoute<Block>, A::Error> {
		self.api.tree_route(from, to)
	}
}

#[cfg(test)]
mod tests {
	use std::sync::atomic::{AtomicUsize, Ordering};

	use codec::Decode;
	use futures::{executor::block_on, future::join_all, poll};
	use sp_core::H256;
	use sp_runtime::OpaqueExtrinsic;

	use super::*;
	use crate::pool::Refusal;

	/// The block whose state is there.
	const BEST: u64 = 7;

	/// At this one everything is refused, and may pass later.
	const LATER: u64 = 9;

	/// A chain on which everything is valid but the priority says whose word it is, and which counts what it is asked.
	#[derive(Default)]
	struct Counting(Arc<AtomicUsize>);

	#[async_trait::async_trait]
	impl ChainApi for Counting {
		type Block = Block;
		type Error = Refusal;

		async fn validate_transaction(
			&self,
			at: Hash,
			source: TransactionSource,
			_: Arc<Extrinsic>,
			_: ValidateTransactionPriority,
		) -> Result<TransactionValidity, Refusal> {
			self.0.fetch_add(1, Ordering::Relaxed);
			// Others have their turn before there is an answer.
			tokio::task::yield_now().await;
			if at == H256::from_low_u64_be(LATER) {
				Ok(Err(UnknownTransaction::Custom(5).into()))
			} else if at == H256::from_low_u64_be(BEST) {
				Ok(Ok(ValidTransaction {
					priority: u64::from(source == TransactionSource::Local),
					..Default::default()
				}))
			} else {
				Err(sc_transaction_pool_api::error::Error::InvalidBlockId("its state is gone".into()).into())
			}
		}

		fn validate_transaction_blocking(
			&self,
			_: Hash,
			_: TransactionSource,
			_: Arc<Extrinsic>,
		) -> Result<TransactionValidity, Refusal> {
			Ok(Ok(ValidTransaction::default()))
		}

		fn block_id_to_number(&self, _: &BlockId<Block>) -> Result<Option<NumberFor<Block>>, Refusal> {
			Ok(Some(1))
		}

		fn block_id_to_hash(&self, _: &BlockId<Block>) -> Result<Option<Hash>, Refusal> {
			Ok(None)
		}

		fn hash_and_length(&self, _: &Extrinsic) -> (Hash, usize) {
			Default::default()
		}

		/// There for who asks first, gone for who asks again.
		async fn block_body(&self, _: Hash) -> Result<Option<Vec<Extrinsic>>, Refusal> {
			let is_there = self.0.fetch_add(1, Ordering::Relaxed) == 0;
			Ok(is_there.then(|| vec![transaction()]))
		}

		fn block_header(&self, _: Hash) -> Result<Option<<Block as BlockT>::Header>, Refusal> {
			Ok(None)
		}

		fn tree_route(&self, from: Hash, _: Hash) -> Result<TreeRoute<Block>, Refusal> {
			Err(sc_transaction_pool_api::error::Error::InvalidBlockId(from.to_string()).into())
		}
	}

	fn transaction() -> Extrinsic {
		OpaqueExtrinsic::decode(&mut &[4, 0][..]).expect("one of one byte")
	}

	/// The rules over a chain that counts, and its counter.
	fn sparing() -> (Sparing<Counting>, Arc<AtomicUsize>) {
		let asked = Arc::new(AtomicUsize::new(0));
		let api = Sparing::new(Counting(asked.clone()), || H256::from_low_u64_be(BEST));
		(api, asked)
	}

	async fn validate(api: &Sparing<Counting>, at: u64) -> Result<TransactionValidity, Refusal> {
		validate_of(api, at, TransactionSource::External).await
	}

	async fn validate_of(
		api: &Sparing<Counting>,
		at: u64,
		source: TransactionSource,
	) -> Result<TransactionValidity, Refusal> {
		let transaction = Arc::new(transaction());
		let at = H256::from_low_u64_be(at);
		let priority = ValidateTransactionPriority::Submitted;
		api.validate_transaction(at, source, transaction, priority).await
	}

	/// What is refused as a stranger's is not refused for that when the node's own brings it at the same time, or an abandoned block.
	#[test]
	fn a_strangers_transaction_is_asked_for_as_one_and_what_comes_back_out_of_a_block_is_none() {
		let is_local = |validity: Result<TransactionValidity, Refusal>| {
			validity.expect("an answer").expect("it is valid").priority == 1
		};
		let (api, asked) = sparing();
		block_on(async {
			let both = [TransactionSource::External, TransactionSource::Local];
			let answers = join_all(both.map(|source| validate_of(&api, BEST, source))).await;
			let local: Vec<_> = answers.into_iter().map(is_local).collect();
			assert_eq!(local, [false, true]);
			assert_eq!(asked.load(Ordering::Relaxed), 2);
			let back = NOTING.scope((), validate(&api, BEST)).await;
			let priority = back.expect("an answer").expect("it is valid").priority;
			assert_eq!(priority, CAME_BACK, "before all others");
			api.budget.lock().expect("nobody panicked").left = 1.0;
			assert!(
				is_local(AGAIN.scope((), validate(&api, BEST)).await),
				"in the pool already"
			);
		});
	}

	#[test]
	fn a_new_transaction_is_always_validated_and_a_waiting_one_only_while_there_is_time() {
		let (api, asked) = sparing();
		block_on(async {
			for _ in 0..1000 {
				assert!(validate(&api, BEST).await.is_ok_and(|validity| validity.is_ok()));
			}
		});
		assert_eq!(asked.swap(0, Ordering::Relaxed), 1000);

		let answers: Vec<_> = block_on(AGAIN.scope((), async {
			let mut answers = Vec::new();
			for _ in 0..100_000 {
				answers.push(validate(&api, BEST).await.expect("an answer"));
			}
			answers
		}));
		let validated = answers.iter().filter(|answer| answer.is_ok()).count();
		assert_eq!(validated, asked.load(Ordering::Relaxed));
		assert!(validated < 10_000, "{validated} of 100,000 at once");
		let postponed = Err(TransactionValidityError::Unknown(
			UnknownTransaction::CannotLookup,
		));
		assert!(answers
			.iter()
			.all(|answer| answer.is_ok() || *answer == postponed));
	}

	#[test]
	fn what_is_refused_as_things_are_is_refused_at_the_door_and_given_up_after_a_while_where_it_waits() {
		let at = H256::from_low_u64_be(LATER);
		let api = Sparing::new(Counting::default(), move || at);
		let (hash, _) = api.hash_and_length(&transaction());
		let later = Err(UnknownTransaction::Custom(5).into());
		assert_eq!(block_on(validate(&api, LATER)).expect("an answer"), later);
		for given_up in [&[][..], &[], &[hash]] {
			api.budget.lock().expect("nobody panicked").left = 1.0;
			// The pool does nothing about such an answer.
			let answer = block_on(AGAIN.scope((), validate(&api, LATER)));
			assert_eq!(answer.expect("an answer"), later);
			assert_eq!(api.given_up(), given_up);
			let mut doubted = api.doubted.lock().expect("nobody panicked");
			for since in doubted.values_mut() {
				*since -= DOUBT / 2 + Duration::from_secs(1);
			}
		}
	}

	#[test]
	fn what_became_final_is_stale_without_a_question() {
		let (api, asked) = sparing();
		let (hash, _) = api.hash_and_length(&transaction());
		api.included.note(hash, Vec::new());
		let stale = Err(InvalidTransaction::Stale.into());
		assert_eq!(block_on(validate(&api, BEST)).expect("an answer"), stale);
		let again = block_on(NOTING.scope((), validate(&api, BEST)));
		assert_eq!(
			again.expect("an answer"),
			stale,
			"also when its block is abandoned that was not the first"
		);
		assert_eq!(asked.load(Ordering::Relaxed), 0);
	}

	#[test]
	fn what_comes_several_times_at_once_is_validated_once_and_anew_when_it_comes_later() {
		let (api, asked) = sparing();
		block_on(async {
			let answers = join_all((0..5).map(|_| validate(&api, BEST))).await;
			assert!(answers
				.iter()
				.all(|answer| answer.as_ref().is_ok_and(|validity| validity.is_ok())));
			assert_eq!(asked.load(Ordering::Relaxed), 1);
			assert!(validate(&api, BEST).await.is_ok());
			assert_eq!(asked.load(Ordering::Relaxed), 2);
		});
	}

	#[test]
	fn who_waits_for_an_answer_that_never_comes_asks_itself() {
		let (api, asked) = sparing();
		block_on(async {
			let mut first = Box::pin(validate(&api, BEST));
			let mut second = Box::pin(validate(&api, BEST));
			assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
			assert_eq!(asked.load(Ordering::Relaxed), 1);
			drop(first);
			assert!(second.await.is_ok_and(|validity| validity.is_ok()));
			assert_eq!(asked.load(Ordering::Relaxed), 2);
		});
		assert!(api.under_way.lock().is_empty());
	}

	/// The SDK's pool asks for a block's body when it throws out what the block holds, and again to take it back.
	#[test]
	fn the_body_of_a_block_is_there_for_the_pool_when_the_database_has_it_no_more() {
		let (api, asked) = sparing();
		let hash = H256::from_low_u64_be(BEST);
		for _ in 0..2 {
			let body = block_on(api.block_body(hash)).expect("an answer");
			assert_eq!(body, Some(vec![transaction()]));
		}
		assert_eq!(asked.load(Ordering::Relaxed), 1);
		api.bodies.forget_up_to(1);
		assert_eq!(block_on(api.block_body(hash)).expect("an answer"), None);
	}

	#[test]
	fn the_budget_is_that_of_one_second() {
		let start = Instant::now();
		let mut budget = Budget::new(start);
		let mut take_all = |milliseconds| {
			let now = start + Duration::from_millis(milliseconds);
			std::iter::from_fn(|| budget.take(now).then_some(())).count()
		};
		assert_eq!(take_all(0), 0);
		assert_eq!(take_all(100), 1);
		assert_eq!(take_all(200), 1);
		assert_eq!(take_all(60_000), 10, "what was not used is not saved for longer");
	}

	#[test]
	fn a_transaction_whose_block_was_abandoned_is_validated_at_the_best_block() {
		let (api, asked) = sparing();
		let answer = block_on(validate(&api, BEST + 1));
		assert!(answer.is_ok_and(|validity| validity.is_ok()));
		assert_eq!(asked.load(Ordering::Relaxed), 2);
	}
}

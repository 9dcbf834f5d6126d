//! The pool of transactions: the SDK's single-state pool, with seven rules of this chain.
//!
//! - *Sparing.* That pool has every ready transaction validated again after every block, which is meant for a block in six
//!   seconds. Here blocks follow each other as fast as they become final, and the processor would do little else. So a node
//!   looks again at `AGAIN_PER_SECOND` of them; what has become invalid is found at the latest by who puts it into a block.
//! - *Up to date, or empty.* The pool takes note of a block after it was imported. Asked in between, the SDK's pool gives what
//!   was ready before: transactions that the block holds already. To a proposer they look invalid, it reports them, and the
//!   pool throws them out with all that follow from the same account, and refuses them for a while.
//! - *At a block that is there.* A transaction is validated at the block that was best when it came. If that block was abandoned
//!   in the meantime its state is gone, which is not the transaction's fault: it is validated at the best block of now.
//! - *Nothing is lost with a block.* What an abandoned block held comes back, also when the database has its body no more (see
//!   `bodies.rs`).
//! - *Once at a time.* Authorities send each other what the leader should include, beside the gossip of the SDK, so one transaction
//!   comes several times at once. The first is validated, the others wait for its answer.
//! - *No more than it can look at.* At a node that is behind with validating, what clients and peers bring waits at the door, and is
//!   refused with a word if that takes too long. Otherwise nodes would come to know transactions many seconds apart, and take a
//!   leader that does its best for one that leaves them out. What an authority sends for the leader to include does not wait; it is
//!   little.
//! - *One for each number.* Of what one account has signed for one number, and what has to wait for an earlier one, the pool keeps the
//!   first, and of one account not too many (see `waiting.rs`). Otherwise a single account could fill the place that there is for all. Who
//!   is refused so is told again, not validated again, if it comes back at once.

use std::{
	collections::HashMap,
	pin::Pin,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

use futures::future::{select, BoxFuture, Either};
use sc_cli::TransactionPoolParams;
use sc_client_api::UsageProvider;
use sc_service::{Configuration, SpawnEssentialTaskHandle};
use sc_transaction_pool::{
	BasicPool, ChainApi, FullChainApi, Options, PoolLimit, RevalidationType, ValidateTransactionPriority,
};
use sc_transaction_pool_api::{
	ChainEvent, ImportNotificationStream, MaintainedTransactionPool, PoolStatus, ReadyTransactions,
	TransactionFor, TransactionPool, TransactionSource, TransactionStatusStreamFor, TxHash,
	TxInvalidityReportMap,
};
use sp_blockchain::{HeaderBackend, TreeRoute};
use sp_core::traits::SpawnEssentialNamed;
use sp_runtime::{
	generic::BlockId,
	traits::{Block as BlockT, NumberFor},
	transaction_validity::{
		InvalidTransaction, TransactionValidity, TransactionValidityError, UnknownTransaction,
	},
};
use tokio::sync::OnceCell;
use veilmart_runtime::opaque::Block;

use crate::{
	bodies::Bodies,
	door::{Admitted, Door},
	service::FullClient,
	waiting::{in_its_place, in_words, Places},
};

/// How many transactions that wait are validated again in a second.
const AGAIN_PER_SECOND: u32 = 10;

/// How long a proposer waits for the pool to take note of the parent, at least: most of the time it has for a block.
const PATIENCE: Duration = Duration::from_millis(400);

/// For how long the pool refuses a transaction that it threw out, unless the operator says otherwise. What became invalid may
/// become valid again, when money has come for instance, and its sender will not wait for the SDK's half an hour.
const BAN: Duration = Duration::from_secs(60);

/// What an operator says of the pool, as the SDK's pool wants to have it. A developer's node refuses nothing for longer.
pub fn options(params: &TransactionPoolParams, is_dev: bool) -> Options {
	let bytes = params.pool_kbytes.saturating_mul(1024);
	// The share of transactions that wait for others is the SDK's.
	Options {
		ready: PoolLimit {
			count: params.pool_limit,
			total_bytes: bytes,
		},
		future: PoolLimit {
			count: params.pool_limit / 10,
			total_bytes: bytes / 10,
		},
		reject_future_transactions: false,
		ban_time: match params.tx_ban_seconds {
			Some(seconds) => Duration::from_secs(seconds),
			None if is_dev => Duration::ZERO,
			None => BAN,
		},
	}
}

/// How long a transaction waits at the door before it is refused, and how often it looks whether it may come in.
const AT_THE_DOOR: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(200);

tokio::task_local! {
	/// Set in the task that validates waiting transactions again.
	static AGAIN: ();
	/// Set while the pool takes note of a block.
	static NOTING: ();
}

/// From whom the runtime is to think that a transaction comes. What comes back out of an abandoned block is no stranger's word, as the
/// SDK has it: a block held it, and was verified.
fn source_of(source: TransactionSource) -> TransactionSource {
	match NOTING.try_with(|()| ()) {
		Ok(()) => TransactionSource::Local,
		Err(_) => source,
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
	best: Box<dyn Fn() -> <Block as BlockT>::Hash + Send + Sync>,
	budget: Mutex<Budget>,
	under_way: UnderWay,
	/// What may wait.
	pub(crate) places: Arc<Places>,
	/// What blocks hold that may be abandoned.
	bodies: Arc<Bodies>,
}

type Answer = Arc<OnceCell<TransactionValidity>>;

/// A block, a transaction that is validated at it, and whether it is a stranger's: the runtime may refuse it for that.
type Question = (Hash, Hash, bool);

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
	pub(crate) fn new(api: A, best: impl Fn() -> <Block as BlockT>::Hash + Send + Sync + 'static) -> Self {
		Self {
			api,
			best: Box::new(best),
			budget: Mutex::new(Budget::new(Instant::now())),
			under_way: UnderWay::default(),
			places: Arc::default(),
			bodies: Arc::default(),
		}
	}

	/// Whether this is asked for a transaction that waits already, and enough of them were validated for now.
	fn is_enough(&self) -> bool {
		let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
		AGAIN.try_with(|()| ()).is_ok() && !budget.take(Instant::now())
	}
}

type Hash = <Block as BlockT>::Hash;
type Extrinsic = <Block as BlockT>::Extrinsic;

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
		if self.is_enough() {
			// What is not known to be invalid stays where it is.
			return Ok(Err(UnknownTransaction::CannotLookup.into()));
		}
		let source = source_of(source);
		let (hash, length) = self.hash_and_length(&transaction);
		if source == TransactionSource::External {
			if let Err(refusal) = self.places.check_again(hash) {
				return Ok(Err(refusal));
			}
		}
		let joined = self
			.under_way
			.join((at, hash, source == TransactionSource::External));
		let validate = || async {
			let answer = self
				.api
				.validate_transaction(at, source, transaction.clone(), priority)
				.await;
			let best = (self.best)();
			if answer.is_ok() || best == at {
				return answer;
			}
			self.api
				.validate_transaction(best, source, transaction, priority)
				.await
		};
		let validity = joined.answer.get_or_try_init(validate).await.cloned()?;
		let place = match &validity {
			Ok(valid) if source == TransactionSource::External => self.places.take_for(valid, hash, length),
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
		let body = self.api.block_body(at).await?;
		let Some(body) = body else {
			return Ok(self.bodies.get(at));
		};
		if let Some(number) = self.api.block_id_to_number(&BlockId::Hash(at))? {
			self.bodies.keep(at, number, &body);
		}
		Ok(Some(body))
	}

	fn block_header(&self, at: Hash) -> Result<Option<<Block as BlockT>::Header>, A::Error> {
		self.api.block_header(at)
	}

	fn tree_route(&self, from: Hash, to: Hash) -> Result<TreeRoute<Block>, A::Error> {
		self.api.tree_route(from, to)
	}
}

/// Starts the task that validates again with [`AGAIN`] set; it is the only one that the pool itself starts.
#[derive(Clone)]
struct Marking(SpawnEssentialTaskHandle);

impl SpawnEssentialNamed for Marking {
	fn spawn_essential_blocking(
		&self,
		name: &'static str,
		group: Option<&'static str>,
		future: BoxFuture<'static, ()>,
	) {
		SpawnEssentialNamed::spawn_essential_blocking(
			&self.0,
			name,
			group,
			Box::pin(AGAIN.scope((), future)),
		);
	}

	fn spawn_essential(
		&self,
		name: &'static str,
		group: Option<&'static str>,
		future: BoxFuture<'static, ()>,
	) {
		SpawnEssentialNamed::spawn_essential(&self.0, name, group, Box::pin(AGAIN.scope((), future)));
	}
}

type Inner = BasicPool<Sparing<FullChainApi<FullClient, Block>>, Block>;
type Ready = Box<dyn ReadyTransactions<Item = Arc<<Inner as TransactionPool>::InPoolTransaction>> + Send>;
pub(crate) type Refusal = <Inner as TransactionPool>::Error;

/// The pool.
pub struct Pool {
	pool: Arc<Inner>,
	door: Door,
	places: Arc<Places>,
	bodies: Arc<Bodies>,
}

impl Pool {
	/// An empty pool, at the chain's best block.
	pub fn new(
		options: Options,
		config: &Configuration,
		spawner: SpawnEssentialTaskHandle,
		client: &Arc<FullClient>,
	) -> Self {
		let registry = config.prometheus_registry();
		let best = client.clone();
		let api = Sparing::new(FullChainApi::new(client.clone(), registry, &spawner), move || {
			best.info().best_hash
		});
		let (places, bodies) = (api.places.clone(), api.bodies.clone());
		let may_wait = options.future.total_bytes;
		let chain = client.usage_info().chain;
		let pool = Arc::new(BasicPool::with_revalidation_type(
			options,
			config.role.is_authority().into(),
			Arc::new(api),
			registry,
			RevalidationType::Full,
			Marking(spawner),
			chain.best_number,
			chain.best_hash,
			chain.finalized_hash,
		));
		places.belong_to(&pool, may_wait);
		Self {
			pool,
			door: Door::default(),
			places,
			bodies,
		}
	}

	/// Waits at the door with what comes from outside, unless it is a single transaction with this hash that gets its answer without being
	/// validated.
	async fn admit(
		&self,
		source: TransactionSource,
		hash: Option<Hash>,
	) -> Result<Option<Admitted<'_>>, Refusal> {
		let is_answered = hash.is_some_and(|hash| self.places.check_again(hash).is_err());
		if source != TransactionSource::External || is_answered {
			return Ok(None);
		}
		let came = Instant::now();
		loop {
			if let Some(admitted) = self.door.admit(Instant::now()) {
				return Ok(Some(admitted));
			}
			if came.elapsed() > AT_THE_DOOR {
				// No error of the pool: for one of those the SDK blames the peer that the transaction came from.
				return Err(Refusal::RuntimeApi(
					"this node is behind with validating transactions and takes no more; try again later"
						.into(),
				));
			}
			tokio::time::sleep(LOOK).await;
		}
	}
}

/// Whether a transaction that failed so may be all right: it is in a block already, or another has to come first.
fn is_out_of_turn(error: &Option<TransactionValidityError>) -> bool {
	matches!(
		error,
		Some(TransactionValidityError::Invalid(
			InvalidTransaction::Stale | InvalidTransaction::Future
		))
	)
}

#[async_trait::async_trait]
impl TransactionPool for Pool {
	type Block = Block;
	type Hash = Hash;
	type InPoolTransaction = <Inner as TransactionPool>::InPoolTransaction;
	type Error = Refusal;

	async fn submit_at(
		&self,
		at: Hash,
		source: TransactionSource,
		transactions: Vec<TransactionFor<Self>>,
	) -> Result<Vec<Result<Hash, Refusal>>, Refusal> {
		let _admitted = self.admit(source, None).await?;
		let answers = in_its_place(self.pool.submit_at(at, source, transactions)).await?;
		Ok(answers
			.into_iter()
			.map(|answer| answer.map_err(in_words))
			.collect())
	}

	async fn submit_one(
		&self,
		at: Hash,
		source: TransactionSource,
		transaction: TransactionFor<Self>,
	) -> Result<Hash, Refusal> {
		let hash = self.pool.hash_of(&transaction);
		let _admitted = self.admit(source, Some(hash)).await?;
		in_its_place(self.pool.submit_one(at, source, transaction)).await
	}

	async fn submit_and_watch(
		&self,
		at: Hash,
		source: TransactionSource,
		transaction: TransactionFor<Self>,
	) -> Result<Pin<Box<TransactionStatusStreamFor<Self>>>, Refusal> {
		let hash = self.pool.hash_of(&transaction);
		let _admitted = self.admit(source, Some(hash)).await?;
		in_its_place(self.pool.submit_and_watch(at, source, transaction)).await
	}

	async fn ready_at(&self, at: Hash) -> Ready {
		self.pool.ready_at(at).await
	}

	fn ready(&self) -> Ready {
		self.pool.ready()
	}

	async fn report_invalid(
		&self,
		at: Option<Hash>,
		mut errors: TxInvalidityReportMap<TxHash<Self>>,
	) -> Vec<Arc<Self::InPoolTransaction>> {
		errors.retain(|_, error| !is_out_of_turn(error));
		self.pool.report_invalid(at, errors).await
	}

	fn futures(&self) -> Vec<Self::InPoolTransaction> {
		self.pool.futures()
	}

	fn status(&self) -> PoolStatus {
		self.pool.status()
	}

	fn import_notification_stream(&self) -> ImportNotificationStream<Hash> {
		self.pool.import_notification_stream()
	}

	fn on_broadcasted(&self, propagations: HashMap<Hash, Vec<String>>) {
		self.pool.on_broadcasted(propagations)
	}

	fn hash_of(&self, transaction: &TransactionFor<Self>) -> Hash {
		self.pool.hash_of(transaction)
	}

	fn ready_transaction(&self, hash: &Hash) -> Option<Arc<Self::InPoolTransaction>> {
		self.pool.ready_transaction(hash)
	}

	async fn ready_at_with_timeout(&self, at: Hash, timeout: Duration) -> Ready {
		let patience = tokio::time::sleep(PATIENCE.max(timeout));
		match select(self.pool.ready_at(at), Box::pin(patience)).await {
			Either::Left((ready, _)) => ready,
			Either::Right(_) => Box::new(std::iter::empty()),
		}
	}
}

#[async_trait::async_trait]
impl MaintainedTransactionPool for Pool {
	async fn maintain(&self, event: ChainEvent<Block>) {
		let block = event.is_finalized().then(|| event.hash());
		NOTING.scope((), self.pool.maintain(event)).await;
		if let Some(block) = block {
			self.bodies.is_final(block);
		}
	}
}

#[cfg(test)]
mod tests {
	use std::sync::atomic::{AtomicUsize, Ordering};

	use codec::Decode;
	use futures::{executor::block_on, future::join_all, poll};
	use sp_core::H256;
	use sp_runtime::{transaction_validity::ValidTransaction, OpaqueExtrinsic};

	use super::*;

	/// The block whose state is there.
	const BEST: u64 = 7;

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
			if at == H256::from_low_u64_be(BEST) {
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
			assert!(is_local(NOTING.scope((), validate(&api, BEST)).await));
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
		assert_eq!(asked.load(Ordering::Relaxed), 2);
		api.bodies.is_final(hash);
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

	#[test]
	fn only_what_is_out_of_turn_stays_when_it_is_reported_as_invalid() {
		for (error, stays) in [
			(InvalidTransaction::Stale, true),
			(InvalidTransaction::Future, true),
			(InvalidTransaction::Payment, false),
			(InvalidTransaction::BadProof, false),
		] {
			assert_eq!(is_out_of_turn(&Some(error.into())), stays, "{error:?}");
		}
		assert!(!is_out_of_turn(&None));
	}
}

//! The pool of transactions: the SDK's single-state pool, with nine rules of this chain.
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
//!   `pool/bodies.rs`).
//! - *Told again.* After each block that becomes final the pool hears once more what the last ones held: what came in late is thrown
//!   out, and what waits for it waits no more (see `pool/included.rs`).
//! - *A refusal ends.* To send again what is refused for a while does not prolong that; and what is refused as things are, by a
//!   quota for instance, may come again at once.
//! - *Once at a time.* Authorities send each other what the leader should include, beside the gossip of the SDK, so one transaction
//!   comes several times at once. The first is validated, the others wait for its answer.
//! - *No more than it can look at.* At a node that is behind with validating, what clients and peers bring waits at the door, and is
//!   refused with a word if that takes too long. Otherwise nodes would come to know transactions many seconds apart, and take a
//!   leader that does its best for one that leaves them out. What an authority sends for the leader to include does not wait; it is
//!   little.
//! - *One for each number.* Of what one account has signed for one number, and what has to wait for an earlier one, the pool keeps the
//!   first, and of one account not too many (see `pool/waiting.rs`). Otherwise a single account could fill the place that there is for all. Who
//!   is refused so is told again, not validated again, if it comes back at once.

use std::{
	collections::{HashMap, HashSet},
	pin::Pin,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

use futures::future::{select, BoxFuture, Either};
use sc_cli::TransactionPoolParams;
use sc_client_api::UsageProvider;
use sc_service::{Configuration, SpawnEssentialTaskHandle};
use sc_transaction_pool::{BasicPool, ChainApi, FullChainApi, Options, PoolLimit, RevalidationType};
use sc_transaction_pool_api::{
	ChainEvent, ImportNotificationStream, MaintainedTransactionPool, PoolStatus, ReadyTransactions,
	TransactionFor, TransactionPool, TransactionSource, TransactionStatusStreamFor, TxHash,
	TxInvalidityReportMap,
};
use sp_blockchain::{HashAndNumber, HeaderBackend};
use sp_core::traits::{CallContext, SpawnEssentialNamed};
use sp_runtime::{
	generic::BlockId,
	transaction_validity::{InvalidTransaction, TransactionTag, TransactionValidityError},
};
use veilmart_runtime::{opaque::Block, Hash, VERSION};

use self::{
	door::{Admitted, Door},
	sparing::{Sparing, AGAIN, NOTING},
	waiting::{in_its_place, in_words},
};
use crate::service::FullClient;

mod bodies;
mod door;
mod included;
mod sparing;
mod waiting;

/// How long a proposer waits for the pool to take note of the parent, at least: most of the time it has for a block.
const PATIENCE: Duration = Duration::from_millis(400);

/// For how long the pool refuses a transaction that it threw out, unless the operator says otherwise. What became invalid may
/// become valid again, when money has come for instance, and its sender will not wait for the SDK's half an hour.
const BAN: Duration = Duration::from_secs(60);

/// One part in so many of the bytes of the pool is what accounts share for what waits.
const WAITS: usize = 10;

/// What an operator says of the pool, as the SDK's pool wants to have it. A developer's node refuses nothing for longer.
pub fn options(params: &TransactionPoolParams, is_dev: bool) -> Options {
	let bytes = params.pool_kbytes.saturating_mul(1024);
	Options {
		ready: PoolLimit {
			count: params.pool_limit,
			total_bytes: bytes,
		},
		// Accounts have shares of less ([`WAITS`]). What comes back out of abandoned blocks may wait for a moment, and needs none.
		future: PoolLimit {
			count: params.pool_limit / 4,
			total_bytes: bytes / 4,
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

/// Starts the task that validates again with `AGAIN` set; it is the only one that the pool itself starts.
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

type Full = FullChainApi<FullClient, Block>;
type Inner<A> = BasicPool<Sparing<A>, Block>;
type InPool = <Inner<Full> as TransactionPool>::InPoolTransaction;
type Ready = Box<dyn ReadyTransactions<Item = Arc<InPool>> + Send>;
pub(crate) type Refusal = <Inner<Full> as TransactionPool>::Error;

/// The pool, over a chain that answers so.
pub struct Pool<A: ChainApi<Block = Block> + 'static = Full> {
	pool: Arc<Inner<A>>,
	door: Door,
	/// The best block that the pool has taken note of last.
	noted: Mutex<Hash>,
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
		let (best, versions) = (client.clone(), client.clone());
		let api = Sparing::new(FullChainApi::new(client.clone(), registry, &spawner), move || {
			best.info().best_hash
		})
		.reading(move |block| {
			let version = versions.runtime_version_at(block, CallContext::Offchain);
			version.is_ok_and(|version| version.transaction_version == VERSION.transaction_version)
		});
		let may_wait = options.ready.total_bytes / WAITS;
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
		Self::over(pool, may_wait, chain.best_hash)
	}
}

impl<A: ChainApi<Block = Block, Error = Refusal> + 'static> Pool<A> {
	/// The rules over the SDK's pool, in which so many bytes may wait, and which has taken note of this block.
	fn over(pool: Arc<Inner<A>>, may_wait: usize, noted: Hash) -> Self {
		pool.api().places.belong_to(&pool, may_wait);
		Self {
			pool,
			door: Door::default(),
			noted: Mutex::new(noted),
		}
	}

	fn lock_noted(&self) -> MutexGuard<'_, Hash> {
		// A panic while it was held leaves a hash.
		self.noted.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// These blocks are final, and noted. What is in the pool and was in the last final blocks is thrown out, and what waits for it waits
	/// no more.
	async fn are_final(&self, blocks: &[Hash], last: Hash) -> Result<(), Refusal> {
		let api = self.pool.api();
		for block in blocks {
			let parent = api.block_header(*block)?.map(|header| header.parent_hash);
			let (Some(body), Some(parent)) = (api.bodies.get(*block), parent) else {
				continue;
			};
			for transaction in &body {
				if let Some(tags) = api.read_tags(parent, transaction) {
					api.included.note(self.pool.hash_of(transaction), tags);
				}
			}
		}
		let Some(number) = api.block_id_to_number(&BlockId::Hash(last))? else {
			return Ok(());
		};
		api.bodies.forget_up_to(number);
		let tags = self.late_tags();
		if tags.is_empty() {
			return Ok(());
		}
		// It is validated again at the best block that was noted: what was before it may not be final yet.
		let best = *self.lock_noted();
		let at = match api.block_id_to_number(&BlockId::Hash(best))? {
			Some(height) if height >= number => HashAndNumber {
				number: height,
				hash: best,
			},
			_ => HashAndNumber { number, hash: last },
		};
		NOTING.scope((), self.pool.pool().prune_tags(&at, tags, [])).await;
		Ok(())
	}

	/// What the last final transactions provided, as far as it concerns anything in the pool.
	fn late_tags(&self) -> Vec<TransactionTag> {
		let status = self.pool.status();
		if status.ready == 0 && status.future == 0 {
			return Vec::new();
		}
		let mut provided: HashSet<_> = self.pool.api().included.tags().into_iter().collect();
		let mut concerned = HashSet::new();
		for transaction in self.pool.futures() {
			look_at(&transaction.provides, &mut provided, &mut concerned);
			concerned.extend(transaction.requires.iter().cloned());
		}
		for transaction in self.pool.ready() {
			look_at(&transaction.provides, &mut provided, &mut concerned);
		}
		provided.retain(|tag| concerned.contains(tag));
		provided.into_iter().collect()
	}

	/// An error if the pool has the transaction, or refuses it for a while. The SDK says so, too, but then refuses it anew, so that what is
	/// sent again and again would be refused for ever.
	fn ensure_new(&self, hash: Hash) -> Result<(), Refusal> {
		self.pool.pool().validated_pool().check_is_known(&hash, false)
	}

	/// Waits at the door with what comes from outside, unless it is a single transaction with this hash that gets its answer without being
	/// validated.
	async fn admit(
		&self,
		source: TransactionSource,
		hash: Option<Hash>,
	) -> Result<Option<Admitted<'_>>, Refusal> {
		let is_answered = hash.is_some_and(|hash| self.pool.api().places.check_again(hash).is_err());
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

/// Takes note of what one in the pool provides, its number first. If that is not among what was `provided`, nothing else is that it
/// provides: a call with the same sequence number was included, and has failed.
fn look_at(
	provides: &[TransactionTag],
	provided: &mut HashSet<TransactionTag>,
	concerned: &mut HashSet<TransactionTag>,
) {
	let Some((number, others)) = provides.split_first() else {
		return;
	};
	if !provided.contains(number) {
		for other in others {
			provided.remove(other);
		}
	}
	concerned.extend(provides.iter().cloned());
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

/// Whether a transaction is refused as things are, and may be sent again: when its account's next minute begins, for instance.
fn may_pass_later(error: &Option<TransactionValidityError>) -> bool {
	matches!(error, Some(TransactionValidityError::Unknown(_)))
}

#[async_trait::async_trait]
impl<A: ChainApi<Block = Block, Error = Refusal> + 'static> TransactionPool for Pool<A> {
	type Block = Block;
	type Hash = Hash;
	type InPoolTransaction = InPool;
	type Error = Refusal;

	async fn submit_at(
		&self,
		_: Hash,
		source: TransactionSource,
		transactions: Vec<TransactionFor<Self>>,
	) -> Result<Vec<Result<Hash, Refusal>>, Refusal> {
		let _admitted = self.admit(source, None).await?;
		let known: Vec<_> = transactions
			.iter()
			.map(|transaction| self.ensure_new(self.pool.hash_of(transaction)))
			.collect();
		let new = transactions
			.into_iter()
			.zip(&known)
			.filter_map(|(transaction, known)| known.is_ok().then_some(transaction))
			.collect();
		let at = self.pool.api().best();
		let mut answers = in_its_place(self.pool.submit_at(at, source, new))
			.await?
			.into_iter();
		let behind = || Refusal::RuntimeApi("the pool has not answered".into());
		Ok(known
			.into_iter()
			.map(|known| {
				known?;
				answers.next().unwrap_or_else(|| Err(behind())).map_err(in_words)
			})
			.collect())
	}

	async fn submit_one(
		&self,
		_: Hash,
		source: TransactionSource,
		transaction: TransactionFor<Self>,
	) -> Result<Hash, Refusal> {
		let hash = self.pool.hash_of(&transaction);
		self.ensure_new(hash)?;
		let _admitted = self.admit(source, Some(hash)).await?;
		// Another copy may have come in meanwhile.
		self.ensure_new(hash)?;
		let at = self.pool.api().best();
		in_its_place(self.pool.submit_one(at, source, transaction)).await
	}

	async fn submit_and_watch(
		&self,
		_: Hash,
		source: TransactionSource,
		transaction: TransactionFor<Self>,
	) -> Result<Pin<Box<TransactionStatusStreamFor<Self>>>, Refusal> {
		let hash = self.pool.hash_of(&transaction);
		self.ensure_new(hash)?;
		let _admitted = self.admit(source, Some(hash)).await?;
		// Another copy may have come in meanwhile.
		self.ensure_new(hash)?;
		let at = self.pool.api().best();
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
		if at.is_some_and(|at| at != *self.lock_noted()) {
			// The pool gave what was ready at another block of the same height, and there it may be valid.
			return Vec::new();
		}
		errors.retain(|_, error| !is_out_of_turn(error));
		let (later, never) = errors
			.into_iter()
			.partition::<TxInvalidityReportMap<_>, _>(|(_, error)| may_pass_later(error));
		let later: Vec<_> = later.into_keys().collect();
		let validated = self.pool.pool().validated_pool();
		let mut gone = validated.remove_subtree(&later, false, |listener, hash| listener.dropped(&hash));
		gone.extend(self.pool.report_invalid(at, never).await);
		gone
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
impl<A: ChainApi<Block = Block, Error = Refusal> + 'static> MaintainedTransactionPool for Pool<A> {
	async fn maintain(&self, event: ChainEvent<Block>) {
		let noted = event.hash();
		let finals: Vec<_> = match &event {
			ChainEvent::Finalized { hash, tree_route } => tree_route.iter().chain([hash]).copied().collect(),
			_ => Vec::new(),
		};
		NOTING.scope((), self.pool.maintain(event)).await;
		let validated = self.pool.pool().validated_pool();
		let back = self.pool.api().bodies.came_back();
		let back: Vec<_> = back
			.iter()
			.map(|transaction| self.pool.hash_of(transaction))
			.collect();
		for (hash, tags) in back.iter().zip(validated.extrinsics_tags(&back)) {
			if tags.is_some() {
				// It was thrown out as one that a block holds.
				validated.unban_if_validation(hash);
			}
		}
		let given_up = self.pool.api().given_up();
		validated.remove_subtree(&given_up, false, |listener, hash| listener.dropped(&hash));
		let Some(last) = finals.last() else {
			*self.lock_noted() = noted;
			return;
		};
		if let Err(error) = self.are_final(&finals, *last).await {
			log::debug!(target: "txpool", "What is final cannot be read: {error}");
		}
	}
}

#[cfg(test)]
mod tests;

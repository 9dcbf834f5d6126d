//! Who makes blocks, and when they are final.
//!
//! The rest of the node knows two things only: [`import_queue`] says which blocks from outside are
//! taken, an [`Author`] makes an authority's own. Behind them stands *instant sealing*:
//! one authority seals a block as soon as transactions are ready, and every block is final at once.
//! It is for a chain of one authority; another node that follows it trusts it entirely.
//!
//! Rules of the sealing:
//!
//! - All transactions that are ready go into one block. While a block is made, others gather for
//!   the next one, so load makes blocks larger, not more.
//! - Nothing is done while nothing is ready, except a block without transactions after
//!   [`Sealing::idle_block_interval`], so that deadlines pass on a quiet chain.
//! - A transaction that is ready and does not fit is tried again with the next one or the next idle
//!   block, never in a loop.
//! - Timestamps are the system's time. They strictly increase even when several blocks are made
//!   within one millisecond: the runtime's inherent takes the larger of the time given to it and
//!   its last timestamp plus its minimum period.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use futures::{
	channel::{mpsc, oneshot},
	FutureExt, SinkExt, StreamExt,
};
use sc_basic_authorship::ProposerFactory;
use sc_consensus::{BasicQueue, BlockImportParams, ForkChoiceStrategy, Verifier};
use sc_consensus_manual_seal::{run_manual_seal, EngineCommand, Error as SealError, ManualSealParams};
use sc_service::{Configuration, SpawnEssentialTaskHandle, TaskManager};
use sc_telemetry::TelemetryHandle;
use sc_transaction_pool_api::{ImportNotificationStream, TransactionPool};
use sp_blockchain::HeaderBackend;
use veilmart_runtime::{opaque::Block, Hash};

use crate::service::{FullClient, FullPool, FullSelectChain};

/// Announces the transactions that become ready.
type Arrivals = futures::stream::Fuse<ImportNotificationStream<Hash>>;

/// Imports blocks from outside.
pub type ImportQueue = BasicQueue<Block>;

/// How long the sealing waits for the pool to notice the last block.
const POOL_PATIENCE: Duration = Duration::from_secs(1);

/// Target of this module's log lines.
const LOG_TARGET: &str = "sealing";

/// How an authority seals.
#[derive(Debug, Clone, Copy)]
pub struct Sealing {
	/// After this time without a transaction a block is sealed without any; `None`: never.
	pub idle_block_interval: Option<Duration>,
}

/// What sealing needs of the node.
pub struct Deps {
	/// The chain.
	pub client: Arc<FullClient>,
	/// The transactions that wait.
	pub pool: Arc<FullPool>,
	/// Chooses the block to build on.
	pub select_chain: FullSelectChain,
	/// Where reports go.
	pub telemetry: Option<TelemetryHandle>,
}

/// Accepts the authority's blocks, each final at once. (The runtime still executes every block; a
/// block that it refuses is not imported.)
struct SealedIsFinal;

impl Verifier<Block> for SealedIsFinal {
	fn verify<'verifier, 'future>(
		&'verifier self,
		mut block: BlockImportParams<Block>,
	) -> Pin<Box<dyn Future<Output = Result<BlockImportParams<Block>, String>> + Send + 'future>>
	where
		'verifier: 'future,
		Self: 'future,
	{
		block.finalized = true;
		block.fork_choice = Some(ForkChoiceStrategy::LongestChain);
		futures::future::ready(Ok(block)).boxed()
	}
}

/// The queue through which blocks from outside enter: the network's, and those of `import-blocks`.
pub fn import_queue(
	config: &Configuration,
	client: Arc<FullClient>,
	spawner: &SpawnEssentialTaskHandle,
) -> ImportQueue {
	BasicQueue::new(
		SealedIsFinal,
		Box::new(client),
		None,
		spawner,
		config.prometheus_registry(),
	)
}

/// An authority that makes blocks.
pub struct Author {
	proposer: ProposerFactory<FullPool, FullClient>,
	deps: Deps,
	sealing: Sealing,
}

impl Author {
	/// Prepares an author; nothing happens before [`Self::start`].
	pub fn new(config: &Configuration, task_manager: &TaskManager, deps: Deps, sealing: Sealing) -> Self {
		let proposer = ProposerFactory::new(
			task_manager.spawn_handle(),
			deps.client.clone(),
			deps.pool.clone(),
			config.prometheus_registry(),
			deps.telemetry.clone(),
		);
		Self {
			proposer,
			deps,
			sealing,
		}
	}

	/// Makes blocks from now on, until the node stops.
	pub fn start(self, task_manager: &TaskManager) {
		let Self {
			proposer,
			deps: Deps {
				client,
				pool,
				select_chain,
				..
			},
			sealing,
		} = self;
		let (commands, commands_stream) = mpsc::channel(0);
		let sealer = run_manual_seal(ManualSealParams {
			block_import: client.clone(),
			env: proposer,
			client: client.clone(),
			pool: pool.clone(),
			commands_stream,
			select_chain,
			consensus_data_provider: None,
			create_inherent_data_providers: |_, ()| async {
				Ok(sp_timestamp::InherentDataProvider::from_system_time())
			},
		});
		let trigger = Trigger {
			client,
			pool,
			sealing,
			commands,
		};
		let spawner = task_manager.spawn_essential_handle();
		spawner.spawn_blocking("sealer", Some("block-authoring"), sealer);
		spawner.spawn("seal-trigger", Some("block-authoring"), trigger.run());
	}
}

/// Decides when a block is made.
struct Trigger {
	client: Arc<FullClient>,
	pool: Arc<FullPool>,
	sealing: Sealing,
	commands: mpsc::Sender<EngineCommand<Hash>>,
}

/// Whether a block may have no transactions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
	Allowed,
	Refused,
}

impl Trigger {
	/// Has blocks made as long as the node runs.
	async fn run(mut self) {
		let mut arrivals = self.pool.import_notification_stream().fuse();
		loop {
			let interval = self.sealing.idle_block_interval;
			let idle = async move {
				match interval {
					Some(interval) => tokio::time::sleep(interval).await,
					None => futures::future::pending().await,
				}
			};
			futures::pin_mut!(idle);
			let empty = futures::select_biased! {
				arrival = arrivals.next() => match arrival {
					Some(_) => Empty::Refused,
					None => break,
				},
				_ = idle.fuse() => Empty::Allowed,
			};
			self.seal_what_is_ready(&mut arrivals, empty).await;
		}
		// The pool is gone, so the node is stopping, and will stop this task with the others.
		futures::future::pending().await
	}

	/// Has one block after the other made until nothing is ready that fits, the first one also if it is empty.
	async fn seal_what_is_ready(&mut self, arrivals: &mut Arrivals, mut empty: Empty) {
		loop {
			// Everything that has arrived so far goes into this block.
			while arrivals.next().now_or_never().flatten().is_some() {}
			if empty == Empty::Refused && !self.something_is_ready().await {
				return;
			}
			match self.seal(empty).await {
				Ok(()) => empty = Empty::Refused,
				// What is ready does not fit or is not valid any more, or the node is stopping.
				Err(SealError::EmptyTransactionPool | SealError::SendError(_) | SealError::Canceled(_)) => {
					return
				}
				Err(error) => {
					log::warn!(target: LOG_TARGET, "Could not seal a block: {error}");
					return;
				}
			}
		}
	}

	/// Whether the pool has a transaction for a block on the best one.
	async fn something_is_ready(&self) -> bool {
		let best = self.client.info().best_hash;
		self.pool
			.ready_at_with_timeout(best, POOL_PATIENCE)
			.await
			.next()
			.is_some()
	}

	/// Has one block made, imported and finalized.
	async fn seal(&mut self, empty: Empty) -> Result<(), SealError> {
		let (sender, sealed) = oneshot::channel();
		self.commands
			.send(EngineCommand::SealNewBlock {
				create_empty: empty == Empty::Allowed,
				finalize: true,
				parent_hash: None,
				sender: Some(sender),
			})
			.await?;
		sealed.await??;
		Ok(())
	}
}

//! What the engine asks of the node: its chain, its pool, its proposer.

use codec::{Decode, Encode};
use futures::{future::BoxFuture, stream::BoxStream, FutureExt, StreamExt};
use sc_client_api::{AuxStore, Backend, BlockBackend, Finalizer, LockImportRun};
use sc_consensus::BlockImport;
use sc_transaction_pool_api::{InPoolTransaction, TransactionPool, TransactionSource};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::{HeaderBackend, HeaderMetadata};
use sp_consensus::{Environment, Proposal, ProposeArgs, Proposer};
use sp_core::H256;
use sp_inherents::InherentData;
use sp_runtime::{Digest, OpaqueExtrinsic};
use std::{sync::Arc, time::Duration};
use veilmart_td_raft::runtime_api::TdRaftApi;

use crate::{Block, Header};

/// The chain as a client of Substrate's holds it.
pub trait Chain<BE: Backend<Block>>:
	HeaderBackend<Block>
	+ HeaderMetadata<Block, Error = sp_blockchain::Error>
	+ BlockBackend<Block>
	+ BlockImport<Block, Error = sp_consensus::Error>
	+ LockImportRun<Block, BE>
	+ Finalizer<Block, BE>
	+ AuxStore
	+ ProvideRuntimeApi<Block, Api: TdRaftApi<Block> + sp_block_builder::BlockBuilder<Block>>
	+ Send
	+ Sync
	+ 'static
{
}

impl<BE, C> Chain<BE> for C
where
	BE: Backend<Block>,
	C: HeaderBackend<Block>
		+ HeaderMetadata<Block, Error = sp_blockchain::Error>
		+ BlockBackend<Block>
		+ BlockImport<Block, Error = sp_consensus::Error>
		+ LockImportRun<Block, BE>
		+ Finalizer<Block, BE>
		+ AuxStore
		+ ProvideRuntimeApi<Block, Api: TdRaftApi<Block> + sp_block_builder::BlockBuilder<Block>>
		+ Send
		+ Sync
		+ 'static,
{
}

/// Puts blocks together.
pub trait Propose: Send {
	/// A block on this parent with these items in its header, executed, in about this time.
	fn propose(
		&mut self,
		parent: &Header,
		inherents: InherentData,
		items: Digest,
		time: Duration,
	) -> BoxFuture<'static, Result<Proposal<Block>, String>>;
}

impl<E> Propose for E
where
	E: Environment<Block> + Send,
	E::Error: Send,
	E::CreateProposer: Send + 'static,
	<E::Proposer as Proposer<Block>>::Proposal: Send,
{
	fn propose(
		&mut self,
		parent: &Header,
		inherent_data: InherentData,
		inherent_digests: Digest,
		max_duration: Duration,
	) -> BoxFuture<'static, Result<Proposal<Block>, String>> {
		let proposer = self.init(parent);
		async move {
			let proposer = proposer.await.map_err(|error| error.to_string())?;
			let arguments = ProposeArgs {
				inherent_data,
				inherent_digests,
				max_duration,
				..Default::default()
			};
			proposer
				.propose(arguments)
				.await
				.map_err(|error| error.to_string())
		}
		.boxed()
	}
}

/// The transactions that wait.
pub trait Pool: Send + Sync {
	/// The hashes of those that become ready.
	fn arrivals(&self) -> BoxStream<'static, H256>;

	/// One that is ready, as encoded.
	fn ready(&self, hash: &H256) -> Option<Vec<u8>>;

	/// The hashes of all that are ready.
	fn all_ready(&self) -> Vec<H256>;

	/// The hash that the pool knows a transaction by.
	fn hash_of(&self, transaction: &OpaqueExtrinsic) -> H256;

	/// Whether any is ready for a block on this one, once the pool has taken note of it.
	fn any_ready_at(self: Arc<Self>, at: H256) -> BoxFuture<'static, bool>;

	/// Takes a transaction that was not made here. One of a client or of just any peer (`External`) may find the pool closed, one that an
	/// authority wants included (`Local`) does not.
	fn submit(
		self: Arc<Self>,
		at: H256,
		source: TransactionSource,
		transaction: Vec<u8>,
	) -> BoxFuture<'static, Result<(), String>>;
}

/// How long to wait for the pool to take note of a block.
const POOL_PATIENCE: Duration = Duration::from_secs(1);

impl<P: TransactionPool<Block = Block, Hash = H256> + 'static> Pool for P {
	fn arrivals(&self) -> BoxStream<'static, H256> {
		self.import_notification_stream().boxed()
	}

	fn ready(&self, hash: &H256) -> Option<Vec<u8>> {
		self.ready_transaction(hash)
			.map(|transaction| transaction.data().encode())
	}

	fn all_ready(&self) -> Vec<H256> {
		TransactionPool::ready(self)
			.map(|transaction| *transaction.hash())
			.collect()
	}

	fn hash_of(&self, transaction: &OpaqueExtrinsic) -> H256 {
		TransactionPool::hash_of(self, transaction)
	}

	fn any_ready_at(self: Arc<Self>, at: H256) -> BoxFuture<'static, bool> {
		async move {
			// It resolves when the pool has taken note of the block, or when it is to be answered as it is.
			self.ready_at_with_timeout(at, POOL_PATIENCE).await;
			self.status().ready > 0
		}
		.boxed()
	}

	fn submit(
		self: Arc<Self>,
		at: H256,
		source: TransactionSource,
		transaction: Vec<u8>,
	) -> BoxFuture<'static, Result<(), String>> {
		async move {
			let transaction = OpaqueExtrinsic::decode(&mut &transaction[..])
				.map_err(|_| "it does not decode".to_string())?;
			self.submit_one(at, source, transaction)
				.await
				.map(|_| ())
				.map_err(|error| error.to_string())
		}
		.boxed()
	}
}

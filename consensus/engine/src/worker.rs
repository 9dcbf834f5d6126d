//! The chain worker: builds, executes, imports, finalizes, one thing after the other.
//!
//! The order is the engine's: a block is imported before it is made final or built upon. The worker knows nothing of the
//! protocol but where its data stand in a header.

use codec::Encode;
use futures::{
	channel::mpsc::{UnboundedReceiver, UnboundedSender},
	StreamExt,
};
use sc_client_api::{Backend, BlockBackend};
use sc_consensus::{
	BlockImportParams, ForkChoiceStrategy, ImportResult, StateAction, StorageChanges as Changes,
};
use sp_block_builder::BlockBuilder as _;
use sp_blockchain::BlockStatus;
use sp_consensus::{BlockOrigin, Proposal};
use sp_core::H256;
use sp_inherents::{InherentData, InherentDataProvider};
use sp_runtime::{traits::Header as _, Digest, Justification};
use std::{marker::PhantomData, sync::Arc, time::Duration};
use veilmart_td_raft::{
	header, runtime_api::TdRaftApi as _, sign, AuthorityRecord, Evidence, QuorumCertificate, SealBody,
	Timing, ENGINE_ID,
};
use veilmart_td_raft_core::{real::OnChain, Anchor, Build};

use crate::{
	block::{core_block, is_better, take_seal, Core},
	chain::{Chain, Propose},
	fetch::is_too_long,
	keys::Identity,
	Block, Header, LOG_TARGET,
};

/// Under this key the database has the anchor.
const ANCHOR_KEY: &[u8] = b"td-raft/anchor";

/// How long putting a block together may take.
const PROPOSING: Duration = Duration::from_millis(500);

/// What execution of a block changed.
pub type StorageChanges = sp_state_machine::StorageChanges<sp_runtime::traits::BlakeTwo256>;

/// Makes a block final.
#[derive(Clone, Debug)]
pub struct Finality {
	/// The block.
	pub hash: H256,
	/// Its height.
	pub number: u32,
	/// The justification.
	pub certificate: QuorumCertificate,
}

/// What is to be done.
pub enum Task {
	/// Build on a block that is in the database, or about to be, and seal.
	Build(Box<(Build<OnChain>, Identity)>),
	/// Import a block that was built here.
	ImportOwn {
		/// The block.
		block: Box<Block>,
		/// What its execution changed.
		changes: Box<StorageChanges>,
		/// Whether it closes its set. Handed back: its parent may be gone by then.
		is_closing: bool,
	},
	/// Import a block that was verified. `certified` says that a quorum has it.
	Import {
		/// The block.
		block: Box<Block>,
		/// Whether its time has to be looked at.
		certified: bool,
	},
	/// Make blocks final, the lowest first, and store what follows.
	Finalize(Vec<Finality>, Box<Anchor<OnChain>>),
	/// Read what the chain governs, after the last final block.
	Govern,
	/// Have the transaction made that reports an offence.
	Report(Box<Evidence>),
	/// Say when everything before this is done.
	Flush,
}

/// What was done.
pub enum Done {
	/// The block asked for.
	Built(Box<Built>),
	/// It could not be built.
	NotBuilt(String),
	/// A block of the engine's own is in the database.
	ImportedOwn {
		/// The block.
		block: Box<Block>,
		/// Whether it closes its set.
		is_closing: bool,
	},
	/// It could not be put there.
	NotImported(Box<Block>, String),
	/// A block is in the database, or was refused.
	Imported(Box<Block>, Result<(), Refused>),
	/// Final in the database.
	Finalized(u32),
	/// What the chain governs.
	Governed(Timing, Vec<AuthorityRecord>),
	/// The transaction that reports an offence, as encoded.
	Report(Vec<u8>),
	/// Everything before is done.
	Flushed,
	/// The database has failed: the node cannot go on.
	Failed(String),
}

/// A block that was built.
pub struct Built {
	/// The block.
	pub block: Block,
	/// As the core sees it, but for what its parent says: [`Core::next_set`] is left open.
	pub core: Core,
	/// What its execution changed.
	pub changes: StorageChanges,
}

/// Why a block was not imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
	/// It is dated too far ahead.
	#[error("the block is dated too far ahead")]
	Early,
	/// Its parent was given up meanwhile.
	#[error("the parent is not in the database")]
	NoParent,
	/// Its execution does not give what it says.
	#[error("{0}")]
	Invalid(String),
}

/// The worker.
pub struct ChainWorker<BE, C> {
	client: Arc<C>,
	proposer: Option<Box<dyn Propose>>,
	genesis: H256,
	done: UnboundedSender<Done>,
	backend: PhantomData<fn() -> BE>,
}

impl<BE: Backend<Block> + 'static, C: Chain<BE>> ChainWorker<BE, C> {
	/// A worker that says in `done` what it did.
	pub fn new(
		client: Arc<C>,
		proposer: Option<Box<dyn Propose>>,
		genesis: H256,
		done: UnboundedSender<Done>,
	) -> Self {
		Self {
			client,
			proposer,
			genesis,
			done,
			backend: PhantomData,
		}
	}

	/// Works until the engine stops.
	pub async fn run(mut self, mut tasks: UnboundedReceiver<Task>) {
		while let Some(task) = tasks.next().await {
			let done = match task {
				Task::Build(order) => {
					let (build, identity) = *order;
					match self.build(build, &identity).await {
						Ok(built) => Done::Built(Box::new(built)),
						Err(error) => Done::NotBuilt(error),
					}
				}
				Task::ImportOwn {
					block,
					changes,
					is_closing,
				} => {
					let action = StateAction::ApplyChanges(Changes::Changes(*changes));
					match import_as::<BE, C>(&self.client, (*block).clone(), BlockOrigin::Own, action).await {
						Ok(()) => Done::ImportedOwn { block, is_closing },
						Err(error) => Done::NotImported(block, error.to_string()),
					}
				}
				Task::Import { block, certified } => {
					let result = Self::import(&self.client, (*block).clone(), certified).await;
					Done::Imported(block, result)
				}
				Task::Finalize(blocks, anchor) => match self.finalize(&blocks, &anchor) {
					Ok(number) => Done::Finalized(number),
					Err(error) => Done::Failed(format!("cannot make a block final: {error}")),
				},
				Task::Flush => Done::Flushed,
				Task::Report(evidence) => match self.report(*evidence) {
					Ok(Some(transaction)) => Done::Report(transaction),
					Ok(None) => continue,
					Err(error) => {
						log::warn!(target: LOG_TARGET, "An offence cannot be reported: {error}");
						continue;
					}
				},
				Task::Govern => match governed(&*self.client) {
					Ok((timing, records)) => Done::Governed(timing, records),
					Err(error) => {
						log::debug!(target: LOG_TARGET, "The runtime does not say what it governs: {error}");
						continue;
					}
				},
			};
			if self.done.unbounded_send(done).is_err() {
				return;
			}
		}
	}

	/// None if the chain does not want it: it is known already, or too old.
	fn report(&self, evidence: Evidence) -> Result<Option<Vec<u8>>, sp_api::ApiError> {
		let at = self.client.info().best_hash;
		let transaction = self.client.runtime_api().offence_report(at, evidence)?;
		Ok(transaction.map(|transaction| transaction.encode()))
	}

	/// Imports a block out of the vote log, which was good when it was written there.
	pub async fn restore(client: &Arc<C>, block: Block) -> Result<(), Refused> {
		import_as::<BE, C>(
			client,
			block,
			BlockOrigin::ConsensusBroadcast,
			StateAction::Execute,
		)
		.await
	}

	async fn build(&mut self, build: Build<OnChain>, identity: &Identity) -> Result<Built, String> {
		let Some(proposer) = &mut self.proposer else {
			return Err("this node makes no blocks".into());
		};
		let parent = self
			.client
			.header(H256(build.parent))
			.map_err(|error| error.to_string())?
			.ok_or("the parent is not in the database")?;
		let inherents = sp_timestamp::InherentDataProvider::from_system_time()
			.create_inherent_data()
			.await
			.map_err(|error| error.to_string())?;
		let items = Digest {
			logs: header::pre_runtime(&build.digest, build.dealing.as_ref()),
		};
		let Proposal {
			block: Block {
				mut header,
				extrinsics,
			},
			storage_changes: changes,
		} = proposer.propose(&parent, inherents, items, PROPOSING).await?;
		let body = SealBody {
			term: build.digest.term,
			number: build.number,
			header: header.hash().0,
		};
		let seal = sign(
			&identity.voting,
			&body.payload(&self.genesis.0, build.digest.set_id),
		);
		header.digest_mut().push(header::seal(&seal));
		if is_too_long(&header) {
			return Err("its header is longer than others take".into());
		}
		let core = core_block(&header, None).map_err(|error| error.to_string())?;
		Ok(Built {
			block: Block { header, extrinsics },
			core,
			changes,
		})
	}

	async fn import(client: &Arc<C>, block: Block, certified: bool) -> Result<(), Refused> {
		let invalid = |error: sp_blockchain::Error| Refused::Invalid(error.to_string());
		if client.status(block.header.hash()).map_err(invalid)? == BlockStatus::InChain {
			return Ok(());
		}
		if client.status(*block.header.parent_hash()).map_err(invalid)? == BlockStatus::Unknown {
			return Err(Refused::NoParent);
		}
		if !certified {
			check_time::<BE, C>(client, &block).await?;
		}
		import_as::<BE, C>(
			client,
			block,
			BlockOrigin::ConsensusBroadcast,
			StateAction::Execute,
		)
		.await
	}

	/// Gives the height that is final in the database then.
	fn finalize(&self, blocks: &[Finality], anchor: &Anchor<OnChain>) -> Result<u32, sp_blockchain::Error> {
		for (position, block) in blocks.iter().enumerate() {
			let last = position + 1 == blocks.len();
			let known = block.number <= self.client.info().finalized_number;
			if known && self.client.hash(block.number)? != Some(block.hash) {
				return Err(sp_blockchain::Error::NotInFinalizedChain);
			}
			self.client.lock_import_and_run(|operation| {
				if !known {
					let justification: Justification = (ENGINE_ID, block.certificate.encode());
					self.client
						.apply_finality(operation, block.hash, Some(justification), true)?;
				}
				if last {
					use sc_client_api::BlockImportOperation;
					operation
						.op
						.insert_aux([(ANCHOR_KEY.to_vec(), Some(anchor.encode()))])?;
				}
				Ok::<_, sp_blockchain::Error>(())
			})?;
		}
		Ok(self.client.info().finalized_number)
	}
}

async fn import_as<BE: Backend<Block>, C: Chain<BE>>(
	client: &Arc<C>,
	Block { header, extrinsics }: Block,
	origin: BlockOrigin,
	action: StateAction<Block>,
) -> Result<(), Refused> {
	let hash = header.hash();
	let (unsealed, seal) = take_seal(&header).map_err(|error| Refused::Invalid(error.to_string()))?;
	let mut params = BlockImportParams::new(origin, unsealed);
	params.post_digests.push(header::seal(&seal));
	params.body = Some(extrinsics);
	params.state_action = action;
	params.fork_choice = Some(fork_choice::<BE, C>(client, &header).map_err(Refused::Invalid)?);
	params.post_hash = Some(hash);
	match client.import_block(params).await {
		Ok(ImportResult::Imported(_) | ImportResult::AlreadyInChain) => Ok(()),
		Ok(ImportResult::KnownBad) => Err(Refused::Invalid("known to be bad".into())),
		Ok(ImportResult::UnknownParent | ImportResult::MissingState) => Err(Refused::NoParent),
		Err(error) => Err(Refused::Invalid(error.to_string())),
	}
}

/// The anchor in the database. None if there is none.
pub fn stored_anchor<BE: Backend<Block>, C: Chain<BE>>(
	client: &C,
) -> Result<Option<Anchor<OnChain>>, String> {
	use codec::DecodeAll;
	let bytes = sc_client_api::AuxStore::get_aux(client, ANCHOR_KEY).map_err(|error| error.to_string())?;
	bytes
		.map(|bytes| Anchor::decode_all(&mut &bytes[..]))
		.transpose()
		.map_err(|_| "the database holds an anchor of another version".into())
}

/// What the chain governs, after the last final block.
pub fn governed<BE: Backend<Block>, C: Chain<BE>>(
	client: &C,
) -> Result<(Timing, Vec<AuthorityRecord>), sp_api::ApiError> {
	let at = client.info().finalized_hash;
	let api = client.runtime_api();
	Ok((api.timing(at)?, api.records(at)?))
}

/// Whether a block is the best from now on.
pub fn fork_choice<BE: Backend<Block>, C: Chain<BE>>(
	client: &C,
	header: &Header,
) -> Result<ForkChoiceStrategy, String> {
	let best = client
		.header(client.info().best_hash)
		.map_err(|error| error.to_string())?
		.ok_or("the best block is not in the database")?;
	let better = is_better(header, &best).map_err(|error| error.to_string())?;
	Ok(ForkChoiceStrategy::Custom(better))
}

/// Refuses a block that is dated too far ahead.
pub async fn check_time<BE: Backend<Block>, C: Chain<BE>>(
	client: &Arc<C>,
	block: &Block,
) -> Result<(), Refused> {
	let invalid = |error: String| Refused::Invalid(error);
	let parent = *block.header.parent_hash();
	// A call that fails over the state that is missing says nothing of the block: its parent was given up meanwhile.
	let failed = |error: sp_api::ApiError| match client.block_status(parent) {
		Ok(sp_consensus::BlockStatus::InChainWithState) => Refused::Invalid(error.to_string()),
		_ => Refused::NoParent,
	};
	let provider = sp_timestamp::InherentDataProvider::from_system_time();
	let data: InherentData = provider
		.create_inherent_data()
		.await
		.map_err(|error| invalid(error.to_string()))?;
	let (unsealed, _) = take_seal(&block.header).map_err(|error| invalid(error.to_string()))?;
	let unsealed = Block {
		header: unsealed,
		extrinsics: block.extrinsics.clone(),
	};
	let result = client
		.runtime_api()
		.check_inherents(parent, unsealed.into(), data.clone())
		.map_err(failed)?;
	let Some((id, error)) = result.into_errors().next() else {
		return Ok(());
	};
	Err(match provider.try_handle_error(&id, &error).await {
		Some(Err(error)) if is_early(&error) => {
			// No block is dated before its parent, whatever the clocks say: where this node could not date one earlier itself, it is
			// not early. Else clocks that were ahead for a moment would stop the chain until they are right again.
			let own = client
				.runtime_api()
				.inherent_extrinsics(parent, data)
				.map_err(failed)?;
			if block.extrinsics.starts_with(&own) {
				return Ok(());
			}
			Refused::Early
		}
		Some(Err(error)) => invalid(error.to_string()),
		_ => invalid("an inherent is not as it has to be".into()),
	})
}

fn is_early(error: &sp_inherents::Error) -> bool {
	let sp_inherents::Error::Application(error) = error else {
		return false;
	};
	matches!(
		error.downcast_ref(),
		Some(sp_timestamp::InherentError::TooFarInFuture)
	)
}

/// Whether a block in the database is dated later than this, in milliseconds of Unix time, by more than those who certified it may
/// have been mistaken: the runtime's check of its inherents, at another time than the present one. None if that cannot be known.
pub fn is_dated_after<BE: Backend<Block>, C: Chain<BE>>(client: &C, hash: H256, time: u64) -> Option<bool> {
	let Block { header, extrinsics } = block_of(client, hash)?;
	let (unsealed, _) = take_seal(&header).ok()?;
	let time = sp_timestamp::Timestamp::new(time);
	let mut data = InherentData::new();
	data.put_data(sp_timestamp::INHERENT_IDENTIFIER, &time).ok()?;
	let unsealed = Block {
		header: unsealed,
		extrinsics,
	};
	let checked = client
		.runtime_api()
		.check_inherents(*header.parent_hash(), unsealed.into(), data)
		.ok()?;
	let is_late = |(id, error): (sp_inherents::InherentIdentifier, Vec<u8>)| {
		let error = sp_timestamp::InherentError::try_from(&id, &error);
		matches!(error, Some(sp_timestamp::InherentError::TooFarInFuture))
	};
	Some(checked.into_errors().any(is_late))
}

/// A whole block from the database.
pub fn block_of<C: BlockBackend<Block>>(client: &C, hash: H256) -> Option<Block> {
	client.block(hash).ok().flatten().map(|signed| signed.block)
}

//! For tests: a client with a real database, and a runtime that executes next to nothing.
//!
//! A block's state is its first transaction. So blocks of one height have each a state of their own, of which a database takes
//! only so many, and a state root that has to be right. If it is a date, the state has that, too.

use codec::Encode as _;
use futures::{future::BoxFuture, FutureExt};
use sc_client_api::{
	AuxStore, Backend, BlockBackend, BlockImportOperation, ClientImportOperation, Finalizer, LockImportRun,
	NewBlockState,
};
use sc_client_db::{BlocksPruning, DatabaseSettings, DatabaseSource, PruningMode};
use sc_consensus::{BlockCheckParams, BlockImport, BlockImportParams, ForkChoiceStrategy, ImportResult};
use sp_api::{ApiRef, ProvideRuntimeApi};
use sp_block_builder::BlockBuilder;
use sp_blockchain::{CachedHeaderMetadata, HeaderBackend, HeaderMetadata, Info};
use sp_consensus::{BlockStatus, Error as ConsensusError, Proposal};
use sp_core::H256;
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
	generic::SignedBlock,
	traits::{Block as BlockT, Header as _},
	Digest, Justification, Justifications, OpaqueExtrinsic, StateVersion,
};
use sp_state_machine::Backend as _;
use sp_timestamp::TimestampInherentData as _;
use std::{path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;
use veilmart_td_raft::{
	runtime_api::TdRaftApi, AuthorityId, AuthorityRecord, Evidence, PeerIdBytes, RecordBody, Signature,
	Timing,
};

use crate::{chain::Propose, dates::DATE_KEY, Block, Header};

/// The database of a node.
pub type Database = sc_client_db::Backend<Block>;
type Operation = <Database as Backend<Block>>::BlockImportOperation;

/// A block whose first transaction is this one is dated too far ahead.
pub const EARLY: &[u8] = b"early";

/// The first transaction of a block with a date, in milliseconds of Unix time, begins like this. Other blocks are dated in the moment
/// in which they are looked at.
const DATED: &[u8] = b"dated ";

/// The first transaction of a block with this date.
pub fn dated(date: u64) -> Vec<u8> {
	[DATED, &date.to_le_bytes()].concat()
}

/// The date in a first transaction.
fn date_in(first: &[u8]) -> Option<u64> {
	let date = first.strip_prefix(DATED)?.try_into().ok()?;
	Some(u64::from_le_bytes(date))
}

/// Whether a block with this first transaction is dated later than the clock, by more than clocks may be wrong.
fn is_early(first: &[u8], now: u64) -> bool {
	let present = || sp_timestamp::Timestamp::current().as_millis();
	first == EARLY || date_in(first).unwrap_or_else(present) > now.saturating_add(30_000)
}

/// Opens the database of a node, on a disk.
pub fn open(path: &Path) -> Database {
	let settings = DatabaseSettings {
		trie_cache_maximum_size: None,
		state_pruning: Some(PruningMode::blocks_pruning(256)),
		source: DatabaseSource::ParityDb {
			path: path.to_owned(),
		},
		blocks_pruning: BlocksPruning::KeepFinalized,
		pruning_filters: Vec::new(),
		metrics_registry: None,
	};
	Database::new(settings, 4_096).unwrap()
}

/// The client.
pub struct Ledger {
	/// Where the blocks are.
	pub database: Arc<Database>,
	_folder: TempDir,
}

impl Ledger {
	/// With a genesis block.
	pub fn new() -> Self {
		let folder = tempfile::tempdir().unwrap();
		let ledger = Self {
			database: Arc::new(open(folder.path())),
			_folder: folder,
		};
		let genesis = ledger.on(0, H256::default(), Digest::default(), b"genesis");
		ledger.insert(genesis, NewBlockState::Best).unwrap();
		ledger
	}

	/// A block on this one, executed if that is there.
	pub fn build(&self, parent: &Header, items: Digest, transaction: &[u8]) -> Block {
		self.on(parent.number + 1, parent.hash(), items, transaction)
	}

	fn on(&self, number: u32, parent: H256, items: Digest, transaction: &[u8]) -> Block {
		let extrinsics = vec![OpaqueExtrinsic::from_blob(transaction.to_vec())];
		let state_root = self
			.execute(parent, &extrinsics)
			.map_or_else(|_| H256::default(), |(_, root)| root);
		Block {
			header: Header::new(number, H256::default(), state_root, parent, items),
			extrinsics,
		}
	}

	/// What puts the state of a block into the database, and its root.
	fn execute(
		&self,
		parent: H256,
		extrinsics: &[OpaqueExtrinsic],
	) -> sp_blockchain::Result<(Operation, H256)> {
		let mut operation = self.database.begin_operation()?;
		self.database.begin_state_operation(&mut operation, parent)?;
		let value = extrinsics
			.first()
			.map(|first| first.inner().to_vec())
			.unwrap_or_default();
		let date = date_in(&value).map(|date| date.encode());
		let delta = [
			(&b"value"[..], Some(&value[..])),
			(&DATE_KEY[..], date.as_deref()),
		];
		let (root, changes) = BlockImportOperation::state(&operation)?
			.expect("the database has its states")
			.storage_root(delta.into_iter(), StateVersion::V1);
		operation.update_db_storage(changes)?;
		Ok((operation, root))
	}

	fn insert(&self, block: Block, state: NewBlockState) -> sp_blockchain::Result<()> {
		let Block { header, extrinsics } = block;
		let (mut operation, root) = self.execute(header.parent_hash, &extrinsics)?;
		if root != header.state_root {
			return Err(sp_blockchain::Error::InvalidStateRoot);
		}
		operation.set_block_data(header, Some(extrinsics), None, None, state, true)?;
		let _lock = self.database.get_import_lock().write();
		self.database.commit_operation(operation)
	}
}

impl HeaderBackend<Block> for Ledger {
	fn header(&self, hash: H256) -> sp_blockchain::Result<Option<Header>> {
		HeaderBackend::header(self.database.blockchain(), hash)
	}

	fn info(&self) -> Info<Block> {
		HeaderBackend::info(self.database.blockchain())
	}

	fn status(&self, hash: H256) -> sp_blockchain::Result<sp_blockchain::BlockStatus> {
		HeaderBackend::status(self.database.blockchain(), hash)
	}

	fn number(&self, hash: H256) -> sp_blockchain::Result<Option<u32>> {
		HeaderBackend::number(self.database.blockchain(), hash)
	}

	fn hash(&self, number: u32) -> sp_blockchain::Result<Option<H256>> {
		HeaderBackend::hash(self.database.blockchain(), number)
	}
}

impl HeaderMetadata<Block> for Ledger {
	type Error = sp_blockchain::Error;

	fn header_metadata(&self, hash: H256) -> sp_blockchain::Result<CachedHeaderMetadata<Block>> {
		HeaderMetadata::header_metadata(self.database.blockchain(), hash)
	}

	fn insert_header_metadata(&self, hash: H256, metadata: CachedHeaderMetadata<Block>) {
		HeaderMetadata::insert_header_metadata(self.database.blockchain(), hash, metadata);
	}

	fn remove_header_metadata(&self, hash: H256) {
		HeaderMetadata::<Block>::remove_header_metadata(self.database.blockchain(), hash);
	}
}

impl BlockBackend<Block> for Ledger {
	fn block_body(&self, hash: H256) -> sp_blockchain::Result<Option<Vec<OpaqueExtrinsic>>> {
		sp_blockchain::Backend::body(self.database.blockchain(), hash)
	}

	fn block_indexed_body(&self, _hash: H256) -> sp_blockchain::Result<Option<Vec<Vec<u8>>>> {
		Ok(None)
	}

	fn block_indexed_hashes(&self, _hash: H256) -> sp_blockchain::Result<Option<Vec<H256>>> {
		Ok(None)
	}

	fn block(&self, hash: H256) -> sp_blockchain::Result<Option<SignedBlock<Block>>> {
		let (Some(header), Some(extrinsics)) = (self.header(hash)?, self.block_body(hash)?) else {
			return Ok(None);
		};
		Ok(Some(SignedBlock {
			block: Block { header, extrinsics },
			justifications: self.justifications(hash)?,
		}))
	}

	fn block_status(&self, hash: H256) -> sp_blockchain::Result<BlockStatus> {
		Ok(match self.number(hash)? {
			None => BlockStatus::Unknown,
			Some(number) if self.database.have_state_at(hash, number) => BlockStatus::InChainWithState,
			Some(_) => BlockStatus::InChainPruned,
		})
	}

	fn justifications(&self, hash: H256) -> sp_blockchain::Result<Option<Justifications>> {
		sp_blockchain::Backend::justifications(self.database.blockchain(), hash)
	}

	fn block_hash(&self, number: u32) -> sp_blockchain::Result<Option<H256>> {
		self.hash(number)
	}

	fn indexed_transaction(&self, _hash: H256) -> sp_blockchain::Result<Option<Vec<u8>>> {
		Ok(None)
	}

	fn requires_full_sync(&self) -> bool {
		false
	}
}

fn failed(error: sp_blockchain::Error) -> ConsensusError {
	ConsensusError::ClientImport(error.to_string())
}

#[async_trait::async_trait]
impl BlockImport<Block> for Ledger {
	type Error = ConsensusError;

	async fn check_block(&self, block: BlockCheckParams<Block>) -> Result<ImportResult, Self::Error> {
		if self.block_status(block.hash).map_err(failed)? != BlockStatus::Unknown {
			return Ok(ImportResult::AlreadyInChain);
		}
		Ok(match self.block_status(block.parent_hash).map_err(failed)? {
			BlockStatus::Unknown => ImportResult::UnknownParent,
			BlockStatus::InChainWithState => ImportResult::imported(false),
			_ => ImportResult::MissingState,
		})
	}

	async fn import_block(&self, params: BlockImportParams<Block>) -> Result<ImportResult, Self::Error> {
		let header = params.post_header();
		match self.block_status(header.parent_hash).map_err(failed)? {
			BlockStatus::InChainWithState => {}
			BlockStatus::Unknown => return Ok(ImportResult::UnknownParent),
			_ => return Ok(ImportResult::MissingState),
		}
		if self.block_status(header.hash()).map_err(failed)? != BlockStatus::Unknown {
			return Ok(ImportResult::AlreadyInChain);
		}
		let is_best = params.fork_choice == Some(ForkChoiceStrategy::Custom(true));
		let state = match is_best {
			true => NewBlockState::Best,
			false => NewBlockState::Normal,
		};
		let extrinsics = params.body.unwrap_or_default();
		self.insert(Block { header, extrinsics }, state).map_err(failed)?;
		Ok(ImportResult::imported(is_best))
	}
}

impl LockImportRun<Block, Database> for Ledger {
	fn lock_import_and_run<R, Err, F>(&self, f: F) -> Result<R, Err>
	where
		F: FnOnce(&mut ClientImportOperation<Block, Database>) -> Result<R, Err>,
		Err: From<sp_blockchain::Error>,
	{
		let _lock = self.database.get_import_lock().write();
		let mut operation = ClientImportOperation {
			op: self.database.begin_operation()?,
			notify_imported: None,
			notify_finalized: None,
		};
		let result = f(&mut operation)?;
		self.database.commit_operation(operation.op)?;
		Ok(result)
	}
}

impl Finalizer<Block, Database> for Ledger {
	fn apply_finality(
		&self,
		operation: &mut ClientImportOperation<Block, Database>,
		block: H256,
		justification: Option<Justification>,
		_notify: bool,
	) -> sp_blockchain::Result<()> {
		let info = self.info();
		let from_final = sp_blockchain::tree_route(self, info.finalized_hash, block)?;
		if !from_final.retracted().is_empty() {
			return Err(sp_blockchain::Error::NotInFinalizedChain);
		}
		// What is best has to descend from what is final.
		let from_best = sp_blockchain::tree_route(self, info.best_hash, block)?;
		if from_best.common_block().hash != block {
			operation.op.mark_head(block)?;
		}
		for one in from_final.enacted() {
			let justification = justification.clone().filter(|_| one.hash == block);
			operation.op.mark_finalized(one.hash, justification)?;
		}
		Ok(())
	}

	fn finalize_block(
		&self,
		block: H256,
		justification: Option<Justification>,
		notify: bool,
	) -> sp_blockchain::Result<()> {
		self.lock_import_and_run(|operation| self.apply_finality(operation, block, justification, notify))
	}
}

impl AuxStore for Ledger {
	fn insert_aux<
		'a,
		'b: 'a,
		'c: 'a,
		I: IntoIterator<Item = &'a (&'c [u8], &'c [u8])>,
		D: IntoIterator<Item = &'a &'b [u8]>,
	>(
		&self,
		insert: I,
		delete: D,
	) -> sp_blockchain::Result<()> {
		AuxStore::insert_aux(&*self.database, insert, delete)
	}

	fn get_aux(&self, key: &[u8]) -> sp_blockchain::Result<Option<Vec<u8>>> {
		AuxStore::get_aux(&*self.database, key)
	}
}

/// Who said on the chain how they are reached: nodes with these identities.
pub const RECORDED: [[u8; 32]; 3] = [[1; 32], [2; 32], [3; 32]];

/// The identity of a node with this public key (Ed25519), as it stands in a record.
pub fn peer_id(key: &[u8; 32]) -> Vec<u8> {
	// The multihash of an encoded public key that is short enough to stand there itself.
	[&[0, 36, 8, 1, 18, 32][..], key].concat()
}

fn record(key: &[u8; 32]) -> AuthorityRecord {
	AuthorityRecord {
		body: RecordBody {
			authority: AuthorityId(*key),
			counter: 1,
			peer_id: PeerIdBytes::new(peer_id(key)).expect("38 bytes"),
			sealing_key: [0; 32],
		},
		signature: Signature([0; 64]),
	}
}

/// The runtime.
pub struct Runtime;

impl ProvideRuntimeApi<Block> for Ledger {
	type Api = Runtime;

	fn runtime_api(&self) -> ApiRef<'_, Runtime> {
		Runtime.into()
	}
}

sp_api::mock_impl_runtime_apis! {
	impl TdRaftApi<Block> for Runtime {
		fn offence_report(_evidence: Evidence) -> Option<OpaqueExtrinsic> {
			None
		}

		fn timing() -> Timing {
			Timing::LOCAL
		}

		fn records() -> Vec<AuthorityRecord> {
			RECORDED.iter().map(record).collect()
		}

		fn work() -> Option<u64> {
			Some(0)
		}
	}

	impl BlockBuilder<Block> for Runtime {
		fn inherent_extrinsics(_inherent: InherentData) -> Vec<OpaqueExtrinsic> {
			vec![OpaqueExtrinsic::from_blob(b"now".to_vec())]
		}

		fn check_inherents(block: <Block as BlockT>::LazyBlock, data: InherentData) -> CheckInherentsResult {
			let mut result = CheckInherentsResult::new();
			let now = data.timestamp_inherent_data().unwrap().map_or(0, |now| now.as_millis());
			if block.extrinsics.first().is_some_and(|first| is_early(first.inner(), now)) {
				let error = sp_timestamp::InherentError::TooFarInFuture;
				result.put_error(sp_timestamp::INHERENT_IDENTIFIER, &error).unwrap();
			}
			result
		}
	}
}

/// Makes blocks with one transaction.
pub struct Author(pub Arc<Ledger>);

impl Propose for Author {
	fn propose(
		&mut self,
		parent: &Header,
		_inherents: InherentData,
		items: Digest,
		_time: Duration,
	) -> BoxFuture<'static, Result<Proposal<Block>, String>> {
		let block = self.0.build(parent, items, b"own");
		let proposal = Proposal {
			block,
			storage_changes: Default::default(),
		};
		async move { Ok(proposal) }.boxed()
	}
}

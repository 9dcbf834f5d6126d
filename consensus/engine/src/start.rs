//! What an engine starts from: the database, the vote log, the keystore.

use codec::Encode;
use sc_client_api::Backend;
use sc_keystore::LocalKeystore;
use sp_core::H256;
use sp_runtime::traits::Header as _;
use std::{collections::HashMap, path::PathBuf, sync::Arc};
use veilmart_td_raft::{runtime_api::TdRaftApi as _, Number, Timing};
use veilmart_td_raft_core::{real::OnChain, safety::Durable, Anchor, Config};

use crate::{
	block,
	chain::Chain,
	keys::{self, Identity, KeyError},
	log_writer::sync_file_system,
	vote_log::{Contents, LogError, VoteLog},
	worker::stored_anchor,
	Block, LOG_TARGET,
};

/// What an authority needs beside the chain.
#[derive(Clone)]
pub struct Authority {
	/// Has its keys.
	pub keystore: Arc<LocalKeystore>,
	/// Where its vote log is.
	pub vote_log: PathBuf,
	/// Where the node's database is.
	pub database: PathBuf,
	/// Start without the vote log if it is missing, and put it aside if it is there.
	pub forget_votes: bool,
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// The database cannot be used.
	#[error("the database cannot be used: {0}")]
	Database(String),
	/// The runtime in the database does not answer.
	#[error("the runtime does not answer: {0}")]
	Runtime(#[from] sp_api::ApiError),
	/// The vote log cannot be used.
	#[error(transparent)]
	Log(#[from] LogError),
	/// The keys cannot be used.
	#[error(transparent)]
	Keys(#[from] KeyError),
	/// A thread cannot be started.
	#[error("cannot start a thread: {0}")]
	Thread(std::io::Error),
}

impl From<sp_blockchain::Error> for Error {
	fn from(error: sp_blockchain::Error) -> Self {
		Self::Database(error.to_string())
	}
}

/// When an engine reads what it starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
	/// When the node starts.
	Start,
	/// When an authority set begins to which the node belongs under another name than before, or anew. Under that name it has signed
	/// nothing, so there need not be a log.
	NewName,
}

/// Everything that an engine starts from.
pub struct Setup {
	/// Genesis hash.
	pub(crate) genesis: H256,
	pub(crate) keys: keys::Chain,
	pub(crate) identity: Identity,
	pub(crate) anchor: Anchor<OnChain>,
	pub(crate) durable: Option<Durable<OnChain>>,
	/// Blocks of the log that the database may lack.
	pub(crate) logged: HashMap<H256, Block>,
	pub(crate) log: Option<(VoteLog, PathBuf)>,
	pub(crate) timing: Timing,
	pub(crate) authority: Option<Authority>,
}

impl Setup {
	/// Reads what there is. `authority` is what a node has that is to take part.
	pub fn read<BE: Backend<Block>, C: Chain<BE>>(
		client: &C,
		authority: Option<Authority>,
		begin: Begin,
	) -> Result<Self, Error> {
		let info = client.info();
		let genesis = info.genesis_hash;
		// An instance of the API serves one block. The state of genesis is pruned some hundred blocks later.
		let keys = keys::Chain {
			genesis: genesis.0,
			genesis_binding: client.runtime_api().genesis_binding(info.finalized_hash)?,
		};
		let anchor = match stored_anchor::<BE, C>(client).map_err(Error::Database)? {
			Some(anchor) => anchor,
			None if info.finalized_number == 0 => {
				let api = client.runtime_api();
				let root = block::genesis(genesis, api.dealing(genesis)?);
				let authorities = api
					.authorities(genesis)?
					.ok_or_else(|| Error::Database("the chain's genesis names no authorities".into()))?;
				Anchor::genesis(root, authorities)
			}
			None => {
				return Err(Error::Database(
					"it has final blocks and no record of the consensus: it was made by another version of this node"
						.into(),
				))
			}
		};
		let timing = client.runtime_api().timing(info.finalized_hash)?;
		let mut identity = None;
		if let Some(authority) = &authority {
			let sets = [Some(&anchor.set), anchor.previous.as_ref()];
			identity = Identity::find(&authority.keystore, keys, sets.into_iter().flatten())?;
			if identity.is_none() {
				log::info!(
					target: LOG_TARGET,
					"The keystore has no key of a present authority (types tdrf and tdsh): this node follows until it has.",
				);
			}
		}
		let (log, contents) = match (&authority, &identity) {
			(Some(authority), Some(identity)) => {
				let used = info.best_number > 0 && begin == Begin::Start;
				let (mut log, contents) = VoteLog::open(
					&authority.vote_log,
					&genesis.0,
					&identity.id,
					used,
					authority.forget_votes && begin == Begin::Start,
				)?;
				// What can be read from the database now is on its disk after this.
				sync_file_system(&authority.database)
					.map_err(|error| Error::Database(format!("cannot sync it: {error}")))?;
				log.compact(info.finalized_number)?;
				(Some((log, authority.database.clone())), contents)
			}
			_ => (None, Contents::default()),
		};
		let logged = contents
			.blocks
			.into_iter()
			.map(|block| (block.header.hash(), block))
			.collect();
		Ok(Self {
			genesis,
			keys,
			identity: identity.unwrap_or_else(|| Identity::observer(keys)),
			anchor,
			durable: contents.durable,
			logged,
			log,
			timing,
			authority,
		})
	}

	/// The core's configuration.
	pub(crate) fn config(&self) -> Config<OnChain> {
		Config {
			genesis: self.genesis.0,
			me: self.identity.id,
			timing: self.timing,
			mutants: Default::default(),
		}
	}
}

/// The blocks above the anchor that the database has, by height.
pub fn blocks_above<BE: Backend<Block>, C: Chain<BE>>(
	client: &C,
	backend: &BE,
	root: Number,
) -> Result<Vec<crate::Header>, Error> {
	use sc_client_api::blockchain::Backend as _;
	let mut found: HashMap<H256, crate::Header> = HashMap::new();
	for leaf in backend.blockchain().leaves()? {
		let mut next = leaf;
		while !found.contains_key(&next) {
			let Some(header) = client
				.header(next)?
				.filter(|header| u64::from(header.number) > root.0)
			else {
				break;
			};
			let parent = *header.parent_hash();
			found.insert(next, header);
			next = parent;
		}
	}
	let mut headers: Vec<_> = found.into_values().collect();
	headers.sort_by_key(|header| (header.number, header.encode()));
	Ok(headers)
}

//! What an engine starts from: the database, the vote log, the keystore.

use codec::Encode;
use sc_client_api::Backend;
use sc_keystore::LocalKeystore;
use sp_core::H256;
use sp_runtime::traits::Header as _;
use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Instant};
use veilmart_td_raft::{runtime_api::TdRaftApi as _, AuthorityId, AuthoritySet, BlockHash, Number, Timing};
use veilmart_td_raft_core::{real::OnChain, safety::Durable, Anchor, Config};

use crate::{
	block,
	chain::Chain,
	held::{Held, Now},
	keys::{self, Identity, KeyError},
	log_writer::sync_file_system,
	vote_log::{Contents, LogError, Other, VoteLog},
	worker::{is_dated_after, stored_anchor},
	Block, LOG_TARGET,
};

/// What an authority needs beside the chain.
#[derive(Clone)]
pub struct Authority {
	/// Has its keys.
	pub keystore: Arc<LocalKeystore>,
	/// Where its vote logs are: the name of the single file of before, to which each log adds whose it is.
	pub vote_log: PathBuf,
	/// Where the node's database is.
	pub database: PathBuf,
	/// Start although the vote log of the name it starts under is missing, or cannot be read and is put aside. One that can be read
	/// stays, of whatever name. With it a log is also begun in a set that began before the node was started.
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
	/// When an authority set begins to which the node belongs under another name than before, or anew. If it had that name
	/// before, there is a log.
	NewName {
		/// When the node was started.
		started: Instant,
	},
}

/// Where in the chain a node reads its log.
#[derive(Clone, Copy, Debug)]
struct Moment<'a> {
	begin: Begin,
	/// Whether the database has blocks.
	used: bool,
	/// The present set.
	set: &'a AuthoritySet,
	/// Whether the last final block is the one that closed the last set: the database knows none of the present set.
	closing: bool,
	/// Whether the set is seen to begin: when it began the node had the key.
	seen: bool,
	/// Whether the operator has said that what is missing may be begun: of what was before the node was started.
	forget: bool,
}

impl Moment<'_> {
	/// Whether a name that has no log may begin one: only where it can have promised nothing in the present set or a later
	/// one. What it promised in earlier sets does not bind it in this one, in which it begins with nothing voted and
	/// nothing prepared.
	///
	/// It is taken for granted that a key is on one machine at a time, and comes to one that has been in use with its log. To one
	/// that has not been in use, or not with this key, it may come from a backup. Its database leads it through sets that are
	/// over and up to the present one, in all of which the key may have voted.
	///
	/// 1. No other log may say that this node was in the present set, or in a later one. Then the database is older than the
	///    logs, the node was beyond this moment before, and so it was under this name, too, if it had its key; that log is lost.
	/// 2. An empty database begins with the first set. Nothing shows whether a chain begins, so this is up to the operator.
	/// 3. A set that was seen to begin: the block before it is dated when this disk had the key ([`Held`]), which was nowhere else
	///    then, and had promised nothing here. It is not dated later than now, and no authority has said that it was in the set
	///    before, for then the clock was wrong when the key came. That it begins while the node runs is not enough: it may have
	///    begun long ago, and be new to the database only. Nor is it that the node was somebody else in the last set, and has the
	///    log of that: it may have begun that log where the database was as empty as now.
	/// 4. At a start, moreover, nothing may be final in the set as far as the database knows: the node was stopped before it
	///    had promised anything. The log of a name is on disk before its first promise leaves.
	///
	/// Everything else is a log that is missing beside a database with blocks: of keys from elsewhere, perhaps, which have
	/// voted there.
	fn may_begin(&self, others: &[Other]) -> Result<(), String> {
		if let Some(beyond) = others
			.iter()
			.find(|other| other.set_id.is_some_and(|set_id| set_id >= self.set.id()))
		{
			return Err(format!(
				"{} says that this node was in the present set of authorities before, or in a later one",
				beyond.path.display(),
			));
		}
		let comes_to_it = self.begin != Begin::Start || self.closing;
		if !self.used || self.seen && comes_to_it {
			return Ok(());
		}
		Err(match self.begin {
			Begin::Start => "the database has blocks".into(),
			Begin::NewName { .. } => {
				let set = self.set.id();
				format!("authority set {set} may have begun before this node had the key")
			}
		})
	}
}

/// Opens the log of a name at a moment. That it is there is noted before anything is promised under the name.
fn open_log(
	authority: &Authority,
	held: &mut Held,
	genesis: &BlockHash,
	id: &AuthorityId,
	moment: Moment<'_>,
	now: Now,
) -> Result<(VoteLog, Contents, Vec<Other>), LogError> {
	let forget = moment.forget && moment.begin == Begin::Start;
	let opened = VoteLog::open(&authority.vote_log, genesis, id, forget, |others| {
		match moment.may_begin(others) {
			Err(sign) if moment.forget => {
				log::warn!(target: LOG_TARGET, "A vote log is begun because of --forget-votes, although {sign}.");
				Ok(())
			}
			judged => judged,
		}
	})?;
	held.look(authority, Some(id), now)?;
	Ok(opened)
}

/// Opens the log again that the node has written under this name until now.
pub fn reopen_log(authority: &Authority, genesis: &BlockHash, id: &AuthorityId) -> Result<VoteLog, LogError> {
	let (log, ..) = VoteLog::open(&authority.vote_log, genesis, id, false, |_| {
		Err("this node has written it until now".into())
	})?;
	Ok(log)
}

/// Whether the block that closed the last set is dated later than this. None if that cannot be known.
fn was_closed_after<BE: Backend<Block>, C: Chain<BE>>(
	client: &C,
	anchor: &Anchor<OnChain>,
	date: u64,
) -> Option<bool> {
	let closing = anchor.handovers.last()?;
	is_dated_after::<BE, C>(client, H256(closing.target.hash), date)
}

/// Whether the present set was seen to begin with a key that has been here since this date: the block that closed the last set is
/// dated later, and not later than now: a clock that is behind makes whatever has ever happened later than what it says.
pub fn is_seen_to_begin<BE: Backend<Block>, C: Chain<BE>>(
	client: &C,
	anchor: &Anchor<OnChain>,
	since: Option<u64>,
	now: u64,
) -> bool {
	let closed_after = |date| was_closed_after::<BE, C>(client, anchor, date);
	since.and_then(closed_after) == Some(true) && closed_after(now) == Some(false)
}

/// Whether `--forget-votes` is said of the present set, too: not if that began after the start of the node. Of what was promised
/// later the operator has said nothing.
fn is_forgotten<BE: Backend<Block>, C: Chain<BE>>(
	client: &C,
	anchor: &Anchor<OnChain>,
	begin: Begin,
	now: Now,
) -> bool {
	match begin {
		Begin::Start => true,
		Begin::NewName { started } => {
			was_closed_after::<BE, C>(client, anchor, now.date_of(started)) != Some(true)
		}
	}
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
	/// Since when a node that is to take part has had its keys. None but at the start.
	pub(crate) held: Option<Held>,
}

impl Setup {
	/// Reads what there is when the node starts. `authority` is what a node has that is to take part.
	pub fn read<BE: Backend<Block>, C: Chain<BE>>(
		client: &C,
		authority: Option<Authority>,
	) -> Result<Self, Error> {
		let genesis = client.info().genesis_hash.0;
		let mut held = authority
			.as_ref()
			.map(|authority| Held::read(authority, &genesis));
		let setup = Self::read_at::<BE, C>(client, authority, held.as_mut(), Begin::Start)?;
		Ok(Self { held, ..setup })
	}

	/// Reads what there is. `held` belongs to `authority`.
	pub(crate) fn read_at<BE: Backend<Block>, C: Chain<BE>>(
		client: &C,
		authority: Option<Authority>,
		mut held: Option<&mut Held>,
		begin: Begin,
	) -> Result<Self, Error> {
		let now = Now::read();
		if let (Some(authority), Some(held)) = (&authority, &mut held) {
			held.look(authority, None, now)?;
		}
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
		let (log, contents) = match (&authority, &identity, held) {
			(Some(authority), Some(identity), Some(held)) => {
				let moment = Moment {
					begin,
					used: info.best_number > 0,
					set: &anchor.set,
					closing: anchor.root.is_closing(),
					seen: is_seen_to_begin::<BE, C>(client, &anchor, held.since(&identity.id), now.date),
					forget: authority.forget_votes && is_forgotten::<BE, C>(client, &anchor, begin, now),
				};
				let (mut log, contents, others) =
					open_log(authority, held, &genesis.0, &identity.id, moment, now)?;
				if begin == Begin::Start {
					// What can be read from the database now is on its disk after this. While the node runs that is not so: the
					// database returns from a commit before it has handed it to the operating system.
					sync_file_system(&authority.database)
						.map_err(|error| Error::Database(format!("cannot sync it: {error}")))?;
					log.compact(info.finalized_number)?;
					for other in &others {
						other.compact(info.finalized_number)?;
					}
				}
				(Some((log, authority.database.clone())), contents)
			}
			_ => (None, Contents::default()),
		};
		let logged = contents
			.blocks
			.into_iter()
			.filter(|block| block.header.number > info.finalized_number)
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
			held: None,
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

#[cfg(test)]
mod tests;

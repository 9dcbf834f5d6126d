//! The vote log: what an authority is bound by, on disk before the message that depends on it leaves.
//!
//! One file for each name that a node has or had (`names`), never written for another: who changes its keys, and changes
//! them back, is bound by what it promised before, and which name a node has at a start is up to its database, which may be older
//! than its logs. The file begins with a header:
//!
//! | bytes | what |
//! |---|---|
//! | 16 | [`MAGIC`] |
//! | 32 | genesis hash |
//! | 32 | the authority's name |
//! | 16 | mark: random bytes, drawn whenever a file is begun or written anew |
//! | 16 | BLAKE2b of all this |
//!
//! Frames follow, each written and synced at once:
//!
//! | bytes | what |
//! |---|---|
//! | 16 | the mark |
//! | 4 | length of the content, little-endian |
//! | 16 | BLAKE2b of the mark, the frame's place in the file (8, little-endian), length and content |
//! | | content: a SCALE list of 1 to [`MOST`] [`Entry`]s |
//!
//! Of the states in it the last counts. The blocks stay until the database has them on its disk: the database returns
//! from a commit before that, and a block that was voted for must not be lost with the power of all nodes.
//!
//! A frame that was not synced has promised nothing, so one that is cut short or broken *at the end* is taken off at
//! start. One that is broken before the end was synced once, and is a reason not to start. Which of both it is, is up to whether a
//! whole frame is behind it.
//!
//! That can be nobody's but the node's own:
//!
//! - The pages of a frame reach the disk in any order, so its beginning may be missing while the rest is there, with the transactions
//!   of a block, in which clients may write what they want. No client knows the mark.
//! - A page that was not written may be there with what the disk had in it before. What is of another file has another mark, be it an
//!   earlier one of the same name. In one file a frame counts only in its place, and behind a frame that was not synced there
//!   never was one, also when another one is written where that was taken off.
//!
//! A header that is not what was written is a reason not to start, too: with another mark there would be no frames. It is on the disk
//! before the file has its name.
//!
//! Version 01 had neither mark nor places (`first`). Such a log is written anew when it is opened to be written. Programs of before do
//! not start with what this one has written: by its first bytes it is of a version that they do not know.

mod first;
mod names;
mod records;
#[cfg(test)]
mod tests;

pub use names::{is_begun, Other};

use codec::{Decode, DecodeAll, Encode};
use rustix::fs::{flock, FlockOperation};
use std::{
	fs::{File, OpenOptions},
	io::{self, Read, Seek, SeekFrom, Write},
	path::{Path, PathBuf},
};
use veilmart_td_raft::{AuthorityId, BlockHash};
use veilmart_td_raft_core::{real::OnChain, safety::Durable};

use self::records::{digest, Format, Mark};
use crate::{Block, LOG_TARGET};

/// What the file begins with; the number is the format's version.
const MAGIC: &[u8; 16] = b"td-raft votes 02";
/// Magic, genesis hash, authority: the header of every version begins with these.
const NAMES: usize = 16 + 32 + 32;
/// These and the mark.
const HASHED: usize = NAMES + 16;
/// All this and its hash.
const HEADER: usize = HASHED + 16;
/// The longest frame read. A batch has a handful of blocks of at most some megabytes each.
const LONGEST: u32 = 256 * 1024 * 1024;
/// Entries in a frame, at most.
pub const MOST: usize = 16;

/// What is written at once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
	/// What the authority is bound by from now on.
	pub durable: Durable<OnChain>,
	/// A block that it voted for or made.
	pub block: Option<Block>,
}

/// Why there is no log to work with.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
	/// The file system says no.
	#[error("{action} {path}: {error}")]
	Io {
		/// What was tried.
		action: &'static str,
		/// With what.
		path: PathBuf,
		/// What was said.
		error: io::Error,
	},
	/// It is not there, and the authority may have promised something.
	#[error(
		"the vote log {path} is missing, but {sign}. Without it this authority could vote twice, which \
		counts as an offence. Restore it; or, if you know that this key has signed nothing that it could contradict (it \
		was never an authority, or the network has moved on to a later term since), start once with \
		--forget-votes"
	)]
	Missing {
		/// The file.
		path: PathBuf,
		/// What says that there may have been promises.
		sign: String,
	},
	/// Another process has it open.
	#[error("the vote log {0} is in use by another process: two nodes with one key would accuse each other")]
	InUse(PathBuf),
	/// It is another chain's.
	#[error(
		"the vote log {0} is of another chain: the node's base path was used for one with another genesis"
	)]
	OtherChain(PathBuf),
	/// It is another authority's than the file's name says.
	#[error("the vote log {0} is another authority's than its name says: somebody has renamed or copied it")]
	OtherName(PathBuf),
	/// A second log of the authority, or its only one under a wrong name.
	#[error(
		"the vote log {path} is of the authority whose log is {own}. Only one of them has what this authority promised \
		last: keep the one that was written last, as {own}, and put the other elsewhere"
	)]
	Misplaced {
		/// The file.
		path: PathBuf,
		/// The file in its place.
		own: PathBuf,
	},
	/// It cannot be read.
	#[error("the vote log {path} is damaged at byte {offset}: {what}. Restore it, or see --forget-votes")]
	Damaged {
		/// The file.
		path: PathBuf,
		/// Where.
		offset: u64,
		/// What is wrong.
		what: &'static str,
	},
}

/// The error of what was tried with a file.
pub fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> LogError + 'a {
	move |error| LogError::Io {
		action,
		path: path.to_owned(),
		error,
	}
}

/// What was in the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
	/// The last state.
	pub durable: Option<Durable<OnChain>>,
	/// All blocks.
	pub blocks: Vec<Block>,
}

/// The open log.
#[derive(Debug)]
pub struct VoteLog {
	file: File,
	path: PathBuf,
	whose: Whose,
	length: u64,
}

fn header(genesis: &BlockHash, authority: &AuthorityId, mark: &Mark) -> [u8; HEADER] {
	let mut header = [0; HEADER];
	header[..16].copy_from_slice(MAGIC);
	header[16..48].copy_from_slice(genesis);
	header[48..NAMES].copy_from_slice(&authority.0);
	header[NAMES..HASHED].copy_from_slice(&mark.0);
	let hash = digest(&[&header[..HASHED]]);
	header[HASHED..].copy_from_slice(&hash);
	header
}

/// Syncs a directory, so that a file's name in it is on disk, too.
fn sync_directory(path: &Path) -> io::Result<()> {
	match path.parent() {
		Some(directory) => File::open(directory)?.sync_all(),
		None => Ok(()),
	}
}

/// Puts a file with these bytes in another one's place. Wherever the power goes, one of both is there, whole.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
	let new = path.with_extension("new");
	let mut file = File::create(&new)?;
	file.write_all(bytes)?;
	file.sync_all()?;
	std::fs::rename(&new, path)?;
	sync_directory(path)
}

/// Whose log a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
	/// An authority's, on the chain with this genesis hash, with records of this format.
	Of(BlockHash, AuthorityId, Format),
	/// Nobody's. A file without its whole header was being begun when the power went, and has promised nothing; nor has the one
	/// that keeps others from beginning a single log.
	Nobody,
	/// It does not begin as a log of a version that is known, or not as it was written.
	Unknown,
}

impl Whose {
	/// Reads it from the beginning of a file.
	fn read(file: &File) -> io::Result<Self> {
		let mut begin = Vec::new();
		file.take(HEADER as u64).read_to_end(&mut begin)?;
		Ok(Self::by(&begin))
	}

	/// By the first [`HEADER`] bytes of a file, or all of a shorter one.
	fn by(begin: &[u8]) -> Self {
		let Some((named, rest)) = begin.split_at_checked(NAMES) else {
			return Self::Nobody;
		};
		let (magic, chain_and_name) = named.split_at(MAGIC.len());
		let (genesis, authority) = chain_and_name.split_at(32);
		let of = |format| {
			Self::Of(
				genesis.try_into().unwrap_or_default(),
				AuthorityId(authority.try_into().unwrap_or_default()),
				format,
			)
		};
		let is_present = magic == MAGIC.as_slice();
		if names::NO_LOG.starts_with(magic) || is_present && begin.len() < HEADER {
			Self::Nobody
		} else if is_present && begin.ends_with(&digest(&[&begin[..HASHED]])) {
			of(Format::Second(Mark(rest[..16].try_into().unwrap_or_default())))
		} else if magic == first::MAGIC.as_slice() {
			of(Format::First)
		} else {
			Self::Unknown
		}
	}
}

impl VoteLog {
	/// Opens a file that is there, for this process alone, and reads its header.
	fn lock(path: &Path) -> Result<Self, LogError> {
		let file = OpenOptions::new()
			.read(true)
			.write(true)
			.open(path)
			.map_err(failed("cannot open", path))?;
		flock(&file, FlockOperation::NonBlockingLockExclusive)
			.map_err(|_| LogError::InUse(path.to_owned()))?;
		let length = file.metadata().map_err(failed("cannot read", path))?.len();
		let whose = Whose::read(&file).map_err(failed("cannot read", path))?;
		Ok(Self {
			file,
			path: path.to_owned(),
			whose,
			length,
		})
	}

	/// It does not begin as a log.
	fn unknown(&self) -> LogError {
		self.damaged(
			0,
			"it is of a version that this program does not know, or its header is damaged",
		)
	}

	fn damaged(&self, offset: u64, what: &'static str) -> LogError {
		LogError::Damaged {
			path: self.path.clone(),
			offset,
			what,
		}
	}

	/// What the frames in this length of the file hold, and where the last whole one ends: what follows was not synced.
	fn frames(&self, length: u64) -> Result<(Contents, u64), LogError> {
		let Whose::Of(_, _, format) = self.whose else {
			return Err(self.unknown());
		};
		let io = || failed("cannot read", &self.path);
		let mut contents = Contents::default();
		let mut offset = format.header() as u64;
		let mut reader = io::BufReader::new(&self.file);
		reader.seek(SeekFrom::Start(offset)).map_err(io())?;
		let mut head = vec![0; format.head()];
		while length - offset >= head.len() as u64 {
			reader.read_exact(&mut head).map_err(io())?;
			let size = format.size(&head);
			let end = offset + head.len() as u64 + u64::from(size);
			let fits = end <= length && size <= LONGEST;
			let mut content = vec![0; if fits { size as usize } else { 0 }];
			reader.read_exact(&mut content).map_err(io())?;
			if !fits || !format.is_whole(offset, &head, &content) {
				log::info!(
					target: LOG_TARGET,
					"The vote log {} has a record at byte {offset} that is not whole. Whether others follow is looked for in {} bytes.",
					self.path.display(),
					length - offset,
				);
				let mut rest = Vec::new();
				reader.seek(SeekFrom::Start(offset + 1)).map_err(io())?;
				reader.read_to_end(&mut rest).map_err(io())?;
				if format.is_followed(offset, &head, &rest) {
					return Err(self.damaged(offset, "a record is not what was written, and others follow"));
				}
				break;
			}
			let entries = Vec::<Entry>::decode_all(&mut &content[..])
				.map_err(|_| self.damaged(offset, "a record does not decode"))?;
			for Entry { durable, block } in entries {
				contents.durable = Some(durable);
				contents.blocks.extend(block);
			}
			offset = end;
		}
		Ok((contents, offset))
	}

	/// Whether a record in it is not what was written.
	fn is_damaged(&self) -> Result<bool, LogError> {
		match self.frames(self.length) {
			Ok(_) => Ok(false),
			Err(LogError::Damaged { .. }) => Ok(true),
			Err(error) => Err(error),
		}
	}

	/// Reads all frames, and takes off what was not synced.
	fn read(&mut self, length: u64) -> Result<Contents, LogError> {
		let (contents, end) = self.frames(length)?;
		if end < length {
			log::info!(
				target: LOG_TARGET,
				"The vote log {} ends with {} bytes that were never synced; they are taken off.",
				self.path.display(),
				length - end,
			);
			self.file
				.set_len(end)
				.map_err(failed("cannot shorten", &self.path))?;
			self.file.sync_all().map_err(failed("cannot sync", &self.path))?;
		}
		self.length = end;
		Ok(contents)
	}

	/// Writes and syncs. When it comes back, the entries are on disk. 1 to [`MOST`] of them.
	pub fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
		let Whose::Of(_, _, Format::Second(mark)) = self.whose else {
			// One that is opened to be written is of the present version.
			return Err(io::Error::new(
				io::ErrorKind::InvalidInput,
				"a vote log of an earlier version is not written",
			));
		};
		let bytes = mark.frame(self.length, entries)?;
		self.file.seek(SeekFrom::Start(self.length))?;
		self.file.write_all(&bytes)?;
		self.file.sync_data()?;
		self.length += bytes.len() as u64;
		Ok(())
	}

	/// Bytes in the file.
	pub fn length(&self) -> u64 {
		self.length
	}

	/// Leaves out the blocks up to a height. Those have to be on the database's disk.
	pub fn compact(&mut self, up_to: u32) -> Result<(), LogError> {
		let mut contents = self.read(self.length)?;
		contents.blocks.retain(|block| block.header.number > up_to);
		self.rewrite(&contents)
	}

	/// Writes it anew with these contents, in the present version.
	fn rewrite(&mut self, contents: &Contents) -> Result<(), LogError> {
		let Whose::Of(genesis, authority, _) = self.whose else {
			return Err(self.unknown());
		};
		*self = Self::put(&self.path, genesis, authority, contents)
			.map_err(failed("cannot rewrite", &self.path))?;
		Ok(())
	}

	/// Puts a file with these contents in a log's place. Whenever the power goes, the name leads to a whole log, or, if there
	/// was none, to none.
	fn put(path: &Path, genesis: BlockHash, authority: AuthorityId, contents: &Contents) -> io::Result<Self> {
		let new = path.with_extension("new");
		let mut file = OpenOptions::new()
			.read(true)
			.write(true)
			.create(true)
			.truncate(true)
			.open(&new)?;
		flock(&file, FlockOperation::NonBlockingLockExclusive)?;
		let mark = Mark::draw()?;
		file.write_all(&header(&genesis, &authority, &mark))?;
		let mut length = HEADER as u64;
		if let Some(durable) = &contents.durable {
			// Frame by frame: one with all blocks might be too long.
			let blocks = contents.blocks.iter().cloned().map(Some).chain([None]);
			for block in blocks {
				let entry = Entry {
					durable: durable.clone(),
					block,
				};
				let bytes = mark.frame(length, &[entry])?;
				file.write_all(&bytes)?;
				length += bytes.len() as u64;
			}
		}
		file.sync_all()?;
		std::fs::rename(&new, path)?;
		sync_directory(path)?;
		Ok(Self {
			file,
			path: path.to_owned(),
			whose: Whose::Of(genesis, authority, Format::Second(mark)),
			length,
		})
	}
}

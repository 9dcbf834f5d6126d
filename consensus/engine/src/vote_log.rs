//! The vote log: what an authority is bound by, on disk before the message that depends on it leaves.
//!
//! One file for each name that a node has or had (`names`), never written for another: who changes its keys, and changes
//! them back, is bound by what it promised before, and which name a node has at a start is up to its database, which may be older
//! than its logs. The file begins with [`MAGIC`], the genesis hash and the authority's name; frames follow, each written
//! and synced at once:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the content, little-endian |
//! | 16 | BLAKE2b of length and content |
//! | | content: a SCALE list of 1 to [`MOST`] [`Entry`]s, the first with a number of starts below 2³² |
//!
//! Of the states in it the last counts. The blocks stay until the database has them on its disk: the database returns
//! from a commit before that, and a block that was voted for must not be lost with the power of all nodes.
//!
//! A frame that was not synced has promised nothing, so one that is cut short or broken *at the end* is taken off at
//! start. One that is broken before the end was synced once, and is a reason not to start. Which of both it is, is up to its length
//! as long as nothing contradicts that; else whole frames are looked for behind it.

mod names;

pub use names::{is_begun, Other};

use blake2::{digest::consts::U16, Blake2b, Digest};
use codec::{Decode, DecodeAll, Encode, Input};
use rustix::fs::{flock, FlockOperation};
use std::{
	fs::{File, OpenOptions},
	io::{self, Read, Seek, SeekFrom, Write},
	path::{Path, PathBuf},
};
use veilmart_td_raft::{AuthorityId, BlockHash};
use veilmart_td_raft_core::{real::OnChain, safety::Durable};

use crate::{Block, LOG_TARGET};

/// What the file begins with; the number is the format's version.
const MAGIC: &[u8; 16] = b"td-raft votes 01";
/// Magic, genesis hash, authority.
const HEADER: u64 = 16 + 32 + 32;
/// Length and hash before a frame's content.
const FRAME: usize = 4 + 16;
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
	header: [u8; HEADER as usize],
	length: u64,
}

fn header(genesis: &BlockHash, authority: &AuthorityId) -> [u8; HEADER as usize] {
	let mut header = [0; HEADER as usize];
	header[..16].copy_from_slice(MAGIC);
	header[16..48].copy_from_slice(genesis);
	header[48..].copy_from_slice(&authority.0);
	header
}

fn checksum(length: [u8; 4], content: &[u8]) -> [u8; 16] {
	let mut hash = Blake2b::<U16>::new();
	hash.update(length);
	hash.update(content);
	hash.finalize().into()
}

/// How the content of every frame begins: [`frame`] writes no other, and none was ever written. The number of entries is a
/// compact number of one byte; then the first entry's state begins with the number of starts, whose upper half is zero.
fn begins_as_content(content: &[u8]) -> bool {
	match content {
		[count, _, _, _, _, 0, 0, 0, 0, ..] => {
			*count & 0b11 == 0 && (1..=MOST).contains(&usize::from(*count >> 2))
		}
		_ => false,
	}
}

fn frame(entries: &[Entry]) -> io::Result<Vec<u8>> {
	let invalid = |what: &'static str| io::Error::new(io::ErrorKind::InvalidInput, what);
	let mut bytes = vec![0; FRAME];
	entries.encode_to(&mut bytes);
	if !begins_as_content(&bytes[FRAME..]) {
		return Err(invalid(
			"a record of the vote log has no entries, too many, or too many starts",
		));
	}
	let length = u32::try_from(bytes.len() - FRAME)
		.ok()
		.filter(|length| *length <= LONGEST)
		.ok_or_else(|| invalid("a record of the vote log is too long"))?
		.to_le_bytes();
	let hash = checksum(length, &bytes[FRAME..]);
	bytes[..4].copy_from_slice(&length);
	bytes[4..FRAME].copy_from_slice(&hash);
	Ok(bytes)
}

/// Bytes to decode, and whether more of them were wanted than there are.
struct Cut<'a> {
	bytes: &'a [u8],
	is_short: bool,
}

impl Input for Cut<'_> {
	/// Left open: what is announced longer than it is shall be read, and found to be short.
	fn remaining_len(&mut self) -> Result<Option<usize>, codec::Error> {
		Ok(None)
	}

	fn read(&mut self, into: &mut [u8]) -> Result<(), codec::Error> {
		self.is_short |= into.len() > self.bytes.len();
		Input::read(&mut self.bytes, into)
	}
}

/// Whether this is the beginning of a frame's content, and not all of it.
fn is_cut_short(bytes: &[u8]) -> bool {
	let mut input = Cut {
		bytes,
		is_short: false,
	};
	Vec::<Entry>::decode(&mut input).is_err() && input.is_short
}

/// Whether a frame of this length, of which these bytes are there and the content is not whole, is the last of its file. Its length
/// says so; one that is longer than what is there may be damaged, so that its content has to say so, too.
///
/// Else the search for whole frames behind it would be in the hands of whoever chooses its content: a transaction full of what
/// could begin a frame makes it take minutes.
fn is_last(length: u32, content: &[u8]) -> bool {
	let wanted = length as usize;
	length <= LONGEST && (wanted == content.len() || wanted > content.len() && is_cut_short(content))
}

/// Whether a whole frame begins anywhere in these bytes. What does not begin as one is not hashed: a random length fits often
/// enough, so that a torn frame of some megabytes took many seconds, and a torn batch hours.
fn holds_a_frame(bytes: &[u8], mut hash: impl FnMut([u8; 4], &[u8]) -> [u8; 16]) -> bool {
	bytes.windows(FRAME).enumerate().any(|(at, head)| {
		let (length, expected) = head.split_at(4);
		let length: [u8; 4] = length.try_into().unwrap_or_default();
		let content = bytes
			.get(at + FRAME..)
			.and_then(|rest| rest.get(..u32::from_le_bytes(length) as usize))
			.filter(|content| begins_as_content(content));
		content.is_some_and(|content| hash(length, content) == expected)
	})
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
	/// An authority's, on the chain with this genesis hash.
	Of(BlockHash, AuthorityId),
	/// Nobody's. A file without its whole header was being begun when the power went, and has promised nothing; nor has the one
	/// that keeps others from beginning a single log.
	Nobody,
	/// It does not begin as a log of this version.
	Unknown,
}

impl VoteLog {
	/// Opens a file that is there, for this process alone, and reads its header.
	fn lock(path: &Path) -> Result<Self, LogError> {
		let mut file = OpenOptions::new()
			.read(true)
			.write(true)
			.open(path)
			.map_err(failed("cannot open", path))?;
		flock(&file, FlockOperation::NonBlockingLockExclusive)
			.map_err(|_| LogError::InUse(path.to_owned()))?;
		let length = file.metadata().map_err(failed("cannot read", path))?.len();
		let mut header = [0; HEADER as usize];
		if length >= HEADER {
			file.read_exact(&mut header)
				.map_err(failed("cannot read", path))?;
		}
		Ok(Self {
			file,
			path: path.to_owned(),
			header,
			length,
		})
	}

	/// Whose it is by its header. Valid until the file is written.
	fn whose(&self) -> Whose {
		let (magic, names) = self.header.split_at(MAGIC.len());
		let (genesis, authority) = names.split_at(32);
		if self.length < HEADER || names::NO_LOG.starts_with(magic) {
			Whose::Nobody
		} else if magic != MAGIC.as_slice() {
			Whose::Unknown
		} else {
			Whose::Of(
				genesis.try_into().unwrap_or_default(),
				AuthorityId(authority.try_into().unwrap_or_default()),
			)
		}
	}

	/// It does not begin as a log.
	fn unknown(&self) -> LogError {
		self.damaged(0, "it does not begin as one of this version")
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
		let io = || failed("cannot read", &self.path);
		let mut contents = Contents::default();
		let mut offset = HEADER;
		let mut reader = io::BufReader::new(&self.file);
		reader.seek(SeekFrom::Start(offset)).map_err(io())?;
		while length - offset >= FRAME as u64 {
			let mut head = [0; FRAME];
			reader.read_exact(&mut head).map_err(io())?;
			let [a, b, c, d, hash @ ..] = head;
			let size = u32::from_le_bytes([a, b, c, d]);
			let end = offset + FRAME as u64 + u64::from(size);
			let fits = end <= length && size <= LONGEST;
			let mut content = vec![0; if fits { size as usize } else { 0 }];
			reader.read_exact(&mut content).map_err(io())?;
			if !fits || checksum([a, b, c, d], &content) != hash {
				let mut rest = Vec::new();
				reader.seek(SeekFrom::Start(offset + 1)).map_err(io())?;
				reader.read_to_end(&mut rest).map_err(io())?;
				if is_last(size, &rest[FRAME - 1..]) {
					break;
				}
				log::info!(
					target: LOG_TARGET,
					"The vote log {} has a record at byte {offset} that is not whole. Whether others follow is looked for in {} bytes.",
					self.path.display(),
					length - offset,
				);
				// Its length, too, may be what was not written.
				if holds_a_frame(&rest, checksum) {
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
		let bytes = frame(entries)?;
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
		*self =
			Self::put(&self.path, self.header, &contents).map_err(failed("cannot compact", &self.path))?;
		Ok(())
	}

	/// Puts a file with these contents in a log's place. Whenever the power goes, the name leads to a whole log, or, if there
	/// was none, to none.
	fn put(path: &Path, header: [u8; HEADER as usize], contents: &Contents) -> io::Result<Self> {
		let new = path.with_extension("new");
		let mut file = OpenOptions::new()
			.read(true)
			.write(true)
			.create(true)
			.truncate(true)
			.open(&new)?;
		flock(&file, FlockOperation::NonBlockingLockExclusive)?;
		file.write_all(&header)?;
		let mut length = HEADER;
		if let Some(durable) = &contents.durable {
			// Frame by frame: one with all blocks might be too long.
			let blocks = contents.blocks.iter().cloned().map(Some).chain([None]);
			for block in blocks {
				let bytes = frame(&[Entry {
					durable: durable.clone(),
					block,
				}])?;
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
			header,
			length,
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_runtime::{traits::Header as _, OpaqueExtrinsic};
	use std::cell::Cell;
	use veilmart_td_raft::Term;

	pub(super) const GENESIS: BlockHash = [7; 32];
	pub(super) const ME: AuthorityId = AuthorityId([1; 32]);

	pub(super) fn block(number: u32) -> Block {
		Block {
			header: crate::Header::new(
				number,
				Default::default(),
				Default::default(),
				Default::default(),
				Default::default(),
			),
			extrinsics: vec![OpaqueExtrinsic::from_blob(vec![number as u8; 100])],
		}
	}

	pub(super) fn entry(term: u64, block: Option<Block>) -> Entry {
		let mut durable = Durable::genesis(GENESIS);
		durable.current_term = Term(term);
		Entry { durable, block }
	}

	/// As beside a database with blocks: none is begun.
	fn open(path: &Path) -> Result<(VoteLog, Contents), LogError> {
		let (log, contents, _) = VoteLog::open(path, &GENESIS, &ME, false, |_| {
			Err("the database has blocks".into())
		})?;
		Ok((log, contents))
	}

	/// As beside an empty database, or with `--forget-votes`.
	fn begin(path: &Path, forget: bool) -> Result<(VoteLog, Contents), LogError> {
		let (log, contents, _) = VoteLog::open(path, &GENESIS, &ME, forget, |_| Ok(()))?;
		Ok((log, contents))
	}

	/// A log with three frames: terms 1 to 3, blocks 1 and 3. Where it is opened, and its file.
	fn filled(directory: &tempfile::TempDir) -> (PathBuf, PathBuf) {
		let path = directory.path().join("chain").join("votes");
		let (mut log, contents) = begin(&path, false).unwrap();
		assert_eq!(contents, Contents::default());
		log.append(&[entry(1, Some(block(1)))]).unwrap();
		log.append(&[entry(2, None)]).unwrap();
		log.append(&[entry(2, Some(block(2))), entry(3, Some(block(3)))])
			.unwrap();
		let file = names::file_of(&path, &ME);
		(path, file)
	}

	fn term(contents: &Contents) -> Term {
		contents.durable.as_ref().unwrap().current_term
	}

	fn numbers(contents: &Contents) -> Vec<u32> {
		contents.blocks.iter().map(|block| block.header.number).collect()
	}

	#[test]
	fn what_was_written_is_found_again_and_the_last_state_counts() {
		let directory = tempfile::tempdir().unwrap();
		let (path, _) = filled(&directory);
		let (_, contents) = open(&path).unwrap();
		assert_eq!(term(&contents), Term(3));
		assert_eq!(contents.blocks, [block(1), block(2), block(3)]);
	}

	#[test]
	fn wherever_the_last_write_was_cut_the_ones_before_are_there() {
		let directory = tempfile::tempdir().unwrap();
		let (path, file) = filled(&directory);
		let whole = std::fs::read(&file).unwrap();
		let last = frame(&[entry(2, Some(block(2))), entry(3, Some(block(3)))])
			.unwrap()
			.len();
		for cut in 1..=last {
			std::fs::write(&file, &whole[..whole.len() - cut]).unwrap();
			let (mut log, contents) = open(&path).unwrap();
			assert_eq!(
				(term(&contents), numbers(&contents)),
				(Term(2), vec![1]),
				"cut {cut}"
			);
			log.append(&[entry(4, None)]).unwrap();
			drop(log);
			assert_eq!(term(&open(&path).unwrap().1), Term(4), "cut {cut}");
		}
		// Zeros in place of what was not written, as some file systems leave them.
		let mut zeroed = whole.clone();
		let from = zeroed.len() - last + 2;
		zeroed[from..].fill(0);
		std::fs::write(&file, &zeroed).unwrap();
		assert_eq!(term(&open(&path).unwrap().1), Term(2));
	}

	#[test]
	fn a_record_that_was_synced_and_is_damaged_is_a_reason_not_to_start() {
		let directory = tempfile::tempdir().unwrap();
		let (path, file) = filled(&directory);
		let bytes = std::fs::read(&file).unwrap();
		// In the content, in the hash, in the length: beyond the end, and short of it.
		for (at, bit) in [(FRAME + 5, 1), (7, 1), (3, 0x40), (2, 1), (0, 1)] {
			let mut bad = bytes.clone();
			bad[HEADER as usize + at] ^= bit;
			std::fs::write(&file, &bad).unwrap();
			let error = open(&path).unwrap_err();
			assert!(
				matches!(error, LogError::Damaged { offset: HEADER, .. }),
				"byte {at}: {error}"
			);
		}
		std::fs::write(&file, &bytes).unwrap();
		assert!(open(&path).is_ok());
	}

	#[test]
	fn every_record_begins_as_the_search_for_whole_ones_wants_it() {
		for count in 1..=MOST {
			let bytes = frame(&vec![entry(1, None); count]).unwrap();
			assert!(begins_as_content(&bytes[FRAME..]), "{count} entries");
		}
		for count in [0, MOST + 1, 64] {
			let refused = frame(&vec![entry(1, None); count]).unwrap_err();
			assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{count} entries");
		}
		let started = |starts| {
			let mut entry = entry(1, None);
			entry.durable.starts = starts;
			frame(&[entry])
		};
		assert!(begins_as_content(&started(u32::MAX.into()).unwrap()[FRAME..]));
		assert!(started(1 << 32).is_err(), "the search would pass it over");
	}

	/// Bytes without a pattern, always the same.
	fn noise(count: usize) -> Vec<u8> {
		let mut state = 0x9e37_79b9_7f4a_7c15_u64;
		let mut next = || {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			state as u8
		};
		(0..count).map(|_| next()).collect()
	}

	#[test]
	fn a_torn_record_of_some_megabytes_is_looked_through_without_hashing_it_again_and_again() {
		let big = |bytes: Vec<u8>| {
			let extrinsics = vec![OpaqueExtrinsic::from_blob(bytes)];
			let header = block(4).header;
			frame(&[entry(4, Some(Block { header, extrinsics }))]).unwrap()
		};
		let counters = (0..500_000_u64).flat_map(u64::to_le_bytes).collect();
		let whole = frame(&[entry(5, None)]).unwrap();
		for bytes in [noise(5 << 20), counters] {
			let torn = big(bytes);
			let torn = &torn[1..torn.len() - 1];
			let hashed = Cell::new(0);
			let count = |length, content: &[u8]| {
				hashed.set(hashed.get() + 1);
				checksum(length, content)
			};
			assert!(!holds_a_frame(torn, count));
			assert!(
				hashed.get() < 8,
				"{} hashes; without a look at what is hashed, one in a thousand bytes begins one",
				hashed.get()
			);
			let damaged = [torn, &whole[..]].concat();
			assert!(holds_a_frame(&damaged, count), "one that follows is found");
			assert!(hashed.get() < 24, "{} hashes", hashed.get());
		}
	}

	/// Somebody sends a transaction full of what looks like the beginning of a frame, and the power goes while it is written.
	#[test]
	fn what_a_torn_record_has_in_it_does_not_make_the_start_long() {
		let directory = tempfile::tempdir().unwrap();
		let (path, file) = filled(&directory);
		let whole = std::fs::read(&file).unwrap();
		// Half a MiB, then a list of one entry whose number of starts is small: sixteen bytes, of which each begins the next.
		let looks: [u8; 16] = [0, 0, 8, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
		let mut chosen = block(4);
		chosen.extrinsics = vec![OpaqueExtrinsic::from_blob(looks.repeat(1 << 16))];
		let torn = frame(&[entry(4, Some(chosen)), entry(5, None)]).unwrap();
		let beginnings = torn.windows(9).filter(|bytes| begins_as_content(bytes));
		assert!(beginnings.count() >= 1 << 16);
		// Each of these is many seconds of hashing if whole frames are looked for.
		for cut in [1, 100, 1 << 19] {
			let bytes = [&whole[..], &torn[..torn.len() - cut]].concat();
			std::fs::write(&file, bytes).unwrap();
			let (_, contents) = open(&path).unwrap();
			assert_eq!(term(&contents), Term(3), "{cut} bytes are missing");
			assert_eq!(std::fs::read(&file).unwrap(), whole);
		}
		// Or its end was not written, but is there.
		let mut zeroed = [&whole[..], &torn[..]].concat();
		let from = zeroed.len() - (1 << 19);
		zeroed[from..].fill(0);
		std::fs::write(&file, zeroed).unwrap();
		assert_eq!(term(&open(&path).unwrap().1), Term(3));
	}

	#[test]
	fn a_record_is_the_last_if_its_length_says_so_and_its_content_does_not_contradict() {
		let bytes = frame(&[entry(1, Some(block(1))), entry(2, None)]).unwrap();
		let content = &bytes[FRAME..];
		let length = content.len() as u32;
		for there in 0..content.len() {
			assert!(is_last(length, &content[..there]), "{there} bytes");
		}
		assert!(is_last(length, content), "it is there and not what was written");
		let others = [content, &bytes[..]].concat();
		assert!(!is_last(length, &others));
		for wrong in [length + 1, 1 << 20, u32::MAX] {
			assert!(!is_last(wrong, content), "the content is all there");
			assert!(!is_last(wrong, &others), "{wrong}");
		}
		assert!(!is_last(LONGEST + 1, &content[..9]), "no record is so long");
	}

	#[test]
	fn a_missing_log_is_begun_only_where_that_is_allowed_or_the_operator_says_so() {
		let directory = tempfile::tempdir().unwrap();
		let path = directory.path().join("votes");
		let file = names::file_of(&path, &ME);
		let error = open(&path).unwrap_err();
		assert!(matches!(error, LogError::Missing { .. }));
		for words in ["--forget-votes", "but the database has blocks"] {
			assert!(error.to_string().contains(words), "{error}");
		}
		for short in [&file, &path] {
			std::fs::write(short, b"td-raft").unwrap();
			let error = open(&path).unwrap_err();
			assert!(
				matches!(error, LogError::Missing { .. }),
				"an empty one is no better: {error}"
			);
		}
		assert!(begin(&path, true).is_ok());
		assert!(open(&path).is_ok());
	}

	#[test]
	fn one_process_at_a_time() {
		let directory = tempfile::tempdir().unwrap();
		let (path, _) = filled(&directory);
		let first = open(&path).unwrap();
		assert!(matches!(open(&path), Err(LogError::InUse(_))));
		drop(first);
		assert!(open(&path).is_ok());
	}

	#[test]
	fn compaction_keeps_the_state_and_the_blocks_above() {
		let directory = tempfile::tempdir().unwrap();
		let (path, _) = filled(&directory);
		let (mut log, _) = open(&path).unwrap();
		let before = log.length();
		log.compact(2).unwrap();
		assert!(log.length() < before);
		log.append(&[entry(5, Some(block(5)))]).unwrap();
		drop(log);
		let (_, contents) = open(&path).unwrap();
		assert_eq!((term(&contents), numbers(&contents)), (Term(5), vec![3, 5]));
	}
}

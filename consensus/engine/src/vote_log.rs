//! The vote log: what an authority is bound by, on disk before the message that depends on it leaves.
//!
//! One file for each name that a node has or had (`names`), never written for another: who changes its keys, and changes
//! them back, is bound by what it promised before, and which name a node has at a start is up to its database, which may be older
//! than its logs. What the bytes of a file are is in [`veilmart_td_raft_formats::votes`]. Each frame is written and synced at once.
//!
//! Of the states in it the last counts. The blocks stay until the database has them on its disk: the database returns
//! from a commit before that, and a block that was voted for must not be lost with the power of all nodes.
//!
//! A frame that was not synced has promised nothing, so one that is cut short or broken *at the end* is taken off at
//! start. One that is broken before the end was synced once, and is a reason not to start.
//!
//! A header that is not what was written, or not all there, is a reason not to start, too: it is on the disk before the file has its
//! name. And whether a file is there is known only if the system says so: whatever else it says is a reason not to start.
//!
//! A log of an earlier version is written anew when it is opened to be written. Programs of before do not start with what this one has
//! written: by its first bytes it is of a version that they do not know.

mod names;
#[cfg(test)]
mod tests;

pub use names::{is_begun, Other};

use rand_core::{OsRng, RngCore};
use rustix::{
	fs::{flock, FlockOperation},
	io::Errno,
};
use std::{
	fs::{File, OpenOptions, Permissions},
	io::{self, Read, Seek, SeekFrom, Write},
	os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
	path::{Path, PathBuf},
};
use veilmart_td_raft::{AuthorityId, BlockHash};
use veilmart_td_raft_formats::votes::{self, Format, Mark, Whose, HEADER};

use crate::LOG_TARGET;

pub use veilmart_td_raft_formats::votes::{Contents, Entry, MOST};

/// Who may read and write a log: the node's user.
const MODE: u32 = 0o600;
/// How often a file is opened again whose name has gone to another one meanwhile.
const ATTEMPTS: usize = 3;

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

/// The open log.
#[derive(Debug)]
pub struct VoteLog {
	file: File,
	path: PathBuf,
	whose: Whose,
	length: u64,
}

/// Syncs a directory, so that a file's name in it is on disk, too.
fn sync_directory(path: &Path) -> io::Result<()> {
	match path.parent() {
		Some(here) if here.as_os_str().is_empty() => File::open(".")?.sync_all(),
		Some(directory) => File::open(directory)?.sync_all(),
		None => Ok(()),
	}
}

/// Creates the directory of a file, with all above it that are missing, on the disk.
pub fn create_directory_of(path: &Path) -> io::Result<()> {
	let Some(directory) = path.parent().filter(|path| !path.as_os_str().is_empty()) else {
		return Ok(());
	};
	let mut missing = Vec::new();
	for above in directory.ancestors() {
		if above.as_os_str().is_empty() || is_there(above)? {
			break;
		}
		missing.push(above);
	}
	std::fs::create_dir_all(directory)?;
	missing.into_iter().try_for_each(sync_directory)
}

/// Whether a name is taken: by a link, too, wherever it leads. What cannot be looked at is not known to be missing.
fn is_there(path: &Path) -> io::Result<bool> {
	match std::fs::symlink_metadata(path) {
		Ok(_) => Ok(true),
		Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
		Err(error) => Err(error),
	}
}

/// Whether a name leads to this open file: it may have gone to another one since that was opened.
fn leads_to(path: &Path, file: &File) -> io::Result<bool> {
	let open = file.metadata()?;
	match std::fs::metadata(path) {
		Ok(there) => Ok((there.dev(), there.ino()) == (open.dev(), open.ino())),
		Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
		Err(error) => Err(error),
	}
}

/// Opens a file to be written, which has what it had, if it was there.
fn create(path: &Path) -> io::Result<File> {
	let file = OpenOptions::new()
		.read(true)
		.write(true)
		.create(true)
		.truncate(false)
		.mode(MODE)
		.open(path)?;
	restrict(&file)?;
	Ok(file)
}

/// Nobody but the node's user has to do with it, also if an earlier program has written it.
fn restrict(file: &File) -> io::Result<()> {
	let others = file.metadata()?.mode() & 0o077;
	if others == 0 {
		return Ok(());
	}
	file.set_permissions(Permissions::from_mode(MODE))
}

/// Puts a file with these bytes in another one's place. Wherever the power goes, one of both is there, whole.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
	let new = path.with_extension("new");
	let mut file = create(&new)?;
	file.set_len(0)?;
	file.write_all(bytes)?;
	give_name(&file, &new, path)
}

/// Renames this file, once what is in it is on the disk. The name is, too, when it comes back.
fn give_name(file: &File, new: &Path, path: &Path) -> io::Result<()> {
	file.sync_all()?;
	std::fs::rename(new, path)?;
	sync_directory(path)
}

impl VoteLog {
	/// Opens a file that is there, for this process alone, and reads its header.
	fn lock(path: &Path) -> Result<Self, LogError> {
		for _ in 0..ATTEMPTS {
			let file = OpenOptions::new()
				.read(true)
				.write(true)
				.open(path)
				.map_err(failed("cannot open", path))?;
			if let Some(log) = Self::lock_opened(file, path)? {
				return Ok(log);
			}
		}
		// Somebody writes one file after the other in its place.
		Err(LogError::InUse(path.to_owned()))
	}

	/// None if the name leads to another file than the one that was opened: it is that one which binds.
	fn lock_opened(file: File, path: &Path) -> Result<Option<Self>, LogError> {
		flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
			Errno::WOULDBLOCK => LogError::InUse(path.to_owned()),
			error => failed("cannot lock", path)(error.into()),
		})?;
		let io = || failed("cannot read", path);
		if !leads_to(path, &file).map_err(io())? {
			return Ok(None);
		}
		restrict(&file).map_err(failed("cannot keep others from", path))?;
		let length = file.metadata().map_err(io())?.len();
		let mut begin = Vec::new();
		(&file)
			.take(HEADER as u64)
			.read_to_end(&mut begin)
			.map_err(io())?;
		Ok(Some(Self {
			file,
			path: path.to_owned(),
			whose: Whose::by(&begin),
			length,
		}))
	}

	/// It does not begin as a log.
	fn unknown(&self) -> LogError {
		self.damaged(
			0,
			match self.whose {
				Whose::Cut => "it ends before its header does, so it is a part of a log",
				_ => "it is of a version that this program does not know, or its header is damaged",
			},
		)
	}

	fn damaged(&self, offset: u64, what: &'static str) -> LogError {
		LogError::Damaged {
			path: self.path.clone(),
			offset,
			what,
		}
	}

	/// What its frames hold, and where the last whole one ends: what follows was not synced.
	fn frames(&self) -> Result<(Contents, u64), LogError> {
		let Whose::Of(_, _, format) = &self.whose else {
			return Err(self.unknown());
		};
		let io = || failed("cannot read", &self.path);
		let mut file = &self.file;
		let mut bytes = Vec::new();
		file.seek(SeekFrom::Start(0)).map_err(io())?;
		file.take(self.length).read_to_end(&mut bytes).map_err(io())?;
		votes::read(&bytes, format).map_err(|damage| self.damaged(damage.offset, damage.what))
	}

	/// Whether a record in it is not what was written.
	fn is_damaged(&self) -> Result<bool, LogError> {
		match self.frames() {
			Ok(_) => Ok(false),
			Err(LogError::Damaged { .. }) => Ok(true),
			Err(error) => Err(error),
		}
	}

	/// Reads all frames, and takes off what was not synced.
	fn read(&mut self) -> Result<Contents, LogError> {
		let (contents, end) = self.frames()?;
		if end < self.length {
			log::info!(
				target: LOG_TARGET,
				"The vote log {} ends with {} bytes that were never synced; they are taken off.",
				self.path.display(),
				self.length - end,
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
		let Whose::Of(_, _, Format::Third(mark)) = self.whose else {
			// One that is opened to be written is of the present version.
			return Err(io::Error::new(
				io::ErrorKind::InvalidInput,
				"a vote log of an earlier version is not written",
			));
		};
		let bytes = frame(&mark, self.length, entries)?;
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
		let mut contents = self.read()?;
		contents.blocks.retain(|block| block.header.number > up_to);
		self.rewrite(&contents)
	}

	/// Writes it anew with these contents, in the present version.
	fn rewrite(&mut self, contents: &Contents) -> Result<(), LogError> {
		let Whose::Of(genesis, authority, _) = self.whose else {
			return Err(self.unknown());
		};
		let written = match leads_to(&self.path, &self.file) {
			Ok(true) => Self::put(&self.path, genesis, authority, contents, true),
			Ok(false) => Err(already("somebody has put another file in its place")),
			Err(error) => Err(error),
		};
		*self = written.map_err(failed("cannot rewrite", &self.path))?;
		Ok(())
	}

	/// Puts a file with these contents in a log's place, which is that of another file only if it `replaces` one. Whenever the power
	/// goes, the name leads to a whole log, or, if there was none, to none.
	///
	/// Who has locked the new file is the only one that gives it its name: so of two processes that find no log one begins it.
	fn put(
		path: &Path,
		genesis: BlockHash,
		authority: AuthorityId,
		contents: &Contents,
		replaces: bool,
	) -> io::Result<Self> {
		let new = path.with_extension("new");
		let mut file = create(&new)?;
		flock(&file, FlockOperation::NonBlockingLockExclusive)?;
		if !leads_to(&new, &file)? || is_there(path)? != replaces {
			return Err(already("another process has just written it"));
		}
		file.set_len(0)?;
		let mut mark = Mark([0; 16]);
		OsRng
			.try_fill_bytes(&mut mark.0)
			.map_err(|error| io::Error::other(error.to_string()))?;
		file.write_all(&votes::header(&genesis, &authority, &mark))?;
		let mut length = HEADER as u64;
		if let Some(durable) = &contents.durable {
			// Frame by frame: one with all blocks might be too long.
			let blocks = contents.blocks.iter().cloned().map(Some).chain([None]);
			for block in blocks {
				let entry = Entry {
					durable: durable.clone(),
					block,
				};
				let bytes = frame(&mark, length, &[entry])?;
				file.write_all(&bytes)?;
				length += bytes.len() as u64;
			}
		}
		give_name(&file, &new, path)?;
		Ok(Self {
			file,
			path: path.to_owned(),
			whose: Whose::Of(genesis, authority, Format::Third(mark)),
			length,
		})
	}
}

/// The frame of entries for a place of the file.
fn frame(mark: &Mark, place: u64, entries: &[Entry]) -> io::Result<Vec<u8>> {
	mark.frame(place, entries).ok_or_else(|| {
		io::Error::new(
			io::ErrorKind::InvalidInput,
			"a record of the vote log has no entries, or too many, or is too long",
		)
	})
}

fn already(what: &'static str) -> io::Error {
	io::Error::new(io::ErrorKind::AlreadyExists, what)
}

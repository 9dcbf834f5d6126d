//! What became of the lines of a file of calls, beside the file: `monday.txt.journal` beside `monday.txt`.
//!
//! Before a transaction leaves, a line here says for which line of the file it is, and is on the disk. So whatever happens to the
//! program, the next one knows every transaction that may have left, and finds in the final blocks which of them happened. Nothing
//! follows from sequence numbers alone: those may have been used by a call that was made otherwise.
//!
//! | entry | what it says |
//! |---|---|
//! | `sent` | this transaction is for this line; it may have left, or may yet happen |
//! | `done` | it is in this block, which is final, and succeeded: the line is done |
//! | `void` | it happened without success, or can never happen: the line may have another |
//!
//! One entry of JSON a line; the first line names chain and account ([`crate::lines`] says what a last line without an end means). One
//! process has the journal at a time: it holds a lock on it, which the system releases when the process ends, however it ends.

use std::{
	collections::BTreeMap,
	ffi::OsString,
	fs::{File, TryLockError},
	io::{self, Read, Seek, Write},
	path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use veilmart_runtime::{AccountId, BlockNumber, Hash, Nonce};

use crate::{
	account::address,
	error::{Error, Result},
	lines::{self, Unreadable},
};

/// The version of the format.
const VERSION: u32 = 1;

/// The most that is read of a journal, in bytes. The file of calls has at most 256 KiB, an entry some three hundred bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A transaction that may have left for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
	/// Its hash.
	pub transaction: Hash,
	/// Its transaction number, which the account uses once.
	pub nonce: Nonce,
	/// The block from which on it is valid.
	pub begins: BlockNumber,
	/// It did not succeed, and never will.
	pub void: bool,
}

/// What is known of a line of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
	/// What it said when a transaction was last sent for it.
	pub command: String,
	/// All transactions that were sent for it. Those that are not void have one transaction number: only one of them gets into a
	/// block.
	pub sent: Vec<Sent>,
	/// The transaction that did what it says, and its block.
	pub done: Option<(Hash, Hash)>,
}

impl Line {
	/// The transactions that may yet happen, or may have.
	pub fn open(&self) -> impl Iterator<Item = &Sent> {
		let done = self.done.is_some();
		self.sent.iter().filter(move |sent| !sent.void && !done)
	}
}

/// By the numbers of lines.
pub type Lines = BTreeMap<usize, Line>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
	batch: u32,
	genesis: Hash,
	account: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Entry {
	Sent {
		line: usize,
		command: String,
		transaction: Hash,
		nonce: Nonce,
		begins: BlockNumber,
	},
	Done {
		line: usize,
		transaction: Hash,
		block: Hash,
	},
	Void {
		line: usize,
		transaction: Hash,
	},
}

/// Why an entry cannot tell how a transaction ended.
const NOT_OPEN: &str = "no such transaction of this line is on its way";

/// Adds an entry to what is known. An error is why the entries before it cannot be followed by this, and changes nothing.
fn add(lines: &mut Lines, entry: Entry) -> Result<(), &'static str> {
	match entry {
		Entry::Sent {
			line,
			command,
			transaction,
			nonce,
			begins,
		} => {
			let known = lines.entry(line).or_default();
			if known.done.is_some() {
				return Err("a line that is done has no other transaction");
			}
			if known.open().any(|open| open.nonce != nonce) {
				return Err("the line has a transaction of another number that may yet happen");
			}
			if known.sent.iter().any(|sent| sent.transaction == transaction) {
				return Err("this transaction was sent before");
			}
			known.command = command;
			known.sent.push(Sent {
				transaction,
				nonce,
				begins,
				void: false,
			});
		}
		Entry::Done {
			line,
			transaction,
			block,
		} => {
			let known = lines.get_mut(&line).ok_or(NOT_OPEN)?;
			if known.open().all(|open| open.transaction != transaction) {
				return Err(NOT_OPEN);
			}
			known.done = Some((transaction, block));
		}
		Entry::Void { line, transaction } => {
			let known = lines.get_mut(&line).ok_or(NOT_OPEN)?;
			if known.done.is_some() {
				return Err(NOT_OPEN);
			}
			let mut open = known.sent.iter_mut().filter(|sent| !sent.void);
			let found = open.find(|sent| sent.transaction == transaction);
			found.ok_or(NOT_OPEN)?.void = true;
		}
	}
	Ok(())
}

/// What the content of a journal of this account on this chain says, and how many of its bytes do: what follows has no end, and
/// was never acted upon.
pub fn read(content: &[u8], genesis: Hash, account: &AccountId) -> Result<(Lines, usize), Unreadable> {
	let whole = lines::whole(content);
	let wrong = |line, problem| Unreadable { line, problem };
	let text = std::str::from_utf8(content.get(..whole).unwrap_or_default())
		.map_err(|_| wrong(1, "this is no text"))?;
	let mut all = text.lines().enumerate();
	let head = all
		.next()
		.and_then(|(_, line)| serde_json::from_str::<Head>(line).ok());
	let head = head.ok_or_else(|| wrong(1, "this is no journal of `veilmart batch`"))?;
	if head.batch != VERSION {
		return Err(wrong(1, "the journal is of another version of this program"));
	}
	if head.genesis != genesis || head.account != address(account) {
		return Err(wrong(1, "the journal is of another account or chain"));
	}
	let mut known = Lines::new();
	for (index, line) in all {
		let entry =
			serde_json::from_str::<Entry>(line).map_err(|_| wrong(index + 1, "this line cannot be read"))?;
		add(&mut known, entry).map_err(|problem| wrong(index + 1, problem))?;
	}
	Ok((known, whole))
}

/// The content of a journal of this account on this chain that says this.
pub fn write(known: &Lines, genesis: Hash, account: &AccountId) -> serde_json::Result<String> {
	let mut text = head(genesis, account)?;
	for (number, line) in known {
		for sent in &line.sent {
			text += &one(&Entry::Sent {
				line: *number,
				command: line.command.clone(),
				transaction: sent.transaction,
				nonce: sent.nonce,
				begins: sent.begins,
			})?;
			if sent.void {
				text += &one(&Entry::Void {
					line: *number,
					transaction: sent.transaction,
				})?;
			}
		}
		if let Some((transaction, block)) = line.done {
			text += &one(&Entry::Done {
				line: *number,
				transaction,
				block,
			})?;
		}
	}
	Ok(text)
}

fn head(genesis: Hash, account: &AccountId) -> serde_json::Result<String> {
	let head = Head {
		batch: VERSION,
		genesis,
		account: address(account),
	};
	serde_json::to_string(&head).map(|line| line + "\n")
}

fn one(entry: &Entry) -> serde_json::Result<String> {
	serde_json::to_string(entry).map(|line| line + "\n")
}

/// The journal of a file of calls, and the right to make them.
#[derive(Debug)]
pub struct Journal {
	path: PathBuf,
	genesis: Hash,
	account: AccountId,
	file: File,
	lines: Lines,
	/// The line for which the next transaction is.
	turn: Option<(usize, String)>,
	/// An entry could not be written, so the file may end within it.
	broken: bool,
}

/// The right to make calls of files for an account on a chain: two rows at a time would take each other's numbers.
pub fn lock(folder: &Path, genesis: Hash, account: &AccountId) -> Result<File> {
	lines::lock(folder, &lines::name_of(account, genesis), |path| {
		Error::file(format!(
			"Another `veilmart batch` acts for {} already (it holds {}); give the file again once that has ended.",
			address(account),
			path.display()
		))
	})
}

impl Journal {
	/// Where the journal of a file is.
	pub fn path_of(file: &Path) -> PathBuf {
		let mut name = OsString::from(file);
		name.push(".journal");
		name.into()
	}

	/// Takes the lock of the journal at this path and reads it, or begins one.
	pub fn open(path: PathBuf, genesis: Hash, account: &AccountId) -> Result<Self> {
		let failed = |error: io::Error| Error::file(format!("Cannot use {}: {error}", path.display()));
		let mut file = lines::options()
			.create(true)
			.truncate(false)
			.open(&path)
			.map_err(failed)?;
		match file.try_lock() {
			Ok(()) => {}
			Err(TryLockError::WouldBlock) => {
				return Err(Error::file(format!(
					"Another `veilmart batch` is at work on this file already (it holds {}).",
					path.display()
				)))
			}
			Err(TryLockError::Error(error)) => return Err(failed(error)),
		}
		let mut content = Vec::new();
		Read::by_ref(&mut file)
			.take(LARGEST + 1)
			.read_to_end(&mut content)
			.map_err(failed)?;
		if content.len() as u64 > LARGEST {
			return Err(Error::file(format!(
				"{} is too large to be a journal.",
				path.display()
			)));
		}
		let head = head(genesis, account).map_err(|error| failed(error.into()))?;
		let mut journal = Self {
			path,
			genesis,
			account: account.clone(),
			file,
			lines: Lines::new(),
			turn: None,
			broken: false,
		};
		// The head itself may be what was being written.
		if head.as_bytes().starts_with(&content) && content.len() < head.len() {
			journal.begin()?;
		} else {
			journal.load(&content)?;
		}
		Ok(journal)
	}

	fn load(&mut self, content: &[u8]) -> Result<()> {
		let (lines, whole) =
			read(content, self.genesis, &self.account).map_err(|Unreadable { line, problem }| {
				Error::file(format!(
					"{}, line {line}: {problem}. Nothing is paid on a guess: repair the file, or look with `veilmart history` for what was \
					done, take those lines out of the file of calls, and move the journal away.",
					self.path.display()
				))
			})?;
		self.lines = lines;
		self.cut(whole as u64)
	}

	/// Begins with nothing.
	fn begin(&mut self) -> Result<()> {
		self.cut(0)?;
		let head = head(self.genesis, &self.account);
		let written = head.map_err(io::Error::from).and_then(|head| {
			self.file.write_all(head.as_bytes())?;
			self.file.sync_all()?;
			lines::sync_folder_of(&self.path)
		});
		self.lines.clear();
		written.map_err(|error| self.cannot(&error))
	}

	fn cut(&mut self, length: u64) -> Result<()> {
		let cut = self
			.file
			.set_len(length)
			.and_then(|()| self.file.seek(io::SeekFrom::Start(length)).map(|_| ()))
			.and_then(|()| self.file.sync_all());
		cut.map_err(|error| self.cannot(&error))
	}

	/// Puts what is known aside, under the name of the journal with `.old` behind it, and begins with nothing.
	pub fn begin_anew(&mut self) -> Result<()> {
		// What was put aside last stays.
		if self.lines.is_empty() {
			return Ok(());
		}
		let mut old = OsString::from(&self.path);
		old.push(".old");
		let content = write(&self.lines, self.genesis, &self.account).map_err(io::Error::from);
		let kept = content.and_then(|content| {
			let mut file = lines::options().create(true).truncate(true).open(&old)?;
			file.write_all(content.as_bytes())?;
			file.sync_all()?;
			// Before the journal is emptied.
			lines::sync_folder_of(&self.path)
		});
		kept.map_err(|error| self.cannot(&error))?;
		self.begin()
	}

	fn cannot(&self, error: &io::Error) -> Error {
		Error::file(format!("Cannot write {}: {error}", self.path.display()))
	}

	/// Where it is.
	pub fn path(&self) -> &Path {
		&self.path
	}

	/// What is known of the lines for which something was sent.
	pub fn lines(&self) -> &Lines {
		&self.lines
	}

	/// The transactions that may yet happen or may have, with their lines.
	pub fn open_ones(&self) -> Vec<(usize, Sent)> {
		self.lines
			.iter()
			.flat_map(|(number, line)| line.open().map(|sent| (*number, *sent)))
			.collect()
	}

	/// The next transaction is for this line.
	pub fn turn_to(&mut self, line: usize, command: &str) {
		self.turn = Some((line, command.to_owned()));
	}

	/// A transaction for the line whose turn it is is about to leave. When this returns that is on the disk.
	///
	/// An error if one with another transaction number may yet happen: the line could be done twice.
	pub fn leaves(&mut self, transaction: Hash, nonce: Nonce, begins: BlockNumber) -> Result<()> {
		let Some((line, command)) = self.turn.clone() else {
			return Err(Error::file("A transaction that is for no line of the file."));
		};
		self.note(Entry::Sent {
			line,
			command,
			transaction,
			nonce,
			begins,
		})
	}

	/// A final block has the transaction, and it succeeded.
	pub fn done(&mut self, line: usize, transaction: Hash, block: Hash) -> Result<()> {
		self.note(Entry::Done {
			line,
			transaction,
			block,
		})
	}

	/// The transaction did not succeed, or can never happen.
	pub fn void(&mut self, line: usize, transaction: Hash) -> Result<()> {
		self.note(Entry::Void { line, transaction })
	}

	fn note(&mut self, entry: Entry) -> Result<()> {
		if self.broken {
			return Err(Error::file(format!(
				"{} could not be written, so nothing more is noted in it.",
				self.path.display()
			)));
		}
		let text = one(&entry).map_err(|error| self.cannot(&error.into()))?;
		add(&mut self.lines, entry)
			.map_err(|problem| Error::file(format!("{}: {problem}.", self.path.display())))?;
		// In one piece, so that what is torn is torn at the end.
		let written = self
			.file
			.write_all(text.as_bytes())
			.and_then(|()| self.file.sync_all());
		written.map_err(|error| {
			// What came behind a torn entry would make the whole unreadable; at the end it is cut off the next time.
			self.broken = true;
			self.cannot(&error)
		})
	}
}

#[cfg(test)]
mod tests {
	use std::fs;

	use super::*;
	use crate::account::Account;

	const GENESIS: Hash = Hash::repeat_byte(7);
	const BLOCK: Hash = Hash::repeat_byte(8);

	fn buyer() -> AccountId {
		Account::development("//Bob").unwrap().id()
	}

	fn hash(byte: u8) -> Hash {
		Hash::repeat_byte(byte)
	}

	fn open(folder: &Path) -> Result<Journal> {
		Journal::open(folder.join("calls.journal"), GENESIS, &buyer())
	}

	fn send(journal: &mut Journal, line: usize, transaction: u8, nonce: Nonce) -> Result<()> {
		journal.turn_to(line, "confirm 3");
		journal.leaves(hash(transaction), nonce, 10)
	}

	#[test]
	fn what_was_noted_is_found_again() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		assert!(
			journal.leaves(hash(1), 5, 10).is_err(),
			"it is for no line of the file"
		);
		for line in 1..=3u8 {
			send(&mut journal, line.into(), line, 4 + Nonce::from(line)).unwrap();
		}
		journal.done(1, hash(1), BLOCK).unwrap();
		journal.void(2, hash(2)).unwrap();
		let known = journal.lines().clone();
		drop(journal);
		let mut journal = open(folder.path()).unwrap();
		assert_eq!(journal.lines(), &known);
		assert_eq!(known[&1].done, Some((hash(1), BLOCK)));
		assert_eq!(known[&2].sent.len(), 1);
		let sent = |transaction, nonce| Sent {
			transaction: hash(transaction),
			nonce,
			begins: 10,
			void: false,
		};
		assert_eq!(journal.open_ones(), [(3, sent(3, 7))]);
		// A void one may be followed by one of any number; one that is open by one of the same.
		send(&mut journal, 2, 4, 9).unwrap();
		send(&mut journal, 3, 5, 7).unwrap();
		assert_eq!(
			journal.open_ones(),
			[(2, sent(4, 9)), (3, sent(3, 7)), (3, sent(5, 7))]
		);
		journal.done(3, hash(3), BLOCK).unwrap();
		assert_eq!(journal.open_ones(), [(2, sent(4, 9))]);
	}

	#[test]
	fn what_could_do_a_line_twice_is_not_noted() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		send(&mut journal, 1, 1, 5).unwrap();
		assert!(send(&mut journal, 1, 2, 6).is_err(), "another number");
		assert!(send(&mut journal, 1, 1, 5).is_err(), "the same once more");
		assert!(journal.done(1, hash(2), BLOCK).is_err(), "it was not sent");
		assert!(journal.void(2, hash(1)).is_err(), "it is another line's");
		journal.done(1, hash(1), BLOCK).unwrap();
		assert!(send(&mut journal, 1, 3, 5).is_err(), "it is done");
		assert!(journal.void(1, hash(1)).is_err(), "it is done");
		let known = journal.lines().clone();
		drop(journal);
		assert_eq!(
			open(folder.path()).unwrap().lines(),
			&known,
			"nothing of that was written"
		);
	}

	#[test]
	fn an_entry_that_was_cut_off_was_not_acted_upon() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		let head = fs::read(folder.path().join("calls.journal")).unwrap();
		send(&mut journal, 1, 1, 5).unwrap();
		send(&mut journal, 2, 2, 6).unwrap();
		drop(journal);
		let path = folder.path().join("calls.journal");
		let whole = fs::read(&path).unwrap();
		let second = whole[..whole.len() - 1]
			.iter()
			.rposition(|byte| *byte == b'\n')
			.unwrap() + 1;
		for length in (0..head.len()).chain(second..whole.len()) {
			fs::write(&path, &whole[..length]).unwrap();
			let mut journal = open(folder.path()).unwrap();
			assert_eq!(journal.lines().len(), usize::from(length >= second), "{length}");
			send(&mut journal, 9, 9, 7).unwrap();
			drop(journal);
			assert!(open(folder.path()).unwrap().lines().contains_key(&9), "{length}");
		}
	}

	#[test]
	fn what_cannot_be_read_stops_everything_and_stays_as_it_is() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		send(&mut journal, 1, 1, 5).unwrap();
		journal.done(1, hash(1), BLOCK).unwrap();
		drop(journal);
		let path = folder.path().join("calls.journal");
		let text = fs::read_to_string(&path).unwrap();
		let other = address(&Account::development("//Alice").unwrap().id());
		for (wrong, said) in [
			(text.replace("nonce", "number"), "line 2"),
			(
				text.replace("\"done\":{\"line\":1", "\"done\":{\"line\":2"),
				"line 3",
			),
			(format!("{text}\n"), "line 4"),
			(text.replace("\"batch\":1", "\"batch\":2"), "version"),
			(text.replace(&address(&buyer()), &other), "another account"),
			("transfer //Alice 1.00\n".into(), "no journal"),
			("transfer //Alice 1.00".into(), "no journal"),
		] {
			fs::write(&path, &wrong).unwrap();
			let error = open(folder.path()).unwrap_err().to_string();
			assert!(error.contains(said), "{wrong:?}: {error}");
			assert_eq!(fs::read_to_string(&path).unwrap(), wrong);
		}
	}

	#[test]
	fn one_process_has_it_at_a_time_and_what_is_begun_anew_is_kept() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		let error = open(folder.path()).unwrap_err().to_string();
		assert!(error.contains("Another `veilmart batch`"), "{error}");
		send(&mut journal, 1, 1, 5).unwrap();
		let known = journal.lines().clone();
		journal.begin_anew().unwrap();
		assert!(journal.lines().is_empty());
		send(&mut journal, 2, 2, 6).unwrap();
		drop(journal);
		let journal = open(folder.path()).unwrap();
		assert_eq!(journal.lines().keys().collect::<Vec<_>>(), [&2]);
		let old = fs::read(folder.path().join("calls.journal.old")).unwrap();
		assert_eq!(read(&old, GENESIS, &buyer()), Ok((known, old.len())));
	}

	#[test]
	fn behind_an_entry_that_could_not_be_written_there_is_none() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		send(&mut journal, 1, 1, 5).unwrap();
		// As if the disk were full for a moment.
		let path = folder.path().join("calls.journal");
		let file = std::mem::replace(&mut journal.file, File::open(path).unwrap());
		assert!(send(&mut journal, 2, 2, 6).is_err());
		journal.file = file;
		assert!(journal.done(1, hash(1), BLOCK).is_err());
		drop(journal);
		let mut journal = open(folder.path()).unwrap();
		assert_eq!(journal.lines().keys().collect::<Vec<_>>(), [&1]);
		journal.done(1, hash(1), BLOCK).unwrap();
	}

	/// Its transaction could be in a block, and nobody would know of it after a power cut.
	#[cfg(unix)]
	#[test]
	fn an_entry_that_is_not_on_the_disk_is_not_noted() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		send(&mut journal, 1, 1, 5).unwrap();
		// It takes all that is written, and cannot be synced.
		journal.file = lines::options().open("/dev/null").unwrap();
		journal.file.write_all(b"anything").unwrap();
		assert!(send(&mut journal, 2, 2, 6).is_err());
		drop(journal);
		let journal = open(folder.path()).unwrap();
		assert_eq!(journal.lines().keys().collect::<Vec<_>>(), [&1]);
	}

	#[test]
	fn one_process_acts_for_an_account_on_a_chain_at_a_time() {
		let folder = tempfile::tempdir().unwrap();
		let folder = folder.path().join("batch");
		let held = lock(&folder, GENESIS, &buyer()).unwrap();
		let error = lock(&folder, GENESIS, &buyer()).unwrap_err().to_string();
		assert!(error.contains(&address(&buyer())), "{error}");
		lock(&folder, BLOCK, &buyer()).unwrap();
		lock(&folder, GENESIS, &Account::development("//Alice").unwrap().id()).unwrap();
		drop(held);
		lock(&folder, GENESIS, &buyer()).unwrap();
	}

	#[cfg(unix)]
	#[test]
	fn nobody_else_reads_it() {
		use std::os::unix::fs::PermissionsExt;
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		send(&mut journal, 1, 1, 5).unwrap();
		journal.begin_anew().unwrap();
		for name in ["calls.journal", "calls.journal.old"] {
			let mode = fs::metadata(folder.path().join(name))
				.unwrap()
				.permissions()
				.mode();
			assert_eq!(mode & 0o777, 0o600);
		}
	}
}

//! What the chain cannot know: which orders are the ship command's, and which it was run for.
//!
//! All else that the agent does is a call, which the chain makes at most once. A parcel is no call. So before the agent
//! accepts an order that the command is to ship, a line says so; another before the command runs, and another after it that
//! says how it ended. Each is on the disk before anything else happens. What is found later therefore has one meaning:
//!
//! | last line of an accepted order | what is known | what the agent does |
//! |---|---|---|
//! | none | somebody else accepted it, and may have shipped it | stops and asks |
//! | `mine` | the agent accepted it; the command never ran | runs it |
//! | `begun` | it ran, perhaps to its end | stops and asks |
//! | `shipped` | it shipped | sends the call `ship` |
//! | `not-shipped` | it did not ship | runs it again, later |
//!
//! A journal that is new cannot know what happened before it, which is also what a lost one looks like: orders that are
//! accepted already are noted as `begun` in the moment in which it is made.
//!
//! A node may be behind, and show as accepted what was shipped long ago. So lines are kept for [`KEPT`] after their order
//! is finished.
//!
//! One line of JSON each; the first names chain and account. A last line without an end was being written when the power
//! went, and what it announces had not begun. One process has the journal at a time: it holds a lock, which the system
//! releases when the process ends, however it ends.

use std::{
	collections::BTreeMap,
	fs::{self, File},
	io::{self, Seek, Write},
	path::{Path, PathBuf},
};

use pallet_certificates::{Moment, OrderId};
use serde::{Deserialize, Serialize};
use veilmart_runtime::{AccountId, Hash};

use crate::{
	account::{address, parse_public},
	error::{Error, Result},
	lines::{self, Unreadable},
	names::show_order,
};

/// The version of the format.
const VERSION: u32 = 1;

/// For how long lines are kept, in milliseconds: 30 days, longer than any node is behind unnoticed.
pub const KEPT: Moment = 30 * 24 * 60 * 60 * 1_000;

/// What is known about the shipment of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
	/// The agent was about to accept it for the command, which did not run.
	Mine,
	/// The command was about to run; how it ended is not known.
	Begun,
	/// It shipped.
	Shipped,
	/// It did not ship.
	NotShipped,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
	journal: u32,
	genesis: Hash,
	account: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
	order: String,
	step: Step,
	/// Milliseconds since the Unix epoch.
	time: Moment,
}

/// The last step of each order, and when it was noted, in milliseconds since the Unix epoch.
pub type Steps = BTreeMap<OrderId<AccountId>, (Step, Moment)>;

/// What the content of a journal of this account on this chain says, and how many of its bytes do: what follows has no end, and
/// was never acted upon.
pub fn read(content: &[u8], genesis: Hash, account: &AccountId) -> Result<(Steps, usize), Unreadable> {
	let whole = lines::whole(content);
	let wrong = |line, problem| Unreadable { line, problem };
	let text = std::str::from_utf8(content.get(..whole).unwrap_or_default())
		.map_err(|_| wrong(1, "this is no text"))?;
	let mut all = text.lines().enumerate();
	let head = all
		.next()
		.and_then(|(_, line)| serde_json::from_str::<Head>(line).ok());
	let head = head.ok_or_else(|| wrong(1, "this is no journal of `veilmart serve`"))?;
	if head.journal != VERSION {
		return Err(wrong(1, "the journal is of another version of this program"));
	}
	if head.genesis != genesis || head.account != address(account) {
		return Err(wrong(1, "the journal is of another account or chain"));
	}
	let mut steps = Steps::new();
	for (index, line) in all {
		let parsed = serde_json::from_str::<Line>(line).ok();
		let entry = parsed.and_then(|line| Some((parse_order(&line.order)?, (line.step, line.time))));
		let (order, step) = entry.ok_or_else(|| wrong(index + 1, "this line cannot be read"))?;
		steps.insert(order, step);
	}
	Ok((steps, whole))
}

/// The content of a journal of this account on this chain that says this.
pub fn write(steps: &Steps, genesis: Hash, account: &AccountId) -> serde_json::Result<String> {
	let head = Head {
		journal: VERSION,
		genesis,
		account: address(account),
	};
	let mut text = serde_json::to_string(&head)?;
	text.push('\n');
	for (order, (step, time)) in steps {
		text += &line(order, *step, *time)?;
	}
	Ok(text)
}

/// The journal of an account on a chain, and the right to act for it.
#[derive(Debug)]
pub struct Journal {
	path: PathBuf,
	of: Owner,
	file: Option<File>,
	steps: Steps,
	_lock: File,
}

/// Of which account and chain a journal is.
#[derive(Clone, Debug)]
struct Owner {
	genesis: Hash,
	account: AccountId,
}

impl Journal {
	/// Takes the lock and reads the journal in this folder, if there is one.
	pub fn open(folder: &Path, genesis: Hash, account: &AccountId) -> Result<Self> {
		let name = lines::name_of(account, genesis);
		let lock = lines::lock(folder, &name, |path| {
			Error::file(format!(
				"Another `veilmart serve` acts for {} already (it holds {}); stop it first.",
				address(account),
				path.display()
			))
		})?;
		let mut journal = Self {
			path: folder.join(format!("{name}.journal")),
			of: Owner {
				genesis,
				account: account.clone(),
			},
			file: None,
			steps: Steps::new(),
			_lock: lock,
		};
		match fs::read(&journal.path) {
			Ok(content) => journal.load(&content)?,
			Err(error) if error.kind() == io::ErrorKind::NotFound => {}
			Err(error) => {
				return Err(Error::file(format!(
					"Cannot use {}: {error}",
					journal.path.display()
				)))
			}
		}
		Ok(journal)
	}

	fn load(&mut self, content: &[u8]) -> Result<()> {
		let (steps, whole) =
			read(content, self.of.genesis, &self.of.account).map_err(|Unreadable { line, problem }| {
				Error::file(format!(
					"{}, line {line}: {problem}. Nothing is shipped on a guess: repair the file, or move it away and say with --shipped \
					or --not-shipped what happened to each accepted order.",
					self.path.display()
				))
			})?;
		self.steps = steps;
		let cannot = |error| Error::file(format!("Cannot write {}: {error}", self.path.display()));
		let mut file = lines::options().open(&self.path).map_err(cannot)?;
		file.set_len(whole as u64)
			.and_then(|()| file.seek(io::SeekFrom::End(0)).map(|_| ()))
			.and_then(|()| file.sync_all())
			.map_err(cannot)?;
		self.file = Some(file);
		Ok(())
	}

	/// Whether nothing was ever noted: the journal has to be begun.
	pub fn is_new(&self) -> bool {
		self.file.is_none()
	}

	/// Makes the journal. Of these orders, which are accepted already, nobody knows whether they were shipped.
	pub fn begin(
		&mut self,
		accepted: impl IntoIterator<Item = OrderId<AccountId>>,
		now: Moment,
	) -> Result<()> {
		self.steps = accepted
			.into_iter()
			.map(|order| (order, (Step::Begun, now)))
			.collect();
		self.rewrite()
	}

	/// What is known about the shipment of an order.
	pub fn step(&self, order: &OrderId<AccountId>) -> Option<Step> {
		self.steps.get(order).map(|(step, _)| *step)
	}

	/// All orders about which nothing was noted for so long that the line need not be kept, if they are finished.
	pub fn old(&self, now: Moment) -> Vec<OrderId<AccountId>> {
		self.steps
			.iter()
			.filter(|(_, (_, time))| now.saturating_sub(*time) > KEPT)
			.map(|(order, _)| order.clone())
			.collect()
	}

	/// Notes a step. When this returns it is on the disk.
	pub fn note(&mut self, order: &OrderId<AccountId>, step: Step, now: Moment) -> Result<()> {
		let path = self.path.display();
		let line =
			line(order, step, now).map_err(|error| Error::file(format!("Cannot write {path}: {error}")))?;
		let file = self
			.file
			.as_mut()
			.ok_or_else(|| Error::file(format!("The journal {path} was not begun.")))?;
		// In one piece, so that what is torn is torn at the end.
		file.write_all(line.as_bytes())
			.and_then(|()| file.sync_all())
			.map_err(|error| Error::file(format!("Cannot write {path}: {error}")))?;
		self.steps.insert(order.clone(), (step, now));
		Ok(())
	}

	/// Forgets orders. Should one of them be accepted one day, nothing is known about its shipment.
	pub fn forget(&mut self, orders: &[OrderId<AccountId>]) -> Result<()> {
		for order in orders {
			self.steps.remove(order);
		}
		self.rewrite()
	}

	/// Writes the journal anew, under another name first: there is always a whole one.
	fn rewrite(&mut self) -> Result<()> {
		let path = &self.path;
		let failed = |error: io::Error| Error::file(format!("Cannot write {}: {error}", path.display()));
		let text =
			write(&self.steps, self.of.genesis, &self.of.account).map_err(|error| failed(error.into()))?;
		let new = path.with_extension("journal.new");
		let mut file = lines::options()
			.create(true)
			.truncate(true)
			.open(&new)
			.map_err(failed)?;
		file.write_all(text.as_bytes())
			.and_then(|()| file.sync_all())
			.and_then(|()| fs::rename(&new, path))
			.and_then(|()| lines::sync_folder_of(path))
			.map_err(failed)?;
		self.file = Some(file);
		Ok(())
	}
}

fn line(order: &OrderId<AccountId>, step: Step, time: Moment) -> serde_json::Result<String> {
	let line = Line {
		order: show_order(order),
		step,
		time,
	};
	serde_json::to_string(&line).map(|line| line + "\n")
}

fn parse_order(text: &str) -> Option<OrderId<AccountId>> {
	let (buyer, seq) = text.rsplit_once(':')?;
	Some(OrderId {
		buyer: parse_public(buyer)?,
		seq: seq.parse().ok()?,
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::account::Account;

	const GENESIS: Hash = Hash::repeat_byte(7);

	fn shop() -> AccountId {
		Account::development("//Shop").unwrap().id()
	}

	fn order(seq: u64) -> OrderId<AccountId> {
		OrderId {
			buyer: Account::development("//Bob").unwrap().id(),
			seq,
		}
	}

	fn open(folder: &Path) -> Result<Journal> {
		Journal::open(folder, GENESIS, &shop())
	}

	fn path(folder: &Path) -> PathBuf {
		let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
		entries
			.find(|path| path.extension().is_some_and(|end| end == "journal"))
			.unwrap()
	}

	#[test]
	fn what_was_noted_is_found_again() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		assert!(journal.is_new());
		assert!(
			journal.note(&order(1), Step::Begun, 5).is_err(),
			"before it was begun"
		);
		journal.begin([order(9)], 5).unwrap();
		journal.note(&order(1), Step::Begun, 5).unwrap();
		journal.note(&order(1), Step::Shipped, 5).unwrap();
		journal.note(&order(2), Step::NotShipped, 5).unwrap();
		drop(journal);
		let mut journal = open(folder.path()).unwrap();
		assert!(!journal.is_new());
		let steps = |journal: &Journal| [1, 2, 3, 9].map(|seq| journal.step(&order(seq)));
		let noted = [
			Some(Step::Shipped),
			Some(Step::NotShipped),
			None,
			Some(Step::Begun),
		];
		assert_eq!(steps(&journal), noted);
		journal.forget(&[order(2)]).unwrap();
		journal.note(&order(3), Step::Begun, 5).unwrap();
		drop(journal);
		let noted = [Some(Step::Shipped), None, Some(Step::Begun), Some(Step::Begun)];
		assert_eq!(steps(&open(folder.path()).unwrap()), noted);
	}

	/// The command would run, and after a power cut nobody would know that it has.
	#[cfg(unix)]
	#[test]
	fn a_line_that_is_not_on_the_disk_is_not_noted() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		journal.begin([order(9)], 5).unwrap();
		// It takes all that is written, and cannot be synced.
		let mut nowhere = lines::options().open("/dev/null").unwrap();
		nowhere.write_all(b"anything").unwrap();
		let file = journal.file.replace(nowhere);
		assert!(journal.note(&order(1), Step::Begun, 5).is_err());
		assert_eq!(journal.step(&order(1)), None);
		journal.file = file;
		// Nor does what is written anew take the journal's place.
		let new = path(folder.path()).with_extension("journal.new");
		std::os::unix::fs::symlink("/dev/null", new).unwrap();
		assert!(journal.forget(&[order(9)]).is_err());
		drop(journal);
		let journal = open(folder.path()).unwrap();
		assert_eq!(journal.step(&order(9)), Some(Step::Begun));
	}

	#[test]
	fn lines_are_kept_for_a_month() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		journal.begin([order(9)], 5).unwrap();
		journal.note(&order(1), Step::Shipped, 1_000).unwrap();
		assert!(journal.old(KEPT + 5).is_empty());
		assert_eq!(journal.old(KEPT + 6), [order(9)]);
		// What is written anew keeps its time.
		journal.forget(&[order(9)]).unwrap();
		drop(journal);
		let journal = open(folder.path()).unwrap();
		assert!(journal.old(KEPT + 1_000).is_empty());
		assert_eq!(journal.old(KEPT + 1_001), [order(1)]);
		assert!(journal.old(0).is_empty(), "a clock that went back");
	}

	#[test]
	fn a_line_that_was_cut_off_was_not_acted_upon() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		journal.begin([], 5).unwrap();
		journal.note(&order(1), Step::Begun, 5).unwrap();
		drop(journal);
		let path = path(folder.path());
		let whole = fs::read(&path).unwrap();
		let mut torn = whole.clone();
		torn.extend(line(&order(2), Step::Begun, 5).unwrap().bytes().take(40));
		fs::write(&path, torn).unwrap();
		let mut journal = open(folder.path()).unwrap();
		assert_eq!(journal.step(&order(2)), None);
		journal.note(&order(3), Step::Shipped, 5).unwrap();
		drop(journal);
		let journal = open(folder.path()).unwrap();
		assert_eq!(journal.step(&order(1)), Some(Step::Begun));
		assert_eq!(journal.step(&order(3)), Some(Step::Shipped));
	}

	#[test]
	fn what_cannot_be_read_stops_everything() {
		let folder = tempfile::tempdir().unwrap();
		let mut journal = open(folder.path()).unwrap();
		journal.begin([order(1)], 5).unwrap();
		drop(journal);
		let path = path(folder.path());
		let text = fs::read_to_string(&path).unwrap();
		for (wrong, line) in [
			(text.replace("begun", "begin"), "line 2"),
			(format!("{text}\n"), "line 3"),
			(text.replace("\"journal\":1", "\"journal\":2"), "version"),
			(
				text.replace(&address(&shop()), &address(&order(1).buyer)),
				"another account",
			),
			(String::new(), "no journal"),
		] {
			fs::write(&path, &wrong).unwrap();
			let error = open(folder.path()).unwrap_err().to_string();
			assert!(error.contains(line), "{wrong:?}: {error}");
		}
	}

	#[test]
	fn one_process_acts_at_a_time() {
		let folder = tempfile::tempdir().unwrap();
		let journal = open(folder.path()).unwrap();
		let error = open(folder.path()).unwrap_err().to_string();
		assert!(error.contains("acts for"), "{error}");
		// Another account is another matter.
		Journal::open(folder.path(), GENESIS, &order(1).buyer).unwrap();
		drop(journal);
		open(folder.path()).unwrap();
	}

	#[cfg(unix)]
	#[test]
	fn nobody_else_reads_it() {
		use std::os::unix::fs::PermissionsExt;
		let folder = tempfile::tempdir().unwrap();
		let inside = folder.path().join("serve");
		let mut journal = open(&inside).unwrap();
		journal.begin([], 5).unwrap();
		let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
		assert_eq!((mode(&inside), mode(&path(&inside))), (0o700, 0o600));
	}
}

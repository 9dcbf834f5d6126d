//! The thread that writes the vote log.

use futures::channel::mpsc::UnboundedSender;
use std::{
	io,
	path::{Path, PathBuf},
	sync::mpsc,
	thread,
	time::{Duration, Instant},
};
use veilmart_td_raft_core::Sequence;

use crate::{
	room::check_room,
	vote_log::{Entry, LogError, VoteLog, MOST},
	LOG_TARGET,
};

/// From this length on, blocks that the database has on its disk are left out.
const LONG: u64 = 64 * 1024 * 1024;
/// How long the database takes at most to hand what it committed to the operating system: its queue holds some
/// megabytes, and it refuses commits while that is full.
const DATABASE_DELAY: Duration = Duration::from_secs(10);

/// Where the thread writes.
trait Log: Send + 'static {
	/// Writes 1 to [`MOST`] entries. When it comes back, they are on disk.
	fn append(&mut self, entries: &[Entry]) -> io::Result<()>;

	/// Its length in bytes.
	fn length(&self) -> u64;

	/// Leaves out the blocks up to a height, which are on the database's disk.
	fn compact(&mut self, up_to: u32) -> Result<(), LogError>;
}

impl Log for VoteLog {
	fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
		VoteLog::append(self, entries)
	}

	fn length(&self) -> u64 {
		VoteLog::length(self)
	}

	fn compact(&mut self, up_to: u32) -> Result<(), LogError> {
		VoteLog::compact(self, up_to)
	}
}

/// What the thread is told.
enum Order {
	Write(Sequence, Box<Entry>),
	/// Final in the database up to here.
	Finalized(u32),
}

/// What the thread says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
	/// On disk up to here.
	Persisted(Sequence),
	/// Nothing more can be written.
	Failed(String),
}

/// The writing end.
#[derive(Debug)]
pub struct LogWriter {
	orders: Option<mpsc::Sender<Order>>,
	thread: Option<thread::JoinHandle<()>>,
	answers: UnboundedSender<Written>,
}

impl LogWriter {
	/// Starts the thread. `database` is where the node's database lives. Without a log (a node that is no authority) what is
	/// to be written counts as written.
	pub fn start(log: Option<(VoteLog, PathBuf)>, answers: UnboundedSender<Written>) -> io::Result<Self> {
		Self::on(log, answers)
	}

	fn on(log: Option<(impl Log, PathBuf)>, answers: UnboundedSender<Written>) -> io::Result<Self> {
		let (orders, thread) = match log {
			Some((log, database)) => {
				let (orders, todo) = mpsc::channel();
				let answers = answers.clone();
				let thread = thread::Builder::new()
					.name("td-raft-log".into())
					.spawn(move || run(log, database, &todo, &answers))?;
				(Some(orders), Some(thread))
			}
			None => (None, None),
		};
		Ok(Self {
			orders,
			thread,
			answers,
		})
	}

	/// Has an entry written. The answer comes when it is on disk.
	pub fn write(&self, sequence: Sequence, entry: Entry) {
		match &self.orders {
			// The thread ends with a word of its own.
			Some(orders) => drop(orders.send(Order::Write(sequence, Box::new(entry)))),
			None => drop(self.answers.unbounded_send(Written::Persisted(sequence))),
		}
	}

	/// Whether it writes a log.
	pub fn has_log(&self) -> bool {
		self.orders.is_some()
	}

	/// Where its answers go.
	pub fn answers(&self) -> UnboundedSender<Written> {
		self.answers.clone()
	}

	/// Writes what was given, and closes the log.
	pub fn close(self) {
		let Self { orders, thread, .. } = self;
		drop(orders);
		if let Some(Err(_)) = thread.map(thread::JoinHandle::join) {
			log::warn!(target: LOG_TARGET, "The vote log's thread has panicked.");
		}
	}

	/// The database has said that blocks up to this height are final in it.
	pub fn finalized(&self, number: u32) {
		if let Some(orders) = &self.orders {
			drop(orders.send(Order::Finalized(number)));
		}
	}
}

/// When blocks can be left out.
struct Compaction {
	/// Final in the database.
	finalized: u32,
	/// Chosen to be left out once the database has surely written it.
	chosen: Option<(u32, Instant)>,
}

fn run(
	mut log: impl Log,
	database: PathBuf,
	todo: &mpsc::Receiver<Order>,
	answers: &UnboundedSender<Written>,
) {
	let mut compaction = Compaction {
		finalized: 0,
		chosen: None,
	};
	while let Ok(first) = todo.recv() {
		let mut last = None;
		let mut entries = Vec::new();
		let mut next = Some(first);
		while let Some(order) = next {
			match order {
				Order::Write(sequence, entry) => {
					last = Some(sequence);
					entries.push(*entry);
				}
				Order::Finalized(number) => compaction.finalized = compaction.finalized.max(number),
			}
			// A block has up to some megabytes.
			next = if entries.len() < MOST {
				todo.try_recv().ok()
			} else {
				None
			};
		}
		let result = match last {
			Some(sequence) => check_room(&database)
				.and_then(|()| log.append(&entries))
				.map(|()| drop(answers.unbounded_send(Written::Persisted(sequence)))),
			None => Ok(()),
		};
		if let Err(error) = result {
			drop(answers.unbounded_send(Written::Failed(error.to_string())));
			return;
		}
		if let Err(error) = compaction.review(&mut log, &database) {
			drop(answers.unbounded_send(Written::Failed(error)));
			return;
		}
	}
}

impl Compaction {
	fn review(&mut self, log: &mut impl Log, database: &Path) -> Result<(), String> {
		if log.length() < LONG {
			return Ok(());
		}
		match self.chosen {
			None => self.chosen = Some((self.finalized, Instant::now())),
			Some((number, since)) if since.elapsed() >= DATABASE_DELAY => {
				sync_file_system(database)
					.map_err(|error| format!("cannot sync {}: {error}", database.display()))?;
				log.compact(number).map_err(|error| error.to_string())?;
				log::debug!(target: LOG_TARGET, "The vote log was compacted to {} bytes", log.length());
				self.chosen = None;
			}
			Some(_) => {}
		}
		Ok(())
	}
}

/// Has the operating system write everything that the database gave it.
pub fn sync_file_system(path: &Path) -> io::Result<()> {
	let directory = std::fs::File::open(path)?;
	Ok(rustix::fs::syncfs(&directory)?)
}

#[cfg(test)]
mod tests {
	use super::*;
	use futures::{
		channel::mpsc::{unbounded, UnboundedReceiver},
		executor::block_on,
		FutureExt, StreamExt,
	};
	use tempfile::TempDir;
	use veilmart_td_raft::Term;
	use veilmart_td_raft_core::safety::Durable;

	/// So long a test waits for what does not come.
	const PATIENCE: Duration = Duration::from_secs(10);

	/// A log whose disk is the test.
	struct Disk {
		/// What was given to the file at once, by its terms: it is not on the disk yet.
		given: mpsc::Sender<Vec<u64>>,
		/// The ends of syncs.
		synced: mpsc::Receiver<io::Result<()>>,
	}

	impl Log for Disk {
		fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
			let terms = entries.iter().map(|entry| entry.durable.current_term.0);
			self.given.send(terms.collect()).unwrap();
			self.synced.recv().unwrap()
		}

		fn length(&self) -> u64 {
			0
		}

		fn compact(&mut self, _up_to: u32) -> Result<(), LogError> {
			Ok(())
		}
	}

	/// A writer, and the other side of its log.
	struct Lab {
		writer: LogWriter,
		written: UnboundedReceiver<Written>,
		given: mpsc::Receiver<Vec<u64>>,
		sync: mpsc::Sender<io::Result<()>>,
		_database: TempDir,
	}

	impl Lab {
		fn new() -> Self {
			let database = tempfile::tempdir().unwrap();
			let (given_sender, given) = mpsc::channel();
			let (sync, synced) = mpsc::channel();
			let disk = Disk {
				given: given_sender,
				synced,
			};
			let (answers, written) = unbounded();
			let writer = LogWriter::on(Some((disk, database.path().to_owned())), answers).unwrap();
			Self {
				writer,
				written,
				given,
				sync,
				_database: database,
			}
		}

		/// Has records written, of these terms and with these sequence numbers.
		fn write(&self, records: impl IntoIterator<Item = u64>) {
			for record in records {
				self.writer.write(Sequence(record), entry(record));
			}
		}

		/// What the file is given next.
		fn given(&self) -> Vec<u64> {
			self.given.recv_timeout(PATIENCE).expect("something is written")
		}

		/// Ends the sync under way.
		fn end_sync(&self, result: io::Result<()>) {
			self.sync.send(result).unwrap();
		}

		/// What the writer says next.
		fn says(&mut self) -> Option<Written> {
			block_on(self.written.next())
		}

		fn is_silent(&mut self) -> bool {
			self.written.next().now_or_never().is_none()
		}
	}

	fn entry(term: u64) -> Entry {
		let mut durable = Durable::genesis([7; 32]);
		durable.current_term = Term(term);
		Entry { durable, block: None }
	}

	#[test]
	fn nothing_counts_as_persisted_before_its_sync_has_ended() {
		let mut lab = Lab::new();
		for record in 1..=3 {
			lab.write([record]);
			assert_eq!(lab.given(), [record]);
			assert!(lab.is_silent(), "{record} is on its way to the disk");
			lab.end_sync(Ok(()));
			assert_eq!(lab.says(), Some(Written::Persisted(Sequence(record))));
		}
		lab.writer.close();
		assert_eq!(block_on(lab.written.next()), None);
	}

	/// A disk that takes long for each sync is not waited for by each record.
	#[test]
	fn what_comes_during_a_sync_is_written_at_once_by_the_next() {
		let mut lab = Lab::new();
		lab.write([1]);
		assert_eq!(lab.given(), [1]);
		lab.write(2..=5);
		// That blocks are final is no record, and parts none.
		lab.writer.finalized(1);
		lab.write([6]);
		lab.end_sync(Ok(()));
		assert_eq!(lab.says(), Some(Written::Persisted(Sequence(1))));
		assert_eq!(lab.given(), [2, 3, 4, 5, 6]);
		assert!(lab.is_silent(), "their one sync has not ended");
		lab.end_sync(Ok(()));
		assert_eq!(
			lab.says(),
			Some(Written::Persisted(Sequence(6))),
			"said once for all"
		);
		assert!(lab.is_silent());
	}

	/// Each may hold a block, and what is read at a start is bounded.
	#[test]
	fn so_many_records_are_written_at_once_and_no_more() {
		let mut lab = Lab::new();
		lab.write([1]);
		assert_eq!(lab.given(), [1]);
		let most = MOST as u64;
		lab.write(2..=most + 3);
		lab.end_sync(Ok(()));
		assert_eq!(lab.says(), Some(Written::Persisted(Sequence(1))));
		assert_eq!(lab.given(), (2..=most + 1).collect::<Vec<_>>());
		lab.end_sync(Ok(()));
		assert_eq!(lab.says(), Some(Written::Persisted(Sequence(most + 1))));
		assert_eq!(lab.given(), [most + 2, most + 3]);
		assert!(lab.is_silent());
		lab.end_sync(Ok(()));
		assert_eq!(lab.says(), Some(Written::Persisted(Sequence(most + 3))));
	}

	/// Nobody knows what of it is on the disk, so nothing may follow.
	#[test]
	fn a_sync_that_fails_ends_the_writer() {
		let mut lab = Lab::new();
		lab.write([1]);
		assert_eq!(lab.given(), [1]);
		lab.write([2]);
		lab.end_sync(Err(io::Error::other("the disk is gone")));
		let said = lab.says();
		assert!(
			matches!(&said, Some(Written::Failed(why)) if why.contains("the disk is gone")),
			"{said:?}"
		);
		lab.write([3]);
		lab.writer.close();
		assert_eq!(block_on(lab.written.next()), None, "neither of the others counts");
		assert!(lab.given.try_recv().is_err(), "nor was either written");
	}

	/// What was given before the end is written, and said to be.
	#[test]
	fn a_writer_that_is_closed_writes_what_it_was_given() {
		let mut lab = Lab::new();
		lab.write([1]);
		assert_eq!(lab.given(), [1]);
		lab.write([2, 3]);
		for _ in 0..2 {
			lab.end_sync(Ok(()));
		}
		lab.writer.close();
		assert_eq!(
			block_on(lab.written.by_ref().collect::<Vec<_>>()),
			[1, 3].map(|record| Written::Persisted(Sequence(record)))
		);
		assert_eq!(lab.given.try_recv(), Ok(vec![2, 3]));
	}

	/// It signs nothing that counts.
	#[test]
	fn without_a_log_everything_counts_as_written() {
		let (answers, mut written) = unbounded();
		let writer = LogWriter::start(None, answers).unwrap();
		assert!(!writer.has_log());
		writer.write(Sequence(1), entry(1));
		assert_eq!(block_on(written.next()), Some(Written::Persisted(Sequence(1))));
	}
}

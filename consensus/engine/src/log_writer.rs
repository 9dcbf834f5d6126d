//! The thread that writes the vote log.

use futures::channel::mpsc::UnboundedSender;
use std::{
	path::PathBuf,
	sync::mpsc,
	thread,
	time::{Duration, Instant},
};
use veilmart_td_raft_core::Sequence;

use crate::{
	room::check_room,
	vote_log::{Entry, VoteLog, MOST},
	LOG_TARGET,
};

/// From this length on, blocks that the database has on its disk are left out.
const LONG: u64 = 64 * 1024 * 1024;
/// How long the database takes at most to hand what it committed to the operating system: its queue holds some
/// megabytes, and it refuses commits while that is full.
const DATABASE_DELAY: Duration = Duration::from_secs(10);

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
	pub fn start(
		log: Option<(VoteLog, PathBuf)>,
		answers: UnboundedSender<Written>,
	) -> std::io::Result<Self> {
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
	mut log: VoteLog,
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
	fn review(&mut self, log: &mut VoteLog, database: &std::path::Path) -> Result<(), String> {
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
pub fn sync_file_system(path: &std::path::Path) -> std::io::Result<()> {
	let directory = std::fs::File::open(path)?;
	Ok(rustix::fs::syncfs(&directory)?)
}

//! Since when this disk has had voting keys: a key has promised nothing in a set that began later, unless its log is here.
//!
//! It is taken for granted that a key is on one machine at a time, and comes with its log to one where it is to vote in a set in
//! which it has voted elsewhere. Then a key that has no log and had none here can have voted elsewhere only before it came. A key
//! whose log is here has no date: should the log be lost, the key counts as one that comes when that is noticed.
//!
//! The dates are in the file [`NAME`] beside the vote logs, whose bytes are in [`veilmart_td_raft_formats::dates`].
//!
//! A file that is missing, damaged or another chain's knows no date: every key comes when it is looked for, later than it did. It is
//! always replaced as a whole and synced, so that wherever the power goes one of two states in turn is there:
//!
//! - *A key has come.* If that is not there, it comes at the next start, later.
//! - *A key has gone.* If that is not there, it is noted at the next start, unless the key is back by then.
//! - *A log was begun.* It was on the disk before this. So it is there at the next start, and is noted when it is opened; no promise
//!   leaves before.
//! - *A log is missing.* If that is not there, it is noted at the next start, with a later date.
//!
//! It does not know of a key that was elsewhere, and voted there, while the node was stopped, nor that a whole disk was copied or
//! put back as it was: that is up to the operator, as with the logs.

use sp_keystore::Keystore as _;
use std::{
	collections::{BTreeMap, BTreeSet},
	io,
	path::PathBuf,
	time::Instant,
};
use veilmart_td_raft::{keys::VOTE_KEY, AuthorityId, BlockHash};
use veilmart_td_raft_formats::dates::{self, Dates};

use crate::{
	start::Authority,
	vote_log::{create_directory_of, failed, is_begun, replace, LogError},
	LOG_TARGET,
};

/// What the file is called.
const NAME: &str = "keys-seen";
/// From how many milliseconds on a clock counts as set. It is less than what dates of blocks may be wrong by.
const STEP: u64 = 1_000;

/// A moment.
#[derive(Clone, Copy, Debug)]
pub struct Now {
	/// By a clock that nobody sets.
	pub instant: Instant,
	/// Milliseconds of Unix time.
	pub date: u64,
}

impl Now {
	/// The present one.
	pub fn read() -> Self {
		Self {
			instant: Instant::now(),
			date: sp_timestamp::Timestamp::current().as_millis(),
		}
	}

	/// The date of an earlier moment by the present clock, which may have been set since then.
	pub fn date_of(&self, earlier: Instant) -> u64 {
		let passed = self.instant.saturating_duration_since(earlier).as_millis();
		self.date
			.saturating_sub(u64::try_from(passed).unwrap_or(u64::MAX))
	}
}

/// Since when this disk has had voting keys. One that was away may have been elsewhere.
#[derive(Debug)]
pub struct Held {
	path: PathBuf,
	genesis: BlockHash,
	since: Dates,
	/// Those that came while this process runs.
	came: BTreeMap<AuthorityId, Instant>,
}

impl Held {
	/// Reads what was noted.
	pub fn read(authority: &Authority, genesis: &BlockHash) -> Self {
		let path = authority.vote_log.with_file_name(NAME);
		let found = match std::fs::read(&path) {
			Ok(bytes) => dates::read(&bytes, genesis).ok_or("it is damaged, or another chain's".to_string()),
			Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Dates::new()),
			Err(error) => Err(error.to_string()),
		};
		let since = found.unwrap_or_else(|error| {
			log::warn!(
				target: LOG_TARGET,
				"Since when the node has its keys cannot be read in {}, and begins anew: {error}",
				path.display(),
			);
			Dates::new()
		});
		Self {
			path,
			genesis: *genesis,
			since,
			came: BTreeMap::new(),
		}
	}

	/// Looks at what is there now. `writes` is the name whose log this process has open.
	pub fn look(
		&mut self,
		authority: &Authority,
		writes: Option<&AuthorityId>,
		now: Now,
	) -> Result<(), LogError> {
		let keys = authority.keystore.sr25519_public_keys(VOTE_KEY);
		let there: BTreeSet<_> = keys.into_iter().map(|key| AuthorityId(key.0)).collect();
		self.came.retain(|id, _| there.contains(id));
		let mut since = Dates::new();
		for id in there {
			let has_log = writes == Some(&id)
				|| is_begun(&authority.vote_log, &id)
					.map_err(failed("cannot look beside", &authority.vote_log))?;
			let date = match self.since(&id) {
				_ if has_log => None,
				Some(date) => {
					let came = self.came.get(&id).map_or(date, |came| now.date_of(*came));
					// The clock was behind when the key came, and is right now.
					Some(if came > date.saturating_add(STEP) {
						came
					} else {
						date
					})
				}
				None => {
					self.came.insert(id, now.instant);
					Some(now.date)
				}
			};
			since.insert(id, date);
		}
		if since != self.since {
			self.since = since;
			self.write()?;
		}
		Ok(())
	}

	/// When a key came that has no log.
	pub fn since(&self, id: &AuthorityId) -> Option<u64> {
		self.since.get(id).copied().flatten()
	}

	/// A key counts as one that comes now, whatever was noted: the date was wrong.
	pub fn comes_now(&mut self, id: &AuthorityId, now: Now) -> Result<(), LogError> {
		let Some(Some(date)) = self.since.get_mut(id) else {
			return Ok(());
		};
		*date = (*date).max(now.date);
		self.came.insert(*id, now.instant);
		self.write()
	}

	fn write(&self) -> Result<(), LogError> {
		create_directory_of(&self.path).map_err(failed("cannot create the directory of", &self.path))?;
		let bytes = dates::write(&self.since, &self.genesis);
		replace(&self.path, &bytes).map_err(failed("cannot write", &self.path))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sc_keystore::LocalKeystore;
	use std::{fs, sync::Arc, time::Duration};
	use tempfile::TempDir;

	const GENESIS: BlockHash = [7; 32];

	fn insert(keystore: &LocalKeystore, name: &str) -> AuthorityId {
		AuthorityId(keystore.sr25519_generate_new(VOTE_KEY, Some(name)).unwrap().0)
	}

	/// A disk with these keys.
	fn disk(folder: &TempDir, names: &[&str]) -> Authority {
		let keystore = LocalKeystore::in_memory();
		for name in names {
			insert(&keystore, name);
		}
		Authority {
			keystore: Arc::new(keystore),
			vote_log: folder.path().join("td-raft").join("votes"),
			database: folder.path().to_owned(),
			forget_votes: false,
		}
	}

	fn id(name: &str) -> AuthorityId {
		insert(&LocalKeystore::in_memory(), name)
	}

	/// So many seconds after a start at a date.
	fn after(start: Instant, seconds: u64) -> Now {
		Now {
			instant: start + Duration::from_secs(seconds),
			date: 1_000_000 + seconds * 1_000,
		}
	}

	/// As after a start at this time.
	fn started(authority: &Authority, now: Now) -> Held {
		let mut held = Held::read(authority, &GENESIS);
		held.look(authority, None, now).unwrap();
		held
	}

	#[test]
	fn a_key_is_held_since_this_disk_first_saw_it_and_anew_when_it_was_away() {
		let folder = tempfile::tempdir().unwrap();
		let start = Instant::now();
		let at = |seconds| after(start, seconds);
		let both = disk(&folder, &["//Alice", "//Bob"]);
		let alone = disk(&folder, &["//Alice"]);
		let [alice, bob] = ["//Alice", "//Bob"].map(id);
		assert_eq!(started(&disk(&folder, &[]), at(0)).since(&alice), None);
		let mut held = started(&both, at(1));
		held.look(&both, None, at(2)).unwrap();
		for id in [alice, bob] {
			assert_eq!(held.since(&id), Some(at(1).date));
		}
		// Whether it goes while the node runs or while it is stopped.
		held.look(&alone, None, at(3)).unwrap();
		let mut held = started(&both, at(4));
		assert_eq!(held.since(&alice), Some(at(1).date));
		assert_eq!(held.since(&bob), Some(at(4).date));
		started(&alone, at(5));
		held = started(&both, at(6));
		assert_eq!(held.since(&alice), Some(at(1).date));
		assert_eq!(held.since(&bob), Some(at(6).date));
	}

	#[test]
	fn a_key_with_a_log_has_no_date_and_comes_anew_when_that_is_lost() {
		let folder = tempfile::tempdir().unwrap();
		let start = Instant::now();
		let at = |seconds| after(start, seconds);
		let authority = disk(&folder, &["//Alice"]);
		let alice = id("//Alice");
		let log = authority.vote_log.with_file_name(format!(
			"votes-{}",
			alice.0[..8]
				.iter()
				.map(|byte| format!("{byte:02x}"))
				.collect::<String>()
		));
		started(&authority, at(1));
		// Also what is a part of one, or cannot be read.
		for length in [0, 79, 80] {
			fs::write(&log, vec![0; length]).unwrap();
			assert_eq!(started(&authority, at(3)).since(&alice), None, "{length} bytes");
			fs::remove_file(&log).unwrap();
			assert_eq!(started(&authority, at(3)).since(&alice), Some(at(3).date));
		}
		fs::write(&log, [0; 80]).unwrap();
		assert_eq!(started(&authority, at(3)).since(&alice), None);
		fs::remove_file(&log).unwrap();
		let mut held = started(&authority, at(4));
		assert_eq!(held.since(&alice), Some(at(4).date));
		// The one that is open is there, whatever somebody does to its name.
		held.look(&authority, Some(&alice), at(5)).unwrap();
		assert_eq!(held.since(&alice), None);
		assert_eq!(started(&authority, at(6)).since(&alice), Some(at(6).date));
	}

	#[test]
	fn a_clock_that_was_behind_when_a_key_came_makes_it_no_older() {
		let folder = tempfile::tempdir().unwrap();
		let start = Instant::now();
		let authority = disk(&folder, &["//Alice"]);
		let alice = id("//Alice");
		let by = |seconds, date| Now {
			date,
			..after(start, seconds)
		};
		let mut held = started(&authority, by(0, 5_000));
		held.look(&authority, None, by(10, 15_900)).unwrap();
		assert_eq!(held.since(&alice), Some(5_000), "clocks are never quite right");
		held.look(&authority, None, by(20, 1_000_000)).unwrap();
		assert_eq!(held.since(&alice), Some(980_000));
		held.look(&authority, None, by(30, 40_000)).unwrap();
		assert_eq!(held.since(&alice), Some(980_000), "one that is set back neither");
		assert_eq!(
			started(&authority, by(40, 2_000_000)).since(&alice),
			Some(980_000)
		);
	}

	#[test]
	fn a_key_whose_date_was_wrong_comes_now_and_has_come_then_after_a_start() {
		let folder = tempfile::tempdir().unwrap();
		let start = Instant::now();
		let at = |seconds| after(start, seconds);
		let authority = disk(&folder, &["//Alice"]);
		let [alice, bob] = ["//Alice", "//Bob"].map(id);
		let mut held = started(&authority, at(1));
		held.comes_now(&alice, at(2)).unwrap();
		held.comes_now(&bob, at(2)).unwrap();
		assert_eq!(held.since(&bob), None, "it is not there");
		assert_eq!(held.since(&alice), Some(at(2).date));
		assert_eq!(started(&authority, at(3)).since(&alice), Some(at(2).date));
		held.look(&authority, Some(&alice), at(4)).unwrap();
		held.comes_now(&alice, at(5)).unwrap();
		assert_eq!(held.since(&alice), None, "its log is there");
	}

	#[test]
	fn a_file_that_is_not_whole_or_another_chains_knows_no_date() {
		let folder = tempfile::tempdir().unwrap();
		let start = Instant::now();
		let at = |seconds| after(start, seconds);
		let authority = disk(&folder, &["//Alice"]);
		let alice = id("//Alice");
		let path = started(&authority, at(1)).path;
		let bytes = fs::read(&path).unwrap();
		for length in 0..bytes.len() {
			fs::write(&path, &bytes[..length]).unwrap();
			assert_eq!(Held::read(&authority, &GENESIS).since(&alice), None, "{length}");
		}
		for place in 0..bytes.len() {
			let mut damaged = bytes.clone();
			damaged[place] ^= 1;
			fs::write(&path, damaged).unwrap();
			assert_eq!(Held::read(&authority, &GENESIS).since(&alice), None, "{place}");
		}
		assert_eq!(started(&authority, at(2)).since(&alice), Some(at(2).date));
		assert_eq!(Held::read(&authority, &[8; 32]).since(&alice), None);
		fs::write(&path, &bytes).unwrap();
		assert_eq!(started(&authority, at(3)).since(&alice), Some(at(1).date));
	}
}

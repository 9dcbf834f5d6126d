//! Which names may begin a log, on a disk with the files of one.

use super::*;
use crate::vote_log::Entry;
use sp_keystore::Keystore as _;
use tempfile::TempDir;
use veilmart_td_raft::{
	keys::{SHARE_KEY, VOTE_KEY},
	Authority as Member, SetId, ShareKey, Target,
};

const GENESIS: BlockHash = [7; 32];
const KEYS: keys::Chain = keys::Chain {
	genesis: GENESIS,
	genesis_binding: [2; 32],
};

/// When machines get their keys, when a set is closed, when machines look at their logs, when the next set is closed, and
/// when they look again.
const EARLY: u64 = 1_000_000;
const CLOSED: u64 = 2_000_000;
const NOW: u64 = 3_000_000;
const CLOSED_LATER: u64 = 4_000_000;
const LATER: u64 = 5_000_000;

/// By how much dates of blocks may be wrong.
const DRIFT: u64 = 30_000;

/// A node's disk, without the database.
struct Machine {
	authority: Authority,
	folder: TempDir,
	now: u64,
	/// When the node was started that it is now.
	started: u64,
}

/// What a database says.
struct Database {
	used: bool,
	set: AuthoritySet,
	previous: Option<AuthoritySet>,
	closing: bool,
	/// The date of the block that closed the last set.
	dated: u64,
}

/// The moment at which a set begins.
fn new_name() -> Begin {
	Begin::NewName {
		started: Instant::now(),
	}
}

fn at(date: u64) -> Now {
	Now { date, ..Now::read() }
}

/// Puts an authority's keys into a keystore.
fn insert(keystore: &LocalKeystore, name: &str) -> Member {
	let vote = keystore.sr25519_generate_new(VOTE_KEY, Some(name)).unwrap();
	let share = format!("{name}//tdsh");
	let share = keystore.sr25519_generate_new(SHARE_KEY, Some(&share)).unwrap();
	Member {
		id: AuthorityId(vote.0),
		share_key: ShareKey(share.0),
	}
}

/// An authority of others.
fn member(name: &str) -> Member {
	insert(&LocalKeystore::in_memory(), name)
}

fn set(id: u64, members: &[Member]) -> AuthoritySet {
	let mut members = [members, &[member("//Charlie"), member("//Dave")]].concat();
	members.sort_by_key(|member| member.id);
	AuthoritySet::new(SetId(id), members).unwrap()
}

impl Machine {
	/// One that has had these keys for long.
	fn with(names: &[&str]) -> Self {
		let machine = Self::restored(names);
		let mut held = Held::read(&machine.authority, &GENESIS);
		held.look(&machine.authority, None, at(EARLY)).unwrap();
		machine
	}

	/// One that has just been given these keys.
	fn restored(names: &[&str]) -> Self {
		let folder = tempfile::tempdir().unwrap();
		let keystore = LocalKeystore::in_memory();
		for name in names {
			insert(&keystore, name);
		}
		let authority = Authority {
			keystore: Arc::new(keystore),
			vote_log: folder.path().join("td-raft").join("votes"),
			database: folder.path().to_owned(),
			forget_votes: false,
		};
		Self {
			authority,
			folder,
			now: NOW,
			started: NOW,
		}
	}

	/// Opens the log as [`Setup::read`] does.
	fn open(&self, begin: Begin, database: &Database) -> Result<(AuthorityId, VoteLog, Contents), LogError> {
		let sets = [Some(&database.set), database.previous.as_ref()];
		let identity = Identity::find(&self.authority.keystore, KEYS, sets.into_iter().flatten()).unwrap();
		let id = identity.expect("it has keys of an authority").id;
		let mut held = Held::read(&self.authority, &GENESIS);
		held.look(&self.authority, None, at(self.now))?;
		let is_later = |since| database.dated > since + DRIFT;
		let moment = Moment {
			begin,
			used: database.used,
			set: &database.set,
			closing: database.closing,
			seen: held.since(&id).is_some_and(is_later),
			forget: self.authority.forget_votes && !is_later(self.started),
		};
		let (log, contents, _) = open_log(&self.authority, &mut held, &GENESIS, &id, moment, at(self.now))?;
		Ok((id, log, contents))
	}

	/// Opens it, finds what was promised last under the name, and promises more in the present set.
	fn promises(
		&self,
		begin: Begin,
		database: &Database,
		name: &Member,
		before: Option<&Durable<OnChain>>,
	) -> Durable<OnChain> {
		let (id, mut log, contents) = self.open(begin, database).unwrap();
		assert_eq!(id, name.id);
		assert_eq!(contents.durable.as_ref(), before);
		let mut durable = before.cloned().unwrap_or_else(|| Durable::genesis(GENESIS));
		durable.set_id = database.set.id();
		durable.current_term = durable.current_term.next();
		durable.prepared = Some(Target {
			set_id: durable.set_id,
			term: durable.current_term,
			number: Number(durable.current_term.0),
			hash: [9; 32],
		});
		let entry = Entry {
			durable: durable.clone(),
			block: None,
		};
		log.append(&[entry]).unwrap();
		durable
	}

	/// Why it does not start.
	fn refusal(&self, begin: Begin, database: &Database) -> String {
		match self.open(begin, database) {
			Ok((id, ..)) => panic!("it starts as {id:?}"),
			Err(error @ LogError::Missing { .. }) => error.to_string(),
			Err(error) => panic!("it does not start, but because {error}"),
		}
	}

	/// The log in the place of this name.
	fn log_of(&self, name: &Member) -> PathBuf {
		let shown: String = name.id.0[..8].iter().map(|byte| format!("{byte:02x}")).collect();
		self.authority.vote_log.with_file_name(format!("votes-{shown}"))
	}

	/// The logs with what is in them, without the files that are none.
	fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
		let folder = self.folder.path().join("td-raft");
		let mut files: Vec<_> = std::fs::read_dir(folder)
			.unwrap()
			.map(|file| file.unwrap().path())
			.map(|path| (path.clone(), std::fs::read(path).unwrap()))
			.filter(|(_, bytes)| bytes.starts_with(b"td-raft votes 03"))
			.collect();
		files.sort();
		files
	}
}

/// At genesis.
fn empty(first: AuthoritySet) -> Database {
	Database {
		used: false,
		set: first,
		previous: None,
		closing: false,
		dated: 0,
	}
}

/// Just after the block that closed a set.
fn closed(previous: AuthoritySet, set: AuthoritySet) -> Database {
	Database {
		used: true,
		set,
		previous: Some(previous),
		closing: true,
		dated: CLOSED,
	}
}

/// Some final blocks later.
fn later(closed: Database) -> Database {
	Database {
		closing: false,
		..closed
	}
}

#[test]
fn who_has_a_name_again_is_bound_by_what_it_promised_under_it() {
	let machine = Machine::with(&["//Alice", "//Bob"]);
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	let sets = |id| set(id, &[if id == 1 { bob } else { alice }]);
	let first = machine.promises(Begin::Start, &empty(sets(0)), &alice, None);
	let second = machine.promises(new_name(), &closed(sets(0), sets(1)), &bob, None);
	let third = machine.promises(new_name(), &closed(sets(1), sets(2)), &alice, Some(&first));
	// Also at starts, and wherever the database is.
	let database = later(closed(sets(0), sets(1)));
	let fourth = machine.promises(Begin::Start, &database, &bob, Some(&second));
	machine.promises(
		Begin::Start,
		&later(closed(sets(1), sets(2))),
		&alice,
		Some(&third),
	);
	machine.promises(new_name(), &closed(sets(2), set(3, &[bob])), &bob, Some(&fourth));
}

#[test]
fn after_a_purge_each_name_finds_its_own_log() {
	let machine = Machine::with(&["//Alice", "//Bob"]);
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	let genesis = empty(set(0, &[alice]));
	let change = closed(set(0, &[alice]), set(1, &[bob]));
	let [as_alice, as_bob] = [
		machine.promises(Begin::Start, &genesis, &alice, None),
		machine.promises(new_name(), &change, &bob, None),
	];
	machine.promises(Begin::Start, &genesis, &alice, Some(&as_alice));
	machine.promises(new_name(), &change, &bob, Some(&as_bob));
}

#[test]
fn after_a_purge_a_log_of_later_says_that_one_is_missing() {
	let machine = Machine::with(&["//Alice", "//Bob"]);
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	let genesis = empty(set(0, &[alice]));
	let change = closed(set(0, &[alice]), set(1, &[bob]));
	machine.promises(Begin::Start, &genesis, &alice, None);
	let alices = machine.files();
	let as_bob = machine.promises(new_name(), &change, &bob, None);
	// A program of before has written Alice's log anew for Bob.
	std::fs::remove_file(&alices[0].0).unwrap();
	let left = machine.files();
	let words = machine.refusal(Begin::Start, &genesis);
	assert!(
		words.contains("says that this node was in the present set"),
		"{words}"
	);
	assert_eq!(machine.files(), left, "nothing is changed");

	let mut told = machine;
	told.authority.forget_votes = true;
	told.promises(Begin::Start, &genesis, &alice, None);
	told.promises(new_name(), &change, &bob, Some(&as_bob));
}

#[test]
fn wherever_the_power_goes_while_the_keys_change_no_promise_is_lost() {
	let machine = Machine::with(&["//Alice", "//Bob"]);
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	let genesis = empty(set(0, &[alice]));
	let before = Database {
		used: true,
		..empty(set(0, &[alice]))
	};
	let change = closed(set(0, &[alice]), set(1, &[bob]));
	let as_alice = machine.promises(Begin::Start, &genesis, &alice, None);
	let seen = machine.authority.vote_log.with_file_name("keys-seen");
	let note = std::fs::read(&seen).unwrap();

	// The database was on the disk and Bob's log was not.
	let (id, log, contents) = machine.open(Begin::Start, &change).unwrap();
	assert_eq!((id, contents.durable), (bob.id, None));
	drop(log);
	// Or it was there, under the name that it has until it is whole, or under its own; and the note that it is there was not.
	let bobs = machine.log_of(&bob);
	let bytes = std::fs::read(&bobs).unwrap();
	for length in 0..=bytes.len() {
		std::fs::write(&seen, &note).unwrap();
		std::fs::remove_file(&bobs).unwrap();
		std::fs::write(bobs.with_extension("new"), &bytes[..length]).unwrap();
		assert!(machine.open(Begin::Start, &change).is_ok(), "{length} bytes");
	}
	std::fs::write(&seen, &note).unwrap();
	assert!(machine.open(Begin::Start, &change).is_ok());
	// What is there in part was whole before.
	for length in 0..bytes.len() {
		std::fs::write(&bobs, &bytes[..length]).unwrap();
		assert!(
			matches!(machine.open(Begin::Start, &change), Err(LogError::Damaged { .. })),
			"{length} bytes"
		);
	}
	std::fs::write(&bobs, &bytes).unwrap();
	// Or it was there and had nothing in it, while the chain went on.
	let go_on = later(closed(set(0, &[alice]), set(1, &[bob])));
	let as_bob = machine.promises(Begin::Start, &go_on, &bob, None);

	// Bob's log was on the disk and the database was not.
	let as_alice = machine.promises(Begin::Start, &before, &alice, Some(&as_alice));
	machine.promises(new_name(), &change, &bob, Some(&as_bob));
	machine.promises(Begin::Start, &before, &alice, Some(&as_alice));
}

#[test]
fn keys_from_elsewhere_have_to_bring_their_log() {
	let machine = Machine::with(&["//Alice"]);
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	machine.promises(Begin::Start, &empty(set(0, &[alice])), &alice, None);
	insert(&machine.authority.keystore, "//Bob");
	let logs = machine.files();
	let is_refused = |database: Database, why: &str| {
		let words = machine.refusal(Begin::Start, &database);
		assert!(words.contains("but the database has blocks"), "{why}: {words}");
		assert_eq!(machine.files(), logs, "{why}");
	};
	let both = [alice, bob];
	is_refused(
		later(closed(set(0, &[alice]), set(1, &[bob]))),
		"Bob may have voted in this set",
	);
	is_refused(
		closed(set(0, &both), set(1, &[bob])),
		"Bob has not just taken Alice's place",
	);
	is_refused(
		closed(set(4, &[]), set(5, &[bob])),
		"this node took no part in what was before",
	);
	is_refused(
		closed(set(4, &[bob]), set(5, &[])),
		"Bob has gone, and may come back",
	);
	is_refused(
		closed(set(0, &[alice]), set(1, &[bob])),
		"Bob's keys came after the set had begun",
	);
	// Bob is in the set in which Alice has promised something.
	let database = Database {
		used: true,
		..empty(set(0, &[bob]))
	};
	let words = machine.refusal(Begin::Start, &database);
	assert!(
		words.contains("says that this node was in the present set"),
		"{words}"
	);
	assert_eq!(machine.files(), logs);

	// What is refused above is what this allows.
	let machine = Machine::with(&["//Alice", "//Bob"]);
	machine.promises(Begin::Start, &empty(set(0, &[alice])), &alice, None);
	let change = closed(set(0, &[alice]), set(1, &[bob]));
	assert!(machine.open(Begin::Start, &change).is_ok());
}

#[test]
fn keys_from_elsewhere_on_a_machine_without_logs_are_refused_beside_blocks() {
	let machine = Machine::restored(&["//Bob"]);
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	let change = || closed(set(0, &[alice]), set(1, &[bob]));
	for database in [change(), later(change())] {
		let words = machine.refusal(Begin::Start, &database);
		assert!(words.contains("but the database has blocks"), "{words}");
	}
	// Keys that were here before are not from elsewhere: the node was stopped when their first set began.
	let machine = Machine::with(&["//Bob"]);
	machine.refusal(Begin::Start, &later(change()));
	machine.promises(Begin::Start, &change(), &bob, None);
}

/// A machine whose database is empty, or older than the set in which the key has voted elsewhere, is led there by
/// synchronization.
#[test]
fn a_set_that_begins_for_the_database_only_is_none_for_a_name_without_a_log() {
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	let replayed = || closed(set(8, &[alice]), set(9, &[bob]));
	let machine = Machine::restored(&["//Bob"]);
	let words = machine.refusal(new_name(), &replayed());
	assert!(
		words.contains("authority set 9 may have begun before this node had the key"),
		"{words}"
	);
	assert!(words.contains("--forget-votes"), "{words}");

	// It was somebody else before, who began a log in the same way, and it was started again in between, however often.
	let both = Machine::restored(&["//Alice", "//Bob"]);
	let first = || empty(set(0, &[alice]));
	let second = || closed(set(0, &[alice]), set(1, &[bob]));
	let mut as_alice = both.promises(Begin::Start, &first(), &alice, None);
	for _ in 0..3 {
		both.refusal(new_name(), &second());
		both.refusal(Begin::Start, &second());
		as_alice = both.promises(Begin::Start, &first(), &alice, Some(&as_alice));
	}

	// The operator says that the key is new. What is there is not put aside, however often that is said.
	let mut told = machine;
	told.authority.forget_votes = true;
	let as_bob = told.promises(new_name(), &replayed(), &bob, None);
	let as_bob = told.promises(new_name(), &replayed(), &bob, Some(&as_bob));
	told.promises(Begin::Start, &replayed(), &bob, Some(&as_bob));
}

/// An option that was left where it was needed once.
#[test]
fn what_the_operator_has_forgotten_is_what_was_before_the_start() {
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	let mut machine = Machine::restored(&["//Bob"]);
	machine.authority.forget_votes = true;
	machine.now = LATER;
	let change = closed(set(8, &[alice]), set(9, &[bob]));
	let next = Database {
		dated: CLOSED_LATER,
		..closed(set(8, &[alice]), set(9, &[bob]))
	};
	let words = machine.refusal(new_name(), &next);
	assert!(
		words.contains("may have begun before this node had the key"),
		"{words}"
	);
	machine.promises(new_name(), &change, &bob, None);
}

#[test]
fn a_set_that_was_seen_to_begin_is_one_for_a_name_without_a_log() {
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	let machine = Machine::with(&["//Bob"]);
	let change = closed(set(8, &[alice]), set(9, &[alice, bob]));
	machine.promises(new_name(), &change, &bob, None);
}

/// The operator takes a damaged log away, and the database, so that the node begins anew; the log of its old self stays.
#[test]
fn a_log_that_was_lost_is_not_begun_again_in_a_set_in_which_it_was_there() {
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	let mut machine = Machine::with(&["//Alice", "//Bob"]);
	let first = empty(set(0, &[alice]));
	let second = closed(set(0, &[alice]), set(1, &[bob]));
	let as_alice = machine.promises(Begin::Start, &first, &alice, None);
	machine.promises(new_name(), &second, &bob, None);
	std::fs::remove_file(machine.log_of(&bob)).unwrap();
	machine.promises(Begin::Start, &first, &alice, Some(&as_alice));
	machine.refusal(new_name(), &second);
	machine.refusal(Begin::Start, &second);

	// What was promised before does not bind in a set that begins afterwards.
	machine.now = LATER;
	let third = Database {
		dated: CLOSED_LATER,
		..closed(set(1, &[bob]), set(2, &[bob]))
	};
	machine.promises(new_name(), &third, &bob, None);
}

#[test]
fn a_set_that_begins_while_the_node_runs_may_have_begun_before() {
	let machine = Machine::with(&["//Alice", "//Bob"]);
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	// Alice, Bob, Alice; then the database is purged, and Bob's log is not there.
	machine.promises(Begin::Start, &empty(set(0, &[alice])), &alice, None);
	let (_, log, contents) = machine
		.open(new_name(), &closed(set(1, &[bob]), set(2, &[alice])))
		.unwrap();
	drop(log);
	let as_alice = contents.durable.unwrap();
	let database = later(closed(set(1, &[bob]), set(2, &[alice])));
	machine.promises(Begin::Start, &database, &alice, Some(&as_alice));
	let words = machine.refusal(new_name(), &closed(set(0, &[alice]), set(1, &[bob])));
	assert!(words.contains("or in a later one"), "{words}");
}

#[test]
fn the_single_file_of_before_binds_the_one_whose_it_is() {
	let machine = Machine::with(&["//Alice", "//Bob"]);
	let [alice, bob] = [member("//Alice"), member("//Bob")];
	let as_alice = machine.promises(Begin::Start, &empty(set(0, &[alice])), &alice, None);
	let own = machine.files()[0].0.clone();
	let single = &machine.authority.vote_log;
	let before = || Database {
		used: true,
		..empty(set(0, &[alice]))
	};
	let change = || closed(set(0, &[alice]), set(1, &[bob]));

	std::fs::rename(&own, single).unwrap();
	let as_alice = machine.promises(Begin::Start, &before(), &alice, Some(&as_alice));
	assert!(machine.files().iter().all(|(path, _)| *path == own));

	// A program of before was stopped between one name and the other.
	std::fs::rename(&own, single).unwrap();
	let as_bob = machine.promises(Begin::Start, &change(), &bob, None);
	machine.promises(Begin::Start, &before(), &alice, Some(&as_alice));

	// It had written Alice's log anew for Bob, and the database is back where Alice votes.
	std::fs::remove_file(&own).unwrap();
	let bobs = machine.files()[0].0.clone();
	std::fs::rename(bobs, single).unwrap();
	machine.refusal(Begin::Start, &before());
	machine.promises(Begin::Start, &later(change()), &bob, Some(&as_bob));
}

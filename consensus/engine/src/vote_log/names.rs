//! Which file is whose: a node has a vote log for each name that it has, or had.
//!
//! The log of a name is `votes-` and the first [`SHOWN`] bytes of the name in hexadecimal digits. Whose it is is up to
//! its header; the name only finds it. Programs of before had a single `votes` for all names, and wrote it anew when the
//! name changed. Such a file gets the name of the authority in its header, in one step of the file system: wherever the
//! power goes, it is there under one of both names, and what has to be done is the same again. Nothing is changed when the log
//! cannot be opened.
//!
//! In its place there is [`NO_LOG`] then. A program of before, which would begin a new log there beside an empty database, and
//! know nothing of what was promised, takes it for a log of a version that it does not know, and does not start.
//!
//! A log of an earlier version is written anew, in the same place, when it is opened under its name: wherever the power goes, one of
//! both is there. Those of other names stay as they are until then, or until blocks are left out of them.

use std::{
	ffi::OsStr,
	io,
	path::{Path, PathBuf},
};
use veilmart_td_raft::{AuthorityId, BlockHash, SetId};
use veilmart_td_raft_formats::votes::{HEADER_OF_BEFORE, NO_LOG};

use super::{
	create_directory_of, failed, is_there, replace, sync_directory, Contents, Format, LogError, VoteLog,
	Whose,
};
use crate::{Block, LOG_TARGET};

/// Bytes of a name that the name of its file shows.
const SHOWN: usize = 8;

/// The log of another name that this node had, or has in another set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
	/// Its file.
	pub path: PathBuf,
	/// The name.
	pub authority: AuthorityId,
	/// The set in which it has promised something last; None if it has promised nothing.
	pub set_id: Option<SetId>,
	/// The height of the lowest block in it.
	lowest: Option<u32>,
}

impl VoteLog {
	/// Opens the log of an authority. Also gives the blocks of all other logs, and what those say.
	///
	/// `path` is the single file of before; the logs are beside it. No log is ever written for another authority. One that is
	/// missing is begun if `may_begin` says that there can be no promise that it would contain, or if the operator has
	/// them forgotten (`forget`): then what it would be refused for is put aside under another name. A log that can be read stays,
	/// and binds.
	///
	/// Who has to judge whether a log may be begun has to know the others: one of them that cannot be read is then an
	/// error. Otherwise it is none, since nothing in it binds this authority.
	pub fn open(
		path: &Path,
		genesis: &BlockHash,
		authority: &AuthorityId,
		forget: bool,
		may_begin: impl FnOnce(&[Other]) -> Result<(), String>,
	) -> Result<(Self, Contents, Vec<Other>), LogError> {
		let own = file_of(path, authority);
		if forget {
			put_aside(path, &own, genesis, authority)?;
		}
		let single = single(path, genesis)?;
		let place = match single {
			Some(name) if name == *authority => path,
			_ => own.as_path(),
		};
		let found = Self::find(place, genesis, authority)?;
		let mut others = Vec::new();
		let mut blocks = Vec::new();
		let mut unread = None;
		for file in files(path)? {
			if file == place {
				continue;
			}
			match Other::read(&file, genesis) {
				Ok(None) if file == path => {}
				Ok(None) => {
					let what = "it is what stands in another file's place";
					unread = unread.or(Some(LogError::Damaged {
						path: file,
						offset: 0,
						what,
					}));
				}
				Ok(Some((other, _))) if other.authority == *authority => {
					return Err(LogError::Misplaced { path: file, own });
				}
				Ok(Some((other, its))) => {
					others.push(other);
					blocks.extend(its);
				}
				Err(error) => unread = unread.or(Some(error)),
			}
		}
		let (mut log, mut contents) = match found {
			Some(mut log) => {
				let contents = log.read()?;
				(log, contents)
			}
			None => {
				if !forget {
					if let Some(error) = unread.take() {
						return Err(error);
					}
					may_begin(&others).map_err(|sign| LogError::Missing {
						path: own.clone(),
						sign,
					})?;
				}
				create_directory_of(&own).map_err(failed("cannot create the directory of", &own))?;
				let contents = Contents::default();
				let log = Self::put(&own, *genesis, *authority, &contents, false)
					.map_err(failed("cannot write", &own))?;
				(log, contents)
			}
		};
		if let Some(error) = unread {
			log::warn!(
				target: LOG_TARGET,
				"Another authority's vote log, which may have blocks that the database lost, cannot be read: {error}",
			);
		}
		if let Some(name) = single {
			let named = file_of(path, &name);
			take_over(path, &named)?;
			if log.path == path {
				log.path.clone_from(&named);
			}
			for other in &mut others {
				if other.path == path {
					other.path.clone_from(&named);
				}
			}
		}
		if matches!(log.whose, Whose::Of(.., Format::First | Format::Second(_))) {
			log.rewrite(&contents)?;
			log::info!(
				target: LOG_TARGET,
				"The vote log {} was written anew in the present version: programs of before do not start with it.",
				log.path.display(),
			);
		}
		contents.blocks.extend(blocks);
		keep_place(path)?;
		Ok((log, contents, others))
	}

	/// The log in an authority's place, if there is a file.
	fn find(own: &Path, genesis: &BlockHash, authority: &AuthorityId) -> Result<Option<Self>, LogError> {
		if !is_there(own).map_err(failed("cannot look for", own))? {
			return Ok(None);
		}
		let log = Self::lock(own)?;
		match log.whose {
			Whose::Nobody | Whose::Cut | Whose::Unknown => Err(log.unknown()),
			Whose::Of(chain, ..) if chain != *genesis => Err(LogError::OtherChain(log.path)),
			Whose::Of(_, name, _) if name != *authority => Err(LogError::OtherName(log.path)),
			Whose::Of(..) => Ok(Some(log)),
		}
	}
}

impl Other {
	/// Reads the log of whatever authority of this chain, with its blocks. None if the file is nobody's.
	fn read(path: &Path, genesis: &BlockHash) -> Result<Option<(Self, Vec<Block>)>, LogError> {
		let log = VoteLog::lock(path)?;
		let authority = match log.whose {
			Whose::Nobody => return Ok(None),
			Whose::Cut | Whose::Unknown => return Err(log.unknown()),
			Whose::Of(chain, ..) if chain != *genesis => return Err(LogError::OtherChain(log.path)),
			Whose::Of(_, authority, _) => authority,
		};
		let (Contents { durable, blocks }, _) = log.frames()?;
		let other = Self {
			path: log.path,
			authority,
			set_id: durable.map(|durable| durable.set_id),
			lowest: blocks.iter().map(|block| block.header.number).min(),
		};
		Ok(Some((other, blocks)))
	}

	/// Leaves out the blocks up to a height, if there are any; the promises stay. Those have to be on the database's disk.
	pub fn compact(&self, up_to: u32) -> Result<(), LogError> {
		if self.lowest.is_some_and(|lowest| lowest <= up_to) {
			VoteLog::lock(&self.path)?.compact(up_to)?;
		}
		Ok(())
	}
}

/// The file in the place of an authority's log.
pub(super) fn file_of(path: &Path, authority: &AuthorityId) -> PathBuf {
	let mut name = path.file_name().unwrap_or_default().to_os_string();
	name.push("-");
	for byte in authority.0.iter().take(SHOWN) {
		name.push(format!("{byte:02x}"));
	}
	path.with_file_name(name)
}

/// Whether there is a log in an authority's place: any file counts, whatever is in it. An error if that cannot be told.
pub fn is_begun(path: &Path, authority: &AuthorityId) -> io::Result<bool> {
	is_there(&file_of(path, authority))
}

/// All files that are there and are a log by their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, LogError> {
	let (Some(directory), Some(single)) = (path.parent(), path.file_name().and_then(OsStr::to_str)) else {
		return Ok(Vec::new());
	};
	let is_log = |name: &str| {
		name.strip_prefix(single).is_some_and(|rest| {
			let shown = rest.strip_prefix('-').unwrap_or_default();
			let is_shown = shown.len() == 2 * SHOWN && shown.bytes().all(|digit| digit.is_ascii_hexdigit());
			rest.is_empty() || is_shown
		})
	};
	let mut files = Vec::new();
	match std::fs::read_dir(directory) {
		Ok(entries) => {
			for entry in entries {
				let entry = entry.map_err(failed("cannot look beside", path))?;
				if entry.file_name().to_str().is_some_and(is_log) {
					files.push(entry.path());
				}
			}
		}
		Err(error) if error.kind() == io::ErrorKind::NotFound => {}
		Err(error) => return Err(failed("cannot look beside", path)(error)),
	}
	files.sort();
	Ok(files)
}

/// Whose the single file of before is, if it is to get the name of that authority's log: it is of this chain, and there is none.
fn single(path: &Path, genesis: &BlockHash) -> Result<Option<AuthorityId>, LogError> {
	let look = || failed("cannot look for", path);
	if !is_there(path).map_err(look())? {
		return Ok(None);
	}
	// Who holds it open is a program of before, at work.
	Ok(match VoteLog::lock(path)?.whose {
		Whose::Of(chain, authority, _) if chain == *genesis => {
			let has_own = is_there(&file_of(path, &authority)).map_err(look())?;
			(!has_own).then_some(authority)
		}
		_ => None,
	})
}

/// Gives the single file of before its authority's name.
fn take_over(path: &Path, named: &Path) -> Result<(), LogError> {
	std::fs::rename(path, named).map_err(failed("cannot rename", path))?;
	sync_directory(named).map_err(failed("cannot sync the directory of", named))?;
	log::info!(
		target: LOG_TARGET,
		"The vote log {} is {} now: each authority has one of its own.",
		path.display(),
		named.display(),
	);
	Ok(())
}

/// Sees to it that no program of before begins a log in the place of the single file.
fn keep_place(path: &Path) -> Result<(), LogError> {
	let is_taken = is_there(path).map_err(failed("cannot look for", path))?;
	// What is not even a header says of no promise, and such a program begins a log in the place of it.
	if is_taken && VoteLog::lock(path)?.length >= HEADER_OF_BEFORE as u64 {
		return Ok(());
	}
	replace(path, NO_LOG).map_err(failed("cannot write", path))
}

/// Puts aside what this authority would be refused for: the file in the place of its log, if that cannot be read or is of another
/// chain; logs of its in other places; and the single file of before that does not say whose it is.
fn put_aside(path: &Path, own: &Path, genesis: &BlockHash, authority: &AuthorityId) -> Result<(), LogError> {
	let has_own = is_there(own).map_err(failed("cannot look for", own))?;
	for file in files(path)? {
		let log = VoteLog::lock(&file)?;
		let is_in_place = file == own || file == path && !has_own;
		let is_refused = match log.whose {
			Whose::Of(chain, name, _) if (chain, name) == (*genesis, *authority) => {
				!is_in_place || log.is_damaged()?
			}
			// A log of another name's is in the way, perhaps, and nobody else has what it says.
			Whose::Of(chain, ..) => file == own && chain != *genesis,
			Whose::Cut | Whose::Unknown => file == own || file == path,
			Whose::Nobody => file == own,
		};
		if is_refused {
			let aside = file.with_extension("forgotten");
			std::fs::rename(&file, &aside).map_err(failed("cannot rename", &file))?;
			sync_directory(&aside).map_err(failed("cannot sync the directory of", &aside))?;
			log::warn!(target: LOG_TARGET, "The vote log was put aside as {}.", aside.display());
		}
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::vote_log::{
		tests::{block, entry, log_of_before, GENESIS, ME},
		Entry, HEADER,
	};
	use std::{fs, os::unix::fs::symlink};
	use veilmart_td_raft::Term;
	use veilmart_td_raft_formats::votes::{FIRST, MAGIC};

	const YOU: AuthorityId = AuthorityId([2; 32]);

	/// As beside a database with blocks: none is begun.
	fn open(path: &Path, authority: &AuthorityId) -> Result<(VoteLog, Contents, Vec<Other>), LogError> {
		VoteLog::open(path, &GENESIS, authority, false, |_| {
			Err("the database has blocks".into())
		})
	}

	fn begin(path: &Path, authority: &AuthorityId) -> VoteLog {
		let (log, ..) = VoteLog::open(path, &GENESIS, authority, false, |_| Ok(())).unwrap();
		log
	}

	/// As the operator has it who starts with `--forget-votes`.
	fn forget(path: &Path, authority: &AuthorityId) -> (VoteLog, Contents, Vec<Other>) {
		VoteLog::open(path, &GENESIS, authority, true, |_| {
			unreachable!("the operator has decided")
		})
		.unwrap()
	}

	/// What an authority promised in a set and a term, with a block of that height.
	fn promise(set_id: u64, term: u64, height: u32) -> Entry {
		let mut entry = entry(term, Some(block(height)));
		entry.durable.set_id = SetId(set_id);
		entry
	}

	fn term(contents: &Contents) -> Term {
		contents.durable.as_ref().unwrap().current_term
	}

	fn numbers(contents: &Contents) -> Vec<u32> {
		let mut numbers: Vec<_> = contents.blocks.iter().map(|block| block.header.number).collect();
		numbers.sort();
		numbers
	}

	/// Logs of two names: [`ME`] promised term 3 in set 0, then [`YOU`] term 5 in set 1.
	fn two(path: &Path) {
		begin(path, &ME).append(&[promise(0, 3, 10)]).unwrap();
		begin(path, &YOU).append(&[promise(1, 5, 20)]).unwrap();
	}

	#[test]
	fn each_name_has_its_own_log_and_all_have_blocks() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("chain").join("votes");
		two(&path);
		for (me, own, other, set_id) in [(ME, 3, YOU, 1), (YOU, 5, ME, 0)] {
			let (_, contents, others) = open(&path, &me).unwrap();
			assert_eq!(term(&contents), Term(own));
			assert_eq!(
				numbers(&contents),
				[10, 20],
				"blocks of either may be what the database lost"
			);
			let seen: Vec<_> = others
				.iter()
				.map(|other| (other.authority, other.set_id))
				.collect();
			assert_eq!(seen, [(other, Some(SetId(set_id)))]);
		}
		let files: Vec<_> = files(&path).unwrap();
		assert_eq!(files, [path.clone(), file_of(&path, &ME), file_of(&path, &YOU)]);
		assert_eq!(fs::read(&path).unwrap(), NO_LOG);
		assert!(file_of(&path, &ME).ends_with("votes-0101010101010101"));
	}

	#[test]
	fn a_name_that_has_promised_nothing_says_so() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		begin(&path, &ME);
		let mut seen = Vec::new();
		let opened = VoteLog::open(&path, &GENESIS, &YOU, false, |others| {
			seen.extend_from_slice(others);
			Ok(())
		});
		assert!(opened.is_ok());
		assert_eq!(seen.len(), 1);
		assert_eq!((seen[0].authority, seen[0].set_id), (ME, None));
	}

	#[test]
	fn others_are_compacted_and_what_they_promised_stays() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		begin(&path, &ME)
			.append(&[promise(0, 2, 9), promise(0, 3, 10)])
			.unwrap();
		let (_, _, others) = VoteLog::open(&path, &GENESIS, &YOU, false, |_| Ok(())).unwrap();
		let file = file_of(&path, &ME);
		let before = fs::read(&file).unwrap();
		others[0].compact(8).unwrap();
		assert_eq!(fs::read(&file).unwrap(), before, "there is nothing to leave out");
		others[0].compact(9).unwrap();
		let (_, contents, _) = open(&path, &ME).unwrap();
		assert_eq!((term(&contents), numbers(&contents)), (Term(3), vec![10]));
	}

	#[test]
	fn the_single_file_of_before_is_taken_over_by_the_one_whose_it_is() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		let own = file_of(&path, &ME);
		begin(&path, &ME).append(&[promise(0, 3, 10)]).unwrap();
		fs::rename(&own, &path).unwrap();
		let bytes = fs::read(&path).unwrap();

		// A program of before still runs.
		let before = VoteLog::lock(&path).unwrap();
		assert!(matches!(open(&path, &ME), Err(LogError::InUse(_))));
		drop(before);
		assert_eq!(fs::read(&path).unwrap(), bytes);

		let (mut log, contents, _) = open(&path, &ME).unwrap();
		assert_eq!((term(&contents), numbers(&contents)), (Term(3), vec![10]));
		assert_eq!(fs::read(&path).unwrap(), NO_LOG);
		log.append(&[promise(0, 4, 11)]).unwrap();
		drop(log);
		let (_, contents, _) = open(&path, &ME).unwrap();
		assert_eq!(term(&contents), Term(4));

		// The power went before the name was on the disk: it is all the same file.
		fs::rename(&own, &path).unwrap();
		let (_, contents, others) = open(&path, &ME).unwrap();
		assert_eq!((term(&contents), others), (Term(4), vec![]));

		// It went before the other file was in its place, or before that was whole.
		for length in [None, Some(0), Some(20)] {
			match length {
				None => fs::remove_file(&path).unwrap(),
				Some(length) => fs::write(&path, &NO_LOG[..length]).unwrap(),
			}
			let (_, contents, others) = open(&path, &ME).unwrap();
			assert_eq!((term(&contents), others), (Term(4), vec![]));
			assert_eq!(fs::read(&path).unwrap(), NO_LOG);
		}
	}

	/// Beside an empty database it begins a log of its own where there is none, and does not know what was promised. The rule by which
	/// it looks at a file has been the same since the first version: one that is shorter than its header was being begun, and what has
	/// not its magic is refused.
	#[test]
	fn a_program_of_before_does_not_begin_another_log() {
		let is_refused = |bytes: &[u8]| bytes.len() >= HEADER_OF_BEFORE && !bytes.starts_with(FIRST);
		assert!(is_refused(NO_LOG));
		assert!(!NO_LOG.starts_with(MAGIC));
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("chain").join("votes");
		begin(&path, &ME);
		assert_eq!(fs::read(&path).unwrap(), NO_LOG);
		assert!(
			is_refused(&fs::read(file_of(&path, &ME)).unwrap()),
			"nor does one that has the same names, but an earlier version"
		);
		// An operator has the log of the present name take its place, for one that knows a single log.
		begin(&path, &ME).append(&[promise(0, 3, 10)]).unwrap();
		fs::rename(file_of(&path, &ME), &path).unwrap();
		assert!(is_refused(&fs::read(&path).unwrap()), "it does not start either");
		let (_, contents, _) = open(&path, &ME).unwrap();
		assert_eq!(term(&contents), Term(3));
	}

	#[test]
	fn the_single_file_of_before_gets_its_name_and_the_present_version() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		let own = file_of(&path, &ME);
		let before = log_of_before(&ME, &[vec![promise(0, 2, 9)], vec![promise(0, 3, 10)]]);
		// Also if the power went between the one and the other.
		for place in [&path, &own] {
			if own.exists() {
				fs::remove_file(&own).unwrap();
			}
			fs::write(place, &before).unwrap();
			let (log, contents, others) = open(&path, &ME).unwrap();
			assert_eq!((term(&contents), numbers(&contents)), (Term(3), vec![9, 10]));
			assert!(others.is_empty());
			assert_eq!(log.path, own);
			assert!(fs::read(&own).unwrap().starts_with(MAGIC));
			assert_eq!(fs::read(&path).unwrap(), NO_LOG);
			drop(log);
			let (_, contents, _) = open(&path, &ME).unwrap();
			assert_eq!((term(&contents), numbers(&contents)), (Term(3), vec![9, 10]));
		}
	}

	#[test]
	fn a_log_of_before_of_another_name_counts_and_stays_until_it_is_written() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		let yours = file_of(&path, &YOU);
		begin(&path, &ME).append(&[promise(0, 3, 10)]).unwrap();
		let before = log_of_before(&YOU, &[vec![promise(1, 5, 20)], vec![promise(1, 6, 21)]]);
		fs::write(&yours, &before).unwrap();
		let (_, contents, others) = open(&path, &ME).unwrap();
		assert_eq!((term(&contents), numbers(&contents)), (Term(3), vec![10, 20, 21]));
		assert_eq!((others[0].authority, others[0].set_id), (YOU, Some(SetId(1))));
		assert_eq!(fs::read(&yours).unwrap(), before);
		others[0].compact(20).unwrap();
		assert!(fs::read(&yours).unwrap().starts_with(MAGIC));
		let (_, contents, _) = open(&path, &YOU).unwrap();
		assert_eq!((term(&contents), numbers(&contents)), (Term(6), vec![10, 21]));
		// Or it has that name again, with blocks of both in what it starts from, and its own in its log.
		fs::write(&yours, &before).unwrap();
		let (_, contents, _) = open(&path, &YOU).unwrap();
		assert_eq!((term(&contents), numbers(&contents)), (Term(6), vec![10, 20, 21]));
		assert!(fs::read(&yours).unwrap().starts_with(MAGIC));
		let (other, blocks) = Other::read(&yours, &GENESIS).unwrap().unwrap();
		assert_eq!((other.set_id, blocks.len()), (Some(SetId(1)), 2));
	}

	#[test]
	fn the_single_file_of_before_stays_the_one_of_another_name() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		begin(&path, &YOU).append(&[promise(1, 5, 20)]).unwrap();
		fs::rename(file_of(&path, &YOU), &path).unwrap();
		let refused = open(&path, &ME).unwrap_err();
		assert!(matches!(refused, LogError::Missing { .. }), "{refused}");
		let left = files(&path).unwrap();
		assert_eq!(
			left,
			std::slice::from_ref(&path),
			"who does not start changes nothing"
		);
		let (_, contents, others) = VoteLog::open(&path, &GENESIS, &ME, false, |_| Ok(())).unwrap();
		assert_eq!(contents.durable, None);
		assert_eq!(numbers(&contents), [20]);
		assert_eq!(others[0].path, file_of(&path, &YOU));
		let (_, contents, _) = open(&path, &YOU).unwrap();
		assert_eq!(term(&contents), Term(5), "it was not written for another name");
	}

	#[test]
	fn two_logs_of_one_name_are_one_too_many() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		begin(&path, &ME).append(&[promise(0, 3, 10)]).unwrap();
		for second in [path.clone(), file_of(&path, &YOU)] {
			fs::copy(file_of(&path, &ME), &second).unwrap();
			let refused = open(&path, &ME).unwrap_err();
			assert!(matches!(refused, LogError::Misplaced { .. }), "{refused}");
			fs::remove_file(&second).unwrap();
		}
		// The only one, under another's name: neither may write it.
		fs::rename(file_of(&path, &ME), file_of(&path, &YOU)).unwrap();
		assert!(matches!(open(&path, &ME), Err(LogError::Misplaced { .. })));
		assert!(matches!(open(&path, &YOU), Err(LogError::OtherName(_))));
	}

	#[test]
	fn a_log_of_another_chain_is_refused() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		let own = file_of(&path, &ME);
		begin(&path, &ME).append(&[promise(0, 3, 10)]).unwrap();
		let bytes = fs::read(&own).unwrap();
		for place in [&own, &path] {
			fs::rename(&own, place).unwrap();
			let refused = VoteLog::open(&path, &[8; 32], &ME, false, |_| Ok(())).unwrap_err();
			assert!(matches!(refused, LogError::OtherChain(_)), "{refused}");
			assert_eq!(fs::read(place).unwrap(), bytes);
		}
	}

	#[test]
	fn a_damaged_log_of_another_name_matters_where_one_is_missing() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		two(&path);
		let other = file_of(&path, &YOU);
		for broken in [&b"no log"[..], &[b'-'; 200][..]] {
			fs::write(&other, broken).unwrap();
			let (_, contents, others) = open(&path, &ME).unwrap();
			assert_eq!((term(&contents), others), (Term(3), vec![]));
			assert_eq!(fs::read(&other).unwrap(), broken);
		}
		fs::remove_file(file_of(&path, &ME)).unwrap();
		let refused = VoteLog::open(&path, &GENESIS, &ME, false, |_| Ok(())).unwrap_err();
		assert!(
			matches!(&refused, LogError::Damaged { path, .. } if *path == other),
			"who knows what it says: {refused}"
		);
	}

	/// A part of a log, or what stands in the place of the single file, may be what is left of promises.
	#[test]
	fn a_file_that_is_no_whole_log_is_not_begun_anew() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		two(&path);
		let own = file_of(&path, &ME);
		let bytes = fs::read(&own).unwrap();
		for left in [&[][..], &bytes[..15], &bytes[..HEADER - 1], NO_LOG] {
			fs::write(&own, left).unwrap();
			assert!(is_begun(&path, &ME).unwrap(), "{} bytes", left.len());
			let refused = VoteLog::open(&path, &GENESIS, &ME, false, |_| Ok(())).unwrap_err();
			assert!(
				matches!(&refused, LogError::Damaged { path, offset: 0, .. } if *path == own),
				"{} bytes: {refused}",
				left.len()
			);
			assert!(refused.to_string().contains("--forget-votes"), "{refused}");
			assert_eq!(fs::read(&own).unwrap(), left);
			// Where another one is missing it matters, too.
			let third = AuthorityId([3; 32]);
			let refused = VoteLog::open(&path, &GENESIS, &third, false, |_| Ok(())).unwrap_err();
			assert!(
				matches!(&refused, LogError::Damaged { path, .. } if *path == own),
				"{refused}"
			);
			// The operator says so.
			assert_eq!(forget(&path, &ME).1.durable, None);
			assert_eq!(fs::read(own.with_extension("forgotten")).unwrap(), left);
		}
		fs::remove_file(&own).unwrap();
		for length in [0, 15, HEADER_OF_BEFORE - 1] {
			fs::write(&path, &bytes[..length]).unwrap();
			let refused = VoteLog::open(&path, &GENESIS, &ME, false, |_| Ok(())).unwrap_err();
			assert!(
				matches!(&refused, LogError::Damaged { path: file, .. } if *file == path),
				"{length} bytes: {refused}"
			);
		}
	}

	/// Only that it is not there may mean that it is not there.
	#[test]
	fn a_log_that_cannot_be_looked_at_is_not_begun_anew() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		two(&path);
		let own = file_of(&path, &ME);
		let elsewhere = folder.path().join("disk");
		fs::rename(&own, &elsewhere).unwrap();
		assert!(!is_begun(&path, &ME).unwrap());
		// It is on a disk that is not mounted, or its name leads nowhere.
		for to in [folder.path().join("nothing"), own.clone()] {
			symlink(&to, &own).unwrap();
			assert!(is_begun(&path, &ME).unwrap());
			for forget in [false, true] {
				let refused = VoteLog::open(&path, &GENESIS, &ME, forget, |_| Ok(())).unwrap_err();
				assert!(
					matches!(&refused, LogError::Io { path, .. } if *path == own),
					"{refused}"
				);
			}
			assert_eq!(fs::read_link(&own).unwrap(), to, "nothing is in its place");
			fs::remove_file(&own).unwrap();
		}
		symlink(&elsewhere, &own).unwrap();
		assert_eq!(term(&open(&path, &ME).unwrap().1), Term(3));

		// What is no folder has no file in it, which the system does not say.
		let below = elsewhere.join("votes");
		assert!(is_begun(&below, &ME).is_err());
		let refused = VoteLog::open(&below, &GENESIS, &ME, false, |_| Ok(())).unwrap_err();
		assert!(matches!(refused, LogError::Io { .. }), "{refused}");
	}

	#[test]
	fn what_is_forgotten_is_kept_and_what_can_be_read_is_not_forgotten() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		two(&path);
		let own = file_of(&path, &ME);
		let (mut log, contents, others) = forget(&path, &ME);
		assert_eq!((term(&contents), others.len()), (Term(3), 1));
		log.append(&[promise(0, 4, 11)]).unwrap();
		drop(log);
		// Its first record is not what was written, and another one follows.
		let mut bytes = fs::read(&own).unwrap();
		bytes[HEADER + 41] ^= 1;
		fs::write(&own, &bytes).unwrap();
		assert!(matches!(open(&path, &ME), Err(LogError::Damaged { .. })));
		let (log, contents, others) = forget(&path, &ME);
		assert_eq!((contents.durable, others.len()), (None, 1));
		drop(log);
		assert_eq!(fs::read(own.with_extension("forgotten")).unwrap(), bytes);
		assert_eq!(open(&path, &ME).unwrap().1.durable, None);
		assert_eq!(term(&open(&path, &YOU).unwrap().1), Term(5));

		let single = path.with_extension("forgotten");
		assert!(!single.exists(), "nothing was promised there");

		// A second one, and the single file of before that does not say whose it is.
		fs::write(&path, [b'-'; 200]).unwrap();
		fs::remove_file(&own).unwrap();
		assert!(matches!(open(&path, &ME), Err(LogError::Damaged { .. })));
		drop(forget(&path, &ME));
		assert!(single.exists());
		assert!(open(&path, &ME).is_ok());
	}

	#[test]
	fn who_forgets_has_no_log_of_another_name_put_aside() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("votes");
		two(&path);
		let own = file_of(&path, &ME);
		let yours = file_of(&path, &YOU);
		let bytes = fs::read(&yours).unwrap();
		// Somebody has put it in the place of the other.
		fs::rename(&yours, &own).unwrap();
		let refused = VoteLog::open(&path, &GENESIS, &ME, true, |_| Ok(())).unwrap_err();
		assert!(matches!(refused, LogError::OtherName(_)), "{refused}");
		assert_eq!(fs::read(&own).unwrap(), bytes);
		fs::rename(&own, &yours).unwrap();

		// A second log of the own name is refused, and the one in its place stays.
		begin(&path, &ME).append(&[promise(0, 6, 12)]).unwrap();
		let second = file_of(&path, &AuthorityId([3; 32]));
		fs::copy(&own, &second).unwrap();
		assert!(matches!(open(&path, &ME), Err(LogError::Misplaced { .. })));
		let (_, contents, _) = forget(&path, &ME);
		assert_eq!(term(&contents), Term(6));
		assert!(!second.exists() && second.with_extension("forgotten").exists());
		assert_eq!(fs::read(&yours).unwrap(), bytes);
	}
}

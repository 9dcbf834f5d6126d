use super::*;
use crate::Block;
use blake2::{digest::consts::U16, Blake2b, Digest};
use codec::Encode;
use sp_runtime::{traits::Header as _, OpaqueExtrinsic};
use std::fs;
use veilmart_td_raft::Term;
use veilmart_td_raft_core::safety::Durable;
use veilmart_td_raft_formats::votes::{FIRST, HEAD, HEADER_OF_BEFORE, MAGIC, SECOND};

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

fn blake2_128(bytes: &[u8]) -> [u8; 16] {
	Blake2b::<U16>::digest(bytes).into()
}

/// A record as programs of before wrote it.
fn frame_of_before(entries: &[Entry]) -> Vec<u8> {
	let content = entries.encode();
	let length = (content.len() as u32).to_le_bytes();
	let hash = blake2_128(&[&length[..], &content[..]].concat());
	[&length[..], &hash[..], &content[..]].concat()
}

/// A log as programs of before wrote it.
pub(super) fn log_of_before(authority: &AuthorityId, records: &[Vec<Entry>]) -> Vec<u8> {
	let mut bytes = [&FIRST[..], &GENESIS[..], &authority.0[..]].concat();
	for entries in records {
		bytes.extend(frame_of_before(entries));
	}
	bytes
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

/// Three records: terms 1 to 3, blocks 1 to 3.
fn three() -> [Vec<Entry>; 3] {
	[
		vec![entry(1, Some(block(1)))],
		vec![entry(2, None)],
		vec![entry(2, Some(block(2))), entry(3, Some(block(3)))],
	]
}

/// A log with [`three`] frames. Where it is opened, and its file.
fn filled(directory: &tempfile::TempDir) -> (PathBuf, PathBuf) {
	let path = directory.path().join("chain").join("votes");
	let (mut log, contents) = begin(&path, false).unwrap();
	assert_eq!(contents, Contents::default());
	for entries in three() {
		log.append(&entries).unwrap();
	}
	let file = names::file_of(&path, &ME);
	(path, file)
}

/// The same as programs of before left it.
fn filled_before(directory: &tempfile::TempDir) -> (PathBuf, PathBuf) {
	let path = directory.path().join("chain").join("votes");
	let file = names::file_of(&path, &ME);
	std::fs::create_dir_all(file.parent().unwrap()).unwrap();
	std::fs::write(&file, log_of_before(&ME, &three())).unwrap();
	(path, file)
}

/// The mark of a log.
fn mark_of(bytes: &[u8]) -> Mark {
	Mark(bytes[80..96].try_into().unwrap())
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

/// It takes all that is written, and cannot be synced.
fn without_disk() -> File {
	let mut file = OpenOptions::new().write(true).open("/dev/null").unwrap();
	file.write_all(b"anything").unwrap();
	file
}

#[test]
fn what_is_not_on_the_disk_is_not_in_the_log() {
	let directory = tempfile::tempdir().unwrap();
	let (path, _) = filled(&directory);
	let (mut log, _) = open(&path).unwrap();
	let length = log.length();
	log.file = without_disk();
	assert!(log.append(&[entry(4, None)]).is_err());
	assert_eq!(log.length(), length);
}

/// The power may go behind the rename, before what was written is on the disk.
#[test]
fn a_file_that_is_not_on_the_disk_takes_no_others_place() {
	let directory = tempfile::tempdir().unwrap();
	let [path, new] = ["votes", "votes.new"].map(|name| directory.path().join(name));
	fs::write(&path, "before").unwrap();
	fs::write(&new, "after").unwrap();
	assert!(give_name(&without_disk(), &new, &path).is_err());
	assert_eq!(fs::read(&path).unwrap(), b"before");
	give_name(&File::open(&new).unwrap(), &new, &path).unwrap();
	assert_eq!(fs::read(&path).unwrap(), b"after");
}

#[test]
fn wherever_the_last_write_was_cut_the_ones_before_are_there() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let whole = std::fs::read(&file).unwrap();
	let [.., last] = three();
	let last = mark_of(&whole).frame(0, &last).unwrap().len();
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
	let is_refused = |damage: &dyn Fn(&mut [u8]), what: &str| {
		let mut bad = bytes.clone();
		damage(&mut bad[HEADER..]);
		std::fs::write(&file, &bad).unwrap();
		let error = open(&path).unwrap_err();
		assert!(
			matches!(error, LogError::Damaged { offset, .. } if offset == HEADER as u64),
			"{what}: {error}"
		);
		assert_eq!(std::fs::read(&file).unwrap(), bad, "{what}");
	};
	// In the content, in the hash, in the length: beyond the end, and short of it. In the mark.
	for (at, bit) in [(HEAD + 5, 1), (23, 1), (19, 0x40), (18, 1), (16, 1), (0, 1)] {
		is_refused(&|frames| frames[at] ^= bit, &format!("byte {at}"));
	}
	is_refused(&|frames| frames[..HEAD].fill(0), "all before the content");
	std::fs::write(&file, &bytes).unwrap();
	assert!(open(&path).is_ok());
}

/// Only the last one may have been torn. What was synced and is damaged, as the last one is, was a promise.
#[test]
fn two_records_that_are_not_what_was_written_are_a_reason_not_to_start() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let bytes = std::fs::read(&file).unwrap();
	let [first, second, _] = three().map(|entries| mark_of(&bytes).frame(0, &entries).unwrap().len());
	let [second, third] = [HEADER + first, HEADER + first + second];
	for at in [second + HEAD, second + 20, second] {
		let mut bad = bytes.clone();
		bad[at] ^= 1;
		bad[third + HEAD] ^= 1;
		std::fs::write(&file, &bad).unwrap();
		let error = open(&path).unwrap_err();
		assert!(
			matches!(&error, LogError::Damaged { path, offset, .. } if *path == file && *offset == second as u64),
			"byte {at}: {error}"
		);
		assert_eq!(std::fs::read(&file).unwrap(), bad, "byte {at}");
	}
}

/// Its frames would be none with another mark.
#[test]
fn a_damaged_header_is_a_reason_not_to_start() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let bytes = std::fs::read(&file).unwrap();
	for at in 0..HEADER {
		for bit in [1, 0x80] {
			let mut bad = bytes.clone();
			bad[at] ^= bit;
			std::fs::write(&file, &bad).unwrap();
			let error = open(&path).unwrap_err();
			assert!(
				matches!(error, LogError::Damaged { offset: 0, .. }),
				"byte {at}: {error}"
			);
			assert_eq!(std::fs::read(&file).unwrap(), bad, "byte {at}");
			assert!(is_begun(&path, &ME).unwrap(), "byte {at}");
		}
	}
}

/// A log has its name only when it is on the disk: so this is what a copy or a disk has left of one.
#[test]
fn a_file_without_its_whole_header_is_damaged() {
	type Make = fn(&tempfile::TempDir) -> (PathBuf, PathBuf);
	let versions: [(Make, usize); 2] = [(filled, HEADER), (filled_before, HEADER_OF_BEFORE)];
	for (make, header) in versions {
		let directory = tempfile::tempdir().unwrap();
		let (path, file) = make(&directory);
		let bytes = std::fs::read(&file).unwrap();
		for length in 0..header {
			std::fs::write(&file, &bytes[..length]).unwrap();
			assert!(is_begun(&path, &ME).unwrap(), "{length} bytes");
			for refused in [open(&path), begin(&path, false)] {
				let error = refused.unwrap_err();
				assert!(
					matches!(&error, LogError::Damaged { path, offset: 0, .. } if *path == file),
					"{length} bytes: {error}"
				);
			}
			assert_eq!(std::fs::read(&file).unwrap(), bytes[..length]);
		}
		std::fs::write(&file, &bytes[..header]).unwrap();
		assert!(is_begun(&path, &ME).unwrap());
		assert_eq!(open(&path).unwrap().1, Contents::default());
	}
}

#[test]
fn a_log_of_before_goes_on_in_the_present_version_with_all_that_is_in_it() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled_before(&directory);
	let before = fs::read(&file).unwrap();
	let blocks = [block(1), block(2), block(3)];

	// A program of before still runs.
	let running = VoteLog::lock(&file).unwrap();
	assert!(matches!(open(&path), Err(LogError::InUse(_))));
	drop(running);
	assert_eq!(fs::read(&file).unwrap(), before);

	let (mut log, contents) = open(&path).unwrap();
	assert_eq!(term(&contents), Term(3));
	assert_eq!(contents.blocks, blocks);
	let anew = fs::read(&file).unwrap();
	assert!(anew.starts_with(MAGIC));
	assert!(
		matches!(open(&path), Err(LogError::InUse(_))),
		"it is locked, too"
	);
	log.append(&[entry(4, Some(block(4)))]).unwrap();
	drop(log);
	let (_, contents) = open(&path).unwrap();
	assert_eq!(term(&contents), Term(4));
	assert_eq!(contents.blocks[..3], blocks);
	assert_eq!(contents.blocks[3..], [block(4)]);

	// The power went before the new file had the name, whatever of it was there.
	let beside = file.with_extension("new");
	for length in [0, 10, HEADER_OF_BEFORE, anew.len() - 1, anew.len()] {
		fs::write(&file, &before).unwrap();
		fs::write(&beside, &anew[..length]).unwrap();
		let (_, contents) = open(&path).unwrap();
		assert_eq!(term(&contents), Term(3), "{length} bytes");
		assert_eq!(contents.blocks, blocks, "{length} bytes");
		assert!(!beside.exists(), "{length} bytes");
	}
}

#[test]
fn a_log_of_version_02_goes_on_in_the_present_one() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let mut bytes = fs::read(&file).unwrap();
	let mark = mark_of(&bytes);
	let mut place = HEADER;
	for entries in three() {
		bytes[place..place + 16].copy_from_slice(&mark.0);
		place += mark.frame(0, &entries).unwrap().len();
	}
	bytes[..16].copy_from_slice(SECOND);
	let hash = blake2_128(&bytes[..96]);
	bytes[96..HEADER].copy_from_slice(&hash);
	fs::write(&file, &bytes).unwrap();
	let (log, contents) = open(&path).unwrap();
	assert_eq!((term(&contents), numbers(&contents)), (Term(3), vec![1, 2, 3]));
	assert!(fs::read(&file).unwrap().starts_with(MAGIC));
	drop(log);
	let (_, contents) = open(&path).unwrap();
	assert_eq!((term(&contents), numbers(&contents)), (Term(3), vec![1, 2, 3]));
}

#[test]
fn each_file_has_a_mark_of_its_own() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let mut marks = vec![mark_of(&std::fs::read(&file).unwrap())];
	for _ in 0..3 {
		open(&path).unwrap().0.compact(0).unwrap();
		let mark = mark_of(&std::fs::read(&file).unwrap());
		assert!(!marks.contains(&mark));
		marks.push(mark);
	}
	let other = tempfile::tempdir().unwrap();
	let (_, file) = filled(&other);
	assert!(!marks.contains(&mark_of(&std::fs::read(file).unwrap())));
}

#[test]
fn a_missing_log_is_begun_only_where_that_is_allowed_or_the_operator_says_so() {
	let directory = tempfile::tempdir().unwrap();
	let path = directory.path().join("votes");
	let error = open(&path).unwrap_err();
	assert!(matches!(error, LogError::Missing { .. }));
	for words in ["--forget-votes", "but the database has blocks"] {
		assert!(error.to_string().contains(words), "{error}");
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

/// Its name has gone to another file between the opening and the lock: that file binds, and not the one that is locked.
#[test]
fn the_file_that_is_locked_is_the_one_with_the_name() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let early = || fs::File::options().read(true).write(true).open(&file).unwrap();
	assert!(VoteLog::lock_opened(early(), &file).unwrap().is_some());
	let opened = early();
	open(&path).unwrap().0.compact(0).unwrap();
	assert!(VoteLog::lock_opened(opened, &file).unwrap().is_none());
	let opened = early();
	fs::remove_file(&file).unwrap();
	assert!(VoteLog::lock_opened(opened, &file).unwrap().is_none());
}

/// Two processes have found no log, or the file of one is no longer the one that it has open.
#[test]
fn a_log_takes_no_other_files_place() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let bytes = fs::read(&file).unwrap();
	let nothing = Contents::default();
	let refused = VoteLog::put(&file, GENESIS, ME, &nothing, false).unwrap_err();
	assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
	assert_eq!(fs::read(&file).unwrap(), bytes);

	let (mut log, _) = open(&path).unwrap();
	let copy = file.with_extension("copy");
	fs::copy(&file, &copy).unwrap();
	fs::rename(&copy, &file).unwrap();
	assert!(matches!(log.compact(0), Err(LogError::Io { .. })));
	assert_eq!(fs::read(&file).unwrap(), bytes);

	// One that another process writes at this moment stays as it is.
	let new = file.with_extension("new");
	fs::write(&new, b"half").unwrap();
	let other = create(&new).unwrap();
	flock(&other, FlockOperation::NonBlockingLockExclusive).unwrap();
	assert!(VoteLog::put(&file, GENESIS, ME, &nothing, true).is_err());
	assert_eq!(fs::read(&new).unwrap(), b"half");
}

#[test]
fn nobody_but_the_nodes_user_reads_a_log() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
	assert_eq!(mode(&file), 0o600);
	assert_eq!(mode(&path), 0o600);
	// As programs of before have left it, and a file that was being written.
	for wide in [&file, &file.with_extension("new")] {
		fs::write(wide, fs::read(&file).unwrap()).unwrap();
		fs::set_permissions(wide, Permissions::from_mode(0o644)).unwrap();
	}
	let (mut log, _) = open(&path).unwrap();
	assert_eq!(mode(&file), 0o600);
	log.compact(0).unwrap();
	assert_eq!(mode(&file), 0o600);
}

#[test]
fn a_directory_is_created_with_all_above_it() {
	let directory = tempfile::tempdir().unwrap();
	let file = directory.path().join("one").join("two").join("votes");
	for _ in 0..2 {
		create_directory_of(&file).unwrap();
		assert!(file.parent().unwrap().is_dir());
	}
	fs::write(&file, b"no folder").unwrap();
	assert!(create_directory_of(&file.join("three").join("votes")).is_err());
	assert!(create_directory_of(Path::new("votes")).is_ok());
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

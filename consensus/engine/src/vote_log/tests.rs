use super::{
	records::{size, HEAD},
	*,
};
use sp_runtime::{traits::Header as _, OpaqueExtrinsic};
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

/// A record as programs of before wrote it.
pub(super) fn frame_of_before(entries: &[Entry]) -> Vec<u8> {
	let content = entries.encode();
	let length = (content.len() as u32).to_le_bytes();
	[
		&length[..],
		&digest(&[&length[..], &content[..]])[..],
		&content[..],
	]
	.concat()
}

/// A log as programs of before wrote it.
pub(super) fn log_of_before(authority: &AuthorityId, records: &[Vec<Entry>]) -> Vec<u8> {
	let mut bytes = [&first::MAGIC[..], &GENESIS[..], &authority.0[..]].concat();
	for entries in records {
		bytes.extend(frame_of_before(entries));
	}
	bytes
}

/// As beside a database with blocks: none is begun.
pub(super) fn open(path: &Path) -> Result<(VoteLog, Contents), LogError> {
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
pub(super) fn filled_before(directory: &tempfile::TempDir) -> (PathBuf, PathBuf) {
	let path = directory.path().join("chain").join("votes");
	let file = names::file_of(&path, &ME);
	std::fs::create_dir_all(file.parent().unwrap()).unwrap();
	std::fs::write(&file, log_of_before(&ME, &three())).unwrap();
	(path, file)
}

/// The mark of a log.
fn mark_of(bytes: &[u8]) -> Mark {
	Mark(bytes[NAMES..HASHED].try_into().unwrap())
}

/// Bytes without a pattern, always the same.
pub(super) fn noise(count: usize) -> Vec<u8> {
	let mut state = 0x9e37_79b9_7f4a_7c15_u64;
	let mut next = || {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		state as u8
	};
	(0..count).map(|_| next()).collect()
}

/// A log with one more record, whose first page did not reach the disk. It ends with a transaction in which a client has put what it
/// chose for the place of the file where that is.
pub(super) fn torn(
	whole: &[u8],
	frame: &dyn Fn(&[Entry]) -> Vec<u8>,
	choose: &dyn Fn(u64) -> Vec<u8>,
) -> Vec<u8> {
	const PAGE: usize = 4096;
	let record = |chosen: &[u8]| {
		let mut sent = block(4);
		sent.extrinsics = vec![OpaqueExtrinsic::from_blob([&[b'-'; PAGE][..], chosen].concat())];
		frame(&[entry(4, Some(sent))])
	};
	let length = choose(0).len();
	let place = whole.len() + record(&vec![0; length]).len() - length;
	let chosen = choose(place as u64);
	let mut bytes = record(&chosen);
	assert!(bytes.ends_with(&chosen));
	bytes[..PAGE].fill(0);
	[whole, &bytes[..]].concat()
}

pub(super) fn term(contents: &Contents) -> Term {
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

/// Somebody sends a transaction full of what looks like the beginning of a frame, and the power goes while it is written.
#[test]
fn what_a_torn_record_has_in_it_does_not_make_the_start_long() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let whole = std::fs::read(&file).unwrap();
	let mark = mark_of(&whole);
	// What the beginning of a frame of version 01 looks like: half a MiB, then a list of one entry whose number of starts is small.
	// Sixteen bytes, of which each begins the next.
	let looks: [u8; 16] = [0, 0, 8, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
	let mut chosen = block(4);
	chosen.extrinsics = vec![OpaqueExtrinsic::from_blob(looks.repeat(1 << 16))];
	let torn = mark
		.frame(whole.len() as u64, &[entry(4, Some(chosen)), entry(5, None)])
		.unwrap();
	// Each of these is many seconds of hashing if all that could be a frame is.
	for cut in [1, 100, 1 << 19] {
		let bytes = [&whole[..], &torn[..torn.len() - cut]].concat();
		std::fs::write(&file, bytes).unwrap();
		let (_, contents) = open(&path).unwrap();
		assert_eq!(term(&contents), Term(3), "{cut} bytes are missing");
		assert_eq!(std::fs::read(&file).unwrap(), whole);
	}
	// Or its end was not written, but is there; or its beginning, or the length that stands there.
	for zeros in [torn.len() - (1 << 19)..torn.len(), 0..100, 16..20] {
		let mut zeroed = torn.clone();
		zeroed[zeros.clone()].fill(0);
		std::fs::write(&file, [&whole[..], &zeroed[..]].concat()).unwrap();
		assert_eq!(term(&open(&path).unwrap().1), Term(3), "{zeros:?}");
		assert_eq!(std::fs::read(&file).unwrap(), whole);
	}
}

/// What a page of a torn record may have in it: what a client chose, or what the disk had there before.
#[test]
fn what_is_in_a_torn_record_is_no_frame_that_follows() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let before = mark_of(&std::fs::read(&file).unwrap());
	open(&path).unwrap().0.compact(0).unwrap();
	let whole = std::fs::read(&file).unwrap();
	let mark = mark_of(&whole);
	let written = |entries: &[Entry]| mark.frame(whole.len() as u64, entries).unwrap();
	let forged = [entry(9, None)];
	let is_cut_off = |choose: &dyn Fn(u64) -> Vec<u8>, what: &str| {
		std::fs::write(&file, torn(&whole, &written, choose)).unwrap();
		match open(&path) {
			Ok((_, contents)) => assert_eq!(term(&contents), Term(3), "{what}"),
			Err(error) => panic!("{what}: {error}"),
		}
		assert_eq!(std::fs::read(&file).unwrap(), whole, "{what}");
	};
	is_cut_off(&|_| frame_of_before(&forged), "whose hash everybody can make");
	is_cut_off(
		&|place| before.frame(place, &forged).unwrap(),
		"of the log before it was written anew",
	);
	is_cut_off(
		&|place| Mark::draw().unwrap().frame(place, &forged).unwrap(),
		"of another log",
	);
	let length = HEAD + size(&whole[HEADER + 16..HEADER + 20]) as usize;
	is_cut_off(
		&|_| whole[HEADER..HEADER + length].to_vec(),
		"of this log, in another place",
	);

	// One that the node wrote there is found: the others were passed over for what they are.
	let follows = torn(&whole, &written, &|place| mark.frame(place, &forged).unwrap());
	std::fs::write(&file, &follows).unwrap();
	let error = open(&path).unwrap_err();
	assert!(
		matches!(error, LogError::Damaged { offset, .. } if offset == whole.len() as u64),
		"{error}"
	);
	assert_eq!(std::fs::read(&file).unwrap(), follows);
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
			assert!(is_begun(&path, &ME), "byte {at}");
		}
	}
}

#[test]
fn a_file_without_its_whole_header_is_no_log() {
	let directory = tempfile::tempdir().unwrap();
	let (path, file) = filled(&directory);
	let bytes = std::fs::read(&file).unwrap();
	for length in 0..HEADER {
		std::fs::write(&file, &bytes[..length]).unwrap();
		assert!(!is_begun(&path, &ME), "{length} bytes");
		let error = open(&path).unwrap_err();
		assert!(
			matches!(error, LogError::Missing { .. }),
			"{length} bytes: {error}"
		);
		assert_eq!(
			std::fs::read(&file).unwrap(),
			bytes[..length],
			"it is not begun where that is not allowed"
		);
		let (_, contents) = begin(&path, false).unwrap();
		assert_eq!(contents, Contents::default(), "{length} bytes");
	}
	std::fs::write(&file, &bytes[..HEADER]).unwrap();
	assert!(is_begun(&path, &ME));
	assert_eq!(open(&path).unwrap().1, Contents::default());
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

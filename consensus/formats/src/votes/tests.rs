use super::*;
use sp_runtime::{traits::Header as _, OpaqueExtrinsic};
use veilmart_td_raft::Term;

const GENESIS: BlockHash = [7; 32];
const ME: AuthorityId = AuthorityId([1; 32]);
const MARK: Mark = Mark([
	0x30, 0x8d, 0x31, 0x31, 0x98, 0xa2, 0xe0, 0x37, 0x07, 0x34, 0x4a, 0x40, 0x93, 0x82, 0x22, 0x99,
]);

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

/// A record as it was written in version 01.
pub(super) fn frame_of_before(entries: &[Entry]) -> Vec<u8> {
	let content = entries.encode();
	let length = (content.len() as u32).to_le_bytes();
	let hash = digest(&[&length[..], &content[..]]);
	[&length[..], &hash[..], &content[..]].concat()
}

/// Three records: terms 1 to 3, blocks 1 to 3.
fn three() -> [Vec<Entry>; 3] {
	[
		vec![entry(1, Some(block(1)))],
		vec![entry(2, None)],
		vec![entry(2, Some(block(2))), entry(3, Some(block(3)))],
	]
}

/// A log of version 01 with [`three`] records.
pub(super) fn records_of_before() -> Vec<u8> {
	let mut bytes = [&FIRST[..], &GENESIS[..], &ME.0[..]].concat();
	for entries in three() {
		bytes.extend(frame_of_before(&entries));
	}
	bytes
}

/// A log with [`three`] records, and where each of them begins.
fn records() -> (Vec<u8>, [usize; 3]) {
	let mut bytes = header(&GENESIS, &ME, &MARK);
	let begins = three().map(|entries| {
		let begin = bytes.len();
		bytes.extend(MARK.frame(begin as u64, &entries).unwrap());
		begin
	});
	(bytes, begins)
}

/// The same as it was written in version 02: without places at the beginnings.
fn records_of_02() -> (Vec<u8>, [usize; 3]) {
	let (mut bytes, begins) = records();
	for begin in begins {
		bytes[begin..begin + 16].copy_from_slice(&MARK.0);
	}
	bytes[..16].copy_from_slice(SECOND);
	let hash = digest(&[&bytes[..HASHED]]);
	bytes[HASHED..HEADER].copy_from_slice(&hash);
	(bytes, begins)
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

/// What is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
	pub(super) term: Option<u64>,
	pub(super) blocks: Vec<u32>,
	pub(super) end: u64,
}

impl Seen {
	pub(super) fn new(term: u64, blocks: &[u32], end: usize) -> Self {
		Self {
			term: Some(term),
			blocks: blocks.to_vec(),
			end: end as u64,
		}
	}

	/// Or where it is damaged.
	pub(super) fn of(read: Result<(Contents, u64), Damage>) -> Result<Self, u64> {
		let (contents, end) = read.map_err(|damage| damage.offset)?;
		Ok(Self {
			term: contents.durable.map(|durable| durable.current_term.0),
			blocks: contents.blocks.iter().map(|block| block.header.number).collect(),
			end,
		})
	}
}

/// What a file holds, by its header.
fn seen(bytes: &[u8]) -> Result<Seen, u64> {
	let Whose::Of(GENESIS, ME, format) = Whose::by(&bytes[..bytes.len().min(HEADER)]) else {
		panic!("it is not {ME:?}'s");
	};
	Seen::of(read(bytes, &format))
}

/// Both versions with a mark.
fn both() -> [(Vec<u8>, [usize; 3]); 2] {
	[records(), records_of_02()]
}

#[test]
fn what_was_written_is_read_in_each_version() {
	for bytes in [records().0, records_of_02().0, records_of_before()] {
		assert_eq!(seen(&bytes), Ok(Seen::new(3, &[1, 2, 3], bytes.len())));
	}
}

#[test]
fn a_file_is_a_log_with_its_whole_header_only() {
	let (bytes, _) = records();
	assert_eq!(
		Whose::by(&bytes[..HEADER]),
		Whose::Of(GENESIS, ME, Format::Third(MARK))
	);
	for (bytes, header) in [
		(records().0, HEADER),
		(records_of_02().0, HEADER),
		(records_of_before(), HEADER_OF_BEFORE),
	] {
		for length in 0..header {
			assert_eq!(Whose::by(&bytes[..length]), Whose::Cut, "{length} bytes");
		}
		assert!(matches!(Whose::by(&bytes[..header]), Whose::Of(GENESIS, ME, _)));
		assert!(matches!(
			read(&bytes[..header - 1], &Format::Third(MARK)),
			Err(Damage { offset: 0, .. })
		));
	}
	for at in 0..HEADER {
		let mut bad = bytes[..HEADER].to_vec();
		for bit in 0..8 {
			bad[at] ^= 1 << bit;
			assert_eq!(Whose::by(&bad), Whose::Unknown, "byte {at}, bit {bit}");
			bad[at] ^= 1 << bit;
		}
	}
	for (bytes, _) in both() {
		let of_01 = [&FIRST[..], &bytes[16..HEADER]].concat();
		assert_eq!(
			Whose::by(&of_01),
			Whose::Unknown,
			"its hash says that it is later"
		);
	}
	assert_eq!(Whose::by(NO_LOG), Whose::Nobody);
	assert_eq!(Whose::by(&NO_LOG[..20]), Whose::Nobody);
	assert_eq!(Whose::by(&[b'-'; 200]), Whose::Unknown);
}

#[test]
fn wherever_the_last_write_was_cut_the_ones_before_are_there() {
	for (whole, [_, _, last]) in both() {
		let before = Ok(Seen::new(2, &[1], last));
		for length in last..whole.len() {
			assert_eq!(seen(&whole[..length]), before, "{length} bytes");
		}
		// Zeros in place of what was not written, as some file systems leave them: all but two bytes, its end, all before its content,
		// its length.
		for zeros in [
			last + 2..whole.len(),
			whole.len() - 50..whole.len(),
			last..last + HEAD,
			last + 16..last + 20,
		] {
			let mut zeroed = whole.clone();
			zeroed[zeros.clone()].fill(0);
			assert_eq!(seen(&zeroed), before, "{zeros:?}");
		}
	}
}

/// What is done to a frame, in words and in fact.
type Harm = (&'static str, fn(&mut [u8]));

/// What has become of a frame.
const DAMAGES: [Harm; 5] = [
	("a bit of its content", |frame| frame[HEAD + 5] ^= 1),
	("a bit of its hash", |frame| frame[23] ^= 1),
	("a bit of its beginning", |frame| frame[3] ^= 1),
	("all before its content", |frame| frame[..HEAD].fill(0)),
	("its content", |frame| frame[HEAD..].fill(0)),
];

/// Only the last record may have been torn: one that others follow was on the disk, whatever has become of those.
#[test]
fn a_record_with_others_behind_it_is_damaged_though_those_are_not_whole_either() {
	let (whole, begins) = records();
	let ends = [begins[1], begins[2], whole.len()];
	for first in 0..2 {
		for (one, damage) in DAMAGES {
			let mut bad = whole.clone();
			damage(&mut bad[begins[first]..ends[first]]);
			let expected = Err(begins[first] as u64);
			assert_eq!(seen(&bad), expected, "{one} of record {first}");
			for second in first + 1..3 {
				for (other, damage) in DAMAGES {
					let mut both = bad.clone();
					damage(&mut both[begins[second]..ends[second]]);
					// Of two neighbours without their beginnings, at the end of the file, nothing says that they are two.
					let beginnings =
						[one, other].map(|what| what.contains("beginning") || what.contains("before"));
					if second == 2 && first == 1 && beginnings == [true, true] {
						continue;
					}
					assert_eq!(seen(&both), expected, "{one} of {first}, {other} of {second}");
				}
			}
			// The last one was torn, too.
			for cut in [1, 100] {
				assert_eq!(
					seen(&bad[..bad.len() - cut]),
					expected,
					"{one} of {first}, cut {cut}"
				);
			}
		}
	}
}

#[test]
fn a_record_of_version_02_with_others_behind_it_is_damaged_though_those_are_not_whole_either() {
	let (whole, [_, second, third]) = records_of_02();
	for at in [second, second + 3, second + 16, second + 23, second + HEAD] {
		let mut bad = whole.clone();
		bad[at] ^= 1;
		assert_eq!(seen(&bad), Err(second as u64), "byte {at}");
		bad[third + HEAD] ^= 1;
		assert_eq!(seen(&bad), Err(second as u64), "byte {at} and one of the last");
	}
}

/// What a page of a torn record may have in it: what a client chose, or what the disk had there before.
#[test]
fn what_is_in_a_torn_record_is_no_record_that_follows() {
	let (whole, [first, second, _]) = records();
	let written = |entries: &[Entry]| MARK.frame(whole.len() as u64, entries).unwrap();
	let forged = [entry(9, None)];
	let other = Mark([0x5a; 16]);
	let before = Ok(Seen::new(3, &[1, 2, 3], whole.len()));
	let is_left_out = |choose: &dyn Fn(u64) -> Vec<u8>, what: &str| {
		assert_eq!(seen(&torn(&whole, &written, choose)), before, "{what}");
	};
	is_left_out(&|_| frame_of_before(&forged), "whose hash everybody can make");
	is_left_out(
		&|place| other.frame(place, &forged).unwrap(),
		"of another log, or of this one before it was written anew",
	);
	is_left_out(
		&|_| whole[first..second].to_vec(),
		"of this log, in another place",
	);

	// One that the node wrote there is found: the others were passed over for what they are.
	let follows = torn(&whole, &written, &|place| MARK.frame(place, &forged).unwrap());
	assert_eq!(seen(&follows), Err(whole.len() as u64));
}

/// A record that is what its hash says, and not one that this program writes.
#[test]
fn a_record_that_nobody_writes_so_is_damage() {
	let begin = header(&GENESIS, &ME, &MARK);
	let one = MARK.frame(HEADER as u64, &[entry(1, None)]).unwrap();
	let content = &one[HEAD..];
	let with = |content: &[u8]| {
		let place = HEADER as u64;
		let length = (content.len() as u32).to_le_bytes();
		let hash = digest(&[&MARK.0[..], &place.to_le_bytes()[..], &length[..], content]);
		// The mark with place and length: docs/formats.md.
		let bound = [&place.to_le_bytes()[..], &length[..], &[0; 4]].concat();
		let first: Vec<u8> = MARK
			.0
			.iter()
			.zip(bound)
			.map(|(mark, other)| mark ^ other)
			.collect();
		let bytes = [&begin[..], &first[..], &length[..], &hash[..], content].concat();
		seen(&bytes)
	};
	assert!(with(content).is_ok());
	let end = [content, &[0]].concat();
	let many = vec![entry(1, None); MOST + 1].encode();
	for (what, content) in [
		("a byte more", &end[..]),
		("too many", &many[..]),
		("none", &[0_u8][..]),
		("empty", &[0_u8; 0][..]),
	] {
		assert_eq!(with(content), Err(HEADER as u64), "{what}");
	}
}

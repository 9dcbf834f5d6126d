//! Vote logs, byte by byte: no file makes a node panic, a log that was cut short has what is whole in it, and one that is damaged before
//! its end is none.
//!
//! The first byte of an input chooses one of [`FORMATS`].

use sp_io::hashing::blake2_128;
use veilmart_td_raft::AuthorityId;
use veilmart_td_raft_formats::votes::{self, Entry, Format, Mark, Whose, HEADER};

use crate::{in_format, setting::GENESIS, target, whole, Target};

/// Any file. Accepted is a log that is not damaged, of each version.
fn file(data: &[u8]) -> bool {
	let Whose::Of(genesis, authority, format) = Whose::by(&data[..data.len().min(HEADER)]) else {
		return false;
	};
	if let Format::Third(mark) = format {
		assert_eq!(votes::header(&genesis, &authority, &mark), data[..HEADER]);
	}
	let Ok(read) = votes::read(data, &format) else {
		return false;
	};
	let end = usize::try_from(read.1).expect("it is in the file");
	assert_eq!(
		votes::read(&data[..end], &format),
		Ok(read),
		"what was taken off was missed"
	);
	true
}

/// Whatever is recorded is read again, wherever the file is cut or a bit of it changed. The fuzzer finds no hash, nor the mark, by itself.
fn records(data: &[u8]) -> bool {
	let Some((at, records)) = whole::<(u32, Vec<Vec<Entry>>)>(data) else {
		return false;
	};
	let mark = Mark(blake2_128(data));
	let mut file = votes::header(&GENESIS, &AuthorityId([1; 32]), &mark);
	// Where each record begins, and where the last one ends.
	let mut bounds = vec![file.len()];
	for entries in &records {
		let Some(frame) = mark.frame(file.len() as u64, entries) else {
			return false;
		};
		file.extend(frame);
		bounds.push(file.len());
	}
	let end = |bytes: &[u8]| {
		votes::read(bytes, &Format::Third(mark))
			.map(|(_, end)| end)
			.map_err(|damage| damage.offset)
	};

	let (contents, all) = votes::read(&file, &Format::Third(mark)).expect("it was written");
	assert_eq!(all, file.len() as u64);
	let entries = || records.iter().flatten();
	assert_eq!(
		contents.durable.as_ref(),
		entries().last().map(|entry| &entry.durable)
	);
	assert!(contents
		.blocks
		.iter()
		.eq(entries().filter_map(|entry| entry.block.as_ref())));

	let length = file.len() - HEADER;
	let cut = HEADER + at as usize % (length + 1);
	let whole = bounds.iter().rfind(|bound| **bound <= cut);
	assert_eq!(
		end(&file[..cut]).ok(),
		whole.map(|bound| *bound as u64),
		"cut at {cut}"
	);

	if length > 0 {
		let place = HEADER + at as usize % length;
		let begin = bounds.iter().rposition(|bound| *bound <= place);
		let begin = begin.expect("it is behind the header");
		file[place] ^= 1;
		let damaged = end(&file);
		let of_it = bounds[begin] as u64;
		// A bit of the last record may be what was not written.
		let is_last = begin + 2 == bounds.len();
		assert!(
			damaged == Err(of_it) || is_last && damaged == Ok(of_it),
			"byte {place}: {damaged:?}"
		);
	}
	true
}

/// What the first byte chooses from: a file; and a number with what records hold, for a place of the file that they make.
pub const FORMATS: [Target; 2] = [target("file", file), target("records", records)];

/// Accepted is a log that is not damaged, or what one may hold.
pub fn run(data: &[u8]) -> bool {
	in_format(&FORMATS, data)
}

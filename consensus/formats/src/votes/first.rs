//! Version 01 of the vote log. It is only read: what is opened is written anew.
//!
//! Frames follow magic, genesis hash and authority:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the content, little-endian |
//! | 16 | BLAKE2b of length and content |
//! | | content, as now; the first number of starts is below 2³² |
//!
//! Everybody can make such a frame. If one is in a transaction, and just the record with its block is torn without its beginning, it
//! counts as a record that follows, and the node does not start. Nor is it known of two frames that are both not what was written that
//! there are two. A log has these faults until it is written anew. What a frame says of itself takes the place of that search where it
//! can.

use codec::{Decode, Input};

use super::{
	records::{digest, size},
	Entry, LONGEST, MOST, NAMES,
};

/// What the file began with in version 01.
pub const MAGIC: &[u8; 16] = b"td-raft votes 01";
/// Magic, genesis hash, authority: bytes before the first frame in version 01.
pub const HEADER: usize = NAMES;
/// Length and hash before a frame's content.
pub(super) const HEAD: usize = 4 + 16;
/// Bytes that the search for whole frames hashes, for each one in which it looks. What it cannot look through with this counts as
/// followed: that is what somebody has made who wanted the search to take long.
const HASHED_PER_BYTE: usize = 64;

/// What stands behind the length.
pub(super) fn checksum(length: &[u8], content: &[u8]) -> [u8; 16] {
	digest(&[length, content])
}

/// Whether others follow the frame with which these bytes begin, and which is not whole.
pub(super) fn is_followed(bytes: &[u8]) -> bool {
	// Its length, too, may be what was not written.
	bytes
		.split_at_checked(HEAD)
		.is_some_and(|(head, content)| !is_last(size(&head[..4]), content))
		&& holds_a_frame(&bytes[1..], checksum)
}

/// How the content of every frame begins: none was ever written otherwise. The number of entries is a compact number of one byte;
/// then the first entry's state begins with the number of starts, whose upper half is zero.
fn begins_as_content(content: &[u8]) -> bool {
	match content {
		[count, _, _, _, _, 0, 0, 0, 0, ..] => {
			*count & 0b11 == 0 && (1..=MOST).contains(&usize::from(*count >> 2))
		}
		_ => false,
	}
}

/// Bytes to decode, and whether more of them were wanted than there are.
struct Cut<'a> {
	bytes: &'a [u8],
	is_short: bool,
}

impl Input for Cut<'_> {
	/// Left open: what is announced longer than it is shall be read, and found to be short.
	fn remaining_len(&mut self) -> Result<Option<usize>, codec::Error> {
		Ok(None)
	}

	fn read(&mut self, into: &mut [u8]) -> Result<(), codec::Error> {
		self.is_short |= into.len() > self.bytes.len();
		Input::read(&mut self.bytes, into)
	}
}

/// Whether this is the beginning of a frame's content, and not all of it.
fn is_cut_short(bytes: &[u8]) -> bool {
	let mut input = Cut {
		bytes,
		is_short: false,
	};
	Vec::<Entry>::decode(&mut input).is_err() && input.is_short
}

/// Whether a frame of this length, of which these bytes are there and the content is not whole, is the last of its file. Its length
/// says so; one that is longer than what is there may be damaged, so that its content has to say so, too.
///
/// Else the search for whole frames behind it would be in the hands of whoever chooses its content: a transaction full of what
/// could begin a frame makes it take minutes.
fn is_last(length: u32, content: &[u8]) -> bool {
	let wanted = length as usize;
	length <= LONGEST && (wanted == content.len() || wanted > content.len() && is_cut_short(content))
}

/// Whether a whole frame begins anywhere in these bytes. What does not begin as one is not hashed: a random length fits often
/// enough, so that a torn frame of some megabytes took many seconds, and a torn batch hours.
fn holds_a_frame(bytes: &[u8], mut hash: impl FnMut(&[u8], &[u8]) -> [u8; 16]) -> bool {
	let mut left = bytes.len().saturating_mul(HASHED_PER_BYTE);
	bytes.windows(HEAD).enumerate().any(|(at, head)| {
		let (length, expected) = head.split_at(4);
		let content = bytes
			.get(at + HEAD..)
			.and_then(|rest| rest.get(..size(length) as usize))
			.filter(|content| begins_as_content(content));
		content.is_some_and(|content| match left.checked_sub(content.len()) {
			Some(rest) => {
				left = rest;
				hash(length, content) == expected
			}
			None => true,
		})
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		votes::{
			read,
			tests::{block, entry, frame_of_before, noise, records_of_before, torn, Seen},
			Format,
		},
		Block,
	};
	use sp_runtime::OpaqueExtrinsic;
	use std::cell::Cell;

	fn seen(bytes: &[u8]) -> Result<Seen, u64> {
		Seen::of(read(bytes, &Format::First))
	}

	/// Against BLAKE2b as another library has it.
	#[test]
	fn a_checksum_is_of_length_and_content() {
		let hash = [
			0x5e, 0xfb, 0xbb, 0x98, 0x67, 0x5a, 0xc3, 0x4f, 0x5f, 0x8a, 0xae, 0x3c, 0x36, 0x9d, 0xc6, 0x0d,
		];
		let frame = [&[3_u8, 0, 0, 0][..], &hash[..], b"abc"].concat();
		assert_eq!(Format::First.content(7, &frame), Some(&b"abc"[..]));
	}

	#[test]
	fn every_record_begins_as_the_search_for_whole_ones_wants_it() {
		for count in 1..=MOST {
			let mut entries = vec![entry(1, None); count];
			entries[0].durable.starts = u32::MAX.into();
			let bytes = frame_of_before(&entries);
			assert!(begins_as_content(&bytes[HEAD..]), "{count} entries");
			assert!(holds_a_frame(&bytes, checksum), "{count} entries");
		}
	}

	#[test]
	fn wherever_the_last_write_was_cut_the_ones_before_are_there() {
		let whole = records_of_before();
		let last = frame_of_before(&[entry(2, Some(block(2))), entry(3, Some(block(3)))]).len();
		let before = Ok(Seen::new(2, &[1], whole.len() - last));
		for cut in 1..=last {
			assert_eq!(seen(&whole[..whole.len() - cut]), before, "cut {cut}");
		}
		// Zeros in place of what was not written, as some file systems leave them.
		let mut zeroed = whole.clone();
		zeroed[whole.len() - last + 2..].fill(0);
		assert_eq!(seen(&zeroed), before);
		for length in HEADER..HEADER + 100 {
			let nothing = Seen {
				term: None,
				blocks: Vec::new(),
				end: HEADER as u64,
			};
			assert_eq!(seen(&whole[..length]), Ok(nothing), "{length} bytes");
		}
	}

	#[test]
	fn a_torn_record_of_some_megabytes_is_looked_through_without_hashing_it_again_and_again() {
		let big = |bytes: Vec<u8>| {
			let extrinsics = vec![OpaqueExtrinsic::from_blob(bytes)];
			let header = block(4).header;
			frame_of_before(&[entry(4, Some(Block { header, extrinsics }))])
		};
		let counters = (0..500_000_u64).flat_map(u64::to_le_bytes).collect();
		let whole = frame_of_before(&[entry(5, None)]);
		for bytes in [noise(5 << 20), counters] {
			let torn = big(bytes);
			let torn = &torn[1..torn.len() - 1];
			let hashed = Cell::new(0);
			let count = |length: &[u8], content: &[u8]| {
				hashed.set(hashed.get() + 1);
				checksum(length, content)
			};
			assert!(!holds_a_frame(torn, count));
			assert!(
				hashed.get() < 8,
				"{} hashes; without a look at what is hashed, one in a thousand bytes begins one",
				hashed.get()
			);
			let damaged = [torn, &whole[..]].concat();
			assert!(holds_a_frame(&damaged, count), "one that follows is found");
			assert!(hashed.get() < 24, "{} hashes", hashed.get());
		}
	}

	/// Half a MiB, then a list of one entry whose number of starts is small: sixteen bytes, of which each begins the next.
	const LOOKS: [u8; 16] = [0, 0, 8, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

	/// Somebody sends a transaction full of what looks like the beginning of a frame, and the power goes while it is written.
	#[test]
	fn what_a_torn_record_has_in_it_does_not_make_the_start_long() {
		let whole = records_of_before();
		let mut chosen = block(4);
		chosen.extrinsics = vec![OpaqueExtrinsic::from_blob(LOOKS.repeat(1 << 16))];
		let torn = frame_of_before(&[entry(4, Some(chosen)), entry(5, None)]);
		let beginnings = torn.windows(9).filter(|bytes| begins_as_content(bytes));
		assert!(beginnings.count() >= 1 << 16);
		let before = Ok(Seen::new(3, &[1, 2, 3], whole.len()));
		// Each of these is many seconds of hashing if whole frames are looked for.
		for cut in [1, 100, 1 << 19] {
			let bytes = [&whole[..], &torn[..torn.len() - cut]].concat();
			assert_eq!(seen(&bytes), before, "{cut} bytes are missing");
		}
		// Or its end was not written, but is there.
		let mut zeroed = [&whole[..], &torn[..]].concat();
		let from = zeroed.len() - (1 << 19);
		zeroed[from..].fill(0);
		assert_eq!(seen(&zeroed), before);
	}

	/// Also where the record does not say that it is the last.
	#[test]
	fn no_bytes_make_the_search_for_whole_frames_long() {
		let bytes = LOOKS.repeat(1 << 16);
		let hashed = Cell::new(0);
		let count = |length: &[u8], content: &[u8]| {
			hashed.set(hashed.get() + content.len());
			checksum(length, content)
		};
		assert!(
			holds_a_frame(&bytes, count),
			"what is not looked through may be one"
		);
		assert!(hashed.get() <= bytes.len() * HASHED_PER_BYTE);
	}

	#[test]
	fn a_record_is_the_last_if_its_length_says_so_and_its_content_does_not_contradict() {
		let bytes = frame_of_before(&[entry(1, Some(block(1))), entry(2, None)]);
		let content = &bytes[HEAD..];
		let length = content.len() as u32;
		for there in 0..content.len() {
			assert!(is_last(length, &content[..there]), "{there} bytes");
		}
		assert!(is_last(length, content), "it is there and not what was written");
		let others = [content, &bytes[..]].concat();
		assert!(!is_last(length, &others));
		for wrong in [length + 1, 1 << 20, u32::MAX] {
			assert!(!is_last(wrong, content), "the content is all there");
			assert!(!is_last(wrong, &others), "{wrong}");
		}
		assert!(!is_last(LONGEST + 1, &content[..9]), "no record is so long");
	}

	#[test]
	fn a_record_that_was_synced_and_is_damaged_is_a_reason_not_to_start() {
		let bytes = records_of_before();
		// In the content, in the hash, in the length: beyond the end, and short of it.
		for (at, bit) in [(HEAD + 5, 1), (7, 1), (3, 0x40), (2, 1), (0, 1)] {
			let mut bad = bytes.clone();
			bad[HEADER + at] ^= bit;
			assert_eq!(seen(&bad), Err(HEADER as u64), "byte {at}");
		}
	}

	/// The fault that the present version does not have.
	#[test]
	fn a_frame_that_a_client_has_put_into_a_torn_record_counts_as_one_that_follows() {
		let whole = records_of_before();
		let bytes = torn(&whole, &frame_of_before, &|_| frame_of_before(&[entry(9, None)]));
		assert_eq!(seen(&bytes), Err(whole.len() as u64));
		let bytes = torn(&whole, &frame_of_before, &|_| noise(300));
		assert_eq!(seen(&bytes), Ok(Seen::new(3, &[1, 2, 3], whole.len())));
	}
}

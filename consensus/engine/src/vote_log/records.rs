//! A record of a vote log is a frame in its file: how it is made, and how it is told that one is whole, and that others follow one
//! that is not.

use blake2::{digest::consts::U16, Blake2b, Digest};
use codec::Encode;
use rand_core::{OsRng, RngCore};
use std::io;

use super::{first, Entry, HEADER, LONGEST, MOST};

/// Mark, length and hash before a frame's content.
pub(super) const HEAD: usize = 16 + 4 + 16;

/// BLAKE2b of all this.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 16] {
	let mut hash = Blake2b::<U16>::new();
	for part in parts {
		hash.update(part);
	}
	hash.finalize().into()
}

/// A length as it stands before a content.
pub(super) fn size(length: &[u8]) -> u32 {
	u32::from_le_bytes(length.try_into().unwrap_or_default())
}

/// The random bytes of a file with which each of its frames begins. Who chooses what is in a frame does not know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(pub(super) [u8; 16]);

impl Mark {
	/// Draws that of a new file.
	pub(super) fn draw() -> io::Result<Self> {
		let mut bytes = [0; 16];
		OsRng
			.try_fill_bytes(&mut bytes)
			.map_err(|error| io::Error::other(error.to_string()))?;
		Ok(Self(bytes))
	}

	/// What stands before this content at this place of the file.
	fn head(&self, place: u64, content: &[u8]) -> [u8; HEAD] {
		let length = (content.len() as u32).to_le_bytes();
		let hash = digest(&[&self.0[..], &place.to_le_bytes()[..], &length[..], content]);
		let mut head = [0; HEAD];
		head[..16].copy_from_slice(&self.0);
		head[16..20].copy_from_slice(&length);
		head[20..].copy_from_slice(&hash);
		head
	}

	/// The frame of 1 to [`MOST`] entries for this place of the file.
	pub(super) fn frame(&self, place: u64, entries: &[Entry]) -> io::Result<Vec<u8>> {
		let invalid = |what: &'static str| io::Error::new(io::ErrorKind::InvalidInput, what);
		if !(1..=MOST).contains(&entries.len()) {
			return Err(invalid("a record of the vote log has no entries, or too many"));
		}
		let mut bytes = vec![0; HEAD];
		entries.encode_to(&mut bytes);
		if bytes.len() - HEAD > LONGEST as usize {
			return Err(invalid("a record of the vote log is too long"));
		}
		let head = self.head(place, &bytes[HEAD..]);
		bytes[..HEAD].copy_from_slice(&head);
		Ok(bytes)
	}

	/// Whether these bytes, from this place of the file on, begin with a whole frame.
	fn begins(&self, place: u64, bytes: &[u8]) -> bool {
		let Some((head, rest)) = bytes.split_at_checked(HEAD) else {
			return false;
		};
		rest.get(..size(&head[16..20]) as usize)
			.is_some_and(|content| head == self.head(place, content))
	}

	/// Whether a whole frame is anywhere in these bytes, which are at this place of the file. Only what has the mark is hashed, so that
	/// the time it takes is not up to what somebody has put there.
	fn is_in(&self, place: u64, bytes: &[u8]) -> bool {
		(place..).zip(0..bytes.len()).any(|(place, from)| {
			let rest = &bytes[from..];
			rest.starts_with(&self.0) && self.begins(place, rest)
		})
	}
}

/// How the records of a log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
	/// As programs of before did, in version 01.
	First,
	/// As in version 02, with the mark of the file.
	Second(Mark),
}

impl Format {
	/// Bytes before the first frame.
	pub(super) fn header(&self) -> usize {
		match self {
			Self::First => first::HEADER,
			Self::Second(_) => HEADER,
		}
	}

	/// Bytes before a frame's content.
	pub(super) fn head(&self) -> usize {
		match self {
			Self::First => first::HEAD,
			Self::Second(_) => HEAD,
		}
	}

	/// How long a frame's content is, by what is before it.
	pub(super) fn size(&self, head: &[u8]) -> u32 {
		match self {
			Self::First => size(&head[..4]),
			Self::Second(_) => size(&head[16..20]),
		}
	}

	/// Whether a frame at this place of the file is what was written there.
	pub(super) fn is_whole(&self, place: u64, head: &[u8], content: &[u8]) -> bool {
		match self {
			Self::First => first::is_whole(head, content),
			Self::Second(mark) => head == mark.head(place, content),
		}
	}

	/// Whether others follow a frame at this place of the file that is not whole. `rest` is all behind its first byte.
	pub(super) fn is_followed(&self, place: u64, head: &[u8], rest: &[u8]) -> bool {
		match self {
			Self::First => first::is_followed(head, rest),
			Self::Second(mark) => mark.is_in(place + 1, rest),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::vote_log::tests::{entry, noise};

	/// Against BLAKE2b as another library has it.
	#[test]
	fn a_head_is_mark_length_and_hash_of_mark_place_length_and_content() {
		let mark: [u8; 16] = std::array::from_fn(|at| at as u8);
		let hash = [
			0x56, 0xfb, 0x98, 0x42, 0x3d, 0x9e, 0xaa, 0x00, 0x90, 0xe1, 0x86, 0xbd, 0x60, 0x87, 0x7a, 0x58,
		];
		let expected = [&mark[..], &[3_u8, 0, 0, 0][..], &hash[..]].concat();
		assert_eq!(Mark(mark).head(112, b"abc")[..], expected[..]);
	}

	#[test]
	fn a_frame_has_as_many_entries_as_are_read() {
		let mark = Mark::draw().unwrap();
		for count in 1..=MOST {
			let bytes = mark.frame(7, &vec![entry(1, None); count]).unwrap();
			assert!(mark.begins(7, &bytes), "{count} entries");
		}
		for count in [0, MOST + 1, 64] {
			let refused = mark.frame(7, &vec![entry(1, None); count]).unwrap_err();
			assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{count} entries");
		}
	}

	#[test]
	fn a_frame_is_one_only_whole_with_its_mark_and_in_its_place() {
		let mark = Mark::draw().unwrap();
		let bytes = mark.frame(1000, &[entry(1, None)]).unwrap();
		assert!(mark.is_in(1000, &bytes));
		let amid = [&noise(300)[..], &bytes[..], &noise(300)[..]].concat();
		assert!(mark.is_in(700, &amid), "wherever it is");
		for place in [0, 699, 701, 1000] {
			assert!(!mark.is_in(place, &amid), "it was written for another place");
		}
		assert!(!Mark::draw().unwrap().is_in(700, &amid), "it is another file's");
		for length in 0..bytes.len() {
			assert!(!mark.is_in(1000, &bytes[..length]), "{length} bytes of it");
		}
		for at in 0..bytes.len() {
			let mut damaged = bytes.clone();
			damaged[at] ^= 1;
			assert!(!mark.is_in(1000, &damaged), "byte {at}");
		}
	}

	/// Each byte may be where a frame begins, and most of these look like the beginning of one to who does not know the mark. To hash what
	/// each of them announces would take minutes.
	#[test]
	fn megabytes_of_what_might_be_frames_are_looked_through_at_once() {
		let mark = Mark::draw().unwrap();
		let whole = |place| mark.frame(place, &[entry(5, None)]).unwrap();
		let counters = (0..500_000_u64).flat_map(u64::to_le_bytes).collect();
		let looks = [0, 0, 8, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].repeat(1 << 18);
		for bytes in [noise(5 << 20), counters, looks] {
			assert!(!mark.is_in(1000, &bytes));
			let damaged = [&bytes[..], &whole(1000 + bytes.len() as u64)[..]].concat();
			assert!(mark.is_in(1000, &damaged), "one that follows is found");
		}
	}
}

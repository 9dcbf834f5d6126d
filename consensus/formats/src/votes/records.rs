//! A record of a vote log is a frame in its file: how it is made, and how it is told that one is whole, and that others follow one
//! that is not.

use blake2::{digest::consts::U16, Blake2b, Digest};
use codec::Encode;

use super::{first, Entry, HEADER, LONGEST, MOST};

/// Beginning, length and hash before a frame's content.
pub const HEAD: usize = 16 + SIZED;
/// Length and hash.
const SIZED: usize = 4 + 16;

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

/// The random bytes of a file from which the beginning of each of its frames is made. Who chooses what is in a frame does not know
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub [u8; 16]);

impl Mark {
	/// What the frame with a content of this length at this place of the file begins with.
	fn at(&self, place: u64, length: &[u8; 4]) -> [u8; 16] {
		let mut begin = self.0;
		let bound = place.to_le_bytes().into_iter().chain(*length);
		for (byte, other) in begin.iter_mut().zip(bound) {
			*byte ^= other;
		}
		begin
	}

	fn hash(&self, place: u64, length: &[u8], content: &[u8]) -> [u8; 16] {
		digest(&[&self.0[..], &place.to_le_bytes()[..], length, content])
	}

	/// What stands before this content at this place of the file.
	fn head(&self, place: u64, content: &[u8]) -> [u8; HEAD] {
		let length = (content.len() as u32).to_le_bytes();
		let mut head = [0; HEAD];
		head[..16].copy_from_slice(&self.at(place, &length));
		head[16..20].copy_from_slice(&length);
		head[20..].copy_from_slice(&self.hash(place, &length, content));
		head
	}

	/// The frame of these entries for this place of the file. None if they are not 1 to [`MOST`], or too long.
	pub fn frame(&self, place: u64, entries: &[Entry]) -> Option<Vec<u8>> {
		if !(1..=MOST).contains(&entries.len()) {
			return None;
		}
		let mut bytes = vec![0; HEAD];
		entries.encode_to(&mut bytes);
		if bytes.len() - HEAD > LONGEST as usize {
			return None;
		}
		let head = self.head(place, &bytes[HEAD..]);
		bytes[..HEAD].copy_from_slice(&head);
		Some(bytes)
	}
}

/// How the records of a log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
	/// As in version 01.
	First,
	/// As in version 02, with the mark of the file.
	Second(Mark),
	/// As in version 03, the present one, with the mark of the file.
	Third(Mark),
}

impl Format {
	/// Bytes before the first frame.
	pub(super) fn header(&self) -> usize {
		match self {
			Self::First => first::HEADER,
			Self::Second(_) | Self::Third(_) => HEADER,
		}
	}

	/// Bytes before a frame's content.
	pub(super) fn head(&self) -> usize {
		match self {
			Self::First => first::HEAD,
			Self::Second(_) | Self::Third(_) => HEAD,
		}
	}

	/// Whether these bytes, from this place of the file on, begin as a frame: not so those of a format without a mark.
	fn begins(&self, place: u64, bytes: &[u8]) -> bool {
		let Some((begin, rest)) = bytes.split_at_checked(16) else {
			return false;
		};
		match self {
			Self::First => false,
			Self::Second(mark) => begin == mark.0,
			Self::Third(mark) => rest
				.first_chunk::<4>()
				.is_some_and(|length| begin == mark.at(place, length)),
		}
	}

	/// The content of the frame with which these bytes, from this place of the file on, begin, if that is what was written there.
	pub(super) fn content<'a>(&self, place: u64, bytes: &'a [u8]) -> Option<&'a [u8]> {
		let (head, rest) = bytes.split_at_checked(self.head())?;
		let (begin, sized) = head.split_at(head.len() - SIZED);
		let (length, hash) = sized.split_at(4);
		if !begin.is_empty() && !self.begins(place, bytes) || size(length) > LONGEST {
			return None;
		}
		let content = rest.get(..size(length) as usize)?;
		let expected = match self {
			Self::First => first::checksum(length, content),
			Self::Second(mark) | Self::Third(mark) => mark.hash(place, length, content),
		};
		(hash == expected).then_some(content)
	}

	/// Whether anything was written behind the frame with which these bytes, from this place of the file on, begin, and which is not
	/// whole.
	pub(super) fn is_followed(&self, place: u64, bytes: &[u8]) -> bool {
		match self {
			Self::First => first::is_followed(bytes),
			// A length of this version may be what was not written.
			Self::Second(_) => self.begins_behind(place, bytes),
			Self::Third(_) => self.ends_before(place, bytes) || self.begins_behind(place, bytes),
		}
	}

	/// Whether the frame with which these bytes begin ends before they do, by its length, which its beginning confirms.
	fn ends_before(&self, place: u64, bytes: &[u8]) -> bool {
		self.begins(place, bytes)
			&& bytes
				.get(16..20)
				.is_some_and(|length| HEAD.saturating_add(size(length) as usize) < bytes.len())
	}

	/// Whether a frame begins behind the first of these bytes, which are at this place of the file. Nothing is hashed, so that the time
	/// it takes is not up to what somebody has put there.
	fn begins_behind(&self, place: u64, bytes: &[u8]) -> bool {
		(place..)
			.zip(bytes.windows(20))
			.skip(1)
			.any(|(place, window)| self.begins(place, window))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::votes::tests::{entry, noise};

	const MARK: Mark = Mark([0xa5; 16]);

	/// Against BLAKE2b as another library has it.
	#[test]
	fn a_head_is_mark_with_place_and_length_and_length_and_hash_of_all_and_content() {
		let mark: [u8; 16] = std::array::from_fn(|at| at as u8);
		let hash = [
			0x56, 0xfb, 0x98, 0x42, 0x3d, 0x9e, 0xaa, 0x00, 0x90, 0xe1, 0x86, 0xbd, 0x60, 0x87, 0x7a, 0x58,
		];
		// 112 is 0x70, and 8 XOR 3 is 11.
		let begin = [0x70, 1, 2, 3, 4, 5, 6, 7, 11, 9, 10, 11, 12, 13, 14, 15];
		let expected = [&begin[..], &[3_u8, 0, 0, 0][..], &hash[..]].concat();
		assert_eq!(Mark(mark).head(112, b"abc")[..], expected[..]);
		let before = [&mark[..], &[3_u8, 0, 0, 0][..], &hash[..], b"abc"].concat();
		assert_eq!(
			Format::Second(Mark(mark)).content(112, &before),
			Some(&b"abc"[..]),
			"version 02"
		);
	}

	#[test]
	fn a_frame_has_as_many_entries_as_are_read() {
		for count in 1..=MOST {
			let bytes = MARK.frame(7, &vec![entry(1, None); count]).unwrap();
			let content = Format::Third(MARK).content(7, &bytes);
			assert_eq!(content, Some(&bytes[HEAD..]), "{count} entries");
		}
		for count in [0, MOST + 1, 64] {
			let refused = MARK.frame(7, &vec![entry(1, None); count]);
			assert_eq!(refused, None, "{count} entries");
		}
	}

	#[test]
	fn a_frame_is_one_only_whole_with_its_mark_and_in_its_place() {
		let format = Format::Third(MARK);
		let bytes = MARK.frame(1000, &[entry(1, None)]).unwrap();
		assert!(format.content(1000, &bytes).is_some());
		for place in [0, 999, 1001] {
			assert_eq!(
				format.content(place, &bytes),
				None,
				"it was written for another place"
			);
		}
		assert_eq!(Format::Third(Mark([0x5a; 16])).content(1000, &bytes), None);
		for length in 0..bytes.len() {
			assert_eq!(
				format.content(1000, &bytes[..length]),
				None,
				"{length} bytes of it"
			);
		}
		for at in 0..bytes.len() {
			let mut damaged = bytes.clone();
			damaged[at] ^= 1;
			assert_eq!(format.content(1000, &damaged), None, "byte {at}");
		}
	}

	#[test]
	fn a_beginning_counts_in_its_place_whatever_is_behind_it() {
		let format = Format::Third(MARK);
		let bytes = MARK.frame(1000, &[entry(1, None)]).unwrap();
		for behind in [&bytes[20..], &[], &[0; 60]] {
			let amid = [&noise(300)[..], &bytes[..20], behind].concat();
			assert!(format.begins_behind(700, &amid), "{} bytes", behind.len());
			for place in [0, 699, 701, 1000] {
				assert!(!format.begins_behind(place, &amid), "it is of another place");
			}
			assert!(!Format::Third(Mark([0x5a; 16])).begins_behind(700, &amid));
		}
		for length in 0..20 {
			let cut = [&noise(300)[..], &bytes[..length]].concat();
			assert!(!format.begins_behind(700, &cut), "{length} bytes of it");
		}
		assert!(
			!format.begins_behind(1000, &bytes),
			"the one that these bytes begin with is not behind it"
		);
	}

	/// Each byte may be where a frame begins. To hash what each of them announces would take minutes.
	#[test]
	fn megabytes_of_what_might_be_frames_are_looked_through_at_once() {
		let format = Format::Third(MARK);
		let whole = |place| MARK.frame(place, &[entry(5, None)]).unwrap();
		let counters = (0..500_000_u64).flat_map(u64::to_le_bytes).collect();
		let looks = [0, 0, 8, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].repeat(1 << 18);
		// The mark itself, as it begins no frame.
		let marks = MARK.0.repeat(1 << 18);
		for bytes in [noise(5 << 20), counters, looks, marks] {
			assert!(!format.begins_behind(1000, &bytes));
			let damaged = [&bytes[..], &whole(1000 + bytes.len() as u64)[..]].concat();
			assert!(format.begins_behind(1000, &damaged), "one that follows is found");
		}
	}
}

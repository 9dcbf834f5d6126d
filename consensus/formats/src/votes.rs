//! The vote log of an authority: what it is bound by, and the blocks that it voted for. The file begins with a header:
//!
//! | bytes | what |
//! |---|---|
//! | 16 | [`MAGIC`] |
//! | 32 | genesis hash |
//! | 32 | the authority's name |
//! | 16 | mark: random bytes, drawn whenever a file is begun or written anew |
//! | 16 | BLAKE2b of all this |
//!
//! Frames follow:
//!
//! | bytes | what |
//! |---|---|
//! | 16 | beginning: the mark XOR (the frame's place in the file (8, little-endian), the length (4), zeros) |
//! | 4 | length of the content, little-endian |
//! | 16 | BLAKE2b of the mark, the frame's place (8, little-endian), length and content |
//! | | content: a SCALE list of 1 to [`MOST`] [`Entry`]s |
//!
//! Of the states in it the last counts.
//!
//! # What a frame that is not whole says
//!
//! A frame is begun when the one before is on the disk. So one that is not whole was not synced, and has promised nothing, if it is the
//! last: it is left out. If something was written behind it, it was synced once, and the file is damaged. That is so
//!
//! - if its own beginning is there, with the length, and the frame ends before the file does: a write makes a file no longer than its
//!   frame is;
//! - or if a beginning is anywhere behind it, with its length and in its place, whatever has become of the rest of that frame.
//!
//! Of two frames at the end of a file that have both lost their beginnings nothing says that they are two. A beginning can be nobody's
//! but the node's own:
//!
//! - The pages of a frame reach the disk in any order, so its beginning may be missing while the rest is there, with the transactions
//!   of a block, in which clients may write what they want. No client knows the mark.
//! - A page that was not written may be there with what the disk had in it before. What is of another file has another mark, be it an
//!   earlier one of the same name. In one file a beginning counts only in its place, and behind a frame that was not synced there never
//!   was one, also when another frame is written where that was taken off.
//!
//! So what is looked for takes a comparison for each byte, whatever the bytes are.
//!
//! # Versions of before
//!
//! They are only read. In version 02 the frames began with the mark as it is: one that is not whole is followed if the mark is anywhere
//! behind it. Version 01 had neither mark nor places (`votes/first.rs`).

mod first;
mod records;

use codec::{Decode, Encode};
use veilmart_td_raft::{AuthorityId, BlockHash};
use veilmart_td_raft_core::{real::OnChain, safety::Durable};

use self::records::digest;
use crate::Block;

pub use self::{
	first::{HEADER as HEADER_OF_BEFORE, MAGIC as FIRST},
	records::{Format, Mark, HEAD},
};

/// What the file begins with; the number is the format's version.
pub const MAGIC: &[u8; 16] = b"td-raft votes 03";
/// What it began with in version 02.
pub const SECOND: &[u8; 16] = b"td-raft votes 02";
/// Magic, genesis hash, authority: the header of every version begins with these.
const NAMES: usize = 16 + 32 + 32;
/// These and the mark.
const HASHED: usize = NAMES + 16;
/// All this and its hash: bytes before the first frame.
pub const HEADER: usize = HASHED + 16;
/// The longest content of a frame. A batch has a handful of blocks of at most some megabytes each.
const LONGEST: u32 = 256 * 1024 * 1024;
/// Entries in a frame, at most.
pub const MOST: usize = 16;

/// In the place of the single file of before. At least as long as the header that programs of before know, and does not begin as one.
pub const NO_LOG: &[u8] = b"td-raft no votes
Each authority's vote log is a file of its own beside this one, votes-...
This one is for programs that know a single log: they do not start with it.
";

/// What is written at once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
	/// What the authority is bound by from now on.
	pub durable: Durable<OnChain>,
	/// A block that it voted for or made.
	pub block: Option<Block>,
}

/// What is in a log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
	/// The last state.
	pub durable: Option<Durable<OnChain>>,
	/// All blocks.
	pub blocks: Vec<Block>,
}

/// A log that is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
	/// From which byte on.
	pub offset: u64,
	/// What is wrong there.
	pub what: &'static str,
}

/// Whose log a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
	/// An authority's, on the chain with this genesis hash, with frames of this format.
	Of(BlockHash, AuthorityId, Format),
	/// Nobody's: [`NO_LOG`], which keeps others from beginning a single log.
	Nobody,
	/// It ends before its header does. A log has its name only when it is on the disk, so this is a part of one.
	Cut,
	/// It does not begin as a log of a version that is known, or not as it was written.
	Unknown,
}

impl Whose {
	/// By the first [`HEADER`] bytes of a file, or all of a shorter one.
	pub fn by(begin: &[u8]) -> Self {
		let Some((magic, _)) = begin.split_at_checked(MAGIC.len()) else {
			return Self::Cut;
		};
		if NO_LOG.starts_with(magic) {
			return Self::Nobody;
		}
		let Some((names, rest)) = begin.split_at_checked(NAMES) else {
			return Self::Cut;
		};
		let (genesis, authority) = names[MAGIC.len()..].split_at(32);
		let of = |format| {
			Self::Of(
				genesis.try_into().unwrap_or_default(),
				AuthorityId(authority.try_into().unwrap_or_default()),
				format,
			)
		};
		let marked: fn(Mark) -> Format = if magic == MAGIC {
			Format::Third
		} else if magic == SECOND {
			Format::Second
		} else if magic == FIRST {
			// Its header has no hash. That of a later version has one, whatever became of the number.
			return match begin.split_at_checked(HASHED) {
				Some((hashed, rest)) if is_of_later(hashed, rest) => Self::Unknown,
				_ => of(Format::First),
			};
		} else {
			return Self::Unknown;
		};
		let Some((mark, hash)) = rest.get(..HEADER - NAMES).map(|rest| rest.split_at(16)) else {
			return Self::Cut;
		};
		if hash == digest(&[&begin[..HASHED]]) {
			of(marked(Mark(mark.try_into().unwrap_or_default())))
		} else {
			Self::Unknown
		}
	}
}

/// Whether this is a header with a hash but for its magic.
fn is_of_later(hashed: &[u8], hash: &[u8]) -> bool {
	[MAGIC, SECOND]
		.iter()
		.any(|magic| hash.starts_with(&digest(&[&magic[..], &hashed[magic.len()..]])))
}

/// The header of an authority's log.
pub fn header(genesis: &BlockHash, authority: &AuthorityId, mark: &Mark) -> Vec<u8> {
	let mut header = [&MAGIC[..], &genesis[..], &authority.0[..], &mark.0[..]].concat();
	let hash = digest(&[&header[..]]);
	header.extend(hash);
	header
}

/// What the frames of a file with this format hold, and where the last whole one ends: what follows was not synced.
pub fn read(bytes: &[u8], format: &Format) -> Result<(Contents, u64), Damage> {
	let mut contents = Contents::default();
	let mut offset = format.header();
	if bytes.len() < offset {
		return Err(Damage {
			offset: 0,
			what: "it ends before its header does",
		});
	}
	while let Some(rest) = bytes.get(offset..).filter(|rest| rest.len() >= format.head()) {
		let place = offset as u64;
		let damaged = |what| Damage { offset: place, what };
		let Some(content) = format.content(place, rest) else {
			if format.is_followed(place, rest) {
				return Err(damaged("a record is not what was written, and others follow"));
			}
			break;
		};
		let entries = crate::whole::<Vec<Entry>>(content)
			.filter(|entries| (1..=MOST).contains(&entries.len()))
			.ok_or_else(|| damaged("a record does not decode"))?;
		for Entry { durable, block } in entries {
			contents.durable = Some(durable);
			contents.blocks.extend(block);
		}
		offset += format.head() + content.len();
	}
	Ok((contents, offset as u64))
}

#[cfg(test)]
mod tests;

//! What an authority reads from its own disk, beside what [`crate::consensus`] has of it: a damaged one must not make it panic, and
//! what decodes is what was written.
//!
//! The first byte of an input chooses one of [`FORMATS`].

use codec::Encode;
use veilmart_td_raft_formats::{dates, shelf, votes::Entry, Block};

use crate::{in_format, setting::GENESIS, target, whole, Target};

fn seen(file: &[u8]) -> bool {
	let noted = dates::read(file, &GENESIS);
	if let Some(noted) = &noted {
		assert_eq!(dates::write(noted, &GENESIS), file);
		assert_eq!(dates::read(file, &[1; 32]), None, "another chain's");
	}
	noted.is_some()
}

/// The fuzzer finds no hash by itself.
fn content(data: &[u8]) -> bool {
	seen(&dates::around(data, &GENESIS))
}

fn heights(data: &[u8]) -> bool {
	let heights = shelf::read_heights(data);
	if let Some(heights) = &heights {
		assert_eq!(heights.encode(), data);
	}
	heights.is_some()
}

fn block(data: &[u8]) -> bool {
	let block = shelf::read_block(data);
	assert_eq!(block, whole::<Block>(data));
	block.is_some()
}

/// What is in a frame of a vote log; the frames are in [`crate::votes`].
fn entries(data: &[u8]) -> bool {
	whole::<Vec<Entry>>(data).is_some()
}

/// What the first byte chooses from: the file `keys-seen`, its content, which blocks are on the shelf, one of them, entries of a vote
/// log.
pub const FORMATS: [Target; 5] = [
	target("dates", seen),
	target("content", content),
	target("heights", heights),
	target("block", block),
	target("entries", entries),
];

/// Accepted is what decodes.
pub fn run(data: &[u8]) -> bool {
	in_format(&FORMATS, data)
}

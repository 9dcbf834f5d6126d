//! Blocks on their way: those whose parent is not there yet, and what is sent to others who lack some.

use codec::Encode;
use sc_client_api::BlockBackend;
use sp_core::H256;
use sp_runtime::traits::Header as _;
use std::collections::VecDeque;

use crate::{
	packet::{BLOCKS_AT_ONCE, BYTES_AT_ONCE},
	worker::block_of,
	Block,
};

/// Blocks kept whose parent is not there, at most.
const ORPHANS: usize = 64;
/// Bytes of them, at most.
const ORPHAN_BYTES: usize = 64 * 1024 * 1024;

/// Blocks whose parent is not there, in the order in which they came.
#[derive(Debug, Default)]
pub struct Orphans {
	blocks: VecDeque<(usize, Block)>,
	bytes: usize,
}

impl Orphans {
	/// Keeps a block; the oldest make room.
	pub fn keep(&mut self, block: Block) {
		let size = block.encoded_size();
		if size > ORPHAN_BYTES || self.has(&block.header.hash()) {
			return;
		}
		while self.blocks.len() >= ORPHANS || self.bytes + size > ORPHAN_BYTES {
			let Some((oldest, _)) = self.blocks.pop_front() else {
				break;
			};
			self.bytes -= oldest;
		}
		self.bytes += size;
		self.blocks.push_back((size, block));
	}

	fn has(&self, hash: &H256) -> bool {
		self.blocks.iter().any(|(_, block)| block.header.hash() == *hash)
	}

	/// The lowest block that is missing below this one, if this is an orphan, and so on.
	pub fn lowest_missing(&self, mut hash: H256) -> H256 {
		// Each step goes down, so there are no more than there are orphans.
		for _ in 0..ORPHANS {
			let Some((_, block)) = self.blocks.iter().find(|(_, block)| block.header.hash() == hash) else {
				break;
			};
			hash = *block.header.parent_hash();
		}
		hash
	}

	/// Whether `hash` is an ancestor of `descendant` by the orphans between them.
	pub fn descends(&self, mut descendant: H256, hash: &H256) -> bool {
		for _ in 0..ORPHANS {
			let Some((_, block)) = self
				.blocks
				.iter()
				.find(|(_, block)| block.header.hash() == descendant)
			else {
				return false;
			};
			descendant = *block.header.parent_hash();
			if descendant == *hash {
				return true;
			}
		}
		false
	}

	/// Takes out the lowest of the orphans from this one down, if its parent is there after all.
	pub fn parent_known(&mut self, mut hash: H256, is_there: impl Fn(&H256) -> bool) -> Option<Block> {
		for _ in 0..ORPHANS {
			let (_, block) = self
				.blocks
				.iter()
				.find(|(_, block)| block.header.hash() == hash)?;
			let parent = *block.header.parent_hash();
			if is_there(&parent) {
				return self.take(&hash);
			}
			hash = parent;
		}
		None
	}

	/// Takes out a block.
	pub fn take(&mut self, hash: &H256) -> Option<Block> {
		self.remove(|block| block.header.hash() == *hash).pop()
	}

	/// Takes out the children of a block.
	pub fn children(&mut self, parent: &H256) -> Vec<Block> {
		self.remove(|block| block.header.parent_hash() == parent)
	}

	/// Forgets the blocks up to a height.
	pub fn forget_up_to(&mut self, number: u32) {
		self.remove(|block| block.header.number <= number);
	}

	fn remove(&mut self, wanted: impl Fn(&Block) -> bool) -> Vec<Block> {
		let (taken, kept): (Vec<_>, Vec<_>) = self.blocks.drain(..).partition(|(_, block)| wanted(block));
		self.blocks = kept.into();
		self.bytes = self.blocks.iter().map(|(size, _)| size).sum();
		taken.into_iter().map(|(_, block)| block).collect()
	}
}

/// How far down a line of ancestors is followed for an answer. Who lacks more synchronizes.
pub const DEPTH: usize = 512;

/// The answer to a request for a block and its ancestors above a height: the lowest first, as many as fit.
pub fn answer<C: BlockBackend<Block> + sp_blockchain::HeaderBackend<Block>>(
	client: &C,
	unwritten: impl Fn(&H256) -> Option<Block>,
	hash: H256,
	above: u32,
) -> Vec<Block> {
	let mut line = Vec::new();
	let mut next = hash;
	while line.len() < DEPTH {
		let header = unwritten(&next)
			.map(|block| block.header)
			.or_else(|| client.header(next).ok().flatten());
		let Some(header) = header.filter(|header| header.number > above) else {
			break;
		};
		line.push(next);
		next = *header.parent_hash();
	}
	let mut bytes = 0;
	let blocks = line
		.into_iter()
		.rev()
		.take(BLOCKS_AT_ONCE)
		.map_while(|hash| unwritten(&hash).or_else(|| block_of(client, hash)));
	let mut answer = Vec::new();
	for block in blocks {
		bytes += block.encoded_size();
		if bytes > BYTES_AT_ONCE && !answer.is_empty() {
			break;
		}
		answer.push(block);
	}
	answer
}

#[cfg(test)]
mod tests {
	use super::*;

	fn block(number: u32, parent: H256, bytes: usize) -> Block {
		Block {
			header: crate::Header::new(
				number,
				Default::default(),
				Default::default(),
				parent,
				Default::default(),
			),
			extrinsics: vec![sp_runtime::OpaqueExtrinsic::from_blob(vec![0; bytes])],
		}
	}

	#[test]
	fn orphans_are_bounded_and_found_by_their_parent() {
		let mut orphans = Orphans::default();
		let first = block(1, H256::zero(), 10);
		let mut parent = first.header.hash();
		for number in 2..100 {
			let block = block(number, parent, 10);
			parent = block.header.hash();
			orphans.keep(block.clone());
			orphans.keep(block);
		}
		assert_eq!(orphans.blocks.len(), ORPHANS);
		let lowest = orphans.blocks.front().map(|(_, block)| block.clone()).unwrap();
		assert_eq!(lowest.header.number, 36, "the oldest made room");
		assert_eq!(orphans.lowest_missing(parent), *lowest.header.parent_hash());
		let children = orphans.children(lowest.header.parent_hash());
		assert_eq!(children, [lowest]);
		orphans.forget_up_to(90);
		assert_eq!(orphans.blocks.len(), 9);
		orphans.forget_up_to(100);
		assert_eq!(orphans.bytes, 0);
	}

	#[test]
	fn large_orphans_make_room_by_bytes() {
		let mut orphans = Orphans::default();
		for number in 0..20 {
			orphans.keep(block(number, H256::repeat_byte(number as u8), ORPHAN_BYTES / 8));
			assert!(orphans.bytes <= ORPHAN_BYTES);
		}
		assert_eq!(orphans.blocks.len(), 7);
		orphans.keep(block(99, H256::zero(), ORPHAN_BYTES + 1));
		assert_eq!(orphans.blocks.len(), 7, "one that never fits is left out");
	}
}

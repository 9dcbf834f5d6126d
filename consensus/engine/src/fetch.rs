//! Blocks on their way: those whose parent is not there yet, and what is sent to others who lack some.

use codec::Encode;
use sc_client_api::BlockBackend;
use sc_network::PeerId;
use sp_core::H256;
use sp_runtime::traits::Header as _;
use std::{
	collections::{HashMap, VecDeque},
	time::Instant,
};

use crate::{
	allowance::Allowance,
	packet::{BLOCKS_AT_ONCE, BYTES_AT_ONCE},
	worker::block_of,
	Block, Header,
};

/// Bytes of a header, at most. With a hundred authorities two certificates, those of an election, a dealing and the next set take
/// 45 KiB.
const MAX_HEADER: usize = 128 * 1024;

/// Whether a header is refused before it is hashed, which is work, for everybody and each time. By whatever way a block comes,
/// and of an own one: what some took and others refused could not be agreed on.
pub fn is_too_long(header: &Header) -> bool {
	header.encoded_size() > MAX_HEADER
}

/// Blocks kept whose parent is not there, at most.
const ORPHANS: usize = 64;
/// Bytes of them, at most.
const ORPHAN_BYTES: usize = 64 * 1024 * 1024;

/// Whole blocks kept that are not final, and bytes of them, at most, but for those that the database has not yet.
const BODIES: usize = 128;
const BODY_BYTES: usize = 128 * 1024 * 1024;

/// Bytes that an extrinsic, or an item of a header, takes in memory beside its own: its place in the list, and the least that is
/// allocated for it. On the wire an empty one takes one.
const PLACE: usize = 64;

/// Bytes of a block in memory.
fn memory(block: &Block) -> usize {
	let places = block.extrinsics.len() + block.header.digest().logs().len();
	block.encoded_size().saturating_add(places.saturating_mul(PLACE))
}

/// A block, and who sent it.
pub type Sent = (Block, Option<PeerId>);

#[derive(Debug)]
struct Orphan {
	/// As it was when it came: what looks for one of them hashes none.
	hash: H256,
	size: usize,
	block: Block,
	from: Option<PeerId>,
}

/// Blocks whose parent is not there, in the order in which they came.
#[derive(Debug, Default)]
pub struct Orphans {
	blocks: VecDeque<Orphan>,
	bytes: usize,
}

impl Orphans {
	/// Keeps a block with this hash; the oldest make room.
	pub fn keep(&mut self, hash: H256, block: Block, from: Option<PeerId>) {
		let size = memory(&block);
		if size > ORPHAN_BYTES || self.get(&hash).is_some() {
			return;
		}
		while self.blocks.len() >= ORPHANS || self.bytes + size > ORPHAN_BYTES {
			let Some(oldest) = self.blocks.pop_front() else {
				break;
			};
			self.bytes -= oldest.size;
		}
		self.bytes += size;
		self.blocks.push_back(Orphan {
			hash,
			size,
			block,
			from,
		});
	}

	fn get(&self, hash: &H256) -> Option<&Block> {
		let orphan = self.blocks.iter().find(|orphan| orphan.hash == *hash);
		orphan.map(|orphan| &orphan.block)
	}

	/// The lowest block that is missing below this one, if this is an orphan, and so on.
	pub fn lowest_missing(&self, mut hash: H256) -> H256 {
		// Each step goes down, so there are no more than there are orphans.
		for _ in 0..ORPHANS {
			let Some(block) = self.get(&hash) else { break };
			hash = *block.header.parent_hash();
		}
		hash
	}

	/// Whether `hash` is an ancestor of `descendant` by the orphans between them.
	pub fn descends(&self, mut descendant: H256, hash: &H256) -> bool {
		for _ in 0..ORPHANS {
			let Some(block) = self.get(&descendant) else {
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
	pub fn parent_known(&mut self, mut hash: H256, is_there: impl Fn(&H256) -> bool) -> Option<Sent> {
		for _ in 0..ORPHANS {
			let parent = *self.get(&hash)?.header.parent_hash();
			if is_there(&parent) {
				return self.take(&hash);
			}
			hash = parent;
		}
		None
	}

	/// Takes out a block.
	pub fn take(&mut self, hash: &H256) -> Option<Sent> {
		self.remove(|orphan| orphan.hash == *hash).pop()
	}

	/// Takes out the children of a block.
	pub fn children(&mut self, parent: &H256) -> Vec<Sent> {
		self.remove(|orphan| orphan.block.header.parent_hash() == parent)
	}

	/// The headers of the children of a block.
	pub fn headers_above(&self, parent: &H256) -> Vec<(H256, Header)> {
		let children = self
			.blocks
			.iter()
			.filter(|orphan| orphan.block.header.parent_hash() == parent);
		children
			.map(|orphan| (orphan.hash, orphan.block.header.clone()))
			.collect()
	}

	/// Forgets the blocks up to a height.
	pub fn forget_up_to(&mut self, number: u32) {
		self.remove(|orphan| orphan.block.header.number <= number);
	}

	fn remove(&mut self, wanted: impl Fn(&Orphan) -> bool) -> Vec<Sent> {
		let (taken, kept): (Vec<_>, Vec<_>) = self.blocks.drain(..).partition(wanted);
		self.blocks = kept.into();
		self.bytes = self.blocks.iter().map(|orphan| orphan.size).sum();
		taken
			.into_iter()
			.map(|orphan| (orphan.block, orphan.from))
			.collect()
	}
}

/// Whole blocks that are not final: those on their way into the database, and the last ones that are there.
#[derive(Debug, Default)]
pub struct Bodies {
	/// With when they came, and their size.
	blocks: HashMap<H256, ((Block, Instant), usize)>,
	bytes: usize,
}

impl Bodies {
	/// Keeps a block with this hash.
	pub fn insert(&mut self, hash: H256, block: Block) {
		self.remove(&hash);
		let size = memory(&block);
		self.bytes += size;
		self.blocks.insert(hash, ((block, Instant::now()), size));
	}

	/// A block, and when it came.
	pub fn get(&self, hash: &H256) -> Option<&(Block, Instant)> {
		self.blocks.get(hash).map(|(kept, _)| kept)
	}

	/// All of them.
	pub fn iter(&self) -> impl Iterator<Item = (&H256, &Block)> {
		self.blocks.iter().map(|(hash, ((block, _), _))| (hash, block))
	}

	/// Forgets a block.
	pub fn remove(&mut self, hash: &H256) {
		if let Some((_, size)) = self.blocks.remove(hash) {
			self.bytes -= size;
		}
	}

	fn is_full(&self) -> bool {
		self.blocks.len() >= BODIES || self.bytes >= BODY_BYTES
	}

	/// Whether there is room for one more. The oldest that the database has make room.
	pub fn make_room(&mut self, is_there: impl Fn(&H256) -> bool) -> bool {
		if self.is_full() {
			let mut oldest: Vec<_> = self
				.blocks
				.iter()
				.map(|(hash, ((_, since), _))| (*since, *hash))
				.collect();
			oldest.sort();
			for (_, hash) in oldest.into_iter().filter(|(_, hash)| is_there(hash)) {
				if !self.is_full() {
					break;
				}
				self.remove(&hash);
			}
		}
		!self.is_full()
	}

	/// Forgets the blocks up to a height, and says of each when it came.
	pub fn forget_up_to(&mut self, number: u32, mut forgotten: impl FnMut(Instant)) {
		let bytes = &mut self.bytes;
		self.blocks.retain(|_, ((block, since), size)| {
			let stays = block.header.number > number;
			if !stays {
				*bytes -= *size;
				forgotten(*since);
			}
			stays
		});
	}
}

/// How far down a line of ancestors is followed for an answer. Who lacks more synchronizes.
const DEPTH: usize = 512;

/// Requests for blocks that one authority's are answered in a second, on average.
const FETCHES: f64 = 10.0;

/// Whether a request for the block of this height, if it is there, is answered, with its ancestors above another height. That is
/// work, and so many bytes of what was sent before wait here until the peer takes them. To look for the block is work, too:
/// whoever asks too often does not have that done.
pub fn is_answered(
	number: impl FnOnce() -> Option<u32>,
	above: u32,
	waiting: usize,
	allowance: &mut Allowance,
	now: Instant,
) -> bool {
	waiting < BYTES_AT_ONCE
		&& allowance.take(1.0 / FETCHES, now)
		&& number().is_some_and(|number| number.saturating_sub(above) as usize <= DEPTH)
}

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
	use std::cell::Cell;

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

	fn keep(orphans: &mut Orphans, block: Block) {
		orphans.keep(block.header.hash(), block, None);
	}

	#[test]
	fn orphans_are_bounded_and_found_by_their_parent() {
		let mut orphans = Orphans::default();
		let first = block(1, H256::zero(), 10);
		let mut parent = first.header.hash();
		for number in 2..100 {
			let block = block(number, parent, 10);
			parent = block.header.hash();
			keep(&mut orphans, block.clone());
			keep(&mut orphans, block);
		}
		assert_eq!(orphans.blocks.len(), ORPHANS);
		let lowest = orphans.blocks.front().map(|orphan| orphan.block.clone()).unwrap();
		assert_eq!(lowest.header.number, 36, "the oldest made room");
		assert_eq!(orphans.lowest_missing(parent), *lowest.header.parent_hash());
		assert!(orphans.descends(parent, lowest.header.parent_hash()));
		assert!(!orphans.descends(parent, &first.header.hash()));
		let children = orphans.children(lowest.header.parent_hash());
		assert_eq!(children, [(lowest, None)]);
		orphans.forget_up_to(90);
		assert_eq!(orphans.blocks.len(), 9);
		orphans.forget_up_to(100);
		assert_eq!(orphans.bytes, 0);
	}

	#[test]
	fn large_orphans_make_room_by_bytes() {
		let mut orphans = Orphans::default();
		for number in 0..20 {
			keep(
				&mut orphans,
				block(number, H256::repeat_byte(number as u8), ORPHAN_BYTES / 8),
			);
			assert!(orphans.bytes <= ORPHAN_BYTES);
		}
		assert_eq!(orphans.blocks.len(), 7);
		keep(&mut orphans, block(99, H256::zero(), ORPHAN_BYTES + 1));
		assert_eq!(orphans.blocks.len(), 7, "one that never fits is left out");
	}

	/// What the database has can be read there; what it has not is nowhere else.
	#[test]
	fn bodies_are_bounded_but_for_those_that_the_database_lacks() {
		let mut bodies = Bodies::default();
		let blocks: Vec<_> = (0..300u32)
			.map(|number| block(number, H256::zero(), 10))
			.collect();
		let hashes: Vec<_> = blocks.iter().map(|block| block.header.hash()).collect();
		let lacking = |hash: &H256| hashes[..3].contains(hash);
		for (hash, block) in hashes.iter().zip(&blocks) {
			assert!(bodies.make_room(|hash| !lacking(hash)));
			bodies.insert(*hash, block.clone());
			assert!(bodies.blocks.len() <= BODIES);
		}
		assert!(hashes[..3].iter().all(|hash| bodies.get(hash).is_some()));
		assert!(bodies.get(&hashes[3]).is_none());
		assert!(bodies.get(&hashes[299]).is_some());
		assert!(!bodies.make_room(|_| false), "all are on their way");
		let mut forgotten = 0;
		bodies.forget_up_to(298, |_| forgotten += 1);
		assert_eq!(forgotten, BODIES - 1);
		bodies.remove(&hashes[299]);
		assert_eq!((bodies.bytes, bodies.blocks.len()), (0, 0));
	}

	#[test]
	fn a_header_has_128_kib_at_most() {
		let with = |bytes| {
			let mut header = block(1, H256::zero(), 0).header;
			header
				.digest_mut()
				.push(sp_runtime::DigestItem::Other(vec![0; bytes]));
			header
		};
		let beside = with(100_000).encoded_size() - 100_000;
		assert!(!is_too_long(&with(131_072 - beside)));
		assert!(is_too_long(&with(131_073 - beside)));
	}

	#[test]
	fn who_asks_for_too_much_or_too_often_or_takes_nothing_gets_no_blocks() {
		let now = Instant::now();
		let mut allowance = Allowance::full(now);
		let looked = Cell::new(0);
		let mut is_answered = |number, waiting| {
			let number = || {
				looked.set(looked.get() + 1);
				number
			};
			is_answered(number, 0, waiting, &mut allowance, now)
		};
		assert!(!is_answered(None, 0), "a block that is not there");
		assert!(!is_answered(Some(DEPTH as u32 + 1), 0));
		assert!(!is_answered(Some(1), BYTES_AT_ONCE));
		// Ten a second, and those of four seconds at once.
		let answered = (0..100).filter(|_| is_answered(Some(DEPTH as u32), 0)).count();
		assert!(
			(37..=38).contains(&answered),
			"{answered}: and two were asked for in vain"
		);
		assert_eq!(
			looked.get(),
			answered + 2,
			"nobody looks for what will not be answered"
		);
	}

	/// A byte on the wire is not a byte in memory.
	#[test]
	fn empty_extrinsics_count_with_their_places() {
		let mut crowded = block(1, H256::zero(), 0);
		crowded.extrinsics = vec![sp_runtime::OpaqueExtrinsic::from_blob(Vec::new()); 1_000_000];
		assert!(crowded.encoded_size() < 1_000_200);
		let places = size_of::<sp_runtime::OpaqueExtrinsic>() * crowded.extrinsics.len();
		assert!(memory(&crowded) >= crowded.encoded_size() + places);
		let mut crowded = block(1, H256::zero(), 0);
		for _ in 0..1_000 {
			crowded
				.header
				.digest_mut()
				.push(sp_runtime::DigestItem::RuntimeEnvironmentUpdated);
		}
		assert!(memory(&crowded) >= size_of::<sp_runtime::DigestItem>() * 1_000);
	}
}

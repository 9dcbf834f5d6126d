//! Blocks of one height: how many are executed without being certified, and which are given up when there are too many.
//!
//! A database takes 32 blocks of one height that are not final, and no other then, whoever sealed it. A leader that seals 32,
//! or 32 leaders whose block of one height was not certified, would stop the chain. So:
//!
//! - of one height and term two blocks are executed, which are the evidence against their sealer, and beside them what a
//!   certificate leads to;
//! - when a height has many, those of the lowest terms are given up, with what was built on them: not what the highest
//!   certificates or the own votes rest on, and nothing of the current term.
//!
//! What is given up is put on a shelf until its height is final: who voted for a block has promised to have it. If a
//! certificate turns up after all, it is asked for like any other block, found there, and executed again.

use codec::Encode;
use sc_client_api::{AuxStore, Backend};
use sp_blockchain::Result;
use sp_core::H256;
use std::collections::BTreeMap;
use veilmart_td_raft::{Number, Rank};
use veilmart_td_raft_formats::shelf::{read_block, read_heights, Heights};

use crate::{block::Core, Block};

/// Blocks of one height and term that are executed without being certified, at most.
const SIBLINGS: usize = 2;

/// Blocks of a height in the database from which on those of the lowest terms are given up.
pub const LEVEL: usize = 24;

/// Blocks of a height with which it has no room left, also not for one that a certificate leads to: one less than it takes.
pub const FULL: usize = 31;

/// Why a block is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
	/// There are not enough of its height and term.
	Room,
	/// It is perhaps what leads to the block of a certificate.
	Sought,
	/// It is known to be certified, or to lead to what is.
	Certified,
}

impl Why {
	/// Of a block that is one of the first of its height and term, or `certified`.
	pub fn of(certified: bool) -> Self {
		if certified {
			Self::Certified
		} else {
			Self::Room
		}
	}
}

/// Which blocks were given to execution, of those that are not final.
#[derive(Debug, Default)]
pub struct Siblings {
	/// By height and term.
	given: BTreeMap<Rank, Vec<(H256, Why)>>,
	/// The certificate for which one more of a rank was executed last.
	sought: BTreeMap<Rank, Rank>,
	/// Of each height the highest rank that was given up: nothing up to it is executed again for nothing.
	given_up: BTreeMap<Number, Rank>,
}

impl Siblings {
	/// Whether so many were executed in its place that this block is left out, unless it is certified.
	pub fn are_enough(&self, rank: Rank, hash: &H256) -> bool {
		if self.given_up.get(&rank.2).is_some_and(|highest| rank <= *highest) {
			return true;
		}
		// One that was dated too far ahead may come again.
		self.given
			.get(&rank)
			.is_some_and(|given| given.len() >= SIBLINGS && !given.iter().any(|(other, _)| other == hash))
	}

	/// Whether one more of a rank may be executed because it is perhaps what leads to the block of a certificate, of this rank,
	/// that is not there: one for each certificate.
	///
	/// Who synchronizes gets a block before those above it, which would show that it is certified.
	pub fn may_seek(&mut self, rank: Rank, certificate: Option<Rank>) -> bool {
		let last = self.sought.get(&rank).copied();
		let Some(certificate) = certificate.filter(|certificate| last.is_none_or(|last| last < *certificate))
		else {
			return false;
		};
		self.sought.insert(rank, certificate);
		true
	}

	/// A block is executed.
	pub fn note(&mut self, rank: Rank, hash: H256, why: Why) {
		let given = self.given.entry(rank).or_default();
		match given.iter_mut().find(|(other, _)| *other == hash) {
			Some((_, known)) => *known = why.max(*known),
			None => given.push((hash, why)),
		}
	}

	/// Why a block was executed, if it was: the best reason.
	pub fn why(&self, rank: Rank, hash: &H256) -> Option<Why> {
		let mut given = self.given.get(&rank)?.iter();
		given.find(|(other, _)| other == hash).map(|(_, why)| *why)
	}

	/// A block of this rank was given up.
	pub fn given_up(&mut self, rank: Rank) {
		let highest = self.given_up.entry(rank.2).or_insert(rank);
		*highest = rank.max(*highest);
	}

	/// Forgets what is up to a height.
	pub fn forget_up_to(&mut self, number: Number) {
		self.given.retain(|rank, _| rank.2 > number);
		self.sought.retain(|rank, _| rank.2 > number);
		self.given_up.retain(|height, _| *height > number);
	}
}

/// The blocks of a height, those of the lowest terms first, each with what was built on it after it. `blocks` are those from this
/// height on, by height.
pub fn trees(blocks: &[Core], number: Number) -> Vec<Vec<&Core>> {
	let mut level: Vec<&Core> = blocks.iter().filter(|block| block.number == number).collect();
	level.sort_by_key(|block| (block.rank(), block.hash));
	let tree = |lowest| {
		let mut tree: Vec<&Core> = vec![lowest];
		for block in blocks.iter().filter(|block| block.number > number) {
			if tree.iter().any(|below| below.hash == block.parent) {
				tree.push(block);
			}
		}
		tree
	};
	level.into_iter().map(tree).collect()
}

/// Under this key the database has which blocks are on the shelf; under it and a hash, the block.
const SHELF_KEY: &[u8] = b"td-raft/shelf";

fn key(hash: &H256) -> Vec<u8> {
	[SHELF_KEY, hash.as_bytes()].concat()
}

/// Whole blocks that were given up, or did not get into the database, and whose height is not final. The database has them, beside
/// its chain.
#[derive(Debug, Default)]
pub struct Shelf {
	heights: Heights,
}

impl Shelf {
	/// The shelf of a database.
	pub fn read<S: AuxStore>(store: &S) -> Result<Self> {
		let Some(bytes) = AuxStore::get_aux(store, SHELF_KEY)? else {
			return Ok(Self::default());
		};
		read_heights(&bytes)
			.map(|heights| Self { heights })
			.ok_or_else(|| sp_blockchain::Error::Backend("it holds a shelf of another version".into()))
	}

	/// Puts a block there.
	pub fn put<S: AuxStore>(&mut self, store: &S, hash: H256, block: &Block) -> Result<()> {
		if self.heights.contains_key(&hash) {
			return Ok(());
		}
		self.heights.insert(hash, block.header.number);
		let (key, block, index) = (key(&hash), block.encode(), self.heights.encode());
		let stored = AuxStore::insert_aux(store, &[(SHELF_KEY, &index[..]), (&key[..], &block[..])], &[]);
		if stored.is_err() {
			self.heights.remove(&hash);
		}
		stored
	}

	/// The height of a block, if it is there.
	pub fn height(&self, hash: &H256) -> Option<u32> {
		self.heights.get(hash).copied()
	}

	/// A block that is there.
	pub fn get<S: AuxStore>(&self, store: &S, hash: &H256) -> Option<Block> {
		self.heights.get(hash)?;
		let bytes = AuxStore::get_aux(store, &key(hash)).ok().flatten()?;
		read_block(&bytes)
	}

	/// Takes a block that has no children, and is not the best, out of the chain of the database and puts it there.
	pub fn take_out<B: Backend<Block>>(&mut self, backend: &B, hash: H256, block: &Block) -> Result<()> {
		self.put(backend, hash, block)?;
		// Nothing is imported or made final meanwhile.
		let _lock = backend.get_import_lock().write();
		backend.remove_leaf_block(hash)
	}

	/// Forgets the blocks up to a height.
	pub fn forget_up_to<S: AuxStore>(&mut self, store: &S, number: u32) -> Result<()> {
		let is_gone = |height: &u32| *height <= number;
		let gone = self.heights.iter().filter(|(_, height)| is_gone(height));
		let keys: Vec<Vec<u8>> = gone.map(|(hash, _)| key(hash)).collect();
		if keys.is_empty() {
			return Ok(());
		}
		self.heights.retain(|_, height| !is_gone(height));
		let index = self.heights.encode();
		let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
		AuxStore::insert_aux(store, &[(SHELF_KEY, &index[..])], &keys)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		ledger::{open, Database},
		Header,
	};
	use sc_client_api::{blockchain::HeaderBackend, BlockImportOperation, NewBlockState};
	use sp_runtime::{traits::Header as _, OpaqueExtrinsic, StateVersion};
	use sp_state_machine::Backend as _;
	use veilmart_td_raft::{SetId, Term};

	/// Puts a block with a state of its own into a database.
	fn insert(
		database: &Database,
		number: u32,
		parent: H256,
		variant: u8,
		state: NewBlockState,
	) -> Result<Block> {
		let mut operation = database.begin_operation()?;
		database.begin_state_operation(&mut operation, parent)?;
		let value = [variant; 40];
		let delta = [(&b"value"[..], Some(&value[..]))];
		let (root, changes) = BlockImportOperation::state(&operation)?
			.expect("the database has its states")
			.storage_root(delta.into_iter(), StateVersion::V1);
		operation.update_db_storage(changes)?;
		let block = Block {
			header: Header::new(
				number,
				H256::repeat_byte(variant),
				root,
				parent,
				Default::default(),
			),
			extrinsics: vec![OpaqueExtrinsic::from_blob(vec![variant; 9])],
		};
		operation.set_block_data(
			block.header.clone(),
			Some(block.extrinsics.clone()),
			None,
			None,
			state,
			true,
		)?;
		database.commit_operation(operation)?;
		Ok(block)
	}

	/// As the core sees it.
	fn core(block: &Block, term: u64) -> Core {
		let mut core = (*crate::block::genesis(block.header.hash(), None)).clone();
		core.number = Number(block.header.number.into());
		core.parent = block.header.parent_hash().0;
		core.digest.term = Term(term);
		core
	}

	/// Leaders of 32 terms whose block of one height was not certified fill the database: it takes no other, not after a restart
	/// either. What is given up of the lowest terms makes room for it, is not lost, and can come back.
	#[test]
	fn a_height_that_is_full_gets_room_and_nothing_is_lost() {
		let folder = tempfile::tempdir().unwrap();
		let database = open(folder.path());
		let genesis = insert(&database, 0, H256::default(), 0, NewBlockState::Best).unwrap();
		let genesis = genesis.header.hash();
		let mut blocks = Vec::new();
		for term in 1..=32 {
			let block = insert(&database, 1, genesis, term, NewBlockState::Normal).unwrap();
			blocks.push(block);
		}
		// The third was certified, and has a child.
		let child = insert(&database, 2, blocks[2].header.hash(), 100, NewBlockState::Best).unwrap();
		assert!(insert(&database, 1, genesis, 33, NewBlockState::Normal).is_err());
		drop(database);
		let database = open(folder.path());
		assert!(insert(&database, 1, genesis, 33, NewBlockState::Normal).is_err());

		let mut all: Vec<Core> = blocks
			.iter()
			.zip(1..)
			.map(|(block, term)| core(block, term))
			.collect();
		all.push(core(&child, 3));
		let trees = trees(&all, Number(1));
		assert_eq!(trees.len(), 32);
		let hashes = |tree: &Vec<&Core>| tree.iter().map(|block| H256(block.hash)).collect::<Vec<_>>();
		assert_eq!(hashes(&trees[0]), [blocks[0].header.hash()]);
		assert_eq!(hashes(&trees[2]), [blocks[2].header.hash(), child.header.hash()]);

		let mut shelf = Shelf::read(&database).unwrap();
		let lowest = &blocks[0];
		let hash = lowest.header.hash();
		shelf.take_out(&database, hash, lowest).unwrap();
		assert_eq!(HeaderBackend::header(database.blockchain(), hash).unwrap(), None);
		let new = insert(&database, 1, genesis, 33, NewBlockState::Normal).unwrap();
		assert!(insert(&database, 1, genesis, 34, NewBlockState::Normal).is_err());

		let with_child = blocks[2].header.hash();
		assert!(shelf.take_out(&database, with_child, &blocks[2]).is_err());
		assert!(
			shelf.take_out(&database, child.header.hash(), &child).is_err(),
			"the best block stays"
		);
		let stays = HeaderBackend::header(database.blockchain(), with_child).unwrap();
		assert_eq!(stays.as_ref(), Some(&blocks[2].header));

		// It comes back when something else has made room.
		drop(database);
		let database = open(folder.path());
		let mut shelf = Shelf::read(&database).unwrap();
		assert_eq!(shelf.get(&database, &hash).as_ref(), Some(lowest));
		assert_eq!(shelf.height(&hash), Some(1));
		assert_eq!(shelf.height(&genesis), None);
		shelf.take_out(&database, new.header.hash(), &new).unwrap();
		let again = insert(&database, 1, genesis, 1, NewBlockState::Normal).unwrap();
		assert_eq!(again, *lowest);
		assert!(HeaderBackend::header(database.blockchain(), hash)
			.unwrap()
			.is_some());

		shelf.forget_up_to(&database, 0).unwrap();
		assert!(shelf.get(&database, &hash).is_some());
		shelf.forget_up_to(&database, 1).unwrap();
		assert_eq!(shelf.get(&database, &hash), None);
		assert_eq!(AuxStore::get_aux(&database, &key(&hash)).unwrap(), None);
		assert!(Shelf::read(&database)
			.unwrap()
			.get(&database, &child.header.hash())
			.is_some());
	}

	fn rank(term: u64, number: u64) -> Rank {
		Rank(SetId(0), Term(term), Number(number))
	}

	#[test]
	fn two_of_a_height_and_term_are_executed_and_what_a_certificate_leads_to() {
		let mut siblings = Siblings::default();
		let hash = H256::repeat_byte;
		for variant in 0..2 {
			assert!(!siblings.are_enough(rank(1, 7), &hash(variant)));
			siblings.note(rank(1, 7), hash(variant), Why::of(false));
		}
		assert!(siblings.are_enough(rank(1, 7), &hash(2)), "a third");
		assert!(
			!siblings.are_enough(rank(1, 7), &hash(1)),
			"one of them, dated too far ahead"
		);
		assert!(!siblings.are_enough(rank(2, 7), &hash(2)), "another term");
		assert!(!siblings.are_enough(rank(1, 8), &hash(2)), "another height");
		// One for each certificate whose block is not there.
		assert!(!siblings.may_seek(rank(1, 7), None));
		assert!(siblings.may_seek(rank(1, 7), Some(rank(1, 9))));
		assert!(!siblings.may_seek(rank(1, 7), Some(rank(1, 9))));
		assert!(siblings.may_seek(rank(1, 7), Some(rank(1, 10))));
		siblings.note(rank(1, 7), hash(2), Why::Sought);
		assert_eq!(siblings.why(rank(1, 7), &hash(1)), Some(Why::Room));
		assert_eq!(siblings.why(rank(1, 7), &hash(2)), Some(Why::Sought));
		assert_eq!(siblings.why(rank(1, 7), &hash(3)), None);
		for why in [Why::Certified, Why::Room] {
			siblings.note(rank(1, 7), hash(2), why);
			assert_eq!(siblings.why(rank(1, 7), &hash(2)), Some(Why::Certified));
		}
		// What was given up is not executed again for nothing, nor what is lower.
		siblings.given_up(rank(3, 7));
		siblings.given_up(rank(2, 7));
		assert!(siblings.are_enough(rank(3, 7), &hash(5)));
		assert!(siblings.are_enough(rank(2, 7), &hash(5)));
		assert!(!siblings.are_enough(rank(4, 7), &hash(5)));
		assert!(!siblings.are_enough(rank(2, 8), &hash(5)));
		siblings.forget_up_to(Number(7));
		assert!(siblings.given.is_empty() && siblings.sought.is_empty() && siblings.given_up.is_empty());
	}
}

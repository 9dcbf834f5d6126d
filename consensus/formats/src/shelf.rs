//! Blocks that were given up, as the database has them beside its chain: under one key which they are, under a key for each the
//! block.

use sp_core::H256;
use std::collections::BTreeMap;

use crate::Block;

/// Which blocks are there, and their heights.
pub type Heights = BTreeMap<H256, u32>;

/// Which blocks are there, if the bytes say so.
pub fn read_heights(bytes: &[u8]) -> Option<Heights> {
	crate::whole(bytes)
}

/// The block in these bytes.
pub fn read_block(bytes: &[u8]) -> Option<Block> {
	crate::whole(bytes)
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::Encode;

	#[test]
	fn what_was_written_is_read_and_nothing_else() {
		let heights = Heights::from([1, 2].map(|byte| (H256::repeat_byte(byte), 7)));
		assert_eq!(read_heights(&heights.encode()).as_ref(), Some(&heights));
		let reversed: Vec<_> = heights.iter().rev().collect();
		assert_eq!(read_heights(&reversed.encode()), None);
		let header = crate::Header {
			number: 7,
			parent_hash: H256::zero(),
			state_root: H256::zero(),
			extrinsics_root: H256::zero(),
			digest: Default::default(),
		};
		let block = Block {
			header,
			extrinsics: Vec::new(),
		};
		let mut bytes = block.encode();
		assert_eq!(read_block(&bytes), Some(block));
		bytes.push(0);
		assert_eq!(read_block(&bytes), None);
	}
}

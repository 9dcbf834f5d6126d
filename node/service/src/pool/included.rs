//! What has become final a short time ago.
//!
//! A transaction reaches a node that is behind after the block that holds it. It would be validated for nothing, or stay in the pool
//! for good where it was answered before the block came and kept after that: the SDK's pool throws out what a block holds once.
//! In the same way the next one of its account would wait for ever for one that was before it. So the pool is told again and again
//! what the last blocks provided, and what these held is not validated any more.

use std::{
	collections::{HashMap, VecDeque},
	sync::{Mutex, MutexGuard, PoisonError},
};

use codec::Encode as _;
use sp_runtime::{traits::Block as BlockT, transaction_validity::TransactionTag};
use veilmart_runtime::{extensions::provided_tags, opaque::Block, Hash};

type Extrinsic = <Block as BlockT>::Extrinsic;

/// So many transactions are remembered: what a full network makes final in the time that one may wait at the door, and to be validated.
const MOST: usize = 2048;

/// What a transaction provides in the pool, if its sender can be read.
pub(crate) fn provided_by(transaction: &Extrinsic) -> Option<Vec<TransactionTag>> {
	provided_tags(&transaction.encode())
}

/// The last transactions that became final, and what they provided.
#[derive(Default)]
pub(crate) struct Included(Mutex<Lasts>);

#[derive(Default)]
struct Lasts {
	order: VecDeque<Hash>,
	tags: HashMap<Hash, Vec<TransactionTag>>,
}

impl Included {
	fn lock(&self) -> MutexGuard<'_, Lasts> {
		// A panic while it was held leaves some that are forgotten later or never used.
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// One more is final.
	pub(crate) fn note(&self, hash: Hash, provides: Vec<TransactionTag>) {
		let mut lasts = self.lock();
		if lasts.tags.insert(hash, provides).is_some() {
			return;
		}
		lasts.order.push_back(hash);
		if lasts.order.len() > MOST {
			if let Some(oldest) = lasts.order.pop_front() {
				lasts.tags.remove(&oldest);
			}
		}
	}

	/// Whether it became final a short time ago.
	pub(crate) fn has(&self, hash: Hash) -> bool {
		self.lock().tags.contains_key(&hash)
	}

	/// What all of them have provided.
	pub(crate) fn tags(&self) -> Vec<TransactionTag> {
		self.lock().tags.values().flatten().cloned().collect()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn hash(of: usize) -> Hash {
		Hash::from_low_u64_be(of as u64)
	}

	#[test]
	fn the_last_ones_are_known_and_no_more() {
		let included = Included::default();
		for number in 0..MOST + 10 {
			included.note(hash(number), [vec![number as u8]].into());
			included.note(hash(number), [vec![number as u8]].into());
		}
		assert!(!included.has(hash(9)));
		assert!((10..MOST + 10).all(|number| included.has(hash(number))));
		assert_eq!(included.tags().len(), MOST);
	}
}

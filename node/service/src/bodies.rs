//! What blocks hold that may be abandoned yet.
//!
//! The pool throws out what a block holds when it takes note of the block, and takes it back, out of the block's body, if
//! the block is abandoned. But the database drops the body of an abandoned block as soon as another one of its height is final. Here that is
//! a fraction of a second, and the pool of a busy node often takes note of it later. It would get no body then, and nobody would
//! have the transactions any more. So each body that the pool has asked for is kept until a block of that height is final *and*
//! the pool has taken note of that.

use std::{
	collections::VecDeque,
	sync::{Mutex, MutexGuard, PoisonError},
};

use sp_runtime::traits::{Block as BlockT, NumberFor};
use veilmart_runtime::{opaque::Block, Hash};

/// So many bodies are kept, at most. No more than 16 blocks in a row wait to be final (the engine's window), and the SDK's pool does not
/// take note of more than 20 at once.
const MOST: usize = 32;

type Body = Vec<<Block as BlockT>::Extrinsic>;

/// A block whose transactions the pool has thrown out. To copy a transaction is to count who has it.
struct Kept {
	hash: Hash,
	number: NumberFor<Block>,
	body: Body,
}

/// The bodies of blocks that may be abandoned yet, in the order in which the pool asked for them first.
#[derive(Default)]
pub(crate) struct Bodies(Mutex<VecDeque<Kept>>);

impl Bodies {
	fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
		// A panic while it was held leaves a queue of valid entries.
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Keeps the body of a block.
	pub(crate) fn keep(&self, hash: Hash, number: NumberFor<Block>, body: &Body) {
		let mut all = self.lock();
		if all.iter().any(|kept| kept.hash == hash) {
			return;
		}
		if all.len() >= MOST {
			all.pop_front();
		}
		all.push_back(Kept {
			hash,
			number,
			body: body.clone(),
		});
	}

	/// The body of a block that is kept.
	pub(crate) fn get(&self, hash: Hash) -> Option<Body> {
		let all = self.lock();
		let kept = all.iter().find(|kept| kept.hash == hash)?;
		Some(kept.body.clone())
	}

	/// The pool has taken note that this block is final: what is not higher is not asked for any more.
	pub(crate) fn is_final(&self, hash: Hash) {
		let mut all = self.lock();
		let number = all.iter().find(|kept| kept.hash == hash).map(|kept| kept.number);
		if let Some(number) = number {
			all.retain(|kept| kept.number > number);
		}
	}
}

#[cfg(test)]
mod tests {
	use codec::Decode as _;
	use sp_runtime::OpaqueExtrinsic;

	use super::*;

	fn hash(of: u64) -> Hash {
		Hash::from_low_u64_be(of)
	}

	/// A body of one transaction, whose only byte is this.
	fn body(byte: u8) -> Body {
		vec![OpaqueExtrinsic::decode(&mut &[4, byte][..]).expect("one of one byte")]
	}

	#[test]
	fn a_body_is_kept_until_a_block_of_its_height_is_final() {
		let bodies = Bodies::default();
		bodies.keep(hash(1), 1, &body(1));
		bodies.keep(hash(2), 2, &body(2));
		bodies.keep(hash(22), 2, &body(22));
		bodies.keep(hash(3), 3, &body(3));
		bodies.is_final(hash(1));
		assert_eq!(bodies.get(hash(1)), None);
		assert_eq!(bodies.get(hash(2)), Some(body(2)));
		assert_eq!(bodies.get(hash(22)), Some(body(22)));
		bodies.is_final(hash(22));
		assert_eq!(bodies.get(hash(2)), None, "it was abandoned, and noted");
		assert_eq!(bodies.get(hash(22)), None);
		assert_eq!(bodies.get(hash(3)), Some(body(3)));
	}

	#[test]
	fn no_more_are_kept_than_may_be_asked_for() {
		let bodies = Bodies::default();
		for number in 0..1000 {
			bodies.keep(hash(number), 1, &body(7));
			bodies.keep(hash(number), 1, &body(8));
			assert_eq!(bodies.get(hash(number)), Some(body(7)));
		}
		assert_eq!(bodies.lock().len(), MOST);
		for number in 1000 - 20..1000 {
			assert!(bodies.get(hash(number)).is_some(), "{number}");
		}
	}
}

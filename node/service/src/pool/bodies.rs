//! What blocks hold that may be abandoned yet.
//!
//! The pool throws out what a block holds when it takes note of the block, and takes it back, out of the block's body, if
//! the block is abandoned. But the database drops the body of an abandoned block as soon as another one of its height is final. Here that is
//! a fraction of a second, and the pool of a busy node often takes note of it later. It would get no body then, and nobody would
//! have the transactions any more. So each body that the pool has asked for is kept until a block of that height is final *and*
//! the pool has taken note of that.

use std::{
	collections::VecDeque,
	mem,
	sync::{Mutex, MutexGuard, PoisonError},
};

use sp_runtime::traits::{Block as BlockT, NumberFor};
use veilmart_runtime::{opaque::Block, Hash};

/// So many bodies are kept, at most. No more than 16 blocks in a row wait to be final (the engine's window), and the SDK's pool does not
/// take note of more than 20 at once.
const MOST: usize = 32;

type Extrinsic = <Block as BlockT>::Extrinsic;
type Body = Vec<Extrinsic>;

/// A block whose transactions the pool has thrown out. To copy a transaction is to count who has it.
struct Kept {
	hash: Hash,
	number: NumberFor<Block>,
	body: Body,
	/// Whether the pool has asked for it again since that was looked at: it takes back what the block held.
	again: bool,
}

/// The bodies of blocks that may be abandoned yet; those that the pool asked for last are last.
#[derive(Default)]
pub(crate) struct Bodies(Mutex<VecDeque<Kept>>);

impl Bodies {
	fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
		// A panic while it was held leaves a queue of valid entries.
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// The body of a block that is kept: the pool takes back what it held.
	pub(crate) fn again(&self, hash: Hash) -> Option<Body> {
		let mut all = self.lock();
		let position = all.iter().position(|kept| kept.hash == hash)?;
		let mut kept = all.remove(position)?;
		kept.again = true;
		let body = kept.body.clone();
		all.push_back(kept);
		Some(body)
	}

	/// The pool throws out what a block holds.
	pub(crate) fn keep(&self, hash: Hash, number: NumberFor<Block>, body: Body) {
		let mut all = self.lock();
		if all.len() >= MOST {
			all.pop_front();
		}
		all.push_back(Kept {
			hash,
			number,
			body,
			again: false,
		});
	}

	/// Where one was that comes back: the height of its block, and its place there.
	pub(crate) fn place(&self, transaction: &Extrinsic) -> Option<(NumberFor<Block>, usize)> {
		let all = self.lock();
		all.iter().filter(|kept| kept.again).find_map(|kept| {
			let index = kept.body.iter().position(|other| other == transaction)?;
			Some((kept.number, index))
		})
	}

	/// What the pool has taken back since this was asked last.
	pub(crate) fn came_back(&self) -> Body {
		let mut all = self.lock();
		let again = all
			.iter_mut()
			.filter_map(|kept| mem::take(&mut kept.again).then(|| kept.body.clone()));
		again.flatten().collect()
	}

	/// What a block held.
	pub(crate) fn get(&self, hash: Hash) -> Option<Body> {
		let all = self.lock();
		let kept = all.iter().find(|kept| kept.hash == hash)?;
		Some(kept.body.clone())
	}

	/// The pool has taken note that a block of this height is final: what is not higher is not asked for any more.
	pub(crate) fn forget_up_to(&self, number: NumberFor<Block>) {
		self.lock().retain(|kept| kept.number > number);
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
	fn body(byte: u64) -> Body {
		vec![OpaqueExtrinsic::decode(&mut &[4, byte as u8][..]).expect("one of one byte")]
	}

	#[test]
	fn a_body_is_kept_until_a_block_of_its_height_is_final() {
		let bodies = Bodies::default();
		for of in [1, 2, 12, 3] {
			assert_eq!(bodies.again(hash(of)), None, "nobody has it");
			bodies.keep(hash(of), u32::try_from(of % 10).expect("a digit"), body(of));
			assert_eq!(bodies.get(hash(of)), Some(body(of)));
			assert_eq!(bodies.again(hash(of)), Some(body(of)));
		}
		bodies.forget_up_to(2);
		assert_eq!([1, 2, 12].map(|of| bodies.again(hash(of))), [None, None, None]);
		assert_eq!(bodies.again(hash(3)), Some(body(3)));
	}

	#[test]
	fn what_is_asked_for_again_comes_back_from_its_place() {
		let bodies = Bodies::default();
		bodies.keep(hash(1), 7, [body(1), body(2)].concat());
		bodies.keep(hash(2), 8, body(3));
		let place = |of| bodies.place(&body(of)[0]);
		assert_eq!((place(2), bodies.came_back()), (None, Vec::new()));
		bodies.again(hash(1));
		assert_eq!((place(2), place(3)), (Some((7, 1)), None));
		assert_eq!(bodies.came_back(), [body(1), body(2)].concat());
		assert_eq!((place(2), bodies.came_back()), (None, Vec::new()));
	}

	#[test]
	fn no_more_are_kept_than_may_be_asked_for() {
		let bodies = Bodies::default();
		bodies.keep(hash(0), 1, body(0));
		for number in 1..1000 {
			bodies.keep(hash(number), 1, body(7));
			assert_eq!(
				bodies.again(hash(0)),
				Some(body(0)),
				"it is asked for all the time"
			);
		}
		assert_eq!(bodies.lock().len(), MOST);
		for number in 1000 - 20..1000 {
			assert!(bodies.get(hash(number)).is_some(), "{number}");
		}
	}
}

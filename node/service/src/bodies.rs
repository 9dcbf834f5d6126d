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

type Body = Vec<<Block as BlockT>::Extrinsic>;

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

	/// The pool asks for the body of a block, which is this one if the database has it: the body that it gets, if any is known.
	pub(crate) fn asked(&self, hash: Hash, number: NumberFor<Block>, body: Option<Body>) -> Option<Body> {
		let mut all = self.lock();
		let position = all.iter().position(|kept| kept.hash == hash);
		let known = position.and_then(|position| all.remove(position));
		let again = known.is_some();
		let body = known.map(|kept| kept.body).or(body)?;
		if all.len() >= MOST {
			all.pop_front();
		}
		all.push_back(Kept {
			hash,
			number,
			body: body.clone(),
			again,
		});
		Some(body)
	}

	/// What the pool has taken back since this was asked last.
	pub(crate) fn came_back(&self) -> Body {
		let mut all = self.lock();
		let again = all
			.iter_mut()
			.filter_map(|kept| mem::take(&mut kept.again).then(|| kept.body.clone()));
		again.flatten().collect()
	}

	/// The pool has taken note that this block is final. Gives what it held, with its height. `is_last` says that no later one has
	/// become final with it: what is not higher is not asked for any more.
	pub(crate) fn is_final(&self, hash: Hash, is_last: bool) -> Option<(NumberFor<Block>, Body)> {
		let mut all = self.lock();
		let kept = all.iter().find(|kept| kept.hash == hash)?;
		let (number, body) = (kept.number, kept.body.clone());
		if is_last {
			all.retain(|kept| kept.number > number);
		}
		Some((number, body))
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
		let ask = |of: u64| bodies.asked(hash(of), u32::try_from(of % 10).expect("a digit"), None);
		for of in [1, 2, 12, 3] {
			assert_eq!(ask(of), None, "nobody has it");
			let first = bodies.asked(hash(of), u32::try_from(of % 10).expect("a digit"), Some(body(of)));
			assert_eq!(first, Some(body(of)));
			assert_eq!(ask(of), Some(body(of)), "the database has it no more");
		}
		assert_eq!(bodies.is_final(hash(1), false), Some((1, body(1))));
		assert_eq!(
			ask(1),
			Some(body(1)),
			"a later one is final, too, and noted with it"
		);
		assert_eq!(bodies.is_final(hash(12), true), Some((2, body(12))));
		assert_eq!([1, 2, 12].map(ask), [None, None, None]);
		assert_eq!(ask(3), Some(body(3)));
	}

	#[test]
	fn what_is_asked_for_again_came_back() {
		let bodies = Bodies::default();
		bodies.asked(hash(1), 1, Some(body(1)));
		bodies.asked(hash(2), 1, Some(body(2)));
		assert_eq!(bodies.came_back(), []);
		bodies.asked(hash(1), 1, None);
		assert_eq!(bodies.came_back(), body(1));
		assert_eq!(bodies.came_back(), []);
	}

	#[test]
	fn no_more_are_kept_than_may_be_asked_for() {
		let bodies = Bodies::default();
		bodies.asked(hash(0), 1, Some(body(0)));
		for number in 1..1000 {
			bodies.asked(hash(number), 1, Some(body(7)));
			assert_eq!(
				bodies.asked(hash(0), 1, None),
				Some(body(0)),
				"it is asked for all the time"
			);
		}
		assert_eq!(bodies.lock().len(), MOST);
		for number in 1000 - 20..1000 {
			assert!(bodies.asked(hash(number), 1, None).is_some(), "{number}");
		}
	}
}

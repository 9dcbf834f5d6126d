//! Leaders that hardly work, and leaders with a queue.

use super::{
	pool::{impatient, named},
	*,
};

/// After how many of four blocks, each of which carries one older transaction of this length, a node wants another leader for one that waits
/// and has had its time. The runtime says of all blocks that they take no time.
fn blocks_until_another_leader(length: usize) -> Option<usize> {
	let mut lab = impatient();
	// None begins as inherents do.
	let older = [0x81, 0x82, 0x83, 0x84];
	for byte in older {
		lab.engine.on_arrival(named(byte));
	}
	lab.engine.on_arrival(named(0x85));
	let mut last: Option<Block> = None;
	for (before, byte) in older.into_iter().enumerate() {
		let transaction = vec![byte; length];
		let block = match &last {
			None => lab.first(1, &transaction),
			Some(last) => lab.next(last, &transaction),
		};
		lab.send(&block);
		assert!(lab.has(&block));
		assert_eq!(lab.engine.failure, None);
		if lab.engine.core.gate_is_open() {
			return Some(before + 1);
		}
		last = Some(block);
	}
	None
}

/// A leader could else have it wait for as long as it likes.
#[test]
fn a_leader_that_lets_one_older_transaction_through_now_and_then_has_three_blocks() {
	assert_eq!(blocks_until_another_leader(1), Some(3));
}

/// Three MiB are 0.3 s of work, which is enough for six seconds.
#[test]
fn a_leader_with_a_queue_may_have_what_came_later_wait() {
	assert_eq!(blocks_until_another_leader(3 << 20), None);
}

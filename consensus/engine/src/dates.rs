//! The dates of blocks, and the wall clock.
//!
//! The runtime sets a block's date (`pallet-timestamp`), and it stands in the state after the block. So it is read there, whatever
//! the block's inherents look like. What follows from it is the core's (`Core::set_date`).

use codec::DecodeAll;
use sc_client_api::{Backend, TrieCacheContext};
use sp_core::H256;
use sp_state_machine::Backend as _;
use std::sync::Once;
use veilmart_td_raft::Number;

use crate::{worker::StorageChanges, Block, LOG_TARGET};

/// The key under which the state after a block has the block's date, milliseconds of Unix time as a SCALE `u64`: that of
/// `pallet-timestamp`'s `Now`, in a runtime that has this pallet as `Timestamp`.
pub const DATE_KEY: [u8; 32] = [
	0xf0, 0xc3, 0x65, 0xc3, 0xcf, 0x59, 0xd6, 0x71, 0xeb, 0x72, 0xda, 0x0e, 0x7a, 0x41, 0x13, 0xc4, 0x9f,
	0x1f, 0x05, 0x15, 0xf4, 0x62, 0xcd, 0xcf, 0x84, 0xe0, 0xf1, 0xd6, 0x04, 0x5d, 0xfc, 0xbb,
];

/// The date that counts for a block whose date cannot be read: however wrong the clock is, it is too old for a vote.
pub const UNREAD: u64 = 0;

/// The time by the wall clock, in milliseconds of Unix time.
pub fn clock() -> u64 {
	sp_timestamp::Timestamp::current().as_millis()
}

fn decoded(value: &[u8]) -> Option<u64> {
	u64::decode_all(&mut &value[..]).ok()
}

/// When a block in the database is dated, if it is. One whose state cannot be read is dated [`UNREAD`]: it is not voted for until the
/// node is started again.
pub fn of_block<BE: Backend<Block>>(backend: &BE, hash: H256) -> Option<u64> {
	let unread = |error: &dyn std::fmt::Display| {
		log::warn!(target: LOG_TARGET, "The date of block {hash} cannot be read, so this node does not vote for it: {error}");
		Some(UNREAD)
	};
	let state = match backend.state_at(hash, TrieCacheContext::Untrusted) {
		Ok(state) => state,
		Err(error) => return unread(&error),
	};
	match state.storage(&DATE_KEY) {
		Ok(value) => value.as_deref().and_then(decoded),
		Err(error) => unread(&error),
	}
}

/// Says once that a block above genesis has no date: the rule is off then, for instance because the runtime keeps its dates elsewhere.
pub fn note_undated(number: Number) {
	static SAID: Once = Once::new();
	SAID.call_once(|| {
		log::warn!(
			target: LOG_TARGET,
			"Block {number} has no date where this node looks for it, so it votes for such blocks however old they are.",
		);
	});
}

/// When a block is dated whose execution changed this, if it is.
pub fn of_changes(changes: &StorageChanges) -> Option<u64> {
	let mut all = changes.main_storage_changes.iter();
	let (_, value) = all.find(|(key, _)| key[..] == DATE_KEY)?;
	value.as_deref().and_then(decoded)
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::Encode;

	#[test]
	fn an_own_block_is_dated_by_what_it_changed() {
		let changes = |date: Option<Vec<u8>>| StorageChanges {
			main_storage_changes: vec![
				(b"another".to_vec(), Some(7_u64.encode())),
				(DATE_KEY.to_vec(), date),
			],
			..Default::default()
		};
		assert_eq!(of_changes(&changes(Some(5_u64.encode()))), Some(5));
		assert_eq!(of_changes(&changes(Some(vec![1]))), None, "it is no date");
		assert_eq!(of_changes(&changes(None)), None);
		assert_eq!(of_changes(&StorageChanges::default()), None);
	}
}

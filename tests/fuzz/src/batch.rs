//! The journal of `veilmart batch`, by which is decided whether something is paid again: what is read says the same when it is written
//! again, what has no end changes nothing, and no line has two transactions that could both happen.

use std::{collections::BTreeSet, sync::LazyLock};

use sp_core::{Pair, H256};
use veilmart_cli::batch_journal::{read, write};
use veilmart_runtime::AccountId;

use crate::setting::{well_known, GENESIS};

static BUYER: LazyLock<AccountId> = LazyLock::new(|| well_known("//Alice").0.public().into());

/// Accepted is a journal of `//Alice`. Whoever has something else is told in which line.
pub fn run(data: &[u8]) -> bool {
	let genesis = H256(GENESIS);
	let (lines, whole) = match read(data, genesis, &BUYER) {
		Ok(read) => read,
		Err(unreadable) => {
			let count = data.iter().filter(|byte| **byte == b'\n').count();
			assert!((1..=count.max(1)).contains(&unreadable.line), "{unreadable:?}");
			return false;
		}
	};
	assert_eq!(
		read(&data[..whole], genesis, &BUYER).as_ref(),
		Ok(&(lines.clone(), whole))
	);
	assert!(!data[whole..].contains(&b'\n'));
	let again = write(&lines, genesis, &BUYER).expect("it was read");
	assert_eq!(
		read(again.as_bytes(), genesis, &BUYER),
		Ok((lines.clone(), again.len()))
	);
	for line in lines.values() {
		let numbers: BTreeSet<_> = line.open().map(|sent| sent.nonce).collect();
		assert!(numbers.len() <= 1, "{line:?}");
		assert!(line.done.is_none() || line.open().count() == 0, "{line:?}");
	}
	true
}

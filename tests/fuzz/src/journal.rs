//! The journal of `veilmart serve`, by which is decided whether a parcel is sent: what is read says the same when it is written
//! again, and what has no end changes nothing.

use std::sync::LazyLock;

use sp_core::{Pair, H256};
use veilmart_cli::serve::journal::{read, write};
use veilmart_runtime::AccountId;

use crate::setting::{well_known, GENESIS};

static SELLER: LazyLock<AccountId> = LazyLock::new(|| well_known("//Alice").0.public().into());

/// Accepted is a journal of `//Alice`. Whoever has something else is told in which line.
pub fn run(data: &[u8]) -> bool {
	let genesis = H256(GENESIS);
	let (steps, whole) = match read(data, genesis, &SELLER) {
		Ok(read) => read,
		Err(unreadable) => {
			let lines = data.iter().filter(|byte| **byte == b'\n').count();
			assert!((1..=lines.max(1)).contains(&unreadable.line), "{unreadable:?}");
			return false;
		}
	};
	assert_eq!(
		read(&data[..whole], genesis, &SELLER).as_ref(),
		Ok(&(steps.clone(), whole))
	);
	assert!(!data[whole..].contains(&b'\n'));
	let again = write(&steps, genesis, &SELLER).expect("it was read");
	assert_eq!(read(again.as_bytes(), genesis, &SELLER), Ok((steps, again.len())));
	true
}

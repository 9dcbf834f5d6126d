//! The file in which a node notes since when its disk has had voting keys:
//!
//! | bytes | what |
//! |---|---|
//! | 16 | [`MAGIC`] |
//! | 32 | genesis hash |
//! | 16 | BLAKE2b of the content |
//! | | content: a SCALE map of keys to options of dates in milliseconds of Unix time; none: its log is here |

use blake2::{digest::consts::U16, Blake2b, Digest};
use codec::Encode;
use std::collections::BTreeMap;
use veilmart_td_raft::{AuthorityId, BlockHash};

/// What the file begins with; the number is the format's version.
pub const MAGIC: &[u8; 16] = b"td-raft since 01";
/// Magic, genesis hash, hash of the content.
const HEADER: usize = 16 + 32 + 16;

/// For each key the date when it came; none if its log is here.
pub type Dates = BTreeMap<AuthorityId, Option<u64>>;

/// The file with this content.
pub fn around(content: &[u8], genesis: &BlockHash) -> Vec<u8> {
	let hash: [u8; 16] = Blake2b::<U16>::digest(content).into();
	[&MAGIC[..], &genesis[..], &hash[..], content].concat()
}

/// The file that notes these dates.
pub fn write(dates: &Dates, genesis: &BlockHash) -> Vec<u8> {
	around(&dates.encode(), genesis)
}

/// What is in a file, if it is whole and of this chain.
pub fn read(bytes: &[u8], genesis: &BlockHash) -> Option<Dates> {
	let (_, content) = bytes.split_at_checked(HEADER)?;
	if bytes != around(content, genesis) {
		return None;
	}
	crate::whole(content)
}

#[cfg(test)]
mod tests {
	use super::*;

	const GENESIS: BlockHash = [7; 32];

	#[test]
	fn what_was_written_is_read_and_nothing_else() {
		let dates = Dates::from([(AuthorityId([1; 32]), None), (AuthorityId([2; 32]), Some(5))]);
		let bytes = write(&dates, &GENESIS);
		assert_eq!(bytes[..16], MAGIC[..]);
		assert_eq!(bytes.len(), HEADER + 1 + 33 + 41);
		assert_eq!(read(&bytes, &GENESIS).as_ref(), Some(&dates));
		assert_eq!(read(&bytes, &[8; 32]), None);
		for place in 0..bytes.len() {
			let mut damaged = bytes.clone();
			damaged[place] ^= 1;
			assert_eq!(read(&damaged, &GENESIS), None, "{place}");
			assert_eq!(read(&bytes[..place], &GENESIS), None, "{place}");
		}
	}

	#[test]
	fn a_map_that_nobody_writes_so_is_none() {
		let [one, other] = [1, 2].map(|byte| (AuthorityId([byte; 32]), Some(5_u64)));
		let file = |entries: &[(AuthorityId, Option<u64>)]| around(&entries.encode(), &GENESIS);
		assert!(read(&file(&[one, other]), &GENESIS).is_some());
		assert_eq!(read(&file(&[other, one]), &GENESIS), None, "out of order");
		assert_eq!(read(&file(&[one, one]), &GENESIS), None, "a key twice");
	}
}

//! How authorities are reached, transactions sealed to them, their sets and session keys.

use veilmart_runtime::{apis::SessionKeys, opaque};
use veilmart_td_raft::{AuthorityRecord, AuthoritySet, SealedContent, SealedTransaction, Sr25519};

use crate::{setting::GENESIS, whole};

/// Accepted is a record that its authority signed, and what decodes of the others. Any 64 bytes are session keys.
pub fn run(data: &[u8]) -> bool {
	let set = whole::<AuthoritySet>(data);
	if let Some(set) = &set {
		assert!(set.members().windows(2).all(|pair| pair[0].id < pair[1].id));
		// Two quorums share an honest authority.
		assert!(2 * set.quorum() > set.count() + set.faulty());
		let _ = set.share_keys();
	}
	SessionKeys::decode_into_raw_public_keys(data);
	whole::<AuthorityRecord>(data).is_some_and(|record| record.verify(&GENESIS, &Sr25519))
		|| set.is_some()
		|| whole::<SealedTransaction>(data).is_some()
		|| whole::<SealedContent>(data).is_some()
		|| whole::<opaque::Block>(data).is_some()
}

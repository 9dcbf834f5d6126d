//! How authorities are reached, transactions sealed to them, their sets and session keys.

use sp_core::crypto::KeyTypeId;
use veilmart_runtime::{apis::SessionKeys, opaque};
use veilmart_td_raft::{AuthorityRecord, AuthoritySet, SealedContent, SealedTransaction, Sr25519};

use crate::{setting::GENESIS, whole};

/// Accepted is a record that its authority signed, and what decodes of the others.
pub fn run(data: &[u8]) -> bool {
	let record = whole::<AuthorityRecord>(data);
	if let Some(set) = whole::<AuthoritySet>(data) {
		assert!(set.members().windows(2).all(|pair| pair[0].id < pair[1].id));
		// Quorums share an honest authority.
		assert!(2 * set.quorum() > set.count() + set.faulty());
		let _ = set.share_keys();
	}
	let keys = SessionKeys::decode_into_raw_public_keys(data);
	if let Some(keys) = &keys {
		assert_eq!(keys.len(), 2);
		assert!(keys.iter().all(|(_, id)| *id != KeyTypeId::default()));
	}
	record.is_some_and(|record| record.verify(&GENESIS, &Sr25519))
		|| whole::<AuthoritySet>(data).is_some()
		|| whole::<SealedTransaction>(data).is_some()
		|| whole::<SealedContent>(data).is_some()
		|| whole::<opaque::Block>(data).is_some()
}

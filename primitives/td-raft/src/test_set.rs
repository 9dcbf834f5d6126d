//! Keys and sets for tests.

use alloc::vec::Vec;
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey};

use crate::{Authority, AuthorityId, AuthorityIndex, AuthoritySet, BlockHash, SetId, ShareKey};

pub const GENESIS: BlockHash = [0x47; 32];

/// A key pair by number.
pub fn keys(seed: u8) -> Keypair {
	MiniSecretKey::from_bytes(&[seed + 1; 32])
		.unwrap()
		.expand_to_keypair(ExpansionMode::Ed25519)
}

/// A set of `n` and the key pairs by position.
pub fn set(id: u64, n: u8) -> (AuthoritySet, Vec<Keypair>) {
	let mut pairs: Vec<_> = (0..n).map(keys).collect();
	pairs.sort_by_key(|pair| pair.public.to_bytes());
	let members = pairs
		.iter()
		.map(|pair| pair.public.to_bytes())
		.map(|key| Authority {
			id: AuthorityId(key),
			share_key: ShareKey(key),
		})
		.collect();
	(AuthoritySet::new(SetId(id), members).unwrap(), pairs)
}

pub fn at(index: u16) -> AuthorityIndex {
	AuthorityIndex(index)
}

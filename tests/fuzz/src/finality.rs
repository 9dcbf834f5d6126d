//! Proofs that a block is final, and the protocol's items in headers.

use sp_runtime::{traits::Header as _, Digest};
use veilmart_td_raft::{
	finality::{FinalityProof, Header},
	header, Sr25519,
};

use crate::{
	setting::{GENESIS, SET},
	take, whole,
};

fn has_items(mut digest: Digest) -> bool {
	let before = digest.clone();
	match header::take_seal(&mut digest) {
		Ok(Some(seal)) => {
			digest.logs.push(header::seal(&seal));
			assert_eq!(digest, before);
			digest.logs.pop();
		}
		Ok(None) => assert_eq!(digest, before),
		Err(_) => return false,
	}
	header::items(&digest).is_ok()
}

/// Accepted is a proof of finality that holds, and a header of the protocol.
pub fn run(data: &[u8]) -> bool {
	let proof = whole::<FinalityProof>(data);
	let shown = proof.and_then(|proof| proof.verify(&GENESIS, &SET, &Sr25519).ok());
	if let Some(shown) = &shown {
		assert_eq!(shown.header.hash().0, shown.hash);
	}
	let header = take::<Header>(&mut { data }).is_some_and(|header| has_items(header.digest().clone()));
	shown.is_some() || header
}

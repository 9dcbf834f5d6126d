//! What a node answers to a wallet in JSON. What it answers in SCALE is in [`crate::answers`].
//!
//! The first byte of an input chooses one of [`FORMATS`].

use jsonrpsee::types::ErrorObjectOwned;
use serde_json::{json, Value};
use sp_core::Bytes;
use veilmart_cli::{
	ca::{hex, unhex},
	chain::refusal_in,
	sealed::leader_in,
	transaction::{Progress, SignedBlock},
};
use veilmart_runtime::{extensions::read_extrinsic, Hash, Header};

use crate::{in_format, target, Target};

/// `chain_getBlock`: transactions mean the same in either form.
fn block(data: &[u8]) -> bool {
	let Ok(block) = serde_json::from_slice::<SignedBlock>(data) else {
		return false;
	};
	let transactions: Vec<_> = block.transactions().collect();
	for encoded in &transactions {
		read_extrinsic(encoded);
	}
	let digits: Vec<_> = transactions.iter().map(|encoded| hex(encoded)).collect();
	for extrinsics in [json!(digits), json!(transactions)] {
		let again = json!({ "block": { "extrinsics": extrinsics } });
		let again: SignedBlock = serde_json::from_value(again).expect("a block");
		assert!(again.transactions().eq(transactions.iter().copied()));
	}
	true
}

/// What the pool reports about a transaction.
fn status(data: &[u8]) -> bool {
	let Ok(status) = serde_json::from_slice::<Value>(data) else {
		return false;
	};
	let progress = Progress::read(&status);
	let again = match &progress {
		Progress::Waiting => return false,
		Progress::InBlock(block) => json!({ "inBlock": block }),
		Progress::Finalized(block) => json!({ "finalized": block }),
		Progress::Left(_) => status,
	};
	assert_eq!(Progress::read(&again), progress);
	true
}

/// Who leads, in `tdRaft_roundState`.
fn leader(data: &[u8]) -> bool {
	let state = serde_json::from_slice::<Value>(data).ok();
	let leader = state.as_ref().and_then(leader_in);
	if let Some(leader) = &leader {
		assert_eq!(unhex(&hex(&leader.0)), Some(leader.0.to_vec()));
	}
	leader.is_some()
}

/// What a node answers instead of a result: a refusal has a name and says something.
fn error(data: &[u8]) -> bool {
	let answer = serde_json::from_slice::<ErrorObjectOwned>(data).ok();
	let refusal = answer.as_ref().and_then(refusal_in);
	if let Some(refusal) = &refusal {
		assert!(!refusal.origin.is_empty());
	}
	refusal.is_some()
}

/// What the first byte chooses from.
pub const FORMATS: [Target; 7] = [
	target("header", |data| crate::json::<Header>(data).is_some()),
	target("block", block),
	target("status", status),
	target("leader", leader),
	target("error", error),
	target("bytes", |data| crate::json::<Bytes>(data).is_some()),
	target("hash", |data| crate::json::<Option<Hash>>(data).is_some()),
];

/// Accepted is what says something.
pub fn run(data: &[u8]) -> bool {
	in_format(&FORMATS, data)
}

//! What the nodes of these tests have in common, each of which holds what its test put on it: how they are reached, and what
//! all of them answer alike.

// No test has a use for all of it.
#![allow(dead_code)]

use std::process::Output;

use jsonrpsee::{
	server::{Server, ServerHandle},
	RpcModule,
};
use pallet_ecommerce::{runtime_api::Market, Ciphertext, GenesisKey};
use serde_json::{json, Value};
use sp_core::H256;
use veilmart_paillier::PublicKey;
use veilmart_runtime::VERSION;

/// Serves a node's methods on a port that is free: where, and the handle without which it ends.
pub async fn serve<Context>(module: RpcModule<Context>) -> (String, ServerHandle) {
	let server = Server::builder().build("127.0.0.1:0").await.unwrap();
	let url = format!("ws://{}", server.local_addr().unwrap());
	(url, server.start(module))
}

/// What `state_getRuntimeVersion` answers.
pub fn version() -> Value {
	json!({
		"specName": VERSION.spec_name,
		"specVersion": VERSION.spec_version,
		"transactionVersion": VERSION.transaction_version,
	})
}

/// What `chain_getHeader` answers, as far as a wallet looks at it.
pub fn header(number: impl std::fmt::LowerHex) -> Value {
	json!({
		"parentHash": H256::zero(), "number": format!("{number:#x}"), "stateRoot": H256::zero(),
		"extrinsicsRoot": H256::zero(), "digest": { "logs": [] },
	})
}

/// What `EcommerceApi_market` answers truly, on a chain with this key that has halted for so many milliseconds and has no time.
pub fn market(key: &GenesisKey, halted: u64) -> Market {
	let public = PublicKey::from_modulus(&key.modulus).unwrap();
	Market {
		modulus: key.modulus.clone(),
		nonce_base: Ciphertext::from_slice(&public.h_s_bytes()).unwrap(),
		terms: Default::default(),
		halted,
		standstill: 0,
		clock: 0,
	}
}

/// What a command said beside its result.
pub fn errors(output: &Output) -> String {
	String::from_utf8_lossy(&output.stderr).into_owned()
}

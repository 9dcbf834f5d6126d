//! What a node answers in JSON, and what it begins with.

use serde_json::{json, Value};
use sp_core::H256;
use sp_runtime::{traits::Header as _, Digest, DigestItem};
use veilmart_cli::{account::address, ca::hex};
use veilmart_fuzz_targets::{genesis, input, rpc};
use veilmart_runtime::{genesis_presets, Header};
use veilmart_td_raft::ENGINE_ID;

use crate::{
	trade::{account, ALICE, BOB},
	Corpora,
};

fn answers(corpora: &mut Corpora) {
	let digest = Digest {
		logs: vec![DigestItem::PreRuntime(ENGINE_ID, vec![7])],
	};
	let hash = H256::repeat_byte;
	let header = Header::new(7, hash(1), hash(2), hash(3), digest);
	let header = serde_json::to_string(&header).expect("it is printable");
	let digits = hex(&corpora.0["extrinsic"]["signed"]);
	let leader = hex(&[1; 32]);
	for (format, name, content) in [
		("header", "header", header.as_str()),
		("header", "broken-number", &header.replace("0x7", "0x100000000")),
		(
			"block",
			"block",
			&json!({ "block": { "header": {}, "extrinsics": [digits, [40, 5]] }, "justifications": null })
				.to_string(),
		),
		(
			"block",
			"broken-block",
			r#"{"block":{"extrinsics":["0x28",[256]]}}"#,
		),
		("status", "final", &json!({ "finalized": hash(4) }).to_string()),
		("status", "in-block", &json!({ "inBlock": hash(4) }).to_string()),
		("status", "invalid", "\"invalid\""),
		("status", "broken-ready", "\"ready\""),
		("status", "broken-final", r#"{"finalized":"0x04"}"#),
		(
			"leader",
			"leader",
			&json!({ "leader": leader, "term": 3 }).to_string(),
		),
		("leader", "broken-leader", r#"{"leader":"0x01"}"#),
		(
			"error",
			"refusal",
			r#"{"code":1010,"message":"Invalid Transaction","data":"Custom error: 64"}"#,
		),
		(
			"error",
			"later",
			r#"{"code":1011,"message":"Unknown Transaction Validity","data":"Custom(40)"}"#,
		),
		(
			"error",
			"broken-error",
			r#"{"code":-32601,"message":"Method not found"}"#,
		),
		("bytes", "bytes", "\"0x2805\""),
		("bytes", "broken-bytes", "\"0x28zz\""),
		("hash", "hash", &json!(hash(4)).to_string()),
		("hash", "broken-hash", "\"0x04\""),
	] {
		corpora.add("rpc", name, input(&rpc::FORMATS, format, content));
	}
}

/// The preset of a single authority. The proof about its key is not read here, and long.
fn development() -> Value {
	let preset = genesis_presets::get_preset(&"development".into()).expect("it is there");
	let mut preset: Value = serde_json::from_slice(&preset).expect("a preset is JSON");
	preset["ecommerce"]["key"]["proof"] = json!("0x08");
	preset
}

fn beginnings(corpora: &mut Corpora) {
	let [alice, bob] = [ALICE, BOB].map(|signer| address(&account(signer)));
	let small = json!({
		"balances": { "balances": [[alice, 1_000], [bob, 5]] },
		"certificates": { "ca": alice },
		"council": { "members": [alice, bob] },
		"ecommerce": {
			"key": { "modulus": "0x07", "proof": "0x08" },
			"issuerQuotas": [[alice, 7_000]],
		},
		"tdRaft": { "chainId": "small" },
	})
	.to_string();
	let plain = json!({
		"id": "small",
		"genesis": { "runtimeGenesis": { "patch": { "council": { "members": [] } } } },
	})
	.to_string();
	for (format, name, content) in [
		("configuration", "development", development().to_string()),
		(
			"configuration",
			"broken-field",
			small.replace("members", "member"),
		),
		("configuration", "broken-negative", small.replace(",5]", ",-5]")),
		("configuration", "small", small),
		("specification", "full", plain.replace("patch", "config")),
		(
			"specification",
			"broken-raw",
			plain.replace("runtimeGenesis", "raw"),
		),
		(
			"specification",
			"broken-list",
			plain.replace(r#"{"council":{"members":[]}}"#, "[]"),
		),
		(
			"specification",
			"with-key",
			plain.replace(r#""council""#, r#""ecommerce":{"key":7,"terms":null},"council""#),
		),
		(
			"specification",
			"broken-market",
			plain.replace(r#""council""#, r#""ecommerce":7,"council""#),
		),
		("specification", "plain", plain),
	] {
		corpora.add("genesis", name, input(&genesis::FORMATS, format, content));
	}
}

/// The corpora of what a node answers and of how a chain begins.
pub fn add(corpora: &mut Corpora) {
	answers(corpora);
	beginnings(corpora);
}

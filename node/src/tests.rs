//! The node as a whole: its chains, and a running one of a single authority. Networks are in `tests/network`.

use std::time::Duration;

use codec::{Decode, Encode};
use sc_cli::SubstrateCli;
use sc_service::{DatabaseSource, RpcHandlers, TaskManager};
use serde_json::{json, Value};
use sp_core::Pair;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{generic::Era, BuildStorage};
use veilmart_node_service::service;
use veilmart_runtime::{extensions::signed_extrinsic, token, AccountId, Hash, SS58_PREFIX, WASM_BINARY};

use crate::{chain_spec, cli::Cli};

/// Whether there is a runtime to test with. Without one (`SKIP_WASM_BUILD`) a test has nothing to say.
fn has_runtime() -> bool {
	if WASM_BINARY.is_none() {
		eprintln!("skipped: built without a wasm runtime");
	}
	WASM_BINARY.is_some()
}

/// Parses a command line as the operator would type it.
fn command_line(arguments: &[&str]) -> Cli {
	Cli::read(["veilmart-node"].iter().chain(arguments))
}

#[test]
fn known_chains_load_and_survive_the_way_through_a_raw_file() {
	if !has_runtime() {
		return;
	}
	for (names, id) in [
		(&["dev", "development"][..], "development"),
		(&["", "local", "local_testnet"][..], "local_testnet"),
		(&["local_testnet_seven"][..], "local_testnet_seven"),
	] {
		for name in names {
			let spec = chain_spec::load(name).expect("the node knows this chain");
			assert_eq!(spec.id(), id, "{name}");
		}
		let spec = chain_spec::load(id).expect("the node knows this chain");
		let raw = spec.as_json(true).expect("genesis can be built");

		let file = std::env::temp_dir().join(format!("veilmart-{}-{id}.json", std::process::id()));
		std::fs::write(&file, &raw).expect("the temporary directory is writable");
		let loaded = chain_spec::load(&file.to_string_lossy()).expect("what was written can be read");

		assert_eq!(
			loaded.as_json(true).as_ref(),
			Ok(&raw),
			"{id}: the same specification"
		);
		assert!(
			loaded.build_storage().expect("it is raw").top == spec.build_storage().expect("it was built").top,
			"{id}: the same state"
		);
		std::fs::remove_file(&file).expect("it was just written");
	}
}

#[test]
fn properties_are_the_runtimes() {
	if !has_runtime() {
		return;
	}
	let spec = chain_spec::load("dev").expect("the node knows this chain");
	let properties = spec.properties();
	assert_eq!(properties["tokenSymbol"], token::SYMBOL);
	assert_eq!(properties["tokenDecimals"], token::DECIMALS);
	assert_eq!(properties["ss58Format"], SS58_PREFIX);
}

#[test]
fn a_file_that_is_no_specification_is_refused() {
	assert!(chain_spec::load("/nowhere/at/all.json").is_err());
	let file = std::env::temp_dir().join(format!("veilmart-{}-broken.json", std::process::id()));
	for broken in ["", "[]", "{\"name\": 1}"] {
		std::fs::write(&file, broken).expect("the temporary directory is writable");
		assert!(chain_spec::load(&file.to_string_lossy()).is_err(), "{broken:?}");
	}
	std::fs::remove_file(&file).expect("it was just written");
}

#[test]
fn the_authoritys_key_is_patched_into_plain_specifications_only() {
	if !has_runtime() {
		return;
	}
	let spec = chain_spec::load("local").expect("the node knows this chain");
	let key = json!({ "modulus": "0x01" });
	let patched = chain_spec::with_ca_key(&spec, key.clone()).expect("a plain specification");
	let patched: Value =
		serde_json::from_str(&patched.as_json(false).expect("it can be written")).expect("it is JSON");
	assert_eq!(
		patched.pointer("/genesis/runtimeGenesis/patch/ecommerce/key"),
		Some(&key)
	);
	assert!(
		patched.pointer("/genesis/runtimeGenesis/patch/council").is_some(),
		"the rest is still there"
	);

	let raw = spec.as_json(true).expect("genesis can be built");
	let raw = chain_spec::ChainSpec::from_json_bytes(raw.into_bytes()).expect("what was written can be read");
	assert!(chain_spec::with_ca_key(&raw, key).is_err());
}

#[test]
fn the_database_is_paritydb_unless_told_otherwise() {
	if !has_runtime() {
		return;
	}
	let cli = command_line(&["--dev"]);
	let runtime = sc_cli::build_runtime().expect("tokio starts");
	let config = cli
		.create_configuration(&cli.run, runtime.handle().clone())
		.expect("a valid configuration");
	assert!(matches!(config.database, DatabaseSource::ParityDb { .. }));
}

/// A node in this process.
struct Node {
	rpc: RpcHandlers,
	_task_manager: TaskManager,
}

impl Node {
	/// Calls a method and returns its result.
	async fn call(&self, method: &str, params: Value) -> Value {
		let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
		let (response, _) = self
			.rpc
			.rpc_query(&request.to_string())
			.await
			.expect("a valid request");
		let mut response: Value = serde_json::from_str(&response).expect("a JSON response");
		assert!(response.get("error").is_none(), "{method}: {response}");
		response["result"].take()
	}

	/// The numbers of the best and of the last final block.
	async fn heights(&self) -> (u64, u64) {
		let number = |header: Value| {
			let hex = header["number"]
				.as_str()
				.expect("a number in hexadecimal")
				.to_owned();
			u64::from_str_radix(hex.trim_start_matches("0x"), 16).expect("a number in hexadecimal")
		};
		let best = number(self.call("chain_getHeader", json!([])).await);
		let hash = self.call("chain_getFinalizedHead", json!([])).await;
		(best, number(self.call("chain_getHeader", json!([hash])).await))
	}

	/// Waits until the best block is final and has at least this number.
	async fn final_at(&self, height: u64) -> u64 {
		for _ in 0..200 {
			let (best, last_final) = self.heights().await;
			if best >= height && best == last_final {
				return best;
			}
			tokio::time::sleep(Duration::from_millis(50)).await;
		}
		panic!(
			"block {height} did not become final within ten seconds: {:?}",
			self.heights().await
		);
	}
}

impl Node {
	/// Waits until an account has this many transactions in the chain.
	async fn transactions(&self, account: Sr25519Keyring, count: u32) {
		for _ in 0..200 {
			if self.nonce(&account.to_account_id()).await == count {
				return;
			}
			tokio::time::sleep(Duration::from_millis(50)).await;
		}
		panic!("{count} transactions were not included within ten seconds");
	}

	/// The number of transactions of an account in the chain (the pool's do not count).
	async fn nonce(&self, account: &AccountId) -> u32 {
		let parameters = sp_core::bytes::to_hex(&account.encode(), false);
		let nonce = self
			.call("state_call", json!(["AccountNonceApi_account_nonce", parameters]))
			.await;
		let nonce = sp_core::bytes::from_hex(nonce.as_str().expect("bytes in hexadecimal"));
		u32::decode(&mut &nonce.expect("bytes in hexadecimal")[..]).expect("a number")
	}
}

/// A remark that `sender` signed as its transaction number `nonce`, as hexadecimal.
fn remark(sender: Sr25519Keyring, nonce: u32, genesis: Hash) -> String {
	let call = frame_system::Call::remark {
		remark: nonce.encode(),
	}
	.into();
	let transaction = signed_extrinsic(
		call,
		sender.to_account_id(),
		nonce,
		Era::Immortal,
		genesis,
		genesis,
		|bytes| sender.pair().sign(bytes).into(),
	);
	sp_core::bytes::to_hex(&transaction.encode(), false)
}

#[test]
fn a_single_authority_makes_what_is_ready_final_and_rests_otherwise() {
	if !has_runtime() {
		return;
	}
	let cli = command_line(&["--dev", "--rpc-port=0", "--port=0", "--no-prometheus"]);
	let runtime = sc_cli::build_runtime().expect("tokio starts");
	let config = cli
		.create_configuration(&cli.run, runtime.handle().clone())
		.expect("a valid configuration");

	runtime.block_on(async {
		let (task_manager, rpc) = service::start(config, cli.options()).expect("the node starts");
		let node = Node {
			rpc,
			_task_manager: task_manager,
		};
		let genesis = node.call("chain_getBlockHash", json!([0])).await;
		let genesis: Hash = serde_json::from_value(genesis).expect("a hash");
		let alice = Sr25519Keyring::Alice;

		let state = node.call("tdRaft_roundState", json!([])).await;
		assert_eq!(state["role"], "leader", "{state}");
		assert_eq!(state["leader"], state["me"], "{state}");
		let first = node.final_at(1).await;
		let second = node.final_at(first + 1).await;
		assert!(second >= 2, "without transactions there are blocks, too, but few");
		assert!(second <= 4, "{second} blocks within some seconds of idleness");

		// A transaction that comes too early waits for the one before it.
		node.call("author_submitExtrinsic", json!([remark(alice, 1, genesis)]))
			.await;
		tokio::time::sleep(Duration::from_millis(500)).await;
		assert_eq!(node.nonce(&alice.to_account_id()).await, 0, "nothing is ready");
		node.call("author_submitExtrinsic", json!([remark(alice, 0, genesis)]))
			.await;
		node.transactions(alice, 2).await;

		// Load makes blocks larger, not more.
		let (before, _) = node.heights().await;
		let many = 60;
		for nonce in 2..2 + many {
			node.call("author_submitExtrinsic", json!([remark(alice, nonce, genesis)]))
				.await;
		}
		node.transactions(alice, 2 + many).await;
		let (after, _) = node.heights().await;
		assert!(
			after - before < u64::from(many),
			"some of {many} transactions share a block: {before} to {after}"
		);
		let busy = node.final_at(after).await;

		// When nothing waits it rests again.
		tokio::time::sleep(Duration::from_secs(4)).await;
		let (rested, _) = node.heights().await;
		assert!(
			rested <= busy + 4,
			"{} blocks in four seconds without a transaction",
			rested - busy
		);
	});
}

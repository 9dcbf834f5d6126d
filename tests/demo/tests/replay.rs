//! A node without the host function replays the chain to the same state.
//!
//! Real orders run on a real node, which verifies natively. Then every block is executed again by the portable runtime in
//! an executor that has no host function of ours. `Core_execute_block` fails unless the state root is the header's.

use codec::Encode;
use jsonrpsee::{core::client::ClientT, rpc_params, ws_client::WsClientBuilder};
use sc_executor::WasmExecutor;
use sc_executor_common::runtime_blob::RuntimeBlob;
use serde_json::Value;
use sp_core::storage::{StateVersion, Storage};
use sp_io::{SubstrateHostFunctions, TestExternalities};
use sp_runtime::traits::Header as _;
use std::{fs, path::Path};
use veilmart_cli::chain::Chain;
use veilmart_demo_parts::{market::Market, process, report::Steps, retail};
use veilmart_runtime::{opaque::SignedBlock, PORTABLE_WASM_BINARY, WASM_BINARY};

fn unhex(text: &str) -> Vec<u8> {
	sp_core::bytes::from_hex(text).expect("a raw specification is hexadecimal")
}

/// The genesis state that a raw specification holds.
fn genesis(specification: &Path) -> Storage {
	let json: Value = serde_json::from_str(&fs::read_to_string(specification).unwrap()).unwrap();
	let top = json["genesis"]["raw"]["top"].as_object().unwrap();
	Storage {
		top: top
			.iter()
			.map(|(key, value)| (unhex(key), unhex(value.as_str().unwrap())))
			.collect(),
		children_default: Default::default(),
	}
}

/// All blocks of the chain, from the first.
async fn blocks(node: &str) -> Vec<SignedBlock> {
	let client = WsClientBuilder::default().build(node).await.unwrap();
	let mut out = Vec::new();
	for number in 1u32.. {
		let hash: Option<String> = client
			.request("chain_getBlockHash", rpc_params![number])
			.await
			.unwrap();
		let Some(hash) = hash else { break };
		out.push(client.request("chain_getBlock", rpc_params![hash]).await.unwrap());
	}
	out
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portable_runtime_replays_the_chain_to_the_same_state_root() {
	let (Some(native), Some(portable)) = (WASM_BINARY, PORTABLE_WASM_BINARY) else {
		panic!("this test needs the wasm runtimes; build without SKIP_WASM_BUILD");
	};
	let folder = tempfile::tempdir().unwrap();
	let specification = folder.path().join("chain.json");
	process::export_preset("dev", &specification).await.unwrap();
	let (node, chain): (process::Node, Chain) =
		process::Node::start(&specification, folder.path()).await.unwrap();
	let (lines, _) = retail::orders(2).unwrap();
	let mut market = Market::open(&chain, &lines).await.unwrap();
	market.list(&lines).await.unwrap();
	market.endow(&lines).await.unwrap();
	for (number, line) in lines.iter().enumerate() {
		market
			.purchase(number, line, &mut Steps::default())
			.await
			.unwrap();
	}
	let blocks = blocks(&node.url).await;
	node.stop().await.unwrap();

	let executor = WasmExecutor::<SubstrateHostFunctions>::builder().build();
	let blob = |code| RuntimeBlob::uncompress_if_needed(code).unwrap();
	let genesis = genesis(&specification);
	let code = genesis
		.top
		.get(&b":code"[..])
		.cloned()
		.expect("genesis holds the runtime");
	let mut state = TestExternalities::new_with_code(&code, genesis);
	let first = blocks[0].block.encode();
	let missing = executor.uncached_call(
		blob(native),
		&mut state.ext(),
		false,
		"Core_execute_block",
		&first,
	);
	assert!(
		missing.is_err(),
		"the native runtime ran without the host function that it imports"
	);
	for signed in &blocks {
		let header = &signed.block.header;
		executor
			.uncached_call(
				blob(portable),
				&mut state.ext(),
				false,
				"Core_execute_block",
				&signed.block.encode(),
			)
			.unwrap_or_else(|error| panic!("block {} does not execute: {error}", header.number()));
		state.commit_all().unwrap();
		assert_eq!(
			state.ext_root(),
			*header.state_root(),
			"block {}",
			header.number()
		);
	}
	assert!(blocks.len() > 20, "the orders are in these blocks");
}

/// The root of a state.
trait Root {
	fn ext_root(&mut self) -> sp_core::H256;
}

impl Root for TestExternalities {
	fn ext_root(&mut self) -> sp_core::H256 {
		self.execute_with(|| {
			let root = sp_io::storage::root(StateVersion::V1);
			sp_core::H256::from_slice(&root)
		})
	}
}

//! The runtime and its state.

use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure, Context as _};
use codec::{Decode, Encode};
use frame_benchmarking::{BenchmarkBatch, BenchmarkConfig, BenchmarkList};
use frame_support::traits::StorageInfo;
use sc_client_db::BenchmarkingState;
use sc_executor::WasmExecutor;
use serde_json::Value;
use sp_core::{
	storage::Storage,
	traits::{CallContext, CodeExecutor as _, RuntimeCode, WrappedRuntimeCode},
};
use sp_externalities::Extensions;
use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
use sp_runtime::{
	traits::{BlakeTwo256, Header as _},
	ApplyExtrinsicResult, ExtrinsicInclusionMode,
};
use sp_state_machine::{Backend as _, BasicExternalities, OverlayedChanges, StateMachine};
use veilmart_runtime::{Block, Hash, Header, UncheckedExtrinsic, WASM_BINARY};

/// What the runtime finds outside: what a node offers, and the benchmarks' clock and counters. But signatures are verified each
/// time, where a node remembers what its pool has seen.
type HostFunctions = (
	sp_io::SubstrateHostFunctions,
	frame_benchmarking::benchmarking::HostFunctions,
	veilmart_verification_host::HostFunctions,
);

/// The preset that benchmarks begin with.
const PRESET: &str = "development";

/// How often a block is executed to find out how long that takes.
const EXECUTIONS: u32 = 3;

/// A chain at genesis, twice: counting what is read and written takes time.
pub struct Chain {
	executor: WasmExecutor<HostFunctions>,
	code: WrappedRuntimeCode<'static>,
	timed: BenchmarkingState<BlakeTwo256>,
	counted: BenchmarkingState<BlakeTwo256>,
}

/// What is wanted of a benchmark.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
	/// That its assertions hold.
	Verify,
	/// What it reads and writes.
	Count,
	/// How long it takes, so many times.
	Time(u32),
}

impl Chain {
	/// Builds genesis, which takes some seconds: the ledger's key is verified.
	pub fn development() -> anyhow::Result<Self> {
		let code = WASM_BINARY.context("built without a wasm runtime; build it without SKIP_WASM_BUILD")?;
		let code = WrappedRuntimeCode(code.into());
		// By default it compiles the runtime, as the node does.
		let executor = WasmExecutor::builder().build();
		let genesis = genesis(&executor, &runtime_code(&code)).context("genesis cannot be built")?;
		let state = |counting| {
			// Nobody wants a proof of what was read.
			BenchmarkingState::new(genesis.clone(), None, false, counting).map_err(anyhow::Error::msg)
		};
		Ok(Self {
			timed: state(false)?,
			counted: state(true)?,
			executor,
			code,
		})
	}

	/// The benchmarks of all pallets.
	pub fn benchmarks(&self) -> anyhow::Result<Vec<BenchmarkList>> {
		Ok(self.metadata()?.0)
	}

	/// The runtime's storage items.
	pub fn storage(&self) -> anyhow::Result<Vec<StorageInfo>> {
		Ok(self.metadata()?.1)
	}

	fn metadata(&self) -> anyhow::Result<(Vec<BenchmarkList>, Vec<StorageInfo>)> {
		self.call(&self.timed, "Benchmark_benchmark_metadata", &false.encode())
	}

	/// Runs one benchmark. It leaves genesis behind.
	pub fn run(&self, mut config: BenchmarkConfig, purpose: Purpose) -> anyhow::Result<Vec<BenchmarkBatch>> {
		config.verify = purpose == Purpose::Verify;
		config.internal_repeats = match purpose {
			Purpose::Time(repeat) => repeat,
			Purpose::Verify | Purpose::Count => 1,
		};
		let state = match purpose {
			Purpose::Count => &self.counted,
			Purpose::Verify | Purpose::Time(_) => &self.timed,
		};
		let answer: Result<_, String> = self.call(state, "Benchmark_dispatch_benchmark", &config.encode())?;
		answer.map_err(anyhow::Error::msg)
	}

	/// Makes a block on genesis out of these transactions, all of which have to succeed, and says how long it takes to execute
	/// it as a node does that imports it: the longest of some times. That the changes reach a database is not in it.
	pub fn execute(&self, transactions: Vec<UncheckedExtrinsic>) -> anyhow::Result<Duration> {
		let state = &self.timed;
		let mut changes = OverlayedChanges::default();
		let parent = Hash::default();
		let first = Header::new(
			1,
			Default::default(),
			Default::default(),
			parent,
			veilmart_test_blocks::digest(1, parent),
		);
		self.within::<ExtrinsicInclusionMode>(state, &mut changes, "Core_initialize_block", &first.encode())?;
		for (number, transaction) in transactions.iter().enumerate() {
			let applied: ApplyExtrinsicResult = self.within(
				state,
				&mut changes,
				"BlockBuilder_apply_extrinsic",
				&transaction.encode(),
			)?;
			ensure!(
				applied == Ok(Ok(())),
				"transaction {number} of the block: {applied:?}"
			);
		}
		let header: Header = self.within(state, &mut changes, "BlockBuilder_finalize_block", &[])?;
		let block = Block {
			header,
			extrinsics: transactions,
		}
		.encode();
		let mut longest = Duration::ZERO;
		for _ in 0..EXECUTIONS {
			// So that nothing is found in a cache.
			state.wipe().map_err(|error| anyhow!("{error}"))?;
			let start = Instant::now();
			self.call::<()>(state, "Core_execute_block", &block)?;
			longest = longest.max(start.elapsed());
		}
		Ok(longest)
	}

	/// Calls the runtime, and forgets what it changed.
	fn call<R: Decode>(
		&self,
		state: &BenchmarkingState<BlakeTwo256>,
		method: &str,
		argument: &[u8],
	) -> anyhow::Result<R> {
		self.within(state, &mut OverlayedChanges::default(), method, argument)
	}

	/// Calls the runtime on top of what was changed before.
	fn within<R: Decode>(
		&self,
		state: &BenchmarkingState<BlakeTwo256>,
		changes: &mut OverlayedChanges<BlakeTwo256>,
		method: &str,
		argument: &[u8],
	) -> anyhow::Result<R> {
		let mut extensions = Extensions::default();
		extensions.register(KeystoreExt::new(MemoryKeystore::new()));
		let code = runtime_code(&self.code);
		let answer = StateMachine::new(
			state,
			changes,
			&self.executor,
			method,
			argument,
			&mut extensions,
			&code,
			// As in a block.
			CallContext::Onchain { import: true },
		)
		.execute()
		.map_err(|error| anyhow!("{method}: {error}"))?;
		R::decode(&mut &answer[..]).with_context(|| format!("{method}: the answer does not decode"))
	}
}

/// The executor tells runtimes apart by a hash; there is one.
fn runtime_code<'a>(code: &'a WrappedRuntimeCode<'static>) -> RuntimeCode<'a> {
	RuntimeCode {
		code_fetcher: code,
		heap_pages: None,
		hash: Vec::new(),
	}
}

/// What the runtime builds of the preset.
fn genesis(executor: &WasmExecutor<HostFunctions>, code: &RuntimeCode) -> anyhow::Result<Storage> {
	let mut state = BasicExternalities::new_empty();
	let mut call = |method: &str, argument: Vec<u8>| {
		let (answer, _) = executor.call(&mut state, code, method, &argument, CallContext::Offchain);
		answer.map_err(|error| anyhow!("{method}: {error}"))
	};
	let mut preset = |name: Option<&str>| -> anyhow::Result<Value> {
		let answer = call("GenesisBuilder_get_preset", name.encode())?;
		let json = Option::<Vec<u8>>::decode(&mut &answer[..])?.context("there is no such preset")?;
		Ok(serde_json::from_slice(&json)?)
	};
	let mut config = preset(None)?;
	merge(&mut config, preset(Some(PRESET))?);
	let answer = call(
		"GenesisBuilder_build_state",
		serde_json::to_vec(&config)?.encode(),
	)?;
	Result::<(), String>::decode(&mut &answer[..])?.map_err(anyhow::Error::msg)?;
	Ok(state.into_storages())
}

/// Lays `patch` over `base` (RFC 7386), as presets are meant.
fn merge(base: &mut Value, patch: Value) {
	match (base, patch) {
		(Value::Object(base), Value::Object(patch)) => {
			for (key, value) in patch {
				merge(base.entry(key).or_insert(Value::Null), value);
			}
		}
		(base, patch) => *base = patch,
	}
}

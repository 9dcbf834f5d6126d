//! The two wasm runtimes in an executor, asked for verdicts through the runtime API, as a client would ask.

use codec::{DecodeAll, Encode};
use sc_executor::{HostFunctions, WasmExecutor};
use sp_core::traits::{CallContext, CodeExecutor, Externalities, RuntimeCode, WrappedRuntimeCode};
use sp_io::{SubstrateHostFunctions, TestExternalities};
use std::{borrow::Cow, sync::LazyLock};
use veilmart_confidential::Ciphertext;
use veilmart_paillier::PublicKey;
use veilmart_runtime::{Runtime, PORTABLE_WASM_BINARY, WASM_BINARY};

/// The runtime that verifies by itself, on a node without any host function of ours.
pub static PORTABLE: LazyLock<Blob> =
	LazyLock::new(|| Blob::new::<SubstrateHostFunctions>("portable", PORTABLE_WASM_BINARY));

/// The runtime that nodes run, on a node with the host function.
pub static HOSTED: LazyLock<Blob> = LazyLock::new(|| {
	Blob::new::<(SubstrateHostFunctions, veilmart_verification_host::HostFunctions)>("hosted", WASM_BINARY)
});

type Answer = Result<Vec<u8>, sc_executor::error::Error>;

/// Calls a method of the runtime API over some state.
type Execute = dyn Fn(&mut dyn Externalities, &str, &[u8]) -> Answer + Send + Sync;

/// A runtime's wasm with an executor.
pub struct Blob {
	/// Which it is.
	pub name: &'static str,
	call: Box<Execute>,
}

impl Blob {
	/// A runtime on a node with these host functions.
	pub fn new<H: HostFunctions>(name: &'static str, code: Option<&'static [u8]>) -> Self {
		let code = code.expect("this needs the wasm runtimes; build without SKIP_WASM_BUILD");
		let executor = WasmExecutor::<H>::builder().build();
		let call = move |state: &mut dyn Externalities, method: &str, arguments: &[u8]| {
			let code = RuntimeCode {
				code_fetcher: &WrappedRuntimeCode(Cow::Borrowed(code)),
				heap_pages: None,
				hash: name.into(),
			};
			executor
				.call(state, &code, method, arguments, CallContext::Offchain)
				.0
		};
		Self {
			name,
			call: Box::new(call),
		}
	}

	/// Calls an exported function.
	pub fn call(&self, state: &mut TestExternalities, method: &str, arguments: &[u8]) -> Answer {
		(self.call)(&mut state.ext(), method, arguments)
	}

	/// The verdict on these bytes: 0, or the code of the reason.
	pub fn verdict(&self, state: &mut TestExternalities, statement: &[u8], proof: &[u8]) -> u32 {
		let answer = self
			.call(state, "EcommerceApi_verify", &(statement, proof).encode())
			.unwrap_or_else(|error| panic!("the {} runtime does not answer: {error}", self.name));
		u32::decode_all(&mut &answer[..]).expect("a verdict is a number")
	}
}

/// The state of a ledger with this key, and nothing else in it.
pub fn ledger(modulus: &[u8]) -> TestExternalities {
	let key = PublicKey::from_modulus(modulus).expect("attacks come with keys");
	let mut state = TestExternalities::default();
	state.execute_with(|| {
		pallet_ecommerce::Modulus::<Runtime>::put(
			sp_runtime::BoundedVec::try_from(modulus.to_vec()).expect("a modulus fits"),
		);
		pallet_ecommerce::NonceBase::<Runtime>::put(
			Ciphertext::from_slice(&key.h_s_bytes()).expect("a key of the ledger's size"),
		);
	});
	state.commit_all().expect("the state is in memory");
	state
}

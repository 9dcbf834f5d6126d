//! What the command does when a node reports a key, true or false: against a node that says what the test wants.

mod rpc;

use std::{
	path::Path,
	process::{Command, Output},
	sync::{Arc, Mutex},
};

use codec::Encode;
use jsonrpsee::{server::ServerHandle, RpcModule};
use pallet_ecommerce::{runtime_api::Market, Ciphertext, GenesisKey};
use rand_core::OsRng;
use serde_json::{json, Value};
use sp_core::Bytes;
use veilmart_cli::ca;
use veilmart_paillier::{generate, ParameterSet, PrimeKind};
use veilmart_runtime::Hash;

use rpc::errors;

/// What the node says.
#[derive(Clone)]
struct Says {
	genesis: Hash,
	key: GenesisKey,
	nonce_base: Ciphertext,
	/// How often it was asked for the proof of the modulus.
	proofs: usize,
}

impl Says {
	/// The truth about this key.
	fn truly(genesis: u8, key: &GenesisKey) -> Self {
		Self {
			genesis: Hash::repeat_byte(genesis),
			key: key.clone(),
			nonce_base: rpc::market(key, 0).nonce_base,
			proofs: 0,
		}
	}

	fn call(&mut self, method: &str) -> Vec<u8> {
		match method {
			"EcommerceApi_market" => Market {
				nonce_base: self.nonce_base.clone(),
				..rpc::market(&self.key, 0)
			}
			.encode(),
			"EcommerceApi_modulus_proof" => {
				self.proofs += 1;
				self.key.proof.encode()
			}
			// No certificate, no quotes.
			"CertificatesApi_certificate" | "EcommerceApi_quotes" => vec![0],
			method => panic!("the test did not expect {method}"),
		}
	}
}

struct Node {
	url: String,
	says: Arc<Mutex<Says>>,
	_server: ServerHandle,
}

impl Node {
	async fn start(says: Says) -> Self {
		let says = Arc::new(Mutex::new(says));
		let mut module = RpcModule::new(says.clone());
		module
			.register_method("system_chain", |_, _, _| json!("Pretender"))
			.unwrap();
		module
			.register_method("state_getRuntimeVersion", |_, _, _| rpc::version())
			.unwrap();
		module
			.register_method("chain_getBlockHash", |_, says, _| {
				json!(says.lock().unwrap().genesis)
			})
			.unwrap();
		module
			.register_method("state_call", |params, says, _| {
				let (method, _, _): (String, Bytes, Option<Hash>) = params.parse().unwrap();
				json!(Bytes(says.lock().unwrap().call(&method)))
			})
			.unwrap();
		let (url, _server) = rpc::serve(module).await;
		Self { url, says, _server }
	}

	fn now(&self, says: Says) {
		*self.says.lock().unwrap() = says;
	}

	fn proofs(&self) -> usize {
		self.says.lock().unwrap().proofs
	}

	/// Runs the command as //Bob on this node, with JSON.
	fn run(&self, base_path: &Path, arguments: &[&str]) -> Output {
		tokio::task::block_in_place(|| {
			Command::new(env!("CARGO_BIN_EXE_veilmart"))
				.args(["--json", "--suri", "//Bob", "--url", &self.url, "--base-path"])
				.arg(base_path)
				.args(arguments)
				.env_remove("VEILMART_URL")
				.env_remove("VEILMART_ACCOUNT")
				.output()
				.unwrap()
		})
	}

	fn quotes(&self, base_path: &Path) -> Output {
		self.run(base_path, &["quotes"])
	}

	fn pinned(&self, base_path: &Path) -> Value {
		let output = self.run(base_path, &["chain", "show"]);
		assert!(output.status.success(), "{}", errors(&output));
		serde_json::from_slice(&output.stdout).unwrap()
	}
}

/// The last line of the standard error is the error; the kind is checked, the message returned.
fn refusal(output: &Output) -> String {
	let text = errors(output);
	assert_eq!(output.status.code(), Some(1), "{text}");
	let error: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
	assert_eq!(error["error"]["kind"], "wallet", "{text}");
	error["error"]["message"].as_str().unwrap().to_owned()
}

/// A key like a certificate authority's. Safe primes would take too long, and are no part of the proof.
fn key() -> GenesisKey {
	let secret = generate(
		ParameterSet::Paillier2048,
		PrimeKind::Plain,
		&mut OsRng,
		&mut || {},
	);
	ca::public_part(&secret).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_verified_once_and_no_other_is_taken_afterwards() {
	let (first, second) = (key(), key());
	let folder = tempfile::tempdir().unwrap();
	let node = Node::start(Says::truly(1, &first)).await;

	let output = node.quotes(folder.path());
	assert!(output.status.success(), "{}", errors(&output));
	assert!(errors(&output).contains("first use"), "{}", errors(&output));
	assert_eq!(node.proofs(), 1);
	let pinned = node.pinned(folder.path());
	assert_eq!(pinned[0]["genesis"], json!(Hash::repeat_byte(1)));
	assert_eq!(pinned[0]["chain"], "Pretender");

	// The second time nothing is verified and nothing is said.
	let output = node.quotes(folder.path());
	assert!(output.status.success(), "{}", errors(&output));
	assert_eq!(node.proofs(), 1);
	assert!(!errors(&output).contains("key"), "{}", errors(&output));

	// Another key, as well formed as the first, for the same chain.
	node.now(Says::truly(1, &second));
	let message = refusal(&node.quotes(folder.path()));
	assert!(message.contains("another key"), "{message}");
	assert_eq!(node.pinned(folder.path()), pinned);
	assert_eq!(node.proofs(), 0, "it was not even asked");

	// For another chain it is as good as any; the first chain's stays what it was.
	node.now(Says::truly(2, &second));
	assert!(node.quotes(folder.path()).status.success());
	assert_eq!(node.pinned(folder.path()).as_array().unwrap().len(), 2);
	node.now(Says::truly(1, &first));
	assert!(node.quotes(folder.path()).status.success());

	// Who is sure that the key was replaced forgets the old one.
	node.now(Says::truly(1, &second));
	let genesis = format!("{:?}", Hash::repeat_byte(1));
	let output = node.run(folder.path(), &["chain", "forget", &genesis]);
	assert!(output.status.success(), "{}", errors(&output));
	assert!(node.quotes(folder.path()).status.success());
	assert_eq!(node.proofs(), 1);
	let output = node.run(
		folder.path(),
		&["chain", "forget", &format!("{:?}", Hash::repeat_byte(9))],
	);
	assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_shown_to_be_well_formed_is_not_pinned() {
	let key = key();
	let folder = tempfile::tempdir().unwrap();
	let honest = Says::truly(1, &key);
	let mut forged = honest.clone();
	let last = forged.key.proof.len() - 2;
	forged.key.proof[last] ^= 1;
	let mut short = honest.clone();
	short.key.proof.pop();
	let mut none = honest.clone();
	none.key.proof.clear();
	let node = Node::start(honest.clone()).await;
	for says in [forged, short, none] {
		node.now(says);
		let message = refusal(&node.quotes(folder.path()));
		assert!(message.contains("not shown to be well formed"), "{message}");
		assert_eq!(node.pinned(folder.path()), json!([]));
	}

	// A base of somebody's choice would hide nothing from whoever chose it.
	let mut base = honest.clone();
	base.nonce_base = Ciphertext::ONE;
	node.now(base);
	let message = refusal(&node.quotes(folder.path()));
	assert!(message.contains("does not follow from its modulus"), "{message}");
	assert_eq!(node.pinned(folder.path()), json!([]));

	node.now(honest);
	assert!(node.quotes(folder.path()).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_chain_than_the_one_demanded_is_refused() {
	let folder = tempfile::tempdir().unwrap();
	let node = Node::start(Says::truly(1, &key())).await;
	let other = format!("{:?}", Hash::repeat_byte(2));
	let message = refusal(&node.run(folder.path(), &["--genesis", &other, "quotes"]));
	assert!(message.contains("another chain"), "{message}");
	assert_eq!(node.pinned(folder.path()), json!([]));
	let right = format!("{:?}", Hash::repeat_byte(1));
	let output = node.run(folder.path(), &["--genesis", &right, "quotes"]);
	assert!(output.status.success(), "{}", errors(&output));
}

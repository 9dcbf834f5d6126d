//! A node over the small ledger, and the command run against it.

use std::{
	path::{Path, PathBuf},
	process::{Command, Output, Stdio},
	sync::{Arc, Mutex, MutexGuard},
};

use codec::{DecodeAll, Encode};
use frame_support::storage::storage_prefix;
use jsonrpsee::{server::ServerHandle, types::ErrorObjectOwned, RpcModule, SubscriptionMessage};
use serde_json::{json, Value};
use sp_core::Bytes;
use sp_runtime::{generic::Preamble, MultiAddress};
use veilmart_cli::{
	ca,
	keystore::{self, PassphraseSource},
};
use veilmart_paillier::SecretKey;
use veilmart_runtime::{AccountId, Hash, RuntimeEvent, UncheckedExtrinsic};

pub use crate::rpc::errors;
use crate::{
	ledger::{ledger, Block, State, GENESIS},
	rpc,
};

/// The time of block 0: 2026-01-01.
pub const BEGINNING: u64 = 1_767_225_600_000;

/// The passphrase of all keys.
const PASSPHRASE: &str = "the key's passphrase";

/// What the node knows.
pub struct World {
	pub genesis: Hash,
	/// From block 0 on.
	pub blocks: Vec<Block>,
	/// The number of the last final block; `None` if that is the last one.
	pub last_final: Option<usize>,
	/// Whether it has thrown away the state of blocks before the last.
	pub pruned: bool,
	/// The authority by the time that a transaction is dispatched, if that is another one.
	pub authority_at_dispatch: Option<AccountId>,
	/// How often a transaction came.
	pub sent: usize,
	/// Whether it says that a transaction is in a block, and then that this does not become final.
	pub stops_in_block: bool,
	/// What it says that a transaction did, in place of what it did.
	pub says: Option<RuntimeEvent>,
}

/// The hash of the block with this number.
pub fn hash(number: usize) -> Hash {
	match number {
		0 => GENESIS,
		number => Hash::repeat_byte(number as u8 + 1),
	}
}

impl World {
	pub fn last(&self) -> &Block {
		self.blocks.last().unwrap()
	}

	/// The state from now on.
	pub fn state(&mut self) -> &mut State {
		&mut self.blocks.last_mut().unwrap().state
	}

	fn last_number(&self) -> usize {
		self.blocks.len() - 1
	}

	fn number(&self, wanted: Hash) -> Option<usize> {
		(0..self.blocks.len()).find(|number| hash(*number) == wanted)
	}

	fn block(&self, wanted: Hash) -> &Block {
		&self.blocks[self.number(wanted).unwrap()]
	}

	fn call(&self, method: &str, arguments: &[u8], at: Option<Hash>) -> Result<Value, ErrorObjectOwned> {
		let at = at.unwrap_or(hash(self.last_number()));
		let gone = || ErrorObjectOwned::owned(4003, "State already discarded", None::<()>);
		let number = self.number(at).ok_or_else(gone)?;
		if self.pruned && number < self.last_number() {
			return Err(gone());
		}
		Ok(json!(Bytes(self.blocks[number].state.call(method, arguments))))
	}

	/// Puts a transaction into a block of its own, which is final at once.
	fn submit(&mut self, encoded: Vec<u8>) -> Hash {
		self.sent += 1;
		let extrinsic = UncheckedExtrinsic::decode_all(&mut &encoded[..]).unwrap();
		let Preamble::Signed(MultiAddress::Id(sender), ..) = extrinsic.preamble else {
			panic!("nobody signed")
		};
		let mut parent = self.last().clone();
		let authority = parent.state.authority.clone();
		if let Some(other) = &self.authority_at_dispatch {
			parent.state.authority = other.clone();
		}
		let mut block = parent.next(&sender, extrinsic.function, encoded);
		if let Some(said) = &self.says {
			block.events[0].event = said.clone();
		}
		block.state.authority = authority;
		self.blocks.push(block);
		hash(self.last_number())
	}
}

/// A node, the authority's key, and folders for whoever uses it.
pub struct Node {
	url: String,
	world: Arc<Mutex<World>>,
	pub folder: tempfile::TempDir,
	_server: ServerHandle,
}

impl Node {
	/// A node on the small ledger, at block 3.
	pub async fn start() -> Self {
		let (secret, state) = ledger();
		let block = Block {
			extrinsics: Vec::new(),
			events: Vec::new(),
			state: state.clone(),
		};
		let world = Arc::new(Mutex::new(World {
			genesis: GENESIS,
			blocks: vec![block; 4],
			last_final: None,
			pruned: false,
			authority_at_dispatch: None,
			sent: 0,
			stops_in_block: false,
			says: None,
		}));
		let (url, _server) = rpc::serve(module(world.clone())).await;
		let this = Self {
			url,
			world,
			folder: tempfile::tempdir().unwrap(),
			_server,
		};
		keystore::write_new(&this.path("passphrase"), PASSPHRASE.as_bytes()).unwrap();
		this.keep_key("key", secret);
		this
	}

	/// Writes a key as the ceremony does, into a folder of this name. The passphrase is in a file.
	pub fn keep_key(&self, name: &str, secret: &SecretKey) {
		let passphrase = PassphraseSource::known(PASSPHRASE);
		ca::write(secret, &self.path(name), &passphrase).unwrap();
	}

	pub fn path(&self, name: &str) -> PathBuf {
		self.folder.path().join(name)
	}

	pub fn world(&self) -> MutexGuard<'_, World> {
		self.world.lock().unwrap()
	}

	/// Runs the command with JSON; words that begin with `@` are files in the folder.
	pub fn run(&self, line: &str) -> Output {
		self.run_with(&["--json"], line)
	}

	/// Runs the command as a person does.
	pub fn run_for_people(&self, line: &str) -> Output {
		self.run_with(&[], line)
	}

	fn run_with(&self, options: &[&str], line: &str) -> Output {
		let words = line.split(' ').map(|word| match word.strip_prefix('@') {
			Some(name) => self.path(name).into_os_string(),
			None => word.into(),
		});
		tokio::task::block_in_place(|| {
			Command::new(env!("CARGO_BIN_EXE_veilmart"))
				.args(options)
				.args(["--url", &self.url, "--base-path"])
				.arg(self.path("base"))
				.args(words)
				.env_remove("VEILMART_URL")
				.env_remove("VEILMART_ACCOUNT")
				.env_remove("VEILMART_PASSPHRASE_FILE")
				.stdin(Stdio::null())
				.output()
				.unwrap()
		})
	}

	/// What a command prints that works.
	pub fn json(&self, line: &str) -> Value {
		let output = self.run(line);
		assert!(output.status.success(), "{line}: {}", errors(&output));
		serde_json::from_slice(&output.stdout).unwrap()
	}

	/// What the wallet says of something that it refuses, and that nothing was printed as a result.
	pub fn refusal(&self, line: &str) -> String {
		let output = self.run(line);
		let (error, code) = (error(&output), output.status.code());
		assert_eq!(code, Some(1), "{line}: {error}");
		assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{line}: {error}");
		error["message"].as_str().unwrap().to_owned()
	}

	/// The file's JSON.
	pub fn read(&self, name: &str) -> Value {
		serde_json::from_slice(&std::fs::read(self.path(name)).unwrap()).unwrap()
	}

	pub fn write(&self, name: &str, json: &Value) {
		std::fs::write(self.path(name), json.to_string()).unwrap();
	}
}

/// The error that a command ended with.
pub fn error(output: &Output) -> Value {
	let text = errors(output);
	let last = text.lines().last().unwrap_or_default();
	let json: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("no error: {text}"));
	json["error"].clone()
}

/// Whether the file is its owner's alone.
#[cfg(unix)]
pub fn is_private(path: &Path) -> bool {
	use std::os::unix::fs::PermissionsExt;
	std::fs::metadata(path).unwrap().permissions().mode() & 0o077 == 0
}

fn module(world: Arc<Mutex<World>>) -> RpcModule<Arc<Mutex<World>>> {
	let mut module = RpcModule::new(world);
	let mut answer = |method: &'static str,
	                  answer: fn(&World, Vec<Value>) -> Result<Value, ErrorObjectOwned>| {
		module
			.register_method(method, move |parameters, world, _| {
				let parameters = parameters.parse().unwrap_or_default();
				answer(&world.lock().unwrap(), parameters)
			})
			.unwrap();
	};
	fn parsed<T: serde::de::DeserializeOwned>(value: &Value) -> T {
		serde_json::from_value(value.clone()).unwrap()
	}
	answer("state_getRuntimeVersion", |_, _| Ok(rpc::version()));
	answer("system_chain", |_, _| Ok(json!("Small")));
	answer("system_accountNextIndex", |_, _| Ok(json!(0)));
	answer("chain_getFinalizedHead", |world, _| {
		Ok(json!(hash(world.last_final.unwrap_or(world.last_number()))))
	});
	answer("chain_getBlockHash", |world, values| {
		let wanted = values.first().and_then(Value::as_u64);
		let number = wanted.map_or(world.last_number(), |number| number as usize);
		Ok(json!(match number {
			0 => Some(world.genesis),
			number => (number < world.blocks.len()).then(|| hash(number)),
		}))
	});
	answer("chain_getHeader", |world, values| {
		let number = world.number(parsed(&values[0])).unwrap();
		Ok(rpc::header(number))
	});
	answer("chain_getBlock", |world, values| {
		let block = world.block(parsed(&values[0]));
		let extrinsics: Vec<_> = block.extrinsics.iter().cloned().map(Bytes).collect();
		Ok(json!({ "block": { "extrinsics": extrinsics } }))
	});
	answer("state_getStorage", |world, values| {
		let key: Bytes = parsed(&values[0]);
		let number = world.number(parsed(&values[1])).unwrap();
		let time = storage_prefix(b"Timestamp", b"Now");
		Ok(json!(Bytes(if key.0 == time {
			(BEGINNING + 1_000 * number as u64).encode()
		} else {
			world.blocks[number].events.encode()
		})))
	});
	answer("state_call", |world, values| {
		let method: String = parsed(&values[0]);
		let (arguments, at): (Bytes, Option<Hash>) = (parsed(&values[1]), parsed(&values[2]));
		world.call(&method, &arguments, at)
	});
	module
		.register_subscription(
			"author_submitAndWatchExtrinsic",
			"author_extrinsicUpdate",
			"author_unwatchExtrinsic",
			|parameters, pending, world, _| async move {
				let (encoded,): (Bytes,) = parameters.parse().unwrap();
				let Ok(sink) = pending.accept().await else { return };
				let (block, stops) = {
					let mut world = world.lock().unwrap();
					(world.submit(encoded.0), world.stops_in_block)
				};
				let said: &[&str] = if stops {
					&["inBlock", "finalityTimeout"]
				} else {
					&["finalized"]
				};
				for said in said {
					let status = SubscriptionMessage::from_json(&json!({ *said: block })).unwrap();
					let _ = sink.send(status).await;
				}
				sink.closed().await;
			},
		)
		.unwrap();
	module
}

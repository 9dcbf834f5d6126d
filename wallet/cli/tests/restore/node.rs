//! A node that holds what the test put on its chain, and the command that asks it.

use std::{
	io::Write,
	path::Path,
	process::{Command, Output, Stdio},
};

use codec::Encode;
use frame_system::{DispatchEventInfo, EventRecord, Phase};
use jsonrpsee::{server::ServerHandle, RpcModule};
use pallet_certificates::{Certificate, ViewKeyRecord};
use pallet_ecommerce::{
	runtime_api::AccountState, Call, Credit, CreditId, Event, GenesisKey, Listing, ListingId, Owned,
	Redemption, RedemptionId,
};
use serde_json::{json, Value};
use sp_core::Bytes;
use sp_runtime::{generic::Era, DispatchError};
use veilmart_cli::{account::Account, chain, keystore};
use veilmart_runtime::{extensions::signed_extrinsic, AccountId, Hash, Runtime, RuntimeCall, RuntimeEvent};

use crate::rpc::{self, errors};

/// The hash of block 0.
pub const GENESIS: Hash = Hash::repeat_byte(1);
/// The first block's time: 2026-01-01.
pub const BEGINNING: u64 = 1_767_225_600_000;

/// A block: its transactions and what they announced.
#[derive(Clone, Default)]
pub struct Block {
	extrinsics: Vec<Vec<u8>>,
	events: Vec<chain::Event>,
}

impl Block {
	/// With this call of the account in it.
	pub fn with(
		mut self,
		account: &Account,
		call: Call<Runtime>,
		event: Result<Event<Runtime>, DispatchError>,
	) -> Self {
		let call = RuntimeCall::Ecommerce(call);
		let extrinsic = signed_extrinsic(
			call,
			account.id(),
			0,
			Era::Immortal,
			GENESIS,
			GENESIS,
			|payload| account.sign(payload),
		);
		let index = self.extrinsics.len() as u32;
		self.extrinsics.push(extrinsic.encode());
		let dispatch_info = DispatchEventInfo::default();
		let (event, verdict) = match event {
			Ok(event) => (
				Some(event),
				frame_system::Event::ExtrinsicSuccess { dispatch_info },
			),
			Err(dispatch_error) => (
				None,
				frame_system::Event::ExtrinsicFailed {
					dispatch_error,
					dispatch_info,
				},
			),
		};
		let mut announce = |event: RuntimeEvent| {
			self.events.push(EventRecord {
				phase: Phase::ApplyExtrinsic(index),
				event,
				topics: Vec::new(),
			})
		};
		event.into_iter().for_each(|event| announce(event.into()));
		announce(verdict.into());
		self
	}

	/// With a call of somebody else, of which nothing but this counts here.
	pub fn by(self, other: &Account, event: Event<Runtime>) -> Self {
		self.with(other, Call::delist { seq: 0, listing: 0 }, Ok(event))
	}

	/// The last call announced this, too.
	pub fn and(mut self, event: Event<Runtime>) -> Self {
		let index = self.extrinsics.len() as u32 - 1;
		self.announce(Phase::ApplyExtrinsic(index), event)
	}

	/// A deadline has fallen.
	pub fn by_time(mut self, event: Event<Runtime>) -> Self {
		self.announce(Phase::Initialization, event)
	}

	fn announce(&mut self, phase: Phase, event: Event<Runtime>) -> Self {
		self.events.push(EventRecord {
			phase,
			event: event.into(),
			topics: Vec::new(),
		});
		std::mem::take(self)
	}
}

/// What is on the chain.
pub struct Stored {
	pub key: GenesisKey,
	pub shop: AccountId,
	pub account: AccountState,
	pub incoming: Vec<(CreditId<AccountId>, Credit)>,
	/// What waits for Bob.
	pub sent: Vec<(CreditId<AccountId>, Credit)>,
	pub listings: Vec<(ListingId<AccountId>, Listing)>,
	pub redemptions: Vec<(RedemptionId<AccountId>, Redemption)>,
	pub certificate: Certificate<AccountId, u64>,
	/// From block 1 on.
	pub blocks: Vec<Block>,
}

impl Stored {
	fn hash(number: usize) -> Hash {
		Hash::repeat_byte(number as u8 + 1)
	}

	fn block(&self, hash: Hash) -> Option<(usize, &Block)> {
		let number = usize::from(hash.as_bytes()[0]) - 1;
		Some((number, self.blocks.get(number.checked_sub(1)?)?))
	}

	fn call(&self, method: &str, arguments: &[u8], at: Option<Hash>) -> Vec<u8> {
		match method {
			"EcommerceApi_market" => rpc::market(&self.key, 60_000).encode(),
			"EcommerceApi_modulus_proof" => self.key.proof.encode(),
			"EcommerceApi_account" if at == Some(GENESIS) => AccountState {
				seq: 0,
				balance: Owned::default(),
				issued: Owned::default(),
				issuer_quota: 0,
			}
			.encode(),
			"EcommerceApi_account" => self.account.encode(),
			"EcommerceApi_incoming" if arguments == self.shop.encode() => self.incoming.encode(),
			"EcommerceApi_incoming" => self.sent.encode(),
			"EcommerceApi_listings" => self.listings.encode(),
			"EcommerceApi_listing" => {
				let found = self.listings.iter().find(|(id, _)| id.encode() == arguments);
				found.map(|(_, listing)| listing.clone()).encode()
			}
			"EcommerceApi_redemptions" => self.redemptions.encode(),
			"EcommerceApi_order" => None::<()>.encode(),
			"CertificatesApi_certificate" if arguments == self.shop.encode() => {
				Some(self.certificate.clone()).encode()
			}
			"CertificatesApi_certificate" => {
				let bob = Account::development("//Bob").unwrap();
				let view_key = Some(ViewKeyRecord {
					key: bob.view_key(0).unwrap(),
					index: 0,
				});
				Some(Certificate {
					view_key,
					..self.certificate.clone()
				})
				.encode()
			}
			"AccountNonceApi_account_nonce" => 0u32.encode(),
			method => panic!("the test did not expect {method}"),
		}
	}
}

/// A node of this chain.
pub struct Node {
	url: String,
	_server: ServerHandle,
}

impl Node {
	pub async fn start(stored: Stored) -> Self {
		let mut module = RpcModule::new(stored);
		module
			.register_method("system_chain", |_, _, _| json!("Small"))
			.unwrap();
		module
			.register_method("system_accountNextIndex", |_, _, _| json!(0))
			.unwrap();
		module
			.register_method("state_getRuntimeVersion", |_, _, _| rpc::version())
			.unwrap();
		module
			.register_method("chain_getBlockHash", |params, stored, _| {
				let number: Vec<usize> = params.parse().unwrap_or_default();
				let number = number.first().copied().unwrap_or(stored.blocks.len());
				json!(Stored::hash(number))
			})
			.unwrap();
		module
			.register_method("chain_getFinalizedHead", |_, stored, _| {
				json!(Stored::hash(stored.blocks.len()))
			})
			.unwrap();
		module
			.register_method("chain_getHeader", |params, stored, _| {
				let (hash,): (Hash,) = params.parse().unwrap();
				let (number, _) = stored.block(hash).unwrap();
				rpc::header(number)
			})
			.unwrap();
		module
			.register_method("chain_getBlock", |params, stored, _| {
				let (hash,): (Hash,) = params.parse().unwrap();
				let (_, block) = stored.block(hash).unwrap();
				let extrinsics: Vec<_> = block.extrinsics.iter().cloned().map(Bytes).collect();
				json!({ "block": { "extrinsics": extrinsics } })
			})
			.unwrap();
		module
			.register_method("state_getStorage", |params, stored, _| {
				let (key, hash): (Bytes, Hash) = params.parse().unwrap();
				let (number, block) = stored.block(hash).unwrap();
				let time = frame_support::storage::storage_prefix(b"Timestamp", b"Now");
				json!(Bytes(if key.0 == time {
					(BEGINNING + 1_000 * number as u64).encode()
				} else {
					block.events.encode()
				}))
			})
			.unwrap();
		module
			.register_method("state_call", |params, stored, _| {
				let (method, arguments, at): (String, Bytes, Option<Hash>) = params.parse().unwrap();
				json!(Bytes(stored.call(&method, &arguments, at)))
			})
			.unwrap();
		let (url, _server) = rpc::serve(module).await;
		Self { url, _server }
	}

	pub fn run(&self, base_path: &Path, arguments: &str, input: &str) -> Output {
		tokio::task::block_in_place(|| {
			let passphrase = base_path.join("passphrase");
			if !passphrase.exists() {
				keystore::write_new(&passphrase, b"a passphrase\n").unwrap();
			}
			let mut child = Command::new(env!("CARGO_BIN_EXE_veilmart"))
				.args(["--url", &self.url, "--base-path"])
				.arg(base_path)
				.arg("--passphrase-file")
				.arg(passphrase)
				.args(arguments.split(' '))
				.env_remove("VEILMART_URL")
				.env_remove("VEILMART_ACCOUNT")
				.stdin(Stdio::piped())
				.stdout(Stdio::piped())
				.stderr(Stdio::piped())
				.spawn()
				.unwrap();
			child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
			child.wait_with_output().unwrap()
		})
	}

	pub fn json(&self, base_path: &Path, arguments: &str) -> Value {
		let output = self.run(base_path, &format!("--json --account shop {arguments}"), "");
		assert!(output.status.success(), "{arguments}: {}", errors(&output));
		serde_json::from_slice(&output.stdout).unwrap()
	}

	/// What the wallet says of something that it does not even send.
	pub fn refusal(&self, base_path: &Path, arguments: &str) -> String {
		let output = self.run(base_path, &format!("--json --account shop {arguments}"), "");
		let text = errors(&output);
		assert_eq!(output.status.code(), Some(1), "{arguments}: {text}");
		let error: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
		assert_eq!(error["error"]["kind"], "wallet", "{arguments}: {text}");
		error["error"]["message"].as_str().unwrap().to_owned()
	}
}

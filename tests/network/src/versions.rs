//! Chains whose runtime is not of this program's version: to see such a chain at work, and to upgrade it.
//!
//! The wallet's own connection refuses them, rightly: it could not read what they answer. What is asked here has one form in all
//! versions, but for [`AnyVersion::send`] and what it gives: the call and the events have to be ones that this version
//! and the chain's have alike. What a signature covers is the chain's version.

use std::{
	fs,
	path::Path,
	time::{Duration, Instant},
};

use codec::{Decode, DecodeAll, Encode};
use frame_support::storage::storage_prefix;
use frame_system::Phase;
use jsonrpsee::{
	core::client::{ClientT, Subscription, SubscriptionClientT},
	rpc_params,
	ws_client::WsClient,
};
use serde_json::{json, Value};
use sp_core::{storage::StorageKey, Bytes};
use sp_runtime::{generic::Era, Storage};
use veilmart_cli::{account::Account, chain::Event};
use veilmart_demo_parts::process::{export_plain, export_raw, Node};
use veilmart_runtime::{
	extensions::{tx_extension, tx_implicit},
	AccountId, Hash, Header, Nonce, RuntimeCall, RuntimeEvent, SignedPayload, UncheckedExtrinsic,
};

use crate::{clients, Result, PATIENCE};

/// How many blocks a transaction stays valid, a number that any version of the chain lets in.
const ERA: u64 = 64;

/// How many keys of the state are asked for at once: no node gives more.
const KEYS_AT_ONCE: usize = 1_000;

/// Writes the specification of a preset in which another runtime takes the place of today's: it builds the genesis, and begins
/// the chain. Gives the code of today's.
pub async fn specification_under(code: &[u8], preset: &str, to: &Path) -> Result<Vec<u8>> {
	let plain = to.with_extension("plain.json");
	export_plain(preset, &plain).await?;
	let mut chain: Value = serde_json::from_slice(&fs::read(&plain)?)?;
	let place = chain
		.pointer_mut("/genesis/runtimeGenesis/code")
		.ok_or("the specification has no runtime")?;
	let today: Bytes = serde_json::from_value(place.take())?;
	*place = json!(Bytes(code.to_vec()));
	fs::write(&plain, serde_json::to_vec(&chain)?)?;
	export_raw(&plain, to).await?;
	Ok(today.0)
}

/// A connection to a node whose runtime may be of any version.
pub struct AnyVersion {
	client: WsClient,
	name: &'static str,
}

impl AnyVersion {
	/// Connects.
	pub async fn connect(node: &Node) -> Result<Self> {
		Ok(Self {
			client: clients::connect(&node.url).await?,
			name: node.name,
		})
	}

	/// Connects as soon as the node answers.
	pub async fn answers(node: &mut Node) -> Result<Self> {
		let started = Instant::now();
		loop {
			if let Some(status) = node.has_ended()? {
				return Err(
					format!("{}'s node ended with {status}: {}", node.name, node.last_words()).into(),
				);
			}
			match Self::connect(node).await {
				Ok(chain) => return Ok(chain),
				Err(error) if started.elapsed() > 2 * PATIENCE => {
					return Err(format!("{error}: {}", node.last_words()).into())
				}
				Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
			}
		}
	}

	/// The version of the runtime that executes the next block.
	pub async fn version(&self) -> Result<u32> {
		let version: Value = self
			.client
			.request("state_getRuntimeVersion", rpc_params![])
			.await?;
		let version = version["specVersion"].as_u64().ok_or("there is no version")?;
		Ok(u32::try_from(version)?)
	}

	/// Waits until the runtime is of this version.
	pub async fn is_version(&self, wanted: u32) -> Result<()> {
		let started = Instant::now();
		while self.version().await? != wanted {
			if started.elapsed() > PATIENCE {
				return Err(format!("{} does not come to version {wanted}", self.name).into());
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
		Ok(())
	}

	/// The hash of a block.
	pub async fn block_hash(&self, number: u32) -> Result<Option<Hash>> {
		Ok(self
			.client
			.request("chain_getBlockHash", rpc_params![number])
			.await?)
	}

	/// The hash of block 0, which names the chain.
	pub async fn genesis(&self) -> Result<Hash> {
		let genesis = self.block_hash(0).await?;
		genesis.ok_or_else(|| format!("{} does not know its own genesis", self.name).into())
	}

	/// The last final block.
	pub async fn finalized(&self) -> Result<Header> {
		let hash: Hash = self
			.client
			.request("chain_getFinalizedHead", rpc_params![])
			.await?;
		Ok(self.client.request("chain_getHeader", rpc_params![hash]).await?)
	}

	/// What is stored under a pallet's key, at a block or the best one.
	pub async fn stored(&self, pallet: &str, item: &str, at: Option<Hash>) -> Result<Option<Vec<u8>>> {
		let key = StorageKey(storage_prefix(pallet.as_bytes(), item.as_bytes()).to_vec());
		let bytes: Option<Bytes> = self
			.client
			.request("state_getStorage", rpc_params![key, at])
			.await?;
		Ok(bytes.map(|bytes| bytes.0))
	}

	/// Calls a method of a runtime API with encoded arguments, at the best block.
	pub async fn call<Answer: Decode>(&self, method: &str, arguments: Vec<u8>) -> Result<Answer> {
		let answer: Bytes = self
			.client
			.request("state_call", rpc_params![method, Bytes(arguments)])
			.await?;
		Ok(Answer::decode_all(&mut &answer[..])?)
	}

	/// The version of what a pallet stores, as the pallet noted it.
	pub async fn storage_version(&self, pallet: &str) -> Result<u16> {
		let version = self.stored(pallet, ":__STORAGE_VERSION__:", None).await?;
		let version = version.ok_or("the pallet has noted no version")?;
		Ok(u16::decode_all(&mut &version[..])?)
	}

	/// The whole state after a block.
	pub async fn state(&self, at: Hash) -> Result<Storage> {
		let mut state = Storage::default();
		let mut last: Option<StorageKey> = None;
		loop {
			let keys: Vec<StorageKey> = self
				.client
				.request(
					"state_getKeysPaged",
					rpc_params![StorageKey(Vec::new()), KEYS_AT_ONCE, last, at],
				)
				.await?;
			for key in &keys {
				let value: Option<Bytes> = self
					.client
					.request("state_getStorage", rpc_params![key, at])
					.await?;
				let value = value.ok_or("a key has lost its value")?;
				state.top.insert(key.0.clone(), value.0);
			}
			match keys.into_iter().last() {
				Some(key) => last = Some(key),
				None => return Ok(state),
			}
		}
	}

	/// Signs a call for the chain's version and hands it to the pool.
	async fn submit(
		&self,
		account: &Account,
		call: RuntimeCall,
	) -> Result<(UncheckedExtrinsic, Subscription<Value>)> {
		let begins = self.finalized().await?;
		let id: AccountId = account.id();
		let nonce: Nonce = self
			.client
			.request("system_accountNextIndex", rpc_params![id.clone()])
			.await?;
		let era = Era::mortal(ERA, begins.number.into());
		let mut implicit = tx_implicit(self.genesis().await?, begins.hash());
		implicit.2 = self.version().await?;
		let payload = SignedPayload::from_raw(call, tx_extension(nonce, era), implicit);
		let signature = payload.using_encoded(|payload| account.sign(payload));
		let (call, extension, _) = payload.deconstruct();
		let extrinsic = UncheckedExtrinsic::new_signed(call, id.into(), signature, extension);
		let status = self
			.client
			.subscribe(
				"author_submitAndWatchExtrinsic",
				rpc_params![Bytes(extrinsic.encode())],
				"author_unwatchExtrinsic",
			)
			.await?;
		Ok((extrinsic, status))
	}

	/// Sends a transaction of a development account, and waits until it is final. Gives what it announced; an error if its
	/// dispatch failed.
	pub async fn send(&self, account: &str, call: RuntimeCall) -> Result<Vec<RuntimeEvent>> {
		let account = Account::development(account)?;
		let (extrinsic, mut status) = self.submit(&account, call).await?;
		let wait = async {
			while let Some(status) = status.next().await {
				let status = status?;
				if let Some(block) = status.get("finalized") {
					return Ok(serde_json::from_value(block.clone())?);
				}
				let left = ["invalid", "dropped", "usurped", "finalityTimeout"];
				if left
					.iter()
					.any(|left| status == *left || status.get(left).is_some())
				{
					return Err(format!("the transaction left the pool: {status}").into());
				}
			}
			Result::<Hash>::Err("the node says nothing more".into())
		};
		let block = tokio::time::timeout(2 * PATIENCE, wait)
			.await
			.map_err(|_| "the transaction does not become final")?;
		self.outcome(&extrinsic, block?).await
	}

	async fn outcome(&self, extrinsic: &UncheckedExtrinsic, block: Hash) -> Result<Vec<RuntimeEvent>> {
		let body: Value = self.client.request("chain_getBlock", rpc_params![block]).await?;
		let body: Vec<Bytes> = serde_json::from_value(body["block"]["extrinsics"].clone())?;
		let encoded = extrinsic.encode();
		let place = body.iter().position(|bytes| bytes.0 == encoded);
		let place = u32::try_from(place.ok_or("the block does not hold the transaction")?)?;
		let mut own = Vec::new();
		for record in self.events(block).await? {
			if record.phase != Phase::ApplyExtrinsic(place) {
				continue;
			}
			if let RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { dispatch_error, .. }) =
				&record.event
			{
				return Err(format!("the dispatch failed: {dispatch_error:?}").into());
			}
			own.push(record.event);
		}
		Ok(own)
	}

	async fn events(&self, block: Hash) -> Result<Vec<Event>> {
		let events = self.stored("System", "Events", Some(block)).await?;
		Ok(Vec::<Event>::decode_all(&mut &events.unwrap_or_default()[..])?)
	}
}

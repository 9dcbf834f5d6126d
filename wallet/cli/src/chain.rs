//! A node, as a client sees it: typed reads, signed transactions, and what became of them.
//!
//! Reads are runtime API calls, decoded with the runtime's own types; this program and the chain have to be of one
//! version for that, which [`Chain::connect`] checks.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use codec::{Decode, DecodeAll, Encode};
use frame_support::storage::storage_prefix;
use frame_system::{EventRecord, Phase};
use futures::{stream::FuturesUnordered, StreamExt};
use jsonrpsee::{
	core::client::{ClientT, Error as RpcError, Subscription, SubscriptionClientT},
	rpc_params,
	ws_client::{WsClient, WsClientBuilder},
};
use pallet_certificates::{Certificate, Moment, OrderId};
use pallet_ecommerce::{
	runtime_api::{AccountState, Market},
	Accumulators, Credit, CreditId, Listing, ListingId, Order, OrderState, Quote,
};
use serde::Deserialize;
use serde_json::Value;
use sp_core::{storage::StorageKey, Bytes, H256};
use sp_runtime::{
	generic::Era,
	traits::{BlakeTwo256, Hash as _},
	transaction_validity::{
		InvalidTransaction, TransactionSource, TransactionValidity, TransactionValidityError,
	},
};
use veilmart_runtime::{
	extensions::signed_extrinsic, AccountId, BlockNumber, Hash, Header, Nonce, Runtime, RuntimeCall,
	RuntimeEvent, UncheckedExtrinsic, VERSION,
};

use crate::{
	account::Account,
	error::{Error, Refusal, Result},
};

/// How many blocks a transaction stays valid: the most that the chain lets in.
const ERA: u64 = 128;

/// After how long without a message a waiting program sends a request that nobody needs.
const NUDGE: Duration = Duration::from_millis(4);

/// How long a single request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a transaction may take until it is final.
const FINALITY_TIMEOUT: Duration = Duration::from_secs(180);

/// An event with where it happened.
pub type Event = EventRecord<RuntimeEvent, Hash>;

/// What to wait for after a transaction was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
	/// It is in a block, which could still be abandoned on a chain that forks.
	InBlock,
	/// It is in a block that is final.
	Finalized,
}

/// A transaction that was dispatched without an error.
#[derive(Clone, Debug)]
pub struct Included {
	/// The transaction's hash.
	pub transaction: Hash,
	/// The block.
	pub block: Hash,
	/// What the dispatch announced.
	pub events: Vec<RuntimeEvent>,
}

/// A transaction on its way.
pub struct Sent {
	chain: Chain,
	extrinsic: UncheckedExtrinsic,
	status: Subscription<Value>,
}

/// A connection to a node. Clones share it.
#[derive(Clone)]
pub struct Chain {
	client: Arc<WsClient>,
	genesis: Hash,
}

/// What is needed of `state_getRuntimeVersion`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpecVersion {
	spec_name: String,
	spec_version: u32,
	transaction_version: u32,
}

/// What is needed of `chain_getBlock`.
#[derive(Deserialize)]
struct SignedBlock {
	block: BlockBody,
}

#[derive(Deserialize)]
struct BlockBody {
	extrinsics: Vec<Encoded>,
}

/// Bytes in JSON: hexadecimal digits from nodes that do not look into transactions, numbers from those that do.
#[derive(Deserialize)]
#[serde(untagged)]
enum Encoded {
	Digits(Bytes),
	Numbers(Vec<u8>),
}

impl AsRef<[u8]> for Encoded {
	fn as_ref(&self) -> &[u8] {
		match self {
			Self::Digits(bytes) => bytes,
			Self::Numbers(bytes) => bytes,
		}
	}
}

impl Chain {
	/// Connects to a node's WebSocket and makes sure that it runs the chain that this program knows.
	pub async fn connect(url: &str) -> Result<Self> {
		let client = WsClientBuilder::default()
			.request_timeout(REQUEST_TIMEOUT)
			.connection_timeout(Duration::from_secs(10))
			.build(url)
			.await
			.map_err(|error| Error::node(format!("Cannot reach a node at {url}: {}", reason(&error))))?;
		let mut chain = Self {
			client: Arc::new(client),
			genesis: Hash::zero(),
		};
		let version: SpecVersion = chain.request("state_getRuntimeVersion", rpc_params![]).await?;
		if version.spec_name != *VERSION.spec_name {
			return Err(Error::node(format!(
				"{url} is a node of another chain: {}.",
				version.spec_name
			)));
		}
		let ours = (VERSION.spec_version, VERSION.transaction_version);
		if (version.spec_version, version.transaction_version) != ours {
			return Err(Error::node(format!(
				"{url} runs version {} of the runtime, this program is for version {}.",
				version.spec_version, ours.0
			)));
		}
		chain.genesis = chain
			.block_hash(0)
			.await?
			.ok_or_else(|| Error::node("The node does not know its own genesis block."))?;
		Ok(chain)
	}

	/// The hash of block 0, which names the chain.
	pub fn genesis(&self) -> Hash {
		self.genesis
	}

	async fn request<R: serde::de::DeserializeOwned>(
		&self,
		method: &str,
		params: jsonrpsee::core::params::ArrayParams,
	) -> Result<R> {
		self.nudged(self.client.request(method, params))
			.await
			.map_err(|error| rpc_error(method, error))
	}

	/// Waits for something that the node sends, and sends small requests meanwhile.
	///
	/// The node's server leaves Nagle's algorithm on: its second message in a row waits until the first is acknowledged, and
	/// systems delay an acknowledgement by 40 ms unless they have something to send. These requests carry it.
	async fn nudged<T>(&self, awaited: impl Future<Output = T>) -> T {
		let mut awaited = pin!(awaited);
		let mut nudges = FuturesUnordered::new();
		loop {
			tokio::select! {
				biased;
				arrived = &mut awaited => return arrived,
				// What the answers are does not matter: the awaited one will tell if the connection is lost.
				Some(_) = nudges.next() => {},
				() = tokio::time::sleep(NUDGE) => {
					nudges.push(self.client.request::<Value, _>("system_chainType", rpc_params![]));
				},
			}
		}
	}

	/// The hash of a block of the best chain.
	pub async fn block_hash(&self, number: BlockNumber) -> Result<Option<Hash>> {
		self.request("chain_getBlockHash", rpc_params![number]).await
	}

	/// The best block: what the next transaction builds on.
	pub async fn best(&self) -> Result<Hash> {
		self.request("chain_getBlockHash", rpc_params![]).await
	}

	/// The last final block.
	pub async fn finalized(&self) -> Result<Hash> {
		self.request("chain_getFinalizedHead", rpc_params![]).await
	}

	/// A block's header.
	pub async fn header(&self, block: Hash) -> Result<Header> {
		let header: Option<Header> = self.request("chain_getHeader", rpc_params![block]).await?;
		header.ok_or_else(|| Error::node(format!("The node has no block {block:?}.")))
	}

	/// Calls a method of a runtime API with SCALE-encoded arguments, at a block or the best one.
	pub async fn call<Answer: Decode>(
		&self,
		method: &str,
		arguments: impl Encode,
		at: Option<Hash>,
	) -> Result<Answer> {
		let arguments = Bytes(arguments.encode());
		let answer: Bytes = self
			.request("state_call", rpc_params![method, arguments, at])
			.await?;
		Answer::decode_all(&mut &answer[..])
			.map_err(|error| Error::node(format!("The node's answer to {method} cannot be read: {error}")))
	}

	/// The key and the terms. An error if the chain has no marketplace.
	pub async fn market(&self, at: Option<Hash>) -> Result<Market> {
		let market: Market = self.call("EcommerceApi_market", (), at).await?;
		if market.modulus.is_empty() {
			return Err(Error::wallet(
				"This chain was started without a key, so it has no marketplace.",
			));
		}
		Ok(market)
	}

	/// The proof that the key is well formed.
	pub async fn modulus_proof(&self) -> Result<Vec<u8>> {
		self.call("EcommerceApi_modulus_proof", (), None).await
	}

	/// An account's sequence number and what it owns.
	pub async fn account(&self, account: &AccountId, at: Option<Hash>) -> Result<AccountState> {
		self.call("EcommerceApi_account", account, at).await
	}

	/// The credits that an account has not collected.
	pub async fn incoming(
		&self,
		account: &AccountId,
		at: Option<Hash>,
	) -> Result<Vec<(CreditId<AccountId>, Credit)>> {
		self.call("EcommerceApi_incoming", account, at).await
	}

	/// One listing.
	pub async fn listing(&self, id: &ListingId<AccountId>, at: Option<Hash>) -> Result<Option<Listing>> {
		self.call("EcommerceApi_listing", id, at).await
	}

	/// All listings of a seller.
	pub async fn listings(
		&self,
		seller: &AccountId,
		at: Option<Hash>,
	) -> Result<Vec<(ListingId<AccountId>, Listing)>> {
		self.call("EcommerceApi_listings", seller, at).await
	}

	/// The quote that a buyer has for a listing.
	pub async fn quote(
		&self,
		buyer: &AccountId,
		listing: &ListingId<AccountId>,
		at: Option<Hash>,
	) -> Result<Option<Quote>> {
		self.call("EcommerceApi_quote", (buyer, listing), at).await
	}

	/// All quotes that a buyer has.
	pub async fn quotes(
		&self,
		buyer: &AccountId,
		at: Option<Hash>,
	) -> Result<Vec<(ListingId<AccountId>, Quote)>> {
		self.call("EcommerceApi_quotes", buyer, at).await
	}

	/// One order.
	pub async fn order(&self, id: &OrderId<AccountId>, at: Option<Hash>) -> Result<Option<Order<AccountId>>> {
		self.call("EcommerceApi_order", id, at).await
	}

	/// The orders of a buyer, all or those in one state.
	pub async fn orders_of_buyer(
		&self,
		buyer: &AccountId,
		state: Option<OrderState>,
		at: Option<Hash>,
	) -> Result<Vec<(OrderId<AccountId>, Order<AccountId>)>> {
		self.call("EcommerceApi_orders_of_buyer", (buyer, state), at)
			.await
	}

	/// The orders that a seller has to do with, all or those in one state.
	pub async fn orders_of_seller(
		&self,
		seller: &AccountId,
		state: Option<OrderState>,
		at: Option<Hash>,
	) -> Result<Vec<(OrderId<AccountId>, Order<AccountId>)>> {
		self.call("EcommerceApi_orders_of_seller", (seller, state), at)
			.await
	}

	/// Both sides of the conservation identity, factor by factor.
	pub async fn accumulators(&self, at: Option<Hash>) -> Result<Accumulators> {
		let accumulators: Option<Accumulators> = self.call("EcommerceApi_accumulators", (), at).await?;
		accumulators.ok_or_else(|| {
			Error::wallet("This chain was started without a key, so there is nothing to audit.")
		})
	}

	/// An account's certificate, whatever its standing.
	pub async fn certificate(
		&self,
		account: &AccountId,
		at: Option<Hash>,
	) -> Result<Option<Certificate<AccountId, Moment>>> {
		self.call("CertificatesApi_certificate", account, at).await
	}

	/// The account of the certificate authority.
	pub async fn certificate_authority(&self) -> Result<Option<AccountId>> {
		self.call("CertificatesApi_certificate_authority", (), None).await
	}

	/// How many calls the account may still make in the current period.
	pub async fn quota_left(&self, account: &AccountId) -> Result<u32> {
		self.call("CertificatesApi_quota_left", account, None).await
	}

	/// The counter of the last request that was accepted from the account.
	pub async fn request_counter(&self, account: &AccountId) -> Result<u64> {
		self.call("CertificatesApi_request_counter", account, None).await
	}

	/// The next transaction number of an account, transactions in the pool included.
	pub async fn next_nonce(&self, account: &AccountId) -> Result<Nonce> {
		self.request("system_accountNextIndex", rpc_params![account])
			.await
	}

	/// How many of an account's transactions wait in the node's pool.
	pub async fn pending(&self, account: &AccountId) -> Result<Nonce> {
		let included: Nonce = self.call("AccountNonceApi_account_nonce", account, None).await?;
		Ok(self.next_nonce(account).await?.saturating_sub(included))
	}

	/// What happened in a block.
	pub async fn events(&self, block: Hash) -> Result<Vec<Event>> {
		let key = StorageKey(storage_prefix(b"System", b"Events").to_vec());
		let encoded: Option<Bytes> = self.request("state_getStorage", rpc_params![key, block]).await?;
		let encoded = encoded.map(|bytes| bytes.0).unwrap_or_default();
		if encoded.is_empty() {
			return Ok(Vec::new());
		}
		Vec::<Event>::decode_all(&mut &encoded[..])
			.map_err(|error| Error::node(format!("The events of block {block:?} cannot be read: {error}")))
	}

	/// Announces final blocks as they come. Nodes leave out some of them when many become final at once.
	pub async fn finalized_headers(&self) -> Result<Subscription<Header>> {
		self.client
			.subscribe(
				"chain_subscribeFinalizedHeads",
				rpc_params![],
				"chain_unsubscribeFinalizedHeads",
			)
			.await
			.map_err(|error| rpc_error("chain_subscribeFinalizedHeads", error))
	}

	/// Signs a call as the account's transaction with this number.
	pub async fn sign(
		&self,
		account: &Account,
		nonce: Nonce,
		call: RuntimeCall,
	) -> Result<UncheckedExtrinsic> {
		// A final block as the era's first, so that no fork makes the transaction invalid.
		let begins = self.finalized().await?;
		let number = self.header(begins).await?.number;
		let era = Era::mortal(ERA, number.into());
		Ok(signed_extrinsic(
			call,
			account.id(),
			nonce,
			era,
			self.genesis,
			begins,
			|payload| account.sign(payload),
		))
	}

	/// Signs a call with the account's next number and hands it to the node's pool.
	pub async fn submit(&self, account: &Account, call: RuntimeCall) -> Result<Sent> {
		let nonce = self.next_nonce(&account.id()).await?;
		self.submit_as(account, nonce, call).await
	}

	/// As [`Chain::submit`], with a number that the caller keeps count of.
	pub async fn submit_as(&self, account: &Account, nonce: Nonce, call: RuntimeCall) -> Result<Sent> {
		let extrinsic = self.sign(account, nonce, call).await?;
		let status = self
			.client
			.subscribe(
				"author_submitAndWatchExtrinsic",
				rpc_params![Bytes(extrinsic.encode())],
				"author_unwatchExtrinsic",
			)
			.await
			.map_err(|error| rpc_error("author_submitAndWatchExtrinsic", error))?;
		Ok(Sent {
			chain: self.clone(),
			extrinsic,
			status,
		})
	}

	/// Signs and sends a call and waits until it has happened.
	pub async fn submit_and_watch(
		&self,
		account: &Account,
		call: RuntimeCall,
		until: Until,
	) -> Result<Included> {
		self.submit(account, call).await?.wait(until).await
	}

	/// What a block did with a transaction in it.
	async fn outcome(&self, extrinsic: &UncheckedExtrinsic, block: Hash) -> Result<Included> {
		let encoded = extrinsic.encode();
		let body: Option<SignedBlock> = self.request("chain_getBlock", rpc_params![block]).await?;
		let index = body
			.and_then(|body| {
				body.block
					.extrinsics
					.iter()
					.position(|bytes| bytes.as_ref() == encoded)
			})
			.ok_or_else(|| Error::node(format!("Block {block:?} does not hold the transaction.")))?;
		let events = self.events(block).await?;
		let transaction = BlakeTwo256::hash(&encoded);
		dispatched(index as u32, events).map(|events| Included {
			transaction,
			block,
			events,
		})
	}

	/// Why the pool would not take a transaction now, if it would not.
	async fn objection(&self, extrinsic: &UncheckedExtrinsic) -> Option<Refusal> {
		let best = self.best().await.ok()?;
		let arguments = (TransactionSource::External, extrinsic, best);
		let verdict: TransactionValidity = self
			.call(
				"TaggedTransactionQueue_validate_transaction",
				arguments,
				Some(best),
			)
			.await
			.ok()?;
		match verdict.err()? {
			TransactionValidityError::Invalid(InvalidTransaction::Custom(code)) => {
				Some(Refusal::from_custom_code(code))
			}
			TransactionValidityError::Invalid(reason) => Refusal::from_pool(1010, reason.into(), None),
			TransactionValidityError::Unknown(reason) => Refusal::from_pool(1011, reason.into(), None),
		}
	}
}

impl Sent {
	/// The transaction's hash.
	pub fn hash(&self) -> Hash {
		BlakeTwo256::hash(&self.extrinsic.encode())
	}

	/// Waits until the transaction has happened. A dispatch that failed is an error, and so is a transaction that left
	/// the pool.
	pub async fn wait(self, until: Until) -> Result<Included> {
		let hash = self.hash();
		tokio::time::timeout(FINALITY_TIMEOUT, self.follow(until))
			.await
			.unwrap_or_else(|_| {
				Err(Error::node(format!(
					"After {} s the transaction {hash:?} is still not final; it may become so later.",
					FINALITY_TIMEOUT.as_secs()
				)))
			})
	}

	async fn follow(mut self, until: Until) -> Result<Included> {
		while let Some(status) = self.chain.nudged(self.status.next()).await {
			let status =
				status.map_err(|error| Error::node(format!("The node's report cannot be read: {error}")))?;
			match Progress::read(&status) {
				Progress::InBlock(block) if until == Until::InBlock => {
					return self.chain.outcome(&self.extrinsic, block).await;
				}
				Progress::Finalized(block) => return self.chain.outcome(&self.extrinsic, block).await,
				Progress::Left(how) => {
					let refusal = match how {
						"invalid" | "dropped" => self.chain.objection(&self.extrinsic).await,
						_ => None,
					};
					return Err(refusal.unwrap_or_else(|| Refusal::left_pool(how)).into());
				}
				Progress::InBlock(_) | Progress::Waiting => {}
			}
		}
		Err(Error::node(
			"The connection to the node was lost; whether the transaction happened is not known.",
		))
	}
}

/// What a node reports about a transaction in its pool.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
	Waiting,
	InBlock(Hash),
	Finalized(Hash),
	Left(&'static str),
}

impl Progress {
	fn read(status: &Value) -> Self {
		const ENDS: [&str; 3] = ["invalid", "dropped", "usurped"];
		let block = |name: &str| status.get(name).and_then(|hash| H256::deserialize(hash).ok());
		if let Some(block) = block("finalized") {
			Self::Finalized(block)
		} else if let Some(block) = block("inBlock") {
			Self::InBlock(block)
		} else if status.get("finalityTimeout").is_some() {
			Self::Left("included in a block that does not become final")
		} else if let Some(end) = ENDS
			.into_iter()
			.find(|end| status.as_str() == Some(end) || status.get(end).is_some())
		{
			Self::Left(end)
		} else {
			Self::Waiting
		}
	}
}

/// The events of the extrinsic with this index, or the error of its dispatch.
fn dispatched(index: u32, events: Vec<Event>) -> Result<Vec<RuntimeEvent>> {
	let own: Vec<_> = events
		.into_iter()
		.filter(|record| record.phase == Phase::ApplyExtrinsic(index))
		.map(|record| record.event)
		.collect();
	let verdict = own.iter().find_map(|event| match event {
		RuntimeEvent::System(frame_system::Event::<Runtime>::ExtrinsicSuccess { .. }) => Some(Ok(())),
		RuntimeEvent::System(frame_system::Event::<Runtime>::ExtrinsicFailed { dispatch_error, .. }) => {
			Some(Err(Refusal::from_dispatch(*dispatch_error)))
		}
		_ => None,
	});
	match verdict {
		Some(Ok(())) => Ok(own),
		Some(Err(refusal)) => Err(refusal.into()),
		None => Err(Error::node(
			"The block does not say what became of the transaction.",
		)),
	}
}

/// An error of the connection or of a request.
fn rpc_error(method: &str, error: RpcError) -> Error {
	if let RpcError::Call(answer) = &error {
		let data = answer.data().map(|data| data.get());
		if let Some(refusal) = Refusal::from_pool(answer.code(), answer.message(), data) {
			return refusal.into();
		}
	}
	Error::node(format!("{method}: {}", reason(&error)))
}

/// The error with what caused it.
fn reason(error: &RpcError) -> String {
	let mut text = error.to_string();
	let mut cause = std::error::Error::source(error);
	while let Some(error) = cause {
		let more = error.to_string();
		if !text.contains(&more) {
			text += ": ";
			text += &more;
		}
		cause = error.source();
	}
	text
}

#[cfg(test)]
mod tests {
	use super::*;
	use frame_system::DispatchEventInfo;
	use serde_json::json;
	use sp_runtime::{DispatchError, ModuleError};

	#[test]
	fn reports_of_the_pool_are_understood() {
		let hash = H256::repeat_byte(7);
		for (status, meaning) in [
			(json!("future"), Progress::Waiting),
			(json!("ready"), Progress::Waiting),
			(json!({ "broadcast": ["peer"] }), Progress::Waiting),
			(json!({ "inBlock": hash }), Progress::InBlock(hash)),
			(json!({ "retracted": hash }), Progress::Waiting),
			(json!({ "finalized": hash }), Progress::Finalized(hash)),
			(json!({ "usurped": hash }), Progress::Left("usurped")),
			(json!("invalid"), Progress::Left("invalid")),
			(json!("dropped"), Progress::Left("dropped")),
		] {
			assert_eq!(Progress::read(&status), meaning, "{status}");
		}
		assert!(matches!(
			Progress::read(&json!({ "finalityTimeout": hash })),
			Progress::Left(_)
		));
	}

	#[test]
	fn blocks_are_read_in_both_forms() {
		let body: SignedBlock =
			serde_json::from_value(json!({ "block": { "extrinsics": ["0x2805", [40, 5]] } })).unwrap();
		assert!(body
			.block
			.extrinsics
			.iter()
			.all(|bytes| bytes.as_ref() == [40, 5]));
	}

	fn record(index: u32, event: frame_system::Event<Runtime>) -> Event {
		EventRecord {
			phase: Phase::ApplyExtrinsic(index),
			event: event.into(),
			topics: Vec::new(),
		}
	}

	fn failed(error: DispatchError) -> frame_system::Event<Runtime> {
		frame_system::Event::ExtrinsicFailed {
			dispatch_error: error,
			dispatch_info: DispatchEventInfo::default(),
		}
	}

	#[test]
	fn the_outcome_is_that_of_the_own_transaction() {
		let module = DispatchError::Module(ModuleError {
			index: <veilmart_runtime::Ecommerce as frame_support::traits::PalletInfoAccess>::index() as u8,
			error: [10, 0, 0, 0],
			message: None,
		});
		let events = || {
			vec![
				record(
					0,
					frame_system::Event::ExtrinsicSuccess {
						dispatch_info: DispatchEventInfo::default(),
					},
				),
				record(1, failed(module)),
			]
		};
		assert_eq!(dispatched(0, events()).map(|events| events.len()), Ok(1));
		let Err(Error::Refused(refusal)) = dispatched(1, events()) else {
			panic!("a failed dispatch passed")
		};
		assert_eq!(refusal.name, "PriceChanged");
		assert!(matches!(dispatched(2, events()), Err(Error::Node(_))));
	}
}

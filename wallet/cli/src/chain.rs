//! A node, as a client sees it: the connection and typed reads. Transactions are in [`crate::transaction`].
//!
//! Reads are runtime API calls, decoded with the runtime's own types; this program and the chain have to be of one
//! version for that, which [`Chain::connect`] checks.

use std::sync::Arc;

use codec::{Decode, DecodeAll, Encode};
use frame_support::storage::storage_prefix;
use frame_system::EventRecord;
use futures::future::try_join;
use jsonrpsee::{
	core::{
		client::{ClientT, Error as RpcError, Subscription, SubscriptionClientT},
		params::ArrayParams,
	},
	rpc_params,
	types::ErrorObject,
	ws_client::WsClient,
};
use pallet_certificates::{Certificate, Moment, OrderId};
use pallet_ecommerce::{
	runtime_api::{AccountState, Market},
	Accumulators, Credit, CreditId, Listing, ListingId, Order, OrderState, Quote, Redemption, RedemptionId,
};
use serde::{de::DeserializeOwned, Deserialize};
use sp_core::{storage::StorageKey, Bytes};
use veilmart_runtime::{AccountId, BlockNumber, Hash, Header, Nonce, RuntimeEvent, VERSION};

use crate::{
	connection,
	error::{Error, Refusal, Result},
};

/// An event with where it happened.
pub type Event = EventRecord<RuntimeEvent, Hash>;

/// A connection to a node. Clones share it.
#[derive(Clone)]
pub struct Chain {
	client: Arc<WsClient>,
	genesis: Hash,
	seals: bool,
}

/// What is needed of `state_getRuntimeVersion`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpecVersion {
	spec_name: String,
	spec_version: u32,
	transaction_version: u32,
}

impl Chain {
	/// Connects to a node's WebSocket and makes sure that it runs the chain that this program knows.
	pub async fn connect(url: &str) -> Result<Self> {
		let client = connection::open(url).await?;
		let mut chain = Self {
			client: Arc::new(client),
			genesis: Hash::zero(),
			seals: false,
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

	/// The same chain, on which [`Chain::submit_and_watch`] seals transactions to the leader, or does not.
	pub fn sealing(mut self, seals: bool) -> Self {
		self.seals = seals;
		self
	}

	/// Whether transactions are sealed to the leader.
	pub fn seals(&self) -> bool {
		self.seals
	}

	/// The hash of block 0, which names the chain.
	pub fn genesis(&self) -> Hash {
		self.genesis
	}

	/// The chain's name as the node tells it, for people; anybody can call a chain anything.
	pub async fn name(&self) -> Result<String> {
		self.request("system_chain", rpc_params![]).await
	}

	pub(crate) async fn request<R: DeserializeOwned>(&self, method: &str, params: ArrayParams) -> Result<R> {
		self.client
			.request(method, params)
			.await
			.map_err(|error| rpc_error(method, error))
	}

	pub(crate) async fn subscribe<N: DeserializeOwned>(
		&self,
		method: &str,
		params: ArrayParams,
		ends: &str,
	) -> Result<Subscription<N>> {
		self.client
			.subscribe(method, params, ends)
			.await
			.map_err(|error| rpc_error(method, error))
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

	/// What the node's consensus is doing, as JSON (`tdRaft_roundState`).
	pub async fn round_state(&self) -> Result<serde_json::Value> {
		self.request("tdRaft_roundState", rpc_params![]).await
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

	/// What was redeemed with an issuer and is not settled.
	pub async fn redemptions(
		&self,
		issuer: &AccountId,
		at: Option<Hash>,
	) -> Result<Vec<(RedemptionId<AccountId>, Redemption)>> {
		self.call("EcommerceApi_redemptions", issuer, at).await
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

	/// How many transactions of an account are in the blocks up to this one.
	pub(crate) async fn nonce(&self, account: &AccountId, at: Hash) -> Result<Nonce> {
		self.call("AccountNonceApi_account_nonce", account, Some(at))
			.await
	}

	/// How many of an account's transactions wait in the node's pool.
	pub async fn pending(&self, account: &AccountId) -> Result<Nonce> {
		let included = self.call::<Nonce>("AccountNonceApi_account_nonce", account, None);
		let (included, next) = try_join(included, self.next_nonce(account)).await?;
		Ok(next.saturating_sub(included))
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

	/// A block's time, in milliseconds since the Unix epoch.
	pub(crate) async fn time(&self, block: Hash) -> Result<Moment> {
		let key = StorageKey(storage_prefix(b"Timestamp", b"Now").to_vec());
		let encoded: Option<Bytes> = self.request("state_getStorage", rpc_params![key, block]).await?;
		let encoded = encoded.map(|bytes| bytes.0).unwrap_or_default();
		Moment::decode_all(&mut &encoded[..])
			.map_err(|error| Error::node(format!("The time of block {block:?} cannot be read: {error}")))
	}

	/// Announces final blocks as they come. Nodes leave out some of them when many become final at once.
	pub async fn finalized_headers(&self) -> Result<Subscription<Header>> {
		self.subscribe(
			"chain_subscribeFinalizedHeads",
			rpc_params![],
			"chain_unsubscribeFinalizedHeads",
		)
		.await
	}
}

/// What the pool has against a transaction, if that is what the node answers.
pub fn refusal_in(answer: &ErrorObject<'_>) -> Option<Refusal> {
	let data = answer.data().map(|data| data.get());
	Refusal::from_pool(answer.code(), answer.message(), data)
}

/// An error of the connection or of a request.
fn rpc_error(method: &str, error: RpcError) -> Error {
	if let RpcError::Call(answer) = &error {
		if let Some(refusal) = refusal_in(answer) {
			return refusal.into();
		}
		let data = answer.data().map(|data| format!(" ({})", data.get()));
		return Error::node(format!(
			"{method}: {}{}",
			answer.message(),
			data.unwrap_or_default()
		));
	}
	Error::node(format!("{method}: {}", connection::reason(&error)))
}

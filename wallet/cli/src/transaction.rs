//! Signed transactions: sending them, and what became of them.

use std::time::Duration;

use codec::Encode;
use frame_system::Phase;
use futures::future::{try_join, try_join3};
use jsonrpsee::{core::client::Subscription, rpc_params};
use pallet_certificates::Moment;
use serde::Deserialize;
use serde_json::Value;
use sp_core::{Bytes, H256};
use sp_runtime::{
	generic::{Era, Preamble},
	traits::{BlakeTwo256, Hash as _},
	transaction_validity::{
		InvalidTransaction, TransactionSource, TransactionValidity, TransactionValidityError,
		UnknownTransaction,
	},
	MultiAddress,
};
use veilmart_runtime::{
	extensions::{read_extrinsic, signed_extrinsic},
	AccountId, BlockNumber, Hash, Nonce, Runtime, RuntimeCall, RuntimeEvent, UncheckedExtrinsic,
};

use crate::{
	account::Account,
	chain::{Chain, Event},
	error::{Error, Refusal, Result},
	sealed::PATIENCE,
};

/// How many blocks a transaction stays valid: the most that the chain lets in.
pub(crate) const ERA: u64 = 128;

/// How long a transaction may take until it is final.
pub(crate) const FINALITY_TIMEOUT: Duration = Duration::from_secs(180);

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
	/// How it came there.
	pub way: Way,
}

/// Who could read a transaction on its way to the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
	/// Everybody: it was sent openly.
	Open,
	/// The leader alone: it was sealed to it.
	Sealed,
	/// Everybody in the end: leaders did not include it while it was sealed to them.
	OpenInTheEnd,
}

/// A transaction on its way.
pub struct Sent {
	chain: Chain,
	extrinsic: UncheckedExtrinsic,
	status: Subscription<Value>,
}

/// What a final block did, transaction by transaction.
pub(crate) struct Body {
	/// The block's number.
	pub(crate) number: BlockNumber,
	/// Its hash.
	pub(crate) hash: Hash,
	/// Its time, in milliseconds since the Unix epoch.
	pub(crate) time: Moment,
	/// What happened before its transactions.
	pub(crate) begun: Vec<RuntimeEvent>,
	/// Its transactions.
	pub(crate) transactions: Vec<Dispatched>,
	/// What happened after them.
	pub(crate) ended: Vec<RuntimeEvent>,
}

/// A transaction in a block.
#[derive(Default)]
pub(crate) struct Dispatched {
	/// Who signed it, if somebody did.
	pub(crate) sender: Option<AccountId>,
	/// Its call, if it was dispatched without an error and this program understands it: runtimes of earlier versions had
	/// other calls.
	pub(crate) call: Option<RuntimeCall>,
	/// What it announced.
	pub(crate) events: Vec<RuntimeEvent>,
}

impl Dispatched {
	fn read(encoded: &[u8]) -> Self {
		let Some(extrinsic) = read_extrinsic(encoded) else {
			return Self::default();
		};
		let sender = match extrinsic.preamble {
			Preamble::Signed(MultiAddress::Id(sender), ..) => Some(sender),
			_ => None,
		};
		Self {
			sender,
			call: Some(extrinsic.function),
			events: Vec::new(),
		}
	}
}

/// What is needed of `chain_getBlock`.
#[derive(Deserialize)]
pub struct SignedBlock {
	block: BlockBody,
}

impl SignedBlock {
	/// The block's transactions, as encoded.
	pub fn transactions(&self) -> impl Iterator<Item = &[u8]> {
		self.block.extrinsics.iter().map(|encoded| encoded.as_ref())
	}
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
	/// When a transaction that is signed now begins to be valid, and with which block.
	pub(crate) async fn validity(&self) -> Result<(Era, Hash)> {
		// A final block as the era's first, so that no fork makes the transaction invalid.
		let begins = self.finalized().await?;
		let number = self.header(begins).await?.number;
		Ok((Era::mortal(ERA, number.into()), begins))
	}

	/// Signs a call with the account's next number and hands it to the node's pool.
	pub async fn submit(&self, account: &Account, call: RuntimeCall) -> Result<Sent> {
		let id = account.id();
		let (nonce, validity) = try_join(self.next_nonce(&id), self.validity()).await?;
		self.submit_signed(account, nonce, validity, call).await
	}

	/// As [`Chain::submit`], with a number that the caller keeps count of.
	pub async fn submit_as(&self, account: &Account, nonce: Nonce, call: RuntimeCall) -> Result<Sent> {
		let validity = self.validity().await?;
		self.submit_signed(account, nonce, validity, call).await
	}

	pub(crate) async fn submit_signed(
		&self,
		account: &Account,
		nonce: Nonce,
		validity: (Era, Hash),
		call: RuntimeCall,
	) -> Result<Sent> {
		self.send(self.sign(account, nonce, validity, call)).await
	}

	/// Hands a signed transaction to the node's pool.
	pub(crate) async fn send(&self, extrinsic: UncheckedExtrinsic) -> Result<Sent> {
		let status = self
			.subscribe(
				"author_submitAndWatchExtrinsic",
				rpc_params![Bytes(extrinsic.encode())],
				"author_unwatchExtrinsic",
			)
			.await?;
		Ok(Sent {
			chain: self.clone(),
			extrinsic,
			status,
		})
	}

	/// Signs and sends a call, sealed if this chain [`Chain::seals`], and waits until it has happened: until it is final in any case,
	/// if it is sealed.
	pub async fn submit_and_watch(
		&self,
		account: &Account,
		call: RuntimeCall,
		until: Until,
	) -> Result<Included> {
		if !self.seals() {
			return self.submit(account, call).await?.wait(until).await;
		}
		let delivered = self.submit_sealed(account, call, PATIENCE).await?;
		let way = if delivered.openly {
			Way::OpenInTheEnd
		} else {
			Way::Sealed
		};
		Ok(Included {
			way,
			..delivered.included
		})
	}

	pub(crate) fn sign(
		&self,
		account: &Account,
		nonce: Nonce,
		(era, begins): (Era, Hash),
		call: RuntimeCall,
	) -> UncheckedExtrinsic {
		signed_extrinsic(
			call,
			account.id(),
			nonce,
			era,
			self.genesis(),
			begins,
			|payload| account.sign(payload),
		)
	}

	/// What a block did with a transaction in it.
	pub(crate) async fn outcome(&self, extrinsic: &UncheckedExtrinsic, block: Hash) -> Result<Included> {
		let encoded = extrinsic.encode();
		let (place, events) = try_join(self.place_in(&encoded, block), self.events(block)).await?;
		let index =
			place.ok_or_else(|| Error::node(format!("Block {block:?} does not hold the transaction.")))?;
		let transaction = BlakeTwo256::hash(&encoded);
		dispatched(index, events).map(|events| Included {
			transaction,
			block,
			events,
			way: Way::Open,
		})
	}

	/// A block's hash, and those of its transactions in their order.
	pub(crate) async fn transactions_in(&self, number: BlockNumber) -> Result<(Hash, Vec<Hash>)> {
		let block = self
			.block_hash(number)
			.await?
			.ok_or_else(|| Error::node(format!("The node has no block {number}.")))?;
		let body: Option<SignedBlock> = self.request("chain_getBlock", rpc_params![block]).await?;
		let body = body.ok_or_else(|| Error::node(format!("The node has no body of block {number}.")))?;
		Ok((block, body.transactions().map(BlakeTwo256::hash).collect()))
	}

	/// Whether the transaction at this place of a block succeeded. The node has to have kept the block's state.
	pub(crate) async fn succeeded_at(&self, index: usize, block: Hash) -> Result<bool> {
		let index = u32::try_from(index)
			.map_err(|_| Error::node(format!("Block {block:?} has more transactions than any.")))?;
		// A node that refuses to answer says nothing about the transaction.
		let events = self.events(block).await;
		let events = events.map_err(|error| Error::node(error.to_string()))?;
		match dispatched(index, events) {
			Ok(_) => Ok(true),
			Err(Error::Refused(_)) => Ok(false),
			Err(error) => Err(error),
		}
	}

	/// What a block did. The node has to have kept its state.
	pub(crate) async fn body(&self, number: BlockNumber) -> Result<Body> {
		let block = self
			.block_hash(number)
			.await?
			.ok_or_else(|| Error::node(format!("The node has no block {number}.")))?;
		let body = self.request::<Option<SignedBlock>>("chain_getBlock", rpc_params![block]);
		let (body, events, time) = try_join3(body, self.events(block), self.time(block)).await?;
		let body = body.ok_or_else(|| Error::node(format!("The node has no body of block {number}.")))?;
		let transactions = body.transactions().map(Dispatched::read).collect();
		Ok(sorted(number, block, time, transactions, events))
	}

	/// The index of an encoded transaction in a block, if it is there.
	pub(crate) async fn place_in(&self, encoded: &[u8], block: Hash) -> Result<Option<u32>> {
		let body: Option<SignedBlock> = self.request("chain_getBlock", rpc_params![block]).await?;
		let body = body.ok_or_else(|| Error::node(format!("The node has no body of block {block:?}.")))?;
		let place = body.transactions().position(|bytes| bytes == encoded);
		Ok(place.and_then(|index| index.try_into().ok()))
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
			TransactionValidityError::Invalid(InvalidTransaction::Custom(code))
			| TransactionValidityError::Unknown(UnknownTransaction::Custom(code)) => {
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
		while let Some(status) = self.status.next().await {
			let status =
				status.map_err(|error| Error::node(format!("The node's report cannot be read: {error}")))?;
			match Progress::read(&status) {
				Progress::InBlock(block) if until == Until::InBlock => {
					return self.chain.outcome(&self.extrinsic, block).await;
				}
				Progress::Finalized(block) => return self.chain.outcome(&self.extrinsic, block).await,
				Progress::Left(how @ ("invalid" | "usurped")) => {
					let refusal = match how {
						"invalid" => self.chain.objection(&self.extrinsic).await,
						_ => None,
					};
					return Err(refusal.unwrap_or_else(|| Refusal::left_pool(how)).into());
				}
				// Another pool may have it, or its block may become final after all.
				Progress::Left(how) => {
					return Err(Error::node(format!(
						"Whether transaction {:?} happens is not known: it left the node's pool, {how}. `veilmart history` tells once it has \
						happened; sent anew it would happen beside that.",
						self.hash()
					)))
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
pub enum Progress {
	/// Nothing that would count.
	Waiting,
	/// It is in this block.
	InBlock(Hash),
	/// It is in this block, which is final.
	Finalized(Hash),
	/// It is there no more, and how that came.
	Left(&'static str),
}

impl Progress {
	/// Reads a report. What is not understood says that the transaction waits.
	pub fn read(status: &Value) -> Self {
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

/// Each event to the transaction that it belongs to; a transaction that failed has no call.
fn sorted(
	number: BlockNumber,
	hash: Hash,
	time: Moment,
	mut transactions: Vec<Dispatched>,
	events: Vec<Event>,
) -> Body {
	let (mut begun, mut ended) = (Vec::new(), Vec::new());
	for record in events {
		match record.phase {
			Phase::Initialization => begun.push(record.event),
			Phase::Finalization => ended.push(record.event),
			Phase::ApplyExtrinsic(index) => {
				let found = usize::try_from(index)
					.ok()
					.and_then(|index| transactions.get_mut(index));
				let Some(transaction) = found else { continue };
				if matches!(
					record.event,
					RuntimeEvent::System(frame_system::Event::<Runtime>::ExtrinsicFailed { .. })
				) {
					transaction.call = None;
				}
				transaction.events.push(record.event);
			}
		}
	}
	Body {
		number,
		hash,
		time,
		begun,
		transactions,
		ended,
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

#[cfg(test)]
mod tests {
	use super::*;
	use frame_system::{DispatchEventInfo, EventRecord};
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
		assert_eq!(body.transactions().collect::<Vec<_>>(), [[40_u8, 5]; 2]);
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

	#[test]
	fn a_transaction_that_failed_did_not_happen() {
		let transaction = || Dispatched {
			call: Some(frame_system::Call::<Runtime>::remark { remark: Vec::new() }.into()),
			..Dispatched::default()
		};
		let success = || frame_system::Event::ExtrinsicSuccess {
			dispatch_info: DispatchEventInfo::default(),
		};
		let mut events = vec![
			record(0, success()),
			record(1, failed(DispatchError::BadOrigin)),
			record(7, success()),
			record(0, success()),
		];
		events[3].phase = Phase::Initialization;
		let body = sorted(5, Hash::zero(), 6, vec![transaction(), transaction()], events);
		assert_eq!((body.number, body.time), (5, 6));
		assert_eq!(
			body.transactions
				.iter()
				.map(|transaction| transaction.call.is_some())
				.collect::<Vec<_>>(),
			[true, false]
		);
		assert_eq!((body.begun.len(), body.ended.len()), (1, 0));
	}

	#[test]
	fn transactions_are_read_with_their_senders() {
		let account = Account::development("//Alice").unwrap();
		let call = RuntimeCall::from(frame_system::Call::<Runtime>::remark { remark: vec![1] });
		let hash = Hash::repeat_byte(1);
		let extrinsic = signed_extrinsic(
			call.clone(),
			account.id(),
			3,
			Era::mortal(ERA, 5),
			hash,
			hash,
			|payload| account.sign(payload),
		);
		let read = Dispatched::read(&extrinsic.encode());
		assert_eq!((read.sender, read.call), (Some(account.id()), Some(call.clone())));
		let bare = UncheckedExtrinsic::new_bare(call.clone());
		let read = Dispatched::read(&bare.encode());
		assert_eq!((read.sender, read.call), (None, Some(call)));
		for bytes in [&[][..], &[40, 5], &[0xFF; 64]] {
			assert_eq!(Dispatched::read(bytes).call, None);
		}
	}
}

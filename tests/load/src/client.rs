//! A node, as whoever puts load on it sees it: it is handed transactions that are encoded already, and says what became of them.
//!
//! Beside [`veilmart_cli::chain::Chain`], which knows one chain and one version of it: this speaks to any node of the SDK.

use codec::{Decode as _, Encode as _};
use frame_support::{storage::storage_prefix, Blake2_128Concat, StorageHasher as _};
use jsonrpsee::{
	core::{
		client::{ClientT, Error as RpcError, Subscription, SubscriptionClientT},
		params::{ArrayParams, BatchRequestBuilder},
	},
	rpc_params,
	types::ErrorObject,
	ws_client::WsClient,
};
use serde::{de::DeserializeOwned, Deserialize};
use serde_json::Value;
use sp_core::{storage::StorageKey, Bytes, H256};
use veilmart_cli::{
	connection,
	error::{Error, Result},
};
use veilmart_runtime::{AccountId, Header, Nonce};

/// Questions put to a node at once.
const QUESTIONS: usize = 500;

/// A connection to a node.
pub struct Node {
	/// Its address.
	pub url: String,
	client: WsClient,
}

/// Why a node did not take a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
	/// The number of the error.
	pub code: i32,
	/// The error, with what the node adds to it.
	pub reason: String,
}

/// What is needed of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
	/// How many transactions of it were included.
	pub nonce: Nonce,
	/// Its balance.
	pub free: u128,
}

impl AccountState {
	/// Reads the beginning of `AccountInfo`: number, three counters of references, balance.
	fn read(bytes: &[u8]) -> Result<Self> {
		let read = <(Nonce, [u32; 3], u128)>::decode(&mut &bytes[..]);
		let (nonce, _, free) = read.map_err(|_| Error::node("An account cannot be read."))?;
		Ok(Self { nonce, free })
	}
}

#[derive(Deserialize)]
struct SignedBlock {
	block: Body,
}

#[derive(Deserialize)]
struct Body {
	extrinsics: Vec<Bytes>,
}

impl Node {
	/// Connects.
	pub async fn connect(url: &str) -> Result<Self> {
		let client = connection::open(url).await?;
		Ok(Self {
			url: url.into(),
			client,
		})
	}

	/// Asks something.
	pub async fn request<R: DeserializeOwned>(&self, method: &str, params: ArrayParams) -> Result<R> {
		let answer = self.client.request(method, params).await;
		answer.map_err(|error| self.failed(method, &error))
	}

	fn failed(&self, method: &str, error: &RpcError) -> Error {
		Error::node(format!("{}: {method}: {error}", self.url))
	}

	/// The hash of a block of the best chain.
	pub async fn block_hash(&self, number: u32) -> Result<H256> {
		let hash: Option<H256> = self.request("chain_getBlockHash", rpc_params![number]).await?;
		hash.ok_or_else(|| Error::node(format!("{} has no block {number}.", self.url)))
	}

	/// The last final block.
	pub async fn finalized(&self) -> Result<H256> {
		self.request("chain_getFinalizedHead", rpc_params![]).await
	}

	/// The height of the last final block.
	pub async fn finalized_height(&self) -> Result<u32> {
		let hash = self.finalized().await?;
		let header: Option<Header> = self.request("chain_getHeader", rpc_params![hash]).await?;
		header
			.map(|header| header.number)
			.ok_or_else(|| Error::node(format!("{} has no block {hash:?}.", self.url)))
	}

	/// The transactions of a block, as encoded.
	pub async fn body(&self, block: H256) -> Result<Vec<Bytes>> {
		let block: Option<SignedBlock> = self.request("chain_getBlock", rpc_params![block]).await?;
		block
			.map(|block| block.block.extrinsics)
			.ok_or_else(|| Error::node(format!("{} does not have a block that it announced.", self.url)))
	}

	/// Announces final blocks as they come. Nodes leave out some of them when many become final at once.
	pub async fn finalized_heads(&self) -> Result<Subscription<Header>> {
		let method = "chain_subscribeFinalizedHeads";
		let subscription = self
			.client
			.subscribe(method, rpc_params![], "chain_unsubscribeFinalizedHeads");
		subscription.await.map_err(|error| self.failed(method, &error))
	}

	/// Hands over a transaction; what is reported about it comes in the subscription.
	pub async fn watch(&self, transaction: &[u8]) -> Result<Subscription<Value>, Refused> {
		let params = rpc_params![Bytes(transaction.to_vec())];
		self.client
			.subscribe(
				"author_submitAndWatchExtrinsic",
				params,
				"author_unwatchExtrinsic",
			)
			.await
			.map_err(|error| refused(&error))
	}

	/// Hands over transactions, one after the other, in one message.
	pub async fn submit(&self, transactions: &[&[u8]]) -> Result<Vec<Result<(), Refused>>> {
		let method = "author_submitExtrinsic";
		let params = transactions
			.iter()
			.map(|transaction| rpc_params![Bytes(transaction.to_vec())]);
		let answers = self.batch::<H256>(method, params).await?;
		Ok(answers.into_iter().map(|answer| answer.map(drop)).collect())
	}

	async fn batch<R: DeserializeOwned + core::fmt::Debug>(
		&self,
		method: &'static str,
		params: impl Iterator<Item = ArrayParams>,
	) -> Result<Vec<Result<R, Refused>>> {
		let mut batch = BatchRequestBuilder::new();
		for params in params {
			batch
				.insert(method, params)
				.map_err(|error| Error::node(format!("{method}: {error}")))?;
		}
		if batch.iter().next().is_none() {
			return Ok(Vec::new());
		}
		let answers = self.client.batch_request::<R>(batch).await;
		let answers = answers.map_err(|error| self.failed(method, &error))?;
		Ok(answers
			.into_iter()
			.map(|answer| answer.map_err(|error| refusal(&error)))
			.collect())
	}

	/// The number of the account's next transaction, those in the pool included.
	pub async fn next_nonce(&self, account: &AccountId) -> Result<Nonce> {
		self.request("system_accountNextIndex", rpc_params![account])
			.await
	}

	/// What accounts have after a block; zero for one that does not exist.
	pub async fn accounts<'a>(
		&self,
		accounts: impl IntoIterator<Item = &'a AccountId>,
		at: H256,
	) -> Result<Vec<AccountState>> {
		let keys: Vec<_> = accounts.into_iter().map(account_key).collect();
		let mut states = Vec::with_capacity(keys.len());
		for keys in keys.chunks(QUESTIONS) {
			let params = keys.iter().map(|key| rpc_params![key, at]);
			for answer in self.batch::<Option<Bytes>>("state_getStorage", params).await? {
				let bytes = answer.map_err(|refused| Error::node(refused.reason))?;
				let state = bytes.map(|bytes| AccountState::read(&bytes)).transpose()?;
				states.push(state.unwrap_or_default());
			}
		}
		Ok(states)
	}
}

/// Where the state has an account.
fn account_key(account: &AccountId) -> StorageKey {
	let place = Blake2_128Concat::hash(&account.encode());
	StorageKey([&storage_prefix(b"System", b"Account")[..], &place].concat())
}

fn refused(error: &RpcError) -> Refused {
	match error {
		RpcError::Call(answer) => refusal(answer),
		other => Refused {
			code: 0,
			reason: other.to_string(),
		},
	}
}

fn refusal(answer: &ErrorObject<'_>) -> Refused {
	let more = answer.data().map(|data| data.get().trim_matches('"').to_owned());
	let reason = match more {
		Some(more) => format!("{} ({more})", answer.message()),
		None => answer.message().to_owned(),
	};
	Refused {
		code: answer.code(),
		reason,
	}
}

/// What a node reports about a transaction that it watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
	/// It waits, or is not in the best chain any more.
	Waiting,
	/// It is in a block.
	Included,
	/// It is in a final block.
	Final,
	/// It left the pool.
	Left(String),
}

impl Progress {
	/// Reads a report.
	pub fn read(report: &Value) -> Self {
		let name = report
			.as_str()
			.map(str::to_owned)
			.or_else(|| {
				report
					.as_object()
					.and_then(|object| object.keys().next().cloned())
			})
			.unwrap_or_default();
		match name.as_str() {
			"inBlock" => Self::Included,
			"finalized" => Self::Final,
			"invalid" | "dropped" | "usurped" | "finalityTimeout" => Self::Left(name),
			_ => Self::Waiting,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn reports_are_understood() {
		for (report, meaning) in [
			(json!("ready"), Progress::Waiting),
			(json!({ "broadcast": ["peer"] }), Progress::Waiting),
			(json!({ "retracted": "0x00" }), Progress::Waiting),
			(json!({ "inBlock": "0x00" }), Progress::Included),
			(json!({ "finalized": "0x00" }), Progress::Final),
			(json!("dropped"), Progress::Left("dropped".into())),
			(json!({ "usurped": "0x00" }), Progress::Left("usurped".into())),
		] {
			assert_eq!(Progress::read(&report), meaning, "{report}");
		}
	}

	#[test]
	fn a_refusal_says_what_the_node_adds() {
		let refused = refusal(&ErrorObject::owned(
			1010,
			"Invalid Transaction",
			Some("Custom error: 7"),
		));
		assert_eq!(refused.code, 1010);
		assert_eq!(refused.reason, "Invalid Transaction (Custom error: 7)");
	}
}

//! What somebody outside does: asks a node, and runs the program `veilmart`.

use std::{
	path::Path,
	process::{Command, Output, Stdio},
	time::{Duration, Instant},
};

use codec::{DecodeAll, Encode};
use jsonrpsee::{
	core::{
		client::{ClientT, Error, Subscription, SubscriptionClientT},
		params::ArrayParams,
	},
	types::ErrorObjectOwned,
	ws_client::{WsClient, WsClientBuilder},
};
use serde_json::{json, Value};
use sp_core::{crypto::Pair as _, sr25519};
use veilmart_cli::{
	account::Account,
	chain::Chain,
	transaction::{Included, Until},
};
use veilmart_demo_parts::process::{program, Node};
use veilmart_runtime::{Runtime, RuntimeCall};
use veilmart_td_raft::{sign, AuthorityId, AuthorityRecord, BlockHash, RecordBody};

use crate::{Result, PATIENCE};

fn parameters(values: &[Value]) -> Result<ArrayParams> {
	let mut parameters = ArrayParams::new();
	for value in values {
		parameters.insert(value)?;
	}
	Ok(parameters)
}

pub(crate) async fn connect(url: &str) -> Result<WsClient> {
	Ok(WsClientBuilder::default().build(url).await?)
}

/// Asks a node by JSON-RPC.
pub async fn ask(node: &Node, method: &str, values: &[Value]) -> Result<Value> {
	Ok(connect(&node.url)
		.await?
		.request(method, parameters(values)?)
		.await?)
}

/// Asks a node what it does not answer, and gives the error.
pub async fn refused(node: &Node, method: &str, values: &[Value]) -> Result<ErrorObjectOwned> {
	let answer: std::result::Result<Value, Error> = connect(&node.url)
		.await?
		.request(method, parameters(values)?)
		.await;
	match answer {
		Ok(answer) => Err(format!("{method} is answered: {answer}").into()),
		Err(Error::Call(error)) => Ok(error),
		Err(error) => Err(error.into()),
	}
}

/// Bytes in an answer.
pub fn bytes(answer: &Value) -> Vec<u8> {
	let digits = answer.as_str().unwrap().strip_prefix("0x").unwrap();
	hex::decode(digits).unwrap()
}

/// A subscription, with the client that keeps it alive.
pub async fn subscribe(
	node: &Node,
	method: &str,
	values: &[Value],
	ends: &str,
) -> Result<(WsClient, Subscription<Value>)> {
	let client = connect(&node.url).await?;
	let subscription = client.subscribe(method, parameters(values)?, ends).await?;
	Ok((client, subscription))
}

/// What a node's consensus does, as soon as it is what the caller waits for.
pub async fn round_state(node: &Node, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
	let started = Instant::now();
	loop {
		let state = ask(node, "tdRaft_roundState", &[]).await?;
		if wanted(&state) {
			return Ok(state);
		}
		if started.elapsed() > PATIENCE {
			return Err(format!(
				"{} is not what was waited for: {state}\n{}",
				node.name,
				node.last_words()
			)
			.into());
		}
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
}

/// The transactions in a node's pool that wait to be included.
pub async fn waiting(node: &Node) -> Result<usize> {
	let pending = ask(node, "author_pendingExtrinsics", &[]).await?;
	Ok(pending.as_array().map_or(0, Vec::len))
}

/// The development key of the node's authority, `//Alice` of `alice`.
pub fn development_key(name: &str) -> String {
	let (first, rest) = name.split_at(1);
	format!("//{}{rest}", first.to_uppercase())
}

/// The voting key of the node's authority as the presets have it.
pub fn voting_key(name: &str) -> sr25519::Pair {
	sr25519::Pair::from_string(&development_key(name), None).unwrap()
}

/// The name of the node's authority as the presets have it.
pub fn authority(name: &str) -> AuthorityId {
	AuthorityId(voting_key(name).public().0)
}

/// An authority's name as nodes write it.
pub fn written(id: &AuthorityId) -> String {
	format!("0x{}", hex::encode(id.0))
}

/// Sends a transaction of a development account to a node, and waits until it is final.
pub async fn send(node: &Node, account: &str, call: impl Into<RuntimeCall>) -> Result<Included> {
	let chain = Chain::connect(&node.url).await?;
	let account = Account::development(account)?;
	Ok(chain
		.submit_and_watch(&account, call.into(), Until::Finalized)
		.await?)
}

/// A transaction that changes nothing.
pub fn remark(text: &str) -> RuntimeCall {
	let remark = text.as_bytes().to_vec();
	frame_system::Call::remark { remark }.into()
}

/// Has a node sign the record of its authority, and puts it on the chain: what an operator does. By an account that has nothing to
/// do with it, for the record is signed.
pub async fn publish_record(node: &Node, counter: u64) -> Result<AuthorityRecord> {
	let signed = bytes(&ask(node, "tdRaft_authorityRecord", &[json!(counter)]).await?);
	let record = AuthorityRecord::decode_all(&mut &signed[..])?;
	set_record(node, record.clone()).await?;
	Ok(record)
}

/// Puts on the chain a record in which a well-known authority names another sealing key than its own.
pub async fn publish_false_key(node: &Node, of: &AuthorityRecord, sealing_key: [u8; 32]) -> Result<()> {
	let chain = Chain::connect(&node.url).await?;
	let binding: BlockHash = chain.call("TdRaftApi_genesis_binding", (), None).await?;
	let body = RecordBody {
		counter: of.body.counter + 1,
		sealing_key,
		..of.body.clone()
	};
	let signature = sign(&voting_key(node.name).into(), &body.payload(&binding));
	set_record(node, AuthorityRecord { body, signature }).await
}

async fn set_record(node: &Node, record: AuthorityRecord) -> Result<()> {
	let call = pallet_td_raft_election::Call::<Runtime>::set_record { record };
	send(node, "//Auditor", RuntimeCall::TdRaft(call)).await?;
	Ok(())
}

/// What the program said.
#[derive(Debug)]
pub struct Said {
	/// Its exit status.
	pub code: i32,
	/// Its standard output.
	pub out: String,
	/// Its standard error.
	pub err: String,
}

impl Said {
	/// The result, as a program reads it.
	pub fn json(&self) -> Value {
		assert_eq!(self.code, 0, "{self:?}");
		serde_json::from_str(&self.out).unwrap()
	}

	/// Kind and message of the error, as a program reads them.
	pub fn error(&self) -> (String, String) {
		assert_ne!(self.code, 0, "{self:?}");
		assert_eq!(self.out, "", "{self:?}");
		let last = self.err.lines().last().unwrap();
		let error: Value = serde_json::from_str(last).unwrap();
		let word = |name: &str| error["error"][name].as_str().unwrap().to_owned();
		(word("kind"), word("message"))
	}
}

/// Runs `veilmart`, with its files in a folder.
pub fn veilmart(folder: &Path, arguments: &[&str]) -> Said {
	let run = || {
		Command::new(program("veilmart").unwrap())
			.arg("--base-path")
			.arg(folder.join("client"))
			.args(arguments)
			.env_remove("VEILMART_URL")
			.env_remove("VEILMART_ACCOUNT")
			.stdin(Stdio::null())
			.output()
			.unwrap()
	};
	let Output {
		status,
		stdout,
		stderr,
	} = tokio::task::block_in_place(run);
	let text = |bytes| String::from_utf8(bytes).unwrap();
	Said {
		code: status.code().unwrap(),
		out: text(stdout),
		err: text(stderr),
	}
}

/// A value as the program takes it from a file.
pub fn as_file(folder: &Path, name: &str, value: &impl Encode) -> String {
	file(folder, name, &format!("0x{}\n", hex::encode(value.encode())))
}

/// Writes a file, and gives its path.
pub fn file(folder: &Path, name: &str, text: &str) -> String {
	let path = folder.join(name);
	std::fs::write(&path, text).unwrap();
	path.to_str().unwrap().to_owned()
}

//! What a node knows of the consensus, and the way for transactions that only the leader may read.

use std::{sync::Arc, time::Instant};

use codec::{DecodeAll, Encode};
use futures::{FutureExt, StreamExt, TryFutureExt};
use jsonrpsee::{
	core::{async_trait, RpcResult},
	proc_macros::rpc,
	types::ErrorObjectOwned,
	Extensions, PendingSubscriptionSink,
};
use sc_client_api::{BlockBackend, BlockchainEvents};
use sc_keystore::LocalKeystore;
use sc_network::PeerId;
use sc_rpc::{
	utils::{BoundedVecDeque, PendingSubscription},
	SubscriptionTaskExecutor,
};
use sc_rpc_api::check_if_safe;
use serde::Serialize;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::Bytes;
use veilmart_runtime::Hash;
use veilmart_td_raft::{runtime_api::TdRaftApi as _, SealedTransaction, SetId, ENGINE_ID};
use veilmart_td_raft_engine::{
	authority_record, check_sealed, prove_finality, EngineHandle, Identity, KeyChain, ProofError, RoundState,
	Unanswered,
};

use super::SharedAnswer;
use crate::service::{FullBackend, FullClient};

/// The request is wrong.
const INVALID: i32 = -32602;
/// The node cannot answer.
const FAILED: i32 = 7001;
/// There is no proof.
const NO_PROOF: i32 = 7002;
/// There is too much of it; later there may be room.
const BUSY: i32 = 7003;

fn error(code: i32, message: impl ToString) -> ErrorObjectOwned {
	ErrorObjectOwned::owned(code, message.to_string(), None::<()>)
}

fn failed(message: impl ToString) -> ErrorObjectOwned {
	error(FAILED, message)
}

/// The engine does not answer.
fn unanswered(refusal: Unanswered) -> ErrorObjectOwned {
	match refusal {
		Unanswered::Busy => error(BUSY, refusal),
		Unanswered::Stopped => failed(refusal),
	}
}

/// An election, as clients read it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Election {
	/// The set that elected.
	pub set_id: u64,
	/// The term.
	pub term: u64,
	/// Who was elected.
	pub leader: Bytes,
	/// The height of the first block of the term.
	pub number: u64,
	/// Its timestamp, in milliseconds of Unix time.
	pub moment: u64,
	/// How many authorities voted.
	pub votes: u16,
	/// The block with the dealing whose trapdoor was recovered.
	pub dealing: Bytes,
}

/// A block that has become final, with its commit certificate.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Justified {
	/// The block.
	pub hash: Hash,
	/// Its height.
	pub number: u32,
	/// The SCALE encoding of the certificate.
	pub justification: Bytes,
}

/// The methods.
#[rpc(server, namespace = "tdRaft")]
pub trait TdRaftApi {
	/// What the node's consensus is doing: role, term, leader, certificates, the other authorities; as it was at most a tenth of a
	/// second ago, since all who ask within that share one answer. Every node answers, an authority or not, and an `observer` says that
	/// it is one. An error (7003) if too many questions wait for the engine, and one (7001) if that has stopped.
	#[method(name = "roundState")]
	async fn round_state(&self) -> RpcResult<RoundState>;

	/// The last elections, the newest last, at the best block or the one given.
	#[method(name = "elections")]
	fn elections(&self, at: Option<Hash>) -> RpcResult<Vec<Election>>;

	/// A proof that a block is final, for whoever knows authority set `from` (0, the one in genesis, if none is given). SCALE.
	#[method(name = "proveFinality")]
	async fn prove_finality(&self, block: Hash, from: Option<u64>) -> RpcResult<Bytes>;

	/// Passes on a transaction that is sealed to the leader. Gives nothing: only the leader can read it. An error (7003) if the node
	/// has more of them than it may pass on.
	#[method(name = "submitSealed")]
	async fn submit_sealed(&self, sealed: Bytes) -> RpcResult<()>;

	/// The record of this node's authority for `tdRaft.setRecord`, signed with its voting key. SCALE. The counter has
	/// to be higher than that of the record on the chain.
	#[method(name = "authorityRecord", with_extensions)]
	fn authority_record(&self, counter: u64) -> RpcResult<Bytes>;

	/// The blocks that become final with a certificate of their own.
	#[subscription(
		name = "subscribeJustifications" => "justifications",
		unsubscribe = "unsubscribeJustifications",
		item = Justified
	)]
	fn subscribe_justifications(&self);
}

/// What the methods need.
#[derive(Clone)]
pub struct Consensus {
	/// The chain.
	pub client: Arc<FullClient>,
	/// The engine.
	pub engine: EngineHandle,
	/// What the engine has said last of what it is doing.
	pub round_state: SharedAnswer<Result<RoundState, Unanswered>>,
	/// The node's keys.
	pub keystore: Arc<LocalKeystore>,
	/// The node's identity in the network.
	pub peer: PeerId,
	/// Runs subscriptions.
	pub executor: SubscriptionTaskExecutor,
}

#[async_trait]
impl TdRaftApiServer for Consensus {
	async fn round_state(&self) -> RpcResult<RoundState> {
		let engine = self.engine.clone();
		let ask = || async move { engine.round_state().await }.boxed();
		let answer = self.round_state.get(Instant::now(), ask);
		answer.await.map_err(unanswered)
	}

	fn elections(&self, at: Option<Hash>) -> RpcResult<Vec<Election>> {
		let at = at.unwrap_or_else(|| self.client.info().best_hash);
		let elections = self.client.runtime_api().elections(at).map_err(failed)?;
		Ok(elections
			.into_iter()
			.map(|election| Election {
				set_id: election.set_id.0,
				term: election.term.0,
				leader: election.leader.0.to_vec().into(),
				number: election.number.0,
				moment: election.moment,
				votes: election.votes,
				dealing: election.dealing.to_vec().into(),
			})
			.collect())
	}

	async fn prove_finality(&self, block: Hash, from: Option<u64>) -> RpcResult<Bytes> {
		let from = SetId(from.unwrap_or(0));
		prove_finality::<FullBackend, FullClient>(&self.client, &self.engine, block, from)
			.map_ok(|proof| proof.encode().into())
			.map_err(|refusal| match refusal {
				ProofError::Unanswered(refusal) => unanswered(refusal),
				refusal => error(NO_PROOF, refusal),
			})
			.await
	}

	async fn submit_sealed(&self, sealed: Bytes) -> RpcResult<()> {
		let sealed = SealedTransaction::decode_all(&mut &sealed[..])
			.map_err(|_| error(INVALID, "not a sealed transaction"))?;
		check_sealed(&sealed).map_err(|refusal| error(INVALID, refusal))?;
		self.engine
			.submit_sealed(sealed)
			.await
			.map_err(|refusal| error(BUSY, refusal))
	}

	fn authority_record(&self, extensions: &Extensions, counter: u64) -> RpcResult<Bytes> {
		check_if_safe(extensions)?;
		let info = self.client.info();
		let binding = self.client.runtime_api();
		let chain = KeyChain {
			genesis: info.genesis_hash.0,
			genesis_binding: binding.genesis_binding(info.finalized_hash).map_err(failed)?,
		};
		let api = self.client.runtime_api();
		let present = api
			.authorities(info.best_hash)
			.map_err(failed)?
			.ok_or_else(|| failed("the chain has no authorities"))?;
		let queued = api.queued_set(info.best_hash).map_err(failed)?;
		let identity = Identity::find(
			&self.keystore,
			chain,
			[&present].into_iter().chain(queued.as_ref()),
		)
		.map_err(failed)?
		.ok_or_else(|| failed("the keystore has no key of a present or queued authority"))?;
		let record = authority_record(&identity, chain, counter, &self.peer)
			.ok_or_else(|| failed("the node's network identity is too long for a record"))?;
		Ok(record.encode().into())
	}

	fn subscribe_justifications(&self, pending: PendingSubscriptionSink) {
		let client = self.client.clone();
		let stream = self
			.client
			.finality_notification_stream()
			.flat_map(move |notification| {
				let mut blocks = notification.tree_route.to_vec();
				blocks.push(notification.hash);
				let justified: Vec<_> = blocks
					.into_iter()
					.filter_map(|hash| justified(&client, hash))
					.collect();
				futures::stream::iter(justified)
			});
		sc_rpc::utils::spawn_subscription_task(
			&self.executor,
			PendingSubscription::from(pending).pipe_from_stream(stream, BoundedVecDeque::default()),
		);
	}
}

/// A final block's own certificate, if it has one.
fn justified(client: &FullClient, hash: Hash) -> Option<Justified> {
	let justification = client
		.justifications(hash)
		.ok()
		.flatten()?
		.into_justification(ENGINE_ID)?;
	Some(Justified {
		hash,
		number: client.number(hash).ok().flatten()?,
		justification: justification.into(),
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn clients_learn_whether_to_ask_again() {
		let busy = unanswered(Unanswered::Busy);
		assert_eq!(busy.code(), BUSY);
		assert!(busy.message().contains("try again"), "{busy:?}");
		assert_eq!(unanswered(Unanswered::Stopped).code(), FAILED);
	}
}

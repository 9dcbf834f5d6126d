//! Blocks that Substrate's own synchronization, or a file, brings: verified by the engine before they are executed, told to it
//! when they are in the database.
//!
//! Justifications that come with a block are not stored with it unverified: they go to the engine, which makes the block
//! final if they are good.

use codec::DecodeAll;
use futures::channel::{mpsc::UnboundedSender, oneshot};
use sc_client_api::Backend;
use sc_consensus::{
	BasicQueue, BlockCheckParams, BlockImport, BlockImportParams, BoxBlockImport, ImportResult,
	JustificationImport, Verifier,
};
use sp_consensus::Error as ConsensusError;
use sp_core::H256;
use sp_runtime::{Justification, Justifications};
use std::{marker::PhantomData, sync::Arc};
use substrate_prometheus_endpoint::Registry;
use veilmart_td_raft::{QuorumCertificate, SealedTransaction, ENGINE_ID};

use crate::{
	allowance::{Place, Places},
	block::take_seal,
	chain::Chain,
	round::RoundState,
	worker::{check_time, fork_choice, Refused},
	Block, Header,
};

/// A block that the node's own synchronization brings.
pub(crate) struct Brought {
	/// Its header.
	pub header: Header,
	/// The certificate that came with it.
	pub certificate: Option<QuorumCertificate>,
}

/// What is to become of a block in which nothing is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
	/// A quorum has certified it.
	Certified,
	/// It is not known to be certified: its time has to be looked at.
	Open,
	/// It is early, or of a branch that was abandoned, and cannot be judged; or others were executed in its place, or the database
	/// has no room for it. Nobody is to blame.
	LeftOut,
}

/// What a certificate is to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Justified {
	/// Its block is final.
	Final,
	/// It is good, and its block is not there or not committed; or its set is not known yet.
	Early,
	/// Its votes are false. Nobody honest passes it on.
	False,
}

/// Why a block that passed the verifier is not executed.
enum Unexecuted {
	/// [`Verdict::LeftOut`], or dated too far ahead.
	LeftOut,
	/// The engine did not say.
	Failed(String),
}

/// Under this key the import finds [`Unexecuted`].
const UNEXECUTED: &[u8] = b"td-raft/unexecuted";

/// What the engine is asked.
pub(crate) enum Request {
	/// Is anything false in this block, and if not, what is to become of it?
	Verify(Box<Brought>, oneshot::Sender<Result<Verdict, String>>),
	/// This block is in the database.
	Imported(Box<Header>, oneshot::Sender<()>),
	/// A certificate came with a block, or by itself.
	Justified(Box<QuorumCertificate>, oneshot::Sender<Justified>),
	/// Pass a sealed transaction on to the leader. It has a place until then.
	Sealed(SealedTransaction, Place, oneshot::Sender<Result<(), String>>),
	/// What the engine is doing. The question has a place until it is answered.
	Round(Place, oneshot::Sender<RoundState>),
	/// The commit certificates of the last closing blocks, in order, and the highest commit certificate. It has a place, too.
	Handovers(
		Place,
		oneshot::Sender<(Vec<QuorumCertificate>, QuorumCertificate)>,
	),
}

/// The engine as the rest of the node sees it.
///
/// What clients ask and bring waits in a bounded number of places. The import of blocks is refused nothing: it asks one thing after
/// the other.
#[derive(Clone)]
pub struct EngineHandle {
	pub(crate) requests: UnboundedSender<Request>,
	/// Sealed transactions that wait for the engine.
	pub(crate) sealed: Places,
	/// Questions of clients that wait for it.
	pub(crate) questions: Places,
}

/// Sealed transactions that wait for the engine, at most: anybody may bring them.
const SEALED_WAITING: usize = 64;
/// Questions that wait for the engine, at most: anybody may ask them. It answers thousands in a second.
const QUESTIONS_WAITING: usize = 256;

/// Why the engine does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
	/// Too many others wait for an answer.
	#[error("too many questions wait for the consensus engine; try again")]
	Busy,
	/// It has stopped.
	#[error("the consensus engine has stopped")]
	Stopped,
}

impl From<Unanswered> for String {
	fn from(unanswered: Unanswered) -> Self {
		unanswered.to_string()
	}
}

impl EngineHandle {
	/// What the engine is doing.
	pub async fn round_state(&self) -> Result<RoundState, Unanswered> {
		self.question(Request::Round).await
	}

	/// The commit certificates of the last closing blocks, in order, and the highest commit certificate.
	pub(crate) async fn handovers(&self) -> Result<(Vec<QuorumCertificate>, QuorumCertificate), Unanswered> {
		self.question(Request::Handovers).await
	}

	/// Passes a sealed transaction on to the leader. It is gone if the leader is not connected, or drops it. An error if there
	/// are too many.
	pub async fn submit_sealed(&self, sealed: SealedTransaction) -> Result<(), String> {
		let place = self
			.sealed
			.take(SEALED_WAITING)
			.ok_or("too many sealed transactions wait; try again")?;
		self.ask(|answer| Request::Sealed(sealed, place, answer)).await?
	}

	/// Asks what clients ask, if there is a place.
	async fn question<T>(
		&self,
		request: impl FnOnce(Place, oneshot::Sender<T>) -> Request,
	) -> Result<T, Unanswered> {
		let place = self.questions.take(QUESTIONS_WAITING).ok_or(Unanswered::Busy)?;
		self.ask(|answer| request(place, answer)).await
	}

	async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Unanswered> {
		let (sender, answer) = oneshot::channel();
		self.requests
			.unbounded_send(request(sender))
			.map_err(|_| Unanswered::Stopped)?;
		answer.await.map_err(|_| Unanswered::Stopped)
	}
}

/// Verifies headers with the engine, and dates with the runtime.
///
/// An error of its is the fault of the peer that sent the block: the synchronization drops that peer, and a few of them ban it. So it
/// is for what nobody honest passes on. What is early or abandoned passes, and is left out by [`TellingImport`].
pub(crate) struct HeaderVerifier<BE, C> {
	client: Arc<C>,
	engine: EngineHandle,
	backend: PhantomData<fn() -> BE>,
}

impl<BE, C> HeaderVerifier<BE, C> {
	/// A verifier that asks this engine.
	pub(crate) fn new(client: Arc<C>, engine: EngineHandle) -> Self {
		Self {
			client,
			engine,
			backend: PhantomData,
		}
	}
}

#[async_trait::async_trait]
impl<BE: Backend<Block> + 'static, C: Chain<BE>> Verifier<Block> for HeaderVerifier<BE, C> {
	async fn verify(&self, mut params: BlockImportParams<Block>) -> Result<BlockImportParams<Block>, String> {
		if params.with_state() || params.state_action.skip_execution_checks() {
			return Err(
				"blocks of this chain are executed: warp and state synchronization are not supported".into(),
			);
		}
		let hash = params.header.hash();
		let header = params.header.clone();
		let (unsealed, seal) = take_seal(&header).map_err(|error| error.to_string())?;
		let brought = Brought {
			header: header.clone(),
			certificate: certificate_in(params.justifications.clone()),
		};
		let asked = self
			.engine
			.ask(|answer| Request::Verify(Box::new(brought), answer))
			.await;
		let verdict = match asked {
			Ok(verdict) => verdict?,
			Err(stopped) => {
				params.insert_intermediate(UNEXECUTED, Unexecuted::Failed(stopped.into()));
				return Ok(params);
			}
		};
		if verdict == Verdict::LeftOut {
			params.insert_intermediate(UNEXECUTED, Unexecuted::LeftOut);
		}
		if let Some(body) = params.body.as_ref().filter(|_| verdict == Verdict::Open) {
			let block = Block {
				header,
				extrinsics: body.clone(),
			};
			match check_time::<BE, C>(&self.client, &block).await {
				Ok(()) => {}
				Err(Refused::Early | Refused::NoParent) => {
					params.insert_intermediate(UNEXECUTED, Unexecuted::LeftOut);
				}
				Err(Refused::Invalid(error)) => return Err(error),
			}
		}
		params.header = unsealed;
		params.post_digests.push(veilmart_td_raft::header::seal(&seal));
		params.post_hash = Some(hash);
		Ok(params)
	}
}

/// Imports into the client and tells the engine.
pub struct TellingImport<BE, C> {
	client: Arc<C>,
	engine: EngineHandle,
	backend: PhantomData<fn() -> BE>,
}

impl<BE, C> Clone for TellingImport<BE, C> {
	fn clone(&self) -> Self {
		Self {
			client: self.client.clone(),
			engine: self.engine.clone(),
			backend: PhantomData,
		}
	}
}

fn unanswered(error: Unanswered) -> ConsensusError {
	ConsensusError::ClientImport(error.into())
}

/// The certificate among a block's justifications.
fn certificate_in(justifications: Option<Justifications>) -> Option<QuorumCertificate> {
	let bytes = justifications?.into_justification(ENGINE_ID)?;
	QuorumCertificate::decode_all(&mut &bytes[..]).ok()
}

#[async_trait::async_trait]
impl<BE: Backend<Block> + 'static, C: Chain<BE>> BlockImport<Block> for TellingImport<BE, C> {
	type Error = ConsensusError;

	async fn check_block(&self, block: BlockCheckParams<Block>) -> Result<ImportResult, Self::Error> {
		self.client.check_block(block).await
	}

	async fn import_block(&self, mut params: BlockImportParams<Block>) -> Result<ImportResult, Self::Error> {
		match params.remove_intermediate::<Unexecuted>(UNEXECUTED) {
			// To the synchronization: of a branch that was given up, and nobody's fault. It goes on with what it has asked for. If the
			// block was early and is missing, the next that is built on it finds no parent, and the synchronization starts anew
			// from what is there.
			Ok(Unexecuted::LeftOut) => return Ok(ImportResult::MissingState),
			Ok(Unexecuted::Failed(error)) => return Err(ConsensusError::ClientImport(error)),
			Err(_) => {}
		}
		let header = params.post_header();
		let certificate = certificate_in(params.justifications.take());
		params.finalized = false;
		params.fork_choice =
			Some(fork_choice::<BE, C>(&self.client, &header).map_err(ConsensusError::ClientImport)?);
		let mut result = self.client.import_block(params).await?;
		if matches!(result, ImportResult::Imported(_) | ImportResult::AlreadyInChain) {
			self.engine
				.ask(|answer| Request::Imported(Box::new(header), answer))
				.await
				.map_err(unanswered)?;
			if let Some(certificate) = certificate {
				let justified = self
					.engine
					.ask(|answer| Request::Justified(Box::new(certificate), answer))
					.await
					.map_err(unanswered)?;
				if let (Justified::False, ImportResult::Imported(about)) = (justified, &mut result) {
					// The block is good: it stays, and who sent it goes.
					about.bad_justification = true;
				}
			}
		}
		Ok(result)
	}
}

#[async_trait::async_trait]
impl<BE: Backend<Block> + 'static, C: Chain<BE>> JustificationImport<Block> for TellingImport<BE, C> {
	type Error = ConsensusError;

	/// None: headers and the engine's own messages bring them.
	async fn on_start(&mut self) -> Vec<(H256, u32)> {
		Vec::new()
	}

	async fn import_justification(
		&mut self,
		hash: H256,
		_number: u32,
		(engine, bytes): Justification,
	) -> Result<(), Self::Error> {
		let refused = |why: &str| ConsensusError::ClientImport(format!("justification of {hash}: {why}"));
		if engine != ENGINE_ID {
			return Err(refused("of another consensus engine"));
		}
		let certificate = QuorumCertificate::decode_all(&mut &bytes[..])
			.ok()
			.filter(|certificate| certificate.target.hash == hash.0)
			.ok_or_else(|| refused("not a certificate of this block"))?;
		let justified = self
			.engine
			.ask(|answer| Request::Justified(Box::new(certificate), answer))
			.await
			.map_err(unanswered)?;
		match justified {
			Justified::Final => Ok(()),
			// The one refusal for which a peer is not banned. If it is good, the engine has it now.
			Justified::Early => Err(ConsensusError::OutdatedJustification),
			Justified::False => Err(refused("its votes are false")),
		}
	}
}

/// The way into the client for blocks that the engine does not bring itself.
pub fn block_import<BE, C>(client: Arc<C>, engine: EngineHandle) -> TellingImport<BE, C> {
	TellingImport {
		client,
		engine,
		backend: PhantomData,
	}
}

/// The queue through which blocks from outside enter: the network's, and those of `import-blocks`.
pub fn import_queue<BE: Backend<Block> + 'static, C: Chain<BE>>(
	client: Arc<C>,
	engine: EngineHandle,
	spawner: &impl sp_core::traits::SpawnEssentialNamed,
	registry: Option<&Registry>,
) -> BasicQueue<Block> {
	let import = block_import::<BE, C>(client.clone(), engine.clone());
	let verifier = HeaderVerifier::<BE, C>::new(client, engine);
	let blocks: BoxBlockImport<Block> = Box::new(import.clone());
	BasicQueue::new(verifier, blocks, Some(Box::new(import)), spawner, registry)
}

#[cfg(test)]
mod tests {
	use super::*;
	use futures::FutureExt;
	use sp_runtime::traits::Header as _;
	use veilmart_td_raft::AuthorityId;

	#[test]
	fn sealed_transactions_that_wait_are_bounded() {
		let (handle, requests) = crate::handle();
		let submit = || {
			handle.submit_sealed(SealedTransaction {
				leader: AuthorityId([1; 32]),
				sealed: Vec::new(),
			})
		};
		for number in 0..SEALED_WAITING {
			assert_eq!(submit().now_or_never(), None, "{number} wait before it");
		}
		let refused = submit().now_or_never().expect("an answer at once");
		assert!(refused.is_err_and(|error| error.contains("too many")));
		drop(requests);
		assert!(handle.sealed.is_unused(), "a place is free when nobody waits");
	}

	/// Nor do they keep the node from importing blocks, whatever clients ask.
	#[test]
	fn questions_that_wait_are_bounded_and_take_no_place_from_the_import() {
		let (handle, requests) = crate::handle();
		for number in 0..QUESTIONS_WAITING {
			let waits = if number.is_multiple_of(2) {
				handle.round_state().now_or_never().is_none()
			} else {
				handle.handovers().now_or_never().is_none()
			};
			assert!(waits, "{number} wait before it");
		}
		assert_eq!(handle.round_state().now_or_never(), Some(Err(Unanswered::Busy)));
		assert_eq!(handle.handovers().now_or_never(), Some(Err(Unanswered::Busy)));
		let header = Header::new(
			1,
			H256::default(),
			H256::default(),
			H256::default(),
			Default::default(),
		);
		let imported = handle.ask(|answer| Request::Imported(Box::new(header), answer));
		assert_eq!(imported.now_or_never(), None, "it waits, and is not refused");
		drop(requests);
		assert!(handle.questions.is_unused(), "a place is free when nobody waits");
		assert_eq!(
			handle.round_state().now_or_never(),
			Some(Err(Unanswered::Stopped))
		);
	}
}

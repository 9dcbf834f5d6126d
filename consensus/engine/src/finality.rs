//! Proofs of finality, put together from the database.

use codec::DecodeAll;
use sc_client_api::Backend;
use sp_core::H256;
use sp_runtime::traits::Header as _;
use veilmart_td_raft::{
	finality::{FinalityProof, Handover, MAX_HEADERS},
	QuorumCertificate, SetId, ENGINE_ID,
};

use crate::{
	block,
	chain::Chain,
	import::{EngineHandle, Unanswered},
	Block, Header,
};

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
	/// The node does not have the block.
	#[error("this node does not know the block")]
	UnknownBlock,
	/// The block is not final, or not on the final chain.
	#[error("the block is not final")]
	NotFinal,
	/// It was made final by the certificate of a block too far above it.
	#[error(
		"the next certificate that this node kept is more than {MAX_HEADERS} blocks above; ask another node"
	)]
	TooFar,
	/// The node has not kept the changes of the set since then.
	#[error("this node has kept the changes of the authority set from set {0} on; begin with a later one")]
	OldSet(u64),
	/// The block is older than the set to begin with.
	#[error("the block was made final by set {0}, before the one to begin with")]
	EarlierSet(u64),
	/// The engine does not answer.
	#[error(transparent)]
	Unanswered(#[from] Unanswered),
	/// The database fails.
	#[error("{0}")]
	Failed(String),
}

impl From<sp_blockchain::Error> for ProofError {
	fn from(error: sp_blockchain::Error) -> Self {
		Self::Failed(error.to_string())
	}
}

fn header<BE: Backend<Block>, C: Chain<BE>>(client: &C, hash: H256) -> Result<Header, ProofError> {
	client.header(hash)?.ok_or(ProofError::UnknownBlock)
}

/// The set that judges a block.
fn set_of(header: &Header) -> Result<SetId, ProofError> {
	if header.number == 0 {
		return Ok(SetId(0));
	}
	block::core_block(header, None)
		.map(|block| block.set_id())
		.map_err(|error| ProofError::Failed(error.to_string()))
}

/// A proof that a block is final, for somebody who knows authority set `from`.
pub async fn prove_finality<BE: Backend<Block>, C: Chain<BE>>(
	client: &C,
	engine: &EngineHandle,
	hash: H256,
	from: SetId,
) -> Result<FinalityProof, ProofError> {
	let block = header(client, hash)?;
	let finalized = client.info().finalized_number;
	if block.number > finalized || client.hash(block.number)? != Some(hash) {
		return Err(ProofError::NotFinal);
	}
	let set = set_of(&block)?;
	if set < from {
		return Err(ProofError::EarlierSet(set.0));
	}
	let (closings, highest) = engine.handovers().await?;
	let mut handovers = Vec::new();
	for set_id in from.0..set.0 {
		let certificate = closings
			.iter()
			.find(|certificate| certificate.target.set_id.0 == set_id)
			.ok_or_else(|| {
				let oldest = closings.first().map_or(set.0, |first| first.target.set_id.0);
				ProofError::OldSet(oldest)
			})?;
		let closing = header(client, H256(certificate.target.hash))?;
		handovers.push(Handover {
			parent: header(client, *closing.parent_hash())?,
			closing,
			certificate: certificate.clone(),
		});
	}
	let mut headers = Vec::new();
	for number in block.number..=finalized {
		if headers.len() >= MAX_HEADERS {
			return Err(ProofError::TooFar);
		}
		let hash = client.hash(number)?.ok_or(ProofError::UnknownBlock)?;
		headers.push(header(client, hash)?);
		let stored = client
			.justifications(hash)?
			.and_then(|justifications| justifications.into_justification(ENGINE_ID))
			.and_then(|bytes| QuorumCertificate::decode_all(&mut &bytes[..]).ok());
		let of_highest = (highest.target.hash == hash.0).then(|| highest.clone());
		if let Some(certificate) = stored.or(of_highest) {
			return FinalityProof::new(handovers, headers, certificate).ok_or(ProofError::TooFar);
		}
	}
	Err(ProofError::NotFinal)
}

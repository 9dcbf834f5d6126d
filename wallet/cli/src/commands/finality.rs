//! Proofs that a block is final.

use std::{fs, path::Path};

use codec::{DecodeAll, Encode};
use jsonrpsee::rpc_params;
use serde_json::json;
use sp_core::Bytes;
use sp_runtime::traits::Header as _;
use veilmart_runtime::Hash;
use veilmart_td_raft::{
	finality::{Final, FinalityProof},
	AuthoritySet, Sr25519,
};

use super::Context;
use crate::{
	ca::unhex,
	cli::FinalityCommand,
	error::{Error, Result},
	output::Report,
};

impl Context {
	pub(super) async fn finality(&self, command: FinalityCommand) -> Result<Report> {
		match command {
			FinalityCommand::Authorities { at } => {
				let chain = self.connect().await?;
				let at = match at {
					Some(number) => chain
						.block_hash(number)
						.await?
						.ok_or_else(|| Error::node(format!("The node has no block {number}.")))?,
					None => chain.finalized().await?,
				};
				let set: Option<AuthoritySet> = chain.call("TdRaftApi_authorities", (), Some(at)).await?;
				let set = set.ok_or_else(|| Error::node("The chain has no authorities."))?;
				let hex = format!("0x{}", hex::encode(set.encode()));
				let json = json!({
					"authorities": hex,
					"setId": set.id().0,
					"count": set.count(),
				});
				Ok(Report::new(hex, json))
			}
			FinalityCommand::Prove { block, from } => {
				let chain = self.connect().await?;
				let hash = chain
					.block_hash(block)
					.await?
					.ok_or_else(|| Error::node(format!("The node has no block {block}.")))?;
				let proof: Bytes = chain
					.request("tdRaft_proveFinality", rpc_params![hash, from])
					.await?;
				let hex = format!("0x{}", hex::encode(&proof.0));
				Ok(Report::new(
					hex.clone(),
					json!({ "proof": hex, "block": hash, "from": from }),
				))
			}
			FinalityCommand::Verify { authorities, proof } => {
				let genesis = self
					.genesis
					.ok_or_else(|| Error::usage("Of which chain? Say its genesis hash with --genesis."))?;
				verify(genesis, &read(&authorities)?, &read(&proof)?)
			}
		}
	}
}

/// The bytes that a file holds in hexadecimal.
fn read(path: &Path) -> Result<Vec<u8>> {
	let text = fs::read_to_string(path)
		.map_err(|error| Error::file(format!("Cannot read {}: {error}", path.display())))?;
	unhex(text.trim())
		.ok_or_else(|| Error::file(format!("{} does not hold hexadecimal digits.", path.display())))
}

fn verify(genesis: Hash, authorities: &[u8], proof: &[u8]) -> Result<Report> {
	let set = AuthoritySet::decode_all(&mut &authorities[..])
		.map_err(|_| Error::file("The file with the authorities holds no authority set."))?;
	let proof = FinalityProof::decode_all(&mut &proof[..])
		.map_err(|_| Error::file("The file with the proof holds no proof of finality."))?;
	let Final { hash, header, set } = proof
		.verify(&genesis.0, &set, &Sr25519)
		.map_err(|error| Error::wallet(format!("The proof shows nothing: {error}.")))?;
	let (hash, number) = (Hash::from(hash), *header.number());
	Ok(Report::new(
		format!("Final: block {number}, {hash:?}, by authority set {}.", set.id()),
		json!({
			"final": true,
			"number": number,
			"hash": hash,
			"stateRoot": header.state_root(),
			"setId": set.id().0,
		}),
	))
}

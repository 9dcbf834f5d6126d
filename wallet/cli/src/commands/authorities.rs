//! The authorities of the consensus: how each is reached, and where transactions to it are sealed.

use codec::DecodeAll;
use jsonrpsee::rpc_params;
use serde_json::json;
use sp_core::Bytes;
use veilmart_runtime::{Runtime, RuntimeCall};
use veilmart_td_raft::{AuthorityId, AuthorityRecord, AuthoritySet, BlockHash, Sr25519, Term};

use super::Context;
use crate::{
	ca::hex,
	chain::Chain,
	cli::AuthorityCommand,
	error::{Error, Result},
	output::{table, Report},
	transaction::Until,
};

impl Context {
	pub(super) async fn authority(&self, command: AuthorityCommand) -> Result<Report> {
		match command {
			AuthorityCommand::Show => self.show_authorities().await,
			AuthorityCommand::Publish { node } => self.publish_record(node.as_deref()).await,
		}
	}

	async fn show_authorities(&self) -> Result<Report> {
		let chain = self.connect().await?;
		let set: Option<AuthoritySet> = chain.call("TdRaftApi_authorities", (), None).await?;
		let set = set.ok_or_else(|| Error::node("The chain has no authorities."))?;
		let led: Option<(Term, AuthorityId)> = chain.call("TdRaftApi_leader", (), None).await?;
		let leader = led.map(|(_, leader)| leader);
		let records = chain.records().await?;
		let (mut rows, mut authorities) = (Vec::new(), Vec::new());
		for authority in set.members() {
			let leads = leader == Some(authority.id);
			let record = records
				.iter()
				.find(|record| record.body.authority == authority.id);
			let peer = record.map(|record| hex(record.body.peer_id.as_bytes()));
			let key = record.map(|record| hex(&record.body.sealing_key));
			rows.push(vec![
				hex(&authority.id.0),
				if leads { "leads".into() } else { String::new() },
				key.clone().unwrap_or_else(|| "no record".into()),
			]);
			authorities.push(json!({
				"authority": hex(&authority.id.0),
				"leads": leads,
				"counter": record.map(|record| record.body.counter),
				"peer": peer,
				"sealingKey": key,
			}));
		}
		Ok(Report::new(
			table(&["authority", "", "sealing key"], &rows),
			json!({ "setId": set.id().0, "authorities": authorities }),
		))
	}

	/// Has a node sign the record of its authority, and puts it on the chain by the acting account, which need not have to do with
	/// it.
	async fn publish_record(&self, node: Option<&str>) -> Result<Report> {
		self.acting_id()?;
		let chain = self.connect().await?;
		let signer = match node {
			Some(url) => self.output.wait("Connecting", Chain::connect(url)).await?,
			None => chain.clone(),
		};
		if signer.genesis() != chain.genesis() {
			return Err(Error::node("The two nodes are of different chains."));
		}
		// Which authority the node is stands in the first record; the number comes before that on the chain.
		let first = signer.own_record(0).await?;
		// The authority's own node is asked which: another one could name the last number there is, and have it signed.
		let last = signer
			.records()
			.await?
			.into_iter()
			.find(|record| record.body.authority == first.body.authority)
			.map_or(0, |record| record.body.counter);
		let counter = last
			.checked_add(1)
			.ok_or_else(|| Error::node("The record on the chain has the last number there is."))?;
		let record = signer.own_record(counter).await?;
		let binding: BlockHash = signer.call("TdRaftApi_genesis_binding", (), None).await?;
		if record.body.counter != counter || !record.verify(&binding, &Sr25519) {
			return Err(Error::node(
				"The node's record is not one that the chain would take.",
			));
		}
		let account = self.acting()?;
		let call = pallet_td_raft_election::Call::<Runtime>::set_record {
			record: record.clone(),
		};
		let sent = chain.submit_and_watch(&account, RuntimeCall::TdRaft(call), Until::Finalized);
		let included = self.output.wait("Waiting until it is final", sent).await?;
		let authority = hex(&record.body.authority.0);
		Ok(Report::new(
			format!("The record of authority {authority} stands on the chain, with the number {counter}."),
			json!({
				"authority": authority,
				"counter": counter,
				"peer": hex(record.body.peer_id.as_bytes()),
				"sealingKey": hex(&record.body.sealing_key),
				"transaction": included.transaction,
				"block": included.block,
			}),
		))
	}
}

impl Chain {
	/// What the authorities of the present and the queued set have published of themselves.
	async fn records(&self) -> Result<Vec<AuthorityRecord>> {
		self.call("TdRaftApi_records", (), None).await
	}

	/// The record that the node's own authority signs with this number. Nodes sign for those only who may use their unsafe methods.
	async fn own_record(&self, counter: u64) -> Result<AuthorityRecord> {
		let signed: Bytes = self
			.request("tdRaft_authorityRecord", rpc_params![counter])
			.await?;
		AuthorityRecord::decode_all(&mut &signed[..])
			.map_err(|_| Error::node("What the node signed is not a record."))
	}
}

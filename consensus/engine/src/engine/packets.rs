//! What comes from peers.

use sc_client_api::Backend;
use sc_network::PeerId;
use veilmart_td_raft::AuthorityId;
use veilmart_td_raft_core::{
	message::{Message, Notice},
	Input,
};

use super::Engine;
use crate::{
	chain::Chain,
	fetch::answer,
	packet::{Packet, BLOCKS_AT_ONCE, TRANSACTIONS_AT_ONCE},
	sealed::SealedTransaction,
	Block, LOG_TARGET,
};

impl<BE: Backend<Block> + 'static, C: Chain<BE>> Engine<BE, C> {
	pub(super) fn on_packet(&mut self, peer: PeerId, id: AuthorityId, packet: Packet) {
		match packet {
			// Handled where connections are.
			Packet::Hello(_) => {}
			Packet::Core(message) => {
				if let (Message::Notice(Notice::Status(status)), true) =
					(&message, self.members.contains(&id))
				{
					self.statuses.insert(id, *status);
				}
				self.step(Input::Message { from: id, message });
			}
			Packet::Proposal(block) => self.offer(block, Some(peer)),
			Packet::Fetch { hash, above } => {
				let blocks = answer(
					&*self.client,
					|hash| self.bodies.get(hash).map(|(block, _)| block.clone()),
					hash,
					above,
				);
				if let (Some(peers), false) = (&mut self.peers, blocks.is_empty()) {
					peers.send_to(&peer, &Packet::Blocks(blocks));
				}
			}
			Packet::Blocks(blocks) => {
				for block in blocks.into_iter().take(BLOCKS_AT_ONCE) {
					self.offer(block, Some(peer));
				}
			}
			Packet::Transactions(transactions) => {
				for transaction in transactions.into_iter().take(TRANSACTIONS_AT_ONCE) {
					self.submit(transaction, "from an authority");
				}
			}
			Packet::Sealed(sealed) => {
				let from_outside = !self.members.contains(&id);
				self.on_sealed(sealed, from_outside);
			}
		}
	}

	/// A sealed transaction: opened by the leader, passed on once by others if it comes from a client or a node that
	/// is no authority.
	pub(super) fn on_sealed(&mut self, sealed: SealedTransaction, pass_on: bool) {
		if sealed.leader == self.setup.identity.id {
			match sealed.open(&self.setup.genesis.0, &self.setup.identity) {
				Ok(transaction) => self.submit(transaction, "sealed"),
				Err(error) => log::debug!(target: LOG_TARGET, "{error}"),
			}
			return;
		}
		if !pass_on || sealed.check().is_err() {
			return;
		}
		let Some(peers) = &mut self.peers else { return };
		let connected = peers.names().any(|id| *id == sealed.leader);
		let leader = sealed.leader;
		let packet = Packet::Sealed(sealed);
		if connected {
			peers.send(&leader, &packet);
		} else {
			let members = &self.members;
			peers.send_to_all(&packet, |id| members.contains(id));
		}
	}
}

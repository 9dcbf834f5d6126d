//! What comes from peers.

use sc_client_api::Backend;
use sc_network::PeerId;
use veilmart_td_raft::{AuthorityId, SealedTransaction};
use veilmart_td_raft_core::{
	message::{Message, Notice},
	Input,
};

use super::Engine;
use crate::{
	chain::Chain,
	fetch::answer,
	packet::{Packet, BLOCKS_AT_ONCE, TRANSACTIONS_AT_ONCE},
	sealed, Block, LOG_TARGET,
};

impl<BE: Backend<Block> + 'static, C: Chain<BE>> Engine<BE, C> {
	/// Who is no authority, as far as this node knows, may say what it has and show certificates, which prove themselves,
	/// and pass on what is sealed. Blocks and transactions of others come by Substrate's own protocols.
	pub(super) fn on_packet(&mut self, peer: PeerId, id: AuthorityId, packet: Packet) {
		let is_member = self.members.contains(&id);
		let is_for_all = match &packet {
			Packet::Core(Message::Notice(notice)) => matches!(
				notice,
				Notice::Status(_) | Notice::CatchUp(_) | Notice::Certified(_)
			),
			Packet::Hello(_) | Packet::Sealed(_) => true,
			_ => false,
		};
		if !is_member && !is_for_all {
			return;
		}
		match packet {
			// Handled where connections are.
			Packet::Hello(_) => {}
			Packet::Core(message) => {
				if let (Message::Notice(Notice::Status(status)), true) = (&message, is_member) {
					self.statuses.insert(id, *status);
				}
				self.step(Input::Message { from: id, message });
			}
			Packet::Proposal(block) => self.offer(block, Some(peer)),
			Packet::Fetch { hash, above } => {
				let blocks = answer(
					&*self.client,
					// Also what was given up: this node may have voted for it.
					|hash| self.unwritten(hash),
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
				self.on_sealed(sealed, !is_member, false);
			}
		}
	}

	/// A sealed transaction: opened by the leader, passed on once by others if it comes from a client or a node that
	/// is no authority; of a client of this node to all, if the leader is not connected.
	pub(super) fn on_sealed(&mut self, sealed: SealedTransaction, pass_on: bool, to_all: bool) {
		if sealed.leader == self.setup.identity.id {
			match sealed::open(&sealed, &self.setup.genesis.0, &self.setup.identity) {
				Ok(transaction) => self.submit_sealed(transaction),
				Err(error) => log::debug!(target: LOG_TARGET, "{error}"),
			}
			return;
		}
		if !pass_on || sealed::check(&sealed).is_err() {
			return;
		}
		let Some(peers) = &mut self.peers else { return };
		let connected = peers.names().any(|id| *id == sealed.leader);
		let leader = sealed.leader;
		let packet = Packet::Sealed(sealed);
		if connected {
			peers.send(&leader, &packet);
		} else if to_all {
			let members = &self.members;
			peers.send_to_all(&packet, |id| members.contains(id));
		}
	}
}

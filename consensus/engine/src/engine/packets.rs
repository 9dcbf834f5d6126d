//! What comes from peers.

use sc_client_api::Backend;
use sc_network::PeerId;
use sp_core::H256;
use std::time::Instant;
use veilmart_td_raft::{AuthorityId, SealedTransaction};
use veilmart_td_raft_core::{
	message::{Message, Notice},
	Input,
};

use super::Engine;
use crate::{
	allowance::{Allowance, Sender},
	chain::Chain,
	fetch::{answer, is_answered},
	packet::{Packet, BLOCKS_AT_ONCE, TRANSACTIONS_AT_ONCE},
	peers::FALSE_CERTIFICATE,
	sealed, Block, LOG_TARGET,
};

/// Sealed transactions of the own clients that are opened or passed on in a second, on average: by an authority; and by another
/// node, of which the authorities take twenty packets. What peers may add to it, and that this is taken where it is passed on to, is in
/// [`crate::allowance::Shares`].
const SEALED: f64 = 100.0;
const STRANGERS_SEALED: f64 = 10.0;

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
		let would_be_logged = matches!(packet, Packet::Core(_) | Packet::Proposal(_) | Packet::Blocks(_));
		if would_be_logged && self.waits_for_disk() {
			return;
		}
		match packet {
			// Handled where connections are.
			Packet::Hello(_) => {}
			Packet::Core(message) => {
				if let (Message::Notice(Notice::Status(status)), true) = (&message, is_member) {
					self.on_status(id, *status);
				}
				let doubted = self.core.doubts(&id);
				self.step(Input::Message { from: id, message });
				if let (Some(peers), true) = (&self.peers, !doubted && self.core.doubts(&id)) {
					peers.report(peer, FALSE_CERTIFICATE);
				}
			}
			Packet::Proposal(block) => self.offer(block, Some(peer)),
			Packet::Fetch { hash, above } => {
				if !self.may_fetch(&peer, id, hash, above) {
					return;
				}
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
			Packet::Transactions(mut transactions) => {
				transactions.truncate(TRANSACTIONS_AT_ONCE);
				// There may have been some hundred thousand more.
				transactions.shrink_to_fit();
				self.submit_of(id, transactions);
			}
			Packet::Sealed(sealed) => {
				// Whoever sealed it does not hear of it, and sends it again.
				let from = if is_member {
					Sender::Authority(id)
				} else {
					Sender::Stranger(id)
				};
				let _ = self.on_sealed(sealed, from);
			}
		}
	}

	/// Whether a request for blocks is answered. The block is not read for that, nor copied.
	fn may_fetch(&mut self, peer: &PeerId, id: AuthorityId, hash: H256, above: u32) -> bool {
		let (bodies, shelf, client) = (&self.bodies, &self.shelf, &self.client);
		let number = || {
			let kept = bodies.get(&hash).map(|(block, _)| block.header.number);
			kept.or_else(|| shelf.height(&hash))
				.or_else(|| client.number(hash).ok().flatten())
		};
		let waits = self.peers.as_ref().map_or(0, |peers| peers.waiting(peer));
		let now = Instant::now();
		let allowance = self.fetches.entry(id).or_insert(Allowance::full(now));
		is_answered(number, above, waits, allowance, now)
	}

	/// A sealed transaction: opened by the leader, passed on once by others if it comes from a client or a node that
	/// is no authority; of a client of this node to all, if the leader is not connected.
	/// An error if there is more than this node can open, or may pass on without being taken for one that floods others.
	pub(super) fn on_sealed(
		&mut self,
		sealed: SealedTransaction,
		from: Sender<AuthorityId>,
	) -> Result<(), String> {
		let to_this = sealed.leader == self.setup.identity.id;
		let pass_on = !matches!(from, Sender::Authority(_));
		if !to_this && (!pass_on || sealed::check(&sealed).is_err()) {
			return Ok(());
		}
		let set = &self.core.chain().anchor().set;
		let is_authority = set.index_of(&self.setup.identity.id).is_some();
		let rate = if is_authority { SEALED } else { STRANGERS_SEALED };
		if !self.sealed.take(from, 1.0 / rate, Instant::now()) {
			return Err("the node has more sealed transactions than it may pass on; try again".into());
		}
		if to_this {
			match sealed::open(&sealed, &self.setup.genesis.0, &self.setup.identity) {
				Ok(transaction) => self.submit_sealed(transaction),
				Err(error) => log::debug!(target: LOG_TARGET, "{error}"),
			}
			return Ok(());
		}
		let Some(peers) = &mut self.peers else {
			return Ok(());
		};
		let connected = peers.names().any(|id| *id == sealed.leader);
		let leader = sealed.leader;
		let packet = Packet::Sealed(sealed);
		if connected {
			peers.send(&leader, &packet);
		} else if from == Sender::Own {
			let members = &self.members;
			peers.send_to_all(&packet, |id| members.contains(id));
		}
		Ok(())
	}
}

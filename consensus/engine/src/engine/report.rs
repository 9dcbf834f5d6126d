//! What operators see of the engine.

use sc_client_api::Backend;
use sp_core::hexdisplay::HexDisplay;
use std::time::{Duration, Instant};
use veilmart_td_raft::{AuthorityId, QuorumCertificate};
use veilmart_td_raft_core::MAX_BEHIND;

use super::Engine;
use crate::{
	chain::Chain,
	dates::UNREAD,
	round::{Certified, PeerState, Role, RoundState},
	Block, LOG_TARGET,
};

/// For how long dates keep the node from voting before that is said, and how often it is said. Who was away gets old blocks first.
const DOUBT: Duration = Duration::from_secs(5);
const SAID: Duration = Duration::from_secs(60);

/// A key as clients write it.
pub fn name(id: &AuthorityId) -> String {
	format!("0x{}", HexDisplay::from(&id.0))
}

fn certified(qc: &QuorumCertificate) -> Certified {
	Certified {
		set_id: qc.target.set_id.0,
		term: qc.target.term.0,
		number: qc.target.number.0,
		hash: format!("0x{}", HexDisplay::from(&qc.target.hash)),
	}
}

impl<BE: Backend<Block> + 'static, C: Chain<BE>> Engine<BE, C> {
	/// What the engine is doing.
	pub(super) fn round_state(&self) -> RoundState {
		let anchor = self.core.chain().anchor();
		let durable = self.core.durable();
		let member = anchor.set.index_of(&self.setup.identity.id).is_some();
		let role = match (member, self.core.is_leading(), self.core.attempt_term()) {
			(false, ..) => Role::Observer,
			(true, true, _) => Role::Leader,
			(true, false, Some(_)) => Role::Candidate,
			(true, false, None) => Role::Follower,
		};
		let connected = |id: &AuthorityId| {
			self.peers
				.as_ref()
				.is_some_and(|peers| peers.names().any(|name| name == id))
		};
		let peers = self.members.iter().map(|id| {
			let status = self.statuses.get(id);
			PeerState {
				id: name(id),
				authority: anchor.set.index_of(id).is_some(),
				connected: connected(id),
				set_id: status.map_or(0, |status| status.set_id.0),
				term: status.map_or(0, |status| status.term.0),
				prepared: status.map_or(0, |status| status.high_qc.2 .0),
				committed: status.map_or(0, |status| status.commit_qc.2 .0),
			}
		});
		let root = &anchor.root;
		RoundState {
			me: name(&self.setup.identity.id),
			role,
			set_id: anchor.set.id().0,
			authorities: anchor.set.count(),
			quorum: anchor.set.quorum(),
			term: durable.current_term.0,
			leader: self.core.leader().map(name),
			attempt: self.core.attempt_term().map(|term| term.0),
			gate_open: self.core.gate_is_open(),
			high_qc: certified(&durable.high_qc),
			commit_qc: certified(&anchor.commit_qc),
			finalized: Certified {
				set_id: root.set_id().0,
				term: root.term().0,
				number: root.number.0,
				hash: format!("0x{}", HexDisplay::from(&root.hash)),
			},
			pending: self.core.chain().pending().count(),
			peers: peers.collect(),
		}
	}

	/// Says that this node does not vote, because by its own clock blocks are dated too long ago.
	pub(super) fn note_abstention(&mut self) {
		let chain = self.core.chain();
		// Of a date that cannot be read the clocks know nothing, and it was said when it was tried.
		let abstains = self.core.abstains().filter(|block| {
			let pending = chain.get(&block.hash);
			pending.is_some_and(|pending| pending.date != Some(UNREAD))
		});
		let Some(number) = abstains.map(|block| block.number) else {
			self.abstains = None;
			return;
		};
		let since = *self.abstains.get_or_insert_with(Instant::now);
		if since.elapsed() >= DOUBT && self.said.is_none_or(|said| said.elapsed() >= SAID) {
			self.said = Some(Instant::now());
			log::warn!(
				target: LOG_TARGET,
				"Block {number} is dated more than {} s behind this machine's clock, so this node does not vote for it. One of the two clocks is wrong.",
				MAX_BEHIND / 1_000,
			);
		}
	}

	/// Notices changes of the leader.
	pub(super) fn note_leader(&mut self) {
		if self.core.gate_is_open() {
			self.impatient.get_or_insert_with(Instant::now);
		}
		let term = self.core.term();
		let set = self.core.chain().anchor().set.id();
		let Some(leader) = self.core.leader().copied() else {
			return;
		};
		let led = Some((set.0, term, leader));
		if self.led == led {
			return;
		}
		let first = self.led.is_none();
		// A leader that leads on in another set has had its time.
		let is_another = self.led.is_none_or(|(_, of, who)| (of, who) != (term, leader));
		self.led = led;
		let since = self.impatient.take();
		self.metrics.elected(since);
		let who = if leader == self.setup.identity.id {
			"this node".into()
		} else {
			name(&leader)
		};
		log::info!(target: LOG_TARGET, "Term {term} of authority set {set}: led by {who}.");
		if is_another {
			self.transactions.judge_anew(Instant::now());
		}
		if !first {
			let watched = self.transactions.watched();
			self.pass_on(Some(leader), watched);
		}
	}
}

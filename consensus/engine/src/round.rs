//! What the engine is doing, for operators.

use serde::Serialize;

/// What part a node plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
	/// It is no authority of the current set.
	#[default]
	Observer,
	/// It follows the leader of its term.
	Follower,
	/// It stands, or would, in an attempt at an election.
	Candidate,
	/// It leads.
	Leader,
}

/// A certificate, as a person reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Certified {
	/// Set of the votes.
	pub set_id: u64,
	/// Term of the votes.
	pub term: u64,
	/// The block's height.
	pub number: u64,
	/// The block's hash.
	pub hash: String,
}

/// What a peer last said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerState {
	/// The authority's voting key, or the name of a node that follows.
	pub id: String,
	/// Whether it belongs to the current set.
	pub authority: bool,
	/// Whether it is connected.
	pub connected: bool,
	/// Its set.
	pub set_id: u64,
	/// Its term.
	pub term: u64,
	/// The height of its highest certificate.
	pub prepared: u64,
	/// The height of its highest commit certificate.
	pub committed: u64,
}

/// What the engine is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoundState {
	/// The node's own voting key, or name.
	pub me: String,
	/// Its part.
	pub role: Role,
	/// The current authority set.
	pub set_id: u64,
	/// How many authorities it has.
	pub authorities: u16,
	/// How many votes make a certificate.
	pub quorum: u16,
	/// The current term.
	pub term: u64,
	/// The leader's voting key, if it is known.
	pub leader: Option<String>,
	/// The attempt at an election that is under way.
	pub attempt: Option<u64>,
	/// Whether this node wants another leader.
	pub gate_open: bool,
	/// The highest certificate.
	pub high_qc: Certified,
	/// The highest commit certificate.
	pub commit_qc: Certified,
	/// The last block that is final here.
	pub finalized: Certified,
	/// Blocks that are not final.
	pub pending: usize,
	/// The others.
	pub peers: Vec<PeerState>,
}

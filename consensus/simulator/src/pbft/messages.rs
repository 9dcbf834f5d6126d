//! PBFT's messages and log records, what their signatures cover, and how large they are.

use super::keys::{Signature, Statement, Verifier, SIGNATURE_BYTES};
use crate::{
	network::Lane,
	replica::{BlockHash, Body, NodeId, StableRecord, WireMessage},
};
use blake2::{
	digest::{consts::U32, Digest},
	Blake2b,
};
use std::{collections::BTreeSet, fmt, rc::Rc};

/// Bytes of a frame and the kind of message.
const FRAME: u64 = 20;
/// Bytes of view, sequence number and digest.
const HEADER: u64 = 48;

/// The number of a view; its primary is `view mod n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct View(pub u64);

/// The sequence number of a request (here: of a block), counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(pub u64);

impl Seq {
	/// The next one.
	pub fn next(self) -> Seq {
		Seq(self.0 + 1)
	}
}

/// The digest of a body. A null request (PBFT, 4.4) is the empty body.
pub fn digest_of(body: Body) -> BlockHash {
	let mut hash = Blake2b::<U32>::new();
	hash.update(b"pbft body");
	hash.update(body.id.to_le_bytes());
	hash.update(body.bytes.to_le_bytes());
	BlockHash(hash.finalize().into())
}

/// What a vote or a proposal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
	/// The view.
	pub view: View,
	/// The sequence number.
	pub seq: Seq,
	/// The digest of the body.
	pub digest: BlockHash,
}

/// Kinds of signed statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
	/// PRE-PREPARE.
	PrePrepare = 1,
	/// PREPARE.
	Prepare = 2,
	/// COMMIT.
	Commit = 3,
	/// CHECKPOINT.
	Checkpoint = 4,
	/// VIEW-CHANGE.
	ViewChange = 5,
	/// NEW-VIEW.
	NewView = 6,
}

impl Subject {
	/// What a signature of this kind on the subject covers.
	pub fn statement(&self, kind: Kind) -> Statement {
		Statement {
			kind: kind as u64,
			view: self.view.0,
			seq: self.seq.0,
			digest: self.digest,
		}
	}
}

/// A signed subject: a proposal or a vote, depending on the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
	/// What about.
	pub subject: Subject,
	/// By whom.
	pub signature: Signature,
}

/// A checkpoint: the hash over everything executed up to a sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
	/// Up to here.
	pub seq: Seq,
	/// The hash.
	pub state: BlockHash,
	/// By whom.
	pub signature: Signature,
}

impl Checkpoint {
	/// What the signature covers.
	pub fn statement(seq: Seq, state: BlockHash) -> Statement {
		Statement {
			kind: Kind::Checkpoint as u64,
			view: 0,
			seq: seq.0,
			digest: state,
		}
	}
}

/// Proof that a request was prepared: a pre-prepare and `Q - 1` matching prepares of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
	/// What about.
	pub subject: Subject,
	/// The primary's signature.
	pub proposal: Signature,
	/// The others'.
	pub prepares: Vec<Signature>,
}

/// Proof that a request is decided: `Q` matching commits. With the body, so that a node that lags can execute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
	/// What about.
	pub subject: Subject,
	/// The body.
	pub body: Body,
	/// The commits.
	pub commits: Vec<Signature>,
}

/// VIEW-CHANGE: what a node has prepared beyond its last stable checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewChange {
	/// The view to go to.
	pub view: View,
	/// The last stable checkpoint.
	pub stable: Seq,
	/// Its hash.
	pub state: BlockHash,
	/// Its proof; empty for the beginning.
	pub proof: Vec<Signature>,
	/// Prepared requests beyond it, by rising sequence number.
	pub prepared: Vec<Prepared>,
	/// By whom.
	pub signature: Signature,
}

impl ViewChange {
	/// What the signature covers.
	pub fn statement(view: View, stable: Seq, state: BlockHash, prepared: &[Prepared]) -> Statement {
		let mut hash = Blake2b::<U32>::new();
		hash.update(state.0);
		for one in prepared {
			hash.update(one.subject.view.0.to_le_bytes());
			hash.update(one.subject.seq.0.to_le_bytes());
			hash.update(one.subject.digest.0);
		}
		let digest = BlockHash(hash.finalize().into());
		Statement {
			kind: Kind::ViewChange as u64,
			view: view.0,
			seq: stable.0,
			digest,
		}
	}

	/// How many signatures it contains.
	pub fn signatures(&self) -> u32 {
		let prepared: usize = self.prepared.iter().map(|one| 1 + one.prepares.len()).sum();
		(1 + self.proof.len() + prepared) as u32
	}

	fn bytes(&self) -> u64 {
		FRAME + HEADER + self.signatures() as u64 * SIGNATURE_BYTES + self.prepared.len() as u64 * HEADER
	}
}

/// NEW-VIEW: the view changes that justify it, and what is proposed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewView {
	/// The view.
	pub view: View,
	/// `Q` view changes.
	pub view_changes: Vec<Rc<ViewChange>>,
	/// Proposals for every sequence number up to the highest prepared one.
	pub proposals: Vec<Signed>,
	/// The primary's.
	pub signature: Signature,
}

impl NewView {
	/// What the signature covers: the proposals; the view changes are signed themselves.
	pub fn statement(view: View, proposals: &[Signed]) -> Statement {
		let mut hash = Blake2b::<U32>::new();
		for one in proposals {
			hash.update(one.subject.seq.0.to_le_bytes());
			hash.update(one.subject.digest.0);
		}
		Statement {
			kind: Kind::NewView as u64,
			view: view.0,
			seq: 0,
			digest: BlockHash(hash.finalize().into()),
		}
	}

	/// How many signatures it contains.
	pub fn signatures(&self) -> u32 {
		let inner: u32 = self.view_changes.iter().map(|one| one.signatures()).sum();
		1 + self.proposals.len() as u32 + inner
	}
}

/// A message of PBFT.
#[derive(Clone, Debug)]
pub enum PbftMessage {
	/// The primary proposes. Without the body when it is sent again: who lacks it asks.
	PrePrepare(Signed, Option<Body>),
	/// First vote.
	Prepare(Signed),
	/// Second vote.
	Commit(Signed),
	/// A node has executed so far.
	Checkpoint(Checkpoint),
	/// A node wants another view.
	ViewChange(Rc<ViewChange>),
	/// The new primary begins.
	NewView(Rc<NewView>),
	/// Where a node stands when nothing happens: its view, whether it is in force, what it has executed.
	Status(View, bool, Seq),
	/// Asks for the body of a proposal.
	Fetch(BlockHash),
	/// Answers.
	Supply(Body),
	/// A decided request for a node that lags.
	Decided(Rc<Decided>),
}

impl WireMessage for PbftMessage {
	fn kind(&self) -> &'static str {
		match self {
			PbftMessage::PrePrepare(..) => "pre-prepare",
			PbftMessage::Prepare(_) => "prepare",
			PbftMessage::Commit(_) => "commit",
			PbftMessage::Checkpoint(_) => "checkpoint",
			PbftMessage::ViewChange(_) => "view change",
			PbftMessage::NewView(_) => "new view",
			PbftMessage::Status(..) => "status",
			PbftMessage::Fetch(_) => "fetch",
			PbftMessage::Supply(_) => "supply",
			PbftMessage::Decided(_) => "decided",
		}
	}

	fn bytes(&self) -> u64 {
		let vote = FRAME + HEADER + SIGNATURE_BYTES;
		match self {
			PbftMessage::PrePrepare(_, body) => vote + body.map_or(0, |body| body.bytes),
			PbftMessage::Prepare(_) | PbftMessage::Commit(_) | PbftMessage::Checkpoint(_) => vote,
			PbftMessage::ViewChange(view_change) => view_change.bytes(),
			PbftMessage::NewView(new_view) => {
				let proposals = new_view.proposals.len() as u64 * (HEADER + SIGNATURE_BYTES);
				vote + proposals + new_view.view_changes.iter().map(|one| one.bytes()).sum::<u64>()
			}
			PbftMessage::Status(..) => FRAME + 17,
			PbftMessage::Fetch(_) => FRAME + 32,
			PbftMessage::Supply(body) => FRAME + body.bytes,
			PbftMessage::Decided(decided) => {
				FRAME + HEADER + decided.body.bytes + decided.commits.len() as u64 * SIGNATURE_BYTES
			}
		}
	}

	fn lane(&self) -> Lane {
		match self {
			PbftMessage::PrePrepare(..)
			| PbftMessage::NewView(_)
			| PbftMessage::Supply(_)
			| PbftMessage::Decided(_) => Lane::Ordered,
			_ => Lane::Urgent,
		}
	}

	fn block(&self) -> Option<u64> {
		match self {
			PbftMessage::PrePrepare(signed, _)
			| PbftMessage::Prepare(signed)
			| PbftMessage::Commit(signed) => Some(signed.subject.seq.0),
			_ => None,
		}
	}
}

impl fmt::Display for PbftMessage {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(self.kind())?;
		match self {
			PbftMessage::PrePrepare(signed, _)
			| PbftMessage::Prepare(signed)
			| PbftMessage::Commit(signed) => {
				let Subject { view, seq, digest } = signed.subject;
				write!(f, " v{} s{} {digest}", view.0, seq.0)
			}
			PbftMessage::Checkpoint(checkpoint) => write!(f, " s{} {}", checkpoint.seq.0, checkpoint.state),
			PbftMessage::ViewChange(change) => {
				write!(f, " to v{} stable s{} prepared", change.view.0, change.stable.0)?;
				change
					.prepared
					.iter()
					.try_for_each(|one| write!(f, " s{}", one.subject.seq.0))
			}
			PbftMessage::NewView(new_view) => {
				write!(
					f,
					" v{} with {} proposals",
					new_view.view.0,
					new_view.proposals.len()
				)
			}
			PbftMessage::Status(view, active, executed) => {
				write!(
					f,
					" v{}{} executed s{}",
					view.0,
					if *active { "" } else { "?" },
					executed.0
				)
			}
			PbftMessage::Fetch(digest) => write!(f, " {digest}"),
			PbftMessage::Supply(body) => write!(f, " batch {}", body.id),
			PbftMessage::Decided(decided) => {
				write!(f, " s{} {}", decided.subject.seq.0, decided.subject.digest)
			}
		}
	}
}

/// A record of a node's log.
#[derive(Clone, Debug)]
pub enum PbftRecord {
	/// A proposal accepted, with its body: written before the prepare leaves.
	Accepted(Signed, Body),
	/// A request prepared: written before the commit leaves.
	Prepared(Prepared),
	/// A request decided.
	Decided(Rc<Decided>),
	/// The view, and whether it is in force: written before a view change leaves.
	View(View, bool),
	/// A stable checkpoint with its proof.
	Stable(Seq, BlockHash, Vec<Signature>),
}

impl StableRecord for PbftRecord {
	fn bytes(&self) -> u64 {
		let signatures = |count: usize| count as u64 * SIGNATURE_BYTES;
		match self {
			PbftRecord::Accepted(_, body) => HEADER + SIGNATURE_BYTES + body.bytes,
			PbftRecord::Prepared(prepared) => HEADER + signatures(prepared.prepares.len() + 1),
			PbftRecord::Decided(decided) => HEADER + signatures(decided.commits.len()),
			PbftRecord::View(..) => 9,
			PbftRecord::Stable(_, _, proof) => HEADER + signatures(proof.len()),
		}
	}
}

/// Whether there are at least `needed` valid signatures of different nodes on one statement, and none invalid.
pub fn proves(verifier: &Verifier, statement: &Statement, signatures: &[Signature], needed: usize) -> bool {
	let signers: BTreeSet<_> = signatures.iter().map(|signature| signature.signer).collect();
	signers.len() == signatures.len()
		&& signatures.len() >= needed
		&& signatures
			.iter()
			.all(|signature| verifier.verify(statement, signature))
}

/// The authorities of a run and the numbers that follow from how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
	/// How many.
	pub n: u32,
	/// How many of them may be faulty: `⌊(n - 1) / 3⌋`.
	pub f: u32,
}

impl Group {
	/// A group of `n`.
	pub fn new(n: u32) -> Self {
		Self {
			n,
			f: crate::replica::byzantine_bound(n),
		}
	}

	/// `n - f`, which is `2f + 1` for `n = 3f + 1`: two quorums share an honest node for every `n`.
	pub fn quorum(&self) -> usize {
		(self.n - self.f) as usize
	}

	/// The primary of a view.
	pub fn primary(&self, view: View) -> NodeId {
		NodeId((view.0 % self.n.max(1) as u64) as u32)
	}
}

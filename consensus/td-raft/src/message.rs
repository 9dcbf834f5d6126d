//! Messages between authorities.
//!
//! A [`Promise`] binds its sender: it leaves only after what it depends on is on disk (`log.rs`). A
//! [`Notice`] binds nobody: it proves itself or answers a question.

use codec::{Decode, Encode};
use veilmart_td_raft::{AuthorityIndex, Kind, Number, Rank, SetId, Term};

use crate::crypto::{Certificate, ElectionVote, Entry, Qc, Scheme, SignedDown, Vote};

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Message<S: Scheme> {
	/// One that binds its sender.
	Promise(Promise<S>),
	/// One that binds nobody.
	Notice(Notice<S>),
}

/// Messages that bind their sender.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Promise<S: Scheme> {
	/// To the leader: a vote for a block.
	Vote(Vote<S>),
	/// To a candidate: a vote, with the certificate that it names.
	ElectionVote(ElectionVote<S>, Qc<S>),
	/// To all: the wish for a new term, with the overdue transaction if that is the reason.
	Down(SignedDown<S>, Option<S::Transaction>),
	/// From the leader to all: a sign of life.
	Heartbeat(Signed<Heartbeat<S>, S>),
	/// From the leader to all: certify this closing block in my term.
	Reconfirm(Signed<Reconfirm<S>, S>),
	/// From a candidate to all: open your share for me.
	RequestShares(Signed<RequestShares<S>, S>),
	/// From a candidate to all: vote for me.
	RequestVote(Signed<RequestVote<S>, S>),
}

/// Messages that bind nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Notice<S: Scheme> {
	/// From the leader to all: a new certificate.
	Certified(Qc<S>),
	/// From the leader to all: why it leads.
	Elected(Certificate<S>),
	/// To a candidate: a share.
	Share(Signed<Share<S>, S>),
	/// To a candidate: a newer dealing is in force.
	Behind(Signed<Behind<S>, S>),
	/// To all: a new term is wished for.
	Entry(Entry<S>),
	/// To all, on connecting and every second: what the sender has.
	Status(Status),
	/// The answer of whoever has more.
	CatchUp(CatchUp<S>),
}

/// A body with its signature over `payload(kind, genesis, set_id, body)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Signed<B, S: Scheme> {
	/// The signer's set.
	pub set_id: SetId,
	/// The signer.
	pub signer: AuthorityIndex,
	/// What is signed.
	pub body: B,
	/// The signature.
	pub signature: S::Signature,
}

/// What is sent in a [`Signed`].
pub trait Body: Encode {
	/// The kind in the signature's domain.
	const KIND: Kind;
}

/// The leader lives. Its certificates are sent when they are formed; here it only says which they are, and who lacks one
/// asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Heartbeat<S: Scheme> {
	/// Its term. Who does not know that it leads it asks for the certificate.
	pub term: Term,
	/// Grows with every heartbeat.
	pub sequence: u64,
	/// The last block it proposed. Whoever lacks it fetches it.
	pub tip: Option<(Number, S::BlockHash)>,
	/// Its highest certificate.
	pub high_qc: Rank,
	/// Its highest commit certificate.
	pub commit_qc: Rank,
}

/// A closing block that is certified but not known to be committed shall be certified again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Reconfirm<S: Scheme> {
	/// Why the sender leads.
	pub certificate: Certificate<S>,
	/// The block's highest certificate.
	pub qc: Qc<S>,
}

/// A candidate asks for shares.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct RequestShares<S: Scheme> {
	/// The term it stands for.
	pub term: Term,
	/// The block with the dealing that it uses.
	pub dealing: S::BlockHash,
	/// Its highest commit certificate, by which that dealing is in force.
	pub commit_qc: Qc<S>,
	/// Its lot.
	pub vrf: S::Vrf,
	/// The key to encrypt to.
	pub ephemeral: S::Ephemeral,
}

/// A share for a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Share<S: Scheme> {
	/// The term of the attempt.
	pub term: Term,
	/// For whom.
	pub candidate: AuthorityIndex,
	/// The block with the dealing.
	pub dealing: S::BlockHash,
	/// The share.
	pub share: S::SealedShare,
}

/// A newer dealing is in force than the candidate uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Behind<S: Scheme> {
	/// The term of the attempt.
	pub term: Term,
	/// By which it is.
	pub commit_qc: Qc<S>,
}

/// A candidate asks for votes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct RequestVote<S: Scheme> {
	/// The term it stands for.
	pub term: Term,
	/// The block with the dealing that it used.
	pub dealing: S::BlockHash,
	/// Its lot.
	pub vrf: S::Vrf,
	/// That the others opened their shares to it.
	pub proof: TrapdoorProof<S>,
	/// Its highest certificate.
	pub high_qc: Qc<S>,
}

/// That a candidate recovered what was dealt.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum TrapdoorProof<S: Scheme> {
	/// The trapdoor: a collision.
	Collision(S::Collision),
	/// The secret, which is not the trapdoor: the shares, evidence against the dealer.
	Fault(S::Fault),
}

/// What an authority has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Status {
	/// Its set.
	pub set_id: SetId,
	/// Its term.
	pub term: Term,
	/// Whether it knows that term's leader.
	pub led: bool,
	/// Its attempt, while it is in one.
	pub attempt: Term,
	/// Its highest certificate.
	pub high_qc: Rank,
	/// Its highest commit certificate.
	pub commit_qc: Rank,
}

/// What the receiver of a status has more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct CatchUp<S: Scheme> {
	/// The commit certificate of the block that closed the other's set.
	pub handover: Option<Qc<S>>,
	/// A higher certificate.
	pub high_qc: Option<Qc<S>>,
	/// A higher commit certificate.
	pub commit_qc: Option<Qc<S>>,
	/// The leader of a later term, or of the other's.
	pub certificate: Option<Certificate<S>>,
	/// A later attempt.
	pub entry: Option<Entry<S>>,
}

impl<S: Scheme> CatchUp<S> {
	/// Whether there is nothing in it.
	pub fn is_empty(&self) -> bool {
		self.handover.is_none()
			&& self.high_qc.is_none()
			&& self.commit_qc.is_none()
			&& self.certificate.is_none()
			&& self.entry.is_none()
	}
}

impl<S: Scheme> Body for Heartbeat<S> {
	const KIND: Kind = Kind::Heartbeat;
}
impl<S: Scheme> Body for Reconfirm<S> {
	const KIND: Kind = Kind::Reconfirm;
}
impl<S: Scheme> Body for RequestShares<S> {
	const KIND: Kind = Kind::RequestShares;
}
impl<S: Scheme> Body for Share<S> {
	const KIND: Kind = Kind::Share;
}
impl<S: Scheme> Body for Behind<S> {
	const KIND: Kind = Kind::Behind;
}
impl<S: Scheme> Body for RequestVote<S> {
	const KIND: Kind = Kind::RequestVote;
}

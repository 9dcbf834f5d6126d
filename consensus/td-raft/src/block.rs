//! What the core knows of a block.

use codec::{Decode, Encode};
use veilmart_td_raft::{AuthorityIndex, Number, Rank, SealBody, SetId, Target, Term};

use crate::crypto::{Digest, Place, Qc, Scheme, Set};

/// A block as the core sees it: what its header says of the protocol, and what its execution says of the set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Block<S: Scheme> {
	/// Its hash.
	pub hash: S::BlockHash,
	/// Its parent's hash.
	pub parent: S::BlockHash,
	/// Its height.
	pub number: Number,
	/// What its header says of the protocol.
	pub digest: Digest<S>,
	/// The hash of its header without the seal.
	pub unsealed: S::BlockHash,
	/// The sealer's signature over [`Block::seal_body`].
	pub seal: S::Signature,
	/// The dealing in it: in a closing block to the next set, otherwise to its own.
	pub dealing: Option<S::Dealing>,
	/// In a closing block, the set that follows.
	pub next_set: Option<Set<S>>,
	/// If its child has to be a closing block, the set that follows that child.
	pub child_closes: Option<Set<S>>,
}

impl<S: Scheme> Block<S> {
	/// The genesis block of a chain.
	pub fn genesis(
		hash: S::BlockHash,
		no_seal: S::Signature,
		dealing: Option<S::Dealing>,
		child_closes: Option<Set<S>>,
	) -> Self {
		let certificate = Qc::<S>::genesis(hash);
		Self {
			hash,
			parent: hash,
			number: Number(0),
			digest: Digest::<S> {
				set_id: SetId(0),
				term: Term(0),
				sealer: AuthorityIndex(0),
				parent_qc: certificate.clone(),
				commit_qc: certificate,
				election: None,
			},
			unsealed: hash,
			seal: no_seal,
			dealing,
			next_set: None,
			child_closes,
		}
	}

	/// The set that judges it.
	pub fn set_id(&self) -> SetId {
		self.digest.set_id
	}

	/// Its term.
	pub fn term(&self) -> Term {
		self.digest.term
	}

	/// What its sealer signs.
	pub fn seal_body(&self) -> SealBody<S::BlockHash> {
		SealBody {
			term: self.term(),
			number: self.number,
			header: self.unsealed,
		}
	}

	/// What its certificates are for, unless it is a closing block that was reconfirmed.
	pub fn target(&self) -> Target<S::BlockHash> {
		Target {
			set_id: self.set_id(),
			term: self.term(),
			number: self.number,
			hash: self.hash,
		}
	}

	/// The rank of its certificate.
	pub fn rank(&self) -> Rank {
		self.target().rank()
	}

	/// Whether it changes the set.
	pub fn is_closing(&self) -> bool {
		self.next_set.is_some()
	}

	/// The set that judges its children.
	pub fn child_set_id(&self) -> SetId {
		if self.is_closing() {
			self.set_id().next()
		} else {
			self.set_id()
		}
	}

	/// Whether a certificate is this block's: of its term, or, for a closing block, of a later term of its set.
	pub fn is_certified_by(&self, certificate: &Qc<S>) -> bool {
		let target = &certificate.target;
		let place = (target.set_id, target.number, target.hash) == (self.set_id(), self.number, self.hash);
		place && (target.term == self.term() || self.is_closing() && target.term > self.term())
	}

	/// Whether a child of this block in this set and term is the first block of its term: its `(set, term)` is
	/// higher, unless it goes on after a closing block in the same term.
	pub fn child_is_first(&self, set_id: SetId, term: Term) -> bool {
		(self.set_id(), self.term()) < (set_id, term) && !(self.is_closing() && self.term() == term)
	}

	/// What a dealing in this block is made for.
	pub fn dealing_place(&self) -> Place<S::BlockHash> {
		Place {
			holders: self.child_set_id(),
			term: self.term(),
			dealer: self.digest.sealer,
			parent: (self.number != Number(0)).then_some(self.parent),
		}
	}
}

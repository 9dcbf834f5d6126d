//! What a header must be like, before anything in it is believed.
//!
//! The runtime checks what it records or relies on: set, term, leader, election, dealing, and that the certificate is the
//! parent's. It verifies no signature, lot or proof of a dealing: the engine does, on every node and before it has the
//! block executed. A header that fails here makes its block invalid whatever the engine thinks of it.

use veilmart_td_raft::{
	header::{HeaderError, Items},
	AuthoritySet, BlockHash, Number, Term,
};

use crate::Head;

/// Why a header is malformed. Each check has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
	/// The chain has no authorities: its genesis was not built.
	NoAuthorities,
	/// Its items are not the protocol's.
	Items(HeaderError),
	/// It is not of the set that judges the block.
	Set,
	/// Its term is below its parent's, or 0.
	Term,
	/// The certificate that it carries is not its parent's.
	ParentQc,
	/// The sealer does not belong to the set, or is not the one who leads the term.
	Sealer,
	/// A first block without election, or another with one.
	Election,
	/// The election is not of this set, term and sealer.
	Mandate,
	/// A first or closing block without a dealing.
	NoDealing,
	/// A dealing with another number of shares than there are holders.
	Holders,
}

impl core::fmt::Display for Malformed {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::NoAuthorities => "the chain has no authorities",
			Self::Items(error) => return error.fmt(f),
			Self::Set => "it is of another authority set",
			Self::Term => "its term is below its parent's, or 0",
			Self::ParentQc => "it carries a certificate that is not its parent's",
			Self::Sealer => "the sealer does not lead the term",
			Self::Election => "an election in another than a first block, or none in a first block",
			Self::Mandate => "its election is of another set, term or leader",
			Self::NoDealing => "a first or closing block carries no dealing",
			Self::Holders => "its dealing has not one share for each holder",
		})
	}
}

/// What a header is checked against: the state after its parent.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
	/// The parent's height.
	pub parent: Number,
	/// The parent's hash.
	pub parent_hash: BlockHash,
	/// What is remembered of the parent.
	pub head: &'a Head,
	/// The set that judges the block.
	pub set: &'a AuthoritySet,
	/// In a closing block, the set that follows.
	pub next: Option<&'a AuthoritySet>,
}

impl Place<'_> {
	/// Whether a block of this term is the first of its term here: its `(set, term)` is higher than its parent's, unless
	/// it goes on after a closing block in the same term.
	pub fn is_first(&self, term: Term) -> bool {
		(self.head.set_id, self.head.term) < (self.set.id(), term)
			&& !(self.head.closing && self.head.term == term)
	}

	/// Whom a dealing in the block is made for.
	pub fn holders(&self) -> &AuthoritySet {
		self.next.unwrap_or(self.set)
	}

	/// Checks what a header says.
	pub fn check(&self, items: &Items) -> Result<(), Malformed> {
		let digest = &items.digest;
		if digest.set_id != self.set.id() {
			return Err(Malformed::Set);
		}
		if digest.term < self.head.term || digest.term == Term(0) {
			return Err(Malformed::Term);
		}

		let qc = &digest.parent_qc.target;
		let of_parent = (qc.set_id, qc.number, qc.hash) == (self.head.set_id, self.parent, self.parent_hash);
		// A closing block may have been certified again in a later term.
		let in_term = qc.term == self.head.term || (self.head.closing && qc.term > self.head.term);
		if !of_parent || !in_term {
			return Err(Malformed::ParentQc);
		}

		let sealer = self.set.get(digest.sealer).ok_or(Malformed::Sealer)?;
		let first = self.is_first(digest.term);
		match &digest.election {
			Some(election) => {
				if !first || self.set.count() == 1 {
					return Err(Malformed::Election);
				}
				let certificate = &election.certificate;
				if (certificate.set_id, certificate.term, certificate.leader)
					!= (digest.set_id, digest.term, digest.sealer)
				{
					return Err(Malformed::Mandate);
				}
			}
			// A single authority needs no votes.
			None if first && self.set.count() > 1 => return Err(Malformed::Election),
			None if first => {}
			None => {
				if self.head.leader != Some(sealer.id) {
					return Err(Malformed::Sealer);
				}
			}
		}

		let holders = self.holders().count();
		match &items.dealing {
			Some(dealing) if dealing.count() != holders => Err(Malformed::Holders),
			None if (first || self.next.is_some()) && holders > 1 => Err(Malformed::NoDealing),
			_ => Ok(()),
		}
	}
}

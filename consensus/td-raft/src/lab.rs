//! Blocks, votes and certificates of a symbolic set, for tests of single rules.

use std::sync::Arc;
use veilmart_td_raft::{AuthorityIndex, ElectionBallot, ElectionDigest, Number, Phase, SetId, Target, Term};

use crate::{
	block::Block,
	crypto::{Certificate, Crypto, Digest as HeaderDigest, Qc, Set, Vote},
	symbolic::{self, Digest, Keys, Name, Symbols, Token},
};

pub(crate) type SymbolicBlock = Block<Symbols>;
pub(crate) type SymbolicQc = Qc<Symbols>;

/// A set of four and its genesis.
pub(crate) struct Lab {
	pub set: Set<Symbols>,
	pub genesis: Arc<SymbolicBlock>,
}

pub(crate) fn at(index: u16) -> AuthorityIndex {
	AuthorityIndex(index)
}

pub(crate) fn keys(index: u16) -> Keys {
	Keys::new(Name(index))
}

impl Lab {
	pub fn new() -> Self {
		let set = symbolic::set(0, &[0, 1, 2, 3]).unwrap();
		let genesis = Arc::new(symbolic::genesis(&set, None));
		Self { set, genesis }
	}

	pub fn next_set(&self, id: u64) -> Set<Symbols> {
		symbolic::set(id, &[0, 1, 2, 3, 4]).unwrap()
	}

	/// By the authorities 0 to 2.
	pub fn qc(&self, phase: Phase, target: Target<Digest>) -> SymbolicQc {
		if target.number == Number(0) {
			return SymbolicQc::genesis(self.genesis.hash);
		}
		let bytes = Vote::<Symbols>::payload(&self.genesis.hash, phase, &target);
		let votes = if target.set_id == SetId(0) { 0..3 } else { 0..4 };
		let signatures = votes.map(|index| (at(index), keys(index).sign(&bytes))).collect();
		SymbolicQc {
			phase,
			target,
			signatures,
		}
	}

	/// By the authorities 0 to 2 (of later sets 0 to 3), of whom one names `high` and the others genesis.
	pub fn certificate(
		&self,
		set: u64,
		term: u64,
		leader: u16,
		high: Target<Digest>,
	) -> Certificate<Symbols> {
		let ballot = |voter: u16| {
			let high_qc = if voter == 1 { high } else { self.genesis.target() };
			let (set_id, term) = (SetId(set), Term(term));
			let bytes = ElectionBallot::<Digest, Token>::payload(
				&self.genesis.hash,
				set_id,
				term,
				at(leader),
				&high_qc,
			);
			ElectionBallot {
				voter: at(voter),
				high_qc,
				signature: keys(voter).sign(&bytes),
			}
		};
		let voters = if set == 0 { 0..3 } else { 0..4 };
		Certificate::<Symbols> {
			set_id: SetId(set),
			term: Term(term),
			leader: at(leader),
			ballots: voters.map(ballot).collect(),
		}
	}

	/// A valid child of a block in this term, changed by `edit` before it is sealed.
	pub fn child(
		&self,
		parent: &SymbolicBlock,
		term: u64,
		sealer: u16,
		edit: impl FnOnce(&mut SymbolicBlock),
	) -> Arc<SymbolicBlock> {
		let (set_id, term) = (parent.child_set_id(), Term(term));
		let phase = if parent.is_closing() {
			Phase::Commit
		} else {
			Phase::Prepare
		};
		let first = parent.child_is_first(set_id, term);
		let (vrf, _) = keys(sealer).draw(set_id, &self.genesis.hash, term);
		let election = first.then(|| ElectionDigest {
			certificate: self.certificate(set_id.0, term.0, sealer, parent.target()),
			vrf,
			dealing: self.genesis.hash,
		});
		let mut block = Block {
			hash: Digest(0),
			parent: parent.hash,
			number: parent.number.next(),
			digest: HeaderDigest::<Symbols> {
				set_id,
				term,
				sealer: at(sealer),
				parent_qc: self.qc(phase, parent.target()),
				commit_qc: SymbolicQc::genesis(self.genesis.hash),
				election,
			},
			unsealed: Digest(0),
			seal: Token {
				by: Name(sealer),
				of: Digest(0),
			},
			dealing: None,
			next_set: parent.child_closes.clone(),
			child_closes: None,
		};
		if first || block.is_closing() {
			let holders = block.next_set.clone().unwrap_or(self.set.clone());
			block.dealing = keys(sealer).deal(&holders, &block.dealing_place());
		}
		edit(&mut block);
		block.unsealed = symbolic::digest(&(block.parent, block.number, &block.digest, &block.next_set));
		block.hash = block.unsealed;
		if block.seal.of == Digest(0) {
			let bytes = block.seal_body().payload(&self.genesis.hash, block.set_id());
			block.seal = Keys::new(block.seal.by).sign(&bytes);
		}
		Arc::new(block)
	}
}

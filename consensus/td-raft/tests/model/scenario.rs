//! What a model is of, and its bounds.

use std::sync::{Arc, OnceLock};
use veilmart_td_raft::{AuthorityIndex, AuthoritySet, Number, Term};
use veilmart_td_raft_core::{
	symbolic::{self, Name},
	Mutants,
};

use crate::{node::SymbolicBlock, properties::Goal};

/// A closing block's height, and the members of the set that follows.
#[derive(Clone, Copy, Debug)]
pub struct Closing {
	pub height: u64,
	pub members: &'static [u16],
}

/// How the first term's leader comes to lead: before the search begins, to keep it small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prologue {
	/// Everything is searched from genesis.
	None,
	/// This honest authority leads term 1, and all know; its first block is not delivered yet.
	Elected(u16),
	/// The same, and its first block is committed; the commit certificate is not delivered yet.
	Committed(u16),
	/// All have entered the attempt at term 1, and voted for the Byzantine authority.
	VotedForByzantine,
	/// The same, and all have one of its first blocks and that block's prepare certificate.
	CertifiedByzantine,
}

/// A model.
#[derive(Clone, Debug)]
pub struct Scenario {
	pub name: &'static str,
	/// The first set.
	pub members: &'static [u16],
	/// The Byzantine authority.
	pub byzantine: Option<u16>,
	/// Who may stand in which term, honest or not.
	pub candidates: &'static [(u64, &'static [u16])],
	/// The highest term that is elected for.
	pub terms: u64,
	/// The greatest height.
	pub height: u64,
	pub closing: Option<Closing>,
	/// How many versions the Byzantine authority makes of a block that is not the first of its term.
	pub versions: u8,
	/// Whether commit certificates are delivered. Without, nobody finalizes, which no vote depends on while the set does
	/// not change and nobody is far ahead; what they say is judged all the same.
	pub finality: bool,
	/// Whether voters wait for a better candidate.
	pub waits: bool,
	/// How often somebody crashes. Otherwise records reach the disk at once.
	pub crashes: u8,
	/// Who may.
	pub crashers: &'static [u16],
	/// Every message and timer on its own: for random walks.
	pub is_fine: bool,
	pub prologue: Prologue,
	/// What the search has to come across.
	pub goals: &'static [Goal],
	pub mutants: Mutants,
	/// Made when it is first asked for.
	pub genesis: OnceLock<SymbolicBlock>,
}

/// A small one to start from: one honest leader.
pub fn scenario(name: &'static str) -> Scenario {
	Scenario {
		name,
		members: &[0, 1, 2, 3],
		byzantine: Some(3),
		candidates: &[],
		terms: 2,
		height: 2,
		closing: None,
		versions: 1,
		finality: false,
		waits: false,
		crashes: 0,
		crashers: &[0, 1, 2, 4],
		is_fine: false,
		prologue: Prologue::None,
		goals: &[],
		mutants: Mutants::default(),
		genesis: OnceLock::new(),
	}
}

impl Scenario {
	pub fn byzantine(&self) -> Option<Name> {
		self.byzantine.map(Name)
	}

	pub fn first_set(&self) -> AuthoritySet<Name, Name> {
		symbolic::set(0, self.members).expect("a set")
	}

	pub fn genesis(&self) -> &SymbolicBlock {
		self.genesis
			.get_or_init(|| Arc::new(symbolic::genesis(&self.first_set(), self.closes_after(Number(0)))))
	}

	/// The set that follows the child of a block at this height.
	pub fn closes_after(&self, number: Number) -> Option<AuthoritySet<Name, Name>> {
		let closing = self.closing.filter(|closing| closing.height == number.0 + 1)?;
		Some(symbolic::set(1, closing.members).expect("a set"))
	}

	/// A set, by its number.
	pub fn set(&self, id: u64) -> Option<AuthoritySet<Name, Name>> {
		match id {
			0 => Some(self.first_set()),
			1 => self
				.closing
				.map(|closing| symbolic::set(1, closing.members).expect("a set")),
			_ => None,
		}
	}

	/// The honest authorities of all sets.
	pub fn honest(&self) -> Vec<Name> {
		let next = self.closing.map_or(&[][..], |closing| closing.members);
		let mut names: Vec<_> = self
			.members
			.iter()
			.chain(next)
			.copied()
			.filter(|n| Some(*n) != self.byzantine)
			.collect();
		names.sort_unstable();
		names.dedup();
		names.into_iter().map(Name).collect()
	}

	pub fn stands(&self, who: Name, term: Term) -> bool {
		self.candidates
			.iter()
			.any(|(of, who_may)| *of == term.0 && who_may.contains(&who.0))
	}

	/// The Byzantine authority's position in a set.
	pub fn byzantine_in(&self, id: u64) -> Option<AuthorityIndex> {
		self.set(id)?.index_of(&self.byzantine()?)
	}

	/// How many votes make a certificate, for the Byzantine authority to try.
	pub fn quorum(&self, set: &AuthoritySet<Name, Name>) -> usize {
		usize::from(set.quorum()) - usize::from(self.makes(Weakness::SmallQuorum))
	}

	/// Whether the mutant under test has this weakness: without it, what uses it is refused everywhere, and only
	/// wastes the checker's time.
	pub fn makes(&self, weakness: Weakness) -> bool {
		#[cfg(feature = "mutants")]
		{
			use veilmart_td_raft_core::Mutant;
			let mutant = match weakness {
				Weakness::SmallQuorum => Mutant::QuorumTooSmall,
				Weakness::Maximum => Mutant::MaximumIgnored,
				Weakness::EarlyChange => Mutant::SetChangeWithoutCommit,
				Weakness::OldCertificate => Mutant::OldCertificateLeads,
				Weakness::BareReconfirm => Mutant::ReconfirmWithoutQc,
			};
			self.mutants == Mutants::only(mutant)
		}
		#[cfg(not(feature = "mutants"))]
		{
			let _ = weakness;
			false
		}
	}

	#[cfg(feature = "mutants")]
	pub fn with(mut self, mutant: veilmart_td_raft_core::Mutant) -> Self {
		self.mutants = Mutants::only(mutant);
		self
	}
}

/// What the Byzantine authority tries only against mutants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
	/// Certificates with one vote less.
	SmallQuorum,
	/// First blocks below the election's maximum.
	Maximum,
	/// Children of closing blocks with a prepare certificate.
	EarlyChange,
	/// First blocks with a certificate of the old set.
	OldCertificate,
	/// Reconfirming what is not certified.
	BareReconfirm,
}

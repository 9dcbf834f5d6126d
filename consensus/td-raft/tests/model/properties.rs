//! What has to hold.

use std::collections::{BTreeMap, BTreeSet};
use veilmart_td_raft::{AuthorityIndex, Number, Phase, SetId, Target, Term};
use veilmart_td_raft_core::{
	crypto::Certificate,
	message::{Message, Notice, Promise},
	safety::Mandate,
	symbolic::{Digest, Name, Symbols},
};

use crate::{
	node::{Blocks, Node, SymbolicBlock, What, Wire},
	scenario::Scenario,
};

/// What has to hold always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
	/// One certified block for each height of a term, and all committed blocks and all that anybody finalized on one
	/// line.
	Agreement,
	/// A certified block is a descendant of each that was committed in a lower term.
	CommitsLast,
	/// One leader in each term.
	OneLeader,
	/// A leader is elected by its own set.
	OwnLeader,
	/// No honest authority signs what contradicts what it signed before; none is accused.
	VotesLast,
}

impl Rule {
	pub const ALL: [Self; 5] = [
		Self::Agreement,
		Self::CommitsLast,
		Self::OneLeader,
		Self::OwnLeader,
		Self::VotesLast,
	];

	/// As a property's name.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Agreement => "agreement",
			Self::CommitsLast => "no commit is lost",
			Self::OneLeader => "one leader in a term",
			Self::OwnLeader => "a leader is elected by its set",
			Self::VotesLast => "no vote is taken back",
		}
	}
}

/// Which rules are broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broken(u8);

impl Broken {
	pub fn has(self, rule: Rule) -> bool {
		self.0 & 1 << rule as u8 != 0
	}

	fn add(&mut self, rule: Rule) {
		self.0 |= 1 << rule as u8;
	}

	/// Either's.
	pub fn and(self, other: Self) -> Self {
		Self(self.0 | other.0)
	}
}

/// Something that the search has to come across, or it shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
	/// A block is committed in this term of the first set.
	Commit(u64),
	/// A closing block is committed in a later term than its own.
	Reconfirmed,
	/// The next set commits a block of its own, in this term.
	NextSet(u64),
	/// Two blocks of one height and term were sealed, and one is committed.
	Equivocation,
}

/// What is to be said of a set of sent messages.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
	pub broken: Broken,
	pub reached: BTreeSet<Goal>,
}

#[derive(Default)]
struct Seen {
	certified: BTreeSet<(Phase, Target<Digest>)>,
	leaders: BTreeMap<(SetId, Term), BTreeSet<AuthorityIndex>>,
	/// Blocks voted for by height, and blocks that began a term or were reconfirmed in it.
	votes: BTreeMap<(Name, Phase, SetId, Term, Number), BTreeSet<Digest>>,
	firsts: BTreeMap<(Name, SetId, Term), BTreeSet<Digest>>,
	elections: BTreeMap<(Name, SetId, Term), BTreeSet<AuthorityIndex>>,
	sealed: BTreeMap<(SetId, Term, Number), BTreeSet<Digest>>,
}

/// Judges what was sent.
pub fn judge<'a>(scenario: &Scenario, blocks: &Blocks, wires: impl Iterator<Item = &'a Wire>) -> Verdict {
	let mut seen = Seen::default();
	wires.for_each(|wire| seen.see(scenario, blocks, wire));
	let mut verdict = Verdict::default();
	seen.agreement(blocks, &mut verdict);
	if seen.leaders.values().any(|leaders| leaders.len() > 1) {
		verdict.broken.add(Rule::OneLeader);
	}
	if seen.votes.values().any(|blocks| blocks.len() > 1)
		|| seen.firsts.values().any(|blocks| blocks.len() > 1)
		|| seen.elections.values().any(|candidates| candidates.len() > 1)
	{
		verdict.broken.add(Rule::VotesLast);
	}
	seen.goals(blocks, &mut verdict);
	verdict
}

impl Seen {
	fn see(&mut self, scenario: &Scenario, blocks: &Blocks, wire: &Wire) {
		let honest = Some(wire.from) != scenario.byzantine();
		match &wire.what {
			What::Block(block) => {
				let target = block.target();
				self.sealed
					.entry((target.set_id, target.term, target.number))
					.or_default()
					.insert(block.hash);
				if let Some(election) = &block.digest.election {
					self.elected(&election.certificate);
				}
				// With its own block a leader votes for it.
				if honest {
					self.prepared(wire.from, blocks, target);
				}
			}
			What::Message(Message::Promise(Promise::Vote(vote))) if honest => match vote.phase {
				Phase::Prepare => self.prepared(wire.from, blocks, vote.target),
				Phase::Commit => self.voted(wire.from, Phase::Commit, vote.target),
			},
			What::Message(Message::Promise(Promise::ElectionVote(vote, _))) if honest => {
				let place = (wire.from, vote.set_id, vote.term);
				self.elections.entry(place).or_default().insert(vote.candidate);
			}
			What::Message(Message::Notice(Notice::Elected(certificate))) => self.elected(certificate),
			What::Message(Message::Notice(Notice::Certified(qc))) => {
				self.certified.insert((qc.phase, qc.target));
			}
			_ => {}
		}
	}

	fn elected(&mut self, certificate: &Certificate<Symbols>) {
		let place = (certificate.set_id, certificate.term);
		self.leaders.entry(place).or_default().insert(certificate.leader);
	}

	fn voted(&mut self, who: Name, phase: Phase, target: Target<Digest>) {
		let place = (who, phase, target.set_id, target.term, target.number);
		self.votes.entry(place).or_default().insert(target.hash);
	}

	fn prepared(&mut self, who: Name, blocks: &Blocks, target: Target<Digest>) {
		self.voted(who, Phase::Prepare, target);
		let block = blocks.get(&target.hash);
		let parent = |block: &SymbolicBlock| blocks.get(&block.parent).cloned();
		let first = block.is_some_and(|block| {
			target.term > block.term()
				|| parent(block).is_some_and(|parent| parent.child_is_first(block.set_id(), block.term()))
		});
		if first {
			self.firsts
				.entry((who, target.set_id, target.term))
				.or_default()
				.insert(target.hash);
		}
	}

	fn agreement(&self, blocks: &Blocks, verdict: &mut Verdict) {
		let commits = self.certified.iter().filter(|(phase, _)| *phase == Phase::Commit);
		for (_, commit) in commits {
			for (phase, other) in &self.certified {
				let on_line = blocks.is_on_path(&commit.hash, &other.hash);
				if other.rank() > commit.rank() && !on_line {
					verdict.broken.add(Rule::CommitsLast);
				}
				if *phase == Phase::Commit && !on_line && !blocks.is_on_path(&other.hash, &commit.hash) {
					verdict.broken.add(Rule::Agreement);
				}
			}
		}
		let mut places = BTreeMap::new();
		for (_, target) in &self.certified {
			if *places.entry(target.rank()).or_insert(target.hash) != target.hash {
				verdict.broken.add(Rule::Agreement);
			}
		}
	}

	fn goals(&self, blocks: &Blocks, verdict: &mut Verdict) {
		for (_, target) in self.certified.iter().filter(|(phase, _)| *phase == Phase::Commit) {
			let goal = if target.set_id == SetId(0) {
				Goal::Commit(target.term.0)
			} else {
				Goal::NextSet(target.term.0)
			};
			verdict.reached.insert(goal);
			if blocks
				.get(&target.hash)
				.is_some_and(|block| block.term() < target.term)
			{
				verdict.reached.insert(Goal::Reconfirmed);
			}
			let twins = self.sealed.get(&(target.set_id, target.term, target.number));
			if twins.is_some_and(|twins| twins.len() > 1) {
				verdict.reached.insert(Goal::Equivocation);
			}
		}
	}
}

/// What authorities break: they finalize one line, follow one leader in each term, and sign nothing that contradicts.
pub fn agree(nodes: &[&Node]) -> Broken {
	let mut broken = Broken::default();
	for (position, node) in nodes.iter().enumerate() {
		let durable = node.core.durable();
		let place = (durable.set_id, durable.current_term);
		let leader = durable.mandate.as_ref().map(Mandate::leader);
		if let Some(Mandate::Elected(certificate)) = &durable.mandate {
			if (certificate.set_id, certificate.term) != place {
				broken.add(Rule::OwnLeader);
			}
		}
		if let Some((rule, _)) = node.broken {
			broken.add(rule);
		}
		for other in &nodes[..position] {
			let common = node.finalized.len().min(other.finalized.len());
			if node.finalized[..common] != other.finalized[..common] {
				broken.add(Rule::Agreement);
			}
			let durable = other.core.durable();
			let others = durable.mandate.as_ref().map(Mandate::leader);
			if place == (durable.set_id, durable.current_term)
				&& leader.is_some()
				&& others.is_some()
				&& leader != others
			{
				broken.add(Rule::OneLeader);
			}
		}
	}
	broken
}

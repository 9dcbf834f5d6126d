//! What the Byzantine authority can make of what was sent.
//!
//! It has one key and no scruples: it votes for every block and for every candidate, makes certificates of any quorum,
//! seals two blocks where there should be one, builds on whatever is certified, tells the voters' certificates as it
//! likes (also one that does not exist), and asks to reconfirm what it likes. It cannot sign for others.

use std::collections::{BTreeMap, BTreeSet};
use veilmart_td_raft::{
	AuthorityIndex, Down, ElectionBallot, ElectionDigest, Number, Phase, Reason, SetId, Target, Term,
};
use veilmart_td_raft_core::{
	crypto::{Candidacy, Certificate, Crypto, Dealt, ElectionVote, Place, Qc, SignedDown, Vote},
	message::{Body, Message, Notice, Promise, Reconfirm, RequestVote, Signed, TrapdoorProof},
	symbolic::{digest, Digest, Keys, Name, Symbols, Token},
	Build, To,
};

use crate::{
	node::{seal, Blocks, Header, SymbolicBlock, What, Wire},
	scenario::{Scenario, Weakness},
};

type Votes = BTreeMap<(Phase, Target<Digest>), BTreeMap<AuthorityIndex, Token>>;
/// The ballots for it, by set and term.
type Ballots = BTreeMap<(SetId, Term), BTreeMap<AuthorityIndex, ElectionBallot<Digest, Token>>>;

/// What was sent, as far as it is of use.
#[derive(Default)]
pub struct Knowledge {
	blocks: BTreeMap<Digest, SymbolicBlock>,
	votes: Votes,
	certified: BTreeMap<(Phase, Target<Digest>), Qc<Symbols>>,
	ballots: Ballots,
	/// Who stands, in which set and term.
	candidates: BTreeSet<(SetId, Term, AuthorityIndex)>,
	/// What honest leaders ask to reconfirm.
	reconfirms: BTreeSet<(AuthorityIndex, Target<Digest>)>,
}

impl Knowledge {
	/// Of everything sent.
	pub fn of<'a>(scenario: &Scenario, wires: impl Iterator<Item = &'a Wire>) -> Self {
		let mut knowledge = Self::default();
		wires.for_each(|wire| knowledge.learn(scenario, wire));
		knowledge
	}

	fn learn(&mut self, scenario: &Scenario, wire: &Wire) {
		match &wire.what {
			What::Block(block) => {
				self.blocks.insert(block.hash, block.clone());
			}
			What::Message(Message::Promise(Promise::Vote(vote))) => {
				self.votes
					.entry((vote.phase, vote.target))
					.or_default()
					.insert(vote.voter, vote.signature);
			}
			What::Message(Message::Promise(Promise::ElectionVote(vote, _)))
				if scenario.byzantine_in(vote.set_id.0) == Some(vote.candidate) =>
			{
				let ballots = self.ballots.entry((vote.set_id, vote.term)).or_default();
				ballots.insert(vote.ballot.voter, vote.ballot.clone());
			}
			What::Message(Message::Promise(Promise::RequestVote(signed))) => {
				self.candidates
					.insert((signed.set_id, signed.body.term, signed.signer));
			}
			What::Message(Message::Promise(Promise::Reconfirm(signed))) => {
				let target = Target {
					term: signed.body.certificate.term,
					..signed.body.qc.target
				};
				self.reconfirms.insert((signed.signer, target));
			}
			What::Message(Message::Notice(Notice::Certified(qc))) => {
				self.certified
					.entry((qc.phase, qc.target))
					.or_insert_with(|| qc.clone());
			}
			_ => {}
		}
	}

	/// The certificate of a block that its child is to carry.
	fn certificate_for_child(&self, scenario: &Scenario, block: &SymbolicBlock) -> Option<Qc<Symbols>> {
		if block.number == Number(0) {
			return Some(Qc::<Symbols>::genesis(block.hash));
		}
		// The first that there was, so that it makes no new version of a block when there is another.
		let needs_commit = block.is_closing() && !scenario.makes(Weakness::EarlyChange);
		let of_block = self.certified.values().filter(|qc| block.is_certified_by(qc));
		let serving = of_block.filter(|qc| !needs_commit || qc.phase == Phase::Commit);
		serving.min_by_key(|qc| (qc.rank(), qc.phase)).cloned()
	}
}

/// Something that it can make. To find out what there is to make is quick, to make it is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Recipe {
	/// Both votes for what a leader leads.
	Votes(Name, Target<Digest>),
	/// A vote for a candidate, which knows of no certificate.
	ElectionVote(SetId, Term, AuthorityIndex, Name),
	/// A certificate.
	Certificate(Qc<Symbols>),
	/// The first block of a term, in two versions.
	First(Digest, Qc<Symbols>, Certificate<Symbols>),
	/// The next block of a term.
	Next(Digest, Qc<Symbols>),
	/// A request to certify a closing block again.
	Reconfirm(Certificate<Symbols>, Qc<Symbols>),
	/// A wish for a term that an honest authority wishes for.
	Wish(SetId, Term),
	/// Its candidacy with a dealing that serves.
	Stand(SetId, Term, Dealt<Symbols>),
}

struct Byzantine<'a> {
	scenario: &'a Scenario,
	blocks: &'a Blocks,
	name: Name,
	keys: Keys,
}

/// Everything that can be made of what was sent, in one round. What comes of it can be made in the next.
pub fn recipes(scenario: &Scenario, blocks: &Blocks, knowledge: &Knowledge) -> Vec<Recipe> {
	let Some(name) = scenario.byzantine() else {
		return Vec::new();
	};
	let byzantine = Byzantine {
		scenario,
		blocks,
		name,
		keys: Keys::new(name),
	};
	let mut recipes = Vec::new();
	byzantine.vote(knowledge, &mut recipes);
	byzantine.elect(knowledge, &mut recipes);
	byzantine.certify(knowledge, &mut recipes);
	byzantine.lead(knowledge, &mut recipes);
	recipes
}

/// Makes it.
pub fn make(scenario: &Scenario, blocks: &Blocks, recipe: &Recipe) -> Vec<Wire> {
	let Some(name) = scenario.byzantine() else {
		return Vec::new();
	};
	let byzantine = Byzantine {
		scenario,
		blocks,
		name,
		keys: Keys::new(name),
	};
	let wire = |to, message| Wire {
		from: name,
		to,
		what: What::Message(message),
	};
	match recipe {
		Recipe::Votes(leader, target) => {
			let votes = [Phase::Prepare, Phase::Commit].map(|phase| byzantine.vote_for(phase, *target));
			let messages = votes
				.into_iter()
				.flatten()
				.map(|vote| Message::Promise(Promise::Vote(vote)));
			messages.map(|message| wire(To::One(*leader), message)).collect()
		}
		Recipe::ElectionVote(set_id, term, candidate, who) => {
			let none = Qc::<Symbols>::genesis(scenario.genesis().hash);
			let vote = byzantine.ballot(*set_id, *term, *candidate, none.target);
			let messages = vote.map(|vote| Message::Promise(Promise::ElectionVote(vote, none)));
			messages
				.map(|message| wire(To::One(*who), message))
				.into_iter()
				.collect()
		}
		Recipe::Certificate(qc) => vec![wire(To::Others, Message::Notice(Notice::Certified(qc.clone())))],
		Recipe::First(parent, qc, certificate) => byzantine.begin(parent, qc, certificate),
		Recipe::Next(parent, qc) => byzantine.go_on(parent, qc),
		Recipe::Reconfirm(certificate, qc) => {
			let Some(me) = scenario.byzantine_in(certificate.set_id.0) else {
				return Vec::new();
			};
			let body = Reconfirm::<Symbols> {
				certificate: certificate.clone(),
				qc: qc.clone(),
			};
			let signed = sign(scenario, &byzantine.keys, certificate.set_id, me, body);
			vec![wire(To::Others, Message::Promise(Promise::Reconfirm(signed)))]
		}
		Recipe::Wish(set_id, term) => byzantine.wish(*set_id, *term).into_iter().collect(),
		Recipe::Stand(set_id, term, dealt) => byzantine.stand(*set_id, *term, dealt).into_iter().collect(),
	}
}

fn sign<B: Body>(
	scenario: &Scenario,
	keys: &Keys,
	set_id: SetId,
	signer: AuthorityIndex,
	body: B,
) -> Signed<B, Symbols> {
	let bytes = veilmart_td_raft::payload(B::KIND, &scenario.genesis().hash, set_id, &body);
	Signed {
		set_id,
		signer,
		signature: keys.sign(&bytes),
		body,
	}
}

/// All ways to choose that many.
fn choose<T: Clone>(of: &[T], count: usize) -> Vec<Vec<T>> {
	match (count, of) {
		(0, _) => vec![Vec::new()],
		(_, []) => Vec::new(),
		(_, [first, rest @ ..]) => {
			let mut with = choose(rest, count - 1);
			with.iter_mut().for_each(|choice| choice.insert(0, first.clone()));
			with.extend(choose(rest, count));
			with
		}
	}
}

impl Byzantine<'_> {
	fn name_of(&self, set_id: SetId, index: AuthorityIndex) -> Option<Name> {
		Some(self.scenario.set(set_id.0)?.get(index)?.id)
	}

	fn vote_for(&self, phase: Phase, target: Target<Digest>) -> Option<Vote<Symbols>> {
		let voter = self.scenario.byzantine_in(target.set_id.0)?;
		let bytes = Vote::<Symbols>::payload(&self.scenario.genesis().hash, phase, &target);
		Some(Vote::<Symbols> {
			phase,
			target,
			voter,
			signature: self.keys.sign(&bytes),
		})
	}

	fn wish(&self, set_id: SetId, term: Term) -> Option<Wire> {
		let down = Down {
			term,
			sequence: term.0,
			reason: Reason::Attempt,
		};
		let bytes = SignedDown::<Symbols>::payload(&self.scenario.genesis().hash, set_id, &down);
		let signed = SignedDown::<Symbols> {
			authority: self.scenario.byzantine_in(set_id.0)?,
			down,
			signature: self.keys.sign(&bytes),
		};
		Some(self.to_all(Promise::Down(signed, None)))
	}

	fn stand(&self, set_id: SetId, term: Term, dealt: &Dealt<Symbols>) -> Option<Wire> {
		let me = self.scenario.byzantine_in(set_id.0)?;
		let high_qc = Qc::<Symbols>::genesis(self.scenario.genesis().hash);
		let (vrf, _) = self.keys.draw(set_id, &dealt.beacon, term);
		let candidacy = Candidacy {
			term,
			candidate: me,
			high_qc: high_qc.target,
		};
		let collision = Token {
			by: self.name,
			of: digest(&("collision", dealt.dealing, candidacy)),
		};
		let body = RequestVote::<Symbols> {
			term,
			dealing: dealt.block,
			vrf,
			proof: TrapdoorProof::Collision(collision),
			high_qc,
		};
		let signed = sign(self.scenario, &self.keys, set_id, me, body);
		Some(self.to_all(Promise::RequestVote(signed)))
	}

	fn to_all(&self, promise: Promise<Symbols>) -> Wire {
		Wire {
			from: self.name,
			to: To::Others,
			what: What::Message(Message::Promise(promise)),
		}
	}

	/// What it votes for: every block, and every closing block that a leader asks to reconfirm.
	fn vote(&self, knowledge: &Knowledge, recipes: &mut Vec<Recipe>) {
		let blocks = knowledge
			.blocks
			.values()
			.map(|block| (block.digest.sealer, block.target()));
		for (leader, target) in blocks.chain(knowledge.reconfirms.iter().copied()) {
			let leader = self
				.name_of(target.set_id, leader)
				.filter(|leader| *leader != self.name);
			recipes.extend(leader.map(|leader| Recipe::Votes(leader, target)));
		}
	}

	fn ballot(
		&self,
		set_id: SetId,
		term: Term,
		candidate: AuthorityIndex,
		high_qc: Target<Digest>,
	) -> Option<ElectionVote<Symbols>> {
		let voter = self.scenario.byzantine_in(set_id.0)?;
		let genesis = &self.scenario.genesis().hash;
		let bytes = ElectionBallot::<Digest, Token>::payload(genesis, set_id, term, candidate, &high_qc);
		let ballot = ElectionBallot {
			voter,
			high_qc,
			signature: self.keys.sign(&bytes),
		};
		Some(ElectionVote::<Symbols> {
			set_id,
			term,
			candidate,
			ballot,
		})
	}

	/// It votes for every candidate.
	fn elect(&self, knowledge: &Knowledge, recipes: &mut Vec<Recipe>) {
		for (set_id, term, candidate) in knowledge.candidates.iter().copied() {
			let who = self.name_of(set_id, candidate).filter(|who| *who != self.name);
			recipes.extend(who.map(|who| Recipe::ElectionVote(set_id, term, candidate, who)));
		}
	}

	/// Certificates of all blocks with enough votes, its own among them.
	fn certify(&self, knowledge: &Knowledge, recipes: &mut Vec<Recipe>) {
		for ((phase, target), votes) in &knowledge.votes {
			let (phase, target) = (*phase, *target);
			let Some(set) = self.scenario.set(target.set_id.0) else {
				continue;
			};
			let quorum = self.scenario.quorum(&set);
			if knowledge.certified.contains_key(&(phase, target)) || votes.len() + 1 < quorum {
				continue;
			}
			let mut votes = votes.clone();
			votes.extend(
				self.vote_for(phase, target)
					.map(|vote| (vote.voter, vote.signature)),
			);
			if votes.len() >= quorum {
				let signatures = votes.into_iter().take(quorum).collect();
				recipes.push(Recipe::Certificate(Qc::<Symbols> {
					phase,
					target,
					signatures,
				}));
			}
		}
	}

	/// The certificates of its own election: of each choice of honest ballots one with its own that names `own`, and
	/// those without its own.
	fn certificates(&self, ballots: &Ballots, own: Target<Digest>) -> Vec<Certificate<Symbols>> {
		let mut certificates = Vec::new();
		for ((set_id, term), ballots) in ballots {
			let (set_id, term) = (*set_id, *term);
			let (Some(set), Some(leader)) =
				(self.scenario.set(set_id.0), self.scenario.byzantine_in(set_id.0))
			else {
				continue;
			};
			let honest: Vec<_> = ballots
				.values()
				.filter(|ballot| ballot.voter != leader)
				.cloned()
				.collect();
			let quorum = usize::from(set.quorum());
			let with_own = self.ballot(set_id, term, leader, own).map(|vote| vote.ballot);
			let mut choices = choose(&honest, quorum - 1);
			choices
				.iter_mut()
				.for_each(|choice| choice.extend(with_own.clone()));
			choices.extend(choose(&honest, quorum));
			for mut choice in choices {
				choice.sort_by_key(|ballot| ballot.voter);
				let ballots = choice.into_iter().collect();
				certificates.push(Certificate::<Symbols> {
					set_id,
					term,
					leader,
					ballots,
				});
			}
		}
		certificates
	}

	/// What it does as a leader.
	fn lead(&self, knowledge: &Knowledge, recipes: &mut Vec<Recipe>) {
		let genesis = self.scenario.genesis();
		let by_the_book = self.certificates(&knowledge.ballots, genesis.target());
		self.reconfirm(knowledge, &by_the_book, recipes);
		for parent in knowledge.blocks.values().chain([genesis]) {
			if parent.number.0 >= self.scenario.height {
				continue;
			}
			let Some(qc) = knowledge.certificate_for_child(self.scenario, parent) else {
				continue;
			};
			if self.goes_on(parent) {
				recipes.push(Recipe::Next(parent.hash, qc.clone()));
			}
			// With what the voters said; or with the claim to have seen a much higher certificate of the parent.
			let invented = Target {
				number: Number(99),
				term: Term(98),
				..qc.target
			};
			let with_invented = self.certificates(&knowledge.ballots, invented);
			for certificate in by_the_book.iter().chain(&with_invented) {
				let tells = certificate.maximum() == Some(&invented);
				let covers = |ballot: &ElectionBallot<_, _>| qc.target.covers(&ballot.high_qc);
				let covered = certificate
					.ballots
					.iter()
					.filter(|ballot| !tells || ballot.high_qc != invented)
					.all(covers);
				let wanted = if tells {
					!covered
				} else {
					covered || self.scenario.makes(Weakness::Maximum)
				};
				if wanted && self.begins(knowledge, parent, certificate) {
					recipes.push(Recipe::First(parent.hash, qc.clone(), certificate.clone()));
				}
			}
		}
	}

	/// Whether it can seal the first block of a term on a block, and has not done so. With which certificate does not
	/// matter, if it serves.
	fn begins(
		&self,
		knowledge: &Knowledge,
		parent: &SymbolicBlock,
		certificate: &Certificate<Symbols>,
	) -> bool {
		let (set_id, term) = (parent.child_set_id(), certificate.term);
		let of_old_set = parent.is_closing() && certificate.set_id == parent.set_id();
		let elected =
			certificate.set_id == set_id || of_old_set && self.scenario.makes(Weakness::OldCertificate);
		let serves = |block: &SymbolicBlock| {
			(block.parent, block.set_id(), block.term(), block.seal.by)
				== (parent.hash, set_id, term, self.name)
		};
		elected && parent.child_is_first(set_id, term) && !knowledge.blocks.values().any(serves)
	}

	fn begin(&self, parent: &Digest, qc: &Qc<Symbols>, certificate: &Certificate<Symbols>) -> Vec<Wire> {
		let Some(parent) = self.blocks.get(parent) else {
			return Vec::new();
		};
		let set_id = parent.child_set_id();
		// Of set 0 genesis has a dealing, of set 1 the closing block.
		let dealing = if set_id == SetId(0) {
			self.scenario.genesis().hash
		} else {
			let path = self.blocks.path(&parent.hash);
			let closing = path
				.iter()
				.find(|hash| self.blocks.get(hash).is_some_and(|block| block.is_closing()));
			closing.copied().unwrap_or_default()
		};
		let Some(beacon) = self.blocks.beacon(&dealing) else {
			return Vec::new();
		};
		let (vrf, _) = self.keys.draw(set_id, &beacon, certificate.term);
		let election = ElectionDigest {
			certificate: certificate.clone(),
			vrf,
			dealing,
		};
		let versions =
			(0..2).filter_map(|content| self.seal(parent, qc, certificate.term, Some(&election), content));
		versions.collect()
	}

	/// Whether it sealed a block, and seals the next one of the same term.
	fn goes_on(&self, parent: &SymbolicBlock) -> bool {
		let is_member = self.scenario.byzantine_in(parent.child_set_id().0).is_some();
		is_member
			&& parent.seal.by == self.name
			&& !parent.child_is_first(parent.child_set_id(), parent.term())
	}

	fn go_on(&self, parent: &Digest, qc: &Qc<Symbols>) -> Vec<Wire> {
		let Some(parent) = self.blocks.get(parent) else {
			return Vec::new();
		};
		let versions = 0..self.scenario.versions;
		versions
			.filter_map(|content| self.seal(parent, qc, parent.term(), None, content))
			.collect()
	}

	fn seal(
		&self,
		parent: &SymbolicBlock,
		qc: &Qc<Symbols>,
		term: Term,
		election: Option<&ElectionDigest<Digest, Token, Token>>,
		content: u8,
	) -> Option<Wire> {
		let set_id = parent.child_set_id();
		let sealer = self.scenario.byzantine_in(set_id.0)?;
		let header = Header {
			set_id,
			term,
			sealer,
			parent_qc: qc.clone(),
			commit_qc: Qc::<Symbols>::genesis(self.scenario.genesis().hash),
			election: election.cloned(),
		};
		let holders = parent
			.child_closes
			.clone()
			.or_else(|| self.scenario.set(set_id.0));
		let dealing = holders
			.filter(|_| election.is_some() || parent.child_closes.is_some())
			.and_then(|holders| {
				let place = Place {
					holders: holders.id(),
					term,
					dealer: sealer,
					parent: Some(parent.hash),
				};
				self.keys.clone().deal(&holders, &place)
			});
		let build = Build {
			parent: parent.hash,
			number: parent.number.next(),
			digest: header,
			dealing,
		};
		let block = seal(self.scenario, self.name, &build, parent, content);
		Some(Wire {
			from: self.name,
			to: To::Others,
			what: What::Block(block),
		})
	}

	/// Asks to certify any closing block again: with its certificate, or (in vain) without.
	fn reconfirm(
		&self,
		knowledge: &Knowledge,
		certificates: &[Certificate<Symbols>],
		recipes: &mut Vec<Recipe>,
	) {
		for (block, certificate) in knowledge
			.blocks
			.values()
			.flat_map(|block| certificates.iter().map(move |certificate| (block, certificate)))
		{
			if !block.is_closing() || block.set_id() != certificate.set_id || block.term() >= certificate.term
			{
				continue;
			}
			let of_block = knowledge
				.certified
				.values()
				.filter(|qc| block.is_certified_by(qc));
			let forged = Qc::<Symbols> {
				phase: Phase::Prepare,
				target: block.target(),
				signatures: std::iter::empty().collect(),
			};
			let forged = self.scenario.makes(Weakness::BareReconfirm).then_some(&forged);
			for qc in of_block
				.filter(|qc| qc.target.term < certificate.term)
				.chain(forged)
			{
				recipes.push(Recipe::Reconfirm(certificate.clone(), qc.clone()));
			}
		}
	}
}

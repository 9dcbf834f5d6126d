//! One honest authority: a real core with a disk, and what of its conduct can be judged without the others.

use std::{
	collections::{BTreeMap, HashMap},
	sync::Arc,
};
use veilmart_td_raft::{Evidence, Number, SetId, Term, Timing};
use veilmart_td_raft_core::{
	crypto::{Crypto, Digest as HeaderDigest, SignedDown},
	message::{Message, Notice, Promise},
	safety::Durable,
	symbolic::{Digest, Keys, Name, Symbols, Token},
	Anchor, Block, Build, Config, Core, Input, Output, Record, Sequence, Timer, To,
};

use crate::{canonical, properties::Rule, scenario::Scenario};

pub type SymbolicBlock = Arc<Block<Symbols>>;

/// Something sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
	pub from: Name,
	pub to: To<Name>,
	pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
	clippy::large_enum_variant,
	reason = "nearly all are messages, and each is stored once"
)]
pub enum What {
	Message(Message<Symbols>),
	Block(SymbolicBlock),
}

impl Wire {
	/// Whether it is delivered to all at once, outside of the random walks: it changes nothing that a vote for a block
	/// or for a leader depends on.
	pub fn is_eager(&self) -> bool {
		match &self.what {
			What::Message(Message::Promise(promise)) => {
				matches!(promise, Promise::Down(..) | Promise::RequestShares(_))
			}
			What::Message(Message::Notice(notice)) => {
				matches!(notice, Notice::Entry(_) | Notice::Share(_) | Notice::Behind(_))
			}
			What::Block(_) => false,
		}
	}

	/// Whether only the random walks deliver it: it repeats what was sent.
	pub fn is_repetition(&self) -> bool {
		match &self.what {
			What::Message(Message::Promise(promise)) => matches!(promise, Promise::Heartbeat(_)),
			What::Message(Message::Notice(notice)) => {
				matches!(notice, Notice::Status(_) | Notice::CatchUp(_))
			}
			What::Block(_) => false,
		}
	}
}

/// What happens to an authority.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
	/// Something sent reaches it.
	Wire(u32),
	/// Time is up.
	Timer(Timer),
	/// The disk has all that was written.
	Synced,
	/// It crashes and starts again, with what the disk has; the database may have lost everything.
	Crash { database: bool },
}

/// All blocks made so far.
#[derive(Debug, Default)]
pub struct Blocks {
	known: HashMap<Digest, (SymbolicBlock, Digest)>,
}

impl Blocks {
	/// With genesis.
	pub fn new(scenario: &Scenario) -> Self {
		let genesis = scenario.genesis();
		let mut blocks = Self::default();
		blocks.known.insert(genesis.hash, (genesis.clone(), genesis.hash));
		blocks
	}

	pub fn get(&self, hash: &Digest) -> Option<&SymbolicBlock> {
		self.known.get(hash).map(|(block, _)| block)
	}

	/// The beacon that lots over this block's dealing are drawn from.
	pub fn beacon(&self, hash: &Digest) -> Option<Digest> {
		self.known.get(hash).map(|(_, beacon)| *beacon)
	}

	/// Takes note of a block; its parent is known.
	pub fn add(&mut self, scenario: &Scenario, block: &SymbolicBlock) {
		let beacon = match &block.digest.election {
			Some(election) if election.certificate.set_id == block.set_id() => {
				let used = self.beacon(&election.dealing).unwrap_or_default();
				let keys = Keys::new(block.seal.by);
				let lot = keys.lot(&block.seal.by, block.set_id(), &used, block.term(), &election.vrf);
				lot.map_or(used, |lot| keys.beacon(&used, &lot.output, block.term()))
			}
			_ => self.beacon(&block.parent).unwrap_or(scenario.genesis().hash),
		};
		self.known
			.entry(block.hash)
			.or_insert_with(|| (block.clone(), beacon));
	}

	/// The blocks from genesis to this one, without genesis.
	pub fn path(&self, hash: &Digest) -> Vec<Digest> {
		let mut path = Vec::new();
		let mut next = self.get(hash);
		while let Some(block) = next.filter(|block| block.number > Number(0)) {
			path.push(block.hash);
			next = self.get(&block.parent);
		}
		path.reverse();
		path
	}

	/// Whether one is the other or an ancestor of it.
	pub fn is_on_path(&self, hash: &Digest, to: &Digest) -> bool {
		let Some(height) = self.get(hash).map(|block| block.number) else {
			return false;
		};
		let mut next = self.get(to);
		while let Some(block) = next.filter(|block| block.number > height) {
			next = self.get(&block.parent);
		}
		next.is_some_and(|block| block.hash == *hash)
	}
}

/// Builds and seals a block. Its hash leaves out whose signatures its certificates have.
pub fn seal(
	scenario: &Scenario,
	by: Name,
	build: &Build<Symbols>,
	parent: &Block<Symbols>,
	content: u8,
) -> SymbolicBlock {
	let keys = Keys::new(by);
	let next_set = parent.child_closes.clone();
	let hash = Digest(canonical::key(&(build.parent, build.number, &build.digest, content)) as u64);
	let mut block = Block {
		hash,
		parent: build.parent,
		number: build.number,
		digest: build.digest.clone(),
		unsealed: hash,
		seal: Token { by, of: Digest(0) },
		dealing: build.dealing,
		next_set,
		child_closes: scenario.closes_after(build.number),
	};
	block.seal = keys.sign(
		&block
			.seal_body()
			.payload(&scenario.genesis().hash, block.set_id()),
	);
	Arc::new(block)
}

/// An authority.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
	pub core: Core<Keys>,
	/// What the disk has: the log's last record, and the blocks in the log.
	log: Option<Durable<Symbols>>,
	bodies: BTreeMap<Digest, SymbolicBlock>,
	/// Records on their way to the disk.
	unsynced: Vec<(Sequence, Arc<Record<Symbols>>)>,
	/// The database: imported blocks, and what follows from the final ones.
	imported: BTreeMap<Digest, SymbolicBlock>,
	anchor: Option<Anchor<Symbols>>,
	/// The blocks that it said are final, from height 1.
	pub finalized: Vec<Digest>,
	/// The highest term of which it has signed a vote that left.
	signed: (SetId, Term),
	/// What it did that no honest authority does, and the rule against it.
	pub broken: Option<(Rule, &'static str)>,
}

impl Node {
	pub fn new(scenario: &Scenario, name: Name) -> Self {
		Self {
			core: restore(scenario, name, None, None),
			log: None,
			bodies: BTreeMap::new(),
			unsynced: Vec::new(),
			imported: BTreeMap::new(),
			anchor: None,
			finalized: Vec::new(),
			signed: (SetId(0), Term(0)),
			broken: None,
		}
	}

	/// Whether records wait for the disk.
	pub fn is_writing(&self) -> bool {
		!self.unsynced.is_empty()
	}

	/// Whether it can start again: a missing log beside a database that is not empty refuses.
	pub fn can_restart(&self) -> bool {
		self.log.is_some() || self.finalized.is_empty()
	}

	/// The highest term that it takes part in or tries to elect a leader for.
	pub fn term(&self) -> Term {
		let durable = self.core.durable();
		durable.current_term.max(durable.attempt)
	}

	/// Takes a step, and gives what leaves.
	pub fn step(
		&mut self,
		scenario: &Scenario,
		name: Name,
		blocks: &Blocks,
		step: &Step,
		wire: Option<&Wire>,
	) -> Vec<Wire> {
		let mut sent = Vec::new();
		match (step, wire) {
			(
				Step::Wire(_),
				Some(Wire {
					from,
					what: What::Message(message),
					..
				}),
			) => {
				let input = Input::Message {
					from: *from,
					message: message.clone(),
				};
				self.input(scenario, name, blocks, input, &mut sent);
			}
			(
				Step::Wire(_),
				Some(Wire {
					what: What::Block(block),
					..
				}),
			) => {
				if self.core.verify(block) == Some(Ok(())) {
					if scenario.crashes > 0 {
						self.imported.insert(block.hash, block.clone());
					}
					let input = self.imported(blocks, block.clone());
					self.input(scenario, name, blocks, input, &mut sent);
				}
			}
			(Step::Wire(_), None) => {}
			(Step::Timer(timer), _) => self.input(scenario, name, blocks, Input::Elapsed(*timer), &mut sent),
			(Step::Synced, _) => self.sync(scenario, name, blocks, &mut sent),
			(Step::Crash { database }, _) => self.crash(scenario, name, blocks, *database, &mut sent),
		}
		self.hurry(scenario, name, blocks, &mut sent);
		sent
	}

	/// A block is in the database.
	fn imported(&self, blocks: &Blocks, block: SymbolicBlock) -> Input<Symbols> {
		let certificates = [
			&self.core.durable().high_qc,
			&self.core.chain().anchor().commit_qc,
		];
		let certified = certificates
			.iter()
			.any(|qc| blocks.is_on_path(&block.hash, &qc.target.hash));
		Input::Imported { block, certified }
	}

	/// There are no better candidates to wait for, and a leader proposes what it can: to be late is to be delivered
	/// late.
	fn hurry(&mut self, scenario: &Scenario, name: Name, blocks: &Blocks, sent: &mut Vec<Wire>) {
		for timer in [Timer::Vote, Timer::Block] {
			let waits = scenario.is_fine || scenario.waits && timer == Timer::Vote;
			if !waits && self.core.timers().is_set(timer) {
				self.input(scenario, name, blocks, Input::Elapsed(timer), sent);
			}
		}
	}

	fn input(
		&mut self,
		scenario: &Scenario,
		name: Name,
		blocks: &Blocks,
		input: Input<Symbols>,
		sent: &mut Vec<Wire>,
	) {
		let mut inputs = vec![input];
		while let Some(input) = inputs.pop() {
			for output in self.core.step(0, input) {
				match output {
					Output::Persist(sequence, record) if scenario.crashes > 0 => {
						self.unsynced.push((sequence, record))
					}
					Output::Persist(sequence, _) => inputs.push(Input::Persisted(sequence)),
					Output::Build(build) => {
						let parent = self.core.chain().get(&build.parent);
						if let Some(parent) = parent.filter(|_| build.number.0 <= scenario.height) {
							let block = seal(scenario, name, &build, &parent.block, 0);
							inputs.insert(0, Input::Built(block));
						}
					}
					Output::Send(to, message) => {
						self.watch(&message);
						let message = if scenario.is_fine {
							Some(message)
						} else {
							numbered(scenario, name, self, message)
						};
						sent.extend(message.map(|message| Wire {
							from: name,
							to,
							what: What::Message(message),
						}));
					}
					Output::Propose(block) => {
						if scenario.crashes > 0 {
							self.imported.insert(block.hash, block.clone());
						}
						self.watch_vote((block.set_id(), block.term()));
						sent.push(Wire {
							from: name,
							to: To::Others,
							what: What::Block(block),
						});
					}
					Output::Finalize { hash, .. } => self.finalize(scenario, blocks, &hash),
					Output::Report(evidence) => {
						let (set_id, offender) = evidence.offender();
						let set = self.core.chain().anchor().set_of(set_id);
						let id = set
							.and_then(|set| set.get(offender))
							.map(|authority| authority.id);
						// Whose ballots a certificate has is not known where that does not count.
						let is_known = scenario.is_fine || !matches!(evidence, Evidence::ElectionVotes(..));
						if is_known && id != scenario.byzantine() {
							self.broken = Some((Rule::VotesLast, "an honest authority is accused"));
						}
					}
					Output::Fetch { .. } | Output::Submit(_) => {}
				}
			}
		}
	}

	/// From an election vote on, nothing of a lower term is signed.
	fn watch(&mut self, message: &Message<Symbols>) {
		match message {
			Message::Promise(Promise::Vote(vote)) => self.watch_vote((vote.target.set_id, vote.target.term)),
			Message::Promise(Promise::ElectionVote(vote, _)) => self.watch_vote((vote.set_id, vote.term)),
			_ => {}
		}
	}

	fn watch_vote(&mut self, term: (SetId, Term)) {
		if term < self.signed {
			self.broken = Some((Rule::VotesLast, "a vote of a term that its signer had left"));
		}
		self.signed = self.signed.max(term);
	}

	fn finalize(&mut self, scenario: &Scenario, blocks: &Blocks, hash: &Digest) {
		let path = blocks.path(hash);
		let common = path.len().min(self.finalized.len());
		if path[..common] != self.finalized[..common] {
			self.broken = Some((Rule::Agreement, "an authority finalizes two blocks of one height"));
		}
		if path.len() > self.finalized.len() {
			self.finalized = path;
		}
		if scenario.crashes > 0 {
			self.anchor = Some(self.core.chain().anchor().clone());
		}
	}

	fn sync(&mut self, scenario: &Scenario, name: Name, blocks: &Blocks, sent: &mut Vec<Wire>) {
		let Some((last, _)) = self.unsynced.last() else {
			return;
		};
		let last = *last;
		for (_, record) in std::mem::take(&mut self.unsynced) {
			self.log = Some(record.durable.clone());
			self.bodies
				.extend(record.block.iter().map(|block| (block.hash, block.clone())));
		}
		self.input(scenario, name, blocks, Input::Persisted(last), sent);
	}

	fn crash(
		&mut self,
		scenario: &Scenario,
		name: Name,
		blocks: &Blocks,
		database: bool,
		sent: &mut Vec<Wire>,
	) {
		self.unsynced.clear();
		if !database {
			self.anchor = None;
			self.imported.clear();
		}
		self.core = restore(scenario, name, self.anchor.clone(), self.log.clone());
		let known = self.imported.values().chain(self.bodies.values());
		let mut known: Vec<_> = known
			.map(|block| (block.number, block.hash, block.clone()))
			.collect();
		known.sort_by_key(|(number, hash, _)| (*number, *hash));
		known.dedup_by_key(|(_, hash, _)| *hash);
		for (_, _, block) in known {
			let input = self.imported(blocks, block);
			self.input(scenario, name, blocks, input, sent);
		}
	}
}

fn restore(
	scenario: &Scenario,
	name: Name,
	anchor: Option<Anchor<Symbols>>,
	log: Option<Durable<Symbols>>,
) -> Core<Keys> {
	let genesis = scenario.genesis();
	// Nobody waits for better candidates, nor for its turn.
	let timing = Timing {
		spread: 0,
		vote_delay: 0,
		..Timing::LOCAL
	};
	let config = Config {
		genesis: genesis.hash,
		me: name,
		timing,
		mutants: scenario.mutants,
	};
	let anchor = anchor.unwrap_or_else(|| Anchor::genesis(genesis.clone(), scenario.first_set()));
	Core::restore(config, Keys::new(name), anchor, log, 0)
}

/// A wish with its term as its number, so that it does not matter how many there were before; none for a withdrawal,
/// which gets lost.
fn numbered(
	scenario: &Scenario,
	name: Name,
	node: &Node,
	message: Message<Symbols>,
) -> Option<Message<Symbols>> {
	let Message::Promise(Promise::Down(mut signed, transaction)) = message else {
		return Some(message);
	};
	if signed.down.term == Term(0) {
		return None;
	}
	signed.down.sequence = signed.down.term.0;
	let set_id = node.core.durable().set_id;
	let bytes = SignedDown::<Symbols>::payload(&scenario.genesis().hash, set_id, &signed.down);
	signed.signature = Keys::new(name).sign(&bytes);
	Some(Message::Promise(Promise::Down(signed, transaction)))
}

/// What the header of a block says.
pub type Header = HeaderDigest<Symbols>;

//! A deterministic network of symbolic cores: virtual time, cuts, crashes that lose what was not yet on disk, and a
//! check after every finalization that nobody finalized anything else at that height.

use std::{
	collections::{BTreeMap, BTreeSet},
	sync::Arc,
};
use veilmart_td_raft::{Number, SetId, Term, Timing};
use veilmart_td_raft_core::{
	crypto,
	message::Message,
	safety::Durable,
	symbolic::{self, Digest, Keys, Name, Symbols},
	Anchor, Block, Build, Config, Core, Input, Mutants, Output, Record, Sequence, To, MAX_BEHIND,
};

pub type Symbolic = Core<Keys>;
pub type SymbolicBlock = Arc<Block<Symbols>>;

/// Of messages and fetches.
const LATENCY: u64 = 10;
/// Of the disk.
const SYNC: u64 = 2;
/// Of building a block.
const BUILD: u64 = 3;
/// What the wall clock shows at the beginning.
const EPOCH: u64 = 1_000_000;

#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)]
enum Event {
	Message { from: Name, message: Message<Symbols> },
	Block { from: Name, block: SymbolicBlock },
	Persisted(Sequence),
	Built(SymbolicBlock),
}

pub struct Node {
	pub core: Option<Symbolic>,
	unsynced: Vec<(Sequence, Arc<Record<Symbols>>)>,
	pub log: Option<Durable<Symbols>>,
	/// Blocks in the log, or in the database after it has written.
	on_disk: BTreeSet<Digest>,
	anchor: Anchor<Symbols>,
	blocks: BTreeMap<Digest, SymbolicBlock>,
	pub finalized: u64,
	keys: Keys,
	starts: u64,
}

/// Whether a message that somebody sends is lost.
pub type Swallows = Box<dyn Fn(Name, &Message<Symbols>) -> bool>;

pub struct Network {
	pub now: u64,
	pub nodes: BTreeMap<Name, Node>,
	pub genesis: SymbolicBlock,
	pub timing: Timing,
	events: BTreeMap<(u64, u64), (Name, u64, Event)>,
	count: u64,
	cut: BTreeSet<(Name, Name)>,
	/// Block at this height closes the set, and this one follows.
	closing: BTreeMap<u64, Vec<u16>>,
	sets: BTreeMap<u64, u64>,
	/// Nobody may finalize two different blocks at one height.
	pub canon: BTreeMap<u64, Digest>,
	pub reports: Vec<(Name, crypto::Evidence<Symbols>)>,
	pub refused: Vec<String>,
	/// Seals two blocks for each that it should build.
	pub equivocator: Option<Name>,
	/// Loses this many of 256 messages, and delays by up to this many milliseconds.
	pub loss: u64,
	pub jitter: u64,
	random: u64,
	pub blocks_by: BTreeMap<u64, (Term, SetId, Name)>,
	pub sent: u64,
	/// The database returns from a commit before it has written, which it does each so many milliseconds.
	pub lazy_database: Option<u64>,
	written_at: u64,
	/// The most blocks that a core kept that were not final.
	pub most_pending: usize,
	/// Requests for blocks.
	pub fetches: u64,
	/// Proposals take this much longer to those.
	pub held_up: (u64, BTreeSet<Name>),
	/// Gets two other blocks of the first's in place of each that the first proposes.
	pub fed: Option<(Name, Name)>,
	/// Those get no proposals.
	pub unserved: BTreeSet<Name>,
	/// When each block was ordered, if blocks are dated.
	pub dates: Option<BTreeMap<Digest, u64>>,
	/// Blocks of those are dated far behind the clocks of all others.
	pub backdates: BTreeSet<Name>,
	/// Only this one sees that, whose clock is ahead.
	pub late: Option<Name>,
	/// Those answer no requests for blocks.
	pub withholds: BTreeSet<Name>,
	/// Which messages do not arrive at whom.
	pub swallows: Swallows,
	/// Building takes this much longer.
	pub slow_building: u64,
	/// What was asked for and is not built yet, and whether something was asked for twice at a time.
	pub orders: BTreeMap<Name, Vec<(u64, Term)>>,
	pub twice: u64,
	/// When the builder of each is free.
	free: BTreeMap<Name, u64>,
}

pub fn name(n: u16) -> Name {
	Name(n)
}

impl Network {
	pub fn new(n: u16) -> Self {
		let names: Vec<_> = (0..n).collect();
		Self::with(&names, &names, BTreeMap::new())
	}

	/// All nodes, the first set, and which sets follow after which heights.
	pub fn with(all: &[u16], first: &[u16], closing: BTreeMap<u64, Vec<u16>>) -> Self {
		let set = symbolic::set(0, first).unwrap();
		let sets: BTreeMap<_, _> = closing
			.keys()
			.zip(1..)
			.map(|(height, set)| (*height, set))
			.collect();
		let mut network = Self {
			now: 0,
			nodes: BTreeMap::new(),
			genesis: Arc::new(symbolic::genesis(&set, None)),
			timing: Timing::LOCAL,
			events: BTreeMap::new(),
			count: 0,
			cut: BTreeSet::new(),
			closing,
			sets,
			canon: BTreeMap::new(),
			reports: Vec::new(),
			refused: Vec::new(),
			equivocator: None,
			loss: 0,
			jitter: 0,
			random: 0x9e37_79b9_7f4a_7c15,
			blocks_by: BTreeMap::new(),
			sent: 0,
			lazy_database: None,
			written_at: 0,
			most_pending: 0,
			fetches: 0,
			held_up: (0, BTreeSet::new()),
			fed: None,
			unserved: BTreeSet::new(),
			dates: None,
			backdates: BTreeSet::new(),
			late: None,
			withholds: BTreeSet::new(),
			swallows: Box::new(|_, _| false),
			slow_building: 0,
			orders: BTreeMap::new(),
			twice: 0,
			free: BTreeMap::new(),
		};
		network.genesis = Arc::new(symbolic::genesis(&set, network.closes_after(0)));
		for n in all {
			let anchor = Anchor::genesis(network.genesis.clone(), set.clone());
			let node = Node {
				core: None,
				unsynced: Vec::new(),
				log: None,
				on_disk: [network.genesis.hash].into(),
				anchor,
				blocks: [(network.genesis.hash, network.genesis.clone())].into(),
				finalized: 0,
				keys: Keys::new(name(*n)),
				starts: 0,
			};
			network.nodes.insert(name(*n), node);
			network.start(name(*n));
		}
		network
	}

	pub fn set_timing(&mut self, timing: Timing) {
		self.timing = timing;
		let cores = self.nodes.values_mut().filter_map(|node| node.core.as_mut());
		cores.for_each(|core| core.set_timing(timing));
	}

	pub fn seed(&mut self, seed: u64) {
		self.random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
	}

	pub fn random(&mut self, below: u64) -> u64 {
		self.random ^= self.random << 13;
		self.random ^= self.random >> 7;
		self.random ^= self.random << 17;
		(self.random >> 11) % below.max(1)
	}

	/// The set that follows the child of a block at this height.
	fn closes_after(&self, height: u64) -> Option<veilmart_td_raft::AuthoritySet<Name, Name>> {
		let members = self.closing.get(&(height + 1))?;
		Some(symbolic::set(self.sets[&(height + 1)], members).unwrap())
	}

	pub fn lies(&mut self, who: Name) {
		let node = self.nodes.get_mut(&who).unwrap();
		node.keys.lies = true;
		self.crash(who);
		self.start(who);
	}

	/// Starts a node from what is on its disk.
	pub fn start(&mut self, who: Name) {
		let config = Config {
			genesis: self.genesis.hash,
			me: who,
			timing: self.timing,
			mutants: Mutants::default(),
		};
		let node = self.nodes.get_mut(&who).unwrap();
		node.starts += 1;
		let core = Core::restore(
			config,
			node.keys.clone(),
			node.anchor.clone(),
			node.log.clone(),
			self.now,
		);
		node.core = Some(core);
		let mut blocks: Vec<_> = node.blocks.values().cloned().collect();
		blocks.sort_by_key(|block| block.number);
		let ends = self.certified(who);
		let mut line = BTreeSet::new();
		for block in blocks.iter().rev() {
			if ends.contains(&block.hash) || line.contains(&block.hash) {
				line.insert(block.hash);
				line.insert(block.parent);
			}
		}
		blocks.sort_by_key(|block| (!line.contains(&block.hash), block.number));
		for block in blocks {
			let certified = line.contains(&block.hash);
			let date = self.date(who, &block);
			self.say_date(who, block.hash, date);
			self.step(who, Input::Imported { block, certified });
		}
	}

	/// The wall clock, which all have.
	pub fn clock(&self) -> u64 {
		EPOCH + self.now
	}

	/// When a block is dated, as this one sees it.
	fn date(&self, who: Name, block: &Block<Symbols>) -> Option<u64> {
		if self.is_backdated(who, block) {
			return Some(self.clock() - MAX_BEHIND - 1);
		}
		self.dates.as_ref()?.get(&block.hash).copied()
	}

	/// Says to a core how a block is dated that it is given next.
	pub fn say_date(&mut self, who: Name, block: Digest, date: Option<u64>) {
		let core = self.nodes.get_mut(&who).and_then(|node| node.core.as_mut());
		if let (Some(core), Some(date)) = (core, date) {
			core.set_date(&block, date);
		}
	}

	fn is_backdated(&self, who: Name, block: &Block<Symbols>) -> bool {
		if self.late.is_some_and(|late| late != who) {
			return false;
		}
		let anchor = self.core(who).chain().anchor();
		let set = anchor.set_of(block.set_id());
		let sealer = set.and_then(|set| set.get(block.digest.sealer));
		sealer.is_some_and(|sealer| self.backdates.contains(&sealer.id))
	}

	/// The blocks of the highest certificates that a node knows.
	fn certified(&self, who: Name) -> [Digest; 2] {
		let core = self.core(who);
		[&core.durable().high_qc, &core.chain().anchor().commit_qc].map(|qc| qc.target.hash)
	}

	/// A node loses what it had not yet written.
	pub fn crash(&mut self, who: Name) {
		let node = self.nodes.get_mut(&who).unwrap();
		node.core = None;
		node.unsynced.clear();
		if self.lazy_database.is_some() {
			node.blocks.retain(|hash, _| node.on_disk.contains(hash));
			node.finalized = node.anchor.root.number.0;
		}
	}

	fn write_databases(&mut self) {
		self.written_at = self.now;
		for node in self.nodes.values_mut() {
			if let Some(core) = &node.core {
				node.anchor = core.chain().anchor().clone();
				node.on_disk.extend(node.blocks.keys());
			}
		}
	}

	pub fn restart(&mut self, who: Name) {
		self.crash(who);
		self.start(who);
	}

	pub fn cut(&mut self, a: Name, b: Name) {
		self.cut.insert((a, b));
		self.cut.insert((b, a));
	}

	pub fn isolate(&mut self, who: Name) {
		let others: Vec<_> = self.nodes.keys().copied().filter(|other| *other != who).collect();
		others.into_iter().for_each(|other| self.cut(who, other));
	}

	pub fn recover(&mut self) {
		self.cut.clear();
	}

	pub fn core(&self, who: Name) -> &Symbolic {
		self.nodes[&who].core.as_ref().unwrap()
	}

	pub fn running(&self) -> Vec<Name> {
		self.nodes
			.iter()
			.filter(|(_, node)| node.core.is_some())
			.map(|(name, _)| *name)
			.collect()
	}

	/// The one that most of the running nodes follow.
	pub fn leader(&self) -> Option<Name> {
		let mut counts = BTreeMap::<Name, usize>::new();
		for who in self.running() {
			if let Some(leader) = self.core(who).leader() {
				*counts.entry(*leader).or_default() += 1;
			}
		}
		counts
			.into_iter()
			.max_by_key(|(_, count)| *count)
			.map(|(name, _)| name)
	}

	pub fn finalized(&self, who: Name) -> u64 {
		self.nodes[&who].finalized
	}

	pub fn least_finalized(&self) -> u64 {
		self.running()
			.into_iter()
			.map(|who| self.finalized(who))
			.min()
			.unwrap_or(0)
	}

	fn schedule(&mut self, to: Name, after: u64, event: Event) {
		self.count += 1;
		let starts = self.nodes[&to].starts;
		self.events
			.insert((self.now + after, self.count), (to, starts, event));
	}

	fn deliver(&mut self, from: Name, to: Name, event: Event) {
		self.deliver_after(0, from, to, event);
	}

	fn deliver_after(&mut self, longer: u64, from: Name, to: Name, event: Event) {
		if from == to || self.cut.contains(&(from, to)) || !self.nodes.contains_key(&to) {
			return;
		}
		if matches!(&event, Event::Message { message, .. } if (self.swallows)(to, message)) {
			return;
		}
		self.sent += 1;
		let lost = self.random(256) < self.loss;
		let extra = if self.jitter > 0 {
			self.random(self.jitter)
		} else {
			0
		};
		if !lost {
			self.schedule(to, LATENCY + extra + longer, event);
		}
	}

	pub fn step(&mut self, who: Name, input: Input<Symbols>) {
		let now = self.now;
		let Some(core) = self.nodes.get_mut(&who).and_then(|node| node.core.as_mut()) else {
			return;
		};
		core.set_clock(EPOCH + now);
		let outputs = core.step(now, input);
		for output in outputs {
			self.carry_out(who, output);
		}
	}

	fn carry_out(&mut self, who: Name, output: Output<Symbols>) {
		let names: Vec<_> = self.nodes.keys().copied().collect();
		match output {
			Output::Persist(sequence, record) => {
				self.nodes
					.get_mut(&who)
					.unwrap()
					.unsynced
					.push((sequence, record));
				self.schedule(who, SYNC, Event::Persisted(sequence));
			}
			Output::Send(To::One(to), message) => {
				self.deliver(who, to, Event::Message { from: who, message })
			}
			Output::Send(To::Others, message) => {
				for to in names {
					self.deliver(
						who,
						to,
						Event::Message {
							from: who,
							message: message.clone(),
						},
					);
				}
			}
			Output::Propose(block) => {
				self.nodes
					.get_mut(&who)
					.unwrap()
					.blocks
					.insert(block.hash, block.clone());
				let twin = (self.equivocator == Some(who)).then(|| self.twin(who, &block, 1));
				for (position, to) in names.into_iter().enumerate() {
					if self.fed == Some((who, to)) {
						for content in [1, 2] {
							let block = self.twin(who, &block, content);
							self.deliver(who, to, Event::Block { from: who, block });
						}
						continue;
					}
					let block = match &twin {
						Some(twin) if position % 2 == 1 => twin.clone(),
						_ => block.clone(),
					};
					if self.unserved.contains(&to) {
						continue;
					}
					let longer = if self.held_up.1.contains(&to) {
						self.held_up.0
					} else {
						0
					};
					self.deliver_after(longer, who, to, Event::Block { from: who, block });
				}
			}
			Output::Build(build) => {
				let block = self.build(who, &build, 0);
				let date = self.clock();
				if let Some(dates) = &mut self.dates {
					dates.insert(block.hash, date);
				}
				let order = (build.number.0, build.digest.term);
				let orders = self.orders.entry(who).or_default();
				if orders.contains(&order) {
					self.twice += 1;
				}
				orders.push(order);
				// One after the other.
				let begins = self.free.get(&who).copied().unwrap_or(0).max(self.now);
				let ends = begins + BUILD + self.slow_building;
				self.free.insert(who, ends);
				let after = ends - self.now;
				self.schedule(who, after, Event::Built(block));
			}
			Output::Finalize {
				hash,
				number,
				certificate,
			} => self.finalize(who, hash, number, &certificate),
			Output::Fetch { hash, from, .. } => {
				if let Some(block) = self.nodes[&who].blocks.get(&hash).cloned() {
					return self.import(who, who, block);
				}
				self.fetches += 1;
				let asked = self.nodes.get(&from);
				let there = asked.and_then(|node| node.core.as_ref().and(node.blocks.get(&hash)));
				if let Some(block) = there.filter(|_| !self.withholds.contains(&from)).cloned() {
					self.deliver(from, who, Event::Block { from, block });
				}
			}
			Output::Report(evidence) => self.reports.push((who, evidence)),
			Output::Submit(_) => {}
		}
	}

	pub fn build(&self, who: Name, build: &Build<Symbols>, content: u64) -> SymbolicBlock {
		let node = &self.nodes[&who];
		let parent = &node.blocks[&build.parent];
		let closes = self.closes_after(build.number.0);
		Arc::new(symbolic::seal(
			&node.keys,
			&self.genesis.hash,
			build,
			parent,
			closes,
			content,
		))
	}

	/// Another block in the place of one's own.
	fn twin(&mut self, who: Name, block: &SymbolicBlock, content: u64) -> SymbolicBlock {
		let build = Build {
			parent: block.parent,
			number: block.number,
			digest: block.digest.clone(),
			dealing: block.dealing,
		};
		let twin = self.build(who, &build, content);
		self.nodes
			.get_mut(&who)
			.unwrap()
			.blocks
			.insert(twin.hash, twin.clone());
		twin
	}

	fn finalize(
		&mut self,
		who: Name,
		hash: Digest,
		number: Number,
		certificate: &veilmart_td_raft_core::crypto::Qc<Symbols>,
	) {
		assert_eq!(
			(certificate.target.hash, certificate.target.number),
			(hash, number)
		);
		let node = self.nodes.get_mut(&who).unwrap();
		let anchor = node.core.as_ref().unwrap().chain().anchor();
		assert!(
			anchor.root.hash == hash || anchor.root.number > number,
			"{who:?} says where it is"
		);
		let set = anchor.set_of(certificate.target.set_id).unwrap();
		assert_eq!(
			certificate.verify(&self.genesis.hash, set, &node.keys),
			Ok(()),
			"the justification stands alone"
		);
		assert!(number.0 > node.finalized, "finality goes up");
		node.finalized = number.0;
		if self.lazy_database.is_none() {
			node.anchor = anchor.clone();
		}
		let mut block = node.blocks[&hash].clone();
		loop {
			let known = *self.canon.entry(block.number.0).or_insert(block.hash);
			assert_eq!(
				known, block.hash,
				"fork at {}: {who:?} finalized another block",
				block.number
			);
			let sealer = self.nodes[&who].blocks[&block.hash].seal.by;
			self.blocks_by
				.insert(block.number.0, (block.term(), block.set_id(), sealer));
			let known = self.canon.contains_key(&(block.number.0.wrapping_sub(1)));
			if block.number == Number(0) || known {
				let parent = block
					.number
					.0
					.checked_sub(1)
					.and_then(|below| self.canon.get(&below));
				assert!(
					parent.is_none_or(|parent| *parent == block.parent),
					"fork below {}",
					block.number
				);
				break;
			}
			block = self.nodes[&who].blocks[&block.parent].clone();
		}
	}

	/// A block came from another node, which also has its ancestors.
	fn import(&mut self, who: Name, from: Name, block: SymbolicBlock) {
		let Some(core) = self.nodes[&who].core.as_ref() else {
			return;
		};
		let mut chain = vec![block];
		while let Some(parent) = self.nodes[&from]
			.blocks
			.get(&chain[chain.len() - 1].parent)
			.cloned()
		{
			let is_final = parent.number <= core.chain().root().number;
			if is_final || core.chain().get(&parent.hash).is_some() {
				break;
			}
			chain.push(parent);
		}
		chain.reverse();
		for (position, block) in chain.iter().cloned().enumerate() {
			let Some(core) = self.nodes[&who].core.as_ref() else {
				return;
			};
			let ends = self.certified(who);
			let certified = chain[position..].iter().any(|above| ends.contains(&above.hash));
			let verified = core.verify(&block);
			match verified {
				Some(Ok(())) => {
					self.nodes
						.get_mut(&who)
						.unwrap()
						.blocks
						.insert(block.hash, block.clone());
					let date = self.date(who, &block);
					self.say_date(who, block.hash, date);
					self.step(who, Input::Imported { block, certified });
					self.most_pending = self.most_pending.max(self.core(who).chain().pending().count());
					self.step(who, Input::Sealed(Vec::new()));
				}
				Some(Err(error)) => self
					.refused
					.push(format!("{who:?} refuses {}: {error:?}", block.number)),
				None => {}
			}
		}
	}

	fn happen(&mut self, who: Name, starts: u64, event: Event) {
		if self.nodes[&who].core.is_none() {
			return;
		}
		let own = matches!(event, Event::Persisted(_) | Event::Built(_));
		if own && self.nodes[&who].starts != starts {
			return;
		}
		match event {
			Event::Message { from, message } => self.step(who, Input::Message { from, message }),
			Event::Block { from, block } => self.import(who, from, block),
			Event::Persisted(up_to) => {
				let node = self.nodes.get_mut(&who).unwrap();
				for (_, record) in node.unsynced.iter().filter(|(sequence, _)| *sequence <= up_to) {
					node.log = Some(record.durable.clone());
					if let Some(block) = &record.block {
						node.blocks.insert(block.hash, block.clone());
						node.on_disk.insert(block.hash);
					}
				}
				node.unsynced.retain(|(sequence, _)| *sequence > up_to);
				self.step(who, Input::Persisted(up_to));
			}
			Event::Built(block) => {
				self.orders.get_mut(&who).map(|orders| orders.remove(0));
				// Who backdates is not kept from it by its own clock.
				let date = self
					.dates
					.as_ref()
					.and_then(|dates| dates.get(&block.hash).copied());
				self.say_date(who, block.hash, date);
				self.step(who, Input::Built(block))
			}
		}
	}

	/// Lets time pass.
	pub fn run(&mut self, milliseconds: u64) {
		let end = self.now + milliseconds;
		loop {
			let event = self.events.keys().next().map(|(at, _)| *at);
			let deadline = self
				.nodes
				.values()
				.filter_map(|node| node.core.as_ref()?.deadline())
				.min();
			let next = event
				.into_iter()
				.chain(deadline)
				.min()
				.filter(|next| *next <= end);
			let Some(next) = next else { break };
			self.now = self.now.max(next);
			if self
				.lazy_database
				.is_some_and(|every| self.now >= self.written_at + every)
			{
				self.write_databases();
			}
			match self.events.first_key_value() {
				Some(((at, _), _)) if *at <= self.now => {
					let (_, (who, starts, event)) = self.events.pop_first().unwrap();
					self.happen(who, starts, event);
				}
				_ => {
					for who in self.running() {
						if self
							.core(who)
							.deadline()
							.is_some_and(|deadline| deadline <= self.now)
						{
							self.step(who, Input::Tick);
						}
					}
				}
			}
		}
		self.now = end;
	}

	/// Whether there are transactions everywhere.
	pub fn ready(&mut self, ready: bool) {
		for who in self.running() {
			self.step(who, Input::Ready(ready));
		}
	}

	/// Where everybody is, for a failure's message.
	pub fn describe(&self) -> String {
		let line = |who: Name| {
			let core = self.core(who);
			let durable = core.durable();
			format!(
				"{who:?}: final {} set {:?}/{:?} term {} attempt {}/{:?} down {} gate {} leader {:?} leading {} high {:?} prepared {:?} pending {:?} db {} force {:?} armed {:?}\n",
				self.finalized(who),
				core.chain().anchor().set.id(),
				durable.set_id,
				durable.current_term,
				durable.attempt,
				core.attempt_term(),
				durable.highest_down,
				core.gate_is_open(),
				core.leader(),
				core.is_leading(),
				durable.high_qc.rank(),
				durable.prepared.map(|target| target.rank()),
				core.chain().pending().map(|pending| (pending.block.number.0, pending.block.term().0)).collect::<Vec<_>>(),
				self.nodes[&who].blocks.len(),
				core.chain().anchor().in_force().map(|dealt| dealt.block),
				core.timers().armed().collect::<Vec<_>>(),
			)
		};
		self.running().into_iter().map(line).collect()
	}
}

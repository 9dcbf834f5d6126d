//! Drives TD-Raft's core: what the engine does in a node, this does in virtual time.

use super::{
	adversary::ballot,
	crypto::{NotedKeys, Work},
	messages::{block_hash, content, FullBlock, Marks, TdRaftRecord, Wire},
	Shared,
};
use crate::{
	clock::{LocalTime, Micros, MILLISECOND},
	cpu::Operation,
	replica::{Body, Effects, Input, LogPosition, NodeId, Replica},
};
use std::{
	collections::{BTreeMap, VecDeque},
	rc::Rc,
	sync::Arc,
};
use veilmart_td_raft::{ElectionDigest, Number, Target, Term, Timing};
use veilmart_td_raft_core::{
	crypto::{Certificate, Crypto, Place},
	message::{Message, Notice},
	safety::Durable,
	symbolic::{digest, seal, Digest, Keys, Name, Symbols},
	Anchor, Block, Build, Config, Core, Input as CoreInput, Output, Sequence, To,
};

type Out = Effects<Wire, TdRaftRecord>;

/// Blocks sent at once to a node that lags.
const BLOCKS_AT_ONCE: usize = 32;
/// Proposals kept whose parent is not there.
const ORPHANS: usize = 64;
/// How long the block database waits before it writes: it returns from a commit before its log is on disk.
const DATABASE_DELAY: Micros = 500 * MILLISECOND;

/// What the wall clock shows when a node's own begins, in milliseconds.
const EPOCH: u64 = 1_000_000_000;

/// How often a node asks for final blocks while it is far behind.
const SYNCHRONIZE: Micros = 200 * MILLISECOND;

/// How a node differs from an honest one inside; what it does to its messages is in [`super::adversary`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deviation {
	/// Stands, opens shares and votes at once.
	pub early: bool,
	/// Leaves out transactions.
	pub censors: bool,
	/// Deals for a key that is not the secret's.
	pub lies: bool,
	/// As leader builds its first block below what the voters named.
	pub below: bool,
	/// As leader dates its blocks one moment after the other.
	pub backdates: bool,
	/// As leader includes older transactions only, a few in each block.
	pub trickles: bool,
}

/// A node.
pub struct TdRaftReplica {
	shared: Rc<Shared>,
	id: NodeId,
	deviation: Deviation,
	core: Option<Core<NotedKeys>>,
	work: Work,
	keys: Keys,
	/// What the disk held at the start.
	durable: Option<Durable<Symbols>>,
	anchor: Rc<Anchor<Symbols>>,
	blocks: BTreeMap<Digest, FullBlock>,
	/// Blocks imported and not in the database's log yet.
	unwritten: Vec<FullBlock>,
	database_at: Option<LocalTime>,
	orphans: VecDeque<FullBlock>,
	finalized: u64,
	builds: VecDeque<Build<Symbols>>,
	written: LogPosition,
	syncing: VecDeque<(LogPosition, Sequence)>,
	/// A transaction that the leader has been sent, and that is not in a block.
	relayed: Option<Digest>,
	transactions: u64,
	waiting: bool,
	leading: bool,
	/// The block asked for last.
	wanted: Option<Digest>,
	/// When it last synchronized.
	synchronized: LocalTime,
	/// The term in which it built below.
	below: Option<Term>,
	/// The term that it last led, and since when.
	led: Option<(Term, LocalTime)>,
}

impl TdRaftReplica {
	pub(super) fn boot(shared: Rc<Shared>, id: NodeId, deviation: Deviation, log: &[TdRaftRecord]) -> Self {
		let name = Name(id.0 as u16);
		let mut keys = Keys::new(name);
		keys.lies = deviation.lies;
		let mut replica = Self {
			anchor: shared.anchor.clone(),
			core: None,
			work: Work::default(),
			keys,
			durable: None,
			blocks: BTreeMap::new(),
			unwritten: Vec::new(),
			database_at: None,
			orphans: VecDeque::new(),
			finalized: 0,
			builds: VecDeque::new(),
			written: LogPosition(log.len() as u64),
			syncing: VecDeque::new(),
			relayed: None,
			transactions: 0,
			waiting: false,
			leading: false,
			wanted: None,
			synchronized: LocalTime(0),
			below: None,
			led: None,
			shared,
			id,
			deviation,
		};
		let genesis = FullBlock {
			block: replica.shared.genesis.clone(),
			body: Body::EMPTY,
			marks: Marks::default(),
		};
		replica.blocks.insert(genesis.block.hash, genesis);
		for record in log {
			match record {
				TdRaftRecord::Log(record, body) => {
					replica.durable = Some(record.durable.clone());
					if let Some(block) = &record.block {
						let block = FullBlock {
							block: block.clone(),
							body: *body,
							marks: Marks::default(),
						};
						replica.blocks.insert(block.block.hash, block);
					}
				}
				TdRaftRecord::Database(blocks, anchor) => {
					replica.anchor = anchor.clone();
					for block in blocks.iter() {
						replica.blocks.insert(block.block.hash, block.clone());
					}
				}
			}
		}
		replica.finalized = replica.anchor.root.number.0;
		replica
	}

	/// The core, once the node has started.
	pub fn core(&self) -> Option<&Core<NotedKeys>> {
		self.core.as_ref()
	}

	fn start(&mut self, now: LocalTime, out: &mut Out) {
		let timing = match self.deviation.early {
			true => Timing {
				spread: 0,
				vote_delay: 0,
				..self.shared.timing
			},
			false => self.shared.timing,
		};
		let config = Config {
			genesis: self.shared.genesis.hash,
			me: Name(self.id.0 as u16),
			timing,
			mutants: self.shared.mutants,
		};
		let crypto = NotedKeys::new(self.keys.clone(), self.work.clone());
		let anchor = (*self.anchor).clone();
		self.core = Some(Core::restore(
			config,
			crypto,
			anchor,
			self.durable.take(),
			milliseconds(now),
		));
		let mut blocks: Vec<_> = self.blocks.values().map(|block| block.block.clone()).collect();
		blocks.sort_by_key(|block| (block.number, block.hash));
		let root = self.anchor.root.number;
		for block in blocks.into_iter().filter(|block| block.number > root) {
			let certified = self.is_certified(&block, &VecDeque::new());
			self.step(now, CoreInput::Imported { block, certified }, out);
		}
	}

	/// Whether the highest certificates are of a block, or of one that is known to descend from it, or one above it shows its
	/// certificate. `coming` are blocks that are here and not looked at yet.
	fn is_certified(&self, block: &Block<Symbols>, coming: &VecDeque<FullBlock>) -> bool {
		let Some(core) = &self.core else { return false };
		let anchor = core.chain().anchor();
		let ends = [&core.durable().high_qc, &anchor.commit_qc].map(|qc| qc.target.hash);
		let above = || self.orphans.iter().chain(coming);
		let leads = ends.into_iter().any(|end| {
			let mut next = end;
			while next != block.hash {
				let known = self
					.blocks
					.get(&next)
					.or_else(|| above().find(|full| full.block.hash == next));
				match known.filter(|known| known.block.number > block.number) {
					Some(known) => next = known.block.parent,
					None => return false,
				}
			}
			true
		});
		leads
			|| above().any(|child| {
				let qc = &child.block.digest.parent_qc;
				let set = anchor.set_of(qc.target.set_id);
				qc.target.hash == block.hash
					&& set.is_some_and(|set| qc.verify(&self.shared.genesis.hash, set, &self.keys).is_ok())
			})
	}

	fn step(&mut self, now: LocalTime, input: CoreInput<Symbols>, out: &mut Out) {
		let Some(core) = &mut self.core else { return };
		core.set_clock(EPOCH + milliseconds(now));
		let outputs = core.step(milliseconds(now), input);
		for output in outputs {
			self.carry_out(now, output, out);
		}
	}

	fn carry_out(&mut self, now: LocalTime, output: Output<Symbols>, out: &mut Out) {
		match output {
			Output::Persist(sequence, record) => {
				let block = record
					.block
					.as_ref()
					.and_then(|block| self.blocks.get(&block.hash));
				let body = block.map_or(Body::EMPTY, |block| block.body);
				out.persist(TdRaftRecord::Log(record, body));
				self.written.0 += 1;
				self.syncing.push_back((self.written, sequence));
			}
			// The core itself holds back what depends on the log.
			Output::Send(To::One(to), message) => {
				out.send_at_once(NodeId(to.0.into()), Wire::Core(Rc::new(message)));
			}
			Output::Send(To::Others, Message::Notice(Notice::Elected(certificate)))
				if self.deviation.below =>
			{
				let certificate = self.invented(certificate);
				self.to_others(
					Wire::Core(Rc::new(Message::Notice(Notice::Elected(certificate)))),
					out,
				);
			}
			Output::Send(To::Others, message) => self.to_others(Wire::Core(Rc::new(message)), out),
			Output::Propose(block) => {
				if let Some(full) = self.blocks.get(&block.hash) {
					self.to_others(Wire::Propose(Rc::new(full.clone()), self.shared.n), out);
				}
			}
			Output::Build(build) => {
				self.builds.push_back(build);
				out.build();
			}
			Output::Finalize { hash, number, .. } => self.finalize(hash, number, out),
			Output::Fetch { hash, number, from } => self.fetch(now, hash, number, NodeId(from.0.into()), out),
			Output::Report(evidence) => {
				let (_, offender) = evidence.offender();
				out.offence(NodeId(offender.0.into()), "evidence");
			}
			Output::Submit(_) => {}
		}
	}

	fn to_others(&self, message: Wire, out: &mut Out) {
		for to in NodeId::all(self.shared.n).filter(|to| *to != self.id) {
			out.send_at_once(to, message.clone());
		}
	}

	fn finalize(&mut self, hash: Digest, number: Number, out: &mut Out) {
		let mut line = Vec::new();
		let mut next = hash;
		while let Some(block) = self
			.blocks
			.get(&next)
			.filter(|block| block.block.number.0 > self.finalized)
		{
			next = block.block.parent;
			line.push(block.clone());
		}
		for FullBlock { block, body, .. } in line.into_iter().rev() {
			out.finalize(block.number.0, block_hash(block.hash), body);
		}
		self.finalized = self.finalized.max(number.0);
	}

	/// Asks for a block and those of its ancestors that are missing. Those that are on the disk are imported when the
	/// core knows their parent: after a power loss there may be gaps between them.
	fn fetch(&mut self, now: LocalTime, hash: Digest, number: Number, from: NodeId, out: &mut Out) {
		let Some(core) = &self.core else { return };
		let mut line = VecDeque::new();
		let mut next = hash;
		while let Some(full) = self
			.blocks
			.get(&next)
			.filter(|_| core.chain().get(&next).is_none())
		{
			next = full.block.parent;
			line.push_front(full.clone());
		}
		if core.chain().get(&next).is_some() {
			self.import(now, None, line.into(), out);
			return;
		}
		self.wanted = Some(next);
		// Of the height wanted another block may be there.
		let below = line.front().map_or(number, |lowest| lowest.block.number);
		let above = match line.is_empty() {
			true => self.highest_pending().min(Number(below.0.saturating_sub(1))),
			false => Number(self.finalized),
		};
		out.send_at_once(from, Wire::Fetch(next, above));
	}

	/// The height up to which blocks are there, final or not. If the highest is of an abandoned branch, the blocks sent
	/// have an unknown parent, which is asked for then.
	fn highest_pending(&self) -> Number {
		let pending = self.core.iter().flat_map(|core| core.chain().pending());
		pending
			.map(|pending| pending.block.number)
			.max()
			.unwrap_or(Number(self.finalized))
	}

	/// Blocks that were asked for, perhaps only the first of them.
	fn on_blocks(&mut self, now: LocalTime, from: NodeId, blocks: &[FullBlock], out: &mut Out) {
		let before = self.highest_pending();
		self.import(now, Some(from), blocks.to_vec(), out);
		match self.wanted {
			Some(wanted) if self.blocks.contains_key(&wanted) => self.wanted = None,
			Some(wanted) if self.highest_pending() > before => {
				out.send_at_once(from, Wire::Fetch(wanted, self.highest_pending()));
			}
			_ => {}
		}
	}

	/// Of a set later than the next the core understands no certificate, and is given none to fetch by: the node
	/// synchronizes final blocks, as any node of a chain does.
	fn synchronize(&mut self, now: LocalTime, from: NodeId, message: &Message<Symbols>, out: &mut Out) {
		let (Some(core), Message::Notice(Notice::Status(status))) = (&self.core, message) else {
			return;
		};
		let beyond = status.commit_qc.0 > core.chain().anchor().set.id().next();
		if beyond && now >= self.synchronized.after(SYNCHRONIZE) {
			self.synchronized = now;
			out.send_at_once(from, Wire::Sync(Number(self.finalized)));
		}
	}

	fn on_sync(&self, from: NodeId, above: Number, out: &mut Out) {
		if let Some(core) = &self.core {
			self.on_fetch(from, core.chain().root().hash, above, out);
		}
	}

	fn on_fetch(&self, from: NodeId, hash: Digest, above: Number, out: &mut Out) {
		let mut line = VecDeque::new();
		let mut next = hash;
		while let Some(block) = self.blocks.get(&next).filter(|block| block.block.number > above) {
			next = block.block.parent;
			line.push_front(block.clone());
		}
		line.truncate(BLOCKS_AT_ONCE);
		if !line.is_empty() {
			out.send_at_once(from, Wire::Blocks(line.into_iter().collect(), self.shared.n));
		}
	}

	/// Verifies and imports blocks, parents first, and then what waited for them.
	fn import(&mut self, now: LocalTime, from: Option<NodeId>, blocks: Vec<FullBlock>, out: &mut Out) {
		let mut queue: VecDeque<_> = blocks.into();
		while let Some(full) = queue.pop_front() {
			let Some(core) = &self.core else { return };
			if full.block.number.0 <= self.finalized || core.chain().get(&full.block.hash).is_some() {
				continue;
			}
			out.work(Operation::Hash(full.body.bytes));
			if !full.is_whole() {
				continue;
			}
			match core.verify(&full.block) {
				Some(Ok(())) => {
					let hash = full.block.hash;
					self.blocks.insert(hash, full.clone());
					self.unwritten.push(full.clone());
					let block = full.block.clone();
					let certified = self.is_certified(&block, &queue);
					self.say_date(now, &full);
					self.step(now, CoreInput::Imported { block, certified }, out);
					self.sealed(now, &full, out);
					while let Some(index) = self.orphans.iter().position(|orphan| orphan.block.parent == hash)
					{
						queue.extend(self.orphans.remove(index));
					}
				}
				Some(Err(_)) => {}
				None => {
					// Its parent was lost, or overtaken.
					let parent = full.block.parent;
					let is_known = |orphan: &FullBlock| orphan.block.hash == parent;
					if let Some(from) =
						from.filter(|_| self.wanted != Some(parent) && !self.orphans.iter().any(is_known))
					{
						self.wanted = Some(parent);
						out.send_at_once(from, Wire::Fetch(parent, Number(self.finalized)));
					}
					if self.orphans.len() >= ORPHANS {
						self.orphans.pop_front();
					}
					self.orphans.push_back(full);
				}
			}
		}
	}

	/// Says how a block is dated, if its leader plays with that.
	fn say_date(&mut self, now: LocalTime, full: &FullBlock) {
		if let Some(core) = self.core.as_mut().filter(|_| full.marks.behind > 0) {
			let behind = full.marks.behind / MILLISECOND;
			core.set_date(
				&full.block.hash,
				(EPOCH + milliseconds(now)).saturating_sub(behind),
			);
		}
	}

	/// Tells the core's clocks what a block did with the transaction that the leader was sent. What trickles has an older one only, and
	/// its leader does next to nothing, so that it has passed it over.
	fn sealed(&mut self, now: LocalTime, full: &FullBlock, out: &mut Out) {
		match self.relayed {
			Some(transaction) if full.body.id > 0 && !full.marks.trickles => {
				self.relayed = None;
				self.step(now, CoreInput::Settled(vec![transaction]), out);
			}
			Some(transaction) => self.step(now, CoreInput::Sealed(vec![transaction]), out),
			None => self.step(now, CoreInput::Sealed(Vec::new()), out),
		}
		self.relay(now, out);
	}

	/// There is always one transaction of this node's that the leader was sent, while transactions wait.
	fn relay(&mut self, now: LocalTime, out: &mut Out) {
		if self.relayed.is_some() || !self.waiting {
			return;
		}
		self.transactions += 1;
		let transaction = digest(&("transaction", self.id.0, self.transactions));
		self.relayed = Some(transaction);
		self.step(now, CoreInput::Relayed(transaction, self.transactions), out);
	}

	fn built(&mut self, now: LocalTime, body: Body, out: &mut Out) {
		let Some(build) = self.builds.pop_front() else {
			return;
		};
		let body = if self.deviation.censors { Body::EMPTY } else { body };
		if self.deviation.below && self.build_below(&build, body, out) {
			self.step(now, CoreInput::NotBuilt, out);
			return;
		}
		let Some(parent) = self.blocks.get(&build.parent) else {
			self.step(now, CoreInput::NotBuilt, out);
			return;
		};
		out.work(Operation::Hash(body.bytes));
		out.work(Operation::Sign);
		let closes = self.shared.closes_after(build.number);
		let genesis = self.shared.genesis.hash;
		let block: Block<Symbols> = seal(&self.keys, &genesis, &build, &parent.block, closes, content(body));
		let block = Arc::new(block);
		let full = FullBlock {
			block: block.clone(),
			body,
			marks: self.marks(now, &block),
		};
		self.blocks.insert(block.hash, full.clone());
		self.unwritten.push(full.clone());
		self.step(now, CoreInput::Built(block), out);
		self.sealed(now, &full, out);
	}

	/// What an own block is marked with.
	fn marks(&mut self, now: LocalTime, block: &Block<Symbols>) -> Marks {
		let term = block.term();
		if self.led.is_none_or(|(led, _)| led != term) {
			self.led = Some((term, now));
		}
		let since = self.led.map_or(now, |(_, since)| since);
		Marks {
			// Each is dated a moment after its parent: what passes meanwhile is saved up.
			behind: if self.deviation.backdates {
				now.0.saturating_sub(since.0)
			} else {
				0
			},
			trickles: self.deviation.trickles,
		}
	}

	/// The block below the one with the highest certificate, if that is not final yet.
	fn low(&self) -> Option<FullBlock> {
		let core = self.core.as_ref()?;
		let high = self.blocks.get(&core.durable().high_qc.target.hash)?;
		let above_root = high.block.number > core.chain().root().number;
		self.blocks
			.get(&high.block.parent)
			.filter(|_| above_root)
			.cloned()
	}

	/// The certificate of its election, with a ballot of its own that would allow to build low.
	fn invented(&self, mut certificate: Certificate<Symbols>) -> Certificate<Symbols> {
		let Some(low) = self.low() else { return certificate };
		let target = Target {
			term: Term(certificate.term.0.saturating_sub(1)),
			number: Number(1_000_000),
			..low.block.target()
		};
		let ballots = certificate.ballots.iter().map(|named| {
			if named.voter.0 != self.id.0 as u16 {
				return named.clone();
			}
			let genesis = &self.shared.genesis.hash;
			let (set_id, term) = (certificate.set_id, certificate.term);
			ballot(&self.keys, genesis, set_id, term, certificate.leader, target)
		});
		certificate.ballots = ballots.collect();
		certificate
	}

	/// Builds a first block below the one asked for. Gives whether it did.
	fn build_below(&mut self, build: &Build<Symbols>, body: Body, out: &mut Out) -> bool {
		let term = build.digest.term;
		if self.below == Some(term) {
			return true;
		}
		let (Some(election), Some(low)) = (build.digest.election.clone(), self.low()) else {
			return false;
		};
		let Some(high) = self
			.blocks
			.get(&build.parent)
			.filter(|high| high.block.parent == low.block.hash)
		else {
			return false;
		};
		let mut digest = build.digest.clone();
		digest.parent_qc = high.block.digest.parent_qc.clone();
		digest.commit_qc = high.block.digest.commit_qc.clone();
		digest.election = Some(ElectionDigest {
			certificate: self.invented(election.certificate),
			..election
		});
		let Some(core) = &self.core else { return false };
		let place = Place {
			holders: digest.set_id,
			term,
			dealer: digest.sealer,
			parent: Some(low.block.hash),
		};
		let build = Build {
			parent: low.block.hash,
			number: low.block.number.next(),
			dealing: self.keys.clone().deal(&core.chain().anchor().set, &place),
			digest,
		};
		let closes = self.shared.closes_after(build.number);
		let genesis = self.shared.genesis.hash;
		let block = Arc::new(seal(
			&self.keys,
			&genesis,
			&build,
			&low.block,
			closes,
			content(body),
		));
		let full = FullBlock {
			block,
			body,
			marks: Marks::default(),
		};
		self.blocks.insert(full.block.hash, full.clone());
		self.below = Some(term);
		self.to_others(Wire::Propose(Rc::new(full), self.shared.n), out);
		true
	}

	fn persisted(&mut self, now: LocalTime, position: LogPosition, out: &mut Out) {
		let mut last = None;
		while let Some((at, sequence)) = self.syncing.front().copied() {
			if at > position {
				break;
			}
			last = Some(sequence);
			self.syncing.pop_front();
		}
		if let Some(sequence) = last {
			self.step(now, CoreInput::Persisted(sequence), out);
		}
	}

	/// The database writes in its own time.
	fn write_database(&mut self, now: LocalTime, out: &mut Out) {
		if self.database_at.is_some_and(|at| now >= at) {
			self.database_at = None;
			if let Some(core) = &self.core {
				let blocks: Rc<[FullBlock]> = std::mem::take(&mut self.unwritten).into();
				out.persist(TdRaftRecord::Database(
					blocks,
					Rc::new(core.chain().anchor().clone()),
				));
				self.written.0 += 1;
			}
		}
		if self.database_at.is_none() && !self.unwritten.is_empty() {
			self.database_at = Some(now.after(DATABASE_DELAY));
		}
	}
}

fn milliseconds(now: LocalTime) -> u64 {
	now.0 / MILLISECOND
}

impl Replica for TdRaftReplica {
	type Message = Wire;
	type Record = TdRaftRecord;

	fn handle(&mut self, now: LocalTime, input: Input<Wire>, out: &mut Out) {
		if self.core.is_none() {
			self.start(now, out);
		}
		match input {
			Input::Time => self.step(now, CoreInput::Tick, out),
			Input::Waiting(waiting) => {
				self.waiting = waiting;
				self.step(now, CoreInput::Ready(waiting), out);
				self.relay(now, out);
			}
			Input::Built(body) => self.built(now, body, out),
			Input::Persisted(position) => self.persisted(now, position, out),
			Input::Message { from, message } => match message {
				Wire::Core(message) => {
					let message: Message<Symbols> = Rc::unwrap_or_clone(message);
					self.synchronize(now, from, &message, out);
					self.step(
						now,
						CoreInput::Message {
							from: Name(from.0 as u16),
							message,
						},
						out,
					);
				}
				Wire::Propose(block, _) => self.import(now, Some(from), vec![(*block).clone()], out),
				Wire::Fetch(hash, above) => self.on_fetch(from, hash, above, out),
				Wire::Sync(above) => self.on_sync(from, above, out),
				Wire::Blocks(blocks, _) => self.on_blocks(now, from, &blocks, out),
			},
		}
		self.write_database(now, out);
		for operation in self.work.borrow_mut().drain(..) {
			out.work(operation);
		}
		let Some(core) = &self.core else { return };
		if core.is_leading() && !self.leading {
			out.leads(core.durable().current_term.0);
		}
		self.leading = core.is_leading();
		let deadline = core
			.deadline()
			.map(|at| LocalTime(at.saturating_mul(MILLISECOND)));
		for at in [deadline, self.database_at].into_iter().flatten() {
			out.wake_at(at);
		}
	}
}

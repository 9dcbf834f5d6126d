//! The model: authorities, and the set of what was sent.
//!
//! The checker's states are numbers; [`crate::tables`] knows what of.

use stateright::{Model, Property};
use std::{
	collections::{BTreeSet, VecDeque},
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc, Mutex, MutexGuard,
	},
	time::Instant,
};
use veilmart_td_raft::{Phase, SetId, Target, Term};
use veilmart_td_raft_core::{
	message::{Message, Notice, Promise},
	symbolic::{Digest, Name},
	Timer, To,
};

use crate::{
	byzantine::Recipe,
	node::{Node, Step, What, Wire},
	properties::{self, Broken, Goal, Rule},
	scenario::{Prologue, Scenario},
	tables::{Sizes, Tables},
};

/// The most honest authorities of a scenario.
const NODES: usize = 5;

/// A state: everybody's local state, what was sent, and how often somebody may still crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World {
	nodes: [u32; NODES],
	pool: u32,
	crashes: u8,
	/// What is broken here.
	pub broken: Broken,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
	/// Something sent reaches somebody.
	Deliver { wire: u32, to: u8 },
	/// Enough votes for a block reach its leader.
	Collect {
		to: u8,
		phase: Phase,
		target: Target<Digest>,
		votes: Arc<[u32]>,
	},
	/// All authorities of a set lose their patience.
	Gate { set: SetId },
	/// Time is up for one.
	Elapse { who: u8, timer: Timer },
	/// What one has written is on disk.
	Sync { who: u8 },
	/// One crashes and starts again.
	Crash { who: u8, database: bool },
}

/// A model of a scenario.
pub struct Protocol {
	pub scenario: Scenario,
	pub honest: Vec<Name>,
	tables: Mutex<Tables>,
	/// When a search has to end, and whether it had to.
	deadline: Mutex<Option<Instant>>,
	late: AtomicBool,
}

impl Protocol {
	pub fn new(scenario: Scenario) -> Self {
		let honest = scenario.honest();
		assert!(honest.len() <= NODES, "more authorities than a state holds");
		let tables = Tables::new(&scenario);
		Self {
			scenario,
			honest,
			tables: Mutex::new(tables),
			deadline: Mutex::new(None),
			late: AtomicBool::new(false),
		}
	}

	/// One in which nothing happens after some time, so that a search comes to its end.
	pub fn until(scenario: Scenario, deadline: Instant) -> Self {
		let model = Self::new(scenario);
		*model.deadline() = Some(deadline);
		model
	}

	/// The search is over: the way to what it found can be gone again. Gives whether it had to end.
	pub fn end(&self) -> bool {
		*self.deadline() = None;
		self.late.load(Ordering::Relaxed)
	}

	fn deadline(&self) -> MutexGuard<'_, Option<Instant>> {
		self.deadline.lock().expect("nobody panics with the deadline")
	}

	fn tables(&self) -> MutexGuard<'_, Tables> {
		self.tables
			.lock()
			.expect("a model that panicked is not asked again")
	}

	/// How much there is behind the states.
	pub fn sizes(&self) -> Sizes {
		let tables = self.tables();
		Sizes {
			local_states: tables.same_ids.len(),
			pools: tables.pools.len(),
			steps: tables.steps.len(),
		}
	}

	fn indices(&self) -> std::ops::Range<usize> {
		0..self.honest.len()
	}

	fn initial(&self) -> World {
		let mut tables = self.tables();
		let mut nodes = [0; NODES];
		for (index, name) in self.honest.iter().enumerate() {
			nodes[index] = tables.intern_node(index, Node::new(&self.scenario, *name));
		}
		let pool = tables.intern_pool(self, BTreeSet::new());
		World {
			nodes,
			pool,
			crashes: self.scenario.crashes,
			broken: Broken::default(),
		}
	}

	/// Does what the scenario begins with.
	fn prologue(&self, mut world: World) -> World {
		let apply = |world: &mut World, action: Action| {
			if let Some(next) = self.next_state(world, action) {
				*world = next;
			}
		};
		// Delivers what is wanted until nothing changes.
		let all = |world: &mut World, wanted: &dyn Fn(&What) -> bool| loop {
			let before = *world;
			let mut actions = Vec::new();
			self.actions(world, &mut actions);
			for action in actions {
				let is_wanted = match &action {
					Action::Deliver { wire, .. } => wanted(&self.wire(*wire).what),
					Action::Sync { .. } => true,
					_ => false,
				};
				if is_wanted {
					apply(world, action);
				}
			}
			if before == *world {
				return;
			}
		};
		let byzantine = self.scenario.byzantine_in(0);
		let is_request =
			|what: &What| matches!(what, What::Message(Message::Promise(Promise::RequestVote(_))));
		let is_honest_election = |what: &What| match what {
			What::Message(Message::Promise(Promise::ElectionVote(vote, _))) => {
				Some(vote.ballot.voter) != byzantine
			}
			What::Message(Message::Notice(Notice::Elected(_))) => true,
			_ => is_request(what),
		};
		if self.scenario.prologue != Prologue::None {
			apply(&mut world, Action::Gate { set: SetId(0) });
		}
		match self.scenario.prologue {
			Prologue::None => {}
			Prologue::Elected(who) | Prologue::Committed(who) => {
				let who = self.honest.iter().position(|name| name.0 == who);
				let who = who.expect("an honest authority") as u8;
				let timer = Timer::Stand;
				apply(&mut world, Action::Elapse { who, timer });
				all(&mut world, &is_honest_election);
			}
			Prologue::VotedForByzantine | Prologue::CertifiedByzantine => all(&mut world, &is_request),
		}
		if let Prologue::Committed(_) = self.scenario.prologue {
			all(&mut world, &|what| match what {
				What::Block(_) => true,
				What::Message(Message::Notice(Notice::Certified(qc))) => qc.phase == Phase::Prepare,
				What::Message(_) => false,
			});
		}
		if self.scenario.prologue == Prologue::CertifiedByzantine {
			let sent = self.pool(&world);
			let chosen = sent.iter().find_map(|wire| match &wire.what {
				What::Block(block) => Some(block.hash),
				What::Message(_) => None,
			});
			all(&mut world, &|what| match what {
				What::Block(block) => Some(block.hash) == chosen,
				What::Message(Message::Notice(Notice::Certified(qc))) => qc.phase == Phase::Prepare,
				What::Message(_) => false,
			});
		}
		world
	}

	/// An honest authority, by its place in a state.
	pub fn name(&self, who: u8) -> Name {
		self.honest[usize::from(who)]
	}

	/// Everybody's local state.
	pub fn local_states(&self, world: &World) -> Vec<(u16, Arc<Node>)> {
		let tables = self.tables();
		let state = |index: usize| {
			(
				self.honest[index].0,
				tables.nodes[world.nodes[index] as usize].1.clone(),
			)
		};
		self.indices().map(state).collect()
	}

	/// All that was sent.
	pub fn pool(&self, world: &World) -> Vec<Arc<Wire>> {
		let tables = self.tables();
		tables.pools[world.pool as usize]
			.wires
			.iter()
			.map(|id| tables.wires[*id as usize].clone())
			.collect()
	}

	/// Something sent.
	pub fn wire(&self, id: u32) -> Arc<Wire> {
		self.tables().wires[id as usize].clone()
	}
}

/// A transition under way.
struct Run<'a> {
	protocol: &'a Protocol,
	tables: MutexGuard<'a, Tables>,
	world: World,
	sent: Vec<u32>,
	eager: VecDeque<u32>,
}

impl Run<'_> {
	fn step(&mut self, who: usize, step: Step) -> bool {
		let before = self.world.nodes[who];
		let (after, sent) = self.tables.step(self.protocol, before, step);
		self.world.nodes[who] = after;
		let scenario = &self.protocol.scenario;
		for id in sent.iter() {
			let wire = self.tables.wires[*id as usize].clone();
			let wish = match &wire.what {
				What::Message(Message::Promise(Promise::Down(signed, _))) => Some(signed.down.term),
				_ => None,
			};
			let eager = wire.is_eager() && !scenario.is_fine;
			match eager {
				true => self.eager.push_back(*id),
				false if scenario.is_fine || !wire.is_repetition() => self.sent.push(*id),
				false => {}
			}
			// The Byzantine authority wishes for whatever somebody wishes for.
			let set_id = self.tables.nodes[after as usize].1.core.durable().set_id;
			if let Some(term) = wish.filter(|term| *term > Term(0)) {
				let made = self.tables.make(self.protocol, Recipe::Wish(set_id, term));
				if eager {
					self.eager.extend(made.iter());
				} else {
					self.sent.extend(made.iter());
				}
			}
		}
		before != after || !sent.is_empty()
	}

	/// Whether a delivery does nothing that counts. It can be delivered again when it does.
	///
	/// A request for a vote that is not answered would be held until it is. A block that is not voted for is of use when
	/// it is certified, to vote for its child or to make it final; a closing block also to be reconfirmed.
	fn is_idle(&self, wire: u32, before: u32, after: u32) -> bool {
		let durable = |node: u32| self.tables.nodes[node as usize].1.core.durable();
		match &self.tables.wires[wire as usize].what {
			What::Message(Message::Promise(Promise::RequestVote(_))) => {
				durable(before).election_vote == durable(after).election_vote && !self.protocol.scenario.waits
			}
			What::Block(block) => {
				let pool = &self.tables.pools[self.world.pool as usize];
				let is_certified = pool.certified.contains(&block.hash);
				durable(before).prepared == durable(after).prepared && !is_certified && !block.is_closing()
			}
			_ => false,
		}
	}

	/// Delivers what is delivered at once, and lets the Byzantine authority stand where somebody else could.
	fn finish(mut self) -> World {
		while let Some(id) = self.eager.pop_front() {
			let wire = self.tables.wires[id as usize].clone();
			for (index, name) in self.protocol.honest.iter().enumerate() {
				if *name != wire.from && (wire.to == To::Others || wire.to == To::One(*name)) {
					self.step(index, Step::Wire(id));
				}
			}
		}
		let scenario = &self.protocol.scenario;
		for index in self.protocol.indices() {
			let core = &self.tables.nodes[self.world.nodes[index] as usize].1.core;
			let set_id = core.durable().set_id;
			let is_its_turn = |term: &Term| {
				scenario
					.byzantine()
					.is_some_and(|name| scenario.stands(name, *term))
			};
			let Some(term) = core.attempt_term().filter(is_its_turn) else {
				continue;
			};
			let dealt = core.chain().anchor().in_force().cloned();
			if let Some(dealt) = dealt {
				let made = self
					.tables
					.make(self.protocol, Recipe::Stand(set_id, term, dealt));
				self.sent.extend(made.iter());
			}
		}
		self.world.pool = self
			.tables
			.grow(self.protocol, self.world.pool, std::mem::take(&mut self.sent));
		if !scenario.is_fine {
			for index in self.protocol.indices() {
				self.world.nodes[index] = self.tables.representative(self.world.nodes[index]);
			}
		}
		let nodes = &self.world.nodes[self.protocol.indices()];
		let nodes: Vec<_> = nodes
			.iter()
			.map(|node| &*self.tables.nodes[*node as usize].1)
			.collect();
		let sent = &self.tables.pools[self.world.pool as usize].verdict;
		self.world.broken = sent.broken.and(properties::agree(&nodes));
		self.world
	}
}

impl Model for Protocol {
	type State = World;
	type Action = Action;

	fn init_states(&self) -> Vec<World> {
		vec![self.prologue(self.initial())]
	}

	fn actions(&self, world: &World, actions: &mut Vec<Action>) {
		if self.deadline().is_some_and(|deadline| Instant::now() > deadline) {
			self.late.store(true, Ordering::Relaxed);
			return;
		}
		let tables = self.tables();
		let scenario = &self.scenario;
		let node = |index: usize| &tables.nodes[world.nodes[index] as usize].1;
		let pool = &tables.pools[world.pool as usize];
		actions.extend(
			pool.deliveries
				.iter()
				.map(|(wire, to)| Action::Deliver { wire: *wire, to: *to }),
		);
		actions.extend(pool.collections.iter().cloned());
		for index in self.indices() {
			let who = index as u8;
			let node = node(index);
			let armed: &[Timer] = if scenario.is_fine {
				&[
					Timer::Patience,
					Timer::Attempt,
					Timer::Stand,
					Timer::Vote,
					Timer::Block,
					Timer::Repeat,
					Timer::Status,
				]
			} else {
				&[Timer::Stand, Timer::Vote]
			};
			for timer in armed.iter().filter(|timer| node.core.timers().is_set(**timer)) {
				let may = match timer {
					Timer::Patience | Timer::Attempt => node.term().0 < scenario.terms,
					Timer::Stand if !scenario.is_fine => node
						.core
						.attempt_term()
						.is_some_and(|term| scenario.stands(self.honest[index], term)),
					Timer::Block => node.core.durable().high_qc.target.number.0 < scenario.height,
					_ => true,
				};
				if may {
					actions.push(Action::Elapse { who, timer: *timer });
				}
			}
			if node.is_writing() {
				actions.push(Action::Sync { who });
			}
			if world.crashes > 0 && scenario.crashers.contains(&self.honest[index].0) && node.can_restart() {
				actions.extend([true, false].map(|database| Action::Crash { who, database }));
			}
		}
		if !scenario.is_fine {
			for set in [SetId(0), SetId(1)] {
				let members = self
					.indices()
					.map(node)
					.filter(|node| node.core.durable().set_id == set);
				if members
					.map(|node| node.term().0)
					.max()
					.is_some_and(|term| term < scenario.terms)
				{
					actions.push(Action::Gate { set });
				}
			}
		}
	}

	fn next_state(&self, last: &World, action: Action) -> Option<World> {
		let mut run = Run {
			protocol: self,
			tables: self.tables(),
			world: *last,
			sent: Vec::new(),
			eager: VecDeque::new(),
		};
		match action {
			Action::Deliver { wire, to } => {
				let before = run.world.nodes[usize::from(to)];
				run.step(usize::from(to), Step::Wire(wire));
				let after = run.world.nodes[usize::from(to)];
				if !self.scenario.is_fine && run.is_idle(wire, before, after) {
					return None;
				}
			}
			Action::Collect { to, votes, .. } => {
				let is_certificate = |tables: &Tables, id: &u32| {
					matches!(
						tables.wires[*id as usize].what,
						What::Message(Message::Notice(Notice::Certified(_)))
					)
				};
				for vote in votes.iter() {
					run.step(usize::from(to), Step::Wire(*vote));
					if run.sent.iter().any(|id| is_certificate(&run.tables, id)) {
						break;
					}
				}
				if run.sent.is_empty() {
					return None;
				}
			}
			Action::Gate { set } => {
				for index in self.indices() {
					let is_member = |run: &Run| {
						run.tables.nodes[run.world.nodes[index] as usize]
							.1
							.core
							.durable()
							.set_id == set
					};
					if is_member(&run) && !run.step(index, Step::Timer(Timer::Patience)) {
						run.step(index, Step::Timer(Timer::Attempt));
					}
					if self.scenario.crashes > 0 {
						run.step(index, Step::Synced);
					}
				}
			}
			Action::Elapse { who, timer } => {
				run.step(usize::from(who), Step::Timer(timer));
			}
			Action::Sync { who } => {
				run.step(usize::from(who), Step::Synced);
			}
			Action::Crash { who, database } => {
				run.world.crashes -= 1;
				run.step(usize::from(who), Step::Crash { database });
			}
		}
		let next = run.finish();
		(next != *last).then_some(next)
	}

	fn properties(&self) -> Vec<Property<Self>> {
		vec![
			Property::always(Rule::Agreement.name(), |_: &Self, world: &World| {
				!world.broken.has(Rule::Agreement)
			}),
			Property::always(Rule::CommitsLast.name(), |_: &Self, world: &World| {
				!world.broken.has(Rule::CommitsLast)
			}),
			Property::always(Rule::OneLeader.name(), |_: &Self, world: &World| {
				!world.broken.has(Rule::OneLeader)
			}),
			Property::always(Rule::OwnLeader.name(), |_: &Self, world: &World| {
				!world.broken.has(Rule::OwnLeader)
			}),
			Property::always(Rule::VotesLast.name(), |_: &Self, world: &World| {
				!world.broken.has(Rule::VotesLast)
			}),
		]
	}

	fn format_action(&self, action: &Action) -> String {
		self.describe(action)
	}
}

impl Protocol {
	/// What the way to a state came across.
	pub fn reached(&self, world: &World) -> BTreeSet<Goal> {
		self.tables().pools[world.pool as usize].verdict.reached.clone()
	}

	/// What some way came across.
	pub fn reached_by_any(&self) -> BTreeSet<Goal> {
		self.tables().reached.clone()
	}
}

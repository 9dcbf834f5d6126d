//! The model: authorities, and the set of what was sent.
//!
//! The checker's states are numbers. The tables behind them hold each local state of an authority, each message and
//! each set of messages once, and remember what every step of a local state leads to, so that the core runs once for
//! each pair of local state and step, however many global states they occur in.

use stateright::{Model, Property};
use std::{
	collections::{BTreeSet, HashMap, VecDeque},
	sync::{Arc, Mutex, MutexGuard},
};
use veilmart_td_raft::{Phase, SetId, Target, Term};
use veilmart_td_raft_core::{
	message::{Message, Notice, Promise},
	symbolic::{Digest, Name},
	Timer, To,
};

use crate::{
	byzantine::{self, Knowledge, Recipe},
	canonical,
	node::{Blocks, Node, Step, What, Wire},
	properties::{self, Broken, Goal, Verdict},
	scenario::{Prologue, Scenario},
};

/// The most honest authorities of a scenario.
const NODES: usize = 5;

/// A state: everybody's local state, what was sent, and how often somebody may still crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World {
	nodes: [u32; NODES],
	pool: u32,
	crashes: u8,
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

/// A set of what was sent.
#[derive(Debug)]
struct Pool {
	wires: Vec<u32>,
	/// To whom each can be delivered on its own.
	deliveries: Vec<(u32, u8)>,
	collections: Vec<Action>,
	/// The blocks that have a certificate.
	certified: BTreeSet<Digest>,
	verdict: Verdict,
}

/// A new local state, and what leaves.
type Stepped = (u32, Arc<[u32]>);
/// Whose votes, for what.
type Place = (u8, Phase, Target<Digest>);

struct Tables {
	/// Local states, each with its number, and with the one that stands for all that are the same between transitions.
	nodes: Vec<(usize, Arc<Node>)>,
	node_ids: HashMap<Arc<Node>, u32>,
	same: HashMap<u32, u32>,
	same_ids: HashMap<u128, u32>,
	wires: Vec<Arc<Wire>>,
	wire_ids: HashMap<u128, u32>,
	pools: Vec<Arc<Pool>>,
	pool_ids: HashMap<Vec<u32>, u32>,
	steps: HashMap<(u32, Step), Stepped>,
	grown: HashMap<(u32, Vec<u32>), u32>,
	/// What the Byzantine authority has made.
	recipes: HashMap<Recipe, Vec<u32>>,
	blocks: Blocks,
}

/// How many different local states of authorities and sets of messages there are, and steps that cores took.
pub struct Sizes {
	pub local_states: usize,
	pub pools: usize,
	pub steps: usize,
}

/// A model of a scenario.
pub struct Protocol {
	pub scenario: Scenario,
	honest: Vec<Name>,
	tables: Mutex<Tables>,
}

impl Protocol {
	pub fn new(scenario: Scenario) -> Self {
		let honest = scenario.honest();
		assert!(honest.len() <= NODES, "more authorities than a state holds");
		let tables = Tables {
			nodes: Vec::new(),
			node_ids: HashMap::new(),
			same: HashMap::new(),
			same_ids: HashMap::new(),
			wires: Vec::new(),
			wire_ids: HashMap::new(),
			pools: Vec::new(),
			pool_ids: HashMap::new(),
			steps: HashMap::new(),
			grown: HashMap::new(),
			recipes: HashMap::new(),
			blocks: Blocks::new(&scenario),
		};
		Self {
			scenario,
			honest,
			tables: Mutex::new(tables),
		}
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
			Prologue::Elected(who) => {
				let who = self.honest.iter().position(|name| name.0 == who);
				let who = who.expect("an honest authority") as u8;
				let timer = Timer::Stand;
				apply(&mut world, Action::Elapse { who, timer });
				all(&mut world, &is_honest_election);
			}
			Prologue::VotedForByzantine | Prologue::CertifiedByzantine => all(&mut world, &is_request),
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

	/// The term of the attempt that an authority is in.
	fn attempt(node: &Node) -> Option<Term> {
		node.core.attempt_term()
	}
}

impl Tables {
	fn intern_node(&mut self, index: usize, node: Node) -> u32 {
		if let Some(id) = self.node_ids.get(&node) {
			return *id;
		}
		let (id, node) = (self.nodes.len() as u32, Arc::new(node));
		self.nodes.push((index, node.clone()));
		self.node_ids.insert(node, id);
		id
	}

	/// The local state that stands for this one.
	fn representative(&mut self, node: u32) -> u32 {
		if let Some(known) = self.same.get(&node) {
			return *known;
		}
		let key = canonical::key(&self.nodes[node as usize].1);
		let representative = *self.same_ids.entry(key).or_insert(node);
		self.same.insert(node, representative);
		representative
	}

	fn intern_wire(&mut self, protocol: &Protocol, wire: Wire) -> u32 {
		let next = self.wires.len() as u32;
		// Whoever assembles a certificate of an election or of a block, it is the same.
		let key = match &wire.what {
			_ if protocol.scenario.is_fine => canonical::exact_key(&wire),
			What::Message(Message::Notice(Notice::Certified(qc))) => canonical::key(&(qc.phase, qc.target)),
			What::Message(Message::Notice(Notice::Elected(certificate))) => canonical::key(certificate),
			_ => canonical::key(&wire),
		};
		let id = *self.wire_ids.entry(key).or_insert(next);
		if id == next {
			if let What::Block(block) = &wire.what {
				self.blocks.add(&protocol.scenario, block);
			}
			self.wires.push(Arc::new(wire));
		}
		id
	}

	/// Takes a step, and gives the new local state and what leaves.
	fn step(&mut self, protocol: &Protocol, node: u32, step: Step) -> Stepped {
		if let Some(known) = self.steps.get(&(node, step.clone())) {
			return known.clone();
		}
		let (index, before) = self.nodes[node as usize].clone();
		let wire = match step {
			Step::Wire(id) => Some(self.wires[id as usize].clone()),
			_ => None,
		};
		let mut after = (*before).clone();
		let name = protocol.honest[index];
		let sent = after.step(&protocol.scenario, name, &self.blocks, &step, wire.as_deref());
		let sent: Arc<[u32]> = sent
			.into_iter()
			.map(|wire| self.intern_wire(protocol, wire))
			.collect();
		let id = if after == *before {
			node
		} else {
			self.intern_node(index, after)
		};
		self.steps.insert((node, step), (id, sent.clone()));
		(id, sent)
	}

	/// The set with these added, and all that the Byzantine authority makes of it.
	fn grow(&mut self, protocol: &Protocol, pool: u32, mut sent: Vec<u32>) -> u32 {
		let has = &self.pools[pool as usize].wires;
		sent.sort_unstable();
		sent.dedup();
		sent.retain(|id| has.binary_search(id).is_err());
		if sent.is_empty() {
			return pool;
		}
		if let Some(known) = self.grown.get(&(pool, sent.clone())) {
			return *known;
		}
		let wires = has.iter().chain(&sent).copied().collect();
		let grown = self.intern_pool(protocol, wires);
		self.grown.insert((pool, sent), grown);
		grown
	}

	fn intern_pool(&mut self, protocol: &Protocol, mut wires: BTreeSet<u32>) -> u32 {
		let scenario = &protocol.scenario;
		loop {
			let before = wires.len();
			let sent: Vec<_> = wires.iter().map(|id| self.wires[*id as usize].clone()).collect();
			let knowledge = Knowledge::of(scenario, sent.iter().map(|wire| &**wire));
			for recipe in byzantine::recipes(scenario, &self.blocks, &knowledge) {
				if let Some(made) = self.recipes.get(&recipe) {
					wires.extend(made);
					continue;
				}
				let made = byzantine::make(scenario, &self.blocks, &recipe);
				let made: Vec<_> = made
					.into_iter()
					.map(|wire| self.intern_wire(protocol, wire))
					.collect();
				wires.extend(&made);
				self.recipes.insert(recipe, made);
			}
			if wires.len() == before {
				break;
			}
		}
		let wires: Vec<_> = wires.into_iter().collect();
		if let Some(known) = self.pool_ids.get(&wires) {
			return *known;
		}
		let id = self.pools.len() as u32;
		let pool = self.pool(protocol, wires.clone());
		self.pools.push(Arc::new(pool));
		self.pool_ids.insert(wires, id);
		id
	}

	fn pool(&self, protocol: &Protocol, wires: Vec<u32>) -> Pool {
		let scenario = &protocol.scenario;
		let mut deliveries = Vec::new();
		let mut ballots: Vec<(Place, Vec<u32>)> = Vec::new();
		for id in &wires {
			let wire = &self.wires[*id as usize];
			let vote = match &wire.what {
				What::Message(Message::Promise(Promise::Vote(vote))) if !scenario.is_fine => Some(vote),
				_ => None,
			};
			let is_commit = matches!(
				&wire.what,
				What::Message(Message::Notice(Notice::Certified(qc))) if qc.phase == Phase::Commit
			);
			if is_commit && !scenario.finality {
				continue;
			}
			for (index, name) in protocol.honest.iter().enumerate() {
				let is_for = *name != wire.from && (wire.to == To::Others || wire.to == To::One(*name));
				match vote {
					_ if !is_for => {}
					None => deliveries.push((*id, index as u8)),
					Some(vote) => {
						let place = (index as u8, vote.phase, vote.target);
						match ballots.iter_mut().find(|(other, _)| *other == place) {
							Some((_, votes)) => votes.push(*id),
							None => ballots.push((place, vec![*id])),
						}
					}
				}
			}
		}
		let enough = |(_, _, target): &Place, votes: usize| {
			scenario
				.set(target.set_id.0)
				.is_some_and(|set| votes + 1 >= scenario.quorum(&set))
		};
		ballots.retain(|(place, votes)| enough(place, votes.len()));
		let collections = ballots
			.into_iter()
			.map(|((to, phase, target), votes)| Action::Collect {
				to,
				phase,
				target,
				votes: votes.into(),
			})
			.collect();
		let sent = wires.iter().map(|id| &*self.wires[*id as usize]);
		let verdict = properties::judge(scenario, &self.blocks, sent);
		let certified = wires
			.iter()
			.filter_map(|id| match &self.wires[*id as usize].what {
				What::Message(Message::Notice(Notice::Certified(qc))) => Some(qc.target.hash),
				_ => None,
			});
		let certified = certified.collect();
		Pool {
			wires,
			deliveries,
			collections,
			certified,
			verdict,
		}
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
			let term = wish.filter(|term| *term > Term(0));
			if let Some(wire) = term.and_then(|term| byzantine::wish(scenario, set_id, term)) {
				let id = self.tables.intern_wire(self.protocol, wire);
				if eager {
					self.eager.push_back(id)
				} else {
					self.sent.push(id)
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
			let node = self.tables.nodes[self.world.nodes[index] as usize].1.clone();
			let set_id = node.core.durable().set_id;
			let Some(term) = Protocol::attempt(&node) else {
				continue;
			};
			let Some(name) = scenario.byzantine().filter(|name| scenario.stands(*name, term)) else {
				continue;
			};
			let dealt = node.core.chain().anchor().in_force();
			let stands = dealt.and_then(|dealt| byzantine::stand(scenario, set_id, term, dealt));
			if let Some(wire) = stands.filter(|wire| wire.from == name) {
				let id = self.tables.intern_wire(self.protocol, wire);
				self.sent.push(id);
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
					Timer::Stand if !scenario.is_fine => {
						Self::attempt(node).is_some_and(|term| scenario.stands(self.honest[index], term))
					}
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
		let mut properties = vec![
			Property::always("agreement", |model: &Self, world| {
				!model.is_broken(world, Broken::Agreement)
			}),
			Property::always("no commit is lost", |model: &Self, world| {
				!model.is_broken(world, Broken::LostCommit)
			}),
			Property::always("one leader in a term", |model: &Self, world| {
				!model.is_broken(world, Broken::TwoLeaders)
			}),
			Property::always("a leader is elected by its set", |model: &Self, world| {
				!model.is_broken(world, Broken::ForeignLeader)
			}),
			Property::always("no vote is taken back", |model: &Self, world| {
				!model.is_broken(world, Broken::TakenBack)
			}),
		];
		for goal in self.scenario.goals {
			let condition: fn(&Self, &World) -> bool = match goal {
				Goal::Commit(1) => |model, world| model.reaches(world, Goal::Commit(1)),
				Goal::Commit(2) => |model, world| model.reaches(world, Goal::Commit(2)),
				Goal::Commit(_) => |model, world| model.reaches(world, Goal::Commit(3)),
				Goal::NextSet(1) => |model, world| model.reaches(world, Goal::NextSet(1)),
				Goal::NextSet(2) => |model, world| model.reaches(world, Goal::NextSet(2)),
				Goal::NextSet(_) => |model, world| model.reaches(world, Goal::NextSet(3)),
				Goal::Reconfirmed => |model, world| model.reaches(world, Goal::Reconfirmed),
				Goal::Equivocation => |model, world| model.reaches(world, Goal::Equivocation),
			};
			properties.push(Property::sometimes(goal.name(), condition));
		}
		properties
	}

	fn format_action(&self, action: &Action) -> String {
		self.describe(action)
	}
}

impl Protocol {
	/// Whether a state breaks a property.
	pub fn is_broken(&self, world: &World, broken: Broken) -> bool {
		let tables = self.tables();
		if tables.pools[world.pool as usize].verdict.broken.contains(&broken) {
			return true;
		}
		let nodes = self
			.indices()
			.map(|index| &*tables.nodes[world.nodes[index] as usize].1);
		if broken == Broken::TakenBack {
			return nodes.clone().any(|node| node.broken.is_some());
		}
		properties::agree(nodes) == Err(broken)
	}

	fn reaches(&self, world: &World, goal: Goal) -> bool {
		self.tables().pools[world.pool as usize]
			.verdict
			.reached
			.contains(&goal)
	}

	/// What the way to a state came across.
	pub fn reached(&self, world: &World) -> BTreeSet<Goal> {
		self.tables().pools[world.pool as usize].verdict.reached.clone()
	}
}

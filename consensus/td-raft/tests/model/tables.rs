//! What is behind the numbers of a state: each local state, each message and each set of messages once, and what every
//! step of a local state leads to, so that the core runs once for each pair of local state and step, however many
//! global states they occur in.

use std::{
	collections::{BTreeSet, HashMap},
	sync::Arc,
};
use veilmart_td_raft::{Phase, Target};
use veilmart_td_raft_core::{
	message::{Message, Notice, Promise},
	symbolic::Digest,
	To,
};

use crate::{
	byzantine::{self, Knowledge, Recipe},
	canonical,
	node::{Blocks, Node, Step, What, Wire},
	properties::{self, Goal, Verdict},
	scenario::Scenario,
	world::{Action, Protocol},
};

/// A set of what was sent.
#[derive(Debug)]
pub struct Pool {
	pub wires: Vec<u32>,
	/// To whom each can be delivered on its own.
	pub deliveries: Vec<(u32, u8)>,
	pub collections: Vec<Action>,
	/// The blocks that have a certificate.
	pub certified: BTreeSet<Digest>,
	pub verdict: Verdict,
}

/// A new local state, and what leaves.
pub type Stepped = (u32, Arc<[u32]>);
/// Whose votes, for what.
type Place = (u8, Phase, Target<Digest>);

/// The tables of a model.
pub struct Tables {
	/// Local states, each with its number, and with the one that stands for all that are the same between transitions.
	pub nodes: Vec<(usize, Arc<Node>)>,
	node_ids: HashMap<Arc<Node>, u32>,
	same: HashMap<u32, u32>,
	pub same_ids: HashMap<u128, u32>,
	pub wires: Vec<Arc<Wire>>,
	wire_ids: HashMap<u128, u32>,
	pub pools: Vec<Arc<Pool>>,
	pool_ids: HashMap<Vec<u32>, u32>,
	pub steps: HashMap<(u32, Step), Stepped>,
	grown: HashMap<(u32, Vec<u32>), u32>,
	/// What the Byzantine authority has made.
	recipes: HashMap<Recipe, Arc<[u32]>>,
	blocks: Blocks,
	/// What some set of messages came across.
	pub reached: BTreeSet<Goal>,
}

/// How many different local states of authorities and sets of messages there are, and steps that cores took.
pub struct Sizes {
	pub local_states: usize,
	pub pools: usize,
	pub steps: usize,
}

impl Tables {
	pub fn new(scenario: &Scenario) -> Self {
		Self {
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
			blocks: Blocks::new(scenario),
			reached: BTreeSet::new(),
		}
	}

	pub fn intern_node(&mut self, index: usize, node: Node) -> u32 {
		if let Some(id) = self.node_ids.get(&node) {
			return *id;
		}
		let (id, node) = (self.nodes.len() as u32, Arc::new(node));
		self.nodes.push((index, node.clone()));
		self.node_ids.insert(node, id);
		id
	}

	/// The local state that stands for this one.
	pub fn representative(&mut self, node: u32) -> u32 {
		if let Some(known) = self.same.get(&node) {
			return *known;
		}
		let key = canonical::key(&self.nodes[node as usize].1);
		let representative = *self.same_ids.entry(key).or_insert(node);
		self.same.insert(node, representative);
		representative
	}

	pub fn intern_wire(&mut self, protocol: &Protocol, wire: Wire) -> u32 {
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
	pub fn step(&mut self, protocol: &Protocol, node: u32, step: Step) -> Stepped {
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
	pub fn grow(&mut self, protocol: &Protocol, pool: u32, mut sent: Vec<u32>) -> u32 {
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

	/// What the Byzantine authority makes.
	pub fn make(&mut self, protocol: &Protocol, recipe: Recipe) -> Arc<[u32]> {
		if let Some(made) = self.recipes.get(&recipe) {
			return made.clone();
		}
		let made = byzantine::make(&protocol.scenario, &self.blocks, &recipe);
		let made: Arc<[u32]> = made
			.into_iter()
			.map(|wire| self.intern_wire(protocol, wire))
			.collect();
		self.recipes.insert(recipe, made.clone());
		made
	}

	pub fn intern_pool(&mut self, protocol: &Protocol, mut wires: BTreeSet<u32>) -> u32 {
		let scenario = &protocol.scenario;
		loop {
			let before = wires.len();
			let sent: Vec<_> = wires.iter().map(|id| self.wires[*id as usize].clone()).collect();
			let knowledge = Knowledge::of(scenario, sent.iter().map(|wire| &**wire));
			for recipe in byzantine::recipes(scenario, &self.blocks, &knowledge) {
				wires.extend(self.make(protocol, recipe).iter());
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
		let pool = self.judged(protocol, wires.clone());
		self.reached.extend(&pool.verdict.reached);
		self.pools.push(Arc::new(pool));
		self.pool_ids.insert(wires, id);
		id
	}

	fn judged(&self, protocol: &Protocol, wires: Vec<u32>) -> Pool {
		let scenario = &protocol.scenario;
		let mut deliveries = Vec::new();
		let mut ballots: Vec<(Place, Vec<u32>)> = Vec::new();
		for id in &wires {
			let wire = &self.wires[*id as usize];
			let vote = match &wire.what {
				What::Message(Message::Promise(Promise::Vote(vote))) if !scenario.is_fine => Some(vote),
				_ => None,
			};
			let certifies = match &wire.what {
				What::Message(Message::Notice(Notice::Certified(qc))) => Some(qc.phase),
				_ => None,
			};
			let is_certificate = certifies.is_some();
			if certifies == Some(Phase::Commit) && !scenario.finality {
				continue;
			}
			for (index, name) in protocol.honest.iter().enumerate() {
				// Others remember a certificate that its maker has lost in a crash.
				let not_its_own = *name != wire.from || is_certificate && scenario.crashes > 0;
				let is_for = not_its_own && (wire.to == To::Others || wire.to == To::One(*name));
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

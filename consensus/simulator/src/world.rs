//! The world: nodes, their processors, disks and clocks, the network between them, and a queue of events in virtual
//! time.
//!
//! Rules that make a run repeat bit for bit: events of one microsecond take place in the order in which they were
//! scheduled; everything random comes from the run's seed; no map with a random order is iterated.
//!
//! A node takes one input at a time. Its effects take place when its processor is done with the work they cost, and
//! not at all if it crashes before.

use crate::{
	clock::{Clock, LocalTime, Micros, Time, SECOND},
	counters::Counters,
	cpu::CostTable,
	disk::Disk,
	faults::Fault,
	finality::{Finality, Violation},
	network::{Links, Network, Packet, Transit},
	replica::{
		Effect, Effects, Input, LogPosition, NodeId, Protocol, Replica, StableRecord, Tamper, WireMessage,
	},
	rng::{Rng, Stream},
	trace::Trace,
	workload::{Outstanding, Workload},
};
use std::{
	cmp::Reverse,
	collections::{BTreeSet, BinaryHeap, VecDeque},
	rc::Rc,
};

type MessageOf<P> = <<P as Protocol>::Replica as Replica>::Message;
type RecordOf<P> = <<P as Protocol>::Replica as Replica>::Record;
type EffectsOf<P> = Effects<MessageOf<P>, RecordOf<P>>;
type TamperOf<P> = Box<dyn Tamper<MessageOf<P>>>;

/// What a run consists of, besides the protocol.
#[derive(Clone, Debug)]
pub struct Settings {
	/// Everything random comes from here.
	pub seed: u64,
	/// Number of authorities.
	pub n: u32,
	/// The network.
	pub links: Links,
	/// What work costs.
	pub costs: Rc<CostTable>,
	/// The transactions.
	pub workload: Workload,
	/// Clocks gain or lose up to so many microseconds per second.
	pub drift_ppm: u32,
	/// Authorities that run twice with the same keys, neither knowing of the other.
	pub twins: Vec<NodeId>,
	/// Faulty authorities and the name of their behaviour.
	pub adversaries: Vec<(NodeId, &'static str)>,
	/// Faults and when they happen.
	pub faults: Vec<(Time, Fault)>,
	/// Lines of the trace to keep; `None` records no trace.
	pub trace: Option<usize>,
	/// Whether to count messages by block.
	pub count_blocks: bool,
}

impl Settings {
	/// Honest nodes that cost nothing on an ideal network with this delay, small blocks, and a trace.
	pub fn ideal(seed: u64, n: u32, delay: Micros) -> Self {
		Self {
			seed,
			n,
			links: Links::ideal(delay),
			costs: Rc::new(CostTable::free()),
			workload: Workload::small(),
			drift_ppm: 0,
			twins: Vec::new(),
			adversaries: Vec::new(),
			faults: Vec::new(),
			trace: Some(2_000),
			count_blocks: false,
		}
	}
}

enum Event<M> {
	Transit(Transit<M>),
	/// A node's processor is done with what it worked on.
	Done(usize, u32),
	/// A node's disk is done syncing.
	Synced(usize, u32),
	/// A node's clock may have reached the time it asked for.
	Wake(usize, u64),
	/// Clients lose patience with a batch.
	Resend(usize, u64),
	Fault(usize),
}

/// The events to come, by time and, of one microsecond, in the order in which they were scheduled.
struct Queue<M> {
	/// Time, order, and where the event is: a heap moves its items often, and events are large.
	heap: BinaryHeap<Reverse<(Time, u64, usize)>>,
	events: Vec<Option<Event<M>>>,
	free: Vec<usize>,
	order: u64,
}

impl<M> Queue<M> {
	fn new() -> Self {
		Self {
			heap: BinaryHeap::new(),
			events: Vec::new(),
			free: Vec::new(),
			order: 0,
		}
	}

	fn push(&mut self, at: Time, event: Event<M>) {
		let place = self.free.pop().unwrap_or(self.events.len());
		match self.events.get_mut(place) {
			Some(empty) => *empty = Some(event),
			None => self.events.push(Some(event)),
		}
		self.order += 1;
		self.heap.push(Reverse((at, self.order, place)));
	}

	/// The next event, if it happens up to a moment.
	fn pop(&mut self, end: Time) -> Option<(Time, Event<M>)> {
		let Reverse((at, _, place)) = *self.heap.peek().filter(|Reverse((at, ..))| *at <= end)?;
		self.heap.pop();
		self.free.push(place);
		let event = self.events.get_mut(place)?.take()?;
		Some((at, event))
	}
}

/// One running copy of an authority.
struct Instance<P: Protocol> {
	id: NodeId,
	honest: bool,
	/// What is wrong with it.
	behaviour: Option<&'static str>,
	replica: Option<P::Replica>,
	/// Counts starts and stops, so that events of an earlier life are recognized.
	epoch: u32,
	starts: u32,
	clock: Clock,
	disk: Disk<RecordOf<P>>,
	slowness: u64,
	inbox: VecDeque<Input<MessageOf<P>>>,
	/// Effects that wait for the processor to be done.
	working: Option<EffectsOf<P>>,
	/// Messages that wait for the log to be synced up to a position.
	gated: VecDeque<(LogPosition, NodeId, MessageOf<P>)>,
	/// Counts requests to be woken; only the last one counts.
	wake: u64,
	/// What the last of them asked for.
	wake_at: Option<LocalTime>,
	time_due: bool,
	outstanding: Outstanding,
	told_waiting: Option<bool>,
	tamper: Option<TamperOf<P>>,
}

/// A run of one protocol.
pub struct World<P: Protocol> {
	protocol: P,
	settings: Settings,
	now: Time,
	queue: Queue<MessageOf<P>>,
	instances: Vec<Instance<P>>,
	/// The instances of each authority.
	instances_of: Vec<Vec<usize>>,
	network: Network<MessageOf<P>>,
	disk_rng: Rng,
	trace: Trace,
	counters: Counters,
	finality: Finality,
	batches: u64,
	leaders: Vec<(Time, NodeId, u64)>,
	offences: BTreeSet<(NodeId, &'static str)>,
	violation: Option<Violation>,
	due: Vec<(Time, Transit<MessageOf<P>>)>,
}

impl<P: Protocol> World<P> {
	/// All nodes start at once, each with a clock of its own.
	pub fn new(protocol: P, settings: Settings) -> Self {
		let mut clocks = Rng::new(settings.seed, Stream::Clocks);
		let mut instances = Vec::new();
		let mut instances_of = vec![Vec::new(); settings.n as usize];
		let twins = settings.twins.iter().copied().filter(|id| id.0 < settings.n);
		for id in NodeId::all(settings.n).chain(twins) {
			let adversary = settings.adversaries.iter().find(|(node, _)| *node == id);
			let drift = clocks.between(0, 2 * settings.drift_ppm as u64) as i64 - settings.drift_ppm as i64;
			instances_of[id.index()].push(instances.len());
			instances.push(Instance {
				id,
				honest: adversary.is_none() && !settings.twins.contains(&id),
				behaviour: adversary.map(|(_, name)| *name),
				replica: None,
				epoch: 0,
				// A twin draws other numbers than the first copy.
				starts: if instances.len() < settings.n as usize {
					0
				} else {
					1 << 20
				},
				clock: Clock::new(clocks.below(10 * SECOND), drift as i32),
				disk: Disk::new(1),
				slowness: 1,
				inbox: VecDeque::new(),
				working: None,
				gated: VecDeque::new(),
				wake: 0,
				wake_at: None,
				time_due: false,
				outstanding: Outstanding::default(),
				told_waiting: None,
				tamper: adversary.and_then(|(_, name)| protocol.adversary(name, id)),
			});
		}
		let network = Network::new(
			instances.len(),
			settings.links.clone(),
			Rng::new(settings.seed, Stream::Network),
		);
		let mut world = Self {
			now: Time(0),
			queue: Queue::new(),
			instances_of,
			network,
			disk_rng: Rng::new(settings.seed, Stream::Disk),
			trace: settings.trace.map_or_else(Trace::off, Trace::keeping),
			counters: Counters::new(settings.count_blocks),
			finality: Finality::default(),
			batches: 0,
			leaders: Vec::new(),
			offences: BTreeSet::new(),
			violation: None,
			due: Vec::new(),
			instances,
			protocol,
			settings,
		};
		for (id, name) in world.settings.adversaries.clone() {
			world
				.trace
				.line(world.now, format_args!("{id} is faulty: {name}"));
		}
		for instance in world.settings.n as usize..world.instances.len() {
			let id = world.instances[instance].id;
			world
				.trace
				.line(world.now, format_args!("n{instance} is the twin of {id}"));
		}
		for index in 0..world.settings.faults.len() {
			world.schedule(world.settings.faults[index].0, Event::Fault(index));
		}
		for instance in 0..world.instances.len() {
			world.start(instance);
		}
		world
	}

	/// The present in virtual time.
	pub fn now(&self) -> Time {
		self.now
	}

	/// What is final.
	pub fn finality(&self) -> &Finality {
		&self.finality
	}

	/// What was sent.
	pub fn counters(&self) -> &Counters {
		&self.counters
	}

	/// The trace.
	pub fn trace(&self) -> &Trace {
		&self.trace
	}

	/// Who led from when on, in which term.
	pub fn leaders(&self) -> &[(Time, NodeId, u64)] {
		&self.leaders
	}

	/// Offences that honest nodes reported.
	pub fn offences(&self) -> &BTreeSet<(NodeId, &'static str)> {
		&self.offences
	}

	/// The node of the first copy of an authority, if it runs.
	pub fn replica(&self, id: NodeId) -> Option<&P::Replica> {
		self.instances.get(id.index())?.replica.as_ref()
	}

	/// Honest authorities.
	pub fn honest(&self) -> impl Iterator<Item = NodeId> + '_ {
		self.instances
			.iter()
			.filter(|instance| instance.honest)
			.map(|instance| instance.id)
	}

	/// Lets something happen now.
	pub fn inject(&mut self, fault: &Fault) -> Result<(), Violation> {
		self.fault(fault);
		self.violation.clone().map_or(Ok(()), Err)
	}

	/// Runs up to a moment.
	pub fn run_until(&mut self, end: Time) -> Result<(), Violation> {
		self.run_while(end, |_| true)
	}

	/// Runs up to a moment, or until the condition no longer holds, which is asked after every event.
	pub fn run_while(
		&mut self,
		end: Time,
		mut condition: impl FnMut(&Self) -> bool,
	) -> Result<(), Violation> {
		while condition(self) {
			if let Some(violation) = &self.violation {
				return Err(violation.clone());
			}
			let Some((at, event)) = self.queue.pop(end) else {
				self.now = self.now.max(end);
				break;
			};
			self.now = at;
			self.take(event);
		}
		self.violation.clone().map_or(Ok(()), Err)
	}

	/// Every honest node finalizes something beyond what any had finalized now, within `bound`.
	pub fn expect_progress(&mut self, bound: Micros) -> Result<(), Violation> {
		let before = self.finality.highest_of_all();
		let honest: Vec<_> = self.honest().collect();
		self.run_while(self.now.after(bound), |world| {
			honest.iter().any(|id| world.finality.highest(*id) <= before)
		})?;
		match honest.iter().find(|id| self.finality.highest(**id) <= before) {
			None => Ok(()),
			Some(node) => {
				let number = self.finality.highest(*node);
				Err(Violation::Stalled {
					node: *node,
					number,
					bound,
				})
			}
		}
	}

	fn schedule(&mut self, at: Time, event: Event<MessageOf<P>>) {
		self.queue.push(at.max(self.now), event);
	}

	fn schedule_transits(&mut self) {
		let mut due = std::mem::take(&mut self.due);
		for (at, transit) in due.drain(..) {
			self.schedule(at, Event::Transit(transit));
		}
		self.due = due;
	}

	fn take(&mut self, event: Event<MessageOf<P>>) {
		match event {
			Event::Transit(Transit::UplinkFree { instance, epoch }) => {
				self.network.uplink_free(self.now, instance, epoch, &mut self.due);
				self.schedule_transits();
			}
			Event::Transit(Transit::Arrived(packet)) => {
				let received = self.network.arrived(self.now, packet, &mut self.due);
				self.schedule_transits();
				if let Some(packet) = received {
					self.receive(packet);
				}
			}
			Event::Transit(Transit::Received(packet)) => self.receive(packet),
			Event::Done(instance, epoch) => {
				if self.instances[instance].epoch == epoch {
					if let Some(effects) = self.instances[instance].working.take() {
						self.apply(instance, effects);
					}
					self.work(instance);
				}
			}
			Event::Synced(instance, epoch) => {
				if self.instances[instance].epoch == epoch {
					self.synced(instance);
				}
			}
			Event::Wake(instance, wake) => {
				let node = &mut self.instances[instance];
				if node.wake == wake {
					node.wake_at = None;
					if !node.time_due {
						node.time_due = true;
						node.inbox.push_back(Input::Time);
						self.work(instance);
					}
				}
			}
			Event::Resend(instance, batch) => {
				self.instances[instance].outstanding.abandon(batch);
				self.tell_waiting(instance);
				self.work(instance);
			}
			Event::Fault(index) => {
				if let Some((_, fault)) = self.settings.faults.get(index).cloned() {
					self.fault(&fault);
				}
			}
		}
	}

	fn receive(&mut self, packet: Packet<MessageOf<P>>) {
		let from = self.instances[packet.from].id;
		let node = &mut self.instances[packet.to];
		if node.replica.is_none() {
			return;
		}
		if let Some(tamper) = &mut node.tamper {
			let noticed = tamper.incoming(from, &packet.message);
			let answers = tamper.answers();
			self.put_out(packet.to, answers);
			if !noticed {
				return;
			}
		}
		let (to, message) = (packet.to, packet.message);
		self.trace
			.line(self.now, format_args!("n{to} <- n{} {message}", packet.from));
		let node = &mut self.instances[to];
		node.inbox.push_back(Input::Message { from, message });
		self.work(to);
	}

	/// Takes inputs as long as the processor is free.
	fn work(&mut self, instance: usize) {
		loop {
			let node = &mut self.instances[instance];
			if node.working.is_some() || self.violation.is_some() {
				return;
			}
			let Some(replica) = &mut node.replica else { return };
			let Some(input) = node.inbox.pop_front() else {
				return;
			};
			let costs = &self.settings.costs;
			let mut nanos = match &input {
				Input::Message { .. } => costs.message,
				_ => 0,
			};
			if matches!(input, Input::Time) {
				node.time_due = false;
			}
			let mut effects = Effects::default();
			replica.handle(node.clock.read(self.now), input, &mut effects);
			for operation in &effects.work {
				nanos = nanos.saturating_add(costs.cost(*operation));
			}
			let sends = effects
				.list
				.iter()
				.filter(|e| matches!(e, Effect::Send(..) | Effect::SendAtOnce(..)));
			nanos = nanos.saturating_add((sends.count() as u64).saturating_mul(costs.message));
			let busy = nanos.saturating_mul(node.slowness).div_ceil(1_000);
			if busy == 0 {
				self.apply(instance, effects);
			} else {
				node.working = Some(effects);
				let epoch = node.epoch;
				self.schedule(self.now.after(busy), Event::Done(instance, epoch));
			}
		}
	}

	fn apply(&mut self, instance: usize, effects: EffectsOf<P>) {
		if let Some(local) = effects.wake {
			let node = &mut self.instances[instance];
			if node.wake_at != Some(local) {
				node.wake_at = Some(local);
				node.wake += 1;
				let (wake, at) = (node.wake, node.clock.when(local));
				self.schedule(at, Event::Wake(instance, wake));
			}
		}
		for effect in effects.list {
			let node = &mut self.instances[instance];
			match effect {
				Effect::Persist(record) => {
					self.trace.line(
						self.now,
						format_args!("n{instance} logs {} bytes", record.bytes()),
					);
					node.disk.append(record);
				}
				Effect::Send(to, message) => {
					if node.disk.synced() == node.disk.written() {
						self.transmit(instance, to, message);
					} else {
						node.gated.push_back((node.disk.written(), to, message));
					}
				}
				Effect::SendAtOnce(to, message) => self.transmit(instance, to, message),
				Effect::Build => {
					let body = node.outstanding.take(&self.settings.workload, &mut self.batches);
					node.inbox.push_back(Input::Built(body));
					self.finality.built(body, self.now);
					if body.id > 0 {
						self.trace
							.line(self.now, format_args!("n{instance} builds batch {}", body.id));
						let at = self.now.after(self.settings.workload.resend_after);
						self.schedule(at, Event::Resend(instance, body.id));
					}
					self.tell_waiting(instance);
				}
				Effect::Finalize { number, hash, body } => {
					let batch = body.id;
					self.trace.line(
						self.now,
						format_args!("n{instance} finalizes block {number} {hash} batch {batch}"),
					);
					if batch > 0 {
						node.outstanding.finalized(batch);
					}
					if node.honest {
						let id = node.id;
						if let Err(violation) = self.finality.finalize(id, number, hash, body, self.now) {
							self.violate(violation);
						}
					}
					self.tell_waiting(instance);
				}
				Effect::Leads(term) => {
					let id = node.id;
					self.trace
						.line(self.now, format_args!("n{instance} leads term {term}"));
					self.leaders.push((self.now, id, term));
				}
				Effect::Offence(accused, what) => {
					self.trace
						.line(self.now, format_args!("n{instance} reports {accused}: {what}"));
					if node.honest {
						let by = node.id;
						if self.honest().any(|id| id == accused) {
							self.violate(Violation::FalseAccusation { by, accused, what });
						}
						self.offences.insert((accused, what));
					}
				}
				Effect::Stop(why) => {
					self.trace
						.line(self.now, format_args!("n{instance} stops: {why}"));
					let (honest, node) = (node.honest, node.id);
					self.stop(instance);
					if honest {
						self.violate(Violation::Stopped { node, why });
					}
					return;
				}
			}
		}
		self.start_sync(instance);
	}

	fn start_sync(&mut self, instance: usize) {
		let node = &mut self.instances[instance];
		if let Some(span) = node.disk.start_sync(&self.settings.costs) {
			let epoch = node.epoch;
			self.schedule(self.now.after(span), Event::Synced(instance, epoch));
		}
	}

	fn synced(&mut self, instance: usize) {
		let node = &mut self.instances[instance];
		let position = node.disk.finish_sync();
		node.inbox.push_back(Input::Persisted(position));
		while let Some((until, _, _)) = self.instances[instance].gated.front() {
			if *until > position {
				break;
			}
			if let Some((_, to, message)) = self.instances[instance].gated.pop_front() {
				self.transmit(instance, to, message);
			}
		}
		self.start_sync(instance);
		self.work(instance);
	}

	fn transmit(&mut self, instance: usize, to: NodeId, message: MessageOf<P>) {
		let node = &mut self.instances[instance];
		let local = node.clock.read(self.now);
		let outgoing = match &mut node.tamper {
			Some(tamper) => tamper.outgoing(local, to, message),
			None => vec![(to, message)],
		};
		self.put_out(instance, outgoing);
	}

	/// Sends what a node's tamper leaves.
	fn put_out(&mut self, instance: usize, outgoing: Vec<(NodeId, MessageOf<P>)>) {
		let id = self.instances[instance].id;
		for (to, message) in outgoing {
			if to == id {
				continue;
			}
			let (bytes, lane) = (message.bytes(), message.lane());
			self.counters.sent(message.kind(), message.block(), bytes);
			let Some(copies) = self.instances_of.get(to.index()) else {
				continue;
			};
			for copy in copies {
				let packet = Packet {
					from: instance,
					to: *copy,
					bytes,
					lane,
					message: message.clone(),
				};
				self.network.send(self.now, packet, &mut self.due);
			}
		}
		self.schedule_transits();
	}

	fn tell_waiting(&mut self, instance: usize) {
		let node = &mut self.instances[instance];
		let waiting = node.outstanding.waiting(&self.settings.workload);
		if node.replica.is_some() && node.told_waiting != Some(waiting) {
			node.told_waiting = Some(waiting);
			node.inbox.push_back(Input::Waiting(waiting));
		}
	}

	fn start(&mut self, instance: usize) {
		let node = &mut self.instances[instance];
		if node.replica.is_some() {
			return;
		}
		node.replica = Some(
			self.protocol
				.boot(node.id, node.starts, node.behaviour, node.disk.records()),
		);
		node.starts += 1;
		node.inbox.push_back(Input::Time);
		node.time_due = true;
		self.finality.started(node.id);
		self.trace.line(
			self.now,
			format_args!("n{instance} starts with {} records", node.disk.records().len()),
		);
		self.tell_waiting(instance);
		self.work(instance);
	}

	fn stop(&mut self, instance: usize) {
		let node = &mut self.instances[instance];
		node.replica = None;
		node.epoch += 1;
		node.wake += 1;
		node.wake_at = None;
		node.inbox.clear();
		node.working = None;
		node.gated.clear();
		node.time_due = false;
		node.outstanding = Outstanding::default();
		node.told_waiting = None;
		self.network.reset_uplink(instance);
	}

	fn crash(&mut self, instance: usize) {
		if self
			.instances
			.get(instance)
			.is_some_and(|node| node.replica.is_some())
		{
			self.stop(instance);
			self.instances[instance].disk.crash(&mut self.disk_rng);
		}
	}

	fn fault(&mut self, fault: &Fault) {
		self.trace.line(self.now, format_args!("** {fault}"));
		let count = self.instances.len();
		match fault {
			Fault::Partition(groups) => {
				for (index, group) in groups.iter().enumerate() {
					for other in groups.iter().enumerate().filter(|(other, _)| *other != index) {
						self.network.block(group, other.1);
					}
				}
			}
			Fault::OneWay(from, to) => self.network.block(from, to),
			Fault::Rejoin => self.network.unblock_all(),
			Fault::Quality(loss, duplicate, hold) => self.network.set_quality(*loss, *duplicate, *hold),
			Fault::Crash(instance) => self.crash(*instance),
			Fault::Start(instance) => {
				if *instance < count {
					self.start(*instance);
				}
			}
			Fault::PowerLoss => (0..count).for_each(|instance| self.crash(instance)),
			Fault::PowerBack => (0..count).for_each(|instance| self.start(instance)),
			Fault::SlowProcessor(instance, times) => {
				if let Some(node) = self.instances.get_mut(*instance) {
					node.slowness = *times;
				}
			}
			Fault::SlowDisk(instance, times) => {
				if let Some(node) = self.instances.get_mut(*instance) {
					node.disk.set_slowness(*times);
				}
			}
		}
	}

	fn violate(&mut self, violation: Violation) {
		self.trace.line(self.now, format_args!("!! {violation}"));
		self.violation.get_or_insert(violation);
	}
}

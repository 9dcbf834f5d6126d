//! Raft, as the `raft` crate implements it, as a replica of the simulator.
//!
//! The crate's asynchronous way of persisting is used: entries and votes are logged first and reported back when they
//! are synced; a leader replicates while it syncs (Raft thesis, 10.2.1), a follower answers after the sync. The crate
//! draws election timeouts from the system's randomness; they are replaced after every call by draws from the seed.
//!
//! Blocks are entries. An entry holds the number and size of its batch; the size counts on the wire and on disk.

use crate::{
	clock::{LocalTime, Micros},
	cpu::Operation,
	network::Lane,
	replica::{
		BlockHash, Body, Effects, Input, LogPosition, NodeId, Protocol, Replica, StableRecord, Tamper,
		WireMessage,
	},
	rng::{Rng, Stream},
};
use blake2::{
	digest::{consts::U32, Digest},
	Blake2b,
};
use raft::{
	eraftpb::{ConfState, Entry, HardState, Message, MessageType},
	storage::MemStorage,
	Config, RawNode, StateRole,
};
use std::{collections::VecDeque, fmt, rc::Rc};

/// Bytes of a message besides its entries: twelve numbers of the protocol buffer and the frame around it.
const MESSAGE_BYTES: u64 = 64;
/// Bytes of an entry besides its transactions.
const ENTRY_BYTES: u64 = 48;

/// Timeouts and variants of Raft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaftSettings {
	/// Granularity of the timeouts in microseconds.
	pub tick: Micros,
	/// A follower stands for election after between this and `election_max` microseconds without a leader.
	pub election_min: Micros,
	/// See `election_min`.
	pub election_max: Micros,
	/// Time between a leader's heartbeats in microseconds.
	pub heartbeat: Micros,
	/// Whether a node asks first if it could win (Raft thesis, 9.6).
	pub pre_vote: bool,
	/// Whether a leader without contact to a majority steps down, and followers of a live leader do not vote.
	pub check_quorum: bool,
}

/// Raft among `n` nodes.
#[derive(Clone, Debug)]
pub struct RaftProtocol {
	n: u32,
	seed: u64,
	settings: RaftSettings,
}

impl RaftProtocol {
	/// Raft with these timeouts; the seed is that of the run.
	///
	/// # Errors
	///
	/// If the `raft` crate refuses the settings, or there are fewer than two nodes.
	pub fn new(n: u32, seed: u64, settings: RaftSettings) -> anyhow::Result<Self> {
		anyhow::ensure!(n >= 2, "Raft is simulated with two nodes or more, not {n}");
		anyhow::ensure!(settings.tick > 0, "the tick must not be zero");
		config(1, &settings).validate()?;
		Ok(Self { n, seed, settings })
	}
}

fn ticks(span: Micros, settings: &RaftSettings) -> usize {
	span.div_ceil(settings.tick) as usize
}

fn config(id: u64, settings: &RaftSettings) -> Config {
	Config {
		id,
		election_tick: ticks(settings.election_min, settings),
		heartbeat_tick: ticks(settings.heartbeat, settings),
		min_election_tick: ticks(settings.election_min, settings),
		max_election_tick: ticks(settings.election_max, settings),
		// One block per message: 0 means at most one entry.
		max_size_per_msg: 0,
		max_inflight_msgs: 256,
		pre_vote: settings.pre_vote,
		check_quorum: settings.check_quorum,
		..Config::default()
	}
}

/// A message of the crate.
#[derive(Clone)]
pub struct RaftMessage(Rc<Message>);

impl WireMessage for RaftMessage {
	fn kind(&self) -> &'static str {
		match self.0.get_msg_type() {
			MessageType::MsgAppend if self.0.entries.is_empty() => "append, empty",
			MessageType::MsgAppend => "append",
			MessageType::MsgAppendResponse => "append response",
			MessageType::MsgHeartbeat => "heartbeat",
			MessageType::MsgHeartbeatResponse => "heartbeat response",
			MessageType::MsgRequestVote => "vote request",
			MessageType::MsgRequestVoteResponse => "vote",
			MessageType::MsgRequestPreVote => "pre-vote request",
			MessageType::MsgRequestPreVoteResponse => "pre-vote",
			_ => "other",
		}
	}

	fn bytes(&self) -> u64 {
		MESSAGE_BYTES + self.0.entries.iter().map(entry_bytes).sum::<u64>()
	}

	/// Appends keep their order, as in implementations that stream them; without it a leader has to probe again.
	fn lane(&self) -> Lane {
		match self.0.get_msg_type() {
			MessageType::MsgAppend | MessageType::MsgSnapshot => Lane::Ordered,
			_ => Lane::Urgent,
		}
	}

	fn block(&self) -> Option<u64> {
		match self.0.get_msg_type() {
			MessageType::MsgAppend => Some(self.0.entries.last().map_or(self.0.commit, |entry| entry.index)),
			MessageType::MsgAppendResponse if !self.0.reject => Some(self.0.index),
			_ => None,
		}
	}
}

impl fmt::Display for RaftMessage {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let message = &self.0;
		write!(
			f,
			"{} t{} i{} c{}",
			self.kind(),
			message.term,
			message.index,
			message.commit
		)?;
		message
			.entries
			.iter()
			.try_for_each(|entry| write!(f, " +{}/t{}", entry.index, entry.term))?;
		f.write_str(if message.reject { " rejected" } else { "" })
	}
}

fn entry_bytes(entry: &Entry) -> u64 {
	ENTRY_BYTES + decode_body(&entry.data).bytes
}

fn encode_body(body: Body) -> Vec<u8> {
	[body.id.to_le_bytes(), body.bytes.to_le_bytes()].concat()
}

/// The batch of an entry; entries with which a leader opens its term have none.
fn decode_body(data: &[u8]) -> Body {
	let number = |at: usize| data.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
	match (number(0), number(8)) {
		(Some(id), Some(bytes)) => Body { id, bytes },
		_ => Body::EMPTY,
	}
}

/// What a node logs at once: new entries and the vote.
#[derive(Clone, Debug)]
pub struct RaftRecord {
	entries: Vec<Entry>,
	hard_state: Option<HardState>,
}

impl StableRecord for RaftRecord {
	fn bytes(&self) -> u64 {
		32 + self.entries.iter().map(entry_bytes).sum::<u64>()
	}
}

/// A node of Raft.
pub struct RaftReplica {
	node: RawNode<MemStorage>,
	settings: RaftSettings,
	rng: Rng,
	/// The election timeout drawn for the present role and term.
	timeout: usize,
	drawn_for: (u64, StateRole),
	next_tick: LocalTime,
	/// Sets of updates handed to the log, by the position at which each is synced.
	unsynced: VecDeque<(u64, LogPosition)>,
	written: LogPosition,
	synced: LogPosition,
	waiting: bool,
	building: bool,
	leading: bool,
}

impl RaftReplica {
	fn boot(protocol: &RaftProtocol, id: NodeId, start: u32, log: &[RaftRecord]) -> Self {
		let voters: Vec<u64> = (1..=protocol.n as u64).collect();
		let store = MemStorage::new_with_conf_state(ConfState::from((voters, Vec::new())));
		{
			let mut core = store.wl();
			for record in log {
				// A log read back in order of writing has no gaps, which is all that `append` refuses.
				let _ = core.append(&record.entries);
				if let Some(hard_state) = &record.hard_state {
					core.set_hardstate(hard_state.clone());
				}
			}
		}
		let logger = slog::Logger::root(slog::Discard, slog::o!());
		let node = RawNode::new(&config(id.0 as u64 + 1, &protocol.settings), store, &logger)
			.expect("the settings were validated when the protocol was made");
		let written = LogPosition(log.len() as u64);
		let mut replica = Self {
			drawn_for: (node.raft.term, node.raft.state),
			node,
			settings: protocol.settings.clone(),
			rng: Rng::new(protocol.seed, Stream::Node(id.0, start)),
			timeout: 0,
			next_tick: LocalTime(0),
			unsynced: VecDeque::new(),
			written,
			synced: written,
			waiting: false,
			building: false,
			leading: false,
		};
		replica.draw_timeout();
		replica
	}

	/// The present term.
	pub fn term(&self) -> u64 {
		self.node.raft.term
	}

	fn draw_timeout(&mut self) {
		let low = ticks(self.settings.election_min, &self.settings) as u64;
		let high = ticks(self.settings.election_max, &self.settings) as u64;
		self.timeout = self.rng.between(low, high - 1) as usize;
		self.node.raft.set_randomized_election_timeout(self.timeout);
	}

	/// Replaces what the crate drew. It draws when the term or the role changes.
	fn settle_timeout(&mut self) {
		let current = (self.node.raft.term, self.node.raft.state);
		if current != self.drawn_for {
			self.drawn_for = current;
			self.draw_timeout();
		} else {
			self.node.raft.set_randomized_election_timeout(self.timeout);
		}
	}

	fn process(&mut self, effects: &mut Effects<RaftMessage, RaftRecord>) {
		self.settle_timeout();
		while self.node.has_ready() {
			let mut ready = self.node.ready();
			let leading = self.node.raft.state == StateRole::Leader;
			if leading && !self.leading {
				effects.leads(self.node.raft.term);
			}
			self.leading = leading;
			for message in ready.take_messages() {
				send(effects, message, Effects::send_at_once);
			}
			if ready.must_sync() {
				let entries = ready.entries().clone();
				for entry in &entries {
					effects.work(Operation::Hash(decode_body(&entry.data).bytes));
				}
				let mut core = self.node.raft.mut_store().wl();
				let _ = core.append(&entries);
				if let Some(hard_state) = ready.hs() {
					core.set_hardstate(hard_state.clone());
				}
				drop(core);
				effects.persist(RaftRecord {
					entries,
					hard_state: ready.hs().cloned(),
				});
				self.written.0 += 1;
			}
			for message in ready.take_persisted_messages() {
				send(effects, message, Effects::send);
			}
			for entry in ready.take_committed_entries() {
				effects.finalize(entry.index, entry_hash(&entry), decode_body(&entry.data));
			}
			self.unsynced.push_back((ready.number(), self.written));
			self.node.advance_append_async(ready);
			self.node.advance_apply();
			self.report_synced();
			self.settle_timeout();
		}
		if self.leading && self.waiting && !self.building {
			self.building = true;
			effects.build();
		}
	}

	fn report_synced(&mut self) {
		while let Some((number, position)) = self.unsynced.front().copied() {
			if position > self.synced {
				break;
			}
			self.unsynced.pop_front();
			self.node.on_persist_ready(number);
		}
	}
}

fn send(
	effects: &mut Effects<RaftMessage, RaftRecord>,
	message: Message,
	how: fn(&mut Effects<RaftMessage, RaftRecord>, NodeId, RaftMessage),
) {
	if let Some(to) = message.to.checked_sub(1).and_then(|to| u32::try_from(to).ok()) {
		how(effects, NodeId(to), RaftMessage(Rc::new(message)));
	}
}

fn entry_hash(entry: &Entry) -> BlockHash {
	let mut hash = Blake2b::<U32>::new();
	hash.update(entry.index.to_le_bytes());
	hash.update(entry.term.to_le_bytes());
	hash.update(&entry.data);
	BlockHash(hash.finalize().into())
}

impl Replica for RaftReplica {
	type Message = RaftMessage;
	type Record = RaftRecord;

	fn handle(
		&mut self,
		now: LocalTime,
		input: Input<RaftMessage>,
		effects: &mut Effects<RaftMessage, RaftRecord>,
	) {
		match input {
			Input::Time => {
				if self.next_tick == LocalTime(0) {
					self.next_tick = now.after(self.settings.tick);
				} else if now >= self.next_tick {
					self.node.tick();
					self.next_tick = now.after(self.settings.tick);
				}
				effects.wake_at(self.next_tick);
			}
			// An error means that the message is of no use now (an unknown peer, a proposal without a leader).
			Input::Message { message, .. } => drop(self.node.step((*message.0).clone())),
			Input::Persisted(position) => {
				self.synced = position;
				self.report_synced();
			}
			Input::Built(body) => {
				self.building = false;
				if body.id > 0 {
					// Refused if the node no longer leads: clients send again.
					let _ = self.node.propose(Vec::new(), encode_body(body));
				}
			}
			Input::Waiting(waiting) => self.waiting = waiting,
		}
		self.process(effects);
	}
}

impl Protocol for RaftProtocol {
	type Replica = RaftReplica;

	fn name(&self) -> &'static str {
		"Raft"
	}

	fn tolerated_crashes(&self, n: u32) -> u32 {
		n.saturating_sub(1) / 2
	}

	fn tolerated_byzantine(&self, _n: u32) -> u32 {
		0
	}

	fn boot(&self, id: NodeId, start: u32, _behaviour: Option<&str>, log: &[RaftRecord]) -> RaftReplica {
		RaftReplica::boot(self, id, start, log)
	}

	fn adversaries(&self) -> &'static [&'static str] {
		&[]
	}

	fn adversary(&self, _name: &str, _id: NodeId) -> Option<Box<dyn Tamper<RaftMessage>>> {
		None
	}

	/// The old lease and one timeout run out (two timeouts); split votes repeat an election, each time within one
	/// timeout. Eight splits in a row have a probability below one in ten thousand, and the seeds are fixed.
	fn progress_bound(&self, delay: Micros) -> Micros {
		10 * self.settings.election_max + 20 * delay
	}
}

//! What the simulator asks of a protocol: a pure state machine, driven by inputs, answering with effects.
//!
//! A replica has no clock, no socket and no file. TD-Raft's core, the `raft` crate and the PBFT of this crate all fit
//! this one trait, so that they meet the same network, the same disks and the same processors.

use crate::{
	clock::{LocalTime, Micros},
	cpu::Operation,
	network::Lane,
};
use std::fmt;

/// An authority, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
	/// As an index into a list of authorities.
	pub fn index(self) -> usize {
		self.0 as usize
	}

	/// All authorities of a set of `n`.
	pub fn all(n: u32) -> impl Iterator<Item = NodeId> {
		(0..n).map(NodeId)
	}
}

impl fmt::Display for NodeId {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "n{}", self.0)
	}
}

/// The hash that two replicas compare to see whether they agree on a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockHash(pub [u8; 32]);

impl fmt::Display for BlockHash {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
	}
}

impl fmt::Debug for BlockHash {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{self}")
	}
}

/// The transactions of a block. Only their number of bytes exists; the number names the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Body {
	/// The batch, counted from 1 in the order of building; 0 is the empty batch.
	pub id: u64,
	/// Size in bytes.
	pub bytes: u64,
}

impl Body {
	/// No transactions.
	pub const EMPTY: Body = Body { id: 0, bytes: 0 };
}

/// How many records a node has written to its log since the chain began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition(pub u64);

/// A message between replicas.
pub trait WireMessage: Clone + fmt::Display {
	/// Its kind, for the counters.
	fn kind(&self) -> &'static str;
	/// Its size on the wire in bytes, with the transactions that it carries.
	fn bytes(&self) -> u64;
	/// The stream in which it travels.
	fn lane(&self) -> Lane;
	/// The number of the block it works on, if it works on one, for the counters per block.
	fn block(&self) -> Option<u64>;
}

/// A record of a node's log.
pub trait StableRecord: Clone {
	/// Its size on disk in bytes.
	fn bytes(&self) -> u64;
}

/// What happens to a replica.
#[derive(Clone, Debug)]
pub enum Input<M> {
	/// The time asked for with [`Effects::wake_at`] has come, or the node has just started.
	Time,
	/// A message arrived. `from` is who the connection belongs to; a signature has to say the rest.
	Message {
		/// The peer.
		from: NodeId,
		/// What it sent.
		message: M,
	},
	/// The log is on disk up to here.
	Persisted(LogPosition),
	/// The answer to one [`Effects::build`].
	Built(Body),
	/// Whether transactions wait for a block, said when it changes and when the node starts.
	Waiting(bool),
}

/// What a replica wants done.
#[derive(Clone, Debug)]
pub enum Effect<M, R> {
	/// Append to the log; it will be synced.
	Persist(R),
	/// Send once all that was appended before it is synced.
	Send(NodeId, M),
	/// Send without waiting for the disk.
	SendAtOnce(NodeId, M),
	/// Ask for the transactions of a block.
	Build,
	/// A block is final. Numbers are without gap within one start of a node.
	Finalize {
		/// The block's number.
		number: u64,
		/// Its hash.
		hash: BlockHash,
		/// Its transactions; empty for a block that carries none.
		body: Body,
	},
	/// This node leads from now on, in the term or view given.
	Leads(u64),
	/// Proof that an authority broke the protocol.
	Offence(NodeId, &'static str),
	/// The replica cannot go on (as a node that cannot write must not).
	Stop(&'static str),
}

/// The effects of one input, in order, the work they cost, and the next time to wake the replica.
#[derive(Clone, Debug)]
pub struct Effects<M, R> {
	pub(crate) list: Vec<Effect<M, R>>,
	pub(crate) work: Vec<Operation>,
	pub(crate) wake: Option<LocalTime>,
}

impl<M, R> Default for Effects<M, R> {
	fn default() -> Self {
		Self {
			list: Vec::new(),
			work: Vec::new(),
			wake: None,
		}
	}
}

impl<M: Clone, R> Effects<M, R> {
	/// Appends a record to the log.
	pub fn persist(&mut self, record: R) {
		self.list.push(Effect::Persist(record));
	}

	/// Sends after everything persisted so far is synced.
	pub fn send(&mut self, to: NodeId, message: M) {
		self.list.push(Effect::Send(to, message));
	}

	/// Sends to all authorities of a set of `n` but one, after everything persisted so far is synced.
	pub fn broadcast(&mut self, n: u32, except: NodeId, message: &M) {
		for to in NodeId::all(n).filter(|to| *to != except) {
			self.send(to, message.clone());
		}
	}

	/// Sends without waiting for the disk.
	pub fn send_at_once(&mut self, to: NodeId, message: M) {
		self.list.push(Effect::SendAtOnce(to, message));
	}

	/// Asks for the transactions of a block; [`Input::Built`] answers, with none if none wait.
	pub fn build(&mut self) {
		self.list.push(Effect::Build);
	}

	/// Reports a final block.
	pub fn finalize(&mut self, number: u64, hash: BlockHash, body: Body) {
		self.list.push(Effect::Finalize { number, hash, body });
	}

	/// Reports that this node leads from now on.
	pub fn leads(&mut self, term: u64) {
		self.list.push(Effect::Leads(term));
	}

	/// Reports an offence.
	pub fn offence(&mut self, who: NodeId, what: &'static str) {
		self.list.push(Effect::Offence(who, what));
	}

	/// Stops the node.
	pub fn stop(&mut self, why: &'static str) {
		self.list.push(Effect::Stop(why));
	}

	/// The processor is busy with this before any effect of the input takes place.
	pub fn work(&mut self, operation: Operation) {
		self.work.push(operation);
	}

	/// Asks for [`Input::Time`] when the node's clock shows this. The earliest request since the last one counts.
	pub fn wake_at(&mut self, local: LocalTime) {
		self.wake = Some(self.wake.map_or(local, |wake| wake.min(local)));
	}
}

/// A protocol's node as a pure state machine.
pub trait Replica {
	/// What it sends.
	type Message: WireMessage;
	/// What it logs.
	type Record: StableRecord;

	/// Takes one input. `now` is the node's own clock.
	fn handle(
		&mut self,
		now: LocalTime,
		input: Input<Self::Message>,
		effects: &mut Effects<Self::Message, Self::Record>,
	);
}

/// What comes out of a faulty node instead of what its replica sent.
///
/// It holds only that node's keys, so that it cannot sign for another.
pub trait Tamper<M> {
	/// What leaves towards whom when the replica sends `message` to `to`. `clock` is the node's own.
	fn outgoing(&mut self, clock: LocalTime, to: NodeId, message: M) -> Vec<(NodeId, M)>;

	/// Whether the node takes notice of a message at all.
	fn incoming(&mut self, _from: NodeId, _message: &M) -> bool {
		true
	}

	/// What it sends of itself after a message came.
	fn answers(&mut self) -> Vec<(NodeId, M)> {
		Vec::new()
	}
}

/// How a protocol makes its nodes.
pub trait Protocol {
	/// Its node.
	type Replica: Replica;

	/// Its name in tables and traces.
	fn name(&self) -> &'static str;

	/// How many of `n` authorities may crash at a time while the others go on.
	fn tolerated_crashes(&self, n: u32) -> u32;

	/// How many of `n` authorities may do as they like.
	fn tolerated_byzantine(&self, n: u32) -> u32;

	/// Starts a node with what its log holds; `start` counts its starts from 0, `behaviour` names what is wrong with
	/// it inside (see [`Protocol::adversaries`]).
	fn boot(
		&self,
		id: NodeId,
		start: u32,
		behaviour: Option<&str>,
		log: &[<Self::Replica as Replica>::Record],
	) -> Self::Replica;

	/// The behaviours that a faulty node of this protocol can show, by name.
	fn adversaries(&self) -> &'static [&'static str];

	/// A faulty node's behaviour by its name; `None` if the name is unknown.
	fn adversary(
		&self,
		name: &str,
		id: NodeId,
	) -> Option<Box<dyn Tamper<<Self::Replica as Replica>::Message>>>;

	/// How long after the network has healed, and the last node is back, every honest node has finalized something
	/// new at the latest, with the reason in the documentation of the implementation.
	fn progress_bound(&self, delay: Micros) -> Micros;
}

/// Largest number of Byzantine authorities among `n`: `⌊(n - 1) / 3⌋`.
pub fn byzantine_bound(n: u32) -> u32 {
	n.saturating_sub(1) / 3
}

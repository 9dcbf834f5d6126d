//! The connections of the engine's own protocol: who is at their other end, what waits to be sent.
//!
//! Authorities and nodes that follow them use the same protocol. The first packet of each side says who it is
//! ([`Hello`](crate::packet::Hello)), and is repeated now and then; nothing else is taken before. What is to be sent waits in a bounded queue for each peer; if that is full,
//! packets are left out: the protocol repeats whatever matters.

use codec::Encode;
use futures::{channel::mpsc, future::BoxFuture, StreamExt};
use sc_network::{
	config::{NonReservedPeerMode, SetConfig},
	multiaddr::Multiaddr,
	peer_store::PeerStoreProvider,
	service::traits::{MessageSink, NotificationEvent, NotificationService, ValidationResult},
	NetworkBackend, NetworkPeers, NotificationMetrics, PeerId, ProtocolName, ReputationChange,
};
use sp_core::{traits::SpawnNamed, H256};
use std::{
	collections::{BTreeMap, BTreeSet, HashMap, HashSet},
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc,
	},
	time::Instant,
};
use veilmart_td_raft::{AuthorityId, BlockHash};

use crate::{
	allowance::Allowance,
	keys::Identity,
	packet::{hello, is_authentic, Packet, MAX_PACKET},
	Block, LOG_TARGET,
};

/// Packets that wait for one peer, at most.
const QUEUE: usize = 1_024;
/// Bytes that wait for one peer, at most.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// Packets taken from an authority in a second, on average. In a set of a hundred it sends some tens. Whoever sends more is
/// blamed, and nobody for less: who synchronizes does not know all authorities yet, and they send it what is for all of them.
const RATE: f64 = 1_000.0;
/// Packets taken from somebody who is no authority in a second, on average.
const STRANGERS_RATE: f64 = 20.0;
/// Bytes taken from an authority in a second, on average.
const BYTES_RATE: f64 = 64.0 * 1024.0 * 1024.0;
/// Bytes taken from somebody who is no authority in a second, on average, and in one packet.
const STRANGERS_BYTES_RATE: f64 = 1024.0 * 1024.0;
const STRANGERS_PACKET: usize = 1024 * 1024;
/// Connections under one name: an authority's node that moves has two for a while, and so has one that was cloned.
const CONNECTIONS: usize = 4;
/// What it costs to say another name, in seconds of what may come: some things are counted by name.
const RENAMING: f64 = 1.0;
/// Peers that are not reserved, in each direction: nodes that follow.
const SLOTS: u32 = 100;

const GARBLED: ReputationChange = ReputationChange::new(-(1 << 28), "td-raft: not a packet");
const FALSE_NAME: ReputationChange = ReputationChange::new_fatal("td-raft: a false name");
const FLOOD: ReputationChange = ReputationChange::new(-(1 << 24), "td-raft: too many packets");
/// What a peer loses for a block that is not valid.
pub const BAD_BLOCK: ReputationChange = ReputationChange::new(-(1 << 28), "td-raft: not a valid block");

/// What a peer loses for a certificate whose votes are false: nobody honest passes on one.
pub const FALSE_CERTIFICATE: ReputationChange =
	ReputationChange::new(-(1 << 28), "td-raft: a false certificate");

/// The protocol's name on this chain.
pub fn protocol_name(genesis: &H256, fork_id: Option<&str>) -> ProtocolName {
	let genesis = hex(genesis.as_bytes());
	match fork_id {
		Some(fork) => format!("/{genesis}/{fork}/td-raft/1"),
		None => format!("/{genesis}/td-raft/1"),
	}
	.into()
}

fn hex(bytes: &[u8]) -> String {
	bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The protocol's configuration for the network, and its service for the engine.
pub fn notification_config<N: NetworkBackend<Block, H256>>(
	name: ProtocolName,
	metrics: NotificationMetrics,
	peers: Arc<dyn PeerStoreProvider>,
) -> (N::NotificationProtocolConfig, Box<dyn NotificationService>) {
	N::notification_config(
		name,
		Vec::new(),
		MAX_PACKET,
		None,
		SetConfig {
			in_peers: SLOTS,
			out_peers: SLOTS,
			reserved_nodes: Vec::new(),
			non_reserved_mode: NonReservedPeerMode::Accept,
		},
		metrics,
		peers,
	)
}

/// What the engine has the network do about peers.
pub trait Connections: Send + Sync {
	/// A peer did something for which its reputation changes.
	fn report(&self, peer: PeerId, change: ReputationChange);

	/// Ends a protocol's connection to a peer.
	fn disconnect(&self, peer: PeerId, protocol: ProtocolName);

	/// Keeps a protocol's connections to these nodes, whatever the slots. Those of before are like any others again.
	fn reserve(&self, protocol: ProtocolName, nodes: HashSet<Multiaddr>) -> Result<(), String>;
}

impl<N: NetworkPeers + Send + Sync> Connections for N {
	fn report(&self, peer: PeerId, change: ReputationChange) {
		self.report_peer(peer, change);
	}

	fn disconnect(&self, peer: PeerId, protocol: ProtocolName) {
		self.disconnect_peer(peer, protocol);
	}

	fn reserve(&self, protocol: ProtocolName, nodes: HashSet<Multiaddr>) -> Result<(), String> {
		self.set_reserved_peers(protocol, nodes)
	}
}

/// What the engine needs of the network.
pub struct Network {
	/// Sends and receives.
	pub notifications: Box<dyn NotificationService>,
	/// Reports peers and connects to reserved ones.
	pub peers: Arc<dyn Connections>,
	/// The protocol's name.
	pub protocol: ProtocolName,
	/// The node's own identity in the network.
	pub local: PeerId,
	/// Runs what sends.
	pub spawner: Box<dyn SpawnNamed>,
}

/// What came.
#[derive(Debug)]
pub enum Event {
	/// A peer said who it is, for the first time or anew.
	Named(AuthorityId),
	/// A packet of a peer that said who it is.
	Packet {
		/// From where.
		peer: PeerId,
		/// From whom.
		id: AuthorityId,
		/// What.
		packet: Box<Packet>,
	},
}

/// What waits to be sent to a peer.
struct Outgoing {
	queue: mpsc::Sender<Arc<Vec<u8>>>,
	/// Bytes in it, and of the packet that is being sent.
	waiting: Arc<AtomicUsize>,
}

impl Outgoing {
	/// Nothing waits. With what sends, as fast as the peer takes it.
	fn to(sink: Box<dyn MessageSink>) -> (Self, BoxFuture<'static, ()>) {
		// Whoever may put something into a queue has a place beside those that it is made with.
		let (queue, mut packets) = mpsc::channel::<Arc<Vec<u8>>>(QUEUE - 1);
		let waiting = Arc::new(AtomicUsize::new(0));
		let sent = waiting.clone();
		let send = async move {
			while let Some(packet) = packets.next().await {
				let result = sink.send_async_notification(packet.to_vec()).await;
				sent.fetch_sub(packet.len(), Ordering::Relaxed);
				if result.is_err() {
					break;
				}
			}
		};
		(Self { queue, waiting }, Box::pin(send))
	}

	/// Has a packet wait, if there is room for it.
	fn push(&mut self, packet: Arc<Vec<u8>>) -> bool {
		let waiting = self.waiting.load(Ordering::Relaxed);
		let length = packet.len();
		// The network closes a connection on which more is sent at once than the protocol allows.
		if length as u64 > MAX_PACKET || waiting.saturating_add(length) > QUEUE_BYTES {
			return false;
		}
		self.waiting.fetch_add(length, Ordering::Relaxed);
		let waits = self.queue.try_send(packet).is_ok();
		if !waits {
			self.waiting.fetch_sub(length, Ordering::Relaxed);
		}
		waits
	}
}

struct Peer {
	id: Option<AuthorityId>,
	outgoing: Outgoing,
	incoming: Incoming,
}

/// What a peer is to this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
	/// It has not said who it is.
	Nameless,
	/// It is no authority, as far as this node knows.
	Stranger,
	/// It is an authority.
	Member,
}

/// What becomes of bytes that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
	/// They are decoded.
	Taken,
	/// Nobody looks at them.
	LeftOut,
	/// The same, and whoever sent them is to blame.
	Blamed,
}

/// What may come from a peer.
struct Incoming {
	/// As from an authority.
	most: Allowance,
	/// Of what is of interest although it comes from no authority.
	strangers: Allowance,
}

impl Incoming {
	fn new(now: Instant) -> Self {
		Self {
			most: Allowance::full(now),
			strangers: Allowance::full(now),
		}
	}

	fn judge(&mut self, standing: Standing, bytes: &[u8], now: Instant) -> Fate {
		let cost = |rate: f64, bytes_rate: f64| (1.0 / rate).max(bytes.len() as f64 / bytes_rate);
		if !self.most.take(cost(RATE, BYTES_RATE), now) {
			// What is sealed is a client's: whoever passes it on is not to blame for how much there is.
			return if Packet::is_sealed(bytes) {
				Fate::LeftOut
			} else {
				Fate::Blamed
			};
		}
		// What cannot be meant for this node is not even decoded.
		let is_of_interest = match standing {
			Standing::Member => return Fate::Taken,
			Standing::Nameless => Packet::is_hello(bytes),
			Standing::Stranger => Packet::is_for_all(bytes),
		};
		let is_taken = is_of_interest
			&& bytes.len() <= STRANGERS_PACKET
			&& self
				.strangers
				.take(cost(STRANGERS_RATE, STRANGERS_BYTES_RATE), now);
		if is_taken {
			Fate::Taken
		} else {
			Fate::LeftOut
		}
	}

	/// Takes so many seconds of it away.
	fn lose(&mut self, seconds: f64) {
		self.most.lose(seconds);
		self.strangers.lose(seconds);
	}
}

/// The connections.
pub struct Peers {
	network: Network,
	genesis: BlockHash,
	identity: Identity,
	peers: HashMap<PeerId, Peer>,
	/// Who is where: the same name at two peers is a cloned authority, and both get what is for it.
	named: BTreeMap<AuthorityId, HashSet<PeerId>>,
	/// The authorities that the engine knows.
	members: BTreeSet<AuthorityId>,
	reserved: HashSet<Multiaddr>,
	left_out: u64,
}

impl Peers {
	/// Nobody is connected yet.
	pub fn new(network: Network, genesis: BlockHash, identity: Identity) -> Self {
		Self {
			network,
			genesis,
			identity,
			peers: HashMap::new(),
			named: BTreeMap::new(),
			members: BTreeSet::new(),
			reserved: HashSet::new(),
			left_out: 0,
		}
	}

	/// The next thing that comes. None when the network has stopped. May be dropped and called again.
	pub async fn next(&mut self) -> Option<Event> {
		loop {
			match self.network.notifications.next_event().await? {
				NotificationEvent::ValidateInboundSubstream { result_tx, .. } => {
					// If nobody waits for the answer any more, the peer is gone.
					let _ = result_tx.send(ValidationResult::Accept);
				}
				NotificationEvent::NotificationStreamOpened { peer, .. } => self.opened(peer),
				NotificationEvent::NotificationStreamClosed { peer } => self.closed(&peer),
				NotificationEvent::NotificationReceived { peer, notification } => {
					if let Some(event) = self.received(peer, &notification) {
						return Some(event);
					}
				}
			}
		}
	}

	fn opened(&mut self, peer: PeerId) {
		let Some(sink) = self.network.notifications.message_sink(&peer) else {
			return;
		};
		let (outgoing, send) = Outgoing::to(sink);
		self.network.spawner.spawn("td-raft-send", Some("td-raft"), send);
		self.closed(&peer);
		self.peers.insert(
			peer,
			Peer {
				id: None,
				outgoing,
				incoming: Incoming::new(Instant::now()),
			},
		);
		self.greet(&peer);
	}

	fn greet(&mut self, peer: &PeerId) {
		let hello = hello(&self.identity, &self.genesis, &self.network.local, peer);
		self.enqueue(peer, Arc::new(Packet::Hello(hello).encode()));
	}

	fn closed(&mut self, peer: &PeerId) {
		if let Some(id) = self.peers.remove(peer).and_then(|peer| peer.id) {
			self.forget_name(&id, peer);
		}
	}

	fn forget_name(&mut self, id: &AuthorityId, peer: &PeerId) {
		if let Some(peers) = self.named.get_mut(id) {
			peers.remove(peer);
			if peers.is_empty() {
				self.named.remove(id);
			}
		}
	}

	fn received(&mut self, peer: PeerId, bytes: &[u8]) -> Option<Event> {
		let known = self.peers.get_mut(&peer)?;
		let id = known.id;
		let standing = match id {
			None => Standing::Nameless,
			Some(id) if self.members.contains(&id) => Standing::Member,
			Some(_) => Standing::Stranger,
		};
		match known.incoming.judge(standing, bytes, Instant::now()) {
			Fate::Taken => {}
			Fate::LeftOut => return None,
			Fate::Blamed => {
				self.report(peer, FLOOD);
				return None;
			}
		}
		let Some(packet) = Packet::from_bytes(bytes) else {
			self.report(peer, GARBLED);
			return None;
		};
		match (packet, id) {
			(Packet::Hello(hello), _) => {
				if !is_authentic(&hello, &self.genesis, &peer, &self.network.local) {
					self.report(peer, FALSE_NAME);
					self.network.peers.disconnect(peer, self.network.protocol.clone());
					return None;
				}
				if id == Some(hello.id) {
					return None;
				}
				if self
					.named
					.get(&hello.id)
					.is_some_and(|peers| peers.len() >= CONNECTIONS)
				{
					log::debug!(target: LOG_TARGET, "{peer}: its name is said on {CONNECTIONS} connections already");
					return None;
				}
				if let Some(old) = id {
					self.forget_name(&old, &peer);
				}
				if let Some(known) = self.peers.get_mut(&peer) {
					if id.is_some() {
						known.incoming.lose(RENAMING);
					}
					known.id = Some(hello.id);
				}
				self.named.entry(hello.id).or_default().insert(peer);
				Some(Event::Named(hello.id))
			}
			(packet, Some(id)) => Some(Event::Packet {
				peer,
				id,
				packet: Box::new(packet),
			}),
			// Its name will come.
			(_, None) => None,
		}
	}

	/// Tells the network what a peer did wrong.
	pub fn report(&self, peer: PeerId, change: ReputationChange) {
		log::debug!(target: LOG_TARGET, "{peer}: {}", change.reason);
		self.network.peers.report(peer, change);
	}

	fn enqueue(&mut self, peer: &PeerId, packet: Arc<Vec<u8>>) {
		let Some(Peer { outgoing, .. }) = self.peers.get_mut(peer) else {
			return;
		};
		if !outgoing.push(packet) {
			self.left_out += 1;
		}
	}

	/// Sends to whoever has this name.
	pub fn send(&mut self, to: &AuthorityId, packet: &Packet) {
		let peers: Vec<_> = self.named.get(to).into_iter().flatten().copied().collect();
		if peers.is_empty() {
			return;
		}
		let bytes = Arc::new(packet.encode());
		for peer in peers {
			self.enqueue(&peer, bytes.clone());
		}
	}

	/// Sends to a peer.
	pub fn send_to(&mut self, peer: &PeerId, packet: &Packet) {
		self.enqueue(peer, Arc::new(packet.encode()));
	}

	/// Sends to every peer whose name passes.
	pub fn send_to_all(&mut self, packet: &Packet, wanted: impl Fn(&AuthorityId) -> bool) {
		let peers: Vec<_> = self
			.named
			.iter()
			.filter(|(id, _)| wanted(id))
			.flat_map(|(_, peers)| peers.iter().copied())
			.collect();
		if peers.is_empty() {
			return;
		}
		let bytes = Arc::new(packet.encode());
		for peer in peers {
			self.enqueue(&peer, bytes.clone());
		}
	}

	/// Who the authorities are: more is taken from them than from others.
	pub fn set_members(&mut self, members: BTreeSet<AuthorityId>) {
		self.members = members;
	}

	/// Takes another name, and says so to everybody.
	pub fn rename(&mut self, identity: Identity) {
		self.identity = identity;
		self.greet_all();
	}

	/// Says its name to everybody again: the first time it may have come before the other side was ready for it.
	pub fn greet_all(&mut self) {
		let peers: Vec<_> = self.peers.keys().copied().collect();
		for peer in peers {
			self.greet(&peer);
		}
	}

	/// Keeps connections to these nodes, whatever the slots.
	pub fn reserve(&mut self, nodes: impl IntoIterator<Item = PeerId>) {
		let wanted: HashSet<Multiaddr> = nodes
			.into_iter()
			.filter(|node| *node != self.network.local)
			.filter_map(|node| format!("/p2p/{node}").parse().ok())
			.collect();
		if wanted == self.reserved {
			return;
		}
		match self
			.network
			.peers
			.reserve(self.network.protocol.clone(), wanted.clone())
		{
			Ok(()) => self.reserved = wanted,
			Err(error) => {
				log::debug!(target: LOG_TARGET, "Cannot reserve connections to the authorities: {error}")
			}
		}
	}

	/// The names of those who are connected.
	pub fn names(&self) -> impl Iterator<Item = &AuthorityId> {
		self.named.keys()
	}

	/// Bytes that wait to be sent to a peer.
	pub fn waiting(&self, peer: &PeerId) -> usize {
		let peer = self.peers.get(peer);
		peer.map_or(0, |peer| peer.outgoing.waiting.load(Ordering::Relaxed))
	}

	/// Packets that were left out because a queue was full, or they were too large.
	pub fn left_out(&self) -> u64 {
		self.left_out
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{keys::Chain, wire::Wire};
	use std::time::Duration;

	/// The fates of so many packets with this first byte, evenly spread over the first second.
	fn fates(standing: Standing, first: u8, length: usize, many: u32) -> Vec<Fate> {
		let start = Instant::now();
		let mut incoming = Incoming::new(start);
		let bytes = vec![first; length];
		let comes = |one: u32| start + Duration::from_secs(1) * one / many;
		(0..many)
			.map(|one| incoming.judge(standing, &bytes, comes(one)))
			.collect()
	}

	const HELLO: u8 = 0;
	const CORE: u8 = 1;
	const PROPOSAL: u8 = 2;
	const SEALED: u8 = 6;

	fn count(fates: &[Fate], fate: Fate) -> usize {
		fates.iter().filter(|other| **other == fate).count()
	}

	/// An authority that was stopped for long does not know who leads: blocks, and messages by the tens, come from somebody
	/// whom it does not know.
	#[test]
	fn nobody_is_blamed_for_what_an_authority_may_send() {
		for standing in [Standing::Nameless, Standing::Stranger] {
			let blocks = fates(standing, PROPOSAL, 2 << 20, 20);
			assert_eq!(count(&blocks, Fate::LeftOut), 20, "{standing:?}");
			let messages = fates(standing, CORE, 300, 300);
			assert_eq!(count(&messages, Fate::Blamed), 0, "{standing:?}");
		}
		let now = Instant::now();
		let mut incoming = Incoming::new(now);
		for _ in 0..30 {
			incoming.judge(Standing::Stranger, &vec![PROPOSAL; 1 << 20], now);
		}
		let message = incoming.judge(Standing::Stranger, &[CORE; 300], now);
		assert_eq!(
			message,
			Fate::Taken,
			"what is not of interest costs a stranger nothing"
		);
	}

	#[test]
	fn of_a_stranger_little_is_taken_and_a_flood_is_blamed() {
		// Four seconds' worth at once, and one more.
		let messages = fates(Standing::Stranger, CORE, 300, 1_000);
		let taken = count(&messages, Fate::Taken);
		assert!((98..=101).contains(&taken), "{taken}");
		let large = fates(Standing::Stranger, CORE, STRANGERS_PACKET + 1, 1);
		assert_eq!(large, [Fate::LeftOut]);
		assert_eq!(fates(Standing::Nameless, HELLO, 100, 1), [Fate::Taken]);

		for standing in [Standing::Nameless, Standing::Stranger, Standing::Member] {
			let flood = fates(standing, CORE, 300, 10_000);
			assert!(count(&flood, Fate::Blamed) > 4_000, "{standing:?}");
			let flood = fates(standing, PROPOSAL, 8 << 20, 100);
			assert!(count(&flood, Fate::Blamed) > 40, "{standing:?}");
			let clients = fates(standing, SEALED, 300, 10_000);
			assert_eq!(count(&clients, Fate::Blamed), 0, "{standing:?}");
		}
		let member = fates(Standing::Member, PROPOSAL, 1 << 20, 60);
		assert_eq!(count(&member, Fate::Taken), 60);
	}

	/// A connection to one peer, over a wire that the test holds. The own name waits to be sent.
	fn connected() -> (Peers, PeerId, Wire) {
		let wire = Wire::default();
		let chain = Chain {
			genesis: [1; 32],
			genesis_binding: [2; 32],
		};
		let network = wire.network(PeerId::random());
		let mut peers = Peers::new(network, chain.genesis, Identity::observer(chain));
		let peer = PeerId::random();
		peers.opened(peer);
		assert!(peers.waiting(&peer) > 0);
		(peers, peer, wire)
	}

	#[test]
	fn so_many_packets_wait_for_a_peer_and_what_comes_then_is_left_out_and_counted() {
		let (mut peers, peer, wire) = connected();
		let small = Arc::new(vec![CORE]);
		for _ in 1..QUEUE {
			peers.enqueue(&peer, small.clone());
		}
		assert_eq!(peers.left_out(), 0);
		let full = peers.waiting(&peer);
		for _ in 0..3 {
			peers.enqueue(&peer, small.clone());
		}
		assert_eq!(peers.left_out(), 3);
		assert_eq!(peers.waiting(&peer), full, "what is left out takes no room");

		assert_eq!(wire.send().len(), QUEUE);
		assert_eq!(peers.waiting(&peer), 0);
		peers.enqueue(&peer, small);
		assert_eq!(wire.send(), [vec![CORE]]);
		assert_eq!(peers.left_out(), 3);
	}

	#[test]
	fn so_many_bytes_wait_for_a_peer_and_no_packet_is_larger_than_the_protocol_allows() {
		let (mut peers, peer, wire) = connected();
		let largest = Arc::new(vec![CORE; MAX_PACKET as usize]);
		let rest = QUEUE_BYTES - peers.waiting(&peer) - 3 * largest.len();
		for _ in 0..3 {
			peers.enqueue(&peer, largest.clone());
		}
		peers.enqueue(&peer, Arc::new(vec![CORE; rest]));
		assert_eq!((peers.left_out(), peers.waiting(&peer)), (0, QUEUE_BYTES));
		peers.enqueue(&peer, Arc::new(vec![CORE]));
		assert_eq!((peers.left_out(), peers.waiting(&peer)), (1, QUEUE_BYTES));

		assert_eq!(wire.send().len(), 5);
		peers.enqueue(&peer, Arc::new(vec![CORE; MAX_PACKET as usize + 1]));
		assert_eq!((peers.left_out(), peers.waiting(&peer)), (2, 0));
		peers.enqueue(&peer, largest);
		assert_eq!(wire.send().len(), 1);
		assert_eq!(peers.left_out(), 2);
	}

	/// Nothing waits for somebody who is gone.
	#[test]
	fn what_is_for_a_peer_that_is_gone_is_no_packet_left_out() {
		let (mut peers, peer, _wire) = connected();
		peers.closed(&peer);
		peers.enqueue(&peer, Arc::new(vec![CORE]));
		assert_eq!((peers.left_out(), peers.waiting(&peer)), (0, 0));
	}

	#[test]
	fn connections_are_reserved_to_others_and_only_when_these_change() {
		let (mut peers, one, wire) = connected();
		let (local, other) = (peers.network.local, PeerId::random());
		let addresses = |nodes: &[PeerId]| -> HashSet<Multiaddr> {
			let address = |node: &PeerId| -> Multiaddr { format!("/p2p/{node}").parse().unwrap() };
			nodes.iter().map(address).collect()
		};
		peers.reserve([one, local, other]);
		assert_eq!(wire.reserved(), [addresses(&[one, other])]);
		peers.reserve([other, one]);
		assert_eq!(wire.reserved().len(), 1);
		peers.reserve([other]);
		assert_eq!(wire.reserved().last(), Some(&addresses(&[other])));
	}
}

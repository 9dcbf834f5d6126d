//! The network between nodes: bandwidth, delay, loss, duplication, reordering, partitions.
//!
//! Every node has one uplink and one downlink. A message occupies its sender's uplink for its size divided by the
//! bandwidth, travels for the link's delay, and occupies the receiver's downlink likewise; bits pass through, so on
//! an idle path the size counts once.
//!
//! Large messages leave one after the other in the order of sending. Small ones do not wait for large ones to others:
//! connections share a line in packets. They take their share of the bandwidth from the large one in progress. Nor do
//! they wait for large ones to the same receiver, unless a message says that it travels in [`Lane::Ordered`], the one
//! stream that a protocol keeps for its blocks.

use crate::{
	clock::{Micros, Time},
	rng::Rng,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What the links do to messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
	/// Smallest delay of a link, in microseconds. Each pair of nodes draws its own, the same in both directions.
	pub delay_min: Micros,
	/// Largest delay of a link, in microseconds.
	pub delay_max: Micros,
	/// Each message takes up to so much longer, in microseconds.
	pub jitter: Micros,
	/// Messages lost, per million.
	pub loss_ppm: u32,
	/// Messages that arrive twice, per million.
	pub duplicate_ppm: u32,
	/// Messages held back, so that later ones overtake them, per million.
	pub hold_ppm: u32,
	/// How long they are held back at most, in microseconds.
	pub hold: Micros,
	/// Whether a link delivers the messages of a lane in the order of sending, as a TCP connection does.
	pub ordered: bool,
	/// Bandwidth of each uplink and each downlink in bits per second; 0 has no limit.
	pub bandwidth: u64,
	/// Messages up to this size in bytes are small.
	pub small_bytes: u64,
}

impl Links {
	/// No loss, a fixed delay, no limit of bandwidth. For tests that compare with arithmetic.
	pub fn ideal(delay: Micros) -> Self {
		Self {
			delay_min: delay,
			delay_max: delay,
			jitter: 0,
			loss_ppm: 0,
			duplicate_ppm: 0,
			hold_ppm: 0,
			hold: 0,
			ordered: true,
			bandwidth: 0,
			small_bytes: 64 << 10,
		}
	}

	/// The longest that a small message travels if it is neither lost nor held back.
	pub fn longest_delay(&self) -> Micros {
		self.delay_max + self.jitter
	}

	/// How long a message of this size occupies a line, in nanoseconds.
	fn occupies(&self, bytes: u64) -> u64 {
		if self.bandwidth == 0 {
			return 0;
		}
		match bytes.checked_mul(8 * NANOS_PER_SECOND) {
			Some(nanobits) => nanobits.div_ceil(self.bandwidth),
			None => (bytes as u128 * 8 * NANOS_PER_SECOND as u128).div_ceil(self.bandwidth as u128) as u64,
		}
	}
}

/// A message on its way between two instances of nodes.
#[derive(Clone, Debug)]
pub struct Packet<M> {
	/// Index of the sending instance.
	pub from: usize,
	/// Index of the receiving instance.
	pub to: usize,
	/// Size in bytes.
	pub bytes: u64,
	/// The stream in which it travels.
	pub lane: Lane,
	/// The message.
	pub message: M,
}

/// The stream between two nodes in which a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
	/// Votes, heartbeats and the like.
	Urgent,
	/// Blocks, and what must not overtake them.
	Ordered,
}

/// A stage of a message's way, due at some time.
#[derive(Clone, Debug)]
pub enum Transit<M> {
	/// The uplink of this instance finishes a large message, unless small ones delayed it meanwhile.
	UplinkFree {
		/// The instance.
		instance: usize,
		/// Which start of its uplink.
		epoch: u32,
	},
	/// The last bit reaches the receiver's downlink.
	Arrived(Packet<M>),
	/// The receiver has all of it.
	Received(Packet<M>),
}

struct Uplink<M> {
	/// When the small messages sent so far are out, in nanoseconds.
	small_free: u64,
	/// The large message in progress and when it will be out, in nanoseconds.
	sending: Option<(Packet<M>, u64)>,
	waiting: VecDeque<Packet<M>>,
	/// How many ordered messages for each receiver are not out yet.
	ordered: Vec<u32>,
	epoch: u32,
}

#[derive(Clone, Copy, Default)]
struct Downlink {
	small_free: u64,
	large_free: u64,
}

/// Due stages, to be put into the queue of events.
pub type Due<M> = Vec<(Time, Transit<M>)>;

/// The network between `m` instances.
pub struct Network<M> {
	links: Links,
	size: usize,
	uplinks: Vec<Uplink<M>>,
	downlinks: Vec<Downlink>,
	/// Base delay of each pair.
	delays: Vec<Micros>,
	/// Blocked directions, `from * size + to`.
	blocked: Vec<bool>,
	/// Last arrival per direction and lane, in microseconds, for ordered links.
	last: Vec<[u64; 2]>,
	/// Last reception per direction in the ordered lane, in nanoseconds.
	last_received: Vec<u64>,
	rng: Rng,
}

const NANOS: u64 = 1_000;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

impl<M: Clone> Network<M> {
	/// A network between `size` instances, each pair with a delay of its own.
	pub fn new(size: usize, links: Links, mut rng: Rng) -> Self {
		let mut delays = vec![0; size * size];
		for a in 0..size {
			for b in a + 1..size {
				let delay = rng.between(links.delay_min, links.delay_max);
				delays[a * size + b] = delay;
				delays[b * size + a] = delay;
			}
		}
		let uplink = || Uplink {
			small_free: 0,
			sending: None,
			waiting: VecDeque::new(),
			ordered: vec![0; size],
			epoch: 0,
		};
		Self {
			size,
			uplinks: (0..size).map(|_| uplink()).collect(),
			downlinks: vec![Downlink::default(); size],
			delays,
			blocked: vec![false; size * size],
			last: vec![[0; 2]; size * size],
			last_received: vec![0; size * size],
			links,
			rng,
		}
	}

	/// What the links do now.
	pub fn links(&self) -> &Links {
		&self.links
	}

	/// Changes loss, duplication and holding back; delays and bandwidth stay.
	pub fn set_quality(&mut self, loss_ppm: u32, duplicate_ppm: u32, hold_ppm: u32) {
		self.links.loss_ppm = loss_ppm;
		self.links.duplicate_ppm = duplicate_ppm;
		self.links.hold_ppm = hold_ppm;
	}

	/// Cuts every direction from an instance of `from` to one of `to`.
	pub fn block(&mut self, from: &[usize], to: &[usize]) {
		for a in from.iter().filter(|a| **a < self.size) {
			for b in to.iter().filter(|b| **b < self.size) {
				self.blocked[a * self.size + b] = true;
			}
		}
	}

	/// Lets everything through again.
	pub fn unblock_all(&mut self) {
		self.blocked.fill(false);
	}

	/// Forgets what an instance has not sent yet; what is on the way arrives.
	pub fn reset_uplink(&mut self, instance: usize) {
		if let Some(uplink) = self.uplinks.get_mut(instance) {
			uplink.sending = None;
			uplink.waiting.clear();
			uplink.ordered.fill(0);
			uplink.epoch += 1;
		}
	}

	/// Takes a message from its sender.
	pub fn send(&mut self, now: Time, packet: Packet<M>, due: &mut Due<M>) {
		let small = packet.bytes <= self.links.small_bytes;
		let occupies = self.links.occupies(packet.bytes);
		let now_nanos = now.0 * NANOS;
		let instance = packet.from;
		let uplink = &mut self.uplinks[instance];
		let behind = packet.lane == Lane::Ordered && uplink.ordered[packet.to] > 0;
		if small && !behind {
			self.send_small(now_nanos, packet, due);
			return;
		}
		if packet.lane == Lane::Ordered {
			uplink.ordered[packet.to] += 1;
		}
		if small || uplink.sending.is_some() {
			uplink.waiting.push_back(packet);
		} else {
			let end = now_nanos.max(uplink.small_free) + occupies;
			uplink.sending = Some((packet, end));
			due.push((
				ceil(end),
				Transit::UplinkFree {
					instance,
					epoch: uplink.epoch,
				},
			));
		}
	}

	fn send_small(&mut self, now_nanos: u64, packet: Packet<M>, due: &mut Due<M>) {
		let occupies = self.links.occupies(packet.bytes);
		let uplink = &mut self.uplinks[packet.from];
		let end = now_nanos.max(uplink.small_free) + occupies;
		uplink.small_free = end;
		if let Some((_, large_end)) = &mut uplink.sending {
			*large_end += occupies;
		}
		self.depart(end, packet, due);
	}

	/// A large message may be out; if so it departs, small ones behind it follow, and the next large one begins.
	pub fn uplink_free(&mut self, now: Time, instance: usize, epoch: u32, due: &mut Due<M>) {
		let uplink = &mut self.uplinks[instance];
		if uplink.epoch != epoch {
			return;
		}
		let Some((packet, end)) = uplink.sending.take() else {
			return;
		};
		if end > now.0 * NANOS {
			uplink.sending = Some((packet, end));
			due.push((ceil(end), Transit::UplinkFree { instance, epoch }));
			return;
		}
		let (to, lane) = (packet.to, packet.lane);
		self.depart(end, packet, due);
		if lane == Lane::Ordered {
			self.uplinks[instance].ordered[to] -= 1;
			while let Some(small) = self.small_behind(instance, to) {
				self.send_small(end, small, due);
			}
		}
		let (links, uplink) = (&self.links, &mut self.uplinks[instance]);
		let large = uplink
			.waiting
			.iter()
			.position(|packet| packet.bytes > links.small_bytes);
		if let Some(next) = large.and_then(|index| uplink.waiting.remove(index)) {
			let next_end = end.max(uplink.small_free) + links.occupies(next.bytes);
			uplink.sending = Some((next, next_end));
			due.push((ceil(next_end), Transit::UplinkFree { instance, epoch }));
		}
	}

	/// The next waiting message for a receiver if it is a small one, taken out of the queue.
	fn small_behind(&mut self, instance: usize, to: usize) -> Option<Packet<M>> {
		let uplink = &mut self.uplinks[instance];
		if uplink.ordered[to] == 0 {
			return None;
		}
		let index = uplink
			.waiting
			.iter()
			.position(|next| next.to == to && next.lane == Lane::Ordered)?;
		if uplink.waiting.get(index)?.bytes > self.links.small_bytes {
			return None;
		}
		uplink.ordered[to] -= 1;
		uplink.waiting.remove(index)
	}

	/// The last bit leaves at `end` nanoseconds; decides what becomes of the message.
	fn depart(&mut self, end: u64, packet: Packet<M>, due: &mut Due<M>) {
		if self.is_blocked(&packet) || self.rng.chance(self.links.loss_ppm) {
			return;
		}
		let copies = if self.rng.chance(self.links.duplicate_ppm) {
			2
		} else {
			1
		};
		for _ in 1..copies {
			let at = self.arrival(end, &packet);
			due.push((at, Transit::Arrived(packet.clone())));
		}
		let at = self.arrival(end, &packet);
		due.push((at, Transit::Arrived(packet)));
	}

	fn arrival(&mut self, end: u64, packet: &Packet<M>) -> Time {
		let direction = packet.from * self.size + packet.to;
		let mut at = end.div_ceil(NANOS) + self.delays[direction] + self.rng.between(0, self.links.jitter);
		if self.rng.chance(self.links.hold_ppm) {
			at += self.rng.between(0, self.links.hold);
		} else if self.links.ordered {
			let last = &mut self.last[direction][usize::from(packet.lane == Lane::Ordered)];
			at = at.max(*last);
			*last = at;
		}
		Time(at)
	}

	/// A message reaches its receiver's downlink; it is received at once if the line is free.
	pub fn arrived(&mut self, now: Time, packet: Packet<M>, due: &mut Due<M>) -> Option<Packet<M>> {
		if self.is_blocked(&packet) {
			return None;
		}
		let occupies = self.links.occupies(packet.bytes);
		let downlink = &mut self.downlinks[packet.to];
		let now_nanos = now.0 * NANOS;
		let mut free = if packet.bytes <= self.links.small_bytes {
			downlink.large_free += occupies;
			downlink.small_free = now_nanos.max(downlink.small_free + occupies);
			downlink.small_free
		} else {
			downlink.large_free = now_nanos.max(downlink.large_free + occupies);
			downlink.large_free
		};
		if self.links.ordered && packet.lane == Lane::Ordered {
			let last = &mut self.last_received[packet.from * self.size + packet.to];
			free = free.max(*last);
			*last = free;
		}
		if free <= now_nanos {
			return Some(packet);
		}
		due.push((ceil(free), Transit::Received(packet)));
		None
	}

	fn is_blocked(&self, packet: &Packet<M>) -> bool {
		self.blocked[packet.from * self.size + packet.to]
	}
}

fn ceil(nanos: u64) -> Time {
	Time(nanos.div_ceil(NANOS))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::rng::Stream;
	use std::collections::BTreeMap;

	const MEGABYTE: u64 = 1_000_000;
	/// Messages from this number on travel in the ordered lane.
	const ORDERED: u32 = 1 << 20;

	/// Runs a network by itself and returns when each message was received, by message.
	fn run(mut network: Network<u32>, sends: Vec<(u64, usize, usize, u64, u32)>) -> Vec<(u64, u32)> {
		let mut queue = BTreeMap::new();
		let mut order = 0u64;
		let mut received = Vec::new();
		let mut due = Due::new();
		let mut sends: VecDeque<_> = sends.into();
		loop {
			for (at, transit) in due.drain(..) {
				order += 1;
				queue.insert((at.0, order), transit);
			}
			let next_send = sends.front().map(|send| send.0);
			let next_event = queue.keys().next().copied();
			match (next_send, next_event) {
				(Some(at), event) if event.is_none_or(|(time, _)| at <= time) => {
					let Some((at, from, to, bytes, message)) = sends.pop_front() else {
						break;
					};
					let lane = if message >= ORDERED {
						Lane::Ordered
					} else {
						Lane::Urgent
					};
					network.send(
						Time(at),
						Packet {
							from,
							to,
							bytes,
							lane,
							message,
						},
						&mut due,
					);
				}
				(_, Some(key)) => {
					let now = Time(key.0);
					match queue.remove(&key) {
						Some(Transit::UplinkFree { instance, epoch }) => {
							network.uplink_free(now, instance, epoch, &mut due)
						}
						Some(Transit::Arrived(packet)) => {
							if let Some(packet) = network.arrived(now, packet, &mut due) {
								received.push((now.0, packet.message));
							}
						}
						Some(Transit::Received(packet)) => received.push((now.0, packet.message)),
						None => break,
					}
				}
				_ => break,
			}
		}
		received
	}

	fn network(size: usize, links: Links) -> Network<u32> {
		Network::new(size, links, Rng::new(1, Stream::Network))
	}

	/// 8,000,000 bits over 100 Mbit/s take 80 ms; the k-th of a broadcast is through after k times as long.
	#[test]
	fn a_broadcast_is_serialized_by_the_uplink() {
		let links = Links {
			bandwidth: 100_000_000,
			..Links::ideal(25_000)
		};
		let sends = (1..5).map(|to| (0, 0, to, MEGABYTE, to as u32)).collect();
		let received = run(network(5, links), sends);
		assert_eq!(received, [(105_000, 1), (185_000, 2), (265_000, 3), (345_000, 4)]);
	}

	/// Three senders at once fill one downlink: its bandwidth limits the sum.
	#[test]
	fn a_downlink_limits_what_many_send_to_one() {
		let links = Links {
			bandwidth: 100_000_000,
			..Links::ideal(25_000)
		};
		let sends = (1..4).map(|from| (0, from, 0, MEGABYTE, from as u32)).collect();
		let times: Vec<_> = run(network(4, links), sends)
			.into_iter()
			.map(|(at, _)| at)
			.collect();
		assert_eq!(times, [105_000, 185_000, 265_000]);
	}

	/// Small messages of 12,500 bytes (1 ms) overtake a large one (80 ms) and delay it by just their own time.
	#[test]
	fn small_messages_pass_large_ones_and_take_their_share() {
		let links = Links {
			bandwidth: 100_000_000,
			..Links::ideal(0)
		};
		let sends = vec![
			(0, 0, 1, MEGABYTE, 1),
			(10_000, 0, 1, 12_500, 2),
			(10_000, 0, 2, 12_500, 3),
		];
		assert_eq!(
			run(network(3, links), sends),
			[(11_000, 2), (12_000, 3), (82_000, 1)]
		);
	}

	/// In the ordered lane a small message waits for a large one to the same receiver, and passes those to others.
	#[test]
	fn the_ordered_lane_keeps_its_order_per_receiver() {
		let links = Links {
			bandwidth: 100_000_000,
			..Links::ideal(0)
		};
		let (a, b, c) = (ORDERED + 1, ORDERED + 2, ORDERED + 3);
		let sends = vec![
			(0, 0, 1, MEGABYTE, a),
			(0, 0, 2, MEGABYTE, b),
			(10_000, 0, 1, 12_500, c),
			(20_000, 0, 3, 12_500, ORDERED + 4),
		];
		let received = run(network(4, links), sends);
		assert_eq!(
			received,
			[(21_000, ORDERED + 4), (81_000, a), (82_000, c), (162_000, b)]
		);
	}

	#[test]
	fn without_a_limit_only_the_delay_counts() {
		let sends = vec![(7, 0, 1, MEGABYTE, 1), (9, 0, 1, 10, 2)];
		assert_eq!(run(network(2, Links::ideal(500)), sends), [(507, 1), (509, 2)]);
	}

	#[test]
	fn partitions_may_be_one_way() {
		let mut cut = network(2, Links::ideal(500));
		cut.block(&[0], &[1]);
		assert_eq!(run(cut, vec![(0, 0, 1, 10, 1), (0, 1, 0, 10, 2)]), [(500, 2)]);
	}

	#[test]
	fn a_partition_takes_what_is_on_its_way() {
		let mut due = Due::new();
		let mut network = network(2, Links::ideal(500));
		network.send(
			Time(0),
			Packet {
				from: 0,
				to: 1,
				bytes: 10,
				lane: Lane::Urgent,
				message: 1,
			},
			&mut due,
		);
		network.block(&[0], &[1]);
		let Some((at, Transit::Arrived(packet))) = due.pop() else {
			panic!("one message on its way")
		};
		assert!(network.arrived(at, packet, &mut due).is_none());
	}

	#[test]
	fn loss_duplication_and_order_follow_the_settings() {
		let sends = || {
			(0..10_000u32)
				.map(|k| (k as u64 * 10, 0, 1, 100, k))
				.collect::<Vec<_>>()
		};
		let count = |links| run(network(2, links), sends()).len();
		let lossy = count(Links {
			loss_ppm: 200_000,
			..Links::ideal(100)
		});
		assert!(
			(7_800..8_200).contains(&lossy),
			"{lossy} of 10,000 at a loss of 20 %"
		);
		let doubled = count(Links {
			duplicate_ppm: 100_000,
			..Links::ideal(100)
		});
		assert!(
			(10_800..11_200).contains(&doubled),
			"{doubled} of 10,000 with 10 % doubled"
		);

		let in_order = |links| {
			let messages: Vec<_> = run(network(2, links), sends())
				.into_iter()
				.map(|(_, k)| k)
				.collect();
			messages.windows(2).all(|pair| pair[0] < pair[1])
		};
		assert!(in_order(Links {
			jitter: 1_000,
			..Links::ideal(100)
		}));
		assert!(!in_order(Links {
			jitter: 1_000,
			ordered: false,
			..Links::ideal(100)
		}));
		assert!(!in_order(Links {
			hold_ppm: 10_000,
			hold: 1_000,
			..Links::ideal(100)
		}));
	}

	#[test]
	fn delays_are_drawn_per_pair_within_bounds() {
		let links = Links {
			delay_max: 900,
			..Links::ideal(100)
		};
		let network = network(10, links);
		let mut seen = std::collections::BTreeSet::new();
		for a in 0..10 {
			for b in (0..10).filter(|b| *b != a) {
				let delay = network.delays[a * 10 + b];
				assert!((100..=900).contains(&delay));
				assert_eq!(delay, network.delays[b * 10 + a]);
				seen.insert(delay);
			}
		}
		assert!(seen.len() > 30, "45 pairs draw mostly different delays");
	}
}

//! One run of one protocol under the conditions of the evaluation, and what is measured in it.

use crate::{
	clock::{Micros, Time, MILLISECOND, SECOND},
	config::{Bandwidth, Evaluation, Load, Timeouts},
	cpu::CostTable,
	faults::Fault,
	network::Links,
	pbft::PbftProtocol,
	raft_replica::RaftProtocol,
	replica::{byzantine_bound, NodeId, Protocol},
	rng::{Rng, Stream},
	td_raft::{adversary::Behaviour, TdRaftProtocol},
	workload::Workload,
	world::{Settings, World},
};
use anyhow::{anyhow, ensure, Result};
use std::rc::Rc;
use veilmart_td_raft_core::Mutants;

/// A protocol by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProtocolName {
	/// Raft.
	Raft,
	/// TD-Raft.
	TdRaft,
	/// PBFT.
	Pbft,
}

impl ProtocolName {
	/// All protocols.
	pub const ALL: &'static [ProtocolName] = &[ProtocolName::Raft, ProtocolName::TdRaft, ProtocolName::Pbft];

	/// As tables and charts name it.
	pub fn title(self) -> &'static str {
		match self {
			ProtocolName::Raft => "Raft",
			ProtocolName::TdRaft => "TD-Raft",
			ProtocolName::Pbft => "PBFT",
		}
	}
}

/// The conditions of one run.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'a> {
	/// All conditions.
	pub evaluation: &'a Evaluation,
	/// Costs of work.
	pub costs: &'a CostTable,
	/// Which protocol.
	pub protocol: ProtocolName,
	/// Which timeouts.
	pub timeouts: &'a Timeouts,
	/// Which bandwidth.
	pub bandwidth: &'a Bandwidth,
	/// How many authorities.
	pub n: u32,
	/// The seed.
	pub seed: u64,
}

/// What a loaded run came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delivered {
	/// Blocks measured.
	pub blocks: u64,
	/// Time from the last block of the warm-up to the last block, in microseconds.
	pub span: Micros,
	/// Mean time from the moment at which a leader puts a block together until `f + 1` nodes have finalized it, so
	/// that a client has it from an honest one, in microseconds.
	pub latency: Micros,
	/// Messages of all nodes that name a block measured, repetitions among them, per block.
	pub messages: f64,
	/// Messages of every kind, heartbeats and the like among them, per block, from about the last block of the warm-up to
	/// about the last one.
	pub all_messages: f64,
}

impl Conditions<'_> {
	fn settings(&self, workload: Workload) -> Settings {
		Settings {
			seed: self.seed,
			n: self.n,
			links: self.links(),
			costs: Rc::new(self.costs.clone()),
			workload,
			drift_ppm: self.evaluation.drift_ppm,
			twins: Vec::new(),
			adversaries: Vec::new(),
			faults: Vec::new(),
			trace: None,
			count_blocks: false,
		}
	}

	fn links(&self) -> Links {
		self.evaluation.links(self.bandwidth)
	}

	/// Blocks of the full size under a load.
	///
	/// # Errors
	///
	/// If the blocks are not final within four times what the leader's uplink needs for them, a second each, and a minute, or a guarantee
	/// breaks.
	pub fn load(&self, load: &Load) -> Result<Delivered> {
		let workload = Workload {
			block_bytes: self.evaluation.block_bytes,
			in_flight: load.in_flight,
			// No client loses patience in a run without faults.
			resend_after: Micros::MAX,
		};
		match self.protocol {
			ProtocolName::Raft => self.deliver(self.raft()?, workload, load),
			ProtocolName::TdRaft => self.deliver(self.td_raft(&workload)?, workload, load),
			ProtocolName::Pbft => self.deliver(self.pbft(&workload)?, workload, load),
		}
	}

	fn raft(&self) -> Result<RaftProtocol> {
		RaftProtocol::new(self.n, self.seed, self.timeouts.raft())
	}

	fn pbft(&self, workload: &Workload) -> Result<PbftProtocol> {
		PbftProtocol::new(
			self.n,
			self.seed,
			self.timeouts.pbft(self.n, workload.block_bytes, &self.links()),
		)
	}

	/// The lots of the first election come from genesis, which comes from the seed.
	fn td_raft(&self, workload: &Workload) -> Result<TdRaftProtocol> {
		ensure!(
			self.costs.has_trapdoor(),
			"the table of costs has none for the trapdoor: measure again"
		);
		let timing = self.timeouts.td_raft(self.n, workload.block_bytes, &self.links());
		TdRaftProtocol::new(self.n, self.seed, timing, 0, Mutants::default())
	}

	fn deliver<P: Protocol>(&self, protocol: P, workload: Workload, load: &Load) -> Result<Delivered> {
		let needed = load.warm_up_blocks + load.blocks;
		let one = Timeouts {
			transfers: 1,
			..self.timeouts.clone()
		};
		let transfer = one.waits_for_blocks(self.n, workload.block_bytes, &self.links());
		let limit = Time(60 * SECOND + needed * 4 * (transfer + SECOND));
		let count = byzantine_bound(self.n) as usize + 1;
		let settings = Settings {
			count_blocks: true,
			..self.settings(workload)
		};
		let mut world = World::new(protocol, settings);
		let mut warm = None;
		while world.finality().highest_of_all() < needed
			|| (world.finality().deliveries(count).count() as u64) < needed
		{
			let (number, sent) = (
				world.finality().highest_of_all(),
				world.counters().total().messages,
			);
			if number >= load.warm_up_blocks {
				warm.get_or_insert((number, sent));
			}
			ensure!(
				world.now() < limit,
				"{} blocks of {needed} by {}",
				world.finality().highest_of_all(),
				world.now()
			);
			let end = world.now().after((transfer / 4).max(20 * MILLISECOND));
			world.run_until(end).map_err(|violation| anyhow!("{violation}"))?;
		}
		let deliveries: Vec<_> = world.finality().deliveries(count).take(needed as usize).collect();
		let (warm_up, measured) = deliveries.split_at(load.warm_up_blocks as usize);
		let first = warm_up.last().map_or(Time(0), |(_, end)| *end);
		let last = measured.last().map_or(first, |(_, end)| *end);
		let latencies: Micros = measured.iter().map(|(built, end)| end.since(*built)).sum();
		let (number, sent) = warm.unwrap_or_default();
		let all = world.counters().total().messages - sent;
		let numbers = load.warm_up_blocks + 1..=needed;
		let of_blocks: u64 = numbers
			.map(|number| world.counters().messages_of_block(number))
			.sum();
		let finalized = world.finality().highest_of_all().saturating_sub(number);
		Ok(Delivered {
			messages: of_blocks as f64 / load.blocks as f64,
			all_messages: all as f64 / finalized.max(1) as f64,
			blocks: load.blocks,
			span: last.since(first),
			latency: latencies / load.blocks,
		})
	}

	/// The time from the crash of the leader until another leads, in microseconds. With `faults`, others
	/// crash with it, `f` in all: more than that no Byzantine protocol tolerates.
	///
	/// # Errors
	///
	/// If there is no new leader before the run is given up, or a guarantee breaks.
	pub fn election(&self, faults: bool) -> Result<Micros> {
		let workload = Workload {
			block_bytes: self.evaluation.election.block_bytes,
			in_flight: 1,
			resend_after: 10 * SECOND,
		};
		match self.protocol {
			ProtocolName::Raft => self.elect(self.raft()?, workload, faults),
			ProtocolName::TdRaft => self.elect(self.td_raft(&workload)?, workload, faults),
			ProtocolName::Pbft => self.elect(self.pbft(&workload)?, workload, faults),
		}
	}

	fn elect<P: Protocol>(&self, protocol: P, workload: Workload, faults: bool) -> Result<Micros> {
		let patience = self.evaluation.election.give_up_seconds * SECOND;
		let before = self.evaluation.election.blocks_before;
		let mut world = World::new(protocol, self.settings(workload));
		world
			.run_while(Time(patience), |world| world.finality().highest_of_all() < before)
			.map_err(|violation| anyhow!("{violation}"))?;
		ensure!(
			world.finality().highest_of_all() >= before,
			"no {before} blocks before the election"
		);
		// The leader does not crash at the same moment of a block's way in every run.
		let mut rng = Rng::new(self.seed, Stream::Faults);
		let at = world.now().after(rng.between(0, SECOND));
		world.run_until(at).map_err(|violation| anyhow!("{violation}"))?;
		let (_, leader, _) = *world
			.leaders()
			.last()
			.ok_or_else(|| anyhow!("blocks without a leader"))?;
		let mut others: Vec<_> = NodeId::all(self.n).filter(|node| *node != leader).collect();
		rng.shuffle(&mut others);
		let more = if faults {
			(byzantine_bound(self.n) as usize).saturating_sub(1)
		} else {
			0
		};
		for node in others.into_iter().take(more).chain([leader]) {
			world
				.inject(&Fault::Crash(node.index()))
				.map_err(|violation| anyhow!("{violation}"))?;
		}
		let crashed = world.now();
		let elections = world.leaders().len();
		world
			.run_while(crashed.after(patience), |world| {
				world.leaders().len() == elections
			})
			.map_err(|violation| anyhow!("{violation}"))?;
		let (elected, ..) = world
			.leaders()
			.get(elections)
			.ok_or_else(|| anyhow!("no leader within {patience} µs"))?;
		Ok(elected.since(crashed))
	}

	/// How many attempts TD-Raft takes from genesis until an honest authority leads, `f` of the others standing early,
	/// winning what they can, and doing nothing as leaders.
	///
	/// # Errors
	///
	/// If no honest one leads before the run is given up, or a guarantee breaks.
	pub fn attempts(&self) -> Result<u64> {
		let workload = Workload {
			block_bytes: self.evaluation.election.block_bytes,
			in_flight: 1,
			resend_after: Micros::MAX,
		};
		let faulty = byzantine_bound(self.n);
		let protocol = self.td_raft(&workload)?;
		let settings = Settings {
			adversaries: NodeId::all(faulty)
				.map(|id| (id, Behaviour::IDLE_LEADER))
				.collect(),
			..self.settings(workload)
		};
		let mut world = World::new(protocol, settings);
		let honest = |world: &World<TdRaftProtocol>| {
			let leaders = world.leaders().iter();
			leaders
				.filter(|(_, leader, _)| leader.0 >= faulty)
				.map(|(.., term)| *term)
				.next()
		};
		let patience = self.evaluation.election.give_up_seconds * SECOND;
		world
			.run_while(Time(patience), |world| honest(world).is_none())
			.map_err(|violation| anyhow!("{violation}"))?;
		honest(&world).ok_or_else(|| anyhow!("no honest leader within {patience} µs"))
	}
}

/// The expected number of attempts until an honest authority leads, if each of `n` candidates is as likely as another
/// to draw the lowest lot and `f = ⌊(n-1)/3⌋` are faulty: the mean `n/(n-f)` of a geometric distribution.
pub fn expected_attempts(n: u32) -> f64 {
	f64::from(n) / f64::from(n - byzantine_bound(n))
}

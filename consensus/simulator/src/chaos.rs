//! Chaos: runs under a random schedule of faults, one per seed. Agreement has to hold always, and progress within a
//! bound after everything has healed.

use crate::{
	clock::{Micros, Time, MILLISECOND, SECOND},
	cpu::{CostTable, TrapdoorCosts},
	faults::{schedule, FaultPlan},
	finality::Violation,
	network::Links,
	pbft::{PbftProtocol, PbftSettings},
	raft_replica::{RaftProtocol, RaftSettings},
	replica::{NodeId, Protocol},
	rng::{Rng, Stream},
	td_raft::TdRaftProtocol,
	workload::Workload,
	world::{Settings, World},
};
use std::{fmt, rc::Rc};
use veilmart_td_raft::Timing;
use veilmart_td_raft_core::Mutants;

/// How long faults last.
const HEAL_AT: Time = Time(20 * SECOND);
/// Mean time between faults.
const INTERVAL: Micros = 1_500 * MILLISECOND;
/// Lines of the trace to keep for a report.
pub const LINES: usize = 400;

/// What a run with one seed came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
	/// The protocol.
	pub protocol: &'static str,
	/// The seed.
	pub seed: u64,
	/// Number of authorities.
	pub n: u32,
	/// The hash of the trace; empty without one.
	pub hash: String,
	/// Blocks finalized.
	pub blocks: u64,
	/// Changes of leadership.
	pub leaders: usize,
	/// What broke, if anything.
	pub violation: Option<Violation>,
	/// The last lines of the trace.
	pub trace: Vec<String>,
}

impl fmt::Display for Outcome {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{}, n = {}, seed {}: ", self.protocol, self.n, self.seed)?;
		match &self.violation {
			None => write!(f, "{} blocks, {} leaders", self.blocks, self.leaders),
			Some(violation) => write!(f, "{violation}"),
		}
	}
}

/// Costs for chaos: typical ones, the same everywhere, for a seed has to mean the same run on every machine.
fn costs() -> CostTable {
	CostTable {
		cpu: "typical".into(),
		sign: 20_000,
		verify: 50_000,
		verify_in_batch: 25_000,
		vrf_prove: 100_000,
		vrf_verify: 120_000,
		hash_mebibyte: 1_500_000,
		message: 5_000,
		sync: 2_000_000,
		sync_mebibyte: 2_000_000,
		trapdoor: Some(TrapdoorCosts {
			deal: [(10, 3_000_000)].into(),
			verify_dealing: [(10, 3_000_000)].into(),
			open_share: 200_000,
			verify_share: 200_000,
			recover: [(10, 1_000_000)].into(),
		}),
	}
}

/// The network of chaos: as over a continent, and not in order.
pub fn links() -> Links {
	Links {
		delay_min: 2 * MILLISECOND,
		delay_max: 30 * MILLISECOND,
		jitter: 8 * MILLISECOND,
		hold: 400 * MILLISECOND,
		ordered: false,
		bandwidth: 1_000_000_000,
		..Links::ideal(0)
	}
}

/// Raft with the timeouts of chaos.
pub fn raft(n: u32, seed: u64) -> RaftProtocol {
	let settings = RaftSettings {
		tick: 10 * MILLISECOND,
		election_min: 400 * MILLISECOND,
		election_max: 800 * MILLISECOND,
		heartbeat: 100 * MILLISECOND,
		pre_vote: true,
		check_quorum: true,
	};
	RaftProtocol::new(n, seed, settings).expect("these settings are valid for two nodes or more")
}

/// PBFT with the timeouts of chaos.
pub fn pbft(n: u32, seed: u64) -> PbftProtocol {
	let settings = PbftSettings {
		view_timeout: 500 * MILLISECOND,
		doublings: 4,
		status_interval: 250 * MILLISECOND,
		checkpoint_interval: 32,
	};
	PbftProtocol::new(n, seed, settings).expect("these settings are valid for any number of nodes")
}

/// TD-Raft with the timeouts of chaos; every other seed changes the set every twelve blocks.
pub fn td_raft(n: u32, seed: u64, mutants: Mutants) -> TdRaftProtocol {
	let timing = Timing {
		delta: 50,
		min_block_interval: 20,
		idle_block_interval: 1_000,
		heartbeat: 200,
		status: 500,
		election_timeout: 1_500,
		spread: 50 * n.max(10),
		vote_delay: 200,
		sync_timeout: 2_000,
	};
	let session = if seed.is_multiple_of(2) { 0 } else { 12 };
	TdRaftProtocol::new(n, seed, timing, session, mutants)
		.expect("this timing serves up to eighteen authorities")
}

/// What a seed stands for: the faults, the faulty nodes and what they do.
pub fn settings<P: Protocol>(protocol: &P, seed: u64, n: u32) -> Settings {
	// Another stream than the schedule's: node u32::MAX does not exist.
	let mut rng = Rng::new(seed, Stream::Adversary(u32::MAX));
	let mut nodes: Vec<_> = NodeId::all(n).collect();
	rng.shuffle(&mut nodes);
	let faulty = rng.between(0, protocol.tolerated_byzantine(n) as u64) as usize;
	let mut twins = Vec::new();
	let mut adversaries = Vec::new();
	// A colluding group shares one behaviour in half of the runs.
	let shared = if rng.below(2) == 0 {
		rng.pick(protocol.adversaries()).copied()
	} else {
		None
	};
	for id in nodes.into_iter().take(faulty) {
		let own = rng.pick(protocol.adversaries()).copied();
		match shared.or(own) {
			Some(name) if rng.below(4) > 0 => adversaries.push((id, name)),
			_ => twins.push(id),
		}
	}
	twins.sort();
	adversaries.sort();
	let instances = n as usize + twins.len();
	Settings {
		seed,
		n,
		links: links(),
		costs: Rc::new(costs()),
		workload: Workload::small(),
		drift_ppm: 1_000,
		twins,
		adversaries,
		faults: schedule(
			seed,
			FaultPlan {
				n: n as usize,
				instances,
				heal_at: HEAL_AT,
				interval: INTERVAL,
			},
		),
		trace: Some(LINES),
		count_blocks: false,
	}
}

/// Runs one seed.
pub fn run<P: Protocol>(protocol: P, seed: u64, n: u32) -> Outcome {
	run_with_trace(protocol, seed, n, Some(LINES))
}

/// Runs one seed and keeps so many lines of its trace, or none, which is faster and leaves out the hash: it is the same run.
pub fn run_with_trace<P: Protocol>(protocol: P, seed: u64, n: u32, lines: Option<usize>) -> Outcome {
	let settings = Settings {
		trace: lines,
		..settings(&protocol, seed, n)
	};
	let bound = protocol.progress_bound(links().longest_delay());
	let name = protocol.name();
	let mut world = World::new(protocol, settings);
	let result = world
		.run_until(HEAL_AT)
		.and_then(|()| world.expect_progress(bound));
	Outcome {
		protocol: name,
		seed,
		n,
		hash: world.trace().hash(),
		blocks: world.finality().highest_of_all(),
		leaders: world.leaders().len(),
		violation: result.err(),
		trace: world.trace().lines().map(str::to_owned).collect(),
	}
}

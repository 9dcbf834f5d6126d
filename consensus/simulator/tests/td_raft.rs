//! TD-Raft in the simulator: message counts against algebra, elections against their bound, each adversary by name,
//! power losses.

use std::collections::BTreeMap;
use veilmart_simulator::{
	clock::{Micros, Time, MILLISECOND, SECOND},
	faults::Fault,
	finality::Violation,
	network::Links,
	parallel,
	replica::{NodeId, Protocol},
	td_raft::{adversary::Behaviour, TdRaftProtocol},
	workload::Workload,
	world::{Settings, World},
};
use veilmart_td_raft::Timing;
use veilmart_td_raft_core::{safety, Mutants};

/// Deadlines of the marketplace are measured by how long a leader can keep blocks from being final, and so by this.
#[test]
fn the_chain_knows_how_many_blocks_may_be_certified_above_what_is_final() {
	assert_eq!(u64::from(Timing::WINDOW), safety::WINDOW);
}

/// Delay of every link.
const DELAY: Micros = 10 * MILLISECOND;

fn timing(n: u32) -> Timing {
	Timing {
		delta: 20,
		min_block_interval: 10,
		idle_block_interval: 1_000,
		heartbeat: 200,
		status: 500,
		election_timeout: 1_000 + 20 * n,
		spread: 20 * n.max(10),
		vote_delay: 80,
		sync_timeout: 2_000,
	}
}

fn td_raft(n: u32, seed: u64, session: u64) -> TdRaftProtocol {
	TdRaftProtocol::new(n, seed, timing(n), session, Mutants::default()).expect("valid timing")
}

fn highest(world: &World<TdRaftProtocol>) -> u64 {
	world
		.honest()
		.map(|id| world.finality().highest(id))
		.min()
		.unwrap_or(0)
}

fn run_blocks(world: &mut World<TdRaftProtocol>, number: u64) {
	let end = world.now().after(60 * SECOND);
	world
		.run_while(end, |world| highest(world) < number)
		.expect("no violation");
	assert!(
		highest(world) >= number,
		"block {number} is final everywhere within a minute"
	);
}

/// A proposal, a prepare vote, a prepare certificate, a commit vote and a commit certificate per other authority:
/// `5(n - 1)`.
#[test]
fn a_block_takes_a_linear_number_of_messages() {
	for n in [4, 7, 10, 31] {
		// Nothing is repeated within the run.
		let timing = Timing {
			heartbeat: 900,
			..timing(n)
		};
		let protocol = TdRaftProtocol::new(n, 1, timing, 0, Mutants::default()).expect("valid timing");
		let workload = Workload {
			in_flight: 1,
			..Workload::small()
		};
		let settings = Settings {
			workload,
			count_blocks: true,
			..Settings::ideal(1, n, DELAY)
		};
		let mut world = World::new(protocol, settings);
		run_blocks(&mut world, 30);
		let peers = n as u64 - 1;
		let expected: BTreeMap<_, _> = [
			"proposal",
			"prepare",
			"prepare certificate",
			"commit",
			"commit certificate",
		]
		.map(|kind| (kind, peers))
		.into();
		// Most blocks meet no heartbeat or status; each such block has exactly these.
		let exact = (5..25).filter(|number| {
			let counted: BTreeMap<_, _> = world
				.counters()
				.of_block(*number)
				.into_iter()
				.map(|(kind, count)| (kind, count.messages))
				.collect();
			counted == expected
		});
		let exact = exact.count();
		assert!(
			exact >= 15,
			"n = {n}: {exact} of 20 blocks took 5(n-1) messages: {:?}",
			world.counters().of_block(12)
		);
	}
}

/// One crashed leader: the next one leads within election_timeout + spread/2 + vote_delay + ten delays at the median.
#[test]
fn an_election_keeps_its_bound_at_the_median() {
	for n in [4, 7, 10] {
		let mut times: Vec<_> = (0..21)
			.map(|seed| {
				let mut world = World::new(td_raft(n, seed, 0), Settings::ideal(seed, n, DELAY));
				run_blocks(&mut world, 10 + seed);
				let (_, leader, _) = *world.leaders().last().expect("a leader");
				world.inject(&Fault::Crash(leader.index())).expect("a crash");
				let (crashed, before) = (world.now(), world.leaders().len());
				world
					.run_while(crashed.after(60 * SECOND), |world| {
						world.leaders().len() == before
					})
					.expect("no violation");
				let (elected, ..) = *world.leaders().get(before).expect("a new leader");
				elected.since(crashed)
			})
			.collect();
		times.sort();
		let Timing {
			election_timeout,
			spread,
			vote_delay,
			..
		} = timing(n);
		let bound = (election_timeout + spread / 2 + vote_delay) as Micros * MILLISECOND + 10 * DELAY;
		assert!(
			times[10] <= bound,
			"n = {n}: the median is {} µs, the bound {bound} µs",
			times[10]
		);
	}
}

/// Each behaviour by name: agreement, no false accusation, and progress.
#[test]
fn each_adversary_is_withstood() {
	let runs: Vec<_> = Behaviour::NAMES
		.iter()
		.flat_map(|name| {
			[(4, vec![0]), (4, vec![3]), (7, vec![0, 1]), (7, vec![2, 5])].map(|faulty| (*name, faulty))
		})
		.flat_map(|(name, (n, faulty))| [0, 1].map(|seed| (name, n, faulty.clone(), seed)))
		.collect();
	let job = |index: usize| {
		let (name, n, faulty, seed) = &runs[index];
		withstood(name, *n, faulty, *seed)
			.unwrap_or_else(|violation| panic!("{name} {faulty:?}, n = {n}, seed {seed}: {violation}"));
	};
	parallel::run(parallel::threads(), runs.len(), job, |_| ());
}

fn withstood(name: &'static str, n: u32, faulty: &[u32], seed: u64) -> Result<(), Violation> {
	let settings = Settings {
		adversaries: faulty.iter().map(|node| (NodeId(*node), name)).collect(),
		..Settings::ideal(seed, n, DELAY)
	};
	let protocol = td_raft(n, seed, if seed.is_multiple_of(2) { 0 } else { 10 });
	let bound = protocol.progress_bound(DELAY);
	let mut world = World::new(protocol, settings);
	// The leader of the moment crashes, too, so that the faulty ones may win elections.
	world.run_until(Time(10 * SECOND))?;
	let leader = world.leaders().last().map_or(0, |(_, leader, _)| leader.index());
	world.inject(&Fault::Crash(leader))?;
	world.run_until(Time(11 * SECOND))?;
	world.inject(&Fault::Start(leader))?;
	world.expect_progress(bound)?;
	world.expect_progress(bound)
}

/// A leader that sends one authority two blocks in place of each that it has certified with the others does not keep that one
/// from following: it takes the third as well, since certificates lead there.
#[test]
fn siblings_do_not_keep_a_certified_block_out() {
	let mut led = 0;
	for seed in 0..10 {
		let settings = Settings {
			adversaries: vec![(NodeId(0), Behaviour::FEEDING_LEADER)],
			..Settings::ideal(seed, 4, DELAY)
		};
		let protocol = td_raft(4, seed, if seed.is_multiple_of(2) { 0 } else { 10 });
		let bound = protocol.progress_bound(DELAY);
		let mut world = World::new(protocol, settings);
		world.run_until(Time(10 * SECOND)).expect("no violation");
		led += usize::from(
			world
				.leaders()
				.last()
				.is_some_and(|(_, leader, _)| *leader == NodeId(0)),
		);
		world
			.expect_progress(bound)
			.unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
	}
	assert!(led > 0, "it led in some of the runs");
}

/// Power fails everywhere at any moment of a block's way; nothing final is ever lost or replaced, and with or without
/// a change of set the chain goes on.
#[test]
fn nothing_final_is_lost_when_all_lose_power() {
	for session in [0, 5] {
		for moment in 0..40 {
			let mut world = World::new(td_raft(4, 1, session), Settings::ideal(1, 4, DELAY));
			run_blocks(&mut world, 10);
			let at = world.now().after(moment * 3 * MILLISECOND);
			world.run_until(at).expect("no violation");
			let highest = world.finality().highest_of_all();
			world.inject(&Fault::PowerLoss).expect("a power loss");
			world.inject(&Fault::PowerBack).expect("power");
			run_blocks(&mut world, highest + 10);
		}
	}
}

/// Twins of an authority in different parts of the network, in turn.
#[test]
fn twins_are_withstood() {
	for seed in 0..20 {
		let faults = vec![
			(
				Time(3 * SECOND),
				Fault::Partition(vec![vec![0, 1], vec![4, 2, 3]]),
			),
			(Time(8 * SECOND), Fault::Rejoin),
			(
				Time(10 * SECOND),
				Fault::Partition(vec![vec![0, 2, 3], vec![4, 1]]),
			),
			(Time(15 * SECOND), Fault::Rejoin),
		];
		let settings = Settings {
			twins: vec![NodeId(0)],
			faults,
			..Settings::ideal(seed, 4, DELAY)
		};
		let protocol = td_raft(4, seed, if seed.is_multiple_of(2) { 0 } else { 10 });
		let bound = protocol.progress_bound(DELAY);
		let mut world = World::new(protocol, settings);
		world
			.run_until(Time(15 * SECOND))
			.unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
		world
			.expect_progress(bound)
			.unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
	}
}

/// An equivocating leader is reported by name.
#[test]
fn an_equivocating_leader_is_reported() {
	let mut reported = 0;
	for seed in 0..10 {
		let adversaries = vec![(NodeId(0), "equivocating leader")];
		let mut world = World::new(
			td_raft(4, seed, 0),
			Settings {
				adversaries,
				..Settings::ideal(seed, 4, DELAY)
			},
		);
		world.run_until(Time(20 * SECOND)).expect("no violation");
		let led = world.leaders().iter().any(|(_, leader, _)| *leader == NodeId(0));
		let offences = world
			.offences()
			.iter()
			.filter(|(who, _)| *who == NodeId(0))
			.count();
		assert!(led || offences == 0);
		reported += offences;
	}
	assert!(
		reported > 0,
		"it led in some of the runs, and somebody saw both blocks"
	);
}

/// Blocks of 1 MB from one uplink: certificates overtake them by far, and nobody asks for a second copy.
#[test]
fn a_block_that_waits_in_an_uplink_is_not_asked_for() {
	for (n, bandwidth) in [(10, 100_000_000), (25, 1_000_000_000)] {
		let settings = Settings {
			links: Links {
				bandwidth,
				ordered: true,
				small_bytes: 20_000,
				..Links::ideal(DELAY)
			},
			workload: Workload {
				block_bytes: 1_000_000,
				..Workload::small()
			},
			..Settings::ideal(1, n, DELAY)
		};
		// What the uplink takes for one block to all, in milliseconds.
		let transfer = (u64::from(n) * 8_000_000 * 1_000 / bandwidth) as u32;
		let timing = Timing {
			election_timeout: timing(n).election_timeout + 3 * transfer,
			..timing(n)
		};
		let protocol = TdRaftProtocol::new(n, 1, timing, 0, Mutants::default()).expect("valid timing");
		let mut world = World::new(protocol, settings);
		run_blocks(&mut world, 30);
		let asked = world
			.counters()
			.by_kind()
			.get("fetch")
			.map_or(0, |count| count.messages);
		let proposed = world
			.counters()
			.by_kind()
			.get("proposal")
			.map_or(0, |count| count.messages);
		assert!(
			asked <= 2,
			"n = {n}: {asked} requests beside {proposed} proposals"
		);
	}
}

/// Runs until the faulty authority, which stands early, has led for so long; gives whether it still leads the same term then, or None if it
/// did not come to lead.
fn leads_on(name: &'static str, seed: u64, session: u64, time: Micros) -> Option<bool> {
	let settings = Settings {
		adversaries: vec![(NodeId(0), name)],
		..Settings::ideal(seed, 4, DELAY)
	};
	let mut world = World::new(td_raft(4, seed, session), settings);
	let led = |world: &World<TdRaftProtocol>| {
		let last = world.leaders().last();
		last.filter(|(_, leader, _)| *leader == NodeId(0))
			.map(|(_, _, term)| *term)
	};
	world
		.run_while(Time(10 * SECOND), |world| led(world).is_none())
		.expect("no violation");
	let term = led(&world)?;
	let end = world.now().after(time);
	world.run_until(end).expect("no violation");
	assert!(highest(&world) > 0, "{name}, seed {seed}: blocks are final");
	let bound = td_raft(4, seed, session).progress_bound(DELAY);
	world
		.expect_progress(bound)
		.unwrap_or_else(|violation| panic!("{name}, seed {seed}: {violation}"));
	Some(led(&world) == Some(term))
}

/// A leader whose blocks are dated a moment apart has thirty seconds, then nobody votes for them.
#[test]
fn a_leader_cannot_save_up_time() {
	let mut early = 0;
	let mut late = 0;
	for seed in 0..24 {
		let session = if seed % 2 == 0 { 0 } else { 10 };
		early += u32::from(leads_on(Behaviour::BACKDATING, seed, session, 15 * SECOND) == Some(true));
		let leads = leads_on(Behaviour::BACKDATING, seed, session, 45 * SECOND);
		late += u32::from(leads == Some(true));
	}
	assert!(early > 0, "until then it leads on");
	assert_eq!(late, 0);
}

/// Nor can it leave a transaction behind older ones for longer than it may leave it out at all, however short a set lasts: by then
/// two blocks, a `sync_timeout` of two seconds and an election have passed many times over.
#[test]
fn a_leader_cannot_hide_a_transaction_behind_older_ones() {
	let mut led = 0;
	for seed in 0..24 {
		let session = if seed % 2 == 0 { 0 } else { 60 };
		let leads = leads_on(Behaviour::TRICKLING, seed, session, 20 * SECOND);
		assert_ne!(leads, Some(true), "seed {seed}");
		led += u32::from(leads.is_some());
	}
	assert!(led > 0, "it led in some of the runs");
}

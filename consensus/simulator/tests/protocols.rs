//! Raft and PBFT by themselves: message counts against algebra, throughput against arithmetic, and what each fault is
//! supposed to do.

use std::collections::BTreeMap;
use veilmart_simulator::{
	chaos::{pbft, raft},
	clock::{Micros, Time, MILLISECOND, SECOND},
	faults::Fault,
	network::Links,
	pbft::{
		adversary::Behaviour,
		messages::{Seq, View},
		PbftProtocol, PbftSettings,
	},
	raft_replica::{RaftProtocol, RaftSettings},
	replica::{NodeId, Protocol},
	workload::Workload,
	world::{Settings, World},
};

/// Delay of every link.
const DELAY: Micros = 10 * MILLISECOND;

/// One block after the other on an ideal network, messages counted by block.
fn lockstep(n: u32) -> Settings {
	let workload = Workload {
		in_flight: 1,
		..Workload::small()
	};
	Settings {
		workload,
		count_blocks: true,
		..Settings::ideal(1, n, DELAY)
	}
}

fn run_blocks<P: Protocol>(world: &mut World<P>, number: u64) {
	let end = world.now().after(60 * SECOND);
	let highest = |world: &World<P>| {
		world
			.honest()
			.map(|id| world.finality().highest(id))
			.min()
			.unwrap_or(0)
	};
	world
		.run_while(end, |world| highest(world) < number)
		.expect("no violation");
	assert!(
		highest(world) >= number,
		"block {number} is final everywhere within a minute"
	);
}

fn counts<P: Protocol>(protocol: P, n: u32, block: u64) -> BTreeMap<&'static str, u64> {
	let mut world = World::new(protocol, lockstep(n));
	run_blocks(&mut world, block + 2);
	world
		.counters()
		.of_block(block)
		.into_iter()
		.map(|(kind, count)| (kind, count.messages))
		.collect()
}

/// One append with the block and one without to carry the commit, each answered: `4(n - 1)`.
#[test]
fn raft_sends_a_linear_number_of_messages() {
	// No heartbeat within the run: the answer to one makes the leader send what is on its way already.
	let seldom = RaftSettings {
		tick: 10 * MILLISECOND,
		election_min: 10 * SECOND,
		election_max: 20 * SECOND,
		heartbeat: 9 * SECOND,
		pre_vote: true,
		check_quorum: true,
	};
	for n in [4, 7, 10, 31] {
		let peers = n as u64 - 1;
		let expected = BTreeMap::from([
			("append", peers),
			("append, empty", peers),
			("append response", 2 * peers),
		]);
		let protocol = RaftProtocol::new(n, 1, seldom.clone()).expect("valid settings");
		assert_eq!(counts(protocol, n, 20), expected, "n = {n}");
	}
}

/// `n - 1` pre-prepares, `n - 1` prepares of each of the `n - 1` backups, `n - 1` commits of each of the `n`
/// replicas: `2n(n - 1)`.
#[test]
fn pbft_sends_a_quadratic_number_of_messages() {
	for n in [4, 7, 10, 31] {
		let peers = n as u64 - 1;
		let expected = BTreeMap::from([
			("pre-prepare", peers),
			("prepare", peers * peers),
			("commit", n as u64 * peers),
		]);
		let counted = counts(pbft(n, 1), n, 20);
		assert_eq!(counted, expected, "n = {n}");
		assert_eq!(counted.values().sum::<u64>(), 2 * n as u64 * peers);
	}
}

/// With 1 MB blocks the leader's uplink is the limit: at 100 Mbit/s and n = 4 a block takes 3 × 80 ms. Raft, with two
/// blocks in flight, keeps it busy; so does PBFT. Control messages take less than 1 % of it.
#[test]
fn throughput_is_what_the_uplink_allows() {
	fn blocks<P: Protocol>(protocol: P) -> u64 {
		let settings = Settings {
			links: Links {
				bandwidth: 100_000_000,
				..Links::ideal(DELAY)
			},
			workload: Workload {
				block_bytes: 1_000_000,
				in_flight: 2,
				resend_after: 60 * SECOND,
			},
			trace: None,
			..Settings::ideal(1, 4, DELAY)
		};
		let mut world = World::new(protocol, settings);
		run_blocks(&mut world, 10);
		let before = world.finality().highest_of_all();
		let end = world.now().after(24 * SECOND);
		world.run_until(end).expect("no violation");
		world.finality().highest_of_all() - before
	}
	// A replica of PBFT that has not heard of a block for a while asks for it: not before the uplink is through.
	let patient = PbftSettings {
		view_timeout: 4 * SECOND,
		doublings: 4,
		status_interval: 2 * SECOND,
		checkpoint_interval: 32,
	};
	let pbft = PbftProtocol::new(4, 1, patient).expect("valid settings");
	for blocks in [blocks(raft(4, 1)), blocks(pbft)] {
		assert!(
			(99..=100).contains(&blocks),
			"{blocks} blocks in 24 s, 100 are possible"
		);
	}
}

#[test]
fn raft_replaces_a_crashed_leader_and_the_old_one_follows() {
	let mut world = World::new(raft(5, 3), Settings::ideal(3, 5, DELAY));
	run_blocks(&mut world, 20);
	let (_, leader, term) = *world.leaders().last().expect("a leader");
	world.inject(&Fault::Crash(leader.index())).expect("a crash");
	let end = world.now().after(5 * SECOND);
	world.run_until(end).expect("no violation");
	let (_, next, next_term) = *world.leaders().last().expect("a leader");
	assert_ne!(next, leader);
	assert!(next_term > term);
	world.inject(&Fault::Start(leader.index())).expect("a start");
	let number = world.finality().highest_of_all() + 20;
	run_blocks(&mut world, number);
}

/// Power fails everywhere at any moment of a block's way; nothing final is ever lost or replaced.
#[test]
fn nothing_final_is_lost_when_all_lose_power() {
	fn check<P: Protocol>(make: impl Fn() -> P) {
		for moment in 0..40 {
			let mut world = World::new(make(), Settings::ideal(1, 4, DELAY));
			run_blocks(&mut world, 10);
			let at = world.now().after(moment * 3 * MILLISECOND);
			world.run_until(at).expect("no violation");
			let highest = world.finality().highest_of_all();
			world.inject(&Fault::PowerLoss).expect("a power loss");
			world.inject(&Fault::PowerBack).expect("power");
			run_blocks(&mut world, highest + 10);
		}
	}
	check(|| raft(4, 1));
	check(|| pbft(4, 1));
}

#[test]
fn pbft_replaces_a_crashed_primary() {
	let mut world = World::new(pbft(4, 1), Settings::ideal(1, 4, DELAY));
	run_blocks(&mut world, 10);
	world.inject(&Fault::Crash(0)).expect("a crash");
	world
		.run_until(world.now().after(3 * SECOND))
		.expect("no violation");
	let replica = world.replica(NodeId(1)).expect("node 1 runs");
	assert_eq!(replica.view(), (View(1), true));
	let before = world.finality().highest(NodeId(1));
	assert!(before > 20, "the others went on");
	world.inject(&Fault::Start(0)).expect("a start");
	run_blocks(&mut world, before + 10);
}

/// The primary's request is prepared everywhere and committed nowhere when the primary crashes and all commits are
/// lost. The next view decides this very request under this number.
#[test]
fn a_view_change_preserves_a_prepared_request() {
	let settings = Settings {
		workload: Workload {
			in_flight: 1,
			..Workload::small()
		},
		..Settings::ideal(1, 4, DELAY)
	};
	// Nobody repeats a commit before the view changes.
	let patient = PbftSettings {
		view_timeout: 500 * MILLISECOND,
		doublings: 4,
		status_interval: 10 * SECOND,
		checkpoint_interval: 32,
	};
	let protocol = PbftProtocol::new(4, 1, patient).expect("valid settings");
	let mut world = World::new(protocol, settings);
	// Pre-prepares take one delay, prepares another; commits are on their way.
	world
		.run_until(Time(2 * DELAY + DELAY / 2))
		.expect("no violation");
	let prepared: Vec<_> = (0..4)
		.map(|node| {
			world
				.replica(NodeId(node))
				.and_then(|replica| replica.prepared(Seq(1)))
		})
		.collect();
	let digest = prepared[1].expect("prepared at node 1");
	assert_eq!(prepared, vec![Some(digest); 4]);
	assert_eq!(world.finality().highest_of_all(), 0);
	world.inject(&Fault::Crash(0)).expect("a crash");
	world
		.inject(&Fault::Partition((0..4).map(|node| vec![node]).collect()))
		.expect("a partition");
	world.run_until(Time(4 * DELAY)).expect("no violation");
	world.inject(&Fault::Rejoin).expect("a whole network");
	world
		.run_while(Time(5 * SECOND), |world| world.finality().highest_of_all() < 1)
		.expect("no violation");
	let block = world.finality().blocks().get(&1).expect("block 1 is final");
	assert_eq!(block.hash, digest);
	assert_eq!(
		world.replica(NodeId(1)).map(|replica| replica.view()),
		Some((View(1), true))
	);
}

/// Every behaviour by name, with the faulty one as first primary and as backup: the others agree and go on.
#[test]
fn pbft_withstands_each_adversary() {
	for name in Behaviour::NAMES {
		for (n, faulty) in [(4, vec![0]), (4, vec![2]), (7, vec![0, 1]), (7, vec![3, 5])] {
			let adversaries = faulty.iter().map(|node| (NodeId(*node), *name)).collect();
			let mut world = World::new(
				pbft(n, 1),
				Settings {
					adversaries,
					..Settings::ideal(1, n, DELAY)
				},
			);
			world
				.run_until(Time(10 * SECOND))
				.unwrap_or_else(|violation| panic!("{name}, n = {n}: {violation}"));
			let blocks = world.finality().highest_of_all();
			assert!(blocks > 30, "{name} {faulty:?}, n = {n}: {blocks} blocks");
			world
				.expect_progress(10 * SECOND)
				.unwrap_or_else(|violation| panic!("{name}, n = {n}: {violation}"));
		}
	}
}

/// An equivocating primary gets no quorum for either proposal, is replaced, and is seen by those who got both.
#[test]
fn an_equivocating_primary_is_replaced() {
	let adversaries = vec![(NodeId(0), "equivocating leader")];
	let mut world = World::new(
		pbft(4, 1),
		Settings {
			adversaries,
			..Settings::ideal(1, 4, DELAY)
		},
	);
	world.run_until(Time(5 * SECOND)).expect("no violation");
	let view = world.replica(NodeId(1)).map(|replica| replica.view());
	assert_eq!(view, Some((View(1), true)));
}

/// A twin of the primary: two nodes with one key, which know nothing of each other, in different parts of a network.
#[test]
fn pbft_withstands_twins() {
	for seed in 0..20 {
		let faults = vec![
			(Time(0), Fault::Partition(vec![vec![0, 1], vec![4, 2, 3]])),
			(Time(3 * SECOND), Fault::Rejoin),
			(
				Time(4 * SECOND),
				Fault::Partition(vec![vec![0, 2], vec![4, 1, 3]]),
			),
			(Time(8 * SECOND), Fault::Rejoin),
		];
		let settings = Settings {
			twins: vec![NodeId(0)],
			faults,
			..Settings::ideal(seed, 4, DELAY)
		};
		let mut world = World::new(pbft(4, seed), settings);
		world.run_until(Time(8 * SECOND)).expect("no violation");
		world.expect_progress(30 * SECOND).expect("progress");
	}
}

/// Checkpoints move the water marks: with none the primary would stop after twice the interval.
#[test]
fn pbft_moves_its_water_marks() {
	let mut world = World::new(pbft(4, 1), Settings::ideal(1, 4, DELAY));
	run_blocks(&mut world, 100);
	let stable = world.replica(NodeId(2)).map(|replica| replica.stable());
	assert!(stable >= Some(Seq(64)), "{stable:?}");
}

//! Deliberate mistakes in the core, each a rule left out or worded otherwise: a run shows what it breaks.
//!
//! A mistake counts as caught if a guarantee breaks (agreement, progress, no false accusation), and if the core without
//! it passes the very same run. What breaks at random comes from chaos, by a seed that was searched for; what needs a
//! plan comes from a directed run, with an adversary by name or a twin, at the moment at which it hurts.

use veilmart_simulator::{
	chaos::{run, td_raft},
	clock::{Micros, Time, MILLISECOND, SECOND},
	faults::Fault,
	finality::Violation,
	replica::{NodeId, Protocol},
	td_raft::{adversary::Behaviour, TdRaftProtocol},
	world::{Settings, World},
};
use veilmart_td_raft::{Term, Timing};
use veilmart_td_raft_core::{Mutant, Mutants};

type TdRaft = World<TdRaftProtocol>;

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

/// Four authorities, one of them faulty by name or running twice.
fn four(seed: u64, mutants: Mutants, adversary: Option<&'static str>) -> (TdRaft, Micros) {
	let protocol = TdRaftProtocol::new(4, seed, timing(4), 0, mutants).expect("valid timing");
	let bound = protocol.progress_bound(DELAY);
	let settings = Settings {
		adversaries: adversary.iter().map(|name| (NodeId(0), *name)).collect(),
		twins: if adversary.is_none() {
			vec![NodeId(0)]
		} else {
			Vec::new()
		},
		..Settings::ideal(seed, 4, DELAY)
	};
	(World::new(protocol, settings), bound)
}

/// What a script comes to: a violation, nothing, or that the moment did not come with this seed.
type Script = fn(u64, Mutants) -> Result<bool, Violation>;

/// Some seed shows the mistake, and without it nothing breaks.
fn caught(mutant: Mutant, seeds: std::ops::Range<u64>, script: Script) {
	let mut moments = 0;
	for seed in seeds {
		match script(seed, Mutants::only(mutant)) {
			Ok(came) => moments += u32::from(came),
			Err(violation) => {
				println!("{mutant:?}: seed {seed}: {violation}");
				let sound = script(seed, Mutants::default());
				assert!(
					sound.is_ok(),
					"{mutant:?}, seed {seed}: the core without it: {sound:?}"
				);
				return;
			}
		}
	}
	panic!("{mutant:?} is not caught; the moment came {moments} times");
}

fn highest(world: &TdRaft, node: u32) -> u64 {
	world.finality().highest(NodeId(node))
}

/// The honest node that alone has finalized something, if it is `what`.
fn ahead(world: &TdRaft, what: impl Fn(&TdRaft, u32) -> bool) -> Option<u32> {
	let alone =
		|node: &u32| (1..4).all(|other| other == *node || highest(world, other) < highest(world, *node));
	(1..4).find(|node| alone(node) && what(world, *node))
}

/// One honest node alone has finalized a block, and is cut off at once; later all is well again.
fn one_knows(
	seed: u64,
	mutants: Mutants,
	adversary: &'static str,
	what: fn(&TdRaft, u32) -> bool,
) -> Result<bool, Violation> {
	let (mut world, bound) = four(seed, mutants, Some(adversary));
	world.run_while(Time(20 * SECOND), |world| ahead(world, what).is_none())?;
	let Some(node) = ahead(&world, what) else {
		return Ok(false);
	};
	let others: Vec<_> = (0..4).filter(|other| *other != node as usize).collect();
	world.inject(&Fault::Partition(vec![vec![node as usize], others]))?;
	world.run_until(world.now().after(6 * SECOND))?;
	world.inject(&Fault::Rejoin)?;
	world.expect_progress(bound)?;
	Ok(true)
}

/// The block last finalized is the faulty authority's.
fn of_faulty(world: &TdRaft, node: u32) -> bool {
	let core = world.replica(NodeId(node)).and_then(|replica| replica.core());
	core.is_some_and(|core| core.chain().root().digest.sealer.0 == 0 && core.chain().root().number.0 > 0)
}

/// The two others know that what one has finalized is certified, and have not finalized it.
fn of_honest(world: &TdRaft, node: u32) -> bool {
	let core = |node| world.replica(NodeId(node)).and_then(|replica| replica.core());
	let Some(root) = core(node).map(|core| core.chain().root().clone()) else {
		return false;
	};
	root.number.0 > 5
		&& root.digest.sealer.0 != 0
		&& (1..4)
			.filter(|other| *other != node)
			.all(|other| core(other).is_some_and(|core| core.durable().high_qc.target.hash == root.hash))
}

fn two_first_blocks(seed: u64, mutants: Mutants) -> Result<bool, Violation> {
	one_knows(seed, mutants, "leader with two first blocks", of_faulty)
}

fn small_certificates(seed: u64, mutants: Mutants) -> Result<bool, Violation> {
	one_knows(seed, mutants, "leader with too small certificates", of_faulty)
}

/// One of those that it makes twice.
fn doubled(world: &TdRaft, node: u32) -> bool {
	let core = world.replica(NodeId(node)).and_then(|replica| replica.core());
	let number = core.map_or(0, |core| core.chain().root().number.0);
	of_faulty(world, node) && number % 4 == 3
}

fn two_later_blocks(seed: u64, mutants: Mutants) -> Result<bool, Violation> {
	one_knows(seed, mutants, "leader with two later blocks", doubled)
}

fn building_below(seed: u64, mutants: Mutants) -> Result<bool, Violation> {
	one_knows(seed, mutants, "leader building below", of_honest)
}

fn inventing(seed: u64, mutants: Mutants) -> Result<bool, Violation> {
	let (mut world, bound) = four(seed, mutants, Some("inventing voter"));
	world.run_until(Time(5 * SECOND))?;
	world.expect_progress(bound)?;
	Ok(true)
}

/// An authority runs twice. One copy goes on to lead its term after the others have voted in the next one; they
/// restart, and hear of the old leader only.
fn forgetful(seed: u64, mutants: Mutants) -> Result<bool, Violation> {
	let (mut world, bound) = four(seed, mutants, None);
	world.inject(&Fault::Partition(vec![vec![0, 1, 2, 3], vec![4]]))?;
	world.run_while(Time(10 * SECOND), |world| highest(world, 1) < 10)?;
	if world.leaders().first().map(|(_, leader, _)| *leader) != Some(NodeId(0)) {
		return Ok(false);
	}
	let term = |world: &TdRaft, node: u32| {
		let core = world.replica(NodeId(node)).and_then(|replica| replica.core());
		core.map_or(Term(0), |core| core.durable().current_term)
	};
	let old = term(&world, 1);
	world.inject(&Fault::Rejoin)?;
	world.inject(&Fault::Partition(vec![vec![0], vec![1, 2, 3, 4]]))?;
	let leads = |world: &TdRaft| {
		(1..4).find(|node| {
			let core = world.replica(NodeId(*node)).and_then(|replica| replica.core());
			core.is_some_and(|core| core.is_leading() && core.durable().current_term > old)
		})
	};
	let end = world.now().after(20 * SECOND);
	world.run_while(end, |world| leads(world).is_none())?;
	let Some(new) = leads(&world) else {
		return Ok(false);
	};
	let voters: Vec<u32> = (1..4).filter(|node| *node != new).collect();
	let (a, b) = (voters[0] as usize, voters[1] as usize);
	world.inject(&Fault::Partition(vec![vec![new as usize, 4], vec![0, a, b]]))?;
	for node in [a, b] {
		world.inject(&Fault::Crash(node))?;
	}
	world.inject(&Fault::Rejoin)?;
	world.inject(&Fault::Partition(vec![vec![new as usize, 4], vec![0, a, b]]))?;
	for node in [a, b] {
		world.inject(&Fault::Start(node))?;
	}
	// One of them finalizes a block of the old term.
	let end = world.now().after(10 * SECOND);
	let before = highest(&world, voters[0]).max(highest(&world, voters[1]));
	let alone = |world: &TdRaft| voters.iter().copied().find(|node| highest(world, *node) > before);
	world.run_while(end, |world| alone(world).is_none())?;
	if let Some(knows) = alone(&world) {
		let other = voters
			.iter()
			.copied()
			.find(|node| *node != knows)
			.unwrap_or(knows) as usize;
		world.inject(&Fault::Partition(vec![
			vec![0, knows as usize],
			vec![other, new as usize, 4],
		]))?;
		// The way from the one to the two others is open again, that to the old leader closed.
		world.inject(&Fault::Rejoin)?;
		world.inject(&Fault::Partition(vec![
			vec![0],
			vec![knows as usize],
			vec![other, new as usize, 4],
		]))?;
		world.run_until(world.now().after(8 * SECOND))?;
	}
	world.inject(&Fault::Rejoin)?;
	world.expect_progress(bound)?;
	Ok(true)
}

#[test]
fn two_first_blocks_in_one_term() {
	caught(Mutant::TwoFirstBlocks, 0..60, two_first_blocks);
}

#[test]
fn two_blocks_at_one_height() {
	caught(Mutant::TwoBlocksAtOneHeight, 0..60, two_later_blocks);
}

#[test]
fn a_quorum_that_is_one_too_small() {
	caught(Mutant::QuorumTooSmall, 0..60, small_certificates);
}

#[test]
fn a_certificates_maximum_that_is_ignored() {
	caught(Mutant::MaximumIgnored, 0..60, building_below);
}

#[test]
fn a_certificates_maximum_that_hides_the_others() {
	caught(Mutant::MaximumOfBallotsOnly, 0..60, building_below);
}

#[test]
fn certificates_of_voters_that_nobody_looks_at() {
	caught(Mutant::VotersQcForgotten, 0..10, inventing);
}

#[test]
fn a_term_that_is_not_persisted() {
	caught(Mutant::TermNotPersisted, 0..60, forgetful);
}

/// A leader that backdates leads on for a minute: no guarantee of the protocol's own breaks, but time is its leader's. Without the mistake
/// another leads by then (`a_leader_cannot_save_up_time`).
#[test]
fn blocks_that_are_dated_too_long_ago() {
	let leads_on = |seed: u64, mutants: Mutants| {
		let (mut world, _) = four(seed, mutants, Some(Behaviour::BACKDATING));
		let leads = |world: &TdRaft| {
			world
				.leaders()
				.last()
				.is_some_and(|(_, leader, _)| *leader == NodeId(0))
		};
		world
			.run_while(Time(10 * SECOND), |world| !leads(world))
			.expect("no violation");
		if !leads(&world) {
			return false;
		}
		let terms = world.leaders().len();
		let end = world.now().after(60 * SECOND);
		world.run_until(end).expect("no violation");
		leads(&world) && world.leaders().len() == terms
	};
	let stale = Mutants::only(Mutant::StalePrepared);
	let seed = (0..24).find(|seed| leads_on(*seed, stale));
	let seed = seed.expect("it leads on in one of the runs");
	assert!(!leads_on(seed, Mutants::default()), "seed {seed}");
}

/// By chaos: the number of authorities and the seed, from `search`.
const BY_CHAOS: [(Mutant, u32, u64); 4] = [
	(Mutant::LockFalls, 4, 76),
	(Mutant::SetChangeWithoutCommit, 7, 229),
	(Mutant::SendBeforePersist, 4, 45),
	(Mutant::TwoElectionVotes, 7, 0),
];

#[test]
fn chaos_shows_what_breaks_at_random() {
	for (mutant, n, seed) in BY_CHAOS {
		let broken = run(td_raft(n, seed, Mutants::only(mutant)), seed, n);
		assert!(
			is_caught(&broken.violation),
			"{mutant:?}, n = {n}, seed {seed}: {broken}"
		);
		let sound = run(td_raft(n, seed, Mutants::default()), seed, n);
		assert_eq!(sound.violation, None, "without {mutant:?}");
	}
}

/// Stalls of a run that is random do not show the mistake.
fn is_caught(violation: &Option<Violation>) -> bool {
	violation
		.as_ref()
		.is_some_and(|violation| !matches!(violation, Violation::Stalled { .. }))
}

/// Finds seeds for the list above.
#[test]
#[ignore = "a tool: minutes; run with --ignored --nocapture when the simulator has changed"]
fn search() {
	for mutant in [
		Mutant::LockFalls,
		Mutant::SetChangeWithoutCommit,
		Mutant::SendBeforePersist,
		Mutant::TwoElectionVotes,
	] {
		let shows = |&(seed, n): &(u64, u32)| {
			is_caught(&run(td_raft(n, seed, Mutants::only(mutant)), seed, n).violation)
		};
		let found = (0..300).flat_map(|seed| [(seed, 4), (seed, 7)]).find(shows);
		println!("{mutant:?}: seed and number of authorities: {found:?}");
	}
}

//! Blocks that are dated, by a clock that all have.

use crate::network::{name, Network};
use std::collections::{BTreeMap, BTreeSet};
use veilmart_td_raft::{HeaderDigest, Phase, Timing};
use veilmart_td_raft_core::{
	message::{Message, Promise},
	symbolic::{Digest, Name},
	Build, Input,
};

/// So many blocks a leader may be ahead of what is final.
const WINDOW: u64 = 16;

/// A network whose blocks are dated, with a leader.
fn dated(n: u16) -> Network {
	let mut network = Network::new(n);
	network.dates = Some(BTreeMap::new());
	network.ready(true);
	network.run(5_000);
	network
}

/// The same, with more patience than blocks may be old.
fn patient(n: u16) -> Network {
	let mut network = dated(n);
	network.set_timing(Timing {
		election_timeout: 60_000,
		..Timing::LOCAL
	});
	network.run(1_000);
	network
}

fn most_finalized(network: &Network) -> u64 {
	let all = network.running().into_iter().map(|who| network.finalized(who));
	all.max().unwrap()
}

/// The leader has all others import a block that they may not vote for yet, because it is too far ahead of what is final, and holds
/// back what makes that final for so long. How many vote for it then.
fn votes_for_a_block_held_back(milliseconds: u64) -> usize {
	let mut network = patient(4);
	let leader = network.leader().unwrap();
	network.swallows = Box::new(
		|_, message| matches!(message, Message::Promise(Promise::Vote(vote)) if vote.phase == Phase::Commit),
	);
	network.run(10_000);
	let core = network.core(leader);
	let durable = core.durable();
	let tip = durable.proposed.unwrap();
	assert_eq!(durable.high_qc.target, tip, "{}", network.describe());
	assert_eq!(tip.number.0, core.chain().root().number.0 + WINDOW);
	let parent = core.chain().get(&tip.hash).unwrap().block;
	let build = Build {
		parent: tip.hash,
		number: tip.number.next(),
		digest: HeaderDigest {
			parent_qc: durable.high_qc.clone(),
			election: None,
			..parent.digest.clone()
		},
		dealing: None,
	};
	let held = network.build(leader, &build, 1);
	let others: Vec<Name> = (0..4).map(name).filter(|who| *who != leader).collect();
	for who in &others {
		assert_eq!(network.core(*who).verify(&held), Some(Ok(())));
		let now = network.clock();
		network.say_date(*who, held.hash, Some(now));
		let (block, certified) = (held.clone(), false);
		network.step(*who, Input::Imported { block, certified });
		assert_eq!(network.core(*who).durable().prepared, Some(tip), "not yet");
	}
	network.run(milliseconds);
	network.swallows = Box::new(|_, _| false);
	network.run(2_000);
	assert!(most_finalized(&network) >= tip.number.0, "{}", network.describe());
	let voted = others.iter().filter(|who| {
		let prepared = network.core(**who).durable().prepared;
		prepared.is_some_and(|target| target.hash == held.hash)
	});
	voted.count()
}

/// What counts is the clock at the vote, and not that at the import.
#[test]
fn a_block_that_came_in_time_and_is_voted_for_late_is_judged_by_the_clock_at_the_vote() {
	assert_eq!(votes_for_a_block_held_back(20_000), 3);
	assert_eq!(votes_for_a_block_held_back(29_000 + 2_000), 0);
}

/// A machine slept while its leader built. The block is not sealed into the log, and nothing is lost but the time.
#[test]
fn a_leader_builds_again_what_got_too_old_while_it_was_built() {
	let mut network = patient(4);
	let leader = network.leader().unwrap();
	let term = network.core(leader).term();
	network.slow_building = 31_000;
	network.run(1_000);
	network.slow_building = 0;
	let (before, proposed) = (network.least_finalized(), network.core(leader).durable().proposed);
	network.run(28_000);
	assert_eq!(network.core(leader).durable().proposed, proposed, "it builds");
	network.run(6_000);
	assert!(network.least_finalized() > before + 10, "{}", network.describe());
	for who in network.running() {
		assert_eq!(network.core(who).term(), term, "nobody was out of patience");
		assert_eq!(network.core(who).abstains(), None);
	}
	assert_eq!(network.twice, 0);
}

/// A leader is brought a block of its own that it does not remember, and builds another one in its place. Nobody certifies that.
#[test]
fn a_leader_that_has_built_another_block_abstains_no_more() {
	let mut network = patient(4);
	let leader = network.leader().unwrap();
	network.slow_building = 5_000;
	network.swallows = Box::new(
		|_, message| matches!(message, Message::Promise(Promise::Vote(vote)) if vote.phase == Phase::Commit),
	);
	network.run(1_000);
	network.swallows = Box::new(|_, message| matches!(message, Message::Promise(Promise::Vote(_))));
	let core = network.core(leader);
	let durable = core.durable();
	let tip = durable.proposed.unwrap();
	assert_eq!(durable.high_qc.target, tip, "{}", network.describe());
	let parent = core.chain().get(&tip.hash).unwrap().block;
	let build = Build {
		parent: tip.hash,
		number: tip.number.next(),
		digest: HeaderDigest {
			parent_qc: durable.high_qc.clone(),
			election: None,
			..parent.digest.clone()
		},
		dealing: None,
	};
	let stale = network.build(leader, &build, 1);
	let date = network.clock() - 31_000;
	network.say_date(leader, stale.hash, Some(date));
	let (block, certified) = (stale.clone(), false);
	network.step(leader, Input::Imported { block, certified });
	assert_eq!(network.core(leader).abstains(), Some(&stale.target()));
	network.run(6_000);
	let core = network.core(leader);
	let proposed = core.durable().proposed.unwrap();
	assert_eq!(proposed.number, tip.number.next(), "{}", network.describe());
	assert_ne!(proposed, stale.target());
	assert_eq!(core.durable().high_qc.target, tip, "it is not certified");
	assert_eq!(core.abstains(), None);
}

/// It took longer on its way to the others than blocks may be old. Its honest leader has sealed it and can build no other. Patience ends
/// the term, and the next leader builds another block of this height.
#[test]
fn a_block_that_came_too_late_for_a_certificate_does_not_stop_the_chain() {
	let mut network = patient(4);
	let leader = network.leader().unwrap();
	let all: BTreeSet<Name> = (0..4).map(name).collect();
	network.held_up = (31_000, all.clone());
	network.withholds = all.clone();
	network.run(1_000);
	network.held_up = (0, BTreeSet::new());
	let dead = network.core(leader).durable().proposed.unwrap();
	assert!(most_finalized(&network) < dead.number.0, "{}", network.describe());
	network.run(34_000);
	for who in all.iter().filter(|who| **who != leader) {
		let core = network.core(*who);
		assert_eq!(core.term(), dead.term, "it is still the same leader");
		assert!(core.chain().get(&dead.hash).is_some(), "it is imported");
		assert_eq!(core.abstains(), Some(&dead));
	}
	assert!(most_finalized(&network) < dead.number.0);
	network.withholds.clear();
	network.run(150_000);
	assert!(
		network.least_finalized() > dead.number.0 + 10,
		"{}",
		network.describe()
	);
	assert_ne!(network.canon[&dead.number.0], dead.hash);
	assert!(network.blocks_by[&dead.number.0].0 > dead.term);
	assert!(network.reports.is_empty(), "it is no offence");
}

/// All stop for a minute, with blocks that are certified and not final. They go on from there, with their leader or without it.
#[test]
fn a_certified_block_from_before_a_halt_is_committed_and_extended() {
	for leader_comes_back in [true, false] {
		let mut network = dated(4);
		let leader = network.leader().unwrap();
		network.swallows = Box::new(
			|_, message| matches!(message, Message::Promise(Promise::Vote(vote)) if vote.phase == Phase::Commit),
		);
		network.run(400);
		let all = network.running();
		for who in &all {
			network.crash(*who);
		}
		// All who may vote have this one.
		let followers = all.iter().filter(|who| **who != leader);
		let logged = followers.filter_map(|who| network.nodes[who].log.as_ref());
		let certified = logged
			.map(|log| log.high_qc.target)
			.min_by_key(|target| target.rank());
		let certified = certified.unwrap();
		let last_final = network.canon.keys().max().copied().unwrap();
		assert!(certified.number.0 > last_final, "it is not final");
		network.swallows = Box::new(|_, _| false);
		network.run(60_000);
		for who in &all {
			if *who != leader || leader_comes_back {
				network.start(*who);
			}
		}
		network.ready(true);
		network.run(15_000);
		assert!(
			network.least_finalized() > certified.number.0 + 10,
			"{}",
			network.describe()
		);
		assert_eq!(network.canon[&certified.number.0], certified.hash);
		assert!(network.reports.is_empty());
	}
}

/// Whatever it was about to do when its machine fell asleep, or was switched off.
#[test]
fn an_authority_alone_goes_on_after_an_hour() {
	for pause in 0..110 {
		for restarts in [true, false] {
			let mut network = dated(1);
			network.run(pause);
			let before = network.least_finalized();
			if restarts {
				network.crash(name(0));
			}
			network.now += 3_600_000;
			if restarts {
				network.start(name(0));
				network.ready(true);
			}
			network.run(2_000);
			assert!(
				network.least_finalized() > before + 8,
				"after {pause} ms: {}",
				network.describe()
			);
		}
	}
}

/// A set lasts two seconds, less than a transaction has time: the leader that leads on has had it.
#[test]
fn a_change_of_the_set_gives_the_same_leader_no_new_time() {
	let closing = (1..60).map(|number| (20 * number, vec![0, 1, 2, 3])).collect();
	let mut network = Network::with(&[0, 1, 2, 3], &[0, 1, 2, 3], closing);
	network.ready(true);
	while network.least_finalized() < 4 {
		network.run(10);
	}
	let leader = network.leader().unwrap();
	let (term, set_id) = (network.core(leader).term(), network.core(leader).durable().set_id);
	for n in 0..4 {
		network.step(name(n), Input::Relayed(Digest(7), 7));
		for _ in 0..3 {
			network.step(name(n), Input::Sealed(vec![Digest(7)]));
		}
	}
	network.run(u64::from(network.timing.sync_timeout) - 500);
	assert_eq!(network.core(leader).term(), term, "it has its time");
	assert!(network.core(leader).durable().set_id > set_id, "sets are short");
	network.run(10_000);
	let terms = network.running().into_iter().map(|who| network.core(who).term());
	assert!(terms.min() > Some(term), "{}", network.describe());
}

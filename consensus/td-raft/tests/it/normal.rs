//! Normal operation and elections.

use crate::network::{name, Network};
use veilmart_td_raft::Term;

#[test]
fn one_authority_leads_alone() {
	let mut network = Network::new(1);
	network.ready(true);
	network.run(1_000);
	assert!(network.finalized(name(0)) >= 8, "{}", network.finalized(name(0)));
	assert_eq!(network.core(name(0)).term(), Term(1));
	network.restart(name(0));
	network.ready(true);
	let before = network.finalized(name(0));
	network.run(1_000);
	assert!(network.finalized(name(0)) >= before + 8);
}

#[test]
fn authorities_elect_a_first_leader_and_finalize_what_it_proposes() {
	for n in [2, 3, 4, 7, 10] {
		let mut network = Network::new(n);
		network.ready(true);
		network.run(10_000);
		assert!(
			network.least_finalized() > 20,
			"n = {n}: {}",
			network.least_finalized()
		);
		assert_eq!(network.refused, Vec::<String>::new());
		assert!(network.reports.is_empty());
	}
}

#[test]
fn an_idle_leader_keeps_its_term_with_heartbeats_and_rare_blocks() {
	let mut network = Network::new(4);
	network.run(5_000);
	let term = network.core(name(0)).term();
	let before = network.least_finalized();
	network.run(60_000);
	assert_eq!(network.core(name(0)).term(), term);
	let blocks = network.least_finalized() - before;
	assert!((11..=13).contains(&blocks), "one each five seconds: {blocks}");
}

#[test]
fn a_leader_that_crashes_is_replaced() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let old = network.leader().unwrap();
	let before = network.least_finalized();
	network.crash(old);
	network.run(12_000);
	let new = network.leader().unwrap();
	assert_ne!(new, old);
	assert!(network.least_finalized() > before + 10);
	network.start(old);
	network.ready(true);
	network.run(5_000);
	assert!(
		network.finalized(old) + 3 > network.finalized(new),
		"it has caught up"
	);
}

#[test]
fn all_restart_at_once_from_what_was_written() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_037);
	let before = network.least_finalized();
	for who in network.running() {
		network.crash(who);
	}
	for n in 0..4 {
		network.start(name(n));
	}
	network.ready(true);
	network.run(12_000);
	assert!(
		network.least_finalized() > before + 10,
		"{before} {}",
		network.least_finalized()
	);
}

#[test]
fn a_leader_that_restarts_with_its_block_in_the_log_goes_on() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let leader = network.leader().unwrap();
	let term = network.core(leader).term();
	let before = network.least_finalized();
	network.restart(leader);
	network.ready(true);
	network.run(1_000);
	assert_eq!(network.core(leader).term(), term);
	assert!(network.core(leader).is_leading());
	assert!(network.least_finalized() > before + 3);
}

#[test]
fn an_isolated_node_disturbs_nobody() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let leader = network.leader().unwrap();
	let term = network.core(leader).term();
	let lonely = name(if leader == name(0) { 1 } else { 0 });
	network.isolate(lonely);
	network.run(30_000);
	assert!(network.core(lonely).gate_is_open());
	assert_eq!(network.core(lonely).term(), term, "nobody votes alone");
	network.recover();
	network.run(3_000);
	assert_eq!(
		(network.leader(), network.core(leader).term()),
		(Some(leader), term)
	);
	assert!(!network.core(lonely).gate_is_open());
	assert!(network.finalized(lonely) + 3 > network.finalized(leader));
}

#[test]
fn half_of_the_authorities_commit_nothing_and_go_on_when_the_others_are_back() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	for a in [0, 1] {
		for b in [2, 3] {
			network.cut(name(a), name(b));
		}
	}
	network.run(200);
	let before: Vec<_> = (0..4).map(|n| network.finalized(name(n))).collect();
	network.run(20_000);
	assert_eq!(
		before,
		(0..4).map(|n| network.finalized(name(n))).collect::<Vec<_>>()
	);
	network.recover();
	network.run(15_000);
	assert!(network.least_finalized() > before[0] + 10);
}

/// More blocks behind than the core keeps that are not final: the headers' certificates finalize on the way.
#[test]
fn one_that_is_5000_blocks_behind_catches_up() {
	let mut network = Network::new(4);
	network.set_timing(veilmart_td_raft::Timing {
		min_block_interval: 10,
		..network.timing
	});
	network.ready(true);
	network.run(5_000);
	let leader = network.leader().unwrap();
	let away = network.running().into_iter().find(|who| *who != leader).unwrap();
	network.isolate(away);
	let behind = network.finalized(away);
	while network.finalized(leader) < behind + 5_000 {
		network.run(1_000);
	}
	let term = network.core(leader).term();
	network.recover();
	network.run(5_000);
	assert!(
		network.finalized(away) + 32 > network.finalized(leader),
		"{}",
		network.finalized(away)
	);
	assert!(
		network.most_pending <= 32,
		"{} blocks waited for the last certificate",
		network.most_pending
	);
	assert_eq!(network.core(leader).term(), term);
	assert_eq!(network.refused, Vec::<String>::new());
}

#[test]
fn what_was_built_for_an_earlier_term_is_not_the_answer_to_a_later_order() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	// Longer than the others' patience: leaders are elected again while they build.
	network.slow_building = 1_400;
	network.run(60_000);
	assert!(
		network.core(name(0)).term() > Term(2),
		"leaders are elected again"
	);
	assert_eq!(
		network.twice, 0,
		"nothing is asked for again while it is being built"
	);
}

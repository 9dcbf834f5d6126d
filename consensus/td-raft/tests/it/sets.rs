//! Changes of the authority set.

use crate::network::{name, Network};
use std::collections::BTreeMap;
use veilmart_td_raft::{SetId, Term};
use veilmart_td_raft_core::symbolic::Name;

fn network(all: &[u16], first: &[u16], closing: &[(u64, &[u16])]) -> Network {
	let closing: BTreeMap<_, _> = closing
		.iter()
		.map(|(height, set)| (*height, set.to_vec()))
		.collect();
	let mut network = Network::with(all, first, closing);
	network.ready(true);
	network
}

/// Runs until somebody has finalized this height.
fn run_to(network: &mut Network, height: u64) {
	let reached = |network: &Network| {
		network
			.running()
			.into_iter()
			.any(|who| network.finalized(who) >= height)
	};
	for _ in 0..4_000 {
		if reached(network) {
			return;
		}
		network.run(10);
	}
	panic!("nobody finalizes {height}");
}

#[test]
fn the_sealer_of_a_closing_block_leads_on_if_it_is_a_member() {
	// Everybody stays, one joins.
	let mut network = network(&[0, 1, 2, 3, 4], &[0, 1, 2, 3], &[(10, &[0, 1, 2, 3, 4])]);
	run_to(&mut network, 30);
	network.run(1_000);
	assert!(network.least_finalized() >= 30, "the new one follows, too");
	let (term, set, sealer) = network.blocks_by[&10];
	assert_eq!((set, term), (SetId(0), Term(1)));
	for height in 11..30 {
		assert_eq!(network.blocks_by[&height], (term, SetId(1), sealer));
	}
	for who in network.running() {
		assert_eq!(network.core(who).chain().anchor().set.id(), SetId(1));
	}
	assert_eq!(network.refused, Vec::<String>::new());
}

#[test]
fn the_new_set_elects_if_the_sealer_is_not_a_member() {
	// The names of the sets are disjoint.
	let mut network = network(&[0, 1, 2, 3, 4, 5, 6, 7], &[0, 1, 2, 3], &[(10, &[4, 5, 6, 7])]);
	run_to(&mut network, 30);
	network.run(1_000);
	assert!(network.least_finalized() >= 30, "those who retired follow");
	let (term, set, sealer) = network.blocks_by[&11];
	assert_eq!(set, SetId(1));
	assert!(term > network.blocks_by[&10].0 && sealer >= name(4));
	assert_eq!(network.refused, Vec::<String>::new());
	assert!(network.reports.is_empty());
}

#[test]
fn sets_grow_and_shrink_to_one_and_back() {
	let plan: [(u64, &[u16]); 5] = [
		(6, &[0, 1, 2, 3, 4]),
		(12, &[0]),
		(18, &[0, 1]),
		(24, &[1, 2, 3, 4]),
		(30, &[0, 1, 2, 3, 4]),
	];
	let mut network = network(&[0, 1, 2, 3, 4], &[0, 1, 2, 3], &plan);
	run_to(&mut network, 50);
	network.run(2_000);
	assert!(network.least_finalized() >= 50);
	for who in network.running() {
		assert_eq!(network.core(who).chain().anchor().set.id(), SetId(5));
	}
	assert_eq!(network.refused, Vec::<String>::new());
}

#[test]
fn a_closing_block_at_the_first_block_of_a_term_changes_the_set() {
	let mut network = network(&[0, 1, 2, 3], &[0, 1, 2, 3], &[(1, &[0, 1, 2])]);
	run_to(&mut network, 20);
	assert_eq!(network.blocks_by[&2].1, SetId(1));
}

#[test]
fn all_restart_around_a_change_of_the_set() {
	for milliseconds in (0..400).step_by(7) {
		let mut network = network(&[0, 1, 2, 3, 4], &[0, 1, 2, 3], &[(10, &[0, 1, 2, 4])]);
		run_to(&mut network, 8);
		network.run(milliseconds);
		for who in network.running() {
			network.crash(who);
		}
		for n in 0..5 {
			network.start(name(n));
		}
		network.ready(true);
		network.run(15_000);
		assert!(
			network.least_finalized() > 20,
			"after {milliseconds}: {}",
			network.least_finalized()
		);
	}
}

#[test]
fn a_closing_block_without_known_commit_is_reconfirmed_by_the_next_leader() {
	let mut reconfirmed = 0;
	for milliseconds in 100..300 {
		let mut network = network(&[0, 1, 2, 3], &[0, 1, 2, 3], &[(10, &[0, 1, 2, 3])]);
		run_to(&mut network, 8);
		network.run(milliseconds);
		// The leader is gone, perhaps between the closing block's two certificates.
		let leader = network.leader().unwrap();
		network.crash(leader);
		network.run(20_000);
		assert!(
			network.least_finalized() > 20,
			"after {milliseconds}: {}",
			network.least_finalized()
		);
		let handover = &network.core(network.running()[0]).chain().anchor().handovers[0];
		if handover.target.term > network.blocks_by[&10].0 {
			reconfirmed += 1;
			// Its sealer does not lead on, and who had it reconfirmed was elected anew.
			assert_ne!(network.blocks_by[&11].2, leader);
			assert!(network.blocks_by[&11].0 > network.blocks_by[&10].0);
		}
	}
	assert!(
		reconfirmed > 5,
		"{reconfirmed} of the moments were between the two certificates"
	);
}

#[test]
fn one_that_was_away_over_several_sets_catches_up() {
	let plan: [(u64, &[u16]); 3] = [
		(10, &[0, 1, 2, 3, 4]),
		(20, &[1, 2, 3, 4]),
		(30, &[0, 1, 2, 3, 4]),
	];
	let mut network = network(&[0, 1, 2, 3, 4], &[0, 1, 2, 3], &plan);
	run_to(&mut network, 5);
	let leader = network.leader().unwrap();
	let away = name(if leader == name(3) { 2 } else { 3 });
	network.isolate(away);
	run_to(&mut network, 45);
	assert!(network.finalized(away) < 10);
	network.recover();
	network.run(4_000);
	assert!(network.finalized(away) >= 45, "{}", network.finalized(away));
	assert_eq!(network.core(away).chain().anchor().set.id(), SetId(3));
}

/// Power fails everywhere at any moment around a change of the set, before the databases have written: the commit
/// certificate that changed it is in the log of everybody who entered the next set.
#[test]
fn all_lose_power_around_a_change_of_the_set() {
	for milliseconds in (0..400).step_by(3) {
		let mut network = network(&[0, 1, 2, 3, 4], &[0, 1, 2, 3], &[(10, &[0, 1, 2, 4])]);
		network.lazy_database = Some(5_000);
		run_to(&mut network, 8);
		network.run(milliseconds);
		let highest = *network.canon.keys().last().unwrap();
		for who in network.running() {
			network.crash(who);
		}
		for n in 0..5 {
			network.start(name(n));
		}
		network.ready(true);
		network.run(20_000);
		assert!(
			network.least_finalized() > highest + 10,
			"after {milliseconds}, from {highest}:\n{}",
			network.describe()
		);
	}
}

/// The database of one that only followed is ahead of its log: it enters the set that the database knows, has voted
/// for nothing in it, and takes part.
#[test]
fn a_log_that_is_behind_its_database_by_a_set_signs_nothing_of_the_old_one() {
	let mut network = network(&[0, 1, 2, 3], &[0, 1, 2, 3], &[(10, &[0, 1, 2, 3])]);
	run_to(&mut network, 5);
	let leader = network.leader().unwrap();
	let who = network.running().into_iter().find(|who| *who != leader).unwrap();
	let old = network.nodes[&who].log.clone();
	assert_eq!(old.as_ref().unwrap().set_id, SetId(0));
	run_to(&mut network, 15);
	network.crash(who);
	network.nodes.get_mut(&who).unwrap().log = old;
	network.start(who);
	let durable = network.core(who).durable().clone();
	assert_eq!(
		(durable.set_id, durable.prepared, durable.election_vote),
		(SetId(1), None, None)
	);
	assert!(durable.current_term >= network.blocks_by[&10].0);
	assert!(
		durable.high_qc.target.number.0 >= 10,
		"the certificate that changed the set at least"
	);
	network.ready(true);
	let before = network.finalized(who);
	network.run(5_000);
	assert!(network.finalized(who) > before + 10);
	// With another one gone its votes are needed.
	let other = network.running().into_iter().find(|other| *other != who).unwrap();
	network.crash(other);
	network.run(5_000);
	let before = network.finalized(who);
	network.run(10_000);
	assert!(network.finalized(who) > before + 10, "{}", network.describe());
}

/// As one whose key is new in the set. With another one gone it is needed, and elects with those who are left.
#[test]
fn one_that_has_no_log_enters_the_set_of_its_database() {
	for away in [true, false] {
		let mut network = network(&[0, 1, 2, 3], &[0, 1, 2, 3], &[(10, &[0, 1, 2, 3])]);
		run_to(&mut network, 15);
		let leader = network.leader().unwrap();
		let who = network.running().into_iter().find(|who| *who != leader).unwrap();
		network.crash(who);
		network.nodes.get_mut(&who).unwrap().log = None;
		network.start(who);
		let durable = network.core(who).durable().clone();
		assert_eq!(
			(durable.set_id, durable.prepared, durable.election_vote),
			(SetId(1), None, None)
		);
		network.ready(true);
		let follower = |other: &Name| ![who, leader].contains(other);
		let other = network.running().into_iter().find(follower).unwrap();
		network.crash(if away { leader } else { other });
		network.run(5_000);
		let before = network.finalized(who);
		network.run(10_000);
		assert!(network.finalized(who) > before + 10, "{}", network.describe());
	}
}

//! Blocks that should be there: which are asked for, of whom, and when.

use crate::network::{name, Network};
use veilmart_td_raft::Term;

/// A network under load, with its leader and the others.
fn busy(n: u16) -> (Network, u16, Vec<u16>) {
	let mut network = Network::new(n);
	network.ready(true);
	network.run(5_000);
	let leader = network.leader().unwrap().0;
	let others = (0..n).filter(|who| *who != leader).collect();
	(network, leader, others)
}

/// Certificates overtake blocks that wait in the leader's uplink: nobody asks for them.
#[test]
fn a_block_on_its_way_is_not_asked_for() {
	for n in [4, 7, 10] {
		let (mut network, _, others) = busy(n);
		let faulty = usize::from((n - 1) / 3);
		let slow = others.iter().rev().take(faulty).map(|who| name(*who)).collect();
		// Several blocks are on their way at a time: there is one each 100 ms.
		network.held_up = (500, slow);
		network.fetches = 0;
		let before = network.least_finalized();
		network.run(20_000);
		assert_eq!(network.fetches, 0, "n = {n}");
		let blocks = network.least_finalized() - before;
		assert!(blocks > 100, "n = {n}: {blocks}, {}", network.describe());
	}
}

/// A leader sends f of the others no blocks, and answers none of their requests. They follow nevertheless, and
/// nobody is replaced.
#[test]
fn a_block_that_the_leader_withholds_comes_from_those_who_certified_it() {
	for n in [4, 7, 10] {
		let (mut network, leader, others) = busy(n);
		let faulty = usize::from((n - 1) / 3);
		network.unserved = others.iter().take(faulty).map(|who| name(*who)).collect();
		network.withholds = [name(leader)].into();
		network.fetches = 0;
		let term = network.core(name(leader)).term();
		network.run(20_000);
		let top = network.finalized(name(leader));
		for who in network.unserved.clone() {
			assert!(
				network.finalized(who) + 16 > top,
				"n = {n}: {} of {top}",
				network.finalized(who)
			);
			assert_eq!(network.core(who).term(), term);
		}
		// Each of them asks once in half of an election timeout, and again if the leader was asked.
		let most = faulty as u64 * (20_000 / (u64::from(network.timing.election_timeout) / 2) * 3 / 2 + 2);
		assert!(network.fetches <= most, "n = {n}: {} of {most}", network.fetches);
	}
}

/// A driver gives up nothing that an authority needs. What it has not, because it could not import it, say, is asked for
/// when it is certified.
#[test]
fn a_block_that_was_given_up_comes_back() {
	let (mut network, leader, others) = busy(4);
	let who = name(others[0]);
	while network.core(who).chain().pending().next().is_none() {
		network.run(1);
	}
	let core = network.core(who);
	let pending: Vec<_> = core
		.chain()
		.pending()
		.map(|pending| pending.block.clone())
		.collect();
	assert!(pending.iter().all(|block| !core.may_give_up(block)));
	let lowest = pending.iter().min_by_key(|block| block.number).unwrap().hash;
	let node = network.nodes.get_mut(&who).unwrap();
	let core = node.core.as_mut().unwrap();
	core.give_up(&lowest);
	assert!(core.chain().pending().next().is_none());
	let before = network.finalized(who);
	network.run(5_000);
	let top = network.finalized(name(leader));
	assert!(
		top > before + 16 && network.finalized(who) + 16 > top,
		"{}",
		network.describe()
	);
}

/// A leader sends one authority two blocks of a height, and has a third certified with the others. That one leads to all
/// certificates that come after, and is taken although two of its height and term are there.
#[test]
fn siblings_do_not_keep_a_certified_block_out() {
	let (mut network, leader, others) = busy(4);
	let victim = name(others[0]);
	network.fed = Some((name(leader), victim));
	network.swallows = Box::new(move |to, _| to == victim);
	let siblings = |network: &Network| {
		let mut ranks: Vec<_> = network
			.core(victim)
			.chain()
			.pending()
			.map(|pending| pending.block.rank())
			.collect();
		let all = ranks.len();
		ranks.sort();
		ranks.dedup();
		all - ranks.len()
	};
	let end = network.now + 2_000;
	while siblings(&network) == 0 && network.now < end {
		network.run(1);
	}
	assert_eq!(siblings(&network), 1, "it has two blocks of one height and term");
	network.fed = None;
	network.unserved = [victim].into();
	network.run(1_000);
	network.unserved.clear();
	network.swallows = Box::new(|_, _| false);
	network.run(10_000);
	let top = network.finalized(name(leader));
	assert!(
		network.finalized(victim) + 16 > top,
		"{} of {top}",
		network.finalized(victim)
	);
	assert!(network.reports.iter().any(|(who, _)| *who == victim));
}

/// The f signers that are asked first do not answer either.
#[test]
fn requests_go_round_the_signers() {
	let (mut network, leader, others) = busy(7);
	let away = name(others[0]);
	network.isolate(away);
	network.run(2_000);
	network.recover();
	network.withholds = [name(leader), name(others[1])].into();
	network.crash(name(leader));
	network.run(10_000);
	let top = network.running().iter().map(|who| network.finalized(*who)).max();
	assert!(network.finalized(away) + 16 > top.unwrap());
	assert!(network.core(away).term() > Term(1));
}

/// A proposal that was lost on its way to so many that nothing is certified is asked for of the leader, in time for
/// it to keep its term.
#[test]
fn a_lost_proposal_is_asked_for_of_the_leader() {
	let (mut network, leader, others) = busy(4);
	let term = network.core(name(leader)).term();
	network.unserved = others.iter().map(|who| name(*who)).collect();
	network.run(150);
	network.unserved.clear();
	let before = network.least_finalized();
	network.run(3_000);
	assert_eq!(network.core(name(leader)).term(), term);
	assert!(network.least_finalized() > before + 5, "{}", network.describe());
}

/// Nobody answers: the time between requests grows, up to the patience with a leader.
#[test]
fn requests_without_an_answer_become_rare() {
	let (mut network, _, others) = busy(4);
	network.withholds = (0..4).map(name).collect();
	network.unserved = [name(others[0])].into();
	network.fetches = 0;
	network.run(60_000);
	// One in a patience of 1.5 s at the end; those before double from 250 ms.
	assert!((30..=50).contains(&network.fetches), "{}", network.fetches);
}

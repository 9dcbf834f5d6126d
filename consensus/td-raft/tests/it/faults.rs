//! Byzantine authorities and bad networks.

use crate::network::{name, Network};
use codec::Encode;
use std::{
	cell::RefCell,
	collections::{BTreeMap, BTreeSet},
	rc::Rc,
};
use veilmart_td_raft::{Evidence, Reason, Term, Timing};
use veilmart_td_raft_core::{
	message::{Message, Notice, Promise},
	symbolic::{Digest, Name, Symbols},
	Input, Output, Sequence, Timer,
};

/// The leader of a network of `n` seals two blocks each time, and sends each to half of the others.
fn equivocate(n: u16) -> (Network, Name) {
	let mut network = Network::new(n);
	network.ready(true);
	network.run(5_000);
	let leader = network.leader().unwrap();
	network.equivocator = Some(leader);
	let before = network.least_finalized();
	network.run(15_000);
	assert!(network.least_finalized() > before + 10);
	(network, leader)
}

#[test]
fn a_leader_that_seals_two_blocks_is_reported_and_forks_nothing() {
	let (network, leader) = equivocate(4);
	assert!(!network.reports.is_empty());
	for (_, evidence) in &network.reports {
		assert!(
			matches!(evidence, Evidence::Seals { signer, .. } if signer.0 == leader.0),
			"{evidence:?}"
		);
		let set = &network.core(leader).chain().anchor().set;
		let keys = network.core(leader).crypto();
		assert_eq!(
			evidence.verify(&network.genesis.hash, set, keys, |_, _| unreachable!()),
			Ok(())
		);
	}
	// Each authority reports it once.
	let by: BTreeSet<_> = network.reports.iter().map(|(by, _)| *by).collect();
	assert_eq!(by.len(), network.reports.len());
}

#[test]
fn a_leader_whose_two_blocks_split_the_votes_is_replaced() {
	let (network, leader) = equivocate(5);
	assert_ne!(network.leader(), Some(leader));
}

/// Else it could have the chain's time stand still, and catch up within a second.
#[test]
fn a_leader_that_dates_its_blocks_far_behind_gets_no_votes_and_is_replaced() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let leader = network.leader().unwrap();
	network.backdates = [leader].into();
	// What was on its way was dated in time.
	network.run(500);
	let before = network.least_finalized();
	network.run(1_000);
	assert_eq!(network.least_finalized(), before, "nobody else votes for them");
	network.run(10_000);
	assert_ne!(network.leader(), Some(leader));
	assert!(network.least_finalized() > before + 10);
	assert!(network.reports.is_empty(), "a clock is no offence");
	// No block of its own after that is final, whatever it makes of its term.
	let late = network
		.blocks_by
		.range(before + 1..)
		.filter(|(_, by)| by.2 == leader);
	assert_eq!(late.count(), 0);
}

/// A certificate says that a quorum has seen the block in time. Who sees it late votes to commit it, and goes on from it.
#[test]
fn who_sees_a_block_too_late_follows_those_who_saw_it_in_time() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let leader = network.leader().unwrap();
	let late = (0..4).map(name).find(|who| *who != leader).unwrap();
	network.late = Some(late);
	network.backdates = [leader].into();
	let before = network.least_finalized();
	network.run(5_000);
	assert_eq!(network.leader(), Some(leader));
	assert!(network.least_finalized() > before + 10);
	// With one more of the others away its votes are needed, and it gives only those to commit: the chain stands until another leads,
	// whose blocks it has in time.
	let away = (0..4)
		.map(name)
		.find(|who| ![leader, late].contains(who))
		.unwrap();
	network.crash(away);
	let before = network.least_finalized();
	network.run(15_000);
	assert_ne!(network.leader(), Some(leader));
	assert!(network.least_finalized() > before + 10);
}

#[test]
fn a_dealer_that_lied_about_its_key_is_reported_and_stops_no_election() {
	let mut network = Network::new(4);
	for n in 0..4 {
		network.lies(name(n));
	}
	network.ready(true);
	network.run(8_000);
	let dealer = network.leader().unwrap();
	network.crash(dealer);
	network.run(12_000);
	let new = network.leader().unwrap();
	assert_ne!(new, dealer);
	let (_, evidence) = network.reports.first().unwrap();
	assert!(
		matches!(evidence, Evidence::DealerFault { dealer: by, .. } if by.0 == dealer.0),
		"{evidence:?}"
	);
}

#[test]
fn a_transaction_that_the_leader_leaves_out_costs_it_its_term() {
	let mut network = Network::new(4);
	network.run(5_000);
	let term = network.core(name(0)).term();
	// Everybody has sent it, the leader makes blocks with room and without it.
	for n in 0..4 {
		network.step(name(n), Input::Relayed(Digest(7), 7));
	}
	network.ready(true);
	let pass = |network: &mut Network| {
		for n in 0..4 {
			network.step(name(n), Input::Sealed(vec![Digest(7)]));
		}
	};
	pass(&mut network);
	pass(&mut network);
	network.run(4_000);
	assert_eq!(network.core(name(0)).term(), term, "two blocks may pass it over");
	pass(&mut network);
	network.run(3_000);
	assert!(network.core(name(0)).term() > term, "{}", network.describe());
	// The new leader has as much time; then it is included.
	let term = network.core(name(0)).term();
	for n in 0..4 {
		network.step(name(n), Input::Settled(vec![Digest(7)]));
	}
	network.run(10_000);
	assert_eq!(network.core(name(0)).term(), term);
	assert!((0..4).all(|n| !network.core(name(n)).gate_is_open()));
}

/// What the last one has left out is no reason to replace it: it has as many blocks, and as much time.
#[test]
fn a_new_leader_does_not_answer_for_what_the_last_one_left_out() {
	let mut network = Network::new(4);
	network.run(5_000);
	let everywhere = |network: &mut Network, input: Input<Symbols>| {
		(0..4).for_each(|n| network.step(name(n), input.clone()));
	};
	everywhere(&mut network, Input::Relayed(Digest(7), 7));
	network.ready(true);
	let pass = Input::Sealed(vec![Digest(7)]);
	let term = network.core(name(0)).term();
	for _ in 0..3 {
		everywhere(&mut network, pass.clone());
	}
	let is_led = |network: &Network, after: Term| {
		(0..4).all(|n| {
			let core = network.core(name(n));
			core.term() > after && core.leader().is_some()
		})
	};
	for _ in 0..2_000 {
		if is_led(&network, term) {
			break;
		}
		network.run(10);
	}
	assert!(is_led(&network, term), "{}", network.describe());

	let term = network.core(name(0)).term();
	everywhere(&mut network, pass.clone());
	everywhere(&mut network, pass.clone());
	network.run(4_000);
	assert_eq!(network.core(name(0)).term(), term, "two blocks may pass it over");
	everywhere(&mut network, pass);
	network.run(10_000);
	assert!(network.core(name(0)).term() > term, "{}", network.describe());
}

#[test]
fn one_authority_alone_cannot_accuse_the_leader() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let term = network.core(name(0)).term();
	network.step(name(1), Input::Relayed(Digest(7), 7));
	for _ in 0..3 {
		network.step(name(1), Input::Sealed(vec![Digest(7)]));
	}
	network.run(10_000);
	assert!(network.core(name(1)).gate_is_open());
	assert_eq!(network.core(name(0)).term(), term);
	network.step(name(1), Input::Settled(vec![Digest(7)]));
	assert!(!network.core(name(1)).gate_is_open());
}

/// Of two transactions that are overdue the first is included: the wish goes on with the other one, and repeats that.
#[test]
fn a_wish_carries_what_is_overdue_and_nothing_that_is_settled() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let downs = Rc::new(RefCell::new(Vec::new()));
	let sent = downs.clone();
	network.swallows = Box::new(move |_, message| {
		if let Message::Promise(Promise::Down(signed, transaction)) = message {
			sent.borrow_mut().push((signed.down.reason, *transaction));
		}
		false
	});
	for transaction in [7, 8] {
		network.step(name(1), Input::Relayed(Digest(transaction), transaction));
	}
	for _ in 0..3 {
		network.step(name(1), Input::Sealed(vec![Digest(7), Digest(8)]));
	}
	network.run(4_000);
	let first = (Reason::Overdue(Digest(7)), Some(7));
	assert!(downs.borrow().iter().all(|down| *down == first), "{downs:?}");
	assert!(!downs.borrow().is_empty());
	downs.borrow_mut().clear();
	network.step(name(1), Input::Settled(vec![Digest(7)]));
	network.run(1_000);
	let second = (Reason::Overdue(Digest(8)), Some(8));
	assert!(downs.borrow().iter().all(|down| *down == second), "{downs:?}");
	assert!(downs.borrow().len() > 3, "it is repeated to the three others");
	network.step(name(1), Input::Settled(vec![Digest(8)]));
	assert!(!network.core(name(1)).gate_is_open());
}

/// A block includes all of them but the last: one wish for that one, and none for those on the way there.
#[test]
fn a_block_that_includes_many_overdue_transactions_has_one_wish_sent_for_what_is_left() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let all: Vec<_> = (1..=64).map(Digest).collect();
	for (hash, transaction) in all.iter().zip(1..) {
		network.step(name(1), Input::Relayed(*hash, transaction));
	}
	for _ in 0..3 {
		network.step(name(1), Input::Sealed(all.clone()));
	}
	let downs = Rc::new(RefCell::new(BTreeMap::new()));
	let sent = downs.clone();
	network.swallows = Box::new(move |_, message| {
		if let Message::Promise(Promise::Down(signed, transaction)) = message {
			let down = (signed.down.reason, *transaction);
			sent.borrow_mut().insert(signed.down.sequence, down);
		}
		false
	});
	network.run(4_000);
	let (before, first) = downs
		.borrow()
		.last_key_value()
		.map(|(at, down)| (*at, *down))
		.unwrap();
	assert_eq!(first, (Reason::Overdue(Digest(1)), Some(1)));
	let (last, included) = all.split_last().unwrap();
	network.step(name(1), Input::Settled(included.to_vec()));
	network.run(1_000);
	let since: Vec<_> = downs
		.borrow()
		.range(before + 1..)
		.map(|(_, down)| *down)
		.collect();
	assert_eq!(since, [(Reason::Overdue(*last), Some(64))]);
}

#[test]
fn no_promise_leaves_before_its_record_is_on_disk() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let follower = network
		.running()
		.into_iter()
		.find(|who| Some(*who) != network.leader())
		.unwrap();
	let mut core = network.core(follower).clone();
	assert_eq!(
		core.step(network.now, Input::Persisted(Sequence(u64::MAX))),
		[],
		"what was not written is not on disk"
	);
	// The gate opens: a wish is signed.
	let outputs = core.step(network.now, Input::Elapsed(Timer::Patience));
	let persist = outputs.iter().find_map(|output| match output {
		Output::Persist(sequence, _) => Some(*sequence),
		_ => None,
	});
	assert!(
		!outputs.iter().any(|output| matches!(output, Output::Send(..))),
		"{outputs:?}"
	);
	let outputs = core.step(network.now, Input::Persisted(persist.unwrap()));
	assert!(outputs.iter().any(|output| matches!(output, Output::Send(..))));
}

/// A bad network with crashes, then a good one.
fn storm(seed: u64, n: u16, closing: &[(u64, &[u16])]) {
	let all: Vec<_> = (0..n + 1).collect();
	let first: Vec<_> = (0..n).collect();
	let closing: BTreeMap<_, _> = closing
		.iter()
		.map(|(height, set)| (*height, set.to_vec()))
		.collect();
	let mut network = Network::with(&all, &first, closing);
	network.seed(seed);
	network.loss = seed % 4 * 20;
	network.jitter = 1 + seed % 7 * 30;
	network.ready(true);
	for _ in 0..40 {
		let length = network.random(1_500);
		network.run(length);
		let (a, b) = (
			network.random(u64::from(n)) as u16,
			network.random(u64::from(n)) as u16,
		);
		match network.random(6) {
			0 => network.crash(name(a)),
			1 | 2 => network.restart(name(a)),
			3 => network.cut(name(a), name(b)),
			4 => network.isolate(name(a)),
			_ => network.recover(),
		}
		let ready = network.random(4) > 0;
		network.ready(ready);
	}
	network.recover();
	(network.loss, network.jitter) = (0, 1);
	for who in all {
		if network.nodes[&name(who)].core.is_none() {
			network.start(name(who));
		}
	}
	network.ready(true);
	let before = network.least_finalized();
	network.run(30_000);
	assert!(
		network.least_finalized() > before + 10,
		"seed {seed}, from {before}:\n{}{:?}",
		network.describe(),
		network.refused
	);
	assert!(network.reports.is_empty(), "seed {seed}: {:?}", network.reports);
	let reached = network.core(name(0)).term();
	assert!(reached > Term(0));
}

fn storms(seeds: std::ops::Range<u64>) {
	let changes: [(u64, &[u16]); 3] = [(20, &[0, 1, 2, 4]), (60, &[0, 1, 2, 3, 4]), (120, &[0, 1, 2, 3])];
	for seed in seeds {
		storm(seed, 4, &changes);
		storm(seed, 5, &[]);
		storm(seed, 7, &[(30, &[1, 2, 3, 4])]);
	}
}

#[test]
fn storms_fork_nothing_blame_nobody_and_pass() {
	storms(0..10);
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn many_storms() {
	storms(10..400);
}

/// Heartbeats say which certificates there are and carry none, so that they cost the same for any number of
/// authorities. Who lost a certificate has it a heartbeat and a round trip later, or, without heartbeats, a status and a
/// round trip later.
#[test]
fn a_lost_certificate_comes_with_the_next_heartbeat_or_status() {
	let timing = Timing::LOCAL;
	for (heartbeats_too, period) in [(false, timing.heartbeat), (true, timing.status)] {
		let mut network = Network::new(4);
		network.ready(true);
		network.run(5_000);
		let leader = network.leader().unwrap();
		let victim = network.running().into_iter().find(|who| *who != leader).unwrap();
		network.swallows = Box::new(move |to, message| {
			let lost = match message {
				Message::Notice(Notice::Certified(_)) => true,
				Message::Promise(Promise::Heartbeat(_)) => heartbeats_too,
				_ => false,
			};
			to == victim && lost
		});
		// Idle blocks, far apart: no later block brings the certificate.
		network.ready(false);
		network.run(10_000);
		let mut longest = 0;
		for _ in 0..8 {
			let number = network.finalized(leader) + 1;
			while network.finalized(leader) < number {
				network.run(1);
			}
			let since = network.now;
			while network.finalized(victim) < number {
				network.run(1);
				assert!(network.now < since + 4_000, "it never learns of block {number}");
			}
			longest = longest.max(network.now - since);
		}
		// The notice of it, the question and the answer; and the clock's grain.
		let bound = u64::from(period) + 3 * 10 + 2;
		assert!((1..=bound).contains(&longest), "{longest} of {bound} ms");
	}
}

/// The bytes of a heartbeat do not grow with the number of authorities.
#[test]
fn a_heartbeat_carries_no_certificate() {
	let sizes = [4, 31].map(|n| {
		let mut network = Network::new(n);
		network.ready(true);
		network.run(8_000);
		let leader = network.leader().unwrap();
		let mut core = network.core(leader).clone();
		let mut outputs = core.step(network.now, Input::Elapsed(Timer::Repeat));
		outputs.extend(core.step(network.now, Input::Persisted(Sequence(u64::MAX))));
		let heartbeat = outputs
			.into_iter()
			.find_map(|output| match output {
				Output::Send(_, message @ Message::Promise(Promise::Heartbeat(_))) => Some(message),
				_ => None,
			})
			.expect("a heartbeat");
		assert!(core.durable().high_qc.signatures.len() > 2);
		heartbeat.encode().len()
	});
	assert_eq!(sizes[0], sizes[1]);
}

//! The searches. Those that `make test` runs are exhaustive within their bounds; of the deep ones some stop at a number
//! of transitions, and are then exhaustive up to a depth, which they print.

use stateright::{Checker, HasDiscoveries, Model};
use std::time::Instant;

use crate::{
	properties::Goal,
	scenario::{scenario, Closing, Prologue, Scenario},
	world::Protocol,
};

/// A property broken, and the way there.
pub type Counterexample = (&'static str, String);

/// Searches breadth first: everything, or about so many transitions, or until something is broken.
pub fn search(scenario: Scenario, at_most: Option<usize>) -> Option<Counterexample> {
	let (name, mutants, began) = (scenario.name, scenario.mutants, Instant::now());
	let builder = Protocol::new(scenario)
		.checker()
		.finish_when(HasDiscoveries::AnyFailures);
	let builder = match at_most {
		Some(at_most) => builder.target_state_count(at_most),
		None => builder,
	};
	let checker = builder.spawn_bfs().join();
	let model = checker.model();
	let mut broken = None;
	let mut reached = 0;
	for (property, path) in checker.discoveries() {
		if model.scenario.goals.iter().any(|goal| goal.name() == property) {
			reached += 1;
			continue;
		}
		let last = *path.last_state();
		let steps: Vec<_> = path
			.into_actions()
			.iter()
			.map(|action| model.describe(action))
			.collect();
		broken = Some((
			property,
			format!("{}\n{}", steps.join("\n"), model.describe_world(&last)),
		));
	}
	let is_whole = at_most.is_none_or(|at_most| checker.state_count() < at_most);
	let sizes = model.sizes();
	println!(
		"{name}, {mutants:?}: {} states, {} transitions, depth {}, {}, {:.1} s ({} local states, {} sets of messages, {} steps of cores)",
		checker.unique_state_count(),
		checker.state_count(),
		checker.max_depth(),
		if broken.is_some() { "broken" } else if is_whole { "all" } else { "stopped" },
		began.elapsed().as_secs_f32(),
		sizes.local_states,
		sizes.pools,
		sizes.steps,
	);
	if let Some((property, trace)) = &broken {
		println!("broken: {property}\n{trace}");
	} else if is_whole {
		let goals = model.scenario.goals;
		assert_eq!(
			reached,
			goals.len(),
			"{name}: a search shows nothing if it does not come across {goals:?}"
		);
	}
	broken
}

/// An honest leader's two blocks, then the Byzantine authority leads.
pub fn byzantine_successor() -> Scenario {
	Scenario {
		candidates: &[(1, &[0]), (2, &[3])],
		prologue: Prologue::Elected(0),
		goals: &[Goal::Commit(1), Goal::Commit(2)],
		..scenario("Byzantine successor")
	}
}

/// The Byzantine authority leads first, and seals two of each block; then somebody else.
pub fn byzantine_predecessor() -> Scenario {
	Scenario {
		candidates: &[(1, &[3]), (2, &[0])],
		prologue: Prologue::VotedForByzantine,
		versions: 2,
		goals: &[Goal::Commit(1), Goal::Commit(2), Goal::Equivocation],
		..scenario("Byzantine predecessor")
	}
}

/// The first block closes the set, whose members stay. Then the Byzantine authority leads, and may have it reconfirmed.
pub fn closing() -> Scenario {
	Scenario {
		candidates: &[(1, &[0]), (2, &[3])],
		closing: Some(Closing {
			height: 1,
			members: &[0, 1, 2, 3],
		}),
		prologue: Prologue::Elected(0),
		finality: true,
		goals: &[
			Goal::Commit(1),
			Goal::NextSet(1),
			Goal::NextSet(2),
			Goal::Reconfirmed,
		],
		..scenario("closing")
	}
}

/// The same, with two closing blocks of the Byzantine authority in term 1.
pub fn two_closing() -> Scenario {
	Scenario {
		candidates: &[(1, &[3]), (2, &[3])],
		closing: Some(Closing {
			height: 1,
			members: &[0, 1, 2, 3],
		}),
		prologue: Prologue::CertifiedByzantine,
		height: 1,
		goals: &[
			Goal::Commit(1),
			Goal::Commit(2),
			Goal::Equivocation,
			Goal::Reconfirmed,
		],
		..scenario("two closing blocks")
	}
}

/// The first block closes the set; its sealer does not belong to the next one, and somebody new does.
pub fn replaced() -> Scenario {
	Scenario {
		candidates: &[(1, &[0]), (2, &[1, 3])],
		closing: Some(Closing {
			height: 1,
			members: &[1, 2, 3, 4],
		}),
		prologue: Prologue::Elected(0),
		finality: true,
		goals: &[Goal::Commit(1), Goal::NextSet(2), Goal::Reconfirmed],
		..scenario("replaced")
	}
}

/// A follower crashes once, and loses what was not on disk, perhaps with the database.
pub fn crash() -> Scenario {
	Scenario {
		crashers: &[1],
		candidates: &[(1, &[0]), (2, &[3])],
		prologue: Prologue::Elected(0),
		height: 1,
		crashes: 1,
		goals: &[Goal::Commit(1), Goal::Commit(2)],
		..scenario("crash")
	}
}

/// Two candidates of one term, and voters that wait for the better one.
pub fn two_candidates() -> Scenario {
	Scenario {
		candidates: &[(1, &[0, 3])],
		terms: 1,
		height: 1,
		waits: true,
		goals: &[Goal::Commit(1)],
		..scenario("two candidates")
	}
}

fn holds(scenario: Scenario, at_most: Option<usize>) {
	assert_eq!(search(scenario, at_most), None);
}

#[test]
fn a_byzantine_successor_loses_no_commit() {
	holds(byzantine_successor(), None);
}

#[test]
fn a_byzantine_predecessor_forks_nothing() {
	holds(byzantine_predecessor(), QUICK);
}

#[test]
fn a_closing_block_changes_the_set_once() {
	holds(closing(), QUICK);
}

#[test]
fn two_closing_blocks_change_nothing_twice() {
	holds(two_closing(), None);
}

#[test]
fn a_crash_takes_no_vote_back() {
	holds(crash(), None);
}

#[test]
fn a_term_has_one_leader() {
	holds(two_candidates(), None);
}

/// After about so many transitions the quick searches stop, deeper than any of the negative models needs.
const QUICK: Option<usize> = Some(2_000_000);

/// After about so many transitions the deep searches stop.
const DEEP: Option<usize> = Some(12_000_000);

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_three_terms() {
	const CANDIDATES: &[(u64, &[u16])] = &[(1, &[0]), (2, &[3]), (3, &[1])];
	let goals = &[Goal::Commit(1), Goal::Commit(2), Goal::Commit(3)];
	holds(
		Scenario {
			name: "three terms",
			candidates: CANDIDATES,
			terms: 3,
			goals,
			..byzantine_successor()
		},
		DEEP,
	);
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_with_finality() {
	holds(
		Scenario {
			name: "Byzantine successor, finality",
			finality: true,
			..byzantine_successor()
		},
		DEEP,
	);
	holds(
		Scenario {
			name: "Byzantine predecessor, finality",
			finality: true,
			..byzantine_predecessor()
		},
		DEEP,
	);
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_changes_of_the_set() {
	holds(closing(), None);
	const CANDIDATES: &[(u64, &[u16])] = &[(1, &[0]), (2, &[1, 3]), (3, &[2, 3])];
	holds(
		Scenario {
			name: "closing, three terms",
			candidates: CANDIDATES,
			terms: 3,
			..closing()
		},
		DEEP,
	);
	holds(
		Scenario {
			name: "two closing blocks, finality",
			finality: true,
			..two_closing()
		},
		DEEP,
	);
	holds(replaced(), DEEP);
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_crashes() {
	holds(
		Scenario {
			name: "crashes",
			crashers: &[0, 1, 2],
			crashes: 2,
			height: 2,
			finality: true,
			..crash()
		},
		DEEP,
	);
	holds(
		Scenario {
			name: "crash at a closing block",
			crashes: 1,
			..closing()
		},
		DEEP,
	);
}

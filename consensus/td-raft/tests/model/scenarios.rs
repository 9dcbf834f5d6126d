//! The searches. Those that `make test` runs are exhaustive within their bounds; of the deep ones some stop at a number
//! of transitions, and are then exhaustive up to a depth, which they print.

use crate::{
	properties::{Goal, Rule},
	scenario::{scenario, Closing, Prologue, Scenario},
	search::{search, Bound},
};

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

/// The first block closes the set and is committed; a follower does not belong to the next one, and somebody new does.
pub fn member_leaves() -> Scenario {
	Scenario {
		candidates: &[(1, &[0]), (2, &[1, 3])],
		closing: Some(Closing {
			height: 1,
			members: &[0, 1, 3, 4],
		}),
		prologue: Prologue::Committed(0),
		finality: true,
		goals: &[Goal::Commit(1), Goal::NextSet(1), Goal::Reconfirmed],
		..scenario("member leaves")
	}
}

/// The same, and it is the sealer that leaves.
pub fn sealer_leaves() -> Scenario {
	Scenario {
		name: "sealer leaves",
		closing: Some(Closing {
			height: 1,
			members: &[1, 2, 3, 4],
		}),
		goals: &[Goal::Commit(1), Goal::NextSet(2), Goal::Reconfirmed],
		..member_leaves()
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

/// The first block closes the set and is committed; a follower crashes once while the others hear of it.
pub fn crash_at_closing() -> Scenario {
	Scenario {
		name: "crash at a closing block",
		crashers: &[1],
		crashes: 1,
		prologue: Prologue::Committed(0),
		goals: &[Goal::Commit(1), Goal::NextSet(1)],
		..closing()
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

/// For searches that are to be whole: far above what they take, on however busy a machine.
const WHOLE: Bound = Bound::new(100_000_000, 3_600);

/// For the others in `make test`: deeper than any of the negative models needs.
const QUICK: Bound = Bound::new(2_000_000, 3_600);

/// For those in `make check-all`, which have ten minutes together on two idle cores.
const DEEP: Bound = Bound::new(10_000_000, 100);

fn holds(scenario: Scenario, bound: Bound) -> bool {
	let found = search(scenario, &Rule::ALL, bound);
	if let Some((rule, trace)) = found.broken.first() {
		panic!("{}\n{trace}", rule.name());
	}
	found.is_whole
}

fn holds_everywhere(scenario: Scenario) {
	assert!(holds(scenario, WHOLE), "not searched to the end");
}

#[test]
fn a_byzantine_successor_loses_no_commit() {
	holds_everywhere(byzantine_successor());
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
fn a_member_may_leave() {
	holds(member_leaves(), QUICK);
}

#[test]
fn the_sealer_may_leave() {
	holds(sealer_leaves(), QUICK);
}

#[test]
fn two_closing_blocks_change_nothing_twice() {
	holds_everywhere(two_closing());
}

#[test]
fn a_crash_takes_no_vote_back() {
	holds_everywhere(crash());
}

#[test]
fn a_crash_at_a_closing_block_changes_nothing() {
	holds(crash_at_closing(), QUICK);
}

#[test]
fn a_term_has_one_leader() {
	holds_everywhere(two_candidates());
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_three_terms() {
	const CANDIDATES: &[(u64, &[u16])] = &[(1, &[0]), (2, &[3]), (3, &[1])];
	const GOALS: &[Goal] = &[Goal::Commit(1), Goal::Commit(2), Goal::Commit(3)];
	let three_terms = Scenario {
		name: "three terms",
		candidates: CANDIDATES,
		terms: 3,
		goals: GOALS,
		..byzantine_successor()
	};
	holds(three_terms, DEEP);
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_with_finality() {
	let successor = Scenario {
		name: "Byzantine successor, finality",
		finality: true,
		..byzantine_successor()
	};
	holds(successor, DEEP);
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_byzantine_predecessor() {
	holds(byzantine_predecessor(), DEEP);
	let with_finality = Scenario {
		name: "Byzantine predecessor, finality",
		finality: true,
		..byzantine_predecessor()
	};
	holds(with_finality, DEEP);
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_closing() {
	holds(closing(), DEEP);
	const CANDIDATES: &[(u64, &[u16])] = &[(1, &[0]), (2, &[1, 3]), (3, &[2, 3])];
	let three_terms = Scenario {
		name: "closing, three terms",
		candidates: CANDIDATES,
		terms: 3,
		..closing()
	};
	holds(three_terms, DEEP);
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_two_closing() {
	let with_finality = Scenario {
		name: "two closing blocks, finality",
		finality: true,
		..two_closing()
	};
	holds(with_finality, DEEP);
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_changes_of_members() {
	let member = Scenario {
		name: "member leaves, from the proposal",
		prologue: Prologue::Elected(0),
		..member_leaves()
	};
	holds(member, DEEP);
	let sealer = Scenario {
		name: "sealer leaves, from the proposal",
		prologue: Prologue::Elected(0),
		..sealer_leaves()
	};
	holds(sealer, DEEP);
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn deep_crashes() {
	let two = Scenario {
		name: "two crashes",
		crashers: &[0, 1, 2],
		crashes: 2,
		finality: true,
		goals: &[Goal::Commit(1)],
		..crash()
	};
	holds(two, DEEP);
	let at_closing = Scenario {
		name: "crash at a closing block, from its proposal",
		crashers: &[0, 1, 2],
		prologue: Prologue::Elected(0),
		goals: &[Goal::Commit(1)],
		..crash_at_closing()
	};
	holds(at_closing, DEEP);
}

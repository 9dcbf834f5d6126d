//! Each rule left out, or worded otherwise, breaks something; the same search finds nothing in the core as it is
//! ([`crate::scenarios`]).

use veilmart_td_raft_core::Mutant;

use crate::{
	properties::Rule,
	scenario::Scenario,
	scenarios,
	search::{search, Bound},
	walks,
};

/// Far above what any of them takes.
const BOUND: Bound = Bound::new(5_000_000, 120);

/// Searches until this rule is broken, and shows how.
fn caught(mutant: Mutant, scenario: Scenario, rule: Rule) {
	let found = search(scenario.with(mutant), &[rule], BOUND);
	let trace = found.broken.iter().find(|(broken, _)| *broken == rule);
	let Some((_, trace)) = trace else {
		panic!("{mutant:?} does not break: {}", rule.name());
	};
	println!("{mutant:?} breaks: {}\n{trace}", rule.name());
}

#[test]
fn two_first_blocks_in_one_term() {
	caught(
		Mutant::TwoFirstBlocks,
		scenarios::byzantine_predecessor(),
		Rule::Agreement,
	);
}

#[test]
fn two_blocks_at_one_height() {
	caught(
		Mutant::TwoBlocksAtOneHeight,
		scenarios::byzantine_predecessor(),
		Rule::Agreement,
	);
}

#[test]
fn a_lock_that_falls() {
	caught(
		Mutant::LockFalls,
		scenarios::byzantine_successor(),
		Rule::CommitsLast,
	);
}

#[test]
fn a_term_that_is_not_persisted() {
	caught(Mutant::TermNotPersisted, scenarios::crash(), Rule::CommitsLast);
}

#[test]
fn promises_that_leave_before_they_are_on_disk() {
	caught(Mutant::SendBeforePersist, scenarios::crash(), Rule::CommitsLast);
}

#[test]
fn a_quorum_that_is_one_too_small() {
	caught(
		Mutant::QuorumTooSmall,
		scenarios::byzantine_predecessor(),
		Rule::Agreement,
	);
}

#[test]
fn a_certificates_maximum_that_is_ignored() {
	caught(
		Mutant::MaximumIgnored,
		scenarios::byzantine_successor(),
		Rule::CommitsLast,
	);
}

#[test]
fn the_highest_ballot_only() {
	caught(
		Mutant::MaximumOfBallotsOnly,
		scenarios::byzantine_successor(),
		Rule::CommitsLast,
	);
}

#[test]
fn commit_votes_of_a_term_that_is_over() {
	caught(
		Mutant::CommitInOldTerm,
		scenarios::byzantine_successor(),
		Rule::CommitsLast,
	);
}

#[test]
fn signing_for_a_term_that_is_over() {
	caught(
		Mutant::CommitInOldTerm,
		scenarios::byzantine_successor(),
		Rule::VotesLast,
	);
}

#[test]
fn two_election_votes() {
	caught(
		Mutant::TwoElectionVotes,
		scenarios::two_candidates(),
		Rule::OneLeader,
	);
}

#[test]
fn a_set_that_changes_without_commit() {
	caught(
		Mutant::SetChangeWithoutCommit,
		scenarios::closing(),
		Rule::Agreement,
	);
}

#[test]
fn a_certificate_of_the_old_set_that_leads_the_new_one() {
	caught(Mutant::OldCertificateLeads, scenarios::closing(), Rule::OwnLeader);
}

#[test]
fn reconfirming_what_is_not_certified() {
	caught(
		Mutant::ReconfirmWithoutQc,
		scenarios::two_closing(),
		Rule::CommitsLast,
	);
}

#[test]
fn reconfirming_beside_a_first_block() {
	caught(Mutant::ReconfirmNotCounted, scenarios::closing(), Rule::Agreement);
}

#[test]
fn random_walks_find_mistakes_too() {
	for mutant in [
		Mutant::TwoFirstBlocks,
		Mutant::QuorumTooSmall,
		Mutant::CommitInOldTerm,
		Mutant::SendBeforePersist,
	] {
		assert!(
			walks::find(mutant, 0..1_000).is_some(),
			"no walk finds {mutant:?}"
		);
	}
}

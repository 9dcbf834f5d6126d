//! Each rule left out, or worded otherwise, breaks something; the same search finds nothing in the core as it is
//! ([`crate::scenarios`]).

use veilmart_td_raft_core::Mutant;

use crate::{
	scenario::Scenario,
	scenarios::{self, search},
	walks,
};

/// Transitions, far above what any of them takes.
const AT_MOST: usize = 5_000_000;

/// Searches until something is broken. The trace is in the test's output.
fn caught(mutant: Mutant, scenario: Scenario) {
	let broken = search(scenario.with(mutant), Some(AT_MOST));
	assert!(broken.is_some(), "{mutant:?} breaks nothing");
}

#[test]
fn two_first_blocks_in_one_term() {
	caught(Mutant::TwoFirstBlocks, scenarios::byzantine_predecessor());
}

#[test]
fn two_blocks_at_one_height() {
	caught(Mutant::TwoBlocksAtOneHeight, scenarios::byzantine_predecessor());
}

#[test]
fn a_lock_that_falls() {
	caught(Mutant::LockFalls, scenarios::byzantine_successor());
}

#[test]
fn a_term_that_is_not_persisted() {
	caught(Mutant::TermNotPersisted, scenarios::crash());
}

#[test]
fn promises_that_leave_before_they_are_on_disk() {
	caught(Mutant::SendBeforePersist, scenarios::crash());
}

#[test]
fn a_quorum_that_is_one_too_small() {
	caught(Mutant::QuorumTooSmall, scenarios::byzantine_predecessor());
}

#[test]
fn a_certificates_maximum_that_is_ignored() {
	caught(Mutant::MaximumIgnored, scenarios::byzantine_successor());
}

#[test]
fn commit_votes_of_a_term_that_is_over() {
	caught(Mutant::CommitInOldTerm, scenarios::byzantine_successor());
}

#[test]
fn two_election_votes() {
	caught(Mutant::TwoElectionVotes, scenarios::two_candidates());
}

#[test]
fn a_set_that_changes_without_commit() {
	caught(Mutant::SetChangeWithoutCommit, scenarios::closing());
}

#[test]
fn a_certificate_of_the_old_set_that_leads_the_new_one() {
	caught(Mutant::OldCertificateLeads, scenarios::closing());
}

#[test]
fn reconfirming_what_is_not_certified() {
	caught(Mutant::ReconfirmWithoutQc, scenarios::two_closing());
}

#[test]
fn reconfirming_beside_a_first_block() {
	caught(Mutant::ReconfirmNotCounted, scenarios::closing());
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

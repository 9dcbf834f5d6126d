//! Raft and PBFT under chaos: agreement and progress, and every seed twice with the same trace.

use veilmart_simulator::{
	chaos::{pbft, raft, run, td_raft, Outcome},
	replica::Protocol,
};
use veilmart_td_raft_core::Mutants;

fn chaos<P: Protocol>(seeds: std::ops::Range<u64>, make: impl Fn(u32, u64) -> P) -> Vec<Outcome> {
	let mut outcomes = Vec::new();
	for n in [4, 7] {
		for seed in seeds.clone() {
			let outcome = run(make(n, seed), seed, n);
			assert!(
				outcome.violation.is_none(),
				"{}\n{outcome}",
				outcome.trace.join("\n")
			);
			let again = run(make(n, seed), seed, n);
			assert_eq!(outcome, again, "the same seed twice");
			outcomes.push(outcome);
		}
	}
	outcomes
}

/// Different seeds are different runs, and the runs did work and change leaders.
fn are_runs(outcomes: &[Outcome]) {
	let hashes: std::collections::BTreeSet<_> = outcomes.iter().map(|outcome| &outcome.hash).collect();
	assert_eq!(hashes.len(), outcomes.len());
	let blocks: u64 = outcomes.iter().map(|outcome| outcome.blocks).sum();
	assert!(
		blocks / outcomes.len() as u64 > 50,
		"{blocks} blocks in {} runs",
		outcomes.len()
	);
	assert!(outcomes.iter().filter(|outcome| outcome.leaders > 1).count() * 2 > outcomes.len());
}

#[test]
fn raft_agrees_and_goes_on() {
	are_runs(&chaos(0..50, raft));
}

#[test]
fn pbft_agrees_and_goes_on() {
	are_runs(&chaos(0..50, pbft));
}

#[test]
fn td_raft_agrees_and_goes_on() {
	are_runs(&chaos(0..50, |n, seed| td_raft(n, seed, Mutants::default())));
}

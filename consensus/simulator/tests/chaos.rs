//! TD-Raft, and beside it Raft and PBFT, under chaos: agreement and progress, and every seed twice with the same trace.

use veilmart_simulator::{
	chaos::{pbft, raft, run, td_raft, Outcome},
	parallel,
	replica::Protocol,
};
use veilmart_td_raft_core::Mutants;

/// Runs each seed twice, for four and for seven authorities.
fn chaos<P: Protocol>(seeds: std::ops::Range<u64>, make: impl Fn(u32, u64) -> P + Sync) -> Vec<Outcome> {
	let runs: Vec<_> = seeds.flat_map(|seed| [(seed, 4), (seed, 7)]).collect();
	let job = |index: usize| {
		let (seed, n) = runs[index];
		let outcome = run(make(n, seed), seed, n);
		assert!(
			outcome.violation.is_none(),
			"{}\n{outcome}",
			outcome.trace.join("\n")
		);
		let again = run(make(n, seed), seed, n);
		assert_eq!(outcome, again, "the same seed twice");
		outcome
	};
	parallel::run(parallel::threads(), runs.len(), job, |_| ())
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
	are_runs(&chaos(0..25, raft));
}

#[test]
fn pbft_agrees_and_goes_on() {
	are_runs(&chaos(0..25, pbft));
}

#[test]
fn td_raft_agrees_and_goes_on() {
	are_runs(&chaos(0..100, |n, seed| td_raft(n, seed, Mutants::default())));
}

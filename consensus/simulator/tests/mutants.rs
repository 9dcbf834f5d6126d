//! Deliberate mistakes in the core, each a rule left out or worded otherwise: chaos finds every one.
//!
//! Only a violation of safety counts. A mistake also changes the course of a run, which may then stall for a reason
//! that has nothing to do with it; stalls are printed and not counted. And the core without the mistake has to pass
//! the seed: otherwise it shows what is wrong anyway.

use veilmart_simulator::{
	chaos::{run, td_raft},
	finality::Violation,
};
use veilmart_td_raft_core::{Mutant, Mutants};

/// Seeds to try at most.
const SEEDS: u64 = 1_000;

const ALL: [Mutant; 14] = [
	Mutant::TwoFirstBlocks,
	Mutant::LockFalls,
	Mutant::TermNotPersisted,
	Mutant::QuorumTooSmall,
	Mutant::MaximumIgnored,
	Mutant::SetChangeWithoutCommit,
	Mutant::OldCertificateLeads,
	Mutant::ReconfirmWithoutQc,
	Mutant::SendBeforePersist,
	Mutant::CommitInOldTerm,
	Mutant::TwoElectionVotes,
	Mutant::VotersQcForgotten,
	Mutant::TwoBlocksAtOneHeight,
	Mutant::ReconfirmNotCounted,
];

#[test]
#[ignore = "minutes; run with --ignored --nocapture"]
fn chaos_catches_each_mutant() {
	let mut missed = Vec::new();
	for mutant in ALL {
		let mut stalls = 0;
		let caught = (0..SEEDS)
			.flat_map(|seed| [(seed, 4), (seed, 7)])
			.find_map(|(seed, n)| {
				let outcome = run(td_raft(n, seed, Mutants::only(mutant)), seed, n);
				let violation = outcome.violation?;
				if matches!(violation, Violation::Stalled { .. }) {
					stalls += 1;
					return None;
				}
				let sound = run(td_raft(n, seed, Mutants::default()), seed, n)
					.violation
					.is_none();
				sound.then_some((seed, n, violation))
			});
		match caught {
			Some((seed, n, violation)) => println!("{mutant:?}: n = {n}, seed {seed}: {violation}"),
			None => {
				println!("{mutant:?}: MISSED in {SEEDS} seeds, {stalls} runs stalled");
				missed.push(mutant);
			}
		}
	}
	assert!(missed.is_empty(), "{missed:?} not caught in {SEEDS} seeds");
}

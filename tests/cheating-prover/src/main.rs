//! `cheating-prover [--list] [NAME…]`: runs the attacks and prints what the verifier answered.

use std::process::ExitCode;
use veilmart_cheating_prover::attacks::{summary, ATTACKS};

fn main() -> ExitCode {
	let args: Vec<String> = std::env::args().skip(1).collect();
	if args.iter().any(|arg| arg == "--list") {
		ATTACKS
			.iter()
			.for_each(|attack| println!("{:<28} {}", attack.name, attack.rule));
		return ExitCode::SUCCESS;
	}
	let mut sound = true;
	for attack in ATTACKS
		.iter()
		.filter(|attack| args.is_empty() || args.iter().any(|arg| arg == attack.name))
	{
		let outcomes = (attack.run)();
		let wrong: Vec<_> = outcomes.iter().filter(|outcome| !outcome.as_expected()).collect();
		println!("{:<28} {}", attack.name, summary(&outcomes));
		for outcome in wrong {
			sound = false;
			println!(
				"    UNEXPECTED {}: {:?}, expected {:?}",
				outcome.case, outcome.verdict, outcome.expected
			);
		}
	}
	if sound {
		ExitCode::SUCCESS
	} else {
		ExitCode::FAILURE
	}
}

//! What the demo prints at its end.

use crate::retail::Skip;
use std::{
	collections::BTreeMap,
	time::{Duration, Instant},
};
use veilmart_cli::{amount, ca::Audit, output::table};

/// How long things took.
#[derive(Default)]
pub struct Steps {
	phases: Vec<(String, Duration)>,
	calls: BTreeMap<&'static str, Vec<Duration>>,
}

impl Steps {
	/// A phase of the demo, from `start` to now.
	pub fn add(&mut self, name: &str, start: Instant) {
		self.phases.push((name.into(), start.elapsed()));
	}

	/// One call of one order.
	pub fn call(&mut self, name: &'static str, start: Instant) {
		self.calls.entry(name).or_default().push(start.elapsed());
	}
}

/// One party at the end.
pub struct PartyLine {
	/// Who it is.
	pub name: String,
	/// The balance as its owner opens it.
	pub opened: u64,
	/// The balance as the file says.
	pub expected: u64,
}

/// An attempt to cheat and how it ended.
pub struct Refused {
	/// What was tried.
	pub attempt: &'static str,
	/// Who refused it.
	pub by: &'static str,
	/// The reason as it was given; `None` if nobody refused it.
	pub reason: Option<String>,
}

/// How the demo ended.
pub struct Ended {
	/// Every party.
	pub parties: Vec<PartyLine>,
	/// The certificate authority's audit.
	pub audit: Audit,
	/// What was issued, by the file.
	pub issued: u64,
	/// The attempts to cheat.
	pub refused: Vec<Refused>,
}

impl Ended {
	/// Whether everything is as it should be.
	pub fn agrees(&self) -> bool {
		self.parties.iter().all(|party| party.opened == party.expected)
			&& self.audit.passed()
			&& self.audit.sources.first().and_then(|line| line.amount) == Some(self.issued)
			&& self.refused.iter().all(|refused| refused.reason.is_some())
	}
}

/// Prints it.
pub fn print(ended: &Ended, skipped: &BTreeMap<Skip, usize>, steps: &Steps) {
	let rows: Vec<_> = ended
		.parties
		.iter()
		.map(|party| {
			vec![
				party.name.clone(),
				amount::show(party.opened),
				amount::show(party.expected),
				if party.opened == party.expected {
					"equal"
				} else {
					"DIFFERENT"
				}
				.into(),
			]
		})
		.collect();
	println!(
		"\n{}",
		table(
			&["party", "opened by its owner>", "computed from the file>", ""],
			&rows
		)
	);
	println!("{}\n", ended.audit.report().text);
	println!(
		"Issued by the file: {}. Conservation identity of the ciphertexts: {}.",
		amount::show(ended.issued),
		if ended.audit.ciphertexts_agree {
			"holds"
		} else {
			"BROKEN"
		}
	);
	for refused in &ended.refused {
		match &refused.reason {
			Some(reason) => println!("{}: refused by {}: {reason}", refused.attempt, refused.by),
			None => println!("{}: NOT REFUSED", refused.attempt),
		}
	}
	if !skipped.is_empty() {
		let reasons: Vec<_> = skipped
			.iter()
			.map(|(reason, count)| format!("{count} ({})", reason.words()))
			.collect();
		println!(
			"Lines of the file that are no orders, skipped: {}.",
			reasons.join(", ")
		);
	}
	let seconds = |duration: Duration| format!("{:.2} s", duration.as_secs_f64());
	let milliseconds = |duration: Duration| format!("{:.0} ms", duration.as_secs_f64() * 1_000.0);
	let rows: Vec<_> = steps
		.phases
		.iter()
		.map(|(name, duration)| vec![name.clone(), seconds(*duration)])
		.collect();
	println!("\n{}", table(&["step", "time>"], &rows));
	let rows: Vec<_> = steps
		.calls
		.iter()
		.map(|(name, durations)| {
			let mut sorted = durations.clone();
			sorted.sort();
			let at = |share: usize| {
				sorted
					.get((sorted.len().saturating_sub(1)) * share / 100)
					.copied()
			};
			vec![
				(*name).into(),
				milliseconds(at(50).unwrap_or_default()),
				milliseconds(at(100).unwrap_or_default()),
			]
		})
		.collect();
	println!(
		"{}",
		table(
			&["call, proof and finality included", "median>", "longest>"],
			&rows
		)
	);
}

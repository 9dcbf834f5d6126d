//! What the demo prints at its end.

use crate::retail::Skip;
use std::{
	collections::BTreeMap,
	fmt::Display,
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

/// Something that the second part looked at.
struct Finding {
	what: String,
	found: String,
	expected: String,
}

/// All that the second part looked at.
#[derive(Default)]
pub struct Findings {
	all: Vec<Finding>,
}

impl Findings {
	/// Something that was found, and what it should be.
	pub fn compare(&mut self, what: impl Into<String>, found: impl Display, expected: impl Display) {
		self.all.push(Finding {
			what: what.into(),
			found: found.to_string(),
			expected: expected.to_string(),
		});
	}

	/// An amount that was found, and what it should be, in minor units.
	pub fn amount(&mut self, what: impl Into<String>, found: u64, expected: u64) {
		self.compare(what, amount::show(found), amount::show(expected));
	}

	/// Whether everything is as it should be. Who has looked at nothing has not seen that.
	pub fn agree(&self) -> bool {
		!self.all.is_empty() && self.all.iter().all(|finding| finding.found == finding.expected)
	}
}

/// Prints what the second part found.
pub fn print_findings(findings: &Findings) {
	let rows: Vec<_> = findings
		.all
		.iter()
		.map(|finding| {
			vec![
				finding.what.clone(),
				finding.found.clone(),
				finding.expected.clone(),
				verdict(finding.found == finding.expected).into(),
			]
		})
		.collect();
	print!("\n{}", table(&["", "found", "expected", ""], &rows));
}

fn verdict(equal: bool) -> &'static str {
	if equal {
		"equal"
	} else {
		"DIFFERENT"
	}
}

/// Prints how the trade of the first part ended.
pub fn print(ended: &Ended, skipped: &BTreeMap<Skip, usize>) {
	let rows: Vec<_> = ended
		.parties
		.iter()
		.map(|party| {
			vec![
				party.name.clone(),
				amount::show(party.opened),
				amount::show(party.expected),
				verdict(party.opened == party.expected).into(),
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
}

/// Prints how long everything took.
pub fn print_times(steps: &Steps) {
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

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn one_difference_is_enough() {
		let mut findings = Findings::default();
		assert!(!findings.agree(), "nobody has looked");
		findings.compare("an order", "penalised", "penalised");
		findings.amount("a balance", 15_000, 15_000);
		assert!(findings.agree());
		findings.amount("a balance", 15_000, 15_001);
		findings.compare("another order", "shipped", "shipped");
		assert!(!findings.agree());
	}
}

//! What a command prints: results on the standard output, for people or as JSON; everything else on the standard error.

use std::{
	future::Future,
	io::{IsTerminal, Write},
	time::{Duration, Instant},
};

use serde_json::Value;

use crate::error::Error;

/// After this time a person wants to know what is going on.
const PATIENCE: Duration = Duration::from_secs(1);

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
	/// For people.
	Text,
	/// One JSON value, or one per line where results keep coming.
	Json,
}

/// Prints results and progress.
#[derive(Clone, Copy, Debug)]
pub struct Output {
	format: Format,
}

/// What a command has to say: one thing in two forms.
#[derive(Clone, Debug)]
pub struct Report {
	/// For people.
	pub text: String,
	/// For programs. Amounts are strings with two decimals, identifiers as the command line takes them.
	pub json: Value,
}

impl Report {
	/// A report.
	pub fn new(text: impl Into<String>, json: Value) -> Self {
		Self {
			text: text.into(),
			json,
		}
	}
}

impl Output {
	/// Output in this form.
	pub fn new(format: Format) -> Self {
		Self { format }
	}

	/// Prints a result.
	pub fn report(&self, report: &Report) {
		let line = match self.format {
			Format::Text => printable(report.text.trim_end()),
			Format::Json => report.json.to_string(),
		};
		// Whoever closed the pipe does not want more.
		let _ = writeln!(std::io::stdout().lock(), "{line}");
	}

	/// Says something that is no result.
	pub fn note(&self, text: &str) {
		eprintln!("{}", printable(text));
	}

	/// Prints an error.
	pub fn error(&self, error: &Error) {
		match self.format {
			Format::Text => eprintln!("Error: {}", printable(&error.to_string())),
			Format::Json => eprintln!("{}", error.to_json()),
		}
	}

	/// Waits for something; says what it is waiting for once that takes more than a second.
	pub async fn wait<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
		let started = Instant::now();
		let mut work = std::pin::pin!(work);
		match tokio::time::timeout(PATIENCE, &mut work).await {
			Ok(done) => done,
			Err(_) => {
				eprintln!("{what} …");
				let done = work.await;
				eprintln!("{what}: {:.1} s", started.elapsed().as_secs_f32());
				done
			}
		}
	}
}

/// A line on the standard error that counts while something long goes on. On a terminal it is one line that changes,
/// elsewhere a new line every ten seconds.
pub struct Counter {
	what: &'static str,
	started: Instant,
	shown: Instant,
	count: u64,
	terminal: bool,
}

impl Counter {
	/// A counter of things that take long to find.
	pub fn new(what: &'static str) -> Self {
		let now = Instant::now();
		Self {
			what,
			started: now,
			shown: now,
			count: 0,
			terminal: std::io::stderr().is_terminal(),
		}
	}

	/// One more.
	pub fn step(&mut self) {
		self.count += 1;
		let pause = if self.terminal {
			Duration::from_millis(200)
		} else {
			Duration::from_secs(10)
		};
		if self.shown.elapsed() < pause {
			return;
		}
		self.shown = Instant::now();
		let line = format!(
			"{}: {} so far, {} s",
			self.what,
			self.count,
			self.started.elapsed().as_secs()
		);
		if self.terminal {
			eprint!("\r{line}");
		} else {
			eprintln!("{line}");
		}
	}

	/// The end.
	pub fn finish(self) {
		let seconds = self.started.elapsed().as_secs_f32();
		let start = if self.terminal { "\r" } else { "" };
		eprintln!("{start}{}: {} in {seconds:.1} s        ", self.what, self.count);
	}
}

/// A text as a terminal may get it. What comes from files, nodes and other people's certificates can be in it, and a terminal
/// obeys control characters: they could clear the screen and write another verdict there.
fn printable(text: &str) -> String {
	let lines = text.split('\n').map(one_line);
	lines.collect::<Vec<_>>().join("\n")
}

/// A text from somewhere else, as it may stand within a line: its control characters, ends of lines among them, are written out.
pub fn one_line(text: &str) -> String {
	let mut out = String::with_capacity(text.len());
	for character in text.chars() {
		if character.is_control() {
			out.extend(character.escape_default());
		} else {
			out.push(character);
		}
	}
	out
}

/// A number of things: `1 piece`, `2 pieces`.
pub fn count(number: u64, what: &str) -> String {
	let plural = if number == 1 { "" } else { "s" };
	format!("{number} {what}{plural}")
}

/// Milliseconds since the Unix epoch as `2026-11-27T13:45:09Z`, whole seconds. Years from 10000 on have more digits.
pub fn time(milliseconds: u64) -> String {
	let seconds = milliseconds / 1_000;
	let (mut days, second) = (seconds / 86_400, seconds % 86_400);
	// Every 400 years the calendar repeats itself.
	let mut year = 1970 + days / 146_097 * 400;
	days %= 146_097;
	let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
	loop {
		let length = 365 + u64::from(leap(year));
		if days < length {
			break;
		}
		days -= length;
		year += 1;
	}
	let february = 28 + u64::from(leap(year));
	let mut month = 1;
	for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
		if days < length {
			break;
		}
		days -= length;
		month += 1;
	}
	format!(
		"{year}-{month:02}-{:02}T{:02}:{:02}:{:02}Z",
		days + 1,
		second / 3_600,
		second / 60 % 60,
		second % 60
	)
}

/// A table with columns as wide as their widest cell. Columns whose name ends in `>` are aligned to the right.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
	let names: Vec<_> = heads
		.iter()
		.map(|head| head.trim_end_matches('>').to_owned())
		.collect();
	let width = |column: usize| {
		rows.iter()
			.chain([&names])
			.filter_map(|row| row.get(column))
			.map(|cell| cell.chars().count())
			.max()
			.unwrap_or(0)
	};
	let widths: Vec<_> = (0..heads.len()).map(width).collect();
	let mut out = String::new();
	for row in [&names].into_iter().chain(rows) {
		let cells = row.iter().zip(&widths).zip(heads).map(|((cell, width), head)| {
			if head.ends_with('>') {
				format!("{cell:>width$}")
			} else {
				format!("{cell:<width$}")
			}
		});
		out += cells.collect::<Vec<_>>().join("  ").trim_end();
		out.push('\n');
	}
	out
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn tables_are_aligned() {
		let rows = vec![
			vec!["a".into(), "12.50".into()],
			vec!["long".into(), "7.00".into()],
		];
		assert_eq!(
			table(&["name", "amount>"], &rows),
			"name  amount\na      12.50\nlong    7.00\n"
		);
	}

	#[test]
	fn times_are_those_of_the_calendar() {
		for (seconds, text) in [
			(0, "1970-01-01T00:00:00Z"),
			(951_782_399, "2000-02-28T23:59:59Z"),
			(951_782_400, "2000-02-29T00:00:00Z"),
			(951_868_800, "2000-03-01T00:00:00Z"),
			(1_000_000_000, "2001-09-09T01:46:40Z"),
			(1_735_603_200, "2024-12-31T00:00:00Z"),
			(2_147_483_647, "2038-01-19T03:14:07Z"),
			(4_107_542_400, "2100-03-01T00:00:00Z"),
			(253_402_300_799, "9999-12-31T23:59:59Z"),
		] {
			assert_eq!(time(seconds * 1_000 + 999), text);
		}
		assert!(time(u64::MAX).starts_with("584556"));
	}

	#[test]
	fn one_thing_is_not_many() {
		assert_eq!(
			[0, 1, 2].map(|number| count(number, "piece")),
			["0 pieces", "1 piece", "2 pieces"]
		);
	}

	#[test]
	fn a_terminal_gets_nothing_that_it_obeys() {
		let text = "a\tb\n\u{1b}[2J\u{9b}8m\rgrün";
		assert_eq!(printable(text), "a\\tb\n\\u{1b}[2J\\u{9b}8m\\rgrün");
		assert_eq!(one_line(text), "a\\tb\\n\\u{1b}[2J\\u{9b}8m\\rgrün");
	}

	#[test]
	fn a_table_of_nothing_has_its_head() {
		assert_eq!(table(&["name", "amount>"], &[]), "name  amount\n");
	}
}

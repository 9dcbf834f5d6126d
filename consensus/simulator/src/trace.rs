//! What happened in a run: the last lines to read, and a hash over all of them to compare.

use blake2::{
	digest::{consts::U16, Digest},
	Blake2b,
};
use std::{collections::VecDeque, fmt};

use crate::clock::Time;

/// A trace with a bounded number of lines and a hash over every line of the run.
pub struct Trace {
	lines: VecDeque<String>,
	capacity: usize,
	hash: Option<Blake2b<U16>>,
}

impl Trace {
	/// Keeps the last `capacity` lines and hashes all.
	pub fn keeping(capacity: usize) -> Self {
		Self {
			lines: VecDeque::new(),
			capacity,
			hash: Some(Blake2b::new()),
		}
	}

	/// Records nothing: for measurements, which need neither.
	pub fn off() -> Self {
		Self {
			lines: VecDeque::new(),
			capacity: 0,
			hash: None,
		}
	}

	/// Adds a line. The arguments are not formatted if the trace is off.
	pub fn line(&mut self, now: Time, what: fmt::Arguments<'_>) {
		let Some(hash) = &mut self.hash else { return };
		let mut line = if self.lines.len() >= self.capacity {
			self.lines.pop_front().unwrap_or_default()
		} else {
			String::new()
		};
		line.clear();
		// Writing to a String does not fail.
		let _ = fmt::write(&mut line, format_args!("{now} {what}\n"));
		hash.update(line.as_bytes());
		if self.capacity > 0 {
			self.lines.push_back(line);
		}
	}

	/// The lines kept, oldest first.
	pub fn lines(&self) -> impl Iterator<Item = &str> {
		self.lines.iter().map(|line| line.trim_end())
	}

	/// The hash over all lines so far, in hexadecimal; empty if the trace is off.
	pub fn hash(&self) -> String {
		let Some(hash) = &self.hash else {
			return String::new();
		};
		hash.clone()
			.finalize()
			.iter()
			.map(|byte| format!("{byte:02x}"))
			.collect()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_hash_covers_lines_no_longer_kept() {
		let mut a = Trace::keeping(2);
		let mut b = Trace::keeping(2);
		for (trace, first) in [(&mut a, 1), (&mut b, 2)] {
			for number in [first, 7, 8] {
				trace.line(Time(number), format_args!("line {number}"));
			}
		}
		assert_eq!(a.lines().collect::<Vec<_>>(), b.lines().collect::<Vec<_>>());
		assert_eq!(a.lines().count(), 2);
		assert_ne!(a.hash(), b.hash());
	}
}

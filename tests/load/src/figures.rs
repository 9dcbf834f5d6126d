//! Numbers out of measurements.

use std::time::Duration;

use serde_json::{json, Value};
use veilmart_cli::output::table;

/// Durations, sorted.
#[derive(Clone, Debug, Default)]
pub struct Durations(Vec<Duration>);

impl Durations {
	/// Of these.
	pub fn new(durations: impl IntoIterator<Item = Duration>) -> Self {
		let mut sorted: Vec<_> = durations.into_iter().collect();
		sorted.sort();
		Self(sorted)
	}

	/// How many there are.
	pub fn count(&self) -> usize {
		self.0.len()
	}

	/// The least that this share of all, in percent, does not exceed. Zero if there are none.
	pub fn percentile(&self, share: usize) -> Duration {
		let place = (self.0.len() * share).div_ceil(100).saturating_sub(1);
		self.0.get(place).copied().unwrap_or_default()
	}

	/// The longest.
	pub fn max(&self) -> Duration {
		self.percentile(100)
	}

	/// In whole milliseconds, for programs.
	pub fn json(&self) -> Value {
		json!({
			"count": self.count(),
			"p50": milliseconds(self.percentile(50)),
			"p90": milliseconds(self.percentile(90)),
			"p99": milliseconds(self.percentile(99)),
			"max": milliseconds(self.max()),
		})
	}

	/// A row of [`durations_table`].
	pub fn row(&self, name: &str) -> Vec<String> {
		let shares = [50, 90, 99, 100].map(|share| format!("{} ms", milliseconds(self.percentile(share))));
		[vec![name.to_owned(), self.count().to_string()], shares.to_vec()].concat()
	}
}

/// Some durations, for people.
pub fn durations_table(rows: &[Vec<String>]) -> String {
	table(&["", "count>", "p50>", "p90>", "p99>", "max>"], rows)
}

/// Whole milliseconds.
pub fn milliseconds(duration: Duration) -> u64 {
	u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How many of these fell into each second.
pub fn per_second(times: impl IntoIterator<Item = Duration>, seconds: u64) -> Vec<u64> {
	let mut counts = vec![0; usize::try_from(seconds).unwrap_or_default()];
	for time in times {
		let second = usize::try_from(time.as_secs()).unwrap_or(usize::MAX);
		if let Some(count) = counts.get_mut(second) {
			*count += 1;
		}
	}
	counts
}

/// With one decimal.
pub fn rate(count: u64, seconds: u64) -> f64 {
	let rate = count as f64 / seconds.max(1) as f64;
	(rate * 10.0).round() / 10.0
}

/// What is to be said of a rate below the one that was asked for.
pub fn shortfall(sustained: f64, at_least: Option<f64>, what: &str) -> Option<String> {
	let least = at_least.filter(|least| sustained < *least)?;
	Some(format!(
		"Too few: {sustained} {what} in a second, where --at-least asks for {least}."
	))
}

/// What each process used between two looks, as JSON and in words: in processors.
pub fn processors(before: &[(String, f64)], after: &[(String, f64)], passed: Duration) -> (Value, String) {
	let used: Vec<_> = before
		.iter()
		.filter_map(|(name, before)| {
			let (_, after) = after.iter().find(|(other, _)| other == name)?;
			let share = (after - before) / passed.as_secs_f64().max(0.001);
			Some((name.clone(), (share * 100.0).round() / 100.0))
		})
		.collect();
	let words: Vec<_> = used
		.iter()
		.map(|(name, share)| format!("{name} {share:.2}"))
		.collect();
	let map = used.into_iter().map(|(name, share)| (name, json!(share)));
	(Value::Object(map.collect()), words.join(", "))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_percentile_is_a_value_that_so_many_do_not_exceed() {
		let durations = Durations::new((1..=100).rev().map(Duration::from_millis));
		for share in [1, 50, 90, 99, 100] {
			assert_eq!(durations.percentile(share), Duration::from_millis(share as u64));
		}
		let three = Durations::new([5, 1, 9].map(Duration::from_millis));
		assert_eq!(three.percentile(50), Duration::from_millis(5));
		assert_eq!(three.percentile(67), Duration::from_millis(9));
		assert_eq!(Durations::default().percentile(50), Duration::ZERO);
	}

	#[test]
	fn what_falls_outside_of_the_time_is_not_counted() {
		let times = [0, 999, 1_000, 2_999, 3_000].map(Duration::from_millis);
		assert_eq!(per_second(times, 3), [2, 1, 1]);
	}

	#[test]
	fn a_rate_is_too_low_only_below_what_was_asked_for() {
		assert_eq!(shortfall(1.0, None, "purchases"), None);
		assert_eq!(shortfall(20.0, Some(20.0), "purchases"), None);
		assert_eq!(
			shortfall(19.9, Some(20.0), "purchases").as_deref(),
			Some("Too few: 19.9 purchases in a second, where --at-least asks for 20.")
		);
	}

	#[test]
	fn a_processor_is_a_second_of_its_time_in_a_second() {
		let at = |time| vec![("a".to_owned(), time)];
		let (json, words) = processors(&at(1.0), &at(4.0), Duration::from_secs(2));
		assert_eq!((json, words.as_str()), (json!({ "a": 1.5 }), "a 1.50"));
	}
}

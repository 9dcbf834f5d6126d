//! Virtual time, and what each node's clock shows of it.

use std::fmt;

/// A span of time in microseconds.
pub type Micros = u64;

/// One millisecond in microseconds.
pub const MILLISECOND: Micros = 1_000;
/// One second in microseconds.
pub const SECOND: Micros = 1_000_000;

/// Virtual time: microseconds since the run began. No node sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

/// What a node's own clock shows, in microseconds. Only differences on one node mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalTime(pub u64);

impl Time {
	/// This much later.
	pub fn after(self, span: Micros) -> Time {
		Time(self.0.saturating_add(span))
	}

	/// The span since an earlier moment, 0 if it is not earlier.
	pub fn since(self, earlier: Time) -> Micros {
		self.0.saturating_sub(earlier.0)
	}
}

impl LocalTime {
	/// This much later.
	pub fn after(self, span: Micros) -> LocalTime {
		LocalTime(self.0.saturating_add(span))
	}
}

impl fmt::Display for Time {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{:>4}.{:06}s", self.0 / SECOND, self.0 % SECOND)
	}
}

/// A clock that starts at some offset and runs too fast or too slow at a constant rate.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
	offset: u64,
	drift_ppm: i32,
}

impl Clock {
	/// A clock that shows `offset` at the beginning and gains `drift_ppm` microseconds per second.
	///
	/// Drift is held to ±500,000 parts per million, so that the clock always moves forward.
	pub fn new(offset: u64, drift_ppm: i32) -> Self {
		Self {
			offset,
			drift_ppm: drift_ppm.clamp(-500_000, 500_000),
		}
	}

	/// What the clock shows at a moment of virtual time.
	pub fn read(&self, now: Time) -> LocalTime {
		let rate = (1_000_000 + self.drift_ppm as i64) as u128;
		LocalTime(
			self.offset
				.saturating_add((now.0 as u128 * rate / 1_000_000) as u64),
		)
	}

	/// The first moment of virtual time at which the clock shows at least `local`.
	pub fn when(&self, local: LocalTime) -> Time {
		let rate = (1_000_000 + self.drift_ppm as i64) as u128;
		let elapsed = local.0.saturating_sub(self.offset) as u128;
		Time((elapsed * 1_000_000).div_ceil(rate) as u64)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn drift_is_the_stated_share() {
		let fast = Clock::new(10, 200);
		assert_eq!(fast.read(Time(0)), LocalTime(10));
		assert_eq!(fast.read(Time(SECOND)), LocalTime(10 + 1_000_200));
		assert_eq!(Clock::new(0, -1_000).read(Time(SECOND)), LocalTime(999_000));
	}

	#[test]
	fn a_deadline_is_reached_when_the_clock_says_so_and_not_before() {
		for drift in [-500_000, -317, 0, 1, 4_999, 500_000] {
			let clock = Clock::new(77, drift);
			for local in [0, 77, 78, 1_000, 123_456_789] {
				let when = clock.when(LocalTime(local));
				assert!(clock.read(when) >= LocalTime(local));
				assert!(when.0 == 0 || clock.read(Time(when.0 - 1)) < LocalTime(local));
			}
		}
	}
}

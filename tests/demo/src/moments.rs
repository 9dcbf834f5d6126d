//! Moments at random, which a test says and can be told again.

use std::{
	env,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Where it is set, the moments are those of this number.
const SEED: &str = "VEILMART_SEED";

/// A sequence of numbers that only its seed decides (SplitMix64).
#[derive(Clone, Debug)]
pub struct Moments(u64);

impl Moments {
	/// Of the seed in the environment, or of a new one. Says which.
	pub fn new() -> Self {
		let given = env::var(SEED).ok().map(|seed| seed.parse().unwrap());
		let seed = given.unwrap_or_else(|| {
			let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
			u64::from(now.subsec_nanos())
		});
		println!("The moments are those of {SEED}={seed}");
		Self(seed)
	}

	/// A number below this one.
	pub fn below(&mut self, bound: u64) -> u64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mut mixed = self.0;
		mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		(mixed ^ (mixed >> 31)) % bound
	}

	/// A time up to this one.
	pub fn within(&mut self, longest: Duration) -> Duration {
		let milliseconds = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
		Duration::from_millis(self.below(milliseconds.max(1)))
	}
}

impl Default for Moments {
	fn default() -> Self {
		Self::new()
	}
}

/// How often something is done: in the short form of a test, and in the long one.
pub fn rounds(short: u32, long: u32) -> u32 {
	env::var("VEILMART_SOAK").map_or(short, |_| long)
}

//! Randomness, all of it drawn from one seed.
//!
//! Each purpose draws from a stream of its own (a ChaCha stream number), so that one more draw for the network does
//! not change the schedule of faults. Only integers are drawn: floating-point functions differ between machines.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// What a stream of random numbers is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
	/// Delay, loss, duplication and reordering of messages.
	Network,
	/// What survives a crash on disk.
	Disk,
	/// Drift and offset of the clocks.
	Clocks,
	/// The schedule of faults.
	Faults,
	/// What an adversary does.
	Adversary(u32),
	/// What a node draws itself, such as a timeout; the second number counts its starts.
	Node(u32, u32),
	/// The keys of a protocol written for the simulator.
	Keys,
}

impl Stream {
	/// The ChaCha stream number: a purpose in the top byte, a node and its start below.
	fn number(self) -> u64 {
		let (purpose, node, start) = match self {
			Stream::Network => (1, 0, 0),
			Stream::Disk => (2, 0, 0),
			Stream::Clocks => (3, 0, 0),
			Stream::Faults => (4, 0, 0),
			Stream::Adversary(node) => (5, node, 0),
			Stream::Node(node, start) => (6, node, start),
			Stream::Keys => (7, 0, 0),
		};
		(purpose << 56) | ((node as u64) << 24) | (start as u64 & 0xff_ffff)
	}
}

/// A reproducible source of random integers (ChaCha with 8 rounds, whose output is the same on every machine).
#[derive(Clone)]
pub struct Rng(ChaCha8Rng);

impl Rng {
	/// The stream for one purpose of a run with this seed.
	pub fn new(seed: u64, stream: Stream) -> Self {
		let mut inner = ChaCha8Rng::seed_from_u64(seed);
		inner.set_stream(stream.number());
		Self(inner)
	}

	/// Uniform over all 64-bit numbers.
	pub fn word(&mut self) -> u64 {
		self.0.next_u64()
	}

	/// Uniform over `0..bound`, and 0 if `bound` is 0. The bias of the multiplication is below `bound / 2^64`.
	pub fn below(&mut self, bound: u64) -> u64 {
		((self.word() as u128 * bound as u128) >> 64) as u64
	}

	/// Uniform over `low..=high`, and `low` if `high < low`.
	pub fn between(&mut self, low: u64, high: u64) -> u64 {
		low + self.below(high.saturating_sub(low).saturating_add(1))
	}

	/// True in `parts` of a million cases.
	pub fn chance(&mut self, parts: u32) -> bool {
		parts > 0 && self.below(1_000_000) < parts as u64
	}

	/// One of the items, all alike; `None` of an empty slice.
	pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
		items.get(self.below(items.len() as u64) as usize)
	}

	/// Puts the items in random order (Fisher and Yates).
	pub fn shuffle<T>(&mut self, items: &mut [T]) {
		for last in (1..items.len()).rev() {
			items.swap(last, self.below(last as u64 + 1) as usize);
		}
	}

	/// The generator itself, for a library that asks for one.
	pub fn inner(&mut self) -> &mut ChaCha8Rng {
		&mut self.0
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn streams_repeat_and_differ() {
		let draw = |seed, stream| {
			(0..8)
				.map(|_| Rng::word(&mut Rng::new(seed, stream)))
				.collect::<Vec<_>>()
		};
		assert_eq!(draw(7, Stream::Network), draw(7, Stream::Network));
		assert_ne!(draw(7, Stream::Network), draw(7, Stream::Disk));
		assert_ne!(draw(7, Stream::Network), draw(8, Stream::Network));
		assert_ne!(draw(7, Stream::Node(1, 0)), draw(7, Stream::Node(1, 1)));
		assert_ne!(draw(7, Stream::Node(1, 0)), draw(7, Stream::Node(2, 0)));
	}

	#[test]
	fn draws_stay_in_range_and_reach_both_ends() {
		let mut rng = Rng::new(1, Stream::Faults);
		let draws: Vec<_> = (0..1_000).map(|_| rng.between(3, 6)).collect();
		assert_eq!(draws.iter().min(), Some(&3));
		assert_eq!(draws.iter().max(), Some(&6));
		assert_eq!(rng.between(5, 2), 5);
		assert_eq!(rng.below(0), 0);
		assert!(!rng.chance(0));
		assert!((0..100).all(|_| rng.chance(1_000_000)));
	}
}

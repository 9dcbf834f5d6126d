//! From measurements to the numbers that a weight is made of.

use frame_benchmarking::{
	Analysis, BenchmarkMetadata, BenchmarkParameter, BenchmarkResult, BenchmarkSelector,
};
use frame_support::traits::StorageInfo;

use crate::measure::{text, Results};

/// Proof bytes for the trie's nodes on the way to one item.
const NODES: u32 = 2_048;

/// Proof bytes for a value whose type has no bound: session keys and lists of them. The runtime's blocks have no limit of proof,
/// so nothing depends on it.
const UNBOUNDED: u32 = 16_384;

/// So much in any case, and so much for each unit of a component. What is zero is left out.
#[derive(Default)]
pub struct Line {
	pub base: u128,
	pub slopes: Vec<(String, u128)>,
}

impl Line {
	/// The larger one of two estimates for each number: by least squares, and by medians.
	fn through(results: &Vec<BenchmarkResult>, what: BenchmarkSelector) -> anyhow::Result<Self> {
		let Analysis {
			base, slopes, names, ..
		} = Analysis::max(results, what)?;
		Ok(Self {
			base,
			slopes: names
				.into_iter()
				.zip(slopes)
				.filter(|(_, slope)| *slope > 0)
				.collect(),
		})
	}

	/// The value where all components are at their highest.
	pub fn at_most(&self, components: &[(BenchmarkParameter, u32, u32)]) -> u128 {
		let slopes = self.slopes.iter().map(|(name, slope)| {
			let high = components
				.iter()
				.find(|(component, ..)| component.to_string() == *name)
				.map_or(0, |(_, _, high)| *high);
			slope.saturating_mul(high.into())
		});
		self.base.saturating_add(slopes.sum())
	}
}

/// What a benchmark costs.
pub struct Figures {
	pub name: String,
	/// The components with their ranges.
	pub components: Vec<(String, u32, u32)>,
	/// Picoseconds.
	pub time: Line,
	pub reads: Line,
	pub writes: Line,
	/// Bytes.
	pub proof: Line,
}

impl Figures {
	/// Draws lines through what was measured.
	pub fn new(
		benchmark: &BenchmarkMetadata,
		results: &Results,
		storage: &[StorageInfo],
	) -> anyhow::Result<Self> {
		let mut counts = results.counts.clone();
		for count in &mut counts {
			count.proof_size = proof_size(count, storage);
		}
		Ok(Self {
			name: text(&benchmark.name),
			components: benchmark
				.components
				.iter()
				.map(|(name, low, high)| (name.to_string(), *low, *high))
				.collect(),
			time: Line::through(&results.times, BenchmarkSelector::ExtrinsicTime)?,
			reads: Line::through(&counts, BenchmarkSelector::Reads)?,
			writes: Line::through(&counts, BenchmarkSelector::Writes)?,
			proof: Line::through(&counts, BenchmarkSelector::ProofSize)?,
		})
	}
}

/// A read's proof is counted as the largest value and the way to it: the trie that is measured is small.
fn proof_size(count: &BenchmarkResult, storage: &[StorageInfo]) -> u32 {
	count.keys.iter().fold(0, |sum: u32, (key, reads, ..)| {
		let item = storage.iter().find(|item| key.starts_with(&item.prefix));
		// What is no pallet's, such as the number of the extrinsic, is small.
		let value = item.map_or(0, |item| item.max_size.unwrap_or(UNBOUNDED));
		sum.saturating_add(reads.saturating_mul(value.saturating_add(NODES)))
	})
}

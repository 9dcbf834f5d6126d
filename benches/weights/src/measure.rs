//! At which points a benchmark is run, and what comes back.

use std::time::Duration;

use anyhow::{ensure, Context as _};
use frame_benchmarking::{
	BenchmarkConfig, BenchmarkList, BenchmarkMetadata, BenchmarkParameter, BenchmarkResult,
};

use crate::chain::{Chain, Purpose};

/// How often a benchmark is timed in one call of the runtime, at most: what it leaves behind in its memory goes with the call.
const AT_ONCE: u32 = 16;

/// What one benchmark came to.
pub struct Results {
	/// One for each point.
	pub counts: Vec<BenchmarkResult>,
	/// As many for each point as were asked for.
	pub times: Vec<BenchmarkResult>,
}

/// A name as text.
pub fn text(name: &[u8]) -> String {
	String::from_utf8_lossy(name).into_owned()
}

/// Runs a benchmark: at each point once to see that it does what it says, once to count, and `repeat` times to take the time.
pub fn run(
	chain: &Chain,
	pallet: &BenchmarkList,
	benchmark: &BenchmarkMetadata,
	steps: u32,
	repeat: u32,
) -> anyhow::Result<Results> {
	let mut results = Results {
		counts: Vec::new(),
		times: Vec::new(),
	};
	for point in points(&benchmark.components, steps) {
		let run = |purpose| at(chain, pallet, benchmark, &point, purpose);
		run(Purpose::Verify)?;
		results.counts.extend(run(Purpose::Count)?);
		results.times.extend(run(Purpose::Time(repeat))?);
	}
	Ok(results)
}

/// How long a benchmark takes that is done `count` times where all components are at their highest, each time from the start.
pub fn together(
	chain: &Chain,
	pallet: &BenchmarkList,
	benchmark: &BenchmarkMetadata,
	count: u32,
) -> anyhow::Result<Duration> {
	let point = highest(&benchmark.components);
	at(chain, pallet, benchmark, &point, Purpose::Verify)?;
	let mut nanoseconds = 0;
	let mut left = count;
	while left > 0 {
		let some = left.min(AT_ONCE);
		let results = at(chain, pallet, benchmark, &point, Purpose::Time(some))?;
		ensure!(
			results.len() == some as usize,
			"{} results of {some}",
			results.len()
		);
		nanoseconds += results.iter().map(|result| result.extrinsic_time).sum::<u128>();
		left -= some;
	}
	Ok(Duration::from_nanos(u64::try_from(nanoseconds)?))
}

/// Runs a benchmark at one point.
fn at(
	chain: &Chain,
	pallet: &BenchmarkList,
	benchmark: &BenchmarkMetadata,
	point: &[(BenchmarkParameter, u32)],
	purpose: Purpose,
) -> anyhow::Result<Vec<BenchmarkResult>> {
	let config = BenchmarkConfig {
		pallet: pallet.pallet.clone(),
		instance: pallet.instance.clone(),
		benchmark: benchmark.name.clone(),
		selected_components: point.to_vec(),
		..Default::default()
	};
	let run = || -> anyhow::Result<Vec<BenchmarkResult>> {
		let batches = chain.run(config, purpose)?;
		let results: Vec<_> = batches.into_iter().flat_map(|batch| batch.results).collect();
		// What the runtime skips is answered by nothing or by zeros, and would weigh nothing.
		ensure!(!results.is_empty(), "the runtime skipped it");
		ensure!(
			results.iter().all(|result| result.extrinsic_time > 0),
			"the runtime could not arrange it"
		);
		Ok(results)
	};
	run().with_context(|| format!("at {point:?}"))
}

/// All components at their highest.
fn highest(components: &[(BenchmarkParameter, u32, u32)]) -> Vec<(BenchmarkParameter, u32)> {
	components.iter().map(|(name, _, high)| (*name, *high)).collect()
}

/// Every component takes `steps` values from the lowest to the highest, while the others are at their highest.
fn points(components: &[(BenchmarkParameter, u32, u32)], steps: u32) -> Vec<Vec<(BenchmarkParameter, u32)>> {
	let highest = highest(components);
	if components.is_empty() {
		return vec![highest];
	}
	let mut points = Vec::new();
	for (place, (name, low, high)) in components.iter().enumerate() {
		let width = u64::from(high.saturating_sub(*low));
		let mut values: Vec<_> = (0..steps)
			.map(|step| low + (width * u64::from(step) / u64::from(steps - 1)) as u32)
			.collect();
		// A range may have fewer numbers.
		values.dedup();
		points.extend(values.into_iter().map(|value| {
			let mut point = highest.clone();
			point[place] = (*name, value);
			point
		}));
	}
	points
}

#[cfg(test)]
mod tests {
	use super::*;
	use BenchmarkParameter::{a, b};

	#[test]
	fn a_benchmark_without_components_has_one_point() {
		assert_eq!(points(&[], 10), vec![vec![]]);
	}

	#[test]
	fn each_component_goes_from_end_to_end() {
		assert_eq!(
			points(&[(a, 1, 9), (b, 0, 1)], 3),
			vec![
				vec![(a, 1), (b, 1)],
				vec![(a, 5), (b, 1)],
				vec![(a, 9), (b, 1)],
				vec![(a, 9), (b, 0)],
				vec![(a, 9), (b, 1)],
			]
		);
	}
}

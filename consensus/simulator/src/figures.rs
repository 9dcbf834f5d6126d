//! The paper's figures: throughput, latency, election time. CSV for the numbers, SVG for the eye.

use crate::{
	chart::{draw, Line},
	config::{Evaluation, Timeouts},
	cpu::CostTable,
	experiment::{Conditions, ProtocolName},
	parallel,
};
use anyhow::{Context, Result};
use serde::Serialize;
use std::{fmt::Write, fs, path::Path};

/// What a figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
	/// Figure 5, in megabytes per second.
	Throughput,
	/// Figure 6, in milliseconds.
	Latency,
	/// Figure 7 with the leader crashed, in milliseconds.
	Election,
	/// Figure 7 with `f` authorities crashed, the leader among them, in milliseconds.
	ElectionWithFaults,
}

impl Figure {
	const ALL: [Figure; 4] = [
		Figure::Throughput,
		Figure::Latency,
		Figure::Election,
		Figure::ElectionWithFaults,
	];

	fn file(self) -> &'static str {
		match self {
			Figure::Throughput => "fig5-throughput",
			Figure::Latency => "fig6-latency",
			Figure::Election => "fig7-election",
			Figure::ElectionWithFaults => "fig7-election-faults",
		}
	}

	fn title(self) -> &'static str {
		match self {
			Figure::Throughput => "Throughput",
			Figure::Latency => "Latency of a block",
			Figure::Election => "Election after the leader's crash",
			Figure::ElectionWithFaults => "Election with f crashed, the leader among them",
		}
	}

	fn unit(self) -> &'static str {
		match self {
			Figure::Throughput => "MB/s",
			_ => "ms",
		}
	}

	/// Elections carry small blocks; they are measured at the last bandwidth only.
	fn all_bandwidths(self) -> bool {
		matches!(self, Figure::Throughput | Figure::Latency)
	}
}

/// A point of a figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
	/// Which figure.
	pub figure: Figure,
	/// Name of the set of timeouts.
	pub timeouts: String,
	/// Name of the bandwidth.
	pub bandwidth: String,
	/// Name of the protocol.
	pub protocol: &'static str,
	/// Number of authorities.
	pub n: u32,
	/// Runs that came to a value.
	pub runs: usize,
	/// Runs that did not.
	pub failed: usize,
	/// Mean, in the figure's unit.
	pub mean: f64,
	/// Standard deviation of the runs.
	pub deviation: f64,
	/// Median.
	pub median: f64,
	/// Why a run failed, if one did.
	pub failure: Option<String>,
}

/// Where a point is measured.
struct Place<'a> {
	figure: Figure,
	timeouts: &'a Timeouts,
	bandwidth: usize,
	protocol: ProtocolName,
	n: u32,
}

/// Runs everything. `progress` is told how many of how many runs are done.
pub fn measure(
	evaluation: &Evaluation,
	costs: &CostTable,
	threads: usize,
	progress: impl Fn(usize, usize) + Sync,
) -> Vec<Point> {
	let mut places = Vec::new();
	for figure in Figure::ALL {
		for timeouts in &evaluation.timeouts {
			let last = evaluation.bandwidths.len().saturating_sub(1);
			let first = if figure.all_bandwidths() { 0 } else { last };
			for bandwidth in first..=last {
				for protocol in ProtocolName::ALL {
					for n in &evaluation.nodes {
						places.push(Place {
							figure,
							timeouts,
							bandwidth,
							protocol: *protocol,
							n: *n,
						});
					}
				}
			}
		}
	}
	let runs = evaluation.runs as usize;
	let count = places.len() * runs;
	let values = parallel::run(
		threads,
		count,
		|index| {
			value(
				evaluation,
				costs,
				&places[index / runs],
				evaluation.first_seed + (index % runs) as u64,
			)
		},
		|done| progress(done, count),
	);
	let points = places.iter().zip(values.chunks(runs));
	points
		.map(|(place, values)| point(evaluation, place, values))
		.collect()
}

/// One run's value in the figure's unit.
fn value(evaluation: &Evaluation, costs: &CostTable, place: &Place<'_>, seed: u64) -> Result<f64> {
	let Place {
		figure,
		timeouts,
		bandwidth,
		protocol,
		n,
	} = place;
	let bandwidth = &evaluation.bandwidths[*bandwidth];
	let conditions = Conditions {
		evaluation,
		costs,
		protocol: *protocol,
		timeouts,
		bandwidth,
		n: *n,
		seed,
	};
	Ok(match figure {
		Figure::Throughput => {
			let delivered = conditions.load(&evaluation.throughput)?;
			// Bytes per microsecond are megabytes per second.
			(delivered.blocks * evaluation.block_bytes) as f64 / delivered.span.max(1) as f64
		}
		Figure::Latency => conditions.load(&evaluation.latency)?.latency as f64 / 1_000.0,
		Figure::Election => conditions.election(false)? as f64 / 1_000.0,
		Figure::ElectionWithFaults => conditions.election(true)? as f64 / 1_000.0,
	})
}

fn point(evaluation: &Evaluation, place: &Place<'_>, results: &[Result<f64>]) -> Point {
	let mut values: Vec<f64> = results
		.iter()
		.filter_map(|result| result.as_ref().ok().copied())
		.collect();
	values.sort_by(f64::total_cmp);
	let count = values.len();
	let mean = values.iter().sum::<f64>() / count.max(1) as f64;
	let squares = values
		.iter()
		.map(|value| (value - mean) * (value - mean))
		.sum::<f64>();
	let median = match (values.get(count.wrapping_sub(1) / 2), values.get(count / 2)) {
		(Some(low), Some(high)) => (low + high) / 2.0,
		_ => 0.0,
	};
	Point {
		figure: place.figure,
		timeouts: place.timeouts.name.clone(),
		bandwidth: evaluation.bandwidths[place.bandwidth].name.clone(),
		protocol: place.protocol.title(),
		n: place.n,
		runs: count,
		failed: results.len() - count,
		mean,
		deviation: (squares / count.saturating_sub(1).max(1) as f64).sqrt(),
		median,
		failure: results
			.iter()
			.find_map(|result| result.as_ref().err().map(|error| format!("{error:#}"))),
	}
}

/// All points of a figure as CSV.
fn csv(evaluation: &Evaluation, figure: Figure, points: &[Point]) -> String {
	let unit = if figure == Figure::Throughput {
		"mb_per_s"
	} else {
		"ms"
	};
	let mut text =
		format!("timeouts,bandwidth,protocol,n,runs,failed,mean_{unit},deviation_{unit},median_{unit}");
	text.push_str(if figure == Figure::Throughput {
		",mean_transactions_per_s\n"
	} else {
		"\n"
	});
	for point in points.iter().filter(|point| point.figure == figure) {
		let Point {
			timeouts,
			bandwidth,
			protocol,
			n,
			runs,
			failed,
			mean,
			deviation,
			median,
			..
		} = point;
		// Writing to a String does not fail.
		let _ = write!(text, "{timeouts},{bandwidth},{protocol},{n},{runs},{failed}");
		if *runs == 0 {
			// No value is not zero.
			text.push_str(if figure == Figure::Throughput {
				",,,,\n"
			} else {
				",,,\n"
			});
			continue;
		}
		let _ = write!(text, ",{mean:.3},{deviation:.3},{median:.3}");
		if figure == Figure::Throughput {
			let _ = write!(
				text,
				",{:.1}",
				mean * 1_000_000.0 / evaluation.transaction_bytes as f64
			);
		}
		text.push('\n');
	}
	text
}

/// Writes a CSV file per figure and an SVG file per figure, bandwidth and set of timeouts; returns their names.
///
/// # Errors
///
/// If a file cannot be written.
pub fn write(evaluation: &Evaluation, points: &[Point], directory: &Path) -> Result<Vec<String>> {
	fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
	let mut names = Vec::new();
	let mut save = |name: String, text: &str| -> Result<()> {
		let path = directory.join(&name);
		fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
		names.push(name);
		Ok(())
	};
	for figure in Figure::ALL {
		save(format!("{}.csv", figure.file()), &csv(evaluation, figure, points))?;
		for timeouts in &evaluation.timeouts {
			for bandwidth in &evaluation.bandwidths {
				let lines: Vec<_> = ProtocolName::ALL
					.iter()
					.map(|protocol| Line {
						name: protocol.title().into(),
						points: points
							.iter()
							.filter(|point| point.figure == figure && point.protocol == protocol.title())
							.filter(|point| {
								point.timeouts == timeouts.name && point.bandwidth == bandwidth.name
							})
							.filter(|point| point.runs > 0)
							.map(|point| (point.n as f64, point.mean))
							.collect(),
					})
					.filter(|line| !line.points.is_empty())
					.collect();
				if lines.is_empty() {
					continue;
				}
				let title = format!(
					"{}, {}, timeouts: {}",
					figure.title(),
					bandwidth.name,
					timeouts.name
				);
				let name = format!(
					"{}-{}-{}.svg",
					figure.file(),
					plain(&bandwidth.name),
					plain(&timeouts.name)
				);
				save(name, &draw(&title, figure.unit(), &lines)?)?;
			}
		}
	}
	Ok(names)
}

/// A name as part of a file's.
fn plain(name: &str) -> String {
	name.chars()
		.filter(|c| *c != '/')
		.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
		.collect()
}

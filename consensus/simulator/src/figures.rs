//! The paper's figures: throughput, latency, election time; and two counts of ours, messages per block and attempts to
//! elect an honest leader. CSV for the numbers, SVG for the eye.

use crate::{
	chart::{draw, Line},
	config::{Bandwidth, Evaluation, Timeouts},
	cpu::CostTable,
	experiment::{expected_attempts, Conditions, ProtocolName},
	journal::{Journal, Outcome},
	parallel,
};
use anyhow::{Context, Result};
use blake2::{
	digest::{consts::U32, Digest},
	Blake2b,
};
use clap::ValueEnum;
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

/// What a figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
	/// Figure 5, in megabytes per second.
	Throughput,
	/// Messages of all nodes that name a block, per block, counted in the runs of [`Figure::Throughput`].
	Messages,
	/// All messages of all nodes per block, counted there too.
	AllMessages,
	/// Figure 6, in milliseconds.
	Latency,
	/// Figure 7 with the leader crashed, in milliseconds.
	Election,
	/// Figure 7 with `f` authorities crashed, the leader among them, in milliseconds.
	ElectionWithFaults,
	/// TD-Raft's attempts until an honest authority leads, `f` others standing early and doing nothing as leaders.
	Attempts,
}

impl Figure {
	/// All figures.
	pub const ALL: [Figure; 7] = [
		Figure::Throughput,
		Figure::Messages,
		Figure::AllMessages,
		Figure::Latency,
		Figure::Election,
		Figure::ElectionWithFaults,
		Figure::Attempts,
	];

	/// Name of its files, without what follows for charts.
	pub fn file(self) -> &'static str {
		match self {
			Figure::Throughput => "fig5-throughput",
			Figure::Messages => "messages",
			Figure::AllMessages => "messages-all",
			Figure::Latency => "fig6-latency",
			Figure::Election => "fig7-election",
			Figure::ElectionWithFaults => "fig7-election-faults",
			Figure::Attempts => "attempts",
		}
	}

	fn title(self) -> &'static str {
		match self {
			Figure::Throughput => "Throughput",
			Figure::Messages => "Messages per block",
			Figure::AllMessages => "All messages, per block",
			Figure::Latency => "Latency of a block",
			Figure::Election => "Election after the leader's crash",
			Figure::ElectionWithFaults => "Election with f crashed, the leader among them",
			Figure::Attempts => "Attempts to an honest leader",
		}
	}

	fn unit(self) -> &'static str {
		match self {
			Figure::Throughput => "MB/s",
			Figure::Messages | Figure::AllMessages => "messages",
			Figure::Latency | Figure::Election | Figure::ElectionWithFaults => "ms",
			Figure::Attempts => "attempts",
		}
	}

	/// Elections carry small blocks; they are measured at the last bandwidth only.
	fn bandwidths(self, evaluation: &Evaluation) -> &[Bandwidth] {
		let all = &evaluation.bandwidths;
		match self {
			Figure::Throughput | Figure::Messages | Figure::AllMessages | Figure::Latency => all,
			_ => all.get(all.len().saturating_sub(1)..).unwrap_or(all),
		}
	}

	fn protocols(self) -> &'static [ProtocolName] {
		match self {
			Figure::Attempts => &[ProtocolName::TdRaft],
			_ => ProtocolName::ALL,
		}
	}

	fn nodes(self, evaluation: &Evaluation) -> &[u32] {
		match self {
			Figure::Attempts => &evaluation.election.attempt_nodes,
			_ => &evaluation.nodes,
		}
	}
}

/// A point of a figure: a line of its CSV file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
	/// Which figure.
	pub figure: Figure,
	/// Name of the set of timeouts.
	pub timeouts: String,
	/// Name of the bandwidth.
	pub bandwidth: String,
	/// Name of the protocol.
	pub protocol: String,
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
	bandwidth: &'a Bandwidth,
	protocol: ProtocolName,
	n: u32,
}

impl Place<'_> {
	/// The name of a run here.
	fn run(&self, seed: u64) -> String {
		let Place {
			figure,
			timeouts,
			bandwidth,
			protocol,
			n,
		} = self;
		format!(
			"{},{},{},{},{n},{seed}",
			figure.file(),
			timeouts.name,
			bandwidth.name,
			protocol.title()
		)
	}
}

/// A hash of everything that a figure's values depend on besides the program: conditions and costs. How many runs, and at
/// which numbers of authorities, is not among it: that stands in the files.
pub fn conditions_hash(evaluation: &Evaluation, costs: &CostTable) -> Result<String> {
	let conditions = Evaluation {
		nodes: Vec::new(),
		runs: 0,
		about: String::new(),
		..evaluation.clone()
	};
	let text = serde_json::to_string(&(conditions, costs))?;
	let hash = Blake2b::<U32>::digest(text.as_bytes());
	Ok(hash.iter().take(8).fold(String::new(), |mut text, byte| {
		// Writing to a String does not fail.
		let _ = write!(text, "{byte:02x}");
		text
	}))
}

/// Runs everything that the figures named need, but for what the journal has, one seed after the other. `progress` is told
/// how many of how many runs are done.
///
/// # Errors
///
/// If the journal cannot be written.
pub fn measure(
	evaluation: &Evaluation,
	costs: &CostTable,
	wanted: &[Figure],
	threads: usize,
	journal: &RunJournal,
	progress: impl Fn(usize, usize) + Sync,
) -> Result<Vec<Point>> {
	let mut places = Vec::new();
	for figure in Figure::ALL {
		// Messages are counted where throughput is measured.
		let needed = match figure {
			Figure::Throughput => LOADED.iter().any(|figure| wanted.contains(figure)),
			Figure::Messages | Figure::AllMessages => false,
			_ => wanted.contains(&figure),
		};
		if !needed {
			continue;
		}
		for timeouts in &evaluation.timeouts {
			for bandwidth in figure.bandwidths(evaluation) {
				for protocol in figure.protocols() {
					for n in figure.nodes(evaluation) {
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
	let outcomes = parallel::run(
		threads,
		count,
		|index| {
			let place = &places[index % places.len()];
			let seed = evaluation.first_seed + (index / places.len()) as u64;
			let run = place.run(seed);
			if let Some(outcome) = journal.get(&run) {
				return Ok(outcome);
			}
			let outcome = values(evaluation, costs, place, seed).map_err(|error| format!("{error:#}"));
			journal.add(&run, &outcome).map(|()| outcome)
		},
		|done| progress(done, count),
	);
	let outcomes = outcomes.into_iter().collect::<Result<Vec<_>>>()?;
	let mut points: Vec<Point> = Vec::new();
	for (index, place) in places.iter().enumerate() {
		let values: Vec<_> = outcomes
			.iter()
			.skip(index)
			.step_by(places.len())
			.cloned()
			.collect();
		let values = &values;
		if place.figure == Figure::Throughput {
			for (index, figure) in LOADED.into_iter().enumerate() {
				points.push(point(place, figure, values, index));
			}
		} else {
			points.push(point(place, place.figure, values, 0));
		}
	}
	points.retain(|point| wanted.contains(&point.figure));
	Ok(points)
}

/// The figures whose values come from one and the same run, in the order of [`Values`].
const LOADED: [Figure; 3] = [Figure::Throughput, Figure::Messages, Figure::AllMessages];

/// A run's values in their figures' units; runs of one figure have one value.
type Values = [f64; LOADED.len()];

/// The journal of such runs.
pub type RunJournal = Journal<{ LOADED.len() }>;

fn values(evaluation: &Evaluation, costs: &CostTable, place: &Place<'_>, seed: u64) -> Result<Values> {
	let Place {
		figure,
		timeouts,
		bandwidth,
		protocol,
		n,
	} = place;
	let conditions = Conditions {
		evaluation,
		costs,
		protocol: *protocol,
		timeouts,
		bandwidth,
		n: *n,
		seed,
	};
	let value = match figure {
		Figure::Throughput | Figure::Messages | Figure::AllMessages => {
			let delivered = conditions.load(&evaluation.throughput)?;
			// Bytes per microsecond are megabytes per second.
			let bytes = (delivered.blocks * evaluation.block_bytes) as f64;
			let throughput = bytes / delivered.span.max(1) as f64;
			return Ok([throughput, delivered.messages, delivered.all_messages]);
		}
		Figure::Latency => conditions.load(&evaluation.latency)?.latency as f64 / 1_000.0,
		Figure::Election => conditions.election(false)? as f64 / 1_000.0,
		Figure::ElectionWithFaults => conditions.election(true)? as f64 / 1_000.0,
		Figure::Attempts => conditions.attempts()? as f64,
	};
	Ok([value, 0.0, 0.0])
}

fn point(place: &Place<'_>, figure: Figure, results: &[Outcome<{ LOADED.len() }>], index: usize) -> Point {
	let mut values: Vec<f64> = results
		.iter()
		.filter_map(|result| result.as_ref().ok().map(|values| values[index]))
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
		figure,
		timeouts: place.timeouts.name.clone(),
		bandwidth: place.bandwidth.name.clone(),
		protocol: place.protocol.title().to_owned(),
		n: place.n,
		runs: count,
		failed: results.len() - count,
		mean,
		deviation: (squares / count.saturating_sub(1).max(1) as f64).sqrt(),
		median,
		failure: results.iter().find_map(|result| result.as_ref().err().cloned()),
	}
}

/// First line of every CSV file. Values are in the figure's unit; `conditions` is the [`conditions_hash`].
const HEADER: &str = "timeouts,bandwidth,protocol,n,runs,failed,mean,deviation,median,expected,conditions";

/// All points of a figure as CSV. A point without a value has none; only attempts have an expected one.
fn csv(figure: Figure, points: &[Point], conditions: &str) -> String {
	let mut text = format!("{HEADER}\n");
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
		let _ = match runs {
			0 => write!(text, ",,,"),
			_ => write!(text, ",{mean:.3},{deviation:.3},{median:.3}"),
		};
		let _ = match figure {
			Figure::Attempts => writeln!(text, ",{:.3},{conditions}", expected_attempts(*n)),
			_ => writeln!(text, ",,{conditions}"),
		};
	}
	text
}

/// Reads the CSV file of a figure; its conditions have to be those given.
///
/// # Errors
///
/// If the file cannot be read, a line is not as [`write()`] makes it, or it was made under other conditions.
pub fn read(figure: Figure, directory: &Path, conditions: &str) -> Result<Vec<Point>> {
	let path = directory.join(format!("{}.csv", figure.file()));
	let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
	let mut lines = text.lines();
	anyhow::ensure!(
		lines.next() == Some(HEADER),
		"{}: another first line than {HEADER}",
		path.display()
	);
	lines
		.map(|line| parse(figure, line, conditions).with_context(|| format!("{}: {line}", path.display())))
		.collect()
}

/// The conditions with those numbers of authorities only at which every figure that is made at all of them has points.
pub fn measured(evaluation: &Evaluation, points: &[Point]) -> Evaluation {
	let everywhere = || {
		Figure::ALL
			.into_iter()
			.filter(|figure| *figure != Figure::Attempts)
	};
	let mut evaluation = evaluation.clone();
	evaluation.nodes.retain(|n| {
		everywhere().all(|figure| points.iter().any(|point| point.figure == figure && point.n == *n))
	});
	evaluation
}

fn parse(figure: Figure, line: &str, conditions: &str) -> Result<Point> {
	let fields: Vec<_> = line.split(',').collect();
	let [timeouts, bandwidth, protocol, n, runs, failed, mean, deviation, median, _, made_under] =
		fields.as_slice()
	else {
		anyhow::bail!("eleven fields are expected");
	};
	anyhow::ensure!(
		*made_under == conditions,
		"made under other conditions or costs than the present ones ({conditions}): run `simulate figures` again"
	);
	let runs = runs.parse()?;
	let value = |text: &str| match runs {
		0 => Ok(0.0),
		_ => text.parse::<f64>(),
	};
	Ok(Point {
		figure,
		timeouts: (*timeouts).into(),
		bandwidth: (*bandwidth).into(),
		protocol: (*protocol).into(),
		n: n.parse()?,
		runs,
		failed: failed.parse()?,
		mean: value(mean)?,
		deviation: value(deviation)?,
		median: value(median)?,
		failure: None,
	})
}

/// Writes a CSV file per figure measured, and an SVG file per figure, bandwidth and set of timeouts; returns their names.
///
/// # Errors
///
/// If a file cannot be written.
pub fn write(
	evaluation: &Evaluation,
	costs: &CostTable,
	points: &[Point],
	directory: &Path,
) -> Result<Vec<String>> {
	fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
	let conditions = conditions_hash(evaluation, costs)?;
	let mut names = Vec::new();
	let mut save = |name: String, text: &str| -> Result<()> {
		let path = directory.join(&name);
		fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
		names.push(name);
		Ok(())
	};
	for figure in Figure::ALL {
		if !points.iter().any(|point| point.figure == figure) {
			continue;
		}
		save(
			format!("{}.csv", figure.file()),
			&csv(figure, points, &conditions),
		)?;
		for timeouts in &evaluation.timeouts {
			for bandwidth in &evaluation.bandwidths {
				let lines = lines(figure, points, &timeouts.name, &bandwidth.name);
				if lines.is_empty() {
					continue;
				}
				let title = format!(
					"{}, {}, timeouts: {}",
					figure.title(),
					bandwidth.name,
					timeouts.name
				);
				let name = chart_name(figure, &bandwidth.name, &timeouts.name);
				save(name, &draw(&title, "authorities", figure.unit(), &lines)?)?;
			}
		}
	}
	Ok(names)
}

/// The lines of a chart: one per protocol, the means over the number of authorities.
fn lines(figure: Figure, points: &[Point], timeouts: &str, bandwidth: &str) -> Vec<Line> {
	let mut lines: BTreeMap<usize, Line> = BTreeMap::new();
	let of_chart = |point: &&Point| {
		point.figure == figure && point.timeouts == timeouts && point.bandwidth == bandwidth && point.runs > 0
	};
	for point in points.iter().filter(of_chart) {
		let order = ProtocolName::ALL
			.iter()
			.position(|name| name.title() == point.protocol);
		let line = lines.entry(order.unwrap_or(usize::MAX)).or_insert_with(|| Line {
			name: point.protocol.clone(),
			points: Vec::new(),
		});
		line.points.push((f64::from(point.n), point.mean));
		if figure == Figure::Attempts {
			let expected = lines.entry(usize::MAX).or_insert_with(|| Line {
				name: "expected".into(),
				points: Vec::new(),
			});
			expected
				.points
				.push((f64::from(point.n), expected_attempts(point.n)));
		}
	}
	lines.into_values().collect()
}

/// The file name of a chart.
pub fn chart_name(figure: Figure, bandwidth: &str, timeouts: &str) -> String {
	format!("{}-{}-{}.svg", figure.file(), plain(bandwidth), plain(timeouts))
}

/// A name as part of a file's.
fn plain(name: &str) -> String {
	name.chars()
		.filter(|c| *c != '/')
		.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	fn sample(runs: usize) -> Point {
		Point {
			figure: Figure::Latency,
			timeouts: "ours".into(),
			bandwidth: "1 Gbit/s".into(),
			protocol: "PBFT".into(),
			n: 10,
			runs,
			failed: 2,
			mean: if runs > 0 { 12.5 } else { 0.0 },
			deviation: if runs > 0 { 0.25 } else { 0.0 },
			median: if runs > 0 { 12.0 } else { 0.0 },
			failure: None,
		}
	}

	/// What is written is read back, points without a value too; other conditions and mutilated lines are refused.
	#[test]
	fn a_file_is_read_as_it_was_written() {
		let points = [sample(3), sample(0)];
		let text = csv(Figure::Latency, &points, "ab12");
		let lines: Vec<_> = text.lines().skip(1).collect();
		for (line, point) in lines.iter().zip(&points) {
			assert_eq!(&parse(Figure::Latency, line, "ab12").expect("a line"), point);
			assert!(parse(Figure::Latency, line, "ab13").is_err(), "other conditions");
			assert!(parse(Figure::Latency, &line[..line.len() / 2], "ab12").is_err());
		}
		assert_eq!(lines.len(), 2);
	}

	/// A run in two parts comes to what one run comes to, and does nothing twice.
	#[test]
	fn parts_make_a_whole() {
		let mut evaluation = Evaluation::parse(Evaluation::DEFAULT).expect("a valid file");
		evaluation.election.attempt_nodes = vec![4];
		let costs = CostTable {
			trapdoor: Some(Default::default()),
			..CostTable::free()
		};
		let path = std::env::temp_dir().join(format!("veilmart-parts-{}", std::process::id()));
		let _ = fs::remove_file(&path);
		let mut measure = |runs, journal: &RunJournal| {
			evaluation.runs = runs;
			measure(&evaluation, &costs, &[Figure::Attempts], 2, journal, |_, _| ()).expect("points")
		};
		let open = || RunJournal::open(&path, "ab").expect("a journal");
		let lines = || fs::read_to_string(&path).expect("a file").lines().count();
		measure(2, &open());
		let part = lines();
		let whole = measure(3, &open());
		assert_eq!(lines() - 1, (part - 1) / 2 * 3, "one more run per point");
		assert_eq!(measure(3, &RunJournal::none()), whole);
		assert_eq!(whole[0].runs, 3);
		fs::remove_file(&path).expect("it was made here");
	}

	/// Costs and conditions change the hash; the number of runs and of authorities does not.
	#[test]
	fn the_hash_is_of_what_matters() {
		let evaluation = Evaluation::parse(Evaluation::DEFAULT).expect("a valid file");
		let hash = |evaluation: &Evaluation, costs: &CostTable| {
			conditions_hash(evaluation, costs).expect("conditions have a text")
		};
		let costs = CostTable::free();
		let before = hash(&evaluation, &costs);
		let fewer = Evaluation {
			runs: 3,
			nodes: vec![10],
			..evaluation.clone()
		};
		assert_eq!(hash(&fewer, &costs), before);
		let other = Evaluation {
			block_bytes: 1,
			..evaluation.clone()
		};
		assert_ne!(hash(&other, &costs), before);
		let slower = CostTable { sign: 1, ..costs };
		assert_ne!(hash(&evaluation, &slower), before);
	}
}

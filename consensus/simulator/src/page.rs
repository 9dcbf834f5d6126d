//! The tables of the evaluation's page: everything that is a number there comes from the files that were measured.
//!
//! The page has sections between `<!-- begin: NAME -->` and `<!-- end: NAME -->`; what stands between is replaced. A
//! verdict (kept, missed) is computed here, too, so that no sentence of the page can stay behind the figures.

use crate::{
	chart::{draw, Line},
	clock::Micros,
	config::{Bandwidth, Evaluation, Timeouts},
	cpu::CostTable,
	experiment::{expected_attempts, ProtocolName},
	figures::{self, chart_name, conditions_hash, Figure, Point},
	replica::byzantine_bound,
};
use anyhow::{bail, ensure, Context, Result};
use serde::Deserialize;
use std::{fmt::Write, fs, path::Path};

mod conditions;

/// What the paper reports.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paper {
	about: String,
	source: String,
	throughput_order: Vec<String>,
	election_crosses_raft_at: u32,
	encrypt_2048_ms: f64,
	decrypt_2048_ms: f64,
}

/// What the benchmark of Paillier's scheme wrote.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paillier {
	cpu: String,
	rows: Vec<PaillierRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PaillierRow {
	bits: u32,
	operation: String,
	samples: u32,
	mean_us: f64,
	median_us: f64,
	deviation_us: f64,
}

/// Everything that the page is made from.
struct Data<'a> {
	evaluation: &'a Evaluation,
	costs: &'a CostTable,
	points: Vec<Point>,
	paper: Paper,
	paillier: Paillier,
	folder: String,
	/// How many numbers of authorities the conditions ask for.
	asked: usize,
}

/// Where TD-Raft's throughput has to be within this part of Raft's.
const NEAR_RAFT: f64 = 0.1;
/// How many times PBFT's throughput is asked for at the largest number of authorities.
const TIMES_PBFT: f64 = 3.0;
/// Network delays within which, besides timeouts, an election is to be over.
const DELAYS: u64 = 10;

/// The page with its sections filled, and the chart of Figure 4 drawn, from the files in `directory`.
///
/// # Errors
///
/// If a file is missing, malformed or made under other conditions, or the page lacks a mark or has an unknown one.
pub fn fill(page: &str, evaluation: &Evaluation, costs: &CostTable, directory: &Path) -> Result<String> {
	let conditions = conditions_hash(evaluation, costs)?;
	let mut points = Vec::new();
	for figure in Figure::ALL {
		points.extend(figures::read(figure, directory, &conditions)?);
	}
	let folder = directory
		.file_name()
		.context("the directory of the files has no name")?;
	let measured = figures::measured(evaluation, &points);
	let data = Data {
		asked: evaluation.nodes.len(),
		evaluation: &measured,
		costs,
		points,
		paper: json(directory, "paper.json")?,
		paillier: json(directory, "paillier.json")?,
		folder: folder.to_string_lossy().into_owned(),
	};
	let mut out = String::new();
	let mut rest = page;
	while let Some(at) = rest.find(BEGIN) {
		let after = &rest[at + BEGIN.len()..];
		let name = &after[..after.find(CLOSE).context("a mark is not closed")?];
		let end = format!("{END}{name}{CLOSE}");
		let until = after.find(&end).with_context(|| format!("no {end}"))?;
		out.push_str(&rest[..at]);
		let _ = write!(
			out,
			"{BEGIN}{name}{CLOSE}\n\n{}\n\n{end}",
			data.section(name)?.trim_end()
		);
		rest = &after[until + end.len()..];
	}
	out.push_str(rest);
	Ok(out)
}

const BEGIN: &str = "<!-- begin: ";
const END: &str = "<!-- end: ";
const CLOSE: &str = " -->";

/// The chart of Figure 4.
///
/// # Errors
///
/// If the benchmark's file cannot be read.
pub fn figure_4(directory: &Path) -> Result<String> {
	let paillier: Paillier = json(directory, "paillier.json")?;
	let line = |operation: &str| Line {
		name: operation.to_owned(),
		points: paillier
			.rows
			.iter()
			.filter(|row| row.operation == operation)
			.map(|row| (f64::from(row.bits), row.median_us / 1_000.0))
			.collect(),
	};
	let lines = [
		"encrypt, original",
		"encrypt, lightweight, no tables",
		"encrypt, lightweight",
		"decrypt, by definition",
		"decrypt",
	]
	.map(line);
	draw("Encryption and decryption", "bits of the modulus", "ms", &lines)
}

fn json<T: for<'a> Deserialize<'a>>(directory: &Path, name: &str) -> Result<T> {
	let path = directory.join(name);
	let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
	serde_json::from_str(&text).with_context(|| format!("{}", path.display()))
}

/// A table in Markdown.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
	let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
	for row in rows {
		let _ = writeln!(text, "| {} |", row.join(" | "));
	}
	text
}

fn kept(kept: bool) -> &'static str {
	["**missed**", "kept"][usize::from(kept)]
}

/// A number with as many digits as say something.
fn digits(value: f64) -> String {
	match value.abs() {
		size if size >= 100.0 => format!("{value:.0}"),
		size if size >= 10.0 => format!("{value:.1}"),
		_ => format!("{value:.2}"),
	}
}

fn times(ratio: Option<f64>) -> String {
	ratio.map_or("–".into(), |ratio| format!("{ratio:.2}"))
}

impl Data<'_> {
	fn section(&self, name: &str) -> Result<String> {
		Ok(match name {
			"conditions" => self.conditions(),
			"costs" => self.costs(),
			"aims" => self.aims(),
			"figure 5" => self.figure_5(),
			"figure 6" => self.figure_6(),
			"messages" => self.messages(),
			"heartbeats" => self.heartbeats(),
			"figure 7" => self.figure_7(),
			"attempts" => self.attempts(),
			"paper" => self.beside_the_paper(),
			"table 1" => self.table_1()?,
			_ => bail!("the page has a section {name:?}, which nobody knows"),
		})
	}

	fn point(
		&self,
		figure: Figure,
		timeouts: &Timeouts,
		bandwidth: &Bandwidth,
		protocol: ProtocolName,
		n: u32,
	) -> Option<&Point> {
		let mut points = self.points.iter();
		points.find(|point| {
			point.figure == figure
				&& point.timeouts == timeouts.name
				&& point.bandwidth == bandwidth.name
				&& point.protocol == protocol.title()
				&& point.n == n
				&& point.runs > 0
		})
	}

	fn mean(
		&self,
		figure: Figure,
		timeouts: &Timeouts,
		bandwidth: &Bandwidth,
		protocol: ProtocolName,
		n: u32,
	) -> Option<f64> {
		Some(self.point(figure, timeouts, bandwidth, protocol, n)?.mean)
	}

	fn ratio(
		&self,
		timeouts: &Timeouts,
		bandwidth: &Bandwidth,
		above: ProtocolName,
		below: ProtocolName,
		n: u32,
	) -> Option<f64> {
		let value = |protocol| self.mean(Figure::Throughput, timeouts, bandwidth, protocol, n);
		Some(value(above)? / value(below)?)
	}

	/// The bandwidth of elections.
	fn last_bandwidth(&self) -> &Bandwidth {
		// The conditions are checked: there is one.
		&self.evaluation.bandwidths[self.evaluation.bandwidths.len() - 1]
	}

	fn most(&self) -> u32 {
		self.evaluation.nodes.iter().max().copied().unwrap_or(0)
	}

	/// What the leader's uplink allows if every byte of it is a transaction, in megabytes per second.
	fn uplink_bound(&self, bandwidth: &Bandwidth, n: u32) -> f64 {
		bandwidth.bits_per_second as f64 / 8e6 / f64::from(n.saturating_sub(1).max(1))
	}

	fn chart(&self, figure: Figure, bandwidth: &Bandwidth, timeouts: &Timeouts) -> String {
		let name = chart_name(figure, &bandwidth.name, &timeouts.name);
		format!(
			"[{}, timeouts \"{}\"]({}/{name})",
			bandwidth.name, timeouts.name, self.folder
		)
	}

	fn aims(&self) -> String {
		let mut rows = Vec::new();
		for timeouts in &self.evaluation.timeouts {
			for bandwidth in &self.evaluation.bandwidths {
				let nodes = &self.evaluation.nodes;
				let near = |n: &&u32| {
					self.ratio(timeouts, bandwidth, ProtocolName::TdRaft, ProtocolName::Raft, **n)
						.is_some_and(|ratio| ratio >= 1.0 - NEAR_RAFT)
				};
				let count = nodes.iter().filter(near).count();
				rows.push(vec![
					format!("TD-Raft's throughput within {:.0} % of Raft's", NEAR_RAFT * 100.0),
					format!("{}, \"{}\"", bandwidth.name, timeouts.name),
					format!("at {count} of {} numbers of authorities", nodes.len()),
					kept(count == nodes.len()).into(),
				]);
			}
		}
		for timeouts in &self.evaluation.timeouts {
			for bandwidth in &self.evaluation.bandwidths {
				let n = self.most();
				let ratio = self.ratio(timeouts, bandwidth, ProtocolName::TdRaft, ProtocolName::Pbft, n);
				let bound = self
					.mean(Figure::Throughput, timeouts, bandwidth, ProtocolName::Pbft, n)
					.map(|pbft| self.uplink_bound(bandwidth, n) / pbft);
				rows.push(vec![
					format!("at least {TIMES_PBFT:.0} times PBFT's throughput, n = {n}"),
					format!("{}, \"{}\"", bandwidth.name, timeouts.name),
					format!(
						"{} times; the leader's uplink allows {} times at most",
						times(ratio),
						times(bound)
					),
					kept(ratio.is_some_and(|ratio| ratio >= TIMES_PBFT)).into(),
				]);
			}
		}
		for (figure, what) in [
			(Figure::Election, "one crashed leader"),
			(Figure::ElectionWithFaults, "f crashed, stated only"),
		] {
			for timeouts in &self.evaluation.timeouts {
				let within = |n: &&u32| {
					self.point(figure, timeouts, self.last_bandwidth(), ProtocolName::TdRaft, **n)
						.is_some_and(|point| point.median <= self.election_bound(timeouts, **n))
				};
				let count = self.evaluation.nodes.iter().filter(within).count();
				let all = self.evaluation.nodes.len();
				rows.push(vec![
					format!("median election within its bound: {what}"),
					format!("\"{}\"", timeouts.name),
					format!("at {count} of {all} numbers of authorities"),
					kept(count == all).into(),
				]);
			}
		}
		for timeouts in &self.evaluation.timeouts {
			let per_peer = |n: u32| {
				self.mean(
					Figure::Messages,
					timeouts,
					self.last_bandwidth(),
					ProtocolName::TdRaft,
					n,
				)
				.map(|messages| messages / f64::from(n.saturating_sub(1).max(1)))
			};
			let all: Option<Vec<_>> = self.evaluation.nodes.iter().map(|n| per_peer(*n)).collect();
			let all = all.unwrap_or_default();
			let least = all.iter().copied().fold(f64::INFINITY, f64::min);
			let most = all.iter().copied().fold(0.0, f64::max);
			rows.push(vec![
				"messages per block linear in n".into(),
				format!("{}, \"{}\"", self.last_bandwidth().name, timeouts.name),
				format!(
					"{} to {} per other authority, repetitions included",
					digits(least),
					digits(most)
				),
				"see below".into(),
			]);
		}
		table(&["aim", "where", "measured", ""], &rows)
	}

	fn figure_5(&self) -> String {
		let mut text = String::new();
		for timeouts in &self.evaluation.timeouts {
			for bandwidth in &self.evaluation.bandwidths {
				let value = |protocol, n| {
					self.mean(Figure::Throughput, timeouts, bandwidth, protocol, n)
						.map_or("no value".into(), digits)
				};
				let row = |n: &u32| {
					vec![
						n.to_string(),
						digits(self.uplink_bound(bandwidth, *n)),
						value(ProtocolName::Raft, *n),
						value(ProtocolName::TdRaft, *n),
						value(ProtocolName::Pbft, *n),
						times(self.ratio(timeouts, bandwidth, ProtocolName::TdRaft, ProtocolName::Raft, *n)),
						times(self.ratio(timeouts, bandwidth, ProtocolName::TdRaft, ProtocolName::Pbft, *n)),
					]
				};
				let rows: Vec<_> = self.evaluation.nodes.iter().map(row).collect();
				let head = [
					"n",
					"uplink allows",
					"Raft",
					"TD-Raft",
					"PBFT",
					"TD-Raft / Raft",
					"TD-Raft / PBFT",
				];
				let chart = self.chart(Figure::Throughput, bandwidth, timeouts);
				let _ = writeln!(text, "{chart}, MB/s:\n\n{}", table(&head, &rows));
			}
		}
		text
	}

	/// One table per set of timeouts, with a column per bandwidth and protocol.
	fn over_bandwidths(&self, figure: Figure, unit: &str) -> String {
		let mut text = String::new();
		for timeouts in &self.evaluation.timeouts {
			let columns: Vec<_> = self
				.evaluation
				.bandwidths
				.iter()
				.flat_map(|bandwidth| {
					ProtocolName::ALL
						.iter()
						.map(move |protocol| (bandwidth, *protocol))
				})
				.collect();
			let names: Vec<_> = columns
				.iter()
				.map(|(bandwidth, protocol)| format!("{}, {}", protocol.title(), bandwidth.name))
				.collect();
			let head: Vec<_> = std::iter::once("n")
				.chain(names.iter().map(String::as_str))
				.collect();
			let row = |n: &u32| {
				let values = columns.iter().map(|(bandwidth, protocol)| {
					self.mean(figure, timeouts, bandwidth, *protocol, *n)
						.map_or("no value".into(), digits)
				});
				std::iter::once(n.to_string()).chain(values).collect()
			};
			let rows: Vec<_> = self.evaluation.nodes.iter().map(row).collect();
			let charts: Vec<_> = self
				.evaluation
				.bandwidths
				.iter()
				.map(|bandwidth| self.chart(figure, bandwidth, timeouts))
				.collect();
			let _ = writeln!(
				text,
				"Timeouts \"{}\", {unit} ({}):\n\n{}",
				timeouts.name,
				charts.join("; "),
				table(&head, &rows)
			);
		}
		text
	}

	fn figure_6(&self) -> String {
		self.over_bandwidths(Figure::Latency, "ms")
	}

	fn messages(&self) -> String {
		let bandwidth = self.last_bandwidth();
		let mut text = String::new();
		for timeouts in &self.evaluation.timeouts {
			let row = |n: &u32| {
				let peers = f64::from(n.saturating_sub(1).max(1));
				let mut row = vec![n.to_string()];
				for protocol in ProtocolName::ALL {
					let mean = self.mean(Figure::Messages, timeouts, bandwidth, *protocol, *n);
					row.push(mean.map_or("no value".into(), digits));
					row.push(mean.map_or("–".into(), |mean| digits(mean / peers)));
				}
				let all = self.mean(Figure::AllMessages, timeouts, bandwidth, ProtocolName::TdRaft, *n);
				row.push(all.map_or("no value".into(), digits));
				row
			};
			let rows: Vec<_> = self.evaluation.nodes.iter().map(row).collect();
			let head = [
				"n",
				"Raft",
				"Raft / (n-1)",
				"TD-Raft",
				"TD-Raft / (n-1)",
				"PBFT",
				"PBFT / (n-1)",
				"TD-Raft, all",
			];
			let chart = self.chart(Figure::Messages, bandwidth, timeouts);
			let _ = writeln!(text, "{chart}:\n\n{}", table(&head, &rows));
		}
		text
	}

	/// `election_timeout + spread/2 + vote_delay` and ten of the longest delays, in milliseconds.
	fn election_bound(&self, timeouts: &Timeouts, n: u32) -> f64 {
		let links = self.evaluation.links(self.last_bandwidth());
		let timing = timeouts.td_raft(n, self.evaluation.election.block_bytes, &links);
		let delays: Micros = DELAYS * links.longest_delay();
		f64::from(timing.election_timeout)
			+ f64::from(timing.spread) / 2.0
			+ f64::from(timing.vote_delay)
			+ delays as f64 / 1_000.0
	}

	fn figure_7(&self) -> String {
		let bandwidth = self.last_bandwidth();
		let mut text = String::new();
		for figure in [Figure::Election, Figure::ElectionWithFaults] {
			for timeouts in &self.evaluation.timeouts {
				let row = |n: &u32| {
					let mut row = vec![n.to_string()];
					for protocol in ProtocolName::ALL {
						let mean = self.mean(figure, timeouts, bandwidth, *protocol, *n);
						row.push(mean.map_or("no value".into(), digits));
					}
					let median = self
						.point(figure, timeouts, bandwidth, ProtocolName::TdRaft, *n)
						.map(|point| point.median);
					let bound = self.election_bound(timeouts, *n);
					row.push(median.map_or("no value".into(), digits));
					row.push(digits(bound));
					row.push(kept(median.is_some_and(|median| median <= bound)).into());
					row
				};
				let rows: Vec<_> = self.evaluation.nodes.iter().map(row).collect();
				let head = ["n", "Raft", "TD-Raft", "PBFT", "TD-Raft, median", "its bound", ""];
				let what = match figure {
					Figure::Election => "The leader crashes",
					_ => "f crash, the leader among them",
				};
				let chart = self.chart(figure, bandwidth, timeouts);
				let _ = writeln!(text, "{what}; {chart}; means in ms:\n\n{}", table(&head, &rows));
			}
		}
		text
	}

	fn attempts(&self) -> String {
		let bandwidth = self.last_bandwidth();
		let mut rows = Vec::new();
		for timeouts in &self.evaluation.timeouts {
			for n in &self.evaluation.election.attempt_nodes {
				let point = self.point(Figure::Attempts, timeouts, bandwidth, ProtocolName::TdRaft, *n);
				let expected = expected_attempts(*n);
				let mut row = vec![
					timeouts.name.clone(),
					n.to_string(),
					byzantine_bound(*n).to_string(),
					format!("{expected:.2}"),
				];
				match point {
					Some(point) => {
						let error = point.deviation / (point.runs as f64).sqrt();
						row.push(format!("{:.2} ± {error:.2}", point.mean));
						row.push(point.runs.to_string());
						row.push(point.failed.to_string());
					}
					None => row.extend(["no value".into(), "0".into(), "all".into()]),
				}
				rows.push(row);
			}
		}
		table(
			&[
				"timeouts",
				"n",
				"f",
				"expected, n/(n-f)",
				"measured, with its standard error",
				"runs",
				"without a leader in time",
			],
			&rows,
		)
	}

	/// Numbers of authorities at which the protocols' throughput is in the paper's order.
	fn in_order(&self, timeouts: &Timeouts, bandwidth: &Bandwidth) -> usize {
		let title = |name: &String| {
			ProtocolName::ALL
				.iter()
				.copied()
				.find(|protocol| protocol.title() == name)
		};
		let order: Vec<_> = self.paper.throughput_order.iter().filter_map(title).collect();
		let in_order = |n: &&u32| {
			let value = |protocol| self.mean(Figure::Throughput, timeouts, bandwidth, protocol, **n);
			order.windows(2).all(|pair| value(pair[0]) > value(pair[1]))
		};
		self.evaluation.nodes.iter().filter(in_order).count()
	}

	/// The least number of authorities from which on TD-Raft's elections take longer than Raft's on average.
	fn crossing(&self, figure: Figure, timeouts: &Timeouts) -> Option<u32> {
		let longer = |n: &&u32| {
			let value = |protocol| self.mean(figure, timeouts, self.last_bandwidth(), protocol, **n);
			value(ProtocolName::TdRaft) > value(ProtocolName::Raft)
		};
		let nodes = &self.evaluation.nodes;
		let shorter = nodes.iter().rposition(|n| !longer(&n)).map_or(0, |at| at + 1);
		nodes.get(shorter).copied()
	}

	fn beside_the_paper(&self) -> String {
		let mut rows = Vec::new();
		let nodes = self.evaluation.nodes.len();
		for timeouts in &self.evaluation.timeouts {
			for bandwidth in &self.evaluation.bandwidths {
				rows.push(vec![
					format!("Fig. 5: throughput {}", self.paper.throughput_order.join(" > ")),
					format!("{}, \"{}\"", bandwidth.name, timeouts.name),
					format!(
						"this order at {} of {nodes} numbers of authorities",
						self.in_order(timeouts, bandwidth)
					),
				]);
			}
		}
		for (figure, what) in [
			(Figure::Election, "the leader crashed"),
			(Figure::ElectionWithFaults, "f crashed"),
		] {
			for timeouts in &self.evaluation.timeouts {
				let crossing = self.crossing(figure, timeouts);
				rows.push(vec![
					format!(
						"Fig. 7: TD-Raft's elections take longer than Raft's from about {} authorities on",
						self.paper.election_crosses_raft_at
					),
					format!("{what}, \"{}\"", timeouts.name),
					crossing.map_or("not up to the most".into(), |n| format!("from {n} on")),
				]);
			}
		}
		format!(
			"Source: {}\n\n{}\n\n{}",
			self.paper.source,
			self.paper.about,
			table(&["the paper", "where", "here"], &rows)
		)
	}

	fn table_1(&self) -> Result<String> {
		let row = |row: &PaillierRow| {
			let reported = match (row.bits, row.operation.as_str()) {
				(2048, "encrypt, lightweight") => digits(self.paper.encrypt_2048_ms),
				(2048, "decrypt") => digits(self.paper.decrypt_2048_ms),
				_ => String::new(),
			};
			let milli = |micro: f64| match micro {
				micro if micro < 10_000.0 => format!("{:.3}", micro / 1_000.0),
				micro => digits(micro / 1_000.0),
			};
			vec![
				row.bits.to_string(),
				row.operation.clone(),
				milli(row.median_us),
				milli(row.mean_us),
				milli(row.deviation_us),
				row.samples.to_string(),
				reported,
			]
		};
		ensure!(!self.paillier.rows.is_empty(), "paillier.json has no rows");
		let median = |operation: &str| {
			let mut rows = self.paillier.rows.iter();
			rows.find(|row| row.bits == 2048 && row.operation == operation)
				.map(|row| row.median_us)
				.with_context(|| format!("paillier.json has no {operation:?} of 2048 bits"))
		};
		let original = median("encrypt, original")?;
		let ratio = original / median("encrypt, lightweight")?;
		let bare = original / median("encrypt, lightweight, no tables")?;
		let rows: Vec<_> = self.paillier.rows.iter().map(row).collect();
		let head = [
			"bits",
			"operation",
			"median, ms",
			"mean, ms",
			"deviation, ms",
			"samples",
			"the paper, ms",
		];
		Ok(format!(
			"Processor: {}. [Chart]({}/fig4-paillier.svg).\n\n{}\nWith 2048 bits the lightweight scheme encrypts {} times as fast \
			 as the original one with tables, {} times without.\n",
			self.paillier.cpu,
			self.folder,
			table(&head, &rows),
			digits(ratio),
			digits(bare)
		))
	}
}

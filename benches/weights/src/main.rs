//! Measures the benchmarks of our pallets and writes their weights; or measures whether blocks that are full by these weights
//! are executed in the time that they may take.
//!
//! The runtime runs as nodes run it: as wasm, compiled, with the node's host functions, from the genesis of the preset
//! `development`; only its database is in memory. What a benchmark does is in the pallet's `benchmarking.rs`. Here is how often
//! it is done and what becomes of the figures.

mod blocks;
mod chain;
mod figures;
mod measure;
mod source;

use std::{fs, io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::{bail, Context as _};
use clap::{error::ErrorKind, value_parser, CommandFactory as _, Parser};
use frame_benchmarking::BenchmarkList;

use crate::{chain::Chain, figures::Figures};

/// Measure the benchmarks of a pallet and write its weights
///
/// Progress and what fails goes to standard error. A file is written only if every benchmark ran.
#[derive(Parser)]
#[command(
	version,
	after_help = "Example:\n  \
	veilmart-weights --pallet pallet-ecommerce --steps 5 --repeat 11 --output pallets/ecommerce/src/weights.rs\n  \
	veilmart-weights --blocks\n\n\
	Exit status: 0 if all went well, 1 if a benchmark or a file failed or a block takes too long, 2 for wrong usage."
)]
struct Options {
	/// Print pallets and benchmarks with the ranges of their components, and measure nothing
	#[arg(long)]
	list: bool,

	/// Measure blocks as full of each call as its weight allows, of all pallets or of one, and write no weights
	#[arg(long, conflicts_with_all = ["list", "output", "steps", "repeat"])]
	blocks: bool,

	/// The pallet, such as `pallet-ecommerce`
	#[arg(long, required_unless_present_any = ["list", "blocks"])]
	pallet: Option<String>,

	/// How many values each component takes, the ends of its range included
	#[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(2..))]
	steps: u32,

	/// How often each value is timed
	#[arg(long, default_value_t = 11, value_parser = value_parser!(u32).range(1..))]
	repeat: u32,

	/// The file to write; without it, standard output
	#[arg(long)]
	output: Option<PathBuf>,
}

/// Shows what the runtime has to say when it fails.
struct Logger;

impl log::Log for Logger {
	fn enabled(&self, metadata: &log::Metadata) -> bool {
		metadata.level() <= log::Level::Warn
	}

	fn log(&self, record: &log::Record) {
		if self.enabled(record.metadata()) {
			eprintln!("{}: {}", record.target(), record.args());
		}
	}

	fn flush(&self) {}
}

fn main() -> ExitCode {
	let options = Options::parse();
	if log::set_logger(&Logger).is_ok() {
		log::set_max_level(log::LevelFilter::Warn);
	}
	match run(&options) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("error: {error:#}");
			ExitCode::FAILURE
		}
	}
}

fn run(options: &Options) -> anyhow::Result<()> {
	let chain = Chain::development()?;
	let all = chain.benchmarks()?;
	let pallets = chosen(all.clone(), options.pallet.as_deref());
	if options.list {
		return list(&pallets);
	}
	if options.blocks {
		return blocks::measure(&chain, &all, &pallets);
	}
	let mut source = String::new();
	for pallet in &pallets {
		let figures = measured(&chain, pallet, options)?;
		source.push_str(&source::of(
			&measure::text(&pallet.pallet),
			&figures,
			options.steps,
			options.repeat,
		));
	}
	match &options.output {
		Some(path) => {
			fs::write(path, source).with_context(|| format!("{} cannot be written", path.display()))
		}
		None => std::io::stdout()
			.write_all(source.as_bytes())
			.context("standard output"),
	}
}

/// The pallet of this name, or all. A crate's name is written with hyphens, too.
fn chosen(mut pallets: Vec<BenchmarkList>, name: Option<&str>) -> Vec<BenchmarkList> {
	let Some(name) = name else { return pallets };
	let known: Vec<_> = pallets
		.iter()
		.map(|pallet| measure::text(&pallet.pallet).replace('_', "-"))
		.collect();
	pallets.retain(|pallet| pallet.pallet == name.replace('-', "_").as_bytes());
	if pallets.is_empty() {
		let message = format!(
			"no pallet {name} has benchmarks; there are: {}\n",
			known.join(", ")
		);
		Options::command().error(ErrorKind::InvalidValue, message).exit()
	}
	pallets
}

fn list(pallets: &[BenchmarkList]) -> anyhow::Result<()> {
	let mut out = std::io::stdout().lock();
	for pallet in pallets {
		for benchmark in &pallet.benchmarks {
			let ranges: String = benchmark
				.components
				.iter()
				.map(|(name, low, high)| format!(" {name}={low}..={high}"))
				.collect();
			let (pallet, name) = (measure::text(&pallet.pallet), measure::text(&benchmark.name));
			writeln!(out, "{pallet}::{name}{ranges}")?;
		}
	}
	Ok(())
}

/// The figures of every benchmark of the pallet. One that fails does not keep the others from being tried.
fn measured(chain: &Chain, pallet: &BenchmarkList, options: &Options) -> anyhow::Result<Vec<Figures>> {
	let storage = chain.storage()?;
	let mut all = Vec::new();
	let mut failed = Vec::new();
	for (number, benchmark) in pallet.benchmarks.iter().enumerate() {
		let name = measure::text(&benchmark.name);
		let figures = measure::run(chain, pallet, benchmark, options.steps, options.repeat)
			.and_then(|results| Figures::new(benchmark, &results, &storage));
		match figures {
			Ok(figures) => {
				let micros = figures.time.at_most(&benchmark.components) / 1_000_000;
				eprintln!("{}/{} {name}: {micros} µs", number + 1, pallet.benchmarks.len());
				all.push(figures);
			}
			Err(error) => {
				eprintln!("{}/{} {name}: FAILED", number + 1, pallet.benchmarks.len());
				failed.push(format!("{name}: {error:#}"));
			}
		}
	}
	if !failed.is_empty() {
		bail!(
			"{} of {} benchmarks failed, nothing is written:\n  {}",
			failed.len(),
			pallet.benchmarks.len(),
			failed.join("\n  ")
		);
	}
	Ok(all)
}

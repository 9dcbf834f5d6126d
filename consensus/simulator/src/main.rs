//! The command line of the simulator.

use anyhow::{bail, ensure, Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use serde_json::json;
use std::{
	path::{Path, PathBuf},
	process::ExitCode,
	sync::atomic::{AtomicUsize, Ordering},
};
use veilmart_simulator::{
	chaos::{self, Outcome},
	config::Evaluation,
	costs,
	cpu::CostTable,
	figures::{self, conditions_hash, Figure, Point, RunJournal},
	page, parallel,
};
use veilmart_td_raft_core::Mutants;

/// TD-Raft beside Raft and PBFT in virtual time.
///
/// Exit codes: 0 if all is well, 1 if a guarantee broke or a run came to nothing, 2 if the command line or a file
/// makes no sense.
#[derive(Parser)]
#[command(
	name = "simulate",
	version,
	after_help = "Examples:
  simulate chaos --seeds 1000                 a thousand seeds, four and seven authorities
  simulate run --protocol pbft --seed 17      one of them again, with its trace
  simulate costs > costs.json                 what work costs on this machine
  simulate figures --output figures --runs 5  quick figures of the evaluation
  simulate figures --output docs/evaluation   those of the page; then
  simulate page                               its tables"
)]
struct Arguments {
	#[command(subcommand)]
	command: Command,
	/// Prints JSON instead of text.
	#[arg(long, global = true)]
	json: bool,
}

#[derive(Subcommand)]
enum Command {
	/// Runs random faults, one schedule per seed; prints seed and trace of every run that breaks a guarantee.
	Chaos {
		/// How many seeds.
		#[arg(long, default_value_t = 100)]
		seeds: u64,
		/// The first of them.
		#[arg(long, default_value_t = 0)]
		first_seed: u64,
		/// Numbers of authorities.
		#[arg(long, value_delimiter = ',', default_value = "4,7", value_parser = clap::value_parser!(u32).range(2..=18))]
		nodes: Vec<u32>,
		/// Protocols.
		#[arg(long, value_enum, value_delimiter = ',', default_value = "td-raft,raft,pbft")]
		protocol: Vec<Name>,
		/// Runs every seed twice and compares the traces.
		#[arg(long)]
		twice: bool,
		/// Threads; one per processor unless given.
		#[arg(long)]
		threads: Option<usize>,
	},
	/// Runs one seed of chaos and prints its trace.
	Run {
		/// The protocol.
		#[arg(long, value_enum)]
		protocol: Name,
		/// The seed.
		#[arg(long)]
		seed: u64,
		/// Number of authorities.
		#[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=18))]
		nodes: u32,
		/// Lines of the trace to print, the last ones.
		#[arg(long, default_value_t = 10_000)]
		trace: usize,
	},
	/// Measures what work costs on this machine and prints it as JSON. Run it alone.
	Costs {
		/// A directory on the disk to measure.
		#[arg(long, default_value = ".")]
		directory: PathBuf,
	},
	/// Makes the figures of the evaluation: CSV and SVG.
	Figures {
		/// The conditions; those that come with the simulator unless given.
		#[arg(long)]
		config: Option<PathBuf>,
		/// The costs; those that come with the simulator unless given.
		#[arg(long)]
		costs: Option<PathBuf>,
		/// Directory for the files; made if it does not exist.
		#[arg(long, default_value = "figures")]
		output: PathBuf,
		/// Runs per point instead of those in the conditions.
		#[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
		runs: Option<u32>,
		/// Numbers of authorities instead of those in the conditions; attempts are counted at those of them at which the
		/// conditions have them counted.
		#[arg(long, value_delimiter = ',')]
		nodes: Option<Vec<u32>>,
		/// A file for what each run came to: a measurement that was stopped goes on where it was, with the same program.
		#[arg(long)]
		journal: Option<PathBuf>,
		/// Figures to make; all unless given.
		#[arg(long, value_enum, value_delimiter = ',')]
		figure: Vec<Figure>,
		/// Threads; one per processor unless given.
		#[arg(long)]
		threads: Option<usize>,
	},
	/// Fills the tables of the evaluation's page, between its marks, from the files that `figures` and the benchmark of
	/// Paillier's scheme made.
	Page {
		/// The page.
		#[arg(default_value = "docs/evaluation.md")]
		page: PathBuf,
		/// Directory of the files; the page's name without its ending unless given.
		#[arg(long)]
		data: Option<PathBuf>,
		/// Changes nothing; says whether the page is as it would be.
		#[arg(long)]
		check: bool,
	},
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
	Raft,
	Pbft,
	TdRaft,
}

impl Name {
	fn run(self, seed: u64, n: u32, lines: Option<usize>) -> Outcome {
		match self {
			Name::Raft => chaos::run_with_trace(chaos::raft(n, seed), seed, n, lines),
			Name::Pbft => chaos::run_with_trace(chaos::pbft(n, seed), seed, n, lines),
			Name::TdRaft => {
				chaos::run_with_trace(chaos::td_raft(n, seed, Mutants::default()), seed, n, lines)
			}
		}
	}
}

/// The costs that come with the simulator.
const COSTS: &str = include_str!("../costs.json");

fn main() -> ExitCode {
	let arguments = Arguments::parse();
	match execute(arguments) {
		Ok(true) => ExitCode::SUCCESS,
		Ok(false) => ExitCode::FAILURE,
		Err(error) => {
			eprintln!("error: {error:#}");
			ExitCode::from(2)
		}
	}
}

/// Whether all is well.
fn execute(Arguments { command, json }: Arguments) -> Result<bool> {
	match command {
		Command::Chaos {
			seeds,
			first_seed,
			nodes,
			protocol,
			twice,
			threads,
		} => {
			let Some(last) = first_seed.checked_add(seeds) else {
				bail!("seeds beyond the largest number")
			};
			let runs: Vec<_> = (first_seed..last)
				.flat_map(|seed| nodes.iter().map(move |n| (seed, *n)))
				.flat_map(|(seed, n)| protocol.iter().map(move |name| (seed, n, *name)))
				.collect();
			Ok(run_chaos(
				&runs,
				twice,
				threads.unwrap_or_else(parallel::threads),
				json,
			))
		}
		Command::Run {
			protocol,
			seed,
			nodes,
			trace,
		} => {
			let outcome = protocol.run(seed, nodes, Some(trace));
			if json {
				println!("{}", outcome_json(&outcome));
			} else {
				outcome.trace.iter().for_each(|line| println!("{line}"));
				println!("{outcome}\ntrace {}", outcome.hash);
			}
			Ok(outcome.violation.is_none())
		}
		Command::Costs { directory } => {
			let table = costs::measure(&directory, |what| eprintln!("measuring: {what}"))?;
			println!("{}", serde_json::to_string_pretty(&table)?);
			Ok(true)
		}
		Command::Figures {
			config,
			costs,
			output,
			runs,
			nodes,
			journal,
			figure,
			threads,
		} => {
			let conditions = Evaluation::parse(&read_or(config.as_deref(), Evaluation::DEFAULT)?)?;
			let mut evaluation = conditions.clone();
			evaluation.runs = runs.unwrap_or(evaluation.runs);
			if let Some(nodes) = nodes {
				evaluation.election.attempt_nodes.retain(|n| nodes.contains(n));
				evaluation.nodes = nodes;
			}
			// What the command line changed is checked like the file.
			let evaluation = Evaluation::parse(&serde_json::to_string(&evaluation)?)?;
			let table: CostTable =
				serde_json::from_str(&read_or(costs.as_deref(), COSTS)?).context("the table of costs")?;
			// The table that comes along may be a stand-in that nobody measured: it has no trapdoor.
			ensure!(
				table.has_trapdoor(),
				"the costs were not measured: see `simulate costs`, then --costs"
			);
			let wanted = if figure.is_empty() {
				Figure::ALL.to_vec()
			} else {
				figure
			};
			let threads = threads.unwrap_or_else(parallel::threads);
			let journal = match journal {
				Some(path) => RunJournal::open(&path, &conditions_hash(&conditions, &table)?)?,
				None => RunJournal::none(),
			};
			let progress = |done: usize, count: usize| {
				if done.is_multiple_of((count / 50).max(1)) {
					eprintln!("{done} of {count} runs");
				}
			};
			let points = figures::measure(&evaluation, &table, &wanted, threads, &journal, progress)?;
			let failed = report_failures(&points);
			let names = figures::write(&conditions, &table, &points, &output)?;
			if json {
				println!("{}", serde_json::to_string_pretty(&points)?);
			} else {
				names
					.iter()
					.for_each(|name| println!("{}", output.join(name).display()));
			}
			Ok(!failed)
		}
		Command::Page { page, data, check } => {
			let data = data.unwrap_or_else(|| page.with_extension(""));
			let text =
				std::fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
			let costs = serde_json::from_str(COSTS).context("the table of costs")?;
			let filled = page::fill(&text, &Evaluation::parse(Evaluation::DEFAULT)?, &costs, &data)?;
			let chart = (data.join("fig4-paillier.svg"), page::figure_4(&data)?);
			let mut current = true;
			for (path, text) in [(page, filled), chart] {
				if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
					continue;
				}
				if check {
					eprintln!("{} is out of date: `simulate page`", path.display());
					current = false;
				} else {
					std::fs::write(&path, text)
						.with_context(|| format!("cannot write {}", path.display()))?;
				}
			}
			Ok(current)
		}
	}
}

fn read_or(path: Option<&Path>, default: &str) -> Result<String> {
	match path {
		Some(path) => {
			std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
		}
		None => Ok(default.to_owned()),
	}
}

fn outcome_json(outcome: &Outcome) -> serde_json::Value {
	json!({
		"protocol": outcome.protocol,
		"seed": outcome.seed,
		"nodes": outcome.n,
		"blocks": outcome.blocks,
		"leaders": outcome.leaders,
		"trace_hash": outcome.hash,
		"violation": outcome.violation.as_ref().map(ToString::to_string),
	})
}

fn run_chaos(runs: &[(u64, u32, Name)], twice: bool, threads: usize, json: bool) -> bool {
	let failures = AtomicUsize::new(0);
	let step = (runs.len() / 20).max(1);
	// A trace takes half of the time. Where nobody reads its hash, only what failed is run again with one.
	let first = (twice || json).then_some(chaos::LINES);
	let outcomes = parallel::run(
		threads,
		runs.len(),
		|index| {
			let (seed, n, name) = runs[index];
			let mut outcome = name.run(seed, n, first);
			if outcome.violation.is_some() && first.is_none() {
				outcome = name.run(seed, n, Some(chaos::LINES));
			}
			let differs = twice && name.run(seed, n, first).hash != outcome.hash;
			if differs || outcome.violation.is_some() {
				failures.fetch_add(1, Ordering::Relaxed);
			}
			(outcome, differs)
		},
		|done| {
			if done.is_multiple_of(step) {
				eprintln!(
					"{done} of {} runs, {} failed",
					runs.len(),
					failures.load(Ordering::Relaxed)
				);
			}
		},
	);
	for (outcome, differs) in &outcomes {
		if json {
			println!("{}", outcome_json(outcome));
		} else if outcome.violation.is_some() {
			outcome.trace.iter().for_each(|line| println!("  {line}"));
			println!("{outcome}");
		}
		if *differs {
			println!(
				"{}, n = {}, seed {}: two runs differ",
				outcome.protocol, outcome.n, outcome.seed
			);
		}
	}
	let failed = failures.load(Ordering::Relaxed);
	if !json {
		let blocks: u64 = outcomes.iter().map(|(outcome, _)| outcome.blocks).sum();
		let leaders: usize = outcomes.iter().map(|(outcome, _)| outcome.leaders).sum();
		println!(
			"{} runs, {failed} failed, {blocks} blocks final, {leaders} leaders",
			runs.len()
		);
	}
	failed == 0
}

/// Says which runs came to nothing, and why; whether there were any.
fn report_failures(points: &[Point]) -> bool {
	let failed: Vec<_> = points.iter().filter(|point| point.failed > 0).collect();
	for point in &failed {
		let why = point.failure.as_deref().unwrap_or_default();
		eprintln!(
			"{} of {} runs failed: {:?}, {}, n = {}, {}, timeouts {}: {why}",
			point.failed,
			point.failed + point.runs,
			point.figure,
			point.protocol,
			point.n,
			point.bandwidth,
			point.timeouts
		);
	}
	!failed.is_empty()
}

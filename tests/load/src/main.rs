//! Puts load on a network of nodes and says how it held out: `make load`.
//!
//! Four scenarios: how long a transfer takes ([`latency`]), how many transfers become final ([`transfers`]), how many
//! confidential purchases are completed ([`purchases`]), what a killed leader costs ([`failover`]). Each starts four
//! authorities on this machine, or takes nodes that run: `latency` and `transfers` any node of the SDK with balances, so that
//! another consensus can be measured with the same command.
//!
//! It is no test of correctness under load, but it accounts for everything that it sends: what is lost, or differs at the end
//! from what was sent, is a failure.

mod client;
mod crowd;
mod extrinsic;
mod failover;
mod figures;
mod follow;
mod latency;
mod network;
mod purchases;
mod trade;
mod transfers;

use std::{pin::pin, process::ExitCode};

use clap::{Parser, Subcommand};
use veilmart_cli::{
	error::{Error, Result},
	output::{Format, Output, Report},
};
use veilmart_demo_parts::process;

use crate::{network::Network, transfers::Load};

/// Load on a network, and figures.
#[derive(Debug, Parser)]
#[command(name = "veilmart-load", version)]
#[command(after_help = "\
EXAMPLES:
  veilmart-load latency
  veilmart-load transfers --seconds 60
  veilmart-load --json transfers --rate 660
  veilmart-load transfers --at-least 660
  veilmart-load --url ws://127.0.0.1:9944 --url ws://127.0.0.1:9945 transfers
  veilmart-load purchases --pairs 64 --each 30
  veilmart-load failover --times 5

EXIT STATUS: 0 everything that was sent is final and as it should be, 1 something failed, was lost or differs, or there was less
in a second than --at-least asks for, 2 wrong usage.
Progress goes to the standard error.")]
struct Arguments {
	/// WebSocket address of a node that runs; several times for several. Without one, four authorities are started.
	#[arg(long, global = true, value_name = "URL")]
	url: Vec<String>,

	/// An option for the nodes that are started, such as --node-option=--pool-limit=20000; several times for several.
	#[arg(long, global = true, value_name = "OPTION", allow_hyphen_values = true)]
	node_option: Vec<String>,

	/// Keep the folder with the nodes' databases and logs, and say where it is.
	#[arg(long, global = true)]
	keep: bool,

	/// Print the result as JSON.
	#[arg(long, global = true)]
	json: bool,

	/// What to measure.
	#[command(subcommand)]
	scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
	/// From submission to final, at light load: transfers to all nodes in turn
	#[command(after_help = "EXAMPLE:\n  veilmart-load latency --rate 2 --seconds 60")]
	Latency {
		/// Transfers in a second.
		#[arg(long, default_value_t = 2.0, value_parser = positive)]
		rate: f64,
		/// For how long.
		#[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
		seconds: u64,
	},

	/// Balance transfers in a second that become final
	#[command(after_help = "EXAMPLES:\n  veilmart-load transfers\n  veilmart-load transfers --rate 660")]
	Transfers {
		/// Transfers in a second, whatever becomes of them; without it, as many as the network makes final.
		#[arg(long, value_parser = positive)]
		rate: Option<f64>,
		/// For how long.
		#[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
		seconds: u64,
		/// Accounts that send. Each sends up to --each transfers, so together they have to suffice for the whole time.
		#[arg(long, default_value_t = 600, value_parser = at_least_one)]
		accounts: usize,
		/// Transfers of each account; the chain's quota is 200 in a minute.
		#[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..))]
		each: u32,
		/// Transfers on their way at a time, without --rate.
		#[arg(long, default_value_t = 2_000, value_parser = at_least_one)]
		window: usize,
		/// Fail if fewer are final in a second, on average.
		#[arg(long, value_name = "RATE", value_parser = positive)]
		at_least: Option<f64>,
	},

	/// Confidential purchases in a second, from quote to confirm, with proofs made beforehand
	#[command(after_help = "EXAMPLE:\n  veilmart-load purchases --pairs 64 --each 30")]
	Purchases {
		/// Buyers, and sellers, who trade in pairs: so many purchases are under way at a time.
		#[arg(long, default_value_t = 64, value_parser = at_least_one)]
		pairs: usize,
		/// Purchases that are prepared for each pair.
		#[arg(long, default_value_t = 30, value_parser = at_least_one)]
		each: usize,
		/// For how long.
		#[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
		seconds: u64,
		/// Fail if fewer are final in a second, on average.
		#[arg(long, value_name = "RATE", value_parser = positive)]
		at_least: Option<f64>,
	},

	/// What a killed leader costs, at light load; only on a network of our own
	#[command(after_help = "EXAMPLE:\n  veilmart-load failover --times 5")]
	Failover {
		/// How often the leader is killed.
		#[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
		times: u32,
		/// Transfers in a second.
		#[arg(long, default_value_t = 4.0, value_parser = positive)]
		rate: f64,
	},
}

fn positive(text: &str) -> Result<f64, String> {
	let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
	if number > 0.0 && number.is_finite() {
		Ok(number)
	} else {
		Err("not above zero".into())
	}
}

fn at_least_one(text: &str) -> Result<usize, String> {
	match text.parse() {
		Ok(0) => Err("not above zero".into()),
		Ok(number) => Ok(number),
		Err(_) => Err("not a number".into()),
	}
}

#[tokio::main]
async fn main() -> ExitCode {
	let arguments = Arguments::parse();
	let format = if arguments.json {
		Format::Json
	} else {
		Format::Text
	};
	let output = Output::new(format);
	match run(&arguments).await {
		Ok((report, good)) => {
			output.report(&report);
			if good {
				ExitCode::SUCCESS
			} else {
				ExitCode::FAILURE
			}
		}
		Err(error) => {
			output.error(&error);
			ExitCode::from(error.exit_code())
		}
	}
}

async fn run(arguments: &Arguments) -> Result<(Report, bool)> {
	check(arguments)?;
	let stopped = process::stop_signals().map_err(|error| Error::node(error.to_string()))?;
	let mut stopped = pin!(stopped);
	let open = Network::open(&arguments.url, &arguments.node_option, arguments.keep);
	let mut network = tokio::select! {
		network = open => network?,
		// The nodes that run already end with what is dropped here.
		() = &mut stopped => return Err(Error::node("Stopped.")),
	};
	let outcome = tokio::select! {
		outcome = measure(&mut network, &arguments.scenario) => outcome,
		() = &mut stopped => Err(Error::node("Stopped.")),
	};
	if let (Err(_), Some(words)) = (&outcome, network.last_words()) {
		eprintln!("The nodes' last words:\n{words}");
	}
	network.close().await?;
	outcome
}

/// What cannot be meant, before anything is started.
fn check(arguments: &Arguments) -> Result<()> {
	match arguments.scenario {
		Scenario::Failover { .. } if !arguments.url.is_empty() => Err(Error::usage(
			"The leader is killed only in a network of our own, so --url cannot be given.",
		)),
		Scenario::Purchases { pairs, each, .. }
			if pairs > purchases::MOST_PAIRS || each > purchases::MOST_EACH =>
		{
			Err(Error::usage(format!(
				"The chain's quotas allow {} pairs with {} purchases each.",
				purchases::MOST_PAIRS,
				purchases::MOST_EACH
			)))
		}
		_ => Ok(()),
	}
}

async fn measure(network: &mut Network, scenario: &Scenario) -> Result<(Report, bool)> {
	match *scenario {
		Scenario::Latency { rate, seconds } => latency::run(network, rate, seconds).await,
		Scenario::Transfers {
			rate,
			seconds,
			accounts,
			each,
			window,
			at_least,
		} => {
			let load = Load {
				accounts,
				each,
				seconds,
				rate,
				window,
				at_least,
			};
			transfers::run(network, load).await
		}
		Scenario::Purchases {
			pairs,
			each,
			seconds,
			at_least,
		} => purchases::run(network, pairs, each, seconds, at_least).await,
		Scenario::Failover { times, rate } => failover::run(network, times, rate).await,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::CommandFactory;

	fn checked(words: &[&str]) -> Result<(), String> {
		let words = [&["veilmart-load"], words].concat();
		let arguments = Arguments::try_parse_from(words).map_err(|error| error.to_string())?;
		check(&arguments).map_err(|error| error.to_string())
	}

	#[test]
	fn the_command_line_makes_sense_and_its_examples_parse() {
		Arguments::command().debug_assert();
		let help = Arguments::command().render_long_help().to_string();
		let examples: Vec<_> = help
			.lines()
			.filter_map(|line| line.trim().strip_prefix("veilmart-load "))
			.collect();
		assert!(examples.len() >= 5, "{help}");
		for example in examples {
			let words: Vec<_> = example.split_whitespace().collect();
			assert_eq!(checked(&words), Ok(()), "{example}");
		}
	}

	#[test]
	fn what_cannot_be_meant_is_refused_before_anything_starts() {
		for words in [
			&["--url", "ws://127.0.0.1:9944", "failover"][..],
			&["purchases", "--pairs", "200"],
			&["purchases", "--each", "1000"],
			&["transfers", "--rate", "0"],
			&["transfers", "--accounts", "0"],
			&["purchases", "--at-least", "0"],
			&["latency", "--at-least", "1"],
			&["latency", "--rate", "NaN"],
		] {
			assert!(checked(words).is_err(), "{words:?}");
		}
	}
}

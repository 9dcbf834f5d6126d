//! Real retail orders on a running chain: what `make demo` runs.
//!
//! Makes a certificate authority's key, starts four authorities on a chain with that key, certifies everybody, issues money,
//! replays order lines of a real shop through quote, order, accept, ship, confirm and collect, kills the authority that leads in
//! the middle of it, and compares every balance with plain arithmetic. Tries to cheat twice. The second part shows what happens
//! when trade goes wrong. Fails if anything differs.

use clap::Parser;
use std::{error::Error, process::ExitCode, time::Instant};
use veilmart_cli::{
	ca,
	chain::Chain,
	keystore::{self, PassphraseSource},
	output::Counter,
};
use veilmart_confidential::PARAMETER_SET;
use veilmart_demo_parts::{
	aftermath::{self, Authority},
	cheats, market, process, report,
	retail::{self, OrderLine, Skipped},
};

/// The passphrase of all files: a demo has no secrets.
const PASSPHRASE: &str = "a demo has no secrets";

/// Real retail orders on a running chain.
#[derive(Parser)]
#[command(after_help = "Example:\n  veilmart-demo --orders 100")]
struct Arguments {
	/// How many order lines to replay.
	#[arg(long, default_value_t = 20)]
	orders: usize,
	/// Keep the folder with the node's log and the key, and say where it is.
	#[arg(long)]
	keep: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
	let arguments = Arguments::parse();
	match run(&arguments).await {
		Ok(true) => ExitCode::SUCCESS,
		Ok(false) => {
			eprintln!("The demo found a difference.");
			ExitCode::FAILURE
		}
		Err(error) => {
			eprintln!("The demo failed: {error}");
			ExitCode::FAILURE
		}
	}
}

async fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
	let (lines, skipped) = retail::orders(arguments.orders)?;
	let folder = tempfile::Builder::new().prefix("veilmart-demo-").tempdir()?;
	let mut steps = report::Steps::default();

	println!(
		"1. The certificate authority makes a key of {} bits.",
		PARAMETER_SET.modulus_bits()
	);
	let start = Instant::now();
	let mut progress = Counter::new("candidates for safe primes");
	let secret = ca::generate_key(PARAMETER_SET, &mut || progress.step());
	progress.finish();
	let files = ca::write(&secret, folder.path(), &PassphraseSource::known(PASSPHRASE))?;
	steps.add("key ceremony", start);

	println!("2. Four authorities start on a chain with that key and elect a leader.");
	let start = Instant::now();
	let specification = folder.path().join("chain.json");
	process::export_specification("local", &files.public, &specification).await?;
	let (mut network, chain, url) = process::Network::start(&specification, folder.path()).await?;
	steps.add("specification and network", start);

	let passphrase_file = folder.path().join("passphrase");
	keystore::write_new(&passphrase_file, PASSPHRASE.as_bytes())?;
	let authority = Authority {
		secret: &secret,
		folder: folder.path(),
		passphrase_file: &passphrase_file,
	};
	let outcome = both_parts(
		(&mut network, &url),
		&chain,
		&authority,
		(&lines, &skipped),
		&mut steps,
	)
	.await;
	let log = network.last_words();
	network.stop().await?;
	if arguments.keep {
		println!("Kept: {}", folder.keep().display());
	}
	match outcome {
		Ok(agree) => {
			report::print_times(&steps);
			Ok(agree)
		}
		Err(error) => Err(format!("{error}\nThe nodes' last words:\n{log}").into()),
	}
}

/// Plays both parts, prints what came out of each as soon as it has ended, and gives whether all is as it should be.
async fn both_parts(
	(network, url): (&mut process::Network, &str),
	chain: &Chain,
	authority: &Authority<'_>,
	(lines, skipped): (&[OrderLine], &Skipped),
	steps: &mut report::Steps,
) -> Result<bool, Box<dyn Error>> {
	println!("3. Issuer, sellers and customers get their certificates.");
	let start = Instant::now();
	let mut market = market::Market::open(chain, lines).await?;
	steps.add("certificates", start);

	let ended = trade((network, url), &mut market, authority, lines, steps).await?;
	report::print(&ended, skipped);
	let start = Instant::now();
	let findings = aftermath::play(&mut market, url, authority, steps).await?;
	steps.add("the second part, all", start);
	report::print_findings(&findings);
	Ok(ended.agrees() && findings.agree())
}

async fn trade(
	(network, url): (&mut process::Network, &str),
	market: &mut market::Market,
	authority: &Authority<'_>,
	lines: &[OrderLine],
	steps: &mut report::Steps,
) -> Result<report::Ended, Box<dyn Error>> {
	println!("4. The sellers list what will be ordered; the issuer issues money.");
	let start = Instant::now();
	market.list(lines).await?;
	steps.add("listings", start);
	let start = Instant::now();
	market.endow(lines).await?;
	steps.add("money", start);

	println!(
		"5. {} orders: quote, order, accept, ship, confirm, collect.",
		lines.len()
	);
	let start = Instant::now();
	for (number, line) in lines.iter().enumerate() {
		if number == lines.len() / 2 {
			let start = Instant::now();
			let killed = network.kill_leader(url).await?;
			println!("   {killed}'s authority, which leads, is killed. The others elect another and go on.");
			market.purchase(number, line, steps).await?;
			steps.add("the first order after that", start);
			continue;
		}
		market.purchase(number, line, steps).await?;
	}
	steps.add("orders, all", start);

	println!("6. Two attempts to cheat.");
	let refusals = cheats::attempt(market, lines).await?;

	println!("7. Everybody opens its balance; the certificate authority audits.");
	market.settle(authority.secret, refusals).await
}

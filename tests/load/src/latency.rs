//! How long a transfer takes, from its submission until the node that it was handed to says that it is final.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{sync::mpsc, time::MissedTickBehavior};
use veilmart_cli::{
	error::{Error, Result},
	output::{Counter, Report},
};

use crate::{
	client::{Node, Progress},
	crowd::Crowd,
	extrinsic::Dialect,
	figures::{durations_table, processors, Durations},
	network::Network,
};

/// Accounts for each node: the next transfer of one comes when its last one is final everywhere.
const ACCOUNTS: usize = 8;

/// How long a transfer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of a transfer.
struct Times {
	included: Duration,
	r#final: Duration,
}

/// Measures with this many transfers in a second for so many seconds.
pub async fn run(network: &Network, rate: f64, seconds: u64) -> Result<(Report, bool)> {
	let nodes = &network.nodes;
	let dialect = Dialect::of(&nodes[0]).await?;
	let crowd = Crowd::gather(nodes, &dialect, ACCOUNTS * nodes.len()).await?;
	let count = (rate * seconds as f64).ceil() as usize;
	let mut timer = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
	timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
	let (sender, mut results) = mpsc::unbounded_channel();
	let mut progress = Counter::new("transfers that are final");
	network.load_begins();
	let (before, started) = (network.processor_time(), Instant::now());

	let submit = async {
		for number in 0..count {
			timer.tick().await;
			let member = &crowd.members[number % crowd.members.len()];
			let nonce = u32::try_from(number / crowd.members.len()).unwrap_or(u32::MAX);
			let transfer = dialect.transfer(&member.to, dialect.existential);
			let transaction = dialect.sign(&member.account, nonce, &transfer);
			let url = nodes[number % nodes.len()].url.clone();
			let sender = sender.clone();
			// A connection for each: no transfer waits behind what is told about another.
			let node = Node::connect(&url).await?;
			tokio::spawn(async move {
				let outcome = tokio::time::timeout(PATIENCE, follow(&node, &transaction)).await;
				let late = || Err(format!("not final after {} s", PATIENCE.as_secs()));
				// Nobody waits any more if something else has failed.
				let _ = sender.send(outcome.unwrap_or_else(|_| late()));
			});
		}
		Ok::<_, Error>(())
	};
	let collect = async {
		let (mut times, mut failures) = (Vec::new(), Vec::new());
		while times.len() + failures.len() < count {
			match results.recv().await {
				Some(Ok(time)) => times.push(time),
				Some(Err(failure)) => failures.push(failure),
				None => break,
			}
			progress.step();
		}
		(times, failures)
	};
	let (submitted, (times, failures)) = tokio::join!(submit, collect);
	submitted?;
	let (json_used, words_used) = processors(&before, &network.processor_time(), started.elapsed());
	progress.finish();

	let included = Durations::new(times.iter().map(|times| times.included));
	let finals = Durations::new(times.iter().map(|times| times.r#final));
	let text = format!(
		"{}\nSubmitted {count}, final {}, lost {}. Processors: {words_used}.\n{}",
		durations_table(&[included.row("until in a block"), finals.row("until final")]),
		times.len(),
		failures.len(),
		failures.join("\n"),
	);
	let json = json!({
		"scenario": "latency",
		"submitted": count,
		"final": times.len(),
		"lost": failures.len(),
		"failures": failures,
		"untilIncluded": included.json(),
		"untilFinal": finals.json(),
		"processors": json_used,
	});
	Ok((Report::new(text, json), failures.is_empty()))
}

/// Hands a transaction to a node and watches it.
async fn follow(node: &Node, transaction: &[u8]) -> Result<Times, String> {
	let started = Instant::now();
	let mut reports = node
		.watch(transaction)
		.await
		.map_err(|refused| format!("refused: {} {}", refused.code, refused.reason))?;
	let mut included = None;
	while let Some(report) = reports.next().await {
		let report = report.map_err(|error| format!("a report cannot be read: {error}"))?;
		match Progress::read(&report) {
			Progress::Waiting => {}
			Progress::Included => {
				included.get_or_insert(started.elapsed());
			}
			Progress::Final => {
				let r#final = started.elapsed();
				return Ok(Times {
					included: included.unwrap_or(r#final),
					r#final,
				});
			}
			Progress::Left(how) => return Err(format!("left the pool: {how}")),
		}
	}
	Err("the connection was lost".into())
}

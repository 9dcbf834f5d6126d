//! The real program with the calls of a file: in one block, refused in the middle, killed in the middle.

use std::{
	path::Path,
	process::{Child, Command, Output, Stdio},
	time::Duration,
};

use serde_json::{json, Value};
use veilmart_cli::names::{show_listing, show_order};

use crate::{
	rows::delisted,
	stage::{Stage, PRICE},
};

/// Whoever waits for the pool loses patience then.
const LONG: Duration = Duration::from_secs(60);

/// The program as the customer, with the file `calls` of a folder. Without an end of its own, whatever happens to the test.
fn batch(stage: &Stage, folder: &Path, first: Option<u64>) -> Command {
	let mut command = Command::new(env!("CARGO_BIN_EXE_veilmart"));
	command
		.args([
			"--json",
			"--suri",
			"//Bob",
			"--url",
			&stage.ledger.url,
			"--base-path",
		])
		.arg(folder)
		.arg("batch")
		.arg(folder.join("calls"))
		.env_remove("VEILMART_URL")
		.stdin(Stdio::null())
		.stdout(Stdio::piped())
		.stderr(Stdio::piped());
	if let Some(first) = first {
		command.args(["--first", &first.to_string()]);
	}
	command
}

/// Waits until so many transactions are in the pool, or the program has ended.
async fn pooled(stage: &Stage, child: &mut Child, count: usize) {
	let waiting = async {
		while stage.ledger.with(|inner| inner.pooled()) < count && child.try_wait().unwrap().is_none() {
			tokio::time::sleep(Duration::from_millis(5)).await;
		}
	};
	tokio::time::timeout(LONG, waiting)
		.await
		.expect("the program sends something");
}

fn end(child: Child) -> Output {
	tokio::task::block_in_place(|| child.wait_with_output()).unwrap()
}

fn run(mut command: Command) -> Output {
	tokio::task::block_in_place(|| command.output()).unwrap()
}

/// What it said of each line: its number and how it ended.
fn outcomes(output: &Output) -> Vec<(u64, String)> {
	lines(output)
		.iter()
		.map(|line| {
			let outcome = line["outcome"].as_str().expect("it has an outcome");
			(
				line["line"].as_u64().expect("it has a number"),
				outcome.to_owned(),
			)
		})
		.collect()
}

fn lines(output: &Output) -> Vec<Value> {
	let text = String::from_utf8_lossy(&output.stdout);
	text.lines()
		.map(|line| serde_json::from_str(line).expect("each line is JSON"))
		.collect()
}

fn ended(number: u64, outcome: &str) -> (u64, String) {
	(number, outcome.to_owned())
}

fn errors(output: &Output) -> String {
	String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn next_number(stage: &Stage) -> u64 {
	let chain = stage.buyer.chain();
	chain.account(stage.buyer.id(), None).await.unwrap().seq
}

/// What waits for the shop, by amounts.
async fn sent(stage: &Stage) -> Vec<Option<u64>> {
	let holdings = stage.shop.holdings().await.unwrap();
	holdings.incoming.iter().map(|credit| credit.amount).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_calls_gets_into_one_block_and_is_done_once() {
	let stage = Stage::set().await;
	let arrived = stage.order(1).await;
	stage.shop.accept(&arrived).await.unwrap();
	stage.shop.ship(&arrived).await.unwrap();
	let offer = stage.offer(250).await;
	let folder = tempfile::tempdir().unwrap();
	let calls = format!(
		"# What there is to do.\norder {} 2 --max-price 2.50\n\ntransfer //Charlie 10.00\nconfirm {}\n  transfer //Charlie 0.50\n",
		show_listing(&offer),
		arrived.seq
	);
	std::fs::write(folder.path().join("calls"), calls).unwrap();
	let first = next_number(&stage).await;
	stage.ledger.with(|inner| inner.mining = false);
	let mut child = batch(&stage, folder.path(), None).spawn().unwrap();
	pooled(&stage, &mut child, 4).await;
	let before = stage.ledger.with(|inner| {
		inner.mining = true;
		inner.height()
	});
	let output = end(child);
	assert!(output.status.success(), "{}", errors(&output));
	assert_eq!(
		outcomes(&output),
		[2, 4, 5, 6].map(|number| ended(number, "done")),
		"{}",
		errors(&output)
	);
	let said = lines(&output);
	assert!(
		said.iter().all(|line| line["block"] == said[0]["block"]),
		"{said:#?}"
	);
	assert_eq!(said[2]["order"], show_order(&arrived));
	assert!(errors(&output).contains(&format!("--first {first}")));
	let buyer = stage.buyer.id().clone();
	let signed = stage
		.ledger
		.with(move |inner| inner.signed_in(before + 1, &buyer));
	assert_eq!(signed, 4);
	let left = 100_000 - PRICE - 500 - 1_000 - 50;
	assert_eq!(stage.buyer.balance().await, Ok(left));

	// Given again by somebody who does not know whether it was done.
	let output = run(batch(&stage, folder.path(), Some(first)));
	assert!(output.status.success(), "{}", errors(&output));
	assert_eq!(
		outcomes(&output),
		[2, 4, 5, 6].map(|number| ended(number, "doneBefore"))
	);
	assert_eq!(stage.buyer.balance().await, Ok(left));
	// It was not begun with this number.
	let output = run(batch(&stage, folder.path(), Some(first + 5)));
	assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
	assert!(output.stdout.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_call_that_is_refused_it_says_that_nothing_was_done() {
	let stage = Stage::set().await;
	let offer = stage.offer(70).await;
	let folder = tempfile::tempdir().unwrap();
	let file = folder.path().join("calls");
	let order = format!("order {} 1", show_listing(&offer));
	let calls = format!("transfer //Charlie 1.00\n{order}\ntransfer //Charlie 2.00\n");
	std::fs::write(&file, calls).unwrap();
	let first = next_number(&stage).await;
	stage.ledger.with(|inner| inner.mining = false);
	// In the same block, before the customer's calls.
	let _gone = delisted(&stage, &offer).await;
	let mut child = batch(&stage, folder.path(), None).spawn().unwrap();
	pooled(&stage, &mut child, 4).await;
	stage.ledger.with(|inner| inner.mining = true);
	let output = end(child);
	assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
	assert_eq!(
		outcomes(&output),
		[ended(1, "done"), ended(2, "failed"), ended(3, "void")],
		"{}",
		errors(&output)
	);
	assert_eq!(lines(&output)[1]["error"]["name"], json!("NoSuchListing"));
	assert!(errors(&output).contains("2 of 3 calls were not done"));
	assert_eq!(sent(&stage).await, [Some(100)]);

	// Without the line that cannot be done, and with one that the wallet refuses before it sends it.
	std::fs::write(
		&file,
		"transfer //Charlie 1.00\ntransfer //Charlie 2.00\ntransfer //Charlie 5000.00\ntransfer //Charlie 3.00\n",
	)
	.unwrap();
	let output = run(batch(&stage, folder.path(), Some(first)));
	assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
	// What was refused is said once it is known how those before it ended.
	assert_eq!(
		outcomes(&output),
		[
			ended(1, "doneBefore"),
			ended(2, "done"),
			ended(3, "failed"),
			ended(4, "notSent")
		]
	);
	assert_eq!(lines(&output)[2]["error"]["kind"], "wallet");
	assert_eq!(sent(&stage).await, [Some(100), Some(200)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_two_calls_it_goes_on_and_does_nothing_twice() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	let calls: String = (1..=4)
		.map(|amount| format!("transfer //Charlie {amount}.00\n"))
		.collect();
	std::fs::write(folder.path().join("calls"), calls).unwrap();
	let first = next_number(&stage).await;
	let begin = stage.ledger.with(|inner| inner.snapshot());
	for pool_lost in [false, true] {
		let begin = begin.clone();
		stage.ledger.with(move |inner| {
			inner.restore(begin);
			inner.mining = false;
		});
		let mut child = batch(&stage, folder.path(), None).spawn().unwrap();
		pooled(&stage, &mut child, 2).await;
		child.kill().unwrap();
		let killed = end(child);
		assert!(killed.stdout.is_empty(), "it does not know how anything ended");
		assert!(errors(&killed).contains(&format!("--first {first}")));
		stage.ledger.with(move |inner| {
			if pool_lost {
				inner.empty_pool();
			}
			inner.mining = true;
		});
		let output = run(batch(&stage, folder.path(), Some(first)));
		let when = format!("pool lost: {pool_lost}: {}", errors(&output));
		assert!(output.status.success(), "{when}");
		let expected = if pool_lost { "done" } else { "doneBefore" };
		assert_eq!(outcomes(&output)[0], ended(1, expected), "{when}");
		assert_eq!(outcomes(&output).len(), 4, "{when}");
		assert_eq!(sent(&stage).await, [100, 200, 300, 400].map(Some), "{when}");
		assert_eq!(stage.buyer.balance().await, Ok(100_000 - 1_000), "{when}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_wrong_file_is_sent() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	std::fs::write(folder.path().join("calls"), "transfer //Charlie 1.00\ncollect\n").unwrap();
	let output = run(batch(&stage, folder.path(), None));
	assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
	assert!(errors(&output).contains("Line 2"), "{}", errors(&output));
	assert!(sent(&stage).await.is_empty());
}

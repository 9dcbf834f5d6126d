//! The real program with the calls of a file: in one block, refused in the middle, killed in the middle.

use std::{
	path::Path,
	process::{Child, Command, Output, Stdio},
	time::Duration,
};

use serde_json::{json, Value};
use veilmart_cli::names::{show_listing, show_order};

use crate::{
	ledger::Death,
	rows::delisted,
	stage::{Stage, PRICE},
};

/// Whoever waits for the pool loses patience then.
const LONG: Duration = Duration::from_secs(60);

/// The program as the customer, with the file `calls` of a folder. Without an end of its own, whatever happens to the test.
fn batch(stage: &Stage, folder: &Path) -> Command {
	batch_of(stage, folder, "calls")
}

/// The same with another file of the folder.
fn batch_of(stage: &Stage, folder: &Path, file: &str) -> Command {
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
		.arg(folder.join(file))
		.env_remove("VEILMART_URL")
		.env_remove("VEILMART_ACCOUNT")
		.stdin(Stdio::null())
		.stdout(Stdio::piped())
		.stderr(Stdio::piped());
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

fn write(folder: &Path, calls: &str) {
	std::fs::write(folder.join("calls"), calls).unwrap();
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
	write(folder.path(), &calls);
	stage.ledger.with(|inner| inner.mining = false);
	let mut child = batch(&stage, folder.path()).spawn().unwrap();
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
	assert!(errors(&output).contains("calls.journal"));
	let buyer = stage.buyer.id().clone();
	let signed = stage
		.ledger
		.with(move |inner| inner.signed_in(before + 1, &buyer));
	assert_eq!(signed, 4);
	let left = 100_000 - PRICE - 500 - 1_000 - 50;
	assert_eq!(stage.buyer.balance().await, Ok(left));

	// Given again by somebody who does not know whether it was done: that would pay twice.
	let output = run(batch(&stage, folder.path()));
	assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
	assert!(errors(&output).contains("--anew"), "{}", errors(&output));
	assert!(output.stdout.is_empty());
	assert_eq!(stage.buyer.balance().await, Ok(left));
	// A line that was done says something else; the file has less lines; there is one more.
	let transfers = "\n\n\ntransfer //Charlie 10.00\n\n  transfer //Charlie 0.50\n";
	for (calls, said) in [
		(transfers.to_owned(), "Line 2 was done"),
		(calls.replace("0.50", "0.60"), "Line 6 was done"),
	] {
		write(folder.path(), &calls);
		let output = run(batch(&stage, folder.path()));
		assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
		assert!(errors(&output).contains(said), "{}", errors(&output));
	}
	write(folder.path(), &format!("{calls}transfer //Charlie 0.25\n"));
	let output = run(batch(&stage, folder.path()));
	assert!(output.status.success(), "{}", errors(&output));
	assert_eq!(outcomes(&output).last(), Some(&ended(7, "done")));
	assert_eq!(stage.buyer.balance().await, Ok(left - 25));
	// A line that has moved is not paid again, whatever word is added.
	write(folder.path(), &format!("# Moved.\n{calls}"));
	let mut moved = batch(&stage, folder.path());
	moved.arg("--anew");
	let output = run(moved);
	assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
	assert_eq!(stage.buyer.balance().await, Ok(left - 25));
	// Deliberately.
	write(folder.path(), "transfer //Charlie 0.10\n");
	let mut again = batch(&stage, folder.path());
	again.arg("--anew");
	let output = run(again);
	assert!(output.status.success(), "{}", errors(&output));
	assert_eq!(stage.buyer.balance().await, Ok(left - 35));
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
	stage.ledger.with(|inner| inner.mining = false);
	// In the same block, before the customer's calls.
	let _gone = delisted(&stage, &offer).await;
	let mut child = batch(&stage, folder.path()).spawn().unwrap();
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
	let output = run(batch(&stage, folder.path()));
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
	let begin = stage.ledger.with(|inner| inner.snapshot());
	for pool_lost in [false, true] {
		let begin = begin.clone();
		stage.ledger.with(move |inner| {
			inner.restore(begin);
			inner.mining = false;
		});
		// It is another chain, which this one's journal would not fit.
		let _ = std::fs::remove_file(folder.path().join("calls.journal"));
		let mut child = batch(&stage, folder.path()).spawn().unwrap();
		pooled(&stage, &mut child, 2).await;
		child.kill().unwrap();
		let killed = end(child);
		assert!(killed.stdout.is_empty(), "it does not know how anything ended");
		assert!(errors(&killed).contains("give the same command again"));
		stage.ledger.with(move |inner| {
			if pool_lost {
				inner.empty_pool();
			}
			inner.mining = true;
		});
		let output = run(batch(&stage, folder.path()));
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
	let output = run(batch(&stage, folder.path()));
	assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
	assert!(errors(&output).contains("Line 2"), "{}", errors(&output));
	assert!(sent(&stage).await.is_empty());
}

/// What somebody else sent in between has the number of a line, and is none.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_made_otherwise_is_no_line_of_the_file() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	write(
		folder.path(),
		"transfer //Charlie 1.00\ntransfer //Charlie 2.00\n",
	);
	stage.ledger.with(|inner| inner.mining = false);
	let mut child = batch(&stage, folder.path()).spawn().unwrap();
	pooled(&stage, &mut child, 1).await;
	child.kill().unwrap();
	let _killed = end(child);
	// What it sent is lost on the way, and the same numbers go to something else.
	stage.ledger.with(|inner| {
		inner.empty_pool();
		inner.mining = true;
	});
	stage.buyer.transfer(stage.shop.id(), 500).await.unwrap();
	// Until nothing that was sent can be valid any more, if it was more than one.
	stage.ledger.with(|inner| (0..130).for_each(|_| inner.block(100)));
	let output = run(batch(&stage, folder.path()));
	assert!(output.status.success(), "{}", errors(&output));
	assert_eq!(outcomes(&output), [ended(1, "done"), ended(2, "done")]);
	let mut arrived = sent(&stage).await;
	arrived.sort();
	assert_eq!(arrived, [100, 200, 500].map(Some));
}

/// The pool of another node has what was given up; it comes back after the file was changed.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_yet_happen_is_waited_for_before_anything_else_is_sent() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	write(folder.path(), "transfer //Charlie 1.00\n");
	stage.ledger.with(|inner| inner.mining = false);
	let mut child = batch(&stage, folder.path()).spawn().unwrap();
	pooled(&stage, &mut child, 1).await;
	child.kill().unwrap();
	let _killed = end(child);
	let kept = stage.ledger.with(|inner| inner.take_pool());
	// The line is put right, as its owner believes.
	write(folder.path(), "transfer //Charlie 3.00\n");
	stage.ledger.with(|inner| inner.mining = true);
	let child = batch(&stage, folder.path()).spawn().unwrap();
	tokio::time::sleep(Duration::from_secs(2)).await;
	assert!(sent(&stage).await.is_empty(), "it waits");
	stage
		.ledger
		.with(move |inner| kept.iter().for_each(|encoded| inner.hear(encoded)));
	let output = end(child);
	assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
	assert!(errors(&output).contains("Line 1 was done"), "{}", errors(&output));
	assert_eq!(sent(&stage).await, [Some(100)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_with_one_file_do_not_disturb_each_other() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	write(folder.path(), "transfer //Charlie 1.00\n");
	stage.ledger.with(|inner| inner.mining = false);
	let mut first = batch(&stage, folder.path()).spawn().unwrap();
	pooled(&stage, &mut first, 1).await;
	let second = run(batch(&stage, folder.path()));
	assert_eq!(second.status.code(), Some(1));
	assert!(errors(&second).contains("Another"), "{}", errors(&second));
	stage.ledger.with(|inner| inner.mining = true);
	assert!(end(first).status.success());
	assert_eq!(sent(&stage).await, [Some(100)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_of_one_account_are_not_made_at_once() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	write(folder.path(), "transfer //Charlie 1.00\n");
	std::fs::write(folder.path().join("others"), "transfer //Charlie 2.00\n").unwrap();
	stage.ledger.with(|inner| inner.mining = false);
	let mut first = batch(&stage, folder.path()).spawn().unwrap();
	pooled(&stage, &mut first, 1).await;
	let second = run(batch_of(&stage, folder.path(), "others"));
	assert_eq!(second.status.code(), Some(1));
	assert!(errors(&second).contains("Another"), "{}", errors(&second));
	stage.ledger.with(|inner| inner.mining = true);
	assert!(end(first).status.success());
	assert_eq!(sent(&stage).await, [Some(100)]);
	assert!(run(batch_of(&stage, folder.path(), "others")).status.success());
	assert_eq!(sent(&stage).await, [Some(100), Some(200)]);
}

/// The node goes away before or after it takes each of the lines.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_it_is_cut_off_each_line_is_done_once() {
	let stage = Stage::set().await;
	let calls = "transfer //Charlie 1.00\ntransfer //Charlie 2.00\n";
	let begin = stage.ledger.with(|inner| inner.snapshot());
	// Undisturbed, for the numbers of the requests that send something.
	let folder = tempfile::tempdir().unwrap();
	write(folder.path(), calls);
	stage.ledger.with(|inner| inner.revive(None));
	assert!(run(batch(&stage, folder.path())).status.success());
	let (_, sends) = stage.ledger.with(|inner| inner.requests());
	assert_eq!(sends.len(), 2);
	let deaths = sends
		.into_iter()
		.flat_map(|send| [Death::Before(send), Death::After(send)]);
	for death in deaths {
		let folder = tempfile::tempdir().unwrap();
		write(folder.path(), calls);
		let begin = begin.clone();
		stage.ledger.with(move |inner| {
			inner.restore(begin);
			inner.revive(Some(death));
		});
		let output = run(batch(&stage, folder.path()));
		assert_eq!(output.status.code(), Some(1), "{death:?}: {}", errors(&output));
		stage.ledger.with(|inner| inner.revive(None));
		let output = run(batch(&stage, folder.path()));
		assert!(output.status.success(), "{death:?}: {}", errors(&output));
		assert_eq!(sent(&stage).await, [100, 200].map(Some), "{death:?}");
	}
}

/// It is killed when all is in a block, and does not know it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_a_block_is_found_there_or_nothing_is_done() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	write(
		folder.path(),
		"transfer //Charlie 1.00\ntransfer //Charlie 2.00\n",
	);
	let before = stage.ledger.with(|inner| {
		inner.hold = Some(inner.height());
		inner.height()
	});
	let mut child = batch(&stage, folder.path()).spawn().unwrap();
	let included = async {
		loop {
			let buyer = stage.buyer.id().clone();
			let signed: usize = stage.ledger.with(move |inner| {
				(before + 1..=inner.height())
					.map(|number| inner.signed_in(number, &buyer))
					.sum()
			});
			if signed == 2 || child.try_wait().unwrap().is_some() {
				return;
			}
			// The ledger makes a block when it is asked nothing for a moment.
			tokio::time::sleep(Duration::from_millis(100)).await;
		}
	};
	tokio::time::timeout(LONG, included)
		.await
		.expect("both get into blocks");
	child.kill().unwrap();
	assert!(
		end(child).stdout.is_empty(),
		"it does not know how anything ended"
	);
	// A node that has forgotten what happened in the block: nobody can say whether the lines were done.
	stage.ledger.with(|inner| {
		inner.release();
		inner.revive(Some(Death::AtEvents(0)));
	});
	let output = run(batch(&stage, folder.path()));
	assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
	assert!(output.stdout.is_empty());
	let said = errors(&output);
	assert!(
		said.contains("Line 1 was sent") && said.contains("--state-pruning archive"),
		"{said}"
	);
	stage.ledger.with(|inner| inner.revive(None));
	let output = run(batch(&stage, folder.path()));
	assert!(output.status.success(), "{}", errors(&output));
	assert_eq!(outcomes(&output), [1, 2].map(|line| ended(line, "doneBefore")));
	assert_eq!(sent(&stage).await, [100, 200].map(Some));
}

#[tokio::test(flavor = "multi_thread")]
async fn anew_that_is_given_again_after_an_interruption_pays_nothing_twice() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	write(
		folder.path(),
		"transfer //Charlie 1.00\ntransfer //Charlie 2.00\n",
	);
	let anew = || {
		let mut command = batch(&stage, folder.path());
		command.arg("--anew");
		command
	};
	assert!(run(batch(&stage, folder.path())).status.success());
	stage.ledger.with(|inner| inner.mining = false);
	let mut child = anew().spawn().unwrap();
	pooled(&stage, &mut child, 2).await;
	child.kill().unwrap();
	let killed = errors(&end(child));
	assert!(
		killed.contains("line 2  transfer //Charlie 2.00: done before"),
		"{killed}"
	);
	assert!(killed.contains("without --anew"), "{killed}");
	stage.ledger.with(|inner| inner.mining = true);
	let output = run(anew());
	assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
	assert!(
		errors(&output).contains("2 of 2 calls are done"),
		"{}",
		errors(&output)
	);
	// Without the word it goes on, which here means that it is through.
	let output = run(batch(&stage, folder.path()));
	assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
	let mut arrived = sent(&stage).await;
	arrived.sort();
	assert_eq!(arrived, [100, 100, 200, 200].map(Some));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_journal_that_cannot_be_read_nothing_is_sent() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	write(folder.path(), "transfer //Charlie 1.00\n");
	assert!(run(batch(&stage, folder.path())).status.success());
	let path = folder.path().join("calls.journal");
	let whole = std::fs::read_to_string(&path).unwrap();
	// The last entry is cut off: what it says is found in the ledger.
	std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
	let output = run(batch(&stage, folder.path()));
	assert!(output.status.success(), "{}", errors(&output));
	assert_eq!(outcomes(&output), [ended(1, "doneBefore")]);
	std::fs::write(&path, whole.replace("nonce", "number")).unwrap();
	let output = run(batch(&stage, folder.path()));
	assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
	assert!(
		errors(&output).contains("calls.journal, line 2"),
		"{}",
		errors(&output)
	);
	assert_eq!(sent(&stage).await, [Some(100)]);
}

//! The real program: one line for each action, one instance at a time, a node that goes away, a clean end.

use std::{
	io::{BufRead, BufReader},
	path::Path,
	process::{Child, Command, Output, Stdio},
};

use pallet_ecommerce::OrderState;
use serde_json::Value;
use veilmart_cli::names::show_order;

use crate::stage::Stage;

const RULES: &str = "[accept]\nlistings = \"all\"\n[ship]\nwhen = \"always\"\n";

fn veilmart(url: &str, folder: &Path, arguments: &str) -> Command {
	let mut command = Command::new(env!("CARGO_BIN_EXE_veilmart"));
	command
		.args(["--json", "--suri", "//Charlie", "--url", url, "--base-path"])
		.arg(folder)
		.args(arguments.split(' '))
		.env_remove("VEILMART_URL")
		.env_remove("VEILMART_ACCOUNT")
		.stdin(Stdio::null())
		.stdout(Stdio::piped());
	command
}

fn output(url: &str, folder: &Path, arguments: &str) -> Output {
	tokio::task::block_in_place(|| {
		veilmart(url, folder, arguments)
			.stderr(Stdio::piped())
			.output()
			.unwrap()
	})
}

fn line(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Value {
	let line = tokio::task::block_in_place(|| lines.next())
		.expect("it goes on")
		.unwrap();
	serde_json::from_str(&line).expect("each line is JSON")
}

/// Whatever happens, the program does not outlive the test.
struct Running(Child);

impl Drop for Running {
	fn drop(&mut self) {
		let _ = self.0.kill();
		let _ = self.0.wait();
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_serves_until_it_is_told_to_end() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	let file = folder.path().join("rules.toml");
	std::fs::write(&file, RULES).unwrap();
	let serve = format!("serve --rules {}", file.display());
	let url = &stage.ledger.url;
	let mut running = Running(veilmart(url, folder.path(), &serve).spawn().unwrap());
	let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();

	let order = stage.order(2).await;
	for action in ["accepted", "shipped"] {
		let line = line(&mut lines);
		assert_eq!(
			(&line["action"], &line["order"]),
			(&action.into(), &show_order(&order).into())
		);
		assert!(
			line["transaction"].is_string() && line["block"].is_string(),
			"{line}"
		);
	}

	// Another one is refused, and says who is there.
	let second = output(url, folder.path(), &format!("{serve} --once"));
	assert_eq!(second.status.code(), Some(1));
	let errors = String::from_utf8_lossy(&second.stderr).into_owned();
	assert!(errors.contains("acts for"), "{errors}");

	// The node goes away and comes back.
	stage
		.ledger
		.with(|inner| inner.revive(Some(crate::ledger::Death::Before(1))));
	tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
	stage.ledger.with(|inner| inner.revive(None));
	let order = stage.order(1).await;
	assert_eq!(line(&mut lines)["action"], "accepted");
	assert_eq!(line(&mut lines)["action"], "shipped");
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));

	let killed = Command::new("kill")
		.args(["-TERM", &running.0.id().to_string()])
		.status()
		.unwrap();
	assert!(killed.success());
	let status = tokio::task::block_in_place(|| running.0.wait()).unwrap();
	assert_eq!(status.code(), Some(0));
	assert!(lines.next().is_none(), "nothing was done after the end");

	// With the account free again, one that ends by itself.
	let order = stage.order(1).await;
	let once = output(url, folder.path(), &format!("{serve} --once"));
	assert!(once.status.success(), "{}", String::from_utf8_lossy(&once.stderr));
	assert_eq!(String::from_utf8_lossy(&once.stdout).lines().count(), 2);
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_file_is_checked_without_a_node() {
	let folder = tempfile::tempdir().unwrap();
	let file = folder.path().join("rules.toml");
	let check = format!("serve --rules {} --check", file.display());
	std::fs::write(&file, RULES).unwrap();
	let good = output("ws://127.0.0.1:1", folder.path(), &check);
	assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
	let rules: Value = serde_json::from_slice(&good.stdout).unwrap();
	assert!(rules["rules"].as_array().unwrap().len() > 5, "{rules}");
	std::fs::write(&file, format!("{RULES}\n[colect]\n")).unwrap();
	let bad = output("ws://127.0.0.1:1", folder.path(), &check);
	assert_eq!(bad.status.code(), Some(2));
	let error: Value = serde_json::from_slice(&bad.stderr).unwrap();
	let message = error["error"]["message"].as_str().unwrap();
	assert!(
		message.contains("rules.toml, line 6") && message.contains("colect"),
		"{message}"
	);
}

//! Audit reports, true ones and others.

use serde_json::{json, Value};
use veilmart_runtime::Hash;

use crate::node::{error, errors, hash, Node};

const VERIFY: &str = "audit verify @report.json";
const AUDIT: &str = "ca audit --key @key --passphrase-file @passphrase --out @report.json";

/// Every leaf of the report, as the path to it.
fn leaves(json: &Value, path: &str, found: &mut Vec<String>) {
	match json {
		Value::Object(object) => {
			for (name, value) in object {
				leaves(value, &format!("{path}/{name}"), found);
			}
		}
		_ => found.push(path.to_owned()),
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_checks_a_report_and_finds_every_lie() {
	let node = Node::start().await;
	let audit = node.json(AUDIT);
	assert_eq!(audit["passed"], true);
	assert_eq!(audit["in"]["issued"], "817.00", "the old output stays");
	assert_eq!((&audit["number"], &audit["block"]), (&json!(3), &json!(hash(3))));
	let true_report = node.read("report.json");
	assert_eq!(true_report["genesis"], json!(hash(0)));
	assert_eq!(true_report["aggregates"]["balances"]["amount"], "500.00");
	assert_eq!(true_report["aggregates"]["bonds"]["amount"], "250.00");
	assert!(
		node.refusal(AUDIT).contains("exists already"),
		"a report was overwritten"
	);

	let verdict = node.json(VERIFY);
	assert_eq!(verdict["passed"], true);
	assert_eq!(verdict["findings"].as_array().unwrap().len(), 21);

	let mut all = Vec::new();
	leaves(&true_report, "", &mut all);
	assert_eq!(all.len(), 5 + 8 * 3);
	let other_ciphertext = true_report["aggregates"]["issued"]["ciphertext"].clone();
	let other_root = json!(format!("0x{}", "01".repeat(256)));
	for path in all {
		let mut report = true_report.clone();
		let field = report.pointer_mut(&path).unwrap();
		let parts: Vec<_> = path.split('/').skip(1).collect();
		let (lie, said) = match parts[..] {
			["version"] => (json!(2), "version 2".into()),
			["genesis"] => (
				json!(Hash::zero()),
				"genesis: the report is about the chain 0x00".into(),
			),
			["number"] => (json!(2), "block: block 2 of the chain is 0x03".to_owned()),
			["block"] => (json!(hash(2)), "block: block 3 of the chain is 0x04".into()),
			["modulus"] => (other_root.clone(), "modulus: it is not the chain's".into()),
			["aggregates", "issued", "ciphertext"] => (
				true_report["aggregates"]["bonds"]["ciphertext"].clone(),
				"issued: ciphertext: the chain holds another one".into(),
			),
			["aggregates", name, "ciphertext"] => (
				other_ciphertext.clone(),
				format!("{name}: ciphertext: the chain holds another one"),
			),
			["aggregates", name, "amount"] => (
				json!("1.23"),
				format!("{name}: amount and root: the amount 1.23 and the root do not give the ciphertext"),
			),
			["aggregates", name, "root"] => {
				(other_root.clone(), format!("{name}: amount and root: the amount"))
			}
			_ => panic!("nobody lies about {path}"),
		};
		assert_ne!(*field, lie, "{path}");
		*field = lie;
		node.write("lie.json", &report);
		let output = node.run("audit verify @lie.json");
		let message = error(&output)["message"].as_str().unwrap().to_owned();
		assert_eq!(output.status.code(), Some(1), "{path}: {message}");
		assert!(message.contains(&said), "{path}: {message}");
		// No other claim than the one about which it lies, but for sums of which the amount is a part.
		let problems = message.matches(": ").count();
		assert!(
			problems <= if path.ends_with("amount") { 4 } else { 3 },
			"{path}: {message}"
		);
		if !output.stdout.is_empty() {
			let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
			assert_eq!(verdict["passed"], false, "{path}");
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_checked_against_a_final_block_that_the_node_still_has() {
	let node = Node::start().await;
	node.json(AUDIT);
	node.world().last_final = Some(2);
	let refused = |line| {
		let output = node.run(line);
		assert_eq!(output.status.code(), Some(1));
		error(&output)["message"].as_str().unwrap().to_owned()
	};
	let message = refused(VERIFY);
	assert!(message.contains("block 3 is not final at this node"), "{message}");
	node.world().last_final = None;
	// The ledger goes on; the report stays true of its block.
	let next = node.world().last().clone();
	node.world().blocks.push(next);
	node.world().state().issued = Default::default();
	assert_eq!(node.json(VERIFY)["passed"], true);
	node.world().pruned = true;
	let message = refused(VERIFY);
	assert!(
		message.contains("may not have kept the state of block 3") && message.contains("archive"),
		"{message}"
	);
	node.world().pruned = false;
	node.world().genesis = Hash::repeat_byte(99);
	assert!(refused(VERIFY).contains("genesis: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_does_not_add_up_is_told_by_the_authority_and_by_the_report() {
	let node = Node::start().await;
	node.world().state().redeemed = Default::default();
	let output = node.run(AUDIT);
	assert_eq!(output.status.code(), Some(1));
	assert_eq!(error(&output)["message"], "The ledger does not add up.");
	let output = node.run(VERIFY);
	let message = error(&output)["message"].as_str().unwrap().to_owned();
	assert!(message.contains("identity of ciphertexts: "), "{message}");
	assert!(
		message.contains("identity of amounts: 817.00 came in, and there are 812.00"),
		"{message}"
	);
	assert!(
		!message.contains("root"),
		"what it says of each sum is true: {message}"
	);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_report_is_named_as_such() {
	let node = Node::start().await;
	for text in ["", "{}", "[]"] {
		std::fs::write(node.path("report.json"), text).unwrap();
		assert!(node.refusal(VERIFY).starts_with("This is no audit report"));
	}
	assert!(node
		.refusal("audit verify @nowhere.json")
		.starts_with("Cannot read the audit report"));
}

/// Whoever sends a report chooses what is in it: a terminal that obeys it could show another verdict.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_writes_nothing_on_the_terminal() {
	let node = Node::start().await;
	let text = r#"{ "\u001b[2J\rThe report is true": 1 }"#;
	std::fs::write(node.path("report.json"), text).unwrap();
	let output = node.run_for_people(VERIFY);
	assert_eq!(output.status.code(), Some(1));
	let said = errors(&output);
	assert!(said.contains("\\u{1b}[2J\\rThe report is true"), "{said:?}");
	for bytes in [output.stdout, output.stderr] {
		let text = String::from_utf8(bytes).unwrap();
		assert!(!text.replace('\n', "").contains(char::is_control), "{text:?}");
	}
}

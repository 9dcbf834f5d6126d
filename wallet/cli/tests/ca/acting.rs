//! Who acts, if the command line does not say it: the account that the environment names.

use std::{
	path::Path,
	process::{Command, Output, Stdio},
};

use serde_json::Value;
use veilmart_cli::keystore;

use crate::{node::error, rpc::errors};

/// The address of the development key //Bob, as every wallet of the SDK shows it.
const BOB: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

const REQUEST: &str = "certificate request --role buyer --organisation Shop --genesis \
	0x0101010101010101010101010101010101010101010101010101010101010101";

/// Runs the command where the environment names this account, or none. No node is needed, and none is there.
fn run(folder: &Path, environment: Option<&str>, line: &str) -> Output {
	let mut command = Command::new(env!("CARGO_BIN_EXE_veilmart"));
	command
		.args(["--json", "--url", "ws://127.0.0.1:1", "--base-path"])
		.arg(folder.join("base"))
		.arg("--passphrase-file")
		.arg(folder.join("passphrase"))
		.args(line.split_whitespace())
		.env_remove("VEILMART_URL")
		.env_remove("VEILMART_ACCOUNT")
		.stdin(Stdio::null());
	if let Some(name) = environment {
		command.env("VEILMART_ACCOUNT", name);
	}
	command.output().unwrap()
}

/// The account in what a command prints.
fn printed(output: &Output, field: &str) -> String {
	assert!(output.status.success(), "{}", errors(output));
	let json: Value = serde_json::from_slice(&output.stdout).unwrap();
	json[field].as_str().unwrap().to_owned()
}

/// What is wrong with the use of a command that does nothing.
fn usage(output: &Output) -> String {
	assert_eq!(output.status.code(), Some(2), "{}", errors(output));
	assert!(output.stdout.is_empty());
	error(output)["message"].as_str().unwrap().to_owned()
}

#[test]
fn the_environment_names_who_acts_where_the_command_line_does_not() {
	let folder = tempfile::tempdir().unwrap();
	let folder = folder.path();
	keystore::write_new(&folder.join("passphrase"), b"a passphrase\n").unwrap();
	let shop = printed(&run(folder, None, "account new shop"), "address");
	assert_ne!(shop, BOB);

	// Nobody is named, or nothing.
	for environment in [None, Some("")] {
		let message = usage(&run(folder, environment, REQUEST));
		assert!(message.contains("VEILMART_ACCOUNT"), "{message}");
	}
	assert_eq!(printed(&run(folder, Some("shop"), REQUEST), "account"), shop);

	// The command line comes first: a development key, and another account, although there is none of that name.
	let output = run(folder, Some("shop"), &format!("--suri //Bob {REQUEST}"));
	assert_eq!(printed(&output, "account"), BOB);
	let message = usage(&run(folder, Some("shop"), &format!("--account other {REQUEST}")));
	assert!(message.contains("no account other"), "{message}");
	let output = run(folder, Some("other"), &format!("--account shop {REQUEST}"));
	assert_eq!(printed(&output, "account"), shop);

	// Two names in one line are refused, as without the variable.
	let both = format!("--suri //Bob --account shop {REQUEST}");
	usage(&run(folder, Some("shop"), &both));

	// An account that is there to record is not passed over, wherever it is named.
	let line = "ca decrypt --key nowhere --of //Bob --unrecorded";
	let message = usage(&run(folder, Some("shop"), line));
	assert!(message.contains("contradict"), "{message}");
}

//! The chain of a consortium, made as operators make theirs.

use serde_json::Value;
use sp_core::{
	crypto::{get_public_from_string_or_panic, Ss58Codec},
	sr25519,
};
use std::{fs, path::Path, process::Command};
use veilmart_demo_parts::process::{program, AUTHORITIES};
use veilmart_network_tests::{scene::Scene, Result};
use veilmart_runtime::genesis_presets::{authorities, get_preset, LOCAL_TESTNET_RUNTIME_PRESET};

/// The address of a development key, without `//`.
fn address(name: &str) -> String {
	get_public_from_string_or_panic::<sr25519::Public>(name).to_ss58check()
}

/// Four authorities whose session keys the nodes have by their options, on accounts of their own. Those who send the test's
/// traffic have certificates, too.
fn consortium() -> String {
	let mut text = format!(
		"id = \"riverside\"\nname = \"Riverside\"\nca = \"{}\"\ncouncil = [\"{}\"]\n[timing]\ndelta = \"50ms\"\n",
		address("CA"),
		address("Council")
	);
	let mut certificate = |account: &str, role: &str| {
		text += &format!(
			"[[certificate]]\naccount = \"{account}\"\norganisation = \"A shop\"\nroles = [\"{role}\"]\n"
		);
	};
	let keys = authorities(LOCAL_TESTNET_RUNTIME_PRESET);
	assert_eq!(keys.len(), AUTHORITIES.len());
	let mut entries = String::new();
	for (keys, name) in keys.iter().zip(["Alice", "Bob", "Charlie", "Dave"]) {
		let account = address(&format!("{name}//account"));
		certificate(&account, "Validator");
		certificate(&address(name), "Buyer");
		entries += &format!(
			"[[authority]]\naccount = \"{account}\"\ntdrf = \"{}\"\ntdsh = \"{}\"\n",
			keys.tdrf.to_ss58check(),
			keys.tdsh.to_ss58check()
		);
	}
	text + &entries
}

/// Puts the raw specification of that consortium, with the published test key, where the network's is.
fn make(specification: &Path) -> Result<()> {
	let preset = get_preset(&LOCAL_TESTNET_RUNTIME_PRESET.into()).ok_or("no preset")?;
	let preset: Value = serde_json::from_slice(&preset)?;
	let config = specification.with_extension("toml");
	fs::write(&config, consortium())?;
	let key = specification.with_extension("key");
	fs::write(&key, preset["ecommerce"]["key"].to_string())?;
	let made = Command::new(program("veilmart-node")?)
		.args(["consortium", "--raw", "--config"])
		.arg(&config)
		.arg("--ca-key")
		.arg(&key)
		.arg("--output")
		.arg(specification)
		.output()?;
	if !made.status.success() {
		return Err(String::from_utf8_lossy(&made.stderr).into());
	}
	let made: Value = serde_json::from_slice(&fs::read(specification)?)?;
	assert_eq!(made["id"], "riverside");
	Ok(())
}

/// The first leader uses the dealing that the program has drawn, and so does whoever replaces it: blocks become final before and after.
#[tokio::test(flavor = "multi_thread")]
async fn four_authorities_of_a_consortium_of_its_own_make_blocks_final() {
	let mut scene = Scene::on(make).await;
	let leader = scene.network.leader().await.unwrap();
	scene.network.nodes[leader].kill().await.unwrap();
	scene.progress().await;
	scene.end().await;
}

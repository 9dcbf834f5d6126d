//! The chains that the node knows by name, and those that it reads from files.

use std::{fs, path::Path};

use sc_service::{ChainType, NoExtension, Properties};
use serde_json::Value;
use veilmart_runtime::{
	genesis_presets::{
		set_ca_key, DEV_RUNTIME_PRESET as DEVELOPMENT, LOCAL_TESTNET_RUNTIME_PRESET as LOCAL_TESTNET,
		LOCAL_TESTNET_SEVEN_RUNTIME_PRESET as LOCAL_TESTNET_SEVEN,
	},
	token, SS58_PREFIX, WASM_BINARY,
};

/// A chain specification of this node.
///
/// Genesis is built by portable code: the node's own host functions are not at hand there.
pub type ChainSpec = sc_service::GenericChainSpec<NoExtension>;

/// What the names of the network's protocols begin with.
pub const PROTOCOL: &str = "veilmart";

/// The specification that `id` names: `dev` or `development` (one authority), `local` or `local_testnet` (four; also when
/// nothing is named), `local_testnet_seven`, anything else a file.
pub fn load(id: &str) -> Result<ChainSpec, String> {
	match id {
		"dev" | DEVELOPMENT => preset("Veilmart Development", DEVELOPMENT, ChainType::Development),
		"" | "local" | LOCAL_TESTNET => preset("Veilmart Local Testnet", LOCAL_TESTNET, ChainType::Local),
		LOCAL_TESTNET_SEVEN => preset(
			"Veilmart Local Testnet of Seven",
			LOCAL_TESTNET_SEVEN,
			ChainType::Local,
		),
		path => ChainSpec::from_json_file(path.into()),
	}
}

/// A specification whose genesis is the runtime's preset of the same name.
fn preset(name: &str, id: &str, chain_type: ChainType) -> Result<ChainSpec, String> {
	Ok(ChainSpec::builder(code()?, None)
		.with_name(name)
		.with_id(id)
		.with_protocol_id(PROTOCOL)
		.with_chain_type(chain_type)
		.with_properties(properties())
		.with_genesis_config_preset_name(id)
		.build())
}

/// The runtime that a chain begins with.
pub fn code() -> Result<&'static [u8], &'static str> {
	WASM_BINARY
		.ok_or("This node was built without a runtime (SKIP_WASM_BUILD); use a raw chain specification.")
}

/// What wallets show of the chain; agrees with the runtime by construction.
pub fn properties() -> Properties {
	let mut properties = Properties::new();
	properties.insert("tokenSymbol".into(), token::SYMBOL.into());
	properties.insert("tokenDecimals".into(), token::DECIMALS.into());
	properties.insert("ss58Format".into(), SS58_PREFIX.into());
	properties
}

/// Reads the public part of a certificate authority's key: a file with one JSON object.
pub fn read_ca_key(path: &Path) -> Result<Value, String> {
	let text =
		fs::read_to_string(path).map_err(|error| format!("Cannot read {}: {error}", path.display()))?;
	let key: Value =
		serde_json::from_str(&text).map_err(|error| format!("{} is not JSON: {error}", path.display()))?;
	if !key.is_object() {
		return Err(format!("{} holds no JSON object", path.display()));
	}
	Ok(key)
}

/// `spec` with the marketplace's key (`ecommerce.key` of the genesis) set to `key`.
///
/// A raw specification has its genesis state already and cannot be patched.
pub fn with_ca_key(spec: &dyn sc_service::ChainSpec, key: Value) -> Result<ChainSpec, String> {
	let mut json: Value = serde_json::from_str(&spec.as_json(false)?)
		.map_err(|error| format!("Broken specification: {error}"))?;
	set_ca_key(&mut json, key)?;
	ChainSpec::from_json_bytes(json.to_string().into_bytes())
}

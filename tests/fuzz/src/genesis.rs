//! The genesis of a chain as people write it, without building it: a configuration of the runtime, which may leave out what is the
//! default, and a chain specification into which the certificate authority's key is put.
//!
//! The first byte of an input chooses one of [`FORMATS`].

use std::sync::LazyLock;

use serde_json::{json, Value};
use veilmart_runtime::{genesis_presets::set_ca_key, RuntimeGenesisConfig};
use veilmart_test_blocks::merge;

use crate::{in_format, target, Target};

static DEFAULT: LazyLock<Value> =
	LazyLock::new(|| serde_json::to_value(RuntimeGenesisConfig::default()).expect("it has no large numbers"));

fn read(json: &str) -> Option<RuntimeGenesisConfig> {
	serde_json::from_str(json).ok()
}

/// What is read means the same when it is written again.
fn configuration(data: &[u8]) -> bool {
	let Ok(patch) = serde_json::from_slice::<Value>(data) else {
		return false;
	};
	let mut json = DEFAULT.clone();
	merge(&mut json, patch);
	let Some(config) = read(&json.to_string()) else {
		return false;
	};
	let written = serde_json::to_string(&config).expect("it was read");
	let again = read(&written).expect("it was written");
	assert_eq!(serde_json::to_string(&again).ok(), Some(written));
	true
}

/// Takes the key out of a specification that has a place for one.
fn take_key(specification: &mut Value) -> Option<Value> {
	let genesis = &mut specification["genesis"]["runtimeGenesis"];
	let form = match genesis.get("patch") {
		Some(_) => "patch",
		None => "config",
	};
	let config = genesis[form].as_object_mut()?;
	let ecommerce = config.entry("ecommerce").or_insert_with(|| json!({}));
	ecommerce.as_object_mut()?.remove("key")
}

/// The key is in its place and nothing else has changed; a specification that has none stays as it is.
fn specification(data: &[u8]) -> bool {
	let Ok(mut before) = serde_json::from_slice::<Value>(data) else {
		return false;
	};
	let key = json!({ "modulus": "0x07", "proof": "0x08" });
	let mut after = before.clone();
	if set_ca_key(&mut after, key.clone()).is_err() {
		assert_eq!(after, before);
		return false;
	}
	let mut again = after.clone();
	assert_eq!(set_ca_key(&mut again, key.clone()), Ok(()));
	assert_eq!(again, after);
	assert_eq!(take_key(&mut after), Some(key));
	take_key(&mut before);
	assert_eq!(after, before);
	true
}

/// What the first byte chooses from.
pub const FORMATS: [Target; 2] = [
	target("configuration", configuration),
	target("specification", specification),
];

/// Accepted is a configuration of the runtime, and a specification that takes a key.
pub fn run(data: &[u8]) -> bool {
	in_format(&FORMATS, data)
}

//! Chain specifications.

use super::*;
use crate::{GenesisConfig, ViewKeyRecord};

fn json() -> serde_json::Value {
	serde_json::json!({
		"ca": account(CA),
		"certificates": [
			[account(BUYER), {
				"roles": ["Buyer", "Auditor"],
				"organisation": "Käthe’s Shop",
				"viewKey": format!("0x{}", "07".repeat(32)),
				"validUntil": START + 1,
			}],
			[account(SELLER), { "roles": ["Seller"], "organisation": "Bob" }],
		],
	})
}

fn parse(json: serde_json::Value) -> Result<GenesisConfig<Test>, serde_json::Error> {
	serde_json::from_value(json)
}

#[test]
fn a_specification_is_read_and_built() {
	ExtBuilder::genesis(parse(json()).unwrap()).build_and_execute_with(|| {
		assert!(Certificates::is_ca(&account(CA)));
		assert_eq!(System::providers(&account(CA)), 1);
		let buyer = Certificates::certificate(account(BUYER)).unwrap();
		assert_eq!(buyer.roles, [Role::Buyer, Role::Auditor].into());
		assert_eq!(buyer.organisation.as_slice(), "Käthe’s Shop".as_bytes());
		assert_eq!(
			buyer.view_key,
			Some(ViewKeyRecord {
				key: view_key(7),
				index: 0
			})
		);
		assert_eq!(buyer.valid_until, Some(START + 1));
		let seller = Certificates::certificate(account(SELLER)).unwrap();
		assert_eq!(
			(seller.view_key, seller.valid_until, seller.status),
			(None, None, Status::Active)
		);
		for who in [BUYER, SELLER] {
			assert_eq!(System::providers(&account(who)), 1);
			assert_eq!(Certificates::request_counter(account(who)), 0);
		}
		assert_ok!(submit(BUYER, order()).unwrap());
	});
}

#[test]
fn a_specification_survives_being_written() {
	let genesis = parse(json()).unwrap();
	let written = serde_json::to_value(&genesis).unwrap();
	assert_eq!(
		written["certificates"][0][1]["roles"],
		serde_json::json!(["Buyer", "Auditor"])
	);
	assert_eq!(written["certificates"][0][1]["organisation"], "Käthe’s Shop");
	let again = parse(written).unwrap();
	assert_eq!(again.ca, genesis.ca);
	assert_eq!(again.certificates, genesis.certificates);
}

#[test]
fn a_misspelt_specification_is_not_read() {
	for (pointer, value) in [
		("/certificates/0/1/roles", serde_json::json!(["Emperor"])),
		("/certificates/0/1/roles", serde_json::json!(["Buyer", "Buyer"])),
		(
			"/certificates/0/1/viewKey",
			serde_json::json!(format!("0x{}", "00".repeat(32))),
		),
		("/certificates/0/1/viewKey", serde_json::json!("0x07")),
		("/certificates/0/1/validUntil", serde_json::json!("tomorrow")),
		(
			"/certificates/0/1",
			serde_json::json!({ "roles": [], "organisation": "A", "colour": "red" }),
		),
		("/certificates/0/0", serde_json::json!("nobody")),
		("/ca", serde_json::json!("nobody")),
	] {
		let mut json = json();
		*json.pointer_mut(pointer).unwrap() = value;
		assert!(parse(json).is_err(), "{pointer} was read");
	}
}

/// What genesis building says about the specification with this change.
fn complaint(pointer: &str, value: serde_json::Value) -> String {
	let mut json = json();
	*json.pointer_mut(pointer).unwrap() = value;
	let genesis = parse(json).unwrap();
	let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
		ExtBuilder::genesis(genesis).build()
	}));
	let Err(panic) = panic else {
		return "nothing".into();
	};
	match panic.downcast::<String>() {
		Ok(message) => *message,
		Err(panic) => panic
			.downcast::<&str>()
			.map(|message| message.to_string())
			.unwrap_or_default(),
	}
}

#[test]
fn a_wrong_specification_does_not_build_and_says_why() {
	use serde_json::json;
	let twice = json!([
		[account(BUYER), { "roles": ["Buyer"], "organisation": "A" }],
		[account(BUYER), { "roles": ["Buyer"], "organisation": "A" }],
	]);
	for (pointer, value, words) in [
		("/certificates/0/1/roles", json!([]), "has no role"),
		("/certificates/0/1/organisation", json!(""), "has no name"),
		(
			"/certificates/0/1/organisation",
			json!("a".repeat(65)),
			"more than 64 bytes",
		),
		(
			"/certificates/0/1/organisation",
			json!("ä".repeat(33)),
			"more than 64 bytes",
		),
		("/certificates/0/1/validUntil", json!(START), "has expired"),
		("/certificates", twice, "listed twice"),
	] {
		let said = complaint(pointer, value);
		assert!(said.contains(words), "expected “{words}”, heard “{said}”");
		assert!(
			said.starts_with("certificates in genesis: "),
			"“{said}” does not say where"
		);
	}
	assert_eq!(
		complaint("/certificates/0/1/organisation", json!("a".repeat(64))),
		"nothing"
	);
}

#[test]
fn an_empty_registry_is_a_registry() {
	ExtBuilder::genesis(parse(serde_json::json!({ "ca": null, "certificates": [] })).unwrap())
		.build_and_execute_with(|| {
			assert_eq!(Certificates::certificate_authority(), None);
			assert_eq!(crate::Certificates::<Test>::iter().count(), 0);
		});
}

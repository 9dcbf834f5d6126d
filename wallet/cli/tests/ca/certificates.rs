//! Certificates that are issued, renewed, withdrawn and put back in force.

use pallet_certificates::{Event as CertificateEvent, Role, Roles, Status, ViewKeyRecord};
use serde_json::{json, Value};
use veilmart_cli::account::{address, Account};

use crate::{
	ledger::id,
	node::{error, errors, hash, Node, BEGINNING},
};

/// A day after the first block, in milliseconds.
const TOMORROW: u64 = BEGINNING + 86_400_000;

/// Has Eve ask for a certificate, and writes down what she signed.
fn request(node: &Node, file: &str, roles: &str) -> Value {
	let request = node.json(&format!(
		"--suri //Eve certificate request {roles} --organisation Bakery"
	));
	node.write(file, &request);
	request
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_withdraws_a_certificate_and_puts_it_back() {
	let node = Node::start().await;
	let status = || {
		node.world().last().state.certificates[&id("//Bob")]
			.status
			.clone()
	};
	let done = node.json("--suri //CA certificate revoke //Bob");
	assert_eq!(done["block"], json!(hash(4)));
	assert_eq!(status(), Status::Revoked);
	assert_eq!(node.json("certificate show //Bob")["status"], "revoked");
	node.json("--suri //CA certificate reinstate //Bob");
	assert_eq!(status(), Status::Active);

	let done = node.json("--suri //CA certificate quota //Bob 1000.00");
	assert_eq!(done["account"], json!(address(&id("//Bob"))));
	assert_eq!(
		node.world().last().state.accounts[&id("//Bob")].issuer_quota,
		100_000
	);
	let message = node.refusal("--suri //Alice certificate quota //Bob 1.00");
	assert!(
		message.contains("is not this chain's certificate authority"),
		"{message}"
	);

	let message = node.refusal("--suri //Alice certificate revoke //Bob");
	assert!(
		message.contains("is not this chain's certificate authority"),
		"{message}"
	);
	let message = node.refusal("--suri //CA certificate revoke //Nobody");
	assert!(message.contains("has no certificate"), "{message}");
	assert_eq!(node.world().sent, 3);
	node.world().authority_at_dispatch = Some(id("//Other"));
	let output = node.run("--suri //CA certificate revoke //Bob");
	assert_eq!(
		(output.status.code(), &error(&output)["kind"]),
		(Some(1), &json!("refused"))
	);
	assert_eq!(status(), Status::Active);
	node.world().authority_at_dispatch = None;

	// A node that says that something else was done, or that it does not become final.
	node.world().says = Some(
		CertificateEvent::Revoked {
			account: id("//Alice"),
		}
		.into(),
	);
	for command in ["revoke //Bob", "reinstate //Bob", "quota //Bob 5.00"] {
		let message = node.refusal(&format!("--suri //CA certificate {command}"));
		assert!(message.contains("does not say that it was done"), "{message}");
	}
	node.world().says = None;
	node.world().stops_in_block = true;
	node.refusal("--suri //CA certificate revoke //Bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_issues_a_certificate_and_renews_it_until_a_day() {
	let node = Node::start().await;
	let held = || node.world().last().state.certificates[&id("//Eve")].clone();
	let eve = json!(address(&id("//Eve")));
	let key = Account::development("//Eve").unwrap().view_key(0).unwrap();
	let first_key = Some(ViewKeyRecord { key, index: 0 });

	// Who has none gets one, for ever if no end is named.
	assert_eq!(request(&node, "first.json", "--role buyer")["counter"], 1);
	let output = node.run("--suri //CA certificate issue @first.json");
	assert!(output.status.success(), "{}", errors(&output));
	assert!(errors(&output).contains("Valid until   for ever"));
	let done: Value = serde_json::from_slice(&output.stdout).unwrap();
	assert_eq!(
		(&done["account"], &done["renewal"], &done["barred"]),
		(&eve, &json!(false), &json!(false))
	);
	assert_eq!(
		(held().roles, held().valid_until, held().view_key),
		(Roles::from([Role::Buyer]), None, first_key)
	);

	// A renewal says so, and tells whoever grants it until when. The view key stays.
	assert_eq!(
		request(&node, "second.json", "--role buyer --role seller")["counter"],
		2
	);
	let renew = format!("--suri //CA certificate renew @second.json --valid-until {TOMORROW}");
	let output = node.run(&renew);
	assert!(output.status.success(), "{}", errors(&output));
	assert!(
		errors(&output).contains("Valid until   2026-01-02T00:00:00Z"),
		"{}",
		errors(&output)
	);
	let done: Value = serde_json::from_slice(&output.stdout).unwrap();
	assert_eq!((&done["account"], &done["renewal"]), (&eve, &json!(true)));
	assert_eq!(
		(held().roles, held().valid_until, held().view_key),
		(
			Roles::from([Role::Buyer, Role::Seller]),
			Some(TOMORROW),
			first_key
		)
	);
	assert_eq!(node.json("certificate show //Eve")["validUntil"], json!(TOMORROW));

	// A request is good for one certificate.
	let output = node.run(&renew);
	assert_eq!(
		(output.status.code(), &error(&output)["name"]),
		(Some(1), &json!("StaleCounter"))
	);
	// Without an end the renewal takes the old one away.
	request(&node, "third.json", "--role buyer");
	node.json("--suri //CA certificate renew @third.json");
	assert_eq!(held().valid_until, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_is_not_as_it_should_be_changes_nothing() {
	let node = Node::start().await;
	request(&node, "first.json", "--role buyer");
	node.json("--suri //CA certificate issue @first.json");
	let sent = node.world().sent;
	let mut asked = request(&node, "next.json", "--role buyer");

	// What is seen before anything is sent: who is no authority, another request than was signed, another chain, no moment.
	let message = node.refusal("--suri //Alice certificate renew @next.json");
	assert!(
		message.contains("is not this chain's certificate authority"),
		"{message}"
	);
	asked["roles"] = json!(["Issuer"]);
	node.write("more.json", &asked);
	let message = node.refusal("--suri //CA certificate renew @more.json");
	assert!(message.contains("not the applicant's"), "{message}");
	let other = node.json(&format!(
		"--suri //Eve --genesis 0x{} certificate request --role buyer --organisation Bakery --counter 9",
		"ab".repeat(32)
	));
	node.write("other.json", &other);
	let message = node.refusal("--suri //CA certificate renew @other.json");
	assert!(message.contains("another chain"), "{message}");
	let output = node.run("--suri //CA certificate renew @next.json --valid-until tomorrow");
	assert_eq!(output.status.code(), Some(2));
	assert_eq!(node.world().sent, sent);

	// An end that is over the chain refuses.
	let output = node.run("--suri //CA certificate renew @next.json --valid-until 1");
	assert_eq!(
		(output.status.code(), &error(&output)["name"]),
		(Some(1), &json!("ValidityPast"))
	);
	// A node that says that it was renewed until another day.
	node.world().says = Some(
		CertificateEvent::Renewed {
			account: id("//Eve"),
			roles: [Role::Buyer].into(),
			valid_until: None,
		}
		.into(),
	);
	let message = node.refusal(&format!(
		"--suri //CA certificate renew @next.json --valid-until {TOMORROW}"
	));
	assert!(message.contains("does not say that it was done"), "{message}");
	node.world().says = None;

	// Who was revoked stays so, and the authority is told.
	node.json("--suri //CA certificate revoke //Eve");
	request(&node, "last.json", "--role buyer");
	let output = node.run_for_people(&format!(
		"--suri //CA certificate renew @last.json --valid-until {TOMORROW}"
	));
	let said = String::from_utf8_lossy(&output.stdout).into_owned();
	assert!(
		said.contains("Renewed") && said.contains("It is revoked as before"),
		"{said}"
	);
	let shown = node.json("certificate show //Eve");
	assert_eq!(
		(&shown["status"], &shown["validUntil"]),
		(&json!("revoked"), &json!(TOMORROW))
	);
}

//! Certificates that are withdrawn and put back in force.

use pallet_certificates::{Event as CertificateEvent, Status};
use serde_json::json;
use veilmart_cli::account::address;

use crate::{
	ledger::id,
	node::{error, hash, Node},
};

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

//! Certificates that are withdrawn and put back in force.

use pallet_certificates::Status;
use serde_json::json;

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

	let message = node.refusal("--suri //Alice certificate revoke //Bob");
	assert!(
		message.contains("is not this chain's certificate authority"),
		"{message}"
	);
	let message = node.refusal("--suri //CA certificate revoke //Nobody");
	assert!(message.contains("has no certificate"), "{message}");
	assert_eq!(node.world().sent, 2);
	node.world().authority_at_dispatch = Some(id("//Other"));
	let output = node.run("--suri //CA certificate revoke //Bob");
	assert_eq!(
		(output.status.code(), &error(&output)["kind"]),
		(Some(1), &json!("refused"))
	);
	assert_eq!(status(), Status::Active);
}

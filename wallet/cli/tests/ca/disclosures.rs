//! What the authority decrypts is on record first, or it is not decrypted.

use pallet_ecommerce::{Disclosure, Event, OrderId};
use serde_json::json;
use veilmart_cli::account::address;
use veilmart_runtime::RuntimeEvent;

use crate::{
	ledger::id,
	node::{error, errors, hash, Node, BEGINNING},
};

const KEY: &str = "--key @key --key-passphrase-file @passphrase";

/// The disclosures that the chain has on record.
fn on_record(node: &Node) -> Vec<Disclosure<veilmart_runtime::AccountId>> {
	let world = node.world();
	let events = world.blocks.iter().flat_map(|block| &block.events);
	events
		.filter_map(|record| match &record.event {
			RuntimeEvent::Ecommerce(Event::Disclosed { subject }) => Some(subject.clone()),
			_ => None,
		})
		.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disputed_order_is_decrypted_on_record() {
	let node = Node::start().await;
	let order = node.json(&format!("--suri //CA ca decrypt {KEY} --order //Bob:3"));
	for (name, value) in [
		("state", json!("disputed")),
		("quantity", json!(2)),
		("price", json!("12.50")),
		("total", json!("25.00")),
		("item", json!("85123A")),
		("bond", json!("250.00")),
		("deposit", json!("25.00")),
		("at", json!(hash(3))),
	] {
		assert_eq!(order[name], value, "{name}");
	}
	assert_eq!(order["record"]["block"], json!(hash(4)));
	let id = OrderId {
		buyer: id("//Bob"),
		seq: 3,
	};
	assert_eq!(on_record(&node), [Disclosure::Order(id)]);

	// Without the listing, all but the item.
	node.world().state().listings.clear();
	let order = node.json(&format!("--suri //CA ca decrypt {KEY} --order //Bob:3"));
	assert_eq!((&order["item"], &order["price"]), (&json!(null), &json!("12.50")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_is_decrypted_on_record() {
	let node = Node::start().await;
	let balance = node.json(&format!("--suri //CA ca decrypt {KEY} --of //Bob"));
	assert_eq!(balance["amount"], "500.00");
	assert_eq!(on_record(&node), [Disclosure::Account(id("//Bob"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_parties_find_the_record_in_their_history() {
	let node = Node::start().await;
	node.json(&format!("--suri //CA ca decrypt {KEY} --order //Bob:3"));
	node.json(&format!("--suri //CA ca decrypt {KEY} --of //Alice"));
	let entry = |block: u64, about: String| {
		json!({
			"time": BEGINNING + 1_000 * block, "block": block, "sequence": null, "what": "disclosed", "about": about,
			"with": null, "change": null, "balance": null, "issued": null,
		})
	};
	let of_order = entry(4, format!("{}:3", address(&id("//Bob"))));
	let of_alice = entry(5, address(&id("//Alice")));
	for (suri, expected) in [
		// The seller, which the record does not name.
		("//Alice", json!([of_order, of_alice])),
		("//Bob", json!([of_order])),
		("//Issuer", json!([])),
	] {
		let history = node.json(&format!("--suri {suri} history --from 4"));
		assert_eq!(history, expected, "{suri}");
	}

	// The order is gone after that block, and with it what says who sold it.
	node.world().blocks[4].state.orders.clear();
	let history = node.json("--suri //Alice history --from 4");
	assert_eq!(history, json!([of_alice]));
	let history = node.json("--suri //Bob history --from 4");
	assert_eq!(history, json!([of_order]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_decrypted_that_cannot_be_recorded() {
	let node = Node::start().await;
	let usage = |line: &str| {
		let output = node.run(line);
		assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
		assert!(output.stdout.is_empty());
		error(&output)["message"].as_str().unwrap().to_owned()
	};
	// By nobody.
	for what in ["--order //Bob:3", "--of //Bob"] {
		let message = usage(&format!("ca decrypt {KEY} {what}"));
		assert!(message.contains("recorded on chain first"), "{message}");
	}
	let message = usage(&format!("ca decrypt {KEY} --ciphertext 0x00"));
	assert!(message.contains("cannot be recorded"), "{message}");
	let message = usage(&format!("--suri //CA ca decrypt {KEY} --of //Bob --unrecorded"));
	assert!(message.contains("contradict"), "{message}");
	// By somebody who is not the authority.
	let line = format!("--suri //Bob ca decrypt {KEY} --order //Bob:3");
	let message = node.refusal(&line);
	assert!(
		message.contains("is not this chain's certificate authority"),
		"{message}"
	);
	// About something that is not there.
	let message = node.refusal(&format!("--suri //CA ca decrypt {KEY} --order //Bob:4"));
	assert!(message.contains("There is no order"), "{message}");
	// With the key of another chain.
	let foreign = veilmart_paillier::generate(
		veilmart_paillier::ParameterSet::Paillier2048,
		veilmart_paillier::PrimeKind::Plain,
		&mut rand_core::OsRng,
		&mut || {},
	);
	node.keep_key("foreign", &foreign);
	let key = "--key @foreign --key-passphrase-file @passphrase";
	let message = node.refusal(&format!("--suri //CA ca decrypt {key} --order //Bob:3"));
	assert!(message.contains("not the key of this chain"), "{message}");
	assert_eq!(node.world().sent, 0, "nothing was sent for any of these");

	// The authority was replaced between the question and the record: the chain refuses, and nothing is shown.
	node.world().authority_at_dispatch = Some(id("//Other"));
	let output = node.run(&format!("--suri //CA ca decrypt {KEY} --order //Bob:3"));
	assert_eq!(output.status.code(), Some(1));
	assert!(output.stdout.is_empty());
	assert_eq!(error(&output)["kind"], "refused");
	assert!(
		errors(&output).contains("nothing was decrypted"),
		"{}",
		errors(&output)
	);
	assert_eq!(node.world().sent, 1);
	assert!(on_record(&node).is_empty());
}

/// First the record, and it is final: a node that names a block which never is, or one that records another thing.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_decrypted_before_the_record_is_final_and_about_it() {
	let node = Node::start().await;
	let letter = node.path("letter.json");
	let commands = [
		format!("ca decrypt {KEY} --order //Bob:3"),
		format!("ca decrypt {KEY} --of //Bob"),
		format!("ca recover {KEY} --of //Bob --out {} balance", letter.display()),
	];
	let refused = || {
		for command in &commands {
			let output = node.run(&format!("--suri //CA {command}"));
			assert_eq!(output.status.code(), Some(1), "{command}: {}", errors(&output));
			assert!(output.stdout.is_empty(), "{command}");
			assert!(
				errors(&output).contains("nothing was decrypted"),
				"{command}: {}",
				errors(&output)
			);
			assert!(!letter.exists(), "{command}");
		}
	};
	node.world().stops_in_block = true;
	refused();
	node.world().stops_in_block = false;
	let subject = Disclosure::Account(id("//Alice"));
	node.world().says = Some(Event::Disclosed { subject }.into());
	refused();
	assert_eq!(node.world().sent, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_decrypts_without_a_record_says_so() {
	let node = Node::start().await;
	for (what, name, value) in [
		("--order //Bob:3", "total", "25.00"),
		("--of //Bob", "amount", "500.00"),
	] {
		let output = node.run(&format!("ca decrypt {KEY} {what} --unrecorded"));
		assert!(output.status.success(), "{}", errors(&output));
		assert!(errors(&output).contains("NOT recorded"), "{}", errors(&output));
		let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
		assert_eq!((&json[name], &json["record"]), (&json!(value), &json!(null)));
	}
	let balance = node.world().last().state.accounts[&id("//Bob")].balance.clone();
	let ciphertext = serde_json::to_value(balance.ciphertext).unwrap();
	let ciphertext = ciphertext.as_str().unwrap();
	let output = node.run(&format!(
		"ca decrypt {KEY} --ciphertext {ciphertext} --unrecorded"
	));
	assert!(errors(&output).contains("NOT recorded"), "{}", errors(&output));
	let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
	assert_eq!(
		(&json["amount"], &json["record"]),
		(&json!("500.00"), &json!(null))
	);
	assert_eq!(node.world().sent, 0);
}

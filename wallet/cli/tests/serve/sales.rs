//! What would cost the seller sales: buyers who disturb, credits that wait, a node that is busy.

use std::time::Duration;

use pallet_ecommerce::{Call, OrderState};
use serde_json::Value;
use veilmart_cli::{names::show_order, transaction::Until};
use veilmart_runtime::RuntimeCall;

use crate::stage::{journal, of_kind, rules, rules_with, script, serve, Stage, MONEY, PRICE};

const ALWAYS: &str = "[accept]\nlistings = \"all\"\n[ship]\nwhen = \"always\"\n";

/// The shop is left with this balance and, beside it, credits of these amounts.
async fn credits(stage: &Stage, balance: u64, credits: &[u64]) {
	let there = stage.issuer.id().clone();
	stage.shop.transfer(&there, MONEY - balance).await.unwrap();
	// One account alone may not have so many wait for another one.
	for (number, credit) in credits.iter().enumerate() {
		if number % 2 == 0 {
			stage.issuer.issue(stage.shop.id(), *credit).await.unwrap();
		} else {
			stage.buyer.transfer(stage.shop.id(), *credit).await.unwrap();
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_declined_for_a_bond_that_more_than_one_collecting_brings_in() {
	let stage = Stage::set().await;
	// More than are collected at once, and each of them is needed.
	credits(&stage, 0, &[100; 20]).await;
	let order = stage.order(2).await;
	let folder = tempfile::tempdir().unwrap();
	let (result, said) = serve(&stage.ledger, &rules(ALWAYS), folder.path(), &[]).await;
	result.unwrap().unwrap();
	let left = of_kind(&said, "left");
	assert_eq!(left.len(), 1, "{said:#?}");
	assert!(left[0]["because"].as_str().unwrap().contains("collect first"));
	assert_eq!(stage.state(&order).await, Some(OrderState::Placed));
	let collects = rules(&format!("{ALWAYS}[collect]\nat_least = \"500.00\"\n"));
	let (result, said) = serve(&stage.ledger, &collects, folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(of_kind(&said, "collected").len(), 2, "{said:#?}");
	assert_eq!(of_kind(&said, "declined").len(), 0, "{said:#?}");
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
	// What does not suffice in any case is declined.
	let order = stage.order(2).await;
	stage.issuer.issue(stage.shop.id(), 1_999).await.unwrap();
	let (result, said) = serve(&stage.ledger, &rules(ALWAYS), folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(of_kind(&said, "declined").len(), 1, "{said:#?}");
	assert_eq!(stage.state(&order).await, Some(OrderState::Refunded));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_spoiled_a_round_is_answered_last() {
	let stage = Stage::set().await;
	let other = stage.ledger.session("//Alice").await;
	stage.issuer.issue(other.id(), 100_000).await.unwrap();
	other.collect_all().await.unwrap();
	let spoiled = [stage.order(1).await, stage.order(1).await, stage.order(1).await];
	let honest = stage.order_by(&other, 1).await;
	let folder = tempfile::tempdir().unwrap();
	let works = rules_with(&script(folder.path()));
	// Its buyer takes the first one back in the block in which it would be accepted.
	stage.ledger.with(|inner| inner.mining = false);
	let chain = stage.buyer.chain();
	let seq = chain.account(stage.buyer.id(), None).await.unwrap().seq;
	let order = spoiled[0].seq;
	let cancel = RuntimeCall::Ecommerce(Call::cancel { seq, order });
	let cancelled = chain.submit(stage.buyer.account(), cancel).await.unwrap();
	let serving = serve(&stage.ledger, &works, folder.path(), &[]);
	let mining = async {
		while stage.ledger.with(|inner| inner.pooled()) < 5 {
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
		stage.ledger.with(|inner| inner.mining = true);
		cancelled.wait(Until::Finalized).await.unwrap();
	};
	let ((result, said), ()) = tokio::join!(serving, mining);
	let error = result.unwrap().unwrap_err().to_string();
	assert!(error.contains("1 action failed"), "{error}: {said:#?}");
	let accepted = of_kind(&said, "accepted");
	let names: Vec<_> = accepted.iter().map(|line| line["order"].clone()).collect();
	let expected: Vec<Value> = [&honest, &spoiled[1], &spoiled[2]]
		.map(|order| show_order(order).into())
		.to_vec();
	assert_eq!(names, expected, "{said:#?}");
	assert_ne!(
		accepted[1]["block"], accepted[2]["block"],
		"one in each round: {said:#?}"
	);
	// What was taken back is not the command's.
	let journal = journal(folder.path());
	assert!(
		!journal.contains(&show_order(&spoiled[0])) && journal.contains(&show_order(&honest)),
		"{journal}"
	);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_too_busy_to_look_says_nothing_about_an_order() {
	let stage = Stage::set().await;
	let orders = [stage.order(1).await, stage.order(1).await, stage.order(1).await];
	let folder = tempfile::tempdir().unwrap();
	stage.ledger.with(|inner| inner.busy = vec![false, true]);
	let (result, said) = serve(&stage.ledger, &rules(ALWAYS), folder.path(), &[]).await;
	result.unwrap().unwrap();
	for order in &orders {
		assert_eq!(stage.state(order).await, Some(OrderState::Shipped), "{said:#?}");
	}
	assert!(of_kind(&said, "failed").is_empty(), "{said:#?}");
	assert_eq!(of_kind(&said, "paused").len(), 1, "{said:#?}");
	let blocks: Vec<_> = of_kind(&said, "accepted")
		.iter()
		.map(|line| line["block"].clone())
		.collect();
	assert_ne!(blocks[0], blocks[1], "the round went on: {said:#?}");
	// One that looks at nothing.
	let order = stage.order(1).await;
	stage.ledger.with(|inner| inner.busy = vec![true; 9]);
	let (result, _) = serve(&stage.ledger, &rules(ALWAYS), folder.path(), &[]).await;
	let error = result.unwrap().unwrap_err().to_string();
	assert!(error.contains("too busy"), "{error}");
	assert_eq!(stage.state(&order).await, Some(OrderState::Placed));
	let busy = stage.ledger.with(|inner| std::mem::take(&mut inner.busy));
	assert_eq!(busy.len(), 8, "it asked again in the same round");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_node_is_no_broken_connection() {
	let stage = Stage::set().await;
	let order = stage.order(1).await;
	stage.ledger.with(|inner| inner.busy = vec![true]);
	let mut pipeline = stage.shop.pipeline().await.unwrap();
	let stored = stage
		.shop
		.chain()
		.order(&order, Some(pipeline.at()))
		.await
		.unwrap()
		.unwrap();
	let room = pipeline.room();
	let error = pipeline.accept(&order, stored.clone()).await.unwrap_err();
	assert!(error.is_busy(), "{error}");
	assert_eq!(pipeline.room(), room);
	pipeline.accept(&order, stored).await.unwrap();
	drop(pipeline.finish().await);
	assert_eq!(stage.state(&order).await, Some(OrderState::Accepted));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_said_once_whatever_the_balance_is() {
	let stage = Stage::set().await;
	credits(&stage, 10 * 3 * PRICE, &[]).await;
	// The first needs more than there is; the second takes some of that away.
	let left = stage.order(4).await;
	let order = stage.order(1).await;
	let folder = tempfile::tempdir().unwrap();
	let leaves = rules(&format!("{ALWAYS}[decline]\nbond = \"leave\"\n"));
	let (result, said) = serve(&stage.ledger, &leaves, folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
	assert_eq!(stage.state(&left).await, Some(OrderState::Placed));
	assert_eq!(of_kind(&said, "left").len(), 1, "{said:#?}");
}

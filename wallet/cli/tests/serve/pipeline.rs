//! Calls in a row: what each leaves behind is what the next one is made for.

use pallet_ecommerce::{Call, OrderState};
use veilmart_cli::{
	error::Error,
	session::{Outcome, Pipeline},
};
use veilmart_runtime::RuntimeCall;

use crate::{
	ledger::Death,
	stage::{Order, Stage, MONEY, PRICE, STOCK},
};

async fn accept(pipeline: &mut Pipeline<'_>, stage: &Stage, id: &Order) -> Result<(), Error> {
	let order = stage.shop.chain().order(id, Some(pipeline.at())).await?;
	pipeline.accept(id, order.expect("it was placed")).await
}

async fn orders(stage: &Stage, pieces: &[u64]) -> Vec<Order> {
	let mut orders = Vec::new();
	for pieces in pieces {
		orders.push(stage.order(*pieces).await);
	}
	orders
}

fn block_of(outcome: &Outcome) -> veilmart_runtime::Hash {
	match outcome {
		Outcome::Done(included) => included.block,
		other => panic!("{other:?}"),
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_orders_are_accepted_in_one_block() {
	let stage = Stage::set().await;
	let orders = orders(&stage, &[1, 2, 3, 4, 1, 2, 3, 4]).await;
	stage.ledger.with(|inner| inner.mining = false);
	let mut pipeline = stage.shop.pipeline().await.unwrap();
	for order in &orders {
		accept(&mut pipeline, &stage, order).await.unwrap();
	}
	assert_eq!(pipeline.len(), 8);
	assert_eq!(pipeline.balance(), MONEY - 10 * 20 * PRICE);
	let before = stage.ledger.with(|inner| {
		assert_eq!(inner.pooled(), 8);
		inner.mining = true;
		inner.height()
	});
	let outcomes = pipeline.finish().await;
	let blocks: Vec<_> = outcomes.iter().map(block_of).collect();
	assert!(blocks.iter().all(|block| *block == blocks[0]), "{blocks:?}");
	let shop = stage.shop.id().clone();
	assert_eq!(
		stage.ledger.with(move |inner| inner.signed_in(before + 1, &shop)),
		8
	);
	for order in &orders {
		assert_eq!(stage.state(order).await, Some(OrderState::Accepted));
	}
	// What was carried forward is what the chain holds: it opens.
	assert_eq!(stage.shop.balance().await.unwrap(), MONEY - 10 * 20 * PRICE);
	assert_eq!(stage.stock().await, STOCK - 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_call_that_fails_everything_is_made_anew() {
	let stage = Stage::set().await;
	let orders = orders(&stage, &[1, 2, 3, 4]).await;
	stage.ledger.with(|inner| inner.mining = false);
	// The customer takes the second order back in the same block, before the shop's calls.
	let chain = stage.buyer.chain();
	let seq = chain.account(stage.buyer.id(), None).await.unwrap().seq;
	let order = orders[1].seq;
	let cancel = RuntimeCall::Ecommerce(Call::cancel { seq, order });
	let cancelled = chain.submit(stage.buyer.account(), cancel).await.unwrap();
	let mut pipeline = stage.shop.pipeline().await.unwrap();
	for order in &orders {
		accept(&mut pipeline, &stage, order).await.unwrap();
	}
	stage.ledger.with(|inner| inner.mining = true);
	let outcomes = pipeline.finish().await;
	cancelled
		.wait(veilmart_cli::transaction::Until::Finalized)
		.await
		.unwrap();
	assert!(matches!(&outcomes[0], Outcome::Done(_)), "{outcomes:?}");
	assert!(
		matches!(&outcomes[1], Outcome::Failed(Error::Refused(refusal)) if refusal.origin == "Ecommerce"),
		"{outcomes:?}"
	);
	assert!(matches!(&outcomes[2..], [Outcome::Forgotten, Outcome::Forgotten]));
	for (order, state) in orders.iter().zip([
		Some(OrderState::Accepted),
		Some(OrderState::Refunded),
		Some(OrderState::Placed),
		Some(OrderState::Placed),
	]) {
		assert_eq!(stage.state(order).await, state);
	}
	assert_eq!(stage.shop.balance().await.unwrap(), MONEY - 10 * PRICE);
	let mut pipeline = stage.shop.pipeline().await.unwrap();
	for order in &orders[2..] {
		accept(&mut pipeline, &stage, order).await.unwrap();
	}
	assert!(pipeline
		.finish()
		.await
		.iter()
		.all(|outcome| matches!(outcome, Outcome::Done(_))));
	assert_eq!(stage.shop.balance().await.unwrap(), MONEY - 10 * 8 * PRICE);
	assert_eq!(stage.stock().await, STOCK - 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_leaves_no_trace_and_a_lost_one_ends_it() {
	let stage = Stage::set().await;
	let orders = orders(&stage, &[1, 1, 2]).await;
	stage.shop.accept(&orders[0]).await.unwrap();
	stage.issuer.issue(stage.shop.id(), 700).await.unwrap();
	let mut pipeline = stage.shop.pipeline().await.unwrap();
	let credits: Vec<_> = pipeline.incoming().await.unwrap();
	let credits: Vec<_> = credits
		.into_iter()
		.filter_map(|(id, opened)| Some((id, opened?)))
		.collect();
	// The pool refuses to accept what is accepted already; the next call has the same numbers.
	let error = accept(&mut pipeline, &stage, &orders[0]).await.unwrap_err();
	assert!(
		matches!(&error, Error::Refused(refusal) if refusal.name == "WrongState"),
		"{error}"
	);
	assert!(pipeline.is_empty());
	accept(&mut pipeline, &stage, &orders[1]).await.unwrap();
	// A note about a balance that is not final could lock it for ever.
	let error = pipeline.collect(&credits).await.unwrap_err();
	assert!(error.to_string().contains("never on top"), "{error}");
	let outcomes = pipeline.finish().await;
	assert!(matches!(&outcomes[..], [Outcome::Done(_)]), "{outcomes:?}");

	let mut pipeline = stage.shop.pipeline().await.unwrap();
	pipeline.collect(&credits).await.unwrap();
	let order = stage
		.shop
		.chain()
		.order(&orders[2], Some(pipeline.at()))
		.await
		.unwrap()
		.unwrap();
	// The next request after the listing's is the one that sends.
	stage.ledger.with(|inner| inner.revive(Some(Death::After(2))));
	let error = pipeline.accept(&orders[2], order.clone()).await.unwrap_err();
	assert!(matches!(&error, Error::Node(_)), "{error}");
	assert_eq!(pipeline.room(), 0);
	stage.ledger.with(|inner| inner.revive(None));
	let error = pipeline.accept(&orders[2], order).await.unwrap_err();
	assert!(error.to_string().contains("nothing is sent on top"), "{error}");
	drop(pipeline);
	// It had arrived all the same; the next pipeline finds that out from the chain.
	let pipeline = stage.shop.pipeline().await.unwrap();
	assert_eq!(pipeline.balance(), MONEY + 700 - 10 * 4 * PRICE);
	drop(pipeline);
	assert_eq!(stage.state(&orders[2]).await, Some(OrderState::Accepted));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_final_is_waited_for() {
	let stage = Stage::set().await;
	let order = stage.order(1).await;
	// A final block before the order.
	stage.ledger.with(|inner| inner.hold = Some(inner.height() - 1));
	let pipeline = stage.shop.pipeline().await.unwrap();
	let seen = stage
		.shop
		.chain()
		.order(&order, Some(pipeline.at()))
		.await
		.unwrap();
	assert_eq!(seen, None, "it is not final");
	drop(pipeline);
	// A call of the shop itself that is in a block which is not final.
	let hold = stage.ledger.with(|inner| {
		inner.hold = Some(inner.height());
		inner.height()
	});
	let chain = stage.shop.chain();
	let seq = chain.account(stage.shop.id(), None).await.unwrap().seq;
	let call = RuntimeCall::Ecommerce(Call::delist {
		seq,
		listing: stage.listing,
	});
	let sent = chain.submit(stage.shop.account(), call).await.unwrap();
	sent.wait(veilmart_cli::transaction::Until::InBlock)
		.await
		.unwrap();
	let early = tokio::time::timeout(std::time::Duration::from_millis(600), stage.shop.pipeline()).await;
	assert!(
		early.is_err(),
		"a pipeline began before block {hold} was followed by a final one"
	);
	stage.ledger.with(|inner| inner.release());
	stage.shop.pipeline().await.unwrap();
}

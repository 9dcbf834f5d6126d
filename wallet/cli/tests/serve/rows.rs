//! Calls in a row of customers, issuers and sellers: each is made upon what the ones before it leave behind.

use pallet_ecommerce::{Call, DeclineReason, ListingId, OrderState};
use veilmart_cli::{
	commodity,
	error::{Error, Result},
	session::{ListingContents, Outcome, Session, Side},
	transaction::{Sent, Until},
};
use veilmart_runtime::{AccountId, Hash, RuntimeCall};

use crate::stage::{Stage, PRICE, STOCK};

/// What the customer begins with, in minor units.
const PURSE: u64 = 100_000;

/// The blocks of calls that have happened, all of them.
fn blocks(outcomes: &[Outcome]) -> Vec<Hash> {
	outcomes
		.iter()
		.map(|outcome| match outcome {
			Outcome::Done(included) => included.block,
			other => panic!("{other:?}"),
		})
		.collect()
}

/// What a wallet says that refuses.
fn refusal<T: std::fmt::Debug>(result: Result<T>) -> String {
	match result {
		Err(Error::Wallet(text)) => text,
		other => panic!("{other:?}"),
	}
}

/// What waits for an account, by amounts.
async fn waiting(session: &Session) -> Vec<Option<u64>> {
	let holdings = session.holdings().await.unwrap();
	holdings.incoming.iter().map(|credit| credit.amount).collect()
}

/// Has the shop take a listing away, with the next block.
pub async fn delisted(stage: &Stage, listing: &ListingId<AccountId>) -> Sent {
	let chain = stage.shop.chain();
	let seq = chain.account(stage.shop.id(), None).await.unwrap().seq;
	let listing = listing.seq;
	let call = RuntimeCall::Ecommerce(Call::delist { seq, listing });
	chain.submit(stage.shop.account(), call).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_orders_pays_confirms_and_disputes_in_one_block() {
	let stage = Stage::set().await;
	let arrived = stage.order(1).await;
	let broken = stage.order(2).await;
	let unanswered = stage.order(3).await;
	for order in [&arrived, &broken] {
		stage.shop.accept(order).await.unwrap();
		stage.shop.ship(order).await.unwrap();
	}
	let (first, second) = (stage.offer(250).await, stage.offer(70).await);
	stage.ledger.with(|inner| inner.mining = false);
	let mut row = stage.buyer.pipeline().await.unwrap();
	let one = row.order(&first, 2, Some(250)).await.unwrap();
	let sent = row.transfer(stage.shop.id(), 1_000).await.unwrap();
	assert_eq!(row.confirm(arrived.seq).await.as_ref(), Ok(&arrived));
	let two = row.order(&second, 3, None).await.unwrap();
	assert_eq!(row.dispute(broken.seq).await.as_ref(), Ok(&broken));
	let redeemed = row.redeem(stage.issuer.id(), 500).await.unwrap();
	assert_eq!(row.cancel(unanswered.seq).await.as_ref(), Ok(&unanswered));
	let deposit = 2 * PRICE;
	let left = PURSE - 6 * PRICE - 500 - 1_000 - 210 - deposit - 500;
	assert_eq!((row.len(), row.balance()), (7, left));
	let before = stage.ledger.with(|inner| {
		assert_eq!(inner.pooled(), 7);
		inner.mining = true;
		inner.height()
	});
	let blocks = blocks(&row.finish().await);
	assert!(blocks.iter().all(|block| *block == blocks[0]), "{blocks:?}");
	let buyer = stage.buyer.id().clone();
	assert_eq!(
		stage
			.ledger
			.with(move |inner| inner.signed_in(before + 1, &buyer)),
		7
	);

	// What was carried forward is what the chain holds: it opens, for both sides.
	assert_eq!(stage.buyer.balance().await, Ok(left));
	for (order, state, total) in [
		(&one, OrderState::Placed, 500),
		(&two, OrderState::Placed, 210),
		(&arrived, OrderState::Completed, PRICE),
		(&broken, OrderState::Disputed, 2 * PRICE),
		(&unanswered, OrderState::Refunded, 3 * PRICE),
	] {
		for session in [&stage.buyer, &stage.shop] {
			let shown = session.order_view(order).await.unwrap().expect("it is there");
			assert_eq!(shown.state, state);
			assert_eq!(shown.contents.map(|contents| contents.total), Ok(total));
		}
	}
	let incoming = stage.shop.holdings().await.unwrap().incoming;
	let found = incoming.iter().find(|credit| credit.id == sent);
	assert_eq!(found.expect("it waits").amount, Some(1_000));
	let redemptions = stage.issuer.redemptions().await.unwrap();
	assert_eq!(
		(&redemptions[0].id, redemptions[0].amount),
		(&redeemed, Some(500))
	);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_issues_in_a_row_and_within_its_quota() {
	let stage = Stage::set().await;
	let before = stage.issuer.holdings().await.unwrap();
	stage.ledger.with(|inner| inner.mining = false);
	let mut row = stage.issuer.pipeline().await.unwrap();
	row.issue(stage.buyer.id(), 100).await.unwrap();
	let left = before.quota - before.issued - 100;
	assert!(refusal(row.issue(stage.buyer.id(), left + 1).await).contains("quota"));
	row.issue(stage.shop.id(), 200).await.unwrap();
	row.issue(stage.buyer.id(), 300).await.unwrap();
	stage.ledger.with(|inner| inner.mining = true);
	let blocks = blocks(&row.finish().await);
	assert_eq!(blocks, [blocks[0]; 3]);
	assert_eq!(stage.issuer.holdings().await.unwrap().issued, before.issued + 600);
	assert_eq!(waiting(&stage.buyer).await, [Some(100), Some(300)]);
	assert_eq!(waiting(&stage.shop).await, [Some(200)]);
	// Who may not issue is told so before anything is sent.
	let mut row = stage.buyer.pipeline().await.unwrap();
	assert!(refusal(row.issue(stage.shop.id(), 1).await).contains("no quota"));
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_an_order_that_is_refused_nothing_happens_and_nothing_can() {
	let stage = Stage::set().await;
	let (first, second) = (stage.offer(250).await, stage.offer(70).await);
	stage.ledger.with(|inner| inner.mining = false);
	// In the same block, before the customer's calls.
	let gone = delisted(&stage, &second).await;
	let mut row = stage.buyer.pipeline().await.unwrap();
	let mut numbers = vec![row.numbers()];
	row.order(&first, 1, None).await.unwrap();
	numbers.push(row.numbers());
	row.order(&second, 1, None).await.unwrap();
	numbers.push(row.numbers());
	row.transfer(stage.shop.id(), 1_000).await.unwrap();
	stage.ledger.with(|inner| inner.mining = true);
	let outcomes = row.finish().await;
	gone.wait(Until::Finalized).await.unwrap();
	assert!(
		matches!(
			&outcomes[..],
			[Outcome::Done(_), Outcome::Failed(Error::Refused(refusal)), Outcome::Forgotten]
				if refusal.name == "NoSuchListing"
		),
		"{outcomes:?}"
	);
	for (numbers, void) in numbers.into_iter().zip([false, true, true]) {
		assert_eq!(stage.buyer.is_void(numbers).await, Ok(void), "{numbers:?}");
	}
	assert_eq!(stage.buyer.balance().await, Ok(PURSE - 250));
	assert!(waiting(&stage.shop).await.is_empty());
	// Made anew, without the one that cannot be.
	let mut row = stage.buyer.pipeline().await.unwrap();
	assert!(refusal(row.order(&second, 1, None).await).contains("There is no listing"));
	row.transfer(stage.shop.id(), 1_000).await.unwrap();
	assert_eq!(blocks(&row.finish().await).len(), 1);
	assert_eq!(stage.buyer.balance().await, Ok(PURSE - 1_250));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_killed_between_two_calls_goes_on_from_the_chain() {
	const AMOUNTS: [u64; 4] = [100, 200, 300, 400];
	let stage = Stage::set().await;
	let begin = stage.ledger.with(|inner| inner.snapshot());
	for pool_lost in [false, true] {
		let begin = begin.clone();
		stage.ledger.with(move |inner| {
			inner.restore(begin);
			inner.mining = false;
		});
		let mut row = stage.buyer.pipeline().await.unwrap();
		let first = row.numbers().seq;
		for amount in &AMOUNTS[..2] {
			row.transfer(stage.shop.id(), *amount).await.unwrap();
		}
		// Nobody waits for them.
		drop(row);
		stage.ledger.with(move |inner| {
			if pool_lost {
				inner.empty_pool();
			}
			inner.mining = true;
		});
		let again = stage.ledger.session("//Bob").await;
		let mut row = again.pipeline().await.unwrap();
		let done = usize::try_from(row.numbers().seq - first).unwrap();
		assert_eq!(done, if pool_lost { 0 } else { 2 });
		for amount in &AMOUNTS[done..] {
			row.transfer(stage.shop.id(), *amount).await.unwrap();
		}
		blocks(&row.finish().await);
		assert_eq!(again.balance().await, Ok(PURSE - 1_000), "pool lost: {pool_lost}");
		assert_eq!(waiting(&stage.shop).await, AMOUNTS.map(Some));
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_speaks_of_a_stock_or_a_price_goes_first() {
	let stage = Stage::set().await;
	let order = stage.order(2).await;
	let chain = stage.shop.chain();
	let mut row = stage.shop.pipeline().await.unwrap();
	row.quote(stage.listing, stage.buyer.id()).await.unwrap();
	// Behind a call that is given up the chain would take them upon another stock, and their notes would open it no more.
	for result in [
		row.restock(stage.listing, 5).await,
		row.reprice(stage.listing, 90).await,
	] {
		assert!(refusal(result).contains("never on top"));
	}
	blocks(&row.finish().await);

	let mut row = stage.shop.pipeline().await.unwrap();
	row.reprice(stage.listing, 90).await.unwrap();
	row.quote(stage.listing, stage.buyer.id()).await.unwrap();
	let stored = chain.order(&order, Some(row.at())).await.unwrap().unwrap();
	let error = refusal(row.accept(&order, stored).await);
	assert!(error.contains("once the new price"), "{error}");
	blocks(&row.finish().await);
	let quotes = stage.buyer.quotes().await.unwrap();
	assert_eq!(quotes.len(), 1);
	assert_eq!(quotes[0].contents.as_ref().map(|quote| quote.price), Ok(90));

	// Behind a restock an order is accepted from the stock that there will be.
	let mut row = stage.shop.pipeline().await.unwrap();
	row.restock(stage.listing, 5).await.unwrap();
	let stored = chain.order(&order, Some(row.at())).await.unwrap().unwrap();
	row.accept(&order, stored).await.unwrap();
	row.ship(&order).await.unwrap();
	assert_eq!(blocks(&row.finish().await).len(), 3);
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
	assert_eq!(stage.stock().await, STOCK + 5 - 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptance_that_comes_back_after_a_new_price_leaves_the_listing_open() {
	let stage = Stage::set().await;
	let (unserved, order) = (stage.order(1).await, stage.order(2).await);
	stage.ledger.with(|inner| inner.mining = false);
	let mut row = stage.shop.pipeline().await.unwrap();
	let stored = row
		.order_in(&order, OrderState::Placed, Side::Seller)
		.await
		.unwrap();
	row.decline(&unserved, DeclineReason::NotServed).await.unwrap();
	row.accept(&order, stored).await.unwrap();
	// The node loses both, and only the second one is still in another node's pool.
	let lost = stage.ledger.with(|inner| {
		inner.mining = true;
		inner.take_pool()
	});
	assert_eq!(lost.len(), 2);
	drop(row);
	stage.shop.reprice(stage.listing, 90).await.unwrap();
	let accept = lost[1].clone();
	stage.ledger.with(move |inner| {
		inner.hear(&accept);
		inner.block(100);
	});
	assert_eq!(stage.state(&order).await, Some(OrderState::Accepted));
	assert_eq!(stage.state(&unserved).await, Some(OrderState::Placed));

	// A shop that has nothing but its seed sells on.
	let again = stage.ledger.session("//Charlie").await;
	let contents = |stock| ListingContents {
		price: 90,
		stock,
		commodity: commodity::encode("85123A").unwrap(),
	};
	for session in [&stage.shop, &again] {
		let listings = session.listings().await.unwrap();
		assert_eq!(listings[0].contents, Ok(contents(STOCK - 2)));
	}
	again.restock(stage.listing, 5).await.unwrap();
	let next = stage.order(3).await;
	again.accept(&next).await.unwrap();
	let sold = again.order_view(&next).await.unwrap().unwrap();
	assert_eq!(sold.contents.map(|contents| contents.total), Ok(3 * 90));
	let listings = again.listings().await.unwrap();
	assert_eq!(listings[0].contents, Ok(contents(STOCK)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_no_more_careless_than_single_calls() {
	let stage = Stage::set().await;
	let arrived = stage.order(1).await;
	stage.shop.accept(&arrived).await.unwrap();
	stage.shop.ship(&arrived).await.unwrap();
	let offer = stage.offer(250).await;
	let mut row = stage.buyer.pipeline().await.unwrap();
	assert!(refusal(row.order(&offer, 1, Some(249)).await).contains("more than 2.49"));
	assert!(refusal(row.order(&offer, 1_000, None).await).contains("Not enough balance"));
	assert!(row.is_empty(), "a refused call leaves no trace");
	row.order(&offer, 1, None).await.unwrap();
	assert!(refusal(row.order(&offer, 1, None).await).contains("no quote"));
	row.confirm(arrived.seq).await.unwrap();
	for result in [row.confirm(arrived.seq).await, row.dispute(arrived.seq).await] {
		assert!(refusal(result).contains("is completed"));
	}
	assert!(refusal(row.cancel(9_999).await).contains("There is no order"));
	let left = PURSE - PRICE - 250;
	assert!(refusal(row.transfer(stage.shop.id(), left + 1).await).contains("Not enough balance"));
	row.transfer(stage.shop.id(), left).await.unwrap();
	assert_eq!(blocks(&row.finish().await).len(), 3);
	assert_eq!(stage.buyer.balance().await, Ok(0));
}

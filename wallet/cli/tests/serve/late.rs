//! Calls that only time makes possible: an order is poked, a transfer is taken back. Wallets made anew from their seeds find both.
//!
//! A session lasts a minute. The block that begins the next one is full before any transaction, so what waits for it is in the block
//! behind it.

use std::time::Duration;

use pallet_ecommerce::{CreditId, CreditKind, OrderState};
use veilmart_cli::{
	error::Error,
	names::{show_credit, show_order},
	session::Session,
};
use veilmart_runtime::AccountId;

use crate::stage::{Stage, PRICE};

/// A day, in milliseconds.
const DAY: u64 = 86_400_000;

/// A line of a statement: the call or event, what it is about, how the balance changed.
type Line = (String, String, Option<i128>);

fn line(what: &str, about: &str, change: Option<i128>) -> Line {
	(what.to_owned(), about.to_owned(), change)
}

/// The account's statement from this block on.
async fn told(session: &Session, from: u32) -> Vec<Line> {
	let entries = session.history(from).await.unwrap();
	let lines = entries.iter();
	lines
		.map(|entry| line(&entry.what, &entry.about, entry.change))
		.collect()
}

/// Balance, and what waits.
async fn has(session: &Session) -> (u64, Vec<(CreditId<AccountId>, Option<u64>)>) {
	let holdings = session.holdings().await.unwrap();
	let incoming = holdings.incoming.into_iter();
	(
		holdings.balance,
		incoming.map(|credit| (credit.id, credit.amount)).collect(),
	)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_poked_before_the_chain_comes_to_it() {
	let stage = Stage::set().await;
	let order = stage.order(2).await;
	let name = show_order(&order);
	let before = stage.ledger.with(|inner| {
		inner.mining = false;
		// Of the minute in which it may be accepted five seconds are left, and a little less of the session that began with the chain.
		inner.pass(55_000);
		inner.height()
	});
	// The agenda acts by the time of the block before; in the first block after the deadline it is the caller who comes first. The
	// session is over after that block, not before: behind a block without room the agenda would be first.
	let in_time = async {
		while stage.ledger.with(|inner| inner.pooled()) == 0 {
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
		stage.ledger.with(|inner| inner.block(10_000));
	};
	let (poked, ()) = tokio::join!(stage.buyer.poke(&order), in_time);
	assert_eq!(poked.unwrap().id, order);
	let buyer = stage.buyer.id().clone();
	let signed = stage.ledger.with(move |inner| {
		inner.mining = true;
		inner.signed_in(before + 1, &buyer)
	});
	assert_eq!(signed, 1);
	assert_eq!(stage.state(&order).await, Some(OrderState::Refunded));

	let again = stage.ledger.session("//Bob").await;
	let refund = CreditId {
		creator: order.buyer.clone(),
		seq: order.seq,
		kind: CreditKind::Refund,
	};
	let cost = 2 * PRICE;
	assert_eq!(
		has(&again).await,
		(100_000 - cost, vec![(refund.clone(), Some(cost))])
	);
	let orders = again.orders(None).await.unwrap();
	assert_eq!(orders.len(), 1);
	assert_eq!(orders[0].state, OrderState::Refunded);
	assert_eq!(
		orders[0].contents.as_ref().map(|contents| contents.total),
		Ok(cost)
	);
	again.collect_all().await.unwrap();
	assert_eq!(has(&again).await, (100_000, vec![]));
	assert_eq!(
		told(&again, before + 1).await,
		[
			line("poke", &name, None),
			line("collect", &show_credit(&refund), Some(cost.into())),
		]
	);
	// The seller did nothing, and is told what happened.
	let shop = stage.ledger.session("//Charlie").await;
	assert_eq!(told(&shop, before + 1).await, [line("lapsed", &name, None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_block_that_begins_a_session_has_no_room_for_is_in_the_next() {
	let stage = Stage::set().await;
	let before = stage.ledger.with(|inner| {
		inner.mining = false;
		inner.pass(60_000);
		inner.height()
	});
	let buyer = stage.buyer.id().clone();
	let blocks = async {
		while stage.ledger.with(|inner| inner.pooled()) == 0 {
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
		stage.ledger.with(move |inner| {
			[1, 2].map(|next| {
				inner.block(100);
				inner.signed_in(before + next, &buyer)
			})
		})
	};
	let (sent, included) = tokio::join!(stage.buyer.transfer(stage.shop.id(), 700), blocks);
	assert_eq!(included, [0, 1]);
	stage.ledger.with(|inner| inner.mining = true);
	let sent = sent.unwrap().id;
	assert_eq!(has(&stage.shop).await.1, [(sent, Some(700))]);
	// What was found too large for a block has left nothing behind: the account's numbers go on.
	stage.buyer.transfer(stage.shop.id(), 300).await.unwrap();
	assert_eq!(stage.buyer.balance().await, Ok(100_000 - 1_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_nobody_collects_is_taken_back_after_a_day() {
	let stage = Stage::set().await;
	let before = stage.ledger.with(|inner| inner.height());
	let sent = stage.buyer.transfer(stage.shop.id(), 700).await.unwrap().id;
	let early = stage.buyer.reclaim(stage.shop.id(), sent.seq).await.unwrap_err();
	assert!(
		matches!(&early, Error::Wallet(text) if text.contains("can be taken back from")),
		"{early}"
	);
	stage.ledger.with(|inner| inner.skip(DAY));
	let returned = stage.buyer.reclaim(stage.shop.id(), sent.seq).await.unwrap().id;
	assert_eq!((returned.seq, returned.kind), (sent.seq, CreditKind::Returned));

	let again = stage.ledger.session("//Bob").await;
	assert_eq!(
		has(&again).await,
		(100_000 - 700, vec![(returned.clone(), Some(700))])
	);
	again.collect_all().await.unwrap();
	assert_eq!(has(&again).await, (100_000, vec![]));
	assert_eq!(
		told(&again, before + 1).await,
		[
			line("transfer", &show_credit(&sent), Some(-700)),
			line("reclaim", &show_credit(&sent), None),
			line("collect", &show_credit(&returned), Some(700)),
		]
	);
	let shop = stage.ledger.session("//Charlie").await;
	assert!(has(&shop).await.1.is_empty());
	assert_eq!(
		told(&shop, before + 1).await,
		[
			line("transferred", &show_credit(&sent), None),
			line("reclaimed", &show_credit(&returned), None),
		]
	);
}

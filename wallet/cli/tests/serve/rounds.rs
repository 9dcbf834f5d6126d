//! What the agent does about what it finds on the chain.

use pallet_ecommerce::{Call, DeclineReason, Event, ListingId, OrderState, Salt, SealedNote};
use rand_core::OsRng;
use veilmart_cli::{account::Account, names::show_order, serve::journal::Step, transaction::Until};
use veilmart_runtime::{RuntimeCall, RuntimeEvent};
use veilmart_wallet::state;

use crate::stage::{of_kind, rules, rules_with, serve, Order, Stage, MONEY, PRICE};

const ALWAYS: &str = "[accept]\nlistings = \"all\"\n[ship]\nwhen = \"always\"\n";

/// An order whose note is sealed to somebody else, by a careless or malicious customer.
async fn order_with_a_wrong_note(stage: &Stage) -> Order {
	let (chain, me, wallet) = (stage.buyer.chain(), stage.buyer.id(), stage.buyer.wallet());
	stage.shop.quote(stage.listing, me).await.unwrap();
	let id = ListingId {
		seller: stage.shop.id().clone(),
		seq: stage.listing,
	};
	let listing = chain.listing(&id, None).await.unwrap().unwrap();
	let quote = chain.quote(me, &id, None).await.unwrap().unwrap();
	let account = chain.account(me, None).await.unwrap();
	let listing = state::Listing {
		name: state::ListingName {
			seller: *id.seller.as_ref(),
			seq: id.seq,
		},
		version: listing.version,
		price: listing.price,
		price_seq: listing.price_seq,
		price_salt: listing.price_salt.0,
		stock: listing.stock,
		commodity: listing.commodity,
		salt: listing.salt.0,
		note: listing.note.0,
	};
	let quote = state::Quote {
		version: quote.version,
		note: quote.note.0,
	};
	let quoted = wallet.open_quote(&listing, &quote).unwrap();
	let owned = state::Owned {
		ciphertext: account.balance.ciphertext,
		note: account.balance.note.map(|note| note.0),
	};
	let balance = wallet.open_balance(&owned).unwrap();
	let terms = chain.market(None).await.unwrap().terms.into();
	let other = Account::development("//Eve").unwrap().view_key(0).unwrap();
	let call = wallet
		.order(
			account.seq,
			&balance,
			&quoted,
			1,
			&terms,
			other.as_bytes(),
			&mut OsRng,
		)
		.unwrap();
	let note = |note| Box::new(SealedNote(note));
	let order = Call::order {
		seq: call.seq,
		salt: Salt(call.salt),
		listing: id,
		version: call.version,
		quantity: Box::new(call.quantity),
		total: Box::new(call.total),
		balance_after: Box::new(call.balance_after),
		own_note: note(call.own_note),
		note: note(call.note),
		quote: note(call.quote),
		proof: call.proof.try_into().unwrap(),
	};
	let order = RuntimeCall::Ecommerce(order);
	chain
		.submit_and_watch(stage.buyer.account(), order, Until::Finalized)
		.await
		.unwrap();
	Order {
		buyer: me.clone(),
		seq: call.seq,
	}
}

/// The reasons with which orders were declined in the last block.
async fn reasons(stage: &Stage) -> Vec<DeclineReason> {
	let chain = stage.shop.chain();
	let events = chain.events(chain.best().await.unwrap()).await.unwrap();
	events
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Ecommerce(Event::Declined { reason, .. }) => Some(reason),
			_ => None,
		})
		.collect()
}

/// The paper's Step 4.4: what the seller computes and what the chain holds have to be equal.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_its_note_does_not_open_is_declined_for_that() {
	let stage = Stage::set().await;
	let order = order_with_a_wrong_note(&stage).await;
	let folder = tempfile::tempdir().unwrap();
	let (result, said) = serve(&stage.ledger, &rules(ALWAYS), folder.path(), &[]).await;
	result.unwrap().unwrap();
	let declined = of_kind(&said, "declined");
	assert_eq!(declined.len(), 1, "{said:#?}");
	assert_eq!(declined[0]["order"], show_order(&order));
	assert_eq!(declined[0]["reason"], "note-mismatch");
	assert_eq!(reasons(&stage).await, [DeclineReason::NoteMismatch]);
	// The customer has its money back.
	stage.buyer.collect_all().await.unwrap();
	assert_eq!(stage.buyer.balance().await.unwrap(), 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_reason_on_the_chain() {
	let stage = Stage::set().await;
	let strict = "[accept]\nlistings = \"all\"\nstock_reserve = 47\nmin_total = \"2.00\"\nbalance_reserve = \"9980\"\n\
		[ship]\nwhen = \"always\"\n[decline]\ntotal = \"unspecified\"\n";
	for (pieces, reason) in [
		(4, DeclineReason::OutOfStock),
		(1, DeclineReason::Unspecified),
		(3, DeclineReason::NoBond),
	] {
		let order = stage.order(pieces).await;
		let folder = tempfile::tempdir().unwrap();
		let (result, said) = serve(&stage.ledger, &rules(strict), folder.path(), &[]).await;
		result.unwrap().unwrap();
		assert_eq!(reasons(&stage).await, [reason], "{pieces} pieces: {said:#?}");
		assert_eq!(stage.state(&order).await, Some(OrderState::Refunded));
	}
	let unwanted = format!("{ALWAYS}[buyers]\ndeny_organisations = [\"Bob\"]\n");
	stage.order(2).await;
	let folder = tempfile::tempdir().unwrap();
	let (result, _) = serve(&stage.ledger, &rules(&unwanted), folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(reasons(&stage).await, [DeclineReason::NotServed]);
	// Two pieces fit all of it.
	let order = stage.order(2).await;
	let folder = tempfile::tempdir().unwrap();
	let (result, _) = serve(&stage.ledger, &rules(strict), folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_final_is_not_acted_upon() {
	let stage = Stage::set().await;
	let order = stage.order(1).await;
	// The order is in the last block, which is not final.
	stage.ledger.with(|inner| inner.hold = Some(inner.height() - 1));
	let folder = tempfile::tempdir().unwrap();
	let (result, said) = serve(&stage.ledger, &rules(ALWAYS), folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert!(said.is_empty(), "{said:#?}");
	assert_eq!(stage.state(&order).await, Some(OrderState::Placed));
	stage.ledger.with(|inner| inner.release());
	let (result, _) = serve(&stage.ledger, &rules(ALWAYS), folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_waits_is_collected_when_a_bond_needs_it() {
	let stage = Stage::set().await;
	// All but the bond of one piece goes away, and comes in again as a credit.
	let there = stage.issuer.id().clone();
	stage.shop.transfer(&there, MONEY - 1_000).await.unwrap();
	stage.issuer.issue(stage.shop.id(), 2_000).await.unwrap();
	let orders = [stage.order(2).await, stage.order(1).await];
	let folder = tempfile::tempdir().unwrap();
	let text = format!("{ALWAYS}[collect]\nat_least = \"500.00\"\nevery_seconds = 3600\n");
	let (result, said) = serve(&stage.ledger, &rules(&text), folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(of_kind(&said, "collected").len(), 1, "{said:#?}");
	for order in &orders {
		assert_eq!(stage.state(order).await, Some(OrderState::Shipped));
	}
	assert_eq!(stage.shop.balance().await.unwrap(), 3_000 - 10 * 3 * PRICE);
}

#[tokio::test(flavor = "multi_thread")]
async fn known_buyers_always_have_a_quote() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	let text = format!("{ALWAYS}[quote]\nbuyers = [\"//Bob\"]\n");
	let listing = ListingId {
		seller: stage.shop.id().clone(),
		seq: stage.listing,
	};
	for price in [PRICE, PRICE + 1] {
		let (result, said) = serve(&stage.ledger, &rules(&text), folder.path(), &[]).await;
		result.unwrap().unwrap();
		assert_eq!(of_kind(&said, "quoted").len(), 1, "{said:#?}");
		// Nothing more is due as long as it is there.
		let (result, said) = serve(&stage.ledger, &rules(&text), folder.path(), &[]).await;
		result.unwrap().unwrap();
		assert!(said.is_empty(), "{said:#?}");
		stage.buyer.order(&listing, 1, Some(price)).await.unwrap();
		let (result, said) = serve(&stage.ledger, &rules(&text), folder.path(), &[]).await;
		result.unwrap().unwrap();
		// The order used the quote up.
		assert_eq!(of_kind(&said, "quoted").len(), 1, "{said:#?}");
		stage.shop.reprice(stage.listing, PRICE + 1).await.unwrap();
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_did_not_ship_runs_again_and_never_too_late() {
	let stage = Stage::set().await;
	let order = stage.order(1).await;
	let folder = tempfile::tempdir().unwrap();
	let parcel = folder.path().join("parcel");
	let script = format!("test -e '{}'", parcel.display());
	let (result, said) = serve(&stage.ledger, &rules_with(&script), folder.path(), &[]).await;
	let error = result.unwrap().unwrap_err().to_string();
	assert!(error.contains("1 action failed"), "{error}");
	assert_eq!(of_kind(&said, "failed")[0]["ended"], "not-shipped", "{said:#?}");
	assert_eq!(stage.state(&order).await, Some(OrderState::Accepted));
	std::fs::write(&parcel, "").unwrap();
	let (result, _) = serve(&stage.ledger, &rules_with(&script), folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));

	// Two minutes to ship and two of grace: after three and a half, the command, which may take one, is not begun.
	let order = stage.order(1).await;
	stage.shop.accept(&order).await.unwrap();
	stage.ledger.with(|inner| inner.pass(210_000));
	let answer = [(order.clone(), Step::NotShipped)];
	let (result, said) = serve(&stage.ledger, &rules_with(&script), folder.path(), &answer).await;
	let error = result.unwrap().unwrap_err().to_string();
	assert!(error.contains(&show_order(&order)), "{error}");
	let why = of_kind(&said, "needsYou")[0]["because"].as_str().unwrap();
	assert!(why.contains("too short"), "{said:#?}");
	assert_eq!(stage.state(&order).await, Some(OrderState::Accepted));
}

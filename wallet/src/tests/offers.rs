//! Prices and stocks that change while orders are on their way.

use super::*;
use crate::{state::Quote, WalletError};

/// The seller's listing, from the ledger alone.
fn listing(world: &World, seq: u64) -> OpenedListing {
	let state = &world.ledger.listings[&(world.seller.account(), seq)];
	world.seller.open_listing(state).expect("opens")
}

fn repriced(world: &mut World, seq: u64, price: u64) -> OpenedListing {
	let who = world.seller.account();
	let before = listing(world, seq);
	let call = world
		.seller
		.reprice(world.ledger.seq(&who), &before, price, &mut world.rng)
		.expect("reprices");
	world.ledger.reprice(&who, &call).expect("accepted");
	call.listing
}

fn restocked(world: &mut World, seq: u64, pieces: u64) -> OpenedListing {
	let who = world.seller.account();
	let before = listing(world, seq);
	let call = world
		.seller
		.restock(world.ledger.seq(&who), &before, pieces, &mut world.rng)
		.expect("restocks");
	world.ledger.restock(&who, &call).expect("accepted");
	call.listing
}

fn values(listing: &OpenedListing) -> (u32, u64, u64, u64) {
	(
		listing.version(),
		listing.price().value(),
		listing.stock().value(),
		listing.commodity().value(),
	)
}

#[test]
fn a_listing_is_found_again_after_each_change() {
	let mut world = World::funded(10_000, 20_000);
	let seq = world.listed().0.name().seq;
	let who = world.seller.account();
	for (change, expected) in [
		(("stock", 7), (0, PRICE, STOCK + 7, ITEM)),
		(("price", 600), (1, 600, STOCK + 7, ITEM)),
		(("stock", 1), (1, 600, STOCK + 8, ITEM)),
		(("price", 1), (2, 1, STOCK + 8, ITEM)),
		(("price", 1), (3, 1, STOCK + 8, ITEM)),
	] {
		let after = match change {
			("stock", pieces) => restocked(&mut world, seq, pieces),
			(_, price) => repriced(&mut world, seq, price),
		};
		let found = listing(&world, seq);
		assert_eq!(values(&after), expected, "{change:?}");
		assert_eq!(values(&found), expected, "{change:?}");
		let state = &world.ledger.listings[&(who, seq)];
		assert_eq!(world.ledger.decrypt(&state.price), expected.1);
		assert_eq!(world.ledger.decrypt(&state.stock), expected.2);
		assert!(state.stock == *after.stock().ciphertext() && state.price == *after.price().ciphertext());
	}
}

#[test]
fn an_order_keeps_the_price_that_it_was_placed_at() {
	let mut world = World::funded(10_000, 20_000);
	let (before, quoted) = world.listed();
	let seq = before.name().seq;
	let order = world.ordered(&quoted, 2);
	let after = repriced(&mut world, seq, 900);
	restocked(&mut world, seq, 5);

	// The old quote is worth nothing any more, and says so.
	let state = world.ledger.listings[&(world.seller.account(), seq)].clone();
	let old = world.ledger.quotes[&(world.buyer.account(), world.seller.account(), seq)].clone();
	assert_eq!(
		world.buyer.open_quote(&state, &old).err(),
		Some(WalletError::PriceChanged)
	);
	// The seller accepts at the old price; its listing opens afterwards.
	world.accepted(&order);
	assert_eq!(world.balance_of_seller().value(), 20_000 - 20 * PRICE);
	assert_eq!(values(&listing(&world, seq)), (1, 900, STOCK + 3, ITEM));

	// A quote for the new price is worth something.
	let (next, to) = (world.ledger.seq(&world.seller.account()), world.buyer.party());
	let call = world
		.seller
		.quote(next, &after, &to, &mut world.rng)
		.expect("quotes");
	world
		.ledger
		.quote(&world.seller.account(), &call)
		.expect("accepted");
	let new = Quote {
		version: 1,
		note: call.note,
	};
	let quoted = world
		.buyer
		.open_quote(&world.ledger.listings[&(world.seller.account(), seq)], &new)
		.expect("opens");
	assert_eq!((quoted.version(), quoted.price().value()), (1, 900));
	let second = world.ordered(&quoted, 1);
	let state = &world.ledger.orders[&(second.name().buyer, second.name().seq)].0;
	let sold = world.seller.open_order_as_seller(state).expect("opens");
	let bought = world.buyer.open_order_as_buyer(state).expect("opens");
	assert_eq!((sold.price(), bought.total().value()), (900, 900));
	world.ledger.assert_conserved();
}

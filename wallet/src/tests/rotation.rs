//! View keys that change on the way: notes sealed to earlier ones still open, new ones are sealed to the new key.

use super::*;
use crate::WalletError;

/// The same account once it has registered the view key with this index.
fn rotated(wallet: Wallet, index: u32) -> Wallet {
	let earlier = wallet.party().view_key;
	let wallet = wallet.with_view_index(index);
	assert!(
		wallet.party().view_key != earlier,
		"notes go to the same key as before"
	);
	wallet
}

#[test]
fn a_purchase_survives_new_view_keys_on_both_sides() {
	let mut world = World::funded(10_000, 20_000);
	let (listing, _) = world.listed();
	let (seller, buyer) = (world.seller.account(), world.buyer.account());

	// The quote was sealed to the buyer's first key; what it orders with, it seals to its second.
	world.buyer = rotated(world.buyer, 1);
	let state = &world.ledger.listings[&(seller, listing.name().seq)];
	let quote = &world.ledger.quotes[&(buyer, seller, listing.name().seq)];
	let quoted = world.buyer.open_quote(state, quote).expect("opens");
	let order = world.ordered(&quoted, 2);

	// The order's note was sealed to the seller's first key, as its stock and balance were.
	world.seller = rotated(world.seller, 1);
	world.accepted(&order);

	// Between acceptance and payment both change again, and the seller skips one.
	world.buyer = rotated(world.buyer, 2);
	world.seller = rotated(world.seller, 3);
	world.ledger.complete(&buyer, order.name().seq);
	collect_all(&world.seller, &mut world.ledger, &mut world.rng);
	let (state, _) = &world.ledger.orders[&(buyer, order.name().seq)];
	let bought = world.buyer.open_order_as_buyer(state).expect("opens");
	let sold = world.seller.open_order_as_seller(state).expect("opens");
	for order in [bought, sold] {
		assert_eq!((order.quantity().value(), order.total().value()), (2, 2 * PRICE));
	}
	assert_eq!(world.balance_of_buyer().value(), 10_000 - 2 * PRICE);
	assert_eq!(world.balance_of_seller().value(), 20_000 + 2 * PRICE);
	let state = &world.ledger.listings[&(seller, listing.name().seq)];
	let stock = world.seller.open_listing(state).expect("opens").stock().value();
	assert_eq!(stock, STOCK - 2);
	world.ledger.assert_conserved();
}

#[test]
fn what_is_sealed_after_a_change_opens_with_the_new_key_only() {
	let mut world = World::funded(10_000, 20_000);
	world.buyer = rotated(world.buyer, 1);
	let issued = world
		.issuer
		.open_issued(&world.ledger.account(&world.issuer.account()).issued)
		.expect("opens");
	let (seq, party) = (world.ledger.seq(&world.issuer.account()), world.buyer.party());
	let call = world
		.issuer
		.issue(seq, &issued, 1_000_000, &party, 700, &mut world.rng)
		.expect("issues");
	world
		.ledger
		.issue(&world.issuer.account(), &call)
		.expect("accepted");
	let credit = &world.ledger.accounts[&world.buyer.account()].incoming[0];
	assert_eq!(world.buyer.open_credit(credit, None).expect("opens").value(), 700);

	// A program that has not heard of the change leaves the credit where it is.
	let before = world.buyer.with_view_index(0);
	assert_eq!(
		before.open_credit(credit, None).err(),
		Some(WalletError::NoteUnreadable)
	);
}

//! A purchase, with every ciphertext compared with arithmetic on plaintexts.

use super::*;

#[test]
fn a_purchase_moves_exactly_what_it_says() {
	let mut world = World::funded(10_000, 20_000);
	let (buyer, seller) = (world.buyer.account(), world.seller.account());
	assert_eq!(
		world
			.ledger
			.decrypt(&world.ledger.accounts[&buyer].balance.ciphertext),
		10_000
	);

	let (listing, quoted) = world.listed();
	let state = world.ledger.listings[&(seller, listing.name().seq)].clone();
	assert_eq!(world.ledger.decrypt(&state.price), PRICE);
	assert_eq!(world.ledger.decrypt(&state.stock), STOCK);
	assert_eq!(world.ledger.decrypt(&state.commodity), ITEM);
	assert_eq!(
		(quoted.price().value(), quoted.commodity().value()),
		(PRICE, ITEM)
	);

	let order = world.ordered(&quoted, 3);
	world.ledger.assert_conserved();
	let state = world.ledger.orders[&(buyer, order.name().seq)].0.clone();
	assert_eq!(world.ledger.decrypt(&state.quantity), 3);
	assert_eq!(world.ledger.decrypt(&state.total), 1_530);
	assert_eq!(
		world
			.ledger
			.decrypt(&world.ledger.accounts[&buyer].balance.ciphertext),
		8_470
	);

	world.accepted(&order);
	world.ledger.assert_conserved();
	assert_eq!(
		world
			.ledger
			.decrypt(&world.ledger.accounts[&seller].balance.ciphertext),
		4_700
	);
	assert_eq!(
		world
			.ledger
			.decrypt(&world.ledger.listings[&(seller, listing.name().seq)].stock),
		37
	);

	world.ledger.complete(&buyer, order.name().seq);
	world.ledger.assert_conserved();
	collect_all(&world.seller, &mut world.ledger, &mut world.rng);
	world.ledger.assert_conserved();
	assert_eq!(
		world
			.ledger
			.decrypt(&world.ledger.accounts[&seller].balance.ciphertext),
		21_530
	);
	assert_eq!(world.balance_of_seller().value(), 21_530);
	assert_eq!(world.balance_of_buyer().value(), 8_470);
}

#[test]
fn a_cancelled_order_comes_back_whole() {
	let mut world = World::funded(10_000, 20_000);
	let (_, quoted) = world.listed();
	let order = world.ordered(&quoted, 2);
	world.ledger.cancel(&world.buyer.account(), order.name().seq);
	collect_all(&world.buyer, &mut world.ledger, &mut world.rng);
	assert_eq!(world.balance_of_buyer().value(), 10_000);
	world.ledger.assert_conserved();
}

#[test]
fn several_calls_are_prepared_ahead() {
	let mut world = World::funded(10_000, 20_000);
	let (_, quoted) = world.listed();
	let who = world.buyer.account();
	let (seq, key) = (world.ledger.seq(&who), world.seller.party().view_key);
	let mut balance = world.balance_of_buyer();
	let mut calls = Vec::new();
	for (i, quantity) in (0..).zip([1, 2, 3]) {
		let call = world
			.buyer
			.order(
				seq + i,
				&balance,
				&quoted,
				quantity,
				&world.ledger.terms,
				&key,
				&mut world.rng,
			)
			.expect("orders");
		balance = call.balance.clone();
		calls.push(call);
	}
	for call in &calls {
		world.ledger.order(&who, call).expect("accepted");
	}
	assert_eq!(world.balance_of_buyer().value(), 10_000 - 6 * PRICE);
	// The seller accepts two of them in a row, again without waiting.
	let who = world.seller.account();
	let (seq, mut balance) = (world.ledger.seq(&who), world.balance_of_seller());
	let mut listing = world
		.seller
		.open_listing(&world.ledger.listings[&(who, quoted.listing().seq)])
		.expect("opens");
	for (i, placed) in (0..).zip(&calls[..2]) {
		let state = &world.ledger.orders[&(world.buyer.account(), placed.seq)].0;
		let order = world.seller.open_order_as_seller(state).expect("opens");
		let call = world
			.seller
			.accept(seq + i, &balance, &listing, &order, &mut world.rng)
			.expect("accepts");
		world.ledger.accept(&who, &call).expect("accepted");
		(balance, listing) = (call.balance, call.listing);
	}
	assert_eq!(listing.stock().value(), STOCK - 3);
	assert_eq!(balance.value(), 20_000 - 30 * PRICE);
	world.ledger.assert_conserved();
}

#[test]
fn everything_can_be_spent_to_the_last_unit() {
	let mut world = World::funded(3 * PRICE, 30 * PRICE);
	let (_, quoted) = world.listed();
	let order = world.ordered(&quoted, 3);
	world.accepted(&order);
	assert_eq!(world.balance_of_buyer().value(), 0);
	assert_eq!(world.balance_of_seller().value(), 0);
}

#[test]
fn a_call_for_another_sequence_account_or_salt_is_refused() {
	let mut world = World::funded(10_000, 20_000);
	let who = world.seller.account();
	let seq = world.ledger.seq(&who);
	let call = world
		.seller
		.list(seq, PRICE, STOCK, ITEM, &mut world.rng)
		.expect("lists");
	assert!(world.ledger.list(&world.buyer.account(), &call).is_err());
	let mut other = call.clone();
	other.salt[0] ^= 1;
	assert!(world.ledger.list(&who, &other).is_err());
	let mut other = call.clone();
	other.own_note[367] ^= 1;
	assert!(
		world.ledger.list(&who, &other).is_err(),
		"a proof binds its notes"
	);
	world.ledger.list(&who, &call).expect("accepted");
	assert!(world.ledger.list(&who, &call).is_err(), "replayed");
}

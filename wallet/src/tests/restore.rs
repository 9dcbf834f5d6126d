//! A wallet that lost everything but its recovery phrase, and the bytes on the ledger.

use super::*;
use crate::{state::CreditKind, WalletError};

/// The same account on a new machine.
fn again(world: &World, keys: Keys) -> Wallet {
	Wallet::new(keys, world.ledger.key().clone(), world.ledger.genesis).expect("the ledger's size")
}

#[test]
fn everything_is_found_again_from_phrase_and_ledger() {
	let mut world = World::funded(10_000, 20_000);
	let (listing, quoted) = world.listed();
	let order = world.ordered(&quoted, 3);
	world.accepted(&order);
	let placed = world.ordered(&quoted, 1);
	world.ledger.complete(&world.buyer.account(), order.name().seq);

	let buyer = again(&world, Keys::from_mnemonic(PHRASE).expect("a phrase"));
	let seller = again(
		&world,
		Keys::from_seed(&unhex(ALICE).try_into().expect("32 bytes")),
	);
	let issuer = again(&world, Keys::from_seed(&[1; 32]));
	let ledger = &world.ledger;
	let account = |wallet: &Wallet| &ledger.accounts[&wallet.account()];

	assert_eq!(
		issuer
			.open_issued(&account(&issuer).issued)
			.expect("opens")
			.value(),
		30_000
	);
	assert_eq!(
		buyer
			.open_balance(&account(&buyer).balance)
			.expect("opens")
			.value(),
		10_000 - 4 * PRICE
	);
	assert_eq!(
		seller
			.open_balance(&account(&seller).balance)
			.expect("opens")
			.value(),
		20_000 - 30 * PRICE
	);

	let state = &ledger.listings[&(seller.account(), listing.name().seq)];
	let found = seller.open_listing(state).expect("opens");
	assert_eq!(
		(
			found.price().value(),
			found.stock().value(),
			found.commodity().value()
		),
		(PRICE, STOCK - 3, ITEM)
	);

	for (name, quantity) in [(order.name(), 3), (placed.name(), 1)] {
		let state = &ledger.orders[&(name.buyer, name.seq)].0;
		let bought = buyer.open_order_as_buyer(state).expect("opens");
		let sold = seller.open_order_as_seller(state).expect("opens");
		assert_eq!(bought.commodity(), Some(ITEM));
		for found in [bought, sold] {
			assert_eq!(found.name(), name);
			assert_eq!(
				(
					found.price(),
					found.quantity().value(),
					found.total().value(),
					found.bond()
				),
				(
					PRICE,
					quantity,
					quantity * PRICE,
					u128::from(10 * quantity * PRICE)
				)
			);
		}
	}

	let credits = open_incoming(&seller, ledger);
	let of = |kind| {
		credits
			.iter()
			.find(|(name, _)| name.kind == kind)
			.expect("credited")
			.1
			.value()
	};
	assert_eq!(
		(of(CreditKind::Proceeds), of(CreditKind::Bond)),
		(3 * PRICE, 30 * PRICE)
	);

	// What was found again is as good as what was lost: the second order is accepted with it.
	world.seller = seller;
	world.buyer = buyer;
	collect_all(&world.seller, &mut world.ledger, &mut world.rng);
	world.accepted(&placed);
	world.ledger.assert_conserved();
}

/// Price version, price, stock and item code of the seller's listing, as the ledger's bytes give them.
fn offered(seller: &Wallet, world: &World, seq: u64) -> (u32, u64, u64, u64) {
	let state = &world.ledger.listings[&(seller.account(), seq)];
	let found = seller.open_listing(state).expect("opens");
	for (opened, ciphertext) in [
		(found.price(), &state.price),
		(found.stock(), &state.stock),
		(found.commodity(), &state.commodity),
	] {
		assert!(opened.ciphertext() == ciphertext);
		assert_eq!(world.ledger.decrypt(ciphertext), opened.value());
	}
	(
		found.version(),
		found.price().value(),
		found.stock().value(),
		found.commodity().value(),
	)
}

#[test]
fn an_old_acceptance_after_a_new_price_does_not_close_the_listing() {
	let mut world = World::funded(10_000, 40_000);
	let (listing, quoted) = world.listed();
	let (who, number) = (world.seller.account(), listing.name().seq);
	let orders = [world.ordered(&quoted, 3), world.ordered(&quoted, 2)];

	// Signed for the numbers behind a call that was given up, each upon what the one before it leaves.
	let first = world.ledger.seq(&who) + 1;
	let (mut balance, mut before) = (world.balance_of_seller(), listing);
	let mut waiting = Vec::new();
	for (seq, order) in (first..).zip(&orders) {
		let state = &world.ledger.orders[&(order.name().buyer, order.name().seq)].0;
		let order = world.seller.open_order_as_seller(state).expect("opens");
		let call = world
			.seller
			.accept(seq, &balance, &before, &order, &mut world.rng)
			.expect("accepts");
		(balance, before) = (call.balance.clone(), call.listing.clone());
		waiting.push(call);
	}
	// Another call takes the number of that one: a new price. Then they come back to life.
	let now = world
		.seller
		.open_listing(&world.ledger.listings[&(who, number)])
		.expect("opens");
	let call = world
		.seller
		.reprice(first - 1, &now, 900, &mut world.rng)
		.expect("reprices");
	world.ledger.reprice(&who, &call).expect("accepted");
	for (call, left) in waiting.iter().zip([STOCK - 3, STOCK - 5]) {
		world.ledger.accept(&who, call).expect("accepted");
		assert_eq!(offered(&world.seller, &world, number), (1, 900, left, ITEM));
	}

	// The same from the words, on a new machine, which goes on with it.
	let keys = Keys::from_seed(&unhex(ALICE).try_into().expect("32 bytes"));
	world.seller = again(&world, keys);
	assert_eq!(offered(&world.seller, &world, number), (1, 900, STOCK - 5, ITEM));
	assert_eq!(world.balance_of_seller().value(), 40_000 - 50 * PRICE);
	let found = world
		.seller
		.open_listing(&world.ledger.listings[&(who, number)])
		.expect("opens");
	let call = world
		.seller
		.restock(world.ledger.seq(&who), &found, 10, &mut world.rng)
		.expect("restocks");
	world.ledger.restock(&who, &call).expect("accepted");
	assert_eq!(offered(&world.seller, &world, number), (1, 900, STOCK + 5, ITEM));
	let call = world
		.seller
		.quote(
			world.ledger.seq(&who),
			&call.listing,
			&world.buyer.party(),
			&mut world.rng,
		)
		.expect("quotes");
	world.ledger.quote(&who, &call).expect("accepted");
	let quote = &world.ledger.quotes[&(world.buyer.account(), who, number)];
	let quoted = world
		.buyer
		.open_quote(&world.ledger.listings[&(who, number)], quote)
		.expect("opens");
	assert_eq!((quoted.price().value(), quoted.commodity().value()), (900, ITEM));
	let order = world.ordered(&quoted, 1);
	world.accepted(&order);
	assert_eq!(offered(&world.seller, &world, number), (1, 900, STOCK + 4, ITEM));
	assert_eq!(world.balance_of_seller().value(), 40_000 - 50 * PRICE - 10 * 900);
	world.ledger.assert_conserved();
}

#[test]
fn a_price_under_another_nonce_is_not_relied_upon() {
	let mut world = World::funded(10_000, 20_000);
	let (listing, _) = world.listed();
	let state = world.ledger.listings[&(world.seller.account(), listing.name().seq)].clone();
	let flaws: [&dyn Fn(&mut crate::state::Listing); 7] = [
		&|listing| listing.price = negated(&world, &state.price),
		&|listing| listing.commodity = negated(&world, &state.commodity),
		&|listing| listing.price = state.commodity.clone(),
		&|listing| listing.commodity = state.price.clone(),
		&|listing| listing.price_seq += 1,
		&|listing| listing.price_salt[0] ^= 1,
		&|listing| listing.salt[0] ^= 1,
	];
	for (index, change) in flaws.into_iter().enumerate() {
		let mut flawed = state.clone();
		change(&mut flawed);
		assert_eq!(
			world.seller.open_listing(&flawed).err(),
			Some(WalletError::NoteMismatch),
			"{index}"
		);
	}
	assert!(world.seller.open_listing(&state).is_ok());
}

#[test]
fn an_account_that_did_nothing_yet_has_zero() {
	let world = World::new();
	let zero = world.buyer.open_balance(&Default::default()).expect("opens");
	assert_eq!(zero.value(), 0);
	assert_eq!(
		world
			.issuer
			.open_issued(&Default::default())
			.expect("opens")
			.value(),
		0
	);
	assert!(*zero.ciphertext() == crate::state::Ciphertext::ONE);
}

#[test]
fn a_balance_without_its_note_is_not_relied_upon() {
	let mut world = World::funded(10_000, 20_000);
	let mut state = world.ledger.account(&world.buyer.account()).balance.clone();
	let other = world.ledger.account(&world.seller.account()).balance.clone();
	let note = state.note.take();
	assert_eq!(
		world.buyer.open_balance(&state).err(),
		Some(WalletError::NoteMismatch)
	);
	state.note = other.note;
	assert_eq!(
		world.buyer.open_balance(&state).err(),
		Some(WalletError::NoteUnreadable)
	);
	state.note = note;
	assert!(world.buyer.open_balance(&state).is_ok());
	// The note is genuine, the ciphertext is not the one that it came with: a minus sign, one more, another
	// account's.
	let minus = negated(&world, &state.ciphertext);
	let more = world
		.ledger
		.product([(&state.ciphertext, 1), (&other.ciphertext, 1)]);
	for ciphertext in [
		minus,
		more,
		other.ciphertext,
		crate::state::Ciphertext::from_slice(&[0; 512]).expect("fixed length"),
	] {
		state.ciphertext = ciphertext;
		assert_eq!(
			world.buyer.open_balance(&state).err(),
			Some(WalletError::NoteMismatch)
		);
	}
	assert_eq!(
		world
			.issuer
			.open_balance(&world.ledger.accounts[&world.issuer.account()].issued)
			.err(),
		Some(WalletError::NoteMismatch),
		"what was issued is no balance"
	);
}

/// `N² - c`, which decrypts as `c` does and passes every proof.
fn negated(world: &World, ciphertext: &crate::state::Ciphertext) -> crate::state::Ciphertext {
	// -1 = N² - 1 is a unit of order two.
	let n = world.ledger.key().modulus();
	let minus = n * n - 1u32;
	let minus = crate::state::Ciphertext::from_slice(&minus.to_bytes_be()).expect("fixed length");
	let out = world.ledger.product([(ciphertext, 1), (&minus, 1)]);
	assert_eq!(world.ledger.decrypt(&out), world.ledger.decrypt(ciphertext));
	out
}

#[test]
fn notes_to_an_earlier_view_key_still_open() {
	let mut world = World::funded(10_000, 20_000);
	world.buyer = world.buyer.with_view_index(2);
	assert_eq!(world.balance_of_buyer().value(), 10_000);
	let (_, quoted) = world.listed();
	world.ordered(&quoted, 1);
	assert_eq!(world.balance_of_buyer().value(), 10_000 - PRICE);
	world.buyer = world.buyer.with_view_index(1);
	let state = &world.ledger.accounts[&world.buyer.account()].balance;
	assert_eq!(
		world.buyer.open_balance(state).err(),
		Some(WalletError::NoteUnreadable),
		"not a later one"
	);
}

#[test]
fn an_order_with_parts_of_another_is_not_relied_upon() {
	let mut world = World::funded(10_000, 20_000);
	let (_, quoted) = world.listed();
	let names = [world.ordered(&quoted, 2).name(), world.ordered(&quoted, 3).name()];
	let [first, second] = names.map(|name| world.ledger.orders[&(name.buyer, name.seq)].0.clone());
	let tamper = |change: &dyn Fn(&mut crate::state::Order)| {
		let mut order = first.clone();
		change(&mut order);
		order
	};
	let mismatch = Some(WalletError::NoteMismatch);
	let both: [&dyn Fn(&mut crate::state::Order); 4] = [
		&|order| order.quantity = second.quantity.clone(),
		&|order| order.total = second.total.clone(),
		&|order| order.total = negated(&world, &first.total),
		&|order| order.listing.seq += 1,
	];
	for change in both {
		let order = tamper(change);
		assert_eq!(world.seller.open_order_as_seller(&order).err(), mismatch);
		assert_eq!(world.buyer.open_order_as_buyer(&order).err(), mismatch);
	}
	let of_seller: [&dyn Fn(&mut crate::state::Order); 4] = [
		&|order| order.note = second.note,
		&|order| order.price_seq += 1,
		&|order| order.price_salt[0] ^= 1,
		&|order| order.name.seq += 1,
	];
	for change in of_seller {
		assert_eq!(world.seller.open_order_as_seller(&tamper(change)).err(), mismatch);
	}
	let of_buyer: [&dyn Fn(&mut crate::state::Order); 4] = [
		&|order| order.own_note = second.own_note,
		&|order| order.own_note = first.quote,
		&|order| order.salt[0] ^= 1,
		&|order| order.name.seq += 1,
	];
	for change in of_buyer {
		assert_eq!(world.buyer.open_order_as_buyer(&tamper(change)).err(), mismatch);
	}
	assert_eq!(
		world.seller.open_order_as_buyer(&first).err(),
		Some(WalletError::NotYours)
	);
	assert_eq!(
		world.buyer.open_order_as_seller(&first).err(),
		Some(WalletError::NotYours)
	);
}

#[test]
fn a_quote_that_lies_is_not_relied_upon() {
	let mut world = World::funded(10_000, 20_000);
	let (listing, _) = world.listed();
	let id = (world.seller.account(), listing.name().seq);
	let state = world.ledger.listings[&id].clone();
	let quote = world.ledger.quotes[&(world.buyer.account(), id.0, id.1)].clone();

	// The seller claims a lower price, or another item, than its ciphertexts hold.
	for (price, item) in [(PRICE - 1, ITEM), (PRICE, ITEM + 1)] {
		let mut lie = listing.clone();
		lie.price.opening.value = price;
		lie.commodity.opening.value = item;
		let call = world
			.seller
			.quote(9, &lie, &world.buyer.party(), &mut world.rng)
			.expect("quotes");
		let lie = crate::state::Quote {
			version: 0,
			note: call.note,
		};
		assert_eq!(
			world.buyer.open_quote(&state, &lie).err(),
			Some(WalletError::NoteMismatch)
		);
	}
	let mut old = quote.clone();
	old.version = 1;
	assert_eq!(
		world.buyer.open_quote(&state, &old).err(),
		Some(WalletError::PriceChanged)
	);
	assert_eq!(
		world.issuer.open_quote(&state, &quote).err(),
		Some(WalletError::NoteUnreadable)
	);
	assert!(world.buyer.open_quote(&state, &quote).is_ok());
}

#[test]
fn a_credit_with_a_wrong_note_is_not_relied_upon() {
	let mut world = World::new();
	for amount in [500, 600] {
		let issued = world
			.issuer
			.open_issued(&world.ledger.account(&world.issuer.account()).issued)
			.expect("opens");
		let seq = world.ledger.seq(&world.issuer.account());
		let call = world
			.issuer
			.issue(
				seq,
				&issued,
				1_000_000,
				&world.buyer.party(),
				amount,
				&mut world.rng,
			)
			.expect("issues");
		world
			.ledger
			.issue(&world.issuer.account(), &call)
			.expect("accepted");
	}
	let credits = &world.ledger.accounts[&world.buyer.account()].incoming;
	let mut credit = credits[0].clone();
	assert_eq!(
		world.buyer.open_credit(&credit, None).expect("opens").value(),
		500
	);
	credit.note = credits[1].note;
	assert_eq!(
		world.buyer.open_credit(&credit, None).err(),
		Some(WalletError::NoteMismatch)
	);
	credit.note = None;
	assert_eq!(
		world.buyer.open_credit(&credit, None).err(),
		Some(WalletError::NoteMismatch)
	);
	let mut credit = credits[0].clone();
	for kind in [CreditKind::Refund, CreditKind::Proceeds, CreditKind::Bond] {
		credit.name.kind = kind;
		assert_eq!(
			world.buyer.open_credit(&credit, None).err(),
			Some(WalletError::NoteMismatch)
		);
	}
}

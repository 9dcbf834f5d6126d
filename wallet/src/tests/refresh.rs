//! New nonces for old values, and openings that were lost.

use super::*;
use crate::{
	market::RefreshCall,
	notes::{Note, NoteCall, OwnNote},
	state::{Ciphertext, CreditKind, RefreshTarget},
	WalletError,
};
use veilmart_paillier::{Nonce, ParameterSet};

fn refreshed_balance(world: &mut World, known: &crate::market::Known) -> RefreshCall {
	let who = world.buyer.account();
	let call = world
		.buyer
		.refresh_balance(world.ledger.seq(&who), known, &mut world.rng)
		.expect("refreshes");
	world.ledger.refresh(&who, &call).expect("accepted");
	world.ledger.assert_conserved();
	call
}

/// A sealed note that no key of the account opens.
const LOST: [u8; 368] = [0x17; 368];

#[test]
fn a_refreshed_balance_is_the_same_money() {
	let mut world = World::funded(10_000, 20_000);
	let (_, quoted) = world.listed();
	world.ordered(&quoted, 3);
	let before = world.balance_of_buyer();
	let known = world.buyer.known(&before).expect("in range");
	let call = refreshed_balance(&mut world, &known);
	assert_eq!(call.target, RefreshTarget::Balance);
	let after = world.balance_of_buyer();
	assert_eq!(after.value(), before.value());
	assert!(after.ciphertext() != before.ciphertext());
	assert!(*after.ciphertext() == *call.refreshed.ciphertext());
	assert_eq!(world.ledger.decrypt(after.ciphertext()), before.value());
	assert_eq!(world.ledger.decrypt(&call.residue), 0);
	// It can be spent, and taken into.
	let order = world.ordered(&quoted, 1);
	world.ledger.cancel(&world.buyer.account(), order.name().seq);
	collect_all(&world.buyer, &mut world.ledger, &mut world.rng);
	assert_eq!(world.balance_of_buyer().value(), before.value());
	world.ledger.assert_conserved();
}

#[test]
fn an_empty_balance_can_be_refreshed() {
	let mut world = World::funded(10_000, 20_000);
	let who = world.issuer.account();
	let known = world.issuer.known(&Opened::zero()).expect("in range");
	let call = world
		.issuer
		.refresh_balance(world.ledger.seq(&who), &known, &mut world.rng)
		.expect("refreshes");
	world.ledger.refresh(&who, &call).expect("accepted");
	let balance = &world.ledger.accounts[&who].balance;
	assert!(balance.ciphertext != Ciphertext::ONE);
	assert_eq!(world.issuer.open_balance(balance).expect("opens").value(), 0);
	world.ledger.assert_conserved();
}

#[test]
fn refreshed_credits_open_with_their_own_notes() {
	let mut world = World::funded(10_000, 20_000);
	let (_, quoted) = world.listed();
	let order = world.ordered(&quoted, 3);
	world.accepted(&order);
	world.ledger.complete(&world.buyer.account(), order.name().seq);
	let who = world.seller.account();
	let credits = open_incoming(&world.seller, &world.ledger);
	assert_eq!(credits.len(), 2);
	for (name, opened) in &credits {
		let known = world.seller.known(opened).expect("in range");
		let call = world
			.seller
			.refresh_credit(world.ledger.seq(&who), *name, &known, &mut world.rng)
			.expect("refreshes");
		world.ledger.refresh(&who, &call).expect("accepted");
		world.ledger.assert_conserved();
	}
	// Without the order, too.
	for credit in &world.ledger.accounts[&who].incoming {
		let value = world.seller.open_credit(credit, None).expect("opens").value();
		let expected = if credit.name.kind == CreditKind::Bond {
			30 * PRICE
		} else {
			3 * PRICE
		};
		assert_eq!(value, expected);
		assert_eq!(
			world.buyer.open_credit(credit, None).err(),
			Some(WalletError::NoteUnreadable)
		);
	}
	collect_all(&world.seller, &mut world.ledger, &mut world.rng);
	assert_eq!(world.balance_of_seller().value(), 20_000 + 3 * PRICE);
	world.ledger.assert_conserved();
}

/// The nonce of a credit is never what its sender says: two such could fill the range of nonces, and nothing would be collected.
#[test]
fn a_credit_does_not_open_with_a_note_of_refreshing_that_somebody_else_sealed() {
	let mut world = World::funded(10_000, 20_000);
	let (who, to) = (world.buyer.account(), world.seller.party());
	let balance = world.balance_of_buyer();
	let call = world
		.buyer
		.transfer(world.ledger.seq(&who), &balance, &to, 250, &mut world.rng)
		.expect("pays");
	world.ledger.transfer(&who, &call).expect("accepted");
	let mut credit = world.ledger.accounts[&to.account].incoming[0].clone();
	let opened = world.seller.open_credit(&credit, None).expect("opens");
	assert_eq!(opened.value(), 250);
	// Every number in it is true.
	let note = Note::Own(OwnNote {
		call: NoteCall::Refresh,
		seq: call.seq,
		salt: call.salt,
		values: [250, 0, 0, 0],
		nonce: opened.opening.nonce.clone(),
	});
	let sealed = note.seal(ParameterSet::Paillier2048, &to.view_key, &mut world.rng);
	credit.note = Some(sealed.expect("seals"));
	assert_eq!(
		world.seller.open_credit(&credit, None).err(),
		Some(WalletError::NoteMismatch)
	);
}

#[test]
fn a_refreshed_stock_is_the_same_goods() {
	let mut world = World::funded(10_000, 20_000);
	let (listing, quoted) = world.listed();
	let who = world.seller.account();
	let call = world
		.seller
		.refresh_stock(world.ledger.seq(&who), &listing, &mut world.rng)
		.expect("refreshes");
	world.ledger.refresh(&who, &call).expect("accepted");
	let state = &world.ledger.listings[&(who, listing.name().seq)];
	let found = world.seller.open_listing(state).expect("opens");
	assert!(found.stock().ciphertext() != listing.stock().ciphertext());
	assert_eq!(
		(
			found.price().value(),
			found.stock().value(),
			found.commodity().value()
		),
		(PRICE, STOCK, ITEM)
	);
	let order = world.ordered(&quoted, 3);
	world.accepted(&order);
	let state = &world.ledger.listings[&(who, listing.name().seq)];
	let stock = world.seller.open_listing(state).expect("opens").stock().value();
	assert_eq!(stock, STOCK - 3);
	world.ledger.assert_conserved();
}

#[test]
fn a_lost_balance_is_found_again_with_what_the_authority_tells() {
	let mut world = World::funded(10_000, 20_000);
	let who = world.buyer.account();
	world.ledger.account(&who).balance.note = Some(LOST);
	let state = world.ledger.accounts[&who].balance.clone();
	assert_eq!(
		world.buyer.open_balance(&state).err(),
		Some(WalletError::NoteUnreadable)
	);
	let (value, root) = world.ledger.tell(&state.ciphertext);
	let lie = Some(WalletError::RootMismatch);
	let told = |value, root: &[u8]| world.buyer.told(&state.ciphertext, value, root);
	assert_eq!(told(value + 1, &root).err(), lie);
	assert_eq!(told(value, &root[1..]).err(), lie);
	assert_eq!(told(value, &[0; 256]).err(), lie);
	assert_eq!(told(value, &[0xFF; 256]).err(), lie);
	let mut other = root.clone();
	other[255] ^= 1;
	assert_eq!(told(value, &other).err(), lie);
	let known = told(value, &root).expect("true");
	assert_eq!(known.value(), 10_000);
	refreshed_balance(&mut world, &known);
	assert_eq!(world.balance_of_buyer().value(), 10_000);
	let (_, quoted) = world.listed();
	world.ordered(&quoted, 3);
	world.ledger.assert_conserved();
}

#[test]
fn a_lost_stock_is_found_again_with_what_the_authority_tells() {
	let mut world = World::funded(10_000, 20_000);
	let (listing, _) = world.listed();
	let who = world.seller.account();
	let at = (who, listing.name().seq);
	world.ledger.listings.get_mut(&at).expect("listed").note = LOST;
	let state = world.ledger.listings[&at].clone();
	assert!(world.seller.open_listing(&state).is_err());
	let (value, root) = world.ledger.tell(&state.stock);
	let known = world.seller.told(&state.stock, value, &root).expect("true");
	let (price, item) = (
		world.ledger.decrypt(&state.price),
		world.ledger.decrypt(&state.commodity),
	);
	let mut refresh = |price, item| {
		world.seller.refresh_lost_stock(
			world.ledger.seq(&who),
			&state,
			price,
			item,
			&known,
			&mut world.rng,
		)
	};
	for (price, item) in [(price + 1, item), (price, item + 1)] {
		assert_eq!(refresh(price, item).err(), Some(WalletError::NoteMismatch));
	}
	let call = refresh(price, item).expect("refreshes");
	world.ledger.refresh(&who, &call).expect("accepted");
	let found = world
		.seller
		.open_listing(&world.ledger.listings[&at])
		.expect("opens");
	assert_eq!(
		(
			found.price().value(),
			found.stock().value(),
			found.commodity().value()
		),
		(PRICE, STOCK, ITEM)
	);
}

#[test]
fn the_largest_nonce_can_still_be_refreshed() {
	let world = World::new();
	let edge = Nonce::from_uniform(&[0xFF; 144]);
	for nonce in [edge.clone(), edge.negate()] {
		let opened = world
			.buyer
			.encrypt(veilmart_paillier::Opening { value: 5, nonce })
			.expect("in range");
		let known = world.buyer.known(&opened).expect("in range");
		let call = world
			.buyer
			.refresh_balance(0, &known, &mut Stuck)
			.expect("refreshes");
		let product = world
			.ledger
			.product([(opened.ciphertext(), 1), (&call.residue, 1)]);
		assert!(product == call.after, "B' = B·Z");
	}
}

#[test]
fn the_note_is_of_the_call() {
	let world = World::new();
	let known = world.buyer.known(&Opened::zero()).expect("in range");
	let call = world
		.buyer
		.refresh_balance(9, &known, &mut Stuck)
		.expect("refreshes");
	let set = ParameterSet::Paillier2048;
	let note = Note::open(set, &call.own_note, &world.buyer.keys().view_key(0)).expect("opens");
	let bytes = note.encode(set);
	// Version, kind, call, sequence, salt, as docs/formats.md says.
	assert_eq!(bytes[..3], [1, 0, 10]);
	assert_eq!(bytes[3..11], 9u64.to_le_bytes());
	assert_eq!(bytes[11..27], call.salt);
}

//! Money from account to account and out of the ledger, compared with arithmetic on plaintexts.

use super::*;
use crate::{
	market::PaymentCall,
	state::{Credit, CreditKind},
	WalletError,
};

/// The buyer's transfer to the seller, and what the ledger made of it.
fn transferred(world: &mut World, amount: u64) -> (PaymentCall, CreditName) {
	let who = world.buyer.account();
	let (seq, balance, to) = (
		world.ledger.seq(&who),
		world.balance_of_buyer(),
		world.seller.party(),
	);
	let call = world
		.buyer
		.transfer(seq, &balance, &to, amount, &mut world.rng)
		.expect("transfers");
	let name = world.ledger.transfer(&who, &call).expect("accepted");
	world.ledger.assert_conserved();
	(call, name)
}

fn credit(world: &World, wallet: &Wallet, name: &CreditName) -> Credit {
	let account = &world.ledger.accounts[&wallet.account()];
	let found = account.incoming.iter().find(|credit| credit.name == *name);
	found.expect("credited").clone()
}

#[test]
fn a_transfer_moves_exactly_what_it_says() {
	let mut world = World::funded(10_000, 20_000);
	let (call, name) = transferred(&mut world, 1_234);
	assert_eq!(call.balance.value(), 8_766);
	assert_eq!(world.balance_of_buyer().value(), 8_766);
	assert_eq!(world.ledger.decrypt(&call.balance_after), 8_766);
	assert_eq!(world.ledger.decrypt(&call.amount), 1_234);
	let waiting = credit(&world, &world.seller, &name);
	assert_eq!(
		world.seller.open_credit(&waiting, None).expect("opens").value(),
		1_234
	);
	assert_eq!(
		world.issuer.open_credit(&waiting, None).err(),
		Some(WalletError::NoteUnreadable)
	);
	collect_all(&world.seller, &mut world.ledger, &mut world.rng);
	assert_eq!(world.balance_of_seller().value(), 21_234);
	world.ledger.assert_conserved();

	// All that is left, to the last unit.
	transferred(&mut world, 8_766);
	assert_eq!(world.balance_of_buyer().value(), 0);
}

#[test]
fn what_comes_back_is_opened_by_who_sent_it() {
	let mut world = World::funded(10_000, 20_000);
	let (_, name) = transferred(&mut world, 700);
	let seller = world.seller.account();
	world.ledger.give_back(&seller, name).expect("accepted");
	world.ledger.assert_conserved();
	let name = CreditName {
		kind: CreditKind::Returned,
		..name
	};
	let returned = credit(&world, &world.buyer, &name);
	assert_eq!(
		world.buyer.open_credit(&returned, None).expect("opens").value(),
		700
	);
	// The note is of one transfer and no other.
	let (_, other) = transferred(&mut world, 700);
	let mut wrong = returned.clone();
	wrong.name.seq = other.seq;
	assert_eq!(
		world.buyer.open_credit(&wrong, None).err(),
		Some(WalletError::NoteMismatch)
	);
	collect_all(&world.buyer, &mut world.ledger, &mut world.rng);
	assert_eq!(world.balance_of_buyer().value(), 9_300);
	world.ledger.assert_conserved();
}

#[test]
fn an_issue_that_is_refused_comes_back_to_the_issuer() {
	let mut world = World::funded(10_000, 20_000);
	let who = world.issuer.account();
	let issued = world
		.issuer
		.open_issued(&world.ledger.account(&who).issued)
		.expect("opens");
	let (seq, to) = (world.ledger.seq(&who), world.buyer.party());
	let call = world
		.issuer
		.issue(seq, &issued, 1_000_000, &to, 55, &mut world.rng)
		.expect("issues");
	world.ledger.issue(&who, &call).expect("accepted");
	let name = CreditName {
		creator: who,
		seq,
		kind: CreditKind::Issued,
	};
	let buyer = world.buyer.account();
	world.ledger.give_back(&buyer, name).expect("accepted");
	collect_all(&world.issuer, &mut world.ledger, &mut world.rng);
	let balance = &world.ledger.accounts[&who].balance;
	assert_eq!(world.issuer.open_balance(balance).expect("opens").value(), 55);
	world.ledger.assert_conserved();
}

#[test]
fn what_is_redeemed_is_opened_by_the_issuer() {
	let mut world = World::funded(10_000, 20_000);
	let who = world.buyer.account();
	let (seq, balance, to) = (
		world.ledger.seq(&who),
		world.balance_of_buyer(),
		world.issuer.party(),
	);
	let call = world
		.buyer
		.redeem(seq, &balance, &to, 4_000, &mut world.rng)
		.expect("redeems");
	assert!(
		world.ledger.transfer(&who, &call).is_err(),
		"a redemption is no transfer"
	);
	let redemption = world.ledger.redeem(&who, &call).expect("accepted");
	world.ledger.assert_conserved();
	assert_eq!(world.balance_of_buyer().value(), 6_000);
	assert_eq!(
		world.issuer.open_redemption(&redemption).expect("opens").value(),
		4_000
	);
	let mut other = redemption.clone();
	other.seq += 1;
	assert_eq!(
		world.issuer.open_redemption(&other).err(),
		Some(WalletError::NoteMismatch)
	);
	assert_eq!(
		world.seller.open_redemption(&redemption).err(),
		Some(WalletError::NoteUnreadable)
	);
}

#[test]
fn payments_are_prepared_ahead() {
	let mut world = World::funded(10_000, 20_000);
	let who = world.buyer.account();
	let (seq, to) = (world.ledger.seq(&who), world.seller.party());
	let mut balance = world.balance_of_buyer();
	let mut calls = Vec::new();
	for (seq, amount) in (seq..).zip([1, 20, 300]) {
		let call = world
			.buyer
			.transfer(seq, &balance, &to, amount, &mut world.rng)
			.expect("transfers");
		balance = call.balance.clone();
		calls.push(call);
	}
	for call in &calls {
		world.ledger.transfer(&who, call).expect("accepted");
	}
	assert_eq!(world.balance_of_buyer().value(), 9_679);
}

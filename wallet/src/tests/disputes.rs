//! Disputes, however they end: who has what afterwards.

use super::*;
use crate::notes::NoteCall;
use ledger::Ending;

/// With an order of three pieces that the buyer disputes.
fn disputed() -> (World, OpenedOrder) {
	let mut world = World::funded(10_000, 20_000);
	let (_, quoted) = world.listed();
	let order = world.ordered(&quoted, 3);
	world.accepted(&order);
	let who = world.buyer.account();
	let balance = world.balance_of_buyer();
	// From the ledger alone, as a wallet that kept nothing.
	let state = &world.ledger.orders[&(who, order.name().seq)].0;
	let order = world.buyer.open_order_as_buyer(state).expect("opens");
	let call = world
		.buyer
		.dispute(world.ledger.seq(&who), &balance, &order, &mut world.rng)
		.expect("disputes");
	assert_eq!(call.balance.value(), 10_000 - 6 * PRICE);
	world.ledger.dispute(&who, &call).expect("accepted");
	assert_eq!(world.balance_of_buyer().value(), 10_000 - 6 * PRICE);
	world.ledger.assert_conserved();
	(world, order)
}

#[test]
fn every_ending_gives_each_side_its_due() {
	for (ending, buyer, seller) in [
		(Ending::Completed, 10_000 - 6 * PRICE, 20_000 + 3 * PRICE),
		(Ending::Refunded, 10_000, 20_000),
		(Ending::Penalised, 10_000 + 3 * PRICE, 20_000 - 30 * PRICE),
	] {
		let (mut world, order) = disputed();
		let who = world.buyer.account();
		world.ledger.resolve(&who, order.name().seq, ending);
		world.ledger.assert_conserved();
		if ending != Ending::Completed {
			collect_all(&world.buyer, &mut world.ledger, &mut world.rng);
		}
		if ending != Ending::Penalised {
			collect_all(&world.seller, &mut world.ledger, &mut world.rng);
		}
		world.ledger.assert_conserved();
		assert_eq!(
			world.balance_of_buyer().value(),
			buyer,
			"{ending:?} for the buyer"
		);
		assert_eq!(
			world.balance_of_seller().value(),
			seller,
			"{ending:?} for the seller"
		);
	}
}

/// The balance as the account noted it in its last call.
fn noted(wallet: &Wallet, ledger: &Ledger, call: NoteCall) -> u64 {
	let account = &ledger.accounts[&wallet.account()];
	let note = account.balance.note.as_ref().expect("it made a call");
	let seq = account.seq - 1;
	let [balance, ..] = wallet.noted(note, call, seq).expect("its own note, of this call");
	assert!(wallet.noted(note, call, seq + 1).is_err(), "of another call");
	balance
}

/// A statement is made of these notes, and of nothing that others say.
#[test]
fn the_notes_of_own_calls_tell_what_a_dispute_cost_and_brought() {
	for (ending, buyer, seller) in [
		(Ending::Completed, None, Some(33 * PRICE)),
		(Ending::Refunded, Some(6 * PRICE), Some(30 * PRICE)),
		// The buyer's share is one total; the bond does not come back.
		(Ending::Penalised, Some(9 * PRICE), None),
	] {
		let (mut world, order) = disputed();
		let accepted = noted(&world.seller, &world.ledger, NoteCall::Accept);
		assert_eq!(accepted, 20_000 - 30 * PRICE, "the bond");
		let deposited = noted(&world.buyer, &world.ledger, NoteCall::Dispute);
		assert_eq!(deposited, 10_000 - 6 * PRICE, "total and deposit");
		world
			.ledger
			.resolve(&world.buyer.account(), order.name().seq, ending);
		for (wallet, before, comes) in [
			(&world.buyer, deposited, buyer),
			(&world.seller, accepted, seller),
		] {
			if let Some(comes) = comes {
				collect_all(wallet, &mut world.ledger, &mut world.rng);
				let after = noted(wallet, &world.ledger, NoteCall::Collect);
				assert_eq!(after - before, comes, "{ending:?}");
			} else {
				assert!(open_incoming(wallet, &world.ledger).is_empty(), "{ending:?}");
			}
		}
	}
}

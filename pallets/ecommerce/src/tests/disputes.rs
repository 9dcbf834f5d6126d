//! Disputes: who may open and decide them, what each decision gives to whom, and what happens without one.

use crate::{mock::*, Call, CreditKind, Error, Event, OrderState, Redeemed, Verdict};
use frame_support::{assert_noop, assert_ok};
use pallet_certificates::{Role, Status};
use sp_runtime::{traits::Dispatchable, DispatchError};

/// A market with an order of two pieces at 2.55 that was shipped: 5.10 and a bond of 51.00 in escrow.
fn shipped() -> (Market, Placed) {
	let mut market = Market::open();
	let placed = market.buyer.orders(&market.listed, 2);
	market.seller.accepts(&mut market.listed, &placed);
	market.seller.ships(&placed);
	(market, placed)
}

/// The same, disputed: another 5.10 of the buyer's.
fn disputed() -> (Market, Placed) {
	let (mut market, placed) = shipped();
	market.buyer.disputes(&placed);
	assert_eq!(market.buyer.ledger_balance(), 100_000 - 2 * 510);
	(market, placed)
}

fn state(placed: &Placed) -> OrderState {
	Ecommerce::order_of(&placed.id).unwrap().state
}

fn by_council(placed: &Placed, verdict: Verdict) -> Result<(), DispatchError> {
	RuntimeCall::from(Call::resolve {
		seq: 0,
		order: placed.id.clone(),
		verdict,
	})
	.dispatch(RuntimeOrigin::root())
	.map(|_| ())
	.map_err(|error| error.error)
}

/// What both have in the end, and what is burned.
fn assert_ends(market: &Market, placed: &Placed, [buyer, seller, burned]: [u64; 3]) {
	market.buyer.collects_all();
	market.seller.collects_all();
	assert_eq!(market.buyer.ledger_balance(), buyer, "the buyer");
	assert_eq!(market.seller.ledger_balance(), seller, "the seller");
	assert_eq!(decrypt(&Redeemed::<Test>::get()), burned, "burned");
	assert_eq!(Ecommerce::order_of(&placed.id), None, "nothing is left of it");
}

/// Each decision, with what it comes to: buyer, seller, burned.
const DECISIONS: [(Verdict, OrderState, [u64; 3]); 3] = [
	(
		Verdict::Completed,
		OrderState::Completed,
		[100_000 - 510 - 510, 500_000 + 510, 510],
	),
	(Verdict::Refunded, OrderState::Refunded, [100_000, 500_000, 0]),
	(
		Verdict::Penalised,
		OrderState::Penalised,
		[100_000, 500_000 - 5_100, 5_100],
	),
];

#[test]
fn an_arbiter_decides_each_way() {
	for (verdict, ends, amounts) in DECISIONS {
		execute(|| {
			let (market, placed) = disputed();
			let arbiter = Party::new(ARBITER);
			assert_ok!(arbiter.dispatch(arbiter.resolve(&placed, verdict)));
			assert_eq!(state(&placed), ends);
			System::assert_has_event(
				Event::Resolved {
					order: placed.id.clone(),
					arbiter: Some(arbiter.who.clone()),
					verdict,
				}
				.into(),
			);
			let status = Certificates::certificate(market.seller.who.clone())
				.unwrap()
				.status;
			assert_eq!(
				status == Status::Blacklisted(placed.id.clone()),
				verdict == Verdict::Penalised
			);
			assert_noop!(
				arbiter.dispatch(arbiter.resolve(&placed, verdict)),
				Error::<Test>::WrongState
			);
			assert_ends(&market, &placed, amounts);
		});
	}
}

#[test]
fn the_council_decides_each_way() {
	for (verdict, ends, amounts) in DECISIONS {
		execute(|| {
			let (market, placed) = disputed();
			assert_ok!(by_council(&placed, verdict));
			assert_eq!(state(&placed), ends);
			assert_ends(&market, &placed, amounts);
		});
	}
}

#[test]
fn without_a_decision_in_time_everybody_gets_back_what_it_put_up() {
	execute(|| {
		let (market, placed) = disputed();
		let arbiter = Party::new(ARBITER);
		pass(119_999);
		assert_ok!(arbiter.offer(&arbiter.resolve(&placed, Verdict::Completed)));
		block_after(1);
		for verdict in [Verdict::Completed, Verdict::Penalised] {
			assert_noop!(
				arbiter.dispatch(arbiter.resolve(&placed, verdict)),
				Error::<Test>::DeadlinePassed
			);
			assert_noop!(by_council(&placed, verdict), Error::<Test>::DeadlinePassed);
		}
		block_after(1);
		assert_eq!(state(&placed), OrderState::Refunded);
		assert_eq!(
			market.buyer.waiting(),
			[(CreditKind::Refund, 510), (CreditKind::Deposit, 510)]
		);
		assert_eq!(market.seller.waiting(), [(CreditKind::Bond, 5_100)]);
		assert_ends(&market, &placed, [100_000, 500_000, 0]);
	});
}

#[test]
fn only_arbiters_that_are_no_party_and_the_council_decide() {
	execute(|| {
		let (market, placed) = disputed();
		for party in [BUYER, SELLER, TRADER, ISSUER] {
			let party = Party::new(party);
			assert_noop!(
				party.dispatch(party.resolve(&placed, Verdict::Refunded)),
				Error::<Test>::WrongRole
			);
		}
		// The role alone does not make anybody impartial.
		for party in [&market.buyer, &market.seller] {
			pallet_certificates::Certificates::<Test>::mutate(&party.who, |certificate| {
				let certificate = certificate.as_mut().unwrap();
				certificate.roles = certificate.roles.iter().chain([Role::Arbiter]).collect();
			});
			assert_noop!(
				party.dispatch(party.resolve(&placed, Verdict::Refunded)),
				Error::<Test>::PartyOfOrder
			);
		}
		let arbiter = Party::new(ARBITER);
		let ca = RuntimeOrigin::signed(CA.to_account_id());
		assert_ok!(Certificates::revoke(ca, arbiter.who.clone()));
		assert_noop!(
			arbiter.dispatch(arbiter.resolve(&placed, Verdict::Refunded)),
			Error::<Test>::Revoked
		);
	});
}

#[test]
fn only_the_buyer_disputes_what_was_shipped_and_in_time() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 2);
		let early = |market: &Market| market.buyer.dispatch(market.buyer.dispute(&placed).0);
		assert_noop!(early(&market), Error::<Test>::WrongState);
		market.seller.accepts(&mut market.listed, &placed);
		assert_noop!(early(&market), Error::<Test>::WrongState);
		market.seller.ships(&placed);
		let mut trader = Party::new(TRADER);
		trader.balance = fresh(9_000);
		assert_noop!(
			trader.dispatch(trader.dispute(&placed).0),
			Error::<Test>::NoSuchOrder
		);
		pass(119_999);
		assert_ok!(market.buyer.offer(&market.buyer.dispute(&placed).0));
		block_after(1);
		assert_noop!(
			market.buyer.dispatch(market.buyer.dispute(&placed).0),
			Error::<Test>::DeadlinePassed
		);
	});
}

#[test]
fn a_disputed_order_cannot_be_confirmed_shipped_or_disputed_again() {
	execute(|| {
		let (market, placed) = disputed();
		assert_noop!(
			market.buyer.dispatch(market.buyer.confirm(&placed)),
			Error::<Test>::WrongState
		);
		assert_noop!(
			market.buyer.dispatch(market.buyer.dispute(&placed).0),
			Error::<Test>::WrongState
		);
		assert_noop!(
			market.seller.dispatch(market.seller.ship(&placed)),
			Error::<Test>::WrongState
		);
	});
}

#[test]
fn a_buyer_that_lost_its_certificate_still_disputes() {
	execute(|| {
		let (mut market, placed) = shipped();
		let ca = RuntimeOrigin::signed(CA.to_account_id());
		assert_ok!(Certificates::revoke(ca, market.buyer.who.clone()));
		market.buyer.disputes(&placed);
		assert_eq!(state(&placed), OrderState::Disputed);
	});
}

#[test]
fn a_deposit_is_proved_like_every_debit() {
	execute(|| {
		let (mut market, placed) = shipped();
		let (mut forged, _) = market.buyer.dispute(&placed);
		if let Call::dispute { proof, .. } = &mut forged {
			*proof.last_mut().unwrap() ^= 1;
		}
		assert_noop!(market.buyer.dispatch(forged), Error::<Test>::ProofRange);
		// Another order's deposit.
		let other = market.buyer.orders(&market.listed, 2);
		market.seller.accepts(&mut market.listed, &other);
		market.seller.ships(&other);
		let (mut moved, _) = market.buyer.dispute(&placed);
		if let Call::dispute { order, .. } = &mut moved {
			*order = other.id.seq;
		}
		assert_noop!(market.buyer.dispatch(moved), Error::<Test>::BalanceMismatch);
		// A balance that is not the ledger's.
		market.buyer.balance = fresh(1_000_000);
		assert_noop!(
			market.buyer.dispatch(market.buyer.dispute(&placed).0),
			Error::<Test>::BalanceMismatch
		);
	});
}

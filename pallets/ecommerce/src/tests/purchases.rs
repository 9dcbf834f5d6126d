//! The happy ways of an order, with the plain arithmetic beside the ciphertexts.

use crate::{mock::*, CreditId, CreditKind, DeclineReason, Error, Event, OrderState, Orders};
use frame_support::{assert_noop, assert_ok};

fn credit(placed: &Placed, kind: CreditKind) -> CreditId<sp_runtime::AccountId32> {
	CreditId {
		creator: placed.id.buyer.clone(),
		seq: placed.id.seq,
		kind,
	}
}

#[test]
fn a_purchase_moves_exactly_its_total() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 6);
		assert_eq!(
			decrypt(
				&Orders::<Test>::get(&market.buyer.who, placed.id.seq)
					.unwrap()
					.total
			),
			6 * 255
		);
		assert_eq!(market.buyer.ledger_balance(), 100_000 - 1_530);
		market.seller.accepts(&mut market.listed, &placed);
		assert_eq!(market.seller.ledger_balance(), 500_000 - 15_300);
		let listing = Ecommerce::listing_of(&market.listed.id).unwrap();
		assert_eq!(decrypt(&listing.stock), 94);
		let (seller, buyer) = (&market.seller, &market.buyer);
		assert_ok!(seller.dispatch(crate::Call::ship {
			seq: seller.seq(),
			order: placed.id.clone()
		}));
		assert_ok!(buyer.dispatch(crate::Call::confirm {
			seq: buyer.seq(),
			order: placed.id.seq
		}));
		System::assert_last_event(
			Event::Completed {
				order: placed.id.clone(),
				seller: seller.who.clone(),
			}
			.into(),
		);
		assert_eq!(Ecommerce::incoming(&seller.who).len(), 2);
		// One after the other: the order stays while its notes have something to open.
		assert_ok!(seller.dispatch(seller.collect(vec![credit(&placed, CreditKind::Bond)])));
		assert_eq!(seller.ledger_balance(), 500_000);
		assert!(Ecommerce::order_of(&placed.id).is_some());
		Ecommerce::do_try_state().unwrap();
		assert_ok!(seller.dispatch(seller.collect(vec![credit(&placed, CreditKind::Proceeds)])));
		assert_eq!(seller.ledger_balance(), 500_000 + 1_530);
		assert!(
			Ecommerce::order_of(&placed.id).is_none(),
			"a finished order is removed"
		);
		assert_eq!(Ecommerce::orders_of_seller(&seller.who, None), vec![]);
	});
}

#[test]
fn both_ways_of_verification_run_the_same_purchase() {
	let mut roots = Vec::new();
	for verifier in [By::Native, By::Portable] {
		execute(|| {
			VerifyBy::set(verifier);
			let mut market = Market::open();
			let placed = market.buyer.orders(&market.listed, 2);
			market.seller.accepts(&mut market.listed, &placed);
			roots.push((market.buyer.ledger_balance(), market.seller.ledger_balance()));
		});
	}
	assert_eq!(roots[0], roots[1]);
}

#[test]
fn a_cancelled_order_comes_back_whole() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 3);
		let buyer = &market.buyer;
		assert_ok!(buyer.dispatch(crate::Call::cancel {
			seq: buyer.seq(),
			order: placed.id.seq
		}));
		assert_eq!(
			Ecommerce::order_of(&placed.id).unwrap().state,
			OrderState::Refunded
		);
		Ecommerce::do_try_state().unwrap();
		assert_ok!(buyer.dispatch(buyer.collect(vec![credit(&placed, CreditKind::Refund)])));
		assert_eq!(buyer.ledger_balance(), 100_000);
		assert!(Ecommerce::order_of(&placed.id).is_none());
	});
}

#[test]
fn a_declined_order_comes_back_whole_with_the_reason() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 3);
		let (seller, buyer) = (&market.seller, &market.buyer);
		let decline = crate::Call::decline {
			seq: seller.seq(),
			order: placed.id.clone(),
			reason: DeclineReason::OutOfStock,
		};
		assert_ok!(seller.dispatch(decline));
		System::assert_last_event(
			Event::Declined {
				order: placed.id.clone(),
				seller: seller.who.clone(),
				reason: DeclineReason::OutOfStock,
			}
			.into(),
		);
		assert_ok!(buyer.dispatch(buyer.collect(vec![credit(&placed, CreditKind::Refund)])));
		assert_eq!(buyer.ledger_balance(), 100_000);
	});
}

#[test]
fn the_last_penny_can_be_spent() {
	execute(|| {
		let mut market = Market::open();
		let exact = market.seller.offers(100_000, 1);
		market.buyer.orders(&exact, 1);
		assert_eq!(market.buyer.ledger_balance(), 0);
	});
}

#[test]
fn sixteen_credits_are_collected_at_once() {
	execute(|| {
		let (mut issuer, buyer) = (Party::new(ISSUER), Party::new(BUYER));
		let mut ids = Vec::new();
		for amount in 1..=16 {
			ids.push(CreditId {
				creator: issuer.who.clone(),
				seq: issuer.seq(),
				kind: CreditKind::Issued,
			});
			let (call, _, issued) = issuer.issue(&buyer, amount);
			assert_ok!(issuer.dispatch(call));
			issuer.issued = issued;
		}
		assert_ok!(buyer.dispatch(buyer.collect(ids)));
		assert_eq!(buyer.ledger_balance(), 136);
	});
}

#[test]
fn credits_are_collected_once_and_by_their_owner() {
	execute(|| {
		let (issuer, buyer, trader) = (Party::new(ISSUER), Party::new(BUYER), Party::new(TRADER));
		let id = CreditId {
			creator: issuer.who.clone(),
			seq: 0,
			kind: CreditKind::Issued,
		};
		assert_ok!(issuer.dispatch(issuer.issue(&buyer, 5).0));
		assert_noop!(
			trader.dispatch(trader.collect(vec![id.clone()])),
			Error::<Test>::NoSuchCredit
		);
		let twice = buyer.collect(vec![id.clone(), id.clone()]);
		assert_noop!(buyer.dispatch(twice), Error::<Test>::DuplicateCredit);
		assert_noop!(
			buyer.dispatch(buyer.collect(vec![])),
			Error::<Test>::DuplicateCredit
		);
		assert_ok!(buyer.dispatch(buyer.collect(vec![id.clone()])));
		assert_noop!(
			buyer.dispatch(buyer.collect(vec![id])),
			Error::<Test>::NoSuchCredit
		);
	});
}

#[test]
fn a_quote_is_kept_for_its_buyer() {
	execute(|| {
		let market = Market::open();
		let (seller, buyer) = (&market.seller, &market.buyer);
		let quote = |listing, buyer: &Party| crate::Call::quote {
			seq: seller.seq(),
			listing,
			buyer: buyer.who.clone(),
			note: note(10).into(),
		};
		assert_ok!(seller.dispatch(quote(market.listed.id.seq, buyer)));
		assert_eq!(Ecommerce::quotes(&buyer.who).len(), 1);
		assert_noop!(seller.dispatch(quote(999, buyer)), Error::<Test>::NoSuchListing);
		assert_noop!(
			seller.dispatch(quote(market.listed.id.seq, seller)),
			Error::<Test>::SelfDealing
		);
		assert_noop!(
			seller.dispatch(quote(market.listed.id.seq, &Party::new(OUTSIDER))),
			Error::<Test>::CounterpartyNotCertified
		);
	});
}

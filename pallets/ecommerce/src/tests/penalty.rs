//! The tenfold penalty: what it takes, from whom, and that there is no way out.

use crate::{
	mock::*, Call, CreditId, CreditKind, DeclineReason, Error, Event, OrderState, Redeemed, Terms, Verdict,
};
use frame_support::{assert_noop, assert_ok};
use pallet_certificates::{Status, ViewKey};

/// An order of two pieces at 2.55 that was accepted: 5.10 and a bond of 51.00 in escrow.
fn accepted(market: &mut Market) -> Placed {
	let placed = market.buyer.orders(&market.listed, 2);
	market.seller.accepts(&mut market.listed, &placed);
	placed
}

fn state(placed: &Placed) -> OrderState {
	Ecommerce::order_of(&placed.id).unwrap().state
}

fn status(party: &Party) -> Status<sp_runtime::AccountId32> {
	Certificates::certificate(party.who.clone()).unwrap().status
}

/// The penalty was collected: the buyer has its total, the seller lost its bond and its good name, and nobody gained.
fn assert_penalised(market: &Market, placed: &Placed) {
	assert_eq!(state(placed), OrderState::Penalised);
	assert_eq!(market.buyer.waiting(), [(CreditKind::Refund, 510)]);
	assert_eq!(market.seller.waiting(), []);
	assert_eq!(decrypt(&Redeemed::<Test>::get()), 5_100, "the bond is burned");
	assert_eq!(market.seller.ledger_balance(), 500_000 - 5_100);
	assert_eq!(status(&market.seller), Status::Blacklisted(placed.id.clone()));
}

#[test]
fn who_does_not_ship_pays_ten_times_the_total() {
	execute(|| {
		let mut market = Market::open();
		let placed = accepted(&mut market);
		pass(180_000);
		assert_eq!(state(&placed), OrderState::Accepted);
		block_after(1);
		assert_penalised(&market, &placed);
		System::assert_has_event(
			Event::Penalised {
				order: placed.id.clone(),
				seller: market.seller.who.clone(),
			}
			.into(),
		);
		market.buyer.collects_all();
		assert_eq!(market.buyer.ledger_balance(), 100_000);
		assert!(Ecommerce::order_of(&placed.id).is_none());
	});
}

#[test]
fn the_buyers_share_is_the_total_where_the_terms_say_so_and_the_rest_is_burned() {
	execute(|| {
		let terms = Terms {
			penalty_share: 1,
			..Default::default()
		};
		assert_ok!(Ecommerce::set_terms(RuntimeOrigin::root(), terms));
		let mut market = Market::open();
		let placed = accepted(&mut market);
		pass(180_000);
		block_after(1);
		assert_eq!(
			market.buyer.waiting(),
			[(CreditKind::Refund, 510), (CreditKind::Share, 510)]
		);
		assert_eq!(decrypt(&Redeemed::<Test>::get()), 9 * 510);
		market.buyer.collects_all();
		assert_eq!(market.buyer.ledger_balance(), 100_510);
		assert!(Ecommerce::order_of(&placed.id).is_none());
	});
}

#[test]
fn an_order_keeps_the_terms_that_it_was_placed_at() {
	execute(|| {
		let mut market = Market::open();
		let old = market.buyer.orders(&market.listed, 2);
		let terms = Terms {
			bond_multiple: 2,
			penalty_share: 1,
			grace_period: 100_000,
			..Default::default()
		};
		assert_ok!(Ecommerce::set_terms(RuntimeOrigin::root(), terms));
		let new = market.buyer.orders(&market.listed, 2);
		market.seller.accepts(&mut market.listed, &old);
		assert_eq!(market.seller.ledger_balance(), 500_000 - 10 * 510);
		market.seller.accepts(&mut market.listed, &new);
		assert_eq!(market.seller.ledger_balance(), 500_000 - 12 * 510);
		pass(180_000);
		block_after(1);
		assert_eq!(market.buyer.waiting(), [(CreditKind::Refund, 510)]);
		assert_eq!(decrypt(&Redeemed::<Test>::get()), 10 * 510);
		pass(40_000);
		block_after(1);
		assert_eq!(
			market.buyer.waiting(),
			[
				(CreditKind::Refund, 510),
				(CreditKind::Refund, 510),
				(CreditKind::Share, 510)
			]
		);
		assert_eq!(decrypt(&Redeemed::<Test>::get()), 11 * 510);
	});
}

/// Everything that a seller can do with the order, alone or with the certificate authority's help, before the penalty is
/// due: each attempt alone, and then all of them.
#[test]
fn a_seller_finds_no_way_out() {
	type Attempt = fn(&mut Market, &Placed);
	let attempts: [(&str, Attempt); 13] = [
		("declining what it accepted", |market, placed| {
			let (seq, order) = (market.seller.seq(), placed.id.clone());
			let reason = DeclineReason::OutOfStock;
			assert_noop!(
				market.seller.dispatch(Call::decline { seq, order, reason }),
				Error::<Test>::WrongState
			);
		}),
		("cancelling it as if it were the buyer", |market, placed| {
			let (seq, order) = (market.seller.seq(), placed.id.seq);
			assert_noop!(
				market.seller.dispatch(Call::cancel { seq, order }),
				Error::<Test>::NoSuchOrder
			);
		}),
		("confirming it as if it were the buyer", |market, placed| {
			assert_noop!(
				market.seller.dispatch(market.seller.confirm(placed)),
				Error::<Test>::NoSuchOrder
			);
		}),
		("collecting the bond", |market, placed| {
			for kind in [CreditKind::Bond, CreditKind::Proceeds, CreditKind::Refund] {
				let id = CreditId {
					creator: placed.id.buyer.clone(),
					seq: placed.id.seq,
					kind,
				};
				assert_noop!(
					market.seller.dispatch(market.seller.collect(vec![id])),
					Error::<Test>::NoSuchCredit
				);
			}
		}),
		("accepting it again", |market, placed| {
			let accept = market.seller.accept(&market.listed, placed).0;
			assert_noop!(market.seller.dispatch(accept), Error::<Test>::WrongState);
		}),
		("poking it before the end of grace", |market, placed| {
			assert_noop!(
				market.seller.dispatch(market.seller.poke(placed)),
				Error::<Test>::NotDue
			);
		}),
		("having it decided without a dispute", |_, placed| {
			let arbiter = Party::new(ARBITER);
			for verdict in [Verdict::Completed, Verdict::Refunded] {
				assert_noop!(
					arbiter.dispatch(arbiter.resolve(placed, verdict)),
					Error::<Test>::WrongState
				);
			}
		}),
		("deciding it itself", |market, placed| {
			assert_noop!(
				market
					.seller
					.dispatch(market.seller.resolve(placed, Verdict::Completed)),
				Error::<Test>::WrongRole
			);
		}),
		("disputing it itself", |market, placed| {
			let dispute = market.seller.dispute(placed).0;
			assert_noop!(market.seller.dispatch(dispute), Error::<Test>::NoSuchOrder);
		}),
		("another view key", |market, _| {
			let key = ViewKey::new([9; 32]).unwrap();
			let who = RuntimeOrigin::signed(market.seller.who.clone());
			let counter = Certificates::request_counter(market.seller.who.clone()) + 1;
			assert_ok!(Certificates::set_view_key(who, key, counter));
		}),
		("a certificate that has expired", |market, _| {
			pallet_certificates::Certificates::<Test>::mutate(&market.seller.who, |certificate| {
				certificate.as_mut().unwrap().valid_until = Some(Now::get());
			});
		}),
		("a certificate that was withdrawn", |market, _| {
			let ca = RuntimeOrigin::signed(CA.to_account_id());
			assert_ok!(Certificates::revoke(ca, market.seller.who.clone()));
		}),
		("terms that changed since", |_, _| {
			let terms = Terms {
				bond_multiple: 1,
				penalty_share: 0,
				ship_period: Terms::MAX_PERIOD,
				..Default::default()
			};
			assert_ok!(Ecommerce::set_terms(RuntimeOrigin::root(), terms));
		}),
	];
	let all = |market: &mut Market, placed: &Placed| {
		for (_, attempt) in &attempts {
			attempt(market, placed);
		}
	};
	let too_late = |market: &Market, placed: &Placed| {
		assert_noop!(
			market.seller.dispatch(market.seller.ship(placed)),
			Error::<Test>::DeadlinePassed
		);
	};
	for (name, attempt) in &attempts {
		execute(|| {
			let mut market = Market::open();
			let placed = accepted(&mut market);
			pass(100_000);
			attempt(&mut market, &placed);
			pass(80_000);
			too_late(&market, &placed);
			block_after(1);
			println!("{name}");
			assert_penalised(&market, &placed);
		});
	}
	execute(|| {
		let mut market = Market::open();
		let placed = accepted(&mut market);
		pass(170_000);
		all(&mut market, &placed);
		pass(10_000);
		too_late(&market, &placed);
		block_after(1);
		assert_penalised(&market, &placed);
	});
}

#[test]
fn nothing_brings_a_forfeited_bond_back() {
	execute(|| {
		let mut market = Market::open();
		let placed = accepted(&mut market);
		pass(180_000);
		block_after(1);
		let ca = RuntimeOrigin::signed(CA.to_account_id());
		assert_ok!(Certificates::reinstate(ca, market.seller.who.clone()));
		for call in [
			market.seller.ship(&placed),
			market.seller.accept(&market.listed, &placed).0,
		] {
			assert_noop!(market.seller.dispatch(call), Error::<Test>::WrongState);
		}
		assert_noop!(
			market.seller.dispatch(market.seller.poke(&placed)),
			Error::<Test>::NotDue
		);
		let bond = CreditId {
			creator: placed.id.buyer.clone(),
			seq: placed.id.seq,
			kind: CreditKind::Bond,
		};
		assert_noop!(
			market.seller.dispatch(market.seller.collect(vec![bond])),
			Error::<Test>::NoSuchCredit
		);
		assert_eq!(decrypt(&Redeemed::<Test>::get()), 5_100);
	});
}

#[test]
fn the_penalty_does_not_wait_for_the_agenda() {
	execute(|| {
		let mut market = Market::open();
		let placed = accepted(&mut market);
		AgendaWeight::set(frame_support::weights::Weight::zero());
		pass(180_000);
		assert_noop!(
			market.seller.dispatch(market.seller.ship(&placed)),
			Error::<Test>::DeadlinePassed
		);
		let trader = Party::new(TRADER);
		assert_ok!(trader.dispatch(trader.poke(&placed)));
		assert_penalised(&market, &placed);
	});
}

#[test]
fn the_barred_start_nothing_and_finish_what_they_began() {
	execute(|| {
		let mut market = Market::open();
		let first = accepted(&mut market);
		pass(100_000);
		let second = accepted(&mut market);
		pass(80_000);
		block_after(1);
		assert_eq!(state(&first), OrderState::Penalised);
		let Market {
			buyer,
			seller,
			listed,
			..
		} = &market;
		assert_noop!(seller.dispatch(seller.list(1, 1).0), Error::<Test>::Blacklisted);
		assert_noop!(
			buyer.dispatch(buyer.order(listed, 1).0),
			Error::<Test>::CounterpartyNotCertified
		);
		// The second order runs on, and ends well for both.
		seller.ships(&second);
		assert_ok!(buyer.dispatch(buyer.confirm(&second)));
		seller.collects_all();
		assert_eq!(seller.ledger_balance(), 500_000 - 5_100 + 510);
	});
}

#[test]
fn unfit_terms_are_refused_and_only_governance_sets_any() {
	execute(|| {
		let fit = Terms::default();
		for unfit in [
			Terms {
				penalty_share: 2,
				..fit
			},
			Terms {
				bond_multiple: 0,
				..fit
			},
			Terms {
				bond_multiple: 16,
				..fit
			},
			Terms {
				accept_period: 0,
				..fit
			},
			Terms {
				ship_period: Terms::MAX_PERIOD + 1,
				..fit
			},
			Terms {
				grace_period: 39_999,
				..fit
			},
			Terms {
				confirm_period: 39_999,
				..fit
			},
			Terms {
				resolve_period: 39_999,
				..fit
			},
		] {
			assert_noop!(
				Ecommerce::set_terms(RuntimeOrigin::root(), unfit),
				Error::<Test>::UnfitTerms
			);
		}
		for origin in [CA, SELLER, ARBITER] {
			assert_noop!(
				Ecommerce::set_terms(RuntimeOrigin::signed(origin.to_account_id()), fit),
				sp_runtime::DispatchError::BadOrigin
			);
		}
		let terms = Terms {
			grace_period: 40_000,
			bond_multiple: 15,
			..fit
		};
		assert_ok!(Ecommerce::set_terms(RuntimeOrigin::root(), terms));
		assert_eq!(Ecommerce::market().terms, terms);
	});
}

//! What deadlines do by themselves, when exactly, and how halts of the chain move them.
//!
//! The periods are those of `Terms::default`: accept 60 s, ship 120 s, grace 120 s, confirm 120 s, resolve 120 s.

use crate::{mock::*, CreditKind, Error, Event, OrderState, Orders};
use frame_support::{assert_noop, assert_ok};

fn state(placed: &Placed) -> Option<OrderState> {
	Ecommerce::order_of(&placed.id).map(|order| order.state)
}

/// A market with an order that was accepted just now.
fn accepted() -> (Market, Placed) {
	let mut market = Market::open();
	let placed = market.buyer.orders(&market.listed, 2);
	market.seller.accepts(&mut market.listed, &placed);
	(market, placed)
}

/// A market with an order that was shipped just now.
fn shipped() -> (Market, Placed) {
	let (market, placed) = accepted();
	market.seller.ships(&placed);
	(market, placed)
}

#[test]
fn an_order_that_nobody_accepts_lapses_at_its_deadline_and_not_before() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 2);
		pass(59_999);
		block_after(1);
		assert_eq!(state(&placed), Some(OrderState::Placed), "a millisecond was left");
		// The block's time is now the deadline: too late for the seller, though the agenda acts in the next block.
		let accept = market.seller.accept(&market.listed, &placed).0;
		assert_noop!(market.seller.dispatch(accept), Error::<Test>::DeadlinePassed);
		block_after(1);
		assert_eq!(state(&placed), Some(OrderState::Refunded));
		System::assert_has_event(
			Event::Lapsed {
				order: placed.id.clone(),
				seller: market.seller.who.clone(),
			}
			.into(),
		);
		assert_eq!(market.buyer.waiting(), [(CreditKind::Refund, 510)]);
		market.buyer.collects_all();
		assert_eq!(market.buyer.ledger_balance(), 100_000);
		assert_eq!(market.seller.ledger_balance(), 500_000);
	});
}

#[test]
fn accepting_is_possible_to_the_last_millisecond() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 2);
		pass(59_999);
		market.seller.accepts(&mut market.listed, &placed);
		assert_eq!(state(&placed), Some(OrderState::Accepted));
	});
}

#[test]
fn shipping_is_possible_to_the_last_millisecond_of_grace() {
	execute(|| {
		let (market, placed) = accepted();
		pass(239_999);
		market.seller.ships(&placed);
		pass(100_000);
		assert_eq!(state(&placed), Some(OrderState::Shipped));
	});
}

#[test]
fn what_is_not_confirmed_is_completed_at_its_deadline() {
	execute(|| {
		let (market, placed) = shipped();
		pass(120_000);
		assert_eq!(state(&placed), Some(OrderState::Shipped));
		block_after(1);
		assert_eq!(state(&placed), Some(OrderState::Completed));
		assert_eq!(
			market.seller.waiting(),
			[(CreditKind::Proceeds, 510), (CreditKind::Bond, 5_100)]
		);
		market.seller.collects_all();
		assert_eq!(market.seller.ledger_balance(), 500_510);
		assert_eq!(state(&placed), None);
	});
}

#[test]
fn who_confirms_late_does_what_the_deadline_does() {
	execute(|| {
		let (market, placed) = shipped();
		pass(120_000);
		assert_ok!(market.buyer.dispatch(market.buyer.confirm(&placed)));
		block_after(1);
		assert_eq!(
			market.seller.waiting(),
			[(CreditKind::Proceeds, 510), (CreditKind::Bond, 5_100)]
		);
	});
}

#[test]
fn who_cancels_or_declines_late_does_what_the_deadline_does() {
	for by_buyer in [true, false] {
		execute(|| {
			let mut market = Market::open();
			let placed = market.buyer.orders(&market.listed, 2);
			pass(60_000);
			if by_buyer {
				let (seq, order) = (market.buyer.seq(), placed.id.seq);
				assert_ok!(market.buyer.dispatch(crate::Call::cancel { seq, order }));
			} else {
				let (seq, order) = (market.seller.seq(), placed.id.clone());
				let reason = crate::DeclineReason::Unspecified;
				assert_ok!(market
					.seller
					.dispatch(crate::Call::decline { seq, order, reason }));
			}
			block_after(1);
			assert_eq!(market.buyer.waiting(), [(CreditKind::Refund, 510)]);
		});
	}
}

#[test]
fn a_poke_does_what_the_deadline_does_for_anybody_and_not_before() {
	execute(|| {
		let (market, placed) = shipped();
		let trader = Party::new(TRADER);
		pass(119_999);
		assert_noop!(trader.dispatch(trader.poke(&placed)), Error::<Test>::NotDue);
		block_after(1);
		assert_ok!(trader.dispatch(trader.poke(&placed)));
		assert_eq!(state(&placed), Some(OrderState::Completed));
		assert_eq!(
			market.seller.waiting(),
			[(CreditKind::Proceeds, 510), (CreditKind::Bond, 5_100)]
		);
		// There is nothing left to do, for another poke or for the agenda.
		assert_noop!(trader.dispatch(trader.poke(&placed)), Error::<Test>::NotDue);
		block_after(1);
		assert_eq!(market.seller.waiting().len(), 2);
		market.seller.collects_all();
		assert_noop!(trader.dispatch(trader.poke(&placed)), Error::<Test>::NoSuchOrder);
		let outsider = Party::new(OUTSIDER);
		assert_noop!(
			outsider.dispatch(outsider.poke(&placed)),
			Error::<Test>::NotCertified
		);
	});
}

#[test]
fn each_step_of_an_order_replaces_its_deadline() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 2);
		let due = || Orders::<Test>::get(&placed.id.buyer, placed.id.seq).unwrap().due;
		let start = Now::get();
		assert_eq!(due(), Some(start + 60_000));
		pass(30_000);
		market.seller.accepts(&mut market.listed, &placed);
		assert_eq!(due(), Some(start + 30_000 + 240_000));
		pass(170_000);
		assert_eq!(state(&placed), Some(OrderState::Accepted));
		market.seller.ships(&placed);
		assert_eq!(due(), Some(start + 200_000 + 120_000));
		pass(110_000);
		market.buyer.disputes(&placed);
		assert_eq!(due(), Some(start + 310_000 + 120_000));
		pass(120_000);
		block_after(1);
		assert_eq!(state(&placed), Some(OrderState::Refunded));
		assert_eq!(due(), None);
	});
}

#[test]
fn a_halt_moves_every_deadline_by_its_length() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 2);
		pass(50_000);
		System::reset_events();
		block_after(1_000_000);
		System::assert_has_event(Event::Halted { length: 1_000_000 }.into());
		assert_eq!(Ecommerce::market().halted, 1_000_000);
		pass(9_999);
		assert_eq!(state(&placed), Some(OrderState::Placed));
		let accept = market.seller.accept(&market.listed, &placed).0;
		assert_ok!(market.seller.offer(&accept));
		// A second one, in the last millisecond.
		block_after(86_400_000);
		assert_eq!(state(&placed), Some(OrderState::Placed));
		assert_ok!(market.seller.offer(&accept));
		pass(1);
		assert_noop!(market.seller.dispatch(accept), Error::<Test>::DeadlinePassed);
		block_after(1);
		assert_eq!(state(&placed), Some(OrderState::Refunded));
	});
}

#[test]
fn the_first_transaction_after_a_halt_is_not_too_late() {
	execute(|| {
		let (market, placed) = accepted();
		let trader = Party::new(TRADER);
		block_after(10 * 86_400_000);
		assert_noop!(trader.dispatch(trader.poke(&placed)), Error::<Test>::NotDue);
		market.seller.ships(&placed);
		assert_eq!(state(&placed), Some(OrderState::Shipped));
	});
}

/// A council that pauses calls in an emergency must not make sellers forfeit their bonds.
#[test]
fn no_deadline_falls_while_parties_are_kept_from_acting() {
	execute(|| {
		let (market, placed) = accepted();
		pass(239_000);
		System::reset_events();
		Suspended::set(true);
		pass(500_000);
		System::assert_has_event(Event::Halted { length: 10_000 }.into());
		assert_eq!(Ecommerce::market().halted, 500_000);
		assert_eq!(state(&placed), Some(OrderState::Accepted));
		// What is left when it ends is what was left when it began.
		Suspended::set(false);
		pass(999);
		assert_eq!(Ecommerce::market().halted, 500_000);
		assert_ok!(market.seller.dispatch(market.seller.ship(&placed)));
	});
}

#[test]
fn suspended_or_not_a_block_of_the_same_time_is_no_halt() {
	execute(|| {
		Suspended::set(true);
		System::reset_events();
		block_after(0);
		assert_eq!(Ecommerce::market().halted, 0);
		assert!(System::events().is_empty());
	});
}

#[test]
fn a_gap_up_to_the_threshold_is_no_halt() {
	execute(|| {
		block_after(15_000);
		assert_eq!(Ecommerce::market().halted, 0);
		block_after(15_001);
		assert_eq!(Ecommerce::market().halted, 15_001);
		block_after(0);
		block_after(1);
		assert_eq!(Ecommerce::market().halted, 15_001);
	});
}

#[test]
fn the_first_block_is_no_halt_since_the_beginning_of_time() {
	sp_io::TestExternalities::new_empty().execute_with(|| {
		Now::set(0);
		System::set_block_number(1);
		Now::set(1_800_000_000_000);
		<Ecommerce as frame_support::traits::OnTimestampSet<u64>>::on_timestamp_set(Now::get());
		assert_eq!(crate::Halted::<Test>::get(), 0);
		assert_eq!(Ecommerce::market_now(), 1_800_000_000_000);
	});
}

/// The seller's shipment is ready in the last moment of the ship period. Whoever leads leaves it out, keeps its clock as far
/// ahead as others let it, and stops making blocks before it is deposed. The next leader includes the shipment.
#[test]
fn a_leader_that_withholds_the_shipment_never_triggers_the_penalty() {
	for silence in [0, 10_000, 1_000_000] {
		execute(|| {
			let (market, placed) = accepted();
			pass(119_999);
			let ship = market.seller.ship(&placed);
			// Blocks without it, for all of the time in which one can be kept out, drift included; then none at all.
			pass(LeastPeriod::get());
			block_after(silence);
			block_after(1);
			assert_eq!(
				state(&placed),
				Some(OrderState::Accepted),
				"withholding for {silence} ms more"
			);
			assert_ok!(market.seller.dispatch(ship));
			pass(60_000);
			assert_eq!(state(&placed), Some(OrderState::Shipped));
			assert!(!Ecommerce::is_barred(&market.seller.who));
		});
	}
}

/// The authorities have become so many that leaders can withhold for longer than the terms foresee.
#[test]
fn whatever_terms_an_order_has_its_deadlines_leave_the_least_period_to_who_loses_by_them() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 2);
		let left = || {
			Orders::<Test>::get(&placed.id.buyer, placed.id.seq)
				.unwrap()
				.due
				.unwrap() - Ecommerce::market_now()
		};
		LeastPeriod::set(200_000);
		assert_eq!(left(), 60_000, "nobody loses anything when it lapses");
		market.seller.accepts(&mut market.listed, &placed);
		assert_eq!(left(), 120_000 + 200_000);
		pass(319_999);
		market.seller.ships(&placed);
		assert_eq!(left(), 200_000);
		pass(199_999);
		market.buyer.disputes(&placed);
		assert_eq!(left(), 200_000);
		pass(199_999);
		assert_eq!(state(&placed), Some(OrderState::Disputed));
		// What the terms foresee is not cut.
		LeastPeriod::set(1);
		let placed = market.buyer.orders(&market.listed, 1);
		market.seller.accepts(&mut market.listed, &placed);
		let due = Orders::<Test>::get(&placed.id.buyer, placed.id.seq).unwrap().due;
		assert_eq!(due, Some(Ecommerce::market_now() + 240_000));
	});
}

#[test]
fn deadlines_that_run_are_moved_when_transactions_may_have_to_wait_for_longer() {
	execute(|| {
		let start = Now::get();
		let (market, placed) = accepted();
		let falls = || {
			let due = Ecommerce::order_of(&placed.id).unwrap().due.unwrap();
			Ecommerce::market().falls(due)
		};
		assert_eq!(falls(), start + 240_000);
		pass(239_000);
		System::reset_events();
		Ecommerce::postpone(60_000);
		System::assert_has_event(Event::Halted { length: 60_000 }.into());
		let clock = Ecommerce::market_now();
		assert_eq!(clock, start + 239_000, "it does not go back");
		assert_eq!(falls(), start + 300_000);
		pass(20_000);
		assert_eq!((Ecommerce::market_now(), falls()), (clock, start + 300_000));
		// All of that time is as long as it was, also if the chain halts meanwhile or the market is suspended.
		block_after(1_000_000);
		Suspended::set(true);
		block_after(5_000);
		Suspended::set(false);
		assert_eq!((Ecommerce::market_now(), falls()), (clock, start + 1_305_000));
		pass(40_999);
		assert_eq!(Ecommerce::market_now(), clock + 999);
		assert_eq!(falls(), start + 1_305_000);
		assert_eq!(state(&placed), Some(OrderState::Accepted));
		assert_noop!(
			market.buyer.dispatch(market.buyer.poke(&placed)),
			Error::<Test>::NotDue
		);
		market.seller.ships(&placed);
		assert_eq!(state(&placed), Some(OrderState::Shipped));
	});
}

#[test]
fn postponements_add_up() {
	execute(|| {
		let clock = Ecommerce::market_now();
		Ecommerce::postpone(10_000);
		block_after(4_000);
		Ecommerce::postpone(3_000);
		block_after(8_999);
		assert_eq!(Ecommerce::market_now(), clock);
		// The rest of the gap counts.
		block_after(10);
		assert_eq!(Ecommerce::market_now(), clock + 9);
		let market = Ecommerce::market();
		assert_eq!((market.halted, market.standstill), (13_000, 0));
	});
}

/// A vote for more patience helps those who still have time, and no others: not even if nobody has come to them yet.
#[test]
fn what_has_fallen_stays_so_when_deadlines_are_postponed() {
	execute(|| {
		let mut market = Market::open();
		let start = Now::get();
		let late = market.buyer.orders(&market.listed, 2);
		market.seller.accepts(&mut market.listed, &late);
		pass(100_000);
		let running = market.buyer.orders(&market.listed, 1);
		market.seller.accepts(&mut market.listed, &running);
		// Blocks are full.
		AgendaWeight::set(frame_support::weights::Weight::zero());
		pass(140_000);
		let [late_due, running_due] =
			[&late, &running].map(|placed| Ecommerce::order_of(&placed.id).unwrap().due.unwrap());
		for _ in 0..2 {
			Ecommerce::postpone(60_000);
			block_after(1);
			assert_eq!(state(&late), Some(OrderState::Accepted));
			assert_noop!(
				market.seller.dispatch(market.seller.ship(&late)),
				Error::<Test>::DeadlinePassed
			);
		}
		assert_eq!(Ecommerce::market().falls(late_due), start + 240_000 + 2);
		assert_eq!(Ecommerce::market().falls(running_due), start + 340_000 + 120_000);
		AgendaWeight::set(PLENTY);
		block_after(1);
		assert_eq!(state(&late), Some(OrderState::Penalised));
		// 100 s and twice 60, less the 3 ms that have passed, and one more.
		pass(219_996);
		market.seller.ships(&running);
		assert_eq!(state(&running), Some(OrderState::Shipped));
	});
}

#[test]
fn terms_are_measured_by_the_least_period_of_the_day() {
	execute(|| {
		let terms = crate::Terms::default();
		LeastPeriod::set(terms.grace_period + 1);
		assert_noop!(
			Ecommerce::set_terms(RuntimeOrigin::root(), terms),
			Error::<Test>::UnfitTerms
		);
		LeastPeriod::set(terms.grace_period);
		assert_ok!(Ecommerce::set_terms(RuntimeOrigin::root(), terms));
	});
}

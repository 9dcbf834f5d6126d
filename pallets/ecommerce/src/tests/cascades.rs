//! What a barred account leaves behind: orders that were only placed are refunded, all others run on, and nobody else is
//! barred because of it.

use crate::{mock::*, Cascades, Error, OrderState, WeightInfo};
use frame_support::{assert_noop, assert_ok, weights::Weight};

/// A trader that both sells to the buyer and buys from the seller, and is about to be barred.
struct Fair {
	market: Market,
	trader: Party,
	/// What the trader offers.
	offered: Listed,
	/// An order that it will not ship.
	unshipped: Placed,
	/// One that it accepted later.
	running: Placed,
	/// Orders with it that it has not answered.
	sold: Vec<Placed>,
	/// Its own order with the seller that the seller has not answered.
	bought: Placed,
	/// Its own order that the seller accepted.
	coming: Placed,
}

impl Fair {
	fn open(sales: usize) -> Self {
		let mut market = Market::open();
		let mut trader = Party::new(TRADER);
		trader.endow(&mut market.issuer, 50_000);
		let mut offered = trader.offers(100, 50);
		let unshipped = market.buyer.orders(&offered, 3);
		trader.accepts(&mut offered, &unshipped);
		pass(210_000);
		let running = market.buyer.orders(&offered, 2);
		trader.accepts(&mut offered, &running);
		let coming = trader.orders(&market.listed, 1);
		market.seller.accepts(&mut market.listed, &coming);
		let sold = (0..sales).map(|_| market.buyer.orders(&offered, 1)).collect();
		let bought = trader.orders(&market.listed, 2);
		pass(30_000);
		Self {
			market,
			trader,
			offered,
			unshipped,
			running,
			sold,
			bought,
			coming,
		}
	}
}

fn state(placed: &Placed) -> OrderState {
	Ecommerce::order_of(&placed.id).unwrap().state
}

fn still_placed(orders: &[Placed]) -> usize {
	orders
		.iter()
		.filter(|placed| state(placed) == OrderState::Placed)
		.count()
}

#[test]
fn placed_orders_of_a_barred_account_are_refunded_and_accepted_ones_run_on() {
	execute(|| {
		let fair = Fair::open(4);
		block_after(1);
		assert_eq!(state(&fair.unshipped), OrderState::Penalised);
		assert!(Ecommerce::is_barred(&fair.trader.who));
		block_after(1);
		for placed in fair.sold.iter().chain([&fair.bought]) {
			assert_eq!(state(placed), OrderState::Refunded);
		}
		assert_eq!(state(&fair.running), OrderState::Accepted);
		assert_eq!(state(&fair.coming), OrderState::Accepted);
		assert_eq!(Cascades::<Test>::iter().count(), 0);
		// Both go on to their ends.
		let Fair { market, trader, .. } = &fair;
		trader.ships(&fair.running);
		market.seller.ships(&fair.coming);
		assert_ok!(market.buyer.dispatch(market.buyer.confirm(&fair.running)));
		assert_ok!(trader.dispatch(trader.confirm(&fair.coming)));
		for party in [&market.buyer, &market.seller, trader] {
			party.collects_all();
		}
		// 3·100·10 forfeited; 2·100 earned; 255 spent.
		assert_eq!(trader.ledger_balance(), 50_000 - 3_000 + 200 - 255);
		assert_eq!(market.buyer.ledger_balance(), 100_000 - 200);
		assert_eq!(market.seller.ledger_balance(), 500_000 + 255);
	});
}

#[test]
fn barring_one_account_bars_nobody_who_depends_on_it() {
	execute(|| {
		// The seller waits for the trader's confirmation, the buyer for its shipment: neither loses anything by its fall.
		let fair = Fair::open(1);
		let Fair { market, trader, .. } = &fair;
		market.seller.ships(&fair.coming);
		for _ in 0..60 {
			block_after(10_000);
			Ecommerce::do_try_state().unwrap();
		}
		assert!(Ecommerce::is_barred(&trader.who));
		assert!(!Ecommerce::is_barred(&market.seller.who));
		assert!(!Ecommerce::is_barred(&market.buyer.who));
		assert_eq!(state(&fair.coming), OrderState::Completed);
		// The trader did not ship the second one either: it had every chance to.
		assert_eq!(state(&fair.running), OrderState::Penalised);
		market.buyer.collects_all();
		market.seller.collects_all();
		assert_eq!(market.buyer.ledger_balance(), 100_000);
		assert_eq!(market.seller.ledger_balance(), 500_000 + 255);
	});
}

#[test]
fn a_cascade_is_bounded_in_each_block_and_reaches_every_order() {
	type Weights = <Test as crate::Config>::WeightInfo;
	execute(|| {
		let fair = Fair::open(9);
		let trader = Party::new(SELLER);
		assert_ok!(trader.dispatch(trader.poke(&fair.unshipped)));
		let step = Weights::cascade_step().max(Ecommerce::heaviest_deadline());
		let limit = Weights::agenda_base().saturating_add(step.saturating_mul(2));
		AgendaWeight::set(limit);
		let mut blocks = 0;
		let mut before = still_placed(&fair.sold);
		assert_eq!(before, 9);
		while Cascades::<Test>::iter().next().is_some() {
			let weight = block_after(1);
			assert!(weight.all_lte(limit.saturating_add(Weights::clock())));
			let now = still_placed(&fair.sold);
			assert!(before - now <= 2, "no more than there is room for");
			before = now;
			Ecommerce::do_try_state().unwrap();
			blocks += 1;
			assert!(blocks < 40, "it has an end");
		}
		assert!(blocks >= 9, "it took {blocks} blocks");
		assert_eq!(still_placed(&fair.sold), 0);
		assert_eq!(state(&fair.bought), OrderState::Refunded);
	});
}

#[test]
fn a_poke_refunds_at_once_what_the_cascade_has_not_reached() {
	execute(|| {
		let fair = Fair::open(3);
		let buyer = &fair.market.buyer;
		AgendaWeight::set(Weight::zero());
		assert_noop!(buyer.dispatch(buyer.poke(&fair.sold[1])), Error::<Test>::NotDue);
		assert_ok!(buyer.dispatch(buyer.poke(&fair.unshipped)));
		assert_ok!(buyer.dispatch(buyer.poke(&fair.sold[1])));
		assert_ok!(buyer.dispatch(buyer.poke(&fair.bought)));
		assert_eq!(still_placed(&fair.sold), 2);
		assert_eq!(state(&fair.bought), OrderState::Refunded);
		// Accepted orders are nobody's to end before their time.
		for placed in [&fair.running, &fair.coming] {
			assert_noop!(buyer.dispatch(buyer.poke(placed)), Error::<Test>::NotDue);
		}
		AgendaWeight::set(PLENTY);
		block_after(1);
		assert_eq!(still_placed(&fair.sold), 0);
	});
}

#[test]
fn who_is_reinstated_keeps_the_orders_that_were_not_refunded_yet() {
	execute(|| {
		let mut fair = Fair::open(3);
		AgendaWeight::set(Weight::zero());
		let buyer = &fair.market.buyer;
		assert_ok!(buyer.dispatch(buyer.poke(&fair.unshipped)));
		let ca = RuntimeOrigin::signed(CA.to_account_id());
		assert_ok!(Certificates::reinstate(ca, fair.trader.who.clone()));
		AgendaWeight::set(PLENTY);
		block_after(1);
		assert_eq!(Cascades::<Test>::iter().count(), 0);
		assert_eq!(still_placed(&fair.sold), 3);
		fair.trader.accepts(&mut fair.offered, &fair.sold[0]);
		// Barred again, it is gone through again from the beginning.
		pass(239_000);
		block_after(1_000);
		block_after(1);
		block_after(1);
		assert!(Ecommerce::is_barred(&fair.trader.who));
		assert_eq!(still_placed(&fair.sold), 0);
	});
}

#[test]
fn what_is_left_of_reinstated_accounts_is_struck_out_within_the_share_of_a_block() {
	type Weights = <Test as crate::Config>::WeightInfo;
	execute(|| {
		for number in 0..20u8 {
			let who = sp_runtime::AccountId32::new([number; 32]);
			certify(&who, [pallet_certificates::Role::Seller]);
			Cascades::<Test>::insert(who, crate::types::Progress::Sales(None));
		}
		// One that closes a set of authorities has room for none, the next for two.
		AgendaWeight::set(Weight::zero());
		block_after(1);
		assert_eq!(Cascades::<Test>::iter().count(), 20);
		let share = Weights::cascade_step().saturating_mul(2);
		AgendaWeight::set(Weights::agenda_base().saturating_add(share.saturating_mul(2)));
		for left in [18, 16, 14] {
			block_after(1);
			assert_eq!(Cascades::<Test>::iter().count(), left);
		}
		AgendaWeight::set(PLENTY);
		block_after(1);
		assert_eq!(Cascades::<Test>::iter().count(), 0);
	});
}

#[test]
fn many_penalties_of_one_seller_are_one_cascade() {
	type Weights = <Test as crate::Config>::WeightInfo;
	execute(|| {
		let fair = Fair::open(2);
		fair.market.buyer.collects_all();
		AgendaWeight::set(Weight::zero());
		pass(210_000);
		let buyer = &fair.market.buyer;
		assert_ok!(buyer.dispatch(buyer.poke(&fair.unshipped)));
		// It has come some way, and does not begin anew with each penalty: whoever has many would never come to its end.
		AgendaWeight::set(Weights::agenda_base().saturating_add(Weights::cascade_step().saturating_mul(2)));
		block_after(1);
		AgendaWeight::set(Weight::zero());
		let begun = Cascades::<Test>::iter().collect::<Vec<_>>();
		assert!(!matches!(begun[0].1, crate::types::Progress::Sales(None)));
		assert_eq!(state(&fair.running), OrderState::Accepted);
		assert_ok!(buyer.dispatch(buyer.poke(&fair.running)));
		assert_eq!(Cascades::<Test>::iter().collect::<Vec<_>>(), begun);
		assert_eq!(begun.len(), 1);
		AgendaWeight::set(PLENTY);
		pass(60_000);
	});
}

#[test]
fn a_withdrawn_certificate_ends_no_order_before_its_time() {
	execute(|| {
		let fair = Fair::open(2);
		// In time, all but the first.
		let ca = || RuntimeOrigin::signed(CA.to_account_id());
		assert_ok!(Certificates::revoke(ca(), fair.trader.who.clone()));
		let trader = &fair.trader;
		assert_eq!(still_placed(&fair.sold), 2);
		assert_eq!(Cascades::<Test>::iter().count(), 0);
		let accept = trader.accept(&fair.offered, &fair.sold[0]).0;
		assert_noop!(trader.dispatch(accept), Error::<Test>::Revoked);
		// It ships what it accepted.
		trader.ships(&fair.running);
		assert_eq!(state(&fair.running), OrderState::Shipped);
	});
}

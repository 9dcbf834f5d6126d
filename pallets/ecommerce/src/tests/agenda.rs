//! The agenda when there is more to do than a block has room for.

use crate::{mock::*, Agenda, Cascades, OrderState, WeightInfo};
use frame_support::{assert_ok, weights::Weight};

type Weights = <Test as crate::Config>::WeightInfo;

/// So many orders of one piece, all placed in one block.
fn placed(market: &mut Market, count: usize) -> Vec<Placed> {
	(0..count)
		.map(|_| market.buyer.orders(&market.listed, 1))
		.collect()
}

fn waiting(placed: &[Placed]) -> usize {
	placed
		.iter()
		.filter(|placed| {
			Ecommerce::order_of(&placed.id).is_some_and(|order| order.state == OrderState::Placed)
		})
		.count()
}

/// Room for one entry of whatever kind, and no more.
fn room_for_one() -> Weight {
	Weights::agenda_base().saturating_add(Ecommerce::heaviest_deadline())
}

#[test]
fn what_does_not_fit_into_a_block_is_carried_over_and_never_lost() {
	execute(|| {
		let mut market = Market::open();
		let orders = placed(&mut market, 7);
		pass(60_000);
		AgendaWeight::set(room_for_one());
		for left in (0..7).rev() {
			block_after(1);
			assert_eq!(waiting(&orders), left);
			assert_eq!(Agenda::<Test>::iter().count(), left);
			Ecommerce::do_try_state().unwrap();
		}
		market.buyer.collects_all();
		assert_eq!(market.buyer.ledger_balance(), 100_000);
	});
}

#[test]
fn a_block_without_room_does_nothing_and_loses_nothing() {
	execute(|| {
		let mut market = Market::open();
		let orders = placed(&mut market, 3);
		pass(60_000);
		// One that closes a set of authorities.
		AgendaWeight::set(Weight::zero());
		for _ in 0..5 {
			assert_eq!(block_after(10_000), Weights::clock());
			assert_eq!(waiting(&orders), 3);
			Ecommerce::do_try_state().unwrap();
		}
		AgendaWeight::set(PLENTY);
		block_after(1);
		assert_eq!(waiting(&orders), 0);
	});
}

#[test]
fn a_block_that_is_full_leaves_the_agenda_nothing() {
	execute(|| {
		let mut market = Market::open();
		let orders = placed(&mut market, 2);
		pass(60_000);
		let limits = <<Test as frame_system::Config>::BlockWeights as frame_support::traits::Get<_>>::get();
		let limits: frame_system::limits::BlockWeights = limits;
		System::set_block_consumed_resources(limits.max_block, 0);
		block_after(1);
		assert_eq!(waiting(&orders), 2);
		System::set_block_consumed_resources(limits.max_block.saturating_sub(room_for_one()), 0);
		block_after(1);
		assert_eq!(waiting(&orders), 1);
		System::set_block_consumed_resources(Weight::zero(), 0);
	});
}

#[test]
fn a_block_never_weighs_more_than_the_agenda_may() {
	execute(|| {
		let mut market = Market::open();
		placed(&mut market, 20);
		pass(60_000);
		let mut blocks = 0;
		while Agenda::<Test>::iter().next().is_some() {
			let limit = Weights::agenda_base()
				.saturating_add(Ecommerce::heaviest_deadline().saturating_mul(1 + blocks % 4));
			AgendaWeight::set(limit);
			let weight = block_after(1);
			assert!(weight.all_lte(limit.saturating_add(Weights::clock())));
			blocks += 1;
			assert!(blocks <= 20, "a block with room does something");
		}
	});
}

#[test]
fn the_earliest_deadline_acts_first() {
	execute(|| {
		let mut market = Market::open();
		let mut orders = Vec::new();
		for _ in 0..4 {
			orders.push(market.buyer.orders(&market.listed, 1));
			block_after(7);
		}
		pass(60_000);
		AgendaWeight::set(room_for_one());
		for done in 1..=4 {
			block_after(1);
			let states: Vec<_> = orders
				.iter()
				.map(|placed| Ecommerce::order_of(&placed.id).unwrap().state)
				.collect();
			assert!(states[..done].iter().all(|state| *state == OrderState::Refunded));
			assert!(states[done..].iter().all(|state| *state == OrderState::Placed));
		}
	});
}

#[test]
fn a_backlog_keeps_nobody_from_a_poke() {
	execute(|| {
		let mut market = Market::open();
		let orders = placed(&mut market, 3);
		AgendaWeight::set(Weight::zero());
		pass(60_000);
		let last = &orders[2];
		assert_ok!(market.buyer.dispatch(market.buyer.poke(last)));
		assert_eq!(waiting(&orders), 2);
		assert_eq!(Ecommerce::order_of(&last.id).unwrap().state, OrderState::Refunded);
	});
}

#[test]
fn neither_deadlines_nor_cascades_can_starve_the_other() {
	execute(|| {
		let mut market = Market::open();
		// The seller is barred with orders waiting, while others fall due in every block.
		let trader = Party::new(TRADER);
		let mut offered = trader.offers(1, 100);
		let mut trader = Party::new(TRADER);
		trader.endow(&mut market.issuer, 1_000);
		let unshipped = market.buyer.orders(&offered, 1);
		trader.accepts(&mut offered, &unshipped);
		pass(200_000);
		let due: Vec<_> = (0..5).map(|_| market.buyer.orders(&market.listed, 1)).collect();
		pass(10_000);
		let sold: Vec<_> = (0..5).map(|_| market.buyer.orders(&offered, 1)).collect();
		pass(30_000);
		assert_ok!(market.buyer.dispatch(market.buyer.poke(&unshipped)));
		assert_eq!(Cascades::<Test>::iter().count(), 1);
		AgendaWeight::set(Weight::zero());
		pass(25_000);
		// Five deadlines have fallen and five orders of the barred seller wait. Each block has room for one of either; one step
		// of the cascade finds the order that was penalised.
		let step = Weights::cascade_step().max(Ecommerce::heaviest_deadline());
		AgendaWeight::set(Weights::agenda_base().saturating_add(step.saturating_mul(2)));
		for block in 1..=5 {
			block_after(1);
			assert!(waiting(&due) <= 5 - block, "deadlines, block {block}");
			assert!(waiting(&sold) <= 6 - block, "cascade, block {block}");
		}
		for _ in 0..4 {
			block_after(1);
		}
		assert_eq!((waiting(&sold), waiting(&due)), (0, 0));
		assert_eq!(Cascades::<Test>::iter().count(), 0);
	});
}

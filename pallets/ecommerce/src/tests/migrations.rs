//! A market from before there were deadlines goes on where it was.

use crate::{
	migrations::{v0, V0ToV1, V1ToV2, V2ToV3},
	mock::*,
	Agenda, CreditKind, CurrentTerms, Incoming, OrderState, Orders, QuotedBuyers, Quotes, ReservedQuota,
	Terms, TotalReservedQuota,
};
use frame_support::{
	assert_ok,
	storage::unhashed,
	traits::{ConstU64, GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
};

/// Writes what there is as version 0 did, with these terms.
fn downgrade(terms: Terms) {
	for (buyer, seq, order) in Orders::<Test>::iter().collect::<Vec<_>>() {
		let old = v0::Order {
			listing: order.listing,
			version: order.version,
			price_seq: order.price_seq,
			price_salt: order.price_salt,
			quantity: order.quantity,
			total: order.total,
			terms,
			state: order.state,
			since: order.since,
			salt: order.salt,
			note: order.note,
			own_note: order.own_note,
			quote: order.quote,
			open_credits: order.open_credits,
		};
		unhashed::put(&Orders::<Test>::hashed_key_for(buyer, seq), &old);
	}
	for (to, id, credit) in Incoming::<Test>::iter().collect::<Vec<_>>() {
		let old = v0::Credit {
			amount: credit.amount,
			note: credit.note,
		};
		unhashed::put(&Incoming::<Test>::hashed_key_for(to, id), &old);
	}
	let _ = Agenda::<Test>::clear(u32::MAX, None);
	let _ = QuotedBuyers::<Test>::clear(u32::MAX, None);
	let _ = ReservedQuota::<Test>::clear(u32::MAX, None);
	TotalReservedQuota::<Test>::kill();
	CurrentTerms::<Test>::put(terms);
	StorageVersion::new(0).put::<Ecommerce>();
}

fn state(placed: &Placed) -> OrderState {
	Ecommerce::order_of(&placed.id).unwrap().state
}

#[test]
fn a_new_chain_has_nothing_to_migrate() {
	execute(|| {
		assert_eq!(Ecommerce::on_chain_storage_version(), 3);
		assert_eq!(Ecommerce::in_code_storage_version(), 3);
		let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
		V0ToV1::<Test>::on_runtime_upgrade();
		V1ToV2::<Test, ConstU64<1>, ConstU64<2>>::on_runtime_upgrade();
		V2ToV3::<Test, ConstU64<1>>::on_runtime_upgrade();
		assert_eq!(before, sp_io::storage::root(sp_runtime::StateVersion::V1));
	});
}

#[test]
fn orders_without_deadlines_get_them_and_everything_else_stays() {
	execute(|| {
		let mut market = Market::open();
		let [placed, accepted, shipped, done] =
			[1, 2, 3, 4].map(|count| market.buyer.orders(&market.listed, count));
		for order in [&accepted, &shipped, &done] {
			market.seller.accepts(&mut market.listed, order);
		}
		for order in [&shipped, &done] {
			market.seller.ships(order);
		}
		assert_ok!(market.buyer.dispatch(market.buyer.confirm(&done)));
		let trader = Party::new(TRADER);
		assert_ok!(market.seller.dispatch(crate::Call::quote {
			seq: market.seller.seq(),
			listing: market.listed.id.seq,
			buyer: trader.who.clone(),
			note: note(10).into(),
		}));
		let before: Vec<_> = Orders::<Test>::iter().collect();
		let incoming: Vec<_> = Incoming::<Test>::iter_keys().collect();
		// Much later than any deadline that there would have been.
		Now::mutate(|now| *now += 10_000_000);
		crate::LastTimestamp::<Test>::kill();

		let terms = CurrentTerms::<Test>::get();
		downgrade(terms);
		V0ToV1::<Test>::on_runtime_upgrade();

		assert_eq!(Ecommerce::on_chain_storage_version(), 1);
		Ecommerce::do_try_state().unwrap();
		assert_eq!(Orders::<Test>::iter().count(), before.len());
		for (buyer, seq, old) in before {
			let new = Orders::<Test>::get(&buyer, seq).unwrap();
			let due = terms
				.period(old.state)
				.map(|period| Ecommerce::market_now() + period);
			assert_eq!(new.due, due, "from now on, as if the state had begun now");
			assert_eq!(new, crate::Order { due, ..old });
		}
		assert_eq!(Incoming::<Test>::iter_keys().collect::<Vec<_>>(), incoming);
		assert_eq!(Quotes::<Test>::iter().count(), 1);
		assert_eq!(QuotedBuyers::<Test>::iter().count(), 1);
		assert_eq!(TotalReservedQuota::<Test>::get(), QUOTA);

		// Nobody was late, however long the upgrade took, and from here on the deadlines act.
		block_after(1_000_000);
		market.seller.accepts(&mut market.listed, &placed);
		market.seller.ships(&accepted);
		market.buyer.disputes(&shipped);
		pass(241_000);
		block_after(1);
		assert_eq!(state(&placed), OrderState::Penalised);
		assert_eq!(state(&accepted), OrderState::Completed);
		assert_eq!(state(&shipped), OrderState::Refunded);
		assert!(market.seller.waiting().contains(&(CreditKind::Proceeds, 4 * 255)));
		market.seller.collects_all();
		market.buyer.collects_all();
	});
}

#[test]
fn terms_that_nobody_had_looked_at_are_made_fit() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 1);
		downgrade(Terms {
			accept_period: 0,
			ship_period: u64::MAX,
			grace_period: 1,
			confirm_period: 0,
			resolve_period: LeastPeriod::get() + 1,
			..Terms::default()
		});
		V0ToV1::<Test>::on_runtime_upgrade();
		let fit = Terms {
			accept_period: 1,
			ship_period: Terms::MAX_PERIOD,
			grace_period: LeastPeriod::get(),
			confirm_period: LeastPeriod::get(),
			resolve_period: LeastPeriod::get() + 1,
			..Terms::default()
		};
		assert_eq!(fit.check(LeastPeriod::get()), Ok(()));
		assert_eq!(CurrentTerms::<Test>::get(), fit);
		assert_eq!(Ecommerce::order_of(&placed.id).unwrap().terms, fit);
	});
}

#[test]
fn what_came_before_cannot_be_returned() {
	execute(|| {
		let market = Market::open();
		let (issue, ..) = market.issuer.issue(&market.buyer, 5);
		assert_ok!(market.issuer.dispatch(issue));
		downgrade(CurrentTerms::<Test>::get());
		V0ToV1::<Test>::on_runtime_upgrade();
		let (_, id, credit) = Incoming::<Test>::iter().next().unwrap();
		assert!(credit.note.is_some() && credit.sender_note.is_none());
		let refuse = crate::Call::refuse {
			seq: market.buyer.seq(),
			credit: id,
		};
		assert_eq!(
			market.buyer.dispatch(refuse),
			Err(crate::Error::<Test>::NotReturnable.into())
		);
		market.buyer.collects_all();
	});
}

/// A version that took 10 s for enough promised 30 s too little, as the one after it found, which took 40 s. Today it is 40 s here, and
/// 65 s in the second part.
#[test]
fn who_still_has_time_gets_what_waiting_takes_longer_than_was_known() {
	for (version, least, longer) in [(1, 40_000, 30_000), (1, 65_000, 55_000), (2, 65_000, 25_000)] {
		execute(|| {
			let mut market = Market::open();
			let late = market.buyer.orders(&market.listed, 2);
			market.seller.accepts(&mut market.listed, &late);
			pass(1_000);
			let running = market.buyer.orders(&market.listed, 1);
			market.seller.accepts(&mut market.listed, &running);
			pass(239_000);
			assert_eq!([&late, &running].map(state), [OrderState::Accepted; 2]);

			LeastPeriod::set(least);
			StorageVersion::new(version).put::<Ecommerce>();
			// Each does its part once, and whoever comes from the first version gets both.
			for _ in 0..2 {
				V1ToV2::<Test, ConstU64<10_000>, ConstU64<40_000>>::on_runtime_upgrade();
				V2ToV3::<Test, ConstU64<40_000>>::on_runtime_upgrade();
				assert_eq!(Ecommerce::on_chain_storage_version(), 3);
				Ecommerce::do_try_state().unwrap();
				assert_eq!(Ecommerce::market().standstill, longer);
			}

			block_after(0);
			assert_eq!(state(&late), OrderState::Penalised, "it was due");
			pass(longer + 999);
			market.seller.ships(&running);
		});
	}
}

#[test]
fn who_had_enough_time_gets_no_more() {
	execute(|| {
		StorageVersion::new(1).put::<Ecommerce>();
		System::reset_events();
		V1ToV2::<Test, ConstU64<40_000>, ConstU64<40_000>>::on_runtime_upgrade();
		assert_eq!(Ecommerce::on_chain_storage_version(), 2);
		V2ToV3::<Test, ConstU64<40_000>>::on_runtime_upgrade();
		assert_eq!(Ecommerce::on_chain_storage_version(), 3);
		assert_eq!(Ecommerce::market().standstill, 0);
		assert!(System::events().is_empty());
	});
}

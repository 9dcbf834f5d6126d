//! What a seller does with a listing after it was listed.

use crate::{mock::*, Call, Delisted, Error, Event, OrderState, QuotedBuyers, Quotes};
use frame_support::{assert_noop, assert_ok};

fn quote(seller: &Party, listed: &Listed, buyer: &Party) -> Call<Test> {
	Call::quote {
		seq: seller.seq(),
		listing: listed.id.seq,
		buyer: buyer.who.clone(),
		note: note(10).into(),
	}
}

fn delist(seller: &Party, listed: &Listed) -> Call<Test> {
	Call::delist {
		seq: seller.seq(),
		listing: listed.id.seq,
	}
}

#[test]
fn an_order_at_an_old_price_is_refused_with_that_reason() {
	execute(|| {
		let mut market = Market::open();
		let before = market.buyer.orders(&market.listed, 1);
		let (call, repriced) = market.seller.reprice(&market.listed, 300);
		assert_ok!(market.seller.dispatch(call));
		System::assert_last_event(
			Event::Repriced {
				listing: market.listed.id.clone(),
				version: 1,
			}
			.into(),
		);
		let late = market.buyer.order(&market.listed, 1).0;
		assert_noop!(market.buyer.dispatch(late), Error::<Test>::PriceChanged);
		// At the new one it is charged the new one.
		market.buyer.orders(&repriced, 2);
		assert_eq!(market.buyer.ledger_balance(), 100_000 - 255 - 600);
		// What was ordered before keeps its price.
		market.seller.accepts(&mut market.listed, &before);
		assert_eq!(market.seller.ledger_balance(), 500_000 - 2_550);
	});
}

#[test]
fn the_new_price_under_the_old_version_or_the_old_price_under_the_new_one_is_refused() {
	execute(|| {
		let market = Market::open();
		let (call, repriced) = market.seller.reprice(&market.listed, 300);
		assert_ok!(market.seller.dispatch(call));
		let new_price_old_version = Listed {
			version: 0,
			..repriced.clone()
		};
		assert_noop!(
			market
				.buyer
				.dispatch(market.buyer.order(&new_price_old_version, 1).0),
			Error::<Test>::PriceChanged
		);
		let old_price_new_version = Listed {
			version: 1,
			..market.listed.clone()
		};
		assert_noop!(
			market
				.buyer
				.dispatch(market.buyer.order(&old_price_new_version, 1).0),
			Error::<Test>::ProofMismatch
		);
	});
}

#[test]
fn prices_have_versions_without_gaps() {
	execute(|| {
		let market = Market::open();
		for version in [0, 2] {
			let skipped = Listed {
				version,
				..market.listed.clone()
			};
			if version == 0 {
				let (mut call, _) = market.seller.reprice(&skipped, 1);
				if let Call::reprice { version, .. } = &mut call {
					*version = 0;
				}
				assert_noop!(market.seller.dispatch(call), Error::<Test>::PriceChanged);
			} else {
				assert_noop!(
					market.seller.dispatch(market.seller.reprice(&skipped, 1).0),
					Error::<Test>::PriceChanged
				);
			}
		}
		// Not to nothing: an order would carry no bond.
		let (mut free, _) = market.seller.reprice(&market.listed, 1);
		if let Call::reprice { price, .. } = &mut free {
			*price = encrypt(&fresh(0)).into();
		}
		assert_noop!(market.seller.dispatch(free), Error::<Test>::ProofMismatch);
		assert_noop!(
			market.buyer.dispatch(market.buyer.reprice(&market.listed, 1).0),
			Error::<Test>::WrongRole
		);
		let trader = Party::new(TRADER);
		assert_noop!(
			trader.dispatch(trader.reprice(&market.listed, 1).0),
			Error::<Test>::NoSuchListing
		);
	});
}

#[test]
fn a_delivery_adds_to_the_stock() {
	execute(|| {
		let mut market = Market::open();
		let (call, restocked) = market.seller.restock(&market.listed, 20);
		assert_ok!(market.seller.dispatch(call));
		let stock = || decrypt(&Ecommerce::listing_of(&market.listed.id).unwrap().stock);
		assert_eq!(stock(), 120);
		// The seller can open it: an acceptance of all of it is proved.
		let all = market.buyer.orders(&restocked, 120);
		let mut listed = restocked;
		market.seller.accepts(&mut listed, &all);
		assert_eq!(
			decrypt(&Ecommerce::listing_of(&market.listed.id).unwrap().stock),
			0
		);
	});
}

#[test]
fn a_delivery_is_for_one_listing_and_price_version_and_its_seller() {
	execute(|| {
		let market = Market::open();
		let (call, repriced) = market.seller.reprice(&market.listed, 300);
		assert_ok!(market.seller.dispatch(call));
		assert_noop!(
			market.seller.dispatch(market.seller.restock(&market.listed, 1).0),
			Error::<Test>::PriceChanged
		);
		let other = market.seller.offers(9, 9);
		let (mut moved, _) = market.seller.restock(&repriced, 1);
		if let Call::restock { listing, version, .. } = &mut moved {
			(*listing, *version) = (other.id.seq, 0);
		}
		assert_noop!(market.seller.dispatch(moved), Error::<Test>::ProofMismatch);
		assert_ok!(market.seller.dispatch(market.seller.restock(&repriced, 1).0));
	});
}

#[test]
fn a_listing_that_is_gone_takes_no_orders_and_its_placed_ones_come_back() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 1);
		let accepted = market.buyer.orders(&market.listed, 1);
		market.seller.accepts(&mut market.listed, &accepted);
		let Market {
			buyer,
			seller,
			listed,
			..
		} = &market;
		let trader = Party::new(TRADER);
		assert_noop!(
			trader.dispatch(delist(&trader, listed)),
			Error::<Test>::NoSuchListing
		);
		assert_ok!(seller.dispatch(delist(seller, listed)));
		assert_eq!(Ecommerce::listing_of(&listed.id), None);
		assert_noop!(
			seller.dispatch(delist(seller, listed)),
			Error::<Test>::NoSuchListing
		);
		assert_noop!(
			buyer.dispatch(buyer.order(listed, 1).0),
			Error::<Test>::NoSuchListing
		);
		let late = seller.accept(listed, &placed).0;
		assert_noop!(seller.dispatch(late), Error::<Test>::NoSuchListing);
		// The accepted one needs the listing no more; the other lapses.
		seller.ships(&accepted);
		assert_ok!(buyer.dispatch(buyer.confirm(&accepted)));
		pass(60_000);
		block_after(1);
		assert_eq!(
			Ecommerce::order_of(&placed.id).unwrap().state,
			OrderState::Refunded
		);
	});
}

#[test]
fn a_listing_leaves_room_for_another() {
	execute(|| {
		let market = Market::open();
		MaxListings::set(1);
		let list = || market.seller.dispatch(market.seller.list(1, 1).0);
		assert_noop!(list(), Error::<Test>::TooManyListings);
		assert_ok!(market.seller.dispatch(delist(&market.seller, &market.listed)));
		assert_ok!(list());
	});
}

#[test]
fn quotes_for_a_listing_that_is_gone_are_removed_some_in_each_block() {
	use crate::WeightInfo;
	type Weights = <Test as crate::Config>::WeightInfo;
	execute(|| {
		let market = Market::open();
		let Market {
			buyer,
			seller,
			listed,
			..
		} = &market;
		let (trader, kept) = (Party::new(TRADER), seller.offers(3, 3));
		for (listed, buyer) in [(listed, buyer), (listed, &trader), (&kept, buyer)] {
			assert_ok!(seller.dispatch(quote(seller, listed, buyer)));
		}
		assert_ok!(seller.dispatch(delist(seller, listed)));
		Ecommerce::do_try_state().unwrap();
		// Room for one.
		let step = Weights::quote_removal();
		AgendaWeight::set(Weights::agenda_base().saturating_add(step.saturating_mul(2)));
		for left in [2, 1] {
			block_after(1);
			assert_eq!(Quotes::<Test>::iter().count(), left);
			Ecommerce::do_try_state().unwrap();
		}
		block_after(1);
		assert_eq!(Delisted::<Test>::iter().count(), 0);
		assert_eq!(QuotedBuyers::<Test>::iter().count(), 1);
		assert!(Ecommerce::quote_of(&buyer.who, &kept.id).is_some());
	});
}

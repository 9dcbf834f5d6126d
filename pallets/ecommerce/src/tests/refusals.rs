//! Who may not, and what is not there: each with its own error and nothing changed.

use crate::{mock::*, Call, Error, OrderId};
use frame_support::{assert_noop, assert_ok, dispatch::RawOrigin};
use pallet_certificates::Status;

/// Takes an account's certificate away.
fn revoke(party: &Party) {
	pallet_certificates::Certificates::<Test>::mutate(&party.who, |certificate| {
		if let Some(certificate) = certificate {
			certificate.status = Status::Revoked;
		}
	});
}

#[test]
fn only_the_role_may() {
	execute(|| {
		let market = Market::open();
		let Market {
			issuer,
			buyer,
			seller,
			listed,
		} = &market;
		assert_noop!(buyer.dispatch(buyer.issue(seller, 1).0), Error::<Test>::WrongRole);
		assert_noop!(buyer.dispatch(buyer.list(1, 1).0), Error::<Test>::WrongRole);
		assert_noop!(
			issuer.dispatch(issuer.order_at(2, &fresh(9_999), listed, 1).0),
			Error::<Test>::WrongRole
		);
		let outsider = Party::new(OUTSIDER);
		assert_noop!(
			outsider.dispatch(outsider.list(1, 1).0),
			Error::<Test>::NotCertified
		);
		assert_noop!(
			issuer.dispatch(issuer.issue(&outsider, 1).0),
			Error::<Test>::CounterpartyNotCertified
		);
		let call = RuntimeCall::from(issuer.issue(buyer, 1).0);
		assert_noop!(
			sp_runtime::traits::Dispatchable::dispatch(call, RawOrigin::None.into()).map_err(|e| e.error),
			sp_runtime::DispatchError::BadOrigin
		);
	});
}

#[test]
fn a_batch_does_not_get_around_the_certificate() {
	execute(|| {
		let market = Market::open();
		let outsider = Party::new(OUTSIDER);
		let inner = outsider.list(1, 1).0;
		let batch = pallet_utility::Call::<Test>::batch_all {
			calls: vec![inner.into()],
		};
		let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
		let result = sp_runtime::traits::Dispatchable::dispatch(
			RuntimeCall::from(batch),
			RuntimeOrigin::signed(outsider.who.clone()),
		);
		assert_eq!(
			result.map_err(|error| error.error).unwrap_err(),
			Error::<Test>::NotCertified.into()
		);
		assert_eq!(before, sp_io::storage::root(sp_runtime::StateVersion::V1));
		drop(market);
	});
}

#[test]
fn the_revoked_finish_and_start_nothing() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 1);
		market.seller.accepts(&mut market.listed, &placed);
		let Market {
			buyer,
			seller,
			listed,
			..
		} = &market;
		revoke(seller);
		revoke(buyer);
		assert_noop!(seller.dispatch(seller.list(1, 1).0), Error::<Test>::Revoked);
		assert_noop!(buyer.dispatch(buyer.order(listed, 1).0), Error::<Test>::Revoked);
		assert_ok!(seller.dispatch(Call::ship {
			seq: seller.seq(),
			order: placed.id.clone()
		}));
		assert_ok!(buyer.dispatch(Call::confirm {
			seq: buyer.seq(),
			order: placed.id.seq
		}));
		let ids = Ecommerce::incoming(&seller.who)
			.into_iter()
			.map(|(id, _)| id)
			.collect();
		assert_ok!(seller.dispatch(seller.collect(ids)));
	});
}

#[test]
fn nobody_orders_from_the_revoked() {
	execute(|| {
		let market = Market::open();
		revoke(&market.seller);
		let order = market.buyer.order(&market.listed, 1).0;
		assert_noop!(
			market.buyer.dispatch(order),
			Error::<Test>::CounterpartyNotCertified
		);
	});
}

#[test]
fn orders_have_their_parties_and_states() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 1);
		let Market {
			buyer,
			seller,
			listed,
			..
		} = &market;
		let trader = Party::new(TRADER);
		let id = placed.id.clone();
		let ship = |party: &Party, order: &OrderId<_>| Call::ship {
			seq: party.seq(),
			order: order.clone(),
		};
		let unknown = OrderId {
			buyer: buyer.who.clone(),
			seq: 77,
		};
		assert_noop!(
			seller.dispatch(ship(seller, &unknown)),
			Error::<Test>::NoSuchOrder
		);
		assert_noop!(seller.dispatch(ship(seller, &id)), Error::<Test>::WrongState);
		assert_noop!(trader.dispatch(ship(&trader, &id)), Error::<Test>::NotYourOrder);
		assert_noop!(
			buyer.dispatch(Call::confirm {
				seq: buyer.seq(),
				order: id.seq
			}),
			Error::<Test>::WrongState
		);
		assert_noop!(
			trader.dispatch(Call::confirm {
				seq: trader.seq(),
				order: id.seq
			}),
			Error::<Test>::NoSuchOrder
		);
		let mut impostor = Party::new(TRADER);
		impostor.balance = fresh(90_000);
		assert_noop!(
			impostor.dispatch(impostor.accept(listed, &placed).0),
			Error::<Test>::NotYourOrder
		);
		let cancel = Call::cancel {
			seq: buyer.seq(),
			order: id.seq,
		};
		assert_ok!(buyer.dispatch(cancel));
		let again = Call::cancel {
			seq: buyer.seq(),
			order: id.seq,
		};
		assert_noop!(buyer.dispatch(again), Error::<Test>::WrongState);
		assert_noop!(
			seller.dispatch(seller.accept(listed, &placed).0),
			Error::<Test>::WrongState
		);
	});
}

#[test]
fn sequence_numbers_are_used_once_and_in_order() {
	execute(|| {
		let mut market = Market::open();
		let (call, _, after) = market.buyer.order(&market.listed, 1);
		let ahead = market
			.buyer
			.order_at(market.buyer.seq() + 1, &after, &market.listed, 1)
			.0;
		assert_noop!(
			market.buyer.dispatch(ahead.clone()),
			Error::<Test>::FutureSequence
		);
		assert_ok!(market.buyer.dispatch(call.clone()));
		assert_noop!(market.buyer.dispatch(call), Error::<Test>::StaleSequence);
		assert_ok!(market.buyer.dispatch(ahead));
		market.buyer.balance = after;
	});
}

#[test]
fn a_seller_does_not_buy_from_itself() {
	execute(|| {
		let mut issuer = Party::new(ISSUER);
		let mut trader = Party::new(TRADER);
		trader.endow(&mut issuer, 10_000);
		let listed = trader.offers(5, 10);
		assert_noop!(
			trader.dispatch(trader.order(&listed, 1).0),
			Error::<Test>::SelfDealing
		);
	});
}

#[test]
fn an_old_price_is_refused_by_name() {
	execute(|| {
		let market = Market::open();
		let (mut call, ..) = market.buyer.order(&market.listed, 1);
		if let Call::order { version, .. } = &mut call {
			*version = 1;
		}
		assert_noop!(market.buyer.dispatch(call), Error::<Test>::PriceChanged);
		let (mut call, ..) = market.buyer.order(&market.listed, 1);
		if let Call::order { listing, .. } = &mut call {
			listing.seq += 100;
		}
		assert_noop!(market.buyer.dispatch(call), Error::<Test>::NoSuchListing);
	});
}

#[test]
fn a_spent_quota_refuses_until_the_next_period() {
	execute(|| {
		let (issuer, buyer) = (Party::new(ISSUER), Party::new(BUYER));
		for _ in 0..1_000 {
			pallet_certificates::Pallet::<Test>::consume_quota(&issuer.who).unwrap();
		}
		assert_noop!(
			issuer.dispatch(issuer.issue(&buyer, 1).0),
			Error::<Test>::QuotaExhausted
		);
		Now::set(1_000_000 + 60_000);
		assert_ok!(issuer.dispatch(issuer.issue(&buyer, 1).0));
	});
}

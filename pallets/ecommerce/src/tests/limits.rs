//! What one account can keep on the ledger, and what it must have to be sent something.

use crate::{mock::*, Call, CreditId, CreditKind, Error, Incoming, Quotes};
use frame_support::{assert_noop, assert_ok};
use pallet_certificates::ViewKey;
use sp_runtime::{transaction_validity::UnknownTransaction, AccountId32};

fn credit(creator: &Party, seq: u64, kind: CreditKind) -> CreditId<AccountId32> {
	CreditId {
		creator: creator.who.clone(),
		seq,
		kind,
	}
}

/// Issues, and remembers that it did.
fn issue(issuer: &mut Party, to: &Party, amount: u64) -> CreditId<AccountId32> {
	let id = credit(issuer, issuer.seq(), CreditKind::Issued);
	let (call, _, issued) = issuer.issue(to, amount);
	assert_ok!(issuer.dispatch(call));
	issuer.issued = issued;
	id
}

fn quote(market: &Market, listed: &Listed, buyer: &Party) -> Call<Test> {
	Call::quote {
		seq: market.seller.seq(),
		listing: listed.id.seq,
		buyer: buyer.who.clone(),
		note: note(10).into(),
	}
}

#[test]
fn nothing_is_issued_to_an_account_without_a_view_key() {
	execute(|| {
		let issuer = Party::new(ISSUER);
		assert_eq!(Certificates::view_key(&issuer.who), None);
		let (call, ..) = issuer.issue(&Party::new(ISSUER), 5);
		assert_noop!(issuer.dispatch(call.clone()), Error::<Test>::NoViewKey);
		let refusal = crate::FIRST_REFUSAL + codec::Encode::encode(&Error::<Test>::NoViewKey)[0];
		assert_eq!(
			issuer.offer(&call).unwrap_err(),
			UnknownTransaction::Custom(refusal).into()
		);
		let key = ViewKey::new([9; 32]).unwrap();
		assert_ok!(Certificates::set_view_key(
			RuntimeOrigin::signed(issuer.who.clone()),
			key,
			1
		));
		assert_ok!(issuer.offer(&call));
		assert_ok!(issuer.dispatch(call));
	});
}

#[test]
fn the_credits_of_a_pair_are_capped() {
	execute(|| {
		MaxCreditsPerPair::set(2);
		let (mut issuer, buyer, seller) = (Party::new(ISSUER), Party::new(BUYER), Party::new(SELLER));
		let first = issue(&mut issuer, &buyer, 1);
		issue(&mut issuer, &buyer, 2);
		let third = issuer.issue(&buyer, 3).0;
		assert_noop!(issuer.dispatch(third), Error::<Test>::TooManyCredits);
		// Of this pair only.
		issue(&mut issuer, &seller, 4);
		assert_ok!(buyer.dispatch(buyer.collect(vec![first])));
		issue(&mut issuer, &buyer, 5);
		let fourth = issuer.issue(&buyer, 6).0;
		assert_noop!(issuer.dispatch(fourth), Error::<Test>::TooManyCredits);
	});
}

#[test]
fn what_comes_out_of_escrow_is_never_capped() {
	execute(|| {
		let mut market = Market::open();
		MaxCreditsPerPair::set(0);
		let cancelled = market.buyer.orders(&market.listed, 1);
		assert_ok!(market.buyer.dispatch(Call::cancel {
			seq: market.buyer.seq(),
			order: cancelled.id.seq
		}));
		let placed = market.buyer.orders(&market.listed, 1);
		market.seller.accepts(&mut market.listed, &placed);
		let (buyer, seller) = (&market.buyer, &market.seller);
		assert_ok!(seller.dispatch(Call::ship {
			seq: seller.seq(),
			order: placed.id.clone()
		}));
		assert_ok!(buyer.dispatch(Call::confirm {
			seq: buyer.seq(),
			order: placed.id.seq
		}));
		assert_eq!(Incoming::<Test>::iter_prefix(&buyer.who).count(), 1);
		assert_eq!(Incoming::<Test>::iter_prefix(&seller.who).count(), 2);
	});
}

#[test]
fn the_listings_of_a_seller_are_capped() {
	execute(|| {
		let market = Market::open();
		MaxListings::set(2);
		market.seller.offers(1, 1);
		assert_noop!(
			market.seller.dispatch(market.seller.list(1, 1).0),
			Error::<Test>::TooManyListings
		);
		Party::new(TRADER).offers(1, 1);
	});
}

#[test]
fn an_order_takes_the_quote_that_it_was_placed_on() {
	execute(|| {
		let mut market = Market::open();
		let (other, trader) = (market.seller.offers(3, 3), Party::new(TRADER));
		for (listed, buyer) in [
			(&market.listed, &market.buyer),
			(&other, &market.buyer),
			(&market.listed, &trader),
		] {
			assert_ok!(market.seller.dispatch(quote(&market, listed, buyer)));
		}
		// An order that fails takes nothing.
		let (mut forged, ..) = market.buyer.order(&market.listed, 1);
		if let Call::order { proof, .. } = &mut forged {
			*proof.last_mut().unwrap() ^= 1;
		}
		assert_noop!(market.buyer.dispatch(forged), Error::<Test>::ProofRange);
		assert!(Ecommerce::quote_of(&market.buyer.who, &market.listed.id).is_some());

		market.buyer.orders(&market.listed, 1);
		assert!(Ecommerce::quote_of(&market.buyer.who, &market.listed.id).is_none());
		assert!(Ecommerce::quote_of(&market.buyer.who, &other.id).is_some());
		assert!(Ecommerce::quote_of(&trader.who, &market.listed.id).is_some());
		// A quote may also come by another channel.
		market.buyer.orders(&market.listed, 1);
	});
}

#[test]
fn the_quotes_of_a_pair_are_capped() {
	execute(|| {
		let mut market = Market::open();
		MaxQuotesPerPair::set(1);
		let (other, trader) = (market.seller.offers(3, 3), Party::new(TRADER));
		assert_ok!(market
			.seller
			.dispatch(quote(&market, &market.listed, &market.buyer)));
		assert_noop!(
			market.seller.dispatch(quote(&market, &other, &market.buyer)),
			Error::<Test>::TooManyQuotes
		);
		// A newer quote takes an older one's place, and another buyer has room of its own.
		assert_ok!(market
			.seller
			.dispatch(quote(&market, &market.listed, &market.buyer)));
		assert_ok!(market.seller.dispatch(quote(&market, &other, &trader)));
		assert_eq!(Quotes::<Test>::iter().count(), 2);
		market.buyer.orders(&market.listed, 1);
		assert_ok!(market.seller.dispatch(quote(&market, &other, &market.buyer)));
	});
}

#[test]
fn the_orders_of_a_buyer_are_capped_until_they_are_collected() {
	execute(|| {
		let mut market = Market::open();
		MaxOrders::set(1);
		let placed = market.buyer.orders(&market.listed, 1);
		let again = |market: &Market| market.buyer.dispatch(market.buyer.order(&market.listed, 1).0);
		assert_noop!(again(&market), Error::<Test>::TooManyOrders);
		let seq = market.buyer.seq();
		let order = placed.id.seq;
		assert_ok!(market.buyer.dispatch(Call::cancel { seq, order }));
		// Or a buyer could place and cancel for ever.
		assert_noop!(again(&market), Error::<Test>::TooManyOrders);
		let refund = credit(&market.buyer, order, CreditKind::Refund);
		assert_ok!(market.buyer.dispatch(market.buyer.collect(vec![refund])));
		market.buyer.balance = market.buyer.balance.add(&placed.total).unwrap();
		market.buyer.orders(&market.listed, 1);
	});
}

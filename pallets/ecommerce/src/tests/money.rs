//! Transfers and what becomes of them, redemption, and how much issuers may issue.

use crate::{
	mock::*, Call, CreditId, CreditKind, Disclosure, Error, Event, Incoming, Issued, Redeemed, RedemptionId,
	RefreshTarget, TotalReservedQuota,
};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{AccountId32, DispatchError};

fn refuse(party: &Party, credit: &CreditId<AccountId32>) -> Call<Test> {
	Call::refuse {
		seq: party.seq(),
		credit: credit.clone(),
	}
}

fn reclaim(party: &Party, from: &Party, transfer: u64) -> Call<Test> {
	Call::reclaim {
		seq: party.seq(),
		from: from.who.clone(),
		transfer,
	}
}

fn settle(issuer: &Party, redemption: &RedemptionId<AccountId32>) -> Call<Test> {
	Call::settle {
		seq: issuer.seq(),
		redemption: redemption.clone(),
	}
}

fn revoke(party: &Party) {
	let ca = RuntimeOrigin::signed(CA.to_account_id());
	assert_ok!(Certificates::revoke(ca, party.who.clone()));
}

#[test]
fn a_transfer_moves_exactly_its_amount() {
	execute(|| {
		let mut market = Market::open();
		let (id, amount) = market.buyer.transfers(&market.seller, 2_345);
		assert_eq!(market.buyer.ledger_balance(), 97_655);
		assert_eq!(market.seller.waiting(), [(CreditKind::Transfer, 2_345)]);
		System::assert_last_event(
			Event::Transferred {
				from: market.buyer.who.clone(),
				to: market.seller.who.clone(),
				credit: id,
			}
			.into(),
		);
		market.seller.collects_all();
		assert_eq!(market.seller.ledger_balance(), 502_345);
		// The seller knows what it has and can spend it.
		market.seller.balance = market.seller.balance.add(&amount).unwrap();
		market.seller.transfers(&market.buyer, 502_345);
		assert_eq!(market.seller.ledger_balance(), 0);
	});
}

#[test]
fn a_transfer_needs_two_parties_in_good_standing_and_a_view_key() {
	execute(|| {
		let market = Market::open();
		let Market {
			issuer,
			buyer,
			seller,
			..
		} = &market;
		let send = |to: &Party| buyer.dispatch(buyer.transfer(to, 1).0);
		assert_noop!(send(buyer), Error::<Test>::SelfDealing);
		assert_noop!(send(issuer), Error::<Test>::NoViewKey);
		assert_noop!(
			send(&Party::new(OUTSIDER)),
			Error::<Test>::CounterpartyNotCertified
		);
		revoke(seller);
		assert_noop!(send(seller), Error::<Test>::CounterpartyNotCertified);
		revoke(buyer);
		let trader = Party::new(TRADER);
		assert_noop!(
			market.buyer.dispatch(market.buyer.transfer(&trader, 1).0),
			Error::<Test>::Revoked
		);
	});
}

#[test]
fn credits_of_a_pair_are_capped_and_returned_ones_count_for_the_sender() {
	execute(|| {
		let mut market = Market::open();
		MaxCreditsPerPair::set(2);
		let first = market.buyer.transfers(&market.seller, 1).0;
		let second = market.buyer.transfers(&market.seller, 2).0;
		let third = |market: &Market, to: &Party| market.buyer.dispatch(market.buyer.transfer(to, 3).0);
		assert_noop!(third(&market, &market.seller), Error::<Test>::TooManyCredits);
		for id in [&first, &second] {
			assert_ok!(market.seller.dispatch(refuse(&market.seller, id)));
		}
		// Nothing waits for the seller any more, but a sender could go on for ever if nothing counted what came back.
		for to in [Party::new(SELLER), Party::new(TRADER)] {
			let result = third(&market, &to);
			assert_noop!(result, Error::<Test>::TooManyCredits);
		}
		market.buyer.collects_all();
		assert_eq!(market.buyer.ledger_balance(), 100_000);
	});
}

#[test]
fn what_is_refused_comes_back_whole() {
	execute(|| {
		let mut market = Market::open();
		let (id, _) = market.buyer.transfers(&market.seller, 777);
		let sent = Incoming::<Test>::get(&market.seller.who, &id).unwrap();
		assert_noop!(
			market.buyer.dispatch(refuse(&market.buyer, &id)),
			Error::<Test>::NoSuchCredit
		);
		assert_ok!(market.seller.dispatch(refuse(&market.seller, &id)));
		assert_eq!(market.seller.waiting(), []);
		assert_eq!(market.buyer.waiting(), [(CreditKind::Returned, 777)]);
		let back = CreditId {
			kind: CreditKind::Returned,
			..id.clone()
		};
		let returned = Incoming::<Test>::get(&market.buyer.who, &back).unwrap();
		assert_eq!(returned.amount, sent.amount, "the sender can open it");
		assert_eq!(
			returned.note, sent.sender_note,
			"by the note that it sealed to itself"
		);
		// It does not go back and forth.
		assert_noop!(
			market.buyer.dispatch(refuse(&market.buyer, &back)),
			Error::<Test>::NotReturnable
		);
		assert_noop!(
			market.seller.dispatch(refuse(&market.seller, &id)),
			Error::<Test>::NoSuchCredit
		);
		market.buyer.collects_all();
		assert_eq!(market.buyer.ledger_balance(), 100_000);
	});
}

#[test]
fn what_was_issued_can_be_refused_and_what_comes_out_of_orders_cannot() {
	execute(|| {
		let mut market = Market::open();
		let id = market.issuer.next_credit(CreditKind::Issued);
		let issue = market.issuer.issue(&market.buyer, 50).0;
		assert_ok!(market.issuer.dispatch(issue));
		assert_ok!(market.buyer.dispatch(refuse(&market.buyer, &id)));
		assert_eq!(market.issuer.waiting(), [(CreditKind::Returned, 50)]);

		let placed = market.buyer.orders(&market.listed, 1);
		let (seq, order) = (market.buyer.seq(), placed.id.seq);
		assert_ok!(market.buyer.dispatch(Call::cancel { seq, order }));
		let refund = CreditId {
			creator: market.buyer.who.clone(),
			seq: order,
			kind: CreditKind::Refund,
		};
		assert_noop!(
			market.buyer.dispatch(refuse(&market.buyer, &refund)),
			Error::<Test>::NotReturnable
		);
	});
}

#[test]
fn a_transfer_that_nobody_collects_can_be_taken_back_after_its_time_and_by_its_sender() {
	execute(|| {
		let mut market = Market::open();
		let (id, _) = market.buyer.transfers(&market.seller, 777);
		let early = reclaim(&market.buyer, &market.seller, id.seq);
		pass(10_000);
		// A halt of the chain is no time in which it could be collected.
		block_after(ReclaimPeriod::get());
		assert_noop!(market.buyer.dispatch(early.clone()), Error::<Test>::NotDue);
		Now::mutate(|now| *now += ReclaimPeriod::get() - 10_001);
		assert_noop!(market.buyer.dispatch(early), Error::<Test>::NotDue);
		Now::mutate(|now| *now += 1);
		let trader = Party::new(TRADER);
		for (party, from) in [(&trader, &market.seller), (&market.seller, &market.seller)] {
			assert_noop!(
				party.dispatch(reclaim(party, from, id.seq)),
				Error::<Test>::NoSuchCredit
			);
		}
		assert_noop!(
			market.buyer.dispatch(reclaim(&market.buyer, &trader, id.seq)),
			Error::<Test>::NoSuchCredit
		);
		// Also without a certificate: it is the sender's money.
		revoke(&market.buyer);
		assert_ok!(market
			.buyer
			.dispatch(reclaim(&market.buyer, &market.seller, id.seq)));
		assert_eq!(market.seller.waiting(), []);
		market.buyer.collects_all();
		assert_eq!(market.buyer.ledger_balance(), 100_000);
	});
}

#[test]
fn what_was_collected_or_refreshed_is_the_recipients_for_good() {
	execute(|| {
		let mut market = Market::open();
		let (collected, _) = market.buyer.transfers(&market.seller, 1);
		market.seller.collects_all();
		let (refreshed, amount) = market.buyer.transfers(&market.seller, 2);
		let target = RefreshTarget::Credit(refreshed.clone());
		assert_ok!(market.seller.dispatch(market.seller.refresh(target, &amount).0));
		Now::mutate(|now| *now += ReclaimPeriod::get());
		assert_noop!(
			market
				.buyer
				.dispatch(reclaim(&market.buyer, &market.seller, collected.seq)),
			Error::<Test>::NoSuchCredit
		);
		// Its sender could not open it any more.
		assert_noop!(
			market
				.buyer
				.dispatch(reclaim(&market.buyer, &market.seller, refreshed.seq)),
			Error::<Test>::NotReturnable
		);
		assert_noop!(
			market.seller.dispatch(refuse(&market.seller, &refreshed)),
			Error::<Test>::NotReturnable
		);
		market.seller.collects_all();
		assert_eq!(market.seller.ledger_balance(), 500_003);
	});
}

#[test]
fn redeeming_burns_and_settling_records_the_payment() {
	execute(|| {
		let mut market = Market::open();
		register_view_key(&market.issuer);
		let issued = Issued::<Test>::get(&market.issuer.who).ciphertext;
		let redemption = RedemptionId {
			holder: market.buyer.who.clone(),
			seq: market.buyer.seq(),
		};
		let (call, amount, after) = market.buyer.redeem(&market.issuer, 40_000);
		assert_ok!(market.buyer.dispatch(call));
		market.buyer.balance = after;
		assert_eq!(market.buyer.ledger_balance(), 60_000);
		assert_eq!(decrypt(&Redeemed::<Test>::get()), 40_000);
		let open = Ecommerce::redemptions(&market.issuer.who);
		assert_eq!(open.len(), 1);
		assert_eq!(open[0].0, redemption);
		assert_eq!(open[0].1.amount, encrypt(&amount), "the issuer can open it");
		assert_eq!(open[0].1.note, note(13));
		// Nothing that the issuer could issue again.
		assert_eq!(Issued::<Test>::get(&market.issuer.who).ciphertext, issued);

		for party in [&market.buyer, &market.seller] {
			assert_noop!(
				party.dispatch(settle(party, &redemption)),
				Error::<Test>::NoSuchRedemption
			);
		}
		revoke(&market.issuer);
		assert_ok!(market.issuer.dispatch(settle(&market.issuer, &redemption)));
		assert_eq!(Ecommerce::redemptions(&market.issuer.who), []);
		assert_noop!(
			market.issuer.dispatch(settle(&market.issuer, &redemption)),
			Error::<Test>::NoSuchRedemption
		);
		assert_eq!(decrypt(&Redeemed::<Test>::get()), 40_000);
	});
}

#[test]
fn redeeming_needs_an_issuer_that_can_read_it_and_room() {
	execute(|| {
		let market = Market::open();
		let Market {
			issuer,
			buyer,
			seller,
			..
		} = &market;
		let redeem = |at: &Party| buyer.dispatch(buyer.redeem(at, 1).0);
		assert_noop!(redeem(seller), Error::<Test>::CounterpartyNotCertified);
		assert_noop!(redeem(issuer), Error::<Test>::NoViewKey);
		register_view_key(issuer);
		MaxRedemptionsPerPair::set(0);
		assert_noop!(redeem(issuer), Error::<Test>::TooManyRedemptions);
		MaxRedemptionsPerPair::set(1);
		// Who lost its certificate leaves with its money.
		revoke(buyer);
		assert_ok!(redeem(issuer));
	});
}

#[test]
fn a_payment_is_proved_for_one_recipient_and_one_call() {
	execute(|| {
		let market = Market::open();
		register_view_key(&market.issuer);
		let trader = Party::new(TRADER);
		let (mut moved, ..) = market.buyer.transfer(&market.seller, 5);
		if let Call::transfer { to, .. } = &mut moved {
			*to = trader.who.clone();
		}
		assert_noop!(market.buyer.dispatch(moved), Error::<Test>::ProofMismatch);
		let Call::transfer {
			seq,
			salt,
			amount,
			balance_after,
			own_note,
			note,
			proof,
			..
		} = market.buyer.transfer(&market.issuer, 5).0
		else {
			unreachable!("it is one");
		};
		let redeemed = Call::redeem {
			seq,
			salt,
			issuer: market.issuer.who.clone(),
			amount,
			balance_after,
			own_note,
			note,
			proof,
		};
		assert_noop!(market.buyer.dispatch(redeemed), Error::<Test>::ProofMismatch);
	});
}

#[test]
fn quotas_are_set_by_the_authority_and_never_sum_to_more_than_the_ledger_holds() {
	execute(|| {
		let ca = || RuntimeOrigin::signed(CA.to_account_id());
		let set =
			|origin, issuer: &Party, quota| Ecommerce::set_issuer_quota(origin, issuer.who.clone(), quota);
		let (issuer, trader) = (Party::new(ISSUER), Party::new(TRADER));
		for origin in [ISSUER, BUYER, ARBITER] {
			assert_noop!(
				set(RuntimeOrigin::signed(origin.to_account_id()), &issuer, 5),
				DispatchError::BadOrigin
			);
		}
		assert_noop!(set(ca(), &Party::new(OUTSIDER), 5), Error::<Test>::NotCertified);
		// Nothing was issued: all of it can go to another.
		assert_ok!(set(ca(), &issuer, u64::MAX));
		assert_noop!(set(ca(), &trader, 1), Error::<Test>::QuotasExceedLedger);
		assert_ok!(set(ca(), &issuer, 0));
		assert_ok!(set(RuntimeOrigin::root(), &trader, u64::MAX));
		assert_noop!(set(ca(), &issuer, 1), Error::<Test>::QuotasExceedLedger);
		assert_ok!(set(ca(), &trader, 0));
		assert_eq!(TotalReservedQuota::<Test>::get(), 0);
	});
}

#[test]
fn what_an_issuer_may_have_issued_stays_counted() {
	execute(|| {
		let market = Market::open();
		let (issuer, trader) = (&market.issuer, Party::new(TRADER));
		let set = |issuer: &Party, quota| {
			Ecommerce::set_issuer_quota(RuntimeOrigin::root(), issuer.who.clone(), quota)
		};
		// It has issued 600,000 of 1,000,000; nobody but it and the authority knows how much.
		assert_ok!(set(issuer, 0));
		assert_eq!(Ecommerce::account(&issuer.who).issuer_quota, 0);
		assert_noop!(
			set(&trader, u64::MAX - QUOTA + 1),
			Error::<Test>::QuotasExceedLedger
		);
		assert_ok!(set(&trader, u64::MAX - QUOTA));
		assert_noop!(set(issuer, QUOTA + 1), Error::<Test>::QuotasExceedLedger);
		assert_ok!(set(issuer, QUOTA));
		// And it issues within what it has now.
		assert_ok!(set(issuer, 600_000));
		let issue = issuer.issue(&market.buyer, 1).0;
		assert_noop!(issuer.dispatch(issue), Error::<Test>::ProofMismatch);
	});
}

#[test]
fn what_the_authority_reads_is_recorded_by_it_and_by_nobody_else() {
	execute(|| {
		let subject = Disclosure::Account(BUYER.to_account_id());
		assert_noop!(
			Ecommerce::record_disclosure(RuntimeOrigin::signed(ARBITER.to_account_id()), subject.clone()),
			DispatchError::BadOrigin
		);
		assert_ok!(Ecommerce::record_disclosure(
			RuntimeOrigin::signed(CA.to_account_id()),
			subject.clone()
		));
		System::assert_last_event(Event::Disclosed { subject }.into());
	});
}

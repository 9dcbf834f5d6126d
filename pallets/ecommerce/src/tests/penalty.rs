//! The tenfold penalty: what it takes, from whom, and that there is no way out.

use crate::{
	mock::*, Call, Cascades, CreditId, CreditKind, DeclineReason, Disclosure, Error, Event, OrderState,
	Redeemed, RedemptionId, RefreshTarget, Terms, Verdict,
};
use frame_support::{assert_noop, assert_ok, traits::GetCallName};
use pallet_certificates::{signing_payload, CertificateRequest, Role, Status, ViewKey};
use sp_runtime::{traits::Dispatchable, DispatchError};

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
		pass(240_000);
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

/// Or a seller that is to stay out would come in again with the pardon for an order.
#[test]
fn a_revoked_seller_pays_and_stays_revoked() {
	execute(|| {
		let mut market = Market::open();
		let placed = accepted(&mut market);
		let waiting = market.buyer.orders(&market.listed, 1);
		let ca = || RuntimeOrigin::signed(CA.to_account_id());
		let seller = market.seller.who.clone();
		assert_ok!(Certificates::revoke(ca(), seller.clone()));
		// What nobody can accept any more comes back in its time, and not because of the penalty.
		pass(60_000);
		assert_eq!(state(&waiting), OrderState::Placed);
		block_after(1);
		assert_eq!(state(&waiting), OrderState::Refunded);
		pass(180_000);
		block_after(1);
		assert_eq!(state(&placed), OrderState::Penalised);
		assert_eq!(decrypt(&Redeemed::<Test>::get()), 5_100, "the bond is burned");
		System::assert_has_event(
			pallet_certificates::Event::<Test>::Blacklisted {
				account: seller.clone(),
				order: placed.id.clone(),
			}
			.into(),
		);
		assert_eq!(status(&market.seller), Status::Revoked);
		assert_eq!(Cascades::<Test>::iter().count(), 0);
		assert_noop!(
			market.seller.dispatch(market.seller.list(1, 1).0),
			Error::<Test>::Revoked
		);
		assert_ok!(Certificates::reinstate(ca(), seller));
		assert_eq!(status(&market.seller), Status::Active);
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
		pass(240_000);
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
			grace_period: 160_000,
			..Default::default()
		};
		assert_ok!(Ecommerce::set_terms(RuntimeOrigin::root(), terms));
		let new = market.buyer.orders(&market.listed, 2);
		market.seller.accepts(&mut market.listed, &old);
		assert_eq!(market.seller.ledger_balance(), 500_000 - 10 * 510);
		market.seller.accepts(&mut market.listed, &new);
		assert_eq!(market.seller.ledger_balance(), 500_000 - 12 * 510);
		pass(240_000);
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

type Outcome = Result<(), DispatchError>;

fn refused(error: Error<Test>) -> Outcome {
	Err(error.into())
}

/// What the seller tries with the call of this name to get out of the penalty: what becomes of it, and what has to.
///
/// Those that succeed harm nobody else. Every call has its place here, so that a new one cannot be forgotten.
fn attempt(name: &str, market: &mut Market, placed: &Placed) -> (Outcome, Outcome) {
	let (seq, order) = (market.seller.seq(), placed.id.clone());
	// As if it were there to be taken already.
	let bond = CreditId {
		creator: order.buyer.clone(),
		seq: order.seq,
		kind: CreditKind::Bond,
	};
	let (call, expected) = match name {
		"issue" => (market.seller.issue(&market.buyer, 1).0, refused(Error::WrongRole)),
		"collect" => (market.seller.collect(vec![bond]), refused(Error::NoSuchCredit)),
		"list" => (market.seller.list(1, 1).0, Ok(())),
		"quote" => {
			let call = Call::quote {
				seq,
				listing: market.listed.id.seq,
				buyer: market.buyer.who.clone(),
				note: note(10).into(),
			};
			(call, Ok(()))
		}
		"order" => (
			market.seller.order(&market.listed, 1).0,
			refused(Error::WrongRole),
		),
		// Of what is the buyer's to call the seller has none.
		"cancel" => {
			let order = order.seq;
			(Call::cancel { seq, order }, refused(Error::NoSuchOrder))
		}
		"confirm" => (market.seller.confirm(placed), refused(Error::NoSuchOrder)),
		"dispute" => (market.seller.dispute(placed).0, refused(Error::NoSuchOrder)),
		"accept" => (
			market.seller.accept(&market.listed, placed).0,
			refused(Error::WrongState),
		),
		"decline" => {
			let reason = DeclineReason::OutOfStock;
			(Call::decline { seq, order, reason }, refused(Error::WrongState))
		}
		// In time, that is what it should do. Prepared for a number that does not come in time, it is not done.
		"ship" => {
			let seq = seq + 1;
			(Call::ship { seq, order }, refused(Error::FutureSequence))
		}
		"poke" => (market.seller.poke(placed), refused(Error::NotDue)),
		"resolve" => (
			market.seller.resolve(placed, Verdict::Completed),
			refused(Error::WrongRole),
		),
		"set_terms" => {
			let terms = Terms::default();
			(Call::set_terms { terms }, Err(DispatchError::BadOrigin))
		}
		"transfer" => {
			let amount = market.seller.balance.value / 2;
			let (call, _, after) = market.seller.transfer(&Party::new(TRADER), amount);
			market.seller.balance = after;
			(call, Ok(()))
		}
		"refuse" => {
			let credit = bond;
			(Call::refuse { seq, credit }, refused(Error::NoSuchCredit))
		}
		"reclaim" => {
			let (from, transfer) = (order.buyer, order.seq);
			(
				Call::reclaim { seq, from, transfer },
				refused(Error::NoSuchCredit),
			)
		}
		// All that it has left.
		"redeem" => {
			register_view_key(&market.issuer);
			let amount = market.seller.balance.value;
			let (call, _, after) = market.seller.redeem(&market.issuer, amount);
			market.seller.balance = after;
			(call, Ok(()))
		}
		"settle" => {
			let redemption = RedemptionId {
				holder: order.buyer,
				seq: order.seq,
			};
			(Call::settle { seq, redemption }, refused(Error::NoSuchRedemption))
		}
		"refresh" => {
			let target = RefreshTarget::Stock(market.listed.id.seq);
			let (call, stock) = market.seller.refresh(target, &market.listed.stock);
			market.listed.stock = stock;
			(call, Ok(()))
		}
		"reprice" => {
			let (call, listed) = market.seller.reprice(&market.listed, 1);
			market.listed = listed;
			(call, Ok(()))
		}
		"restock" => {
			let (call, listed) = market.seller.restock(&market.listed, 7);
			market.listed = listed;
			(call, Ok(()))
		}
		"delist" => {
			let listing = market.listed.id.seq;
			(Call::delist { seq, listing }, Ok(()))
		}
		"set_issuer_quota" => {
			let (issuer, quota) = (market.seller.who.clone(), 5_100);
			(
				Call::set_issuer_quota { issuer, quota },
				Err(DispatchError::BadOrigin),
			)
		}
		"record_disclosure" => {
			let subject = Disclosure::Order(order);
			(Call::record_disclosure { subject }, Err(DispatchError::BadOrigin))
		}
		other => panic!("`{other}` has no place here: say what a seller could try with it"),
	};
	(market.seller.dispatch(call), expected)
}

/// What the seller tries with the registry's call of this name, with the help of whoever may send it.
fn attempt_with_authority(name: &str, market: &Market) -> (Outcome, Outcome) {
	type Registry = pallet_certificates::Error<Test>;

	let ca = RuntimeOrigin::signed(CA.to_account_id());
	let who = market.seller.who.clone();
	let counter = Certificates::request_counter(who.clone()) + 1;
	// A seller that is one no more.
	let request = CertificateRequest {
		account: who.clone(),
		roles: [Role::Buyer].into(),
		organisation: b"Corner Shop".to_vec().try_into().expect("short"),
		view_key: None,
		counter,
	};
	let signature = SELLER.sign(&signing_payload(&System::block_hash(0), &request));
	match name {
		"issue" => (
			Certificates::issue(ca, request, signature, None),
			Err(Registry::AlreadyCertified.into()),
		),
		"renew" => (Certificates::renew(ca, request, signature, None), Ok(())),
		"revoke" => (Certificates::revoke(ca, who), Ok(())),
		"reinstate" => (Certificates::reinstate(ca, who), Err(Registry::Unchanged.into())),
		"set_view_key" => {
			let key = ViewKey::new([9; 32]).expect("not of small order");
			(
				Certificates::set_view_key(RuntimeOrigin::signed(who), key, counter),
				Ok(()),
			)
		}
		// The seller is the certificate authority from now on.
		"set_ca" => (Certificates::set_ca(RuntimeOrigin::root(), who), Ok(())),
		other => panic!("`{other}` has no place here: say how it could help a seller"),
	}
}

/// Several calls at once.
fn batch(market: &Market, call: pallet_utility::Call<Test>) -> Outcome {
	RuntimeCall::from(call)
		.dispatch(RuntimeOrigin::signed(market.seller.who.clone()))
		.map(|_| ())
		.map_err(|error| error.error)
}

fn spend_quota(who: &sp_runtime::AccountId32) {
	for _ in 0..CallQuota::get() {
		// Who has none left, or cannot run out of it, is no matter.
		let _ = Certificates::consume_quota(who);
	}
}

/// What is no single call.
const OTHERS: [&str; 8] = [
	"a batch that ships and then declines",
	"a batch of everything that is refused",
	"a refreshed balance",
	"a certificate that has expired",
	"a buyer whose certificate was withdrawn",
	"terms that changed since",
	"a quota used up",
	"the quota of everybody who could poke used up",
];

fn attempt_otherwise(name: &str, market: &mut Market, placed: &Placed) -> (Outcome, Outcome) {
	let (seq, order) = (market.seller.seq(), placed.id.clone());
	let decline = |seq| Call::<Test>::decline {
		seq,
		order: order.clone(),
		reason: DeclineReason::NotServed,
	};
	match name {
		"a batch that ships and then declines" => {
			let calls: Vec<RuntimeCall> = vec![market.seller.ship(placed).into(), decline(seq + 1).into()];
			(
				batch(market, pallet_utility::Call::batch_all { calls }),
				refused(Error::WrongState),
			)
		}
		"a batch of everything that is refused" => {
			let cancel = Call::<Test>::cancel {
				seq,
				order: order.seq,
			};
			let calls: Vec<RuntimeCall> = vec![
				decline(seq).into(),
				cancel.into(),
				market.seller.confirm(placed).into(),
				market.seller.poke(placed).into(),
				market.seller.resolve(placed, Verdict::Refunded).into(),
			];
			(batch(market, pallet_utility::Call::force_batch { calls }), Ok(()))
		}
		"a refreshed balance" => {
			let target = RefreshTarget::Balance;
			let (call, after) = market.seller.refresh(target, &market.seller.balance);
			market.seller.balance = after;
			(market.seller.dispatch(call), Ok(()))
		}
		"a certificate that has expired" => {
			pallet_certificates::Certificates::<Test>::mutate(&market.seller.who, |certificate| {
				certificate.as_mut().unwrap().valid_until = Some(Now::get());
			});
			(Ok(()), Ok(()))
		}
		"a buyer whose certificate was withdrawn" => {
			let ca = RuntimeOrigin::signed(CA.to_account_id());
			(Certificates::revoke(ca, market.buyer.who.clone()), Ok(()))
		}
		"terms that changed since" => {
			let terms = Terms {
				bond_multiple: 1,
				penalty_share: 0,
				ship_period: Terms::MAX_PERIOD,
				..Default::default()
			};
			(Ecommerce::set_terms(RuntimeOrigin::root(), terms), Ok(()))
		}
		"a quota used up" => {
			spend_quota(&market.seller.who);
			(
				market.seller.dispatch(market.seller.poke(placed)),
				refused(Error::QuotaExhausted),
			)
		}
		"the quota of everybody who could poke used up" => {
			for who in [BUYER, SELLER, TRADER, ARBITER, ISSUER] {
				spend_quota(&who.to_account_id());
			}
			(Ok(()), Ok(()))
		}
		other => unreachable!("{other}"),
	}
}

/// One of all attempts.
#[derive(Clone, Copy, Debug)]
enum Attempt {
	/// With a call of the marketplace.
	Market(&'static str),
	/// With one of the registry.
	Registry(&'static str),
	/// Otherwise.
	Other(&'static str),
}

impl Attempt {
	fn all() -> Vec<Self> {
		let market = Call::<Test>::get_call_names().iter().copied();
		let registry = pallet_certificates::Call::<Test>::get_call_names()
			.iter()
			.copied();
		market
			.map(Self::Market)
			.chain(registry.map(Self::Registry))
			.chain(OTHERS.into_iter().map(Self::Other))
			.collect()
	}

	/// What becomes of it, and what has to if it is the only one.
	fn make(self, market: &mut Market, placed: &Placed) -> (Outcome, Outcome) {
		match self {
			Self::Market(name) => attempt(name, market, placed),
			Self::Registry(name) => attempt_with_authority(name, market),
			Self::Other(name) => attempt_otherwise(name, market, placed),
		}
	}
}

/// What a penalty moves, and what it must not.
struct Books {
	burned: u64,
	seller: u64,
	sellers: Vec<(CreditKind, u64)>,
	buyers: Vec<(CreditKind, u64)>,
}

impl Books {
	fn of(market: &Market) -> Self {
		Self {
			burned: decrypt(&Redeemed::<Test>::get()),
			seller: market.seller.ledger_balance(),
			sellers: market.seller.waiting(),
			buyers: market.buyer.waiting(),
		}
	}
}

/// Lets the time run out and sees the penalty collected in full, whatever the seller has done until then.
fn run_out(market: &Market, placed: &Placed, milliseconds: u64) {
	pass(milliseconds);
	assert_noop!(
		market.seller.dispatch(market.seller.ship(placed)),
		Error::<Test>::DeadlinePassed
	);
	let mut books = Books::of(market);
	assert_eq!(
		books.seller, market.seller.balance.value,
		"all that it has besides the bond"
	);
	let withdrawn = status(&market.seller) == Status::Revoked;
	block_after(1);
	assert_eq!(state(placed), OrderState::Penalised);
	books.buyers.push((CreditKind::Refund, 510));
	books.buyers.sort();
	let after = Books::of(market);
	assert_eq!(after.burned, books.burned + 5_100, "the bond is burned");
	assert_eq!(after.seller, books.seller);
	assert_eq!(after.sellers, books.sellers);
	assert_eq!(after.buyers, books.buyers);
	let barred = if withdrawn {
		Status::Revoked
	} else {
		Status::Blacklisted(placed.id.clone())
	};
	assert_eq!(status(&market.seller), barred);
}

/// Everything that a seller can do before the penalty is due, alone or with the help of the certificate authority and of
/// governance: each attempt alone, and then all of them.
///
/// Proofs are believed where each attempt has a market of its own: what keeps a seller from getting out is not that it
/// cannot prove.
#[test]
fn a_seller_finds_no_way_out() {
	for one in Attempt::all() {
		execute(|| {
			VerifyBy::set(By::Credulous);
			let mut market = Market::open();
			let placed = accepted(&mut market);
			pass(160_000);
			println!("{one:?}");
			let (outcome, expected) = one.make(&mut market, &placed);
			assert_eq!(outcome, expected, "{one:?}");
			assert_eq!(state(&placed), OrderState::Accepted, "{one:?}");
			run_out(&market, &placed, 80_000);
		});
	}
	execute(|| {
		let mut market = Market::open();
		let placed = accepted(&mut market);
		pass(230_000);
		for one in Attempt::all() {
			// One makes another impossible, so how they end is another matter here.
			let (outcome, _) = one.make(&mut market, &placed);
			println!("{one:?}: {outcome:?}");
			assert_eq!(state(&placed), OrderState::Accepted, "{one:?}");
		}
		run_out(&market, &placed, 10_000);
	});
}

/// When it is due, nobody can call any more, and that changes nothing.
#[test]
fn a_spent_quota_keeps_no_penalty_from_being_collected() {
	execute(|| {
		let mut market = Market::open();
		let placed = accepted(&mut market);
		pass(240_000);
		for who in [BUYER, SELLER, TRADER, ARBITER, ISSUER] {
			spend_quota(&who.to_account_id());
			let party = Party::new(who);
			assert_noop!(party.dispatch(party.poke(&placed)), Error::<Test>::QuotaExhausted);
		}
		block_after(1);
		assert_penalised(&market, &placed);
	});
}

#[test]
fn nothing_brings_a_forfeited_bond_back() {
	execute(|| {
		let mut market = Market::open();
		let placed = accepted(&mut market);
		pass(240_000);
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
		pass(240_000);
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
		pass(160_000);
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

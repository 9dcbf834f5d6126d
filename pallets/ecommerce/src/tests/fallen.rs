//! Whose certificate was withdrawn, has expired, or was blacklisted for a penalty: it finishes what it began, whatever side of a
//! trade it was on, and starts nothing. Others lose nothing by its fall.

use crate::{
	mock::*, Call, CreditKind, DeclineReason, Disclosure, Error, OrderId, OrderState, RedemptionId,
	RefreshTarget, Terms, Verdict,
};
use frame_support::{assert_noop, assert_ok, traits::GetCallName, weights::Weight};
use pallet_certificates::ViewKey;
use sp_runtime::{AccountId32, DispatchError};

/// How somebody falls out with the consortium.
#[derive(Clone, Copy, Debug)]
enum Fall {
	Revoked,
	Expired,
	Blacklisted,
}

impl Fall {
	const ALL: [Self; 3] = [Self::Revoked, Self::Expired, Self::Blacklisted];

	fn befalls(self, who: &AccountId32) {
		match self {
			Self::Revoked => {
				let ca = RuntimeOrigin::signed(CA.to_account_id());
				assert_ok!(Certificates::revoke(ca, who.clone()));
			}
			Self::Expired => pallet_certificates::Certificates::<Test>::mutate(who, |certificate| {
				certificate.as_mut().expect("it has one").valid_until = Some(Now::get());
			}),
			Self::Blacklisted => {
				let order = OrderId {
					buyer: TRADER.to_account_id(),
					seq: 7,
				};
				Ecommerce::bar(who, &order);
			}
		}
	}

	/// What new business is refused for.
	fn error(self) -> Error<Test> {
		match self {
			Self::Revoked => Error::Revoked,
			Self::Expired => Error::Expired,
			Self::Blacklisted => Error::Blacklisted,
		}
	}
}

/// Which of the two parties it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
	Buyer,
	Seller,
}

/// What stays possible; the calls that the runtime's `FinishingCalls` names.
const FINISHING: [&str; 13] = [
	"cancel", "decline", "ship", "confirm", "poke", "dispute", "collect", "refuse", "reclaim", "redeem",
	"settle", "refresh", "delist",
];

/// What nobody can do who only trades.
const OF_GOVERNANCE: [&str; 3] = ["set_terms", "set_issuer_quota", "record_disclosure"];

/// An order that was accepted.
fn running(buyer: &mut Party, seller: &mut Party, listed: &mut Listed) -> Placed {
	let placed = buyer.orders(listed, 1);
	seller.accepts(listed, &placed);
	placed
}

/// An order that was shipped.
fn shipped(buyer: &mut Party, seller: &mut Party, listed: &mut Listed) -> Placed {
	let placed = running(buyer, seller, listed);
	seller.ships(&placed);
	placed
}

/// A call of this name by that side that nothing but its standing keeps from succeeding, or the side's role; with the business
/// open that it finishes. None if that side cannot have such business.
fn call_of(name: &str, side: Side, market: &mut Market) -> Option<Call<Test>> {
	let Market {
		issuer,
		buyer,
		seller,
		listed,
	} = market;
	// First what only one side has to finish.
	match (name, side) {
		("cancel", Side::Buyer) => {
			let order = buyer.orders(listed, 1).id.seq;
			let seq = buyer.seq();
			return Some(Call::cancel { seq, order });
		}
		("confirm", Side::Buyer) => {
			let placed = shipped(buyer, seller, listed);
			return Some(buyer.confirm(&placed));
		}
		("dispute", Side::Buyer) => {
			let placed = shipped(buyer, seller, listed);
			return Some(buyer.dispute(&placed).0);
		}
		("decline", Side::Seller) => {
			let order = buyer.orders(listed, 1).id;
			let (seq, reason) = (seller.seq(), DeclineReason::OutOfStock);
			return Some(Call::decline { seq, order, reason });
		}
		("ship", Side::Seller) => {
			let placed = running(buyer, seller, listed);
			return Some(seller.ship(&placed));
		}
		("delist", Side::Seller) => {
			let (seq, listing) = (seller.seq(), listed.id.seq);
			return Some(Call::delist { seq, listing });
		}
		("refresh", Side::Seller) => {
			let target = RefreshTarget::Stock(listed.id.seq);
			return Some(seller.refresh(target, &listed.stock).0);
		}
		("cancel" | "confirm" | "dispute", Side::Seller)
		| ("decline" | "ship" | "delist", Side::Buyer)
		// The issuer's, below.
		| ("settle", _) => return None,
		_ => {}
	}
	let waiting = match name {
		"poke" => {
			// Due, and the agenda has no room.
			let placed = buyer.orders(listed, 1);
			AgendaWeight::set(Weight::zero());
			pass(60_000);
			Some(placed)
		}
		"accept" => Some(buyer.orders(listed, 1)),
		"resolve" => {
			let placed = shipped(buyer, seller, listed);
			buyer.disputes(&placed);
			Some(placed)
		}
		_ => None,
	};
	let (me, you) = match side {
		Side::Buyer => (buyer, seller),
		Side::Seller => (seller, buyer),
	};
	let placed = || waiting.as_ref().expect("it was placed");
	Some(match name {
		"poke" => me.poke(placed()),
		"collect" => {
			let credit = you.transfers(me, 5).0;
			me.collect(vec![credit])
		}
		"refuse" => {
			let credit = you.transfers(me, 5).0;
			let seq = me.seq();
			Call::refuse { seq, credit }
		}
		"reclaim" => {
			ReclaimPeriod::set(1_000);
			let transfer = me.transfers(you, 5).0.seq;
			pass(1_000);
			let (seq, from) = (me.seq(), you.who.clone());
			Call::reclaim { seq, from, transfer }
		}
		"redeem" => {
			register_view_key(issuer);
			me.redeem(issuer, 5).0
		}
		"refresh" => me.refresh(RefreshTarget::Balance, &me.balance).0,
		"issue" => me.issue(you, 1).0,
		"list" => me.list(1, 1).0,
		"quote" => {
			let (seq, listing) = (me.seq(), listed.id.seq);
			let (buyer, note) = (you.who.clone(), note(10).into());
			Call::quote {
				seq,
				listing,
				buyer,
				note,
			}
		}
		"order" => me.order(listed, 1).0,
		"accept" => me.accept(listed, placed()).0,
		"resolve" => me.resolve(placed(), Verdict::Refunded),
		"transfer" => me.transfer(you, 1).0,
		"reprice" => me.reprice(listed, 1).0,
		"restock" => me.restock(listed, 1).0,
		"set_terms" => {
			let terms = Terms::default();
			Call::set_terms { terms }
		}
		"set_issuer_quota" => {
			let (issuer, quota) = (me.who.clone(), 1);
			Call::set_issuer_quota { issuer, quota }
		}
		"record_disclosure" => {
			let subject = Disclosure::Account(me.who.clone());
			Call::record_disclosure { subject }
		}
		other => panic!("`{other}` has no place here: does it finish something, or is it new business?"),
	})
}

/// Proofs are believed: with them each of these would be good, too.
fn in_a_market(test: impl FnOnce(&mut Market)) {
	execute(|| {
		VerifyBy::set(By::Credulous);
		test(&mut Market::open());
	});
}

#[test]
fn who_fell_finishes_everything_and_starts_nothing() {
	for name in Call::<Test>::get_call_names().iter().copied() {
		let mut possible = false;
		for (side, fall) in [Side::Buyer, Side::Seller]
			.into_iter()
			.flat_map(|side| Fall::ALL.map(|fall| (side, fall)))
		{
			in_a_market(|market| {
				let Some(call) = call_of(name, side, market) else {
					return;
				};
				let party = match side {
					Side::Buyer => &market.buyer,
					Side::Seller => &market.seller,
				};
				fall.befalls(&party.who);
				println!("{name} by the {side:?}, {fall:?}");
				if FINISHING.contains(&name) {
					assert_ok!(party.dispatch(call));
				} else if OF_GOVERNANCE.contains(&name) {
					assert_noop!(party.dispatch(call), DispatchError::BadOrigin);
				} else {
					assert_noop!(party.dispatch(call), fall.error());
				}
				possible = true;
			});
		}
		assert_eq!(possible, name != "settle", "{name}");
	}
}

#[test]
fn who_fell_registers_another_view_key() {
	for fall in Fall::ALL {
		for side in [Side::Buyer, Side::Seller] {
			in_a_market(|market| {
				let who = match side {
					Side::Buyer => market.buyer.who.clone(),
					Side::Seller => market.seller.who.clone(),
				};
				fall.befalls(&who);
				let key = ViewKey::new([9; 32]).expect("not of small order");
				let origin = RuntimeOrigin::signed(who.clone());
				assert_ok!(Certificates::set_view_key(origin, key, 1));
				let record = pallet_certificates::Pallet::<Test>::view_key(&who).expect("it has one");
				assert_eq!((record.key, record.index), (key, 1));
			});
		}
	}
}

/// Of an issuer others wait for what it owes them, and get no new money.
#[test]
fn an_issuer_that_fell_settles_and_issues_nothing() {
	for fall in Fall::ALL {
		in_a_market(|market| {
			let Market { issuer, buyer, .. } = market;
			register_view_key(issuer);
			let redemption = RedemptionId {
				holder: buyer.who.clone(),
				seq: buyer.seq(),
			};
			let (redeem, _, after) = buyer.redeem(issuer, 700);
			assert_ok!(buyer.dispatch(redeem));
			buyer.balance = after;
			fall.befalls(&issuer.who);
			assert_noop!(issuer.dispatch(issuer.issue(buyer, 1).0), fall.error());
			// Nobody gives it any more to pay.
			assert_noop!(
				buyer.dispatch(buyer.redeem(issuer, 5).0),
				Error::<Test>::CounterpartyNotCertified
			);
			let seq = issuer.seq();
			assert_ok!(issuer.dispatch(Call::settle { seq, redemption }));
			assert!(Ecommerce::redemptions(&issuer.who).is_empty());
			assert_eq!(buyer.ledger_balance(), 100_000 - 700);
		});
	}
}

/// An arbiter that fell decides nothing, and nobody waits for it for ever.
#[test]
fn an_arbiter_that_fell_decides_nothing() {
	for fall in Fall::ALL {
		for by_council in [false, true] {
			in_a_market(|market| {
				let placed = market.buyer.orders(&market.listed, 2);
				market.seller.accepts(&mut market.listed, &placed);
				market.seller.ships(&placed);
				market.buyer.disputes(&placed);
				let arbiter = Party::new(ARBITER);
				fall.befalls(&arbiter.who);
				for verdict in [Verdict::Completed, Verdict::Refunded, Verdict::Penalised] {
					assert_noop!(arbiter.dispatch(arbiter.resolve(&placed, verdict)), fall.error());
				}
				if by_council {
					let call = arbiter.resolve(&placed, Verdict::Completed);
					assert_ok!(sp_runtime::traits::Dispatchable::dispatch(
						RuntimeCall::from(call),
						RuntimeOrigin::root()
					));
					let kinds = [(CreditKind::Proceeds, 510), (CreditKind::Bond, 5_100)];
					assert_eq!(market.seller.waiting(), kinds);
				} else {
					pass(120_000);
					block_after(1);
					let kinds = [(CreditKind::Refund, 510), (CreditKind::Deposit, 510)];
					assert_eq!(market.buyer.waiting(), kinds);
					assert_eq!(market.seller.waiting(), [(CreditKind::Bond, 5_100)]);
				}
			});
		}
	}
}

/// A seller that fell cannot accept; what was ordered from it comes back at its time or before, whoever acts first.
#[test]
fn what_was_ordered_from_who_fell_comes_back() {
	for fall in Fall::ALL {
		in_a_market(|market| {
			let Market {
				buyer,
				seller,
				listed,
				..
			} = market;
			let placed: Vec<_> = (0..4).map(|_| buyer.orders(listed, 2)).collect();
			fall.befalls(&seller.who);
			let accept = seller.accept(listed, &placed[0]).0;
			assert_noop!(seller.dispatch(accept), fall.error());
			assert_noop!(
				buyer.dispatch(buyer.order(listed, 1).0),
				Error::<Test>::CounterpartyNotCertified
			);
			let (seq, order) = (seller.seq(), placed[0].id.clone());
			let reason = DeclineReason::NotServed;
			assert_ok!(seller.dispatch(Call::decline { seq, order, reason }));
			let (seq, order) = (buyer.seq(), placed[1].id.seq);
			assert_ok!(buyer.dispatch(Call::cancel { seq, order }));
			let left = |number: usize| {
				Ecommerce::order_of(&placed[number].id)
					.expect("it is there")
					.state == OrderState::Placed
			};
			block_after(1_000);
			let barred = matches!(fall, Fall::Blacklisted);
			assert_eq!(
				left(2),
				!barred,
				"only who was barred is cleared away before the deadline"
			);
			pass(59_000);
			assert_eq!(left(3), !barred);
			if !barred {
				assert_ok!(buyer.dispatch(buyer.poke(&placed[2])));
			}
			block_after(1);
			assert!(!left(3));
			assert_eq!(buyer.waiting(), [(CreditKind::Refund, 510); 4]);
			buyer.collects_all();
			assert_eq!(buyer.ledger_balance(), 100_000);
			assert_eq!(seller.ledger_balance(), 500_000, "it lost nothing");
		});
	}
}

/// Of a buyer that fell the seller gets its money all the same: the buyer confirms, or its time runs out.
#[test]
fn a_seller_is_paid_by_a_buyer_that_fell() {
	for fall in Fall::ALL {
		for confirms in [true, false] {
			in_a_market(|market| {
				let placed = market.buyer.orders(&market.listed, 2);
				market.seller.accepts(&mut market.listed, &placed);
				fall.befalls(&market.buyer.who);
				market.seller.ships(&placed);
				if confirms {
					assert_ok!(market.buyer.dispatch(market.buyer.confirm(&placed)));
				} else {
					pass(120_000);
					block_after(1);
				}
				market.seller.collects_all();
				assert_eq!(market.seller.ledger_balance(), 500_510);
			});
		}
	}
}

/// A certificate is good to the last millisecond before its end, and renewing it is enough.
#[test]
fn a_certificate_expires_at_its_end_and_not_before() {
	in_a_market(|market| {
		let seller = &market.seller;
		let end = Now::get() + 5_000;
		let ends_at = |end| {
			pallet_certificates::Certificates::<Test>::mutate(&seller.who, |certificate| {
				certificate.as_mut().expect("it has one").valid_until = end;
			})
		};
		ends_at(Some(end));
		Now::set(end - 1);
		assert_ok!(seller.dispatch(seller.list(1, 1).0));
		Now::set(end);
		assert_noop!(seller.dispatch(seller.list(1, 1).0), Error::<Test>::Expired);
		ends_at(Some(end + 1));
		assert_ok!(seller.dispatch(seller.list(1, 1).0));
		Now::set(end + 1);
		assert_noop!(seller.dispatch(seller.list(1, 1).0), Error::<Test>::Expired);
	});
}

//! Every call of the pallet costs its caller a unit of quota, and none is possible without.

use crate::{
	mock::*, Call, CreditId, CreditKind, DeclineReason, Error, RedemptionId, RefreshTarget, Verdict,
};
use frame_support::{assert_noop, assert_ok, traits::GetCallName};

/// A call of this name that would succeed as the ledger stands, with its caller. All others prepare it.
pub(super) fn example(name: &str) -> (Party, Call<Test>) {
	let mut market = Market::open();
	let placed = |market: &mut Market| market.buyer.orders(&market.listed, 1);
	let accepted = |market: &mut Market| {
		let placed = market.buyer.orders(&market.listed, 1);
		market.seller.accepts(&mut market.listed, &placed);
		placed
	};
	match name {
		"issue" => {
			let call = market.issuer.issue(&market.buyer, 1).0;
			(market.issuer, call)
		}
		"collect" => {
			let credit = CreditId {
				creator: market.issuer.who.clone(),
				seq: market.issuer.seq(),
				kind: CreditKind::Issued,
			};
			let issue = market.issuer.issue(&market.buyer, 1).0;
			assert_ok!(market.issuer.dispatch(issue));
			let call = market.buyer.collect(vec![credit]);
			(market.buyer, call)
		}
		"list" => {
			let call = market.seller.list(1, 1).0;
			(market.seller, call)
		}
		"quote" => {
			let call = Call::quote {
				seq: market.seller.seq(),
				listing: market.listed.id.seq,
				buyer: market.buyer.who,
				note: note(10).into(),
			};
			(market.seller, call)
		}
		"order" => {
			let call = market.buyer.order(&market.listed, 1).0;
			(market.buyer, call)
		}
		"cancel" => {
			let order = placed(&mut market).id.seq;
			let seq = market.buyer.seq();
			(market.buyer, Call::cancel { seq, order })
		}
		"accept" => {
			let placed = placed(&mut market);
			let call = market.seller.accept(&market.listed, &placed).0;
			(market.seller, call)
		}
		"decline" => {
			let order = placed(&mut market).id;
			let (seq, reason) = (market.seller.seq(), DeclineReason::Unspecified);
			(market.seller, Call::decline { seq, order, reason })
		}
		"ship" => {
			let order = accepted(&mut market).id;
			let seq = market.seller.seq();
			(market.seller, Call::ship { seq, order })
		}
		"confirm" => {
			let id = accepted(&mut market).id;
			let (seq, order) = (market.seller.seq(), id.clone());
			assert_ok!(market.seller.dispatch(Call::ship { seq, order }));
			let (seq, order) = (market.buyer.seq(), id.seq);
			(market.buyer, Call::confirm { seq, order })
		}
		"poke" => {
			let order = placed(&mut market).id;
			pass(60_000);
			let seq = market.buyer.seq();
			(market.buyer, Call::poke { seq, order })
		}
		"dispute" => {
			let placed = accepted(&mut market);
			market.seller.ships(&placed);
			let call = market.buyer.dispute(&placed).0;
			(market.buyer, call)
		}
		"resolve" => {
			let placed = accepted(&mut market);
			market.seller.ships(&placed);
			market.buyer.disputes(&placed);
			let arbiter = Party::new(ARBITER);
			let call = arbiter.resolve(&placed, Verdict::Refunded);
			(arbiter, call)
		}
		"transfer" => {
			let call = market.buyer.transfer(&market.seller, 1).0;
			(market.buyer, call)
		}
		"refuse" => {
			let credit = market.buyer.transfers(&market.seller, 1).0;
			let seq = market.seller.seq();
			(market.seller, Call::refuse { seq, credit })
		}
		"reclaim" => {
			let transfer = market.buyer.transfers(&market.seller, 1).0.seq;
			Now::mutate(|now| *now += ReclaimPeriod::get());
			let (seq, from) = (market.buyer.seq(), market.seller.who);
			(market.buyer, Call::reclaim { seq, from, transfer })
		}
		"redeem" => {
			register_view_key(&market.issuer);
			let call = market.buyer.redeem(&market.issuer, 1).0;
			(market.buyer, call)
		}
		"settle" => {
			register_view_key(&market.issuer);
			let redemption = RedemptionId {
				holder: market.buyer.who.clone(),
				seq: market.buyer.seq(),
			};
			assert_ok!(market.buyer.dispatch(market.buyer.redeem(&market.issuer, 1).0));
			let seq = market.issuer.seq();
			(market.issuer, Call::settle { seq, redemption })
		}
		"refresh" => {
			let call = market
				.buyer
				.refresh(RefreshTarget::Balance, &market.buyer.balance)
				.0;
			(market.buyer, call)
		}
		"reprice" => {
			let call = market.seller.reprice(&market.listed, 300).0;
			(market.seller, call)
		}
		"restock" => {
			let call = market.seller.restock(&market.listed, 5).0;
			(market.seller, call)
		}
		"delist" => {
			let (seq, listing) = (market.seller.seq(), market.listed.id.seq);
			(market.seller, Call::delist { seq, listing })
		}
		other => panic!("`{other}` has no example here: write one, and it must charge the quota"),
	}
}

/// All calls but those of governance and the certificate authority, which are not counted.
pub(super) fn traders_calls() -> impl Iterator<Item = &'static str> {
	Call::<Test>::get_call_names()
		.iter()
		.copied()
		.filter(|name| !["set_terms", "set_issuer_quota", "record_disclosure"].contains(name))
}

fn left(party: &Party) -> u32 {
	Certificates::quota_left(party.who.clone())
}

#[test]
fn every_call_costs_one_unit() {
	for name in traders_calls() {
		execute(|| {
			let (party, call) = example(name);
			let before = left(&party);
			assert_ok!(party.dispatch(call));
			assert_eq!(left(&party), before - 1, "{name}");
		});
	}
}

#[test]
fn no_call_is_possible_with_a_spent_quota() {
	for name in traders_calls() {
		execute(|| {
			let (party, call) = example(name);
			while left(&party) > 0 {
				Certificates::consume_quota(&party.who).unwrap();
			}
			assert_noop!(party.dispatch(call.clone()), Error::<Test>::QuotaExhausted);
			// Nothing else stood in its way.
			Now::mutate(|now| *now += QuotaPeriod::get());
			assert_ok!(party.dispatch(call));
		});
	}
}

#[test]
fn the_quota_is_that_of_the_caller_and_of_nobody_else() {
	execute(|| {
		let market = Market::open();
		let others = [left(&market.issuer), left(&market.buyer)];
		assert_ok!(market.seller.dispatch(market.seller.list(1, 1).0));
		assert_eq!([left(&market.issuer), left(&market.buyer)], others);
	});
}

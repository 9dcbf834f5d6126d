//! Every call of the pallet costs its caller a unit of quota, and none is possible without.

use crate::{mock::*, Call, CreditId, CreditKind, DeclineReason, Error};
use frame_support::{assert_noop, assert_ok, traits::GetCallName};

/// A call of this name that would succeed as the ledger stands, with its caller. All others prepare it.
fn example(name: &str) -> (Party, Call<Test>) {
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
		other => panic!("`{other}` has no example here: write one, and it must charge the quota"),
	}
}

fn left(party: &Party) -> u32 {
	Certificates::quota_left(party.who.clone())
}

#[test]
fn every_call_costs_one_unit() {
	for name in Call::<Test>::get_call_names() {
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
	for name in Call::<Test>::get_call_names() {
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

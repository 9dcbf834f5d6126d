//! A call pays for the proof that it brings, and gets that back if nobody looked at it.

use crate::{
	mock::*,
	weights::{SubstrateWeight, WeightInfo},
	Call, Error, ProofWeight, RefreshTarget,
};
use frame_support::{
	dispatch::{GetDispatchInfo, PostDispatchInfo},
	weights::{
		constants::{WEIGHT_REF_TIME_PER_MICROS, WEIGHT_REF_TIME_PER_MILLIS},
		Weight,
	},
};
use sp_runtime::{traits::Dispatchable, DispatchError, DispatchErrorWithPostInfo};
use veilmart_verification_host::{Native, Portable};

type Weights = <Test as crate::Config>::WeightInfo;

fn post(
	party: &Party,
	call: Call<Test>,
) -> Result<PostDispatchInfo, DispatchErrorWithPostInfo<PostDispatchInfo>> {
	RuntimeCall::from(call).dispatch(RuntimeOrigin::signed(party.who.clone()))
}

/// A refusal and the weight that the call is left with; `None` is all of it.
fn refusal(party: &Party, call: Call<Test>) -> (DispatchError, Option<Weight>) {
	let refused = post(party, call).expect_err("this call is refused");
	(refused.error, refused.post_info.actual_weight)
}

/// The calls with a proof, with their callers and their weights without it.
fn proved() -> Vec<(Party, Call<Test>, Weight)> {
	let mut market = Market::open();
	let shipped = market.buyer.orders(&market.listed, 1);
	market.seller.accepts(&mut market.listed, &shipped);
	market.seller.ships(&shipped);
	let placed = market.buyer.orders(&market.listed, 1);
	let issue = market.issuer.issue(&market.buyer, 1).0;
	let list = market.seller.list(1, 1).0;
	let order = market.buyer.order(&market.listed, 1).0;
	let accept = market.seller.accept(&market.listed, &placed).0;
	let dispute = market.buyer.dispute(&shipped).0;
	register_view_key(&market.issuer);
	let transfer = market.buyer.transfer(&market.seller, 1).0;
	let redeem = market.buyer.redeem(&market.issuer, 1).0;
	let refresh = market
		.buyer
		.refresh(RefreshTarget::Balance, &market.buyer.balance)
		.0;
	let reprice = market.seller.reprice(&market.listed, 2).0;
	let restock = market.seller.restock(&market.listed, 2).0;
	let party = Party::new;
	vec![
		(market.issuer, issue, Weights::issue()),
		(market.seller, list, Weights::list()),
		(market.buyer, order, Weights::order()),
		(party(SELLER), accept, Weights::accept()),
		(party(BUYER), dispute, Weights::dispute()),
		(party(BUYER), transfer, Weights::transfer()),
		(party(BUYER), redeem, Weights::redeem()),
		(party(BUYER), refresh, Weights::refresh()),
		(party(SELLER), reprice, Weights::reprice()),
		(party(SELLER), restock, Weights::restock()),
	]
}

fn change_seq(call: &mut Call<Test>, change: impl Fn(u64) -> u64) {
	match call {
		Call::issue { seq, .. }
		| Call::list { seq, .. }
		| Call::order { seq, .. }
		| Call::accept { seq, .. }
		| Call::dispute { seq, .. }
		| Call::transfer { seq, .. }
		| Call::redeem { seq, .. }
		| Call::refresh { seq, .. }
		| Call::reprice { seq, .. }
		| Call::restock { seq, .. } => *seq = change(*seq),
		_ => unreachable!("calls with a proof"),
	}
}

fn break_proof(call: &mut Call<Test>) {
	match call {
		Call::issue { proof, .. }
		| Call::list { proof, .. }
		| Call::order { proof, .. }
		| Call::accept { proof, .. }
		| Call::dispute { proof, .. }
		| Call::transfer { proof, .. }
		| Call::redeem { proof, .. }
		| Call::refresh { proof, .. }
		| Call::reprice { proof, .. }
		| Call::restock { proof, .. } => *proof.last_mut().unwrap() ^= 1,
		_ => unreachable!("calls with a proof"),
	}
}

#[test]
fn a_call_with_a_proof_weighs_the_whole_proof() {
	execute(|| {
		for (party, call, unproved) in proved() {
			let whole = unproved.saturating_add(PROOF);
			assert_eq!(call.get_dispatch_info().call_weight, whole);
			if let Call::issue { .. } | Call::list { .. } | Call::order { .. } = call {
				// The others would come with the same sequence numbers.
				assert_eq!(post(&party, call).unwrap().actual_weight, None, "all of it");
			}
		}
	});
}

#[test]
fn a_refusal_before_the_proof_gives_the_proof_back() {
	execute(|| {
		for (party, call, unproved) in proved() {
			let mut stale = call.clone();
			change_seq(&mut stale, |seq| seq - 1);
			assert_eq!(
				refusal(&party, stale),
				(Error::<Test>::StaleSequence.into(), Some(unproved))
			);
			let mut future = call.clone();
			change_seq(&mut future, |seq| seq + 1);
			assert_eq!(
				refusal(&party, future),
				(Error::<Test>::FutureSequence.into(), Some(unproved))
			);
			let outsider = Party::new(OUTSIDER);
			assert_eq!(
				refusal(&outsider, call.clone()),
				(Error::<Test>::NotCertified.into(), Some(unproved))
			);
			while Certificates::quota_left(party.who.clone()) > 0 {
				Certificates::consume_quota(&party.who).unwrap();
			}
			assert_eq!(
				refusal(&party, call),
				(Error::<Test>::QuotaExhausted.into(), Some(unproved))
			);
			Now::mutate(|now| *now += QuotaPeriod::get());
		}
	});
}

#[test]
fn an_identity_that_does_not_hold_gives_the_proof_back() {
	execute(|| {
		let mut market = Market::open();
		market.buyer.balance = fresh(7_000_000);
		let order = market.buyer.order(&market.listed, 1).0;
		assert_eq!(
			refusal(&market.buyer, order),
			(Error::<Test>::BalanceMismatch.into(), Some(Weights::order()))
		);
	});
}

#[test]
fn a_refusal_of_the_proof_costs_the_proof() {
	execute(|| {
		for (party, mut call, _) in proved() {
			break_proof(&mut call);
			let error = if let Call::refresh { .. } = call {
				Error::<Test>::ProofMismatch
			} else {
				Error::<Test>::ProofRange
			};
			assert_eq!(refusal(&party, call), (error.into(), None));
		}
	});
}

#[test]
fn a_batch_of_calls_that_fail_at_once_does_not_fill_a_block() {
	execute(|| {
		let (seller, call, unproved) = proved().swap_remove(1);
		let weigh = |call: &Call<Test>| {
			let calls = vec![RuntimeCall::from(call.clone()); 20];
			let batch = RuntimeCall::from(pallet_utility::Call::force_batch { calls });
			let before = batch.get_dispatch_info().call_weight;
			assert!(before.all_gte(PROOF.saturating_mul(20)));
			batch
				.dispatch(RuntimeOrigin::signed(seller.who.clone()))
				.unwrap()
				.actual_weight
				.unwrap()
		};
		let mut stale = call.clone();
		change_seq(&mut stale, |seq| seq - 1);
		let overhead = Weight::from_parts(1_000 * WEIGHT_REF_TIME_PER_MILLIS, 1_000_000);
		let weight = weigh(&stale);
		assert!(weight.all_lte(unproved.saturating_mul(20).saturating_add(overhead)));
		assert!(weight.all_lt(PROOF), "not even one proof: {weight:?}");
		// Proofs that somebody had to look at are paid for.
		let mut forged = call;
		break_proof(&mut forged);
		assert!(weigh(&forged).all_gte(PROOF.saturating_mul(20)));
	});
}

/// Each kind of proof with its weight and with what its verifier has to compute: equations, and numbers in its range proof,
/// which are padded to a power of two and of which a quota makes two. (`primitives/confidential/src/statements.rs`.)
///
/// An `order` has three equations. That of its total has a power of the price in it besides, which is less than one equation
/// more; so it counts as four, and what is concluded from that is never too much. A `refresh` is proved in another way, by one
/// power of a number modulo `N²`, and stands apart.
fn kinds() -> [(&'static str, Weight, u64, u64); 9] {
	[
		("issue", Native::issue(), 2, 4),
		("list", Native::list(), 3, 4),
		("order", Native::order(), 4, 2),
		("accept", Native::accept(), 2, 2),
		("dispute", Native::dispute(), 1, 1),
		("transfer", Native::transfer(), 2, 2),
		("redeem", Native::redeem(), 2, 2),
		("reprice", Native::reprice(), 1, 1),
		("restock", Native::restock(), 1, 1),
	]
}

#[test]
fn both_verifiers_weigh_the_same() {
	for (native, portable) in [
		(Native::issue(), Portable::issue()),
		(Native::list(), Portable::list()),
		(Native::order(), Portable::order()),
		(Native::accept(), Portable::accept()),
		(Native::dispute(), Portable::dispute()),
		(Native::transfer(), Portable::transfer()),
		(Native::redeem(), Portable::redeem()),
		(Native::refresh(), Portable::refresh()),
		(Native::reprice(), Portable::reprice()),
		(Native::restock(), Portable::restock()),
	] {
		assert_eq!(native, portable, "the twin would come to another state");
	}
}

/// A weight is twice a time, so it is no less than twice the least time that anybody has seen: on a processor with AVX-512
/// IFMA, by other benchmarks than those that the weights come from. (docs/benchmarks.md, "Figures" and "Our arithmetic".)
#[test]
fn the_figures_are_no_less_than_what_was_observed() {
	const FACTOR: u64 = 2;
	const ORDER: Weight = Weight::from_parts(2_980 * WEIGHT_REF_TIME_PER_MICROS, 0);
	const ACCEPT: Weight = Weight::from_parts(2_700 * WEIGHT_REF_TIME_PER_MICROS, 0);
	// A power modulo N² with a public exponent of 1408 bits. A residue's proof has one of 2048, the length of N.
	const POWER: Weight = Weight::from_parts(1_300 * WEIGHT_REF_TIME_PER_MICROS, 0);

	for (name, weight, equations, _) in kinds() {
		let least = ORDER.saturating_mul(equations).saturating_div(4);
		assert!(
			weight.all_gte(least.saturating_mul(FACTOR)),
			"{name} weighs {weight:?}, by the fastest order alone at least twice {least:?}"
		);
	}
	assert!(Native::accept().all_gte(ACCEPT.saturating_mul(FACTOR)));
	let residue = POWER.saturating_mul(2048).saturating_div(1408);
	assert!(Native::refresh().all_gte(residue.saturating_mul(FACTOR)));

	// The power for the bond is computed in wasm.
	assert!(SubstrateWeight::<Test>::accept().all_gt(SubstrateWeight::<Test>::ship()));
	assert!(SubstrateWeight::<Test>::collect(16).all_gte(SubstrateWeight::<Test>::collect(1)));
}

/// A slow processor lies far above what the fastest one takes, and a proof that is refused halfway, as by a benchmark that no
/// longer fits its statement, may do so, too. It does not lie rightly beside the others.
///
/// The times are those of the equations and of the range proof, whatever each costs where it was measured. So the order of
/// kinds and the bounds between them hold on every processor; what is stated is what is left of them if one of the two parts
/// cost nothing, or next to nothing.
#[test]
fn every_proof_was_verified_to_its_end() {
	let time = |weight: Weight| weight.ref_time();
	let order = time(Native::order());
	for (name, weight, equations, numbers) in kinds() {
		assert!(
			time(weight) >= order * equations / 4,
			"{name} takes less than its equations are of an order's"
		);
		if numbers <= 2 && name != "order" {
			assert!(
				time(weight) < order,
				"{name} has fewer equations than an order, and no more numbers"
			);
		}
	}
	// Both have the same equations. Verifiers that had been stopped before the range proof would take the same time for both.
	let transfer = time(Native::transfer());
	assert!(
		time(Native::issue()) >= transfer + transfer / 10,
		"an issue has four numbers in its range proof, a transfer two"
	);
	// An order has the equation of the total more than a transfer: 250 squarings and as many products, of two tables and the
	// base that all equations share. The power of a residue's proof has 2048 squarings and a quarter as many products.
	assert!(
		time(Native::refresh()) >= 3 * order.saturating_sub(transfer),
		"a residue's proof takes little more than the equation of a total"
	);
}

//! The limit of a block holds when every transaction in it is the worst case.

use std::time::{Duration, Instant};

use frame_support::{traits::GetCallMetadata, weights::constants::WEIGHT_REF_TIME_PER_MICROS};
use pallet_ecommerce::ProofWeight as _;
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

use super::{
	market::{list, list_at},
	*,
};
use crate::{
	configs::{CallQuota, ProofVerification, RuntimeBlockWeights},
	full_blocks::{agenda, authorization, block_time, calls, most_in_a_block, remarks, weight},
};

/// The longest time that the proof of an `order` was seen to take, without vector instructions. (docs/benchmarks.md, "Weights".)
const PROVED: Duration = Duration::from_millis(15);

/// The longest time that the rest of a call was seen to take. (docs/benchmarks.md, "Figures": what a block with one call takes, by `tests/demo/tests/replay.rs`.)
const UNPROVED: Duration = Duration::from_millis(1);

/// How long the proof of a call may take, if it has one. Of others than an `order` there is no figure: what weighs twice as much
/// is taken to be twice as long.
fn proving(name: &str) -> Duration {
	type Weights = ProofVerification;

	let weight = match name {
		"issue" => Weights::issue(),
		"list" => Weights::list(),
		"order" => Weights::order(),
		"accept" => Weights::accept(),
		"dispute" => Weights::dispute(),
		"transfer" => Weights::transfer(),
		"redeem" => Weights::redeem(),
		"refresh" => Weights::refresh(),
		"reprice" => Weights::reprice(),
		"restock" => Weights::restock(),
		_ => return Duration::ZERO,
	};
	PROVED.mul_f64(weight.ref_time() as f64 / Weights::order().ref_time() as f64)
}

#[test]
fn every_call_fits_into_an_empty_block() {
	for call in calls() {
		let name = call.get_call_metadata().function_name;
		let (weight, info) = weight(&call);
		let limit = RuntimeBlockWeights::get()
			.get(info.class)
			.max_extrinsic
			.expect("both classes have one");
		assert!(weight.all_lte(limit), "{name}: {weight:?} of {limit:?}");
	}
}

#[test]
fn as_many_as_fit_take_no_longer_than_a_block_may() {
	let limit = block_time();
	for call in calls() {
		let RuntimeCall::Ecommerce(_) = call else { continue };
		let name = call.get_call_metadata().function_name;
		// These do next to nothing, by governance and the authority only.
		if ["set_terms", "set_issuer_quota", "record_disclosure"].contains(&name) {
			continue;
		}
		let (weight, _) = weight(&call);
		let count = most_in_a_block(&call);
		let each = proving(name) + UNPROVED;
		println!(
			"{name}: {} µs, {count} in a block",
			weight.ref_time() / WEIGHT_REF_TIME_PER_MICROS
		);
		let count = u32::try_from(count).expect("few");
		assert!(
			each.saturating_mul(count) <= limit,
			"{name}: {count} of them fit into a block, and take {each:?} each"
		);
	}
}

/// `veilmart-weights` measures it so.
#[test]
fn a_block_of_remarks_is_a_block() {
	DEVELOPMENT.clone().restore().execute_with(|| {
		let parent = Hash::default();
		Executive::initialize_block(&Header::new(
			1,
			Default::default(),
			Default::default(),
			parent,
			digest(1, parent),
		));
		// More than one account may send.
		for transaction in remarks(CallQuota::get() + 2, 100) {
			assert_eq!(Executive::apply_extrinsic(transaction), Ok(Ok(())));
		}
		Executive::finalize_block();
	});
}

#[test]
fn what_the_agenda_does_fits_into_its_share_more_than_once() {
	for (name, count) in agenda() {
		assert!(count > 1, "{name}: {count}");
	}
}

#[test]
fn reports_of_both_kinds_are_among_the_calls() {
	let all = calls();
	let mut kinds: Vec<_> = all.iter().filter_map(authorization).collect();
	kinds.sort();
	assert_eq!(kinds, ["authorize_dealer_fault", "authorize_two_signatures"]);
}

/// Proofs of three values and three equations, each seen for the first time.
#[test]
#[ignore = "measures time: wants a machine with nothing else to do"]
fn a_block_full_of_proofs_is_executed_in_the_time_that_it_may_take() {
	development().execute_with(|| {
		let who = account(Alice);
		let count = u32::try_from(most_in_a_block(&list(&who))).expect("few");
		// One more than fits.
		let transactions: Vec<_> = (0..=count)
			.map(|number| transaction(Alice, list_at(&who, number.into(), 255).0, number))
			.collect();
		let mut taken = Duration::ZERO;
		let mut included = 0;
		for transaction in transactions {
			veilmart_verification_host::forget_everything();
			let start = Instant::now();
			match Executive::apply_extrinsic(transaction) {
				Ok(result) => {
					result.expect("a good proof");
					taken += start.elapsed();
					included += 1;
				}
				Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources)) => break,
				Err(other) => panic!("{other:?}"),
			}
		}
		println!("{included} of {count} transactions in {taken:?}");
		// The clock's inherent has taken its part.
		assert!((count - 1..=count).contains(&included));
		assert!(taken <= block_time(), "{taken:?}");
	});
}

//! The limit of a block holds when every transaction in it is the worst case.

use std::{
	collections::BTreeSet,
	time::{Duration, Instant},
};

use frame_support::{
	dispatch::GetDispatchInfo,
	traits::{CallMetadata, GetCallMetadata},
	weights::constants::WEIGHT_REF_TIME_PER_MICROS,
};
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};
use veilmart_td_raft::Evidence;

use super::{
	market::{list, list_at},
	*,
};
use crate::{
	configs::{CallQuota, RuntimeBlockWeights},
	full_blocks::{agenda, authorization, block_time, calls, most_in_a_block, remarks, weight},
};

/// What was seen of each call of ours, in microseconds: pallet, call, how long it took without its proof, and how long its proof took.
///
/// From docs/benchmarks.md, "Weights", and from the same measurement: what stands in the `weights.rs` of the three pallets as
/// `time(…)`. A processor without vector instructions, keys of 2048 bits, the worst case of each call: 16 credits, the
/// heaviest state or verdict, 100 authorities. Whoever measures again writes here what was seen, whatever it
/// is: these are no weights.
const SEEN: [(&str, &str, u64, u64); 38] = [
	("Ecommerce", "issue", 370, 13_810),
	("Ecommerce", "collect", 2_052, 0),
	("Ecommerce", "list", 201, 16_251),
	("Ecommerce", "quote", 188, 0),
	("Ecommerce", "order", 464, 14_186),
	("Ecommerce", "cancel", 151, 0),
	("Ecommerce", "accept", 986, 10_402),
	("Ecommerce", "decline", 147, 0),
	("Ecommerce", "ship", 153, 0),
	("Ecommerce", "confirm", 661, 0),
	("Ecommerce", "poke", 674, 0),
	("Ecommerce", "dispute", 369, 5_793),
	("Ecommerce", "resolve", 708, 0),
	("Ecommerce", "set_terms", 83, 0),
	("Ecommerce", "transfer", 385, 10_446),
	("Ecommerce", "refuse", 163, 0),
	("Ecommerce", "reclaim", 168, 0),
	("Ecommerce", "redeem", 383, 10_509),
	("Ecommerce", "settle", 139, 0),
	("Ecommerce", "refresh", 349, 17_884),
	("Ecommerce", "reprice", 215, 5_796),
	("Ecommerce", "restock", 336, 5_760),
	("Ecommerce", "delist", 167, 0),
	("Ecommerce", "set_issuer_quota", 85, 0),
	("Ecommerce", "record_disclosure", 35, 0),
	("Certificates", "issue", 192, 0),
	("Certificates", "renew", 198, 0),
	("Certificates", "revoke", 35, 0),
	("Certificates", "reinstate", 35, 0),
	("Certificates", "set_view_key", 76, 0),
	("Certificates", "set_ca", 37, 0),
	("TdRaft", "set_authorities", 5_347, 0),
	("TdRaft", "add_authority", 190, 0),
	("TdRaft", "remove_authority", 200, 0),
	("TdRaft", "set_timing", 192, 0),
	("TdRaft", "set_record", 214, 0),
	// With what it takes to authorize it.
	("TdRaft", "report_offence", 430, 0),
	("TdRaft", "report_offence of a dealer", 121_836, 0),
];

/// What our extensions were seen to take of each transaction, in microseconds, in the same measurement: certificate, nonce, and the
/// sequence number in a block.
const EXTENSIONS: u64 = 55 + 44 + 2;

/// How long a transaction with this call was seen to take, in microseconds, and its place in [`SEEN`].
fn seen(call: &RuntimeCall) -> (u64, usize) {
	let CallMetadata {
		pallet_name,
		function_name,
	} = call.get_call_metadata();
	let of_a_dealer = matches!(
		call,
		RuntimeCall::TdRaft(pallet_td_raft_election::Call::report_offence { evidence })
			if matches!(**evidence, Evidence::DealerFault { .. })
	);
	let name = if of_a_dealer {
		"report_offence of a dealer"
	} else {
		function_name
	};
	let place = SEEN
		.iter()
		.position(|(pallet, call, ..)| (*pallet, *call) == (pallet_name, name))
		.unwrap_or_else(|| panic!("{pallet_name}: {name} has no figure: measure it"));
	let (.., rest, proof) = SEEN[place];
	// Signature and dispatch are the SDK's, and so is what they were seen to take: what it weighs them.
	let info = call.get_dispatch_info();
	let base = RuntimeBlockWeights::get()
		.get(info.class)
		.base_extrinsic
		.ref_time();
	let base = base.div_ceil(WEIGHT_REF_TIME_PER_MICROS);
	(base + EXTENSIONS + rest + proof, place)
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

/// Of all calls of ours. Those of the SDK's pallets weigh what the SDK says, which we have not measured. Keys of 3072 bits are not
/// measured either: there everything weighs four times as much, so that fewer fit, and this shows nothing.
#[test]
fn as_many_as_fit_take_no_longer_than_a_block_may() {
	let limit = u64::try_from(block_time().as_micros()).expect("half a second");
	let mut places = BTreeSet::new();
	for call in calls() {
		let name = call.get_call_metadata().function_name;
		let (each, place) = seen(&call);
		places.insert(place);
		let (weight, _) = weight(&call);
		let count = most_in_a_block(&call);
		println!(
			"{name}: {} µs, {count} in a block, {each} µs each",
			weight.ref_time() / WEIGHT_REF_TIME_PER_MICROS
		);
		assert!(
			each.saturating_mul(count) <= limit,
			"{name}: {count} of them fit into a block, and take {each} µs each. If it was measured again, say so in SEEN"
		);
	}
	assert_eq!(places.len(), SEEN.len(), "a figure of a call that is no more");
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

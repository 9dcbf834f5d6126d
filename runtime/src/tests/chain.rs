//! Blocks, versions and the order of extensions.

use codec::{Compact, Encode};
use frame_support::{
	dispatch::DispatchClass,
	traits::{IntegrityTest, PalletInfoAccess, PalletsInfoAccess},
	weights::constants::WEIGHT_REF_TIME_PER_MILLIS,
	MAX_EXTRINSIC_DEPTH,
};
use sp_runtime::traits::TransactionExtension;

use super::*;
use crate::{extensions::read_extrinsic, AllPalletsWithSystem, TxExtension, VERSION};

#[test]
fn the_version_names_the_chain() {
	assert_eq!(VERSION.spec_name, "veilmart");
	assert_ne!(VERSION.spec_version, 0, "version 0 cannot be upgraded from");
	assert_eq!(
		<Runtime as frame_system::Config>::SS58Prefix::get(),
		crate::SS58_PREFIX
	);
}

#[test]
fn a_block_is_half_a_second_and_five_mebibytes() {
	let weights = <Runtime as frame_system::Config>::BlockWeights::get();
	assert_eq!(weights.max_block.ref_time(), 500 * WEIGHT_REF_TIME_PER_MILLIS);
	let normal = weights
		.get(DispatchClass::Normal)
		.max_total
		.expect("ordinary transactions are limited");
	assert_eq!(normal.ref_time(), 375 * WEIGHT_REF_TIME_PER_MILLIS);
	weights.validate().expect("the weights fit together");

	let length = <Runtime as frame_system::Config>::BlockLength::get();
	assert_eq!(*length.max.get(DispatchClass::Operational), 5 * 1024 * 1024);
	assert_eq!(*length.max.get(DispatchClass::Normal), 5 * 1024 * 1024 / 4 * 3);
}

#[test]
fn every_pallet_accepts_its_parameters() {
	TestExternalities::new_empty().execute_with(<AllPalletsWithSystem as IntegrityTest>::integrity_test);
}

#[test]
fn extensions_run_from_cheap_to_dear() {
	let names: Vec<_> = <TxExtension as TransactionExtension<RuntimeCall>>::metadata()
		.iter()
		.map(|m| m.identifier)
		.collect();
	assert_eq!(
		names.first(),
		Some(&"AuthorizeCall"),
		"authorized calls get their origin first"
	);
	assert_eq!(
		names.last(),
		Some(&"WeightReclaim"),
		"what was not used is known last"
	);
	let place = |name| {
		names
			.iter()
			.position(|n| *n == name)
			.unwrap_or_else(|| panic!("{name} is missing"))
	};
	assert!(place("CheckMortality") < place("CheckCertificate"));
	assert!(place("CheckCertificate") < place("CheckNonce"));
	assert!(
		!names.contains(&"ChargeTransactionPayment"),
		"with fees, small transactions would overtake"
	);
}

#[test]
fn no_pallet_has_the_index_that_certificate_requests_begin_with() {
	let reserved = usize::from(pallet_certificates::REQUEST_TAG[0]);
	assert!(AllPalletsWithSystem::infos()
		.iter()
		.all(|pallet| pallet.index != reserved));
}

#[test]
fn time_strictly_increases_within_a_millisecond() {
	development().execute_with(|| {
		let mut data = sp_inherents::InherentData::new();
		let same_moment = pallet_timestamp::Pallet::<Runtime>::get();
		data.put_data(*b"timstap0", &same_moment)
			.expect("one value for the clock");
		let inherents = crate::composition::inherent_extrinsics(&data);
		let RuntimeCall::Timestamp(pallet_timestamp::Call::set { now }) = inherents[0].function else {
			panic!("the clock's inherent comes first");
		};
		assert_eq!(
			now,
			same_moment + 1,
			"the next block is later by the minimum period"
		);
	});
}

/// A call of `depth` batches in one another, as a transaction that nobody signed.
fn nested(depth: usize) -> Vec<u8> {
	let utility = <crate::Utility as PalletInfoAccess>::index() as u8;
	// Call 0 is `batch`; it holds one call.
	let batches = [utility, 0, 4].repeat(depth);
	let remark = remark().encode();
	[vec![5], batches, remark].concat().encode()
}

#[test]
fn calls_within_calls_do_not_overflow_the_stack() {
	let most = MAX_EXTRINSIC_DEPTH as usize;
	assert!(read_extrinsic(&nested(most - 1)).is_some());
	for depth in [most + 1, 1_500, 100_000] {
		assert_eq!(read_extrinsic(&nested(depth)), None);
	}
}

#[test]
fn no_memory_is_reserved_for_what_is_only_announced() {
	let mut bytes = nested(0);
	assert!(read_extrinsic(&bytes).is_some());
	bytes.push(0);
	assert_eq!(read_extrinsic(&bytes), None);
	let announced = [Compact(u32::MAX).encode(), bytes[1..].to_vec()].concat();
	assert_eq!(read_extrinsic(&announced), None);
}

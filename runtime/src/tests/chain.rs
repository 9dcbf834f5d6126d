//! Blocks, versions and the order of extensions.

use frame_support::{
	dispatch::DispatchClass,
	traits::{IntegrityTest, PalletsInfoAccess},
	weights::constants::WEIGHT_REF_TIME_PER_MILLIS,
};
use sp_runtime::traits::TransactionExtension;

use super::*;
use crate::{AllPalletsWithSystem, TxExtension, VERSION};

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

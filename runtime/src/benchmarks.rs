//! The benchmarks of our pallets, run by `veilmart-weights`. The SDK's pallets keep the SDK's weights.

use alloc::{string::String, vec::Vec};

use frame_benchmarking::{add_benchmark, list_benchmark, BenchmarkBatch, BenchmarkConfig, BenchmarkList};
use frame_support::traits::{StorageInfo, StorageInfoTrait, WhitelistedStorageKeys};
use pallet_certificates::{Certificate, Role, Status};

use crate::{
	configs::{CertifiedValidators, LeastPeriod},
	AccountId, AllPalletsWithSystem, Certificates, Ecommerce, Runtime, TdRaft,
};

/// What there is to measure.
pub(crate) fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
	let mut list = Vec::new();
	list_benchmark!(list, extra, pallet_certificates, Certificates);
	list_benchmark!(list, extra, pallet_ecommerce, Ecommerce);
	list_benchmark!(list, extra, pallet_td_raft_election, TdRaft);
	(list, AllPalletsWithSystem::storage_info())
}

/// Measures one of them.
pub(crate) fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
	// What every block reads anyway is not counted.
	let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
	let mut batches = Vec::new();
	let params = (&config, &whitelist);
	add_benchmark!(params, batches, pallet_certificates, Certificates);
	add_benchmark!(params, batches, pallet_ecommerce, Ecommerce);
	add_benchmark!(params, batches, pallet_td_raft_election, TdRaft);
	Ok(batches)
}

impl pallet_ecommerce::BenchmarkHelper for LeastPeriod {
	fn crowd() {
		pallet_td_raft_election::crowd::<Runtime>();
	}
}

impl pallet_td_raft_election::BenchmarkHelper<AccountId> for CertifiedValidators {
	fn make_candidate(account: &AccountId) {
		let certificate = Certificate {
			roles: [Role::Validator].into(),
			organisation: [b'o'; 64].to_vec().try_into().expect("as long as it may be"),
			view_key: None,
			valid_until: None,
			status: Status::Active,
		};
		pallet_certificates::Certificates::<Runtime>::insert(account, certificate);
	}

	fn set_time(now: u64) {
		pallet_timestamp::Now::<Runtime>::put(now);
	}
}

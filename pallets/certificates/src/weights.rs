//! Weights of `pallet_certificates`, measured. `scripts/weights` writes this file; what somebody edits here is lost with the next run.
//!
//! Measured on AMD EPYC without AVX-512 IFMA, with 5 steps and 11 repetitions.
//! Of two measurements, 27 and 28 November 2026, on two such machines, each figure is the larger one: docs/benchmarks.md says of both.
//! A weight is 2 times the measured time, and the database's own weights for what was read and written.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, Weight},
};

/// By how much every measured time is multiplied: for slower machines, and for worse moments than those of the measurement.
const FACTOR: u64 = 2;

fn time(picoseconds: u64) -> Weight {
	Weight::from_parts(picoseconds.saturating_mul(FACTOR), 0)
}

/// What the benchmarks measure, by their names.
pub trait WeightInfo {
	/// `issue` in `benchmarking.rs`.
	fn issue() -> Weight;
	/// `renew` in `benchmarking.rs`.
	fn renew() -> Weight;
	/// `revoke` in `benchmarking.rs`.
	fn revoke() -> Weight;
	/// `reinstate` in `benchmarking.rs`.
	fn reinstate() -> Weight;
	/// `set_view_key` in `benchmarking.rs`.
	fn set_view_key() -> Weight;
	/// `set_ca` in `benchmarking.rs`.
	fn set_ca() -> Weight;
	/// `check_certificate` in `benchmarking.rs`.
	fn check_certificate() -> Weight;
	/// `check_nonce` in `benchmarking.rs`.
	fn check_nonce() -> Weight;
}

macro_rules! measured {
	($db:expr) => {
		fn issue() -> Weight {
			time(191_089_000)
				.saturating_add(Weight::from_parts(0, 10_678))
				.saturating_add($db.reads(5))
				.saturating_add($db.writes(3))
		}

		fn renew() -> Weight {
			time(197_631_000)
				.saturating_add(Weight::from_parts(0, 8_502))
				.saturating_add($db.reads(4))
				.saturating_add($db.writes(2))
		}

		fn revoke() -> Weight {
			time(34_564_000)
				.saturating_add(Weight::from_parts(0, 2_250))
				.saturating_add($db.reads(1))
				.saturating_add($db.writes(1))
		}

		fn reinstate() -> Weight {
			time(34_875_000)
				.saturating_add(Weight::from_parts(0, 2_250))
				.saturating_add($db.reads(1))
				.saturating_add($db.writes(1))
		}

		fn set_view_key() -> Weight {
			time(75_712_000)
				.saturating_add(Weight::from_parts(0, 29_030))
				.saturating_add($db.reads(6))
				.saturating_add($db.writes(3))
		}

		fn set_ca() -> Weight {
			time(36_348_000)
				.saturating_add(Weight::from_parts(0, 4_256))
				.saturating_add($db.reads(2))
				.saturating_add($db.writes(2))
		}

		fn check_certificate() -> Weight {
			time(54_763_000)
				.saturating_add(Weight::from_parts(0, 26_926))
				.saturating_add($db.reads(5))
				.saturating_add($db.writes(1))
		}

		fn check_nonce() -> Weight {
			time(43_993_000)
				.saturating_add(Weight::from_parts(0, 29_102))
				.saturating_add($db.reads(6))
		}
	};
}

/// The weights with the runtime's own database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	measured!(T::DbWeight::get());
}

/// The weights with the figures of a disk database, for mocks.
impl WeightInfo for () {
	measured!(RocksDbWeight::get());
}

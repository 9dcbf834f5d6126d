//! Weights of `pallet_td_raft_election`, measured. `scripts/weights` writes this file; what somebody edits here is lost with the next run.
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
	/// `hooks` in `benchmarking.rs`.
	fn hooks(n: u32) -> Weight;
	/// `set_authorities` in `benchmarking.rs`.
	fn set_authorities(n: u32) -> Weight;
	/// `add_authority` in `benchmarking.rs`.
	fn add_authority() -> Weight;
	/// `remove_authority` in `benchmarking.rs`.
	fn remove_authority() -> Weight;
	/// `set_timing` in `benchmarking.rs`.
	fn set_timing() -> Weight;
	/// `set_record` in `benchmarking.rs`.
	fn set_record() -> Weight;
	/// `report_offence` in `benchmarking.rs`.
	fn report_offence() -> Weight;
	/// `authorize_two_signatures` in `benchmarking.rs`.
	fn authorize_two_signatures() -> Weight;
	/// `authorize_dealer_fault` in `benchmarking.rs`.
	fn authorize_dealer_fault(n: u32) -> Weight;
}

macro_rules! measured {
	($db:expr) => {
		// n from 2 to 100
		fn hooks(n: u32) -> Weight {
			time(115_078_393)
				.saturating_add(time(1_165_877).saturating_mul(n.into()))
				.saturating_add(Weight::from_parts(0, 48_127))
				.saturating_add($db.reads(9))
				.saturating_add($db.writes(6))
		}

		// n from 1 to 100
		fn set_authorities(n: u32) -> Weight {
			time(154_252_612)
				.saturating_add(time(52_294_063).saturating_mul(n.into()))
				.saturating_add(Weight::from_parts(0, 34_766))
				.saturating_add(Weight::from_parts(0, 20_698).saturating_mul(n.into()))
				.saturating_add($db.reads(8))
				.saturating_add($db.reads(2).saturating_mul(n.into()))
				.saturating_add($db.writes(4))
		}

		fn add_authority() -> Weight {
			time(190_244_000)
				.saturating_add(Weight::from_parts(0, 55_448))
				.saturating_add($db.reads(10))
				.saturating_add($db.writes(4))
		}

		fn remove_authority() -> Weight {
			time(199_677_000)
				.saturating_add(Weight::from_parts(0, 30_654))
				.saturating_add($db.reads(4))
				.saturating_add($db.writes(1))
		}

		fn set_timing() -> Weight {
			time(192_076_000)
				.saturating_add(Weight::from_parts(0, 32_710))
				.saturating_add($db.reads(7))
				.saturating_add($db.writes(4))
		}

		fn set_record() -> Weight {
			time(213_661_000)
				.saturating_add(Weight::from_parts(0, 27_690))
				.saturating_add($db.reads(4))
				.saturating_add($db.writes(1))
		}

		fn report_offence() -> Weight {
			time(112_201_000)
				.saturating_add(Weight::from_parts(0, 30_665))
				.saturating_add($db.reads(4))
				.saturating_add($db.writes(2))
		}

		fn authorize_two_signatures() -> Weight {
			time(317_336_000)
				.saturating_add(Weight::from_parts(0, 27_507))
				.saturating_add($db.reads(4))
		}

		// n from 2 to 100
		fn authorize_dealer_fault(n: u32) -> Weight {
			time(2_700_745_000)
				.saturating_add(time(1_190_226_806).saturating_mul(n.into()))
				.saturating_add(Weight::from_parts(0, 33_653))
				.saturating_add($db.reads(5))
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

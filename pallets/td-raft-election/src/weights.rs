//! Weights, set by hand.
//!
//! `scripts/weights` writes this file anew from the benchmarks in `benchmarking.rs`, with the same names; it has not been run
//! on a quiet machine yet. Until then the numbers are meant to be too high: 150 µs
//! for an sr25519 verification by the node (about 50 µs on a slow core), 20 µs of work beside it, 2 µs for each authority
//! whose entry in a list is decoded, and the database's own weights for each read and write. A dealing is verified inside
//! the runtime: natively 118 µs for each share and 150 µs for each opened one (one core, a hundred of each), which as wasm
//! without wide multiplication are taken to be eight times as much. A read's proof is counted as the largest value plus
//! 2,048 bytes of trie nodes.
//!
//! A session's rotation is not here: `pallet-session` takes the whole block for it.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// A signature's verification, in picoseconds.
const VERIFY: u64 = 150_000_000;
/// Everything else that a call computes, in picoseconds.
const COMPUTE: u64 = 20_000_000;
/// What is computed for each authority of a list, in picoseconds.
const ENTRY: u64 = 2_000_000;
/// The verification of one share of a dealing and of one opened share, inside the runtime, in picoseconds.
const SHARE: u64 = 8 * (118_000_000 + 150_000_000);
/// What does not depend on the number of shares, inside the runtime, in picoseconds.
const DEALING: u64 = 2_000_000_000;
/// Proof bytes for one item of storage, of which a set with its accounts is the largest but a dealing.
const ITEM: u64 = 2_048 + 10_240;

/// The weight of hooks and calls of the pallet.
pub trait WeightInfo {
	/// Both hooks, with `n` authorities: a header of a first block is decoded and recorded.
	fn hooks(n: u32) -> Weight;
	/// `set_authorities` with `n` of them: certificate and keys of each, sets, timing.
	fn set_authorities(n: u32) -> Weight;
	/// `add_authority`: certificate and keys of one, sets, timing.
	fn add_authority() -> Weight;
	/// `remove_authority`.
	fn remove_authority() -> Weight;
	/// `set_timing`: sets and timing.
	fn set_timing() -> Weight;
	/// `set_record`: one signature; sets, binding, record.
	fn set_record() -> Weight;
	/// `report_offence`, once authorized: sets, reports, authorities.
	fn report_offence() -> Weight;
	/// The authorization of a report with two signatures.
	fn authorize_two_signatures() -> Weight;
	/// The authorization of a report of a dealing to `n` authorities.
	fn authorize_dealer_fault(n: u32) -> Weight;
}

fn weight(db: RuntimeDbWeight, computation: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(computation, reads.saturating_mul(ITEM)).saturating_add(db.reads_writes(reads, writes))
}

fn times(each: u64, n: u32) -> u64 {
	each.saturating_mul(n.into())
}

macro_rules! hand_set {
	($db:expr) => {
		fn hooks(n: u32) -> Weight {
			weight($db, COMPUTE.saturating_add(times(ENTRY, n)), 11, 8)
		}
		fn set_authorities(n: u32) -> Weight {
			// Two points are decompressed for each.
			let each = ENTRY.saturating_add(VERIFY);
			let reads = u64::from(n).saturating_mul(2).saturating_add(5);
			weight($db, COMPUTE.saturating_add(times(each, n)), reads, 1)
		}
		fn add_authority() -> Weight {
			weight($db, VERIFY.saturating_add(COMPUTE), 7, 1)
		}
		fn remove_authority() -> Weight {
			weight($db, COMPUTE, 1, 1)
		}
		fn set_timing() -> Weight {
			weight($db, COMPUTE, 3, 1)
		}
		fn set_record() -> Weight {
			weight($db, VERIFY.saturating_add(COMPUTE), 4, 1)
		}
		fn report_offence() -> Weight {
			weight($db, COMPUTE, 4, 2)
		}
		fn authorize_two_signatures() -> Weight {
			weight($db, COMPUTE.saturating_add(VERIFY.saturating_mul(2)), 6, 0)
		}
		fn authorize_dealer_fault(n: u32) -> Weight {
			let computation = DEALING.saturating_add(times(SHARE, n));
			weight($db, COMPUTE.saturating_add(computation), 6, 0)
		}
	};
}

/// The hand-set weights with the runtime's own database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	hand_set!(T::DbWeight::get());
}

/// The hand-set weights with the figures of a disk database, for mocks.
impl WeightInfo for () {
	hand_set!(RocksDbWeight::get());
}

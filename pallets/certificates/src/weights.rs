//! Weights, set by hand.
//!
//! `scripts/weights` writes this file anew from the benchmarks in `benchmarking.rs`, with the same names; it has not been run
//! on a quiet machine yet. Until then the numbers are meant to be too high:
//! 150 µs for an sr25519 verification (about 50 µs on a slow core), 10 to 20 µs of work beside it, and the
//! database's own weights for each read and write. A read's proof is counted as the largest value plus 2,048
//! bytes of trie nodes.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// A signature's verification, in picoseconds.
const VERIFY: u64 = 150_000_000;
/// Everything else that a call computes, in picoseconds.
const COMPUTE: u64 = 20_000_000;
/// Proof bytes for one item of storage.
const ITEM: u64 = 2_048 + 256;

/// The weight of each call and extension of the pallet.
pub trait WeightInfo {
	/// `issue`: one signature; reads the authority, certificate, counter, account, time and genesis hash.
	fn issue() -> Weight;
	/// `renew`: as `issue`, without the account.
	fn renew() -> Weight;
	/// `revoke`: one certificate.
	fn revoke() -> Weight;
	/// `reinstate`: one certificate.
	fn reinstate() -> Weight;
	/// `set_view_key`: certificate, counter, quota.
	fn set_view_key() -> Weight;
	/// `set_ca`: the authority and one account.
	fn set_ca() -> Weight;
	/// `CheckCertificate`: authority, privileged accounts, certificate, time, quota, the extrinsic's note.
	fn check_certificate() -> Weight;
	/// What `CheckNonce` does beyond the system's extension: authority, privileged accounts, certificate,
	/// account, time, quota.
	fn check_nonce() -> Weight;
}

fn weight(db: RuntimeDbWeight, computation: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(computation, reads.saturating_mul(ITEM)).saturating_add(db.reads_writes(reads, writes))
}

macro_rules! hand_set {
	($db:expr) => {
		fn issue() -> Weight {
			weight($db, VERIFY + COMPUTE, 6, 3)
		}
		fn renew() -> Weight {
			weight($db, VERIFY + COMPUTE, 5, 2)
		}
		fn revoke() -> Weight {
			weight($db, COMPUTE, 2, 1)
		}
		fn reinstate() -> Weight {
			weight($db, COMPUTE, 2, 1)
		}
		fn set_view_key() -> Weight {
			weight($db, COMPUTE, 7, 4)
		}
		fn set_ca() -> Weight {
			weight($db, COMPUTE, 2, 2)
		}
		fn check_certificate() -> Weight {
			weight($db, COMPUTE, 6, 2)
		}
		fn check_nonce() -> Weight {
			weight($db, COMPUTE, 6, 0)
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

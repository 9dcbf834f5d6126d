//! Weights, set by hand until they are measured through the node.
//!
//! A call with a proof always pays for the whole verification, although dispatch usually finds the verdict remembered:
//! forgetting must not make a block too heavy. The figures leave room above what `docs/benchmarks.md` reports for one core.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// The weights of the calls.
pub trait WeightInfo {
	/// `issue`, with a proof.
	fn issue() -> Weight;
	/// `collect` of this many credits.
	fn collect(credits: u32) -> Weight;
	/// `list`, with a proof.
	fn list() -> Weight;
	/// `quote`.
	fn quote() -> Weight;
	/// `order`, with a proof.
	fn order() -> Weight;
	/// `cancel`.
	fn cancel() -> Weight;
	/// `accept`, with a proof.
	fn accept() -> Weight;
	/// `decline`.
	fn decline() -> Weight;
	/// `ship`.
	fn ship() -> Weight;
	/// `confirm`.
	fn confirm() -> Weight;
	/// The checks of the pool's door, without the proof, which is in the call's weight.
	fn check_proof() -> Weight;
}

/// Verification of a proof.
const PROOF: Weight = Weight::from_parts(8_000_000_000, 0);
/// One product modulo N² inside the runtime.
const PRODUCT: Weight = Weight::from_parts(300_000_000, 0);
/// What a call costs besides: decoding, events, bookkeeping.
const BASE: Weight = Weight::from_parts(100_000_000, 8_192);

fn call(proofs: u64, products: u64, reads: u64, writes: u64) -> Weight {
	BASE.saturating_add(PROOF.saturating_mul(proofs))
		.saturating_add(PRODUCT.saturating_mul(products))
		.saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for () {
	fn issue() -> Weight {
		call(1, 1, 8, 4)
	}

	fn collect(credits: u32) -> Weight {
		let credits = u64::from(credits.max(1));
		call(
			0,
			credits,
			credits.saturating_mul(2).saturating_add(4),
			credits.saturating_mul(3).saturating_add(3),
		)
	}

	fn list() -> Weight {
		call(1, 0, 5, 3)
	}

	fn quote() -> Weight {
		call(0, 0, 6, 3)
	}

	fn order() -> Weight {
		call(1, 1, 10, 5)
	}

	fn cancel() -> Weight {
		call(0, 0, 5, 4)
	}

	fn accept() -> Weight {
		call(1, 7, 9, 5)
	}

	fn decline() -> Weight {
		call(0, 0, 5, 4)
	}

	fn ship() -> Weight {
		call(0, 0, 5, 3)
	}

	fn confirm() -> Weight {
		call(0, 5, 6, 5)
	}

	fn check_proof() -> Weight {
		RocksDbWeight::get().reads(1)
	}
}

//! Weights, set by hand; proof and storage apart.
//!
//! Benchmarks will replace the figures and keep the shape: a call weighs what [`WeightInfo`] says of it, and if it carries a
//! proof, also what [`ProofWeight`] says of verifying that proof where the runtime has it verified. Until then every figure is
//! a bound from above, for a core two to three times slower than the one of `docs/benchmarks.md`, for the runtime as wasm, and
//! for the size of key that the runtime is compiled for:
//!
//! | | 2048 | 3072 | where it comes from |
//! |---|---|---|---|
//! | proof, native | 8 ms | 25 ms | 3.0 ms measured for an `order`; exponentiations grow with the third power, range proofs not at all |
//! | proof, in wasm | as native | as native | 71 ms measured; weighs the same, or a chain replayed there would not come to the same state |
//! | product | 0.3 ms | 0.7 ms | one multiplication and reduction modulo N², with decoding |
//! | power | 4 ms | 9 ms | 2 to 3 ms observed in wasm before powers went by the exponent's own bits |
//!
//! The whole proof is in a call's weight although dispatch usually finds the verdict remembered: forgetting must not make a
//! block too heavy. A call that is refused before the verifier was asked gives the proof's part back.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{
		constants::{RocksDbWeight, WEIGHT_REF_TIME_PER_MICROS, WEIGHT_REF_TIME_PER_MILLIS},
		RuntimeDbWeight, Weight,
	},
};
use veilmart_confidential::PARAMETER_SET;
use veilmart_paillier::ParameterSet;

/// What each call weighs without its proof: checks, identities, storage.
pub trait WeightInfo {
	/// `issue`.
	fn issue() -> Weight;
	/// `collect` of this many credits.
	fn collect(credits: u32) -> Weight;
	/// `list`.
	fn list() -> Weight;
	/// `quote`.
	fn quote() -> Weight;
	/// `order`.
	fn order() -> Weight;
	/// `cancel`.
	fn cancel() -> Weight;
	/// `accept`.
	fn accept() -> Weight;
	/// `decline`.
	fn decline() -> Weight;
	/// `ship`.
	fn ship() -> Weight;
	/// `confirm`.
	fn confirm() -> Weight;
	/// `CheckProof` in a block, where it leaves everything to the dispatch.
	fn check_proof() -> Weight;
}

/// What it weighs to verify the proof of each call that carries one, by the verifier that the runtime chose.
pub trait ProofWeight {
	/// Two values, one of them with a limit; two equations.
	fn issue() -> Weight;
	/// Three values, three equations.
	fn list() -> Weight;
	/// Two values; three equations, one of them over the price.
	fn order() -> Weight;
	/// Two values, two equations.
	fn accept() -> Weight;
}

/// The figure for the size of key that this is compiled for.
const fn for_key(small: u64, large: u64) -> u64 {
	match PARAMETER_SET {
		ParameterSet::Paillier2048 => small,
		ParameterSet::Paillier3072 => large,
	}
}

/// Verification by the node.
const NATIVE: u64 = for_key(8, 25) * WEIGHT_REF_TIME_PER_MILLIS;
/// One product modulo N² inside the runtime.
const PRODUCT: u64 = for_key(300, 700) * WEIGHT_REF_TIME_PER_MICROS;
/// One power modulo N² inside the runtime, for the bond.
const POWER: u64 = for_key(4, 9) * WEIGHT_REF_TIME_PER_MILLIS;
/// Decoding, hashing notes, events.
const BASE: u64 = 100 * WEIGHT_REF_TIME_PER_MICROS;
/// Proof bytes for one item of storage: the largest value and some nodes of the trie.
const ITEM: u64 = 4_096 + 2_048;

/// Read in every call: authority, council, prepaid units, certificate, usage, time; sequence number.
const CALLER_READS: u64 = 7;
/// Written in every call: usage, prepaid units; sequence number.
const CALLER_WRITES: u64 = 3;
/// Read for a statement and its verification: genesis hash, `N`, `h_s`.
const STATEMENT_READS: u64 = 3;

/// What a call does beside charging its caller and raising the sequence number.
struct Work {
	products: u64,
	powers: u64,
	reads: u64,
	writes: u64,
}

fn call(db: RuntimeDbWeight, work: Work) -> Weight {
	let reads = CALLER_READS.saturating_add(work.reads);
	let writes = CALLER_WRITES.saturating_add(work.writes);
	Weight::from_parts(
		BASE.saturating_add(PRODUCT.saturating_mul(work.products))
			.saturating_add(POWER.saturating_mul(work.powers)),
		ITEM.saturating_mul(reads),
	)
	.saturating_add(db.reads_writes(reads, writes))
}

/// The calls by what they compute, read and write.
macro_rules! hand_set {
	($db:expr) => {
		// Recipient's certificate, quota, accumulator, open credits; accumulator, credit, open credits.
		fn issue() -> Weight {
			call(
				$db,
				Work {
					products: 1,
					powers: 0,
					reads: STATEMENT_READS + 4,
					writes: 3,
				},
			)
		}

		// `N`, balance, and for each credit the credit, its order, a counter; and the seller's index.
		fn collect(credits: u32) -> Weight {
			let credits = u64::from(credits);
			call(
				$db,
				Work {
					products: credits,
					powers: 0,
					reads: credits.saturating_mul(3).saturating_add(2),
					writes: credits.saturating_mul(4).saturating_add(1),
				},
			)
		}

		// Number of listings; listing, number of listings.
		fn list() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: STATEMENT_READS + 1,
					writes: 2,
				},
			)
		}

		// Buyer's certificate, listing, quote, number of quotes; quote, number of quotes.
		fn quote() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 4,
					writes: 2,
				},
			)
		}

		// Listing, seller's certificate, terms, balance, number of orders, quote, number of quotes; balance, order, index,
		// number of orders, quote, number of quotes.
		fn order() -> Weight {
			call(
				$db,
				Work {
					products: 1,
					powers: 0,
					reads: STATEMENT_READS + 7,
					writes: 6,
				},
			)
		}

		// Order; order, credit.
		fn cancel() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 1,
					writes: 2,
				},
			)
		}

		// Order, listing, balance; all three.
		fn accept() -> Weight {
			call(
				$db,
				Work {
					products: 2,
					powers: 1,
					reads: STATEMENT_READS + 3,
					writes: 3,
				},
			)
		}

		// As `cancel`.
		fn decline() -> Weight {
			Self::cancel()
		}

		// Order; order.
		fn ship() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 1,
					writes: 1,
				},
			)
		}

		// Order, `N`; order, two credits.
		fn confirm() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 1,
					reads: 2,
					writes: 3,
				},
			)
		}

		fn check_proof() -> Weight {
			$db.reads(1)
		}
	};
}

/// The weights with the runtime's own database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	hand_set!(T::DbWeight::get());
}

/// The weights with the figures of a disk database, for mocks.
impl WeightInfo for () {
	hand_set!(RocksDbWeight::get());
}

/// One figure for every proof.
macro_rules! every_proof {
	($verifier:ty, $time:expr) => {
		impl ProofWeight for $verifier {
			fn issue() -> Weight {
				Weight::from_parts($time, 0)
			}

			fn list() -> Weight {
				Weight::from_parts($time, 0)
			}

			fn order() -> Weight {
				Weight::from_parts($time, 0)
			}

			fn accept() -> Weight {
				Weight::from_parts($time, 0)
			}
		}
	};
}

// One weight for both: what blocks weigh is state, and the twin that replays a chain must come to the same root, with the
// blocks filled as they were. It takes some 25 times as long, so a chain's authorities do not run it.
every_proof!(veilmart_verification_host::Native, NATIVE);
every_proof!(veilmart_verification_host::Portable, NATIVE);

//! Weights, set by hand; proof and storage apart.
//!
//! `scripts/weights` writes this file anew from the benchmarks in `benchmarking.rs`, with the same names; it has not been run
//! on a quiet machine yet. Until then every figure is a bound from above, for a core two to three times slower than the one of
//! `docs/benchmarks.md`, for the runtime as wasm, and for the size of key that the runtime is compiled for:
//!
//! | | 2048 | 3072 | where it comes from |
//! |---|---|---|---|
//! | proof, native | 8 ms | 25 ms | 3.0 ms measured for an `order`; exponentiations grow with the third power, range proofs not at all |
//! | residue, native | 20 ms | 60 ms | an exponent as long as N, without a table for its base |
//! | proof, in wasm | as native | as native | 71 ms measured; weighs the same, or a chain replayed there would not come to the same state |
//! | product | 0.3 ms | 0.7 ms | one multiplication and reduction modulo N², with decoding |
//! | power | 4 ms | 9 ms | 2 to 3 ms observed in wasm before powers went by the exponent's own bits |

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

/// What the benchmarks measure, by their names.
pub trait WeightInfo {
	/// `issue`, without its proof.
	fn issue() -> Weight;
	/// `collect` of this many credits.
	fn collect(c: u32) -> Weight;
	/// `list`, without its proof.
	fn list() -> Weight;
	/// `quote`.
	fn quote() -> Weight;
	/// `order`, without its proof.
	fn order() -> Weight;
	/// `cancel`.
	fn cancel() -> Weight;
	/// `accept`, without its proof.
	fn accept() -> Weight;
	/// `decline`.
	fn decline() -> Weight;
	/// `ship`.
	fn ship() -> Weight;
	/// `confirm`.
	fn confirm() -> Weight;
	/// `poke` of an order that was not accepted.
	fn poke_placed() -> Weight;
	/// `poke` of an order that was not shipped.
	fn poke_accepted() -> Weight;
	/// `poke` of an order that was not confirmed.
	fn poke_shipped() -> Weight;
	/// `poke` of a dispute that was not decided.
	fn poke_disputed() -> Weight;
	/// `dispute`, without its proof.
	fn dispute() -> Weight;
	/// `resolve` for the seller.
	fn resolve_completed() -> Weight;
	/// `resolve` for nobody.
	fn resolve_refunded() -> Weight;
	/// `resolve` against the seller.
	fn resolve_penalised() -> Weight;
	/// `set_terms`.
	fn set_terms() -> Weight;
	/// `transfer`, without its proof.
	fn transfer() -> Weight;
	/// `refuse`.
	fn refuse() -> Weight;
	/// `reclaim`.
	fn reclaim() -> Weight;
	/// `redeem`, without its proof.
	fn redeem() -> Weight;
	/// `settle`.
	fn settle() -> Weight;
	/// `refresh`, whatever is refreshed, without its proof.
	fn refresh() -> Weight;
	/// `reprice`, without its proof.
	fn reprice() -> Weight;
	/// `restock`, without its proof.
	fn restock() -> Weight;
	/// `delist`.
	fn delist() -> Weight;
	/// `set_issuer_quota`.
	fn set_issuer_quota() -> Weight;
	/// `record_disclosure`.
	fn record_disclosure() -> Weight;
	/// The market's clock in each block: halts.
	fn clock() -> Weight;
	/// The agenda in a block in which nothing is due.
	fn agenda_base() -> Weight;
	/// The deadline of an order that was not accepted.
	fn lapse_placed() -> Weight;
	/// The deadline of an order that was not shipped: the penalty.
	fn lapse_accepted() -> Weight;
	/// The deadline of an order that was not confirmed.
	fn lapse_shipped() -> Weight;
	/// The deadline of a dispute.
	fn lapse_disputed() -> Weight;
	/// One order of a barred account.
	fn cascade_step() -> Weight;
	/// One quote for a listing that is gone.
	fn quote_removal() -> Weight;
	/// `CheckProof` in a block, where it leaves everything to the dispatch.
	fn check_proof() -> Weight;
	/// The proof of `issue`.
	fn verify_issue() -> Weight;
	/// The proof of `list`.
	fn verify_list() -> Weight;
	/// The proof of `order`.
	fn verify_order() -> Weight;
	/// The proof of `accept`.
	fn verify_accept() -> Weight;
	/// The proof of `dispute`.
	fn verify_dispute() -> Weight;
	/// The proof of `transfer`.
	fn verify_transfer() -> Weight;
	/// The proof of `redeem`.
	fn verify_redeem() -> Weight;
	/// The proof of `reprice`.
	fn verify_reprice() -> Weight;
	/// The proof of `restock`.
	fn verify_restock() -> Weight;
	/// The proof of `refresh`.
	fn verify_refresh() -> Weight;
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
/// Verification of a residue by the node: twice as many squarings as any other proof takes.
const NATIVE_RESIDUE: u64 = for_key(20, 60) * WEIGHT_REF_TIME_PER_MILLIS;
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

impl Work {
	const NOTHING: Self = Self {
		products: 0,
		powers: 0,
		reads: 0,
		writes: 0,
	};
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

/// What happens without a caller.
fn unattended(db: RuntimeDbWeight, work: Work) -> Weight {
	Weight::from_parts(
		BASE.saturating_add(PRODUCT.saturating_mul(work.products))
			.saturating_add(POWER.saturating_mul(work.powers)),
		ITEM.saturating_mul(work.reads),
	)
	.saturating_add(db.reads_writes(work.reads, work.writes))
}

/// The calls by what they compute, read and write.
macro_rules! hand_set {
	($db:expr) => {
		// Recipient's certificate, quota, accumulator, open credits of the pair and returned ones; accumulator, credit, open credits.
		fn issue() -> Weight {
			call(
				$db,
				Work {
					products: 1,
					powers: 0,
					reads: STATEMENT_READS + 5,
					writes: 3,
				},
			)
		}

		// `N`, balance, and for each credit the credit, its order, a counter; and the seller's index.
		fn collect(c: u32) -> Weight {
			let credits = u64::from(c);
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

		// Buyer's certificate, listing, quote, number of quotes; quote, number of quotes, index.
		fn quote() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 4,
					writes: 3,
				},
			)
		}

		// Listing, seller's certificate, terms, balance, number of orders, quote, number of quotes, halts; balance, order,
		// index, number of orders, quote, number of quotes and its index, deadline.
		fn order() -> Weight {
			call(
				$db,
				Work {
					products: 1,
					powers: 0,
					reads: STATEMENT_READS + 8,
					writes: 8,
				},
			)
		}

		// Order, halts; order, credit, deadline.
		fn cancel() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 2,
					writes: 3,
				},
			)
		}

		// Order, listing, balance, halts; all but the halts, two deadlines.
		fn accept() -> Weight {
			call(
				$db,
				Work {
					products: 2,
					powers: 1,
					reads: STATEMENT_READS + 4,
					writes: 5,
				},
			)
		}

		// As `cancel`.
		fn decline() -> Weight {
			Self::cancel()
		}

		// Order, halts; order, two deadlines.
		fn ship() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 2,
					writes: 3,
				},
			)
		}

		// Order, `N`, halts; order, two credits, deadline.
		fn confirm() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 1,
					reads: 3,
					writes: 4,
				},
			)
		}

		// What the deadline does, and both parties' certificates.
		fn poke_placed() -> Weight {
			call($db, Work::NOTHING)
				.saturating_add($db.reads(2))
				.saturating_add(Self::lapse_placed())
		}

		fn poke_accepted() -> Weight {
			call($db, Work::NOTHING)
				.saturating_add($db.reads(2))
				.saturating_add(Self::lapse_accepted())
		}

		fn poke_shipped() -> Weight {
			call($db, Work::NOTHING)
				.saturating_add($db.reads(2))
				.saturating_add(Self::lapse_shipped())
		}

		fn poke_disputed() -> Weight {
			call($db, Work::NOTHING)
				.saturating_add($db.reads(2))
				.saturating_add(Self::lapse_disputed())
		}

		// Order, balance, halts; balance, order, two entries of the agenda.
		fn dispute() -> Weight {
			call(
				$db,
				Work {
					products: 1,
					powers: 0,
					reads: STATEMENT_READS + 3,
					writes: 4,
				},
			)
		}

		// The ending, and the arbiter's certificate.
		fn resolve_completed() -> Weight {
			call($db, Work::NOTHING)
				.saturating_add($db.reads(1))
				.saturating_add(Self::lapse_shipped())
		}

		fn resolve_refunded() -> Weight {
			call($db, Work::NOTHING)
				.saturating_add($db.reads(1))
				.saturating_add(Self::lapse_disputed())
		}

		fn resolve_penalised() -> Weight {
			call($db, Work::NOTHING)
				.saturating_add($db.reads(1))
				.saturating_add(Self::lapse_accepted())
		}

		fn set_terms() -> Weight {
			unattended(
				$db,
				Work {
					writes: 1,
					..Work::NOTHING
				},
			)
		}

		// Recipient's certificate, balance, open credits of the pair and returned ones, halts; balance, credit, open credits.
		fn transfer() -> Weight {
			call(
				$db,
				Work {
					products: 1,
					powers: 0,
					reads: STATEMENT_READS + 5,
					writes: 3,
				},
			)
		}

		// Credit, open credits of both; two credits, open credits of both.
		fn refuse() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 3,
					writes: 4,
				},
			)
		}

		// As `refuse`, and halts.
		fn reclaim() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 4,
					writes: 4,
				},
			)
		}

		// Issuer's certificate, balance, `N`, what was burned, open redemptions; balance, what was burned, redemption, open
		// redemptions.
		fn redeem() -> Weight {
			call(
				$db,
				Work {
					products: 2,
					powers: 0,
					reads: STATEMENT_READS + 5,
					writes: 4,
				},
			)
		}

		// Redemption, open redemptions; both.
		fn settle() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 2,
					writes: 2,
				},
			)
		}

		// What is refreshed, `N`, residues; what was refreshed, residues.
		fn refresh() -> Weight {
			call(
				$db,
				Work {
					products: 2,
					powers: 0,
					reads: STATEMENT_READS + 3,
					writes: 2,
				},
			)
		}

		// Listing; listing.
		fn reprice() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: STATEMENT_READS + 1,
					writes: 1,
				},
			)
		}

		// Listing, `N`; listing.
		fn restock() -> Weight {
			call(
				$db,
				Work {
					products: 1,
					powers: 0,
					reads: STATEMENT_READS + 2,
					writes: 1,
				},
			)
		}

		// Listing, number of listings, first quote; listing, number of listings, what is left of it.
		fn delist() -> Weight {
			call(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 3,
					writes: 3,
				},
			)
		}

		// Certificate, what was reserved and in all, whether it has issued; three quotas.
		fn set_issuer_quota() -> Weight {
			unattended(
				$db,
				Work {
					reads: 5,
					writes: 3,
					..Work::NOTHING
				},
			)
		}

		// The certificate authority.
		fn record_disclosure() -> Weight {
			unattended(
				$db,
				Work {
					reads: 1,
					..Work::NOTHING
				},
			)
		}

		// What is left of a listing, the index, the quote, the number of quotes; all of them.
		fn quote_removal() -> Weight {
			unattended(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 4,
					writes: 4,
				},
			)
		}

		// The last timestamp, halts, time; both.
		fn clock() -> Weight {
			$db.reads_writes(7, 2)
		}

		// The block's weight and whether it closes a set, time, halts, the first entry of the agenda and of the cascades.
		fn agenda_base() -> Weight {
			unattended(
				$db,
				Work {
					reads: 6,
					..Work::NOTHING
				},
			)
		}

		// The entry, the order; the entry, the order, a credit.
		fn lapse_placed() -> Weight {
			unattended(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 2,
					writes: 3,
				},
			)
		}

		// The entry, the order, `N`, what was burned, the seller's certificate twice; the entry, the order, three credits, what
		// was burned, the certificate, the cascade.
		fn lapse_accepted() -> Weight {
			unattended(
				$db,
				Work {
					products: 1,
					powers: 1,
					reads: 6,
					writes: 8,
				},
			)
		}

		// The entry, the order, `N`, what was burned; the entry, the order, two credits, what was burned.
		fn lapse_shipped() -> Weight {
			unattended(
				$db,
				Work {
					products: 1,
					powers: 1,
					reads: 4,
					writes: 5,
				},
			)
		}

		// The entry, the order, `N`; the entry, the order, three credits.
		fn lapse_disputed() -> Weight {
			unattended(
				$db,
				Work {
					products: 0,
					powers: 1,
					reads: 3,
					writes: 5,
				},
			)
		}

		// The cascade, the certificate, the index, the order, time, halts; the cascade, the entry, the order, a credit.
		fn cascade_step() -> Weight {
			unattended(
				$db,
				Work {
					products: 0,
					powers: 0,
					reads: 6,
					writes: 5,
				},
			)
		}

		fn check_proof() -> Weight {
			$db.reads(1)
		}

		fn verify_issue() -> Weight {
			Weight::from_parts(NATIVE, 0)
		}

		fn verify_list() -> Weight {
			Weight::from_parts(NATIVE, 0)
		}

		fn verify_order() -> Weight {
			Weight::from_parts(NATIVE, 0)
		}

		fn verify_accept() -> Weight {
			Weight::from_parts(NATIVE, 0)
		}

		fn verify_dispute() -> Weight {
			Weight::from_parts(NATIVE, 0)
		}

		fn verify_transfer() -> Weight {
			Weight::from_parts(NATIVE, 0)
		}

		fn verify_redeem() -> Weight {
			Weight::from_parts(NATIVE, 0)
		}

		fn verify_reprice() -> Weight {
			Weight::from_parts(NATIVE, 0)
		}

		fn verify_restock() -> Weight {
			Weight::from_parts(NATIVE, 0)
		}

		fn verify_refresh() -> Weight {
			Weight::from_parts(NATIVE_RESIDUE, 0)
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

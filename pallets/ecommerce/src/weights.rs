//! Weights of `pallet_ecommerce`, measured. `scripts/weights` writes this file; what somebody edits here is lost with the next run.
//!
//! Measured on AMD EPYC without AVX-512 IFMA, with 5 steps and 11 repetitions.
//! Of two measurements, 27 and 28 November 2026, on two such machines, each figure is the larger one: docs/benchmarks.md says of both.
//! A weight is 2 times the measured time, and the database's own weights for what was read and written.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, Weight},
};
use veilmart_confidential::PARAMETER_SET;
use veilmart_paillier::ParameterSet;

/// By how much every measured time is multiplied: for slower machines, and for worse moments than those of the measurement.
const FACTOR: u64 = 2;

/// By how much again for the size of key: powers cost its third power, and nothing costs more. Measured is the smaller key.
const KEY: u64 = match PARAMETER_SET {
	ParameterSet::Paillier2048 => 1,
	ParameterSet::Paillier3072 => 4,
};

fn time(picoseconds: u64) -> Weight {
	Weight::from_parts(picoseconds.saturating_mul(FACTOR).saturating_mul(KEY), 0)
}

/// What the benchmarks measure, by their names.
pub trait WeightInfo {
	/// `issue` in `benchmarking.rs`.
	fn issue() -> Weight;
	/// `collect` in `benchmarking.rs`.
	fn collect(c: u32) -> Weight;
	/// `list` in `benchmarking.rs`.
	fn list() -> Weight;
	/// `quote` in `benchmarking.rs`.
	fn quote() -> Weight;
	/// `order` in `benchmarking.rs`.
	fn order() -> Weight;
	/// `cancel` in `benchmarking.rs`.
	fn cancel() -> Weight;
	/// `accept` in `benchmarking.rs`.
	fn accept() -> Weight;
	/// `decline` in `benchmarking.rs`.
	fn decline() -> Weight;
	/// `ship` in `benchmarking.rs`.
	fn ship() -> Weight;
	/// `confirm` in `benchmarking.rs`.
	fn confirm() -> Weight;
	/// `poke_placed` in `benchmarking.rs`.
	fn poke_placed() -> Weight;
	/// `poke_accepted` in `benchmarking.rs`.
	fn poke_accepted() -> Weight;
	/// `poke_shipped` in `benchmarking.rs`.
	fn poke_shipped() -> Weight;
	/// `poke_disputed` in `benchmarking.rs`.
	fn poke_disputed() -> Weight;
	/// `dispute` in `benchmarking.rs`.
	fn dispute() -> Weight;
	/// `resolve_completed` in `benchmarking.rs`.
	fn resolve_completed() -> Weight;
	/// `resolve_refunded` in `benchmarking.rs`.
	fn resolve_refunded() -> Weight;
	/// `resolve_penalised` in `benchmarking.rs`.
	fn resolve_penalised() -> Weight;
	/// `set_terms` in `benchmarking.rs`.
	fn set_terms() -> Weight;
	/// `transfer` in `benchmarking.rs`.
	fn transfer() -> Weight;
	/// `refuse` in `benchmarking.rs`.
	fn refuse() -> Weight;
	/// `reclaim` in `benchmarking.rs`.
	fn reclaim() -> Weight;
	/// `redeem` in `benchmarking.rs`.
	fn redeem() -> Weight;
	/// `settle` in `benchmarking.rs`.
	fn settle() -> Weight;
	/// `refresh` in `benchmarking.rs`.
	fn refresh() -> Weight;
	/// `reprice` in `benchmarking.rs`.
	fn reprice() -> Weight;
	/// `restock` in `benchmarking.rs`.
	fn restock() -> Weight;
	/// `delist` in `benchmarking.rs`.
	fn delist() -> Weight;
	/// `set_issuer_quota` in `benchmarking.rs`.
	fn set_issuer_quota() -> Weight;
	/// `record_disclosure` in `benchmarking.rs`.
	fn record_disclosure() -> Weight;
	/// `clock` in `benchmarking.rs`.
	fn clock() -> Weight;
	/// `agenda_base` in `benchmarking.rs`.
	fn agenda_base() -> Weight;
	/// `lapse_placed` in `benchmarking.rs`.
	fn lapse_placed() -> Weight;
	/// `lapse_accepted` in `benchmarking.rs`.
	fn lapse_accepted() -> Weight;
	/// `lapse_shipped` in `benchmarking.rs`.
	fn lapse_shipped() -> Weight;
	/// `lapse_disputed` in `benchmarking.rs`.
	fn lapse_disputed() -> Weight;
	/// `cascade_step` in `benchmarking.rs`.
	fn cascade_step() -> Weight;
	/// `quote_removal` in `benchmarking.rs`.
	fn quote_removal() -> Weight;
	/// `check_proof` in `benchmarking.rs`.
	fn check_proof() -> Weight;
	/// `verify_issue` in `benchmarking.rs`.
	fn verify_issue() -> Weight;
	/// `verify_list` in `benchmarking.rs`.
	fn verify_list() -> Weight;
	/// `verify_order` in `benchmarking.rs`.
	fn verify_order() -> Weight;
	/// `verify_accept` in `benchmarking.rs`.
	fn verify_accept() -> Weight;
	/// `verify_dispute` in `benchmarking.rs`.
	fn verify_dispute() -> Weight;
	/// `verify_transfer` in `benchmarking.rs`.
	fn verify_transfer() -> Weight;
	/// `verify_redeem` in `benchmarking.rs`.
	fn verify_redeem() -> Weight;
	/// `verify_reprice` in `benchmarking.rs`.
	fn verify_reprice() -> Weight;
	/// `verify_restock` in `benchmarking.rs`.
	fn verify_restock() -> Weight;
	/// `verify_refresh` in `benchmarking.rs`.
	fn verify_refresh() -> Weight;
}

macro_rules! measured {
	($db:expr) => {
		fn issue() -> Weight {
			time(369_333_000)
				.saturating_add(Weight::from_parts(0, 47_743))
				.saturating_add($db.reads(14))
				.saturating_add($db.writes(5))
		}

		// c from 1 to 16
		fn collect(c: u32) -> Weight {
			time(119_903_843)
				.saturating_add(time(121_434_278).saturating_mul(c.into()))
				.saturating_add(Weight::from_parts(0, 36_541))
				.saturating_add(Weight::from_parts(0, 7_811).saturating_mul(c.into()))
				.saturating_add($db.reads(9))
				.saturating_add($db.reads(2).saturating_mul(c.into()))
				.saturating_add($db.writes(4))
				.saturating_add($db.writes(3).saturating_mul(c.into()))
		}

		fn list() -> Weight {
			time(200_576_000)
				.saturating_add(Weight::from_parts(0, 38_216))
				.saturating_add($db.reads(10))
				.saturating_add($db.writes(4))
		}

		fn quote() -> Weight {
			time(187_111_000)
				.saturating_add(Weight::from_parts(0, 40_020))
				.saturating_add($db.reads(10))
				.saturating_add($db.writes(5))
		}

		fn order() -> Weight {
			time(463_239_000)
				.saturating_add(Weight::from_parts(0, 56_335))
				.saturating_add($db.reads(17))
				.saturating_add($db.writes(10))
		}

		fn cancel() -> Weight {
			time(150_592_000)
				.saturating_add(Weight::from_parts(0, 33_429))
				.saturating_add($db.reads(7))
				.saturating_add($db.writes(5))
		}

		fn accept() -> Weight {
			time(985_899_000)
				.saturating_add(Weight::from_parts(0, 80_270))
				.saturating_add($db.reads(17))
				.saturating_add($db.writes(7))
		}

		fn decline() -> Weight {
			time(146_385_000)
				.saturating_add(Weight::from_parts(0, 33_429))
				.saturating_add($db.reads(7))
				.saturating_add($db.writes(5))
		}

		fn ship() -> Weight {
			time(152_075_000)
				.saturating_add(Weight::from_parts(0, 66_139))
				.saturating_add($db.reads(12))
				.saturating_add($db.writes(5))
		}

		fn confirm() -> Weight {
			time(660_849_000)
				.saturating_add(Weight::from_parts(0, 35_863))
				.saturating_add($db.reads(8))
				.saturating_add($db.writes(6))
		}

		fn poke_placed() -> Weight {
			time(170_540_000)
				.saturating_add(Weight::from_parts(0, 39_985))
				.saturating_add($db.reads(10))
				.saturating_add($db.writes(5))
		}

		fn poke_accepted() -> Weight {
			time(639_450_000)
				.saturating_add(Weight::from_parts(0, 42_729))
				.saturating_add($db.reads(11))
				.saturating_add($db.writes(9))
		}

		fn poke_shipped() -> Weight {
			time(664_065_000)
				.saturating_add(Weight::from_parts(0, 37_919))
				.saturating_add($db.reads(9))
				.saturating_add($db.writes(6))
		}

		fn poke_disputed() -> Weight {
			time(673_162_000)
				.saturating_add(Weight::from_parts(0, 37_919))
				.saturating_add($db.reads(9))
				.saturating_add($db.writes(7))
		}

		fn dispute() -> Weight {
			time(368_662_000)
				.saturating_add(Weight::from_parts(0, 76_202))
				.saturating_add($db.reads(16))
				.saturating_add($db.writes(5))
		}

		fn resolve_completed() -> Weight {
			time(707_537_000)
				.saturating_add(Weight::from_parts(0, 40_479))
				.saturating_add($db.reads(10))
				.saturating_add($db.writes(7))
		}

		fn resolve_refunded() -> Weight {
			time(684_093_000)
				.saturating_add(Weight::from_parts(0, 37_919))
				.saturating_add($db.reads(9))
				.saturating_add($db.writes(7))
		}

		fn resolve_penalised() -> Weight {
			time(657_053_000)
				.saturating_add(Weight::from_parts(0, 42_729))
				.saturating_add($db.reads(11))
				.saturating_add($db.writes(10))
		}

		fn set_terms() -> Weight {
			time(82_733_000)
				.saturating_add(Weight::from_parts(0, 30_654))
				.saturating_add($db.reads(4))
				.saturating_add($db.writes(1))
		}

		fn transfer() -> Weight {
			time(384_721_000)
				.saturating_add(Weight::from_parts(0, 47_695))
				.saturating_add($db.reads(14))
				.saturating_add($db.writes(5))
		}

		fn refuse() -> Weight {
			time(162_274_000)
				.saturating_add(Weight::from_parts(0, 36_738))
				.saturating_add($db.reads(9))
				.saturating_add($db.writes(6))
		}

		fn reclaim() -> Weight {
			time(167_574_000)
				.saturating_add(Weight::from_parts(0, 38_794))
				.saturating_add($db.reads(10))
				.saturating_add($db.writes(6))
		}

		fn redeem() -> Weight {
			time(382_187_000)
				.saturating_add(Weight::from_parts(0, 46_051))
				.saturating_add($db.reads(13))
				.saturating_add($db.writes(6))
		}

		fn settle() -> Weight {
			time(138_790_000)
				.saturating_add(Weight::from_parts(0, 34_210))
				.saturating_add($db.reads(8))
				.saturating_add($db.writes(4))
		}

		fn refresh() -> Weight {
			time(348_684_000)
				.saturating_add(Weight::from_parts(0, 42_088))
				.saturating_add($db.reads(11))
				.saturating_add($db.writes(4))
		}

		fn reprice() -> Weight {
			time(214_742_000)
				.saturating_add(Weight::from_parts(0, 40_184))
				.saturating_add($db.reads(10))
				.saturating_add($db.writes(3))
		}

		fn restock() -> Weight {
			time(335_509_000)
				.saturating_add(Weight::from_parts(0, 40_184))
				.saturating_add($db.reads(10))
				.saturating_add($db.writes(3))
		}

		fn delist() -> Weight {
			time(166_722_000)
				.saturating_add(Weight::from_parts(0, 37_350))
				.saturating_add($db.reads(9))
				.saturating_add($db.writes(5))
		}

		fn set_issuer_quota() -> Weight {
			time(84_268_000)
				.saturating_add(Weight::from_parts(0, 9_387))
				.saturating_add($db.reads(4))
				.saturating_add($db.writes(3))
		}

		fn record_disclosure() -> Weight {
			time(34_996_000)
		}

		fn clock() -> Weight {
			time(46_257_000)
				.saturating_add(Weight::from_parts(0, 18_572))
				.saturating_add($db.reads(8))
				.saturating_add($db.writes(3))
		}

		fn agenda_base() -> Weight {
			time(59_492_000)
				.saturating_add(Weight::from_parts(0, 12_548))
				.saturating_add($db.reads(6))
		}

		fn lapse_placed() -> Weight {
			time(84_469_000)
				.saturating_add(Weight::from_parts(0, 12_703))
				.saturating_add($db.reads(5))
				.saturating_add($db.writes(3))
		}

		fn lapse_accepted() -> Weight {
			time(549_300_000)
				.saturating_add(Weight::from_parts(0, 19_947))
				.saturating_add($db.reads(8))
				.saturating_add($db.writes(7))
		}

		fn lapse_shipped() -> Weight {
			time(601_548_000)
				.saturating_add(Weight::from_parts(0, 15_137))
				.saturating_add($db.reads(6))
				.saturating_add($db.writes(4))
		}

		fn lapse_disputed() -> Weight {
			time(601_869_000)
				.saturating_add(Weight::from_parts(0, 15_137))
				.saturating_add($db.reads(6))
				.saturating_add($db.writes(5))
		}

		fn cascade_step() -> Weight {
			time(111_168_000)
				.saturating_add(Weight::from_parts(0, 15_133))
				.saturating_add($db.reads(6))
				.saturating_add($db.writes(4))
		}

		fn quote_removal() -> Weight {
			time(70_161_000)
				.saturating_add(Weight::from_parts(0, 8_928))
				.saturating_add($db.reads(4))
				.saturating_add($db.writes(3))
		}

		fn check_proof() -> Weight {
			time(1_372_000)
		}

		fn verify_issue() -> Weight {
			time(13_809_098_000)
		}

		fn verify_list() -> Weight {
			time(16_250_688_000)
		}

		fn verify_order() -> Weight {
			time(14_185_474_000)
		}

		fn verify_accept() -> Weight {
			time(10_401_567_000)
		}

		fn verify_dispute() -> Weight {
			time(5_792_483_000)
		}

		fn verify_transfer() -> Weight {
			time(10_445_841_000)
		}

		fn verify_redeem() -> Weight {
			time(10_508_960_000)
		}

		fn verify_reprice() -> Weight {
			time(5_795_770_000)
		}

		fn verify_restock() -> Weight {
			time(5_759_011_000)
		}

		fn verify_refresh() -> Weight {
			time(17_883_419_000)
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

//! Blocks: how much fits in, how they are timed.

use frame_support::{
	derive_impl,
	dispatch::DispatchClass,
	parameter_types,
	traits::InsideBoth,
	weights::{
		constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_MILLIS},
		Weight,
	},
};
use frame_system::limits::{BlockLength, BlockWeights};
use sp_runtime::{
	traits::{AccountIdLookup, BlakeTwo256},
	Perbill,
};
use sp_version::RuntimeVersion;

use super::{
	commerce::{LeastPeriodOfVersion5, LeastPeriodOfVersion6},
	consensus::RegistrableKeys,
};
use crate::{
	AccountId, Balance, Block, BlockNumber, Ecommerce, Hash, Nonce, PalletInfo, Runtime, RuntimeCall,
	RuntimeEvent, RuntimeOrigin, RuntimeTask, TxPause, SS58_PREFIX, VERSION,
};

/// Share of a block that ordinary transactions may fill; the rest is for governance and inherents.
const NORMAL_SHARE: Perbill = Perbill::from_percent(75);

/// Time that executing one full block may take: half a second. A chain of one's own proves no block
/// to anybody else, so the proof size is unbounded.
const MAXIMUM_BLOCK_WEIGHT: Weight = Weight::from_parts(500 * WEIGHT_REF_TIME_PER_MILLIS, u64::MAX);

/// Bytes of one full block.
const MAXIMUM_BLOCK_LENGTH: u32 = 5 * 1024 * 1024;

/// Least distance of two blocks' timestamps in milliseconds: time strictly increases, even where
/// several blocks are made within one millisecond.
pub const MINIMUM_BLOCK_SPACING: u64 = 1;

parameter_types! {
	/// Hashes of this many recent blocks stay in the state, and bound the era of a transaction.
	pub const BlockHashCount: BlockNumber = 4096;
	/// The runtime's version as the metadata tells it.
	pub const Version: RuntimeVersion = VERSION;
	/// Weight of a block by dispatch class.
	pub RuntimeBlockWeights: BlockWeights =
		BlockWeights::with_sensible_defaults(MAXIMUM_BLOCK_WEIGHT, NORMAL_SHARE);
	/// Length of a block by dispatch class.
	pub RuntimeBlockLength: BlockLength = BlockLength::builder()
		.max_length(MAXIMUM_BLOCK_LENGTH)
		.modify_max_length_for_class(DispatchClass::Normal, |max| *max = NORMAL_SHARE * *max)
		.build();
	/// Prefix of SS58 addresses.
	pub const SS58Prefix: u16 = SS58_PREFIX;
	/// See [`MINIMUM_BLOCK_SPACING`].
	pub const MinimumPeriod: u64 = MINIMUM_BLOCK_SPACING;
}

/// What a runtime upgrade does to the state of chains that came from an earlier version.
pub type Migrations = (
	pallet_ecommerce::migrations::V0ToV1<Runtime>,
	pallet_ecommerce::migrations::V1ToV2<Runtime, LeastPeriodOfVersion5, LeastPeriodOfVersion6>,
	pallet_ecommerce::migrations::V2ToV3<Runtime, LeastPeriodOfVersion6>,
);

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type AccountData = pallet_balances::AccountData<Balance>;
	type AccountId = AccountId;
	type BaseCallFilter = InsideBoth<TxPause, RegistrableKeys>;
	type Block = Block;
	type BlockHashCount = BlockHashCount;
	type BlockLength = RuntimeBlockLength;
	type BlockWeights = RuntimeBlockWeights;
	type DbWeight = ParityDbWeight;
	type ExtensionsWeightInfo = frame_system::SubstrateExtensionsWeight<Runtime>;
	type Hash = Hash;
	type Hashing = BlakeTwo256;
	type Lookup = AccountIdLookup<AccountId, ()>;
	type Nonce = Nonce;
	type SS58Prefix = SS58Prefix;
	type SingleBlockMigrations = Migrations;
	type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
	type Version = Version;
}

impl pallet_timestamp::Config for Runtime {
	type MinimumPeriod = MinimumPeriod;
	type Moment = u64;
	// Halts are measured here, before any transaction of the block.
	type OnTimestampSet = Ecommerce;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

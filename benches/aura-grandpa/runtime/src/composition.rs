//! Which pallets make up the runtime.

// The macro makes public items whose documentation is that of the pallets.
#![allow(missing_docs)]

use alloc::vec::Vec;

use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::traits::Block as BlockT;

use crate::{Block, UncheckedExtrinsic};

/// The inherents that a block with this data begins with. (The macro's trait is this module's own.)
pub(crate) fn inherent_extrinsics(data: &InherentData) -> Vec<UncheckedExtrinsic> {
	data.create_extrinsics()
}

/// Whether the inherents of a block agree with this data.
pub(crate) fn check_inherents(
	block: &<Block as BlockT>::LazyBlock,
	data: &InherentData,
) -> CheckInherentsResult {
	data.check_extrinsics(block)
}

/// The pallets and their indices.
#[frame_support::runtime]
mod runtime {
	/// The runtime.
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(2)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(3)]
	pub type TransactionPayment = pallet_transaction_payment;
	#[runtime::pallet_index(4)]
	pub type Aura = pallet_aura;
	#[runtime::pallet_index(5)]
	pub type Grandpa = pallet_grandpa;
}

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

/// The pallets and their indices. An index, once used on a chain, is never given to another pallet, and
/// 118 is given to none (`pallet_certificates::REQUEST_TAG` says why).
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

	// The chain itself.
	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(2)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(3)]
	pub type TransactionPayment = pallet_transaction_payment;
	// A closing block is judged by the set before it, so the consensus comes before the sessions.
	#[runtime::pallet_index(4)]
	pub type TdRaft = pallet_td_raft_election;
	#[runtime::pallet_index(5)]
	pub type Session = pallet_session;

	// The consortium and its marketplace.
	#[runtime::pallet_index(10)]
	pub type Certificates = pallet_certificates;
	#[runtime::pallet_index(11)]
	pub type Ecommerce = pallet_ecommerce;

	// Governance.
	#[runtime::pallet_index(20)]
	pub type Council = pallet_collective<Instance1>;
	#[runtime::pallet_index(21)]
	pub type Governance = crate::governance;
	#[runtime::pallet_index(22)]
	pub type Scheduler = pallet_scheduler;
	#[runtime::pallet_index(23)]
	pub type Preimage = pallet_preimage;
	#[runtime::pallet_index(24)]
	pub type TxPause = pallet_tx_pause;

	// Ways to call.
	#[runtime::pallet_index(30)]
	pub type Utility = pallet_utility;
	#[runtime::pallet_index(31)]
	pub type Multisig = pallet_multisig;
	#[runtime::pallet_index(32)]
	pub type Proxy = pallet_proxy;
	#[runtime::pallet_index(33)]
	pub type Places = crate::places;
}

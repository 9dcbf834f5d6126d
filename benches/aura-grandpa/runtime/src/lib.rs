//! Balances under Aura and GRANDPA: what a Substrate chain is before anybody adds to it.
//!
//! This is the chain that Veilmart's figures are compared with, and no part of Veilmart. Its parameters are those that a
//! new solochain begins with, at the same version of the SDK:
//!
//! - Aura: authorities take turns, a slot is 6 s;
//! - GRANDPA: two thirds of the authorities vote on chains, not on single blocks;
//! - blocks of up to 2 s of execution (three quarters of it for transactions) and 5 MiB;
//! - the SDK's published weights, and the fee extension;
//! - no sudo, no offchain workers, no sessions: nothing here needs them, and to leave them out slows nothing down.

#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "256"]

extern crate alloc;

use alloc::borrow::Cow;

use sp_runtime::{
	generic,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

pub mod apis;
mod composition;
mod configs;
pub mod genesis_presets;

pub use apis::{api, RuntimeApi};
pub use composition::*;
pub use configs::SLOT_DURATION;

/// The runtime as wasm, written by the build script; `None` if the build left it out.
#[cfg(feature = "std")]
mod wasm {
	// Generated without documentation, and with paths that nobody needs.
	#![allow(missing_docs, dead_code)]

	include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}

#[cfg(feature = "std")]
pub use wasm::WASM_BINARY;

/// Number of a block.
pub type BlockNumber = u32;
/// A transaction's signature: sr25519, ed25519 or ECDSA.
pub type Signature = MultiSignature;
/// Identity of an account: its public key, or the hash of it.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount of the token.
pub type Balance = u128;
/// Number of transactions that an account has sent.
pub type Nonce = u32;
/// A hash of the chain.
pub type Hash = sp_core::H256;
/// What a transaction names its sender and its counterparties by.
pub type Address = MultiAddress<AccountId, ()>;
/// Header of a block.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A transaction as it travels.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;

/// Blocks as a node passes them on: it does not look into transactions.
pub mod opaque {
	/// A block whose transactions are bytes.
	pub type Block = sp_runtime::generic::Block<super::Header, sp_runtime::OpaqueExtrinsic>;
}

/// The transaction extensions, in the order in which they run: Veilmart's without its own, and with fees.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);

/// Applies blocks and transactions to the state.
pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

/// The runtime's version.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("aura-grandpa"),
	impl_name: Cow::Borrowed("baseline-node"),
	authoring_version: 1,
	spec_version: 1,
	impl_version: 0,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

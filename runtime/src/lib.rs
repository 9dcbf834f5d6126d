//! The runtime of Veilmart: a permissioned chain for a consortium of shops.
//!
//! This crate composes pallets; it holds no business rule of its own beyond the small modules
//! [`governance`] and [`places`]. Who may take part is the certificates' matter, what is traded the
//! marketplace's, who orders blocks the consensus engine's.
//!
//! Where to look:
//!
//! - [`configs`]: every pallet's parameters, by concern;
//! - [`extensions`]: what each transaction passes before it is dispatched, in which order and why;
//! - [`governance`]: how the council acts, and how two thirds of it act as Root (there is no sudo);
//! - [`places`]: how many entries an account keeps that no deposit is taken for;
//! - [`apis`]: what clients may ask without a transaction;
//! - [`genesis_presets`]: the chains `development`, `local_testnet` and `local_testnet_seven`;
//! - `consortium`: the genesis of any other chain, for the program that makes its specification.

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
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
mod composition;
pub mod configs;
#[cfg(feature = "std")]
pub mod consortium;
pub mod extensions;
#[cfg(all(feature = "std", any(test, feature = "runtime-benchmarks")))]
pub mod full_blocks;
pub mod genesis_presets;
pub mod governance;
pub mod places;

#[cfg(test)]
mod tests;

pub use apis::{api, RuntimeApi};
pub use composition::*;
pub use extensions::TxExtension;

/// The runtime as wasm, written by the build script; `None` if the build left it out.
#[cfg(feature = "std")]
mod wasm {
	// Generated without documentation, and with paths that nobody needs.
	#![allow(missing_docs, dead_code)]

	include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}

#[cfg(feature = "std")]
pub use wasm::WASM_BINARY;

/// The same with verification inside the runtime: it needs no host function of ours and reaches the same state.
#[cfg(feature = "std")]
mod portable_wasm {
	#![allow(missing_docs, dead_code)]

	include!(concat!(env!("OUT_DIR"), "/portable_wasm_binary.rs"));
}

#[cfg(feature = "std")]
pub use portable_wasm::WASM_BINARY as PORTABLE_WASM_BINARY;

/// Number of a block.
pub type BlockNumber = u32;
/// A transaction's signature: sr25519, ed25519 or ECDSA.
pub type Signature = MultiSignature;
/// Identity of an account: its public key, or the hash of it.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount of the valueless native token. Confidential amounts are ciphertexts elsewhere.
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
/// A block with its justifications.
pub type SignedBlock = generic::SignedBlock<Block>;
/// A block's hash or number.
pub type BlockId = generic::BlockId<Block>;
/// A transaction as it travels: signed ones in format V4, authorized calls in V5.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// Blocks as a node passes them on: it does not look into transactions, and its RPC writes them as one string of digits.
pub mod opaque {
	/// A block whose transactions are bytes.
	pub type Block = sp_runtime::generic::Block<super::Header, sp_runtime::OpaqueExtrinsic>;
	/// Such a block with its justifications.
	pub type SignedBlock = sp_runtime::generic::SignedBlock<Block>;
}

/// What a signature signs.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;
/// Applies blocks and transactions to the state.
pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

/// Chain properties and runtime agree on these; [`SS58_PREFIX`] is also a constant of the metadata.
pub mod token {
	/// Symbol of the native token, which has no value and pays for nothing.
	pub const SYMBOL: &str = "VEIL";
	/// Decimal places of the native token: it is counted in whole units.
	pub const DECIMALS: u8 = 0;
}

/// Prefix of SS58 addresses: the generic one, so that every wallet shows the same address.
pub const SS58_PREFIX: u16 = 42;

/// The runtime's version.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("veilmart"),
	impl_name: Cow::Borrowed("veilmart-node"),
	authoring_version: 1,
	spec_version: 7,
	impl_version: 0,
	apis: apis::RUNTIME_API_VERSIONS,
	// Calls were only added: what was signed for an earlier version means the same.
	transaction_version: 1,
	system_version: 1,
};

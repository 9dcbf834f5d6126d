//! The runtime as a whole: what its parts do together.

mod admission;
mod chain;
mod claims;
mod consensus;
mod deadlines;
mod detours;
mod flood;
mod genesis;
mod governance;
mod market;
mod patience;
mod places;
mod weights;

use std::sync::LazyLock;

use serde_json::Value;
use sp_core::Pair;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{generic::Era, traits::Header as _, ApplyExtrinsicResult, Digest};
use veilmart_test_blocks::{digest, merge, Snapshot};

use crate::{
	api, extensions::signed_extrinsic, genesis_presets::DEV_RUNTIME_PRESET, AccountId, Executive, Hash,
	Header, Runtime, RuntimeCall, RuntimeOrigin, System, UncheckedExtrinsic,
};

/// Chain time of the first block of a test, in milliseconds: some moment in 2027.
const START: u64 = 1_800_000_000_000;

/// Somebody who never got a certificate.
const OUTSIDER: Sr25519Keyring = Sr25519Keyring::Eve;

/// The account of a well-known key.
fn account(who: Sr25519Keyring) -> AccountId {
	who.to_account_id()
}

/// The origin of a transaction that `who` signed.
fn signed(who: Sr25519Keyring) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(who))
}

/// A remark: a call that does nothing and that anybody with access may send.
fn remark() -> RuntimeCall {
	RuntimeCall::System(frame_system::Call::remark { remark: Vec::new() })
}

/// The complete genesis configuration of a preset.
fn preset_config(preset: &str) -> Value {
	veilmart_test_blocks::preset(api::dispatch, preset)
}

/// The state that the genesis configuration builds.
fn build(config: &Value) -> TestExternalities {
	veilmart_test_blocks::build(api::dispatch, config)
}

/// The genesis of `development`, built once: the proof about its key takes seconds to verify.
static DEVELOPMENT: LazyLock<Snapshot> = LazyLock::new(|| snapshot(DEV_RUNTIME_PRESET));

/// The genesis of a preset, to start from as often as needed.
fn snapshot(preset: &str) -> Snapshot {
	veilmart_test_blocks::genesis(api::dispatch, preset)
}

/// The chain `development`, within its first block and after its inherents.
fn development() -> TestExternalities {
	let mut state = DEVELOPMENT.clone().restore();
	state.execute_with(|| begin_block(1));
	state
}

/// Begins block `number` and sets its time. All blocks have the hash 0.
fn begin_block(number: u32) {
	let parent = Hash::default();
	begin_block_with(number, parent, digest(number, parent), START + u64::from(number));
}

/// Begins a block with this digest, and sets its time.
fn begin_block_with(number: u32, parent: Hash, digest: Digest, now: u64) {
	Executive::initialize_block(&Header::new(
		number,
		Default::default(),
		Default::default(),
		parent,
		digest,
	));
	let inherent = UncheckedExtrinsic::new_bare(pallet_timestamp::Call::set { now }.into());
	assert_eq!(
		Executive::apply_extrinsic(inherent),
		Ok(Ok(())),
		"the clock's inherent is applied"
	);
}

/// The transaction that `who` would send next, with its nonce `ahead` of that.
fn transaction(who: Sr25519Keyring, call: RuntimeCall, ahead: u32) -> UncheckedExtrinsic {
	let genesis = System::block_hash(0);
	let nonce = System::account_nonce(account(who)) + ahead;
	signed_extrinsic(
		call,
		account(who),
		nonce,
		Era::Immortal,
		genesis,
		genesis,
		|bytes| who.pair().sign(bytes).into(),
	)
}

/// Sends a transaction of `who` in the current block.
fn apply(who: Sr25519Keyring, call: RuntimeCall) -> ApplyExtrinsicResult {
	Executive::apply_extrinsic(transaction(who, call, 0))
}

//! The runtime as a whole: what its parts do together.

mod admission;
mod chain;
mod consensus;
mod deadlines;
mod detours;
mod flood;
mod genesis;
mod governance;
mod market;
mod weights;

use std::sync::LazyLock;

use serde_json::Value;
use sp_core::Pair;
use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{generic::Era, traits::Header as _, ApplyExtrinsicResult, Digest, StateVersion};
use veilmart_td_raft::{
	header, AuthorityIndex, HeaderDigest, Number, Phase, QuorumCertificate, SetId, Target, Term,
};

use crate::{
	extensions::signed_extrinsic, genesis_presets::DEV_RUNTIME_PRESET, AccountId, Executive, Hash, Header,
	Runtime, RuntimeCall, RuntimeOrigin, System, UncheckedExtrinsic,
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

/// Merges `patch` into `base` as chain specifications do.
fn merge(base: &mut Value, patch: Value) {
	match (base, patch) {
		(Value::Object(base), Value::Object(patch)) => {
			for (key, value) in patch {
				merge(base.entry(key).or_insert(Value::Null), value);
			}
		}
		(base, patch) => *base = patch,
	}
}

/// The complete genesis configuration of a preset.
fn preset_config(preset: &str) -> Value {
	let json = |id: Option<String>| -> Value {
		let bytes = <Runtime as GenesisBuilder<crate::Block>>::get_preset(&id).expect("the preset exists");
		serde_json::from_slice(&bytes).expect("a preset is JSON")
	};
	let mut config = json(None);
	merge(&mut config, json(Some(preset.into())));
	config
}

/// The state that the genesis configuration builds.
fn build(config: &Value) -> TestExternalities {
	let mut state = TestExternalities::new_empty();
	state.execute_with(|| {
		let json = serde_json::to_vec(config).expect("a JSON value is printable");
		<Runtime as GenesisBuilder<crate::Block>>::build_state(json).expect("the configuration is valid");
	});
	state
}

/// The genesis of `development`, built once: the proof about its key takes seconds to verify.
static DEVELOPMENT: LazyLock<(RawStorage, Hash)> = LazyLock::new(|| snapshot(DEV_RUNTIME_PRESET));

/// The genesis of a preset, to start from as often as needed.
fn snapshot(preset: &str) -> (RawStorage, Hash) {
	let mut state = build(&preset_config(preset));
	state.commit_all().expect("genesis can be stored");
	state.into_raw_snapshot()
}

/// The state of a snapshot.
fn restore((entries, root): (RawStorage, Hash)) -> TestExternalities {
	TestExternalities::from_raw_snapshot(entries, root, StateVersion::V1)
}

/// The entries of a state with how often each is referred to.
type RawStorage = Vec<(Vec<u8>, (Vec<u8>, i32))>;

/// The chain `development`, within its first block and after its inherents.
fn development() -> TestExternalities {
	let mut state = restore(DEVELOPMENT.clone());
	state.execute_with(|| begin_block(1));
	state
}

/// The digest of a block of term 1 of a chain with a single authority, whose blocks all have the hash 0.
fn digest(number: u32) -> Digest {
	let parent_qc = QuorumCertificate {
		phase: Phase::Commit,
		target: Target {
			set_id: SetId(0),
			term: Term(if number == 1 { 0 } else { 1 }),
			number: Number(u64::from(number) - 1),
			hash: [0; 32],
		},
		signatures: [].into_iter().collect(),
	};
	let digest = HeaderDigest {
		set_id: SetId(0),
		term: Term(1),
		sealer: AuthorityIndex(0),
		commit_qc: parent_qc.clone(),
		parent_qc,
		election: None,
	};
	Digest {
		logs: header::pre_runtime(&digest, None),
	}
}

/// Begins block `number` and sets its time.
fn begin_block(number: u32) {
	begin_block_with(number, Hash::default(), digest(number), START + u64::from(number));
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

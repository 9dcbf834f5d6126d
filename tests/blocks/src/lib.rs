//! What tests need to execute blocks of the runtime natively and in memory: the genesis of a preset, and the digest by which a
//! block of a single authority passes.
//!
//! It is not a chain: who makes blocks, and out of what, is the tests' own affair. And it does not know the runtime. Whoever
//! calls says how the runtime is called, which is `veilmart_runtime::api::dispatch`.

#![deny(missing_docs)]

use codec::{Decode, Encode};
use serde_json::Value;
use sp_core::H256;
use sp_io::TestExternalities;
use sp_runtime::{Digest, StateVersion};
use veilmart_td_raft::{
	header, AuthorityIndex, HeaderDigest, Number, Phase, QuorumCertificate, SetId, Target, Term,
};

/// Calls a runtime: the method's name, its encoded arguments, and its encoded answer if there is such a method.
pub type Dispatch = fn(&str, &[u8]) -> Option<Vec<u8>>;

/// A runtime call in the state that is in force. There has to be such a method, and the answer has to have this type.
pub fn call<Answer: Decode>(dispatch: Dispatch, method: &str, arguments: impl Encode) -> Answer {
	let answer = dispatch(method, &arguments.encode()).expect("the runtime knows the method");
	Answer::decode(&mut &answer[..]).expect("the answer has this type")
}

/// Merges `patch` into `base` as chain specifications do.
pub fn merge(base: &mut Value, patch: Value) {
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
pub fn preset(dispatch: Dispatch, name: &str) -> Value {
	let json = |id: Option<String>| -> Value {
		let json: Option<Vec<u8>> = call(dispatch, "GenesisBuilder_get_preset", id);
		serde_json::from_slice(&json.expect("the preset exists")).expect("a preset is JSON")
	};
	let mut config = json(None);
	merge(&mut config, json(Some(name.into())));
	config
}

/// The state that a genesis configuration builds.
pub fn build(dispatch: Dispatch, config: &Value) -> TestExternalities {
	let mut state = TestExternalities::new_empty();
	state.execute_with(|| {
		let json = serde_json::to_vec(config).expect("a JSON value is printable");
		let built: Result<(), String> = call(dispatch, "GenesisBuilder_build_state", json);
		built.expect("the configuration is valid");
	});
	state
}

/// The genesis of a preset. Building it takes seconds, in which the proof about its key is verified.
pub fn genesis(dispatch: Dispatch, preset_name: &str) -> Snapshot {
	Snapshot::of(build(dispatch, &preset(dispatch, preset_name)))
}

/// What a trie's node is stored under, the node, and how often it is referred to.
type Entry = (Vec<u8>, (Vec<u8>, i32));

/// A state to start from as often as needed.
#[derive(Clone, Debug)]
pub struct Snapshot {
	entries: Vec<Entry>,
	root: H256,
}

impl Snapshot {
	/// What the state is by now.
	pub fn of(mut state: TestExternalities) -> Self {
		state.commit_all().expect("a state can be stored");
		let (entries, root) = state.into_raw_snapshot();
		Self { entries, root }
	}

	/// The state.
	pub fn restore(self) -> TestExternalities {
		TestExternalities::from_raw_snapshot(self.entries, self.root, StateVersion::V1)
	}
}

/// The digest of a block of term 1 of a chain with a single authority, on a parent with this hash.
pub fn digest(number: u32, parent: H256) -> Digest {
	let parent_qc = QuorumCertificate {
		phase: Phase::Commit,
		target: Target {
			set_id: SetId(0),
			// Genesis is of no term.
			term: Term(u64::from(number > 1)),
			number: Number(u64::from(number) - 1),
			hash: parent.0,
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

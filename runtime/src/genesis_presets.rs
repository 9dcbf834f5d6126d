//! The chains that this runtime can start by itself.
//!
//! Both presets use keys that everybody knows (`//Alice`, …) and are for tests and demonstrations
//! only, and so is their Paillier key, whose factors are published. `development` starts a chain of one node, `local_testnet` one of four. In both the council is Alice,
//! Bob and Charlie, and the certificate authority `//CA`.

use alloc::{vec, vec::Vec};

use frame_support::build_struct_json_patch;
use pallet_certificates::{GenesisCertificate, Role, Roles};
use pallet_ecommerce::{GenesisKey, Terms};
use serde_json::Value;
use sp_core::{crypto::get_public_from_string_or_panic, sr25519};
use veilmart_confidential::PARAMETER_SET;
use veilmart_paillier::test_keys;

pub use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};

use crate::{
	AccountId, Balance, BalancesConfig, CertificatesConfig, CouncilConfig, EcommerceConfig,
	RuntimeGenesisConfig,
};

/// What each well-known account holds of the valueless token.
const ENDOWMENT: Balance = 1_000_000_000;

/// What `//Issuer` may issue in all, in minor units: ten billion.
const ISSUER_QUOTA: u64 = 1_000_000_000_000;

/// The account of the well-known key `//name`.
fn well_known(name: &str) -> AccountId {
	get_public_from_string_or_panic::<sr25519::Public>(name).into()
}

/// The certificate authority of the presets: the account of `//CA`.
pub fn certificate_authority() -> AccountId {
	well_known("CA")
}

/// The council of the presets: Alice, Bob and Charlie. Two of them act as Root.
pub fn council() -> Vec<AccountId> {
	["Alice", "Bob", "Charlie"].map(well_known).to_vec()
}

/// Somebody who takes part from the first block on.
struct Participant {
	/// The well-known key, without `//`; also the name of the organisation.
	name: &'static str,
	roles: Roles,
}

/// A shop that buys and sells and runs a node.
fn shop(name: &'static str) -> Participant {
	Participant {
		name,
		roles: [Role::Buyer, Role::Seller, Role::Validator].into(),
	}
}

/// Somebody who does one thing for everybody else.
fn office(name: &'static str, role: Role) -> Participant {
	Participant {
		name,
		roles: [role].into(),
	}
}

/// The offices of both presets: `//Issuer` brings money in, `//Arbiter` decides disputes, `//Auditor` reads
/// along.
fn offices() -> [Participant; 3] {
	[
		office("Issuer", Role::Issuer),
		office("Arbiter", Role::Arbiter),
		office("Auditor", Role::Auditor),
	]
}

/// The shops of `development`: Alice's node seals the blocks, Bob and Charlie trade with her.
fn development() -> Value {
	genesis(["Alice", "Bob", "Charlie"].map(shop))
}

/// The shops of `local_testnet`, each with a node.
fn local_testnet() -> Value {
	genesis(["Alice", "Bob", "Charlie", "Dave"].map(shop))
}

/// A genesis with these shops, the offices, the council and the certificate authority.
///
/// No view keys: each account registers its own.
fn genesis(shops: impl IntoIterator<Item = Participant>) -> Value {
	let participants = shops.into_iter().chain(offices()).collect::<Vec<_>>();
	let endowed = participants
		.iter()
		.map(|participant| well_known(participant.name))
		.chain([certificate_authority()]);
	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig {
			balances: endowed.map(|account| (account, ENDOWMENT)).collect::<Vec<_>>()
		},
		certificates: CertificatesConfig {
			ca: Some(certificate_authority()),
			certificates: participants
				.iter()
				.map(|participant| {
					let certificate = GenesisCertificate {
						roles: participant.roles,
						organisation: participant.name.into(),
						view_key: None,
						valid_until: None,
					};
					(well_known(participant.name), certificate)
				})
				.collect::<Vec<_>>(),
		},
		ecommerce: EcommerceConfig {
			key: Some(GenesisKey {
				modulus: test_keys::modulus(PARAMETER_SET).to_vec(),
				proof: test_keys::proof(PARAMETER_SET).to_vec(),
			}),
			issuer_quotas: vec![(well_known("Issuer"), ISSUER_QUOTA)],
			terms: Some(Terms::default()),
		},
		council: CouncilConfig { members: council() },
	})
}

/// The preset's patch of the default genesis as JSON, or `None` for a name that is no preset.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_str() {
		DEV_RUNTIME_PRESET => development(),
		LOCAL_TESTNET_RUNTIME_PRESET => local_testnet(),
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
	vec![DEV_RUNTIME_PRESET.into(), LOCAL_TESTNET_RUNTIME_PRESET.into()]
}

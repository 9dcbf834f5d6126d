//! The chains that this runtime can start by itself.
//!
//! All presets use keys that everybody knows (`//Alice`, …) and are for tests and demonstrations only, and so is their
//! Paillier key, whose factors are published. `development` starts a chain of one authority, `local_testnet` one of four,
//! `local_testnet_seven` one of seven. In all of them the council is Alice, Bob and Charlie, and the certificate authority
//! `//CA`.
//!
//! The authority behind the account of `//Alice` has the session keys `//Alice` (`tdrf`) and `//Alice//tdsh` (`tdsh`),
//! the others likewise.
//!
//! The first dealings are fixed. `cargo run -p veilmart-runtime --example genesis_dealings` makes new ones; it has to
//! when authorities or ids change.

use alloc::{vec, vec::Vec};

use frame_support::build_struct_json_patch;
use pallet_certificates::{GenesisCertificate, Moment, Role, Roles};
use pallet_ecommerce::{GenesisKey, Terms};
use pallet_td_raft_election::GenesisAuthority;
use serde_json::Value;
use sp_core::{crypto::get_public_from_string_or_panic, sr25519, Bytes};
use veilmart_confidential::PARAMETER_SET;
use veilmart_paillier::test_keys;
use veilmart_td_raft::Timing;

pub use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};

use crate::{
	apis::SessionKeys, configs::LeastPeriod, AccountId, Balance, BalancesConfig, CertificatesConfig,
	CouncilConfig, EcommerceConfig, RuntimeGenesisConfig, SessionConfig, TdRaftConfig,
};

/// The preset of seven authorities.
pub const LOCAL_TESTNET_SEVEN_RUNTIME_PRESET: &str = "local_testnet_seven";

/// What each well-known account holds of the valueless token.
pub(crate) const ENDOWMENT: Balance = 1_000_000_000;

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

/// A chain that starts by itself. Its name is the id of its chain specification.
struct Preset {
	name: &'static str,
	/// The shops whose nodes are the authorities.
	authorities: &'static [&'static str],
	/// The other shops.
	others: &'static [&'static str],
	/// The first dealing, encoded; empty for a single authority.
	dealing: &'static [u8],
}

const PRESETS: [Preset; 3] = [
	Preset {
		name: DEV_RUNTIME_PRESET,
		authorities: &["Alice"],
		others: &["Bob", "Charlie"],
		dealing: &[],
	},
	Preset {
		name: LOCAL_TESTNET_RUNTIME_PRESET,
		authorities: &["Alice", "Bob", "Charlie", "Dave"],
		others: &[],
		dealing: include_bytes!("genesis_dealings/local_testnet.scale"),
	},
	Preset {
		name: LOCAL_TESTNET_SEVEN_RUNTIME_PRESET,
		authorities: &["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie", "One"],
		others: &[],
		dealing: include_bytes!("genesis_dealings/local_testnet_seven.scale"),
	},
];

/// The authority of the well-known key `//name`.
fn authority(name: &str) -> GenesisAuthority<AccountId> {
	let share_key = [name, "//tdsh"].concat();
	GenesisAuthority {
		account: well_known(name),
		tdrf: get_public_from_string_or_panic::<sr25519::Public>(name),
		tdsh: get_public_from_string_or_panic::<sr25519::Public>(&share_key),
	}
}

/// The authorities of a preset. Empty for a name that is none.
pub fn authorities(preset: &str) -> Vec<GenesisAuthority<AccountId>> {
	PRESETS
		.iter()
		.filter(|known| known.name == preset)
		.flat_map(|known| known.authorities)
		.map(|name| authority(name))
		.collect()
}

/// The shortest period in which somebody can lose money that the marketplace of a preset allows at its beginning, in
/// milliseconds.
pub fn least_period(preset: &str) -> Moment {
	let count = u16::try_from(authorities(preset).len()).unwrap_or(u16::MAX);
	LeastPeriod::of(&Timing::LOCAL, count)
}

/// The terms of trade of a preset: the default ones, with no period in which somebody can lose money shorter than
/// [`least_period`].
pub fn terms(preset: &str) -> Terms {
	let terms = Terms::default();
	let least = least_period(preset);
	Terms {
		grace_period: terms.grace_period.max(least),
		confirm_period: terms.confirm_period.max(least),
		resolve_period: terms.resolve_period.max(least),
		..terms
	}
}

/// The session keys of authorities, as genesis takes them: both accounts of an authority are the same.
pub(crate) fn session_keys(
	authorities: &[GenesisAuthority<AccountId>],
) -> impl Iterator<Item = (AccountId, AccountId, SessionKeys)> + '_ {
	authorities.iter().map(|authority| {
		let keys = SessionKeys {
			tdrf: authority.tdrf.into(),
			tdsh: authority.tdsh.into(),
		};
		(authority.account.clone(), authority.account.clone(), keys)
	})
}

/// A genesis with the preset's shops, the offices, the council and the certificate authority.
///
/// No view keys: each account registers its own. No records: each node tells where it is.
fn genesis(preset: &Preset) -> Value {
	let shops = preset.authorities.iter().chain(preset.others);
	let participants = shops.map(|name| shop(name)).chain(offices()).collect::<Vec<_>>();
	let authorities = preset
		.authorities
		.iter()
		.map(|name| authority(name))
		.collect::<Vec<_>>();
	let session_keys = session_keys(&authorities).collect::<Vec<_>>();
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
			terms: Some(terms(preset.name)),
		},
		council: CouncilConfig { members: council() },
		session: SessionConfig { keys: session_keys },
		td_raft: TdRaftConfig {
			chain_id: preset.name.into(),
			authorities,
			timing: Some(Timing::LOCAL),
			dealing: (!preset.dealing.is_empty()).then(|| Bytes(preset.dealing.to_vec())),
		},
	})
}

/// The preset's patch of the default genesis as JSON, or `None` for a name that is no preset.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let preset = PRESETS.iter().find(|preset| preset.name == id.as_str())?;
	serde_json::to_vec(&genesis(preset)).ok()
}

/// Sets the key of the certificate authority in a chain specification (`ecommerce.key` of the genesis). If that cannot be done, the
/// specification stays as it is.
#[cfg(feature = "std")]
pub fn set_ca_key(specification: &mut Value, key: Value) -> Result<(), &'static str> {
	let genesis = specification
		.pointer_mut("/genesis/runtimeGenesis")
		.ok_or("A raw chain specification has its key already; patch the plain one.")?;
	let config = ["patch", "config"]
		.into_iter()
		.find(|form| genesis.get(form).is_some())
		.ok_or("The chain specification has no genesis configuration.")?;
	let Some(config) = genesis[config].as_object_mut() else {
		return Err("The genesis configuration is no JSON object.");
	};
	let ecommerce = config
		.entry("ecommerce")
		.or_insert_with(|| Value::Object(Default::default()));
	let Some(ecommerce) = ecommerce.as_object_mut() else {
		return Err("The genesis configuration of the marketplace is no JSON object.");
	};
	ecommerce.insert("key".into(), key);
	Ok(())
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
	PRESETS.iter().map(|preset| preset.name.into()).collect()
}

//! The chains that this runtime can start by itself, with keys that everybody knows.
//!
//! The authority `//Alice` makes blocks with the sr25519 key and votes with the ed25519 key of that seed, the others
//! likewise.

use alloc::vec::Vec;

use frame_support::build_struct_json_patch;
use serde_json::Value;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_core::{
	crypto::{get_public_from_string_or_panic, DeriveJunction, DEV_PHRASE},
	ed25519, sr25519, Pair,
};
use sp_genesis_builder::PresetId;
pub use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};

use crate::{AccountId, AuraConfig, Balance, BalancesConfig, GrandpaConfig, RuntimeGenesisConfig};

/// The preset of four authorities.
pub const LOCAL_TESTNET_FOUR_RUNTIME_PRESET: &str = "local_testnet_four";

/// The well-known names. The first ones are the authorities, and all have money.
const NAMES: [&str; 6] = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie"];

/// The accounts `//0`, `//1`, … to this number (exclusive) have money, too: who wants to send many transactions at once
/// needs many senders.
pub const NUMBERED_ACCOUNTS: u32 = 1_000;

/// What each of these accounts holds.
const ENDOWMENT: Balance = 1 << 60;

/// Each preset and how many of the [`NAMES`] are its authorities.
const PRESETS: [(&str, usize); 3] = [
	(DEV_RUNTIME_PRESET, 1),
	(LOCAL_TESTNET_RUNTIME_PRESET, 2),
	(LOCAL_TESTNET_FOUR_RUNTIME_PRESET, 4),
];

/// The account of the well-known key `//name`.
fn well_known(name: &str) -> AccountId {
	get_public_from_string_or_panic::<sr25519::Public>(name).into()
}

/// The accounts `//0`, `//1`, …: what takes time, to stretch the phrase into a key, is done once for all of them.
fn numbered() -> impl Iterator<Item = AccountId> {
	let (root, _) = sr25519::Pair::from_phrase(DEV_PHRASE, None).expect("the phrase is a valid one");
	(0..NUMBERED_ACCOUNTS).map(move |number| {
		let path = [DeriveJunction::hard(u64::from(number))];
		let (pair, _) = root
			.derive(path.into_iter(), None)
			.expect("hard derivation does not fail");
		pair.public().into()
	})
}

/// A genesis with this many authorities.
fn genesis(authorities: usize) -> Value {
	let authorities = &NAMES[..authorities];
	let endowed = NAMES.iter().map(|name| well_known(name)).chain(numbered());
	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig {
			balances: endowed.map(|account| (account, ENDOWMENT)).collect::<Vec<_>>()
		},
		aura: AuraConfig {
			authorities: authorities
				.iter()
				.map(|name| AuraId::from(get_public_from_string_or_panic::<sr25519::Public>(name)))
				.collect::<Vec<_>>(),
		},
		grandpa: GrandpaConfig {
			authorities: authorities
				.iter()
				.map(|name| {
					let key = get_public_from_string_or_panic::<ed25519::Public>(name);
					(GrandpaId::from(key), 1)
				})
				.collect::<Vec<_>>(),
		},
	})
}

/// The preset's patch of the default genesis as JSON, or `None` for a name that is no preset.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let (_, authorities) = PRESETS.iter().find(|(name, _)| *name == id.as_str())?;
	serde_json::to_vec(&genesis(*authorities)).ok()
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
	PRESETS.iter().map(|(name, _)| (*name).into()).collect()
}

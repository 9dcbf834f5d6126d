//! The chains that the runtime can start by itself.

use std::collections::BTreeSet;

use pallet_certificates::Role;
use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;

use super::*;
use crate::{
	genesis_presets::{
		self, certificate_authority, LOCAL_TESTNET_RUNTIME_PRESET, LOCAL_TESTNET_SEVEN_RUNTIME_PRESET,
	},
	Balances, Certificates, Council,
};

#[test]
fn presets_are_named_and_nothing_else_is() {
	let names = genesis_presets::preset_names();
	assert_eq!(
		names,
		[
			DEV_RUNTIME_PRESET,
			LOCAL_TESTNET_RUNTIME_PRESET,
			LOCAL_TESTNET_SEVEN_RUNTIME_PRESET
		]
	);
	assert!(names
		.iter()
		.all(|name| genesis_presets::get_preset(name).is_some()));
	assert_eq!(genesis_presets::get_preset(&"staging".into()), None);
}

#[test]
fn presets_build_a_council_an_authority_and_certificates() {
	for (preset, shops) in [
		(DEV_RUNTIME_PRESET, 3),
		(LOCAL_TESTNET_RUNTIME_PRESET, 4),
		(LOCAL_TESTNET_SEVEN_RUNTIME_PRESET, 7),
	] {
		build(&preset_config(preset)).execute_with(|| {
			let council: BTreeSet<_> = pallet_collective::Members::<Runtime, _>::get()
				.into_iter()
				.collect();
			assert_eq!(
				council,
				genesis_presets::council().into_iter().collect(),
				"{preset}"
			);
			assert!(Council::is_member(&account(Sr25519Keyring::Alice)), "{preset}");

			assert_eq!(
				Certificates::certificate_authority(),
				Some(certificate_authority()),
				"{preset}"
			);
			assert!(
				System::providers(&certificate_authority()) > 0,
				"{preset}: the authority can send"
			);

			let with_role = |role| {
				pallet_certificates::Certificates::<Runtime>::iter()
					.filter(|(_, certificate)| certificate.roles.contains(role))
					.count()
			};
			assert_eq!(with_role(Role::Seller), shops, "{preset}");
			for office in [Role::Issuer, Role::Arbiter, Role::Auditor] {
				assert_eq!(with_role(office), 1, "{preset}: {office:?}");
			}
			for (holder, _) in pallet_certificates::Certificates::<Runtime>::iter() {
				assert!(
					Balances::free_balance(&holder) > 0,
					"{preset}: {holder} has some of the token"
				);
			}
		});
	}
}

#[test]
fn an_unknown_field_is_refused() {
	let mut config = preset_config(DEV_RUNTIME_PRESET);
	merge(&mut config, serde_json::json!({ "sudo": {} }));
	TestExternalities::new_empty().execute_with(|| {
		let json = serde_json::to_vec(&config).expect("a JSON value is printable");
		assert!(<Runtime as GenesisBuilder<crate::Block>>::build_state(json).is_err());
	});
}

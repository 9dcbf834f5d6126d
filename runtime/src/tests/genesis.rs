//! The chains that the runtime can start by itself.

use std::collections::BTreeSet;

use pallet_certificates::{GenesisCertificate, Role};
use pallet_ecommerce::{CurrentTerms, Terms};
use pallet_td_raft_election::{Current, CurrentDealing, CurrentTiming, GenesisAuthority};
use sp_core::sr25519;
use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;
use veilmart_td_raft::{genesis_binding, genesis_context, AuthoritySet, SetId, Timing};

use super::*;
use crate::{
	consortium::Consortium,
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

/// A day, in milliseconds.
const DAY: u64 = 86_400_000;

/// A consortium of so many shops with keys that nobody had before; the first is the council, and has the role of an issuer, too.
fn strangers(count: usize) -> Consortium {
	let key = || sr25519::Pair::generate().0.public();
	let authorities: Vec<_> = (0..count)
		.map(|_| GenesisAuthority {
			account: AccountId::from(key()),
			tdrf: key(),
			tdsh: key(),
		})
		.collect();
	let certificates = authorities.iter().map(|authority| {
		let certificate = GenesisCertificate {
			roles: [Role::Seller, Role::Issuer, Role::Validator].into(),
			organisation: "A shop".into(),
			view_key: None,
			valid_until: None,
		};
		(authority.account.clone(), certificate)
	});
	let first = authorities[0].account.clone();
	Consortium {
		chain_id: "strangers".into(),
		ca: AccountId::from(key()),
		council: vec![first.clone()],
		certificates: certificates.collect(),
		issuer_quotas: vec![(first, 1_000)],
		terms: Terms {
			confirm_period: 7 * DAY,
			grace_period: DAY,
			resolve_period: DAY,
			..Terms::default()
		},
		timing: Timing {
			idle_block_interval: 6_000,
			..Timing::LOCAL
		},
		authorities,
	}
}

#[test]
fn a_consortium_of_strangers_begins_with_what_it_says_and_a_dealing_of_its_own() {
	let consortium = strangers(4);
	let genesis = consortium.genesis().expect("the keys are good");
	// The key of the ledger is that of the preset, everything else is replaced.
	let mut config = preset_config(DEV_RUNTIME_PRESET);
	merge(&mut config, genesis.clone());
	build(&config).execute_with(|| {
		assert_eq!(
			pallet_collective::Members::<Runtime, _>::get(),
			consortium.council
		);
		assert_eq!(
			Certificates::certificate_authority().as_ref(),
			Some(&consortium.ca)
		);
		let holders: BTreeSet<_> = pallet_certificates::Certificates::<Runtime>::iter_keys().collect();
		let accounts = consortium
			.authorities
			.iter()
			.map(|authority| authority.account.clone());
		assert_eq!(holders, accounts.collect());
		assert!(
			System::providers(&consortium.ca) > 0,
			"the certificate authority can send"
		);
		assert_eq!(CurrentTerms::<Runtime>::get(), consortium.terms);
		assert_eq!(CurrentTiming::<Runtime>::get(), consortium.timing);

		let mut members: Vec<_> = consortium
			.authorities
			.iter()
			.map(|genesis| genesis.authority())
			.collect();
		members.sort();
		let set = AuthoritySet::new(SetId(0), members).expect("different keys");
		let roster = Current::<Runtime>::get().expect("there are authorities");
		assert_eq!(roster.set, set);
		let dealing = CurrentDealing::<Runtime>::get().expect("four authorities need one");
		let verifies = |chain_id| {
			let context = genesis_context(genesis_binding(chain_id, &set));
			dealing
				.verify(&context, &set.share_keys().expect("points"))
				.is_ok()
		};
		assert!(verifies("strangers"));
		assert!(!verifies("others"), "it is bound to the chain's id");
	});
	let again = consortium.genesis().expect("the keys are good");
	assert_ne!(
		again["tdRaft"]["dealing"], genesis["tdRaft"]["dealing"],
		"each is drawn anew"
	);
}

#[test]
fn a_single_stranger_needs_no_dealing_and_twins_get_none() {
	let alone = strangers(1).genesis().expect("a good key");
	assert!(alone["tdRaft"]["dealing"].is_null());
	let mut twins = strangers(4);
	twins.authorities[3].tdrf = twins.authorities[0].tdrf;
	assert!(twins.genesis().is_err());
}

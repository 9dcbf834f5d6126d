//! What a chain does not start with.

use crate::{mock::*, GenesisConfig, GenesisKey, Terms};
use rand_core::OsRng;
use sp_runtime::BuildStorage;
use veilmart_confidential::PARAMETER_SET;
use veilmart_paillier::{generate, BlumProof, ParameterSet, PrimeKind};

/// Why genesis with this configuration is refused.
fn refusal(config: GenesisConfig<Test>) -> String {
	sp_io::TestExternalities::new_empty()
		.execute_with(|| config.build_or_explain().expect_err("this genesis is malformed"))
}

fn with_key(key: GenesisKey) -> GenesisConfig<Test> {
	GenesisConfig {
		key: Some(key),
		..Default::default()
	}
}

#[test]
fn the_published_key_is_accepted_and_its_base_derived() {
	execute(|| {
		let market = Ecommerce::market();
		assert_eq!(market.modulus, test_key().modulus);
		let key = veilmart_paillier::PublicKey::from_modulus(&market.modulus).unwrap();
		assert_eq!(market.nonce_base.as_ref(), key.h_s_bytes());
	});
}

#[test]
fn a_key_of_the_wrong_length_is_refused() {
	let key = GenesisKey {
		modulus: veilmart_paillier::test_keys::modulus(ParameterSet::Paillier3072).to_vec(),
		proof: veilmart_paillier::test_keys::proof(ParameterSet::Paillier3072).to_vec(),
	};
	assert_eq!(
		refusal(with_key(key)),
		"the key has 3072 bits, this runtime is for 2048"
	);
	let mut short = test_key();
	short.modulus.remove(0);
	assert_eq!(
		refusal(with_key(short)),
		"the key has 2040 bits, this runtime is for 2048"
	);
}

#[test]
fn a_key_without_its_proof_is_refused() {
	let mut none = test_key();
	none.proof.clear();
	assert!(refusal(with_key(none)).contains("the proof has a wrong length"));
	let mut flipped = test_key();
	flipped.proof[1_000] ^= 1;
	assert!(refusal(with_key(flipped)).contains("not shown to be well formed"));
	let mut even = test_key();
	even.modulus[255] ^= 1;
	assert!(refusal(with_key(even)).contains("even"));
	// The proof of another key.
	let other = generate(PARAMETER_SET, PrimeKind::Plain, &mut OsRng, &mut || {});
	let foreign = BlumProof::prove(&other, &mut OsRng).unwrap().as_bytes().to_vec();
	let mut key = test_key();
	key.proof = foreign;
	assert!(refusal(with_key(key)).contains("not shown to be well formed"));
}

#[test]
fn quotas_beyond_the_ledger_are_refused() {
	let config = GenesisConfig::<Test> {
		issuer_quotas: vec![(ISSUER.to_account_id(), u64::MAX), (BUYER.to_account_id(), 1)],
		..Default::default()
	};
	assert_eq!(refusal(config), "the issuers' quotas together exceed 2^64");
	let config = GenesisConfig::<Test> {
		issuer_quotas: vec![(ISSUER.to_account_id(), 1), (ISSUER.to_account_id(), 1)],
		..Default::default()
	};
	assert!(refusal(config).contains("two quotas"));
}

#[test]
fn cheating_must_not_pay() {
	let terms = Terms {
		penalty_share: 2,
		..Default::default()
	};
	let config = GenesisConfig::<Test> {
		terms: Some(terms),
		..Default::default()
	};
	assert!(refusal(config).contains("would make cheating a seller pay"));
	let terms = Terms {
		bond_multiple: 0,
		..Default::default()
	};
	let config = GenesisConfig::<Test> {
		terms: Some(terms),
		..Default::default()
	};
	assert!(refusal(config).contains("a bond is at least the total"));
}

#[test]
#[should_panic(expected = "marketplace in genesis: the key is not shown to be well formed")]
fn a_malformed_genesis_stops_the_chain() {
	let mut key = test_key();
	key.proof[5] ^= 1;
	let _ = RuntimeGenesisConfig {
		ecommerce: with_key(key),
		..Default::default()
	}
	.build_storage();
}

#[test]
fn genesis_reads_as_json() {
	let text = serde_json::json!({
		"key": { "modulus": "0x0102", "proof": "0x03" },
		"issuerQuotas": [],
		"terms": null,
	});
	let config: GenesisConfig<Test> = serde_json::from_value(text).unwrap();
	assert_eq!(config.key.unwrap().modulus, vec![1, 2]);
}

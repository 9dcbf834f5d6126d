//! What a chain does not start with.

use super::quota::{example, traders_calls};
use crate::{mock::*, Error, GenesisConfig, GenesisKey, Modulus, Terms};
use frame_support::{assert_noop, dispatch::GetDispatchInfo};
use num_bigint::BigUint;
use rand_core::OsRng;
use sp_runtime::{
	transaction_validity::{InvalidTransaction, TransactionValidityError},
	BuildStorage,
};
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
	let bits = PARAMETER_SET.modulus_bits();
	let other = match PARAMETER_SET {
		ParameterSet::Paillier2048 => ParameterSet::Paillier3072,
		ParameterSet::Paillier3072 => ParameterSet::Paillier2048,
	};
	let key = GenesisKey {
		modulus: veilmart_paillier::test_keys::modulus(other).to_vec(),
		proof: veilmart_paillier::test_keys::proof(other).to_vec(),
	};
	assert_eq!(
		refusal(with_key(key)),
		format!(
			"the key has {} bits, this runtime is for {bits}",
			other.modulus_bits()
		)
	);
	let mut short = test_key();
	short.modulus.remove(0);
	assert_eq!(
		refusal(with_key(short)),
		format!("the key has {} bits, this runtime is for {bits}", bits - 8)
	);
	let mut long = test_key();
	long.modulus.insert(0, 0);
	assert_eq!(
		refusal(with_key(long)),
		format!("the key has {} bits, this runtime is for {bits}", bits + 8)
	);
	// As long as it should be, and a number that is shorter.
	let mut small = test_key();
	small.modulus[0] = 0;
	assert!(refusal(with_key(small)).contains("length"));
}

/// The largest (probable) prime below `limit` that is 3 modulo 4.
fn prime_below(limit: &BigUint) -> BigUint {
	let mut candidate = limit - 1u32;
	while &candidate % 4u32 != BigUint::from(3u32) {
		candidate -= 1u32;
	}
	let is_prime = |n: &BigUint| {
		[2u32, 3, 5, 7]
			.into_iter()
			.all(|base| BigUint::from(base).modpow(&(n - 1u32), n) == BigUint::from(1u32))
	};
	while !is_prime(&candidate) {
		candidate -= 4u32;
	}
	candidate
}

#[test]
fn a_square_and_a_product_of_three_primes_are_refused() {
	let bits = PARAMETER_SET.modulus_bits() as u32;
	let limit = |bits: u32| BigUint::from(1u32) << bits;
	let half = prime_below(&limit(bits / 2));
	let square = &half * &half;
	let mut rest = bits;
	let mut three = BigUint::from(1u32);
	let mut last = limit(bits);
	for factors in (1..=3).rev() {
		let size = rest.div_ceil(factors);
		rest -= size;
		last = prime_below(&limit(size).min(last));
		three *= &last;
	}
	for modulus in [square, three] {
		assert_eq!(modulus.bits(), u64::from(bits), "only the shape is wrong");
		let key = GenesisKey {
			modulus: modulus.to_bytes_be(),
			// How much better a cheat could do is bounded in docs/confidential-commerce.md: 2^-128 for three primes.
			proof: test_key().proof,
		};
		assert!(refusal(with_key(key)).contains("not shown to be well formed"));
	}
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
	*even.modulus.last_mut().unwrap() ^= 1;
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
	let terms = Terms {
		grace_period: 39_999,
		..Default::default()
	};
	let config = GenesisConfig::<Test> {
		terms: Some(terms),
		..Default::default()
	};
	assert!(refusal(config).contains("longer than leaders"));
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
fn without_a_key_no_call_with_a_proof_is_possible() {
	let mut proved = Vec::new();
	for name in traders_calls() {
		execute(|| {
			let (party, call) = example(name);
			if !call.get_dispatch_info().call_weight.all_gte(PROOF) {
				return;
			}
			proved.push(name);
			Modulus::<Test>::kill();
			// Whatever a verifier would say of it.
			VerifyBy::set(By::Credulous);
			assert_noop!(party.dispatch(call.clone()), Error::<Test>::NoKey);
			// The pallet's codes begin at 32, and there are 20 errors before this one.
			let refused = TransactionValidityError::from(InvalidTransaction::Custom(52));
			assert_eq!(party.offer(&call).unwrap_err(), refused, "{name}");
		});
	}
	let expected = [
		"issue", "list", "order", "accept", "dispute", "transfer", "redeem", "refresh", "reprice", "restock",
	];
	assert_eq!(proved, expected);
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

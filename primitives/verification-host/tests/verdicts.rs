//! Both ways of verification give the same verdict, and the memory remembers what it should.

use codec::{Decode, Encode};
use rand_core::{OsRng, RngCore};
use std::sync::{Mutex, MutexGuard, PoisonError};
use veilmart_confidential::{statements, Context, ProofError, Prover, Statement, Witness, PARAMETER_SET};
use veilmart_paillier::{test_keys, Encryptor, FreshNonce, Opening, PublicKey};
use veilmart_verification_host::{forget_everything, remembered, LedgerKey, Native, Portable, Verification};

/// The memory belongs to the process, so that tests which look at it take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
	let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
	forget_everything();
	turn
}

/// The two ways.
#[derive(Clone, Copy, Debug)]
enum Backend {
	Native,
	Portable,
}

fn verify(backend: Backend, key: LedgerKey, statement: &Statement, proof: &[u8]) -> Result<(), ProofError> {
	match backend {
		Backend::Native => Native::verify(key, statement, proof),
		Backend::Portable => Portable::verify(key, statement, proof),
	}
}

struct Fixture {
	h_s: Vec<u8>,
	prover: Prover,
}

impl Fixture {
	fn new() -> Self {
		let key = PublicKey::from_modulus(test_keys::modulus(PARAMETER_SET)).unwrap();
		Self {
			h_s: key.h_s_bytes(),
			prover: Prover::new(Encryptor::new(key)),
		}
	}

	/// A listing, proved.
	fn listing(&self, price: u64, seq: u64) -> (Statement, Vec<u8>) {
		let encryptor = self.prover.encryptor();
		let openings: Vec<_> = [price, 40, 85_123]
			.map(|value| Opening {
				value,
				nonce: FreshNonce::random(PARAMETER_SET, &mut OsRng).nonce().clone(),
			})
			.into();
		let c: Vec<_> = openings
			.iter()
			.map(|opening| {
				encryptor
					.key()
					.encode(&encryptor.encrypt_opening(opening).unwrap())
			})
			.collect();
		let context = Context {
			genesis: [1; 32],
			account: [2; 32],
			seq,
			salt: [3; 16],
		};
		let statement = statements::list(PARAMETER_SET, &context, &c[0], &c[1], &c[2], [4; 32]);
		let witness = Witness {
			values: openings.iter().map(|opening| opening.value).collect(),
			nonces: openings.iter().map(|opening| opening.nonce.clone()).collect(),
		};
		let proof = self.prover.prove(&statement, &witness, &mut OsRng).unwrap();
		(statement, proof)
	}

	fn verdict(&self, backend: Backend, statement: &Statement, proof: &[u8]) -> Result<(), ProofError> {
		let key = LedgerKey {
			modulus: test_keys::modulus(PARAMETER_SET),
			h_s: &self.h_s,
		};
		verify(backend, key, statement, proof)
	}
}

#[test]
fn both_ways_agree_on_honest_and_on_mutated_proofs() {
	let _turn = turn();
	let fixture = Fixture::new();
	let (statement, proof) = fixture.listing(255, 0);
	for backend in [Backend::Native, Backend::Portable] {
		assert_eq!(
			fixture.verdict(backend, &statement, &proof),
			Ok(()),
			"{backend:?}"
		);
	}
	for at in (0..proof.len()).step_by(41) {
		let mut mutated = proof.clone();
		mutated[at] ^= 1 << (at % 8);
		let native = fixture.verdict(Backend::Native, &statement, &mutated);
		assert!(native.is_err(), "byte {at} changed and accepted");
		assert_eq!(
			native,
			fixture.verdict(Backend::Portable, &statement, &mutated),
			"byte {at}"
		);
	}
	let encoded = statement.encode();
	let mut decoded = 0;
	for at in (0..encoded.len()).step_by(23) {
		let mut mutated = encoded.clone();
		mutated[at] ^= 1 << (at % 8);
		let Ok(other) = Statement::decode(&mut &mutated[..]) else {
			continue;
		};
		decoded += 1;
		let native = fixture.verdict(Backend::Native, &other, &proof);
		assert!(native.is_err(), "byte {at} of the statement changed and accepted");
		assert_eq!(
			native,
			fixture.verdict(Backend::Portable, &other, &proof),
			"byte {at} of the statement"
		);
	}
	assert!(decoded > 20, "most mutations hit ciphertexts and decode");
	for len in [0, 1, proof.len() - 1, proof.len() + 1] {
		let mut bytes = vec![0; len];
		OsRng.fill_bytes(&mut bytes);
		for backend in [Backend::Native, Backend::Portable] {
			assert_eq!(
				fixture.verdict(backend, &statement, &bytes),
				Err(ProofError::Length)
			);
		}
	}
}

#[test]
fn positive_verdicts_are_remembered_and_no_others() {
	let _turn = turn();
	let fixture = Fixture::new();
	let modulus = test_keys::modulus(PARAMETER_SET);
	let (statement, proof) = fixture.listing(255, 1);
	assert!(!remembered(modulus, &statement, &proof));
	let mut bad = proof.clone();
	bad[100] ^= 1;
	assert!(fixture.verdict(Backend::Native, &statement, &bad).is_err());
	assert!(
		!remembered(modulus, &statement, &bad),
		"a refusal is not remembered"
	);
	fixture.verdict(Backend::Native, &statement, &proof).unwrap();
	assert!(remembered(modulus, &statement, &proof));
	// What is remembered is this proof of this statement under this key.
	let (other, _) = fixture.listing(255, 2);
	assert!(!remembered(modulus, &other, &proof));
	assert!(!remembered(&modulus[1..], &statement, &proof));
	assert_eq!(
		fixture.verdict(Backend::Native, &other, &proof),
		Err(ProofError::Challenge)
	);
	forget_everything();
	assert!(!remembered(modulus, &statement, &proof));
	fixture.verdict(Backend::Native, &statement, &proof).unwrap();
}

#[test]
fn the_portable_way_remembers_nothing() {
	let _turn = turn();
	let fixture = Fixture::new();
	let (statement, proof) = fixture.listing(255, 3);
	fixture.verdict(Backend::Portable, &statement, &proof).unwrap();
	assert!(!remembered(test_keys::modulus(PARAMETER_SET), &statement, &proof));
}

#[test]
fn a_malformed_key_is_a_refusal() {
	let _turn = turn();
	let fixture = Fixture::new();
	let (statement, proof) = fixture.listing(255, 4);
	let mut even = test_keys::modulus(PARAMETER_SET).to_vec();
	*even.last_mut().unwrap() ^= 1;
	for backend in [Backend::Native, Backend::Portable] {
		for modulus in [&even[..], &even[1..], &[]] {
			let key = LedgerKey {
				modulus,
				h_s: &fixture.h_s,
			};
			assert_eq!(
				verify(backend, key, &statement, &proof),
				Err(ProofError::Statement)
			);
		}
	}
}

//! Both ways of verification give the same verdict, and the memory remembers what it should: nobody outside the process can put
//! anything into it but valid proofs, each under its own name.

use codec::{Decode, Encode};
use rand_core::{OsRng, RngCore};
use std::{
	sync::{Barrier, Mutex, MutexGuard, PoisonError},
	thread,
};
use veilmart_confidential::{
	statements::{self, ListingName},
	Context, ProofError, Prover, Statement, Witness, PARAMETER_SET,
};
use veilmart_paillier::{
	test_keys, CiphertextError, Encryptor, FreshNonce, Opening, ParameterSet, PublicKey,
};
use veilmart_verification_host::{
	bad, confidential_verification, forget_everything, remembered, unseen, verified, LedgerKey, Native,
	Portable, Turned, Verification, CAPACITY,
};

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

fn context(seq: u64) -> Context {
	Context {
		genesis: [1; 32],
		account: [2; 32],
		seq,
		salt: [3; 16],
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
		let statement = statements::list(PARAMETER_SET, &context(seq), &c[0], &c[1], &c[2], [4; 32]);
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

/// For each reason of refusal a listing and a proof that are refused for it.
fn refused(fixture: &Fixture) -> Vec<(ProofError, Statement, Vec<u8>)> {
	let (statement, proof) = fixture.listing(255, 5);
	// Three values, three equations: V, e, z, w, t, and the Bulletproof.
	let w_len = PARAMETER_SET.nonce_bits() / 8 + 48;
	let (v, e) = (1, 1 + 96);
	let z = e + 16;
	let w = z + 96;
	let t = w + 3 * w_len;
	let last = proof.len() - 32;
	let with = |at: usize, bytes: &[u8]| {
		let mut changed = proof.clone();
		changed[at..at + bytes.len()].copy_from_slice(bytes);
		(statement.clone(), changed)
	};
	let len = PARAMETER_SET.ciphertext_bytes();
	let with_price = |price: &[u8]| {
		let other = vec![7; len];
		(
			statements::list(PARAMETER_SET, &context(5), price, &other, &other, [4; 32]),
			proof.clone(),
		)
	};
	let modulus = test_keys::modulus(PARAMETER_SET);
	let multiple = [&vec![0; len - modulus.len()], modulus].concat();
	let set = ParameterSet::ALL
		.into_iter()
		.find(|set| *set != PARAMETER_SET)
		.expect("there are two");
	let c = vec![7; set.ciphertext_bytes()];
	let elsewhere = statements::list(set, &context(5), &c, &c, &c, [4; 32]);
	let cases = [
		(ProofError::Statement, (elsewhere, proof.clone())),
		(ProofError::Length, (statement.clone(), proof[1..].to_vec())),
		(ProofError::Version, with(0, &[2])),
		(
			ProofError::Ciphertext(CiphertextError::Zero),
			with_price(&vec![0; len]),
		),
		(
			ProofError::Ciphertext(CiphertextError::NotReduced),
			with_price(&vec![0xff; len]),
		),
		(
			ProofError::Ciphertext(CiphertextError::NotUnit),
			with_price(&multiple),
		),
		(ProofError::Point, with(v, &[0xff; 32])),
		(ProofError::Scalar, with(t, &[0xff; 32])),
		(ProofError::ValueResponse, with(z, &[0xff; 32])),
		(ProofError::NonceResponse, with(w, &vec![0; w_len])),
		(ProofError::Challenge, with(e, &[!proof[e]])),
		(ProofError::Range, with(last, &[0; 32])),
	];
	cases
		.into_iter()
		.map(|(error, (statement, proof))| (error, statement, proof))
		.collect()
}

#[test]
fn what_is_asked_by_several_at_once_is_verified_once() {
	let _turn = turn();
	let fixture = Fixture::new();
	let (statement, proof) = fixture.listing(12, 0);
	let before = verified();
	let start = Barrier::new(8);
	thread::scope(|scope| {
		for _ in 0..8 {
			scope.spawn(|| {
				start.wait();
				assert_eq!(fixture.verdict(Backend::Native, &statement, &proof), Ok(()));
			});
		}
	});
	assert_eq!(verified() - before, 1);
}

/// Whatever the order in which they come to it: what is under way counts, too.
#[test]
fn of_bad_proofs_that_come_at_once_a_node_looks_at_ten() {
	const CALLERS: u64 = 8;
	const EACH: u64 = 5;
	let _turn = turn();
	let fixture = Fixture::new();
	let (_, proof) = fixture.listing(12, 0);
	let ciphertext = vec![7; PARAMETER_SET.ciphertext_bytes()];
	let key = LedgerKey {
		modulus: test_keys::modulus(PARAMETER_SET),
		h_s: &fixture.h_s,
	};
	let before = (verified(), bad(), unseen());
	let start = Barrier::new(CALLERS as usize);
	thread::scope(|scope| {
		for caller in 0..CALLERS {
			let (start, proof, ciphertext) = (&start, &proof, &ciphertext);
			scope.spawn(move || {
				start.wait();
				for seq in caller * EACH..(caller + 1) * EACH {
					// The proof is one for something else.
					let other = statements::list(
						PARAMETER_SET,
						&context(1 + seq),
						ciphertext,
						ciphertext,
						ciphertext,
						[4; 32],
					);
					let turned = Native::verify_at_door(key, &other, proof);
					assert!(
						matches!(turned, Err(Turned::Bad(ProofError::Challenge) | Turned::Unseen)),
						"{turned:?}"
					);
				}
			});
		}
	});
	assert_eq!(verified() - before.0, 10);
	assert_eq!(bad() - before.1, 10);
	assert_eq!(unseen() - before.2, CALLERS * EACH - 10);
}

/// Else whoever has caught one could keep its account from being heard.
#[test]
fn a_bad_proof_that_is_sent_again_and_again_silences_nobody() {
	let _turn = turn();
	let fixture = Fixture::new();
	let (statement, proof) = fixture.listing(12, 0);
	let (other, _) = fixture.listing(12, 1);
	let key = LedgerKey {
		modulus: test_keys::modulus(PARAMETER_SET),
		h_s: &fixture.h_s,
	};
	let before = (verified(), bad(), unseen());
	for _ in 0..30 {
		// The proof is one for something else.
		let turned = Native::verify_at_door(key, &other, &proof);
		assert_eq!(turned, Err(Turned::Bad(ProofError::Challenge)));
	}
	assert_eq!((verified() - before.0, bad() - before.1), (1, 1));
	assert_eq!(Native::verify_at_door(key, &statement, &proof), Ok(()));
	assert_eq!(unseen(), before.2);
}

#[test]
fn no_refusal_is_remembered_whatever_its_reason() {
	let _turn = turn();
	let fixture = Fixture::new();
	let modulus = test_keys::modulus(PARAMETER_SET);
	let refused = refused(&fixture);
	for (reason, statement, proof) in &refused {
		// The second time it would come from the memory.
		for backend in [Backend::Native, Backend::Native, Backend::Portable] {
			assert_eq!(
				fixture.verdict(backend, statement, proof),
				Err(*reason),
				"{backend:?}"
			);
			assert!(!remembered(modulus, statement, proof), "{reason:?} is remembered");
		}
	}
	let unreachable = ProofError::Ciphertext(CiphertextError::Length);
	for reason in ProofError::ALL {
		assert!(
			reason == unreachable || refused.iter().any(|(known, ..)| *known == reason),
			"{reason:?} was not tried"
		);
	}
}

#[test]
fn a_remembered_proof_opens_no_door_for_other_bytes() {
	let _turn = turn();
	let fixture = Fixture::new();
	let modulus = test_keys::modulus(PARAMETER_SET);
	let (statement, proof) = fixture.listing(255, 6);
	let encoded = statement.encode();
	let ask = confidential_verification::verify;
	assert_eq!(ask(modulus, &encoded, &proof), 0);
	assert!(remembered(modulus, &statement, &proof));
	// The same bytes in a row, divided elsewhere: the memory's names keep the parts apart.
	let row = [modulus, &encoded, &proof].concat();
	let (first, second) = (modulus.len(), modulus.len() + encoded.len());
	for (first, second) in [
		(first - 1, second),
		(first + 1, second),
		(first, second - 1),
		(first, second + 1),
		(0, second),
		(first, first),
		(first, row.len()),
	] {
		let (modulus, rest) = row.split_at(first);
		let (statement, proof) = rest.split_at(second - first);
		assert_ne!(
			ask(modulus, statement, proof),
			0,
			"divided at {first} and {second}"
		);
	}
	// Parts that are missing, doubled or exchanged.
	for (m, s, p) in [
		(modulus, &encoded[..], &[][..]),
		(modulus, &[], &proof),
		(&[], &encoded, &proof),
		(modulus, &proof, &encoded),
		(&encoded, modulus, &proof),
		(modulus, &[&encoded[..], &[0]].concat(), &proof),
		(modulus, &encoded, &[&proof[..], &[0]].concat()),
		(&[&[0], modulus].concat(), &encoded, &proof),
	] {
		assert_ne!(ask(m, s, p), 0);
	}
	assert_eq!(
		ask(modulus, &encoded, &proof),
		0,
		"and the proof is as good as before"
	);
}

#[test]
#[ignore = "proves and verifies more than sixteen thousand times: some minutes"]
fn the_memory_is_bounded_and_forgets_what_was_not_asked_for_the_longest() {
	let _turn = turn();
	let fixture = Fixture::new();
	let modulus = test_keys::modulus(PARAMETER_SET);
	let encryptor = fixture.prover.encryptor();
	let price = Opening {
		value: 255,
		nonce: FreshNonce::random(PARAMETER_SET, &mut OsRng).nonce().clone(),
	};
	let c = encryptor
		.key()
		.encode(&encryptor.encrypt_opening(&price).unwrap());
	let listing = ListingName {
		seller: [2; 32],
		seq: 0,
	};
	let witness = Witness {
		values: vec![price.value],
		nonces: vec![price.nonce.clone()],
	};
	let make = |seq: u64| {
		let statement = statements::reprice(PARAMETER_SET, &context(seq), listing, 0, &c, [4; 32]);
		let proof = fixture.prover.prove(&statement, &witness, &mut OsRng).unwrap();
		fixture.verdict(Backend::Native, &statement, &proof).unwrap();
		(statement, proof)
	};
	let known = |(statement, proof): &(Statement, Vec<u8>)| remembered(modulus, statement, proof);
	let (first, second) = (make(0), make(1));
	for seq in 2..u64::from(CAPACITY) {
		make(seq);
	}
	assert!(
		known(&first) && known(&second),
		"the memory is full and holds all"
	);
	// Asked for again, so that the second is now the oldest.
	fixture.verdict(Backend::Native, &first.0, &first.1).unwrap();
	let last = make(u64::from(CAPACITY));
	assert!(known(&first) && known(&last));
	assert!(!known(&second), "one more than the memory holds");
	fixture.verdict(Backend::Native, &second.0, &second.1).unwrap();
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

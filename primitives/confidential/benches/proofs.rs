//! Proving and verifying the two largest statements of a purchase, on one core: `make bench`.

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion};
use rand_core::OsRng;
use veilmart_confidential::{
	statements::{self, AcceptParts, ListingName, OrderName, OrderParts, Terms},
	Context, Prover, Statement, Verifier, Witness,
};
use veilmart_paillier::{test_keys, Encryptor, FreshNonce, Opening, ParameterSet, PublicKey};

const TERMS: Terms = Terms {
	accept_period: 60_000,
	ship_period: 120_000,
	grace_period: 60_000,
	confirm_period: 120_000,
	resolve_period: 120_000,
	bond_multiple: 10,
	penalty_share: 0,
};

const LISTING: ListingName = ListingName {
	seller: [5; 32],
	seq: 6,
};

const CONTEXT: Context = Context {
	genesis: [1; 32],
	account: [2; 32],
	seq: 3,
	salt: [4; 16],
};

/// An order of 6 pieces at 2.55 by a buyer who has 100.00.
fn order(prover: &Prover) -> (Statement, Witness) {
	let encryptor = prover.encryptor();
	let key = encryptor.key();
	let set = key.set();
	let opening = |value| Opening {
		value,
		nonce: FreshNonce::random(set, &mut OsRng).nonce().clone(),
	};
	let encrypt = |opening: &Opening| {
		encryptor
			.encrypt_opening(opening)
			.map(|c| key.encode(&c))
			.expect("in range")
	};
	let (price, quantity, balance) = (opening(255), opening(6), opening(10_000));
	let rho = FreshNonce::random(set, &mut OsRng);
	let mut total = price.scale(6).expect("small");
	total.nonce = total.nonce.add(rho.nonce());
	let after = balance.sub(&total).expect("enough");
	let [p, x, s, b] = [&price, &quantity, &total, &after].map(encrypt);
	let statement = statements::order(
		set,
		&CONTEXT,
		&OrderParts {
			listing: LISTING,
			version: 0,
			terms: TERMS,
			price: &p,
			quantity: &x,
			total: &s,
			balance_after: &b,
			own_note: [7; 32],
			note: [8; 32],
			quote: [9; 32],
		},
	);
	let witness = Witness {
		values: vec![6, after.value],
		nonces: vec![quantity.nonce.clone(), rho.nonce().clone(), after.nonce.clone()],
	};
	(statement, witness)
}

/// Its acceptance by a seller who has 14 pieces and 84.70 afterwards.
fn accept(prover: &Prover) -> (Statement, Witness) {
	let encryptor = prover.encryptor();
	let key = encryptor.key();
	let set = key.set();
	let opened = [6, 1_530, 14, 8_470].map(|value| Opening {
		value,
		nonce: FreshNonce::random(set, &mut OsRng).nonce().clone(),
	});
	let [x, s, stock, balance] = [0, 1, 2, 3].map(|i: usize| {
		let ciphertext = encryptor.encrypt_opening(&opened[i]).expect("in range");
		key.encode(&ciphertext)
	});
	let statement = statements::accept(
		set,
		&CONTEXT,
		&AcceptParts {
			order: OrderName {
				buyer: [7; 32],
				seq: 8,
			},
			listing: LISTING,
			terms: TERMS,
			quantity: &x,
			total: &s,
			stock_after: &stock,
			balance_after: &balance,
			own_note: [9; 32],
			stock_note: [10; 32],
		},
	);
	let witness = Witness {
		values: vec![opened[2].value, opened[3].value],
		nonces: vec![opened[2].nonce.clone(), opened[3].nonce.clone()],
	};
	(statement, witness)
}

fn proofs(c: &mut Criterion) {
	for set in ParameterSet::ALL {
		let key = PublicKey::from_modulus(test_keys::modulus(set)).expect("the test keys are well formed");
		let prover = Prover::new(Encryptor::new(key.clone()));
		let verifier = Verifier::new(key.clone());
		let (statement, witness) = order(&prover);
		let proof = prover
			.prove(&statement, &witness, &mut OsRng)
			.expect("an honest witness");
		verifier.verify(&statement, &proof).expect("an honest proof");
		let (acceptance, accept_witness) = accept(&prover);
		let accept_proof = prover
			.prove(&acceptance, &accept_witness, &mut OsRng)
			.expect("an honest witness");
		verifier
			.verify(&acceptance, &accept_proof)
			.expect("an honest proof");
		let mut group = c.benchmark_group(set.name());
		group.sample_size(20);
		let name = |what: &str| BenchmarkId::from_parameter(what);
		group.bench_function(name("prove order"), |b| {
			b.iter(|| prover.prove(&statement, &witness, &mut OsRng))
		});
		group.bench_function(name("verify order"), |b| {
			b.iter(|| verifier.verify(&statement, &proof))
		});
		group.bench_function(name("verify accept"), |b| {
			b.iter(|| verifier.verify(&acceptance, &accept_proof))
		});
		group.sample_size(10);
		group.bench_function(name("verify order, nothing prepared"), |b| {
			b.iter(|| Verifier::verify_once(key.clone(), &statement, &proof))
		});
		group.bench_function(name("tables of a verifier"), |b| {
			b.iter(|| Verifier::new(key.clone()))
		});
		group.finish();
	}
}

criterion_group!(benches, proofs);
criterion_main!(benches);

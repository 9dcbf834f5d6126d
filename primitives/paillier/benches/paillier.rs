//! The scheme's operations, lightweight beside original, on one core: `make bench`.
//!
//! The original scheme runs on the same arithmetic, so the ratio says what the scheme gains and not what the code does.

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion};
use rand_core::OsRng;
use std::hint::black_box;
use veilmart_paillier::{original, test_keys, Encryptor, FreshNonce, ParameterSet, ProductGroup, PublicKey};

fn operations(c: &mut Criterion) {
	for set in ParameterSet::ALL {
		let secret = test_keys::secret(set).expect("the test keys are well formed");
		let key = secret.public().clone();
		let encryptor = Encryptor::new(key.clone());
		let nonce = FreshNonce::random(set, &mut OsRng);
		let ciphertext = encryptor.encrypt(1220, &nonce);
		let bytes = key.encode(&ciphertext);
		let other = encryptor.encrypt(339, &FreshNonce::random(set, &mut OsRng));
		let mut group = c.benchmark_group(set.name());
		let name = |what: &str| BenchmarkId::from_parameter(what);
		group.bench_function(name("encrypt"), |b| {
			b.iter(|| encryptor.encrypt(black_box(1220), &nonce))
		});
		group.sample_size(20);
		group.bench_function(name("encrypt, original scheme"), |b| {
			b.iter(|| original::encrypt(&key, black_box(1220), &mut OsRng))
		});
		group.bench_function(name("decrypt"), |b| {
			b.iter(|| secret.decrypt_amount(black_box(&bytes)))
		});
		group.sample_size(100);
		group.bench_function(name("add"), |b| {
			b.iter(|| key.add(black_box(&ciphertext), &other))
		});
		group.bench_function(name("square"), |b| {
			let mut x = ciphertext.clone();
			b.iter(|| key.ring().square_in_place(black_box(&mut x)))
		});
		group.bench_function(name("multiply by a 32-bit number"), |b| {
			b.iter(|| key.scale(black_box(&ciphertext), 0x9abc_def1))
		});
		group.bench_function(name("re-randomise"), |b| {
			b.iter(|| encryptor.rerandomise(&ciphertext, &nonce))
		});
		group.bench_function(name("parse and check"), |b| {
			b.iter(|| key.parse(black_box(&bytes)))
		});
		group.bench_function(name("add as the ledger does"), |b| {
			let group = ProductGroup::new(&key.modulus_bytes());
			b.iter(|| group.product([(&bytes[..], 1), (&bytes[..], 1)]))
		});
		group.sample_size(10);
		group.bench_function(name("public key from modulus"), |b| {
			b.iter(|| PublicKey::from_modulus(black_box(&key.modulus_bytes())))
		});
		group.bench_function(name("tables of an encryptor"), |b| {
			b.iter(|| Encryptor::new(key.clone()))
		});
		group.finish();
	}
}

criterion_group!(benches, operations);
criterion_main!(benches);

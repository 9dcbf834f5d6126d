//! Dealing, verifying, opening and recovering on one core, beside the paper's plain splitting: `make bench`.

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion};
use rand_core::{OsRng, RngCore};
use std::hint::black_box;
use veilmart_trapdoor::{plain_shamir, Context, Dealing, Scalar, ShareKeys, ShareSecret};

const CONTEXT: Context = Context {
	genesis: [1; 32],
	set_id: 2,
	term: 3,
	dealer: 0,
	parent: [4; 32],
};

fn random_scalar() -> Scalar {
	let mut bytes = [0; 64];
	OsRng.fill_bytes(&mut bytes);
	Scalar::from_bytes_mod_order_wide(&bytes)
}

fn operations(c: &mut Criterion) {
	for n in [4u16, 10, 30, 100] {
		let secrets: Vec<ShareSecret> = (0..n)
			.map(|_| ShareSecret::from_scalar(&random_scalar()).expect("not zero"))
			.collect();
		let public: Vec<[u8; 32]> = secrets.iter().map(ShareSecret::public).collect();
		let keys = ShareKeys::new(&public).expect("good keys");
		let dealing = Dealing::deal(&CONTEXT, &keys, &mut OsRng);
		let verified = dealing.verify(&CONTEXT, &keys).expect("honest");
		let opened: Vec<_> = secrets
			.iter()
			.take(keys.threshold().into())
			.map(|secret| verified.open(secret, &mut OsRng).expect("a holder"))
			.collect();
		let shares: Vec<_> = opened
			.iter()
			.map(|share| verified.verify_share(share).expect("honest"))
			.collect();

		let mut group = c.benchmark_group(format!("n = {n}"));
		let name = |what: &str| BenchmarkId::from_parameter(what);
		group.bench_function(name("decode keys"), |b| {
			b.iter(|| ShareKeys::new(black_box(&public)))
		});
		group.bench_function(name("deal"), |b| {
			b.iter(|| Dealing::deal(&CONTEXT, black_box(&keys), &mut OsRng))
		});
		group.bench_function(name("verify"), |b| {
			b.iter(|| black_box(&dealing).verify(&CONTEXT, &keys))
		});
		group.bench_function(name("open a share"), |b| {
			b.iter(|| verified.open(black_box(&secrets[0]), &mut OsRng))
		});
		group.bench_function(name("verify a share"), |b| {
			b.iter(|| verified.verify_share(black_box(&opened[0])))
		});
		group.bench_function(name("recover"), |b| {
			b.iter(|| verified.recover(black_box(&shares)))
		});
		let secret = random_scalar();
		let plain = plain_shamir::split(&secret, n, &mut OsRng).expect("1 to 100 authorities");
		let plain = &plain[..keys.threshold().into()];
		group.bench_function(name("split, the paper's scheme"), |b| {
			b.iter(|| plain_shamir::split(black_box(&secret), n, &mut OsRng))
		});
		group.bench_function(name("recover, the paper's scheme"), |b| {
			b.iter(|| plain_shamir::recover(black_box(plain)))
		});
		group.finish();
	}
}

criterion_group!(benches, operations);
criterion_main!(benches);

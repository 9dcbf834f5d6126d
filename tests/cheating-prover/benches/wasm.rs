//! What a verdict costs inside the runtime, verified there or by the node, on one core: `BENCH=wasm make bench`.
//!
//! The verdicts are asked through the runtime API. What the call itself costs (an instance of the runtime, copying the
//! bytes in, decoding the statement) is the line "cut short": the same call whose statement lacks its last byte. A proof of a
//! wrong length shows what a refusal costs that needs no arithmetic.

#[path = "../tests/runtime/mod.rs"]
mod runtime;

use codec::Encode;
use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion};
use runtime::{ledger, HOSTED, PORTABLE};
use veilmart_cheating_prover::{arithmetic::Rng, forge, scene::Scene, World};
use veilmart_confidential::{Call, ProofError, PARAMETER_SET};
use veilmart_verification_host::forget_everything;

fn verdicts(c: &mut Criterion) {
	let world = World::get(PARAMETER_SET);
	let mut state = ledger(&world.key.modulus_bytes());
	let mut rng = Rng::new("bench");
	let scene = Scene::new(world, &mut rng);
	let mut group = c.benchmark_group(format!("wasm {}", PARAMETER_SET.name()));
	group.sample_size(20);
	for call in [Call::Order, Call::Accept] {
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let proof = forge::prove(world, &spec, &scene.plan(&spec), &mut rng).encode(&spec);
		let bytes = statement.encode();
		for blob in [&*PORTABLE, &*HOSTED] {
			let name =
				|what: &str| BenchmarkId::from_parameter(format!("{} {}, {what}", blob.name, call.name()));
			assert_eq!(blob.verdict(&mut state, &bytes, &proof), 0, "an honest proof");
			group.bench_function(name("verify"), |b| {
				b.iter(|| {
					forget_everything();
					blob.verdict(&mut state, &bytes, &proof)
				})
			});
			let long = [&proof[..], &[0]].concat();
			assert_eq!(blob.verdict(&mut state, &bytes, &long), ProofError::Length.code());
			group.bench_function(name("proof one byte too long"), |b| {
				b.iter(|| blob.verdict(&mut state, &bytes, &long))
			});
			let short = &bytes[..bytes.len() - 1];
			assert_eq!(
				blob.verdict(&mut state, short, &proof),
				ProofError::Statement.code()
			);
			group.bench_function(name("cut short"), |b| {
				b.iter(|| blob.verdict(&mut state, short, &proof))
			});
		}
		let name = |what: &str| BenchmarkId::from_parameter(format!("{} {}", call.name(), what));
		HOSTED.verdict(&mut state, &bytes, &proof);
		group.bench_function(name("remembered by the node"), |b| {
			b.iter(|| HOSTED.verdict(&mut state, &bytes, &proof))
		});
		group.bench_function(name("natively, without a runtime"), |b| {
			b.iter(|| world.verifier.verify(&statement, &proof))
		});
	}
	group.finish();
}

criterion_group!(benches, verdicts);
criterion_main!(benches);

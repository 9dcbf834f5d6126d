//! Our arithmetic, GMP and OpenSSL on the exponentiations of the ledger, for keys of 2048 bits: `scripts/bench-backends`.
//!
//! Every result is compared with the others' before it is measured.

use criterion::{
	criterion_group, criterion_main, measurement::WallTime, BenchmarkGroup, BenchmarkId, Criterion,
};
use std::hint::black_box;
use veilmart_backends::{
	gmp::{Gmp, GmpBaseN},
	multi_power,
	openssl::OpenSsl,
	Bytes, Comb, Library, Ring,
};
use veilmart_paillier::{hash, test_keys, FixedBase, ParameterSet, PublicKey, Residue};

const SET: ParameterSet = ParameterSet::Paillier2048;
/// Bits of the longest response for a nonce, `|N|/2 + 384`: what the verifier raises `h_s` to.
const RESPONSE: usize = 1408;
/// Bits of an encrypted nonce's exponent with the room that sums of nonces take, `|N|/2 + 128`.
const NONCE: usize = 1152;
/// The verifier's comb.
const TEETH: usize = 11;

/// Our arithmetic's name in the report: whether it may use the processor's vectors.
const OURS: &str = if cfg!(feature = "vectors") {
	"ours"
} else {
	"ours, portable"
};

/// A number of this many bits exactly, the same in every run, little-endian.
fn exponent(name: &str, bits: usize) -> Vec<u64> {
	let mut bytes = vec![0; bits.div_ceil(64) * 8];
	hash::expand("veilmart/backends", &[name.as_bytes()], &mut bytes);
	let mut words: Vec<u64> = bytes
		.chunks_exact(8)
		.map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes")))
		.collect();
	let top = words.last_mut().expect("not empty");
	*top >>= (64 - bits % 64) % 64;
	*top |= 1 << ((bits - 1) % 64);
	words
}

fn big_endian(words: &[u64]) -> Bytes {
	words.iter().rev().flat_map(|word| word.to_be_bytes()).collect()
}

/// `Π base^exponent · h_s^w`, each exponent little-endian: one equation of a proof, without the power of `1 + N`, which costs one
/// product everywhere.
struct Equation {
	terms: Vec<(Bytes, Vec<u64>)>,
	w: Vec<u64>,
}

/// The three equations of an `order`: quantity, total (a power of the price), balance.
fn equations(bases: &[Bytes]) -> Vec<Equation> {
	let e = exponent("e", 128);
	let z = exponent("z", 250);
	let term = |base: usize, exponent: &[u64]| (bases[base].clone(), exponent.to_vec());
	vec![
		Equation {
			terms: vec![term(0, &e)],
			w: exponent("w0", RESPONSE),
		},
		Equation {
			terms: vec![term(1, &e), term(2, &z)],
			w: exponent("w1", RESPONSE),
		},
		Equation {
			terms: vec![term(3, &e)],
			w: exponent("w2", RESPONSE),
		},
	]
}

/// Everything that is measured, with our results.
struct Task {
	n: Bytes,
	h_s: Bytes,
	base: Bytes,
	other: Bytes,
	product: Bytes,
	powers: Vec<(usize, Vec<u64>, Bytes)>,
	two_bases: ([Vec<u64>; 2], Bytes),
	equations: Vec<Equation>,
	verified: Vec<Bytes>,
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn id(who: &str, what: &str) -> BenchmarkId {
	BenchmarkId::new(what, who)
}

/// Our arithmetic; makes the task for the others.
fn ours(group: &mut Group) -> Task {
	let key = PublicKey::from_modulus(test_keys::modulus(SET)).expect("the test key is well formed");
	let comb = key.comb(RESPONSE, TEETH, 1);
	// Powers of h_s have no structure that any arithmetic could use.
	let bases: Vec<Residue> = (0..4)
		.map(|i| key.multi_power(Vec::new(), (&comb, &exponent(&format!("base {i}"), 1024))))
		.collect();
	let bytes: Vec<Bytes> = bases.iter().map(|base| key.encode(base)).collect();
	let (base, other) = (&bases[0], &bases[1]);
	let none = [0];
	let public = |terms: Vec<(Residue, Vec<u64>)>| key.multi_power(terms, (&comb, &none));

	group.bench_function(id(OURS, "product"), |b| {
		b.iter(|| key.add(black_box(base), other))
	});
	let mut square = base.clone();
	group.bench_function(id(OURS, "square"), |b| {
		b.iter(|| key.ring().square_in_place(black_box(&mut square)))
	});
	let mut powers = Vec::new();
	for bits in [NONCE, RESPONSE] {
		let e = exponent("power", bits);
		let result = key.encode(&public(vec![(base.clone(), e.clone())]));
		group.bench_function(id(OURS, &format!("power, {bits} bits")), |b| {
			b.iter(|| public(vec![(base.clone(), black_box(&e).clone())]))
		});
		assert_eq!(key.encode(&key.ring().pow_secret(base, &e)), result);
		group.bench_function(id(OURS, &format!("power, {bits} bits, secret")), |b| {
			b.iter(|| key.ring().pow_secret(base, black_box(&e)))
		});
		powers.push((bits, e, result));
	}
	let exponents = [exponent("two, a", RESPONSE), exponent("two, b", 128)];
	let pair = || {
		vec![
			(base.clone(), exponents[0].clone()),
			(other.clone(), exponents[1].clone()),
		]
	};
	let two_bases = key.encode(&public(pair()));
	group.bench_function(id(OURS, "two bases, 1408 and 128 bits"), |b| {
		b.iter(|| public(black_box(pair())))
	});
	let equations = equations(&bytes);
	let terms: Vec<Vec<(Residue, Vec<u64>)>> = equations
		.iter()
		.map(|equation| {
			let parse = |(base, e): &(Bytes, Vec<u64>)| (key.parse(base).expect("a unit"), e.clone());
			equation.terms.iter().map(parse).collect()
		})
		.collect();
	let verify = |comb: &FixedBase| -> Vec<Residue> {
		terms
			.iter()
			.zip(&equations)
			.map(|(terms, equation)| key.multi_power(terms.clone(), (comb, &equation.w)))
			.collect()
	};
	let verified = verify(&comb).iter().map(|a| key.encode(a)).collect();
	group.bench_function(id(OURS, "equations of an order, tables"), |b| {
		b.iter(|| verify(black_box(&comb)))
	});
	Task {
		n: key.modulus_bytes(),
		h_s: key.h_s_bytes(),
		base: bytes[0].clone(),
		other: bytes[1].clone(),
		product: key.encode(&key.add(base, other)),
		powers,
		two_bases: (exponents, two_bases),
		equations,
		verified,
	}
}

/// A library's own exponentiations.
fn library<L: Library>(group: &mut Group, task: &Task, library: &L) {
	let number = |words: &[u64]| library.number(&big_endian(words));
	let (base, other) = (library.number(&task.base), library.number(&task.other));
	for (bits, e, expected) in &task.powers {
		let e = number(e);
		assert_eq!(library.bytes(&library.power(&base, &e)), *expected, "{}", L::NAME);
		group.bench_function(id(L::NAME, &format!("power, {bits} bits")), |b| {
			b.iter(|| library.power(black_box(&base), &e))
		});
		assert_eq!(
			library.bytes(&library.power_secret(&base, &e)),
			*expected,
			"{}",
			L::NAME
		);
		group.bench_function(id(L::NAME, &format!("power, {bits} bits, secret")), |b| {
			b.iter(|| library.power_secret(black_box(&base), &e))
		});
	}
	let ([x, y], expected) = &task.two_bases;
	let (x, y) = (number(x), number(y));
	let two = || library.power_of_two_bases((&base, &x), (black_box(&other), &y));
	assert_eq!(library.bytes(&two()), *expected, "{}", L::NAME);
	group.bench_function(id(L::NAME, "two bases, 1408 and 128 bits"), |b| b.iter(two));

	// An order's equations as they would be written with this library alone: no tables, a power for each factor.
	let h_s = library.number(&task.h_s);
	let equations: Vec<_> = task
		.equations
		.iter()
		.map(|equation| {
			let terms: Vec<_> = equation
				.terms
				.iter()
				.map(|(base, e)| (library.number(base), number(e)))
				.collect();
			(terms, number(&equation.w))
		})
		.collect();
	let verify = || -> Vec<L::Number> {
		equations
			.iter()
			.map(|(terms, w)| {
				let (first, rest) = terms.split_first().expect("each equation has its target");
				let mut a = library.power_of_two_bases((&h_s, w), (&first.0, &first.1));
				for (base, e) in rest {
					a = library.product(&a, &library.power(base, e));
				}
				a
			})
			.collect()
	};
	let results: Vec<_> = verify().iter().map(|a| library.bytes(a)).collect();
	assert_eq!(results, task.verified, "{}", L::NAME);
	group.bench_function(id(L::NAME, "equations of an order, its own powers"), |b| {
		b.iter(verify)
	});
}

/// A library's products under our algorithm.
fn ring<R: Ring>(group: &mut Group, task: &Task, ring: &R) {
	let (base, other) = (ring.residue(&task.base), ring.residue(&task.other));
	let mut out = base.clone();
	ring.mul(&mut out, &base, &other);
	assert_eq!(ring.bytes(&out), task.product, "{}", R::NAME);
	group.bench_function(id(R::NAME, "product"), |b| {
		b.iter(|| ring.mul(&mut out, black_box(&base), &other))
	});
	group.bench_function(id(R::NAME, "square"), |b| {
		b.iter(|| ring.square(&mut out, black_box(&base)))
	});
	let comb = Comb::new(ring, &ring.residue(&task.h_s), RESPONSE, TEETH);
	let terms: Vec<Vec<_>> = task
		.equations
		.iter()
		.map(|equation| {
			equation
				.terms
				.iter()
				.map(|(base, e)| (ring.residue(base), e.clone()))
				.collect()
		})
		.collect();
	let verify = || -> Vec<R::Residue> {
		terms
			.iter()
			.zip(&task.equations)
			.map(|(terms, equation)| multi_power(ring, terms, (&comb, &equation.w)))
			.collect()
	};
	let results: Vec<_> = verify().iter().map(|a| ring.bytes(a)).collect();
	assert_eq!(results, task.verified, "{}", R::NAME);
	group.bench_function(id(R::NAME, "equations of an order, tables"), |b| b.iter(verify));
}

fn backends(c: &mut Criterion) {
	let mut group = c.benchmark_group("backends");
	group.sample_size(20);
	let task = ours(&mut group);
	let (gmp, openssl) = (Gmp::new(&task.n), OpenSsl::new(&task.n));
	library(&mut group, &task, &gmp);
	library(&mut group, &task, &openssl);
	ring(&mut group, &task, &gmp);
	ring(&mut group, &task, &GmpBaseN::new(&task.n));
	ring(&mut group, &task, &openssl);
	group.finish();
}

criterion_group!(benches, backends);
criterion_main!(benches);

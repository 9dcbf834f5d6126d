//! Bytes that are no proof, no ciphertext, no Bulletproof about `V`: attacks on what is checked around the relation.

use super::{in_parallel, int, Attempt, Expected, Outcome, Run};
use crate::{
	arithmetic::{le32, order, two_to},
	check::{check, Rules},
	forge::{commit, range_openings, range_proof},
	spec::Absorber,
};
use codec::{Decode, Encode};
use curve25519_dalek::{constants::RISTRETTO_BASEPOINT_POINT, ristretto::RistrettoPoint, scalar::Scalar};
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::Zero;
use rand_core::RngCore;
use veilmart_confidential::{Call, ProofError, Statement};
use veilmart_paillier::CiphertextError;

/// What a range proof opens: values and their blindings.
type Openings = Vec<(u64, Scalar)>;

/// Attacks what the Bulletproof is about.
pub(super) fn tampered_range_proof() -> Vec<Outcome> {
	let mut run = Run::new("range");
	for call in [
		Call::Issue,
		Call::Transfer,
		Call::List,
		Call::Order,
		Call::Accept,
		Call::Dispute,
	] {
		let scene = run.scene();
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let blindings: Vec<_> = spec.values.iter().map(|_| run.rng.scalar()).collect();
		let plan = || {
			let mut plan = scene.plan(&spec);
			plan.blindings = blindings.clone();
			plan
		};
		let honest = range_openings(&spec, &plan().v, &blindings);
		let fresh = run.rng.scalar();
		let mut attempts: Vec<(&str, Openings, usize)> = vec![("as it should be", honest.clone(), 64)];
		let mut with = |what, edit: &dyn Fn(&mut Openings)| {
			let mut openings = honest.clone();
			edit(&mut openings);
			attempts.push((what, openings, 64));
		};
		with("another value", &|o| o[0].0 ^= 1);
		with("another blinding", &|o| o[0].1 = fresh);
		with("last blinding negated", &|o| {
			let last = o.len() - 1;
			o[last] = (o[last].0 ^ 1, -o[last].1);
		});
		if honest.len() > 1 {
			with("exchanged", &|o| o.swap(0, 1));
			with("rotated", &|o| o.rotate_left(1));
			with("one value twice", &|o| o[1] = o[0]);
		}
		let used: usize = spec
			.values
			.iter()
			.map(|value| 1 + usize::from(value.limit.is_some()))
			.sum();
		if used < honest.len() {
			with("padding is not the identity", &|o| o[used] = (5, fresh));
			with("padding commits to 0 with a blinding", &|o| o[used] = (0, fresh));
			with("padding commits to 1 without", &|o| o[used] = (1, Scalar::ZERO));
			with("padding in front", &|o| o.rotate_right(1));
		}
		if let Some(half) = honest.len().checked_div(2).filter(|half| *half > 0) {
			attempts.push(("fewer commitments", honest[..half].to_vec(), 64));
		}
		attempts.push(("more commitments", [&honest[..], &honest[..]].concat(), 64));
		attempts.push((
			"fewer bits",
			honest.iter().map(|o| (o.0 & 0xffff_ffff, o.1)).collect(),
			32,
		));
		// As many generators in all, so the length is right.
		let doubled: Vec<_> = honest
			.iter()
			.flat_map(|o| [(o.0 & 0xffff_ffff, o.1), (o.0 >> 32, Scalar::ZERO)])
			.collect();
		attempts.push(("more commitments of fewer bits", doubled, 32));
		for (what, openings, bits) in attempts {
			let mut plan = plan();
			plan.range = Some(openings);
			plan.range_bits = bits;
			let proof = run.prove(&spec, &plan).encode(&spec);
			let case = format!("{}: {what}", call.name());
			if what == "as it should be" {
				run.accepted(case, &statement, &proof);
			} else {
				run.refused(case, &statement, &proof, &[ProofError::Range, ProofError::Length]);
			}
		}
		// V exchanged after the fact, and V exchanged by the prover from the start.
		if spec.values.len() > 1 {
			let mut proof = run.prove(&spec, &plan());
			proof.v.swap(0, 1);
			run.refused(
				format!("{}: V exchanged afterwards", call.name()),
				&statement,
				&proof.encode(&spec),
				&[ProofError::Challenge],
			);
			let mut swapped = plan();
			swapped.v.swap(0, 1);
			let proof = run.prove(&spec, &swapped).encode(&spec);
			run.refused(
				format!("{}: V exchanged", call.name()),
				&statement,
				&proof,
				&[ProofError::Challenge],
			);
		}
		// The Bulletproof of another proof of the same statement, and one on a fresh transcript.
		let mut first = run.prove(&spec, &plan());
		let second = run.prove(&spec, &plan());
		let own = core::mem::replace(&mut first.range, second.range);
		run.refused(
			format!("{}: another proof's Bulletproof", call.name()),
			&statement,
			&first.encode(&spec),
			&[ProofError::Range],
		);
		let mut fresh = Absorber::new(None);
		first.range = range_proof(&mut fresh, &honest, 64, &mut run.rng);
		run.refused(
			format!("{}: Bulletproof on a transcript of its own", call.name()),
			&statement,
			&first.encode(&spec),
			&[ProofError::Range],
		);
		// Its points and scalars: identities, non-canonical ones.
		for (at, bytes) in
			(0..own.len() / 32).flat_map(|at| [(at, [0; 32]), (at, [0xff; 32]), (at, le32(&order()))])
		{
			first.range = own.clone();
			first.range[32 * at..32 * at + 32].copy_from_slice(&bytes);
			run.refused(
				format!("{}: Bulletproof part {at} is {:02x}…", call.name(), bytes[0]),
				&statement,
				&first.encode(&spec),
				&[ProofError::Range],
			);
		}
	}
	run.outcomes
}

/// Attacks the check of ciphertexts. Without it 0, `N` and the multiples of a prime are forgeries: every power of
/// them is 0 (or 0 modulo `p²`), so that `A = 0` fits every response. Numbers from `N²` on would be a second name of
/// the same ciphertext.
pub(super) fn unacceptable_ciphertexts() -> Vec<Outcome> {
	let mut run = Run::new("ciphertexts");
	let world = run.world;
	let (n, p) = (world.n.clone(), world.p());
	let q = &n / &p;
	let p_squared = &p * &p;
	let not_unit = ProofError::Ciphertext(CiphertextError::NotUnit);
	let not_reduced = ProofError::Ciphertext(CiphertextError::NotReduced);
	let zero = ProofError::Ciphertext(CiphertextError::Zero);
	for call in Call::WITH_VALUES {
		let scene = run.scene();
		let spec = scene.spec(call);
		let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
		for (role, bytes) in &spec.ciphertexts {
			let c = BigInt::from_bytes_be(Sign::Plus, bytes);
			let with = |bytes: Vec<u8>| {
				let mut scene = scene.clone();
				scene.ciphertexts.insert(role, bytes);
				scene.statement(call)
			};
			for (name, number, error) in [
				("0", BigInt::zero(), zero),
				("N", n.clone(), not_unit),
				("2N", &n * 2, not_unit),
				("N² - N", &world.n_squared - &n, not_unit),
				("p", p.clone(), not_unit),
				("q", q.clone(), not_unit),
				("p²", p_squared.clone(), not_unit),
				("a multiple of p", (&c * &p).mod_floor(&world.n_squared), not_unit),
				("a multiple of q", (&c * &q).mod_floor(&world.n_squared), not_unit),
				("N²", world.n_squared.clone(), not_reduced),
				("N² + 1", &world.n_squared + 1, not_reduced),
				(
					"2^(2|N|) - 1",
					two_to(8 * world.set.ciphertext_bytes()) - 1,
					not_reduced,
				),
			] {
				run.refused(
					format!("{}: {role} = {name}", call.name()),
					&with(world.bytes(&number)),
					&proof,
					&[error],
				);
			}
			for (name, bytes) in [
				("cut", bytes[1..].to_vec()),
				("longer", [&[0], &bytes[..]].concat()),
				("empty", Vec::new()),
				("as long as N", bytes[256..].to_vec()),
			] {
				let statement = with(bytes);
				run.refused(
					format!("{}: {role} {name}", call.name()),
					&statement,
					&proof,
					&[ProofError::Statement],
				);
			}
			// A second name of the ciphertext, with a proof that is right but for that.
			let named_twice = &c + &world.n_squared;
			if named_twice.bits() as usize <= 8 * world.set.ciphertext_bytes() {
				let mut scene = scene.clone();
				scene.ciphertexts.insert(role, world.bytes(&named_twice));
				let spec = scene.spec(call);
				let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
				run.refused(
					format!("{}: {role} + N², proved so", call.name()),
					&scene.statement(call),
					&proof,
					&[not_reduced],
				);
			}
		}
		// Forgeries: the target N satisfies its equation for every plaintext; the multiple of p² (a forger who knows
		// the factors) as well.
		for (i, equation) in spec.equations.iter().enumerate() {
			let role = spec.ciphertexts[equation.target as usize].0;
			let mut scene = scene.clone();
			scene.ciphertexts.insert(role, world.bytes(&n));
			let spec = scene.spec(call);
			let mut plan = scene.plan(&spec);
			plan.first = vec![None; spec.equations.len()];
			plan.first[i] = Some(vec![0; world.set.ciphertext_bytes()]);
			let proof = run.prove(&spec, &plan);
			run.sanity(
				check(world, &spec, &proof, Rules::ALL).is_ok(),
				"without the check, N passes as anything",
			);
			run.refused(
				format!("{}: {role} = N, forged", call.name()),
				&scene.statement(call),
				&proof.encode(&spec),
				&[not_unit],
			);
		}
	}
	run.outcomes
}

/// Attacks the encoding: one proof, one encoding.
pub(super) fn encodings() -> Vec<Outcome> {
	let mut run = Run::new("encodings");
	for call in Call::WITH_VALUES {
		let scene = run.scene();
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let honest = run.prove(&spec, &scene.plan(&spec));
		let bytes = honest.encode(&spec);
		let case = |what: &str| format!("{}: {what}", call.name());
		for version in [0, 2, 255] {
			let mut proof = honest.clone();
			proof.version = version;
			run.refused(
				case("version"),
				&statement,
				&proof.encode(&spec),
				&[ProofError::Version],
			);
		}
		for len in [
			0,
			1,
			16,
			bytes.len() / 2,
			bytes.len() - 64,
			bytes.len() - 32,
			bytes.len() - 1,
		] {
			run.refused(
				case("truncated"),
				&statement,
				&bytes[..len],
				&[ProofError::Length],
			);
		}
		for extra in [1, 32, 64, 1000] {
			let longer = [&bytes[..], &vec![0; extra]].concat();
			run.refused(case("extended"), &statement, &longer, &[ProofError::Length]);
		}
		for j in 0..spec.values.len() {
			// The same scalar, not reduced.
			let t = BigInt::from_bytes_le(Sign::Plus, &honest.t[j]);
			for multiple in [1u8, 2, 15] {
				let mut proof = honest.clone();
				let raised: BigInt = &t + order() * multiple;
				if raised.bits() > 256 {
					continue;
				}
				proof.t[j] = le32(&raised);
				run.refused(
					case("t + ℓ"),
					&statement,
					&proof.encode(&spec),
					&[ProofError::Scalar],
				);
				let mut proof = honest.clone();
				proof.z[j] += order() * multiple;
				run.refused(
					case("z + ℓ"),
					&statement,
					&proof.encode(&spec),
					&[ProofError::ValueResponse],
				);
			}
			// Not points: odd (negative), above the field, no square root, high bit.
			let field = two_to(255) - 19;
			let valid = BigInt::from_bytes_le(Sign::Plus, &honest.v[j]);
			for (what, v) in [
				("V = 1", le32(&int(1))),
				("V = -1 of the field", le32(&(&field - 1))),
				("V of all ones", [0xff; 32]),
				("V = the field's order", le32(&field)),
				("V negated in the field", le32(&(&field - &valid))),
				("V with its high bit", le32(&(&valid + two_to(255)))),
				("V = field + 2", le32(&(&field + 2))),
			] {
				let mut proof = honest.clone();
				proof.v[j] = v;
				run.refused(case(what), &statement, &proof.encode(&spec), &[ProofError::Point]);
			}
			// Points, but others.
			for (what, point) in [
				("V is the identity", RistrettoPoint::default()),
				("V is B", RISTRETTO_BASEPOINT_POINT),
				("-V", -commit(&scene.x[spec.values[j].role], Scalar::ONE)),
			] {
				let mut proof = honest.clone();
				proof.v[j] = point.compress().to_bytes();
				run.refused(
					case(what),
					&statement,
					&proof.encode(&spec),
					&[ProofError::Challenge],
				);
			}
			// The identity from the start: a zero that is not hidden, where a zero is allowed, and nowhere else.
			let role = spec.values[j].role;
			let mut open = scene.clone();
			open.encrypt(role, &BigInt::zero(), &mut run.rng);
			if role == "quantity" {
				open.total(&BigInt::zero(), &mut run.rng);
			}
			let (spec, statement) = (open.spec(call), open.statement(call));
			let mut plan = open.plan(&spec);
			plan.blindings = vec![Scalar::ZERO; spec.values.len()];
			let proof = run.prove(&spec, &plan).encode(&spec);
			if spec.values[j].shift {
				run.refused(
					case("V is the identity, shifted"),
					&statement,
					&proof,
					&[ProofError::Range],
				);
			} else {
				run.accepted(case("V is the identity and holds 0"), &statement, &proof);
			}
		}
	}
	run.outcomes
}

/// Attacks malleability: every byte of an `order`'s proof, with one bit flipped; and of the other calls', every
/// nineteenth.
pub(super) fn every_proof_byte() -> Vec<Outcome> {
	let mut run = Run::new("bytes");
	let mut outcomes = Vec::new();
	for call in Call::WITH_VALUES {
		let scene = run.scene();
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
		run.accepted(format!("{} untouched", call.name()), &statement, &proof);
		let step = if call == Call::Order { 1 } else { 19 };
		let positions: Vec<usize> = (0..proof.len()).step_by(step).collect();
		let world = run.world;
		outcomes.extend(in_parallel(&positions, |at| {
			let mut proof = proof.clone();
			proof[*at] ^= 1 << (at % 8);
			Outcome {
				case: format!("{} byte {at}", call.name()),
				attempt: Attempt::new(world, &statement.encode(), &proof),
				verdict: world.verifier.verify(&statement, &proof),
				expected: Expected::Refused(Vec::new()),
			}
		}));
	}
	outcomes.extend(run.outcomes);
	outcomes
}

/// Attacks the decoder: 10,000 proofs of random bytes, more and more of them right. Nothing panics.
pub(super) fn garbage() -> Vec<Outcome> {
	let mut run = Run::new("garbage");
	let scenes: Vec<_> = (0..2).map(|_| run.scene()).collect();
	for i in 0..10_000usize {
		let call = Call::WITH_VALUES[i % Call::WITH_VALUES.len()];
		let scene = &scenes[i % 2];
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let (k, m) = (spec.values.len(), spec.equations.len());
		let mut bytes = vec![0; spec.proof_len()];
		run.rng.fill_bytes(&mut bytes);
		let kind = i % 4;
		if kind > 0 {
			bytes[0] = 1;
		}
		if kind > 1 {
			// Responses in range, scalars canonical: the points fail, or in some of the cases only the challenge.
			for j in 0..k {
				bytes[17 + 32 * k + 32 * j + 31] = 0;
			}
			for j in 0..k {
				bytes[17 + 64 * k + spec.w_bytes() * m + 32 * j + 31] &= 0x0f;
			}
		}
		if kind == 3 && i % 100 == 3 {
			for j in 0..k {
				let point = commit(&run.rng.bits(64), run.rng.scalar()).compress();
				bytes[1 + 32 * j..33 + 32 * j].copy_from_slice(point.as_bytes());
			}
		}
		run.refused(format!("{} garbage {i}", call.name()), &statement, &bytes, &[]);
	}
	// Random lengths, and random statements.
	for i in 0..500 {
		let call = Call::WITH_VALUES[i % Call::WITH_VALUES.len()];
		let mut bytes = vec![1; run.rng.next_u32() as usize % 3000];
		run.rng.fill_bytes(&mut bytes);
		run.refused("garbage of any length", &scenes[0].statement(call), &bytes, &[]);
		let _ = Statement::decode(&mut &bytes[..]);
	}
	// All the same byte.
	for byte in [0, 1, 0x7f, 0x80, 0xff] {
		for call in Call::WITH_VALUES {
			let mut bytes = vec![byte; scenes[0].spec(call).proof_len()];
			bytes[0] = 1;
			run.refused(
				format!("{} all {byte:#x}", call.name()),
				&scenes[0].statement(call),
				&bytes,
				&[],
			);
		}
	}
	run.outcomes
}

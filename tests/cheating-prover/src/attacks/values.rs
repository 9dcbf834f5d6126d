//! False values, fractions, other bases: attacks on the relation itself.

use super::{int, Outcome, Run};
use crate::{
	arithmetic::{order, two_to},
	check::{check, Rules},
	forge::{is_w_in_range, is_z_in_range, range_openings, Respond},
	scene::Scene,
};
use curve25519_dalek::scalar::Scalar;
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{One, Zero};
use veilmart_confidential::{Call, ProofError};
use veilmart_paillier::ParameterSet;

/// Attacks nothing: proofs of this implementation are accepted for every statement, both key sizes, values at both
/// ends of their ranges; and the lengths are those of `docs/formats.md`.
pub(super) fn honest() -> Vec<Outcome> {
	let mut outcomes = Vec::new();
	for set in ParameterSet::ALL {
		let mut run = Run::with("honest", set);
		for call in Call::WITH_VALUES {
			for extreme in [None, Some(0u64), Some(1), Some(u64::MAX)] {
				if set == ParameterSet::Paillier3072 && extreme == Some(1) {
					continue;
				}
				let mut scene = run.scene();
				scene.quota = u64::MAX;
				let shifted: Vec<_> = scene
					.spec(call)
					.values
					.iter()
					.map(|value| (value.role, value.shift))
					.collect();
				for (role, shift) in shifted {
					if let Some(x) = extreme {
						scene.encrypt(role, &int(x.max(shift.into())), &mut run.rng);
					}
				}
				let num = scene.x["quantity"].clone();
				scene.total(&num, &mut run.rng);
				let (spec, statement) = (scene.spec(call), scene.statement(call));
				let proof = run.prove(&spec, &scene.plan(&spec));
				run.sanity(
					check(run.world, &spec, &proof, Rules::ALL).is_ok(),
					"our own verifier agrees",
				);
				let proof = proof.encode(&spec);
				run.sanity(
					proof.len() == spec.proof_len(),
					"the length is the documented one",
				);
				run.sanity(
					proof.len() == veilmart_confidential::proof_len(&statement),
					"both sides agree about the length",
				);
				run.accepted(
					format!("{} {} {extreme:?}", set.name(), call.name()),
					&statement,
					&proof,
				);
			}
		}
		outcomes.extend(run.outcomes);
	}
	outcomes
}

/// Attacks the sign and size of what is left: the paper's equation alone is satisfied by all of these. A prover may
/// put the false value into `V` (then only the Bulletproof stands in its way) or keep `V` in range (then `T` or `A`
/// does).
pub(super) fn negative_balance() -> Vec<Outcome> {
	let mut run = Run::new("negative");
	let scene = run.scene();
	let n = run.world.n.clone();
	let false_values = [
		(int(-1), true),
		(int(-9), true),
		(&n - 1, true),
		(two_to(64), true),
		(two_to(64) + 1u8, true),
		(two_to(65), true),
		(-two_to(64), true),
		(-two_to(63), true),
		(order() - 1, false),
		(order(), false),
		(order() + 5, false),
		(&n - order(), false),
		(two_to(128), false),
		(two_to(255), false),
		(&n >> 1, false),
	];
	for (x, certain) in &false_values {
		for (call, role) in [
			(Call::Transfer, "balance-after"),
			(Call::Order, "balance-after"),
			(Call::Dispute, "balance-after"),
			(Call::Accept, "stock-after"),
			(Call::Restock, "delivery"),
			(Call::Issue, "issued-after"),
		] {
			// With a long x the integer z = α - e·x is out of range, and the verifier says so first.
			run.false_value(&scene, call, role, x, *certain);
		}
	}
	// A negative quantity would turn the payment around.
	for x in [int(-1), int(-1000), &n - 2] {
		run.false_value(&scene, Call::Order, "quantity", &x, true);
	}
	for x in [int(-1), int(-1000), two_to(64) + 1] {
		run.false_value(&scene, Call::Transfer, "amount", &x, true);
		run.false_value(&scene, Call::Reprice, "price", &x, true);
	}
	// A shifted value of exactly 2^64 is in its range, [1, 2^64], as the documentation says.
	let mut scene = run.scene();
	scene.encrypt("price", &two_to(64), &mut run.rng);
	let spec = scene.spec(Call::Reprice);
	let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
	run.accepted(
		"reprice: price 2^64, documented",
		&scene.statement(Call::Reprice),
		&proof,
	);
	run.outcomes
}

/// Attacks the integrality of values. `x = k/d` modulo `N` satisfies the Paillier equation for every challenge that
/// `d` divides. With `V = k/d` modulo `ℓ` only the Bulletproof refuses it; with an integer in `V` it takes
/// `x = v + ℓ/d`, whose responses are too large, and the bound on `z` refuses it. Without the bound our own verifier
/// accepts it for half of the challenges, and any value at all for every challenge.
pub(super) fn fractions() -> Vec<Outcome> {
	let mut run = Run::new("fractions");
	let world = run.world;
	let call = Call::Dispute;
	let role = "balance-after";
	for (k, d) in [(1u64, 2u64), (1, 3), (5, 2), (1_000_000_007, 7), (1, 255)] {
		let mut scene = run.scene();
		scene.encrypt(role, &world.fraction(&int(k), &int(d)), &mut run.rng);
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let respond = move || -> Option<Respond> {
			Some(Box::new(move |_, alpha, e| alpha - int(e / u128::from(d)) * k))
		};
		let mut plan = scene.plan(&spec);
		plan.wanted = Box::new(move |e| e % u128::from(d) == 0);
		plan.respond = respond();
		plan.v[0] = int(k) * int(d).modinv(&order()).expect("ℓ is prime");
		let proof = run.prove(&spec, &plan);
		let rules = Rules {
			range_proof: false,
			..Rules::ALL
		};
		run.sanity(
			check(world, &spec, &proof, rules).is_ok(),
			"only the Bulletproof is wrong",
		);
		run.refused(
			format!("{k}/{d} modulo N and modulo ℓ"),
			&statement,
			&proof.encode(&spec),
			&[ProofError::Range],
		);
		for v in [0, 1, k / d, k] {
			plan.v[0] = int(v);
			let proof = run.prove(&spec, &plan).encode(&spec);
			run.refused(
				format!("{k}/{d}, V = {v}"),
				&statement,
				&proof,
				&[ProofError::Challenge],
			);
		}
	}

	// Half a piece at half the price: S = P^(1/2), for a price whose nonce is even.
	let mut scene = run.scene();
	let (v, r) = (int(999), run.rng.bits(world.half()) << 1);
	scene.encrypt_with("price", &v, &r);
	scene.encrypt("quantity", &world.fraction(&int(1), &int(2)), &mut run.rng);
	scene
		.ciphertexts
		.insert("total", world.encrypt(&world.fraction(&v, &int(2)), &(r >> 1)));
	scene.r.insert("total", BigInt::zero());
	let (spec, statement) = (scene.spec(Call::Order), scene.statement(Call::Order));
	let mut plan = scene.plan(&spec);
	plan.wanted = Box::new(|e| e % 2 == 0);
	plan.v[0] = int(2).modinv(&order()).expect("ℓ is prime");
	let rest = scene.x["balance-after"].clone();
	plan.respond = Some(Box::new(move |j, alpha, e| match j {
		0 => alpha - int(e / 2),
		_ => alpha - &rest * e,
	}));
	let proof = run.prove(&spec, &plan);
	let rules = Rules {
		range_proof: false,
		..Rules::ALL
	};
	run.sanity(
		check(world, &spec, &proof, rules).is_ok(),
		"only the Bulletproof is wrong",
	);
	run.refused(
		"order of half a piece",
		&statement,
		&proof.encode(&spec),
		&[ProofError::Range],
	);

	// x = v + ℓ/2: V holds v, z = α - e·v - (e/2)·ℓ. Without the bound it passes iff the challenge is even.
	let no_bound = Rules {
		z_bound: false,
		..Rules::ALL
	};
	let v = int(1000);
	let mut scene = run.scene();
	scene.encrypt(role, &(&v + world.fraction(&order(), &int(2))), &mut run.rng);
	let (spec, statement) = (scene.spec(call), scene.statement(call));
	let mut passed = 0;
	for _ in 0..24 {
		let mut plan = scene.plan(&spec);
		plan.restart = false;
		plan.v[0] = v.clone();
		let value = v.clone();
		plan.respond = Some(Box::new(move |_, alpha, e| {
			alpha - &value * e - order() * (e / 2)
		}));
		let proof = run.prove(&spec, &plan);
		let passes = check(world, &spec, &proof, no_bound).is_ok();
		run.sanity(
			passes == proof.e.is_multiple_of(2),
			"without the bound, even challenges pass and odd ones do not",
		);
		passed += u32::from(passes);
		run.sanity(
			check(world, &spec, &proof, Rules::ALL) == Err("z"),
			"the bound refuses it",
		);
		run.refused(
			"v + ℓ/2, z cut to 32 bytes",
			&statement,
			&proof.encode(&spec),
			&[],
		);
		let mut reduced = proof;
		reduced.z[0] = reduced.z[0].mod_floor(&order());
		run.refused("v + ℓ/2, z modulo ℓ", &statement, &reduced.encode(&spec), &[]);
	}
	run.sanity(
		(4..=20).contains(&passed),
		"about half of the challenges pass without the bound",
	);

	// Any x at all: z ≡ α - e·v (mod ℓ), z ≡ α - e·x (mod N).
	for x in [int(-1), int(-1_000_000), world.fraction(&int(1), &int(2))] {
		let mut scene = run.scene();
		scene.encrypt(role, &x, &mut run.rng);
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let inverse = order().modinv(&world.n).expect("coprime");
		for _ in 0..4 {
			let mut plan = scene.plan(&spec);
			plan.restart = false;
			plan.v[0] = v.clone();
			let (v, x, inverse) = (v.clone(), x.clone(), inverse.clone());
			plan.respond = Some(Box::new(move |_, alpha, e| {
				let wraps = ((&v - &x) * e * &inverse).mod_floor(&world.n);
				alpha - &v * e + order() * wraps
			}));
			let proof = run.prove(&spec, &plan);
			run.sanity(
				check(world, &spec, &proof, no_bound).is_ok(),
				"without the bound, anything passes",
			);
			run.sanity(
				check(world, &spec, &proof, Rules::ALL) == Err("z"),
				"the bound refuses it",
			);
			run.refused(
				"any x by the Chinese remainder theorem",
				&statement,
				&proof.encode(&spec),
				&[],
			);
		}
	}
	run.outcomes
}

/// Attacks the ties between quantity, price and total: one `num` for `X` and `S`, and `S` a power of the very `P`
/// that the ledger holds.
pub(super) fn total_of_another_quantity() -> Vec<Outcome> {
	let mut run = Run::new("total");
	let call = Call::Order;
	for (quantity, paid) in [(3, 2), (3, 0), (3, 1), (1, 0), (3, 4), (3, -3)] {
		let mut scene = run.scene();
		scene.encrypt("quantity", &int(quantity), &mut run.rng);
		scene.total(&int(paid), &mut run.rng);
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		for claimed in [quantity, paid] {
			let mut plan = scene.plan(&spec);
			plan.x[0] = int(claimed);
			plan.v[0] = int(claimed);
			let proof = run.prove(&spec, &plan).encode(&spec);
			run.refused(
				format!("{quantity} pieces, {paid} paid, num = {claimed}"),
				&statement,
				&proof,
				&[ProofError::Challenge],
			);
		}
	}
	let mut scene = run.scene();
	let cheap = run.world.encrypt(&int(1), &run.rng.bits(run.world.half()));
	let num = scene.x["quantity"].clone();
	let statement_of = |scene: &Scene| scene.statement(call);
	scene.total_of(&cheap, &num, &mut run.rng);
	let spec = scene.spec(call);
	let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
	run.refused(
		"total of another price",
		&statement_of(&scene),
		&proof,
		&[ProofError::Challenge],
	);
	// The prover hashes and uses the other price; the ledger takes P from storage.
	let stored = scene.clone();
	scene.ciphertexts.insert("price", cheap);
	let spec = scene.spec(call);
	let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
	run.accepted(
		"the same, had the ledger stored that price",
		&statement_of(&scene),
		&proof,
	);
	run.refused(
		"price replaced by the prover",
		&statement_of(&stored),
		&proof,
		&[ProofError::Challenge],
	);
	// A total that is no power of P but holds the right sum: it decrypts to the same, and still is refused, because
	// the buyer does not know P's nonce.
	let mut scene = run.scene();
	let sum = scene.x["price"].clone() * 3;
	let nonce = run.rng.bits(run.world.half());
	scene.ciphertexts.insert("total", run.world.encrypt(&sum, &nonce));
	scene.r.insert("total", nonce);
	let spec = scene.spec(call);
	let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
	run.refused(
		"total encrypted afresh",
		&statement_of(&scene),
		&proof,
		&[ProofError::Challenge],
	);
	run.outcomes
}

/// Attacks the shift: an order of no pieces, a price of zero, an empty transfer would cost nothing and grief.
pub(super) fn zero_where_one_is_due() -> Vec<Outcome> {
	let mut run = Run::new("zero");
	let scene = run.scene();
	for (call, role) in [
		(Call::Issue, "amount"),
		(Call::Transfer, "amount"),
		(Call::Redeem, "amount"),
		(Call::List, "price"),
		(Call::Reprice, "price"),
		(Call::Order, "quantity"),
	] {
		let mut scene = scene.clone();
		scene.encrypt(role, &BigInt::zero(), &mut run.rng);
		if role == "quantity" {
			scene.total(&BigInt::zero(), &mut run.rng);
		}
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
		run.refused(
			format!("{}: {role} 0, range of -1", call.name()),
			&statement,
			&proof,
			&[ProofError::Range],
		);
		let mut plan = scene.plan(&spec);
		plan.blindings = spec.values.iter().map(|_| run.rng.scalar()).collect();
		let mut unshifted = spec.clone();
		unshifted.values.iter_mut().for_each(|value| value.shift = false);
		plan.range = Some(range_openings(&unshifted, &plan.v, &plan.blindings));
		let proof = run.prove(&spec, &plan).encode(&spec);
		run.refused(
			format!("{}: {role} 0, range not shifted", call.name()),
			&statement,
			&proof,
			&[ProofError::Range],
		);
		let proof = run.prove(&unshifted, &scene.plan(&unshifted)).encode(&unshifted);
		run.refused(
			format!("{}: {role} 0, shift 0 hashed", call.name()),
			&statement,
			&proof,
			&[ProofError::Challenge],
		);
		let mut plan = scene.plan(&spec);
		plan.v[0] = BigInt::one();
		let proof = run.prove(&spec, &plan).encode(&spec);
		run.refused(
			format!("{}: {role} 0, V = 1", call.name()),
			&statement,
			&proof,
			&[ProofError::Challenge],
		);
		// A zero where a zero is allowed.
		let mut plan = scene.plan(&spec);
		plan.x[0] = BigInt::one();
		plan.v[0] = BigInt::one();
		let proof = run.prove(&spec, &plan).encode(&spec);
		run.refused(
			format!("{}: {role} 0, z for 1", call.name()),
			&statement,
			&proof,
			&[ProofError::Challenge],
		);
	}
	run.outcomes
}

/// Attacks the quota: an issuer whose accumulator ends one above it, with the limit's proof cut, swapped, left out or
/// made for another limit.
pub(super) fn issue_above_the_quota() -> Vec<Outcome> {
	let mut run = Run::new("quota");
	let call = Call::Issue;
	for (quota, after) in [
		(1000u64, 1001u64),
		(0, 1),
		(1000, u64::MAX),
		(u64::MAX - 1, u64::MAX),
		(u64::MAX / 2, u64::MAX),
	] {
		let mut scene = run.scene();
		scene.quota = quota;
		scene.encrypt("issued-after", &int(after), &mut run.rng);
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let case = |what: &str| format!("quota {quota}, i' = {after}: {what}");
		let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
		run.refused(
			case("range of quota - i' wrapped"),
			&statement,
			&proof,
			&[ProofError::Range],
		);

		let blindings: Vec<_> = spec.values.iter().map(|_| run.rng.scalar()).collect();
		let plan = || {
			let mut plan = scene.plan(&spec);
			plan.blindings = blindings.clone();
			plan
		};
		let honest = range_openings(&spec, &plan().v, &blindings);
		for (what, edit) in [
			(
				"limit proof shows 0",
				&(|o: &mut Vec<(u64, Scalar)>| o[2].0 = 0) as &dyn Fn(&mut Vec<(u64, Scalar)>),
			),
			("limit proof shows i'", &|o| o[2] = o[1]),
			("limit proof omitted", &|o| o[2] = (0, Scalar::ZERO)),
			("limit proof for i' - quota", &move |o| {
				o[2] = (after - quota, -o[2].1)
			}),
		] {
			let mut plan = plan();
			let mut openings = honest.clone();
			edit(&mut openings);
			plan.range = Some(openings);
			let proof = run.prove(&spec, &plan).encode(&spec);
			run.refused(case(what), &statement, &proof, &[ProofError::Range]);
		}
		let mut plan = plan();
		plan.range = Some(honest[..2].to_vec());
		let proof = run.prove(&spec, &plan).encode(&spec);
		run.refused(
			case("two commitments only"),
			&statement,
			&proof,
			&[ProofError::Length],
		);
		// Another limit, hashed or not.
		for (what, binding) in [("limit raised", false), ("limit and quota raised", true)] {
			let mut other = spec.clone();
			other.values[1].limit = Some(after);
			if binding {
				other.bindings[1].1 = after.to_le_bytes().to_vec();
			}
			let proof = run.prove(&other, &scene.plan(&other)).encode(&other);
			run.refused(case(what), &statement, &proof, &[ProofError::Challenge]);
		}
		let mut other = spec.clone();
		other.values[1].limit = None;
		let proof = run.prove(&other, &scene.plan(&other)).encode(&other);
		run.refused(case("no limit"), &statement, &proof, &[ProofError::Length]);
	}
	// Exactly the quota is fine.
	let mut scene = run.scene();
	scene.quota = 1000;
	scene.encrypt("issued-after", &int(1000), &mut run.rng);
	let spec = scene.spec(call);
	let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
	run.accepted("i' = quota", &scene.statement(call), &proof);
	run.outcomes
}

/// Attacks nothing that is promised: `N² - C = -C` has the same plaintext as `C`, since -1 is an N-th residue. A prover
/// that guesses the parity of `e` gets it accepted; it decrypts alike, and recipients compare bit for bit. What
/// differs from `-C` by a plaintext, too, is refused.
pub(super) fn wrong_sign() -> Vec<Outcome> {
	let mut run = Run::new("sign");
	let world = run.world;
	let minus_one = world.residue(&world.bytes(&(&world.n_squared - 1)));
	for (call, role) in [
		(Call::Dispute, "balance-after"),
		(Call::Transfer, "amount"),
		(Call::Restock, "delivery"),
		(Call::Order, "total"),
	] {
		let mut scene = run.scene();
		let original = scene.ciphertexts[role].clone();
		scene.ciphertexts.insert(role, world.negated(&original));
		run.sanity(
			world.secret.decrypt(&original) == world.secret.decrypt(&scene.ciphertexts[role]),
			"it decrypts alike",
		);
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let i = spec
			.equations
			.iter()
			.position(|equation| spec.ciphertexts[equation.target as usize].0 == role)
			.expect("an equation");
		let plan = || {
			let mut plan = scene.plan(&spec);
			plan.factors = vec![None; spec.equations.len()];
			plan
		};
		let mut even = plan();
		even.wanted = Box::new(|e| e % 2 == 0);
		let proof = run.prove(&spec, &even).encode(&spec);
		run.accepted(
			format!("{} of {role}, e even: documented", call.name()),
			&statement,
			&proof,
		);
		let mut odd = plan();
		odd.factors[i] = Some(minus_one.clone());
		odd.wanted = Box::new(|e| e % 2 == 1);
		let proof = run.prove(&spec, &odd).encode(&spec);
		run.accepted(
			format!("{} of {role}, e odd, -A: documented", call.name()),
			&statement,
			&proof,
		);
		let mut wrong = plan();
		wrong.wanted = Box::new(|e| e % 2 == 1);
		let proof = run.prove(&spec, &wrong).encode(&spec);
		run.refused(
			format!("{} of {role}, e odd", call.name()),
			&statement,
			&proof,
			&[ProofError::Challenge],
		);
		if role == "total" {
			continue;
		}
		// The sign hides no other plaintext.
		let plus_one = world.encrypt(&(scene.x[role].clone() + 1), &scene.r[role].clone());
		scene.ciphertexts.insert(role, world.negated(&plus_one));
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let mut plan = scene.plan(&spec);
		plan.wanted = Box::new(|e| e % 2 == 0);
		let proof = run.prove(&spec, &plan).encode(&spec);
		run.refused(
			format!("-Enc of one more, {} of {role}", call.name()),
			&statement,
			&proof,
			&[ProofError::Challenge],
		);
	}
	run.outcomes
}

/// Attacks the base of the nonces: with a base that is no N-th residue the nonce would carry a plaintext.
pub(super) fn another_nonce_base() -> Vec<Outcome> {
	let mut run = Run::new("base");
	let world = run.world;
	let call = Call::Dispute;
	let role = "balance-after";
	let random = world.residue(&run.rng.array::<512>());
	let with_plaintext = world.mul(&world.generator_power(&int(1)), world.key.h_s());
	let h = world.residue(&world.bytes(&BigInt::from_bytes_be(Sign::Plus, &world.key.h_bytes())));
	let generator = world.generator_power(&int(1));
	for (name, base) in [
		("random", random),
		("(1+N)·h_s", with_plaintext),
		("h itself", h),
		("1+N", generator),
	] {
		let mut scene = run.scene();
		let (x, r) = (int(5), run.rng.bits(world.half()));
		let target = world.mul(&world.generator_power(&x), &world.power(&base, &r));
		scene.ciphertexts.insert(role, world.key.encode(&target));
		scene.x.insert(role, x);
		scene.r.insert(role, r);
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		run.sanity(
			world.secret.decrypt(&scene.ciphertexts[role]) != Ok(5u8.into()) || name == "h itself",
			"the plaintext is another one",
		);
		let mut plan = scene.plan(&spec);
		plan.nonce_base = Some(base);
		let proof = run.prove(&spec, &plan).encode(&spec);
		run.refused(
			format!("nonces of base {name}"),
			&statement,
			&proof,
			&[ProofError::Challenge],
		);
		// The target is honest, only A is made with the other base.
		scene.encrypt(role, &int(5), &mut run.rng);
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let mut second = scene.plan(&spec);
		second.nonce_base = plan.nonce_base.take();
		let proof = run.prove(&spec, &second).encode(&spec);
		run.refused(
			format!("A of base {name}"),
			&statement,
			&proof,
			&[ProofError::Challenge],
		);
	}
	run.outcomes
}

/// Attacks the ranges of responses at their very edges. With value 0 and nonce 0 the responses are the masks, so the
/// proofs are right but for the range.
pub(super) fn response_edges() -> Vec<Outcome> {
	let mut outcomes = Vec::new();
	for set in ParameterSet::ALL {
		let mut run = Run::with("edges", set);
		let half = run.world.half();
		let call = Call::Dispute;
		let mut scene = run.scene();
		scene.encrypt_with("balance-after", &BigInt::zero(), &BigInt::zero());
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let z_edge = two_to(250) - two_to(192);
		let (w_low, w_high) = (two_to(half + 256), two_to(half + 384) - two_to(half + 256));
		let z_cases = [
			BigInt::zero(),
			int(1),
			two_to(192),
			two_to(249),
			&z_edge - 1,
			z_edge.clone(),
			&z_edge + 1,
			two_to(250) - 1,
			two_to(250),
			two_to(251),
			two_to(252),
			order() - 1,
			order(),
			order() + 1,
			order() * 8,
			two_to(255),
			two_to(256) - 1,
		];
		let w_cases = [
			BigInt::zero(),
			int(1),
			two_to(half),
			&w_low - 1,
			w_low.clone(),
			&w_low + 1,
			two_to(half + 383),
			&w_high - 1,
			w_high.clone(),
			&w_high + 1,
			two_to(half + 384) - 1,
		];
		let usual_z = vec![run.rng.bits(249)];
		let usual_w = vec![run.rng.bits(half + 383)];
		let cases = z_cases
			.into_iter()
			.map(|z| (vec![z], usual_w.clone()))
			.chain(w_cases.into_iter().map(|w| (usual_z.clone(), vec![w])))
			.collect::<Vec<_>>();
		for (alpha, beta) in cases {
			let mut plan = scene.plan(&spec);
			plan.restart = false;
			plan.alpha = alpha.clone();
			plan.beta = beta.clone();
			let proof = run.prove(&spec, &plan);
			run.sanity(proof.z == alpha && proof.w == beta, "responses are masks");
			let rules = Rules {
				z_bound: false,
				w_bound: false,
				..Rules::ALL
			};
			run.sanity(
				check(run.world, &spec, &proof, rules).is_ok(),
				"but for its range, the proof is right",
			);
			let bytes = proof.encode(&spec);
			let z_fits = is_z_in_range(&alpha[0]);
			let w_fits = is_w_in_range(run.world, &beta[0]);
			let case = format!(
				"{}: z = {:#x}, w of {} bits",
				set.name(),
				alpha[0],
				beta[0].bits()
			);
			match (z_fits, w_fits) {
				(true, true) => run.accepted(case, &statement, &bytes),
				(false, _) => run.refused(case, &statement, &bytes, &[ProofError::ValueResponse]),
				_ => run.refused(case, &statement, &bytes, &[ProofError::NonceResponse]),
			}
		}
		outcomes.extend(run.outcomes);
	}
	outcomes
}

/// Attacks the range of `w` with nonces beyond it. Nothing relies on a bound of `r`; what is shown is that the range
/// of `w` refuses what does not fit, and that a nonce just too large for an honest prover may pass, as documented.
pub(super) fn huge_nonces() -> Vec<Outcome> {
	let mut run = Run::new("nonces");
	let world = run.world;
	let call = Call::Dispute;
	let role = "balance-after";
	for (bits, sign) in [
		(130, 1),
		(130, -1),
		(256, 1),
		(256, -1),
		(300, 1),
		(300, -1),
		(512, 1),
		(512, -1),
	] {
		let mut scene = run.scene();
		let r = (two_to(world.half() + bits) + run.rng.bits(world.half())) * sign;
		scene.encrypt_with(role, &int(7), &r);
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let mut plan = scene.plan(&spec);
		plan.restart = false;
		let proof = run.prove(&spec, &plan);
		let case = format!("|r| = 2^(|N|/2+{bits}), sign {sign}");
		if proof.w.iter().all(|w| is_w_in_range(world, w)) {
			run.accepted(format!("{case}: documented"), &statement, &proof.encode(&spec));
		} else {
			// It is a true statement all the same: the range of w guards nothing but the encoding.
			let rules = Rules {
				w_bound: false,
				..Rules::ALL
			};
			run.sanity(
				check(world, &spec, &proof, rules).is_ok(),
				"without the range it is accepted",
			);
			let reasons = [ProofError::NonceResponse, ProofError::Challenge];
			run.refused(case, &statement, &proof.encode(&spec), &reasons);
		}
	}
	run.outcomes
}

//! The attacks.

use crate::{
	arithmetic::{le32, order, scalar, two_to, Rng, World},
	check::{check, Rules},
	forge::{commit, is_w_in_range, is_z_in_range, prove, range_openings, range_proof, Plan, Proof, Respond},
	scene::Scene,
	spec::{Absorber, Spec},
};
use codec::{Decode, Encode};
use curve25519_dalek::{constants::RISTRETTO_BASEPOINT_POINT, ristretto::RistrettoPoint, scalar::Scalar};
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};
use rand_core::RngCore;
use std::collections::BTreeMap;
use veilmart_confidential::{statements::Terms, Call, ProofError, Statement, Verifier};
use veilmart_paillier::{CiphertextError, ParameterSet, PublicKey};

/// What the verifier has to answer.
#[derive(Clone, Debug)]
pub enum Expected {
	/// Yes: an honest proof, or a deviation that the protocol allows.
	Accepted,
	/// No, for one of these reasons; any reason if there are none.
	Refused(Vec<ProofError>),
}

/// One attempt.
pub struct Outcome {
	/// What was tried.
	pub case: String,
	/// What the verifier answered.
	pub verdict: Result<(), ProofError>,
	/// What it had to answer.
	pub expected: Expected,
}

impl Outcome {
	/// Whether the answer is right.
	pub fn as_expected(&self) -> bool {
		match (&self.expected, &self.verdict) {
			(Expected::Accepted, verdict) => verdict.is_ok(),
			(Expected::Refused(_), Ok(())) => false,
			(Expected::Refused(reasons), Err(error)) => reasons.is_empty() || reasons.contains(error),
		}
	}
}

/// How many attempts were accepted and how many were refused for which reason.
pub fn summary(outcomes: &[Outcome]) -> String {
	let mut counts = BTreeMap::new();
	for outcome in outcomes {
		let verdict = match &outcome.verdict {
			Ok(()) => "accepted".to_string(),
			Err(error) => format!("{error:?}"),
		};
		*counts.entry(verdict).or_insert(0) += 1;
	}
	let counts: Vec<String> = counts
		.iter()
		.map(|(verdict, count)| format!("{verdict} {count}"))
		.collect();
	format!("{} cases: {}", outcomes.len(), counts.join(", "))
}

/// An attack.
pub struct Attack {
	/// Its name.
	pub name: &'static str,
	/// The rule that it attacks.
	pub rule: &'static str,
	/// Runs it.
	pub run: fn() -> Vec<Outcome>,
}

macro_rules! attacks {
	($($name:ident: $rule:literal,)*) => {
		/// All attacks.
		pub const ATTACKS: &[Attack] =
			&[$(Attack { name: stringify!($name), rule: $rule, run: $name },)*];
	};
}

attacks! {
	honest: "none: honest proofs of a second implementation are accepted",
	negative_balance: "0 ≤ b': V in [0, 2^64) and the integer in V is the one in the ciphertext",
	fractions: "z < 2^250 - 2^192: no x = k/d modulo N survives",
	total_of_another_quantity: "X and S hold the same num, and S is a power of the listing's own P",
	zero_where_one_is_due: "the Bulletproof of a shifted value runs on V - B",
	issue_above_the_quota: "i' ≤ quota: a Bulletproof on quota·B - V",
	wrong_sign: "none: N² - C may pass and decrypts alike",
	another_nonce_base: "A is a product with a power of h_s, an N-th residue",
	response_edges: "the ranges of z and w, exactly",
	huge_nonces: "the range of w; no bound on r is proved",
	reuse: "everything that a proof is valid for is hashed",
	omitted_messages: "every message of the transcript is hashed",
	tampered_range_proof: "the Bulletproof is about V, in order, with identities as padding",
	unacceptable_ciphertexts: "0 < c < N², gcd(c, N) = 1, exact length, at every position",
	encodings: "canonical scalars and points, version, exact length",
	every_proof_byte: "no bit of a proof is free",
	every_statement_byte: "no bit of a statement is free, and decoding never panics",
	forged_challenge: "e is drawn after A and T",
	garbage: "no input panics",
}

/// Attempts against one verifier.
struct Run {
	world: &'static World,
	rng: Rng,
	outcomes: Vec<Outcome>,
}

impl Run {
	fn new(name: &str) -> Self {
		Self::with(name, ParameterSet::Paillier2048)
	}

	fn with(name: &str, set: ParameterSet) -> Self {
		Self {
			world: World::get(set),
			rng: Rng::new(name),
			outcomes: Vec::new(),
		}
	}

	fn scene(&mut self) -> Scene {
		Scene::new(self.world, &mut self.rng)
	}

	fn prove(&mut self, spec: &Spec, plan: &Plan) -> Proof {
		prove(self.world, spec, plan, &mut self.rng)
	}

	fn record(&mut self, case: impl Into<String>, verdict: Result<(), ProofError>, expected: Expected) {
		self.outcomes.push(Outcome {
			case: case.into(),
			verdict,
			expected,
		});
	}

	fn accepted(&mut self, case: impl Into<String>, statement: &Statement, proof: &[u8]) {
		let verdict = self.world.verifier.verify(statement, proof);
		self.record(case, verdict, Expected::Accepted);
	}

	fn refused(
		&mut self,
		case: impl Into<String>,
		statement: &Statement,
		proof: &[u8],
		reasons: &[ProofError],
	) {
		let verdict = self.world.verifier.verify(statement, proof);
		self.record(case, verdict, Expected::Refused(reasons.to_vec()));
	}

	/// Checks something about the attack itself; a failure is an attack that does not attack.
	fn sanity(&mut self, holds: bool, what: &str) {
		assert!(holds, "{what}");
	}

	/// Gives `role` the plaintext `x` and tries all that a prover can do about it. `certain` tells that the proof whose
	/// `V` holds the same false value is perfect but for the Bulletproof.
	fn false_value(&mut self, scene: &Scene, call: Call, role: &'static str, x: &BigInt, certain: bool) {
		let world = self.world;
		let mut scene = scene.clone();
		scene.encrypt(role, x, &mut self.rng);
		// The representative of x modulo N of the least size.
		let reduced = x.mod_floor(&world.n);
		let centred = if &reduced * 2 > world.n {
			&reduced - &world.n
		} else {
			reduced
		};
		if role == "quantity" {
			scene.total(&centred, &mut self.rng);
		}
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let j = spec
			.values
			.iter()
			.position(|value| value.role == role)
			.expect("the call has this value");
		let in_range = x.mod_floor(&two_to(64));
		let with = |v: &BigInt, x: &BigInt| {
			let mut plan = scene.plan(&spec);
			plan.v[j] = v.clone();
			plan.x[j] = x.clone();
			plan.restart = false;
			plan
		};
		let name = |strategy: &str| format!("{}: {role}, {strategy}", call.name());

		let mut plan = with(&centred, &centred);
		plan.restart = centred.bits() < 100;
		let proof = self.prove(&spec, &plan).encode(&spec);
		let reasons: &[_] = if certain { &[ProofError::Range] } else { &[] };
		self.refused(name("V and z hold it"), &statement, &proof, reasons);
		let proof = self.prove(&spec, &with(x, x)).encode(&spec);
		self.refused(name("V and z hold it, not reduced"), &statement, &proof, &[]);
		let proof = self.prove(&spec, &with(&in_range, &centred)).encode(&spec);
		self.refused(name("V in range, z holds it"), &statement, &proof, &[]);
		let proof = self.prove(&spec, &with(&in_range, &in_range)).encode(&spec);
		self.refused(
			name("V and z in range"),
			&statement,
			&proof,
			&[ProofError::Challenge],
		);
		let mut plan = with(&centred, &centred);
		let xs = plan.x.clone();
		plan.respond = Some(Box::new(move |j, alpha, e| {
			(alpha - &xs[j] * e).mod_floor(&order())
		}));
		let proof = self.prove(&spec, &plan).encode(&spec);
		self.refused(name("z reduced modulo ℓ"), &statement, &proof, &[]);
	}
}

fn int(x: impl Into<BigInt>) -> BigInt {
	x.into()
}

/// Attacks nothing: proofs of this implementation are accepted for every statement, both key sizes, values at both
/// ends of their ranges; and the lengths are those of `docs/formats.md`.
fn honest() -> Vec<Outcome> {
	let mut outcomes = Vec::new();
	for set in ParameterSet::ALL {
		let mut run = Run::with("honest", set);
		for call in Call::ALL {
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
fn negative_balance() -> Vec<Outcome> {
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
fn fractions() -> Vec<Outcome> {
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
			passes == (proof.e % 2 == 0),
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
fn total_of_another_quantity() -> Vec<Outcome> {
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
fn zero_where_one_is_due() -> Vec<Outcome> {
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
fn issue_above_the_quota() -> Vec<Outcome> {
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
fn wrong_sign() -> Vec<Outcome> {
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
fn another_nonce_base() -> Vec<Outcome> {
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
fn response_edges() -> Vec<Outcome> {
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
fn huge_nonces() -> Vec<Outcome> {
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

type Edit = (&'static str, fn(&mut Scene));

/// Changes of everything that a proof is valid for only.
const EDITS: &[Edit] = &[
	("genesis", |s| s.context.genesis[31] ^= 1),
	("account", |s| s.context.account[0] ^= 1),
	("seq + 1", |s| s.context.seq = s.context.seq.wrapping_add(1)),
	("seq, high bit", |s| s.context.seq ^= 1 << 63),
	("salt", |s| s.context.salt[15] ^= 0x80),
	("counterparty", |s| s.counterparty[7] ^= 1),
	("quota", |s| s.quota += 1),
	("seller", |s| s.listing.seller[0] ^= 1),
	("listing seq", |s| s.listing.seq ^= 1),
	("price version", |s| s.version ^= 1),
	("buyer", |s| s.order.buyer[0] ^= 1),
	("order seq", |s| s.order.seq ^= 1),
	("accept period", |s| s.terms.accept_period ^= 1),
	("ship period", |s| s.terms.ship_period ^= 1),
	("grace period", |s| s.terms.grace_period ^= 1),
	("confirm period", |s| s.terms.confirm_period ^= 1),
	("resolve period", |s| s.terms.resolve_period ^= 1),
	("periods exchanged", |s| {
		let Terms {
			ship_period,
			grace_period,
			..
		} = &mut s.terms;
		core::mem::swap(ship_period, grace_period);
	}),
	("bond multiple", |s| s.terms.bond_multiple -= 1),
	("penalty share", |s| s.terms.penalty_share += 1),
	("seller and buyer exchanged", |s| {
		core::mem::swap(&mut s.listing.seller, &mut s.order.buyer)
	}),
	("listing and order seq exchanged", |s| {
		core::mem::swap(&mut s.listing.seq, &mut s.order.seq)
	}),
	("own note", |s| flip(s, "own")),
	("counterparty note", |s| flip(s, "counterparty")),
	("quote", |s| flip(s, "quote")),
	("stock note", |s| flip(s, "stock")),
	("notes exchanged", |s| {
		let (own, other) = (s.notes["own"], s.notes["counterparty"]);
		s.notes.insert("own", other);
		s.notes.insert("counterparty", own);
		s.notes.insert("stock", own);
	}),
	("price", |s| double(s, "price")),
	("quantity", |s| double(s, "quantity")),
	("total", |s| double(s, "total")),
	("amount", |s| double(s, "amount")),
	("balance", |s| double(s, "balance-after")),
	("issued", |s| double(s, "issued-after")),
	("stock", |s| double(s, "stock")),
	("stock after", |s| double(s, "stock-after")),
	("commodity", |s| double(s, "commodity")),
	("delivery", |s| double(s, "delivery")),
	("stock and commodity exchanged", |s| {
		exchange(s, "stock", "commodity")
	}),
	("amount and balance exchanged", |s| {
		exchange(s, "amount", "balance-after")
	}),
	("quantity and total exchanged", |s| {
		exchange(s, "quantity", "total")
	}),
	("stock and balance exchanged", |s| {
		exchange(s, "stock-after", "balance-after")
	}),
];

fn flip(scene: &mut Scene, note: &'static str) {
	scene.notes.get_mut(note).expect("a note")[16] ^= 1;
}

fn double(scene: &mut Scene, role: &'static str) {
	let squared = scene
		.world
		.power(&scene.world.residue(&scene.ciphertexts[role]), &int(2));
	scene.ciphertexts.insert(role, scene.world.key.encode(&squared));
}

fn exchange(scene: &mut Scene, a: &'static str, b: &'static str) {
	let (x, y) = (scene.ciphertexts[a].clone(), scene.ciphertexts[b].clone());
	scene.ciphertexts.insert(a, y);
	scene.ciphertexts.insert(b, x);
}

/// Attacks the binding of a proof to its call: the same bytes for anything else. What a call does not depend on
/// leaves its statement as it is, which is checked, too.
fn reuse() -> Vec<Outcome> {
	let mut run = Run::new("reuse");
	let world = run.world;
	// Another key: any odd number of the right length serves, if it has no small factor.
	let small: Vec<u32> = (3..20_000).step_by(2).collect();
	let other = (1u32..)
		.map(|i| world.key.modulus() + 2 * i)
		.find(|number| small.iter().all(|divisor| number % divisor != 0u32.into()))
		.expect("there are many");
	let other = PublicKey::from_modulus(&other.to_bytes_be()).expect("odd");
	let other_verifier = Verifier::for_one_proof(other);
	let mut changes = BTreeMap::new();
	for call in Call::ALL {
		let scene = run.scene();
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
		run.accepted(format!("{}: as it was made", call.name()), &statement, &proof);
		for (name, edit) in EDITS {
			let mut changed = scene.clone();
			edit(&mut changed);
			let new = changed.statement(call);
			if new == statement {
				continue;
			}
			*changes.entry(*name).or_insert(0) += 1;
			run.refused(
				format!("{}: {name}", call.name()),
				&new,
				&proof,
				&[ProofError::Challenge],
			);
		}
		for as_call in Call::ALL.into_iter().filter(|as_call| *as_call != call) {
			run.refused(
				format!("{} as {}", call.name(), as_call.name()),
				&scene.statement(as_call),
				&proof,
				&[
					ProofError::Challenge,
					ProofError::Length,
					ProofError::ValueResponse,
					ProofError::NonceResponse,
				],
			);
		}
		let verdict = other_verifier.verify(&statement, &proof);
		run.record(
			format!("{}: another key", call.name()),
			verdict,
			Expected::Refused(vec![ProofError::Challenge]),
		);
		let verdict = World::get(ParameterSet::Paillier3072)
			.verifier
			.verify(&statement, &proof);
		run.record(
			format!("{}: another key size", call.name()),
			verdict,
			Expected::Refused(vec![ProofError::Statement]),
		);
	}
	run.sanity(changes.len() == EDITS.len(), "every change concerns some call");
	// The same bytes must differ between transfer and redeem by the call's name alone.
	let scene = run.scene();
	let [transfer, redeem] = [Call::Transfer, Call::Redeem].map(|call| scene.spec(call).messages());
	let differences = transfer.iter().zip(&redeem).filter(|(a, b)| a != b).count();
	run.sanity(
		differences == 1 && transfer.len() == redeem.len(),
		"only the name differs",
	);
	run.outcomes
}

/// Attacks the transcript: a prover that leaves out one message after the other, for every call. A verifier that left
/// it out, too, would accept.
fn omitted_messages() -> Vec<Outcome> {
	let mut run = Run::new("omitted");
	for call in Call::ALL {
		let scene = run.scene();
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let statement_messages = spec.messages();
		let (k, m) = (spec.values.len(), spec.equations.len());
		let first = statement_messages.len() + 2 * k + m;
		let total = first + 2 * k + m;
		for omit in 0..total {
			let mut plan = scene.plan(&spec);
			plan.omit = Some(omit);
			let proof = run.prove(&spec, &plan).encode(&spec);
			let name = match statement_messages.get(omit) {
				Some((label, _)) => String::from_utf8_lossy(label).into_owned(),
				None if omit < first => "V, A, T".into(),
				None => "z, w, t".into(),
			};
			// Responses come after the challenge: without them, the Bulletproof goes on with another transcript.
			let reason = if omit < first {
				ProofError::Challenge
			} else {
				ProofError::Range
			};
			run.refused(
				format!("{} without message {omit}, {name}", call.name()),
				&statement,
				&proof,
				&[reason],
			);
		}
	}
	run.outcomes
}

/// Attacks what the Bulletproof is about.
fn tampered_range_proof() -> Vec<Outcome> {
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
		let mut attempts: Vec<(&str, Vec<(u64, Scalar)>, usize)> =
			vec![("as it should be", honest.clone(), 64)];
		let mut with = |what, edit: &dyn Fn(&mut Vec<(u64, Scalar)>)| {
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
fn unacceptable_ciphertexts() -> Vec<Outcome> {
	let mut run = Run::new("ciphertexts");
	let world = run.world;
	let (n, p) = (world.n.clone(), world.p());
	let q = &n / &p;
	let p_squared = &p * &p;
	let not_unit = ProofError::Ciphertext(CiphertextError::NotUnit);
	let not_reduced = ProofError::Ciphertext(CiphertextError::NotReduced);
	let zero = ProofError::Ciphertext(CiphertextError::Zero);
	for call in Call::ALL {
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
fn encodings() -> Vec<Outcome> {
	let mut run = Run::new("encodings");
	for call in Call::ALL {
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

/// Splits the work over two threads.
fn in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) -> Outcome + Sync) -> Vec<Outcome> {
	let (left, right) = items.split_at(items.len() / 2);
	std::thread::scope(|scope| {
		let other = scope.spawn(|| right.iter().map(&work).collect::<Vec<_>>());
		let mut out: Vec<_> = left.iter().map(&work).collect();
		out.extend(other.join().expect("the verifier does not panic"));
		out
	})
}

/// Attacks malleability: every byte of an `order`'s proof, with one bit flipped; and of the other calls', every
/// seventh.
fn every_proof_byte() -> Vec<Outcome> {
	let mut run = Run::new("bytes");
	let mut outcomes = Vec::new();
	for call in Call::ALL {
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
				verdict: world.verifier.verify(&statement, &proof),
				expected: Expected::Refused(Vec::new()),
			}
		}));
	}
	outcomes.extend(run.outcomes);
	outcomes
}

/// Attacks the binding and the decoding of statements: every byte of an `order`'s statement and every third of the
/// `issue`'s, with a bit flipped. It does not decode, or it is refused; and no length in it makes the decoder panic.
fn every_statement_byte() -> Vec<Outcome> {
	let mut run = Run::new("statement bytes");
	let world = run.world;
	let mut outcomes = Vec::new();
	for (call, step) in [(Call::Order, 1), (Call::Issue, 3)] {
		let scene = run.scene();
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
		let encoded = statement.encode();
		let again = Statement::decode(&mut &encoded[..]).expect("it decodes");
		run.sanity(again == statement && again.encode() == encoded, "it comes back");
		run.accepted(format!("{} untouched", call.name()), &again, &proof);
		let positions: Vec<usize> = (0..encoded.len()).step_by(step).collect();
		outcomes.extend(in_parallel(&positions, |at| {
			let mut encoded = encoded.clone();
			encoded[*at] ^= 1 << (at % 8);
			let verdict = match Statement::decode(&mut &encoded[..]) {
				Ok(statement) => world.verifier.verify(&statement, &proof),
				Err(_) => Err(ProofError::Statement),
			};
			Outcome {
				case: format!("{} statement byte {at}", call.name()),
				verdict,
				expected: Expected::Refused(Vec::new()),
			}
		}));
		for len in 0..encoded.len() {
			let verdict = match Statement::decode(&mut &encoded[..len]) {
				Ok(_) => Ok(()),
				Err(_) => Err(ProofError::Statement),
			};
			if len % 100 == 0 || verdict.is_ok() {
				run.record(
					format!("{} statement cut to {len}", call.name()),
					verdict,
					Expected::Refused(Vec::new()),
				);
			}
		}
		// Every value of the bytes that hold structure: the head and the last 40.
		let head = 0..2;
		let tail = encoded.len() - 40..encoded.len();
		for at in head.chain(tail) {
			for value in (0..10)
				.chain([127, 128, 255])
				.filter(|value| *value != encoded[at])
			{
				let mut encoded = encoded.clone();
				encoded[at] = value;
				let Ok(statement) = Statement::decode(&mut &encoded[..]) else {
					continue;
				};
				run.refused(
					format!("{} statement byte {at} = {value}", call.name()),
					&statement,
					&proof,
					&[],
				);
			}
		}
	}
	outcomes.extend(run.outcomes);
	outcomes
}

/// Attacks the order of things: a simulator takes `e`, `z`, `w`, `t` first and then finds the `A` and `T` that fit. The
/// transcript gives another challenge.
fn forged_challenge() -> Vec<Outcome> {
	let mut run = Run::new("challenge");
	let world = run.world;
	for call in Call::ALL {
		let mut scene = run.scene();
		// False statements: whatever is in the ciphertexts, the values claimed are 1.
		for role in crate::scene::ROLES {
			scene.encrypt(role, &int(-5), &mut run.rng);
		}
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let (k, m) = (spec.values.len(), spec.equations.len());
		for e in [0, 1, u128::MAX, run.rng.bits(128).to_u128().expect("128 bits")] {
			let blindings: Vec<_> = (0..k).map(|_| run.rng.scalar()).collect();
			let v = vec![int(1); k];
			let mut proof = Proof {
				version: 1,
				v: v.iter()
					.zip(&blindings)
					.map(|(v, s)| commit(v, *s).compress().to_bytes())
					.collect(),
				e,
				z: (0..k).map(|_| run.rng.bits(249)).collect(),
				w: (0..m).map(|_| run.rng.bits(world.half() + 383)).collect(),
				t: (0..k).map(|_| run.rng.scalar().to_bytes()).collect(),
				range: Vec::new(),
			};
			// The transcript as the simulator wants it: A and T from the responses, then a Bulletproof on it.
			let mut transcript = Absorber::new(None);
			transcript.put_all(&spec.messages());
			proof.v.iter().for_each(|v| transcript.put(&(b"V", v.to_vec())));
			for (equation, w) in spec.equations.iter().zip(&proof.w) {
				let target = world.residue(&spec.ciphertexts[equation.target as usize].1);
				let mut a = world.mul(&world.nonce_power(w), &world.power(&target, &int(e)));
				for (base, z) in equation.bases.iter().zip(&proof.z) {
					if let Some(factor) = crate::forge::base_power(world, &spec, *base, z) {
						a = world.mul(&a, &factor);
					}
				}
				transcript.put(&(b"A", world.key.encode(&a)));
			}
			for ((z, t), (v, s)) in proof.z.iter().zip(&proof.t).zip(v.iter().zip(&blindings)) {
				let t = Scalar::from_canonical_bytes(*t).expect("canonical");
				let point = commit(z, t) + scalar(&int(e)) * commit(v, *s);
				transcript.put(&(b"T", point.compress().to_bytes().to_vec()));
			}
			let drawn = transcript.challenge();
			let messages = proof.response_messages(&spec);
			transcript.put_all(&messages);
			proof.range = range_proof(
				&mut transcript,
				&range_openings(&spec, &v, &blindings),
				64,
				&mut run.rng,
			);
			run.refused(
				format!("{}: e = {e:#x} chosen first", call.name()),
				&statement,
				&proof.encode(&spec),
				&[ProofError::Challenge],
			);
			proof.e = drawn;
			run.refused(
				format!("{}: the challenge of the simulated A", call.name()),
				&statement,
				&proof.encode(&spec),
				&[ProofError::Challenge],
			);
		}
	}
	run.outcomes
}

/// Attacks the decoder: 10,000 proofs of random bytes, more and more of them right. Nothing panics.
fn garbage() -> Vec<Outcome> {
	let mut run = Run::new("garbage");
	let scenes: Vec<_> = (0..2).map(|_| run.scene()).collect();
	for i in 0..10_000usize {
		let call = Call::ALL[i % Call::ALL.len()];
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
		let call = Call::ALL[i % Call::ALL.len()];
		let mut bytes = vec![1; run.rng.next_u32() as usize % 3000];
		run.rng.fill_bytes(&mut bytes);
		run.refused("garbage of any length", &scenes[0].statement(call), &bytes, &[]);
		let _ = Statement::decode(&mut &bytes[..]);
	}
	// All the same byte.
	for byte in [0, 1, 0x7f, 0x80, 0xff] {
		for call in Call::ALL {
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

//! The attacks.

mod binding;
mod encoding;
mod refresh;
mod values;

use crate::{
	arithmetic::{order, two_to, Rng, World},
	forge::{prove, Plan, Proof},
	scene::Scene,
	spec::Spec,
};
use binding::{every_statement_byte, forged_challenge, omitted_messages, reuse};
use codec::Encode;
use encoding::{encodings, every_proof_byte, garbage, tampered_range_proof, unacceptable_ciphertexts};
use num_bigint::BigInt;
use num_integer::Integer;
use refresh::{refresh_by_nothing, refresh_encodings, refresh_reused, refresh_with_a_value};
use std::collections::BTreeMap;
use values::{
	another_nonce_base, fractions, honest, huge_nonces, issue_above_the_quota, negative_balance,
	response_edges, total_of_another_quantity, wrong_sign, zero_where_one_is_due,
};
use veilmart_confidential::{Call, ProofError, Statement};
use veilmart_paillier::ParameterSet;

/// What the verifier has to answer.
#[derive(Clone, Debug)]
pub enum Expected {
	/// Yes: an honest proof, or a deviation that the protocol allows.
	Accepted,
	/// No, for one of these reasons; any reason if there are none.
	Refused(Vec<ProofError>),
}

/// What was put before the verifier, as it travels: so that a verifier elsewhere can be asked the same.
#[derive(Clone, Debug)]
pub struct Attempt {
	/// `N` of the verifier's key.
	pub modulus: Vec<u8>,
	/// The SCALE-encoded statement, or bytes that are none.
	pub statement: Vec<u8>,
	/// The proof, or bytes that are none.
	pub proof: Vec<u8>,
}

impl Attempt {
	fn new(world: &World, statement: &[u8], proof: &[u8]) -> Self {
		Self {
			modulus: world.key.modulus_bytes(),
			statement: statement.to_vec(),
			proof: proof.to_vec(),
		}
	}
}

/// One attempt.
pub struct Outcome {
	/// What was tried.
	pub case: String,
	/// With which bytes.
	pub attempt: Attempt,
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
	refresh_with_a_value: "refresh: Z is an N-th power, and y a unit",
	refresh_by_nothing: "refresh: Z is a unit modulo N²",
	refresh_reused: "refresh: everything that its proof is valid for is hashed",
	refresh_encodings: "refresh: 0 < y < N, gcd(y, N) = 1, exact length, no bit is free",
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

	fn record(
		&mut self,
		case: impl Into<String>,
		attempt: Attempt,
		verdict: Result<(), ProofError>,
		expected: Expected,
	) {
		self.outcomes.push(Outcome {
			case: case.into(),
			attempt,
			verdict,
			expected,
		});
	}

	fn accepted(&mut self, case: impl Into<String>, statement: &Statement, proof: &[u8]) {
		let verdict = self.world.verifier.verify(statement, proof);
		let attempt = Attempt::new(self.world, &statement.encode(), proof);
		self.record(case, attempt, verdict, Expected::Accepted);
	}

	fn refused(
		&mut self,
		case: impl Into<String>,
		statement: &Statement,
		proof: &[u8],
		reasons: &[ProofError],
	) {
		let verdict = self.world.verifier.verify(statement, proof);
		let attempt = Attempt::new(self.world, &statement.encode(), proof);
		self.record(case, attempt, verdict, Expected::Refused(reasons.to_vec()));
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

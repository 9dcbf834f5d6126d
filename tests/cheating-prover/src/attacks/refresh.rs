//! Attacks on `refresh`, whose proof is another: `01 ‖ e ‖ y`, that the residue Z is an N-th power.

use super::{in_parallel, Attempt, Expected, Outcome, Run};
use crate::{
	arithmetic::{Rng, World},
	scene::Scene,
	spec::{Absorber, Message, Spec},
};
use codec::{DecodeAll, Encode};
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Zero};
use rand_core::RngCore;
use veilmart_confidential::{
	statements::{self, ListingName, RefreshTarget},
	Call, ProofError, Statement, Verifier,
};
use veilmart_paillier::{CiphertextError, ParameterSet, PublicKey};

/// A `refresh` that somebody wants to have accepted.
#[derive(Clone)]
struct Claim {
	scene: Scene,
	target: RefreshTarget,
	after: Vec<u8>,
	residue: Vec<u8>,
}

/// What there is in `Z_N²`, in plain arithmetic.
struct Numbers {
	n: BigUint,
	n_squared: BigUint,
	p: BigUint,
	q: BigUint,
}

impl Numbers {
	fn of(world: &World) -> Self {
		let n = world.key.modulus().clone();
		let [p, q] = world
			.secret
			.factors()
			.map(|factor| BigUint::from_bytes_be(&factor));
		Self {
			n_squared: &n * &n,
			n,
			p,
			q,
		}
	}

	/// `u^N mod N²`.
	fn residue(&self, u: &BigUint) -> BigUint {
		u.modpow(&self.n, &self.n_squared)
	}

	/// `(1 + N)^x·u^N mod N²`.
	fn with_value(&self, x: &BigUint, u: &BigUint) -> BigUint {
		(BigUint::one() + x * &self.n) * self.residue(u) % &self.n_squared
	}

	fn inverse(&self, u: &BigUint) -> BigUint {
		u.modinv(&self.n).expect("a unit")
	}

	/// `a` modulo the first number and `b` modulo the second, which are coprime.
	fn both(a: &BigUint, m: &BigUint, b: &BigUint, o: &BigUint) -> BigUint {
		let step = (b + o - a % o) * m.modinv(o).expect("coprime") % o;
		a + m * step
	}

	/// What the verifier recomputes: `y^N·Z^e mod N²`.
	fn first(&self, y: &BigUint, z: &BigUint, e: u128) -> BigUint {
		self.residue(y) * z.modpow(&e.into(), &self.n_squared) % &self.n_squared
	}
}

fn number(rng: &mut Rng, below: &BigUint) -> BigUint {
	let mut bytes = vec![0; below.to_bytes_be().len() + 16];
	rng.fill_bytes(&mut bytes);
	BigUint::from_bytes_be(&bytes) % below
}

fn fixed(number: &BigUint, len: usize) -> Vec<u8> {
	let bytes = number.to_bytes_be();
	[vec![0; len.checked_sub(bytes.len()).expect("it fits")], bytes].concat()
}

/// The bytes of a proof.
fn encode(world: &World, e: u128, y: &BigUint) -> Vec<u8> {
	let y = fixed(y, world.set.modulus_bytes());
	[&[1][..], &e.to_le_bytes(), &y].concat()
}

impl Claim {
	/// To multiply a balance by `residue`.
	fn new(run: &mut Run, residue: &BigUint) -> Self {
		let (world, scene) = (run.world, run.scene());
		let before = BigUint::from_bytes_be(&scene.ciphertexts["balance-after"]);
		let after = before * residue % BigUint::from_bytes_be(&world.bytes(&world.n_squared));
		let bytes = |number: &BigUint| fixed(number, world.set.ciphertext_bytes());
		Self {
			target: RefreshTarget::Balance,
			after: bytes(&after),
			residue: bytes(residue),
			scene,
		}
	}

	/// The statement of the code under attack.
	fn statement(&self) -> Statement {
		statements::refresh(
			self.scene.world.set,
			&self.scene.context,
			self.target,
			&self.after,
			&self.residue,
			self.scene.notes["own"],
		)
	}

	/// What the transcript takes in, by the table of `docs/formats.md`.
	fn messages(&self) -> Vec<Message> {
		let context = &self.scene.context;
		let bindings = match self.target {
			RefreshTarget::Balance => vec![("target", 0u32.to_le_bytes().to_vec())],
			RefreshTarget::Credit { creator, seq, kind } => vec![
				("target", 1u32.to_le_bytes().to_vec()),
				("credit-creator", creator.to_vec()),
				("credit-seq", seq.to_le_bytes().to_vec()),
				("credit-kind", kind.to_le_bytes().to_vec()),
			],
			RefreshTarget::Stock(listing) => vec![
				("target", 2u32.to_le_bytes().to_vec()),
				("listing-seller", listing.seller.to_vec()),
				("listing-seq", listing.seq.to_le_bytes().to_vec()),
			],
		};
		let spec = Spec {
			set: self.scene.world.set,
			genesis: context.genesis,
			modulus: self.scene.world.key.modulus_bytes(),
			call: "refresh",
			account: context.account,
			seq: context.seq,
			salt: context.salt,
			bindings,
			notes: vec![("own", self.scene.notes["own"])],
			ciphertexts: vec![
				("refreshed", self.after.clone()),
				("residue", self.residue.clone()),
			],
			values: Vec::new(),
			equations: Vec::new(),
		};
		spec.messages()
	}

	/// The challenge for a first message, with one message of the transcript left out perhaps.
	fn challenge(&self, a: &BigUint, omit: Option<usize>) -> u128 {
		let mut transcript = Absorber::new(omit);
		transcript.put_all(&self.messages());
		let len = self.scene.world.set.ciphertext_bytes();
		transcript.put(&(b"A", fixed(a, len)));
		transcript.challenge()
	}

	/// The proof of somebody who takes `u` for the root.
	fn prove(&self, u: &BigUint, omit: Option<usize>, rng: &mut Rng) -> Vec<u8> {
		let world = self.scene.world;
		let numbers = Numbers::of(world);
		let k = number(rng, &numbers.n);
		let e = self.challenge(&numbers.residue(&k), omit);
		let y = k * numbers.inverse(u).modpow(&e.into(), &numbers.n) % &numbers.n;
		encode(world, e, &y)
	}
}

fn honest(run: &mut Run) -> (Claim, BigUint, Vec<u8>) {
	let numbers = Numbers::of(run.world);
	let u = number(&mut run.rng, &numbers.n);
	let claim = Claim::new(run, &numbers.residue(&u));
	let proof = claim.prove(&u, None, &mut run.rng);
	(claim, u, proof)
}

/// Attacks soundness: Z holds a value, so that multiplying by it makes money; by a prover who has no root, and by the
/// certificate authority, who knows the factors.
pub(super) fn refresh_with_a_value() -> Vec<Outcome> {
	let mut outcomes = Vec::new();
	for set in [ParameterSet::Paillier2048, ParameterSet::Paillier3072] {
		let mut run = Run::with("refresh", set);
		let world = run.world;
		let numbers = Numbers::of(world);
		let (claim, u, proof) = honest(&mut run);
		run.accepted("a root is known", &claim.statement(), &proof);
		// -1 is an N-th power, N being odd. What it makes of a ciphertext decrypts alike.
		let minus = &numbers.n - 1u32;
		let negated = Claim::new(&mut run, &(&numbers.n_squared - 1u32));
		let proof = negated.prove(&minus, None, &mut run.rng);
		run.accepted("Z = -1", &negated.statement(), &proof);

		let values = [
			("1", BigUint::one()),
			("-1", &numbers.n - 1u32),
			("2^64", BigUint::one() << 64),
			("p", numbers.p.clone()),
			("N/2", &numbers.n >> 1),
		];
		for (name, x) in &values {
			let claim = Claim::new(&mut run, &numbers.with_value(x, &u));
			let statement = claim.statement();
			let z = numbers.with_value(x, &u);
			let proof = claim.prove(&u, None, &mut run.rng);
			let case = |strategy: &str| format!("Z holds {name}, {strategy}");
			let challenge = &[ProofError::Challenge];
			run.refused(case("the root of the rest"), &statement, &proof, challenge);
			let wrong = number(&mut run.rng, &numbers.n);
			let proof = claim.prove(&wrong, None, &mut run.rng);
			run.refused(case("any root"), &statement, &proof, challenge);
			// A simulator takes e and y first.
			let y = number(&mut run.rng, &numbers.n);
			for e in [0, 1, u128::MAX, 1 << 77] {
				let drawn = claim.challenge(&numbers.first(&y, &z, e), None);
				let chosen = encode(world, e, &y);
				run.refused(case("e chosen first"), &statement, &chosen, challenge);
				let drawn = encode(world, drawn, &y);
				run.refused(
					case("the challenge of the simulated A"),
					&statement,
					&drawn,
					challenge,
				);
			}
		}

		// Modulo q² a value that q divides is none, and modulo p² everything is zero: perfect but for the common factor.
		let z = numbers.with_value(&numbers.q, &u);
		let claim = Claim::new(&mut run, &z);
		let zero = BigUint::zero();
		let k = Numbers::both(&zero, &numbers.p, &number(&mut run.rng, &numbers.q), &numbers.q);
		let a = numbers.residue(&k);
		let e = claim.challenge(&a, None);
		let inverse = numbers.inverse(&u).modpow(&e.into(), &numbers.n);
		let y = k * inverse % &numbers.n;
		run.sanity(numbers.first(&y, &z, e) == a, "the equation holds");
		run.sanity(!y.is_zero() && y.is_multiple_of(&numbers.p), "y is no unit");
		run.refused(
			"Z holds q, y shares p with N",
			&claim.statement(),
			&encode(world, e, &y),
			&[ProofError::NonceResponse],
		);
		outcomes.extend(run.outcomes);
	}
	outcomes
}

/// Attacks the other side of the equation: a Z that is no unit, whose powers are zero, so that any `y` fits.
pub(super) fn refresh_by_nothing() -> Vec<Outcome> {
	let mut run = Run::new("refresh by nothing");
	let world = run.world;
	let numbers = Numbers::of(world);
	let (n, square) = (&numbers.n, &numbers.n_squared);
	let u = number(&mut run.rng, n);
	let [p_squared, q_squared] = [&numbers.p, &numbers.q].map(|factor| factor * factor);
	let root_mod_q = numbers.residue(&u) % &q_squared;
	let half_zero = Numbers::both(&BigUint::zero(), &p_squared, &root_mod_q, &q_squared);
	for (name, z, reason) in [
		("Z = 0", BigUint::zero(), CiphertextError::Zero),
		("Z = N²", square.clone(), CiphertextError::NotReduced),
		("Z = N", n.clone(), CiphertextError::NotUnit),
		("Z = N² - N", square - n, CiphertextError::NotUnit),
		("Z = 0 modulo p²", half_zero, CiphertextError::NotUnit),
	] {
		let mut claim = Claim::new(&mut run, &z);
		// A product that is no ciphertext either would be refused for that.
		claim.after = claim.scene.ciphertexts["balance-after"].clone();
		let k = number(&mut run.rng, n);
		// Modulo q² it is an honest proof; modulo p² everything is zero.
		let a = if name.ends_with("p²") {
			Numbers::both(
				&BigUint::zero(),
				&p_squared,
				&(numbers.residue(&k) % &q_squared),
				&q_squared,
			)
		} else {
			BigUint::zero()
		};
		let e = claim.challenge(&a, None);
		let y = k * numbers.inverse(&u).modpow(&e.into(), n) % n;
		run.sanity(numbers.first(&y, &z, e) == a, "the equation holds");
		run.refused(
			name,
			&claim.statement(),
			&encode(world, e, &y),
			&[ProofError::Ciphertext(reason)],
		);
	}
	let (claim, _, proof) = honest(&mut run);
	for (name, after, reason) in [
		("the product is 0", BigUint::zero(), CiphertextError::Zero),
		("the product is N²", square.clone(), CiphertextError::NotReduced),
		("the product is N", n.clone(), CiphertextError::NotUnit),
	] {
		let mut claim = claim.clone();
		claim.after = fixed(&after, world.set.ciphertext_bytes());
		run.refused(
			name,
			&claim.statement(),
			&proof,
			&[ProofError::Ciphertext(reason)],
		);
	}
	run.outcomes
}

type Edit = (&'static str, fn(&mut Claim));

/// Changes of everything that a proof of `refresh` is valid for only.
const EDITS: &[Edit] = &[
	("genesis", |c| c.scene.context.genesis[31] ^= 1),
	("account", |c| c.scene.context.account[0] ^= 1),
	("seq + 1", |c| {
		c.scene.context.seq = c.scene.context.seq.wrapping_add(1)
	}),
	("salt", |c| c.scene.context.salt[15] ^= 0x80),
	("own note", |c| {
		c.scene.notes.get_mut("own").expect("a note")[16] ^= 1
	}),
	("a balance", |c| c.target = RefreshTarget::Balance),
	("a credit", |c| c.target = CREDIT),
	("a stock", |c| c.target = STOCK),
	("another creator", |c| {
		if let RefreshTarget::Credit { creator, .. } = &mut c.target {
			creator[0] ^= 1
		}
	}),
	("another credit", |c| {
		if let RefreshTarget::Credit { seq, .. } = &mut c.target {
			*seq ^= 1
		}
	}),
	("another kind", |c| {
		if let RefreshTarget::Credit { kind, .. } = &mut c.target {
			*kind ^= 1
		}
	}),
	("another seller", |c| {
		if let RefreshTarget::Stock(listing) = &mut c.target {
			listing.seller[31] ^= 1
		}
	}),
	("another listing", |c| {
		if let RefreshTarget::Stock(listing) = &mut c.target {
			listing.seq ^= 1 << 63
		}
	}),
	("product and residue exchanged", |c| {
		core::mem::swap(&mut c.after, &mut c.residue)
	}),
	("another product", |c| {
		c.after = c.scene.ciphertexts["balance-after"].clone()
	}),
	("the residue's square", |c| {
		let world = c.scene.world;
		let z = world.residue(&c.residue);
		c.residue = world.key.encode(&world.mul(&z, &z))
	}),
];

const CREDIT: RefreshTarget = RefreshTarget::Credit {
	creator: [7; 32],
	seq: 8,
	kind: 6,
};

const STOCK: RefreshTarget = RefreshTarget::Stock(ListingName {
	seller: [7; 32],
	seq: 8,
});

/// Attacks the binding of a proof to its call: the same bytes for anything else, and a prover that leaves out one message
/// of the transcript after the other.
pub(super) fn refresh_reused() -> Vec<Outcome> {
	let mut run = Run::new("refresh reused");
	let world = run.world;
	let numbers = Numbers::of(world);
	let challenge = &[ProofError::Challenge];
	let mut concerned = vec![false; EDITS.len()];
	for target in [RefreshTarget::Balance, CREDIT, STOCK] {
		let (mut claim, u, _) = honest(&mut run);
		claim.target = target;
		let statement = claim.statement();
		let proof = claim.prove(&u, None, &mut run.rng);
		run.accepted(format!("{target:?}: as it was made"), &statement, &proof);
		for ((name, edit), concerned) in EDITS.iter().zip(&mut concerned) {
			let mut changed = claim.clone();
			edit(&mut changed);
			let changed = changed.statement();
			if changed != statement {
				*concerned = true;
				run.refused(format!("{target:?}: {name}"), &changed, &proof, challenge);
			}
		}
		let messages = claim.messages();
		for omit in 0..=messages.len() {
			let proof = claim.prove(&u, Some(omit), &mut run.rng);
			let label = messages.get(omit).map_or(&b"A"[..], |(label, _)| label);
			let label = String::from_utf8_lossy(label);
			run.refused(
				format!("{target:?} without message {omit}, {label}"),
				&statement,
				&proof,
				challenge,
			);
		}
	}
	run.sanity(
		concerned.iter().all(|concerned| *concerned),
		"every change concerns some target",
	);

	let (claim, u, proof) = honest(&mut run);
	let other = PublicKey::from_modulus(&(&numbers.n + 2u32).to_bytes_be()).expect("odd");
	let attempt = Attempt {
		modulus: other.modulus_bytes(),
		statement: claim.statement().encode(),
		proof: proof.clone(),
	};
	let verdict = Verifier::new(other).verify(&claim.statement(), &proof);
	run.record("another key", attempt, verdict, Expected::Refused(Vec::new()));
	let longer = World::get(ParameterSet::Paillier3072);
	let attempt = Attempt::new(longer, &claim.statement().encode(), &proof);
	let verdict = longer.verifier.verify(&claim.statement(), &proof);
	run.record(
		"another key size",
		attempt,
		verdict,
		Expected::Refused(vec![ProofError::Statement]),
	);
	for call in Call::WITH_VALUES {
		let spec = claim.scene.spec(call);
		let statement = claim.scene.statement(call);
		let length = &[ProofError::Length];
		run.refused(format!("refresh as {}", call.name()), &statement, &proof, length);
		let values = run.prove(&spec, &claim.scene.plan(&spec)).encode(&spec);
		run.refused(
			format!("{} as refresh", call.name()),
			&claim.statement(),
			&values,
			length,
		);
	}
	// A second proof of one statement is as good as the first.
	let again = claim.prove(&u, None, &mut run.rng);
	run.sanity(again != proof, "the mask is another");
	run.accepted("a second proof", &claim.statement(), &again);
	run.outcomes
}

/// Attacks the encoding: responses that are no units below N, other lengths and versions, any bit of proof and statement.
pub(super) fn refresh_encodings() -> Vec<Outcome> {
	let mut run = Run::new("refresh encodings");
	let world = run.world;
	let numbers = Numbers::of(world);
	let n = &numbers.n;
	let room = BigUint::one() << (8 * world.set.modulus_bytes());
	// One whose response has a second representative that fits.
	let (claim, proof) = loop {
		let (claim, _, proof) = honest(&mut run);
		if BigUint::from_bytes_be(&proof[17..]) + n < room {
			break (claim, proof);
		}
	};
	let statement = claim.statement();
	run.accepted("as it was made", &statement, &proof);
	let mut e = [0; 16];
	e.copy_from_slice(&proof[1..17]);
	let e = u128::from_le_bytes(e);
	let y = BigUint::from_bytes_be(&proof[17..]);
	for (name, response) in [
		("y = 0", BigUint::zero()),
		("y = N", n.clone()),
		("y + N", &y + n),
		("y = p", numbers.p.clone()),
		("y = N - q", n - &numbers.q),
		("all bits set", &room - 1u32),
	] {
		let proof = encode(world, e, &response);
		run.refused(name, &statement, &proof, &[ProofError::NonceResponse]);
	}
	for (name, e, response) in [
		("-y", e, n - &y),
		("1/y", e, numbers.inverse(&y)),
		("y = 1", e, BigUint::one()),
		("e = 0", 0, y.clone()),
		("e + 1", e.wrapping_add(1), y.clone()),
		("e with its bytes turned round", e.swap_bytes(), y.clone()),
	] {
		let proof = encode(world, e, &response);
		run.refused(name, &statement, &proof, &[ProofError::Challenge]);
	}
	for len in [0, 1, 16, 17, proof.len() - 1] {
		run.refused(
			format!("cut to {len}"),
			&statement,
			&proof[..len],
			&[ProofError::Length],
		);
	}
	let longer = [&proof[..], &[0]].concat();
	run.refused("a byte more", &statement, &longer, &[ProofError::Length]);
	for version in [0, 2, 255] {
		let mut other = proof.clone();
		other[0] = version;
		run.refused(
			format!("version {version}"),
			&statement,
			&other,
			&[ProofError::Version],
		);
	}

	let refused = |case: String, statement: &[u8], proof: &[u8]| {
		let verdict = match Statement::decode_all(&mut &statement[..]) {
			Ok(statement) => world.verifier.verify(&statement, proof),
			Err(_) => Err(ProofError::Statement),
		};
		Outcome {
			case,
			attempt: Attempt::new(world, statement, proof),
			verdict,
			expected: Expected::Refused(Vec::new()),
		}
	};
	let encoded = statement.encode();
	let bytes: Vec<usize> = (0..proof.len()).collect();
	run.outcomes.extend(in_parallel(&bytes, |at| {
		let mut proof = proof.clone();
		proof[*at] ^= 1 << (at % 8);
		refused(format!("proof byte {at}"), &encoded, &proof)
	}));
	let bytes: Vec<usize> = (0..encoded.len()).step_by(3).collect();
	run.outcomes.extend(in_parallel(&bytes, |at| {
		let mut encoded = encoded.clone();
		encoded[*at] ^= 1 << (at % 8);
		refused(format!("statement byte {at}"), &encoded, &proof)
	}));
	run.outcomes
}

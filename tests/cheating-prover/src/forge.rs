//! The prover, with a hook at every step.

use crate::{
	arithmetic::{le, le32, scalar, two_to, Rng, World},
	spec::{Absorber, Base, Message, Spec},
};
use bulletproofs::{BulletproofGens, PedersenGens, RangeProof};
use curve25519_dalek::{
	constants::RISTRETTO_BASEPOINT_POINT as B,
	ristretto::{CompressedRistretto, RistrettoPoint},
	scalar::Scalar,
};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive};
use std::sync::OnceLock;
use veilmart_paillier::Residue;

/// How a response is made from the index of its value, its mask and the challenge.
pub type Respond = Box<dyn Fn(usize, &BigInt, u128) -> BigInt + Send + Sync>;

/// What the prover does; [`Plan::honest`] does everything right.
pub struct Plan {
	/// `x_j` of the responses `z`.
	pub x: Vec<BigInt>,
	/// What `V_j` commits to, modulo `ℓ`.
	pub v: Vec<BigInt>,
	/// `r_i`.
	pub r: Vec<BigInt>,
	/// `s_j`; drawn if empty.
	pub blindings: Vec<Scalar>,
	/// `α_j`; drawn if empty.
	pub alpha: Vec<BigInt>,
	/// `β_i`; drawn if empty.
	pub beta: Vec<BigInt>,
	/// Another base than `h_s`.
	pub nonce_base: Option<Residue>,
	/// What `A_i` is multiplied with besides.
	pub factors: Vec<Option<Residue>>,
	/// Other bytes for `A_i`.
	pub first: Vec<Option<Vec<u8>>>,
	/// `z_j`, if not `α_j - e·x_j`.
	pub respond: Option<Respond>,
	/// The message that the transcript leaves out.
	pub omit: Option<usize>,
	/// Which challenges the prover wants; it starts again until it gets one.
	pub wanted: Box<dyn Fn(u128) -> bool + Send + Sync>,
	/// Whether to start again when a response is out of range, as an honest prover does.
	pub restart: bool,
	/// The `(value, blinding)` that the Bulletproof is about, if not what the statement asks for.
	pub range: Option<Vec<(u64, Scalar)>>,
	/// Bits of a value in the Bulletproof.
	pub range_bits: usize,
}

impl Plan {
	/// An honest plan for these values and nonces.
	pub fn honest(x: Vec<BigInt>, r: Vec<BigInt>) -> Self {
		Self {
			v: x.clone(),
			x,
			r,
			blindings: Vec::new(),
			alpha: Vec::new(),
			beta: Vec::new(),
			nonce_base: None,
			factors: Vec::new(),
			first: Vec::new(),
			respond: None,
			omit: None,
			wanted: Box::new(|_| true),
			restart: true,
			range: None,
			range_bits: 64,
		}
	}
}

/// The parts of a proof, before they are forced into its encoding.
#[derive(Clone, Debug)]
pub struct Proof {
	/// The version byte.
	pub version: u8,
	/// `V`.
	pub v: Vec<[u8; 32]>,
	/// `e`.
	pub e: u128,
	/// `z`, of any size and sign.
	pub z: Vec<BigInt>,
	/// `w`, of any size and sign.
	pub w: Vec<BigInt>,
	/// `t`.
	pub t: Vec<[u8; 32]>,
	/// The Bulletproof.
	pub range: Vec<u8>,
}

impl Proof {
	/// The encoding; what does not fit is cut off.
	pub fn encode(&self, spec: &Spec) -> Vec<u8> {
		let mut out = vec![self.version];
		self.v.iter().for_each(|v| out.extend(v));
		out.extend(self.e.to_le_bytes());
		self.z.iter().for_each(|z| out.extend(le32(z)));
		self.w.iter().for_each(|w| out.extend(le(w, spec.w_bytes())));
		self.t.iter().for_each(|t| out.extend(t));
		out.extend(&self.range);
		out
	}

	/// What the transcript takes in between challenge and Bulletproof.
	pub fn response_messages(&self, spec: &Spec) -> Vec<Message> {
		let z = self
			.z
			.iter()
			.map(|z| (&b"z"[..], if is_wide(z) { le(z, 512) } else { le32(z).to_vec() }));
		let w = self.w.iter().map(|w| (&b"w"[..], le(w, spec.w_bytes())));
		let t = self.t.iter().map(|t| (&b"t"[..], t.to_vec()));
		z.chain(w).chain(t).collect()
	}
}

/// Whether a response does not fit into its 32 bytes. A protocol without the bound would need more of them.
fn is_wide(z: &BigInt) -> bool {
	z.is_negative() || z.bits() > 256
}

/// `0 ≤ z < 2^250 - 2^192`.
pub fn is_z_in_range(z: &BigInt) -> bool {
	!z.is_negative() && *z < two_to(250) - two_to(192)
}

/// `2^(|N|/2+256) ≤ w < 2^(|N|/2+384) - 2^(|N|/2+256)`.
pub fn is_w_in_range(world: &World, w: &BigInt) -> bool {
	let low = two_to(world.half() + 256);
	low <= *w && *w < two_to(world.half() + 384) - low
}

/// The generators of commitments.
pub fn pedersen() -> PedersenGens {
	PedersenGens::default()
}

/// The generators of range proofs.
pub fn bulletproof_generators() -> &'static BulletproofGens {
	static GENERATORS: OnceLock<BulletproofGens> = OnceLock::new();
	GENERATORS.get_or_init(|| BulletproofGens::new(64, 8))
}

/// `x·B + s·B̃`.
pub fn commit(x: &BigInt, s: Scalar) -> RistrettoPoint {
	pedersen().commit(scalar(x), s)
}

/// The commitments that the verifier hands to the Bulletproof.
pub fn range_commitments(spec: &Spec, v: &[RistrettoPoint]) -> Vec<CompressedRistretto> {
	let mut out = Vec::new();
	for (value, v) in spec.values.iter().zip(v) {
		out.push(if value.shift { v - B } else { *v });
		out.extend(value.limit.map(|limit| Scalar::from(limit) * B - v));
	}
	out.resize(spec.range_count(), RistrettoPoint::default());
	out.iter().map(RistrettoPoint::compress).collect()
}

/// The openings of the same commitments; a value that is no `u64` is cut to one, the best that a cheater can do.
pub fn range_openings(spec: &Spec, v: &[BigInt], blindings: &[Scalar]) -> Vec<(u64, Scalar)> {
	let cut = |x: BigInt| x.mod_floor(&two_to(64)).to_u64().expect("64 bits");
	let mut out = Vec::new();
	for ((value, v), s) in spec.values.iter().zip(v).zip(blindings) {
		out.push((cut(v - u64::from(value.shift)), *s));
		out.extend(value.limit.map(|limit| (cut(BigInt::from(limit) - v), -s)));
	}
	out.resize(spec.range_count(), (0, Scalar::ZERO));
	out
}

/// Makes a proof by the plan.
pub fn prove(world: &World, spec: &Spec, plan: &Plan, rng: &mut Rng) -> Proof {
	let blindings: Vec<Scalar> = match plan.blindings.is_empty() {
		true => spec.values.iter().map(|_| rng.scalar()).collect(),
		false => plan.blindings.clone(),
	};
	let v: Vec<[u8; 32]> = plan
		.v
		.iter()
		.zip(&blindings)
		.map(|(v, s)| commit(v, *s).compress().to_bytes())
		.collect();
	loop {
		let draw = |given: &[BigInt], count: usize, bits: usize, rng: &mut Rng| -> Vec<BigInt> {
			if given.is_empty() {
				(0..count).map(|_| rng.bits(bits)).collect()
			} else {
				given.to_vec()
			}
		};
		let alpha = draw(&plan.alpha, spec.values.len(), 250, rng);
		let beta = draw(&plan.beta, spec.equations.len(), world.half() + 384, rng);
		let sigma: Vec<Scalar> = spec.values.iter().map(|_| rng.scalar()).collect();

		let mut transcript = Absorber::new(plan.omit);
		transcript.put_all(&spec.messages());
		transcript.put_all(&v.iter().map(|v| (&b"V"[..], v.to_vec())).collect::<Vec<_>>());
		for i in 0..spec.equations.len() {
			let bytes = match plan.first.get(i).cloned().flatten() {
				Some(bytes) => bytes,
				None => world
					.key
					.encode(&first_message(world, spec, plan, i, &alpha, &beta)),
			};
			transcript.put(&(b"A", bytes));
		}
		for (alpha, sigma) in alpha.iter().zip(&sigma) {
			transcript.put(&(b"T", commit(alpha, *sigma).compress().to_bytes().to_vec()));
		}
		let e = transcript.challenge();
		if !(plan.wanted)(e) {
			continue;
		}

		let z: Vec<BigInt> = match &plan.respond {
			Some(respond) => alpha
				.iter()
				.enumerate()
				.map(|(j, alpha)| respond(j, alpha, e))
				.collect(),
			None => alpha
				.iter()
				.zip(&plan.x)
				.map(|(alpha, x)| alpha - x * e)
				.collect(),
		};
		let w: Vec<BigInt> = beta.iter().zip(&plan.r).map(|(beta, r)| beta - r * e).collect();
		if plan.restart && !(z.iter().all(is_z_in_range) && w.iter().all(|w| is_w_in_range(world, w))) {
			continue;
		}
		let t = sigma
			.iter()
			.zip(&blindings)
			.map(|(sigma, s)| (sigma - Scalar::from(e) * s).to_bytes())
			.collect();
		let mut proof = Proof {
			version: 1,
			v: v.clone(),
			e,
			z,
			w,
			t,
			range: Vec::new(),
		};
		transcript.put_all(&proof.response_messages(spec));
		let openings = plan
			.range
			.clone()
			.unwrap_or_else(|| range_openings(spec, &plan.v, &blindings));
		proof.range = range_proof(&mut transcript, &openings, plan.range_bits, rng);
		return proof;
	}
}

/// The Bulletproof on the same transcript.
pub fn range_proof(
	transcript: &mut Absorber,
	openings: &[(u64, Scalar)],
	bits: usize,
	rng: &mut Rng,
) -> Vec<u8> {
	let (values, blindings): (Vec<u64>, Vec<Scalar>) = openings.iter().copied().unzip();
	RangeProof::prove_multiple_with_rng(
		bulletproof_generators(),
		&pedersen(),
		&mut transcript.transcript,
		&values,
		&blindings,
		bits,
		rng,
	)
	.expect("sizes are right")
	.0
	.to_bytes()
}

/// `A_i = Π G_ij^{α_j} · h_s^{β_i}`.
fn first_message(
	world: &World,
	spec: &Spec,
	plan: &Plan,
	i: usize,
	alpha: &[BigInt],
	beta: &[BigInt],
) -> Residue {
	let mut a = match &plan.nonce_base {
		Some(base) => world.power(base, &beta[i]),
		None => world.nonce_power(&beta[i]),
	};
	for (base, alpha) in spec.equations[i].bases.iter().zip(alpha) {
		if let Some(factor) = base_power(world, spec, *base, alpha) {
			a = world.mul(&a, &factor);
		}
	}
	match plan.factors.get(i) {
		Some(Some(factor)) => world.mul(&a, factor),
		_ => a,
	}
}

/// `G_ij^exponent`; `None` for the base 1.
pub fn base_power(world: &World, spec: &Spec, base: Base, exponent: &BigInt) -> Option<Residue> {
	match base {
		Base::None => None,
		Base::Generator => Some(world.generator_power(exponent)),
		Base::Ciphertext(index) => {
			Some(world.power(&world.residue(&spec.ciphertexts[index as usize].1), exponent))
		}
	}
}

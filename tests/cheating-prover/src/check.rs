//! A verifier of our own, whose rules can be switched off: it shows what a rule is for.

use crate::{
	arithmetic::{scalar, World},
	forge::{
		base_power, bulletproof_generators, commit, is_w_in_range, is_z_in_range, pedersen,
		range_commitments, Proof,
	},
	spec::{Absorber, Spec},
};
use bulletproofs::RangeProof;
use curve25519_dalek::{
	ristretto::{CompressedRistretto, RistrettoPoint},
	scalar::Scalar,
};
use num_bigint::BigInt;

/// The rules that can be switched off.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
	/// `0 ≤ z < 2^250 - 2^192`. Without it `z` is an integer of any size.
	pub z_bound: bool,
	/// The range of `w`.
	pub w_bound: bool,
	/// The Bulletproof.
	pub range_proof: bool,
}

impl Rules {
	/// All rules.
	pub const ALL: Self = Self {
		z_bound: true,
		w_bound: true,
		range_proof: true,
	};
}

/// Verifies the parts of a proof; the error is the name of the failed check.
pub fn check(world: &World, spec: &Spec, proof: &Proof, rules: Rules) -> Result<(), &'static str> {
	if rules.z_bound && !proof.z.iter().all(is_z_in_range) {
		return Err("z");
	}
	if rules.w_bound && !proof.w.iter().all(|w| is_w_in_range(world, w)) {
		return Err("w");
	}
	let v: Vec<RistrettoPoint> = proof
		.v
		.iter()
		.map(|v| CompressedRistretto(*v).decompress())
		.collect::<Option<_>>()
		.ok_or("V")?;
	let t: Vec<Scalar> = proof
		.t
		.iter()
		.map(|t| Scalar::from_canonical_bytes(*t).into_option())
		.collect::<Option<_>>()
		.ok_or("t")?;
	let mut transcript = Absorber::new(None);
	transcript.put_all(&spec.messages());
	for v in &proof.v {
		transcript.put(&(b"V", v.to_vec()));
	}
	for (equation, w) in spec.equations.iter().zip(&proof.w) {
		let target = world.residue(&spec.ciphertexts[equation.target as usize].1);
		let mut a = world.mul(
			&world.nonce_power(w),
			&world.power(&target, &BigInt::from(proof.e)),
		);
		for (base, z) in equation.bases.iter().zip(&proof.z) {
			if let Some(factor) = base_power(world, spec, *base, z) {
				a = world.mul(&a, &factor);
			}
		}
		transcript.put(&(b"A", world.key.encode(&a)));
	}
	for ((v, z), t) in v.iter().zip(&proof.z).zip(&t) {
		let point = commit(z, *t) + scalar(&BigInt::from(proof.e)) * v;
		transcript.put(&(b"T", point.compress().to_bytes().to_vec()));
	}
	if transcript.challenge() != proof.e {
		return Err("challenge");
	}
	if !rules.range_proof {
		return Ok(());
	}
	transcript.put_all(&proof.response_messages(spec));
	RangeProof::from_bytes(&proof.range)
		.and_then(|range| {
			range.verify_multiple(
				bulletproof_generators(),
				&pedersen(),
				&mut transcript.transcript,
				&range_commitments(spec, &v),
				64,
			)
		})
		.map_err(|_| "range")
}

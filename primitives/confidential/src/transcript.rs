//! The Fiat–Shamir transcript. Everything that a proof depends on is in it; docs/formats.md fixes its bytes.

use crate::statement::{Base, Range, Statement};
use alloc::vec::Vec;
use curve25519_dalek::ristretto::CompressedRistretto;
use merlin::Transcript;
use veilmart_paillier::PublicKey;

/// The version of protocol and encoding.
pub const VERSION: u8 = 1;

/// A transcript that has absorbed the statement.
pub(crate) fn begin(key: &PublicKey, statement: &Statement) -> Transcript {
	let mut t = Transcript::new(b"veilmart/confidential");
	let context = &statement.context;
	t.append_u64(b"version", u64::from(VERSION));
	t.append_message(b"set", statement.set.name().as_bytes());
	t.append_message(b"genesis", &context.genesis);
	t.append_message(b"modulus", &key.modulus_bytes());
	t.append_message(b"call", statement.call.name().as_bytes());
	t.append_message(b"account", &context.account);
	t.append_u64(b"seq", context.seq);
	t.append_message(b"salt", &context.salt);
	t.append_u64(b"bindings", statement.bindings.len() as u64);
	for binding in &statement.bindings {
		t.append_message(b"name", binding.name().as_bytes());
		t.append_message(b"value", &binding.bytes());
	}
	t.append_u64(b"notes", statement.notes.len() as u64);
	for (kind, hash) in &statement.notes {
		t.append_message(b"name", kind.name().as_bytes());
		t.append_message(b"hash", hash);
	}
	t.append_u64(b"ciphertexts", statement.ciphertexts.len() as u64);
	for (role, bytes) in &statement.ciphertexts {
		t.append_message(b"role", role.name().as_bytes());
		t.append_message(b"ciphertext", bytes);
	}
	t.append_u64(b"values", statement.values.len() as u64);
	for range in &statement.values {
		let (shift, limit) = match range {
			Range::NonNegative => (0, None),
			Range::Positive => (1, None),
			Range::AtMost(limit) => (0, Some(*limit)),
		};
		t.append_u64(b"shift", shift);
		t.append_message(
			b"limit",
			&limit.map_or(Vec::new(), |limit| limit.to_le_bytes().to_vec()),
		);
	}
	t.append_u64(b"equations", statement.equations.len() as u64);
	for equation in &statement.equations {
		t.append_u64(b"target", u64::from(equation.target));
		for base in &equation.bases {
			t.append_u64(
				b"base",
				match base {
					Base::Absent => 0,
					Base::Generator => 1,
					Base::Ciphertext(index) => 2 + u64::from(*index),
				},
			);
		}
	}
	t
}

/// Absorbs the prover's first message and draws the challenge of 128 bits.
pub(crate) fn challenge(
	t: &mut Transcript,
	values: &[CompressedRistretto],
	equations: &[Vec<u8>],
	points: &[CompressedRistretto],
) -> [u8; 16] {
	values.iter().for_each(|v| t.append_message(b"V", v.as_bytes()));
	equations.iter().for_each(|a| t.append_message(b"A", a));
	points.iter().for_each(|p| t.append_message(b"T", p.as_bytes()));
	let mut e = [0; 16];
	t.challenge_bytes(b"e", &mut e);
	e
}

/// Absorbs the responses, before the Bulletproof goes on with the same transcript.
pub(crate) fn responses(t: &mut Transcript, z: &[[u8; 32]], w: &[Vec<u8>], scalars: &[[u8; 32]]) {
	z.iter().for_each(|z| t.append_message(b"z", z));
	w.iter().for_each(|w| t.append_message(b"w", w));
	scalars.iter().for_each(|s| t.append_message(b"t", s));
}

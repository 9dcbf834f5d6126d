//! The verifier: portable, without secrets, the same code on every node.

use crate::{
	proof::{decode_range, mask_bits, range_commitments, Generators, Proof, ProofError, VALUE_BITS},
	refresh,
	statement::{Base, Call, Statement, MAX_RANGES},
	transcript,
};
use alloc::vec::Vec;
use curve25519_dalek::{ristretto::RistrettoPoint, scalar::Scalar, traits::VartimeMultiscalarMul};
use rand_core::{CryptoRng, Error, RngCore};
use veilmart_paillier::{FixedBase, PublicKey, Residue};

/// A proof and its statement's ciphertexts that passed every check of form.
struct Opened {
	proof: Proof,
	t: Vec<Scalar>,
	z: Vec<Scalar>,
	commitments: Vec<RistrettoPoint>,
	ciphertexts: Vec<Residue>,
}

impl Opened {
	fn new(key: &PublicKey, statement: &Statement, bytes: &[u8]) -> Result<Self, ProofError> {
		if statement.set != key.set() || !statement.is_well_formed() {
			return Err(ProofError::Statement);
		}
		let proof = Proof::decode(statement, bytes)?;
		let canonical = |bytes: &[u8; 32]| Scalar::from_canonical_bytes(*bytes).into_option();
		let t: Vec<Scalar> = proof
			.t
			.iter()
			.map(canonical)
			.collect::<Option<_>>()
			.ok_or(ProofError::Scalar)?;
		let z: Vec<Scalar> = proof
			.z
			.iter()
			.map(canonical)
			.collect::<Option<_>>()
			.ok_or(ProofError::Scalar)?;
		let commitments: Vec<RistrettoPoint> = proof
			.commitments
			.iter()
			.map(|v| v.decompress())
			.collect::<Option<_>>()
			.ok_or(ProofError::Point)?;
		let ciphertexts = key
			.parse_all(statement.ciphertexts.iter().map(|(_, bytes)| &bytes[..]))
			.map_err(ProofError::Ciphertext)?;
		Ok(Self {
			proof,
			t,
			z,
			commitments,
			ciphertexts,
		})
	}
}

/// A key with what verification precomputes for it.
pub struct Verifier {
	key: PublicKey,
	comb: FixedBase,
	generators: Generators,
}

impl Verifier {
	/// For a process that verifies many proofs: tables of some megabytes, built in some 50 ms.
	pub fn new(key: PublicKey) -> Self {
		// Each column costs a product and each tooth doubles the table, of 4 MiB for keys of 2048 bits. There are no more
		// columns in a block than the 128 squarings that the challenge costs anyway.
		const TEETH: usize = 13;
		let blocks = mask_bits(key.set()).div_ceil(TEETH).div_ceil(128);
		Self::with_tables(key, TEETH, blocks, MAX_RANGES)
	}

	/// Verifies a single proof: with tables that cost less than they save within it, built only once the proof has
	/// passed the checks that need none.
	pub fn verify_once(key: PublicKey, statement: &Statement, bytes: &[u8]) -> Result<(), ProofError> {
		if statement.call == Call::Refresh {
			return refresh::verify(&key, statement, bytes);
		}
		let opened = Opened::new(&key, statement, bytes)?;
		// Generators are hashed one by one, which takes as long as verifying with them.
		let ranges = statement.ranges().next_power_of_two();
		Self::with_tables(key, 5, 1, ranges).judge(statement, opened)
	}

	fn with_tables(key: PublicKey, teeth: usize, blocks: usize, ranges: usize) -> Self {
		let comb = key.comb(mask_bits(key.set()), teeth, blocks);
		Self {
			key,
			comb,
			generators: Generators::new(ranges),
		}
	}

	/// The key.
	pub fn key(&self) -> &PublicKey {
		&self.key
	}

	/// Verifies a proof. Cheap checks come first: shape, lengths, ranges, then ciphertexts, points, equations and the
	/// range proof.
	pub fn verify(&self, statement: &Statement, bytes: &[u8]) -> Result<(), ProofError> {
		if statement.call == Call::Refresh {
			return refresh::verify(&self.key, statement, bytes);
		}
		self.judge(statement, Opened::new(&self.key, statement, bytes)?)
	}

	/// The equations and the range proof.
	fn judge(&self, statement: &Statement, opened: Opened) -> Result<(), ProofError> {
		let Opened {
			proof,
			t,
			z,
			commitments,
			ciphertexts,
		} = opened;
		let e = u128::from_le_bytes(proof.challenge);
		let e_scalar = Scalar::from(e);
		let e_words = [e as u64, (e >> 64) as u64];
		// A_i = Π G_ij^{z_j} · h_s^{w_i} · C_i^e
		let equations: Vec<Vec<u8>> = statement
			.equations
			.iter()
			.zip(&proof.w)
			.map(|(equation, w)| {
				let mut generators = self.key.ring().one().clone();
				let mut terms = Vec::from([(
					ciphertexts[usize::from(equation.target)].clone(),
					e_words.to_vec(),
				)]);
				for (base, z) in equation.bases.iter().zip(&proof.z) {
					match base {
						Base::Absent => {}
						Base::Generator => {
							generators = self.key.add(&generators, &self.key.generator_power(&words(z)));
						}
						Base::Ciphertext(index) => {
							terms.push((ciphertexts[usize::from(*index)].clone(), words(z)))
						}
					}
				}
				let powers = self.key.multi_power(terms, (&self.comb, &words(w)));
				self.key.encode(&self.key.add(&powers, &generators))
			})
			.collect();
		// T_j = z_j·B + t_j·B̃ + e·V_j
		let gens = &self.generators.pedersen;
		let points: Vec<_> = commitments
			.iter()
			.zip(z.iter().zip(&t))
			.map(|(v, (z, t))| {
				RistrettoPoint::vartime_multiscalar_mul([z, t, &e_scalar], [&gens.B, &gens.B_blinding, v])
					.compress()
			})
			.collect();
		let mut transcript = transcript::begin(&self.key, statement);
		if transcript::challenge(&mut transcript, &proof.commitments, &equations, &points) != proof.challenge
		{
			return Err(ProofError::Challenge);
		}

		transcript::responses(&mut transcript, &proof.z, &proof.w, &proof.t);
		let range = decode_range(&proof.range)?;
		let commitments = range_commitments(&self.generators, &statement.values, &commitments);
		// The weights that fold the checks into one depend on transcript and proof only, so that all nodes agree.
		let mut folding = transcript.clone();
		folding.append_message(b"range", &proof.range);
		let mut rng = folding.build_rng().finalize(&mut NoEntropy);
		range
			.verify_multiple_with_rng(
				&self.generators.bulletproof,
				&gens.clone(),
				&mut transcript,
				&commitments,
				VALUE_BITS,
				&mut rng,
			)
			.map_err(|_| ProofError::Range)
	}
}

/// Little-endian bytes as words.
fn words(bytes: &[u8]) -> Vec<u64> {
	bytes
		.chunks(8)
		.map(|chunk| {
			chunk
				.iter()
				.rev()
				.fold(0, |acc, byte| (acc << 8) | u64::from(*byte))
		})
		.collect()
}

/// The random source of a verifier that must be deterministic: all zeros. Unpredictability comes from the transcript.
struct NoEntropy;

impl RngCore for NoEntropy {
	fn next_u32(&mut self) -> u32 {
		0
	}

	fn next_u64(&mut self) -> u64 {
		0
	}

	fn fill_bytes(&mut self, dest: &mut [u8]) {
		dest.fill(0);
	}

	fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
		dest.fill(0);
		Ok(())
	}
}

impl CryptoRng for NoEntropy {}

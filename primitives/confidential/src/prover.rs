//! The prover. Everything secret goes through code whose time does not depend on its value.

use crate::{
	proof::{is_w_in_range, is_z_in_range, mask_bits, range_commitments, Generators, Proof, VALUE_BITS},
	statement::{Base, Call, Range, Statement, MAX_RANGES},
	transcript,
};
use alloc::vec::Vec;
use bulletproofs::RangeProof;
use curve25519_dalek::{
	ristretto::{CompressedRistretto, RistrettoPoint},
	scalar::Scalar,
};
use rand_core::{CryptoRng, RngCore};
use veilmart_paillier::{CiphertextError, Encryptor, Nonce, Residue};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The secret side of a proof.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Witness {
	/// `x_j`, one for each value of the statement.
	pub values: Vec<u64>,
	/// `r_i`, one for each equation.
	pub nonces: Vec<Nonce>,
}

impl core::fmt::Debug for Witness {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("Witness(secret)")
	}
}

/// Why no proof was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProveError {
	/// The statement does not fit together or belongs to another parameter set.
	Statement,
	/// The witness has not as many values and nonces as the statement.
	Shape,
	/// The value with this index is zero where it must not be, or above its limit.
	Value(usize),
	/// The nonce of the equation with this index has grown too large: the owner has to refresh first.
	Nonce(usize),
	/// A ciphertext of the statement is not acceptable.
	Ciphertext(CiphertextError),
	/// The range proof could not be made.
	Range,
}

impl core::fmt::Display for ProveError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		match self {
			Self::Statement => f.write_str("the statement does not fit together"),
			Self::Shape => f.write_str("the witness does not belong to the statement"),
			Self::Value(i) => write!(f, "value {i} is zero where it must not be, or above its limit"),
			Self::Nonce(i) => write!(f, "the nonce of equation {i} is too large: refresh first"),
			Self::Ciphertext(error) => error.fmt(f),
			Self::Range => f.write_str("the range proof could not be made"),
		}
	}
}

/// A key with what proving precomputes for it.
pub struct Prover {
	encryptor: Encryptor,
	generators: Generators,
}

/// The prover's masks: `α_j`, `σ_j`, `β_i`. Never used twice.
struct Masks {
	alpha: Vec<Zeroizing<[u64; 4]>>,
	sigma: Vec<Scalar>,
	beta: Vec<Nonce>,
}

impl Drop for Masks {
	fn drop(&mut self) {
		self.sigma.zeroize();
	}
}

impl Prover {
	/// A prover for the encryptor's key.
	pub fn new(encryptor: Encryptor) -> Self {
		Self {
			encryptor,
			generators: Generators::new(MAX_RANGES),
		}
	}

	/// The encryptor.
	pub fn encryptor(&self) -> &Encryptor {
		&self.encryptor
	}

	/// Proves the statement. Does not check that the witness satisfies the equations: a proof made from one that does
	/// not is refused by the verifier.
	pub fn prove(
		&self,
		statement: &Statement,
		witness: &Witness,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<Vec<u8>, ProveError> {
		let key = self.encryptor.key();
		let set = key.set();
		if statement.set != set || !statement.is_well_formed() || statement.call == Call::Refresh {
			return Err(ProveError::Statement);
		}
		if witness.values.len() != statement.values.len() || witness.nonces.len() != statement.equations.len()
		{
			return Err(ProveError::Shape);
		}
		for (i, (value, range)) in witness.values.iter().zip(&statement.values).enumerate() {
			let fits = match range {
				Range::NonNegative => true,
				Range::Positive => *value >= 1,
				Range::AtMost(limit) => value <= limit,
			};
			if !fits {
				return Err(ProveError::Value(i));
			}
		}
		if let Some(i) = witness.nonces.iter().position(|nonce| !nonce.is_in_range(set)) {
			return Err(ProveError::Nonce(i));
		}
		let ciphertexts = key
			.parse_all(statement.ciphertexts.iter().map(|(_, bytes)| &bytes[..]))
			.map_err(ProveError::Ciphertext)?;

		let transcript = transcript::begin(key, statement);
		// Blindings and masks hang on the statement, the witness and fresh entropy: a repeated random source alone
		// does not repeat them for another statement.
		let mut builder = transcript.build_rng();
		for value in &witness.values {
			builder = builder.rekey_with_witness_bytes(b"x", &value.to_le_bytes());
		}
		for nonce in &witness.nonces {
			let bytes = Zeroizing::new(nonce.encode(set));
			builder = builder.rekey_with_witness_bytes(b"r", &bytes);
		}
		let mut rng = builder.finalize(rng);
		let blindings: Zeroizing<Vec<Scalar>> =
			Zeroizing::new(witness.values.iter().map(|_| Scalar::random(&mut rng)).collect());
		let points: Vec<RistrettoPoint> = witness
			.values
			.iter()
			.zip(blindings.iter())
			.map(|(value, blinding)| self.generators.pedersen.commit(Scalar::from(*value), *blinding))
			.collect();
		let commitments: Vec<CompressedRistretto> = points.iter().map(RistrettoPoint::compress).collect();

		// A restart happens with probability below 2^-50; everything random is then drawn afresh.
		loop {
			let masks = self.masks(statement, &mut rng);
			let mut transcript = transcript.clone();
			let a: Vec<Vec<u8>> = (0..statement.equations.len())
				.map(|i| key.encode(&self.first_message(statement, &ciphertexts, &masks, i)))
				.collect();
			let t: Vec<CompressedRistretto> = masks
				.alpha
				.iter()
				.zip(&masks.sigma)
				.map(|(alpha, sigma)| self.generators.pedersen.commit(scalar(alpha), *sigma).compress())
				.collect();
			let challenge = transcript::challenge(&mut transcript, &commitments, &a, &t);
			let Some((z, w, t)) = respond(&masks, witness, &blindings, challenge, set) else {
				continue;
			};
			transcript::responses(&mut transcript, &z, &w, &t);
			let range = self.range(statement, witness, &blindings, &points, &mut transcript, &mut rng)?;
			return Ok(Proof {
				commitments,
				challenge,
				z,
				w,
				t,
				range,
			}
			.encode());
		}
	}

	fn masks(&self, statement: &Statement, rng: &mut (impl RngCore + CryptoRng)) -> Masks {
		let alpha = statement
			.values
			.iter()
			.map(|_| {
				let mut words = Zeroizing::new([0; 4]);
				words.iter_mut().for_each(|word| *word = rng.next_u64());
				words[3] >>= 6;
				words
			})
			.collect();
		let sigma = statement.values.iter().map(|_| Scalar::random(rng)).collect();
		let beta = statement
			.equations
			.iter()
			.map(|_| {
				let mut bytes = Zeroizing::new(alloc::vec![0; mask_bits(statement.set) / 8]);
				rng.fill_bytes(&mut bytes);
				Nonce::from_uniform(&bytes)
			})
			.collect();
		Masks { alpha, sigma, beta }
	}

	/// `A_i = Π G_ij^{α_j} · h_s^{β_i}`.
	fn first_message(
		&self,
		statement: &Statement,
		ciphertexts: &[Residue],
		masks: &Masks,
		i: usize,
	) -> Residue {
		let key = self.encryptor.key();
		let mut a = self
			.encryptor
			.power(&masks.beta[i].words()[..mask_bits(statement.set) / 64]);
		for (base, alpha) in statement.equations[i].bases.iter().zip(&masks.alpha) {
			let factor = match base {
				Base::Absent => continue,
				Base::Generator => key.generator_power(&alpha[..]),
				Base::Ciphertext(index) => self
					.encryptor
					.power_of(&ciphertexts[usize::from(*index)], &alpha[..]),
			};
			a = key.add(&a, &factor);
		}
		a
	}

	fn range(
		&self,
		statement: &Statement,
		witness: &Witness,
		blindings: &[Scalar],
		points: &[RistrettoPoint],
		transcript: &mut merlin::Transcript,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<Vec<u8>, ProveError> {
		let mut values = Zeroizing::new(Vec::new());
		let mut blinds = Zeroizing::new(Vec::new());
		for ((range, value), blinding) in statement.values.iter().zip(&witness.values).zip(blindings) {
			values.push(value - u64::from(matches!(range, Range::Positive)));
			blinds.push(*blinding);
			if let Range::AtMost(limit) = range {
				values.push(limit - value);
				blinds.push(-blinding);
			}
		}
		let padded = values.len().next_power_of_two();
		values.resize(padded, 0);
		blinds.resize(padded, Scalar::ZERO);
		let (proof, commitments) = RangeProof::prove_multiple_with_rng(
			&self.generators.bulletproof,
			&self.generators.pedersen,
			transcript,
			&values,
			&blinds,
			VALUE_BITS,
			rng,
		)
		.map_err(|_| ProveError::Range)?;
		if commitments != range_commitments(&self.generators, &statement.values, points) {
			return Err(ProveError::Range);
		}
		Ok(proof.to_bytes())
	}
}

type Responses = (Vec<[u8; 32]>, Vec<Vec<u8>>, Vec<[u8; 32]>);

/// `z_j = α_j - e·x_j`, `w_i = β_i - e·r_i`, `t_j = σ_j - e·s_j`; `None` if one is out of its range.
fn respond(
	masks: &Masks,
	witness: &Witness,
	blindings: &[Scalar],
	challenge: [u8; 16],
	set: veilmart_paillier::ParameterSet,
) -> Option<Responses> {
	let e = u128::from_le_bytes(challenge);
	let e_scalar = Scalar::from(e);
	let z = masks
		.alpha
		.iter()
		.zip(&witness.values)
		.map(|(alpha, value)| {
			let product = product(e, *value);
			let mut out = [0; 32];
			let mut borrow = false;
			for (i, chunk) in out.chunks_mut(8).enumerate() {
				let (t, first) = alpha[i].overflowing_sub(product[i]);
				let (t, second) = t.overflowing_sub(u64::from(borrow));
				borrow = first | second;
				chunk.copy_from_slice(&t.to_le_bytes());
			}
			(!borrow && is_z_in_range(&out)).then_some(out)
		})
		.collect::<Option<_>>()?;
	let w = masks
		.beta
		.iter()
		.zip(&witness.nonces)
		.map(|(beta, nonce)| {
			let difference = beta.sub(&nonce.scale_wide(e));
			let words = difference.words();
			let (low, high) = words.split_at(mask_bits(set) / 64);
			let out: Vec<u8> = low.iter().flat_map(|word| word.to_le_bytes()).collect();
			(high.iter().all(|word| *word == 0) && is_w_in_range(&out)).then_some(out)
		})
		.collect::<Option<_>>()?;
	let t = masks
		.sigma
		.iter()
		.zip(blindings)
		.map(|(sigma, blinding)| (sigma - e_scalar * blinding).to_bytes())
		.collect();
	Some((z, w, t))
}

/// `e·x`, below `2^192`.
fn product(e: u128, x: u64) -> [u64; 4] {
	let low = u128::from(e as u64) * u128::from(x);
	let high = u128::from((e >> 64) as u64) * u128::from(x) + (low >> 64);
	[low as u64, high as u64, (high >> 64) as u64, 0]
}

/// A number below `2^250` as a scalar.
fn scalar(words: &[u64; 4]) -> Scalar {
	let mut bytes = [0; 32];
	bytes
		.chunks_mut(8)
		.zip(words)
		.for_each(|(chunk, word)| chunk.copy_from_slice(&word.to_le_bytes()));
	let out = Scalar::from_bytes_mod_order(bytes);
	bytes.zeroize();
	out
}

//! The proof of `refresh`: that a number is an N-th residue, so that multiplying by it changes a ciphertext's nonce and not
//! its value.
//!
//! Guillou and Quisquater (1988), made non-interactive by the transcript of all other calls. The prover knows `u` with
//! `u^N = Z mod N²`:
//!
//! 1. `k` uniform in `Z_N*`, `A = k^N mod N²`.
//! 2. `e` = 128-bit challenge from the transcript, which has absorbed the statement and then `A`.
//! 3. `y = k·u^{-e} mod N`. Proof = `(e, y)`.
//! 4. The verifier: `0 < y < N`, `gcd(y, N) = 1`; recompute `A = y^N·Z^e mod N²`; compare the challenge.
//!
//! # Why it is exact
//!
//! Two accepting transcripts with one `A` give `(y/y*)^N = Z^{-Δe}`, so `Z^{Δe}` is an N-th residue and `Δe·[Z] ≡ 0 (mod N)`.
//! `0 < |Δe| < 2^128` is coprime to `M` (see the crate's documentation): `[Z] ≡ 0 (mod M)`. Were `y` allowed to share a factor
//! with `N`, its power would be zero modulo the square of that factor and nothing would be shown there: who knows the factors,
//! the certificate authority, could change values.
//!
//! `y` is uniform in `Z_N*` for every `e` and `u`, since `k` is; so the proof tells nothing but that there is a root.

use crate::{
	proof::ProofError,
	statement::{Call, Statement},
	transcript::{self, VERSION},
};
use veilmart_paillier::{ParameterSet, PublicKey};

#[cfg(feature = "prover")]
use {
	crate::prover::{ProveError, Prover},
	alloc::vec::Vec,
	rand_core::{CryptoRng, RngCore},
	veilmart_paillier::SecretRoot,
};

/// Bytes of a proof: a version, the challenge, a number modulo `N`.
pub(crate) const fn proof_len(set: ParameterSet) -> usize {
	1 + 16 + set.modulus_bytes()
}

/// The challenge as an exponent.
fn words(challenge: [u8; 16]) -> [u64; 2] {
	let e = u128::from_le_bytes(challenge);
	[e as u64, (e >> 64) as u64]
}

/// Verifies the proof of a `refresh`, cheap checks first.
pub(crate) fn verify(key: &PublicKey, statement: &Statement, bytes: &[u8]) -> Result<(), ProofError> {
	if statement.set != key.set() || statement.call != Call::Refresh || !statement.is_well_formed() {
		return Err(ProofError::Statement);
	}
	if bytes.len() != proof_len(statement.set) {
		return Err(ProofError::Length);
	}
	let (version, rest) = bytes.split_first().ok_or(ProofError::Length)?;
	if *version != VERSION {
		return Err(ProofError::Version);
	}
	let (challenge, y) = rest.split_first_chunk::<16>().ok_or(ProofError::Length)?;
	let y = key.parse_root(y).map_err(|_| ProofError::NonceResponse)?;
	let ciphertexts = key
		.parse_all(statement.ciphertexts.iter().map(|(_, bytes)| &bytes[..]))
		.map_err(ProofError::Ciphertext)?;
	let residue = ciphertexts.last().ok_or(ProofError::Statement)?;
	let a = key.encode(&key.root_power(&y, residue, &words(*challenge)));
	let mut transcript = transcript::begin(key, statement);
	if transcript::challenge(&mut transcript, &[], &[a], &[]) == *challenge {
		Ok(())
	} else {
		Err(ProofError::Challenge)
	}
}

#[cfg(feature = "prover")]
impl Prover {
	/// Proves a `refresh` with an N-th root of the statement's residue. Does not check that it is one: a proof made from
	/// another number is refused by the verifier.
	pub fn prove_refresh(
		&self,
		statement: &Statement,
		root: &SecretRoot,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<Vec<u8>, ProveError> {
		let key = self.encryptor().key();
		if statement.set != key.set() || statement.call != Call::Refresh || !statement.is_well_formed() {
			return Err(ProveError::Statement);
		}
		let mut transcript = transcript::begin(key, statement);
		let mut rng = transcript
			.build_rng()
			.rekey_with_witness_bytes(b"u", root.as_bytes())
			.finalize(rng);
		let k = key.random_root(&mut rng);
		let a = key.encode(&key.power_of_root(&k));
		let challenge = transcript::challenge(&mut transcript, &[], &[a], &[]);
		let power = key.raise_root(root, &words(challenge));
		let inverse = key.invert_root(&power, &mut rng).ok_or(ProveError::Shape)?;
		let y = key.multiply_roots(&k, &inverse);
		let mut proof = Vec::from([VERSION]);
		proof.extend_from_slice(&challenge);
		proof.extend_from_slice(y.as_bytes());
		Ok(proof)
	}
}

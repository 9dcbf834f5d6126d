//! A chain's key with the proof that it is well formed, as a certificate authority publishes it and genesis builds on it: any
//! bytes are refused or are a key whose ciphertexts parse.

use veilmart_paillier::{BlumProof, ParameterSet, PublicKey};

/// Accepted is a modulus with its proof.
pub fn run(data: &[u8]) -> bool {
	ParameterSet::ALL.into_iter().any(|set| {
		let Some((modulus, proof)) = data.split_at_checked(set.modulus_bytes()) else {
			return false;
		};
		let Ok(key) = PublicKey::from_modulus(modulus) else {
			return false;
		};
		assert_eq!(key.modulus_bytes(), modulus);
		// Of a modulus with tiny factors the base may be no unit: only the proof excludes them.
		let good = BlumProof::from_bytes(proof.to_vec()).verify(&key).is_ok();
		assert!(!good || key.parse(&key.h_s_bytes()).is_ok());
		good
	})
}

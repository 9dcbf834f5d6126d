//! The key in genesis.

use crate::{
	Ciphertext, Config, CurrentTerms, GenesisConfig, IssuerQuota, Modulus, ModulusProof, NonceBase,
	ReservedQuota, TotalReservedQuota,
};
use alloc::{format, string::String, vec::Vec};
use frame_support::traits::Get;
use serde::{Deserialize, Serialize};
use veilmart_confidential::PARAMETER_SET;
use veilmart_paillier::{BlumProof, PublicKey};

/// The public key of the consortium as a chain specification carries it; `h` and `h_s` are derived.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisKey {
	/// `N`, big-endian, hexadecimal in JSON.
	#[serde(with = "sp_core::bytes")]
	pub modulus: Vec<u8>,
	/// The proof that `N` is a product of two distinct primes, both 3 modulo 4, and coprime to its totient.
	#[serde(with = "sp_core::bytes")]
	pub proof: Vec<u8>,
}

impl<T: Config> GenesisConfig<T> {
	/// Checks and writes everything, or says what is wrong. Portable code: genesis is built where no host function of
	/// ours exists, and the proof takes seconds there, once.
	pub(crate) fn build_or_explain(&self) -> Result<(), String> {
		let mut sum: u64 = 0;
		for (issuer, quota) in &self.issuer_quotas {
			sum = sum
				.checked_add(*quota)
				.ok_or("the issuers' quotas together exceed 2^64")?;
			if IssuerQuota::<T>::contains_key(issuer) {
				return Err(format!("{issuer:?} has two quotas"));
			}
			IssuerQuota::<T>::insert(issuer, quota);
			ReservedQuota::<T>::insert(issuer, quota);
		}
		TotalReservedQuota::<T>::put(sum);
		if let Some(terms) = self.terms {
			terms
				.check(T::LeastPeriod::get())
				.map_err(|unfit| unfit.sentence())?;
			CurrentTerms::<T>::put(terms);
		}
		let Some(GenesisKey { modulus, proof }) = &self.key else {
			return Ok(());
		};
		if modulus.len() != PARAMETER_SET.modulus_bytes() {
			return Err(format!(
				"the key has {} bits, this runtime is for {}",
				modulus.len().saturating_mul(8),
				PARAMETER_SET.modulus_bits()
			));
		}
		let key = PublicKey::from_modulus(modulus).map_err(|error| format!("{error}"))?;
		BlumProof::from_bytes(proof.clone())
			.verify(&key)
			.map_err(|error| format!("the key is not shown to be well formed: {error}"))?;
		NonceBase::<T>::put(Ciphertext::from_slice(&key.h_s_bytes()).ok_or("h_s has a wrong length")?);
		Modulus::<T>::put(
			frame_support::BoundedVec::try_from(modulus.clone()).map_err(|_| "the modulus is too long")?,
		);
		ModulusProof::<T>::put(
			frame_support::BoundedVec::try_from(proof.clone()).map_err(|_| "the proof is too long")?,
		);
		Ok(())
	}
}

//! The wallet: an account's keys on one chain.

use crate::{
	derive::{self, Object, Origin},
	keys::Keys,
	notes::Seed,
	opening::Opened,
	WalletError,
};
use veilmart_confidential::{AccountBytes, Call, Ciphertext, Prover, Role, Salt, PARAMETER_SET};
use veilmart_paillier::{Encryptor, Nonce, Opening, PublicKey};

/// An account's keys with what proving needs on one chain. Holds no state of the ledger: every function takes
/// what it works on. The calls are in [`crate::market`], the reading in [`crate::opening`].
pub struct Wallet {
	pub(crate) keys: Keys,
	pub(crate) prover: Prover,
	pub(crate) genesis: [u8; 32],
	pub(crate) view_index: u32,
}

impl Wallet {
	/// A wallet for the chain with this key and genesis hash. Takes some 20 ms: make one, keep it.
	///
	/// Both come from a source that is trusted, not from whatever node answers: under a key of somebody
	/// else's making ciphertexts hide nothing. Derive the key with [`PublicKey::from_modulus`], never from a
	/// node's word for `h_s`.
	pub fn new(keys: Keys, key: PublicKey, genesis: [u8; 32]) -> Result<Self, WalletError> {
		if key.set() != PARAMETER_SET {
			return Err(WalletError::KeySize);
		}
		Ok(Self {
			keys,
			prover: Prover::new(Encryptor::new(key)),
			genesis,
			view_index: 0,
		})
	}

	/// Seals notes to itself to the view key with this index, which is the one registered in the account's
	/// certificate. Notes that were sealed to earlier ones are still opened, by trying one after the other.
	/// The default is 0.
	pub fn with_view_index(mut self, index: u32) -> Self {
		self.view_index = index;
		self
	}

	/// The keys.
	pub fn keys(&self) -> &Keys {
		&self.keys
	}

	/// The account.
	pub fn account(&self) -> AccountBytes {
		self.keys.account()
	}

	/// The chain's key.
	pub fn public_key(&self) -> &PublicKey {
		self.prover.encryptor().key()
	}

	pub(crate) fn origin(&self, call: &'static str, seq: u64) -> Origin {
		Origin {
			genesis: self.genesis,
			account: self.account(),
			seq,
			call,
		}
	}

	/// The seed of a ciphertext that this account made in the call.
	pub(crate) fn seed(&self, call: Call, seq: u64, salt: &Salt, role: Role) -> Seed {
		derive::seed(self.keys.secret(), &self.origin(call.name(), seq), salt, role, 0)
	}

	/// The nonce that a seed expands to on this chain.
	pub(crate) fn nonce(&self, seed: &Seed, sender: &AccountBytes, object: &Object, role: Role) -> Nonce {
		derive::nonce(self.public_key().set(), seed, &self.genesis, sender, object, role)
	}

	/// The ciphertext of an opening.
	pub(crate) fn encrypt(&self, opening: Opening) -> Result<Opened, WalletError> {
		let residue = self
			.prover
			.encryptor()
			.encrypt_opening(&opening)
			.ok_or(WalletError::RefreshFirst)?;
		let ciphertext =
			Ciphertext::from_slice(&self.public_key().encode(&residue)).ok_or(WalletError::KeySize)?;
		Ok(Opened { ciphertext, opening })
	}
}

impl core::fmt::Debug for Wallet {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("Wallet(secret)")
	}
}

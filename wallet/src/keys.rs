//! The secrets of an account, all from one seed: docs/formats.md, *Secrets of an account*.
//!
//! Not a key store: how a phrase is kept, and typed, is up to the program.

use crate::WalletError;
use alloc::string::String;
use bip39::{Language, Mnemonic};
use rand_core::{CryptoRng, RngCore};
use schnorrkel::{context::attach_rng, signing_context, ExpansionMode, Keypair, MiniSecretKey};
use sha2::Sha512;
use veilmart_confidential::AccountBytes;
use veilmart_paillier::hash;
use zeroize::{Zeroize, Zeroizing};

/// A new recovery phrase of 12 English words, from 128 bits of `rng`.
pub fn generate_phrase(rng: &mut (impl RngCore + CryptoRng)) -> Result<Zeroizing<String>, WalletError> {
	let mut entropy = Zeroizing::new([0; 16]);
	rng.fill_bytes(&mut *entropy);
	phrase_of_entropy(&*entropy)
}

/// The recovery phrase of 16, 20, 24, 28 or 32 bytes of entropy.
pub fn phrase_of_entropy(entropy: &[u8]) -> Result<Zeroizing<String>, WalletError> {
	let mnemonic = Mnemonic::from_entropy_in(Language::English, entropy)
		.map_err(|_| WalletError::PhraseLength(entropy.len() / 4 * 3))?;
	// Nine letters a word at most, so that the text never moves in memory and leaves a copy behind.
	let mut phrase = Zeroizing::new(String::with_capacity(24 * 9));
	for word in mnemonic.words() {
		if !phrase.is_empty() {
			phrase.push(' ');
		}
		phrase.push_str(word);
	}
	Ok(phrase)
}

/// The mini secret of a phrase's entropy as Substrate derives it: PBKDF2-HMAC-SHA512 over the *entropy*
/// (BIP-39 itself takes the words), 2048 rounds, salt `mnemonic ‖ password`, of which the first 32 bytes
/// count.
fn mini_secret(entropy: &[u8], password: &str) -> Zeroizing<[u8; 32]> {
	let mut salt = Zeroizing::new(String::with_capacity(8 + password.len()));
	salt.push_str("mnemonic");
	salt.push_str(password);
	let mut long = Zeroizing::new([0; 64]);
	pbkdf2::pbkdf2_hmac::<Sha512>(entropy, salt.as_bytes(), 2048, &mut *long);
	let mut out = Zeroizing::new([0; 32]);
	out.iter_mut()
		.zip(long.iter())
		.for_each(|(out, byte)| *out = *byte);
	out
}

/// The keys of an account. Wiped when dropped.
pub struct Keys {
	seed: Zeroizing<[u8; 32]>,
	pair: Keypair,
	secret: Zeroizing<[u8; 32]>,
}

impl Keys {
	/// The keys of a BIP-39 recovery phrase, in English and with the empty password: the account is the one
	/// that other Substrate wallets show for it.
	pub fn from_mnemonic(phrase: &str) -> Result<Self, WalletError> {
		let mnemonic =
			Mnemonic::parse_in_normalized(Language::English, phrase).map_err(|error| match error {
				bip39::Error::BadWordCount(words) => WalletError::PhraseLength(words),
				bip39::Error::UnknownWord(index) => WalletError::PhraseWord(index),
				_ => WalletError::PhraseChecksum,
			})?;
		let (mut entropy, len) = mnemonic.to_entropy_array();
		let seed = mini_secret(entropy.get(..len).unwrap_or_default(), "");
		entropy.zeroize();
		Ok(Self::from_seed(&seed))
	}

	/// The keys of a raw 32-byte mini secret, as a development account such as `//Alice` has it.
	pub fn from_seed(seed: &[u8; 32]) -> Self {
		let mini = MiniSecretKey::from_bytes(seed).expect("refuses other lengths only; qed");
		let mut secret = Zeroizing::new([0; 32]);
		hash::prf(seed, "veilmart/prf/1", &[], &mut *secret);
		Self {
			seed: Zeroizing::new(*seed),
			pair: mini.expand_to_keypair(ExpansionMode::Ed25519),
			secret,
		}
	}

	/// The account: the sr25519 public key.
	pub fn account(&self) -> AccountBytes {
		self.pair.public.to_bytes()
	}

	/// Signs a message (sr25519, context `substrate`), as extrinsics and certificate requests need it.
	pub fn sign(&self, message: &[u8], rng: &mut (impl RngCore + CryptoRng)) -> [u8; 64] {
		self.pair
			.sign(attach_rng(signing_context(b"substrate").bytes(message), rng))
			.to_bytes()
	}

	/// The view key with this index. An account registers the one with index 0 first.
	pub fn view_key(&self, index: u32) -> ViewKey {
		let mut secret = Zeroizing::new([0; 32]);
		hash::prf(
			&self.seed,
			"veilmart/view/1",
			&[&index.to_le_bytes()],
			&mut *secret,
		);
		ViewKey {
			index,
			secret: crypto_box::SecretKey::from_bytes(*secret),
		}
	}

	/// The secret that salts and seeds derive from.
	pub(crate) fn secret(&self) -> &[u8; 32] {
		&self.secret
	}
}

impl core::fmt::Debug for Keys {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("Keys(secret)")
	}
}

/// An X25519 key that notes are sealed to. Wiped when dropped.
pub struct ViewKey {
	index: u32,
	secret: crypto_box::SecretKey,
}

impl ViewKey {
	/// Its index.
	pub fn index(&self) -> u32 {
		self.index
	}

	/// The public half, which the account registers.
	pub fn public(&self) -> [u8; 32] {
		self.secret.public_key().to_bytes()
	}

	/// The bytes of what was sealed to this key; `None` for anything else.
	pub(crate) fn unseal(&self, sealed: &[u8]) -> Option<Zeroizing<alloc::vec::Vec<u8>>> {
		self.secret.unseal(sealed).ok().map(Zeroizing::new)
	}
}

impl core::fmt::Debug for ViewKey {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "ViewKey({}, secret)", self.index)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn mini_secrets_are_substrates() {
		// From Substrate's published vectors, which use the password "Substrate".
		for (entropy, start) in [
			([0x00; 16], [0x44, 0xe9, 0xd1, 0x25, 0xf0, 0x37, 0xac, 0x1d]),
			([0x7f; 16], [0x43, 0x13, 0x24, 0x96, 0x08, 0xfe, 0x8a, 0xc1]),
			([0xff; 16], [0x22, 0x7d, 0x62, 0x56, 0xfd, 0x4f, 0x9c, 0xca]),
		] {
			assert_eq!(mini_secret(&entropy, "Substrate")[..8], start);
		}
	}
}

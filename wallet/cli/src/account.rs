//! Whose commands these are: an account's key, and how other accounts are named.

use pallet_certificates::ViewKey;
use rand_core::OsRng;
use sp_core::{
	crypto::{Pair as _, Ss58Codec},
	sr25519,
};
use veilmart_runtime::{AccountId, Signature};
use veilmart_wallet::keys::{generate_phrase, Keys};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// An account whose secret is at hand.
///
/// The secret is the 32-byte seed of its mnemonic; signing key, PRF secret and view keys all derive from it (see
/// `docs/formats.md`). It is wiped when dropped and never printed.
pub struct Account {
	seed: Zeroizing<[u8; 32]>,
	pair: sr25519::Pair,
}

impl Account {
	/// The account of a BIP-39 mnemonic, as other wallets show it.
	pub fn from_mnemonic(mnemonic: &str) -> Result<Self> {
		let words = Zeroizing::new(mnemonic.split_whitespace().collect::<Vec<_>>().join(" "));
		// The wallet says which word is wrong.
		let account = Keys::from_mnemonic(&words)
			.map_err(|error| Error::usage(Error::from(error).to_string()))?
			.account();
		let (pair, seed) = sr25519::Pair::from_phrase(&words, None)
			.map_err(|_| Error::usage("These words are not a mnemonic."))?;
		let this = Self {
			seed: Zeroizing::new(seed),
			pair,
		};
		debug_assert_eq!(
			AccountId::from(account),
			this.id(),
			"wallet and node derive different accounts"
		);
		Ok(this)
	}

	/// A well-known development key such as `//Alice`. Anything with a secret in it is refused, because it would come
	/// from a command line.
	pub fn development(suri: &str) -> Result<Self> {
		let wrong = || {
			Error::usage(format!(
				"\"{}\" is no development key; only those like //Alice may be named, because others can see a command line. Use `veilmart account import` for a mnemonic.",
				if suri.contains("///") || !suri.starts_with("//") { "…" } else { suri }
			))
		};
		if !suri.starts_with("//") || suri.contains("///") {
			return Err(wrong());
		}
		match sr25519::Pair::from_string_with_seed(suri, None) {
			Ok((pair, Some(seed))) => Ok(Self {
				seed: Zeroizing::new(seed),
				pair,
			}),
			_ => Err(wrong()),
		}
	}

	/// A new account with its mnemonic of twelve words, which is the only copy.
	pub fn generate() -> Result<(Self, Zeroizing<String>)> {
		let phrase = generate_phrase(&mut OsRng)?;
		Ok((Self::from_mnemonic(&phrase)?, phrase))
	}

	/// The account's identity on the chain.
	pub fn id(&self) -> AccountId {
		self.pair.public().into()
	}

	/// The SS58 address.
	pub fn address(&self) -> String {
		address(&self.id())
	}

	/// The wallet's keys, all from the same seed.
	pub fn keys(&self) -> Keys {
		Keys::from_seed(&self.seed)
	}

	/// The view key with this number, as it is registered.
	pub fn view_key(&self, index: u32) -> Result<ViewKey> {
		ViewKey::new(self.keys().view_key(index).public())
			.ok_or_else(|| Error::wallet("The account has no usable view key."))
	}

	/// Signs with sr25519, context `substrate`.
	pub fn sign_raw(&self, message: &[u8]) -> sr25519::Signature {
		self.pair.sign(message)
	}

	/// Signs a transaction's payload.
	pub fn sign(&self, message: &[u8]) -> Signature {
		self.sign_raw(message).into()
	}
}

impl Clone for Account {
	fn clone(&self) -> Self {
		Self {
			seed: self.seed.clone(),
			pair: self.pair.clone(),
		}
	}
}

impl core::fmt::Debug for Account {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "Account({})", self.address())
	}
}

/// The address of an account, with the chain's prefix.
pub fn address(id: &AccountId) -> String {
	id.to_ss58check_with_version(veilmart_runtime::SS58_PREFIX.into())
}

/// An account that is named by an address or by a development key.
pub fn parse_public(text: &str) -> Option<AccountId> {
	if text.starts_with("//") {
		return Account::development(text).ok().map(|account| account.id());
	}
	AccountId::from_ss58check(text).ok()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn accounts_are_those_that_other_wallets_show() {
		let alice = Account::development("//Alice").unwrap();
		assert_eq!(
			alice.address(),
			"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
		);
		assert_eq!(parse_public("//Alice"), parse_public(&alice.address()));
	}

	#[test]
	fn the_wallets_keys_are_the_accounts() {
		for account in [
			Account::development("//Alice").unwrap(),
			Account::generate().unwrap().0,
		] {
			assert_eq!(AccountId::from(account.keys().account()), account.id());
		}
	}

	#[test]
	fn secrets_are_not_taken_from_the_command_line() {
		let mnemonic = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
		for suri in [
			mnemonic,
			"0x00",
			&format!("{mnemonic}//Alice"),
			"//Alice///password",
			"/Alice",
			"",
		] {
			let error = Account::development(suri).unwrap_err().to_string();
			assert!(
				!error.contains("bottom") && !error.contains("password"),
				"the error repeats a secret: {error}"
			);
		}
	}

	#[test]
	fn spaces_around_words_do_not_matter() {
		let (account, phrase) = Account::generate().unwrap();
		let spaced = format!("  {}\n", phrase.replace(' ', "   "));
		assert_eq!(Account::from_mnemonic(&spaced).unwrap().id(), account.id());
		assert!(Account::from_mnemonic("one two three").is_err());
	}

	#[test]
	fn debug_shows_the_address_only() {
		let (account, _) = Account::generate().unwrap();
		assert_eq!(format!("{account:?}"), format!("Account({})", account.address()));
	}
}

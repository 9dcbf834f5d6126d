//! The file of a recovery letter: what the certificate authority hands to an owner who has lost an opening.
//!
//! Outside stand chain and account, so that whoever gets the wrong letter is told so; everything else is sealed to the
//! owner's view key ([`veilmart_wallet::recovery`]). The file may travel by any way.

use rand_core::OsRng;
use serde::{Deserialize, Serialize};
use sp_core::crypto::Ss58Codec;
use veilmart_runtime::{AccountId, Hash};
use veilmart_wallet::{recovery::Letter, Wallet};

use crate::{
	account::address,
	ca::{hex, unhex},
	error::{Error, Result},
	output::one_line,
};

/// The form of the letters that this program writes and reads.
const VERSION: u8 = 1;

/// A letter as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LetterFile {
	/// The form of the file.
	version: u8,
	/// The genesis hash of the chain.
	genesis: Hash,
	/// The owner's address.
	account: String,
	/// The letter, sealed, in hexadecimal digits.
	sealed: String,
}

impl LetterFile {
	/// Seals a letter to the view key that its owner registered.
	pub fn seal(letter: &Letter, genesis: Hash, owner: &AccountId, view_key: &[u8; 32]) -> Result<Self> {
		Ok(Self {
			version: VERSION,
			genesis,
			account: address(owner),
			sealed: hex(&letter.seal(view_key, &mut OsRng)?),
		})
	}

	/// The file's content.
	pub fn to_json(&self) -> Result<Vec<u8>> {
		serde_json::to_vec_pretty(self).map_err(|error| Error::file(error.to_string()))
	}

	/// Reads a file's content, strictly.
	pub fn from_json(text: &str) -> Result<Self> {
		let file: Self = serde_json::from_str(text).map_err(|error| {
			Error::file(format!(
				"This is no recovery letter: {}.",
				one_line(&error.to_string())
			))
		})?;
		if file.version == VERSION {
			Ok(file)
		} else {
			Err(Error::file(format!(
				"This is a recovery letter of version {}; this program knows version {VERSION}.",
				file.version
			)))
		}
	}

	/// Complains if the letter is for somebody else.
	pub fn ensure_for(&self, owner: &AccountId) -> Result<()> {
		match AccountId::from_ss58check(&self.account) {
			Ok(account) if account == *owner => Ok(()),
			_ => Err(Error::wallet(format!(
				"The letter is for {}, not for {}.",
				one_line(&self.account),
				address(owner)
			))),
		}
	}

	/// Complains if the letter is about another chain.
	pub fn ensure_about(&self, genesis: Hash) -> Result<()> {
		if self.genesis == genesis {
			Ok(())
		} else {
			Err(Error::wallet(format!(
				"The letter is about the chain {:?}, the node is one of {genesis:?}.",
				self.genesis
			)))
		}
	}

	/// Opens the letter.
	pub fn open(&self, wallet: &Wallet) -> Result<Letter> {
		let sealed = unhex(&self.sealed)
			.ok_or_else(|| Error::file("The letter is not written in hexadecimal digits."))?;
		Ok(wallet.open_letter(&sealed)?)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::account::Account;
	use serde_json::Value;
	use veilmart_paillier::PublicKey;
	use veilmart_wallet::Keys;

	/// By files that an independent implementation of docs/formats.md made, with the key that they are about.
	#[test]
	fn letters_are_files_as_formats_says() {
		let vectors: Value = serde_json::from_str(include_str!("../../../docs/vectors.json")).unwrap();
		let set = if cfg!(feature = "paillier-3072") {
			"paillier-3072"
		} else {
			"paillier-2048"
		};
		let group = |name: &str| {
			let mut entries = vectors["vectors"][name].as_array().unwrap().clone();
			entries.retain(|entry| entry["set"] == set);
			assert!(!entries.is_empty(), "{name}");
			entries
		};
		let bytes = |value: &Value| unhex(value.as_str().unwrap()).unwrap();
		let key = PublicKey::from_modulus(&bytes(&group("keys")[0]["modulus"])).unwrap();
		for entry in group("letters") {
			let seed: [u8; 32] = bytes(&entry["seed"]).try_into().unwrap();
			let owner = Keys::from_seed(&seed);
			let account = AccountId::from(owner.account());
			let genesis = Hash::from_slice(&bytes(&entry["file"]["genesis"]));
			let view_index = u32::try_from(entry["view-index"].as_u64().unwrap()).unwrap();
			let wallet = Wallet::new(owner, key.clone(), genesis.0)
				.unwrap()
				.with_view_index(view_index);

			let file = LetterFile::from_json(&entry["file"].to_string()).unwrap();
			assert_eq!(file.ensure_for(&account), Ok(()));
			assert_eq!(file.ensure_about(genesis), Ok(()));
			let letter = file.open(&wallet).unwrap();
			assert_eq!(letter.encode()[..], bytes(&entry["plaintext"]));
			assert_eq!(wallet.recovered(&letter, &letter.ciphertext).err(), None);

			// And this program writes a file as it was read.
			assert_eq!(file.account, address(&account));
			let written: Value = serde_json::from_slice(&file.to_json().unwrap()).unwrap();
			assert_eq!(written, entry["file"]);
		}
	}

	#[test]
	fn a_letter_for_somebody_else_is_named_as_such() {
		let [shop, other] = ["//Shop", "//Other"].map(|name| Account::development(name).unwrap().id());
		let file = LetterFile {
			version: VERSION,
			genesis: Hash::repeat_byte(1),
			account: address(&shop),
			sealed: "0x00".into(),
		};
		let json = String::from_utf8(file.to_json().unwrap()).unwrap();
		let back = LetterFile::from_json(&json).unwrap();
		assert_eq!(back, file);
		assert_eq!(back.ensure_for(&shop), Ok(()));
		let error = back.ensure_for(&other).unwrap_err().to_string();
		assert!(error.starts_with("The letter is for"), "{error}");
		assert_eq!(back.ensure_about(Hash::repeat_byte(1)), Ok(()));
		let error = back.ensure_about(Hash::zero()).unwrap_err().to_string();
		assert!(error.contains("about the chain"), "{error}");
		let newer = LetterFile { version: 2, ..file };
		let json = String::from_utf8(newer.to_json().unwrap()).unwrap();
		let error = LetterFile::from_json(&json).unwrap_err().to_string();
		assert!(error.contains("version 2"), "{error}");
		for text in ["", "{}", &json.replace("sealed", "open")] {
			assert!(
				matches!(LetterFile::from_json(text), Err(Error::File(_))),
				"{text}"
			);
		}
	}
}

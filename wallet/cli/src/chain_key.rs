//! The key of a chain, which a wallet must not take from whatever node answers: who knows the factors of the modulus
//! reads what is encrypted under it.
//!
//! At its first use of a chain a wallet verifies what the node reports (`h_s` follows from the modulus, and the proof shows
//! that the modulus is well formed) and notes the modulus beside the accounts, under the chain's genesis hash. From then on
//! a node that reports another one is refused, and nothing has to be verified again.
//!
//! What this cannot show is that the chain's certificate authority made the modulus: at the first use, the node is
//! believed that this genesis hash and this modulus belong together. Whoever doubts it compares both with what the
//! certificate authority published; [`Pin`] names them.

use std::{
	fs, io,
	path::{Path, PathBuf},
};

use pallet_ecommerce::GenesisKey;
use serde::{Deserialize, Serialize};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use veilmart_paillier::PublicKey;
use veilmart_runtime::Hash;

use crate::{
	ca,
	chain::Chain,
	error::{Error, Result},
	keystore::write_new,
	output::Output,
};

/// The largest file of a pin that is read; a pin has some 200 bytes.
const LARGEST_FILE: u64 = 4096;

/// The key that the node reports, `h_s` derived anew. That the modulus is well formed is not verified.
pub async fn reported(chain: &Chain) -> Result<PublicKey> {
	let market = chain.market(None).await?;
	let key = PublicKey::from_modulus(&market.modulus)
		.map_err(|error| Error::wallet(format!("The chain's key cannot be used: {error}.")))?;
	if key.h_s_bytes() == AsRef::<[u8]>::as_ref(&market.nonce_base) {
		Ok(key)
	} else {
		Err(Error::wallet(
			"The chain's h_s does not follow from its modulus; do not use this chain.",
		))
	}
}

/// What was verified about a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pin {
	/// The chain's genesis hash.
	pub genesis: Hash,
	/// What the node called the chain.
	pub chain: String,
	/// BLAKE2b-256 of the modulus, big-endian, in its fixed length.
	pub modulus_hash: Hash,
}

impl Pin {
	fn new(genesis: Hash, chain: String, key: &PublicKey) -> Self {
		Self {
			genesis,
			chain,
			modulus_hash: BlakeTwo256::hash(&key.modulus_bytes()),
		}
	}
}

/// The pins of one person, in the folder `chains` of a base path.
#[derive(Clone, Debug)]
pub struct Pins {
	folder: PathBuf,
}

impl Pins {
	/// The pins in a base path.
	pub fn new(base_path: &Path) -> Self {
		Self {
			folder: base_path.join("chains"),
		}
	}

	/// The chain's key: the pinned one, or one that is verified and pinned now, which takes seconds. Any other key is an
	/// error.
	pub async fn key(&self, chain: &Chain, output: &Output) -> Result<PublicKey> {
		let key = output.wait("Reading the chain's key", reported(chain)).await?;
		let genesis = chain.genesis();
		if let Some(pinned) = self.of(genesis)? {
			self.ensure(&pinned, &key)?;
			return Ok(key);
		}
		output.note(&format!(
			"This is the first use of the chain {genesis:?} here; verifying its key."
		));
		let proof = GenesisKey {
			modulus: key.modulus_bytes(),
			proof: chain.modulus_proof().await?,
		};
		let verification = tokio::task::spawn_blocking(move || ca::verify_public(&proof));
		let key = output
			.wait("Verifying the chain's key", verification)
			.await
			.map_err(|error| Error::wallet(format!("The verification stopped: {error}")))??;
		let pin = Pin::new(genesis, chain.name().await?, &key);
		self.add(&pin)?;
		output.note(&format!(
			"The key is well formed. Pinned for the chain \"{}\"; BLAKE2b-256 of the modulus: {:?}",
			pin.chain.escape_debug(),
			pin.modulus_hash
		));
		Ok(key)
	}

	fn ensure(&self, pinned: &Pin, key: &PublicKey) -> Result<()> {
		let reported = Pin::new(pinned.genesis, pinned.chain.clone(), key);
		if reported == *pinned {
			return Ok(());
		}
		Err(Error::wallet(format!(
			"This node reports another key for the chain {:?} than the one that was verified at its first use (hash of the \
			modulus now {:?}, then {:?}). Whoever made the new one could read all that is encrypted with it: use another \
			node, and ask the certificate authority. Only if it confirms the new key: `veilmart chain forget {:?}`.",
			pinned.genesis, reported.modulus_hash, pinned.modulus_hash, pinned.genesis
		)))
	}

	/// What is pinned for the chain with this genesis hash.
	pub fn of(&self, genesis: Hash) -> Result<Option<Pin>> {
		self.read(&self.path(genesis), Some(genesis))
	}

	/// All pins, sorted by name and genesis hash.
	pub fn all(&self) -> Result<Vec<Pin>> {
		let failed = |error| Error::file(format!("Cannot read {}: {error}", self.folder.display()));
		let entries = match fs::read_dir(&self.folder) {
			Ok(entries) => entries,
			Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
			Err(error) => return Err(failed(error)),
		};
		let mut pins = Vec::new();
		for entry in entries {
			let path = entry.map_err(failed)?.path();
			if path.extension().is_some_and(|extension| extension == "json") {
				pins.extend(self.read(&path, None)?);
			}
		}
		pins.sort_by(|one, other| (&one.chain, one.genesis).cmp(&(&other.chain, other.genesis)));
		Ok(pins)
	}

	/// Forgets what is pinned for a chain: its key is verified anew at the next use.
	pub fn forget(&self, genesis: Hash) -> Result<()> {
		let path = self.path(genesis);
		fs::remove_file(&path).map_err(|error| match error.kind() {
			io::ErrorKind::NotFound => Error::usage(format!("Nothing is pinned for the chain {genesis:?}.")),
			_ => Error::file(format!("Cannot remove {}: {error}", path.display())),
		})
	}

	fn add(&self, pin: &Pin) -> Result<()> {
		let json = serde_json::to_vec_pretty(pin).map_err(|error| Error::file(error.to_string()))?;
		let written = write_new(&self.path(pin.genesis), &json);
		match self.of(pin.genesis)? {
			// Two programs may have been the first at the same time.
			Some(there) if there.modulus_hash == pin.modulus_hash => Ok(()),
			_ => written,
		}
	}

	fn read(&self, path: &Path, genesis: Option<Hash>) -> Result<Option<Pin>> {
		let failed = |error| Error::file(format!("Cannot read {}: {error}", path.display()));
		let damaged = |why: &str| {
			Error::file(format!(
				"{} is damaged: {why}. Remove it once you know why; the chain's key is then verified anew.",
				path.display()
			))
		};
		let text = match fs::metadata(path) {
			Ok(metadata) if metadata.len() > LARGEST_FILE => return Err(damaged("it is too large")),
			Ok(_) => fs::read(path).map_err(failed)?,
			Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
			Err(error) => return Err(failed(error)),
		};
		let pin: Pin = serde_json::from_slice(&text).map_err(|error| damaged(&error.to_string()))?;
		if genesis.is_some_and(|genesis| genesis != pin.genesis) {
			return Err(damaged("it is about another chain"));
		}
		Ok(Some(pin))
	}

	fn path(&self, genesis: Hash) -> PathBuf {
		self.folder.join(format!("{}.json", ::hex::encode(genesis)))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn pin(byte: u8) -> Pin {
		Pin {
			genesis: Hash::repeat_byte(byte),
			chain: "Test".into(),
			modulus_hash: Hash::repeat_byte(0xAA),
		}
	}

	#[test]
	fn pins_come_back_and_are_forgotten() {
		let folder = tempfile::tempdir().unwrap();
		let pins = Pins::new(folder.path());
		assert_eq!(pins.all(), Ok(Vec::new()));
		assert_eq!(pins.of(pin(1).genesis), Ok(None));
		pins.add(&pin(2)).unwrap();
		pins.add(&pin(1)).unwrap();
		assert_eq!(pins.of(pin(1).genesis), Ok(Some(pin(1))));
		assert_eq!(pins.all(), Ok(vec![pin(1), pin(2)]));
		pins.forget(pin(1).genesis).unwrap();
		assert_eq!(pins.of(pin(1).genesis), Ok(None));
		assert!(matches!(pins.forget(pin(1).genesis), Err(Error::Usage(_))));
	}

	#[test]
	fn a_pin_is_never_replaced() {
		let folder = tempfile::tempdir().unwrap();
		let pins = Pins::new(folder.path());
		pins.add(&pin(1)).unwrap();
		assert!(pins.add(&pin(1)).is_ok(), "another program was faster");
		let other = Pin {
			modulus_hash: Hash::repeat_byte(0xBB),
			..pin(1)
		};
		assert!(matches!(pins.add(&other), Err(Error::File(_))));
		assert_eq!(pins.of(pin(1).genesis), Ok(Some(pin(1))));
	}

	#[test]
	fn a_damaged_pin_does_not_pass_for_none() {
		let folder = tempfile::tempdir().unwrap();
		let pins = Pins::new(folder.path());
		pins.add(&pin(1)).unwrap();
		let path = pins.path(pin(1).genesis);
		let of_another_chain = serde_json::to_vec(&pin(2)).unwrap();
		for text in [&b""[..], b"{}", b"[]", &of_another_chain, &[b' '; 5000]] {
			fs::write(&path, text).unwrap();
			assert!(
				matches!(pins.of(pin(1).genesis), Err(Error::File(_))),
				"{:?}",
				String::from_utf8_lossy(text)
			);
		}
	}
}

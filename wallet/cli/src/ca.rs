//! The certificate authority's side of the ledger's key: the key ceremony, decryption, audits.
//!
//! The ceremony makes two files: `ca-secret.age`, the prime factors encrypted with a passphrase, and `ca-key.json`, the
//! modulus with the proof that it is well formed, which goes into the chain's genesis. The secret opens every
//! ciphertext of the ledger; it cannot mint or spend.

use std::path::{Path, PathBuf};

use pallet_ecommerce::{Accumulators, Ciphertext, GenesisKey};
use rand_core::OsRng;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use veilmart_paillier::{generate, BlumProof, ParameterSet, PrimeKind, ProductGroup, PublicKey, SecretKey};
use zeroize::{Zeroize, Zeroizing};

use crate::{
	amount,
	error::{Error, Result},
	keystore::{self, PassphraseSource},
	output::{table, Report},
};

/// The name of the file with the encrypted factors.
pub const SECRET_FILE: &str = "ca-secret.age";
/// The name of the public file.
pub const PUBLIC_FILE: &str = "ca-key.json";
/// What the secret is called when its passphrase is asked for.
pub const SECRET_NAME: &str = "the certificate authority's key";

/// The factors as the encrypted file holds them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Factors {
	version: u8,
	p: String,
	q: String,
}

impl Drop for Factors {
	fn drop(&mut self) {
		self.p.zeroize();
		self.q.zeroize();
	}
}

/// The files that a ceremony wrote.
#[derive(Clone, Debug)]
pub struct KeyFiles {
	/// The encrypted factors.
	pub secret: PathBuf,
	/// Modulus and proof.
	pub public: PathBuf,
}

/// The parameter set with a modulus of this many bits.
pub fn parameter_set(bits: usize) -> Result<ParameterSet> {
	ParameterSet::ALL
		.into_iter()
		.find(|set| set.modulus_bits() == bits)
		.ok_or_else(|| {
			Error::usage(format!(
				"There is no parameter set with {bits} bits; take 2048 or 3072."
			))
		})
}

/// Generates a key from safe primes. `progress` is called for every candidate; there are some hundred.
pub fn generate_key(set: ParameterSet, progress: &mut dyn FnMut()) -> SecretKey {
	generate(set, PrimeKind::Safe, &mut OsRng, progress)
}

/// The public file's content: modulus and proof, as genesis takes them.
pub fn public_part(secret: &SecretKey) -> Result<GenesisKey> {
	let proof = BlumProof::prove(secret, &mut OsRng).ok_or_else(|| {
		Error::wallet("The factors are not safe primes, so nothing can be proved about them.")
	})?;
	proof
		.verify(secret.public())
		.map_err(|error| Error::wallet(format!("The proof about the modulus does not verify: {error}")))?;
	Ok(GenesisKey {
		modulus: secret.public().modulus_bytes(),
		proof: proof.as_bytes().to_vec(),
	})
}

/// Writes both files into a folder; neither may exist.
pub fn write(secret: &SecretKey, folder: &Path, passphrase: &PassphraseSource) -> Result<KeyFiles> {
	let files = KeyFiles {
		secret: folder.join(SECRET_FILE),
		public: folder.join(PUBLIC_FILE),
	};
	keystore::refuse_existing(&files.secret)?;
	keystore::refuse_existing(&files.public)?;
	let failed = |error: serde_json::Error| Error::file(error.to_string());
	let public = serde_json::to_vec_pretty(&public_part(secret)?).map_err(failed)?;
	let factors = factors_json(secret)?;
	// The secret last: a ceremony is over once it is there.
	keystore::write_new(&files.public, &public)?;
	keystore::write_secret(&files.secret, SECRET_NAME, &factors, passphrase).inspect_err(|_| {
		// Without the secret the public file is good for nothing, and in the way of the next attempt.
		if !files.secret.exists() {
			let _ = std::fs::remove_file(&files.public);
		}
	})?;
	Ok(files)
}

/// Reads the encrypted factors.
pub fn read(path: &Path, passphrase: &PassphraseSource) -> Result<SecretKey> {
	let path = if path.is_dir() {
		path.join(SECRET_FILE)
	} else {
		path.into()
	};
	read_factors(&keystore::read_secret(&path, SECRET_NAME, passphrase)?, &path)
}

/// What the secret file holds, to be encrypted.
pub fn factors_json(secret: &SecretKey) -> Result<Zeroizing<Vec<u8>>> {
	let [p, q] = secret.factors().map(|factor| secret_hex(&factor));
	keystore::secret_json(&Factors { version: 1, p, q })
}

/// The key in what the secret file held, decrypted. `path` is the file's, to be named in what is wrong with it.
pub fn read_factors(json: &[u8], path: &Path) -> Result<SecretKey> {
	let wrong = || {
		Error::file(format!(
			"{} does not hold a certificate authority's key.",
			path.display()
		))
	};
	let factors: Factors = serde_json::from_slice(json).map_err(|_| wrong())?;
	if factors.version != 1 {
		return Err(Error::file(format!(
			"{} was written by a newer version.",
			path.display()
		)));
	}
	let p = secret_unhex(&factors.p).ok_or_else(wrong)?;
	let q = secret_unhex(&factors.q).ok_or_else(wrong)?;
	SecretKey::from_factors(&p, &q).map_err(|_| wrong())
}

/// Complains if the chain's modulus is not this key's.
pub fn ensure_key_of(secret: &SecretKey, modulus: &[u8]) -> Result<()> {
	if secret.public().modulus_bytes() == modulus {
		Ok(())
	} else {
		Err(Error::wallet(
			"This is not the key of this chain: the moduli differ.",
		))
	}
}

/// The amount in a ciphertext of the ledger.
pub fn decrypt(secret: &SecretKey, ciphertext: &[u8]) -> Result<u64> {
	secret
		.decrypt_amount(ciphertext)
		.map_err(|error| Error::wallet(format!("This cannot be decrypted: {error}")))?
		.ok_or_else(|| Error::wallet("The plaintext is not below 2^64; the ledger holds no such ciphertext."))
}

/// One factor of the conservation identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
	/// Its name, as in the runtime's [`Accumulators`].
	pub name: &'static str,
	/// What it is.
	pub label: &'static str,
	/// The sum, in minor units; `None` if it is no amount, which an intact ledger excludes.
	pub amount: Option<u64>,
}

/// A factor of the identity: name, label, ciphertext.
type Factor<'a> = (&'static str, &'static str, &'a Ciphertext);

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
	/// The side of what came in.
	pub sources: Vec<Line>,
	/// The side of where it is.
	pub uses: Vec<Line>,
	/// Whether the product of the ciphertexts on both sides is the same modulo `N²`.
	pub ciphertexts_agree: bool,
	/// Whether the sums of the amounts on both sides are the same.
	pub amounts_agree: bool,
}

impl Audit {
	/// Decrypts each aggregate and checks the identity, in ciphertext and in the clear.
	pub fn of(secret: &SecretKey, accumulators: &Accumulators) -> Result<Self> {
		let Accumulators {
			issued,
			redeemed,
			zeroed,
			balances,
			incoming,
			totals,
			bonds,
			deposits,
		} = accumulators;
		let sources = [
			("issued", "issued", issued),
			("zeroed", "zeroed by refresh", zeroed),
		];
		let uses = [
			("balances", "balances", balances),
			("incoming", "credits not collected", incoming),
			("totals", "totals in escrow", totals),
			("bonds", "bonds in escrow", bonds),
			("deposits", "deposits of disputes", deposits),
			("redeemed", "redeemed or burned", redeemed),
		];
		let open = |(name, label, ciphertext): Factor| {
			let amount = secret.decrypt_amount(ciphertext.as_ref()).map_err(|error| {
				Error::wallet(format!("The aggregate \"{name}\" cannot be decrypted: {error}"))
			})?;
			Ok(Line { name, label, amount })
		};
		let group = ProductGroup::new(&secret.public().modulus_bytes());
		let product = |side: &[Factor]| {
			group
				.product(side.iter().map(|(_, _, ciphertext)| (ciphertext.as_ref(), 1)))
				.map_err(|error| Error::wallet(format!("The aggregates cannot be multiplied: {error}")))
		};
		let ciphertexts_agree = product(&sources)? == product(&uses)?;
		let sources = sources.into_iter().map(open).collect::<Result<Vec<_>>>()?;
		let uses = uses.into_iter().map(open).collect::<Result<Vec<_>>>()?;
		let amounts_agree = sum(&sources).is_some_and(|sum_of_sources| Some(sum_of_sources) == sum(&uses));
		Ok(Self {
			sources,
			uses,
			ciphertexts_agree,
			amounts_agree,
		})
	}

	/// Whether the ledger is intact.
	pub fn passed(&self) -> bool {
		self.ciphertexts_agree && self.amounts_agree
	}

	/// As it is printed.
	pub fn report(&self) -> Report {
		let shown = |amount: Option<u64>| amount.map_or("not an amount".into(), amount::show);
		let total = |lines: &[Line]| sum(lines).map_or("not an amount".into(), amount::show_wide);
		let mut rows = Vec::new();
		for (side, lines) in [("in", &self.sources), ("out", &self.uses)] {
			rows.extend(
				lines
					.iter()
					.map(|line| vec![side.into(), line.label.into(), shown(line.amount)]),
			);
			rows.push(vec![side.into(), "sum".into(), total(lines)]);
		}
		let verdict = |agree| if agree { "yes" } else { "NO" };
		let text = format!(
			"{}\nIdentity of ciphertexts modulo N²: {}\nIdentity of amounts: {}",
			table(&["side", "aggregate", "amount>"], &rows),
			verdict(self.ciphertexts_agree),
			verdict(self.amounts_agree),
		);
		let object = |lines: &[Line]| {
			lines
				.iter()
				.map(|line| {
					(
						line.name.to_owned(),
						line.amount.map_or(Value::Null, |a| json!(amount::show(a))),
					)
				})
				.collect::<serde_json::Map<_, _>>()
		};
		let json = json!({
			"in": object(&self.sources),
			"out": object(&self.uses),
			"ciphertextsAgree": self.ciphertexts_agree,
			"amountsAgree": self.amounts_agree,
			"passed": self.passed(),
		});
		Report::new(text, json)
	}
}

fn sum(lines: &[Line]) -> Option<u128> {
	lines.iter().map(|line| line.amount.map(u128::from)).sum()
}

/// Checks what a chain, or a public file, says about its key: the modulus is well formed.
pub fn verify_public(key: &GenesisKey) -> Result<PublicKey> {
	let public = PublicKey::from_modulus(&key.modulus).map_err(|error| Error::wallet(error.to_string()))?;
	BlumProof::from_bytes(key.proof.clone())
		.verify(&public)
		.map_err(|error| Error::wallet(format!("The key is not shown to be well formed: {error}")))?;
	Ok(public)
}

/// Bytes as `0x` and hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
	format!("0x{}", ::hex::encode(bytes))
}

/// As [`hex`], without copies that stay in memory. Whoever holds the digits wipes them.
fn secret_hex(bytes: &[u8]) -> String {
	let mut digits = String::with_capacity(2 + 2 * bytes.len());
	digits.push_str("0x");
	for byte in bytes {
		for half in [byte >> 4, byte & 15] {
			digits.extend(char::from_digit(u32::from(half), 16));
		}
	}
	digits
}

/// As [`unhex`], without copies that stay in memory.
fn secret_unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
	let digits = text.strip_prefix("0x").unwrap_or(text);
	let mut bytes = Zeroizing::new(vec![0; digits.len() / 2]);
	::hex::decode_to_slice(digits, &mut bytes).ok()?;
	Some(bytes)
}

/// The bytes of hexadecimal digits, with or without `0x`.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
	::hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok()
}

#[cfg(test)]
mod tests {
	use super::*;
	use veilmart_paillier::{Encryptor, FreshNonce};

	/// A key of two plain primes: safe ones take too long for a test.
	fn key() -> SecretKey {
		generate(
			ParameterSet::Paillier2048,
			PrimeKind::Plain,
			&mut OsRng,
			&mut || {},
		)
	}

	#[test]
	fn a_ceremonys_files_come_back() {
		let folder = tempfile::tempdir().unwrap();
		let (secret, passphrase) = (key(), PassphraseSource::known("a passphrase"));
		let files = write(&secret, folder.path(), &passphrase).unwrap();
		let back = read(folder.path(), &passphrase).unwrap();
		assert_eq!(back.public(), secret.public());
		assert!(ensure_key_of(&back, &secret.public().modulus_bytes()).is_ok());
		assert!(ensure_key_of(&back, &key().public().modulus_bytes()).is_err());

		let json: Value = serde_json::from_slice(&std::fs::read(&files.public).unwrap()).unwrap();
		assert_eq!(json["modulus"], hex(&secret.public().modulus_bytes()));
		assert_eq!(
			json.as_object().unwrap().len(),
			2,
			"genesis takes modulus and proof and nothing else"
		);
		let genesis: GenesisKey = serde_json::from_value(json).unwrap();
		assert_eq!(&verify_public(&genesis).unwrap(), secret.public());

		assert!(
			write(&secret, folder.path(), &passphrase).is_err(),
			"a key was overwritten"
		);
		let error = read(&files.secret, &PassphraseSource::known("another")).unwrap_err();
		assert!(error.to_string().contains("passphrase does not open"), "{error}");
	}

	#[test]
	fn audits_find_what_is_missing() {
		let secret = key();
		let encryptor = Encryptor::new(secret.public().clone());
		let set = ParameterSet::Paillier2048;
		let encrypt = |amount| {
			let residue = encryptor.encrypt(amount, &FreshNonce::random(set, &mut OsRng));
			Ciphertext::from_slice(&secret.public().encode(&residue)).unwrap()
		};
		let group = ProductGroup::new(&secret.public().modulus_bytes());
		let (balances, incoming) = (encrypt(700), encrypt(550));
		let issued = group
			.product([(balances.as_ref(), 1), (incoming.as_ref(), 1)])
			.unwrap();
		let mut accumulators = Accumulators {
			issued: Ciphertext::from_slice(&issued).unwrap(),
			redeemed: Ciphertext::ONE,
			zeroed: Ciphertext::ONE,
			balances,
			incoming,
			totals: Ciphertext::ONE,
			bonds: Ciphertext::ONE,
			deposits: Ciphertext::ONE,
		};
		let audit = Audit::of(&secret, &accumulators).unwrap();
		assert!(audit.passed(), "{audit:?}");
		let json = audit.report().json;
		assert_eq!(json["in"]["issued"], "12.50");
		assert_eq!(json["out"]["balances"], "7.00");
		assert_eq!(json["passed"], true);

		// Equal amounts under another nonce: in the clear all is well, and still somebody changed the ledger.
		accumulators.incoming = encrypt(550);
		let audit = Audit::of(&secret, &accumulators).unwrap();
		assert!(audit.amounts_agree && !audit.ciphertexts_agree, "{audit:?}");
		accumulators.incoming = encrypt(551);
		let audit = Audit::of(&secret, &accumulators).unwrap();
		assert!(
			!audit.amounts_agree && audit.report().text.contains("NO"),
			"{audit:?}"
		);
	}

	#[test]
	fn secret_digits_are_digits() {
		let bytes: Vec<u8> = (0..=255).collect();
		assert_eq!(secret_hex(&bytes), hex(&bytes));
		assert_eq!(secret_unhex(&hex(&bytes)).as_deref(), Some(&bytes));
		for wrong in ["0x1", "0xg0", "zz"] {
			assert_eq!(secret_unhex(wrong), None, "{wrong}");
		}
	}

	#[test]
	fn sizes_are_those_of_the_parameter_sets() {
		assert_eq!(parameter_set(2048), Ok(ParameterSet::Paillier2048));
		assert_eq!(parameter_set(3072), Ok(ParameterSet::Paillier3072));
		assert!(matches!(parameter_set(1024), Err(Error::Usage(_))));
	}
}

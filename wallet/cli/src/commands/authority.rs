//! The commands of the certificate authority's key: ceremony, decryption, audit.

use std::path::PathBuf;

use pallet_ecommerce::GenesisKey;
use serde_json::json;

use super::Context;
use crate::{
	amount,
	ca::{self, hex, Audit},
	cli::CaCommand,
	error::{Error, Result},
	output::{Counter, Report},
};

impl Context {
	pub(super) async fn ca(&self, command: CaCommand) -> Result<Report> {
		match command {
			CaCommand::Keygen { bits, out } => self.keygen(&bits, out).await,
			CaCommand::Decrypt {
				key,
				ciphertext: Some(ciphertext),
				..
			} => {
				let ciphertext = read_ciphertext(&ciphertext)?;
				let secret = ca::read(&key, &self.passphrase)?;
				Ok(amount_report(ca::decrypt(&secret, &ciphertext)?))
			}
			CaCommand::Decrypt { key, of, .. } => {
				let account = self.names.account(&of.unwrap_or_default())?;
				let chain = self.connect().await?;
				let secret = ca::read(&key, &self.passphrase)?;
				ca::ensure_key_of(&secret, &chain.market(None).await?.modulus)?;
				let state = chain.account(&account, None).await?;
				Ok(amount_report(ca::decrypt(
					&secret,
					state.balance.ciphertext.as_ref(),
				)?))
			}
			CaCommand::Audit { key } => {
				let chain = self.connect().await?;
				let secret = ca::read(&key, &self.passphrase)?;
				let block = chain.finalized().await?;
				let market = chain.market(Some(block)).await?;
				ca::ensure_key_of(&secret, &market.modulus)?;
				let proof = chain.modulus_proof().await?;
				ca::verify_public(&GenesisKey {
					modulus: market.modulus,
					proof,
				})?;
				let accumulators = self
					.output
					.wait("Multiplying the whole ledger", chain.accumulators(Some(block)))
					.await?;
				let audit = Audit::of(&secret, &accumulators)?;
				let mut report = audit.report();
				report.text = format!("Block {block:?}\n\n{}", report.text);
				report.json["block"] = json!(block);
				if audit.passed() {
					return Ok(report);
				}
				self.output.report(&report);
				Err(Error::wallet("The ledger does not add up."))
			}
		}
	}

	async fn keygen(&self, bits: &str, out: PathBuf) -> Result<Report> {
		let set = ca::parameter_set(bits.parse().map_err(|_| Error::usage("The bits are a number."))?)?;
		if [ca::SECRET_FILE, ca::PUBLIC_FILE]
			.iter()
			.any(|file| out.join(file).exists())
		{
			return Err(Error::file(format!(
				"There is a key in {} already; nothing was written.",
				out.display()
			)));
		}
		let passphrase = self.passphrase.chosen(ca::SECRET_NAME)?;
		self.output
			.note("Looking for two safe primes; this takes from seconds to minutes.");
		let generation = tokio::task::spawn_blocking(move || {
			let mut counter = Counter::new("Candidates tried");
			let secret = ca::generate_key(set, &mut || counter.step());
			counter.finish();
			secret
		});
		let secret = generation
			.await
			.map_err(|error| Error::file(format!("The generation stopped: {error}")))?;
		self.output.note("Proving that the modulus is well formed.");
		let files = ca::write(&secret, &out, &passphrase)?;
		let (secret_file, public_file) = (
			files.secret.display().to_string(),
			files.public.display().to_string(),
		);
		Ok(Report::new(
			format!(
				"Secret, encrypted:  {secret_file}\nFor the genesis:    {public_file}\nKeep a copy of the secret file and its passphrase in two places; without them nobody can audit."
			),
			json!({
				"secret": secret_file,
				"public": public_file,
				"bits": set.modulus_bits(),
				"modulus": hex(&secret.public().modulus_bytes()),
			}),
		))
	}
}

fn read_ciphertext(text: &str) -> Result<Vec<u8>> {
	let content = match text.strip_prefix('@') {
		Some(path) => std::fs::read_to_string(path)
			.map_err(|error| Error::file(format!("Cannot read a ciphertext from {path}: {error}")))?,
		None => text.into(),
	};
	ca::unhex(content.trim()).ok_or_else(|| Error::usage("A ciphertext is written in hexadecimal digits."))
}

fn amount_report(minor: u64) -> Report {
	Report::new(
		format!("{} (as a plain number: {minor})", amount::show(minor)),
		json!({ "amount": amount::show(minor), "number": minor.to_string() }),
	)
}

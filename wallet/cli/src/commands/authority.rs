//! The commands of the certificate authority's key: ceremony, decryption, help with lost openings.

use std::path::{Path, PathBuf};

use pallet_ecommerce::{Disclosure, RefreshTarget};
use serde_json::json;
use veilmart_paillier::SecretKey;
use veilmart_runtime::{AccountId, Hash};

use super::{input, Context};
use crate::{
	account::address,
	amount,
	ca::{self, hex},
	chain::Chain,
	cli::{CaCommand, CaKey, LostCommand},
	disclosure::{self, record_json, Lost, SealedOrder},
	error::{Error, Result},
	keystore::{self, PassphraseSource},
	letter::LetterFile,
	names::{show_credit, show_order},
	output::{Counter, Report},
	transaction::Included,
};

impl Context {
	pub(super) async fn ca(&self, command: CaCommand) -> Result<Report> {
		match command {
			CaCommand::Keygen { bits, out } => self.keygen(&bits, out).await,
			CaCommand::Audit { key, out } => self.make_audit(&key, out).await,
			CaCommand::Decrypt {
				key,
				order: Some(order),
				unrecorded,
				..
			} => {
				let id = self.names.order(&order)?;
				let (chain, at) = self.disclosing(unrecorded).await?;
				let sealed = SealedOrder::read(&chain, &id, at).await?;
				let subject = Disclosure::Order(id);
				let (secret, record) = self.on_record(&chain, &key, subject).await?;
				let report = sealed.report(&sealed.decrypt(&secret)?);
				Ok(recorded(report, record.as_ref(), at))
			}
			CaCommand::Decrypt {
				key,
				of: Some(of),
				unrecorded,
				..
			} => {
				let account = self.names.account(&of)?;
				let (chain, at) = self.disclosing(unrecorded).await?;
				let state = chain.account(&account, Some(at)).await?;
				let subject = Disclosure::Account(account);
				let (secret, record) = self.on_record(&chain, &key, subject).await?;
				let minor = ca::decrypt(&secret, state.balance.ciphertext.as_ref())?;
				Ok(recorded(amount_report(minor), record.as_ref(), at))
			}
			CaCommand::Decrypt {
				key,
				ciphertext,
				unrecorded,
				..
			} => {
				let ciphertext = read_ciphertext(&ciphertext.unwrap_or_default())?;
				if !unrecorded {
					return Err(Error::usage(
						"A ciphertext names neither an order nor an account, so that it is decrypted cannot be recorded: name \
						what it belongs to with --order or --of. Nothing was decrypted; --unrecorded does it without a record.",
					));
				}
				let secret = self.authority_key(&key)?;
				self.output.note(NOT_RECORDED);
				let mut report = amount_report(ca::decrypt(&secret, &ciphertext)?);
				report.json["record"] = record_json(None);
				Ok(report)
			}
			CaCommand::Recover {
				key,
				of,
				out,
				view_key,
				unrecorded,
				what,
			} => {
				let owner = self.names.account(&of)?;
				let told = view_key.as_deref().map(parse_view_key).transpose()?;
				let (what, name) = self.lost(what)?;
				keystore::refuse_existing(&out)?;
				let (chain, at) = self.disclosing(unrecorded).await?;
				let lost = Lost::read(&chain, &owner, &what, at).await?;
				if told.is_some_and(|told| told != *lost.view_key()) {
					return Err(Error::wallet(format!(
						"The node says that the view key of {} is {}, which is not the one of --view-key. Nothing was recorded or \
						decrypted.",
						address(&owner),
						hex(lost.view_key())
					)));
				}
				let subject = Disclosure::Account(owner.clone());
				let (secret, record) = self.on_record(&chain, &key, subject).await?;
				let letter = lost.decrypt(&secret)?;
				let file = LetterFile::seal(&letter, chain.genesis(), &owner, lost.view_key())?;
				keystore::write_new(&out, &file.to_json()?)?;
				let (owner, file) = (address(&owner), out.display().to_string());
				let view_key = hex(lost.view_key());
				let report = Report::new(
					format!(
						"Wrote {file}: the opening of {name} of {owner}, who makes use of it with `veilmart recover`.\nSealed to the view key {view_key}: who has that key reads the letter. If the owner has not told you this key, let it compare the two before you send the letter."
					),
					json!({ "letter": file, "of": owner, "lost": name, "viewKey": view_key }),
				);
				Ok(recorded(report, record.as_ref(), at))
			}
		}
	}

	/// The key, opened with its own passphrase if it has one: from a file, or typed for `-`.
	pub(super) fn authority_key(&self, key: &CaKey) -> Result<SecretKey> {
		match &key.key_passphrase_file {
			Some(file) if file.as_os_str() == "-" => ca::read(&key.key, &PassphraseSource::Terminal),
			Some(file) => ca::read(&key.key, &PassphraseSource::File(file.clone())),
			None => ca::read(&key.key, &self.passphrase),
		}
	}

	/// The chain and its last final block, once it is clear that what will be read there can be recorded, or that it need
	/// not be. Nothing is decrypted and no passphrase asked for before.
	async fn disclosing(&self, unrecorded: bool) -> Result<(Chain, Hash)> {
		let authority = (self.account.is_some() || self.suri.is_some())
			.then(|| self.acting_id())
			.transpose()?;
		match (&authority, unrecorded) {
			(Some(_), true) => {
				return Err(Error::usage(
					"--unrecorded and an account contradict each other: the account is there to record. That holds for one that \
					VEILMART_ACCOUNT names, too.",
				))
			}
			(None, false) => {
				return Err(Error::usage(
					"Whatever is decrypted for somebody is recorded on chain first, by the certificate authority's account: name it \
					with --account. Nothing was decrypted; --unrecorded does it without a record.",
				))
			}
			_ => {}
		}
		let chain = self.connect().await?;
		if let Some(authority) = &authority {
			Self::ensure_authority(&chain, authority).await?;
		}
		let at = chain.finalized().await?;
		Ok((chain, at))
	}

	/// Opens the key of this chain, and records what it is about to read. The record is final when the key is handed out.
	async fn on_record(
		&self,
		chain: &Chain,
		key: &CaKey,
		subject: Disclosure<AccountId>,
	) -> Result<(SecretKey, Option<Included>)> {
		let secret = self.authority_key(key)?;
		ca::ensure_key_of(&secret, &chain.market(None).await?.modulus)?;
		if self.account.is_none() && self.suri.is_none() {
			self.output.note(NOT_RECORDED);
			return Ok((secret, None));
		}
		let account = self.acting()?;
		let about = match &subject {
			Disclosure::Order(id) => format!("order {}", show_order(id)),
			Disclosure::Account(id) => format!("account {}", address(id)),
		};
		let record = self
			.output
			.wait(
				"Recording the disclosure and waiting until it is final",
				disclosure::record(chain, &account, subject),
			)
			.await
			.inspect_err(|_| {
				self.output
					.note("The disclosure is not seen to be recorded, so nothing was decrypted.");
			})?;
		self.output.note(&format!(
			"Recorded on chain that {about} is disclosed (block {:?}).",
			record.block
		));
		Ok((secret, Some(record)))
	}

	/// What is lost, in the chain's terms and in words.
	fn lost(&self, what: LostCommand) -> Result<(RefreshTarget<AccountId>, String)> {
		Ok(match what {
			LostCommand::Balance => (RefreshTarget::Balance, "the balance".into()),
			LostCommand::Credit { credit } => {
				let credit = self.names.credit(&credit)?;
				let name = format!("credit {}", show_credit(&credit));
				(RefreshTarget::Credit(credit), name)
			}
			LostCommand::Stock { listing } => (
				RefreshTarget::Stock(listing),
				format!("the stock of listing {listing}"),
			),
		})
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

/// Said where something was decrypted without a record.
const NOT_RECORDED: &str = "NOT recorded on chain, as --unrecorded says.";

fn parse_view_key(text: &str) -> Result<[u8; 32]> {
	let bytes = ca::unhex(text).and_then(|bytes| bytes.try_into().ok());
	bytes.ok_or_else(|| {
		Error::usage("A view key is written in 64 hexadecimal digits, as `certificate show` prints it.")
	})
}

fn read_ciphertext(text: &str) -> Result<Vec<u8>> {
	let content = match text.strip_prefix('@') {
		Some(path) => input::read(Path::new(path), "the ciphertext")?,
		None => text.into(),
	};
	ca::unhex(content.trim()).ok_or_else(|| Error::usage("A ciphertext is written in hexadecimal digits."))
}

/// The report with the block that was read and the record of that.
fn recorded(mut report: Report, record: Option<&Included>, at: Hash) -> Report {
	report.json["at"] = json!(at);
	report.json["record"] = record_json(record);
	report
}

fn amount_report(minor: u64) -> Report {
	Report::new(
		format!("{} (as a plain number: {minor})", amount::show(minor)),
		json!({ "amount": amount::show(minor), "number": minor.to_string() }),
	)
}

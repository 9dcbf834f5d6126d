//! The commands about what is kept on this machine: accounts, and the chains whose keys were verified.

use std::io::{self, IsTerminal, Read};

use serde_json::json;
use zeroize::Zeroizing;

use super::Context;
use crate::{
	account::Account,
	cli::{AccountCommand, ChainCommand},
	error::{Error, Result},
	output::{table, Report},
};

impl Context {
	pub(super) fn account(&self, command: AccountCommand) -> Result<Report> {
		match command {
			AccountCommand::New { name } => {
				if self.keystore.contains(&name) {
					return Err(Error::usage(format!("There is an account {name} already.")));
				}
				let (_, words) = Account::generate()?;
				let account = self.keystore.add(&name, &words, &self.passphrase)?;
				// The only time that a secret is printed; it is no result, so it does not end up in a file by accident.
				self.output.note(&format!(
					"\nThese words are the account. Write them down; they are not shown again:\n\n    {}\n",
					words.as_str()
				));
				Ok(account_report(&name, &account.address()))
			}
			AccountCommand::Import { name } => {
				if self.keystore.contains(&name) {
					return Err(Error::usage(format!("There is an account {name} already.")));
				}
				let words = read_mnemonic()?;
				let account = self.keystore.add(&name, &words, &self.passphrase)?;
				Ok(account_report(&name, &account.address()))
			}
			AccountCommand::Show { name: Some(name) } => {
				Ok(account_report(&name, &self.keystore.about(&name)?.address))
			}
			AccountCommand::Show { name: None } => {
				let names = self.keystore.names()?;
				let rows = names
					.into_iter()
					.map(|name| Ok(vec![name.clone(), self.keystore.about(&name)?.address]))
					.collect::<Result<Vec<_>>>()?;
				let json: Vec<_> = rows
					.iter()
					.map(|row| json!({ "name": row[0], "address": row[1] }))
					.collect();
				let text = if rows.is_empty() {
					"There are no accounts here; `veilmart account new NAME` creates one.".into()
				} else {
					table(&["name", "address"], &rows)
				};
				Ok(Report::new(text, json.into()))
			}
		}
	}

	pub(super) fn chain(&self, command: ChainCommand) -> Result<Report> {
		match command {
			ChainCommand::Show => {
				let pins = self.pins.all()?;
				let rows: Vec<_> = pins
					.iter()
					.map(|pin| {
						let name = pin.chain.escape_debug().to_string();
						vec![
							name,
							format!("{:?}", pin.genesis),
							format!("{:?}", pin.modulus_hash),
						]
					})
					.collect();
				let json = serde_json::to_value(&pins).map_err(|error| Error::file(error.to_string()))?;
				let text = if rows.is_empty() {
					"No chain was used here yet.".into()
				} else {
					table(&["chain", "genesis", "BLAKE2b-256 of the modulus"], &rows)
				};
				Ok(Report::new(text, json))
			}
			ChainCommand::Forget { chain } => {
				self.pins.forget(chain)?;
				Ok(Report::new(
					"Forgotten; the key of this chain is verified anew when it is used again.",
					json!({ "forgotten": chain }),
				))
			}
		}
	}
}

fn read_mnemonic() -> Result<Zeroizing<String>> {
	let failed = |error: io::Error| Error::file(format!("Cannot read the mnemonic: {error}"));
	if io::stdin().is_terminal() {
		return rpassword::prompt_password("Mnemonic (not shown): ")
			.map(Zeroizing::new)
			.map_err(failed);
	}
	let mut words = Zeroizing::new(String::new());
	io::stdin()
		.take(4096)
		.read_to_string(&mut words)
		.map_err(failed)?;
	Ok(words)
}

fn account_report(name: &str, address: &str) -> Report {
	Report::new(
		format!("{name}  {address}"),
		json!({ "name": name, "address": address }),
	)
}

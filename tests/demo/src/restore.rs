//! A wallet that is lost and comes back from twelve words, in the hands of the program `veilmart`.

use crate::{
	market::{Market, Party},
	program::Program,
	report::Findings,
};
use pallet_certificates::Role;
use serde_json::Value;
use std::error::Error;
use veilmart_cli::{account::Account, amount};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the account is called in the program's keystore.
const ACCOUNT: &str = "cafe";

/// A buyer whose account is in files of the program.
pub struct Wallet {
	/// The buyer, as the rest of the demo knows it.
	pub party: Party,
	program: Program,
	/// The twelve words, which are in no file.
	words: String,
	/// The number of a block before which nothing happened to the account.
	since: String,
}

impl Wallet {
	/// A new buyer with some money, and its account in the program's files.
	pub async fn new(market: &mut Market, program: Program, minor: u64) -> Result<Self> {
		let name = "Harbour Café";
		let chain = market.chain();
		let since = chain.header(chain.best().await?).await?.number.to_string();
		let (account, words) = Account::generate()?;
		let session = market.admit(account, [Role::Buyer].into(), name).await?;
		let mut party = Party {
			name: name.into(),
			session,
			expected: 0,
		};
		market.fund(&mut party, minor).await?;
		let wallet = Self {
			party,
			program,
			words: words.to_string(),
			since,
		};
		wallet.import().await?;
		Ok(wallet)
	}

	/// Makes the program's files from nothing but the words.
	async fn import(&self) -> Result<()> {
		let words = format!("{}\n", self.words);
		self.program
			.result(&["account", "import", ACCOUNT], &words)
			.await?;
		Ok(())
	}

	/// Has the program do something for the account.
	async fn command(&self, words: &[&str]) -> Result<Value> {
		self.program
			.result(&[&["--account", ACCOUNT], words].concat(), "")
			.await
	}

	/// Confirms an order of the account.
	pub async fn confirm(&self, order: u64) -> Result<()> {
		self.command(&["confirm", &order.to_string()]).await?;
		Ok(())
	}

	/// What the program shows: balance with what waits, orders, statement.
	async fn shown(&self) -> Result<[(&'static str, Value); 3]> {
		Ok([
			("balance", self.command(&["balance"]).await?),
			("orders", self.command(&["orders"]).await?),
			(
				"history",
				self.command(&["history", "--from", &self.since]).await?,
			),
		])
	}

	/// Deletes the files, restores the account from its words, and compares what the program shows before and after. The restored
	/// wallet then collects what waits for it.
	pub async fn lose_and_restore(&self, findings: &mut Findings) -> Result<()> {
		let before = self.shown().await?;
		self.program.delete_files()?;
		let lost = self.program.run(&["--account", ACCOUNT, "balance"], "").await?;
		println!(
			"   Without its files the program says: {}",
			lost.remarks.trim_end()
		);
		findings.compare(
			"Lost: the program",
			if lost.status == Some(0) {
				"still knows the account"
			} else {
				"knows nothing"
			},
			"knows nothing",
		);
		self.import().await?;
		let after = self.shown().await?;
		let count = |value: &Value| value.as_array().map_or(0, Vec::len);
		println!(
			"   From the words and the chain alone it shows again: balance {}, {} open orders, {} lines of history.",
			after[0].1["balance"].as_str().unwrap_or("unknown"),
			count(&after[1].1),
			count(&after[2].1)
		);
		for ((what, before), (_, after)) in before.iter().zip(&after) {
			// An empty list would be the same for everybody.
			let found = match before == after {
				true if after.is_array() && count(after) == 0 => "empty",
				true => "as before",
				false => "not as before",
			};
			findings.compare(format!("Restored: {what}"), found, "as before");
		}
		self.command(&["collect"]).await?;
		let balance = self.command(&["balance"]).await?;
		let balance = balance["balance"]
			.as_str()
			.ok_or("the program shows no balance")?;
		println!("   The restored wallet collects what the disputes have left it, and has {balance}.");
		findings.compare(
			"Restored: after collecting, the program shows",
			balance,
			amount::show(self.party.expected),
		);
		findings.amount(
			"Restored: after collecting, the ledger holds",
			self.party.session.balance().await?,
			self.party.expected,
		);
		Ok(())
	}
}

//! The command line of the certificate authority's key, and of who checks what it says.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Where the key is, and its passphrase.
#[derive(Clone, Debug, Args)]
pub struct CaKey {
	/// ca-secret.age, or the folder that it is in.
	#[arg(long, value_name = "PATH")]
	pub key: PathBuf,

	/// A file whose first line is the passphrase of this key, where that is another than the account's
	/// (--passphrase-file); - to type it.
	#[arg(long, value_name = "FILE")]
	pub key_passphrase_file: Option<PathBuf>,
}

/// The certificate authority's key.
#[derive(Debug, Subcommand)]
pub enum CaCommand {
	/// Create the ledger's key: ca-secret.age (encrypted) and ca-key.json (for genesis)
	#[command(
		after_help = "EXAMPLES:\n  veilmart ca keygen --out /secure/ca\n  veilmart-node export-chain-spec --chain local --ca-key /secure/ca/ca-key.json --raw"
	)]
	Keygen {
		/// Bits of the modulus.
		#[arg(long, default_value = "2048", value_parser = ["2048", "3072"])]
		bits: String,
		/// The folder for both files.
		#[arg(long, value_name = "DIR")]
		out: PathBuf,
	},

	/// Decrypt an order, or an account's balance, after recording on chain that this is done
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account ca ca decrypt --key /secure/ca --order shop:5\n  veilmart --account ca ca decrypt --key /secure/ca --of //Bob\n  veilmart ca decrypt --key /secure/ca --ciphertext 0x1234… --unrecorded\n\nThe record names the order or the account, never an amount. It is made by the certificate authority's account, and is\nfinal before anything is decrypted."
	)]
	#[command(group(clap::ArgGroup::new("what").required(true)))]
	Decrypt {
		/// The key.
		#[command(flatten)]
		key: CaKey,
		/// An order, as BUYER:NUMBER: what it is for, how many pieces, price, total.
		#[arg(long, group = "what", value_name = "ORDER")]
		order: Option<String>,
		/// An account, whose balance on the chain is decrypted.
		#[arg(long, group = "what", value_name = "ACCOUNT")]
		of: Option<String>,
		/// A ciphertext, hexadecimal; @FILE reads it from a file. It names nobody, so it cannot be recorded.
		#[arg(long, group = "what")]
		ciphertext: Option<String>,
		/// Decrypt without a record on chain.
		#[arg(long)]
		unrecorded: bool,
	},

	/// Decrypt the ledger's aggregates and check that nothing was created or lost
	#[command(
		after_help = "EXAMPLES:\n  veilmart ca audit --key /secure/ca\n  veilmart ca audit --key /secure/ca --out report.json\n\nWith --out the report opens each aggregate, so that anybody can check it: `veilmart audit verify report.json`. Two\nreports show what happened between them: with little between them, they show little trades."
	)]
	Audit {
		/// The key.
		#[command(flatten)]
		key: CaKey,
		/// Write the report that anybody can check to this file, which must not exist.
		#[arg(long, value_name = "FILE")]
		out: Option<PathBuf>,
	},

	/// Write an owner the opening that it has lost, sealed to its view key, after recording on chain that this is done
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account ca ca recover --key /secure/ca --of shop --out letter.json balance\n\nThe owner alone reads the letter and makes use of it: `veilmart --account shop recover letter.json`."
	)]
	Recover {
		/// The key.
		#[command(flatten)]
		key: CaKey,
		/// The owner: an address, an account's name or a development key.
		#[arg(long, value_name = "ACCOUNT")]
		of: String,
		/// The letter's file, which must not exist.
		#[arg(long, value_name = "FILE")]
		out: PathBuf,
		/// The owner's view key, as the owner told it: a letter to another one, which a lying node could name, is not written.
		#[arg(long, value_name = "KEY")]
		view_key: Option<String>,
		/// Decrypt without a record on chain.
		#[arg(long)]
		unrecorded: bool,
		/// What does not open any more.
		#[command(subcommand)]
		what: LostCommand,
	},
}

/// What an owner cannot open any more.
#[derive(Clone, Debug, Subcommand)]
pub enum LostCommand {
	/// Its balance
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account ca ca recover --key /secure/ca --of shop --out letter.json balance"
	)]
	Balance,

	/// A credit that waits for it
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account ca ca recover --key /secure/ca --of shop --out letter.json credit transfer://Bob:12"
	)]
	Credit {
		/// The credit, as KIND:SENDER:NUMBER; the owner's `balance` shows them.
		credit: String,
	},

	/// The stock of a listing of its own
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account ca ca recover --key /secure/ca --of shop --out letter.json stock 3"
	)]
	Stock {
		/// The number of one of its listings.
		listing: u64,
	},
}

/// Audit reports.
#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
	/// Check a report against the ledger: every aggregate is the chain's, and is opened by its amount and root
	#[command(
		after_help = "EXAMPLES:\n  veilmart audit verify report.json\n  veilmart --json --url ws://other.example:9944 audit verify report.json\n\nTakes no key and no account. The node is believed about the ledger's state, so ask one that you trust; it has to have\nkept the state of the report's block (--state-pruning archive keeps all)."
	)]
	Verify {
		/// The report, as `ca audit --out` writes it; - for the standard input.
		report: PathBuf,
	},
}

//! The command line.
//!
//! Here is what holds for every command. The commands are in the files below: [`Command`] names all, and who is concerned
//! with certificates, finality, the authorities or this machine has a file of its own.

mod authorities;
mod authority;
mod certificates;
mod command;
mod finality;
mod local;
#[cfg(test)]
mod tests;
mod values;

pub use authorities::AuthorityCommand;
pub use authority::{AuditCommand, CaCommand, CaKey, LostCommand};
pub use certificates::CertificateCommand;
pub use command::{Command, RefreshCommand};
pub use finality::FinalityCommand;
pub use local::{AccountCommand, ChainCommand};
pub use values::{Decision, Reason, RoleName, State};

use std::path::PathBuf;

use clap::{Args, Parser};
use veilmart_runtime::Hash;

use crate::ca::unhex;

/// Where a node is looked for if nothing else is said.
pub const DEFAULT_URL: &str = "ws://127.0.0.1:9944";

/// Names the node's address instead of `--url`.
pub const URL_VARIABLE: &str = "VEILMART_URL";

/// Names the account that acts where the command line names none, neither `--account` nor `--suri`. A name in the keystore,
/// no secret.
pub const ACCOUNT_VARIABLE: &str = "VEILMART_ACCOUNT";

/// A consortium's confidential marketplace, from a terminal.
///
/// Prices, quantities, stocks and balances are encrypted on the chain; this program holds the keys, makes the proofs and
/// shows you the numbers.
#[derive(Debug, Parser)]
#[command(name = "veilmart", version, propagate_version = true)]
#[command(after_help = "\
EXAMPLES:
  veilmart account new shop
  veilmart --account shop balance
  veilmart --account shop list --price 12.50 --stock 40 --item 85123A
  veilmart --json --suri //Alice orders
  veilmart --sealed --account buyer order shop:3 2

EXIT STATUS: 0 done, 1 failed or refused, 2 wrong usage.")]
pub struct Cli {
	/// What holds for every command.
	#[command(flatten)]
	pub options: Options,

	/// What to do.
	#[command(subcommand)]
	pub command: Command,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
pub struct Options {
	/// WebSocket address of a node. Default: $VEILMART_URL, or ws://127.0.0.1:9944.
	#[arg(long, global = true, value_name = "URL")]
	pub url: Option<String>,

	/// The chain's genesis hash: a node of any other chain is refused. `certificate request` signs offline with it.
	#[arg(long, global = true, value_name = "HASH", value_parser = parse_hash)]
	pub genesis: Option<Hash>,

	/// The account that acts: a name in the keystore. Default: $VEILMART_ACCOUNT, unless --suri is given.
	#[arg(long, global = true, value_name = "NAME", conflicts_with = "suri")]
	pub account: Option<String>,

	/// A well-known development key that acts instead, such as //Alice. For tests only.
	#[arg(long, global = true, value_name = "//NAME")]
	pub suri: Option<String>,

	/// Where accounts are kept. Default: $XDG_DATA_HOME/veilmart.
	#[arg(long, global = true, value_name = "DIR")]
	pub base_path: Option<PathBuf>,

	/// A file whose first line is the passphrase, for its owner only (mode 600), or a pipe. Default:
	/// $VEILMART_PASSPHRASE_FILE; without one you are asked.
	#[arg(long, global = true, value_name = "FILE")]
	pub passphrase_file: Option<PathBuf>,

	/// Seal the transaction to the leader: who passes it on cannot read it until the leader opens it. Nothing more is hidden.
	/// If leaders do not include it, it is sent openly, and the result says so.
	#[arg(long, global = true)]
	pub sealed: bool,

	/// Print results (and errors, on the standard error) as JSON.
	#[arg(long, global = true)]
	pub json: bool,
}

/// A hash of 32 bytes, with or without `0x`.
fn parse_hash(text: &str) -> Result<Hash, String> {
	unhex(text)
		.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
		.map(Hash::from)
		.ok_or_else(|| "a hash has 64 hexadecimal digits".into())
}

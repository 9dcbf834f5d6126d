//! `veilmart account` and `veilmart chain`: what is kept on this machine, for which no node is asked.

use clap::Subcommand;
use veilmart_runtime::Hash;

use super::parse_hash;

/// Accounts on this machine.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
	/// Create an account; shows its mnemonic once
	#[command(after_help = "EXAMPLES:\n  veilmart account new shop")]
	New {
		/// A name for it, on this machine only.
		name: String,
	},

	/// Show one account, or all
	#[command(after_help = "EXAMPLES:\n  veilmart account show\n  veilmart account show shop")]
	Show {
		/// Which; all without a name.
		name: Option<String>,
	},

	/// Store the account of a mnemonic, which is read from the terminal or the standard input
	#[command(
		after_help = "EXAMPLES:\n  veilmart account import shop\n  veilmart account import shop < mnemonic.txt"
	)]
	Import {
		/// A name for it, on this machine only.
		name: String,
	},
}

/// Chains whose keys were verified.
#[derive(Debug, Subcommand)]
pub enum ChainCommand {
	/// Show the chains and the hashes of their keys
	#[command(after_help = "EXAMPLES:\n  veilmart chain show")]
	Show,

	/// Forget a chain's key: it is verified anew at the next use
	#[command(
		after_help = "EXAMPLES:\n  veilmart chain forget 0x9b3a…\n\nDo so when the certificate authority confirms that it replaced the key, never because a node wants it."
	)]
	Forget {
		/// The chain's genesis hash.
		#[arg(value_name = "GENESIS", value_parser = parse_hash)]
		chain: Hash,
	},
}

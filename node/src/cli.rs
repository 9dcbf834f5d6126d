//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{error::ErrorKind, CommandFactory, FromArgMatches, Parser};
use sc_cli::{Database, SubstrateCli, TransactionPoolType};
use veilmart_node_service::{pool, service::Options};

/// What is logged less than the rest unless the operator asks for it: two lines for every block.
const QUIET: &str = "sc_basic_authorship=warn";

/// The command line of the node: without a subcommand it runs.
#[derive(Debug, Parser)]
pub struct Cli {
	/// What to do instead of running.
	#[command(subcommand)]
	pub subcommand: Option<Subcommand>,

	/// How to run.
	#[clap(flatten)]
	pub run: sc_cli::RunCmd,

	/// What is this chain's own.
	#[clap(flatten)]
	pub node: NodeParams,
}

impl Cli {
	/// Parses the arguments, the program's name first. Prints and exits where they ask for help or are wrong.
	pub fn read(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Self {
		// Forks are short-lived on this chain, and the fork-aware pool loses transactions that arrive while it
		// takes note of a block that is final at once: it knew them only for the block before.
		let command = Self::command().mut_arg("pool_type", |pool_type| {
			pool_type.default_value("single-state").hide(true)
		});
		let mut command = Self::setup_command(command);
		let matches = command
			.try_get_matches_from_mut(arguments)
			.unwrap_or_else(|refusal| refusal.exit());
		let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|refusal| refusal.exit());
		if let TransactionPoolType::ForkAware = cli.run.pool_config.pool_type {
			let reason = "--pool-type: this node has the single-state pool only";
			command.error(ErrorKind::InvalidValue, reason).exit();
		}
		cli.run
			.import_params
			.database_params
			.database
			.get_or_insert(Database::ParityDb);
		// Before the operator's own filters, which therefore win.
		cli.run.shared_params.log.insert(0, QUIET.into());
		cli
	}

	/// What the options mean that the node itself reads.
	pub fn options(&self) -> Options {
		let is_dev = self.run.shared_params.is_dev();
		Options {
			pool: pool::options(&self.run.pool_config, is_dev),
			forget_votes: self.node.forget_votes,
			runtime_cache: self.node.runtime_cache.clone(),
		}
	}
}

/// What an operator says beyond Substrate's own options.
#[derive(Debug, Clone, clap::Args)]
pub struct NodeParams {
	/// Start although the vote log is missing or damaged: the authority forgets what it has signed.
	///
	/// If it has signed anything that it then contradicts, the others report it and the chain removes it. It is safe for a key that was never an
	/// authority's, and once the network has elected another leader since the log's last record. The node then also takes part in a set of authorities
	/// that has begun before the node was started. A log that can be read is not forgotten.
	#[arg(long)]
	pub forget_votes: bool,

	/// Keep compiled runtimes in this directory, so that the node starts again without compiling.
	///
	/// What lies there is run as it is: nobody else may write to it, and after a crash of the machine it is best deleted.
	/// Several nodes may share it.
	#[arg(long, value_name = "DIRECTORY")]
	pub runtime_cache: Option<PathBuf>,
}

/// What the node can do besides running.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
	/// Build a chain specification
	BuildSpec(BuildSpec),

	/// Export a chain specification
	ExportChainSpec(ExportChainSpec),

	/// Make the chain specification of a consortium of your own
	Consortium(ConsortiumParams),

	/// Validate blocks
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Import blocks
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Export blocks
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Export the state of a given block into a chain specification
	ExportState(sc_cli::ExportStateCmd),

	/// Remove the whole chain
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Revert the chain to a previous state
	Revert(sc_cli::RevertCmd),

	/// Database meta columns information
	ChainInfo(sc_cli::ChainInfoCmd),

	/// Key management
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),
}

/// Where a new chain takes the certificate authority's public key from.
#[derive(Debug, Clone, clap::Args)]
pub struct CaKeyParams {
	/// JSON file with the public part of the certificate authority's Paillier key, as
	/// `veilmart ca keygen` writes it; it replaces the published test key of the preset.
	#[arg(long, value_name = "FILE")]
	pub ca_key: Option<PathBuf>,
}

/// What makes the specification of a consortium.
#[derive(Debug, Clone, Parser)]
#[command(
	after_help = "EXAMPLES:\n  veilmart-node consortium --config consortium.toml --output consortium.json\n\nThe same command with --help shows an example of the file.",
	after_long_help = concat!(
		"EXAMPLES:\n  veilmart-node consortium --config consortium.toml --output consortium.json\n  ",
		"veilmart-node consortium --config consortium.toml --ca-key ca-key.json --raw --output consortium-raw.json\n\n",
		"Each time the specification is another one: its first dealing is drawn at random. All nodes start on the same file.\n\n",
		"An example of consortium.toml:\n\n",
		include_str!("../../docs/consortium.toml")
	)
)]
pub struct ConsortiumParams {
	/// TOML file that says who takes part, with public keys only.
	#[arg(long, value_name = "FILE")]
	pub config: PathBuf,

	/// Where the specification goes, as a whole or not at all; without it, to the standard output.
	#[arg(long, value_name = "FILE")]
	pub output: Option<PathBuf>,

	/// Write the genesis state in place of the genesis configuration. Needs --ca-key.
	#[arg(long)]
	pub raw: bool,

	/// The authority's key.
	#[clap(flatten)]
	pub ca: CaKeyParams,
}

/// `build-spec`, with the certificate authority's key.
#[derive(Debug, Clone, Parser)]
pub struct BuildSpec {
	/// The standard options.
	#[clap(flatten)]
	pub base: sc_cli::BuildSpecCmd,

	/// The authority's key.
	#[clap(flatten)]
	pub ca: CaKeyParams,
}

/// `export-chain-spec`, with the certificate authority's key.
#[derive(Debug, Clone, Parser)]
pub struct ExportChainSpec {
	/// The standard options.
	#[clap(flatten)]
	pub base: sc_cli::ExportChainSpecCmd,

	/// The authority's key.
	#[clap(flatten)]
	pub ca: CaKeyParams,
}

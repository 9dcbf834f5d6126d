//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

use crate::consensus::Sealing;

/// The command line of the node: without a subcommand it runs.
#[derive(Debug, Parser)]
pub struct Cli {
	/// What to do instead of running.
	#[command(subcommand)]
	pub subcommand: Option<Subcommand>,

	/// How to run.
	#[clap(flatten)]
	pub run: sc_cli::RunCmd,

	/// How blocks are made.
	#[clap(flatten)]
	pub sealing: SealingParams,
}

/// How a single authority seals.
#[derive(Debug, Clone, clap::Args)]
pub struct SealingParams {
	/// Milliseconds after which an authority seals a block even without transactions, so that
	/// deadlines pass. 0: never.
	#[arg(long, value_name = "MILLISECONDS", default_value_t = 5000)]
	pub idle_block_interval: u64,
}

impl SealingParams {
	/// What the options mean.
	pub fn sealing(&self) -> Sealing {
		Sealing {
			idle_block_interval: Some(self.idle_block_interval)
				.filter(|interval| *interval > 0)
				.map(Duration::from_millis),
		}
	}
}

/// What the node can do besides running.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
	/// Build a chain specification
	BuildSpec(BuildSpec),

	/// Export a chain specification
	ExportChainSpec(ExportChainSpec),

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

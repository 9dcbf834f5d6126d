//! The command line, and what happens on each command: of Veilmart's node's, those that a comparison needs.

use baseline_runtime::{
	genesis_presets::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_FOUR_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET},
	opaque::Block,
	Hash, WASM_BINARY,
};
use clap::Parser;
use sc_cli::{Database, SubstrateCli};
use sc_network::{config::NetworkBackendType, Litep2pNetworkBackend, NetworkWorker};
use sc_service::{ChainType, NoExtension};

use crate::service;

/// A chain specification of this node.
type ChainSpec = sc_service::GenericChainSpec<NoExtension>;

/// The command line of the node: without a subcommand it runs.
#[derive(Debug, Parser)]
struct Cli {
	/// What to do instead of running.
	#[command(subcommand)]
	subcommand: Option<Subcommand>,

	/// How to run.
	#[clap(flatten)]
	run: sc_cli::RunCmd,
}

/// What the node can do besides running.
#[derive(Debug, clap::Subcommand)]
enum Subcommand {
	/// Export a chain specification
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Remove the whole chain
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Key management
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),
}

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"Aura and GRANDPA".into()
	}

	fn impl_version() -> String {
		env!("SUBSTRATE_CLI_IMPL_VERSION").into()
	}

	fn description() -> String {
		env!("CARGO_PKG_DESCRIPTION").into()
	}

	fn author() -> String {
		env!("CARGO_PKG_AUTHORS").into()
	}

	fn support_url() -> String {
		"the project's issue tracker".into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
		load_spec(id)
	}
}

/// The specification that `id` names: `dev` (one authority), `local` or `local_testnet` (two; also when nothing is
/// named), `local_testnet_four`, anything else a file.
fn load_spec(id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
	let (preset, chain_type) = match id {
		"dev" | DEV_RUNTIME_PRESET => (DEV_RUNTIME_PRESET, ChainType::Development),
		"" | "local" | LOCAL_TESTNET_RUNTIME_PRESET => (LOCAL_TESTNET_RUNTIME_PRESET, ChainType::Local),
		LOCAL_TESTNET_FOUR_RUNTIME_PRESET => (LOCAL_TESTNET_FOUR_RUNTIME_PRESET, ChainType::Local),
		path => return Ok(Box::new(ChainSpec::from_json_file(path.into())?)),
	};
	let code = WASM_BINARY
		.ok_or("This node was built without a runtime (SKIP_WASM_BUILD); use a raw chain specification.")?;
	let spec = ChainSpec::builder(code, None)
		.with_name("Aura and GRANDPA")
		.with_id(preset)
		.with_protocol_id("aura-grandpa")
		.with_chain_type(chain_type)
		.with_genesis_config_preset_name(preset)
		.build();
	Ok(Box::new(spec))
}

/// Parses the command line and does what it says.
pub fn run() -> sc_cli::Result<()> {
	let mut cli = Cli::from_args();
	// Veilmart's database, too.
	cli.run
		.import_params
		.database_params
		.database
		.get_or_insert(Database::ParityDb);

	match &cli.subcommand {
		Some(Subcommand::Key(cmd)) => cmd.run(&cli),
		Some(Subcommand::ExportChainSpec(cmd)) => cmd.run(cli.load_spec(&cmd.chain)?),
		Some(Subcommand::PurgeChain(cmd)) => cli
			.create_runner(cmd)?
			.sync_run(|config| cmd.run(config.database)),
		None => cli
			.create_runner(&cli.run)?
			.run_node_until_exit(|config| async move {
				match config.network.network_backend {
					NetworkBackendType::Litep2p => service::new_full::<Litep2pNetworkBackend>(config),
					NetworkBackendType::Libp2p => service::new_full::<NetworkWorker<Block, Hash>>(config),
				}
				.map_err(sc_cli::Error::Service)
			}),
	}
}

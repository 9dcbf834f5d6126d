//! What happens on each command.

use sc_cli::SubstrateCli;
use sc_service::ChainSpec;
use veilmart_node_service::service;
use veilmart_runtime::opaque::Block;

use crate::{
	chain_spec,
	cli::{CaKeyParams, Cli, Subcommand},
	consortium,
};

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"Veilmart Node".into()
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

	fn load_spec(&self, id: &str) -> Result<Box<dyn ChainSpec>, String> {
		Ok(Box::new(chain_spec::load(id)?))
	}
}

/// `spec`, with the certificate authority's key if the operator gave one.
fn with_ca_key(spec: Box<dyn ChainSpec>, ca: &CaKeyParams) -> sc_cli::Result<Box<dyn ChainSpec>> {
	match &ca.ca_key {
		None => Ok(spec),
		Some(path) => {
			let key = chain_spec::read_ca_key(path)?;
			Ok(Box::new(chain_spec::with_ca_key(&*spec, key)?))
		}
	}
}

/// Parses the command line and does what it says.
pub fn run() -> sc_cli::Result<()> {
	let cli = Cli::read(std::env::args_os());

	match &cli.subcommand {
		Some(Subcommand::Key(cmd)) => cmd.run(&cli),
		Some(Subcommand::BuildSpec(cmd)) => {
			let runner = cli.create_runner(&cmd.base)?;
			runner.sync_run(|config| {
				cmd.base
					.run(with_ca_key(config.chain_spec, &cmd.ca)?, config.network)
			})
		}
		Some(Subcommand::ExportChainSpec(cmd)) => cmd
			.base
			.run(with_ca_key(cli.load_spec(&cmd.base.chain)?, &cmd.ca)?),
		Some(Subcommand::Consortium(params)) => Ok(consortium::run(params)?),
		Some(Subcommand::CheckBlock(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
			let parts = service::new_parts(&config, None)?;
			service::start_importing(&parts.client, &parts.backend, parts.requests, &parts.task_manager)?;
			Ok((cmd.run(parts.client, parts.import_queue), parts.task_manager))
		}),
		Some(Subcommand::ExportBlocks(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
			let parts = service::new_parts(&config, None)?;
			Ok((cmd.run(parts.client, config.database), parts.task_manager))
		}),
		Some(Subcommand::ExportState(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
			let parts = service::new_parts(&config, None)?;
			Ok((cmd.run(parts.client, config.chain_spec), parts.task_manager))
		}),
		Some(Subcommand::ImportBlocks(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
			let parts = service::new_parts(&config, None)?;
			service::start_importing(&parts.client, &parts.backend, parts.requests, &parts.task_manager)?;
			Ok((cmd.run(parts.client, parts.import_queue), parts.task_manager))
		}),
		Some(Subcommand::PurgeChain(cmd)) => cli
			.create_runner(cmd)?
			.sync_run(|config| cmd.run(config.database)),
		Some(Subcommand::Revert(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
			let parts = service::new_parts(&config, None)?;
			Ok((cmd.run(parts.client, parts.backend, None), parts.task_manager))
		}),
		Some(Subcommand::ChainInfo(cmd)) => cli
			.create_runner(cmd)?
			.sync_run(|config| cmd.run::<Block>(&config)),
		None => {
			let options = cli.options();
			cli.create_runner(&cli.run)?
				.run_node_until_exit(|config| async move {
					let (task_manager, _rpc) =
						service::start(config, options).map_err(sc_cli::Error::Service)?;
					Ok(task_manager)
				})
		}
	}
}

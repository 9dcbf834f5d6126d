//! The `veilmart` command.

use std::process::ExitCode;

use clap::Parser;
use veilmart_cli::{cli::Cli, commands};

#[tokio::main]
async fn main() -> ExitCode {
	match commands::run(Cli::parse()).await {
		Ok(()) => ExitCode::SUCCESS,
		Err((error, output)) => {
			output.error(&error);
			ExitCode::from(error.exit_code())
		}
	}
}

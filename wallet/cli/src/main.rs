//! The `veilmart` command.

use std::{env, ffi::OsString, process::ExitCode};

use clap::Parser;
use veilmart_cli::{cli::Cli, commands, error::Error};

#[tokio::main]
async fn main() -> ExitCode {
	let words: Vec<OsString> = env::args_os().collect();
	let cli = match Cli::try_parse_from(&words) {
		Ok(cli) => cli,
		Err(wrong) => match Error::in_command_line(&wrong, &words) {
			Some(error) => {
				eprintln!("{}", error.to_json());
				return ExitCode::from(error.exit_code());
			}
			None => wrong.exit(),
		},
	};
	match commands::run(cli).await {
		Ok(()) => ExitCode::SUCCESS,
		Err((error, output)) => {
			output.error(&error);
			ExitCode::from(error.exit_code())
		}
	}
}

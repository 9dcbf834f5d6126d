//! A node with Aura and GRANDPA, to compare Veilmart's with; no part of the product.
//!
//! - [`command`]: what the operator may say, the chains that the node knows, and what happens then;
//! - [`service`]: the parts of a running node, put together.

// The SDK's errors are large, and the node's commands return them as they are.
#![allow(clippy::result_large_err)]

use std::process::ExitCode;

mod command;
mod service;

fn main() -> ExitCode {
	match command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("Error: {error}");
			ExitCode::FAILURE
		}
	}
}

//! Libraries in C that a node's process loads before all others. Their functions come in place of the system's of the same
//! names: what the node asks of the system, they carry out in another way, or take down.
//!
//! Each is a file of this folder, compiled by the test that needs it. That needs no rights.

use std::{
	io::Write,
	path::Path,
	process::{Command, Stdio},
};

use crate::Result;

/// The variable that names the library.
pub const PRELOAD: &str = "LD_PRELOAD";

/// Compiles a library from its source.
pub fn compile(source: &str, library: &Path) -> Result<()> {
	let mut compiler = Command::new("cc")
		.args(["-shared", "-fPIC", "-O1", "-x", "c", "-o"])
		.arg(library)
		.arg("-")
		.stdin(Stdio::piped())
		.stdout(Stdio::null())
		.stderr(Stdio::piped())
		.spawn()
		.map_err(|error| {
			format!("cc: {error}. This test compiles C: it needs gcc, which `make setup` installs.")
		})?;
	let written = compiler
		.stdin
		.take()
		.ok_or("no input")?
		.write_all(source.as_bytes());
	let output = compiler.wait_with_output()?;
	if !output.status.success() {
		let complained = String::from_utf8_lossy(&output.stderr);
		return Err(format!("cc: {}: {}", output.status, complained.trim()).into());
	}
	Ok(written?)
}

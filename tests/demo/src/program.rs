//! The program `veilmart` as people run it: a process of its own, with its files in a folder.

use crate::process;
use serde_json::Value;
use std::{
	error::Error,
	ffi::OsStr,
	fs,
	path::{Path, PathBuf},
	process::Stdio,
};
use tokio::{io::AsyncWriteExt, process::Command};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How a run of the program ended.
pub struct Ran {
	/// Its exit status; `None` if a signal ended it.
	pub status: Option<i32>,
	/// What it printed as its result.
	pub result: String,
	/// What else it said.
	pub remarks: String,
}

/// The program with what somebody who uses it has: a node, a folder for its files, and a passphrase.
pub struct Program {
	program: PathBuf,
	url: String,
	base_path: PathBuf,
	passphrase_file: PathBuf,
}

impl Program {
	/// Of somebody whose passphrase is in a file outside of the folder, which does not have to exist.
	pub fn of(url: &str, base_path: &Path, passphrase_file: &Path) -> Result<Self> {
		Ok(Self {
			program: process::program("veilmart")?,
			url: url.into(),
			base_path: base_path.into(),
			passphrase_file: passphrase_file.into(),
		})
	}

	/// Runs it with these words after the options that say where everything is, and `input` to read.
	pub async fn run<S: AsRef<OsStr>>(&self, words: &[S], input: &str) -> Result<Ran> {
		let mut child = Command::new(&self.program)
			.args(["--url", &self.url, "--base-path"])
			.arg(&self.base_path)
			.arg("--passphrase-file")
			.arg(&self.passphrase_file)
			.args(words)
			.stdin(Stdio::piped())
			.stdout(Stdio::piped())
			.stderr(Stdio::piped())
			.kill_on_drop(true)
			.spawn()?;
		if let Some(mut stdin) = child.stdin.take() {
			// Who reads nothing closes it.
			let _ = stdin.write_all(input.as_bytes()).await;
		}
		let output = child.wait_with_output().await?;
		Ok(Ran {
			status: output.status.code(),
			result: String::from_utf8_lossy(&output.stdout).into_owned(),
			remarks: String::from_utf8_lossy(&output.stderr).into_owned(),
		})
	}

	/// The result of a command, which has to succeed.
	pub async fn result<S: AsRef<OsStr>>(&self, words: &[S], input: &str) -> Result<Value> {
		let words: Vec<_> = ["--json".as_ref()]
			.into_iter()
			.chain(words.iter().map(AsRef::as_ref))
			.collect();
		let ran = self.run(&words, input).await?;
		if ran.status != Some(0) {
			return Err(format!("veilmart {words:?} failed: {}", ran.remarks.trim_end()).into());
		}
		serde_json::from_str(&ran.result)
			.map_err(|error| format!("veilmart {words:?} printed no JSON ({error}): {}", ran.result).into())
	}

	/// Deletes its files, all of them.
	pub fn delete_files(&self) -> Result<()> {
		Ok(fs::remove_dir_all(&self.base_path)?)
	}
}

//! A node of our own: its chain specification, its process, its end.

use std::{
	env,
	error::Error,
	ffi::OsStr,
	fs,
	net::TcpListener,
	path::{Path, PathBuf},
	process::Stdio,
	time::Duration,
};
use tokio::process::{Child, Command};
use veilmart_cli::chain::Chain;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long a node may take to answer: it verifies the key's proof inside the runtime when it builds genesis.
const START: Duration = Duration::from_secs(120);

/// A program of the workspace: beside this one, where cargo puts them all.
pub fn program(name: &str) -> Result<PathBuf> {
	let mut folder = env::current_exe()?;
	folder.pop();
	if folder.ends_with("deps") {
		folder.pop();
	}
	let program = folder.join(name);
	if program.is_file() {
		Ok(program)
	} else {
		Err(format!("there is no {}; build it first", program.display()).into())
	}
}

/// Writes the raw specification of a preset with this public key in place of the published test key.
pub async fn export_specification(preset: &str, key: &Path, to: &Path) -> Result<()> {
	export(preset, &["--ca-key".as_ref(), key.as_os_str()], to).await
}

/// Writes the raw specification of a preset as it is.
pub async fn export_preset(preset: &str, to: &Path) -> Result<()> {
	export(preset, &[], to).await
}

async fn export(preset: &str, more: &[&OsStr], to: &Path) -> Result<()> {
	let output = Command::new(program("veilmart-node")?)
		.args(["export-chain-spec", "--raw", "--chain", preset])
		.args(more)
		.stdin(Stdio::null())
		.output()
		.await?;
	if !output.status.success() {
		return Err(format!(
			"the specification was not made: {}",
			String::from_utf8_lossy(&output.stderr)
		)
		.into());
	}
	fs::write(to, output.stdout)?;
	Ok(())
}

/// A running node. Ended when dropped.
pub struct Node {
	child: Child,
	log: PathBuf,
	/// Where its RPC listens.
	pub url: String,
}

impl Node {
	/// Starts a node on a specification, with its database in a folder, and waits until it answers.
	pub async fn start(specification: &Path, folder: &Path) -> Result<(Self, Chain)> {
		let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
		// An authority does not make up its network identity by itself.
		let identity = folder.join("node-key");
		let made = Command::new(program("veilmart-node")?)
			.args(["key", "generate-node-key", "--file"])
			.arg(&identity)
			.stdin(Stdio::null())
			.output()
			.await?;
		if !made.status.success() {
			return Err(format!("no node key: {}", String::from_utf8_lossy(&made.stderr)).into());
		}
		let log = folder.join("node.log");
		let output = fs::File::create(&log)?;
		let child = Command::new(program("veilmart-node")?)
			.arg("--chain")
			.arg(specification)
			.arg("--base-path")
			.arg(folder)
			.arg("--node-key-file")
			.arg(&identity)
			.args([
				"--validator",
				"--alice",
				"--no-prometheus",
				"--no-telemetry",
				"--no-mdns",
			])
			.args([
				"--listen-addr",
				"/ip4/127.0.0.1/tcp/0",
				"--rpc-port",
				&port.to_string(),
			])
			.stdin(Stdio::null())
			.stdout(output.try_clone()?)
			.stderr(output)
			.kill_on_drop(true)
			.spawn()?;
		let mut node = Self {
			child,
			log,
			url: format!("ws://127.0.0.1:{port}"),
		};
		let started = tokio::time::Instant::now();
		loop {
			if let Some(status) = node.child.try_wait()? {
				return Err(format!("the node ended with {status}: {}", node.last_words()).into());
			}
			match Chain::connect(&node.url).await {
				Ok(chain) => return Ok((node, chain)),
				Err(error) if started.elapsed() > START => {
					return Err(format!("the node does not answer: {error}; {}", node.last_words()).into())
				}
				Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
			}
		}
	}

	/// The end of its log.
	pub fn last_words(&self) -> String {
		let log = fs::read_to_string(&self.log).unwrap_or_default();
		let lines: Vec<_> = log.lines().collect();
		lines[lines.len().saturating_sub(10)..].join("\n")
	}

	/// Ends the node and waits for it.
	pub async fn stop(mut self) -> Result<()> {
		self.child.start_kill()?;
		self.child.wait().await?;
		Ok(())
	}
}

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

/// The authorities of the chain `local_testnet`, by the options that give a node their keys.
pub const AUTHORITIES: [&str; 4] = ["alice", "bob", "charlie", "dave"];

/// A running node. Ended when dropped.
pub struct Node {
	child: Child,
	log: PathBuf,
	name: &'static str,
	/// Where its RPC listens.
	pub url: String,
	/// Where other nodes reach it.
	address: String,
}

impl Node {
	/// Starts a node of `//Alice` on a specification, with its database in a folder, and waits until it answers.
	pub async fn start(specification: &Path, folder: &Path) -> Result<(Self, Chain)> {
		let mut node = Self::spawn("alice", specification, folder, None).await?;
		let chain = node.answers().await?;
		Ok((node, chain))
	}

	/// Starts a node of a well-known authority.
	async fn spawn(
		name: &'static str,
		specification: &Path,
		folder: &Path,
		first: Option<&Self>,
	) -> Result<Self> {
		let [port, rpc_port] = free_ports()?;
		// An authority does not make up its network identity by itself.
		let identity = folder.join("node-key");
		let made = Command::new(program("veilmart-node")?)
			.args(["key", "generate-node-key", "--file"])
			.arg(&identity)
			.stdin(Stdio::null())
			.output()
			.await?;
		let peer = String::from_utf8_lossy(&made.stderr).trim().to_owned();
		if !made.status.success() {
			return Err(format!("no node key: {peer}").into());
		}
		let listen = format!("/ip4/127.0.0.1/tcp/{port}");
		let log = folder.join("node.log");
		let output = fs::File::create(&log)?;
		let mut command = Command::new(program("veilmart-node")?);
		command
			.arg("--chain")
			.arg(specification)
			.arg("--base-path")
			.arg(folder)
			.arg("--node-key-file")
			.arg(&identity)
			.arg(format!("--{name}"))
			.args(["--no-prometheus", "--no-telemetry", "--no-mdns"])
			.args(["--listen-addr", &listen, "--rpc-port", &rpc_port.to_string()]);
		if let Some(first) = first {
			command.args(["--bootnodes", &first.address]);
		}
		let child = command
			.stdin(Stdio::null())
			.stdout(output.try_clone()?)
			.stderr(output)
			.kill_on_drop(true)
			.spawn()?;
		Ok(Self {
			child,
			log,
			name,
			url: format!("ws://127.0.0.1:{rpc_port}"),
			address: format!("{listen}/p2p/{peer}"),
		})
	}

	/// Waits until it answers.
	async fn answers(&mut self) -> Result<Chain> {
		let started = tokio::time::Instant::now();
		loop {
			if let Some(status) = self.child.try_wait()? {
				return Err(format!("{}'s node ended with {status}: {}", self.name, self.last_words()).into());
			}
			match Chain::connect(&self.url).await {
				Ok(chain) => return Ok(chain),
				Err(error) if started.elapsed() > START => {
					return Err(format!(
						"{}'s node does not answer: {error}; {}",
						self.name,
						self.last_words()
					)
					.into())
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

/// Two ports that nobody listens at.
fn free_ports() -> Result<[u16; 2]> {
	let listeners = [
		TcpListener::bind(("127.0.0.1", 0))?,
		TcpListener::bind(("127.0.0.1", 0))?,
	];
	let [first, second] = &listeners;
	Ok([first.local_addr()?.port(), second.local_addr()?.port()])
}

/// A network of the four authorities of `local_testnet`.
pub struct Network {
	nodes: Vec<Node>,
}

impl Network {
	/// Starts the four, and waits until all answer and a leader is elected. Gives a connection to a node that does not
	/// lead.
	pub async fn start(specification: &Path, folder: &Path) -> Result<(Self, Chain)> {
		let mut nodes: Vec<Node> = Vec::new();
		for name in AUTHORITIES {
			let folder = folder.join(name);
			fs::create_dir_all(&folder)?;
			nodes.push(Node::spawn(name, specification, &folder, nodes.first()).await?);
		}
		let mut chains = Vec::new();
		for node in &mut nodes {
			chains.push(node.answers().await?);
		}
		let network = Self { nodes };
		let started = tokio::time::Instant::now();
		loop {
			for chain in &chains {
				let state = chain.round_state().await?;
				if state["role"] == "follower" && state["leader"].is_string() {
					return Ok((network, chain.clone()));
				}
			}
			if started.elapsed() > START {
				return Err(format!("no leader was elected: {}", network.last_words()).into());
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}

	/// Kills the node that leads, the hard way. Gives whose it was.
	pub async fn kill_leader(&mut self) -> Result<&'static str> {
		for position in 0..self.nodes.len() {
			let chain = Chain::connect(&self.nodes[position].url).await?;
			if chain.round_state().await?["role"] == "leader" {
				let mut node = self.nodes.remove(position);
				node.child.start_kill()?;
				node.child.wait().await?;
				return Ok(node.name);
			}
		}
		Err("no node leads".into())
	}

	/// The ends of all logs.
	pub fn last_words(&self) -> String {
		let words = self
			.nodes
			.iter()
			.map(|node| format!("{}:\n{}", node.name, node.last_words()));
		words.collect::<Vec<_>>().join("\n")
	}

	/// Ends all nodes and waits for them.
	pub async fn stop(self) -> Result<()> {
		for node in self.nodes {
			node.stop().await?;
		}
		Ok(())
	}
}

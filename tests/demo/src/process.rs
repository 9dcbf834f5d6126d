//! A node of our own: its chain specification, its process, its end.

use rustix::process::{kill_process, Pid, Signal};
use std::{
	collections::BTreeMap,
	env,
	error::Error,
	ffi::{OsStr, OsString},
	fs,
	future::Future,
	io,
	net::{Ipv4Addr, SocketAddr, TcpListener},
	path::{Path, PathBuf},
	process::{ExitStatus, Stdio},
	sync::atomic::{AtomicU16, Ordering},
	time::Duration,
};
use tokio::{
	process::{Child, Command},
	signal::unix::{signal, SignalKind},
	sync::Mutex,
};
use veilmart_cli::chain::Chain;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long a node may take to answer: it verifies the key's proof inside the runtime when it builds genesis.
const START: Duration = Duration::from_secs(120);

/// The argument of a node that offers no metrics.
const NO_METRICS: &str = "--no-prometheus";

/// A program of the workspace: beside this one, where cargo puts them all.
pub fn program(name: &str) -> Result<PathBuf> {
	let program = programs()?.join(name);
	if program.is_file() {
		Ok(program)
	} else {
		Err(format!("there is no {}; build it first", program.display()).into())
	}
}

fn programs() -> Result<PathBuf> {
	let mut folder = env::current_exe()?;
	folder.pop();
	if folder.ends_with("deps") {
		folder.pop();
	}
	Ok(folder)
}

/// What comes to its end when this program is to end: by Ctrl-C or SIGTERM. From this call on these end nothing by themselves. Who drops
/// its nodes then leaves none behind.
pub fn stop_signals() -> io::Result<impl Future<Output = ()>> {
	let mut interrupt = signal(SignalKind::interrupt())?;
	let mut terminate = signal(SignalKind::terminate())?;
	Ok(async move {
		tokio::select! {
			_ = interrupt.recv() => {}
			_ = terminate.recv() => {}
		}
	})
}

/// What comes before a program that is to be killed with the thread that starts it.
const WITH_ITS_STARTER: [&str; 4] = ["setpriv", "--pdeathsig", "KILL", "--"];

/// Whether this machine has that.
fn can_end_with_its_starter() -> bool {
	let [program, options @ ..] = WITH_ITS_STARTER;
	std::process::Command::new(program)
		.args(options)
		.arg("true")
		.stdin(Stdio::null())
		.stdout(Stdio::null())
		.stderr(Stdio::null())
		.status()
		.is_ok_and(|status| status.success())
}

/// Writes the raw specification of a preset with this public key in place of the published test key.
pub async fn export_specification(preset: &str, key: &Path, to: &Path) -> Result<()> {
	let more = ["--raw".as_ref(), "--ca-key".as_ref(), key.as_os_str()];
	export(preset.as_ref(), &more, to).await
}

/// Writes the specification of a preset as people change it: with the genesis configuration in place of the genesis state.
pub async fn export_plain(preset: &str, to: &Path) -> Result<()> {
	export(preset.as_ref(), &[], to).await
}

/// Writes the raw specification of one that is not raw. The runtime in it builds the genesis state.
pub async fn export_raw(plain: &Path, to: &Path) -> Result<()> {
	export(plain.as_os_str(), &["--raw".as_ref()], to).await
}

/// Writes the raw specification of a preset as it is. It is made once in a process: that takes some seconds.
pub async fn export_preset(preset: &str, to: &Path) -> Result<()> {
	static MADE: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::const_new(BTreeMap::new());
	let mut made = MADE.lock().await;
	if let Some(specification) = made.get(preset) {
		return Ok(fs::write(to, specification)?);
	}
	export(preset.as_ref(), &["--raw".as_ref()], to).await?;
	made.insert(preset.to_owned(), fs::read(to)?);
	Ok(())
}

async fn export(chain: &OsStr, more: &[&OsStr], to: &Path) -> Result<()> {
	let output = Command::new(program("veilmart-node")?)
		.args(["export-chain-spec", "--chain"])
		.arg(chain)
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

/// The port at which other nodes reach a node that has a network of its own.
const PORT: u16 = 30_333;
/// The port of its RPC.
const RPC_PORT: u16 = 9_944;

/// The network in which a node runs, and what it finds there.
#[derive(Clone, Debug)]
pub struct Place {
	/// What comes before the program.
	launcher: Vec<OsString>,
	environment: Vec<(OsString, OsString)>,
	address: Ipv4Addr,
	port: u16,
	rpc_port: u16,
	metrics_port: Option<u16>,
}

impl Place {
	/// This machine's own network: nobody else reaches the node.
	pub fn here() -> Result<Self> {
		let [port, rpc_port] = free_ports::<2>()?;
		Ok(Self {
			launcher: Vec::new(),
			environment: Vec::new(),
			address: Ipv4Addr::LOCALHOST,
			port,
			rpc_port,
			metrics_port: None,
		})
	}

	/// The same for nodes that are not to outlive this program, also if it is killed the hard way, where the machine can do that. They end
	/// with the thread that starts them, so that has to be one that stays: `main`'s.
	pub fn here_while_we_run() -> Result<Self> {
		let mut place = Self::here()?;
		if can_end_with_its_starter() {
			place.launcher = WITH_ITS_STARTER.map(OsString::from).into();
		}
		Ok(place)
	}

	/// The network namespace of a process, in which the node has this address.
	pub fn namespace_of(process: u32, address: Ipv4Addr) -> Self {
		let launcher = ["nsenter", "--target", &process.to_string(), "--net", "--"];
		Self {
			launcher: launcher.map(OsString::from).into(),
			environment: Vec::new(),
			address,
			port: PORT,
			rpc_port: RPC_PORT,
			metrics_port: None,
		}
	}

	/// The port at which other nodes reach it.
	pub fn port(&self) -> u16 {
		self.port
	}

	/// Has the node offer its metrics to this machine. Gives where.
	pub fn offer_metrics(&mut self) -> Result<SocketAddr> {
		let [port] = free_ports::<1>()?;
		self.metrics_port = Some(port);
		Ok((Ipv4Addr::LOCALHOST, port).into())
	}

	/// Sets a variable in the environment of the node's process.
	pub fn set_variable(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
		self.environment.push((name.into(), value.into()));
	}
}

/// A node: where it lives, and its process while it runs. Ended when dropped.
pub struct Node {
	child: Option<Child>,
	launcher: Vec<OsString>,
	environment: Vec<(OsString, OsString)>,
	arguments: Vec<OsString>,
	folder: PathBuf,
	/// Whose keys it has.
	pub name: &'static str,
	/// Where its RPC listens.
	pub url: String,
	/// Where other nodes reach it.
	pub address: String,
}

impl Node {
	/// Starts a node of `//Alice` on a specification, with its database in a folder, and waits until it answers.
	pub async fn start(specification: &Path, folder: &Path) -> Result<(Self, Chain)> {
		let mut node = Self::prepare("alice", specification, folder, &[]).await?;
		node.spawn(&[])?;
		let chain = node.answers().await?;
		Ok((node, chain))
	}

	/// A node of a well-known authority that connects to others by their addresses. It does not run yet.
	pub async fn prepare(
		name: &'static str,
		specification: &Path,
		folder: &Path,
		others: &[String],
	) -> Result<Self> {
		Self::prepare_at(name, specification, folder, others, Place::here()?).await
	}

	/// The same in a network of the caller's choice.
	pub async fn prepare_at(
		name: &'static str,
		specification: &Path,
		folder: &Path,
		others: &[String],
		place: Place,
	) -> Result<Self> {
		let Place {
			launcher,
			environment,
			address: ip,
			port,
			rpc_port,
			metrics_port,
		} = place;
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
		let listen = format!("/ip4/{ip}/tcp/{port}");
		let mut arguments: Vec<OsString> = vec![
			"--chain".into(),
			specification.into(),
			"--base-path".into(),
			folder.into(),
			"--node-key-file".into(),
			identity.into(),
			format!("--{name}").into(),
			"--no-telemetry".into(),
			"--no-mdns".into(),
			// Each line of the log says its level.
			"--detailed-log-output".into(),
			// The nodes of all tests have the same runtime, and one compiles it.
			"--runtime-cache".into(),
			programs()?.join("runtime-cache").into(),
			"--listen-addr".into(),
			listen.clone().into(),
			"--rpc-port".into(),
			rpc_port.to_string().into(),
		];
		if !ip.is_loopback() {
			// From where the test is, its address is not a local one. Nobody but the test reaches the namespace.
			let open = [
				"--unsafe-rpc-external",
				"--rpc-methods",
				"unsafe",
				"--rpc-cors",
				"all",
			];
			arguments.extend(open.map(OsString::from));
		}
		for address in others {
			arguments.extend(["--bootnodes".into(), address.into()]);
		}
		let mut node = Self {
			child: None,
			launcher,
			environment,
			arguments,
			folder: folder.to_owned(),
			name,
			url: format!("ws://{ip}:{rpc_port}"),
			address: format!("{listen}/p2p/{peer}"),
		};
		match metrics_port {
			Some(port) => node.offer_metrics_at(port),
			None => node.arguments.push(NO_METRICS.into()),
		}
		Ok(node)
	}

	/// Starts the process, with more arguments perhaps. Its log goes on where an earlier one ended.
	pub fn spawn(&mut self, more: &[&str]) -> Result<()> {
		let log = fs::OpenOptions::new()
			.create(true)
			.append(true)
			.open(self.log())?;
		let mut words = self.launcher.clone();
		words.push(program("veilmart-node")?.into());
		let child = Command::new(&words[0])
			.args(&words[1..])
			.args(&self.arguments)
			.args(more)
			.envs(self.environment.iter().map(|(name, value)| (name, value)))
			.stdin(Stdio::null())
			.stdout(log.try_clone()?)
			.stderr(log)
			.kill_on_drop(true)
			.spawn()?;
		self.child = Some(child);
		Ok(())
	}

	/// Sets a variable in the environment of its process, from the next start on.
	pub fn set_variable(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
		self.environment.push((name.into(), value.into()));
	}

	/// Has it offer its metrics to this machine, from the next start on. Gives where.
	pub fn offer_metrics(&mut self) -> Result<SocketAddr> {
		let [port] = free_ports::<1>()?;
		self.offer_metrics_at(port);
		Ok((Ipv4Addr::LOCALHOST, port).into())
	}

	fn offer_metrics_at(&mut self, port: u16) {
		self.arguments.retain(|argument| argument != NO_METRICS);
		self.arguments
			.extend(["--prometheus-port".into(), port.to_string().into()]);
	}

	/// Has it know nobody's address, from the next start on.
	pub fn forget_others(&mut self) {
		let mut arguments = std::mem::take(&mut self.arguments).into_iter();
		while let Some(argument) = arguments.next() {
			if argument == "--bootnodes" {
				arguments.next();
			} else {
				self.arguments.push(argument);
			}
		}
	}

	fn log(&self) -> PathBuf {
		self.folder.join("node.log")
	}

	/// Its base path.
	pub fn folder(&self) -> &Path {
		&self.folder
	}

	/// Waits until it answers.
	pub async fn answers(&mut self) -> Result<Chain> {
		let started = tokio::time::Instant::now();
		loop {
			if let Some(status) = self.has_ended()? {
				return Err(
					format!("{}'s node ended with {status}: {}", self.name, self.last_words()).into(),
				);
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

	/// Whether the process has ended by itself, and how.
	pub fn has_ended(&mut self) -> Result<Option<ExitStatus>> {
		match &mut self.child {
			Some(child) => Ok(child.try_wait()?),
			None => Ok(None),
		}
	}

	/// The process, while it runs.
	pub fn process_id(&self) -> Option<u32> {
		self.child.as_ref().and_then(Child::id)
	}

	/// Stops the process without ending it: it keeps its connections and does nothing.
	pub fn freeze(&self) -> Result<()> {
		self.signal(Signal::STOP)
	}

	/// Lets a frozen process go on.
	pub fn thaw(&self) -> Result<()> {
		self.signal(Signal::CONT)
	}

	fn signal(&self, signal: Signal) -> Result<()> {
		let process = self.process_id().and_then(|id| i32::try_from(id).ok());
		let process = process.and_then(Pid::from_raw).ok_or("the node does not run")?;
		Ok(kill_process(process, signal)?)
	}

	/// All that it logged.
	pub fn words(&self) -> String {
		fs::read_to_string(self.log()).unwrap_or_default()
	}

	/// The end of its log.
	pub fn last_words(&self) -> String {
		let words = self.words();
		let lines: Vec<_> = words.lines().collect();
		lines[lines.len().saturating_sub(10)..].join("\n")
	}

	/// Kills the process the hard way, and waits until it is gone. It can be started again.
	pub async fn kill(&mut self) -> Result<()> {
		if let Some(mut child) = self.child.take() {
			child.start_kill()?;
			child.wait().await?;
		}
		Ok(())
	}

	/// Ends the node and waits for it.
	pub async fn stop(mut self) -> Result<()> {
		self.kill().await
	}
}

/// Where ports for nodes begin, and how many there are: below those that systems give to connections that go out, of which one
/// may otherwise take a port before its node does.
const FIRST_PORT: u16 = 10_000;
const PORTS: u16 = 20_000;

/// Ports that nobody listens at, and that this process gave to nobody else.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
	static GIVEN: AtomicU16 = AtomicU16::new(0);
	// Programs that run at once begin at different ones: those of one process namespace do.
	let begin = std::process::id().wrapping_mul(64) % u32::from(PORTS);
	let free = (0..PORTS).filter_map(|_| {
		let given = u32::from(GIVEN.fetch_add(1, Ordering::Relaxed));
		let port = FIRST_PORT + u16::try_from((begin + given) % u32::from(PORTS)).ok()?;
		TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
	});
	let ports: Vec<u16> = free.take(N).collect();
	ports
		.try_into()
		.map_err(|_: Vec<u16>| "there are no free ports".into())
}

/// A network of the four authorities of `local_testnet`.
pub struct Network {
	/// Its nodes.
	pub nodes: Vec<Node>,
}

impl Network {
	/// Starts the four, and waits until all answer and a leader is elected. Gives a connection to a node that does not
	/// lead, with its address.
	pub async fn start(specification: &Path, folder: &Path) -> Result<(Self, Chain, String)> {
		let places = [Place::here()?, Place::here()?, Place::here()?, Place::here()?];
		Self::start_at(specification, folder, places).await
	}

	/// The same, each in a network of the caller's choice.
	pub async fn start_at(
		specification: &Path,
		folder: &Path,
		places: [Place; AUTHORITIES.len()],
	) -> Result<(Self, Chain, String)> {
		let mut network = Self::spawn(specification, folder, places).await?;
		for node in &mut network.nodes {
			node.answers().await?;
		}
		let started = tokio::time::Instant::now();
		loop {
			for node in &network.nodes {
				let chain = Chain::connect(&node.url).await?;
				let state = chain.round_state().await?;
				if state["role"] == "follower" && state["leader"].is_string() {
					let url = node.url.clone();
					return Ok((network, chain, url));
				}
			}
			if started.elapsed() > START {
				return Err(format!("no leader was elected: {}", network.last_words()).into());
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}

	/// Starts the processes of the four and waits for nothing: whether they answer is the caller's to find out.
	pub async fn spawn(
		specification: &Path,
		folder: &Path,
		places: [Place; AUTHORITIES.len()],
	) -> Result<Self> {
		let mut network = Self { nodes: Vec::new() };
		for (name, place) in AUTHORITIES.into_iter().zip(places) {
			let folder = folder.join(name);
			fs::create_dir_all(&folder)?;
			let others: Vec<_> = network.nodes.iter().map(|node| node.address.clone()).collect();
			let mut node = Node::prepare_at(name, specification, &folder, &others, place).await?;
			node.spawn(&[])?;
			network.nodes.push(node);
		}
		Ok(network)
	}

	/// The place of the node that leads, as soon as one does.
	pub async fn leader(&self) -> Result<usize> {
		let started = tokio::time::Instant::now();
		while started.elapsed() < START {
			for (position, node) in self.nodes.iter().enumerate() {
				let Ok(chain) = Chain::connect(&node.url).await else {
					continue;
				};
				if chain
					.round_state()
					.await
					.is_ok_and(|state| state["role"] == "leader")
				{
					return Ok(position);
				}
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
		Err("no node leads".into())
	}

	/// Kills the node that leads, the hard way, unless that is the one at `spared`: that one is frozen until another leads, which
	/// is killed. Gives whose it was.
	pub async fn kill_leader(&mut self, spared: &str) -> Result<&'static str> {
		let started = tokio::time::Instant::now();
		while started.elapsed() < START {
			let position = self.leader().await?;
			let node = &mut self.nodes[position];
			if node.url != spared {
				node.kill().await?;
				return Ok(node.name);
			}
			node.freeze()?;
			tokio::time::sleep(Duration::from_secs(4)).await;
			node.thaw()?;
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

#[cfg(test)]
mod tests {
	use super::*;
	use rustix::process::getpid;
	use std::os::unix::process::ExitStatusExt;

	#[tokio::test]
	async fn both_ways_to_be_stopped_are_heard_and_kill_nobody() {
		for by in [Signal::INT, Signal::TERM] {
			let stopped = stop_signals().unwrap();
			kill_process(getpid(), by).unwrap();
			stopped.await;
		}
	}

	#[test]
	fn a_process_ends_with_the_thread_that_started_it() {
		if !can_end_with_its_starter() {
			eprintln!("This machine has no setpriv that could do it.");
			return;
		}
		let starter = std::thread::spawn(|| {
			let [program, options @ ..] = WITH_ITS_STARTER;
			let mut sleeper = std::process::Command::new(program);
			// It says something when it is there: then the system knows what is to happen to it.
			sleeper
				.args(options)
				.args(["sh", "-c", "echo; exec sleep 600"])
				.stdout(Stdio::piped());
			let mut sleeper = sleeper.spawn().unwrap();
			let said = sleeper.stdout.as_mut().expect("it is piped");
			io::Read::read_exact(said, &mut [0]).unwrap();
			sleeper
		});
		let mut sleeper = starter.join().unwrap();
		assert_eq!(sleeper.wait().unwrap().signal(), Some(9));
	}
}

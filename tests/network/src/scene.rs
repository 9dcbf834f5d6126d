//! A network with traffic and a memory, for one test.

use std::{
	env,
	io::{self, Write as _},
	path::{Path, PathBuf},
	thread,
	time::{Duration, Instant},
};
use tokio::{
	runtime::Builder,
	sync::{Semaphore, SemaphorePermit},
};
use veilmart_cli::chain::Chain;
use veilmart_demo_parts::process::{export_preset, Network, Node, Place, AUTHORITIES};

use crate::{
	four,
	logs::complaints,
	traffic,
	versions::{specification_under, AnyVersion},
	Ledger, Result, PATIENCE, SPECIFICATION,
};

/// Two networks at a time: most tests mostly wait, and a small machine has not more than two processors.
static MACHINE: Semaphore = Semaphore::const_new(2);

/// A network in which nothing became final for so long has come to rest.
const REST: Duration = Duration::from_secs(2);

/// A test on real processes is to take no longer, but in its long form. A rule for who writes one: no test fails for it, since what
/// runs beside it may take as much of the machine as it likes. How long the network may take is asserted by [`Ledger::patience`].
const LONGEST_TEST: Duration = Duration::from_secs(120);

/// A network's place on this machine. At its end it says for how long it was taken; waiting for it does not count.
pub struct Turn {
	taken: Instant,
	_permit: SemaphorePermit<'static>,
}

impl Drop for Turn {
	fn drop(&mut self) {
		let thread = thread::current();
		let is_long_form = env::var_os("VEILMART_SOAK").is_some();
		let words = time_of(thread.name().unwrap_or("?"), self.taken.elapsed(), is_long_form);
		// The test program shows nothing that a test which passes has printed by macros.
		let _ = writeln!(io::stderr(), "{words}");
	}
}

/// What a log says of a test's time.
fn time_of(test: &str, time: Duration, is_long_form: bool) -> String {
	let remark = match time > LONGEST_TEST && !is_long_form {
		true => format!(": LONGER THAN {} s", LONGEST_TEST.as_secs()),
		false => String::new(),
	};
	format!("network of {test}: {:.1} s{remark}", time.as_secs_f64())
}

async fn turn() -> Turn {
	let permit = MACHINE.acquire().await.expect("nobody closes it");
	Turn {
		taken: Instant::now(),
		_permit: permit,
	}
}

/// Waits for a network's turn. Not for asynchronous code.
pub fn the_machine() -> Turn {
	let runtime = Builder::new_current_thread().build();
	runtime.expect("a runtime of one thread").block_on(turn())
}

/// A network at work: four nodes, traffic, and what was final.
pub struct Scene {
	/// The nodes.
	pub network: Network,
	/// What was final anywhere.
	pub ledger: Ledger,
	folder: tempfile::TempDir,
	traffic: tokio::task::JoinHandle<()>,
	_machine: Turn,
}

impl Scene {
	/// Starts four nodes, and waits for progress.
	pub async fn new() -> Self {
		let machine = turn().await;
		let folder = tempfile::tempdir().unwrap();
		let network = four(folder.path()).await.unwrap();
		Self::at_work(network, folder, machine).await
	}

	/// As [`Scene::new`], on a chain whose specification the caller changes before the start.
	pub async fn on(change: impl FnOnce(&Path) -> Result<()>) -> Self {
		let machine = turn().await;
		let folder = tempfile::tempdir().unwrap();
		let specification = folder.path().join(SPECIFICATION);
		export_preset("local", &specification).await.unwrap();
		change(&specification).unwrap();
		let (network, ..) = Network::start(&specification, folder.path()).await.unwrap();
		Self::at_work(network, folder, machine).await
	}

	/// As [`Scene::new`], on a chain that begins with another runtime; with the code of today's. While the version is not this
	/// program's there is no traffic.
	pub async fn under(code: &[u8]) -> (Self, Vec<u8>) {
		let machine = turn().await;
		let folder = tempfile::tempdir().unwrap();
		let specification = folder.path().join(SPECIFICATION);
		let today = specification_under(code, "local", &specification).await.unwrap();
		let places = AUTHORITIES.map(|_| Place::here().unwrap());
		let mut network = Network::spawn(&specification, folder.path(), places)
			.await
			.unwrap();
		for node in &mut network.nodes {
			AnyVersion::answers(node).await.unwrap();
		}
		(Self::at_work(network, folder, machine).await, today)
	}

	/// As [`Scene::new`], at places that the caller finds. They are told the folder in which the nodes' folders are going to be.
	pub async fn at(places: impl FnOnce(&Path) -> Result<[Place; AUTHORITIES.len()]>) -> Self {
		let machine = turn().await;
		let folder = tempfile::tempdir().unwrap();
		let specification = folder.path().join(SPECIFICATION);
		export_preset("local", &specification).await.unwrap();
		let places = places(folder.path()).unwrap();
		let (network, ..) = Network::start_at(&specification, folder.path(), places)
			.await
			.unwrap();
		Self::at_work(network, folder, machine).await
	}

	async fn at_work(network: Network, folder: tempfile::TempDir, machine: Turn) -> Self {
		let urls = network.nodes.iter().map(|node| node.url.clone()).collect();
		let mut scene = Self {
			network,
			ledger: Ledger::default(),
			folder,
			traffic: traffic(urls),
			_machine: machine,
		};
		scene.progress().await;
		scene
	}

	/// The chain's specification.
	pub fn specification(&self) -> PathBuf {
		self.folder.path().join(SPECIFICATION)
	}

	/// Where the nodes have their folders.
	pub fn folder(&self) -> &Path {
		self.folder.path()
	}

	/// Ends the traffic, so that the caller's transactions are the only ones, once those on their way are gone.
	pub fn silence(&self) {
		self.traffic.abort();
	}

	/// Ends the traffic, and waits until nothing more becomes final.
	pub async fn rest(&mut self) {
		self.silence();
		let node = &self.network.nodes[0];
		let started = Instant::now();
		loop {
			let before = self.ledger.height();
			tokio::time::sleep(REST).await;
			match self.ledger.read(node, before).await {
				Ok(height) if height == before => return,
				Ok(_) if started.elapsed() < PATIENCE => {}
				Ok(height) => panic!("without traffic there are blocks, the last is {height}"),
				Err(error) => panic!("{error}"),
			}
		}
	}

	/// Waits for progress at all nodes that run, or says where the logs are.
	pub async fn progress(&mut self) -> Duration {
		self.progress_within(self.ledger.patience()).await
	}

	/// The same where there is a reason, which is not the protocol's, why it may take another time than [`Ledger::patience`].
	pub async fn progress_within(&mut self, patience: Duration) -> Duration {
		match self.ledger.progress(&self.network, patience).await {
			Ok(time) => time,
			Err(error) => self.give_up(&error.to_string()),
		}
	}

	/// Makes sure that no node has logged anything above `INFO` since its first start: nobody has disturbed the network.
	pub fn nobody_complains(&mut self) {
		let mut said = String::new();
		for node in &self.network.nodes {
			let words = node.words();
			match complaints(&words) {
				Ok(lines) => lines
					.into_iter()
					.for_each(|line| said += &format!("{}: {line}\n", node.name)),
				Err(error) => said += &format!("{}: {error}\n", node.name),
			}
		}
		if !said.is_empty() {
			self.give_up(&format!("nodes complain, and nothing was wrong:\n{said}"));
		}
	}

	/// Keeps the nodes' files and says where they are.
	pub fn give_up(&mut self, error: &str) -> ! {
		let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap()).keep();
		panic!("{error}\nThe nodes' files are kept: {}", folder.display());
	}

	/// Starts a node that was killed.
	pub async fn restart(&mut self, position: usize) {
		let node = &mut self.network.nodes[position];
		node.spawn(&[]).unwrap();
		if let Err(error) = node.answers().await {
			self.give_up(&error.to_string());
		}
	}

	/// Compares all that is final at all nodes, and ends them.
	pub async fn end(mut self) {
		self.traffic.abort();
		if let Err(error) = self.ledger.read_all(&self.network).await {
			self.give_up(&error.to_string());
		}
		self.network.stop().await.unwrap();
	}
}

/// The term in which a node is.
pub async fn term(node: &Node) -> u64 {
	let chain = Chain::connect(&node.url).await.unwrap();
	chain.round_state().await.unwrap()["term"].as_u64().unwrap()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_test_that_takes_too_long_is_named() {
		let time = |milliseconds, soak| time_of("test", Duration::from_millis(milliseconds), soak);
		assert_eq!(time(83_200, false), "network of test: 83.2 s");
		assert_eq!(time(120_000, false), "network of test: 120.0 s");
		assert_eq!(
			time(120_100, false),
			"network of test: 120.1 s: LONGER THAN 120 s"
		);
		assert_eq!(time(900_000, true), "network of test: 900.0 s");
	}
}

//! A network with traffic and a memory, for one test.

use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use veilmart_cli::chain::Chain;
use veilmart_demo_parts::process::{Network, Node};

use crate::{four, traffic, Ledger};

/// One network at a time: four nodes and their traffic are enough for a small machine.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// A network at work: four nodes, traffic, and what was final.
pub struct Scene {
	/// The nodes.
	pub network: Network,
	/// What was final anywhere.
	pub ledger: Ledger,
	folder: tempfile::TempDir,
	traffic: tokio::task::JoinHandle<()>,
	_machine: MutexGuard<'static, ()>,
}

impl Scene {
	/// Starts four nodes, and waits for progress.
	pub async fn new() -> Self {
		let machine = MACHINE.lock().await;
		let folder = tempfile::tempdir().unwrap();
		let network = four(folder.path()).await.unwrap();
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

	/// Waits for progress at all nodes that run, or says where the logs are.
	pub async fn progress(&mut self) -> Duration {
		match self.ledger.progress(&self.network).await {
			Ok(time) => time,
			Err(error) => self.give_up(&error.to_string()),
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

//! What the tests of networks share: a ledger that remembers what was final where, and traffic.
//!
//! The nodes are real: processes on this machine with databases, vote logs and sockets of their own. What must hold whatever
//! happens to them: no two final blocks at one height, no final block lost, and progress again.

pub mod clients;
pub mod clocks;
pub mod files;
pub mod governance;
pub mod mounts;
pub mod namespaces;
pub mod scene;
pub mod second_process;
pub mod versions;

pub use veilmart_demo_parts::moments;

use std::{
	collections::BTreeMap,
	error::Error,
	path::Path,
	time::{Duration, Instant},
};

use tokio::task::JoinHandle;
use veilmart_cli::{account::Account, chain::Chain};
use veilmart_demo_parts::process::{export_preset, Network, Node};
use veilmart_runtime::{Hash, RuntimeCall};

use versions::AnyVersion;

/// What went wrong.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long a network may take until it makes blocks final again. The protocol needs some seconds; the rest is for a
/// machine on which everything runs at once.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How much longer it may take a node for each block that it has to catch up with.
const PER_BLOCK_BEHIND: Duration = Duration::from_millis(20);

/// Every block that was final anywhere.
#[derive(Debug, Default)]
pub struct Ledger {
	blocks: BTreeMap<u32, Hash>,
}

impl Ledger {
	/// The highest block that was final anywhere.
	pub fn height(&self) -> u32 {
		self.blocks.last_key_value().map_or(0, |(height, _)| *height)
	}

	/// Reads what is final at a node from a height on. Gives the node's height. An error if anything contradicts what was final before.
	pub async fn read(&mut self, node: &Node, from: u32) -> Result<u32> {
		let chain = AnyVersion::connect(node).await?;
		let height = chain.finalized().await?.number;
		for number in from..=height {
			let hash = chain
				.block_hash(number)
				.await?
				.ok_or_else(|| format!("{} has no block {number}, final is {height}", node.name))?;
			let known = *self.blocks.entry(number).or_insert(hash);
			if known != hash {
				return Err(format!(
					"two final blocks at height {number}: {known:?}, and {hash:?} at {}",
					node.name
				)
				.into());
			}
		}
		Ok(height)
	}

	/// Reads what is final at all nodes that run, from genesis on.
	pub async fn read_all(&mut self, network: &Network) -> Result<()> {
		for node in network.nodes.iter().filter(|node| node.process_id().is_some()) {
			self.read(node, 0).await?;
		}
		Ok(())
	}

	/// Waits until every node that runs has made final what no node had, and agrees with all that was.
	pub async fn progress(&mut self, network: &Network) -> Result<Duration> {
		let start = Instant::now();
		// What is final already, and was not read yet, is no progress.
		for node in network.nodes.iter().filter(|node| node.process_id().is_some()) {
			if AnyVersion::connect(node).await.is_ok() {
				self.read(node, self.height()).await?;
			}
		}
		let before = self.height();
		for node in network.nodes.iter().filter(|node| node.process_id().is_some()) {
			let mut patience = None;
			loop {
				// A node that is being started does not answer yet.
				let height = match AnyVersion::connect(node).await {
					Ok(_) => self.read(node, before.saturating_sub(1)).await?,
					Err(_) => 0,
				};
				if height > before {
					break;
				}
				let patience =
					*patience.get_or_insert(PATIENCE + PER_BLOCK_BEHIND * before.saturating_sub(height));
				if start.elapsed() > patience {
					return Err(format!(
						"{} has made nothing final above {before} for {patience:?}, it is at {height}\n{}",
						node.name,
						network.last_words()
					)
					.into());
				}
				tokio::time::sleep(Duration::from_millis(200)).await;
			}
		}
		Ok(start.elapsed())
	}
}

/// The chain's specification, in the folder of a network.
pub const SPECIFICATION: &str = "chain.json";

/// A network of four, started.
pub async fn four(folder: &Path) -> Result<Network> {
	let specification = folder.join(SPECIFICATION);
	export_preset("local", &specification).await?;
	let (network, ..) = Network::start(&specification, folder).await?;
	Ok(network)
}

/// Sends a transaction every so often to one of the nodes, as long as it lives.
pub fn traffic(urls: Vec<String>) -> JoinHandle<()> {
	tokio::spawn(async move {
		let mut turn = 0_usize;
		loop {
			let url = &urls[turn % urls.len()];
			turn += 1;
			// A node that is down takes nothing, and a transaction in a block that was given up may come twice.
			let sent = send(url, turn).await;
			if sent.is_none() {
				tokio::time::sleep(Duration::from_millis(200)).await;
			}
		}
	})
}

async fn send(url: &str, turn: usize) -> Option<()> {
	let chain = Chain::connect(url).await.ok()?;
	let account = Account::development(["//Alice", "//Bob", "//Charlie", "//Dave"][turn % 4]).ok()?;
	for _ in 0..10 {
		let remark = turn.to_le_bytes().to_vec();
		let call = RuntimeCall::System(frame_system::Call::remark { remark });
		chain.submit(&account, call).await.ok()?;
		tokio::time::sleep(Duration::from_millis(120)).await;
	}
	Some(())
}

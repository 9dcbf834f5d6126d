//! What the tests of networks share: a ledger that remembers what was final where, and traffic.
//!
//! The nodes are real: processes on this machine with databases, vote logs and sockets of their own. What must hold whatever
//! happens to them: no two final blocks at one height, no final block lost, and progress again.

pub mod clients;
pub mod clocks;
pub mod files;
pub mod governance;
pub mod logs;
pub mod metrics;
pub mod mounts;
pub mod namespaces;
pub mod preload;
pub mod proxies;
pub mod room;
pub mod router;
pub mod scene;
pub mod second_process;
pub mod syncs;
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
use veilmart_demo_parts::process::{export_preset, Network, Node, AUTHORITIES};
use veilmart_runtime::{Hash, RuntimeCall};
use veilmart_td_raft::Timing;
use veilmart_td_raft_core::{progress_bound, recovery_bound};

use versions::AnyVersion;

/// What went wrong.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The timing that the presets have.
const TIMING: Timing = Timing::LOCAL;

/// Δ: between processes of one machine messages take less, while it is not loaded.
const LONGEST_DELAY: Duration = Duration::from_millis(TIMING.delta as u64);

/// What is added to the protocol's bounds for a machine with two processors on which two networks run at once, so that nodes
/// start, compile a runtime and import blocks while others are to vote. Messages then take longer than Δ, and attempts fail for it: six
/// of the longest, of four election timeouts each. (On a quiet machine a killed leader costs 2.12 s at most.)
const LOADED_MACHINE: Duration = Duration::from_millis(6 * 4 * TIMING.election_timeout as u64);

/// How long a network in which nobody lies may take until it makes blocks final again: the bound of `docs/consensus.md`, 27 s, and
/// 36 s for a loaded machine.
pub const PATIENCE: Duration = recovery_bound(&TIMING, LONGEST_DELAY).saturating_add(LOADED_MACHINE);

/// How much longer it may take a node for each block that it has to catch up with.
const PER_BLOCK_BEHIND: Duration = Duration::from_millis(20);

/// How many of the authorities make a block final.
const QUORUM: usize = AUTHORITIES.len() - (AUTHORITIES.len() - 1) / 3;

/// Every block that was final anywhere.
#[derive(Debug, Default)]
pub struct Ledger {
	blocks: BTreeMap<u32, Hash>,
	/// Authorities that may do whatever they like.
	faulty: u32,
}

impl Ledger {
	/// From now on so many authorities may do whatever they like: progress may take as long as it takes with them.
	pub fn expect_faulty(&mut self, faulty: u32) {
		self.faulty = faulty;
	}

	/// How long progress may take.
	pub fn patience(&self) -> Duration {
		match self.faulty {
			0 => PATIENCE,
			faulty => progress_bound(&TIMING, faulty, LONGEST_DELAY) + LOADED_MACHINE,
		}
	}

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

	/// Waits until every node that runs has made final what no node had, and agrees with all that was. `patience` is the
	/// network's; what nodes have to catch up with comes in addition.
	pub async fn progress(&mut self, network: &Network, patience: Duration) -> Result<Duration> {
		let start = Instant::now();
		// What is final already, and was not read yet, is no progress.
		let mut heights = Vec::new();
		for node in network.nodes.iter().filter(|node| node.process_id().is_some()) {
			heights.push(match AnyVersion::connect(node).await {
				Ok(_) => self.read(node, self.height()).await?,
				Err(_) => 0,
			});
		}
		let before = self.height();
		// Nothing becomes final anywhere until so many have caught up as a quorum needs: all wait for the last of these. That is
		// nothing where a quorum is there already, and minutes for a node that was ten thousand blocks behind and is needed now.
		heights.sort_unstable_by(|one, other| other.cmp(one));
		let needed = heights.get(QUORUM - 1).copied().unwrap_or(before);
		let quorum_behind = before.saturating_sub(needed);
		// Thousands of blocks that were not read take this program a while, which is not the network's.
		let asked = Instant::now();
		for node in network.nodes.iter().filter(|node| node.process_id().is_some()) {
			let mut longest = None;
			loop {
				// A node that is being started does not answer yet.
				let height = match AnyVersion::connect(node).await {
					Ok(_) => self.read(node, before.saturating_sub(1)).await?,
					Err(_) => 0,
				};
				if height > before {
					break;
				}
				let behind = before.saturating_sub(height).max(quorum_behind);
				let longest = *longest.get_or_insert(patience + PER_BLOCK_BEHIND * behind);
				if asked.elapsed() > longest {
					return Err(format!(
						"{} has made nothing final above {before} for {longest:?}, it is at {height}\n{}",
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

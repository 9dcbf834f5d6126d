//! Follows what becomes final at a node: every block, its transactions by hash, and when the node said so.

use std::time::Instant;

use futures::channel::mpsc::{unbounded, UnboundedReceiver};
use sp_core::H256;
use tokio::task::JoinHandle;
use veilmart_cli::error::{Error, Result};

use crate::{client::Node, extrinsic::hash_of};

/// A block that is final.
#[derive(Clone, Debug)]
pub struct FinalBlock {
	/// Its height.
	pub number: u32,
	/// When the client got to know.
	pub at: Instant,
	/// The hashes of its transactions, inherents among them.
	pub transactions: Vec<H256>,
}

/// Ends the following when dropped.
pub struct Follower {
	task: JoinHandle<()>,
	/// The blocks, in their order, from the first one after this was made.
	pub blocks: UnboundedReceiver<Result<FinalBlock>>,
}

impl Drop for Follower {
	fn drop(&mut self) {
		self.task.abort();
	}
}

impl Follower {
	/// Follows a node, over a connection of its own.
	pub async fn start(url: &str) -> Result<Self> {
		let node = Node::connect(url).await?;
		let mut last = node.finalized_height().await?;
		let mut heads = node.finalized_heads().await?;
		let (sender, blocks) = unbounded();
		let task = tokio::spawn(async move {
			while let Some(head) = heads.next().await {
				let at = Instant::now();
				let blocks = match head {
					Ok(head) => blocks_up_to(&node, last, head.number, at).await,
					Err(error) => Err(Error::node(format!("A header cannot be read: {error}"))),
				};
				let failed = blocks.is_err();
				for block in blocks.map_or_else(
					|error| vec![Err(error)],
					|blocks| blocks.into_iter().map(Ok).collect(),
				) {
					last = block.as_ref().map_or(last, |block| block.number);
					if sender.unbounded_send(block).is_err() {
						return;
					}
				}
				if failed {
					return;
				}
			}
			let _ = sender.unbounded_send(Err(Error::node("The connection to the node was lost.")));
		});
		Ok(Self { task, blocks })
	}
}

/// The final blocks after `last`, up to one that was announced at this time.
async fn blocks_up_to(node: &Node, last: u32, number: u32, at: Instant) -> Result<Vec<FinalBlock>> {
	let mut blocks = Vec::new();
	for number in last + 1..=number {
		let body = node.body(node.block_hash(number).await?).await?;
		blocks.push(FinalBlock {
			number,
			at,
			transactions: body.iter().map(|transaction| hash_of(transaction)).collect(),
		});
	}
	Ok(blocks)
}

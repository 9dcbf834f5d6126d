//! Transactions: how many wait, and which batch a leader puts into a block.

use crate::{
	clock::{Micros, SECOND},
	replica::Body,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How clients load the chain. All protocols get the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
	/// Transactions per block in bytes.
	pub block_bytes: u64,
	/// How many blocks of one leader may be on their way at once. One more batch waits as soon as one is final; 0
	/// means that no transactions come.
	pub in_flight: u32,
	/// After so many microseconds without becoming final, clients send the transactions of a block again.
	pub resend_after: Micros,
}

impl Workload {
	/// No transactions.
	pub fn none() -> Self {
		Self {
			block_bytes: 0,
			in_flight: 0,
			resend_after: 10 * SECOND,
		}
	}

	/// Small blocks, two at a time.
	pub fn small() -> Self {
		Self {
			block_bytes: 1_000,
			in_flight: 2,
			resend_after: 3 * SECOND,
		}
	}
}

/// The batches that one node has put into blocks and has not seen final.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outstanding(VecDeque<u64>);

impl Outstanding {
	/// Whether a batch waits for this node.
	pub fn waiting(&self, workload: &Workload) -> bool {
		self.0.len() < workload.in_flight as usize
	}

	/// Puts a batch into a block, if one waits; `next` numbers the batches of all nodes.
	pub fn take(&mut self, workload: &Workload, next: &mut u64) -> Body {
		if !self.waiting(workload) {
			return Body::EMPTY;
		}
		*next += 1;
		self.0.push_back(*next);
		Body {
			id: *next,
			bytes: workload.block_bytes,
		}
	}

	/// A batch is final. Batches taken before it are final, too, or in blocks that were abandoned.
	pub fn finalized(&mut self, id: u64) {
		self.0.retain(|taken| *taken > id);
	}

	/// A batch took too long: its transactions wait again.
	pub fn abandon(&mut self, id: u64) {
		self.0.retain(|taken| *taken != id);
	}
}

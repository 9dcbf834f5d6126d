//! What became final where and when, and whether the nodes agree.

use crate::{
	clock::{Micros, Time},
	replica::{BlockHash, Body, NodeId},
};
use std::{collections::BTreeMap, fmt};

/// A guarantee that did not hold. The run stops at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
	/// Two honest nodes finalized different blocks of one number, or one node did so before and after a restart.
	Disagreement {
		/// The block's number.
		number: u64,
		/// Who finalized it first, and its hash.
		first: (NodeId, BlockHash),
		/// Who finalized another.
		second: (NodeId, BlockHash),
	},
	/// A node finalized a block without its predecessor.
	Gap {
		/// The node.
		node: NodeId,
		/// The number that was due.
		expected: u64,
		/// The number that it finalized.
		number: u64,
	},
	/// A block became final whose transactions nobody put into a block.
	Invented {
		/// The node.
		node: NodeId,
		/// The block's number.
		number: u64,
	},
	/// An honest node stopped.
	Stopped {
		/// The node.
		node: NodeId,
		/// Why.
		why: &'static str,
	},
	/// An honest node was accused.
	FalseAccusation {
		/// Who reports.
		by: NodeId,
		/// Who is said to have done it.
		accused: NodeId,
		/// What.
		what: &'static str,
	},
	/// No progress within the bound after the network healed.
	Stalled {
		/// Who did not finalize anything new.
		node: NodeId,
		/// The highest that it finalized.
		number: u64,
		/// The bound in microseconds.
		bound: Micros,
	},
}

impl fmt::Display for Violation {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Violation::Disagreement {
				number,
				first,
				second,
			} => {
				let ((a, hash_a), (b, hash_b)) = (first, second);
				write!(
					f,
					"disagreement on block {number}: {a} finalized {hash_a}, {b} finalized {hash_b}"
				)
			}
			Violation::Gap {
				node,
				expected,
				number,
			} => {
				write!(f, "{node} finalized block {number}, but {expected} was due")
			}
			Violation::Invented { node, number } => {
				write!(
					f,
					"{node} finalized block {number} with transactions that nobody built"
				)
			}
			Violation::Stopped { node, why } => write!(f, "{node}, honest, stopped: {why}"),
			Violation::FalseAccusation { by, accused, what } => {
				write!(f, "{by} accuses {accused}, which is honest, of {what}")
			}
			Violation::Stalled { node, number, bound } => {
				write!(
					f,
					"{node} finalized nothing beyond block {number} for {bound} µs after all had healed"
				)
			}
		}
	}
}

/// A block's way.
#[derive(Clone, Debug)]
pub struct BlockRecord {
	/// Its hash.
	pub hash: BlockHash,
	/// Its transactions.
	pub body: Body,
	/// The first honest node that finalized it.
	pub first: NodeId,
	/// Honest nodes that finalized it, by the time at which they did so first.
	pub finalized: Vec<Time>,
}

impl BlockRecord {
	/// When `count` honest nodes had finalized it.
	pub fn final_at(&self, count: usize) -> Option<Time> {
		self.finalized.get(count.checked_sub(1)?).copied()
	}
}

/// Final blocks of all honest nodes.
#[derive(Clone, Debug, Default)]
pub struct Finality {
	blocks: BTreeMap<u64, BlockRecord>,
	/// Highest number ever finalized, by node.
	highest: BTreeMap<NodeId, u64>,
	/// The highest of them.
	top: u64,
	/// The number due next in this start of a node.
	due: BTreeMap<NodeId, u64>,
	built: BTreeMap<u64, Time>,
}

impl Finality {
	/// A batch was put into a block.
	pub(crate) fn built(&mut self, body: Body, now: Time) {
		if body.id > 0 {
			self.built.insert(body.id, now);
		}
	}

	/// A node starts: its first number may be any up to the one after its highest.
	pub(crate) fn started(&mut self, node: NodeId) {
		self.due.remove(&node);
	}

	/// An honest node finalizes a block.
	pub(crate) fn finalize(
		&mut self,
		node: NodeId,
		number: u64,
		hash: BlockHash,
		body: Body,
		now: Time,
	) -> Result<(), Violation> {
		let highest = self.highest(node);
		let gap = match self.due.get(&node) {
			Some(due) => (number != *due).then_some(*due),
			None => (number > highest + 1).then_some(highest + 1),
		};
		if let Some(expected) = gap {
			return Err(Violation::Gap {
				node,
				expected,
				number,
			});
		}
		self.due.insert(node, number + 1);
		if body.id > 0 && !self.built.contains_key(&body.id) {
			return Err(Violation::Invented { node, number });
		}
		let block = self.blocks.entry(number).or_insert_with(|| BlockRecord {
			hash,
			body,
			first: node,
			finalized: Vec::new(),
		});
		if block.hash != hash {
			let first = (block.first, block.hash);
			return Err(Violation::Disagreement {
				number,
				first,
				second: (node, hash),
			});
		}
		if number > highest {
			block.finalized.push(now);
			self.highest.insert(node, number);
			self.top = self.top.max(number);
		}
		Ok(())
	}

	/// The highest block that this node ever finalized; 0 if none.
	pub fn highest(&self, node: NodeId) -> u64 {
		self.highest.get(&node).copied().unwrap_or(0)
	}

	/// The highest block that any honest node finalized.
	pub fn highest_of_all(&self) -> u64 {
		self.top
	}

	/// The final blocks by number.
	pub fn blocks(&self) -> &BTreeMap<u64, BlockRecord> {
		&self.blocks
	}

	/// Final blocks with transactions: when their leader put them together, and when `count` honest nodes had
	/// finalized them.
	pub fn deliveries(&self, count: usize) -> impl Iterator<Item = (Time, Time)> + '_ {
		self.blocks
			.values()
			.filter_map(move |block| Some((*self.built.get(&block.body.id)?, block.final_at(count)?)))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn hash(byte: u8) -> BlockHash {
		BlockHash([byte; 32])
	}

	fn finalize(finality: &mut Finality, node: u32, number: u64, byte: u8) -> Result<(), Violation> {
		finality.finalize(NodeId(node), number, hash(byte), Body::EMPTY, Time(number))
	}

	#[test]
	fn disagreement_is_seen_between_nodes_and_over_a_restart() {
		let mut finality = Finality::default();
		assert_eq!(finalize(&mut finality, 0, 1, 1), Ok(()));
		assert_eq!(finalize(&mut finality, 1, 1, 1), Ok(()));
		assert!(matches!(
			finalize(&mut finality, 2, 1, 2),
			Err(Violation::Disagreement { number: 1, .. })
		));
		finality.started(NodeId(0));
		assert!(matches!(
			finalize(&mut finality, 0, 1, 2),
			Err(Violation::Disagreement { number: 1, .. })
		));
	}

	#[test]
	fn numbers_are_without_gap_but_a_restart_may_repeat() {
		let mut finality = Finality::default();
		assert!(matches!(
			finalize(&mut finality, 0, 2, 1),
			Err(Violation::Gap { expected: 1, .. })
		));
		assert_eq!(finalize(&mut finality, 0, 1, 1), Ok(()));
		assert_eq!(finalize(&mut finality, 0, 2, 2), Ok(()));
		assert!(matches!(
			finalize(&mut finality, 0, 2, 2),
			Err(Violation::Gap { expected: 3, .. })
		));
		finality.started(NodeId(0));
		assert_eq!(finalize(&mut finality, 0, 1, 1), Ok(()));
		assert_eq!(finalize(&mut finality, 0, 2, 2), Ok(()));
		assert_eq!(finality.blocks()[&1].finalized.len(), 1, "repeated, counted once");
		finality.started(NodeId(0));
		assert!(matches!(
			finalize(&mut finality, 0, 4, 4),
			Err(Violation::Gap { expected: 3, .. })
		));
	}

	#[test]
	fn transactions_have_to_come_from_somewhere() {
		let mut finality = Finality::default();
		let body = Body { id: 5, bytes: 1 };
		let invented = finality.finalize(NodeId(0), 1, hash(1), body, Time(9));
		assert!(matches!(invented, Err(Violation::Invented { number: 1, .. })));
		finality.started(NodeId(0));
		finality.built(body, Time(3));
		assert_eq!(finality.finalize(NodeId(0), 1, hash(1), body, Time(9)), Ok(()));
		assert_eq!(finality.deliveries(1).collect::<Vec<_>>(), [(Time(3), Time(9))]);
		assert_eq!(finality.deliveries(2).count(), 0);
		assert_eq!(finality.deliveries(0).count(), 0);
	}
}

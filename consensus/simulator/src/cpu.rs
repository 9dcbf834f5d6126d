//! What work costs: one processor per node, busy for the measured time of each operation.
//!
//! The table is measured by `simulate costs` on one machine and read from a file, so that all protocols pay the same
//! and a run can be repeated elsewhere.

use crate::clock::Micros;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A span of processor time in nanoseconds.
pub type Nanos = u64;

/// A piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
	/// Making one sr25519 signature.
	Sign,
	/// Checking one sr25519 signature.
	Verify,
	/// Checking so many signatures together.
	VerifyBatch(u32),
	/// Making one VRF proof.
	VrfProve,
	/// Checking one VRF proof.
	VrfVerify,
	/// Hashing so many bytes.
	Hash(u64),
	/// Making a dealing to `n` authorities.
	Deal(u32),
	/// Checking a dealing to `n` authorities.
	VerifyDealing(u32),
	/// Opening one's share, with its proof.
	OpenShare,
	/// Checking one opened share.
	VerifyShare,
	/// Recovering the trapdoor of `n` authorities from shares already checked.
	Recover(u32),
}

/// Costs of operations on one machine, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostTable {
	/// The processor, as the system names it.
	pub cpu: String,
	/// Making one sr25519 signature.
	pub sign: Nanos,
	/// Checking one sr25519 signature.
	pub verify: Nanos,
	/// Checking one signature within a batch of 64.
	pub verify_in_batch: Nanos,
	/// Making one VRF proof.
	pub vrf_prove: Nanos,
	/// Checking one VRF proof.
	pub vrf_verify: Nanos,
	/// Hashing one mebibyte with BLAKE2b-256.
	pub hash_mebibyte: Nanos,
	/// Sending or receiving one message of 256 bytes over a local TCP connection: half of what both ends take.
	pub message: Nanos,
	/// Syncing 4 KiB appended to a file.
	pub sync: Nanos,
	/// Writing and syncing one mebibyte more.
	pub sync_mebibyte: Nanos,
	/// The operations on the trapdoor.
	pub trapdoor: Option<TrapdoorCosts>,
}

/// Costs of the trapdoor's operations, in nanoseconds; those that depend on the number of authorities by that number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrapdoorCosts {
	/// Making a dealing.
	pub deal: BTreeMap<u32, Nanos>,
	/// Checking a dealing.
	pub verify_dealing: BTreeMap<u32, Nanos>,
	/// Opening one's share.
	pub open_share: Nanos,
	/// Checking an opened share.
	pub verify_share: Nanos,
	/// Recovering the trapdoor.
	pub recover: BTreeMap<u32, Nanos>,
}

const MEBIBYTE: u64 = 1 << 20;

impl CostTable {
	/// A machine on which nothing takes time. For tests that compare with arithmetic.
	pub fn free() -> Self {
		Self {
			cpu: "none".into(),
			sign: 0,
			verify: 0,
			verify_in_batch: 0,
			vrf_prove: 0,
			vrf_verify: 0,
			hash_mebibyte: 0,
			message: 0,
			sync: 0,
			sync_mebibyte: 0,
			trapdoor: Some(TrapdoorCosts::default()),
		}
	}

	/// The cost of one operation. A trapdoor operation without measurement costs nothing; [`Self::has_trapdoor`]
	/// tells whether there is one.
	pub fn cost(&self, operation: Operation) -> Nanos {
		let trapdoor = self.trapdoor.as_ref();
		match operation {
			Operation::Sign => self.sign,
			Operation::Verify => self.verify,
			Operation::VerifyBatch(count) => (count as u64).saturating_mul(self.verify_in_batch),
			Operation::VrfProve => self.vrf_prove,
			Operation::VrfVerify => self.vrf_verify,
			Operation::Hash(bytes) => per_mebibyte(self.hash_mebibyte, bytes),
			Operation::Deal(n) => trapdoor.map_or(0, |costs| at_size(&costs.deal, n)),
			Operation::VerifyDealing(n) => trapdoor.map_or(0, |costs| at_size(&costs.verify_dealing, n)),
			Operation::OpenShare => trapdoor.map_or(0, |costs| costs.open_share),
			Operation::VerifyShare => trapdoor.map_or(0, |costs| costs.verify_share),
			Operation::Recover(n) => trapdoor.map_or(0, |costs| at_size(&costs.recover, n)),
		}
	}

	/// Whether the trapdoor's operations were measured.
	pub fn has_trapdoor(&self) -> bool {
		self.trapdoor.is_some()
	}

	/// How long syncing this many bytes takes, in microseconds.
	pub fn sync_time(&self, bytes: u64) -> Micros {
		self.sync
			.saturating_add(per_mebibyte(self.sync_mebibyte, bytes))
			.div_ceil(1_000)
	}
}

fn per_mebibyte(cost: Nanos, bytes: u64) -> Nanos {
	(cost as u128 * bytes as u128 / MEBIBYTE as u128) as u64
}

/// The value at `n`, on the straight line between the measured neighbours, and beyond the last in proportion.
fn at_size(table: &BTreeMap<u32, Nanos>, n: u32) -> Nanos {
	let below = table.range(..=n).next_back();
	let above = table.range(n..).next();
	match (below, above) {
		(Some((low, at_low)), Some((high, at_high))) if high > low => {
			let (low, high, n) = (*low as i128, *high as i128, n as i128);
			let (at_low, at_high) = (*at_low as i128, *at_high as i128);
			(at_low + (at_high - at_low) * (n - low) / (high - low)) as u64
		}
		(Some((_, exact)), Some(_)) => *exact,
		(Some((size, cost)), None) | (None, Some((size, cost))) => {
			(*cost as u128 * n as u128 / (*size).max(1) as u128) as u64
		}
		(None, None) => 0,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn costs_by_size_follow_the_measured_points() {
		let table = BTreeMap::from([(10, 1_000), (20, 3_000)]);
		assert_eq!(at_size(&table, 10), 1_000);
		assert_eq!(at_size(&table, 15), 2_000);
		assert_eq!(at_size(&table, 20), 3_000);
		assert_eq!(at_size(&table, 40), 6_000);
		assert_eq!(at_size(&table, 5), 500);
		assert_eq!(at_size(&BTreeMap::new(), 5), 0);
	}

	#[test]
	fn sizes_count_in_proportion() {
		let costs = CostTable {
			hash_mebibyte: 2_000_000,
			verify_in_batch: 30,
			sync: 1_500,
			..CostTable::free()
		};
		assert_eq!(costs.cost(Operation::Hash(MEBIBYTE / 2)), 1_000_000);
		assert_eq!(costs.cost(Operation::VerifyBatch(67)), 67 * 30);
		assert_eq!(costs.sync_time(0), 2);
	}
}

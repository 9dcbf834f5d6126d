//! A node's log on disk: appended records, a sync that takes time, and what a crash leaves.

use crate::{
	clock::Micros,
	cpu::CostTable,
	replica::{LogPosition, StableRecord},
	rng::Rng,
};

/// A log. Everything appended while a sync runs is covered by the next one (group commit).
///
/// A record is whole or absent after a crash: real logs carry a checksum per record.
#[derive(Clone, Debug)]
pub struct Disk<R> {
	records: Vec<R>,
	synced: usize,
	syncing: Option<usize>,
	slowness: u64,
}

impl<R: StableRecord> Disk<R> {
	/// An empty disk; its syncs take `slowness` times as long as the table says.
	pub fn new(slowness: u64) -> Self {
		Self {
			records: Vec::new(),
			synced: 0,
			syncing: None,
			slowness,
		}
	}

	/// Changes how slow the disk is.
	pub fn set_slowness(&mut self, slowness: u64) {
		self.slowness = slowness;
	}

	/// Appends a record. It is not safe yet.
	pub fn append(&mut self, record: R) {
		self.records.push(record);
	}

	/// How much was appended.
	pub fn written(&self) -> LogPosition {
		LogPosition(self.records.len() as u64)
	}

	/// How much is safe.
	pub fn synced(&self) -> LogPosition {
		LogPosition(self.synced as u64)
	}

	/// Starts a sync if none runs and there is something to sync; how long it will take.
	pub fn start_sync(&mut self, costs: &CostTable) -> Option<Micros> {
		if self.syncing.is_some() || self.synced == self.records.len() {
			return None;
		}
		let bytes = self
			.records
			.iter()
			.skip(self.synced)
			.map(StableRecord::bytes)
			.sum();
		self.syncing = Some(self.records.len());
		Some(costs.sync_time(bytes).saturating_mul(self.slowness))
	}

	/// The running sync is done; what is safe now.
	pub fn finish_sync(&mut self) -> LogPosition {
		if let Some(end) = self.syncing.take() {
			self.synced = end;
		}
		self.synced()
	}

	/// The node stops. Of what was not synced a prefix survives, as long as chance has it.
	pub fn crash(&mut self, rng: &mut Rng) {
		let unsynced = self.records.len() - self.synced;
		let kept = self.synced + rng.between(0, unsynced as u64) as usize;
		self.records.truncate(kept);
		self.synced = kept;
		self.syncing = None;
	}

	/// What a node finds when it starts.
	pub fn records(&self) -> &[R] {
		&self.records
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::rng::Stream;

	#[derive(Clone, Debug, PartialEq)]
	struct Number(u64);

	impl StableRecord for Number {
		fn bytes(&self) -> u64 {
			1 << 20
		}
	}

	fn costs() -> CostTable {
		CostTable {
			sync: 500_000,
			sync_mebibyte: 2_000_000,
			..CostTable::free()
		}
	}

	#[test]
	fn a_sync_covers_what_was_appended_before_it_began() {
		let mut disk = Disk::new(1);
		assert_eq!(disk.start_sync(&costs()), None);
		disk.append(Number(1));
		disk.append(Number(2));
		assert_eq!(disk.start_sync(&costs()), Some(500 + 2 * 2_000));
		disk.append(Number(3));
		assert_eq!(disk.start_sync(&costs()), None, "one sync at a time");
		assert_eq!(disk.finish_sync(), LogPosition(2));
		assert_eq!(disk.start_sync(&costs()), Some(500 + 2_000));
		assert_eq!(disk.finish_sync(), LogPosition(3));
	}

	#[test]
	fn a_slow_disk_takes_a_multiple() {
		let mut disk = Disk::new(10);
		disk.append(Number(1));
		assert_eq!(disk.start_sync(&costs()), Some(25_000));
	}

	/// Synced records always survive; of the others any prefix may, and all lengths occur.
	#[test]
	fn a_crash_loses_unsynced_writes_only() {
		let mut lengths = std::collections::BTreeSet::new();
		for seed in 0..200 {
			let mut disk = Disk::new(1);
			disk.append(Number(1));
			disk.start_sync(&costs());
			disk.finish_sync();
			for number in 2..=4 {
				disk.append(Number(number));
			}
			disk.start_sync(&costs());
			disk.crash(&mut Rng::new(seed, Stream::Disk));
			let left = disk.records().to_vec();
			assert_eq!(
				left,
				(1..=left.len() as u64).map(Number).collect::<Vec<_>>(),
				"a prefix"
			);
			assert_eq!(disk.synced(), disk.written());
			lengths.insert(left.len());
		}
		assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4]);
	}
}

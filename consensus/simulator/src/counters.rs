//! Messages and bytes, by kind and by block.

use std::collections::BTreeMap;

/// How many messages, and how many bytes in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
	/// Messages.
	pub messages: u64,
	/// Bytes.
	pub bytes: u64,
}

impl Count {
	fn add(&mut self, bytes: u64) {
		self.messages += 1;
		self.bytes += bytes;
	}
}

/// What the nodes sent.
#[derive(Clone, Debug, Default)]
pub struct Counters {
	by_kind: BTreeMap<&'static str, Count>,
	by_block: BTreeMap<u64, BTreeMap<&'static str, Count>>,
	count_blocks: bool,
}

impl Counters {
	/// Counters; those per block only on demand, for they grow with the run.
	pub fn new(count_blocks: bool) -> Self {
		Self {
			count_blocks,
			..Self::default()
		}
	}

	/// Counts one message sent.
	pub fn sent(&mut self, kind: &'static str, block: Option<u64>, bytes: u64) {
		self.by_kind.entry(kind).or_default().add(bytes);
		if let (true, Some(number)) = (self.count_blocks, block) {
			self.by_block
				.entry(number)
				.or_default()
				.entry(kind)
				.or_default()
				.add(bytes);
		}
	}

	/// What was sent, by kind.
	pub fn by_kind(&self) -> &BTreeMap<&'static str, Count> {
		&self.by_kind
	}

	/// What was sent for one block, by kind.
	pub fn of_block(&self, number: u64) -> BTreeMap<&'static str, Count> {
		self.by_block.get(&number).cloned().unwrap_or_default()
	}

	/// Messages sent for one block.
	pub fn messages_of_block(&self, number: u64) -> u64 {
		self.by_block
			.get(&number)
			.map_or(0, |kinds| kinds.values().map(|count| count.messages).sum())
	}

	/// All that was sent.
	pub fn total(&self) -> Count {
		self.by_kind.values().fold(Count::default(), |sum, count| Count {
			messages: sum.messages + count.messages,
			bytes: sum.bytes + count.bytes,
		})
	}
}

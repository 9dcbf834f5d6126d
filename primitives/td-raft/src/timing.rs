//! Governed timing.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// How long things take. All in milliseconds.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(
	feature = "serde",
	derive(serde::Serialize, serde::Deserialize),
	serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct Timing {
	/// Δ: within this time a message between honest authorities arrives, once the network is well.
	pub delta: u32,
	/// The least time between two blocks of a leader.
	pub min_block_interval: u32,
	/// The time after which a leader without transactions makes an empty block.
	pub idle_block_interval: u32,
	/// The time between a leader's heartbeats, and between repetitions of other messages.
	pub heartbeat: u32,
	/// The time between messages of status.
	pub status: u32,
	/// T: patience with a leader, and the first attempt's length.
	pub election_timeout: u32,
	/// The time over which candidates spread by their lot.
	pub spread: u32,
	/// The time for which a voter waits for a better candidate.
	pub vote_delay: u32,
	/// The time within which a leader has to include a transaction.
	pub sync_timeout: u32,
}

/// Why a timing does not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimingError {
	/// A time is 0.
	Zero,
	/// `spread < max(10, n)·Δ`: candidates would stand at once.
	Spread,
	/// `vote_delay < 4Δ`: a better candidate would come too late.
	VoteDelay,
	/// `election_timeout < spread + 12Δ`: an attempt would end before its leader can commit.
	ElectionTimeout,
	/// A heartbeat or message of status is not sent twice in Δ less than the election timeout.
	Repetition,
	/// Blocks of an idle leader are closer than any blocks may be.
	Interval,
}

impl core::fmt::Display for TimingError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Zero => "a time is 0",
			Self::Spread => "spread is below max(10, n) times delta",
			Self::VoteDelay => "vote_delay is below 4 delta",
			Self::ElectionTimeout => "election_timeout is below spread + 12 delta",
			Self::Repetition => "heartbeat or status plus delta exceeds election_timeout",
			Self::Interval => "idle_block_interval is below min_block_interval",
		})
	}
}

impl Timing {
	/// The timing of a network on one machine or in one room.
	pub const LOCAL: Self = Self {
		delta: 50,
		min_block_interval: 100,
		idle_block_interval: 5_000,
		heartbeat: 250,
		status: 1_000,
		election_timeout: 1_500,
		spread: 500,
		vote_delay: 200,
		sync_timeout: 3_000,
	};

	/// From this age on a transaction is given to all authorities, in milliseconds.
	pub const SPREADS_AFTER: u32 = 1_000;

	/// The longest for which faulty leaders of a set of `n` authorities, one after the other, keep a transaction out of blocks, in
	/// milliseconds.
	///
	/// They are `⌊(n-1)/3⌋`, and each leads once before an honest one does. (A lot decides who leads, so that a faulty
	/// authority leads twice is unlikely, and ever less likely for more turns. No time excludes it.) The first leads when
	/// the transaction is sent, and after [`Self::SPREADS_AFTER`] all authorities have it. From then on a leader has one of two ways:
	///
	/// - It makes blocks without the transaction, and is replaced when the synchronization timeout is over and three blocks have
	///   passed the transaction over, which patience keeps from being further apart than an election timeout. The first
	///   attempt to elect another may fail, so that the second, twice as long, brings one.
	/// - Just elected, it is silent until patience runs out. Then no block was committed since the last election, and both
	///   attempts of the next one are as long as attempts become: four election timeouts.
	///
	/// More than one failed attempt in a row is left out of account; all the time in which nobody makes a block is a halt if
	/// it is long.
	pub fn withholding(&self, n: u16) -> u64 {
		let [sync, patience, spreads] =
			[self.sync_timeout, self.election_timeout, Self::SPREADS_AFTER].map(u64::from);
		let censored = sync.max(3 * patience) + (1 + 2) * patience;
		let silent = patience + (4 + 4) * patience;
		match u64::from(n.saturating_sub(1) / 3) {
			0 => 0,
			faulty => spreads + censored + (faulty - 1) * censored.max(silent),
		}
	}

	/// Checks the relations on which progress rests, for sets of `n` authorities. Safety rests on none of them.
	pub fn check(&self, n: u16) -> Result<(), TimingError> {
		// In 64 bits, where no sum or product of these overflows.
		let [delta, heartbeat, status, timeout, spread] = [
			self.delta,
			self.heartbeat,
			self.status,
			self.election_timeout,
			self.spread,
		]
		.map(u64::from);
		let others = [
			self.min_block_interval,
			self.idle_block_interval,
			self.vote_delay,
			self.sync_timeout,
		];
		if [delta, heartbeat, status, timeout, spread].contains(&0) || others.contains(&0) {
			return Err(TimingError::Zero);
		}
		if spread < u64::from(n.max(10)) * delta {
			return Err(TimingError::Spread);
		}
		if u64::from(self.vote_delay) < 4 * delta {
			return Err(TimingError::VoteDelay);
		}
		if timeout < spread + 12 * delta {
			return Err(TimingError::ElectionTimeout);
		}
		if heartbeat.max(status) + delta > timeout {
			return Err(TimingError::Repetition);
		}
		if self.idle_block_interval < self.min_block_interval {
			return Err(TimingError::Interval);
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn leaders_withhold_for_as_many_turns_as_there_can_be_faulty_ones() {
		// Three blocks 1.5 s apart, an attempt of 1.5 s that fails, and one of 3 s; then each time silence for 1.5 s and
		// two attempts of 6 s.
		for (n, faulty) in [(4, 1), (6, 1), (7, 2), (10, 3), (31, 10), (100, 33)] {
			assert_eq!(
				Timing::LOCAL.withholding(n),
				1_000 + 9_000 + (faulty - 1) * 13_500
			);
		}
		for n in 0..4 {
			assert_eq!(Timing::LOCAL.withholding(n), 0, "nobody is faulty");
		}
		let patient = Timing {
			sync_timeout: 20_000,
			..Timing::LOCAL
		};
		assert_eq!(patient.withholding(4), 1_000 + 24_500);
		assert_eq!(patient.withholding(10), 1_000 + 3 * 24_500);
		let longest = Timing {
			sync_timeout: u32::MAX,
			election_timeout: u32::MAX,
			..Timing::LOCAL
		};
		assert!(
			longest.withholding(u16::MAX) > u64::from(u32::MAX),
			"nothing overflows"
		);
	}

	#[test]
	fn each_relation_is_checked() {
		let good = Timing::LOCAL;
		assert_eq!(good.check(4), Ok(()));
		assert_eq!(good.check(11), Err(TimingError::Spread), "550 ms for eleven");
		assert_eq!(Timing { spread: 499, ..good }.check(4), Err(TimingError::Spread));
		assert_eq!(
			Timing {
				vote_delay: 199,
				..good
			}
			.check(4),
			Err(TimingError::VoteDelay)
		);
		assert_eq!(
			Timing {
				election_timeout: 1_099,
				..good
			}
			.check(4),
			Err(TimingError::ElectionTimeout)
		);
		assert_eq!(
			Timing {
				status: 1_451,
				..good
			}
			.check(4),
			Err(TimingError::Repetition)
		);
		assert_eq!(
			Timing {
				heartbeat: 1_451,
				..good
			}
			.check(4),
			Err(TimingError::Repetition)
		);
		assert_eq!(
			Timing {
				idle_block_interval: 99,
				..good
			}
			.check(4),
			Err(TimingError::Interval)
		);
		assert_eq!(
			Timing {
				sync_timeout: 0,
				..good
			}
			.check(4),
			Err(TimingError::Zero)
		);
		assert_eq!(Timing { delta: 0, ..good }.check(4), Err(TimingError::Zero));
	}
}

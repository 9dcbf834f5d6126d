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

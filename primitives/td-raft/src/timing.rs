//! Governed timing.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::MAX_AUTHORITIES;

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
	/// In a set as large as any, somebody could have to wait for longer than [`Timing::LONGEST_WAIT`].
	Wait,
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
			Self::Wait => "faulty leaders could keep a transaction out of blocks for more than an hour",
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

	/// The longest [`Self::wait`] that a chain may have, in milliseconds: an hour, in a set as large as any
	/// ([`Self::check_wait`]).
	pub const LONGEST_WAIT: u64 = 3_600_000;

	/// How many blocks a leader may have certified above what is final: an authority votes for none further above (rule 2 of the
	/// protocol).
	pub const WINDOW: u32 = 16;

	/// How many of a set of `n` authorities may be faulty: f, the largest number of which there are three times as many and one
	/// more.
	pub fn faulty(n: u16) -> u32 {
		u32::from(n.saturating_sub(1) / 3)
	}

	/// The longest time between the timestamps of two blocks that is not a halt of the chain, in milliseconds. In a longer one
	/// nobody could act, and it counts for nothing.
	pub fn longest_gap(&self) -> u64 {
		u64::from(self.idle_block_interval).saturating_mul(3)
	}

	/// The longest for which a transaction may have to wait for its place in a block, in milliseconds of the clocks of honest
	/// authorities, if `faulty` leaders do their worst one after the other before an honest one leads.
	///
	/// Each leads once. (A lot decides who leads, so that a faulty authority leads twice is unlikely, and ever less likely for
	/// more turns. No time excludes it.) The first leads when the transaction is sent, and after [`Self::SPREADS_AFTER`] all
	/// authorities have it. From then on, with T for the election timeout, a leader has one of two ways:
	///
	/// - It makes blocks without the transaction, and is replaced when the synchronization timeout is over and three blocks have
	///   passed the transaction over, which patience keeps from being further apart than T. The first attempt to elect another
	///   may fail, so that the second, twice as long, brings one: `max(sync_timeout, 3T) + 3T`.
	/// - Just elected, it is silent until patience runs out. Then no block was committed since the last election, and both
	///   attempts of the next one are as long as attempts become: `9T`.
	///
	/// Three things may cost T more in each turn, and none of them twice: a block that was sealed before the clock of the
	/// transaction began, and is held back until patience is all but over, passes nothing over; nor does the block that
	/// closes a set, and the attempt that was under way ends with the set; and the last of the three blocks counts only when
	/// it has come to those who wait, who may have to fetch it, as the next leader may have to fetch and to commit what was
	/// prepared under the last one. So each turn has `3T` on top.
	///
	/// Once in all this comes [`Self::longest_gap`]: a time in which nobody made blocks, and which was too short to be a halt.
	///
	/// And once comes [`Self::withheld`]: what the transaction answers is in a block, and its sender waits until that is final.
	///
	/// More than one failed attempt in a row is left out of account, and so are blocks that others fill at equal priority.
	pub fn wait(&self, faulty: u32) -> u64 {
		let [sync, patience, spreads] =
			[self.sync_timeout, self.election_timeout, Self::SPREADS_AFTER].map(u64::from);
		let held_up = 3 * patience;
		let censored = sync.max(3 * patience) + (1 + 2) * patience + held_up;
		let silent = patience + (4 + 4) * patience + held_up;
		let turns = match u64::from(faulty) {
			0 => 0,
			faulty => (faulty - 1)
				.saturating_mul(censored.max(silent))
				.saturating_add(spreads + censored),
		};
		turns
			.saturating_add(self.withheld(faulty))
			.saturating_add(self.longest_gap())
	}

	/// The longest for which leaders, of whom so many are faulty, may keep a block from being final once it has the prepare votes
	/// that make it certain, in milliseconds: `WINDOW·(T + status + 2Δ) + T`, with T for the election timeout; 0 if none is faulty.
	///
	/// At most [`Self::WINDOW`] blocks are not final then, and this one is the last of them. Patience begins anew with each
	/// commit certificate, so the leader hands them out T apart, one for each block, and each to one authority only: the others have
	/// it when that one says what it has, `status + 2Δ` later, and begin to be patient anew only then. If it keeps the last to itself,
	/// patience is over when that one is due, and the leader of the attempt that follows, which takes T, commits the block with its own
	/// first one.
	///
	/// Only one leader can do so, and it leads no more afterwards or has its turn still before it: whoever comes next and has a
	/// block of its own committed commits this one, too. So this adds up with [`Self::wait`], and does not multiply with the faulty.
	pub fn withheld(&self, faulty: u32) -> u64 {
		if faulty == 0 {
			return 0;
		}
		let [patience, told] = [self.election_timeout, self.status].map(u64::from);
		let each = patience
			.saturating_add(told)
			.saturating_add(2 * u64::from(self.delta));
		u64::from(Self::WINDOW)
			.saturating_mul(each)
			.saturating_add(patience)
	}

	/// Checks that nobody has to wait for longer than [`Self::LONGEST_WAIT`] while one set leads, however large it is. Deadlines
	/// are as long as waiting may take: a timing with more patience could put them off for years.
	pub fn check_wait(&self) -> Result<(), TimingError> {
		if self.wait(Self::faulty(MAX_AUTHORITIES)) > Self::LONGEST_WAIT {
			return Err(TimingError::Wait);
		}
		Ok(())
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
	fn fewer_than_a_third_are_faulty() {
		for (n, faulty) in [
			(0, 0),
			(1, 0),
			(3, 0),
			(4, 1),
			(6, 1),
			(7, 2),
			(10, 3),
			(31, 10),
			(100, 33),
		] {
			assert_eq!(Timing::faulty(n), faulty, "{n}");
		}
	}

	#[test]
	fn a_transaction_waits_for_as_many_turns_as_there_are_faulty_leaders() {
		// Nobody is faulty: a gap of 3 · 5 s that is no halt.
		assert_eq!(Timing::LOCAL.wait(0), 15_000);
		// And 1 s until all have the transaction, three blocks 1.5 s apart, an attempt of 1.5 s that fails and one of 3 s, and
		// 3 · 1.5 s for what holds them up: 14.5 s. And 16 · 2.6 s and 1.5 s for what is not final.
		assert_eq!(Timing::LOCAL.wait(1), 72_600);
		// Each other is silent for 1.5 s, both attempts take 6 s, and again 4.5 s: 18 s.
		assert_eq!(Timing::LOCAL.wait(2), 90_600);
		assert_eq!(Timing::LOCAL.wait(3), 108_600);
		assert_eq!(Timing::LOCAL.wait(33), 648_600);
		// A synchronization timeout of 20 s, after which it takes 4.5 s and again 4.5 s: 29 s.
		let patient = Timing {
			sync_timeout: 20_000,
			..Timing::LOCAL
		};
		assert_eq!(patient.wait(0), 15_000);
		assert_eq!(patient.wait(1), 88_100);
		assert_eq!(patient.wait(3), 146_100);
		// Twice the election timeout: 9 s, 9 s and 9 s, and 16 · 4.1 s and 3 s; then 3 s, 24 s and 9 s.
		let slow = Timing {
			election_timeout: 3_000,
			..Timing::LOCAL
		};
		assert_eq!(slow.wait(1), 111_600);
		assert_eq!(slow.wait(2), 147_600);
		// A longer gap.
		let idle = Timing {
			idle_block_interval: 20_000,
			..Timing::LOCAL
		};
		assert_eq!(idle.longest_gap(), 60_000);
		assert_eq!(idle.wait(1), 117_600);
	}

	#[test]
	fn a_faulty_leader_keeps_a_block_from_being_final_for_sixteen_certificates() {
		assert_eq!(Timing::LOCAL.withheld(0), 0);
		for faulty in [1, 2, 33, u32::MAX] {
			// Once, however many they are.
			assert_eq!(Timing::LOCAL.withheld(faulty), 43_100);
		}
		let slow = Timing {
			election_timeout: 3_000,
			..Timing::LOCAL
		};
		assert_eq!(slow.withheld(1), 68_600);
	}

	#[test]
	fn no_timing_makes_the_wait_overflow() {
		let longest = Timing {
			sync_timeout: u32::MAX,
			election_timeout: u32::MAX,
			idle_block_interval: u32::MAX,
			..Timing::LOCAL
		};
		assert_eq!(longest.wait(u32::MAX), u64::MAX);
		assert!(longest.wait(33) > 33 * 9 * u64::from(u32::MAX));
	}

	#[test]
	fn nobody_waits_for_more_than_an_hour() {
		assert_eq!(Timing::LOCAL.check_wait(), Ok(()));
		// Of a hundred 33 are faulty: 1 s, 33 turns of S + 9 s, 43.1 s, 15 s. An hour are 33 turns of 107.3 s.
		for (sync_timeout, fits) in [(98_300, true), (98_301, false), (u32::MAX, false)] {
			let timing = Timing {
				sync_timeout,
				..Timing::LOCAL
			};
			assert_eq!(timing.check_wait().is_ok(), fits, "{sync_timeout}");
		}
		// 1 s, 9T, 32 turns of 12T, 17T and 17.6 s, 15 s: 410T and 33.6 s.
		for (election_timeout, fits) in [(8_698, true), (8_699, false), (u32::MAX, false)] {
			let timing = Timing {
				election_timeout,
				..Timing::LOCAL
			};
			assert_eq!(timing.check_wait().is_ok(), fits, "{election_timeout}");
		}
		let idle = Timing {
			idle_block_interval: 1_200_000,
			..Timing::LOCAL
		};
		assert_eq!(idle.check_wait(), Err(TimingError::Wait));
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

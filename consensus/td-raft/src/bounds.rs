//! How long it takes until the chain goes on, once the network is well.
//!
//! The bounds are what the protocol gives without luck; mostly one patience and the beginning of an attempt are enough. What
//! processors and disks take, and blocks that a node has missed, come on top.

use std::time::Duration;
use veilmart_td_raft::Timing;

use crate::gate::DOUBLINGS;

/// Attempts where faulty authorities may win them: 1.4 bring an honest leader on average, and ten in a row without have a
/// probability below one in ten thousand.
const UNLUCKY: u32 = 10;
/// Attempts where nobody lies: the one that is under way when the network becomes well, in which not all may be; and the next. All
/// enter that within Δ of each other, and the lowest lot of those who are there is elected in it.
const HONEST: u32 = 2;
/// So many of the longest delays: what is said, missed, asked for and said again.
const DELAYS: u32 = 50;

/// The time after which every honest authority that works has made a block final that none had, with so many authorities that
/// are faulty in whatever way (f at most). Counted from when messages arrive within the longest delay and a quorum works.
///
/// Attempts follow each other, each as long as attempts get. A leader that was elected, and the one that is there in the
/// beginning, may still be one that censors, withholds or does nothing, as each faulty one may: others bear that for as long as
/// two transactions may be left out or blocks be missing, and for one patience.
pub const fn progress_bound(timing: &Timing, faulty: u32, longest_delay: Duration) -> Duration {
	bound(timing, UNLUCKY, faulty + 1, longest_delay)
}

/// The same where authorities crash, stand still or cannot be reached, and nobody lies.
pub const fn recovery_bound(timing: &Timing, longest_delay: Duration) -> Duration {
	bound(timing, HONEST, 1, longest_delay)
}

const fn bound(timing: &Timing, attempts: u32, leaders: u32, longest_delay: Duration) -> Duration {
	let patience = milliseconds(timing.election_timeout);
	let attempt = patience.saturating_mul(1 << DOUBLINGS);
	let undone = if timing.sync_timeout > timing.idle_block_interval {
		milliseconds(timing.sync_timeout)
	} else {
		milliseconds(timing.idle_block_interval)
	};
	let leader = patience.saturating_add(undone.saturating_mul(2));
	attempt
		.saturating_mul(attempts)
		.saturating_add(leader.saturating_mul(leaders))
		.saturating_add(milliseconds(timing.status))
		.saturating_add(longest_delay.saturating_mul(DELAYS))
}

const fn milliseconds(time: u32) -> Duration {
	Duration::from_millis(time as u64)
}

#[cfg(test)]
mod tests {
	use super::*;

	const DOCUMENTATION: &str = include_str!("../../../docs/consensus.md");

	#[test]
	fn the_bounds_are_documented() {
		// What of the simulator's timing counts.
		let chaos = Timing {
			status: 500,
			election_timeout: 1_500,
			sync_timeout: 2_000,
			idle_block_interval: 1_000,
			..Timing::LOCAL
		};
		for (name, timing, n, delay) in [
			("chaos", chaos, 4, 38),
			("chaos", chaos, 7, 38),
			("local networks", Timing::LOCAL, 4, Timing::LOCAL.delta),
		] {
			let delay = milliseconds(delay);
			let row = format!(
				"| {name} | {n} | {:.1} s | {:.1} s |",
				progress_bound(&timing, (n - 1) / 3, delay).as_secs_f64(),
				recovery_bound(&timing, delay).as_secs_f64(),
			);
			assert!(DOCUMENTATION.contains(&row), "there is no row {row}");
		}
	}
}

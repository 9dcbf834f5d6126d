//! The one file in which the conditions of the evaluation stand: network, batching, timeouts, how often to run.
//!
//! It is the same for all protocols, and was written before the first run. Unknown fields, missing fields and values
//! without sense are errors that say where and why.

use crate::{
	clock::{Micros, MILLISECOND},
	network::Links,
	pbft::PbftSettings,
	raft_replica::RaftSettings,
};
use anyhow::{ensure, Context, Result};
use serde::{Deserialize, Serialize};
use veilmart_td_raft::Timing;

/// The conditions of the evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
	/// What the file is for, for its reader.
	pub about: String,
	/// Numbers of authorities.
	pub nodes: Vec<u32>,
	/// Runs per point, each with its own seed.
	pub runs: u32,
	/// Seed of the first run.
	pub first_seed: u64,
	/// Delay of the links.
	pub delay: Delay,
	/// Bandwidths of every uplink and downlink.
	pub bandwidths: Vec<Bandwidth>,
	/// Messages up to this size in bytes are small (see [`crate::network`]).
	pub small_bytes: u64,
	/// Clocks gain or lose up to so many microseconds per second.
	pub drift_ppm: u32,
	/// Transactions per block in bytes.
	pub block_bytes: u64,
	/// Mean size of a transaction in bytes, to express throughput in transactions.
	pub transaction_bytes: u64,
	/// Figure 5.
	pub throughput: Load,
	/// Figure 6.
	pub latency: Load,
	/// Figure 7.
	pub election: Election,
	/// Sets of timeouts; the figures are made with each.
	pub timeouts: Vec<Timeouts>,
}

/// Delay of the links, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
	/// Shortest link.
	pub min_ms: u64,
	/// Longest link.
	pub max_ms: u64,
	/// What a message may take longer.
	pub jitter_ms: u64,
}

/// A bandwidth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bandwidth {
	/// As charts and tables name it; also part of file names.
	pub name: String,
	/// Bits per second.
	pub bits_per_second: u64,
}

/// A load, and what of it is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
	/// Blocks of a leader on their way at once.
	pub in_flight: u32,
	/// Blocks before the measurement.
	pub warm_up_blocks: u64,
	/// Blocks measured.
	pub blocks: u64,
}

/// How elections are measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Election {
	/// Transactions per block in bytes: small, so that no election waits for a block.
	pub block_bytes: u64,
	/// Blocks before the leader crashes.
	pub blocks_before: u64,
	/// A run is given up after so many seconds without a new leader.
	pub give_up_seconds: u64,
	/// Numbers of authorities at which attempts to the next honest leader are counted.
	pub attempt_nodes: Vec<u32>,
}

/// A set of timeouts, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
	/// As tables name it; also part of file names.
	pub name: String,
	/// Where the values come from, and what of them is assumed.
	pub source: String,
	/// Raft's.
	pub raft: RaftTimeouts,
	/// PBFT's.
	pub pbft: PbftTimeouts,
	/// TD-Raft's.
	pub td_raft: TdRaftTimeouts,
	/// Whoever waits for blocks (PBFT, TD-Raft) waits longer by so many times what the leader's uplink takes to send
	/// one block to all others.
	pub transfers: u64,
}

/// Raft's timeouts, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaftTimeouts {
	/// Shortest election timeout.
	pub election_min_ms: u64,
	/// Longest election timeout.
	pub election_max_ms: u64,
	/// Between heartbeats.
	pub heartbeat_ms: u64,
	/// Granularity.
	pub tick_ms: u64,
	/// See [`RaftSettings::pre_vote`].
	pub pre_vote: bool,
	/// See [`RaftSettings::check_quorum`].
	pub check_quorum: bool,
}

/// PBFT's timeouts, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PbftTimeouts {
	/// Until a view change.
	pub view_ms: u64,
	/// See [`PbftSettings::doublings`].
	pub doublings: u32,
	/// Requests between checkpoints.
	pub checkpoint_interval: u64,
}

/// TD-Raft's timeouts, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TdRaftTimeouts {
	/// Patience with a leader; more where the protocol asks for more (`spread + 12Δ`).
	pub election_ms: u64,
	/// Candidates stand within so many times the longest delay per authority; at least ten authorities count.
	pub spread_delays: u64,
	/// Between the first valid candidacy and the vote, in longest delays.
	pub vote_delays: u64,
	/// Between heartbeats.
	pub heartbeat_ms: u64,
	/// Between the blocks of a leader at least.
	pub min_block_ms: u64,
}

impl Evaluation {
	/// The file that comes with the simulator.
	pub const DEFAULT: &'static str = include_str!("../evaluation.json");

	/// Reads the conditions.
	///
	/// # Errors
	///
	/// If the text is not JSON of exactly this shape, or a value makes no sense.
	pub fn parse(text: &str) -> Result<Self> {
		let evaluation: Self = serde_json::from_str(text).context("the conditions of the evaluation")?;
		evaluation.check().context("the conditions of the evaluation")?;
		Ok(evaluation)
	}

	fn check(&self) -> Result<()> {
		ensure!(!self.nodes.is_empty(), "\"nodes\" is empty");
		ensure!(
			self.nodes.iter().all(|n| (4..=1_000).contains(n)),
			"\"nodes\" are 4 to 1000 each"
		);
		ensure!(
			self.nodes.windows(2).all(|pair| pair[0] < pair[1]),
			"\"nodes\" have to rise"
		);
		ensure!((1..=10_000).contains(&self.runs), "\"runs\" is 1 to 10000");
		ensure!(
			self.delay.min_ms <= self.delay.max_ms,
			"\"delay\": min_ms is above max_ms"
		);
		ensure!(
			self.delay.max_ms + self.delay.jitter_ms <= 10_000,
			"\"delay\" is above ten seconds"
		);
		ensure!(!self.bandwidths.is_empty(), "\"bandwidths\" is empty");
		for bandwidth in &self.bandwidths {
			let bits = bandwidth.bits_per_second;
			ensure!(
				bits >= 1_000_000,
				"\"bandwidths\": {} is below 1 Mbit/s",
				bandwidth.name
			);
			ensure!(
				is_name(&bandwidth.name),
				"\"bandwidths\": {:?} is no name for a file",
				bandwidth.name
			);
		}
		ensure!(
			(1..=100_000_000).contains(&self.block_bytes),
			"\"block_bytes\" is 1 to 100 million"
		);
		ensure!(self.transaction_bytes > 0, "\"transaction_bytes\" is 0");
		for (name, load) in [("throughput", &self.throughput), ("latency", &self.latency)] {
			ensure!(
				(1..=1_000).contains(&load.in_flight),
				"\"{name}\": in_flight is 1 to 1000"
			);
			ensure!(
				(1..=100_000).contains(&load.blocks),
				"\"{name}\": blocks is 1 to 100000"
			);
			ensure!(
				load.warm_up_blocks <= 100_000,
				"\"{name}\": warm_up_blocks is at most 100000"
			);
		}
		ensure!(
			self.election.give_up_seconds <= 100_000,
			"\"election\": give_up_seconds is at most 100000"
		);
		ensure!(
			self.election
				.attempt_nodes
				.iter()
				.all(|n| (4..=1_000).contains(n)),
			"\"election\": attempt_nodes are 4 to 1000 each"
		);
		ensure!(!self.timeouts.is_empty(), "\"timeouts\" is empty");
		for timeouts in &self.timeouts {
			timeouts
				.check()
				.with_context(|| format!("\"timeouts\": {:?}", timeouts.name))?;
		}
		Ok(())
	}

	/// The network at one of the bandwidths.
	pub fn links(&self, bandwidth: &Bandwidth) -> Links {
		Links {
			delay_min: self.delay.min_ms * MILLISECOND,
			delay_max: self.delay.max_ms * MILLISECOND,
			jitter: self.delay.jitter_ms * MILLISECOND,
			ordered: true,
			bandwidth: bandwidth.bits_per_second,
			small_bytes: self.small_bytes,
			..Links::ideal(0)
		}
	}
}

/// Letters, digits, blanks, hyphens and slashes.
fn is_name(name: &str) -> bool {
	!name.is_empty()
		&& name
			.chars()
			.all(|c| c.is_ascii_alphanumeric() || " -/".contains(c))
}

impl Timeouts {
	fn check(&self) -> Result<()> {
		ensure!(is_name(&self.name), "this is no name for a file");
		let RaftTimeouts {
			election_min_ms,
			election_max_ms,
			heartbeat_ms,
			tick_ms,
			..
		} = self.raft;
		ensure!(tick_ms > 0, "raft: tick_ms is 0");
		ensure!(heartbeat_ms >= tick_ms, "raft: heartbeat_ms is below tick_ms");
		ensure!(
			election_min_ms > heartbeat_ms,
			"raft: election_min_ms is not above heartbeat_ms"
		);
		ensure!(
			election_max_ms >= election_min_ms + tick_ms,
			"raft: no tick between the election timeouts"
		);
		ensure!(self.pbft.view_ms > 0, "pbft: view_ms is 0");
		ensure!(self.pbft.doublings < 32, "pbft: doublings is above 31");
		ensure!(
			self.pbft.checkpoint_interval > 0,
			"pbft: checkpoint_interval is 0"
		);
		ensure!(self.td_raft.election_ms > 0, "td_raft: election_ms is 0");
		ensure!(self.td_raft.heartbeat_ms > 0, "td_raft: heartbeat_ms is 0");
		ensure!(self.td_raft.min_block_ms > 0, "td_raft: min_block_ms is 0");
		ensure!(
			self.td_raft.spread_delays >= 1,
			"td_raft: spread_delays is below 1"
		);
		ensure!(self.td_raft.vote_delays >= 4, "td_raft: vote_delays is below 4");
		ensure!(self.transfers <= 1_000, "transfers is above 1000");
		Ok(())
	}

	/// For Raft.
	pub fn raft(&self) -> RaftSettings {
		RaftSettings {
			tick: self.raft.tick_ms * MILLISECOND,
			election_min: self.raft.election_min_ms * MILLISECOND,
			election_max: self.raft.election_max_ms * MILLISECOND,
			heartbeat: self.raft.heartbeat_ms * MILLISECOND,
			pre_vote: self.raft.pre_vote,
			check_quorum: self.raft.check_quorum,
		}
	}

	/// For PBFT among `n`, with blocks of so many bytes.
	pub fn pbft(&self, n: u32, block_bytes: u64, links: &Links) -> PbftSettings {
		let view_timeout = self.pbft.view_ms * MILLISECOND + self.waits_for_blocks(n, block_bytes, links);
		PbftSettings {
			view_timeout,
			doublings: self.pbft.doublings,
			status_interval: view_timeout.div_ceil(2),
			checkpoint_interval: self.pbft.checkpoint_interval,
		}
	}

	/// For TD-Raft among `n`, with blocks of so many bytes. Δ is the longest delay.
	pub fn td_raft(&self, n: u32, block_bytes: u64, links: &Links) -> Timing {
		let ms = |span: u64| u32::try_from(span).unwrap_or(u32::MAX);
		let delta = links.longest_delay().div_ceil(MILLISECOND).max(1);
		let spread = self.td_raft.spread_delays * n.max(10) as u64 * delta;
		let least = (spread + 12 * delta).max(self.td_raft.heartbeat_ms + delta);
		let waits = self.waits_for_blocks(n, block_bytes, links).div_ceil(MILLISECOND);
		let election_timeout = self.td_raft.election_ms.max(least) + waits;
		Timing {
			delta: ms(delta),
			min_block_interval: ms(self.td_raft.min_block_ms),
			idle_block_interval: ms(5_000.max(self.td_raft.min_block_ms)),
			heartbeat: ms(self.td_raft.heartbeat_ms),
			status: ms(1_000.min(election_timeout - delta)),
			election_timeout: ms(election_timeout),
			spread: ms(spread),
			vote_delay: ms(self.td_raft.vote_delays * delta),
			sync_timeout: ms(3 * election_timeout),
		}
	}

	/// What is added to the patience of those who wait for blocks, in microseconds.
	pub fn waits_for_blocks(&self, n: u32, block_bytes: u64, links: &Links) -> Micros {
		let bits = self.transfers as u128 * n.saturating_sub(1) as u128 * block_bytes as u128 * 8;
		if links.bandwidth == 0 {
			return 0;
		}
		(bits * 1_000_000 / links.bandwidth as u128) as Micros
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_file_that_comes_along_is_valid() {
		let evaluation = Evaluation::parse(Evaluation::DEFAULT).expect("a valid file");
		assert_eq!(evaluation.bandwidths.len(), 3);
		assert_eq!(
			evaluation.nodes,
			(1..=10).map(|tens| 10 * tens).collect::<Vec<_>>()
		);
		assert_eq!((evaluation.block_bytes, evaluation.runs), (1_000_000, 100));
	}

	/// Each change of the file is refused with a message that names the field.
	#[test]
	fn mistakes_are_named() {
		let changes = [
			("\"runs\": 100", "\"runs\": 0", "runs"),
			("\"runs\": 100", "\"runs\": -1", "invalid value"),
			("\"runs\": 100", "\"rums\": 100", "rums"),
			("\"runs\": 100,", "", "runs"),
			(
				"\"election_min_ms\": 150",
				"\"election_min_ms\": 20",
				"election_min_ms",
			),
			("\"block_bytes\": 1000000", "\"block_bytes\": 0", "block_bytes"),
			("\"min_ms\": ", "\"min_ms\": 9", "delay"),
			("\"vote_delays\": 4", "\"vote_delays\": 3", "vote_delays"),
			("\"attempt_nodes\": [4", "\"attempt_nodes\": [3", "attempt_nodes"),
		];
		for (from, to, named) in changes {
			let text = Evaluation::DEFAULT.replacen(from, to, 1);
			assert_ne!(text, Evaluation::DEFAULT, "{from} occurs");
			let error = format!("{:#}", Evaluation::parse(&text).expect_err(to));
			assert!(error.contains(named), "{to}: {error}");
		}
		assert!(Evaluation::parse("").is_err());
	}

	/// The core's own check accepts the timing of every set of timeouts, number of authorities and bandwidth.
	#[test]
	fn td_rafts_timing_serves_everywhere() {
		let evaluation = Evaluation::parse(Evaluation::DEFAULT).expect("a valid file");
		for timeouts in &evaluation.timeouts {
			for bandwidth in &evaluation.bandwidths {
				for n in &evaluation.nodes {
					for block_bytes in [evaluation.block_bytes, evaluation.election.block_bytes] {
						let timing = timeouts.td_raft(*n, block_bytes, &evaluation.links(bandwidth));
						assert_eq!(timing.check(*n as u16), Ok(()), "{}, n = {n}", timeouts.name);
					}
				}
			}
		}
	}

	#[test]
	fn patience_grows_with_what_the_uplink_takes() {
		let evaluation = Evaluation::parse(Evaluation::DEFAULT).expect("a valid file");
		let timeouts = Timeouts {
			transfers: 3,
			..evaluation.timeouts[0].clone()
		};
		let links = Links {
			bandwidth: 100_000_000,
			..Links::ideal(0)
		};
		// 99 blocks of 8 Mbit at 100 Mbit/s take 7.92 s.
		assert_eq!(timeouts.waits_for_blocks(100, 1_000_000, &links), 3 * 7_920_000);
		assert_eq!(timeouts.waits_for_blocks(100, 1_000_000, &Links::ideal(0)), 0);
	}
}

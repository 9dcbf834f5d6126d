//! Prometheus metrics.

use std::time::Instant;
use substrate_prometheus_endpoint::{
	register, Counter, Gauge, GaugeVec, Histogram, HistogramOpts, Opts, PrometheusError, Registry, U64,
};

use crate::round::{Role, RoundState};

/// Upper bounds of times, in seconds.
const TIMES: [f64; 12] = [0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0];

#[derive(Clone)]
struct Inner {
	term: Gauge<U64>,
	set: Gauge<U64>,
	role: Gauge<U64>,
	leader_known: Gauge<U64>,
	leader: GaugeVec<U64>,
	finalized: Gauge<U64>,
	pending: Gauge<U64>,
	connected: Gauge<U64>,
	peer_committed: GaugeVec<U64>,
	elections: Counter<U64>,
	election_duration: Histogram,
	votes: Counter<U64>,
	proposal_to_final: Histogram,
	persist: Histogram,
	offences: Counter<U64>,
	left_out: Gauge<U64>,
}

/// The metrics, if somebody wants them.
#[derive(Clone, Default)]
pub struct Metrics(Option<Inner>);

impl Metrics {
	/// Registers them. A registry that refuses is logged and does without.
	pub fn new(registry: Option<&Registry>) -> Self {
		let inner = registry.map(Inner::new).transpose();
		Self(inner.unwrap_or_else(|error| {
			log::warn!(target: crate::LOG_TARGET, "No metrics of the consensus: {error}");
			None
		}))
	}

	/// What the engine is doing now.
	pub fn observe(&self, state: &RoundState, left_out: u64) {
		let Some(inner) = &self.0 else { return };
		inner.term.set(state.term);
		inner.set.set(state.set_id);
		inner.role.set(match state.role {
			Role::Observer => 0,
			Role::Follower => 1,
			Role::Candidate => 2,
			Role::Leader => 3,
		});
		inner.leader_known.set(state.leader.is_some().into());
		inner.leader.reset();
		if let Some(leader) = &state.leader {
			inner.leader.with_label_values(&[leader]).set(1);
		}
		inner.finalized.set(state.finalized.number);
		inner.pending.set(state.pending as u64);
		inner.left_out.set(left_out);
		let authorities = state.peers.iter().filter(|peer| peer.authority);
		inner
			.connected
			.set(authorities.clone().filter(|peer| peer.connected).count() as u64);
		inner.peer_committed.reset();
		for peer in authorities {
			inner
				.peer_committed
				.with_label_values(&[&peer.id])
				.set(peer.committed);
		}
	}

	/// A leader was elected, this long after the node had lost patience.
	pub fn elected(&self, since: Option<Instant>) {
		if let Some(inner) = &self.0 {
			inner.elections.inc();
			if let Some(since) = since {
				inner.election_duration.observe(since.elapsed().as_secs_f64());
			}
		}
	}

	/// The node voted for a block.
	pub fn voted(&self) {
		if let Some(inner) = &self.0 {
			inner.votes.inc();
		}
	}

	/// A block is final, this long after it was proposed or came.
	pub fn finalized(&self, since: Instant) {
		if let Some(inner) = &self.0 {
			inner.proposal_to_final.observe(since.elapsed().as_secs_f64());
		}
	}

	/// A record is on disk, this long after it was given to the log.
	pub fn persisted(&self, since: Instant) {
		if let Some(inner) = &self.0 {
			inner.persist.observe(since.elapsed().as_secs_f64());
		}
	}

	/// An offence was reported.
	pub fn offence(&self) {
		if let Some(inner) = &self.0 {
			inner.offences.inc();
		}
	}
}

impl Inner {
	fn new(registry: &Registry) -> Result<Self, PrometheusError> {
		let gauge = |name: &str, help: &str| register(Gauge::new(format!("td_raft_{name}"), help)?, registry);
		let counter =
			|name: &str, help: &str| register(Counter::new(format!("td_raft_{name}"), help)?, registry);
		let times = |name: &str, help: &str| {
			let options = HistogramOpts::new(format!("td_raft_{name}"), help).buckets(TIMES.to_vec());
			register(Histogram::with_opts(options)?, registry)
		};
		let by_authority = |name: &str, help: &str| {
			let options = Opts::new(format!("td_raft_{name}"), help);
			register(GaugeVec::new(options, &["authority"])?, registry)
		};
		Ok(Self {
			term: gauge("term", "Current term")?,
			set: gauge("set_id", "Current authority set")?,
			role: gauge("role", "0 observer, 1 follower, 2 in an election, 3 leader")?,
			leader_known: gauge("leader_known", "1 if the leader of the term is known")?,
			leader: by_authority("leader", "1 for the leader of the term; there is no other")?,
			finalized: gauge("finalized_height", "Last final block")?,
			pending: gauge("pending_blocks", "Blocks that are not final")?,
			connected: gauge("authorities_connected", "Other authorities that are connected")?,
			peer_committed: by_authority(
				"peer_committed",
				"Height of each authority's highest commit certificate",
			)?,
			elections: counter("elections_total", "Leaders adopted since the start")?,
			election_duration: times("election_seconds", "From losing patience to the new leader")?,
			votes: counter("votes_total", "Votes for blocks since the start")?,
			proposal_to_final: times(
				"proposal_to_final_seconds",
				"From a block's proposal or arrival to its finality",
			)?,
			persist: times("vote_log_seconds", "From a record to its being on disk")?,
			offences: counter("offences_total", "Offences reported since the start")?,
			left_out: gauge("packets_left_out", "Packets not sent because a queue was full")?,
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::round::{Certified, PeerState};
	use std::{collections::BTreeSet, time::Duration};
	use substrate_prometheus_endpoint::prometheus::TextEncoder;

	/// What operators are told.
	const OPERATORS: &str = include_str!("../../../docs/operators.md");

	const SECOND: Duration = Duration::from_secs(1);

	/// The names of which operators are told.
	fn documented() -> BTreeSet<&'static str> {
		let (_, list) = OPERATORS
			.split_once("The same as Prometheus metrics")
			.expect("operators are told of metrics");
		let (list, _) = list.split_once("Worth an alarm").expect("and which are alarms");
		list.split('`')
			.filter(|word| word.starts_with("td_raft_"))
			.collect()
	}

	/// What Prometheus reads.
	fn text(registry: &Registry) -> String {
		TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
	}

	/// The names of the metrics in it.
	fn names(text: &str) -> BTreeSet<&str> {
		text.lines()
			.filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
			.collect()
	}

	fn value(text: &str, name: &str) -> f64 {
		let value = text
			.lines()
			.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
		value
			.and_then(|value| value.parse().ok())
			.unwrap_or_else(|| panic!("there is no {name} in {text}"))
	}

	fn peer(id: &str, authority: bool, connected: bool, committed: u64) -> PeerState {
		PeerState {
			id: id.into(),
			authority,
			connected,
			committed,
			..Default::default()
		}
	}

	#[test]
	fn each_metric_is_registered_says_what_happened_and_is_documented() {
		let registry = Registry::new();
		let metrics = Metrics::new(Some(&registry));
		let mut state = RoundState {
			role: Role::Leader,
			set_id: 3,
			term: 7,
			leader: Some("one".into()),
			finalized: Certified {
				number: 40,
				..Default::default()
			},
			pending: 2,
			peers: vec![
				peer("two", true, true, 39),
				peer("three", true, false, 38),
				peer("of the next set", false, true, 37),
			],
			..Default::default()
		};
		let since = Instant::now().checked_sub(SECOND).expect("a machine that runs");
		metrics.observe(&state, 5);
		// The first leader of a node that has just started: it has not lost patience.
		metrics.elected(None);
		metrics.elected(Some(since));
		metrics.voted();
		metrics.finalized(since);
		metrics.persisted(since);
		metrics.offence();

		let seen = text(&registry);
		assert_eq!(names(&seen), documented());
		for (name, expected) in [
			("td_raft_term", 7.0),
			("td_raft_set_id", 3.0),
			("td_raft_role", 3.0),
			("td_raft_leader_known", 1.0),
			("td_raft_leader{authority=\"one\"}", 1.0),
			("td_raft_finalized_height", 40.0),
			("td_raft_pending_blocks", 2.0),
			("td_raft_authorities_connected", 1.0),
			("td_raft_peer_committed{authority=\"two\"}", 39.0),
			("td_raft_peer_committed{authority=\"three\"}", 38.0),
			("td_raft_elections_total", 2.0),
			("td_raft_election_seconds_count", 1.0),
			("td_raft_votes_total", 1.0),
			("td_raft_proposal_to_final_seconds_count", 1.0),
			("td_raft_vote_log_seconds_count", 1.0),
			("td_raft_offences_total", 1.0),
			("td_raft_packets_left_out", 5.0),
		] {
			assert_eq!(value(&seen, name), expected, "{name}");
		}
		for name in ["election", "proposal_to_final", "vote_log"] {
			let sum = value(&seen, &format!("td_raft_{name}_seconds_sum"));
			assert!((1.0..60.0).contains(&sum), "{name}: {sum}");
		}

		// What is no longer so is not said any more.
		state.leader = Some("three".into());
		metrics.observe(&state, 5);
		let seen = text(&registry);
		assert_eq!(value(&seen, "td_raft_leader{authority=\"three\"}"), 1.0);
		assert!(!seen.contains("\"one\""), "{seen}");
		state.leader = None;
		state.role = Role::Observer;
		state.peers.remove(0);
		metrics.observe(&state, 5);
		let seen = text(&registry);
		assert_eq!(value(&seen, "td_raft_leader_known"), 0.0);
		assert_eq!(value(&seen, "td_raft_role"), 0.0);
		assert!(!seen.contains("td_raft_leader{"), "{seen}");
		assert!(!seen.contains("\"two\""), "{seen}");
	}

	#[test]
	fn a_node_without_metrics_or_with_a_registry_that_refuses_does_without() {
		let registry = Registry::new();
		let first = Metrics::new(Some(&registry));
		// The names are taken.
		for metrics in [Metrics::new(None), Metrics::new(Some(&registry))] {
			metrics.observe(&RoundState::default(), 0);
			metrics.voted();
			metrics.offence();
		}
		first.voted();
		let seen = text(&registry);
		assert_eq!(value(&seen, "td_raft_votes_total"), 1.0);
		assert_eq!(value(&seen, "td_raft_offences_total"), 0.0);
	}
}

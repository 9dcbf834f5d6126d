//! What a node offers to Prometheus.

use std::{
	io::{Read, Write},
	net::{SocketAddr, TcpStream},
	time::{Duration, Instant},
};

use crate::{Result, PATIENCE};

/// What operators are told.
const OPERATORS: &str = include_str!("../../../docs/operators.md");

/// How the names of our metrics begin.
const OURS: [&str; 2] = ["td_raft_", "veilmart_"];

/// A node that works answers within this time.
const SOON: Duration = Duration::from_secs(10);

/// The names of the metrics of which operators are told.
fn documented() -> impl Iterator<Item = &'static str> {
	let list = OPERATORS
		.split_once("The same as Prometheus metrics")
		.and_then(|(_, list)| list.split_once("Worth an alarm"))
		.map_or("", |(list, _)| list);
	list.split('`')
		.filter(|word| OURS.iter().any(|ours| word.starts_with(ours)))
		// A name, and a label in braces perhaps.
		.map(|word| word.split('{').next().unwrap_or(word))
}

/// What a node counted, in the format of Prometheus.
#[derive(Clone, Debug)]
pub struct Metrics(String);

impl Metrics {
	/// Asks a node where it offers them.
	pub fn read(at: SocketAddr) -> Result<Self> {
		let mut stream = TcpStream::connect_timeout(&at, SOON)?;
		stream.set_read_timeout(Some(SOON))?;
		// Of this version the answer is whole when the connection ends.
		stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
		let mut answer = String::new();
		stream.read_to_string(&mut answer)?;
		match answer.split_once("\r\n\r\n") {
			Some((head, body)) if head.contains(" 200 ") => Ok(Self(body.to_owned())),
			_ => Err(format!("no metrics: {answer}").into()),
		}
	}

	/// The same, as soon as they are what the caller waits for.
	pub async fn when(at: SocketAddr, wanted: impl Fn(&Self) -> bool) -> Result<Self> {
		let started = Instant::now();
		loop {
			let read = tokio::task::block_in_place(|| Self::read(at))?;
			if wanted(&read) {
				return Ok(read);
			}
			if started.elapsed() > PATIENCE {
				return Err(format!("the metrics are not what was waited for:\n{}", read.0).into());
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}

	/// What was counted under a name, where the labels hold all of these words. None if nothing was.
	pub fn value(&self, name: &str, labels: &[&str]) -> Option<f64> {
		let samples = self.0.lines().filter(|line| !line.starts_with('#'));
		let values = samples.filter_map(|line| {
			let (sample, value) = line.rsplit_once(' ')?;
			let (its_name, its_labels) = sample.split_once('{').unwrap_or((sample, ""));
			let is_meant = its_name == name && labels.iter().all(|label| its_labels.contains(label));
			is_meant.then(|| value.parse::<f64>().ok()).flatten()
		});
		values.reduce(|sum, value| sum + value)
	}

	/// Whether each of the metrics is there of which operators are told.
	pub fn are_complete(&self) -> bool {
		let type_of = |name: &str| format!("# TYPE {name} ");
		documented().count() > 10 && documented().all(|name| self.0.contains(&type_of(name)))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_label_is_no_part_of_a_name_that_operators_are_told() {
		assert!(documented().any(|name| name == "td_raft_term"));
		assert!(documented().any(|name| name == "veilmart_proofs_total"));
		assert!(documented().all(|name| !name.contains(['{', '"'])));
	}

	#[test]
	fn values_are_found_by_name_and_labels() {
		let metrics = Metrics(
			"# TYPE td_raft_term gauge\n\
			 td_raft_term{chain=\"local\"} 3\n\
			 td_raft_terms 9\n\
			 connected{direction=\"in\",kind=\"reserved\"} 1\n\
			 connected{direction=\"out\",kind=\"reserved\"} 2\n\
			 connected{direction=\"out\",kind=\"non-reserved\"} 4\n"
				.into(),
		);
		assert_eq!(metrics.value("td_raft_term", &[]), Some(3.0));
		assert_eq!(metrics.value("td_raft_terms", &[]), Some(9.0));
		assert_eq!(metrics.value("connected", &["\"reserved\""]), Some(3.0));
		assert_eq!(metrics.value("connected", &["\"reserved\"", "\"in\""]), Some(1.0));
		assert_eq!(metrics.value("td_raft_ter", &[]), None);
		assert!(!metrics.are_complete());
	}
}

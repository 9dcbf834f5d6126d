//! What the figures were measured under: conditions, numbers of runs, costs, and what follows from them without a run.

use super::{digits, table, Data};
use crate::{config::Evaluation, figures::Figure, td_raft::messages::HEARTBEAT_BYTES};

impl Data<'_> {
	pub(super) fn conditions(&self) -> String {
		let Evaluation {
			delay,
			block_bytes,
			throughput,
			latency,
			election,
			drift_ppm,
			..
		} = self.evaluation;
		let mut rows = vec![
			vec![
				"delay of a link".into(),
				format!(
					"{} to {} ms, drawn per pair, and up to {} ms more per message",
					delay.min_ms, delay.max_ms, delay.jitter_ms
				),
			],
			vec![
				"bandwidth of each uplink and downlink".into(),
				self.evaluation
					.bandwidths
					.iter()
					.map(|bandwidth| bandwidth.name.as_str())
					.collect::<Vec<_>>()
					.join(", "),
			],
			vec!["transactions per block".into(), format!("{block_bytes} bytes")],
			vec![
				"clocks".into(),
				format!("wrong by up to {drift_ppm} µs per second"),
			],
		];
		for (name, load) in [("throughput", throughput), ("latency", latency)] {
			rows.push(vec![
				name.into(),
				format!(
					"{} block(s) of the leader under way at once; {} blocks measured after {}",
					load.in_flight, load.blocks, load.warm_up_blocks
				),
			]);
		}
		rows.push(vec![
			"elections".into(),
			format!(
				"blocks of {} bytes; the leader crashes within a second of block {}",
				election.block_bytes, election.blocks_before
			),
		]);
		for timeouts in &self.evaluation.timeouts {
			rows.push(vec![
				format!("timeouts \"{}\"", timeouts.name),
				timeouts.source.clone(),
			]);
		}
		let nodes: Vec<_> = self.evaluation.nodes.iter().map(u32::to_string).collect();
		rows.push(vec![
			"numbers of authorities measured".into(),
			format!("{} of the {} asked for", nodes.join(", "), self.asked),
		]);
		for (figures, runs) in self.runs() {
			rows.push(vec![
				format!("runs per point: {figures}"),
				format!("{runs} of the {} asked for", self.evaluation.runs),
			]);
		}
		table(&["condition", "value"], &rows)
	}

	/// How many runs the points of which figures have, failed ones too.
	fn runs(&self) -> Vec<(String, String)> {
		let mut rows: Vec<(String, String)> = Vec::new();
		for figure in Figure::ALL {
			let points = self.points.iter().filter(|point| point.figure == figure);
			let runs: Vec<_> = points.map(|point| point.runs + point.failed).collect();
			let least = runs.iter().min().copied().unwrap_or(0);
			let most = runs.iter().max().copied().unwrap_or(0);
			let runs = if least == most {
				least.to_string()
			} else {
				format!("{least} to {most}")
			};
			match rows.iter_mut().find(|(_, others)| *others == runs) {
				Some((figures, _)) => *figures = format!("{figures}, {}", figure.file()),
				None => rows.push((figure.file().to_owned(), runs)),
			}
		}
		rows
	}

	pub(super) fn costs(&self) -> String {
		let costs = self.costs;
		let micro = |nanos: u64| digits(nanos as f64 / 1_000.0);
		let mut rows: Vec<Vec<String>> = [
			("sign (sr25519)", costs.sign),
			("verify one signature", costs.verify),
			("verify one of a batch", costs.verify_in_batch),
			("VRF: prove", costs.vrf_prove),
			("VRF: verify", costs.vrf_verify),
			("hash a mebibyte (BLAKE2b)", costs.hash_mebibyte),
			("send or receive a message", costs.message),
			("sync 4 KiB (wall time)", costs.sync),
			("sync a mebibyte more (wall time)", costs.sync_mebibyte),
		]
		.into_iter()
		.map(|(name, nanos)| vec![name.to_owned(), micro(nanos)])
		.collect();
		if let Some(trapdoor) = &costs.trapdoor {
			let tables = [
				("deal", &trapdoor.deal),
				("verify a dealing", &trapdoor.verify_dealing),
				("recover the trapdoor", &trapdoor.recover),
			];
			for (name, costs) in tables {
				if let Some((n, nanos)) = costs.last_key_value() {
					rows.push(vec![format!("{name}, {n} authorities"), micro(*nanos)]);
				}
			}
			rows.push(vec!["open a share".into(), micro(trapdoor.open_share)]);
			rows.push(vec!["verify a share".into(), micro(trapdoor.verify_share)]);
		}
		format!("Processor: {}.\n\n{}", costs.cpu, table(&["work", "µs"], &rows))
	}

	/// What the heartbeats of TD-Raft's leader take of its uplink.
	pub(super) fn heartbeats(&self) -> String {
		let n = self.most();
		let bytes = u64::from(n.saturating_sub(1)) * HEARTBEAT_BYTES;
		let mut rows = Vec::new();
		for timeouts in &self.evaluation.timeouts {
			let interval = timeouts.td_raft.heartbeat_ms;
			let bits_per_second = bytes as f64 * 8.0 * 1_000.0 / interval as f64;
			for bandwidth in &self.evaluation.bandwidths {
				rows.push(vec![
					format!("{}, \"{}\"", bandwidth.name, timeouts.name),
					format!("{interval} ms"),
					format!("{} Mbit/s", digits(bits_per_second / 1e6)),
					format!(
						"{:.1} %",
						100.0 * bits_per_second / bandwidth.bits_per_second as f64
					),
				]);
			}
		}
		format!(
			"Heartbeats to {} others:\n\n{}",
			n.saturating_sub(1),
			table(&["where", "interval", "heartbeats", "of the uplink"], &rows)
		)
	}
}

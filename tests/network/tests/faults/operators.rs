//! What operators rely on beside the answers of a node: what it counts.

use veilmart_demo_parts::process::Node;
use veilmart_network_tests::{
	metrics::Metrics,
	scene::{term, Scene},
	PATIENCE,
};

/// Kills all nodes and starts them again at once: before, the caller changes how they start. Their term goes on.
async fn start_anew<T>(scene: &mut Scene, mut change: impl FnMut(&mut Node) -> T) -> Vec<T> {
	let mut changes = Vec::new();
	for node in &mut scene.network.nodes {
		node.kill().await.unwrap();
		changes.push(change(node));
	}
	for node in &mut scene.network.nodes {
		node.spawn(&[]).unwrap();
	}
	for node in &mut scene.network.nodes {
		node.answers().await.unwrap();
	}
	scene.progress().await;
	changes
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_show_how_long_it_took_to_replace_a_leader() {
	let mut scene = Scene::new().await;
	let offered = start_anew(&mut scene, |node| node.offer_metrics().unwrap()).await;
	let leader = scene.network.leader().await.unwrap();
	let observed = (leader + 1) % 4;
	let led = term(&scene.network.nodes[observed]).await as f64;
	let before = Metrics::when(offered[observed], |metrics| {
		metrics.are_complete() && metrics.value("td_raft_votes_total", &[]) >= Some(1.0)
	})
	.await
	.unwrap();
	scene.network.nodes[leader].kill().await.unwrap();
	scene.progress().await;
	// These are noted once in a second.
	let height = "td_raft_finalized_height";
	let after = Metrics::when(offered[observed], |metrics| {
		metrics.are_complete()
			&& metrics.value("td_raft_leader_known", &[]) == Some(1.0)
			&& metrics.value("td_raft_authorities_connected", &[]) == Some(2.0)
			&& metrics.value("td_raft_term", &[]) > Some(led)
			&& metrics.value(height, &[]) > before.value(height, &[])
	})
	.await
	.unwrap();
	let counted = |metrics: &Metrics, name: &str| {
		let name = format!("td_raft_{name}");
		metrics
			.value(&name, &[])
			.unwrap_or_else(|| panic!("no {name} in {metrics:?}"))
	};
	for name in [
		"elections_total",
		// All three that are left have lost patience, or there was no quorum for another.
		"election_seconds_count",
		"election_seconds_sum",
		"proposal_to_final_seconds_count",
		"proposal_to_final_seconds_sum",
		"vote_log_seconds_count",
		"vote_log_seconds_sum",
	] {
		let [before, after] = [&before, &after].map(|metrics| counted(metrics, name));
		assert!(after > before, "{name}: {after} after {before}");
	}
	assert!(counted(&after, "elections_total") >= 1.0);
	let longest = PATIENCE.as_secs_f64() * counted(&after, "election_seconds_count");
	assert!(counted(&after, "election_seconds_sum") < longest, "{after:?}");
	assert_eq!(counted(&after, "offences_total"), 0.0);
	scene.restart(leader).await;
	scene.progress().await;
	scene.end().await;
}

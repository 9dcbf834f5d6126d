//! What operators rely on beside the answers of a node: what it counts, and that authorities find each other.

use serde_json::Value;
use veilmart_demo_parts::process::Node;
use veilmart_network_tests::{
	clients::{publish_record, round_state},
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
	let state = round_state(&scene.network.nodes[leader], |_| true).await.unwrap();
	let killed = state["me"].as_str().unwrap();
	scene.network.nodes[leader].kill().await.unwrap();
	scene.progress().await;
	// These are noted once in a second.
	let height = "td_raft_finalized_height";
	let after = Metrics::when(offered[observed], |metrics| {
		metrics.are_complete()
			&& metrics.value("td_raft_leader_known", &[]) == Some(1.0)
			&& metrics.value("td_raft_leader", &[]) == Some(1.0)
			&& metrics.value("td_raft_leader", &[killed]).is_none()
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

/// Records name nodes and no addresses. A node that has just been started knows no address, if it has none on its command line and
/// hears of nobody in its local network; its memory of others is as short as its life. Those who had it among the authorities
/// before call it, and it keeps its connections to them, whatever the slots.
#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_knows_nobodys_address_is_called_by_the_others_and_keeps_to_them() {
	let mut scene = Scene::new().await;
	for node in &scene.network.nodes {
		publish_record(node, 1).await.unwrap();
	}
	// None of the others was started with its address.
	let last = scene.network.nodes.len() - 1;
	let node = &mut scene.network.nodes[last];
	node.kill().await.unwrap();
	node.forget_others();
	let offered = node.offer_metrics().unwrap();
	scene.restart(last).await;
	let time = scene.progress().await;
	println!("It follows after {time:?}");
	round_state(&scene.network.nodes[last], |state| {
		let peers = state["peers"].as_array().unwrap();
		let is_there = |peer: &Value| peer["connected"] == true && peer["authority"] == true;
		peers.len() == 3 && peers.iter().all(is_there)
	})
	.await
	.unwrap();
	// The network counts them as reserved, whoever has called whom; and nobody else.
	let connections = "substrate_sub_libp2p_peerset_num_connected";
	Metrics::when(offered, |metrics| {
		let of_kind = |kind| metrics.value(connections, &[kind, "/td-raft/1\""]);
		of_kind("\"reserved\"") == Some(3.0) && of_kind("\"non-reserved\"") == Some(0.0)
	})
	.await
	.unwrap();
	// Without another one it is needed.
	scene.network.nodes[0].kill().await.unwrap();
	scene.progress().await;
	scene.restart(0).await;
	scene.progress().await;
	scene.end().await;
}

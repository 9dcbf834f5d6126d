//! Processes that die, freeze, lose their files or the end of their databases.

use std::{fs, time::Duration};

use veilmart_network_tests::{
	files::{copy_folder, database, vote_logs},
	moments::{rounds, Moments},
	scene::{term, Scene},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_killed_is_replaced_and_comes_back() {
	let mut scene = Scene::new().await;
	let leader = scene.network.leader().await.unwrap();
	let before = term(&scene.network.nodes[leader]).await;
	scene.network.nodes[leader].kill().await.unwrap();
	scene.progress().await;
	let next = scene.network.leader().await.unwrap();
	assert_ne!(leader, next, "another one leads");
	assert!(term(&scene.network.nodes[next]).await > before);
	scene.restart(leader).await;
	scene.progress().await;
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_freezes_is_replaced_and_follows_when_it_thaws() {
	let mut scene = Scene::new().await;
	let leader = scene.network.leader().await.unwrap();
	scene.network.nodes[leader].freeze().unwrap();
	let frozen = scene.network.nodes.remove(leader);
	scene.progress().await;
	frozen.thaw().unwrap();
	scene.network.nodes.insert(leader, frozen);
	scene.progress().await;
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_are_killed_at_once_again_and_again_and_nothing_final_is_lost() {
	let mut scene = Scene::new().await;
	let mut moments = Moments::new();
	for round in 0..rounds(3, 50) {
		// Once while they work, once while they start and recover.
		for _ in 0..2 {
			tokio::time::sleep(moments.within(Duration::from_secs(3))).await;
			for node in &mut scene.network.nodes {
				node.kill().await.unwrap();
			}
			for node in &mut scene.network.nodes {
				node.spawn(&[]).unwrap();
			}
		}
		for node in &mut scene.network.nodes {
			node.answers().await.unwrap();
		}
		scene.progress().await;
		if let Err(error) = scene.ledger.read_all(&scene.network).await {
			scene.give_up(&format!("round {round}: {error}"));
		}
	}
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_vote_log_refuses_to_start_until_told_otherwise() {
	let mut scene = Scene::new().await;
	let leader = scene.network.leader().await.unwrap();
	let victim = (leader + 1) % 4;
	scene.network.nodes[victim].kill().await.unwrap();
	let logs = vote_logs(&scene.network.nodes[victim]).unwrap();
	assert_eq!(logs.len(), 1, "one name, one log: {logs:?}");
	fs::remove_file(&logs[0]).unwrap();

	let node = &mut scene.network.nodes[victim];
	node.spawn(&[]).unwrap();
	let mut ended = None;
	for _ in 0..300 {
		ended = node.has_ended().unwrap();
		if ended.is_some() {
			break;
		}
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
	let ended = ended.expect("it refuses to start");
	assert!(!ended.success());
	let words = node.last_words();
	assert!(words.contains("--forget-votes"), "it says what to do: {words}");
	let left = vote_logs(&scene.network.nodes[victim]).unwrap();
	assert!(left.is_empty(), "and changes nothing: {left:?}");

	let node = &mut scene.network.nodes[victim];
	node.kill().await.unwrap();
	node.spawn(&["--forget-votes"]).unwrap();
	node.answers().await.unwrap();
	scene.progress().await;
	assert_eq!(vote_logs(&scene.network.nodes[victim]).unwrap(), logs);
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_that_lost_their_last_seconds_are_restored_from_the_vote_logs() {
	let mut scene = Scene::new().await;
	// The databases as they were some seconds before the end, as if their writes had not reached the disks. The logs are
	// whole here; in `storage` they end where they were synced.
	let copies: Vec<_> = scene
		.network
		.nodes
		.iter()
		.map(|node| (database(node), node.folder().join("copy")))
		.collect();
	for (database, copy) in &copies {
		copy_folder(database, copy).unwrap();
	}
	for _ in 0..5 {
		scene.progress().await;
		tokio::time::sleep(Duration::from_millis(500)).await;
	}
	scene.ledger.read_all(&scene.network).await.unwrap();
	let height = scene.ledger.height();
	for node in &mut scene.network.nodes {
		node.kill().await.unwrap();
	}
	for (database, copy) in &copies {
		fs::remove_dir_all(database).unwrap();
		fs::rename(copy, database).unwrap();
	}
	for position in 0..scene.network.nodes.len() {
		scene.restart(position).await;
	}
	scene.progress().await;
	assert!(scene.ledger.height() > height);
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_joins_late_catches_up_and_takes_part() {
	let mut scene = Scene::new().await;
	let leader = scene.network.leader().await.unwrap();
	let late = (leader + 2) % 4;
	scene.network.nodes[late].kill().await.unwrap();
	// It loses everything but its keys.
	let folder = scene.network.nodes[late].folder().join("chains");
	fs::remove_dir_all(folder).unwrap();
	let blocks = std::env::var("VEILMART_SOAK").map_or(60, |_| 10_000);
	while scene.ledger.height() < blocks {
		scene.progress().await;
	}
	scene.restart(late).await;
	scene.progress().await;
	// Without another one the late one is needed.
	scene.network.nodes[(late + 1) % 4].kill().await.unwrap();
	scene.progress().await;
	scene.end().await;
}

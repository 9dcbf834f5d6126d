//! An authority whose disk was copied, and which runs twice.

use std::{
	fs,
	time::{Duration, Instant},
};

use codec::DecodeAll;
use frame_support::storage::storage_prefix;
use serde_json::json;
use sp_core::Pair as _;
use veilmart_demo_parts::process::Node;
use veilmart_network_tests::{
	clients::{ask, bytes, voting_key},
	files::copy_folder,
	moments::rounds,
	scene::Scene,
	Result,
};
use veilmart_runtime::AccountId;

/// How long it may take until the cloned authority has contradicted itself, and been reported. What it does is left to chance:
/// each election has it lead in one of three cases.
const LONG_ENOUGH: Duration = Duration::from_secs(240);

/// A network in which the leader has been cloned: an exact copy of its folder, but for its identity in the network, was
/// started together with it. All were killed at once and start at once, so that the term goes on, and both lead on in it.
async fn with_a_twin() -> (Scene, usize) {
	let mut scene = Scene::new().await;
	let cloned = scene.network.leader().await.unwrap();
	for node in &mut scene.network.nodes {
		node.kill().await.unwrap();
	}
	let folder = scene.folder().join("twin");
	copy_folder(scene.network.nodes[cloned].folder(), &folder).unwrap();
	for file in ["node-key", "node.log"] {
		fs::remove_file(folder.join(file)).unwrap();
	}
	let others: Vec<_> = scene
		.network
		.nodes
		.iter()
		.map(|node| node.address.clone())
		.collect();
	let name = scene.network.nodes[cloned].name;
	let twin = Node::prepare(name, &scene.specification(), &folder, &others)
		.await
		.unwrap();
	scene.network.nodes.push(twin);
	start_all(&mut scene).await;
	(scene, cloned)
}

/// Starts all at once.
async fn start_all(scene: &mut Scene) {
	for node in &mut scene.network.nodes {
		node.spawn(&[]).unwrap();
	}
	for node in &mut scene.network.nodes {
		node.answers().await.unwrap();
	}
	scene.progress().await;
}

/// Who are to be authorities, as the chain has it.
async fn wanted(node: &Node) -> Result<Vec<AccountId>> {
	let key = format!("0x{}", hex::encode(storage_prefix(b"TdRaft", b"Wanted")));
	let list = bytes(&ask(node, "state_getStorage", &[json!(key)]).await?);
	Ok(Vec::decode_all(&mut &list[..])?)
}

/// Those that lead by their own account.
async fn leaders(scene: &Scene) -> Vec<usize> {
	let mut leaders = Vec::new();
	for (position, node) in scene.network.nodes.iter().enumerate() {
		let state = ask(node, "tdRaft_roundState", &[]).await;
		if state.is_ok_and(|state| state["role"] == "leader") {
			leaders.push(position);
		}
	}
	leaders
}

/// Has whoever leads freeze until others have elected another leader.
async fn change_the_leader(scene: &Scene) {
	let leading = leaders(scene).await;
	println!("{leading:?} lead");
	for leader in &leading {
		scene.network.nodes[*leader].freeze().unwrap();
	}
	tokio::time::sleep(Duration::from_secs(4)).await;
	for leader in &leading {
		scene.network.nodes[*leader].thaw().unwrap();
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloned_authority_splits_nothing_and_is_removed_when_it_has_contradicted_itself() {
	let (mut scene, cloned) = with_a_twin().await;
	let witness = (cloned + 1) % 4;
	let account = AccountId::from(voting_key(scene.network.nodes[cloned].name).public());
	let mut before = wanted(&scene.network.nodes[witness]).await.unwrap();
	let started = Instant::now();
	// The twins hear the same and draw the same lot: when one leads, the other does. Each makes a block of its own unless it has
	// seen the other's, which is a matter of luck.
	for round in 1.. {
		if round % 3 == 0 && leaders(&scene).await.len() > 1 {
			for node in &mut scene.network.nodes {
				node.kill().await.unwrap();
			}
			start_all(&mut scene).await;
		} else {
			change_the_leader(&scene).await;
			scene.progress().await;
		}
		let left = wanted(&scene.network.nodes[witness]).await.unwrap();
		if left.len() < 4 {
			before.retain(|wanted| *wanted != account);
			assert_eq!(left, before, "the cloned one, and nobody else");
			break;
		}
		if started.elapsed() > LONG_ENOUGH {
			scene.give_up("the twins have not contradicted each other");
		}
	}
	println!("Reported after {:?}", started.elapsed());
	let honest = (0..4).filter(|node| *node != cloned);
	let mut accusers = honest.filter(|node| {
		scene.network.nodes[*node]
			.words()
			.contains("has broken the protocol")
	});
	assert!(accusers.next().is_some(), "nobody says so in its log");
	for _ in 0..rounds(1, 20) {
		change_the_leader(&scene).await;
		scene.progress().await;
	}
	scene.end().await;
}

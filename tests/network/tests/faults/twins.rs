//! An authority whose disk was copied, and which runs twice.

use std::{
	fs,
	time::{Duration, Instant},
};

use codec::DecodeAll;
use frame_support::storage::storage_prefix;
use serde_json::{json, Value};
use sp_core::Pair as _;
use veilmart_cli::{account::Account, chain::Chain};
use veilmart_demo_parts::process::{Node, AUTHORITIES};
use veilmart_network_tests::{
	clients::{ask, bytes, remark, round_state, voting_key},
	files::copy_folder,
	logs::complaints,
	moments::rounds,
	scene::Scene,
	Result, PATIENCE,
};
use veilmart_runtime::{AccountId, Hash};

/// The twin's place among the nodes.
const TWIN: usize = AUTHORITIES.len();

/// After this time what has just become final at a leader is so at all others and on all disks, and its next block is seconds away.
const WRITTEN: Duration = Duration::from_secs(1);

/// A network in which the leader has been cloned: of its folder there is an exact copy, but for its identity in the network. All
/// were killed while the leader had nothing under way, and none runs.
async fn with_a_twin() -> (Scene, usize) {
	let mut scene = Scene::new().await;
	scene.rest().await;
	let cloned = scene.network.leader().await.unwrap();
	let leader = &scene.network.nodes[cloned];
	// Without transactions it makes a block every five seconds.
	let last = ask(leader, "tdRaft_roundState", &[]).await.unwrap()["finalized"].clone();
	let state = round_state(leader, |state| state["finalized"] != last)
		.await
		.unwrap();
	assert_eq!(state["role"], "leader", "{state}");
	tokio::time::sleep(WRITTEN).await;
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
	(scene, cloned)
}

/// Starts a node that led when it was stopped, and gives the block that it makes then. Nobody else runs.
async fn block_of(scene: &mut Scene, position: usize) -> Hash {
	scene.restart(position).await;
	let node = &scene.network.nodes[position];
	let chain = Chain::connect(&node.url).await.unwrap();
	let last = chain.header(chain.finalized().await.unwrap()).await.unwrap();
	let account = Account::development("//Auditor").unwrap();
	let started = Instant::now();
	loop {
		// Without transactions it makes one, too, some seconds later. Whether this one gets anywhere is not of interest.
		let _ = chain.submit(&account, remark(&node.url)).await;
		let best = chain.best().await.unwrap();
		if chain.header(best).await.unwrap().number > last.number {
			return best;
		}
		if started.elapsed() > PATIENCE {
			scene.give_up("a leader that was started again does not go on");
		}
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
}

/// Waits until a node has a block.
async fn has(scene: &mut Scene, position: usize, block: Hash) {
	let started = Instant::now();
	while ask(&scene.network.nodes[position], "chain_getHeader", &[json!(block)])
		.await
		.unwrap()
		== Value::Null
	{
		if started.elapsed() > PATIENCE {
			scene.give_up(&format!("node {position} does not get block {block:?}"));
		}
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
}

/// Whether a node has said in its log that an authority has broken the protocol.
fn accuses(node: &Node) -> bool {
	let words = node.words();
	let said = complaints(&words).unwrap();
	said.iter().any(|line| line.contains("has broken the protocol"))
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

/// A leader goes on in its term when it is started again. The two of it are apart from each other and from everybody when they do so,
/// hence each makes a block of its own on the same one. A witness is shown first one, then the other: it and an authority that runs
/// twice are two of four, so meanwhile nothing becomes final, and nobody else is elected.
#[tokio::test(flavor = "multi_thread")]
async fn a_cloned_authority_splits_nothing_and_is_removed_when_it_has_contradicted_itself() {
	let (mut scene, cloned) = with_a_twin().await;
	// It may do as a liar does.
	scene.ledger.expect_faulty(1);
	let account = AccountId::from(voting_key(scene.network.nodes[cloned].name).public());
	let one = block_of(&mut scene, cloned).await;
	scene.network.nodes[cloned].kill().await.unwrap();
	let other = block_of(&mut scene, TWIN).await;
	assert_ne!(one, other);

	let witness = usize::from(cloned == 0);
	scene.restart(witness).await;
	has(&mut scene, witness, other).await;
	scene.network.nodes[TWIN].kill().await.unwrap();
	assert!(!accuses(&scene.network.nodes[witness]), "one block is no offence");
	let mut before = wanted(&scene.network.nodes[witness]).await.unwrap();
	assert_eq!(before.len(), 4);
	// It has been started once more than its twin, so that the witness takes what it says for the newer.
	scene.restart(cloned).await;
	has(&mut scene, witness, one).await;
	let shown = Instant::now();
	while !accuses(&scene.network.nodes[witness]) {
		if shown.elapsed() > PATIENCE {
			scene.give_up("the witness has both blocks, and accuses nobody");
		}
		tokio::time::sleep(Duration::from_millis(200)).await;
	}

	// The chain goes on, with all of them.
	for position in 0..=TWIN {
		if scene.network.nodes[position].process_id().is_none() {
			scene.restart(position).await;
		}
	}
	scene.progress().await;
	let started = Instant::now();
	before.retain(|wanted| *wanted != account);
	loop {
		let left = wanted(&scene.network.nodes[witness]).await.unwrap();
		if left.len() < 4 {
			assert_eq!(left, before, "the cloned one, and nobody else");
			break;
		}
		if started.elapsed() > PATIENCE {
			scene.give_up("the cloned authority was accused, and is not removed");
		}
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
	println!("Removed {:?} after the witness had both blocks", shown.elapsed());
	for _ in 0..rounds(1, 20) {
		change_the_leader(&scene).await;
		scene.progress().await;
	}
	scene.end().await;
}

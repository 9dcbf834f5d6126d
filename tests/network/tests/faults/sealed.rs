//! Transactions that only the leader reads, and leaders that drop them.

use std::time::{Duration, Instant};

use codec::Decode;
use serde_json::{json, Value};
use tokio::task::JoinHandle;
use veilmart_cli::{
	account::Account,
	chain::Chain,
	error::Error,
	sealed::{Delivered, PATIENCE},
};
use veilmart_demo_parts::process::Node;
use veilmart_network_tests::{
	clients::{
		ask, authority, bytes, publish_false_key, publish_record, remark, round_state, waiting, written,
	},
	scene::{term, Scene},
};
use veilmart_runtime::{Hash, RuntimeEvent, UncheckedExtrinsic};
use veilmart_td_raft::{AuthorityId, AuthorityRecord};

/// Four nodes whose records are on the chain, without traffic, and the records in the nodes' order.
async fn with_records() -> (Scene, Vec<AuthorityRecord>) {
	let scene = Scene::new().await;
	scene.silence();
	let mut records = Vec::new();
	for node in &scene.network.nodes {
		records.push(publish_record(node, 1).await.unwrap());
	}
	for node in &scene.network.nodes {
		let started = Instant::now();
		while waiting(node).await.unwrap() > 0 {
			assert!(
				started.elapsed() < veilmart_network_tests::PATIENCE,
				"{}",
				node.last_words()
			);
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}
	(scene, records)
}

/// What a client does with a transaction that others are not to read beforehand. Its node is one that does not lead.
fn deliver(node: &Node, account: &'static str, text: &str) -> JoinHandle<Result<Delivered, Error>> {
	let (url, call) = (node.url.clone(), remark(text));
	tokio::spawn(async move {
		let chain = Chain::connect(&url).await?;
		let account = Account::development(account)?;
		chain.submit_sealed(&account, call, PATIENCE).await
	})
}

/// That it was dispatched, and where it stands.
async fn is_included(node: &Node, delivered: &Delivered, text: &str) {
	let success = |event: &RuntimeEvent| {
		matches!(
			event,
			RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. })
		)
	};
	assert!(delivered.included.events.iter().any(success), "{delivered:?}");
	let block = ask(node, "chain_getBlock", &[json!(delivered.included.block)])
		.await
		.unwrap();
	let holds = block["block"]["extrinsics"]
		.as_array()
		.unwrap()
		.iter()
		.any(|extrinsic| {
			let encoded = bytes(extrinsic);
			UncheckedExtrinsic::decode(&mut &encoded[..])
				.is_ok_and(|extrinsic| extrinsic.function == remark(text))
		});
	assert!(holds, "{block}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_transaction_is_read_by_the_leader_alone_and_outlives_it() {
	let (mut scene, records) = with_records().await;
	let leader = scene.network.leader().await.unwrap();
	let relay = (leader + 1) % 4;
	let others: Vec<_> = (0..4).filter(|position| *position != leader).collect();

	// As long as the leader has not opened it, nobody has it. It stands still for less time than it takes to be replaced.
	let before = term(&scene.network.nodes[relay]).await;
	scene.network.nodes[leader].freeze().unwrap();
	let delivery = deliver(&scene.network.nodes[relay], "//Alice", "for the leader");
	tokio::time::sleep(Duration::from_millis(600)).await;
	for position in &others {
		assert_eq!(
			waiting(&scene.network.nodes[*position]).await.unwrap(),
			0,
			"it is sealed"
		);
	}
	scene.network.nodes[leader].thaw().unwrap();
	let delivered = delivery.await.unwrap().unwrap();
	is_included(&scene.network.nodes[relay], &delivered, "for the leader").await;
	assert!(!delivered.openly, "{delivered:?}");
	assert_eq!(delivered.sealed_to[0], records[leader].body.authority);
	if term(&scene.network.nodes[relay]).await == before {
		assert_eq!(delivered.sealed_to.len(), 1, "{delivered:?}");
	}

	// A leader that dies with it: the client turns to the next one.
	let leader = scene.network.leader().await.unwrap();
	let relay = (leader + 1) % 4;
	scene.network.nodes[leader].freeze().unwrap();
	let delivery = deliver(&scene.network.nodes[relay], "//Bob", "for the next leader");
	tokio::time::sleep(Duration::from_millis(600)).await;
	scene.network.nodes[leader].kill().await.unwrap();
	let delivered = delivery.await.unwrap().unwrap();
	is_included(&scene.network.nodes[relay], &delivered, "for the next leader").await;
	assert!(!delivered.openly, "{delivered:?}");
	assert_eq!(delivered.sealed_to[0], records[leader].body.authority);
	assert!(delivered.sealed_to.len() > 1, "{delivered:?}");
	scene.restart(leader).await;
	scene.progress().await;
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_drops_sealed_transactions_is_passed_by() {
	let (mut scene, records) = with_records().await;

	// A leader that cannot open them: for its clients it drops them, and in everything else it is good.
	let leader = scene.network.leader().await.unwrap();
	let relay = (leader + 1) % 4;
	let before = term(&scene.network.nodes[relay]).await;
	publish_false_key(&scene.network.nodes[leader], &records[leader], [9; 32])
		.await
		.unwrap();
	let started = Instant::now();
	let delivery = deliver(&scene.network.nodes[relay], "//Alice", "not opened");
	while started.elapsed() < PATIENCE - Duration::from_secs(1) {
		for node in &scene.network.nodes {
			assert_eq!(waiting(node).await.unwrap(), 0, "nobody can read it");
		}
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
	let delivered = delivery.await.unwrap().unwrap();
	is_included(&scene.network.nodes[relay], &delivered, "not opened").await;
	assert!(delivered.openly && started.elapsed() >= PATIENCE, "{delivered:?}");
	assert_eq!(delivered.sealed_to, [records[leader].body.authority]);
	assert_eq!(
		term(&scene.network.nodes[relay]).await,
		before,
		"nobody could know that it was dropped"
	);

	// A leader that drops every transaction, sealed or not: its pool has room for none.
	let censor = (leader + 2) % 4;
	scene.network.nodes[censor].kill().await.unwrap();
	scene.network.nodes[censor]
		.spawn(&["--pool-limit", "0", "--pool-kbytes", "0"])
		.unwrap();
	scene.network.nodes[censor].answers().await.unwrap();
	let relay = (censor + 1) % 4;
	let mut again = 0..4;
	let delivered = loop {
		let attempt = again.next().expect("it includes whatever it gets");
		lead(&mut scene, censor).await;
		let what = format!("dropped by all means {attempt}");
		let delivery = deliver(&scene.network.nodes[relay], "//Bob", &what);
		let delivered = delivery.await.unwrap().unwrap();
		is_included(&scene.network.nodes[relay], &delivered, &what).await;
		// Before the pool drops it, it has it for an instant, in which it may come into a block.
		if delivered.openly {
			break delivered;
		}
	};
	assert_eq!(delivered.sealed_to[0], records[censor].body.authority);
	// Once it was open, the others saw that it was passed over.
	assert_ne!(
		sealer(&scene.network.nodes[relay], delivered.included.block).await,
		records[censor].body.authority
	);
	scene.progress().await;
	scene.end().await;
}

/// Who led when the block was made.
async fn sealer(node: &Node, block: Hash) -> AuthorityId {
	let chain = Chain::connect(&node.url).await.unwrap();
	let led: Option<(u64, AuthorityId)> = chain.call("TdRaftApi_leader", (), Some(block)).await.unwrap();
	led.unwrap().1
}

/// Has the others replaced until this node leads: the lot decides.
async fn lead(scene: &mut Scene, wanted: usize) {
	for _ in 0..30 {
		let leader = scene.network.leader().await.unwrap();
		if leader == wanted {
			return;
		}
		let node = &scene.network.nodes[leader];
		node.freeze().unwrap();
		let other = (0..4)
			.find(|position| ![leader, wanted].contains(position))
			.unwrap();
		let stands = written(&authority(node.name));
		let replaced = round_state(&scene.network.nodes[other], |state| {
			state["leader"].is_string() && state["leader"] != stands
		})
		.await;
		node.thaw().unwrap();
		if let Err(error) = replaced {
			scene.give_up(&error.to_string());
		}
		let follows = |state: &Value| state["role"] == "follower";
		if let Err(error) = round_state(&scene.network.nodes[leader], follows).await {
			scene.give_up(&error.to_string());
		}
	}
	scene.give_up("the node has not been elected thirty times in a row");
}

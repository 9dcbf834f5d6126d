//! What clients and operators see of the consensus: what nodes answer, proofs that others verify, changes of the authorities and
//! of their keys while the chain goes on.

use std::{
	fs,
	time::{Duration, Instant},
};

use codec::{DecodeAll, Encode};
use serde_json::{json, Value};
use sp_core::crypto::Pair as _;
use veilmart_cli::{account::Account, chain::Chain};
use veilmart_demo_parts::process::Node;
use veilmart_network_tests::{
	clients::{
		as_file, ask, authority, bytes, development_key, file, refused, remark, round_state, send, subscribe,
		veilmart, written, Said,
	},
	files::{database, vote_logs},
	governance::{
		add_authority, authorities, carry, queued, remove_authority, set_in_force, shorten_first_session,
	},
	scene::Scene,
	PATIENCE,
};
use veilmart_runtime::{apis::SessionKeys, Hash, Runtime, RuntimeCall};
use veilmart_td_raft::{
	Authority, AuthorityId, AuthorityRecord, AuthoritySet, BlockHash, Phase, QuorumCertificate,
	SealedTransaction, SetId, ShareKey, Sr25519,
};

/// By how much first sessions are shorter, where tests wait for the second.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

fn hash_of(text: &Value) -> Hash {
	Hash::from_slice(&bytes(text))
}

async fn block_hash(node: &Node, number: u32) -> Hash {
	hash_of(&ask(node, "chain_getBlockHash", &[json!(number)]).await.unwrap())
}

async fn final_height(node: &Node) -> u32 {
	let chain = Chain::connect(&node.url).await.unwrap();
	chain
		.header(chain.finalized().await.unwrap())
		.await
		.unwrap()
		.number
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_say_what_the_consensus_does_and_prove_what_is_final() {
	let mut scene = Scene::new().await;
	round_states_agree(&scene).await;
	elections_are_remembered(&scene).await;
	records_are_signed_for_the_node_that_is_asked(&scene).await;
	justifications_verify(&scene).await;
	what_makes_no_sense_is_refused(&scene).await;
	proofs_are_verified_by_those_who_know_the_authorities(&scene).await;
	// Under load, and whatever clients ask.
	scene.nobody_complains();
	what_is_not_final_has_no_proof(&mut scene).await;
	scene.progress().await;
	scene.end().await;
}

async fn round_states_agree(scene: &Scene) {
	let nodes = &scene.network.nodes;
	let mut leads = 0;
	let leader = round_state(&nodes[0], |state| state["leader"].is_string())
		.await
		.unwrap();
	for node in nodes {
		let others = |state: &Value| {
			let peers = state["peers"].as_array().unwrap();
			let at_work = |peer: &Value| peer["connected"] == true && peer["authority"] == true;
			peers.len() == 3 && peers.iter().all(at_work)
		};
		let state = round_state(node, |state| {
			state["term"] == leader["term"] && state["leader"] == leader["leader"] && others(state)
		})
		.await
		.unwrap();
		assert_eq!(state["me"], written(&authority(node.name)));
		assert_eq!(
			(&state["setId"], &state["authorities"], &state["quorum"]),
			(&json!(0), &json!(4), &json!(3))
		);
		let role = if state["me"] == state["leader"] {
			"leader"
		} else {
			"follower"
		};
		assert_eq!(state["role"], role, "{state}");
		assert_eq!(state["gateOpen"], false, "{state}");
		leads += usize::from(role == "leader");
		let [high, commit, last] =
			["highQc", "commitQc", "finalized"].map(|field| state[field]["number"].as_u64().unwrap());
		assert!(high >= commit && commit >= last && last > 0, "{state}");
		let number = u32::try_from(last).unwrap();
		assert_eq!(
			hash_of(&state["finalized"]["hash"]),
			block_hash(node, number).await
		);
	}
	assert_eq!(leads, 1);
}

async fn elections_are_remembered(scene: &Scene) {
	let node = &scene.network.nodes[0];
	let state = ask(node, "tdRaft_roundState", &[]).await.unwrap();
	let elections = ask(node, "tdRaft_elections", &[]).await.unwrap();
	let last = elections.as_array().unwrap().last().unwrap().clone();
	assert_eq!(
		(&last["leader"], &last["term"]),
		(&state["leader"], &state["term"])
	);
	assert_eq!(last["setId"], 0);
	assert!(last["votes"].as_u64().unwrap() >= 3, "{last}");
	// The term is that of the block that the election names, and of none before.
	let number = u32::try_from(last["number"].as_u64().unwrap()).unwrap();
	let chain = Chain::connect(&node.url).await.unwrap();
	for (number, elected) in [(number, true), (number - 1, false)] {
		let at = block_hash(node, number).await;
		let led: Option<(u64, AuthorityId)> = chain.call("TdRaftApi_leader", (), Some(at)).await.unwrap();
		let led = led.map(|(term, leader)| (json!(term), json!(written(&leader))));
		assert_eq!(
			led == Some((last["term"].clone(), last["leader"].clone())),
			elected
		);
	}
	let genesis = block_hash(node, 0).await;
	let none = ask(node, "tdRaft_elections", &[json!(genesis)]).await.unwrap();
	assert_eq!(none, json!([]), "none had been held in genesis");
	let nowhere = refused(node, "tdRaft_elections", &[json!(Hash::repeat_byte(7))])
		.await
		.unwrap();
	assert_eq!(nowhere.code(), 7001, "{nowhere:?}");
}

async fn records_are_signed_for_the_node_that_is_asked(scene: &Scene) {
	for node in &scene.network.nodes {
		let chain = Chain::connect(&node.url).await.unwrap();
		let signed = bytes(&ask(node, "tdRaft_authorityRecord", &[json!(9)]).await.unwrap());
		let record = AuthorityRecord::decode_all(&mut &signed[..]).unwrap();
		assert_eq!(
			(record.body.authority, record.body.counter),
			(authority(node.name), 9)
		);
		let binding: BlockHash = chain.call("TdRaftApi_genesis_binding", (), None).await.unwrap();
		assert!(record.verify(&binding, &Sr25519));
		let peer = ask(node, "system_localPeerId", &[]).await.unwrap();
		let named = base58(record.body.peer_id.as_bytes());
		assert_eq!(peer, named, "others find the node by it");
	}
}

/// A node's identity as it is written: Bitcoin's base 58.
fn base58(bytes: &[u8]) -> String {
	const DIGITS: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	let mut digits: Vec<usize> = Vec::new();
	for byte in bytes {
		let mut carry = usize::from(*byte);
		for digit in &mut digits {
			carry += *digit << 8;
			*digit = carry % 58;
			carry /= 58;
		}
		while carry > 0 {
			digits.push(carry % 58);
			carry /= 58;
		}
	}
	let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| '1');
	let digits = digits.iter().rev().map(|digit| char::from(DIGITS[*digit]));
	zeros.chain(digits).collect()
}

async fn justifications_verify(scene: &Scene) {
	let node = &scene.network.nodes[1];
	let genesis = block_hash(node, 0).await;
	let set = authorities(node).await.unwrap();
	let (_client, mut justified) = subscribe(
		node,
		"tdRaft_subscribeJustifications",
		&[],
		"tdRaft_unsubscribeJustifications",
	)
	.await
	.unwrap();
	let mut last = 0;
	for _ in 0..20 {
		let item = tokio::time::timeout(PATIENCE, justified.next())
			.await
			.expect("blocks become final")
			.expect("the subscription goes on")
			.unwrap();
		let number = item["number"].as_u64().unwrap();
		assert!(number > last, "{number} after {last}");
		last = number;
		let encoded = bytes(&item["justification"]);
		let certificate = QuorumCertificate::decode_all(&mut &encoded[..]).unwrap();
		assert_eq!(Hash::from(certificate.target.hash), hash_of(&item["hash"]));
		assert_eq!(
			(certificate.target.number.0, certificate.phase),
			(number, Phase::Commit)
		);
		assert_eq!(certificate.verify(&genesis.0, &set, &Sr25519), Ok(()));
		let number = u32::try_from(number).unwrap();
		assert_eq!(block_hash(node, number).await, hash_of(&item["hash"]));
	}
}

async fn what_makes_no_sense_is_refused(scene: &Scene) {
	let node = &scene.network.nodes[2];
	let first = block_hash(node, 1).await;
	for (method, values, code, what) in [
		(
			"tdRaft_proveFinality",
			vec![json!(Hash::repeat_byte(7))],
			7002,
			"does not know the block",
		),
		(
			"tdRaft_proveFinality",
			vec![json!(first), json!(5)],
			7002,
			"before the one to begin with",
		),
		("tdRaft_proveFinality", vec![json!("0x12")], -32602, ""),
		("tdRaft_proveFinality", vec![json!("not hexadecimal")], -32602, ""),
		("tdRaft_proveFinality", vec![], -32602, ""),
		("tdRaft_authorityRecord", vec![json!(-1)], -32602, ""),
		(
			"tdRaft_submitSealed",
			vec![json!("0x0102")],
			-32602,
			"not a sealed transaction",
		),
		("tdRaft_submitSealed", vec![json!("1")], -32602, ""),
	] {
		let error = refused(node, method, &values).await.unwrap();
		assert_eq!(error.code(), code, "{method} {values:?}: {error:?}");
		assert!(error.message().contains(what), "{method} {values:?}: {error:?}");
	}
	let long = SealedTransaction {
		leader: authority(node.name),
		sealed: vec![0; 256 * 1024 + 1],
	};
	let long = format!("0x{}", hex::encode(long.encode()));
	let error = refused(node, "tdRaft_submitSealed", &[json!(long)])
		.await
		.unwrap();
	assert_eq!(error.code(), -32602, "{error:?}");
}

/// Runs `veilmart finality` at a node.
fn finality(scene: &Scene, node: &Node, arguments: &[&str]) -> Said {
	let words = [&["--json", "--url", &node.url, "finality"], arguments].concat();
	veilmart(scene.folder(), &words)
}

/// Verifies a proof of finality from two files, with no node at hand.
fn verify(scene: &Scene, genesis: Hash, authorities: &str, proof: &str) -> Said {
	let genesis = format!("{genesis:?}");
	let words = [
		"--json",
		"--genesis",
		&genesis,
		"finality",
		"verify",
		"--authorities",
		authorities,
		proof,
	];
	veilmart(scene.folder(), &words)
}

/// The set of these authorities, which are on no chain.
fn other_set(id: u64, names: &[&str]) -> AuthoritySet {
	let mut members: Vec<_> = names
		.iter()
		.map(|name| {
			let share = format!("{}//tdsh", development_key(name));
			let share = sp_core::sr25519::Pair::from_string(&share, None).unwrap();
			Authority {
				id: authority(name),
				share_key: ShareKey(share.public().0),
			}
		})
		.collect();
	members.sort();
	AuthoritySet::new(SetId(id), members).unwrap()
}

async fn proofs_are_verified_by_those_who_know_the_authorities(scene: &Scene) {
	let node = &scene.network.nodes[3];
	let folder = scene.folder();
	let genesis = block_hash(node, 0).await;
	let first = finality(scene, node, &["authorities", "--at", "0"]).json();
	assert_eq!((&first["setId"], &first["count"]), (&json!(0), &json!(4)));
	let text = veilmart(folder, &["--url", &node.url, "finality", "authorities"]).out;
	assert_eq!(first["authorities"], text.trim(), "the text is what a file holds");
	let authorities = file(folder, "authorities", &text);

	let number = final_height(node).await;
	let hash = block_hash(node, number).await;
	let proof = finality(scene, node, &["prove", &number.to_string()]).json();
	assert_eq!(hash_of(&proof["block"]), hash);
	let proof = bytes(&proof["proof"]);
	let written = |name: &str, bytes: &[u8]| file(folder, name, &hex::encode(bytes));
	let good = written("proof", &proof);
	let shown = verify(scene, genesis, &authorities, &good).json();
	assert_eq!(
		(&shown["final"], &shown["number"]),
		(&json!(true), &json!(number))
	);
	assert_eq!(hash_of(&shown["hash"]), hash);
	let header = ask(node, "chain_getHeader", &[json!(hash)]).await.unwrap();
	assert_eq!(shown["stateRoot"], header["stateRoot"]);

	// A byte that is not as it was, anywhere.
	for part in 0..40 {
		let mut damaged = proof.clone();
		let place = part * (proof.len() - 1) / 39;
		damaged[place] ^= 0x10;
		let said = verify(scene, genesis, &authorities, &written("damaged", &damaged));
		assert_eq!(said.code, 1, "byte {place} of {}: {said:?}", proof.len());
		assert!(["wallet", "file"].contains(&&*said.error().0), "{said:?}");
	}
	let short = written("short", &proof[..proof.len() - 1]);
	assert_eq!(verify(scene, genesis, &authorities, &short).error().0, "file");

	// Another chain, and authorities who did not vote, under the same number or another.
	let said = verify(scene, Hash::repeat_byte(1), &authorities, &good);
	assert_eq!((said.code, &*said.error().0), (1, "wallet"));
	for (id, names) in [
		(0, ["eve", "ferdie", "one", "two"]),
		(0, ["alice", "bob", "charlie", "eve"]),
		(1, ["alice", "bob", "charlie", "dave"]),
	] {
		let others = as_file(folder, "others", &other_set(id, &names));
		let said = verify(scene, genesis, &others, &good);
		assert_eq!(
			(said.code, &*said.error().0),
			(1, "wallet"),
			"{names:?}: {said:?}"
		);
	}

	// What cannot be meant, and what is not there.
	let nothing = file(folder, "nothing", "no digits");
	for (authorities, proof) in [(&nothing, &good), (&authorities, &nothing), (&good, &authorities)] {
		assert_eq!(verify(scene, genesis, authorities, proof).error().0, "file");
	}
	let missing = folder.join("missing").to_str().unwrap().to_owned();
	assert_eq!(verify(scene, genesis, &authorities, &missing).error().0, "file");
	let words = [
		"--json",
		"finality",
		"verify",
		"--authorities",
		&authorities,
		&good,
	];
	let unsaid = veilmart(folder, &words);
	assert_eq!((unsaid.code, &*unsaid.error().0), (2, "usage"), "of which chain?");
	let unknown = finality(scene, node, &["prove", "4000000000"]);
	assert_eq!((unknown.code, &*unknown.error().0), (1, "node"));
	assert!(
		unknown.error().1.contains("has no block 4000000000"),
		"{unknown:?}"
	);
	let wrong = finality(scene, node, &["prove", "last"]);
	assert_eq!((wrong.code, &*wrong.error().0), (2, "usage"));
	let nobody = veilmart(
		folder,
		&["--json", "--url", "ws://127.0.0.1:1", "finality", "prove", "1"],
	);
	assert_eq!((nobody.code, &*nobody.error().0), (1, "node"));
}

async fn what_is_not_final_has_no_proof(scene: &mut Scene) {
	let leader = scene.network.leader().await.unwrap();
	// With two of four the leader's blocks are made, and do not become final.
	let frozen = [(leader + 1) % 4, (leader + 2) % 4];
	for position in frozen {
		scene.network.nodes[position].freeze().unwrap();
	}
	let node = &scene.network.nodes[leader];
	let chain = Chain::connect(&node.url).await.unwrap();
	let account = Account::development("//Auditor").unwrap();
	let started = Instant::now();
	let number = loop {
		// Whether it gets anywhere is not of interest.
		let _ = chain.submit(&account, remark("a block that is not final")).await;
		let best = chain.header(chain.best().await.unwrap()).await.unwrap().number;
		tokio::time::sleep(Duration::from_secs(1)).await;
		let last = final_height(node).await;
		if best > last {
			break best;
		}
		assert!(started.elapsed() < PATIENCE, "{}", node.last_words());
	};
	let said = finality(scene, node, &["prove", &number.to_string()]);
	assert_eq!((said.code, &*said.error().0), (1, "node"));
	assert!(said.error().1.contains("the block is not final"), "{said:?}");
	let error = refused(
		node,
		"tdRaft_proveFinality",
		&[json!(block_hash(node, number).await)],
	)
	.await
	.unwrap();
	assert_eq!(error.code(), 7002, "{error:?}");
	for position in frozen {
		scene.network.nodes[position].thaw().unwrap();
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_leaves_and_comes_back_and_the_first_set_vouches_for_all_that_follow() {
	let mut scene = Scene::on(|path| shorten_first_session(path, HALF_A_MINUTE)).await;
	scene.silence();
	let dave = Account::development("//Dave").unwrap().id();
	let genesis = block_hash(&scene.network.nodes[0], 0).await;
	let first = finality(&scene, &scene.network.nodes[0], &["authorities", "--at", "0"]).json();
	let first = file(scene.folder(), "first", first["authorities"].as_str().unwrap());

	carry(&scene.network.nodes[0], remove_authority(dave.clone()))
		.await
		.unwrap();
	let next = queued(&scene.network.nodes[0]).await.unwrap();
	assert_eq!((next.id(), next.count()), (SetId(1), 3));
	// It is decided; what is wanted from now on concerns the set after it.
	carry(&scene.network.nodes[1], add_authority(dave)).await.unwrap();
	assert_eq!(
		set_in_force(&scene.network.nodes[0], SetId(1)).await.unwrap(),
		next
	);

	// The node goes on as one that follows, and passes on what it is given.
	let left = &scene.network.nodes[3];
	let state = round_state(left, |state| state["setId"] == 1).await.unwrap();
	assert_eq!(
		(&state["role"], &state["authorities"]),
		(&json!("observer"), &json!(3))
	);
	assert_eq!(state["me"], written(&authority("dave")));
	send(left, "//Auditor", remark("by a node that left"))
		.await
		.unwrap();
	scene.progress().await;
	let between = finality(&scene, &scene.network.nodes[0], &["authorities"]).json();
	assert_eq!(between["setId"], 1);
	let between = file(
		scene.folder(),
		"between",
		between["authorities"].as_str().unwrap(),
	);

	let back = set_in_force(&scene.network.nodes[0], SetId(2)).await.unwrap();
	assert!(back.index_of(&authority("dave")).is_some(), "{back:?}");
	let state = round_state(&scene.network.nodes[3], |state| state["setId"] == 2)
		.await
		.unwrap();
	assert_ne!(state["role"], "observer", "{state}");
	// Two changes of the set are nothing to complain of.
	scene.nobody_complains();
	// Now three of four have to vote, one of them is the one that came back.
	scene.network.nodes[1].kill().await.unwrap();
	scene.progress().await;

	// Somebody new begins with nothing.
	let folder = scene.folder().join("eve");
	std::fs::create_dir_all(&folder).unwrap();
	let others: Vec<_> = scene
		.network
		.nodes
		.iter()
		.map(|node| node.address.clone())
		.collect();
	let mut late = Node::prepare("eve", &scene.specification(), &folder, &others)
		.await
		.unwrap();
	late.spawn(&[]).unwrap();
	late.answers().await.unwrap();
	scene.network.nodes.push(late);
	scene.progress().await;
	let state = round_state(&scene.network.nodes[4], |state| state["setId"] == 2)
		.await
		.unwrap();
	assert_eq!(state["role"], "observer");
	let nobody = refused(&scene.network.nodes[4], "tdRaft_authorityRecord", &[json!(1)])
		.await
		.unwrap();
	assert_eq!(nobody.code(), 7001, "it has no record to sign: {nobody:?}");

	// A proof from any of them, for somebody who knows nothing but the first set.
	for position in [0, 3, 4] {
		let node = &scene.network.nodes[position];
		let number = final_height(node).await;
		let proof = |from: &str| {
			let said = finality(&scene, node, &["prove", &number.to_string(), "--from", from]).json();
			file(
				scene.folder(),
				&format!("since-{from}"),
				said["proof"].as_str().unwrap(),
			)
		};
		let whole = proof("0");
		let shown = verify(&scene, genesis, &first, &whole).json();
		assert_eq!(
			(&shown["final"], &shown["number"]),
			(&json!(true), &json!(number))
		);
		assert_eq!(shown["setId"], 2, "{shown}");
		assert_eq!(hash_of(&shown["hash"]), block_hash(node, number).await);
		let rest = proof("1");
		assert_eq!(verify(&scene, genesis, &between, &rest).json()["setId"], 2);
		for (authorities, proof) in [(&first, &rest), (&between, &whole)] {
			let said = verify(&scene, genesis, authorities, proof);
			assert_eq!((said.code, &*said.error().0), (1, "wallet"), "{said:?}");
		}
	}
	scene.restart(1).await;
	scene.progress().await;
	// A follower finds its way into the present set again, too.
	scene.network.nodes[4].kill().await.unwrap();
	scene.restart(4).await;
	scene.progress().await;
	scene.end().await;
}

/// The authority whose keys an account has registered now.
fn tdrf(keys: &[u8]) -> AuthorityId {
	AuthorityId(keys[..32].try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_changes_its_keys_and_its_node_goes_on_under_them() {
	let mut scene = Scene::on(|path| shorten_first_session(path, HALF_A_MINUTE)).await;
	scene.silence();
	let node = &scene.network.nodes[0];
	let process = node.process_id();
	let alice = Account::development("//Alice").unwrap().id();
	let owner = format!("0x{}", hex::encode(alice.encode()));
	let made = ask(node, "author_rotateKeysWithOwner", &[json!(owner)])
		.await
		.unwrap();
	let [keys, proof] = ["keys", "proof"].map(|field| bytes(&made[field]));
	let registration = pallet_session::Call::<Runtime>::set_keys {
		keys: SessionKeys::decode_all(&mut &keys[..]).unwrap(),
		proof,
	};
	send(node, "//Alice", RuntimeCall::Session(registration))
		.await
		.unwrap();

	let [old, new] = [authority("alice"), tdrf(&keys)];
	let set = set_in_force(node, SetId(1)).await.unwrap();
	assert_eq!((set.count(), set.index_of(&old)), (4, None));
	assert!(set.index_of(&new).is_some());
	let state = round_state(node, |state| state["me"] == written(&new))
		.await
		.unwrap();
	assert_eq!(state["setId"], 1);
	assert_eq!(node.process_id(), process, "it was not started again");
	scene.progress().await;
	// The others know it by its new name.
	round_state(&scene.network.nodes[2], |state| {
		let peers = state["peers"].as_array().unwrap();
		peers
			.iter()
			.any(|peer| peer["id"] == written(&new) && peer["connected"] == true && peer["authority"] == true)
	})
	.await
	.unwrap();

	// Now and after a start three of four have to vote, one of them with the new keys.
	scene.network.nodes[1].kill().await.unwrap();
	scene.progress().await;
	scene.restart(1).await;
	scene.progress().await;
	scene.network.nodes[0].kill().await.unwrap();
	scene.progress().await;
	scene.restart(0).await;
	let state = round_state(&scene.network.nodes[0], |state| state["role"] != "observer")
		.await
		.unwrap();
	assert_eq!(state["me"], written(&new));
	scene.network.nodes[3].kill().await.unwrap();
	scene.progress().await;
	scene.restart(3).await;
	scene.progress().await;

	// Its database goes, its logs stay: with the first set it is its old self, bound by what that has promised, and with the
	// second the new one again, which still counts.
	scene.network.nodes[0].kill().await.unwrap();
	let logs = vote_logs(&scene.network.nodes[0]).unwrap();
	assert_eq!(logs.len(), 2, "{logs:?}");
	fs::remove_dir_all(database(&scene.network.nodes[0])).unwrap();
	scene.restart(0).await;
	round_state(&scene.network.nodes[0], |state| state["me"] == written(&new))
		.await
		.unwrap();
	scene.progress().await;
	assert_eq!(vote_logs(&scene.network.nodes[0]).unwrap(), logs);
	scene.network.nodes[1].kill().await.unwrap();
	scene.progress().await;
	scene.restart(1).await;
	scene.progress().await;

	// Its logs go, too. The second set begins for its database only, and may be one in which these keys have voted elsewhere.
	scene.network.nodes[0].kill().await.unwrap();
	fs::remove_dir_all(database(&scene.network.nodes[0])).unwrap();
	for log in &logs {
		fs::remove_file(log).unwrap();
	}
	scene.restart(0).await;
	round_state(&scene.network.nodes[0], |state| state["setId"] == 1)
		.await
		.unwrap();
	scene.progress().await;
	let node = &scene.network.nodes[0];
	let state = round_state(node, |state| state["setId"] == 1).await.unwrap();
	assert_eq!(state["role"], "observer");
	assert!(node.words().contains("--forget-votes"), "{}", node.last_words());

	// Nor is it that it has begun a log for its old self meanwhile, and is started with that before the second set.
	scene.network.nodes[0].kill().await.unwrap();
	fs::remove_dir_all(database(&scene.network.nodes[0])).unwrap();
	scene.restart(0).await;
	round_state(&scene.network.nodes[0], |state| state["setId"] == 1)
		.await
		.unwrap();
	scene.progress().await;
	let node = &scene.network.nodes[0];
	let state = round_state(node, |state| state["setId"] == 1).await.unwrap();
	assert_eq!(state["role"], "observer");
	let logs = vote_logs(node).unwrap();
	assert_eq!(logs.len(), 1, "that of its old self: {logs:?}");
	scene.end().await;
}

/// An authority keeps the states of 256 blocks, so that soon nothing can be read at genesis any more.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_need_nothing_of_the_first_state_once_it_is_gone() {
	let mut scene = Scene::new().await;
	while scene.ledger.height() < 320 {
		scene.progress().await;
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
	let genesis = block_hash(&scene.network.nodes[0], 0).await;
	let gone = refused(
		&scene.network.nodes[0],
		"state_call",
		&[json!("TdRaftApi_timing"), json!("0x"), json!(genesis)],
	)
	.await
	.unwrap();
	assert!(gone.message().contains("discarded"), "{gone:?}");
	records_are_signed_for_the_node_that_is_asked(&scene).await;
	let leader = scene.network.leader().await.unwrap();
	let other = (leader + 1) % 4;
	scene.network.nodes[other].kill().await.unwrap();
	scene.restart(other).await;
	scene.network.nodes[(leader + 2) % 4].kill().await.unwrap();
	scene.progress().await;
	scene.restart((leader + 2) % 4).await;
	scene.progress().await;
	scene.end().await;
}

//! Nodes that cannot reach each other, or only slowly. A quorum of four is three.

use std::time::{Duration, Instant};

use veilmart_cli::{account::Account, chain::Chain};
use veilmart_network_tests::{
	clients::remark,
	router::{behind_proxies, isolated, Needs, Router},
	scene::{term, Scene},
	traffic, PATIENCE,
};
use veilmart_runtime::{AccountId, Hash, Nonce};

/// After so long nothing is on its way any more that was sent before nodes were separated.
const SETTLED: Duration = Duration::from_secs(5);
/// How often a node is asked that should stand still.
const GLANCE: Duration = Duration::from_millis(500);

/// So many seconds, or three times as many for those who have the time. Not more: a connection that was cut tries again
/// when it has waited as long as it had before (TCP, up to two minutes), and progress comes no sooner (behind proxies it does).
fn span(seconds: u64) -> Duration {
	let factor = std::env::var("VEILMART_SOAK").map_or(1, |_| 3);
	Duration::from_secs(seconds * factor)
}

/// For how many seconds the short form separates nodes at most while they stand still.
const SEPARATED: u64 = 20;

/// How long it may take until all get on together after they were separated. The protocol has as long as ever. But the long form
/// cuts connections for longer, and each waits so much longer until it tries again.
fn until_together() -> Duration {
	PATIENCE + span(SEPARATED).saturating_sub(Duration::from_secs(SEPARATED))
}

/// Everybody but one.
fn without(node: usize) -> [usize; 3] {
	[(node + 1) % 4, (node + 2) % 4, (node + 3) % 4]
}

/// What is final at some nodes.
async fn heights(scene: &mut Scene, nodes: &[usize]) -> Vec<u32> {
	let mut heights = Vec::new();
	for node in nodes {
		let from = scene.ledger.height().saturating_sub(50);
		let height = scene.ledger.read(&scene.network.nodes[*node], from).await;
		match height {
			Ok(height) => heights.push(height),
			Err(error) => scene.give_up(&error.to_string()),
		}
	}
	heights
}

async fn terms(scene: &Scene, nodes: &[usize]) -> Vec<u64> {
	let mut terms = Vec::new();
	for node in nodes {
		terms.push(term(&scene.network.nodes[*node]).await);
	}
	terms
}

/// Makes sure that these nodes make nothing final for some time, nor get into another term.
async fn stand_still(scene: &mut Scene, nodes: &[usize], time: Duration) {
	tokio::time::sleep(SETTLED).await;
	let before = (heights(scene, nodes).await, terms(scene, nodes).await);
	let start = Instant::now();
	while start.elapsed() < time {
		tokio::time::sleep(GLANCE).await;
		let now = (heights(scene, nodes).await, terms(scene, nodes).await);
		if now != before {
			let error = format!(
				"{nodes:?} are no quorum: heights and terms {before:?}, {:?} later {now:?}",
				start.elapsed()
			);
			scene.give_up(&error);
		}
	}
	println!("{nodes:?} stood still for {:?} at {before:?}", start.elapsed());
}

/// Waits for progress of some nodes; the others may do what they like.
async fn progress_of(scene: &mut Scene, nodes: &[usize]) -> Duration {
	let all = std::mem::take(&mut scene.network.nodes);
	let (mut taking_part, mut others) = (Vec::new(), Vec::new());
	for (position, node) in all.into_iter().enumerate() {
		let list = if nodes.contains(&position) {
			&mut taking_part
		} else {
			&mut others
		};
		list.push((position, node));
	}
	let positions: Vec<_> = taking_part.iter().map(|(position, _)| *position).collect();
	scene.network.nodes = taking_part.into_iter().map(|(_, node)| node).collect();
	let time = scene.progress().await;
	let taken_part = positions
		.into_iter()
		.zip(std::mem::take(&mut scene.network.nodes));
	others.extend(taken_part);
	others.sort_by_key(|(position, _)| *position);
	scene.network.nodes = others.into_iter().map(|(_, node)| node).collect();
	time
}

/// Lets everything pass, waits for progress, and compares all that is final.
async fn heal(mut scene: Scene, mut router: Router) {
	router.heal();
	let time = scene.progress_within(until_together()).await;
	println!(
		"Healed: progress of all after {time:?}, terms {:?}",
		terms(&scene, &[0, 1, 2, 3]).await
	);
	scene.end().await;
}

#[test]
fn two_and_two_make_nothing_final_until_they_meet_again() {
	isolated(
		"partitions::two_and_two_make_nothing_final_until_they_meet_again",
		Needs::Cuts,
		|mut scene, mut router| async move {
			let leader = scene.network.leader().await.unwrap();
			let [one, two, three] = without(leader);
			router.separate(&[&[leader, one], &[two, three]]);
			stand_still(&mut scene, &[0, 1, 2, 3], span(SEPARATED)).await;
			router.check();
			heal(scene, router).await;
		},
	);
}

async fn a_leader_is_cut_off(mut scene: Scene, mut router: Router) {
	let leader = scene.network.leader().await.unwrap();
	let others = without(leader);
	router.separate(&[&others]);
	let time = progress_of(&mut scene, &others).await;
	println!("The others went on after {time:?}");
	let before = term(&scene.network.nodes[leader]).await;
	stand_still(&mut scene, &[leader], span(15)).await;
	progress_of(&mut scene, &others).await;
	for term in terms(&scene, &others).await {
		assert!(term > before, "{term} after {before}");
	}
	router.check();
	heal(scene, router).await;
}

#[test]
fn a_leader_that_is_cut_off_is_replaced_and_makes_nothing_final() {
	isolated(
		"partitions::a_leader_that_is_cut_off_is_replaced_and_makes_nothing_final",
		Needs::Cuts,
		a_leader_is_cut_off,
	);
}

/// Whatever the machine allows: on most there are namespaces, and proxies would be forgotten.
#[test]
fn a_leader_that_is_cut_off_by_proxies_is_replaced_and_makes_nothing_final() {
	behind_proxies(a_leader_is_cut_off);
}

/// How many transactions of an account are in a node's best block, or in what is final.
async fn number(chain: &Chain, of: &AccountId, at: Option<Hash>) -> Nonce {
	chain.call("AccountNonceApi_account_nonce", of, at).await.unwrap()
}

/// A leader that is cut off puts into a block what only it knows. The others make another one of that height final, and many more.
/// Whether the database still has the abandoned one's body when the pool takes note is a matter of moments; both have to do.
#[test]
fn what_an_abandoned_block_held_becomes_final_in_another_one() {
	isolated(
		"partitions::what_an_abandoned_block_held_becomes_final_in_another_one",
		Needs::Cuts,
		|mut scene, mut router| async move {
			scene.rest().await;
			let leader = scene.network.leader().await.unwrap();
			let others = without(leader);
			let chain = Chain::connect(&scene.network.nodes[leader].url).await.unwrap();
			// Nothing else here sends as this account.
			let account = Account::development("//Auditor").unwrap();
			let before = number(&chain, &account.id(), None).await;
			// A leader whose last block is not certified builds none on it, and without traffic there is one every few seconds: the
			// next is far away when one has just become final.
			let last = chain.finalized().await.unwrap();
			while chain.finalized().await.unwrap() == last {
				tokio::time::sleep(GLANCE / 10).await;
			}
			router.separate(&[&others]);
			let sent = 3;
			for text in ["one", "two", "three"] {
				chain.submit(&account, remark(text)).await.unwrap();
			}
			let start = Instant::now();
			while number(&chain, &account.id(), None).await == before {
				if start.elapsed() > PATIENCE {
					scene.give_up("the leader has put none of them into a block");
				}
				tokio::time::sleep(GLANCE).await;
			}
			let urls = others.map(|other| scene.network.nodes[other].url.clone());
			let traffic = traffic(urls.into());
			for _ in 0..10 {
				progress_of(&mut scene, &others).await;
			}
			let final_block = chain.finalized().await.unwrap();
			assert_eq!(number(&chain, &account.id(), Some(final_block)).await, before);
			router.check();
			router.heal();
			scene.progress_within(until_together()).await;

			traffic.abort();
			let chain = Chain::connect(&scene.network.nodes[others[0]].url).await.unwrap();
			let start = Instant::now();
			loop {
				let final_block = chain.finalized().await.unwrap();
				let now = number(&chain, &account.id(), Some(final_block)).await;
				if now == before + sent {
					break;
				}
				if start.elapsed() > PATIENCE {
					scene.give_up(&format!("{} of {sent} are lost", before + sent - now));
				}
				tokio::time::sleep(GLANCE).await;
			}
			scene.end().await;
		},
	);
}

#[test]
fn a_follower_that_is_cut_off_disturbs_nobody_then_or_later() {
	isolated(
		"partitions::a_follower_that_is_cut_off_disturbs_nobody_then_or_later",
		Needs::Cuts,
		|mut scene, mut router| async move {
			let leader = scene.network.leader().await.unwrap();
			let alone = (leader + 1) % 4;
			let before = terms(&scene, &[0, 1, 2, 3]).await;
			router.separate(&[&without(alone)]);
			progress_of(&mut scene, &without(alone)).await;
			stand_still(&mut scene, &[alone], span(SEPARATED)).await;
			progress_of(&mut scene, &without(alone)).await;
			router.check();
			assert_eq!(terms(&scene, &[0, 1, 2, 3]).await, before, "while it was cut off");
			router.heal();
			let time = scene.progress_within(until_together()).await;
			println!("Healed: progress of all after {time:?}");
			// Long enough for an election.
			tokio::time::sleep(span(10)).await;
			assert_eq!(terms(&scene, &[0, 1, 2, 3]).await, before, "after it was back");
			heal(scene, router).await;
		},
	);
}

#[test]
fn partitions_that_move_about_leave_one_chain() {
	isolated(
		"partitions::partitions_that_move_about_leave_one_chain",
		Needs::Cuts,
		|mut scene, mut router| async move {
			let plan: [&[&[usize]]; 8] = [
				&[&[0, 1], &[2, 3]],
				&[&[1, 2, 3]],
				&[],
				&[&[0, 1, 2]],
				&[&[0, 2], &[1, 3]],
				&[&[0, 1, 2, 3]],
				&[&[0, 2, 3]],
				&[&[0, 3], &[1, 2]],
			];
			let start = Instant::now();
			for sides in plan.iter().cycle() {
				router.separate(sides);
				tokio::time::sleep(Duration::from_secs(5)).await;
				let heights = heights(&mut scene, &[0, 1, 2, 3]).await;
				println!("{:?} with sides {sides:?}: final {heights:?}", start.elapsed());
				if start.elapsed() > span(40) {
					break;
				}
			}
			heal(scene, router).await;
		},
	);
}

#[test]
fn a_leader_that_nobody_hears_is_replaced() {
	isolated(
		"partitions::a_leader_that_nobody_hears_is_replaced",
		Needs::Cuts,
		|mut scene, mut router| async move {
			let leader = scene.network.leader().await.unwrap();
			let before = term(&scene.network.nodes[leader]).await;
			router.mute(leader);
			is_replaced(&mut scene, leader, before).await;
			router.check();
			heal(scene, router).await;
		},
	);
}

#[test]
fn a_leader_that_hears_nobody_is_replaced() {
	isolated(
		"partitions::a_leader_that_hears_nobody_is_replaced",
		Needs::Cuts,
		|mut scene, mut router| async move {
			let leader = scene.network.leader().await.unwrap();
			let before = term(&scene.network.nodes[leader]).await;
			router.deafen(leader);
			is_replaced(&mut scene, leader, before).await;
			router.check();
			heal(scene, router).await;
		},
	);
}

/// Waits until the others have got on in a later term.
async fn is_replaced(scene: &mut Scene, leader: usize, before: u64) {
	// What was under way when the connection broke may still become final in the old term.
	tokio::time::sleep(SETTLED).await;
	let others = without(leader);
	let time = progress_of(scene, &others).await;
	for term in terms(scene, &others).await {
		assert!(term > before, "{term} after {before}");
	}
	println!("The others went on after {SETTLED:?} and {time:?}");
}

#[test]
fn a_slow_network_that_loses_packets_makes_progress() {
	isolated(
		"partitions::a_slow_network_that_loses_packets_makes_progress",
		Needs::Delays,
		|mut scene, mut router| async move {
			router.slow_down(Duration::from_millis(50), 0.01);
			let start = Instant::now();
			let before = scene.ledger.height();
			while start.elapsed() < span(30) {
				scene.progress().await;
			}
			let blocks = scene.ledger.height() - before;
			let terms = terms(&scene, &[0, 1, 2, 3]).await;
			println!("{blocks} blocks final in {:?}, terms {terms:?}", start.elapsed());
			scene.end().await;
			drop(router);
		},
	);
}

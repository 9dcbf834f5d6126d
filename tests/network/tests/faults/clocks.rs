//! Clocks that are wrong, and clocks that jump.
//!
//! A block says when it was made. A node does not vote for one that is dated more than half a minute ahead of its own clock, or
//! behind it; and no block can be dated before its parent. So a leader that is ahead is replaced at once; one that is behind
//! leads on, while the chain's time creeps by a millisecond a block, until that is half a minute behind; a follower whose clock is
//! wrong does not vote to prepare, and follows what the others certify.

use std::time::{Duration, Instant};

use veilmart_demo_parts::process::Node;
use veilmart_network_tests::{
	clocks::{chain_is_ahead, hour, Clock},
	moments::rounds,
	scene::{term, Scene},
	PATIENCE,
};

/// What nodes allow a block to be ahead, in seconds.
const ALLOWED: f64 = 30.0;
const HOUR: i64 = 3_600;

/// A network at work whose nodes have clocks of their own, which are right.
async fn with_clocks() -> (Scene, Vec<Clock>) {
	let mut scene = Scene::new().await;
	let mut clocks = Vec::new();
	for node in &mut scene.network.nodes {
		node.kill().await.unwrap();
		clocks.push(Clock::of(node).unwrap());
		node.spawn(&[]).unwrap();
	}
	for node in &mut scene.network.nodes {
		node.answers().await.unwrap();
	}
	scene.progress().await;
	(scene, clocks)
}

/// Waits until a node's log is dated as its clock says: another hour than that of a node whose clock is right.
async fn has_another_hour(node: &Node, right: &Node) {
	let started = Instant::now();
	while hour(node) == hour(right) {
		assert!(
			started.elapsed() < PATIENCE,
			"{} has the right time: {}",
			node.name,
			node.last_words()
		);
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
}

/// Waits until a node that is not `former` leads in a higher term.
async fn is_replaced(scene: &mut Scene, former: usize, before: u64, patience: Duration) -> usize {
	let started = Instant::now();
	loop {
		let leader = scene.network.leader().await.unwrap();
		if leader != former && term(&scene.network.nodes[leader]).await > before {
			println!("Replaced after {:?}", started.elapsed());
			return leader;
		}
		if started.elapsed() > patience {
			let words = scene.network.last_words();
			scene.give_up(&format!("nobody replaced the leader\n{words}"));
		}
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_clock_jumps_ahead_is_replaced_and_takes_part_when_it_is_right_again() {
	let (mut scene, clocks) = with_clocks().await;
	for _ in 0..rounds(1, 10) {
		let leader = scene.network.leader().await.unwrap();
		let before = term(&scene.network.nodes[leader]).await;
		clocks[leader].set(HOUR).unwrap();
		let next = is_replaced(&mut scene, leader, before, PATIENCE).await;
		// It follows the others, whose blocks are old for it.
		scene.progress().await;
		let ahead = chain_is_ahead(&scene.network.nodes[next]).await.unwrap();
		assert!(ahead < ALLOWED, "the chain's time jumped by {ahead} s");
		clocks[leader].set(0).unwrap();
		scene.progress().await;
		// Without another one its votes are needed.
		let other = (0..4).find(|node| ![leader, next].contains(node)).unwrap();
		scene.network.nodes[other].kill().await.unwrap();
		scene.progress().await;
		scene.restart(other).await;
		scene.progress().await;
	}
	scene.end().await;
}

/// It may save up time, for a moment in which it has it go by at once, but no more than that.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_clock_jumps_back_is_replaced_when_the_time_of_the_chain_is_half_a_minute_behind() {
	let (mut scene, clocks) = with_clocks().await;
	for _ in 0..rounds(1, 5) {
		let leader = scene.network.leader().await.unwrap();
		let before = term(&scene.network.nodes[leader]).await;
		clocks[leader].set(-HOUR).unwrap();
		has_another_hour(
			&scene.network.nodes[leader],
			&scene.network.nodes[(leader + 1) % 4],
		)
		.await;
		scene.progress().await;
		// Half a minute has to go by first.
		let patience = PATIENCE + Duration::from_secs_f64(ALLOWED);
		let next = is_replaced(&mut scene, leader, before, patience).await;
		scene.progress().await;
		let now = chain_is_ahead(&scene.network.nodes[next]).await.unwrap();
		assert!(now.abs() < ALLOWED, "the chain's time is right again: {now} s");
		clocks[leader].set(0).unwrap();
		scene.progress().await;
	}
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_whose_clock_jumps_disturbs_nobody() {
	let (mut scene, clocks) = with_clocks().await;
	let leader = scene.network.leader().await.unwrap();
	let before = term(&scene.network.nodes[leader]).await;
	for round in 0..rounds(1, 10) {
		for (follower, hours) in [((leader + 1) % 4, HOUR), ((leader + 2) % 4, -HOUR)] {
			clocks[follower].set(hours).unwrap();
			has_another_hour(&scene.network.nodes[follower], &scene.network.nodes[leader]).await;
			scene.progress().await;
			for node in &scene.network.nodes {
				let ahead = chain_is_ahead(node).await.unwrap();
				assert!(ahead.abs() < ALLOWED, "{}: {ahead} s", node.name);
			}
			clocks[follower].set(0).unwrap();
			scene.progress().await;
		}
		let now = term(&scene.network.nodes[leader]).await;
		assert_eq!(now, before, "round {round}: the leader is the same");
	}
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_clocks_of_all_jump_ahead_and_back_the_chain_goes_on() {
	let (mut scene, clocks) = with_clocks().await;
	for _ in 0..rounds(1, 5) {
		for clock in &clocks {
			clock.set(HOUR).unwrap();
		}
		scene.progress().await;
		let ahead = chain_is_ahead(&scene.network.nodes[0]).await.unwrap();
		assert!(ahead > ALLOWED, "blocks are dated by the clocks: {ahead} s");
		for clock in &clocks {
			clock.set(0).unwrap();
		}
		scene.progress().await;
	}
	scene.end().await;
}

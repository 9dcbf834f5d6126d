//! Disks that lose their power, and disks that are full.

use std::{
	fs,
	os::unix::process::ExitStatusExt,
	path::{Path, PathBuf},
	process::ExitStatus,
	time::{Duration, Instant},
};

use tokio::task::block_in_place;
use veilmart_demo_parts::process::{Node, Place, AUTHORITIES};
use veilmart_network_tests::{
	files::{copy_folder, database, vote_logs},
	moments::{rounds, Moments},
	mounts::{with_mounts, without_loop, Disk, FileSystem, Rights, Small},
	scene::Scene,
	syncs::ForgetfulDisk,
	Result, PATIENCE,
};

/// Between one MiB and the next, where a disk fills while a node works: faster than most copy to a disk.
const PACE: Duration = Duration::from_millis(50);

/// A network at work, each node with a file system of its own for what belongs to its chain; its log is elsewhere.
async fn with_file_systems<T: FileSystem>(make: impl Fn(&Path) -> Result<T>) -> (Scene, Vec<T>) {
	let mut file_systems = Vec::new();
	let scene = Scene::at(|folder| {
		let mut places = [Place::here()?, Place::here()?, Place::here()?, Place::here()?];
		for (name, place) in AUTHORITIES.into_iter().zip(&mut places) {
			let file_system = make(&folder.join(name))?;
			for (variable, value) in file_system.variables() {
				place.set_variable(variable, value);
			}
			file_systems.push(file_system);
		}
		Ok(places)
	})
	.await;
	(scene, file_systems)
}

/// Reads what becomes final at all nodes, again and again.
async fn watch(scene: &mut Scene, time: Duration) {
	let started = Instant::now();
	loop {
		let from = scene.ledger.height();
		for node in &scene.network.nodes {
			if let Err(error) = scene.ledger.read(node, from).await {
				scene.give_up(&error.to_string());
			}
		}
		if started.elapsed() >= time {
			return;
		}
	}
}

#[test]
fn what_was_final_when_the_power_of_all_went_is_final_when_it_is_back() {
	if without_loop() {
		return;
	}
	let name = "storage::what_was_final_when_the_power_of_all_went_is_final_when_it_is_back";
	with_mounts(name, Rights::Disks, || async {
		let disk = |folder: &Path| Disk::make(&folder.with_extension("disk"), &folder.join("chains"));
		let (mut scene, disks) = with_file_systems(disk).await;
		let mut moments = Moments::new();
		for round in 0..rounds(3, 20) {
			watch(&mut scene, moments.within(Duration::from_secs(8))).await;
			for disk in &disks {
				disk.mark().unwrap();
			}
			let height = scene.ledger.height();
			Disk::cut(&disks).unwrap();
			for node in &mut scene.network.nodes {
				node.kill().await.unwrap();
			}
			for disk in &disks {
				disk.start_again().unwrap();
				disk.check().unwrap();
			}
			for node in &mut scene.network.nodes {
				node.spawn(&[]).unwrap();
			}
			for node in &mut scene.network.nodes {
				if let Err(error) = node.answers().await {
					scene.give_up(&format!("round {round}: {error}"));
				}
			}
			let time = scene.progress().await;
			println!("Round {round}: final was {height}, progress after {time:?}");
			if let Err(error) = scene.ledger.read_all(&scene.network).await {
				scene.give_up(&format!("round {round}: {error}"));
			}
		}
		scene.end().await;
	});
}

/// A copy of the node's database as it is now. The node stands still meanwhile: were the database written while it is
/// copied, it would be one that no disk ever had.
fn copy_database(node: &Node) {
	node.freeze().unwrap();
	let copied = copy_folder(&database(node), &copy_of(node));
	node.thaw().unwrap();
	copied.unwrap();
}

fn copy_of(node: &Node) -> PathBuf {
	node.folder().join("copy")
}

/// How many bytes of the nodes' logs are not synced.
fn at_stake(scene: &Scene, disks: &[ForgetfulDisk]) -> u64 {
	let nodes = scene.network.nodes.iter().zip(disks);
	let logs = nodes.flat_map(|(node, disk)| {
		let logs = vote_logs(node).unwrap().into_iter();
		logs.map(move |log| disk.at_stake(&log).unwrap())
	});
	logs.sum()
}

/// Ends all nodes at once, at a moment at which one of them is writing in its log, if there soon is one.
async fn end_all_while_they_write(scene: &mut Scene, disks: &[ForgetfulDisk], moments: &mut Moments) {
	for _ in 0..100 {
		for node in &scene.network.nodes {
			node.freeze().unwrap();
		}
		if at_stake(scene, disks) > 0 {
			break;
		}
		for node in &scene.network.nodes {
			node.thaw().unwrap();
		}
		tokio::time::sleep(moments.within(Duration::from_millis(100))).await;
	}
	for node in &mut scene.network.nodes {
		node.kill().await.unwrap();
	}
}

/// As above where nobody may mount disks: the databases are as they were some seconds before, and the logs end where they were
/// synced last.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_final_when_all_lost_what_was_not_synced_is_final_when_they_are_back() {
	let (mut scene, disks) = with_file_systems(ForgetfulDisk::of).await;
	let mut moments = Moments::new();
	for round in 0..rounds(3, 20) {
		watch(&mut scene, moments.within(Duration::from_secs(3))).await;
		for node in &scene.network.nodes {
			copy_database(node);
		}
		watch(&mut scene, moments.within(Duration::from_secs(8))).await;
		let height = scene.ledger.height();
		end_all_while_they_write(&mut scene, &disks, &mut moments).await;
		let mut lost = 0;
		for (node, disk) in scene.network.nodes.iter().zip(&disks) {
			for log in vote_logs(node).unwrap() {
				lost += disk.cut(&log, &mut moments).unwrap();
			}
			fs::remove_dir_all(database(node)).unwrap();
			fs::rename(copy_of(node), database(node)).unwrap();
		}
		for node in &mut scene.network.nodes {
			node.spawn(&[]).unwrap();
		}
		for node in &mut scene.network.nodes {
			if let Err(error) = node.answers().await {
				scene.give_up(&format!("round {round}: {error}"));
			}
		}
		let time = scene.progress().await;
		println!("Round {round}: final was {height}, the logs lost {lost} bytes, progress after {time:?}");
		if let Err(error) = scene.ledger.read_all(&scene.network).await {
			scene.give_up(&format!("round {round}: {error}"));
		}
	}
	scene.end().await;
}

/// Waits for the end of a node.
async fn end_of(scene: &mut Scene, position: usize) -> ExitStatus {
	let started = Instant::now();
	loop {
		if let Some(ended) = scene.network.nodes[position].has_ended().unwrap() {
			return ended;
		}
		if started.elapsed() > PATIENCE {
			scene.give_up("a node with a full disk works on");
		}
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
}

/// It has ended as it should, and has said why in what it wrote since then.
fn ended_with_a_word(node: &Node, ended: ExitStatus, since: usize) {
	let words = node.words();
	let words = words.get(since..).unwrap_or_default();
	assert_eq!(ended.signal(), None, "{ended}; it said: {words}");
	assert!(!ended.success(), "{ended}");
	let why = ["No space left on device", "left on the disk"];
	assert!(
		why.iter().any(|why| words.contains(why)),
		"{ended}, and the reason is not there: {words}"
	);
}

#[test]
fn a_leader_whose_disk_fills_stops_with_a_word_and_takes_part_again_when_there_is_room() {
	let name = "storage::a_leader_whose_disk_fills_stops_with_a_word_and_takes_part_again_when_there_is_room";
	with_mounts(name, Rights::Memory, || async {
		let (mut scene, disks) = with_file_systems(|folder| Small::make(&folder.join("chains"))).await;
		for _ in 0..rounds(1, 10) {
			let leader = scene.network.leader().await.unwrap();
			let since = scene.network.nodes[leader].words().len();
			block_in_place(|| disks[leader].fill(PACE)).unwrap();
			let ended = end_of(&mut scene, leader).await;
			let node = &scene.network.nodes[leader];
			ended_with_a_word(node, ended, since);
			assert!(node.words().contains("The node stops: "), "{}", node.last_words());
			scene.progress().await;
			disks[leader].make_room().unwrap();
			scene.restart(leader).await;
			scene.progress().await;
			// Without another one it is needed.
			let other = (leader + 1) % 4;
			scene.network.nodes[other].kill().await.unwrap();
			scene.progress().await;
			scene.restart(other).await;
			scene.progress().await;
		}
		scene.end().await;
	});
}

/// Nobody writes votes, and nothing is imported: only a look at the disk can tell.
#[test]
fn a_node_at_rest_stops_with_a_word_when_its_disk_fills() {
	let name = "storage::a_node_at_rest_stops_with_a_word_when_its_disk_fills";
	with_mounts(name, Rights::Memory, || async {
		let (mut scene, disks) = with_file_systems(|folder| Small::make(&folder.join("chains"))).await;
		scene.rest().await;
		let leader = scene.network.leader().await.unwrap();
		let victim = (leader + 1) % 4;
		let since = scene.network.nodes[victim].words().len();
		block_in_place(|| disks[victim].fill(PACE)).unwrap();
		let ended = end_of(&mut scene, victim).await;
		ended_with_a_word(&scene.network.nodes[victim], ended, since);
		disks[victim].make_room().unwrap();
		scene.restart(victim).await;
		scene.end().await;
	});
}

#[test]
fn a_node_that_starts_on_a_full_disk_ends_with_a_word_and_has_lost_nothing() {
	let name = "storage::a_node_that_starts_on_a_full_disk_ends_with_a_word_and_has_lost_nothing";
	with_mounts(name, Rights::Memory, || async {
		let (mut scene, disks) = with_file_systems(|folder| Small::make(&folder.join("chains"))).await;
		for round in 0..rounds(2, 10) {
			let victim = round as usize % 4;
			scene.network.nodes[victim].kill().await.unwrap();
			disks[victim].fill(Duration::ZERO).unwrap();
			let since = scene.network.nodes[victim].words().len();
			scene.network.nodes[victim].spawn(&[]).unwrap();
			let ended = end_of(&mut scene, victim).await;
			ended_with_a_word(&scene.network.nodes[victim], ended, since);
			scene.progress().await;
			disks[victim].make_room().unwrap();
			scene.restart(victim).await;
			scene.progress().await;
		}
		scene.end().await;
	});
}

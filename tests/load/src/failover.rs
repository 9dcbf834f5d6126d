//! What a killed leader costs: the time from its end until the others see a block become final.
//!
//! Two times for each kill. *Next final block*: any block above all that were final before. *Next leader's*: the first final
//! block of a higher term, which is the first that the dead leader cannot have made. The second is the figure.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
	sync::mpsc,
	task::{JoinHandle, JoinSet},
	time::MissedTickBehavior,
};
use veilmart_cli::{
	error::{Error, Result},
	output::{table, Report},
};
use veilmart_demo_parts::process;
use veilmart_runtime::Header;
use veilmart_td_raft::header;

use crate::{
	client::Node,
	crowd::Crowd,
	extrinsic::Dialect,
	figures::{milliseconds, Durations},
	network::{failed, Network, Own},
};

/// How long a final block is waited for after a kill.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a node may take to catch up after its start.
const CATCHING_UP: Duration = Duration::from_secs(120);

/// Calm between two kills, after the killed one has caught up.
const CALM: Duration = Duration::from_secs(5);

/// A final block that a node announced.
struct Announced {
	number: u32,
	term: u64,
	at: Instant,
}

/// One kill.
struct Kill {
	leader: &'static str,
	next: Duration,
	next_leaders: Duration,
}

/// Kills the leader so many times, under this many transfers in a second.
pub async fn run(network: &mut Network, times: u32, rate: f64) -> Result<(Report, bool)> {
	let dialect = Dialect::of(&network.nodes[0]).await?;
	let crowd = Crowd::gather(&network.nodes, &dialect, network.nodes.len() * times as usize).await?;
	let Some(own) = &mut network.own else {
		return Err(Error::usage(
			"Only a network of our own has leaders that can be killed.",
		));
	};
	let mut kills = Vec::new();
	for time in 0..times as usize {
		let members = crowd
			.members
			.chunks(own.network.nodes.len())
			.nth(time)
			.unwrap_or_default();
		let kill = kill(own, &dialect, members, rate).await?;
		eprintln!(
			"{} of {times}: {}'s node killed; the next leader's block final after {} ms",
			time + 1,
			kill.leader,
			milliseconds(kill.next_leaders)
		);
		kills.push(kill);
	}
	let next = Durations::new(kills.iter().map(|kill| kill.next));
	let next_leaders = Durations::new(kills.iter().map(|kill| kill.next_leaders));
	let ms = |duration| format!("{} ms", milliseconds(duration));
	let mut rows: Vec<_> = kills
		.iter()
		.map(|kill| vec![kill.leader.to_owned(), ms(kill.next), ms(kill.next_leaders)])
		.collect();
	for (name, share) in [("median", 50), ("longest", 100)] {
		rows.push(vec![
			name.into(),
			ms(next.percentile(share)),
			ms(next_leaders.percentile(share)),
		]);
	}
	let text = table(
		&["killed", "next final block>", "next leader's first final block>"],
		&rows,
	);
	let json = json!({
		"scenario": "failover",
		"kills": kills.iter().map(|kill| json!({
			"leader": kill.leader,
			"nextFinal": milliseconds(kill.next),
			"nextLeadersFinal": milliseconds(kill.next_leaders),
		})).collect::<Vec<_>>(),
		"nextFinal": next.json(),
		"nextLeadersFinal": next_leaders.json(),
	});
	Ok((Report::new(text, json), true))
}

/// Kills the leader once, and has its node back and up to date at the end.
async fn kill(own: &mut Own, dialect: &Dialect, members: &[crate::crowd::Member], rate: f64) -> Result<Kill> {
	let position = own.network.leader().await.map_err(failed)?;
	let (announce, mut announced) = mpsc::unbounded_channel();
	// They end when dropped.
	let mut tasks = JoinSet::new();
	for (place, node) in own.network.nodes.iter().enumerate() {
		if place == position {
			continue;
		}
		let node = Node::connect(&node.url).await?;
		let heads = node.finalized_heads().await?;
		tasks.spawn(listen(node, heads, announce.clone()));
	}
	let urls: Vec<_> = own.network.nodes.iter().map(|node| node.url.clone()).collect();
	let load = Load::start(&urls, dialect, members, rate).await?;
	// Until it is in full swing.
	let (mut height, mut term) = (0, 0);
	let swing = Instant::now() + Duration::from_secs(3);
	while let Ok(Some(block)) = tokio::time::timeout_at(swing.into(), announced.recv()).await {
		height = height.max(block.number);
		term = term.max(block.term);
	}
	if own.network.leader().await.map_err(failed)? != position {
		return Err(Error::node("The leader changed before it was killed."));
	}
	// What became final during the last question is old, too.
	while let Ok(block) = announced.try_recv() {
		height = height.max(block.number);
		term = term.max(block.term);
	}
	let killed = Instant::now();
	let node = &mut own.network.nodes[position];
	let leader = node.name;
	node.kill().await.map_err(failed)?;
	let mut next = None;
	let next_leaders = loop {
		let block = tokio::time::timeout(PATIENCE, announced.recv()).await;
		let block = block.ok().flatten().ok_or_else(|| {
			Error::node(format!(
				"No block becomes final after {leader}'s node was killed."
			))
		})?;
		let passed = block.at.saturating_duration_since(killed);
		if block.number > height {
			next.get_or_insert(passed);
		}
		if block.term > term {
			break passed;
		}
	};
	drop(load);
	drop(tasks);
	restart(own, position).await?;
	Ok(Kill {
		leader,
		next: next.unwrap_or(next_leaders),
		next_leaders,
	})
}

async fn restart(own: &mut Own, position: usize) -> Result<()> {
	let words: Vec<_> = own.options.iter().map(String::as_str).collect();
	let other = (position + 1) % own.network.nodes.len();
	let other = Node::connect(&own.network.nodes[other].url).await?;
	let node: &mut process::Node = &mut own.network.nodes[position];
	node.spawn(&words).map_err(failed)?;
	node.answers().await.map_err(failed)?;
	let node = Node::connect(&node.url).await?;
	let started = Instant::now();
	while node.finalized_height().await? + 2 < other.finalized_height().await? {
		if started.elapsed() > CATCHING_UP {
			return Err(Error::node("The killed node does not catch up."));
		}
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
	tokio::time::sleep(CALM).await;
	Ok(())
}

/// Passes on what a node announces.
async fn listen(
	node: Node,
	mut heads: jsonrpsee::core::client::Subscription<Header>,
	announce: mpsc::UnboundedSender<Announced>,
) {
	while let Some(Ok(head)) = heads.next().await {
		let at = Instant::now();
		let Some(term) = term_of(&head) else { continue };
		let block = Announced {
			number: head.number,
			term,
			at,
		};
		if announce.send(block).is_err() {
			break;
		}
	}
	drop(node);
}

/// The term of the leader that sealed a block.
fn term_of(head: &Header) -> Option<u64> {
	let mut digest = head.digest.clone();
	header::take_seal(&mut digest).ok()?;
	Some(header::items(&digest).ok()?.digest.term.0)
}

/// Transfers to all nodes in turn, as long as it lives. Those that a dead node got may be lost: nothing is counted.
struct Load(JoinHandle<()>);

impl Drop for Load {
	fn drop(&mut self) {
		self.0.abort();
	}
}

impl Load {
	async fn start(
		urls: &[String],
		dialect: &Dialect,
		members: &[crate::crowd::Member],
		rate: f64,
	) -> Result<Self> {
		let mut places = Vec::new();
		for (url, member) in urls.iter().zip(members) {
			let call = dialect.transfer(&member.to, dialect.existential);
			places.push((Node::connect(url).await?, member.account.clone(), call));
		}
		let dialect = dialect.clone();
		let mut timer = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
		timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
		Ok(Self(tokio::spawn(async move {
			for nonce in 0.. {
				for (node, account, call) in &places {
					timer.tick().await;
					let transaction = dialect.sign(account, nonce, call);
					// The one that was killed does not answer.
					let _ = node.submit(&[&transaction]).await;
				}
			}
		})))
	}
}

//! Relays between nodes, so that a test can cut them off from each other where the machine lets it make no networks.
//!
//! The test has a relay for each ordered pair of nodes, which passes on what comes on connections that the one makes to the
//! other, both ways, or holds it back.
//!
//! ```text
//! alice: connect(bob) ──→ relay from alice to bob ──→ bob
//! ```
//!
//! To tell nodes only the relays' addresses does not keep them from each other. Whoever is connected says where it listens
//! (identify), and who knows an address passes it on (Kademlia); with litep2p no option forbids to use it: on a chain of type
//! `Local` addresses that are not public count as all others, `--no-private-ip` is for the other backend,
//! `--reserved-only` chooses peers and not their addresses. Nor would that be enough, for a node could use a relay
//! that leads to its peer from somebody else. So the addresses are left alone, and `connect` is not: a library in each node's process
//! (`proxies.c`) leads every connection to another node's port to the node's own relay there, wherever the address is from.
//! Connections between nodes that do not come by a relay are looked for, and fail the test.
//!
//! What differs from a network that drops packets: what is held back arrives as soon as it may, when TCP would wait with
//! trying again; and who is heard and hears nothing (or the other way round) keeps its connections, since the
//! acknowledgements, which the two systems send each other, pass. New connections come about where both ways are open, as there.

use std::{
	collections::{BTreeMap, BTreeSet},
	fs, io,
	net::Ipv4Addr,
	path::PathBuf,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc, Mutex,
	},
	thread,
	time::Duration,
};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::{
		tcp::{OwnedReadHalf, OwnedWriteHalf},
		TcpListener, TcpSocket, TcpStream,
	},
	sync::{mpsc, watch},
	task::JoinSet,
	time::{sleep_until, Instant},
};
use veilmart_demo_parts::process::{Place, AUTHORITIES};

use crate::{
	moments::Moments,
	preload::{compile, PRELOAD},
	router::{pairs, Way, Ways},
	scene::Scene,
	Result,
};

/// What leads connections to the relays, and the variable that tells it where they are.
const LIBRARY: &str = include_str!("proxies.c");
const RELAYS: &str = "VEILMART_RELAYS";
/// From where relays connect to nodes, so that these connections can be told from others.
const SOURCE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// As the system's list of connections has it.
const ESTABLISHED: &str = "01";
/// Bytes that are read at once, and how many times as many are on their way at most.
const CHUNK: usize = 16 * 1024;
const CHUNKS: usize = 256;
/// Bytes in a packet.
const PACKET: usize = 1_448;
/// How much longer what was lost takes: TCP on Linux sends it again no sooner than that.
const AGAIN: Duration = Duration::from_millis(200);
/// After so long everything that was being written when a way was cut is written, and counted.
const SETTLED: Duration = Duration::from_millis(300);

/// How many bytes have passed on each way.
type Passed = BTreeMap<Way, AtomicU64>;

/// What the test wants.
#[derive(Debug, Default)]
struct Rules {
	cut: BTreeSet<Way>,
	delay: Duration,
	/// So many of a million packets get lost.
	loss: u64,
}

const MILLION: u64 = 1_000_000;

/// A way, and what passes on it.
#[derive(Clone)]
struct Road {
	way: Way,
	rules: watch::Receiver<Rules>,
	passed: Arc<Passed>,
	luck: Arc<Mutex<Moments>>,
}

impl Road {
	/// The way back.
	fn back(&self) -> Self {
		let (from, to) = self.way;
		Self {
			way: (to, from),
			..self.clone()
		}
	}

	/// Waits until something may pass. False if the test is over.
	async fn is_open(&mut self) -> bool {
		let way = self.way;
		self.rules
			.wait_for(move |rules| !rules.cut.contains(&way))
			.await
			.is_ok()
	}

	/// Waits until something may pass there and back.
	async fn is_open_both_ways(&mut self) -> bool {
		let (from, to) = self.way;
		self.rules
			.wait_for(move |rules| !rules.cut.contains(&(from, to)) && !rules.cut.contains(&(to, from)))
			.await
			.is_ok()
	}

	/// How long so many bytes are on their way.
	fn duration(&self, bytes: usize) -> Duration {
		let (delay, loss) = {
			let rules = self.rules.borrow();
			(rules.delay, rules.loss)
		};
		if loss == 0 {
			return delay;
		}
		let mut luck = self.luck.lock().unwrap();
		let is_lost = (0..bytes.div_ceil(PACKET)).any(|_| luck.below(MILLION) < loss);
		if is_lost {
			delay + AGAIN
		} else {
			delay
		}
	}

	/// Takes what somebody says, until it says nothing more.
	async fn listen(&self, first: Vec<u8>, mut from: OwnedReadHalf, queue: mpsc::Sender<(Instant, Vec<u8>)>) {
		let mut due = Instant::now();
		let mut bytes = first;
		loop {
			if !bytes.is_empty() {
				// Nothing overtakes what was said before.
				due = due.max(Instant::now() + self.duration(bytes.len()));
				if queue.send((due, bytes)).await.is_err() {
					return;
				}
			}
			bytes = Vec::with_capacity(CHUNK);
			match from.read_buf(&mut bytes).await {
				Ok(length) if length > 0 => {}
				_ => return,
			}
		}
	}

	/// Says it to somebody else, when it may.
	async fn say(mut self, mut queue: mpsc::Receiver<(Instant, Vec<u8>)>, mut to: OwnedWriteHalf) {
		while let Some((due, bytes)) = queue.recv().await {
			sleep_until(due).await;
			let mut rest = &bytes[..];
			while !rest.is_empty() {
				if !self.is_open().await {
					return;
				}
				let written = tokio::select! {
					written = to.write(rest) => written,
					// Perhaps the way is cut now.
					_ = self.rules.changed() => continue,
				};
				match written {
					Ok(length) if length > 0 => {
						self.passed[&self.way].fetch_add(length as u64, Ordering::Relaxed);
						rest = &rest[length..];
					}
					_ => {
						// It is gone. What its system says about that goes the other way.
						while queue.recv().await.is_some() {}
						return;
					}
				}
			}
		}
		// The end passes when something else would.
		if self.is_open().await {
			let _ = to.shutdown().await;
		}
	}

	/// Passes on what comes one way.
	async fn carry(self, first: Vec<u8>, from: OwnedReadHalf, to: OwnedWriteHalf) {
		let (sender, queue) = mpsc::channel(CHUNKS);
		let listening = self.clone();
		tokio::join!(
			async move { listening.listen(first, from, sender).await },
			self.say(queue, to)
		);
	}
}

/// Connects to a node.
async fn reach(port: u16) -> io::Result<TcpStream> {
	let socket = TcpSocket::new_v4()?;
	socket.bind((SOURCE, 0).into())?;
	let stream = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
	stream.set_nodelay(true)?;
	Ok(stream)
}

/// A connection that the road's first node makes to its second one, which listens at this port.
async fn connection(caller: TcpStream, port: u16, mut road: Road) {
	if caller.set_nodelay(true).is_err() {
		return;
	}
	let (mut from_caller, to_caller) = caller.into_split();
	// To make a connection, packets have to pass both ways. Whoever gives up before they do is not connected.
	let mut first = Vec::new();
	loop {
		tokio::select! {
			biased;
			is_open = road.is_open_both_ways() => {
				if is_open {
					break;
				}
				return;
			}
			read = from_caller.read_buf(&mut first), if first.len() < CHUNK => {
				if !read.is_ok_and(|length| length > 0) {
					return;
				}
			}
		}
	}
	// If nobody listens there, the caller's connection ends here.
	let Ok(callee) = reach(port).await else {
		return;
	};
	let (from_callee, to_callee) = callee.into_split();
	let back = road.back();
	tokio::join!(
		road.carry(first, from_caller, to_callee),
		back.carry(Vec::new(), from_callee, to_caller)
	);
}

/// All connections that the road's first node makes to its second one.
async fn relay(listener: TcpListener, port: u16, road: Road) {
	// They end with this.
	let mut connections = JoinSet::new();
	loop {
		tokio::select! {
			accepted = listener.accept() => {
				if let Ok((caller, _)) = accepted {
					connections.spawn(connection(caller, port, road.clone()));
				}
			}
			Some(_) = connections.join_next() => {}
		}
	}
}

/// The relays, and what they hold back.
pub struct Proxies {
	rules: watch::Sender<Rules>,
	/// Where the nodes listen.
	nodes: [u16; AUTHORITIES.len()],
	/// Where the relays listen.
	relays: BTreeMap<Way, u16>,
	passed: Arc<Passed>,
	/// What had passed on each way that is cut, when it was cut.
	before: BTreeMap<Way, u64>,
	/// Where the library is.
	folder: tempfile::TempDir,
	/// They end with this.
	_tasks: JoinSet<()>,
}

impl Proxies {
	/// Relays to whoever listens at these ports.
	async fn new(nodes: [u16; AUTHORITIES.len()]) -> Result<Self> {
		let (rules, heard) = watch::channel(Rules::default());
		let passed: Arc<Passed> = Arc::new(pairs().map(|way| (way, AtomicU64::new(0))).collect());
		let luck = Arc::new(Mutex::new(Moments::new()));
		let mut relays = BTreeMap::new();
		let mut tasks = JoinSet::new();
		for way in pairs() {
			let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
			relays.insert(way, listener.local_addr()?.port());
			let road = Road {
				way,
				rules: heard.clone(),
				passed: passed.clone(),
				luck: luck.clone(),
			};
			tasks.spawn(relay(listener, nodes[way.1], road));
		}
		let proxies = Self {
			rules,
			nodes,
			relays,
			passed,
			before: BTreeMap::new(),
			folder: tempfile::tempdir()?,
			_tasks: tasks,
		};
		compile(LIBRARY, &proxies.library())?;
		Ok(proxies)
	}

	/// Four nodes at work, each with its relays to the others.
	pub async fn with_nodes() -> Result<(Scene, Self)> {
		let mut places = [Place::here()?, Place::here()?, Place::here()?, Place::here()?];
		let proxies = Self::new(std::array::from_fn(|node| places[node].port())).await?;
		for (node, place) in places.iter_mut().enumerate() {
			place.set_variable(PRELOAD, proxies.library());
			place.set_variable(RELAYS, proxies.relays_of(node));
		}
		let scene = Scene::at(|_| Ok(places)).await;
		proxies.check();
		Ok((scene, proxies))
	}

	fn library(&self) -> PathBuf {
		self.folder.path().join("proxies.so")
	}

	/// Where a node's connections to others lead, as its library wants to know it.
	fn relays_of(&self, node: usize) -> String {
		let relays = self.relays.iter().filter(|((from, _), _)| *from == node);
		let relays = relays.map(|((_, to), relay)| format!("{}={relay}", self.nodes[*to]));
		relays.collect::<Vec<_>>().join(" ")
	}

	/// Connections to nodes that come from elsewhere than from a relay.
	fn around(&self) -> Result<Vec<String>> {
		let mut around = Vec::new();
		for line in fs::read_to_string("/proc/net/tcp")?.lines().skip(1) {
			let words: Vec<_> = line.split_whitespace().collect();
			let [_, here, there, ESTABLISHED, ..] = words[..] else {
				continue;
			};
			let ((_, port), (address, from)) = (endpoint(here)?, endpoint(there)?);
			// A node's own connections to relays begin at the port at which it listens.
			let is_relay = address == SOURCE || self.relays.values().any(|relay| *relay == from);
			if self.nodes.contains(&port) && !is_relay {
				around.push(format!("{address}:{from} to {port}"));
			}
		}
		Ok(around)
	}

	fn passed_on(&self, way: &Way) -> u64 {
		self.passed[way].load(Ordering::Relaxed)
	}
}

/// Address and port of a connection's end, as the system lists it: the address in the order of its bytes in memory.
fn endpoint(written: &str) -> Result<(Ipv4Addr, u16)> {
	let (address, port) = written.split_once(':').ok_or("no port")?;
	let address = u32::from_str_radix(address, 16)?.to_ne_bytes();
	Ok((address.into(), u16::from_str_radix(port, 16)?))
}

impl Ways for Proxies {
	fn cut_exactly(&mut self, ways: BTreeSet<Way>) {
		self.check();
		self.rules.send_modify(|rules| rules.cut.clone_from(&ways));
		thread::sleep(SETTLED);
		let before = ways.into_iter().map(|way| (way, self.passed_on(&way))).collect();
		self.before = before;
	}

	fn slow_down(&mut self, delay: Duration, loss: f64) {
		self.rules.send_modify(|rules| {
			rules.delay = delay;
			rules.loss = (loss * MILLION as f64) as u64;
		});
	}

	/// Nothing has passed where nothing may since it was cut, and no connection comes by another way.
	fn check(&self) {
		let around = self.around().unwrap();
		assert!(around.is_empty(), "connections around the relays: {around:?}");
		for (way, before) in &self.before {
			assert_eq!(
				self.passed_on(way),
				*before,
				"bytes passed on {way:?}, which is cut"
			);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::router::{deafened, muted, separated};
	use std::{
		panic::{catch_unwind, AssertUnwindSafe},
		process::Command,
	};
	use tokio::time::timeout;

	/// How long it may take until something arrives. It takes less than a millisecond.
	const SOON: Duration = Duration::from_secs(10);
	/// What has not arrived after so long is held back.
	const LATE: Duration = Duration::from_millis(100);

	/// Relays between four who are no nodes, and do nothing by themselves.
	async fn proxies() -> (Proxies, Vec<TcpListener>) {
		let mut ends = Vec::new();
		for _ in AUTHORITIES {
			ends.push(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
		}
		let ports = std::array::from_fn(|node| ends[node].local_addr().unwrap().port());
		(Proxies::new(ports).await.unwrap(), ends)
	}

	async fn call(proxies: &Proxies, way: Way) -> TcpStream {
		let relay = (Ipv4Addr::LOCALHOST, proxies.relays[&way]);
		TcpStream::connect(relay).await.unwrap()
	}

	/// The next connection that comes to an end, if one comes in this time.
	async fn called(end: &TcpListener, within: Duration) -> Option<TcpStream> {
		let accepted = timeout(within, end.accept()).await.ok()?;
		Some(accepted.unwrap().0)
	}

	/// Whether a byte arrives in this time that was sent.
	async fn arrives(to: &mut TcpStream, within: Duration) -> bool {
		match timeout(within, to.read_u8()).await {
			Ok(byte) => byte.unwrap() == b'?',
			Err(_) => false,
		}
	}

	/// That a byte that is sent passes, or does not.
	async fn passes(from: &mut TcpStream, to: &mut TcpStream, may: bool, way: Way) {
		from.write_all(b"?").await.unwrap();
		let arrived = arrives(to, if may { SOON } else { LATE }).await;
		assert_eq!(arrived, may, "on {way:?}");
	}

	#[tokio::test(flavor = "multi_thread")]
	async fn bytes_pass_where_they_may_and_what_is_held_back_arrives_later() {
		let (mut proxies, ends) = proxies().await;
		let mut connections = Vec::new();
		for (from, to) in pairs() {
			let caller = call(&proxies, (from, to)).await;
			let callee = called(&ends[to], SOON).await.unwrap();
			connections.push(((from, to), caller, callee));
		}
		for cut in [
			BTreeSet::new(),
			separated(&[&[0, 1], &[2, 3]]),
			separated(&[&[1, 2, 3]]),
			muted(1),
			deafened(3),
		] {
			proxies.cut_exactly(cut.clone());
			for ((from, to), caller, callee) in &mut connections {
				let (there, back) = ((*from, *to), (*to, *from));
				passes(caller, callee, !cut.contains(&there), there).await;
				passes(callee, caller, !cut.contains(&back), back).await;
			}
			proxies.cut_exactly(BTreeSet::new());
			for ((from, to), caller, callee) in &mut connections {
				if cut.contains(&(*from, *to)) {
					assert!(arrives(callee, SOON).await, "from {from} to {to}");
				}
				if cut.contains(&(*to, *from)) {
					assert!(arrives(caller, SOON).await, "from {to} back to {from}");
				}
			}
		}
	}

	#[tokio::test(flavor = "multi_thread")]
	async fn who_calls_over_a_way_that_is_cut_is_connected_when_both_are_open_unless_it_gives_up() {
		let (mut proxies, ends) = proxies().await;
		for cut in [muted(0), deafened(0)] {
			proxies.cut_exactly(cut);
			let mut caller = call(&proxies, (0, 1)).await;
			caller.write_all(b"?").await.unwrap();
			let mut impatient = call(&proxies, (0, 1)).await;
			impatient.write_all(b"!").await.unwrap();
			drop(impatient);
			assert!(called(&ends[1], LATE).await.is_none());
			proxies.cut_exactly(BTreeSet::new());
			let mut callee = called(&ends[1], SOON).await.unwrap();
			assert!(arrives(&mut callee, SOON).await, "what it said before");
			passes(&mut callee, &mut caller, true, (1, 0)).await;
			assert!(called(&ends[1], LATE).await.is_none(), "one has given up");
		}
	}

	#[tokio::test(flavor = "multi_thread")]
	async fn the_end_of_a_connection_passes_like_everything_else() {
		let (mut proxies, ends) = proxies().await;
		let caller = call(&proxies, (2, 3)).await;
		let mut callee = called(&ends[3], SOON).await.unwrap();
		proxies.cut_exactly(muted(2));
		drop(caller);
		assert!(timeout(LATE, callee.read_u8()).await.is_err());
		proxies.cut_exactly(BTreeSet::new());
		assert!(timeout(SOON, callee.read_u8()).await.unwrap().is_err());
	}

	#[tokio::test(flavor = "multi_thread")]
	async fn what_is_slowed_down_or_lost_arrives_late_and_in_its_order() {
		const DELAY: Duration = Duration::from_millis(100);
		let (mut proxies, ends) = proxies().await;
		let mut caller = call(&proxies, (0, 1)).await;
		let mut callee = called(&ends[1], SOON).await.unwrap();
		for (loss, least) in [(0.0, DELAY), (1.0, DELAY + AGAIN)] {
			proxies.slow_down(DELAY, loss);
			let start = Instant::now();
			caller.write_u8(b'?').await.unwrap();
			assert!(arrives(&mut callee, SOON).await);
			assert!(start.elapsed() >= least, "{:?}", start.elapsed());
			let start = Instant::now();
			for number in 0..100 {
				caller.write_u8(number).await.unwrap();
				tokio::time::sleep(Duration::from_millis(1)).await;
			}
			for number in 0..100 {
				assert_eq!(callee.read_u8().await.unwrap(), number);
			}
			// What waits does not wait for what came before it as well.
			assert!(start.elapsed() < 50 * least, "{:?}", start.elapsed());
		}
	}

	#[tokio::test(flavor = "multi_thread")]
	async fn what_comes_around_the_relays_or_passes_where_nothing_may_does_not_go_unnoticed() {
		let (mut proxies, ends) = proxies().await;
		let _caller = call(&proxies, (0, 1)).await;
		let _callee = called(&ends[1], SOON).await.unwrap();
		proxies.check();
		let around = TcpStream::connect(ends[1].local_addr().unwrap()).await.unwrap();
		assert!(catch_unwind(AssertUnwindSafe(|| proxies.check())).is_err());
		drop(around);

		proxies.cut_exactly(muted(0));
		proxies.check();
		proxies.passed[&(0, 1)].fetch_add(1, Ordering::Relaxed);
		assert!(catch_unwind(AssertUnwindSafe(|| proxies.check())).is_err());
	}

	#[tokio::test(flavor = "multi_thread")]
	async fn a_program_that_connects_to_a_node_is_led_to_its_own_relay() {
		let (proxies, ends) = proxies().await;
		let run = |node: usize, port: u16| {
			let mut program = Command::new("bash")
				.args(["-c", &format!("echo -n '?' >/dev/tcp/127.0.0.1/{port}")])
				.env(PRELOAD, proxies.library())
				.env(RELAYS, proxies.relays_of(node))
				.spawn()
				.unwrap();
			assert!(program.wait().unwrap().success());
		};
		for (from, to) in pairs() {
			run(from, proxies.nodes[to]);
			let mut callee = called(&ends[to], SOON).await.unwrap();
			assert_eq!(callee.peer_addr().unwrap().ip(), SOURCE);
			assert!(arrives(&mut callee, SOON).await);
		}
		// What has arrived is counted a moment later.
		tokio::time::sleep(SETTLED).await;
		for way in pairs() {
			assert_eq!(proxies.passed_on(&way), 1, "nobody used another's relay: {way:?}");
		}
		// Other connections are left alone.
		let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
		run(0, other.local_addr().unwrap().port());
		let callee = called(&other, SOON).await.unwrap();
		assert_eq!(callee.peer_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
	}
}

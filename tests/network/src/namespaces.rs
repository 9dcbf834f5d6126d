//! Nodes in networks of their own, so that a test can cut them off from each other.
//!
//! Each node has a network namespace with one address and one wire. All wires end at a router, which is the namespace of
//! the test itself: it forwards between the nodes, drops what a test does not want to pass, and reaches every node's RPC
//! whatever is cut. A node has no other way to another one: its loopback is its own, and addresses that it learns of
//! others lead through the router.
//!
//! ```text
//! test = router  10.99.1.1 ──── 10.99.1.2  alice
//!                10.99.2.1 ──── 10.99.2.2  bob
//!                ...
//! ```
//!
//! [`in_namespaces`] runs a test's body in a second process, in user, network and process namespaces that the system takes
//! down with everything in them when it ends, however it ends. That needs no rights where the system lets users make user
//! namespaces, and is the same for root. Needed: `unshare`, `nsenter` (util-linux), `ip` (iproute2), `bash`; for a slow
//! network `python3` and the right to use `/dev/net/tun`. [`refused`] says whether a machine has all that.

use std::{
	collections::BTreeSet,
	fs,
	io::{BufRead, BufReader, Write},
	net::Ipv4Addr,
	process::{Child, Command, Stdio},
	thread,
	time::{Duration, Instant},
};
use veilmart_demo_parts::process::{Place, AUTHORITIES};

use crate::{
	router::{pairs, Needs, Way, Ways},
	scene::Scene,
	second_process::{self, in_second_process},
	Result,
};

/// A port at which nobody listens.
const CLOSED_PORT: u16 = 9;
/// A program that delays packets, for systems without a queue that does; its device; the routes that lead to it.
const DELAY_LINE: &str = include_str!("delay_line.py");
const SLOW: &str = "slow";
const SLOW_TABLE: u32 = 7;
/// How long a datagram may take from one namespace to another. It takes less than a millisecond.
const PROBE: Duration = Duration::from_millis(300);

/// What a machine has to allow.
const NEEDED: &str = "This test cuts nodes off from each other in network namespaces. It needs `unshare`, `nsenter`, `ip` and \
	`bash` (packages util-linux, iproute2, bash), and a system that lets this user make user namespaces: see \
	user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; in a \
	container its own rules, which may also hide parts of /proc.";

/// A second process is its user's root in an empty network.
const OPTIONS: [&str; 3] = ["--user", "--map-root-user", "--net"];
/// What a test does in such a process, once, as a script of the shell.
const TRIAL: &str = "
	for tool in ip nsenter bash; do
		command -v $tool >/dev/null || { echo \"there is no $tool\" >&2; exit 1; }
	done
	echo 1 >/proc/sys/net/ipv4/ip_forward
	ip link add name one type veth peer name other
	ip rule add pref 100 iif one to 10.99.1.2 blackhole
	unshare --net -- true
";
/// The same for a slow network.
const SLOW_TRIAL: &str = "
	command -v python3 >/dev/null || { echo 'there is no python3' >&2; exit 1; }
	exec 3<>/dev/net/tun
";

/// Why this machine has no namespaces that do what the test needs. None if it has.
pub fn refused(needs: Needs) -> Option<String> {
	match needs {
		Needs::Cuts => second_process::refused(&OPTIONS, TRIAL),
		Needs::Delays => second_process::refused(&OPTIONS, &[TRIAL, SLOW_TRIAL].concat()),
	}
}

/// Runs the body of the test of this name in a second process, as its user's root in an empty network. The name is what
/// the test program calls the test.
pub fn in_namespaces(name: &str, body: impl FnOnce()) {
	in_second_process(name, &OPTIONS, NEEDED, body);
}

/// What joins the namespaces of the nodes, and what it drops.
pub struct Wires {
	/// Each keeps a namespace.
	keepers: Vec<Child>,
	/// Other processes.
	helpers: Vec<Child>,
	/// From which node to which nothing passes.
	cut: BTreeSet<Way>,
}

impl Wires {
	/// Four namespaces that reach each other.
	fn new() -> Result<Self> {
		fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
		loopback()?;
		let mut wires = Self {
			keepers: Vec::new(),
			helpers: Vec::new(),
			cut: BTreeSet::new(),
		};
		for position in 0..AUTHORITIES.len() {
			let mut keeper = Command::new("unshare")
				.args(["--net", "--", "sh", "-c", "echo; exec cat"])
				.stdin(Stdio::piped())
				.stdout(Stdio::piped())
				.spawn()?;
			// It is in its namespace when it has said something.
			let stdout = keeper.stdout.take().ok_or("no output")?;
			BufReader::new(stdout).read_line(&mut String::new())?;
			let id = keeper.id();
			wires.keepers.push(keeper);
			let (wire, address, gate) = (wire(position), address(position), gate(position));
			ip(&format!(
				"link add name {wire} type veth peer name wire netns {id}\n\
				 addr add {gate}/24 dev {wire}\n\
				 link set {wire} up\n"
			))?;
			ip_of(
				id,
				&format!(
					"addr add {address}/24 dev wire\n\
					 link set wire up\n\
					 link set lo up\n\
					 route add default via {gate}\n"
				),
			)?;
		}
		Ok(wires)
	}

	/// Four nodes at work in four namespaces.
	pub async fn with_nodes() -> Result<(Scene, Self)> {
		let wires = Self::new()?;
		let places = std::array::from_fn(|position| {
			Place::namespace_of(wires.keepers[position].id(), address(position))
		});
		let scene = Scene::at(|_| Ok(places)).await;
		wires.check();
		Ok((scene, wires))
	}

	/// How long a datagram takes from one namespace to another, at most. One to a closed port is counted where it arrives.
	fn travels(&self, from: usize, to: usize) -> Result<Option<Duration>> {
		let receiver = self.keepers[to].id();
		let before = datagrams_for_nobody(receiver)?;
		let start = Instant::now();
		let send = format!("echo > /dev/udp/{}/{CLOSED_PORT}", address(to));
		let status = enter(self.keepers[from].id())
			.args(["bash", "-c", &send])
			.status()?;
		if !status.success() {
			return Err("the datagram was not sent".into());
		}
		while start.elapsed() < PROBE {
			if datagrams_for_nobody(receiver)? > before {
				return Ok(Some(start.elapsed()));
			}
			thread::sleep(Duration::from_millis(5));
		}
		Ok(None)
	}
}

impl Ways for Wires {
	fn cut_exactly(&mut self, ways: BTreeSet<Way>) {
		let rule = |word: &str, (from, to): &Way| {
			format!(
				"rule {word} pref 100 iif {} to {} blackhole\n",
				wire(*from),
				address(*to)
			)
		};
		let added = ways.difference(&self.cut).map(|way| rule("add", way));
		let removed = self.cut.difference(&ways).map(|way| rule("del", way));
		let batch: String = added.chain(removed).collect();
		ip(&batch).unwrap();
		self.cut = ways;
		self.check();
	}

	fn slow_down(&mut self, delay: Duration, loss: f64) {
		let mut line = Command::new("python3")
			.args(["-c", DELAY_LINE, SLOW])
			.args([delay.as_secs_f64().to_string(), loss.to_string()])
			.stdin(Stdio::null())
			.stdout(Stdio::piped())
			.spawn()
			.unwrap();
		let stdout = line.stdout.take().unwrap();
		self.helpers.push(line);
		let said = BufReader::new(stdout).read_line(&mut String::new());
		assert_eq!(said.unwrap(), 1, "python3 and /dev/net/tun are needed");
		// Between the nodes' wires everything goes through the device; what comes out of it is delivered.
		let mut batch = format!(
			"link set {SLOW} txqueuelen 10000 up\n\
			 route add default dev {SLOW} table {SLOW_TABLE}\n\
			 rule add pref 200 iif {SLOW} lookup main\n"
		);
		for node in 0..AUTHORITIES.len() {
			batch += &format!("rule add pref 300 iif {} lookup {SLOW_TABLE}\n", wire(node));
		}
		ip(&batch).unwrap();
		let mut times = Vec::new();
		for (from, to) in pairs() {
			times.extend(self.travels(from, to).unwrap());
		}
		assert!(times.len() > pairs().count() / 2, "datagrams arrive");
		assert!(times.iter().all(|time| *time >= delay), "{times:?}");
	}

	/// By a datagram from each node's namespace to each other's.
	fn check(&self) {
		for (from, to) in pairs() {
			let wanted = !self.cut.contains(&(from, to));
			assert_eq!(
				self.travels(from, to).unwrap().is_some(),
				wanted,
				"from {from} to {to}, where {:?} are cut",
				self.cut
			);
		}
	}
}

impl Drop for Wires {
	fn drop(&mut self) {
		for child in self.helpers.iter_mut().chain(&mut self.keepers) {
			// If it has ended, so much the better.
			let _ = child.kill();
			let _ = child.wait();
		}
	}
}

/// The router's end of a node's wire.
fn wire(node: usize) -> String {
	format!("to-{}", AUTHORITIES[node])
}

fn network(node: usize) -> u8 {
	u8::try_from(node + 1).expect("there are four")
}

/// A node's address.
fn address(node: usize) -> Ipv4Addr {
	Ipv4Addr::new(10, 99, network(node), 2)
}

/// The router's address for a node.
fn gate(node: usize) -> Ipv4Addr {
	Ipv4Addr::new(10, 99, network(node), 1)
}

fn enter(process: u32) -> Command {
	let mut command = Command::new("nsenter");
	command.args(["--target", &process.to_string(), "--net", "--"]);
	command
}

/// Brings up the loopback of an empty network, so that what runs here reaches each other.
pub fn loopback() -> Result<()> {
	ip("link set lo up\n")
}

/// Carries out commands of `ip` here.
fn ip(batch: &str) -> Result<()> {
	feed(Command::new("ip"), batch)
}

/// The same in the namespace of a process.
fn ip_of(process: u32, batch: &str) -> Result<()> {
	let mut command = enter(process);
	command.arg("ip");
	feed(command, batch)
}

fn feed(mut command: Command, batch: &str) -> Result<()> {
	let mut child = command
		.args(["-batch", "-"])
		.stdin(Stdio::piped())
		.stderr(Stdio::piped())
		.spawn()?;
	child
		.stdin
		.take()
		.ok_or("no input")?
		.write_all(batch.as_bytes())?;
	let output = child.wait_with_output()?;
	if output.status.success() {
		return Ok(());
	}
	Err(format!("ip: {}\n{batch}", String::from_utf8_lossy(&output.stderr)).into())
}

/// How many datagrams came to a namespace for a port at which nobody listens.
fn datagrams_for_nobody(process: u32) -> Result<u64> {
	let counters = fs::read_to_string(format!("/proc/{process}/net/snmp"))?;
	let mut lines = counters.lines().filter_map(|line| line.strip_prefix("Udp: "));
	let names = lines.next().ok_or("no names of counters")?;
	let values = lines.next().ok_or("no counters")?;
	let mut pairs = names.split(' ').zip(values.split(' '));
	let (_, value) = pairs
		.find(|(name, _)| *name == "NoPorts")
		.ok_or("no such counter")?;
	Ok(value.parse()?)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::router::{deafened, muted, separated};
	use std::panic::{catch_unwind, AssertUnwindSafe};

	/// In namespaces, or not at all: where there are none, no test is run in them.
	fn where_they_are(name: &str, needs: Needs, body: impl FnOnce()) {
		match refused(needs) {
			None => in_namespaces(name, body),
			Some(why) => println!(
				"Left out: no namespaces ({why}). Tests use proxies here, which have tests of their own."
			),
		}
	}

	#[test]
	fn datagrams_pass_where_they_may_and_nowhere_else() {
		where_they_are(
			"namespaces::tests::datagrams_pass_where_they_may_and_nowhere_else",
			Needs::Cuts,
			|| {
				// Each step makes sure of all twelve ways.
				let mut wires = Wires::new().unwrap();
				wires.check();
				wires.cut_exactly(separated(&[&[0, 1], &[2, 3]]));
				wires.cut_exactly(separated(&[&[1, 2, 3]]));
				wires.cut_exactly(muted(1));
				wires.cut_exactly(deafened(3));
				wires.cut_exactly(BTreeSet::new());
				// A cut that is none does not go unnoticed, nor does one that nobody asked for.
				wires.cut.insert((0, 1));
				assert!(catch_unwind(AssertUnwindSafe(|| wires.check())).is_err());
				wires.cut.clear();
				wires.cut_exactly(separated(&[]));
				wires.cut.remove(&(2, 0));
				assert!(catch_unwind(AssertUnwindSafe(|| wires.check())).is_err());
			},
		);
	}

	#[test]
	fn what_is_slowed_down_arrives_late() {
		where_they_are(
			"namespaces::tests::what_is_slowed_down_arrives_late",
			Needs::Delays,
			|| {
				let mut wires = Wires::new().unwrap();
				wires.slow_down(Duration::from_millis(100), 0.01);
			},
		);
	}
}

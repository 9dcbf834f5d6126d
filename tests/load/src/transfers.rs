//! How many transfers a network makes final: many accounts, transactions signed beforehand, every one accounted for at the end.
//!
//! An account's transactions all go to one node, in their order. Closed loop: so many are on their way at a time, and each that
//! becomes final lets the next go. Open loop: so many in a second, whatever becomes of them.

use std::{
	collections::{BTreeMap, HashMap, VecDeque},
	time::{Duration, Instant},
};

use futures::StreamExt;
use serde_json::{json, Value};
use sp_core::H256;
use tokio::{sync::mpsc, task::JoinSet, time::MissedTickBehavior};
use veilmart_cli::{
	error::{Error, Result},
	output::{Counter, Report},
};

use crate::{
	client::{AccountState, Node, Refused},
	crowd::Crowd,
	extrinsic::{hash_of, Dialect},
	figures::{durations_table, per_second, processors, rate, shortfall, Durations},
	follow::{FinalBlock, Follower},
	network::Network,
};

/// How often transactions are handed out.
const TURN: Duration = Duration::from_millis(20);

/// Transactions in one message to a node, at most.
const TOGETHER: usize = 64;

/// How long a transaction that a node refused waits before it is handed over again.
const AGAIN: Duration = Duration::from_millis(250);

/// How long the end is waited for without anything becoming final.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pool has the transaction already.
const KNOWN: i32 = 1013;

/// The pool does not take these bytes again for a while; signed anew they are others.
const BANNED: i32 = 1012;

/// How much load, and from whom.
#[derive(Clone, Copy, Debug)]
pub struct Load {
	/// Accounts that send.
	pub accounts: usize,
	/// Transactions of each, at most.
	pub each: u32,
	/// For how long.
	pub seconds: u64,
	/// Transactions in a second; none for a closed loop.
	pub rate: Option<f64>,
	/// Transactions on their way at a time, in a closed loop.
	pub window: usize,
	/// With fewer in a second the run has failed.
	pub at_least: Option<f64>,
}

/// A transaction, by its place in the order in which they are sent: first the first of every account, then the second.
type Place = usize;

/// What is known of each transaction.
struct Ledger {
	transactions: Vec<Vec<u8>>,
	places: HashMap<H256, Place>,
	submitted: Vec<Option<Instant>>,
	finals: Vec<Option<Instant>>,
	accepted: Vec<bool>,
	refusals: BTreeMap<String, u64>,
	blocks: Vec<(u32, usize, Instant)>,
}

impl Ledger {
	fn sign(crowd: &Crowd, dialect: &Dialect, each: u32) -> Self {
		let threads = std::thread::available_parallelism().map_or(1, usize::from);
		let share = crowd.members.len().div_ceil(threads).max(1);
		let signed = std::thread::scope(|scope| {
			let parts: Vec<_> = crowd
				.members
				.chunks(share)
				.map(|members| scope.spawn(move || sign_all(members, dialect, each)))
				.collect();
			let parts = parts.into_iter().filter_map(|part| part.join().ok());
			parts.flatten().collect::<Vec<_>>()
		});
		let turns = 0..each as usize;
		let transactions: Vec<_> = turns
			.flat_map(|turn| signed.iter().filter_map(move |own| own.get(turn).cloned()))
			.collect();
		let count = transactions.len();
		Self {
			places: transactions
				.iter()
				.enumerate()
				.map(|(place, transaction)| (hash_of(transaction), place))
				.collect(),
			transactions,
			submitted: vec![None; count],
			finals: vec![None; count],
			accepted: vec![false; count],
			refusals: BTreeMap::new(),
			blocks: Vec::new(),
		}
	}

	/// Signs a transaction anew, as a wallet does whose transaction is not taken again.
	fn sign_again(&mut self, place: Place, crowd: &Crowd, dialect: &Dialect) {
		let accounts = crowd.members.len();
		let (member, nonce) = (&crowd.members[place % accounts], place / accounts);
		let call = dialect.transfer(&member.to, dialect.existential);
		let nonce = u32::try_from(nonce).unwrap_or(u32::MAX);
		let transaction = dialect.sign(&member.account, nonce, &call);
		self.places.insert(hash_of(&transaction), place);
		self.transactions[place] = transaction;
	}

	fn block(&mut self, block: FinalBlock) -> usize {
		let mut ours = 0;
		for hash in &block.transactions {
			if let Some(place) = self.places.get(hash) {
				self.finals[*place].get_or_insert(block.at);
				ours += 1;
			}
		}
		self.blocks.push((block.number, ours, block.at));
		ours
	}

	fn count(of: &[Option<Instant>]) -> usize {
		of.iter().flatten().count()
	}

	/// Those that were sent and are not final.
	fn missing(&self) -> usize {
		let both = self.submitted.iter().zip(&self.finals);
		both.filter(|(submitted, r#final)| submitted.is_some() && r#final.is_none())
			.count()
	}
}

fn sign_all(members: &[crate::crowd::Member], dialect: &Dialect, each: u32) -> Vec<Vec<Vec<u8>>> {
	members
		.iter()
		.map(|member| {
			let call = dialect.transfer(&member.to, dialect.existential);
			(0..each)
				.map(|nonce| dialect.sign(&member.account, nonce, &call))
				.collect()
		})
		.collect()
}

/// Puts the load on and reports.
pub async fn run(network: &Network, load: Load) -> Result<(Report, bool)> {
	let nodes = &network.nodes;
	let dialect = Dialect::of(&nodes[0]).await?;
	let crowd = Crowd::gather(nodes, &dialect, load.accounts).await?;
	eprintln!("Signing {} transfers.", load.accounts * load.each as usize);
	let ledger = Ledger::sign(&crowd, &dialect, load.each);
	let before = network.processor_time();
	network.load_begins();
	let run = submit(network, ledger, (&crowd, &dialect), load).await?;
	let used = processors(&before, &run.used_until, Duration::from_secs(load.seconds));
	let books = compare(nodes, &crowd, &dialect, &run.ledger, load.accounts).await?;
	Ok(report(&run, load, used, &books))
}

/// A run that has ended.
struct Run {
	ledger: Ledger,
	started: Instant,
	/// Whether all transactions were used up before the time was over.
	used_up: bool,
	/// The processes' time when the time was over.
	used_until: Vec<(String, f64)>,
}

async fn submit(
	network: &Network,
	mut ledger: Ledger,
	(crowd, dialect): (&Crowd, &Dialect),
	load: Load,
) -> Result<Run> {
	let nodes = &network.nodes;
	let mut follower = Follower::start(&nodes[0].url).await?;
	let (answers, mut answered) = mpsc::unbounded_channel();
	let mut queues = Vec::new();
	// They end when dropped.
	let mut senders = JoinSet::new();
	for node in nodes {
		let node = Node::connect(&node.url).await?;
		let (queue, todo) = mpsc::unbounded_channel();
		senders.spawn(hand_over(node, todo, answers.clone()));
		queues.push(queue);
	}
	let count = ledger.transactions.len();
	let mut timer = tokio::time::interval(TURN);
	timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
	let mut progress = Counter::new("transfers that are final");
	let mut again: VecDeque<(Instant, Place)> = VecDeque::new();
	let (started, length) = (Instant::now(), Duration::from_secs(load.seconds));
	let (mut next, mut finals, mut last_final, mut used_up) = (0, 0, Instant::now(), false);
	let mut used_until = None;
	loop {
		tokio::select! {
			_ = timer.tick() => {
				let now = Instant::now();
				let passed = now - started;
				let may = match load.rate {
					_ if passed >= length => 0,
					Some(rate) => ((rate * passed.as_secs_f64()) as usize).saturating_sub(next),
					None => (load.window + finals).saturating_sub(next),
				};
				used_up |= passed < length && next + may > count;
				let until = (next + may).min(count);
				let due: Vec<_> = std::iter::from_fn(|| again.pop_front_if(|(at, _)| *at <= now)).collect();
				for place in due.into_iter().map(|(_, place)| place).chain(next..until) {
					ledger.submitted[place].get_or_insert(now);
					let node = (place % load.accounts) % queues.len();
					let transaction = ledger.transactions[place].clone();
					queues[node].send((place, transaction)).map_err(|_| Error::node("A sender has ended."))?;
				}
				next = until;
				if passed >= length && used_until.is_none() {
					used_until = Some(network.processor_time());
				}
				if passed >= length && (finals >= next || last_final.elapsed() > PATIENCE) {
					break;
				}
			}
			Some((place, answer)) = answered.recv() => match answer {
				Ok(()) => ledger.accepted[place] = true,
				Err(Refused { code: KNOWN, .. }) => ledger.accepted[place] = true,
				Err(refused) => {
					*ledger.refusals.entry(format!("{} {}", refused.code, refused.reason)).or_default() += 1;
					if refused.code == BANNED {
						ledger.sign_again(place, crowd, dialect);
					}
					if ledger.finals[place].is_none() {
						again.push_back((Instant::now() + AGAIN, place));
					}
				}
			},
			Some(block) = follower.blocks.next() => {
				let ours = ledger.block(block?);
				(0..ours).for_each(|_| progress.step());
				finals += ours;
				if ours > 0 {
					last_final = Instant::now();
				}
			}
		}
	}
	progress.finish();
	Ok(Run {
		ledger,
		started,
		used_up,
		used_until: used_until.unwrap_or_default(),
	})
}

/// Hands over to one node what comes, message by message.
async fn hand_over(
	node: Node,
	mut todo: mpsc::UnboundedReceiver<(Place, Vec<u8>)>,
	answers: mpsc::UnboundedSender<(Place, Result<(), Refused>)>,
) {
	let mut some = Vec::new();
	while todo.recv_many(&mut some, TOGETHER).await > 0 {
		let transactions: Vec<_> = some
			.iter()
			.map(|(_, transaction)| transaction.as_slice())
			.collect();
		let outcome = node.submit(&transactions).await.unwrap_or_else(|error| {
			let refused = Refused {
				code: 0,
				reason: error.to_string(),
			};
			vec![Err(refused); some.len()]
		});
		for ((place, _), answer) in some.drain(..).zip(outcome) {
			// Nobody listens any more when the run has ended.
			let _ = answers.send((place, answer));
		}
	}
}

/// What every node says at the end, beside what was sent.
struct Books {
	/// Transfers in the best chain, and those that are final, by the accounts' numbers, at the node that has the least.
	included: u64,
	r#final: u64,
	/// Accounts whose number, or whose receiver's balance, is not what was sent, over all nodes.
	differences: u64,
}

async fn compare(
	nodes: &[Node],
	crowd: &Crowd,
	dialect: &Dialect,
	ledger: &Ledger,
	accounts: usize,
) -> Result<Books> {
	let mut sent = vec![0_u32; accounts];
	for (place, r#final) in ledger.finals.iter().enumerate() {
		sent[place % accounts] += u32::from(r#final.is_some());
	}
	let mut books = Books {
		included: u64::MAX,
		r#final: u64::MAX,
		differences: 0,
	};
	let own = || crowd.members.iter().map(|member| member.account.id());
	let ids: Vec<_> = own()
		.chain(crowd.members.iter().map(|member| member.to.clone()))
		.collect();
	let height = follow_up(nodes, ledger).await?;
	for node in nodes {
		let best: H256 = node
			.request("chain_getBlockHash", jsonrpsee::rpc_params![])
			.await?;
		let states = node.accounts(&ids, best).await?;
		books.included = books.included.min(numbers(&states[..accounts]));
		let states = node.accounts(&ids, node.block_hash(height).await?).await?;
		let (senders, receivers) = states.split_at(accounts);
		books.r#final = books.r#final.min(numbers(senders));
		for ((sender, receiver), sent) in senders.iter().zip(receivers).zip(&sent) {
			let expected = crowd.given + dialect.existential * u128::from(*sent);
			let differs = sender.nonce != *sent || receiver.free != expected;
			books.differences += u64::from(differs);
		}
	}
	Ok(books)
}

fn numbers(states: &[AccountState]) -> u64 {
	states.iter().map(|state| u64::from(state.nonce)).sum()
}

/// Waits until every node has made final what the first one has.
async fn follow_up(nodes: &[Node], ledger: &Ledger) -> Result<u32> {
	let last = ledger.blocks.iter().rev().find(|(_, ours, _)| *ours > 0);
	let height = last.map_or(0, |(number, ..)| *number);
	let started = Instant::now();
	for node in nodes {
		while node.finalized_height().await? < height {
			if started.elapsed() > PATIENCE {
				return Err(Error::node(format!("{} does not follow the others.", node.url)));
			}
			tokio::time::sleep(Duration::from_millis(100)).await;
		}
	}
	Ok(height)
}

fn report(run: &Run, load: Load, used: (Value, String), books: &Books) -> (Report, bool) {
	let Run { ledger, started, .. } = run;
	let submitted = Ledger::count(&ledger.submitted);
	let finals = Ledger::count(&ledger.finals);
	let lost = ledger.missing();
	let since = |at: &Instant| at.saturating_duration_since(*started);
	let seconds = per_second(ledger.finals.iter().flatten().map(since), load.seconds);
	let in_time: u64 = seconds.iter().sum();
	let sustained = rate(in_time, load.seconds);
	let both = ledger.submitted.iter().zip(&ledger.finals);
	let latency = Durations::new(both.filter_map(|(from, to)| Some(to.as_ref()?.duration_since((*from)?))));
	let in_window = |at: &Instant| since(at) <= Duration::from_secs(load.seconds);
	let blocks = ledger.blocks.iter().filter(|(.., at)| in_window(at)).count();
	let largest = ledger
		.blocks
		.iter()
		.map(|(_, ours, _)| *ours)
		.max()
		.unwrap_or_default();
	let accepted = ledger.accepted.iter().filter(|accepted| **accepted).count();
	let refused: u64 = ledger.refusals.values().sum();
	let least = seconds.iter().min().copied().unwrap_or_default();
	let most = seconds.iter().max().copied().unwrap_or_default();
	let short = shortfall(sustained, load.at_least, "transfers");
	if let Some(short) = &short {
		eprintln!("{short}");
	}
	let good = lost == 0 && books.differences == 0 && !run.used_up && short.is_none();

	let mut text = format!(
		"Sustained over {} s: {sustained} transfers/s that are final (least and most in a second: {least}, {most}).\n\
		Submitted {submitted}, accepted {accepted}, included {}, final {finals}, lost {lost}.\n\
		Accounts and balances that differ from what was sent, over all nodes: {}.\n\
		Blocks: {blocks}, on average {:.0} transfers, the largest {largest}.\n\
		Processors: {}.\n\n{}\nRefusals by the pool: {refused}",
		load.seconds,
		books.included,
		books.differences,
		in_time as f64 / blocks.max(1) as f64,
		used.1,
		durations_table(&[latency.row("submission to final")]),
	);
	for (reason, count) in &ledger.refusals {
		text += &format!("\n  {count} × {reason}");
	}
	if run.used_up {
		text += "\nThe transactions were used up before the time was over: give more --accounts.";
	}
	let json = json!({
		"scenario": "transfers",
		"seconds": load.seconds,
		"rate": load.rate,
		"window": load.window,
		"accounts": load.accounts,
		"sustained": sustained,
		"perSecond": seconds,
		"submitted": submitted,
		"accepted": accepted,
		"included": books.included,
		"final": finals,
		"finalByState": books.r#final,
		"lost": lost,
		"differences": books.differences,
		"usedUp": run.used_up,
		"blocks": blocks,
		"largestBlock": largest,
		"latency": latency.json(),
		"refusals": ledger.refusals,
		"processors": used.0,
	});
	(Report::new(text, json), good)
}

//! How many confidential purchases a network completes: proofs made beforehand, every purchase compared with the ledger.
//!
//! One purchase is five transactions, one after the other: the seller's `quote`, the buyer's `order` (with a proof), the
//! seller's `accept` (with a proof), the seller's `ship`, the buyer's `confirm`. It is counted when its `confirm` is final.
//! `collect`, which many purchases share, is left out.
//!
//! Buyers and sellers go in pairs, each pair at one node, and a pair's purchases follow one another: a call is handed over as
//! soon as the one before it is in a block.

use std::{
	sync::{mpsc, Arc},
	time::{Duration, Instant},
};

use pallet_certificates::Role;
use serde_json::{json, Value};
use tokio::task::JoinSet;
use veilmart_cli::{
	account::Account,
	chain::Chain,
	chain_key,
	error::{Error, Result},
	output::{Counter, Report},
};

use crate::{
	client::{Node, Progress},
	crowd::{certificates, fresh_word, send_all, stranger},
	extrinsic::Dialect,
	figures::{durations_table, per_second, processors, rate, shortfall, Durations},
	network::Network,
	trade::{Issue, Market, Pair, Purchase, STEPS},
};

/// The most pairs: the issuer issues twice for each, within its quota of a minute.
pub const MOST_PAIRS: usize = 95;

/// The most purchases of a pair: a seller's three calls for each, within its quota of two minutes.
pub const MOST_EACH: usize = 120;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of a purchase.
struct Done {
	/// From a call's submission until it is in a block, call by call.
	steps: [Duration; STEPS.len()],
	begun: Instant,
	completed: Instant,
}

/// Measures with this many pairs, each with so many purchases prepared, for so many seconds. With fewer than `at_least` purchases
/// in a second the run has failed.
pub async fn run(
	network: &Network,
	pairs: usize,
	each: usize,
	seconds: u64,
	at_least: Option<f64>,
) -> Result<(Report, bool)> {
	let nodes = &network.nodes;
	let dialect = Dialect::of(&nodes[0]).await?;
	if !dialect.certified {
		return Err(Error::usage("This chain has no marketplace."));
	}
	let chain = Chain::connect(&nodes[0].url).await?;
	let pairs = Arc::new(prepare(&nodes[0], &chain, &dialect, pairs, each).await?);
	open_shops(nodes, &pairs).await?;

	network.load_begins();
	let (before, started) = (network.processor_time(), Instant::now());
	let length = Duration::from_secs(seconds);
	let mut connections = Vec::new();
	for node in nodes {
		connections.push(Arc::new(Node::connect(&node.url).await?));
	}
	let mut tasks = JoinSet::new();
	for number in 0..pairs.len() {
		let node = connections[number % connections.len()].clone();
		let pairs = pairs.clone();
		tasks.spawn(async move { trade(&node, &pairs[number], started + length).await });
	}
	let (mut outcomes, mut failures, mut used_up) = (Vec::new(), Vec::new(), 0);
	let mut progress = Counter::new("pairs that are done");
	while let Some(outcome) = tasks.join_next().await {
		let (done, failure) = outcome.map_err(|error| Error::node(error.to_string()))?;
		used_up += usize::from(done.len() == each && started.elapsed() < length);
		outcomes.extend(done);
		failures.extend(failure);
		progress.step();
	}
	progress.finish();
	let used = processors(&before, &network.processor_time(), started.elapsed());
	let books = compare(network, &chain, &pairs, &outcomes).await?;
	Ok(report(
		&outcomes,
		&failures,
		(started, seconds),
		at_least,
		used_up,
		used,
		&books,
	))
}

/// Certifies everybody, issues money, and makes all transactions.
async fn prepare(
	node: &Node,
	chain: &Chain,
	dialect: &Dialect,
	count: usize,
	each: usize,
) -> Result<Vec<Pair>> {
	let word = fresh_word();
	let parties = |side| {
		(0..count)
			.map(|number| stranger(&word, side, number))
			.collect::<Result<Vec<_>>>()
	};
	let (buyers, sellers) = (parties("buyer")?, parties("seller")?);
	let mut progress = Counter::new("preparations that are final");
	let mut calls = certificates(dialect, &buyers, [Role::Buyer].into(), true)?;
	calls.extend(certificates(dialect, &sellers, [Role::Seller].into(), true)?);
	send_all(
		node,
		dialect,
		&Account::development("//CA")?,
		calls,
		&mut progress,
	)
	.await?;

	let key = chain_key::reported(chain).await?;
	let terms = chain.market(None).await?.terms;
	let market = Market::new(dialect.clone(), key, terms, each)?;
	let issuer = Account::development("//Issuer")?;
	let state = chain.account(&issuer.id(), None).await?;
	let issues = market.issues(&issuer, state, &buyers, &sellers)?;
	let calls = issues.iter().map(|issue| issue.call.clone()).collect();
	send_all(node, dialect, &issuer, calls, &mut progress).await?;
	progress.finish();
	tokio::task::block_in_place(|| prove(&market, buyers, sellers, issues))
}

/// On all processors: a pair is a piece of work.
fn prove(
	market: &Market,
	buyers: Vec<Account>,
	sellers: Vec<Account>,
	issues: Vec<Issue>,
) -> Result<Vec<Pair>> {
	let threads = std::thread::available_parallelism().map_or(1, usize::from);
	let mut money = issues.into_iter();
	let mut work: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
	for (number, (buyer, seller)) in buyers.into_iter().zip(sellers).enumerate() {
		let (Some(for_buyer), Some(for_seller)) = (money.next(), money.next()) else {
			break;
		};
		work[number % threads].push((number, (buyer, for_buyer), (seller, for_seller)));
	}
	let mut progress = Counter::new("purchases proved");
	let (sender, proved) = mpsc::channel();
	let mut pairs = std::thread::scope(|scope| {
		let workers: Vec<_> = work
			.into_iter()
			.map(|share| {
				let sender = sender.clone();
				scope.spawn(move || {
					share
						.into_iter()
						.map(|(number, buyer, seller)| {
							let pair = market.pair(buyer, seller, || {
								// The counter lives as long as this.
								let _ = sender.send(());
							});
							Ok((number, pair?))
						})
						.collect::<Result<Vec<_>>>()
				})
			})
			.collect();
		drop(sender);
		proved.iter().for_each(|()| progress.step());
		let results = workers.into_iter().map(|worker| {
			let ended = worker.join();
			ended.unwrap_or_else(|_| Err(Error::wallet("A prover has panicked.")))
		});
		results.collect::<Result<Vec<_>>>()
	})?
	.into_iter()
	.flatten()
	.collect::<Vec<_>>();
	progress.finish();
	pairs.sort_by_key(|(number, _)| *number);
	Ok(pairs.into_iter().map(|(_, pair)| pair).collect())
}

/// Everybody takes the money that it was issued, and every seller lists something.
async fn open_shops(nodes: &[Node], pairs: &[Pair]) -> Result<()> {
	for (number, pair) in pairs.iter().enumerate() {
		let calls: Vec<_> = pair.preparations.iter().map(Vec::as_slice).collect();
		for answer in nodes[number % nodes.len()].submit(&calls).await? {
			answer.map_err(|refused| Error::node(format!("A preparation is refused: {}", refused.reason)))?;
		}
	}
	let started = Instant::now();
	let expected: Vec<_> = pairs
		.iter()
		.flat_map(|pair| [(pair.buyer.clone(), 1), (pair.seller.clone(), 2)])
		.collect();
	for node in nodes {
		loop {
			let ids = expected.iter().map(|(id, _)| id);
			let states = node.accounts(ids, node.finalized().await?).await?;
			if states
				.iter()
				.zip(&expected)
				.all(|(state, (_, count))| state.nonce == *count)
			{
				break;
			}
			if started.elapsed() > PATIENCE {
				return Err(Error::node("The sellers' listings do not become final."));
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}
	Ok(())
}

/// One purchase after the other; none begins after the end. Gives those that were completed, and why one was not.
async fn trade(node: &Arc<Node>, pair: &Pair, end: Instant) -> (Vec<Done>, Option<String>) {
	let mut last_steps = JoinSet::new();
	let mut failure = None;
	for purchase in &pair.purchases {
		if Instant::now() >= end {
			break;
		}
		match buy(node, purchase).await {
			Ok((begun, steps, confirm)) => {
				last_steps.spawn(async move {
					let completed = until(confirm, Progress::Final).await?.1;
					Ok(Done {
						steps,
						begun,
						completed,
					})
				});
			}
			Err(error) => {
				failure = Some(error);
				break;
			}
		}
	}
	let mut done = Vec::new();
	while let Some(outcome) = last_steps.join_next().await {
		match outcome
			.map_err(|error| error.to_string())
			.and_then(|outcome| outcome)
		{
			Ok(purchase) => done.push(purchase),
			Err(error) => failure = failure.or(Some(error)),
		}
	}
	done.sort_by_key(|purchase| purchase.completed);
	(done, failure)
}

type Reports = jsonrpsee::core::client::Subscription<Value>;

/// Gives when the purchase began, how long each step took, and the reports about the last.
async fn buy(
	node: &Node,
	purchase: &Purchase,
) -> Result<(Instant, [Duration; STEPS.len()], Reports), String> {
	let begun = Instant::now();
	let mut steps = [Duration::ZERO; STEPS.len()];
	let mut last = None;
	for ((transaction, step), took) in purchase.transactions.iter().zip(STEPS).zip(&mut steps) {
		let sent = Instant::now();
		let reports = node.watch(transaction).await;
		let reports =
			reports.map_err(|refused| format!("{step} refused: {} {}", refused.code, refused.reason))?;
		let (reports, at) = until(reports, Progress::Included)
			.await
			.map_err(|error| format!("{step}: {error}"))?;
		*took = at - sent;
		last = Some(reports);
	}
	let last = last.ok_or("a purchase without a call")?;
	Ok((begun, steps, last))
}

/// Waits until a transaction has come so far.
async fn until(mut reports: Reports, goal: Progress) -> Result<(Reports, Instant), String> {
	let wait = async {
		while let Some(report) = reports.next().await {
			let report = report.map_err(|error| format!("a report cannot be read: {error}"))?;
			match Progress::read(&report) {
				progress if progress == goal => return Ok(Instant::now()),
				// What is final was in a block before.
				Progress::Final => return Ok(Instant::now()),
				Progress::Left(how) => return Err(format!("left the pool: {how}")),
				_ => {}
			}
		}
		Err("the connection was lost".to_owned())
	};
	let at = tokio::time::timeout(PATIENCE, wait)
		.await
		.unwrap_or_else(|_| Err(format!("nothing for {} s", PATIENCE.as_secs())))?;
	Ok((reports, at))
}

/// What the ledger says at the end.
struct Books {
	/// Orders that are completed.
	completed: usize,
	/// Accounts whose balance is not, bit for bit, the ciphertext that their last call computed.
	differences: usize,
}

async fn compare(network: &Network, chain: &Chain, pairs: &[Pair], done: &[Done]) -> Result<Books> {
	use pallet_ecommerce::OrderState;
	let mut books = Books {
		completed: 0,
		differences: 0,
	};
	// Every node has what the last purchase was final in; the first is asked.
	let started = Instant::now();
	let height = network.nodes[0].finalized_height().await?;
	while network.height().await? < height && started.elapsed() < PATIENCE {
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
	let at = Some(chain.finalized().await?);
	for pair in pairs {
		let completed = chain
			.orders_of_buyer(&pair.buyer, Some(OrderState::Completed), at)
			.await?;
		let all = chain.orders_of_buyer(&pair.buyer, None, at).await?.len();
		books.completed += completed.len();
		books.differences += usize::from(all != completed.len());
		let expected = match completed.len().checked_sub(1) {
			None => continue,
			Some(last) => pair.purchases.get(last),
		};
		for (id, is_buyer) in [(&pair.buyer, true), (&pair.seller, false)] {
			let balance = chain.account(id, at).await?.balance.ciphertext;
			let expected = expected.map(|purchase| match is_buyer {
				true => &purchase.buyer_after,
				false => &purchase.seller_after,
			});
			books.differences += usize::from(expected != Some(&balance));
		}
	}
	books.differences += books.completed.abs_diff(done.len());
	Ok(books)
}

fn report(
	done: &[Done],
	failures: &[String],
	(started, seconds): (Instant, u64),
	at_least: Option<f64>,
	used_up: usize,
	used: (Value, String),
	books: &Books,
) -> (Report, bool) {
	let completions = done.iter().map(|purchase| purchase.completed - started);
	let per_second = per_second(completions, seconds);
	let in_time: u64 = per_second.iter().sum();
	let sustained = rate(in_time, seconds);
	let whole = Durations::new(done.iter().map(|purchase| purchase.completed - purchase.begun));
	let mut rows = vec![whole.row("purchase, until final")];
	let mut json_steps = serde_json::Map::new();
	for (place, step) in STEPS.iter().enumerate() {
		let durations = Durations::new(done.iter().map(|purchase| purchase.steps[place]));
		rows.push(durations.row(&format!("{step}, until in a block")));
		json_steps.insert((*step).into(), durations.json());
	}
	let short = shortfall(sustained, at_least, "purchases");
	if let Some(short) = &short {
		eprintln!("{short}");
	}
	let good = failures.is_empty() && books.differences == 0 && short.is_none();
	let mut text = format!(
		"Sustained over {seconds} s: {sustained} purchases/s that are final, five transactions each.\n\
		Completed {}, by the ledger {}; lost {}; balances and orders that differ: {}.\n\
		Processors: {}.\n\n{}",
		done.len(),
		books.completed,
		failures.len(),
		books.differences,
		used.1,
		durations_table(&rows),
	);
	if used_up > 0 {
		text += &format!(
			"\n{used_up} pairs had no purchases left before the time was over: prepare more with --each."
		);
	}
	for failure in failures {
		text += &format!("\nLost: {failure}");
	}
	let json = json!({
		"scenario": "purchases",
		"seconds": seconds,
		"sustained": sustained,
		"perSecond": per_second,
		"completed": done.len(),
		"completedByLedger": books.completed,
		"lost": failures.len(),
		"failures": failures,
		"differences": books.differences,
		"usedUp": used_up,
		"purchase": whole.json(),
		"steps": json_steps,
		"processors": used.0,
	});
	(Report::new(text, json), good)
}

//! The seller's agent as shops run it: a program of its own on a network of four authorities, killed again and again, once
//! together with the authority that leads. Each order gets one parcel, and is completed.
//!
//! Between which two of its steps an agent dies is tried one by one in `wallet/cli/tests/serve`; here nobody knows, and the blocks,
//! the pool and the leaders are real. `VEILMART_SEED` repeats the moments.

use std::{fs, path::Path, process::Stdio, time::Duration};

use pallet_certificates::OrderId;
use pallet_ecommerce::{ListingId, OrderState};
use rustix::process::{kill_process, Pid, Signal};
use serde_json::Value;
use tokio::{
	process::{Child, Command},
	time::{sleep, sleep_until, timeout, Instant},
};
use veilmart_cli::{
	account::Account,
	chain::Chain,
	commodity,
	names::show_order,
	session::{NewListing, Outcome, Session},
	transaction::Until,
	view_key,
};
use veilmart_demo_parts::{
	moments::Moments,
	process::{self, Network},
};
use veilmart_runtime::AccountId;

/// How many orders there are, each from a listing of its own.
const ORDERS: usize = 6;
/// How often the agent is killed.
const KILLS: usize = 8;
/// For how long it may live each time.
const LIFE: Duration = Duration::from_millis(2_500);
/// How long it takes at most until all is shipped once nobody kills it any more.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the shop begins with, in minor units.
const MONEY: u64 = 1_000_000;
/// The price of one piece.
const PRICE: u64 = 100;

/// A session of a well-known account, which has a view key.
async fn session(chain: &Chain, suri: &str) -> Session {
	let account = Account::development(suri).unwrap();
	view_key::register(chain, &account, Until::Finalized)
		.await
		.unwrap();
	Session::open(chain.clone(), account).await.unwrap()
}

/// The program as the shop, with JSON and its files in a folder.
fn veilmart(url: &str, folder: &Path) -> Command {
	let mut command = Command::new(process::program("veilmart").unwrap());
	command
		.args(["--json", "--suri", "//Charlie", "--url", url, "--base-path"])
		.arg(folder.join("base"))
		.env_remove("VEILMART_URL")
		.env_remove("VEILMART_ACCOUNT")
		.stdin(Stdio::null())
		.kill_on_drop(true);
	command
}

/// Starts the agent with what a person has found out about orders. What it says is in the file `said`.
fn serve(url: &str, folder: &Path, answers: &[String]) -> Child {
	let said = fs::File::create(folder.join("said")).unwrap();
	let errors = fs::OpenOptions::new()
		.create(true)
		.append(true)
		.open(folder.join("errors"))
		.unwrap();
	veilmart(url, folder)
		.args(["serve", "--rules"])
		.arg(folder.join("rules.toml"))
		.args(answers)
		.stdout(said)
		.stderr(errors)
		.spawn()
		.unwrap()
}

async fn kill(agent: &mut Child) {
	// It may have ended by itself.
	let _ = agent.start_kill();
	agent.wait().await.unwrap();
}

/// The orders that parcels were sent for.
fn parcels(folder: &Path) -> Vec<String> {
	let text = fs::read_to_string(folder.join("parcels")).unwrap_or_default();
	let order = |line: &str| {
		let line: Value = serde_json::from_str(line).expect("the command was told an order");
		line["order"].as_str().expect("it has a name").to_owned()
	};
	text.lines().map(order).collect()
}

/// The orders about which the agent has asked since it was started.
fn asked(folder: &Path) -> Vec<String> {
	let text = fs::read_to_string(folder.join("said")).unwrap_or_default();
	text.lines()
		// The last line may be half of one.
		.filter_map(|line| serde_json::from_str::<Value>(line).ok())
		.filter(|line| line["action"] == "needsYou")
		.filter_map(|line| Some(line["order"].as_str()?.to_owned()))
		.collect()
}

/// What a person says who was asked by an agent that runs no more, and who looks at the parcels.
async fn answers(folder: &Path) -> Vec<String> {
	let asked = asked(folder);
	if asked.is_empty() {
		return Vec::new();
	}
	// A command outlives the agent that started it.
	sleep(Duration::from_secs(1)).await;
	let parcels = parcels(folder);
	asked
		.into_iter()
		.flat_map(|order| {
			let found = parcels.contains(&order);
			let word = if found { "--shipped" } else { "--not-shipped" };
			[word.to_owned(), order]
		})
		.collect()
}

async fn states(chain: &Chain, orders: &[OrderId<AccountId>]) -> Vec<Option<OrderState>> {
	let mut states = Vec::new();
	for id in orders {
		let order = chain.order(id, None).await.unwrap();
		states.push(order.map(|order| order.state));
	}
	states
}

async fn order(buyer: &Session, listings: &[ListingId<AccountId>], number: usize) -> OrderId<AccountId> {
	let pieces = number as u64 + 1;
	let done = buyer.order(&listings[number], pieces, Some(PRICE)).await;
	done.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_killed_again_and_again_ships_each_order_once() {
	let mut moments = Moments::new();
	let folder = tempfile::tempdir().unwrap();
	let folder = folder.path();
	let specification = folder.join("chain.json");
	process::export_preset("local", &specification).await.unwrap();
	let (mut network, chain, url) = Network::start(&specification, folder).await.unwrap();
	let shop = session(&chain, "//Charlie").await;
	let buyer = session(&chain, "//Bob").await;
	let issuer = session(&chain, "//Issuer").await;
	for (session, amount) in [(&shop, MONEY), (&buyer, 100_000)] {
		issuer.issue(session.id(), amount).await.unwrap();
		session.collect_all().await.unwrap();
	}
	// Whoever else acts for the shop does so before the agent.
	let item = NewListing {
		price: PRICE,
		stock: 50,
		commodity: commodity::encode("85123A").unwrap(),
	};
	let listed = shop.list_all(&[item; ORDERS]).await.unwrap();
	let listings: Vec<_> = listed.into_iter().map(|done| done.id).collect();
	let quotes: Vec<_> = listings
		.iter()
		.map(|listing| (listing.seq, buyer.id().clone()))
		.collect();
	shop.quote_all(&quotes).await.unwrap();

	let rules = format!(
		"[accept]\nlistings = \"all\"\n[ship]\nwhen = \"command\"\ncommand = [\"sh\", \"-c\", \"sleep 0.1; cat >> '{}'\"]\n\
		timeout_seconds = 10\n",
		folder.join("parcels").display()
	);
	fs::write(folder.join("rules.toml"), rules).unwrap();
	// At its first use it verifies the chain's key, which takes longer than an agent lives here.
	let first = veilmart(&url, folder).arg("balance").output().await.unwrap();
	assert!(
		first.status.success(),
		"{}",
		String::from_utf8_lossy(&first.stderr)
	);

	let mut orders = Vec::new();
	for number in 0..2 {
		orders.push(order(&buyer, &listings, number).await);
	}
	let (mut said, mut questions) = (Vec::new(), 0);
	for round in 0..KILLS {
		let mut agent = serve(&url, folder, &said);
		let life = moments.within(LIFE);
		let meanwhile = async {
			if round == KILLS / 2 {
				let whose = network.kill_leader(&url).await.unwrap();
				println!("killed the leader, {whose}");
			} else if orders.len() < ORDERS {
				let number = orders.len();
				orders.push(order(&buyer, &listings, number).await);
			}
		};
		let end = async {
			sleep(life).await;
			kill(&mut agent).await;
		};
		tokio::join!(meanwhile, end);
		said = answers(folder).await;
		questions += said.len() / 2;
		println!(
			"killed after {} ms, {} parcels, asked: {said:?}",
			life.as_millis(),
			parcels(folder).len()
		);
	}
	assert_eq!(orders.len(), ORDERS);

	// From now on it may live.
	let began = Instant::now();
	let (mut agent, mut started) = (serve(&url, folder, &said), Instant::now());
	loop {
		let states = states(&chain, &orders).await;
		if states == [Some(OrderState::Shipped); ORDERS] {
			break;
		}
		assert!(
			began.elapsed() < PATIENCE,
			"not everything is shipped: {states:?}\n{}\n{}\n{}",
			fs::read_to_string(folder.join("said")).unwrap_or_default(),
			fs::read_to_string(folder.join("errors")).unwrap_or_default(),
			network.last_words()
		);
		sleep(Duration::from_millis(500)).await;
		if !asked(folder).is_empty() || agent.try_wait().unwrap().is_some() {
			kill(&mut agent).await;
			said = answers(folder).await;
			questions += said.len() / 2;
			(agent, started) = (serve(&url, folder, &said), Instant::now());
		}
	}
	println!("killed {KILLS} times, asked about {questions} parcels");
	// It has to have come so far that it listens to signals.
	sleep_until(started + Duration::from_secs(5)).await;
	let running = agent.id().and_then(|id| i32::try_from(id).ok());
	kill_process(running.and_then(Pid::from_raw).expect("it runs"), Signal::TERM).unwrap();
	let status = timeout(PATIENCE, agent.wait()).await.expect("it ends");
	assert_eq!(status.unwrap().code(), Some(0));

	// One parcel for each order, and none for anything else.
	let mut sent = parcels(folder);
	sent.sort();
	let mut names: Vec<_> = orders.iter().map(show_order).collect();
	names.sort();
	assert_eq!(sent, names);

	// They arrive, and the customer says so in a row.
	let mut row = buyer.pipeline().await.unwrap();
	for order in &orders {
		row.confirm(order.seq).await.unwrap();
	}
	let outcomes = row.finish().await;
	assert!(
		outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))),
		"{outcomes:?}"
	);
	assert_eq!(
		states(&chain, &orders).await,
		[Some(OrderState::Completed); ORDERS]
	);
	shop.collect_all().await.unwrap();
	let pieces: u64 = (1..=ORDERS as u64).sum();
	assert_eq!(shop.balance().await, Ok(MONEY + pieces * PRICE));
	assert_eq!(buyer.balance().await, Ok(100_000 - pieces * PRICE));
	network.stop().await.unwrap();
}

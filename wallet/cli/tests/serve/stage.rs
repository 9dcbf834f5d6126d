//! A shop with something to sell, a customer with money, and an agent that serves.

use std::{path::Path, sync::Mutex, time::Duration};

use pallet_certificates::OrderId;
use pallet_ecommerce::{ListingId, OrderState};
use serde_json::Value;
use veilmart_cli::{
	account::Account,
	chain::Chain,
	commodity,
	error::{Error, Result},
	keystore::Keystore,
	names::Names,
	output::Report,
	serve::{
		journal::{Journal, Step},
		rules::Rules,
		run, Agent, Stop,
	},
	session::{NewListing, Session},
};
use veilmart_runtime::AccountId;

use crate::ledger::{Ledger, START};

/// What the shop begins with, in minor units.
pub const MONEY: u64 = 1_000_000;
/// The price of one piece.
pub const PRICE: u64 = 100;
/// The pieces in stock.
pub const STOCK: u64 = 50;

pub type Order = OrderId<AccountId>;

/// A shop, `//Charlie`, and a customer, `//Bob`.
pub struct Stage {
	pub ledger: Ledger,
	pub shop: Session,
	pub buyer: Session,
	pub issuer: Session,
	pub listing: u64,
}

impl Stage {
	pub async fn set() -> Self {
		let ledger = Ledger::start().await;
		let (shop, buyer, issuer) = (
			ledger.session("//Charlie").await,
			ledger.session("//Bob").await,
			ledger.session("//Issuer").await,
		);
		for (session, amount) in [(&shop, MONEY), (&buyer, 100_000)] {
			issuer.issue(session.id(), amount).await.unwrap();
			session.collect_all().await.unwrap();
		}
		let item = NewListing {
			price: PRICE,
			stock: STOCK,
			commodity: commodity::encode("85123A").unwrap(),
		};
		let listing = shop.list(item).await.unwrap().id.seq;
		Self {
			ledger,
			shop,
			buyer,
			issuer,
			listing,
		}
	}

	/// The shop offers something else, and quotes it to the customer.
	pub async fn offer(&self, price: u64) -> ListingId<AccountId> {
		let item = NewListing {
			price,
			stock: STOCK,
			commodity: commodity::encode("71053").unwrap(),
		};
		let id = self.shop.list(item).await.unwrap().id;
		self.shop.quote(id.seq, self.buyer.id()).await.unwrap();
		id
	}

	/// The customer orders pieces.
	pub async fn order(&self, pieces: u64) -> Order {
		self.order_by(&self.buyer, pieces).await
	}

	/// Somebody orders pieces.
	pub async fn order_by(&self, buyer: &Session, pieces: u64) -> Order {
		self.shop.quote(self.listing, buyer.id()).await.unwrap();
		let listing = ListingId {
			seller: self.shop.id().clone(),
			seq: self.listing,
		};
		buyer.order(&listing, pieces, None).await.unwrap().id
	}

	/// The state of an order; `None` if it is gone.
	pub async fn state(&self, order: &Order) -> Option<OrderState> {
		let order = self.shop.chain().order(order, None).await.unwrap();
		order.map(|order| order.state)
	}

	/// The pieces that are left.
	pub async fn stock(&self) -> u64 {
		let listings = self.shop.listings().await.unwrap();
		listings[0].contents.as_ref().unwrap().stock
	}
}

/// Rules in a file's words.
pub fn rules(text: &str) -> Rules {
	let folder = tempfile::tempdir().unwrap();
	Rules::parse(text, &Names::new(Keystore::new(folder.path()))).unwrap()
}

/// Rules that accept up to five pieces, collect, and ship with a script of the shell.
pub fn rules_with(script: &str) -> Rules {
	let script = script.replace('\\', "\\\\").replace('"', "\\\"");
	rules(&format!(
		"[accept]\nlistings = \"all\"\nmax_quantity = 5\n[ship]\nwhen = \"command\"\ncommand = [\"sh\", \"-c\", \"{script}\"]\n[collect]\n"
	))
}

/// An agent of the shop that does what is due and ends, and what it said. The node may die meanwhile, which kills it: then
/// the result is `None`.
pub async fn serve(
	ledger: &Ledger,
	rules: &Rules,
	folder: &Path,
	answers: &[(Order, Step)],
) -> (Option<Result<()>>, Vec<Value>) {
	serve_at(START, ledger, rules, folder, answers).await
}

/// As [`serve`], on a computer whose clock shows this time.
pub async fn serve_at(
	clock: u64,
	ledger: &Ledger,
	rules: &Rules,
	folder: &Path,
	answers: &[(Order, Step)],
) -> (Option<Result<()>>, Vec<Value>) {
	// Of an earlier death that the agent noticed before the test did.
	let _ = tokio::time::timeout(Duration::ZERO, ledger.died.notified()).await;
	let said = Mutex::new(Vec::new());
	let say = |report: &Report| said.lock().unwrap().push(report.json.clone());
	let work = async {
		let session = open(ledger).await?;
		let journal = Journal::open(folder, session.chain().genesis(), session.id())?;
		let mut agent = Agent::new(rules.clone(), journal, true, &say)
			.with_clock(move || clock)
			.with_answers(answers.iter().cloned());
		let (_never, mut stop) = Stop::by_hand();
		let connect = || async { Err(Error::node("There is no other connection.")) };
		run(&mut agent, session, connect, &mut stop, &|_: &str| {}).await
	};
	let result = tokio::select! {
		biased;
		() = ledger.died.notified() => None,
		result = work => Some(result),
	};
	let said = said.lock().unwrap().clone();
	(result, said)
}

async fn open(ledger: &Ledger) -> Result<Session> {
	let chain = Chain::connect(&ledger.url).await?;
	Session::open(chain, Account::development("//Charlie")?).await
}

/// Which orders parcels were sent for by [`script`], one line each.
pub fn parcels(folder: &Path) -> Vec<String> {
	let text = std::fs::read_to_string(folder.join("parcels")).unwrap_or_default();
	let mut orders: Vec<_> = text
		.lines()
		.map(|line| {
			let order: Value = serde_json::from_str(line).unwrap();
			order["order"].as_str().unwrap().to_owned()
		})
		.collect();
	orders.sort();
	orders
}

/// Appends what it is told to the file `parcels`.
pub fn script(folder: &Path) -> String {
	format!("cat >> '{}/parcels'", folder.display())
}

/// The agent's journal in this folder; empty if there is none.
pub fn journal(folder: &Path) -> String {
	let mut paths = std::fs::read_dir(folder)
		.unwrap()
		.map(|entry| entry.unwrap().path());
	let path = paths.find(|path| path.extension().is_some_and(|end| end == "journal"));
	path.map_or_else(String::new, |path| std::fs::read_to_string(path).unwrap())
}

/// The actions of this kind.
pub fn of_kind<'a>(said: &'a [Value], action: &str) -> Vec<&'a Value> {
	said.iter().filter(|line| line["action"] == action).collect()
}

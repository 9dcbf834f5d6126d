//! Sessions, and the `veilmart` command, on a running node: what the wallet's tests against a ledger in memory cannot show.

use std::{path::Path, process::Command};

use serde_json::Value;
use veilmart_cli::{
	account::Account,
	chain::Chain,
	commodity,
	error::Error,
	session::{NewListing, Outcome, Session},
	transaction::Until,
	view_key,
};
use veilmart_demo_parts::process;

async fn session(chain: &Chain, suri: &str) -> Session {
	let account = Account::development(suri).unwrap();
	view_key::register(chain, &account, Until::Finalized)
		.await
		.unwrap();
	Session::open(chain.clone(), account).await.unwrap()
}

/// One node for all scenarios: starting one takes longer than they do.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_on_a_running_node() {
	let folder = tempfile::tempdir().unwrap();
	let specification = folder.path().join("chain.json");
	process::export_preset("dev", &specification).await.unwrap();
	let (node, chain) = process::Node::start(&specification, folder.path()).await.unwrap();
	a_shop_lists_and_quotes_many_things_at_once(&chain).await;
	a_shop_accepts_many_orders_at_once(&chain).await;
	view_keys_change_and_everything_still_opens(&chain, &node.url, folder.path()).await;
	node.stop().await.unwrap();
}

async fn a_shop_lists_and_quotes_many_things_at_once(chain: &Chain) {
	let (seller, buyer, issuer) = (
		session(chain, "//Charlie").await,
		session(chain, "//Bob").await,
		session(chain, "//Issuer").await,
	);
	let items: Vec<_> = (1..=120)
		.map(|number| NewListing {
			price: number,
			stock: 1000 + number,
			commodity: commodity::encode(&format!("IT{number}")).unwrap(),
		})
		.collect();
	let listed = seller.list_all(&items).await.unwrap();
	assert_eq!(listed.len(), items.len());
	let own = seller.listings().await.unwrap();
	for (done, item) in listed.iter().zip(&items) {
		let found = own
			.iter()
			.find(|listing| listing.id == done.id)
			.expect("it was listed");
		let contents = found.contents.as_ref().expect("it opens");
		assert_eq!(
			(contents.price, contents.stock, contents.commodity),
			(item.price, item.stock, item.commodity)
		);
	}
	let quotes: Vec<_> = listed
		.iter()
		.take(60)
		.map(|done| (done.id.seq, buyer.id().clone()))
		.collect();
	seller.quote_all(&quotes).await.unwrap();
	let got = buyer.quotes().await.unwrap();
	assert!(listed
		.iter()
		.take(60)
		.all(|done| got.iter().any(|quote| quote.listing == done.id)));

	// Ten credits of one account may wait; the next is refused until the owner collects.
	for _ in 0..10 {
		issuer.issue(buyer.id(), 100).await.unwrap();
	}
	let error = issuer.issue(buyer.id(), 100).await.unwrap_err();
	assert!(
		matches!(&error, Error::Refused(refusal) if refusal.name == "TooManyCredits"),
		"{error}"
	);
	assert_eq!(buyer.collect_all().await.unwrap().len(), 1);
	// Seventeen credits take two calls to collect. Refunds have no limit.
	for (done, price) in listed.iter().zip(1..=17) {
		let order = buyer.order(&done.id, 1, Some(price)).await.unwrap();
		buyer.cancel(order.id.seq).await.unwrap();
	}
	assert_eq!(buyer.collect_all().await.unwrap().len(), 2);
	assert_eq!(buyer.balance().await.unwrap(), 1000);

	// The seller has no money for a bond, and says so before anything is sent.
	let order = buyer.order(&listed[49].id, 2, Some(50)).await.unwrap();
	let error = seller.accept(&order.id).await.unwrap_err();
	assert!(
		matches!(&error, Error::Wallet(text) if text.contains("bond")),
		"{error}"
	);
	buyer.cancel(order.id.seq).await.unwrap();
}

/// Each acceptance is proved upon what the one before it leaves behind; the pool takes them ahead of the blocks.
async fn a_shop_accepts_many_orders_at_once(chain: &Chain) {
	let (seller, buyer, issuer) = (
		session(chain, "//Charlie").await,
		session(chain, "//Bob").await,
		session(chain, "//Issuer").await,
	);
	for (session, amount) in [(&seller, 100_000), (&buyer, 10_000)] {
		issuer.issue(session.id(), amount).await.unwrap();
		session.collect_all().await.unwrap();
	}
	let before = seller.balance().await.unwrap();
	let item = NewListing {
		price: 100,
		stock: 50,
		commodity: 7,
	};
	let listing = seller.list(item).await.unwrap().id;
	let mut orders = Vec::new();
	for pieces in 1..=8 {
		seller.quote(listing.seq, buyer.id()).await.unwrap();
		orders.push(buyer.order(&listing, pieces, None).await.unwrap().id);
	}
	let mut pipeline = seller.pipeline().await.unwrap();
	for id in &orders {
		let order = chain.order(id, Some(pipeline.at())).await.unwrap().unwrap();
		pipeline.accept(id, order).await.unwrap();
	}
	// In how many blocks they are is the node's affair: it seals as soon as one arrives, and proving the next takes as long.
	let outcomes = pipeline.finish().await;
	assert!(
		outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))),
		"{outcomes:?}"
	);
	assert_eq!(outcomes.len(), orders.len());
	assert_eq!(seller.balance().await, Ok(before - 10 * 36 * 100));
	let mut pipeline = seller.pipeline().await.unwrap();
	for id in &orders {
		pipeline.ship(id).await.unwrap();
	}
	let outcomes = pipeline.finish().await;
	assert!(
		outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))),
		"{outcomes:?}"
	);
	for id in &orders {
		buyer.confirm(id.seq).await.unwrap();
	}
	seller.collect_all().await.unwrap();
	assert_eq!(seller.balance().await, Ok(before + 36 * 100));
}

/// The command as //Alice, with JSON.
fn veilmart(url: &str, base_path: &Path, arguments: &[&str]) -> Value {
	let output = tokio::task::block_in_place(|| {
		Command::new(process::program("veilmart").unwrap())
			.args(["--json", "--suri", "//Alice", "--url", url, "--base-path"])
			.arg(base_path)
			.args(arguments)
			.output()
			.unwrap()
	});
	let errors = String::from_utf8_lossy(&output.stderr);
	assert!(output.status.success(), "{arguments:?}: {errors}");
	serde_json::from_slice(&output.stdout).unwrap()
}

async fn view_keys_change_and_everything_still_opens(chain: &Chain, url: &str, base_path: &Path) {
	let (seller, issuer) = (
		session(chain, "//Charlie").await,
		session(chain, "//Issuer").await,
	);
	let before = session(chain, "//Alice").await;
	let alice = before.account();
	let again = view_key::register(chain, alice, Until::Finalized).await;
	assert_eq!(again, Ok(None), "a view key in force stays");

	// Sealed to the first view key: the balance's note, a credit, a quote.
	issuer.issue(before.id(), 1000).await.unwrap();
	before.collect_all().await.unwrap();
	issuer.issue(before.id(), 100).await.unwrap();
	let item = NewListing {
		price: 250,
		stock: 10,
		commodity: 1,
	};
	let listing = seller.list(item).await.unwrap().id;
	seller.quote(listing.seq, before.id()).await.unwrap();

	let record = view_key::rotate(chain, alice, Until::Finalized).await.unwrap();
	assert_eq!((record.index, record.key), (1, alice.view_key(1).unwrap()));
	let certificate = chain.certificate(before.id(), None).await.unwrap().unwrap();
	assert_eq!(certificate.view_key, Some(record));

	let after = before.reopened().await.unwrap();
	let quotes = after.quotes().await.unwrap();
	assert_eq!(quotes[0].contents.as_ref().map(|quote| quote.price), Ok(250));
	issuer.issue(before.id(), 10).await.unwrap();
	let amounts = |holdings: veilmart_cli::session::Holdings| {
		let mut amounts: Vec<_> = holdings.incoming.iter().map(|credit| credit.amount).collect();
		amounts.sort();
		(holdings.balance, amounts)
	};
	assert_eq!(
		amounts(after.holdings().await.unwrap()),
		(1000, vec![Some(10), Some(100)])
	);
	// Sealed to the new key; who has not heard of it leaves the credit alone.
	assert_eq!(
		amounts(before.holdings().await.unwrap()),
		(1000, vec![None, Some(100)])
	);
	after.collect_all().await.unwrap();
	let order = after.order(&listing, 2, None).await.unwrap();
	seller
		.decline(&order.id, pallet_ecommerce::DeclineReason::Unspecified)
		.await
		.unwrap();
	after.collect_all().await.unwrap();
	assert_eq!(after.balance().await, Ok(1110));

	// The same from the command line, which starts from the account alone.
	let registered = veilmart(url, base_path, &["certificate", "view-key"]);
	assert_eq!(
		(&registered["registered"], &registered["index"]),
		(&false.into(), &1.into())
	);
	let rotated = veilmart(url, base_path, &["certificate", "view-key", "--rotate"]);
	assert_eq!(
		(&rotated["registered"], &rotated["index"]),
		(&true.into(), &2.into())
	);
	assert_eq!(veilmart(url, base_path, &["balance"])["balance"], "11.10");
	// A renewal keeps the key in force.
	let request = [
		"certificate",
		"request",
		"--role",
		"buyer",
		"--organisation",
		"Alice",
	];
	let request = veilmart(url, base_path, &request);
	let key = serde_json::to_value(alice.view_key(2).unwrap()).unwrap();
	assert_eq!(request["viewKey"], key);
	assert_eq!(request["counter"], 4);
}

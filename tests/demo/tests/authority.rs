//! The certificate authority's help and its audits on a running node, where the ledger checks the proofs of what comes out of
//! them: the tests of the command itself run against a node that does not.

use std::{
	path::{Path, PathBuf},
	process::{Command, Output},
};

use pallet_ecommerce::{Call, CreditId, CreditKind, Event, RefreshTarget, SealedNote};
use rand_core::OsRng;
use serde_json::{json, Value};
use veilmart_cli::{
	account::Account,
	ca,
	chain::Chain,
	keystore::{self, PassphraseSource},
	session::{NewListing, Session},
	transaction::{Included, Until},
	view_key,
};
use veilmart_demo_parts::process;
use veilmart_paillier::SecretKey;
use veilmart_runtime::{Hash, RuntimeCall, RuntimeEvent};
use veilmart_wallet::{notes::SEALED_NOTE_BYTES, state::Party, Wallet};

/// A chain, and a folder with the key of its preset, which is published.
struct World {
	chain: Chain,
	url: String,
	folder: PathBuf,
}

impl World {
	fn command(&self, suri: &str, line: &str) -> Output {
		let words = line.split(' ').map(|word| match word.strip_prefix('@') {
			Some(name) => self.folder.join(name).into_os_string(),
			None => word.into(),
		});
		tokio::task::block_in_place(|| {
			Command::new(process::program("veilmart").unwrap())
				.args(["--json", "--suri", suri, "--url", &self.url, "--base-path"])
				.arg(self.folder.join("base"))
				.args(words)
				.output()
				.unwrap()
		})
	}

	/// What a command prints that works.
	fn json(&self, suri: &str, line: &str) -> Value {
		let output = self.command(suri, line);
		let errors = String::from_utf8_lossy(&output.stderr);
		assert!(output.status.success(), "{line}: {errors}");
		serde_json::from_slice(&output.stdout).unwrap()
	}

	async fn session(&self, suri: &str) -> Session {
		let account = Account::development(suri).unwrap();
		view_key::register(&self.chain, &account, Until::Finalized)
			.await
			.unwrap();
		Session::open(self.chain.clone(), account).await.unwrap()
	}

	/// Sends a call that no wallet of ours makes.
	async fn send(&self, session: &Session, call: Call<veilmart_runtime::Runtime>) -> Included {
		let call = RuntimeCall::Ecommerce(call);
		self.chain
			.submit_and_watch(session.account(), call, Until::Finalized)
			.await
			.unwrap()
	}

	/// The authority writes a letter about this; the owner uses it.
	fn recover(&self, owner: &str, what: &str) -> Value {
		let written = self.json(
			"//CA",
			&format!(
				"ca recover --key @key --key-passphrase-file @passphrase --of {owner} --out @letter.json {what}"
			),
		);
		assert!(written["record"]["block"].is_string());
		let done = self.json(owner, "recover @letter.json");
		std::fs::rename(self.folder.join("letter.json"), self.folder.join("used.json")).unwrap();
		done
	}
}

/// The key of the preset, as a ceremony would have left it.
fn keep_published_key(folder: &Path) {
	let unhex = |line| ca::unhex(line).unwrap();
	let text = include_str!("../../../primitives/paillier/test-keys/2048.factors");
	let [p, q] = [0, 1].map(|line| unhex(text.lines().nth(line).unwrap()));
	let secret = SecretKey::from_factors(&p, &q).unwrap();
	let passphrase = PassphraseSource::known("published");
	ca::write(&secret, &folder.join("key"), &passphrase).unwrap();
	keystore::write_new(&folder.join("passphrase"), b"published\n").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_helps_and_is_checked_on_a_running_node() {
	let folder = tempfile::tempdir().unwrap();
	keep_published_key(folder.path());
	let specification = folder.path().join("chain.json");
	process::export_preset("dev", &specification).await.unwrap();
	let (node, chain) = process::Node::start(&specification, folder.path()).await.unwrap();
	let world = World {
		chain,
		url: node.url.clone(),
		folder: folder.path().into(),
	};
	a_balance_whose_note_is_lost_comes_back(&world).await;
	a_credit_that_was_sealed_to_nobody_comes_back(&world).await;
	a_stock_that_was_noted_for_another_key_comes_back(&world).await;
	a_report_is_true_of_its_block_when_the_ledger_has_gone_on(&world).await;
	node.stop().await.unwrap();
}

async fn a_balance_whose_note_is_lost_comes_back(world: &World) {
	let (bob, issuer) = (world.session("//Bob").await, world.session("//Issuer").await);
	let credit = issuer.issue(bob.id(), 50_000).await.unwrap().id;
	let seq = world.chain.account(bob.id(), None).await.unwrap().seq;
	let call = Call::collect {
		seq,
		credits: vec![credit].try_into().unwrap(),
		own_note: Box::new(SealedNote([0x17; SEALED_NOTE_BYTES])),
	};
	world.send(&bob, call).await;
	assert!(bob.balance().await.is_err(), "it is lost");
	assert_eq!(world.recover("//Bob", "balance")["amount"], "500.00");
	assert_eq!(bob.balance().await, Ok(50_000));
	// It can be proved about, too.
	bob.transfer(issuer.id(), 100).await.unwrap();
	assert_eq!(bob.balance().await, Ok(49_900));
	// The letter is spent.
	let again = world.command("//Bob", "recover @used.json");
	assert_eq!(again.status.code(), Some(1));
	let errors = String::from_utf8_lossy(&again.stderr);
	assert!(errors.contains("it has changed since"), "{errors}");
}

async fn a_credit_that_was_sealed_to_nobody_comes_back(world: &World) {
	let (bob, issuer) = (world.session("//Bob").await, world.session("//Issuer").await);
	let state = world.chain.account(issuer.id(), None).await.unwrap();
	let issued = veilmart_wallet::state::Owned {
		ciphertext: state.issued.ciphertext,
		note: state.issued.note.map(|note| note.0),
	};
	let wallet = issuer.wallet();
	let party = Party {
		account: *bob.id().as_ref(),
		view_key: Account::development("//Nobody")
			.unwrap()
			.keys()
			.view_key(0)
			.public(),
	};
	let issued = wallet.open_issued(&issued).unwrap();
	let call = wallet
		.issue(state.seq, &issued, state.issuer_quota, &party, 1_200, &mut OsRng)
		.unwrap();
	let credit = CreditId {
		creator: issuer.id().clone(),
		seq: call.seq,
		kind: CreditKind::Issued,
	};
	let call = Call::issue {
		seq: call.seq,
		salt: pallet_ecommerce::Salt(call.salt),
		to: bob.id().clone(),
		amount: Box::new(call.amount),
		issued_after: Box::new(call.issued_after),
		own_note: Box::new(SealedNote(call.own_note)),
		note: Box::new(SealedNote(call.note)),
		proof: call.proof.try_into().unwrap(),
	};
	world.send(&issuer, call).await;
	let waiting = bob.holdings().await.unwrap().incoming;
	assert_eq!((waiting.len(), waiting[0].amount), (1, None), "it is lost");
	let name = format!("issued://Issuer:{}", credit.seq);
	assert_eq!(
		world.recover("//Bob", &format!("credit {name}"))["amount"],
		"12.00"
	);
	bob.collect(&[credit]).await.unwrap();
	assert_eq!(bob.balance().await, Ok(51_100));
}

async fn a_stock_that_was_noted_for_another_key_comes_back(world: &World) {
	let seller = world.session("//Charlie").await;
	let key = seller.wallet().public_key().clone();
	let wallet = Wallet::new(seller.account().keys(), key, world.chain.genesis().0)
		.unwrap()
		.with_view_index(9);
	let seq = world.chain.account(seller.id(), None).await.unwrap().seq;
	let call = wallet.list(seq, 1_250, 40, 7, &mut OsRng).unwrap();
	let call = Call::list {
		seq: call.seq,
		salt: pallet_ecommerce::Salt(call.salt),
		price: Box::new(call.price),
		stock: Box::new(call.stock),
		commodity: Box::new(call.commodity),
		own_note: Box::new(SealedNote(call.own_note)),
		proof: call.proof.try_into().unwrap(),
	};
	world.send(&seller, call).await;
	assert!(
		seller.listings().await.unwrap()[0].contents.is_err(),
		"it is lost"
	);
	assert_eq!(world.recover("//Charlie", &format!("stock {seq}"))["pieces"], 40);
	let found = seller.listings().await.unwrap()[0].contents.clone().unwrap();
	assert_eq!((found.price, found.stock, found.commodity), (1_250, 40, 7));
	seller.restock(seq, 2).await.unwrap();
	let block: Hash =
		serde_json::from_value(world.recover("//Charlie", &format!("stock {seq}"))["block"].clone()).unwrap();
	let target = RefreshTarget::Stock(seq);
	let refreshed = RuntimeEvent::Ecommerce(Event::Refreshed {
		account: seller.id().clone(),
		target,
	});
	let events = world.chain.events(block).await.unwrap();
	assert!(events.iter().any(|record| record.event == refreshed));
}

async fn a_report_is_true_of_its_block_when_the_ledger_has_gone_on(world: &World) {
	let seller = world.session("//Alice").await;
	let buyer = world.session("//Bob").await;
	let item = NewListing {
		price: 500,
		stock: 10,
		commodity: 1,
	};
	let listing = seller.list(item).await.unwrap().id;
	seller.quote(listing.seq, buyer.id()).await.unwrap();
	let order = buyer.order(&listing, 3, None).await.unwrap().id;
	let audit = world.json(
		"//CA",
		"ca audit --key @key --key-passphrase-file @passphrase --out @report.json",
	);
	assert_eq!(
		(&audit["passed"], &audit["in"]["issued"]),
		(&json!(true), &json!("512.00"))
	);
	assert_eq!(audit["out"]["totals"], "15.00");
	let decrypted = world.json(
		"//CA",
		&format!(
			"ca decrypt --key @key --key-passphrase-file @passphrase --order //Bob:{}",
			order.seq
		),
	);
	assert_eq!(
		(&decrypted["quantity"], &decrypted["price"], &decrypted["total"]),
		(&json!(3), &json!("5.00"), &json!("15.00"))
	);
	buyer.cancel(order.seq).await.unwrap();
	buyer.collect_all().await.unwrap();
	assert_eq!(world.json("//Bob", "audit verify @report.json")["passed"], true);
	let text = std::fs::read_to_string(world.folder.join("report.json")).unwrap();
	std::fs::write(
		world.folder.join("lie.json"),
		text.replace("\"15.00\"", "\"14.00\""),
	)
	.unwrap();
	let output = world.command("//Bob", "audit verify @lie.json");
	let errors = String::from_utf8_lossy(&output.stderr);
	assert_eq!(output.status.code(), Some(1), "{errors}");
	assert!(
		errors.contains("totals: amount and root: the amount 14.00"),
		"{errors}"
	);

	for (action, status) in [("revoke", "revoked"), ("reinstate", "active")] {
		world.json("//CA", &format!("certificate {action} //Charlie"));
		assert_eq!(
			world.json("//Bob", "certificate show //Charlie")["status"],
			status
		);
	}
}

//! Openings that were lost, and the authority that helps, or lies.

use pallet_ecommerce::{Disclosure, Event, RefreshTarget};
use rand_core::OsRng;
use serde_json::json;
use veilmart_cli::{account::Account, ca::hex, letter::LetterFile};
use veilmart_runtime::RuntimeEvent;
use veilmart_wallet::{recovery::Letter, state, Wallet};

use crate::{
	ledger::{credit_of_bob, id, GENESIS},
	node::{error, errors, is_private, Node},
};

const WRITE: &str =
	"--suri //CA ca recover --key @key --key-passphrase-file @passphrase --out @letter.json --of";
const CREDIT: &str = "issued://Issuer:1";

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_balance_comes_back() {
	let node = Node::start().await;
	assert!(!node.refusal("--suri //Bob balance").is_empty(), "it is lost");
	let written = node.json(&format!("{WRITE} //Bob balance"));
	assert!(is_private(&node.path("letter.json")));
	{
		let world = node.world();
		let subject = Disclosure::Account(id("//Bob"));
		let record = RuntimeEvent::Ecommerce(Event::Disclosed { subject });
		assert_eq!(world.last().events[0].event, record);
		assert_eq!(written["lost"], "the balance");
	}
	// Nothing but whose it is stands outside of what is sealed.
	let letter = node.read("letter.json");
	let names: Vec<_> = letter.as_object().unwrap().keys().cloned().collect();
	assert_eq!(names, ["account", "genesis", "sealed", "version"]);
	let before = node.world().last().state.accumulators();

	let done = node.json("--suri //Bob recover @letter.json");
	assert_eq!(
		(&done["recovered"], &done["amount"]),
		(&json!("balance"), &json!("500.00"))
	);
	let balance = node.json("--suri //Bob balance");
	assert_eq!(balance["balance"], "500.00", "the wallet opens it by itself");
	let after = node.world().last().state.accumulators();
	assert_ne!(after.balances, before.balances, "the nonce is another");
	let audit = node.json("ca audit --key @key --passphrase-file @passphrase");
	assert_eq!(
		(&audit["passed"], &audit["in"]["zeroed"]),
		(&json!(true), &json!("0.00"))
	);

	// Once used, it is about a ciphertext of the past.
	let message = node.refusal("--suri //Bob recover @letter.json");
	assert!(message.contains("it has changed since"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_credit_comes_back() {
	let node = Node::start().await;
	node.json(&format!("{WRITE} //Bob credit {CREDIT}"));
	let done = node.json("--suri //Bob recover @letter.json");
	assert_eq!(
		(&done["recovered"], &done["amount"]),
		(&json!("credit"), &json!("12.00"))
	);
	let target = RefreshTarget::Credit(credit_of_bob());
	let account = id("//Bob");
	let refreshed = RuntimeEvent::Ecommerce(Event::Refreshed { account, target });
	assert_eq!(node.world().last().events[0].event, refreshed);
	// Now the balance, so that both show.
	std::fs::remove_file(node.path("letter.json")).unwrap();
	node.json(&format!("{WRITE} //Bob balance"));
	node.json("--suri //Bob recover @letter.json");
	let incoming = node.json("--suri //Bob balance")["incoming"].clone();
	assert_eq!(incoming[0]["amount"], "12.00");

	let message = node.refusal(&format!("{WRITE} //Alice credit {CREDIT}").replace("letter", "other"));
	assert!(message.contains("No credit"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_stock_comes_back() {
	let node = Node::start().await;
	let listings = node.json("--suri //Alice listings");
	assert!(listings[0]["problem"].is_string(), "it is lost: {listings}");
	node.json(&format!("{WRITE} //Alice stock 2"));
	let done = node.json("--suri //Alice recover @letter.json");
	assert_eq!(
		(&done["recovered"], &done["pieces"]),
		(&json!("stock"), &json!(40))
	);
	let listings = node.json("--suri //Alice listings");
	assert_eq!(
		(&listings[0]["price"], &listings[0]["stock"], &listings[0]["item"]),
		(&json!("12.50"), &json!(40), &json!("85123A"))
	);
	let message = node.refusal(&format!("{WRITE} //Alice stock 9").replace("letter", "other"));
	assert!(message.contains("There is no listing"), "{message}");
}

/// What Bob, or whoever is named, is told by an authority that does as the test likes.
fn told(node: &Node, suri: &str, change: &dyn Fn(&mut Letter)) {
	node.json(&format!("{WRITE} {suri} balance"));
	let owner = Account::development(suri).unwrap();
	let key = veilmart_paillier::PublicKey::from_modulus(&node.world().last().state.key.modulus).unwrap();
	let wallet = Wallet::new(owner.keys(), key, GENESIS.0).unwrap();
	let text = std::fs::read_to_string(node.path("letter.json")).unwrap();
	let mut letter = LetterFile::from_json(&text).unwrap().open(&wallet).unwrap();
	change(&mut letter);
	let view_key = owner.keys().view_key(0).public();
	let file = LetterFile::seal(&letter, GENESIS, &owner.id(), &view_key).unwrap();
	std::fs::remove_file(node.path("letter.json")).unwrap();
	std::fs::write(node.path("letter.json"), file.to_json().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_cheats_is_refused_and_nothing_is_sent() {
	let node = Node::start().await;
	let key = veilmart_paillier::PublicKey::from_modulus(&node.world().last().state.key.modulus).unwrap();
	let other_root = key.random_root(&mut OsRng);
	type Lie<'a> = (&'a dyn Fn(&mut Letter), &'a str);
	let lies: [Lie; 6] = [
		(&|letter| letter.value += 1, "do not open what is on the ledger"),
		(&|letter| letter.value = 0, "do not open what is on the ledger"),
		(
			&|letter| letter.root = other_root.clone(),
			"do not open what is on the ledger",
		),
		(
			&|letter| letter.ciphertext = state::Ciphertext::ONE,
			"about a ciphertext that the ledger does not hold",
		),
		(
			&|letter| {
				letter.target = state::RefreshTarget::Stock(state::ListingName {
					seller: *id("//Alice").as_ref(),
					seq: 2,
				})
			},
			"belongs to another account",
		),
		(
			&|letter| {
				letter.target = state::RefreshTarget::Credit(state::CreditName {
					creator: *id("//Issuer").as_ref(),
					seq: 1,
					kind: state::CreditKind::Issued,
				})
			},
			"about a ciphertext that the ledger does not hold",
		),
	];
	for (lie, said) in lies {
		told(&node, "//Bob", lie);
		let sent = node.world().sent;
		let message = node.refusal("--suri //Bob recover @letter.json");
		assert!(message.contains(said), "{message}");
		assert_eq!(node.world().sent, sent, "{said}");
		std::fs::remove_file(node.path("letter.json")).unwrap();
	}
	// The truth passes.
	told(&node, "//Bob", &|_| ());
	node.json("--suri //Bob recover @letter.json");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lie_about_the_price_beside_a_stock_is_refused() {
	let node = Node::start().await;
	node.json(&format!("{WRITE} //Alice stock 2"));
	let alice = Account::development("//Alice").unwrap();
	let key = veilmart_paillier::PublicKey::from_modulus(&node.world().last().state.key.modulus).unwrap();
	let wallet = Wallet::new(alice.keys(), key, GENESIS.0).unwrap();
	let text = std::fs::read_to_string(node.path("letter.json")).unwrap();
	let truth = LetterFile::from_json(&text).unwrap().open(&wallet).unwrap();
	let sent = node.world().sent;
	let lies: [fn(&mut Letter); 2] = [|letter| letter.price += 1, |letter| letter.commodity += 1];
	for change in lies {
		let mut letter = truth.clone();
		change(&mut letter);
		let view_key = alice.keys().view_key(0).public();
		let file = LetterFile::seal(&letter, GENESIS, &alice.id(), &view_key).unwrap();
		std::fs::write(node.path("lie.json"), file.to_json().unwrap()).unwrap();
		let message = node.refusal("--suri //Alice recover @lie.json");
		assert!(
			message.contains("price or item code is not the listing's"),
			"{message}"
		);
	}
	assert_eq!(node.world().sent, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_for_its_owner_and_its_chain() {
	let node = Node::start().await;
	node.json(&format!("{WRITE} //Bob balance"));
	let message = node.refusal("--suri //Alice recover @letter.json");
	assert!(message.starts_with("The letter is for 5FHneW46"), "{message}");
	let mut letter = node.read("letter.json");
	letter["account"] = json!(Account::development("//Alice").unwrap().address());
	node.write("stolen.json", &letter);
	let message = node.refusal("--suri //Alice recover @stolen.json");
	assert!(
		message.contains("cannot be read with this account's view keys"),
		"{message}"
	);
	let mut letter = node.read("letter.json");
	letter["genesis"] = json!(veilmart_runtime::Hash::zero());
	node.write("foreign.json", &letter);
	let message = node.refusal("--suri //Bob recover @foreign.json");
	assert!(message.contains("about the chain 0x0000"), "{message}");
	// The ciphertext changed after the letter was written.
	let mut other = node.world().last().state.accounts[&id("//Bob")].clone();
	other.balance.ciphertext = node.world().last().state.redeemed.clone();
	node.world().state().accounts.insert(id("//Bob"), other);
	let message = node.refusal("--suri //Bob recover @letter.json");
	assert!(message.contains("it has changed since"), "{message}");
}

/// The node names the key to which a letter is sealed, and a liar could name its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_goes_to_the_view_key_that_the_owner_told() {
	let node = Node::start().await;
	let account = Account::development("//Bob").unwrap();
	let [own, other] = [0, 1].map(|index| hex(account.view_key(index).unwrap().as_bytes()));
	let message = node.refusal(&format!("{WRITE} //Bob --view-key {other} balance"));
	assert!(
		message.contains(&own) && message.contains("not the one of --view-key"),
		"{message}"
	);
	assert!(!node.path("letter.json").exists());
	assert_eq!(node.world().sent, 0, "and nothing was recorded");
	let written = node.json(&format!("{WRITE} //Bob --view-key {own} balance"));
	assert_eq!(written["viewKey"], json!(own));
	node.json("--suri //Bob recover @letter.json");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_letter_is_written_without_a_record_or_over_another() {
	let node = Node::start().await;
	let unnamed = WRITE.replace("--suri //CA ", "");
	let output = node.run(&format!("{unnamed} //Bob balance"));
	assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
	assert!(!node.path("letter.json").exists());
	node.world().authority_at_dispatch = Some(id("//Other"));
	let output = node.run(&format!("{WRITE} //Bob balance"));
	assert_eq!(error(&output)["kind"], "refused");
	assert!(!node.path("letter.json").exists());
	node.world().authority_at_dispatch = None;

	// To whom nothing can be sealed nothing is written, and nothing recorded.
	node.world()
		.state()
		.certificates
		.get_mut(&id("//Bob"))
		.unwrap()
		.view_key = None;
	let sent = node.world().sent;
	let message = node.refusal(&format!("{WRITE} //Bob balance"));
	assert!(message.contains("has not registered a view key"), "{message}");
	std::fs::write(node.path("letter.json"), "something").unwrap();
	let message = node.refusal(&format!("{WRITE} //Alice balance"));
	assert!(message.contains("exists already"), "{message}");
	assert_eq!(node.world().sent, sent);
}

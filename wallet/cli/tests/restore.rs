//! A wallet whose disk was lost: the command with nothing but the mnemonic and a node, here one that holds what the test put
//! on its chain.

mod rpc;

use std::{
	io::Write,
	path::Path,
	process::{Command, Output, Stdio},
};

use codec::Encode;
use frame_system::{DispatchEventInfo, EventRecord, Phase};
use jsonrpsee::{server::ServerHandle, RpcModule};
use pallet_certificates::{Certificate, Role, Status, ViewKeyRecord};
use pallet_ecommerce::{
	runtime_api::AccountState, Call, Credit, CreditId, CreditKind, Disclosure, Event, GenesisKey, Listing,
	ListingId, OrderId, Owned, Redemption, RedemptionId, Salt, SealedNote, Terms, Verdict,
};
use rand_core::OsRng;
use serde_json::{json, Value};
use sp_core::Bytes;
use sp_runtime::{generic::Era, DispatchError};
use veilmart_cli::{account::Account, ca, chain, commodity, keystore};
use veilmart_paillier::{generate, ParameterSet, PrimeKind, ProductGroup, SecretKey};
use veilmart_runtime::{extensions::signed_extrinsic, AccountId, Hash, Runtime, RuntimeCall, RuntimeEvent};
use veilmart_wallet::{
	market::{AcceptCall, CollectCall, DisputeCall, ListCall, OrderCall, PaymentCall},
	notes,
	opening::Opened,
	state, Wallet,
};

use rpc::errors;

const GENESIS: Hash = Hash::repeat_byte(1);
/// The first block's time: 2026-01-01.
const BEGINNING: u64 = 1_767_225_600_000;

fn note(note: notes::SealedNote) -> SealedNote {
	SealedNote(note)
}

fn party(wallet: &Wallet) -> state::Party {
	state::Party {
		account: wallet.account(),
		view_key: wallet.keys().view_key(0).public(),
	}
}

/// A block: its transactions and what they announced.
#[derive(Clone, Default)]
struct Block {
	extrinsics: Vec<Vec<u8>>,
	events: Vec<chain::Event>,
}

impl Block {
	/// With this call of the account in it.
	fn with(
		mut self,
		account: &Account,
		call: Call<Runtime>,
		event: Result<Event<Runtime>, DispatchError>,
	) -> Self {
		let call = RuntimeCall::Ecommerce(call);
		let extrinsic = signed_extrinsic(
			call,
			account.id(),
			0,
			Era::Immortal,
			GENESIS,
			GENESIS,
			|payload| account.sign(payload),
		);
		let index = self.extrinsics.len() as u32;
		self.extrinsics.push(extrinsic.encode());
		let dispatch_info = DispatchEventInfo::default();
		let (event, verdict) = match event {
			Ok(event) => (
				Some(event),
				frame_system::Event::ExtrinsicSuccess { dispatch_info },
			),
			Err(dispatch_error) => (
				None,
				frame_system::Event::ExtrinsicFailed {
					dispatch_error,
					dispatch_info,
				},
			),
		};
		let mut announce = |event: RuntimeEvent| {
			self.events.push(EventRecord {
				phase: Phase::ApplyExtrinsic(index),
				event,
				topics: Vec::new(),
			})
		};
		event.into_iter().for_each(|event| announce(event.into()));
		announce(verdict.into());
		self
	}

	/// With a call of somebody else, of which nothing but this counts here.
	fn by(self, other: &Account, event: Event<Runtime>) -> Self {
		self.with(other, Call::delist { seq: 0, listing: 0 }, Ok(event))
	}

	/// The last call announced this, too.
	fn and(mut self, event: Event<Runtime>) -> Self {
		let index = self.extrinsics.len() as u32 - 1;
		self.announce(Phase::ApplyExtrinsic(index), event)
	}

	/// A deadline has fallen.
	fn by_time(mut self, event: Event<Runtime>) -> Self {
		self.announce(Phase::Initialization, event)
	}

	fn announce(&mut self, phase: Phase, event: Event<Runtime>) -> Self {
		self.events.push(EventRecord {
			phase,
			event: event.into(),
			topics: Vec::new(),
		});
		std::mem::take(self)
	}
}

/// What is on the chain.
struct Stored {
	key: GenesisKey,
	shop: AccountId,
	account: AccountState,
	incoming: Vec<(CreditId<AccountId>, Credit)>,
	/// What waits for Bob.
	sent: Vec<(CreditId<AccountId>, Credit)>,
	listings: Vec<(ListingId<AccountId>, Listing)>,
	redemptions: Vec<(RedemptionId<AccountId>, Redemption)>,
	certificate: Certificate<AccountId, u64>,
	/// From block 1 on.
	blocks: Vec<Block>,
}

impl Stored {
	fn hash(number: usize) -> Hash {
		Hash::repeat_byte(number as u8 + 1)
	}

	fn block(&self, hash: Hash) -> Option<(usize, &Block)> {
		let number = usize::from(hash.as_bytes()[0]) - 1;
		Some((number, self.blocks.get(number.checked_sub(1)?)?))
	}

	fn call(&self, method: &str, arguments: &[u8], at: Option<Hash>) -> Vec<u8> {
		match method {
			"EcommerceApi_market" => rpc::market(&self.key, 60_000).encode(),
			"EcommerceApi_modulus_proof" => self.key.proof.encode(),
			"EcommerceApi_account" if at == Some(GENESIS) => AccountState {
				seq: 0,
				balance: Owned::default(),
				issued: Owned::default(),
				issuer_quota: 0,
			}
			.encode(),
			"EcommerceApi_account" => self.account.encode(),
			"EcommerceApi_incoming" if arguments == self.shop.encode() => self.incoming.encode(),
			"EcommerceApi_incoming" => self.sent.encode(),
			"EcommerceApi_listings" => self.listings.encode(),
			"EcommerceApi_listing" => {
				let found = self.listings.iter().find(|(id, _)| id.encode() == arguments);
				found.map(|(_, listing)| listing.clone()).encode()
			}
			"EcommerceApi_redemptions" => self.redemptions.encode(),
			"EcommerceApi_order" => None::<()>.encode(),
			"CertificatesApi_certificate" if arguments == self.shop.encode() => {
				Some(self.certificate.clone()).encode()
			}
			"CertificatesApi_certificate" => {
				let bob = Account::development("//Bob").unwrap();
				let view_key = Some(ViewKeyRecord {
					key: bob.view_key(0).unwrap(),
					index: 0,
				});
				Some(Certificate {
					view_key,
					..self.certificate.clone()
				})
				.encode()
			}
			"AccountNonceApi_account_nonce" => 0u32.encode(),
			method => panic!("the test did not expect {method}"),
		}
	}
}

struct Node {
	url: String,
	_server: ServerHandle,
}

impl Node {
	async fn start(stored: Stored) -> Self {
		let mut module = RpcModule::new(stored);
		module
			.register_method("system_chain", |_, _, _| json!("Small"))
			.unwrap();
		module
			.register_method("system_accountNextIndex", |_, _, _| json!(0))
			.unwrap();
		module
			.register_method("state_getRuntimeVersion", |_, _, _| rpc::version())
			.unwrap();
		module
			.register_method("chain_getBlockHash", |params, stored, _| {
				let number: Vec<usize> = params.parse().unwrap_or_default();
				let number = number.first().copied().unwrap_or(stored.blocks.len());
				json!(Stored::hash(number))
			})
			.unwrap();
		module
			.register_method("chain_getFinalizedHead", |_, stored, _| {
				json!(Stored::hash(stored.blocks.len()))
			})
			.unwrap();
		module
			.register_method("chain_getHeader", |params, stored, _| {
				let (hash,): (Hash,) = params.parse().unwrap();
				let (number, _) = stored.block(hash).unwrap();
				rpc::header(number)
			})
			.unwrap();
		module
			.register_method("chain_getBlock", |params, stored, _| {
				let (hash,): (Hash,) = params.parse().unwrap();
				let (_, block) = stored.block(hash).unwrap();
				let extrinsics: Vec<_> = block.extrinsics.iter().cloned().map(Bytes).collect();
				json!({ "block": { "extrinsics": extrinsics } })
			})
			.unwrap();
		module
			.register_method("state_getStorage", |params, stored, _| {
				let (key, hash): (Bytes, Hash) = params.parse().unwrap();
				let (number, block) = stored.block(hash).unwrap();
				let time = frame_support::storage::storage_prefix(b"Timestamp", b"Now");
				json!(Bytes(if key.0 == time {
					(BEGINNING + 1_000 * number as u64).encode()
				} else {
					block.events.encode()
				}))
			})
			.unwrap();
		module
			.register_method("state_call", |params, stored, _| {
				let (method, arguments, at): (String, Bytes, Option<Hash>) = params.parse().unwrap();
				json!(Bytes(stored.call(&method, &arguments, at)))
			})
			.unwrap();
		let (url, _server) = rpc::serve(module).await;
		Self { url, _server }
	}

	fn run(&self, base_path: &Path, arguments: &str, input: &str) -> Output {
		tokio::task::block_in_place(|| {
			let passphrase = base_path.join("passphrase");
			if !passphrase.exists() {
				keystore::write_new(&passphrase, b"a passphrase\n").unwrap();
			}
			let mut child = Command::new(env!("CARGO_BIN_EXE_veilmart"))
				.args(["--url", &self.url, "--base-path"])
				.arg(base_path)
				.arg("--passphrase-file")
				.arg(passphrase)
				.args(arguments.split(' '))
				.env_remove("VEILMART_URL")
				.stdin(Stdio::piped())
				.stdout(Stdio::piped())
				.stderr(Stdio::piped())
				.spawn()
				.unwrap();
			child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
			child.wait_with_output().unwrap()
		})
	}

	fn json(&self, base_path: &Path, arguments: &str) -> Value {
		let output = self.run(base_path, &format!("--json --account shop {arguments}"), "");
		assert!(output.status.success(), "{arguments}: {}", errors(&output));
		serde_json::from_slice(&output.stdout).unwrap()
	}

	/// What the wallet says of something that it does not even send.
	fn refusal(&self, base_path: &Path, arguments: &str) -> String {
		let output = self.run(base_path, &format!("--json --account shop {arguments}"), "");
		let text = errors(&output);
		assert_eq!(output.status.code(), Some(1), "{arguments}: {text}");
		let error: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
		assert_eq!(error["error"]["kind"], "wallet", "{arguments}: {text}");
		error["error"]["message"].as_str().unwrap().to_owned()
	}
}

fn collect_call(call: &CollectCall, credits: &[CreditId<AccountId>]) -> Call<Runtime> {
	Call::collect {
		seq: call.seq,
		credits: credits.to_vec().try_into().unwrap(),
		own_note: Box::new(note(call.own_note)),
	}
}

fn order_call(call: &OrderCall) -> Call<Runtime> {
	Call::order {
		seq: call.seq,
		salt: Salt(call.salt),
		listing: ListingId {
			seller: call.listing.seller.into(),
			seq: call.listing.seq,
		},
		version: call.version,
		quantity: Box::new(call.quantity.clone()),
		total: Box::new(call.total.clone()),
		balance_after: Box::new(call.balance_after.clone()),
		own_note: Box::new(note(call.own_note)),
		note: Box::new(note(call.note)),
		quote: Box::new(note(call.quote)),
		proof: call.proof.clone().try_into().unwrap(),
	}
}

fn accept_call(call: &AcceptCall) -> Call<Runtime> {
	Call::accept {
		seq: call.seq,
		salt: Salt(call.salt),
		order: OrderId {
			buyer: call.order.buyer.into(),
			seq: call.order.seq,
		},
		stock_after: Box::new(call.stock_after.clone()),
		balance_after: Box::new(call.balance_after.clone()),
		own_note: Box::new(note(call.own_note)),
		stock_note: Box::new(note(call.stock_note)),
		proof: call.proof.clone().try_into().unwrap(),
	}
}

fn dispute_call(call: &DisputeCall) -> Call<Runtime> {
	Call::dispute {
		seq: call.seq,
		salt: Salt(call.salt),
		order: call.order.seq,
		balance_after: Box::new(call.balance_after.clone()),
		own_note: Box::new(note(call.own_note)),
		proof: call.proof.clone().try_into().unwrap(),
	}
}

fn transfer_call(call: &PaymentCall) -> Call<Runtime> {
	Call::transfer {
		seq: call.seq,
		salt: Salt(call.salt),
		to: call.to.into(),
		amount: Box::new(call.amount.clone()),
		balance_after: Box::new(call.balance_after.clone()),
		own_note: Box::new(note(call.own_note)),
		note: Box::new(note(call.note)),
		proof: call.proof.clone().try_into().unwrap(),
	}
}

fn list_call(call: &ListCall) -> Call<Runtime> {
	Call::list {
		seq: call.seq,
		salt: Salt(call.salt),
		price: Box::new(call.price.clone()),
		stock: Box::new(call.stock.clone()),
		commodity: Box::new(call.commodity.clone()),
		own_note: Box::new(note(call.own_note)),
		proof: call.proof.clone().try_into().unwrap(),
	}
}

fn secret_key() -> SecretKey {
	generate(
		ParameterSet::Paillier2048,
		PrimeKind::Plain,
		&mut OsRng,
		&mut || {},
	)
}

/// A shop that collected 500.00, sent 200.00 to Bob and listed something; 12.00 wait for it, and Bob has redeemed 7.00
/// with it.
fn chain_of(shop: &Account, secret: &SecretKey) -> Stored {
	let key = secret.public().clone();
	let wallet = |account: &Account| Wallet::new(account.keys(), key.clone(), GENESIS.0).unwrap();
	let (issuer, bob) = (
		Account::development("//Issuer").unwrap(),
		Account::development("//Bob").unwrap(),
	);
	let [of_shop, of_issuer, of_bob] = [shop, &issuer, &bob].map(wallet);

	let issued = |seq, before: &Opened, amount| {
		of_issuer
			.issue(seq, before, 1_000_000, &party(&of_shop), amount, &mut OsRng)
			.unwrap()
	};
	let first = issued(0, &Opened::zero(), 50_000);
	let second = issued(1, &first.issued, 1_200);
	let credit = |seq| CreditId {
		creator: issuer.id(),
		seq,
		kind: CreditKind::Issued,
	};
	let name = state::CreditName {
		creator: of_issuer.account(),
		seq: 0,
		kind: state::CreditKind::Issued,
	};
	let waiting = state::Credit {
		name,
		amount: first.amount.clone(),
		note: Some(first.note),
	};
	let opened = of_shop.open_credit(&waiting, None).unwrap();
	let collected = of_shop
		.collect(0, &Opened::zero(), &[(name, opened)], &mut OsRng)
		.unwrap();
	let sent = of_shop
		.transfer(1, &collected.balance, &party(&of_bob), 20_000, &mut OsRng)
		.unwrap();
	let again = of_shop
		.transfer(1, &collected.balance, &party(&of_bob), 10_000, &mut OsRng)
		.unwrap();
	let item = commodity::encode("85123A").unwrap();
	let listed = of_shop.list(2, 1_250, 40, item, &mut OsRng).unwrap();
	let bobs = of_bob
		.issue(0, &Opened::zero(), 1_000, &party(&of_shop), 1_000, &mut OsRng)
		.unwrap();
	let redeemed = of_bob
		.redeem(9, &bobs.issued, &party(&of_shop), 700, &mut OsRng)
		.unwrap();

	let id = ListingId {
		seller: shop.id(),
		seq: 2,
	};
	let transfer = CreditId {
		creator: shop.id(),
		seq: 1,
		kind: CreditKind::Transfer,
	};
	let transferred = Event::Transferred {
		from: shop.id(),
		to: bob.id(),
		credit: transfer.clone(),
	};
	let redemption = RedemptionId {
		holder: bob.id(),
		seq: 9,
	};
	let disclosed = Disclosure::Account(shop.id());
	let blocks = vec![
		Block::default().with(
			shop,
			collect_call(&collected, &[credit(0)]),
			Ok(Event::Collected {
				account: shop.id(),
				credits: vec![credit(0)],
			}),
		),
		Block::default().with(
			&Account::development("//CA").unwrap(),
			Call::record_disclosure {
				subject: disclosed.clone(),
			},
			Ok(Event::Disclosed { subject: disclosed }),
		),
		// One transfer fails, the one after it does not.
		Block::default()
			.with(shop, transfer_call(&again), Err(DispatchError::BadOrigin))
			.with(shop, transfer_call(&sent), Ok(transferred)),
		Block::default()
			.with(
				&bob,
				Call::delist { seq: 0, listing: 0 },
				Ok(Event::Redeemed {
					issuer: shop.id(),
					redemption: redemption.clone(),
				}),
			)
			.with(
				shop,
				list_call(&listed),
				Ok(Event::Listed { listing: id.clone() }),
			),
	];
	Stored {
		key: ca::public_part(secret).unwrap(),
		shop: shop.id(),
		account: AccountState {
			seq: 3,
			balance: Owned {
				ciphertext: sent.balance_after.clone(),
				note: Some(note(sent.own_note)),
			},
			issued: Owned::default(),
			issuer_quota: 0,
		},
		incoming: vec![(
			credit(1),
			Credit {
				amount: second.amount,
				note: Some(note(second.note)),
				sender_note: None,
				reclaim_from: None,
			},
		)],
		sent: vec![(
			transfer,
			Credit {
				amount: sent.amount,
				note: Some(note(sent.note)),
				sender_note: Some(note(sent.own_note)),
				reclaim_from: Some(BEGINNING + 86_400_000),
			},
		)],
		listings: vec![(
			id,
			Listing {
				price: listed.price,
				version: 0,
				price_seq: 2,
				price_salt: Salt(listed.salt),
				stock: listed.stock,
				commodity: listed.commodity,
				salt: Salt(listed.salt),
				note: note(listed.own_note),
			},
		)],
		redemptions: vec![(
			redemption,
			Redemption {
				amount: redeemed.amount,
				note: note(redeemed.note),
			},
		)],
		certificate: Certificate {
			roles: [Role::Seller, Role::Issuer].into(),
			organisation: b"Corner Shop".to_vec().try_into().unwrap(),
			view_key: Some(ViewKeyRecord {
				key: shop.view_key(0).unwrap(),
				index: 0,
			}),
			valid_until: None,
			status: Status::Active,
		},
		blocks,
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_disk_and_the_mnemonic_are_enough() {
	let (shop, phrase) = Account::generate().unwrap();
	let (me, bob) = (shop.address(), Account::development("//Bob").unwrap().address());
	let issuer = Account::development("//Issuer").unwrap().address();
	let node = Node::start(chain_of(&shop, &secret_key())).await;
	let folder = tempfile::tempdir().unwrap();
	let disk = folder.path();
	let output = node.run(disk, "account import shop", &format!("{}\n", *phrase));
	assert!(output.status.success(), "{}", errors(&output));

	let balance = node.json(disk, "balance");
	assert_eq!(balance["balance"], "300.00");
	assert_eq!(
		balance["incoming"],
		json!([{ "credit": format!("issued:{issuer}:1"), "amount": "12.00" }])
	);
	let listings = node.json(disk, "listings");
	assert_eq!(
		listings,
		json!([{
			"listing": format!("{me}:2"), "priceVersion": 0, "item": "85123A", "stock": 40, "price": "12.50",
		}])
	);
	let redemptions = node.json(disk, "redemptions");
	assert_eq!(
		redemptions,
		json!([{ "redemption": format!("{bob}:9"), "holder": bob, "amount": "7.00" }])
	);

	// The statement, from the first block on and from a later one.
	let output = node.run(disk, "--account shop history --csv", "");
	assert!(output.status.success(), "{}", errors(&output));
	let lines = [
		"time,block,sequence,what,about,with,change,balance,issued".to_owned(),
		format!("2026-01-01T00:00:01Z,1,0,collect,issued:{issuer}:0,,500.00,500.00,"),
		format!("2026-01-01T00:00:02Z,2,,disclosed,{me},,,,"),
		format!("2026-01-01T00:00:03Z,3,1,transfer,transfer:{me}:1,{bob},-200.00,300.00,"),
		format!("2026-01-01T00:00:04Z,4,,redeemed,{bob}:9,,,,"),
		format!("2026-01-01T00:00:04Z,4,2,list,{me}:2,,,,"),
	];
	let text = String::from_utf8(output.stdout).unwrap();
	assert_eq!(text.lines().collect::<Vec<_>>(), lines);
	let later = node.json(disk, "history --from 4");
	assert_eq!(later.as_array().unwrap().len(), 2);
	assert_eq!(later[1]["what"], "list");

	// What the wallet sees by itself it says, and sends nothing: the node here takes nothing.
	for (arguments, said) in [
		(
			"transfer //Bob 300.01",
			"Not enough balance: you have 300.00, not 300.01.",
		),
		("transfer //Bob 0", "The amount must be more than zero."),
		(
			"redeem //Bob 1000",
			"Not enough balance: you have 300.00, not 1000.00.",
		),
		("transfer shop 1", "You cannot send money to yourself."),
		("reprice 2 0", "The price must be more than zero."),
		("restock 2 0", "Add at least one piece."),
		(
			"restock 2 18446744073709551615",
			"That is more than a stock can hold.",
		),
	] {
		assert_eq!(node.refusal(disk, arguments), said, "{arguments}");
	}
	for arguments in [
		"refuse transfer://Bob:3".to_owned(),
		format!("refuse issued:{issuer}:1"),
		"reclaim 2 --from //Bob".into(),
		"settle //Bob:8".into(),
		"delist 9".into(),
		"restock 9 1".into(),
		"dispute 5".into(),
		"resolve //Bob:5 refunded".into(),
		"poke //Bob:5".into(),
		"refresh credit transfer://Bob:3".into(),
		"refresh stock 9".into(),
	] {
		assert!(!node.refusal(disk, &arguments).is_empty());
	}
}

/// Something for sale, as the wallet takes it.
fn listing_of(wallet: &Wallet, listed: &ListCall) -> state::Listing {
	state::Listing {
		name: state::ListingName {
			seller: wallet.account(),
			seq: listed.seq,
		},
		version: 0,
		price: listed.price.clone(),
		price_seq: listed.seq,
		price_salt: listed.salt,
		stock: listed.stock.clone(),
		commodity: listed.commodity.clone(),
		salt: listed.salt,
		note: listed.own_note,
	}
}

/// An order, as the wallet takes it.
fn order_of(wallet: &Wallet, call: &OrderCall, listed: &ListCall) -> state::Order {
	state::Order {
		name: state::OrderName {
			buyer: wallet.account(),
			seq: call.seq,
		},
		listing: call.listing,
		price_seq: listed.seq,
		price_salt: listed.salt,
		quantity: call.quantity.clone(),
		total: call.total.clone(),
		terms: Terms::default().into(),
		salt: call.salt,
		note: call.note,
		own_note: call.own_note,
		quote: call.quote,
	}
}

/// What one sells and tells the other of, and what that one makes of it.
fn quoted(seller: &Wallet, buyer: &Wallet, listed: &ListCall) -> veilmart_wallet::opening::Quoted {
	let quote = seller
		.quote(listed.seq + 1, &listed.listing, &party(buyer), &mut OsRng)
		.unwrap();
	let quote = state::Quote {
		version: 0,
		note: quote.note,
	};
	buyer.open_quote(&listing_of(seller, listed), &quote).unwrap()
}

/// A shop for which things went wrong. It bought from Bob: one order was penalised, with a share for the shop; one lapsed; one
/// it disputed and lost. It sold to Bob: one order it did not ship, one was refunded after a dispute. And what each line of its
/// statement says behind block and time.
fn wrongs_of(shop: &Account, secret: &SecretKey) -> (Stored, Vec<(usize, String)>) {
	let (key, public) = (secret.public().clone(), ca::public_part(secret).unwrap());
	let wallet = |account: &Account| Wallet::new(account.keys(), key.clone(), GENESIS.0).unwrap();
	let [issuer, bob, arbiter] =
		["//Issuer", "//Bob", "//Arbiter"].map(|name| Account::development(name).unwrap());
	let [of_shop, of_issuer, of_bob] = [shop, &issuer, &bob].map(wallet);
	let terms: state::Terms = Terms::default().into();
	let item = commodity::encode("85123A").unwrap();
	let issued = |to: &Wallet, amount| {
		of_issuer
			.issue(0, &Opened::zero(), amount, &party(to), amount, &mut OsRng)
			.unwrap()
	};
	let name = |of: &Wallet, seq, kind| state::CreditName {
		creator: of.account(),
		seq,
		kind,
	};

	// The shop buys.
	let money = issued(&of_shop, 50_000);
	let first = name(&of_issuer, 0, state::CreditKind::Issued);
	let waiting = state::Credit {
		name: first,
		amount: money.amount.clone(),
		note: Some(money.note),
	};
	let opened = of_shop.open_credit(&waiting, None).unwrap();
	let funded = of_shop
		.collect(0, &Opened::zero(), &[(first, opened)], &mut OsRng)
		.unwrap();
	let goods = of_bob.list(0, 1_250, 40, item, &mut OsRng).unwrap();
	let offer = quoted(&of_bob, &of_shop, &goods);
	let buy = |seq, balance: &Opened, pieces| {
		let key = party(&of_bob).view_key;
		of_shop
			.order(seq, balance, &offer, pieces, &terms, &key, &mut OsRng)
			.unwrap()
	};
	let cheated = buy(1, &funded.balance, 2);
	let cheated_dispute = of_shop
		.dispute(2, &cheated.balance, &cheated.order, &mut OsRng)
		.unwrap();
	// What comes out of an order for its buyer is as much as its total, and opens as the total does.
	let out_of = |order: &OrderCall, kinds: &[state::CreditKind]| -> Vec<_> {
		let opened =
			|kind: &state::CreditKind| (name(&of_shop, order.seq, *kind), order.order.total().clone());
		kinds.iter().map(opened).collect()
	};
	let kinds = [
		state::CreditKind::Refund,
		state::CreditKind::Share,
		state::CreditKind::Deposit,
	];
	let won = of_shop
		.collect(3, &cheated_dispute.balance, &out_of(&cheated, &kinds), &mut OsRng)
		.unwrap();
	let ignored = buy(4, &won.balance, 1);
	let ignored_refund = of_shop
		.collect(5, &ignored.balance, &out_of(&ignored, &kinds[..1]), &mut OsRng)
		.unwrap();
	let delivered = buy(6, &ignored_refund.balance, 1);
	let delivered_dispute = of_shop
		.dispute(7, &delivered.balance, &delivered.order, &mut OsRng)
		.unwrap();

	// The shop sells.
	let listed = of_shop.list(8, 1_000, 10, item, &mut OsRng).unwrap();
	let offer = quoted(&of_shop, &of_bob, &listed);
	let key = party(&of_shop).view_key;
	let purse = issued(&of_bob, 10_000).issued;
	let not_shipped = of_bob
		.order(3, &purse, &offer, 1, &terms, &key, &mut OsRng)
		.unwrap();
	let returned = of_bob
		.order(4, &not_shipped.balance, &offer, 1, &terms, &key, &mut OsRng)
		.unwrap();
	let [sold, sold_returned] = [&not_shipped, &returned].map(|order| order_of(&of_bob, order, &listed));
	let opened = of_shop.open_order_as_seller(&sold).unwrap();
	let accepted = of_shop
		.accept(
			9,
			&delivered_dispute.balance,
			&listed.listing,
			&opened,
			&mut OsRng,
		)
		.unwrap();
	let opened = of_shop.open_order_as_seller(&sold_returned).unwrap();
	let accepted_returned = of_shop
		.accept(10, &accepted.balance, &accepted.listing, &opened, &mut OsRng)
		.unwrap();
	let bond = ProductGroup::new(&public.modulus)
		.product([(returned.total.as_ref(), 10)])
		.unwrap();
	let bond = state::Credit {
		name: name(&of_bob, 4, state::CreditKind::Bond),
		amount: state::Ciphertext::from_slice(&bond).unwrap(),
		note: None,
	};
	let opened = of_shop.open_credit(&bond, Some(&sold_returned)).unwrap();
	let bond_back = of_shop
		.collect(12, &accepted_returned.balance, &[(bond.name, opened)], &mut OsRng)
		.unwrap();

	let own = |seq| OrderId {
		buyer: shop.id(),
		seq,
	};
	let of_bobs = |seq| OrderId { buyer: bob.id(), seq };
	let credit = |id: &OrderId<AccountId>, kind| CreditId {
		creator: id.buyer.clone(),
		seq: id.seq,
		kind,
	};
	let paid = CreditId {
		creator: issuer.id(),
		seq: 0,
		kind: CreditKind::Issued,
	};
	let from_cheated =
		[CreditKind::Refund, CreditKind::Share, CreditKind::Deposit].map(|kind| credit(&own(1), kind));
	let from_ignored = [credit(&own(4), CreditKind::Refund)];
	let from_returned = [credit(&of_bobs(4), CreditKind::Bond)];
	let listing = ListingId {
		seller: shop.id(),
		seq: 8,
	};
	// What an own call announces is not in the statement, so any event does.
	let mine = |call| {
		let event = Event::<Runtime>::Delisted {
			listing: listing.clone(),
		};
		Block::default().with(shop, call, Ok(event))
	};
	let (by_bob, by_me) = (|| bob.id(), || shop.id());
	let resolved = |order, verdict| Event::<Runtime>::Resolved {
		order,
		arbiter: Some(arbiter.id()),
		verdict,
	};
	let blocks = vec![
		mine(collect_call(&funded, &[paid])),
		mine(order_call(&cheated)),
		Block::default()
			.by(
				&bob,
				Event::Accepted {
					order: own(1),
					seller: by_bob(),
				},
			)
			.by(
				&bob,
				Event::Shipped {
					order: own(1),
					seller: by_bob(),
				},
			),
		mine(dispute_call(&cheated_dispute)),
		Block::default()
			.by(&arbiter, resolved(own(1), Verdict::Penalised))
			.and(Event::Penalised {
				order: own(1),
				seller: by_bob(),
			}),
		mine(collect_call(&won, &from_cheated)),
		mine(order_call(&ignored)),
		Block::default().by_time(Event::Lapsed {
			order: own(4),
			seller: by_bob(),
		}),
		mine(collect_call(&ignored_refund, &from_ignored)),
		mine(order_call(&delivered)),
		mine(dispute_call(&delivered_dispute)),
		Block::default()
			.by(&arbiter, resolved(own(6), Verdict::Completed))
			.and(Event::Completed {
				order: own(6),
				seller: by_bob(),
			}),
		mine(list_call(&listed)),
		Block::default().by(
			&bob,
			Event::Placed {
				order: of_bobs(3),
				listing: listing.clone(),
			},
		),
		mine(accept_call(&accepted)),
		mine(accept_call(&accepted_returned)),
		Block::default().by_time(Event::Penalised {
			order: of_bobs(3),
			seller: by_me(),
		}),
		mine(Call::ship {
			seq: 11,
			order: of_bobs(4),
		}),
		Block::default().by(
			&bob,
			Event::Disputed {
				order: of_bobs(4),
				seller: by_me(),
			},
		),
		Block::default()
			.by(&arbiter, resolved(of_bobs(4), Verdict::Refunded))
			.and(Event::Refunded {
				order: of_bobs(4),
				seller: by_me(),
			}),
		mine(collect_call(&bond_back, &from_returned)),
	];
	let (me, bobs) = (shop.address(), bob.address());
	let lines = vec![
		(
			1,
			format!("0,collect,issued:{}:0,,500.00,500.00,", issuer.address()),
		),
		(2, format!("1,order,{me}:1,{bobs},-25.00,475.00,")),
		(3, format!(",accepted,{me}:1,,,,")),
		(3, format!(",shipped,{me}:1,,,,")),
		(4, format!("2,dispute,{me}:1,,-25.00,450.00,")),
		(5, format!(",resolved,{me}:1,,,,")),
		(5, format!(",penalised,{me}:1,,,,")),
		(
			6,
			format!("3,collect,refund:{me}:1 share:{me}:1 deposit:{me}:1,,75.00,525.00,"),
		),
		(7, format!("4,order,{me}:4,{bobs},-12.50,512.50,")),
		(8, format!(",lapsed,{me}:4,,,,")),
		(9, format!("5,collect,refund:{me}:4,,12.50,525.00,")),
		(10, format!("6,order,{me}:6,{bobs},-12.50,512.50,")),
		(11, format!("7,dispute,{me}:6,,-12.50,500.00,")),
		(12, format!(",resolved,{me}:6,,,,")),
		(12, format!(",completed,{me}:6,,,,")),
		(13, format!("8,list,{me}:8,,,,")),
		(14, format!(",placed,{bobs}:3,,,,")),
		(15, format!("9,accept,{bobs}:3,{bobs},-100.00,400.00,")),
		(16, format!("10,accept,{bobs}:4,{bobs},-100.00,300.00,")),
		(17, format!(",penalised,{bobs}:3,,,,")),
		(18, format!("11,ship,{bobs}:4,{bobs},,,")),
		(19, format!(",disputed,{bobs}:4,,,,")),
		(20, format!(",refunded,{bobs}:4,,,,")),
		(21, format!("12,collect,bond:{bobs}:4,,100.00,400.00,")),
	];
	let stored = Stored {
		account: AccountState {
			seq: 13,
			balance: Owned {
				ciphertext: bond_back.balance.ciphertext().clone(),
				note: Some(note(bond_back.own_note)),
			},
			issued: Owned::default(),
			issuer_quota: 0,
		},
		blocks,
		..chain_of(shop, secret)
	};
	(stored, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_tells_what_went_wrong_and_what_it_cost() {
	let (shop, phrase) = Account::generate().unwrap();
	let (stored, expected) = wrongs_of(&shop, &secret_key());
	let node = Node::start(stored).await;
	let folder = tempfile::tempdir().unwrap();
	let disk = folder.path();
	let output = node.run(disk, "account import shop", &format!("{}\n", *phrase));
	assert!(output.status.success(), "{}", errors(&output));
	let output = node.run(disk, "--account shop history --csv", "");
	assert!(output.status.success(), "{}", errors(&output));
	let text = String::from_utf8(output.stdout).unwrap();
	let mut lines = text.lines();
	assert_eq!(
		lines.next(),
		Some("time,block,sequence,what,about,with,change,balance,issued")
	);
	let expected: Vec<_> = expected
		.into_iter()
		.map(|(block, rest)| format!("2026-01-01T00:00:{block:02}Z,{block},{rest}"))
		.collect();
	assert_eq!(lines.collect::<Vec<_>>(), expected);
	// A spreadsheet that adds up what changed comes to the balance.
	let balance = node.json(disk, "balance")["balance"].clone();
	assert_eq!(balance, "400.00");
	let history = node.json(disk, "history");
	let changes = history.as_array().unwrap().iter();
	let sum: f64 = changes
		.filter_map(|line| line["change"].as_str())
		.map(|change| change.parse::<f64>().unwrap())
		.sum();
	assert_eq!(format!("{sum:.2}"), "400.00");
}

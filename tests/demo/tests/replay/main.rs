//! A history with every call: a node without the host function replays it to the same state, and wallets find everything in it.
//!
//! Real orders run on a real node, which verifies natively: a purchase from listing to collecting, an order that is
//! cancelled and one that is declined, so that every call of the marketplace is in some block. Then every block is executed
//! again, from the genesis of the specification on, by the portable runtime in an executor that has no host function of ours,
//! and by the node's own runtime in one that has it. The state root after each block has to be the one in its header.
//!
//! Before that every account is made anew on an empty disk from what its owner has written down, and shows what plain [`books`]
//! say that were kept beside the chain: balance, what waits, listings, quotes, orders, redemptions, and its whole statement.
//!
//! That a portable verifier refuses what the native one refuses is not seen here, because refused calls are in no block: it
//! is the matter of `tests/cheating-prover/tests/wasm.rs`.

mod books;

use books::Books;
use codec::{DecodeAll, Encode};
use frame_support::traits::GetCallName;
use jsonrpsee::{
	core::client::ClientT,
	rpc_params,
	ws_client::{WsClient, WsClientBuilder},
};
use pallet_certificates::Role;
use pallet_ecommerce::{Call, DeclineReason, Disclosure, RefreshTarget, Verdict};
use sc_executor::{HostFunctions, WasmExecutor};
use serde_json::Value;
use sp_core::{
	storage::{StateVersion, Storage},
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	H256,
};
use sp_io::{SubstrateHostFunctions, TestExternalities};
use std::{
	borrow::Cow,
	collections::{BTreeMap, BTreeSet},
	fs,
	path::Path,
	time::{Duration, Instant},
};
use veilmart_cli::{
	account::{address, Account},
	chain::Chain,
	commodity,
	keystore::{Keystore, PassphraseSource},
	names::{show_credit, show_listing},
	session::{NewListing, Session},
	transaction::Until,
	view_key,
};
use veilmart_demo_parts::{
	market::Market,
	process,
	report::Steps,
	retail::{self, OrderLine},
};
use veilmart_runtime::{
	opaque, AccountId, Header, Runtime, RuntimeCall, RuntimeEvent, System, UncheckedExtrinsic,
	PORTABLE_WASM_BINARY, WASM_BINARY,
};

/// The host functions of a node.
type Offered = (SubstrateHostFunctions, veilmart_verification_host::HostFunctions);

fn unhex(text: &str) -> Vec<u8> {
	sp_core::bytes::from_hex(text).expect("a raw specification is hexadecimal")
}

/// The genesis state that a raw specification holds.
fn genesis(specification: &Path) -> Storage {
	let json: Value = serde_json::from_str(&fs::read_to_string(specification).unwrap()).unwrap();
	let top = json["genesis"]["raw"]["top"].as_object().unwrap();
	Storage {
		top: top
			.iter()
			.map(|(key, value)| (unhex(key), unhex(value.as_str().unwrap())))
			.collect(),
		children_default: Default::default(),
	}
}

/// What a node has: the header of genesis and all blocks after it.
struct History {
	genesis: Header,
	blocks: Vec<opaque::Block>,
}

impl History {
	async fn read(node: &str) -> Self {
		let client = WsClientBuilder::default().build(node).await.unwrap();
		let first = hash(&client, 0).await.expect("there is a genesis block");
		let genesis = client
			.request("chain_getHeader", rpc_params![first])
			.await
			.unwrap();
		let mut blocks = Vec::new();
		for number in 1u32.. {
			let Some(hash) = hash(&client, number).await else {
				break;
			};
			let signed: opaque::SignedBlock =
				client.request("chain_getBlock", rpc_params![hash]).await.unwrap();
			blocks.push(signed.block);
		}
		Self { genesis, blocks }
	}
}

async fn hash(client: &WsClient, number: u32) -> Option<String> {
	client
		.request("chain_getBlockHash", rpc_params![number])
		.await
		.unwrap()
}

/// The calls in a block.
fn made(block: &opaque::Block) -> Vec<RuntimeCall> {
	let call = |extrinsic: &sp_runtime::OpaqueExtrinsic| {
		UncheckedExtrinsic::decode_all(&mut &extrinsic.encode()[..])
			.expect("what is in a block is an extrinsic")
			.function
	};
	block.extrinsics.iter().map(call).collect()
}

/// The calls of the marketplace in a block, by name.
fn calls(block: &opaque::Block) -> Vec<&'static str> {
	let name = |call: RuntimeCall| match call {
		RuntimeCall::Ecommerce(call) => Some(call.get_call_name()),
		_ => None,
	};
	made(block).into_iter().filter_map(name).collect()
}

/// A runtime on a node with the host functions `H`.
struct Replay<H: HostFunctions> {
	name: &'static str,
	code: &'static [u8],
	executor: WasmExecutor<H>,
}

impl<H: HostFunctions> Replay<H> {
	fn new(name: &'static str, code: &'static [u8]) -> Self {
		Self {
			name,
			code,
			executor: WasmExecutor::builder().build(),
		}
	}

	/// Executes a block on a state, which keeps the changes if there is no error.
	fn execute(&self, state: &mut TestExternalities, block: &opaque::Block) -> Result<(), String> {
		let code = RuntimeCode {
			code_fetcher: &WrappedRuntimeCode(Cow::Borrowed(self.code)),
			heap_pages: None,
			hash: self.name.into(),
		};
		self.executor
			.call(
				&mut state.ext(),
				&code,
				"Core_execute_block",
				&block.encode(),
				CallContext::Onchain { import: true },
			)
			.0
			.map_err(|error| error.to_string())?;
		state.commit_all()
	}

	/// Executes the whole history, comparing every root, and returns how long the blocks took that hold one call of the
	/// marketplace and nothing else of it.
	fn run(&self, genesis: &Storage, history: &History) -> BTreeMap<&'static str, Vec<Duration>> {
		let mut times: BTreeMap<_, Vec<_>> = BTreeMap::new();
		let mut state = TestExternalities::new_with_code(&genesis.top[&b":code"[..]], genesis.clone());
		assert_eq!(
			root(&mut state),
			history.genesis.state_root,
			"the specification is of another chain"
		);
		let mut parent = history.genesis.hash();
		for block in &history.blocks {
			let header = &block.header;
			assert_eq!(header.parent_hash, parent, "block {}: a gap", header.number);
			let start = Instant::now();
			self.execute(&mut state, &unsealed(block))
				.unwrap_or_else(|error| {
					panic!("{}: block {} does not execute: {error}", self.name, header.number)
				});
			let took = start.elapsed();
			assert_eq!(
				root(&mut state),
				header.state_root,
				"{}: block {}: another state",
				self.name,
				header.number
			);
			// A call that fails the same way everywhere reaches the same root, too, and shows nothing.
			state.execute_with(|| {
				for record in System::events() {
					assert!(
						!matches!(
							record.event,
							RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { .. })
						),
						"{}: block {}: {:?}",
						self.name,
						header.number,
						record.event
					);
				}
			});
			if let [call] = calls(block)[..] {
				times.entry(call).or_default().push(took);
			}
			parent = header.hash();
		}
		times
	}
}

/// A block as its execution makes it: the leader seals it afterwards.
fn unsealed(block: &opaque::Block) -> opaque::Block {
	let mut block = block.clone();
	let seal = block.header.digest.pop();
	assert!(
		matches!(seal, Some(sp_runtime::DigestItem::Seal(..))),
		"block {} is not sealed",
		block.header.number
	);
	block
}

/// The root of a state.
fn root(state: &mut TestExternalities) -> H256 {
	state.execute_with(|| H256::from_slice(&sp_io::storage::root(StateVersion::V1)))
}

/// The middle of some durations in milliseconds.
fn median(times: &mut [Duration]) -> f64 {
	times.sort();
	times[times.len() / 2].as_secs_f64() * 1_000.0
}

/// Lists and funds, as the market does before its first purchase.
fn enter_beginning(market: &Market, lines: &[OrderLine], books: &mut Books) {
	let issuer = market.issuer().id();
	let mut listed: Vec<_> = market.catalogue.iter().collect();
	listed.sort_by_key(|(_, (seller, listing))| (*seller, listing.seq));
	for ((item, price), (_, listing)) in listed {
		let wanted = lines
			.iter()
			.filter(|line| (&line.item, line.price) == (item, *price));
		let stock = 100 + wanted.map(|line| line.quantity).sum::<u64>();
		let entered = books.list(&listing.seller, *price, stock, commodity::encode(item).unwrap());
		assert_eq!(entered, *listing);
	}
	for party in market.customers.values().chain(&market.sellers) {
		let who = party.session.id();
		books.issue(issuer, who, party.expected);
		books.collect(who);
	}
}

/// A purchase, as the market makes it.
fn enter_purchase(market: &Market, line: &OrderLine, books: &mut Books) {
	let (_, listing) = &market.catalogue[&(line.item.clone(), line.price)];
	let buyer = market.customers[&line.customer].session.id();
	books.quote(listing, buyer);
	let order = books.order(buyer, listing, line.quantity);
	books.accept(&order);
	books.ship(&order);
	books.confirm(&order);
	books.collect(&listing.seller);
}

/// Lets the buyer of a line order twice more: one order is cancelled, the other declined.
async fn orders_that_come_to_nothing(market: &Market, line: &OrderLine, books: &mut Books) {
	let (seller, listing) = market.catalogue[&(line.item.clone(), line.price)].clone();
	let seller = &market.sellers[seller].session;
	let buyer = &market.customers[&line.customer].session;
	// An order uses its quote up.
	seller.quote(listing.seq, buyer.id()).await.unwrap();
	books.quote(&listing, buyer.id());
	let order = buyer.order(&listing, 1, Some(line.price)).await.unwrap().id;
	assert_eq!(books.order(buyer.id(), &listing, 1), order);
	buyer.cancel(order.seq).await.unwrap();
	books.cancel(&order);
	buyer.collect_all().await.unwrap();
	books.collect(buyer.id());
	seller.quote(listing.seq, buyer.id()).await.unwrap();
	books.quote(&listing, buyer.id());
	let order = buyer.order(&listing, 1, Some(line.price)).await.unwrap().id;
	assert_eq!(books.order(buyer.id(), &listing, 1), order);
	seller.decline(&order, DeclineReason::OutOfStock).await.unwrap();
	books.decline(&order);
	buyer.collect_all().await.unwrap();
	books.collect(buyer.id());
}

/// Another view key for an account, and a session that knows it.
async fn rotated(session: &Session) -> Session {
	view_key::rotate(session.chain(), session.account(), Until::Finalized)
		.await
		.unwrap();
	session.reopened().await.unwrap()
}

/// Money that is sent back, paid out and encrypted anew; a dispute, in the middle of which both sides change their view keys; an
/// offer that changes and another that goes; what the certificate authority does. All calls that no purchase needs, but for those of
/// [`NOT_MADE`]. Some of it is left open, for wallets to find.
async fn what_no_purchase_needs(
	chain: &Chain,
	market: &Market,
	arbiter: &Session,
	line: &OrderLine,
	books: &mut Books,
) {
	let (seller, listing) = market.catalogue[&(line.item.clone(), line.price)].clone();
	let seller = market.sellers[seller].session.reopened().await.unwrap();
	let buyer = market.customers[&line.customer].session.reopened().await.unwrap();
	let issuer = market.issuer();

	let transfer = buyer.transfer(seller.id(), 100).await.unwrap().id;
	assert_eq!(books.transfer(buyer.id(), seller.id(), 100), transfer);
	seller.refuse(&transfer).await.unwrap();
	books.refuse(seller.id(), &transfer);
	buyer.collect_all().await.unwrap();
	books.collect(buyer.id());
	let redemption = buyer.redeem(issuer.id(), 50).await.unwrap().id;
	assert_eq!(books.redeem(buyer.id(), issuer.id(), 50), redemption);
	issuer.settle(&redemption).await.unwrap();
	books.settle(issuer.id(), &redemption);
	buyer.refresh(&RefreshTarget::Balance).await.unwrap();
	books.refresh_balance(buyer.id());

	seller.quote(listing.seq, buyer.id()).await.unwrap();
	books.quote(&listing, buyer.id());
	let order = buyer.order(&listing, 1, Some(line.price)).await.unwrap().id;
	assert_eq!(books.order(buyer.id(), &listing, 1), order);
	let buyer = rotated(&buyer).await;
	seller.accept(&order).await.unwrap();
	books.accept(&order);
	let seller = rotated(&seller).await;
	seller.ship(&order).await.unwrap();
	books.ship(&order);
	buyer.dispute(order.seq).await.unwrap();
	books.dispute(&order);
	arbiter.resolve(&order, Verdict::Refunded).await.unwrap();
	books.refund(arbiter.id(), &order);

	seller.restock(listing.seq, 5).await.unwrap();
	books.restock(&listing, 5);
	seller.reprice(listing.seq, line.price + 1).await.unwrap();
	books.reprice(&listing, line.price + 1);
	seller.refresh(&RefreshTarget::Stock(listing.seq)).await.unwrap();
	books.refresh(seller.id(), show_listing(&listing));
	let item = NewListing {
		price: 700,
		stock: 3,
		commodity: commodity::encode("GONE").unwrap(),
	};
	let gone = seller.list(item).await.unwrap().id;
	let entered = books.list(seller.id(), item.price, item.stock, item.commodity);
	assert_eq!(entered, gone);
	seller.delist(gone.seq).await.unwrap();
	books.delist(&gone);

	// What nobody has answered yet.
	seller.quote(listing.seq, buyer.id()).await.unwrap();
	books.quote(&listing, buyer.id());
	let redemption = buyer.redeem(issuer.id(), 30).await.unwrap().id;
	assert_eq!(books.redeem(buyer.id(), issuer.id(), 30), redemption);
	let transfer = buyer.transfer(seller.id(), 20).await.unwrap().id;
	assert_eq!(books.transfer(buyer.id(), seller.id(), 20), transfer);
	seller
		.refresh(&RefreshTarget::Credit(transfer.clone()))
		.await
		.unwrap();
	books.refresh(seller.id(), show_credit(&transfer));

	let submit = |who: &'static str, call| async move {
		let account = Account::development(who).unwrap();
		chain
			.submit_and_watch(&account, RuntimeCall::Ecommerce(call), Until::Finalized)
			.await
	};
	let quota = Call::set_issuer_quota {
		issuer: issuer.id().clone(),
		quota: 10_000_000_000,
	};
	submit("//CA", quota).await.unwrap();
	books.told(issuer.id(), "issuerQuotaSet", String::new());
	let subject = Disclosure::Account(buyer.id().clone());
	submit("//CA", Call::record_disclosure { subject }).await.unwrap();
	books.told(buyer.id(), "disclosed", address(buyer.id()));
}

/// Makes every account anew on an empty disk, from what its owner has written down, and compares what it shows with the books. Gives
/// the names of the calls in the statements.
async fn found_again(
	url: &str,
	market: &Market,
	arbiter: (&AccountId, &str),
	books: &Books,
) -> BTreeSet<String> {
	let disk = tempfile::tempdir().unwrap();
	let keystore = Keystore::new(disk.path());
	let passphrase = PassphraseSource::known("an empty disk");
	// The well-known accounts have no mnemonic of their own.
	let issuer = Account::development("//Issuer").unwrap();
	let mut told = BTreeSet::new();
	for (number, holder) in books.holders().enumerate() {
		let account = if *holder == issuer.id() {
			issuer.clone()
		} else {
			let words = if holder == arbiter.0 {
				arbiter.1
			} else {
				market.words(holder).expect("it was written down")
			};
			let name = format!("account-{number}");
			keystore.add(&name, words, &passphrase).unwrap();
			keystore.open(&name, &passphrase).unwrap()
		};
		assert_eq!(account.id(), *holder);
		let chain = Chain::connect(url).await.unwrap();
		let session = Session::open(chain, account).await.unwrap();
		let own = books.compare(&session).await.into_iter();
		told.extend(own.filter(|line| line.seq.is_some()).map(|line| line.what));
	}
	told
}

/// The calls that no account makes on a chain that keeps up: a transfer is reclaimed after a day, an order poked when the chain was
/// too busy to see to its deadline, and terms are set by a motion, whose transaction is not the call's.
///
/// Poked and taken back is on a chain in memory, whose clock can pass a day: `wallet/cli/tests/serve/late.rs`.
const NOT_MADE: [&str; 3] = ["poke", "reclaim", "set_terms"];

/// The calls of the certificate authority and of governance, which are in nobody's statement.
const OF_OFFICES: [&str; 3] = ["record_disclosure", "set_issuer_quota", "set_terms"];

#[tokio::test(flavor = "multi_thread")]
async fn the_portable_runtime_replays_the_chain_to_the_same_state_root() {
	let (Some(native), Some(portable)) = (WASM_BINARY, PORTABLE_WASM_BINARY) else {
		panic!("this test needs the wasm runtimes; build without SKIP_WASM_BUILD");
	};
	assert_ne!(native, portable, "there is only one runtime");
	let folder = tempfile::tempdir().unwrap();
	let specification = folder.path().join("chain.json");
	process::export_preset("dev", &specification).await.unwrap();
	let mut node = process::Node::prepare("alice", &specification, folder.path(), &[])
		.await
		.unwrap();
	// Statements are read from all blocks.
	node.spawn(&["--state-pruning", "archive"]).unwrap();
	let chain = node.answers().await.unwrap();
	let (lines, _) = retail::orders(2).unwrap();
	let mut books = Books::default();
	let mut market = Market::open(&chain, &lines).await.unwrap();
	market.list(&lines).await.unwrap();
	market.endow(&lines).await.unwrap();
	enter_beginning(&market, &lines, &mut books);
	for (number, line) in lines.iter().enumerate() {
		market
			.purchase(number, line, &mut Steps::default())
			.await
			.unwrap();
		enter_purchase(&market, line, &mut books);
	}
	orders_that_come_to_nothing(&market, &lines[0], &mut books).await;
	let (arbiter, words) = Account::generate().unwrap();
	let arbiter = market
		.admit(arbiter, [Role::Arbiter].into(), "The arbiter")
		.await
		.unwrap();
	what_no_purchase_needs(&chain, &market, &arbiter, &lines[0], &mut books).await;
	let told = found_again(&node.url, &market, (arbiter.id(), words.as_str()), &books).await;
	let history = History::read(&node.url).await;
	node.stop().await.unwrap();

	let genesis = genesis(&specification);
	assert_eq!(
		genesis.top[&b":code"[..]],
		native,
		"the chain was not made by the runtime that verifies natively"
	);
	let seen: BTreeSet<_> = history.blocks.iter().flat_map(calls).collect();
	let all: BTreeSet<_> = pallet_ecommerce::Call::<Runtime>::get_call_names()
		.iter()
		.copied()
		.collect();
	let missing: Vec<_> = all.difference(&seen).copied().collect();
	assert_eq!(missing, NOT_MADE, "calls of the marketplace that are in no block");
	let missing: Vec<_> = all
		.iter()
		.copied()
		.filter(|name| !OF_OFFICES.contains(name) && !told.contains(*name))
		.collect();
	assert_eq!(
		missing,
		["poke", "reclaim"],
		"calls of accounts that are in no statement"
	);
	let rotations = history.blocks.iter().flat_map(made).filter(|call| {
		matches!(
			call,
			RuntimeCall::Certificates(pallet_certificates::Call::set_view_key { .. })
		)
	});
	assert_eq!(rotations.count(), 2, "view keys that changed on the way");

	let mut state = TestExternalities::new_with_code(native, genesis.clone());
	let error = Replay::<SubstrateHostFunctions>::new("native without its host function", native)
		.execute(&mut state, &unsealed(&history.blocks[0]))
		.expect_err("the native runtime ran without the host function that it imports");
	assert!(
		error.contains("ext_confidential_verification_verify_version_1"),
		"it fails for another reason: {error}"
	);

	let replay = |name| Replay::<SubstrateHostFunctions>::new(name, portable).run(&genesis, &history);
	let mut in_wasm = replay("portable");
	veilmart_verification_host::forget_everything();
	let mut natively = Replay::<Offered>::new("native", native).run(&genesis, &history);
	println!("Executing a block with one call, median in ms:");
	println!("{:<10} {:>10} {:>10}", "call", "portable", "native");
	for (call, times) in &mut in_wasm {
		let natively = natively
			.get_mut(call)
			.expect("the same blocks hold the same calls");
		println!("{call:<10} {:>10.2} {:>10.2}", median(times), median(natively));
	}
}

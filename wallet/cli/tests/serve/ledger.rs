//! A node in memory: the real runtime, executed natively, behind the JSON-RPC that the wallet speaks. Blocks are made when
//! transactions wait, and are final at once unless a test holds finality back.
//!
//! A test can have the node die before or after any request, which is how an agent is killed between any two of its steps,
//! and can put the chain back to where it was to kill the next one elsewhere.

use std::{
	collections::BTreeMap,
	sync::{
		mpsc::{channel, RecvTimeoutError, Sender},
		Arc, LazyLock,
	},
	time::Duration,
};

use codec::{Compact, Decode, Encode};
use frame_support::storage::storage_prefix;
use jsonrpsee::{
	server::{ServerHandle, SubscriptionMessage},
	types::ErrorObjectOwned,
	RpcModule,
};
use pallet_ecommerce::runtime_api::Market;
use serde_json::{json, Value};
use sp_core::Bytes;
use sp_io::TestExternalities;
use sp_runtime::{
	generic::Preamble,
	traits::Header as _,
	transaction_validity::{
		InvalidTransaction, TransactionSource, TransactionValidity, TransactionValidityError,
		UnknownTransaction,
	},
	ApplyExtrinsicResult, MultiAddress, StateVersion,
};
use tokio::sync::{mpsc, Notify};
use veilmart_cli::{account::Account, chain::Chain, session::Session, transaction::Until, view_key};
use veilmart_runtime::{api, AccountId, Hash, Header, Nonce, RuntimeCall, UncheckedExtrinsic};
use veilmart_test_blocks as blocks;

use crate::rpc;

const GENESIS: Hash = Hash::repeat_byte(1);
/// Chain time of the first block, in milliseconds: some moment in 2027.
pub const START: u64 = 1_800_000_000_000;
/// Time between two blocks, in milliseconds.
const STEP: u64 = 100;
/// States of older blocks are forgotten.
const KEPT: u32 = 300;

/// The genesis of `development`, built once: the proof about its key takes seconds to verify.
static DEVELOPMENT: LazyLock<blocks::Snapshot> =
	LazyLock::new(|| blocks::genesis(api::dispatch, "development"));

/// A transaction in the block that is being made. One that is refused leaves nothing behind, as in a node, also where the runtime
/// had raised the account's number before it found no room.
fn apply(extrinsic: &UncheckedExtrinsic) -> ApplyExtrinsicResult {
	sp_io::storage::start_transaction();
	let applied: ApplyExtrinsicResult = runtime("BlockBuilder_apply_extrinsic", extrinsic);
	if applied.is_ok() {
		sp_io::storage::commit_transaction();
	} else {
		sp_io::storage::rollback_transaction();
	}
	applied
}

/// A runtime call in the state that is in force.
fn runtime<Answer: Decode>(method: &str, arguments: impl Encode) -> Answer {
	blocks::call(api::dispatch, method, arguments)
}

struct Block {
	hash: Hash,
	state: TestExternalities,
	extrinsics: Vec<Vec<u8>>,
}

impl Block {
	/// What a runtime call answers after this block; it changes nothing.
	fn ask(&mut self, method: &str, arguments: &[u8]) -> Option<Vec<u8>> {
		self.state.execute_with(|| {
			sp_io::storage::start_transaction();
			let answer = api::dispatch(method, arguments);
			sp_io::storage::rollback_transaction();
			answer
		})
	}

	fn read<Answer: Decode>(&mut self, method: &str, arguments: impl Encode) -> Answer {
		let answer = self.ask(method, &arguments.encode()).unwrap();
		Answer::decode(&mut &answer[..]).unwrap()
	}
}

fn sender(extrinsic: &UncheckedExtrinsic) -> Option<AccountId> {
	match &extrinsic.preamble {
		Preamble::Signed(MultiAddress::Id(sender), ..) => Some(sender.clone()),
		_ => None,
	}
}

struct Pooled {
	extrinsic: UncheckedExtrinsic,
	watcher: mpsc::UnboundedSender<Value>,
}

/// When the node dies: at the request with this number.
#[derive(Clone, Copy, Debug)]
pub enum Death {
	/// Before it does anything about it.
	Before(u64),
	/// Once it has done it, and before it answers.
	After(u64),
	/// When it is asked what a block did, once so many transactions were sent. The agent is not killed: it hears that the node is
	/// gone.
	AtEvents(usize),
}

/// A chain and a pool.
pub struct Inner {
	blocks: BTreeMap<u32, Block>,
	best: u32,
	pool: Vec<Pooled>,
	/// Whether blocks are made when transactions wait.
	pub mining: bool,
	/// The block after which none is final.
	pub hold: Option<u32>,
	/// Which transactions from now on the node is too busy to look at, the next one first.
	pub busy: Vec<bool>,
	unfinal: Vec<(u32, Hash, mpsc::UnboundedSender<Value>)>,
	requests: u64,
	sent: Vec<u64>,
	death: Option<Death>,
	dead: bool,
	died: Arc<Notify>,
}

/// A chain to come back to.
#[derive(Clone)]
pub struct Snapshot {
	best: u32,
	hash: Hash,
	state: blocks::Snapshot,
}

impl Inner {
	fn new(died: Arc<Notify>) -> Self {
		let genesis = Block {
			hash: GENESIS,
			state: DEVELOPMENT.clone().restore(),
			extrinsics: Vec::new(),
		};
		let mut this = Self {
			blocks: [(0, genesis)].into(),
			best: 0,
			pool: Vec::new(),
			mining: true,
			hold: None,
			busy: Vec::new(),
			unfinal: Vec::new(),
			requests: 0,
			sent: Vec::new(),
			death: None,
			dead: false,
			died,
		};
		this.block(STEP);
		this
	}

	fn best(&mut self) -> &mut Block {
		self.blocks.get_mut(&self.best).unwrap()
	}

	/// The number of the best block.
	pub fn height(&self) -> u32 {
		self.best
	}

	/// How many transactions wait.
	pub fn pooled(&self) -> usize {
		self.pool.len()
	}

	/// How many transactions an account signed in this block.
	pub fn signed_in(&self, number: u32, account: &AccountId) -> usize {
		let extrinsics = &self.blocks[&number].extrinsics;
		let decoded = extrinsics
			.iter()
			.map(|bytes| UncheckedExtrinsic::decode(&mut &bytes[..]).unwrap());
		decoded
			.filter(|extrinsic| sender(extrinsic).as_ref() == Some(account))
			.count()
	}

	/// Forgets what waits, as a node that was started anew does.
	pub fn empty_pool(&mut self) {
		self.pool.clear();
	}

	/// Takes away what waits; another node's pool may still have it.
	pub fn take_pool(&mut self) -> Vec<Vec<u8>> {
		let taken = self.pool.drain(..);
		taken.map(|pooled| pooled.extrinsic.encode()).collect()
	}

	/// Takes a transaction that another node's pool had.
	pub fn hear(&mut self, encoded: &[u8]) {
		self.submit(encoded).unwrap();
	}

	/// Makes a block of what waits, this many milliseconds after the one before.
	pub fn block(&mut self, step: u64) {
		let (number, parent) = (self.best + 1, self.best().hash);
		let mut state = TestExternalities::new_empty();
		state.state_version = StateVersion::V1;
		state.backend = self.best().state.as_backend();
		let mut left = Vec::new();
		let mut included = Vec::new();
		let waiting = std::mem::take(&mut self.pool);
		let header: Header = state.execute_with(|| {
			let none = Default::default();
			let header = Header::new(number, none, none, parent, blocks::digest(number, parent));
			api::dispatch("Core_initialize_block", &header.encode()).unwrap();
			let now: u64 = read(&storage_prefix(b"Timestamp", b"Now")).unwrap_or(START);
			// `Timestamp::set`, by its place in the runtime.
			let clock = (1u8, 0u8, Compact(now + step)).encode();
			let clock = RuntimeCall::decode(&mut &clock[..]).unwrap();
			let clock = UncheckedExtrinsic::new_bare(clock);
			apply(&clock).unwrap().unwrap();
			for pooled in waiting {
				match apply(&pooled.extrinsic) {
					Ok(_) => included.push(pooled),
					// As in a node it waits: for the one before it, or for a block with room. The one that begins a session has none.
					Err(TransactionValidityError::Invalid(
						InvalidTransaction::Future | InvalidTransaction::ExhaustsResources,
					)) => left.push(pooled),
					Err(error) => {
						// The wallet is not told why.
						eprintln!("block {number} refuses a transaction: {error:?}");
						let _ = pooled.watcher.send(json!("invalid"));
					}
				}
			}
			runtime("BlockBuilder_finalize_block", ())
		});
		state.commit_all().unwrap();
		let hash = header.hash();
		for pooled in &included {
			let _ = pooled.watcher.send(json!({ "inBlock": hash }));
			self.unfinal.push((number, hash, pooled.watcher.clone()));
		}
		self.pool.splice(0..0, left);
		let extrinsics = included.iter().map(|pooled| pooled.extrinsic.encode()).collect();
		self.blocks.insert(
			number,
			Block {
				hash,
				state,
				extrinsics,
			},
		);
		self.best = number;
		self.blocks
			.retain(|known, _| *known == 0 || known + KEPT > number);
		self.announce();
	}

	/// Lets time pass without a halt.
	pub fn pass(&mut self, milliseconds: u64) {
		let mut left = milliseconds;
		while left > 0 {
			let step = left.min(10_000);
			self.block(step);
			left -= step;
		}
	}

	/// Lets time pass without a halt and without the thousands of blocks that a day has: in one block, of whose gap the market's
	/// clock is made to know nothing.
	pub fn skip(&mut self, milliseconds: u64) {
		let key = storage_prefix(b"Ecommerce", b"Halted");
		let halted: u64 = self.best().state.execute_with(|| read(&key)).unwrap_or_default();
		let before = self.market_clock();
		self.block(milliseconds);
		let state = &mut self.best().state;
		state.execute_with(|| sp_io::storage::set(&key, &halted.encode()));
		state.commit_all().unwrap();
		assert_eq!(
			self.market_clock(),
			before + milliseconds,
			"the time that passed is no halt"
		);
	}

	/// What the market's clock shows, as wallets read it.
	fn market_clock(&mut self) -> u64 {
		let block = self.best();
		let market: Market = block.read("EcommerceApi_market", ());
		let now = storage_prefix(b"Timestamp", b"Now");
		let now: u64 = block.state.execute_with(|| read(&now)).unwrap();
		now - market.halted
	}

	/// The last final block.
	fn finalized(&self) -> u32 {
		self.hold.map_or(self.best, |hold| hold.min(self.best))
	}

	/// Lets everything become final that is held back.
	pub fn release(&mut self) {
		self.hold = None;
		self.announce();
	}

	fn announce(&mut self) {
		let finalized = self.finalized();
		self.unfinal.retain(|(number, hash, watcher)| {
			let now = *number <= finalized;
			if now {
				let _ = watcher.send(json!({ "finalized": hash }));
			}
			!now
		});
	}

	/// The chain as it is.
	pub fn snapshot(&mut self) -> Snapshot {
		let (best, hash) = (self.best, self.best().hash);
		let mut copy = TestExternalities::new_empty();
		copy.state_version = StateVersion::V1;
		copy.backend = self.best().state.as_backend();
		Snapshot {
			best,
			hash,
			state: blocks::Snapshot::of(copy),
		}
	}

	/// Puts the chain back, alive, with an empty pool.
	pub fn restore(&mut self, snapshot: Snapshot) {
		let Snapshot { best, hash, state } = snapshot;
		self.pool.clear();
		self.unfinal.clear();
		self.hold = None;
		self.mining = true;
		self.blocks.retain(|number, _| *number == 0);
		let block = Block {
			hash,
			state: state.restore(),
			extrinsics: Vec::new(),
		};
		self.blocks.insert(best, block);
		self.best = best;
		self.revive(None);
	}

	/// Comes back to life, until then.
	pub fn revive(&mut self, death: Option<Death>) {
		self.dead = false;
		self.requests = 0;
		self.sent.clear();
		self.death = death;
	}

	/// How many requests there were since it came to life, and which of them sent transactions.
	pub fn requests(&self) -> (u64, Vec<u64>) {
		(self.requests, self.sent.clone())
	}

	fn number(&self, hash: Hash) -> Option<u32> {
		self.blocks
			.iter()
			.find(|(_, block)| block.hash == hash)
			.map(|(number, _)| *number)
	}

	fn at(&mut self, hash: Option<Hash>) -> Option<&mut Block> {
		let number = match hash {
			Some(hash) => self.number(hash)?,
			None => self.best,
		};
		self.blocks.get_mut(&number)
	}

	fn next_nonce(&mut self, account: &AccountId) -> Nonce {
		let included: Nonce = self.best().read("AccountNonceApi_account_nonce", account);
		let waiting = self
			.pool
			.iter()
			.filter(|pooled| sender(&pooled.extrinsic).as_ref() == Some(account));
		included + waiting.count() as Nonce
	}

	/// Takes a transaction, or says why not as nodes do.
	fn submit(&mut self, encoded: &[u8]) -> Result<mpsc::UnboundedReceiver<Value>, ErrorObjectOwned> {
		self.sent.push(self.requests);
		let extrinsic = UncheckedExtrinsic::decode(&mut &encoded[..]).unwrap();
		let best = self.best().hash;
		let arguments = (TransactionSource::External, &extrinsic, best);
		let verdict: TransactionValidity = self
			.best()
			.read("TaggedTransactionQueue_validate_transaction", arguments);
		let refused =
			|number, message: &str, data: String| Err(ErrorObjectOwned::owned(number, message, Some(data)));
		if !self.busy.is_empty() && self.busy.remove(0) {
			let message = "Verification Error: Runtime error: too many transactions wait";
			return refused(1002, message, String::new());
		}
		match verdict {
			Ok(_) => {}
			Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(code))) => {
				return refused(1010, "Invalid Transaction", format!("Custom error: {code}"))
			}
			Err(TransactionValidityError::Unknown(UnknownTransaction::Custom(code))) => {
				return refused(1011, "Unknown Transaction Validity", format!("Custom({code})"))
			}
			Err(other) => return refused(1010, "Invalid Transaction", format!("{other:?}")),
		}
		if self.pool.iter().any(|pooled| pooled.extrinsic == extrinsic) {
			return refused(1013, "Transaction Already Imported", String::new());
		}
		let (watcher, news) = mpsc::unbounded_channel();
		let _ = watcher.send(json!("ready"));
		self.pool.push(Pooled { extrinsic, watcher });
		Ok(news)
	}

	fn request<T>(
		&mut self,
		work: impl FnOnce(&mut Self) -> Result<T, ErrorObjectOwned>,
	) -> Result<T, ErrorObjectOwned> {
		if self.dead {
			return Err(gone());
		}
		self.requests += 1;
		let requests = self.requests;
		let before = matches!(self.death, Some(Death::Before(number)) if number == requests);
		let done = if before { Err(gone()) } else { work(self) };
		if before || matches!(self.death, Some(Death::After(number)) if number == requests) {
			self.dead = true;
			self.died.notify_one();
			return Err(gone());
		}
		done
	}
}

fn gone() -> ErrorObjectOwned {
	ErrorObjectOwned::owned(-32_000, "the node is gone", None::<()>)
}

fn read<T: Decode>(key: &[u8]) -> Option<T> {
	sp_io::storage::get(key).and_then(|value| T::decode(&mut &value[..]).ok())
}

type Job = Box<dyn FnOnce(&mut Inner) + Send>;

/// The node.
#[derive(Clone)]
pub struct Ledger {
	jobs: Sender<Job>,
	/// Where it is.
	pub url: String,
	/// Says when it died.
	pub died: Arc<Notify>,
	_server: Arc<Option<ServerHandle>>,
}

impl Ledger {
	/// A node with the chain `development`.
	pub async fn start() -> Self {
		let (jobs, queue) = channel::<Job>();
		let died = Arc::new(Notify::new());
		let tell = died.clone();
		std::thread::spawn(move || {
			let mut inner = Inner::new(tell);
			loop {
				match queue.recv_timeout(Duration::from_millis(20)) {
					Ok(job) => job(&mut inner),
					Err(RecvTimeoutError::Timeout) if inner.mining && inner.pooled() > 0 => inner.block(STEP),
					Err(RecvTimeoutError::Timeout) => {}
					Err(RecvTimeoutError::Disconnected) => return,
				}
			}
		});
		let mut this = Self {
			jobs,
			url: String::new(),
			died,
			_server: Arc::new(None),
		};
		let (url, handle) = rpc::serve(methods(this.clone())).await;
		this.url = url;
		this._server = Arc::new(Some(handle));
		this
	}

	/// Does something with the chain.
	pub fn with<T: Send + 'static>(&self, work: impl FnOnce(&mut Inner) -> T + Send + 'static) -> T {
		let (answer, wait) = channel();
		let job: Job = Box::new(move |inner| {
			let _ = answer.send(work(inner));
		});
		self.jobs.send(job).unwrap();
		wait.recv().expect("the chain works")
	}

	fn request<T: Send + 'static>(
		&self,
		work: impl FnOnce(&mut Inner) -> Result<T, ErrorObjectOwned> + Send + 'static,
	) -> Result<T, ErrorObjectOwned> {
		self.with(|inner| inner.request(work))
	}

	/// A session of a well-known account, which has a view key.
	pub async fn session(&self, name: &str) -> Session {
		let chain = Chain::connect(&self.url).await.unwrap();
		let account = Account::development(name).unwrap();
		view_key::register(&chain, &account, Until::Finalized)
			.await
			.unwrap();
		Session::open(chain, account).await.unwrap()
	}
}

fn methods(ledger: Ledger) -> RpcModule<Ledger> {
	let mut module = RpcModule::new(ledger);
	let no_block = || ErrorObjectOwned::owned(4_003, "Unknown block", None::<()>);
	module
		.register_method("system_chain", |_, _, _| json!("Memory"))
		.unwrap();
	module
		.register_method("state_getRuntimeVersion", |_, ledger, _| {
			ledger.request(|_| Ok(rpc::version()))
		})
		.unwrap();
	module
		.register_method("system_accountNextIndex", |params, ledger, _| {
			let (account,): (AccountId,) = params.parse()?;
			ledger.request(move |inner| Ok(inner.next_nonce(&account)))
		})
		.unwrap();
	module
		.register_method("chain_getBlockHash", |params, ledger, _| {
			let number = params.parse::<Vec<u32>>().unwrap_or_default().first().copied();
			ledger.request(move |inner| {
				let number = number.unwrap_or(inner.best);
				Ok(inner.blocks.get(&number).map(|block| block.hash))
			})
		})
		.unwrap();
	module
		.register_method("chain_getFinalizedHead", |_, ledger, _| {
			ledger.request(|inner| Ok(inner.blocks[&inner.finalized()].hash))
		})
		.unwrap();
	module
		.register_method("chain_getHeader", move |params, ledger, _| {
			let (hash,): (Hash,) = params.parse()?;
			ledger.request(move |inner| {
				let number = inner.number(hash).ok_or_else(no_block)?;
				Ok(rpc::header(number))
			})
		})
		.unwrap();
	module
		.register_method("chain_getBlock", move |params, ledger, _| {
			let (hash,): (Hash,) = params.parse()?;
			ledger.request(move |inner| {
				let block = inner.at(Some(hash)).ok_or_else(no_block)?;
				// The clock's inherent comes first.
				let extrinsics: Vec<_> = [Bytes(vec![0])]
					.into_iter()
					.chain(block.extrinsics.iter().cloned().map(Bytes))
					.collect();
				Ok(json!({ "block": { "extrinsics": extrinsics } }))
			})
		})
		.unwrap();
	module
		.register_method("state_getStorage", move |params, ledger, _| {
			let (key, hash): (Bytes, Hash) = params.parse()?;
			ledger.request(move |inner| {
				if matches!(inner.death, Some(Death::AtEvents(sent)) if inner.sent.len() >= sent) {
					inner.dead = true;
					return Err(gone());
				}
				let block = inner.at(Some(hash)).ok_or_else(no_block)?;
				let value = block.state.execute_with(|| sp_io::storage::get(&key.0));
				Ok(value.map(|value| Bytes(value.to_vec())))
			})
		})
		.unwrap();
	module
		.register_method("state_call", move |params, ledger, _| {
			let (method, arguments, at): (String, Bytes, Option<Hash>) = params.parse()?;
			ledger.request(move |inner| {
				let block = inner.at(at).ok_or_else(no_block)?;
				let answer = block.ask(&method, &arguments.0);
				Ok(Bytes(
					answer.unwrap_or_else(|| panic!("the runtime does not know {method}")),
				))
			})
		})
		.unwrap();
	module
		.register_subscription(
			"author_submitAndWatchExtrinsic",
			"author_extrinsicUpdate",
			"author_unwatchExtrinsic",
			|params, pending, ledger, _| async move {
				let (encoded,): (Bytes,) = params.parse().unwrap();
				let mut news = match ledger.request(move |inner| inner.submit(&encoded.0)) {
					Ok(news) => news,
					Err(error) => return pending.reject(error).await,
				};
				let Ok(sink) = pending.accept().await else { return };
				while let Some(status) = news.recv().await {
					let message = SubscriptionMessage::from_json(&status).unwrap();
					if sink.send(message).await.is_err() {
						return;
					}
				}
			},
		)
		.unwrap();
	module
}

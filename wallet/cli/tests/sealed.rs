//! How a client looks after a transaction that it sealed to the leader: against a node whose leaders do what the test wants.

mod rpc;

use std::{
	sync::{Arc, Mutex, MutexGuard},
	time::Duration,
};

use codec::{DecodeAll, Encode};
use crypto_box::SecretKey;
use frame_system::{DispatchEventInfo, EventRecord, Phase};
use jsonrpsee::{server::ServerHandle, types::ErrorObjectOwned, RpcModule};
use rand_core::OsRng;
use serde_json::{json, Value};
use sp_core::{crypto::Pair as _, sr25519, Bytes};
use sp_runtime::{
	traits::{BlakeTwo256, Hash as _},
	DispatchError,
};
use veilmart_cli::{
	account::Account,
	chain::{Chain, Event},
	error::Error,
	sealed::Delivered,
};
use veilmart_runtime::{Hash, Runtime, RuntimeCall};
use veilmart_td_raft::{
	sign, AuthorityId, AuthorityRecord, BlockHash, PeerIdBytes, RecordBody, SealedTransaction, Term,
};

const PATIENCE: Duration = Duration::from_millis(900);
const GENESIS: Hash = Hash::zero();
const BINDING: BlockHash = [8; 32];

/// What a leader does with what is sealed to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
	Includes,
	Drops,
	/// Another one leads from then on.
	Dies,
	/// Gives it to its pool, too slowly.
	TakesLong,
}

/// What a node does with what is sent openly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pool {
	Includes,
	Refuses,
	/// It has it from the leader, and a block has it later.
	HasIt,
	/// It takes it, and 200 blocks go by.
	Forgets,
}

/// What else is wrong with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
	/// It passes on what is sealed, and says that it has not.
	Denies,
	/// It passes on the first one only.
	BusyFromNowOn,
	/// It does not say which number comes next.
	NoNumber,
	/// It does not show what is in blocks.
	NoBodies,
	/// What is in its blocks fails.
	Fails,
}

struct Leader {
	does: Does,
	record: AuthorityRecord,
	secret: SecretKey,
}

impl Leader {
	fn new(does: Does) -> Self {
		let (voting, _) = sr25519::Pair::generate();
		let secret = SecretKey::generate(&mut OsRng);
		let body = RecordBody {
			authority: AuthorityId(voting.public().0),
			counter: 1,
			peer_id: PeerIdBytes::new(vec![1]).unwrap(),
			sealing_key: *secret.public_key().as_bytes(),
		};
		let signature = sign(&voting.into(), &body.payload(&BINDING));
		Self {
			does,
			record: AuthorityRecord { body, signature },
			secret,
		}
	}

	fn id(&self) -> AuthorityId {
		self.record.body.authority
	}
}

struct World {
	leaders: Vec<Leader>,
	leads: usize,
	pool: Pool,
	/// The transactions of each final block.
	blocks: Vec<Vec<Bytes>>,
	/// Those that a slow leader has.
	slow: Vec<Bytes>,
	sealed: usize,
	open: usize,
	/// Whether the node has heard of the election.
	heard: bool,
	fault: Option<Fault>,
}

impl World {
	fn pass_sealed(&mut self, bytes: &[u8]) -> Result<(), ErrorObjectOwned> {
		// In the words of a node.
		let busy = || {
			let why = "too many sealed transactions wait; try again";
			Err(ErrorObjectOwned::owned(7_003, why, None::<()>))
		};
		if self.fault == Some(Fault::BusyFromNowOn) && self.sealed > 0 {
			return busy();
		}
		self.take_sealed(bytes);
		if self.fault == Some(Fault::Denies) {
			return busy();
		}
		Ok(())
	}

	fn take_sealed(&mut self, bytes: &[u8]) {
		self.sealed += 1;
		let sealed = SealedTransaction::decode_all(&mut &bytes[..]).unwrap();
		let leader = &self.leaders[self.leads];
		assert_eq!(sealed.leader, leader.id(), "sealed to who leads");
		let plain = leader.secret.unseal(&sealed.sealed).unwrap();
		let (genesis, transaction) = <(Hash, Vec<u8>)>::decode_all(&mut &plain[..]).unwrap();
		assert_eq!(genesis, GENESIS);
		match leader.does {
			Does::Includes => self.blocks.push(vec![Bytes(vec![1]), transaction.into()]),
			Does::Drops => {}
			Does::Dies => self.leads += 1,
			Does::TakesLong => self.slow.push(transaction.into()),
		}
	}

	fn take_open(&mut self, transaction: Bytes) -> Result<Hash, ErrorObjectOwned> {
		self.open += 1;
		match self.pool {
			Pool::Includes => self.blocks.push(vec![transaction]),
			Pool::Refuses => return Err(ErrorObjectOwned::owned(1010, "Invalid Transaction", None::<()>)),
			Pool::HasIt => {
				let has = std::mem::take(&mut self.slow);
				assert_eq!(has, [transaction], "it is the same transaction");
				self.blocks.push(has);
				return Err(ErrorObjectOwned::owned(
					1013,
					"Transaction Already Imported",
					None::<()>,
				));
			}
			Pool::Forgets => self.blocks.extend(std::iter::repeat_n(Vec::new(), 200)),
		}
		Ok(Hash::repeat_byte(1))
	}

	fn events(&self, number: usize) -> Vec<u8> {
		let dispatch_info = DispatchEventInfo::default();
		let event = if self.fault == Some(Fault::Fails) {
			frame_system::Event::<Runtime>::ExtrinsicFailed {
				dispatch_error: DispatchError::BadOrigin,
				dispatch_info,
			}
		} else {
			frame_system::Event::<Runtime>::ExtrinsicSuccess { dispatch_info }
		};
		let of = |index: usize| EventRecord {
			phase: Phase::ApplyExtrinsic(index as u32),
			event: event.clone().into(),
			topics: Vec::new(),
		};
		let events: Vec<Event> = (0..self.blocks[number].len()).map(of).collect();
		events.encode()
	}
}

fn hash(number: usize) -> Hash {
	Hash::from_low_u64_be(number as u64)
}

fn number(hash: Hash) -> usize {
	hash.to_low_u64_be() as usize
}

struct Node {
	chain: Chain,
	world: Arc<Mutex<World>>,
	server: ServerHandle,
}

impl Node {
	async fn start(leaders: &[Does], pool: Pool) -> Self {
		let world = Arc::new(Mutex::new(World {
			leaders: leaders.iter().map(|does| Leader::new(*does)).collect(),
			leads: 0,
			pool,
			blocks: vec![Vec::new(); 3],
			slow: Vec::new(),
			sealed: 0,
			open: 0,
			heard: true,
			fault: None,
		}));
		let (url, server) = rpc::serve(module(world.clone())).await;
		let chain = Chain::connect(&url).await.unwrap();
		Self { chain, world, server }
	}

	/// One with a fault.
	async fn faulty(leaders: &[Does], pool: Pool, fault: Fault) -> Self {
		let node = Self::start(leaders, pool).await;
		node.world().fault = Some(fault);
		node
	}

	fn world(&self) -> MutexGuard<'_, World> {
		self.world.lock().unwrap()
	}

	/// How often something came, sealed and openly.
	fn taken(&self) -> (usize, usize) {
		let world = self.world();
		(world.sealed, world.open)
	}

	async fn deliver(&self) -> Result<Delivered, Error> {
		self.deliver_within(PATIENCE).await
	}

	async fn deliver_within(&self, patience: Duration) -> Result<Delivered, Error> {
		let alice = Account::development("//Alice").unwrap();
		let call: RuntimeCall = frame_system::Call::remark {
			remark: b"sealed".to_vec(),
		}
		.into();
		self.chain.submit_sealed(&alice, call, patience).await
	}
}

fn module(world: Arc<Mutex<World>>) -> RpcModule<Arc<Mutex<World>>> {
	let mut module = RpcModule::new(world);
	let mut answer = |method: &'static str, answer: fn(&mut World, Vec<Value>) -> Value| {
		module
			.register_method(method, move |parameters, world, _| {
				let parameters = parameters.parse().unwrap_or_default();
				answer(&mut world.lock().unwrap(), parameters)
			})
			.unwrap();
	};
	answer("state_getRuntimeVersion", |_, _| rpc::version());
	answer("system_accountNextIndex", |world, _| match world.fault {
		Some(Fault::NoNumber) => json!("none"),
		_ => json!(5),
	});
	answer("chain_getFinalizedHead", |world, _| {
		json!(hash(world.blocks.len() - 1))
	});
	answer("chain_getBlockHash", |_, values| {
		json!(hash(values[0].as_u64().unwrap() as usize))
	});
	answer("chain_getHeader", |_, values| {
		let at: Hash = serde_json::from_value(values[0].clone()).unwrap();
		rpc::header(number(at))
	});
	answer("chain_getBlock", |world, values| {
		let at: Hash = serde_json::from_value(values[0].clone()).unwrap();
		match world.fault {
			Some(Fault::NoBodies) => Value::Null,
			_ => json!({ "block": { "extrinsics": world.blocks[number(at)] } }),
		}
	});
	answer("state_getStorage", |world, values| {
		let at: Hash = serde_json::from_value(values[1].clone()).unwrap();
		json!(Bytes(world.events(number(at))))
	});
	answer("state_call", |world, values| {
		let records: Vec<_> = world.leaders.iter().map(|leader| &leader.record).collect();
		json!(Bytes(match values[0].as_str().unwrap() {
			"TdRaftApi_genesis_binding" => BINDING.encode(),
			"TdRaftApi_records" => records.encode(),
			"TdRaftApi_leader" => world
				.leaders
				.get(world.leads)
				.map(|leader| (Term(1), leader.id()))
				.encode(),
			method => panic!("{method} is not asked"),
		}))
	});
	answer("tdRaft_roundState", |world, _| {
		let leader = world.leaders.get(world.leads).filter(|_| world.heard);
		json!({ "leader": leader.map(|leader| format!("0x{}", hex::encode(leader.id().0))) })
	});
	module
		.register_method("tdRaft_submitSealed", |parameters, world, _| {
			let bytes: Bytes = parameters.one().unwrap();
			world.lock().unwrap().pass_sealed(&bytes)
		})
		.unwrap();
	module
		.register_method("author_submitExtrinsic", |parameters, world, _| {
			world.lock().unwrap().take_open(parameters.one().unwrap())
		})
		.unwrap();
	module
}

/// To how many leaders it was sealed, and whether it was open in the end.
fn way(delivered: &Delivered) -> (usize, bool) {
	(delivered.sealed_to.len(), delivered.openly)
}

#[tokio::test]
async fn what_the_leader_includes_was_never_open() {
	let node = Node::start(&[Does::Includes], Pool::Refuses).await;
	let delivered = node.deliver().await.unwrap();
	assert_eq!(way(&delivered), (1, false));
	assert_eq!(delivered.included.block, hash(3));
	assert_eq!(delivered.included.events.len(), 1);
	assert_eq!(node.taken(), (1, 0));
}

#[tokio::test]
async fn a_node_that_has_not_heard_of_the_election_says_who_made_its_last_block() {
	let node = Node::start(&[Does::Includes], Pool::Refuses).await;
	node.world().heard = false;
	assert_eq!(way(&node.deliver().await.unwrap()), (1, false));
}

#[tokio::test]
async fn the_next_leader_gets_it_when_the_first_is_gone() {
	let node = Node::start(&[Does::Dies, Does::Includes], Pool::Refuses).await;
	let delivered = node.deliver().await.unwrap();
	assert_eq!(way(&delivered), (2, false));
	let leaders: Vec<_> = node.world().leaders.iter().map(Leader::id).collect();
	assert_eq!(delivered.sealed_to, leaders);
}

#[tokio::test]
async fn a_leader_that_drops_it_makes_it_open_and_no_more() {
	for leaders in [&[Does::Drops][..], &[Does::Dies, Does::Drops]] {
		let node = Node::start(leaders, Pool::Includes).await;
		let delivered = node.deliver().await.unwrap();
		assert_eq!(way(&delivered), (leaders.len(), true));
		assert_eq!(node.world().open, 1);
	}
}

#[tokio::test]
async fn leaders_that_go_one_after_the_other_do_not_keep_it_for_ever() {
	let node = Node::start(&[Does::Dies; 6], Pool::Includes).await;
	assert_eq!(way(&node.deliver().await.unwrap()), (3, true));
}

#[tokio::test]
async fn without_a_record_that_the_leader_signed_nothing_is_sent() {
	for flaw in 0..3 {
		let node = Node::start(&[Does::Includes], Pool::Includes).await;
		{
			let mut world = node.world();
			let record = &mut world.leaders[0].record;
			match flaw {
				// Whoever passes it on would read it.
				0 => record.body.sealing_key = [9; 32],
				1 => record.signature.0[0] ^= 1,
				_ => world.leads = 1,
			}
		}
		let error = node.deliver().await.unwrap_err();
		assert!(matches!(&error, Error::Wallet(_)), "{error}");
		assert!(error.to_string().contains("Nothing was sent"), "{error}");
		assert_eq!(node.taken(), (0, 0));
	}
}

#[tokio::test]
async fn what_the_leader_included_after_all_counts_although_the_pool_refuses_it_again() {
	let node = Node::start(&[Does::TakesLong], Pool::HasIt).await;
	assert_eq!(way(&node.deliver().await.unwrap()), (1, true));
}

#[tokio::test]
async fn what_cannot_happen_any_more_is_an_error() {
	let node = Node::start(&[Does::Drops], Pool::Refuses).await;
	assert!(node.deliver().await.is_err());
	let node = Node::start(&[Does::Drops], Pool::Forgets).await;
	let error = node.deliver().await.unwrap_err().to_string();
	assert!(error.contains("will not happen"), "{error}");
}

/// That the error is of somebody who does not know what becomes of this transaction, and says how to find out. Block 2 is the last
/// final one when it is signed.
fn is_unknown(error: &Error, transaction: &[u8]) {
	assert!(matches!(error, Error::Node(_)), "{error:?}");
	assert_eq!((error.kind(), error.exit_code()), ("node", 1));
	let text = error.to_string();
	let hash = format!("{:?}", BlakeTwo256::hash(transaction));
	for part in [
		hash.as_str(),
		"is not known",
		"nothing is paid twice",
		"transaction number 5",
		"After block 130 ",
		"Do not give the command again",
		"`veilmart history --from 3`",
	] {
		assert!(text.contains(part), "{part}: {text}");
	}
	for part in ["try again", "othing was sent", "will not happen"] {
		assert!(!text.contains(part), "{part}: {text}");
	}
}

#[tokio::test]
async fn before_anything_is_sent_an_error_says_so() {
	let node = Node::faulty(&[Does::Includes], Pool::Includes, Fault::NoNumber).await;
	let error = node.deliver().await.unwrap_err();
	assert!(error.to_string().ends_with(". Nothing was sent."), "{error}");
	assert_eq!(node.taken(), (0, 0));
	let node = Node::start(&[Does::Includes], Pool::Includes).await;
	node.server.stop().unwrap();
	while node.chain.round_state().await.is_ok() {
		tokio::time::sleep(Duration::from_millis(5)).await;
	}
	let error = node.deliver().await.unwrap_err();
	assert!(error.to_string().ends_with(". Nothing was sent."), "{error}");
	assert_eq!(node.taken(), (0, 0));
}

#[tokio::test]
async fn a_node_that_denies_what_it_passed_on_does_not_make_anybody_send_it_again() {
	let node = Node::faulty(&[Does::Includes], Pool::Includes, Fault::Denies).await;
	let error = node.deliver().await.unwrap_err();
	assert_eq!(node.taken(), (1, 0));
	let happened = node.world().blocks[3][1].clone();
	is_unknown(&error, &happened);
	assert!(
		error.to_string().contains("too many sealed transactions wait."),
		"{error}"
	);
}

#[tokio::test]
async fn when_the_node_is_gone_nobody_knows() {
	let node = Node::start(&[Does::TakesLong], Pool::Includes).await;
	let goes = async {
		while node.taken() == (0, 0) {
			tokio::time::sleep(Duration::from_millis(5)).await;
		}
		node.server.stop().unwrap();
	};
	let (delivered, ()) = tokio::join!(node.deliver_within(Duration::from_secs(60)), goes);
	let slow = node.world().slow[0].clone();
	is_unknown(&delivered.unwrap_err(), &slow);
}

#[tokio::test]
async fn a_pool_that_refuses_it_does_not_mean_that_the_leader_has_not_got_it() {
	let node = Node::start(&[Does::TakesLong], Pool::Refuses).await;
	let error = node.deliver().await.unwrap_err();
	assert_eq!(node.taken(), (1, 1));
	let slow = node.world().slow[0].clone();
	is_unknown(&error, &slow);
	let text = error.to_string();
	assert!(text.contains("sealed and then openly"), "{text}");
	assert!(text.contains("(Pool: Invalid)"), "{text}");
}

#[tokio::test]
async fn blocks_that_are_not_shown_hold_anything() {
	let node = Node::faulty(&[Does::Includes], Pool::Includes, Fault::NoBodies).await;
	let error = node.deliver().await.unwrap_err();
	let happened = node.world().blocks[3][1].clone();
	is_unknown(&error, &happened);
	assert!(error.to_string().contains("no body of block"), "{error}");
}

#[tokio::test]
async fn a_node_that_is_busy_in_between_does_not_end_it() {
	let node = Node::faulty(
		&[Does::Dies, Does::Includes],
		Pool::Includes,
		Fault::BusyFromNowOn,
	)
	.await;
	assert_eq!(way(&node.deliver().await.unwrap()), (1, true));
	assert_eq!(node.taken(), (1, 1));
}

#[tokio::test]
async fn what_failed_in_a_final_block_is_known() {
	let node = Node::faulty(&[Does::Includes], Pool::Includes, Fault::Fails).await;
	let error = node.deliver().await.unwrap_err();
	assert!(
		matches!(&error, Error::Refused(refusal) if refusal.origin == "Runtime"),
		"{error:?}"
	);
	assert_eq!(node.taken(), (1, 0));
}

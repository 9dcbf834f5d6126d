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
}

impl World {
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
		let success = |index: usize| EventRecord {
			phase: Phase::ApplyExtrinsic(index as u32),
			event: frame_system::Event::<Runtime>::ExtrinsicSuccess {
				dispatch_info: DispatchEventInfo::default(),
			}
			.into(),
			topics: Vec::new(),
		};
		let events: Vec<Event> = (0..self.blocks[number].len()).map(success).collect();
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
	_server: ServerHandle,
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
		}));
		let (url, _server) = rpc::serve(module(world.clone())).await;
		let chain = Chain::connect(&url).await.unwrap();
		Self {
			chain,
			world,
			_server,
		}
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
		let alice = Account::development("//Alice").unwrap();
		let call: RuntimeCall = frame_system::Call::remark {
			remark: b"sealed".to_vec(),
		}
		.into();
		self.chain.submit_sealed(&alice, call, PATIENCE).await
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
	answer("system_accountNextIndex", |_, _| json!(5));
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
		json!({ "block": { "extrinsics": world.blocks[number(at)] } })
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
	answer("tdRaft_submitSealed", |world, values| {
		let bytes: Bytes = serde_json::from_value(values[0].clone()).unwrap();
		world.take_sealed(&bytes);
		Value::Null
	});
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

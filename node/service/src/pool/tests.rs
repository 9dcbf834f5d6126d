//! The pool over a chain of blocks that hold what a test wants, and that are abandoned when a test wants it.

use std::collections::HashMap;

use codec::{Decode as _, Encode as _};
use futures::executor::block_on;
use sc_transaction_pool::ValidateTransactionPriority;
use sc_transaction_pool_api::error::Error as PoolError;
use sp_blockchain::TreeRoute;
use sp_core::sr25519;
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::{
	generic::{Digest, Era},
	traits::{BlakeTwo256, Block as BlockT, Hash as _, Header as _, NumberFor},
	transaction_validity::{TransactionValidity, UnknownTransaction, ValidTransaction},
	OpaqueExtrinsic,
};
use veilmart_runtime::{
	extensions::{provided_tags, signed_extrinsic},
	Header, RuntimeCall,
};

use super::*;

type Extrinsic = <Block as BlockT>::Extrinsic;

/// A block: its height, and its place among those of this height.
fn block(number: u32, place: u64) -> Hash {
	Hash::from_low_u64_be(u64::from(number) + (place << 32))
}

fn number(block: Hash) -> u32 {
	block.to_low_u64_be() as u32
}

/// Transaction `number` of //Alice, of which there are different ones.
fn transaction(number: u32, which: u8) -> Extrinsic {
	// Pallet 0, call 0: a remark of one byte.
	let call = RuntimeCall::decode(&mut &[0, 0, 4, which][..]).expect("a remark");
	let genesis = Hash::zero();
	// Nobody looks at signatures here. A real one would be another each time.
	let sign = |_: &[u8]| sr25519::Signature::from_raw([0; 64]).into();
	let signed = signed_extrinsic(
		call,
		Alice.to_account_id(),
		number,
		Era::Immortal,
		genesis,
		genesis,
		sign,
	);
	OpaqueExtrinsic::decode(&mut &signed.encode()[..]).expect("bytes with their length")
}

fn tag(number: u32) -> Vec<u8> {
	provided_tags(&transaction(number, 0).encode())
		.expect("it is signed")
		.remove(0)
}

#[derive(Default)]
struct State {
	/// What blocks hold, as long as the database has that.
	bodies: HashMap<Hash, Vec<Extrinsic>>,
	parents: HashMap<Hash, Hash>,
	/// How many of //Alice's transactions are in a block and those before it.
	included: HashMap<Hash, u32>,
	best: Hash,
	/// Everything is refused as things are.
	refuses: bool,
}

#[derive(Clone, Default)]
struct Chain(Arc<Mutex<State>>);

impl Chain {
	fn lock(&self) -> MutexGuard<'_, State> {
		self.0.lock().expect("nobody panicked")
	}

	/// Another block, the best one.
	fn add(&self, block: Hash, parent: Hash, body: Vec<Extrinsic>) {
		let mut state = self.lock();
		let before = state.included.get(&parent).copied().unwrap_or_default();
		state.included.insert(block, before + body.len() as u32);
		state.bodies.insert(block, body);
		state.parents.insert(block, parent);
		state.best = block;
	}

	fn validity(&self, at: Hash, transaction: &Extrinsic) -> TransactionValidity {
		let state = self.lock();
		let next = state.included.get(&at).copied().unwrap_or_default();
		let provides = provided_tags(&transaction.encode()).expect("it is signed");
		let own = (0..1000)
			.find(|number| provides == [tag(*number)])
			.expect("a small number");
		if state.refuses {
			return Err(UnknownTransaction::Custom(5).into());
		}
		if own < next {
			return Err(InvalidTransaction::Stale.into());
		}
		Ok(ValidTransaction {
			requires: (own > next).then(|| tag(own - 1)).into_iter().collect(),
			provides,
			longevity: u64::MAX,
			propagate: true,
			..Default::default()
		})
	}
}

#[async_trait::async_trait]
impl ChainApi for Chain {
	type Block = Block;
	type Error = Refusal;

	async fn validate_transaction(
		&self,
		at: Hash,
		_: TransactionSource,
		transaction: Arc<Extrinsic>,
		_: ValidateTransactionPriority,
	) -> Result<TransactionValidity, Refusal> {
		Ok(self.validity(at, &transaction))
	}

	fn validate_transaction_blocking(
		&self,
		at: Hash,
		_: TransactionSource,
		transaction: Arc<Extrinsic>,
	) -> Result<TransactionValidity, Refusal> {
		Ok(self.validity(at, &transaction))
	}

	fn block_id_to_number(&self, at: &BlockId<Block>) -> Result<Option<NumberFor<Block>>, Refusal> {
		Ok(match at {
			BlockId::Hash(block) => Some(number(*block)),
			BlockId::Number(number) => Some(*number),
		})
	}

	fn block_id_to_hash(&self, at: &BlockId<Block>) -> Result<Option<Hash>, Refusal> {
		Ok(match at {
			BlockId::Hash(block) => Some(*block),
			BlockId::Number(_) => None,
		})
	}

	fn hash_and_length(&self, transaction: &Extrinsic) -> (Hash, usize) {
		let encoded = transaction.encode();
		(BlakeTwo256::hash(&encoded), encoded.len())
	}

	async fn block_body(&self, at: Hash) -> Result<Option<Vec<Extrinsic>>, Refusal> {
		Ok(self.lock().bodies.get(&at).cloned())
	}

	fn block_header(&self, at: Hash) -> Result<Option<Header>, Refusal> {
		let parent = self.lock().parents.get(&at).copied().unwrap_or_default();
		Ok(Some(Header::new(
			number(at),
			Hash::zero(),
			Hash::zero(),
			parent,
			Digest::default(),
		)))
	}

	fn tree_route(&self, from: Hash, to: Hash) -> Result<TreeRoute<Block>, Refusal> {
		let state = self.lock();
		let line = |mut block: Hash| {
			let mut line = vec![block];
			while let Some(parent) = state.parents.get(&block) {
				line.push(*parent);
				block = *parent;
			}
			line
		};
		let (mut down, mut up) = (line(from), line(to));
		let mut common = Hash::zero();
		while let (Some(one), Some(other)) = (down.last(), up.last()) {
			if one != other {
				break;
			}
			common = *one;
			down.pop();
			up.pop();
		}
		up.reverse();
		let pivot = down.len();
		let route = down.into_iter().chain([common]).chain(up);
		let route = route.map(|hash| HashAndNumber {
			number: number(hash),
			hash,
		});
		Ok(TreeRoute::new(route.collect(), pivot).expect("it has a common block"))
	}
}

/// A chain with a genesis, and a pool over it.
fn pool() -> (Chain, Pool<Chain>) {
	let chain = Chain::default();
	let best = chain.clone();
	let api = Sparing::new(chain.clone(), move || best.lock().best).reading(|_| true);
	let limit = PoolLimit {
		count: 1000,
		total_bytes: 1 << 20,
	};
	let options = Options {
		ready: limit.clone(),
		future: limit,
		reject_future_transactions: false,
		ban_time: Duration::from_secs(60),
	};
	// What is ready is not validated again: nobody runs the task that would do it.
	let (pool, _) = BasicPool::new_test(Arc::new(api), Hash::zero(), Hash::zero(), options);
	(chain, Pool::over(Arc::new(pool), 1 << 20, Hash::zero()))
}

fn submit(pool: &Pool<Chain>, transaction: Extrinsic) -> Result<Hash, Refusal> {
	block_on(pool.submit_one(Hash::zero(), TransactionSource::External, transaction))
}

/// The pool takes note of the best block.
fn note(pool: &Pool<Chain>, hash: Hash) {
	block_on(pool.maintain(ChainEvent::NewBestBlock {
		hash,
		tree_route: None,
	}));
}

/// The pool takes note that a block is final, and those before it.
fn note_final(pool: &Pool<Chain>, hash: Hash, before: &[Hash]) {
	block_on(pool.maintain(ChainEvent::Finalized {
		hash,
		tree_route: before.into(),
	}));
}

/// What is ready, in its order, and how many wait for others.
fn waiting(pool: &Pool<Chain>) -> (Vec<Extrinsic>, usize) {
	let ready = pool
		.ready()
		.map(|transaction| Extrinsic::clone(&transaction.data));
	(ready.collect(), pool.status().future)
}

#[test]
fn what_an_abandoned_block_held_comes_back_when_the_database_has_it_no_more() {
	let (chain, pool) = pool();
	let all: Vec<_> = (0..4).map(|number| transaction(number, 0)).collect();
	for transaction in &all {
		assert!(submit(&pool, transaction.clone()).is_ok());
	}
	let (abandoned, next, another) = (block(1, 0), block(2, 0), block(1, 1));
	chain.add(abandoned, Hash::zero(), all[..2].to_vec());
	note(&pool, abandoned);
	chain.add(next, abandoned, all[2..3].to_vec());
	note(&pool, next);
	assert_eq!(waiting(&pool), (all[3..].to_vec(), 0));
	// Another one of its height is final before the pool takes note of that.
	chain.add(another, Hash::zero(), Vec::new());
	chain.lock().bodies.retain(|block, _| *block == another);
	note(&pool, another);
	note_final(&pool, another, &[]);
	let (ready, future) = waiting(&pool);
	assert_eq!((ready.len(), future), (4, 0));
	let place = |transaction| ready.iter().position(|other| other == transaction);
	assert!(
		place(&all[0]) < place(&all[1]) && place(&all[1]) < place(&all[3]),
		"{ready:?}"
	);
	// It is refused as one that is there, not as one that a block holds.
	for transaction in all {
		let answer = submit(&pool, transaction);
		assert!(
			matches!(answer, Err(Refusal::Pool(PoolError::AlreadyImported(_)))),
			"{answer:?}"
		);
	}
}

/// An acceptance, for instance, whose order comes back with it.
#[test]
fn what_is_refused_without_what_comes_back_with_it_comes_back_too() {
	let (chain, pool) = pool();
	let (abandoned, another) = (block(1, 0), block(1, 1));
	let all = [transaction(0, 0), transaction(1, 0)];
	for transaction in &all {
		assert!(submit(&pool, transaction.clone()).is_ok());
	}
	chain.add(abandoned, Hash::zero(), all.to_vec());
	note(&pool, abandoned);
	chain.add(another, Hash::zero(), Vec::new());
	chain.lock().refuses = true;
	note(&pool, another);
	assert_eq!(waiting(&pool), (all.to_vec(), 0));
	// The leader finds out, and says so, if what it follows from does not come.
	let hash = pool.hash_of(&all[1]);
	let later = Some(UnknownTransaction::Custom(5).into());
	let gone = block_on(pool.report_invalid(Some(another), [(hash, later)].into_iter().collect()));
	assert_eq!((gone.len(), waiting(&pool)), (1, (all[..1].to_vec(), 0)));
}

#[test]
fn a_call_that_failed_has_provided_its_number_alone() {
	let tags = |tags: &[u8]| tags.iter().map(|tag| vec![*tag]).collect::<Vec<_>>();
	// Number 1 with sequence 10 is final, and failed: 10 comes again with number 2. Number 3 with 11 did what it said.
	let mut provided = tags(&[1, 10, 3, 11]).into_iter().collect();
	let mut concerned = HashSet::new();
	look_at(&tags(&[2, 10]), &mut provided, &mut concerned);
	look_at(&tags(&[3, 11]), &mut provided, &mut concerned);
	assert_eq!(provided, tags(&[1, 3, 11]).into_iter().collect());
	assert_eq!(concerned, tags(&[2, 10, 3, 11]).into_iter().collect());
}

#[test]
fn what_waits_for_one_that_was_included_long_ago_waits_no_more() {
	let (chain, pool) = pool();
	let mut parent = Hash::zero();
	for number in 1..6 {
		let body = if number == 1 {
			vec![transaction(0, 0)]
		} else {
			Vec::new()
		};
		chain.add(block(number, 0), parent, body);
		parent = block(number, 0);
		note(&pool, parent);
		note_final(&pool, parent, &[]);
	}
	// It was validated before, and is kept after all that.
	chain.lock().best = Hash::zero();
	assert!(submit(&pool, transaction(1, 0)).is_ok());
	assert_eq!(waiting(&pool), (vec![], 1));
	chain.add(block(6, 0), parent, Vec::new());
	note(&pool, block(6, 0));
	note_final(&pool, block(6, 0), &[]);
	assert_eq!(waiting(&pool), (vec![transaction(1, 0)], 0));
}

#[test]
fn another_one_of_a_number_that_is_final_is_thrown_out_and_what_follows_stays() {
	let (chain, pool) = pool();
	let (mine, first) = (block(1, 0), transaction(0, 0));
	chain.add(mine, Hash::zero(), vec![first.clone()]);
	note(&pool, mine);
	note_final(&pool, mine, &[]);
	let again = submit(&pool, first);
	assert!(
		matches!(again, Err(Refusal::Pool(PoolError::TemporarilyBanned))),
		"{again:?}"
	);
	// They were validated before, and are kept after that.
	chain.lock().best = Hash::zero();
	for transaction in [transaction(0, 1), transaction(1, 0)] {
		assert!(submit(&pool, transaction).is_ok());
	}
	assert_eq!(waiting(&pool).0.len(), 2);
	chain.add(block(2, 0), mine, Vec::new());
	note(&pool, block(2, 0));
	note_final(&pool, block(2, 0), &[]);
	assert_eq!(waiting(&pool), (vec![transaction(1, 0)], 0));
}

#[test]
fn to_be_sent_again_is_no_reason_to_be_refused_for_longer() {
	let (_, pool) = pool();
	let hash = submit(&pool, transaction(0, 0)).expect("it is taken");
	for _ in 0..3 {
		let again = submit(&pool, transaction(0, 0));
		assert!(
			matches!(again, Err(Refusal::Pool(PoolError::AlreadyImported(_)))),
			"{again:?}"
		);
		let many = vec![transaction(0, 0), transaction(1, 0)];
		let answers = block_on(pool.submit_at(Hash::zero(), TransactionSource::External, many));
		assert!(answers.expect("answers")[0].is_err());
	}
	assert!(!pool.pool.pool().validated_pool().is_banned(&hash));
	assert_eq!(waiting(&pool).0.len(), 2);
}

#[test]
fn a_report_counts_at_the_block_that_the_pool_is_at_and_only_what_is_invalid_is_banned() {
	let (chain, pool) = pool();
	chain.add(block(1, 0), Hash::zero(), Vec::new());
	note(&pool, block(1, 0));
	let hash = submit(&pool, transaction(0, 0)).expect("it is taken");
	let report = |at: Hash, error: TransactionValidityError| {
		block_on(pool.report_invalid(Some(at), [(hash, Some(error))].into_iter().collect())).len()
	};
	let later = || UnknownTransaction::Custom(5).into();
	assert_eq!(report(block(1, 1), later()), 0, "a block beside it");
	assert_eq!(report(block(1, 0), InvalidTransaction::Future.into()), 0);
	assert_eq!(report(block(1, 0), later()), 1);
	assert_eq!(waiting(&pool), (vec![], 0));
	assert!(submit(&pool, transaction(0, 0)).is_ok(), "it may pass by now");
	assert_eq!(report(block(1, 0), InvalidTransaction::Payment.into()), 1);
	let banned = submit(&pool, transaction(0, 0));
	assert!(
		matches!(banned, Err(Refusal::Pool(PoolError::TemporarilyBanned))),
		"{banned:?}"
	);
}

#[test]
fn what_is_reported_as_invalid_stays_if_it_is_out_of_turn_and_is_not_banned_if_it_may_pass_later() {
	let invalid = TransactionValidityError::Invalid;
	for (error, stays, later) in [
		(invalid(InvalidTransaction::Stale), true, false),
		(invalid(InvalidTransaction::Future), true, false),
		(invalid(InvalidTransaction::Payment), false, false),
		(invalid(InvalidTransaction::BadProof), false, false),
		(UnknownTransaction::Custom(5).into(), false, true),
	] {
		let error = Some(error);
		assert_eq!(
			(is_out_of_turn(&error), may_pass_later(&error)),
			(stays, later),
			"{error:?}"
		);
	}
	assert!(!is_out_of_turn(&None) && !may_pass_later(&None));
}

//! Transactions of well-known accounts on the real runtime, executed natively: nothing panics, and after every block the
//! pallets' invariants hold, and money is conserved.
//!
//! Every call goes the way of a block: a signed transaction through `Executive::apply_extrinsic`. That is cheap (a signature
//! made and verified beside proofs of milliseconds), it has the extensions in it, which a bare dispatch leaves out, and it
//! leaves nothing behind in the process. The pool is asked before, in a state that is thrown away: what it lets in a block takes.
//!
//! # Input
//!
//! Steps, of which the first [`MAX_STEPS`] count:
//!
//! - a byte below 128: who signs, modulo the number of [`SIGNERS`]; then a length (`u16`, little-endian) and as many bytes,
//!   a call. Bytes that are none are passed over, so that one mutation does not spoil all that follows;
//! - any other byte `b`: the end of the block, then `b mod 32` blocks with nothing in them, [`SPACING`] apart. The agenda's
//!   deadlines fall in them.
//!
//! A motion of the council could set any storage it likes, and with it break what is checked. The fuzzer does not find one: it
//! takes three calls that agree on a hash.

use std::sync::LazyLock;

use codec::{DecodeLimit, Encode};
use frame_support::storage::{with_transaction, TransactionOutcome};
use pallet_certificates::ViewKey;
use pallet_ecommerce::{Ciphertext, Order};
use sp_core::{sr25519, Pair};
use sp_io::TestExternalities;
use sp_runtime::{
	generic::Era,
	traits::{Dispatchable, Header as _},
	transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
	DispatchError,
};
use veilmart_runtime::{
	api, extensions::signed_extrinsic, AccountId, Balances, Certificates, Ecommerce, Executive, Hash, Header,
	Runtime, RuntimeCall, RuntimeOrigin, System, TdRaft, Timestamp, UncheckedExtrinsic,
};
use veilmart_test_blocks::{digest, Snapshot};

use crate::setting::{well_known, SECRET};

/// Who signs: three shops, the offices, and somebody without a certificate.
pub const SIGNERS: [&str; 8] = [
	"//Alice",
	"//Bob",
	"//Charlie",
	"//Issuer",
	"//Arbiter",
	"//Auditor",
	"//CA",
	"//Eve",
];

/// Steps of one input, at most.
pub const MAX_STEPS: usize = 16;

/// Blocks of one input, at most.
pub const MAX_BLOCKS: u32 = 64;

/// Between two blocks, in milliseconds: not yet a halt.
pub const SPACING: u64 = 10_000;

/// Calls that hold calls, at most in one another.
const DEEPEST: u32 = 32;

/// Chain time of the first block, in milliseconds: some moment in 2027.
const START: u64 = 1_800_000_000_000;

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
	/// The bytes are no call.
	NoCall,
	/// No block takes the transaction.
	Refused(TransactionValidityError),
	/// It was included, and failed.
	Failed(DispatchError),
	/// It was included, and did what it says.
	Done,
	/// Blocks went by.
	Blocks,
}

static PAIRS: LazyLock<[sr25519::Pair; 8]> = LazyLock::new(|| SIGNERS.map(|name| well_known(name).0));

/// The chain `development` in its first block, built once: the proof about its key takes seconds to verify. Accounts that
/// trade have registered their view keys.
static BEGUN: LazyLock<Snapshot> = LazyLock::new(|| {
	let mut state = veilmart_test_blocks::genesis(api::dispatch, "development").restore();
	state.execute_with(|| {
		begin_block(1);
		for name in &SIGNERS[..4] {
			let (pair, keys) = well_known(name);
			let view_key = ViewKey::new(keys.view_key(0).public()).expect("an honest key");
			let call = pallet_certificates::Call::set_view_key { view_key, counter: 1 };
			RuntimeCall::from(call)
				.dispatch(RuntimeOrigin::signed(pair.public().into()))
				.expect("shops and issuer have certificates");
		}
	});
	Snapshot::of(state)
});

/// Begins a block and sets its time. All blocks have the hash 0.
fn begin_block(number: u32) {
	let none = Hash::default();
	Executive::initialize_block(&Header::new(number, none, none, none, digest(number, none)));
	let now = START + u64::from(number) * SPACING;
	let inherent = UncheckedExtrinsic::new_bare(pallet_timestamp::Call::set { now }.into());
	assert_eq!(
		Executive::apply_extrinsic(inherent),
		Ok(Ok(())),
		"the clock's inherent is applied"
	);
}

/// A chain in memory.
pub struct Chain {
	state: TestExternalities,
}

impl Default for Chain {
	fn default() -> Self {
		Self {
			state: BEGUN.clone().restore(),
		}
	}
}

impl Chain {
	/// Looks into the state.
	pub fn with<T>(&mut self, look: impl FnOnce() -> T) -> T {
		self.state.execute_with(look)
	}

	/// Sends the next transaction of a signer.
	pub fn send(&mut self, signer: u8, call: RuntimeCall) -> Outcome {
		let pair = &PAIRS[usize::from(signer) % PAIRS.len()];
		self.with(|| {
			let (who, genesis) = (AccountId::from(pair.public()), System::block_hash(0));
			let nonce = System::account_nonce(&who);
			let sign = |bytes: &[u8]| pair.sign(bytes).into();
			let transaction = signed_extrinsic(call, who, nonce, Era::Immortal, genesis, genesis, sign);
			let pool = thrown_away(|| {
				Executive::validate_transaction(TransactionSource::External, transaction.clone(), genesis)
			});
			match Executive::apply_extrinsic(transaction) {
				Ok(Ok(())) => Outcome::Done,
				Ok(Err(error)) => Outcome::Failed(error),
				Err(error) => {
					let full = InvalidTransaction::ExhaustsResources.into();
					assert!(
						pool.is_err() || error == full,
						"the pool lets in what no block takes: {error:?}"
					);
					Outcome::Refused(error)
				}
			}
		})
	}

	/// Ends the block, checks what has to hold, and begins the next one.
	pub fn end_block(&mut self) {
		self.with(|| {
			let number = System::block_number();
			Executive::finalize_block();
			Ecommerce::do_try_state().expect("the marketplace's invariants hold");
			Certificates::do_try_state().expect("the certificates' invariants hold");
			TdRaft::do_try_state().expect("the consensus' invariants hold");
			begin_block(number + 1);
		});
	}

	/// Money is neither made nor lost: every ciphertext that holds some decrypts to an amount, and together they are what was
	/// issued. The pallet's own check is about ciphertexts, which a negative amount passes.
	pub fn check_money(&mut self) {
		self.with(|| {
			let open = |ciphertext: &Ciphertext| -> u128 {
				let amount = SECRET
					.decrypt_amount(ciphertext.as_ref())
					.expect("it is on the ledger");
				amount.expect("no amount is negative or too large").into()
			};
			let escrow = |order: Order<AccountId>| {
				let total = open(&order.total);
				let bond = u128::from(order.terms.bond_multiple) * total;
				u128::from(order.state.holds_total()) * total
					+ u128::from(order.state.holds_bond()) * bond
					+ u128::from(order.state.holds_deposit()) * total
			};
			let issued: u128 = pallet_ecommerce::Issued::<Runtime>::iter_values()
				.map(|owned| open(&owned.ciphertext))
				.sum();
			let held: u128 = pallet_ecommerce::Balances::<Runtime>::iter_values()
				.map(|owned| open(&owned.ciphertext))
				.chain(
					pallet_ecommerce::Incoming::<Runtime>::iter_values().map(|credit| open(&credit.amount)),
				)
				.chain(pallet_ecommerce::Orders::<Runtime>::iter_values().map(escrow))
				.chain([open(&pallet_ecommerce::Redeemed::<Runtime>::get())])
				.sum();
			assert_eq!(held, issued, "money was made or lost");
			assert_eq!(open(&pallet_ecommerce::Zeroed::<Runtime>::get()), 0);
			let tokens: u128 = frame_system::Account::<Runtime>::iter_values()
				.map(|account| account.data.free + account.data.reserved)
				.sum();
			assert_eq!(tokens, Balances::total_issuance(), "tokens were made or lost");
			assert!(Timestamp::get() >= START);
		});
	}
}

fn thrown_away<T>(work: impl FnOnce() -> T) -> T {
	with_transaction(|| TransactionOutcome::Rollback(Ok::<_, DispatchError>(work())))
		.expect("one transaction in none")
}

/// A step as input: a signer's call.
pub fn call_step(signer: u8, call: &RuntimeCall) -> Vec<u8> {
	let call = call.encode();
	let length = u16::try_from(call.len()).expect("calls of seeds are shorter");
	[&[signer][..], &length.to_le_bytes(), &call].concat()
}

/// A step as input: the end of the block, and so many empty ones.
pub fn blocks_step(empty: u8) -> Vec<u8> {
	vec![0x80 | empty]
}

/// Executes an input, and says what came of each step.
pub fn outcomes(mut data: &[u8]) -> Vec<Outcome> {
	let mut chain = Chain::default();
	let (mut outcomes, mut blocks) = (Vec::new(), 0);
	while let ([step, rest @ ..], true) = (data, outcomes.len() < MAX_STEPS) {
		data = rest;
		if *step >= 0x80 {
			for _ in 0..=step % 32 {
				if blocks < MAX_BLOCKS {
					chain.end_block();
					blocks += 1;
				}
			}
			outcomes.push(Outcome::Blocks);
			continue;
		}
		let Some((length, rest)) = data.split_first_chunk() else {
			break;
		};
		let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
		let (mut call, rest) = rest.split_at(length);
		data = rest;
		outcomes.push(
			match RuntimeCall::decode_all_with_depth_limit(DEEPEST, &mut call) {
				Ok(call) => chain.send(*step, call),
				Err(_) => Outcome::NoCall,
			},
		);
	}
	if outcomes.contains(&Outcome::Done) {
		chain.check_money();
	}
	chain.end_block();
	outcomes
}

/// Accepted is an input of which a call does what it says.
pub fn run(data: &[u8]) -> bool {
	outcomes(data).contains(&Outcome::Done)
}

//! Random sequences of calls by many accounts, a part of them malicious, against the rules in plain numbers: what the plain
//! rules allow succeeds, everything else fails and changes nothing, and after every block the invariants hold.

use super::model::*;
use crate::{mock::*, Call, CreditId, CreditKind, Error, ListingId, OrderId, OrderState, Terms};
use frame_support::{assert_ok, weights::Weight};
use pallet_certificates::{Role, Status};
use sp_runtime::{AccountId32, StateVersion};
use std::collections::BTreeMap;
use veilmart_paillier::Opening;

mod steps;

/// A reproducible source of chances (xorshift64*).
struct Dice(u64);

impl Dice {
	fn roll(&mut self, sides: usize) -> usize {
		self.0 ^= self.0 >> 12;
		self.0 ^= self.0 << 25;
		self.0 ^= self.0 >> 27;
		(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
	}

	fn pick<T: Clone>(&mut self, of: impl Iterator<Item = T>) -> Option<T> {
		let of: Vec<T> = of.collect();
		(!of.is_empty()).then(|| of[self.roll(of.len())].clone())
	}
}

/// The first account issues, the last one decides, the others trade.
const ACCOUNTS: usize = 7;
const ARBITER_OF_ALL: Who = ACCOUNTS - 1;

/// Room for everything that can be due in a block.
const ROOM: Weight = Weight::from_parts(1_000_000_000_000, u64::MAX);

/// The ledger's parties with their openings, beside the plain model.
struct World {
	dice: Dice,
	model: Model,
	parties: Vec<Party>,
	credits: BTreeMap<(Who, Name, Kind), Opening>,
	listed: BTreeMap<Name, Listed>,
	placed: BTreeMap<Name, Placed>,
	/// How often each call succeeded, and how many were refused.
	done: BTreeMap<&'static str, u32>,
	refused: u32,
}

fn kind_of(kind: Kind) -> CreditKind {
	match kind {
		Kind::Issued => CreditKind::Issued,
		Kind::Refund => CreditKind::Refund,
		Kind::Proceeds => CreditKind::Proceeds,
		Kind::Bond => CreditKind::Bond,
		Kind::Share => CreditKind::Share,
		Kind::Deposit => CreditKind::Deposit,
		Kind::Transfer => CreditKind::Transfer,
		Kind::Returned => CreditKind::Returned,
	}
}

fn state_of(state: State) -> OrderState {
	match state {
		State::Placed => OrderState::Placed,
		State::Accepted => OrderState::Accepted,
		State::Shipped => OrderState::Shipped,
		State::Completed => OrderState::Completed,
		State::Refunded => OrderState::Refunded,
		State::Disputed => OrderState::Disputed,
		State::Penalised => OrderState::Penalised,
	}
}

impl World {
	fn new(seed: u64, share: u32) -> Self {
		let terms = Terms {
			penalty_share: share,
			..Default::default()
		};
		assert_ok!(Ecommerce::set_terms(RuntimeOrigin::root(), terms));
		MaxCreditsPerPair::set(CAP as u32);
		MaxRedemptionsPerPair::set(CAP as u32);
		ReclaimPeriod::set(RECLAIM);
		let parties: Vec<Party> = (0..ACCOUNTS)
			.map(|who| Party::of(AccountId32::new([who as u8 + 1; 32])))
			.collect();
		for (who, party) in parties.iter().enumerate() {
			match who {
				0 => certify(&party.who, [Role::Issuer]),
				ARBITER_OF_ALL => certify(&party.who, [Role::Arbiter]),
				_ => certify(&party.who, [Role::Buyer, Role::Seller]),
			}
		}
		assert_ok!(Ecommerce::set_issuer_quota(
			RuntimeOrigin::root(),
			parties[0].who.clone(),
			QUOTA
		));
		let mut world = Self {
			dice: Dice(seed | 1),
			model: Model::new(ACCOUNTS, Now::get(), share.into()),
			parties,
			credits: BTreeMap::new(),
			listed: BTreeMap::new(),
			placed: BTreeMap::new(),
			done: BTreeMap::new(),
			refused: 0,
		};
		world.endow();
		world
	}

	/// Money for everybody to begin with.
	fn endow(&mut self) {
		for to in 1..ARBITER_OF_ALL {
			let amount = 100_000;
			let (call, credit, issued) = self.parties[0].issue(&self.parties[to], amount);
			let id = self.parties[0].next_credit(CreditKind::Issued);
			assert_ok!(self.parties[0].dispatch(call));
			assert_ok!(self.parties[to].dispatch(self.parties[to].collect(vec![id])));
			self.parties[0].issued = issued;
			self.parties[to].balance = credit;
			self.model.issued += amount;
			self.model.balance[to] = amount;
			self.model.seq[0] += 1;
			self.model.seq[to] += 1;
		}
	}

	fn trader(&mut self) -> Who {
		1 + self.dice.roll(ACCOUNTS - 2)
	}

	fn credit_id(&self, (creator, seq): Name, kind: Kind) -> CreditId<AccountId32> {
		CreditId {
			creator: self.parties[creator].who.clone(),
			seq,
			kind: kind_of(kind),
		}
	}

	fn order_id(&self, (buyer, seq): Name) -> OrderId<AccountId32> {
		OrderId {
			buyer: self.parties[buyer].who.clone(),
			seq,
		}
	}

	/// Dispatches a call that the plain rules allow or not. One time in six it is made worse first, and must fail then.
	fn attempt(&mut self, who: Who, name: &'static str, mut call: Call<Test>, allowed: bool) -> bool {
		let spoilt = self.dice.roll(6) == 0 && self.spoil(&mut call);
		let before = sp_io::storage::root(StateVersion::V1);
		let result = self.parties[who].dispatch(call);
		if allowed && !spoilt {
			assert_eq!(result, Ok(()), "{name} by {who} is allowed");
			self.model.seq[who] += 1;
			*self.done.entry(name).or_default() += 1;
		} else {
			assert!(result.is_err(), "{name} by {who} is not allowed");
			assert_eq!(
				before,
				sp_io::storage::root(StateVersion::V1),
				"{name} by {who} failed and left something"
			);
			self.refused += 1;
		}
		result.is_ok()
	}

	/// A number that was used, one that is not there yet, or a ciphertext or proof that is another.
	fn spoil(&mut self, call: &mut Call<Test>) -> bool {
		let other = || Box::new(encrypt(&fresh(1)));
		match (self.dice.roll(3), call) {
			(
				0,
				Call::order { balance_after, .. }
				| Call::accept { balance_after, .. }
				| Call::dispute { balance_after, .. }
				| Call::transfer { balance_after, .. }
				| Call::redeem { balance_after, .. },
			) => *balance_after = other(),
			(0, Call::issue { issued_after, .. }) => *issued_after = other(),
			(0, Call::refresh { after, .. }) => *after = other(),
			(
				1,
				Call::order { proof, .. }
				| Call::accept { proof, .. }
				| Call::dispute { proof, .. }
				| Call::transfer { proof, .. }
				| Call::redeem { proof, .. }
				| Call::list { proof, .. }
				| Call::reprice { proof, .. }
				| Call::restock { proof, .. }
				| Call::issue { proof, .. }
				| Call::refresh { proof, .. },
			) if VerifyBy::get() != By::Credulous => *proof.last_mut().unwrap() ^= 1,
			(
				turn,
				Call::order { seq, .. }
				| Call::accept { seq, .. }
				| Call::dispute { seq, .. }
				| Call::transfer { seq, .. }
				| Call::redeem { seq, .. }
				| Call::list { seq, .. }
				| Call::reprice { seq, .. }
				| Call::restock { seq, .. }
				| Call::issue { seq, .. }
				| Call::refresh { seq, .. }
				| Call::collect { seq, .. }
				| Call::cancel { seq, .. }
				| Call::decline { seq, .. }
				| Call::ship { seq, .. }
				| Call::confirm { seq, .. }
				| Call::poke { seq, .. }
				| Call::resolve { seq, .. }
				| Call::refuse { seq, .. }
				| Call::reclaim { seq, .. }
				| Call::settle { seq, .. }
				| Call::delist { seq, .. },
			) => *seq = if turn == 2 { *seq + 1 } else { seq.wrapping_sub(1) },
			_ => return false,
		}
		true
	}

	/// A block: what happens by itself, some calls, the invariants.
	fn block(&mut self) {
		let gap = match self.dice.roll(30) {
			0 => 15_001 + self.dice.roll(1_000_000) as u64,
			1 => 86_400_000,
			_ => 1 + self.dice.roll(15_000) as u64,
		};
		// Now and then a block has no room for the agenda, and what is due waits.
		let room = self.dice.roll(5) > 0;
		AgendaWeight::set(if room { ROOM } else { Weight::zero() });
		block_after(gap);
		self.model.block(gap, room);
		for _ in 0..self.dice.roll(14) {
			self.step();
		}
		Ecommerce::do_try_state().unwrap();
		assert_eq!(self.model.everything(), self.model.issued, "of the model itself");
		self.compare_states();
	}

	fn compare_states(&self) {
		for (name, order) in &self.model.orders {
			let ledger = Ecommerce::order_of(&self.order_id(*name)).expect("the order is there");
			assert_eq!(ledger.state, state_of(order.state), "{name:?}");
		}
		let (mut orders, mut incoming, mut listings) = (0, 0, 0);
		for (who, party) in self.parties.iter().enumerate() {
			orders += Ecommerce::orders_of_buyer(&party.who, None).len();
			incoming += Ecommerce::incoming(&party.who).len();
			listings += Ecommerce::listings(&party.who).len();
			assert_eq!(party.seq(), self.model.seq[who]);
			let status = Certificates::certificate(party.who.clone()).unwrap().status;
			let standing = match status {
				Status::Active => Standing::Active,
				Status::Revoked => Standing::Revoked,
				Status::Blacklisted(_) => Standing::Barred,
			};
			assert_eq!(standing, self.model.standing[who], "account {who}");
		}
		assert_eq!(orders, self.model.orders.len());
		assert_eq!(incoming, self.model.incoming.len());
		assert_eq!(listings, self.model.listings.len());
	}

	/// Everything decrypted with the authority's key.
	fn compare_values(&self) {
		for (who, party) in self.parties.iter().enumerate() {
			assert_eq!(party.ledger_balance(), self.model.balance[who], "account {who}");
		}
		for ((owner, name, kind), credit) in &self.model.incoming {
			let id = self.credit_id(*name, *kind);
			let ledger = crate::Incoming::<Test>::get(&self.parties[*owner].who, &id)
				.unwrap_or_else(|| panic!("{id:?} is there"));
			assert_eq!(decrypt(&ledger.amount), credit.amount, "{id:?}");
		}
		for ((seller, seq), listing) in &self.model.listings {
			let id = ListingId {
				seller: self.parties[*seller].who.clone(),
				seq: *seq,
			};
			let ledger = Ecommerce::listing_of(&id).expect("the listing is there");
			assert_eq!(decrypt(&ledger.stock), listing.stock);
			assert_eq!(decrypt(&ledger.price), listing.price);
			assert_eq!(ledger.version, listing.version);
		}
		assert_eq!(decrypt(&crate::Redeemed::<Test>::get()), self.model.burned);
		assert_eq!(decrypt(&crate::Zeroed::<Test>::get()), 0);
		let issued = crate::Issued::<Test>::get(&self.parties[0].who);
		assert_eq!(decrypt(&issued.ciphertext), self.model.issued);
	}
}

/// Runs so many blocks from a seed.
fn run(seed: u64, share: u32, blocks: usize) -> (BTreeMap<&'static str, u32>, u32) {
	println!("seed {seed}, share {share}");
	let mut world = World::new(seed, share);
	for block in 0..blocks {
		world.block();
		if block % 50 == 49 {
			world.compare_values();
		}
	}
	world.compare_values();
	(world.done, world.refused)
}

/// Proofs are believed here, so that many sequences fit into a test's time: all other rules are under fire.
#[test]
fn the_ledger_follows_the_plain_rules_whatever_is_called() {
	let mut total: BTreeMap<&'static str, u32> = BTreeMap::new();
	let mut refusals = 0;
	for seed in 1..=8 {
		execute(|| {
			VerifyBy::set(By::Credulous);
			let (done, refused) = run(seed, (seed % 2) as u32, 100);
			refusals += refused;
			for (name, count) in done {
				*total.entry(name).or_default() += count;
			}
		});
	}
	println!("{total:?}, refused {refusals}");
	// A test that never gets anywhere shows nothing.
	for name in [
		"issue", "transfer", "refuse", "reclaim", "collect", "redeem", "settle", "list", "reprice",
		"restock", "delist", "order", "accept", "cancel", "decline", "ship", "confirm", "poke", "dispute",
		"resolve", "refresh",
	] {
		assert!(
			total.get(name).is_some_and(|count| *count >= 2),
			"{name} hardly ever succeeded"
		);
	}
	assert!(total.values().sum::<u32>() > 1_200);
	assert!(refusals > 400);
}

/// The same with proofs that are made and verified.
#[test]
fn the_ledger_follows_the_plain_rules_with_real_proofs() {
	execute(|| {
		let (done, refused) = run(99, 0, 40);
		println!("{done:?}, refused {refused}");
		assert!(done.len() > 10 && refused > 10);
	});
}

/// The error of a forged proof is that of the proof, in the midst of everything else.
#[test]
fn a_forged_proof_is_what_is_refused() {
	execute(|| {
		let mut world = World::new(7, 0);
		for _ in 0..20 {
			world.block();
		}
		let (mut call, _) = world.parties[1].list(1, 1);
		if let Call::list { proof, .. } = &mut call {
			*proof.last_mut().unwrap() ^= 1;
		}
		if world.model.active(1) {
			assert_eq!(
				world.parties[1].dispatch(call),
				Err(Error::<Test>::ProofRange.into())
			);
		}
	});
}

//! Random sequences of calls by many accounts, a part of them malicious, against the rules in plain numbers: what the plain
//! rules allow succeeds, everything else fails and changes nothing, and after every block the invariants hold.
//!
//! What happens follows from a number alone. Some sequences are the same each time, some are new; one that fails says by which
//! number it is repeated. `VEILMART_SEED` names the first number, `VEILMART_SEQUENCES` says how many follow, and the
//! ignored test tries thousands.

use super::model::*;
use crate::{mock::*, Call, CreditId, CreditKind, Error, ListingId, OrderId, OrderState};
use frame_support::{assert_ok, weights::Weight};
use pallet_certificates::{Role, Status};
use rand_core::{OsRng, RngCore};
use sp_runtime::{traits::Dispatchable, AccountId32, StateVersion};
use std::{
	collections::BTreeMap,
	sync::atomic::{AtomicBool, AtomicU64, Ordering},
	thread,
};
use veilmart_paillier::Opening;

mod steps;

/// A reproducible source of chances (xorshift64*).
struct Dice(u64);

impl Dice {
	/// Numbers that differ little begin differently.
	fn new(seed: u64) -> Self {
		let state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
		Self((state ^ (state >> 29)).max(1))
	}

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

fn terms_of(terms: Terms) -> crate::Terms {
	let small = |number: u64| u32::try_from(number).expect("small numbers");
	crate::Terms {
		accept_period: terms.accept,
		ship_period: terms.ship,
		grace_period: terms.grace,
		confirm_period: terms.confirm,
		resolve_period: terms.resolve,
		bond_multiple: small(terms.bond),
		penalty_share: small(terms.share),
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
	fn new(seed: u64) -> Self {
		let terms = Terms {
			share: seed % 2,
			..Terms::LOCAL
		};
		assert_ok!(Ecommerce::set_terms(RuntimeOrigin::root(), terms_of(terms)));
		MaxCreditsPerPair::set(CAP as u32);
		MaxRedemptionsPerPair::set(CAP as u32);
		MaxQuotesPerPair::set(QUOTES as u32);
		ReclaimPeriod::set(RECLAIM);
		assert_eq!((HaltThreshold::get(), QuotaPeriod::get()), (HALT, WINDOW));
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
			dice: Dice::new(seed),
			model: Model::new(ACCOUNTS, Now::get(), LeastPeriod::get(), terms),
			parties,
			credits: BTreeMap::new(),
			listed: BTreeMap::new(),
			placed: BTreeMap::new(),
			done: BTreeMap::new(),
			refused: 0,
		};
		world.endow();
		for _ in 0..3 {
			world.list();
		}
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

	fn listing_id(&self, (seller, seq): Name) -> ListingId<AccountId32> {
		ListingId {
			seller: self.parties[seller].who.clone(),
			seq,
		}
	}

	fn order_id(&self, (buyer, seq): Name) -> OrderId<AccountId32> {
		OrderId {
			buyer: self.parties[buyer].who.clone(),
			seq,
		}
	}

	/// Dispatches a call of the marketplace that the plain rules allow or not. One time in six it is made worse first, and must
	/// fail then.
	fn attempt(&mut self, who: Who, name: &'static str, mut call: Call<Test>, allowed: bool) -> bool {
		let spoilt = self.dice.roll(6) == 0 && self.spoil(&mut call);
		let done = self.judge(who, name, call.into(), allowed && !spoilt);
		self.model.seq[who] += u64::from(done);
		done
	}

	/// Dispatches any call. What is allowed is possible with quota left only, and what is not leaves nothing.
	fn judge(&mut self, who: Who, name: &'static str, call: RuntimeCall, allowed: bool) -> bool {
		let allowed = allowed && self.model.has_quota(who);
		let before = sp_io::storage::root(StateVersion::V1);
		let result = call
			.dispatch(RuntimeOrigin::signed(self.parties[who].who.clone()))
			.map(|_| ())
			.map_err(|error| error.error);
		if allowed {
			assert_eq!(result, Ok(()), "{name} by {who} is allowed");
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
		allowed
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
				| Call::quote { seq, .. }
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
		// Not for long, or no deadline would ever fall.
		if self.model.suspended && self.dice.roll(2) == 0 {
			self.suspend(false);
		}
		// Now and then a block has no room for the agenda, and what is due waits.
		let room = self.dice.roll(5) > 0;
		AgendaWeight::set(if room { ROOM } else { Weight::zero() });
		block_after(gap);
		self.model.block(gap, room);
		for _ in 0..self.dice.roll(14) {
			self.step();
		}
		Ecommerce::do_try_state().unwrap();
		Certificates::do_try_state().unwrap();
		assert_eq!(self.model.everything(), self.model.issued, "of the model itself");
		self.compare_states();
	}

	fn compare_states(&self) {
		assert_eq!(Ecommerce::market_now(), self.model.clock);
		assert_eq!(Ecommerce::market().standstill, self.model.standstill);
		assert_eq!(Ecommerce::market().terms, terms_of(self.model.terms));
		for (name, order) in &self.model.orders {
			let ledger = Ecommerce::order_of(&self.order_id(*name)).expect("the order is there");
			assert_eq!(ledger.state, state_of(order.state), "{name:?}");
			assert_eq!(ledger.terms, terms_of(order.terms), "{name:?}");
			let due = (!order.is_over()).then_some(order.due);
			assert_eq!(ledger.due, due, "{name:?}");
		}
		for ((buyer, listing), version) in &self.model.quotes {
			let quote = Ecommerce::quote_of(&self.parties[*buyer].who, &self.listing_id(*listing));
			assert_eq!(quote.expect("the quote is there").version, *version);
		}
		let (mut orders, mut incoming, mut listings, mut quotes) = (0, 0, 0, 0);
		for (who, party) in self.parties.iter().enumerate() {
			orders += Ecommerce::orders_of_buyer(&party.who, None).len();
			incoming += Ecommerce::incoming(&party.who).len();
			listings += Ecommerce::listings(&party.who).len();
			quotes += Ecommerce::quotes(&party.who).len();
			assert_eq!(party.seq(), self.model.seq[who]);
			self.compare_certificate(who);
		}
		assert_eq!(orders, self.model.orders.len());
		assert_eq!(incoming, self.model.incoming.len());
		assert_eq!(listings, self.model.listings.len());
		assert_eq!(quotes, self.model.quotes.len());
	}

	/// What the registry says of an account.
	fn compare_certificate(&self, who: Who) {
		let account = self.parties[who].who.clone();
		let certificate = Certificates::certificate(account.clone()).expect("a certificate is never removed");
		let standing = match certificate.status {
			Status::Active => Standing::Active,
			Status::Revoked => Standing::Revoked,
			Status::Blacklisted(_) => Standing::Barred,
		};
		assert_eq!(standing, self.model.standing[who], "account {who}");
		assert_eq!(
			certificate.valid_until, self.model.valid_until[who],
			"account {who}"
		);
		let active = pallet_certificates::Pallet::<Test>::ensure_active(&account).is_ok();
		assert_eq!(active, self.model.active(who), "account {who}");
		let key = self.model.view_key[who];
		let record = certificate.view_key.expect("everybody has one");
		assert_eq!(*record.key.as_bytes(), [key.byte; 32], "account {who}");
		assert_eq!(record.index, key.index, "account {who}");
		assert_eq!(Certificates::request_counter(account.clone()), key.counter);
		assert_eq!(
			Certificates::quota_left(account) > 0,
			self.model.has_quota(who),
			"account {who}"
		);
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
		for (name, listing) in &self.model.listings {
			let ledger = Ecommerce::listing_of(&self.listing_id(*name)).expect("the listing is there");
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

/// The blocks of a sequence.
const BLOCKS: usize = 40;

/// How often each call succeeded, and how many were refused.
type Tally = (BTreeMap<&'static str, u32>, u32);

/// One sequence has failed.
static FAILED: AtomicBool = AtomicBool::new(false);

/// Says how a sequence is repeated, should it fail.
struct Repeat(u64);

impl Drop for Repeat {
	fn drop(&mut self) {
		if thread::panicking() {
			FAILED.store(true, Ordering::Relaxed);
			eprintln!(
				"This sequence again: VEILMART_SEED={} cargo test --workspace --locked whatever_is_called_this_time",
				self.0
			);
		}
	}
}

/// Runs a sequence. With proofs that are believed, so that many fit into a test's time: all other rules are under fire.
fn sequence(seed: u64, by: By, blocks: usize) -> Tally {
	let mut tally = Tally::default();
	execute(|| {
		let _repeat = Repeat(seed);
		VerifyBy::set(by);
		let mut world = World::new(seed);
		for block in 0..blocks {
			world.block();
			if block % 20 == 19 {
				world.compare_values();
			}
		}
		world.compare_values();
		tally = (world.done, world.refused);
	});
	tally
}

/// A number from the environment.
fn given(name: &str) -> Option<u64> {
	let text = std::env::var(name).ok()?;
	Some(
		text.parse()
			.unwrap_or_else(|_| panic!("{name} is a number, not `{text}`")),
	)
}

/// The sequences that the environment names, or so many new ones.
fn chosen(new: u64) -> (u64, u64) {
	let seed = given("VEILMART_SEED");
	let count = given("VEILMART_SEQUENCES").unwrap_or(if seed.is_some() { 1 } else { new });
	let first = seed.unwrap_or_else(|| OsRng.next_u64() >> 16);
	println!("{count} sequences from VEILMART_SEED={first} on");
	(first, count)
}

/// The same ones each time.
#[test]
fn the_ledger_follows_the_plain_rules_whatever_is_called() {
	let mut total: BTreeMap<&'static str, u32> = BTreeMap::new();
	let mut refusals = 0;
	for seed in 1..=12 {
		let (done, refused) = sequence(seed, By::Credulous, BLOCKS);
		refusals += refused;
		for (name, count) in done {
			*total.entry(name).or_default() += count;
		}
	}
	println!("{total:?}, refused {refusals}");
	// A test that never gets anywhere shows nothing.
	for name in [
		"issue",
		"transfer",
		"refuse",
		"reclaim",
		"collect",
		"redeem",
		"settle",
		"list",
		"quote",
		"reprice",
		"restock",
		"delist",
		"order",
		"accept",
		"cancel",
		"decline",
		"ship",
		"confirm",
		"poke",
		"dispute",
		"resolve",
		"refresh",
		"refresh of a stock",
		"set_view_key",
		"set_terms",
		"batch",
	] {
		assert!(
			total.get(name).is_some_and(|count| *count >= 2),
			"{name} hardly ever succeeded"
		);
	}
	assert!(total.values().sum::<u32>() > 700);
	assert!(refusals > 250);
}

/// Other ones each time, or those that the environment names.
#[test]
fn the_ledger_follows_the_plain_rules_whatever_is_called_this_time() {
	let (first, count) = chosen(4);
	for number in 0..count {
		let tally = sequence(first.wrapping_add(number), By::Credulous, BLOCKS);
		println!("{tally:?}");
	}
}

/// Thousands, on all processors.
#[test]
#[ignore = "an hour of one processor for each two thousand or so"]
fn the_ledger_follows_the_plain_rules_in_thousands_of_sequences() {
	let (first, count) = chosen(2_000);
	let next = AtomicU64::new(0);
	let processors = thread::available_parallelism().map_or(1, usize::from);
	thread::scope(|scope| {
		for _ in 0..processors {
			scope.spawn(|| {
				while !FAILED.load(Ordering::Relaxed) {
					let number = next.fetch_add(1, Ordering::Relaxed);
					if number >= count {
						break;
					}
					sequence(first.wrapping_add(number), By::Credulous, BLOCKS);
				}
			});
		}
	});
}

/// The same with proofs that are made and verified.
#[test]
fn the_ledger_follows_the_plain_rules_with_real_proofs() {
	let (done, refused) = sequence(99, By::Native, 30);
	println!("{done:?}, refused {refused}");
	assert!(done.len() > 10 && refused > 10);
}

/// The error of a forged proof is that of the proof, in the midst of everything else.
#[test]
fn a_forged_proof_is_what_is_refused() {
	execute(|| {
		let mut world = World::new(7);
		for _ in 0..20 {
			world.block();
		}
		let (mut call, _) = world.parties[1].list(1, 1);
		if let Call::list { proof, .. } = &mut call {
			*proof.last_mut().unwrap() ^= 1;
		}
		if world.model.active(1) && world.model.has_quota(1) {
			assert_eq!(
				world.parties[1].dispatch(call),
				Err(Error::<Test>::ProofRange.into())
			);
		}
	});
}

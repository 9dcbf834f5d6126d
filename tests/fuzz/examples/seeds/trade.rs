//! Calls of the marketplace with real proofs, made against a chain as it is when they are sent.

use std::collections::BTreeMap;

use codec::Encode;
use pallet_certificates::OrderId;
use pallet_ecommerce::{
	Call, Ciphertext, CreditId, CreditKind, DeclineReason, ListingId, Proof, RedemptionId, RefreshTarget,
	Salt, SealedNote, Verdict,
};
use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use sp_core::Pair;
use veilmart_confidential::{
	statements::{self, AcceptParts, ListingName, OrderName, OrderParts},
	Context, Prover, Statement, Witness, PARAMETER_SET,
};
use veilmart_fuzz_targets::{
	dispatch::{self, Chain, Outcome, SIGNERS},
	GENESIS,
};
use veilmart_paillier::{test_keys, Encryptor, FreshNonce, Opening, PublicKey};
use veilmart_runtime::{AccountId, Runtime, RuntimeCall};

use crate::{broken, rng, Corpora};

pub const ALICE: u8 = 0;
pub const BOB: u8 = 1;
pub const CHARLIE: u8 = 2;
pub const ISSUER: u8 = 3;
pub const ARBITER: u8 = 4;
pub const CA: u8 = 6;
pub const EVE: u8 = 7;

/// What the notes are: nobody opens them.
const NOTE: SealedNote = SealedNote([3; 368]);

/// The account of a signer.
pub fn account(signer: u8) -> AccountId {
	let pair = sp_core::sr25519::Pair::from_string(SIGNERS[usize::from(signer)], None);
	pair.expect("a development key").public().into()
}

/// A listing as its seller knows it.
#[derive(Clone)]
struct Listed {
	id: ListingId<AccountId>,
	version: u32,
	price: Opening,
	stock: Opening,
}

/// An order as its parties know it.
struct Placed {
	id: OrderId<AccountId>,
	quantity: Opening,
	total: Opening,
}

/// A chain, what its accounts know, and what was sent.
pub struct Market {
	chain: Chain,
	rng: ChaCha20Rng,
	prover: Prover,
	balances: BTreeMap<u8, Opening>,
	issued: Opening,
	credits: BTreeMap<(u8, u64), Opening>,
	steps: Vec<Vec<u8>>,
	proved: Vec<(&'static str, Statement, Proof)>,
}

impl Market {
	pub fn new(label: &str) -> Self {
		let key = PublicKey::from_modulus(test_keys::modulus(PARAMETER_SET)).expect("the key of the presets");
		Self {
			chain: Chain::default(),
			rng: rng(label),
			prover: Prover::new(Encryptor::new(key)),
			balances: BTreeMap::new(),
			issued: Opening::ZERO,
			credits: BTreeMap::new(),
			steps: Vec::new(),
			proved: Vec::new(),
		}
	}

	/// Everything that was sent, as an input.
	pub fn input(&self) -> Vec<u8> {
		assert!(self.steps.len() <= dispatch::MAX_STEPS);
		self.steps.concat()
	}

	/// The chain.
	pub fn chain(&mut self) -> &mut Chain {
		&mut self.chain
	}

	/// Sends a call, which has to succeed.
	pub fn send(&mut self, signer: u8, call: impl Into<RuntimeCall>) {
		let call = call.into();
		self.steps.push(dispatch::call_step(signer, &call));
		let shown = format!("{call:?}");
		let outcome = self.chain.send(signer, call);
		assert_eq!(outcome, Outcome::Done, "{}", &shown[..shown.len().min(80)]);
	}

	/// Ends the block, and lets so many empty ones go by.
	pub fn blocks(&mut self, empty: u8) {
		self.steps.push(dispatch::blocks_step(empty));
		(0..=empty).for_each(|_| self.chain.end_block());
	}

	fn seq(&mut self, who: u8) -> u64 {
		self.chain
			.with(|| pallet_ecommerce::Sequence::<Runtime>::get(account(who)))
	}

	fn terms(&mut self) -> statements::Terms {
		self.chain
			.with(pallet_ecommerce::CurrentTerms::<Runtime>::get)
			.into()
	}

	fn fresh(&mut self, value: u64) -> Opening {
		let nonce = FreshNonce::random(PARAMETER_SET, &mut self.rng).nonce().clone();
		Opening { value, nonce }
	}

	fn encrypt(&self, opening: &Opening) -> Ciphertext {
		let encryptor = self.prover.encryptor();
		let residue = encryptor.encrypt_opening(opening).expect("the nonce is in range");
		Ciphertext::from_slice(&encryptor.key().encode(&residue)).expect("the length is fixed")
	}

	fn context(&mut self, who: u8) -> (Context, u64, Salt) {
		let mut salt = [0; 16];
		self.rng.fill_bytes(&mut salt);
		let seq = self.seq(who);
		let context = Context {
			genesis: GENESIS,
			account: account(who).into(),
			seq,
			salt,
		};
		(context, seq, Salt(salt))
	}

	fn prove(
		&mut self,
		call: &'static str,
		statement: Statement,
		values: &[u64],
		openings: &[&Opening],
	) -> Proof {
		let witness = Witness {
			values: values.to_vec(),
			nonces: openings.iter().map(|opening| opening.nonce.clone()).collect(),
		};
		let proof = self.prover.prove(&statement, &witness, &mut self.rng);
		let proof = Proof::try_from(proof.expect("a true statement")).expect("no proof is longer");
		self.proved.push((call, statement, proof.clone()));
		proof
	}

	fn balance(&self, who: u8) -> Opening {
		self.balances.get(&who).cloned().unwrap_or(Opening::ZERO)
	}

	fn issue(&mut self, to: u8, amount: u64) -> CreditId<AccountId> {
		let (context, seq, salt) = self.context(ISSUER);
		let credit = self.fresh(amount);
		let after = self.issued.add(&credit).expect("small amounts");
		let [a, i] = [&credit, &after].map(|opening| self.encrypt(opening));
		let quota = self
			.chain
			.with(|| pallet_ecommerce::IssuerQuota::<Runtime>::get(account(ISSUER)));
		let (to_bytes, note) = (account(to).into(), NOTE.hash());
		let (a_ref, i_ref) = (a.as_ref(), i.as_ref());
		let statement = statements::issue(PARAMETER_SET, &context, to_bytes, quota, a_ref, i_ref, note, note);
		let proof = self.prove("issue", statement, &[amount, after.value], &[&credit, &after]);
		let call = Call::issue {
			seq,
			salt,
			to: account(to),
			amount: a.into(),
			issued_after: i.into(),
			own_note: NOTE.into(),
			note: NOTE.into(),
			proof,
		};
		self.send(ISSUER, call);
		self.issued = after;
		self.credits.insert((ISSUER, seq), credit);
		CreditId {
			creator: account(ISSUER),
			seq,
			kind: CreditKind::Issued,
		}
	}

	fn collect(&mut self, who: u8, credits: &[(CreditId<AccountId>, Opening)]) {
		let seq = self.seq(who);
		let ids: Vec<_> = credits.iter().map(|(id, _)| id.clone()).collect();
		let call = Call::collect {
			seq,
			credits: ids.try_into().expect("at most 16"),
			own_note: NOTE.into(),
		};
		self.send(who, call);
		let sum = credits.iter().fold(self.balance(who), |sum, (_, credit)| {
			sum.add(credit).expect("small amounts")
		});
		self.balances.insert(who, sum);
	}

	/// Issues, and has it collected.
	fn endow(&mut self, who: u8, amount: u64) {
		let id = self.issue(who, amount);
		let opening = self.credits[&(ISSUER, id.seq)].clone();
		self.collect(who, &[(id, opening)]);
	}

	fn pay(&mut self, from: u8, to: u8, amount: u64, redeem: bool) -> (u64, Opening) {
		let (context, seq, salt) = self.context(from);
		let amount = self.fresh(amount);
		let after = self.balance(from).sub(&amount).expect("enough money");
		let [a, b] = [&amount, &after].map(|opening| self.encrypt(opening));
		let statement = if redeem {
			statements::redeem
		} else {
			statements::transfer
		};
		let (to_bytes, note) = (account(to).into(), NOTE.hash());
		let statement = statement(
			PARAMETER_SET,
			&context,
			to_bytes,
			a.as_ref(),
			b.as_ref(),
			note,
			note,
		);
		let proof = self.prove(
			if redeem { "redeem" } else { "transfer" },
			statement,
			&[amount.value, after.value],
			&[&amount, &after],
		);
		let (a, b, own_note, note) = (a.into(), b.into(), NOTE.into(), NOTE.into());
		let call = if redeem {
			Call::redeem {
				seq,
				salt,
				issuer: account(to),
				amount: a,
				balance_after: b,
				own_note,
				note,
				proof,
			}
		} else {
			Call::transfer {
				seq,
				salt,
				to: account(to),
				amount: a,
				balance_after: b,
				own_note,
				note,
				proof,
			}
		};
		self.send(from, call);
		self.balances.insert(from, after);
		(seq, amount)
	}

	fn listing_call(&mut self, who: u8, price: u64, stock: u64) -> (Call<Runtime>, Listed) {
		let (context, seq, salt) = self.context(who);
		let [price, stock, commodity] = [price, stock, 85_123].map(|value| self.fresh(value));
		let [p, r, c] = [&price, &stock, &commodity].map(|opening| self.encrypt(opening));
		let statement = statements::list(
			PARAMETER_SET,
			&context,
			p.as_ref(),
			r.as_ref(),
			c.as_ref(),
			NOTE.hash(),
		);
		let values = [price.value, stock.value, commodity.value];
		let call = Call::list {
			seq,
			salt,
			price: p.into(),
			stock: r.into(),
			commodity: c.into(),
			own_note: NOTE.into(),
			proof: self.prove("list", statement, &values, &[&price, &stock, &commodity]),
		};
		let listed = Listed {
			id: ListingId {
				seller: account(who),
				seq,
			},
			version: 0,
			price,
			stock,
		};
		(call, listed)
	}

	fn list(&mut self, who: u8, price: u64, stock: u64) -> Listed {
		let (call, listed) = self.listing_call(who, price, stock);
		self.send(who, call);
		listed
	}

	fn name(listed: &Listed) -> ListingName {
		ListingName {
			seller: listed.id.seller.clone().into(),
			seq: listed.id.seq,
		}
	}

	fn order(&mut self, who: u8, listed: &Listed, pieces: u64) -> Placed {
		let (context, seq, salt) = self.context(who);
		let [quantity, rho] = [pieces, 0].map(|value| self.fresh(value));
		let total = listed.price.scale(pieces).and_then(|total| total.add(&rho));
		let total = total.expect("small amounts");
		let after = self.balance(who).sub(&total).expect("enough money");
		let [p, x, s, b] = [&listed.price, &quantity, &total, &after].map(|opening| self.encrypt(opening));
		let statement = statements::order(
			PARAMETER_SET,
			&context,
			&OrderParts {
				listing: Self::name(listed),
				version: listed.version,
				terms: self.terms(),
				price: p.as_ref(),
				quantity: x.as_ref(),
				total: s.as_ref(),
				balance_after: b.as_ref(),
				own_note: NOTE.hash(),
				note: NOTE.hash(),
				quote: NOTE.hash(),
			},
		);
		let call = Call::order {
			seq,
			salt,
			listing: listed.id.clone(),
			version: listed.version,
			quantity: x.into(),
			total: s.into(),
			balance_after: b.into(),
			own_note: NOTE.into(),
			note: NOTE.into(),
			quote: NOTE.into(),
			proof: self.prove(
				"order",
				statement,
				&[pieces, after.value],
				&[&quantity, &rho, &after],
			),
		};
		self.send(who, call);
		self.balances.insert(who, after);
		let id = OrderId {
			buyer: account(who),
			seq,
		};
		Placed { id, quantity, total }
	}

	fn order_name(placed: &Placed) -> OrderName {
		OrderName {
			buyer: placed.id.buyer.clone().into(),
			seq: placed.id.seq,
		}
	}

	fn accept(&mut self, who: u8, listed: &mut Listed, placed: &Placed) {
		let (context, seq, salt) = self.context(who);
		let terms = self.terms();
		let stock = listed.stock.sub(&placed.quantity).expect("enough stock");
		let bond = placed
			.total
			.scale(terms.bond_multiple.into())
			.expect("small amounts");
		let balance = self.balance(who).sub(&bond).expect("enough for the bond");
		let [x, s, r, k] =
			[&placed.quantity, &placed.total, &stock, &balance].map(|opening| self.encrypt(opening));
		let statement = statements::accept(
			PARAMETER_SET,
			&context,
			&AcceptParts {
				order: Self::order_name(placed),
				listing: Self::name(listed),
				terms,
				quantity: x.as_ref(),
				total: s.as_ref(),
				stock_after: r.as_ref(),
				balance_after: k.as_ref(),
				own_note: NOTE.hash(),
				stock_note: NOTE.hash(),
			},
		);
		let call = Call::accept {
			seq,
			salt,
			order: placed.id.clone(),
			stock_after: r.into(),
			balance_after: k.into(),
			own_note: NOTE.into(),
			stock_note: NOTE.into(),
			proof: self.prove(
				"accept",
				statement,
				&[stock.value, balance.value],
				&[&stock, &balance],
			),
		};
		self.send(who, call);
		listed.stock = stock;
		self.balances.insert(who, balance);
	}

	fn ship(&mut self, who: u8, placed: &Placed) {
		let (seq, order) = (self.seq(who), placed.id.clone());
		self.send(who, Call::ship { seq, order });
	}

	fn confirm(&mut self, who: u8, placed: &Placed) {
		let (seq, order) = (self.seq(who), placed.id.seq);
		self.send(who, Call::confirm { seq, order });
	}

	fn dispute(&mut self, who: u8, placed: &Placed) {
		let (context, seq, salt) = self.context(who);
		let after = self.balance(who).sub(&placed.total).expect("enough money");
		let [s, b] = [&placed.total, &after].map(|opening| self.encrypt(opening));
		let order = Self::order_name(placed);
		let statement = statements::dispute(
			PARAMETER_SET,
			&context,
			order,
			s.as_ref(),
			b.as_ref(),
			NOTE.hash(),
		);
		let call = Call::dispute {
			seq,
			salt,
			order: placed.id.seq,
			balance_after: b.into(),
			own_note: NOTE.into(),
			proof: self.prove("dispute", statement, &[after.value], &[&after]),
		};
		self.send(who, call);
		self.balances.insert(who, after);
	}

	fn refresh(&mut self, who: u8, target: RefreshTarget<AccountId>, old: &Opening) -> Opening {
		let (context, seq, salt) = self.context(who);
		let new = self.fresh(old.value);
		let encryptor = self.prover.encryptor();
		let key = encryptor.key();
		let root = encryptor
			.root(&new.nonce.sub(&old.nonce))
			.expect("the nonce is in range");
		let residue = key.encode(&key.power_of_root(&root));
		let residue = Ciphertext::from_slice(&residue).expect("the length is fixed");
		let after = self.encrypt(&new);
		let what = match &target {
			RefreshTarget::Balance => statements::RefreshTarget::Balance,
			RefreshTarget::Credit(id) => statements::RefreshTarget::Credit {
				creator: id.creator.clone().into(),
				seq: id.seq,
				kind: id.kind.number(),
			},
			RefreshTarget::Stock(seq) => statements::RefreshTarget::Stock(ListingName {
				seller: account(who).into(),
				seq: *seq,
			}),
		};
		let (after_ref, residue_ref) = (after.as_ref(), residue.as_ref());
		let statement =
			statements::refresh(PARAMETER_SET, &context, what, after_ref, residue_ref, NOTE.hash());
		let proof = self.prover.prove_refresh(&statement, &root, &mut self.rng);
		let proof = Proof::try_from(proof.expect("a true statement")).expect("no proof is longer");
		self.proved.push(("refresh", statement, proof.clone()));
		let call = Call::refresh {
			seq,
			salt,
			target,
			after: after.into(),
			residue: residue.into(),
			own_note: NOTE.into(),
			proof,
		};
		self.send(who, call);
		new
	}

	fn reprice(&mut self, who: u8, listed: &mut Listed, price: u64) {
		let (context, seq, salt) = self.context(who);
		let (price, version) = (self.fresh(price), listed.version + 1);
		let p = self.encrypt(&price);
		let name = Self::name(listed);
		let statement = statements::reprice(PARAMETER_SET, &context, name, version, p.as_ref(), NOTE.hash());
		let call = Call::reprice {
			seq,
			salt,
			listing: listed.id.seq,
			version,
			price: p.into(),
			own_note: NOTE.into(),
			proof: self.prove("reprice", statement, &[price.value], &[&price]),
		};
		self.send(who, call);
		(listed.price, listed.version) = (price, version);
	}

	fn restock(&mut self, who: u8, listed: &mut Listed, pieces: u64) {
		let (context, seq, salt) = self.context(who);
		let delivery = self.fresh(pieces);
		let d = self.encrypt(&delivery);
		let (name, version) = (Self::name(listed), listed.version);
		let statement = statements::restock(PARAMETER_SET, &context, name, version, d.as_ref(), NOTE.hash());
		let call = Call::restock {
			seq,
			salt,
			listing: listed.id.seq,
			version,
			delivery: d.into(),
			own_note: NOTE.into(),
			proof: self.prove("restock", statement, &[delivery.value], &[&delivery]),
		};
		self.send(who, call);
		listed.stock = listed.stock.add(&delivery).expect("small numbers");
	}

	/// A market on which `//Bob` has accepted an order of `//Alice`.
	fn accepted(label: &str) -> (Self, Listed, Placed) {
		let mut market = Self::new(label);
		market.endow(ALICE, 2_000);
		market.endow(BOB, 10_000);
		let mut listed = market.list(BOB, 255, 10);
		let placed = market.order(ALICE, &listed, 2);
		market.accept(BOB, &mut listed, &placed);
		(market, listed, placed)
	}
}

fn credit_of(placed: &Placed, kind: CreditKind) -> CreditId<AccountId> {
	CreditId {
		creator: placed.id.buyer.clone(),
		seq: placed.id.seq,
		kind,
	}
}

fn money() -> Market {
	let mut market = Market::new("money");
	market.endow(ALICE, 500);
	let (seq, amount) = market.pay(ALICE, BOB, 200, false);
	let credit = CreditId {
		creator: account(ALICE),
		seq,
		kind: CreditKind::Transfer,
	};
	market.collect(BOB, &[(credit, amount)]);
	let (seq, amount) = market.pay(BOB, ALICE, 50, false);
	let credit = |kind| CreditId {
		creator: account(BOB),
		seq,
		kind,
	};
	let refuse = Call::refuse {
		seq: market.seq(ALICE),
		credit: credit(CreditKind::Transfer),
	};
	market.send(ALICE, refuse);
	market.collect(BOB, &[(credit(CreditKind::Returned), amount)]);
	let (seq, _) = market.pay(ALICE, ISSUER, 100, true);
	let settle = Call::settle {
		seq: market.seq(ISSUER),
		redemption: RedemptionId {
			holder: account(ALICE),
			seq,
		},
	};
	market.send(ISSUER, settle);
	let balance = market.balance(ALICE);
	market.refresh(ALICE, RefreshTarget::Balance, &balance);
	let id = market.issue(CHARLIE, 7);
	let opening = market.credits[&(ISSUER, id.seq)].clone();
	let fresh = market.refresh(CHARLIE, RefreshTarget::Credit(id.clone()), &opening);
	market.collect(CHARLIE, &[(id, fresh)]);
	market
}

fn purchase() -> Market {
	let (mut market, _, placed) = Market::accepted("purchase");
	market.ship(BOB, &placed);
	market.confirm(ALICE, &placed);
	let bond = placed.total.scale(10).expect("small amounts");
	let proceeds = credit_of(&placed, CreditKind::Proceeds);
	market.collect(
		BOB,
		&[
			(proceeds, placed.total.clone()),
			(credit_of(&placed, CreditKind::Bond), bond),
		],
	);
	market
}

fn dispute() -> Market {
	let (mut market, _, placed) = Market::accepted("dispute");
	market.ship(BOB, &placed);
	market.dispute(ALICE, &placed);
	let resolve = Call::resolve {
		seq: market.seq(ARBITER),
		order: placed.id.clone(),
		verdict: Verdict::Penalised,
	};
	market.send(ARBITER, resolve);
	let credits = [CreditKind::Refund, CreditKind::Deposit]
		.map(|kind| (credit_of(&placed, kind), placed.total.clone()));
	market.collect(ALICE, &credits);
	market
}

/// The seller does not ship: the agenda penalises it.
fn late() -> Market {
	let (mut market, _, placed) = Market::accepted("late");
	// One more than the deadline needs: it falls in a block that ends a session, which has no room for transactions.
	market.blocks(28);
	market.collect(
		ALICE,
		&[(credit_of(&placed, CreditKind::Refund), placed.total.clone())],
	);
	market
}

fn listing() -> Market {
	let mut market = Market::new("listing");
	let mut listed = market.list(BOB, 255, 10);
	market.reprice(BOB, &mut listed, 199);
	market.restock(BOB, &mut listed, 5);
	let stock = listed.stock.clone();
	market.refresh(BOB, RefreshTarget::Stock(listed.id.seq), &stock);
	let quote = Call::quote {
		seq: market.seq(BOB),
		listing: listed.id.seq,
		buyer: account(ALICE),
		note: NOTE.into(),
	};
	market.send(BOB, quote);
	let delist = Call::delist {
		seq: market.seq(BOB),
		listing: listed.id.seq,
	};
	market.send(BOB, delist);
	market
}

fn taken_back() -> Market {
	let mut market = Market::new("taken back");
	market.endow(ALICE, 2_000);
	let listed = market.list(BOB, 100, 10);
	let first = market.order(ALICE, &listed, 1);
	let cancel = Call::cancel {
		seq: market.seq(ALICE),
		order: first.id.seq,
	};
	market.send(ALICE, cancel);
	let second = market.order(ALICE, &listed, 3);
	let decline = Call::decline {
		seq: market.seq(BOB),
		order: second.id.clone(),
		reason: DeclineReason::OutOfStock,
	};
	market.send(BOB, decline);
	let third = market.order(ALICE, &listed, 2);
	// Nobody accepts it in time.
	market.blocks(7);
	let credits =
		[first, second, third].map(|placed| (credit_of(&placed, CreditKind::Refund), placed.total.clone()));
	market.collect(ALICE, &credits);
	market
}

/// The corpora of calls, statements and proofs.
pub fn add(corpora: &mut Corpora) {
	let markets = [
		("money", money()),
		("purchase", purchase()),
		("dispute", dispute()),
		("late", late()),
		("listing", listing()),
		("taken-back", taken_back()),
	];
	let mut proved = BTreeMap::new();
	for (name, market) in markets {
		corpora.add("dispatch", name, market.input());
		for (call, statement, proof) in market.proved {
			proved.entry(call).or_insert((statement, proof));
		}
	}
	for (name, (statement, proof)) in &proved {
		let whole = [statement.encode(), proof.to_vec()].concat();
		if matches!(*name, "order" | "refresh" | "dispute") {
			corpora.add("statement", name, statement.encode());
		}
		if matches!(*name, "list" | "order" | "accept" | "refresh") {
			corpora.add("proof", name, &whole);
		}
		if *name == "refresh" {
			corpora.add("proof", "broken-refresh", broken(&whole, 0));
			corpora.add("statement", "broken-set", broken(&statement.encode()[..40], 39));
		}
	}
	let mut market = Market::new("broken");
	let (call, _) = market.listing_call(BOB, 1, 1);
	let good = dispatch::call_step(BOB, &call.into());
	corpora.add("dispatch", "broken-proof", broken(&good, 0));
	corpora.add("dispatch", "broken-signer", [&[CHARLIE], &good[1..]].concat());
}

/// A market about which a node has something to answer: a credit, a listing, a quote, an order.
pub fn answering() -> Market {
	let mut market = Market::new("answers");
	market.endow(ALICE, 100);
	let listed = market.list(BOB, 10, 10);
	market.order(ALICE, &listed, 2);
	market.issue(ALICE, 3);
	let quote = Call::quote {
		seq: market.seq(BOB),
		listing: listed.id.seq,
		buyer: account(ALICE),
		note: NOTE.into(),
	};
	market.send(BOB, quote);
	market
}

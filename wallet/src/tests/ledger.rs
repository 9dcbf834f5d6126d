//! A ledger small enough to read: the exact identities and the proofs of the marketplace, nothing else.

mod exceptions;

pub use exceptions::Ending;

use crate::{
	market::{AcceptCall, CollectCall, IssueCall, ListCall, OrderCall, QuoteCall},
	notes::note_hash,
	state::{
		AccountBytes, Ciphertext, Credit, CreditKind, CreditName, Listing, ListingName, Order, OrderName,
		Owned, Quote, Salt, Terms,
	},
};
use std::collections::BTreeMap;
use veilmart_confidential::{
	statements::{self, AcceptParts, OrderParts},
	Context, Statement, Verifier,
};
use veilmart_paillier::{ProductGroup, PublicKey, SecretKey};

pub type Verdict = Result<(), String>;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Stage {
	Placed,
	Accepted,
	Disputed,
	Done,
}

#[derive(Default)]
pub struct Account {
	pub seq: u64,
	pub balance: Owned,
	pub issued: Owned,
	pub quota: u64,
	pub incoming: Vec<Credit>,
}

pub struct Ledger {
	secret: SecretKey,
	verifier: Verifier,
	group: ProductGroup,
	pub genesis: [u8; 32],
	pub terms: Terms,
	pub accounts: BTreeMap<AccountBytes, Account>,
	pub listings: BTreeMap<(AccountBytes, u64), Listing>,
	pub quotes: BTreeMap<(AccountBytes, AccountBytes, u64), Quote>,
	pub orders: BTreeMap<(AccountBytes, u64), (Order, Stage)>,
	/// The senders' notes to themselves, beside what waits to be collected.
	sender_notes: BTreeMap<CreditName, [u8; 368]>,
	redeemed: Ciphertext,
	zeroed: Ciphertext,
}

fn ensure(condition: bool, otherwise: &str) -> Verdict {
	condition.then_some(()).ok_or_else(|| otherwise.to_string())
}

impl Ledger {
	pub fn new() -> Self {
		let secret = super::secret();
		Self {
			verifier: Verifier::new(secret.public().clone()),
			group: ProductGroup::new(&secret.public().modulus_bytes()),
			secret,
			genesis: [0xC0; 32],
			terms: Terms {
				accept_period: 1,
				ship_period: 2,
				grace_period: 3,
				confirm_period: 4,
				resolve_period: 5,
				bond_multiple: 10,
				penalty_share: 0,
			},
			accounts: BTreeMap::new(),
			listings: BTreeMap::new(),
			quotes: BTreeMap::new(),
			orders: BTreeMap::new(),
			sender_notes: BTreeMap::new(),
			redeemed: Ciphertext::ONE,
			zeroed: Ciphertext::ONE,
		}
	}

	pub fn key(&self) -> &PublicKey {
		self.secret.public()
	}

	pub fn decrypt(&self, ciphertext: &Ciphertext) -> u64 {
		self.secret
			.decrypt_amount(ciphertext.as_ref())
			.expect("acceptable")
			.expect("64 bits")
	}

	pub fn product<'a>(&self, factors: impl IntoIterator<Item = (&'a Ciphertext, u32)>) -> Ciphertext {
		let factors = factors
			.into_iter()
			.map(|(ciphertext, exponent)| (ciphertext.as_ref(), exponent));
		Ciphertext::from_slice(&self.group.product(factors).expect("stored ciphertexts"))
			.expect("fixed length")
	}

	pub fn account(&mut self, who: &AccountBytes) -> &mut Account {
		self.accounts.entry(*who).or_default()
	}

	pub fn seq(&self, who: &AccountBytes) -> u64 {
		self.accounts.get(who).map_or(0, |account| account.seq)
	}

	fn context(&self, who: &AccountBytes, seq: u64, salt: Salt) -> Context {
		Context {
			genesis: self.genesis,
			account: *who,
			seq,
			salt,
		}
	}

	fn begin(&mut self, who: &AccountBytes, seq: u64) -> Verdict {
		ensure(self.seq(who) == seq, "sequence")
	}

	fn prove(&self, statement: &Statement, proof: &[u8]) -> Verdict {
		self.verifier
			.verify(statement, proof)
			.map_err(|error| error.to_string())
	}

	fn credit(&mut self, to: &AccountBytes, name: CreditName, amount: Ciphertext, note: Option<[u8; 368]>) {
		self.account(to).incoming.push(Credit { name, amount, note });
	}

	pub fn issue(&mut self, who: &AccountBytes, call: &IssueCall) -> Verdict {
		self.begin(who, call.seq)?;
		let quota = self.account(who).quota;
		let issued = self.account(who).issued.ciphertext.clone();
		ensure(
			self.product([(&issued, 1), (&call.amount, 1)]) == call.issued_after,
			"Issued' = Issued·A",
		)?;
		let statement = statements::issue(
			self.key().set(),
			&self.context(who, call.seq, call.salt),
			call.to,
			quota,
			call.amount.as_ref(),
			call.issued_after.as_ref(),
			note_hash(&call.own_note),
			note_hash(&call.note),
		);
		self.prove(&statement, &call.proof)?;
		let account = self.account(who);
		account.seq += 1;
		account.issued = Owned {
			ciphertext: call.issued_after.clone(),
			note: Some(call.own_note),
		};
		let name = CreditName {
			creator: *who,
			seq: call.seq,
			kind: CreditKind::Issued,
		};
		self.credit(&call.to, name, call.amount.clone(), Some(call.note));
		self.sender_notes.insert(name, call.own_note);
		Ok(())
	}

	pub fn collect(&mut self, who: &AccountBytes, call: &CollectCall) -> Verdict {
		self.begin(who, call.seq)?;
		for name in &call.credits {
			let account = self.account(who);
			let at = account
				.incoming
				.iter()
				.position(|credit| credit.name == *name)
				.ok_or("credit")?;
			let credit = account.incoming.remove(at);
			let before = account.balance.ciphertext.clone();
			let after = self.product([(&before, 1), (&credit.amount, 1)]);
			self.account(who).balance.ciphertext = after;
		}
		let account = self.account(who);
		account.seq += 1;
		account.balance.note = Some(call.own_note);
		Ok(())
	}

	pub fn list(&mut self, who: &AccountBytes, call: &ListCall) -> Verdict {
		self.begin(who, call.seq)?;
		let statement = statements::list(
			self.key().set(),
			&self.context(who, call.seq, call.salt),
			call.price.as_ref(),
			call.stock.as_ref(),
			call.commodity.as_ref(),
			note_hash(&call.own_note),
		);
		self.prove(&statement, &call.proof)?;
		self.account(who).seq += 1;
		self.listings.insert(
			(*who, call.seq),
			Listing {
				name: ListingName {
					seller: *who,
					seq: call.seq,
				},
				version: 0,
				price: call.price.clone(),
				price_seq: call.seq,
				price_salt: call.salt,
				stock: call.stock.clone(),
				commodity: call.commodity.clone(),
				salt: call.salt,
				note: call.own_note,
			},
		);
		Ok(())
	}

	pub fn quote(&mut self, who: &AccountBytes, call: &QuoteCall) -> Verdict {
		self.begin(who, call.seq)?;
		let version = self.listings.get(&(*who, call.listing)).ok_or("listing")?.version;
		self.account(who).seq += 1;
		self.quotes.insert(
			(call.buyer, *who, call.listing),
			Quote {
				version,
				note: call.note,
			},
		);
		Ok(())
	}

	pub fn order(&mut self, who: &AccountBytes, call: &OrderCall) -> Verdict {
		self.begin(who, call.seq)?;
		let listing = self
			.listings
			.get(&(call.listing.seller, call.listing.seq))
			.ok_or("listing")?
			.clone();
		ensure(listing.version == call.version, "price version")?;
		let balance = self.account(who).balance.ciphertext.clone();
		ensure(
			self.product([(&call.balance_after, 1), (&call.total, 1)]) == balance,
			"B = B'·S",
		)?;
		let statement = statements::order(
			self.key().set(),
			&self.context(who, call.seq, call.salt),
			&OrderParts {
				listing: call.listing,
				version: call.version,
				terms: self.terms,
				price: listing.price.as_ref(),
				quantity: call.quantity.as_ref(),
				total: call.total.as_ref(),
				balance_after: call.balance_after.as_ref(),
				own_note: note_hash(&call.own_note),
				note: note_hash(&call.note),
				quote: note_hash(&call.quote),
			},
		);
		self.prove(&statement, &call.proof)?;
		let account = self.account(who);
		account.seq += 1;
		account.balance = Owned {
			ciphertext: call.balance_after.clone(),
			note: Some(call.own_note),
		};
		let order = Order {
			name: OrderName {
				buyer: *who,
				seq: call.seq,
			},
			listing: call.listing,
			price_seq: listing.price_seq,
			price_salt: listing.price_salt,
			quantity: call.quantity.clone(),
			total: call.total.clone(),
			terms: self.terms,
			salt: call.salt,
			note: call.note,
			own_note: call.own_note,
			quote: call.quote,
		};
		self.orders.insert((*who, call.seq), (order, Stage::Placed));
		Ok(())
	}

	pub fn accept(&mut self, who: &AccountBytes, call: &AcceptCall) -> Verdict {
		self.begin(who, call.seq)?;
		let id = (call.order.buyer, call.order.seq);
		let (order, stage) = self.orders.get(&id).ok_or("order")?.clone();
		ensure(stage == Stage::Placed && order.listing.seller == *who, "state")?;
		let at = (*who, order.listing.seq);
		let stock = self.listings.get(&at).ok_or("listing")?.stock.clone();
		ensure(
			self.product([(&call.stock_after, 1), (&order.quantity, 1)]) == stock,
			"R = R'·X",
		)?;
		let balance = self.account(who).balance.ciphertext.clone();
		ensure(
			self.product([(&call.balance_after, 1), (&order.total, 10)]) == balance,
			"K = K'·S^10",
		)?;
		let statement = statements::accept(
			self.key().set(),
			&self.context(who, call.seq, call.salt),
			&AcceptParts {
				order: order.name,
				listing: order.listing,
				terms: order.terms,
				quantity: order.quantity.as_ref(),
				total: order.total.as_ref(),
				stock_after: call.stock_after.as_ref(),
				balance_after: call.balance_after.as_ref(),
				own_note: note_hash(&call.own_note),
				stock_note: note_hash(&call.stock_note),
			},
		);
		self.prove(&statement, &call.proof)?;
		let account = self.account(who);
		account.seq += 1;
		account.balance = Owned {
			ciphertext: call.balance_after.clone(),
			note: Some(call.own_note),
		};
		let listing = self.listings.get_mut(&at).ok_or("listing")?;
		listing.stock = call.stock_after.clone();
		listing.note = call.stock_note;
		self.orders.insert(id, (order, Stage::Accepted));
		Ok(())
	}

	/// The buyer takes a placed order back.
	pub fn cancel(&mut self, who: &AccountBytes, seq: u64) {
		let (order, _) = self.orders[&(*who, seq)].clone();
		let name = CreditName {
			creator: *who,
			seq,
			kind: CreditKind::Refund,
		};
		self.credit(who, name, order.total.clone(), None);
		self.orders.insert((*who, seq), (order, Stage::Done));
		self.account(who).seq += 1;
	}

	/// Shipping and confirming in one.
	pub fn complete(&mut self, who: &AccountBytes, seq: u64) {
		let (order, _) = self.orders[&(*who, seq)].clone();
		let bond = self.product([(&order.total, order.terms.bond_multiple)]);
		let name = |kind| CreditName {
			creator: *who,
			seq,
			kind,
		};
		self.credit(
			&order.listing.seller,
			name(CreditKind::Proceeds),
			order.total.clone(),
			None,
		);
		self.credit(&order.listing.seller, name(CreditKind::Bond), bond, None);
		self.orders.insert((*who, seq), (order, Stage::Done));
		self.account(who).seq += 1;
	}

	/// All that was issued is somewhere or was burned: an identity of ciphertexts, without a key.
	pub fn assert_conserved(&self) {
		let mut held: Vec<(&Ciphertext, u32)> = Vec::new();
		for account in self.accounts.values() {
			held.push((&account.balance.ciphertext, 1));
			held.extend(account.incoming.iter().map(|credit| (&credit.amount, 1)));
		}
		for (order, stage) in self.orders.values() {
			match stage {
				Stage::Placed => held.push((&order.total, 1)),
				Stage::Accepted => held.push((&order.total, 1 + order.terms.bond_multiple)),
				Stage::Disputed => held.push((&order.total, 2 + order.terms.bond_multiple)),
				Stage::Done => (),
			}
		}
		held.push((&self.redeemed, 1));
		let issued = self
			.accounts
			.values()
			.map(|account| (&account.issued.ciphertext, 1))
			.chain([(&self.zeroed, 1)]);
		assert!(
			self.product(held) == self.product(issued),
			"money was created or destroyed"
		);
	}
}

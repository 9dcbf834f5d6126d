//! The calls: explicit state in, the body of a call out.
//!
//! Nothing here is sent, stored or remembered. Each function checks first, in the shopper's words, what the
//! proof would refuse later; then derives fresh nonces, seals the notes and proves. What the account owns
//! after the call comes back as [`Opened`], so that several calls can be prepared in a row without waiting
//! for blocks.
//!
//! `seq` is always the sequence number of the *marketplace* (`AccountState::seq` of the runtime API, plus the
//! calls that were prepared but not included yet), never the system's nonce. `rng` must be a cryptographic
//! random source; should it repeat itself nevertheless, nonces still differ for different plaintexts.
//!
//! Calls that hold nothing but names (`cancel`, `ship`, `refuse`, `settle`, `poke` and so on) need no wallet.

mod disputes;
mod offers;
mod payments;
mod refresh;

use crate::{
	derive::{self, Object},
	notes::{note_hash, CreditNote, Note, NoteCall, OrderNote, OwnNote, QuoteNote, SealedNote, Seed},
	opening::{Opened, OpenedListing, OpenedOrder, Quoted},
	state::{AccountBytes, Ciphertext, CreditName, ListingName, OrderName, Party, Proof, Salt, Terms},
	Wallet, WalletError,
};
use alloc::vec::Vec;
use rand_core::{CryptoRng, RngCore};
use veilmart_confidential::{
	statements::{self, AcceptParts, OrderParts},
	Call, Context, Role, Statement, Witness,
};
use veilmart_paillier::{Opening, ParameterSet};
use zeroize::Zeroizing;

pub use crate::calls::{
	AcceptCall, CollectCall, DisputeCall, IssueCall, ListCall, OrderCall, PaymentCall, QuoteCall,
	RefreshCall, RepriceCall, RestockCall,
};
pub use refresh::Known;

/// The most credits that one [`Wallet::collect`] takes.
pub const MAX_COLLECT: usize = 16;

impl Wallet {
	/// Issues `amount` minor units to `to`. `issued` is what this issuer has issued before, `quota` the limit
	/// for all of it.
	pub fn issue(
		&self,
		seq: u64,
		issued: &Opened,
		quota: u64,
		to: &Party,
		amount: u64,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<IssueCall, WalletError> {
		if amount == 0 {
			return Err(WalletError::ZeroAmount);
		}
		let left = quota.saturating_sub(issued.value());
		if amount > left {
			return Err(WalletError::QuotaExceeded { left, amount });
		}
		let after = issued.value().saturating_add(amount);
		let salt = self.salt(
			Call::Issue.name(),
			seq,
			&[amount, after],
			&[&issued.ciphertext],
			rng,
		);
		let fresh = self.fresh(Call::Issue, seq, &salt, Role::Amount, amount)?;
		let after = self.encrypt(
			issued
				.opening
				.add(&fresh.opened.opening)
				.ok_or(WalletError::TooMuch)?,
		)?;
		let own_note = self.own_note(
			NoteCall::Issue,
			seq,
			salt,
			[amount, after.value(), 0, 0],
			&after,
			rng,
		)?;
		let note = CreditNote {
			amount,
			amount_seed: fresh.seed,
		};
		let note = self.seal(Note::Credit(note), &to.view_key, rng)?;
		let statement = statements::issue(
			self.set(),
			&self.context(seq, salt),
			to.account,
			quota,
			fresh.opened.ciphertext.as_ref(),
			after.ciphertext.as_ref(),
			note_hash(&own_note),
			note_hash(&note),
		);
		let proof = self.prove(
			&statement,
			&[amount, after.value()],
			&[&fresh.opened, &after],
			rng,
		)?;
		Ok(IssueCall {
			seq,
			salt,
			to: to.account,
			amount: fresh.opened.ciphertext,
			issued_after: after.ciphertext.clone(),
			own_note,
			note,
			proof,
			issued: after,
		})
	}

	/// Takes up to [`MAX_COLLECT`] credits, each opened with [`Wallet::open_credit`], into the balance.
	pub fn collect(
		&self,
		seq: u64,
		balance: &Opened,
		credits: &[(CreditName, Opened)],
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<CollectCall, WalletError> {
		let names: Vec<CreditName> = credits.iter().map(|(name, _)| *name).collect();
		if names.is_empty() {
			return Err(WalletError::NothingToCollect);
		}
		if names.len() > MAX_COLLECT {
			return Err(WalletError::TooManyCredits);
		}
		if names
			.iter()
			.enumerate()
			.any(|(i, name)| names.iter().skip(i + 1).any(|other| other == name))
		{
			return Err(WalletError::DuplicateCredit);
		}
		let sum = credits
			.iter()
			.try_fold(balance.opening.clone(), |sum, (_, credit)| {
				sum.add(&credit.opening)
			})
			.ok_or(WalletError::TooMuch)?;
		let after = self.encrypt(sum)?;
		let mut inputs: Vec<&Ciphertext> = [&balance.ciphertext].into();
		inputs.extend(credits.iter().map(|(_, credit)| &credit.ciphertext));
		// Nothing is encrypted under this salt; it tells the note apart from every other.
		let salt = self.salt("collect", seq, &[after.value()], &inputs, rng);
		let own_note = self.own_note(
			NoteCall::Collect,
			seq,
			salt,
			[after.value(), 0, 0, 0],
			&after,
			rng,
		)?;
		Ok(CollectCall {
			seq,
			credits: names,
			own_note,
			balance: after,
		})
	}

	/// Offers `stock` pieces of the item with code `commodity` at `price` minor units each.
	pub fn list(
		&self,
		seq: u64,
		price: u64,
		stock: u64,
		commodity: u64,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<ListCall, WalletError> {
		if price == 0 {
			return Err(WalletError::ZeroPrice);
		}
		let values = [price, stock, commodity];
		let salt = self.salt(Call::List.name(), seq, &values, &[], rng);
		let p = self.fresh(Call::List, seq, &salt, Role::Price, price)?;
		let r = self.fresh(Call::List, seq, &salt, Role::Stock, stock)?;
		let c = self.fresh(Call::List, seq, &salt, Role::Commodity, commodity)?;
		let own_note = self.own_note(
			NoteCall::List,
			seq,
			salt,
			[price, stock, commodity, 0],
			&r.opened,
			rng,
		)?;
		let statement = statements::list(
			self.set(),
			&self.context(seq, salt),
			p.opened.ciphertext.as_ref(),
			r.opened.ciphertext.as_ref(),
			c.opened.ciphertext.as_ref(),
			note_hash(&own_note),
		);
		let proof = self.prove(&statement, &values, &[&p.opened, &r.opened, &c.opened], rng)?;
		Ok(ListCall {
			seq,
			salt,
			price: p.opened.ciphertext.clone(),
			stock: r.opened.ciphertext.clone(),
			commodity: c.opened.ciphertext.clone(),
			own_note,
			proof,
			listing: OpenedListing {
				name: ListingName {
					seller: self.account(),
					seq,
				},
				version: 0,
				price: p.opened,
				stock: r.opened,
				commodity: c.opened,
				price_seed: p.seed,
				commodity_seed: c.seed,
			},
		})
	}

	/// Tells a buyer price and item code of a listing: their values and the seeds of their nonces. Nothing
	/// about the stock.
	pub fn quote(
		&self,
		seq: u64,
		listing: &OpenedListing,
		buyer: &Party,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<QuoteCall, WalletError> {
		if listing.name.seller != self.account() {
			return Err(WalletError::NotYours);
		}
		if buyer.account == self.account() {
			return Err(WalletError::SelfDealing);
		}
		let note = QuoteNote {
			price: listing.price.value(),
			commodity: listing.commodity.value(),
			price_seed: listing.price_seed.clone(),
			commodity_seed: listing.commodity_seed.clone(),
		};
		let note = self.seal(Note::Quote(note), &buyer.view_key, rng)?;
		Ok(QuoteCall {
			seq,
			listing: listing.name.seq,
			buyer: buyer.account,
			note,
		})
	}

	/// Orders `quantity` pieces at the quoted price. `terms` are the ledger's present terms,
	/// `seller_view_key` is the view key that the seller registered.
	#[allow(clippy::too_many_arguments)]
	pub fn order(
		&self,
		seq: u64,
		balance: &Opened,
		quoted: &Quoted,
		quantity: u64,
		terms: &Terms,
		seller_view_key: &[u8; 32],
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<OrderCall, WalletError> {
		if quantity == 0 {
			return Err(WalletError::ZeroQuantity);
		}
		if quoted.listing.seller == self.account() {
			return Err(WalletError::SelfDealing);
		}
		let (have, cost) = (balance.value(), quoted.cost(quantity));
		let after = u64::try_from(cost)
			.ok()
			.and_then(|cost| have.checked_sub(cost))
			.ok_or(WalletError::NotEnoughBalance { have, cost })?;
		let inputs = [&quoted.price.ciphertext, &balance.ciphertext];
		let salt = self.salt(Call::Order.name(), seq, &[quantity, after], &inputs, rng);
		let x = self.fresh(Call::Order, seq, &salt, Role::Quantity, quantity)?;
		// ρ is the nonce of a factor of S that holds nothing.
		let rho = self.fresh(Call::Order, seq, &salt, Role::Total, 0)?;
		let total = quoted
			.price
			.opening
			.scale(quantity)
			.and_then(|total| total.add(&rho.opened.opening));
		let total = self.encrypt(total.ok_or(WalletError::TooMuch)?)?;
		let after = balance
			.opening
			.sub(&total.opening)
			.ok_or(WalletError::NotEnoughBalance { have, cost })?;
		let after = self.encrypt(after)?;

		let price = quoted.price.value();
		let values = [after.value(), quantity, price, total.value()];
		let own_note = self.own_note(NoteCall::Order, seq, salt, values, &after, rng)?;
		let note = OrderNote {
			quantity,
			price,
			quantity_seed: x.seed,
			total_seed: rho.seed,
		};
		let note = self.seal(Note::Order(note), seller_view_key, rng)?;
		let quote = self.seal(Note::Quote(quoted.note.clone()), &self.own_view_key(), rng)?;
		let statement = statements::order(
			self.set(),
			&self.context(seq, salt),
			&OrderParts {
				listing: quoted.listing,
				version: quoted.version,
				terms: *terms,
				price: quoted.price.ciphertext.as_ref(),
				quantity: x.opened.ciphertext.as_ref(),
				total: total.ciphertext.as_ref(),
				balance_after: after.ciphertext.as_ref(),
				own_note: note_hash(&own_note),
				note: note_hash(&note),
				quote: note_hash(&quote),
			},
		);
		let proof = self.prove(
			&statement,
			&[quantity, after.value()],
			&[&x.opened, &rho.opened, &after],
			rng,
		)?;
		Ok(OrderCall {
			seq,
			salt,
			listing: quoted.listing,
			version: quoted.version,
			quantity: x.opened.ciphertext.clone(),
			total: total.ciphertext.clone(),
			balance_after: after.ciphertext.clone(),
			own_note,
			note,
			quote,
			proof,
			balance: after,
			order: OpenedOrder {
				name: OrderName {
					buyer: self.account(),
					seq,
				},
				listing: quoted.listing,
				terms: *terms,
				price,
				commodity: Some(quoted.commodity.value()),
				quantity: x.opened,
				total,
			},
		})
	}

	/// Accepts an order of a listing: the stock falls, the bond leaves the balance.
	pub fn accept(
		&self,
		seq: u64,
		balance: &Opened,
		listing: &OpenedListing,
		order: &OpenedOrder,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<AcceptCall, WalletError> {
		if listing.name.seller != self.account() {
			return Err(WalletError::NotYours);
		}
		if order.listing != listing.name {
			return Err(WalletError::OtherListing);
		}
		let (left, wanted) = (listing.stock.value(), order.quantity.value());
		let stock = listing
			.stock
			.opening
			.sub(&order.quantity.opening)
			.ok_or(WalletError::NotEnoughStock { left, wanted })?;
		let multiple = order.terms.bond_multiple;
		let have = balance.value();
		let after = order
			.total
			.opening
			.scale(multiple.into())
			.and_then(|bond| balance.opening.sub(&bond))
			.ok_or(WalletError::NotEnoughForBond {
				have,
				bond: order.bond(),
				multiple,
			})?;
		let stock = self.encrypt(stock)?;
		let after = self.encrypt(after)?;
		let values = [stock.value(), after.value()];
		let inputs = [&listing.stock.ciphertext, &balance.ciphertext];
		let salt = self.salt(Call::Accept.name(), seq, &values, &inputs, rng);

		let own = [after.value(), wanted, order.price, order.total.value()];
		let own_note = self.own_note(NoteCall::Accept, seq, salt, own, &after, rng)?;
		// The listing's price, not the order's.
		let own = [listing.price.value(), stock.value(), listing.commodity.value(), 0];
		let stock_note = self.own_note(NoteCall::Accept, seq, salt, own, &stock, rng)?;
		let statement = statements::accept(
			self.set(),
			&self.context(seq, salt),
			&AcceptParts {
				order: order.name,
				listing: listing.name,
				terms: order.terms,
				quantity: order.quantity.ciphertext.as_ref(),
				total: order.total.ciphertext.as_ref(),
				stock_after: stock.ciphertext.as_ref(),
				balance_after: after.ciphertext.as_ref(),
				own_note: note_hash(&own_note),
				stock_note: note_hash(&stock_note),
			},
		);
		let proof = self.prove(&statement, &values, &[&stock, &after], rng)?;
		Ok(AcceptCall {
			seq,
			salt,
			order: order.name,
			stock_after: stock.ciphertext.clone(),
			balance_after: after.ciphertext.clone(),
			own_note,
			stock_note,
			proof,
			balance: after,
			listing: OpenedListing {
				stock,
				..listing.clone()
			},
		})
	}

	fn set(&self) -> ParameterSet {
		self.public_key().set()
	}

	fn context(&self, seq: u64, salt: Salt) -> Context {
		Context {
			genesis: self.genesis,
			account: self.account(),
			seq,
			salt,
		}
	}

	/// A salt for these plaintexts and input ciphertexts, and 32 bytes of entropy.
	fn salt(
		&self,
		call: &'static str,
		seq: u64,
		plaintexts: &[u64],
		inputs: &[&Ciphertext],
		rng: &mut (impl RngCore + CryptoRng),
	) -> Salt {
		let mut entropy = Zeroizing::new([0; 32]);
		rng.fill_bytes(&mut *entropy);
		let inputs: Vec<&[u8]> = inputs.iter().map(|ciphertext| ciphertext.as_ref()).collect();
		derive::salt(
			self.keys.secret(),
			&self.origin(call, seq),
			plaintexts,
			&inputs,
			&entropy,
		)
	}

	/// A new ciphertext of the object that the call creates.
	fn fresh(&self, call: Call, seq: u64, salt: &Salt, role: Role, value: u64) -> Result<Fresh, WalletError> {
		self.fresh_of(seq, call, seq, salt, role, value)
	}

	/// A new ciphertext of the object that this account created in the call with the number `object`.
	fn fresh_of(
		&self,
		object: u64,
		call: Call,
		seq: u64,
		salt: &Salt,
		role: Role,
		value: u64,
	) -> Result<Fresh, WalletError> {
		let seed = self.seed(call, seq, salt, role);
		let account = self.account();
		let object = Object { account, seq: object };
		let nonce = self.nonce(&seed, &account, &object, role);
		Ok(Fresh {
			opened: self.encrypt(Opening { value, nonce })?,
			seed,
		})
	}

	fn own_view_key(&self) -> [u8; 32] {
		self.keys.view_key(self.view_index).public()
	}

	fn seal(
		&self,
		note: Note,
		view_key: &[u8; 32],
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<SealedNote, WalletError> {
		note.seal(self.set(), view_key, rng)
	}

	/// The note to oneself with the nonce of `opened`.
	fn own_note(
		&self,
		call: NoteCall,
		seq: u64,
		salt: Salt,
		values: [u64; 4],
		opened: &Opened,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<SealedNote, WalletError> {
		let note = OwnNote {
			call,
			seq,
			salt,
			values,
			nonce: opened.opening.nonce.clone(),
		};
		self.seal(Note::Own(note), &self.own_view_key(), rng)
	}

	/// The proof with these values and the nonces of these ciphertexts, one for each equation.
	fn prove(
		&self,
		statement: &Statement,
		values: &[u64],
		openings: &[&Opened],
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<Proof, WalletError> {
		let nonces = openings
			.iter()
			.map(|opened| opened.opening.nonce.clone())
			.collect();
		let witness = Witness {
			values: values.to_vec(),
			nonces,
		};
		Ok(self.prover.prove(statement, &witness, rng)?)
	}
}

/// A ciphertext whose nonce expands from a seed that may be disclosed.
struct Fresh {
	opened: Opened,
	seed: Seed,
}

//! What the small ledger knows beside the straight way of a purchase: money in and out, disputes, changes to
//! listings, refresh.

use super::*;
use crate::{
	market::{DisputeCall, PaymentCall, RefreshCall, RepriceCall, RestockCall},
	state::{Redemption, RefreshTarget},
};

impl Ledger {
	/// `B = B'·factor`.
	fn debit(&self, who: &AccountBytes, after: &Ciphertext, factor: &Ciphertext) -> Verdict {
		let before = &self.accounts.get(who).ok_or("account")?.balance.ciphertext;
		ensure(self.product([(after, 1), (factor, 1)]) == *before, "B = B'·S")
	}

	fn put_balance(&mut self, who: &AccountBytes, ciphertext: &Ciphertext, note: [u8; 368]) {
		let account = self.account(who);
		account.seq += 1;
		account.balance = Owned {
			ciphertext: ciphertext.clone(),
			note: Some(note),
		};
	}

	fn pay(&mut self, who: &AccountBytes, call: &PaymentCall, redeem: bool) -> Verdict {
		self.begin(who, call.seq)?;
		self.debit(who, &call.balance_after, &call.amount)?;
		let statement = if redeem {
			statements::redeem
		} else {
			statements::transfer
		}(
			self.key().set(),
			&self.context(who, call.seq, call.salt),
			call.to,
			call.amount.as_ref(),
			call.balance_after.as_ref(),
			note_hash(&call.own_note),
			note_hash(&call.note),
		);
		self.prove(&statement, &call.proof)?;
		self.put_balance(who, &call.balance_after, call.own_note);
		Ok(())
	}

	pub fn transfer(&mut self, who: &AccountBytes, call: &PaymentCall) -> Result<CreditName, String> {
		self.pay(who, call, false)?;
		let name = CreditName {
			creator: *who,
			seq: call.seq,
			kind: CreditKind::Transfer,
		};
		self.credit(&call.to, name, call.amount.clone(), Some(call.note));
		self.sender_notes.insert(name, call.own_note);
		Ok(name)
	}

	pub fn redeem(&mut self, who: &AccountBytes, call: &PaymentCall) -> Result<Redemption, String> {
		self.pay(who, call, true)?;
		self.burn(&call.amount, 1);
		Ok(Redemption {
			holder: *who,
			seq: call.seq,
			amount: call.amount.clone(),
			note: call.note,
		})
	}

	fn burn(&mut self, amount: &Ciphertext, multiple: u32) {
		self.redeemed = self.product([(&self.redeemed, 1), (amount, multiple)]);
	}

	/// Refused or taken back: the credit returns to who sent it.
	pub fn give_back(&mut self, holder: &AccountBytes, name: CreditName) -> Verdict {
		let note = *self.sender_notes.get(&name).ok_or("not returnable")?;
		let incoming = &mut self.account(holder).incoming;
		let at = incoming
			.iter()
			.position(|credit| credit.name == name)
			.ok_or("credit")?;
		let credit = incoming.remove(at);
		let returned = CreditName {
			kind: CreditKind::Returned,
			..name
		};
		self.credit(&name.creator, returned, credit.amount, Some(note));
		Ok(())
	}

	pub fn reprice(&mut self, who: &AccountBytes, call: &RepriceCall) -> Verdict {
		self.begin(who, call.seq)?;
		let at = (*who, call.listing_seq);
		let listing = self.listings.get(&at).ok_or("listing")?;
		ensure(listing.version + 1 == call.version, "price version")?;
		let statement = statements::reprice(
			self.key().set(),
			&self.context(who, call.seq, call.salt),
			listing.name,
			call.version,
			call.price.as_ref(),
			note_hash(&call.own_note),
		);
		self.prove(&statement, &call.proof)?;
		self.account(who).seq += 1;
		let listing = self.listings.get_mut(&at).ok_or("listing")?;
		listing.version = call.version;
		listing.price = call.price.clone();
		listing.price_seq = call.seq;
		listing.price_salt = call.salt;
		listing.note = call.own_note;
		Ok(())
	}

	pub fn restock(&mut self, who: &AccountBytes, call: &RestockCall) -> Verdict {
		self.begin(who, call.seq)?;
		let at = (*who, call.listing_seq);
		let listing = self.listings.get(&at).ok_or("listing")?;
		ensure(listing.version == call.version, "price version")?;
		let statement = statements::restock(
			self.key().set(),
			&self.context(who, call.seq, call.salt),
			listing.name,
			call.version,
			call.delivery.as_ref(),
			note_hash(&call.own_note),
		);
		self.prove(&statement, &call.proof)?;
		let stock = self.product([(&listing.stock, 1), (&call.delivery, 1)]);
		self.account(who).seq += 1;
		let listing = self.listings.get_mut(&at).ok_or("listing")?;
		listing.stock = stock;
		listing.note = call.own_note;
		Ok(())
	}

	pub fn dispute(&mut self, who: &AccountBytes, call: &DisputeCall) -> Verdict {
		self.begin(who, call.seq)?;
		let id = (call.order.buyer, call.order.seq);
		let (order, stage) = self.orders.get(&id).ok_or("order")?.clone();
		ensure(stage == Stage::Accepted && order.name.buyer == *who, "state")?;
		self.debit(who, &call.balance_after, &order.total)?;
		let statement = statements::dispute(
			self.key().set(),
			&self.context(who, call.seq, call.salt),
			order.name,
			order.total.as_ref(),
			call.balance_after.as_ref(),
			note_hash(&call.own_note),
		);
		self.prove(&statement, &call.proof)?;
		self.put_balance(who, &call.balance_after, call.own_note);
		self.orders.insert(id, (order, Stage::Disputed));
		Ok(())
	}

	/// Ends a dispute: what each side gets, what is burned of the bond, and whether the deposit is. The buyer's
	/// share of a forfeited bond is one total here, whatever the terms say.
	pub fn resolve(&mut self, buyer: &AccountBytes, seq: u64, to: Ending) {
		let (order, _) = self.orders[&(*buyer, seq)].clone();
		let (total, multiple) = (order.total.clone(), order.terms.bond_multiple);
		let bond = self.product([(&total, multiple)]);
		let seller = order.listing.seller;
		let mut credit = |to: &AccountBytes, kind, amount: &Ciphertext| {
			let name = CreditName {
				creator: *buyer,
				seq,
				kind,
			};
			self.credit(to, name, amount.clone(), None);
		};
		match to {
			Ending::Completed => {
				credit(&seller, CreditKind::Proceeds, &total);
				credit(&seller, CreditKind::Bond, &bond);
				self.burn(&total, 1);
			}
			Ending::Refunded => {
				credit(buyer, CreditKind::Refund, &total);
				credit(buyer, CreditKind::Deposit, &total);
				credit(&seller, CreditKind::Bond, &bond);
			}
			Ending::Penalised => {
				credit(buyer, CreditKind::Refund, &total);
				credit(buyer, CreditKind::Deposit, &total);
				credit(buyer, CreditKind::Share, &total);
				self.burn(&total, multiple - 1);
			}
		}
		self.orders.insert((*buyer, seq), (order, Stage::Done));
	}

	pub fn refresh(&mut self, who: &AccountBytes, call: &RefreshCall) -> Verdict {
		self.begin(who, call.seq)?;
		let at =
			|name: &CreditName, incoming: &[Credit]| incoming.iter().position(|credit| credit.name == *name);
		let account = self.accounts.get(who).ok_or("account")?;
		let (before, target) = match call.target {
			RefreshTarget::Balance => (
				account.balance.ciphertext.clone(),
				statements::RefreshTarget::Balance,
			),
			RefreshTarget::Credit(name) => (
				account.incoming[at(&name, &account.incoming).ok_or("credit")?]
					.amount
					.clone(),
				statements::RefreshTarget::Credit {
					creator: name.creator,
					seq: name.seq,
					kind: name.kind.number(),
				},
			),
			RefreshTarget::Stock(name) => (
				self.listings
					.get(&(*who, name.seq))
					.ok_or("listing")?
					.stock
					.clone(),
				statements::RefreshTarget::Stock(name),
			),
		};
		ensure(
			self.product([(&before, 1), (&call.residue, 1)]) == call.after,
			"B' = B·Z",
		)?;
		let statement = statements::refresh(
			self.key().set(),
			&self.context(who, call.seq, call.salt),
			target,
			call.after.as_ref(),
			call.residue.as_ref(),
			note_hash(&call.own_note),
		);
		self.prove(&statement, &call.proof)?;
		if !matches!(call.target, RefreshTarget::Stock(_)) {
			self.zeroed = self.product([(&self.zeroed, 1), (&call.residue, 1)]);
		}
		match call.target {
			RefreshTarget::Balance => self.put_balance(who, &call.after, call.own_note),
			RefreshTarget::Credit(name) => {
				let account = self.account(who);
				account.seq += 1;
				let at = at(&name, &account.incoming).ok_or("credit")?;
				account.incoming[at].amount = call.after.clone();
				account.incoming[at].note = Some(call.own_note);
				self.sender_notes.remove(&name);
			}
			RefreshTarget::Stock(name) => {
				self.account(who).seq += 1;
				let listing = self.listings.get_mut(&(*who, name.seq)).ok_or("listing")?;
				listing.stock = call.after.clone();
				listing.note = call.own_note;
			}
		}
		Ok(())
	}

	/// What the certificate authority tells an owner: the value and an N-th root of the rest.
	pub fn tell(&self, ciphertext: &Ciphertext) -> (u64, Vec<u8>) {
		let key = self.key();
		let value = self.decrypt(ciphertext);
		let generator = key.invert(&key.generator_power(&[value])).expect("a unit");
		let rest = key.add(&key.parse(ciphertext.as_ref()).expect("acceptable"), &generator);
		let rest = num_bigint::BigUint::from_bytes_be(&key.encode(&rest)) % key.modulus();
		let root = self
			.secret
			.nth_root(&rest)
			.expect("a ciphertext of zero")
			.to_bytes_be();
		let mut bytes = vec![0; key.set().modulus_bytes() - root.len()];
		bytes.extend(root);
		(value, bytes)
	}
}

/// How a dispute ends.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Ending {
	Completed,
	Refunded,
	Penalised,
}

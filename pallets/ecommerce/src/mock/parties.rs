//! Parties that know their openings, and the calls that they make.

use super::*;

/// Somebody with books.
pub struct Party {
	pub who: AccountId32,
	pub balance: Opening,
	pub issued: Opening,
}

/// A listing as its seller knows it.
#[derive(Clone)]
pub struct Listed {
	pub id: ListingId<AccountId32>,
	pub version: u32,
	pub price: Opening,
	pub stock: Opening,
}

/// An order as its parties know it.
#[derive(Clone)]
pub struct Placed {
	pub id: OrderId<AccountId32>,
	pub quantity: Opening,
	pub total: Opening,
}

impl Party {
	pub fn new(who: Sr25519Keyring) -> Self {
		Self::of(who.to_account_id())
	}

	pub fn of(who: AccountId32) -> Self {
		Self {
			who,
			balance: Opening::ZERO,
			issued: Opening::ZERO,
		}
	}

	pub fn seq(&self) -> u64 {
		crate::Sequence::<Test>::get(&self.who)
	}

	pub fn context(&self, salt: Salt) -> Context {
		self.context_at(self.seq(), salt)
	}

	pub fn context_at(&self, seq: u64, salt: Salt) -> Context {
		Context {
			genesis: System::block_hash(0).0,
			account: self.who.clone().into(),
			seq,
			salt: salt.0,
		}
	}

	/// An `issue` of an amount, with the credit's opening.
	pub fn issue(&self, to: &Party, amount: u64) -> (Call<Test>, Opening, Opening) {
		let (salt, credit) = (salt(), fresh(amount));
		let after = self.issued.add(&credit).expect("small amounts");
		let (a, i) = (encrypt(&credit), encrypt(&after));
		let statement = statements::issue(
			PARAMETER_SET,
			&self.context(salt),
			to.who.clone().into(),
			QUOTA,
			a.as_ref(),
			i.as_ref(),
			note(1).hash(),
			note(2).hash(),
		);
		let proof = prove(&statement, vec![amount, after.value], &[&credit, &after]);
		let call = Call::issue {
			seq: self.seq(),
			salt,
			to: to.who.clone(),
			amount: a.into(),
			issued_after: i.into(),
			own_note: note(1).into(),
			note: note(2).into(),
			proof,
		};
		(call, credit, after)
	}

	/// A `collect` of these credits.
	pub fn collect(&self, credits: Vec<CreditId<AccountId32>>) -> Call<Test> {
		Call::collect {
			seq: self.seq(),
			credits: credits.try_into().expect("at most 16"),
			own_note: note(3).into(),
		}
	}

	/// A `list` at a price with a stock.
	pub fn list(&self, price: u64, stock: u64) -> (Call<Test>, Listed) {
		let (salt, price, stock, commodity) = (salt(), fresh(price), fresh(stock), fresh(85_123));
		let [p, r, c] = [&price, &stock, &commodity].map(encrypt);
		let statement = statements::list(
			PARAMETER_SET,
			&self.context(salt),
			p.as_ref(),
			r.as_ref(),
			c.as_ref(),
			note(4).hash(),
		);
		let proof = prove(
			&statement,
			vec![price.value, stock.value, commodity.value],
			&[&price, &stock, &commodity],
		);
		let id = ListingId {
			seller: self.who.clone(),
			seq: self.seq(),
		};
		let call = Call::list {
			seq: self.seq(),
			salt,
			price: p.into(),
			stock: r.into(),
			commodity: c.into(),
			own_note: note(4).into(),
			proof,
		};
		let listed = Listed {
			id,
			version: 0,
			price,
			stock,
		};
		(call, listed)
	}

	/// An `order` of some pieces, with the balance's opening afterwards.
	pub fn order(&self, listed: &Listed, pieces: u64) -> (Call<Test>, Placed, Opening) {
		self.order_at(self.seq(), &self.balance, listed, pieces)
	}

	/// An `order` prepared ahead: from a sequence number and a balance that are not there yet.
	pub fn order_at(
		&self,
		seq: u64,
		balance: &Opening,
		listed: &Listed,
		pieces: u64,
	) -> (Call<Test>, Placed, Opening) {
		let (salt, quantity, rho) = (salt(), fresh(pieces), fresh(0));
		let total = listed
			.price
			.scale(pieces)
			.and_then(|total| total.add(&rho))
			.expect("small amounts");
		let after = balance
			.sub(&total)
			.expect("tests that overspend forge their proofs");
		let [p, x, s, b] = [&listed.price, &quantity, &total, &after].map(encrypt);
		let statement = statements::order(
			PARAMETER_SET,
			&self.context_at(seq, salt),
			&OrderParts {
				listing: listing_name(&listed.id),
				version: listed.version,
				terms: terms(),
				price: p.as_ref(),
				quantity: x.as_ref(),
				total: s.as_ref(),
				balance_after: b.as_ref(),
				own_note: note(5).hash(),
				note: note(6).hash(),
				quote: note(7).hash(),
			},
		);
		let proof = prove(&statement, vec![pieces, after.value], &[&quantity, &rho, &after]);
		let call = Call::order {
			seq,
			salt,
			listing: listed.id.clone(),
			version: listed.version,
			quantity: x.into(),
			total: s.into(),
			balance_after: b.into(),
			own_note: note(5).into(),
			note: note(6).into(),
			quote: note(7).into(),
			proof,
		};
		let id = OrderId {
			buyer: self.who.clone(),
			seq,
		};
		(call, Placed { id, quantity, total }, after)
	}

	/// An `accept`, with the openings of stock and balance afterwards.
	pub fn accept(&self, listed: &Listed, placed: &Placed) -> (Call<Test>, Opening, Opening) {
		let salt = salt();
		let stock = listed.stock.sub(&placed.quantity).expect("enough stock");
		let terms = Ecommerce::order_of(&placed.id).map_or_else(terms, |order| order.terms.into());
		let bond = placed
			.total
			.scale(terms.bond_multiple.into())
			.expect("small amounts");
		let balance = self.balance.sub(&bond).expect("enough for the bond");
		let [x, s, r, k] = [&placed.quantity, &placed.total, &stock, &balance].map(encrypt);
		let statement = statements::accept(
			PARAMETER_SET,
			&self.context(salt),
			&AcceptParts {
				order: OrderName {
					buyer: placed.id.buyer.clone().into(),
					seq: placed.id.seq,
				},
				listing: listing_name(&listed.id),
				terms,
				quantity: x.as_ref(),
				total: s.as_ref(),
				stock_after: r.as_ref(),
				balance_after: k.as_ref(),
				own_note: note(8).hash(),
				stock_note: note(9).hash(),
			},
		);
		let proof = prove(&statement, vec![stock.value, balance.value], &[&stock, &balance]);
		let call = Call::accept {
			seq: self.seq(),
			salt,
			order: placed.id.clone(),
			stock_after: r.into(),
			balance_after: k.into(),
			own_note: note(8).into(),
			stock_note: note(9).into(),
			proof,
		};
		(call, stock, balance)
	}

	/// A `ship`.
	pub fn ship(&self, placed: &Placed) -> Call<Test> {
		Call::ship {
			seq: self.seq(),
			order: placed.id.clone(),
		}
	}

	/// A `confirm`.
	pub fn confirm(&self, placed: &Placed) -> Call<Test> {
		Call::confirm {
			seq: self.seq(),
			order: placed.id.seq,
		}
	}

	/// A `poke`.
	pub fn poke(&self, placed: &Placed) -> Call<Test> {
		Call::poke {
			seq: self.seq(),
			order: placed.id.clone(),
		}
	}

	/// A `resolve`.
	pub fn resolve(&self, placed: &Placed, verdict: Verdict) -> Call<Test> {
		Call::resolve {
			seq: self.seq(),
			order: placed.id.clone(),
			verdict,
		}
	}

	/// A `dispute`, with the balance's opening afterwards.
	pub fn dispute(&self, placed: &Placed) -> (Call<Test>, Opening) {
		let salt = salt();
		let after = self
			.balance
			.sub(&placed.total)
			.expect("tests that overspend forge their proofs");
		let [s, b] = [&placed.total, &after].map(encrypt);
		let statement = statements::dispute(
			PARAMETER_SET,
			&self.context(salt),
			OrderName {
				buyer: placed.id.buyer.clone().into(),
				seq: placed.id.seq,
			},
			s.as_ref(),
			b.as_ref(),
			note(11).hash(),
		);
		let call = Call::dispute {
			seq: self.seq(),
			salt,
			order: placed.id.seq,
			balance_after: b.into(),
			own_note: note(11).into(),
			proof: prove(&statement, vec![after.value], &[&after]),
		};
		(call, after)
	}

	/// A `transfer` or `redeem`, with the amount's opening and the balance's afterwards.
	fn payment(&self, to: &Party, amount: u64, redeem: bool) -> (Call<Test>, Opening, Opening) {
		let (seq, salt, amount) = (self.seq(), salt(), fresh(amount));
		let after = self
			.balance
			.sub(&amount)
			.expect("tests that overspend forge their proofs");
		let [a, b] = [&amount, &after].map(encrypt);
		let statement = if redeem {
			statements::redeem
		} else {
			statements::transfer
		}(
			PARAMETER_SET,
			&self.context(salt),
			to.who.clone().into(),
			a.as_ref(),
			b.as_ref(),
			note(12).hash(),
			note(13).hash(),
		);
		let proof = prove(&statement, vec![amount.value, after.value], &[&amount, &after]);
		let (a, b, own_note, note) = (a.into(), b.into(), note(12).into(), note(13).into());
		let call = if redeem {
			Call::redeem {
				seq,
				salt,
				issuer: to.who.clone(),
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
				to: to.who.clone(),
				amount: a,
				balance_after: b,
				own_note,
				note,
				proof,
			}
		};
		(call, amount, after)
	}

	/// A `transfer`, with the amount's opening and the balance's afterwards.
	pub fn transfer(&self, to: &Party, amount: u64) -> (Call<Test>, Opening, Opening) {
		self.payment(to, amount, false)
	}

	/// A `redeem`, with the amount's opening and the balance's afterwards.
	pub fn redeem(&self, issuer: &Party, amount: u64) -> (Call<Test>, Opening, Opening) {
		self.payment(issuer, amount, true)
	}

	/// A `refresh` of something whose opening is known, with the new opening.
	pub fn refresh(&self, target: RefreshTarget<AccountId32>, old: &Opening) -> (Call<Test>, Opening) {
		let new = fresh(old.value);
		let root = PROVER
			.encryptor()
			.root(&new.nonce.sub(&old.nonce))
			.expect("nonces of tests are in range");
		(self.refresh_with(target, &new, &root), new)
	}

	/// A `refresh` that claims this opening afterwards, proved with this root.
	pub fn refresh_with(
		&self,
		target: RefreshTarget<AccountId32>,
		new: &Opening,
		root: &SecretRoot,
	) -> Call<Test> {
		let key = PROVER.encryptor().key();
		let residue = key.encode(&key.power_of_root(root));
		let residue = Ciphertext::from_slice(&residue).expect("the length is fixed");
		self.refresh_to(target, encrypt(new), residue, root)
	}

	/// A `refresh` to this ciphertext by this residue, proved with this root.
	pub fn refresh_to(
		&self,
		target: RefreshTarget<AccountId32>,
		after: Ciphertext,
		residue: Ciphertext,
		root: &SecretRoot,
	) -> Call<Test> {
		let salt = salt();
		let what = match &target {
			RefreshTarget::Balance => statements::RefreshTarget::Balance,
			RefreshTarget::Credit(id) => statements::RefreshTarget::Credit {
				creator: id.creator.clone().into(),
				seq: id.seq,
				kind: codec::Encode::encode(&id.kind)[0].into(),
			},
			RefreshTarget::Stock(seq) => statements::RefreshTarget::Stock(ListingName {
				seller: self.who.clone().into(),
				seq: *seq,
			}),
		};
		let statement = statements::refresh(
			PARAMETER_SET,
			&self.context(salt),
			what,
			after.as_ref(),
			residue.as_ref(),
			note(14).hash(),
		);
		let proof = if VerifyBy::get() == By::Credulous {
			Proof::default()
		} else {
			PROVER
				.prove_refresh(&statement, root, &mut OsRng)
				.expect("the statement is well formed")
				.try_into()
				.expect("a proof has at most this length")
		};
		Call::refresh {
			seq: self.seq(),
			salt,
			target,
			after: after.into(),
			residue: residue.into(),
			own_note: note(14).into(),
			proof,
		}
	}

	/// A `reprice`, with the listing afterwards.
	pub fn reprice(&self, listed: &Listed, price: u64) -> (Call<Test>, Listed) {
		let (salt, price, version) = (salt(), fresh(price), listed.version + 1);
		let p = encrypt(&price);
		let statement = statements::reprice(
			PARAMETER_SET,
			&self.context(salt),
			listing_name(&listed.id),
			version,
			p.as_ref(),
			note(15).hash(),
		);
		let call = Call::reprice {
			seq: self.seq(),
			salt,
			listing: listed.id.seq,
			version,
			price: p.into(),
			own_note: note(15).into(),
			proof: prove(&statement, vec![price.value], &[&price]),
		};
		let listed = Listed {
			price,
			version,
			..listed.clone()
		};
		(call, listed)
	}

	/// A `restock`, with the listing afterwards.
	pub fn restock(&self, listed: &Listed, pieces: u64) -> (Call<Test>, Listed) {
		let (salt, delivery) = (salt(), fresh(pieces));
		let d = encrypt(&delivery);
		let statement = statements::restock(
			PARAMETER_SET,
			&self.context(salt),
			listing_name(&listed.id),
			listed.version,
			d.as_ref(),
			note(16).hash(),
		);
		let call = Call::restock {
			seq: self.seq(),
			salt,
			listing: listed.id.seq,
			version: listed.version,
			delivery: d.into(),
			own_note: note(16).into(),
			proof: prove(&statement, vec![delivery.value], &[&delivery]),
		};
		let listed = Listed {
			stock: listed.stock.add(&delivery).expect("small numbers"),
			..listed.clone()
		};
		(call, listed)
	}

	/// The name of the credit that its next `issue`, `transfer` or order makes.
	pub fn next_credit(&self, kind: CreditKind) -> CreditId<AccountId32> {
		CreditId {
			creator: self.who.clone(),
			seq: self.seq(),
			kind,
		}
	}

	/// Sends money; says how the credit is called.
	pub fn transfers(&mut self, to: &Party, amount: u64) -> (CreditId<AccountId32>, Opening) {
		let id = self.next_credit(CreditKind::Transfer);
		let (call, amount, after) = self.transfer(to, amount);
		self.dispatch(call).expect("transfers");
		self.balance = after;
		(id, amount)
	}

	/// Dispatches a call of this party.
	pub fn dispatch(&self, call: Call<Test>) -> Result<(), DispatchError> {
		RuntimeCall::from(call)
			.dispatch(RuntimeOrigin::signed(self.who.clone()))
			.map(|_| ())
			.map_err(|error| error.error)
	}

	/// What the pool says of a call of this party.
	pub fn offer(&self, call: &Call<Test>) -> Result<ValidTransaction, TransactionValidityError> {
		self.offer_from(TransactionSource::External, call)
	}

	/// The same for another source.
	pub fn offer_from(
		&self,
		source: TransactionSource,
		call: &Call<Test>,
	) -> Result<ValidTransaction, TransactionValidityError> {
		let call = RuntimeCall::from(call.clone());
		let info = frame_support::dispatch::GetDispatchInfo::get_dispatch_info(&call);
		let len = call.encoded_size();
		(CheckCertificate::<Test>::new(), CheckProof::<Test>::new())
			.validate_only(
				RuntimeOrigin::signed(self.who.clone()),
				&call,
				&info,
				len,
				source,
				0,
			)
			.map(|(validity, _, _)| validity)
	}

	/// Issues money to this party and has it collected.
	pub fn endow(&mut self, issuer: &mut Party, amount: u64) {
		let (call, credit, issued) = issuer.issue(self, amount);
		let id = CreditId {
			creator: issuer.who.clone(),
			seq: issuer.seq(),
			kind: CreditKind::Issued,
		};
		issuer.dispatch(call).expect("issues");
		issuer.issued = issued;
		self.dispatch(self.collect(vec![id])).expect("collects");
		self.balance = self.balance.add(&credit).expect("small amounts");
	}

	/// Lists something.
	pub fn offers(&self, price: u64, stock: u64) -> Listed {
		let (call, listed) = self.list(price, stock);
		self.dispatch(call).expect("lists");
		listed
	}

	/// Places an order.
	pub fn orders(&mut self, listed: &Listed, pieces: u64) -> Placed {
		let (call, placed, after) = self.order(listed, pieces);
		self.dispatch(call).expect("orders");
		self.balance = after;
		placed
	}

	/// Accepts an order.
	pub fn accepts(&mut self, listed: &mut Listed, placed: &Placed) {
		let (call, stock, balance) = self.accept(listed, placed);
		self.dispatch(call).expect("accepts");
		listed.stock = stock;
		self.balance = balance;
	}

	/// Ships.
	pub fn ships(&self, placed: &Placed) {
		self.dispatch(self.ship(placed)).expect("ships");
	}

	/// Disputes.
	pub fn disputes(&mut self, placed: &Placed) {
		let (call, after) = self.dispute(placed);
		self.dispatch(call).expect("disputes");
		self.balance = after;
	}

	/// Collects everything that waits, so that the ledger's balance is all that the party has.
	pub fn collects_all(&self) {
		let ids: Vec<_> = Ecommerce::incoming(&self.who)
			.into_iter()
			.map(|(id, _)| id)
			.collect();
		for ids in ids.chunks(16) {
			self.dispatch(self.collect(ids.to_vec())).expect("collects");
		}
	}

	/// What waits for it, decrypted, by kind.
	pub fn waiting(&self) -> Vec<(CreditKind, u64)> {
		let mut waiting: Vec<_> = Ecommerce::incoming(&self.who)
			.into_iter()
			.map(|(id, credit)| (id.kind, decrypt(&credit.amount)))
			.collect();
		waiting.sort();
		waiting
	}

	/// The balance on the ledger, decrypted by the CA's key.
	pub fn ledger_balance(&self) -> u64 {
		decrypt(&crate::Balances::<Test>::get(&self.who).ciphertext)
	}
}

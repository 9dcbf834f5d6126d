//! A market for benchmarks: accounts with everything that the registry and the ledger can hold of them, and proofs.
//!
//! The proofs are real. They are made here, inside the runtime, by a prover without randomness: slow, but nobody measures
//! the making. So there is no verifier that believes everything, which a runtime might be shipped with by mistake.

use crate::{
	benchmarking::BenchmarkHelper as _,
	disputes::Dispute,
	ledger::Issue,
	listings::{List, Reprice, Restock},
	money::Payment,
	orders::{Accept, PlaceOrder},
	refresh::Refresh,
	Balances, Ciphertext, Config, Credit, CreditId, CreditKind, CurrentTerms, Incoming, Issued, IssuerQuota,
	Listing, ListingId, Listings, Modulus, NonceBase, Order, OrderId, OrderState, Orders, OrdersOfSeller,
	Owned, Pallet, Proof, Quote, Redemption, RedemptionId, Redemptions, RefreshTarget, ReservedQuota, Salt,
	SealedNote, Sequence, Terms,
};
use alloc::vec::Vec;
use core::marker::PhantomData;
use pallet_certificates::{Certificate, Certificates, Moment, Role, Roles, Status, ViewKey};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use sp_runtime::AccountId32;
use veilmart_confidential::{ProofError, Prover, Statement, Witness, PARAMETER_SET};
use veilmart_paillier::{test_keys, Encryptor, FreshNonce, Opening, PublicKey};
use veilmart_verification_host::{LedgerKey, Verification};

/// The sequence number of every account, and of what it did last.
pub(crate) const SEQ: u64 = 7;
/// The salt of every call.
pub(crate) const SALT: Salt = Salt([9; 16]);
/// The note of everything.
pub(crate) const NOTE: SealedNote = SealedNote([3; 368]);

/// Issues money.
pub(crate) const ISSUER: AccountId32 = AccountId32::new([1; 32]);
/// Buys.
pub(crate) const BUYER: AccountId32 = AccountId32::new([2; 32]);
/// Sells.
pub(crate) const SELLER: AccountId32 = AccountId32::new([3; 32]);
/// Decides disputes.
pub(crate) const ARBITER: AccountId32 = AccountId32::new([4; 32]);

/// The dearest terms: a bond whose power has as many factors as any, and a share, which is one credit more.
pub(crate) const TERMS: Terms = Terms {
	accept_period: Terms::MAX_PERIOD,
	ship_period: Terms::MAX_PERIOD,
	grace_period: Terms::MAX_PERIOD,
	confirm_period: Terms::MAX_PERIOD,
	resolve_period: Terms::MAX_PERIOD,
	bond_multiple: Terms::MAX_BOND_MULTIPLE,
	penalty_share: 1,
};

/// The arguments of a call with its proof, and what the proof is of.
pub(crate) struct Proved<Parts> {
	pub(crate) parts: Parts,
	pub(crate) proof: Proof,
	statement: Statement,
}

impl<Parts> Proved<Parts> {
	/// Has the proof verified, as the pool does before a block holds the call: the node remembers that it was good. What
	/// the call then costs is all but the verification.
	pub(crate) fn seen<T: Config>(self) -> Self {
		assert!(
			verify::<T>(&self.statement, &self.proof).is_ok(),
			"the scene proves true statements"
		);
		self
	}

	/// The same with a proof that only the last check refuses.
	///
	/// So it costs as much to verify as a good one and is never remembered: each repetition costs the whole of it. That the
	/// good one was seen before leaves the verifier's tables for the key prepared, as on a running node.
	pub(crate) fn spoiled<T: Config>(self) -> Spoiled<T> {
		let Self {
			statement, mut proof, ..
		} = self.seen::<T>();
		// The last number of a range proof, or of a residue's proof. Its lowest byte, where it stays below its bound.
		let lowest = if statement.values() > 0 {
			proof.len().saturating_sub(32)
		} else {
			proof.len().saturating_sub(1)
		};
		if let Some(byte) = proof.get_mut(lowest) {
			*byte ^= 1;
		}
		Spoiled {
			statement,
			proof,
			modulus: Modulus::<T>::get().into_inner(),
			h_s: NonceBase::<T>::get(),
			config: PhantomData,
		}
	}
}

/// A statement with a proof that is refused at the end, and the key. Verifying it touches no storage.
pub(crate) struct Spoiled<T> {
	statement: Statement,
	proof: Proof,
	modulus: Vec<u8>,
	h_s: Ciphertext,
	config: PhantomData<T>,
}

impl<T: Config> Spoiled<T> {
	/// What is measured.
	pub(crate) fn verify(&self) -> Result<(), ProofError> {
		let key = LedgerKey {
			modulus: &self.modulus,
			h_s: self.h_s.as_ref(),
		};
		T::Verification::verify(key, &self.statement, &self.proof)
	}
}

fn verify<T: Config>(statement: &Statement, proof: &Proof) -> Result<(), crate::Error<T>> {
	Pallet::<T>::ensure_proved(statement, proof)
}

/// Four certified accounts on a ledger with a key.
pub(crate) struct Scene<T> {
	prover: Prover,
	/// The same numbers in every run: what is proven here is no secret.
	rng: ChaCha20Rng,
	config: PhantomData<T>,
}

impl<T: Config> Scene<T> {
	/// The scene, whatever genesis was.
	pub(crate) fn open() -> Self {
		let key =
			PublicKey::from_modulus(test_keys::modulus(PARAMETER_SET)).expect("the test key is well formed");
		Modulus::<T>::put(
			frame_support::BoundedVec::try_from(key.modulus_bytes()).expect("no key is longer"),
		);
		NonceBase::<T>::put(Ciphertext::from_slice(&key.h_s_bytes()).expect("the length is fixed"));
		CurrentTerms::<T>::put(TERMS);
		// Each order that goes on is asked about the least period.
		T::BenchmarkHelper::crowd();
		for (who, role) in [
			(ISSUER, Role::Issuer),
			(BUYER, Role::Buyer),
			(SELLER, Role::Seller),
			(ARBITER, Role::Arbiter),
		] {
			certify::<T>(&who, [role].into());
			Sequence::<T>::insert(&who, SEQ);
			Balances::<T>::insert(&who, owned(Ciphertext::default()));
			// As if it had called before in this period: the worst case writes over something.
			pallet_certificates::Pallet::<T>::consume_quota(&who).expect("a whole quota is left");
		}
		Self {
			prover: Prover::new(Encryptor::new(key)),
			rng: ChaCha20Rng::seed_from_u64(0),
			config: PhantomData,
		}
	}

	/// An opening of this value under a nonce of its own.
	fn fresh(&mut self, value: u64) -> Opening {
		Opening {
			value,
			nonce: FreshNonce::random(PARAMETER_SET, &mut self.rng).nonce().clone(),
		}
	}

	fn encrypt(&self, opening: &Opening) -> Ciphertext {
		let encryptor = self.prover.encryptor();
		let residue = encryptor
			.encrypt_opening(opening)
			.expect("nonces of the scene are in range");
		Ciphertext::from_slice(&encryptor.key().encode(&residue)).expect("the length is fixed")
	}

	/// A ciphertext that nobody needs the opening of.
	pub(crate) fn some_ciphertext(&mut self) -> Ciphertext {
		let opening = self.fresh(1_000);
		self.encrypt(&opening)
	}

	fn prove(&mut self, statement: &Statement, values: &[u64], openings: &[&Opening]) -> Proof {
		let witness = Witness {
			values: values.to_vec(),
			nonces: openings.iter().map(|opening| opening.nonce.clone()).collect(),
		};
		self.prover
			.prove(statement, &witness, &mut self.rng)
			.expect("the scene proves true statements")
			.try_into()
			.expect("no proof is longer")
	}

	/// Gives an account the balance that is `taken^multiple` above one of 1,000, which is returned.
	fn endow(&mut self, who: &AccountId32, taken: &Opening, multiple: u32) -> Opening {
		let after = self.fresh(1_000);
		let [after_c, taken_c] = [&after, taken].map(|opening| self.encrypt(opening));
		let before = Pallet::<T>::product([(&after_c, 1), (&taken_c, multiple)]).expect("valid ciphertexts");
		Balances::<T>::insert(who, owned(before));
		after
	}

	/// `issue` by the issuer to the buyer.
	pub(crate) fn issue(&mut self) -> Proved<Issue<AccountId32>> {
		let (amount, issued) = (self.fresh(1_000), self.fresh(5_000));
		let after = issued.add(&amount).expect("small amounts");
		Issued::<T>::insert(ISSUER, owned(self.encrypt(&issued)));
		IssuerQuota::<T>::insert(ISSUER, u64::MAX);
		Pallet::<T>::count_credit(&BUYER, &ISSUER);
		let parts = Issue {
			to: BUYER,
			amount: self.encrypt(&amount),
			issued_after: self.encrypt(&after),
			own_note: NOTE,
			note: NOTE,
		};
		let statement =
			Pallet::<T>::issue_statement(&ISSUER, SEQ, SALT, &parts).expect("the scene is complete");
		let proof = self.prove(&statement, &[amount.value, after.value], &[&amount, &after]);
		Proved {
			parts,
			proof,
			statement,
		}
	}

	/// `list` by the seller.
	pub(crate) fn list(&mut self) -> Proved<List> {
		let (price, stock, commodity) = (self.fresh(255), self.fresh(100), self.fresh(85_123));
		Pallet::<T>::count_listing(&SELLER);
		let parts = List {
			price: self.encrypt(&price),
			stock: self.encrypt(&stock),
			commodity: self.encrypt(&commodity),
			own_note: NOTE,
		};
		let statement =
			Pallet::<T>::list_statement(&SELLER, SEQ, SALT, &parts).expect("the scene is complete");
		let proof = self.prove(
			&statement,
			&[price.value, stock.value, commodity.value],
			&[&price, &stock, &commodity],
		);
		Proved {
			parts,
			proof,
			statement,
		}
	}

	/// A listing of the seller's with this price and stock.
	fn listed(&mut self, price: &Opening, stock: Ciphertext) -> ListingId<AccountId32> {
		let id = ListingId {
			seller: SELLER,
			seq: SEQ,
		};
		let listing = Listing {
			price: self.encrypt(price),
			version: 0,
			price_seq: SEQ,
			price_salt: SALT,
			stock,
			commodity: self.some_ciphertext(),
			salt: SALT,
			note: NOTE,
		};
		Listings::<T>::insert(SELLER, SEQ, listing);
		Pallet::<T>::count_listing(&SELLER);
		id
	}

	/// Some listing of the seller's.
	pub(crate) fn listing(&mut self) -> ListingId<AccountId32> {
		let price = self.fresh(255);
		let stock = self.some_ciphertext();
		self.listed(&price, stock)
	}

	/// A quote of it for the buyer, who has another from the seller besides.
	pub(crate) fn quote(&mut self, id: &ListingId<AccountId32>) {
		let quote = || Quote {
			version: 0,
			note: NOTE,
		};
		let other = ListingId {
			seq: SEQ.saturating_add(1),
			..id.clone()
		};
		Pallet::<T>::put_quote(&BUYER, &other, quote());
		Pallet::<T>::put_quote(&BUYER, id, quote());
	}

	/// `order` by the buyer, who was quoted the listing.
	pub(crate) fn order(&mut self) -> Proved<PlaceOrder<AccountId32>> {
		let (price, quantity, rho) = (self.fresh(255), self.fresh(6), self.fresh(0));
		let stock = self.some_ciphertext();
		let listing = self.listed(&price, stock);
		self.quote(&listing);
		Pallet::<T>::count_order(&BUYER);
		let total = price
			.scale(quantity.value)
			.and_then(|total| total.add(&rho))
			.expect("small amounts");
		let after = self.endow(&BUYER, &total, 1);
		let parts = PlaceOrder {
			listing,
			version: 0,
			quantity: self.encrypt(&quantity),
			total: self.encrypt(&total),
			balance_after: self.encrypt(&after),
			own_note: NOTE,
			note: NOTE,
			quote: NOTE,
		};
		let statement =
			Pallet::<T>::order_statement(&BUYER, SEQ, SALT, &parts).expect("the scene is complete");
		let proof = self.prove(
			&statement,
			&[quantity.value, after.value],
			&[&quantity, &rho, &after],
		);
		Proved {
			parts,
			proof,
			statement,
		}
	}

	/// An order of the buyer's in this state, by these ciphertexts. Its deadline is far away.
	fn ordered(
		&mut self,
		seq: u64,
		state: OrderState,
		[quantity, total]: [Ciphertext; 2],
	) -> OrderId<AccountId32> {
		let id = OrderId { buyer: BUYER, seq };
		let order = Order {
			listing: ListingId {
				seller: SELLER,
				seq: SEQ,
			},
			version: 0,
			price_seq: SEQ,
			price_salt: SALT,
			quantity,
			total,
			terms: TERMS,
			state,
			since: 0,
			due: None,
			salt: SALT,
			note: NOTE,
			own_note: NOTE,
			quote: NOTE,
			open_credits: 0,
		};
		Pallet::<T>::count_order(&BUYER);
		OrdersOfSeller::<T>::insert(SELLER, &id, ());
		Pallet::<T>::enter(&id, order, state);
		id
	}

	/// Some order of the buyer's in this state.
	pub(crate) fn order_in(&mut self, state: OrderState) -> OrderId<AccountId32> {
		let ciphertexts = [self.some_ciphertext(), self.some_ciphertext()];
		// Another one beside it, so that nothing is the last of its kind.
		self.ordered(SEQ.saturating_add(1), state, ciphertexts.clone());
		self.ordered(SEQ, state, ciphertexts)
	}

	/// The same whose deadline has fallen, the only one on the agenda.
	pub(crate) fn overdue(&mut self, state: OrderState) -> OrderId<AccountId32> {
		let ciphertexts = [self.some_ciphertext(), self.some_ciphertext()];
		let id = self.ordered(SEQ, state, ciphertexts);
		let fallen: Moment = 0;
		Orders::<T>::mutate(BUYER, SEQ, |order| {
			if let Some(order) = order {
				Pallet::<T>::unschedule(&id, order.due);
				order.due = Some(fallen);
			}
		});
		Pallet::<T>::schedule(&id, fallen);
		id
	}

	/// Credits of finished orders, each the last of its order, so that collecting them removes the orders.
	pub(crate) fn last_credits(&mut self, count: u32) -> Vec<CreditId<AccountId32>> {
		let ciphertexts = [self.some_ciphertext(), self.some_ciphertext()];
		(0..count)
			.map(|number| {
				let seq = u64::from(number);
				self.ordered(seq, OrderState::Refunded, ciphertexts.clone());
				Orders::<T>::mutate(BUYER, seq, |order| {
					if let Some(order) = order {
						order.open_credits = 1;
					}
				});
				let id = CreditId {
					creator: BUYER,
					seq,
					kind: CreditKind::Refund,
				};
				let [_, total] = ciphertexts.clone();
				Incoming::<T>::insert(BUYER, &id, credit(total));
				id
			})
			.collect()
	}

	/// A transfer from the buyer that waits for the seller, old enough to be reclaimed; another waits beside it.
	pub(crate) fn transferred(&mut self) -> CreditId<AccountId32> {
		let id = CreditId {
			creator: BUYER,
			seq: SEQ.saturating_sub(1),
			kind: CreditKind::Transfer,
		};
		let waiting = Credit {
			reclaim_from: Some(0),
			..credit(self.some_ciphertext())
		};
		Incoming::<T>::insert(SELLER, &id, waiting);
		for _ in 0..2 {
			Pallet::<T>::count_credit(&SELLER, &BUYER);
		}
		Pallet::<T>::count_credit(&BUYER, &BUYER);
		id
	}

	/// A redemption of the buyer's that waits for the issuer.
	pub(crate) fn redemption(&mut self) -> RedemptionId<AccountId32> {
		let id = RedemptionId {
			holder: BUYER,
			seq: SEQ,
		};
		let redemption = Redemption {
			amount: self.some_ciphertext(),
			note: NOTE,
		};
		Redemptions::<T>::insert(ISSUER, &id, redemption);
		for _ in 0..2 {
			Pallet::<T>::count_redemption(&ISSUER, &BUYER);
		}
		id
	}

	/// `accept` by the seller, with the largest bond.
	pub(crate) fn accept(&mut self) -> Proved<Accept<AccountId32>> {
		let (price, quantity, total) = (self.fresh(255), self.fresh(6), self.fresh(1_530));
		let stock_after = self.fresh(94);
		let [x, s, r] = [&quantity, &total, &stock_after].map(|opening| self.encrypt(opening));
		let stock = Pallet::<T>::product([(&r, 1), (&x, 1)]).expect("valid ciphertexts");
		self.listed(&price, stock);
		let order = self.ordered(SEQ, OrderState::Placed, [x, s]);
		let balance_after = self.endow(&SELLER, &total, TERMS.bond_multiple);
		let parts = Accept {
			order,
			stock_after: r,
			balance_after: self.encrypt(&balance_after),
			own_note: NOTE,
			stock_note: NOTE,
		};
		let statement =
			Pallet::<T>::accept_statement(&SELLER, SEQ, SALT, &parts).expect("the scene is complete");
		let proof = self.prove(
			&statement,
			&[stock_after.value, balance_after.value],
			&[&stock_after, &balance_after],
		);
		Proved {
			parts,
			proof,
			statement,
		}
	}

	/// `dispute` by the buyer of something that was shipped.
	pub(crate) fn dispute(&mut self) -> Proved<Dispute> {
		let total = self.fresh(1_530);
		let ciphertexts = [self.some_ciphertext(), self.encrypt(&total)];
		self.ordered(SEQ, OrderState::Shipped, ciphertexts);
		let after = self.endow(&BUYER, &total, 1);
		let parts = Dispute {
			order: SEQ,
			balance_after: self.encrypt(&after),
			own_note: NOTE,
		};
		let statement =
			Pallet::<T>::dispute_statement(&BUYER, SEQ, SALT, &parts).expect("the scene is complete");
		let proof = self.prove(&statement, &[after.value], &[&after]);
		Proved {
			parts,
			proof,
			statement,
		}
	}

	/// The parts of a payment by the buyer, and the openings of amount and balance afterwards.
	fn payment(&mut self, to: AccountId32) -> (Payment<AccountId32>, Opening, Opening) {
		let amount = self.fresh(500);
		let after = self.endow(&BUYER, &amount, 1);
		let parts = Payment {
			to,
			amount: self.encrypt(&amount),
			balance_after: self.encrypt(&after),
			own_note: NOTE,
			note: NOTE,
		};
		(parts, amount, after)
	}

	/// `transfer` by the buyer to the seller.
	pub(crate) fn transfer(&mut self) -> Proved<Payment<AccountId32>> {
		let (parts, amount, after) = self.payment(SELLER);
		Pallet::<T>::count_credit(&SELLER, &BUYER);
		let statement =
			Pallet::<T>::transfer_statement(&BUYER, SEQ, SALT, &parts).expect("the scene is complete");
		let proof = self.prove(&statement, &[amount.value, after.value], &[&amount, &after]);
		Proved {
			parts,
			proof,
			statement,
		}
	}

	/// `redeem` by the buyer with the issuer.
	pub(crate) fn redeem(&mut self) -> Proved<Payment<AccountId32>> {
		let (parts, amount, after) = self.payment(ISSUER);
		Pallet::<T>::count_redemption(&ISSUER, &BUYER);
		let statement =
			Pallet::<T>::redeem_statement(&BUYER, SEQ, SALT, &parts).expect("the scene is complete");
		let proof = self.prove(&statement, &[amount.value, after.value], &[&amount, &after]);
		Proved {
			parts,
			proof,
			statement,
		}
	}

	/// `reprice` by the seller.
	pub(crate) fn reprice(&mut self) -> Proved<Reprice> {
		self.listing();
		let price = self.fresh(300);
		let parts = Reprice {
			listing: SEQ,
			version: 1,
			price: self.encrypt(&price),
			own_note: NOTE,
		};
		let statement =
			Pallet::<T>::reprice_statement(&SELLER, SEQ, SALT, &parts).expect("the scene is complete");
		let proof = self.prove(&statement, &[price.value], &[&price]);
		Proved {
			parts,
			proof,
			statement,
		}
	}

	/// `restock` by the seller.
	pub(crate) fn restock(&mut self) -> Proved<Restock> {
		self.listing();
		let delivery = self.fresh(20);
		let parts = Restock {
			listing: SEQ,
			version: 0,
			delivery: self.encrypt(&delivery),
			own_note: NOTE,
		};
		let statement =
			Pallet::<T>::restock_statement(&SELLER, SEQ, SALT, &parts).expect("the scene is complete");
		let proof = self.prove(&statement, &[delivery.value], &[&delivery]);
		Proved {
			parts,
			proof,
			statement,
		}
	}

	/// `refresh` by the seller of a credit: of all that can be refreshed the largest, and money.
	pub(crate) fn refresh(&mut self) -> Proved<Refresh<AccountId32>> {
		let (old, new) = (self.fresh(500), self.fresh(500));
		let id = self.transferred();
		Incoming::<T>::insert(SELLER, &id, credit(self.encrypt(&old)));
		let encryptor = self.prover.encryptor();
		let root = encryptor
			.root(&new.nonce.sub(&old.nonce))
			.expect("nonces of the scene are in range");
		let key = encryptor.key();
		let residue = Ciphertext::from_slice(&key.encode(&key.power_of_root(&root)));
		let parts = Refresh {
			target: RefreshTarget::Credit(id),
			after: self.encrypt(&new),
			residue: residue.expect("the length is fixed"),
			own_note: NOTE,
		};
		let statement =
			Pallet::<T>::refresh_statement(&SELLER, SEQ, SALT, &parts).expect("the scene is complete");
		let proof = self
			.prover
			.prove_refresh(&statement, &root, &mut self.rng)
			.expect("the scene proves true statements")
			.try_into()
			.expect("no proof is longer");
		Proved {
			parts,
			proof,
			statement,
		}
	}

	/// The issuer has issued something and has a quota.
	pub(crate) fn issued(&mut self) {
		Issued::<T>::insert(ISSUER, owned(self.some_ciphertext()));
		IssuerQuota::<T>::insert(ISSUER, 1);
		ReservedQuota::<T>::insert(ISSUER, 1);
	}
}

/// A ciphertext with its owner's note.
fn owned(ciphertext: Ciphertext) -> Owned {
	Owned {
		ciphertext,
		note: Some(NOTE),
	}
}

/// A credit with all notes that one can have.
fn credit(amount: Ciphertext) -> Credit {
	Credit {
		amount,
		note: Some(NOTE),
		sender_note: Some(NOTE),
		reclaim_from: Some(0),
	}
}

/// Gives an account the longest certificate.
fn certify<T: Config>(who: &AccountId32, roles: Roles) {
	let certificate = Certificate {
		roles,
		organisation: [b'o'; 64].to_vec().try_into().expect("as long as it may be"),
		view_key: ViewKey::new([7; 32]).map(|key| pallet_certificates::ViewKeyRecord { key, index: 0 }),
		valid_until: Some(Moment::MAX),
		status: Status::Active,
	};
	frame_system::Pallet::<T>::inc_providers(who);
	Certificates::<T>::insert(who, certificate);
}

//! A small ledger: what the node has after each block, and what a transaction makes of it.
//!
//! It checks what concerns these tests: who may call, sequence numbers, the identities of ciphertexts. Proofs are checked
//! by the ledger of the wallet's own tests and on a real chain.

use std::{collections::BTreeMap, sync::LazyLock};

use codec::Encode;
use frame_system::{DispatchEventInfo, EventRecord, Phase};
use pallet_certificates::{
	signing_payload, Call as CertificateCall, Certificate, CertificateRequest, Error as CertificateError,
	Event as CertificateEvent, Role, Status, ViewKeyRecord,
};
use pallet_ecommerce::{
	runtime_api::AccountState, Accumulators, Call, Ciphertext, Credit, CreditId, CreditKind, Event,
	GenesisKey, Listing, ListingId, Order, OrderId, OrderState, Owned, RefreshTarget, Salt, SealedNote,
	Terms,
};
use rand_core::OsRng;
use sp_core::{sr25519, Pair};
use sp_runtime::DispatchError;
use veilmart_cli::{account::Account, ca, chain, commodity};
use veilmart_paillier::{generate, ParameterSet, PrimeKind, ProductGroup, SecretKey};
use veilmart_runtime::{AccountId, Hash, Runtime, RuntimeCall, RuntimeEvent};
use veilmart_wallet::{notes, opening::Opened, state, Wallet};

use crate::{node::BEGINNING, rpc};

pub const GENESIS: Hash = Hash::repeat_byte(1);
/// A sealed note that nobody opens.
const LOST: SealedNote = SealedNote([0x17; notes::SEALED_NOTE_BYTES]);

pub fn id(suri: &str) -> AccountId {
	Account::development(suri).unwrap().id()
}

/// What is on the chain after a block.
#[derive(Clone)]
pub struct State {
	pub accounts: BTreeMap<AccountId, AccountState>,
	pub incoming: BTreeMap<AccountId, Vec<(CreditId<AccountId>, Credit)>>,
	pub listings: Vec<(ListingId<AccountId>, Listing)>,
	pub orders: Vec<(OrderId<AccountId>, Order<AccountId>)>,
	pub certificates: BTreeMap<AccountId, Certificate<AccountId, u64>>,
	/// Of the last requests that were accepted.
	pub counters: BTreeMap<AccountId, u64>,
	pub authority: AccountId,
	pub issued: Ciphertext,
	pub redeemed: Ciphertext,
	pub zeroed: Ciphertext,
	pub key: GenesisKey,
}

/// A block: its transactions, what they announced, what is on the chain after it.
#[derive(Clone)]
pub struct Block {
	pub extrinsics: Vec<Vec<u8>>,
	pub events: Vec<chain::Event>,
	pub state: State,
}

impl State {
	fn group(&self) -> ProductGroup {
		ProductGroup::new(&self.key.modulus)
	}

	pub fn product<'a>(&self, factors: impl IntoIterator<Item = &'a Ciphertext>) -> Ciphertext {
		let factors = factors.into_iter().map(|factor| (factor.as_ref(), 1));
		Ciphertext::from_slice(&self.group().product(factors).unwrap()).unwrap()
	}

	pub fn accumulators(&self) -> Accumulators {
		let held = |holds: fn(OrderState) -> bool| {
			self.orders
				.iter()
				.filter(move |(_, order)| holds(order.state))
				.map(|(_, order)| order)
		};
		let bonds = held(OrderState::holds_bond)
			.flat_map(|order| std::iter::repeat_n(&order.total, order.terms.bond_multiple as usize));
		Accumulators {
			issued: self.issued.clone(),
			redeemed: self.redeemed.clone(),
			zeroed: self.zeroed.clone(),
			balances: self.product(self.accounts.values().map(|state| &state.balance.ciphertext)),
			incoming: self.product(self.incoming.values().flatten().map(|(_, credit)| &credit.amount)),
			totals: self.product(held(OrderState::holds_total).map(|order| &order.total)),
			bonds: self.product(bonds),
			deposits: self.product(held(OrderState::holds_deposit).map(|order| &order.total)),
		}
	}

	/// A runtime API's answer.
	pub fn call(&self, method: &str, arguments: &[u8]) -> Vec<u8> {
		let of = |account: &AccountId| account.encode() == arguments;
		match method {
			"EcommerceApi_market" => rpc::market(&self.key, 0).encode(),
			"EcommerceApi_modulus_proof" => self.key.proof.encode(),
			"EcommerceApi_accumulators" => Some(self.accumulators()).encode(),
			"EcommerceApi_account" => {
				let found = self.accounts.iter().find(|(account, _)| of(account));
				let new = AccountState {
					seq: 0,
					balance: Owned::default(),
					issued: Owned::default(),
					issuer_quota: 0,
				};
				found.map_or(new, |(_, state)| state.clone()).encode()
			}
			"EcommerceApi_incoming" => {
				let found = self.incoming.iter().find(|(account, _)| of(account));
				found
					.map(|(_, credits)| credits.clone())
					.unwrap_or_default()
					.encode()
			}
			"EcommerceApi_listing" => {
				let found = self.listings.iter().find(|(id, _)| id.encode() == arguments);
				found.map(|(_, listing)| listing.clone()).encode()
			}
			"EcommerceApi_listings" => {
				let own = self.listings.iter().filter(|(id, _)| of(&id.seller));
				own.cloned().collect::<Vec<_>>().encode()
			}
			"EcommerceApi_order" => {
				let found = self.orders.iter().find(|(id, _)| id.encode() == arguments);
				found.map(|(_, order)| order.clone()).encode()
			}
			"CertificatesApi_certificate" => {
				let found = self.certificates.iter().find(|(account, _)| of(account));
				found.map(|(_, certificate)| certificate.clone()).encode()
			}
			"CertificatesApi_request_counter" => {
				let found = self.counters.iter().find(|(account, _)| of(account));
				found.map_or(0, |(_, counter)| *counter).encode()
			}
			"CertificatesApi_certificate_authority" => Some(self.authority.clone()).encode(),
			"AccountNonceApi_account_nonce" => 0u32.encode(),
			method => panic!("the test did not expect {method}"),
		}
	}

	/// Dispatches a call.
	fn dispatch(&mut self, sender: &AccountId, call: RuntimeCall) -> Result<RuntimeEvent, DispatchError> {
		let of_authority = || {
			if *sender == self.authority {
				Ok(())
			} else {
				Err(DispatchError::BadOrigin)
			}
		};
		match call {
			RuntimeCall::Ecommerce(Call::record_disclosure { subject }) => {
				of_authority()?;
				Ok(Event::Disclosed { subject }.into())
			}
			RuntimeCall::Ecommerce(Call::refresh {
				seq,
				target,
				after,
				residue,
				own_note,
				..
			}) => self.refresh(sender, seq, target, *after, *residue, *own_note),
			RuntimeCall::Certificates(CertificateCall::issue {
				request,
				signature,
				valid_until,
			}) => {
				of_authority()?;
				let (account, roles) = (request.account.clone(), request.roles);
				assert!(!self.certificates.contains_key(&account), "it has one");
				self.certify(request, &signature, valid_until)?;
				Ok(CertificateEvent::Issued {
					account,
					roles,
					valid_until,
				}
				.into())
			}
			RuntimeCall::Certificates(CertificateCall::renew {
				request,
				signature,
				valid_until,
			}) => {
				of_authority()?;
				let (account, roles) = (request.account.clone(), request.roles);
				assert!(self.certificates.contains_key(&account), "it has none");
				self.certify(request, &signature, valid_until)?;
				Ok(CertificateEvent::Renewed {
					account,
					roles,
					valid_until,
				}
				.into())
			}
			RuntimeCall::Certificates(CertificateCall::revoke { account }) => {
				of_authority()?;
				self.certificates.get_mut(&account).unwrap().status = Status::Revoked;
				Ok(CertificateEvent::Revoked { account }.into())
			}
			RuntimeCall::Certificates(CertificateCall::reinstate { account }) => {
				of_authority()?;
				self.certificates.get_mut(&account).unwrap().status = Status::Active;
				Ok(CertificateEvent::Reinstated { account }.into())
			}
			RuntimeCall::Ecommerce(Call::set_issuer_quota { issuer, quota }) => {
				of_authority()?;
				self.accounts.get_mut(&issuer).unwrap().issuer_quota = quota;
				Ok(Event::IssuerQuotaSet { issuer, quota }.into())
			}
			call => panic!("the test did not expect {call:?}"),
		}
	}

	/// What a request asks for, once it is the applicant's, newer than the last one, and not over already.
	fn certify(
		&mut self,
		request: CertificateRequest<AccountId>,
		signature: &sr25519::Signature,
		valid_until: Option<u64>,
	) -> Result<(), DispatchError> {
		let public = sr25519::Public::from_raw(*AsRef::<[u8; 32]>::as_ref(&request.account));
		assert!(
			sr25519::Pair::verify(signature, signing_payload(&GENESIS, &request), &public),
			"the command sends what the applicant signed"
		);
		let account = request.account;
		let last = self.counters.get(&account).copied().unwrap_or_default();
		if request.counter <= last {
			return Err(CertificateError::<Runtime>::StaleCounter.into());
		}
		if valid_until.is_some_and(|end| end <= BEGINNING) {
			return Err(CertificateError::<Runtime>::ValidityPast.into());
		}
		self.counters.insert(account.clone(), request.counter);
		let before = self.certificates.get(&account);
		let registered = before.and_then(|certificate| certificate.view_key);
		let view_key = match (request.view_key, registered) {
			(Some(key), None) => Some(ViewKeyRecord { key, index: 0 }),
			(Some(key), Some(record)) if key != record.key => Some(ViewKeyRecord {
				key,
				index: record.index + 1,
			}),
			_ => registered,
		};
		let certificate = Certificate {
			roles: request.roles,
			organisation: request.organisation,
			view_key,
			valid_until,
			status: before.map_or(Status::Active, |certificate| certificate.status.clone()),
		};
		self.certificates.insert(account, certificate);
		Ok(())
	}

	fn refresh(
		&mut self,
		sender: &AccountId,
		seq: u64,
		target: RefreshTarget<AccountId>,
		after: Ciphertext,
		residue: Ciphertext,
		own_note: SealedNote,
	) -> Result<RuntimeEvent, DispatchError> {
		let state = self.accounts.get_mut(sender).unwrap();
		assert_eq!(seq, state.seq, "the call is the next of its sender");
		state.seq += 1;
		let group = ProductGroup::new(&self.key.modulus);
		let product = |one: &Ciphertext| group.product([(one.as_ref(), 1), (residue.as_ref(), 1)]).unwrap();
		let (ciphertext, is_money) = match &target {
			RefreshTarget::Balance => {
				state.balance.note = Some(own_note);
				(&mut state.balance.ciphertext, true)
			}
			RefreshTarget::Credit(id) => {
				let mut credits = self.incoming.get_mut(sender).unwrap().iter_mut();
				let (_, credit) = credits.find(|(found, _)| found == id).unwrap();
				(credit.note, credit.sender_note) = (Some(own_note), None);
				(&mut credit.amount, true)
			}
			RefreshTarget::Stock(number) => {
				let mut listings = self.listings.iter_mut();
				let (_, listing) = listings
					.find(|(id, _)| id.seller == *sender && id.seq == *number)
					.unwrap();
				listing.note = own_note;
				(&mut listing.stock, false)
			}
		};
		if product(ciphertext) != after.as_ref() {
			return Err(DispatchError::Other("the identity is broken"));
		}
		*ciphertext = after;
		if is_money {
			self.zeroed = Ciphertext::from_slice(&product(&self.zeroed)).unwrap();
		}
		Ok(Event::Refreshed {
			account: sender.clone(),
			target,
		}
		.into())
	}
}

impl Block {
	/// The next block, with this transaction in it.
	pub fn next(&self, sender: &AccountId, call: RuntimeCall, extrinsic: Vec<u8>) -> Self {
		let mut state = self.state.clone();
		let dispatch_info = DispatchEventInfo::default();
		let outcome = state.dispatch(sender, call);
		let events = match outcome {
			Ok(event) => vec![
				event,
				frame_system::Event::ExtrinsicSuccess { dispatch_info }.into(),
			],
			Err(dispatch_error) => {
				state = self.state.clone();
				vec![frame_system::Event::ExtrinsicFailed {
					dispatch_error,
					dispatch_info,
				}
				.into()]
			}
		};
		Self {
			extrinsics: vec![extrinsic],
			events: events
				.into_iter()
				.map(|event| EventRecord {
					phase: Phase::ApplyExtrinsic(0),
					event,
					topics: Vec::new(),
				})
				.collect(),
			state,
		}
	}
}

fn certificate(suri: &str, role: Role) -> (AccountId, Certificate<AccountId, u64>) {
	let account = Account::development(suri).unwrap();
	let certificate = Certificate {
		roles: [role].into(),
		organisation: b"Corner Shop".to_vec().try_into().unwrap(),
		view_key: Some(ViewKeyRecord {
			key: account.view_key(0).unwrap(),
			index: 0,
		}),
		valid_until: None,
		status: Status::Active,
	};
	(account.id(), certificate)
}

/// The credit that waits for Bob.
pub fn credit_of_bob() -> CreditId<AccountId> {
	CreditId {
		creator: id("//Issuer"),
		seq: 1,
		kind: CreditKind::Issued,
	}
}

/// A ledger on which Bob cannot open his balance of 500.00 nor a credit of 12.00, and Alice not the stock of her listing
/// number 2: 40 pieces of 85123A at 12.50. Bob's order number 3, of two pieces, is disputed. 5.00 were redeemed.
pub fn ledger() -> &'static (SecretKey, State) {
	// A key of its own with the proof about it takes seconds.
	static MADE: LazyLock<(SecretKey, State)> = LazyLock::new(make);
	&MADE
}

fn make() -> (SecretKey, State) {
	let set = ParameterSet::Paillier2048;
	let secret = generate(set, PrimeKind::Plain, &mut OsRng, &mut || {});
	let key = secret.public().clone();
	let [alice, bob, issuer] = ["//Alice", "//Bob", "//Issuer"].map(|suri| {
		let account = Account::development(suri).unwrap();
		Wallet::new(account.keys(), key.clone(), GENESIS.0).unwrap()
	});
	let party = |wallet: &Wallet, index| state::Party {
		account: wallet.account(),
		view_key: wallet.keys().view_key(index).public(),
	};
	let mut rng = OsRng;
	let to = party(&bob, 0);
	let money = issuer
		.issue(0, &Opened::zero(), 1_000_000, &to, 50_000, &mut rng)
		.unwrap();
	// Sealed to a key that is not in force: the credit does not open.
	let lost_to = party(&bob, 9);
	let lost = issuer
		.issue(1, &money.issued, 1_000_000, &lost_to, 1_200, &mut rng)
		.unwrap();
	let redeemed = issuer
		.issue(2, &lost.issued, 1_000_000, &to, 500, &mut rng)
		.unwrap();
	let item = commodity::encode("85123A").unwrap();
	let listed = alice.list(2, 1_250, 40, item, &mut rng).unwrap();
	let listing = ListingId {
		seller: id("//Alice"),
		seq: 2,
	};
	let stored = Listing {
		price: listed.price,
		version: 0,
		price_seq: 2,
		price_salt: Salt(listed.salt),
		stock: listed.stock,
		commodity: listed.commodity,
		salt: Salt(listed.salt),
		note: LOST,
	};
	let quote = alice.quote(3, &listed.listing, &to, &mut rng).unwrap();
	let quote = state::Quote {
		version: 0,
		note: quote.note,
	};
	let of_wallet = state::Listing {
		name: state::ListingName {
			seller: alice.account(),
			seq: 2,
		},
		version: 0,
		price: stored.price.clone(),
		price_seq: 2,
		price_salt: listed.salt,
		stock: stored.stock.clone(),
		commodity: stored.commodity.clone(),
		salt: listed.salt,
		note: listed.own_note,
	};
	let quoted = bob.open_quote(&of_wallet, &quote).unwrap();
	let name = state::CreditName {
		creator: issuer.account(),
		seq: 0,
		kind: state::CreditKind::Issued,
	};
	let waits = state::Credit {
		name,
		amount: money.amount.clone(),
		note: Some(money.note),
	};
	let opened = bob.open_credit(&waits, None).unwrap();
	let terms = Terms::default();
	let order = bob
		.order(
			3,
			&opened,
			&quoted,
			2,
			&terms.into(),
			&party(&alice, 0).view_key,
			&mut rng,
		)
		.unwrap();
	let stored_order = Order {
		listing: listing.clone(),
		version: 0,
		price_seq: 2,
		price_salt: Salt(listed.salt),
		quantity: order.quantity,
		total: order.total,
		terms,
		state: OrderState::Disputed,
		since: 0,
		due: None,
		salt: Salt(order.salt),
		note: SealedNote(order.note),
		own_note: SealedNote(order.own_note),
		quote: SealedNote(order.quote),
		open_credits: 0,
	};
	let account = |seq, ciphertext, note| AccountState {
		seq,
		balance: Owned { ciphertext, note },
		issued: Owned::default(),
		issuer_quota: 0,
	};
	let mut state = State {
		accounts: [
			(id("//Bob"), account(4, money.amount, Some(LOST))),
			(id("//Alice"), account(4, Ciphertext::ONE, None)),
		]
		.into(),
		incoming: [(
			id("//Bob"),
			vec![(
				credit_of_bob(),
				Credit {
					amount: lost.amount,
					note: Some(SealedNote(lost.note)),
					sender_note: Some(SealedNote(lost.own_note)),
					reclaim_from: None,
				},
			)],
		)]
		.into(),
		listings: vec![(listing, stored)],
		orders: vec![(
			OrderId {
				buyer: id("//Bob"),
				seq: 3,
			},
			stored_order,
		)],
		certificates: [
			certificate("//Alice", Role::Seller),
			certificate("//Bob", Role::Buyer),
		]
		.into(),
		counters: BTreeMap::new(),
		authority: id("//CA"),
		issued: Ciphertext::ONE,
		redeemed: redeemed.amount,
		zeroed: Ciphertext::ONE,
		key: ca::public_part(&secret).unwrap(),
	};
	// Whatever is there was issued.
	let there = state.accumulators();
	state.issued = state.product([
		&there.balances,
		&there.incoming,
		&there.totals,
		&there.bonds,
		&there.deposits,
		&there.redeemed,
	]);
	(secret, state)
}

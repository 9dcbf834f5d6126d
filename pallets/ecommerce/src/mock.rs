//! A runtime of four pallets, and parties that know their openings.
//!
//! The parties prove with `veilmart-confidential` directly and keep their books by plain addition, so that what the tests
//! expect does not come from the wallet.

use crate::{
	self as pallet_ecommerce, Call, CheckProof, Ciphertext, CreditId, CreditKind, ListingId, OrderId, Proof,
	ProofWeight, Salt, SealedNote, Terms,
};
use codec::Encode;
use frame_support::{
	derive_impl, parameter_types,
	traits::{Contains, Time},
	weights::Weight,
};
use frame_system::EnsureRoot;
use pallet_certificates::{CheckCertificate, GenesisCertificate, Moment, Role, Roles, ViewKey};
use rand_core::{OsRng, RngCore};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	traits::{DispatchTransaction, Dispatchable, IdentityLookup},
	transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
	AccountId32, BuildStorage, DispatchError, Storage,
};
use std::sync::LazyLock;
use veilmart_confidential::{
	statements::{self, AcceptParts, ListingName, OrderName, OrderParts},
	Context, ProofError, Prover, Statement, Witness, PARAMETER_SET,
};
use veilmart_paillier::{test_keys, Encryptor, FreshNonce, Opening, PublicKey, SecretKey};
use veilmart_verification_host::{LedgerKey, Native, Portable, Verification};

/// Issues money. Has registered no view key; everybody else in genesis has.
pub const ISSUER: Sr25519Keyring = Sr25519Keyring::Ferdie;
/// Buys.
pub const BUYER: Sr25519Keyring = Sr25519Keyring::Alice;
/// Sells.
pub const SELLER: Sr25519Keyring = Sr25519Keyring::Bob;
/// Buys and sells.
pub const TRADER: Sr25519Keyring = Sr25519Keyring::Charlie;
/// The certificate authority.
pub const CA: Sr25519Keyring = Sr25519Keyring::Eve;
/// Has no certificate.
pub const OUTSIDER: Sr25519Keyring = Sr25519Keyring::Dave;
/// What the issuer may issue.
pub const QUOTA: u64 = 1_000_000;

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Utility: pallet_utility,
		Certificates: pallet_certificates,
		Ecommerce: pallet_ecommerce,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type AccountId = AccountId32;
	type Block = Block;
	type Lookup = IdentityLookup<AccountId32>;
	type Nonce = u64;
}

impl pallet_utility::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type PalletsOrigin = OriginCaller;
	type WeightInfo = ();
}

parameter_types! {
	pub static Now: Moment = 1_000_000;
	pub static VerifyBy: By = By::Native;
	pub static MaxListings: u32 = 100;
	pub static MaxQuotesPerPair: u32 = 100;
	pub static MaxOrders: u32 = 100;
	pub static MaxCreditsPerPair: u32 = 100;
	pub const CallQuota: u32 = 1_000;
	pub const QuotaPeriod: Moment = 60_000;
}

/// Who verifies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
	Native,
	Portable,
	/// Somebody who believes everything: a memory of verdicts that was tampered with.
	Credulous,
}

/// Verification that tests can switch.
pub struct Switched;
impl Verification for Switched {
	fn verify(key: LedgerKey, statement: &Statement, proof: &[u8]) -> Result<(), ProofError> {
		match VerifyBy::get() {
			By::Native => Native::verify(key, statement, proof),
			By::Portable => Portable::verify(key, statement, proof),
			By::Credulous => Ok(()),
		}
	}
}

/// What a proof weighs in the mock: unlike anything else.
pub const PROOF: Weight = Weight::from_parts(7_000_000_000_000, 7_000_000);
impl ProofWeight for Switched {
	fn issue() -> Weight {
		PROOF
	}

	fn list() -> Weight {
		PROOF
	}

	fn order() -> Weight {
		PROOF
	}

	fn accept() -> Weight {
		PROOF
	}
}

pub struct Clock;
impl Time for Clock {
	type Moment = Moment;
	fn now() -> Moment {
		Now::get()
	}
}

pub struct Nobody;
impl Contains<AccountId32> for Nobody {
	fn contains(_: &AccountId32) -> bool {
		false
	}
}

pub struct Finishing;
impl Contains<RuntimeCall> for Finishing {
	fn contains(call: &RuntimeCall) -> bool {
		matches!(
			call,
			RuntimeCall::Ecommerce(Call::ship { .. } | Call::confirm { .. } | Call::collect { .. })
		)
	}
}

impl pallet_certificates::Config for Test {
	type WeightInfo = ();
	type Time = Clock;
	type GovernanceOrigin = EnsureRoot<AccountId32>;
	type Privileged = Nobody;
	type AllowedWithoutCertificate = Finishing;
	type CallUnits = ();
	type CallQuota = CallQuota;
	type QuotaPeriod = QuotaPeriod;
}

impl crate::Config for Test {
	type WeightInfo = ();
	type Verification = Switched;
	type MaxListings = MaxListings;
	type MaxQuotesPerPair = MaxQuotesPerPair;
	type MaxOrders = MaxOrders;
	type MaxCreditsPerPair = MaxCreditsPerPair;
}

/// The genesis of most tests, built once: the proof about the key takes half a second.
static STORAGE: LazyLock<Storage> = LazyLock::new(|| {
	let entry = |roles: Roles| GenesisCertificate {
		roles,
		organisation: "Genesis Goods".into(),
		view_key: ViewKey::new([7; 32]),
		valid_until: None,
	};
	RuntimeGenesisConfig {
		certificates: pallet_certificates::GenesisConfig {
			ca: Some(CA.to_account_id()),
			certificates: vec![
				(
					ISSUER.to_account_id(),
					GenesisCertificate {
						view_key: None,
						..entry([Role::Issuer].into())
					},
				),
				(BUYER.to_account_id(), entry([Role::Buyer].into())),
				(SELLER.to_account_id(), entry([Role::Seller].into())),
				(TRADER.to_account_id(), entry([Role::Buyer, Role::Seller].into())),
			],
		},
		ecommerce: crate::GenesisConfig {
			key: Some(test_key()),
			issuer_quotas: vec![(ISSUER.to_account_id(), QUOTA)],
			terms: None,
		},
		..Default::default()
	}
	.build_storage()
	.expect("the genesis of a test builds")
});

/// The published test key.
pub fn test_key() -> crate::GenesisKey {
	crate::GenesisKey {
		modulus: test_keys::modulus(PARAMETER_SET).to_vec(),
		proof: test_keys::proof(PARAMETER_SET).to_vec(),
	}
}

/// Its secret half.
pub static SECRET: LazyLock<SecretKey> =
	LazyLock::new(|| test_keys::secret(PARAMETER_SET).expect("the test key is well formed"));

/// A prover for it.
pub static PROVER: LazyLock<Prover> = LazyLock::new(|| {
	let key =
		PublicKey::from_modulus(test_keys::modulus(PARAMETER_SET)).expect("the test key is well formed");
	Prover::new(Encryptor::new(key))
});

/// Runs a test, then everything that always holds.
pub fn execute(test: impl FnOnce()) {
	Now::set(1_000_000);
	VerifyBy::set(By::Native);
	MaxListings::set(100);
	MaxQuotesPerPair::set(100);
	MaxOrders::set(100);
	MaxCreditsPerPair::set(100);
	let mut ext = sp_io::TestExternalities::new(STORAGE.clone());
	ext.execute_with(|| {
		System::set_block_number(1);
		System::inc_providers(&OUTSIDER.to_account_id());
		test();
		Ecommerce::do_try_state().expect("the state after the test");
	});
}

/// An opening of this value under a fresh nonce.
pub fn fresh(value: u64) -> Opening {
	Opening {
		value,
		nonce: FreshNonce::random(PARAMETER_SET, &mut OsRng).nonce().clone(),
	}
}

/// The ciphertext of an opening.
pub fn encrypt(opening: &Opening) -> Ciphertext {
	let encryptor = PROVER.encryptor();
	let residue = encryptor
		.encrypt_opening(opening)
		.expect("nonces of tests are in range");
	Ciphertext::from_slice(&encryptor.key().encode(&residue)).expect("the length is fixed")
}

/// What a ciphertext of the ledger holds.
pub fn decrypt(ciphertext: &Ciphertext) -> u64 {
	SECRET
		.decrypt_amount(ciphertext.as_ref())
		.expect("valid")
		.expect("below 2^64")
}

/// A note with recognisable content: the ledger does not open notes.
pub fn note(byte: u8) -> SealedNote {
	SealedNote([byte; 368])
}

pub fn salt() -> Salt {
	let mut bytes = [0; 16];
	OsRng.fill_bytes(&mut bytes);
	Salt(bytes)
}

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

pub fn prove(statement: &Statement, values: Vec<u64>, nonces: &[&Opening]) -> Proof {
	let nonces = nonces.iter().map(|opening| opening.nonce.clone()).collect();
	PROVER
		.prove(statement, &Witness { values, nonces }, &mut OsRng)
		.expect("tests prove true statements")
		.try_into()
		.expect("a proof has at most this length")
}

pub fn listing_name(id: &ListingId<AccountId32>) -> ListingName {
	ListingName {
		seller: id.seller.clone().into(),
		seq: id.seq,
	}
}

pub fn terms() -> statements::Terms {
	Terms::default().into()
}

impl Party {
	pub fn new(who: Sr25519Keyring) -> Self {
		Self {
			who: who.to_account_id(),
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
		(call, Listed { id, price, stock })
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
				version: 0,
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
			version: 0,
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
		let bond = placed.total.scale(10).expect("small amounts");
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
				terms: terms(),
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

	/// The balance on the ledger, decrypted by the CA's key.
	pub fn ledger_balance(&self) -> u64 {
		decrypt(&crate::Balances::<Test>::get(&self.who).ciphertext)
	}
}

/// A market: an issuer, a buyer with 1,000.00, a seller with 5,000.00 that offers 100 pieces at 2.55.
pub struct Market {
	pub issuer: Party,
	pub buyer: Party,
	pub seller: Party,
	pub listed: Listed,
}

impl Market {
	pub fn open() -> Self {
		let (mut issuer, mut buyer, mut seller) = (Party::new(ISSUER), Party::new(BUYER), Party::new(SELLER));
		buyer.endow(&mut issuer, 100_000);
		seller.endow(&mut issuer, 500_000);
		let listed = seller.offers(255, 100);
		Self {
			issuer,
			buyer,
			seller,
			listed,
		}
	}
}

//! A runtime of four pallets, and parties that know their openings.
//!
//! The parties prove with `veilmart-confidential` directly and keep their books by plain addition, so that what the tests
//! expect does not come from the wallet.

use crate::{
	self as pallet_ecommerce, Call, CheckProof, Ciphertext, CreditId, CreditKind, ListingId, OrderId, Proof,
	ProofWeight, RefreshTarget, Salt, SealedNote, Verdict,
};
use codec::Encode;
use frame_support::{
	derive_impl, parameter_types,
	traits::{Contains, Hooks, OnTimestampSet, Time},
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
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
use veilmart_paillier::{test_keys, Encryptor, FreshNonce, Opening, PublicKey, SecretKey, SecretRoot};
use veilmart_verification_host::{LedgerKey, Native, Portable, Verification};

mod parties;

pub use parties::{Listed, Party, Placed};

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
/// Decides disputes.
pub const ARBITER: Sr25519Keyring = Sr25519Keyring::One;
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
	pub static MaxRedemptionsPerPair: u32 = 100;
	pub static ReclaimPeriod: Moment = 86_400_000;
	pub const CallQuota: u32 = 1_000;
	pub const QuotaPeriod: Moment = 1_000;
	pub static AgendaWeight: Weight = PLENTY;
	pub const HaltThreshold: Moment = 15_000;
	pub static Suspended: bool = false;
	pub static LeastPeriod: Moment = 40_000;
}

/// More than any test's agenda needs in one block.
pub const PLENTY: Weight = Weight::from_parts(100 * WEIGHT_REF_TIME_PER_MILLIS, u64::MAX);

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

	fn dispute() -> Weight {
		PROOF
	}

	fn transfer() -> Weight {
		PROOF
	}

	fn redeem() -> Weight {
		PROOF
	}

	fn reprice() -> Weight {
		PROOF
	}

	fn restock() -> Weight {
		PROOF
	}

	fn refresh() -> Weight {
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
	type Claims = ();
	type CallQuota = CallQuota;
	type QuotaPeriod = QuotaPeriod;
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper for Clock {
	fn crowd() {}
}

impl crate::Config for Test {
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Clock;
	type WeightInfo = ();
	type Verification = Switched;
	type MaxListings = MaxListings;
	type MaxQuotesPerPair = MaxQuotesPerPair;
	type MaxOrders = MaxOrders;
	type MaxCreditsPerPair = MaxCreditsPerPair;
	type MaxRedemptionsPerPair = MaxRedemptionsPerPair;
	type ReclaimPeriod = ReclaimPeriod;
	type AgendaWeight = AgendaWeight;
	type HaltThreshold = HaltThreshold;
	type LeastPeriod = LeastPeriod;
	type Suspended = Suspended;
	type CouncilOrigin = EnsureRoot<AccountId32>;
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
				(ARBITER.to_account_id(), entry([Role::Arbiter].into())),
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
	MaxRedemptionsPerPair::set(100);
	ReclaimPeriod::set(86_400_000);
	AgendaWeight::set(PLENTY);
	Suspended::set(false);
	LeastPeriod::set(40_000);
	let mut ext = sp_io::TestExternalities::new(STORAGE.clone());
	ext.execute_with(|| {
		System::set_block_number(1);
		Ecommerce::on_timestamp_set(Now::get());
		System::inc_providers(&OUTSIDER.to_account_id());
		test();
		Ecommerce::do_try_state().expect("the state after the test");
	});
}

/// Where benchmarks run once, to see that they do.
#[cfg(feature = "runtime-benchmarks")]
pub fn for_benchmarks() -> sp_io::TestExternalities {
	Now::set(1_000_000);
	VerifyBy::set(By::Native);
	let mut ext = sp_io::TestExternalities::new(STORAGE.clone());
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Gives an account a certificate and a view key.
pub fn certify(who: &AccountId32, roles: impl Into<Roles>) {
	System::inc_providers(who);
	let certificate = pallet_certificates::Certificate {
		roles: roles.into(),
		organisation: b"Corner Shop".to_vec().try_into().expect("short"),
		view_key: ViewKey::new([7; 32]).map(|key| pallet_certificates::ViewKeyRecord { key, index: 0 }),
		valid_until: None,
		status: pallet_certificates::Status::Active,
	};
	pallet_certificates::Certificates::<Test>::insert(who, certificate);
}

/// Has an account register a view key. (In genesis the issuer has none.)
pub fn register_view_key(party: &Party) {
	let counter = Certificates::request_counter(party.who.clone()) + 1;
	let key = ViewKey::new([9; 32]).expect("not of small order");
	Certificates::set_view_key(RuntimeOrigin::signed(party.who.clone()), key, counter)
		.expect("a certificate holder may");
}

/// A block that begins with the agenda, whose time is so much after that of the last one. Says what the hook weighed.
pub fn block_after(milliseconds: Moment) -> Weight {
	let number = System::block_number() + 1;
	System::set_block_number(number);
	let weight = Ecommerce::on_initialize(number);
	Now::mutate(|now| *now += milliseconds);
	Ecommerce::on_timestamp_set(Now::get());
	weight
}

/// Lets chain time pass in blocks that are ten seconds apart, so that it is no halt. What falls due at the end acts only
/// in the next block.
pub fn pass(milliseconds: Moment) {
	let mut left = milliseconds;
	while left > 0 {
		let step = left.min(10_000);
		block_after(step);
		left -= step;
	}
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

/// A proof; none if everything is believed.
pub fn prove(statement: &Statement, values: Vec<u64>, nonces: &[&Opening]) -> Proof {
	if VerifyBy::get() == By::Credulous {
		return Proof::default();
	}
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

/// The terms of new orders.
pub fn terms() -> statements::Terms {
	crate::CurrentTerms::<Test>::get().into()
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

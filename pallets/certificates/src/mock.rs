//! A runtime of four pallets: the system, batches, the registry, and a shop that checks as the marketplace does.

use crate as pallet_certificates;
use crate::{
	signing_payload, CallUnits, CertificateRequest, CheckCertificate, CheckNonce, Claims, GenesisCertificate,
	Moment, Refusal, Role, Roles, ViewKey,
};
use codec::Encode;
use frame_support::{
	derive_impl,
	dispatch::{GetDispatchInfo, PostDispatchInfo},
	parameter_types,
	storage::{with_transaction, TransactionOutcome},
	traits::{Contains, Time},
	weights::Weight,
};
use frame_system::EnsureRoot;
use sp_core::{sr25519, H256};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	traits::{DispatchTransaction, IdentityLookup},
	transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
	AccountId32, BuildStorage, DispatchErrorWithPostInfo,
};

/// The genesis certificate authority.
pub const CA: Sr25519Keyring = Sr25519Keyring::Ferdie;
/// A member of the council, without a certificate.
pub const COUNCIL: Sr25519Keyring = Sr25519Keyring::Eve;
/// Certified at genesis as a buyer, without a view key or an end of validity.
pub const BUYER: Sr25519Keyring = Sr25519Keyring::Alice;
/// Certified at genesis as a seller.
pub const SELLER: Sr25519Keyring = Sr25519Keyring::Bob;
/// Never certified by genesis; the one that applies in tests.
pub const APPLICANT: Sr25519Keyring = Sr25519Keyring::Charlie;
/// Has an account, for whatever reason, and no certificate.
pub const OUTSIDER: Sr25519Keyring = Sr25519Keyring::Dave;

/// The length of a quota period.
pub const PERIOD: Moment = 60_000;
/// Chain time when a test begins: the first millisecond of a quota window.
pub const START: Moment = 20 * PERIOD;
/// Calls in a period.
pub const QUOTA: u32 = 5;

#[frame_support::pallet(dev_mode)]
pub mod shop {
	use crate::{Pallet as Registry, Role};
	use alloc::boxed::Box;
	use frame_support::{dispatch::GetDispatchInfo, pallet_prelude::*};
	use frame_system::pallet_prelude::*;
	use sp_runtime::traits::Dispatchable;

	#[pallet::config]
	pub trait Config: frame_system::Config + crate::Config {
		type Call: Parameter + Dispatchable<RuntimeOrigin = Self::RuntimeOrigin> + GetDispatchInfo;
	}

	#[pallet::pallet]
	#[pallet::without_storage_info]
	pub struct Pallet<T>(_);

	#[pallet::error]
	pub enum Error<T> {
		Broken,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// New business for buyers.
		pub fn order(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Registry::<T>::ensure_role(&who, Role::Buyer)?;
			Registry::<T>::consume_quota(&who)?;
			Ok(())
		}

		/// What others wait for.
		pub fn ship(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Registry::<T>::ensure_has_certificate(&who)?;
			Registry::<T>::consume_quota(&who)?;
			Ok(())
		}

		/// A marketplace call that fails late, after it has claimed its unit.
		pub fn fail(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Registry::<T>::consume_quota(&who)?;
			Err(Error::<T>::Broken.into())
		}

		/// Dispatches a call for another account, as proxy and multisig do.
		pub fn act_for(
			origin: OriginFor<T>,
			account: T::AccountId,
			call: Box<<T as Config>::Call>,
		) -> DispatchResult {
			ensure_signed(origin)?;
			call.dispatch(frame_system::RawOrigin::Signed(account).into())
				.map(|_| ())
				.map_err(|e| e.error)
		}
	}
}

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Utility: pallet_utility,
		Certificates: pallet_certificates,
		Shop: shop,
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

impl shop::Config for Test {
	type Call = RuntimeCall;
}

parameter_types! {
	pub static Now: Moment = START;
	pub const CallQuota: u32 = QUOTA;
	pub const QuotaPeriod: Moment = PERIOD;
}

pub struct Clock;
impl Time for Clock {
	type Moment = Moment;
	fn now() -> Moment {
		Now::get()
	}
}

pub struct Council;
impl Contains<AccountId32> for Council {
	fn contains(who: &AccountId32) -> bool {
		*who == account(COUNCIL)
	}
}

pub struct FinishingCalls;
impl Contains<RuntimeCall> for FinishingCalls {
	fn contains(call: &RuntimeCall) -> bool {
		match call {
			RuntimeCall::Shop(shop::Call::ship {}) => true,
			RuntimeCall::Certificates(crate::Call::set_view_key { .. }) => true,
			RuntimeCall::Utility(pallet_utility::Call::batch { calls }) => calls.iter().all(Self::contains),
			_ => false,
		}
	}
}

/// Counts what batches hold. `batch_all` is left out on purpose, so that tests see what is charged in dispatch.
pub struct BatchUnits;
impl CallUnits<RuntimeCall> for BatchUnits {
	fn units(call: &RuntimeCall) -> u32 {
		match call {
			RuntimeCall::Utility(
				pallet_utility::Call::batch { calls } | pallet_utility::Call::force_batch { calls },
			) => calls.iter().map(Self::units).fold(0, u32::saturating_add),
			_ => 1,
		}
	}
}

/// A remark that claims too much.
pub const GREEDY: &[u8] = b"all of the block";

/// Refuses greedy remarks, whoever sends them, and weighs a thousandth of a second for each remark that is not empty.
pub struct Modest;
impl Claims<AccountId32, RuntimeCall> for Modest {
	fn check(_who: &AccountId32, call: &RuntimeCall) -> Result<(), Refusal> {
		match call {
			RuntimeCall::System(frame_system::Call::remark { remark }) if remark == GREEDY => {
				Err(Refusal::DeclaresTooMuch)
			}
			_ => Ok(()),
		}
	}

	fn weight(call: &RuntimeCall) -> Weight {
		match call {
			RuntimeCall::System(frame_system::Call::remark { remark }) if !remark.is_empty() => {
				Weight::from_parts(1_000_000_000, 0)
			}
			_ => Weight::zero(),
		}
	}
}

impl crate::Config for Test {
	type WeightInfo = ();
	type Time = Clock;
	type GovernanceOrigin = EnsureRoot<AccountId32>;
	type Privileged = Council;
	type AllowedWithoutCertificate = FinishingCalls;
	type CallUnits = BatchUnits;
	type Claims = Modest;
	type CallQuota = CallQuota;
	type QuotaPeriod = QuotaPeriod;
}

/// Builds the state that a test starts from.
pub struct ExtBuilder {
	genesis: crate::GenesisConfig<Test>,
}

impl Default for ExtBuilder {
	fn default() -> Self {
		let certificates = vec![
			(account(BUYER), entry([Role::Buyer])),
			(account(SELLER), entry([Role::Seller])),
		];
		Self {
			genesis: crate::GenesisConfig {
				ca: Some(account(CA)),
				certificates,
			},
		}
	}
}

impl ExtBuilder {
	/// With this registry instead of the usual one.
	pub fn genesis(genesis: crate::GenesisConfig<Test>) -> Self {
		Self { genesis }
	}

	pub fn build(self) -> sp_io::TestExternalities {
		Now::set(START);
		let storage = RuntimeGenesisConfig {
			certificates: self.genesis,
			..Default::default()
		}
		.build_storage()
		.expect("the genesis of a test builds");
		let mut ext = sp_io::TestExternalities::new(storage);
		ext.execute_with(|| {
			System::set_block_number(1);
			for existing in [COUNCIL, OUTSIDER] {
				System::inc_providers(&account(existing));
			}
		});
		ext
	}

	/// Runs the test, then everything that always holds.
	pub fn build_and_execute_with(self, test: impl FnOnce()) {
		self.build().execute_with(|| {
			Certificates::do_try_state().expect("the state before the test");
			test();
			Certificates::do_try_state().expect("the state after the test");
		})
	}
}

/// Where benchmarks run once, to see that they do: with a keystore that signs for applicants.
#[cfg(feature = "runtime-benchmarks")]
pub fn for_benchmarks() -> sp_io::TestExternalities {
	let mut ext = ExtBuilder::default().build();
	ext.register_extension(sp_keystore::KeystoreExt::new(
		sp_keystore::testing::MemoryKeystore::new(),
	));
	ext
}

pub fn account(who: Sr25519Keyring) -> AccountId32 {
	who.to_account_id()
}

pub fn signed(who: Sr25519Keyring) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(who))
}

/// A certificate in genesis.
pub fn entry(roles: impl Into<Roles>) -> GenesisCertificate {
	GenesisCertificate {
		roles: roles.into(),
		organisation: "Genesis Goods".into(),
		view_key: None,
		valid_until: None,
	}
}

pub fn view_key(byte: u8) -> ViewKey {
	ViewKey::new([byte; 32]).expect("not of small order")
}

pub fn genesis_hash() -> H256 {
	System::block_hash(0)
}

/// A request to buy and sell, with view key `[7; 32]`.
pub fn request(who: Sr25519Keyring, counter: u64) -> CertificateRequest<AccountId32> {
	CertificateRequest {
		account: account(who),
		roles: [Role::Buyer, Role::Seller].into(),
		organisation: b"Corner Shop".to_vec().try_into().expect("short"),
		view_key: Some(view_key(7)),
		counter,
	}
}

/// The signature that this key gives to a request on this chain.
pub fn sign(who: Sr25519Keyring, request: &CertificateRequest<AccountId32>) -> sr25519::Signature {
	who.sign(&signing_payload(&genesis_hash(), request))
}

/// Certifies the applicant as the authority would.
pub fn certify(who: Sr25519Keyring, valid_until: Option<Moment>) {
	let request = request(who, 1);
	let signature = sign(who, &request);
	frame_support::assert_ok!(Certificates::issue(signed(CA), request, signature, valid_until));
}

type Extensions = (CheckNonce<Test>, CheckCertificate<Test>);

fn extensions(nonce: u64) -> Extensions {
	(CheckNonce(nonce), CheckCertificate::new())
}

/// What the pool says about a transaction.
pub fn pool(
	who: Sr25519Keyring,
	nonce: u64,
	call: impl Into<RuntimeCall>,
) -> Result<ValidTransaction, TransactionValidityError> {
	let call = call.into();
	let (info, len) = (call.get_dispatch_info(), call.encoded_size());
	extensions(nonce)
		.validate_only(signed(who), &call, &info, len, TransactionSource::External, 0)
		.map(|(validity, _, _)| validity)
}

/// Includes a transaction with the signer's next nonce in the block, as a block author does: one that is invalid
/// leaves no trace.
pub fn submit(
	who: Sr25519Keyring,
	call: impl Into<RuntimeCall>,
) -> Result<Result<PostDispatchInfo, DispatchErrorWithPostInfo<PostDispatchInfo>>, TransactionValidityError> {
	let nonce = System::account_nonce(account(who));
	submit_as(signed(who), nonce, call)
}

/// As [`submit`], for any origin and nonce.
pub fn submit_as(
	origin: RuntimeOrigin,
	nonce: u64,
	call: impl Into<RuntimeCall>,
) -> Result<Result<PostDispatchInfo, DispatchErrorWithPostInfo<PostDispatchInfo>>, TransactionValidityError> {
	let call = call.into();
	let (info, len) = (call.get_dispatch_info(), call.encoded_size());
	with_transaction(|| {
		let result = extensions(nonce).dispatch_transaction(origin, call, &info, len, 0);
		match result {
			Ok(_) => TransactionOutcome::Commit(Ok::<_, sp_runtime::DispatchError>(result)),
			Err(_) => TransactionOutcome::Rollback(Ok(result)),
		}
	})
	.expect("no nesting limit is near")
}

/// The last event of the registry.
pub fn last_event() -> crate::Event<Test> {
	System::events()
		.into_iter()
		.rev()
		.find_map(|record| match record.event {
			RuntimeEvent::Certificates(event) => Some(event),
			_ => None,
		})
		.expect("the registry said something")
}

pub fn order() -> RuntimeCall {
	shop::Call::order {}.into()
}

pub fn ship() -> RuntimeCall {
	shop::Call::ship {}.into()
}

pub fn fail() -> RuntimeCall {
	shop::Call::fail {}.into()
}

/// Leaves the account with so many units in the current window.
pub fn leave_units(who: Sr25519Keyring, left: u32) {
	let surplus = Certificates::quota_left(account(who)) - left;
	frame_support::assert_ok!(Certificates::charge(&account(who), surplus));
	assert_eq!(Certificates::quota_left(account(who)), left);
}

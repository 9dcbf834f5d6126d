//! # The certificate authority's registry
//!
//! Who may take part in the consortium's marketplace, in which roles, for which organisation, and to which key
//! notes for an account are sealed. It is also the door of the chain: two transaction extensions let
//! certificate holders in and keep everybody else, and too much of anybody, out.
//!
//! It is not a public key infrastructure: there are no chains of certificates, no revocation lists to fetch, no
//! X.509. It holds no secret of the certificate authority and knows nothing of ciphertexts, orders or money.
//!
//! ## Key terms
//!
//! - **Certificate authority**: the account that governance named with `set_ca`. Whatever it may do,
//!   [`Config::GovernanceOrigin`] may do as well, so a lost key stops nothing.
//! - **Certificate**: roles, organisation, view key, end of validity and status of one account. It is never
//!   deleted, so that an account keeps its nonce and its place in open orders.
//! - **Active**: neither revoked, nor blacklisted, nor expired. It expires *at* `valid_until`.
//! - **Request**: what an applicant signs offline, [`CertificateRequest`].
//! - **Counter**: rises with each request or view key that the chain accepts from an account. It is what keeps
//!   an old signed request from undoing a newer one.
//! - **View key**: the X25519 key that notes are sealed to. It counts only if the account itself registered it,
//!   by the signature of a request or by signing `set_view_key`; the authority cannot slip in a key of its own.
//! - **Quota**: how many calls an account may have included in each period.
//!
//! ## Usage
//!
//! The applicant signs [`signing_payload`] and hands request and signature to the authority by any channel.
//!
//! ```
//! use codec::Encode;
//! use pallet_certificates::{signing_payload, CertificateRequest, Role};
//! use sp_core::{sr25519, Pair, H256};
//!
//! let pair = sr25519::Pair::from_string("//Applicant", None).expect("a development key");
//! let request = CertificateRequest {
//! 	account: sp_runtime::AccountId32::from(pair.public()),
//! 	roles: [Role::Buyer, Role::Seller].into(),
//! 	organisation: b"Corner Shop".to_vec().try_into().expect("up to 64 bytes"),
//! 	view_key: None,
//! 	counter: 1,
//! };
//! let genesis = H256::repeat_byte(7);
//! let payload = signing_payload(&genesis, &request);
//! assert_eq!(payload, [&b"veilmart/cert/1"[..], &genesis.encode(), &request.encode()].concat());
//!
//! let signature = pair.sign(&payload);
//! assert!(sr25519::Pair::verify(&signature, payload, &pair.public()));
//! ```
//!
//! The authority then submits `issue(request, signature, valid_until)`, later `renew` with a new request,
//! `revoke` or `reinstate`. The account exists from then on without a deposit.
//!
//! ## Implementor's guide
//!
//! - **Runtime.** Put [`CheckNonce`] where the system's stood and [`CheckCertificate`] before anything that is
//!   expensive to verify. Name in [`Config::AllowedWithoutCertificate`] the calls that finish what others wait
//!   for, and look into batches there; count in [`Config::CallUnits`] what a batch holds. Leave pallet index 118
//!   free ([`REQUEST_TAG`]).
//! - **Pallets.** An extension sees the signer of an extrinsic only. So each call asks [`Pallet::ensure_role`]
//!   (or [`Pallet::ensure_has_certificate`], where blacklisting must not forfeit anything) and, as its last
//!   check, [`Pallet::consume_quota`] for the account it acts for. A plain extrinsic is not counted twice: its
//!   unit is prepaid, as [`quota`] tells.
//! - **Wallets.** Ask `request_counter` and take a higher number; a request that was handed out can be used until
//!   a higher counter is accepted, so do not sign two that contradict each other. A refused transaction says why
//!   ([`Refusal`]); a node does not take the same bytes again for a while, so sign again. Verify that
//!   the certificate shows your own view key before you publish anything.
//!
//! ## Goals
//!
//! 1. Nobody without a certificate puts anything on chain, except authority and privileged accounts.
//! 2. Losing a certificate stops new business and never forfeits what others are owed.
//! 3. No request is used twice, on another chain, for another account, or after a newer one.
//! 4. What an account can cost the chain is bounded by its quota, whatever detour its calls take.
//! 5. State grows with the number of certificates and with nothing else.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod extension;
#[cfg(test)]
mod mock;
pub mod quota;
mod refusal;
mod request;
pub mod runtime_api;
#[cfg(test)]
mod tests;
mod types;
pub mod weights;

pub use extension::{Admission, CheckCertificate, CheckNonce, Settlement};
pub use pallet::*;
pub use quota::{CallUnits, Claims};
pub use refusal::{refusal_sentence, Refusal};
pub use request::{signing_payload, CertificateRequest, REQUEST_TAG};
pub use types::{
	Certificate, GenesisCertificate, Moment, OrderId, Organisation, PrepaidUnits, Role, Roles, Status, Usage,
	ViewKey, ViewKeyRecord, MAX_COUNTER_STEP,
};
pub use weights::WeightInfo;

use core::marker::PhantomData;
use frame_support::{
	ensure,
	traits::{EnsureOrigin, OriginTrait, Time},
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use sp_core::sr25519;
use sp_runtime::{traits::Verify, AccountId32};
use types::{is_name, Inactive};

/// The certificate of an account of the runtime.
pub type CertificateOf<T> = Certificate<<T as frame_system::Config>::AccountId, Moment>;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::{collections::BTreeSet, vec::Vec};
	use frame_support::{pallet_prelude::*, traits::Contains};
	use frame_system::pallet_prelude::*;

	/// What the runtime decides for the registry.
	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId = AccountId32, RuntimeEvent: From<Event<Self>>> {
		/// The weights of calls and extensions.
		type WeightInfo: WeightInfo;

		/// Chain time in milliseconds: pallet-timestamp.
		type Time: Time<Moment = Moment>;

		/// Who names the certificate authority, and may do all that it may.
		type GovernanceOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Accounts that need no certificate and are not counted: the members of the council.
		type Privileged: Contains<Self::AccountId>;

		/// Calls that an account may still sign when its certificate is no longer active, because others wait
		/// for them or because they harm nobody. A call that holds calls belongs here only if all of them do.
		type AllowedWithoutCertificate: Contains<Self::RuntimeCall>;

		/// How many units of quota an extrinsic costs.
		type CallUnits: CallUnits<Self::RuntimeCall>;

		/// What a transaction may claim of a block, whoever signs it.
		type Claims: Claims<Self::AccountId, Self::RuntimeCall>;

		/// Units of quota for each account and period.
		#[pallet::constant]
		type CallQuota: Get<u32>;

		/// The length of a period in milliseconds; not zero.
		#[pallet::constant]
		type QuotaPeriod: Get<Moment>;
	}

	/// The registry.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The account of the certificate authority.
	#[pallet::storage]
	pub type Authority<T: Config> = StorageValue<_, T::AccountId, OptionQuery>;

	/// The certificates. One that was issued is never removed.
	#[pallet::storage]
	pub type Certificates<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, CertificateOf<T>, OptionQuery>;

	/// The counter of the last request or view key that was accepted from an account.
	#[pallet::storage]
	pub type RequestCounters<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u64, ValueQuery>;

	/// What each certificate holder used up of its quota, in the window it last called in.
	#[pallet::storage]
	pub type Usages<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Usage, ValueQuery>;

	/// Units of quota that the signer of the extrinsic being dispatched has paid. Written when the extrinsic is
	/// prepared, destroyed after its dispatch; nothing at any other time.
	#[pallet::storage]
	#[pallet::whitelist_storage]
	pub type Prepaid<T: Config> = StorageValue<_, PrepaidUnits<T::AccountId>, OptionQuery>;

	/// Who takes part from the first block on. An entry that `issue` would refuse stops the building of genesis.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The account of the certificate authority.
		pub ca: Option<T::AccountId>,
		/// The first certificates. Their view keys are as good as the word of whoever built genesis.
		pub certificates: Vec<(T::AccountId, GenesisCertificate)>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			if let Some(ca) = &self.ca {
				frame_system::Pallet::<T>::inc_providers(ca);
				Authority::<T>::put(ca);
			}
			let mut seen = BTreeSet::new();
			for (account, certificate) in &self.certificates {
				let GenesisCertificate {
					roles,
					organisation,
					view_key,
					valid_until,
				} = certificate;
				assert!(
					seen.insert(account),
					"certificates in genesis: {account:?} is listed twice"
				);
				assert!(
					!roles.is_empty(),
					"certificates in genesis: {account:?} has no role"
				);
				assert!(
					is_name(organisation.as_bytes()),
					"certificates in genesis: the organisation of {account:?} has no name"
				);
				let organisation =
					Organisation::try_from(organisation.as_bytes().to_vec()).unwrap_or_else(|_| {
						panic!(
						"certificates in genesis: the organisation of {account:?} has a name of more than 64 bytes"
					)
					});
				assert!(
					Pallet::<T>::is_ahead(*valid_until),
					"certificates in genesis: the certificate of {account:?} has expired"
				);
				frame_system::Pallet::<T>::inc_providers(account);
				Certificates::<T>::insert(
					account,
					Certificate {
						roles: *roles,
						organisation,
						view_key: view_key.map(|key| ViewKeyRecord { key, index: 0 }),
						valid_until: *valid_until,
						status: Status::Active,
					},
				);
			}
		}
	}

	/// What changed in the registry.
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An account got its first certificate.
		Issued {
			/// The holder.
			account: T::AccountId,
			/// The holder's roles.
			roles: Roles,
			/// When the certificate expires, in milliseconds since the Unix epoch.
			valid_until: Option<Moment>,
		},
		/// A certificate was changed or prolonged by a new request of its holder.
		Renewed {
			/// The holder.
			account: T::AccountId,
			/// The holder's roles from now on.
			roles: Roles,
			/// When the certificate expires, in milliseconds since the Unix epoch.
			valid_until: Option<Moment>,
		},
		/// The certificate authority withdrew a certificate.
		Revoked {
			/// The holder.
			account: T::AccountId,
		},
		/// The certificate authority put a revoked or blacklisted certificate back in force.
		Reinstated {
			/// The holder.
			account: T::AccountId,
		},
		/// The marketplace barred a certificate holder. Whose certificate was revoked stays revoked.
		Blacklisted {
			/// The holder.
			account: T::AccountId,
			/// The order that it is barred for.
			order: OrderId<T::AccountId>,
		},
		/// An account registered another view key.
		ViewKeySet {
			/// The owner of the key.
			account: T::AccountId,
			/// The key's place among all that the account registered, from 0.
			index: u32,
		},
		/// Governance named the certificate authority.
		AuthoritySet {
			/// The authority until now, if there was one.
			previous: Option<T::AccountId>,
			/// The authority from now on.
			current: T::AccountId,
		},
	}

	/// Why a call was refused.
	#[pallet::error]
	#[derive(PartialEqNoBound, EqNoBound)]
	pub enum Error<T> {
		/// The account never had a certificate.
		NotCertified,
		/// The account's certificate was withdrawn by the certificate authority.
		Revoked,
		/// The account is barred from new business because of an order.
		Blacklisted,
		/// The account's certificate is no longer valid.
		Expired,
		/// The account's certificate does not name the role that the call needs.
		WrongRole,
		/// The account has a certificate already, which can be renewed.
		AlreadyCertified,
		/// A certificate needs at least one role.
		NoRoles,
		/// The organisation's name is empty, not UTF-8, or has control characters in it.
		InvalidOrganisation,
		/// The end of validity is not in the future.
		ValidityPast,
		/// The counter is not higher than the last one that was accepted from the account.
		StaleCounter,
		/// The signature is not the account's over this request on this chain.
		BadSignature,
		/// The call would leave everything as it is.
		Unchanged,
		/// The account has used up its calls for the current period.
		QuotaExhausted,
		/// The counter is more than 2^48 above the last one that was accepted from the account.
		CounterTooFar,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::QuotaPeriod::get() > 0, "QuotaPeriod is a length of time");
			assert!(
				T::CallQuota::get() > 0,
				"with a CallQuota of 0 no certificate holder can call"
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_n: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Puts a certificate on chain for an account that has none, as the account requested it.
		///
		/// By the certificate authority. The account exists from now on, without a deposit. Fails with
		/// `AlreadyCertified`, `NoRoles`, `InvalidOrganisation`, `ValidityPast`, `StaleCounter`, `CounterTooFar` or
		/// `BadSignature`.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::issue())]
		pub fn issue(
			origin: OriginFor<T>,
			request: CertificateRequest<T::AccountId>,
			signature: sr25519::Signature,
			valid_until: Option<Moment>,
		) -> DispatchResult {
			EnsureAuthority::<T>::ensure_origin(origin)?;
			ensure!(
				!Certificates::<T>::contains_key(&request.account),
				Error::<T>::AlreadyCertified
			);
			Self::ensure_acceptable(&request, &signature, valid_until)?;

			let CertificateRequest {
				account,
				roles,
				organisation,
				view_key,
				counter,
			} = request;
			let mut certificate = Certificate {
				roles,
				organisation,
				view_key: None,
				valid_until,
				status: Status::Active,
			};
			let registered = certificate.replace_view_key(view_key);
			frame_system::Pallet::<T>::inc_providers(&account);
			RequestCounters::<T>::insert(&account, counter);
			Certificates::<T>::insert(&account, certificate);
			Self::deposit_event(Event::Issued {
				account: account.clone(),
				roles,
				valid_until,
			});
			Self::announce_view_key(account, registered);
			Ok(())
		}

		/// Changes a certificate to what its holder requested anew, and sets the end of its validity.
		///
		/// By the certificate authority. A request without a view key leaves the registered one in force. The
		/// status stays: a revoked or blacklisted holder needs `reinstate`. Fails with `NotCertified`, `NoRoles`,
		/// `InvalidOrganisation`, `ValidityPast`, `StaleCounter`, `CounterTooFar` or `BadSignature`.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::renew())]
		pub fn renew(
			origin: OriginFor<T>,
			request: CertificateRequest<T::AccountId>,
			signature: sr25519::Signature,
			valid_until: Option<Moment>,
		) -> DispatchResult {
			EnsureAuthority::<T>::ensure_origin(origin)?;
			let mut certificate = Self::lookup(&request.account)?;
			Self::ensure_acceptable(&request, &signature, valid_until)?;

			let CertificateRequest {
				account,
				roles,
				organisation,
				view_key,
				counter,
			} = request;
			certificate.roles = roles;
			certificate.organisation = organisation;
			certificate.valid_until = valid_until;
			let registered = certificate.replace_view_key(view_key);
			RequestCounters::<T>::insert(&account, counter);
			Certificates::<T>::insert(&account, certificate);
			Self::deposit_event(Event::Renewed {
				account: account.clone(),
				roles,
				valid_until,
			});
			Self::announce_view_key(account, registered);
			Ok(())
		}

		/// Withdraws a certificate. The holder can finish open orders and start no new ones.
		///
		/// By the certificate authority. Fails with `NotCertified`, with `Unchanged` if it was withdrawn before,
		/// and with `Blacklisted` if the holder is barred anyway.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::revoke())]
		pub fn revoke(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			EnsureAuthority::<T>::ensure_origin(origin)?;
			let mut certificate = Self::lookup(&account)?;
			match certificate.status {
				Status::Active => certificate.status = Status::Revoked,
				Status::Revoked => return Err(Error::<T>::Unchanged.into()),
				Status::Blacklisted(_) => return Err(Error::<T>::Blacklisted.into()),
			}
			Certificates::<T>::insert(&account, certificate);
			Self::deposit_event(Event::Revoked { account });
			Ok(())
		}

		/// Puts a revoked or blacklisted certificate back in force. Does not prolong it.
		///
		/// By the certificate authority. Fails with `NotCertified`, and with `Unchanged` if it was not withdrawn.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::reinstate())]
		pub fn reinstate(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			EnsureAuthority::<T>::ensure_origin(origin)?;
			let mut certificate = Self::lookup(&account)?;
			ensure!(certificate.status != Status::Active, Error::<T>::Unchanged);
			certificate.status = Status::Active;
			Certificates::<T>::insert(&account, certificate);
			Self::deposit_event(Event::Reinstated { account });
			Ok(())
		}

		/// Registers another view key for the signer, who needs a certificate but not an active one.
		///
		/// `counter` is the one that requests carry: higher than in every request that the signer handed out,
		/// it keeps an older one from bringing an older key back. Fails with `NotCertified`, `StaleCounter`, `CounterTooFar`,
		/// `Unchanged` if the key is in force already, or `QuotaExhausted`.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::set_view_key())]
		pub fn set_view_key(origin: OriginFor<T>, view_key: ViewKey, counter: u64) -> DispatchResult {
			let account = ensure_signed(origin)?;
			let mut certificate = Self::lookup(&account)?;
			Self::ensure_next_counter(&account, counter)?;
			let registered = certificate.replace_view_key(Some(view_key));
			ensure!(registered.is_some(), Error::<T>::Unchanged);
			Self::consume_quota(&account)?;

			RequestCounters::<T>::insert(&account, counter);
			Certificates::<T>::insert(&account, certificate);
			Self::announce_view_key(account, registered);
			Ok(())
		}

		/// Names the certificate authority, whether the one before it was lost, is mistrusted or retires.
		///
		/// By governance. The account exists from now on, without a deposit. The former authority's account stays,
		/// too, so that its nonce is never used again. Fails with `Unchanged` if it is the authority already.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::set_ca())]
		pub fn set_ca(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			T::GovernanceOrigin::ensure_origin(origin)?;
			let previous = Authority::<T>::get();
			ensure!(previous.as_ref() != Some(&account), Error::<T>::Unchanged);
			frame_system::Pallet::<T>::inc_providers(&account);
			Authority::<T>::put(&account);
			Self::deposit_event(Event::AuthoritySet {
				previous,
				current: account,
			});
			Ok(())
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The account's certificate, whatever its standing.
		pub fn certificate(account: T::AccountId) -> Option<CertificateOf<T>> {
			Certificates::<T>::get(account)
		}

		/// The account of the certificate authority.
		pub fn certificate_authority() -> Option<T::AccountId> {
			Authority::<T>::get()
		}

		/// How many calls the account may still make in the current period: none without a certificate, always
		/// the whole quota for the certificate authority and privileged accounts.
		pub fn quota_left(account: T::AccountId) -> u32 {
			Self::units_left(&account)
		}

		/// The counter of the last request or view key that was accepted from the account, 0 if there is none.
		pub fn request_counter(account: T::AccountId) -> u64 {
			RequestCounters::<T>::get(account)
		}
	}
}

/// The way in for other pallets.
impl<T: Config> Pallet<T> {
	/// Whether the account is the certificate authority's.
	pub fn is_ca(who: &T::AccountId) -> bool {
		Authority::<T>::get().as_ref() == Some(who)
	}

	/// Fails with [`Error::NotCertified`] unless the account has a certificate, active or not. What this guards
	/// stays possible for an account that fell out with the consortium.
	pub fn ensure_has_certificate(who: &T::AccountId) -> Result<(), Error<T>> {
		ensure!(Certificates::<T>::contains_key(who), Error::<T>::NotCertified);
		Ok(())
	}

	/// Fails unless the account's certificate is active: with [`Error::NotCertified`], [`Error::Revoked`],
	/// [`Error::Blacklisted`] or [`Error::Expired`].
	pub fn ensure_active(who: &T::AccountId) -> Result<(), Error<T>> {
		Ok(Self::lookup(who)?.standing(T::Time::now())?)
	}

	/// Fails unless the account's certificate is active and names the role: as [`Self::ensure_active`], or with
	/// [`Error::WrongRole`]. Privileged accounts need the role like everybody else.
	pub fn ensure_role(who: &T::AccountId, role: Role) -> Result<(), Error<T>> {
		let certificate = Self::lookup(who)?;
		certificate.standing(T::Time::now())?;
		ensure!(certificate.roles.contains(role), Error::<T>::WrongRole);
		Ok(())
	}

	/// The view key that the account registered, whatever its certificate's standing.
	pub fn view_key(who: &T::AccountId) -> Option<ViewKeyRecord> {
		Certificates::<T>::get(who).and_then(|certificate| certificate.view_key)
	}

	/// Bars the account from new business because of an order. Of several orders the first stays on record, and
	/// nothing happens for the others.
	///
	/// Who was revoked stays revoked, which bars as much: what the authority withdrew, only the authority puts back, and it shall
	/// see that it does. The event names the order all the same.
	///
	/// Fails only with [`Error::NotCertified`].
	pub fn blacklist(who: &T::AccountId, order: OrderId<T::AccountId>) -> Result<(), Error<T>> {
		let mut certificate = Self::lookup(who)?;
		match certificate.status {
			Status::Active => {
				certificate.status = Status::Blacklisted(order.clone());
				Certificates::<T>::insert(who, certificate);
			}
			Status::Revoked => {}
			Status::Blacklisted(_) => return Ok(()),
		}
		Self::deposit_event(Event::Blacklisted {
			account: who.clone(),
			order,
		});
		Ok(())
	}
}

impl<T: Config> Pallet<T> {
	fn lookup(who: &T::AccountId) -> Result<CertificateOf<T>, Error<T>> {
		Certificates::<T>::get(who).ok_or(Error::<T>::NotCertified)
	}

	/// Whether a certificate that ends then is valid now. Without an end it is.
	pub(crate) fn is_ahead(valid_until: Option<Moment>) -> bool {
		valid_until.is_none_or(|end| end > T::Time::now())
	}

	/// All that a request must satisfy, the signature last because it costs the most.
	fn ensure_acceptable(
		request: &CertificateRequest<T::AccountId>,
		signature: &sr25519::Signature,
		valid_until: Option<Moment>,
	) -> Result<(), Error<T>> {
		ensure!(!request.roles.is_empty(), Error::<T>::NoRoles);
		ensure!(is_name(&request.organisation), Error::<T>::InvalidOrganisation);
		ensure!(Self::is_ahead(valid_until), Error::<T>::ValidityPast);
		Self::ensure_next_counter(&request.account, request.counter)?;

		let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::default());
		let account: &[u8; 32] = request.account.as_ref();
		let payload = signing_payload(&genesis, request);
		ensure!(
			signature.verify(payload.as_slice(), &sr25519::Public::from_raw(*account)),
			Error::<T>::BadSignature
		);
		Ok(())
	}

	/// Whether the counter comes after the account's last one, and not so far that few would be left after it.
	fn ensure_next_counter(account: &T::AccountId, counter: u64) -> Result<(), Error<T>> {
		let last = RequestCounters::<T>::get(account);
		ensure!(counter > last, Error::<T>::StaleCounter);
		ensure!(counter - last <= MAX_COUNTER_STEP, Error::<T>::CounterTooFar);
		Ok(())
	}

	fn announce_view_key(account: T::AccountId, registered: Option<ViewKeyRecord>) {
		if let Some(ViewKeyRecord { index, .. }) = registered {
			Self::deposit_event(Event::ViewKeySet { account, index });
		}
	}
}

impl<T> From<Inactive> for Error<T> {
	fn from(inactive: Inactive) -> Self {
		match inactive {
			Inactive::Revoked => Error::Revoked,
			Inactive::Blacklisted => Error::Blacklisted,
			Inactive::Expired => Error::Expired,
		}
	}
}

/// The origin of the certificate authority: its account's signature, or [`Config::GovernanceOrigin`].
pub struct EnsureAuthority<T>(PhantomData<T>);

impl<T: Config> EnsureOrigin<T::RuntimeOrigin> for EnsureAuthority<T> {
	type Success = ();

	fn try_origin(origin: T::RuntimeOrigin) -> Result<(), T::RuntimeOrigin> {
		let origin = match T::GovernanceOrigin::try_origin(origin) {
			Ok(_) => return Ok(()),
			Err(origin) => origin,
		};
		let signed_by_authority =
			matches!(origin.as_system_ref(), Some(RawOrigin::Signed(who)) if Pallet::<T>::is_ca(who));
		if signed_by_authority {
			Ok(())
		} else {
			Err(origin)
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin() -> Result<T::RuntimeOrigin, ()> {
		T::GovernanceOrigin::try_successful_origin()
	}
}

#[cfg(any(test, feature = "std", feature = "try-runtime"))]
impl<T: Config> Pallet<T> {
	/// What holds between extrinsics; also natively, for who looks at the state of a node:
	///
	/// 1. every certificate names a role and an organisation, and its holder's account exists;
	/// 2. counters and quota records belong to certificate holders;
	/// 3. nobody used more than the quota in the current window, and no record is from a later one;
	/// 4. no prepaid unit outlives its extrinsic;
	/// 5. the account of the certificate authority exists.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		use frame_support::traits::Get;

		for (account, certificate) in Certificates::<T>::iter() {
			ensure!(!certificate.roles.is_empty(), "a certificate without a role");
			ensure!(
				is_name(&certificate.organisation),
				"a certificate without an organisation"
			);
			ensure!(
				frame_system::Pallet::<T>::providers(&account) > 0,
				"a certificate of an account that does not exist"
			);
		}
		for (account, counter) in RequestCounters::<T>::iter() {
			ensure!(
				Certificates::<T>::contains_key(&account),
				"a counter without a certificate"
			);
			ensure!(counter > 0, "a counter of 0 on record");
		}
		let window = Self::window();
		for (account, usage) in Usages::<T>::iter() {
			ensure!(
				Certificates::<T>::contains_key(&account),
				"a quota record without a certificate"
			);
			ensure!(usage.window <= window, "a quota record from the future");
			ensure!(
				usage.window < window || usage.used <= T::CallQuota::get(),
				"an account used more than its quota"
			);
		}
		ensure!(!Prepaid::<T>::exists(), "prepaid quota outside of an extrinsic");
		if let Some(authority) = Authority::<T>::get() {
			ensure!(
				frame_system::Pallet::<T>::providers(&authority) > 0,
				"a certificate authority whose account does not exist"
			);
		}
		Ok(())
	}
}

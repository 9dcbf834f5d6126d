//! What calls and extensions cost; `scripts/weights` makes weights of it.
//!
//! Certificates are the longest that there are, requests are signed by keys of the node's keystore, and whoever is charged was
//! charged before in the same period.

use crate::{
	signing_payload, Authority, Call, CertificateRequest, Certificates, CheckCertificate, CheckNonce, Config,
	EnsureAuthority, Moment, OrderId, Pallet, RequestCounters, Role, Status, ViewKey, ViewKeyRecord,
};
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::{
	dispatch::{DispatchInfo, PostDispatchInfo},
	traits::{EnsureOrigin, Get},
};
use frame_system::RawOrigin;
use sp_core::{crypto::KeyTypeId, sr25519};
use sp_runtime::{
	traits::{AsSystemOriginSigner, AsTransactionAuthorizedOrigin, DispatchTransaction, Dispatchable, Zero},
	AccountId32,
};

/// The type under which the keystore has the applicant's key.
const KEYS: KeyTypeId = KeyTypeId(*b"cert");

/// Somebody with a certificate.
const HOLDER: AccountId32 = AccountId32::new([1; 32]);

fn view_key(byte: u8) -> ViewKey {
	ViewKey::new([byte; 32]).expect("not of small order")
}

/// An applicant's request for everything, and its signature.
fn request<T: Config>() -> (CertificateRequest<AccountId32>, sr25519::Signature) {
	let key = sp_io::crypto::sr25519_generate(KEYS, Some(b"//Applicant".to_vec()));
	let request = CertificateRequest {
		account: key.into(),
		roles: Role::ALL.into_iter().collect(),
		organisation: vec![b'o'; 64].try_into().expect("as long as it may be"),
		view_key: Some(view_key(9)),
		counter: 2,
	};
	let genesis =
		frame_system::Pallet::<T>::block_hash(frame_system::pallet_prelude::BlockNumberFor::<T>::zero());
	let payload = signing_payload(&genesis, &request);
	let signature = sp_io::crypto::sr25519_sign(KEYS, &key, &payload).expect("the key was just made");
	(request, signature)
}

/// Gives an account the longest certificate there is.
fn certify<T: Config>(who: &AccountId32, status: Status<AccountId32>) {
	let certificate = crate::Certificate {
		roles: Role::ALL.into_iter().collect(),
		organisation: vec![b'o'; 64].try_into().expect("as long as it may be"),
		view_key: Some(ViewKeyRecord {
			key: view_key(7),
			index: 0,
		}),
		valid_until: Some(Moment::MAX),
		status,
	};
	frame_system::Pallet::<T>::inc_providers(who);
	Certificates::<T>::insert(who, certificate);
	RequestCounters::<T>::insert(who, 1);
	Pallet::<T>::charge(who, 1).expect("a whole quota is left");
}

fn barred() -> Status<AccountId32> {
	Status::Blacklisted(OrderId {
		buyer: HOLDER,
		seq: 1,
	})
}

#[benchmarks(
	where
		T: Send + Sync,
		T::RuntimeCall: Dispatchable<Info = DispatchInfo, PostInfo = PostDispatchInfo>,
		<T::RuntimeCall as Dispatchable>::RuntimeOrigin:
			AsSystemOriginSigner<T::AccountId> + AsTransactionAuthorizedOrigin + Clone,
)]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn issue() -> Result<(), BenchmarkError> {
		let origin = EnsureAuthority::<T>::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let (application, signature) = request::<T>();
		let account = application.account.clone();
		#[extrinsic_call]
		_(
			origin as T::RuntimeOrigin,
			application,
			signature,
			Some(Moment::MAX),
		);
		assert!(Certificates::<T>::contains_key(account));
		Ok(())
	}

	#[benchmark]
	fn renew() -> Result<(), BenchmarkError> {
		let origin = EnsureAuthority::<T>::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let (application, signature) = request::<T>();
		let account = application.account.clone();
		certify::<T>(&account, barred());
		#[extrinsic_call]
		_(
			origin as T::RuntimeOrigin,
			application,
			signature,
			Some(Moment::MAX),
		);
		assert_eq!(RequestCounters::<T>::get(account), 2);
		Ok(())
	}

	#[benchmark]
	fn revoke() -> Result<(), BenchmarkError> {
		let origin = EnsureAuthority::<T>::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		certify::<T>(&HOLDER, Status::Active);
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, HOLDER);
		assert!(Pallet::<T>::ensure_active(&HOLDER).is_err());
		Ok(())
	}

	#[benchmark]
	fn reinstate() -> Result<(), BenchmarkError> {
		let origin = EnsureAuthority::<T>::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		certify::<T>(&HOLDER, barred());
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, HOLDER);
		assert!(Pallet::<T>::ensure_active(&HOLDER).is_ok());
		Ok(())
	}

	#[benchmark]
	fn set_view_key() {
		certify::<T>(&HOLDER, Status::Active);
		#[extrinsic_call]
		_(RawOrigin::Signed(HOLDER), view_key(8), 2);
		assert_eq!(Pallet::<T>::view_key(&HOLDER).map(|record| record.index), Some(1));
	}

	#[benchmark]
	fn set_ca() -> Result<(), BenchmarkError> {
		let origin = T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		Authority::<T>::put(AccountId32::new([2; 32]));
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, HOLDER);
		assert!(Pallet::<T>::is_ca(&HOLDER));
		Ok(())
	}

	/// Before and after the dispatch of a call that does nothing.
	#[benchmark]
	fn check_certificate() -> Result<(), BenchmarkError> {
		certify::<T>(&HOLDER, Status::Active);
		let remark: T::RuntimeCall = frame_system::Call::remark { remark: vec![] }.into();
		let info = DispatchInfo::default();
		let ran;
		#[block]
		{
			ran = CheckCertificate::<T>::new()
				.test_run(RawOrigin::Signed(HOLDER).into(), &remark, &info, 0, 0, |_| {
					Ok(PostDispatchInfo::default())
				})
				.is_ok();
		}
		assert!(ran);
		assert_eq!(
			Pallet::<T>::units_left(&HOLDER),
			T::CallQuota::get().saturating_sub(2)
		);
		Ok(())
	}

	/// What the extension does beyond the system's.
	#[benchmark]
	fn check_nonce() {
		certify::<T>(&HOLDER, Status::Active);
		let within;
		#[block]
		{
			within = CheckNonce::<T>::ensure_within_quota(&HOLDER, Zero::zero()).is_ok();
		}
		assert!(within);
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::for_benchmarks(), crate::mock::Test);
}

//! The two transaction extensions: who may send what, and how far ahead.

use crate::{
	refusal::Refusal, types::PrepaidUnits, weights::WeightInfo as _, CallUnits, Certificates, Claims, Config,
	Pallet, Prepaid,
};
use codec::{Decode, DecodeWithMemTracking, Encode};
use core::marker::PhantomData;
use frame_support::{
	dispatch::DispatchInfo,
	pallet_prelude::{TransactionSource, Weight},
	traits::{Contains, Get, Time},
	CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound, PartialEqNoBound,
};
use scale_info::TypeInfo;
use sp_runtime::{
	traits::{
		AsSystemOriginSigner, DispatchInfoOf, Dispatchable, Implication, PostDispatchInfoOf,
		TransactionExtension, ValidateResult,
	},
	transaction_validity::{TransactionValidityError, ValidTransaction},
	DispatchResult, Saturating,
};

/// Lets in the certificate authority, privileged accounts and certificate holders; charges the quota.
///
/// Encodes to nothing. For a signed origin, in this order:
///
/// 1. The certificate authority and [`Config::Privileged`] accounts pass, and are not counted.
/// 2. An account that never had a certificate is refused.
/// 3. An account whose certificate is not active is refused, except for [`Config::AllowedWithoutCertificate`]:
///    who falls out with the consortium can still finish what others are waiting for.
/// 4. An account without enough quota is refused; see [`CallUnits`].
/// 5. Who claims more of a block than the call can use is refused, also those of the first point; see [`Claims`].
///
/// Each refusal is a [`Refusal`] of its own. Origins that are not signed pass untouched. The quota is charged
/// when the extrinsic is prepared, so a call that fails counts, too: it took its place in the block.
///
/// It looks at the signer only. Batch, proxy, multisig and scheduler dispatch calls for accounts that no
/// extension sees, so a call asks [`Pallet::ensure_role`] and [`Pallet::consume_quota`] again.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	CloneNoBound,
	DebugNoBound,
	DefaultNoBound,
	EqNoBound,
	PartialEqNoBound,
)]
#[scale_info(skip_type_params(T))]
pub struct CheckCertificate<T>(PhantomData<T>);

impl<T> CheckCertificate<T> {
	/// The extension; there is nothing to choose.
	pub fn new() -> Self {
		Self(PhantomData)
	}
}

/// What [`CheckCertificate`] found out about a signer.
pub enum Admission<AccountId> {
	/// Nobody signed: not this extension's business.
	NotSigned,
	/// A privileged account: nothing to charge.
	Privileged,
	/// A certificate holder, with what the extrinsic will cost it.
	Holder {
		/// The signer.
		account: AccountId,
		/// Units of quota to charge.
		units: u32,
	},
}

/// What [`CheckCertificate`] has left to do after the dispatch.
pub enum Settlement {
	/// Nothing.
	Nothing,
	/// To hand back its weight, because it had nothing to do.
	Refund(Weight),
	/// To destroy the note about prepaid units, so that no later extrinsic claims them.
	ForgetPrepaid,
}

impl<T: Config> CheckCertificate<T> {
	fn admit(who: &T::AccountId, call: &T::RuntimeCall) -> Result<Admission<T::AccountId>, Refusal> {
		if Pallet::<T>::is_privileged(who) {
			return Ok(Admission::Privileged);
		}
		let certificate = Certificates::<T>::get(who).ok_or(Refusal::NotCertified)?;
		if !T::AllowedWithoutCertificate::contains(call) {
			certificate.standing(T::Time::now())?;
		}
		let units = T::CallUnits::units(call).max(1);
		if units > T::CallQuota::get() {
			return Err(Refusal::TooManyCalls);
		}
		if units > Pallet::<T>::units_left(who) {
			return Err(Refusal::QuotaExhausted);
		}
		Ok(Admission::Holder {
			account: who.clone(),
			units,
		})
	}
}

impl<T: Config + Send + Sync> TransactionExtension<T::RuntimeCall> for CheckCertificate<T>
where
	T::RuntimeCall: Dispatchable<Info = DispatchInfo>,
	<T::RuntimeCall as Dispatchable>::RuntimeOrigin: AsSystemOriginSigner<T::AccountId> + Clone,
{
	const IDENTIFIER: &'static str = "CheckCertificate";
	type Implicit = ();
	type Val = Admission<T::AccountId>;
	type Pre = Settlement;

	fn weight(&self, call: &T::RuntimeCall) -> Weight {
		T::WeightInfo::check_certificate().saturating_add(T::Claims::weight(call))
	}

	fn validate(
		&self,
		origin: T::RuntimeOrigin,
		call: &T::RuntimeCall,
		_info: &DispatchInfoOf<T::RuntimeCall>,
		_len: usize,
		_self_implicit: Self::Implicit,
		_inherited_implication: &impl Implication,
		_source: TransactionSource,
	) -> ValidateResult<Self::Val, T::RuntimeCall> {
		let admission = match origin.as_system_origin_signer() {
			Some(who) => {
				let admission = Self::admit(who, call)?;
				// Last: by now a certificate holder's call holds no more than a quota of calls, which bounds the work.
				T::Claims::check(who, call)?;
				admission
			}
			None => Admission::NotSigned,
		};
		Ok((ValidTransaction::default(), admission, origin))
	}

	fn prepare(
		self,
		admission: Self::Val,
		_origin: &T::RuntimeOrigin,
		call: &T::RuntimeCall,
		_info: &DispatchInfoOf<T::RuntimeCall>,
		_len: usize,
	) -> Result<Self::Pre, TransactionValidityError> {
		match admission {
			Admission::NotSigned => Ok(Settlement::Refund(self.weight(call))),
			Admission::Privileged => Ok(Settlement::Nothing),
			Admission::Holder { account, units } => {
				Pallet::<T>::charge(&account, units).map_err(|_| Refusal::QuotaExhausted)?;
				Prepaid::<T>::put(PrepaidUnits { account, units });
				Ok(Settlement::ForgetPrepaid)
			}
		}
	}

	fn post_dispatch_details(
		settlement: Self::Pre,
		_info: &DispatchInfoOf<T::RuntimeCall>,
		_post_info: &PostDispatchInfoOf<T::RuntimeCall>,
		_len: usize,
		_result: &DispatchResult,
	) -> Result<Weight, TransactionValidityError> {
		match settlement {
			Settlement::Nothing => Ok(Weight::zero()),
			Settlement::Refund(weight) => Ok(weight),
			Settlement::ForgetPrepaid => {
				Prepaid::<T>::kill();
				Ok(Weight::zero())
			}
		}
	}
}

/// The system's nonce check, with an end to how far ahead a nonce may lie.
///
/// A certificate holder's transaction is refused if its nonce is not below the account's nonce plus the quota
/// left, so that the pool never keeps, nor verifies proofs of, more transactions than can be included. It comes
/// early in a runtime's tuple, before anything expensive. Everything else, and the encoding, is that of
/// [`frame_system::CheckNonce`], also the refusal of accounts that do not exist.
#[derive(
	Encode, Decode, DecodeWithMemTracking, TypeInfo, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
)]
#[scale_info(skip_type_params(T))]
pub struct CheckNonce<T: Config>(#[codec(compact)] pub T::Nonce);

type Inner<T> = frame_system::CheckNonce<T>;

impl<T: Config> CheckNonce<T> {
	pub(crate) fn ensure_within_quota(who: &T::AccountId, nonce: T::Nonce) -> Result<(), Refusal> {
		// Who has no certificate is refused by name in `CheckCertificate`; privileged accounts have no quota.
		if Pallet::<T>::is_privileged(who) || !Certificates::<T>::contains_key(who) {
			return Ok(());
		}
		let next = frame_system::Pallet::<T>::account_nonce(who);
		let left = Pallet::<T>::units_left(who);
		if nonce < next.saturating_add(left.into()) {
			// A stale nonce comes this way, too; the system's check says so.
			Ok(())
		} else if left == 0 {
			Err(Refusal::QuotaExhausted)
		} else {
			Err(Refusal::NonceBeyondQuota)
		}
	}
}

impl<T: Config> TransactionExtension<T::RuntimeCall> for CheckNonce<T>
where
	T::RuntimeCall: Dispatchable<Info = DispatchInfo>,
	<T::RuntimeCall as Dispatchable>::RuntimeOrigin: AsSystemOriginSigner<T::AccountId> + Clone,
{
	const IDENTIFIER: &'static str = "CheckNonce";
	type Implicit = ();
	type Val = <Inner<T> as TransactionExtension<T::RuntimeCall>>::Val;
	type Pre = <Inner<T> as TransactionExtension<T::RuntimeCall>>::Pre;

	fn weight(&self, call: &T::RuntimeCall) -> Weight {
		Inner::<T>::from(self.0)
			.weight(call)
			.saturating_add(T::WeightInfo::check_nonce())
	}

	fn validate(
		&self,
		origin: T::RuntimeOrigin,
		call: &T::RuntimeCall,
		info: &DispatchInfoOf<T::RuntimeCall>,
		len: usize,
		self_implicit: Self::Implicit,
		inherited_implication: &impl Implication,
		source: TransactionSource,
	) -> ValidateResult<Self::Val, T::RuntimeCall> {
		if let Some(who) = origin.as_system_origin_signer() {
			Self::ensure_within_quota(who, self.0)?;
		}
		Inner::<T>::from(self.0).validate(
			origin,
			call,
			info,
			len,
			self_implicit,
			inherited_implication,
			source,
		)
	}

	fn prepare(
		self,
		val: Self::Val,
		origin: &T::RuntimeOrigin,
		call: &T::RuntimeCall,
		info: &DispatchInfoOf<T::RuntimeCall>,
		len: usize,
	) -> Result<Self::Pre, TransactionValidityError> {
		Inner::<T>::from(self.0).prepare(val, origin, call, info, len)
	}

	fn post_dispatch_details(
		pre: Self::Pre,
		info: &DispatchInfoOf<T::RuntimeCall>,
		post_info: &PostDispatchInfoOf<T::RuntimeCall>,
		len: usize,
		result: &DispatchResult,
	) -> Result<Weight, TransactionValidityError> {
		// For other origins this hands back the system's part only, a little less than what was not used.
		<Inner<T> as TransactionExtension<T::RuntimeCall>>::post_dispatch_details(
			pre, info, post_info, len, result,
		)
	}
}

//! The spam limit of a chain without fees: so many included calls for each account and period.
//!
//! A period is a fixed window of chain time, `now / QuotaPeriod`, so an account can use two quotas around the
//! border of two windows and none for longer than one period. What is stored is one [`Usage`] for
//! each certificate holder that ever called, whatever it does.
//!
//! Who is charged, and when:
//!
//! 1. [`CheckCertificate`](crate::CheckCertificate) charges the signer when its extrinsic is included, also if
//!    the call then fails: one unit, or [`CallUnits`] of them for an extrinsic that holds several calls. It
//!    leaves a note for the duration of the extrinsic, [`Prepaid`].
//! 2. Each call that belongs to the marketplace asks [`Pallet::consume_quota`] for the account that it acts for.
//!    If that account is the one in the note, it claims a unit that is already paid; otherwise (proxy,
//!    multisig, scheduler, or more calls than were counted) one more unit is charged to that account.
//!
//! So a plain extrinsic costs exactly one unit, a batch of ten costs ten even if all ten fail and are rolled
//! back, and no detour is cheaper than the straight way.

use crate::{
	refusal::Refusal,
	types::{Moment, Usage},
	Certificates, Config, Error, Pallet, Prepaid, Usages,
};
use frame_support::{
	ensure,
	traits::{Contains, Get, Time},
	weights::Weight,
};

/// How many units of quota an extrinsic costs its signer.
///
/// A runtime whose calls can hold other calls (batch, proxy, multisig) adds up what they hold; whatever is not
/// counted here is charged in dispatch, but only if it is not rolled back. Zero is taken as one.
pub trait CallUnits<Call> {
	/// The units for this call, with all that it holds.
	fn units(call: &Call) -> u32;
}

/// Every extrinsic costs one unit.
impl<Call> CallUnits<Call> for () {
	fn units(_call: &Call) -> u32 {
		1
	}
}

/// What a transaction may claim of a block.
///
/// Some calls weigh what their sender says, or much for a sender who has no right to them, and give nothing of that back when
/// they fail. A runtime that has such calls refuses them here; blocks are judged by it, too.
pub trait Claims<AccountId, Call> {
	/// Fails if `call`, signed by `who`, or anything that it holds claims what it cannot use.
	fn check(who: &AccountId, call: &Call) -> Result<(), Refusal>;

	/// What the check weighs at most.
	fn weight(call: &Call) -> Weight;
}

/// Everything may be claimed.
impl<AccountId, Call> Claims<AccountId, Call> for () {
	fn check(_who: &AccountId, _call: &Call) -> Result<(), Refusal> {
		Ok(())
	}

	fn weight(_call: &Call) -> Weight {
		Weight::zero()
	}
}

impl<T: Config> Pallet<T> {
	/// Whether no certificate and no quota stands in the account's way: it is the certificate authority, or
	/// [`Config::Privileged`] says so.
	pub fn is_privileged(who: &T::AccountId) -> bool {
		Self::is_ca(who) || T::Privileged::contains(who)
	}

	/// Fails if [`Self::consume_quota`] would: with [`Error::NotCertified`] or [`Error::QuotaExhausted`].
	pub fn ensure_quota(who: &T::AccountId) -> Result<(), Error<T>> {
		if Self::is_privileged(who) || Self::prepaid_units(who) > 0 {
			return Ok(());
		}
		Self::usage_after(who, 1).map(|_| ())
	}

	/// Claims one unit of the quota of the account that a call acts for: a prepaid one if the account signed
	/// the extrinsic, a new one otherwise. Privileged accounts are not counted.
	///
	/// Fails with [`Error::NotCertified`] if the account has no certificate (which keeps the stored records as
	/// few as the certificates) and with [`Error::QuotaExhausted`] if nothing is left. It writes storage, so a
	/// call makes this its last check.
	pub fn consume_quota(who: &T::AccountId) -> Result<(), Error<T>> {
		if Self::is_privileged(who) {
			return Ok(());
		}
		let claimed = Prepaid::<T>::mutate(|prepaid| match prepaid {
			Some(prepaid) if prepaid.account == *who && prepaid.units > 0 => {
				prepaid.units = prepaid.units.saturating_sub(1);
				true
			}
			_ => false,
		});
		if claimed {
			return Ok(());
		}
		Self::charge(who, 1)
	}

	/// Adds to the units that the account has used up in the current window.
	pub(crate) fn charge(who: &T::AccountId, units: u32) -> Result<(), Error<T>> {
		let usage = Self::usage_after(who, units)?;
		Usages::<T>::insert(who, usage);
		Ok(())
	}

	/// Units left in the current window, nothing for an account without a certificate. For a privileged account
	/// it is always the whole quota.
	pub(crate) fn units_left(who: &T::AccountId) -> u32 {
		if Self::is_privileged(who) {
			return T::CallQuota::get();
		}
		if !Certificates::<T>::contains_key(who) {
			return 0;
		}
		T::CallQuota::get().saturating_sub(Self::usage(who).used)
	}

	/// The number of the window that chain time is in.
	pub(crate) fn window() -> u64 {
		let now: Moment = T::Time::now();
		now.checked_div(T::QuotaPeriod::get()).unwrap_or_default()
	}

	fn usage(who: &T::AccountId) -> Usage {
		let window = Self::window();
		let usage = Usages::<T>::get(who);
		if usage.window == window {
			usage
		} else {
			Usage { window, used: 0 }
		}
	}

	fn usage_after(who: &T::AccountId, units: u32) -> Result<Usage, Error<T>> {
		Self::ensure_has_certificate(who)?;
		let Usage { window, used } = Self::usage(who);
		let used = used.checked_add(units).ok_or(Error::<T>::QuotaExhausted)?;
		ensure!(used <= T::CallQuota::get(), Error::<T>::QuotaExhausted);
		Ok(Usage { window, used })
	}

	fn prepaid_units(who: &T::AccountId) -> u32 {
		Prepaid::<T>::get()
			.filter(|prepaid| prepaid.account == *who)
			.map_or(0, |prepaid| prepaid.units)
	}
}

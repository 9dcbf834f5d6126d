//! Places: what bounds the entries that an account keeps in the chain's state, where other chains take a deposit.
//!
//! An open multisig operation, an account's list of proxies, a pure proxy and a delegate's list of announcements take one place each of
//! the account that made them, and give it back when they are gone. The SDK's pallets count them as a deposit of 1 in the
//! "currency" [`InPlaces`].
//!
//! Accounts that exist only because somebody's call names them (derivatives, multisigs) can be made up without end. So
//! only [`Config::Keepers`] have places. Others may act on what there is, like a pure proxy that names a further proxy, and make nothing new.
//! What was there before places were counted has a deposit of 0, and gives nothing back.
//!
//! The list of a pure proxy is on the place of who made it, and `kill_pure` gives that back. `remove_proxies` would look for it at the
//! pure proxy, and nobody could send `kill_pure` any more. So [`NoMoreThanUsed`](crate::configs::NoMoreThanUsed) refuses transactions
//! with it. Where no transaction is looked at, as in a motion, it is done, and the place is lost: never gained.

use frame_support::traits::{
	BalanceStatus, Currency, ExistenceRequirement, Get, Imbalance, ReservableCurrency, SignedImbalance,
	WithdrawReasons,
};
use sp_runtime::{DispatchError, DispatchResult, TokenError};

pub use pallet::*;

use crate::{AccountId, Balance, Balances, Places, Runtime};

#[frame_support::pallet]
pub mod pallet {
	//! How many places each account has taken.

	use frame_support::{pallet_prelude::*, traits::Contains};
	use frame_system::pallet_prelude::*;

	/// Parameters of the places.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Who has places. Who no longer has gives back what it has taken, and takes no more.
		type Keepers: Contains<Self::AccountId>;

		/// Places of an account.
		#[pallet::constant]
		type MaxPlaces: Get<u32>;
	}

	/// The places.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// How many places an account has taken; no entry for none.
	#[pallet::storage]
	pub type Taken<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

	/// Why nothing was kept.
	#[pallet::error]
	pub enum Error<T> {
		/// The account has taken all its places. Finish or cancel what is open, or remove a proxy.
		NoPlaceLeft,
		/// The account has no certificate and no seat, and so no places.
		NoPlaces,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	impl<T: Config> Pallet<T> {
		/// Takes `count` places of `who`, all or none.
		pub(super) fn take(who: &T::AccountId, count: u32) -> Result<(), Error<T>> {
			if count == 0 {
				return Ok(());
			}
			ensure!(T::Keepers::contains(who), Error::<T>::NoPlaces);
			let taken = Taken::<T>::get(who).saturating_add(count);
			ensure!(taken <= T::MaxPlaces::get(), Error::<T>::NoPlaceLeft);
			Taken::<T>::insert(who, taken);
			Ok(())
		}

		/// Gives back `count` places of `who`, or as many as it has taken; says how many.
		pub(super) fn give_back(who: &T::AccountId, count: u32) -> u32 {
			let taken = Taken::<T>::get(who);
			let given = count.min(taken);
			if given == taken {
				Taken::<T>::remove(who);
			} else {
				Taken::<T>::insert(who, taken.saturating_sub(given));
			}
			given
		}

		/// Checks that every entry is of at least one place and of no more than there are.
		pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
			for (_, taken) in Taken::<T>::iter() {
				ensure!(taken > 0, "places: an entry of none");
				ensure!(
					taken <= T::MaxPlaces::get(),
					"places: more are taken than there are"
				);
			}
			Ok(())
		}
	}
}

/// Places as the SDK's pallets see them: a currency of which each keeper has a fixed amount, which can be reserved and nothing else.
pub struct InPlaces;

type Positive = <Balances as Currency<AccountId>>::PositiveImbalance;
type Negative = <Balances as Currency<AccountId>>::NegativeImbalance;

/// A number of places; more than there can be for what is no such number.
fn count(value: Balance) -> u32 {
	u32::try_from(value).unwrap_or(u32::MAX)
}

fn immovable<T>() -> Result<T, DispatchError> {
	Err(TokenError::Unsupported.into())
}

impl Currency<AccountId> for InPlaces {
	type Balance = Balance;
	type NegativeImbalance = Negative;
	type PositiveImbalance = Positive;

	fn total_balance(_: &AccountId) -> Balance {
		<<Runtime as Config>::MaxPlaces as Get<u32>>::get().into()
	}

	fn can_slash(_: &AccountId, value: Balance) -> bool {
		value == 0
	}

	fn total_issuance() -> Balance {
		0
	}

	fn minimum_balance() -> Balance {
		0
	}

	fn burn(_: Balance) -> Positive {
		Positive::zero()
	}

	fn issue(_: Balance) -> Negative {
		Negative::zero()
	}

	fn free_balance(who: &AccountId) -> Balance {
		Self::total_balance(who).saturating_sub(Self::reserved_balance(who))
	}

	fn ensure_can_withdraw(_: &AccountId, _: Balance, _: WithdrawReasons, _: Balance) -> DispatchResult {
		immovable()
	}

	fn transfer(_: &AccountId, _: &AccountId, _: Balance, _: ExistenceRequirement) -> DispatchResult {
		immovable()
	}

	fn slash(_: &AccountId, value: Balance) -> (Negative, Balance) {
		(Negative::zero(), value)
	}

	fn deposit_into_existing(_: &AccountId, _: Balance) -> Result<Positive, DispatchError> {
		immovable()
	}

	fn deposit_creating(_: &AccountId, _: Balance) -> Positive {
		Positive::zero()
	}

	fn withdraw(
		_: &AccountId,
		_: Balance,
		_: WithdrawReasons,
		_: ExistenceRequirement,
	) -> Result<Negative, DispatchError> {
		immovable()
	}

	fn make_free_balance_be(_: &AccountId, _: Balance) -> SignedImbalance<Balance, Positive> {
		SignedImbalance::Positive(Positive::zero())
	}
}

impl ReservableCurrency<AccountId> for InPlaces {
	fn can_reserve(who: &AccountId, value: Balance) -> bool {
		value <= Self::free_balance(who)
	}

	fn slash_reserved(_: &AccountId, value: Balance) -> (Negative, Balance) {
		(Negative::zero(), value)
	}

	fn reserved_balance(who: &AccountId) -> Balance {
		Taken::<Runtime>::get(who).into()
	}

	fn reserve(who: &AccountId, value: Balance) -> DispatchResult {
		Places::take(who, count(value)).map_err(DispatchError::from)
	}

	fn unreserve(who: &AccountId, value: Balance) -> Balance {
		value.saturating_sub(Places::give_back(who, count(value)).into())
	}

	fn repatriate_reserved(
		_: &AccountId,
		_: &AccountId,
		value: Balance,
		_: BalanceStatus,
	) -> Result<Balance, DispatchError> {
		Ok(value)
	}
}

//! From earlier versions of the storage to the present one.
//!
//! - *Version 0*, a marketplace without deadlines. In one block: it ran on test networks only, whose orders are few. Old orders
//!   get deadlines as if each had entered its state when the runtime was upgraded, so that nobody is late for a deadline
//!   that did not exist.
//! - *Version 1*, in which the market's clock could go back, and less time counted as enough to get a transaction into a block.
//!   Deadlines that run are postponed by the difference; those that have fallen stay so. The layout of what was stored is
//!   the same.
//! - *Version 2*, in which no time counted for a leader that keeps what happened from being final. Again deadlines that run are
//!   postponed by the difference, and nothing else changes.

use crate::{
	types::{Credit, Order, SealedNote, Terms},
	Ciphertext, Config, CurrentTerms, Incoming, IssuerQuota, LastTimestamp, OrderId, Orders, Pallet,
	QuotedBuyers, Quotes, ReservedQuota, TotalReservedQuota,
};
use alloc::vec::Vec;
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, Time, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};
use pallet_certificates::Moment;

/// From version 0 to version 1 of the storage, once.
pub type V0ToV1<T> =
	VersionedMigration<0, 1, WithDeadlines<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// From version 1 to version 2 of the storage, once. `Former` is what [`Config::LeastPeriod`] was under version 1, `Latter` what it
/// was under version 2, in milliseconds, for the authorities and the timing that there are.
pub type V1ToV2<T, Former, Latter> = VersionedMigration<
	1,
	2,
	WithLongerWaits<T, Former, Latter>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// From version 2 to version 3 of the storage, once. `Former` is what [`Config::LeastPeriod`] was under version 2.
pub type V2ToV3<T, Former> = VersionedMigration<
	2,
	3,
	WithLongerWaits<T, Former, <T as Config>::LeastPeriod>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// Leaves those whose time runs as much more as waiting may take longer than was known: `Latter` in place of `Former`.
pub struct WithLongerWaits<T, Former, Latter>(PhantomData<(T, Former, Latter)>);

impl<T: Config, Former: Get<Moment>, Latter: Get<Moment>> UncheckedOnRuntimeUpgrade
	for WithLongerWaits<T, Former, Latter>
{
	fn on_runtime_upgrade() -> Weight {
		let longer = Latter::get().saturating_sub(Former::get());
		if longer > 0 {
			Pallet::<T>::postpone(longer);
		}
		// Three sets and the timing, once for each period, and what the clock still owes.
		T::DbWeight::get().reads_writes(9, 1)
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(_state: Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		Pallet::<T>::do_try_state()
	}
}

/// Gives orders their deadlines, credits what they need to come back, quotes their index and quotas their reserve.
pub struct WithDeadlines<T>(PhantomData<T>);

/// What was stored otherwise.
pub(crate) mod v0 {
	use super::{Ciphertext, Moment, SealedNote, Terms};
	use crate::types::{ListingId, OrderState, Salt};
	use codec::{Decode, Encode};

	#[derive(Encode, Decode)]
	pub(crate) struct Credit {
		pub(crate) amount: Ciphertext,
		pub(crate) note: Option<SealedNote>,
	}

	#[derive(Encode, Decode)]
	pub(crate) struct Order<AccountId> {
		pub(crate) listing: ListingId<AccountId>,
		pub(crate) version: u32,
		pub(crate) price_seq: u64,
		pub(crate) price_salt: Salt,
		pub(crate) quantity: Ciphertext,
		pub(crate) total: Ciphertext,
		pub(crate) terms: Terms,
		pub(crate) state: OrderState,
		pub(crate) since: Moment,
		pub(crate) salt: Salt,
		pub(crate) note: SealedNote,
		pub(crate) own_note: SealedNote,
		pub(crate) quote: SealedNote,
		pub(crate) open_credits: u8,
	}
}

/// The same terms with periods that orders may have: they did nothing before, so nobody had looked at them.
fn fit(terms: Terms, least: Moment) -> Terms {
	// No panic, whatever timing the chain has.
	let within = |period: Moment, least: Moment| period.max(least).min(Terms::MAX_PERIOD);
	Terms {
		accept_period: within(terms.accept_period, 1),
		ship_period: within(terms.ship_period, 1),
		grace_period: within(terms.grace_period, least),
		confirm_period: within(terms.confirm_period, least),
		resolve_period: within(terms.resolve_period, least),
		..terms
	}
}

impl<T: Config> UncheckedOnRuntimeUpgrade for WithDeadlines<T> {
	fn on_runtime_upgrade() -> Weight {
		let least = T::LeastPeriod::get();
		let now = Pallet::<T>::market_now();
		// A halt between the last block of the old runtime and the first of this one is one, too.
		LastTimestamp::<T>::put(T::Time::now());
		let (mut reads, mut writes) = (3u64, 3u64);
		let mut count = |r: u64, w: u64| {
			reads = reads.saturating_add(r);
			writes = writes.saturating_add(w);
		};

		CurrentTerms::<T>::mutate(|terms| *terms = fit(*terms, least));
		Incoming::<T>::translate_values::<v0::Credit, _>(|credit| {
			count(1, 1);
			Some(Credit {
				amount: credit.amount,
				note: credit.note,
				sender_note: None,
				reclaim_from: None,
			})
		});
		Orders::<T>::translate::<v0::Order<T::AccountId>, _>(|buyer, seq, order| {
			let terms = fit(order.terms, least);
			let due = terms.period(order.state).map(|period| now.saturating_add(period));
			if let Some(due) = due {
				Pallet::<T>::schedule(&OrderId { buyer, seq }, due);
			}
			count(1, 2);
			Some(Order {
				listing: order.listing,
				version: order.version,
				price_seq: order.price_seq,
				price_salt: order.price_salt,
				quantity: order.quantity,
				total: order.total,
				terms,
				state: order.state,
				since: order.since,
				due,
				salt: order.salt,
				note: order.note,
				own_note: order.own_note,
				quote: order.quote,
				open_credits: order.open_credits,
			})
		});
		for (buyer, listing) in Quotes::<T>::iter_keys() {
			count(1, 1);
			QuotedBuyers::<T>::insert(listing, buyer, ());
		}
		// Quotas could not be changed: nobody ever had a larger one.
		let mut total: u64 = 0;
		for (issuer, quota) in IssuerQuota::<T>::iter().collect::<Vec<_>>() {
			count(1, 1);
			total = total.saturating_add(quota);
			ReservedQuota::<T>::insert(issuer, quota);
		}
		TotalReservedQuota::<T>::put(total);
		T::DbWeight::get().reads_writes(reads, writes)
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(_state: Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		Pallet::<T>::do_try_state()
	}
}

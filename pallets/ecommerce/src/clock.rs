//! The market's clock: chain time without the halts of the chain.
//!
//! Deadlines are kept on this clock, so a halt moves all of them by its length at once and nothing has to be rewritten.
//! A gap between the timestamps of two blocks that is longer than [`Config::HaltThreshold`] is a halt, from its first
//! millisecond: nobody could act in any part of it.
//!
//! While parties are kept from acting ([`Config::Suspended`]), all time is as if the chain had halted: a council that pauses
//! `ship` in an emergency must not bring the penalty down on every seller.
//!
//! When it can take longer from now on to get a transaction into a block, because the authorities' set or timing becomes another,
//! every deadline that runs is moved by the difference ([`Pallet::postpone`]): the clock stands still for so long. Of those that
//! begin later each leaves at least [`Config::LeastPeriod`] to whoever would lose money by it, whatever terms the order has.
//!
//! The clock never goes back. What has fallen stays so, whether or not anybody has acted on it yet: no vote undoes a penalty
//! that is due.
//!
//! A halt is measured when the timestamp of a block is set, before any transaction of that block: a party that comes with the
//! first block after a halt finds its deadline moved already.

use crate::{Config, Event, Halted, LastTimestamp, Pallet, Standstill};
use frame_support::traits::{Get, OnTimestampSet, Time};
use pallet_certificates::Moment;

impl<T: Config> Pallet<T> {
	/// What the market's clock shows: milliseconds.
	pub fn market_now() -> Moment {
		T::Time::now().saturating_sub(Halted::<T>::get())
	}

	/// Moves every deadline that runs, as a halt of that length does: from now on a party has to count on waiting so much longer for
	/// a place in a block.
	///
	/// The clock stands still for so long from the present block on, so what has fallen does not run again. Deadlines that begin
	/// later are long enough by themselves.
	pub fn postpone(length: Moment) {
		Standstill::<T>::mutate(|left| *left = left.saturating_add(length));
		Self::deposit_event(Event::Halted { length });
	}

	/// Keeps the clock from showing that so much time has passed.
	fn stand_still(length: Moment) {
		Halted::<T>::mutate(|halted| *halted = halted.saturating_add(length));
	}

	/// Whether a deadline has fallen.
	pub(crate) fn is_past(due: Option<Moment>) -> bool {
		due.is_some_and(|due| Self::market_now() >= due)
	}
}

impl<T: Config> OnTimestampSet<Moment> for Pallet<T> {
	fn on_timestamp_set(now: Moment) {
		let last = LastTimestamp::<T>::get();
		LastTimestamp::<T>::put(now);
		// The first block has no block before it that could tell the time.
		let Some(last) = last else { return };
		let length = now.saturating_sub(last);
		// What was suspended in the last block is so still, and was all the time in between.
		if length == 0 {
			return;
		}
		if length > T::HaltThreshold::get() || T::Suspended::get() {
			Self::stand_still(length);
			Self::deposit_event(Event::Halted { length });
			return;
		}
		let left = Standstill::<T>::get();
		if left > 0 {
			let part = left.min(length);
			Standstill::<T>::put(left.saturating_sub(part));
			Self::stand_still(part);
		}
	}
}

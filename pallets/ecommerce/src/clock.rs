//! The market's clock: chain time without the halts of the chain.
//!
//! Deadlines are kept on this clock, so a halt moves all of them by its length at once and nothing has to be rewritten.
//! A gap between the timestamps of two blocks that is longer than [`Config::HaltThreshold`] is a halt, from its first
//! millisecond: nobody could act in any part of it.
//!
//! While parties are kept from acting ([`Config::Suspended`]), all time is as if the chain had halted: a council that pauses
//! `ship` in an emergency must not bring the penalty down on every seller.
//!
//! When the authorities' set or timing becomes one under which faulty leaders can keep a transaction out of blocks for longer,
//! every deadline that runs is moved by the difference, in the same way ([`Pallet::postpone`]). Of those that begin later each
//! leaves at least [`Config::LeastPeriod`] to whoever would lose money by it, whatever terms the order has.
//!
//! A halt is measured when the timestamp of a block is set, before any transaction of that block: a party that comes with the
//! first block after a halt finds its deadline moved already.

use crate::{Config, Event, Halted, LastTimestamp, Pallet};
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
	/// What the clock shows is earlier by that afterwards. Deadlines that begin later are long enough by themselves.
	pub fn postpone(length: Moment) {
		Halted::<T>::mutate(|halted| *halted = halted.saturating_add(length));
		Self::deposit_event(Event::Halted { length });
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
		if length > 0 && (length > T::HaltThreshold::get() || T::Suspended::get()) {
			Self::postpone(length);
		}
	}
}

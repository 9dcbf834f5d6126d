//! How much one account can keep on the ledger at a time.
//!
//! There are no deposits and no fees, so numbers keep the state small: listings of a seller, orders of a buyer, and, so that
//! nobody is flooded by one stranger, quotes, credits and redemptions of each pair. What comes out of an order's escrow is never capped: it
//! is bounded by the orders. Each counter stands beside what it counts and is gone at zero.

use crate::{
	Config, CreditCount, CreditId, Error, ListingCount, ListingId, OrderCount, Pallet, Quote, QuoteCount,
	QuotedBuyers, Quotes, RedemptionCount,
};
use frame_support::{ensure, traits::Get};

/// One more of something.
fn raise(count: &mut u32) {
	*count = count.saturating_add(1);
}

/// One less; nothing is stored for none.
fn lower(count: &mut Option<u32>) {
	*count = count
		.and_then(|count| count.checked_sub(1))
		.filter(|count| *count > 0);
}

impl<T: Config> Pallet<T> {
	/// The seller may list something else.
	pub(crate) fn ensure_room_for_listing(seller: &T::AccountId) -> Result<(), Error<T>> {
		ensure!(
			ListingCount::<T>::get(seller) < T::MaxListings::get(),
			Error::<T>::TooManyListings
		);
		Ok(())
	}

	/// Counts a listing that is written.
	pub(crate) fn count_listing(seller: &T::AccountId) {
		ListingCount::<T>::mutate(seller, raise);
	}

	/// Counts a listing that is removed.
	pub(crate) fn discount_listing(seller: &T::AccountId) {
		ListingCount::<T>::mutate_exists(seller, lower);
	}

	/// The buyer may place another order.
	pub(crate) fn ensure_room_for_order(buyer: &T::AccountId) -> Result<(), Error<T>> {
		ensure!(
			OrderCount::<T>::get(buyer) < T::MaxOrders::get(),
			Error::<T>::TooManyOrders
		);
		Ok(())
	}

	/// Counts an order that is written.
	pub(crate) fn count_order(buyer: &T::AccountId) {
		OrderCount::<T>::mutate(buyer, raise);
	}

	/// Counts an order that is removed.
	pub(crate) fn discount_order(buyer: &T::AccountId) {
		OrderCount::<T>::mutate_exists(buyer, lower);
	}

	/// The sender may send the recipient another credit: not too many wait there, nor too many that came back to the sender,
	/// which count as from itself. Nothing can be kept from coming back, so this is where their number is bounded.
	pub(crate) fn ensure_room_for_credit(to: &T::AccountId, from: &T::AccountId) -> Result<(), Error<T>> {
		let most = T::MaxCreditsPerPair::get();
		ensure!(
			CreditCount::<T>::get(to, from) < most && CreditCount::<T>::get(from, from) < most,
			Error::<T>::TooManyCredits
		);
		Ok(())
	}

	/// The holder may redeem with the issuer once more.
	pub(crate) fn ensure_room_for_redemption(
		issuer: &T::AccountId,
		holder: &T::AccountId,
	) -> Result<(), Error<T>> {
		ensure!(
			RedemptionCount::<T>::get(issuer, holder) < T::MaxRedemptionsPerPair::get(),
			Error::<T>::TooManyRedemptions
		);
		Ok(())
	}

	/// Counts a redemption.
	pub(crate) fn count_redemption(issuer: &T::AccountId, holder: &T::AccountId) {
		RedemptionCount::<T>::mutate(issuer, holder, raise);
	}

	/// Counts a redemption that was settled.
	pub(crate) fn discount_redemption(issuer: &T::AccountId, holder: &T::AccountId) {
		RedemptionCount::<T>::mutate_exists(issuer, holder, lower);
	}

	/// Counts a credit that somebody sent.
	pub(crate) fn count_credit(to: &T::AccountId, from: &T::AccountId) {
		CreditCount::<T>::mutate(to, from, raise);
	}

	/// Counts a credit that is removed, if it is one that somebody sent.
	pub(crate) fn discount_credit(to: &T::AccountId, id: &CreditId<T::AccountId>) {
		if !id.kind.is_of_order() {
			CreditCount::<T>::mutate_exists(to, &id.creator, lower);
		}
	}

	/// The seller may quote the buyer this listing: anew in any case, and if there is room, for the first time.
	pub(crate) fn ensure_room_for_quote(
		buyer: &T::AccountId,
		id: &ListingId<T::AccountId>,
	) -> Result<(), Error<T>> {
		ensure!(
			Quotes::<T>::contains_key(buyer, id)
				|| QuoteCount::<T>::get(buyer, &id.seller) < T::MaxQuotesPerPair::get(),
			Error::<T>::TooManyQuotes
		);
		Ok(())
	}

	/// Writes a quote, in place of an older one for the same listing.
	pub(crate) fn put_quote(buyer: &T::AccountId, id: &ListingId<T::AccountId>, quote: Quote) {
		if !Quotes::<T>::contains_key(buyer, id) {
			QuoteCount::<T>::mutate(buyer, &id.seller, raise);
			QuotedBuyers::<T>::insert(id, buyer, ());
		}
		Quotes::<T>::insert(buyer, id, quote);
	}

	/// Removes the quote that a buyer has for a listing, if there is one: the order carries what it said.
	pub(crate) fn take_quote(buyer: &T::AccountId, id: &ListingId<T::AccountId>) {
		if Quotes::<T>::take(buyer, id).is_some() {
			QuoteCount::<T>::mutate_exists(buyer, &id.seller, lower);
			QuotedBuyers::<T>::remove(id, buyer);
		}
	}
}

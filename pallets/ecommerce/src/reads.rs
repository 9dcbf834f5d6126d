//! What the runtime API answers.

use crate::{
	runtime_api::{AccountState, Market},
	types::{
		Accumulators, Credit, CreditId, Listing, ListingId, Order, OrderState, Quote, Redemption,
		RedemptionId,
	},
	Balances, Config, CurrentTerms, Halted, Incoming, Issued, IssuerQuota, Listings, Modulus, NonceBase,
	Orders, OrdersOfSeller, Pallet, Quotes, Redemptions, Sequence, Standstill,
};
use alloc::vec::Vec;
use codec::DecodeAll;
use pallet_certificates::OrderId;
use veilmart_confidential::{ProofError, Statement};
use veilmart_verification_host::{LedgerKey, Verification};

type OrdersById<T> = Vec<(
	OrderId<<T as frame_system::Config>::AccountId>,
	Order<<T as frame_system::Config>::AccountId>,
)>;

impl<T: Config> Pallet<T> {
	/// The key, the terms and the clock.
	pub fn market() -> Market {
		Market {
			modulus: Modulus::<T>::get().into_inner(),
			nonce_base: NonceBase::<T>::get(),
			terms: CurrentTerms::<T>::get(),
			halted: Halted::<T>::get(),
			standstill: Standstill::<T>::get(),
			clock: Self::market_now(),
		}
	}

	/// An account's sequence number and what it owns.
	pub fn account(who: &T::AccountId) -> AccountState {
		AccountState {
			seq: Sequence::<T>::get(who),
			balance: Balances::<T>::get(who),
			issued: Issued::<T>::get(who),
			issuer_quota: IssuerQuota::<T>::get(who),
		}
	}

	/// The credits that an account has not collected.
	pub fn incoming(who: &T::AccountId) -> Vec<(CreditId<T::AccountId>, Credit)> {
		Incoming::<T>::iter_prefix(who).collect()
	}

	/// What was redeemed with an issuer and is not settled.
	pub fn redemptions(issuer: &T::AccountId) -> Vec<(RedemptionId<T::AccountId>, Redemption)> {
		Redemptions::<T>::iter_prefix(issuer).collect()
	}

	/// One listing.
	pub fn listing_of(id: &ListingId<T::AccountId>) -> Option<Listing> {
		Listings::<T>::get(&id.seller, id.seq)
	}

	/// All listings of a seller.
	pub fn listings(seller: &T::AccountId) -> Vec<(ListingId<T::AccountId>, Listing)> {
		Listings::<T>::iter_prefix(seller)
			.map(|(seq, listing)| {
				(
					ListingId {
						seller: seller.clone(),
						seq,
					},
					listing,
				)
			})
			.collect()
	}

	/// The quote that a buyer has for a listing.
	pub fn quote_of(buyer: &T::AccountId, id: &ListingId<T::AccountId>) -> Option<Quote> {
		Quotes::<T>::get(buyer, id)
	}

	/// All quotes that a buyer has.
	pub fn quotes(buyer: &T::AccountId) -> Vec<(ListingId<T::AccountId>, Quote)> {
		Quotes::<T>::iter_prefix(buyer).collect()
	}

	/// One order.
	pub fn order_of(id: &OrderId<T::AccountId>) -> Option<Order<T::AccountId>> {
		Orders::<T>::get(&id.buyer, id.seq)
	}

	/// The orders of a buyer, all or those in one state.
	pub fn orders_of_buyer(buyer: &T::AccountId, state: Option<OrderState>) -> OrdersById<T> {
		Orders::<T>::iter_prefix(buyer)
			.filter(|(_, order)| state.is_none_or(|state| order.state == state))
			.map(|(seq, order)| {
				(
					OrderId {
						buyer: buyer.clone(),
						seq,
					},
					order,
				)
			})
			.collect()
	}

	/// The orders that a seller has to do with, all or those in one state.
	pub fn orders_of_seller(seller: &T::AccountId, state: Option<OrderState>) -> OrdersById<T> {
		OrdersOfSeller::<T>::iter_key_prefix(seller)
			.filter_map(|id| Some((id.clone(), Orders::<T>::get(&id.buyer, id.seq)?)))
			.filter(|(_, order)| state.is_none_or(|state| order.state == state))
			.collect()
	}

	/// Both sides of the conservation identity; `None` if the chain has no key.
	pub fn accumulators() -> Option<Accumulators> {
		Self::compute_accumulators().ok()
	}

	/// The verdict on an encoded statement and its proof: 0, or the code of the reason.
	pub fn verdict(statement: &[u8], proof: &[u8]) -> u32 {
		let Ok(statement) = Statement::decode_all(&mut &statement[..]) else {
			return ProofError::Statement.code();
		};
		let modulus = Modulus::<T>::get();
		let h_s = NonceBase::<T>::get();
		let key = LedgerKey {
			modulus: &modulus,
			h_s: h_s.as_ref(),
		};
		T::Verification::verify(key, &statement, proof).map_or_else(ProofError::code, |()| 0)
	}
}

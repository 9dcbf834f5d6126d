//! What clients read. Typed, so that wallets need no storage keys.

// The macro repeats the bound.
#![allow(clippy::multiple_bound_locations)]

use crate::types::{
	Accumulators, Credit, CreditId, Listing, ListingId, Order, OrderState, Owned, Quote, Redemption,
	RedemptionId, Terms,
};
use alloc::vec::Vec;
use codec::{Codec, Decode, Encode};
use pallet_certificates::{Moment, OrderId};
use scale_info::TypeInfo;
use veilmart_confidential::Ciphertext;

/// The key, the terms and the clock: what a wallet needs before its first call.
#[derive(Encode, Decode, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct Market {
	/// `N`, big-endian; empty if the chain has no marketplace.
	pub modulus: Vec<u8>,
	/// `h_s`.
	pub nonce_base: Ciphertext,
	/// The terms of new orders.
	pub terms: Terms,
	/// For how long the market's clock has stood still in all, in milliseconds: it shows chain time without this.
	pub halted: Moment,
	/// For how much longer it stands still, in milliseconds.
	pub standstill: Moment,
	/// What it shows. A deadline up to this has fallen.
	pub clock: Moment,
}

impl Market {
	/// When a deadline on the market's clock, as [`Order::due`] is one, falls in chain time, unless the chain halts until then. Of
	/// one that has fallen: when it did, or later if the chain has halted since, but not after the block that this was read
	/// in.
	pub fn falls(&self, due: Moment) -> Moment {
		let falls = due.saturating_add(self.halted);
		if due <= self.clock {
			falls
		} else {
			falls.saturating_add(self.standstill)
		}
	}
}

/// An account as the marketplace sees it.
#[derive(Encode, Decode, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
	/// The next sequence number.
	pub seq: u64,
	/// The balance with its self-note.
	pub balance: Owned,
	/// What the account has issued, with its self-note.
	pub issued: Owned,
	/// What the account may issue in all, in minor units.
	pub issuer_quota: u64,
}

sp_api::decl_runtime_apis! {
	/// Reads of the marketplace. Version 2 says more about the clock.
	#[api_version(2)]
	pub trait EcommerceApi<AccountId: Codec> {
		/// The key, the terms and the clock.
		fn market() -> Market;
		/// The proof that the modulus is well formed.
		fn modulus_proof() -> Vec<u8>;
		/// An account's sequence number and what it owns.
		fn account(account: AccountId) -> AccountState;
		/// The credits that an account has not collected.
		fn incoming(account: AccountId) -> Vec<(CreditId<AccountId>, Credit)>;
		/// What was redeemed with an issuer and is not settled.
		fn redemptions(issuer: AccountId) -> Vec<(RedemptionId<AccountId>, Redemption)>;
		/// One listing.
		fn listing(listing: ListingId<AccountId>) -> Option<Listing>;
		/// All listings of a seller.
		fn listings(seller: AccountId) -> Vec<(ListingId<AccountId>, Listing)>;
		/// The quote that a buyer has for a listing.
		fn quote(buyer: AccountId, listing: ListingId<AccountId>) -> Option<Quote>;
		/// All quotes that a buyer has.
		fn quotes(buyer: AccountId) -> Vec<(ListingId<AccountId>, Quote)>;
		/// One order.
		fn order(order: OrderId<AccountId>) -> Option<Order<AccountId>>;
		/// The orders of a buyer, all or those in one state.
		fn orders_of_buyer(
			buyer: AccountId,
			state: Option<OrderState>,
		) -> Vec<(OrderId<AccountId>, Order<AccountId>)>;
		/// The orders that a seller has to do with, all or those in one state.
		fn orders_of_seller(
			seller: AccountId,
			state: Option<OrderState>,
		) -> Vec<(OrderId<AccountId>, Order<AccountId>)>;
		/// Both sides of the conservation identity, factor by factor: computed over the whole state, for audits.
		fn accumulators() -> Option<Accumulators>;
		/// The verdict on a SCALE-encoded statement and its proof: 0, or the code of the reason.
		fn verify(statement: Vec<u8>, proof: Vec<u8>) -> u32;
	}
}

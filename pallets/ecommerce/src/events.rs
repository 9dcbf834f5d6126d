//! What is told of each call and of what deadlines do.

use frame_support::pallet_macros::pallet_section;

/// Becomes part of [`crate::pallet`].
#[pallet_section]
mod events {
	/// What happened on the marketplace. Events name parties and objects, never values.
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// Money was issued and waits to be collected.
		Issued {
			/// Who issued it.
			issuer: T::AccountId,
			/// Whose it is.
			to: T::AccountId,
			/// The credit.
			credit: CreditId<T::AccountId>,
		},
		/// An account took credits into its balance.
		Collected {
			/// The account.
			account: T::AccountId,
			/// The credits.
			credits: Vec<CreditId<T::AccountId>>,
		},
		/// Something is for sale.
		Listed {
			/// The listing.
			listing: ListingId<T::AccountId>,
		},
		/// A seller told a buyer a price.
		Quoted {
			/// The listing.
			listing: ListingId<T::AccountId>,
			/// The buyer.
			buyer: T::AccountId,
			/// The price version.
			version: u32,
		},
		/// An order was placed; its total is in escrow.
		Placed {
			/// The order.
			order: OrderId<T::AccountId>,
			/// What was ordered.
			listing: ListingId<T::AccountId>,
		},
		/// The buyer took an order back before it was accepted.
		Cancelled {
			/// The order.
			order: OrderId<T::AccountId>,
		},
		/// The seller accepted an order; its bond is in escrow.
		Accepted {
			/// The order.
			order: OrderId<T::AccountId>,
			/// The seller.
			seller: T::AccountId,
		},
		/// The seller declined an order.
		Declined {
			/// The order.
			order: OrderId<T::AccountId>,
			/// The seller.
			seller: T::AccountId,
			/// Why.
			reason: DeclineReason,
		},
		/// The seller shipped.
		Shipped {
			/// The order.
			order: OrderId<T::AccountId>,
			/// The seller.
			seller: T::AccountId,
		},
		/// An order was confirmed, by the buyer, by the end of the period to do so, or by a decision; total and bond are
		/// the seller's to collect.
		Completed {
			/// The order.
			order: OrderId<T::AccountId>,
			/// The seller.
			seller: T::AccountId,
		},
		/// An order was not accepted in time; its total is the buyer's to collect.
		Lapsed {
			/// The order.
			order: OrderId<T::AccountId>,
			/// The seller.
			seller: T::AccountId,
		},
		/// An accepted order was not shipped in time, or a decision came to the same: total and deposit are the buyer's to
		/// collect, the seller's bond is forfeited and the seller barred from new business.
		Penalised {
			/// The order.
			order: OrderId<T::AccountId>,
			/// The seller.
			seller: T::AccountId,
		},
		/// The buyer disputes what was shipped; a deposit is in escrow.
		Disputed {
			/// The order.
			order: OrderId<T::AccountId>,
			/// The seller.
			seller: T::AccountId,
		},
		/// A dispute was decided. The event of the order's end follows.
		Resolved {
			/// The order.
			order: OrderId<T::AccountId>,
			/// Who decided; nobody if it was the council.
			arbiter: Option<T::AccountId>,
			/// How.
			verdict: Verdict,
		},
		/// An order ended with everybody getting back what it put up: by a decision, because nobody decided in time, or
		/// because one of its parties was barred before it was accepted.
		Refunded {
			/// The order.
			order: OrderId<T::AccountId>,
			/// The seller.
			seller: T::AccountId,
		},
		/// The chain had halted, the marketplace was suspended, or it can take longer from now on to get a transaction into a
		/// block. All deadlines that run are later by so much.
		Halted {
			/// By how much, in milliseconds.
			length: Moment,
		},
		/// New orders have other terms from now on.
		TermsSet {
			/// The terms.
			terms: Terms,
		},
		/// Money was sent and waits to be collected.
		Transferred {
			/// Who sent it.
			from: T::AccountId,
			/// Whose it is.
			to: T::AccountId,
			/// The credit.
			credit: CreditId<T::AccountId>,
		},
		/// An account refused what it was sent; it is its sender's to collect.
		Refused {
			/// Who refused it.
			by: T::AccountId,
			/// The credit that the sender has now.
			credit: CreditId<T::AccountId>,
		},
		/// A sender took a transfer back that was not collected.
		Reclaimed {
			/// Who had not collected it.
			from: T::AccountId,
			/// The credit that the sender has now.
			credit: CreditId<T::AccountId>,
		},
		/// Money was burned, and the issuer has to pay it outside of the chain.
		Redeemed {
			/// The issuer.
			issuer: T::AccountId,
			/// The redemption.
			redemption: RedemptionId<T::AccountId>,
		},
		/// An issuer says that it has paid a redemption.
		Settled {
			/// The issuer.
			issuer: T::AccountId,
			/// The redemption.
			redemption: RedemptionId<T::AccountId>,
		},
		/// An account gave something that it owns a new nonce.
		Refreshed {
			/// The account.
			account: T::AccountId,
			/// What.
			target: RefreshTarget<T::AccountId>,
		},
		/// A seller changed a price.
		Repriced {
			/// The listing.
			listing: ListingId<T::AccountId>,
			/// The price version from now on.
			version: u32,
		},
		/// A seller added to a stock.
		Restocked {
			/// The listing.
			listing: ListingId<T::AccountId>,
		},
		/// A seller took a listing away.
		Delisted {
			/// The listing.
			listing: ListingId<T::AccountId>,
		},
		/// An issuer may issue so much in all from now on.
		IssuerQuotaSet {
			/// The issuer.
			issuer: T::AccountId,
			/// Minor units.
			quota: u64,
		},
		/// The certificate authority read something with its key.
		Disclosed {
			/// What.
			subject: Disclosure<T::AccountId>,
		},
	}
}

//! The confidential marketplace: encrypted balances, listings, orders, escrow.
//!
//! Prices, quantities, stocks and balances are Paillier ciphertexts; what each call does to them is shown by a proof, and
//! the sums that must come out are identities of ciphertexts that the ledger checks bit for bit. The pallet never divides
//! and never decrypts: a caller submits the new ciphertext and the ledger compares `B = B'·S`.
//!
//! It is not for deciding who may take part (`pallet-certificates`), nor for the mathematics (`veilmart-confidential`).
//!
//! # Key terms
//!
//! - **Opening**: value and nonce exponent of a ciphertext. Who knows it can prove things about the ciphertext.
//! - **Sequence number**: every call of an account carries the account's number and raises it. It is public, never deleted,
//!   and independent of the system's nonce, which resets when an account is reaped.
//! - **Credit**: money on its way to an account, waiting in [`Incoming`] until the owner collects it. Only the owner's own
//!   calls change [`Balances`], so nobody can spoil somebody else's pending proof.
//! - **Escrow**: the total and the bond of an order, derived from its ciphertexts.
//!
//! # Goals
//!
//! 1. *Conservation is public.* ∏ balances · ∏ incoming · ∏ escrowed totals · ∏ bonds · Redeemed = ∏ Issued · Zeroed
//!    (mod N²), checkable by anybody without a key; `try_state` checks it.
//! 2. *Nothing goes negative.* Every debit carries a proof about what remains.
//! 3. *Nothing that the ledger holds is a free field of a call.* `P`, `X`, `S` come from storage, `B`, `K`, `R`, `Issued` are
//!    derived from the claimed successor and compared with storage.
//! 4. *Nothing is written before all checks pass*, and every failed check is an error of its own.
//!
//! # Order of checks
//!
//! Origin, quota, role, existence and state, room, sequence, ciphertext identities, proof; then storage. (The quota is charged
//! first, and given back with everything else if the call fails.) A call that is refused before the proof was looked at also
//! gives back the proof's weight.
//! [`CheckProof`] makes the same checks at the pool's door for calls that carry a proof, so that it is verified once on each
//! node; of the other calls it looks at the sequence number only.
//!
//! Ciphertexts and notes are boxed in calls, so that a call stays small where calls are held by value.
//!
//! # What an account can store
//!
//! Listings of a seller, orders of a buyer, quotes and credits of each pair are limited by constants of the runtime, each with
//! an error of its own. An order takes the quote that it was placed on with it, and goes with the last of its credits.
//!
//! # What comes later
//!
//! Orders record their terms and since when they are in their state ([`Order::terms`], [`Order::since`]); deadlines that act by
//! themselves, penalties, disputes, transfers, redemption and `refresh` build on these.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]
// A call has as many arguments as it names things, and the macro makes functions of them.
#![allow(clippy::too_many_arguments)]

extern crate alloc;

mod extension;
mod genesis;
mod invariants;
mod ledger;
mod limits;
mod orders;
mod outcome;
mod reads;
pub mod runtime_api;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use extension::{refusal_sentence, CheckProof, FIRST_REFUSAL};
pub use genesis::GenesisKey;
pub use pallet::*;
pub use pallet_certificates::OrderId;
pub use types::{
	Accumulators, Credit, CreditId, CreditKind, DeclineReason, Listing, ListingId, Order, OrderState, Owned,
	Proof, Quote, Salt, SealedNote, Terms,
};
pub use veilmart_confidential::Ciphertext;
pub use weights::{ProofWeight, WeightInfo};

/// The most credits that one `collect` takes.
pub const MAX_COLLECT: u32 = 16;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::{boxed::Box, vec::Vec};
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use veilmart_verification_host::Verification;

	/// What the runtime decides for the marketplace.
	#[pallet::config]
	pub trait Config:
		pallet_certificates::Config + frame_system::Config<RuntimeEvent: From<Event<Self>>>
	{
		/// The weights of the calls, without their proofs.
		type WeightInfo: WeightInfo;

		/// Where proofs are verified, and what that weighs.
		type Verification: Verification + ProofWeight;

		/// The most listings that a seller can have.
		#[pallet::constant]
		type MaxListings: Get<u32>;

		/// The most quotes that a buyer can have from one seller. An order from the listing frees one.
		#[pallet::constant]
		type MaxQuotesPerPair: Get<u32>;

		/// The most orders that a buyer can have, those included whose credits are not all collected.
		#[pallet::constant]
		type MaxOrders: Get<u32>;

		/// The most credits that wait for one account from one other. Refunds, proceeds and bonds are not counted.
		#[pallet::constant]
		type MaxCreditsPerPair: Get<u32>;
	}

	/// The marketplace.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// `N`, big-endian.
	#[pallet::storage]
	pub type Modulus<T: Config> = StorageValue<_, BoundedVec<u8, ConstU32<384>>, ValueQuery>;

	/// `h_s`, derived from `N` when genesis was built.
	#[pallet::storage]
	pub type NonceBase<T: Config> = StorageValue<_, Ciphertext, ValueQuery>;

	/// The proof that `N` is well formed, which genesis verified. Kept so that anybody can do it again.
	#[pallet::storage]
	pub type ModulusProof<T: Config> = StorageValue<_, BoundedVec<u8, ConstU32<131_072>>, ValueQuery>;

	/// The terms of new orders.
	#[pallet::storage]
	pub type CurrentTerms<T: Config> = StorageValue<_, Terms, ValueQuery>;

	/// The next sequence number of each account. Never deleted.
	#[pallet::storage]
	pub type Sequence<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u64, ValueQuery>;

	/// The balances. Never deleted, also when the account is reaped.
	#[pallet::storage]
	pub type Balances<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Owned, ValueQuery>;

	/// Credits that their owners have not collected.
	#[pallet::storage]
	pub type Incoming<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Blake2_128Concat,
		CreditId<T::AccountId>,
		Credit,
		OptionQuery,
	>;

	/// How many credits that it was sent an account has not collected, by account and sender.
	#[pallet::storage]
	pub type CreditCount<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

	/// What is for sale, by seller and the seller's sequence number.
	#[pallet::storage]
	pub type Listings<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Blake2_128Concat, u64, Listing, OptionQuery>;

	/// How many listings each seller has.
	#[pallet::storage]
	pub type ListingCount<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

	/// Quotes on chain, by buyer and listing; a newer one replaces an older one, and an order from the listing removes it.
	#[pallet::storage]
	pub type Quotes<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Blake2_128Concat,
		ListingId<T::AccountId>,
		Quote,
		OptionQuery,
	>;

	/// How many quotes a buyer has from a seller, by buyer and seller.
	#[pallet::storage]
	pub type QuoteCount<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

	/// Orders, by buyer and the buyer's sequence number.
	#[pallet::storage]
	pub type Orders<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Blake2_128Concat,
		u64,
		Order<T::AccountId>,
		OptionQuery,
	>;

	/// How many orders each buyer has.
	#[pallet::storage]
	pub type OrderCount<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

	/// The orders that each seller has to do with.
	#[pallet::storage]
	pub type OrdersOfSeller<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Blake2_128Concat,
		OrderId<T::AccountId>,
		(),
		OptionQuery,
	>;

	/// What each issuer has issued, encrypted.
	#[pallet::storage]
	pub type Issued<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Owned, ValueQuery>;

	/// What each issuer may issue in all, in minor units. All quotas together stay below 2^64.
	#[pallet::storage]
	pub type IssuerQuota<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u64, ValueQuery>;

	/// The product of all that was redeemed or burned.
	#[pallet::storage]
	pub type Redeemed<T: Config> = StorageValue<_, Ciphertext, ValueQuery>;

	/// The product of the residues by which accounts refreshed.
	#[pallet::storage]
	pub type Zeroed<T: Config> = StorageValue<_, Ciphertext, ValueQuery>;

	/// The key, the issuers' quotas and the terms. A key that is not well formed stops the building of genesis.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The public key with its proof. A chain without one has no marketplace.
		pub key: Option<GenesisKey>,
		/// What each issuer may issue in all, in minor units.
		pub issuer_quotas: Vec<(T::AccountId, u64)>,
		/// The terms of orders; the default is for local test networks.
		pub terms: Option<Terms>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			if let Err(reason) = self.build_or_explain() {
				panic!("marketplace in genesis: {reason}");
			}
		}
	}

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
		/// The buyer confirmed; total and bond are the seller's to collect.
		Completed {
			/// The order.
			order: OrderId<T::AccountId>,
			/// The seller.
			seller: T::AccountId,
		},
	}

	/// Why a call was refused. The order is part of the interface, so new ones go to the end: see [`refusal_sentence`].
	#[pallet::error]
	#[derive(PartialEqNoBound, EqNoBound)]
	pub enum Error<T> {
		/// The account never had a certificate.
		NotCertified,
		/// The account's certificate was withdrawn.
		Revoked,
		/// The account is barred from new business because of an order.
		Blacklisted,
		/// The account's certificate is no longer valid.
		Expired,
		/// The account's certificate does not name the role that the call needs.
		WrongRole,
		/// The account has used up its calls for the current period.
		QuotaExhausted,
		/// The other party has no active certificate for its part.
		CounterpartyNotCertified,
		/// There is no such listing.
		NoSuchListing,
		/// There is no such order.
		NoSuchOrder,
		/// There is no such credit, or it is not the caller's.
		NoSuchCredit,
		/// The price changed since the version that the order names.
		PriceChanged,
		/// The order is not the caller's to do this with.
		NotYourOrder,
		/// The order is not in a state in which this is possible.
		WrongState,
		/// A seller cannot trade with itself.
		SelfDealing,
		/// A credit is named twice, or none is named.
		DuplicateCredit,
		/// The sequence number was used already.
		StaleSequence,
		/// The sequence number is ahead of the account's.
		FutureSequence,
		/// The claimed balance and what it pays do not multiply to the balance on the ledger.
		BalanceMismatch,
		/// The claimed stock and the quantity do not multiply to the stock on the ledger.
		StockMismatch,
		/// The claimed accumulator is not the ledger's times the amount.
		IssuedMismatch,
		/// The chain has no key, or a ciphertext on the ledger does not fit it.
		NoKey,
		/// The statement does not fit together.
		MalformedStatement,
		/// The proof has a wrong length.
		ProofLength,
		/// The proof is of another version.
		ProofVersion,
		/// A ciphertext has a wrong length.
		CiphertextLength,
		/// A ciphertext is zero.
		CiphertextZero,
		/// A ciphertext is not below N².
		CiphertextNotReduced,
		/// A ciphertext shares a factor with N.
		CiphertextNotUnit,
		/// A commitment is not the canonical encoding of a point.
		ProofPoint,
		/// A scalar of the proof is not canonical.
		ProofScalar,
		/// A response of the proof for a value is out of range.
		ProofValueResponse,
		/// A response of the proof for a nonce is out of range.
		ProofNonceResponse,
		/// The equations do not hold, or the proof was made for something else.
		ProofMismatch,
		/// A value is negative, zero where it must not be, or above its limit.
		ProofRange,
		/// The other party has registered no view key, so nothing can be sealed to it.
		NoViewKey,
		/// As many credits from the caller as may wait for that account wait already.
		TooManyCredits,
		/// The seller has as many listings as it may.
		TooManyListings,
		/// The buyer has as many quotes from this seller as it may.
		TooManyQuotes,
		/// The buyer has as many orders as it may, those included whose credits are not all collected.
		TooManyOrders,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_n: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Issues money to an account that holds a certificate and has registered a view key. Issuers only, within their quota.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::issue().saturating_add(T::Verification::issue()))]
		pub fn issue(
			origin: OriginFor<T>,
			seq: u64,
			salt: Salt,
			to: T::AccountId,
			amount: Box<Ciphertext>,
			issued_after: Box<Ciphertext>,
			own_note: Box<SealedNote>,
			note: Box<SealedNote>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let parts = ledger::Issue {
				to,
				amount: *amount,
				issued_after: *issued_after,
				own_note: *own_note,
				note: *note,
			};
			Self::charged(&who, <T as Config>::WeightInfo::issue(), || {
				Self::do_issue(&who, seq, salt, parts, &proof)
			})
		}

		/// Takes up to 16 of the caller's credits into its balance.
		#[pallet::call_index(1)]
		#[pallet::weight(<T as Config>::WeightInfo::collect(credits.len() as u32))]
		pub fn collect(
			origin: OriginFor<T>,
			seq: u64,
			credits: BoundedVec<CreditId<T::AccountId>, ConstU32<MAX_COLLECT>>,
			own_note: Box<SealedNote>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(
				&who,
				<T as Config>::WeightInfo::collect(credits.len() as u32),
				|| Self::do_collect(&who, seq, credits.into_inner(), *own_note),
			)
		}

		/// Offers something for sale, under the name (caller, `seq`). Sellers only.
		#[pallet::call_index(2)]
		#[pallet::weight(<T as Config>::WeightInfo::list().saturating_add(T::Verification::list()))]
		pub fn list(
			origin: OriginFor<T>,
			seq: u64,
			salt: Salt,
			price: Box<Ciphertext>,
			stock: Box<Ciphertext>,
			commodity: Box<Ciphertext>,
			own_note: Box<SealedNote>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let parts = orders::List {
				price: *price,
				stock: *stock,
				commodity: *commodity,
				own_note: *own_note,
			};
			Self::charged(&who, <T as Config>::WeightInfo::list(), || {
				Self::do_list(&who, seq, salt, parts, &proof)
			})
		}

		/// Tells a buyer the price and the item code of a listing, sealed to the buyer's view key. Never opens the stock.
		#[pallet::call_index(3)]
		#[pallet::weight(<T as Config>::WeightInfo::quote())]
		pub fn quote(
			origin: OriginFor<T>,
			seq: u64,
			listing: u64,
			buyer: T::AccountId,
			note: Box<SealedNote>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::quote(), || {
				Self::do_quote(&who, seq, listing, buyer, *note)
			})
		}

		/// Orders from a listing at the price version that the buyer was quoted. Buyers only. The total leaves the balance
		/// into escrow.
		#[pallet::call_index(4)]
		#[pallet::weight(<T as Config>::WeightInfo::order().saturating_add(T::Verification::order()))]
		pub fn order(
			origin: OriginFor<T>,
			seq: u64,
			salt: Salt,
			listing: ListingId<T::AccountId>,
			version: u32,
			quantity: Box<Ciphertext>,
			total: Box<Ciphertext>,
			balance_after: Box<Ciphertext>,
			own_note: Box<SealedNote>,
			note: Box<SealedNote>,
			quote: Box<SealedNote>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let parts = orders::PlaceOrder {
				listing,
				version,
				quantity: *quantity,
				total: *total,
				balance_after: *balance_after,
				own_note: *own_note,
				note: *note,
				quote: *quote,
			};
			Self::charged(&who, <T as Config>::WeightInfo::order(), || {
				Self::do_order(&who, seq, salt, parts, &proof)
			})
		}

		/// Takes back an own order that is not accepted yet.
		#[pallet::call_index(5)]
		#[pallet::weight(<T as Config>::WeightInfo::cancel())]
		pub fn cancel(origin: OriginFor<T>, seq: u64, order: u64) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::cancel(), || {
				Self::do_cancel(&who, seq, order)
			})
		}

		/// Accepts an order: the stock falls by its quantity and the bond leaves the seller's balance into escrow.
		#[pallet::call_index(6)]
		#[pallet::weight(<T as Config>::WeightInfo::accept().saturating_add(T::Verification::accept()))]
		pub fn accept(
			origin: OriginFor<T>,
			seq: u64,
			salt: Salt,
			order: OrderId<T::AccountId>,
			stock_after: Box<Ciphertext>,
			balance_after: Box<Ciphertext>,
			own_note: Box<SealedNote>,
			stock_note: Box<SealedNote>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let parts = orders::Accept {
				order,
				stock_after: *stock_after,
				balance_after: *balance_after,
				own_note: *own_note,
				stock_note: *stock_note,
			};
			Self::charged(&who, <T as Config>::WeightInfo::accept(), || {
				Self::do_accept(&who, seq, salt, parts, &proof)
			})
		}

		/// Declines an order; the total is the buyer's to collect.
		#[pallet::call_index(7)]
		#[pallet::weight(<T as Config>::WeightInfo::decline())]
		pub fn decline(
			origin: OriginFor<T>,
			seq: u64,
			order: OrderId<T::AccountId>,
			reason: DeclineReason,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::decline(), || {
				Self::do_decline(&who, seq, order, reason)
			})
		}

		/// Says that an accepted order was shipped.
		#[pallet::call_index(8)]
		#[pallet::weight(<T as Config>::WeightInfo::ship())]
		pub fn ship(
			origin: OriginFor<T>,
			seq: u64,
			order: OrderId<T::AccountId>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::ship(), || {
				Self::do_ship(&who, seq, order)
			})
		}

		/// Confirms that an own order arrived; total and bond are the seller's to collect.
		#[pallet::call_index(9)]
		#[pallet::weight(<T as Config>::WeightInfo::confirm())]
		pub fn confirm(origin: OriginFor<T>, seq: u64, order: u64) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::confirm(), || {
				Self::do_confirm(&who, seq, order)
			})
		}
	}
}

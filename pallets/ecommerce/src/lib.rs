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
//! - **Escrow**: total and bond of an order and the deposit of a dispute, derived from its ciphertexts.
//! - **The market's clock**: chain time without the halts of the chain, the time for which parties were kept from acting, and that
//!   by which deadlines were postponed. It never goes back. Deadlines are on it.
//! - **Agenda**: the deadlines, by time. In each block as many act as its weight allows, the rest in the next.
//! - **Barred**: blacklisted by a penalty. Who is barred finishes what it began and starts nothing.
//!
//! # Goals
//!
//! 1. *Conservation is public.* ∏ balances · ∏ incoming · ∏ escrowed totals · ∏ bonds · ∏ deposits · Redeemed =
//!    ∏ Issued · Zeroed (mod N²), checkable by anybody without a key; `try_state` checks it.
//! 2. *Nothing goes negative.* Every debit carries a proof about what remains.
//! 3. *Nothing that the ledger holds is a free field of a call.* `P`, `X`, `S` come from storage, `B`, `K`, `R`, `Issued` are
//!    derived from the claimed successor and compared with storage.
//! 4. *Nothing is written before all checks pass*, and every failed check is an error of its own.
//! 5. *No order waits for ever.* Every state that holds something in escrow has a deadline, and what it does needs nobody.
//! 6. *The penalty is always collectable*: the bond is in escrow before the order is accepted. It falls due only after a
//!    period in which all leaders that may be faulty cannot keep the seller's shipment out, and halts of the chain do not
//!    count.
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

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]
// A call has as many arguments as it names things, and the macro makes functions of them.
#![allow(clippy::too_many_arguments)]

extern crate alloc;

mod agenda;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod clock;
mod disputes;
mod errors;
mod events;
mod extension;
mod genesis;
mod invariants;
mod ledger;
mod limits;
mod listings;
pub mod migrations;
mod money;
mod orders;
mod outcome;
mod reads;
mod refresh;
pub mod runtime_api;
mod settlement;
mod state;
mod types;
mod weighing;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use frame_support::pallet_macros::import_section;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use errors::{refusal_sentence, FIRST_REFUSAL};
pub use extension::CheckProof;
pub use genesis::GenesisKey;
pub use pallet::*;
pub use pallet_certificates::OrderId;
pub use types::{
	Accumulators, Credit, CreditId, CreditKind, DeclineReason, Disclosure, Listing, ListingId, Order,
	OrderState, Owned, Progress, Proof, Quote, Redemption, RedemptionId, RefreshTarget, Salt, SealedNote,
	Terms, UnfitTerms, Verdict,
};
pub use veilmart_confidential::Ciphertext;
pub use weighing::{HeaviestCase, ProofWeight};
pub use weights::WeightInfo;

/// The most credits that one `collect` takes.
pub const MAX_COLLECT: u32 = 16;

// State, events and errors are in files of their own and become part of this module.
#[import_section(state::state)]
#[import_section(events::events)]
#[import_section(errors::errors)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::{boxed::Box, vec::Vec};
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use pallet_certificates::{EnsureAuthority, Moment};
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

		/// The most credits that wait for one account from one other. What comes out of orders is not counted.
		#[pallet::constant]
		type MaxCreditsPerPair: Get<u32>;

		/// The most redemptions of one holder that wait for one issuer to settle them.
		#[pallet::constant]
		type MaxRedemptionsPerPair: Get<u32>;

		/// After which time the sender of a transfer that nobody collected may take it back, in milliseconds.
		#[pallet::constant]
		type ReclaimPeriod: Get<Moment>;

		/// What the agenda may weigh in the present block: nothing in one that closes a set of authorities.
		type AgendaWeight: Get<Weight>;

		/// The longest time between the timestamps of two blocks, in milliseconds, that is not a halt of the chain.
		type HaltThreshold: Get<Moment>;

		/// Whether parties are kept from acting on their orders at present, as while calls are paused in an emergency. The time
		/// for which they are does not count for deadlines.
		type Suspended: Get<bool>;

		/// The shortest period in which a party can be relied upon to get a transaction into a block, in milliseconds: longer
		/// than timestamps may drift, at its beginning and at its end, and than it takes to depose leaders that leave it out.
		///
		/// It depends on the authorities and their timing. Whoever makes it longer calls [`Pallet::postpone`] with the
		/// difference.
		type LeastPeriod: Get<Moment>;

		/// Who decides disputes beside arbiters: the council.
		type CouncilOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// What benchmarks need to have arranged.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: BenchmarkHelper;
	}

	/// Version 1 has deadlines, version 2 a clock that never goes back; [`crate::migrations`] says how one comes there.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(3);

	/// The marketplace.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		/// The time is the last block's here, and what its timestamp said about a halt is recorded.
		fn on_initialize(_n: BlockNumberFor<T>) -> Weight {
			<T as Config>::WeightInfo::clock().saturating_add(Self::run_agenda())
		}

		fn integrity_test() {
			let least = <T as Config>::WeightInfo::agenda_base()
				.saturating_add(<T as Config>::WeightInfo::cascade_step())
				.saturating_add(Self::heaviest_deadline())
				.saturating_mul(2);
			assert!(
				T::AgendaWeight::get().all_gte(least),
				"with an AgendaWeight of less than two entries no deadline is certain to act"
			);
			assert!(T::LeastPeriod::get() > 0, "LeastPeriod is a length of time");
		}

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
			let parts = listings::List {
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

		/// Lets the deadline of an order act that has fallen, or refunds an order that was placed with or by an account that
		/// was barred since. The chain does both by itself; this is for who does not want to wait for it.
		#[pallet::call_index(10)]
		#[pallet::weight(<T as Config>::WeightInfo::poke())]
		pub fn poke(
			origin: OriginFor<T>,
			seq: u64,
			order: OrderId<T::AccountId>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::poke(), || {
				Self::do_poke(&who, seq, order)
			})
		}

		/// Disputes an own order that is said to be shipped, with a deposit of its total.
		#[pallet::call_index(11)]
		#[pallet::weight(<T as Config>::WeightInfo::dispute().saturating_add(T::Verification::dispute()))]
		pub fn dispute(
			origin: OriginFor<T>,
			seq: u64,
			salt: Salt,
			order: u64,
			balance_after: Box<Ciphertext>,
			own_note: Box<SealedNote>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let parts = disputes::Dispute {
				order,
				balance_after: *balance_after,
				own_note: *own_note,
			};
			Self::charged(&who, <T as Config>::WeightInfo::dispute(), || {
				Self::do_dispute(&who, seq, salt, parts, &proof)
			})
		}

		/// Decides a dispute. Arbiters that are no party of the order, and the council; a motion has no sequence number, so
		/// that `seq` is not looked at.
		#[pallet::call_index(12)]
		#[pallet::weight(<T as Config>::WeightInfo::resolve())]
		pub fn resolve(
			origin: OriginFor<T>,
			seq: u64,
			order: OrderId<T::AccountId>,
			verdict: Verdict,
		) -> DispatchResultWithPostInfo {
			let origin = match T::CouncilOrigin::try_origin(origin) {
				Ok(_) => {
					Self::do_resolve(None, order, verdict)?;
					return Ok(().into());
				}
				Err(origin) => origin,
			};
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::resolve(), || {
				Self::do_resolve(Some((&who, seq)), order, verdict)
			})
		}

		/// Sets the terms of orders that are placed from now on. By governance. Orders keep the terms that they were placed at.
		#[pallet::call_index(13)]
		#[pallet::weight(<T as Config>::WeightInfo::set_terms())]
		pub fn set_terms(origin: OriginFor<T>, terms: Terms) -> DispatchResult {
			T::GovernanceOrigin::ensure_origin(origin)?;
			terms
				.check(T::LeastPeriod::get())
				.map_err(|_| Error::<T>::UnfitTerms)?;
			CurrentTerms::<T>::put(terms);
			Self::deposit_event(Event::TermsSet { terms });
			Ok(())
		}

		/// Sends money to an account that holds a certificate and has registered a view key.
		#[pallet::call_index(14)]
		#[pallet::weight(<T as Config>::WeightInfo::transfer().saturating_add(T::Verification::transfer()))]
		pub fn transfer(
			origin: OriginFor<T>,
			seq: u64,
			salt: Salt,
			to: T::AccountId,
			amount: Box<Ciphertext>,
			balance_after: Box<Ciphertext>,
			own_note: Box<SealedNote>,
			note: Box<SealedNote>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let parts = money::Payment {
				to,
				amount: *amount,
				balance_after: *balance_after,
				own_note: *own_note,
				note: *note,
			};
			Self::charged(&who, <T as Config>::WeightInfo::transfer(), || {
				Self::do_transfer(&who, seq, salt, parts, &proof)
			})
		}

		/// Returns a credit that the caller was sent and has not collected.
		#[pallet::call_index(15)]
		#[pallet::weight(<T as Config>::WeightInfo::refuse())]
		pub fn refuse(
			origin: OriginFor<T>,
			seq: u64,
			credit: CreditId<T::AccountId>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::refuse(), || {
				Self::do_refuse(&who, seq, credit)
			})
		}

		/// Takes back the caller's transfer with this number, which `from` has not collected in a long time.
		#[pallet::call_index(16)]
		#[pallet::weight(<T as Config>::WeightInfo::reclaim())]
		pub fn reclaim(
			origin: OriginFor<T>,
			seq: u64,
			from: T::AccountId,
			transfer: u64,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::reclaim(), || {
				Self::do_reclaim(&who, seq, from, transfer)
			})
		}

		/// Burns money of the caller's that the issuer has to pay outside of the chain.
		#[pallet::call_index(17)]
		#[pallet::weight(<T as Config>::WeightInfo::redeem().saturating_add(T::Verification::redeem()))]
		pub fn redeem(
			origin: OriginFor<T>,
			seq: u64,
			salt: Salt,
			issuer: T::AccountId,
			amount: Box<Ciphertext>,
			balance_after: Box<Ciphertext>,
			own_note: Box<SealedNote>,
			note: Box<SealedNote>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let parts = money::Payment {
				to: issuer,
				amount: *amount,
				balance_after: *balance_after,
				own_note: *own_note,
				note: *note,
			};
			Self::charged(&who, <T as Config>::WeightInfo::redeem(), || {
				Self::do_redeem(&who, seq, salt, parts, &proof)
			})
		}

		/// Records that the caller, an issuer, has paid a redemption.
		#[pallet::call_index(18)]
		#[pallet::weight(<T as Config>::WeightInfo::settle())]
		pub fn settle(
			origin: OriginFor<T>,
			seq: u64,
			redemption: RedemptionId<T::AccountId>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::settle(), || {
				Self::do_settle(&who, seq, redemption)
			})
		}

		/// Gives the caller's balance, or a credit or stock of its, a new nonce. The value stays.
		#[pallet::call_index(19)]
		#[pallet::weight(<T as Config>::WeightInfo::refresh().saturating_add(T::Verification::refresh()))]
		pub fn refresh(
			origin: OriginFor<T>,
			seq: u64,
			salt: Salt,
			target: RefreshTarget<T::AccountId>,
			after: Box<Ciphertext>,
			residue: Box<Ciphertext>,
			own_note: Box<SealedNote>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let parts = refresh::Refresh {
				target,
				after: *after,
				residue: *residue,
				own_note: *own_note,
			};
			Self::charged(&who, <T as Config>::WeightInfo::refresh(), || {
				Self::do_refresh(&who, seq, salt, parts, &proof)
			})
		}

		/// Sets another price for an own listing, under the next price version.
		#[pallet::call_index(20)]
		#[pallet::weight(<T as Config>::WeightInfo::reprice().saturating_add(T::Verification::reprice()))]
		pub fn reprice(
			origin: OriginFor<T>,
			seq: u64,
			salt: Salt,
			listing: u64,
			version: u32,
			price: Box<Ciphertext>,
			own_note: Box<SealedNote>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let parts = listings::Reprice {
				listing,
				version,
				price: *price,
				own_note: *own_note,
			};
			Self::charged(&who, <T as Config>::WeightInfo::reprice(), || {
				Self::do_reprice(&who, seq, salt, parts, &proof)
			})
		}

		/// Adds to the stock of an own listing, whose price version is this.
		#[pallet::call_index(21)]
		#[pallet::weight(<T as Config>::WeightInfo::restock().saturating_add(T::Verification::restock()))]
		pub fn restock(
			origin: OriginFor<T>,
			seq: u64,
			salt: Salt,
			listing: u64,
			version: u32,
			delivery: Box<Ciphertext>,
			own_note: Box<SealedNote>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let parts = listings::Restock {
				listing,
				version,
				delivery: *delivery,
				own_note: *own_note,
			};
			Self::charged(&who, <T as Config>::WeightInfo::restock(), || {
				Self::do_restock(&who, seq, salt, parts, &proof)
			})
		}

		/// Takes an own listing away. Orders that were not accepted yet cannot be any more.
		#[pallet::call_index(22)]
		#[pallet::weight(<T as Config>::WeightInfo::delist())]
		pub fn delist(origin: OriginFor<T>, seq: u64, listing: u64) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::charged(&who, <T as Config>::WeightInfo::delist(), || {
				Self::do_delist(&who, seq, listing)
			})
		}

		/// Sets what an issuer may issue in all, in minor units. By the certificate authority or governance. Where it has
		/// issued already, what it had before stays counted against what the ledger can hold.
		#[pallet::call_index(23)]
		#[pallet::weight(<T as Config>::WeightInfo::set_issuer_quota())]
		pub fn set_issuer_quota(origin: OriginFor<T>, issuer: T::AccountId, quota: u64) -> DispatchResult {
			EnsureAuthority::<T>::ensure_origin(origin)?;
			Ok(Self::do_set_issuer_quota(issuer, quota)?)
		}

		/// Records that the certificate authority read something with its key, and for whom; not what it read. By the
		/// certificate authority or governance.
		#[pallet::call_index(24)]
		#[pallet::weight(<T as Config>::WeightInfo::record_disclosure())]
		pub fn record_disclosure(origin: OriginFor<T>, subject: Disclosure<T::AccountId>) -> DispatchResult {
			EnsureAuthority::<T>::ensure_origin(origin)?;
			Self::deposit_event(Event::Disclosed { subject });
			Ok(())
		}
	}
}

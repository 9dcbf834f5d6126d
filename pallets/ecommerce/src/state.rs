//! What the ledger holds, and what it holds at genesis.

use frame_support::pallet_macros::pallet_section;

/// Becomes part of [`crate::pallet`].
#[pallet_section]
mod state {
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

	/// The buyers that have a quote for a listing, by listing.
	#[pallet::storage]
	pub type QuotedBuyers<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		ListingId<T::AccountId>,
		Blake2_128Concat,
		T::AccountId,
		(),
		OptionQuery,
	>;

	/// The listings that were taken away and for which quotes are left to be removed.
	#[pallet::storage]
	pub type Delisted<T: Config> = StorageMap<_, Blake2_128Concat, ListingId<T::AccountId>, (), OptionQuery>;

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

	/// The deadlines of orders, by rising time on the market's clock (big-endian, so that keys are in this order).
	#[pallet::storage]
	pub type Agenda<T: Config> = StorageMap<_, Identity, ([u8; 8], OrderId<T::AccountId>), (), OptionQuery>;

	/// The barred accounts whose placed orders are being refunded, with how far this has come.
	#[pallet::storage]
	pub type Cascades<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Progress<T::AccountId>, OptionQuery>;

	/// For how long the market's clock has stood still in all, in milliseconds: while the chain halted, while the marketplace was
	/// suspended, and because deadlines were postponed. It shows chain time without this.
	#[pallet::storage]
	pub type Halted<T: Config> = StorageValue<_, Moment, ValueQuery>;

	/// For how much longer the market's clock stands still because deadlines were postponed, in milliseconds, halts not counted.
	#[pallet::storage]
	pub type Standstill<T: Config> = StorageValue<_, Moment, ValueQuery>;

	/// The timestamp of the last block that had one.
	#[pallet::storage]
	pub type LastTimestamp<T: Config> = StorageValue<_, Moment, OptionQuery>;

	/// What each issuer has issued, encrypted.
	#[pallet::storage]
	pub type Issued<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Owned, ValueQuery>;

	/// What each issuer may issue in all, in minor units. All quotas together stay below 2^64.
	#[pallet::storage]
	pub type IssuerQuota<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u64, ValueQuery>;

	/// The largest quota that an issuer ever had, if it has issued anything, and its quota otherwise.
	#[pallet::storage]
	pub type ReservedQuota<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u64, ValueQuery>;

	/// The sum of all reserved quotas: no more than this can ever have been issued.
	#[pallet::storage]
	pub type TotalReservedQuota<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// What was redeemed with each issuer and is not settled.
	#[pallet::storage]
	pub type Redemptions<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Blake2_128Concat,
		RedemptionId<T::AccountId>,
		Redemption,
		OptionQuery,
	>;

	/// How many redemptions wait to be settled, by issuer and holder.
	#[pallet::storage]
	pub type RedemptionCount<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

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
}

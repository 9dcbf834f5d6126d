//! The types that the marketplace stores and that clients decode.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use pallet_certificates::{Moment, OrderId};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use veilmart_confidential::{statements, Ciphertext, MAX_PROOF_BYTES};
use veilmart_paillier::hash;

/// The bytes of a proof; how many there must be follows from the statement.
pub type Proof = BoundedVec<u8, ConstU32<{ MAX_PROOF_BYTES as u32 }>>;

/// 16 bytes that make the nonces of a call unlike those of any other.
#[derive(
	Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Salt(pub [u8; 16]);

/// A note sealed to a view key (a NaCl sealed box), padded to one length so that it does not tell what it is.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, PartialEq, Eq)]
pub struct SealedNote(pub [u8; 368]);

impl SealedNote {
	/// The hash by which proofs bind the note.
	pub fn hash(&self) -> [u8; 32] {
		hash::hash("veilmart/note/1", &[&self.0])
	}
}

impl core::fmt::Debug for SealedNote {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("SealedNote")
	}
}

/// The name of a listing: its seller and the seller's sequence number when it was listed.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
)]
pub struct ListingId<AccountId> {
	/// Who sells.
	pub seller: AccountId,
	/// The seller's sequence number in the call that listed it.
	pub seq: u64,
}

/// What a credit is.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
)]
pub enum CreditKind {
	/// Money that was issued.
	Issued,
	/// The total of the creator's order, back to the buyer.
	Refund,
	/// The total of the creator's order, to the seller.
	Proceeds,
	/// The bond of the creator's order, back to the seller.
	Bond,
	/// The buyer's share of the forfeited bond of the creator's order: as much as the total.
	Share,
	/// The deposit of the buyer who disputed the creator's order: as much as the total, back to the buyer.
	Deposit,
	/// Money that the creator sent.
	Transfer,
	/// Money that the creator sent or issued and that came back to it.
	Returned,
}

impl CreditKind {
	/// Whether the credit comes out of an order's escrow.
	pub fn is_of_order(self) -> bool {
		!matches!(self, Self::Issued | Self::Transfer | Self::Returned)
	}

	/// The number of the kind, as proofs bind it.
	pub const fn number(self) -> u32 {
		match self {
			Self::Issued => 0,
			Self::Refund => 1,
			Self::Proceeds => 2,
			Self::Bond => 3,
			Self::Share => 4,
			Self::Deposit => 5,
			Self::Transfer => 6,
			Self::Returned => 7,
		}
	}
}

/// The name of a credit: who created it, in which call, and what it is. For what comes out of an order the creator is
/// the buyer and `seq` the order's.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
)]
pub struct CreditId<AccountId> {
	/// Who created it.
	pub creator: AccountId,
	/// The creator's sequence number.
	pub seq: u64,
	/// What it is.
	pub kind: CreditKind,
}

/// A credit that its owner has not collected yet.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct Credit {
	/// The encrypted amount.
	pub amount: Ciphertext,
	/// The note that opens it. What comes out of an order is opened by the order's notes, unless it was refreshed.
	pub note: Option<SealedNote>,
	/// What was sent or issued: the sender's note to itself, which opens it again should it come back. Without it the credit
	/// cannot be returned any more.
	pub sender_note: Option<SealedNote>,
	/// From when the sender of a transfer may take it back, on the market's clock.
	pub reclaim_from: Option<Moment>,
}

/// The name of a redemption: who redeemed, and in which call.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
)]
pub struct RedemptionId<AccountId> {
	/// Who redeemed.
	pub holder: AccountId,
	/// The holder's sequence number.
	pub seq: u64,
}

/// Money that was burned and that an issuer has to pay outside of the chain.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct Redemption {
	/// The encrypted amount.
	pub amount: Ciphertext,
	/// The note that opens it for the issuer.
	pub note: SealedNote,
}

/// What an account refreshes.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub enum RefreshTarget<AccountId> {
	/// Its balance.
	Balance,
	/// A credit that waits for it.
	Credit(CreditId<AccountId>),
	/// The stock of its listing with this number.
	Stock(u64),
}

/// What the certificate authority read with its key, as it records by itself.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub enum Disclosure<AccountId> {
	/// An order, for those who decide about it.
	Order(OrderId<AccountId>),
	/// What an account owns, for that account.
	Account(AccountId),
}

/// An encrypted number that one account owns, with its note to itself.
#[derive(
	Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, Default, PartialEq, Eq,
)]
pub struct Owned {
	/// The ciphertext; 1, which is zero, before the first call.
	pub ciphertext: Ciphertext,
	/// The owner's note to itself, from the call that made this ciphertext.
	pub note: Option<SealedNote>,
}

/// Something for sale.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct Listing {
	/// The encrypted price of one piece, in minor units.
	pub price: Ciphertext,
	/// How often the price was set; orders name the version that they are for.
	pub version: u32,
	/// The seller's sequence number in the call that set the price.
	pub price_seq: u64,
	/// The salt of the call that set the price.
	pub price_salt: Salt,
	/// The encrypted number of pieces.
	pub stock: Ciphertext,
	/// The encrypted item code.
	pub commodity: Ciphertext,
	/// The salt of the call that listed it.
	pub salt: Salt,
	/// The seller's note to itself.
	pub note: SealedNote,
}

/// What a seller disclosed to one buyer about one listing.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct Quote {
	/// The price version that it opens.
	pub version: u32,
	/// The note, sealed to the buyer.
	pub note: SealedNote,
}

/// The terms of an order, fixed when it is placed. Periods are milliseconds of chain time.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Terms {
	/// In which the seller may accept.
	pub accept_period: Moment,
	/// In which the seller has to ship.
	pub ship_period: Moment,
	/// After that, in which shipping is still accepted.
	pub grace_period: Moment,
	/// In which the buyer may dispute.
	pub confirm_period: Moment,
	/// In which a dispute is decided.
	pub resolve_period: Moment,
	/// The bond in multiples of the total.
	pub bond_multiple: u32,
	/// The buyer's share of a forfeited bond in multiples of the total: 0 or 1.
	pub penalty_share: u32,
}

impl Default for Terms {
	/// The periods of a local test network; a production chain counts in days.
	fn default() -> Self {
		Self {
			accept_period: 60_000,
			ship_period: 120_000,
			grace_period: 120_000,
			confirm_period: 120_000,
			resolve_period: 120_000,
			bond_multiple: 10,
			penalty_share: 0,
		}
	}
}

impl From<Terms> for statements::Terms {
	fn from(terms: Terms) -> Self {
		let Terms {
			accept_period,
			ship_period,
			grace_period,
			confirm_period,
			resolve_period,
			bond_multiple,
			penalty_share,
		} = terms;
		Self {
			accept_period,
			ship_period,
			grace_period,
			confirm_period,
			resolve_period,
			bond_multiple,
			penalty_share,
		}
	}
}

/// Why terms are not for orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnfitTerms {
	/// A buyer's share of the bond above the total would make cheating a seller pay.
	Share,
	/// The bond is below the total or more than [`Terms::MAX_BOND_MULTIPLE`] times as much.
	Bond,
	/// A period is zero or longer than [`Terms::MAX_PERIOD`].
	Period,
	/// Somebody could lose money in a period that leaders who leave out transactions can sit out.
	TooShort,
}

impl UnfitTerms {
	/// The same for people.
	pub fn sentence(self) -> &'static str {
		match self {
			Self::Share => "a buyer's share of the bond above the total would make cheating a seller pay",
			Self::Bond => {
				"a bond is at least the total, or it could not pay the penalty, and at most 15 times as much"
			}
			Self::Period => "a period is at least a millisecond and at most ten years",
			Self::TooShort => {
				"grace, confirmation and decision take longer than leaders, one after the other, can leave out what they want"
			}
		}
	}
}

impl Terms {
	/// The longest period: ten years.
	pub const MAX_PERIOD: Moment = 10 * 365 * 24 * 3_600_000;
	/// The largest bond in multiples of the total. Weights count a power of at most four bits.
	pub const MAX_BOND_MULTIPLE: u32 = 15;

	/// How long an order stays in this state before its deadline acts; `None` if nothing is left to happen.
	///
	/// Shipping is possible until the end of the grace period: only then the penalty falls due.
	pub fn period(&self, state: OrderState) -> Option<Moment> {
		match state {
			OrderState::Placed => Some(self.accept_period),
			OrderState::Accepted => Some(self.ship_period.saturating_add(self.grace_period)),
			OrderState::Shipped => Some(self.confirm_period),
			OrderState::Disputed => Some(self.resolve_period),
			OrderState::Completed | OrderState::Refunded | OrderState::Penalised => None,
		}
	}

	/// What of that period is left to whoever loses money when it ends, if somebody does: a seller its bond, a buyer its
	/// goods, a seller its proceeds.
	pub fn last_chance(&self, state: OrderState) -> Option<Moment> {
		match state {
			OrderState::Accepted => Some(self.grace_period),
			OrderState::Shipped => Some(self.confirm_period),
			OrderState::Disputed => Some(self.resolve_period),
			OrderState::Placed | OrderState::Completed | OrderState::Refunded | OrderState::Penalised => None,
		}
	}

	/// Whether orders may have these terms. `least` is the shortest period in which a party can be relied upon to get a
	/// transaction into a block: nobody loses money by letting a shorter one pass.
	pub fn check(&self, least: Moment) -> Result<(), UnfitTerms> {
		let Self {
			accept_period,
			ship_period,
			grace_period,
			confirm_period,
			resolve_period,
			bond_multiple,
			penalty_share,
		} = *self;
		if penalty_share > 1 {
			return Err(UnfitTerms::Share);
		}
		if !(1..=Self::MAX_BOND_MULTIPLE).contains(&bond_multiple) {
			return Err(UnfitTerms::Bond);
		}
		let periods = [
			accept_period,
			ship_period,
			grace_period,
			confirm_period,
			resolve_period,
		];
		if periods
			.iter()
			.any(|period| !(1..=Self::MAX_PERIOD).contains(period))
		{
			return Err(UnfitTerms::Period);
		}
		if [OrderState::Accepted, OrderState::Shipped, OrderState::Disputed]
			.into_iter()
			.filter_map(|state| self.last_chance(state))
			.any(|chance| chance < least)
		{
			return Err(UnfitTerms::TooShort);
		}
		Ok(())
	}
}

/// Where an order is on its way.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
)]
pub enum OrderState {
	/// The total is in escrow; the seller has not answered.
	Placed,
	/// The seller accepted; the bond is in escrow, too.
	Accepted,
	/// The seller says that it shipped.
	Shipped,
	/// Confirmed, by the buyer, by the end of the period to do so, or by a decision: total and bond are the seller's.
	Completed,
	/// Cancelled, declined, lapsed, or refunded after a dispute: the total is the buyer's, a bond the seller's.
	Refunded,
	/// The buyer disputes what was shipped; total, bond and the buyer's deposit are in escrow.
	Disputed,
	/// Accepted and not shipped in time, or decided so: the total is the buyer's, the bond is forfeited.
	Penalised,
}

impl OrderState {
	/// Whether the total is in escrow.
	pub fn holds_total(self) -> bool {
		matches!(
			self,
			Self::Placed | Self::Accepted | Self::Shipped | Self::Disputed
		)
	}

	/// Whether the bond is in escrow.
	pub fn holds_bond(self) -> bool {
		matches!(self, Self::Accepted | Self::Shipped | Self::Disputed)
	}

	/// Whether the deposit of a dispute, as much as the total, is in escrow.
	pub fn holds_deposit(self) -> bool {
		matches!(self, Self::Disputed)
	}
}

/// An order. It stays until the credits that came out of it are collected, because its notes open them.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct Order<AccountId> {
	/// What was ordered.
	pub listing: ListingId<AccountId>,
	/// The price version.
	pub version: u32,
	/// The seller's sequence number in the call that set that price.
	pub price_seq: u64,
	/// The salt of the call that set that price.
	pub price_salt: Salt,
	/// The encrypted number of pieces.
	pub quantity: Ciphertext,
	/// The encrypted total.
	pub total: Ciphertext,
	/// The terms.
	pub terms: Terms,
	/// Where it is on its way.
	pub state: OrderState,
	/// Since when, in chain time.
	pub since: Moment,
	/// When its deadline falls, on the market's clock: chain time without halts. `None` once nothing is left to happen.
	pub due: Option<Moment>,
	/// The salt of the call that placed it.
	pub salt: Salt,
	/// The note to the seller.
	pub note: SealedNote,
	/// The buyer's note to itself.
	pub own_note: SealedNote,
	/// The quote, sealed by the buyer to itself.
	pub quote: SealedNote,
	/// How many credits that came out of it are not collected yet.
	pub open_credits: u8,
}

/// Why a seller declined.
#[derive(
	Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Copy, Debug, PartialEq, Eq,
)]
pub enum DeclineReason {
	/// Nothing more is said.
	Unspecified,
	/// The stock does not suffice.
	OutOfStock,
	/// The note does not open the order's ciphertexts.
	NoteMismatch,
	/// The seller cannot put up the bond now.
	NoBond,
	/// The seller does not deliver to this buyer.
	NotServed,
}

/// How a dispute is decided.
#[derive(
	Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Copy, Debug, PartialEq, Eq,
)]
pub enum Verdict {
	/// The seller did what it had to: total and bond are the seller's, the deposit is burned.
	Completed,
	/// Nobody is to blame: each gets back what it put up.
	Refunded,
	/// The seller cheated: total and deposit are the buyer's, the bond is forfeited, the seller barred.
	Penalised,
}

/// The accumulators of the conservation identity.
#[derive(Encode, Decode, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct Accumulators {
	/// The product of all that was issued.
	pub issued: Ciphertext,
	/// The product of all that was redeemed or burned.
	pub redeemed: Ciphertext,
	/// The product of the residues by which accounts refreshed.
	pub zeroed: Ciphertext,
	/// The product of all balances.
	pub balances: Ciphertext,
	/// The product of all credits that are not collected.
	pub incoming: Ciphertext,
	/// The product of all totals in escrow.
	pub totals: Ciphertext,
	/// The product of all bonds in escrow.
	pub bonds: Ciphertext,
	/// The product of all deposits of disputes.
	pub deposits: Ciphertext,
}

/// How far the orders of a barred account are gone through.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub enum Progress<AccountId> {
	/// What it was to sell, up to this order.
	Sales(Option<OrderId<AccountId>>),
	/// What it was to buy, up to the order with this number.
	Purchases(Option<u64>),
}

/// The name of an order for a statement.
pub(crate) fn order_name(order: &OrderId<sp_runtime::AccountId32>) -> statements::OrderName {
	statements::OrderName {
		buyer: order.buyer.clone().into(),
		seq: order.seq,
	}
}

/// The name of a listing for a statement.
pub(crate) fn listing_name(listing: &ListingId<sp_runtime::AccountId32>) -> statements::ListingName {
	statements::ListingName {
		seller: listing.seller.clone().into(),
		seq: listing.seq,
	}
}

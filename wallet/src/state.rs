//! What the ledger holds, as a wallet reads it: the fields of the runtime API's answers in plain bytes.
//!
//! Whoever talks to the node fills these in; nothing in them is trusted. See the marketplace pallet for what
//! each is.

use crate::notes::SealedNote;
use alloc::vec::Vec;
pub use veilmart_confidential::{
	statements::{ListingName, OrderName, Terms},
	AccountBytes, Ciphertext, Salt,
};

/// An encrypted number that one account owns: a balance, or what an issuer has issued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owned {
	/// The ciphertext; 1, which is zero, before the first call.
	pub ciphertext: Ciphertext,
	/// The owner's note to itself.
	pub note: Option<SealedNote>,
}

/// Somebody whom a note is sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
	/// The account.
	pub account: AccountBytes,
	/// The X25519 view key that the account itself registered.
	pub view_key: [u8; 32],
}

/// Something for sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
	/// Its name: seller and sequence number.
	pub name: ListingName,
	/// The price version.
	pub version: u32,
	/// `P`.
	pub price: Ciphertext,
	/// The seller's sequence number in the call that set the price.
	pub price_seq: u64,
	/// The salt of the call that set the price.
	pub price_salt: Salt,
	/// `R`.
	pub stock: Ciphertext,
	/// `C`.
	pub commodity: Ciphertext,
	/// The salt of the call that listed it.
	pub salt: Salt,
	/// The seller's note to itself.
	pub note: SealedNote,
}

/// What a seller told a buyer about a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
	/// The price version that it opens.
	pub version: u32,
	/// The note, sealed to the buyer.
	pub note: SealedNote,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
	/// Its name: buyer and sequence number.
	pub name: OrderName,
	/// What was ordered.
	pub listing: ListingName,
	/// The seller's sequence number in the call that set the price of this order.
	pub price_seq: u64,
	/// The salt of that call.
	pub price_salt: Salt,
	/// `X`.
	pub quantity: Ciphertext,
	/// `S`.
	pub total: Ciphertext,
	/// The terms, as the order stores them.
	pub terms: Terms,
	/// The salt of the call that placed it.
	pub salt: Salt,
	/// The note to the seller.
	pub note: SealedNote,
	/// The buyer's note to itself.
	pub own_note: SealedNote,
	/// The quote, sealed by the buyer to itself.
	pub quote: SealedNote,
}

/// What a credit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CreditKind {
	/// Money that was issued.
	Issued,
	/// The total of an order, back to the buyer.
	Refund,
	/// The total of an order, to the seller.
	Proceeds,
	/// The bond of an order, back to the seller.
	Bond,
	/// The buyer's share of the forfeited bond of an order: as much as the total.
	Share,
	/// The deposit of a dispute, back to the buyer: as much as the total.
	Deposit,
	/// Money that somebody sent.
	Transfer,
	/// Money that the account itself sent or issued and that came back.
	Returned,
}

impl CreditKind {
	/// All kinds, in the order of their numbers.
	pub const ALL: [Self; 8] = [
		Self::Issued,
		Self::Refund,
		Self::Proceeds,
		Self::Bond,
		Self::Share,
		Self::Deposit,
		Self::Transfer,
		Self::Returned,
	];

	/// The number by which proofs bind the kind.
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

/// The name of a credit. For what comes out of an order the creator is the buyer and `seq` the order's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CreditName {
	/// Who created it.
	pub creator: AccountBytes,
	/// The creator's sequence number.
	pub seq: u64,
	/// What it is.
	pub kind: CreditKind,
}

/// A credit that its owner has not collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
	/// Its name.
	pub name: CreditName,
	/// The encrypted amount.
	pub amount: Ciphertext,
	/// The note that opens it; credits that come out of an order have none unless they were refreshed, the
	/// order's notes open them.
	pub note: Option<SealedNote>,
}

/// Money that a holder burned and that an issuer has to pay outside of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redemption {
	/// Who redeemed.
	pub holder: AccountBytes,
	/// The holder's sequence number in that call.
	pub seq: u64,
	/// The encrypted amount.
	pub amount: Ciphertext,
	/// The note to the issuer.
	pub note: SealedNote,
}

/// What an account refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTarget {
	/// Its balance.
	Balance,
	/// A credit that waits for it.
	Credit(CreditName),
	/// The stock of a listing of its own.
	Stock(ListingName),
}

/// A proof as a call carries it.
pub type Proof = Vec<u8>;

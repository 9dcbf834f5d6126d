//! The bodies of calls: what goes to the ledger, and what the account owns once it is there.

use crate::{
	notes::SealedNote,
	opening::{Opened, OpenedListing, OpenedOrder},
	state::{AccountBytes, Ciphertext, CreditName, ListingName, OrderName, Proof, RefreshTarget, Salt},
};
use alloc::vec::Vec;

/// The body of `issue`.
#[derive(Clone, Debug)]
pub struct IssueCall {
	/// The issuer's sequence number.
	pub seq: u64,
	/// The salt.
	pub salt: Salt,
	/// Who receives.
	pub to: AccountBytes,
	/// `A`.
	pub amount: Ciphertext,
	/// `Issued'`.
	pub issued_after: Ciphertext,
	/// The issuer's note to itself.
	pub own_note: SealedNote,
	/// The note to the recipient.
	pub note: SealedNote,
	/// The proof.
	pub proof: Proof,
	/// Not part of the call: what the issuer has issued after it.
	pub issued: Opened,
}

/// The body of `collect`.
#[derive(Clone, Debug)]
pub struct CollectCall {
	/// The account's sequence number.
	pub seq: u64,
	/// The credits, in the order given.
	pub credits: Vec<CreditName>,
	/// The account's note to itself.
	pub own_note: SealedNote,
	/// Not part of the call: the balance after it.
	pub balance: Opened,
}

/// The body of `list`.
#[derive(Clone, Debug)]
pub struct ListCall {
	/// The seller's sequence number, which names the listing.
	pub seq: u64,
	/// The salt.
	pub salt: Salt,
	/// `P`.
	pub price: Ciphertext,
	/// `R`.
	pub stock: Ciphertext,
	/// `C`.
	pub commodity: Ciphertext,
	/// The seller's note to itself.
	pub own_note: SealedNote,
	/// The proof.
	pub proof: Proof,
	/// Not part of the call: the listing after it.
	pub listing: OpenedListing,
}

/// The body of `quote`.
#[derive(Clone, Debug)]
pub struct QuoteCall {
	/// The seller's sequence number.
	pub seq: u64,
	/// The sequence number that names the listing.
	pub listing: u64,
	/// The buyer.
	pub buyer: AccountBytes,
	/// The note, sealed to the buyer.
	pub note: SealedNote,
}

/// The body of `order`.
#[derive(Clone, Debug)]
pub struct OrderCall {
	/// The buyer's sequence number, which names the order.
	pub seq: u64,
	/// The salt.
	pub salt: Salt,
	/// The listing.
	pub listing: ListingName,
	/// The price version that the buyer was quoted.
	pub version: u32,
	/// `X`.
	pub quantity: Ciphertext,
	/// `S`.
	pub total: Ciphertext,
	/// `B'`.
	pub balance_after: Ciphertext,
	/// The buyer's note to itself.
	pub own_note: SealedNote,
	/// The note to the seller.
	pub note: SealedNote,
	/// The quote, sealed to the buyer itself.
	pub quote: SealedNote,
	/// The proof.
	pub proof: Proof,
	/// Not part of the call: the balance after it.
	pub balance: Opened,
	/// Not part of the call: the order.
	pub order: OpenedOrder,
}

/// The body of `accept`.
#[derive(Clone, Debug)]
pub struct AcceptCall {
	/// The seller's sequence number.
	pub seq: u64,
	/// The salt.
	pub salt: Salt,
	/// The order.
	pub order: OrderName,
	/// `R'`.
	pub stock_after: Ciphertext,
	/// `K'`.
	pub balance_after: Ciphertext,
	/// The seller's note to itself about its balance.
	pub own_note: SealedNote,
	/// The seller's note to itself about its stock.
	pub stock_note: SealedNote,
	/// The proof.
	pub proof: Proof,
	/// Not part of the call: the seller's balance after it.
	pub balance: Opened,
	/// Not part of the call: the listing after it.
	pub listing: OpenedListing,
}

/// The body of `transfer` or `redeem`.
#[derive(Clone, Debug)]
pub struct PaymentCall {
	/// The payer's sequence number, which names the credit or redemption.
	pub seq: u64,
	/// The salt.
	pub salt: Salt,
	/// The recipient, or the issuer that will pay.
	pub to: AccountBytes,
	/// `A`.
	pub amount: Ciphertext,
	/// `B'`.
	pub balance_after: Ciphertext,
	/// The payer's note to itself, with which it opens a transfer that comes back.
	pub own_note: SealedNote,
	/// The note to the other side.
	pub note: SealedNote,
	/// The proof.
	pub proof: Proof,
	/// Not part of the call: the balance after it.
	pub balance: Opened,
}

/// The body of `dispute`.
#[derive(Clone, Debug)]
pub struct DisputeCall {
	/// The buyer's sequence number.
	pub seq: u64,
	/// The salt.
	pub salt: Salt,
	/// The order, which is the caller's own.
	pub order: OrderName,
	/// `B'`.
	pub balance_after: Ciphertext,
	/// The buyer's note to itself.
	pub own_note: SealedNote,
	/// The proof.
	pub proof: Proof,
	/// Not part of the call: the balance after it.
	pub balance: Opened,
}

/// The body of `reprice`.
#[derive(Clone, Debug)]
pub struct RepriceCall {
	/// The seller's sequence number, by which the price's nonce is found again.
	pub seq: u64,
	/// The salt.
	pub salt: Salt,
	/// The sequence number that names the listing.
	pub listing_seq: u64,
	/// The price version that begins.
	pub version: u32,
	/// `P`.
	pub price: Ciphertext,
	/// The seller's note to itself.
	pub own_note: SealedNote,
	/// The proof.
	pub proof: Proof,
	/// Not part of the call: the listing after it.
	pub listing: OpenedListing,
}

/// The body of `restock`.
#[derive(Clone, Debug)]
pub struct RestockCall {
	/// The seller's sequence number.
	pub seq: u64,
	/// The salt.
	pub salt: Salt,
	/// The sequence number that names the listing.
	pub listing_seq: u64,
	/// The price version in force.
	pub version: u32,
	/// `D`.
	pub delivery: Ciphertext,
	/// The seller's note to itself.
	pub own_note: SealedNote,
	/// The proof.
	pub proof: Proof,
	/// Not part of the call: the listing after it.
	pub listing: OpenedListing,
}

/// The body of `refresh`.
#[derive(Clone, Debug)]
pub struct RefreshCall {
	/// The account's sequence number.
	pub seq: u64,
	/// The salt.
	pub salt: Salt,
	/// What is refreshed.
	pub target: RefreshTarget,
	/// The new ciphertext.
	pub after: Ciphertext,
	/// `Z`, by which the old one is multiplied.
	pub residue: Ciphertext,
	/// The account's note to itself.
	pub own_note: SealedNote,
	/// The proof.
	pub proof: Proof,
	/// Not part of the call: the new ciphertext with its opening.
	pub refreshed: Opened,
}

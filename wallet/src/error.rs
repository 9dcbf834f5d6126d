//! What can go wrong, in the words of somebody who is shopping.

use crate::amount;
use alloc::string::String;
use veilmart_confidential::ProveError;

/// Why a wallet did not do what it was asked. The text of an error may contain the account's own amounts: it
/// is for the screen of its owner, not for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalletError {
	/// The recovery phrase has the wrong number of words: this many.
	PhraseLength(usize),
	/// The word with this index, from 0, is not in the list of words.
	PhraseWord(usize),
	/// Every word is known, but they do not belong together: one is wrong or two are swapped.
	PhraseChecksum,
	/// The chain's key is of another size than the one that this wallet was built for.
	KeySize,
	/// The text is not an amount.
	Amount,
	/// The balance does not cover the order.
	NotEnoughBalance {
		/// What the account has, in minor units.
		have: u64,
		/// What the order costs, in minor units; may be more than any balance can be.
		cost: u128,
	},
	/// The balance does not cover what was to be sent or redeemed.
	NotEnoughToPay {
		/// What the account has, in minor units.
		have: u64,
		/// What was to be paid, in minor units.
		amount: u64,
	},
	/// The balance does not cover the deposit of a dispute.
	NotEnoughForDeposit {
		/// What the account has, in minor units.
		have: u64,
		/// The deposit, in minor units: as much as the order's total.
		deposit: u64,
	},
	/// The seller's balance does not cover the bond.
	NotEnoughForBond {
		/// What the account has, in minor units.
		have: u64,
		/// The bond, in minor units; may be more than any balance can be.
		bond: u128,
		/// How many times the order's total the bond is.
		multiple: u32,
	},
	/// The stock does not cover the order.
	NotEnoughStock {
		/// Pieces in stock.
		left: u64,
		/// Pieces ordered.
		wanted: u64,
	},
	/// The issuer's quota does not cover the amount.
	QuotaExceeded {
		/// What may still be issued, in minor units.
		left: u64,
		/// What was to be issued, in minor units.
		amount: u64,
	},
	/// An amount of zero.
	ZeroAmount,
	/// A price of zero.
	ZeroPrice,
	/// An order of no pieces.
	ZeroQuantity,
	/// A delivery of no pieces.
	ZeroDelivery,
	/// The balance would exceed what an account can hold.
	TooMuch,
	/// The stock would exceed what a listing can hold.
	TooManyPieces,
	/// The balance's ciphertext has been added to so often that it must be refreshed first.
	RefreshFirst,
	/// The price changed since the quote.
	PriceChanged,
	/// The order, listing or credit is somebody else's.
	NotYours,
	/// Buyer and seller are the same.
	SelfDealing,
	/// Sender and recipient are the same.
	SelfPayment,
	/// The order is for another listing than the one given.
	OtherListing,
	/// The other party's view key is none that anything could be kept secret with.
	UnsafeViewKey,
	/// No view key of this wallet opens the note: it is somebody else's, or damaged.
	NoteUnreadable,
	/// The note was opened but is not one that this wallet understands.
	NoteMalformed,
	/// The note is not about what it came with, or there is none. What it should open must not be relied
	/// upon.
	NoteMismatch,
	/// Value and root that somebody was told do not give the ledger's ciphertext.
	RootMismatch,
	/// No view key of this wallet opens the recovery letter.
	LetterUnreadable,
	/// The recovery letter was opened but is not one that this wallet understands.
	LetterMalformed,
	/// The recovery letter is about another ciphertext than the one on the ledger.
	LetterOutdated,
	/// Nothing was named to collect.
	NothingToCollect,
	/// More credits than one call takes.
	TooManyCredits,
	/// A credit is named twice.
	DuplicateCredit,
	/// No proof could be made.
	Proof(ProveError),
}

impl core::fmt::Display for WalletError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		let money = |minor: &u64| -> String { amount::format(*minor) };
		f.write_str(match self {
			Self::PhraseLength(words) => {
				return write!(
					f,
					"a recovery phrase has 12, 15, 18, 21 or 24 words, this one has {words}"
				)
			}
			Self::PhraseWord(index) => {
				return write!(
					f,
					"word {} of the recovery phrase is not in the list of words",
					index.saturating_add(1)
				)
			}
			Self::PhraseChecksum => {
				"the words of the recovery phrase do not belong together: check spelling and order"
			}
			Self::KeySize => "the chain uses a key of another size than this wallet",
			Self::Amount => "not an amount: write it like 12.50",
			Self::NotEnoughBalance { have, cost } => {
				return write!(
					f,
					"not enough balance: you have {}, the order costs {}",
					money(have),
					amount::format(*cost)
				)
			}
			Self::NotEnoughToPay { have, amount } => {
				return write!(
					f,
					"not enough balance: you have {}, not {}",
					money(have),
					money(amount)
				)
			}
			Self::NotEnoughForDeposit { have, deposit } => {
				return write!(
					f,
					"not enough balance for the deposit: you have {}, the deposit is {} (as much as the order)",
					money(have),
					money(deposit)
				)
			}
			Self::NotEnoughForBond { have, bond, multiple } => {
				return write!(
					f,
					"not enough balance for the bond: you have {}, the bond is {} ({multiple} times the order)",
					money(have),
					amount::format(*bond)
				)
			}
			Self::NotEnoughStock { left, wanted } => {
				return write!(f, "not enough stock: {left} left, the order is for {wanted}")
			}
			Self::QuotaExceeded { left, amount } => {
				return write!(
					f,
					"over the quota: you may still issue {}, not {}",
					money(left),
					money(amount)
				)
			}
			Self::ZeroAmount => "the amount must be more than zero",
			Self::ZeroPrice => "the price must be more than zero",
			Self::ZeroQuantity => "order at least one piece",
			Self::ZeroDelivery => "add at least one piece",
			Self::TooMuch => "that is more than an account can hold",
			Self::TooManyPieces => "that is more than a stock can hold",
			Self::RefreshFirst => "the balance has taken in too many credits: refresh it first",
			Self::PriceChanged => {
				"the price has changed since you were quoted: ask the seller for a new quote"
			}
			Self::NotYours => "that belongs to another account",
			Self::SelfDealing => "you cannot buy from yourself",
			Self::SelfPayment => "you cannot send money to yourself",
			Self::OtherListing => "the order is for another listing",
			Self::UnsafeViewKey => {
				"the other party's view key is unsafe: nothing sealed to it would stay secret"
			}
			Self::NoteUnreadable => "the note cannot be read with this account's view keys",
			Self::NoteMalformed => "the note is not in a form that this wallet understands",
			Self::NoteMismatch => "the note does not match what it came with: do not rely on it",
			Self::RootMismatch => {
				"value and root do not open what is on the ledger: ask the certificate authority again"
			}
			Self::LetterUnreadable => {
				"the recovery letter cannot be read with this account's view keys: it is for somebody else, or damaged"
			}
			Self::LetterMalformed => "the recovery letter is not in a form that this wallet understands",
			Self::LetterOutdated => {
				"the recovery letter is about a ciphertext that the ledger does not hold (any more): it has changed \
				since; ask the certificate authority for a new letter"
			}
			Self::NothingToCollect => "there is nothing to collect",
			Self::TooManyCredits => "collect at most 16 credits at once",
			Self::DuplicateCredit => "a credit is named twice",
			Self::Proof(error) => return write!(f, "no proof could be made: {error}"),
		})
	}
}

impl core::error::Error for WalletError {}

impl From<ProveError> for WalletError {
	fn from(error: ProveError) -> Self {
		match error {
			ProveError::Nonce(_) => Self::RefreshFirst,
			error => Self::Proof(error),
		}
	}
}

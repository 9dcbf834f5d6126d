//! Why a call is refused: in a block, and at the pool's door.

use crate::{Config, Error};
use codec::Encode;
use frame_support::pallet_macros::pallet_section;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError, UnknownTransaction};
use veilmart_confidential::ProofError;
use veilmart_paillier::CiphertextError;

/// Becomes part of [`crate::pallet`].
#[pallet_section]
mod errors {
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
		/// An account does not deal with itself.
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
		/// The deadline for this has passed.
		DeadlinePassed,
		/// The order's deadline has not fallen yet.
		NotDue,
		/// An arbiter does not decide about its own order.
		PartyOfOrder,
		/// These terms would let somebody gain by cheating or lose without a chance to act.
		UnfitTerms,
		/// The credit cannot go back: nobody sent it, or it was refreshed.
		NotReturnable,
		/// There is no such redemption, or it is not for the caller to settle.
		NoSuchRedemption,
		/// As many redemptions of the caller as may wait for that issuer wait already.
		TooManyRedemptions,
		/// The issuers' quotas together would exceed what the ledger can hold.
		QuotasExceedLedger,
		/// The claimed ciphertext is not the ledger's times the residue.
		RefreshMismatch,
		/// The account sent so many bad proofs that this node looks at no more of them for up to a minute.
		TooManyBadProofs,
	}
}

impl<T: Config> From<pallet_certificates::Error<T>> for Error<T> {
	fn from(error: pallet_certificates::Error<T>) -> Self {
		use pallet_certificates::Error as E;
		match error {
			E::Revoked => Self::Revoked,
			E::Blacklisted => Self::Blacklisted,
			E::Expired => Self::Expired,
			E::WrongRole => Self::WrongRole,
			E::QuotaExhausted => Self::QuotaExhausted,
			_ => Self::NotCertified,
		}
	}
}

impl<T: Config> From<ProofError> for Error<T> {
	fn from(error: ProofError) -> Self {
		match error {
			ProofError::Statement => Self::MalformedStatement,
			ProofError::Length => Self::ProofLength,
			ProofError::Version => Self::ProofVersion,
			ProofError::Ciphertext(error) => error.into(),
			ProofError::Point => Self::ProofPoint,
			ProofError::Scalar => Self::ProofScalar,
			ProofError::ValueResponse => Self::ProofValueResponse,
			ProofError::NonceResponse => Self::ProofNonceResponse,
			ProofError::Challenge => Self::ProofMismatch,
			ProofError::Range => Self::ProofRange,
		}
	}
}

impl<T: Config> From<CiphertextError> for Error<T> {
	fn from(error: CiphertextError) -> Self {
		match error {
			CiphertextError::Length => Self::CiphertextLength,
			CiphertextError::Zero => Self::CiphertextZero,
			CiphertextError::NotReduced => Self::CiphertextNotReduced,
			CiphertextError::NotUnit => Self::CiphertextNotUnit,
		}
	}
}

/// The custom code by which a refusal names the pallet's first [`Error`]; the others follow in their order. Codes below
/// belong to `pallet-certificates`.
pub const FIRST_REFUSAL: u8 = 32;

/// What a refusal at the pool's door means, for people.
pub fn refusal_sentence(code: u8) -> Option<&'static str> {
	const SENTENCES: [&str; 49] = [
		"The account never had a certificate.",
		"The account's certificate was withdrawn.",
		"The account is barred from new business because of an order.",
		"The account's certificate is no longer valid.",
		"The account's certificate does not name the role that the call needs.",
		"The account has used up its calls for the current period.",
		"The other party has no active certificate for its part.",
		"There is no such listing.",
		"There is no such order.",
		"There is no such credit, or it is not the caller's.",
		"The price changed since the version that the order names.",
		"The order is not the caller's to do this with.",
		"The order is not in a state in which this is possible.",
		"An account does not deal with itself.",
		"A credit is named twice, or none is named.",
		"The sequence number was used already.",
		"The sequence number is ahead of the account's.",
		"The claimed balance and what it pays do not multiply to the balance on the ledger.",
		"The claimed stock and the quantity do not multiply to the stock on the ledger.",
		"The claimed accumulator is not the ledger's times the amount.",
		"The chain has no key, or a ciphertext on the ledger does not fit it.",
		"The statement does not fit together.",
		"The proof has a wrong length.",
		"The proof is of another version.",
		"A ciphertext has a wrong length.",
		"A ciphertext is zero.",
		"A ciphertext is not below N².",
		"A ciphertext shares a factor with N.",
		"A commitment is not the canonical encoding of a point.",
		"A scalar of the proof is not canonical.",
		"A response of the proof for a value is out of range.",
		"A response of the proof for a nonce is out of range.",
		"The equations do not hold, or the proof was made for something else.",
		"A value is negative, zero where it must not be, or above its limit.",
		"The other party has registered no view key, so nothing can be sealed to it.",
		"As many credits from the caller as may wait for that account wait already.",
		"The seller has as many listings as it may.",
		"The buyer has as many quotes from this seller as it may.",
		"The buyer has as many orders as it may, those included whose credits are not all collected.",
		"The deadline for this has passed.",
		"The order's deadline has not fallen yet.",
		"An arbiter does not decide about its own order.",
		"These terms would let somebody gain by cheating or lose without a chance to act.",
		"The credit cannot go back: nobody sent it, or it was refreshed.",
		"There is no such redemption, or it is not for the caller to settle.",
		"As many redemptions of the caller as may wait for that issuer wait already.",
		"The issuers' quotas together would exceed what the ledger can hold.",
		"The claimed ciphertext is not the ledger's times the residue.",
		"The account sent so many bad proofs that this node looks at no more of them for up to a minute.",
	];
	SENTENCES
		.get(usize::from(code.checked_sub(FIRST_REFUSAL)?))
		.copied()
}

/// Whether somebody else's call, a certificate or the next period can let the same transaction pass. A pool bans what is
/// invalid for half an hour: a shipment sent before the block with the acceptance came would be lost.
fn may_pass_later<T: Config>(error: &Error<T>) -> bool {
	matches!(
		error,
		Error::NotCertified
			| Error::Revoked
			| Error::Blacklisted
			| Error::Expired
			| Error::WrongRole
			| Error::QuotaExhausted
			| Error::CounterpartyNotCertified
			| Error::NoSuchListing
			| Error::NoSuchOrder
			| Error::NoSuchCredit
			| Error::WrongState
			| Error::NoViewKey
			| Error::TooManyCredits
			| Error::TooManyListings
			| Error::TooManyQuotes
			| Error::TooManyOrders
			| Error::NotDue
			| Error::NoSuchRedemption
			| Error::TooManyRedemptions
			| Error::TooManyBadProofs
	)
}

/// The refusal of a transaction for the reason that its dispatch would fail for.
pub(crate) fn refuse<T: Config>(error: Error<T>) -> TransactionValidityError {
	match error {
		Error::StaleSequence => InvalidTransaction::Stale.into(),
		error => {
			// A pallet's error encodes as its index.
			let code = error
				.encode()
				.first()
				.map_or(u8::MAX, |index| index.saturating_add(FIRST_REFUSAL));
			if may_pass_later(&error) {
				UnknownTransaction::Custom(code).into()
			} else {
				InvalidTransaction::Custom(code).into()
			}
		}
	}
}

//! Why a transaction is refused before it reaches a block.

use crate::types::Inactive;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError, UnknownTransaction};

/// The reasons of [`CheckCertificate`](crate::CheckCertificate) and [`CheckNonce`](crate::CheckNonce). A refused
/// transaction carries the number as `UnknownTransaction::Custom` if it may pass later, for a pool bans what is invalid for
/// half an hour, and as `InvalidTransaction::Custom` if it never can. Numbers 1 to 31 belong to this pallet; a number is
/// never given a second meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Refusal {
	/// The signer never had a certificate.
	NotCertified = 1,
	/// The signer's certificate was withdrawn, and the call is new business.
	Revoked = 2,
	/// The signer is blacklisted, and the call is new business.
	Blacklisted = 3,
	/// The signer's certificate has expired, and the call is new business.
	Expired = 4,
	/// The signer has used up its quota, or too much of it for this transaction; the next period brings a new
	/// one.
	QuotaExhausted = 5,
	/// The transaction's nonce lies further ahead than the signer's quota reaches.
	NonceBeyondQuota = 6,
	/// The transaction holds more calls than a whole quota, so that waiting does not help.
	TooManyCalls = 7,
	/// The transaction declares more weight or length than what it names can use.
	DeclaresTooMuch = 8,
	/// This signer has no right now to a call that the transaction holds, or what it names does not exist, or is not decided.
	NotEntitled = 9,
	/// The transaction holds a call to which no signature ever gives the right: of Root, of a majority, or of nobody.
	NeverPermitted = 10,
}

impl Refusal {
	/// Every reason.
	pub const ALL: [Refusal; 10] = [
		Refusal::NotCertified,
		Refusal::Revoked,
		Refusal::Blacklisted,
		Refusal::Expired,
		Refusal::QuotaExhausted,
		Refusal::NonceBeyondQuota,
		Refusal::TooManyCalls,
		Refusal::DeclaresTooMuch,
		Refusal::NotEntitled,
		Refusal::NeverPermitted,
	];

	/// The number that the transaction's refusal carries.
	pub const fn code(self) -> u8 {
		self as u8
	}

	/// Whether the same transaction may pass later.
	pub const fn may_pass_later(self) -> bool {
		!matches!(
			self,
			Refusal::TooManyCalls | Refusal::DeclaresTooMuch | Refusal::NeverPermitted
		)
	}

	/// The reason behind a number, if it is one of this pallet's.
	pub fn from_code(code: u8) -> Option<Self> {
		Self::ALL.into_iter().find(|refusal| refusal.code() == code)
	}

	/// One sentence for the person in front of the wallet.
	pub const fn sentence(self) -> &'static str {
		match self {
			Refusal::NotCertified => "This account has no certificate; ask the certificate authority for one.",
			Refusal::Revoked =>
				"The certificate of this account was revoked; it can finish open orders, but not start new business.",
			Refusal::Blacklisted =>
				"This account is blacklisted; it can finish open orders, but not start new business.",
			Refusal::Expired =>
				"The certificate of this account has expired; it can finish open orders and needs a renewal for new business.",
			Refusal::QuotaExhausted =>
				"This account has used up its calls for the current period; send it again when the next one begins.",
			Refusal::NonceBeyondQuota =>
				"This transaction is further ahead than the calls left to the account; send the earlier ones first.",
			Refusal::TooManyCalls =>
				"This transaction holds more calls than an account may make in one period; split it.",
			Refusal::DeclaresTooMuch =>
				"This transaction declares more weight or length than the call that it names needs; declare what the call itself declares.",
			Refusal::NotEntitled =>
				"This transaction holds a call that this account has no right to send, or names a motion or an upgrade that does not exist or is not decided.",
			Refusal::NeverPermitted =>
				"This transaction holds a call that no signature permits: one that is for a motion of the council, or for nobody.",
		}
	}
}

impl From<Inactive> for Refusal {
	fn from(inactive: Inactive) -> Self {
		match inactive {
			Inactive::Revoked => Refusal::Revoked,
			Inactive::Blacklisted => Refusal::Blacklisted,
			Inactive::Expired => Refusal::Expired,
		}
	}
}

impl From<Refusal> for TransactionValidityError {
	fn from(refusal: Refusal) -> Self {
		if refusal.may_pass_later() {
			UnknownTransaction::Custom(refusal.code()).into()
		} else {
			InvalidTransaction::Custom(refusal.code()).into()
		}
	}
}

/// The sentence for the number in a custom refusal, if the number is one of this pallet's.
pub fn refusal_sentence(code: u8) -> Option<&'static str> {
	Refusal::from_code(code).map(Refusal::sentence)
}

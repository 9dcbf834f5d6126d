//! The pool's door: sequence, identities and proof before a transaction is kept or passed on.

use crate::{
	disputes::Dispute,
	ledger::Issue,
	listings::{List, Reprice, Restock},
	money::Payment,
	orders::{Accept, PlaceOrder},
	refresh::Refresh,
	Call, Config, Error, Pallet, Proof, Sequence, WeightInfo as _,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use core::marker::PhantomData;
use frame_support::{
	dispatch::DispatchInfo,
	pallet_prelude::{TransactionSource, Weight},
	traits::IsSubType,
	CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound, PartialEqNoBound,
};
use scale_info::TypeInfo;
use sp_runtime::{
	impl_tx_ext_default,
	traits::{
		AsSystemOriginSigner, DispatchInfoOf, Dispatchable, Implication, TransactionExtension, ValidateResult,
	},
	transaction_validity::{
		InvalidTransaction, TransactionValidityError, UnknownTransaction, ValidTransaction,
	},
};
use veilmart_confidential::Statement;

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
fn refuse<T: Config>(error: Error<T>) -> TransactionValidityError {
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

/// Verifies the proof of a marketplace call in the pool, and orders an account's calls by sequence number.
///
/// Encodes to nothing. For a signed marketplace call that is not in a block already, in this order:
///
/// 1. A used sequence number is stale. One ahead of the account's is *future*, not invalid: the transaction waits until
///    those before it are there.
/// 2. Role, existence and state are those of the dispatch.
/// 3. If the number is the account's next, the ciphertext identities must hold on the ledger as it is; a later one's are
///    compared at dispatch.
/// 4. The proof is verified, last. The node remembers that it was. Of an account that sent ten bad ones within a minute it
///    looks at no more.
///
/// In a block all of this is the dispatch's work, which never relies on this extension.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	CloneNoBound,
	DebugNoBound,
	DefaultNoBound,
	EqNoBound,
	PartialEqNoBound,
)]
#[scale_info(skip_type_params(T))]
pub struct CheckProof<T>(PhantomData<T>);

impl<T> CheckProof<T> {
	/// The extension; there is nothing to choose.
	pub fn new() -> Self {
		Self(PhantomData)
	}
}

/// A call whose proof has been taken apart from the rest.
struct Claim<'a, T: Config> {
	statement: Statement,
	proof: &'a Proof,
	/// Whether the call's identities hold on the ledger as it is.
	identity: Result<(), Error<T>>,
}

/// The sequence number that a call carries; every call of a trader does.
fn sequence_of<T: Config>(call: &Call<T>) -> Option<u64> {
	match call {
		Call::issue { seq, .. }
		| Call::collect { seq, .. }
		| Call::list { seq, .. }
		| Call::quote { seq, .. }
		| Call::order { seq, .. }
		| Call::cancel { seq, .. }
		| Call::accept { seq, .. }
		| Call::decline { seq, .. }
		| Call::ship { seq, .. }
		| Call::confirm { seq, .. }
		| Call::poke { seq, .. }
		| Call::dispute { seq, .. }
		| Call::resolve { seq, .. }
		| Call::transfer { seq, .. }
		| Call::refuse { seq, .. }
		| Call::reclaim { seq, .. }
		| Call::redeem { seq, .. }
		| Call::settle { seq, .. }
		| Call::refresh { seq, .. }
		| Call::reprice { seq, .. }
		| Call::restock { seq, .. }
		| Call::delist { seq, .. } => Some(*seq),
		// Of governance and the certificate authority.
		Call::set_terms { .. }
		| Call::set_issuer_quota { .. }
		| Call::record_disclosure { .. }
		| Call::__Ignore(..) => None,
	}
}

/// What a call claims, if it carries a proof. `is_next` says whether its identities can be compared already.
fn claim_of<'a, T: Config>(
	who: &T::AccountId,
	call: &'a Call<T>,
	is_next: bool,
) -> Result<Option<Claim<'a, T>>, Error<T>> {
	let when_next = |check: &dyn Fn() -> Result<(), Error<T>>| if is_next { check() } else { Ok(()) };
	Ok(Some(match call {
		Call::issue {
			seq,
			salt,
			to,
			amount,
			issued_after,
			own_note,
			note,
			proof,
		} => {
			let parts = Issue {
				to: to.clone(),
				amount: (**amount).clone(),
				issued_after: (**issued_after).clone(),
				own_note: (**own_note).clone(),
				note: (**note).clone(),
			};
			Claim {
				statement: Pallet::<T>::issue_statement(who, *seq, *salt, &parts)?,
				proof,
				identity: when_next(&|| Pallet::<T>::issue_identity(who, &parts)),
			}
		}
		Call::list {
			seq,
			salt,
			price,
			stock,
			commodity,
			own_note,
			proof,
		} => {
			let parts = List {
				price: (**price).clone(),
				stock: (**stock).clone(),
				commodity: (**commodity).clone(),
				own_note: (**own_note).clone(),
			};
			Claim {
				statement: Pallet::<T>::list_statement(who, *seq, *salt, &parts)?,
				proof,
				identity: Ok(()),
			}
		}
		Call::order {
			seq,
			salt,
			listing,
			version,
			quantity,
			total,
			balance_after,
			own_note,
			note,
			quote,
			proof,
		} => {
			let parts = PlaceOrder {
				listing: listing.clone(),
				version: *version,
				quantity: (**quantity).clone(),
				total: (**total).clone(),
				balance_after: (**balance_after).clone(),
				own_note: (**own_note).clone(),
				note: (**note).clone(),
				quote: (**quote).clone(),
			};
			Claim {
				statement: Pallet::<T>::order_statement(who, *seq, *salt, &parts)?,
				proof,
				identity: when_next(&|| Pallet::<T>::order_identity(who, &parts)),
			}
		}
		Call::accept {
			seq,
			salt,
			order,
			stock_after,
			balance_after,
			own_note,
			stock_note,
			proof,
		} => {
			let parts = Accept {
				order: order.clone(),
				stock_after: (**stock_after).clone(),
				balance_after: (**balance_after).clone(),
				own_note: (**own_note).clone(),
				stock_note: (**stock_note).clone(),
			};
			Claim {
				statement: Pallet::<T>::accept_statement(who, *seq, *salt, &parts)?,
				proof,
				identity: when_next(&|| Pallet::<T>::accept_identity(who, &parts)),
			}
		}
		Call::dispute {
			seq,
			salt,
			order,
			balance_after,
			own_note,
			proof,
		} => {
			let parts = Dispute {
				order: *order,
				balance_after: (**balance_after).clone(),
				own_note: (**own_note).clone(),
			};
			Claim {
				statement: Pallet::<T>::dispute_statement(who, *seq, *salt, &parts)?,
				proof,
				identity: when_next(&|| Pallet::<T>::dispute_identity(who, &parts)),
			}
		}
		Call::transfer {
			seq,
			salt,
			to,
			amount,
			balance_after,
			own_note,
			note,
			proof,
		} => {
			let parts = Payment {
				to: to.clone(),
				amount: (**amount).clone(),
				balance_after: (**balance_after).clone(),
				own_note: (**own_note).clone(),
				note: (**note).clone(),
			};
			Claim {
				statement: Pallet::<T>::transfer_statement(who, *seq, *salt, &parts)?,
				proof,
				identity: when_next(&|| Pallet::<T>::payment_identity(who, &parts)),
			}
		}
		Call::redeem {
			seq,
			salt,
			issuer,
			amount,
			balance_after,
			own_note,
			note,
			proof,
		} => {
			let parts = Payment {
				to: issuer.clone(),
				amount: (**amount).clone(),
				balance_after: (**balance_after).clone(),
				own_note: (**own_note).clone(),
				note: (**note).clone(),
			};
			Claim {
				statement: Pallet::<T>::redeem_statement(who, *seq, *salt, &parts)?,
				proof,
				identity: when_next(&|| Pallet::<T>::payment_identity(who, &parts)),
			}
		}
		Call::reprice {
			seq,
			salt,
			listing,
			version,
			price,
			own_note,
			proof,
		} => {
			let parts = Reprice {
				listing: *listing,
				version: *version,
				price: (**price).clone(),
				own_note: (**own_note).clone(),
			};
			Claim {
				statement: Pallet::<T>::reprice_statement(who, *seq, *salt, &parts)?,
				proof,
				identity: when_next(&|| Pallet::<T>::reprice_identity(who, &parts)),
			}
		}
		Call::restock {
			seq,
			salt,
			listing,
			version,
			delivery,
			own_note,
			proof,
		} => {
			let parts = Restock {
				listing: *listing,
				version: *version,
				delivery: (**delivery).clone(),
				own_note: (**own_note).clone(),
			};
			Claim {
				statement: Pallet::<T>::restock_statement(who, *seq, *salt, &parts)?,
				proof,
				identity: when_next(&|| Pallet::<T>::restock_identity(who, &parts)),
			}
		}
		Call::refresh {
			seq,
			salt,
			target,
			after,
			residue,
			own_note,
			proof,
		} => {
			let parts = Refresh {
				target: target.clone(),
				after: (**after).clone(),
				residue: (**residue).clone(),
				own_note: (**own_note).clone(),
			};
			Claim {
				statement: Pallet::<T>::refresh_statement(who, *seq, *salt, &parts)?,
				proof,
				identity: when_next(&|| Pallet::<T>::refresh_identity(who, &parts)),
			}
		}
		_ => return Ok(None),
	}))
}

impl<T: Config + Send + Sync> CheckProof<T> {
	fn check(who: &T::AccountId, call: &Call<T>) -> Result<ValidTransaction, TransactionValidityError> {
		let Some(seq) = sequence_of(call) else {
			return Ok(ValidTransaction::default());
		};
		let next = Sequence::<T>::get(who);
		if seq < next {
			return Err(refuse::<T>(Error::StaleSequence));
		}
		if let Some(claim) = claim_of::<T>(who, call, seq == next).map_err(refuse)? {
			claim.identity.map_err(refuse)?;
			Pallet::<T>::ensure_proved_at_door(&claim.statement, claim.proof).map_err(refuse)?;
		}
		let tag = |seq: u64| ("veilmart/seq", who, seq).encode();
		let requires: Vec<_> = if seq > next {
			[tag(seq.saturating_sub(1))].into()
		} else {
			Vec::new()
		};
		Ok(ValidTransaction {
			requires,
			provides: [tag(seq)].into(),
			..Default::default()
		})
	}
}

impl<T: Config + Send + Sync> TransactionExtension<T::RuntimeCall> for CheckProof<T>
where
	T::RuntimeCall: Dispatchable<Info = DispatchInfo> + IsSubType<Call<T>>,
	<T::RuntimeCall as Dispatchable>::RuntimeOrigin: AsSystemOriginSigner<T::AccountId> + Clone,
{
	const IDENTIFIER: &'static str = "CheckProof";
	type Implicit = ();
	type Val = ();
	type Pre = ();

	fn weight(&self, _call: &T::RuntimeCall) -> Weight {
		<T as Config>::WeightInfo::check_proof()
	}

	fn validate(
		&self,
		origin: T::RuntimeOrigin,
		call: &T::RuntimeCall,
		_info: &DispatchInfoOf<T::RuntimeCall>,
		_len: usize,
		_self_implicit: Self::Implicit,
		_inherited_implication: &impl Implication,
		source: TransactionSource,
	) -> ValidateResult<Self::Val, T::RuntimeCall> {
		let validity = match (origin.as_system_origin_signer(), call.is_sub_type(), source) {
			(_, _, TransactionSource::InBlock) => ValidTransaction::default(),
			(Some(who), Some(call), _) => Self::check(who, call)?,
			_ => ValidTransaction::default(),
		};
		Ok((validity, (), origin))
	}

	impl_tx_ext_default!(T::RuntimeCall; prepare);
}

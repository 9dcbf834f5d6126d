//! The pool's door: sequence, identities and proof before a transaction is kept or passed on.

use crate::{
	disputes::Dispute,
	errors::refuse,
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
	transaction_validity::{TransactionValidityError, ValidTransaction},
};
use veilmart_confidential::Statement;

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
		let requires: Vec<_> = if seq > next {
			[Self::tag(who, seq.saturating_sub(1))].into()
		} else {
			Vec::new()
		};
		Ok(ValidTransaction {
			requires,
			provides: [Self::tag(who, seq)].into(),
			..Default::default()
		})
	}

	fn tag(who: &T::AccountId, seq: u64) -> Vec<u8> {
		("veilmart/seq", who, seq).encode()
	}

	/// What an account's call provides in the pool, for the call with the next sequence number to require. None if it carries no
	/// such number. For nodes, which see in this way what a block has provided.
	pub fn provided_by(who: &T::AccountId, call: &Call<T>) -> Option<Vec<u8>> {
		sequence_of(call).map(|seq| Self::tag(who, seq))
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

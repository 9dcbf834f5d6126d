//! `refresh`: a new nonce for what an account owns, the value unchanged.
//!
//! The owner claims the new ciphertext and the residue Z between the old one and it, with a proof that Z is an N-th residue:
//! the ciphertext of zero. It does so when nonces have grown, and when it lost an opening and was told value and root by the
//! certificate authority. The authority alone moves nothing: only the owner's own call replaces a ciphertext.
//!
//! For balances and credits Z is multiplied into [`Zeroed`], the right side of the conservation identity. A stock is no money.

use crate::{
	outcome::Refusal,
	types::{Proof, RefreshTarget, Salt, SealedNote},
	Balances, Ciphertext, Config, Error, Event, Incoming, Listings, Pallet, Zeroed,
};
use frame_support::ensure;
use veilmart_confidential::{statements, Statement, PARAMETER_SET};

/// The arguments of `refresh` besides sequence, salt and proof.
#[derive(Clone)]
pub(crate) struct Refresh<AccountId> {
	pub(crate) target: RefreshTarget<AccountId>,
	pub(crate) after: Ciphertext,
	pub(crate) residue: Ciphertext,
	pub(crate) own_note: SealedNote,
}

impl<T: Config> Pallet<T> {
	/// The ciphertext that the caller may refresh.
	fn refreshable(who: &T::AccountId, target: &RefreshTarget<T::AccountId>) -> Result<Ciphertext, Error<T>> {
		Ok(match target {
			RefreshTarget::Balance => Balances::<T>::get(who).ciphertext,
			RefreshTarget::Credit(id) => {
				Incoming::<T>::get(who, id)
					.ok_or(Error::<T>::NoSuchCredit)?
					.amount
			}
			RefreshTarget::Stock(seq) => {
				Listings::<T>::get(who, seq)
					.ok_or(Error::<T>::NoSuchListing)?
					.stock
			}
		})
	}

	pub(crate) fn refresh_statement(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: &Refresh<T::AccountId>,
	) -> Result<Statement, Error<T>> {
		Self::ensure_known(who)?;
		Self::refreshable(who, &parts.target)?;
		let target = match &parts.target {
			RefreshTarget::Balance => statements::RefreshTarget::Balance,
			RefreshTarget::Credit(id) => statements::RefreshTarget::Credit {
				creator: id.creator.clone().into(),
				seq: id.seq,
				kind: id.kind.number(),
			},
			RefreshTarget::Stock(seq) => statements::RefreshTarget::Stock(statements::ListingName {
				seller: who.clone().into(),
				seq: *seq,
			}),
		};
		Ok(statements::refresh(
			PARAMETER_SET,
			&Self::context(who, seq, salt),
			target,
			parts.after.as_ref(),
			parts.residue.as_ref(),
			parts.own_note.hash(),
		))
	}

	/// `B' = B·Z`.
	pub(crate) fn refresh_identity(
		who: &T::AccountId,
		parts: &Refresh<T::AccountId>,
	) -> Result<(), Error<T>> {
		let before = Self::refreshable(who, &parts.target)?;
		let after = Self::product([(&before, 1), (&parts.residue, 1)])?;
		ensure!(after == parts.after, Error::<T>::RefreshMismatch);
		Ok(())
	}

	pub(crate) fn do_refresh(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: Refresh<T::AccountId>,
		proof: &Proof,
	) -> Result<(), Refusal<T>> {
		let statement = Self::refresh_statement(who, seq, salt, &parts)?;
		Self::ensure_sequence(who, seq)?;
		Self::refresh_identity(who, &parts)?;
		Self::ensure_proved(&statement, proof).map_err(Refusal::by_verifier)?;
		let Refresh {
			target,
			after,
			residue,
			own_note,
		} = parts;
		let zeroed = Self::product([(&Zeroed::<T>::get(), 1), (&residue, 1)])?;
		Self::raise_sequence(who);
		match &target {
			RefreshTarget::Balance => {
				Zeroed::<T>::put(zeroed);
				Self::put_balance(who, after, own_note);
			}
			RefreshTarget::Credit(id) => {
				Zeroed::<T>::put(zeroed);
				Incoming::<T>::mutate(who, id, |credit| {
					if let Some(credit) = credit {
						credit.amount = after;
						credit.note = Some(own_note);
						// Who sent it could not open it any more.
						credit.sender_note = None;
						credit.reclaim_from = None;
					}
				});
			}
			RefreshTarget::Stock(seq) => Listings::<T>::mutate(who, seq, |listing| {
				if let Some(listing) = listing {
					listing.stock = after;
					listing.note = own_note;
				}
			}),
		}
		Self::deposit_event(Event::Refreshed {
			account: who.clone(),
			target,
		});
		Ok(())
	}
}

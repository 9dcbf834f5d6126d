//! Money from account to account and out of the ledger: transfer, refuse, reclaim, redeem, settle; and who may issue how much.
//!
//! A transfer waits in the recipient's incoming. Until it is collected or refreshed, the recipient may refuse it, and after a
//! while the sender may take it back: both return it to the sender's incoming, opened by the note that the sender sealed to
//! itself in the call that sent it. What was issued can be refused, too. What comes out of orders can not: nobody sent it.
//!
//! `redeem` burns money and leaves the issuer a claim to pay outside of the chain; `settle` records that it did. Neither gives
//! the issuer its quota back: every amount on the ledger is a part of what was issued, and that stays below 2^64 only if
//! nothing is ever issued twice.

use crate::{
	outcome::Refusal,
	types::{Credit, CreditId, CreditKind, Owned, Proof, Redemption, RedemptionId, Salt, SealedNote},
	Balances, Ciphertext, Config, Error, Event, Incoming, Issued, IssuerQuota, Pallet, Redemptions,
	ReservedQuota, TotalReservedQuota,
};
use frame_support::{ensure, traits::Get};
use pallet_certificates::Role;
use veilmart_confidential::{statements, Statement, PARAMETER_SET};

/// The arguments of `transfer` and `redeem` besides sequence, salt and proof.
#[derive(Clone)]
pub(crate) struct Payment<AccountId> {
	pub(crate) to: AccountId,
	pub(crate) amount: Ciphertext,
	pub(crate) balance_after: Ciphertext,
	pub(crate) own_note: SealedNote,
	pub(crate) note: SealedNote,
}

impl<T: Config> Pallet<T> {
	/// A note can be sealed to the account. One that nobody can open would cost its recipient an opening.
	pub(crate) fn ensure_reachable(who: &T::AccountId) -> Result<(), Error<T>> {
		ensure!(
			pallet_certificates::Pallet::<T>::view_key(who).is_some(),
			Error::<T>::NoViewKey
		);
		Ok(())
	}

	pub(crate) fn transfer_statement(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: &Payment<T::AccountId>,
	) -> Result<Statement, Error<T>> {
		pallet_certificates::Pallet::<T>::ensure_active(who)?;
		ensure!(parts.to != *who, Error::<T>::SelfDealing);
		ensure!(
			pallet_certificates::Pallet::<T>::ensure_active(&parts.to).is_ok(),
			Error::<T>::CounterpartyNotCertified
		);
		Self::ensure_reachable(&parts.to)?;
		Self::ensure_room_for_credit(&parts.to, who)?;
		Ok(statements::transfer(
			PARAMETER_SET,
			&Self::context(who, seq, salt),
			parts.to.clone().into(),
			parts.amount.as_ref(),
			parts.balance_after.as_ref(),
			parts.own_note.hash(),
			parts.note.hash(),
		))
	}

	pub(crate) fn redeem_statement(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: &Payment<T::AccountId>,
	) -> Result<Statement, Error<T>> {
		// Whoever falls out with the consortium can still leave with its money.
		Self::ensure_known(who)?;
		ensure!(
			Self::ensure_role(&parts.to, Role::Issuer).is_ok(),
			Error::<T>::CounterpartyNotCertified
		);
		Self::ensure_reachable(&parts.to)?;
		Self::ensure_room_for_redemption(&parts.to, who)?;
		Ok(statements::redeem(
			PARAMETER_SET,
			&Self::context(who, seq, salt),
			parts.to.clone().into(),
			parts.amount.as_ref(),
			parts.balance_after.as_ref(),
			parts.own_note.hash(),
			parts.note.hash(),
		))
	}

	/// `B = B'·A`.
	pub(crate) fn payment_identity(
		who: &T::AccountId,
		parts: &Payment<T::AccountId>,
	) -> Result<(), Error<T>> {
		Self::ensure_debit(who, &parts.balance_after, (&parts.amount, 1))
	}

	pub(crate) fn do_transfer(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: Payment<T::AccountId>,
		proof: &Proof,
	) -> Result<(), Refusal<T>> {
		let statement = Self::transfer_statement(who, seq, salt, &parts)?;
		Self::ensure_sequence(who, seq)?;
		Self::payment_identity(who, &parts)?;
		Self::ensure_proved(&statement, proof).map_err(Refusal::by_verifier)?;
		let credit = CreditId {
			creator: who.clone(),
			seq,
			kind: CreditKind::Transfer,
		};
		let Payment {
			to,
			amount,
			balance_after,
			own_note,
			note,
		} = parts;
		Self::raise_sequence(who);
		Self::put_balance(who, balance_after, own_note.clone());
		Self::count_credit(&to, who);
		Incoming::<T>::insert(
			&to,
			&credit,
			Credit {
				amount,
				note: Some(note),
				sender_note: Some(own_note),
				reclaim_from: Some(Self::market_now().saturating_add(T::ReclaimPeriod::get())),
			},
		);
		Self::deposit_event(Event::Transferred {
			from: who.clone(),
			to,
			credit,
		});
		Ok(())
	}

	/// Takes a credit from who has not collected it and returns it to who sent it.
	fn give_back(
		holder: &T::AccountId,
		id: CreditId<T::AccountId>,
		credit: Credit,
		note: SealedNote,
	) -> CreditId<T::AccountId> {
		Incoming::<T>::remove(holder, &id);
		Self::discount_credit(holder, &id);
		let sender = id.creator.clone();
		let returned = CreditId {
			kind: CreditKind::Returned,
			..id
		};
		Self::count_credit(&sender, &sender);
		Incoming::<T>::insert(
			&sender,
			&returned,
			Credit {
				amount: credit.amount,
				note: Some(note),
				sender_note: None,
				reclaim_from: None,
			},
		);
		returned
	}

	pub(crate) fn do_refuse(
		who: &T::AccountId,
		seq: u64,
		id: CreditId<T::AccountId>,
	) -> Result<(), Error<T>> {
		Self::ensure_known(who)?;
		let credit = Incoming::<T>::get(who, &id).ok_or(Error::<T>::NoSuchCredit)?;
		let note = credit.sender_note.clone().ok_or(Error::<T>::NotReturnable)?;
		Self::ensure_sequence(who, seq)?;
		Self::raise_sequence(who);
		let credit = Self::give_back(who, id, credit, note);
		Self::deposit_event(Event::Refused {
			by: who.clone(),
			credit,
		});
		Ok(())
	}

	pub(crate) fn do_reclaim(
		who: &T::AccountId,
		seq: u64,
		from: T::AccountId,
		transfer: u64,
	) -> Result<(), Error<T>> {
		Self::ensure_known(who)?;
		let id = CreditId {
			creator: who.clone(),
			seq: transfer,
			kind: CreditKind::Transfer,
		};
		let credit = Incoming::<T>::get(&from, &id).ok_or(Error::<T>::NoSuchCredit)?;
		let note = credit.sender_note.clone().ok_or(Error::<T>::NotReturnable)?;
		ensure!(Self::is_past(credit.reclaim_from), Error::<T>::NotDue);
		Self::ensure_sequence(who, seq)?;
		Self::raise_sequence(who);
		let credit = Self::give_back(&from, id, credit, note);
		Self::deposit_event(Event::Reclaimed { from, credit });
		Ok(())
	}

	pub(crate) fn do_redeem(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: Payment<T::AccountId>,
		proof: &Proof,
	) -> Result<(), Refusal<T>> {
		let statement = Self::redeem_statement(who, seq, salt, &parts)?;
		Self::ensure_sequence(who, seq)?;
		Self::payment_identity(who, &parts)?;
		Self::ensure_proved(&statement, proof).map_err(Refusal::by_verifier)?;
		let redemption = RedemptionId {
			holder: who.clone(),
			seq,
		};
		let Payment {
			to: issuer,
			amount,
			balance_after,
			own_note,
			note,
		} = parts;
		Self::burn(&amount, 1)?;
		Self::raise_sequence(who);
		Self::put_balance(who, balance_after, own_note);
		Self::count_redemption(&issuer, who);
		Redemptions::<T>::insert(&issuer, &redemption, Redemption { amount, note });
		Self::deposit_event(Event::Redeemed { issuer, redemption });
		Ok(())
	}

	pub(crate) fn do_settle(
		who: &T::AccountId,
		seq: u64,
		redemption: RedemptionId<T::AccountId>,
	) -> Result<(), Error<T>> {
		Self::ensure_known(who)?;
		ensure!(
			Redemptions::<T>::contains_key(who, &redemption),
			Error::<T>::NoSuchRedemption
		);
		Self::ensure_sequence(who, seq)?;
		Self::raise_sequence(who);
		Redemptions::<T>::remove(who, &redemption);
		Self::discount_redemption(who, &redemption.holder);
		Self::deposit_event(Event::Settled {
			issuer: who.clone(),
			redemption,
		});
		Ok(())
	}

	/// Writes a balance with its owner's note.
	pub(crate) fn put_balance(who: &T::AccountId, ciphertext: Ciphertext, note: SealedNote) {
		Balances::<T>::insert(
			who,
			Owned {
				ciphertext,
				note: Some(note),
			},
		);
	}

	/// Sets what an issuer may issue in all.
	///
	/// What an issuer can have issued is not known, only that it is no more than the largest quota that it ever had. That much
	/// stays reserved once it has issued anything, or lowering one quota and raising another would let more than 2^64 onto the
	/// ledger.
	pub(crate) fn do_set_issuer_quota(issuer: T::AccountId, quota: u64) -> Result<(), Error<T>> {
		Self::ensure_known(&issuer)?;
		let reserved = ReservedQuota::<T>::get(&issuer);
		let needed = if Issued::<T>::contains_key(&issuer) {
			reserved.max(quota)
		} else {
			quota
		};
		let total = TotalReservedQuota::<T>::get()
			.saturating_sub(reserved)
			.checked_add(needed)
			.ok_or(Error::<T>::QuotasExceedLedger)?;
		TotalReservedQuota::<T>::put(total);
		ReservedQuota::<T>::insert(&issuer, needed);
		IssuerQuota::<T>::insert(&issuer, quota);
		Self::deposit_event(Event::IssuerQuotaSet { issuer, quota });
		Ok(())
	}
}

//! What all calls share: caller, sequence, identities, proof; and the calls that move money in.

use crate::{
	outcome::Refusal,
	types::{Credit, CreditId, CreditKind, Owned, Proof, Salt, SealedNote},
	Balances, Ciphertext, Config, Error, Event, Incoming, Issued, IssuerQuota, Modulus, NonceBase, Orders,
	OrdersOfSeller, Pallet, Sequence,
};
use alloc::vec::Vec;
use frame_support::ensure;
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_certificates::{OrderId, Role};
use sp_runtime::traits::Zero;
use veilmart_confidential::{statements, Context, Statement, PARAMETER_SET};
use veilmart_paillier::ProductGroup;
use veilmart_verification_host::{LedgerKey, Turned, Verification};

/// The arguments of `issue` besides sequence, salt and proof.
#[derive(Clone)]
pub(crate) struct Issue<AccountId> {
	pub(crate) to: AccountId,
	pub(crate) amount: Ciphertext,
	pub(crate) issued_after: Ciphertext,
	pub(crate) own_note: SealedNote,
	pub(crate) note: SealedNote,
}

impl<T: Config> Pallet<T> {
	/// The caller has an active certificate for this role.
	pub(crate) fn ensure_role(who: &T::AccountId, role: Role) -> Result<(), Error<T>> {
		Ok(pallet_certificates::Pallet::<T>::ensure_role(who, role)?)
	}

	/// The caller has, or had, a certificate: enough to finish what was begun.
	pub(crate) fn ensure_known(who: &T::AccountId) -> Result<(), Error<T>> {
		Ok(pallet_certificates::Pallet::<T>::ensure_has_certificate(who)?)
	}

	/// The account's number is this one.
	pub(crate) fn ensure_sequence(who: &T::AccountId, seq: u64) -> Result<(), Error<T>> {
		let next = Sequence::<T>::get(who);
		ensure!(seq >= next, Error::<T>::StaleSequence);
		ensure!(seq == next, Error::<T>::FutureSequence);
		Ok(())
	}

	/// Raises the account's number. One account cannot make 2^64 calls.
	pub(crate) fn raise_sequence(who: &T::AccountId) {
		Sequence::<T>::mutate(who, |seq| *seq = seq.saturating_add(1));
	}

	/// The product of `ciphertext^exponent` modulo `N²`.
	pub(crate) fn product<'a>(
		factors: impl IntoIterator<Item = (&'a Ciphertext, u32)>,
	) -> Result<Ciphertext, Error<T>> {
		let modulus = Modulus::<T>::get();
		ensure!(!modulus.is_empty(), Error::<T>::NoKey);
		let product = ProductGroup::new(&modulus)
			.product(factors.into_iter().map(|(c, exponent)| (c.as_ref(), exponent)))
			.map_err(Error::<T>::from)?;
		Ciphertext::from_slice(&product).ok_or(Error::<T>::NoKey)
	}

	/// Who calls, where and when, as statements bind it.
	pub(crate) fn context(who: &T::AccountId, seq: u64, salt: Salt) -> Context {
		let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
		let mut bytes = [0; 32];
		bytes
			.iter_mut()
			.zip(genesis.as_ref())
			.for_each(|(out, byte)| *out = *byte);
		Context {
			genesis: bytes,
			account: who.clone().into(),
			seq,
			salt: salt.0,
		}
	}

	/// Has the proof verified, natively or not as the runtime says. Asked again at dispatch even if the pool did.
	pub(crate) fn ensure_proved(statement: &Statement, proof: &Proof) -> Result<(), Error<T>> {
		Self::with_key(|key| Ok(T::Verification::verify(key, statement, proof)?))
	}

	/// The same at the pool's door, where bad proofs are counted.
	pub(crate) fn ensure_proved_at_door(statement: &Statement, proof: &Proof) -> Result<(), Error<T>> {
		Self::with_key(|key| {
			T::Verification::verify_at_door(key, statement, proof).map_err(|turned| match turned {
				Turned::Bad(error) => error.into(),
				Turned::Unseen => Error::<T>::TooManyBadProofs,
			})
		})
	}

	fn with_key(verify: impl FnOnce(LedgerKey) -> Result<(), Error<T>>) -> Result<(), Error<T>> {
		let modulus = Modulus::<T>::get();
		ensure!(!modulus.is_empty(), Error::<T>::NoKey);
		let h_s = NonceBase::<T>::get();
		verify(LedgerKey {
			modulus: &modulus,
			h_s: h_s.as_ref(),
		})
	}

	/// The balance before a call that leaves `after` and takes `taken` out is the one on the ledger.
	pub(crate) fn ensure_debit<'a>(
		who: &T::AccountId,
		after: &'a Ciphertext,
		taken: (&'a Ciphertext, u32),
	) -> Result<(), Error<T>> {
		let before = Self::product([(after, 1), taken])?;
		ensure!(
			before == Balances::<T>::get(who).ciphertext,
			Error::<T>::BalanceMismatch
		);
		Ok(())
	}

	/// The statement of an `issue`.
	pub(crate) fn issue_statement(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: &Issue<T::AccountId>,
	) -> Result<Statement, Error<T>> {
		Self::ensure_role(who, Role::Issuer)?;
		ensure!(
			pallet_certificates::Pallet::<T>::ensure_active(&parts.to).is_ok(),
			Error::<T>::CounterpartyNotCertified
		);
		Self::ensure_reachable(&parts.to)?;
		Self::ensure_room_for_credit(&parts.to, who)?;
		Ok(statements::issue(
			PARAMETER_SET,
			&Self::context(who, seq, salt),
			parts.to.clone().into(),
			IssuerQuota::<T>::get(who),
			parts.amount.as_ref(),
			parts.issued_after.as_ref(),
			parts.own_note.hash(),
			parts.note.hash(),
		))
	}

	/// `Issued' = Issued·A`.
	pub(crate) fn issue_identity(who: &T::AccountId, parts: &Issue<T::AccountId>) -> Result<(), Error<T>> {
		let before = Issued::<T>::get(who).ciphertext;
		let after = Self::product([(&before, 1), (&parts.amount, 1)])?;
		ensure!(after == parts.issued_after, Error::<T>::IssuedMismatch);
		Ok(())
	}

	pub(crate) fn do_issue(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: Issue<T::AccountId>,
		proof: &Proof,
	) -> Result<(), Refusal<T>> {
		let statement = Self::issue_statement(who, seq, salt, &parts)?;
		Self::ensure_sequence(who, seq)?;
		Self::issue_identity(who, &parts)?;
		Self::ensure_proved(&statement, proof).map_err(Refusal::by_verifier)?;
		let credit = CreditId {
			creator: who.clone(),
			seq,
			kind: CreditKind::Issued,
		};
		let Issue {
			to,
			amount,
			issued_after,
			own_note,
			note,
		} = parts;
		Self::raise_sequence(who);
		Issued::<T>::insert(
			who,
			Owned {
				ciphertext: issued_after,
				note: Some(own_note.clone()),
			},
		);
		Self::count_credit(&to, who);
		Incoming::<T>::insert(
			&to,
			&credit,
			Credit {
				amount,
				note: Some(note),
				sender_note: Some(own_note),
				reclaim_from: None,
			},
		);
		Self::deposit_event(Event::Issued {
			issuer: who.clone(),
			to,
			credit,
		});
		Ok(())
	}

	pub(crate) fn do_collect(
		who: &T::AccountId,
		seq: u64,
		credits: Vec<CreditId<T::AccountId>>,
		own_note: SealedNote,
	) -> Result<(), Error<T>> {
		Self::ensure_known(who)?;
		let mut sorted: Vec<_> = credits.iter().collect();
		sorted.sort();
		ensure!(
			!sorted.is_empty() && sorted.windows(2).all(|pair| pair[0] != pair[1]),
			Error::<T>::DuplicateCredit
		);
		let amounts = credits
			.iter()
			.map(|id| {
				Ok(Incoming::<T>::get(who, id)
					.ok_or(Error::<T>::NoSuchCredit)?
					.amount)
			})
			.collect::<Result<Vec<_>, Error<T>>>()?;
		Self::ensure_sequence(who, seq)?;
		let before = Balances::<T>::get(who).ciphertext;
		let after = Self::product(
			core::iter::once(&before)
				.chain(&amounts)
				.map(|ciphertext| (ciphertext, 1)),
		)?;
		Self::raise_sequence(who);
		for id in &credits {
			Incoming::<T>::remove(who, id);
			Self::discount_credit(who, id);
			if id.kind.is_of_order() {
				Self::close_credit(&OrderId {
					buyer: id.creator.clone(),
					seq: id.seq,
				});
			}
		}
		Balances::<T>::insert(
			who,
			Owned {
				ciphertext: after,
				note: Some(own_note),
			},
		);
		Self::deposit_event(Event::Collected {
			account: who.clone(),
			credits,
		});
		Ok(())
	}

	/// One credit of an order is collected. With the last the order goes: nothing is left for its notes to open.
	fn close_credit(id: &OrderId<T::AccountId>) {
		let Some(mut order) = Orders::<T>::get(&id.buyer, id.seq) else {
			return;
		};
		order.open_credits = order.open_credits.saturating_sub(1);
		if order.open_credits == 0 && !order.state.holds_total() {
			Orders::<T>::remove(&id.buyer, id.seq);
			Self::discount_order(&id.buyer);
			OrdersOfSeller::<T>::remove(&order.listing.seller, id);
		} else {
			Orders::<T>::insert(&id.buyer, id.seq, order);
		}
	}
}

//! Disputes: a buyer puts up a deposit, an arbiter or the council decides.
//!
//! The deposit is as much as the order's total and is lost only if the decision is `Completed`, so that disputing costs
//! something just to those who had what they ordered. If nobody decides in time, everybody gets back what it put up: the
//! agenda does that, and no decision is possible after it.

use crate::{
	outcome::Refusal,
	types::{order_name, Order, OrderState, Owned, Proof, Salt, SealedNote, Verdict},
	Balances, Ciphertext, Config, Error, Event, Pallet,
};
use frame_support::ensure;
use pallet_certificates::{OrderId, Role};
use veilmart_confidential::{statements, Statement, PARAMETER_SET};

/// The arguments of `dispute` besides sequence, salt and proof.
#[derive(Clone)]
pub(crate) struct Dispute {
	pub(crate) order: u64,
	pub(crate) balance_after: Ciphertext,
	pub(crate) own_note: SealedNote,
}

impl<T: Config> Pallet<T> {
	/// The order that the caller may dispute now: its own, shipped, and still to be confirmed.
	fn disputable(id: &OrderId<T::AccountId>) -> Result<Order<T::AccountId>, Error<T>> {
		let order = Self::order_in(id, OrderState::Shipped)?;
		ensure!(!Self::is_past(order.due), Error::<T>::DeadlinePassed);
		Ok(order)
	}

	/// The caller's order with this number.
	fn own_order(who: &T::AccountId, seq: u64) -> OrderId<T::AccountId> {
		let buyer = who.clone();
		OrderId { buyer, seq }
	}

	pub(crate) fn dispute_statement(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: &Dispute,
	) -> Result<Statement, Error<T>> {
		Self::ensure_known(who)?;
		let id = Self::own_order(who, parts.order);
		let order = Self::disputable(&id)?;
		Ok(statements::dispute(
			PARAMETER_SET,
			&Self::context(who, seq, salt),
			order_name(&id),
			order.total.as_ref(),
			parts.balance_after.as_ref(),
			parts.own_note.hash(),
		))
	}

	/// `B = B'·S`.
	pub(crate) fn dispute_identity(who: &T::AccountId, parts: &Dispute) -> Result<(), Error<T>> {
		let order = Self::disputable(&Self::own_order(who, parts.order))?;
		Self::ensure_debit(who, &parts.balance_after, (&order.total, 1))
	}

	pub(crate) fn do_dispute(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: Dispute,
		proof: &Proof,
	) -> Result<(), Refusal<T>> {
		let statement = Self::dispute_statement(who, seq, salt, &parts)?;
		Self::ensure_sequence(who, seq)?;
		Self::dispute_identity(who, &parts)?;
		Self::ensure_proved(&statement, proof).map_err(Refusal::by_verifier)?;
		let id = Self::own_order(who, parts.order);
		let order = Self::disputable(&id)?;
		let seller = order.listing.seller.clone();
		Self::raise_sequence(who);
		Balances::<T>::insert(
			who,
			Owned {
				ciphertext: parts.balance_after,
				note: Some(parts.own_note),
			},
		);
		Self::enter(&id, order, OrderState::Disputed);
		Self::deposit_event(Event::Disputed { order: id, seller });
		Ok(())
	}

	/// The decision of an arbiter who is no party of the order, or of the council, which is `None`.
	pub(crate) fn do_resolve(
		arbiter: Option<(&T::AccountId, u64)>,
		id: OrderId<T::AccountId>,
		verdict: Verdict,
	) -> Result<(), Error<T>> {
		if let Some((who, _)) = arbiter {
			Self::ensure_role(who, Role::Arbiter)?;
		}
		let order = Self::order_in(&id, OrderState::Disputed)?;
		if let Some((who, _)) = arbiter {
			ensure!(
				*who != id.buyer && *who != order.listing.seller,
				Error::<T>::PartyOfOrder
			);
		}
		ensure!(!Self::is_past(order.due), Error::<T>::DeadlinePassed);
		if let Some((who, seq)) = arbiter {
			Self::ensure_sequence(who, seq)?;
			Self::raise_sequence(who);
		}
		Self::deposit_event(Event::Resolved {
			order: id.clone(),
			arbiter: arbiter.map(|(who, _)| who.clone()),
			verdict,
		});
		match verdict {
			Verdict::Completed => Self::complete(&id, order),
			Verdict::Refunded => Self::undo(&id, order),
			Verdict::Penalised => Self::penalise(&id, order),
		}
	}
}

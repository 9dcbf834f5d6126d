//! How an order goes on and how it ends: who gets what out of its escrow.
//!
//! In escrow are the total S from `Placed` on, the bond S^μ from `Accepted` on, and in `Disputed` a deposit of S. Every
//! ending gives all of it away, as credits that are never refused and never capped, or burns it:
//!
//! | ending | S | S^μ | deposit |
//! |---|---|---|---|
//! | `Completed` | seller | seller | burned |
//! | `Refunded` | buyer | seller | buyer |
//! | `Penalised` | buyer | burned, but for the buyer's share of nothing or S | buyer |
//!
//! What is burned is multiplied into [`Redeemed`]: nobody but the buyer and the seller could open it, and neither shall gain.

use crate::{
	types::{Credit, CreditId, CreditKind, Order, OrderState},
	Ciphertext, Config, Error, Event, Incoming, Orders, Pallet, Redeemed,
};
use frame_support::traits::{Get, Time};
use pallet_certificates::OrderId;

impl<T: Config> Pallet<T> {
	/// Writes an order in its next state, with the deadline that this state has.
	pub(crate) fn enter(id: &OrderId<T::AccountId>, mut order: Order<T::AccountId>, state: OrderState) {
		Self::unschedule(id, order.due);
		order.state = state;
		order.since = T::Time::now();
		// Terms that were long enough when they were set may be so no more.
		let short_by = order
			.terms
			.last_chance(state)
			.map_or(0, |chance| T::LeastPeriod::get().saturating_sub(chance));
		order.due = order
			.terms
			.period(state)
			.map(|period| Self::market_now().saturating_add(period).saturating_add(short_by));
		if let Some(due) = order.due {
			Self::schedule(id, due);
		}
		Orders::<T>::insert(&id.buyer, id.seq, order);
	}

	/// Credits something that comes out of an order's escrow. Never refused and never capped.
	fn credit(
		order: &mut Order<T::AccountId>,
		id: &OrderId<T::AccountId>,
		to: &T::AccountId,
		kind: CreditKind,
		amount: Ciphertext,
	) {
		order.open_credits = order.open_credits.saturating_add(1);
		let credit = CreditId {
			creator: id.buyer.clone(),
			seq: id.seq,
			kind,
		};
		let credited = Credit {
			amount,
			note: None,
			sender_note: None,
			reclaim_from: None,
		};
		Incoming::<T>::insert(to, credit, credited);
	}

	/// S to the buyer, out of state `Placed`.
	pub(crate) fn refund(id: &OrderId<T::AccountId>, mut order: Order<T::AccountId>) {
		let total = order.total.clone();
		Self::credit(&mut order, id, &id.buyer, CreditKind::Refund, total);
		Self::enter(id, order, OrderState::Refunded);
	}

	/// S and the bond to the seller, out of `Shipped` or `Disputed`. The deposit of a dispute is burned.
	pub(crate) fn complete(
		id: &OrderId<T::AccountId>,
		mut order: Order<T::AccountId>,
	) -> Result<(), Error<T>> {
		let total = order.total.clone();
		let bond = Self::product([(&total, order.terms.bond_multiple)])?;
		if order.state.holds_deposit() {
			Self::burn(&total, 1)?;
		}
		let seller = order.listing.seller.clone();
		Self::credit(&mut order, id, &seller, CreditKind::Proceeds, total);
		Self::credit(&mut order, id, &seller, CreditKind::Bond, bond);
		Self::enter(id, order, OrderState::Completed);
		Self::deposit_event(Event::Completed {
			order: id.clone(),
			seller,
		});
		Ok(())
	}

	/// To each what it put up, out of `Disputed`.
	pub(crate) fn undo(id: &OrderId<T::AccountId>, mut order: Order<T::AccountId>) -> Result<(), Error<T>> {
		let total = order.total.clone();
		let bond = Self::product([(&total, order.terms.bond_multiple)])?;
		let seller = order.listing.seller.clone();
		if order.state.holds_deposit() {
			Self::credit(&mut order, id, &id.buyer, CreditKind::Deposit, total.clone());
		}
		Self::credit(&mut order, id, &id.buyer, CreditKind::Refund, total);
		Self::credit(&mut order, id, &seller, CreditKind::Bond, bond);
		Self::enter(id, order, OrderState::Refunded);
		Self::deposit_event(Event::Refunded {
			order: id.clone(),
			seller,
		});
		Ok(())
	}

	/// The penalty, out of `Accepted` or `Disputed`: S back to the buyer, the bond forfeited, the seller barred.
	///
	/// The bond is in escrow, so there is nothing that the seller could do to keep it from being collected.
	pub(crate) fn penalise(
		id: &OrderId<T::AccountId>,
		mut order: Order<T::AccountId>,
	) -> Result<(), Error<T>> {
		let total = order.total.clone();
		// Never more than S, or it would pay to provoke the penalty.
		let share = order.terms.penalty_share.min(1).min(order.terms.bond_multiple);
		Self::burn(&total, order.terms.bond_multiple.saturating_sub(share))?;
		if order.state.holds_deposit() {
			Self::credit(&mut order, id, &id.buyer, CreditKind::Deposit, total.clone());
		}
		if share == 1 {
			Self::credit(&mut order, id, &id.buyer, CreditKind::Share, total.clone());
		}
		Self::credit(&mut order, id, &id.buyer, CreditKind::Refund, total);
		let seller = order.listing.seller.clone();
		Self::enter(id, order, OrderState::Penalised);
		Self::deposit_event(Event::Penalised {
			order: id.clone(),
			seller: seller.clone(),
		});
		Self::bar(&seller, id);
		Ok(())
	}

	/// Takes `amount^multiple` out of the ledger for good.
	pub(crate) fn burn(amount: &Ciphertext, multiple: u32) -> Result<(), Error<T>> {
		let burned = Self::product([(&Redeemed::<T>::get(), 1), (amount, multiple)])?;
		Redeemed::<T>::put(burned);
		Ok(())
	}
}

//! What happens without anybody calling: deadlines, the orders of barred accounts, the quotes for listings that are gone.
//!
//! Each order that waits for something has exactly one entry in [`Agenda`], at the moment when its deadline falls. Entries
//! are kept by rising time, so each block takes the earliest ones, as many as its share of the block's weight allows, and
//! leaves the rest where they are: nothing is ever dropped or reordered. What acts on an entry is the same as what `poke`
//! does, so a backlog keeps nobody from what it is owed.
//!
//! When an account is barred, its orders that were only placed are refunded, one after the other, by an entry in
//! [`Cascades`] that remembers how far it came; what is left of a listing that was taken away goes likewise. These have half of
//! the share, deadlines the other half and what these leave: neither can starve the other.

use crate::{
	types::Progress, Agenda, Cascades, Config, Delisted, Error, Event, Order, OrderId, OrderState, Orders,
	OrdersOfSeller, Pallet, QuotedBuyers, WeightInfo,
};
use frame_support::{
	defensive, ensure,
	traits::Get,
	weights::{Weight, WeightMeter},
};
use pallet_certificates::{Moment, Status};

/// When an entry is tried again whose order could not be settled. Nothing that is known makes this happen.
const RETRY: Moment = 3_600_000;

impl<T: Config> Pallet<T> {
	/// Enters a deadline.
	pub(crate) fn schedule(id: &OrderId<T::AccountId>, due: Moment) {
		// Big-endian, and not hashed: the order of keys is the order of time.
		Agenda::<T>::insert((due.to_be_bytes(), id.clone()), ());
	}

	/// Strikes a deadline out.
	pub(crate) fn unschedule(id: &OrderId<T::AccountId>, due: Option<Moment>) {
		if let Some(due) = due {
			Agenda::<T>::remove((due.to_be_bytes(), id.clone()));
		}
	}

	/// Whether the market has barred the account from new business.
	pub(crate) fn is_barred(who: &T::AccountId) -> bool {
		pallet_certificates::Certificates::<T>::get(who)
			.is_some_and(|certificate| matches!(certificate.status, Status::Blacklisted(_)))
	}

	/// Bars a seller because of an order, and has the orders refunded that were placed with it or by it.
	///
	/// Who is barred already has an entry or had one, and can have had no new order since. Who was revoked stays so and is not barred:
	/// what waits for it waits until its deadline, as before.
	pub(crate) fn bar(who: &T::AccountId, id: &OrderId<T::AccountId>) {
		if Self::is_barred(who) {
			return;
		}
		// Certificates are never removed, so this account has one.
		if pallet_certificates::Pallet::<T>::blacklist(who, id.clone()).is_err() {
			defensive!("a seller without a certificate");
		}
		if Self::is_barred(who) {
			Cascades::<T>::insert(who, Progress::Sales(None));
		}
	}

	/// Does what can be done within the agenda's share of this block, and says what that weighed.
	pub(crate) fn run_agenda() -> Weight {
		let free = T::BlockWeights::get()
			.max_block
			.saturating_sub(frame_system::Pallet::<T>::block_weight().total());
		let mut meter = WeightMeter::with_limit(T::AgendaWeight::get().min(free));
		if meter
			.try_consume(<T as Config>::WeightInfo::agenda_base())
			.is_err()
		{
			return Weight::zero();
		}
		let half = meter.remaining().saturating_sub(meter.remaining() / 2);
		let mut cascades = WeightMeter::with_limit(half);
		Self::run_cascades(&mut cascades);
		Self::remove_quotes(&mut cascades);
		meter.consume(cascades.consumed());
		Self::run_deadlines(&mut meter);
		meter.consumed()
	}

	pub(crate) fn run_deadlines(meter: &mut WeightMeter) {
		let now = Self::market_now();
		for (due, id) in Agenda::<T>::iter_keys() {
			let due = Moment::from_be_bytes(due);
			if due > now || !meter.can_consume(Self::heaviest_deadline()) {
				break;
			}
			let Some(order) = Orders::<T>::get(&id.buyer, id.seq).filter(|order| order.due == Some(due))
			else {
				defensive!("an entry that is no order's");
				Self::unschedule(&id, Some(due));
				meter.consume(<T as Config>::WeightInfo::lapse_placed());
				continue;
			};
			meter.consume(Self::deadline_weight(order.state));
			if Self::lapse(&id, order).is_err() {
				defensive!("an order that cannot be settled");
				Self::unschedule(&id, Some(due));
				let later = now.saturating_add(RETRY);
				Orders::<T>::mutate(&id.buyer, id.seq, |order| {
					if let Some(order) = order {
						order.due = Some(later);
					}
				});
				Self::schedule(&id, later);
			}
		}
	}

	pub(crate) fn run_cascades(meter: &mut WeightMeter) {
		let step = <T as Config>::WeightInfo::cascade_step();
		// Each is finished before the next: their order is that of hashes, and each has an end.
		while meter.can_consume(step) {
			let Some((who, progress)) = Cascades::<T>::iter().next() else {
				break;
			};
			// Looking at it costs as much as a step, also if the account was reinstated and nothing is left to do.
			let mut next = Some(progress).filter(|_| Self::is_barred(&who));
			if next.is_none() {
				meter.consume(step);
			}
			while let Some(progress) = next.take() {
				if meter.try_consume(step).is_err() {
					next = Some(progress);
					break;
				}
				next = Self::cascade_step(&who, progress);
			}
			match next {
				Some(progress) => Cascades::<T>::insert(&who, progress),
				None => Cascades::<T>::remove(&who),
			}
		}
	}

	/// Removes quotes for listings that are gone.
	pub(crate) fn remove_quotes(meter: &mut WeightMeter) {
		let step = <T as Config>::WeightInfo::quote_removal();
		while meter.can_consume(step) {
			// To look for one and find none is in the weight of the agenda itself.
			let Some(id) = Delisted::<T>::iter_keys().next() else {
				break;
			};
			meter.consume(step);
			match QuotedBuyers::<T>::iter_key_prefix(&id).next() {
				Some(buyer) => Self::take_quote(&buyer, &id),
				None => Delisted::<T>::remove(&id),
			}
		}
	}

	/// Looks at the next order of a barred account; `None` if there is none left.
	fn cascade_step(who: &T::AccountId, progress: Progress<T::AccountId>) -> Option<Progress<T::AccountId>> {
		let (id, progress) = match progress {
			Progress::Sales(last) => {
				let mut sales = match last {
					Some(id) => OrdersOfSeller::<T>::iter_key_prefix_from(
						who,
						OrdersOfSeller::<T>::hashed_key_for(who, id),
					),
					None => OrdersOfSeller::<T>::iter_key_prefix(who),
				};
				let Some(id) = sales.next() else {
					return Some(Progress::Purchases(None));
				};
				(id.clone(), Progress::Sales(Some(id)))
			}
			Progress::Purchases(last) => {
				let mut purchases = match last {
					Some(seq) => {
						Orders::<T>::iter_key_prefix_from(who, Orders::<T>::hashed_key_for(who, seq))
					}
					None => Orders::<T>::iter_key_prefix(who),
				};
				let seq = purchases.next()?;
				let buyer = who.clone();
				(OrderId { buyer, seq }, Progress::Purchases(Some(seq)))
			}
		};
		if let Some(order) =
			Orders::<T>::get(&id.buyer, id.seq).filter(|order| order.state == OrderState::Placed)
		{
			Self::refund_barred(&id, order);
		}
		Some(progress)
	}

	/// S to the buyer of an order that nothing can come of, because one of its parties is barred.
	fn refund_barred(id: &OrderId<T::AccountId>, order: Order<T::AccountId>) {
		let seller = order.listing.seller.clone();
		Self::refund(id, order);
		Self::deposit_event(Event::Refunded {
			order: id.clone(),
			seller,
		});
	}

	/// What the deadline of an order does. Nothing is written unless all of it is.
	fn lapse(id: &OrderId<T::AccountId>, order: Order<T::AccountId>) -> Result<(), Error<T>> {
		match order.state {
			OrderState::Placed => {
				let seller = order.listing.seller.clone();
				Self::refund(id, order);
				Self::deposit_event(Event::Lapsed {
					order: id.clone(),
					seller,
				});
				Ok(())
			}
			OrderState::Accepted => Self::penalise(id, order),
			OrderState::Shipped => Self::complete(id, order),
			OrderState::Disputed => Self::undo(id, order),
			OrderState::Completed | OrderState::Refunded | OrderState::Penalised => Err(Error::<T>::NotDue),
		}
	}

	/// What it weighs to let the deadline of an order in this state act.
	fn deadline_weight(state: OrderState) -> Weight {
		match state {
			OrderState::Accepted => <T as Config>::WeightInfo::lapse_accepted(),
			OrderState::Shipped => <T as Config>::WeightInfo::lapse_shipped(),
			OrderState::Disputed => <T as Config>::WeightInfo::lapse_disputed(),
			OrderState::Placed | OrderState::Completed | OrderState::Refunded | OrderState::Penalised => {
				<T as Config>::WeightInfo::lapse_placed()
			}
		}
	}

	/// What it weighs in any state.
	pub(crate) fn heaviest_deadline() -> Weight {
		[
			OrderState::Placed,
			OrderState::Accepted,
			OrderState::Shipped,
			OrderState::Disputed,
		]
		.into_iter()
		.map(Self::deadline_weight)
		.fold(Weight::zero(), |heaviest, weight| heaviest.max(weight))
	}

	/// Lets the deadline of an order act, if it has fallen, or refunds an order that waits for a barred account.
	pub(crate) fn do_poke(who: &T::AccountId, seq: u64, id: OrderId<T::AccountId>) -> Result<(), Error<T>> {
		Self::ensure_known(who)?;
		let order = Orders::<T>::get(&id.buyer, id.seq).ok_or(Error::<T>::NoSuchOrder)?;
		let barred = order.state == OrderState::Placed
			&& (Self::is_barred(&order.listing.seller) || Self::is_barred(&id.buyer));
		ensure!(barred || Self::is_past(order.due), Error::<T>::NotDue);
		Self::ensure_sequence(who, seq)?;
		if barred {
			Self::refund_barred(&id, order);
		} else {
			Self::lapse(&id, order)?;
		}
		Self::raise_sequence(who);
		Ok(())
	}
}

//! What holds after every block, whatever was called.

use crate::{
	types::Accumulators, Balances, Ciphertext, Config, Error, Incoming, Issued, Orders, Pallet, Redeemed,
	Zeroed,
};
use alloc::vec::Vec;

#[cfg(any(feature = "std", feature = "try-runtime", test))]
use {
	crate::{
		Agenda, Cascades, CreditCount, CreditKind, Delisted, IssuerQuota, ListingCount, ListingId, Listings,
		OrderCount, OrderState, OrdersOfSeller, QuoteCount, QuotedBuyers, Quotes, RedemptionCount,
		Redemptions, ReservedQuota, TotalReservedQuota,
	},
	alloc::collections::{BTreeMap, BTreeSet},
	frame_support::ensure,
	pallet_certificates::OrderId,
	sp_runtime::TryRuntimeError,
};

impl<T: Config> Pallet<T> {
	/// Multiplies the whole state together. For audits and tests; no dispatch does this.
	pub(crate) fn compute_accumulators() -> Result<Accumulators, Error<T>> {
		let all = |factors: Vec<(Ciphertext, u32)>| {
			Self::product(
				factors
					.iter()
					.map(|(ciphertext, exponent)| (ciphertext, *exponent)),
			)
		};
		let orders: Vec<_> = Orders::<T>::iter_values().collect();
		Ok(Accumulators {
			issued: all(Issued::<T>::iter_values()
				.map(|owned| (owned.ciphertext, 1))
				.collect())?,
			redeemed: Redeemed::<T>::get(),
			zeroed: Zeroed::<T>::get(),
			balances: all(Balances::<T>::iter_values()
				.map(|owned| (owned.ciphertext, 1))
				.collect())?,
			incoming: all(Incoming::<T>::iter_values()
				.map(|credit| (credit.amount, 1))
				.collect())?,
			totals: all(orders
				.iter()
				.filter(|order| order.state.holds_total())
				.map(|order| (order.total.clone(), 1))
				.collect())?,
			bonds: all(orders
				.iter()
				.filter(|order| order.state.holds_bond())
				.map(|order| (order.total.clone(), order.terms.bond_multiple))
				.collect())?,
			deposits: all(orders
				.iter()
				.filter(|order| order.state.holds_deposit())
				.map(|order| (order.total.clone(), 1))
				.collect())?,
		})
	}

	/// Both sides of the conservation identity.
	#[cfg(any(feature = "std", feature = "try-runtime", test))]
	pub(crate) fn conservation(a: &Accumulators) -> Result<[Ciphertext; 2], Error<T>> {
		let held = [
			&a.balances,
			&a.incoming,
			&a.totals,
			&a.bonds,
			&a.deposits,
			&a.redeemed,
		];
		Ok([
			Self::product(held.map(|ciphertext| (ciphertext, 1)))?,
			Self::product([(&a.issued, 1), (&a.zeroed, 1)])?,
		])
	}

	/// What credits an order in this state can have, all of them while none is collected.
	#[cfg(any(feature = "std", feature = "try-runtime", test))]
	pub(crate) fn credits_of(state: OrderState) -> &'static [CreditKind] {
		match state {
			OrderState::Completed => &[CreditKind::Proceeds, CreditKind::Bond],
			// Without a dispute, of the total only.
			OrderState::Refunded => &[CreditKind::Refund, CreditKind::Bond, CreditKind::Deposit],
			// The deposit after a dispute only, the share if the terms give one.
			OrderState::Penalised => &[CreditKind::Refund, CreditKind::Share, CreditKind::Deposit],
			OrderState::Placed | OrderState::Accepted | OrderState::Shipped | OrderState::Disputed => &[],
		}
	}

	/// Checks the invariants; also natively, for who looks at the state of a node.
	///
	/// 1. Conservation: ∏ balances · ∏ incoming · ∏ totals · ∏ bonds · ∏ deposits · Redeemed = ∏ Issued · Zeroed.
	/// 2. Every order is known to its seller, and every entry of a seller's index is an order of its.
	/// 3. Every quote is in the index of its listing, and the other way round.
	/// 4. Every order's open credits are exactly those that wait in somebody's incoming, and of the kinds that its state
	///    allows; an order without escrow and without open credits does not exist.
	/// 5. Every quote's listing exists, or the agenda has yet to remove what is left of it.
	/// 6. The counters are those of what they count, and none of them is zero.
	/// 7. The agenda is complete: each order in a state with a deadline has its entry, and there are no others. Deadlines that
	///    have fallen may wait there for a block with room.
	/// 8. The reserved quotas sum to the total that is recorded, and none is below the quota in force.
	/// 9. An order that was placed with or by a barred account waits for nobody else than the cascade that will refund it.
	#[cfg(any(feature = "std", feature = "try-runtime", test))]
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		if !crate::Modulus::<T>::get().is_empty() {
			let accumulators =
				Self::compute_accumulators().map_err(|_| "a stored ciphertext is malformed")?;
			let [held, issued] =
				Self::conservation(&accumulators).map_err(|_| "an accumulator is malformed")?;
			ensure!(held == issued, "conservation is broken: money was made or lost");
		}
		for (buyer, seq, order) in Orders::<T>::iter() {
			let seller = &order.listing.seller;
			let id = OrderId { buyer, seq };
			ensure!(
				OrdersOfSeller::<T>::contains_key(seller, &id),
				"an order is missing from its seller's index"
			);
			let waiting = Incoming::<T>::iter()
				.filter(|(_, credit, _)| {
					credit.kind.is_of_order() && credit.creator == id.buyer && credit.seq == id.seq
				})
				.map(|(_, credit, _)| credit.kind)
				.collect::<Vec<_>>();
			ensure!(
				waiting.len() == usize::from(order.open_credits),
				"an order counts its open credits wrong"
			);
			ensure!(
				waiting
					.iter()
					.all(|kind| Self::credits_of(order.state).contains(kind)),
				"an order has a credit that its state does not allow"
			);
			ensure!(
				order.state.holds_total() || order.open_credits > 0,
				"a finished order was not removed"
			);
		}
		Self::check_agenda()?;
		for (seller, id, ()) in OrdersOfSeller::<T>::iter() {
			let order = Orders::<T>::get(&id.buyer, id.seq);
			ensure!(
				order.is_some_and(|order| order.listing.seller == seller),
				"a seller's index names an order that is not its"
			);
		}
		for (_, id, _) in Quotes::<T>::iter() {
			ensure!(
				Listings::<T>::contains_key(&id.seller, id.seq) || Delisted::<T>::contains_key(&id),
				"a quote is for a listing that does not exist"
			);
		}
		let indexed =
			|(buyer, id, _): (_, ListingId<T::AccountId>, _)| QuotedBuyers::<T>::contains_key(id, buyer);
		ensure!(
			Quotes::<T>::iter().all(indexed)
				&& Quotes::<T>::iter().count() == QuotedBuyers::<T>::iter().count(),
			"the index of quotes is not that of the quotes"
		);
		Self::check_quotas()?;
		Self::check_counters()
	}

	#[cfg(any(feature = "std", feature = "try-runtime", test))]
	fn check_quotas() -> Result<(), TryRuntimeError> {
		let total = ReservedQuota::<T>::iter_values().try_fold(0u64, u64::checked_add);
		ensure!(
			total == Some(TotalReservedQuota::<T>::get()),
			"the reserved quotas are added up wrong"
		);
		ensure!(
			IssuerQuota::<T>::iter().all(|(issuer, quota)| quota <= ReservedQuota::<T>::get(issuer)),
			"an issuer may issue more than is reserved for it"
		);
		Ok(())
	}

	#[cfg(any(feature = "std", feature = "try-runtime", test))]
	fn check_agenda() -> Result<(), TryRuntimeError> {
		let entries = Agenda::<T>::iter_keys()
			.map(|(due, id)| (u64::from_be_bytes(due), id))
			.collect::<Vec<_>>();
		ensure!(
			entries.is_sorted_by_key(|(due, _)| *due),
			"the agenda is not in the order of time"
		);
		let deadlines = Orders::<T>::iter()
			.filter_map(|(buyer, seq, order)| Some((order.due?, OrderId { buyer, seq })))
			.collect::<BTreeSet<_>>();
		ensure!(
			entries.into_iter().collect::<BTreeSet<_>>() == deadlines,
			"the agenda is not that of the orders"
		);
		for (buyer, seq, order) in Orders::<T>::iter() {
			ensure!(
				order.due.is_some() == order.terms.period(order.state).is_some(),
				"an order waits without a deadline, or has one with nothing to wait for"
			);
			ensure!(
				order.due.is_some() == order.state.holds_total(),
				"an order holds something in escrow without an end"
			);
			let id = OrderId { buyer, seq };
			for party in [&order.listing.seller, &id.buyer] {
				ensure!(
					order.state != OrderState::Placed
						|| !Self::is_barred(party)
						|| Cascades::<T>::contains_key(party),
					"an order waits for a barred account and nothing is on its way to refund it"
				);
			}
		}
		Ok(())
	}

	#[cfg(any(feature = "std", feature = "try-runtime", test))]
	fn check_counters() -> Result<(), TryRuntimeError> {
		fn counted<K: Ord>(things: impl Iterator<Item = K>) -> BTreeMap<K, u32> {
			let mut counts = BTreeMap::new();
			for owner in things {
				let count: &mut u32 = counts.entry(owner).or_default();
				*count = count.saturating_add(1);
			}
			counts
		}
		ensure!(
			ListingCount::<T>::iter().collect::<BTreeMap<_, _>>()
				== counted(Listings::<T>::iter_keys().map(|(seller, _)| seller)),
			"a seller's listings are counted wrong"
		);
		ensure!(
			OrderCount::<T>::iter().collect::<BTreeMap<_, _>>()
				== counted(Orders::<T>::iter_keys().map(|(buyer, _)| buyer)),
			"a buyer's orders are counted wrong"
		);
		ensure!(
			QuoteCount::<T>::iter()
				.map(|(buyer, seller, count)| ((buyer, seller), count))
				.collect::<BTreeMap<_, _>>()
				== counted(Quotes::<T>::iter_keys().map(|(buyer, id)| (buyer, id.seller))),
			"the quotes between two accounts are counted wrong"
		);
		ensure!(
			CreditCount::<T>::iter()
				.map(|(to, from, count)| ((to, from), count))
				.collect::<BTreeMap<_, _>>()
				== counted(
					Incoming::<T>::iter_keys()
						.filter(|(_, id)| !id.kind.is_of_order())
						.map(|(to, id)| (to, id.creator))
				),
			"the credits between two accounts are counted wrong"
		);
		ensure!(
			RedemptionCount::<T>::iter()
				.map(|(issuer, holder, count)| ((issuer, holder), count))
				.collect::<BTreeMap<_, _>>()
				== counted(Redemptions::<T>::iter_keys().map(|(issuer, id)| (issuer, id.holder))),
			"the redemptions between two accounts are counted wrong"
		);
		Ok(())
	}
}

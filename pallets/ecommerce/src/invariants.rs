//! What holds after every block, whatever was called.

use crate::{
	types::Accumulators, Balances, Ciphertext, Config, Error, Incoming, Issued, Orders, Pallet, Redeemed,
	Zeroed,
};
use alloc::vec::Vec;

#[cfg(any(feature = "try-runtime", test))]
use {
	crate::{
		CreditCount, CreditKind, ListingCount, ListingId, Listings, OrderCount, OrderState, OrdersOfSeller,
		QuoteCount, Quotes,
	},
	alloc::collections::BTreeMap,
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
		})
	}

	/// Both sides of the conservation identity.
	#[cfg(any(feature = "try-runtime", test))]
	pub(crate) fn conservation(a: &Accumulators) -> Result<[Ciphertext; 2], Error<T>> {
		let held = [&a.balances, &a.incoming, &a.totals, &a.bonds, &a.redeemed];
		Ok([
			Self::product(held.map(|ciphertext| (ciphertext, 1)))?,
			Self::product([(&a.issued, 1), (&a.zeroed, 1)])?,
		])
	}

	/// What credits an order in this state can have, all of them while none is collected.
	#[cfg(any(feature = "try-runtime", test))]
	pub(crate) fn credits_of(state: OrderState) -> &'static [CreditKind] {
		match state {
			OrderState::Completed => &[CreditKind::Proceeds, CreditKind::Bond],
			OrderState::Refunded => &[CreditKind::Refund],
			OrderState::Placed | OrderState::Accepted | OrderState::Shipped => &[],
		}
	}

	/// Checks the invariants.
	///
	/// 1. Conservation: ∏ balances · ∏ incoming · ∏ totals · ∏ bonds · Redeemed = ∏ Issued · Zeroed.
	/// 2. Every order is known to its seller, and every entry of a seller's index is an order of its.
	/// 3. Every order's listing exists.
	/// 4. Every order's open credits are exactly those that wait in somebody's incoming, and of the kinds that its state
	///    allows; an order without escrow and without open credits does not exist.
	/// 5. Every quote's listing exists.
	/// 6. The counters are those of what they count, and none of them is zero.
	#[cfg(any(feature = "try-runtime", test))]
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		if !crate::Modulus::<T>::get().is_empty() {
			let accumulators =
				Self::compute_accumulators().map_err(|_| "a stored ciphertext is malformed")?;
			let [held, issued] =
				Self::conservation(&accumulators).map_err(|_| "an accumulator is malformed")?;
			ensure!(held == issued, "conservation is broken: money was made or lost");
		}
		for (buyer, seq, order) in Orders::<T>::iter() {
			let ListingId { seller, seq: listing } = &order.listing;
			let id = OrderId { buyer, seq };
			ensure!(
				OrdersOfSeller::<T>::contains_key(seller, &id),
				"an order is missing from its seller's index"
			);
			ensure!(
				Listings::<T>::contains_key(seller, listing),
				"an order is for a listing that does not exist"
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
		for (seller, id, ()) in OrdersOfSeller::<T>::iter() {
			let order = Orders::<T>::get(&id.buyer, id.seq);
			ensure!(
				order.is_some_and(|order| order.listing.seller == seller),
				"a seller's index names an order that is not its"
			);
		}
		for (_, id, _) in Quotes::<T>::iter() {
			ensure!(
				Listings::<T>::contains_key(&id.seller, id.seq),
				"a quote is for a listing that does not exist"
			);
		}
		Self::check_counters()
	}

	#[cfg(any(feature = "try-runtime", test))]
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
		Ok(())
	}
}

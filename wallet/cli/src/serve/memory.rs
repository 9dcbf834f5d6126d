//! What an agent remembers from round to round: what failed and rests, whose orders spoil rounds, what was said already.
//! All of it may be lost, and none of it grows for ever: orders that are gone are forgotten, and buyers are forgiven.

use std::{
	collections::{BTreeMap, BTreeSet},
	time::{Duration, Instant},
};

use pallet_certificates::{Moment, OrderId};
use veilmart_runtime::AccountId;

/// How long a matter rests after it failed for the first time; twice as long each further time.
const FIRST_REST: Duration = Duration::from_secs(5);

/// The longest that it rests.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// After so many milliseconds a buyer is forgiven one spoiled round: an hour.
const FORGIVEN: Moment = 60 * 60 * 1_000;

/// What can fail by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Matter {
	Order(OrderId<AccountId>),
	Collect,
	Quote(u64, AccountId),
}

/// What rests, until when (for ever if there is no time), and how often it failed in a row.
#[derive(Default)]
pub(super) struct Rests(BTreeMap<Matter, (Option<Instant>, u32)>);

impl Rests {
	/// Whether it rests now.
	pub(super) fn rests(&self, matter: &Matter) -> bool {
		self.0
			.get(matter)
			.is_some_and(|(until, _)| until.is_none_or(|until| Instant::now() < until))
	}

	/// It failed, and rests: for a while, or for ever.
	pub(super) fn failed(&mut self, matter: &Matter, for_ever: bool) {
		let times = self
			.0
			.get(matter)
			.map_or(0, |(_, times)| *times)
			.saturating_add(1);
		let pause = FIRST_REST
			.saturating_mul(1 << (times - 1).min(16))
			.min(LONGEST_REST);
		let until = (!for_ever).then(|| Instant::now() + pause);
		self.0.insert(matter.clone(), (until, times));
	}

	/// It went well.
	pub(super) fn done(&mut self, matter: &Matter) {
		self.0.remove(matter);
	}

	/// Forgets orders but these, and quotes for listings but these.
	pub(super) fn keep(&mut self, orders: &BTreeSet<OrderId<AccountId>>, listings: &BTreeMap<u64, u32>) {
		self.0.retain(|matter, _| match matter {
			Matter::Order(id) => orders.contains(id),
			Matter::Collect => true,
			Matter::Quote(listing, _) => listings.contains_key(listing),
		});
	}
}

/// Buyers who took orders back at the last moment. That fails the answer to the order and, with it, every call behind it in
/// the same round, which the seller's quota pays for.
#[derive(Default)]
pub(super) struct Spoilers(BTreeMap<AccountId, (u32, Moment)>);

impl Spoilers {
	/// How many rounds the buyer spoiled, less those that it is forgiven.
	pub(super) fn times(&self, buyer: &AccountId, now: Moment) -> u32 {
		self.0.get(buyer).map_or(0, |(times, last)| {
			let forgiven = now.saturating_sub(*last) / FORGIVEN;
			times.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
		})
	}

	/// It spoiled one more.
	pub(super) fn spoiled(&mut self, buyer: &AccountId, now: Moment) {
		let times = self.times(buyer, now).saturating_add(1);
		self.0.insert(buyer.clone(), (times, now));
		let forgiven: Vec<_> = self
			.0
			.keys()
			.filter(|buyer| self.times(buyer, now) == 0)
			.cloned()
			.collect();
		for buyer in &forgiven {
			self.0.remove(buyer);
		}
	}
}

/// What was said, by the matter that it is about and not by its words: numbers in them change.
#[derive(Default)]
pub(super) struct Told {
	orders: BTreeSet<(OrderId<AccountId>, String)>,
	states: BTreeSet<&'static str>,
}

impl Told {
	/// Whether this is the first time that this is said about the order.
	pub(super) fn first(&mut self, id: &OrderId<AccountId>, what: &str) -> bool {
		self.orders.insert((id.clone(), what.to_owned()))
	}

	/// Whether the agent has come into this state. It can leave it, and come into it again.
	pub(super) fn enters(&mut self, state: &'static str, is_so: bool) -> bool {
		if is_so {
			self.states.insert(state)
		} else {
			self.states.remove(state);
			false
		}
	}

	/// Forgets orders but these.
	pub(super) fn keep(&mut self, orders: &BTreeSet<OrderId<AccountId>>) {
		self.orders.retain(|(id, _)| orders.contains(id));
	}

	#[cfg(test)]
	fn len(&self) -> usize {
		self.orders.len()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::account::Account;

	fn order(seq: u64) -> OrderId<AccountId> {
		let buyer = Account::development("//Bob").unwrap().id();
		OrderId { buyer, seq }
	}

	#[test]
	fn what_fails_rests() {
		let mut rests = Rests::default();
		let (one, other) = (Matter::Order(order(1)), Matter::Order(order(2)));
		rests.failed(&one, false);
		rests.failed(&other, true);
		assert!(rests.rests(&one) && rests.rests(&other) && !rests.rests(&Matter::Collect));
		rests.done(&one);
		assert!(!rests.rests(&one));
	}

	#[test]
	fn orders_that_are_gone_are_forgotten() {
		let (mut rests, mut told) = (Rests::default(), Told::default());
		let quote = Matter::Quote(3, order(1).buyer);
		for seq in 0..100 {
			rests.failed(&Matter::Order(order(seq)), false);
			assert!(told.first(&order(seq), "bond"));
			assert!(!told.first(&order(seq), "bond"));
			assert!(told.first(&order(seq), "stock"));
		}
		rests.failed(&quote, false);
		let left = [order(7)].into();
		rests.keep(&left, &[(3, 0)].into());
		told.keep(&left);
		assert_eq!((rests.0.len(), told.len()), (2, 2));
		rests.keep(&left, &BTreeMap::new());
		assert!(!rests.rests(&quote) && rests.rests(&Matter::Order(order(7))));
	}

	#[test]
	fn a_state_is_said_each_time_that_it_begins() {
		let mut told = Told::default();
		let said = [true, true, false, true].map(|is_so| told.enters("full", is_so));
		assert_eq!(said, [true, false, false, true]);
	}

	#[test]
	fn buyers_are_forgiven_by_the_hour() {
		let mut spoilers = Spoilers::default();
		let (bob, eve) = (order(1).buyer, Account::development("//Eve").unwrap().id());
		let start = 1_000;
		for _ in 0..3 {
			spoilers.spoiled(&bob, start);
		}
		let after = |hours| spoilers.times(&bob, start + hours * FORGIVEN);
		assert_eq!([0, 1, 2, 3, 9].map(after), [3, 2, 1, 0, 0]);
		assert_eq!(spoilers.times(&eve, start), 0);
		spoilers.spoiled(&eve, start + 3 * FORGIVEN);
		assert_eq!(spoilers.0.len(), 1, "bob is forgotten");
	}
}

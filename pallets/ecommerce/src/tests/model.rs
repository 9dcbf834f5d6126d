//! The rules of the marketplace in plain numbers, written down a second time and without the pallet: who has what, what is
//! allowed, and what deadlines do. `fire.rs` compares the ledger with it.

use std::collections::{BTreeMap, BTreeSet};

/// An account, by number.
pub type Who = usize;
/// Creator and sequence number.
pub type Name = (Who, u64);

pub const ACCEPT: u64 = 60_000;
pub const SHIP_AND_GRACE: u64 = 180_000;
pub const CONFIRM: u64 = 120_000;
pub const RESOLVE: u64 = 120_000;
pub const RECLAIM: u64 = 30_000;
/// Credits and redemptions of a pair.
pub const CAP: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
	Issued,
	Refund,
	Proceeds,
	Bond,
	Share,
	Deposit,
	Transfer,
	Returned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
	Placed,
	Accepted,
	Shipped,
	Completed,
	Refunded,
	Disputed,
	Penalised,
}

#[derive(Clone, Debug)]
pub struct Order {
	pub seller: Who,
	pub listing: Name,
	pub pieces: u64,
	pub total: u64,
	pub state: State,
	pub due: u64,
}

#[derive(Clone, Debug)]
pub struct Listing {
	pub price: u64,
	pub stock: u64,
	pub version: u32,
}

#[derive(Clone, Debug)]
pub struct Credit {
	pub amount: u64,
	pub returnable: bool,
	pub reclaim_from: u64,
}

/// Whether and how an account is in good standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
	Active,
	Revoked,
	Barred,
}

/// The marketplace in plain numbers.
#[derive(Clone, Debug)]
pub struct Model {
	/// Market time: stands still while the chain halts.
	pub clock: u64,
	pub share: u64,
	pub seq: Vec<u64>,
	pub balance: Vec<u64>,
	pub standing: Vec<Standing>,
	pub incoming: BTreeMap<(Who, Name, Kind), Credit>,
	pub listings: BTreeMap<Name, Listing>,
	pub orders: BTreeMap<Name, Order>,
	pub redemptions: BTreeMap<(Who, Name), u64>,
	pub issued: u64,
	pub burned: u64,
	/// Barred since the last cascade.
	pub cascade: BTreeSet<Who>,
}

impl Model {
	pub fn new(accounts: usize, clock: u64, share: u64) -> Self {
		Self {
			clock,
			share,
			seq: vec![0; accounts],
			balance: vec![0; accounts],
			standing: vec![Standing::Active; accounts],
			incoming: BTreeMap::new(),
			listings: BTreeMap::new(),
			orders: BTreeMap::new(),
			redemptions: BTreeMap::new(),
			issued: 0,
			burned: 0,
			cascade: BTreeSet::new(),
		}
	}

	pub fn active(&self, who: Who) -> bool {
		self.standing[who] == Standing::Active
	}

	/// Everything that there is, wherever it is: must be what was issued.
	pub fn everything(&self) -> u64 {
		let escrow: u64 = self
			.orders
			.values()
			.map(|order| match order.state {
				State::Placed => order.total,
				State::Accepted | State::Shipped => 11 * order.total,
				State::Disputed => 12 * order.total,
				State::Completed | State::Refunded | State::Penalised => 0,
			})
			.sum();
		let incoming: u64 = self.incoming.values().map(|credit| credit.amount).sum();
		self.balance.iter().sum::<u64>() + incoming + escrow + self.burned
	}

	fn sent(&self, to: Who, from: Who) -> usize {
		self.incoming
			.keys()
			.filter(|(owner, (creator, _), kind)| {
				*owner == to
					&& *creator == from
					&& matches!(kind, Kind::Issued | Kind::Transfer | Kind::Returned)
			})
			.count()
	}

	/// There is room for something that `from` sends to `to`.
	pub fn room(&self, to: Who, from: Who) -> bool {
		self.sent(to, from) < CAP && self.sent(from, from) < CAP
	}

	pub fn credit(&mut self, to: Who, name: Name, kind: Kind, amount: u64) {
		let sent = matches!(kind, Kind::Issued | Kind::Transfer);
		let credit = Credit {
			amount,
			returnable: sent,
			reclaim_from: self.clock + RECLAIM,
		};
		assert!(self.incoming.insert((to, name, kind), credit).is_none());
	}

	pub fn give_back(&mut self, holder: Who, name: Name, kind: Kind) {
		let credit = self.incoming.remove(&(holder, name, kind)).expect("it is there");
		self.credit(name.0, name, Kind::Returned, credit.amount);
	}

	pub fn collect(&mut self, who: Who, name: Name, kind: Kind) {
		let credit = self.incoming.remove(&(who, name, kind)).expect("it is there");
		self.balance[who] += credit.amount;
		let of_order = !matches!(kind, Kind::Issued | Kind::Transfer | Kind::Returned);
		let left = self.incoming.keys().any(|(_, of, kind)| {
			*of == name && !matches!(kind, Kind::Issued | Kind::Transfer | Kind::Returned)
		});
		if of_order && !left {
			self.orders.remove(&name);
		}
	}

	pub fn enter(&mut self, name: Name, state: State, period: u64) {
		let due = self.clock + period;
		let order = self.orders.get_mut(&name).expect("it is there");
		(order.state, order.due) = (state, due);
	}

	fn end(&mut self, name: Name, state: State) -> Order {
		self.enter(name, state, u64::MAX / 2);
		self.orders[&name].clone()
	}

	pub fn refund(&mut self, name: Name) {
		let order = self.end(name, State::Refunded);
		self.credit(name.0, name, Kind::Refund, order.total);
	}

	pub fn complete(&mut self, name: Name) {
		let disputed = self.orders[&name].state == State::Disputed;
		let order = self.end(name, State::Completed);
		self.credit(order.seller, name, Kind::Proceeds, order.total);
		self.credit(order.seller, name, Kind::Bond, 10 * order.total);
		if disputed {
			self.burned += order.total;
		}
	}

	pub fn undo(&mut self, name: Name) {
		let order = self.end(name, State::Refunded);
		self.credit(name.0, name, Kind::Refund, order.total);
		self.credit(name.0, name, Kind::Deposit, order.total);
		self.credit(order.seller, name, Kind::Bond, 10 * order.total);
	}

	pub fn penalise(&mut self, name: Name) {
		let disputed = self.orders[&name].state == State::Disputed;
		let order = self.end(name, State::Penalised);
		self.credit(name.0, name, Kind::Refund, order.total);
		if disputed {
			self.credit(name.0, name, Kind::Deposit, order.total);
		}
		if self.share == 1 {
			self.credit(name.0, name, Kind::Share, order.total);
		}
		self.burned += (10 - self.share) * order.total;
		if self.standing[order.seller] != Standing::Barred {
			self.standing[order.seller] = Standing::Barred;
			self.cascade.insert(order.seller);
		}
	}

	/// The deadline of an order acts.
	pub fn lapse(&mut self, name: Name) {
		match self.orders[&name].state {
			State::Placed => self.refund(name),
			State::Accepted => self.penalise(name),
			State::Shipped => self.complete(name),
			State::Disputed => self.undo(name),
			State::Completed | State::Refunded | State::Penalised => unreachable!("it has no deadline"),
		}
	}

	/// Whether an order has a deadline that has fallen.
	pub fn is_due(&self, name: Name) -> bool {
		let order = &self.orders[&name];
		order.due <= self.clock
			&& !matches!(order.state, State::Completed | State::Refunded | State::Penalised)
	}

	/// A placed order that waits for a barred account.
	pub fn is_stranded(&self, name: Name) -> bool {
		let order = &self.orders[&name];
		order.state == State::Placed
			&& [order.seller, name.0]
				.iter()
				.any(|party| self.standing[*party] == Standing::Barred)
	}

	/// A block begins: if it has room, what waits for barred accounts comes back and what is due acts. Then its time is set.
	pub fn block(&mut self, gap: u64, room: bool) {
		if room {
			self.act();
		}
		if gap <= 15_000 {
			self.clock += gap;
		}
	}

	fn act(&mut self) {
		let barred: Vec<Who> = std::mem::take(&mut self.cascade)
			.into_iter()
			.filter(|who| self.standing[*who] == Standing::Barred)
			.collect();
		let names: Vec<Name> = self.orders.keys().copied().collect();
		for name in &names {
			let order = &self.orders[name];
			if order.state == State::Placed && (barred.contains(&order.seller) || barred.contains(&name.0)) {
				self.refund(*name);
			}
		}
		let mut due: Vec<_> = names
			.into_iter()
			.filter(|name| self.is_due(*name))
			.map(|name| (self.orders[&name].due, name))
			.collect();
		due.sort();
		due.into_iter().for_each(|(_, name)| self.lapse(name));
	}
}

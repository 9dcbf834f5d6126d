//! The rules of the marketplace in plain numbers, written down a second time and without the pallet: who has what, what is
//! allowed, and what deadlines do. `fire.rs` compares the ledger with it.

use std::collections::{BTreeMap, BTreeSet};

/// An account, by number.
pub type Who = usize;
/// Creator and sequence number.
pub type Name = (Who, u64);

pub const RECLAIM: u64 = 30_000;
/// Credits and redemptions of a pair.
pub const CAP: usize = 4;
/// Quotes that a buyer has from one seller.
pub const QUOTES: usize = 3;
/// The longest gap between two blocks that is no halt.
pub const HALT: u64 = 15_000;
/// How long quotas last.
pub const WINDOW: u64 = 1_000;

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

/// What an order was placed at: periods in milliseconds, bond and share in totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
	pub accept: u64,
	pub ship: u64,
	pub grace: u64,
	pub confirm: u64,
	pub resolve: u64,
	pub bond: u64,
	pub share: u64,
}

impl Terms {
	/// Those of a local network.
	pub const LOCAL: Self = Self {
		accept: 60_000,
		ship: 120_000,
		grace: 120_000,
		confirm: 120_000,
		resolve: 120_000,
		bond: 10,
		share: 0,
	};

	/// Whether governance may set them, if `least` is the shortest time in which somebody may lose money.
	pub fn are_fit(&self, least: u64) -> bool {
		let years = 10 * 365 * 24 * 3_600_000;
		let periods = [self.accept, self.ship, self.grace, self.confirm, self.resolve];
		self.share <= 1
			&& (1..=15).contains(&self.bond)
			&& periods.iter().all(|period| (1..=years).contains(period))
			&& periods[2..].iter().all(|period| *period >= least)
	}
}

#[derive(Clone, Debug)]
pub struct Order {
	pub seller: Who,
	pub listing: Name,
	pub pieces: u64,
	pub total: u64,
	pub terms: Terms,
	pub state: State,
	pub due: u64,
}

impl Order {
	pub fn is_over(&self) -> bool {
		matches!(self.state, State::Completed | State::Refunded | State::Penalised)
	}

	pub fn bond(&self) -> u64 {
		self.terms.bond * self.total
	}
}

/// The key that an account has registered, by what its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewKey {
	pub byte: u8,
	pub index: u32,
	pub counter: u64,
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
	/// Chain time.
	pub now: u64,
	/// Market time: stands still while the chain halts or the market is suspended, and when transactions may have to wait for
	/// longer.
	pub clock: u64,
	/// For how much longer it does because of that.
	pub standstill: u64,
	pub suspended: bool,
	/// The shortest time that is left to somebody who loses money.
	pub least: u64,
	/// Those of new orders.
	pub terms: Terms,
	pub seq: Vec<u64>,
	pub balance: Vec<u64>,
	pub standing: Vec<Standing>,
	/// In chain time.
	pub valid_until: Vec<Option<u64>>,
	pub view_key: Vec<ViewKey>,
	/// The window in which an account used up its quota.
	pub spent: Vec<Option<u64>>,
	pub incoming: BTreeMap<(Who, Name, Kind), Credit>,
	/// Price versions that buyers were quoted.
	pub quotes: BTreeMap<(Who, Name), u32>,
	pub listings: BTreeMap<Name, Listing>,
	pub orders: BTreeMap<Name, Order>,
	pub redemptions: BTreeMap<(Who, Name), u64>,
	pub issued: u64,
	pub burned: u64,
	/// Barred since the last cascade.
	pub cascade: BTreeSet<Who>,
}

impl Model {
	pub fn new(accounts: usize, now: u64, least: u64, terms: Terms) -> Self {
		let view_key = ViewKey {
			byte: 7,
			index: 0,
			counter: 0,
		};
		Self {
			now,
			clock: now,
			standstill: 0,
			suspended: false,
			least,
			terms,
			seq: vec![0; accounts],
			balance: vec![0; accounts],
			standing: vec![Standing::Active; accounts],
			valid_until: vec![None; accounts],
			view_key: vec![view_key; accounts],
			spent: vec![None; accounts],
			incoming: BTreeMap::new(),
			quotes: BTreeMap::new(),
			listings: BTreeMap::new(),
			orders: BTreeMap::new(),
			redemptions: BTreeMap::new(),
			issued: 0,
			burned: 0,
			cascade: BTreeSet::new(),
		}
	}

	pub fn active(&self, who: Who) -> bool {
		self.standing[who] == Standing::Active && self.valid_until[who].is_none_or(|end| self.now < end)
	}

	/// The window of the quotas in which chain time is.
	pub fn window(&self) -> u64 {
		self.now / WINDOW
	}

	/// Whether the account has calls left.
	pub fn has_quota(&self, who: Who) -> bool {
		self.spent[who] != Some(self.window())
	}

	/// The seller may quote the buyer a listing that it has.
	pub fn may_quote(&self, listing: Name, buyer: Who) -> bool {
		let quoted = self
			.quotes
			.keys()
			.filter(|(who, (seller, _))| *who == buyer && *seller == listing.0)
			.count();
		listing.0 != buyer
			&& self.active(listing.0)
			&& self.active(buyer)
			&& self.listings.contains_key(&listing)
			&& (quoted < QUOTES || self.quotes.contains_key(&(buyer, listing)))
	}

	/// Transactions may have to wait for longer, or for less long.
	pub fn set_least(&mut self, least: u64) {
		self.standstill += least.saturating_sub(self.least);
		self.least = least;
	}

	/// Everything that there is, wherever it is: must be what was issued.
	pub fn everything(&self) -> u64 {
		let escrow: u64 = self
			.orders
			.values()
			.map(|order| match order.state {
				State::Placed => order.total,
				State::Accepted | State::Shipped => order.total + order.bond(),
				State::Disputed => 2 * order.total + order.bond(),
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

	/// An order is in this state from now on.
	pub fn enter(&mut self, name: Name, state: State) {
		let order = self.orders.get_mut(&name).expect("it is there");
		let terms = order.terms;
		let period = match state {
			State::Placed => terms.accept,
			State::Accepted => terms.ship + terms.grace.max(self.least),
			State::Shipped => terms.confirm.max(self.least),
			State::Disputed => terms.resolve.max(self.least),
			State::Completed | State::Refunded | State::Penalised => u64::MAX / 2,
		};
		(order.state, order.due) = (state, self.clock + period);
	}

	fn end(&mut self, name: Name, state: State) -> Order {
		self.enter(name, state);
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
		self.credit(order.seller, name, Kind::Bond, order.bond());
		if disputed {
			self.burned += order.total;
		}
	}

	pub fn undo(&mut self, name: Name) {
		let order = self.end(name, State::Refunded);
		self.credit(name.0, name, Kind::Refund, order.total);
		self.credit(name.0, name, Kind::Deposit, order.total);
		self.credit(order.seller, name, Kind::Bond, order.bond());
	}

	pub fn penalise(&mut self, name: Name) {
		let disputed = self.orders[&name].state == State::Disputed;
		let order = self.end(name, State::Penalised);
		self.credit(name.0, name, Kind::Refund, order.total);
		if disputed {
			self.credit(name.0, name, Kind::Deposit, order.total);
		}
		// No more than there is of the bond.
		let share = order.terms.share.min(order.terms.bond);
		if share == 1 {
			self.credit(name.0, name, Kind::Share, order.total);
		}
		self.burned += order.bond() - share * order.total;
		// Who was revoked stays so.
		if self.standing[order.seller] == Standing::Active {
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
		order.due <= self.clock && !order.is_over()
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
		self.now += gap;
		if gap <= HALT && !self.suspended {
			let still = self.standstill.min(gap);
			self.standstill -= still;
			self.clock += gap - still;
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
		let listings = &self.listings;
		self.quotes
			.retain(|(_, listing), _| listings.contains_key(listing));
		let mut due: Vec<_> = names
			.into_iter()
			.filter(|name| self.is_due(*name))
			.map(|name| (self.orders[&name].due, name))
			.collect();
		due.sort();
		due.into_iter().for_each(|(_, name)| self.lapse(name));
	}
}

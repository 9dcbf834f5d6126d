//! What somebody may try next. Each step keeps the model beside the ledger.

use super::{super::model::*, World, ARBITER_OF_ALL};
use crate::{mock::*, Call, RedemptionId, RefreshTarget, Verdict};
use frame_support::assert_ok;
use veilmart_paillier::Opening;

impl World {
	/// One step of somebody.
	pub(super) fn step(&mut self) {
		match self.dice.roll(26) {
			0 | 1 => self.issue(),
			2 | 24 => self.transfer(),
			3 | 25 => self.send_back(),
			4..=6 => self.collect(),
			7 => self.redeem_or_settle(),
			8 => self.list(),
			9 => self.change_listing(),
			10..=12 => self.order(),
			13..=15 => self.accept(),
			16..=21 => self.follow_up(),
			22 => self.refresh(),
			_ => self.authority(),
		}
	}

	fn issue(&mut self) {
		let (to, amount) = (self.trader(), 1 + self.dice.roll(8_000) as u64);
		if self.model.issued + amount > QUOTA {
			return;
		}
		let (call, credit, issued) = self.parties[0].issue(&self.parties[to], amount);
		let name = (0, self.model.seq[0]);
		let allowed = self.model.active(to) && self.model.room(to, 0);
		if self.attempt(0, "issue", call, allowed) {
			self.parties[0].issued = issued;
			self.model.issued += amount;
			self.model.credit(to, name, Kind::Issued, amount);
			self.credits.insert((to, name, Kind::Issued), credit);
		}
	}

	/// An amount that the account has; nothing if it has nothing.
	fn amount(&mut self, who: Who) -> Option<u64> {
		let have = self.model.balance[who] as usize;
		(have > 0).then(|| 1 + self.dice.roll(have) as u64 / 3)
	}

	fn transfer(&mut self) {
		let (from, to) = (self.trader(), self.trader());
		let Some(amount) = self.amount(from) else { return };
		let (call, credit, after) = self.parties[from].transfer(&self.parties[to], amount);
		let name = (from, self.model.seq[from]);
		let allowed =
			from != to && self.model.active(from) && self.model.active(to) && self.model.room(to, from);
		if self.attempt(from, "transfer", call, allowed) {
			self.parties[from].balance = after;
			self.model.balance[from] -= amount;
			self.model.credit(to, name, Kind::Transfer, amount);
			self.credits.insert((to, name, Kind::Transfer), credit);
		}
	}

	/// Refuses something, or takes it back.
	fn send_back(&mut self) {
		let Some((holder, name, kind)) = self.dice.pick(self.model.incoming.keys().copied()) else {
			return;
		};
		let credit = self.model.incoming[&(holder, name, kind)].clone();
		let done = if self.dice.roll(2) > 0 {
			let call = Call::refuse {
				seq: self.parties[holder].seq(),
				credit: self.credit_id(name, kind),
			};
			self.attempt(holder, "refuse", call, credit.returnable)
		} else {
			let by = name.0;
			let call = Call::reclaim {
				seq: self.parties[by].seq(),
				from: self.parties[holder].who.clone(),
				transfer: name.1,
			};
			let allowed =
				kind == Kind::Transfer && credit.returnable && credit.reclaim_from <= self.model.clock;
			self.attempt(by, "reclaim", call, allowed)
		};
		if done {
			self.model.give_back(holder, name, kind);
			let opening = self.credits.remove(&(holder, name, kind)).expect("it was kept");
			self.credits.insert((name.0, name, Kind::Returned), opening);
		}
	}

	/// The opening of a credit, as its owner works it out.
	fn opening(&self, key: (Who, Name, Kind)) -> Opening {
		self.credits.get(&key).cloned().unwrap_or_else(|| {
			let total = &self.placed[&key.1].total;
			if key.2 == Kind::Bond {
				total.scale(10).expect("small amounts")
			} else {
				total.clone()
			}
		})
	}

	fn collect(&mut self) {
		let Some((owner, name, kind)) = self.dice.pick(self.model.incoming.keys().copied()) else {
			return;
		};
		let who = if self.dice.roll(10) == 0 {
			self.trader()
		} else {
			owner
		};
		let call = self.parties[who].collect(vec![self.credit_id(name, kind)]);
		let allowed = self.model.incoming.contains_key(&(who, name, kind));
		if self.attempt(who, "collect", call, allowed) {
			let opening = self.opening((who, name, kind));
			self.parties[who].balance = self.parties[who].balance.add(&opening).expect("small amounts");
			self.credits.remove(&(who, name, kind));
			self.model.collect(who, name, kind);
		}
	}

	fn redeem_or_settle(&mut self) {
		if let Some((issuer, name)) = self
			.dice
			.pick(self.model.redemptions.keys().copied())
			.filter(|(_, (_, seq))| seq % 2 == 0)
		{
			let who = if self.dice.roll(3) == 0 {
				self.trader()
			} else {
				issuer
			};
			let call = Call::settle {
				seq: self.parties[who].seq(),
				redemption: RedemptionId {
					holder: self.parties[name.0].who.clone(),
					seq: name.1,
				},
			};
			if self.attempt(who, "settle", call, who == issuer) {
				self.model.redemptions.remove(&(issuer, name));
			}
			return;
		}
		let who = self.trader();
		let Some(amount) = self.amount(who) else { return };
		let at = if self.dice.roll(4) == 0 { self.trader() } else { 0 };
		let (call, _, after) = self.parties[who].redeem(&self.parties[at], amount);
		let name = (who, self.model.seq[who]);
		let open = self
			.model
			.redemptions
			.keys()
			.filter(|(_, (holder, _))| *holder == who)
			.count();
		if self.attempt(who, "redeem", call, at == 0 && open < CAP) {
			self.parties[who].balance = after;
			self.model.balance[who] -= amount;
			self.model.burned += amount;
			self.model.redemptions.insert((0, name), amount);
		}
	}

	fn list(&mut self) {
		let who = self.trader();
		let (price, stock) = (1 + self.dice.roll(40) as u64, self.dice.roll(60) as u64);
		let (call, listed) = self.parties[who].list(price, stock);
		let name = (who, self.model.seq[who]);
		let allowed = self.model.active(who);
		if self.attempt(who, "list", call, allowed) {
			self.listed.insert(name, listed);
			let listing = Listing {
				price,
				stock,
				version: 0,
			};
			self.model.listings.insert(name, listing);
		}
	}

	fn change_listing(&mut self) {
		let Some(name) = self.dice.pick(self.model.listings.keys().copied()) else {
			return;
		};
		let seller = name.0;
		let allowed = self.model.active(seller);
		let listed = self.listed[&name].clone();
		match self.dice.roll(4) {
			0 | 1 => {
				let price = 1 + self.dice.roll(40) as u64;
				let (call, listed) = self.parties[seller].reprice(&listed, price);
				if self.attempt(seller, "reprice", call, allowed) {
					self.listed.insert(name, listed);
					let listing = self.model.listings.get_mut(&name).expect("it is there");
					listing.price = price;
					listing.version += 1;
				}
			}
			2 => {
				let pieces = self.dice.roll(30) as u64;
				let (call, listed) = self.parties[seller].restock(&listed, pieces);
				if self.attempt(seller, "restock", call, allowed) {
					self.listed.insert(name, listed);
					self.model.listings.get_mut(&name).expect("it is there").stock += pieces;
				}
			}
			_ => {
				let call = Call::delist {
					seq: self.parties[seller].seq(),
					listing: name.1,
				};
				if self.attempt(seller, "delist", call, true) {
					self.model.listings.remove(&name);
				}
			}
		}
	}

	fn order(&mut self) {
		let (Some(name), buyer) = (self.dice.pick(self.listed.keys().copied()), self.trader()) else {
			return;
		};
		let listing = self.model.listings.get(&name).cloned();
		let mut listed = self.listed[&name].clone();
		// Sometimes at a price that is no more.
		let outdated = listed.version > 0 && self.dice.roll(5) == 0;
		if outdated {
			listed.version -= 1;
		}
		let pieces = 1 + self.dice.roll(6) as u64;
		let total = listed.price.value * pieces;
		if total > self.model.balance[buyer] {
			return;
		}
		let (call, placed, after) = self.parties[buyer].order(&listed, pieces);
		let order = (buyer, self.model.seq[buyer]);
		let allowed = listing.is_some()
			&& !outdated
			&& buyer != name.0
			&& self.model.active(buyer)
			&& self.model.active(name.0);
		if self.attempt(buyer, "order", call, allowed) {
			self.parties[buyer].balance = after;
			self.model.balance[buyer] -= total;
			self.placed.insert(order, placed);
			let placed = Order {
				seller: name.0,
				listing: name,
				pieces,
				total,
				state: State::Placed,
				due: self.model.clock + ACCEPT,
			};
			self.model.orders.insert(order, placed);
		}
	}

	fn accept(&mut self) {
		let Some(name) = self.dice.pick(
			self.model
				.orders
				.iter()
				.filter(|(_, order)| order.state == State::Placed)
				.map(|(name, _)| *name),
		) else {
			return;
		};
		let order = self.model.orders[&name].clone();
		let Some(listing) = self.model.listings.get(&order.listing).cloned() else {
			return;
		};
		let bond = 10 * order.total;
		if listing.stock < order.pieces || self.model.balance[order.seller] < bond {
			return;
		}
		let seller = order.seller;
		let (call, stock, balance) =
			self.parties[seller].accept(&self.listed[&order.listing], &self.placed[&name]);
		let allowed = self.model.active(seller) && self.model.clock < order.due;
		if self.attempt(seller, "accept", call, allowed) {
			self.parties[seller].balance = balance;
			self.listed.get_mut(&order.listing).expect("it is there").stock = stock;
			self.model.balance[seller] -= bond;
			self.model
				.listings
				.get_mut(&order.listing)
				.expect("it is there")
				.stock -= order.pieces;
			self.model.enter(name, State::Accepted, SHIP_AND_GRACE);
		}
	}

	/// Something about an order, by somebody who may or may not, in a state in which it is possible or not.
	fn follow_up(&mut self) {
		// Mostly one that goes on.
		let any = self.dice.roll(4) == 0;
		let Some(name) = self.dice.pick(
			self.model
				.orders
				.iter()
				.filter(|(_, order)| {
					any || !matches!(order.state, State::Completed | State::Refunded | State::Penalised)
				})
				.map(|(name, _)| *name),
		) else {
			return;
		};
		let order = self.model.orders[&name].clone();
		let (buyer, seller, id) = (name.0, order.seller, self.order_id(name));
		let in_time = self.model.clock < order.due;
		match self.dice.roll(9) {
			0 => {
				let call = Call::cancel {
					seq: self.parties[buyer].seq(),
					order: name.1,
				};
				if self.attempt(buyer, "cancel", call, order.state == State::Placed) {
					self.model.refund(name);
				}
			}
			1 => {
				let call = Call::decline {
					seq: self.parties[seller].seq(),
					order: id,
					reason: crate::DeclineReason::Unspecified,
				};
				if self.attempt(seller, "decline", call, order.state == State::Placed) {
					self.model.refund(name);
				}
			}
			2..=4 => {
				let who = if self.dice.roll(8) == 0 {
					self.trader()
				} else {
					seller
				};
				let call = Call::ship {
					seq: self.parties[who].seq(),
					order: id,
				};
				let allowed = who == seller && order.state == State::Accepted && in_time;
				if self.attempt(who, "ship", call, allowed) {
					self.model.enter(name, State::Shipped, CONFIRM);
				}
			}
			5 => {
				let call = Call::confirm {
					seq: self.parties[buyer].seq(),
					order: name.1,
				};
				if self.attempt(buyer, "confirm", call, order.state == State::Shipped) {
					self.model.complete(name);
				}
			}
			6 => {
				let who = self.trader();
				let call = Call::poke {
					seq: self.parties[who].seq(),
					order: id,
				};
				let stranded = self.model.is_stranded(name);
				let allowed = stranded || self.model.is_due(name);
				if self.attempt(who, "poke", call, allowed) {
					if stranded {
						self.model.refund(name);
					} else {
						self.model.lapse(name);
					}
				}
			}
			7 => {
				if self.model.balance[buyer] < order.total {
					return;
				}
				let (call, after) = self.parties[buyer].dispute(&self.placed[&name]);
				let allowed = order.state == State::Shipped && in_time;
				if self.attempt(buyer, "dispute", call, allowed) {
					self.parties[buyer].balance = after;
					self.model.balance[buyer] -= order.total;
					self.model.enter(name, State::Disputed, RESOLVE);
				}
			}
			_ => {
				let who = if self.dice.roll(6) == 0 {
					seller
				} else {
					ARBITER_OF_ALL
				};
				let verdicts = [Verdict::Completed, Verdict::Refunded, Verdict::Penalised];
				let verdict = verdicts[self.dice.roll(3)];
				let call = Call::resolve {
					seq: self.parties[who].seq(),
					order: id,
					verdict,
				};
				let allowed = who == ARBITER_OF_ALL && order.state == State::Disputed && in_time;
				if self.attempt(who, "resolve", call, allowed) {
					match verdict {
						Verdict::Completed => self.model.complete(name),
						Verdict::Refunded => self.model.undo(name),
						Verdict::Penalised => self.model.penalise(name),
					}
				}
			}
		}
	}

	fn refresh(&mut self) {
		let who = self.trader();
		let credit = self
			.dice
			.pick(self.model.incoming.keys().copied())
			.filter(|(owner, ..)| *owner == who);
		let (target, old) = match credit {
			Some((_, name, kind)) => (
				RefreshTarget::Credit(self.credit_id(name, kind)),
				self.opening((who, name, kind)),
			),
			None => (RefreshTarget::Balance, self.parties[who].balance.clone()),
		};
		let (call, new) = self.parties[who].refresh(target, &old);
		if self.attempt(who, "refresh", call, true) {
			match credit {
				Some(key) => {
					self.credits.insert(key, new);
					self.model.incoming.get_mut(&key).expect("it is there").returnable = false;
				}
				None => self.parties[who].balance = new,
			}
		}
	}

	/// The certificate authority withdraws a certificate, or puts one back in force.
	fn authority(&mut self) {
		let who = self.trader();
		let (ca, account) = (
			RuntimeOrigin::signed(CA.to_account_id()),
			self.parties[who].who.clone(),
		);
		if self.model.active(who) {
			if self.dice.roll(4) == 0 {
				assert_ok!(Certificates::revoke(ca, account));
				self.model.standing[who] = Standing::Revoked;
			}
		} else {
			assert_ok!(Certificates::reinstate(ca, account));
			self.model.standing[who] = Standing::Active;
		}
	}
}

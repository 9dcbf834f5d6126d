//! What somebody may try next. Each step keeps the model beside the ledger.

use super::{super::model::*, terms_of, World, ACCOUNTS, ARBITER_OF_ALL};
use crate::{mock::*, Call, Error, RedemptionId, RefreshTarget, Verdict};
use frame_support::assert_ok;
use sp_runtime::{traits::Dispatchable, AccountId32};
use veilmart_paillier::Opening;

impl World {
	/// One step of somebody.
	pub(super) fn step(&mut self) {
		match self.dice.roll(38) {
			0 | 1 => self.issue(),
			2 | 3 => self.transfer(),
			4 | 5 => self.send_back(),
			6..=8 => self.collect(),
			9 => self.redeem_or_settle(),
			10 => self.list(),
			11 => self.change_listing(),
			12..=15 => self.order(),
			16..=19 => self.accept(),
			20..=27 => self.follow_up(),
			28 => self.refresh(),
			29 => self.refresh_stock(),
			30 => self.quote(),
			31 => self.rotate_view_key(),
			32 => self.batch(),
			33 => self.set_terms(),
			34 => self.spend_quota(),
			35 => self.circumstances(),
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
		let allowed = self.model.active(0) && self.model.active(to) && self.model.room(to, 0);
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
				let bond = self.model.orders[&key.1].terms.bond;
				total.scale(bond).expect("small amounts")
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
			self.collected(who, name, kind);
		}
	}

	/// A credit was collected.
	fn collected(&mut self, who: Who, name: Name, kind: Kind) {
		let opening = self.opening((who, name, kind));
		self.parties[who].balance = self.parties[who].balance.add(&opening).expect("small amounts");
		self.credits.remove(&(who, name, kind));
		self.model.collect(who, name, kind);
	}

	/// Something to collect and something that is refused, in one batch.
	fn batch(&mut self) {
		let Some((who, name, kind)) = self.dice.pick(self.model.incoming.keys().copied()) else {
			return;
		};
		let seq = self.parties[who].seq();
		let collect = RuntimeCall::from(self.parties[who].collect(vec![self.credit_id(name, kind)]));
		// Nobody has an order of this number.
		let refused = |seq| {
			let order = u64::MAX;
			RuntimeCall::from(Call::<Test>::cancel { seq, order })
		};
		let good_and_bad = vec![collect.clone(), refused(seq + 1)];
		let bad_and_good = vec![refused(seq), collect];
		let (batch, collects) = match self.dice.roll(4) {
			// All or nothing.
			0 => {
				let calls = good_and_bad;
				let batch = pallet_utility::Call::<Test>::batch_all { calls };
				self.judge(who, "batch_all", batch.into(), false);
				return;
			}
			1 => {
				let calls = good_and_bad;
				(pallet_utility::Call::<Test>::batch { calls }, true)
			}
			// It ends with the first that fails.
			2 => {
				let calls = bad_and_good;
				(pallet_utility::Call::<Test>::batch { calls }, false)
			}
			_ => {
				let calls = bad_and_good;
				(pallet_utility::Call::<Test>::force_batch { calls }, true)
			}
		};
		let origin = RuntimeOrigin::signed(self.parties[who].who.clone());
		let result = RuntimeCall::from(batch).dispatch(origin).map(|_| ());
		assert!(result.is_ok(), "such a batch fails in its parts only");
		if collects && self.model.has_quota(who) {
			*self.done.entry("batch").or_default() += 1;
			self.model.seq[who] += 1;
			self.collected(who, name, kind);
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
		let allowed = at == 0 && self.model.active(0) && open < CAP;
		if self.attempt(who, "redeem", call, allowed) {
			self.parties[who].balance = after;
			self.model.balance[who] -= amount;
			self.model.burned += amount;
			self.model.redemptions.insert((0, name), amount);
		}
	}

	pub(super) fn list(&mut self) {
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

	/// A quote for a buyer, of something that is there or was.
	fn quote(&mut self) {
		let (Some(name), buyer) = (self.dice.pick(self.listed.keys().copied()), self.trader()) else {
			return;
		};
		let seller = name.0;
		let call = Call::quote {
			seq: self.parties[seller].seq(),
			listing: name.1,
			buyer: self.parties[buyer].who.clone(),
			note: note(10).into(),
		};
		let allowed = self.model.may_quote(name, buyer);
		if self.attempt(seller, "quote", call, allowed) {
			let version = self.model.listings[&name].version;
			self.model.quotes.insert((buyer, name), version);
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
				terms: self.model.terms,
				state: State::Placed,
				due: 0,
			};
			self.model.orders.insert(order, placed);
			self.model.enter(order, State::Placed);
			// The order takes with it what the quote said.
			self.model.quotes.remove(&(buyer, name));
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
		let bond = order.bond();
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
			self.model.enter(name, State::Accepted);
		}
	}

	/// Something about an order, by somebody who may or may not, in a state in which it is possible or not.
	fn follow_up(&mut self) {
		// Mostly one that goes on, and now and then one whose time is over.
		let (any, late) = (self.dice.roll(4) == 0, self.dice.roll(5) == 0);
		let model = &self.model;
		let ends = |name: Name| model.is_due(name) || model.is_stranded(name);
		let Some(name) = self.dice.pick(
			model
				.orders
				.iter()
				.filter(|(name, order)| {
					if late {
						ends(**name)
					} else {
						any || !order.is_over()
					}
				})
				.map(|(name, _)| *name),
		) else {
			return;
		};
		let order = self.model.orders[&name].clone();
		// Mostly what can be done with it.
		let likely: &[usize] = match order.state {
			_ if late => &[6],
			State::Placed => &[0, 1, 6, 6],
			State::Accepted => &[2, 2, 2, 6],
			State::Shipped => &[5, 7, 7],
			State::Disputed => &[8],
			State::Completed | State::Refunded | State::Penalised => &[4, 5, 6, 8],
		};
		let turn = match self.dice.roll(3) {
			0 => self.dice.roll(9),
			_ => likely[self.dice.roll(likely.len())],
		};
		let (buyer, seller, id) = (name.0, order.seller, self.order_id(name));
		let in_time = self.model.clock < order.due;
		match turn {
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
					self.model.enter(name, State::Shipped);
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
					self.model.enter(name, State::Disputed);
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
				let allowed = who == ARBITER_OF_ALL
					&& self.model.active(who)
					&& order.state == State::Disputed
					&& in_time;
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

	/// A new nonce for the stock of a listing, by its seller or by another.
	fn refresh_stock(&mut self) {
		let Some(name) = self.dice.pick(self.listed.keys().copied()) else {
			return;
		};
		let who = if self.dice.roll(6) == 0 {
			self.trader()
		} else {
			name.0
		};
		let target = RefreshTarget::Stock(name.1);
		let (call, new) = self.parties[who].refresh(target, &self.listed[&name].stock);
		let allowed = who == name.0 && self.model.listings.contains_key(&name);
		if self.attempt(who, "refresh of a stock", call, allowed) {
			self.listed.get_mut(&name).expect("it is there").stock = new;
		}
	}

	/// Another view key. What was sealed to the old one is a matter of wallets: the ledger keeps every note as it is.
	fn rotate_view_key(&mut self) {
		let who = self.dice.roll(ACCOUNTS);
		let old = self.model.view_key[who];
		// Sometimes the one in force, sometimes with a counter that was used.
		let byte = 7 + self.dice.roll(3) as u8;
		let counter = old.counter + self.dice.roll(3) as u64;
		let view_key = pallet_certificates::ViewKey::new([byte; 32]).expect("not of small order");
		let call = pallet_certificates::Call::<Test>::set_view_key { view_key, counter };
		let notes = |account: &AccountId32| {
			Ecommerce::incoming(account)
				.into_iter()
				.map(|(_, credit)| credit.note)
				.collect::<Vec<_>>()
		};
		let before = notes(&self.parties[who].who);
		let allowed = byte != old.byte && counter > old.counter;
		if self.judge(who, "set_view_key", call.into(), allowed) {
			let index = old.index + 1;
			self.model.view_key[who] = ViewKey { byte, index, counter };
			assert!(before == notes(&self.parties[who].who));
		}
	}

	/// Governance sets terms, or what it takes for terms; others try.
	fn set_terms(&mut self) {
		let least = self.model.least;
		let mut up_to = |most: usize| self.dice.roll(most) as u64;
		let mut terms = Terms {
			accept: 20_000 + up_to(80_000),
			ship: 1 + up_to(150_000),
			grace: least + up_to(60_000),
			confirm: least + up_to(100_000),
			resolve: least + up_to(100_000),
			bond: 1 + up_to(15),
			share: up_to(2),
		};
		match up_to(16) {
			0 => terms.accept = 0,
			1 => terms.ship = u64::MAX,
			2 => terms.grace = least - 1,
			3 => terms.confirm = least - 1,
			4 => terms.resolve = least - 1,
			5 => terms.bond = 0,
			6 => terms.bond = 16,
			7 => terms.share = 2,
			_ => {}
		}
		if self.dice.roll(4) == 0 {
			let (who, terms) = (self.dice.roll(ACCOUNTS), terms_of(terms));
			self.attempt(who, "set_terms", Call::set_terms { terms }, false);
			return;
		}
		let result = Ecommerce::set_terms(RuntimeOrigin::root(), terms_of(terms));
		if terms.are_fit(least) {
			assert_ok!(result);
			self.model.terms = terms;
			*self.done.entry("set_terms").or_default() += 1;
		} else {
			assert_eq!(result, Err(Error::<Test>::UnfitTerms.into()), "{terms:?}");
			self.refused += 1;
		}
	}

	/// Somebody has made as many calls as it may, until the next window begins.
	fn spend_quota(&mut self) {
		let (who, window) = (self.dice.roll(ACCOUNTS), self.model.window());
		let used = CallQuota::get();
		pallet_certificates::Usages::<Test>::insert(
			&self.parties[who].who,
			pallet_certificates::Usage { window, used },
		);
		self.model.spent[who] = Some(window);
	}

	pub(super) fn suspend(&mut self, whether: bool) {
		self.model.suspended = whether;
		Suspended::set(whether);
	}

	/// The marketplace is suspended, or is no more; or transactions may have to wait for longer than until now, or less long.
	fn circumstances(&mut self) {
		if self.dice.roll(2) == 0 {
			self.suspend(!self.model.suspended);
			return;
		}
		let least = 30_000 + 5_000 * self.dice.roll(6) as u64;
		let longer = least.saturating_sub(self.model.least);
		LeastPeriod::set(least);
		if longer > 0 {
			Ecommerce::postpone(longer);
		}
		self.model.set_least(least);
	}

	/// The certificate authority withdraws a certificate, lets it end soon, or puts one back in force.
	fn authority(&mut self) {
		let who = self.dice.roll(ACCOUNTS);
		let (ca, account) = (
			RuntimeOrigin::signed(CA.to_account_id()),
			self.parties[who].who.clone(),
		);
		if self.model.standing[who] != Standing::Active {
			assert_ok!(Certificates::reinstate(ca, account));
			self.model.standing[who] = Standing::Active;
			return;
		}
		match self.dice.roll(8) {
			0 | 1 => {
				assert_ok!(Certificates::revoke(ca, account));
				self.model.standing[who] = Standing::Revoked;
			}
			2 => {
				let left = self.dice.roll(40_000) as u64;
				self.ends(who, Some(self.model.now + left))
			}
			// Renewed.
			_ => self.ends(who, None),
		}
	}

	/// The certificate ends then. (Renewing takes a signature, and these accounts have no keys.)
	fn ends(&mut self, who: Who, end: Option<u64>) {
		pallet_certificates::Certificates::<Test>::mutate(&self.parties[who].who, |certificate| {
			certificate.as_mut().expect("it has one").valid_until = end;
		});
		self.model.valid_until[who] = end;
	}
}

//! A history with every call: after each, wallets that lost everything but their secrets find what a plaintext
//! model says.

use super::*;
use crate::state::{CreditKind, Quote, RefreshTarget};
use ledger::Ending;

/// What there should be, in plaintext.
#[derive(Clone, Copy)]
struct Model {
	buyer: u64,
	seller: u64,
	price: u64,
	stock: u64,
}

struct History {
	world: World,
	model: Model,
	listing: u64,
}

impl History {
	fn begin() -> Self {
		let mut world = World::funded(50_000, 90_000);
		let listing = world.listed().0.name().seq;
		Self {
			world,
			model: Model {
				buyer: 50_000,
				seller: 90_000,
				price: PRICE,
				stock: STOCK,
			},
			listing,
		}
	}

	/// All wallets made anew from what one writes on paper, and everything read from the ledger.
	fn found_again(&mut self, after: &str) {
		let (key, genesis) = (self.world.ledger.key().clone(), self.world.ledger.genesis);
		let wallet = |keys| Wallet::new(keys, key.clone(), genesis).expect("the ledger's size");
		self.world.buyer = wallet(Keys::from_mnemonic(PHRASE).expect("a phrase"));
		self.world.seller = wallet(Keys::from_seed(&unhex(ALICE).try_into().expect("32 bytes")));
		self.world.issuer = wallet(Keys::from_seed(&[1; 32]));
		let model = self.model;
		assert_eq!(
			self.world.balance_of_buyer().value(),
			model.buyer,
			"buyer after {after}"
		);
		assert_eq!(
			self.world.balance_of_seller().value(),
			model.seller,
			"seller after {after}"
		);
		let listing = self.opened_listing();
		assert_eq!(
			(
				listing.price().value(),
				listing.stock().value(),
				listing.commodity().value()
			),
			(model.price, model.stock, ITEM),
			"listing after {after}"
		);
		let issuer = &self.world.ledger.accounts[&self.world.issuer.account()];
		assert_eq!(
			self.world
				.issuer
				.open_issued(&issuer.issued)
				.expect("opens")
				.value(),
			140_000
		);
		for ((buyer, seq), (order, _)) in &self.world.ledger.orders {
			let bought = self.world.buyer.open_order_as_buyer(order).expect("opens");
			let sold = self.world.seller.open_order_as_seller(order).expect("opens");
			assert_eq!(
				(bought.total().value(), bought.quantity().value(), bought.price()),
				(sold.total().value(), sold.quantity().value(), sold.price()),
				"order {seq} of {} after {after}",
				buyer[0]
			);
		}
		self.world.ledger.assert_conserved();
	}

	fn opened_listing(&self) -> OpenedListing {
		let state = &self.world.ledger.listings[&(self.world.seller.account(), self.listing)];
		self.world.seller.open_listing(state).expect("opens")
	}

	fn seqs(&self) -> (AccountBytes, u64, AccountBytes, u64) {
		let (buyer, seller) = (self.world.buyer.account(), self.world.seller.account());
		let ledger = &self.world.ledger;
		(buyer, ledger.seq(&buyer), seller, ledger.seq(&seller))
	}

	/// Quoted anew, ordered and accepted.
	fn sold(&mut self, pieces: u64) -> OpenedOrder {
		let (buyer, _, seller, seq) = self.seqs();
		let listing = self.opened_listing();
		let world = &mut self.world;
		let call = world
			.seller
			.quote(seq, &listing, &world.buyer.party(), &mut world.rng)
			.expect("quotes");
		world.ledger.quote(&seller, &call).expect("accepted");
		let state = &world.ledger.listings[&(seller, self.listing)];
		let quote: &Quote = &world.ledger.quotes[&(buyer, seller, self.listing)];
		let quoted = world.buyer.open_quote(state, quote).expect("opens");
		let order = world.ordered(&quoted, pieces);
		self.model.buyer -= pieces * self.model.price;
		self.found_again("order");
		self.world.accepted(&order);
		self.model.seller -= 10 * pieces * self.model.price;
		self.model.stock -= pieces;
		self.found_again("accept");
		order
	}

	fn repriced(&mut self, price: u64) {
		let (.., seller, seq) = self.seqs();
		let listing = self.opened_listing();
		let call = self
			.world
			.seller
			.reprice(seq, &listing, price, &mut self.world.rng)
			.expect("reprices");
		self.world.ledger.reprice(&seller, &call).expect("accepted");
		self.model.price = price;
		self.found_again("reprice");
	}

	fn restocked(&mut self, pieces: u64) {
		let (.., seller, seq) = self.seqs();
		let listing = self.opened_listing();
		let call = self
			.world
			.seller
			.restock(seq, &listing, pieces, &mut self.world.rng)
			.expect("restocks");
		self.world.ledger.restock(&seller, &call).expect("accepted");
		self.model.stock += pieces;
		self.found_again("restock");
	}

	fn refreshed(&mut self) {
		let (buyer, seq, seller, other) = self.seqs();
		let world = &mut self.world;
		let known = world.buyer.known(&world.balance_of_buyer()).expect("in range");
		let call = world
			.buyer
			.refresh_balance(seq, &known, &mut world.rng)
			.expect("refreshes");
		world.ledger.refresh(&buyer, &call).expect("accepted");
		self.found_again("refresh of a balance");
		let listing = self.opened_listing();
		let world = &mut self.world;
		let call = world
			.seller
			.refresh_stock(other, &listing, &mut world.rng)
			.expect("refreshes");
		assert_eq!(call.target, RefreshTarget::Stock(listing.name()));
		world.ledger.refresh(&seller, &call).expect("accepted");
		self.found_again("refresh of a stock");
	}

	/// Sent to the seller, who gives it back or keeps it.
	fn transferred(&mut self, amount: u64, keeps: bool) {
		let (buyer, seq, seller, _) = self.seqs();
		let world = &mut self.world;
		let (balance, to) = (world.balance_of_buyer(), world.seller.party());
		let call = world
			.buyer
			.transfer(seq, &balance, &to, amount, &mut world.rng)
			.expect("transfers");
		let name = world.ledger.transfer(&buyer, &call).expect("accepted");
		self.model.buyer -= amount;
		self.found_again("transfer");
		if keeps {
			self.model.seller += amount;
		} else {
			self.world.ledger.give_back(&seller, name).expect("accepted");
			self.model.buyer += amount;
		}
		self.collected("what was sent");
	}

	fn redeemed(&mut self, amount: u64) {
		let (buyer, seq, ..) = self.seqs();
		let world = &mut self.world;
		let (balance, to) = (world.balance_of_buyer(), world.issuer.party());
		let call = world
			.buyer
			.redeem(seq, &balance, &to, amount, &mut world.rng)
			.expect("redeems");
		let redemption = world.ledger.redeem(&buyer, &call).expect("accepted");
		self.model.buyer -= amount;
		self.found_again("redeem");
		let opened = self.world.issuer.open_redemption(&redemption);
		assert_eq!(opened.expect("opens").value(), amount);
	}

	fn disputed(&mut self, order: &OpenedOrder, ending: Ending) {
		let (buyer, seq, ..) = self.seqs();
		let (total, id) = (order.total().value(), (buyer, order.name().seq));
		let world = &mut self.world;
		let balance = world.balance_of_buyer();
		let order = world
			.buyer
			.open_order_as_buyer(&world.ledger.orders[&id].0)
			.expect("opens");
		let call = world
			.buyer
			.dispute(seq, &balance, &order, &mut world.rng)
			.expect("disputes");
		world.ledger.dispute(&buyer, &call).expect("accepted");
		self.model.buyer -= total;
		self.found_again("dispute");
		self.world.ledger.resolve(&buyer, id.1, ending);
		match ending {
			Ending::Completed => self.model.seller += 11 * total,
			Ending::Refunded => {
				self.model.buyer += 2 * total;
				self.model.seller += 10 * total;
			}
			Ending::Penalised => self.model.buyer += 3 * total,
		}
		self.collected("a decision");
	}

	/// Both take all that waits.
	fn collected(&mut self, what: &str) {
		for wallet in [&self.world.buyer, &self.world.seller] {
			if !self.world.ledger.accounts[&wallet.account()].incoming.is_empty() {
				collect_all(wallet, &mut self.world.ledger, &mut self.world.rng);
			}
		}
		self.found_again(what);
	}
}

#[test]
fn after_every_call_everything_is_found_again() {
	let mut history = History::begin();
	history.found_again("list");
	history.restocked(20);
	let first = history.sold(3);
	history.repriced(700);
	history.refreshed();
	let second = history.sold(2);
	history.transferred(1_000, false);
	history.redeemed(5_000);
	history.disputed(&first, Ending::Refunded);
	history.transferred(250, true);
	history.disputed(&second, Ending::Completed);
	history.restocked(1);
	let third = history.sold(1);
	history.disputed(&third, Ending::Penalised);

	// The straight end, and a refund, for what is left.
	let buyer = history.world.buyer.account();
	let last = history.sold(1);
	history.world.ledger.complete(&buyer, last.name().seq);
	history.model.seller += 11 * 700;
	let kinds: Vec<_> = open_incoming(&history.world.seller, &history.world.ledger)
		.iter()
		.map(|(name, opened)| (name.kind, opened.value()))
		.collect();
	assert_eq!(kinds, [(CreditKind::Proceeds, 700), (CreditKind::Bond, 7_000)]);
	history.collected("confirm");
}

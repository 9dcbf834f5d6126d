//! What everybody should have, in the clear: a marketplace without encryption, kept beside the real one by who plays on both.
//!
//! It knows the rules of the ledger and nothing of the wallet. What a wallet shows that was made anew from its seed has to be
//! what stands here.

use pallet_certificates::OrderId;
use pallet_ecommerce::{CreditId, CreditKind, ListingId, OrderState, RedemptionId, MAX_COLLECT};
use std::collections::BTreeMap;
use veilmart_cli::{
	account::address,
	names::{show_credit, show_listing, show_order, show_redemption},
	session::{Entry, ListingContents, OrderContents, QuoteContents, Session, Side},
};
use veilmart_runtime::AccountId;

type Listing = ListingId<AccountId>;
type Order = OrderId<AccountId>;
type Credit = CreditId<AccountId>;
type Redemption = RedemptionId<AccountId>;

/// The seller's bond in multiples of the total.
const BOND: u64 = 10;

/// A line of a statement, but for its block and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
	/// The account's sequence number, if it was its own call.
	pub seq: Option<u64>,
	/// The call, or what others did.
	pub what: String,
	about: String,
	with: Option<AccountId>,
	change: Option<i128>,
	balance: Option<u64>,
	issued: Option<u64>,
}

impl From<Entry> for Line {
	fn from(entry: Entry) -> Self {
		Self {
			seq: entry.seq,
			what: entry.what,
			about: entry.about,
			with: entry.with,
			change: entry.change,
			balance: entry.balance,
			issued: entry.issued,
		}
	}
}

/// Something for sale.
struct Sale {
	price: u64,
	stock: u64,
	item: u64,
	version: u32,
}

/// What one account has.
#[derive(Default)]
struct Book {
	seq: u64,
	balance: u64,
	issued: u64,
	incoming: BTreeMap<Credit, u64>,
	listings: BTreeMap<u64, Sale>,
	quotes: BTreeMap<Listing, (u32, QuoteContents)>,
	redemptions: BTreeMap<Redemption, u64>,
	statement: Vec<Line>,
}

/// An order.
struct Bought {
	listing: Listing,
	item: u64,
	pieces: u64,
	price: u64,
	state: OrderState,
	/// What came out of it and is not collected. With the last of them it goes.
	credits: usize,
}

impl Bought {
	fn total(&self) -> u64 {
		self.price * self.pieces
	}
}

/// What everybody has.
#[derive(Default)]
pub struct Books {
	accounts: BTreeMap<AccountId, Book>,
	orders: BTreeMap<Order, Bought>,
}

impl Books {
	/// Who has a book.
	pub fn holders(&self) -> impl Iterator<Item = &AccountId> {
		self.accounts.keys()
	}

	fn of(&mut self, who: &AccountId) -> &mut Book {
		self.accounts.entry(who.clone()).or_default()
	}

	fn order_of(&mut self, id: &Order) -> &mut Bought {
		self.orders.get_mut(id).expect("it was placed")
	}

	/// A call of an account, which changes its balance by so much if it says anything about that, and its number.
	fn call(
		&mut self,
		who: &AccountId,
		what: &str,
		with: Option<&AccountId>,
		change: Option<i128>,
		about: impl FnOnce(u64) -> String,
	) -> u64 {
		let book = self.of(who);
		let seq = book.seq;
		book.seq += 1;
		if let Some(change) = change {
			let balance = i128::from(book.balance) + change;
			book.balance = u64::try_from(balance).expect("nobody spends what it has not");
		}
		let line = Line {
			seq: Some(seq),
			what: what.into(),
			about: about(seq),
			with: with.cloned(),
			change,
			balance: change.map(|_| book.balance),
			issued: None,
		};
		book.statement.push(line);
		seq
	}

	/// What somebody else did.
	pub fn told(&mut self, who: &AccountId, what: &str, about: String) {
		self.of(who).statement.push(Line {
			seq: None,
			what: what.into(),
			about,
			with: None,
			change: None,
			balance: None,
			issued: None,
		});
	}

	/// What comes out of an order.
	fn credit(&mut self, id: &Order, to: &AccountId, kind: CreditKind, amount: u64) {
		self.order_of(id).credits += 1;
		let credit = Credit {
			creator: id.buyer.clone(),
			seq: id.seq,
			kind,
		};
		self.of(to).incoming.insert(credit, amount);
	}

	/// Money is issued.
	pub fn issue(&mut self, issuer: &AccountId, to: &AccountId, amount: u64) -> Credit {
		let credit = |seq| Credit {
			creator: issuer.clone(),
			seq,
			kind: CreditKind::Issued,
		};
		let seq = self.call(issuer, "issue", Some(to), None, |seq| show_credit(&credit(seq)));
		let book = self.of(issuer);
		book.issued += amount;
		let issued = book.issued;
		book.statement.last_mut().expect("it is there").issued = Some(issued);
		let credit = credit(seq);
		self.told(to, "issued", show_credit(&credit));
		self.of(to).incoming.insert(credit.clone(), amount);
		credit
	}

	/// All that waits is collected.
	pub fn collect(&mut self, who: &AccountId) {
		let waiting: Vec<_> = std::mem::take(&mut self.of(who).incoming).into_iter().collect();
		for some in waiting.chunks(MAX_COLLECT as usize) {
			let names: Vec<_> = some.iter().map(|(credit, _)| show_credit(credit)).collect();
			let sum: u64 = some.iter().map(|(_, amount)| amount).sum();
			self.call(who, "collect", None, Some(sum.into()), |_| names.join(" "));
			for (credit, _) in some.iter().filter(|(credit, _)| credit.kind.is_of_order()) {
				let id = Order {
					buyer: credit.creator.clone(),
					seq: credit.seq,
				};
				let order = self.order_of(&id);
				order.credits -= 1;
				if order.credits == 0 && !order.state.holds_total() {
					self.orders.remove(&id);
				}
			}
		}
	}

	/// Something is offered.
	pub fn list(&mut self, seller: &AccountId, price: u64, stock: u64, item: u64) -> Listing {
		let listing = |seq| Listing {
			seller: seller.clone(),
			seq,
		};
		let seq = self.call(seller, "list", None, None, |seq| show_listing(&listing(seq)));
		let sale = Sale {
			price,
			stock,
			item,
			version: 0,
		};
		self.of(seller).listings.insert(seq, sale);
		listing(seq)
	}

	fn sale(&mut self, listing: &Listing) -> &mut Sale {
		let book = self.of(&listing.seller);
		book.listings.get_mut(&listing.seq).expect("it is for sale")
	}

	/// A buyer is told a price.
	pub fn quote(&mut self, listing: &Listing, buyer: &AccountId) {
		self.call(&listing.seller, "quote", Some(buyer), None, |_| {
			show_listing(listing)
		});
		self.told(buyer, "quoted", show_listing(listing));
		let sale = self.sale(listing);
		let contents = QuoteContents {
			price: sale.price,
			commodity: sale.item,
		};
		let quote = (sale.version, contents);
		self.of(buyer).quotes.insert(listing.clone(), quote);
	}

	/// Something is ordered.
	pub fn order(&mut self, buyer: &AccountId, listing: &Listing, pieces: u64) -> Order {
		let sale = self.sale(listing);
		let bought = Bought {
			listing: listing.clone(),
			item: sale.item,
			pieces,
			price: sale.price,
			state: OrderState::Placed,
			credits: 0,
		};
		let order = |seq| Order {
			buyer: buyer.clone(),
			seq,
		};
		let cost = -i128::from(bought.total());
		let seq = self.call(buyer, "order", Some(&listing.seller), Some(cost), |seq| {
			show_order(&order(seq))
		});
		self.of(buyer).quotes.remove(listing);
		let id = order(seq);
		self.told(&listing.seller, "placed", show_order(&id));
		self.orders.insert(id.clone(), bought);
		id
	}

	/// The order goes into a state, by a call of one of its parties that the other is told.
	fn step(&mut self, id: &Order, call: &str, change: Option<i128>, event: &str, state: OrderState) {
		let order = self.order_of(id);
		order.state = state;
		let seller = order.listing.seller.clone();
		let buyer = &id.buyer;
		if ["accept", "decline", "ship"].contains(&call) {
			self.call(&seller, call, Some(buyer), change, |_| show_order(id));
			self.told(buyer, event, show_order(id));
		} else {
			self.call(buyer, call, None, change, |_| show_order(id));
			self.told(&seller, event, show_order(id));
		}
	}

	/// An order is taken back.
	pub fn cancel(&mut self, id: &Order) {
		let total = self.order_of(id).total();
		self.step(id, "cancel", None, "cancelled", OrderState::Refunded);
		self.credit(id, &id.buyer, CreditKind::Refund, total);
	}

	/// An order is accepted.
	pub fn accept(&mut self, id: &Order) {
		let order = self.order_of(id);
		let (bond, pieces, listing) = (BOND * order.total(), order.pieces, order.listing.clone());
		let change = -i128::from(bond);
		self.step(id, "accept", Some(change), "accepted", OrderState::Accepted);
		self.sale(&listing).stock -= pieces;
	}

	/// An order is declined.
	pub fn decline(&mut self, id: &Order) {
		let total = self.order_of(id).total();
		self.step(id, "decline", None, "declined", OrderState::Refunded);
		self.credit(id, &id.buyer, CreditKind::Refund, total);
	}

	/// An order is shipped.
	pub fn ship(&mut self, id: &Order) {
		self.step(id, "ship", None, "shipped", OrderState::Shipped);
	}

	/// An order has arrived.
	pub fn confirm(&mut self, id: &Order) {
		let order = self.order_of(id);
		let (total, seller) = (order.total(), order.listing.seller.clone());
		self.step(id, "confirm", None, "completed", OrderState::Completed);
		self.credit(id, &seller, CreditKind::Proceeds, total);
		self.credit(id, &seller, CreditKind::Bond, BOND * total);
	}

	/// An order is disputed.
	pub fn dispute(&mut self, id: &Order) {
		let deposit = -i128::from(self.order_of(id).total());
		self.step(id, "dispute", Some(deposit), "disputed", OrderState::Disputed);
	}

	/// An arbiter decides that everybody gets back what it put up.
	pub fn refund(&mut self, arbiter: &AccountId, id: &Order) {
		let order = self.order_of(id);
		order.state = OrderState::Refunded;
		let (total, seller) = (order.total(), order.listing.seller.clone());
		self.call(arbiter, "resolve", None, None, |_| show_order(id));
		self.told(&id.buyer, "resolved", show_order(id));
		self.told(&id.buyer, "refunded", show_order(id));
		self.told(&seller, "refunded", show_order(id));
		self.credit(id, &id.buyer, CreditKind::Deposit, total);
		self.credit(id, &id.buyer, CreditKind::Refund, total);
		self.credit(id, &seller, CreditKind::Bond, BOND * total);
	}

	/// Money is sent.
	pub fn transfer(&mut self, from: &AccountId, to: &AccountId, amount: u64) -> Credit {
		let credit = |seq| Credit {
			creator: from.clone(),
			seq,
			kind: CreditKind::Transfer,
		};
		let change = -i128::from(amount);
		let seq = self.call(from, "transfer", Some(to), Some(change), |seq| {
			show_credit(&credit(seq))
		});
		let credit = credit(seq);
		self.told(to, "transferred", show_credit(&credit));
		self.of(to).incoming.insert(credit.clone(), amount);
		credit
	}

	/// What was sent is sent back.
	pub fn refuse(&mut self, by: &AccountId, credit: &Credit) {
		self.call(by, "refuse", Some(&credit.creator), None, |_| show_credit(credit));
		let amount = self.of(by).incoming.remove(credit).expect("it waits");
		let returned = Credit {
			kind: CreditKind::Returned,
			..credit.clone()
		};
		self.told(&credit.creator, "refused", show_credit(&returned));
		self.of(&credit.creator).incoming.insert(returned, amount);
	}

	/// Money is burned, for the issuer to pay.
	pub fn redeem(&mut self, holder: &AccountId, issuer: &AccountId, amount: u64) -> Redemption {
		let redemption = |seq| Redemption {
			holder: holder.clone(),
			seq,
		};
		let change = -i128::from(amount);
		let seq = self.call(holder, "redeem", Some(issuer), Some(change), |seq| {
			show_redemption(&redemption(seq))
		});
		let redemption = redemption(seq);
		self.told(issuer, "redeemed", show_redemption(&redemption));
		self.of(issuer).redemptions.insert(redemption.clone(), amount);
		redemption
	}

	/// The issuer has paid.
	pub fn settle(&mut self, issuer: &AccountId, redemption: &Redemption) {
		let name = show_redemption(redemption);
		self.call(issuer, "settle", Some(&redemption.holder), None, |_| name.clone());
		self.told(&redemption.holder, "settled", name);
		self.of(issuer).redemptions.remove(redemption);
	}

	/// A balance gets a new nonce.
	pub fn refresh_balance(&mut self, who: &AccountId) {
		self.call(who, "refresh", None, Some(0), |_| address(who));
	}

	/// Something else gets a new nonce.
	pub fn refresh(&mut self, who: &AccountId, name: String) {
		self.call(who, "refresh", None, None, |_| name);
	}

	/// A price changes.
	pub fn reprice(&mut self, listing: &Listing, price: u64) {
		self.call(&listing.seller, "reprice", None, None, |_| show_listing(listing));
		let sale = self.sale(listing);
		sale.price = price;
		sale.version += 1;
	}

	/// There is more of something.
	pub fn restock(&mut self, listing: &Listing, pieces: u64) {
		self.call(&listing.seller, "restock", None, None, |_| show_listing(listing));
		self.sale(listing).stock += pieces;
	}

	/// Something is no longer for sale.
	pub fn delist(&mut self, listing: &Listing) {
		self.call(&listing.seller, "delist", None, None, |_| show_listing(listing));
		self.of(&listing.seller).listings.remove(&listing.seq);
	}

	/// Fails unless a session shows of its account what stands here. Gives the statement.
	pub async fn compare(&self, session: &Session) -> Vec<Line> {
		let me = session.id();
		let whose = address(me);
		let book = &self.accounts[me];

		let holdings = session.holdings().await.unwrap();
		assert_eq!(
			(holdings.seq, holdings.balance, holdings.issued),
			(book.seq, book.balance, book.issued),
			"{whose}: number, balance, issued"
		);
		let incoming: Vec<_> = holdings
			.incoming
			.into_iter()
			.map(|credit| (credit.id, credit.amount))
			.collect();
		let expected: Vec<_> = book
			.incoming
			.iter()
			.map(|(id, amount)| (id.clone(), Some(*amount)))
			.collect();
		assert_eq!(incoming, expected, "{whose}: incoming");

		let listings: Vec<_> = session
			.listings()
			.await
			.unwrap()
			.into_iter()
			.map(|listing| (listing.id.seq, listing.version, listing.contents))
			.collect();
		let expected: Vec<_> = book
			.listings
			.iter()
			.map(|(seq, sale)| {
				let contents = ListingContents {
					price: sale.price,
					stock: sale.stock,
					commodity: sale.item,
				};
				(*seq, sale.version, Ok::<_, String>(contents))
			})
			.collect();
		assert_eq!(listings, expected, "{whose}: listings");

		let quotes: Vec<_> = session
			.quotes()
			.await
			.unwrap()
			.into_iter()
			.map(|quote| (quote.listing, quote.version, quote.contents))
			.collect();
		let expected: Vec<_> = book
			.quotes
			.iter()
			.map(|(listing, (version, contents))| (listing.clone(), *version, Ok::<_, String>(*contents)))
			.collect();
		assert_eq!(quotes, expected, "{whose}: quotes");

		let orders: BTreeMap<_, _> = session
			.orders(None)
			.await
			.unwrap()
			.into_iter()
			.map(|order| (order.id, (order.side, order.state, order.listing, order.contents)))
			.collect();
		assert_eq!(orders, self.orders_of(me), "{whose}: orders");

		let redemptions: Vec<_> = session
			.redemptions()
			.await
			.unwrap()
			.into_iter()
			.map(|redemption| (redemption.id, redemption.amount))
			.collect();
		let expected: Vec<_> = book
			.redemptions
			.iter()
			.map(|(id, amount)| (id.clone(), Some(*amount)))
			.collect();
		assert_eq!(redemptions, expected, "{whose}: redemptions");

		let history = session.history(1).await.unwrap();
		let lines: Vec<_> = history.into_iter().map(Line::from).collect();
		assert_eq!(lines, book.statement, "{whose}: statement");
		lines
	}

	/// The orders of an account, as it sees them.
	fn orders_of(&self, me: &AccountId) -> BTreeMap<Order, Shown> {
		let mut orders = BTreeMap::new();
		for (id, order) in &self.orders {
			let seller = &order.listing.seller;
			let side = match (id.buyer == *me, seller == me) {
				(true, _) => Side::Buyer,
				(_, true) => Side::Seller,
				_ => continue,
			};
			// A buyer has the item's code from its quote, a seller from its listing.
			let known = side == Side::Buyer || self.accounts[me].listings.contains_key(&order.listing.seq);
			let contents = OrderContents {
				commodity: known.then_some(order.item),
				quantity: order.pieces,
				price: order.price,
				total: order.total(),
				bond: (BOND * order.total()).into(),
			};
			let shown = (side, order.state, order.listing.clone(), Ok(contents));
			orders.insert(id.clone(), shown);
		}
		orders
	}
}

/// Side, state, listing and contents of an order.
type Shown = (Side, OrderState, Listing, Result<OrderContents, String>);

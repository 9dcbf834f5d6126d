//! An account on a chain: one method for each thing that it can do.
//!
//! A session reads the account's state from the best block, opens what it needs, has the wallet check and prove, signs,
//! sends, and waits until the transaction has happened (final, unless told otherwise). It keeps no state of the ledger
//! between calls, so several programs may act for one account, one after the other. Calls of one session wait for each
//! other, and a call waits until transactions of the account that are already in the node's pool are in a block:
//! the next proof is about the balance that they leave behind.
//!
//! What the wallet can see by itself (too little money, a changed price, a note that does not fit) is an
//! [`Error::Wallet`] before anything is sent.

use std::{
	collections::BTreeMap,
	time::{Duration, Instant},
};

use futures::lock::{Mutex, MutexGuard};
use pallet_certificates::{Moment, OrderId, ViewKey};
use pallet_ecommerce::{
	runtime_api::AccountState, Call, Credit, CreditId, CreditKind, DeclineReason, Listing, ListingId, Order,
	OrderState, Quote, MAX_COLLECT,
};
use rand_core::OsRng;
use veilmart_paillier::PublicKey;
use veilmart_runtime::{AccountId, Hash, RuntimeCall};
use veilmart_wallet::{
	opening::{Opened, OpenedListing, OpenedOrder, Quoted},
	state::Party,
	Wallet,
};

use crate::{
	account::{address, Account},
	amount,
	chain::{Chain, Included, Until},
	convert,
	error::{Error, Result},
	names::{order_state, show_listing, show_order},
};

/// How long a session waits for the account's earlier transactions.
const PENDING_TIMEOUT: Duration = Duration::from_secs(60);

/// Calls that are sent without waiting for each other, well below the quota of a minute.
const AT_ONCE: usize = 50;

/// A call that has happened.
#[derive(Clone, Debug)]
pub struct Done<T> {
	/// What it is about: the new listing, order or credit, or the one that was named.
	pub id: T,
	/// The transaction's hash.
	pub transaction: Hash,
	/// The block that it is in.
	pub block: Hash,
}

impl<T> Done<T> {
	fn new(id: T, included: Included) -> Self {
		Self {
			id,
			transaction: included.transaction,
			block: included.block,
		}
	}
}

/// Something to be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewListing {
	/// The price of one piece, in minor units.
	pub price: u64,
	/// How many pieces there are.
	pub stock: u64,
	/// The item code; see [`crate::commodity`].
	pub commodity: u64,
}

/// What an account has.
#[derive(Clone, Debug)]
pub struct Holdings {
	/// The next sequence number.
	pub seq: u64,
	/// The balance, in minor units.
	pub balance: u64,
	/// What waits to be collected.
	pub incoming: Vec<OpenCredit>,
	/// What the account has issued, in minor units.
	pub issued: u64,
	/// What it may issue in all, in minor units; 0 for who is no issuer.
	pub quota: u64,
}

/// A credit, opened.
#[derive(Clone, Debug)]
pub struct OpenCredit {
	/// Its name.
	pub id: CreditId<AccountId>,
	/// Its amount in minor units; `None` if its note does not open it, so that it is not to be relied upon.
	pub amount: Option<u64>,
}

/// An own listing.
#[derive(Clone, Debug)]
pub struct OpenListing {
	/// Its name.
	pub id: ListingId<AccountId>,
	/// The price version.
	pub version: u32,
	/// What it says, or why it cannot be read.
	pub contents: Result<ListingContents, String>,
}

/// What a listing says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListingContents {
	/// The price of one piece, in minor units.
	pub price: u64,
	/// Pieces in stock.
	pub stock: u64,
	/// The item code.
	pub commodity: u64,
}

/// A quote that the account got.
#[derive(Clone, Debug)]
pub struct OpenQuote {
	/// For which listing.
	pub listing: ListingId<AccountId>,
	/// For which price version.
	pub version: u32,
	/// What it says, or why it is worth nothing (any more).
	pub contents: Result<QuoteContents, String>,
}

/// What a quote says, checked against the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteContents {
	/// The price of one piece, in minor units.
	pub price: u64,
	/// The item code.
	pub commodity: u64,
}

/// On which side of an order an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
	/// It ordered.
	Buyer,
	/// It sells.
	Seller,
}

/// An order of the account, on either side.
#[derive(Clone, Debug)]
pub struct OpenOrder {
	/// Its name.
	pub id: OrderId<AccountId>,
	/// On which side the account is.
	pub side: Side,
	/// Where the order is on its way.
	pub state: OrderState,
	/// Since when, in milliseconds since the Unix epoch.
	pub since: Moment,
	/// What was ordered.
	pub listing: ListingId<AccountId>,
	/// What it says, or why it cannot be read: a seller declines such an order.
	pub contents: Result<OrderContents, String>,
}

/// What an order says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderContents {
	/// The item code, as far as the account knows it.
	pub commodity: Option<u64>,
	/// Pieces ordered.
	pub quantity: u64,
	/// The price of one piece, in minor units.
	pub price: u64,
	/// The total, in minor units.
	pub total: u64,
	/// The seller's bond, in minor units.
	pub bond: u128,
}

/// An account on a chain.
pub struct Session {
	chain: Chain,
	account: Account,
	id: AccountId,
	wallet: Wallet,
	until: Until,
	turn: Mutex<()>,
}

impl Session {
	/// A session for an account. Reads the chain's key, derives `h_s` from it anew, and finds the account's view key.
	pub async fn open(chain: Chain, account: Account) -> Result<Self> {
		let market = chain.market(None).await?;
		let key = PublicKey::from_modulus(&market.modulus)
			.map_err(|error| Error::wallet(format!("The chain's key cannot be used: {error}.")))?;
		if key.h_s_bytes() != AsRef::<[u8]>::as_ref(&market.nonce_base) {
			return Err(Error::wallet(
				"The chain's h_s does not follow from its modulus; do not use this chain.",
			));
		}
		let id = account.id();
		let record = chain
			.certificate(&id, None)
			.await?
			.and_then(|certificate| certificate.view_key);
		let index = record.map_or(0, |record| record.index);
		if record.is_some_and(|record| Self::view_key(&account, index).ok() != Some(record.key)) {
			return Err(Error::wallet(
				"The certificate shows a view key that is not this account's: somebody else could read its notes.",
			));
		}
		let wallet = Wallet::new(account.keys(), key, chain.genesis().0)?.with_view_index(index);
		Ok(Self {
			chain,
			account,
			id,
			wallet,
			until: Until::Finalized,
			turn: Mutex::new(()),
		})
	}

	/// What calls wait for; [`Until::Finalized`] unless said otherwise.
	pub fn with_until(mut self, until: Until) -> Self {
		self.until = until;
		self
	}

	/// The chain.
	pub fn chain(&self) -> &Chain {
		&self.chain
	}

	/// The account.
	pub fn account(&self) -> &Account {
		&self.account
	}

	/// The account's identity.
	pub fn id(&self) -> &AccountId {
		&self.id
	}

	/// The wallet, for what no method here does.
	pub fn wallet(&self) -> &Wallet {
		&self.wallet
	}

	/// An account's view key with this index, as it is registered.
	pub fn view_key(account: &Account, index: u32) -> Result<ViewKey> {
		ViewKey::new(account.keys().view_key(index).public())
			.ok_or_else(|| Error::wallet("The account has no usable view key."))
	}

	/// The first view key, which [`Session::register_view_key`] registers.
	pub fn own_view_key(&self) -> Result<ViewKey> {
		Self::view_key(&self.account, 0)
	}

	// --- Reading ---

	/// What the account has.
	pub async fn holdings(&self) -> Result<Holdings> {
		let at = self.chain.best().await?;
		let state = self.chain.account(&self.id, Some(at)).await?;
		let incoming = self.open_incoming(at).await?;
		let issued = self.wallet.open_issued(&convert::owned(state.issued.clone()))?;
		Ok(Holdings {
			seq: state.seq,
			balance: self.open_balance(&state)?.value(),
			incoming: incoming
				.into_iter()
				.map(|(id, opened)| OpenCredit {
					id,
					amount: opened.map(|opened| opened.value()),
				})
				.collect(),
			issued: issued.value(),
			quota: state.issuer_quota,
		})
	}

	/// The balance, in minor units.
	pub async fn balance(&self) -> Result<u64> {
		Ok(self
			.open_balance(&self.chain.account(&self.id, None).await?)?
			.value())
	}

	/// The account's listings, in the order of their numbers.
	pub async fn listings(&self) -> Result<Vec<OpenListing>> {
		let mut listings = self.chain.listings(&self.id, None).await?;
		listings.sort_by_key(|(id, _)| id.seq);
		Ok(listings
			.into_iter()
			.map(|(id, listing)| {
				let version = listing.version;
				let contents = self
					.open_listing(&id, listing)
					.map_err(|error| error.to_string())
					.map(|opened| ListingContents {
						price: opened.price().value(),
						stock: opened.stock().value(),
						commodity: opened.commodity().value(),
					});
				OpenListing {
					id,
					version,
					contents,
				}
			})
			.collect())
	}

	/// The quotes that the account got, each checked against its listing.
	pub async fn quotes(&self) -> Result<Vec<OpenQuote>> {
		let at = self.chain.best().await?;
		let mut quotes = self.chain.quotes(&self.id, Some(at)).await?;
		quotes.sort_by(|(one, _), (other, _)| one.cmp(other));
		let mut out = Vec::with_capacity(quotes.len());
		for (listing, quote) in quotes {
			let version = quote.version;
			let contents = match self.chain.listing(&listing, Some(at)).await? {
				Some(on_chain) => self
					.open_quote(&listing, on_chain, quote)
					.map(|opened| QuoteContents {
						price: opened.price().value(),
						commodity: opened.commodity().value(),
					})
					.map_err(|error| error.to_string()),
				None => Err("The listing is gone.".into()),
			};
			out.push(OpenQuote {
				listing,
				version,
				contents,
			});
		}
		Ok(out)
	}

	/// The account's orders, as buyer and as seller, all or those in one state.
	pub async fn orders(&self, state: Option<OrderState>) -> Result<Vec<OpenOrder>> {
		let at = self.chain.best().await?;
		let bought = self.chain.orders_of_buyer(&self.id, state, Some(at)).await?;
		let sold = self.chain.orders_of_seller(&self.id, state, Some(at)).await?;
		let mut items = BTreeMap::new();
		for (_, order) in &sold {
			if !items.contains_key(&order.listing) {
				let listing = self.chain.listing(&order.listing, Some(at)).await?;
				let opened = listing.and_then(|listing| self.open_listing(&order.listing, listing).ok());
				items.insert(
					order.listing.clone(),
					opened.map(|opened| opened.commodity().value()),
				);
			}
		}
		let mut orders: Vec<_> = bought
			.into_iter()
			.map(|(id, order)| self.view_order(id, order, Side::Buyer, None))
			.chain(sold.into_iter().map(|(id, order)| {
				let commodity = items.get(&order.listing).copied().flatten();
				self.view_order(id, order, Side::Seller, commodity)
			}))
			.collect();
		orders.sort_by(|one, other| (one.since, &one.id).cmp(&(other.since, &other.id)));
		Ok(orders)
	}

	/// One order of the account, if it (still) exists and the account has to do with it.
	pub async fn order_view(&self, id: &OrderId<AccountId>) -> Result<Option<OpenOrder>> {
		let at = self.chain.best().await?;
		let Some(order) = self.chain.order(id, Some(at)).await? else {
			return Ok(None);
		};
		if id.buyer == self.id {
			return Ok(Some(self.view_order(id.clone(), order, Side::Buyer, None)));
		}
		if order.listing.seller != self.id {
			return Ok(None);
		}
		let listing = self.chain.listing(&order.listing, Some(at)).await?;
		let commodity = listing
			.and_then(|listing| self.open_listing(&order.listing, listing).ok())
			.map(|opened| opened.commodity().value());
		Ok(Some(self.view_order(id.clone(), order, Side::Seller, commodity)))
	}

	fn view_order(
		&self,
		id: OrderId<AccountId>,
		order: Order<AccountId>,
		side: Side,
		commodity: Option<u64>,
	) -> OpenOrder {
		let (state, since, listing) = (order.state, order.since, order.listing.clone());
		let opened = match side {
			Side::Buyer => self.wallet.open_order_as_buyer(&convert::order(&id, order)),
			Side::Seller => self.wallet.open_order_as_seller(&convert::order(&id, order)),
		};
		let contents = opened
			.map_err(|error| Error::from(error).to_string())
			.map(|opened| OrderContents {
				commodity: commodity.or(opened.commodity()),
				quantity: opened.quantity().value(),
				price: opened.price(),
				total: opened.total().value(),
				bond: opened.bond(),
			});
		OpenOrder {
			id,
			side,
			state,
			since,
			listing,
			contents,
		}
	}

	fn open_balance(&self, state: &AccountState) -> Result<Opened> {
		Ok(self.wallet.open_balance(&convert::owned(state.balance.clone()))?)
	}

	fn open_listing(&self, id: &ListingId<AccountId>, listing: Listing) -> Result<OpenedListing> {
		Ok(self.wallet.open_listing(&convert::listing(id, listing))?)
	}

	fn open_quote(&self, id: &ListingId<AccountId>, listing: Listing, quote: Quote) -> Result<Quoted> {
		Ok(self
			.wallet
			.open_quote(&convert::listing(id, listing), &convert::quote(quote))?)
	}

	/// All credits that are not collected, oldest name first; `None` for those that do not open.
	async fn open_incoming(&self, at: Hash) -> Result<Vec<(CreditId<AccountId>, Option<Opened>)>> {
		let mut credits = self.chain.incoming(&self.id, Some(at)).await?;
		credits.sort_by(|(one, _), (other, _)| one.cmp(other));
		let mut out = Vec::with_capacity(credits.len());
		for (id, credit) in credits {
			let opened = self.open_credit(&id, credit, at).await?;
			out.push((id, opened));
		}
		Ok(out)
	}

	async fn open_credit(
		&self,
		id: &CreditId<AccountId>,
		credit: Credit,
		at: Hash,
	) -> Result<Option<Opened>> {
		let order = if id.kind == CreditKind::Issued {
			None
		} else {
			let order = OrderId {
				buyer: id.creator.clone(),
				seq: id.seq,
			};
			let stored = self.chain.order(&order, Some(at)).await?;
			stored.map(|stored| convert::order(&order, stored))
		};
		Ok(self
			.wallet
			.open_credit(&convert::credit(id, credit), order.as_ref())
			.ok())
	}

	// --- Calls ---

	/// Registers the account's first view key, if it has registered none. `None` if it has.
	pub async fn register_view_key(&self) -> Result<Option<Done<ViewKey>>> {
		let _turn = self.turn().await?;
		let certificate = self
			.chain
			.certificate(&self.id, None)
			.await?
			.ok_or_else(|| no_certificate(&self.id))?;
		if certificate.view_key.is_some() {
			return Ok(None);
		}
		let view_key = self.own_view_key()?;
		let counter = self.chain.request_counter(&self.id).await?.saturating_add(1);
		let call = RuntimeCall::Certificates(pallet_certificates::Call::set_view_key { view_key, counter });
		let included = self
			.chain
			.submit_and_watch(&self.account, call, self.until)
			.await?;
		Ok(Some(Done::new(view_key, included)))
	}

	/// Issues money to an account; it waits there to be collected.
	pub async fn issue(&self, to: &AccountId, amount: u64) -> Result<Done<CreditId<AccountId>>> {
		let _turn = self.turn().await?;
		let at = self.chain.best().await?;
		let state = self.chain.account(&self.id, Some(at)).await?;
		if state.issuer_quota == 0 {
			return Err(Error::wallet("This account may not issue: it has no quota."));
		}
		let party = self.party(to, at).await?;
		let issued = self.wallet.open_issued(&convert::owned(state.issued.clone()))?;
		let call = self
			.wallet
			.issue(state.seq, &issued, state.issuer_quota, &party, amount, &mut OsRng)?;
		let id = CreditId {
			creator: self.id.clone(),
			seq: call.seq,
			kind: CreditKind::Issued,
		};
		let call = Call::issue {
			seq: call.seq,
			salt: convert::salt(call.salt),
			to: to.clone(),
			amount: Box::new(call.amount),
			issued_after: Box::new(call.issued_after),
			own_note: convert::note(call.own_note),
			note: convert::note(call.note),
			proof: convert::proof(call.proof)?,
		};
		self.send(call, id).await
	}

	/// Offers something for sale.
	pub async fn list(&self, item: NewListing) -> Result<Done<ListingId<AccountId>>> {
		let _turn = self.turn().await?;
		let seq = self.seq().await?;
		let (id, call) = self.list_call(seq, item)?;
		self.send(call, id).await
	}

	/// Offers many things for sale, some dozens at once without waiting for each other; in the order given.
	pub async fn list_all(&self, items: &[NewListing]) -> Result<Vec<Done<ListingId<AccountId>>>> {
		let _turn = self.turn().await?;
		let mut out = Vec::with_capacity(items.len());
		for chunk in items.chunks(AT_ONCE) {
			let calls = (self.seq().await?..)
				.zip(chunk)
				.map(|(seq, item)| self.list_call(seq, *item));
			out.extend(self.send_all(calls).await?);
		}
		Ok(out)
	}

	fn list_call(
		&self,
		seq: u64,
		item: NewListing,
	) -> Result<(ListingId<AccountId>, Call<veilmart_runtime::Runtime>)> {
		let call = self
			.wallet
			.list(seq, item.price, item.stock, item.commodity, &mut OsRng)?;
		let id = ListingId {
			seller: self.id.clone(),
			seq,
		};
		let call = Call::list {
			seq,
			salt: convert::salt(call.salt),
			price: Box::new(call.price),
			stock: Box::new(call.stock),
			commodity: Box::new(call.commodity),
			own_note: convert::note(call.own_note),
			proof: convert::proof(call.proof)?,
		};
		Ok((id, call))
	}

	/// Tells a buyer price and item code of an own listing.
	pub async fn quote(&self, listing: u64, buyer: &AccountId) -> Result<Done<ListingId<AccountId>>> {
		let mut done = self.quote_all(&[(listing, buyer.clone())]).await?;
		done.pop().ok_or_else(|| Error::wallet("Nothing was quoted."))
	}

	/// Quotes many listings to buyers, some dozens at once without waiting for each other; in the order given.
	pub async fn quote_all(&self, quotes: &[(u64, AccountId)]) -> Result<Vec<Done<ListingId<AccountId>>>> {
		let _turn = self.turn().await?;
		let mut out = Vec::with_capacity(quotes.len());
		for chunk in quotes.chunks(AT_ONCE) {
			let at = self.chain.best().await?;
			let first = self.chain.account(&self.id, Some(at)).await?.seq;
			let mut calls = Vec::with_capacity(chunk.len());
			for (seq, (listing, buyer)) in (first..).zip(chunk) {
				calls.push(self.quote_call(seq, *listing, buyer, at).await);
			}
			out.extend(self.send_all(calls).await?);
		}
		Ok(out)
	}

	async fn quote_call(
		&self,
		seq: u64,
		listing: u64,
		buyer: &AccountId,
		at: Hash,
	) -> Result<(ListingId<AccountId>, Call<veilmart_runtime::Runtime>)> {
		let id = ListingId {
			seller: self.id.clone(),
			seq: listing,
		};
		let stored = self
			.chain
			.listing(&id, Some(at))
			.await?
			.ok_or_else(|| no_listing(&id))?;
		let party = self.party(buyer, at).await?;
		let call = self
			.wallet
			.quote(seq, &self.open_listing(&id, stored)?, &party, &mut OsRng)?;
		let call = Call::quote {
			seq,
			listing: call.listing,
			buyer: buyer.clone(),
			note: convert::note(call.note),
		};
		Ok((id, call))
	}

	/// Orders pieces of something that the account has a quote for, if one piece costs at most `max_price`.
	pub async fn order(
		&self,
		listing: &ListingId<AccountId>,
		quantity: u64,
		max_price: Option<u64>,
	) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		let at = self.chain.best().await?;
		let stored = self
			.chain
			.listing(listing, Some(at))
			.await?
			.ok_or_else(|| no_listing(listing))?;
		let quote = self
			.chain
			.quote(&self.id, listing, Some(at))
			.await?
			.ok_or_else(|| {
				Error::wallet(format!(
					"You have no quote for listing {}; ask the seller for one.",
					show_listing(listing)
				))
			})?;
		let quoted = self.open_quote(listing, stored, quote)?;
		let price = quoted.price().value();
		if let Some(max_price) = max_price.filter(|max_price| price > *max_price) {
			return Err(Error::wallet(format!(
				"One piece costs {}, which is more than {}.",
				amount::show(price),
				amount::show(max_price)
			)));
		}
		let seller = self.party(&listing.seller, at).await?;
		let terms = self.chain.market(Some(at)).await?.terms.into();
		let state = self.chain.account(&self.id, Some(at)).await?;
		let balance = self.open_balance(&state)?;
		let call = self.wallet.order(
			state.seq,
			&balance,
			&quoted,
			quantity,
			&terms,
			&seller.view_key,
			&mut OsRng,
		)?;
		let id = OrderId {
			buyer: self.id.clone(),
			seq: call.seq,
		};
		let call = Call::order {
			seq: call.seq,
			salt: convert::salt(call.salt),
			listing: listing.clone(),
			version: call.version,
			quantity: Box::new(call.quantity),
			total: Box::new(call.total),
			balance_after: Box::new(call.balance_after),
			own_note: convert::note(call.own_note),
			note: convert::note(call.note),
			quote: convert::note(call.quote),
			proof: convert::proof(call.proof)?,
		};
		self.send(call, id).await
	}

	/// Takes back an own order that is not accepted yet.
	pub async fn cancel(&self, order: u64) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		let id = OrderId {
			buyer: self.id.clone(),
			seq: order,
		};
		self.order_in(&id, OrderState::Placed, Side::Buyer).await?;
		self.send(
			Call::cancel {
				seq: self.seq().await?,
				order,
			},
			id,
		)
		.await
	}

	/// Accepts an order of an own listing: checks the note, takes the pieces off the stock and puts up the bond.
	pub async fn accept(&self, id: &OrderId<AccountId>) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		let at = self.chain.best().await?;
		let order = self.order_in(id, OrderState::Placed, Side::Seller).await?;
		let listing_id = order.listing.clone();
		let listing = self
			.chain
			.listing(&listing_id, Some(at))
			.await?
			.ok_or_else(|| no_listing(&listing_id))?;
		let listing = self.open_listing(&listing_id, listing)?;
		let order: OpenedOrder = self.wallet.open_order_as_seller(&convert::order(id, order))?;
		let state = self.chain.account(&self.id, Some(at)).await?;
		let balance = self.open_balance(&state)?;
		let call = self
			.wallet
			.accept(state.seq, &balance, &listing, &order, &mut OsRng)?;
		let call = Call::accept {
			seq: call.seq,
			salt: convert::salt(call.salt),
			order: id.clone(),
			stock_after: Box::new(call.stock_after),
			balance_after: Box::new(call.balance_after),
			own_note: convert::note(call.own_note),
			stock_note: convert::note(call.stock_note),
			proof: convert::proof(call.proof)?,
		};
		self.send(call, id.clone()).await
	}

	/// Declines an order of an own listing.
	pub async fn decline(
		&self,
		id: &OrderId<AccountId>,
		reason: DeclineReason,
	) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		self.order_in(id, OrderState::Placed, Side::Seller).await?;
		self.send(
			Call::decline {
				seq: self.seq().await?,
				order: id.clone(),
				reason,
			},
			id.clone(),
		)
		.await
	}

	/// Says that an accepted order was shipped.
	pub async fn ship(&self, id: &OrderId<AccountId>) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		self.order_in(id, OrderState::Accepted, Side::Seller).await?;
		self.send(
			Call::ship {
				seq: self.seq().await?,
				order: id.clone(),
			},
			id.clone(),
		)
		.await
	}

	/// Confirms that an own order arrived.
	pub async fn confirm(&self, order: u64) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		let id = OrderId {
			buyer: self.id.clone(),
			seq: order,
		};
		self.order_in(&id, OrderState::Shipped, Side::Buyer).await?;
		self.send(
			Call::confirm {
				seq: self.seq().await?,
				order,
			},
			id,
		)
		.await
	}

	/// Takes these credits, up to 16, into the balance. A credit whose note does not open it is refused here:
	/// the balance could not be opened any more.
	pub async fn collect(&self, credits: &[CreditId<AccountId>]) -> Result<Done<Vec<OpenCredit>>> {
		let _turn = self.turn().await?;
		let at = self.chain.best().await?;
		let incoming = self.open_incoming(at).await?;
		let chosen = credits
			.iter()
			.map(|id| match incoming.iter().find(|(found, _)| found == id) {
				Some((_, Some(opened))) => Ok((id.clone(), opened.clone())),
				Some((_, None)) => Err(Error::wallet(
					"The note of this credit does not open it; leave it where it is.",
				)),
				None => Err(Error::wallet("There is no such credit to collect.")),
			})
			.collect::<Result<Vec<_>>>()?;
		self.collect_opened(chosen, at).await
	}

	/// Takes every credit that opens into the balance, 16 in each call.
	pub async fn collect_all(&self) -> Result<Vec<Done<Vec<OpenCredit>>>> {
		let _turn = self.turn().await?;
		let mut out = Vec::new();
		loop {
			let at = self.chain.best().await?;
			let ready: Vec<_> = self
				.open_incoming(at)
				.await?
				.into_iter()
				.filter_map(|(id, opened)| Some((id, opened?)))
				.take(MAX_COLLECT as usize)
				.collect();
			if ready.is_empty() {
				return Ok(out);
			}
			out.push(self.collect_opened(ready, at).await?);
		}
	}

	async fn collect_opened(
		&self,
		credits: Vec<(CreditId<AccountId>, Opened)>,
		at: Hash,
	) -> Result<Done<Vec<OpenCredit>>> {
		let state = self.chain.account(&self.id, Some(at)).await?;
		let balance = self.open_balance(&state)?;
		let named: Vec<_> = credits
			.iter()
			.map(|(id, opened)| (convert::credit_name(id), opened.clone()))
			.collect();
		let call = self.wallet.collect(state.seq, &balance, &named, &mut OsRng)?;
		let names: Vec<_> = call.credits.iter().map(convert::credit_id).collect();
		let call = Call::collect {
			seq: call.seq,
			credits: names
				.try_into()
				.map_err(|_| Error::wallet("These are more credits than one call takes."))?,
			own_note: convert::note(call.own_note),
		};
		let collected = credits
			.into_iter()
			.map(|(id, opened)| OpenCredit {
				id,
				amount: Some(opened.value()),
			})
			.collect();
		self.send(call, collected).await
	}

	// --- What calls share ---

	/// One call at a time, and none on top of transactions that are still in the pool.
	async fn turn(&self) -> Result<MutexGuard<'_, ()>> {
		let turn = self.turn.lock().await;
		let started = Instant::now();
		while self.chain.pending(&self.id).await? > 0 {
			if started.elapsed() > PENDING_TIMEOUT {
				return Err(Error::node(
					"Earlier transactions of this account are still waiting in the node's pool; try again later.",
				));
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
		Ok(turn)
	}

	async fn seq(&self) -> Result<u64> {
		Ok(self.chain.account(&self.id, None).await?.seq)
	}

	/// Whom notes are sealed to.
	async fn party(&self, account: &AccountId, at: Hash) -> Result<Party> {
		let certificate = self
			.chain
			.certificate(account, Some(at))
			.await?
			.ok_or_else(|| no_certificate(account))?;
		let record = certificate.view_key.ok_or_else(|| {
			Error::wallet(format!(
				"{} has not registered a view key, so nothing can be sealed to it.",
				address(account)
			))
		})?;
		Ok(Party {
			account: convert::bytes(account),
			view_key: *record.key.as_bytes(),
		})
	}

	/// The order, if the account is on this side of it and it is in this state.
	async fn order_in(
		&self,
		id: &OrderId<AccountId>,
		state: OrderState,
		side: Side,
	) -> Result<Order<AccountId>> {
		let name = show_order(id);
		let order = self
			.chain
			.order(id, None)
			.await?
			.ok_or_else(|| Error::wallet(format!("There is no order {name} (any more).")))?;
		let party = match side {
			Side::Buyer => &id.buyer,
			Side::Seller => &order.listing.seller,
		};
		if *party != self.id {
			return Err(Error::wallet(format!(
				"Order {name} is not yours to do this with."
			)));
		}
		if order.state != state {
			return Err(Error::wallet(format!(
				"Order {name} is {}; this is possible only while it is {}.",
				order_state(order.state),
				order_state(state)
			)));
		}
		Ok(order)
	}

	async fn send<T>(&self, call: Call<veilmart_runtime::Runtime>, id: T) -> Result<Done<T>> {
		let included = self
			.chain
			.submit_and_watch(&self.account, RuntimeCall::Ecommerce(call), self.until)
			.await?;
		Ok(Done::new(id, included))
	}

	/// Sends calls with rising sequence numbers one after the other, then waits for all. The first that fails ends it:
	/// those behind it have to be made anew.
	async fn send_all<T>(
		&self,
		calls: impl IntoIterator<Item = Result<(T, Call<veilmart_runtime::Runtime>)>>,
	) -> Result<Vec<Done<T>>> {
		let first = self.chain.next_nonce(&self.id).await?;
		let mut sent = Vec::new();
		for (nonce, call) in (first..).zip(calls) {
			let (id, call) = call?;
			sent.push((
				id,
				self.chain
					.submit_as(&self.account, nonce, RuntimeCall::Ecommerce(call))
					.await?,
			));
		}
		let mut out = Vec::with_capacity(sent.len());
		for (id, sent) in sent {
			out.push(Done::new(id, sent.wait(self.until).await?));
		}
		Ok(out)
	}
}

impl core::fmt::Debug for Session {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "Session({})", self.account.address())
	}
}

fn no_certificate(account: &AccountId) -> Error {
	Error::wallet(format!("{} has no certificate.", address(account)))
}

fn no_listing(id: &ListingId<AccountId>) -> Error {
	Error::wallet(format!("There is no listing {}.", show_listing(id)))
}

//! What an account sees: its state, opened and checked.

use std::collections::BTreeMap;

use futures::future::{try_join, try_join3};
use pallet_certificates::{Moment, OrderId};
use pallet_ecommerce::{
	runtime_api::{AccountState, Market},
	Credit, CreditId, Listing, ListingId, Order, OrderState, Quote, RedemptionId,
};
use veilmart_runtime::{AccountId, Hash};
use veilmart_wallet::opening::{Opened, OpenedListing, Quoted};

use super::Session;
use crate::{
	convert,
	error::{Error, Result},
};

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

/// What somebody redeemed with the account, opened.
#[derive(Clone, Debug)]
pub struct OpenRedemption {
	/// Its name.
	pub id: RedemptionId<AccountId>,
	/// Its amount in minor units; `None` if its note does not open it, so that nobody can say what is owed.
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
	/// When its deadline acts, in milliseconds since the Unix epoch, unless the chain halts until then; `None` once nothing
	/// is left to happen.
	pub due: Option<Moment>,
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

impl Session {
	/// What the account has.
	pub async fn holdings(&self) -> Result<Holdings> {
		let at = self.chain.best().await?;
		let state = self.chain.account(&self.id, Some(at));
		let (state, incoming) = try_join(state, self.open_incoming(at)).await?;
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

	/// What was redeemed with the account, is final and is not settled, oldest name first. It is paid outside of the chain, which no
	/// abandoned block takes back.
	pub async fn redemptions(&self) -> Result<Vec<OpenRedemption>> {
		let at = self.chain.finalized().await?;
		let mut redemptions = self.chain.redemptions(&self.id, Some(at)).await?;
		redemptions.sort_by(|(one, _), (other, _)| one.cmp(other));
		Ok(redemptions
			.into_iter()
			.map(|(id, redemption)| {
				let opened = self.wallet.open_redemption(&convert::redemption(&id, redemption));
				OpenRedemption {
					amount: opened.ok().map(|opened| opened.value()),
					id,
				}
			})
			.collect())
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
		let bought = self.chain.orders_of_buyer(&self.id, state, Some(at));
		let sold = self.chain.orders_of_seller(&self.id, state, Some(at));
		let (bought, sold, market) = try_join3(bought, sold, self.chain.market(Some(at))).await?;
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
			.map(|(id, order)| self.view_order(id, order, Side::Buyer, None, &market))
			.chain(sold.into_iter().map(|(id, order)| {
				let commodity = items.get(&order.listing).copied().flatten();
				self.view_order(id, order, Side::Seller, commodity, &market)
			}))
			.collect();
		orders.sort_by(|one, other| (one.since, &one.id).cmp(&(other.since, &other.id)));
		Ok(orders)
	}

	/// One order of the account, if it (still) exists and the account has to do with it.
	pub async fn order_view(&self, id: &OrderId<AccountId>) -> Result<Option<OpenOrder>> {
		self.order_view_at(id, self.chain.best().await?).await
	}

	/// The same after a block.
	pub async fn order_view_at(&self, id: &OrderId<AccountId>, at: Hash) -> Result<Option<OpenOrder>> {
		let order = self.chain.order(id, Some(at));
		let (order, market) = try_join(order, self.chain.market(Some(at))).await?;
		let Some(order) = order else {
			return Ok(None);
		};
		if id.buyer == self.id {
			return Ok(Some(self.view_order(
				id.clone(),
				order,
				Side::Buyer,
				None,
				&market,
			)));
		}
		if order.listing.seller != self.id {
			return Ok(None);
		}
		let listing = self.chain.listing(&order.listing, Some(at)).await?;
		let commodity = listing
			.and_then(|listing| self.open_listing(&order.listing, listing).ok())
			.map(|opened| opened.commodity().value());
		Ok(Some(self.view_order(
			id.clone(),
			order,
			Side::Seller,
			commodity,
			&market,
		)))
	}

	fn view_order(
		&self,
		id: OrderId<AccountId>,
		order: Order<AccountId>,
		side: Side,
		commodity: Option<u64>,
		market: &Market,
	) -> OpenOrder {
		let (state, since, listing) = (order.state, order.since, order.listing.clone());
		let due = order.due.map(|due| market.falls(due));
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
			due,
			listing,
			contents,
		}
	}

	pub(super) fn open_balance(&self, state: &AccountState) -> Result<Opened> {
		Ok(self.wallet.open_balance(&convert::owned(state.balance.clone()))?)
	}

	pub(crate) fn open_listing(&self, id: &ListingId<AccountId>, listing: Listing) -> Result<OpenedListing> {
		Ok(self.wallet.open_listing(&convert::listing(id, listing))?)
	}

	pub(super) fn open_quote(
		&self,
		id: &ListingId<AccountId>,
		listing: Listing,
		quote: Quote,
	) -> Result<Quoted> {
		Ok(self
			.wallet
			.open_quote(&convert::listing(id, listing), &convert::quote(quote))?)
	}

	/// All credits that are not collected, oldest name first; `None` for those that do not open.
	pub(super) async fn open_incoming(&self, at: Hash) -> Result<Vec<(CreditId<AccountId>, Option<Opened>)>> {
		let mut credits = self.chain.incoming(&self.id, Some(at)).await?;
		credits.sort_by(|(one, _), (other, _)| one.cmp(other));
		let mut out = Vec::with_capacity(credits.len());
		for (id, credit) in credits {
			let opened = self.open_credit(&id, credit, at).await?;
			out.push((id, opened));
		}
		Ok(out)
	}

	pub(super) async fn open_credit(
		&self,
		id: &CreditId<AccountId>,
		credit: Credit,
		at: Hash,
	) -> Result<Option<Opened>> {
		let order = if !id.kind.is_of_order() {
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
}

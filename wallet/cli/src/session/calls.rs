//! What an account does on the straight way of a purchase, one method for each call; and what all calls share.

use std::time::{Duration, Instant};

use futures::{
	future::{join, try_join, try_join3},
	lock::MutexGuard,
};
use pallet_certificates::OrderId;
use pallet_ecommerce::{
	Call, CreditId, CreditKind, DeclineReason, ListingId, Order, OrderState, MAX_COLLECT,
};
use rand_core::OsRng;
use veilmart_runtime::{AccountId, Hash, Runtime, RuntimeCall};
use veilmart_wallet::{
	opening::{Opened, OpenedOrder, Quoted},
	state::{Party, Terms},
};

use super::{bodies, OpenCredit, Session, Side};
use crate::{
	account::address,
	amount, convert,
	error::{Error, Result},
	names::{order_state, show_listing, show_order},
	transaction::{Included, Way},
};

/// How long a session waits for the account's earlier transactions.
pub(super) const PENDING_TIMEOUT: Duration = Duration::from_secs(60);

/// Calls that are sent without waiting for each other, well below the quota of a minute.
pub(super) const AT_ONCE: usize = 50;

/// A call that has happened.
#[derive(Clone, Debug)]
pub struct Done<T> {
	/// What it is about: the new listing, order or credit, or the one that was named.
	pub id: T,
	/// The transaction's hash.
	pub transaction: Hash,
	/// The block that it is in.
	pub block: Hash,
	/// Who could read it before.
	pub way: Way,
}

impl<T> Done<T> {
	fn new(id: T, included: Included) -> Self {
		Self {
			id,
			transaction: included.transaction,
			block: included.block,
			way: included.way,
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

/// What an order is made upon, besides what the buyer has.
pub(super) struct Offer {
	pub(super) quoted: Quoted,
	pub(super) terms: Terms,
	pub(super) seller: Party,
}

impl Session {
	/// Issues money to an account; it waits there to be collected.
	pub async fn issue(&self, to: &AccountId, amount: u64) -> Result<Done<CreditId<AccountId>>> {
		let _turn = self.turn().await?;
		let at = self.chain.best().await?;
		let state = self.chain.account(&self.id, Some(at));
		let (state, party) = join(state, self.party(to, at)).await;
		let state = state?;
		if state.issuer_quota == 0 {
			return Err(Error::wallet("This account may not issue: it has no quota."));
		}
		let party = party?;
		let issued = self.wallet.open_issued(&convert::owned(state.issued.clone()))?;
		let call = self
			.wallet
			.issue(state.seq, &issued, state.issuer_quota, &party, amount, &mut OsRng)?;
		let id = CreditId {
			creator: self.id.clone(),
			seq: call.seq,
			kind: CreditKind::Issued,
		};
		self.send(bodies::issue(call)?, id).await
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

	pub(super) fn list_call(
		&self,
		seq: u64,
		item: NewListing,
	) -> Result<(ListingId<AccountId>, Call<Runtime>)> {
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
	) -> Result<(ListingId<AccountId>, Call<Runtime>)> {
		let id = ListingId {
			seller: self.id.clone(),
			seq: listing,
		};
		let stored = self.chain.listing(&id, Some(at));
		let (stored, party) = try_join(stored, self.party(buyer, at)).await?;
		let stored = stored.ok_or_else(|| no_listing(&id))?;
		let call = self
			.wallet
			.quote(seq, &self.open_listing(&id, stored)?, &party, &mut OsRng)?;
		Ok((id, bodies::quote(call)))
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
		let state = self.chain.account(&self.id, Some(at));
		let (offer, state) = try_join(self.offer(listing, max_price, at), state).await?;
		let balance = self.open_balance(&state)?;
		let call = self.wallet.order(
			state.seq,
			&balance,
			&offer.quoted,
			quantity,
			&offer.terms,
			&offer.seller.view_key,
			&mut OsRng,
		)?;
		let id = convert::order_id(&call.order.name());
		self.send(bodies::order(call)?, id).await
	}

	/// What the seller and the chain say to an order after a block, if there is a quote and one piece costs at most `max_price`.
	pub(super) async fn offer(
		&self,
		listing: &ListingId<AccountId>,
		max_price: Option<u64>,
		at: Hash,
	) -> Result<Offer> {
		let (stored, quote, market) = try_join3(
			self.chain.listing(listing, Some(at)),
			self.chain.quote(&self.id, listing, Some(at)),
			self.chain.market(Some(at)),
		)
		.await?;
		let stored = stored.ok_or_else(|| no_listing(listing))?;
		let quote = quote.ok_or_else(|| no_quote(listing))?;
		let quoted = self.open_quote(listing, stored, quote)?;
		let price = quoted.price().value();
		if let Some(max_price) = max_price.filter(|max_price| price > *max_price) {
			return Err(Error::wallet(format!(
				"One piece costs {}, which is more than {}.",
				amount::show(price),
				amount::show(max_price)
			)));
		}
		Ok(Offer {
			quoted,
			terms: market.terms.into(),
			seller: self.party(&listing.seller, at).await?,
		})
	}

	/// Takes back an own order that is not accepted yet.
	pub async fn cancel(&self, order: u64) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		let id = OrderId {
			buyer: self.id.clone(),
			seq: order,
		};
		let order_in = self.order_in(&id, OrderState::Placed, Side::Buyer);
		let (_, seq) = try_join(order_in, self.seq()).await?;
		self.send(Call::cancel { seq, order }, id).await
	}

	/// Accepts an order of an own listing: checks the note, takes the pieces off the stock and puts up the bond.
	pub async fn accept(&self, id: &OrderId<AccountId>) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		let at = self.chain.best().await?;
		let order = self.order_in(id, OrderState::Placed, Side::Seller).await?;
		let listing_id = order.listing.clone();
		let listing = self.chain.listing(&listing_id, Some(at));
		let state = self.chain.account(&self.id, Some(at));
		let (listing, state) = try_join(listing, state).await?;
		let listing = listing.ok_or_else(|| no_listing(&listing_id))?;
		let listing = self.open_listing(&listing_id, listing)?;
		let order: OpenedOrder = self.wallet.open_order_as_seller(&convert::order(id, order))?;
		let balance = self.open_balance(&state)?;
		let call = self
			.wallet
			.accept(state.seq, &balance, &listing, &order, &mut OsRng)?;
		self.send(bodies::accept(call)?, id.clone()).await
	}

	/// Declines an order of an own listing.
	pub async fn decline(
		&self,
		id: &OrderId<AccountId>,
		reason: DeclineReason,
	) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		let order_in = self.order_in(id, OrderState::Placed, Side::Seller);
		let (_, seq) = try_join(order_in, self.seq()).await?;
		self.send(
			Call::decline {
				seq,
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
		let order_in = self.order_in(id, OrderState::Accepted, Side::Seller);
		let (_, seq) = try_join(order_in, self.seq()).await?;
		self.send(
			Call::ship {
				seq,
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
		let order_in = self.order_in(&id, OrderState::Shipped, Side::Buyer);
		let (_, seq) = try_join(order_in, self.seq()).await?;
		self.send(Call::confirm { seq, order }, id).await
	}

	/// Takes these credits, up to 16, into the balance. A credit whose note does not open it is refused here:
	/// the balance could not be opened any more.
	///
	/// The chain does not compare the note that `collect` leaves with the balance. In a block that is abandoned a credit may
	/// have the name of another, so only what is final is collected.
	pub async fn collect(&self, credits: &[CreditId<AccountId>]) -> Result<Done<Vec<OpenCredit>>> {
		let _turn = self.turn().await?;
		let (at, _) = self.settled().await?;
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

	/// Takes every credit that opens and is final into the balance, 16 in each call.
	pub async fn collect_all(&self) -> Result<Vec<Done<Vec<OpenCredit>>>> {
		let _turn = self.turn().await?;
		let mut out = Vec::new();
		loop {
			let (at, _) = self.settled().await?;
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

	// What calls share.

	/// One call at a time, and none on top of transactions that are still in the pool.
	pub(super) async fn turn(&self) -> Result<MutexGuard<'_, ()>> {
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

	pub(super) async fn seq(&self) -> Result<u64> {
		Ok(self.chain.account(&self.id, None).await?.seq)
	}

	/// Whom notes are sealed to.
	pub(super) async fn party(&self, account: &AccountId, at: Hash) -> Result<Party> {
		let certificate = self
			.chain
			.certificate(account, Some(at))
			.await?
			.ok_or_else(|| Error::no_certificate(account))?;
		let record = certificate.view_key.ok_or_else(|| {
			Error::wallet(format!(
				"{} has not registered a view key, so nothing can be sealed to it; its owner has to run `veilmart certificate view-key` first.",
				address(account)
			))
		})?;
		Ok(Party {
			account: convert::bytes(account),
			view_key: *record.key.as_bytes(),
		})
	}

	/// The order, if the account is on this side of it and it is in this state.
	pub(super) async fn order_in(
		&self,
		id: &OrderId<AccountId>,
		state: OrderState,
		side: Side,
	) -> Result<Order<AccountId>> {
		let stored = self.chain.order(id, None).await?;
		self.fitting(id, stored, state, side)
	}

	/// The order as it was read, if the account is on this side of it and it is in this state.
	pub(super) fn fitting(
		&self,
		id: &OrderId<AccountId>,
		stored: Option<Order<AccountId>>,
		state: OrderState,
		side: Side,
	) -> Result<Order<AccountId>> {
		let name = show_order(id);
		let order = stored.ok_or_else(|| Error::wallet(format!("There is no order {name} (any more).")))?;
		let party = match side {
			Side::Buyer => &id.buyer,
			Side::Seller => &order.listing.seller,
		};
		if *party != self.id {
			let party = match side {
				Side::Buyer => "buyer",
				Side::Seller => "seller",
			};
			return Err(Error::wallet(format!(
				"Only the {party} of order {name} can do this."
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

	pub(super) async fn send<T>(&self, call: Call<Runtime>, id: T) -> Result<Done<T>> {
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
		calls: impl IntoIterator<Item = Result<(T, Call<Runtime>)>>,
	) -> Result<Vec<Done<T>>> {
		if self.chain.seals() {
			let mut out = Vec::new();
			for call in calls {
				let (id, call) = call?;
				out.push(self.send(call, id).await?);
			}
			return Ok(out);
		}
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

pub(super) fn no_quote(id: &ListingId<AccountId>) -> Error {
	Error::wallet(format!(
		"You have no quote for listing {}; ask the seller for one.",
		show_listing(id)
	))
}

pub(super) fn no_listing(id: &ListingId<AccountId>) -> Error {
	Error::wallet(format!(
		"There is no listing {}; `veilmart listings` shows those there are.",
		show_listing(id)
	))
}

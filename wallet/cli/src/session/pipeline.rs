//! Calls of one account in a row, without waiting for blocks.
//!
//! Every proof is about what the call before it leaves behind. A [`Pipeline`] therefore carries forward what the account
//! will have once all that it sent is in blocks: the opened balance, what was issued, the opened listings that it touched, the
//! states of its orders, the quotes that are used up, the marketplace's sequence number and the transaction number. So one block
//! can take many acceptances, or many orders.
//!
//! 1. It starts from a *final* block in which all earlier calls of the account have their effect, and reads nothing younger.
//! 2. What it carries moves on only when the node's pool took a call. A call that the wallet or the pool refuses leaves no
//!    trace: the next one is made with the same numbers.
//! 3. If nobody can say whether the pool took a call, because the connection broke, no further call is made.
//! 4. When a call fails on the chain, those behind it fail, too: each names the sequence number that the failed one should
//!    have raised. Nothing that was carried outlives the pipeline; the next one starts from the chain again.
//! 5. A call that was given up may still sit in some node's pool and come back to life when the numbers before it are used
//!    up by other calls. What it says of the account has to be true then, too:
//!    - `order`, `transfer`, `redeem`, `dispute`, `accept` and `issue` go anywhere in a row. Each names the ciphertext that it
//!      leaves behind, of the balance or of what was issued, and the chain compares that with the one that it finds: upon
//!      anything else than it was made for it is refused.
//!    - `list`, `quote`, `cancel`, `confirm`, `decline` and `ship` go anywhere. They say nothing about what other calls change.
//!    - `collect`, `restock` and `reprice` would be fatal: they leave a note about a balance or a stock that the chain does not
//!      compare with it, and beside another one it would open nothing any more. They go only first, upon a state that is final
//!      for that sequence number.
//!    - The note that `accept` leaves beside the stock says the price, too, which the chain does not compare either. One that was
//!      given up may come back to life behind a `reprice` that was made later, and nothing keeps it from that. Therefore the
//!      wallet does not read the price in the note. For the sake of those who do, `accept` does not go behind a `reprice` of
//!      the listing.
//! 6. A row is no more careless than single calls: what the chain would refuse behind the calls before it, the wallet refuses. A
//!    quote is good for one order, an order is confirmed once.

use std::{
	collections::{BTreeMap, BTreeSet},
	time::{Duration, Instant},
};

use codec::Encode;
use futures::{
	future::{try_join, try_join3, try_join4},
	lock::MutexGuard,
};
use pallet_certificates::OrderId;
use pallet_ecommerce::{
	Call, CreditId, CreditKind, DeclineReason, ListingId, Order, OrderState, RedemptionId, MAX_COLLECT,
};
use rand_core::OsRng;
use sp_runtime::{
	generic::Era,
	traits::{BlakeTwo256, Hash as _},
};
use veilmart_runtime::{AccountId, Hash, Nonce, Runtime, RuntimeCall};
use veilmart_wallet::opening::{Opened, OpenedListing};

use super::{
	bodies,
	calls::{no_listing, no_quote, NewListing, AT_ONCE, PENDING_TIMEOUT},
	Session, Side,
};
use crate::{
	convert,
	error::{Error, Result},
	transaction::{Included, Sent},
};

/// How often it is looked whether earlier calls are final.
const PAUSE: Duration = Duration::from_millis(200);

/// Is told of each transaction before it leaves: its hash and its numbers. An error keeps it here.
pub type Announce<'a> = Box<dyn FnMut(Hash, Numbers) -> Result<()> + Send + 'a>;

/// Calls in a row. While there is one, no other call of the session is made.
pub struct Pipeline<'a> {
	session: &'a Session,
	_turn: MutexGuard<'a, ()>,
	at: Hash,
	validity: (Era, Hash),
	next: Numbers,
	room: usize,
	balance: Opened,
	/// What the account has issued and may issue in all; `None` if that does not open.
	issued: Option<Opened>,
	issuer_quota: u64,
	listings: BTreeMap<u64, OpenedListing>,
	repriced: BTreeSet<u64>,
	/// The states of orders after the calls that were sent.
	orders: BTreeMap<OrderId<AccountId>, OrderState>,
	used_quotes: BTreeSet<ListingId<AccountId>>,
	sent: Vec<Sent>,
	broken: bool,
	announce: Option<Announce<'a>>,
}

/// The numbers of a call: each is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
	/// The marketplace's sequence number.
	pub seq: u64,
	/// The transaction number.
	pub nonce: Nonce,
}

/// What became of a call that was sent.
#[derive(Clone, Debug)]
pub enum Outcome {
	/// It happened.
	Done(Included),
	/// It did not happen, or nobody can say.
	Failed(Error),
	/// A call before it failed. What is true, the chain's state tells.
	Forgotten,
}

impl Session {
	/// A pipeline from the last final block on, once the account's earlier calls are final.
	pub async fn pipeline(&self) -> Result<Pipeline<'_>> {
		let turn = self.turn().await?;
		let (at, nonce) = self.settled().await?;
		let (state, quota, validity) = try_join3(
			self.chain.account(&self.id, Some(at)),
			self.chain.quota_left(&self.id),
			self.chain.validity(),
		)
		.await?;
		Ok(Pipeline {
			session: self,
			_turn: turn,
			at,
			validity,
			next: Numbers {
				seq: state.seq,
				nonce,
			},
			room: usize::try_from(quota).unwrap_or(AT_ONCE).min(AT_ONCE),
			balance: self.open_balance(&state)?,
			issued: self.wallet.open_issued(&convert::owned(state.issued)).ok(),
			issuer_quota: state.issuer_quota,
			listings: BTreeMap::new(),
			repriced: BTreeSet::new(),
			orders: BTreeMap::new(),
			used_quotes: BTreeSet::new(),
			sent: Vec::new(),
			broken: false,
			announce: None,
		})
	}

	/// Whether a call that was sent with these numbers can no longer happen, as the last final block tells: its transaction number
	/// is used up, and the marketplace has not come to its sequence number.
	pub async fn is_void(&self, call: Numbers) -> Result<bool> {
		let at = self.chain.finalized().await?;
		let state = self.chain.account(&self.id, Some(at));
		let (state, nonce) = try_join(state, self.chain.nonce(&self.id, at)).await?;
		Ok(nonce > call.nonce && state.seq <= call.seq)
	}

	/// The last final block, once all calls of the account are in it or before it, and the account's transaction number.
	pub(super) async fn settled(&self) -> Result<(Hash, Nonce)> {
		let started = Instant::now();
		loop {
			let (at, best) = try_join(self.chain.finalized(), self.chain.best()).await?;
			let (then, now, nonce, next) = try_join4(
				self.chain.account(&self.id, Some(at)),
				self.chain.account(&self.id, Some(best)),
				self.chain.nonce(&self.id, at),
				self.chain.next_nonce(&self.id),
			)
			.await?;
			// Proxies raise the sequence number without the account's transaction number.
			if then.seq == now.seq && nonce == next {
				return Ok((at, nonce));
			}
			if started.elapsed() > PENDING_TIMEOUT {
				return Err(Error::node(
					"Earlier transactions of this account do not become final; try again later.",
				));
			}
			tokio::time::sleep(PAUSE).await;
		}
	}
}

impl<'a> Pipeline<'a> {
	/// The same, which says of each transaction that it is about to leave.
	pub fn announcing(mut self, announce: Announce<'a>) -> Self {
		self.announce = Some(announce);
		self
	}

	/// The block from which on its transactions are valid.
	pub fn begins(&self) -> Hash {
		self.validity.1
	}

	/// The final block that the pipeline started from: what calls are decided upon.
	pub fn at(&self) -> Hash {
		self.at
	}

	/// The numbers of the next call.
	pub fn numbers(&self) -> Numbers {
		self.next
	}

	/// The balance once all that was sent has happened, in minor units.
	pub fn balance(&self) -> u64 {
		self.balance.value()
	}

	/// How many more calls it takes: some dozens, and no more than the account's quota.
	pub fn room(&self) -> usize {
		if self.broken {
			0
		} else {
			self.room
		}
	}

	/// How many calls were sent.
	pub fn len(&self) -> usize {
		self.sent.len()
	}

	/// Whether nothing was sent.
	pub fn is_empty(&self) -> bool {
		self.sent.is_empty()
	}

	/// The credits that waited in the block that it started from; `None` for those that do not open.
	pub async fn incoming(&self) -> Result<Vec<(CreditId<AccountId>, Option<Opened>)>> {
		self.session.open_incoming(self.at).await
	}

	/// Issues money to an account.
	pub async fn issue(&mut self, to: &AccountId, amount: u64) -> Result<CreditId<AccountId>> {
		if self.issuer_quota == 0 {
			return Err(Error::wallet("This account may not issue: it has no quota."));
		}
		let session = self.session;
		let party = session.party(to, self.at).await?;
		let issued = self.issued.as_ref().ok_or_else(|| {
			Error::wallet("What the account has issued so far does not open, so nothing can be added to it.")
		})?;
		let call = session.wallet.issue(
			self.next.seq,
			issued,
			self.issuer_quota,
			&party,
			amount,
			&mut OsRng,
		)?;
		let (seq, issued) = (call.seq, call.issued.clone());
		self.push(bodies::issue(call)?).await?;
		self.issued = Some(issued);
		Ok(self.created(seq, CreditKind::Issued))
	}

	/// Sends money to an account.
	pub async fn transfer(&mut self, to: &AccountId, amount: u64) -> Result<CreditId<AccountId>> {
		let session = self.session;
		let party = session.party(to, self.at).await?;
		let call = session
			.wallet
			.transfer(self.next.seq, &self.balance, &party, amount, &mut OsRng)?;
		let (seq, balance) = (call.seq, call.balance.clone());
		self.push(bodies::transfer(call)?).await?;
		self.balance = balance;
		Ok(self.created(seq, CreditKind::Transfer))
	}

	/// Burns money, which the issuer has to pay outside of the chain.
	pub async fn redeem(&mut self, issuer: &AccountId, amount: u64) -> Result<RedemptionId<AccountId>> {
		let session = self.session;
		let party = session.party(issuer, self.at).await?;
		let call = session
			.wallet
			.redeem(self.next.seq, &self.balance, &party, amount, &mut OsRng)?;
		let (seq, balance) = (call.seq, call.balance.clone());
		self.push(bodies::redeem(call)?).await?;
		self.balance = balance;
		Ok(RedemptionId {
			holder: session.id.clone(),
			seq,
		})
	}

	/// Offers something for sale.
	pub async fn list(&mut self, item: NewListing) -> Result<ListingId<AccountId>> {
		let (id, call) = self.session.list_call(self.next.seq, item)?;
		self.push(call).await?;
		Ok(id)
	}

	/// Sets another price for an own listing. Only as the first call.
	pub async fn reprice(&mut self, listing: u64, price: u64) -> Result<ListingId<AccountId>> {
		self.ensure_first("A price is changed")?;
		let session = self.session;
		let opened = self.listing(listing).await?;
		let call = session
			.wallet
			.reprice(self.next.seq, &opened, price, &mut OsRng)?;
		let after = call.listing.clone();
		self.push(bodies::reprice(call)?).await?;
		self.listings.insert(listing, after);
		self.repriced.insert(listing);
		Ok(session.own_listing(listing))
	}

	/// Adds pieces to the stock of an own listing. Only as the first call.
	pub async fn restock(&mut self, listing: u64, pieces: u64) -> Result<ListingId<AccountId>> {
		self.ensure_first("A stock is added to")?;
		let session = self.session;
		let opened = self.listing(listing).await?;
		let call = session
			.wallet
			.restock(self.next.seq, &opened, pieces, &mut OsRng)?;
		let after = call.listing.clone();
		self.push(bodies::restock(call)?).await?;
		self.listings.insert(listing, after);
		Ok(session.own_listing(listing))
	}

	/// Tells a buyer price and item code of an own listing.
	pub async fn quote(&mut self, listing: u64, buyer: &AccountId) -> Result<()> {
		let session = self.session;
		// As the calls before it leave it: a quote for an older price is worth nothing.
		let opened = self.listing(listing).await?;
		let party = session.party(buyer, self.at).await?;
		let call = session.wallet.quote(self.next.seq, &opened, &party, &mut OsRng)?;
		self.push(bodies::quote(call)).await
	}

	/// Orders pieces of something that the account has a quote for, if one piece costs at most `max_price`.
	pub async fn order(
		&mut self,
		listing: &ListingId<AccountId>,
		quantity: u64,
		max_price: Option<u64>,
	) -> Result<OrderId<AccountId>> {
		if self.used_quotes.contains(listing) {
			return Err(no_quote(listing));
		}
		let session = self.session;
		let offer = session.offer(listing, max_price, self.at).await?;
		let call = session.wallet.order(
			self.next.seq,
			&self.balance,
			&offer.quoted,
			quantity,
			&offer.terms,
			&offer.seller.view_key,
			&mut OsRng,
		)?;
		let (id, balance) = (convert::order_id(&call.order.name()), call.balance.clone());
		self.push(bodies::order(call)?).await?;
		self.balance = balance;
		self.used_quotes.insert(listing.clone());
		Ok(id)
	}

	/// Takes back an own order that is not accepted yet.
	pub async fn cancel(&mut self, order: u64) -> Result<OrderId<AccountId>> {
		let id = self.own_order(order);
		self.order_in(&id, OrderState::Placed, Side::Buyer).await?;
		let seq = self.next.seq;
		self.push(Call::cancel { seq, order }).await?;
		self.orders.insert(id.clone(), OrderState::Refunded);
		Ok(id)
	}

	/// Confirms that an own order arrived.
	pub async fn confirm(&mut self, order: u64) -> Result<OrderId<AccountId>> {
		let id = self.own_order(order);
		self.order_in(&id, OrderState::Shipped, Side::Buyer).await?;
		let seq = self.next.seq;
		self.push(Call::confirm { seq, order }).await?;
		self.orders.insert(id.clone(), OrderState::Completed);
		Ok(id)
	}

	/// Disputes an own order that is said to be shipped, with a deposit as large as its total.
	pub async fn dispute(&mut self, order: u64) -> Result<OrderId<AccountId>> {
		let session = self.session;
		let id = self.own_order(order);
		let stored = self.order_in(&id, OrderState::Shipped, Side::Buyer).await?;
		let opened = session.wallet.open_order_as_buyer(&convert::order(&id, stored))?;
		let call = session
			.wallet
			.dispute(self.next.seq, &self.balance, &opened, &mut OsRng)?;
		let balance = call.balance.clone();
		self.push(bodies::dispute(call)?).await?;
		self.balance = balance;
		self.orders.insert(id.clone(), OrderState::Disputed);
		Ok(id)
	}

	/// An order in this state, in the block that the pipeline started from and after the calls that were sent.
	pub async fn order_in(
		&self,
		id: &OrderId<AccountId>,
		state: OrderState,
		side: Side,
	) -> Result<Order<AccountId>> {
		let mut stored = self.session.chain.order(id, Some(self.at)).await?;
		if let (Some(order), Some(after)) = (&mut stored, self.orders.get(id)) {
			order.state = *after;
		}
		self.session.fitting(id, stored, state, side)
	}

	/// Accepts an order of an own listing, as it was in the block that the pipeline started from.
	pub async fn accept(&mut self, id: &OrderId<AccountId>, order: Order<AccountId>) -> Result<()> {
		let session = self.session;
		// Rule 5.
		if self.repriced.contains(&order.listing.seq) {
			return Err(Error::wallet(
				"An order is accepted once the new price of its listing is final, not in a row with it.",
			));
		}
		let listing = self.listing(order.listing.seq).await?;
		let opened = session.wallet.open_order_as_seller(&convert::order(id, order))?;
		let call = session
			.wallet
			.accept(self.next.seq, &self.balance, &listing, &opened, &mut OsRng)?;
		let (balance, listing) = (call.balance.clone(), call.listing.clone());
		self.push(bodies::accept(call)?).await?;
		self.balance = balance;
		self.listings.insert(listing.name().seq, listing);
		self.orders.insert(id.clone(), OrderState::Accepted);
		Ok(())
	}

	/// Declines an order of an own listing.
	pub async fn decline(&mut self, id: &OrderId<AccountId>, reason: DeclineReason) -> Result<()> {
		let (seq, order) = (self.next.seq, id.clone());
		self.push(Call::decline { seq, order, reason }).await?;
		self.orders.insert(id.clone(), OrderState::Refunded);
		Ok(())
	}

	/// Says that an accepted order was shipped.
	pub async fn ship(&mut self, id: &OrderId<AccountId>) -> Result<()> {
		let (seq, order) = (self.next.seq, id.clone());
		self.push(Call::ship { seq, order }).await?;
		self.orders.insert(id.clone(), OrderState::Shipped);
		Ok(())
	}

	/// Takes credits, up to 16 of [`Pipeline::incoming`], into the balance. Only as the first call.
	pub async fn collect(&mut self, credits: &[(CreditId<AccountId>, Opened)]) -> Result<()> {
		self.ensure_first("Credits are collected")?;
		let named: Vec<_> = credits
			.iter()
			.take(MAX_COLLECT as usize)
			.map(|(id, opened)| (convert::credit_name(id), opened.clone()))
			.collect();
		let call = self
			.session
			.wallet
			.collect(self.next.seq, &self.balance, &named, &mut OsRng)?;
		let names: Vec<_> = call.credits.iter().map(convert::credit_id).collect();
		let sent = Call::collect {
			seq: call.seq,
			credits: names
				.try_into()
				.map_err(|_| Error::wallet("These are more credits than one call takes."))?,
			own_note: convert::note(call.own_note),
		};
		self.push(sent).await?;
		self.balance = call.balance;
		Ok(())
	}

	/// Rule 5.
	fn ensure_first(&self, what: &str) -> Result<()> {
		if self.sent.is_empty() {
			Ok(())
		} else {
			Err(Error::wallet(format!(
				"{what} before other calls are sent, never on top of them."
			)))
		}
	}

	pub(crate) fn own_listing(&self, seq: u64) -> ListingId<AccountId> {
		self.session.own_listing(seq)
	}

	fn own_order(&self, seq: u64) -> OrderId<AccountId> {
		let buyer = self.session.id.clone();
		OrderId { buyer, seq }
	}

	fn created(&self, seq: u64, kind: CreditKind) -> CreditId<AccountId> {
		let creator = self.session.id.clone();
		CreditId { creator, seq, kind }
	}

	/// An own listing as the calls that were sent leave it.
	async fn listing(&mut self, seq: u64) -> Result<OpenedListing> {
		if let Some(listing) = self.listings.get(&seq) {
			return Ok(listing.clone());
		}
		let id = self.session.own_listing(seq);
		let stored = self.session.chain.listing(&id, Some(self.at)).await?;
		let stored = stored.ok_or_else(|| no_listing(&id))?;
		self.session.open_listing(&id, stored)
	}

	async fn push(&mut self, call: Call<Runtime>) -> Result<()> {
		if self.broken {
			return Err(Error::node(
				"The connection broke while a call was sent; nothing is sent on top of it.",
			));
		}
		if self.room == 0 {
			return Err(Error::wallet(
				"These are more calls than an account may send at once.",
			));
		}
		let session = self.session;
		let call = RuntimeCall::Ecommerce(call);
		let extrinsic = session
			.chain
			.sign(&session.account, self.next.nonce, self.validity, call);
		if let Some(announce) = &mut self.announce {
			announce(BlakeTwo256::hash(&extrinsic.encode()), self.next)?;
		}
		match session.chain.send(extrinsic).await {
			Ok(sent) => {
				self.sent.push(sent);
				self.next = Numbers {
					seq: self.next.seq.saturating_add(1),
					nonce: self.next.nonce.saturating_add(1),
				};
				self.room -= 1;
				Ok(())
			}
			Err(error) => {
				// Rule 3: a refusal is an answer, a broken connection is none. A node that is too busy to look at the call
				// has not taken it either.
				self.broken = !matches!(error, Error::Refused(_));
				Err(error)
			}
		}
	}

	/// Waits until all that was sent has happened, and says what became of each call, in the order in which they were made.
	pub async fn finish(self) -> Vec<Outcome> {
		let mut outcomes = Vec::with_capacity(self.sent.len());
		let mut failed = false;
		for sent in self.sent {
			outcomes.push(if failed {
				Outcome::Forgotten
			} else {
				match sent.wait(self.session.until).await {
					Ok(included) => Outcome::Done(included),
					Err(error) => {
						failed = true;
						Outcome::Failed(error)
					}
				}
			});
		}
		outcomes
	}
}

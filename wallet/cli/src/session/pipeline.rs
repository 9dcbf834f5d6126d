//! Calls of one account in a row, without waiting for blocks.
//!
//! Every proof is about what the call before it leaves behind. A [`Pipeline`] therefore carries forward what the account
//! will have once all that it sent is in blocks: the opened balance, the opened stock of each listing that it touched, the
//! marketplace's sequence number and the transaction number. So one block can take many acceptances.
//!
//! 1. It starts from a *final* block in which all earlier calls of the account have their effect, and reads nothing younger.
//! 2. What it carries moves on only when the node's pool took a call. A call that the wallet or the pool refuses leaves no
//!    trace: the next one is made with the same numbers.
//! 3. If nobody can say whether the pool took a call, because the connection broke, no further call is made.
//! 4. When a call fails on the chain, those behind it fail, too: each names the sequence number that the failed one should
//!    have raised. Nothing that was carried outlives the pipeline; the next one starts from the chain again.
//! 5. A call that was given up may still sit in some node's pool and come back to life when the numbers before it are used
//!    up by other calls. That is harmless for what the chain compares: a proof names the ciphertexts before and after, and
//!    an order is accepted, declined or shipped once. It would be fatal for `collect`, whose note is about a balance that
//!    the chain does not compare with it: on top of another balance, nobody could open the account's balance any more.
//!    So a pipeline collects only as its first call, upon a balance that is final for that sequence number.

use std::{
	collections::BTreeMap,
	time::{Duration, Instant},
};

use futures::{
	future::{try_join, try_join3, try_join4},
	lock::MutexGuard,
};
use pallet_certificates::OrderId;
use pallet_ecommerce::{Call, CreditId, DeclineReason, Order, MAX_COLLECT};
use rand_core::OsRng;
use sp_runtime::generic::Era;
use veilmart_runtime::{AccountId, Hash, Nonce, Runtime, RuntimeCall};
use veilmart_wallet::opening::{Opened, OpenedListing};

use super::{
	calls::{no_listing, AT_ONCE, PENDING_TIMEOUT},
	Session,
};
use crate::{
	convert,
	error::{Error, Result},
	transaction::{Included, Sent},
};

/// How often it is looked whether earlier calls are final.
const PAUSE: Duration = Duration::from_millis(200);

/// Calls in a row. While there is one, no other call of the session is made.
pub struct Pipeline<'a> {
	session: &'a Session,
	_turn: MutexGuard<'a, ()>,
	at: Hash,
	validity: (Era, Hash),
	nonce: Nonce,
	seq: u64,
	room: usize,
	balance: Opened,
	listings: BTreeMap<u64, OpenedListing>,
	sent: Vec<Sent>,
	broken: bool,
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
			nonce,
			seq: state.seq,
			room: usize::try_from(quota).unwrap_or(AT_ONCE).min(AT_ONCE),
			balance: self.open_balance(&state)?,
			listings: BTreeMap::new(),
			sent: Vec::new(),
			broken: false,
		})
	}

	/// The last final block, once all calls of the account are in it or before it, and the account's transaction number.
	async fn settled(&self) -> Result<(Hash, Nonce)> {
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

impl Pipeline<'_> {
	/// The final block that the pipeline started from: what calls are decided upon.
	pub fn at(&self) -> Hash {
		self.at
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

	/// Accepts an order of an own listing, as it was in the block that the pipeline started from.
	pub async fn accept(&mut self, id: &OrderId<AccountId>, order: Order<AccountId>) -> Result<()> {
		let session = self.session;
		let listing = self.listing(order.listing.seq).await?;
		let opened = session.wallet.open_order_as_seller(&convert::order(id, order))?;
		let call = session
			.wallet
			.accept(self.seq, &self.balance, &listing, &opened, &mut OsRng)?;
		let (balance, listing) = (call.balance, call.listing);
		let sent = Call::accept {
			seq: call.seq,
			salt: convert::salt(call.salt),
			order: id.clone(),
			stock_after: Box::new(call.stock_after),
			balance_after: Box::new(call.balance_after),
			own_note: convert::note(call.own_note),
			stock_note: convert::note(call.stock_note),
			proof: convert::proof(call.proof)?,
		};
		self.push(sent).await?;
		self.balance = balance;
		self.listings.insert(listing.name().seq, listing);
		Ok(())
	}

	/// Declines an order of an own listing.
	pub async fn decline(&mut self, id: &OrderId<AccountId>, reason: DeclineReason) -> Result<()> {
		let (seq, order) = (self.seq, id.clone());
		self.push(Call::decline { seq, order, reason }).await
	}

	/// Says that an accepted order was shipped.
	pub async fn ship(&mut self, id: &OrderId<AccountId>) -> Result<()> {
		let (seq, order) = (self.seq, id.clone());
		self.push(Call::ship { seq, order }).await
	}

	/// Tells a buyer price and item code of an own listing.
	pub async fn quote(&mut self, listing: u64, buyer: &AccountId) -> Result<()> {
		let (_, call) = self.session.quote_call(self.seq, listing, buyer, self.at).await?;
		self.push(call).await
	}

	/// Takes credits, up to 16 of [`Pipeline::incoming`], into the balance. Only as the first call.
	pub async fn collect(&mut self, credits: &[(CreditId<AccountId>, Opened)]) -> Result<()> {
		// Rule 5.
		if !self.sent.is_empty() {
			return Err(Error::wallet(
				"Credits are collected before other calls are sent, never on top of them.",
			));
		}
		let named: Vec<_> = credits
			.iter()
			.take(MAX_COLLECT as usize)
			.map(|(id, opened)| (convert::credit_name(id), opened.clone()))
			.collect();
		let call = self
			.session
			.wallet
			.collect(self.seq, &self.balance, &named, &mut OsRng)?;
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
		let sent = session
			.chain
			.submit_signed(&session.account, self.nonce, self.validity, call)
			.await;
		match sent {
			Ok(sent) => {
				self.sent.push(sent);
				self.nonce = self.nonce.saturating_add(1);
				self.seq = self.seq.saturating_add(1);
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

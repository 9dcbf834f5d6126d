//! Orders that do not go their straight way.

use futures::future::try_join;
use pallet_certificates::OrderId;
use pallet_ecommerce::{Call, OrderState, Verdict};
use rand_core::OsRng;
use veilmart_runtime::AccountId;

use super::{bodies, Done, Session, Side};
use crate::{
	convert,
	error::{Error, Result},
	names::{order_state, show_order},
};

impl Session {
	/// Disputes an own order that is said to be shipped, with a deposit as large as its total.
	pub async fn dispute(&self, order: u64) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		let id = OrderId {
			buyer: self.id.clone(),
			seq: order,
		};
		let order_in = self.order_in(&id, OrderState::Shipped, Side::Buyer);
		let (stored, state) = try_join(order_in, self.chain.account(&self.id, None)).await?;
		let opened = self.wallet.open_order_as_buyer(&convert::order(&id, stored))?;
		let balance = self.open_balance(&state)?;
		let call = self.wallet.dispute(state.seq, &balance, &opened, &mut OsRng)?;
		self.send(bodies::dispute(call)?, id).await
	}

	/// Decides a dispute, as an arbiter that is no party of the order.
	pub async fn resolve(
		&self,
		id: &OrderId<AccountId>,
		verdict: Verdict,
	) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		let (stored, seq) = try_join(self.chain.order(id, None), self.seq()).await?;
		let name = show_order(id);
		let stored = stored.ok_or_else(|| no_order(&name))?;
		if self.id == id.buyer || self.id == stored.listing.seller {
			return Err(Error::wallet(format!(
				"You are a party of order {name}: somebody else has to decide."
			)));
		}
		if stored.state != OrderState::Disputed {
			return Err(Error::wallet(format!(
				"Order {name} is {}; only a disputed one is decided.",
				order_state(stored.state)
			)));
		}
		let call = Call::resolve {
			seq,
			order: id.clone(),
			verdict,
		};
		self.send(call, id.clone()).await
	}

	/// Lets the deadline of an order act that has fallen. The chain does so by itself; this is for who does not want to
	/// wait for it.
	pub async fn poke(&self, id: &OrderId<AccountId>) -> Result<Done<OrderId<AccountId>>> {
		let _turn = self.turn().await?;
		let (stored, seq) = try_join(self.chain.order(id, None), self.seq()).await?;
		stored.ok_or_else(|| no_order(&show_order(id)))?;
		let call = Call::poke {
			seq,
			order: id.clone(),
		};
		self.send(call, id.clone()).await
	}
}

fn no_order(name: &str) -> Error {
	Error::wallet(format!("There is no order {name} (any more)."))
}

//! What a seller sees in a final block: all that a round of the agent decides upon.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{try_join3, try_join4};
use pallet_certificates::{Moment, OrderId};
use pallet_ecommerce::{runtime_api::Market, CreditId, Order, OrderState};
use serde_json::{json, Value};
use veilmart_runtime::{AccountId, Hash};
use veilmart_wallet::opening::Opened;

use super::{
	decide::{Contents, Means, Waiting},
	rules::Rules,
};
use crate::{
	account::address,
	amount, commodity, convert,
	error::{Error, Result},
	names::{show_listing, show_order},
	session::{Pipeline, Session},
};

/// An order as the chain holds it.
pub(super) type Stored = (OrderId<AccountId>, Order<AccountId>);

/// A final block.
pub(super) struct Look {
	/// Its time.
	pub(super) now: Moment,
	/// The market's clock.
	pub(super) market: Market,
	/// The number of the view key that notes to the seller are sealed to.
	pub(super) view_index: u32,
	/// Orders that wait for an answer, the oldest first, and what they say.
	pub(super) placed: Vec<(Stored, Waiting)>,
	/// Orders that wait to be shipped, the most urgent first.
	pub(super) accepted: Vec<Stored>,
	/// Balance and stocks.
	pub(super) means: Means,
	/// What waits to be collected and opens.
	pub(super) credits: Vec<(CreditId<AccountId>, Opened)>,
	/// The price version of each own listing that opens.
	pub(super) versions: BTreeMap<u64, u32>,
}

/// Looks at the block that the pipeline starts from.
pub(super) async fn look(session: &Session, pipeline: &Pipeline<'_>, rules: &Rules) -> Result<Look> {
	let (chain, me, at) = (session.chain(), session.id(), pipeline.at());
	let (placed, accepted, listings, market) = try_join4(
		chain.orders_of_seller(me, Some(OrderState::Placed), Some(at)),
		chain.orders_of_seller(me, Some(OrderState::Accepted), Some(at)),
		chain.listings(me, Some(at)),
		chain.market(Some(at)),
	)
	.await?;
	let (now, certificate, incoming) = try_join3(
		chain.time(at),
		chain.certificate(me, Some(at)),
		pipeline.incoming(),
	)
	.await?;
	let view_index = certificate
		.and_then(|certificate| certificate.view_key)
		.map_or(0, |record| record.index);

	let (mut stocks, mut versions) = (BTreeMap::new(), BTreeMap::new());
	for (id, listing) in listings {
		let version = listing.version;
		let opened = session.open_listing(&id, listing).ok();
		if opened.is_some() {
			versions.insert(id.seq, version);
		}
		stocks.insert(id.seq, opened.map(|opened| opened.stock().value()));
	}
	let credits: Vec<_> = incoming
		.into_iter()
		.filter_map(|(id, opened)| Some((id, opened?)))
		.collect();
	let organisations = if rules.buyers.need_organisations() {
		let buyers: BTreeSet<_> = placed.iter().map(|(id, _)| &id.buyer).collect();
		organisations(session, buyers, at).await?
	} else {
		BTreeMap::new()
	};
	let mut waiting = Vec::with_capacity(placed.len());
	for (id, order) in placed {
		let order_waiting = Waiting {
			id: id.clone(),
			listing: order.listing.seq,
			organisation: organisations.get(&id.buyer).cloned(),
			due: order.due.map(|due| market.falls(due)),
			contents: contents(session, &id, &order),
		};
		waiting.push(((id, order), order_waiting));
	}
	waiting.sort_by(|((one, order), _), ((other, later), _)| (order.since, one).cmp(&(later.since, other)));
	let mut accepted = accepted;
	accepted.sort_by(|(one, order), (other, later)| (order.due, one).cmp(&(later.due, other)));
	let open = u64::try_from(accepted.len()).unwrap_or(u64::MAX);
	Ok(Look {
		now,
		market,
		view_index,
		placed: waiting,
		accepted,
		means: Means {
			balance: pipeline.balance(),
			credits: sum(&credits),
			open,
			closed: false,
			stocks,
		},
		credits,
		versions,
	})
}

/// An order in the last final block, the block's time, and the market's clock.
pub(super) struct Fresh {
	pub(super) order: Option<Order<AccountId>>,
	pub(super) now: Moment,
	pub(super) market: Market,
}

/// Looks at one order again.
pub(super) async fn look_again(session: &Session, id: &OrderId<AccountId>) -> Result<Fresh> {
	let chain = session.chain();
	let at = chain.finalized().await?;
	let (order, now, market) =
		try_join3(chain.order(id, Some(at)), chain.time(at), chain.market(Some(at))).await?;
	Ok(Fresh { order, now, market })
}

/// What credits come to.
pub(super) fn sum(credits: &[(CreditId<AccountId>, Opened)]) -> u128 {
	credits.iter().map(|(_, opened)| u128::from(opened.value())).sum()
}

/// What the order's note opens, if it opens the order's ciphertexts bit for bit.
fn contents(session: &Session, id: &OrderId<AccountId>, order: &Order<AccountId>) -> Contents {
	match session
		.wallet()
		.open_order_as_seller(&convert::order(id, order.clone()))
	{
		Ok(opened) => Contents::Opened {
			quantity: opened.quantity().value(),
			total: opened.total().value(),
			bond: opened.bond(),
		},
		Err(error) => Contents::Mismatch(Error::from(error).to_string()),
	}
}

/// The organisations that certificates name; who has none is in none.
async fn organisations(
	session: &Session,
	buyers: BTreeSet<&AccountId>,
	at: Hash,
) -> Result<BTreeMap<AccountId, String>> {
	let mut names = BTreeMap::new();
	for buyer in buyers {
		if let Some(certificate) = session.chain().certificate(buyer, Some(at)).await? {
			if let Ok(name) = String::from_utf8(certificate.organisation.into_inner()) {
				names.insert(buyer.clone(), name);
			}
		}
	}
	Ok(names)
}

/// What the ship command is told about an order, but for the time until which it has to be shipped.
pub(super) async fn details(session: &Session, (id, order): &Stored, at: Hash) -> Result<Value> {
	let opened = session
		.wallet()
		.open_order_as_seller(&convert::order(id, order.clone()))?;
	let listing = session.chain().listing(&order.listing, Some(at)).await?;
	let item = listing
		.and_then(|listing| session.open_listing(&order.listing, listing).ok())
		.map(|opened| commodity::decode(opened.commodity().value()));
	let organisation = organisations(session, [&id.buyer].into(), at)
		.await?
		.remove(&id.buyer);
	Ok(json!({
		"order": show_order(id),
		"buyer": address(&id.buyer),
		"organisation": organisation,
		"listing": show_listing(&order.listing),
		"item": item,
		"quantity": opened.quantity().value(),
		"price": amount::show(opened.price()),
		"total": amount::show(opened.total().value()),
	}))
}

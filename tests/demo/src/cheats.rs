//! Two attempts to cheat, which must be refused, and by whom.

use crate::{market::Market, report::Refused, retail::OrderLine};
use pallet_ecommerce::{Call, Salt, SealedNote};
use std::error::Error;
use veilmart_cli::{error::Error as Refusal, session::Session};
use veilmart_runtime::RuntimeCall;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Tries to spend more than there is, and to list with a forged proof. A refusal for any other reason does not count.
pub async fn attempt(market: &mut Market, lines: &[OrderLine]) -> Result<Vec<Refused>> {
	let line = lines.first().ok_or("there are no orders to cheat with")?;
	let (index, listing) = market
		.catalogue
		.get(&(line.item.clone(), line.price))
		.ok_or("an item is not listed")?
		.clone();
	let seller = &market.sellers.get(index).ok_or("a seller is missing")?.session;
	let customer = &market
		.customers
		.get(&line.customer)
		.ok_or("a customer is missing")?
		.session;
	seller.quote(listing.seq, customer.id()).await?;
	let overspend = customer.order(&listing, 1_000_000, None).await.err();
	Ok(vec![
		Refused {
			attempt: "Ordering a million pieces",
			by: "the buyer's wallet, before anything is sent",
			reason: overspend
				.map(|error| error.to_string())
				.filter(|reason| reason.contains("Not enough balance")),
		},
		Refused {
			attempt: "Listing with one bit of the proof changed",
			by: "the node's pool, before it is passed on",
			reason: forge(seller)
				.await?
				.map(|error| error.to_string())
				.filter(|reason| reason.contains("ProofMismatch")),
		},
	])
}

/// Sends a listing whose proof has one bit changed.
async fn forge(seller: &Session) -> Result<Option<Refusal>> {
	let seq = seller.chain().account(seller.id(), None).await?.seq;
	let mut honest = seller.wallet().list(seq, 100, 10, 1, &mut rand_core::OsRng)?;
	if let Some(byte) = honest.proof.get_mut(100) {
		*byte ^= 1;
	}
	let call = Call::list {
		seq,
		salt: Salt(honest.salt),
		price: honest.price.into(),
		stock: honest.stock.into(),
		commodity: honest.commodity.into(),
		own_note: SealedNote(honest.own_note).into(),
		proof: honest
			.proof
			.try_into()
			.map_err(|_| "a proof is longer than any")?,
	};
	let sent = seller
		.chain()
		.submit(seller.account(), RuntimeCall::Ecommerce(call))
		.await;
	Ok(sent.err())
}

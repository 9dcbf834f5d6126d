//! What the wallet makes, as calls of the ledger.

use pallet_ecommerce::{Call, ListingId};
use veilmart_runtime::Runtime;
use veilmart_wallet::market::{
	AcceptCall, DisputeCall, IssueCall, OrderCall, PaymentCall, QuoteCall, RepriceCall, RestockCall,
};

use crate::{convert, error::Result};

pub(super) fn issue(call: IssueCall) -> Result<Call<Runtime>> {
	Ok(Call::issue {
		seq: call.seq,
		salt: convert::salt(call.salt),
		to: call.to.into(),
		amount: Box::new(call.amount),
		issued_after: Box::new(call.issued_after),
		own_note: convert::note(call.own_note),
		note: convert::note(call.note),
		proof: convert::proof(call.proof)?,
	})
}

pub(super) fn quote(call: QuoteCall) -> Call<Runtime> {
	Call::quote {
		seq: call.seq,
		listing: call.listing,
		buyer: call.buyer.into(),
		note: convert::note(call.note),
	}
}

pub(super) fn order(call: OrderCall) -> Result<Call<Runtime>> {
	Ok(Call::order {
		seq: call.seq,
		salt: convert::salt(call.salt),
		listing: ListingId {
			seller: call.listing.seller.into(),
			seq: call.listing.seq,
		},
		version: call.version,
		quantity: Box::new(call.quantity),
		total: Box::new(call.total),
		balance_after: Box::new(call.balance_after),
		own_note: convert::note(call.own_note),
		note: convert::note(call.note),
		quote: convert::note(call.quote),
		proof: convert::proof(call.proof)?,
	})
}

pub(super) fn accept(call: AcceptCall) -> Result<Call<Runtime>> {
	Ok(Call::accept {
		seq: call.seq,
		salt: convert::salt(call.salt),
		order: convert::order_id(&call.order),
		stock_after: Box::new(call.stock_after),
		balance_after: Box::new(call.balance_after),
		own_note: convert::note(call.own_note),
		stock_note: convert::note(call.stock_note),
		proof: convert::proof(call.proof)?,
	})
}

pub(super) fn dispute(call: DisputeCall) -> Result<Call<Runtime>> {
	Ok(Call::dispute {
		seq: call.seq,
		salt: convert::salt(call.salt),
		order: call.order.seq,
		balance_after: Box::new(call.balance_after),
		own_note: convert::note(call.own_note),
		proof: convert::proof(call.proof)?,
	})
}

pub(super) fn transfer(call: PaymentCall) -> Result<Call<Runtime>> {
	Ok(Call::transfer {
		seq: call.seq,
		salt: convert::salt(call.salt),
		to: call.to.into(),
		amount: Box::new(call.amount),
		balance_after: Box::new(call.balance_after),
		own_note: convert::note(call.own_note),
		note: convert::note(call.note),
		proof: convert::proof(call.proof)?,
	})
}

pub(super) fn redeem(call: PaymentCall) -> Result<Call<Runtime>> {
	Ok(Call::redeem {
		seq: call.seq,
		salt: convert::salt(call.salt),
		issuer: call.to.into(),
		amount: Box::new(call.amount),
		balance_after: Box::new(call.balance_after),
		own_note: convert::note(call.own_note),
		note: convert::note(call.note),
		proof: convert::proof(call.proof)?,
	})
}

pub(super) fn reprice(call: RepriceCall) -> Result<Call<Runtime>> {
	Ok(Call::reprice {
		seq: call.seq,
		salt: convert::salt(call.salt),
		listing: call.listing_seq,
		version: call.version,
		price: Box::new(call.price),
		own_note: convert::note(call.own_note),
		proof: convert::proof(call.proof)?,
	})
}

pub(super) fn restock(call: RestockCall) -> Result<Call<Runtime>> {
	Ok(Call::restock {
		seq: call.seq,
		salt: convert::salt(call.salt),
		listing: call.listing_seq,
		version: call.version,
		delivery: Box::new(call.delivery),
		own_note: convert::note(call.own_note),
		proof: convert::proof(call.proof)?,
	})
}

//! What the wallet makes, as calls of the ledger, and whom and under which key it makes it for.

use pallet_ecommerce::{Call, CreditId, ListingId, OrderId, Salt, SealedNote};
use rand_core::OsRng;
use veilmart_paillier::{generate, ParameterSet, PrimeKind, SecretKey};
use veilmart_runtime::{AccountId, Runtime};
use veilmart_wallet::{
	market::{AcceptCall, CollectCall, DisputeCall, ListCall, OrderCall, PaymentCall},
	notes, state, Wallet,
};

pub fn note(note: notes::SealedNote) -> SealedNote {
	SealedNote(note)
}

pub fn party(wallet: &Wallet) -> state::Party {
	state::Party {
		account: wallet.account(),
		view_key: wallet.keys().view_key(0).public(),
	}
}

pub fn collect_call(call: &CollectCall, credits: &[CreditId<AccountId>]) -> Call<Runtime> {
	Call::collect {
		seq: call.seq,
		credits: credits.to_vec().try_into().unwrap(),
		own_note: Box::new(note(call.own_note)),
	}
}

pub fn order_call(call: &OrderCall) -> Call<Runtime> {
	Call::order {
		seq: call.seq,
		salt: Salt(call.salt),
		listing: ListingId {
			seller: call.listing.seller.into(),
			seq: call.listing.seq,
		},
		version: call.version,
		quantity: Box::new(call.quantity.clone()),
		total: Box::new(call.total.clone()),
		balance_after: Box::new(call.balance_after.clone()),
		own_note: Box::new(note(call.own_note)),
		note: Box::new(note(call.note)),
		quote: Box::new(note(call.quote)),
		proof: call.proof.clone().try_into().unwrap(),
	}
}

pub fn accept_call(call: &AcceptCall) -> Call<Runtime> {
	Call::accept {
		seq: call.seq,
		salt: Salt(call.salt),
		order: OrderId {
			buyer: call.order.buyer.into(),
			seq: call.order.seq,
		},
		stock_after: Box::new(call.stock_after.clone()),
		balance_after: Box::new(call.balance_after.clone()),
		own_note: Box::new(note(call.own_note)),
		stock_note: Box::new(note(call.stock_note)),
		proof: call.proof.clone().try_into().unwrap(),
	}
}

pub fn dispute_call(call: &DisputeCall) -> Call<Runtime> {
	Call::dispute {
		seq: call.seq,
		salt: Salt(call.salt),
		order: call.order.seq,
		balance_after: Box::new(call.balance_after.clone()),
		own_note: Box::new(note(call.own_note)),
		proof: call.proof.clone().try_into().unwrap(),
	}
}

pub fn transfer_call(call: &PaymentCall) -> Call<Runtime> {
	Call::transfer {
		seq: call.seq,
		salt: Salt(call.salt),
		to: call.to.into(),
		amount: Box::new(call.amount.clone()),
		balance_after: Box::new(call.balance_after.clone()),
		own_note: Box::new(note(call.own_note)),
		note: Box::new(note(call.note)),
		proof: call.proof.clone().try_into().unwrap(),
	}
}

pub fn list_call(call: &ListCall) -> Call<Runtime> {
	Call::list {
		seq: call.seq,
		salt: Salt(call.salt),
		price: Box::new(call.price.clone()),
		stock: Box::new(call.stock.clone()),
		commodity: Box::new(call.commodity.clone()),
		own_note: Box::new(note(call.own_note)),
		proof: call.proof.clone().try_into().unwrap(),
	}
}

pub fn secret_key() -> SecretKey {
	generate(
		ParameterSet::Paillier2048,
		PrimeKind::Plain,
		&mut OsRng,
		&mut || {},
	)
}

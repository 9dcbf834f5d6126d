//! Between the runtime's types and the wallet's, which hold the same bytes. What is read from the ledger others convert, too.

use pallet_certificates::OrderId;
use pallet_ecommerce::{
	Credit, CreditId, CreditKind, Listing, ListingId, Order, Owned, Proof, Quote, Redemption, RedemptionId,
	Salt, SealedNote,
};
use veilmart_runtime::AccountId;
use veilmart_wallet::{notes, state};

use crate::error::{Error, Result};

pub(crate) fn bytes(account: &AccountId) -> [u8; 32] {
	*account.as_ref()
}

pub(crate) fn listing_name(id: &ListingId<AccountId>) -> state::ListingName {
	state::ListingName {
		seller: bytes(&id.seller),
		seq: id.seq,
	}
}

pub(crate) fn order_name(id: &OrderId<AccountId>) -> state::OrderName {
	state::OrderName {
		buyer: bytes(&id.buyer),
		seq: id.seq,
	}
}

pub(crate) fn order_id(name: &state::OrderName) -> OrderId<AccountId> {
	OrderId {
		buyer: name.buyer.into(),
		seq: name.seq,
	}
}

/// A balance, or what was issued.
pub fn owned(owned: Owned) -> state::Owned {
	state::Owned {
		ciphertext: owned.ciphertext,
		note: owned.note.map(|note| note.0),
	}
}

/// A listing.
pub fn listing(id: &ListingId<AccountId>, listing: Listing) -> state::Listing {
	let Listing {
		price,
		version,
		price_seq,
		price_salt,
		stock,
		commodity,
		salt,
		note,
	} = listing;
	state::Listing {
		name: listing_name(id),
		version,
		price,
		price_seq,
		price_salt: price_salt.0,
		stock,
		commodity,
		salt: salt.0,
		note: note.0,
	}
}

/// A quote.
pub fn quote(quote: Quote) -> state::Quote {
	state::Quote {
		version: quote.version,
		note: quote.note.0,
	}
}

/// An order.
pub fn order(id: &OrderId<AccountId>, order: Order<AccountId>) -> state::Order {
	state::Order {
		name: order_name(id),
		listing: listing_name(&order.listing),
		price_seq: order.price_seq,
		price_salt: order.price_salt.0,
		quantity: order.quantity,
		total: order.total,
		terms: order.terms.into(),
		salt: order.salt.0,
		note: order.note.0,
		own_note: order.own_note.0,
		quote: order.quote.0,
	}
}

pub(crate) fn credit_name(id: &CreditId<AccountId>) -> state::CreditName {
	let kind = match id.kind {
		CreditKind::Issued => state::CreditKind::Issued,
		CreditKind::Refund => state::CreditKind::Refund,
		CreditKind::Proceeds => state::CreditKind::Proceeds,
		CreditKind::Bond => state::CreditKind::Bond,
		CreditKind::Share => state::CreditKind::Share,
		CreditKind::Deposit => state::CreditKind::Deposit,
		CreditKind::Transfer => state::CreditKind::Transfer,
		CreditKind::Returned => state::CreditKind::Returned,
	};
	state::CreditName {
		creator: bytes(&id.creator),
		seq: id.seq,
		kind,
	}
}

pub(crate) fn credit_id(name: &state::CreditName) -> CreditId<AccountId> {
	let kind = match name.kind {
		state::CreditKind::Issued => CreditKind::Issued,
		state::CreditKind::Refund => CreditKind::Refund,
		state::CreditKind::Proceeds => CreditKind::Proceeds,
		state::CreditKind::Bond => CreditKind::Bond,
		state::CreditKind::Share => CreditKind::Share,
		state::CreditKind::Deposit => CreditKind::Deposit,
		state::CreditKind::Transfer => CreditKind::Transfer,
		state::CreditKind::Returned => CreditKind::Returned,
	};
	CreditId {
		creator: name.creator.into(),
		seq: name.seq,
		kind,
	}
}

/// A credit.
pub fn credit(id: &CreditId<AccountId>, credit: Credit) -> state::Credit {
	state::Credit {
		name: credit_name(id),
		amount: credit.amount,
		note: credit.note.map(|note| note.0),
	}
}

/// A redemption.
pub fn redemption(id: &RedemptionId<AccountId>, redemption: Redemption) -> state::Redemption {
	state::Redemption {
		holder: bytes(&id.holder),
		seq: id.seq,
		amount: redemption.amount,
		note: redemption.note.0,
	}
}

pub(crate) fn salt(salt: state::Salt) -> Salt {
	Salt(salt)
}

pub(crate) fn note(note: notes::SealedNote) -> Box<SealedNote> {
	Box::new(SealedNote(note))
}

pub(crate) fn proof(proof: state::Proof) -> Result<Proof> {
	Proof::try_from(proof).map_err(|_| Error::wallet("The proof is longer than the chain takes."))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn names_round_trip() {
		for kind in [
			CreditKind::Issued,
			CreditKind::Refund,
			CreditKind::Proceeds,
			CreditKind::Bond,
			CreditKind::Share,
			CreditKind::Deposit,
			CreditKind::Transfer,
			CreditKind::Returned,
		] {
			let credit = CreditId {
				creator: [7; 32].into(),
				seq: 5,
				kind,
			};
			assert_eq!(credit_id(&credit_name(&credit)), credit);
			assert_eq!(
				credit_name(&credit).kind.number(),
				kind.number(),
				"proofs bind another kind"
			);
		}
	}
}

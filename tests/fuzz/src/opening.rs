//! What a wallet finds on the ledger, written by others: ciphertexts, names, and notes that anybody can seal to it. Whatever a
//! note says, the wallet believes only what the ciphertext holds.
//!
//! The fuzzer cannot seal. So the notes of an input are plain ones, followed by zeros up to the length of a sealed one, and
//! are sealed to `//Alice` here; what is no note stays as it is.

use std::sync::LazyLock;

use codec::{Decode, Encode};
use pallet_ecommerce::{
	Ciphertext, Credit, CreditId, CreditKind, Listing, ListingId, Order, OrderId, Owned, Quote, Redemption,
	RedemptionId, SealedNote,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use veilmart_confidential::PARAMETER_SET;
use veilmart_runtime::AccountId;
use veilmart_wallet::{
	notes::{self, Note, NOTE_BYTES},
	opening::Opened,
	state, Wallet, WalletError,
};

use crate::{
	setting::{wallet, SECRET},
	take,
};

static OWNER: LazyLock<Wallet> = LazyLock::new(|| wallet("//Alice"));

/// Something that `//Alice` may be able to open.
// It is read, looked at, and gone.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Found {
	/// A balance, or what was issued.
	Owned(Owned),
	/// A credit, and the order that it came out of.
	Credit(
		CreditId<AccountId>,
		Credit,
		Option<(OrderId<AccountId>, Order<AccountId>)>,
	),
	/// A listing of its own.
	Listing(ListingId<AccountId>, Listing),
	/// A listing of somebody else's, and a quote.
	Quote(ListingId<AccountId>, Listing, Quote),
	/// An order that it placed, or has to accept.
	Order(OrderId<AccountId>, Order<AccountId>),
	/// A redemption.
	Redemption(RedemptionId<AccountId>, Redemption),
}

fn sealed(plain: &SealedNote) -> notes::SealedNote {
	let (note, zeros) = plain.0.split_at(NOTE_BYTES);
	let view_key = OWNER.keys().view_key(0).public();
	match Note::decode(PARAMETER_SET, note) {
		Ok(note) if zeros.iter().all(|byte| *byte == 0) => note
			.seal(PARAMETER_SET, &view_key, &mut ChaCha20Rng::from_seed([0; 32]))
			.expect("an honest view key"),
		_ => plain.0,
	}
}

fn listing_name(id: &ListingId<AccountId>) -> state::ListingName {
	state::ListingName {
		seller: id.seller.clone().into(),
		seq: id.seq,
	}
}

fn listing(id: &ListingId<AccountId>, listing: &Listing) -> state::Listing {
	state::Listing {
		name: listing_name(id),
		version: listing.version,
		price: listing.price.clone(),
		price_seq: listing.price_seq,
		price_salt: listing.price_salt.0,
		stock: listing.stock.clone(),
		commodity: listing.commodity.clone(),
		salt: listing.salt.0,
		note: sealed(&listing.note),
	}
}

fn order(id: &OrderId<AccountId>, order: &Order<AccountId>) -> state::Order {
	state::Order {
		name: state::OrderName {
			buyer: id.buyer.clone().into(),
			seq: id.seq,
		},
		listing: listing_name(&order.listing),
		price_seq: order.price_seq,
		price_salt: order.price_salt.0,
		quantity: order.quantity.clone(),
		total: order.total.clone(),
		terms: order.terms.into(),
		salt: order.salt.0,
		note: sealed(&order.note),
		own_note: sealed(&order.own_note),
		quote: sealed(&order.quote),
	}
}

fn credit(id: &CreditId<AccountId>, credit: &Credit) -> state::Credit {
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
	state::Credit {
		name: state::CreditName {
			creator: id.creator.clone().into(),
			seq: id.seq,
			kind,
		},
		amount: credit.amount.clone(),
		note: credit.note.as_ref().map(sealed),
	}
}

/// Whether it was opened, which then has to be the truth.
fn opened(result: Result<Opened, WalletError>, ciphertext: &Ciphertext) -> bool {
	let Ok(opened) = result else {
		return false;
	};
	assert_eq!(opened.ciphertext(), ciphertext);
	assert_eq!(
		SECRET.decrypt_amount(ciphertext.as_ref()),
		Ok(Some(opened.value())),
		"the wallet believes what the ciphertext does not hold"
	);
	true
}

/// Accepted is what `//Alice` can open.
pub fn run(mut data: &[u8]) -> bool {
	let Some(found) = take::<Found>(&mut data) else {
		return false;
	};
	match found {
		Found::Owned(owned) => {
			let owned = state::Owned {
				ciphertext: owned.ciphertext,
				note: owned.note.as_ref().map(sealed),
			};
			opened(OWNER.open_balance(&owned), &owned.ciphertext)
				|| opened(OWNER.open_issued(&owned), &owned.ciphertext)
		}
		Found::Credit(id, found, of) => {
			let of = of.map(|(id, found)| order(&id, &found));
			opened(
				OWNER.open_credit(&credit(&id, &found), of.as_ref()),
				&found.amount,
			)
		}
		Found::Listing(id, found) => OWNER.open_listing(&listing(&id, &found)).is_ok_and(|own| {
			opened(Ok(own.price().clone()), &found.price)
				&& opened(Ok(own.stock().clone()), &found.stock)
				&& opened(Ok(own.commodity().clone()), &found.commodity)
		}),
		Found::Quote(id, found, quote) => {
			let quote = state::Quote {
				version: quote.version,
				note: sealed(&quote.note),
			};
			let quoted = OWNER.open_quote(&listing(&id, &found), &quote);
			quoted.is_ok_and(|quoted| {
				opened(Ok(quoted.price().clone()), &found.price)
					&& opened(Ok(quoted.commodity().clone()), &found.commodity)
			})
		}
		Found::Order(id, found) => {
			let read = order(&id, &found);
			let opened = [
				OWNER.open_order_as_buyer(&read),
				OWNER.open_order_as_seller(&read),
			]
			.map(|read| {
				read.is_ok_and(|read| {
					opened(Ok(read.quantity().clone()), &found.quantity)
						&& opened(Ok(read.total().clone()), &found.total)
				})
			});
			opened.contains(&true)
		}
		Found::Redemption(id, found) => {
			let redemption = state::Redemption {
				holder: id.holder.into(),
				seq: id.seq,
				amount: found.amount.clone(),
				note: sealed(&found.note),
			};
			opened(OWNER.open_redemption(&redemption), &found.amount)
		}
	}
}

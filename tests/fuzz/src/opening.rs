//! What a wallet finds on the ledger, written by others: ciphertexts, names, and notes that anybody can seal to it. Whatever a
//! note says, the wallet believes only what the ciphertext holds.
//!
//! The fuzzer cannot seal. So the notes of an input are plain ones, followed by zeros up to the length of a sealed one, and
//! are sealed to `//Alice` here; what is no note stays as it is.

use std::sync::LazyLock;

use codec::{Decode, Encode};
use pallet_ecommerce::{
	Ciphertext, Credit, CreditId, Listing, ListingId, Order, OrderId, Owned, Quote, Redemption, RedemptionId,
	SealedNote,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use veilmart_cli::convert;
use veilmart_confidential::PARAMETER_SET;
use veilmart_runtime::AccountId;
use veilmart_wallet::{
	notes::{Note, NOTE_BYTES},
	opening::Opened,
	Wallet, WalletError,
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

/// Seals a plain note; leaves anything else as it is.
fn seal(note: &mut SealedNote) {
	let (plain, zeros) = note.0.split_at(NOTE_BYTES);
	let zeros = zeros.iter().all(|byte| *byte == 0);
	if let (Ok(plain), true) = (Note::decode(PARAMETER_SET, plain), zeros) {
		let view_key = OWNER.keys().view_key(0).public();
		note.0 = plain
			.seal(PARAMETER_SET, &view_key, &mut ChaCha20Rng::from_seed([0; 32]))
			.expect("an honest view key");
	}
}

fn seal_order(order: &mut Order<AccountId>) {
	[&mut order.note, &mut order.own_note, &mut order.quote]
		.into_iter()
		.for_each(seal);
}

impl Found {
	/// With its notes sealed.
	fn sealed(mut self) -> Self {
		match &mut self {
			Self::Owned(owned) => owned.note.iter_mut().for_each(seal),
			Self::Credit(_, credit, of) => {
				credit.note.iter_mut().for_each(seal);
				of.iter_mut().for_each(|(_, order)| seal_order(order));
			}
			Self::Listing(_, listing) => seal(&mut listing.note),
			Self::Quote(_, listing, quote) => {
				seal(&mut listing.note);
				seal(&mut quote.note);
			}
			Self::Order(_, order) => seal_order(order),
			Self::Redemption(_, redemption) => seal(&mut redemption.note),
		}
		self
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
	match found.sealed() {
		Found::Owned(owned) => {
			let owned = convert::owned(owned);
			opened(OWNER.open_balance(&owned), &owned.ciphertext)
				|| opened(OWNER.open_issued(&owned), &owned.ciphertext)
		}
		Found::Credit(id, credit, of) => {
			let of = of.map(|(id, order)| convert::order(&id, order));
			let credit = convert::credit(&id, credit);
			opened(OWNER.open_credit(&credit, of.as_ref()), &credit.amount)
		}
		Found::Listing(id, listing) => {
			let listing = convert::listing(&id, listing);
			OWNER.open_listing(&listing).is_ok_and(|own| {
				opened(Ok(own.price().clone()), &listing.price)
					&& opened(Ok(own.stock().clone()), &listing.stock)
					&& opened(Ok(own.commodity().clone()), &listing.commodity)
			})
		}
		Found::Quote(id, listing, quote) => {
			let (listing, quote) = (convert::listing(&id, listing), convert::quote(quote));
			OWNER.open_quote(&listing, &quote).is_ok_and(|quoted| {
				opened(Ok(quoted.price().clone()), &listing.price)
					&& opened(Ok(quoted.commodity().clone()), &listing.commodity)
			})
		}
		Found::Order(id, order) => {
			let order = convert::order(&id, order);
			let opened = [
				OWNER.open_order_as_buyer(&order),
				OWNER.open_order_as_seller(&order),
			]
			.map(|read| {
				read.is_ok_and(|read| {
					opened(Ok(read.quantity().clone()), &order.quantity)
						&& opened(Ok(read.total().clone()), &order.total)
				})
			});
			opened.contains(&true)
		}
		Found::Redemption(id, redemption) => {
			let redemption = convert::redemption(&id, redemption);
			opened(OWNER.open_redemption(&redemption), &redemption.amount)
		}
	}
}

//! What wallets write for each other: notes, ciphertexts, letters, and what is found of them on a ledger.

use codec::Encode;
use pallet_certificates::OrderId;
use pallet_ecommerce::{
	Credit, CreditId, CreditKind, Listing, ListingId, Order, OrderState, Owned, Quote, Redemption,
	RedemptionId, Salt, SealedNote, Terms,
};
use rand_chacha::ChaCha20Rng;
use veilmart_confidential::{statements, PARAMETER_SET};
use veilmart_fuzz_targets::{opening::Found, GENESIS};
use veilmart_paillier::{test_keys, PublicKey};
use veilmart_wallet::{
	market::{ListCall, OrderCall},
	notes::{self, Note},
	opening::Opened,
	recovery::Letter,
	state, Wallet,
};

use crate::{
	broken,
	chain::keys,
	rng,
	trade::{ALICE, BOB, ISSUER},
	Corpora,
};

fn key() -> PublicKey {
	PublicKey::from_modulus(test_keys::modulus(PARAMETER_SET)).expect("the key of the presets")
}

fn wallet(signer: u8) -> Wallet {
	Wallet::new(keys(signer), key(), GENESIS).expect("the key has the size of the ledger's")
}

fn party(wallet: &Wallet) -> state::Party {
	state::Party {
		account: wallet.account(),
		view_key: wallet.keys().view_key(0).public(),
	}
}

fn note(sealed: &notes::SealedNote, reader: &Wallet) -> Note {
	Note::open(PARAMETER_SET, sealed, &reader.keys().view_key(0)).expect("it was sealed to the reader")
}

/// The note as the target wants it.
fn plain(sealed: &notes::SealedNote, reader: &Wallet) -> SealedNote {
	let mut bytes = [0; notes::SEALED_NOTE_BYTES];
	bytes[..notes::NOTE_BYTES].copy_from_slice(&*note(sealed, reader).encode(PARAMETER_SET));
	SealedNote(bytes)
}

/// Money that the issuer issued to somebody, collected; and the credit as it was found before.
fn endowed(issuer: &Wallet, to: &Wallet, rng: &mut ChaCha20Rng) -> (Found, Opened, notes::SealedNote) {
	let call = issuer
		.issue(0, &Opened::zero(), 1_000_000, &party(to), 10_000, rng)
		.expect("within the quota");
	let name = state::CreditName {
		creator: issuer.account(),
		seq: 0,
		kind: state::CreditKind::Issued,
	};
	let credit = state::Credit {
		name,
		amount: call.amount.clone(),
		note: Some(call.note),
	};
	let opened = to.open_credit(&credit, None).expect("it was issued to it");
	let collect = to
		.collect(0, &Opened::zero(), &[(name, opened)], rng)
		.expect("a credit");
	let found = Found::Credit(
		CreditId {
			creator: issuer.account().into(),
			seq: 0,
			kind: CreditKind::Issued,
		},
		Credit {
			amount: call.amount,
			note: Some(plain(&call.note, to)),
			sender_note: None,
			reclaim_from: None,
		},
		None,
	);
	(found, collect.balance, collect.own_note)
}

fn listing(
	call: &ListCall,
	seller: &Wallet,
) -> (state::Listing, ListingId<veilmart_runtime::AccountId>, Listing) {
	let name = call.listing.name();
	let ledger = state::Listing {
		name,
		version: 0,
		price: call.price.clone(),
		price_seq: call.seq,
		price_salt: call.salt,
		stock: call.stock.clone(),
		commodity: call.commodity.clone(),
		salt: call.salt,
		note: call.own_note,
	};
	let found = Listing {
		price: call.price.clone(),
		version: 0,
		price_seq: call.seq,
		price_salt: Salt(call.salt),
		stock: call.stock.clone(),
		commodity: call.commodity.clone(),
		salt: Salt(call.salt),
		note: plain(&call.own_note, seller),
	};
	let id = ListingId {
		seller: name.seller.into(),
		seq: name.seq,
	};
	(ledger, id, found)
}

fn order(
	call: &OrderCall,
	listed: &ListCall,
	buyer: &Wallet,
	seller: &Wallet,
) -> (
	OrderId<veilmart_runtime::AccountId>,
	Order<veilmart_runtime::AccountId>,
) {
	let id = OrderId {
		buyer: buyer.account().into(),
		seq: call.seq,
	};
	let found = Order {
		listing: ListingId {
			seller: seller.account().into(),
			seq: listed.seq,
		},
		version: 0,
		price_seq: listed.seq,
		price_salt: Salt(listed.salt),
		quantity: call.quantity.clone(),
		total: call.total.clone(),
		terms: Terms::default(),
		state: OrderState::Placed,
		since: 0,
		due: None,
		open_credits: 0,
		salt: Salt(call.salt),
		note: plain(&call.note, seller),
		own_note: plain(&call.own_note, buyer),
		quote: plain(&call.quote, buyer),
	};
	(id, found)
}

/// What one sells and the other orders.
struct Deal {
	listed: ListCall,
	listing: (ListingId<veilmart_runtime::AccountId>, Listing),
	quote: notes::SealedNote,
	order: OrderCall,
}

fn deal(seller: &Wallet, buyer: &Wallet, balance: &Opened, rng: &mut ChaCha20Rng) -> Deal {
	let listed = seller.list(1, 250, 10, 85_123, rng).expect("a listing");
	let quote = seller
		.quote(2, &listed.listing, &party(buyer), rng)
		.expect("a quote")
		.note;
	let (ledger, id, found) = listing(&listed, seller);
	let quoted = state::Quote {
		version: 0,
		note: quote,
	};
	let quoted = buyer.open_quote(&ledger, &quoted).expect("it is for the buyer");
	let terms: statements::Terms = Terms::default().into();
	let view_key = party(seller).view_key;
	let order = buyer
		.order(3, balance, &quoted, 2, &terms, &view_key, rng)
		.expect("enough money");
	Deal {
		listed,
		listing: (id, found),
		quote,
		order,
	}
}

/// The corpora of the wallet.
pub fn add(corpora: &mut Corpora) {
	let mut rng = rng("wallet");
	let [alice, bob, issuer] = [ALICE, BOB, ISSUER].map(wallet);
	let (credit, balance, balance_note) = endowed(&issuer, &alice, &mut rng);
	let (_, bobs, _) = endowed(&issuer, &bob, &mut rng);
	let bought = deal(&bob, &alice, &balance, &mut rng);
	let sold = deal(&alice, &bob, &bobs, &mut rng);
	let owned = Owned {
		ciphertext: balance.ciphertext().clone(),
		note: Some(plain(&balance_note, &alice)),
	};
	let quote = Quote {
		version: 0,
		note: plain(&bought.quote, &alice),
	};
	let redeemed = bob
		.redeem(4, &bobs, &party(&alice), 5, &mut rng)
		.expect("enough money");
	let redemption = Found::Redemption(
		RedemptionId {
			holder: bob.account().into(),
			seq: 4,
		},
		Redemption {
			amount: redeemed.amount.clone(),
			note: plain(&redeemed.note, &alice),
		},
	);
	let (bought_id, bought_order) = order(&bought.order, &bought.listed, &alice, &bob);
	let (sold_id, sold_order) = order(&sold.order, &sold.listed, &bob, &alice);
	let refund = Found::Credit(
		CreditId {
			creator: alice.account().into(),
			seq: bought.order.seq,
			kind: CreditKind::Refund,
		},
		Credit {
			amount: bought.order.total.clone(),
			note: None,
			sender_note: None,
			reclaim_from: None,
		},
		Some((bought_id.clone(), bought_order.clone())),
	);
	let (own_id, own) = sold.listing;
	let (id, listed) = bought.listing;
	for (name, found) in [
		("balance", Found::Owned(owned)),
		("credit", credit),
		("refund", refund),
		("listing", Found::Listing(own_id, own)),
		("broken-listing", Found::Listing(id.clone(), listed.clone())),
		("quote", Found::Quote(id, listed, quote)),
		("bought", Found::Order(bought_id, bought_order)),
		("sold", Found::Order(sold_id, sold_order)),
		("redemption", redemption),
	] {
		corpora.add("opening", name, found.encode());
	}
	let redeemed_bytes = redeemed.note;
	for (name, sealed, reader) in [
		("own", &balance_note, &alice),
		("quote", &bought.quote, &alice),
		("order", &bought.order.note, &bob),
		("credit", &redeemed_bytes, &alice),
	] {
		let bytes = note(sealed, reader).encode(PARAMETER_SET);
		corpora.add("note", name, &bytes[..]);
		if name == "own" {
			let mut other = bytes.to_vec();
			other[0] ^= 2;
			corpora.add("note", "broken-version", other);
		}
		if name == "credit" {
			corpora.add("note", "broken-zeros", broken(&bytes[..], 0));
		}
	}

	let secret = test_keys::secret(PARAMETER_SET).expect("the test key");
	let root = |ciphertext: &[u8]| {
		secret
			.root_of(ciphertext)
			.expect("a ciphertext")
			.expect("a good key")
	};
	let letter = Letter {
		target: state::RefreshTarget::Balance,
		ciphertext: balance.ciphertext().clone(),
		value: balance.value(),
		price: 0,
		commodity: 0,
		root: root(balance.ciphertext().as_ref()),
	};
	let stock = Letter {
		target: state::RefreshTarget::Stock(sold.listed.listing.name()),
		ciphertext: sold.listed.stock.clone(),
		value: 10,
		price: 250,
		commodity: 85_123,
		root: root(sold.listed.stock.as_ref()),
	};
	let mut lie = letter.clone();
	lie.value = 1;
	let sealed = letter
		.seal(&party(&alice).view_key, &mut rng)
		.expect("an honest key");
	corpora.add("letter", "balance", &letter.encode()[..]);
	corpora.add("letter", "stock", &stock.encode()[..]);
	corpora.add("letter", "broken-value", &lie.encode()[..]);
	corpora.add("letter", "broken-box", broken(&sealed, 9));
	corpora.add("letter", "sealed", sealed);

	let ciphertext = balance.ciphertext().as_ref().to_vec();
	let root = letter.root.as_bytes().to_vec();
	let modulus = key().modulus().clone();
	let squared = (&modulus * &modulus).to_bytes_be();
	corpora.add("ciphertext", "ciphertext", &ciphertext);
	corpora.add("ciphertext", "root", &root);
	corpora.add("ciphertext", "broken-short", &ciphertext[1..]);
	corpora.add("ciphertext", "broken-squared", &squared);
	corpora.add("ciphertext", "broken-zero", vec![0; ciphertext.len()]);
	corpora.add("ciphertext", "broken-modulus", modulus.to_bytes_be());
}

//! No nonce is used for two plaintexts, and nobody learns a nonce that is not theirs. On the ciphertexts
//! themselves.

use super::*;
use crate::{
	derive::{self, Object},
	market::{IssueCall, ListCall, OrderCall},
	notes::{Note, Seed},
	state::Ciphertext,
};
use num_bigint::BigUint;
use veilmart_confidential::Role;
use veilmart_paillier::{Nonce, Opening, ParameterSet};

const SET: ParameterSet = ParameterSet::Paillier2048;

/// Whether the quotient of two ciphertexts is a power of `1 + N`, which is 1 modulo `N`: then it shows the
/// difference of the plaintexts to everybody.
fn share_nonce(world: &World, a: &Ciphertext, b: &Ciphertext) -> bool {
	let residue = |c: &Ciphertext| BigUint::from_bytes_be(c.as_ref()) % world.ledger.key().modulus();
	residue(a) == residue(b)
}

fn assert_apart(world: &World, first: &[&Ciphertext], second: &[&Ciphertext]) {
	for a in first {
		for b in second {
			assert!(!share_nonce(world, a, b), "two attempts share a nonce");
		}
	}
	for (i, a) in first.iter().enumerate() {
		for b in &first[i + 1..] {
			assert!(!share_nonce(world, a, b), "one attempt uses a nonce twice");
		}
	}
}

fn of_order(call: &OrderCall) -> [&Ciphertext; 3] {
	[&call.quantity, &call.total, &call.balance_after]
}

fn of_list(call: &ListCall) -> [&Ciphertext; 3] {
	[&call.price, &call.stock, &call.commodity]
}

fn of_listing(listing: &OpenedListing) -> [&Ciphertext; 3] {
	[
		&listing.price.ciphertext,
		&listing.stock.ciphertext,
		&listing.commodity.ciphertext,
	]
}

fn of_issue(call: &IssueCall) -> [&Ciphertext; 2] {
	[&call.amount, &call.issued_after]
}

#[test]
fn the_check_sees_a_shared_nonce() {
	let world = World::new();
	let nonce = Nonce::from_uniform(&[9; 128]);
	let encrypt = |value| {
		world
			.buyer
			.encrypt(Opening {
				value,
				nonce: nonce.clone(),
			})
			.expect("in range")
			.ciphertext
	};
	assert!(share_nonce(&world, &encrypt(3), &encrypt(5)));
}

#[test]
fn signing_again_gives_fresh_nonces() {
	let mut world = World::funded(10_000, 20_000);
	let (_, quoted) = world.listed();
	let balance = world.balance_of_buyer();
	let terms = world.ledger.terms;
	let key = world.seller.party().view_key;
	// The same order at the same sequence number, then another quantity: as after a transaction that failed.
	let orders = [3, 3, 4].map(|quantity| {
		world
			.buyer
			.order(7, &balance, &quoted, quantity, &terms, &key, &mut world.rng)
			.expect("orders")
	});
	let lists = [PRICE, PRICE, PRICE + 1].map(|price| {
		world
			.seller
			.list(7, price, STOCK, ITEM, &mut world.rng)
			.expect("lists")
	});
	let to = world.buyer.party();
	let issues = [50, 50, 51].map(|amount| {
		world
			.issuer
			.issue(7, &Opened::zero(), 100, &to, amount, &mut world.rng)
			.expect("issues")
	});
	for (i, j) in [(0, 1), (0, 2), (1, 2)] {
		assert_ne!(orders[i].salt, orders[j].salt);
		assert_apart(&world, &of_order(&orders[i]), &of_order(&orders[j]));
		assert_apart(&world, &of_list(&lists[i]), &of_list(&lists[j]));
		for (a, b) in of_issue(&issues[i]).into_iter().zip(of_issue(&issues[j])) {
			assert!(!share_nonce(&world, a, b));
		}
	}
}

#[test]
fn a_random_source_that_repeats_itself_shows_nothing() {
	let mut world = World::funded(10_000, 20_000);
	let (_, quoted) = world.listed();
	let balance = world.balance_of_buyer();
	let terms = world.ledger.terms;
	let key = world.seller.party().view_key;
	let [first, same, other] = [3, 3, 4].map(|quantity| {
		world
			.buyer
			.order(7, &balance, &quoted, quantity, &terms, &key, &mut Stuck)
			.expect("orders")
	});
	assert_ne!(first.salt, other.salt, "other plaintexts, other salt");
	assert_apart(&world, &of_order(&first), &of_order(&other));
	assert_eq!(
		of_order(&first),
		of_order(&same),
		"the same call again is the same call"
	);

	let [first, other] = [ITEM, ITEM + 1].map(|item| {
		world
			.seller
			.list(7, PRICE, STOCK, item, &mut Stuck)
			.expect("lists")
	});
	assert_apart(&world, &of_list(&first), &of_list(&other));
	let later = world
		.seller
		.list(8, PRICE, STOCK, ITEM, &mut Stuck)
		.expect("lists");
	assert_apart(&world, &of_list(&first), &of_list(&later));

	// The same amount from the same state to the same account, on another balance.
	let richer = world
		.buyer
		.encrypt(Opening {
			value: 20_000,
			nonce: Nonce::ZERO,
		})
		.expect("in range");
	let call = world
		.buyer
		.order(7, &richer, &quoted, 3, &terms, &key, &mut Stuck)
		.expect("orders");
	assert_apart(&world, &of_order(&call), &of_order(&same));
}

#[test]
fn the_other_calls_never_share_a_nonce_either() {
	let mut world = World::funded(10_000, 20_000);
	let (listing, _) = world.listed();
	let balance = world.balance_of_buyer();
	let to = world.seller.party();
	let known = world.buyer.known(&balance).expect("in range");
	let [first, other] = [3, 4].map(|amount| {
		world
			.buyer
			.transfer(7, &balance, &to, amount, &mut Stuck)
			.expect("transfers")
	});
	let redeemed = world
		.buyer
		.redeem(7, &balance, &to, 3, &mut Stuck)
		.expect("redeems");
	let refreshed = world
		.buyer
		.refresh_balance(7, &known, &mut Stuck)
		.expect("refreshes");
	let payments = [&first, &other, &redeemed].map(|call| [&call.amount, &call.balance_after]);
	for (i, one) in payments.iter().enumerate() {
		assert_apart(&world, one, &[&refreshed.after]);
		payments[i + 1..]
			.iter()
			.for_each(|two| assert_apart(&world, one, two));
	}
	let [first, other] = [PRICE + 1, PRICE + 2].map(|price| {
		world
			.seller
			.reprice(7, &listing, price, &mut Stuck)
			.expect("reprices")
	});
	let [more, most] = [1, 2].map(|pieces| {
		world
			.seller
			.restock(7, &listing, pieces, &mut Stuck)
			.expect("restocks")
	});
	assert_apart(
		&world,
		&[&first.price, &other.price, &more.delivery, &most.delivery],
		&of_listing(&listing),
	);
}

#[test]
fn notes_never_share_a_key_stream() {
	let mut world = World::funded(10_000, 20_000);
	let (_, quoted) = world.listed();
	let (balance, terms) = (world.balance_of_buyer(), world.ledger.terms);
	let key = world.buyer.party().view_key;
	let calls = [3, 4].map(|quantity| {
		world
			.buyer
			.order(7, &balance, &quoted, quantity, &terms, &key, &mut Stuck)
			.expect("orders")
	});
	let notes: Vec<_> = calls
		.iter()
		.flat_map(|call| [call.own_note, call.note, call.quote])
		.collect();
	for (i, a) in notes.iter().enumerate() {
		for b in &notes[i + 1..] {
			assert!(a[..32] != b[..32] || a == b, "two notes with one ephemeral key");
		}
	}
}

#[test]
fn other_chains_accounts_and_secrets_give_other_nonces() {
	let world = World::new();
	let keys = || Keys::from_mnemonic(PHRASE).expect("a phrase");
	let elsewhere = Wallet::new(keys(), world.ledger.key().clone(), [0xC1; 32]).expect("the ledger's size");
	let here = world
		.buyer
		.list(0, PRICE, STOCK, ITEM, &mut Stuck)
		.expect("lists");
	for wallet in [&elsewhere, &world.seller] {
		let there = wallet.list(0, PRICE, STOCK, ITEM, &mut Stuck).expect("lists");
		assert_apart(&world, &of_list(&here), &of_list(&there));
	}
}

#[test]
fn a_quote_never_opens_the_stock() {
	let mut world = World::funded(10_000, 20_000);
	let (listing, _) = world.listed();
	let who = world.seller.account();
	let sealed = world.ledger.quotes[&(world.buyer.account(), who, listing.name().seq)].note;
	let note = Note::open(SET, &sealed, &world.buyer.keys().view_key(0)).expect("opens");
	let Note::Quote(note) = note else {
		panic!("a quote")
	};

	// Everything that the buyer can expand from the two seeds, for every role.
	let roles = [
		Role::Amount,
		Role::BalanceAfter,
		Role::IssuedAfter,
		Role::Price,
		Role::Stock,
		Role::Commodity,
		Role::Delivery,
		Role::Quantity,
		Role::Total,
		Role::StockAfter,
	];
	let object = Object {
		account: who,
		seq: listing.name().seq,
	};
	let expand = |seed: &Seed, role| derive::nonce(SET, seed, &world.ledger.genesis, &who, &object, role);
	let mut nonces: Vec<Nonce> = Vec::new();
	for seed in [&note.price_seed, &note.commodity_seed] {
		nonces.extend(roles.map(|role| expand(seed, role)));
		// A seed is no parent of another: as a secret it does not derive the stock's seed either.
		let origin = world.seller.origin("list", listing.name().seq);
		let salt = world.ledger.listings[&(who, listing.name().seq)].salt;
		let child = derive::seed(&seed.0, &origin, &salt, Role::Stock, 0);
		nonces.push(expand(&child, Role::Stock));
	}
	let price = expand(&note.price_seed, Role::Price);
	let item = expand(&note.commodity_seed, Role::Commodity);
	nonces.extend([price.add(&item), price.sub(&item), item.sub(&price), Nonce::ZERO]);
	let encrypt = |value, nonce: &Nonce| {
		world
			.buyer
			.encrypt(Opening {
				value,
				nonce: nonce.clone(),
			})
			.expect("in range")
	};
	for nonce in &nonces {
		let guess = encrypt(STOCK, nonce);
		assert!(
			!share_nonce(&world, &guess.ciphertext, &listing.stock.ciphertext),
			"the quote opens the stock"
		);
	}
	assert_eq!(
		encrypt(PRICE, &price).ciphertext,
		listing.price.ciphertext,
		"it does open the price"
	);
	assert_eq!(
		encrypt(ITEM, &item).ciphertext,
		listing.commodity.ciphertext,
		"and the item code"
	);
}

#[test]
fn seeds_differ_by_everything_they_hang_on() {
	let origin = derive::Origin {
		genesis: [1; 32],
		account: [2; 32],
		seq: 3,
		call: "list",
	};
	let seed = |secret, origin: &derive::Origin, salt: u8, role, index| {
		derive::seed(&[secret; 32], origin, &[salt; 16], role, index).0
	};
	let first = seed(0, &origin, 0, Role::Price, 0);
	for other in [
		seed(1, &origin, 0, Role::Price, 0),
		seed(
			0,
			&derive::Origin {
				genesis: [9; 32],
				..origin
			},
			0,
			Role::Price,
			0,
		),
		seed(
			0,
			&derive::Origin {
				account: [9; 32],
				..origin
			},
			0,
			Role::Price,
			0,
		),
		seed(0, &derive::Origin { seq: 4, ..origin }, 0, Role::Price, 0),
		seed(
			0,
			&derive::Origin {
				call: "reprice",
				..origin
			},
			0,
			Role::Price,
			0,
		),
		seed(0, &origin, 1, Role::Price, 0),
		seed(0, &origin, 0, Role::Stock, 0),
		seed(0, &origin, 0, Role::Price, 1),
	] {
		assert_ne!(first, other);
	}
}

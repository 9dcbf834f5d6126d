//! What a wallet refuses before it proves anything, in words.

use super::*;
use crate::{state::CreditKind, WalletError};
use veilmart_paillier::{Nonce, Opening};

fn amount(world: &World, value: u64) -> Opened {
	world
		.buyer
		.encrypt(Opening {
			value,
			nonce: Nonce::from_uniform(&[3; 128]),
		})
		.expect("in range")
}

fn says<T: core::fmt::Debug>(result: Result<T, WalletError>, text: &str) {
	assert_eq!(result.expect_err("refused").to_string(), text);
}

#[test]
fn a_buyer_is_told_what_is_missing() {
	let mut world = World::funded(1_250, 20_000);
	let (_, quoted) = world.listed();
	let balance = world.balance_of_buyer();
	let (terms, key) = (world.ledger.terms, world.seller.party().view_key);
	let order = |quantity| {
		world
			.buyer
			.order(0, &balance, &quoted, quantity, &terms, &key, &mut Stuck)
	};
	says(
		order(3),
		"not enough balance: you have 12.50, the order costs 15.30",
	);
	says(order(0), "order at least one piece");
	// 2^64 pieces at 5.10 cost more than 64 bits hold.
	says(
		order(u64::MAX),
		"not enough balance: you have 12.50, the order costs 94078394775918713236.50",
	);
	assert!(order(2).is_ok());
	let low = [0; 32];
	says(
		world
			.buyer
			.order(0, &balance, &quoted, 1, &terms, &low, &mut Stuck),
		"the other party's view key is unsafe: nothing sealed to it would stay secret",
	);
	says(
		world
			.seller
			.order(0, &balance, &quoted, 1, &terms, &key, &mut Stuck),
		"you cannot buy from yourself",
	);
}

#[test]
fn a_total_that_wraps_around_is_too_much() {
	let mut world = World::funded(1_250, 20_000);
	let who = world.seller.account();
	// Twice 2^63 is 0 modulo 2^64, which anybody could pay.
	let call = world
		.seller
		.list(world.ledger.seq(&who), 1 << 63, 5, ITEM, &mut world.rng)
		.expect("lists");
	world.ledger.list(&who, &call).expect("accepted");
	let quote = world
		.seller
		.quote(9, &call.listing, &world.buyer.party(), &mut world.rng)
		.expect("quotes");
	let quote = crate::state::Quote {
		version: 0,
		note: quote.note,
	};
	let quoted = world
		.buyer
		.open_quote(&world.ledger.listings[&(who, call.seq)], &quote)
		.expect("opens");
	let key = world.seller.party().view_key;
	let result = world.buyer.order(
		0,
		&world.balance_of_buyer(),
		&quoted,
		2,
		&world.ledger.terms,
		&key,
		&mut Stuck,
	);
	says(
		result,
		"not enough balance: you have 12.50, the order costs 184467440737095516.16",
	);
}

#[test]
fn a_seller_is_told_what_is_missing() {
	let mut world = World::funded(50_000, 5_000);
	let (listing, quoted) = world.listed();
	let placed = world.ordered(&quoted, 5);
	let state = world.ledger.orders[&(placed.name().buyer, placed.name().seq)]
		.0
		.clone();
	let order = world.seller.open_order_as_seller(&state).expect("opens");
	let balance = world.balance_of_seller();
	says(
		world.seller.accept(0, &balance, &listing, &order, &mut Stuck),
		"not enough balance for the bond: you have 50.00, the bond is 255.00 (10 times the order)",
	);
	let mut few = listing.clone();
	few.stock = amount(&world, 3);
	says(
		world.seller.accept(0, &balance, &few, &order, &mut Stuck),
		"not enough stock: 3 left, the order is for 5",
	);
	let mut other = listing.clone();
	other.name.seq += 1;
	says(
		world.seller.accept(0, &balance, &other, &order, &mut Stuck),
		"the order is for another listing",
	);
	says(
		world.buyer.accept(0, &balance, &listing, &order, &mut Stuck),
		"that belongs to another account",
	);
	let party = world.seller.party();
	says(
		world.seller.quote(0, &listing, &party, &mut Stuck),
		"you cannot buy from yourself",
	);
	says(
		world.buyer.quote(0, &listing, &party, &mut Stuck),
		"that belongs to another account",
	);
	says(
		world.seller.list(0, 0, 1, 1, &mut Stuck),
		"the price must be more than zero",
	);

	// A bond of more than 64 bits.
	let mut huge = order.clone();
	huge.total = amount(&world, u64::MAX);
	says(
		world.seller.accept(0, &balance, &listing, &huge, &mut Stuck),
		"not enough balance for the bond: you have 50.00, the bond is 1844674407370955161.50 (10 times the order)",
	);
}

#[test]
fn an_issuer_keeps_its_quota() {
	let world = World::new();
	let to = world.buyer.party();
	let issue =
		|issued: &Opened, quota, amount| world.issuer.issue(0, issued, quota, &to, amount, &mut Stuck);
	let nine = amount(&world, 900);
	says(
		issue(&nine, 1_000, 101),
		"over the quota: you may still issue 1.00, not 1.01",
	);
	says(
		issue(&nine, 800, 1),
		"over the quota: you may still issue 0.00, not 0.01",
	);
	says(issue(&nine, 1_000, 0), "the amount must be more than zero");
	assert_eq!(issue(&nine, 1_000, 100).expect("issues").issued.value(), 1_000);
	let most = amount(&world, u64::MAX);
	says(
		issue(&most, u64::MAX, 1),
		"over the quota: you may still issue 0.00, not 0.01",
	);
}

#[test]
fn collecting_checks_names_and_sums() {
	let world = World::new();
	let name = |seq| CreditName {
		creator: [1; 32],
		seq,
		kind: CreditKind::Issued,
	};
	let collect =
		|credits: &[(CreditName, Opened)]| world.buyer.collect(0, &amount(&world, 5), credits, &mut Stuck);
	let many: Vec<_> = (0..17).map(|seq| (name(seq), amount(&world, 1))).collect();
	says(collect(&[]), "there is nothing to collect");
	says(collect(&many), "collect at most 16 credits at once");
	assert_eq!(collect(&many[..16]).expect("collects").balance.value(), 21);
	says(
		collect(&[many[0].clone(), many[1].clone(), many[0].clone()]),
		"a credit is named twice",
	);
	says(
		collect(&[(name(0), amount(&world, u64::MAX))]),
		"that is more than an account can hold",
	);
	// Nonces at the edge of their range.
	let mut edge = Nonce::from_uniform(&[0xFF; 144]);
	edge = edge.sub(&Nonce::from_uniform(&[1; 100]));
	let edge = world
		.buyer
		.encrypt(Opening {
			value: 1,
			nonce: edge,
		})
		.expect("in range");
	says(
		collect(&[(name(0), edge.clone()), (name(1), edge)]),
		"the balance has taken in too many credits: refresh it first",
	);
}

#[test]
fn a_payer_is_told_what_is_missing() {
	let world = World::new();
	let balance = amount(&world, 1_250);
	let to = world.seller.party();
	let transfer = |value| world.buyer.transfer(0, &balance, &to, value, &mut Stuck);
	let redeem = |value| world.buyer.redeem(0, &balance, &to, value, &mut Stuck);
	says(transfer(1_251), "not enough balance: you have 12.50, not 12.51");
	says(redeem(1_251), "not enough balance: you have 12.50, not 12.51");
	says(
		transfer(u64::MAX),
		"not enough balance: you have 12.50, not 184467440737095516.15",
	);
	says(transfer(0), "the amount must be more than zero");
	says(redeem(0), "the amount must be more than zero");
	assert_eq!(transfer(1_250).expect("transfers").balance.value(), 0);
	let myself = world.buyer.party();
	says(
		world.buyer.transfer(0, &balance, &myself, 1, &mut Stuck),
		"you cannot send money to yourself",
	);
	let unsafe_key = Party {
		view_key: [0; 32],
		..to
	};
	says(
		world.buyer.transfer(0, &balance, &unsafe_key, 1, &mut Stuck),
		"the other party's view key is unsafe: nothing sealed to it would stay secret",
	);
}

#[test]
fn a_disputing_buyer_is_told_what_is_missing() {
	let mut world = World::funded(3 * PRICE, 20_000);
	let (_, quoted) = world.listed();
	let order = world.ordered(&quoted, 3);
	let dispute = |wallet: &Wallet, have| wallet.dispute(0, &amount(&world, have), &order, &mut Stuck);
	says(
		dispute(&world.buyer, 3 * PRICE - 1),
		"not enough balance for the deposit: you have 15.29, the deposit is 15.30 (as much as the order)",
	);
	says(
		dispute(&world.seller, 3 * PRICE),
		"that belongs to another account",
	);
	assert_eq!(
		dispute(&world.buyer, 3 * PRICE)
			.expect("disputes")
			.balance
			.value(),
		0
	);
}

#[test]
fn changes_to_a_listing_are_checked() {
	let mut world = World::new();
	let listing = world
		.seller
		.list(0, PRICE, STOCK, ITEM, &mut world.rng)
		.expect("lists")
		.listing;
	says(
		world.seller.reprice(1, &listing, 0, &mut Stuck),
		"the price must be more than zero",
	);
	says(
		world.seller.restock(1, &listing, 0, &mut Stuck),
		"add at least one piece",
	);
	says(
		world
			.seller
			.restock(1, &listing, u64::MAX - STOCK + 1, &mut Stuck),
		"that is more than a stock can hold",
	);
	let full = world
		.seller
		.restock(1, &listing, u64::MAX - STOCK, &mut Stuck)
		.expect("restocks");
	assert_eq!(full.listing.stock().value(), u64::MAX);
	let theirs = "that belongs to another account";
	says(world.buyer.reprice(1, &listing, 1, &mut Stuck), theirs);
	says(world.buyer.restock(1, &listing, 1, &mut Stuck), theirs);
	says(world.buyer.refresh_stock(1, &listing, &mut Stuck), theirs);
}

#[test]
fn another_size_of_key_is_refused() {
	let text = include_str!("../../../primitives/paillier/test-keys/3072.factors");
	let mut lines = text.lines().map(unhex);
	let (p, q) = (lines.next().expect("two lines"), lines.next().expect("two lines"));
	let key = SecretKey::from_factors(&p, &q)
		.expect("the test key is well formed")
		.public()
		.clone();
	let result = Wallet::new(Keys::from_seed(&[1; 32]), key, [0; 32]);
	assert_eq!(result.err(), Some(WalletError::KeySize));
}

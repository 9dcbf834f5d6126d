//! The statement of an account for which things went wrong.

use pallet_ecommerce::{
	runtime_api::AccountState, Call, CreditId, CreditKind, Event, ListingId, OrderId, Owned, Terms, Verdict,
};
use rand_core::OsRng;
use veilmart_cli::{account::Account, ca, commodity};
use veilmart_paillier::{ProductGroup, SecretKey};
use veilmart_runtime::{AccountId, Runtime};
use veilmart_wallet::{
	market::{ListCall, OrderCall},
	opening::{Opened, Quoted},
	state, Wallet,
};

use crate::{
	bodies::{accept_call, collect_call, dispute_call, list_call, note, order_call, party, secret_key},
	node::{Block, Node, Stored, GENESIS},
	rpc::errors,
	shop::chain_of,
};

/// Something for sale, as the wallet takes it.
fn listing_of(wallet: &Wallet, listed: &ListCall) -> state::Listing {
	state::Listing {
		name: state::ListingName {
			seller: wallet.account(),
			seq: listed.seq,
		},
		version: 0,
		price: listed.price.clone(),
		price_seq: listed.seq,
		price_salt: listed.salt,
		stock: listed.stock.clone(),
		commodity: listed.commodity.clone(),
		salt: listed.salt,
		note: listed.own_note,
	}
}

/// An order, as the wallet takes it.
fn order_of(wallet: &Wallet, call: &OrderCall, listed: &ListCall) -> state::Order {
	state::Order {
		name: state::OrderName {
			buyer: wallet.account(),
			seq: call.seq,
		},
		listing: call.listing,
		price_seq: listed.seq,
		price_salt: listed.salt,
		quantity: call.quantity.clone(),
		total: call.total.clone(),
		terms: Terms::default().into(),
		salt: call.salt,
		note: call.note,
		own_note: call.own_note,
		quote: call.quote,
	}
}

/// What one sells and tells the other of, and what that one makes of it.
fn quoted(seller: &Wallet, buyer: &Wallet, listed: &ListCall) -> Quoted {
	let quote = seller
		.quote(listed.seq + 1, &listed.listing, &party(buyer), &mut OsRng)
		.unwrap();
	let quote = state::Quote {
		version: 0,
		note: quote.note,
	};
	buyer.open_quote(&listing_of(seller, listed), &quote).unwrap()
}

/// A shop for which things went wrong. It bought from Bob: one order was penalised, with a share for the shop; one lapsed; one
/// it disputed and lost. It sold to Bob: one order it did not ship, one was refunded after a dispute. And what each line of its
/// statement says behind block and time.
fn wrongs_of(shop: &Account, secret: &SecretKey) -> (Stored, Vec<(usize, String)>) {
	let (key, public) = (secret.public().clone(), ca::public_part(secret).unwrap());
	let wallet = |account: &Account| Wallet::new(account.keys(), key.clone(), GENESIS.0).unwrap();
	let [issuer, bob, arbiter] =
		["//Issuer", "//Bob", "//Arbiter"].map(|name| Account::development(name).unwrap());
	let [of_shop, of_issuer, of_bob] = [shop, &issuer, &bob].map(wallet);
	let terms: state::Terms = Terms::default().into();
	let item = commodity::encode("85123A").unwrap();
	let issued = |to: &Wallet, amount| {
		of_issuer
			.issue(0, &Opened::zero(), amount, &party(to), amount, &mut OsRng)
			.unwrap()
	};
	let name = |of: &Wallet, seq, kind| state::CreditName {
		creator: of.account(),
		seq,
		kind,
	};

	// The shop buys.
	let money = issued(&of_shop, 50_000);
	let first = name(&of_issuer, 0, state::CreditKind::Issued);
	let waiting = state::Credit {
		name: first,
		amount: money.amount.clone(),
		note: Some(money.note),
	};
	let opened = of_shop.open_credit(&waiting, None).unwrap();
	let funded = of_shop
		.collect(0, &Opened::zero(), &[(first, opened)], &mut OsRng)
		.unwrap();
	let goods = of_bob.list(0, 1_250, 40, item, &mut OsRng).unwrap();
	let offer = quoted(&of_bob, &of_shop, &goods);
	let buy = |seq, balance: &Opened, pieces| {
		let key = party(&of_bob).view_key;
		of_shop
			.order(seq, balance, &offer, pieces, &terms, &key, &mut OsRng)
			.unwrap()
	};
	let cheated = buy(1, &funded.balance, 2);
	let cheated_dispute = of_shop
		.dispute(2, &cheated.balance, &cheated.order, &mut OsRng)
		.unwrap();
	// What comes out of an order for its buyer is as much as its total, and opens as the total does.
	let out_of = |order: &OrderCall, kinds: &[state::CreditKind]| -> Vec<_> {
		let opened =
			|kind: &state::CreditKind| (name(&of_shop, order.seq, *kind), order.order.total().clone());
		kinds.iter().map(opened).collect()
	};
	let kinds = [
		state::CreditKind::Refund,
		state::CreditKind::Share,
		state::CreditKind::Deposit,
	];
	let won = of_shop
		.collect(3, &cheated_dispute.balance, &out_of(&cheated, &kinds), &mut OsRng)
		.unwrap();
	let ignored = buy(4, &won.balance, 1);
	let ignored_refund = of_shop
		.collect(5, &ignored.balance, &out_of(&ignored, &kinds[..1]), &mut OsRng)
		.unwrap();
	let delivered = buy(6, &ignored_refund.balance, 1);
	let delivered_dispute = of_shop
		.dispute(7, &delivered.balance, &delivered.order, &mut OsRng)
		.unwrap();

	// The shop sells.
	let listed = of_shop.list(8, 1_000, 10, item, &mut OsRng).unwrap();
	let offer = quoted(&of_shop, &of_bob, &listed);
	let key = party(&of_shop).view_key;
	let purse = issued(&of_bob, 10_000).issued;
	let not_shipped = of_bob
		.order(3, &purse, &offer, 1, &terms, &key, &mut OsRng)
		.unwrap();
	let returned = of_bob
		.order(4, &not_shipped.balance, &offer, 1, &terms, &key, &mut OsRng)
		.unwrap();
	let [sold, sold_returned] = [&not_shipped, &returned].map(|order| order_of(&of_bob, order, &listed));
	let opened = of_shop.open_order_as_seller(&sold).unwrap();
	let accepted = of_shop
		.accept(
			9,
			&delivered_dispute.balance,
			&listed.listing,
			&opened,
			&mut OsRng,
		)
		.unwrap();
	let opened = of_shop.open_order_as_seller(&sold_returned).unwrap();
	let accepted_returned = of_shop
		.accept(10, &accepted.balance, &accepted.listing, &opened, &mut OsRng)
		.unwrap();
	let bond = ProductGroup::new(&public.modulus)
		.product([(returned.total.as_ref(), 10)])
		.unwrap();
	let bond = state::Credit {
		name: name(&of_bob, 4, state::CreditKind::Bond),
		amount: state::Ciphertext::from_slice(&bond).unwrap(),
		note: None,
	};
	let opened = of_shop.open_credit(&bond, Some(&sold_returned)).unwrap();
	let bond_back = of_shop
		.collect(12, &accepted_returned.balance, &[(bond.name, opened)], &mut OsRng)
		.unwrap();

	let own = |seq| OrderId {
		buyer: shop.id(),
		seq,
	};
	let of_bobs = |seq| OrderId { buyer: bob.id(), seq };
	let credit = |id: &OrderId<AccountId>, kind| CreditId {
		creator: id.buyer.clone(),
		seq: id.seq,
		kind,
	};
	let paid = CreditId {
		creator: issuer.id(),
		seq: 0,
		kind: CreditKind::Issued,
	};
	let from_cheated =
		[CreditKind::Refund, CreditKind::Share, CreditKind::Deposit].map(|kind| credit(&own(1), kind));
	let from_ignored = [credit(&own(4), CreditKind::Refund)];
	let from_returned = [credit(&of_bobs(4), CreditKind::Bond)];
	let listing = ListingId {
		seller: shop.id(),
		seq: 8,
	};
	// What an own call announces is not in the statement, so any event does.
	let mine = |call| {
		let event = Event::<Runtime>::Delisted {
			listing: listing.clone(),
		};
		Block::default().with(shop, call, Ok(event))
	};
	let (by_bob, by_me) = (|| bob.id(), || shop.id());
	let resolved = |order, verdict| Event::<Runtime>::Resolved {
		order,
		arbiter: Some(arbiter.id()),
		verdict,
	};
	let blocks = vec![
		mine(collect_call(&funded, &[paid])),
		mine(order_call(&cheated)),
		Block::default()
			.by(
				&bob,
				Event::Accepted {
					order: own(1),
					seller: by_bob(),
				},
			)
			.by(
				&bob,
				Event::Shipped {
					order: own(1),
					seller: by_bob(),
				},
			),
		mine(dispute_call(&cheated_dispute)),
		Block::default()
			.by(&arbiter, resolved(own(1), Verdict::Penalised))
			.and(Event::Penalised {
				order: own(1),
				seller: by_bob(),
			}),
		mine(collect_call(&won, &from_cheated)),
		mine(order_call(&ignored)),
		Block::default().by_time(Event::Lapsed {
			order: own(4),
			seller: by_bob(),
		}),
		mine(collect_call(&ignored_refund, &from_ignored)),
		mine(order_call(&delivered)),
		mine(dispute_call(&delivered_dispute)),
		Block::default()
			.by(&arbiter, resolved(own(6), Verdict::Completed))
			.and(Event::Completed {
				order: own(6),
				seller: by_bob(),
			}),
		mine(list_call(&listed)),
		Block::default().by(
			&bob,
			Event::Placed {
				order: of_bobs(3),
				listing: listing.clone(),
			},
		),
		mine(accept_call(&accepted)),
		mine(accept_call(&accepted_returned)),
		Block::default().by_time(Event::Penalised {
			order: of_bobs(3),
			seller: by_me(),
		}),
		mine(Call::ship {
			seq: 11,
			order: of_bobs(4),
		}),
		Block::default().by(
			&bob,
			Event::Disputed {
				order: of_bobs(4),
				seller: by_me(),
			},
		),
		Block::default()
			.by(&arbiter, resolved(of_bobs(4), Verdict::Refunded))
			.and(Event::Refunded {
				order: of_bobs(4),
				seller: by_me(),
			}),
		mine(collect_call(&bond_back, &from_returned)),
	];
	let (me, bobs) = (shop.address(), bob.address());
	let lines = vec![
		(
			1,
			format!("0,collect,issued:{}:0,,500.00,500.00,", issuer.address()),
		),
		(2, format!("1,order,{me}:1,{bobs},-25.00,475.00,")),
		(3, format!(",accepted,{me}:1,,,,")),
		(3, format!(",shipped,{me}:1,,,,")),
		(4, format!("2,dispute,{me}:1,,-25.00,450.00,")),
		(5, format!(",resolved,{me}:1,,,,")),
		(5, format!(",penalised,{me}:1,,,,")),
		(
			6,
			format!("3,collect,refund:{me}:1 share:{me}:1 deposit:{me}:1,,75.00,525.00,"),
		),
		(7, format!("4,order,{me}:4,{bobs},-12.50,512.50,")),
		(8, format!(",lapsed,{me}:4,,,,")),
		(9, format!("5,collect,refund:{me}:4,,12.50,525.00,")),
		(10, format!("6,order,{me}:6,{bobs},-12.50,512.50,")),
		(11, format!("7,dispute,{me}:6,,-12.50,500.00,")),
		(12, format!(",resolved,{me}:6,,,,")),
		(12, format!(",completed,{me}:6,,,,")),
		(13, format!("8,list,{me}:8,,,,")),
		(14, format!(",placed,{bobs}:3,,,,")),
		(15, format!("9,accept,{bobs}:3,{bobs},-100.00,400.00,")),
		(16, format!("10,accept,{bobs}:4,{bobs},-100.00,300.00,")),
		(17, format!(",penalised,{bobs}:3,,,,")),
		(18, format!("11,ship,{bobs}:4,{bobs},,,")),
		(19, format!(",disputed,{bobs}:4,,,,")),
		(20, format!(",refunded,{bobs}:4,,,,")),
		(21, format!("12,collect,bond:{bobs}:4,,100.00,400.00,")),
	];
	let stored = Stored {
		account: AccountState {
			seq: 13,
			balance: Owned {
				ciphertext: bond_back.balance.ciphertext().clone(),
				note: Some(note(bond_back.own_note)),
			},
			issued: Owned::default(),
			issuer_quota: 0,
		},
		blocks,
		..chain_of(shop, secret)
	};
	(stored, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_tells_what_went_wrong_and_what_it_cost() {
	let (shop, phrase) = Account::generate().unwrap();
	let (stored, expected) = wrongs_of(&shop, &secret_key());
	let node = Node::start(stored).await;
	let folder = tempfile::tempdir().unwrap();
	let disk = folder.path();
	let output = node.run(disk, "account import shop", &format!("{}\n", *phrase));
	assert!(output.status.success(), "{}", errors(&output));
	let output = node.run(disk, "--account shop history --csv", "");
	assert!(output.status.success(), "{}", errors(&output));
	let text = String::from_utf8(output.stdout).unwrap();
	let mut lines = text.lines();
	assert_eq!(
		lines.next(),
		Some("time,block,sequence,what,about,with,change,balance,issued")
	);
	let expected: Vec<_> = expected
		.into_iter()
		.map(|(block, rest)| format!("2026-01-01T00:00:{block:02}Z,{block},{rest}"))
		.collect();
	assert_eq!(lines.collect::<Vec<_>>(), expected);
	// A spreadsheet that adds up what changed comes to the balance.
	let balance = node.json(disk, "balance")["balance"].clone();
	assert_eq!(balance, "400.00");
	let history = node.json(disk, "history");
	let changes = history.as_array().unwrap().iter();
	let sum: f64 = changes
		.filter_map(|line| line["change"].as_str())
		.map(|change| change.parse::<f64>().unwrap())
		.sum();
	assert_eq!(format!("{sum:.2}"), "400.00");
}

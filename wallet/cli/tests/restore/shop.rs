//! Nothing but the mnemonic: what the account has, and what it is told before anything is sent.

use pallet_certificates::{Certificate, Role, Status, ViewKeyRecord};
use pallet_ecommerce::{
	runtime_api::AccountState, Call, Credit, CreditId, CreditKind, Disclosure, Event, Listing, ListingId,
	Owned, Redemption, RedemptionId, Salt,
};
use rand_core::OsRng;
use serde_json::json;
use sp_runtime::DispatchError;
use veilmart_cli::{account::Account, ca, commodity};
use veilmart_paillier::SecretKey;
use veilmart_wallet::{opening::Opened, state, Wallet};

use crate::{
	bodies::{collect_call, list_call, note, party, secret_key, transfer_call},
	node::{Block, Node, Stored, BEGINNING, GENESIS},
	rpc::errors,
};

/// A shop that collected 500.00, sent 200.00 to Bob and listed something; 12.00 wait for it, and Bob has redeemed 7.00
/// with it.
pub fn chain_of(shop: &Account, secret: &SecretKey) -> Stored {
	let key = secret.public().clone();
	let wallet = |account: &Account| Wallet::new(account.keys(), key.clone(), GENESIS.0).unwrap();
	let (issuer, bob) = (
		Account::development("//Issuer").unwrap(),
		Account::development("//Bob").unwrap(),
	);
	let [of_shop, of_issuer, of_bob] = [shop, &issuer, &bob].map(wallet);

	let issued = |seq, before: &Opened, amount| {
		of_issuer
			.issue(seq, before, 1_000_000, &party(&of_shop), amount, &mut OsRng)
			.unwrap()
	};
	let first = issued(0, &Opened::zero(), 50_000);
	let second = issued(1, &first.issued, 1_200);
	let credit = |seq| CreditId {
		creator: issuer.id(),
		seq,
		kind: CreditKind::Issued,
	};
	let name = state::CreditName {
		creator: of_issuer.account(),
		seq: 0,
		kind: state::CreditKind::Issued,
	};
	let waiting = state::Credit {
		name,
		amount: first.amount.clone(),
		note: Some(first.note),
	};
	let opened = of_shop.open_credit(&waiting, None).unwrap();
	let collected = of_shop
		.collect(0, &Opened::zero(), &[(name, opened)], &mut OsRng)
		.unwrap();
	let sent = of_shop
		.transfer(1, &collected.balance, &party(&of_bob), 20_000, &mut OsRng)
		.unwrap();
	let again = of_shop
		.transfer(1, &collected.balance, &party(&of_bob), 10_000, &mut OsRng)
		.unwrap();
	let item = commodity::encode("85123A").unwrap();
	let listed = of_shop.list(2, 1_250, 40, item, &mut OsRng).unwrap();
	let bobs = of_bob
		.issue(0, &Opened::zero(), 1_000, &party(&of_shop), 1_000, &mut OsRng)
		.unwrap();
	let redeemed = of_bob
		.redeem(9, &bobs.issued, &party(&of_shop), 700, &mut OsRng)
		.unwrap();

	let id = ListingId {
		seller: shop.id(),
		seq: 2,
	};
	let transfer = CreditId {
		creator: shop.id(),
		seq: 1,
		kind: CreditKind::Transfer,
	};
	let transferred = Event::Transferred {
		from: shop.id(),
		to: bob.id(),
		credit: transfer.clone(),
	};
	let redemption = RedemptionId {
		holder: bob.id(),
		seq: 9,
	};
	let disclosed = Disclosure::Account(shop.id());
	let blocks = vec![
		Block::default().with(
			shop,
			collect_call(&collected, &[credit(0)]),
			Ok(Event::Collected {
				account: shop.id(),
				credits: vec![credit(0)],
			}),
		),
		Block::default().with(
			&Account::development("//CA").unwrap(),
			Call::record_disclosure {
				subject: disclosed.clone(),
			},
			Ok(Event::Disclosed { subject: disclosed }),
		),
		// One transfer fails, the one after it does not.
		Block::default()
			.with(shop, transfer_call(&again), Err(DispatchError::BadOrigin))
			.with(shop, transfer_call(&sent), Ok(transferred)),
		Block::default()
			.with(
				&bob,
				Call::delist { seq: 0, listing: 0 },
				Ok(Event::Redeemed {
					issuer: shop.id(),
					redemption: redemption.clone(),
				}),
			)
			.with(
				shop,
				list_call(&listed),
				Ok(Event::Listed { listing: id.clone() }),
			),
	];
	Stored {
		key: ca::public_part(secret).unwrap(),
		shop: shop.id(),
		account: AccountState {
			seq: 3,
			balance: Owned {
				ciphertext: sent.balance_after.clone(),
				note: Some(note(sent.own_note)),
			},
			issued: Owned::default(),
			issuer_quota: 0,
		},
		incoming: vec![(
			credit(1),
			Credit {
				amount: second.amount,
				note: Some(note(second.note)),
				sender_note: None,
				reclaim_from: None,
			},
		)],
		sent: vec![(
			transfer,
			Credit {
				amount: sent.amount,
				note: Some(note(sent.note)),
				sender_note: Some(note(sent.own_note)),
				reclaim_from: Some(BEGINNING + 86_400_000),
			},
		)],
		listings: vec![(
			id,
			Listing {
				price: listed.price,
				version: 0,
				price_seq: 2,
				price_salt: Salt(listed.salt),
				stock: listed.stock,
				commodity: listed.commodity,
				salt: Salt(listed.salt),
				note: note(listed.own_note),
			},
		)],
		redemptions: vec![(
			redemption,
			Redemption {
				amount: redeemed.amount,
				note: note(redeemed.note),
			},
		)],
		certificate: Certificate {
			roles: [Role::Seller, Role::Issuer].into(),
			organisation: b"Corner Shop".to_vec().try_into().unwrap(),
			view_key: Some(ViewKeyRecord {
				key: shop.view_key(0).unwrap(),
				index: 0,
			}),
			valid_until: None,
			status: Status::Active,
		},
		blocks,
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_disk_and_the_mnemonic_are_enough() {
	let (shop, phrase) = Account::generate().unwrap();
	let (me, bob) = (shop.address(), Account::development("//Bob").unwrap().address());
	let issuer = Account::development("//Issuer").unwrap().address();
	let node = Node::start(chain_of(&shop, &secret_key())).await;
	let folder = tempfile::tempdir().unwrap();
	let disk = folder.path();
	let output = node.run(disk, "account import shop", &format!("{}\n", *phrase));
	assert!(output.status.success(), "{}", errors(&output));

	let balance = node.json(disk, "balance");
	assert_eq!(balance["balance"], "300.00");
	assert_eq!(
		balance["incoming"],
		json!([{ "credit": format!("issued:{issuer}:1"), "amount": "12.00" }])
	);
	let listings = node.json(disk, "listings");
	assert_eq!(
		listings,
		json!([{
			"listing": format!("{me}:2"), "priceVersion": 0, "item": "85123A", "stock": 40, "price": "12.50",
		}])
	);
	let redemptions = node.json(disk, "redemptions");
	assert_eq!(
		redemptions,
		json!([{ "redemption": format!("{bob}:9"), "holder": bob, "amount": "7.00" }])
	);

	// The statement, from the first block on and from a later one.
	let output = node.run(disk, "--account shop history --csv", "");
	assert!(output.status.success(), "{}", errors(&output));
	let lines = [
		"time,block,sequence,what,about,with,change,balance,issued".to_owned(),
		format!("2026-01-01T00:00:01Z,1,0,collect,issued:{issuer}:0,,500.00,500.00,"),
		format!("2026-01-01T00:00:02Z,2,,disclosed,{me},,,,"),
		format!("2026-01-01T00:00:03Z,3,1,transfer,transfer:{me}:1,{bob},-200.00,300.00,"),
		format!("2026-01-01T00:00:04Z,4,,redeemed,{bob}:9,,,,"),
		format!("2026-01-01T00:00:04Z,4,2,list,{me}:2,,,,"),
	];
	let text = String::from_utf8(output.stdout).unwrap();
	assert_eq!(text.lines().collect::<Vec<_>>(), lines);
	let later = node.json(disk, "history --from 4");
	assert_eq!(later.as_array().unwrap().len(), 2);
	assert_eq!(later[1]["what"], "list");

	// What the wallet sees by itself it says, and sends nothing: the node here takes nothing.
	for (arguments, said) in [
		(
			"transfer //Bob 300.01",
			"Not enough balance: you have 300.00, not 300.01.",
		),
		("transfer //Bob 0", "The amount must be more than zero."),
		(
			"redeem //Bob 1000",
			"Not enough balance: you have 300.00, not 1000.00.",
		),
		("transfer shop 1", "You cannot send money to yourself."),
		("reprice 2 0", "The price must be more than zero."),
		("restock 2 0", "Add at least one piece."),
		(
			"restock 2 18446744073709551615",
			"That is more than a stock can hold.",
		),
	] {
		assert_eq!(node.refusal(disk, arguments), said, "{arguments}");
	}
	for arguments in [
		"refuse transfer://Bob:3".to_owned(),
		format!("refuse issued:{issuer}:1"),
		"reclaim 2 --from //Bob".into(),
		"settle //Bob:8".into(),
		"delist 9".into(),
		"restock 9 1".into(),
		"dispute 5".into(),
		"resolve //Bob:5 refunded".into(),
		"poke //Bob:5".into(),
		"refresh credit transfer://Bob:3".into(),
		"refresh stock 9".into(),
	] {
		assert!(!node.refusal(disk, &arguments).is_empty());
	}
}

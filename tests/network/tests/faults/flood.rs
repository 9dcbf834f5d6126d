//! Floods at the doors of real nodes: proofs that are wrong, strangers, more calls than an account may make.
//!
//! How a node refuses each of them, and in which order it looks, is tested in the runtime and the pallets. Here are four nodes that
//! take them all at once, go on with the work of others meanwhile, and say nothing about it in their logs.

use std::{collections::BTreeMap, time::Instant};

use pallet_ecommerce::{Call, Salt, SealedNote};
use rand_core::{OsRng, RngCore};
use veilmart_cli::{
	account::Account,
	chain::Chain,
	error::Error,
	session::{NewListing, Session},
};
use veilmart_network_tests::{clients::remark, scene::Scene, PATIENCE};
use veilmart_runtime::{Runtime, RuntimeCall};

/// Bad proofs that are sent to each node.
const BAD: usize = 60;
/// How many of them a node looks at in a minute.
const LOOKED_AT: usize = 10;
/// The calls of an account in a period.
const QUOTA: usize = 200;

async fn session(url: &str, name: &str) -> Session {
	let chain = Chain::connect(url).await.unwrap();
	Session::open(chain, Account::development(name).unwrap())
		.await
		.unwrap()
}

/// The names of refusals, and how often each was given.
type Refusals = BTreeMap<String, usize>;

fn note(refusals: &mut Refusals, error: Option<Error>) {
	let name = match error {
		Some(Error::Refused(refusal)) => refusal.name,
		Some(other) => format!("no refusal: {other}"),
		None => "taken".into(),
	};
	*refusals.entry(name).or_default() += 1;
}

/// Listings with a proof that is good for another salt than the one that they name: every length and range in it is as it has to be.
fn forged(session: &Session, seq: u64) -> impl FnMut() -> RuntimeCall {
	let honest = session.wallet().list(seq, 100, 10, 1, &mut OsRng).unwrap();
	let mut call = Call::<Runtime>::list {
		seq,
		salt: Salt(honest.salt),
		price: honest.price.into(),
		stock: honest.stock.into(),
		commodity: honest.commodity.into(),
		own_note: SealedNote(honest.own_note).into(),
		proof: honest.proof.try_into().unwrap(),
	};
	move || {
		if let Call::list { salt, .. } = &mut call {
			OsRng.fill_bytes(&mut salt.0);
		}
		RuntimeCall::Ecommerce(call.clone())
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_bad_proofs_is_not_looked_at_and_keeps_nobody_from_trading() {
	let mut scene = Scene::new().await;
	scene.silence();
	let urls: Vec<_> = scene.network.nodes.iter().map(|node| node.url.clone()).collect();
	let floods: Vec<_> = urls
		.iter()
		.map(|url| {
			let url = url.clone();
			tokio::spawn(async move {
				let session = session(&url, "//Bob").await;
				let seq = session.chain().account(session.id(), None).await.unwrap().seq;
				let (mut forged, mut refusals) = (forged(&session, seq), Refusals::new());
				for _ in 0..BAD {
					let sent = session.chain().submit(session.account(), forged()).await;
					note(&mut refusals, sent.err());
				}
				// Whoever floods is not heard for a while, whatever it says.
				let item = NewListing {
					price: 100,
					stock: 1,
					commodity: 1,
				};
				note(&mut refusals, session.list(item).await.err());
				refusals
			})
		})
		.collect();
	// Somebody else's proofs are looked at meanwhile, by all nodes, since a block with them becomes final.
	let shop = session(&urls[0], "//Alice").await;
	for item in 1..=3 {
		let item = NewListing {
			price: 250,
			stock: 5,
			commodity: item,
		};
		shop.list(item).await.unwrap();
	}
	let expected = Refusals::from([
		("ProofMismatch".to_owned(), LOOKED_AT),
		("TooManyBadProofs".to_owned(), BAD - LOOKED_AT + 1),
	]);
	for flood in floods {
		assert_eq!(flood.await.unwrap(), expected);
	}
	let flooder = session(&urls[0], "//Bob").await;
	// It has an account with the chain like before: nothing that was refused counts.
	flooder
		.chain()
		.submit(flooder.account(), remark("still here"))
		.await
		.unwrap();
	scene.nobody_complains();
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_at_every_door_before_anything_else() {
	let mut scene = Scene::new().await;
	let urls: Vec<_> = scene.network.nodes.iter().map(|node| node.url.clone()).collect();
	let shop = session(&urls[0], "//Alice").await;
	let floods: Vec<_> = urls
		.iter()
		.enumerate()
		.map(|(number, url)| {
			let (url, forged) = (url.clone(), forged(&shop, 0)());
			tokio::spawn(async move {
				let chain = Chain::connect(&url).await.unwrap();
				let mut refusals = Refusals::new();
				for stranger in 0..50 {
					let stranger =
						Account::development(&format!("//Stranger//{number}//{stranger}")).unwrap();
					let sent = chain.submit(&stranger, forged.clone()).await;
					note(&mut refusals, sent.err());
				}
				refusals
			})
		})
		.collect();
	for flood in floods {
		assert_eq!(
			flood.await.unwrap(),
			Refusals::from([("NotCertified".to_owned(), 50)])
		);
	}
	scene.progress().await;
	scene.nobody_complains();
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_used_up_its_quota_waits_for_the_next_period_and_nobody_else_does() {
	let mut scene = Scene::new().await;
	scene.silence();
	let chain = Chain::connect(&scene.network.nodes[0].url).await.unwrap();
	let account = Account::development("//Arbiter").unwrap();
	let first = chain.next_nonce(&account.id()).await.unwrap();
	let (mut taken, mut refusals) = (0, Refusals::new());
	// A new period may begin in the middle, with a quota of its own.
	for nonce in first..first + 3 * QUOTA as u32 {
		match chain.submit_as(&account, nonce, remark("one of many")).await {
			Ok(_) => taken += 1,
			Err(error) => {
				note(&mut refusals, Some(error));
				break;
			}
		}
	}
	assert!((QUOTA..=2 * QUOTA).contains(&taken), "{taken}");
	let name = refusals.keys().next().cloned().unwrap_or_default();
	assert!(
		["QuotaExhausted", "NonceBeyondQuota"].contains(&name.as_str()),
		"{refusals:?}"
	);
	// Another account's transactions are taken.
	let other = Account::development("//Auditor").unwrap();
	chain.submit(&other, remark("somebody else")).await.unwrap();
	// What was taken is in blocks, no more and no less, and the next period brings a new quota.
	let started = Instant::now();
	while chain.quota_left(&account.id()).await.unwrap() == 0
		|| chain.pending(&account.id()).await.unwrap() > 0
	{
		assert!(started.elapsed() < 2 * PATIENCE, "the quota is never renewed");
		// Time goes by in blocks.
		let _ = chain.submit(&other, remark("time goes by")).await;
		tokio::time::sleep(std::time::Duration::from_secs(1)).await;
	}
	assert_eq!(
		chain.next_nonce(&account.id()).await.unwrap(),
		first + taken as u32
	);
	chain.submit(&account, remark("a new period")).await.unwrap();
	scene.nobody_complains();
	scene.end().await;
}

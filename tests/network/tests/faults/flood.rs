//! Floods at the doors of real nodes: proofs that are wrong, strangers, more calls than an account may make, openly and in batches, and
//! calls for numbers whose turn does not come.
//!
//! How a node refuses each of them, and in which order it looks, is tested in the runtime and the pallets. Here are four nodes that
//! take them all at once, go on with the work of others meanwhile, and say nothing about it in their logs.

use std::{
	collections::BTreeMap,
	net::SocketAddr,
	time::{Duration, Instant},
};

use codec::Decode;
use frame_support::storage::storage_prefix;
use pallet_ecommerce::{Call, Salt, SealedNote};
use rand_core::{OsRng, RngCore};
use serde_json::json;
use sp_runtime::{generic::Preamble, MultiAddress};
use veilmart_cli::{
	account::Account,
	chain::Chain,
	error::Error,
	session::{NewListing, Session},
	transaction::Until,
};
use veilmart_demo_parts::process::{Node, Place};
use veilmart_network_tests::{
	clients::{ask, bytes, remark},
	metrics::Metrics,
	scene::Scene,
	Result, PATIENCE,
};
use veilmart_runtime::{extensions::read_extrinsic, AccountId, Runtime, RuntimeCall};

/// Connections of each flooding account to each node.
const CONNECTIONS: usize = 4;
/// Bad proofs that are sent over each of them.
const BAD: usize = 50;
/// How many bad proofs of an account a node looks at in a minute.
const LOOKED_AT: usize = 10;
/// That minute.
const MINUTE: Duration = Duration::from_secs(60);
/// The calls of an account in a period.
const QUOTA: usize = 200;
/// The length of a period of the chain's time, in milliseconds.
const PERIOD: u64 = 60_000;

/// Four nodes, and where they offer their metrics.
async fn observed() -> (Scene, Vec<SocketAddr>) {
	let mut offered = Vec::new();
	let mut place = || -> Result<Place> {
		let mut place = Place::here()?;
		offered.push(place.offer_metrics()?);
		Ok(place)
	};
	let scene = Scene::at(|_| Ok([place()?, place()?, place()?, place()?])).await;
	(scene, offered)
}

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
fn forged(session: &Session, seq: u64) -> impl FnMut() -> RuntimeCall + Clone {
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

/// How many calls a call makes: those that it holds, or itself. Of those that hold calls these tests make batches and proxies.
fn calls_in(call: &RuntimeCall) -> usize {
	match call {
		RuntimeCall::Utility(
			pallet_utility::Call::batch { calls } | pallet_utility::Call::batch_all { calls },
		) => calls.iter().map(calls_in).sum(),
		RuntimeCall::Proxy(pallet_proxy::Call::proxy { call, .. }) => calls_in(call),
		_ => 1,
	}
}

/// The time of a block.
async fn time(node: &Node, block: &serde_json::Value) -> u64 {
	let key = format!("0x{}", hex::encode(storage_prefix(b"Timestamp", b"Now")));
	let now = ask(node, "state_getStorage", &[json!(key), block.clone()])
		.await
		.unwrap();
	u64::decode(&mut &bytes(&now)[..]).unwrap()
}

/// The calls of an account in the final blocks of a node, by the periods of the blocks' times.
async fn calls_by_period(node: &Node, account: &AccountId) -> BTreeMap<u64, usize> {
	let chain = Chain::connect(&node.url).await.unwrap();
	let last = chain.header(chain.finalized().await.unwrap()).await.unwrap();
	let mut calls = BTreeMap::new();
	for number in 1..=last.number {
		let block = json!(chain.block_hash(number).await.unwrap().unwrap());
		let body = ask(node, "chain_getBlock", std::slice::from_ref(&block))
			.await
			.unwrap();
		let extrinsics = body["block"]["extrinsics"].as_array().unwrap();
		let made: usize = extrinsics
			.iter()
			.filter_map(|extrinsic| read_extrinsic(&bytes(extrinsic)))
			.filter(|extrinsic| {
				matches!(&extrinsic.preamble, Preamble::Signed(MultiAddress::Id(sender), ..) if sender == account)
			})
			.map(|extrinsic| calls_in(&extrinsic.function))
			.sum();
		if made > 0 {
			let period = time(node, &block).await / PERIOD;
			*calls.entry(period).or_default() += made;
		}
	}
	calls
}

/// Sends bad proofs over a connection of its own.
async fn send_bad(url: String, name: &'static str, mut forged: impl FnMut() -> RuntimeCall) -> Refusals {
	let chain = Chain::connect(&url).await.unwrap();
	let account = Account::development(name).unwrap();
	let mut refusals = Refusals::new();
	for _ in 0..BAD {
		let sent = chain.submit(&account, forged()).await;
		note(&mut refusals, sent.err());
	}
	refusals
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_bad_proofs_is_not_looked_at_and_keeps_nobody_from_trading() {
	const FLOODERS: [&str; 2] = ["//Bob", "//Dave"];
	const PROOFS: &str = "veilmart_proofs_total";
	let (mut scene, offered) = observed().await;
	scene.silence();
	let urls: Vec<_> = scene.network.nodes.iter().map(|node| node.url.clone()).collect();
	let mut forgeries = Vec::new();
	for name in FLOODERS {
		let session = session(&urls[0], name).await;
		let seq = session.chain().account(session.id(), None).await.unwrap().seq;
		forgeries.push((name, forged(&session, seq)));
	}
	let started = Instant::now();
	let mut floods = Vec::new();
	for (position, url) in urls.iter().enumerate() {
		for (name, forged) in &forgeries {
			for _ in 0..CONNECTIONS {
				let flood = tokio::spawn(send_bad(url.clone(), name, forged.clone()));
				floods.push((position, *name, flood));
			}
		}
	}
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
	let mut refused = BTreeMap::<_, Refusals>::new();
	for (position, name, flood) in floods {
		let sum = refused.entry((position, name)).or_default();
		for (refusal, times) in flood.await.unwrap() {
			*sum.entry(refusal).or_default() += times;
		}
	}
	// Ten in any minute: more than ten only if there was more than a minute.
	let minutes = started.elapsed().as_secs() / MINUTE.as_secs();
	let most = LOOKED_AT * (1 + minutes as usize);
	for (whom, refusals) in &refused {
		let times = |name: &str| refusals.get(name).copied().unwrap_or_default();
		let (bad, unseen) = (times("ProofMismatch"), times("TooManyBadProofs"));
		assert!((LOOKED_AT..=most).contains(&bad), "{whom:?}: {refusals:?}");
		assert_eq!(bad + unseen, CONNECTIONS * BAD, "{whom:?}: {refusals:?}");
	}
	// The nodes say the same of themselves.
	for (position, at) in offered.into_iter().enumerate() {
		let metrics = Metrics::when(at, |metrics| metrics.value(PROOFS, &["\"good\""]) >= Some(3.0))
			.await
			.unwrap();
		for (verdict, refusal) in [("\"bad\"", "ProofMismatch"), ("\"unseen\"", "TooManyBadProofs")] {
			let told: usize = FLOODERS
				.iter()
				.filter_map(|name| refused[&(position, *name)].get(refusal))
				.sum();
			assert_eq!(
				metrics.value(PROOFS, &[verdict]),
				Some(told as f64),
				"{metrics:?}"
			);
		}
	}
	// Whoever floods is not heard for a while, whatever it says.
	let flooder = session(&urls[0], "//Bob").await;
	let item = NewListing {
		price: 100,
		stock: 1,
		commodity: 1,
	};
	let answer = flooder.list(item).await;
	if started.elapsed() < MINUTE {
		let mut refusals = Refusals::new();
		note(&mut refusals, answer.err());
		assert_eq!(refusals, Refusals::from([("TooManyBadProofs".to_owned(), 1)]));
	}
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
	let before: usize = calls_by_period(&scene.network.nodes[0], &account.id())
		.await
		.values()
		.sum();
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
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
	assert_eq!(
		chain.next_nonce(&account.id()).await.unwrap(),
		first + taken as u32
	);
	let anew = chain.submit(&account, remark("a new period")).await.unwrap();
	anew.wait(Until::Finalized).await.unwrap();
	// What was included, whoever included it: in no period more than the quota, and all that was taken.
	let calls = calls_by_period(&scene.network.nodes[0], &account.id()).await;
	assert!(calls.values().all(|calls| *calls <= QUOTA), "{calls:?}");
	assert_eq!(calls.values().sum::<usize>(), before + taken + 1, "{calls:?}");
	scene.nobody_complains();
	scene.end().await;
}

/// Signs for one number many different calls, for which an earlier one is missing, and sends them over a connection of its own. Gives how
/// many were taken, and how many refused because another one has the number.
async fn send_of_one_number(url: String, account: Account, nonce: u32, connection: usize) -> (usize, usize) {
	// Two hundred of these are twice as much as may wait in a pool.
	const BYTES: usize = 20 * 1024;
	let chain = Chain::connect(&url).await.unwrap();
	let (mut taken, mut kept_out) = (0, 0);
	for number in 0..BAD {
		let call = remark(&format!("{connection} {number} {}", "-".repeat(BYTES)));
		match chain.submit_as(&account, nonce, call).await {
			Ok(_) => taken += 1,
			Err(Error::Refused(refusal)) if refusal.sentence.contains("no replacement") => kept_out += 1,
			Err(other) => panic!("{other}"),
		}
	}
	(taken, kept_out)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_many_calls_for_numbers_to_come_takes_one_place_for_each_and_drives_nobody_out() {
	let mut scene = Scene::new().await;
	scene.silence();
	let urls: Vec<_> = scene.network.nodes.iter().map(|node| node.url.clone()).collect();
	let chain = Chain::connect(&urls[0]).await.unwrap();
	// Somebody's second transaction has come before the first.
	let honest = Account::development("//Issuer").unwrap();
	let first = chain.next_nonce(&honest.id()).await.unwrap();
	let second = chain
		.submit_as(&honest, first + 1, remark("second"))
		.await
		.unwrap();

	let flooder = || Account::development("//Auditor").unwrap();
	let next = chain.next_nonce(&flooder().id()).await.unwrap();
	let mut floods = Vec::new();
	for (position, url) in urls.iter().enumerate() {
		for connection in 0..CONNECTIONS {
			let flood = send_of_one_number(url.clone(), flooder(), next + 5, connection);
			floods.push((position, tokio::spawn(flood)));
		}
	}
	let mut sums = vec![(0, 0); urls.len()];
	for (position, flood) in floods {
		let (taken, kept_out) = flood.await.unwrap();
		sums[position].0 += taken;
		sums[position].1 += kept_out;
	}
	assert_eq!(sums, vec![(1, CONNECTIONS * BAD - 1); urls.len()]);
	// Beyond the quota there are no numbers.
	let mut refusals = Refusals::new();
	for beyond in 0..20 {
		let sent = chain
			.submit_as(&flooder(), next + QUOTA as u32 + beyond, remark("far ahead"))
			.await;
		note(&mut refusals, sent.err());
	}
	assert_eq!(refusals, Refusals::from([("NonceBeyondQuota".to_owned(), 20)]));

	// The first one comes, and the second is still there.
	let first = chain.submit_as(&honest, first, remark("first")).await.unwrap();
	first.wait(Until::Finalized).await.unwrap();
	second.wait(Until::Finalized).await.unwrap();
	scene.nobody_complains();
	scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_batches_and_by_proxy_count_one_by_one() {
	/// Calls in each batch: three of them fit into a period.
	const HELD: usize = 60;
	let mut scene = Scene::new().await;
	scene.silence();
	let node = &scene.network.nodes[0];
	let chain = Chain::connect(&node.url).await.unwrap();
	let [account, principal, other] =
		["//Arbiter", "//Dave", "//Auditor"].map(|name| Account::development(name).unwrap());
	let add = pallet_proxy::Call::<Runtime>::add_proxy {
		delegate: MultiAddress::Id(account.id()),
		proxy_type: Default::default(),
		delay: 0,
	};
	let added = chain.submit(&principal, add.into()).await.unwrap();
	added.wait(Until::Finalized).await.unwrap();

	let batch = |calls| -> RuntimeCall {
		let calls = vec![remark("one of many"); calls];
		pallet_utility::Call::<Runtime>::batch_all { calls }.into()
	};
	let by_proxy = |call| -> RuntimeCall {
		let call = pallet_proxy::Call::<Runtime>::proxy {
			real: MultiAddress::Id(principal.id()),
			force_proxy_type: None,
			call: Box::new(call),
		};
		call.into()
	};
	// More than a period has are refused at once, however they are wrapped.
	let mut refusals = Refusals::new();
	for call in [batch(QUOTA + 1), by_proxy(batch(QUOTA + 1))] {
		note(&mut refusals, chain.submit(&account, call).await.err());
	}
	assert_eq!(refusals, Refusals::from([("TooManyCalls".to_owned(), 2)]));

	let first = chain.next_nonce(&account.id()).await.unwrap();
	let before: usize = calls_by_period(node, &account.id()).await.values().sum();
	let mut sent = Vec::new();
	for number in 0..8_u32 {
		let call = batch(HELD);
		let call = if number.is_multiple_of(2) {
			call
		} else {
			by_proxy(call)
		};
		// From the fourth on they may be refused already, if those before are included.
		sent.push(chain.submit_as(&account, first + number, call).await);
	}
	for fits in sent.into_iter().take(3) {
		fits.unwrap().wait(Until::Finalized).await.unwrap();
	}
	// Whatever the leader was offered beside them, for a while.
	for text in ["somebody else", "again"] {
		let somebody = chain.submit(&other, remark(text)).await.unwrap();
		somebody.wait(Until::Finalized).await.unwrap();
	}
	let calls = calls_by_period(node, &account.id()).await;
	assert!(calls.values().all(|calls| *calls <= QUOTA), "{calls:?}");
	let made = calls.values().sum::<usize>() - before;
	assert!(made >= 3 * HELD && made.is_multiple_of(HELD), "{calls:?}");
	scene.progress().await;
	scene.nobody_complains();
	scene.end().await;
}

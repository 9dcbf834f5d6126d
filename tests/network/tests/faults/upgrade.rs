//! A running network takes a new runtime: the council authorizes it, anybody brings it, every node goes on with it.
//!
//! The chain begins with the runtime of version 2, which is in `data` as it was built then, and goes on with the one of today.
//! What was stored before is read after. A node that comes later executes all blocks, each with the runtime of its time.

use std::fs;

use codec::{Decode, Encode};
use frame_system::Event as SystemEvent;
use pallet_certificates::Role;
use pallet_ecommerce::{runtime_api::AccountState, Salt, SealedNote};
use rand_core::OsRng;
use sp_io::TestExternalities;
use sp_runtime::{
	traits::{BlakeTwo256, Hash as _},
	DispatchError, DispatchResult, Storage,
};
use veilmart_cli::{account::Account, certificate::SignedRequest, chain::Chain, session::Session};
use veilmart_demo_parts::{council::carry_with, market::Market, process::Node, report::Steps, retail};
use veilmart_network_tests::{
	governance::authorize_upgrade,
	scene::{term, Scene},
	versions::AnyVersion,
	Result,
};
use veilmart_paillier::{test_keys, ParameterSet, PublicKey};
use veilmart_runtime::{Certificates, Ecommerce, Runtime, RuntimeCall, RuntimeEvent, TdRaft, VERSION};
use veilmart_wallet::{
	state::{Owned, Party},
	Wallet,
};

/// The version that the chain begins with.
const BEFORE: u32 = 2;

/// What somebody was given under it, in minor units.
const GIFT: u64 = 12_345;

/// Its code, compressed as nodes take it.
const CODE_BEFORE: &[u8] = include_bytes!("../../data/runtime-2.wasm.zst");

#[tokio::test(flavor = "multi_thread")]
async fn the_council_authorizes_a_runtime_anybody_applies_it_and_the_network_goes_on() {
	let (mut scene, today) = Scene::under(CODE_BEFORE).await;
	let chain = AnyVersion::connect(&scene.network.nodes[0]).await.unwrap();
	for node in &scene.network.nodes {
		let chain = AnyVersion::connect(node).await.unwrap();
		assert_eq!(chain.version().await.unwrap(), BEFORE);
	}
	assert_eq!(chain.storage_version("Ecommerce").await.unwrap(), 0);
	let payee = give(&chain).await.unwrap();
	let before = chain
		.state(chain.finalized().await.unwrap().hash())
		.await
		.unwrap();
	invariants(before).expect_err("they are those of a state that is migrated");

	what_may_not_be_applied(&chain).await;
	carry_with(authorize_upgrade(&today), async |who, call| {
		chain.send(who, call).await
	})
	.await
	.unwrap();
	scene.progress().await;
	assert_eq!(
		chain.version().await.unwrap(),
		BEFORE,
		"it is authorized, and no more"
	);
	// By an account that has nothing to do with it, at another node.
	let other = AnyVersion::connect(&scene.network.nodes[2]).await.unwrap();
	let applied = apply(&other, &today).await.unwrap();
	let hash = BlakeTwo256::hash(&today);
	let updated = RuntimeEvent::System(SystemEvent::CodeUpdated { hash });
	assert!(applied.contains(&updated), "{applied:?}");

	for node in &scene.network.nodes {
		let chain = AnyVersion::connect(node).await.unwrap();
		chain.is_version(VERSION.spec_version).await.unwrap();
	}
	scene.progress().await;
	assert_eq!(chain.storage_version("Ecommerce").await.unwrap(), 3);
	let after = chain
		.state(chain.finalized().await.unwrap().hash())
		.await
		.unwrap();
	invariants(after).unwrap();

	the_leader_is_replaced_and_comes_back(&mut scene).await;
	somebody_new_executes_it_all(&mut scene).await;
	trade(&scene.network.nodes[1], payee).await;
	let end = AnyVersion::connect(&scene.network.nodes[3]).await.unwrap();
	let state = end.state(end.finalized().await.unwrap().hash()).await.unwrap();
	invariants(state).unwrap();
	scene.end().await;
}

/// Brings the code of a runtime to the chain.
async fn apply(chain: &AnyVersion, code: &[u8]) -> Result<Vec<RuntimeEvent>> {
	let code = code.to_vec();
	let call = frame_system::Call::<Runtime>::apply_authorized_upgrade { code };
	chain.send("//Auditor", call.into()).await
}

async fn what_may_not_be_applied(chain: &AnyVersion) {
	let refused = |error: Result<Vec<RuntimeEvent>>, why: frame_system::Error<Runtime>| {
		let error = error.expect_err("it may not be applied").to_string();
		// As it travels, without the words that only the error of this program has.
		let why = DispatchError::from(why).encode();
		let why = format!("{:?}", DispatchError::decode(&mut &why[..]).unwrap());
		assert!(error.contains(&why), "{error}, and not {why}");
	};
	let nothing = apply(chain, CODE_BEFORE).await;
	refused(nothing, frame_system::Error::NothingAuthorized);
	let carry = async |code| {
		carry_with(authorize_upgrade(code), async |who, call| {
			chain.send(who, call).await
		})
		.await
		.unwrap()
	};
	carry(CODE_BEFORE).await;
	let other = apply(chain, b"not what was authorized").await;
	refused(other, frame_system::Error::Unauthorized);
	// What the council authorized, and no newer than what there is.
	let events = apply(chain, CODE_BEFORE).await.unwrap();
	assert!(
		events.iter().any(|event| matches!(
			event,
			RuntimeEvent::System(SystemEvent::RejectedInvalidAuthorizedUpgrade { .. })
		)),
		"{events:?}"
	);
}

/// The invariants of the chain's own pallets, in a state.
fn invariants(state: Storage) -> DispatchResult {
	TestExternalities::new(state).execute_with(|| {
		Certificates::do_try_state()?;
		TdRaft::do_try_state()?;
		Ecommerce::do_try_state()
	})
}

/// Has the issuer give something to somebody new, which is stored in the form of version 2.
async fn give(chain: &AnyVersion) -> Result<Account> {
	let genesis = chain.genesis().await?;
	let (payee, _) = Account::generate()?;
	let view_key = payee.view_key(0)?;
	let party = Party {
		account: payee.id().into(),
		view_key: *view_key.as_bytes(),
	};
	let roles = [Role::Buyer].into();
	let request = SignedRequest::sign(&payee, roles, "A customer of before", Some(view_key), 1, genesis)?;
	let (request, signature) = request.verify(genesis)?;
	let certify = pallet_certificates::Call::<Runtime>::issue {
		request,
		signature,
		valid_until: None,
	};
	chain.send("//CA", certify.into()).await?;

	let issuer = Account::development("//Issuer")?;
	let modulus = chain
		.stored("Ecommerce", "Modulus", None)
		.await?
		.ok_or("there is no key")?;
	let key = PublicKey::from_modulus(&Vec::<u8>::decode(&mut &modulus[..])?)
		.map_err(|error| format!("the chain's key cannot be used: {error}"))?;
	let wallet = Wallet::new(issuer.keys(), key, genesis.0)?;
	let state: AccountState = chain.call("EcommerceApi_account", issuer.id().encode()).await?;
	let issued = wallet.open_issued(&Owned {
		ciphertext: state.issued.ciphertext,
		note: state.issued.note.map(|note| note.0),
	})?;
	let call = wallet.issue(state.seq, &issued, state.issuer_quota, &party, GIFT, &mut OsRng)?;
	let issue = pallet_ecommerce::Call::<Runtime>::issue {
		seq: call.seq,
		salt: Salt(call.salt),
		to: payee.id(),
		amount: Box::new(call.amount),
		issued_after: Box::new(call.issued_after),
		own_note: Box::new(SealedNote(call.own_note)),
		note: Box::new(SealedNote(call.note)),
		proof: call.proof.try_into().map_err(|_| "the proof is too long")?,
	};
	chain.send("//Issuer", RuntimeCall::Ecommerce(issue)).await?;
	Ok(payee)
}

async fn the_leader_is_replaced_and_comes_back(scene: &mut Scene) {
	let leader = scene.network.leader().await.unwrap();
	let before = term(&scene.network.nodes[leader]).await;
	scene.network.nodes[leader].kill().await.unwrap();
	scene.progress().await;
	let next = scene.network.leader().await.unwrap();
	assert_ne!(leader, next, "another one leads");
	assert!(term(&scene.network.nodes[next]).await > before);
	scene.restart(leader).await;
	scene.progress().await;
}

/// A node with an empty database gets all blocks, those under the first runtime too.
async fn somebody_new_executes_it_all(scene: &mut Scene) {
	let folder = scene.folder().join("eve");
	fs::create_dir_all(&folder).unwrap();
	let others: Vec<_> = scene
		.network
		.nodes
		.iter()
		.map(|node| node.address.clone())
		.collect();
	let mut late = Node::prepare("eve", &scene.specification(), &folder, &others)
		.await
		.unwrap();
	late.spawn(&[]).unwrap();
	let chain = AnyVersion::answers(&mut late).await.unwrap();
	scene.network.nodes.push(late);
	chain.is_version(VERSION.spec_version).await.unwrap();
	scene.progress().await;
}

/// What was given before is collected, and a purchase goes its way, with the wallet of today.
async fn trade(node: &Node, payee: Account) {
	let chain = Chain::connect(&node.url).await.unwrap();
	let payee = Session::open(chain.clone(), payee).await.unwrap();
	payee.collect_all().await.unwrap();
	assert_eq!(payee.balance().await.unwrap(), GIFT);

	let (lines, _) = retail::orders(1).unwrap();
	let mut market = Market::open(&chain, &lines).await.unwrap();
	market.list(&lines).await.unwrap();
	market.endow(&lines).await.unwrap();
	market
		.purchase(0, &lines[0], &mut Steps::default())
		.await
		.unwrap();
	let secret = test_keys::secret(ParameterSet::Paillier2048).unwrap();
	let ended = market.settle(&secret, Vec::new()).await.unwrap();
	for party in &ended.parties {
		assert_eq!(party.opened, party.expected, "{}", party.name);
	}
	assert!(ended.audit.passed());
}

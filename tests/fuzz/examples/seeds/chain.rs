//! What the rest of the runtime does, transactions as they travel, and answers as nodes give them.

use codec::{Compact, Encode};
use pallet_certificates::{signing_payload, CertificateRequest, Role, ViewKey};
use pallet_ecommerce::{Disclosure, Terms};
use sp_core::{sr25519, Pair, H256};
use sp_runtime::{
	generic::Era,
	traits::{BlakeTwo256, Hash as _},
};
use veilmart_fuzz_targets::{dispatch::SIGNERS, GENESIS};
use veilmart_runtime::{
	api,
	extensions::{authorized_extrinsic, signed_extrinsic},
	Runtime, RuntimeCall, System, UncheckedExtrinsic,
};
use veilmart_td_raft::{
	runtime_api::ElectionRecord, AuthorityId, AuthorityRecord, Number, PeerIdBytes, RecordBody, SetId,
	Signature, Term,
};
use veilmart_wallet::Keys;

use crate::{
	broken, rng,
	trade::{account, Market, ALICE, BOB, CA, CHARLIE, EVE, ISSUER},
	Corpora,
};

/// The keys of a signer.
pub fn keys(signer: u8) -> Keys {
	let (_, seed) =
		sr25519::Pair::from_string_with_seed(SIGNERS[usize::from(signer)], None).expect("a development key");
	Keys::from_seed(&seed.expect("hard derivation has a seed"))
}

/// An sr25519 signature that comes out the same every time.
pub fn sign(keys: &Keys, message: &[u8]) -> [u8; 64] {
	keys.sign(message, &mut rng("signature"))
}

fn remark(text: &[u8]) -> RuntimeCall {
	frame_system::Call::remark {
		remark: text.to_vec(),
	}
	.into()
}

fn request() -> (
	CertificateRequest<veilmart_runtime::AccountId>,
	sr25519::Signature,
) {
	let request = CertificateRequest {
		account: account(EVE),
		roles: [Role::Buyer, Role::Seller].into(),
		organisation: b"Corner Shop".to_vec().try_into().expect("short"),
		view_key: ViewKey::new(keys(EVE).view_key(0).public()),
		counter: 1,
	};
	let signature = sign(&keys(EVE), &signing_payload(&H256(GENESIS), &request));
	(request, signature.into())
}

fn offices() -> Market {
	use pallet_certificates::Call as Certificates;
	use pallet_ecommerce::Call as Ecommerce;

	let mut market = Market::new("offices");
	let (request, signature) = request();
	market.send(
		CA,
		Certificates::issue {
			request,
			signature,
			valid_until: None,
		},
	);
	let [charlie, issuer, alice] = [CHARLIE, ISSUER, ALICE].map(account);
	market.send(
		CA,
		Certificates::revoke {
			account: charlie.clone(),
		},
	);
	market.send(CA, Certificates::reinstate { account: charlie });
	market.send(CA, Ecommerce::set_issuer_quota { issuer, quota: 7_000 });
	market.send(
		CA,
		Ecommerce::record_disclosure {
			subject: Disclosure::Account(alice),
		},
	);
	let view_key = ViewKey::new(keys(EVE).view_key(1).public()).expect("an honest key");
	market.send(EVE, Certificates::set_view_key { view_key, counter: 2 });
	let binding = market
		.chain()
		.with(pallet_td_raft_election::GenesisBinding::<Runtime>::get);
	let record = record(&keys(ALICE), &binding);
	market.send(BOB, pallet_td_raft_election::Call::set_record { record });
	market
}

/// The record of an authority.
pub fn record(keys: &Keys, binding: &[u8; 32]) -> AuthorityRecord {
	let body = RecordBody {
		authority: AuthorityId(keys.account()),
		counter: 1,
		peer_id: PeerIdBytes::new(vec![7; 38]).expect("a usual length"),
		sealing_key: [8; 32],
	};
	let signature = Signature(sign(keys, &body.payload(binding)));
	AuthorityRecord { body, signature }
}

fn motion(market: &mut Market, call: impl Into<RuntimeCall>) {
	use pallet_collective::Call as Council;

	let call: RuntimeCall = call.into();
	let (hash, length_bound) = (BlakeTwo256::hash_of(&call), call.encoded_size() as u32);
	let weight = frame_support::dispatch::GetDispatchInfo::get_dispatch_info(&call).call_weight;
	let propose = Council::propose {
		threshold: 2,
		proposal: Box::new(call),
		length_bound,
	};
	market.send(ALICE, propose);
	for voter in [ALICE, BOB] {
		let vote = Council::vote {
			proposal: hash,
			index: 0,
			approve: true,
		};
		market.send(voter, vote);
	}
	let close = Council::close {
		proposal_hash: hash,
		index: 0,
		proposal_weight_bound: weight,
		length_bound,
	};
	market.send(ALICE, close);
}

fn detours() -> Market {
	let mut market = Market::new("detours");
	let [alice, bob] = [ALICE, BOB].map(account);
	let calls = vec![remark(b"one"), remark(b"two")];
	market.send(CHARLIE, pallet_utility::Call::batch_all { calls });
	let add = pallet_proxy::Call::add_proxy {
		delegate: bob.into(),
		proxy_type: Default::default(),
		delay: 0,
	};
	market.send(ALICE, add);
	let proxy = pallet_proxy::Call::proxy {
		real: alice.clone().into(),
		force_proxy_type: None,
		call: Box::new(remark(b"for Alice")),
	};
	market.send(BOB, proxy);
	let multisig = pallet_multisig::Call::as_multi_threshold_1 {
		other_signatories: vec![alice],
		call: Box::new(remark(b"together")),
	};
	market.send(BOB, multisig);
	let terms = Terms {
		penalty_share: 1,
		..Terms::default()
	};
	motion(
		&mut market,
		veilmart_runtime::governance::Call::dispatch_as_root {
			call: Box::new(pallet_ecommerce::Call::set_terms { terms }.into()),
		},
	);
	let terms = market
		.chain()
		.with(pallet_ecommerce::CurrentTerms::<Runtime>::get);
	assert_eq!(terms.penalty_share, 1, "the motion was carried");
	market.blocks(2);
	market
}

/// Batches in one another.
fn nested(depth: usize) -> RuntimeCall {
	(0..depth).fold(remark(b""), |call, _| {
		pallet_utility::Call::batch { calls: vec![call] }.into()
	})
}

fn transaction(call: RuntimeCall, era: Era) -> UncheckedExtrinsic {
	let genesis = H256(GENESIS);
	signed_extrinsic(call, account(BOB), 3, era, genesis, genesis, |bytes| {
		sr25519::Signature::from_raw(sign(&keys(BOB), bytes)).into()
	})
}

fn extrinsics(corpora: &mut Corpora) {
	let confirm: RuntimeCall = pallet_ecommerce::Call::confirm { seq: 3, order: 2 }.into();
	let signed = transaction(confirm.clone(), Era::Immortal).encode();
	let now = pallet_timestamp::Call::set {
		now: 1_800_000_000_000,
	};
	let record = record(&keys(ALICE), &GENESIS);
	let general = authorized_extrinsic(pallet_td_raft_election::Call::set_record { record }.into());
	let (request, _) = request();
	// Deeper than a native stack is, hence as bytes.
	let head = nested(1).encode()[..3].repeat(1_500);
	let deep = [vec![5], head, remark(b"").encode()].concat().encode();
	for (name, bytes) in [
		("call", confirm.encode()),
		("nested", nested(16).encode()),
		("signed", signed.clone()),
		(
			"mortal",
			transaction(remark(b"mortal"), Era::mortal(128, 77)).encode(),
		),
		("bare", UncheckedExtrinsic::new_bare(now.into()).encode()),
		("general", general.encode()),
		("request", request.encode()),
		("broken-nested", nested(70).encode()),
		("broken-deep", deep),
		("broken-length", broken(&signed, signed.len() - 1)),
		("broken-end", signed[..signed.len() - 1].to_vec()),
		("broken-announced", Compact(u32::MAX).encode()),
	] {
		corpora.add("extrinsic", name, bytes);
	}
}

/// Answers of a node on whose chain this happened.
fn answers(corpora: &mut Corpora, mut market: Market) {
	let [alice, bob] = [ALICE, BOB].map(account);
	// The chain of a single authority has none.
	let election = ElectionRecord {
		set_id: SetId(0),
		term: Term(2),
		leader: AuthorityId(keys(ALICE).account()),
		number: Number(7),
		moment: 1_800_000_000_000,
		votes: 3,
		dealing: [4; 32],
	};
	market.chain().with(|| {
		let ask = |method: &str, arguments: Vec<u8>| api::dispatch(method, &arguments).expect("a method");
		for (name, answer) in [
			("market", ask("EcommerceApi_market", Vec::new())),
			("account", ask("EcommerceApi_account", alice.encode())),
			("incoming", ask("EcommerceApi_incoming", alice.encode())),
			("listings", ask("EcommerceApi_listings", bob.encode())),
			("quotes", ask("EcommerceApi_quotes", alice.encode())),
			(
				"orders",
				ask("EcommerceApi_orders_of_seller", (&bob, None::<()>).encode()),
			),
			("certificate", ask("CertificatesApi_certificate", alice.encode())),
			(
				"authority",
				ask("CertificatesApi_certificate_authority", Vec::new()),
			),
			("elections", vec![election].encode()),
			("timing", ask("TdRaftApi_timing", Vec::new())),
		] {
			corpora.add("answers", name, answer);
		}
		let events: Vec<_> = System::read_events_no_consensus().map(|event| *event).collect();
		let events = events.encode();
		corpora.add("answers", "broken-events", &events[..events.len() - 1]);
		corpora.add("answers", "events", events);
	});
	corpora.add("answers", "broken-account", [0; 40]);
}

/// The corpora of transactions and answers, and calls of other pallets.
pub fn add(corpora: &mut Corpora) {
	corpora.add("dispatch", "offices", offices().input());
	corpora.add("dispatch", "detours", detours().input());
	extrinsics(corpora);
	answers(corpora, crate::trade::answering());
}

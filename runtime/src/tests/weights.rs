//! The limit of a block holds when every transaction in it is the worst case.

use std::{
	collections::BTreeSet,
	time::{Duration, Instant},
};

use codec::{Decode, Encode};
use frame_support::{
	dispatch::{DispatchInfo, GetDispatchInfo},
	traits::{CallMetadata, GetCallMetadata, GetCallName},
	weights::{constants::WEIGHT_REF_TIME_PER_MICROS, Weight},
};
use pallet_certificates::{CertificateRequest, OrderId, Roles, ViewKey};
use pallet_ecommerce::{
	Ciphertext, CreditId, CreditKind, DeclineReason, Disclosure, ListingId, Proof, RedemptionId,
	RefreshTarget, Salt, SealedNote, Terms, Verdict, MAX_COLLECT,
};
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::{
	traits::TransactionExtension,
	transaction_validity::{InvalidTransaction, TransactionValidityError},
};
use veilmart_td_raft::{
	AuthorityId, AuthorityIndex, AuthorityRecord, DealerFaultProof, Evidence, Number, PeerIdBytes, Phase,
	RecordBody, SetId, Signature, Target, Term, Timing, Vote, MAX_AUTHORITIES,
};
use veilmart_trapdoor::Dealing;

use super::{
	market::{list, list_at},
	*,
};
use crate::{configs::RuntimeBlockWeights, extensions::tx_extension};

/// What was seen of each call of ours, in microseconds: pallet, call, how long it took without its proof, and how long its proof took.
///
/// From docs/benchmarks.md, "Weights", and from the same measurement: what stands in the `weights.rs` of the three pallets as
/// `time(…)`. A processor without vector instructions, keys of 2048 bits, the worst case of each call: 16 credits, the
/// heaviest state or verdict, 100 authorities. Whoever measures again writes here what was seen, whatever it
/// is: these are no weights.
const SEEN: [(&str, &str, u64, u64); 38] = [
	("Ecommerce", "issue", 370, 13_810),
	("Ecommerce", "collect", 2_052, 0),
	("Ecommerce", "list", 201, 16_251),
	("Ecommerce", "quote", 188, 0),
	("Ecommerce", "order", 464, 14_186),
	("Ecommerce", "cancel", 151, 0),
	("Ecommerce", "accept", 986, 10_402),
	("Ecommerce", "decline", 147, 0),
	("Ecommerce", "ship", 153, 0),
	("Ecommerce", "confirm", 661, 0),
	("Ecommerce", "poke", 674, 0),
	("Ecommerce", "dispute", 369, 5_793),
	("Ecommerce", "resolve", 708, 0),
	("Ecommerce", "set_terms", 22, 0),
	("Ecommerce", "transfer", 385, 10_446),
	("Ecommerce", "refuse", 163, 0),
	("Ecommerce", "reclaim", 168, 0),
	("Ecommerce", "redeem", 383, 10_509),
	("Ecommerce", "settle", 139, 0),
	("Ecommerce", "refresh", 349, 17_884),
	("Ecommerce", "reprice", 215, 5_796),
	("Ecommerce", "restock", 336, 5_760),
	("Ecommerce", "delist", 167, 0),
	("Ecommerce", "set_issuer_quota", 85, 0),
	("Ecommerce", "record_disclosure", 35, 0),
	("Certificates", "issue", 192, 0),
	("Certificates", "renew", 198, 0),
	("Certificates", "revoke", 35, 0),
	("Certificates", "reinstate", 35, 0),
	("Certificates", "set_view_key", 76, 0),
	("Certificates", "set_ca", 37, 0),
	("TdRaft", "set_authorities", 5_347, 0),
	("TdRaft", "add_authority", 168, 0),
	("TdRaft", "remove_authority", 90, 0),
	("TdRaft", "set_timing", 83, 0),
	("TdRaft", "set_record", 214, 0),
	// With what it takes to authorize it.
	("TdRaft", "report_offence", 430, 0),
	("TdRaft", "report_offence of a dealer", 121_836, 0),
];

/// What our extensions were seen to take of each transaction, in microseconds, in the same measurement: certificate, nonce, and the
/// sequence number in a block.
const EXTENSIONS: u64 = 55 + 44 + 2;

/// Every call of the marketplace, with the most that its weight depends on.
fn market_calls() -> Vec<pallet_ecommerce::Call<Runtime>> {
	use pallet_ecommerce::Call;

	let who = || account(Alice);
	let seq = 0;
	let salt = Salt([0; 16]);
	let c = || Box::new(Ciphertext::default());
	let note = || Box::new(SealedNote([0; 368]));
	let proof = Proof::default;
	let order = || OrderId { buyer: who(), seq: 0 };
	let credit = || CreditId {
		creator: who(),
		seq: 0,
		kind: CreditKind::Issued,
	};
	vec![
		Call::issue {
			seq,
			salt,
			to: who(),
			amount: c(),
			issued_after: c(),
			own_note: note(),
			note: note(),
			proof: proof(),
		},
		Call::collect {
			seq,
			credits: vec![credit(); MAX_COLLECT as usize]
				.try_into()
				.expect("as many as there may be"),
			own_note: note(),
		},
		Call::list {
			seq,
			salt,
			price: c(),
			stock: c(),
			commodity: c(),
			own_note: note(),
			proof: proof(),
		},
		Call::quote {
			seq,
			listing: 0,
			buyer: who(),
			note: note(),
		},
		Call::order {
			seq,
			salt,
			listing: ListingId {
				seller: who(),
				seq: 0,
			},
			version: 0,
			quantity: c(),
			total: c(),
			balance_after: c(),
			own_note: note(),
			note: note(),
			quote: note(),
			proof: proof(),
		},
		Call::cancel { seq, order: 0 },
		Call::accept {
			seq,
			salt,
			order: order(),
			stock_after: c(),
			balance_after: c(),
			own_note: note(),
			stock_note: note(),
			proof: proof(),
		},
		Call::decline {
			seq,
			order: order(),
			reason: DeclineReason::Unspecified,
		},
		Call::ship { seq, order: order() },
		Call::confirm { seq, order: 0 },
		Call::poke { seq, order: order() },
		Call::dispute {
			seq,
			salt,
			order: 0,
			balance_after: c(),
			own_note: note(),
			proof: proof(),
		},
		Call::resolve {
			seq,
			order: order(),
			verdict: Verdict::Penalised,
		},
		Call::set_terms {
			terms: Terms::default(),
		},
		Call::transfer {
			seq,
			salt,
			to: who(),
			amount: c(),
			balance_after: c(),
			own_note: note(),
			note: note(),
			proof: proof(),
		},
		Call::refuse {
			seq,
			credit: credit(),
		},
		Call::reclaim {
			seq,
			from: who(),
			transfer: 0,
		},
		Call::redeem {
			seq,
			salt,
			issuer: who(),
			amount: c(),
			balance_after: c(),
			own_note: note(),
			note: note(),
			proof: proof(),
		},
		Call::settle {
			seq,
			redemption: RedemptionId {
				holder: who(),
				seq: 0,
			},
		},
		Call::refresh {
			seq,
			salt,
			target: RefreshTarget::Balance,
			after: c(),
			residue: c(),
			own_note: note(),
			proof: proof(),
		},
		Call::reprice {
			seq,
			salt,
			listing: 0,
			version: 0,
			price: c(),
			own_note: note(),
			proof: proof(),
		},
		Call::restock {
			seq,
			salt,
			listing: 0,
			version: 0,
			delivery: c(),
			own_note: note(),
			proof: proof(),
		},
		Call::delist { seq, listing: 0 },
		Call::set_issuer_quota {
			issuer: who(),
			quota: 0,
		},
		Call::record_disclosure {
			subject: Disclosure::Account(who()),
		},
	]
}

/// Every call of the registry.
fn registry_calls() -> Vec<pallet_certificates::Call<Runtime>> {
	use pallet_certificates::Call;

	let request = CertificateRequest {
		account: account(Alice),
		roles: Roles::default(),
		organisation: Default::default(),
		view_key: None,
		counter: 1,
	};
	let signature = sp_core::sr25519::Signature::default();
	vec![
		Call::issue {
			request: request.clone(),
			signature,
			valid_until: None,
		},
		Call::renew {
			request,
			signature,
			valid_until: None,
		},
		Call::revoke {
			account: account(Alice),
		},
		Call::reinstate {
			account: account(Alice),
		},
		Call::set_view_key {
			view_key: ViewKey::new([7; 32]).expect("not of small order"),
			counter: 1,
		},
		Call::set_ca {
			account: account(Alice),
		},
	]
}

/// Every call of the consensus, for the largest set; reports of both costs.
fn consensus_calls() -> Vec<pallet_td_raft_election::Call<Runtime>> {
	use pallet_td_raft_election::Call;

	let most = u32::from(MAX_AUTHORITIES);
	// Three numbers, then three for each holder.
	let shares = vec![[[0u8; 32]; 3]; most as usize];
	let dealing = Dealing::decode(&mut &([[0u8; 32]; 3], shares).encode()[..]).expect("these are its parts");
	let vote = || Vote {
		phase: Phase::Commit,
		target: Target {
			set_id: SetId(0),
			term: Term(0),
			number: Number(0),
			hash: [0; 32],
		},
		voter: AuthorityIndex(0),
		signature: Signature([0; 64]),
	};
	let record = AuthorityRecord {
		body: RecordBody {
			authority: AuthorityId([0; 32]),
			counter: 0,
			peer_id: PeerIdBytes::new(vec![0; 64]).expect("as long as it may be"),
			sealing_key: [0; 32],
		},
		signature: Signature([0; 64]),
	};
	vec![
		Call::set_authorities {
			authorities: vec![account(Alice); most as usize]
				.try_into()
				.expect("as many as there may be"),
		},
		Call::add_authority {
			account: account(Alice),
		},
		Call::remove_authority {
			account: account(Alice),
		},
		Call::set_timing {
			timing: Timing::LOCAL,
		},
		Call::set_record { record },
		Call::report_offence {
			evidence: Box::new(Evidence::Votes(vote(), vote())),
		},
		Call::report_offence {
			evidence: Box::new(Evidence::DealerFault {
				dealer: AuthorityIndex(0),
				set_id: SetId(0),
				fault: DealerFaultProof {
					holders: SetId(0),
					term: Term(0),
					parent: [0; 32],
					dealing,
					fault: Decode::decode(&mut &[0u8][..]).expect("a list of no shares"),
				},
			}),
		},
	]
}

/// All of them with their names.
pub(super) fn all_calls() -> Vec<(&'static str, RuntimeCall)> {
	fn named<Call: GetCallName + Into<RuntimeCall>>(calls: Vec<Call>) -> Vec<(&'static str, RuntimeCall)> {
		let listed: BTreeSet<_> = calls.iter().map(|call| call.get_call_name()).collect();
		let existing: BTreeSet<_> = Call::get_call_names().iter().copied().collect();
		assert_eq!(listed, existing, "a call that this test does not know");
		calls
			.into_iter()
			.map(|call| (call.get_call_name(), call.into()))
			.collect()
	}
	let mut all = named(market_calls());
	all.extend(named(registry_calls()));
	all.extend(named(consensus_calls()));
	all
}

/// What a transaction with this call weighs, but for what every transaction does.
fn weight(call: &RuntimeCall) -> (Weight, DispatchInfo) {
	let info = call.get_dispatch_info();
	let extension = tx_extension(0, Era::Immortal).weight(call);
	(info.call_weight.saturating_add(extension), info)
}

/// How many such transactions a block holds.
fn most_in_a_block(call: &RuntimeCall) -> u64 {
	let (weight, info) = weight(call);
	let limits = RuntimeBlockWeights::get();
	let class = limits.get(info.class);
	let room = class.max_total.unwrap_or(limits.max_block).ref_time();
	room / class.base_extrinsic.saturating_add(weight).ref_time()
}

/// How long a transaction with this call was seen to take, in microseconds, and its place in [`SEEN`].
fn seen(call: &RuntimeCall) -> (u64, usize) {
	let CallMetadata {
		pallet_name,
		function_name,
	} = call.get_call_metadata();
	let of_a_dealer = matches!(
		call,
		RuntimeCall::TdRaft(pallet_td_raft_election::Call::report_offence { evidence })
			if matches!(**evidence, Evidence::DealerFault { .. })
	);
	let name = if of_a_dealer {
		"report_offence of a dealer"
	} else {
		function_name
	};
	let place = SEEN
		.iter()
		.position(|(pallet, call, ..)| (*pallet, *call) == (pallet_name, name))
		.unwrap_or_else(|| panic!("{pallet_name}: {name} has no figure: measure it"));
	let (.., rest, proof) = SEEN[place];
	// Signature and dispatch are the SDK's, and so is what they were seen to take: what it weighs them.
	let info = call.get_dispatch_info();
	let base = RuntimeBlockWeights::get()
		.get(info.class)
		.base_extrinsic
		.ref_time();
	let base = base.div_ceil(WEIGHT_REF_TIME_PER_MICROS);
	(base + EXTENSIONS + rest + proof, place)
}

#[test]
fn every_call_fits_into_an_empty_block() {
	for (name, call) in all_calls() {
		let (weight, info) = weight(&call);
		let limit = RuntimeBlockWeights::get()
			.get(info.class)
			.max_extrinsic
			.expect("both classes have one");
		assert!(weight.all_lte(limit), "{name}: {weight:?} of {limit:?}");
	}
}

/// Of all calls of ours. Those of the SDK's pallets weigh what the SDK says, which we have not measured. Keys of 3072 bits are not
/// measured either: there everything weighs four times as much, so that fewer fit, and this shows nothing.
#[test]
fn as_many_as_fit_take_no_longer_than_a_block_may() {
	let limit = RuntimeBlockWeights::get().max_block.ref_time() / WEIGHT_REF_TIME_PER_MICROS;
	let mut places = BTreeSet::new();
	for (name, call) in all_calls() {
		let (each, place) = seen(&call);
		places.insert(place);
		let (weight, _) = weight(&call);
		let count = most_in_a_block(&call);
		println!(
			"{name}: {} µs, {count} in a block, {each} µs each",
			weight.ref_time() / WEIGHT_REF_TIME_PER_MICROS
		);
		assert!(
			each.saturating_mul(count) <= limit,
			"{name}: {count} of them fit into a block, and take {each} µs each. If it was measured again, say so in SEEN"
		);
	}
	assert_eq!(places.len(), SEEN.len(), "a figure of a call that is no more");
}

/// Proofs of three values and three equations, each seen for the first time.
#[test]
#[ignore = "measures time: wants a machine with nothing else to do"]
fn a_block_full_of_proofs_is_executed_in_the_time_that_it_may_take() {
	development().execute_with(|| {
		let who = account(Alice);
		let count = u32::try_from(most_in_a_block(&list(&who))).expect("few");
		// One more than fits.
		let transactions: Vec<_> = (0..=count)
			.map(|number| transaction(Alice, list_at(&who, number.into(), 255).0, number))
			.collect();
		let mut taken = Duration::ZERO;
		let mut included = 0;
		for transaction in transactions {
			veilmart_verification_host::forget_everything();
			let start = Instant::now();
			match Executive::apply_extrinsic(transaction) {
				Ok(result) => {
					result.expect("a good proof");
					taken += start.elapsed();
					included += 1;
				}
				Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources)) => break,
				Err(other) => panic!("{other:?}"),
			}
		}
		println!("{included} of {count} transactions in {taken:?}");
		// The clock's inherent has taken its part.
		assert!((count - 1..=count).contains(&included));
		let limit = RuntimeBlockWeights::get().max_block.ref_time() / WEIGHT_REF_TIME_PER_MICROS;
		assert!(taken <= Duration::from_micros(limit), "{taken:?}");
	});
}

//! What a transaction may claim of a block: no account fills blocks with weight that it only declares.

use codec::Encode;
use frame_support::{
	assert_ok,
	dispatch::GetDispatchInfo,
	traits::GetCallMetadata,
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use pallet_certificates::{Refusal, Role};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Ferdie};
use sp_runtime::{
	traits::{BlakeTwo256, Hash as _, TransactionExtension},
	transaction_validity::{
		InvalidTransaction, TransactionSource, TransactionValidityError, UnknownTransaction,
	},
};

use super::{detours::certify, *};
use crate::{
	configs::{CouncilCollective, ProxyType},
	extensions::tx_extension,
	Council, Multisig, Proxy,
};

/// Has a certificate and nothing else.
const STRANGER: Sr25519Keyring = Charlie;

/// The chain `development` with a council of Alice and Bob, and two strangers.
fn with_strangers() -> TestExternalities {
	let mut state = development();
	state.execute_with(|| {
		let members = [Alice, Bob].map(account).to_vec();
		assert_ok!(Council::set_members(RuntimeOrigin::root(), members, None, 3));
		for who in [STRANGER, Dave, Ferdie] {
			certify(&account(who), [Role::Buyer]);
		}
	});
	state
}

fn too_much() -> TransactionValidityError {
	InvalidTransaction::Custom(8).into()
}

fn not_entitled() -> TransactionValidityError {
	UnknownTransaction::Custom(9).into()
}

fn never_permitted() -> TransactionValidityError {
	InvalidTransaction::Custom(10).into()
}

/// Refused with this answer in the pool and in a block, plain and in everything that holds calls.
fn refused(who: Sr25519Keyring, call: RuntimeCall, answer: TransactionValidityError) {
	use pallet_utility::Call as Utility;

	let ways: [RuntimeCall; 8] = [
		call.clone(),
		Utility::batch {
			calls: vec![remark(), call.clone()],
		}
		.into(),
		Utility::batch_all {
			calls: vec![call.clone()],
		}
		.into(),
		Utility::force_batch {
			calls: vec![call.clone()],
		}
		.into(),
		Utility::if_else {
			main: Box::new(remark()),
			fallback: Box::new(call.clone()),
		}
		.into(),
		Utility::as_derivative {
			index: 0,
			call: Box::new(call.clone()),
		}
		.into(),
		pallet_proxy::Call::proxy {
			real: account(Dave).into(),
			force_proxy_type: None,
			call: Box::new(call.clone()),
		}
		.into(),
		pallet_multisig::Call::as_multi_threshold_1 {
			other_signatories: vec![account(Ferdie)],
			call: Box::new(call.clone()),
		}
		.into(),
	];
	for way in ways {
		let nested = pallet_utility::Call::batch {
			calls: vec![way.clone()],
		};
		for sent in [way, nested.into()] {
			let pool = Executive::validate_transaction(
				TransactionSource::External,
				transaction(who, sent.clone(), 0),
				Hash::default(),
			);
			assert_eq!(pool.map(|_| ()), Err(answer), "in the pool: {sent:?}");
			assert_eq!(apply(who, sent.clone()), Err(answer), "in a block: {sent:?}");
		}
	}
}

/// The approval of one of STRANGER and Dave.
fn approval(who: Sr25519Keyring, call: &RuntimeCall, max_weight: Weight) -> RuntimeCall {
	let (both, other) = of_two(who);
	let hash = sp_io::hashing::blake2_256(&call.encode());
	pallet_multisig::Call::as_multi {
		threshold: 2,
		other_signatories: vec![other],
		maybe_timepoint: pallet_multisig::Multisigs::<Runtime>::get(both, hash).map(|open| open.when),
		call: Box::new(call.clone()),
		max_weight,
	}
	.into()
}

/// The account of STRANGER and Dave together, and the other one of them.
fn of_two(who: Sr25519Keyring) -> (AccountId, AccountId) {
	let mut both = [STRANGER, Dave].map(account);
	both.sort();
	let other = if who == STRANGER { Dave } else { STRANGER };
	(Multisig::multi_account_id(&both, 2), account(other))
}

#[test]
fn an_approval_declares_what_its_call_weighs() {
	with_strangers().execute_with(|| {
		// More than what is little: eight calls of more than a thousandth of a second.
		let poke = crate::full_blocks::calls()
			.into_iter()
			.find(|call| call.get_call_metadata().function_name == "poke")
			.expect("it is a call of ours");
		let heavy: RuntimeCall = pallet_utility::Call::batch { calls: vec![poke; 8] }.into();
		let weighs = |call: &RuntimeCall, era| {
			let extensions = tx_extension(0, era).weight(call);
			call.get_dispatch_info().call_weight.saturating_add(extensions)
		};
		// Wallets ask with either.
		let [mortal, immortal] = [Era::mortal(64, 0), Era::Immortal].map(|era| weighs(&heavy, era));
		assert!(mortal.any_gt(immortal));
		let most = mortal.max(immortal);
		assert!(most.ref_time() > 10 * WEIGHT_REF_TIME_PER_MILLIS);
		for excess in [Weight::from_parts(1, 0), Weight::from_parts(0, 1 << 20)] {
			refused(
				STRANGER,
				approval(STRANGER, &heavy, most.saturating_add(excess)),
				too_much(),
			);
		}
		assert_eq!(apply(STRANGER, approval(STRANGER, &heavy, mortal)), Ok(Ok(())));
		assert_eq!(apply(Dave, approval(Dave, &heavy, immortal)), Ok(Ok(())));

		let call: RuntimeCall = frame_system::Call::remark_with_event { remark: vec![7; 100] }.into();
		let weight = call.get_dispatch_info().call_weight;
		let as_transaction = weighs(&call, Era::mortal(64, 0));
		refused(
			STRANGER,
			approval(
				STRANGER,
				&call,
				Weight::from_parts(300 * WEIGHT_REF_TIME_PER_MILLIS, 0),
			),
			too_much(),
		);
		// The call's own weight is enough for both approvals, and what wallets are told is not refused.
		assert_eq!(
			apply(STRANGER, approval(STRANGER, &call, as_transaction)),
			Ok(Ok(()))
		);
		assert_eq!(apply(Dave, approval(Dave, &call, weight)), Ok(Ok(())));
		let executed = System::events().into_iter().any(|record| {
			matches!(
				record.event,
				crate::RuntimeEvent::Multisig(pallet_multisig::Event::MultisigExecuted {
					result: Ok(()),
					..
				})
			)
		});
		assert!(executed);
	});
}

/// Of what a wallet does: it asks about a signed and mortal transaction, or about the call alone.
#[test]
fn what_the_node_says_that_a_call_weighs_is_not_refused() {
	with_strangers().execute_with(|| {
		let collect = crate::full_blocks::calls()
			.into_iter()
			.find(|call| call.get_call_metadata().function_name == "collect")
			.expect("it is a call of ours");
		let calls = vec![collect; 16];
		let call: RuntimeCall = pallet_utility::Call::batch { calls }.into();
		let genesis = System::block_hash(0);
		let era = Era::mortal(64, 1);
		let asked = signed_extrinsic(call.clone(), account(STRANGER), 0, era, genesis, genesis, |_| {
			sp_core::sr25519::Signature::default().into()
		});
		let length = asked.encoded_size() as u32;
		let most = crate::TransactionPayment::query_info(asked, length).weight;
		let least = crate::TransactionPayment::query_call_info(call.clone(), length).weight;
		// More than what is little, so that it says something.
		assert!(least.ref_time() > 10 * WEIGHT_REF_TIME_PER_MILLIS && most.any_gt(least));
		assert_eq!(apply(STRANGER, approval(STRANGER, &call, most)), Ok(Ok(())));
		assert_eq!(apply(Dave, approval(Dave, &call, least)), Ok(Ok(())));
		let executed = |event: &crate::RuntimeEvent| {
			matches!(
				event,
				crate::RuntimeEvent::Multisig(pallet_multisig::Event::MultisigExecuted { .. })
			)
		};
		assert!(System::events().iter().any(|record| executed(&record.event)));
	});
}

#[test]
fn an_approval_by_hash_declares_little() {
	with_strangers().execute_with(|| {
		let by_hash = |max_weight| -> RuntimeCall {
			pallet_multisig::Call::approve_as_multi {
				threshold: 2,
				other_signatories: vec![account(Dave)],
				maybe_timepoint: None,
				call_hash: [1; 32],
				max_weight,
			}
			.into()
		};
		for much in [
			Weight::from_parts(10 * WEIGHT_REF_TIME_PER_MILLIS + 1, 0),
			Weight::from_parts(0, u64::MAX / 2),
		] {
			refused(STRANGER, by_hash(much), too_much());
		}
		let little = Weight::from_parts(10 * WEIGHT_REF_TIME_PER_MILLIS, 0);
		assert_eq!(apply(STRANGER, by_hash(little)), Ok(Ok(())));
	});
}

/// One call to the quota, whatever it weighs.
#[test]
fn calls_are_not_held_in_calls_without_end() {
	with_strangers().execute_with(|| {
		let nested = |levels: u32| {
			(0..levels).fold(remark(), |call, _| {
				pallet_utility::Call::<Runtime>::as_derivative {
					index: 0,
					call: Box::new(call),
				}
				.into()
			})
		};
		assert_eq!(apply(STRANGER, nested(8)), Ok(Ok(())));
		refused(STRANGER, nested(9), too_much());
		refused(STRANGER, nested(100), too_much());
	});
}

#[test]
fn what_no_signature_may_do_is_never_sent() {
	with_strangers().execute_with(|| {
		let held = || Box::new(remark());
		let root: Box<crate::OriginCaller> = Box::new(frame_system::RawOrigin::Root.into());
		let calls: [RuntimeCall; 9] = [
			frame_system::Call::<Runtime>::authorize_upgrade {
				code_hash: Hash::default(),
			}
			.into(),
			frame_system::Call::set_code { code: vec![] }.into(),
			frame_system::Call::kill_prefix {
				prefix: vec![],
				subkeys: 1_000_000,
			}
			.into(),
			frame_system::Call::set_storage { items: vec![] }.into(),
			pallet_utility::Call::with_weight {
				call: held(),
				weight: Weight::from_parts(300 * WEIGHT_REF_TIME_PER_MILLIS, 0),
			}
			.into(),
			pallet_utility::Call::dispatch_as {
				as_origin: root,
				call: held(),
			}
			.into(),
			pallet_collective::Call::<Runtime, CouncilCollective>::set_members {
				new_members: vec![],
				prime: None,
				old_count: u32::MAX,
			}
			.into(),
			pallet_scheduler::Call::<Runtime>::cancel { when: 1, index: 0 }.into(),
			crate::governance::Call::dispatch_as_root { call: held() }.into(),
		];
		for call in calls {
			refused(STRANGER, call, never_permitted());
		}
	});
}

#[test]
fn what_others_may_send_or_may_be_sent_later_is_not_called_invalid() {
	with_strangers().execute_with(|| {
		let calls: [RuntimeCall; 4] = [
			frame_system::Call::apply_authorized_upgrade { code: vec![] }.into(),
			pallet_preimage::Call::ensure_updated {
				hashes: vec![Hash::default(); 1_000],
			}
			.into(),
			pallet_preimage::Call::note_preimage {
				bytes: vec![1; 1_000],
			}
			.into(),
			pallet_collective::Call::<Runtime, CouncilCollective>::vote {
				proposal: Hash::default(),
				index: 0,
				approve: true,
			}
			.into(),
		];
		for call in calls.clone() {
			refused(STRANGER, call, not_entitled());
		}
		// A member's fail, if at all, when they are dispatched.
		for call in calls.into_iter().skip(2) {
			assert!(apply(Alice, call).is_ok());
		}
	});
}

/// Whatever else there is to say: only then is waiting in vain.
#[test]
fn what_can_never_pass_is_said_first() {
	with_strangers().execute_with(|| {
		let later: RuntimeCall = frame_system::Call::apply_authorized_upgrade { code: vec![] }.into();
		let never: RuntimeCall = frame_system::Call::set_code { code: vec![] }.into();
		let much: RuntimeCall = pallet_multisig::Call::approve_as_multi {
			threshold: 2,
			other_signatories: vec![account(Dave)],
			maybe_timepoint: None,
			call_hash: [1; 32],
			max_weight: Weight::MAX,
		}
		.into();
		for (call, answer) in [
			(remark(), not_entitled()),
			(never.clone(), never_permitted()),
			(much, too_much()),
		] {
			let calls = vec![later.clone(), call];
			refused(STRANGER, pallet_utility::Call::batch_all { calls }.into(), answer);
		}
		// Also if the signer is no member.
		let executed = |proposal: RuntimeCall, length_bound: u32| -> RuntimeCall {
			pallet_collective::Call::<Runtime, CouncilCollective>::execute {
				proposal: Box::new(proposal),
				length_bound,
			}
			.into()
		};
		refused(STRANGER, executed(remark(), 3), not_entitled());
		refused(STRANGER, executed(never, 3), never_permitted());
		refused(STRANGER, executed(remark(), u32::MAX), too_much());
	});
}

/// A wrapper has the class of what it holds, and blocks have no limit for inherents.
#[test]
fn nobody_sends_an_inherent_for_another() {
	with_strangers().execute_with(|| {
		assert_ok!(Proxy::add_proxy(
			signed(Dave),
			account(STRANGER).into(),
			ProxyType::Any,
			0
		));
		let call: RuntimeCall = pallet_timestamp::Call::set { now: START }.into();
		let proxied: RuntimeCall = pallet_proxy::Call::proxy {
			real: account(Dave).into(),
			force_proxy_type: None,
			call: Box::new(call.clone()),
		}
		.into();
		assert_eq!(
			proxied.get_dispatch_info().class,
			frame_support::dispatch::DispatchClass::Mandatory
		);
		let batch = pallet_utility::Call::force_batch { calls: vec![call] };
		for sent in [proxied, batch.into()] {
			assert_eq!(apply(STRANGER, sent), Err(never_permitted()));
		}
	});
}

/// No account of this chain is of the old form, so each one named only weighs.
#[test]
fn upgraded_accounts_come_one_by_one() {
	with_strangers().execute_with(|| {
		let upgraded = |count: usize| -> RuntimeCall {
			pallet_balances::Call::<Runtime>::upgrade_accounts {
				who: vec![account(STRANGER); count],
			}
			.into()
		};
		refused(STRANGER, upgraded(2), too_much());
		refused(STRANGER, upgraded(5_000), too_much());
		assert_eq!(apply(STRANGER, upgraded(1)), Ok(Ok(())));
	});
}

#[test]
fn an_authorized_upgrade_is_handed_in_by_anybody_who_has_it() {
	with_strangers().execute_with(|| {
		let code = vec![1, 2, 3];
		let authorized = BlakeTwo256::hash(&code);
		assert_ok!(System::authorize_upgrade(RuntimeOrigin::root(), authorized));
		let handed_in =
			|code: Vec<u8>| -> RuntimeCall { frame_system::Call::apply_authorized_upgrade { code }.into() };
		refused(STRANGER, handed_in(vec![1, 2]), not_entitled());
		let in_pool = Executive::validate_transaction(
			TransactionSource::External,
			transaction(STRANGER, handed_in(code), 0),
			Hash::default(),
		);
		assert_ok!(in_pool);
	});
}

/// A motion of Alice that both members are for, and the transaction that closes it with these bounds.
fn carried() -> (RuntimeCall, impl Fn(Weight, u32) -> RuntimeCall) {
	let motion: RuntimeCall = frame_system::Call::remark {
		remark: vec![1; 1_000],
	}
	.into();
	let proposal_hash = BlakeTwo256::hash_of(&motion);
	assert_ok!(Council::propose(
		signed(Alice),
		2,
		Box::new(motion.clone()),
		motion.encoded_size() as u32
	));
	for member in [Alice, Bob] {
		assert_ok!(Council::vote(signed(member), proposal_hash, 0, true));
	}
	let close = move |proposal_weight_bound, length_bound| -> RuntimeCall {
		pallet_collective::Call::<Runtime, CouncilCollective>::close {
			proposal_hash,
			index: 0,
			proposal_weight_bound,
			length_bound,
		}
		.into()
	};
	(motion, close)
}

fn is_open(motion: &RuntimeCall) -> bool {
	let hash = BlakeTwo256::hash_of(motion);
	pallet_collective::ProposalOf::<Runtime, CouncilCollective>::contains_key(hash)
}

#[test]
fn a_motion_is_closed_by_members_and_with_its_own_bounds() {
	with_strangers().execute_with(|| {
		let (motion, close) = carried();
		let weight = motion.get_dispatch_info().call_weight;
		let length = motion.encoded_size() as u32;
		refused(STRANGER, close(weight, length), not_entitled());
		refused(STRANGER, close(Weight::zero(), 0), not_entitled());

		let in_block = |call| apply(Alice, call);
		let much = Weight::from_parts(200 * WEIGHT_REF_TIME_PER_MILLIS, 0);
		assert_eq!(in_block(close(much, length)), Err(too_much()));
		assert_eq!(in_block(close(weight, length + 1_025)), Err(too_much()));
		assert_eq!(in_block(close(weight, length - 1)), Err(too_much()));
		assert!(is_open(&motion));
		let by_hand = Weight::from_parts(10 * WEIGHT_REF_TIME_PER_MILLIS, 0);
		let more = Weight::from_parts(10 * WEIGHT_REF_TIME_PER_MILLIS + 1, 0);
		assert!(weight.all_lte(by_hand));
		assert_eq!(in_block(close(more, length)), Err(too_much()));
		assert_eq!(in_block(close(by_hand, length + 1_024)), Ok(Ok(())));
		assert!(!is_open(&motion));
		// There is no motion any more.
		assert_eq!(in_block(close(weight, length)), Err(not_entitled()));
	});
}

#[test]
fn motions_are_made_by_members_and_with_their_own_length() {
	with_strangers().execute_with(|| {
		let proposed = |length_bound| -> RuntimeCall {
			pallet_collective::Call::<Runtime, CouncilCollective>::propose {
				threshold: 2,
				proposal: Box::new(remark()),
				length_bound,
			}
			.into()
		};
		let executed = |length_bound| -> RuntimeCall {
			pallet_collective::Call::<Runtime, CouncilCollective>::execute {
				proposal: Box::new(remark()),
				length_bound,
			}
			.into()
		};
		// Pallet, call, and the length of nothing: three bytes.
		for call in [proposed(3), executed(3)] {
			refused(STRANGER, call, not_entitled());
		}
		for call in [proposed(1_028), executed(u32::MAX)] {
			assert_eq!(apply(Alice, call), Err(too_much()));
		}
		for call in [proposed(3), executed(3)] {
			assert_eq!(apply(Alice, call), Ok(Ok(())));
		}
	});
}

#[test]
fn what_a_member_executes_alone_claims_no_more_than_what_it_signs() {
	with_strangers().execute_with(|| {
		let executed = |proposal: RuntimeCall| -> RuntimeCall {
			let length_bound = proposal.encoded_size() as u32;
			pallet_collective::Call::<Runtime, CouncilCollective>::execute {
				proposal: Box::new(proposal),
				length_bound,
			}
			.into()
		};
		let much = Weight::from_parts(300 * WEIGHT_REF_TIME_PER_MILLIS, 0);
		let weighty = pallet_utility::Call::<Runtime>::with_weight {
			call: Box::new(remark()),
			weight: much,
		};
		assert_eq!(apply(Alice, executed(weighty.into())), Err(never_permitted()));
		let declared = executed(approval(STRANGER, &remark(), much));
		assert_eq!(apply(Alice, declared), Err(too_much()));
	});
}

/// With a threshold below two it is executed on the spot.
#[test]
fn what_a_member_carries_alone_claims_no_more_than_what_it_signs() {
	with_strangers().execute_with(|| {
		let proposed = |threshold, proposal: RuntimeCall| -> RuntimeCall {
			let length_bound = proposal.encoded_size() as u32;
			pallet_collective::Call::<Runtime, CouncilCollective>::propose {
				threshold,
				proposal: Box::new(proposal),
				length_bound,
			}
			.into()
		};
		let as_root = |call: RuntimeCall| -> RuntimeCall {
			crate::governance::Call::dispatch_as_root { call: Box::new(call) }.into()
		};
		let much = Weight::from_parts(300 * WEIGHT_REF_TIME_PER_MILLIS, 0);
		let weighty: RuntimeCall = pallet_utility::Call::with_weight {
			call: Box::new(remark()),
			weight: much,
		}
		.into();
		let nested = (0..8).fold(remark(), |call, _| {
			pallet_utility::Call::<Runtime>::batch { calls: vec![call] }.into()
		});
		let not_authorized: RuntimeCall =
			frame_system::Call::apply_authorized_upgrade { code: vec![] }.into();
		for threshold in [0, 1] {
			for (proposal, answer) in [
				(weighty.clone(), Err(never_permitted())),
				(approval(STRANGER, &remark(), much), Err(too_much())),
				(nested.clone(), Err(too_much())),
				(not_authorized.clone(), Err(not_entitled())),
				// One of two has no majority.
				(as_root(weighty.clone()), Err(not_entitled())),
				(remark(), Ok(Ok(()))),
			] {
				let call = proposed(threshold, proposal);
				assert_eq!(apply(Alice, call.clone()), answer, "{call:?}");
			}
		}
		// What both vote on is not executed yet.
		let key = b"a key".to_vec();
		let motion = as_root(
			frame_system::Call::set_storage {
				items: vec![(key.clone(), vec![1])],
			}
			.into(),
		);
		assert_eq!(apply(Alice, proposed(2, nested)), Ok(Ok(())));
		assert_eq!(apply(Alice, proposed(1, motion.clone())), Err(not_entitled()));

		// A council of one carries everything alone.
		let members = vec![account(Alice)];
		assert_ok!(Council::set_members(RuntimeOrigin::root(), members, None, 2));
		assert_eq!(apply(Alice, proposed(1, weighty)), Err(never_permitted()));
		assert_eq!(apply(Alice, proposed(1, motion)), Ok(Ok(())));
		assert_eq!(sp_io::storage::get(&key).as_deref(), Some(&[1][..]));
	});
}

/// A close that comes too early gives back nothing of what it declared, and a member may send as many as it likes.
#[test]
fn a_motion_is_closed_with_much_weight_when_it_is_decided() {
	use pallet_certificates::Claims as _;

	use crate::configs::{MotionDuration, NoMoreThanUsed};

	with_strangers().execute_with(|| {
		let poke = crate::full_blocks::calls()
			.into_iter()
			.find(|call| call.get_call_metadata().function_name == "poke")
			.expect("it is a call of ours");
		let motion: RuntimeCall = pallet_utility::Call::batch { calls: vec![poke; 8] }.into();
		let weight = motion.get_dispatch_info().call_weight;
		let little = Weight::from_parts(10 * WEIGHT_REF_TIME_PER_MILLIS, 0);
		assert!(weight.ref_time() > little.ref_time());
		let length_bound = motion.encoded_size() as u32;
		let proposal_hash = BlakeTwo256::hash_of(&motion);
		let close = |index, proposal_weight_bound| -> RuntimeCall {
			pallet_collective::Call::<Runtime, CouncilCollective>::close {
				proposal_hash,
				index,
				proposal_weight_bound,
				length_bound,
			}
			.into()
		};
		let propose = || {
			assert_ok!(Council::propose(
				signed(Alice),
				2,
				Box::new(motion.clone()),
				length_bound
			));
			assert_ok!(Council::vote(
				signed(Alice),
				proposal_hash,
				pallet_collective::ProposalCount::<Runtime, CouncilCollective>::get() - 1,
				true
			));
		};
		propose();
		assert_eq!(apply(Alice, close(0, weight)), Err(not_entitled()));
		assert!(matches!(apply(Alice, close(0, little)), Ok(Err(_))), "too early");
		assert!(is_open(&motion));
		assert_ok!(Council::vote(signed(Bob), proposal_hash, 0, true));
		assert_eq!(
			apply(Alice, close(1, weight)),
			Err(not_entitled()),
			"another motion"
		);
		assert_eq!(apply(Alice, close(0, weight)), Ok(Ok(())));
		assert!(!is_open(&motion));

		propose();
		assert_ok!(Council::vote(signed(Bob), proposal_hash, 1, false));
		assert_eq!(apply(Alice, close(1, weight)), Ok(Ok(())), "rejected");

		propose();
		let end = System::block_number() + MotionDuration::get();
		for (now, answer) in [(end - 1, Err(Refusal::NotEntitled)), (end, Ok(()))] {
			System::set_block_number(now);
			assert_eq!(NoMoreThanUsed::check(&account(Bob), &close(2, weight)), answer);
		}
	});
}

#[test]
fn a_member_with_several_keys_is_a_member() {
	with_strangers().execute_with(|| {
		let (motion, close) = carried();
		let bounds = (
			motion.get_dispatch_info().call_weight,
			motion.encoded_size() as u32,
		);
		let (both, _) = of_two(STRANGER);
		let members = vec![account(Alice), account(Bob), both];
		assert_ok!(Council::set_members(RuntimeOrigin::root(), members, None, 2));
		// A multisig's signatories one by one are none, and others cannot sign for it.
		let call = close(bounds.0, bounds.1);
		assert_eq!(apply(STRANGER, call.clone()), Err(not_entitled()));
		let weight = call.get_dispatch_info().call_weight;
		let theirs = pallet_multisig::Call::as_multi {
			threshold: 2,
			other_signatories: vec![account(Ferdie)],
			maybe_timepoint: None,
			call: Box::new(call.clone()),
			max_weight: weight,
		};
		assert_eq!(apply(STRANGER, theirs.into()), Err(not_entitled()));
		assert_eq!(apply(STRANGER, approval(STRANGER, &call, weight)), Ok(Ok(())));
		assert_eq!(apply(Dave, approval(Dave, &call, weight)), Ok(Ok(())));
		assert!(!is_open(&motion));
	});
}

#[test]
fn a_members_proxy_closes_for_it() {
	with_strangers().execute_with(|| {
		let (motion, close) = carried();
		let closing = close(
			motion.get_dispatch_info().call_weight,
			motion.encoded_size() as u32,
		);
		let for_alice: RuntimeCall = pallet_proxy::Call::proxy {
			real: account(Alice).into(),
			force_proxy_type: None,
			call: Box::new(closing),
		}
		.into();
		assert_eq!(apply(STRANGER, for_alice.clone()), Err(not_entitled()));
		assert_ok!(Proxy::add_proxy(
			signed(Alice),
			account(STRANGER).into(),
			ProxyType::Governance,
			0
		));
		assert_eq!(apply(STRANGER, for_alice), Ok(Ok(())));
		assert!(!is_open(&motion));
	});
}

/// Anybody may send what a proxy has announced, so that it must have been.
#[test]
fn a_member_is_spoken_for_by_what_its_proxy_announced_and_when_it_may() {
	with_strangers().execute_with(|| {
		assert_ok!(Proxy::add_proxy(
			signed(Alice),
			account(Dave).into(),
			ProxyType::Governance,
			2
		));
		let held: RuntimeCall = pallet_preimage::Call::ensure_updated {
			hashes: vec![Hash::default(); 10],
		}
		.into();
		let announced = |force_proxy_type| -> RuntimeCall {
			pallet_proxy::Call::proxy_announced {
				delegate: account(Dave).into(),
				real: account(Alice).into(),
				force_proxy_type,
				call: Box::new(held.clone()),
			}
			.into()
		};
		let at_once: RuntimeCall = pallet_proxy::Call::proxy {
			real: account(Alice).into(),
			force_proxy_type: None,
			call: Box::new(held.clone()),
		}
		.into();
		assert_eq!(apply(STRANGER, announced(None)), Err(not_entitled()));
		// Another call than this one.
		let alice = || account(Alice).into();
		let other = BlakeTwo256::hash_of(&remark());
		assert_ok!(Proxy::announce(signed(Dave), alice(), other));
		assert_eq!(apply(STRANGER, announced(None)), Err(not_entitled()));
		let hash = BlakeTwo256::hash_of(&held);
		assert_ok!(Proxy::announce(signed(Dave), alice(), hash));
		let now = System::block_number();
		System::set_block_number(now + 1);
		assert_eq!(apply(STRANGER, announced(None)), Err(not_entitled()));
		System::set_block_number(now + 2);
		assert_eq!(apply(Dave, at_once), Err(not_entitled()));
		assert_eq!(
			apply(STRANGER, announced(Some(ProxyType::Any))),
			Err(not_entitled())
		);
		assert_eq!(
			apply(STRANGER, announced(Some(ProxyType::Governance))),
			Ok(Ok(()))
		);
	});
}

#[test]
fn the_numbers_are_those_of_the_refusals() {
	assert_eq!(
		TransactionValidityError::from(Refusal::DeclaresTooMuch),
		too_much()
	);
	assert_eq!(
		TransactionValidityError::from(Refusal::NotEntitled),
		not_entitled()
	);
	assert_eq!(
		TransactionValidityError::from(Refusal::NeverPermitted),
		never_permitted()
	);
}

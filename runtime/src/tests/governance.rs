//! How the council governs: what two thirds, half and one of it can do.

use codec::Encode;
use frame_support::{
	assert_noop, assert_ok, dispatch::GetDispatchInfo, traits::QueryPreimage, weights::Weight,
};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave};
use sp_runtime::{
	traits::{Dispatchable, Hash as _},
	BoundedVec, DispatchError,
};

use super::*;
use crate::{configs::MotionDuration, Council, Ecommerce, Governance, Preimage, RuntimeEvent, TxPause};

const KEY: &[u8] = b"a key";

/// A call that only Root may send, and whose effect is easy to see.
fn root_call() -> RuntimeCall {
	frame_system::Call::set_storage {
		items: vec![(KEY.to_vec(), b"a value".to_vec())],
	}
	.into()
}

fn as_root(call: RuntimeCall) -> RuntimeCall {
	crate::governance::Call::dispatch_as_root { call: Box::new(call) }.into()
}

fn happened() -> bool {
	sp_io::storage::get(KEY).is_some()
}

/// Proposes `call` with a threshold of as many as there are `yes` votes; the first of them proposes.
fn propose(call: &RuntimeCall, threshold: u32, yes: &[Sr25519Keyring]) -> Hash {
	let index = pallet_collective::ProposalCount::<Runtime, crate::configs::CouncilCollective>::get();
	let hash = sp_runtime::traits::BlakeTwo256::hash_of(call);
	assert_ok!(Council::propose(
		signed(yes[0]),
		threshold,
		Box::new(call.clone()),
		call.encoded_size() as u32
	));
	for member in yes {
		assert_ok!(Council::vote(signed(*member), hash, index, true));
	}
	hash
}

/// Closes a motion and returns the result of its call, if it was executed.
fn close(call: &RuntimeCall, hash: Hash) -> Option<Result<(), DispatchError>> {
	let index = pallet_collective::ProposalCount::<Runtime, crate::configs::CouncilCollective>::get() - 1;
	let weight = call
		.get_dispatch_info()
		.call_weight
		.saturating_add(Weight::from_parts(1, 1));
	assert_ok!(Council::close(
		signed(Alice),
		hash,
		index,
		weight,
		call.encoded_size() as u32
	));
	System::events()
		.into_iter()
		.rev()
		.find_map(|record| match record.event {
			RuntimeEvent::Council(pallet_collective::Event::Executed {
				proposal_hash,
				result,
			}) if proposal_hash == hash => Some(result),
			_ => None,
		})
}

/// Passes a motion with these votes and returns the result of its call.
pub(super) fn motion(call: RuntimeCall, yes: &[Sr25519Keyring]) -> Result<(), DispatchError> {
	let hash = propose(&call, yes.len() as u32, yes);
	close(&call, hash).expect("the motion was carried")
}

fn name(text: &str) -> BoundedVec<u8, sp_core::ConstU32<256>> {
	text.as_bytes().to_vec().try_into().expect("a short name")
}

#[test]
fn two_thirds_of_the_council_act_as_root() {
	development().execute_with(|| {
		assert_ok!(motion(as_root(root_call()), &[Alice, Bob]));
		assert!(happened());
	});
}

#[test]
fn a_minority_does_not_act_as_root() {
	development().execute_with(|| {
		// A motion with a threshold of one is dispatched on the spot, as one of three.
		let call = as_root(root_call());
		assert_ok!(Council::propose(
			signed(Alice),
			1,
			Box::new(call.clone()),
			call.encoded_size() as u32
		));
		assert!(!happened());

		for origin in [signed(Alice), RuntimeOrigin::none()] {
			assert_noop!(
				Governance::dispatch_as_root(origin, Box::new(root_call())),
				DispatchError::BadOrigin
			);
		}
	});
}

#[test]
fn the_council_itself_is_not_root() {
	development().execute_with(|| {
		assert_eq!(
			motion(root_call(), &[Alice, Bob, Charlie]),
			Err(DispatchError::BadOrigin)
		);
		assert!(!happened());
	});
}

#[test]
fn a_failing_call_fails_the_motion_and_leaves_nothing() {
	development().execute_with(|| {
		let too_late = as_root(
			pallet_utility::Call::batch_all {
				calls: vec![
					root_call(),
					pallet_balances::Call::force_unreserve {
						who: account(Dave).into(),
						amount: 0,
					}
					.into(),
					pallet_scheduler::Call::cancel { when: 0, index: 0 }.into(),
				],
			}
			.into(),
		);
		assert!(motion(too_late, &[Alice, Bob]).is_err());
		assert!(!happened(), "the first call of the batch was rolled back");
	});
}

#[test]
fn whoever_does_not_vote_votes_no() {
	development().execute_with(|| {
		let members: Vec<_> = [Alice, Bob, Charlie].map(account).to_vec();
		// With a prime member, the collective's own rules would count the absent as the prime votes.
		assert_ok!(Council::set_members(
			RuntimeOrigin::root(),
			members,
			Some(account(Alice)),
			3
		));
		let call = as_root(root_call());
		let hash = propose(&call, 2, &[Alice]);
		System::set_block_number(System::block_number() + MotionDuration::get() + 1);
		assert_eq!(close(&call, hash), None, "one of three stays one of three");
		assert!(!happened());
	});
}

#[test]
fn the_majority_is_counted_among_the_members_of_the_day() {
	development().execute_with(|| {
		let call = as_root(root_call());
		let hash = propose(&call, 2, &[Alice, Bob]);
		let members: Vec<_> = [Alice, Bob, Charlie, Dave].map(account).to_vec();
		assert_ok!(Council::set_members(RuntimeOrigin::root(), members, None, 3));
		assert_eq!(
			close(&call, hash),
			Some(Err(DispatchError::BadOrigin)),
			"two of four are no two thirds"
		);
		assert!(!happened());
	});
}

#[test]
fn two_thirds_choose_the_members() {
	development().execute_with(|| {
		let members: Vec<_> = [Bob, Charlie, Dave].map(account).to_vec();
		let call: RuntimeCall = pallet_collective::Call::set_members {
			new_members: members,
			prime: None,
			old_count: 3,
		}
		.into();
		assert_ok!(motion(call, &[Alice, Bob]));
		assert!(Council::is_member(&account(Dave)));
		assert!(!Council::is_member(&account(Alice)));
	});
}

#[test]
fn scheduled_calls_run_as_root() {
	development().execute_with(|| {
		let schedule: RuntimeCall = pallet_scheduler::Call::schedule {
			when: 2,
			maybe_periodic: None,
			priority: 0,
			call: Box::new(root_call()),
		}
		.into();
		assert_eq!(
			motion(schedule.clone(), &[Alice, Bob, Charlie]),
			Err(DispatchError::BadOrigin)
		);
		assert_ok!(motion(as_root(schedule), &[Alice, Bob]));
		assert!(!happened());
		Executive::finalize_block();
		begin_block(2);
		assert!(happened());
		assert!(pallet_scheduler::Agenda::<Runtime>::get(2).is_empty());
	});
}

#[test]
fn preimages_are_for_members() {
	development().execute_with(|| {
		let bytes = root_call().encode();
		assert_noop!(
			Preimage::note_preimage(signed(Dave), bytes.clone()),
			DispatchError::BadOrigin
		);
		assert_ok!(Preimage::note_preimage(signed(Alice), bytes.clone()));
		assert!(Preimage::len(&sp_runtime::traits::BlakeTwo256::hash(&bytes)).is_some());
		assert_ok!(Preimage::unnote_preimage(
			signed(Alice),
			sp_runtime::traits::BlakeTwo256::hash(&bytes)
		));
	});
}

#[test]
fn half_of_the_council_brakes_and_releases() {
	development().execute_with(|| {
		let transfer: RuntimeCall = pallet_balances::Call::transfer_keep_alive {
			dest: account(Dave).into(),
			value: 1,
		}
		.into();
		let full_name = (name("Balances"), name("transfer_keep_alive"));
		let pause: RuntimeCall = pallet_tx_pause::Call::pause {
			full_name: full_name.clone(),
		}
		.into();
		let unpause: RuntimeCall = pallet_tx_pause::Call::unpause { ident: full_name }.into();

		assert_noop!(pause.clone().dispatch(signed(Alice)), DispatchError::BadOrigin);
		assert_ok!(motion(pause, &[Alice, Bob]));
		assert_noop!(
			transfer.clone().dispatch(signed(Bob)),
			frame_system::Error::<Runtime>::CallFiltered
		);
		let batch: RuntimeCall = pallet_utility::Call::batch_all {
			calls: vec![transfer.clone()],
		}
		.into();
		assert!(batch.dispatch(signed(Bob)).is_err(), "a batch is no way around");

		assert_ok!(motion(unpause, &[Bob, Charlie]));
		assert_ok!(transfer.dispatch(signed(Bob)));
	});
}

#[test]
fn governance_the_clock_and_the_consensus_cannot_be_paused() {
	development().execute_with(|| {
		for (pallet, call) in [
			("Timestamp", "set"),
			("TdRaft", "report_offence"),
			("System", "apply_authorized_upgrade"),
			("Council", "vote"),
			("Council", "close"),
			("Governance", "dispatch_as_root"),
			("Preimage", "note_preimage"),
			("Scheduler", "schedule"),
			("TxPause", "unpause"),
			("Multisig", "as_multi"),
			("Proxy", "proxy"),
		] {
			assert_noop!(
				TxPause::pause(RuntimeOrigin::root(), (name(pallet), name(call))),
				pallet_tx_pause::Error::<Runtime>::Unpausable
			);
		}
		assert_ok!(TxPause::pause(
			RuntimeOrigin::root(),
			(name("Utility"), name("batch"))
		));
	});
}

#[test]
fn two_thirds_of_the_council_set_the_terms_of_trade() {
	use pallet_ecommerce::{Error, Event, Terms};

	development().execute_with(|| {
		let set_terms = |terms| -> RuntimeCall { pallet_ecommerce::Call::set_terms { terms }.into() };
		let before = Ecommerce::market().terms;
		let terms = Terms {
			ship_period: 3 * 86_400_000,
			grace_period: 86_400_000,
			penalty_share: 1,
			..before
		};
		// Nobody alone, not even who issues certificates; nor the council as itself, however many vote for it.
		for origin in [
			signed(Alice),
			RuntimeOrigin::signed(crate::genesis_presets::certificate_authority()),
		] {
			assert_noop!(
				set_terms(terms).dispatch(origin).map_err(|error| error.error),
				DispatchError::BadOrigin
			);
		}
		assert_eq!(
			motion(set_terms(terms), &[Alice, Bob, Charlie]),
			Err(DispatchError::BadOrigin)
		);
		// A motion with a threshold of one is dispatched on the spot.
		let alone = as_root(set_terms(terms));
		let length = alone.encoded_size() as u32;
		assert_ok!(Council::propose(signed(Alice), 1, Box::new(alone), length));
		assert_eq!(Ecommerce::market().terms, before);

		assert_ok!(motion(as_root(set_terms(terms)), &[Alice, Bob]));
		assert_eq!(Ecommerce::market().terms, terms);
		System::assert_has_event(RuntimeEvent::Ecommerce(Event::TermsSet { terms }));

		// All of them together cannot set terms by which somebody could gain by cheating, or lose without a chance to act.
		for unfit in [
			Terms {
				penalty_share: 2,
				..terms
			},
			Terms {
				grace_period: 29_999,
				..terms
			},
		] {
			assert_eq!(
				motion(as_root(set_terms(unfit)), &[Alice, Bob, Charlie]),
				Err(Error::<Runtime>::UnfitTerms.into())
			);
		}
		assert_eq!(Ecommerce::market().terms, terms);
	});
}

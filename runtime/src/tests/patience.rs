//! How long a party has to be patient: no leader, and no row of leaders, can sit out a period in which somebody loses money.

use frame_support::{assert_noop, assert_ok, traits::Get};
use pallet_certificates::Role;
use pallet_ecommerce::{Error, OrderId, OrderState, Terms};
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_runtime::traits::Dispatchable;
use veilmart_td_raft::Timing;

use super::{
	consensus::{pairs, session_keys, set_keys},
	deadlines::{next_block, state},
	detours::certify,
	market::*,
	*,
};
use crate::{
	configs::{LeastPeriod, LeastPeriodOfVersion5, LeastPeriodOfVersion6},
	genesis_presets::{
		least_period, preset_names, terms, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET,
		LOCAL_TESTNET_SEVEN_RUNTIME_PRESET,
	},
	Ecommerce, TdRaft,
};

/// What [`LeastPeriod`] has to be with a timing of [`timing`] and so many authorities, in milliseconds: twice 30 s by which timestamps
/// drift, 15 s in which no block need come, 1 s until all have the transaction, and with T for the election timeout and f faulty
/// ones `max(3 s, 3T) + 6T` for the first, 12T for each other, and 16 · (T + 1.1 s) + T until what happened is final. By hand.
const LEAST: [(u16, u64); 5] = [
	// T = 1.5 s, f = 1: 60 + 15 + 1 + 13.5 + 43.1 s.
	(4, 132_600),
	// T = 1.5 s, f = 2: 18 s more.
	(7, 150_600),
	// T = 1.5 s, f = 3: 36 s more.
	(10, 168_600),
	// T = 2.15 s, f = 10: 60 + 15 + 1 + 19.35 + 9 · 25.8 + 54.15 s.
	(31, 381_700),
	// T = 5.6 s, f = 33: 60 + 15 + 1 + 50.4 + 32 · 67.2 + 112.8 s.
	(100, 2_389_600),
];

/// The same with one authority, whatever its timing: nobody is faulty.
const LEAST_ALONE: u64 = 75_000;

/// A timing for so many authorities that are as far apart as those of a local network.
fn timing(authorities: u16) -> Timing {
	let local = Timing::LOCAL;
	let spread = local.spread.max(u32::from(authorities) * local.delta);
	Timing {
		spread,
		election_timeout: local.election_timeout.max(spread + 12 * local.delta),
		..local
	}
}

/// Has governance set this timing, if it is another.
fn set_timing(timing: Timing) {
	if timing != pallet_td_raft_election::CurrentTiming::<Runtime>::get() {
		assert_ok!(TdRaft::set_timing(RuntimeOrigin::root(), timing));
	}
}

/// Has governance want so many authorities, all of them with keys.
fn want(authorities: u16) {
	let mut accounts = vec![account(Alice)];
	for number in 1..authorities {
		let name = format!("Authority{number}");
		let [vote, _] = pairs(&name);
		let who = AccountId::from(vote.public());
		if pallet_session::NextKeys::<Runtime>::get(&who).is_none() {
			certify(&who, [Role::Validator]);
			let register = set_keys(session_keys(&name), &name, &who);
			register
				.dispatch(RuntimeOrigin::signed(who.clone()))
				.expect("the keys are good");
		}
		accounts.push(who);
	}
	let accounts = accounts.try_into().expect("no more than there may be");
	assert_ok!(TdRaft::set_authorities(RuntimeOrigin::root(), accounts));
}

#[test]
fn the_least_period_outlasts_all_leaders_that_can_be_faulty() {
	development().execute_with(|| assert_eq!(LeastPeriod::get(), LEAST_ALONE));
	for (authorities, least) in LEAST {
		development().execute_with(|| {
			set_timing(timing(authorities));
			assert_eq!(LeastPeriod::get(), LEAST_ALONE);
			// The one that is there is among them, and it is not faulty.
			want(authorities);
			assert_eq!(LeastPeriod::get(), least);
			assert_eq!(LeastPeriod::of(&timing(authorities), authorities), least);
			// Nothing shorter is ever set, however the council votes.
			let fit = Terms {
				grace_period: least,
				confirm_period: least,
				resolve_period: least,
				..Terms::default()
			};
			for unfit in [
				Terms {
					grace_period: least - 1,
					..fit
				},
				Terms {
					confirm_period: least - 1,
					..fit
				},
				Terms {
					resolve_period: least - 1,
					..fit
				},
			] {
				assert_noop!(
					Ecommerce::set_terms(RuntimeOrigin::root(), unfit),
					Error::<Runtime>::UnfitTerms
				);
			}
			assert_ok!(Ecommerce::set_terms(RuntimeOrigin::root(), fit));
		});
	}
}

/// On the market's clock and with all halts: in chain time.
fn falls(id: &OrderId<AccountId>) -> u64 {
	let due = Ecommerce::order_of(id)
		.and_then(|order| order.due)
		.expect("it has a deadline");
	Ecommerce::market().falls(due)
}

#[test]
fn a_larger_set_leaves_those_whose_time_runs_as_much_more_as_its_leaders_can_take() {
	for (authorities, least) in LEAST {
		development().execute_with(|| {
			let id = accepted();
			let before = falls(&id);
			set_timing(timing(authorities));
			assert_eq!(
				falls(&id),
				before,
				"a single authority is not faulty, whatever its timing"
			);
			want(authorities);
			assert_eq!(falls(&id) - before, least - LEAST_ALONE);
			// A smaller one takes nothing away.
			let moved = falls(&id);
			want(2);
			assert_eq!(falls(&id), moved);
		});
	}
}

/// Ten are wanted, and three of them have no keys when the session begins: those seven may lead first and all ten after them.
#[test]
fn a_set_that_turns_out_otherwise_leaves_those_whose_time_runs_as_much_more() {
	use pallet_session::{NextKeys, SessionHandler};

	development().execute_with(|| {
		let id = accepted();
		want(10);
		let before = falls(&id);
		let mut others = 0;
		let queued = pallet_td_raft_election::Wanted::<Runtime>::get()
			.into_iter()
			.filter(|who| {
				let other = *who != account(Alice);
				others += u32::from(other);
				!other || others > 3
			})
			.map(|who| {
				let keys = NextKeys::<Runtime>::get(&who).expect("it has registered keys");
				(who, keys)
			})
			.collect::<Vec<_>>();
		assert_eq!(queued.len(), 7);
		TdRaft::on_new_session(true, &[], &queued);
		// Alice is there, and not faulty by herself. Three of ten before; now two of seven, and the three, 18 s each.
		assert_eq!(falls(&id) - before, 36_000);
		TdRaft::on_new_session(false, &[], &queued);
		assert_eq!(falls(&id) - before, 36_000, "no more when they lead");
	});
}

#[test]
fn a_timing_with_more_patience_leaves_those_whose_time_runs_as_much_more() {
	// A synchronization timeout of 20 s in place of three blocks 1.5 s apart is 15.5 s more for a leader, and 11 s more than
	// silence takes in all, 18 s, when it takes 20 + 9 s.
	for (authorities, longer) in [(4, 15_500), (10, 15_500 + 2 * 11_000)] {
		development().execute_with(|| {
			want(authorities);
			let id = accepted();
			let before = falls(&id);
			let patient = Timing {
				sync_timeout: 20_000,
				..Timing::LOCAL
			};
			set_timing(patient);
			assert_eq!(falls(&id) - before, longer);
		});
	}
}

/// Terms are not set anew when the set grows, and orders keep those that they were placed at.
#[test]
fn under_terms_that_have_become_too_short_a_seller_has_the_least_period_all_the_same() {
	for (authorities, least) in LEAST {
		development().execute_with(|| {
			set_timing(timing(authorities));
			want(authorities);
			// What was told to those whose time ran, of whom there are none: it comes on top.
			let left = Ecommerce::market().standstill;
			let id = accepted();
			let now = pallet_timestamp::Now::<Runtime>::get();
			// Two minutes to ship, and two of grace or what it takes.
			assert_eq!(falls(&id), now + left + 120_000 + least.max(120_000));
		});
	}
}

/// Four are wanted, of whom one has keys, so that no other set takes over while a test runs. Nobody is told.
fn want_four_without_keys() {
	let mut wanted = vec![account(Alice)];
	wanted.extend([1, 2, 3].map(|byte| AccountId::new([byte; 32])));
	wanted.sort();
	let wanted = pallet_td_raft_election::Accounts::<Runtime>::try_from(wanted);
	pallet_td_raft_election::Wanted::<Runtime>::put(wanted.expect("as many as there may be"));
}

/// A seller and its friends in the council vote for more patience, between the moment when its time is over and the block that acts
/// on it.
#[test]
fn no_vote_undoes_a_penalty_that_is_due() {
	development().execute_with(|| {
		let id = accepted();
		want_four_without_keys();
		// Two minutes to ship and two of grace: it falls with the time of the last of these blocks.
		(0..24).for_each(|_| next_block(10_000));
		assert_eq!(state(&id), OrderState::Accepted);
		let patient = Timing {
			sync_timeout: 20_000,
			..Timing::LOCAL
		};
		set_timing(patient);
		assert_eq!(Ecommerce::market().standstill, 15_500);
		let ship = pallet_ecommerce::Call::ship {
			seq: seq(&account(Bob)),
			order: id.clone(),
		};
		assert_eq!(
			apply(Bob, ship.into()),
			Ok(Err(Error::<Runtime>::DeadlinePassed.into()))
		);
		// The second, if the first begins a session.
		(0..2).for_each(|_| next_block(1));
		assert_eq!(state(&id), OrderState::Penalised);
	});
}

/// What versions 5 and 6 said, by hand. Version 5: 30 s of drift, 1 s, `max(3 s, 3T) + 3T` for the first and 9T for each other. Version
/// 6: what the least is today without what is not final.
#[test]
fn the_migrations_know_what_was_promised_before() {
	development().execute_with(|| {
		assert_eq!(LeastPeriodOfVersion5::get(), 30_000);
		assert_eq!(LeastPeriodOfVersion6::get(), 75_000);
	});
	for (authorities, fifth, sixth) in [(4, 40_000, 89_500), (7, 53_500, 107_500), (10, 67_000, 125_500)] {
		development().execute_with(|| {
			want(authorities);
			assert_eq!(LeastPeriodOfVersion5::get(), fifth);
			assert_eq!(LeastPeriodOfVersion6::get(), sixth);
		});
	}
}

/// By how much the upgrade from a version of the storage to today's moves a deadline that runs, with four authorities.
fn moved_from(version: u16) -> u64 {
	use frame_support::traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion};

	development().execute_with(|| {
		want_four_without_keys();
		let id = accepted();
		let before = falls(&id);
		StorageVersion::new(version).put::<Ecommerce>();
		crate::configs::Migrations::on_runtime_upgrade();
		assert_eq!(Ecommerce::on_chain_storage_version(), 3);
		let moved = falls(&id) - before;
		// Not again.
		crate::configs::Migrations::on_runtime_upgrade();
		assert_eq!(falls(&id) - before, moved);
		moved
	})
}

/// Version 5 of the runtime has version 1 of the storage, version 6 has version 2.
#[test]
fn deadlines_that_run_are_moved_by_the_upgrade_by_what_was_not_known() {
	assert_eq!(moved_from(1), 132_600 - 40_000);
	assert_eq!(moved_from(2), 132_600 - 89_500);
	assert_eq!(moved_from(3), 0);
}

/// The whole of it in blocks: the shipment is sent in the last moment of the ship period and gets in as late as it can.
#[test]
fn a_shipment_that_is_left_out_for_as_long_as_it_can_be_still_counts() {
	development().execute_with(|| {
		let shorter = Terms {
			ship_period: 10_000,
			grace_period: LeastPeriod::get(),
			..Terms::default()
		};
		assert_ok!(Ecommerce::set_terms(RuntimeOrigin::root(), shorter));
		let id = accepted();
		next_block(9_999);
		want_four_without_keys();
		// Who is patient now may be asked for more.
		let timing = Timing {
			election_timeout: 3_000,
			..Timing::LOCAL
		};
		let before = LeastPeriod::get();
		set_timing(timing);
		// 9T and 17T, and T is 1.5 s longer.
		let longer = 39_000;
		assert_eq!(LeastPeriod::get() - before, longer);
		assert_eq!(Ecommerce::market().standstill, longer);
		// What was promised before, and what came on top.
		let mut left = shorter.grace_period + longer;
		while left > 10_000 {
			next_block(10_000);
			left -= 10_000;
		}
		next_block(left);
		assert_eq!(state(&id), OrderState::Accepted);
		let ship = pallet_ecommerce::Call::ship {
			seq: seq(&account(Bob)),
			order: id.clone(),
		};
		assert_eq!(apply(Bob, ship.into()), Ok(Ok(())));
		assert_eq!(state(&id), OrderState::Shipped);
	});
}

#[test]
fn the_terms_of_every_preset_are_long_enough_for_its_authorities() {
	let by_hand = [
		(DEV_RUNTIME_PRESET, 75_000, 120_000),
		(LOCAL_TESTNET_RUNTIME_PRESET, 132_600, 132_600),
		(LOCAL_TESTNET_SEVEN_RUNTIME_PRESET, 150_600, 150_600),
	];
	assert_eq!(preset_names().len(), by_hand.len());
	for (preset, least, period) in by_hand {
		assert_eq!(least_period(preset), least, "{preset}");
		let terms = terms(preset);
		assert_eq!(terms.check(least), Ok(()), "{preset}");
		let expected = Terms {
			grace_period: period,
			confirm_period: period,
			resolve_period: period,
			..Terms::default()
		};
		assert_eq!(terms, expected, "{preset}");
	}
}

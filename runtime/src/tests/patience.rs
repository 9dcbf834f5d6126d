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
	configs::LeastPeriod,
	genesis_presets::{least_period, preset_names},
	Ecommerce, TdRaft,
};

/// One of each size: the least of which one may be faulty, the least with more than two, and a large and the largest one.
const SIZES: [u16; 4] = [4, 10, 31, 100];

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

/// How late, after it was sent, a transaction gets into a block if every faulty leader does its worst, by the timestamp of that
/// block.
fn worst(timing: &Timing, authorities: u16) -> u64 {
	let [sync_timeout, patience] = [timing.sync_timeout, timing.election_timeout].map(u64::from);
	let faulty = (authorities - 1) / 3;
	// A second until everybody who is honest has it and watches.
	let mut now = if faulty > 0 { 1_000 } else { 0 };
	for turn in 0..faulty {
		// It makes a block just before others lose patience, and is given up when three of them passed the transaction over and
		// the timeout is over. Nobody wins the first attempt, and another faulty one the second, twice as long, at its very
		// end.
		let third_block = now + 3 * patience;
		let censored = third_block.max(now + sync_timeout) + patience + 2 * patience;
		// Or it makes none: nothing is committed since it was elected, and attempts take four times as long by now. (Before the
		// first there were blocks.)
		let silent = now + patience + 4 * patience + 4 * patience;
		now = if turn == 0 { censored } else { censored.max(silent) };
	}
	now + 30_000
}

#[test]
fn the_least_period_outlasts_all_leaders_that_can_be_faulty() {
	for authorities in SIZES {
		development().execute_with(|| {
			set_timing(timing(authorities));
			want(authorities);
			let least = LeastPeriod::get();
			println!("{authorities} authorities: {least} ms");
			assert_eq!(least, LeastPeriod::of(&timing(authorities), authorities));
			assert!(least >= worst(&timing(authorities), authorities));
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
	due + Ecommerce::market().halted
}

#[test]
fn a_larger_set_leaves_those_whose_time_runs_as_much_more_as_its_leaders_can_take() {
	for authorities in SIZES {
		development().execute_with(|| {
			let id = accepted();
			let (before, least) = (falls(&id), LeastPeriod::get());
			set_timing(timing(authorities));
			assert_eq!(
				falls(&id),
				before,
				"a single authority is not faulty, whatever its timing"
			);
			want(authorities);
			assert!(LeastPeriod::get() > least);
			assert_eq!(falls(&id) - before, LeastPeriod::get() - least);
			// A smaller one takes nothing away.
			let moved = falls(&id);
			want(2);
			assert_eq!(falls(&id), moved);
		});
	}
}

#[test]
fn a_timing_with_more_patience_leaves_those_whose_time_runs_as_much_more() {
	for authorities in [4, 10] {
		development().execute_with(|| {
			want(authorities);
			let id = accepted();
			let (before, least) = (falls(&id), LeastPeriod::get());
			let patient = Timing {
				sync_timeout: 20_000,
				..Timing::LOCAL
			};
			set_timing(patient);
			assert_eq!(
				LeastPeriod::get() - least,
				worst(&patient, authorities) - worst(&Timing::LOCAL, authorities)
			);
			assert!(LeastPeriod::get() > least);
			assert_eq!(falls(&id) - before, LeastPeriod::get() - least);
		});
	}
}

/// Terms are not set anew when the set grows, and orders keep those that they were placed at.
#[test]
fn under_terms_that_have_become_too_short_a_seller_has_the_least_period_all_the_same() {
	for authorities in SIZES {
		development().execute_with(|| {
			set_timing(timing(authorities));
			want(authorities);
			let terms = pallet_ecommerce::CurrentTerms::<Runtime>::get();
			let least = LeastPeriod::get();
			let id = accepted();
			let now = pallet_timestamp::Now::<Runtime>::get();
			let grace = terms.grace_period.max(least);
			assert_eq!(falls(&id), now + terms.ship_period + grace);
			assert!(grace >= worst(&timing(authorities), authorities));
		});
	}
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
		// Four are wanted, of whom one has keys, so that no other set takes over while this runs.
		let mut wanted = vec![account(Alice)];
		wanted.extend([1, 2, 3].map(|byte| AccountId::new([byte; 32])));
		wanted.sort();
		let wanted = pallet_td_raft_election::Accounts::<Runtime>::try_from(wanted);
		pallet_td_raft_election::Wanted::<Runtime>::put(wanted.expect("as many as there may be"));
		// Who is patient now may be asked for more.
		let timing = Timing {
			election_timeout: 3_000,
			..Timing::LOCAL
		};
		let before = LeastPeriod::get();
		set_timing(timing);
		let longer = LeastPeriod::get() - before;
		assert!(longer > 0);
		assert_eq!(Ecommerce::market().halted, longer);
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
	for preset in preset_names() {
		let least = least_period(preset.as_str());
		println!("{preset:?}: {least} ms");
		assert_eq!(Terms::default().check(least), Ok(()));
	}
}

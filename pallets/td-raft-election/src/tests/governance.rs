//! Who decides about authorities and timing, and what is refused.

use crate::{mock::*, CurrentTiming, Error, Event, Wanted};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;
use veilmart_td_raft::{Timing, MAX_AUTHORITIES};

fn root() -> RuntimeOrigin {
	RuntimeOrigin::root()
}

#[test]
fn only_governance_decides() {
	four().execute_with(|| {
		block(|| {
			register(5);
			for origin in [RuntimeOrigin::signed(1), RuntimeOrigin::none()] {
				let list = vec![1, 2, 3].try_into().unwrap();
				assert_noop!(
					TdRaft::set_authorities(origin.clone(), list),
					DispatchError::BadOrigin
				);
				assert_noop!(TdRaft::add_authority(origin.clone(), 5), DispatchError::BadOrigin);
				assert_noop!(
					TdRaft::remove_authority(origin.clone(), 1),
					DispatchError::BadOrigin
				);
				assert_noop!(
					TdRaft::set_timing(origin, Timing::LOCAL),
					DispatchError::BadOrigin
				);
			}
		})
	});
}

#[test]
fn authorities_are_candidates_with_keys() {
	four().execute_with(|| {
		block(|| {
			assert_noop!(TdRaft::add_authority(root(), 5), Error::<Test>::NoKeys);
			register(5);
			Barred::set([5].into());
			assert_noop!(TdRaft::add_authority(root(), 5), Error::<Test>::NotACandidate);
			let list: crate::Accounts<Test> = vec![1, 2, 5].try_into().unwrap();
			assert_noop!(
				TdRaft::set_authorities(root(), list.clone()),
				Error::<Test>::NotACandidate
			);
			Barred::set([1].into());
			assert_ok!(TdRaft::set_authorities(root(), list), ());
			assert_eq!(
				Wanted::<Test>::get().to_vec(),
				[1, 2, 5],
				"who is one already is not asked again"
			);
			assert_eq!(
				events(),
				[Event::AuthoritiesWanted {
					authorities: vec![1, 2, 5]
				}]
			);
			let without_keys = vec![1, 2, 6].try_into().unwrap();
			assert_noop!(
				TdRaft::set_authorities(root(), without_keys),
				Error::<Test>::NoKeys
			);
		});
		// Whoever loses what made it a candidate stays, until governance says otherwise.
		Barred::set([1, 2, 5].into());
		session();
		session();
		assert_eq!(authorities(), [1, 2, 5]);
	});
}

#[test]
fn lists_are_in_order() {
	four().execute_with(|| {
		block(|| {
			let set = |list: &[u64]| TdRaft::set_authorities(root(), list.to_vec().try_into().unwrap());
			assert_noop!(set(&[]), Error::<Test>::NoAuthorities);
			assert_noop!(set(&[1, 2, 1]), Error::<Test>::DuplicateAccount);
			assert_noop!(set(&[4, 3, 2, 1]), Error::<Test>::Unchanged);
			assert_noop!(TdRaft::add_authority(root(), 4), Error::<Test>::Unchanged);
			assert_noop!(TdRaft::remove_authority(root(), 5), Error::<Test>::NotAnAuthority);
			assert_ok!(set(&[2]));
			assert_noop!(TdRaft::remove_authority(root(), 2), Error::<Test>::NoAuthorities);
		})
	});
}

#[test]
fn there_are_no_more_authorities_than_a_set_may_have() {
	let most: Vec<u64> = (1..=MAX_AUTHORITIES.into()).collect();
	let mut config = genesis(&most);
	config.timing = Some(Timing {
		delta: 1,
		..Timing::LOCAL
	});
	build(config, &most).execute_with(|| {
		block(|| {
			register(101);
			assert_noop!(
				TdRaft::add_authority(root(), 101),
				Error::<Test>::TooManyAuthorities
			);
			assert_ok!(TdRaft::remove_authority(root(), 1));
			assert_ok!(TdRaft::add_authority(root(), 101));
		});
	});
}

#[test]
fn the_timing_serves_every_set() {
	four().execute_with(|| {
		block(|| {
			let good = CurrentTiming::<Test>::get();
			assert_noop!(TdRaft::set_timing(root(), good), Error::<Test>::Unchanged);
			let bad = Timing { delta: 0, ..good };
			assert_noop!(TdRaft::set_timing(root(), bad), Error::<Test>::UnfitTiming);
			// 500 ms for ten authorities, and no more.
			let for_ten = Timing { delta: 50, ..good };
			assert_ok!(TdRaft::set_timing(root(), for_ten));
			assert_eq!(CurrentTiming::<Test>::get(), for_ten);
			assert_eq!(events(), [Event::TimingSet { timing: for_ten }]);
			for account in 5..=11 {
				register(account);
			}
			let eleven: crate::Accounts<Test> = (1..=11).collect::<Vec<_>>().try_into().unwrap();
			assert_noop!(
				TdRaft::set_authorities(root(), eleven.clone()),
				Error::<Test>::UnfitTiming
			);
			for account in 5..=10 {
				assert_ok!(TdRaft::add_authority(root(), account));
			}
			assert_noop!(TdRaft::add_authority(root(), 11), Error::<Test>::UnfitTiming);
			assert_ok!(TdRaft::set_timing(root(), good));
			assert_ok!(TdRaft::set_authorities(root(), eleven));
			assert_noop!(TdRaft::set_timing(root(), for_ten), Error::<Test>::UnfitTiming);
		});
		session();
		block(|| {
			let four = vec![1, 2, 3, 4].try_into().unwrap();
			assert_ok!(TdRaft::set_authorities(root(), four));
			let for_ten = Timing {
				delta: 50,
				..CurrentTiming::<Test>::get()
			};
			assert_noop!(TdRaft::set_timing(root(), for_ten), Error::<Test>::UnfitTiming);
		});
		// Wanted no more, present until the session after the next.
		session();
		block(|| {
			assert_eq!(present().count(), 11);
			let for_ten = Timing {
				delta: 50,
				..CurrentTiming::<Test>::get()
			};
			assert_noop!(TdRaft::set_timing(root(), for_ten), Error::<Test>::UnfitTiming);
		});
		session();
		block(|| {
			let for_ten = Timing {
				delta: 50,
				..CurrentTiming::<Test>::get()
			};
			assert_ok!(TdRaft::set_timing(root(), for_ten));
		});
	});
}

/// What relies on it is told when a larger set is wanted, not when it is there, and may rely on less when it is gone.
#[test]
fn leaders_can_withhold_for_as_long_as_the_largest_set_that_is_or_comes_lets_them() {
	four().execute_with(|| {
		let timing = CurrentTiming::<Test>::get();
		let expect = |n: u16| assert_eq!(TdRaft::longest_withholding(), timing.withholding(n));
		let by = |more: u16, less: u16| timing.withholding(more) - timing.withholding(less);
		block(|| {
			expect(4);
			for account in 5..=10 {
				register(account);
			}
			assert_ok!(TdRaft::add_authority(root(), 5));
			assert_ok!(TdRaft::add_authority(root(), 6));
			assert!(Longer::get().is_empty(), "of six no more are faulty than of four");
			assert_ok!(TdRaft::add_authority(root(), 7));
			assert_eq!(Longer::get(), [by(7, 4)]);
			expect(7);
			let ten: crate::Accounts<Test> = (1..=10).collect::<Vec<_>>().try_into().unwrap();
			assert_ok!(TdRaft::set_authorities(root(), ten));
			assert_eq!(Longer::get(), [by(7, 4), by(10, 7)]);
			expect(10);
		});
		session();
		expect(10);
		session();
		assert_eq!(present().count(), 10);
		Longer::set(Vec::new());
		block(|| {
			let four = vec![1, 2, 3, 4].try_into().unwrap();
			assert_ok!(TdRaft::set_authorities(root(), four));
			expect(10);
		});
		session();
		assert_eq!(present().count(), 10);
		expect(10);
		session();
		assert_eq!(present().count(), 4);
		expect(4);
		assert!(Longer::get().is_empty(), "a smaller set is no reason");
	});
}

#[test]
fn a_timing_with_more_patience_lets_leaders_withhold_for_longer() {
	four().execute_with(|| {
		block(|| {
			let before = CurrentTiming::<Test>::get();
			let patient = Timing {
				election_timeout: 2 * before.election_timeout,
				..before
			};
			assert_ok!(TdRaft::set_timing(root(), patient));
			let longer = patient.withholding(4) - before.withholding(4);
			assert!(longer > 0);
			assert_eq!(Longer::get(), [longer]);
			assert_ok!(TdRaft::set_timing(root(), before));
			assert_eq!(Longer::get(), [longer], "less is no reason");
		});
	});
}

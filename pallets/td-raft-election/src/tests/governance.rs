//! Who decides about authorities and timing, and what is refused.

use crate::{mock::*, CurrentTiming, Error, Event, Queued, Wanted};
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

#[test]
fn no_timing_lets_anybody_wait_for_more_than_an_hour() {
	four().execute_with(|| {
		block(|| {
			let good = CurrentTiming::<Test>::get();
			// 9 s a turn on top, 33 turns of a hundred authorities, 59.1 s once: 3600.033 s with the first.
			for sync_timeout in [98_301, u32::MAX] {
				let endless = Timing {
					sync_timeout,
					..Timing::LOCAL
				};
				assert_noop!(TdRaft::set_timing(root(), endless), Error::<Test>::WaitTooLong);
			}
			assert_eq!(CurrentTiming::<Test>::get(), good);
			assert!(Longer::get().is_empty());
			let longest = Timing {
				sync_timeout: 98_300,
				..Timing::LOCAL
			};
			assert_ok!(TdRaft::set_timing(root(), longest));
		})
	});
}

/// In milliseconds, by hand: 15 s in which no block need come, 14.5 s for the first faulty leader, 18 s for each other, and 16 · 2.52 s
/// and 1.5 s in which what happened is not final.
fn wait(faulty: u64) -> u64 {
	match faulty {
		0 => 15_000,
		faulty => 71_320 + (faulty - 1) * 18_000,
	}
}

/// The timing that these numbers are of, but for what ten and more authorities need.
fn local() {
	let timing = CurrentTiming::<Test>::get();
	let Timing {
		delta,
		status,
		election_timeout,
		sync_timeout,
		idle_block_interval,
		..
	} = timing;
	assert_eq!([delta, status], [10, 1_000]);
	assert_eq!(
		[election_timeout, sync_timeout, idle_block_interval],
		[1_500, 3_000, 5_000]
	);
}

fn want(accounts: impl IntoIterator<Item = u64>) {
	let accounts: crate::Accounts<Test> = accounts.into_iter().collect::<Vec<_>>().try_into().unwrap();
	assert_ok!(TdRaft::set_authorities(root(), accounts));
}

/// Whoever relies on it is told when others are wanted, not when they are there, and may rely on less when a set is gone.
#[test]
fn the_faulty_of_the_sets_that_may_lead_add_up() {
	four().execute_with(|| {
		local();
		let expect = |faulty: u64| assert_eq!(TdRaft::longest_wait(), wait(faulty));
		block(|| {
			// 1 of 1 to 4.
			expect(1);
			(5..=14).for_each(register);
			// Of 1 to 5 one may be faulty, and it may be the fifth: when 1 to 4 have led, it leads.
			assert_ok!(TdRaft::add_authority(root(), 5));
			expect(2);
			assert_eq!(Longer::get(), [18_000]);
			// One of six, and not two, though two are new.
			assert_ok!(TdRaft::add_authority(root(), 6));
			expect(2);
			// Two of seven.
			assert_ok!(TdRaft::add_authority(root(), 7));
			expect(3);
			// Three of ten.
			want(1..=10);
			expect(4);
			assert_eq!(Longer::get(), [18_000, 18_000, 18_000]);
			// Ten others: three of them may be faulty, and one of the four.
			want(5..=14);
			expect(4);
			assert_eq!(Longer::get().len(), 3);
		});
		session();
		// Queued and wanted are the same.
		expect(4);
		session();
		assert_eq!(present().count(), 10);
		expect(3);
		Longer::set(Vec::new());
		// Four that were gone: one more.
		block(|| {
			want(1..=4);
			expect(4);
			assert_eq!(Longer::get(), [18_000]);
		});
		session();
		expect(4);
		// While those are queued, again others are wanted, of whom two were not there before.
		block(|| {
			(15..=16).for_each(register);
			want([1, 2, 3, 15, 16]);
			expect(5);
			assert_eq!(Longer::get(), [18_000, 18_000]);
		});
		session();
		assert_eq!(present().count(), 4);
		// One of the four, one of the two.
		expect(2);
		session();
		expect(1);
		assert_eq!(Longer::get().len(), 2, "sets come and go without a word");
	});
}

/// Three who are wanted have no keys when the session begins, so that a set is queued that nobody wanted. It has two faulty ones of its
/// own, and those three may come back with their keys.
#[test]
fn a_set_that_turns_out_otherwise_is_told_of_when_it_is_queued() {
	four().execute_with(|| {
		local();
		let expect = |faulty: u64| assert_eq!(TdRaft::longest_wait(), wait(faulty));
		block(|| {
			(5..=14).for_each(register);
			want(5..=14);
			// One of the four, three of the ten.
			expect(4);
			assert_eq!(Longer::get(), [54_000]);
			for account in 12..=14 {
				assert_ok!(Session::purge_keys(RuntimeOrigin::signed(account)));
			}
			expect(4);
		});
		session();
		let queued = Queued::<Test>::get().expect("the seven with keys");
		assert_eq!(queued.accounts.len(), 7);
		// One of the four, two of the seven, and the three.
		expect(6);
		assert_eq!(Longer::get(), [54_000, 36_000]);
		session();
		assert_eq!(present().count(), 7);
		expect(5);
		// They have keys again: what is queued now was counted.
		block(|| (12..=14).for_each(register));
		session();
		expect(5);
		session();
		assert_eq!(present().count(), 10);
		expect(3);
		assert_eq!(Longer::get().len(), 2);
	});
}

/// Nobody but governance moves deadlines.
#[test]
fn who_leaves_or_changes_keys_makes_no_wait_longer() {
	four().execute_with(|| {
		local();
		block(|| {
			assert_ok!(TdRaft::remove_authority(root(), 4));
			assert_eq!(TdRaft::longest_wait(), wait(1));
		});
		session();
		assert_eq!(present().count(), 4);
		assert_eq!(
			TdRaft::longest_wait(),
			wait(1),
			"three are queued, none of them new"
		);
		session();
		assert_eq!(present().count(), 3);
		assert_eq!(TdRaft::longest_wait(), wait(0));
		// The same accounts, one of them with other keys: another set, nobody new.
		block(|| register_as(1, 21).expect("the keys are good"));
		session();
		assert!(Queued::<Test>::exists());
		assert_eq!(TdRaft::longest_wait(), wait(0));
		assert!(Longer::get().is_empty());
	});
}

#[test]
fn a_timing_with_more_patience_lets_transactions_wait_for_longer() {
	four().execute_with(|| {
		block(|| {
			let before = CurrentTiming::<Test>::get();
			let patient = Timing {
				election_timeout: 3_000,
				..before
			};
			assert_ok!(TdRaft::set_timing(root(), patient));
			// 9T more, and 17T until what happened is final.
			assert_eq!(Longer::get(), [39_000]);
			assert_ok!(TdRaft::set_timing(root(), before));
			assert_eq!(Longer::get(), [39_000], "less is no reason");
		});
	});
}

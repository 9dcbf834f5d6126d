//! So many calls in each window, whatever way they take.

use super::*;
use crate::{Prepaid, PrepaidUnits, Usage, Usages};
use pallet_utility::Call as Utilities;

fn left(who: sp_keyring::Sr25519Keyring) -> u32 {
	Certificates::quota_left(account(who))
}

#[test]
fn a_plain_extrinsic_costs_one_unit() {
	ExtBuilder::default().build_and_execute_with(|| {
		for used in 1..=QUOTA {
			assert_ok!(submit(BUYER, order()).unwrap());
			assert_eq!(left(BUYER), QUOTA - used);
			assert!(
				!Prepaid::<Test>::exists(),
				"what is prepaid ends with the extrinsic"
			);
		}
		assert_noop!(submit(BUYER, order()), refused(Refusal::QuotaExhausted));
		assert_eq!(left(SELLER), QUOTA, "each account has its own");
	});
}

#[test]
fn calls_that_know_nothing_of_quota_are_counted() {
	ExtBuilder::default().build_and_execute_with(|| {
		for _ in 0..QUOTA {
			assert_ok!(submit(BUYER, frame_system::Call::remark { remark: vec![] }).unwrap());
		}
		assert_eq!(left(BUYER), 0);
		assert_noop!(
			submit(BUYER, frame_system::Call::remark { remark: vec![] }),
			refused(Refusal::QuotaExhausted)
		);
	});
}

#[test]
fn failed_calls_are_counted() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert!(submit(BUYER, fail()).unwrap().is_err());
		assert_eq!(left(BUYER), QUOTA - 1);
		assert!(submit(BUYER, frame_system::Call::set_heap_pages { pages: 1 })
			.unwrap()
			.is_err());
		assert_eq!(left(BUYER), QUOTA - 2);
		assert!(!Prepaid::<Test>::exists());
	});
}

#[test]
fn the_window_ends_to_the_millisecond() {
	ExtBuilder::default().build_and_execute_with(|| {
		Now::set(START + PERIOD - 1);
		leave_units(BUYER, 0);
		assert_noop!(
			Certificates::ensure_quota(&account(BUYER)),
			Error::<Test>::QuotaExhausted
		);
		Now::set(START + PERIOD);
		assert_eq!(left(BUYER), QUOTA);
		assert_ok!(Certificates::ensure_quota(&account(BUYER)));
		assert_ok!(submit(BUYER, order()).unwrap());
		assert_eq!(
			Usages::<Test>::get(account(BUYER)),
			Usage {
				window: START / PERIOD + 1,
				used: 1
			}
		);
	});
}

#[test]
fn nothing_is_saved_up() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_ok!(submit(BUYER, order()).unwrap());
		Now::set(START + 100 * PERIOD);
		assert_eq!(left(BUYER), QUOTA);
	});
}

#[test]
fn one_record_for_each_account() {
	ExtBuilder::default().build_and_execute_with(|| {
		for window in 0..4 {
			Now::set(START + window * PERIOD);
			assert_ok!(submit(BUYER, order()).unwrap());
			assert_ok!(submit(SELLER, ship()).unwrap());
		}
		assert_eq!(Usages::<Test>::iter().count(), 2);
	});
}

#[test]
fn a_batch_costs_what_it_holds() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_ok!(submit(
			BUYER,
			Utilities::batch {
				calls: vec![order(), order(), order()]
			}
		)
		.unwrap());
		assert_eq!(left(BUYER), QUOTA - 3);
		let too_many_for_now = Utilities::batch {
			calls: vec![order(); 3],
		};
		assert_eq!(
			pool(BUYER, 1, too_many_for_now.clone()),
			Err(refused(Refusal::QuotaExhausted))
		);
		assert_noop!(submit(BUYER, too_many_for_now), refused(Refusal::QuotaExhausted));
		let too_many_for_ever = Utilities::batch {
			calls: vec![order(); QUOTA as usize + 1],
		};
		assert_noop!(submit(BUYER, too_many_for_ever), refused(Refusal::TooManyCalls));
		assert_ok!(submit(
			BUYER,
			Utilities::batch {
				calls: vec![order(); 2]
			}
		)
		.unwrap());
		assert_eq!(left(BUYER), 0);
	});
}

#[test]
fn an_empty_batch_is_not_free() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_ok!(submit(BUYER, Utilities::batch { calls: vec![] }).unwrap());
		assert_eq!(left(BUYER), QUOTA - 1);
	});
}

#[test]
fn failing_calls_of_a_batch_are_counted() {
	ExtBuilder::default().build_and_execute_with(|| {
		// Each inner call is rolled back with all that it wrote, the charge is not.
		assert_ok!(submit(
			BUYER,
			Utilities::force_batch {
				calls: vec![fail(); 4]
			}
		)
		.unwrap());
		assert_eq!(left(BUYER), QUOTA - 4);
	});
}

#[test]
fn calls_that_were_not_counted_before_are_charged_in_dispatch() {
	ExtBuilder::default().build_and_execute_with(|| {
		// The mock's `CallUnits` does not know `batch_all`: one unit is prepaid, the rest is not.
		assert_ok!(submit(
			BUYER,
			Utilities::batch_all {
				calls: vec![order(); 3]
			}
		)
		.unwrap());
		assert_eq!(left(BUYER), QUOTA - 3);
		let result = submit(
			BUYER,
			Utilities::batch_all {
				calls: vec![order(); 3],
			},
		)
		.unwrap();
		assert_eq!(
			result.map_err(|e| e.error),
			Err(Error::<Test>::QuotaExhausted.into())
		);
		assert_eq!(left(BUYER), QUOTA - 4, "the extrinsic itself was included");
	});
}

#[test]
fn who_acts_for_another_account_takes_from_both() {
	ExtBuilder::default().build_and_execute_with(|| {
		let detour = shop::Call::act_for {
			account: account(BUYER),
			call: Box::new(order()),
		};
		assert_ok!(submit(SELLER, detour.clone()).unwrap());
		assert_eq!((left(SELLER), left(BUYER)), (QUOTA - 1, QUOTA - 1));
		leave_units(BUYER, 0);
		let result = submit(SELLER, detour).unwrap();
		assert_eq!(
			result.map_err(|e| e.error),
			Err(Error::<Test>::QuotaExhausted.into())
		);
		assert_eq!(left(SELLER), QUOTA - 2);
	});
}

#[test]
fn what_the_signer_prepaid_is_nobody_elses() {
	ExtBuilder::default().build_and_execute_with(|| {
		Prepaid::<Test>::put(PrepaidUnits {
			account: account(SELLER),
			units: 1,
		});
		assert_ok!(Certificates::consume_quota(&account(BUYER)));
		assert_eq!(left(BUYER), QUOTA - 1, "charged to the one who acts");
		assert_ok!(Certificates::consume_quota(&account(SELLER)));
		assert_eq!(left(SELLER), QUOTA, "claimed what was prepaid");
		assert_ok!(Certificates::consume_quota(&account(SELLER)));
		assert_eq!(left(SELLER), QUOTA - 1, "and that only once");
		Prepaid::<Test>::kill();
	});
}

#[test]
fn the_last_unit_is_usable_by_the_extrinsic_that_paid_it() {
	ExtBuilder::default().build_and_execute_with(|| {
		leave_units(BUYER, 1);
		assert_ok!(submit(BUYER, order()).unwrap());
		assert_eq!(left(BUYER), 0);
		Prepaid::<Test>::put(PrepaidUnits {
			account: account(BUYER),
			units: 1,
		});
		assert_ok!(Certificates::ensure_quota(&account(BUYER)));
		Prepaid::<Test>::kill();
		assert_noop!(
			Certificates::ensure_quota(&account(BUYER)),
			Error::<Test>::QuotaExhausted
		);
		assert_noop!(
			Certificates::consume_quota(&account(BUYER)),
			Error::<Test>::QuotaExhausted
		);
	});
}

#[test]
fn no_record_for_an_account_without_a_certificate() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_eq!(left(OUTSIDER), 0);
		assert_noop!(
			Certificates::ensure_quota(&account(OUTSIDER)),
			Error::<Test>::NotCertified
		);
		assert_noop!(
			Certificates::consume_quota(&account(OUTSIDER)),
			Error::<Test>::NotCertified
		);
		for privileged in [CA, COUNCIL] {
			assert_ok!(Certificates::ensure_quota(&account(privileged)));
			assert_ok!(Certificates::consume_quota(&account(privileged)));
		}
		assert_eq!(Usages::<Test>::iter().count(), 0);
	});
}

#[test]
fn a_refused_transaction_costs_nothing() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_ok!(Certificates::revoke(signed(CA), account(BUYER)));
		assert_noop!(submit(BUYER, order()), refused(Refusal::Revoked));
		assert_eq!(left(BUYER), QUOTA);
		assert_eq!(System::account_nonce(account(BUYER)), 0);
	});
}

#[test]
fn no_mixture_of_ways_exceeds_the_quota() {
	// A thousand random extrinsics of two accounts with a slow clock: in each window, the calls that had an effect
	// are never more than the quota, and an extrinsic is refused only when it had to be.
	ExtBuilder::default().build_and_execute_with(|| {
		let mut state = 0x9e37_79b9_7f4a_7c15u64;
		let mut random = move |below: u64| {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			state % below
		};
		let mut spent = std::collections::BTreeMap::<(bool, u64), u32>::new();
		for _ in 0..1_000 {
			Now::mutate(|now| *now += random(PERIOD / 4));
			let window = Now::get() / PERIOD;
			let buyer = random(2) == 0;
			let (who, other) = if buyer { (BUYER, SELLER) } else { (SELLER, BUYER) };
			let size = random(4) as usize;
			let (call, cost, passes_on): (RuntimeCall, u32, bool) = match random(5) {
				0 => (ship(), 1, false),
				1 => (fail(), 1, false),
				2 => (
					Utilities::batch {
						calls: vec![ship(); size],
					}
					.into(),
					size.max(1) as u32,
					false,
				),
				3 => (
					Utilities::force_batch {
						calls: vec![fail(); size],
					}
					.into(),
					size.max(1) as u32,
					false,
				),
				_ => {
					let call = Box::new(ship());
					(
						shop::Call::act_for {
							account: account(other),
							call,
						}
						.into(),
						1,
						true,
					)
				}
			};
			let before = spent.get(&(buyer, window)).copied().unwrap_or_default();
			let for_other = spent.get(&(!buyer, window)).copied().unwrap_or_default();
			match submit(who, call) {
				Ok(result) => {
					*spent.entry((buyer, window)).or_default() += cost;
					if passes_on && result.is_ok() {
						*spent.entry((!buyer, window)).or_default() += 1;
					} else if passes_on {
						assert_eq!(
							for_other, QUOTA,
							"the other account's call failed though it had quota left"
						);
					}
				}
				Err(_) => assert!(before + cost > QUOTA, "an extrinsic within the quota was refused"),
			}
			for ((_, _), used) in &spent {
				assert!(
					*used <= QUOTA,
					"more calls were included in a window than the quota allows"
				);
			}
			assert_eq!(
				left(who),
				QUOTA - spent.get(&(buyer, window)).copied().unwrap_or_default()
			);
		}
		assert!(
			spent.values().filter(|used| **used == QUOTA).count() > 10,
			"the test never met the limit"
		);
	});
}

#[test]
fn the_invariants_notice_what_they_are_for() {
	let broken: [fn(); 5] = [
		|| Usages::<Test>::insert(account(OUTSIDER), Usage { window: 0, used: 1 }),
		|| {
			Usages::<Test>::insert(
				account(BUYER),
				Usage {
					window: START / PERIOD,
					used: QUOTA + 1,
				},
			)
		},
		|| {
			Usages::<Test>::insert(
				account(BUYER),
				Usage {
					window: START / PERIOD + 1,
					used: 1,
				},
			)
		},
		|| {
			Prepaid::<Test>::put(PrepaidUnits {
				account: account(BUYER),
				units: 0,
			})
		},
		|| crate::RequestCounters::<Test>::insert(account(OUTSIDER), 1),
	];
	for break_it in broken {
		ExtBuilder::default().build().execute_with(|| {
			assert_ok!(Certificates::do_try_state());
			break_it();
			assert!(Certificates::do_try_state().is_err());
		});
	}
}

//! How authorities are reached.

use crate::{mock::*, Error, Event, Records};
use frame_support::{assert_noop, assert_ok};

fn signed() -> RuntimeOrigin {
	RuntimeOrigin::signed(99)
}

#[test]
fn anybody_brings_a_record_that_its_authority_signed() {
	four().execute_with(|| {
		block(|| {
			assert_noop!(
				TdRaft::set_record(RuntimeOrigin::none(), record(1, 1)),
				sp_runtime::DispatchError::BadOrigin
			);
			let good = record(1, 1);
			assert_ok!(TdRaft::set_record(signed(), good.clone()));
			assert_eq!(events(), [Event::RecordSet { authority: id(1) }]);
			assert_eq!(TdRaft::records(), [good]);

			let mut forged = record(2, 1);
			forged.body.counter = 2;
			assert_noop!(TdRaft::set_record(signed(), forged), Error::<Test>::BadSignature);
			let mut anothers = record(2, 1);
			anothers.body.authority = id(3);
			assert_noop!(
				TdRaft::set_record(signed(), anothers),
				Error::<Test>::BadSignature
			);
		})
	});
}

#[test]
fn an_older_record_does_not_come_back() {
	four().execute_with(|| {
		block(|| {
			assert_ok!(TdRaft::set_record(signed(), record(1, 5)));
			for counter in [4, 5] {
				assert_noop!(
					TdRaft::set_record(signed(), record(1, counter)),
					Error::<Test>::StaleCounter
				);
			}
			let newer = record(1, 6);
			assert_ok!(TdRaft::set_record(signed(), newer.clone()));
			assert_eq!(TdRaft::records(), [newer]);
		})
	});
}

/// A node that lies about the last counter takes no more than this from the authority.
#[test]
fn a_counter_leaves_many_after_it() {
	four().execute_with(|| {
		block(|| {
			assert_noop!(
				TdRaft::set_record(signed(), record(1, u64::MAX)),
				Error::<Test>::CounterTooFar
			);
			assert_ok!(TdRaft::set_record(signed(), record(1, 1 << 48)));
			assert_noop!(
				TdRaft::set_record(signed(), record(1, (2 << 48) + 1)),
				Error::<Test>::CounterTooFar
			);
			assert_ok!(TdRaft::set_record(signed(), record(1, 2 << 48)));
		})
	});
}

#[test]
fn a_record_on_another_chain_is_none_here() {
	let foreign = four().execute_with(|| record(1, 1));
	let mut config = genesis(&[1]);
	config.chain_id = "another".into();
	build(config, &[1]).execute_with(|| {
		block(|| {
			assert_noop!(TdRaft::set_record(signed(), foreign), Error::<Test>::BadSignature);
		})
	});
}

#[test]
fn records_come_with_the_queued_set_and_go_with_the_authority() {
	four().execute_with(|| {
		block(|| {
			register(5);
			TdRaft::set_authorities(RuntimeOrigin::root(), vec![1, 2, 3, 5].try_into().unwrap()).unwrap();
			assert_noop!(
				TdRaft::set_record(signed(), record(5, 1)),
				Error::<Test>::NotAnAuthority
			);
			for account in 1..=4 {
				assert_ok!(TdRaft::set_record(signed(), record(account, 1)));
			}
		});
		session();
		block(|| TdRaft::set_record(signed(), record(5, 1)).unwrap());
		assert_eq!(Records::<Test>::iter().count(), 5);
		session();
		assert_eq!(authorities(), [1, 2, 3, 5]);
		assert_eq!(Records::<Test>::iter().count(), 4);
		assert_eq!(Records::<Test>::get(id(4)), None);
		block(|| {
			assert_noop!(
				TdRaft::set_record(signed(), record(4, 2)),
				Error::<Test>::NotAnAuthority
			);
		});
	});
}

//! How sets change: what is wanted, queued, announced, and done.

use crate::{mock::*, Current, CurrentDealing, Ending, Event, Past, Queued, Wanted, PAST_SETS};
use sp_runtime::DigestItem;
use veilmart_td_raft::{ConsensusLog, SetId, ENGINE_ID};

/// The set that the last block's header announces.
fn announced() -> Option<veilmart_td_raft::AuthoritySet> {
	use codec::DecodeAll;
	System::digest().logs.iter().find_map(|item| match item {
		DigestItem::Consensus(ENGINE_ID, bytes) => {
			let ConsensusLog::ChildCloses(set) = ConsensusLog::decode_all(&mut &bytes[..]).unwrap();
			Some(set)
		}
		_ => None,
	})
}

#[test]
fn without_a_wish_sessions_pass_and_the_set_stays() {
	four().execute_with(|| {
		let before = Current::<Test>::get();
		let mut rotations = 0;
		for _ in 0..30 {
			block(|| ());
			rotations += u32::from(Ending::<Test>::get());
			assert_eq!(announced(), None);
			assert!(!TdRaft::is_closing_next() && !head().closing);
		}
		assert_eq!(
			Session::current_index(),
			4,
			"a session is six blocks of ten seconds and one that begins it"
		);
		assert_eq!(rotations, 4);
		assert_eq!(Current::<Test>::get(), before);
		assert_eq!(present().id(), SetId(0));
	});
}

#[test]
fn a_session_lasts_as_long_as_it_shall() {
	four().execute_with(|| {
		let mut begun = Vec::new();
		for number in 1..=16u64 {
			let index = Session::current_index();
			block(|| ());
			if Session::current_index() != index {
				begun.push(number);
			}
		}
		// The first begins in block 1; block 7 is 60 s later, so block 8 begins the second, block 15 the third.
		assert_eq!(begun, [8, 15]);
	});
}

#[test]
fn a_change_takes_two_boundaries_and_is_announced_by_the_block_before() {
	four().execute_with(|| {
		block(|| {
			register(5);
			TdRaft::add_authority(RuntimeOrigin::root(), 5).unwrap();
		});
		let wanted = set_of(1, &[1, 2, 3, 4, 5]);
		assert_eq!(Queued::<Test>::get(), None);

		session();
		assert_eq!(authorities(), [1, 2, 3, 4], "queued, not more");
		assert_eq!(TdRaft::queued_set(), Some(wanted.clone()));
		assert!(events()
			.iter()
			.any(|event| matches!(event, Event::SetQueued { set_id: SetId(1), .. })));

		while !Ending::<Test>::get() {
			assert_eq!(announced(), None);
			assert!(!TdRaft::is_closing_next());
			block(|| ());
		}
		assert!(TdRaft::is_closing_next());
		assert_eq!(announced(), Some(wanted.clone()));
		assert_eq!(present().id(), SetId(0));

		let old = CurrentDealing::<Test>::get();
		block(|| ());
		assert!(head().closing);
		assert_eq!((head().set_id, announced()), (SetId(0), None));
		assert_eq!(present(), wanted);
		assert_eq!(authorities(), [1, 2, 3, 4, 5]);
		assert_ne!(CurrentDealing::<Test>::get(), old);
		assert_eq!(CurrentDealing::<Test>::get().unwrap().count(), 5);
		assert_eq!(TdRaft::queued_set(), None);
		assert_eq!(Past::<Test>::get(SetId(0)).unwrap().set, set_of(0, &[1, 2, 3, 4]));
		assert!(events()
			.iter()
			.any(|event| matches!(event, Event::SetChanged { set_id: SetId(1), .. })));

		block(|| ());
		assert!(!head().closing);
		assert_eq!(head().set_id, SetId(1));
	});
}

#[test]
fn a_first_block_may_close_the_set_and_a_closing_block_may_be_followed_by_a_first_one() {
	four().execute_with(|| {
		block(|| {
			register(5);
			TdRaft::add_authority(RuntimeOrigin::root(), 5).unwrap();
		});
		while !TdRaft::is_closing_next() {
			block(|| ());
		}
		begin(&next(7));
		end();
		assert!(head().closing);
		begin(&next(8));
		end();
		assert_eq!((head().set_id, head().term.0), (SetId(1), 8));
	});
}

#[test]
fn what_happens_around_the_boundary_does_not_change_what_was_queued() {
	four().execute_with(|| {
		block(|| {
			register(5);
			TdRaft::add_authority(RuntimeOrigin::root(), 5).unwrap();
		});
		session();
		while !Ending::<Test>::get() {
			block(|| ());
		}
		// The block that announces is made already: new keys, another wish, purged keys in the closing block itself.
		let promised = announced().unwrap();
		block(|| {
			register_as(1, 11).unwrap();
			TdRaft::set_authorities(RuntimeOrigin::root(), vec![1, 2, 3].try_into().unwrap()).unwrap();
			Session::purge_keys(RuntimeOrigin::signed(4)).unwrap();
		});
		assert_eq!(present(), promised);
		session();
		assert_eq!(authorities(), [1, 2, 3, 4, 5], "queued");
		session();
		assert_eq!(authorities(), [1, 2, 3]);
		assert!(present().index_of(&id(11)).is_some(), "with its new keys");
		assert!(present().index_of(&id(1)).is_none());
	});
}

#[test]
fn keys_registered_in_the_block_before_or_in_the_boundary_itself_wait_their_turn() {
	four().execute_with(|| {
		block(|| ());
		while !Ending::<Test>::get() {
			block(|| ());
		}
		assert_eq!(announced(), None);
		// The block that begins the session queues before its calls run.
		block(|| register_as(1, 11).unwrap());
		assert_eq!(Queued::<Test>::get(), None);
		session();
		assert_eq!(TdRaft::queued_set(), Some(set_of(1, &[11, 2, 3, 4])));
		assert_eq!(present(), set_of(0, &[1, 2, 3, 4]));
		session();
		assert_eq!(present(), set_of(1, &[11, 2, 3, 4]));
	});
}

#[test]
fn a_wish_taken_back_in_time_changes_nothing_and_later_changes_twice() {
	four().execute_with(|| {
		block(|| TdRaft::remove_authority(RuntimeOrigin::root(), 4).unwrap());
		block(|| TdRaft::add_authority(RuntimeOrigin::root(), 4).unwrap());
		session();
		assert_eq!(Queued::<Test>::get(), None);

		block(|| TdRaft::remove_authority(RuntimeOrigin::root(), 4).unwrap());
		session();
		assert!(Queued::<Test>::get().is_some());
		block(|| TdRaft::add_authority(RuntimeOrigin::root(), 4).unwrap());
		session();
		assert_eq!((authorities(), present().id()), (vec![1, 2, 3], SetId(1)));
		session();
		assert_eq!((authorities(), present().id()), (vec![1, 2, 3, 4], SetId(2)));
	});
}

#[test]
fn whoever_purges_keys_leaves_the_set_and_the_last_ones_keep_it() {
	four().execute_with(|| {
		// The session pallet does not notice the last of its list.
		block(|| Session::purge_keys(RuntimeOrigin::signed(4)).unwrap());
		session();
		session();
		assert_eq!(authorities(), [1, 2, 3]);
		block(|| {
			for account in [1, 2, 3] {
				Session::purge_keys(RuntimeOrigin::signed(account)).unwrap();
			}
		});
		let before = present();
		for _ in 0..4 {
			session();
		}
		assert_eq!(present(), before, "never empty");
		// And there is a way back.
		block(|| {
			for account in 1..=4 {
				register(account);
			}
		});
		session();
		session();
		assert_eq!(authorities(), [1, 2, 3, 4]);
	});
}

#[test]
fn keys_that_halt_a_chain_get_into_no_set() {
	// As if the filter of the calls had let them pass: written where registered keys stand.
	for bad in [[0u8; 32], [0xff; 32]] {
		for spoil_share in [true, false] {
			four().execute_with(|| {
				block(|| {
					pallet_session::NextKeys::<Test>::mutate(2, |keys| {
						let keys = keys.as_mut().unwrap();
						let bad = sp_core::sr25519::Public::from_raw(bad);
						if spoil_share {
							keys.tdsh = bad.into();
						} else {
							keys.tdrf = bad.into();
						}
					});
				});
				assert_eq!(TdRaft::registered(&2), None);
				session();
				session();
				assert_eq!(authorities(), [1, 3, 4]);
			});
		}
	}
}

#[test]
fn a_key_serves_one_authority() {
	four().execute_with(|| {
		block(|| {
			assert_eq!(
				register_as(5, 1),
				Err(pallet_session::Error::<Test>::DuplicatedKey.into())
			);
			// As if the session pallet had let it pass.
			let keys = session_keys(1);
			pallet_session::NextKeys::<Test>::mutate(2, |own| own.as_mut().unwrap().tdsh = keys.tdsh.clone());
			pallet_session::NextKeys::<Test>::mutate(3, |own| own.as_mut().unwrap().tdrf = keys.tdrf.clone());
		});
		session();
		session();
		let left = authorities();
		assert_eq!(left.len(), 2, "{left:?}");
		assert!(left.contains(&4));
	});
}

#[test]
fn an_account_that_takes_over_anothers_keys_takes_its_place() {
	four().execute_with(|| {
		block(|| {
			Session::purge_keys(RuntimeOrigin::signed(4)).unwrap();
			register_as(5, 4).unwrap();
			TdRaft::set_authorities(RuntimeOrigin::root(), vec![1, 2, 3, 5].try_into().unwrap()).unwrap();
		});
		session();
		session();
		assert_eq!(
			authorities(),
			[1, 2, 3, 5],
			"whom an offence would be the fault of"
		);
		assert_eq!(present().id(), SetId(1));
	});
}

#[test]
fn sets_grow_from_one_and_shrink_to_one() {
	chain(&[1]).execute_with(|| {
		block(|| {
			assert_eq!(CurrentDealing::<Test>::get(), None);
			register(2);
			TdRaft::add_authority(RuntimeOrigin::root(), 2).unwrap();
		});
		session();
		session();
		assert_eq!(CurrentDealing::<Test>::get().unwrap().count(), 2);
		block(|| TdRaft::remove_authority(RuntimeOrigin::root(), 1).unwrap());
		session();
		session();
		assert_eq!(authorities(), [2]);
		assert_eq!(CurrentDealing::<Test>::get(), None);
		// The sealer left: the one that stays takes a new term, without votes.
		block(|| ());
		assert_eq!(TdRaft::leader(), Some((head().term, id(2))));
	});
}

#[test]
fn the_last_sets_are_remembered() {
	four().execute_with(|| {
		block(|| register(5));
		for round in 0..12u64 {
			block(|| {
				let change = if round % 2 == 0 {
					TdRaft::add_authority(RuntimeOrigin::root(), 5)
				} else {
					TdRaft::remove_authority(RuntimeOrigin::root(), 5)
				};
				change.unwrap();
			});
			session();
			session();
			assert_eq!(present().id(), SetId(round + 1));
			let remembered: Vec<_> = Past::<Test>::iter_keys().collect();
			assert_eq!(remembered.len() as u64, (round + 1).min(PAST_SETS.into()));
		}
		assert_eq!(Wanted::<Test>::get().len(), 4);
	});
}

#[test]
fn if_nobody_who_is_wanted_has_keys_the_present_ones_go_on() {
	four().execute_with(|| {
		block(|| {
			register(5);
			TdRaft::set_authorities(RuntimeOrigin::root(), vec![5].try_into().unwrap()).unwrap();
			Session::purge_keys(RuntimeOrigin::signed(5)).unwrap();
			register_as(1, 11).unwrap();
			Session::purge_keys(RuntimeOrigin::signed(4)).unwrap();
		});
		session();
		session();
		assert_eq!(
			present(),
			set_of(1, &[11, 2, 3]),
			"with the keys that they have now"
		);
		block(|| Session::purge_keys(RuntimeOrigin::signed(3)).unwrap());
		session();
		assert!(
			!pallet_session::QueuedChanged::<Test>::get(),
			"pallet-session does not see it"
		);
		session();
		assert_eq!(present(), set_of(2, &[11, 2]));
	});
}

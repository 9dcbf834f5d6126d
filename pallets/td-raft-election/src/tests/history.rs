//! The elections and dealings that are remembered.

use crate::{mock::*, CurrentDealing, Dealt, Elections, Event, DEALINGS, HISTORY};
use veilmart_td_raft::{runtime_api::ElectionRecord, Number, SetId, Term};

#[test]
fn an_election_is_recorded_with_its_time() {
	four().execute_with(|| {
		assert_eq!(TdRaft::leader(), None);
		begin(&next(3));
		let now = pallet_timestamp::Now::<Test>::get();
		assert!(Elections::<Test>::get().is_empty());
		end();
		let leader = present().members()[3].id;
		assert_eq!(
			Elections::<Test>::get().to_vec(),
			[ElectionRecord {
				set_id: SetId(0),
				term: Term(3),
				leader,
				number: Number(1),
				moment: now,
				votes: 3,
				dealing: [9; 32],
			}]
		);
		assert_eq!(TdRaft::leader(), Some((Term(3), leader)));
		assert_eq!(
			events(),
			[Event::Elected {
				set_id: SetId(0),
				term: Term(3),
				leader
			}]
		);
		block(|| ());
		assert_eq!(Elections::<Test>::get().len(), 1);
	});
}

#[test]
fn the_last_elections_and_dealings_are_remembered() {
	chain(&[1, 2]).execute_with(|| {
		let elections = HISTORY as u64 + 5;
		for term in 1..=elections {
			begin(&next(term));
			end();
		}
		let history = Elections::<Test>::get();
		assert_eq!(history.len(), HISTORY as usize);
		assert_eq!(history[0].term, Term(6));
		assert_eq!(history.last().unwrap().term, Term(elections));
		for _ in elections..=DEALINGS.into() {
			let mut dealing = next(elections);
			dealing.dealing = Some(deal(&present(), elections, dealing.digest.sealer.0));
			begin(&dealing);
			end();
		}
		assert_eq!(Dealt::<Test>::get().len(), DEALINGS as usize);
	});
}

#[test]
fn the_newest_dealing_counts() {
	four().execute_with(|| {
		let genesis = CurrentDealing::<Test>::get();
		assert_eq!(genesis.as_ref().unwrap().count(), 4);
		assert!(
			Dealt::<Test>::get().is_empty(),
			"nobody answers for the dealing in genesis"
		);
		let first = next(1);
		begin(&first);
		end();
		assert_eq!(CurrentDealing::<Test>::get(), first.dealing);
		let mut anew = next(1);
		anew.dealing = Some(deal(&present(), 1, anew.digest.sealer.0));
		begin(&anew);
		end();
		assert_eq!(CurrentDealing::<Test>::get(), anew.dealing);
		block(|| ());
		assert_eq!(CurrentDealing::<Test>::get(), anew.dealing);
		assert_eq!(Dealt::<Test>::get().len(), 2);
	});
}

//! Random wishes over many sessions. `mock::end` checks the invariants after every block.

use crate::{mock::*, Wanted};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use veilmart_td_raft::{AuthorityIndex, Evidence, Number, Phase, SetId, Signature, Target, Term, Vote};

/// Accounts that come into question.
const ACCOUNTS: u64 = 9;

fn any_call(random: u64) {
	let account = 1 + random / 16 % ACCOUNTS;
	let other = 1 + random / 256 % ACCOUNTS;
	let origin = RuntimeOrigin::root();
	// What is refused is refused; what is taken has to leave a sound state.
	let _ = match random % 9 {
		0 | 1 => TdRaft::add_authority(origin, account),
		2 => TdRaft::remove_authority(origin, account),
		3 => {
			let list: Vec<u64> = (1..=ACCOUNTS)
				.filter(|account| random >> (10 + account) & 1 == 1)
				.collect();
			TdRaft::set_authorities(origin, list.try_into().expect("nine at most"))
		}
		4 => register_as(account, account),
		5 => register_as(account, account + 20),
		6 => register_as(account, other),
		7 => Session::purge_keys(RuntimeOrigin::signed(account)),
		_ => TdRaft::set_record(RuntimeOrigin::signed(1), record(account, random)),
	};
}

#[test]
fn the_state_is_sound_after_every_block_whatever_is_wished() {
	let mut changes = 0;
	for seed in 0..8 {
		let mut rng = ChaCha20Rng::seed_from_u64(seed);
		four().execute_with(|| {
			for _ in 0..250 {
				let random = rng.next_u64();
				// Now and then another leader.
				let term = if random % 7 == 0 {
					head().term.0 + 1
				} else {
					next_term()
				};
				let announced = closes_to();
				let before = present();
				begin(&next(term));
				match announced {
					Some(next) => assert_eq!(present(), next, "seed {seed}: what was announced"),
					None => assert_eq!(present(), before, "seed {seed}: what was not announced"),
				}
				for _ in 0..rng.next_u32() % 3 {
					any_call(rng.next_u64());
				}
				if rng.next_u32() % 20 == 0 {
					let offender = AuthorityIndex((rng.next_u32() % u32::from(present().count())) as u16);
					punish(offender);
				}
				end();
			}
			assert!(!Wanted::<Test>::get().is_empty());
			changes += present().id().0;
			assert!(
				present().id() > SetId(5),
				"seed {seed}: the sets changed often enough"
			);
		});
	}
	assert!(changes > 80, "{changes}");
}

/// The dispatch of a proven offence, as an authorized call has it; what proves it is another test's matter.
fn punish(voter: AuthorityIndex) {
	let vote = |hash| Vote {
		phase: Phase::Commit,
		target: Target {
			set_id: present().id(),
			term: Term(1),
			number: Number(1),
			hash: [hash; 32],
		},
		voter,
		signature: Signature([0; 64]),
	};
	let evidence = Box::new(Evidence::Votes(vote(1), vote(2)));
	let _ = TdRaft::report_offence(frame_system::Origin::<Test>::Authorized.into(), evidence);
}

//! What follows from the dates of blocks: votes, and when a set began, for which there is also what others say.

use super::*;
use crate::{
	held::Now,
	ledger::dated,
	start::{self, is_seen_to_begin},
	worker::is_dated_after,
};
use sc_keystore::LocalKeystore;
use sp_keystore::Keystore as _;
use veilmart_td_raft::{keys::VOTE_KEY, Rank};
use veilmart_td_raft_core::safety::{Durable, Mandate};

#[test]
fn whether_a_block_is_dated_later_is_up_to_the_runtime() {
	let mut lab = Lab::new(false);
	let late = lab.first(1, EARLY);
	lab.commit(&late);
	let other = lab.next(&late, b"other");
	lab.commit(&other);
	let now = sp_timestamp::Timestamp::current().as_millis();
	let is_late = |hash| is_dated_after::<Database, Ledger>(&lab.ledger, hash, now);
	assert_eq!(is_late(late.header.hash()), Some(true));
	assert_eq!(is_late(other.header.hash()), Some(false));
	assert_eq!(is_late(H256::repeat_byte(9)), None, "it is not there");
	assert_eq!(is_late(lab.genesis().hash()), None, "nobody has sealed it");
}

/// Whoever brings it, and when the node starts.
#[test]
fn a_blocks_date_reaches_the_core() {
	for is_brought in [true, false] {
		let mut lab = Lab::new(false);
		let now = Now::read().date;
		let late = lab.first(1, &dated(now - 40_000));
		let present = lab.first(2, &dated(now - 1_000));
		let undated = lab.first(3, b"undated");
		let all = [late, present, undated];
		for block in &all {
			if is_brought {
				assert!(is_taken(&lab.bring(block, None)), "it is valid");
			} else {
				lab.send(block);
			}
		}
		for restarts in [false, true] {
			if restarts {
				for block in &all {
					lab.engine.core.give_up(&block.header.hash().0);
				}
				block_on(lab.engine.take_in()).unwrap();
			}
			let dates = all.each_ref().map(|block| {
				let pending = lab.engine.core.chain().get(&block.header.hash().0);
				pending.expect("it is there").date
			});
			assert_eq!(dates, [Some(now - 40_000), Some(now - 1_000), None]);
		}
		assert!(lab.engine.abstains.is_none(), "it votes for nothing anyway");
	}
}

#[test]
fn a_block_that_is_dated_too_long_ago_is_taken_and_gets_no_vote() {
	for (ago, is_voted_for) in [(0, true), (20_000, true), (40_000, false)] {
		let mut lab = Lab::new(true);
		let block = lab.first(1, &dated(Now::read().date - ago));
		lab.send(&block);
		assert!(lab.has(&block));
		let prepared = lab.engine.core.durable().prepared;
		let is_prepared = prepared.is_some_and(|target| target.hash == block.header.hash().0);
		assert_eq!(is_prepared, is_voted_for, "{ago}");
		// An authority alone builds another one in its place, and nobody waits for this vote any more.
		assert!(lab.engine.abstains.is_none(), "{ago}");
		assert_eq!(lab.engine.failure, None);
	}
}

/// A node that is one of two authorities, and the position of the other one, which leads the first term.
fn led_by_another() -> (Lab, AuthorityIndex) {
	let mut lab = Lab::new(false);
	let setup = &lab.engine.setup;
	let mut members = [lab.authority.id, setup.identity.id].map(|id| Authority {
		id,
		share_key: ShareKey([1; 32]),
	});
	members.sort_by_key(|member| member.id);
	let set = AuthoritySet::new(SetId(0), members.to_vec()).unwrap();
	let leader = set.index_of(&lab.authority.id).unwrap();
	let durable = Durable {
		current_term: Term(1),
		mandate: Some(Mandate::Continued(leader)),
		..Durable::<OnChain>::genesis(setup.genesis.0)
	};
	let anchor = Anchor::genesis(block::genesis(setup.genesis, None), set);
	let keys = setup.identity.keys.clone();
	lab.engine.core = ProtocolCore::restore(setup.config(), keys, anchor, Some(durable), 0);
	(lab, leader)
}

/// Who follows builds nothing in the place of such a block, so that its operator hears of the clocks.
#[test]
fn who_does_not_vote_because_of_dates_says_so_after_five_seconds() {
	for (ago, abstains) in [(0, false), (20_000, false), (40_000, true)] {
		let (mut lab, leader) = led_by_another();
		let genesis = lab.genesis();
		let certificate = QuorumCertificate::genesis(genesis.hash().0);
		let digest = HeaderDigest {
			sealer: leader,
			..lab.digest(1, &certificate)
		};
		let block = lab.block(&genesis, &digest, &dated(Now::read().date - ago));
		// Its election is the business of who verifies it, before it is in the database.
		block_on(ChainWorker::<Database, Ledger>::restore(
			&lab.ledger,
			block.clone(),
		))
		.unwrap();
		lab.engine.imported(&block.header, Some(&block));
		let prepared = lab.engine.core.durable().prepared;
		assert_eq!(prepared.is_none(), abstains, "{ago}");
		assert_eq!(lab.engine.abstains.is_some(), abstains, "{ago}");
		assert!(lab.engine.said.is_none(), "who was away gets old blocks first");

		let five = Duration::from_secs(5);
		lab.engine.abstains = lab.engine.abstains.and_then(|since| since.checked_sub(five));
		lab.engine.step(Input::Tick);
		assert_eq!(lab.engine.said.is_some(), abstains, "{ago}");
		assert_eq!(lab.engine.failure, None);
	}
}

/// A clock that is behind makes every block that was made since then look later than what is noted by it.
#[test]
fn a_set_is_seen_to_begin_after_the_key_has_come_and_not_after_now() {
	let mut lab = Lab::new(false);
	let closing = lab.first(1, &dated(1_000_000));
	lab.commit(&closing);
	let mut anchor = lab.engine.core.chain().anchor().clone();
	let is_seen = |anchor: &Anchor<OnChain>, since, now| {
		is_seen_to_begin::<Database, Ledger>(&lab.ledger, anchor, since, now)
	};
	assert!(!is_seen(&anchor, Some(0), 2_000_000), "none was closed");
	anchor.handovers.push(lab.certificate(&closing));
	assert!(is_seen(&anchor, Some(0), 2_000_000));
	assert!(!is_seen(&anchor, None, 2_000_000), "the key is not there");
	for (since, seen) in [(960_000, true), (980_000, false), (1_500_000, false)] {
		assert_eq!(is_seen(&anchor, Some(since), 2_000_000), seen, "{since}");
	}
	for (now, seen) in [(980_000, true), (960_000, false), (10_000, false)] {
		assert_eq!(is_seen(&anchor, Some(0), now), seen, "{now}");
	}
	anchor.handovers[0].target.hash = [9; 32];
	assert!(!is_seen(&anchor, Some(0), 2_000_000), "its block is not there");
}

/// Whose clock was behind when the key came is led through sets that are over, and has been told so.
#[test]
fn a_set_that_others_were_in_before_is_not_seen_to_begin() {
	let mut lab = Lab::new(false);
	let (peer, id) = (lab.peer, lab.authority.id);
	let says = |set_id, number| {
		let rank = Rank(SetId(set_id), Term(1), Number(number));
		Packet::Core(Message::Notice(Notice::Status(Status {
			set_id: SetId(set_id),
			term: Term(1),
			led: true,
			attempt: Term(0),
			high_qc: rank,
			commit_qc: rank,
		})))
	};
	let coming = lab.first(1, b"coming");
	lab.engine.bodies.insert(coming.header.hash(), coming);
	lab.engine.on_packet(peer, id, says(1, 1));
	lab.engine.on_packet(peer, AuthorityId([9; 32]), says(3, 100));
	assert_eq!(lab.engine.ahead, SetId(0), "at the same time, and nobody");
	lab.engine.on_packet(peer, id, says(2, 100));
	lab.engine.on_packet(peer, id, says(1, 200));
	assert_eq!(lab.engine.ahead, SetId(2));

	let folder = tempfile::tempdir().unwrap();
	let keystore = LocalKeystore::in_memory();
	let key = keystore.sr25519_generate_new(VOTE_KEY, Some("//Alice")).unwrap();
	let key = AuthorityId(key.0);
	let authority = start::Authority {
		keystore: Arc::new(keystore),
		vote_log: folder.path().join("votes"),
		database: folder.path().to_owned(),
		forget_votes: false,
	};
	let behind = Now {
		date: 1,
		..Now::read()
	};
	let mut held = Held::read(&authority, &[7; 32]);
	held.look(&authority, None, behind).unwrap();
	lab.engine.held = Some(held);
	let since = |lab: &Lab| lab.engine.held.as_ref().and_then(|held| held.since(&key));
	lab.engine.review_key(&key, SetId(3)).unwrap();
	assert_eq!(since(&lab), Some(1));
	lab.engine.review_key(&key, SetId(2)).unwrap();
	assert!(since(&lab) > Some(1));
}

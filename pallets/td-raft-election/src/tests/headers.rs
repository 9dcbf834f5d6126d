//! Which headers make a block invalid.

use crate::{mock::*, Malformed, Place};
use codec::Encode;
use sp_runtime::{Digest, DigestItem};
use veilmart_td_raft::{
	header::{self, HeaderError, Items},
	AuthorityIndex, Number, SetId, Term, ENGINE_ID,
};

/// What the runtime says to a header on the present state.
fn verdict(next: &Next) -> Result<(), Malformed> {
	let items = Items {
		digest: next.digest.clone(),
		dealing: next.dealing.clone(),
		child_closes: None,
	};
	let (set, closes) = (present(), closes_to());
	let place = Place {
		parent: Number(System::block_number()),
		parent_hash: Tip::get().0,
		head: &head(),
		set: &set,
		next: closes.as_ref(),
	};
	place.check(&items)
}

/// What it says after a change that makes the header wrong in one way.
fn spoilt(term: u64, spoil: impl FnOnce(&mut Next)) -> Result<(), Malformed> {
	let mut header = next(term);
	assert_eq!(verdict(&header), Ok(()), "well formed before");
	spoil(&mut header);
	verdict(&header)
}

/// A chain of four in its second block of term 1.
fn running() -> sp_io::TestExternalities {
	let mut state = four();
	state.execute_with(|| {
		block(|| ());
		block(|| ());
	});
	state
}

/// The same, with the next block closing the set, to five authorities.
fn closing() -> sp_io::TestExternalities {
	let mut state = running();
	state.execute_with(|| {
		block(|| {
			register(5);
			TdRaft::add_authority(RuntimeOrigin::root(), 5).unwrap();
		});
		while !TdRaft::is_closing_next() {
			block(|| ());
		}
	});
	state
}

#[test]
fn set_and_term_are_those_of_the_state() {
	running().execute_with(|| {
		assert_eq!(
			spoilt(1, |next| next.digest.set_id = SetId(1)),
			Err(Malformed::Set)
		);
		assert_eq!(spoilt(1, |next| next.digest.term = Term(0)), Err(Malformed::Term));
		begin(&next(5));
		end();
		assert_eq!(spoilt(5, |next| next.digest.term = Term(4)), Err(Malformed::Term));
	});
	// Genesis has term 0, so that only this check is in the way of a block of term 0.
	four().execute_with(|| {
		let mut header = next(1);
		header.digest.term = Term(0);
		assert_eq!(verdict(&header), Err(Malformed::Term));
	});
}

#[test]
fn the_certificate_is_the_parents() {
	running().execute_with(|| {
		let mut wrong = [last_target(); 5];
		wrong[0].set_id = SetId(1);
		wrong[1].number = Number(1);
		wrong[2].hash = [1; 32];
		wrong[3].term = Term(0);
		// Only a closing block is certified again in a later term.
		wrong[4].term = Term(2);
		for target in wrong {
			assert_eq!(
				spoilt(1, |next| next.digest.parent_qc.target = target),
				Err(Malformed::ParentQc),
				"{target:?}"
			);
		}
	});
}

#[test]
fn a_closing_block_may_be_certified_in_a_later_term_and_no_other() {
	closing().execute_with(|| {
		block(|| ());
		assert!(head().closing);
		let term = next_term();
		assert_eq!(
			spoilt(term, |next| next.digest.parent_qc.target.term = Term(9)),
			Ok(())
		);
		assert_eq!(
			spoilt(term, |next| next.digest.parent_qc.target.term = Term(0)),
			Err(Malformed::ParentQc)
		);
		assert_eq!(
			spoilt(term, |next| next.digest.parent_qc.target.set_id = SetId(1)),
			Err(Malformed::ParentQc),
			"it is of the old set"
		);
	});
}

#[test]
fn the_sealer_is_the_leader() {
	running().execute_with(|| {
		assert_eq!(
			spoilt(1, |next| next.digest.sealer = AuthorityIndex(4)),
			Err(Malformed::Sealer),
			"nobody"
		);
		assert_eq!(
			spoilt(1, |next| next.digest.sealer =
				AuthorityIndex((next.digest.sealer.0 + 1) % 4)),
			Err(Malformed::Sealer),
			"another one"
		);
		assert_eq!(
			spoilt(2, |next| next.digest.sealer = AuthorityIndex(4)),
			Err(Malformed::Sealer),
			"nobody, in a first block"
		);
	});
}

#[test]
fn exactly_first_blocks_bring_an_election_of_their_own() {
	running().execute_with(|| {
		let first = next(2);
		assert_eq!(
			spoilt(2, |next| next.digest.election = None),
			Err(Malformed::Election)
		);
		assert_eq!(
			spoilt(1, |next| next.digest.election = first.digest.election.clone()),
			Err(Malformed::Election)
		);
		assert_eq!(
			spoilt(2, |next| next.digest.sealer = AuthorityIndex(0)),
			Err(Malformed::Mandate),
			"another one was elected"
		);
		let mandate = |spoil: fn(&mut veilmart_td_raft::ElectionCertificate)| {
			spoilt(2, |next| {
				spoil(&mut next.digest.election.as_mut().unwrap().certificate)
			})
		};
		assert_eq!(
			mandate(|election| election.set_id = SetId(1)),
			Err(Malformed::Mandate)
		);
		assert_eq!(
			mandate(|election| election.term = Term(3)),
			Err(Malformed::Mandate)
		);
		assert_eq!(
			mandate(|election| election.leader = AuthorityIndex(1)),
			Err(Malformed::Mandate)
		);
	});
}

#[test]
fn first_blocks_deal_to_each_authority() {
	running().execute_with(|| {
		assert_eq!(spoilt(2, |next| next.dealing = None), Err(Malformed::NoDealing));
		let to_three = deal(&set_of(0, &[1, 2, 3]), 2, 2);
		assert_eq!(
			spoilt(2, |next| next.dealing = Some(to_three.clone())),
			Err(Malformed::Holders)
		);
		// Any other block may, and then rightly.
		let to_four = deal(&present(), 1, 1);
		assert_eq!(spoilt(1, |next| next.dealing = Some(to_four)), Ok(()));
		assert_eq!(
			spoilt(1, |next| next.dealing = Some(to_three)),
			Err(Malformed::Holders)
		);
	});
}

#[test]
fn closing_blocks_deal_to_each_authority_of_the_next_set() {
	closing().execute_with(|| {
		for term in [1, 2] {
			assert_eq!(
				spoilt(term, |next| next.dealing = None),
				Err(Malformed::NoDealing)
			);
			let to_old = deal(&present(), term, 0);
			assert_eq!(
				spoilt(term, |next| next.dealing = Some(to_old)),
				Err(Malformed::Holders)
			);
		}
		assert_eq!(
			spoilt(1, |next| next.digest.set_id = SetId(1)),
			Err(Malformed::Set),
			"the old set judges it"
		);
		begin(&next(1));
		end();
		assert_eq!(
			spoilt(1, |next| next.digest.set_id = SetId(0)),
			Err(Malformed::Set),
			"the new set judges its child"
		);
	});
}

#[test]
fn after_a_closing_block_the_leader_goes_on_in_its_term() {
	closing().execute_with(|| {
		block(|| ());
		assert!(head().closing);
		let goes_on = next(1);
		assert!(
			goes_on.digest.election.is_none() && goes_on.dealing.is_none(),
			"not a first block"
		);
		assert_eq!(verdict(&goes_on), Ok(()));
		// Elected by the new set for that same term, in which the old one elected somebody else.
		let mut twice = next(2);
		twice.digest.term = Term(1);
		twice.digest.election.as_mut().unwrap().certificate.term = Term(1);
		assert_eq!(verdict(&twice), Err(Malformed::Election));
	});
}

#[test]
fn a_single_authority_needs_neither_votes_nor_a_dealing() {
	chain(&[1]).execute_with(|| {
		let alone = next(1);
		assert!(alone.digest.election.is_none() && alone.dealing.is_none());
		assert_eq!(verdict(&alone), Ok(()));
		let with_share = deal(&present(), 1, 0);
		assert_eq!(spoilt(1, |next| next.dealing = Some(with_share)), Ok(()));
		let with_votes = four().execute_with(|| next(1).digest.election);
		assert_eq!(
			spoilt(1, |next| {
				next.digest.election = with_votes.map(|mut election| {
					election.certificate.leader = AuthorityIndex(0);
					election
				})
			}),
			Err(Malformed::Election)
		);
		// Again in a new term: it may start anew.
		block(|| ());
		assert_eq!(verdict(&next(2)), Ok(()));
	});
}

/// What the block's execution says to this digest.
fn execution(digest: Digest) -> String {
	let outcome = std::panic::catch_unwind(|| running().execute_with(|| begin_with(&digest)));
	let panic = outcome.expect_err("the block is invalid");
	panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_malformed_header_makes_its_block_invalid() {
	let good = running().execute_with(|| digest(&next(1)));
	running().execute_with(|| begin_with(&good));

	assert_eq!(
		execution(Digest::default()),
		format!(
			"This header is none of TD-Raft on its parent: {}",
			HeaderError::NoDigest
		)
	);
	let mut two = good.clone();
	two.logs.push(DigestItem::PreRuntime(ENGINE_ID, vec![]));
	assert!(execution(two).ends_with(&HeaderError::PreRuntime.to_string()));
	let mut foreign = running().execute_with(|| next(1));
	foreign.digest.sealer = AuthorityIndex(7);
	assert!(execution(digest(&foreign)).ends_with(&Malformed::Sealer.to_string()));
	let longer = [foreign.digest.encode(), vec![0]].concat();
	let logs = vec![DigestItem::PreRuntime(ENGINE_ID, longer)];
	assert!(execution(Digest { logs }).ends_with(&HeaderError::Encoding.to_string()));
}

#[test]
fn without_authorities_there_is_no_block() {
	let outcome = std::panic::catch_unwind(|| {
		sp_io::TestExternalities::new_empty().execute_with(|| {
			let digest = Digest {
				logs: header::pre_runtime(&four().execute_with(|| next(1)).digest, None),
			};
			begin_with(&digest)
		})
	});
	let panic = outcome.expect_err("the block is invalid");
	let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
	assert!(text.ends_with(&Malformed::NoAuthorities.to_string()), "{text}");
}

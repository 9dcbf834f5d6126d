//! What counts as proof, against whom, how often, and what follows.

use super::lying_dealer::lie;
use crate::{mock::*, Call, Error, Event, OffenceKind, Unproven, Wanted, PAST_SETS};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::Authorize,
};
use sp_runtime::{
	traits::Dispatchable,
	transaction_validity::{
		InvalidTransaction, TransactionSource, TransactionValidityError, UnknownTransaction, ValidTransaction,
	},
	DispatchError,
};
use veilmart_td_raft::{
	sign, AuthorityIndex, CertificateError, DealerFaultProof, ElectionBallot, ElectionVote, Evidence,
	EvidenceError, Number, Phase, SealBody, SetId, Signature, Target, Term, Vote,
};
use veilmart_trapdoor::{Context, Recovery, VerifiedShare};

type Hash = [u8; 32];

/// The position of an account's authority in the present set.
fn at(account: u64) -> AuthorityIndex {
	present().index_of(&id(account)).expect("an authority")
}

fn target(hash: u8) -> Target {
	Target {
		set_id: present().id(),
		term: Term(1),
		number: Number(9),
		hash: [hash; 32],
	}
}

fn two_seals(account: u64) -> Evidence {
	let seal = |header: u8| {
		let body = SealBody {
			term: Term(1),
			number: Number(9),
			header: [header; 32],
		};
		let signature = sign(&vote_keys(account), &body.payload(&GENESIS, present().id()));
		(body, signature)
	};
	Evidence::Seals {
		signer: at(account),
		set_id: present().id(),
		first: seal(1),
		second: seal(2),
	}
}

fn vote(account: u64, hash: u8) -> Vote {
	let bytes = Vote::<Hash, Signature>::payload(&GENESIS, Phase::Prepare, &target(hash));
	Vote {
		phase: Phase::Prepare,
		target: target(hash),
		voter: at(account),
		signature: sign(&vote_keys(account), &bytes),
	}
}

fn two_votes(account: u64) -> Evidence {
	Evidence::Votes(vote(account, 1), vote(account, 2))
}

fn two_election_votes(account: u64) -> Evidence {
	let vote = |candidate: u16| {
		let (set_id, candidate) = (present().id(), AuthorityIndex(candidate));
		let bytes =
			ElectionBallot::<Hash, Signature>::payload(&GENESIS, set_id, Term(2), candidate, &target(1));
		ElectionVote {
			set_id,
			term: Term(2),
			candidate,
			ballot: ElectionBallot {
				voter: at(account),
				high_qc: target(1),
				signature: sign(&vote_keys(account), &bytes),
			},
		}
	};
	Evidence::ElectionVotes(vote(0), vote(1))
}

/// Has the next block, a first one, carry a dealing; the evidence that it is a lie if it is one.
fn dealt(term: u64, lying: bool) -> Evidence {
	let mut block = next(term);
	let holders = closes_to().unwrap_or(present());
	let context = Context {
		genesis: GENESIS,
		set_id: holders.id().0,
		term,
		dealer: block.digest.sealer.0,
		parent: Tip::get().0,
	};
	if lying {
		block.dealing = Some(lie(&context, &holders));
	}
	let dealing = block.dealing.clone().expect("a first block has one");
	let accounts = [1, 2, 3, 4, 5];
	let evidence = proof(&context, &holders, dealing, &accounts, block.digest.set_id);
	begin(&block);
	end();
	evidence
}

/// The evidence that the dealing gives the accounts that open it.
fn proof(
	context: &Context,
	holders: &veilmart_td_raft::AuthoritySet,
	dealing: veilmart_trapdoor::Dealing,
	accounts: &[u64],
	sealed_by: SetId,
) -> Evidence {
	let mut rng = rand_core::OsRng;
	let verified = dealing
		.verify(context, &holders.share_keys().expect("good keys"))
		.expect("nobody can tell yet");
	let shares: Vec<VerifiedShare> = accounts
		.iter()
		.filter_map(|account| verified.open(&share_secret(*account), &mut rng).ok())
		.map(|share| verified.verify_share(&share).expect("opened rightly"))
		.take(holders.threshold().into())
		.collect();
	let fault = match verified.recover(&shares).expect("enough shares") {
		Recovery::Fault(fault) => fault,
		// Of an honest dealer: the same shares, put forward all the same.
		Recovery::Trapdoor(_) => {
			use codec::{Decode, Encode};
			let mut opened: Vec<_> = accounts
				.iter()
				.filter_map(|account| verified.open(&share_secret(*account), &mut rng).ok())
				.take(holders.threshold().into())
				.collect();
			opened.sort_by_key(|share| share.holder());
			Decode::decode(&mut &opened.encode()[..]).expect("a list of shares")
		}
	};
	Evidence::DealerFault {
		dealer: AuthorityIndex(context.dealer),
		set_id: sealed_by,
		fault: DealerFaultProof {
			holders: holders.id(),
			term: Term(context.term),
			parent: context.parent,
			dealing,
			fault,
		},
	}
}

fn report(evidence: &Evidence) -> RuntimeCall {
	call(Call::report_offence {
		evidence: Box::new(evidence.clone()),
	})
}

/// What the pool of a node says that makes the report.
fn validity(evidence: &Evidence) -> Result<ValidTransaction, TransactionValidityError> {
	validity_from(TransactionSource::Local, evidence)
}

fn validity_from(
	source: TransactionSource,
	evidence: &Evidence,
) -> Result<ValidTransaction, TransactionValidityError> {
	report(evidence)
		.authorize(source)
		.expect("the call authorizes itself")
		.map(|(validity, _)| validity)
}

/// As the extension does it in a block.
fn include(evidence: &Evidence) {
	assert!(validity(evidence).is_ok());
	assert_ok!(report(evidence).dispatch(frame_system::Origin::<Test>::Authorized.into()));
}

fn refused(evidence: &Evidence) -> Unproven {
	let unproven = TdRaft::examine(evidence).expect_err("it proves nothing");
	assert_eq!(validity(evidence), Err(InvalidTransaction::from(unproven).into()));
	unproven
}

fn running() -> sp_io::TestExternalities {
	let mut state = four();
	state.execute_with(|| block(|| ()));
	state
}

#[test]
fn each_kind_is_answered_by_an_event_and_removal_two_boundaries_later() {
	type Made = fn(u64) -> Evidence;
	let kinds: [(Made, OffenceKind); 3] = [
		(two_seals, OffenceKind::Seals),
		(two_votes, OffenceKind::Votes),
		(two_election_votes, OffenceKind::ElectionVotes),
	];
	for (evidence, kind) in kinds {
		running().execute_with(|| {
			block(|| {
				let evidence = evidence(3);
				include(&evidence);
				assert_eq!(
					events(),
					[Event::OffenceProven {
						set_id: SetId(0),
						offender: id(3),
						account: 3,
						kind,
						removed: true
					}]
				);
				assert_eq!(Wanted::<Test>::get().to_vec(), [1, 2, 4]);
			});
			session();
			assert_eq!(authorities(), [1, 2, 3, 4]);
			session();
			assert_eq!(authorities(), [1, 2, 4]);
		});
	}
}

#[test]
fn a_dealer_that_lied_is_removed() {
	running().execute_with(|| {
		let evidence = dealt(2, true);
		let dealer = present().members()[2].id;
		block(|| {
			include(&evidence);
			let [Event::OffenceProven {
				offender,
				kind,
				removed: true,
				..
			}] = &events()[..]
			else {
				panic!("{:?}", events())
			};
			assert_eq!((*offender, *kind), (dealer, OffenceKind::DealerFault));
		});
		session();
		session();
		assert_eq!(present().index_of(&dealer), None);
	});
}

#[test]
fn a_dealer_that_lied_to_the_next_set_is_known_to_the_one_that_sealed() {
	running().execute_with(|| {
		block(|| {
			register(5);
			TdRaft::add_authority(RuntimeOrigin::root(), 5).unwrap();
		});
		while !TdRaft::is_closing_next() {
			block(|| ());
		}
		let evidence = dealt(2, true);
		assert!(head().closing);
		let offence = TdRaft::examine(&evidence).unwrap();
		assert_eq!((offence.set_id, offence.index), (SetId(0), AuthorityIndex(2)));
		block(|| include(&evidence));
	});
}

#[test]
fn nobody_answers_for_a_dealing_that_no_block_carried() {
	running().execute_with(|| {
		let evidence = dealt(2, true);
		let Evidence::DealerFault {
			dealer,
			set_id,
			fault,
		} = &evidence
		else {
			unreachable!()
		};
		// One in another's name, for the place of a block that there is.
		let forged = |change: fn(&mut AuthorityIndex, &mut SetId, &mut DealerFaultProof)| {
			let (mut dealer, mut set_id, mut fault) = (*dealer, *set_id, fault.clone());
			change(&mut dealer, &mut set_id, &mut fault);
			refused(&Evidence::DealerFault {
				dealer,
				set_id,
				fault,
			})
		};
		assert_eq!(forged(|dealer, _, _| dealer.0 = 1), Unproven::Dealing);
		assert_eq!(forged(|_, _, fault| fault.parent = [0; 32]), Unproven::Dealing);
		assert_eq!(forged(|_, _, fault| fault.term = Term(3)), Unproven::Dealing);
		assert_eq!(forged(|_, _, fault| fault.holders = SetId(1)), Unproven::Dealing);
		assert_eq!(forged(|dealer, _, _| dealer.0 = 4), Unproven::Offender);
		assert_eq!(forged(|_, set_id, _| set_id.0 = 1), Unproven::FutureSet);

		let context = Context {
			genesis: GENESIS,
			set_id: 0,
			term: 1,
			dealer: 1,
			parent: [1; 32],
		};
		let invented = proof(
			&context,
			&present(),
			lie(&context, &present()),
			&[1, 2, 3, 4],
			SetId(0),
		);
		assert_eq!(refused(&invented), Unproven::Dealing);
	});
}

#[test]
fn an_honest_dealer_is_not_removed() {
	running().execute_with(|| {
		let evidence = dealt(2, false);
		assert_eq!(refused(&evidence), Unproven::Evidence(EvidenceError::Fault));
		// Opened shares of one dealing say nothing of another.
		let lie = dealt(3, true);
		let (Evidence::DealerFault { fault: honest, .. }, Evidence::DealerFault { fault: lying, .. }) =
			(&evidence, &lie)
		else {
			unreachable!()
		};
		let mixed = Evidence::DealerFault {
			dealer: AuthorityIndex(2),
			set_id: SetId(0),
			fault: DealerFaultProof {
				fault: lying.fault.clone(),
				..honest.clone()
			},
		};
		assert_eq!(refused(&mixed), Unproven::Evidence(EvidenceError::Fault));
	});
}

#[test]
fn false_evidence_is_refused() {
	running().execute_with(|| {
		let statement = |error| Unproven::Evidence(EvidenceError::Statement(error));
		assert_eq!(
			refused(&Evidence::Votes(vote(1, 1), vote(1, 1))),
			Unproven::Evidence(EvidenceError::Same)
		);
		assert_eq!(
			refused(&Evidence::Votes(vote(1, 1), vote(2, 2))),
			Unproven::Evidence(EvidenceError::Compatible)
		);
		let mut forged = vote(2, 2);
		forged.voter = at(1);
		assert_eq!(
			refused(&Evidence::Votes(vote(1, 1), forged)),
			statement(CertificateError::Signature)
		);
		let mut nobody = [vote(1, 1), vote(1, 2)];
		nobody.iter_mut().for_each(|vote| vote.voter = AuthorityIndex(4));
		let [first, second] = nobody;
		assert_eq!(refused(&Evidence::Votes(first, second)), Unproven::Offender);
		let Evidence::Seals {
			signer,
			set_id,
			first,
			mut second,
		} = two_seals(1)
		else {
			unreachable!()
		};
		second.0.header = [7; 32];
		assert_eq!(
			refused(&Evidence::Seals {
				signer,
				set_id,
				first,
				second
			}),
			statement(CertificateError::Signature)
		);
	});
	// Of another chain: the same keys, another genesis.
	let foreign = running().execute_with(|| two_votes(1));
	four().execute_with(|| {
		Tip::set([1; 32].into());
		block(|| ());
		assert_eq!(
			refused(&foreign),
			Unproven::Evidence(EvidenceError::Statement(CertificateError::Signature))
		);
	});
}

#[test]
fn an_offence_is_answered_once() {
	running().execute_with(|| {
		block(|| {
			let evidence = two_votes(3);
			include(&evidence);
			assert_eq!(refused(&evidence), Unproven::Reported);
			assert_eq!(
				validity(&evidence),
				Err(InvalidTransaction::Stale.into()),
				"the pool drops it without a ban"
			);
			let Evidence::Votes(first, second) = evidence.clone() else {
				unreachable!()
			};
			assert_eq!(refused(&Evidence::Votes(second, first)), Unproven::Reported);
			assert_noop!(
				report(&evidence)
					.dispatch(frame_system::Origin::<Test>::Authorized.into())
					.map_err(|failed| failed.error),
				Error::<Test>::UnknownOffence
			);
			// Another kind, another offender: another offence.
			assert!(validity(&two_seals(3)).is_ok());
			assert!(validity(&two_votes(4)).is_ok());
		});
		session();
		session();
		// Governance takes it back. What it answered for stays answered.
		let old = two_votes(4);
		block(|| TdRaft::add_authority(RuntimeOrigin::root(), 3).unwrap());
		session();
		session();
		assert!(authorities().contains(&3));
		block(|| include(&two_votes(3)));
		assert!(validity(&old).is_ok(), "of the set before");
	});
}

#[test]
fn reports_of_one_offence_exclude_each_other_in_the_pool() {
	running().execute_with(|| {
		let tags = |evidence: &Evidence| validity(evidence).unwrap().provides;
		let Evidence::Votes(first, second) = two_votes(3) else {
			unreachable!()
		};
		let swapped = Evidence::Votes(second, first);
		assert_eq!(tags(&two_votes(3)), tags(&swapped));
		assert_eq!(tags(&two_votes(3)).len(), 1);
		assert_ne!(tags(&two_votes(3)), tags(&two_votes(4)));
		assert_ne!(tags(&two_votes(3)), tags(&two_seals(3)));
		let valid = validity(&two_votes(3)).unwrap();
		assert!(valid.propagate && valid.priority > 0 && valid.requires.is_empty());
	});
}

/// To verify a report of a false dealing is dear, and a false report costs nothing.
#[test]
fn strangers_report_contradicting_signatures_and_no_dealings() {
	use TransactionSource::{External, InBlock, Local};
	running().execute_with(|| {
		let lie = dealt(2, true);
		let honest = dealt(3, false);
		for dealing in [&lie, &honest] {
			assert_eq!(
				validity_from(External, dealing),
				Err(UnknownTransaction::CannotLookup.into()),
				"neither true nor false, so that the pool does not refuse it when the node brings it"
			);
		}
		for source in [Local, InBlock] {
			let valid = validity_from(source, &lie).expect("it is true");
			assert!(!valid.propagate, "who takes it from a peer would refuse it");
			assert_eq!(
				validity_from(source, &honest),
				Err(InvalidTransaction::BadProof.into())
			);
		}
		for evidence in [two_seals(1), two_votes(1), two_election_votes(1)] {
			for source in [External, Local, InBlock] {
				let valid = validity_from(source, &evidence).expect("it is true");
				assert!(valid.propagate);
			}
		}
		assert_eq!(
			validity_from(External, &Evidence::Votes(vote(1, 1), vote(2, 2))),
			Err(InvalidTransaction::BadProof.into())
		);
	});
}

#[test]
fn nobody_reports_without_evidence() {
	running().execute_with(|| {
		for origin in [
			RuntimeOrigin::none(),
			RuntimeOrigin::signed(1),
			RuntimeOrigin::root(),
		] {
			assert_noop!(
				TdRaft::report_offence(origin, Box::new(two_votes(3))),
				DispatchError::BadOrigin
			);
		}
	});
}

#[test]
fn an_offence_is_remembered_as_long_as_its_set() {
	running().execute_with(|| {
		let (early, reported) = (two_votes(1), two_votes(2));
		block(|| {
			include(&reported);
			TdRaft::add_authority(RuntimeOrigin::root(), 2).unwrap();
			register(5);
		});
		for round in 0..=PAST_SETS {
			let expected = if round < PAST_SETS {
				Ok(())
			} else {
				Err(Unproven::ForgottenSet)
			};
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
			assert_eq!(TdRaft::examine(&early).map(|_| ()), expected, "round {round}");
			let unproven = if round < PAST_SETS {
				Unproven::Reported
			} else {
				Unproven::ForgottenSet
			};
			assert_eq!(refused(&reported), unproven);
		}
		assert_eq!(crate::Reported::<Test>::iter().count(), 0);
	});
}

#[test]
fn evidence_from_the_future_waits() {
	let later = running().execute_with(|| {
		let mut votes = [vote(1, 1), vote(1, 2)];
		for vote in &mut votes {
			vote.target.set_id = SetId(1);
			let bytes = Vote::<Hash, Signature>::payload(&GENESIS, vote.phase, &vote.target);
			vote.signature = sign(&vote_keys(1), &bytes);
		}
		let [first, second] = votes;
		Evidence::Votes(first, second)
	});
	running().execute_with(|| {
		assert_eq!(refused(&later), Unproven::FutureSet);
		assert_eq!(validity(&later), Err(InvalidTransaction::Future.into()));
	});
}

#[test]
fn the_last_authority_stays_whatever_it_did() {
	chain(&[1]).execute_with(|| {
		block(|| ());
		block(|| {
			include(&two_votes(1));
			assert!(matches!(
				&events()[..],
				[Event::OffenceProven { removed: false, .. }]
			));
			assert_eq!(Wanted::<Test>::get().to_vec(), [1]);
		});
	});
}

#[test]
fn offences_fit_into_a_block() {
	running().execute_with(|| {
		let info = report(&two_votes(1)).get_dispatch_info();
		assert_eq!(info.class, DispatchClass::Operational);
		assert!(info.call_weight.ref_time() > 0);
		let cheap = report(&two_votes(1)).weight_of_authorize();
		let dear = report(&dealt(2, true)).weight_of_authorize();
		assert!(dear.ref_time() > cheap.ref_time() * 2);
	});
}

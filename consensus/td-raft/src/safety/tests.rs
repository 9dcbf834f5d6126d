//! Each rule refuses what only it refuses, and a deliberate mistake at its line lets exactly that pass.

use super::*;
use crate::{
	lab::{at, keys, Lab, SymbolicBlock},
	log::Outbox,
	symbolic::{Keys, Symbols},
};

const ZERO: Number = Number(0);

struct Voter {
	safety: Safety<Symbols>,
	keys: Keys,
	genesis: crate::symbolic::Digest,
}

impl Voter {
	fn new(lab: &Lab) -> Self {
		Self::mutant(lab, Mutants::default())
	}

	fn mutant(lab: &Lab, mutants: Mutants) -> Self {
		let durable = Durable::genesis(lab.genesis.hash);
		Self {
			safety: Safety::restore(durable, mutants),
			keys: keys(2),
			genesis: lab.genesis.hash,
		}
	}

	/// In a term led by this authority, whose certificate has this maximum.
	fn led(mut self, lab: &Lab, term: u64, leader: u16, high: &SymbolicBlock) -> Self {
		self.safety
			.adopt(&lab.certificate(0, term, leader, high.target()))
			.unwrap();
		self
	}

	fn with<R>(&mut self, f: impl FnOnce(&mut Safety<Symbols>, &Signer<Keys>) -> R) -> R {
		let signer = Signer {
			crypto: &self.keys,
			genesis: &self.genesis,
			me: at(2),
		};
		f(&mut self.safety, &signer)
	}

	fn prepare(
		&mut self,
		block: &SymbolicBlock,
		parent: &SymbolicBlock,
		first: u64,
		finalized: Number,
	) -> Result<(), Refusal> {
		self.with(|safety, signer| {
			safety
				.prepare(signer, block, parent, Number(first), finalized)
				.map(drop)
		})
	}

	fn commit(&mut self, qc: &Qc<Symbols>) -> Result<(), Refusal> {
		self.with(|safety, signer| safety.commit(signer, qc).map(drop))
	}

	fn elect(&mut self, term: u64, candidate: u16) -> Result<(), Refusal> {
		self.with(|safety, signer| safety.elect(signer, Term(term), at(candidate)).map(drop))
	}

	fn reconfirm(
		&mut self,
		term: u64,
		block: &SymbolicBlock,
		qc: Option<&Qc<Symbols>>,
	) -> Result<(), Refusal> {
		self.with(|safety, signer| safety.reconfirm(signer, Term(term), block, qc).map(drop))
	}
}

/// What the core is without mistakes and with this one.
fn voters(lab: &Lab, _name: &str) -> Vec<(Voter, bool)> {
	let mut voters = vec![(Voter::new(lab), false)];
	#[cfg(feature = "mutants")]
	{
		use crate::mutants::Mutant;
		let mutant = match _name {
			"TwoFirstBlocks" => Mutant::TwoFirstBlocks,
			"MaximumIgnored" => Mutant::MaximumIgnored,
			"TwoBlocksAtOneHeight" => Mutant::TwoBlocksAtOneHeight,
			"CommitInOldTerm" => Mutant::CommitInOldTerm,
			"LockFalls" => Mutant::LockFalls,
			"TwoElectionVotes" => Mutant::TwoElectionVotes,
			"ReconfirmWithoutQc" => Mutant::ReconfirmWithoutQc,
			"ReconfirmNotCounted" => Mutant::ReconfirmNotCounted,
			"OldCertificateLeads" => Mutant::OldCertificateLeads,
			"TermNotPersisted" => Mutant::TermNotPersisted,
			"SendBeforePersist" => Mutant::SendBeforePersist,
			_ => return voters,
		};
		voters.push((Voter::mutant(lab, Mutants::only(mutant)), true));
	}
	let _ = &mut voters;
	voters
}

/// What the rule gives, or the mistake.
fn expect(mutant: bool, refusal: Refusal) -> Result<(), Refusal> {
	if mutant {
		Ok(())
	} else {
		Err(refusal)
	}
}

#[test]
fn only_blocks_of_the_current_term_and_its_leader_are_prepared() {
	let lab = Lab::new();
	let block = lab.child(&lab.genesis, 3, 1, |_| {});
	let mut voter = Voter::new(&lab);
	assert_eq!(voter.prepare(&block, &lab.genesis, 1, ZERO), Err(Refusal::Term));
	voter.elect(3, 1).unwrap();
	assert_eq!(
		voter.prepare(&block, &lab.genesis, 1, ZERO),
		Err(Refusal::NoLeader),
		"voted, not elected"
	);
	let mut voter = voter.led(&lab, 3, 1, &lab.genesis);
	assert_eq!(
		voter.prepare(&lab.child(&lab.genesis, 3, 0, |_| {}), &lab.genesis, 1, ZERO),
		Err(Refusal::NotLeader)
	);
	assert_eq!(voter.prepare(&block, &lab.genesis, 1, ZERO), Ok(()));
	let mut later = Voter::new(&lab).led(&lab, 4, 1, &lab.genesis);
	assert_eq!(
		later.prepare(&block, &lab.genesis, 1, ZERO),
		Err(Refusal::Term),
		"the term is over"
	);
}

#[test]
fn one_first_block_is_prepared_in_a_term_and_asked_again_the_vote_is_the_same() {
	let lab = Lab::new();
	for (voter, mutant) in voters(&lab, "TwoFirstBlocks") {
		let mut voter = voter.led(&lab, 3, 1, &lab.genesis);
		let block = lab.child(&lab.genesis, 3, 1, |_| {});
		let twin = lab.child(&lab.genesis, 3, 1, |twin| {
			twin.digest.commit_qc.target.number = Number(7)
		});
		assert_ne!(block.hash, twin.hash);
		voter.prepare(&block, &lab.genesis, 1, ZERO).unwrap();
		let before = voter.safety.durable().clone();
		voter.prepare(&block, &lab.genesis, 1, ZERO).unwrap();
		assert_eq!(*voter.safety.durable(), before);
		assert_eq!(
			voter.prepare(&twin, &lab.genesis, 1, ZERO),
			expect(mutant, Refusal::Prepared)
		);
	}
}

#[test]
fn a_first_block_builds_on_what_the_voters_had_certified() {
	let lab = Lab::new();
	for (voter, mutant) in voters(&lab, "MaximumIgnored") {
		let certified = lab.child(&lab.genesis, 1, 0, |_| {});
		let mut voter = voter.led(&lab, 3, 1, &certified);
		let below = lab.child(&lab.genesis, 3, 1, |_| {});
		assert_eq!(
			voter.prepare(&below, &lab.genesis, 1, ZERO),
			expect(mutant, Refusal::Maximum)
		);
		if !mutant {
			let above = lab.child(&certified, 3, 1, |_| {});
			assert_eq!(voter.prepare(&above, &certified, 2, ZERO), Ok(()));
		}
	}
}

#[test]
fn a_hidden_lock_does_not_stop_the_chain() {
	let lab = Lab::new();
	let hidden = lab.child(&lab.genesis, 1, 0, |_| {});
	let mut voter = Voter::new(&lab);
	voter.safety.observe(&lab.qc(Phase::Prepare, hidden.target()));
	let mut voter = voter.led(&lab, 3, 1, &lab.genesis);
	let first = lab.child(&lab.genesis, 3, 1, |_| {});
	assert_eq!(
		voter.prepare(&first, &lab.genesis, 1, ZERO),
		Ok(()),
		"the certificate takes the lock's place"
	);
	assert_eq!(
		voter.safety.durable().high_qc.target,
		hidden.target(),
		"and the lock stays"
	);
}

#[test]
fn another_block_follows_the_one_before_it_of_its_term_and_none_is_prepared_twice_at_a_height() {
	let lab = Lab::new();
	for (voter, mutant) in voters(&lab, "TwoBlocksAtOneHeight") {
		let mut voter = voter.led(&lab, 3, 1, &lab.genesis);
		let first = lab.child(&lab.genesis, 3, 1, |_| {});
		let second = lab.child(&first, 3, 1, |_| {});
		let twin = lab.child(&first, 3, 1, |twin| {
			twin.digest.commit_qc.target.number = Number(7)
		});
		// Without the first: what counts is that it is certified.
		voter.prepare(&second, &first, 1, ZERO).unwrap();
		assert_eq!(
			voter.prepare(&twin, &first, 1, ZERO),
			expect(mutant, Refusal::Prepared)
		);
		let uncertified = lab.child(&second, 3, 1, |block| {
			block.digest.parent_qc = lab.qc(Phase::Prepare, first.target())
		});
		assert_eq!(
			voter.prepare(&uncertified, &second, 1, ZERO),
			Err(Refusal::Parent)
		);
		let gap = lab.child(&second, 3, 1, |block| block.number = Number(4));
		assert_eq!(voter.prepare(&gap, &second, 1, ZERO), Err(Refusal::Parent));
	}
}

#[test]
fn a_leader_is_at_most_sixteen_blocks_ahead() {
	let lab = Lab::new();
	let at_height = |number: u64| {
		let mut parent = (*lab.child(&lab.genesis, 3, 1, |_| {})).clone();
		parent.number = Number(number - 1);
		let block = lab.child(&parent, 3, 1, |_| {});
		(block, parent)
	};
	// Of a term whose first block is at 10, what is final being at 5.
	for (height, finalized, verdict) in [
		(25, 5, Ok(())),
		(26, 5, Err(Refusal::Window)),
		(26, 10, Ok(())),
		(27, 10, Err(Refusal::Window)),
	] {
		let mut voter = Voter::new(&lab).led(&lab, 3, 1, &lab.genesis);
		let (block, parent) = at_height(height);
		assert_eq!(
			voter.prepare(&block, &parent, 10, Number(finalized)),
			verdict,
			"{height} after {finalized}"
		);
	}
}

#[test]
fn commit_votes_are_of_the_current_term_and_the_lock_never_falls() {
	let lab = Lab::new();
	let first = lab.child(&lab.genesis, 3, 1, |_| {});
	let second = lab.child(&first, 3, 1, |_| {});
	for (voter, mutant) in voters(&lab, "CommitInOldTerm") {
		let mut voter = voter.led(&lab, 3, 1, &lab.genesis);
		voter.commit(&lab.qc(Phase::Prepare, first.target())).unwrap();
		voter.elect(4, 0).unwrap();
		let late = lab.qc(Phase::Prepare, second.target());
		assert_eq!(voter.commit(&late), expect(mutant, Refusal::Term));
	}
	for (voter, mutant) in voters(&lab, "LockFalls") {
		let mut voter = voter.led(&lab, 3, 1, &lab.genesis);
		voter.commit(&lab.qc(Phase::Prepare, second.target())).unwrap();
		voter.safety.observe(&lab.qc(Phase::Prepare, first.target()));
		assert_eq!(voter.safety.durable().high_qc.target == second.target(), !mutant);
	}
}

#[test]
fn an_election_vote_is_one_a_term_names_the_lock_and_ends_lower_terms() {
	let lab = Lab::new();
	let block = lab.child(&lab.genesis, 3, 1, |_| {});
	for (voter, mutant) in voters(&lab, "TwoElectionVotes") {
		let mut voter = voter.led(&lab, 3, 1, &lab.genesis);
		voter.commit(&lab.qc(Phase::Prepare, block.target())).unwrap();
		assert_eq!(voter.elect(3, 0), Err(Refusal::Term), "of the current term");
		assert_eq!(voter.elect(2, 0), Err(Refusal::Term), "of a lower term");
		voter.elect(5, 0).unwrap();
		let durable = voter.safety.durable().clone();
		let (vote, qc) = durable.election_vote.clone().unwrap();
		assert_eq!((vote.ballot.high_qc, qc.target), (block.target(), block.target()));
		assert_eq!((durable.current_term, durable.mandate), (Term(5), None));
		voter.elect(5, 0).unwrap();
		assert_eq!(
			voter.safety.durable().election_vote,
			durable.election_vote,
			"asked again, the same vote"
		);
		assert_eq!(voter.elect(5, 1), expect(mutant, Refusal::Voted));
		assert_eq!(voter.elect(4, 1), Err(Refusal::Term));
	}
}

#[test]
fn a_term_adopted_is_never_lower_has_one_leader_and_gets_no_vote() {
	let lab = Lab::new();
	let mut voter = Voter::new(&lab).led(&lab, 5, 1, &lab.genesis);
	let certificate = |term, leader| lab.certificate(0, term, leader, lab.genesis.target());
	assert_eq!(voter.safety.adopt(&certificate(4, 1)), Err(Refusal::Term));
	assert_eq!(
		voter.safety.adopt(&certificate(5, 0)),
		Err(Refusal::Term),
		"known already"
	);
	assert_eq!(voter.elect(5, 0), Err(Refusal::Term));
	assert_eq!(
		voter
			.safety
			.adopt(&lab.certificate(1, 6, 1, lab.genesis.target())),
		Err(Refusal::Term),
		"of another set"
	);
	voter.elect(6, 0).unwrap();
	assert_eq!(
		voter.safety.adopt(&certificate(5, 1)),
		Err(Refusal::Term),
		"it voted higher"
	);
	assert_eq!(
		voter.safety.adopt(&certificate(6, 3)),
		Ok(()),
		"whoever was elected"
	);
}

/// A closing block in term 1.
fn closing(lab: &Lab) -> std::sync::Arc<SymbolicBlock> {
	let mut parent = (*lab.genesis).clone();
	parent.child_closes = Some(lab.next_set(1));
	lab.child(&parent, 1, 0, |_| {})
}

#[test]
fn a_closing_block_is_certified_again_only_with_its_certificate_and_once_a_term() {
	let lab = Lab::new();
	let closing = closing(&lab);
	let qc = lab.qc(Phase::Prepare, closing.target());
	for (voter, mutant) in voters(&lab, "ReconfirmWithoutQc") {
		let mut voter = voter.led(&lab, 3, 1, &closing);
		assert_eq!(
			voter.reconfirm(3, &closing, None),
			expect(mutant, Refusal::NotClosing)
		);
	}
	let mut voter = Voter::new(&lab).led(&lab, 3, 1, &closing);
	assert_eq!(voter.reconfirm(2, &closing, Some(&qc)), Err(Refusal::Term));
	let other = lab.child(&lab.genesis, 1, 0, |_| {});
	let of_other = lab.qc(Phase::Prepare, other.target());
	assert_eq!(
		voter.reconfirm(3, &closing, Some(&of_other)),
		Err(Refusal::NotClosing)
	);
	assert_eq!(
		voter.reconfirm(3, &other, Some(&of_other)),
		Err(Refusal::NotClosing),
		"any other block has one term"
	);
	assert_eq!(voter.reconfirm(3, &closing, Some(&qc)), Ok(()));
	let target = Target {
		term: Term(3),
		..closing.target()
	};
	assert_eq!(voter.safety.durable().prepared, Some(target));
	assert_eq!(voter.reconfirm(3, &closing, Some(&qc)), Ok(()), "the same vote");

	// A first block of the term excludes it, and the other way round.
	for (voter, mutant) in voters(&lab, "ReconfirmNotCounted") {
		let mut voter = voter.led(&lab, 3, 1, &lab.genesis);
		voter.reconfirm(3, &closing, Some(&qc)).unwrap();
		let first = lab.child(&lab.genesis, 3, 1, |_| {});
		assert_eq!(
			voter.prepare(&first, &lab.genesis, 1, ZERO),
			expect(mutant, Refusal::Prepared)
		);
	}
	let mut voter = Voter::new(&lab).led(&lab, 3, 1, &lab.genesis);
	voter
		.prepare(&lab.child(&lab.genesis, 3, 1, |_| {}), &lab.genesis, 1, ZERO)
		.unwrap();
	assert_eq!(voter.reconfirm(3, &closing, Some(&qc)), Err(Refusal::Prepared));
	let higher = lab.child(&lab.genesis, 2, 1, |_| {});
	let mut voter = Voter::new(&lab).led(&lab, 3, 1, &higher);
	assert_eq!(voter.reconfirm(3, &closing, Some(&qc)), Err(Refusal::Maximum));
}

#[test]
fn a_new_set_begins_in_the_closing_blocks_term_with_nothing_voted() {
	let lab = Lab::new();
	let closing = closing(&lab);
	let qc = lab.qc(Phase::Commit, closing.target());
	for (voter, mutant) in voters(&lab, "OldCertificateLeads") {
		let mut voter = voter.led(&lab, 3, 1, &lab.genesis);
		voter.safety.enter_set(&closing, &qc, Some(at(0)));
		let durable = voter.safety.durable();
		assert_eq!(durable.set_id, SetId(1));
		assert_eq!(durable.current_term == Term(1), !mutant);
		assert_eq!(durable.mandate == Some(Mandate::Continued(at(0))), !mutant);
		assert_eq!((durable.prepared, durable.election_vote.is_none()), (None, true));
		assert_eq!(durable.high_qc, qc);
	}
	// Nobody could show why the set changed if a prepare certificate that was there first were kept.
	let mut voter = Voter::new(&lab).led(&lab, 3, 1, &lab.genesis);
	voter.safety.observe(&lab.qc(Phase::Prepare, closing.target()));
	voter.safety.enter_set(&closing, &qc, Some(at(0)));
	assert_eq!(voter.safety.durable().high_qc, qc);
	voter.safety.observe(&lab.qc(Phase::Prepare, closing.target()));
	assert_eq!(voter.safety.durable().high_qc, qc);
	let mut voter = Voter::new(&lab).led(&lab, 3, 1, &lab.genesis);
	voter.safety.enter_set(&closing, &qc, None);
	let before = voter.safety.durable().clone();
	voter.safety.enter_set(&closing, &qc, Some(at(0)));
	assert_eq!(*voter.safety.durable(), before, "a set is entered once");
	let of_old = lab.child(&lab.genesis, 3, 1, |_| {});
	assert_eq!(voter.prepare(&of_old, &lab.genesis, 1, ZERO), Err(Refusal::Term));
	assert_eq!(
		voter.commit(&lab.qc(Phase::Prepare, of_old.target())),
		Err(Refusal::Term)
	);
}

/// Its terms begin below those that the last one has tried: else it could not elect anybody before it has come as far.
#[test]
fn a_new_set_begins_without_attempts_wishes_and_own_blocks() {
	let lab = Lab::new();
	let closing = closing(&lab);
	let mut voter = Voter::new(&lab).led(&lab, 3, 2, &lab.genesis);
	let own = lab.child(&lab.genesis, 3, 2, |_| {});
	let proposed = voter.with(|safety, signer| {
		safety
			.propose(signer, &own, &lab.genesis, Number(1), ZERO)
			.map(drop)
	});
	assert_eq!(proposed, Ok(()));
	assert_eq!(voter.safety.enter(Term(9)), Ok(()));
	drop(voter.with(|safety, signer| safety.wish(signer, Term(9), Reason::Silence, None)));
	let durable = voter.safety.durable();
	assert_eq!((durable.attempt, durable.highest_down), (Term(9), Term(9)));
	assert_eq!(durable.proposed, Some(own.target()));

	let qc = lab.qc(Phase::Commit, closing.target());
	voter.safety.enter_set(&closing, &qc, None);
	let durable = voter.safety.durable();
	assert_eq!((durable.attempt, durable.highest_down), (Term(1), Term(0)));
	assert_eq!(durable.proposed, None);
	assert_eq!(voter.safety.enter(Term(1)), Err(Refusal::Attempt));
	assert_eq!(voter.safety.enter(Term(2)), Ok(()));
}

#[test]
fn only_the_leader_signs_as_one_and_no_attempt_is_entered_twice() {
	let lab = Lab::new();
	let mut voter = Voter::new(&lab).led(&lab, 3, 1, &lab.genesis);
	let heartbeat = |term| Heartbeat {
		term: Term(term),
		sequence: 1,
		tip: None,
		high_qc: lab.genesis.target().rank(),
		commit_qc: lab.genesis.target().rank(),
	};
	voter.with(|safety, signer| {
		assert_eq!(
			safety.heartbeat(signer, heartbeat(3)).map(drop),
			Err(Refusal::NotLeader)
		)
	});
	let mut leader = Voter::new(&lab).led(&lab, 3, 2, &lab.genesis);
	leader.with(|safety, signer| {
		assert!(safety.heartbeat(signer, heartbeat(3)).is_ok());
		assert_eq!(
			safety.heartbeat(signer, heartbeat(4)).map(drop),
			Err(Refusal::Term)
		);
	});
	assert_eq!(
		voter.safety.enter(Term(3)),
		Err(Refusal::Attempt),
		"the current term"
	);
	assert_eq!(voter.safety.enter(Term(5)), Ok(()));
	assert_eq!(voter.safety.enter(Term(5)), Err(Refusal::Attempt));
	assert_eq!(voter.safety.enter(Term(4)), Err(Refusal::Attempt));
}

#[test]
fn sequence_numbers_grow_over_restarts() {
	let lab = Lab::new();
	let mut voter = Voter::new(&lab);
	let before = (0..5).map(|_| voter.safety.sequence()).max().unwrap();
	let mut outbox = Outbox::new(Mutants::default());
	let unsaved = voter.with(|safety, signer| safety.wish(signer, Term(1), Reason::Silence, None));
	let _ = outbox.save(unsaved, &mut voter.safety, None);
	let written = outbox.take().into_iter().find_map(|output| match output {
		crate::io::Output::Persist(_, record) => Some(record.durable.clone()),
		_ => None,
	});
	let mut restarted = Safety::restore(written.unwrap(), Mutants::default());
	assert!(restarted.sequence() > before);
}

#[test]
fn what_is_written_is_the_state_after_the_promise() {
	let lab = Lab::new();
	for (mut voter, mutant) in voters(&lab, "TermNotPersisted") {
		let mut outbox = Outbox::new(voter.safety.mutants);
		let unsaved = voter.with(|safety, signer| safety.elect(signer, Term(5), at(0)));
		let saved = outbox.save(unsaved.unwrap(), &mut voter.safety, None);
		outbox.send(crate::io::To::Others, false, &saved);
		let outputs = outbox.take();
		let [crate::io::Output::Persist(sequence, record)] = &outputs[..] else {
			panic!("{outputs:?}")
		};
		assert_eq!(record.durable == *voter.safety.durable(), !mutant);
		outbox.persisted(*sequence);
		assert_eq!(outbox.take().len(), 1);
	}
	for (mut voter, mutant) in voters(&lab, "SendBeforePersist") {
		let mut outbox = Outbox::new(voter.safety.mutants);
		let unsaved = voter.with(|safety, signer| safety.elect(signer, Term(5), at(0)));
		let saved = outbox.save(unsaved.unwrap(), &mut voter.safety, None);
		outbox.send(crate::io::To::Others, false, &saved);
		assert_eq!(outbox.take().len(), if mutant { 2 } else { 1 });
		// An older record on disk is not enough.
		outbox.persisted(crate::log::Sequence(0));
		assert_eq!(outbox.take().len(), 0);
	}
}

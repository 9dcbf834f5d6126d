//! For each check a block that fails it alone.

use super::*;
use crate::lab::{at, keys, Lab, SymbolicBlock};
use veilmart_td_raft::{Number, Target};

fn check(lab: &Lab, parent: &SymbolicBlock, candidate: &SymbolicBlock) -> Result<(), Invalid> {
	let next = lab.next_set(1);
	let (set, previous) = if parent.child_set_id() == SetId(1) {
		(&next, Some(&lab.set))
	} else {
		(&lab.set, None)
	};
	let context = Context {
		genesis: &lab.genesis.hash,
		parent,
		set,
		previous,
		dealing: Some((set.id(), lab.genesis.hash)),
	};
	block(&keys(9), &context, candidate)
}

#[test]
fn first_blocks_and_others_are_accepted_and_each_check_refuses() {
	let lab = Lab::new();
	let first = lab.child(&lab.genesis, 3, 1, |_| {});
	let second = lab.child(&first, 3, 1, |_| {});
	let next_first = lab.child(&first, 4, 2, |_| {});
	assert_eq!(check(&lab, &lab.genesis, &first), Ok(()));
	assert_eq!(check(&lab, &first, &second), Ok(()));
	assert_eq!(check(&lab, &first, &next_first), Ok(()));

	type Edit<'a> = Box<dyn FnOnce(&mut SymbolicBlock) + 'a>;
	let commit = |block: &SymbolicBlock| lab.qc(Phase::Commit, block.target());
	// Children of `first`: changed, in this term, by this sealer.
	let cases: Vec<(&str, u64, u16, Edit, Invalid)> = vec![
		(
			"another parent",
			3,
			1,
			Box::new(|b| b.parent = lab.genesis.hash),
			Invalid::Parent,
		),
		("a gap", 3, 1, Box::new(|b| b.number = Number(3)), Invalid::Parent),
		(
			"another set",
			3,
			1,
			Box::new(|b| b.digest.set_id = SetId(1)),
			Invalid::Set,
		),
		("a lower term", 2, 1, Box::new(|_| {}), Invalid::Term),
		(
			"an older certificate",
			3,
			1,
			Box::new(|b| b.digest.parent_qc = commit(&lab.genesis)),
			Invalid::ParentQc,
		),
		(
			"a certificate of a later term",
			3,
			1,
			Box::new(|b| {
				b.digest.parent_qc = lab.qc(
					Phase::Prepare,
					Target {
						term: Term(4),
						..first.target()
					},
				)
			}),
			Invalid::ParentQc,
		),
		(
			"too few votes for the parent",
			3,
			1,
			Box::new(|b| {
				b.digest.parent_qc.signatures = b.digest.parent_qc.signatures[..2].iter().copied().collect()
			}),
			Invalid::ParentQcVotes(CertificateError::Quorum),
		),
		(
			"a prepare certificate for commit",
			3,
			1,
			Box::new(|b| b.digest.commit_qc = lab.qc(Phase::Prepare, first.target())),
			Invalid::CommitQc,
		),
		(
			"a commit certificate of itself",
			3,
			1,
			Box::new(|b| {
				b.digest.commit_qc = lab.qc(
					Phase::Commit,
					Target {
						number: Number(2),
						..first.target()
					},
				)
			}),
			Invalid::CommitQc,
		),
		(
			"a false commit certificate",
			3,
			1,
			Box::new(|b| {
				b.digest.commit_qc = commit(&first);
				b.digest.commit_qc.target.hash = lab.genesis.hash;
			}),
			Invalid::CommitQcVotes(CertificateError::Signature),
		),
		(
			"a first block without election",
			4,
			2,
			Box::new(|b| b.digest.election = None),
			Invalid::Election,
		),
		(
			"another with one",
			3,
			1,
			Box::new(|b| b.digest.election = first.digest.election.clone()),
			Invalid::Election,
		),
		(
			"an election of another term",
			4,
			2,
			Box::new(|b| election(b).certificate = lab.certificate(0, 5, 2, first.target())),
			Invalid::Mandate,
		),
		(
			"another's election",
			4,
			2,
			Box::new(|b| election(b).certificate = lab.certificate(0, 4, 3, first.target())),
			Invalid::Mandate,
		),
		(
			"an election of another set",
			4,
			2,
			Box::new(|b| election(b).certificate = lab.certificate(1, 4, 2, first.target())),
			Invalid::Mandate,
		),
		(
			"false election votes",
			4,
			2,
			Box::new(|b| election(b).certificate.leader = at(1)),
			Invalid::Mandate,
		),
		(
			"an election with an unknown dealing",
			4,
			2,
			Box::new(|b| election(b).vrf = keys(3).draw(SetId(0), &lab.genesis.hash, Term(4)).0),
			Invalid::Lot,
		),
		(
			"another sealer in the term",
			3,
			2,
			Box::new(|_| {}),
			Invalid::Sealer,
		),
		(
			"a sealer outside",
			3,
			1,
			Box::new(|b| b.digest.sealer = at(4)),
			Invalid::Sealer,
		),
		(
			"another's seal",
			3,
			1,
			Box::new(|b| b.seal.by = crate::symbolic::Name(2)),
			Invalid::Seal,
		),
		(
			"a change of the set",
			3,
			1,
			Box::new(|b| b.next_set = Some(lab.next_set(1))),
			Invalid::Closing,
		),
		(
			"a first block without dealing",
			4,
			2,
			Box::new(|b| b.dealing = None),
			Invalid::NewDealing,
		),
		(
			"a copied dealing",
			4,
			2,
			Box::new(|b| b.dealing = first.dealing),
			Invalid::NewDealing,
		),
	];
	for (what, term, sealer, edit, error) in cases {
		let block = lab.child(&first, term, sealer, edit);
		assert_eq!(check(&lab, &first, &block), Err(error), "{what}");
	}

	let below = lab.child(&lab.genesis, 4, 2, |b| {
		election(b).certificate = lab.certificate(0, 4, 2, first.target());
	});
	assert_eq!(check(&lab, &lab.genesis, &below), Err(Invalid::Maximum));
	let forged = lab.child(&first, 4, 2, |b| {
		let ballots = &election(b).certificate.ballots;
		let ballots = ballots.iter().map(|ballot| veilmart_td_raft::ElectionBallot {
			high_qc: lab.genesis.target(),
			..ballot.clone()
		});
		election(b).certificate.ballots = ballots.collect();
	});
	assert_eq!(
		check(&lab, &first, &forged),
		Err(Invalid::MandateVotes(CertificateError::Signature))
	);
	let context = Context {
		genesis: &lab.genesis.hash,
		parent: &first,
		set: &lab.set,
		previous: None,
		dealing: Some((SetId(1), lab.genesis.hash)),
	};
	assert_eq!(
		block(&keys(9), &context, &next_first),
		Err(Invalid::Dealing),
		"a dealing to others"
	);
	let context = Context {
		dealing: None,
		..context
	};
	assert_eq!(block(&keys(9), &context, &next_first), Err(Invalid::Dealing));
}

fn election(
	block: &mut SymbolicBlock,
) -> &mut veilmart_td_raft::ElectionDigest<
	crate::symbolic::Digest,
	crate::symbolic::Token,
	crate::symbolic::Token,
> {
	block.digest.election.as_mut().unwrap()
}

#[test]
fn after_a_closing_block_come_its_commit_certificate_and_the_new_set() {
	let lab = Lab::new();
	let mut parent = (*lab.child(&lab.genesis, 3, 1, |_| {})).clone();
	parent.child_closes = Some(lab.next_set(1));
	let closing = lab.child(&parent, 3, 1, |_| {});
	assert_eq!(check(&lab, &parent, &closing), Ok(()));
	let open = lab.child(&parent, 3, 1, |b| b.next_set = None);
	assert_eq!(check(&lab, &parent, &open), Err(Invalid::Closing));
	let undealt = lab.child(&parent, 3, 1, |b| b.dealing = None);
	assert_eq!(check(&lab, &parent, &undealt), Err(Invalid::NewDealing));

	// Its sealer goes on in the same term, without election.
	let child = lab.child(&closing, 3, 1, |_| {});
	assert!(child.digest.election.is_none());
	assert_eq!(check(&lab, &closing, &child), Ok(()));
	let usurper = lab.child(&closing, 3, 2, |_| {});
	assert_eq!(check(&lab, &closing, &usurper), Err(Invalid::Sealer));
	let hasty = lab.child(&closing, 3, 1, |b| {
		b.digest.parent_qc = lab.qc(Phase::Prepare, closing.target())
	});
	assert_eq!(check(&lab, &closing, &hasty), Err(Invalid::ParentQc));
	let old_set = lab.child(&closing, 3, 1, |b| b.digest.set_id = SetId(0));
	assert_eq!(check(&lab, &closing, &old_set), Err(Invalid::Set));
	// Certified again in a later term, it may be followed by that certificate.
	let later = Target {
		term: Term(5),
		..closing.target()
	};
	let after = lab.child(&closing, 3, 1, |b| {
		b.digest.parent_qc = lab.qc(Phase::Commit, later)
	});
	assert_eq!(check(&lab, &closing, &after), Ok(()));
}

/// A voter that has verified a certificate does not verify it again with a block, but judges the block as everybody does:
/// of a set that is neither the block's nor the one before, no certificate serves, however well known.
#[test]
fn a_certificate_known_already_spares_its_signatures_only() {
	let lab = Lab::new();
	let first = lab.child(&lab.genesis, 3, 1, |_| {});
	let false_qc = |set_id: u64| {
		let target = Target {
			set_id: SetId(set_id),
			..first.target()
		};
		let mut qc = lab.qc(Phase::Commit, target);
		qc.signatures = qc.signatures.iter().skip(1).copied().collect();
		qc
	};
	let context = Context {
		genesis: &lab.genesis.hash,
		parent: &first,
		set: &lab.set,
		previous: None,
		dealing: None,
	};
	for (set_id, spared) in [
		(0, Ok(())),
		(5, Err(Invalid::CommitQcVotes(CertificateError::Set))),
	] {
		let qc = false_qc(set_id);
		let second = lab.child(&first, 3, 1, |b| b.digest.commit_qc = qc.clone());
		let judge =
			|verified: &[&_]| with_mutants(&keys(9), &context, &second, verified, &Mutants::default());
		assert_eq!(judge(&[&qc]), spared, "set {set_id}");
		assert!(judge(&[]).is_err(), "set {set_id}");
	}
}

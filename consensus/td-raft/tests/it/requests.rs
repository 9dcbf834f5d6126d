//! What an authority answers in an attempt, and what it reports.

use crate::network::{name, Network, Symbolic};
use veilmart_td_raft::{
	payload, AuthorityIndex, Down, ElectionBallot, ElectionCertificate, EntryCertificate, Evidence, Kind,
	Phase, Reason, SetId, SignedDown, Target, Term, Vote,
};
use veilmart_td_raft_core::{
	crypto::{Crypto, ElectionVote},
	message::{Heartbeat, Message, Notice, Promise, RequestShares, Signed},
	symbolic::{Digest, Keys, Name, Symbols, Token},
	Input, Output, Sequence,
};

/// A network that has committed, and an authority in it that does not lead.
fn settled() -> (Network, Name, Symbolic) {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let follower = network
		.running()
		.into_iter()
		.find(|who| Some(*who) != network.leader())
		.unwrap();
	let core = network.core(follower).clone();
	(network, follower, core)
}

fn entry(genesis: Digest, term: u64, wished: &[(u16, u64)]) -> Input<Symbols> {
	entry_from(name(0), genesis, term, wished)
}

fn entry_from(from: Name, genesis: Digest, term: u64, wished: &[(u16, u64)]) -> Input<Symbols> {
	let downs = wished.iter().map(|(who, term)| {
		let down = Down {
			term: Term(*term),
			sequence: 1 << 40,
			reason: Reason::Silence,
		};
		let bytes = SignedDown::<Digest, Token>::payload(&genesis, SetId(0), &down);
		SignedDown {
			authority: AuthorityIndex(*who),
			down,
			signature: Keys::new(name(*who)).sign(&bytes),
		}
	});
	let entry = EntryCertificate {
		set_id: SetId(0),
		term: Term(term),
		downs: downs.collect(),
	};
	Input::Message {
		from,
		message: Message::Notice(Notice::Entry(entry)),
	}
}

/// A candidate asks for a share of the dealing in this block, in the first set.
fn request(
	network: &Network,
	core: &Symbolic,
	candidate: Name,
	term: u64,
	dealing: Digest,
) -> Input<Symbols> {
	request_in(SetId(0), network, core, candidate, term, dealing)
}

fn request_in(
	set_id: SetId,
	network: &Network,
	core: &Symbolic,
	candidate: Name,
	term: u64,
	dealing: Digest,
) -> Input<Symbols> {
	let anchor = core.chain().anchor();
	let dealt = anchor
		.dealings
		.iter()
		.find(|dealt| dealt.block == dealing)
		.unwrap();
	let mut keys = Keys::new(candidate);
	let (vrf, _) = keys.draw(set_id, &dealt.beacon, Term(term));
	let ephemeral = keys.ephemeral();
	let body = RequestShares::<Symbols> {
		term: Term(term),
		dealing,
		commit_qc: anchor.commit_qc.clone(),
		vrf,
		ephemeral,
	};
	let signature = keys.sign(&payload(
		Kind::RequestShares,
		&network.genesis.hash,
		set_id,
		&body,
	));
	let signed = Signed {
		set_id,
		signer: AuthorityIndex(candidate.0),
		body,
		signature,
	};
	Input::Message {
		from: candidate,
		message: Message::Promise(Promise::RequestShares(signed)),
	}
}

fn shares(outputs: &[Output<Symbols>]) -> usize {
	let share =
		|output: &&Output<Symbols>| matches!(output, Output::Send(_, Message::Notice(Notice::Share(_))));
	outputs.iter().filter(share).count()
}

fn behinds(outputs: &[Output<Symbols>]) -> usize {
	let behind =
		|output: &&Output<Symbols>| matches!(output, Output::Send(_, Message::Notice(Notice::Behind(_))));
	outputs.iter().filter(behind).count()
}

#[test]
fn an_attempt_is_entered_on_a_valid_entry_certificate_with_the_gate_closed() {
	let (network, _, mut core) = settled();
	let genesis = network.genesis.hash;
	// From others than the true one: who sends a false one is not listened to for a while.
	core.step(network.now, entry_from(name(8), genesis, 7, &[(0, 7), (1, 8)]));
	assert_eq!(core.attempt_term(), None, "two of four");
	core.step(
		network.now,
		entry_from(name(9), genesis, 7, &[(0, 7), (1, 8), (2, 6)]),
	);
	assert_eq!(core.attempt_term(), None, "one of them wishes for less");
	core.step(network.now, entry(genesis, 7, &[(0, 7), (1, 8), (2, 7)]));
	assert_eq!((core.attempt_term(), core.gate_is_open()), (Some(Term(7)), false));
	core.step(network.now, entry(genesis, 6, &[(0, 7), (1, 8), (2, 7)]));
	assert_eq!(
		core.attempt_term(),
		Some(Term(7)),
		"none is entered after a higher one"
	);
}

#[test]
fn a_share_is_opened_in_its_turn_of_the_same_attempt_only() {
	let (network, me, mut core) = settled();
	let genesis = network.genesis.hash;
	let candidate = network.running().into_iter().find(|who| *who != me).unwrap();
	let dealing = core.chain().anchor().in_force().unwrap().block;
	// It comes early: it is held.
	let early = request(&network, &core, candidate, 7, dealing);
	let now = network.now;
	assert_eq!(shares(&core.step(now, early.clone())), 0);
	assert_eq!(
		shares(&core.step(now, entry(genesis, 7, &[(0, 7), (1, 7), (2, 7)]))),
		0,
		"not its turn yet"
	);
	let mut later = core.clone();
	let turn = later.deadline().unwrap();
	let mut opened = 0;
	for after in 0..600 {
		opened += shares(&later.step(now + after, Input::Tick));
	}
	assert_eq!(
		opened, 1,
		"within the spread, once; the first deadline was {turn}"
	);
	assert_eq!(
		shares(&later.step(now + 600, early)),
		1,
		"asked again, it answers again"
	);
	let of_other_term = request(&network, &core, candidate, 8, dealing);
	assert_eq!(shares(&later.step(now + 700, of_other_term)), 0);

	// A lot that is not the candidate's gets nothing.
	let mut false_lot = request(&network, &core, candidate, 7, dealing);
	if let Input::Message {
		message: Message::Promise(Promise::RequestShares(signed)),
		..
	} = &mut false_lot
	{
		signed.body.vrf.by = me;
		let bytes = payload(Kind::RequestShares, &genesis, SetId(0), &signed.body);
		signed.signature = Keys::new(candidate).sign(&bytes);
	}
	assert_eq!(shares(&later.step(now + 800, false_lot)), 0);
}

#[test]
fn a_candidate_with_an_old_dealing_is_told_that_it_is_behind() {
	let (network, me, mut core) = settled();
	let candidate = network.running().into_iter().find(|who| *who != me).unwrap();
	assert_eq!(
		core.chain().anchor().dealings.len(),
		2,
		"of genesis and of the first block"
	);
	let old = core.chain().anchor().dealings[0].block;
	core.step(
		network.now,
		entry(network.genesis.hash, 7, &[(0, 7), (1, 7), (2, 7)]),
	);
	let outputs = core.step(network.now, request(&network, &core.clone(), candidate, 7, old));
	assert_eq!((shares(&outputs), behinds(&outputs)), (0, 1));
}

#[test]
fn two_votes_at_one_height_are_reported() {
	let mut network = Network::new(4);
	network.ready(true);
	network.run(5_000);
	let leader = network.leader().unwrap();
	// A moment at which the leader's block is not final.
	while network.core(leader).durable().proposed.unwrap().number.0 <= network.finalized(leader) {
		network.run(1);
	}
	let target = network.core(leader).durable().proposed.unwrap();
	let voter = network.running().into_iter().find(|who| *who != leader).unwrap();
	let other = Target {
		hash: Digest(7),
		..target
	};
	let genesis = network.genesis.hash;
	for target in [other, target] {
		let bytes = Vote::<Digest, Token>::payload(&genesis, Phase::Prepare, &target);
		let signature = Keys::new(voter).sign(&bytes);
		let vote = Vote {
			phase: Phase::Prepare,
			target,
			voter: AuthorityIndex(voter.0),
			signature,
		};
		network.step(
			leader,
			Input::Message {
				from: voter,
				message: Message::Promise(Promise::Vote(vote)),
			},
		);
	}
	let (by, evidence) = &network.reports[0];
	assert_eq!(*by, leader);
	assert!(matches!(evidence, Evidence::Votes(vote, _) if vote.voter.0 == voter.0));
	let set = &network.core(leader).chain().anchor().set;
	assert_eq!(
		evidence.verify(&genesis, set, &Keys::new(leader), |_, _| unreachable!()),
		Ok(())
	);
	network.run(2_000);
	assert_eq!(network.reports.len(), 1, "once");
}

#[test]
fn messages_with_a_false_signature_change_nothing() {
	let (network, me, mut core) = settled();
	let candidate = network.running().into_iter().find(|who| *who != me).unwrap();
	let dealing = core.chain().anchor().in_force().unwrap().block;
	let Input::Message {
		from,
		message: Message::Promise(Promise::RequestShares(mut signed)),
	} = request(&network, &core, candidate, 7, dealing)
	else {
		unreachable!()
	};
	signed.signature.by = me;
	let before = core.clone();
	let outputs = core.step(
		network.now,
		Input::Message {
			from,
			message: Message::Promise(Promise::RequestShares(signed)),
		},
	);
	assert!(outputs.is_empty() && core == before);
}

/// The leader lives, says a message that it has signed for this set.
fn heartbeat(network: &Network, core: &Symbolic, leader: Name, set_id: SetId) -> Input<Symbols> {
	let body = Heartbeat::<Symbols> {
		term: core.term(),
		sequence: u64::MAX,
		tip: None,
		high_qc: core.durable().high_qc.rank(),
		commit_qc: core.chain().anchor().commit_qc.rank(),
	};
	let bytes = payload(Kind::Heartbeat, &network.genesis.hash, set_id, &body);
	let signed = Signed {
		set_id,
		signer: AuthorityIndex(leader.0),
		body,
		signature: Keys::new(leader).sign(&bytes),
	};
	Input::Message {
		from: leader,
		message: Message::Promise(Promise::Heartbeat(signed)),
	}
}

/// The same authorities may be in both, in other places, and terms go on.
#[test]
fn messages_that_were_signed_for_another_set_change_nothing() {
	let all = [0, 1, 2, 3];
	let mut network = Network::with(&all, &all, [(10, all.to_vec())].into());
	network.ready(true);
	network.run(15_000);
	let leader = network.leader().unwrap();
	let me = all.map(name).into_iter().find(|who| *who != leader).unwrap();
	let mut core = network.core(me).clone();
	core.step(network.now, Input::Tick);
	assert_eq!(core.durable().set_id, SetId(1));
	assert_eq!(core.leader(), Some(&leader));
	let dealing = core.chain().anchor().in_force().unwrap().block;
	let term = core.term().0 + 7;
	for (set_id, counts) in [(SetId(0), false), (SetId(2), false), (SetId(1), true)] {
		for message in [
			heartbeat(&network, &core, leader, set_id),
			request_in(set_id, &network, &core, leader, term, dealing),
		] {
			let mut other = core.clone();
			let outputs = other.step(network.now, message.clone());
			let changes = !outputs.is_empty() || other != core;
			assert_eq!(changes, counts, "{set_id:?}: {message:?}");
		}
	}
}

#[test]
fn so_many_transactions_are_watched_and_no_more() {
	let (network, _, mut core) = settled();
	let now = network.now;
	let relayed = |n: u64| Input::Relayed(Digest(1_000 + n), n);
	core.step(now, Input::Tick);
	for n in 0..64 {
		let before = core.clone();
		core.step(now, relayed(n));
		assert!(core != before, "the one of number {n}");
	}
	let full = core.clone();
	core.step(now, relayed(64));
	core.step(now, relayed(7));
	assert!(core == full, "one more, and one that is watched");
	core.step(now, Input::Settled(vec![Digest(1_007)]));
	let with_room = core.clone();
	core.step(now, relayed(64));
	assert!(core != with_room);
}

/// An election vote of this authority in set 0.
fn election_vote(
	genesis: Digest,
	voter: u16,
	term: u64,
	candidate: u16,
	high_qc: Target<Digest>,
) -> ElectionVote<Symbols> {
	let (set_id, term, candidate) = (SetId(0), Term(term), AuthorityIndex(candidate));
	let bytes = ElectionBallot::<Digest, Token>::payload(&genesis, set_id, term, candidate, &high_qc);
	ElectionVote::<Symbols> {
		set_id,
		term,
		candidate,
		ballot: ElectionBallot {
			voter: AuthorityIndex(voter),
			high_qc,
			signature: Keys::new(name(voter)).sign(&bytes),
		},
	}
}

/// A candidate has a vote, and the certificate of another leader has one of the same voter.
#[test]
fn two_election_votes_are_reported() {
	let (network, me, mut core) = settled();
	let genesis = network.genesis.hash;
	let mut now = network.now;
	let enter = entry(genesis, 7, &[(0, 7), (1, 7), (2, 7)]);
	core.step(now, enter.clone());
	// It asks for shares in its turn, and two of the others open theirs.
	let mut asked = Vec::new();
	while asked.is_empty() {
		now += 1;
		asked = core.step(now, Input::Tick);
		asked.retain(|output| {
			matches!(
				output,
				Output::Send(_, Message::Promise(Promise::RequestShares(_)))
			)
		});
		// What is persisted comes at once.
		asked.extend(core.step(now, Input::Persisted(Sequence(u64::MAX))));
		asked.retain(|output| {
			matches!(
				output,
				Output::Send(_, Message::Promise(Promise::RequestShares(_)))
			)
		});
	}
	let Output::Send(_, request) = asked.remove(0) else {
		unreachable!()
	};
	let mut stands = false;
	for other in network.running().into_iter().filter(|other| *other != me) {
		let mut holder = network.core(other).clone();
		holder.step(network.now, enter.clone());
		for output in holder.step(
			now,
			Input::Message {
				from: me,
				message: request.clone(),
			},
		) {
			if let Output::Send(_, message @ Message::Notice(Notice::Share(_))) = output {
				let mut outputs = core.step(now, Input::Message { from: other, message });
				outputs.extend(core.step(now, Input::Persisted(Sequence(u64::MAX))));
				stands |= outputs.iter().any(|output| {
					matches!(output, Output::Send(_, Message::Promise(Promise::RequestVote(_))))
				});
			}
		}
	}
	assert!(stands);
	let others: Vec<_> = (0..4).filter(|who| *who != me.0).collect();
	let (leader, twice) = (others[0], others[1]);
	let high_qc = core.durable().high_qc.clone();
	let vote = election_vote(genesis, twice, 7, me.0, high_qc.target);
	let message = Message::Promise(Promise::ElectionVote(vote, high_qc.clone()));
	assert_eq!(
		core.step(
			now,
			Input::Message {
				from: name(twice),
				message
			}
		),
		[]
	);
	let ballots = others
		.iter()
		.map(|voter| election_vote(genesis, *voter, 7, leader, high_qc.target).ballot);
	let certificate = ElectionCertificate {
		set_id: SetId(0),
		term: Term(7),
		leader: AuthorityIndex(leader),
		ballots: ballots.collect(),
	};
	let message = Message::Notice(Notice::Elected(certificate));
	let outputs = core.step(
		now,
		Input::Message {
			from: name(leader),
			message,
		},
	);
	let reported: Vec<_> = outputs
		.iter()
		.filter_map(|output| match output {
			Output::Report(evidence) => Some(evidence),
			_ => None,
		})
		.collect();
	assert_eq!(reported.len(), 1);
	assert_eq!(reported[0].offender(), (SetId(0), AuthorityIndex(twice)));
	assert!(matches!(reported[0], Evidence::ElectionVotes(..)));
	let set = &core.chain().anchor().set;
	assert_eq!(
		reported[0].verify(&genesis, set, core.crypto(), |_, _| unreachable!()),
		Ok(())
	);
}

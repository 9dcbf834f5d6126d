//! What one authority can make another compute: each lot, share and proof once per attempt, a repeated message nothing,
//! a false certificate once per status.

use crate::network::{name, Network};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};
use veilmart_td_raft::{
	payload, AuthorityIndex, CertificateError, Down, ElectionBallot, ElectionCertificate, EntryCertificate,
	Kind, Number, Phase, Reason, SetId, SignedDown, Target, Term, Timing, Verifier, Vote,
};
use veilmart_td_raft_core::{
	crypto::{Candidacy, Crypto, Dealt, Lot, Place, Qc, Recovery, Set, ShareBinding},
	message::{CatchUp, Message, Notice, Promise, RequestShares, RequestVote, Share, Signed, TrapdoorProof},
	symbolic::{Dealing, Digest, Keys, Name, Symbols, Token},
	verify::Invalid,
	Config, Core, Input, Mutants, Output, Sequence,
};

/// Operations by name.
type Work = Rc<RefCell<BTreeMap<&'static str, usize>>>;

/// Keys that count what they are asked to do.
#[derive(Clone, Debug)]
struct Counted {
	keys: Keys,
	work: Work,
}

impl Counted {
	fn note(&self, operation: &'static str, times: usize) {
		*self.work.borrow_mut().entry(operation).or_default() += times;
	}
}

impl Verifier<Name, Token> for Counted {
	fn verify_all(&self, items: &[(&Name, &[u8], &Token)]) -> bool {
		self.note("signature", items.len());
		self.keys.verify_all(items)
	}
}

impl Crypto for Counted {
	type Scheme = Symbols;

	fn sign(&self, bytes: &[u8]) -> Token {
		self.keys.sign(bytes)
	}

	fn draw(&self, set_id: SetId, beacon: &Digest, term: Term) -> (Token, Lot<Digest>) {
		self.keys.draw(set_id, beacon, term)
	}

	fn lot(&self, id: &Name, set: SetId, beacon: &Digest, term: Term, vrf: &Token) -> Option<Lot<Digest>> {
		self.note("lot", 1);
		self.keys.lot(id, set, beacon, term, vrf)
	}

	fn beacon(&self, used: &Digest, output: &Digest, term: Term) -> Digest {
		self.keys.beacon(used, output, term)
	}

	fn deal(&mut self, holders: &Set<Symbols>, place: &Place<Digest>) -> Option<Dealing> {
		self.keys.deal(holders, place)
	}

	fn verify_dealing(&self, holders: &Set<Symbols>, place: &Place<Digest>, dealing: &Dealing) -> bool {
		self.keys.verify_dealing(holders, place, dealing)
	}

	fn open_share(&mut self, holders: &Set<Symbols>, dealt: &Dealt<Symbols>) -> Option<Token> {
		self.note("open", 1);
		self.keys.open_share(holders, dealt)
	}

	fn verify_share(
		&self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		holder: AuthorityIndex,
		share: &Token,
	) -> bool {
		self.note("share", 1);
		self.keys.verify_share(holders, dealt, holder, share)
	}

	fn ephemeral(&mut self) -> Name {
		self.keys.ephemeral()
	}

	fn seal_share(
		&mut self,
		to: &Name,
		binding: &ShareBinding<Digest>,
		share: &Token,
	) -> Option<(Token, Digest)> {
		self.keys.seal_share(to, binding, share)
	}

	fn unseal_share(&self, binding: &ShareBinding<Digest>, sealed: &(Token, Digest)) -> Option<Token> {
		self.keys.unseal_share(binding, sealed)
	}

	fn recover(
		&mut self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		shares: &[(AuthorityIndex, Token)],
	) -> Option<Recovery<Vec<Token>>> {
		self.keys.recover(holders, dealt, shares)
	}

	fn collide(
		&mut self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		candidacy: &Candidacy<Digest>,
	) -> Option<Token> {
		self.keys.collide(holders, dealt, candidacy)
	}

	fn verify_collision(
		&self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		candidacy: &Candidacy<Digest>,
		collision: &Token,
	) -> bool {
		self.note("proof", 1);
		self.keys.verify_collision(holders, dealt, candidacy, collision)
	}

	fn learn(
		&mut self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		candidacy: &Candidacy<Digest>,
		collision: &Token,
	) {
		self.keys.learn(holders, dealt, candidacy, collision);
	}

	fn verify_fault(&self, holders: &Set<Symbols>, dealt: &Dealt<Symbols>, fault: &Vec<Token>) -> bool {
		self.note("proof", 1);
		self.keys.verify_fault(holders, dealt, fault)
	}
}

/// An authority of a network that has committed, counting from now on.
struct Bench {
	core: Core<Counted>,
	work: Work,
	genesis: Digest,
	now: u64,
	others: Vec<Name>,
}

const TERM: Term = Term(7);
const REPETITIONS: usize = 20;

impl Bench {
	fn new(n: u16) -> Self {
		Self::of(n, |network| {
			let leader = network.leader();
			let mut running = network.running().into_iter();
			running.find(|who| Some(*who) != leader).unwrap()
		})
	}

	fn of(n: u16, choose: impl FnOnce(&Network) -> Name) -> Self {
		let mut network = Network::new(n);
		network.ready(true);
		network.run(5_000);
		let me = choose(&network);
		// A moment at which a block is not final.
		while network.core(me).chain().pending().next().is_none() {
			network.run(1);
		}
		let core = network.core(me);
		let work = Work::default();
		let config = Config {
			genesis: network.genesis.hash,
			me,
			timing: Timing::LOCAL,
			mutants: Mutants::default(),
		};
		let crypto = Counted {
			keys: Keys::new(me),
			work: work.clone(),
		};
		let (anchor, durable) = (core.chain().anchor().clone(), core.durable().clone());
		let mut pending: Vec<_> = core.chain().pending().map(|one| one.block.clone()).collect();
		pending.sort_by_key(|block| block.number);
		let mut bench = Self {
			core: Core::restore(config, crypto, anchor, Some(durable), network.now),
			work,
			genesis: network.genesis.hash,
			now: network.now,
			others: (0..n).map(name).filter(|who| *who != me).collect(),
		};
		for block in pending {
			let certified = false;
			bench.step(Input::Imported { block, certified });
		}
		bench.step(Input::Tick);
		bench.work.borrow_mut().clear();
		bench
	}

	fn step(&mut self, input: Input<Symbols>) -> Vec<Output<Symbols>> {
		self.core.step(self.now, input)
	}

	fn promise(&mut self, from: Name, promise: Promise<Symbols>) -> Vec<Output<Symbols>> {
		let message = Message::Promise(promise);
		self.step(Input::Message { from, message })
	}

	fn notice(&mut self, from: Name, notice: Notice<Symbols>) -> Vec<Output<Symbols>> {
		let message = Message::Notice(notice);
		self.step(Input::Message { from, message })
	}

	fn did(&self, operation: &'static str) -> usize {
		self.work.borrow().get(operation).copied().unwrap_or(0)
	}

	fn enter(&mut self) {
		let downs = self.others.iter().map(|who| {
			let down = Down {
				term: TERM,
				sequence: 1 << 40,
				reason: Reason::Silence,
			};
			let bytes = SignedDown::<Digest, Token>::payload(&self.genesis, SetId(0), &down);
			SignedDown {
				authority: AuthorityIndex(who.0),
				down,
				signature: Keys::new(*who).sign(&bytes),
			}
		});
		let quorum = self.core.chain().anchor().set.quorum().into();
		let entry = EntryCertificate {
			set_id: SetId(0),
			term: TERM,
			downs: downs.take(quorum).collect(),
		};
		self.notice(self.others[0], Notice::Entry(entry));
		assert_eq!(self.core.attempt_term(), Some(TERM));
	}

	/// Lets the time pass in which candidates spread.
	fn pass(&mut self) -> Vec<Output<Symbols>> {
		let end = self.now + u64::from(Timing::LOCAL.spread);
		let mut outputs = Vec::new();
		while self.now < end {
			self.now += 1;
			outputs.extend(self.step(Input::Tick));
		}
		outputs
	}

	fn lot(&self, who: Name) -> Token {
		let beacon = self.core.chain().anchor().in_force().unwrap().beacon;
		Keys::new(who).draw(SetId(0), &beacon, TERM).0
	}

	fn request_shares(&self, who: Name, vrf: Token, ephemeral: Name) -> Promise<Symbols> {
		let anchor = self.core.chain().anchor();
		let body = RequestShares::<Symbols> {
			term: TERM,
			dealing: anchor.in_force().unwrap().block,
			commit_qc: anchor.commit_qc.clone(),
			vrf,
			ephemeral,
		};
		let bytes = payload(Kind::RequestShares, &self.genesis, SetId(0), &body);
		Promise::RequestShares(Signed {
			set_id: SetId(0),
			signer: AuthorityIndex(who.0),
			signature: Keys::new(who).sign(&bytes),
			body,
		})
	}

	fn request_vote(&self, who: Name, collision: Token) -> Promise<Symbols> {
		let body = RequestVote::<Symbols> {
			term: TERM,
			dealing: self.core.chain().anchor().in_force().unwrap().block,
			vrf: self.lot(who),
			proof: TrapdoorProof::Collision(collision),
			high_qc: self.core.durable().high_qc.clone(),
		};
		let bytes = payload(Kind::RequestVote, &self.genesis, SetId(0), &body);
		Promise::RequestVote(Signed {
			set_id: SetId(0),
			signer: AuthorityIndex(who.0),
			signature: Keys::new(who).sign(&bytes),
			body,
		})
	}

	/// A certificate of a block above all others, with signatures that are none.
	fn false_certificate(&self, above: u64) -> Qc<Symbols> {
		let known = &self.core.durable().high_qc.target;
		let target = Target {
			number: Number(known.number.0 + above),
			hash: Digest(above),
			..*known
		};
		let quorum = self.core.chain().anchor().set.quorum();
		let forged = |index| {
			let by = Name(index);
			let of = Digest(1);
			(AuthorityIndex(index), Token { by, of })
		};
		Qc::<Symbols> {
			phase: Phase::Commit,
			target,
			signatures: (0..quorum).map(forged).collect(),
		}
	}
}

fn shares(outputs: &[Output<Symbols>]) -> usize {
	let share =
		|output: &&Output<Symbols>| matches!(output, Output::Send(_, Message::Notice(Notice::Share(_))));
	outputs.iter().filter(share).count()
}

/// All others stand early and repeat themselves, before the attempt is entered, in it, and after they were answered.
#[test]
fn whatever_is_repeated_each_lot_is_verified_and_each_share_opened_once() {
	let mut bench = Bench::new(10);
	let requests: Vec<_> = bench
		.others
		.iter()
		.map(|who| (*who, bench.request_shares(*who, bench.lot(*who), *who)))
		.collect();
	let repeat = |bench: &mut Bench| {
		let mut answers = 0;
		for (who, request) in &requests {
			answers += shares(&bench.promise(*who, request.clone()));
		}
		answers
	};
	for _ in 0..REPETITIONS {
		assert_eq!(repeat(&mut bench), 0, "no attempt yet");
	}
	assert_eq!((bench.did("signature"), bench.did("lot")), (9, 0));
	bench.enter();
	let with_entry = 9 + usize::from(bench.core.chain().anchor().set.quorum());
	for _ in 0..REPETITIONS {
		repeat(&mut bench);
	}
	bench.pass();
	for _ in 0..REPETITIONS {
		assert_eq!(repeat(&mut bench), 9, "who did not get the answer asks again");
	}
	assert_eq!(
		(bench.did("signature"), bench.did("lot")),
		(with_entry, 9),
		"one each"
	);
	// One more for its own candidacy, perhaps.
	assert!((9..=10).contains(&bench.did("open")), "{}", bench.did("open"));
}

/// A candidate that signs ever other requests has one lot verified, one share opened and one proof looked at per attempt
/// and dealing, and not even the signatures of the others.
#[test]
fn a_candidate_costs_one_lot_one_share_and_one_proof() {
	let mut bench = Bench::new(10);
	let faulty = bench.others[0];
	bench.enter();
	let before = bench.did("signature");
	let lot = bench.lot(faulty);
	let first = bench.request_shares(faulty, lot, faulty);
	bench.promise(faulty, first);
	for other in 0..50 {
		let vrf = Token {
			of: Digest(other),
			..lot
		};
		let other_lot = bench.request_shares(faulty, vrf, faulty);
		bench.promise(faulty, other_lot);
	}
	bench.pass();
	for key in 0..50 {
		let other_key = bench.request_shares(faulty, lot, name(100 + key));
		assert_eq!(shares(&bench.promise(faulty, other_key)), 0, "it has its answer");
	}
	for other in 0..50 {
		let collision = Token {
			by: faulty,
			of: Digest(other),
		};
		let request = bench.request_vote(faulty, collision);
		bench.promise(faulty, request);
	}
	let done = ["lot", "proof"].map(|operation| bench.did(operation));
	assert_eq!(done, [1, 1]);
	assert!(bench.did("open") <= 2, "one for the candidate, one for itself");
	assert_eq!(bench.did("signature") - before, 2, "one request of each kind");
}

/// A lot that is false is verified once, too, and gets nothing.
#[test]
fn a_false_lot_is_verified_once() {
	let mut bench = Bench::new(4);
	let faulty = bench.others[0];
	bench.enter();
	let vrf = Token {
		by: faulty,
		of: Digest(0),
	};
	let request = bench.request_shares(faulty, vrf, faulty);
	for _ in 0..REPETITIONS {
		assert_eq!(shares(&bench.promise(faulty, request.clone())), 0);
	}
	assert_eq!(shares(&bench.pass()), 0);
	assert_eq!(bench.did("lot"), 1);
}

/// A false certificate costs a quorum of signatures. Its sender is not listened to until the next status; others are.
#[test]
fn a_sender_of_false_certificates_costs_one_per_status() {
	let mut bench = Bench::new(10);
	let quorum = usize::from(bench.core.chain().anchor().set.quorum());
	let (liar, other) = (bench.others[0], bench.others[1]);
	for above in 1..=50 {
		let qc = bench.false_certificate(above);
		bench.notice(liar, Notice::Certified(qc));
	}
	assert_eq!(bench.did("signature"), quorum);
	bench.now += u64::from(Timing::LOCAL.status);
	bench.step(Input::Tick);
	for above in 1..=50 {
		let qc = bench.false_certificate(above);
		bench.notice(liar, Notice::Certified(qc));
	}
	assert_eq!(bench.did("signature"), 2 * quorum);

	// Another's certificate is verified and taken.
	let mut target = bench.false_certificate(1).target;
	target.hash = Digest(0);
	let bytes = Vote::<Digest, Token>::payload(&bench.genesis, Phase::Prepare, &target);
	let signatures = (0..quorum as u16).map(|who| (AuthorityIndex(who), Keys::new(name(who)).sign(&bytes)));
	let good = Qc::<Symbols> {
		phase: Phase::Prepare,
		target,
		signatures: signatures.collect(),
	};
	bench.notice(other, Notice::Certified(good));
	assert_eq!(bench.core.durable().high_qc.target, target);
}

/// What follows the first false part of a message is not verified: its sender has lied already.
#[test]
fn a_message_that_lies_is_not_verified_to_its_end() {
	let mut bench = Bench::new(10);
	let quorum = bench.core.chain().anchor().set.quorum();
	let forged = |of: u16| Token {
		by: Name(of),
		of: Digest(1),
	};
	let high_qc = bench.core.durable().high_qc.target;
	let ballots = (0..quorum).map(|voter| ElectionBallot {
		voter: AuthorityIndex(voter),
		high_qc,
		signature: forged(voter),
	});
	let certificate = ElectionCertificate {
		set_id: SetId(0),
		term: TERM,
		leader: AuthorityIndex(0),
		ballots: ballots.collect(),
	};
	let downs = (0..quorum).map(|who| SignedDown {
		authority: AuthorityIndex(who),
		down: Down {
			term: TERM,
			sequence: 1,
			reason: Reason::Silence,
		},
		signature: forged(who),
	});
	let entry = EntryCertificate {
		set_id: SetId(0),
		term: TERM,
		downs: downs.collect(),
	};
	let elections = CatchUp::<Symbols> {
		handover: None,
		high_qc: None,
		commit_qc: None,
		certificate: Some(certificate),
		entry: Some(entry),
	};
	let everything = CatchUp::<Symbols> {
		handover: Some(bench.false_certificate(1)),
		commit_qc: Some(bench.false_certificate(2)),
		high_qc: Some(bench.false_certificate(3)),
		..elections.clone()
	};
	let (first, second) = (bench.others[0], bench.others[1]);
	for (times, (liar, message)) in (1..).zip([(first, everything), (second, elections)]) {
		assert!(!bench.core.doubts(&liar));
		bench.notice(liar, Notice::CatchUp(message));
		assert_eq!(bench.did("signature"), times * usize::from(quorum));
		assert!(bench.core.doubts(&liar), "its driver blames it");
	}
	bench.now += u64::from(Timing::LOCAL.status);
	bench.step(Input::Tick);
	assert!(!bench.core.doubts(&first));
}

/// A vote that is repeated, as votes are until their block is certified, is verified once.
#[test]
fn a_repeated_vote_is_verified_once() {
	let mut bench = Bench::of(10, |network| network.leader().unwrap());
	let target = bench.core.durable().proposed.unwrap();
	let voter = bench.others[0];
	let bytes = Vote::<Digest, Token>::payload(&bench.genesis, Phase::Commit, &target);
	let vote = Vote {
		phase: Phase::Commit,
		target,
		voter: AuthorityIndex(voter.0),
		signature: Keys::new(voter).sign(&bytes),
	};
	assert!(bench.core.is_leading() && target.number > bench.core.chain().root().number);
	for _ in 0..REPETITIONS {
		bench.promise(voter, Promise::Vote(vote.clone()));
	}
	assert_eq!(bench.did("signature"), 1);
}

/// A holder that signs ever other false shares has one looked at.
#[test]
fn a_holder_costs_one_false_share() {
	let mut bench = Bench::new(10);
	bench.enter();
	let asks = |output: &Output<Symbols>| {
		matches!(
			output,
			Output::Send(_, Message::Promise(Promise::RequestShares(_)))
		)
	};
	let mut asked = Vec::new();
	while !asked.iter().any(asks) {
		bench.now += 1;
		asked = bench.step(Input::Tick);
		asked.extend(bench.step(Input::Persisted(Sequence(u64::MAX))));
	}
	let me = bench.core.crypto().keys.name;
	let (holder, candidate) = (bench.others[0], AuthorityIndex(me.0));
	let dealing = bench.core.chain().anchor().in_force().unwrap().block;
	let binding = ShareBinding {
		set_id: SetId(0),
		term: TERM,
		candidate,
		holder: AuthorityIndex(holder.0),
		dealing,
	};
	for other in 0..REPETITIONS as u64 {
		let share = Token {
			by: holder,
			of: Digest(other),
		};
		let body = Share::<Symbols> {
			term: TERM,
			candidate,
			dealing,
			share: Keys::new(holder).seal_share(&me, &binding, &share).unwrap(),
		};
		let bytes = payload(Kind::Share, &bench.genesis, SetId(0), &body);
		let signed = Signed {
			set_id: SetId(0),
			signer: AuthorityIndex(holder.0),
			signature: Keys::new(holder).sign(&bytes),
			body,
		};
		bench.notice(holder, Notice::Share(signed));
	}
	assert_eq!(bench.did("share"), 1);
}

/// Of a block whose certificates came before it only the seal is verified; another certificate of the same blocks is
/// verified, and refused if it is false.
#[test]
fn a_certificate_that_is_known_is_not_verified_again_with_a_block() {
	let bench = Bench::new(10);
	let high_qc = bench.core.durable().high_qc.clone();
	let commit_qc = bench.core.chain().anchor().commit_qc.clone();
	let known = |qc: &Qc<Symbols>| *qc == high_qc || *qc == commit_qc;
	let block = bench
		.core
		.chain()
		.pending()
		.map(|pending| pending.block.clone())
		.find(|block| known(&block.digest.parent_qc) && known(&block.digest.commit_qc))
		.expect("a block on the highest certificates");
	assert_eq!(bench.core.verify(&block), Some(Ok(())));
	assert_eq!(bench.did("signature"), 1, "the seal");
	let mut other = (*block).clone();
	let mut signatures: Vec<_> = other.digest.parent_qc.signatures.iter().cloned().collect();
	signatures[0].1.of = Digest(1);
	other.digest.parent_qc.signatures = signatures.into_iter().collect();
	assert_eq!(
		bench.core.verify(&other),
		Some(Err(Invalid::ParentQcVotes(CertificateError::Signature)))
	);
}

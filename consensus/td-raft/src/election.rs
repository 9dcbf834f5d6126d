//! An attempt to elect a leader: candidates and shares. Section 4, steps 2 to 4.
//!
//! What a candidate may cost the others. Requests that come early are held, one of each kind per candidate. In its turn of
//! the attempt a candidate's lot is verified once for each dealing that it uses, its share opened once, its proof looked at
//! once ([`Candidacy`]); what differs from the first request with that dealing is dropped without verifying anything, and
//! what repeats it gets the same answer. An honest candidate sends no other: it draws its lot once per dealing. Dealings
//! that serve are the one in force and those that came into force during the attempt, so that f faulty authorities cost an
//! honest one at most so many times f lots, shares and proofs per attempt, however much they send.

use std::collections::{BTreeMap, BTreeSet};
use veilmart_td_raft::{AuthorityIndex, Term};

use crate::{
	core::Core,
	crypto::{Candidacy, Crypto, Dealt, ElectionVote, Entry, Hashed, Recovery, Scheme, ShareBinding},
	gate::Wish,
	io::{Instant, To},
	log::Saved,
	message::{Behind, Notice, Promise, RequestShares, RequestVote, Share, Signed, TrapdoorProof},
	safety::{sign_body, Signer},
	timers::Timer,
};

/// What an authority knows of elections in the current set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Election<S: Scheme> {
	/// The gate is open because nothing was committed.
	pub silence: bool,
	/// The gate is open because this transaction is overdue.
	pub overdue: Option<S::BlockHash>,
	/// The own wish.
	pub wish: Option<Wish<S>>,
	/// Everybody's last wish.
	pub wishes: BTreeMap<AuthorityIndex, crate::crypto::SignedDown<S>>,
	/// Attempts that ran out since the last commit.
	pub failures: u32,
	/// The attempt that the authority is in.
	pub attempt: Option<Attempt<S>>,
	/// Everybody's last requests. Those that come early wait here.
	pub requests: BTreeMap<AuthorityIndex, Requests<S>>,
	/// The own vote, repeated until its leader is known.
	pub vote: Option<(AuthorityIndex, Saved<Promise<S>>)>,
	/// The last dealing known to have been opened.
	pub opened: Option<S::BlockHash>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt<S: Scheme> {
	/// The term to elect a leader for.
	pub term: Term,
	/// When it was entered.
	pub entered: Instant,
	/// Why.
	pub entry: Entry<S>,
	/// The block with the dealing that was in force then.
	pub dealing: Option<S::BlockHash>,
	/// The own candidacy, from when the lot is drawn.
	pub candidate: Option<Candidate<S>>,
	/// The lowest lot of others seen.
	pub lowest: Option<u64>,
	/// What was found out about each candidate with each dealing that it used.
	pub candidacies: BTreeMap<(AuthorityIndex, S::BlockHash), Known<S>>,
	/// The lots of those who may be voted for.
	pub valid: BTreeMap<AuthorityIndex, u64>,
}

/// An own candidacy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Candidate<S: Scheme> {
	/// The block with the dealing that the lot is drawn for.
	pub dealing: S::BlockHash,
	/// The lot.
	pub vrf: S::Vrf,
	fraction: u64,
	asked: Option<Saved<Promise<S>>>,
	/// Who says that a newer dealing was in force when it entered.
	behind: BTreeSet<AuthorityIndex>,
	shares: BTreeMap<AuthorityIndex, S::Share>,
	/// Who signed a share that is none: its others are not looked at.
	refused: BTreeSet<AuthorityIndex>,
	pub stands: Option<Saved<Promise<S>>>,
	pub votes: BTreeMap<AuthorityIndex, ElectionVote<S>>,
}

/// What was found out about a candidate with one dealing in one attempt, each at most once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Known<S: Scheme> {
	/// The proof of its lot.
	vrf: S::Vrf,
	/// Its lot, if the proof is valid.
	fraction: Option<u64>,
	/// The key that it wanted its share encrypted to, and the answer. None if the key was unacceptable.
	answer: Option<(S::Ephemeral, Option<Notice<S>>)>,
	/// Whether its proof that it recovered the trapdoor was looked at.
	considered: bool,
}

/// The last requests of one candidate. Their signatures are verified, and nothing else before their turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Requests<S: Scheme> {
	/// For a share, and whether it is answered.
	shares: Option<(Signed<RequestShares<S>, S>, bool)>,
	/// For a vote.
	vote: Option<Signed<RequestVote<S>, S>>,
}

impl<S: Scheme> Requests<S> {
	const NONE: Self = Self {
		shares: None,
		vote: None,
	};
}

impl<S: Scheme> Election<S> {
	pub(crate) fn new() -> Self {
		Self {
			silence: false,
			overdue: None,
			wish: None,
			wishes: BTreeMap::new(),
			failures: 0,
			attempt: None,
			requests: BTreeMap::new(),
			vote: None,
			opened: None,
		}
	}

	/// Forgets requests that came to nothing.
	pub(crate) fn forget_requests(&mut self, up_to: Term) {
		self.vote = None;
		for requests in self.requests.values_mut() {
			requests.shares = requests
				.shares
				.take()
				.filter(|(signed, _)| signed.body.term > up_to);
			requests.vote = requests.vote.take().filter(|signed| signed.body.term > up_to);
		}
		self.requests
			.retain(|_, requests| requests.shares.is_some() || requests.vote.is_some());
	}
}

impl<C: Crypto> Core<C> {
	/// When a candidate with this lot may be answered.
	fn turn(&self, entered: Instant, fraction: u64) -> Instant {
		let spread = u128::from(self.config.timing.spread);
		// Below `spread`, as the fraction is below 2^64.
		let delay = (u128::from(fraction) * spread) >> 64;
		entered.saturating_add(u64::try_from(delay).unwrap_or(u64::MAX))
	}

	/// The dealing in force.
	fn in_force(&self) -> Option<Dealt<C::Scheme>> {
		self.chain.anchor().in_force().cloned()
	}

	/// A dealing that serves in the attempt: in force when it was entered, or since. (A leader that goes on finalizing
	/// blocks with new dealings in them could otherwise end every attempt to replace it.)
	fn find_serving(&self, block: &Hashed<C::Scheme>) -> Option<&Dealt<C::Scheme>> {
		let dealings = &self.chain.anchor().dealings;
		let at_entry = self.election.attempt.as_ref()?.dealing;
		let from = dealings
			.iter()
			.position(|dealt| Some(dealt.block) == at_entry)
			.unwrap_or(0);
		dealings.iter().skip(from).find(|dealt| dealt.block == *block)
	}

	fn serving(&self, block: &Hashed<C::Scheme>) -> Option<Dealt<C::Scheme>> {
		self.find_serving(block).cloned()
	}

	fn serves(&self, block: &Hashed<C::Scheme>) -> bool {
		self.find_serving(block).is_some()
	}

	/// Draws the own lot for the attempt and the dealing in force, unless shares of another were asked for already.
	pub(crate) fn draw_lot(&mut self) {
		let (Some(_), Some(dealt)) = (self.index(), self.in_force()) else {
			return;
		};
		let Some(attempt) = &self.election.attempt else {
			return;
		};
		let settled = |candidate: &Candidate<C::Scheme>| {
			candidate.dealing == dealt.block || candidate.asked.is_some() || candidate.stands.is_some()
		};
		if attempt.candidate.as_ref().is_some_and(settled) {
			return;
		}
		let (term, entered) = (attempt.term, attempt.entered);
		let (vrf, lot) = self.crypto.draw(self.set().id(), &dealt.beacon, term);
		let turn = self.turn(entered, lot.fraction);
		self.timers.set(Timer::Stand, turn);
		if let Some(attempt) = &mut self.election.attempt {
			attempt.candidate = Some(Candidate {
				dealing: dealt.block,
				vrf,
				fraction: lot.fraction,
				asked: None,
				behind: BTreeSet::new(),
				shares: BTreeMap::new(),
				refused: BTreeSet::new(),
				stands: None,
				votes: BTreeMap::new(),
			});
		}
	}

	/// Blocks became final: another dealing may be in force.
	pub(crate) fn dealing_may_have_changed(&mut self) {
		if self.election.attempt.is_some() {
			self.draw_lot();
			self.review_requests();
		}
	}

	/// Somebody answers that a newer dealing was in force when it entered the attempt. If more than f say so, at least
	/// one is honest, and the candidate asks again with the newest.
	pub(crate) fn on_behind(&mut self, signed: Signed<Behind<C::Scheme>, C::Scheme>) {
		if Some(signed.body.term) != self.attempt_term() || !self.is_authentic(&signed) {
			return;
		}
		self.on_qc(&signed.body.commit_qc);
		let in_force = self.chain.anchor().in_force().map(|dealt| dealt.block);
		let faulty = usize::from(self.set().faulty());
		let Some(candidate) = self.candidate() else { return };
		candidate.behind.insert(signed.signer);
		if candidate.behind.len() > faulty
			&& Some(candidate.dealing) != in_force
			&& candidate.stands.is_none()
		{
			candidate.asked = None;
			self.draw_lot();
		}
	}

	/// The own turn to stand has come. A better candidate that was seen is left alone.
	pub(crate) fn stand(&mut self) {
		let (Some(me), Some(dealt)) = (self.index(), self.own_dealing()) else {
			return;
		};
		let Some(attempt) = &self.election.attempt else {
			return;
		};
		let Some(candidate) = &attempt.candidate else {
			return;
		};
		let better = attempt.lowest.is_some_and(|lowest| lowest < candidate.fraction);
		if better || candidate.asked.is_some() || candidate.stands.is_some() {
			return;
		}
		let (term, vrf) = (attempt.term, candidate.vrf.clone());
		if self.request_vote(me, &dealt, None) {
			return;
		}
		let ephemeral = self.crypto.ephemeral();
		let commit_qc = self.chain.anchor().commit_qc.clone();
		let body = RequestShares {
			term,
			dealing: dealt.block,
			commit_qc,
			vrf,
			ephemeral,
		};
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		let Ok(unsaved) = self.safety.request_shares(&signer, body) else {
			return;
		};
		let saved = self.outbox.save(unsaved, &mut self.safety, None);
		self.outbox.send(To::Others, false, &saved);
		let set = self.chain.anchor().set.clone();
		let share = self.crypto.open_share(&set, &dealt);
		if let Some(candidate) = self.candidate() {
			candidate.asked = Some(saved);
			candidate.shares.extend(share.map(|share| (me, share)));
		}
		self.try_recover();
	}

	/// The dealing that the own candidacy uses.
	fn own_dealing(&self) -> Option<Dealt<C::Scheme>> {
		let candidate = self.election.attempt.as_ref()?.candidate.as_ref()?;
		self.serving(&candidate.dealing)
	}

	pub(crate) fn candidate(&mut self) -> Option<&mut Candidate<C::Scheme>> {
		self.election
			.attempt
			.as_mut()
			.and_then(|attempt| attempt.candidate.as_mut())
	}

	/// A candidate asks for a share.
	pub(crate) fn on_request_shares(&mut self, signed: Signed<RequestShares<C::Scheme>, C::Scheme>) {
		let who = signed.signer;
		let RequestShares {
			term,
			dealing,
			vrf,
			ephemeral,
			..
		} = &signed.body;
		if !self.is_wanted(who, *term) {
			return;
		}
		let differs = self.known(who, *term, dealing).is_some_and(|known| {
			let other_key = known.answer.as_ref().is_some_and(|(key, _)| key != ephemeral);
			known.vrf != *vrf || other_key
		});
		if differs {
			return;
		}
		let held = self.election.requests.get_mut(&who);
		let last = held.and_then(|requests| requests.shares.as_mut());
		let newer = match last {
			Some((last, answered)) if *last == signed => {
				// It did not get the answer.
				*answered = false;
				false
			}
			Some((last, _)) if last.body.term > *term => return,
			_ => true,
		};
		if newer {
			if !self.is_authentic(&signed) {
				return;
			}
			let commit_qc = signed.body.commit_qc.clone();
			let held = self.election.requests.entry(who).or_insert(Requests::NONE);
			held.shares = Some((signed, false));
			self.on_qc(&commit_qc);
		}
		self.review(who);
	}

	/// A candidate asks for a vote.
	pub(crate) fn on_request_vote(&mut self, signed: Signed<RequestVote<C::Scheme>, C::Scheme>) {
		let who = signed.signer;
		let RequestVote {
			term, dealing, vrf, ..
		} = &signed.body;
		if !self.is_wanted(who, *term) {
			return;
		}
		let useless = self
			.known(who, *term, dealing)
			.is_some_and(|known| known.considered || known.vrf != *vrf);
		let held = self.election.requests.get(&who);
		let last = held
			.and_then(|requests| requests.vote.as_ref())
			.map(|last| (last.body.term, last.body.dealing));
		// The first one with a dealing counts, of a later term or with another dealing the last one.
		let newer = last.is_none_or(|last| last != (*term, *dealing) && last.0 <= *term);
		if useless || !newer || !self.is_authentic(&signed) {
			return;
		}
		let high_qc = signed.body.high_qc.clone();
		let held = self.election.requests.entry(who).or_insert(Requests::NONE);
		held.vote = Some(signed);
		self.on_qc(&high_qc);
		self.review(who);
	}

	/// Whether a request may still be of use: its attempt is the own one or a later one.
	fn is_wanted(&self, who: AuthorityIndex, term: Term) -> bool {
		let durable = self.safety.durable();
		self.index().is_some()
			&& self.is_member(who)
			&& term >= durable.attempt
			&& term >= durable.current_term
	}

	/// What was found out about a candidate of this attempt with this dealing.
	fn known(
		&self,
		who: AuthorityIndex,
		term: Term,
		dealing: &Hashed<C::Scheme>,
	) -> Option<&Known<C::Scheme>> {
		let attempt = self.election.attempt.as_ref()?;
		attempt
			.candidacies
			.get(&(who, *dealing))
			.filter(|_| attempt.term == term)
	}

	/// Looks at the requests of the attempt whose turn has come, and sets the timer for the next.
	pub(crate) fn review_requests(&mut self) {
		self.timers.clear(Timer::Held);
		let who: Vec<_> = self.election.requests.keys().copied().collect();
		who.into_iter().for_each(|who| self.review(who));
	}

	/// Looks at the requests of one candidate.
	fn review(&mut self, who: AuthorityIndex) {
		if self.index().is_some() {
			self.review_shares(who);
			self.review_vote(who);
		}
	}

	/// Answers a candidate's request for a share, in its turn.
	fn review_shares(&mut self, who: AuthorityIndex) {
		let (Some(term), Some(requests)) = (self.attempt_term(), self.election.requests.get(&who)) else {
			return;
		};
		let Some((signed, false)) = &requests.shares else {
			return;
		};
		if signed.body.term != term {
			return;
		}
		let (dealing, vrf) = (signed.body.dealing, signed.body.vrf.clone());
		let ephemeral = signed.body.ephemeral.clone();
		if !self.serves(&dealing) {
			if self.chain.dealing(&dealing).is_some() {
				self.answer_behind(who, term);
				self.mark_answered(who);
			}
			// Otherwise the candidate is ahead: its commit certificate was processed, and the request waits.
			return;
		}
		let turn = self.turn_of(who, term, &dealing, &vrf);
		if turn.is_none_or(|turn| turn <= self.now) {
			// A false lot is done with, too.
			self.mark_answered(who);
		}
		if turn.is_some_and(|turn| !self.is_early(turn)) {
			self.open_for(who, term, &dealing, ephemeral);
		}
	}

	/// Looks at what a candidate asks for votes with, in its turn.
	fn review_vote(&mut self, who: AuthorityIndex) {
		let (Some(term), Some(requests)) = (self.attempt_term(), self.election.requests.get(&who)) else {
			return;
		};
		let Some(signed) = &requests.vote else { return };
		let (dealing, vrf) = (signed.body.dealing, signed.body.vrf.clone());
		let considered = self
			.known(who, term, &dealing)
			.is_some_and(|known| known.considered);
		if signed.body.term != term || considered || !self.serves(&dealing) {
			return;
		}
		let turn = self.turn_of(who, term, &dealing, &vrf);
		if turn.is_none_or(|turn| self.is_early(turn)) {
			return;
		}
		let signed = self
			.election
			.requests
			.get(&who)
			.and_then(|requests| requests.vote.clone());
		let (Some(signed), Some(dealt)) = (signed, self.serving(&dealing)) else {
			return;
		};
		let attempt = self.election.attempt.as_mut();
		let known = attempt.and_then(|attempt| attempt.candidacies.get_mut(&(who, dealing)));
		if let Some(fraction) = known.and_then(|known| {
			known.considered = true;
			known.fraction
		}) {
			self.consider(&signed, &dealt, fraction);
		}
	}

	/// Whether a turn has not come. Then the timer is set for it.
	fn is_early(&mut self, turn: Instant) -> bool {
		let early = turn > self.now;
		if early {
			let next = self.timers.at(Timer::Held).map_or(turn, |at| at.min(turn));
			self.timers.set(Timer::Held, next);
		}
		early
	}

	fn mark_answered(&mut self, who: AuthorityIndex) {
		let requests = self.election.requests.get_mut(&who);
		if let Some((_, answered)) = requests.and_then(|requests| requests.shares.as_mut()) {
			*answered = true;
		}
	}

	/// When a candidate with a dealing that serves may be answered: its lot decides, which is verified if it was not. None
	/// if the proof is false, or another than the first one. The lowest lot of others is remembered.
	fn turn_of(
		&mut self,
		who: AuthorityIndex,
		term: Term,
		dealing: &Hashed<C::Scheme>,
		vrf: &<C::Scheme as Scheme>::Vrf,
	) -> Option<Instant> {
		let entered = self.election.attempt.as_ref()?.entered;
		if let Some(known) = self.known(who, term, dealing) {
			let fraction = known.fraction.filter(|_| known.vrf == *vrf);
			return fraction.map(|fraction| self.turn(entered, fraction));
		}
		let (id, dealt) = (self.id_of(who)?, self.serving(dealing)?);
		let lot = self.crypto.lot(&id, self.set().id(), &dealt.beacon, term, vrf);
		let fraction = lot.map(|lot| lot.fraction);
		let is_me = self.index() == Some(who);
		let attempt = self.election.attempt.as_mut()?;
		attempt.candidacies.insert(
			(who, *dealing),
			Known {
				vrf: vrf.clone(),
				fraction,
				answer: None,
				considered: false,
			},
		);
		if let Some(fraction) = fraction.filter(|_| !is_me) {
			attempt.lowest = Some(attempt.lowest.map_or(fraction, |lowest| lowest.min(fraction)));
		}
		fraction.map(|fraction| self.turn(entered, fraction))
	}

	/// Opens the own share for a candidate, or repeats the answer that it was given.
	fn open_for(
		&mut self,
		candidate: AuthorityIndex,
		term: Term,
		dealing: &Hashed<C::Scheme>,
		ephemeral: <C::Scheme as Scheme>::Ephemeral,
	) {
		let Some(me) = self.index() else { return };
		let (Some(id), true) = (self.id_of(candidate), candidate != me) else {
			return;
		};
		let answered = self
			.known(candidate, term, dealing)
			.and_then(|known| known.answer.clone());
		if let Some((_, answer)) = answered {
			return answer
				.into_iter()
				.for_each(|answer| self.notify(To::One(id), answer));
		}
		let (set, Some(dealt)) = (self.chain.anchor().set.clone(), self.serving(dealing)) else {
			return;
		};
		let Some(share) = self.crypto.open_share(&set, &dealt) else {
			return;
		};
		let binding = ShareBinding {
			set_id: set.id(),
			term,
			candidate,
			holder: me,
			dealing: dealt.block,
		};
		let sealed = self.crypto.seal_share(&ephemeral, &binding, &share);
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		let answer = sealed.map(|share| {
			let body = Share {
				term,
				candidate,
				dealing: dealt.block,
				share,
			};
			Notice::Share(sign_body(&signer, set.id(), body))
		});
		let attempt = self.election.attempt.as_mut();
		let known = attempt.and_then(|attempt| attempt.candidacies.get_mut(&(candidate, *dealing)));
		if let Some(known) = known {
			known.answer = Some((ephemeral, answer.clone()));
		}
		if let Some(answer) = answer {
			self.notify(To::One(id), answer);
		}
	}

	/// Tells a candidate that a newer dealing is in force.
	fn answer_behind(&mut self, candidate: AuthorityIndex, term: Term) {
		let (Some(me), Some(id)) = (self.index(), self.id_of(candidate)) else {
			return;
		};
		let commit_qc = self.chain.anchor().commit_qc.clone();
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		let answer = sign_body(&signer, self.set().id(), Behind { term, commit_qc });
		self.notify(To::One(id), Notice::Behind(answer));
	}

	/// A share has come.
	pub(crate) fn on_share(&mut self, signed: Signed<Share<C::Scheme>, C::Scheme>) {
		let (Some(me), Some(dealt)) = (self.index(), self.own_dealing()) else {
			return;
		};
		let Share {
			term,
			candidate,
			dealing,
			share,
		} = &signed.body;
		let holder = signed.signer;
		let asked = self.candidate().is_some_and(|own| {
			own.asked.is_some()
				&& own.dealing == *dealing
				&& !own.shares.contains_key(&holder)
				&& !own.refused.contains(&holder)
		});
		if !asked
			|| *candidate != me
			|| Some(*term) != self.attempt_term()
			|| *dealing != dealt.block
			|| !self.is_authentic(&signed)
		{
			return;
		}
		let set_id = self.set().id();
		let binding = ShareBinding {
			set_id,
			term: *term,
			candidate: me,
			holder,
			dealing: *dealing,
		};
		let share = self
			.crypto
			.unseal_share(&binding, share)
			.filter(|share| self.crypto.verify_share(self.set(), &dealt, holder, share));
		let Some(candidate) = self.candidate() else { return };
		match share {
			Some(share) => {
				candidate.shares.insert(holder, share);
				self.try_recover();
			}
			None => {
				candidate.refused.insert(holder);
			}
		}
	}

	/// Recovers the trapdoor with enough shares, and asks for votes.
	fn try_recover(&mut self) {
		let (Some(me), Some(dealt)) = (self.index(), self.own_dealing()) else {
			return;
		};
		let threshold = usize::from(self.set().threshold());
		let Some(candidate) = self.candidate() else { return };
		if candidate.stands.is_some() || candidate.shares.len() < threshold {
			return;
		}
		let shares: Vec<_> = candidate
			.shares
			.iter()
			.take(threshold)
			.map(|(holder, share)| (*holder, share.clone()))
			.collect();
		let set = self.chain.anchor().set.clone();
		match self.crypto.recover(&set, &dealt, &shares) {
			Some(Recovery::Trapdoor) => {
				self.request_vote(me, &dealt, None);
			}
			Some(Recovery::Fault(fault)) => {
				self.request_vote(me, &dealt, Some(fault));
			}
			None => {}
		}
	}

	/// Asks for votes, if the trapdoor is known or the dealer's fault proved.
	fn request_vote(
		&mut self,
		me: AuthorityIndex,
		dealt: &Dealt<C::Scheme>,
		fault: Option<<C::Scheme as Scheme>::Fault>,
	) -> bool {
		let Some(term) = self.attempt_term() else {
			return false;
		};
		let high_qc = self.safety.durable().high_qc.clone();
		let candidacy = Candidacy {
			term,
			candidate: me,
			high_qc: high_qc.target,
		};
		let set = self.chain.anchor().set.clone();
		let proof = match fault {
			Some(fault) => Some(TrapdoorProof::Fault(fault)),
			None => self
				.crypto
				.collide(&set, dealt, &candidacy)
				.map(TrapdoorProof::Collision),
		};
		let (Some(proof), Some(candidate)) = (proof, self.candidate()) else {
			return false;
		};
		let body = RequestVote {
			term,
			dealing: dealt.block,
			vrf: candidate.vrf.clone(),
			proof,
			high_qc,
		};
		let signer = Signer {
			crypto: &self.crypto,
			genesis: &self.config.genesis,
			me,
		};
		let Ok(unsaved) = self.safety.request_vote(&signer, body) else {
			return false;
		};
		let saved = self.outbox.save(unsaved, &mut self.safety, None);
		self.outbox.send(To::Others, true, &saved);
		if let Some(candidate) = self.candidate() {
			candidate.stands = Some(saved);
		}
		true
	}

	/// What is repeated of an election: requests until there is a leader, the vote until its leader is known.
	pub(crate) fn repeat_election(&mut self) {
		if let Some((candidate, vote)) = self.election.vote.clone() {
			self.promise_to(candidate, &vote);
		}
		let Some(candidate) = self
			.election
			.attempt
			.as_ref()
			.and_then(|attempt| attempt.candidate.as_ref())
		else {
			return;
		};
		let request = candidate.stands.as_ref().or(candidate.asked.as_ref()).cloned();
		if let Some(request) = request {
			self.outbox.send(To::Others, false, &request);
		}
	}
}

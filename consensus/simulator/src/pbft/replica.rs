//! A replica of PBFT: the normal case, checkpoints, and what a crash leaves.

use super::{
	keys::{Signature, Signer, Verifier},
	messages::{
		digest_of, proves, Checkpoint, Decided, Group, Kind, NewView, PbftMessage, PbftRecord, Prepared, Seq,
		Signed, Subject, View, ViewChange,
	},
	PbftSettings,
};
use crate::{
	clock::{LocalTime, Micros},
	cpu::Operation,
	replica::{BlockHash, Body, Effects, Input, NodeId, Replica},
};
use blake2::{
	digest::{consts::U32, Digest},
	Blake2b,
};
use std::{collections::BTreeMap, rc::Rc};

/// Decided requests sent at once to a peer that lags.
const DECIDED_AT_ONCE: usize = 64;

pub(super) type Out = Effects<PbftMessage, PbftRecord>;

/// What a replica knows of one sequence number.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
	/// The proposal accepted in the latest view.
	pub accepted: Option<Signed>,
	/// Its body, once known.
	pub body: Option<Body>,
	/// The latest prepare of each replica. Bounded by the number of replicas.
	pub prepares: BTreeMap<NodeId, Signed>,
	/// The latest commit of each replica.
	pub commits: BTreeMap<NodeId, Signed>,
	/// The certificate of the highest view in which the request was prepared here.
	pub prepared: Option<Prepared>,
}

/// A replica.
pub struct PbftReplica {
	pub(super) group: Group,
	pub(super) signer: Signer,
	pub(super) verifier: Verifier,
	pub(super) settings: PbftSettings,
	pub(super) view: View,
	/// Whether the view is in force; if not, the replica waits for its NEW-VIEW.
	pub(super) active: bool,
	pub(super) slots: BTreeMap<Seq, Slot>,
	pub(super) stable: Seq,
	pub(super) stable_state: BlockHash,
	pub(super) stable_proof: Vec<Signature>,
	checkpoints: BTreeMap<Seq, BTreeMap<NodeId, Checkpoint>>,
	/// Decided requests, executed or waiting for earlier ones.
	decided: BTreeMap<Seq, Rc<Decided>>,
	pub(super) executed: Seq,
	/// Hash over everything executed.
	state: BlockHash,
	/// The latest view change of each replica.
	pub(super) view_changes: BTreeMap<NodeId, Rc<ViewChange>>,
	/// The NEW-VIEW that put the present view into force.
	pub(super) new_view: Option<Rc<NewView>>,
	/// The number the primary gives out next.
	pub(super) next: Seq,
	/// View changes since the last execution.
	pub(super) failures: u32,
	/// When the replica loses patience with the present view.
	pub(super) deadline: Option<LocalTime>,
	status_at: Option<LocalTime>,
	waiting: bool,
	building: bool,
	/// Whether the first effect of a restart, repeating what is executed, is done.
	replayed: bool,
}

impl PbftReplica {
	/// A replica with what its log holds.
	pub fn restore(
		group: Group,
		signer: Signer,
		verifier: Verifier,
		settings: PbftSettings,
		log: &[PbftRecord],
	) -> Self {
		let mut replica = Self {
			group,
			signer,
			verifier,
			settings,
			view: View(0),
			active: true,
			slots: BTreeMap::new(),
			stable: Seq(0),
			stable_state: BlockHash([0; 32]),
			stable_proof: Vec::new(),
			checkpoints: BTreeMap::new(),
			decided: BTreeMap::new(),
			executed: Seq(0),
			state: BlockHash([0; 32]),
			view_changes: BTreeMap::new(),
			new_view: None,
			next: Seq(1),
			failures: 0,
			deadline: None,
			status_at: None,
			waiting: false,
			building: false,
			replayed: false,
		};
		for record in log {
			match record {
				PbftRecord::Accepted(signed, body) => {
					let slot = replica.slots.entry(signed.subject.seq).or_default();
					slot.accepted = Some(*signed);
					slot.body = Some(*body);
					replica.next = replica.next.max(signed.subject.seq.next());
				}
				PbftRecord::Prepared(prepared) => {
					replica.slots.entry(prepared.subject.seq).or_default().prepared = Some(prepared.clone());
				}
				PbftRecord::Decided(decided) => {
					replica.decided.insert(decided.subject.seq, decided.clone());
				}
				PbftRecord::View(view, active) => {
					replica.view = *view;
					replica.active = *active;
				}
				PbftRecord::Stable(seq, state, proof) => {
					replica.stable = *seq;
					replica.stable_state = *state;
					replica.stable_proof = proof.clone();
				}
			}
		}
		replica.drop_below_stable();
		replica
	}

	/// This replica.
	pub fn id(&self) -> NodeId {
		self.signer.id()
	}

	/// The present view, and whether it is in force.
	pub fn view(&self) -> (View, bool) {
		(self.view, self.active)
	}

	/// What is prepared here under a sequence number.
	pub fn prepared(&self, seq: Seq) -> Option<BlockHash> {
		Some(self.slots.get(&seq)?.prepared.as_ref()?.subject.digest)
	}

	/// The last stable checkpoint.
	pub fn stable(&self) -> Seq {
		self.stable
	}

	pub(super) fn is_primary(&self) -> bool {
		self.active && self.group.primary(self.view) == self.id()
	}

	/// At most twice the interval beyond the stable checkpoint. A replica that is a little behind the others' stable
	/// checkpoint goes on with what it has not executed.
	pub(super) fn within_marks(&self, seq: Seq) -> bool {
		seq > self.low_mark() && seq.0 <= self.stable.0 + 2 * self.settings.checkpoint_interval
	}

	fn low_mark(&self) -> Seq {
		self.stable.min(self.executed)
	}

	pub(super) fn timeout(&self) -> Micros {
		self.settings.view_timeout << self.failures.min(self.settings.doublings)
	}

	pub(super) fn broadcast(&self, message: &PbftMessage, out: &mut Out) {
		out.broadcast(self.group.n, self.id(), message);
	}

	fn sign(&self, subject: Subject, kind: Kind, out: &mut Out) -> Signed {
		out.work(Operation::Sign);
		Signed {
			subject,
			signature: self.signer.sign(&subject.statement(kind)),
		}
	}

	fn propose(&mut self, body: Body, out: &mut Out) {
		if !self.is_primary() || body.id == 0 || !self.within_marks(self.next) {
			return;
		}
		out.work(Operation::Hash(body.bytes));
		let subject = Subject {
			view: self.view,
			seq: self.next,
			digest: digest_of(body),
		};
		self.next = self.next.next();
		let signed = self.sign(subject, Kind::PrePrepare, out);
		let slot = self.slots.entry(subject.seq).or_default();
		slot.accepted = Some(signed);
		slot.body = Some(body);
		out.persist(PbftRecord::Accepted(signed, body));
		self.broadcast(&PbftMessage::PrePrepare(signed, Some(body)), out);
		self.check_prepared(subject.seq, out);
	}

	fn on_pre_prepare(&mut self, from: NodeId, signed: Signed, body: Option<Body>, out: &mut Out) {
		let Subject { view, seq, .. } = signed.subject;
		if from != signed.signature.signer
			|| view != self.view
			|| !self.active
			|| !self.within_marks(seq)
			|| self.is_primary()
		{
			return;
		}
		out.work(Operation::Verify);
		let valid = signed.signature.signer == self.group.primary(view)
			&& self
				.verifier
				.verify(&signed.subject.statement(Kind::PrePrepare), &signed.signature);
		if !valid {
			return;
		}
		let accepted = self
			.slots
			.get(&seq)
			.and_then(|slot| slot.accepted)
			.filter(|one| one.subject.view == view);
		match accepted {
			None => self.accept(signed, body, out),
			Some(accepted) if accepted.subject == signed.subject => {
				if let Some(body) = body {
					self.learn_body(body, out);
				}
			}
			Some(_) => out.offence(
				signed.signature.signer,
				"two proposals for one number in one view",
			),
		}
	}

	/// Accepts a proposal of the present view whose signature is checked.
	pub(super) fn accept(&mut self, signed: Signed, body: Option<Body>, out: &mut Out) {
		let digest = signed.subject.digest;
		let known = self.slots.get(&signed.subject.seq).and_then(|slot| slot.body);
		let decided = self.decided.get(&signed.subject.seq).map(|decided| decided.body);
		let body = [body, known, decided, Some(Body::EMPTY)]
			.into_iter()
			.flatten()
			.find(|b| digest_of(*b) == digest);
		let slot = self.slots.entry(signed.subject.seq).or_default();
		slot.accepted = Some(signed);
		slot.body = None;
		match body {
			Some(body) => self.accept_body(signed, body, out),
			None => self.broadcast(&PbftMessage::Fetch(digest), out),
		}
	}

	fn accept_body(&mut self, signed: Signed, body: Body, out: &mut Out) {
		out.work(Operation::Hash(body.bytes));
		let seq = signed.subject.seq;
		self.slots.entry(seq).or_default().body = Some(body);
		out.persist(PbftRecord::Accepted(signed, body));
		if self.group.primary(signed.subject.view) != self.id() {
			let prepare = self.sign(signed.subject, Kind::Prepare, out);
			self.slots
				.entry(seq)
				.or_default()
				.prepares
				.insert(prepare.signature.signer, prepare);
			self.broadcast(&PbftMessage::Prepare(prepare), out);
		}
		self.check_prepared(seq, out);
		self.check_decided(seq, out);
	}

	fn learn_body(&mut self, body: Body, out: &mut Out) {
		let digest = digest_of(body);
		let waiting: Vec<_> = self
			.slots
			.values()
			.filter(|slot| slot.body.is_none())
			.filter_map(|slot| slot.accepted)
			.filter(|one| one.subject.digest == digest && one.subject.view == self.view && self.active)
			.collect();
		for signed in waiting {
			self.accept_body(signed, body, out);
		}
	}

	/// Takes a vote from its signer. Connections are authenticated and votes are not relayed, so that nobody can
	/// take another's place here before the signatures are checked.
	fn on_vote(&mut self, from: NodeId, signed: Signed, kind: Kind, out: &mut Out) {
		let Subject { view, seq, .. } = signed.subject;
		if from != signed.signature.signer {
			return;
		}
		let primary_prepares = kind == Kind::Prepare && signed.signature.signer == self.group.primary(view);
		if view < self.view && kind == Kind::Prepare || !self.within_marks(seq) || primary_prepares {
			return;
		}
		if self.decided.contains_key(&seq) && view <= self.view && self.is_prepared_in(seq, self.view) {
			return;
		}
		let slot = self.slots.entry(seq).or_default();
		let votes = if kind == Kind::Prepare {
			&mut slot.prepares
		} else {
			&mut slot.commits
		};
		match votes.get(&signed.signature.signer) {
			Some(earlier) if earlier.subject.view >= view => return,
			_ => votes.insert(signed.signature.signer, signed),
		};
		self.check_prepared(seq, out);
		self.check_decided(seq, out);
	}

	fn is_prepared_in(&self, seq: Seq, view: View) -> bool {
		let prepared = self.slots.get(&seq).and_then(|slot| slot.prepared.as_ref());
		prepared.is_some_and(|prepared| prepared.subject.view == view)
	}

	/// Matching votes if there are enough and all their signatures hold; wrong ones are thrown out.
	fn enough(
		votes: &mut BTreeMap<NodeId, Signed>,
		subject: &Subject,
		kind: Kind,
		needed: usize,
		verifier: &Verifier,
		out: &mut Out,
	) -> Option<Vec<Signature>> {
		if votes.len() < needed {
			return None;
		}
		let matching = |votes: &BTreeMap<NodeId, Signed>| -> Vec<Signature> {
			votes
				.values()
				.filter(|vote| vote.subject == *subject)
				.map(|vote| vote.signature)
				.collect()
		};
		let signatures = matching(votes);
		if signatures.len() < needed {
			return None;
		}
		out.work(Operation::VerifyBatch(signatures.len() as u32));
		let statement = subject.statement(kind);
		if signatures
			.iter()
			.all(|signature| verifier.verify(&statement, signature))
		{
			return Some(signatures);
		}
		for signature in &signatures {
			out.work(Operation::Verify);
			if !verifier.verify(&statement, signature) {
				votes.remove(&signature.signer);
			}
		}
		Some(matching(votes)).filter(|signatures| signatures.len() >= needed)
	}

	/// Prepared: the proposal of the present view with its body, and `Q - 1` prepares of backups.
	fn check_prepared(&mut self, seq: Seq, out: &mut Out) {
		let needed = self.group.quorum() - 1;
		if !self.active || self.is_prepared_in(seq, self.view) {
			return;
		}
		let Some(slot) = self.slots.get_mut(&seq) else {
			return;
		};
		let Some(proposal) = slot.accepted.filter(|one| one.subject.view == self.view) else {
			return;
		};
		if slot.body.is_none() {
			return;
		}
		let subject = proposal.subject;
		let prepares = &mut slot.prepares;
		let Some(prepares) = Self::enough(prepares, &subject, Kind::Prepare, needed, &self.verifier, out)
		else {
			return;
		};
		let prepared = Prepared {
			subject,
			proposal: proposal.signature,
			prepares,
		};
		slot.prepared = Some(prepared.clone());
		out.persist(PbftRecord::Prepared(prepared));
		let commit = self.sign(subject, Kind::Commit, out);
		self.slots
			.entry(seq)
			.or_default()
			.commits
			.insert(commit.signature.signer, commit);
		self.broadcast(&PbftMessage::Commit(commit), out);
		self.check_decided(seq, out);
	}

	/// Decided: `Q` commits on the body known here, all of one view, whichever it is.
	fn check_decided(&mut self, seq: Seq, out: &mut Out) {
		if self.decided.contains_key(&seq) {
			return;
		}
		let needed = self.group.quorum();
		let Some(slot) = self
			.slots
			.get_mut(&seq)
			.filter(|slot| slot.commits.len() >= needed)
		else {
			return;
		};
		let Some(body) = slot.body else { return };
		let digest = digest_of(body);
		let mut views: Vec<_> = slot.commits.values().map(|vote| vote.subject.view).collect();
		views.sort();
		views.dedup();
		for view in views {
			let subject = Subject { view, seq, digest };
			let commits = &mut slot.commits;
			if let Some(commits) = Self::enough(commits, &subject, Kind::Commit, needed, &self.verifier, out)
			{
				let decided = Rc::new(Decided {
					subject,
					body,
					commits,
				});
				self.decide(decided, out);
				return;
			}
		}
	}

	fn decide(&mut self, decided: Rc<Decided>, out: &mut Out) {
		out.persist(PbftRecord::Decided(decided.clone()));
		self.decided.insert(decided.subject.seq, decided);
		self.execute(out);
	}

	/// Executes what is decided and due.
	fn execute(&mut self, out: &mut Out) {
		while let Some(decided) = self.decided.get(&self.executed.next()).cloned() {
			let Subject { seq, digest, .. } = decided.subject;
			self.executed = seq;
			let mut hash = Blake2b::<U32>::new();
			hash.update(self.state.0);
			hash.update(digest.0);
			self.state = BlockHash(hash.finalize().into());
			out.finalize(seq.0, digest, decided.body);
			self.failures = 0;
			self.deadline = None;
			self.status_at = None;
			if seq <= self.stable {
				self.slots.remove(&seq);
			}
			if seq.0.is_multiple_of(self.settings.checkpoint_interval) && seq > self.stable {
				out.work(Operation::Sign);
				let signature = self.signer.sign(&Checkpoint::statement(seq, self.state));
				let checkpoint = Checkpoint {
					seq,
					state: self.state,
					signature,
				};
				self.broadcast(&PbftMessage::Checkpoint(checkpoint), out);
				self.on_checkpoint(self.id(), checkpoint, out);
			}
		}
	}

	fn on_checkpoint(&mut self, from: NodeId, checkpoint: Checkpoint, out: &mut Out) {
		// Nodes ahead by more than two windows prove themselves by decided requests instead.
		let far = 4 * self.settings.checkpoint_interval;
		let direct = from == checkpoint.signature.signer;
		if !direct || checkpoint.seq <= self.stable || checkpoint.seq.0 - self.stable.0 > far {
			return;
		}
		let statement = Checkpoint::statement(checkpoint.seq, checkpoint.state);
		if checkpoint.signature.signer != self.id() {
			out.work(Operation::Verify);
		}
		if !self.verifier.verify(&statement, &checkpoint.signature) {
			return;
		}
		let votes = self.checkpoints.entry(checkpoint.seq).or_default();
		votes.insert(checkpoint.signature.signer, checkpoint);
		let agreeing = votes.values().filter(|vote| vote.state == checkpoint.state);
		let proof: Vec<_> = agreeing.map(|vote| vote.signature).collect();
		if proof.len() >= self.group.quorum() {
			self.adopt_stable(checkpoint.seq, checkpoint.state, proof, out);
		}
	}

	/// Takes over a checkpoint whose proof is checked.
	pub(super) fn adopt_stable(&mut self, seq: Seq, state: BlockHash, proof: Vec<Signature>, out: &mut Out) {
		if seq > self.stable {
			(self.stable, self.stable_state, self.stable_proof) = (seq, state, proof.clone());
			out.persist(PbftRecord::Stable(seq, state, proof));
			self.drop_below_stable();
		}
	}

	fn drop_below_stable(&mut self) {
		let low = self.low_mark();
		self.slots.retain(|seq, _| *seq > low);
		self.checkpoints.retain(|seq, _| *seq > self.stable);
		self.next = self.next.max(self.stable.next());
	}

	/// Takes over a decided request, and asks for more halfway through what it was sent at once.
	fn on_decided(&mut self, from: NodeId, decided: Rc<Decided>, out: &mut Out) {
		let subject = decided.subject;
		let far = self.executed.0 + 4 * DECIDED_AT_ONCE as u64;
		if subject.seq <= self.executed || subject.seq.0 > far || self.decided.contains_key(&subject.seq) {
			return;
		}
		out.work(Operation::Hash(decided.body.bytes));
		out.work(Operation::VerifyBatch(decided.commits.len() as u32));
		let statement = subject.statement(Kind::Commit);
		let proven = proves(&self.verifier, &statement, &decided.commits, self.group.quorum());
		if proven && digest_of(decided.body) == subject.digest {
			self.decide(decided, out);
			if subject.seq.0.is_multiple_of(DECIDED_AT_ONCE as u64 / 2) {
				out.send(from, PbftMessage::Status(self.view, self.active, self.executed));
			}
		}
	}

	/// Sends a peer what it lacks. A peer tells where it stands only when it has not moved for a while.
	fn on_status(&mut self, from: NodeId, view: View, active: bool, executed: Seq, out: &mut Out) {
		let lacking = self
			.decided
			.values()
			.filter(|one| one.subject.seq > executed)
			.take(DECIDED_AT_ONCE);
		for decided in lacking
			.take_while(|one| one.subject.seq <= self.executed)
			.cloned()
		{
			out.send(from, PbftMessage::Decided(decided));
		}
		if view < self.view || (view == self.view && !active) {
			match &self.new_view {
				Some(new_view) if self.active => out.send(from, PbftMessage::NewView(new_view.clone())),
				_ => {}
			}
		}
		if !self.active {
			if let Some(own) = self.view_changes.get(&self.id()) {
				out.send(from, PbftMessage::ViewChange(own.clone()));
			}
			return;
		}
		if view != self.view {
			return;
		}
		for (_, slot) in self.slots.iter().filter(|(seq, _)| **seq > executed) {
			match slot.accepted {
				Some(own) if own.subject.view == self.view && own.signature.signer == self.id() => {
					out.send(from, PbftMessage::PrePrepare(own, None));
				}
				_ => {}
			}
			let own_prepare = slot
				.prepares
				.get(&self.id())
				.map(|vote| PbftMessage::Prepare(*vote));
			let own_commit = slot
				.commits
				.get(&self.id())
				.map(|vote| PbftMessage::Commit(*vote));
			for message in [own_prepare, own_commit].into_iter().flatten() {
				out.send(from, message);
			}
		}
	}

	fn on_fetch(&mut self, from: NodeId, digest: BlockHash, out: &mut Out) {
		let bodies = self.slots.values().filter_map(|slot| slot.body);
		let bodies = bodies.chain(self.decided.values().rev().map(|decided| decided.body));
		let window = 8 * self.settings.checkpoint_interval as usize;
		if let Some(body) = bodies.take(window).find(|body| digest_of(*body) == digest) {
			out.send(from, PbftMessage::Supply(body));
		}
	}

	/// After a restart: repeats what is executed, and signs again what the log says was signed.
	fn replay(&mut self, out: &mut Out) {
		self.replayed = true;
		self.execute(out);
		let view = self.view;
		let slots: Vec<_> = self
			.slots
			.iter()
			.map(|(seq, slot)| (*seq, slot.clone()))
			.collect();
		for (seq, slot) in slots {
			if let Some(accepted) = slot.accepted.filter(|one| one.subject.view == view) {
				if self.group.primary(view) != self.id() {
					let prepare = self.sign(accepted.subject, Kind::Prepare, out);
					self.slots
						.entry(seq)
						.or_default()
						.prepares
						.insert(prepare.signature.signer, prepare);
				}
			}
			if let Some(prepared) = slot.prepared.filter(|one| one.subject.view == view) {
				let commit = self.sign(prepared.subject, Kind::Commit, out);
				self.slots
					.entry(seq)
					.or_default()
					.commits
					.insert(commit.signature.signer, commit);
			}
		}
		if !self.active {
			self.send_view_change(out);
		}
	}

	/// Timers: patience runs while something waits to be executed.
	fn on_time(&mut self, now: LocalTime, out: &mut Out) {
		let pending = self.waiting
			|| self
				.slots
				.range(self.executed.next()..)
				.any(|(_, s)| s.accepted.is_some());
		if self.deadline.is_some_and(|deadline| now >= deadline) {
			self.deadline = None;
			self.start_view_change(View(self.view.0 + 1), out);
		}
		if self.deadline.is_none() && pending && (self.active || self.view_change_has_quorum()) {
			self.deadline = Some(now.after(self.timeout()));
		}
		if self.status_at.is_some_and(|at| now >= at) {
			self.status_at = None;
			self.broadcast(&PbftMessage::Status(self.view, self.active, self.executed), out);
			let missing = self.slots.values().filter(|slot| slot.body.is_none());
			let missing: Vec<_> = missing
				.filter_map(|slot| Some(slot.accepted?.subject.digest))
				.collect();
			for digest in missing {
				self.broadcast(&PbftMessage::Fetch(digest), out);
			}
			if !self.active {
				if let Some(own) = self.view_changes.get(&self.id()) {
					self.broadcast(&PbftMessage::ViewChange(own.clone()), out);
				}
			}
		}
		if self.status_at.is_none() {
			self.status_at = Some(now.after(self.settings.status_interval));
		}
		for at in [self.deadline, self.status_at].into_iter().flatten() {
			out.wake_at(at);
		}
	}
}

impl Replica for PbftReplica {
	type Message = PbftMessage;
	type Record = PbftRecord;

	fn handle(&mut self, now: LocalTime, input: Input<PbftMessage>, out: &mut Out) {
		if !self.replayed {
			self.replay(out);
			if self.is_primary() {
				out.leads(self.view.0);
			}
		}
		match input {
			Input::Time | Input::Persisted(_) => {}
			Input::Waiting(waiting) => self.waiting = waiting,
			Input::Built(body) => {
				self.building = false;
				self.propose(body, out);
			}
			Input::Message { from, message } => match message {
				PbftMessage::PrePrepare(signed, body) => self.on_pre_prepare(from, signed, body, out),
				PbftMessage::Prepare(signed) => self.on_vote(from, signed, Kind::Prepare, out),
				PbftMessage::Commit(signed) => self.on_vote(from, signed, Kind::Commit, out),
				PbftMessage::Checkpoint(checkpoint) => self.on_checkpoint(from, checkpoint, out),
				PbftMessage::ViewChange(view_change) => self.on_view_change(view_change, out),
				PbftMessage::NewView(new_view) => self.on_new_view(new_view, out),
				PbftMessage::Status(view, active, executed) => {
					self.on_status(from, view, active, executed, out)
				}
				PbftMessage::Fetch(digest) => self.on_fetch(from, digest, out),
				PbftMessage::Supply(body) => self.learn_body(body, out),
				PbftMessage::Decided(decided) => self.on_decided(from, decided, out),
			},
		}
		if self.is_primary() && self.waiting && !self.building && self.within_marks(self.next) {
			self.building = true;
			out.build();
		}
		self.on_time(now, out);
	}
}

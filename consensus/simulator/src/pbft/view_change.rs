//! How PBFT goes from one view to the next (sections 4.4 and 4.5 of the paper).

use super::{
	keys::Signature,
	messages::{
		proves, Checkpoint, Kind, NewView, PbftMessage, PbftRecord, Prepared, Seq, Signed, Subject, View,
		ViewChange,
	},
	replica::{Out, PbftReplica},
};
use crate::{
	cpu::Operation,
	replica::{BlockHash, Body, NodeId},
};
use std::{
	collections::{BTreeMap, BTreeSet},
	rc::Rc,
};

/// What a new view proposes again: for each number beyond the highest stable checkpoint of the view changes the
/// prepared request of the highest view, or the null request.
struct Carried {
	stable: Seq,
	state: BlockHash,
	proof: Vec<Signature>,
	requests: Vec<(Seq, BlockHash)>,
}

fn carried(view_changes: &[Rc<ViewChange>]) -> Carried {
	let base = view_changes.iter().max_by_key(|one| one.stable);
	let (stable, state, proof) = base.map_or((Seq(0), BlockHash([0; 32]), Vec::new()), |one| {
		(one.stable, one.state, one.proof.clone())
	});
	let mut best: BTreeMap<Seq, &Prepared> = BTreeMap::new();
	for prepared in view_changes.iter().flat_map(|one| &one.prepared) {
		let seq = prepared.subject.seq;
		if seq > stable
			&& best
				.get(&seq)
				.is_none_or(|other| other.subject.view < prepared.subject.view)
		{
			best.insert(seq, prepared);
		}
	}
	let highest = best.keys().next_back().copied().unwrap_or(stable);
	let null = super::messages::digest_of(Body::EMPTY);
	let requests = (stable.0 + 1..=highest.0).map(Seq);
	let requests = requests
		.map(|seq| {
			(
				seq,
				best.get(&seq).map_or(null, |prepared| prepared.subject.digest),
			)
		})
		.collect();
	Carried {
		stable,
		state,
		proof,
		requests,
	}
}

impl PbftReplica {
	/// Leaves the present view.
	pub(super) fn start_view_change(&mut self, view: View, out: &mut Out) {
		self.view = view;
		self.active = false;
		self.new_view = None;
		self.deadline = None;
		self.failures = self.failures.saturating_add(1);
		out.persist(PbftRecord::View(view, false));
		self.send_view_change(out);
		self.check_new_view(out);
	}

	/// Sends the view change for the view that the replica waits for.
	pub(super) fn send_view_change(&mut self, out: &mut Out) {
		let beyond = self.slots.iter().filter(|(seq, _)| **seq > self.stable);
		let prepared: Vec<_> = beyond.filter_map(|(_, slot)| slot.prepared.clone()).collect();
		out.work(Operation::Sign);
		let statement = ViewChange::statement(self.view, self.stable, self.stable_state, &prepared);
		let view_change = Rc::new(ViewChange {
			view: self.view,
			stable: self.stable,
			state: self.stable_state,
			proof: self.stable_proof.clone(),
			prepared,
			signature: self.signer.sign(&statement),
		});
		self.view_changes.insert(self.id(), view_change.clone());
		self.broadcast(&PbftMessage::ViewChange(view_change), out);
	}

	/// Whether `Q` replicas are on their way to the view that this one waits for, or beyond.
	pub(super) fn view_change_has_quorum(&self) -> bool {
		self.view_changes
			.values()
			.filter(|one| one.view >= self.view)
			.count() >= self.group.quorum()
	}

	fn is_valid(&self, view_change: &ViewChange) -> bool {
		let ViewChange {
			view,
			stable,
			state,
			proof,
			prepared,
			signature,
		} = view_change;
		let quorum = self.group.quorum();
		let window = 2 * self.settings.checkpoint_interval;
		let statement = ViewChange::statement(*view, *stable, *state, prepared);
		let rising = prepared
			.windows(2)
			.all(|pair| matches!(pair, [a, b] if a.subject.seq < b.subject.seq));
		let checkpoint = Checkpoint::statement(*stable, *state);
		self.verifier.verify(&statement, signature)
			&& (*stable == Seq(0) || proves(&self.verifier, &checkpoint, proof, quorum))
			&& rising && prepared.iter().all(|one| {
			let Subject { view: at, seq, .. } = one.subject;
			let primary = self.group.primary(at);
			at < *view
				&& seq > *stable
				&& seq.0 - stable.0 <= window
				&& one.proposal.signer == primary
				&& self
					.verifier
					.verify(&one.subject.statement(Kind::PrePrepare), &one.proposal)
				&& one.prepares.iter().all(|prepare| prepare.signer != primary)
				&& proves(
					&self.verifier,
					&one.subject.statement(Kind::Prepare),
					&one.prepares,
					quorum - 1,
				)
		})
	}

	pub(super) fn on_view_change(&mut self, view_change: Rc<ViewChange>, out: &mut Out) {
		let signer = view_change.signature.signer;
		let known = self
			.view_changes
			.get(&signer)
			.is_some_and(|one| one.view >= view_change.view);
		if known || view_change.view < self.view || (view_change.view == self.view && self.active) {
			return;
		}
		out.work(Operation::VerifyBatch(view_change.signatures()));
		if !self.is_valid(&view_change) {
			return;
		}
		self.view_changes.insert(signer, view_change);
		self.join_others(out);
		self.check_new_view(out);
	}

	/// With `f + 1` replicas beyond the present view at least one is honest: this one follows, to the lowest of
	/// their views that as many have reached.
	fn join_others(&mut self, out: &mut Out) {
		let mut ahead: Vec<_> = self
			.view_changes
			.values()
			.map(|one| one.view)
			.filter(|view| *view > self.view)
			.collect();
		ahead.sort();
		if ahead.len() > self.group.f as usize {
			if let Some(lowest) = ahead.first() {
				self.start_view_change(*lowest, out);
			}
		}
	}

	/// The primary of the coming view begins it with `Q` view changes.
	fn check_new_view(&mut self, out: &mut Out) {
		if self.active || self.group.primary(self.view) != self.id() {
			return;
		}
		let view_changes: Vec<_> = self
			.view_changes
			.values()
			.filter(|one| one.view == self.view)
			.take(self.group.quorum())
			.cloned()
			.collect();
		if view_changes.len() < self.group.quorum() {
			return;
		}
		let proposals: Vec<_> = carried(&view_changes)
			.requests
			.into_iter()
			.map(|(seq, digest)| {
				out.work(Operation::Sign);
				let subject = Subject {
					view: self.view,
					seq,
					digest,
				};
				Signed {
					subject,
					signature: self.signer.sign(&subject.statement(Kind::PrePrepare)),
				}
			})
			.collect();
		out.work(Operation::Sign);
		let signature = self.signer.sign(&NewView::statement(self.view, &proposals));
		let new_view = Rc::new(NewView {
			view: self.view,
			view_changes,
			proposals,
			signature,
		});
		out.leads(self.view.0);
		self.enter(new_view.clone(), out);
		// Everything that entering logged is synced before the others hear of it.
		self.broadcast(&PbftMessage::NewView(new_view), out);
	}

	pub(super) fn on_new_view(&mut self, new_view: Rc<NewView>, out: &mut Out) {
		let view = new_view.view;
		if view < self.view || (view == self.view && self.active) {
			return;
		}
		out.work(Operation::VerifyBatch(new_view.signatures()));
		let signers: BTreeSet<NodeId> = new_view
			.view_changes
			.iter()
			.map(|one| one.signature.signer)
			.collect();
		let primary = self.group.primary(view);
		let statement = NewView::statement(view, &new_view.proposals);
		let justified = new_view.signature.signer == primary
			&& self.verifier.verify(&statement, &new_view.signature)
			&& signers.len() == new_view.view_changes.len()
			&& signers.len() >= self.group.quorum()
			&& new_view
				.view_changes
				.iter()
				.all(|one| one.view == view && self.is_valid(one));
		if !justified {
			return;
		}
		// Only what is valid is carried over: then the numbers are within one window.
		let expected = carried(&new_view.view_changes).requests;
		let follows = new_view.proposals.len() == expected.len()
			&& new_view
				.proposals
				.iter()
				.zip(expected)
				.all(|(signed, (seq, digest))| {
					signed.subject == Subject { view, seq, digest }
						&& signed.signature.signer == primary
						&& self
							.verifier
							.verify(&signed.subject.statement(Kind::PrePrepare), &signed.signature)
				});
		if follows {
			self.enter(new_view, out);
		}
	}

	/// Puts a justified view into force.
	fn enter(&mut self, new_view: Rc<NewView>, out: &mut Out) {
		self.view = new_view.view;
		self.active = true;
		self.deadline = None;
		out.persist(PbftRecord::View(self.view, true));
		let base = carried(&new_view.view_changes);
		self.adopt_stable(base.stable, base.state, base.proof, out);
		let last = new_view
			.proposals
			.last()
			.map_or(base.stable, |signed| signed.subject.seq);
		self.next = last.max(self.stable).next();
		self.new_view = Some(new_view.clone());
		self.view_changes.retain(|_, one| one.view > new_view.view);
		for signed in &new_view.proposals {
			if self.within_marks(signed.subject.seq) {
				self.accept(*signed, None, out);
			}
		}
	}
}

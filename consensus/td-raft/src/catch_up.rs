//! Catching up and repeating: of each kind the latest message is repeated until it is superseded, and receivers are
//! idempotent.

use veilmart_td_raft::SetId;

use crate::{
	core::Core,
	crypto::{Crypto, Scheme},
	io::To,
	log::Saved,
	message::{CatchUp, Notice, Promise, Status},
	safety::Mandate,
};

impl<C: Crypto> Core<C> {
	fn status(&self) -> Status {
		let durable = self.safety.durable();
		Status {
			set_id: self.set().id(),
			term: durable.current_term,
			led: durable.mandate.is_some(),
			attempt: durable.attempt,
			high_qc: durable.high_qc.rank(),
			commit_qc: self.chain.anchor().commit_qc.rank(),
		}
	}

	/// Says what it has to everybody.
	pub(crate) fn send_status(&mut self) {
		let status = self.status();
		self.notify(To::Others, Notice::Status(status));
	}

	/// Says what it has to a new peer.
	pub(crate) fn greet(&mut self, peer: <C::Scheme as Scheme>::Id) {
		let status = self.status();
		self.notify(To::One(peer), Notice::Status(status));
	}

	/// Answers with what the other lacks.
	pub(crate) fn on_status(&mut self, from: <C::Scheme as Scheme>::Id, status: &Status) {
		let durable = self.safety.durable();
		let anchor = self.chain.anchor();
		// The certificates of a later set mean nothing to one who does not know that set yet: it gets the handover first.
		let next = SetId(status.set_id.0.saturating_add(1));
		let can_verify = anchor.set.id() <= next;
		let same_set = durable.set_id == status.set_id && anchor.set.id() == status.set_id;
		let mandate = durable.mandate.as_ref().filter(|_| {
			same_set
				&& (durable.current_term > status.term || durable.current_term == status.term && !status.led)
		});
		let certificate = match mandate {
			Some(Mandate::Elected(certificate)) => Some(certificate.clone()),
			_ => None,
		};
		let entry = self
			.election
			.attempt
			.as_ref()
			.filter(|attempt| same_set && attempt.term > status.attempt);
		let of_interest = |rank| can_verify && rank > status.commit_qc;
		let answer = CatchUp {
			handover: self.chain.handover(status.set_id).cloned(),
			high_qc: (can_verify && durable.high_qc.rank() > status.high_qc).then(|| durable.high_qc.clone()),
			commit_qc: of_interest(anchor.commit_qc.rank()).then(|| anchor.commit_qc.clone()),
			certificate,
			entry: entry.map(|attempt| attempt.entry.clone()),
		};
		if !answer.is_empty() {
			self.notify(To::One(from), Notice::CatchUp(answer));
		}
	}

	/// Takes what it lacked, up to the first false part: of one that sends such a part nothing more is verified.
	pub(crate) fn on_catch_up(&mut self, catch_up: CatchUp<C::Scheme>) {
		let CatchUp {
			handover,
			high_qc,
			commit_qc,
			certificate,
			entry,
		} = catch_up;
		for qc in [handover, commit_qc, high_qc].into_iter().flatten() {
			self.on_qc(&qc);
			if self.is_false() {
				return;
			}
		}
		if let Some(certificate) = certificate {
			self.adopt(&certificate);
		}
		if self.is_false() {
			return;
		}
		if let Some(entry) = entry {
			self.on_entry(entry);
		}
	}

	/// Repeats what has had no effect yet.
	pub(crate) fn repeat(&mut self) {
		let Some(me) = self.index() else { return };
		self.repeat_votes();
		self.recall_vote();
		self.repeat_election();
		self.repeat_wish();
		self.repeat_as_leader(me);
	}

	/// Repeats the prepare vote until its block is certified, the commit vote until it is final.
	fn repeat_votes(&mut self) {
		let durable = self.safety.durable();
		let Some(leader) = durable.mandate.as_ref().map(Mandate::leader) else {
			return;
		};
		let (high, root) = (durable.high_qc.rank(), self.chain.root().number);
		let prepare = self
			.own_votes
			.prepare
			.as_ref()
			.filter(|(target, _)| target.rank() > high);
		let commit = self
			.own_votes
			.commit
			.as_ref()
			.filter(|(target, _)| target.number > root);
		let votes: Vec<Saved<Promise<C::Scheme>>> = prepare
			.into_iter()
			.chain(commit)
			.map(|(_, vote)| vote.clone())
			.collect();
		for vote in votes {
			self.promise_to(leader, &vote);
		}
	}
}

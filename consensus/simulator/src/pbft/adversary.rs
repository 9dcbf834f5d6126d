//! Faulty replicas of PBFT, by name. Each holds its own key only.

use super::{
	keys::{Signature, Signer},
	messages::{digest_of, Group, Kind, PbftMessage, Signed, Subject, ViewChange},
};
use crate::{
	clock::LocalTime,
	replica::{Body, NodeId, Tamper},
};
use std::rc::Rc;

/// What a faulty replica does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
	/// Sends nothing.
	Silent,
	/// Takes no notice of half of the others and sends them nothing.
	Ignoring,
	/// Signs wrongly.
	Garbling,
	/// Sends each vote in the names of two others as well.
	Forging,
	/// As primary proposes nothing to half of the others and the request to the rest; votes for both.
	Equivocating,
	/// As primary serves only as many as a quorum needs less one.
	ServingSome,
	/// Never sends a commit.
	WithholdingCommits,
	/// Pretends in view changes that nothing was prepared.
	Forgetting,
}

impl Behaviour {
	/// All names.
	pub const NAMES: &'static [&'static str] = &[
		"silent",
		"ignoring",
		"garbling",
		"forging",
		"equivocating leader",
		"leader serving only some",
		"withholding commits",
		"forgetting",
	];

	/// The behaviour of a name.
	pub fn by_name(name: &str) -> Option<Self> {
		Some(match name {
			"silent" => Behaviour::Silent,
			"ignoring" => Behaviour::Ignoring,
			"garbling" => Behaviour::Garbling,
			"forging" => Behaviour::Forging,
			"equivocating leader" => Behaviour::Equivocating,
			"leader serving only some" => Behaviour::ServingSome,
			"withholding commits" => Behaviour::WithholdingCommits,
			"forgetting" => Behaviour::Forgetting,
			_ => return None,
		})
	}
}

/// A faulty replica.
pub struct PbftAdversary {
	behaviour: Behaviour,
	group: Group,
	signer: Signer,
}

impl PbftAdversary {
	/// A replica with this behaviour and its own key.
	pub fn new(behaviour: Behaviour, group: Group, signer: Signer) -> Self {
		Self {
			behaviour,
			group,
			signer,
		}
	}

	fn is_odd(to: NodeId) -> bool {
		to.0 % 2 == 1
	}

	/// The same vote or proposal, but for the null request.
	fn for_null(&self, signed: Signed, kind: Kind) -> Signed {
		let subject = Subject {
			digest: digest_of(Body::EMPTY),
			..signed.subject
		};
		Signed {
			subject,
			signature: self.signer.sign(&subject.statement(kind)),
		}
	}

	fn equivocate(&self, to: NodeId, message: PbftMessage) -> PbftMessage {
		if !Self::is_odd(to) {
			return message;
		}
		match message {
			PbftMessage::PrePrepare(signed, _) => {
				PbftMessage::PrePrepare(self.for_null(signed, Kind::PrePrepare), Some(Body::EMPTY))
			}
			PbftMessage::Prepare(signed) => PbftMessage::Prepare(self.for_null(signed, Kind::Prepare)),
			PbftMessage::Commit(signed) => PbftMessage::Commit(self.for_null(signed, Kind::Commit)),
			other => other,
		}
	}

	fn forget(&self, view_change: &ViewChange) -> ViewChange {
		let (view, stable, state) = (view_change.view, view_change.stable, view_change.state);
		let signature = self.signer.sign(&ViewChange::statement(view, stable, state, &[]));
		ViewChange {
			prepared: Vec::new(),
			signature,
			..view_change.clone()
		}
	}
}

fn garbled(message: PbftMessage) -> PbftMessage {
	let wrong = |signed: Signed| Signed {
		signature: signed.signature.garbled(),
		..signed
	};
	match message {
		PbftMessage::PrePrepare(signed, body) => PbftMessage::PrePrepare(wrong(signed), body),
		PbftMessage::Prepare(signed) => PbftMessage::Prepare(wrong(signed)),
		PbftMessage::Commit(signed) => PbftMessage::Commit(wrong(signed)),
		PbftMessage::ViewChange(one) => {
			let signature = one.signature.garbled();
			PbftMessage::ViewChange(Rc::new(ViewChange {
				signature,
				..(*one).clone()
			}))
		}
		other => other,
	}
}

impl Tamper<PbftMessage> for PbftAdversary {
	fn outgoing(&mut self, _: LocalTime, to: NodeId, message: PbftMessage) -> Vec<(NodeId, PbftMessage)> {
		let message = match self.behaviour {
			Behaviour::Silent => return Vec::new(),
			Behaviour::Ignoring if Self::is_odd(to) => return Vec::new(),
			Behaviour::Ignoring => message,
			Behaviour::Garbling => garbled(message),
			Behaviour::Forging => {
				let mut all = vec![(to, message.clone())];
				for other in NodeId::all(self.group.n)
					.filter(|other| *other != self.signer.id() && *other != to)
					.take(2)
				{
					let forge = |signed: Signed, kind| Signed {
						signature: Signature::forged(other, &signed.subject.statement(kind)),
						..self.for_null(signed, kind)
					};
					match &message {
						PbftMessage::Prepare(signed) => {
							all.push((to, PbftMessage::Prepare(forge(*signed, Kind::Prepare))))
						}
						PbftMessage::Commit(signed) => {
							all.push((to, PbftMessage::Commit(forge(*signed, Kind::Commit))))
						}
						_ => {}
					}
				}
				return all;
			}
			Behaviour::Equivocating => self.equivocate(to, message),
			Behaviour::ServingSome => match message {
				PbftMessage::PrePrepare(..) | PbftMessage::Supply(_) | PbftMessage::Decided(_)
					if to.index() + 1 >= self.group.quorum() =>
				{
					return Vec::new()
				}
				other => other,
			},
			Behaviour::WithholdingCommits => match message {
				PbftMessage::Commit(_) | PbftMessage::Decided(_) => return Vec::new(),
				other => other,
			},
			Behaviour::Forgetting => match message {
				PbftMessage::ViewChange(one) => PbftMessage::ViewChange(Rc::new(self.forget(&one))),
				other => other,
			},
		};
		vec![(to, message)]
	}

	fn incoming(&mut self, from: NodeId, _: &PbftMessage) -> bool {
		self.behaviour != Behaviour::Ignoring || !Self::is_odd(from)
	}
}

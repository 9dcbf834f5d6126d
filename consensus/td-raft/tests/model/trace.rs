//! Traces that can be read.

use veilmart_td_raft::{Phase, Target};
use veilmart_td_raft_core::{
	message::{Message, Notice, Promise},
	symbolic::Digest,
	To,
};

use crate::{
	node::{What, Wire},
	world::{Action, Protocol, World},
};

impl Protocol {
	/// An action, for people.
	pub fn describe(&self, action: &Action) -> String {
		let name = |who: &u8| self.name(*who).0;
		match action {
			Action::Deliver { wire, to } => format!("{} ← {}", name(to), self.sent(*wire)),
			Action::Collect {
				to,
				phase,
				target,
				votes,
			} => {
				format!(
					"{} ← {} votes: {} {}",
					name(to),
					votes.len(),
					phase_name(*phase),
					block_name(target)
				)
			}
			Action::Gate { set } => format!("all of set {set} lose patience, and enter an attempt"),
			Action::Elapse { who, timer } => format!("{}: {timer:?} runs out", name(who)),
			Action::Sync { who } => format!("{}: on disk", name(who)),
			Action::Crash { who, database: true } => format!("{}: crash, restart", name(who)),
			Action::Crash { who, database: false } => {
				format!("{}: crash, restart without the database", name(who))
			}
		}
	}

	fn sent(&self, wire: u32) -> String {
		let Wire { from, what, .. } = &*self.wire(wire);
		let to = match self.wire(wire).to {
			To::One(to) => format!(" (for {})", to.0),
			To::Others => String::new(),
		};
		format!("{}{to}: {}", from.0, describe(what))
	}

	/// Where everybody is.
	pub fn describe_world(&self, world: &World) -> String {
		let line = |(name, node): (u16, std::sync::Arc<crate::node::Node>)| {
			let durable = node.core.durable();
			let high = &durable.high_qc;
			format!(
				"  {name}: set {} term {} leader {:?} prepared {} high {} {} final {:?}{}\n",
				durable.set_id,
				durable.current_term,
				durable.mandate.as_ref().map(|mandate| mandate.leader().0),
				durable
					.prepared
					.map_or("nothing".into(), |target| block_name(&target)),
				phase_name(high.phase),
				block_name(&high.target),
				node.finalized.iter().map(short).collect::<Vec<_>>(),
				node.broken
					.map_or(String::new(), |(_, broken)| format!(" BROKEN: {broken}")),
			)
		};
		let states: String = self.local_states(world).into_iter().map(line).collect();
		let sent = self.pool(world).into_iter().map(|wire| describe(&wire.what));
		let certificates: Vec<_> = sent.filter(|what| what.contains(" certificate of ")).collect();
		format!("{states}  sent: {}\n", certificates.join(", "))
	}
}

fn short(hash: &Digest) -> String {
	format!("{:04x}", hash.0 & 0xffff)
}

fn block_name(target: &Target<Digest>) -> String {
	format!(
		"{}/{}/{}#{}",
		target.set_id,
		target.term,
		target.number,
		short(&target.hash)
	)
}

fn phase_name(phase: Phase) -> &'static str {
	match phase {
		Phase::Prepare => "prepare",
		Phase::Commit => "commit",
	}
}

fn describe(what: &What) -> String {
	let message = match what {
		What::Block(block) => {
			let first = if block.digest.election.is_some() {
				", first of its term"
			} else {
				""
			};
			let closing = if block.is_closing() { ", closing" } else { "" };
			let parent = block_name(&block.digest.parent_qc.target);
			return format!(
				"block {} on {parent}{first}{closing}",
				block_name(&block.target())
			);
		}
		What::Message(message) => message,
	};
	match message {
		Message::Promise(Promise::Vote(vote)) => {
			format!("{} {}", phase_name(vote.phase), block_name(&vote.target))
		}
		Message::Promise(Promise::ElectionVote(vote, _)) => {
			let high = block_name(&vote.ballot.high_qc);
			format!(
				"election vote for {} in term {}, has {high}",
				vote.candidate.0, vote.term
			)
		}
		Message::Promise(Promise::Reconfirm(signed)) => {
			let term = signed.body.certificate.term;
			format!("reconfirm {} in term {term}", block_name(&signed.body.qc.target))
		}
		Message::Promise(Promise::RequestVote(signed)) => format!("vote for me in term {}", signed.body.term),
		Message::Notice(Notice::Certified(qc)) => {
			format!(
				"{} certificate of {}",
				phase_name(qc.phase),
				block_name(&qc.target)
			)
		}
		Message::Notice(Notice::Elected(certificate)) => {
			let maximum = certificate.maximum().map_or("nothing".into(), block_name);
			format!(
				"{} is elected for term {}, maximum {maximum}",
				certificate.leader.0, certificate.term
			)
		}
		other => format!("{other:?}").chars().take(120).collect(),
	}
}

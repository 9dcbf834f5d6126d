//! Persist before send, as a matter of types.
//!
//! A rule in [`crate::safety`] that makes a promise gives it as [`Unsaved`], which nothing can read. [`Outbox::save`]
//! turns it into [`Saved`]: it writes the whole [`Durable`] state on which the promise depends to the log. Only a
//! [`Saved`] can be sent, and [`Outbox`] holds it back until the driver says that the log has reached the disk. No
//! other code can make an [`Unsaved`], a [`Saved`] or a promise to send.
//!
//! A record is the whole state, a few hundred bytes and two certificates, so that replaying the log is reading its
//! last record, and parts that have to be written together are.

use codec::{Decode, Encode};
use std::{collections::VecDeque, sync::Arc};
use veilmart_td_raft::Number;

use crate::{
	block::Block,
	crypto::{Evidence, Qc, Scheme},
	io::{Build, Output, To},
	message::{Message, Notice, Promise},
	mutants::{mutated, Mutants},
	safety::{Durable, Proposed, Rule, Safety},
};

/// Number of a record in the log since the start, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Sequence(pub u64);

/// What is written at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Record<S: Scheme> {
	/// The state. The last one counts.
	pub durable: Durable<S>,
	/// A block whose body has to be in the log before the promise leaves.
	pub block: Option<Arc<Block<S>>>,
}

/// What depends on state that is not in the log yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct Unsaved<T>(T);

impl<T> Unsaved<T> {
	/// For the voting rules only: nobody else has a [`Rule`].
	pub(crate) fn new(_: Rule, value: T) -> Self {
		Self(value)
	}

	/// The same dependence.
	pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Unsaved<U> {
		Unsaved(f(self.0))
	}
}

/// What depends on the log up to a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Saved<T> {
	value: T,
	after: Sequence,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Waiting<S: Scheme> {
	Send {
		to: To<S::Id>,
		own: bool,
		promise: Promise<S>,
	},
	Propose {
		block: Arc<Block<S>>,
		vote: Promise<S>,
	},
}

/// What waits for the log, and what has left.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outbox<S: Scheme> {
	mutants: Mutants,
	written: Sequence,
	persisted: Sequence,
	waiting: VecDeque<(Sequence, Waiting<S>)>,
	outputs: Vec<Output<S>>,
	own: VecDeque<Promise<S>>,
}

/// What can be handed to the driver at once. Promises and proposals are not among it.
pub(crate) enum Free<S: Scheme> {
	Send(To<S::Id>, Notice<S>),
	Build(Build<S>),
	Finalize(S::BlockHash, Number, Qc<S>),
	Fetch(S::BlockHash, Number, S::Id),
	Report(Evidence<S>),
	Submit(S::Transaction),
}

impl<S: Scheme> Outbox<S> {
	pub(crate) fn new(mutants: Mutants) -> Self {
		Self {
			mutants,
			written: Sequence(0),
			persisted: Sequence(0),
			waiting: VecDeque::new(),
			outputs: Vec::new(),
			own: VecDeque::new(),
		}
	}

	/// Writes the state if it has changed since it was last written, and the block if there is one.
	pub(crate) fn save<T>(
		&mut self,
		unsaved: Unsaved<T>,
		safety: &mut Safety<S>,
		block: Option<&Arc<Block<S>>>,
	) -> Saved<T> {
		let changed = safety.take_changed();
		if changed || block.is_some() {
			self.written.0 += 1;
			let mut durable = safety.durable().clone();
			if mutated!(self.mutants, TermNotPersisted) {
				durable.forget_term();
			}
			let record = Record {
				durable,
				block: block.cloned(),
			};
			self.outputs.push(Output::Persist(self.written, Arc::new(record)));
		}
		Saved {
			value: unsaved.0,
			after: self.written,
		}
	}

	/// Sends a promise once the log has reached the disk; to oneself, too, if one counts one's own.
	pub(crate) fn send(&mut self, to: To<S::Id>, own: bool, promise: &Saved<Promise<S>>) {
		let waiting = Waiting::Send {
			to,
			own,
			promise: promise.value.clone(),
		};
		self.queue(promise.after, waiting);
	}

	/// Lets a block go, and counts the own vote for it.
	pub(crate) fn propose(&mut self, proposed: &Saved<Proposed<S>>) {
		let Proposed { block, vote } = proposed.value.clone();
		self.queue(proposed.after, Waiting::Propose { block, vote });
	}

	fn queue(&mut self, after: Sequence, waiting: Waiting<S>) {
		if after <= self.persisted || mutated!(self.mutants, SendBeforePersist) {
			self.release(waiting);
		} else {
			self.waiting.push_back((after, waiting));
		}
	}

	fn release(&mut self, waiting: Waiting<S>) {
		match waiting {
			Waiting::Send { to, own, promise } => {
				if own {
					self.own.push_back(promise.clone());
				}
				// A promise to oneself alone needs no network.
				if !own || to == To::Others {
					self.outputs.push(Output::Send(to, Message::Promise(promise)));
				}
			}
			Waiting::Propose { block, vote } => {
				self.own.push_back(vote);
				self.outputs.push(Output::Propose(block));
			}
		}
	}

	/// The log has reached the disk up to here.
	pub(crate) fn persisted(&mut self, up_to: Sequence) {
		// A record that was not written cannot be on disk.
		self.persisted = self.persisted.max(up_to.min(self.written));
		while let Some((after, waiting)) = self.waiting.pop_front() {
			if after > self.persisted {
				self.waiting.push_front((after, waiting));
				break;
			}
			self.release(waiting);
		}
	}

	/// Hands out what binds nobody.
	pub(crate) fn free(&mut self, free: Free<S>) {
		self.outputs.push(match free {
			Free::Send(to, notice) => Output::Send(to, Message::Notice(notice)),
			Free::Build(build) => Output::Build(build),
			Free::Finalize(hash, number, certificate) => Output::Finalize {
				hash,
				number,
				certificate,
			},
			Free::Fetch(hash, number, from) => Output::Fetch { hash, number, from },
			Free::Report(evidence) => Output::Report(evidence),
			Free::Submit(transaction) => Output::Submit(transaction),
		});
	}

	/// The next promise to oneself.
	pub(crate) fn next_own(&mut self) -> Option<Promise<S>> {
		self.own.pop_front()
	}

	/// All outputs so far, in order.
	pub(crate) fn take(&mut self) -> Vec<Output<S>> {
		std::mem::take(&mut self.outputs)
	}
}

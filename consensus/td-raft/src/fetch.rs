//! Fetching blocks that should be there and are not.
//!
//! Certificates are small and overtake the blocks that they certify: a leader's uplink is the narrowest place of the
//! protocol, and a block may wait in it long after Q others have voted. Who asked for each such block would make the
//! others send a second copy of everything. So:
//!
//! - only the highest block that is missing is asked for, with those of its ancestors that are missing, by one request
//!   at a time to one peer;
//! - a block that is expected from a live leader is asked for only after nothing came for half of `election_timeout`,
//!   which leaves as much for the answer before patience runs out. Expected are the blocks of the current term, up to
//!   [`WINDOW`] above the highest that is there, while the gate is closed. A leader that withholds blocks from some
//!   gains that much: the chain goes on without their votes, or it is replaced;
//! - any other is asked for at once: of an earlier term, whose leader is gone, or far above;
//! - requests go round the signers of the certificate: the honest ones of a prepare certificate, f+1 at least, have the
//!   block in their log, and at least one of a commit certificate's, which shares an honest signer with the prepare
//!   certificate that it rests on. Between requests without effect the time doubles from `heartbeat` (at least 2Δ) to
//!   `election_timeout`.

use veilmart_td_raft::{Number, SetId, Term};

use crate::{
	core::Core,
	crypto::{Crypto, Hashed, Qc, Scheme},
	io::Instant,
	log::Free,
	safety::{Mandate, WINDOW},
	timers::Timer,
};

/// What is missing, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fetching<S: Scheme> {
	/// The block that the leader of this set and term said it proposed last.
	tip: Option<(SetId, Term, Number, S::BlockHash)>,
	/// The missing parent of an imported block, and that block's sealer.
	orphaned: Option<(Number, S::BlockHash, S::Id)>,
	/// The last request for what is missing now.
	search: Option<Search>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Search {
	/// Since when something is missing; since the last block or request.
	since: Instant,
	/// Requests since the last block.
	unanswered: u32,
	/// Requests in all: whose turn it is.
	turn: usize,
}

/// A block that is missing.
struct Missing<S: Scheme> {
	hash: S::BlockHash,
	number: Number,
	/// Those who should have it.
	holders: Vec<S::Id>,
	/// Whether the leader is expected to send it.
	expected: bool,
}

impl<S: Scheme> Fetching<S> {
	pub(crate) fn new() -> Self {
		Self {
			tip: None,
			orphaned: None,
			search: None,
		}
	}
}

impl<C: Crypto> Core<C> {
	/// The leader of the current term has said which block it proposed last.
	pub(crate) fn tip_named(&mut self, tip: Option<(Number, Hashed<C::Scheme>)>) {
		let durable = self.safety.durable();
		self.fetching.tip = tip.map(|(number, hash)| (durable.set_id, durable.current_term, number, hash));
	}

	/// A block came whose parent is missing.
	pub(crate) fn orphaned(
		&mut self,
		parent: Hashed<C::Scheme>,
		number: Number,
		sealer: <C::Scheme as Scheme>::Id,
	) {
		self.fetching.orphaned = Some((number, parent, sealer));
	}

	/// A block came: what is missing next may be on its way, too.
	pub(crate) fn block_came(&mut self) {
		let now = self.now;
		if let Some(search) = &mut self.fetching.search {
			search.since = now;
			search.unanswered = search.unanswered.min(1);
		}
	}

	/// Asks for what is missing if it is time; `due` says that it is, whatever the clock says.
	pub(crate) fn review_fetch(&mut self, due: bool) {
		let Some(missing) = self.missing() else {
			self.fetching.search = None;
			return self.timers.clear(Timer::Fetch);
		};
		let now = self.now;
		let mut search = self.fetching.search.unwrap_or(Search {
			since: now,
			unanswered: 0,
			turn: self.index().map_or(0, |me| usize::from(me.0)),
		});
		let at = search
			.since
			.saturating_add(self.pause(missing.expected, search.unanswered));
		if due || now >= at {
			if let Some(holder) = missing.holders.get(search.turn % missing.holders.len().max(1)) {
				self.outbox
					.free(Free::Fetch(missing.hash, missing.number, *holder));
			}
			search.since = now;
			search.unanswered = search.unanswered.saturating_add(1);
			search.turn = search.turn.wrapping_add(1);
		}
		let pause = self.pause(missing.expected, search.unanswered);
		self.timers.set(Timer::Fetch, search.since.saturating_add(pause));
		self.fetching.search = Some(search);
	}

	/// How long to wait before the next request.
	fn pause(&self, expected: bool, unanswered: u32) -> u64 {
		let timing = &self.config.timing;
		let patience = u64::from(timing.election_timeout);
		let again = match unanswered.checked_sub(1) {
			None => 0,
			Some(doublings) => {
				let first = u64::from(timing.heartbeat)
					.max(2 * u64::from(timing.delta))
					.max(1);
				(first << doublings.min(16)).min(patience)
			}
		};
		if expected {
			again.max(patience / 2)
		} else {
			again
		}
	}

	/// The highest block that should be there, is not, and can be asked for.
	fn missing(&self) -> Option<Missing<C::Scheme>> {
		let root = self.chain.root().number;
		let durable = self.safety.durable();
		let (set_id, term) = (durable.set_id, durable.current_term);
		// Asked after every step: most of the time nothing is missing, and no list of holders is made.
		let is_missing = |number: Number, hash: &_| number > root && !self.chain.has(hash);
		let of_certificate = |qc: &Qc<C::Scheme>| {
			is_missing(qc.target.number, &qc.target.hash).then(|| Missing {
				hash: qc.target.hash,
				number: qc.target.number,
				holders: self.signers(qc),
				expected: self.is_expected(qc.target.set_id, qc.target.term, qc.target.number),
			})
		};
		let leader = durable
			.mandate
			.as_ref()
			.and_then(|mandate| self.id_of(mandate.leader()));
		let tip = self
			.fetching
			.tip
			.filter(|(of_set, of_term, ..)| (*of_set, *of_term) == (set_id, term))
			.filter(|(_, _, number, hash)| is_missing(*number, hash))
			.map(|(_, _, number, hash)| Missing {
				hash,
				number,
				holders: leader.into_iter().filter(|id| *id != self.config.me).collect(),
				expected: self.is_expected(set_id, term, number),
			});
		let orphaned = self
			.fetching
			.orphaned
			.filter(|(number, hash, _)| is_missing(*number, hash))
			.map(|(number, hash, sealer)| Missing {
				hash,
				number,
				holders: vec![sealer],
				expected: false,
			});
		// Of a certificate from a later set than the blocks that are there, the signers are not known yet.
		let certified = [&durable.high_qc, &self.chain.anchor().commit_qc].map(of_certificate);
		certified
			.into_iter()
			.chain([tip, orphaned])
			.flatten()
			.find(|missing| !missing.holders.is_empty())
	}

	/// Whether a block should come from the leader by itself.
	fn is_expected(&self, set_id: SetId, term: Term, number: Number) -> bool {
		let durable = self.safety.durable();
		let leader = durable.mandate.as_ref().map(Mandate::leader);
		let highest = self.chain.pending().map(|pending| pending.block.number).max();
		let highest = highest.unwrap_or(self.chain.root().number);
		(set_id, term) == (durable.set_id, durable.current_term)
			&& leader.is_some()
			&& leader != self.index()
			&& !self.gate_is_open()
			&& number.0 <= highest.0.saturating_add(WINDOW)
	}

	/// Those who signed a certificate, without oneself.
	fn signers(&self, qc: &Qc<C::Scheme>) -> Vec<<C::Scheme as Scheme>::Id> {
		let Some(set) = self.chain.anchor().set_of(qc.target.set_id) else {
			return Vec::new();
		};
		let signers = qc.signatures.iter().filter_map(|(signer, _)| set.get(*signer));
		signers
			.map(|authority| authority.id)
			.filter(|id| *id != self.config.me)
			.collect()
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		core::{Config, Core},
		io::{Input, Output},
		lab::{keys, Lab, SymbolicBlock},
		message::{Message, Notice},
		mutants::Mutants,
		symbolic::{Digest, Keys, Name},
		Anchor,
	};
	use std::sync::Arc;
	use veilmart_td_raft::{Phase, Timing};

	/// An authority of a set of four that has the first block of a term and two on it, and lacks what the others have certified
	/// above these. With one more on the first.
	fn lacking() -> (Core<Keys>, Arc<SymbolicBlock>) {
		let lab = Lab::new();
		let config = Config {
			genesis: lab.genesis.hash,
			me: Name(3),
			timing: Timing::LOCAL,
			mutants: Mutants::default(),
		};
		let anchor = Anchor::genesis(lab.genesis.clone(), lab.set.clone());
		let mut core = Core::restore(config, keys(3), anchor, None, 0);
		let first = lab.child(&lab.genesis, 1, 0, |_| {});
		let child = |another: u64| {
			lab.child(&first, 1, 0, |block| {
				block.digest.commit_qc.target.hash = Digest(another)
			})
		};
		for block in [first.clone(), child(0), child(1)] {
			let certified = false;
			core.step(0, Input::Imported { block, certified });
		}
		let missing = lab.child(&child(9), 1, 0, |_| {});
		let certificate = lab.qc(Phase::Prepare, missing.target());
		let message = Message::Notice(Notice::Certified(certificate));
		core.step(
			0,
			Input::Message {
				from: Name(0),
				message,
			},
		);
		assert_eq!(core.durable().high_qc.target, missing.target());
		(core, child(2))
	}

	/// When it asks for what is missing, if it is given this just before it would.
	fn asked_at(input: impl FnOnce(Arc<SymbolicBlock>) -> Input<crate::symbolic::Symbols>) -> u64 {
		let (mut core, sibling) = lacking();
		let pause = u64::from(Timing::LOCAL.election_timeout) / 2;
		core.step(pause - 1, input(sibling.clone()));
		assert!(core.chain().has(&sibling.hash), "it is kept");
		let is_request = |output: &Output<_>| matches!(output, Output::Fetch { .. });
		let mut times = pause..;
		let asked = times.find(|now| core.step(*now, Input::Tick).iter().any(is_request));
		asked.expect("it is asked for in the end")
	}

	/// A leader that seals one sibling after the other does not keep an authority from asking for what is certified.
	#[test]
	fn a_block_that_is_sought_does_not_put_off_the_next_request() {
		let pause = u64::from(Timing::LOCAL.election_timeout) / 2;
		assert_eq!(asked_at(Input::Sought), pause);
		let certified = true;
		let on_the_way = asked_at(|block| Input::Imported { block, certified });
		assert_eq!(on_the_way, 2 * pause - 1, "more is on its way, perhaps");
	}
}

//! The dates of blocks.
//!
//! Deadlines are dates of blocks, and the leader dates those. A block that is dated ahead of an authority's clock is not imported
//! there; but beside that each has only to be dated after its parent. So a leader could have the chain's time stand still for minutes,
//! with blocks that are dated a millisecond apart, and have it catch up within a second. Therefore *no authority gives a first
//! prepare vote for a block that is dated more than [`MAX_BEHIND`] before its wall clock*.
//!
//! - *At the vote*, by the clock of that moment. A block that came in time may be voted for much later: while it was more than
//!   sixteen above what is final, say, and a leader held back the commit certificate. Judged when it came, it would be certified as late
//!   as its leader likes.
//! - *First votes only.* Q voters have at least f + 1 honest ones among them, who found the block in time. What is certified is not
//!   judged again: not by who commits it, confirms it again or builds on it, however long the chain has stood still. Nor is a vote that
//!   was given and is repeated, after a restart for example.
//! - *Nobody stalls.* The block is valid, is imported and costs nobody anything but this vote. It can be certified by others; if it
//!   is not, nothing is committed, patience runs out, and the next leader builds another block of that height. That goes for an
//!   honest leader, too, whose block was half a minute on its way: it cannot take it back, for it has sealed it. What it has
//!   *not* sealed into its log yet it builds again: a machine slept while it was being built, and nobody would vote for it. An authority
//!   alone needs no votes but its own, which is in the log with the block.
//! - *Safety* does not rest on it: whoever abstains promises nothing, and changes nothing that is written.

use veilmart_td_raft::Target;

use crate::{
	block::Block,
	chain::Pending,
	core::Core,
	crypto::{Crypto, Hashed},
	mutants::mutated,
};

/// How far behind an authority's wall clock a block may be dated to which it gives a first prepare vote, in milliseconds: as far as
/// the runtime lets it be ahead.
pub const MAX_BEHIND: u64 = 30_000;

impl<C: Crypto> Core<C> {
	/// Says what the wall clock shows, in milliseconds of Unix time. To be said before each step; a core that is never told judges no
	/// dates.
	pub fn set_clock(&mut self, clock: u64) {
		self.clock = Some(clock);
	}

	/// Says how the block is dated that is given next, as [`crate::Input::Imported`], [`crate::Input::Sought`] or
	/// [`crate::Input::Built`]: in milliseconds of Unix time. One of which nothing is said is never too old.
	pub fn set_date(&mut self, block: &Hashed<C::Scheme>, date: u64) {
		self.dated = Some((*block, date));
	}

	/// The last block that would have been voted for but for its date. None once there is a certificate of it or of a later one, its
	/// height is final, or was a vote again, for an own block too, or there is another leader.
	pub fn abstains(&self) -> Option<&Target<Hashed<C::Scheme>>> {
		let certified = self.safety.durable().high_qc.rank();
		let root = self.chain.root().number;
		let abstained = self.abstained.as_ref();
		abstained.filter(|target| target.rank() > certified && target.number > root)
	}

	/// The date that was said of this block, if it is the one that was to come.
	pub(crate) fn take_date(&mut self, block: &Hashed<C::Scheme>) -> Option<u64> {
		let (dated, date) = self.dated.take()?;
		(dated == *block).then_some(date)
	}

	/// Whether something of this date gets no first vote now.
	pub(crate) fn is_stale(&self, date: Option<u64>) -> bool {
		let (Some(clock), Some(date)) = (self.clock, date) else {
			return false;
		};
		clock.saturating_sub(date) > MAX_BEHIND && !mutated!(self.config.mutants, StalePrepared)
	}

	/// Whether the date of a block of the current term keeps this authority from voting for it. It votes again as it has voted.
	pub(crate) fn abstains_from(&mut self, pending: &Pending<C::Scheme>, parent: &Block<C::Scheme>) -> bool {
		let target = pending.block.target();
		let durable = self.safety.durable();
		if durable.prepared == Some(target) || !self.is_stale(pending.date) {
			return false;
		}
		// Nobody waits for a vote for what is certified already, nor for one that the rules do not allow: there is another in its place,
		// or it is too far ahead of what is final.
		let root = self.chain.root().number;
		let may_vote = self
			.safety
			.may_prepare(&pending.block, parent, pending.first, root);
		if target.rank() > durable.high_qc.rank() && may_vote.is_ok() {
			self.abstained = Some(target);
		}
		true
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		core::{Config, Core},
		lab::{keys, Lab},
		mutants::Mutants,
		symbolic::{Keys, Name},
		Anchor, Input,
	};
	use veilmart_td_raft::{Number, Timing};

	fn core(lab: &Lab) -> Core<Keys> {
		let config = Config {
			genesis: lab.genesis.hash,
			me: Name(3),
			timing: Timing::LOCAL,
			mutants: Mutants::default(),
		};
		let anchor = Anchor::genesis(lab.genesis.clone(), lab.set.clone());
		Core::restore(config, keys(3), anchor, None, 0)
	}

	/// Half a minute and no more; ahead, or without a date or a clock, never.
	#[test]
	fn a_block_gets_too_old_half_a_minute_after_its_date() {
		let mut core = core(&Lab::new());
		assert!(!core.is_stale(Some(0)), "there is no clock");
		core.set_clock(100_000);
		assert!(!core.is_stale(None));
		for (date, stale) in [
			(0, true),
			(69_999, true),
			(70_000, false),
			(100_000, false),
			(u64::MAX, false),
		] {
			assert_eq!(core.is_stale(Some(date)), stale, "{date}");
		}
		// The same date at another time.
		core.set_clock(100_001);
		assert!(core.is_stale(Some(70_000)));
		core.set_clock(0);
		assert!(
			!core.is_stale(Some(70_000)),
			"the clock was ahead, and is right again"
		);
	}

	/// Only the date is in the way of a block that an authority is said to abstain from.
	#[test]
	fn nobody_abstains_from_what_gets_no_vote_anyway() {
		let lab = Lab::new();
		let mut core = core(&lab);
		core.set_clock(100_000);
		core.adopt(&lab.certificate(0, 1, 0, lab.genesis.target()));
		let brings = |core: &mut Core<Keys>, sealer| {
			let block = lab.child(&lab.genesis, 1, sealer, |_| {});
			core.set_date(&block.hash, 0);
			let (target, certified) = (block.target(), false);
			core.step(1, Input::Imported { block, certified });
			assert!(core.chain().get(&target.hash).is_some());
			target
		};
		brings(&mut core, 1);
		assert_eq!(core.abstains(), None, "who sealed it does not lead");
		let stale = brings(&mut core, 0);
		assert_eq!(core.abstains(), Some(&stale));
		assert_eq!(core.durable().prepared, None);
	}

	/// It has not to vote for it yet, so that its date is in nobody's way.
	#[test]
	fn nobody_abstains_from_what_is_too_far_ahead() {
		let lab = Lab::new();
		let mut core = core(&lab);
		core.set_clock(100_000);
		core.adopt(&lab.certificate(0, 1, 0, lab.genesis.target()));
		let mut tip = lab.genesis.clone();
		for number in 1..=17 {
			tip = lab.child(&tip, 1, 0, |_| {});
			if number == 17 {
				core.set_date(&tip.hash, 0);
			}
			let (block, certified) = (tip.clone(), false);
			core.step(1, Input::Imported { block, certified });
		}
		assert!(core.chain().get(&tip.hash).is_some());
		let prepared = core.durable().prepared.map(|target| target.number);
		assert_eq!(prepared, Some(Number(16)));
		assert_eq!(core.abstains(), None);
	}

	/// What is said of one block does not count for another, nor twice.
	#[test]
	fn a_date_is_that_of_the_block_that_comes_next() {
		let lab = Lab::new();
		let mut core = core(&lab);
		let [one, two] = [1, 2].map(|term| lab.child(&lab.genesis, term, 0, |_| {}).hash);
		core.set_date(&one, 5);
		assert_eq!(core.take_date(&two), None);
		assert_eq!(core.take_date(&one), None, "another came");
		core.set_date(&one, 5);
		assert_eq!(core.take_date(&one), Some(5));
		assert_eq!(core.take_date(&one), None);
	}
}

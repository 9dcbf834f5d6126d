//! Votes in the hands of a faulty leader: it counts whatever it is sent, adds its own to all of them, and makes a
//! certificate of each target that has enough, for whom it likes.

use std::{
	collections::{BTreeMap, BTreeSet},
	ops::RangeInclusive,
};
use veilmart_td_raft::{AuthorityIndex, Phase};
use veilmart_td_raft_core::{
	crypto::{Crypto, Qc, Vote},
	symbolic::{Digest, Keys, Symbols, Token},
};

/// Votes by phase and target.
#[derive(Default)]
pub(super) struct Ballots {
	votes: BTreeMap<(Phase, Place), BTreeMap<AuthorityIndex, Token>>,
	formed: BTreeSet<(Phase, Place, usize)>,
}

/// Set, term, number and hash of a target: in an order.
type Place = (u64, u64, u64, Digest);

impl Ballots {
	/// Takes a vote. Gives the certificates that it completes, of so many votes each.
	pub fn take(
		&mut self,
		vote: &Vote<Symbols>,
		keys: &Keys,
		me: AuthorityIndex,
		genesis: &Digest,
		counts: RangeInclusive<usize>,
	) -> Vec<Qc<Symbols>> {
		let (phase, target) = (vote.phase, vote.target);
		let place = (target.set_id.0, target.term.0, target.number.0, target.hash);
		let votes = self.votes.entry((phase, place)).or_default();
		let own = keys.sign(&Vote::<Symbols>::payload(genesis, phase, &target));
		votes.insert(me, own);
		votes.insert(vote.voter, vote.signature);
		let mut formed = Vec::new();
		for count in counts {
			if votes.len() >= count && self.formed.insert((phase, place, count)) {
				let signatures = votes
					.iter()
					.take(count)
					.map(|(voter, signature)| (*voter, *signature));
				formed.push(Qc::<Symbols> {
					phase,
					target,
					signatures: signatures.collect(),
				});
			}
		}
		formed
	}
}

//! Deliberate mistakes.
//!
//! Each stands at exactly the line that holds the rule it breaks, behind the feature `mutants`, so that the model
//! checker and the simulator can show that they find it. Without the feature [`mutated`] is the constant `false` and
//! [`Mutants`] holds nothing.

use veilmart_td_raft::Target;

use crate::crypto::{Certificate, Scheme};

/// A rule left out or worded otherwise.
#[cfg(feature = "mutants")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutant {
	/// A second first block is prepared in one term.
	TwoFirstBlocks,
	/// A certificate of a lower rank replaces the highest one.
	LockFalls,
	/// The current term is not written to the log.
	TermNotPersisted,
	/// Certificates of blocks need one vote less.
	QuorumTooSmall,
	/// A first block may build below the certificate's maximum.
	MaximumIgnored,
	/// A first block is compared with the certificate's maximum only, not with what each voter named.
	MaximumOfBallotsOnly,
	/// A prepare certificate of a closing block changes the set.
	SetChangeWithoutCommit,
	/// A certificate of the old set elects in the new one.
	OldCertificateLeads,
	/// A closing block is voted for again without its certificate.
	ReconfirmWithoutQc,
	/// Promises leave before they are on disk.
	SendBeforePersist,
	/// Commit votes are given in terms that are over.
	CommitInOldTerm,
	/// An authority votes for two leaders of one term.
	TwoElectionVotes,
	/// Certificates that voters name are not taken over by the candidate.
	VotersQcForgotten,
	/// A second block of one height of one term is prepared.
	TwoBlocksAtOneHeight,
	/// Reconfirming does not count as having prepared.
	ReconfirmNotCounted,
	/// A block that is dated too long ago is prepared.
	StalePrepared,
}

/// The mistakes of one core: at most one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mutants {
	#[cfg(feature = "mutants")]
	mutant: Option<Mutant>,
}

#[cfg(feature = "mutants")]
impl Mutants {
	/// This mistake.
	pub const fn only(mutant: Mutant) -> Self {
		Self { mutant: Some(mutant) }
	}

	pub(crate) fn has(&self, mutant: Mutant) -> bool {
		self.mutant == Some(mutant)
	}
}

/// Whether a core makes this mistake.
macro_rules! mutated {
	($mutants:expr, $mutant:ident) => {{
		#[cfg(feature = "mutants")]
		let it = $mutants.has($crate::mutants::Mutant::$mutant);
		#[cfg(not(feature = "mutants"))]
		let it = {
			let _ = &$mutants;
			false
		};
		it
	}};
}
pub(crate) use mutated;

/// Whether the first block of a term may build on the block of a verified certificate.
pub(crate) fn allows<S: Scheme>(
	mutants: &Mutants,
	elected: &Certificate<S>,
	certified: &Target<S::BlockHash>,
) -> bool {
	if mutated!(mutants, MaximumOfBallotsOnly) {
		return elected.maximum().is_some_and(|maximum| certified.covers(maximum));
	}
	elected.allows(certified) || mutated!(mutants, MaximumIgnored)
}

//! What the pallet, the engine, the protocol core and clients of TD-Raft share: terms, votes, certificates, digests
//! and evidence, each with its verification against a given authority set. No state, no protocol rule: when an
//! authority may sign is the business of `veilmart-td-raft-core`.
//!
//! # Terms used
//!
//! - `n` authorities make a *set*, of which at most `f = ⌊(n-1)/3⌋` are Byzantine. A *quorum* is
//!   `Q = ⌊2n/3⌋ + 1 = n - f` of them: two quorums share an honest authority.
//! - [`SetId`] numbers authority sets, [`Term`] elections, [`Number`] blocks.
//! - A [`QuorumCertificate`] is Q votes for a block, an [`ElectionCertificate`] Q votes for a leader, an
//!   [`EntryCertificate`] Q authorities' wish for a new term.
//!
//! # Signatures
//!
//! Everything signed is signed over [`payload`]: `("tdraft/1", kind, genesis, set_id, body)`. The types are generic
//! over block hash and signature so that the model checker and the simulator drive the same protocol core with
//! symbols in place of cryptography; the parameters' defaults, and [`Sr25519`], are what runs on a chain.
//!
//! # Encodings
//!
//! SCALE. Every list is a [`PerAuthority`], which refuses more than [`MAX_AUTHORITIES`] items before it allocates, and
//! every certificate has exactly one valid encoding for the votes in it: indices strictly increase, exactly Q of them.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

mod authority;
mod bounded;
mod digest;
mod election;
mod evidence;
#[cfg(feature = "substrate")]
pub mod finality;
mod genesis;
#[cfg(feature = "substrate")]
pub mod header;
#[cfg(feature = "substrate")]
pub mod keys;
mod record;
#[cfg(feature = "substrate")]
pub mod runtime_api;
mod sealed;
mod signing;
#[cfg(test)]
mod test_set;
mod timing;
mod vote;
mod vrf;

pub use authority::{Authority, AuthorityId, AuthorityIndex, AuthoritySet, SetError, ShareKey};
pub use bounded::PerAuthority;
pub use digest::{ConsensusLog, ElectionDigest, HeaderDigest, SealBody, DEALING_ID, ENGINE_ID};
pub use election::{
	Down, ElectionBallot, ElectionCertificate, ElectionVote, EntryCertificate, Reason, SignedDown,
};
pub use evidence::{DealerFaultProof, Evidence, EvidenceError};
pub use genesis::{genesis_binding, genesis_context, genesis_dealing};
pub use record::{AuthorityRecord, PeerIdBytes, RecordBody, MAX_PEER_ID};
pub use sealed::{SealedContent, SealedTransaction, MAX_SEALED};
#[cfg(feature = "std")]
pub use signing::sign;
pub use signing::{payload, Kind, Signature, SignatureBytes, Sr25519, Verifier};
pub use timing::{Timing, TimingError};
pub use vote::{CertificateError, Phase, QuorumCertificate, Rank, Target, Vote};
pub use vrf::{beacon, VrfInput, VrfOutput, VrfProof};

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The largest number of authorities in a set.
pub const MAX_AUTHORITIES: u16 = veilmart_trapdoor::MAX_AUTHORITIES;

/// A block's hash on the chain.
pub type BlockHash = [u8; 32];

macro_rules! number {
	($(#[$doc:meta])* $name:ident) => {
		$(#[$doc])*
		#[derive(
			Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
			Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
		)]
		pub struct $name(pub u64);

		impl $name {
			/// The one after it. The last one is its own successor, which no protocol run comes near.
			pub const fn next(self) -> Self {
				Self(self.0.saturating_add(1))
			}
		}

		impl core::fmt::Display for $name {
			fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
				self.0.fmt(f)
			}
		}
	};
}

number! {
	/// The number of an election. Genesis is term 0, which nobody leads.
	Term
}
number! {
	/// A block's height. Genesis is 0.
	Number
}
number! {
	/// The number of an authority set, from 0. It rises by 1 when a block that changes the set is final.
	SetId
}

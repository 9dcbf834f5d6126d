//! What a block's header carries.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	payload, AuthorityIndex, AuthoritySet, BlockHash, ElectionCertificate, Kind, Number, QuorumCertificate,
	SetId, Signature, Term, VrfProof,
};

/// The consensus engine's id in digest items: [`HeaderDigest`] as a pre-runtime item, a [`Signature`] as the seal.
pub const ENGINE_ID: [u8; 4] = *b"tdrf";

/// The id of the pre-runtime item with the dealing that a block carries. It is in the header rather than in an inherent so
/// that it is found, and verified, before the block is executed.
pub const DEALING_ID: [u8; 4] = *b"tdrd";

/// What the runtime says to the consensus engine, as a consensus item of [`ENGINE_ID`]. New variants go to the end.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum ConsensusLog {
	/// The next block closes the set and hands over to this one.
	ChildCloses(AuthoritySet),
}

/// The pre-runtime digest of every block but genesis.
#[derive(
	Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct HeaderDigest<H = BlockHash, S = Signature, V = VrfProof> {
	/// The set that judges the block.
	pub set_id: SetId,
	/// The term.
	pub term: Term,
	/// The leader of the term, who seals.
	pub sealer: AuthorityIndex,
	/// The certificate of the parent; on a closing block its commit certificate.
	pub parent_qc: QuorumCertificate<H, S>,
	/// The highest commit certificate that the leader knows.
	pub commit_qc: QuorumCertificate<H, S>,
	/// In exactly the first blocks of terms, why the leader leads; nothing in a set of one.
	pub election: Option<ElectionDigest<H, S, V>>,
}

/// Why a leader leads.
#[derive(
	Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ElectionDigest<H = BlockHash, S = Signature, V = VrfProof> {
	/// The votes.
	pub certificate: ElectionCertificate<H, S>,
	/// The leader's lot.
	pub vrf: V,
	/// The block with the dealing whose trapdoor was recovered.
	pub dealing: H,
}

/// What the sealer signs. Two of one set, term and number are evidence.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct SealBody<H = BlockHash> {
	/// The header's term.
	pub term: Term,
	/// The header's number.
	pub number: Number,
	/// The hash of the header without the seal.
	pub header: H,
}

impl<H: Encode> SealBody<H> {
	/// What is signed.
	pub fn payload(&self, genesis: &H, set_id: SetId) -> Vec<u8> {
		payload(Kind::Seal, genesis, set_id, self)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_largest_digest_is_that_of_a_first_block_in_a_set_of_a_hundred() {
		// By hand: 24 bytes of fields less the sealer's 2 of padding; see the sums below.
		let target = 8 + 8 + 8 + 32;
		let certificate = 1 + target + 2 + 100 * (2 + 64);
		let election = 8 + 8 + 2 + 2 + 100 * (2 + target + 64) + 96 + 32;
		assert_eq!(
			HeaderDigest::<BlockHash, Signature, VrfProof>::max_encoded_len(),
			8 + 8 + 2 + 2 * certificate + 1 + election
		);
	}
}

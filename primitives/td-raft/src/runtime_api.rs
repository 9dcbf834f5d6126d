//! What the engine, the RPC and clients ask the runtime.

// The macro repeats the bound.
#![allow(clippy::multiple_bound_locations)]

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use veilmart_trapdoor::Dealing;

use crate::{AuthorityId, AuthorityRecord, AuthoritySet, BlockHash, Evidence, Number, SetId, Term, Timing};

/// An election in the chain's history.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ElectionRecord {
	/// The set that elected.
	pub set_id: SetId,
	/// The term.
	pub term: Term,
	/// Who was elected.
	pub leader: AuthorityId,
	/// The height of the first block of the term.
	pub number: Number,
	/// The timestamp of the first block of the term, in milliseconds of Unix time.
	pub moment: u64,
	/// How many authorities voted.
	pub votes: u16,
	/// The block with the dealing whose trapdoor was recovered.
	pub dealing: BlockHash,
}

sp_api::decl_runtime_apis! {
	/// Reads of the consensus: each answer is of the state after the block that is asked at.
	#[api_version(2)]
	pub trait TdRaftApi {
		/// The set that judges the block's children. None on a chain whose genesis names no authorities, which has no
		/// blocks.
		fn authorities() -> Option<AuthoritySet>;
		/// The set that follows at the next change, if one is planned.
		fn queued_set() -> Option<AuthoritySet>;
		/// Whether the next block closes the set.
		fn is_closing_next() -> bool;
		/// The block's term and its leader. None at genesis.
		fn leader() -> Option<(Term, AuthorityId)>;
		/// The newest dealing to the set that judges the block's children. It is in force once the block is final.
		fn dealing() -> Option<Dealing>;
		/// The hash of chain id and first authorities, which the dealing and the records in genesis bind.
		fn genesis_binding() -> BlockHash;
		/// The governed timing.
		fn timing() -> Timing;
		/// How the authorities of the present and of the queued set are reached, as far as they said so.
		fn records() -> Vec<AuthorityRecord>;
		/// The last elections, the newest last.
		fn elections() -> Vec<ElectionRecord>;
		/// The transaction that reports an offence. None if the chain would not take it.
		fn offence_report(evidence: Evidence) -> Option<Block::Extrinsic>;
		/// How long the block's transactions may take by their weights, in microseconds. None where that says nothing of its leader:
		/// the block begins a session, which leaves no room for them.
		///
		/// Since version 2.
		fn work() -> Option<u64>;
	}
}

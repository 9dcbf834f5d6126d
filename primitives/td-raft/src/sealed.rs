//! Transactions sealed to the leader (the paper's Step 3), as clients send them and nodes pass them on.

use alloc::vec::Vec;
use codec::{Decode, Encode};

use crate::{AuthorityId, BlockHash};

/// The longest sealed transaction that is passed on, in bytes: the largest call with a proof has some 10 kilobytes.
pub const MAX_SEALED: usize = 256 * 1024;

/// A transaction that only one authority can read: what `tdRaft_submitSealed` takes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SealedTransaction {
	/// Who can read it.
	pub leader: AuthorityId,
	/// A sealed box (X25519, XSalsa20-Poly1305) of a [`SealedContent`], to the sealing key in the leader's record.
	pub sealed: Vec<u8>,
}

/// What is in the box.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SealedContent {
	/// The chain that the transaction is for.
	pub genesis: BlockHash,
	/// The transaction, as encoded for the pool.
	pub transaction: Vec<u8>,
}

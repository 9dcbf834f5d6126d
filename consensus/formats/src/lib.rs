//! The bytes of TD-Raft's engine: what it sends to other nodes, and what it keeps on its own disk.
//!
//! It only reads and writes them: no network, no database, no file. The engine brings some hundred crates for those, and what
//! fuzzes its decoders, or looks into its files, has to link none of them. What the bytes mean is the engine's.
//!
//! - [`packet`]: what travels over a connection;
//! - [`dates`]: since when a disk has had voting keys;
//! - [`shelf`]: blocks that were given up;
//! - [`votes`]: what an authority is bound by.
//!
//! What is read has one encoding, and nothing is reserved for what is only announced.

#![deny(missing_docs)]

pub mod dates;
pub mod packet;
pub mod shelf;
pub mod votes;

use codec::{Decode, DecodeAll, Encode};
use sp_runtime::{generic, traits::BlakeTwo256, OpaqueExtrinsic};

/// Header of a block.
pub type Header = generic::Header<u32, BlakeTwo256>;
/// A block as a node passes it on.
pub type Block = generic::Block<Header, OpaqueExtrinsic>;

/// The value that all of these bytes are, as they would be written again: the SDK reads maps in any order, and keys in them twice.
fn whole<T: Decode + Encode>(bytes: &[u8]) -> Option<T> {
	let value = T::decode_all(&mut &bytes[..]).ok()?;
	(value.encode() == bytes).then_some(value)
}

//! What travels over a connection of the engine's own protocol.

use codec::{Decode, Encode, MemTrackingInput};
use sp_core::H256;
use veilmart_td_raft::{
	payload, AuthorityId, BlockHash, Kind, SealedTransaction, SetId, Signature, Sr25519, Verifier,
};
use veilmart_td_raft_core::{message::Message, real::OnChain};

use crate::Block;

/// The largest packet: a full block with what a header may hold, and room for the others.
pub const MAX_PACKET: u64 = 16 * 1024 * 1024;

/// Blocks in one answer to [`Packet::Fetch`], at most.
pub const BLOCKS_AT_ONCE: usize = 32;

/// Bytes of blocks in one answer, at most; one block is always sent.
pub const BYTES_AT_ONCE: usize = 8 * 1024 * 1024;

/// Bytes that decoding may take for each of a packet's, and for a small packet beside that. What is honest takes one to three; an empty
/// transaction or item of a header takes one byte in a packet and twenty-four to forty in memory, so that a single packet of the largest
/// size could fill it.
const MEMORY_PER_BYTE: usize = 8;
const MEMORY_BESIDE: usize = 64 * 1024;

/// Transactions passed on at once, at most.
pub const TRANSACTIONS_AT_ONCE: usize = 64;

/// One notification.
// A packet is made, encoded and gone.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, Encode, Decode)]
pub enum Packet {
	/// Who the sender is: the first packet of every connection, in both directions.
	Hello(Hello),
	/// A message of the protocol's.
	Core(Message<OnChain>),
	/// The leader's next block.
	Proposal(Block),
	/// Send this block and those of its ancestors that are above a height, the lowest first, as many as fit.
	Fetch {
		/// The block.
		hash: H256,
		/// The height.
		above: u32,
	},
	/// The answer.
	Blocks(Vec<Block>),
	/// Transactions that the leader should have, as encoded.
	Transactions(Vec<Vec<u8>>),
	/// A transaction sealed to the leader.
	Sealed(SealedTransaction),
}

/// The first byte of a packet says what it is, before anything is decoded.
const HELLO: u8 = 0;
const CORE: u8 = 1;
const SEALED: u8 = 6;

impl Packet {
	/// Whether these bytes say who somebody is.
	pub fn is_hello(bytes: &[u8]) -> bool {
		bytes.first() == Some(&HELLO)
	}

	/// Whether these bytes are something sealed: from a client whom their sender need not know.
	pub fn is_sealed(bytes: &[u8]) -> bool {
		bytes.first() == Some(&SEALED)
	}

	/// Whether these bytes may be of interest although they come from no authority.
	pub fn is_for_all(bytes: &[u8]) -> bool {
		matches!(bytes.first(), Some(&(HELLO | CORE | SEALED)))
	}

	/// Bytes of memory that decoding a packet of this length may take.
	pub fn memory_for(length: usize) -> usize {
		length
			.saturating_mul(MEMORY_PER_BYTE)
			.saturating_add(MEMORY_BESIDE)
	}

	/// The packet in these bytes, which have nothing beside it, unless it takes many times as much memory.
	pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
		let most = Self::memory_for(bytes.len());
		let packet = Self::decode(&mut MemTrackingInput::new(&mut bytes, most)).ok()?;
		bytes.is_empty().then_some(packet)
	}
}

/// Who the sender of a connection is. The connection itself is encrypted and shows the peers' identities; this binds an
/// authority's name to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Hello {
	/// Its name: that of an authority, or any key of its own.
	pub id: AuthorityId,
	/// Over both ends of the connection.
	pub signature: Signature,
}

impl Hello {
	/// What is signed: the name, and the identities of both ends as the network encodes them.
	pub fn payload(genesis: &BlockHash, id: &AuthorityId, from: &[u8], to: &[u8]) -> Vec<u8> {
		payload(Kind::Hello, genesis, SetId(0), &(id, from, to))
	}

	/// Whether the peer `from` may say so to `to`.
	pub fn is_authentic(&self, genesis: &BlockHash, from: &[u8], to: &[u8]) -> bool {
		let bytes = Self::payload(genesis, &self.id, from, to);
		Sr25519.verify(&self.id, &bytes, &self.signature)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_runtime::traits::Header as _;

	#[test]
	fn a_packets_first_byte_says_what_it_is() {
		let hello = Packet::Hello(Hello {
			id: AuthorityId([1; 32]),
			signature: Signature([2; 64]),
		})
		.encode();
		assert!(Packet::is_hello(&hello) && Packet::is_for_all(&hello) && !Packet::is_sealed(&hello));
		let sealed = Packet::Sealed(SealedTransaction {
			leader: AuthorityId([1; 32]),
			sealed: vec![3; 64],
		})
		.encode();
		assert!(Packet::is_sealed(&sealed) && Packet::is_for_all(&sealed) && !Packet::is_hello(&sealed));
		for others in [
			Packet::Fetch {
				hash: H256::zero(),
				above: 7,
			},
			Packet::Blocks(Vec::new()),
			Packet::Transactions(Vec::new()),
		] {
			let bytes = others.encode();
			assert!(!Packet::is_for_all(&bytes), "{others:?}");
		}
		assert!(!Packet::is_for_all(&[]));
	}

	/// A byte on the wire is not a byte in memory.
	#[test]
	fn a_packet_that_would_take_much_memory_is_none() {
		let zero = H256::zero;
		let block = |many: usize, bytes: usize| Block {
			header: crate::Header::new(1, zero(), zero(), zero(), Default::default()),
			extrinsics: vec![sp_runtime::OpaqueExtrinsic::from_blob(vec![0; bytes]); many],
		};
		let mut items = block(0, 0);
		items.header.digest.logs = vec![sp_runtime::DigestItem::RuntimeEnvironmentUpdated; 100_000];
		for crowded in [
			Packet::Transactions(vec![Vec::new(); 100_000]),
			Packet::Proposal(block(100_000, 0)),
			Packet::Blocks(vec![items]),
		] {
			assert!(Packet::from_bytes(&crowded.encode()).is_none());
		}
		for full in [
			Packet::Transactions(vec![vec![0; 1_000]; 64]),
			Packet::Proposal(block(10_000, 100)),
			Packet::Blocks(vec![block(100, 100); 32]),
			Packet::Blocks(vec![block(1, 1_000_000)]),
		] {
			let bytes = full.encode();
			let decoded = Packet::from_bytes(&bytes).expect("it is honest");
			assert_eq!(decoded.encode(), bytes);
		}
	}

	#[test]
	fn bytes_that_are_no_packet_are_none() {
		let fetch = Packet::Fetch {
			hash: H256::zero(),
			above: 7,
		}
		.encode();
		assert!(matches!(
			Packet::from_bytes(&fetch),
			Some(Packet::Fetch { above: 7, .. })
		));
		assert!(Packet::from_bytes(&fetch[1..]).is_none());
		assert!(Packet::from_bytes(&[&fetch[..], &[0]].concat()).is_none());
		assert!(Packet::from_bytes(&[]).is_none());
		assert!(Packet::from_bytes(&[99]).is_none());
		// A list announced longer than the packet.
		assert!(Packet::from_bytes(&[4, 0xfe, 0xff, 0xff, 0xff]).is_none());
	}
}

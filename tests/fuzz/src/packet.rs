//! What comes over a connection of the engine's own protocol, from anybody: a packet has one encoding, its first byte says what it is
//! before anything is decoded, and it holds no more memory than is reserved for its length.

use codec::Encode;
use sp_runtime::{DigestItem, OpaqueExtrinsic};
use veilmart_td_raft_formats::{packet::Packet, Block};

use crate::setting::GENESIS;

/// The ends of the connection.
const FROM: [u8; 38] = [1; 38];
const TO: [u8; 38] = [2; 38];

fn of_block(block: &Block) -> usize {
	let items = size_of::<DigestItem>() * block.header.digest.logs.len();
	let transactions = block.extrinsics.iter();
	let transactions: usize = transactions
		.map(|transaction| size_of::<OpaqueExtrinsic>() + transaction.inner().len())
		.sum();
	items + transactions
}

/// Bytes of memory that a packet holds beside itself, at least.
fn memory(packet: &Packet) -> usize {
	match packet {
		Packet::Hello(_) | Packet::Core(_) | Packet::Fetch { .. } => 0,
		Packet::Proposal(block) => of_block(block),
		Packet::Blocks(blocks) => blocks
			.iter()
			.map(|block| size_of::<Block>() + of_block(block))
			.sum(),
		Packet::Transactions(transactions) => transactions
			.iter()
			.map(|transaction| size_of::<Vec<u8>>() + transaction.len())
			.sum(),
		Packet::Sealed(sealed) => sealed.sealed.len(),
	}
}

/// Accepted is a packet.
pub fn run(data: &[u8]) -> bool {
	let Some(packet) = Packet::from_bytes(data) else {
		return false;
	};
	assert!(packet.encode() == data, "a second encoding was accepted");
	assert!(
		memory(&packet) <= Packet::memory_for(data.len()),
		"it takes more memory than it may"
	);
	let (is_hello, is_sealed) = (Packet::is_hello(data), Packet::is_sealed(data));
	assert_eq!(is_hello, matches!(packet, Packet::Hello(_)));
	assert_eq!(is_sealed, matches!(packet, Packet::Sealed(_)));
	assert_eq!(
		Packet::is_for_all(data),
		is_hello || is_sealed || matches!(packet, Packet::Core(_))
	);
	if let Packet::Hello(hello) = packet {
		// For the identity of the group anybody can sign. It is the name of no authority.
		assert!(
			hello.id.0 == [0; 32] || !hello.is_authentic(&GENESIS, &FROM, &TO),
			"nobody has signed this"
		);
	}
	true
}

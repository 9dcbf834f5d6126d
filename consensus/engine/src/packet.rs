//! What travels over a connection of the engine's own protocol, and who says so: the ends of a connection as the network knows them.

use sc_network::PeerId;
use veilmart_td_raft::{sign, BlockHash};

pub use veilmart_td_raft_formats::packet::{
	Hello, Packet, BLOCKS_AT_ONCE, BYTES_AT_ONCE, MAX_PACKET, TRANSACTIONS_AT_ONCE,
};

use crate::keys::Identity;

/// Says who one is to a peer.
pub fn hello(identity: &Identity, genesis: &BlockHash, from: &PeerId, to: &PeerId) -> Hello {
	let bytes = Hello::payload(genesis, &identity.id, &from.to_bytes(), &to.to_bytes());
	Hello {
		id: identity.id,
		signature: sign(&identity.voting, &bytes),
	}
}

/// Whether the peer `from` may say so to `to`.
pub fn is_authentic(hello: &Hello, genesis: &BlockHash, from: &PeerId, to: &PeerId) -> bool {
	hello.is_authentic(genesis, &from.to_bytes(), &to.to_bytes())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::keys::Chain;

	#[test]
	fn a_name_is_bound_to_both_ends_of_a_connection_and_to_the_chain() {
		let chain = Chain {
			genesis: [1; 32],
			genesis_binding: [2; 32],
		};
		let identity = Identity::observer(chain);
		let [from, to, other] = [PeerId::random(), PeerId::random(), PeerId::random()];
		let said = hello(&identity, &chain.genesis, &from, &to);
		assert!(is_authentic(&said, &chain.genesis, &from, &to));
		assert!(!is_authentic(&said, &chain.genesis, &to, &from), "mirrored");
		assert!(!is_authentic(&said, &chain.genesis, &from, &other), "passed on");
		assert!(!is_authentic(&said, &chain.genesis, &other, &to), "copied");
		assert!(!is_authentic(&said, &[3; 32], &from, &to), "another chain's");
		let stolen = Hello {
			id: Identity::observer(chain).id,
			..said
		};
		assert!(!is_authentic(&stolen, &chain.genesis, &from, &to));
	}
}

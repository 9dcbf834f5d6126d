//! The record by which an authority says how it is reached.

use sc_network::PeerId;
use veilmart_td_raft::{sign, AuthorityRecord, PeerIdBytes, RecordBody};

use crate::{
	keys::{Chain, Identity},
	sealed::sealing_key,
};

/// A record of an authority, signed. None if the peer's identity is of a kind that is too long for a record.
pub fn authority_record(
	identity: &Identity,
	chain: Chain,
	counter: u64,
	peer: &PeerId,
) -> Option<AuthorityRecord> {
	let body = RecordBody {
		authority: identity.id,
		counter,
		peer_id: PeerIdBytes::new(peer.to_bytes())?,
		sealing_key: sealing_key(identity),
	};
	let signature = sign(&identity.voting, &body.payload(&chain.genesis_binding));
	Some(AuthorityRecord { body, signature })
}

#[cfg(test)]
mod tests {
	use super::*;
	use veilmart_td_raft::Sr25519;

	#[test]
	fn the_chain_takes_what_is_signed_here() {
		let chain = Chain {
			genesis: [1; 32],
			genesis_binding: [2; 32],
		};
		let identity = Identity::observer(chain);
		let peer = PeerId::random();
		let record = authority_record(&identity, chain, 7, &peer).unwrap();
		assert!(record.verify(&chain.genesis_binding, &Sr25519));
		assert!(
			!record.verify(&chain.genesis, &Sr25519),
			"bound to what the dealing in genesis binds"
		);
		assert_eq!(PeerId::from_bytes(record.body.peer_id.as_bytes()).unwrap(), peer);
	}
}

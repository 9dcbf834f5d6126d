//! How an authority is reached.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, Error, Input, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{payload, AuthorityId, BlockHash, Kind, SetId, Signature, Verifier};

/// The longest identity of a node in the network, in bytes: those of Ed25519 keys have 38.
pub const MAX_PEER_ID: usize = 64;

/// A node's identity in the network (the multihash of its key): at most [`MAX_PEER_ID`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, TypeInfo)]
pub struct PeerIdBytes(Vec<u8>);

impl PeerIdBytes {
	/// None if it is empty or too long.
	pub fn new(bytes: Vec<u8>) -> Option<Self> {
		(1..=MAX_PEER_ID).contains(&bytes.len()).then_some(Self(bytes))
	}

	/// The bytes.
	pub fn as_bytes(&self) -> &[u8] {
		&self.0
	}
}

impl Decode for PeerIdBytes {
	fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
		// Read by hand: a vector would allocate for whatever length is announced.
		let codec::Compact(length) = codec::Compact::<u32>::decode(input)?;
		let length = usize::try_from(length).map_err(|_| "a peer's identity is too long")?;
		if !(1..=MAX_PEER_ID).contains(&length) {
			return Err("a peer's identity is empty or too long".into());
		}
		let mut bytes = alloc::vec![0; length];
		input.read(&mut bytes)?;
		Ok(Self(bytes))
	}
}

impl DecodeWithMemTracking for PeerIdBytes {}

impl MaxEncodedLen for PeerIdBytes {
	fn max_encoded_len() -> usize {
		// Lengths from 64 on take two bytes.
		2 + MAX_PEER_ID
	}
}

/// What an authority says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct RecordBody {
	/// Who says so.
	pub authority: AuthorityId,
	/// Rises with every record of this authority, so that an old one cannot be put in place of a new one.
	pub counter: u64,
	/// Its node's identity in the network.
	pub peer_id: PeerIdBytes,
	/// The X25519 key that transactions are sealed to while it leads.
	pub sealing_key: [u8; 32],
}

/// How an authority is reached, signed with its key `tdrf`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct AuthorityRecord {
	/// What is said.
	pub body: RecordBody,
	/// By whom.
	pub signature: Signature,
}

impl RecordBody {
	/// What is signed: bound to the chain by the hash that the genesis dealing binds, because records stand in genesis,
	/// too, and to no set.
	pub fn payload(&self, genesis_binding: &BlockHash) -> Vec<u8> {
		payload(Kind::Record, genesis_binding, SetId(0), self)
	}
}

impl AuthorityRecord {
	/// Whether the authority named in it signed it.
	pub fn verify(
		&self,
		genesis_binding: &BlockHash,
		verifier: &impl Verifier<AuthorityId, Signature>,
	) -> bool {
		verifier.verify(
			&self.body.authority,
			&self.body.payload(genesis_binding),
			&self.signature,
		)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{sign, test_set::keys, Sr25519};

	#[test]
	fn a_record_is_its_authoritys_and_each_part_counts() {
		let body = RecordBody {
			authority: AuthorityId(keys(0).public.to_bytes()),
			counter: 1,
			peer_id: PeerIdBytes::new([7; 38].to_vec()).unwrap(),
			sealing_key: [8; 32],
		};
		let signature = sign(&keys(0), &body.payload(&[9; 32]));
		let good = AuthorityRecord {
			body: body.clone(),
			signature,
		};
		assert!(good.verify(&[9; 32], &Sr25519));
		assert!(!good.verify(&[0; 32], &Sr25519), "another chain");
		let others = [
			RecordBody {
				authority: AuthorityId(keys(1).public.to_bytes()),
				..body.clone()
			},
			RecordBody {
				counter: 2,
				..body.clone()
			},
			RecordBody {
				peer_id: PeerIdBytes::new([7; 37].to_vec()).unwrap(),
				..body.clone()
			},
			RecordBody {
				sealing_key: [7; 32],
				..body
			},
		];
		for body in others {
			assert!(!AuthorityRecord { body, signature }.verify(&[9; 32], &Sr25519));
		}
	}

	#[test]
	fn an_identity_that_is_empty_or_too_long_is_refused() {
		for length in [0, MAX_PEER_ID + 1] {
			assert!(PeerIdBytes::new(alloc::vec![1; length]).is_none());
			assert!(PeerIdBytes::decode(&mut &alloc::vec![1u8; length].encode()[..]).is_err());
		}
		let longest = PeerIdBytes::new(alloc::vec![1; MAX_PEER_ID]).unwrap();
		assert_eq!(longest.encode().len(), PeerIdBytes::max_encoded_len());
		assert_eq!(PeerIdBytes::decode(&mut &longest.encode()[..]), Ok(longest));
		assert!(PeerIdBytes::decode(&mut &codec::Compact(u32::MAX).encode()[..]).is_err());
	}
}

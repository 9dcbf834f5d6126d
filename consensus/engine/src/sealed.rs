//! Transactions sealed to the leader: the paper's Step 3.
//!
//! A client encrypts a transaction to the leader's X25519 key, which stands in the leader's record on the chain, signed
//! with its key `tdrf`. Nodes pass it on; the leader opens it and gives it to its pool, from where it goes the way of all
//! transactions. So its content is hidden from those who pass it on until the leader has seen it, and from nobody
//! afterwards. A leader that drops it is not found out: nobody else can know. After a change of leader, or a while
//! without inclusion, the client sends it again, sealed to the new leader or openly; from then on the synchronization
//! timeout protects it.
//!
//! The sealing key follows from the voting key, so that there is nothing more to keep.

use blake2::{digest::consts::U32, Blake2b, Digest};
use codec::{DecodeAll, Encode};
use crypto_box::{PublicKey, SecretKey};
use rand_core::OsRng;
use veilmart_td_raft::{AuthorityId, BlockHash, SealedContent, SealedTransaction, MAX_SEALED};

use crate::keys::Identity;

/// Why a sealed transaction cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
	/// Too long.
	#[error("a sealed transaction has at most {MAX_SEALED} bytes")]
	TooLong,
	/// It is not for this node, or not for this chain, or damaged.
	#[error("the transaction was not sealed to this authority on this chain")]
	NotForMe,
}

/// The secret sealing key of an authority.
fn secret(identity: &Identity) -> SecretKey {
	let mut hash = Blake2b::<U32>::new();
	hash.update(b"tdraft/1 sealing key");
	hash.update(identity.voting.secret.to_bytes());
	SecretKey::from_bytes(hash.finalize().into())
}

/// The public sealing key of an authority, for its record.
pub fn sealing_key(identity: &Identity) -> [u8; 32] {
	*secret(identity).public_key().as_bytes()
}

/// Seals a transaction, as encoded for the pool, to an authority. `sealing_key` comes from its record.
pub fn seal(
	genesis: &BlockHash,
	leader: AuthorityId,
	sealing_key: &[u8; 32],
	transaction: Vec<u8>,
) -> Result<SealedTransaction, SealedError> {
	let plain = SealedContent {
		genesis: *genesis,
		transaction,
	}
	.encode();
	let sealed = PublicKey::from(*sealing_key)
		.seal(&mut OsRng, &plain)
		.map_err(|_| SealedError::TooLong)?;
	if sealed.len() > MAX_SEALED {
		return Err(SealedError::TooLong);
	}
	Ok(SealedTransaction { leader, sealed })
}

/// Whether it may be passed on.
pub fn check(sealed: &SealedTransaction) -> Result<(), SealedError> {
	(sealed.sealed.len() <= MAX_SEALED)
		.then_some(())
		.ok_or(SealedError::TooLong)
}

/// The transaction, if it is for this authority.
pub fn open(
	sealed: &SealedTransaction,
	genesis: &BlockHash,
	identity: &Identity,
) -> Result<Vec<u8>, SealedError> {
	check(sealed)?;
	if sealed.leader != identity.id {
		return Err(SealedError::NotForMe);
	}
	let plain = secret(identity)
		.unseal(&sealed.sealed)
		.map_err(|_| SealedError::NotForMe)?;
	let content = SealedContent::decode_all(&mut &plain[..]).map_err(|_| SealedError::NotForMe)?;
	(content.genesis == *genesis)
		.then_some(content.transaction)
		.ok_or(SealedError::NotForMe)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::keys::Chain;

	#[test]
	fn only_the_leader_opens_it_on_its_chain() {
		let chain = Chain {
			genesis: [1; 32],
			genesis_binding: [2; 32],
		};
		let [leader, other] = [Identity::observer(chain), Identity::observer(chain)];
		let key = sealing_key(&leader);
		let sealed = seal(&chain.genesis, leader.id, &key, b"pay".to_vec()).unwrap();
		assert!(!sealed.sealed.windows(3).any(|window| window == b"pay"));
		assert_eq!(open(&sealed, &chain.genesis, &leader), Ok(b"pay".to_vec()));
		assert_eq!(open(&sealed, &chain.genesis, &other), Err(SealedError::NotForMe));
		assert_eq!(open(&sealed, &[3; 32], &leader), Err(SealedError::NotForMe));
		let renamed = SealedTransaction {
			leader: other.id,
			..sealed.clone()
		};
		assert_eq!(open(&renamed, &chain.genesis, &other), Err(SealedError::NotForMe));
		let mut damaged = sealed;
		damaged.sealed[40] ^= 1;
		assert_eq!(
			open(&damaged, &chain.genesis, &leader),
			Err(SealedError::NotForMe)
		);
		assert_eq!(
			seal(&chain.genesis, leader.id, &key, vec![0; MAX_SEALED]),
			Err(SealedError::TooLong)
		);
	}
}

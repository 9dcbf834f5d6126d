//! An authority's keys, out of the node's keystore.

use sc_keystore::LocalKeystore;
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey};
use sp_core::crypto::ByteArray;
use sp_keystore::Keystore;
use veilmart_td_raft::{
	keys::{share as shares, vote as voting, VOTE_KEY},
	Authority, AuthorityId, AuthoritySet, BlockHash,
};
use veilmart_td_raft_core::real::Keys;
use veilmart_trapdoor::ShareSecret;

/// What keys are bound to.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
	/// Genesis hash.
	pub genesis: BlockHash,
	/// What the dealing in genesis binds.
	pub genesis_binding: BlockHash,
}

/// Who a node is among the authorities.
#[derive(Clone)]
pub struct Identity {
	/// Its name.
	pub id: AuthorityId,
	/// Its keys at work.
	pub keys: Keys,
	/// The key that signs, for what the core does not sign.
	pub voting: Keypair,
}

impl core::fmt::Debug for Identity {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "Identity({:?}, secret)", self.id)
	}
}

/// Why an authority's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
	/// The keystore cannot be read.
	#[error("the keystore cannot be read: {0}")]
	Keystore(#[from] sc_keystore::Error),
	/// A key is not one.
	#[error("the keystore holds a key that cannot be used: {0}")]
	Unusable(&'static str),
}

impl Identity {
	/// A name for a node that is no authority, for its connections only.
	pub fn observer(chain: Chain) -> Self {
		let seed = MiniSecretKey::generate_with(rand_core::OsRng);
		let voting = seed.expand_to_keypair(ExpansionMode::Ed25519);
		// Nobody deals to a name that is in no set.
		let shares = ShareSecret::from_sr25519(&voting.secret.to_bytes());
		match shares {
			Ok(shares) => Self::new(chain, voting, shares),
			// A scalar of zero, which no randomness gives.
			Err(_) => Self::observer(chain),
		}
	}

	fn new(chain: Chain, voting: Keypair, shares: ShareSecret) -> Self {
		let keys = Keys::new(chain.genesis, chain.genesis_binding, voting.clone(), shares);
		Self {
			id: AuthorityId(voting.public.to_bytes()),
			keys,
			voting,
		}
	}

	/// The authority of one of these sets whose keys the keystore holds, the first set first.
	pub fn find<'a>(
		keystore: &LocalKeystore,
		chain: Chain,
		sets: impl IntoIterator<Item = &'a AuthoritySet>,
	) -> Result<Option<Self>, KeyError> {
		let own = keystore.sr25519_public_keys(VOTE_KEY);
		let members = sets.into_iter().flat_map(|set| set.members());
		for Authority { id, share_key } in members {
			if !own.iter().any(|key| key.as_slice() == id.0) {
				continue;
			}
			let unusable = |_| KeyError::Unusable("a public key does not decode");
			let voting_key = voting::Public::from_slice(&id.0).map_err(unusable)?;
			let share_key = shares::Public::from_slice(&share_key.0).map_err(unusable)?;
			let voting = keystore.key_pair::<voting::Pair>(&voting_key)?;
			let share = keystore.key_pair::<shares::Pair>(&share_key)?;
			let (Some(voting), Some(share)) = (voting, share) else {
				log::warn!(
					target: crate::LOG_TARGET,
					"The keystore holds the voting key {voting_key} of an authority, but not its key for shares {share_key} (key type tdsh).",
				);
				continue;
			};
			let voting: Keypair = sp_core::sr25519::Pair::from(voting).into();
			let share: Keypair = sp_core::sr25519::Pair::from(share).into();
			let share = ShareSecret::from_sr25519(&share.secret.to_bytes())
				.map_err(|_| KeyError::Unusable("the key for shares is zero"))?;
			return Ok(Some(Self::new(chain, voting, share)));
		}
		Ok(None)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use veilmart_td_raft::{keys::SHARE_KEY, SetId, ShareKey};

	const CHAIN: Chain = Chain {
		genesis: [1; 32],
		genesis_binding: [2; 32],
	};

	fn authority(keystore: &LocalKeystore, name: &str, with_share_key: bool) -> Authority {
		let vote = keystore.sr25519_generate_new(VOTE_KEY, Some(name)).unwrap();
		let seed = format!("{name}//tdsh");
		let elsewhere = LocalKeystore::in_memory();
		let of_share = if with_share_key { keystore } else { &elsewhere };
		let share = of_share.sr25519_generate_new(SHARE_KEY, Some(&seed)).unwrap();
		Authority {
			id: AuthorityId(vote.0),
			share_key: ShareKey(share.0),
		}
	}

	fn set(mut members: Vec<Authority>) -> AuthoritySet {
		members.sort_by_key(|member| member.id);
		AuthoritySet::new(SetId(0), members).unwrap()
	}

	#[test]
	fn an_authority_is_found_by_its_two_keys() {
		let [own, others] = [LocalKeystore::in_memory(), LocalKeystore::in_memory()];
		let me = authority(&own, "//Alice", true);
		let other = authority(&others, "//Bob", true);
		let set = set(vec![me, other]);
		let found = Identity::find(&own, CHAIN, [&set]).unwrap().unwrap();
		assert_eq!(found.id, me.id);
		let none = Identity::find(&LocalKeystore::in_memory(), CHAIN, [&set]).unwrap();
		assert!(none.is_none());
	}

	#[test]
	fn one_of_two_keys_is_not_enough_and_the_first_set_counts() {
		let own = LocalKeystore::in_memory();
		let half = authority(&own, "//Alice", false);
		let whole = authority(&own, "//Charlie", true);
		assert!(Identity::find(&own, CHAIN, [&set(vec![half])]).unwrap().is_none());
		let sets = [set(vec![half]), set(vec![whole])];
		let found = Identity::find(&own, CHAIN, &sets).unwrap().unwrap();
		assert_eq!(found.id, whole.id);
	}

	#[test]
	fn secrets_are_not_shown() {
		let shown = format!("{:?}", Identity::observer(CHAIN));
		assert!(shown.ends_with("secret)"), "{shown}");
	}
}

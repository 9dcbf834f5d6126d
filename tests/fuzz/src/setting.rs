//! What the inputs are about: a chain, its authorities, a wallet. All keys are published ones.

use std::sync::LazyLock;

use sp_core::{sr25519, Pair};
use veilmart_confidential::PARAMETER_SET;
use veilmart_paillier::{test_keys, PublicKey, SecretKey};
use veilmart_td_raft::{Authority, AuthorityId, AuthoritySet, BlockHash, SetId, ShareKey};
use veilmart_trapdoor::{Scalar, ShareSecret};
use veilmart_wallet::{Keys, Wallet};

/// The genesis hash, for everything that binds one.
pub const GENESIS: BlockHash = [0; 32];

/// An authority's secrets.
#[derive(Debug)]
pub struct SecretAuthority {
	/// Signs.
	pub keys: Keys,
	/// Opens shares.
	pub share: ShareSecret,
}

/// Four authorities, which tolerate one that is faulty: the set, and their secrets by position.
pub fn authorities() -> (AuthoritySet, Vec<SecretAuthority>) {
	let mut secrets: Vec<_> = (1u8..=4)
		.map(|number| SecretAuthority {
			keys: Keys::from_seed(&[number; 32]),
			share: ShareSecret::from_scalar(&Scalar::from(number)).expect("not zero"),
		})
		.collect();
	secrets.sort_by_key(|secret| secret.keys.account());
	let members = secrets
		.iter()
		.map(|secret| Authority {
			id: AuthorityId(secret.keys.account()),
			share_key: ShareKey(secret.share.public()),
		})
		.collect();
	let set = AuthoritySet::new(SetId(0), members).expect("four different keys");
	(set, secrets)
}

/// The set of [`authorities`].
pub(crate) static SET: LazyLock<AuthoritySet> = LazyLock::new(|| authorities().0);

/// The key of the presets.
pub(crate) static KEY: LazyLock<PublicKey> =
	LazyLock::new(|| PublicKey::from_modulus(test_keys::modulus(PARAMETER_SET)).expect("the test key"));

/// Its secret half, for checks against what was decrypted.
pub(crate) static SECRET: LazyLock<SecretKey> =
	LazyLock::new(|| test_keys::secret(PARAMETER_SET).expect("the test key"));

/// The keys of a well-known account, `//Alice` for example.
pub(crate) fn well_known(name: &str) -> (sr25519::Pair, Keys) {
	let (pair, seed) = sr25519::Pair::from_string_with_seed(name, None).expect("a development key");
	(pair, Keys::from_seed(&seed.expect("hard derivation has a seed")))
}

/// The wallet of a well-known account.
pub(crate) fn wallet(name: &str) -> Wallet {
	Wallet::new(well_known(name).1, KEY.clone(), GENESIS).expect("the key has the size of the ledger's")
}

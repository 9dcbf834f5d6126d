//! The session keys as Substrate's keystores and pallets know them.

use sp_runtime::KeyTypeId;

use crate::{AuthorityId, ShareKey, ENGINE_ID};

/// The type of an authority's key for votes, seals and lots.
pub const VOTE_KEY: KeyTypeId = KeyTypeId(ENGINE_ID);

/// The type of an authority's key that opens its share of a dealing.
pub const SHARE_KEY: KeyTypeId = KeyTypeId(*b"tdsh");

/// Keys for votes, seals and lots.
pub mod vote {
	use sp_runtime::app_crypto::{app_crypto, sr25519};
	app_crypto!(sr25519, super::VOTE_KEY);
}

/// Keys that open shares.
pub mod share {
	use sp_runtime::app_crypto::{app_crypto, sr25519};
	app_crypto!(sr25519, super::SHARE_KEY);
}

impl From<vote::Public> for AuthorityId {
	fn from(key: vote::Public) -> Self {
		Self(key.into_inner().0)
	}
}

impl From<share::Public> for ShareKey {
	fn from(key: share::Public) -> Self {
		Self(key.into_inner().0)
	}
}

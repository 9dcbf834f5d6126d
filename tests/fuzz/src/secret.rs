//! Secrets as they are in their files once these are decrypted: people copy such files, and edit what they have decrypted.
//!
//! The first byte of an input chooses one of [`FORMATS`].

use std::path::Path;

use veilmart_cli::{account::parse_public, ca, keystore};
use veilmart_paillier::PublicKey;
use veilmart_runtime::AccountId;

use crate::{in_format, target, Target};

/// Named in complaints, not read.
const FILE: &str = "a file";

/// The mnemonic of an account, in `NAME.age`: wallet and node derive the same account from it.
fn account(json: &[u8]) -> bool {
	let Ok(account) = keystore::read_account(json, Path::new(FILE)) else {
		return false;
	};
	assert_eq!(AccountId::from(account.keys().account()), account.id());
	assert_eq!(parse_public(&account.address()), Some(account.id()));
	true
}

/// The factors of the chain's key, in `ca-secret.age`: written again they are the same key.
fn factors(json: &[u8]) -> bool {
	let Ok(secret) = ca::read_factors(json, Path::new(FILE)) else {
		return false;
	};
	let public = secret.public();
	assert_eq!(
		PublicKey::from_modulus(&public.modulus_bytes()).as_ref(),
		Ok(public)
	);
	let again = ca::factors_json(&secret).expect("it was read");
	let again = ca::read_factors(&again, Path::new(FILE)).expect("it was read");
	assert_eq!(again.public(), public);
	true
}

/// What the first byte chooses from.
pub const FORMATS: [Target; 2] = [target("account", account), target("factors", factors)];

/// Accepted is a secret.
pub fn run(data: &[u8]) -> bool {
	in_format(&FORMATS, data)
}

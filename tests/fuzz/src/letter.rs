//! Recovery letters, open and sealed: what decodes has one encoding, and what the owner believes is what the ledger's
//! ciphertext holds.

use std::sync::LazyLock;

use veilmart_wallet::{recovery::Letter, Wallet};

use crate::setting::{wallet, KEY, SECRET};

static OWNER: LazyLock<Wallet> = LazyLock::new(|| wallet("//Alice"));

/// Accepted is a letter, plain or sealed to `//Alice`, that tells the truth.
pub fn run(data: &[u8]) -> bool {
	let plain = Letter::decode(&KEY, data);
	if let Ok(letter) = &plain {
		assert_eq!(letter.encode()[..], *data, "a second encoding was accepted");
	}
	let Ok(letter) = plain.or_else(|_| OWNER.open_letter(data)) else {
		return false;
	};
	let Ok(known) = OWNER.recovered(&letter, &letter.ciphertext) else {
		return false;
	};
	assert_eq!(known.value(), letter.value);
	let decrypted = SECRET.decrypt_amount(letter.ciphertext.as_ref());
	assert_eq!(
		decrypted,
		Ok(Some(letter.value)),
		"a value that the ciphertext does not hold"
	);
	true
}

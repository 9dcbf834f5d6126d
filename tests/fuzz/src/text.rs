//! What people type and what nodes answer in words: amounts, item codes, names, phrases, refusals.

use std::path::Path;

use veilmart_cli::{
	account, amount, ca, commodity,
	error::Refusal,
	keystore::Keystore,
	names::{self, Names},
};
use veilmart_wallet::{keys::phrase_of_entropy, Keys};

/// Names without a keystore: nothing can be in a folder below a device.
pub(crate) fn names() -> Names {
	Names::new(Keystore::new(Path::new("/dev/null")))
}

/// Accepted is what means something. Bytes that are no text serve as entropy of a phrase.
pub fn run(data: &[u8]) -> bool {
	if let Ok(phrase) = phrase_of_entropy(data) {
		assert!(Keys::from_mnemonic(&phrase).is_ok());
	}
	let Ok(text) = std::str::from_utf8(data) else {
		return false;
	};
	let names = names();
	if let Some(bytes) = ca::unhex(text) {
		assert_eq!(ca::unhex(&ca::hex(&bytes)), Some(bytes));
	}
	for number in [1002, 1010, 1011, 1012, 1013, 1014, 0] {
		Refusal::from_pool(number, text, None);
		Refusal::from_pool(number, "Invalid Transaction", Some(text));
	}
	let amount = amount::parse(text).ok();
	if let Some(minor) = amount {
		assert_eq!(amount::parse(&amount::show(minor)), Ok(minor));
	}
	let code = commodity::encode(text).ok();
	if let Some(number) = code {
		assert_eq!(commodity::encode(&commodity::decode(number)), Ok(number));
	}
	let account = account::parse_public(text);
	if let Some(id) = &account {
		assert_eq!(account::parse_public(&account::address(id)).as_ref(), Some(id));
	}
	let listing = names.listing(text).ok();
	if let Some(id) = &listing {
		assert_eq!(names.listing(&names::show_listing(id)).as_ref(), Ok(id));
	}
	let credit = names.credit(text).ok();
	if let Some(id) = &credit {
		assert_eq!(names.credit(&names::show_credit(id)).as_ref(), Ok(id));
	}
	amount.is_some()
		|| code.is_some()
		|| account.is_some()
		|| listing.is_some()
		|| credit.is_some()
		|| Keys::from_mnemonic(text).is_ok()
}

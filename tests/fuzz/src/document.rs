//! Files of JSON that people hand to each other: requests for certificates, audit reports, recovery letters, a chain's key, pins,
//! the public half of an account. What is read and written again is the same.
//!
//! The first byte of an input chooses one of [`FORMATS`].

use std::sync::LazyLock;

use pallet_ecommerce::{Accumulators, GenesisKey};
use sp_core::H256;
use veilmart_cli::{
	audit_report::AuditReport, certificate::SignedRequest, chain_key::Pin, keystore::PublicAccount,
	letter::LetterFile,
};
use veilmart_wallet::Wallet;

use crate::{
	in_format,
	setting::{wallet, GENESIS, KEY},
	target, Target,
};

static OWNER: LazyLock<Wallet> = LazyLock::new(|| wallet("//Alice"));

fn report(text: &str) -> bool {
	let Ok(report) = AuditReport::from_json(text) else {
		return false;
	};
	let again = String::from_utf8(report.to_json().expect("it was read")).expect("JSON is text");
	assert_eq!(AuditReport::from_json(&again).as_ref(), Ok(&report));
	let sums = &report.aggregates;
	let on_chain = Accumulators {
		issued: sums.issued.ciphertext.clone(),
		redeemed: sums.redeemed.ciphertext.clone(),
		zeroed: sums.zeroed.ciphertext.clone(),
		balances: sums.balances.ciphertext.clone(),
		incoming: sums.incoming.ciphertext.clone(),
		totals: sums.totals.ciphertext.clone(),
		bonds: sums.bonds.ciphertext.clone(),
		deposits: sums.deposits.ciphertext.clone(),
	};
	report
		.check_aggregates(&KEY, &on_chain)
		.iter()
		.all(|finding| finding.is_good())
}

fn letter(text: &str) -> bool {
	let Ok(file) = LetterFile::from_json(text) else {
		return false;
	};
	let again = String::from_utf8(file.to_json().expect("it was read")).expect("JSON is text");
	assert_eq!(LetterFile::from_json(&again).as_ref(), Ok(&file));
	let _ = file.ensure_for(&OWNER.account().into());
	file.ensure_about(GENESIS.into()).is_ok() && file.open(&OWNER).is_ok()
}

fn request(text: &str) -> bool {
	crate::json::<SignedRequest>(text.as_bytes()).is_some_and(|request| request.verify(H256(GENESIS)).is_ok())
}

fn of_text(data: &[u8], accepts: fn(&str) -> bool) -> bool {
	std::str::from_utf8(data).is_ok_and(accepts)
}

/// What the first byte chooses from.
pub const FORMATS: [Target; 6] = [
	target("report", |data| of_text(data, report)),
	target("letter", |data| of_text(data, letter)),
	target("request", |data| of_text(data, request)),
	target("key", |data| crate::json::<GenesisKey>(data).is_some()),
	target("pin", |data| crate::json::<Pin>(data).is_some()),
	target("account", |data| crate::json::<PublicAccount>(data).is_some()),
];

/// Accepted is a file that says the truth, as far as it stands in it.
pub fn run(data: &[u8]) -> bool {
	in_format(&FORMATS, data)
}

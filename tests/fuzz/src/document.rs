//! Files that people hand to each other, or write by hand: requests for certificates, audit reports, recovery letters, a
//! chain's key, pins, a seller's rules. What is read and written again is the same.

use std::sync::LazyLock;

use pallet_ecommerce::{Accumulators, GenesisKey};
use serde_json::Value;
use sp_core::H256;
use veilmart_cli::{
	audit_report::AuditReport, certificate::SignedRequest, chain_key::Pin, keystore::PublicAccount,
	letter::LetterFile, serve::rules::Rules,
};
use veilmart_wallet::Wallet;

use crate::{
	setting::{wallet, GENESIS, KEY},
	text::names,
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
	serde_json::from_str::<SignedRequest>(text).is_ok_and(|request| request.verify(H256(GENESIS)).is_ok())
}

fn same<T: serde::de::DeserializeOwned + serde::Serialize + PartialEq>(text: &str) -> bool {
	let Ok(value) = serde_json::from_str::<T>(text) else {
		return false;
	};
	let again: Value = serde_json::to_value(&value).expect("it was read");
	assert!(serde_json::from_value::<T>(again).is_ok_and(|again| again == value));
	true
}

/// Accepted is a file that says the truth, as far as it stands in it.
pub fn run(data: &[u8]) -> bool {
	let Ok(text) = std::str::from_utf8(data) else {
		return false;
	};
	let rules = Rules::parse(text, &names());
	match &rules {
		Ok(rules) => assert!(!rules.describe().is_empty()),
		Err(problem) => assert!(problem.starts_with("line "), "{problem}"),
	}
	rules.is_ok()
		|| report(text)
		|| letter(text)
		|| request(text)
		|| same::<GenesisKey>(text)
		|| same::<Pin>(text)
		|| same::<PublicAccount>(text)
}

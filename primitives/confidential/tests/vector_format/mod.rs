//! How docs/vectors.json writes things down: hexadecimal text with `0x`, and statements by their named parts.

#![allow(dead_code)]

use serde_json::Value;
use veilmart_confidential::{
	statements::{self, AcceptParts, ListingName, OrderName, OrderParts, RefreshTarget, Terms},
	Context, Statement,
};
use veilmart_paillier::{ParameterSet, PublicKey, SecretKey};

/// Reads text of hexadecimal digits.
pub fn bytes(value: &Value) -> Vec<u8> {
	let text = value
		.as_str()
		.and_then(|text| text.strip_prefix("0x"))
		.expect("text with 0x");
	hex::decode(text).expect("hexadecimal digits")
}

/// As [`bytes`], of a fixed length.
pub fn array<const L: usize>(value: &Value) -> [u8; L] {
	bytes(value).try_into().expect("the length that the format says")
}

/// Writes [`bytes`].
pub fn text(bytes: &[u8]) -> String {
	format!("0x{}", hex::encode(bytes))
}

/// Reads a number.
pub fn number(value: &Value) -> u64 {
	value.as_u64().expect("a number below 2^64")
}

/// Reads a number of 32 bits.
pub fn number32(value: &Value) -> u32 {
	number(value).try_into().expect("a number below 2^32")
}

/// The parameter set that an entry names.
pub fn set(entry: &Value) -> ParameterSet {
	let name = entry["set"].as_str().expect("a name");
	ParameterSet::ALL
		.into_iter()
		.find(|set| set.name() == name)
		.expect("a known parameter set")
}

/// The published test key.
pub fn test_key(set: ParameterSet) -> PublicKey {
	let factors = match set {
		ParameterSet::Paillier2048 => include_str!("../../../paillier/test-keys/2048.factors"),
		ParameterSet::Paillier3072 => include_str!("../../../paillier/test-keys/3072.factors"),
	};
	let mut lines = factors
		.lines()
		.map(|line| hex::decode(line).expect("hexadecimal digits"));
	let (p, q) = (lines.next().expect("two lines"), lines.next().expect("two lines"));
	SecretKey::from_factors(&p, &q)
		.expect("the test key is well formed")
		.public()
		.clone()
}

/// The statement with the parts that the entry names, built by the functions that the ledger calls.
pub fn statement(set: ParameterSet, parts: &Value) -> Statement {
	let context = Context {
		genesis: array(&parts["genesis"]),
		account: array(&parts["account"]),
		seq: number(&parts["seq"]),
		salt: array(&parts["salt"]),
	};
	let bindings = &parts["bindings"];
	let account = |name: &str| array::<32>(&bindings[name]);
	let note = |name: &str| array::<32>(&parts["notes"][name]);
	let ciphertext = |role: &str| bytes(&parts["ciphertexts"][role]);
	let listing = || ListingName {
		seller: account("listing-seller"),
		seq: number(&bindings["listing-seq"]),
	};
	let order = || OrderName {
		buyer: account("order-buyer"),
		seq: number(&bindings["order-seq"]),
	};
	let version = || number32(&bindings["price-version"]);
	let terms = || Terms {
		accept_period: number(&bindings["accept-period"]),
		ship_period: number(&bindings["ship-period"]),
		grace_period: number(&bindings["grace-period"]),
		confirm_period: number(&bindings["confirm-period"]),
		resolve_period: number(&bindings["resolve-period"]),
		bond_multiple: number32(&bindings["bond-multiple"]),
		penalty_share: number32(&bindings["penalty-share"]),
	};
	let context = &context;
	match parts["call"].as_str().expect("a name") {
		"issue" => statements::issue(
			set,
			context,
			account("counterparty"),
			number(&bindings["quota"]),
			&ciphertext("amount"),
			&ciphertext("issued-after"),
			note("own"),
			note("counterparty"),
		),
		call @ ("transfer" | "redeem") => {
			let build = if call == "transfer" {
				statements::transfer
			} else {
				statements::redeem
			};
			build(
				set,
				context,
				account("counterparty"),
				&ciphertext("amount"),
				&ciphertext("balance-after"),
				note("own"),
				note("counterparty"),
			)
		}
		"list" => statements::list(
			set,
			context,
			&ciphertext("price"),
			&ciphertext("stock"),
			&ciphertext("commodity"),
			note("own"),
		),
		"reprice" => statements::reprice(
			set,
			context,
			listing(),
			version(),
			&ciphertext("price"),
			note("own"),
		),
		"restock" => statements::restock(
			set,
			context,
			listing(),
			version(),
			&ciphertext("delivery"),
			note("own"),
		),
		"order" => statements::order(
			set,
			context,
			&OrderParts {
				listing: listing(),
				version: version(),
				terms: terms(),
				price: &ciphertext("price"),
				quantity: &ciphertext("quantity"),
				total: &ciphertext("total"),
				balance_after: &ciphertext("balance-after"),
				own_note: note("own"),
				note: note("counterparty"),
				quote: note("quote"),
			},
		),
		"dispute" => statements::dispute(
			set,
			context,
			order(),
			&ciphertext("total"),
			&ciphertext("balance-after"),
			note("own"),
		),
		"accept" => statements::accept(
			set,
			context,
			&AcceptParts {
				order: order(),
				listing: listing(),
				terms: terms(),
				quantity: &ciphertext("quantity"),
				total: &ciphertext("total"),
				stock_after: &ciphertext("stock-after"),
				balance_after: &ciphertext("balance-after"),
				own_note: note("own"),
				stock_note: note("stock"),
			},
		),
		"refresh" => statements::refresh(
			set,
			context,
			match number(&bindings["target"]) {
				0 => RefreshTarget::Balance,
				1 => RefreshTarget::Credit {
					creator: account("credit-creator"),
					seq: number(&bindings["credit-seq"]),
					kind: number32(&bindings["credit-kind"]),
				},
				2 => RefreshTarget::Stock(listing()),
				target => panic!("nothing that can be refreshed has the number {target}"),
			},
			&ciphertext("refreshed"),
			&ciphertext("residue"),
			note("own"),
		),
		call => panic!("no statement is called {call}"),
	}
}

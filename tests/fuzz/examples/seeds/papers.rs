//! Files and words that people hand to each other or keep, and the key of a chain.

use codec::Decode;
use pallet_certificates::{signing_payload, CertificateRequest, OrderId, Role, ViewKey};
use pallet_ecommerce::{Accumulators, GenesisKey};
use serde_json::json;
use sp_core::H256;
use veilmart_cli::{
	account::address,
	audit_report::AuditReport,
	batch_journal,
	ca::{factors_json, hex},
	certificate::SignedRequest,
	chain_key::Pin,
	keystore::{account_json, PublicAccount},
	serve::journal::{self, Step, Steps},
};
use veilmart_confidential::PARAMETER_SET;
use veilmart_fuzz_targets::{document, input, secret, GENESIS};
use veilmart_paillier::test_keys;
use veilmart_runtime::api;
use veilmart_wallet::keys::phrase_of_entropy;

use crate::{
	broken,
	chain::{keys, sign},
	trade::{account, answering, ALICE, BOB, EVE},
	Corpora,
};

fn report() -> String {
	let accumulators = answering()
		.chain()
		.with(|| api::dispatch("EcommerceApi_accumulators", &[]));
	let accumulators = Option::<Accumulators>::decode(&mut &accumulators.expect("a method")[..]);
	let accumulators = accumulators.expect("an answer").expect("a marketplace");
	let secret = test_keys::secret(PARAMETER_SET).expect("the test key");
	let report = AuditReport::of(&secret, H256(GENESIS), (1, H256::repeat_byte(1)), &accumulators);
	let json = report
		.expect("an intact ledger")
		.to_json()
		.expect("it is printable");
	String::from_utf8(json).expect("JSON is text")
}

fn request() -> SignedRequest {
	let view_key = ViewKey::new(keys(EVE).view_key(0).public());
	let request = CertificateRequest {
		account: account(EVE),
		roles: [Role::Buyer, Role::Seller].into(),
		organisation: b"Corner Shop".to_vec().try_into().expect("short"),
		view_key,
		counter: 1,
	};
	SignedRequest {
		account: address(&account(EVE)),
		roles: request.roles,
		organisation: "Corner Shop".into(),
		view_key,
		counter: 1,
		genesis: H256(GENESIS),
		signature: hex(&sign(&keys(EVE), &signing_payload(&H256(GENESIS), &request))),
	}
}

/// Secrets as they are in their files, decrypted.
fn secrets(corpora: &mut Corpora) {
	let text = |json: &[u8]| String::from_utf8(json.to_vec()).expect("JSON is text");
	let phrase = phrase_of_entropy(&[7; 16]).expect("16 bytes are a phrase");
	let account = text(&account_json(&phrase).expect("it is printable"));
	let secret = test_keys::secret(PARAMETER_SET).expect("the test key");
	let [p, q] = secret.factors().map(|factor| hex(&factor));
	let factors = text(&factors_json(&secret).expect("it is printable"));
	for (format, name, content) in [
		(
			"account",
			"broken-version",
			account.replace("\"version\":1", "\"version\":2"),
		),
		(
			"account",
			"broken-words",
			account.replace(phrase.as_str(), "abandon abandon"),
		),
		("account", "account", account),
		("factors", "broken-equal", factors.replace(&q, &p)),
		("factors", "broken-digits", factors.replace("0x", "0y")),
		("factors", "factors", factors),
	] {
		corpora.add("secret", name, input(&secret::FORMATS, format, content));
	}
}

fn journals(corpora: &mut Corpora) {
	let order = |seq| OrderId {
		buyer: account(BOB),
		seq,
	};
	let steps: Steps = [Step::Mine, Step::Begun, Step::Shipped, Step::NotShipped]
		.into_iter()
		.zip(1..)
		.map(|(step, seq)| (order(seq), (step, 1_800_000_000_000 + seq)))
		.collect();
	let write = |steps: &Steps, signer| {
		journal::write(steps, H256(GENESIS), &account(signer)).expect("it is printable")
	};
	let journal = write(&steps, ALICE);
	for (name, content) in [
		("new", write(&Steps::new(), ALICE)),
		("torn", journal[..journal.len() - 30].to_owned()),
		("broken-account", write(&steps, BOB)),
		("broken-line", journal.replace("begun", "begin")),
		(
			"broken-version",
			journal.replacen("\"journal\":1", "\"journal\":2", 1),
		),
		("broken-empty", String::new()),
		("journal", journal),
	] {
		corpora.add("journal", name, content);
	}
}

fn batches(corpora: &mut Corpora) {
	let sent = |byte, nonce, void| batch_journal::Sent {
		transaction: H256::repeat_byte(byte),
		nonce,
		begins: 100,
		void,
	};
	let line = |command: &str, sent: &[batch_journal::Sent], done| batch_journal::Line {
		command: command.into(),
		sent: sent.to_vec(),
		done,
	};
	let done = Some((H256::repeat_byte(3), H256::repeat_byte(9)));
	let lines = batch_journal::Lines::from([
		(
			1,
			line(
				"transfer //Bob 25.00",
				&[sent(1, 7, true), sent(2, 9, false), sent(3, 9, false)],
				done,
			),
		),
		(3, line("confirm 3", &[sent(4, 10, true)], None)),
		(
			4,
			line("order //Bob:3 2 --max-price 12.50", &[sent(5, 11, false)], None),
		),
	]);
	let write = |lines: &batch_journal::Lines, signer| {
		batch_journal::write(lines, H256(GENESIS), &account(signer)).expect("it is printable")
	};
	let journal = write(&lines, ALICE);
	for (name, content) in [
		("new", write(&batch_journal::Lines::new(), ALICE)),
		("torn", journal[..journal.len() - 30].to_owned()),
		("broken-account", write(&lines, BOB)),
		("broken-word", journal.replace("nonce", "number")),
		("broken-number", journal.replacen("\"nonce\":9", "\"nonce\":8", 1)),
		(
			"broken-done",
			journal.replace("\"done\":{\"line\":1", "\"done\":{\"line\":3"),
		),
		(
			"broken-version",
			journal.replacen("\"batch\":1", "\"batch\":2", 1),
		),
		("broken-empty", String::new()),
		("journal", journal),
	] {
		corpora.add("batch", name, content);
	}
}

/// The corpora of files and words.
pub fn add(corpora: &mut Corpora) {
	let modulus = test_keys::modulus(PARAMETER_SET);
	let proof = test_keys::proof(PARAMETER_SET);
	corpora.add("key", "2048", [modulus, proof].concat());
	corpora.add("key", "broken-even", broken(modulus, 0));
	corpora.add("key", "broken-short", [modulus, &proof[..1_000]].concat());

	let report = report();
	let sealed = corpora.0["letter"]["sealed"].clone();
	let letter = json!({
		"version": 1,
		"genesis": H256(GENESIS),
		"account": address(&account(ALICE)),
		"sealed": hex(&sealed),
	});
	let key = GenesisKey {
		modulus: modulus.to_vec(),
		proof: proof[..64].to_vec(),
	};
	let pin = Pin {
		genesis: H256(GENESIS),
		chain: "Development".into(),
		modulus_hash: H256::repeat_byte(2),
	};
	let public = PublicAccount {
		address: address(&account(ALICE)),
	};
	let text = |value: serde_json::Result<String>| value.expect("it is printable");
	let request = request();
	let forged = SignedRequest {
		counter: 2,
		..request.clone()
	};
	for (name, content) in [
		("broken-report", report.replacen("\"0.00\"", "\"0.01\"", 1)),
		("report", report),
		(
			"broken-letter",
			letter.to_string().replace("\"version\":1", "\"version\":2"),
		),
		("letter", letter.to_string()),
		("request", text(serde_json::to_string_pretty(&request))),
		("broken-request", text(serde_json::to_string_pretty(&forged))),
		("key", text(serde_json::to_string(&key))),
		("pin", text(serde_json::to_string(&pin))),
		("account", text(serde_json::to_string(&public))),
	] {
		let format = name.trim_start_matches("broken-");
		corpora.add("document", name, input(&document::FORMATS, format, content));
	}
	let rules = include_str!("../../../../docs/rules.toml");
	for (name, content) in [
		("example", rules.to_owned()),
		(
			"broken-twice",
			rules.replace("max_quantity = 10", "max_quantity = 10\nmax_quantity = 11"),
		),
		("broken-unit", rules.replace("\"5.00\"", "\"5.001\"")),
	] {
		corpora.add("rules", name, content);
	}
	secrets(corpora);
	journals(corpora);
	batches(corpora);
	let phrase = phrase_of_entropy(&[7; 16]).expect("16 bytes are a phrase");
	for (name, words) in [
		("amount", "12.50"),
		("broken-amount", "12.505 "),
		("code", "85123A"),
		("number", "#18446744073709551615"),
		("address", &address(&account(ALICE))),
		("development", "//Alice//stash"),
		("listing", "//Bob:3"),
		("credit", "transfer://Alice:3"),
		("phrase", &phrase),
		(
			"broken-phrase",
			"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon",
		),
		("broken-refusal", "Custom error: 255"),
		("broken-secret", "//Alice///password"),
	] {
		corpora.add("text", name, words);
	}
	corpora.add("text", "broken-entropy", [0xff; 16]);
}

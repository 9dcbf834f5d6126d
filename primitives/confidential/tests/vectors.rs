//! docs/vectors.json: what the independent implementation scripts/vectors.py made, and what this crate made before.
//! Mnemonics, sr25519 keys and sealed notes belong to the wallet and are checked there.

mod vector_format;

use codec::{Decode, Encode};
use curve25519_dalek::MontgomeryPoint;
use merlin::Transcript;
use rand_core::OsRng;
use serde_json::Value;
use vector_format::{array, bytes, number, number32, set, statement, test_key};
use veilmart_confidential::{proof_len, Prover, Statement, Verifier, Witness};
use veilmart_paillier::{hash, Encryptor, FreshNonce, Nonce, Opening, ParameterSet, PublicKey};

fn group(name: &str) -> Vec<Value> {
	let file: Value =
		serde_json::from_str(include_str!("../../../docs/vectors.json")).expect("docs/vectors.json is JSON");
	assert_eq!(file["format"], 1);
	let entries = file["vectors"][name]
		.as_array()
		.expect("a group of vectors")
		.clone();
	assert!(!entries.is_empty());
	entries
}

fn items(value: &Value) -> &[Value] {
	value.as_array().expect("a list")
}

fn name(value: &Value) -> &str {
	value.as_str().expect("a name")
}

fn prf<const L: usize>(secret: &Value, domain: &str, parts: &[&[u8]]) -> [u8; L] {
	let mut out = [0; L];
	hash::prf(&array(secret), domain, parts, &mut out);
	out
}

/// A static copy, which Merlin wants of labels.
fn label(value: &Value) -> &'static [u8] {
	name(value).to_owned().leak().as_bytes()
}

#[test]
fn hashes() {
	for entry in group("hashes") {
		let parts: Vec<Vec<u8>> = items(&entry["parts"]).iter().map(bytes).collect();
		let parts: Vec<&[u8]> = parts.iter().map(|part| &part[..]).collect();
		let wanted = bytes(&entry["output"]);
		let mut out = vec![0; wanted.len()];
		let domain = name(&entry["domain"]);
		match name(&entry["function"]) {
			"hash" => out = hash::hash(domain, &parts).to_vec(),
			"expand" => hash::expand(domain, &parts, &mut out),
			"prf" => hash::prf(&array(&entry["key"]), domain, &parts, &mut out),
			other => panic!("no function is called {other}"),
		}
		assert_eq!(out, wanted, "{entry}");
	}
}

#[test]
fn keys() {
	for entry in group("keys") {
		let key = PublicKey::from_modulus(&bytes(&entry["modulus"])).unwrap();
		assert_eq!(key, test_key(set(&entry)));
		assert_eq!(key.h_bytes(), bytes(&entry["h"]));
		assert_eq!(key.h_s_bytes(), bytes(&entry["h_s"]));
	}
}

#[test]
fn signed_nonces() {
	for entry in group("signed-nonces") {
		let (set, encoded) = (set(&entry), bytes(&entry["encoded"]));
		let decoded = Nonce::decode(set, &encoded);
		if entry["refused"] == true {
			assert!(decoded.is_none(), "{entry}");
			continue;
		}
		let mut nonce = Nonce::from_uniform(&bytes(&entry["magnitude"]));
		if entry["negative"] == true {
			nonce = nonce.negate();
		}
		assert!(nonce.is_in_range(set), "{entry}");
		assert_eq!(nonce.encode(set), encoded);
		assert_eq!(decoded.unwrap().words(), nonce.words());
	}
}

#[test]
fn ciphertexts() {
	let encryptors = ParameterSet::ALL.map(|set| Encryptor::new(test_key(set)));
	for entry in group("ciphertexts") {
		let set = set(&entry);
		let encryptor = encryptors
			.iter()
			.find(|encryptor| encryptor.key().set() == set)
			.unwrap();
		let (value, nonce) = (number(&entry["value"]), bytes(&entry["nonce"]));
		let opening = Opening {
			value,
			nonce: Nonce::decode(set, &nonce).unwrap(),
		};
		let wanted = bytes(&entry["ciphertext"]);
		let made = encryptor.encrypt_opening(&opening).unwrap();
		assert_eq!(encryptor.key().encode(&made), wanted);
		encryptor.key().parse(&wanted).unwrap();
		let (low, high) = nonce.split_at(set.nonce_bits() / 8);
		if high.iter().all(|byte| *byte == 0) {
			let fresh = FreshNonce::from_uniform(set, low).unwrap();
			assert_eq!(encryptor.key().encode(&encryptor.encrypt(value, &fresh)), wanted);
		}
	}
}

#[test]
fn refused_ciphertexts() {
	for entry in group("refused-ciphertexts") {
		let refused = test_key(set(&entry)).parse(&bytes(&entry["ciphertext"]));
		assert!(refused.is_err(), "{}", entry["why"]);
	}
}

#[test]
fn secrets_of_accounts() {
	for entry in group("accounts") {
		assert_eq!(
			prf::<32>(&entry["seed"], "veilmart/prf/1", &[]),
			array(&entry["prf-secret"])
		);
		for view in items(&entry["view"]) {
			let index = number32(&view["index"]).to_le_bytes();
			let secret: [u8; 32] = prf(&entry["seed"], "veilmart/view/1", &[&index]);
			assert_eq!(secret, array(&view["secret"]));
			assert_eq!(
				MontgomeryPoint::mul_base_clamped(secret).to_bytes(),
				array(&view["public"])
			);
		}
	}
}

#[test]
fn salts_seeds_nonces() {
	for entry in group("salts") {
		let (genesis, account, entropy) = (
			bytes(&entry["genesis"]),
			bytes(&entry["account"]),
			bytes(&entry["entropy"]),
		);
		let seq = number(&entry["seq"]).to_le_bytes();
		let plaintexts: Vec<u8> = items(&entry["plaintexts"])
			.iter()
			.flat_map(|value| number(value).to_le_bytes())
			.collect();
		let ciphertexts: Vec<Vec<u8>> = items(&entry["ciphertexts"]).iter().map(bytes).collect();
		let mut parts: Vec<&[u8]> = vec![
			&genesis,
			&account,
			&seq,
			name(&entry["call"]).as_bytes(),
			&plaintexts,
		];
		parts.extend(ciphertexts.iter().map(|bytes| &bytes[..]));
		parts.push(&entropy);
		assert_eq!(
			prf::<16>(&entry["secret"], "veilmart/salt/1", &parts),
			array(&entry["salt"])
		);
	}
	for entry in group("seeds") {
		let (genesis, account, salt) = (
			bytes(&entry["genesis"]),
			bytes(&entry["account"]),
			bytes(&entry["salt"]),
		);
		let seq = number(&entry["seq"]).to_le_bytes();
		let index = [number(&entry["index"]) as u8];
		let (call, role) = (name(&entry["call"]).as_bytes(), name(&entry["role"]).as_bytes());
		let parts: [&[u8]; 7] = [&genesis, &account, &seq, call, &salt, role, &index];
		assert_eq!(
			prf::<32>(&entry["secret"], "veilmart/seed/1", &parts),
			array(&entry["seed"])
		);
	}
	for entry in group("nonces") {
		let mut object = bytes(&entry["object"]["account"]);
		object.extend(number(&entry["object"]["seq"]).to_le_bytes());
		let parts: [&[u8]; 4] = [
			&bytes(&entry["genesis"]),
			&bytes(&entry["sender"]),
			&object,
			name(&entry["role"]).as_bytes(),
		];
		let mut nonce = vec![0; set(&entry).nonce_bits() / 8];
		hash::prf(&array(&entry["seed"]), "veilmart/nonce/1", &parts, &mut nonce);
		assert_eq!(nonce, bytes(&entry["nonce"]));
	}
}

#[test]
fn notes() {
	for entry in group("notes") {
		assert_eq!(bytes(&entry["plaintext"]).len(), 320);
		let sealed = bytes(&entry["sealed"]);
		assert_eq!(sealed.len(), 368);
		assert_eq!(hash::hash("veilmart/note/1", &[&sealed]), array(&entry["hash"]));
	}
}

#[test]
fn transcripts() {
	for entry in group("transcripts") {
		let mut transcript = Transcript::new(label(&entry["label"]));
		for operation in items(&entry["operations"]) {
			if operation["append"].is_string() {
				transcript.append_message(label(&operation["append"]), &bytes(&operation["data"]));
			} else if operation["append64"].is_string() {
				transcript.append_u64(label(&operation["append64"]), number(&operation["number"]));
			} else {
				let wanted = bytes(&operation["output"]);
				let mut out = vec![0; wanted.len()];
				transcript.challenge_bytes(label(&operation["challenge"]), &mut out);
				assert_eq!(out, wanted);
			}
		}
	}
}

/// Statements come out the same, their proofs are accepted, a changed byte is not, and the witness serves our own prover.
#[test]
fn proofs() {
	for set in ParameterSet::ALL {
		let key = test_key(set);
		let (prover, verifier) = (Prover::new(Encryptor::new(key.clone())), Verifier::new(key));
		for entry in group("proofs").iter().filter(|entry| entry["set"] == set.name()) {
			let what = format!("{} from {}", entry["statement"]["call"], entry["from"]);
			let statement = statement(set, &entry["statement"]);
			let encoded = statement.encode();
			let scale_hash = hash::hash("veilmart/vectors/1", &[&encoded]);
			assert_eq!(scale_hash, array(&entry["scale-hash"]), "{what}");
			assert_eq!(Statement::decode(&mut &encoded[..]).unwrap(), statement, "{what}");

			let proof = bytes(&entry["proof"]);
			assert_eq!(proof.len(), proof_len(&statement), "{what}");
			verifier
				.verify(&statement, &proof)
				.unwrap_or_else(|error| panic!("{what}: {error}"));
			for position in (0..proof.len()).step_by(97).chain([proof.len() - 1]) {
				let mut changed = proof.clone();
				changed[position] ^= 1;
				assert!(
					verifier.verify(&statement, &changed).is_err(),
					"{what}: byte {position}"
				);
			}

			let ours = if entry["statement"]["call"] == "refresh" {
				let root = verifier
					.key()
					.secret_root(&bytes(&entry["witness"]["root"]))
					.unwrap();
				prover.prove_refresh(&statement, &root, &mut OsRng)
			} else {
				let witness = Witness {
					values: items(&entry["witness"]["values"]).iter().map(number).collect(),
					nonces: items(&entry["witness"]["nonces"])
						.iter()
						.map(|nonce| Nonce::decode(set, &bytes(nonce)).expect("a nonce in range"))
						.collect(),
				};
				prover.prove(&statement, &witness, &mut OsRng)
			}
			.unwrap();
			verifier
				.verify(&statement, &ours)
				.unwrap_or_else(|error| panic!("{what}, ours: {error}"));
		}
	}
}

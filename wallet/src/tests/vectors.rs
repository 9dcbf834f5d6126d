//! Known answers: what other wallets show for a phrase, and what the independent implementation of
//! docs/formats.md says.

use super::*;
use crate::{
	derive::{self, Object, Origin},
	keys::{generate_phrase, phrase_of_entropy},
	notes::{note_hash, Note, Seed},
	recovery::Letter,
	state::{CreditKind, ListingName, RefreshTarget},
	WalletError,
};
use veilmart_confidential::Role;
use veilmart_paillier::ParameterSet;

const SET: ParameterSet = ParameterSet::Paillier2048;

/// The vectors of one kind, field by field.
fn vectors(kind: &str) -> Vec<Vec<&'static str>> {
	let of_kind: Vec<Vec<_>> = include_str!("vectors.txt")
		.lines()
		.map(|line| line.split(' ').collect::<Vec<_>>())
		.filter(|fields| fields[0] == kind)
		.map(|fields| fields[1..].to_vec())
		.collect();
	assert!(!of_kind.is_empty(), "no vectors of kind {kind}");
	of_kind
}

fn array<const LEN: usize>(text: &str) -> [u8; LEN] {
	unhex(text).try_into().expect("the vector's length")
}

fn origin(genesis: &str, account: &str, seq: &str, call: &'static str) -> Origin {
	Origin {
		genesis: array(genesis),
		account: array(account),
		seq: seq.parse().expect("a number"),
		call,
	}
}

fn role(name: &str) -> Role {
	let roles = [
		Role::Amount,
		Role::Price,
		Role::Stock,
		Role::Commodity,
		Role::Quantity,
		Role::Total,
		Role::Refreshed,
	];
	roles
		.into_iter()
		.find(|role| role.name() == name)
		.expect("a role")
}

#[test]
fn accounts_are_those_that_other_wallets_show() {
	let keys = Keys::from_mnemonic(PHRASE).expect("a phrase");
	assert_eq!(
		keys.account()[..],
		unhex("46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a")
	);
	let keys = Keys::from_seed(&array(ALICE));
	assert_eq!(
		keys.account()[..],
		unhex("d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d")
	);
}

#[test]
fn accounts_view_keys_and_secrets_as_formats_says() {
	for fields in vectors("account") {
		let [entropy, seed, account, secret, index, public] = fields[..] else {
			panic!("six fields")
		};
		let phrase = phrase_of_entropy(&unhex(entropy)).expect("a phrase");
		for keys in [
			Keys::from_mnemonic(&phrase).expect("a phrase"),
			Keys::from_seed(&array(seed)),
		] {
			assert_eq!(keys.account()[..], unhex(account));
			assert_eq!(keys.secret()[..], unhex(secret));
			assert_eq!(
				keys.view_key(index.parse().expect("a number")).public()[..],
				unhex(public)
			);
		}
	}
}

#[test]
fn salts_as_formats_says() {
	for fields in vectors("salt") {
		let [secret, genesis, account, seq, call, plaintexts, inputs, entropy, salt] = fields[..] else {
			panic!("nine fields")
		};
		let plaintexts: Vec<u64> = plaintexts
			.split(',')
			.map(|value| value.parse().expect("a number"))
			.collect();
		let inputs: Vec<Vec<u8>> = inputs
			.split(',')
			.filter(|input| *input != "-")
			.map(unhex)
			.collect();
		let inputs: Vec<&[u8]> = inputs.iter().map(|input| &input[..]).collect();
		let origin = origin(genesis, account, seq, call);
		let derived = derive::salt(&array(secret), &origin, &plaintexts, &inputs, &array(entropy));
		assert_eq!(derived[..], unhex(salt), "{call}");
	}
}

#[test]
fn seeds_as_formats_says() {
	for fields in vectors("seed") {
		let [secret, genesis, account, seq, call, salt, of, index, seed] = fields[..] else {
			panic!("nine fields")
		};
		let origin = origin(genesis, account, seq, call);
		let index = index.parse().expect("a number");
		let derived = derive::seed(&array(secret), &origin, &array(salt), role(of), index);
		assert_eq!(derived.0[..], unhex(seed), "{call} {of}");
	}
}

#[test]
fn nonces_as_formats_says() {
	for fields in vectors("nonce") {
		let [seed, genesis, sender, account, seq, of, nonce] = fields[..] else {
			panic!("seven fields")
		};
		let object = Object {
			account: array(account),
			seq: seq.parse().expect("a number"),
		};
		let derived = derive::nonce(
			SET,
			&Seed(array(seed)),
			&array(genesis),
			&array(sender),
			&object,
			role(of),
		);
		assert_eq!(derived.encode(SET)[..128], unhex(nonce), "{of}");
	}
}

#[test]
fn notes_as_formats_says() {
	for fields in vectors("note") {
		let [seed, plain, sealed, hash] = fields[..] else {
			panic!("four fields")
		};
		let sealed = array(sealed);
		let key = Keys::from_seed(&array(seed)).view_key(0);
		let note = Note::open(SET, &sealed, &key).expect("opens");
		assert_eq!(note.encode(SET)[..], unhex(plain));
		assert_eq!(note_hash(&sealed)[..], unhex(hash));
	}
}

fn number(text: &str) -> u64 {
	text.parse().expect("a number")
}

fn target(name: &str, account: &str, seq: &str, kind: &str) -> RefreshTarget {
	match name {
		"credit" => RefreshTarget::Credit(CreditName {
			creator: array(account),
			seq: number(seq),
			kind: CreditKind::ALL[kind.parse::<usize>().expect("a number")],
		}),
		"stock" => RefreshTarget::Stock(ListingName {
			seller: array(account),
			seq: number(seq),
		}),
		_ => RefreshTarget::Balance,
	}
}

#[test]
fn letters_as_formats_says() {
	let ledger = Ledger::new();
	for fields in vectors("letter") {
		let [name, seed, index, account, seq, kind, value, price, commodity, plain, sealed] = fields[..]
		else {
			panic!("eleven fields")
		};
		let owner = |view_index: u32| {
			Wallet::new(
				Keys::from_seed(&array(seed)),
				ledger.key().clone(),
				ledger.genesis,
			)
			.expect("the ledger's size")
			.with_view_index(view_index)
		};
		let index: u32 = index.parse().expect("a number");
		let wallet = owner(index);
		let letter = wallet.open_letter(&unhex(sealed)).expect("opens");
		assert_eq!(letter.encode()[..], unhex(plain), "{name}");
		assert_eq!(letter.target, target(name, account, seq, kind));
		assert_eq!(
			(letter.value, letter.price, letter.commodity),
			(number(value), number(price), number(commodity)),
			"{name}"
		);
		assert_eq!(wallet.recovered(&letter, &letter.ciphertext).err(), None);

		// The authority finds the same value and root, and writes the same letter.
		let (value, root) = ledger.tell(&letter.ciphertext);
		let written = Letter {
			target: letter.target,
			ciphertext: letter.ciphertext.clone(),
			value,
			price: letter.price,
			commodity: letter.commodity,
			root: ledger.key().secret_root(&root).expect("a unit"),
		};
		assert_eq!(written.encode()[..], unhex(plain), "{name}");

		// It was sealed to the view key with this number, and to no other.
		let reads = |view_index: u32| owner(view_index).open_letter(&unhex(sealed)).err();
		assert_eq!(reads(index + 1), None, "the key was replaced since");
		if let Some(earlier) = index.checked_sub(1) {
			assert_eq!(reads(earlier), Some(WalletError::LetterUnreadable));
		}
	}
}

#[test]
fn letters_that_formats_does_not_have_are_refused() {
	let ledger = Ledger::new();
	let letters = vectors("letter");
	for fields in vectors("refused-letter") {
		let [of, offset, bytes] = fields[..] else {
			panic!("three fields")
		};
		let letter = letters
			.iter()
			.find(|letter| letter[0] == of)
			.expect("such a letter");
		let mut plain = unhex(letter[letter.len() - 2]);
		assert!(Letter::decode(ledger.key(), &plain).is_ok());
		let offset: usize = offset.parse().expect("a number");
		let bytes = unhex(bytes);
		plain[offset..offset + bytes.len()].copy_from_slice(&bytes);
		assert_eq!(
			Letter::decode(ledger.key(), &plain).err(),
			Some(WalletError::LetterMalformed),
			"{of}, changed from byte {offset} on"
		);
	}
}

#[test]
fn a_wrong_phrase_is_explained() {
	let says = |phrase: &str, text: &str| {
		assert_eq!(
			Keys::from_mnemonic(phrase).expect_err("refused").to_string(),
			text
		);
	};
	says(
		"",
		"a recovery phrase has 12, 15, 18, 21 or 24 words, this one has 0",
	);
	says(
		&"walk ".repeat(13),
		"a recovery phrase has 12, 15, 18, 21 or 24 words, this one has 13",
	);
	says(
		&PHRASE.replace("lake", "lakes"),
		"word 4 of the recovery phrase is not in the list of words",
	);
	says(
		&PHRASE.replace("bottom drive", "drive bottom"),
		"the words of the recovery phrase do not belong together: check spelling and order",
	);
	says(
		&PHRASE.replace("walk", "wälk\u{301}"),
		"word 12 of the recovery phrase is not in the list of words",
	);
	says(
		"Zürich",
		"a recovery phrase has 12, 15, 18, 21 or 24 words, this one has 1",
	);
	assert_eq!(
		phrase_of_entropy(&[1; 15]).err(),
		Some(WalletError::PhraseLength(9))
	);
	// More space between the words does no harm.
	assert!(Keys::from_mnemonic(&format!("  {} ", PHRASE.replace(' ', " \n"))).is_ok());
}

#[test]
fn new_phrases_differ_and_work() {
	let mut rng = Stream(0);
	let first = generate_phrase(&mut rng).expect("a phrase");
	let second = generate_phrase(&mut rng).expect("a phrase");
	assert_ne!(first, second);
	assert_eq!(first.split(' ').count(), 12);
	assert_ne!(
		Keys::from_mnemonic(&first).expect("a phrase").account(),
		Keys::from_mnemonic(&second).expect("a phrase").account()
	);
}

#[test]
fn signatures_verify_as_the_chain_verifies_them() {
	let keys = Keys::from_seed(&array(ALICE));
	let public = schnorrkel::PublicKey::from_bytes(&keys.account()).expect("a key");
	let [first, second] = [b"one", b"two"].map(|message| keys.sign(message, &mut Stream(1)));
	let verify = |message: &[u8], signature: &[u8]| {
		let signature = schnorrkel::Signature::from_bytes(signature).expect("a signature");
		public.verify_simple(b"substrate", message, &signature).is_ok()
	};
	assert!(verify(b"one", &first) && verify(b"two", &second));
	assert!(!verify(b"two", &first) && !verify(b"one", &second));
	assert_ne!(
		first[..32],
		second[..32],
		"the signature's own nonce is not used twice"
	);
}

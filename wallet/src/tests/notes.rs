//! Notes: what is written is read, and nothing else is.

use super::*;
use crate::{
	notes::{note_hash, CreditNote, Note, NoteCall, OrderNote, OwnNote, QuoteNote, Seed, NOTE_BYTES},
	WalletError,
};
use proptest::prelude::*;
use veilmart_paillier::{Nonce, ParameterSet};

const SET: ParameterSet = ParameterSet::Paillier2048;

fn samples() -> [Note; 4] {
	let nonce = Nonce::from_uniform(&[0x5A; 128]).negate();
	[
		Note::Own(OwnNote {
			call: NoteCall::Collect,
			seq: 7,
			salt: [9; 16],
			values: [1, 2, 3, u64::MAX],
			nonce,
		}),
		Note::Quote(QuoteNote {
			price: 1,
			commodity: 2,
			price_seed: Seed([3; 32]),
			commodity_seed: Seed([4; 32]),
		}),
		Note::Order(OrderNote {
			quantity: 1,
			price: 2,
			quantity_seed: Seed([3; 32]),
			total_seed: Seed([4; 32]),
		}),
		Note::Credit(CreditNote {
			amount: u64::MAX,
			amount_seed: Seed([5; 32]),
		}),
	]
}

/// Bytes of each sample's fields, version and kind included.
const LENGTHS: [usize; 4] = [2 + 1 + 8 + 16 + 32 + 152, 2 + 80, 2 + 80, 2 + 40];

#[test]
fn what_is_written_is_read() {
	for set in ParameterSet::ALL {
		for note in samples() {
			let bytes = note.encode(set);
			let again = Note::decode(set, &*bytes).expect("reads").encode(set);
			assert_eq!(bytes, again);
		}
	}
}

#[test]
fn only_zeros_may_follow_the_fields() {
	for (note, len) in samples().iter().zip(LENGTHS) {
		let bytes = note.encode(SET);
		assert!(bytes[len..].iter().all(|byte| *byte == 0));
		for at in len..NOTE_BYTES {
			let mut tampered = bytes.clone();
			tampered[at] = 1;
			assert_eq!(
				Note::decode(SET, &*tampered).err(),
				Some(WalletError::NoteMalformed),
				"byte {at}"
			);
		}
	}
}

#[test]
fn version_kind_call_length_and_nonce_are_checked() {
	let [own, ..] = samples();
	let bytes = own.encode(SET);
	let with = |at: usize, byte: u8| {
		let mut bytes = bytes.clone();
		bytes[at] = byte;
		Note::decode(SET, &*bytes).err()
	};
	let malformed = Some(WalletError::NoteMalformed);
	assert_eq!(with(0, 0), malformed);
	assert_eq!(with(0, 2), malformed);
	assert_eq!(with(1, 4), malformed);
	assert_eq!(with(2, 11), malformed);
	assert_eq!(with(2, 10), None);
	assert_eq!(with(2, 0), None);
	assert_eq!(Note::decode(SET, &bytes[..319]).err(), malformed);
	assert_eq!(Note::decode(SET, &[]).err(), malformed);
	// A nonce out of range: the bytes are there, the top bits say 2^1215.
	assert_eq!(with(2 + 1 + 8 + 16 + 32 + 151, 0x7F), malformed);
}

#[test]
fn a_sealed_note_opens_for_its_key_and_no_other() {
	let keys = Keys::from_seed(&[1; 32]);
	let (key, other) = (keys.view_key(0), keys.view_key(1));
	assert_ne!(key.public(), other.public());
	for note in samples() {
		let sealed = note.seal(SET, &key.public(), &mut Stream(5)).expect("seals");
		let opened = Note::open(SET, &sealed, &key).expect("opens");
		assert_eq!(note.encode(SET), opened.encode(SET));
		assert_eq!(
			Note::open(SET, &sealed, &other).err(),
			Some(WalletError::NoteUnreadable)
		);
		for at in (0..368).step_by(7) {
			let mut tampered = sealed;
			tampered[at] ^= 0x10;
			assert_eq!(
				Note::open(SET, &tampered, &key).err(),
				Some(WalletError::NoteUnreadable),
				"byte {at}"
			);
			assert_ne!(note_hash(&sealed), note_hash(&tampered));
		}
		let again = note.seal(SET, &key.public(), &mut Stream(6)).expect("seals");
		assert_ne!(sealed, again, "sealing is randomised");
	}
}

#[test]
fn nothing_is_sealed_to_a_key_that_keeps_no_secret() {
	let [_, quote, ..] = samples();
	// The points of small order, on the curve and its twist.
	for text in [
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	] {
		let key = unhex(text).try_into().expect("32 bytes");
		assert_eq!(
			quote.seal(SET, &key, &mut Stream(1)),
			Err(WalletError::UnsafeViewKey),
			"{text}"
		);
	}
}

#[test]
fn nothing_secret_is_printed() {
	let keys = Keys::from_seed(&[0xAB; 32]);
	let mut text = format!("{keys:?} {:?} {:?}", keys.view_key(3), Opened::zero());
	samples().iter().for_each(|note| text += &format!(" {note:?}"));
	assert_eq!(text.matches("secret").count(), 6, "{text}");
	assert!(
		!text.contains("171") && !text.to_lowercase().contains("ab, ab"),
		"{text}"
	);
	assert!(!text.contains(&u64::MAX.to_string()), "{text}");

	let mut world = World::funded(10_000, 20_000);
	let (_, quoted) = world.listed();
	let text = format!("{:?}", world.ordered(&quoted, 3));
	assert!(
		!text.contains(&PRICE.to_string()) && !text.contains(&ITEM.to_string()),
		"{text}"
	);
}

proptest! {
	#[test]
	fn any_bytes_are_a_note_or_an_error(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0u8..6) {
		let _ = Note::decode(SET, &bytes);
		// Nearer to a note: right length, version and kind, zeros from somewhere on.
		bytes.truncate(220);
		bytes.resize(NOTE_BYTES, 0);
		(bytes[0], bytes[1]) = (1, kind);
		if let Ok(note) = Note::decode(SET, &bytes) {
			prop_assert_eq!(&note.encode(SET)[..], &bytes[..], "one note has one form");
		}
	}

	#[test]
	fn any_sealed_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 368)) {
		let sealed = bytes.try_into().expect("368 bytes");
		let key = Keys::from_seed(&[1; 32]).view_key(0);
		prop_assert_eq!(Note::open(SET, &sealed, &key).err(), Some(WalletError::NoteUnreadable));
	}
}

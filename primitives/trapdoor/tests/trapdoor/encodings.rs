//! Bytes from anybody.

use crate::{context, trapdoor, Set, SIZES};
use codec::{Compact, Decode, DecodeAll, DecodeWithMemLimit, Encode, MaxEncodedLen};
use proptest::prelude::*;
use rand_core::OsRng;
use veilmart_trapdoor::{Candidacy, Collision, DealerFault, Dealing, OpenedShare};

#[test]
fn the_longest_encodings_are_as_announced() {
	let set = Set::new(100);
	let bytes = Dealing::deal(&context(), &set.keys, &mut OsRng).encode();
	assert_eq!(bytes.len(), 3 * 32 + 2 + 100 * 96);
	assert_eq!(Dealing::max_encoded_len(), bytes.len());
	assert_eq!(OpenedShare::max_encoded_len(), 98);
	assert_eq!(DealerFault::max_encoded_len(), 2 + 100 * 98);
	assert_eq!(Collision::max_encoded_len(), 32);
}

#[test]
fn what_is_encoded_decodes_to_itself() {
	for n in SIZES {
		let set = Set::new(n);
		let dealing = Dealing::deal(&context(), &set.keys, &mut OsRng);
		assert_eq!(
			Dealing::decode_all(&mut &dealing.encode()[..]).as_ref(),
			Ok(&dealing)
		);
		let dealing = dealing.verify(&context(), &set.keys).expect("honest");
		let share = dealing.open(&set.secrets[0], &mut OsRng).expect("a holder");
		assert_eq!(OpenedShare::decode_all(&mut &share.encode()[..]), Ok(share));
		let shares = set.open(&dealing, 0..dealing.threshold());
		let candidacy = Candidacy {
			term: 1,
			candidate: 0,
			high_qc: &[],
		};
		let collision = trapdoor(dealing.recover(&shares).expect("enough"))
			.collide(&candidacy)
			.expect("a collision");
		assert_eq!(Collision::decode_all(&mut &collision.encode()[..]), Ok(collision));
	}
}

#[test]
fn longer_lists_are_refused() {
	for count in [101u32, 102, 1 << 14, u32::MAX] {
		// As many bytes as 102 items have: the length is what is refused.
		let dealing = [[1; 96].to_vec(), Compact(count).encode(), vec![1; 102 * 96]].concat();
		let error = Dealing::decode(&mut &dealing[..]).expect_err("too many shares");
		assert!(
			error.to_string().contains("more items than authorities"),
			"{count}: {error}"
		);
		let fault = [Compact(count).encode(), vec![1; 102 * 98]].concat();
		assert!(DealerFault::decode(&mut &fault[..]).is_err(), "{count}");
	}
	let dealing = [[1; 96].to_vec(), Compact(100u32).encode(), vec![1; 100 * 96]].concat();
	assert!(Dealing::decode(&mut &dealing[..]).is_ok());
}

#[test]
fn decoding_accounts_for_its_memory() {
	let set = Set::new(100);
	let bytes = Dealing::deal(&context(), &set.keys, &mut OsRng).encode();
	// Below the limit is what is allowed.
	assert!(Dealing::decode_with_mem_limit(&mut &bytes[..], 100 * 96 + 1).is_ok());
	assert!(Dealing::decode_with_mem_limit(&mut &bytes[..], 100 * 96).is_err());
}

#[test]
fn a_length_has_one_encoding() {
	// 4 in the two-byte and the four-byte mode of SCALE's compact integers.
	for length in [&[4 << 2 | 1, 0][..], &[4 << 2 | 2, 0, 0, 0]] {
		let bytes = [&[1; 96][..], length, &[1; 4 * 96]].concat();
		assert!(Dealing::decode(&mut &bytes[..]).is_err());
	}
}

#[test]
fn truncated_encodings_are_refused() {
	let set = Set::new(4);
	let bytes = Dealing::deal(&context(), &set.keys, &mut OsRng).encode();
	for length in 0..bytes.len() {
		assert!(Dealing::decode(&mut &bytes[..length]).is_err(), "{length} bytes");
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(256))]

	/// Whatever decodes, encodes to the bytes that it came from, and is refused without a panic.
	#[test]
	fn random_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600), count in 0u8..7) {
		let set = Set::new(4);
		let dealing = set.deal();
		let mut framed = bytes.clone();
		if let Some(length) = framed.get_mut(96) {
			*length = count << 2;
		}
		for bytes in [&bytes, &framed] {
			let mut input = &bytes[..];
			if let Ok(decoded) = Dealing::decode(&mut input) {
				prop_assert_eq!(decoded.encode(), &bytes[..bytes.len() - input.len()]);
				prop_assert!(decoded.verify(&context(), &set.keys).is_err());
			}
			let mut input = &bytes[..];
			if let Ok(decoded) = OpenedShare::decode(&mut input) {
				prop_assert_eq!(decoded.encode(), &bytes[..bytes.len() - input.len()]);
				prop_assert!(dealing.verify_share(&decoded).is_err());
			}
			let mut input = &bytes[..];
			if let Ok(decoded) = DealerFault::decode(&mut input) {
				prop_assert_eq!(decoded.encode(), &bytes[..bytes.len() - input.len()]);
				prop_assert!(dealing.verify_fault(&decoded).is_err());
			}
			let mut input = &bytes[..];
			if let Ok(decoded) = Collision::decode(&mut input) {
				let candidacy = Candidacy { term: 1, candidate: 0, high_qc: &[] };
				prop_assert!(dealing.verify_collision(&decoded, &candidacy).is_err());
			}
		}
	}

	/// A dealing or share with any one bit flipped is refused.
	#[test]
	fn every_bit_counts(position in any::<prop::sample::Index>(), bit in 0u8..8) {
		let set = Set::new(4);
		let dealing = Dealing::deal(&context(), &set.keys, &mut OsRng);
		let mut bytes = dealing.encode();
		let at = position.index(bytes.len());
		bytes[at] ^= 1 << bit;
		if let Ok(flipped) = Dealing::decode_all(&mut &bytes[..]) {
			prop_assert!(flipped.verify(&context(), &set.keys).is_err());
		}
		let dealing = dealing.verify(&context(), &set.keys).expect("honest");
		let mut bytes = dealing.open(&set.secrets[2], &mut OsRng).expect("a holder").encode();
		let at = position.index(bytes.len());
		bytes[at] ^= 1 << bit;
		if let Ok(flipped) = OpenedShare::decode_all(&mut &bytes[..]) {
			prop_assert!(dealing.verify_share(&flipped).is_err());
		}
	}
}

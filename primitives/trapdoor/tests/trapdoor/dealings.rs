//! Dealing and its verification.

use crate::{
	context,
	independent::{not_reduced, random_scalar, threshold, Plan, Published},
	trapdoor, Set, Stuck, SIZES,
};
use codec::{Decode, Encode};
use curve25519_dalek::{constants::RISTRETTO_BASEPOINT_POINT as G, scalar::Scalar};
use rand_core::OsRng;
use std::collections::BTreeSet;
use veilmart_trapdoor::{Context, Dealing, DealingError, EncodingError};

/// Where a dealing's parts are in its bytes, for fewer than 64 authorities.
const THETA: usize = 32;
const CHALLENGE: usize = 64;
const COUNT: usize = 96;
const fn commitment(i: usize) -> usize {
	COUNT + 1 + 96 * i
}
const fn encrypted(i: usize) -> usize {
	commitment(i) + 32
}
const fn response(i: usize) -> usize {
	commitment(i) + 64
}

fn decode(bytes: &[u8]) -> Dealing {
	Dealing::decode(&mut &bytes[..]).expect("well formed")
}

fn verify(set: &Set, bytes: &[u8]) -> Result<(), DealingError> {
	decode(bytes).verify(&context(), &set.keys).map(|_| ())
}

/// The bytes with 32 of them replaced.
fn with(bytes: &[u8], at: usize, part: [u8; 32]) -> Vec<u8> {
	let mut bytes = bytes.to_vec();
	bytes[at..at + 32].copy_from_slice(&part);
	bytes
}

fn part(bytes: &[u8], at: usize) -> [u8; 32] {
	bytes[at..at + 32].try_into().expect("32 bytes")
}

#[test]
fn any_threshold_of_holders_recovers_what_was_dealt() {
	for n in SIZES {
		let set = Set::new(n);
		let dealing = set.deal();
		let t = dealing.threshold();
		for holders in [
			(0..t).collect::<Vec<_>>(),
			(n - t..n).rev().collect(),
			(0..n).collect(),
		] {
			let shares = set.open(&dealing, holders.iter().copied());
			trapdoor(dealing.recover(&shares).expect("enough shares"));
		}
	}
}

#[test]
fn an_independent_dealer_is_understood() {
	for n in SIZES {
		let set = Set::new(n);
		let Published { bytes, hash, f } = Plan::honest(&set.scalars).publish();
		let dealing = decode(&bytes).verify(&context(), &set.keys).expect("honest");
		assert_eq!(dealing.hash(), hash);
		assert_eq!(f.len(), usize::from(n - dealing.threshold()));
		assert_eq!(decode(&bytes).encode(), bytes);
		let shares = set.open(&dealing, 0..dealing.threshold());
		trapdoor(dealing.recover(&shares).expect("enough shares"));
	}
}

#[test]
fn every_dealing_is_fresh() {
	let set = Set::new(4);
	let dealings: BTreeSet<Vec<u8>> = (0..20)
		.map(|_| Dealing::deal(&context(), &set.keys, &mut OsRng).encode())
		.collect();
	for at in [0, THETA, CHALLENGE, commitment(0), encrypted(3), response(3)] {
		let parts: BTreeSet<[u8; 32]> = dealings.iter().map(|bytes| part(bytes, at)).collect();
		assert_eq!(parts.len(), 20, "at {at}");
	}
}

/// A random source that has got stuck, as one may after a virtual machine was copied.
#[test]
fn a_repeated_random_source_does_not_repeat_a_polynomial() {
	let set = Set::new(4);
	let other = Context {
		parent: [9; 32],
		..context()
	};
	let [a, b] = [context(), other].map(|context| Dealing::deal(&context, &set.keys, &mut Stuck).encode());
	assert_ne!(part(&a, 0), part(&b, 0));
	assert_ne!(part(&a, commitment(0)), part(&b, commitment(0)));
}

#[test]
fn the_number_of_shares_is_the_number_of_authorities() {
	let set = Set::new(5);
	let bytes = Plan::honest(&set.scalars).publish().bytes;
	let mut fewer = bytes[..bytes.len() - 96].to_vec();
	fewer[COUNT] = 4 << 2;
	assert_eq!(verify(&set, &fewer), Err(DealingError::Count));
	let mut more = [&bytes[..], &bytes[bytes.len() - 96..]].concat();
	more[COUNT] = 6 << 2;
	assert_eq!(verify(&set, &more), Err(DealingError::Count));
	let mut none = bytes[..=COUNT].to_vec();
	none[COUNT] = 0;
	assert_eq!(verify(&set, &none), Err(DealingError::Count));
}

#[test]
fn points_are_canonical() {
	let set = Set::new(4);
	let bytes = Plan::honest(&set.scalars).publish().bytes;
	// RFC 9496, A.3: a field element that is not reduced, a negative one, one that is on no curve point.
	let bad = [[0xff; 32], [1; 32], {
		let mut bytes = [0; 32];
		bytes[0] = 2;
		bytes
	}];
	for at in [0, commitment(0), commitment(3), encrypted(0), encrypted(3)] {
		for bad in bad {
			assert_eq!(
				verify(&set, &with(&bytes, at, bad)),
				Err(DealingError::Encoding(EncodingError::Point)),
				"at {at}"
			);
		}
	}
}

#[test]
fn scalars_are_canonical() {
	let set = Set::new(4);
	let expected = Err(DealingError::Encoding(EncodingError::Scalar));
	let bytes = Plan::honest(&set.scalars).publish().bytes;
	assert_eq!(verify(&set, &bytes), Ok(()));
	for at in [CHALLENGE, response(0), response(3)] {
		let bytes = with(&bytes, at, not_reduced(part(&bytes, at)));
		assert_eq!(verify(&set, &bytes), expected, "at {at}");
	}
	// Only its bytes are in the transcript: with the bytes that were proved, nothing else is wrong.
	let mut plan = Plan::honest(&set.scalars);
	plan.theta = not_reduced(plan.theta);
	assert_eq!(verify(&set, &plan.publish().bytes), expected);
}

#[test]
fn a_share_of_zero_is_refused() {
	let set = Set::new(4);
	// a(i) = (i - 3)·7 is proved truly, and its share is the identity.
	let seven = Scalar::from(7u64);
	let bytes = Plan::new(&set.scalars, &[-(seven * Scalar::from(3u64)), seven])
		.publish()
		.bytes;
	assert_eq!(part(&bytes, commitment(2)), [0; 32]);
	assert_eq!(
		verify(&set, &bytes),
		Err(DealingError::Encoding(EncodingError::Identity))
	);
}

#[test]
fn the_chameleon_key_is_not_the_identity() {
	let set = Set::new(4);
	let mut plan = Plan::honest(&set.scalars);
	plan.chameleon_key = [0; 32];
	assert_eq!(
		verify(&set, &plan.publish().bytes),
		Err(DealingError::Encoding(EncodingError::Identity))
	);
}

#[test]
fn a_share_that_is_not_the_committed_one_is_refused() {
	for n in SIZES {
		let set = Set::new(n);
		for cheated in BTreeSet::from([0, usize::from(n) / 2, usize::from(n) - 1]) {
			let mut plan = Plan::honest(&set.scalars);
			plan.encrypted[cheated] += Scalar::ONE;
			let bytes = plan.publish().bytes;
			assert_eq!(
				verify(&set, &bytes),
				Err(DealingError::Proof),
				"n = {n}, share {cheated}"
			);
		}
	}
}

#[test]
fn every_part_is_proved() {
	let set = Set::new(4);
	let bytes = Plan::honest(&set.scalars).publish().bytes;
	let swapped = |a: usize, b: usize, len: usize| {
		let mut out = bytes.clone();
		out[a..a + len].copy_from_slice(&bytes[b..b + len]);
		out[b..b + len].copy_from_slice(&bytes[a..a + len]);
		out
	};
	let point = (G * random_scalar()).compress().0;
	let scalar = random_scalar().to_bytes();
	for (what, bytes) in [
		("another chameleon key", with(&bytes, 0, point)),
		("another θ", with(&bytes, THETA, scalar)),
		("another challenge", with(&bytes, CHALLENGE, scalar)),
		("another commitment", with(&bytes, commitment(1), point)),
		("another share", with(&bytes, encrypted(1), point)),
		("another response", with(&bytes, response(1), scalar)),
		("swapped responses", swapped(response(0), response(1), 32)),
		(
			"swapped encrypted shares",
			swapped(encrypted(0), encrypted(1), 32),
		),
		("swapped shares", swapped(commitment(0), commitment(1), 96)),
	] {
		assert_eq!(verify(&set, &bytes), Err(DealingError::Proof), "{what}");
	}
}

#[test]
fn a_dealing_cannot_be_copied() {
	let set = Set::new(4);
	let dealing = Dealing::deal(&context(), &set.keys, &mut OsRng);
	assert!(dealing.verify(&context(), &set.keys).is_ok());
	let original = context();
	for (what, context) in [
		(
			"another chain",
			Context {
				genesis: [9; 32],
				..original
			},
		),
		(
			"another set",
			Context {
				set_id: 9,
				..original
			},
		),
		("another term", Context { term: 9, ..original }),
		(
			"another dealer",
			Context {
				dealer: 9,
				..original
			},
		),
		(
			"another parent",
			Context {
				parent: [9; 32],
				..original
			},
		),
	] {
		assert_eq!(
			dealing.verify(&context, &set.keys).map(|_| ()),
			Err(DealingError::Proof),
			"{what}"
		);
	}
	let others = Set::new(4);
	assert_eq!(
		dealing.verify(&context(), &others.keys).map(|_| ()),
		Err(DealingError::Proof),
		"other holders"
	);
}

#[test]
fn a_polynomial_of_a_higher_degree_is_refused() {
	for n in [2usize, 3, 4, 5, 7, 10, 30] {
		let set = Set::new(n as u16);
		for terms in 1..=n {
			let polynomial: Vec<Scalar> = (0..terms).map(|_| random_scalar()).collect();
			let bytes = Plan::new(&set.scalars, &polynomial).publish().bytes;
			let expected = if terms <= threshold(n) {
				Ok(())
			} else {
				Err(DealingError::Degree)
			};
			assert_eq!(verify(&set, &bytes), expected, "n = {n}, degree {}", terms - 1);
		}
	}
}

#[test]
fn a_single_share_beside_the_polynomial_is_refused() {
	for n in SIZES.into_iter().filter(|n| *n > 1) {
		let set = Set::new(n);
		for cheated in BTreeSet::from([0, usize::from(n) / 2, usize::from(n) - 1]) {
			let mut plan = Plan::honest(&set.scalars);
			plan.committed[cheated] += Scalar::ONE;
			plan.encrypted[cheated] += Scalar::ONE;
			let bytes = plan.publish().bytes;
			assert_eq!(
				verify(&set, &bytes),
				Err(DealingError::Degree),
				"n = {n}, share {cheated}"
			);
		}
	}
}

/// With one authority one share is all there is: every value is on a polynomial of degree 0.
#[test]
fn one_authority_recovers_alone() {
	let set = Set::new(1);
	let dealing = set.deal();
	assert_eq!(dealing.threshold(), 1);
	let shares = set.open(&dealing, [0]);
	trapdoor(dealing.recover(&shares).expect("its own share is enough"));
}

/// A dealer that learns the degree test's polynomial bends two shares so that its sum is zero for just that one.
#[test]
fn the_degree_test_is_drawn_after_the_dealing() {
	let set = Set::new(4);
	let mut plan = Plan::honest(&set.scalars);
	let f = plan.publish().f;
	assert_eq!(f.len(), 2);
	// v_1 = 1/((1-2)(1-3)(1-4)) = -1/6, v_2 = 1/((2-1)(2-3)(2-4)) = 1/2
	let v = [-Scalar::from(6u64).invert(), Scalar::from(2u64).invert()];
	let at = |i: u64| f[0] + f[1] * Scalar::from(i);
	let bend = [(v[0] * at(1)).invert(), -(v[1] * at(2)).invert()];
	for (i, bend) in bend.into_iter().enumerate() {
		plan.committed[i] += bend;
		plan.encrypted[i] += bend;
	}
	let published = plan.publish();
	assert_ne!(published.f, f);
	assert_eq!(verify(&set, &published.bytes), Err(DealingError::Degree));
}

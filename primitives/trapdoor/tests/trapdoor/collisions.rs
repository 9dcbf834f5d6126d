//! Collisions of the chameleon hash.

use crate::{
	context,
	independent::{hash_to_scalar, random_scalar, Plan},
	trapdoor, Set,
};
use codec::{Decode, Encode};
use curve25519_dalek::{
	constants::RISTRETTO_BASEPOINT_POINT as G, ristretto::CompressedRistretto, scalar::Scalar,
};
use veilmart_trapdoor::{
	Candidacy, Collision, CollisionError, Dealing, EncodingError, Trapdoor, VerifiedDealing,
};

const CANDIDACY: Candidacy<'static> = Candidacy {
	term: 7,
	candidate: 3,
	high_qc: b"highest QC",
};

/// `m` and `m'`, from the description.
pub fn messages(dealing: &VerifiedDealing, candidacy: &Candidacy) -> (Scalar, Scalar) {
	let context = context();
	let dealer = hash_to_scalar(
		"tdraft/1/dealer",
		&[
			&context.genesis,
			&context.set_id.to_le_bytes(),
			&context.term.to_le_bytes(),
			&context.dealer.to_le_bytes(),
		],
	);
	let candidate = hash_to_scalar(
		"tdraft/1/candidacy",
		&[
			&dealing.hash(),
			&candidacy.term.to_le_bytes(),
			&candidacy.candidate.to_le_bytes(),
			candidacy.high_qc,
		],
	);
	(dealer, candidate)
}

/// A dealing, its `pk_ch` and `θ`, and its trapdoor.
struct Opened {
	plan: Plan,
	dealing: VerifiedDealing,
	trapdoor: Trapdoor,
}

impl Opened {
	fn new() -> Self {
		let set = Set::new(4);
		let plan = Plan::honest(&set.scalars);
		let dealing = Dealing::decode(&mut &plan.publish().bytes[..])
			.expect("well formed")
			.verify(&context(), &set.keys)
			.expect("honest");
		let trapdoor = trapdoor(
			dealing
				.recover(&set.open(&dealing, [1, 3]))
				.expect("enough shares"),
		);
		Self {
			plan,
			dealing,
			trapdoor,
		}
	}

	fn collision(&self) -> Collision {
		self.trapdoor.collide(&CANDIDACY).expect("a collision")
	}
}

fn decode(bytes: &[u8; 32]) -> Collision {
	Collision::decode(&mut &bytes[..]).expect("well formed")
}

#[test]
fn a_collision_opens_the_dealers_hash_to_the_candidacy() {
	let opened = Opened::new();
	let collision = opened.collision();
	assert_eq!(opened.dealing.verify_collision(&collision, &CANDIDACY), Ok(()));
	let key = CompressedRistretto(opened.plan.chameleon_key)
		.decompress()
		.expect("a point");
	let theta = Scalar::from_canonical_bytes(opened.plan.theta).expect("canonical");
	let theta_new =
		Scalar::from_canonical_bytes(collision.encode().try_into().expect("32 bytes")).expect("canonical");
	let (m, m_new) = messages(&opened.dealing, &CANDIDACY);
	assert_ne!(theta, theta_new);
	assert_eq!(G * m + key * theta, G * m_new + key * theta_new);
}

#[test]
fn a_collision_is_for_one_candidacy_and_one_dealing() {
	let opened = Opened::new();
	let collision = opened.collision();
	for other in [
		Candidacy { term: 8, ..CANDIDACY },
		Candidacy {
			candidate: 2,
			..CANDIDACY
		},
		Candidacy {
			high_qc: b"lower QC",
			..CANDIDACY
		},
		Candidacy {
			high_qc: b"",
			..CANDIDACY
		},
	] {
		assert_eq!(
			opened.dealing.verify_collision(&collision, &other),
			Err(CollisionError::Hash),
			"{other:?}"
		);
	}
	assert_eq!(
		Opened::new().dealing.verify_collision(&collision, &CANDIDACY),
		Err(CollisionError::Hash)
	);
}

#[test]
fn without_the_trapdoor_there_is_no_collision() {
	let opened = Opened::new();
	assert_eq!(
		opened
			.dealing
			.verify_collision(&decode(&random_scalar().to_bytes()), &CANDIDACY),
		Err(CollisionError::Hash)
	);
}

#[test]
fn the_dealers_own_opening_is_no_collision() {
	let opened = Opened::new();
	assert_eq!(
		opened
			.dealing
			.verify_collision(&decode(&opened.plan.theta), &CANDIDACY),
		Err(CollisionError::Same)
	);
}

#[test]
fn the_scalar_is_canonical() {
	let opened = Opened::new();
	assert_eq!(
		opened.dealing.verify_collision(&decode(&[0xff; 32]), &CANDIDACY),
		Err(CollisionError::Encoding(EncodingError::Scalar))
	);
}

#[test]
fn a_collision_reveals_the_trapdoor() {
	let opened = Opened::new();
	let revealed = opened
		.dealing
		.trapdoor_of(&opened.collision(), &CANDIDACY)
		.expect("a valid collision");
	let later = Candidacy { term: 8, ..CANDIDACY };
	assert_eq!(revealed.collide(&later), opened.trapdoor.collide(&later));
	let collision = revealed.collide(&later).expect("a collision");
	assert_eq!(opened.dealing.verify_collision(&collision, &later), Ok(()));
}

#[test]
fn an_invalid_collision_reveals_nothing() {
	let opened = Opened::new();
	let later = Candidacy { term: 8, ..CANDIDACY };
	assert_eq!(
		opened.dealing.trapdoor_of(&opened.collision(), &later).err(),
		Some(CollisionError::Hash)
	);
}

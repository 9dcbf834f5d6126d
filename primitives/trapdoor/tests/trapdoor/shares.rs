//! Opening shares and verifying them.

use crate::{
	context,
	independent::{not_reduced, open, opening, random_scalar, scalar_from, Plan},
	Set, Stuck,
};
use codec::{Decode, Encode};
use curve25519_dalek::{
	constants::RISTRETTO_BASEPOINT_POINT as G, ristretto::RistrettoPoint, scalar::Scalar,
};
use rand_core::OsRng;
use veilmart_trapdoor::{Dealing, EncodingError, NotAHolder, OpenedShare, ShareError, VerifiedDealing};

const LABEL: &[u8] = b"tdraft/1/opened share";

/// A dealing whose shares the tests know.
struct Known {
	set: Set,
	values: Vec<Scalar>,
	dealing: VerifiedDealing,
}

impl Known {
	fn new() -> Self {
		let set = Set::new(4);
		let plan = Plan::honest(&set.scalars);
		let dealing = verified(&set, &plan);
		Self {
			set,
			values: plan.committed,
			dealing,
		}
	}

	/// `Y_i` of a holder.
	fn encrypted(&self, holder: u16) -> RistrettoPoint {
		G * (self.values[usize::from(holder)] * self.set.scalars[usize::from(holder)])
	}

	/// The share as the independent holder opens it.
	fn open(&self, label: &'static [u8], holder: u16, opened: RistrettoPoint) -> Vec<u8> {
		let secret = self.set.scalars[usize::from(holder)];
		open(
			label,
			&self.dealing.hash(),
			holder,
			secret,
			self.encrypted(holder),
			opened,
		)
	}

	fn honest(&self, holder: u16) -> Vec<u8> {
		self.open(LABEL, holder, G * self.values[usize::from(holder)])
	}

	fn verify(&self, bytes: &[u8]) -> Result<(), ShareError> {
		verify(&self.dealing, bytes)
	}
}

fn verified(set: &Set, plan: &Plan) -> VerifiedDealing {
	Dealing::decode(&mut &plan.publish().bytes[..])
		.expect("well formed")
		.verify(&plan.context, &set.keys)
		.expect("honest")
}

fn verify(dealing: &VerifiedDealing, bytes: &[u8]) -> Result<(), ShareError> {
	let share = OpenedShare::decode(&mut &bytes[..]).expect("well formed");
	dealing.verify_share(&share).map(|_| ())
}

#[test]
fn an_opened_share_is_the_dealt_value_times_the_generator() {
	let known = Known::new();
	for holder in 0..4u16 {
		let share = known
			.dealing
			.open(&known.set.secrets[usize::from(holder)], &mut OsRng)
			.expect("a holder");
		let bytes = share.encode();
		assert_eq!(bytes.len(), 98);
		assert_eq!(bytes[..2], holder.to_le_bytes());
		assert_eq!(bytes[2..34], (G * known.values[usize::from(holder)]).compress().0);
		assert_eq!(known.verify(&bytes), Ok(()));
	}
}

#[test]
fn an_independent_holder_is_understood() {
	let known = Known::new();
	for holder in 0..4 {
		assert_eq!(known.verify(&known.honest(holder)), Ok(()));
	}
}

#[test]
fn a_stranger_has_no_share() {
	let known = Known::new();
	let stranger = Set::new(1);
	assert_eq!(
		known.dealing.open(&stranger.secrets[0], &mut OsRng),
		Err(NotAHolder)
	);
}

#[test]
fn the_holder_is_of_the_set() {
	let known = Known::new();
	for holder in [4, 99, u16::MAX] {
		let mut bytes = known.honest(0);
		bytes[..2].copy_from_slice(&u16::to_le_bytes(holder));
		assert_eq!(known.verify(&bytes), Err(ShareError::Holder));
	}
}

#[test]
fn encodings_are_canonical() {
	let known = Known::new();
	let bytes = known.honest(2);
	let with = |at: usize, part: [u8; 32]| {
		let mut bytes = bytes.clone();
		bytes[at..at + 32].copy_from_slice(&part);
		bytes
	};
	for (at, part, error) in [
		(2, [0xff; 32], EncodingError::Point),
		(2, [0; 32], EncodingError::Identity),
		(34, [0xff; 32], EncodingError::Scalar),
		(66, [0xff; 32], EncodingError::Scalar),
	] {
		assert_eq!(
			known.verify(&with(at, part)),
			Err(ShareError::Encoding(error)),
			"at {at}"
		);
	}
}

#[test]
fn scalars_are_reduced() {
	let known = Known::new();
	let bytes = known.honest(1);
	for at in [34, 66] {
		let mut bytes = bytes.clone();
		let reduced: [u8; 32] = bytes[at..at + 32].try_into().expect("32 bytes");
		bytes[at..at + 32].copy_from_slice(&not_reduced(reduced));
		assert_eq!(
			known.verify(&bytes),
			Err(ShareError::Encoding(EncodingError::Scalar)),
			"at {at}"
		);
	}
}

/// The nonce of an opened share: `z - c·s`.
fn nonce(share: &OpenedShare, secret: Scalar) -> Scalar {
	let bytes = share.encode();
	let [c, z] = [34, 66].map(|at| {
		let scalar = bytes[at..at + 32].try_into().expect("32 bytes");
		Scalar::from_canonical_bytes(scalar).expect("canonical")
	});
	z - c * secret
}

/// Two proofs with one nonce give the secret away.
#[test]
fn a_repeated_random_source_does_not_repeat_a_nonce() {
	let known = Known::new();
	let other = known.set.deal();
	let [a, b] = [&known.dealing, &other].map(|dealing| {
		let share = dealing.open(&known.set.secrets[0], &mut Stuck).expect("a holder");
		nonce(&share, known.set.scalars[0])
	});
	assert_ne!(a, b);
}

/// So does one proof with a nonce that others can compute.
#[test]
fn a_known_random_source_does_not_give_the_nonce() {
	let known = Known::new();
	let share = known
		.dealing
		.open(&known.set.secrets[0], &mut Stuck)
		.expect("a holder");
	let key = G * known.set.scalars[0];
	let opened = G * known.values[0];
	let transcript = opening(LABEL, &known.dealing.hash(), 0, key, known.encrypted(0), opened);
	let guess = scalar_from(&mut transcript.build_rng().finalize(&mut Stuck));
	assert_ne!(nonce(&share, known.set.scalars[0]), guess);
}

#[test]
fn a_share_is_proved_afresh_each_time() {
	let known = Known::new();
	let [a, b] = [(); 2].map(|()| known.dealing.open(&known.set.secrets[0], &mut OsRng));
	assert_ne!(a, b);
}

#[test]
fn a_wrong_share_is_refused() {
	let known = Known::new();
	let wrong = G * (known.values[0] + Scalar::ONE);
	assert_eq!(known.verify(&known.open(LABEL, 0, wrong)), Err(ShareError::Proof));
	// Multiplied instead of divided by the secret.
	let wrong = known.encrypted(0) * known.set.scalars[0];
	assert_eq!(known.verify(&known.open(LABEL, 0, wrong)), Err(ShareError::Proof));
}

#[test]
fn another_holders_share_is_refused() {
	let known = Known::new();
	let mut bytes = known.honest(0);
	bytes[0] = 1;
	assert_eq!(known.verify(&bytes), Err(ShareError::Proof));
}

#[test]
fn every_part_is_proved() {
	let known = Known::new();
	let bytes = known.honest(3);
	for (at, part) in [
		(2, (G * random_scalar()).compress().0),
		(34, random_scalar().to_bytes()),
		(66, random_scalar().to_bytes()),
	] {
		let mut bytes = bytes.clone();
		bytes[at..at + 32].copy_from_slice(&part);
		assert_eq!(known.verify(&bytes), Err(ShareError::Proof), "at {at}");
	}
}

#[test]
fn a_proof_under_another_label_is_refused() {
	let known = Known::new();
	let opened = G * known.values[0];
	assert_eq!(
		known.verify(&known.open(b"tdraft/1/dealing", 0, opened)),
		Err(ShareError::Proof)
	);
}

/// The same values are dealt again in another block: the share is the same, but it was opened for the other dealing.
#[test]
fn a_share_of_another_dealing_is_refused() {
	let set = Set::new(4);
	let plan = Plan::honest(&set.scalars);
	let mut again = Plan {
		context: context(),
		holders: plan.holders.clone(),
		committed: plan.committed.clone(),
		encrypted: plan.encrypted.clone(),
		chameleon_key: plan.chameleon_key,
		theta: plan.theta,
	};
	again.context.parent = [6; 32];
	let (first, second) = (verified(&set, &plan), verified(&set, &again));
	let share = first.open(&set.secrets[0], &mut OsRng).expect("a holder");
	assert!(first.verify_share(&share).is_ok());
	assert_eq!(second.verify_share(&share).map(|_| ()), Err(ShareError::Proof));
	let own = second.open(&set.secrets[0], &mut OsRng).expect("a holder");
	assert_eq!(own.encode()[2..34], share.encode()[2..34]);
}

//! Thresholds, share keys and their secrets.

use crate::{independent, independent::random_scalar, Set};
use curve25519_dalek::{
	constants::RISTRETTO_BASEPOINT_POINT as G, ristretto::RistrettoPoint, scalar::Scalar,
};
use rand_core::{OsRng, RngCore};
use schnorrkel::{ExpansionMode, MiniSecretKey, PublicKey, SecretKey, Signature};
use veilmart_trapdoor::{
	threshold, Dealing, EncodingError, KeyError, SecretError, ShareKeys, ShareSecret, MAX_AUTHORITIES,
};
use zeroize::ZeroizeOnDrop;

#[test]
fn the_threshold_is_the_papers_and_between_the_bounds() {
	assert_eq!(threshold(1), 1);
	for n in 2..=MAX_AUTHORITIES {
		let (t, f) = (threshold(n), (n - 1) / 3);
		assert_eq!(usize::from(t), independent::threshold(n.into()), "n = {n}");
		assert!(f < t, "n = {n}: the faulty recover alone");
		assert!(
			t + f < n,
			"n = {n}: without the leader and the faulty nobody recovers"
		);
	}
}

#[test]
fn a_set_has_one_to_a_hundred_keys() {
	let keys: Vec<[u8; 32]> = (0..101).map(|_| (G * random_scalar()).compress().0).collect();
	assert_eq!(ShareKeys::new(&[]), Err(KeyError::Count));
	assert_eq!(ShareKeys::new(&keys), Err(KeyError::Count));
	assert_eq!(ShareKeys::new(&keys[..100]).map(|keys| keys.count()), Ok(100));
}

#[test]
fn share_keys_are_points_and_not_the_identity() {
	let good = (G * random_scalar()).compress().0;
	assert_eq!(
		ShareKeys::new(&[good, [0xff; 32]]),
		Err(KeyError::Key(1, EncodingError::Point))
	);
	assert_eq!(
		ShareKeys::new(&[[0; 32], good]),
		Err(KeyError::Key(0, EncodingError::Identity))
	);
}

/// Why possession proves nothing about the identity: a signature `(s·G, s)` is valid for every message.
#[test]
fn anybody_signs_for_the_identity() {
	let s = random_scalar();
	let mut signature = [0; 64];
	signature[..32].copy_from_slice(&(G * s).compress().0);
	signature[32..].copy_from_slice(&s.to_bytes());
	// schnorrkel's mark of its signatures.
	signature[63] |= 0x80;
	let signature = Signature::from_bytes(&signature).expect("well formed");
	let identity = PublicKey::from_bytes(&[0; 32]).expect("a point");
	assert!(identity
		.verify_simple(b"substrate", b"any message", &signature)
		.is_ok());
	assert_eq!(
		ShareKeys::new(&[[0; 32]]),
		Err(KeyError::Key(0, EncodingError::Identity))
	);
}

#[test]
fn share_keys_are_distinct() {
	let [a, b] = [random_scalar(), random_scalar()].map(|s| (G * s).compress().0);
	assert_eq!(ShareKeys::new(&[a, b, a]), Err(KeyError::Duplicate(2)));
}

/// The ways in which sr25519 keys come to be: from a seed as Substrate does, uniformly, at random, derived softly.
#[test]
fn the_scalar_of_an_sr25519_secret_times_the_generator_is_the_public_key() {
	for _ in 0..100 {
		let mut seed = [0; 32];
		OsRng.fill_bytes(&mut seed);
		let mini = MiniSecretKey::from_bytes(&seed).expect("32 bytes");
		let substrate = mini.expand(ExpansionMode::Ed25519);
		let (derived, _) = substrate.hard_derive_mini_secret_key(None, b"tdsh");
		for secret in [
			substrate,
			mini.expand(ExpansionMode::Uniform),
			derived.expand(ExpansionMode::Ed25519),
			SecretKey::generate_with(OsRng),
		] {
			let bytes = secret.to_bytes();
			let scalar =
				Scalar::from_canonical_bytes(bytes[..32].try_into().expect("32 bytes")).expect("canonical");
			let public = secret.to_public().to_bytes();
			assert_eq!(RistrettoPoint::mul_base(&scalar).compress().0, public);
			assert_eq!(
				ShareSecret::from_sr25519(&bytes).map(|secret| secret.public()),
				Ok(public)
			);
			// With Ed25519's factor it is no canonical scalar, or another key.
			let other = ShareSecret::from_sr25519(&secret.to_ed25519_bytes()).map(|secret| secret.public());
			assert_ne!(other, Ok(public));
		}
	}
}

#[test]
fn sr25519_keys_open_shares() {
	let secrets: Vec<SecretKey> = (0u8..4)
		.map(|i| {
			MiniSecretKey::from_bytes(&[i + 1; 32])
				.expect("32 bytes")
				.expand(ExpansionMode::Ed25519)
		})
		.collect();
	let public: Vec<[u8; 32]> = secrets
		.iter()
		.map(|secret| secret.to_public().to_bytes())
		.collect();
	let keys = ShareKeys::new(&public).expect("good keys");
	let dealing = Dealing::deal(&crate::context(), &keys, &mut OsRng)
		.verify(&crate::context(), &keys)
		.expect("honest");
	for secret in &secrets {
		let secret = ShareSecret::from_sr25519(&secret.to_bytes()).expect("a secret key");
		let share = dealing.open(&secret, &mut OsRng).expect("a holder");
		assert!(dealing.verify_share(&share).is_ok());
	}
}

#[test]
fn what_is_no_secret_key_is_refused() {
	let refused = |bytes: &[u8; 64]| ShareSecret::from_sr25519(bytes).map(|secret| secret.public());
	assert_eq!(refused(&[0xff; 64]), Err(SecretError));
	let mut zero = [0xff; 64];
	zero[..32].fill(0);
	assert_eq!(refused(&zero), Err(SecretError));
}

#[test]
fn secrets_are_not_shown_and_are_wiped() {
	fn is_wiped<T: ZeroizeOnDrop>() {}
	is_wiped::<ShareSecret>();
	is_wiped::<veilmart_trapdoor::Trapdoor>();
	is_wiped::<veilmart_trapdoor::plain_shamir::Share>();
	let set = Set::new(1);
	assert_eq!(format!("{:?}", set.secrets[0]), "ShareSecret(secret)");
	let dealing = set.deal();
	let recovery = dealing.recover(&set.open(&dealing, [0])).expect("enough shares");
	assert_eq!(format!("{:?}", crate::trapdoor(recovery)), "Trapdoor(secret)");
}

//! The Fiat–Shamir transcripts. Everything that a proof depends on is in them, in this order.

use alloc::vec::Vec;
use curve25519_dalek::{ristretto::RistrettoPoint, scalar::Scalar};
use merlin::Transcript;

use crate::{
	encoding::{EncodedPoint, EncodedScalar},
	setting::{Context, ShareKeys},
};

/// The first messages of a proof of equal logarithms: the two bases times the same random number.
pub(crate) type Commitments = [RistrettoPoint; 2];

fn challenge_scalar(t: &mut Transcript, label: &'static [u8]) -> Scalar {
	let mut bytes = [0; 64];
	t.challenge_bytes(label, &mut bytes);
	Scalar::from_bytes_mod_order_wide(&bytes)
}

/// A dealing's transcript that has absorbed who deals what to whom.
pub(crate) fn dealing(context: &Context, keys: &ShareKeys) -> Transcript {
	let mut t = Transcript::new(b"tdraft/1/dealing");
	t.append_message(b"genesis", &context.genesis);
	t.append_u64(b"set", context.set_id);
	t.append_u64(b"term", context.term);
	t.append_u64(b"dealer", u64::from(context.dealer));
	t.append_message(b"parent", &context.parent);
	t.append_u64(b"n", u64::from(keys.count()));
	t.append_u64(b"t", u64::from(keys.threshold()));
	keys.encoded
		.iter()
		.for_each(|key| t.append_message(b"key", &key.0));
	t
}

/// Absorbs what is dealt and draws the challenge that all shares' proofs have in common. An item of `shares` is `X_i`,
/// `Y_i` and the first messages for both.
pub(crate) fn dealing_challenge<'a>(
	t: &mut Transcript,
	chameleon_key: &EncodedPoint,
	theta: &EncodedScalar,
	shares: impl Iterator<Item = (&'a EncodedPoint, &'a EncodedPoint, &'a Commitments)>,
) -> Scalar {
	t.append_message(b"chameleon key", &chameleon_key.0);
	t.append_message(b"theta", &theta.0);
	for (i, (commitment, encrypted, [a, b])) in (1..).zip(shares) {
		t.append_u64(b"i", i);
		t.append_message(b"X", &commitment.0);
		t.append_message(b"Y", &encrypted.0);
		t.append_message(b"A", a.compress().as_bytes());
		t.append_message(b"B", b.compress().as_bytes());
	}
	challenge_scalar(t, b"c")
}

/// Absorbs the responses, which completes the dealing, and draws its hash.
pub(crate) fn dealing_hash<'a>(
	t: &mut Transcript,
	responses: impl Iterator<Item = &'a EncodedScalar>,
) -> [u8; 32] {
	responses.for_each(|z| t.append_message(b"z", &z.0));
	let mut hash = [0; 32];
	t.challenge_bytes(b"hash", &mut hash);
	hash
}

/// Draws the `n-t` coefficients of `f` after the whole dealing.
pub(crate) fn degree_test(t: &mut Transcript, keys: &ShareKeys) -> Vec<Scalar> {
	(keys.threshold()..keys.count())
		.map(|_| challenge_scalar(t, b"f"))
		.collect()
}

/// An opened share's transcript that has absorbed which share of which dealing it is.
pub(crate) fn opening(
	dealing: &[u8; 32],
	holder: u16,
	key: &EncodedPoint,
	encrypted: &EncodedPoint,
	opened: &EncodedPoint,
) -> Transcript {
	let mut t = Transcript::new(b"tdraft/1/opened share");
	t.append_message(b"dealing", dealing);
	t.append_u64(b"i", u64::from(holder) + 1);
	t.append_message(b"key", &key.0);
	t.append_message(b"Y", &encrypted.0);
	t.append_message(b"S", &opened.0);
	t
}

/// Absorbs the first messages and draws the challenge.
pub(crate) fn opening_challenge(t: &mut Transcript, [a, b]: &Commitments) -> Scalar {
	t.append_message(b"A", a.compress().as_bytes());
	t.append_message(b"B", b.compress().as_bytes());
	challenge_scalar(t, b"c")
}

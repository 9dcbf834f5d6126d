//! The hash functions: BLAKE2b-512 with every input framed, so that no two lists of inputs collide.
//!
//! `frame(domain, parts)` is each of `domain, part₁, part₂ …` preceded by its length as 32-bit little-endian number.

use blake2::{digest::Update, Blake2b512, Digest};
use curve25519_dalek::{ristretto::RistrettoPoint, scalar::Scalar};

fn framed(domain: &str, parts: &[&[u8]]) -> Blake2b512 {
	let mut hasher = Blake2b512::new();
	for part in core::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
		Update::update(&mut hasher, &(part.len() as u32).to_le_bytes());
		Update::update(&mut hasher, part);
	}
	hasher
}

/// The 64 bytes of the hash as a little-endian number modulo the group's order.
pub(crate) fn to_scalar(domain: &str, parts: &[&[u8]]) -> Scalar {
	Scalar::from_hash(framed(domain, parts))
}

/// `H`, the generator of commitments: the map of RFC 9496, section 4.3.4, on the hash of no parts. Nobody knows its
/// logarithm to the base point.
pub(crate) fn commitment_generator() -> RistrettoPoint {
	RistrettoPoint::from_hash(framed("tdraft/1/generator H", &[]))
}

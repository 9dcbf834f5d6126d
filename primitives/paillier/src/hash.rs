//! The hash functions of the protocol: BLAKE2b with every input framed, so that no two input lists collide.
//!
//! `frame(domain, parts)` is each of `domain, part₁, part₂ …` preceded by its length as 32-bit little-endian number.

use alloc::vec::Vec;
use blake2::{
	digest::{consts::U32, FixedOutput, Mac, Update},
	Blake2b, Blake2b512, Blake2bMac512, Digest,
};
use zeroize::Zeroize;

fn frame(domain: &str, parts: &[&[u8]], mut absorb: impl FnMut(&[u8])) {
	for part in core::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
		absorb(&(part.len() as u32).to_le_bytes());
		absorb(part);
	}
}

/// BLAKE2b-256 of `frame(domain, parts)`.
pub fn hash(domain: &str, parts: &[&[u8]]) -> [u8; 32] {
	let mut hasher = Blake2b::<U32>::new();
	frame(domain, parts, |bytes| Update::update(&mut hasher, bytes));
	hasher.finalize_fixed().into()
}

/// Public expansion: `out` is the beginning of the BLAKE2b-512 of `le32(i) ‖ frame(domain, parts)`, `i = 0, 1, …`
pub fn expand(domain: &str, parts: &[&[u8]], out: &mut [u8]) {
	for (i, chunk) in out.chunks_mut(64).enumerate() {
		let mut hasher = Blake2b512::new();
		Update::update(&mut hasher, &(i as u32).to_le_bytes());
		frame(domain, parts, |bytes| Update::update(&mut hasher, bytes));
		chunk.copy_from_slice(&hasher.finalize_fixed()[..chunk.len()]);
	}
}

/// Secret expansion: as [`expand`] with BLAKE2b keyed by `secret` (RFC 7693), a pseudo-random function of the rest.
pub fn prf(secret: &[u8; 32], domain: &str, parts: &[&[u8]], out: &mut [u8]) {
	for (i, chunk) in out.chunks_mut(64).enumerate() {
		// A key of 32 bytes is within BLAKE2b's limit of 64, which is the only way that this constructor fails.
		let Ok(mut hasher) = Blake2bMac512::new_from_slice(secret) else {
			return;
		};
		Mac::update(&mut hasher, &(i as u32).to_le_bytes());
		frame(domain, parts, |bytes| Mac::update(&mut hasher, bytes));
		let mut block: Vec<u8> = hasher.finalize_fixed().to_vec();
		chunk.copy_from_slice(&block[..chunk.len()]);
		block.zeroize();
	}
}

//! Salts, seeds and nonces, as docs/formats.md fixes them.
//!
//! # The rule
//!
//! A wallet never uses one (seq, salt) for two different plaintexts: `Enc(m; r) / Enc(m'; r) = (1+N)^(m-m')`
//! shows the difference to everybody. The salt therefore hangs on every plaintext, on every ciphertext that
//! goes in, and on 32 bytes of the caller's entropy. A call that is signed again after it failed is a new
//! call with a new salt; should the entropy repeat itself, different plaintexts still give different salts,
//! and equal ones equal ciphertexts, which show nothing new.
//!
//! Nothing here reads a clock, counts, or remembers: what was derived once is derived again from the ledger's
//! state.

use crate::notes::Seed;
use alloc::vec::Vec;
use veilmart_confidential::{AccountBytes, Role, Salt};
use veilmart_paillier::{hash, Nonce, ParameterSet};
use zeroize::{Zeroize, Zeroizing};

/// A call of one account on one chain.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
	/// The chain's genesis hash.
	pub genesis: [u8; 32],
	/// The caller.
	pub account: AccountBytes,
	/// The caller's sequence number.
	pub seq: u64,
	/// The call's name.
	pub call: &'static str,
}

/// What a ciphertext belongs to: the listing (price, stock, item code), the order (quantity, total), the
/// credit (amount).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
	/// Who created it.
	pub account: AccountBytes,
	/// The creator's sequence number.
	pub seq: u64,
}

/// The salt of a call with these plaintexts and input ciphertexts.
pub fn salt(
	secret: &[u8; 32],
	origin: &Origin,
	plaintexts: &[u64],
	inputs: &[&[u8]],
	entropy: &[u8; 32],
) -> Salt {
	let seq = origin.seq.to_le_bytes();
	// Allocated once: a buffer that grows leaves copies behind.
	let mut values = Zeroizing::new(Vec::with_capacity(plaintexts.len().saturating_mul(8)));
	plaintexts
		.iter()
		.for_each(|value| values.extend_from_slice(&value.to_le_bytes()));
	let mut parts: Vec<&[u8]> = [
		&origin.genesis[..],
		&origin.account[..],
		&seq[..],
		origin.call.as_bytes(),
		&values[..],
	]
	.into();
	parts.extend(inputs);
	parts.push(entropy);
	let mut out = [0; 16];
	hash::prf(secret, "veilmart/salt/1", &parts, &mut out);
	out
}

/// The seed of the ciphertext with this role in a call; `index` tells several of one role apart and is 0 so
/// far.
pub fn seed(secret: &[u8; 32], origin: &Origin, salt: &Salt, role: Role, index: u8) -> Seed {
	let mut out = Seed([0; 32]);
	let seq = origin.seq.to_le_bytes();
	hash::prf(
		secret,
		"veilmart/seed/1",
		&[
			&origin.genesis,
			&origin.account,
			&seq,
			origin.call.as_bytes(),
			salt,
			role.name().as_bytes(),
			&[index],
		],
		&mut out.0,
	);
	out
}

/// The nonce that a seed expands to, for whoever knows it: the wallet that made it, or the reader of a note.
pub fn nonce(
	set: ParameterSet,
	seed: &Seed,
	genesis: &[u8; 32],
	sender: &AccountBytes,
	object: &Object,
	role: Role,
) -> Nonce {
	let mut name = Vec::from(object.account);
	name.extend_from_slice(&object.seq.to_le_bytes());
	let mut bytes = alloc::vec![0; set.nonce_bits() / 8];
	hash::prf(
		&seed.0,
		"veilmart/nonce/1",
		&[genesis, sender, &name, role.name().as_bytes()],
		&mut bytes,
	);
	let out = Nonce::from_uniform(&bytes);
	bytes.zeroize();
	out
}

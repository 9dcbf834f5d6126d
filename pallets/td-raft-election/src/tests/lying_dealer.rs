//! A dealer that publishes a chameleon key of its own choice and is right in everything else, written from the protocol's
//! description: `veilmart-trapdoor` makes no such dealing.

use blake2::{Blake2b512, Digest};
use codec::Decode;
use curve25519_dalek::{
	constants::RISTRETTO_BASEPOINT_POINT as G, ristretto::RistrettoPoint, scalar::Scalar,
};
use merlin::Transcript;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use veilmart_td_raft::AuthoritySet;
use veilmart_trapdoor::{Context, Dealing};

fn generator_h() -> RistrettoPoint {
	let domain = b"tdraft/1/generator H";
	let framed = [&(domain.len() as u32).to_le_bytes()[..], domain].concat();
	RistrettoPoint::from_uniform_bytes(&Blake2b512::digest(framed).into())
}

fn point(bytes: [u8; 32]) -> RistrettoPoint {
	curve25519_dalek::ristretto::CompressedRistretto(bytes)
		.decompress()
		.expect("a point")
}

/// The dealing, to fewer than 64 holders.
pub fn lie(context: &Context, holders: &AuthoritySet) -> Dealing {
	let mut rng = ChaCha20Rng::from_seed([0x11; 32]);
	let mut random = || {
		let mut bytes = [0; 64];
		rng.fill_bytes(&mut bytes);
		Scalar::from_bytes_mod_order_wide(&bytes)
	};
	let (n, t) = (holders.count(), holders.threshold());
	let polynomial: Vec<Scalar> = (0..t).map(|_| random()).collect();
	let value = |i: u64| {
		polynomial
			.iter()
			.rev()
			.fold(Scalar::ZERO, |sum, a| sum * Scalar::from(i) + a)
	};
	let keys: Vec<_> = holders
		.members()
		.iter()
		.map(|member| member.share_key.0)
		.collect();
	// The lie: any key but that of the secret.
	let chameleon_key = (G * random()).compress();
	let theta = random();

	let mut transcript = Transcript::new(b"tdraft/1/dealing");
	transcript.append_message(b"genesis", &context.genesis);
	transcript.append_u64(b"set", context.set_id);
	transcript.append_u64(b"term", context.term);
	transcript.append_u64(b"dealer", context.dealer.into());
	transcript.append_message(b"parent", &context.parent);
	transcript.append_u64(b"n", n.into());
	transcript.append_u64(b"t", t.into());
	for key in &keys {
		transcript.append_message(b"key", key);
	}
	transcript.append_message(b"chameleon key", chameleon_key.as_bytes());
	transcript.append_message(b"theta", theta.as_bytes());
	let h = generator_h();
	let mut shares = Vec::new();
	for (i, key) in (1..).zip(&keys) {
		let (key, a, nonce) = (point(*key), value(i), random());
		let (x, y) = ((h * a).compress(), (key * a).compress());
		transcript.append_u64(b"i", i);
		transcript.append_message(b"X", x.as_bytes());
		transcript.append_message(b"Y", y.as_bytes());
		transcript.append_message(b"A", (h * nonce).compress().as_bytes());
		transcript.append_message(b"B", (key * nonce).compress().as_bytes());
		shares.push((x, y, a, nonce));
	}
	let mut challenge = [0; 64];
	transcript.challenge_bytes(b"c", &mut challenge);
	let challenge = Scalar::from_bytes_mod_order_wide(&challenge);

	let mut bytes = [*chameleon_key.as_bytes(), theta.to_bytes(), challenge.to_bytes()].concat();
	bytes.push((n as u8) << 2);
	for (x, y, a, nonce) in shares {
		bytes.extend_from_slice(x.as_bytes());
		bytes.extend_from_slice(y.as_bytes());
		bytes.extend_from_slice((nonce + challenge * a).as_bytes());
	}
	Dealing::decode(&mut &bytes[..]).expect("well formed")
}

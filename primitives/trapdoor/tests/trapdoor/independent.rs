//! The protocol a second time, from its description and with nothing of the crate: a dealer and a holder that lie
//! where they are told to. Every other statement is true and proved, so that exactly one check can refuse a lie.

use crate::context;
use blake2::{Blake2b512, Digest};
use curve25519_dalek::{
	constants::RISTRETTO_BASEPOINT_POINT as G, ristretto::RistrettoPoint, scalar::Scalar,
};
use merlin::Transcript;
use rand_core::{OsRng, RngCore};
use veilmart_trapdoor::Context;

pub fn random_scalar() -> Scalar {
	scalar_from(&mut OsRng)
}

/// 64 bytes of a random source as a number.
pub fn scalar_from(rng: &mut impl RngCore) -> Scalar {
	let mut bytes = [0; 64];
	rng.fill_bytes(&mut bytes);
	Scalar::from_bytes_mod_order_wide(&bytes)
}

/// The same number modulo ℓ, not reduced: `2^252 + 27742317777372353535851937790883648493` is added.
pub fn not_reduced(scalar: [u8; 32]) -> [u8; 32] {
	let order: [u8; 32] = [
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
	];
	let mut carry = 0;
	core::array::from_fn(|i| {
		carry += u16::from(scalar[i]) + u16::from(order[i]);
		let byte = carry as u8;
		carry >>= 8;
		byte
	})
}

fn blake2b_512(domain: &str, parts: &[&[u8]]) -> [u8; 64] {
	let mut framed = Vec::new();
	for part in [domain.as_bytes()].iter().chain(parts) {
		framed.extend_from_slice(&u32::try_from(part.len()).expect("short").to_le_bytes());
		framed.extend_from_slice(part);
	}
	Blake2b512::digest(&framed).into()
}

pub fn hash_to_scalar(domain: &str, parts: &[&[u8]]) -> Scalar {
	Scalar::from_bytes_mod_order_wide(&blake2b_512(domain, parts))
}

pub fn generator_h() -> RistrettoPoint {
	RistrettoPoint::from_uniform_bytes(&blake2b_512("tdraft/1/generator H", &[]))
}

/// `⌈2(n-1)/3⌉`, in the float's own way, and 1 for one authority.
pub fn threshold(n: usize) -> usize {
	((2.0 * (n as f64 - 1.0) / 3.0).ceil() as usize).max(1)
}

/// `x = hash(Z)` for `Z = z·G`.
pub fn trapdoor(z: Scalar) -> Scalar {
	hash_to_scalar("tdraft/1/trapdoor", &[(G * z).compress().as_bytes()])
}

/// `a(i)`.
pub fn value(polynomial: &[Scalar], i: u64) -> Scalar {
	let mut sum = Scalar::ZERO;
	for (k, a) in polynomial.iter().enumerate() {
		sum += a * (0..k).map(|_| Scalar::from(i)).product::<Scalar>();
	}
	sum
}

fn challenge(t: &mut Transcript, label: &'static [u8]) -> Scalar {
	let mut bytes = [0; 64];
	t.challenge_bytes(label, &mut bytes);
	Scalar::from_bytes_mod_order_wide(&bytes)
}

/// What a dealer publishes; an honest one's from [`Plan::honest`], then changed.
pub struct Plan {
	pub context: Context,
	/// The holders' secrets.
	pub holders: Vec<Scalar>,
	/// `a(i)` as in `X_i`, and as proved.
	pub committed: Vec<Scalar>,
	/// `a(i)` as in `Y_i`.
	pub encrypted: Vec<Scalar>,
	pub chameleon_key: [u8; 32],
	pub theta: [u8; 32],
}

/// A dealing's bytes, its hash, and the coefficients of the degree test's polynomial.
pub struct Published {
	pub bytes: Vec<u8>,
	pub hash: [u8; 32],
	pub f: Vec<Scalar>,
}

impl Plan {
	/// Shares a polynomial.
	pub fn new(holders: &[Scalar], polynomial: &[Scalar]) -> Self {
		let values: Vec<Scalar> = (1..).zip(holders).map(|(i, _)| value(polynomial, i)).collect();
		Self {
			context: context(),
			holders: holders.to_vec(),
			committed: values.clone(),
			encrypted: values,
			chameleon_key: (G * trapdoor(polynomial[0])).compress().0,
			theta: random_scalar().to_bytes(),
		}
	}

	/// Shares a random polynomial of the right degree.
	pub fn honest(holders: &[Scalar]) -> Self {
		let polynomial: Vec<Scalar> = (0..threshold(holders.len())).map(|_| random_scalar()).collect();
		Self::new(holders, &polynomial)
	}

	/// The dealing as it is sent.
	pub fn publish(&self) -> Published {
		let (n, h) = (self.holders.len(), generator_h());
		let mut t = Transcript::new(b"tdraft/1/dealing");
		t.append_message(b"genesis", &self.context.genesis);
		t.append_u64(b"set", self.context.set_id);
		t.append_u64(b"term", self.context.term);
		t.append_u64(b"dealer", self.context.dealer.into());
		t.append_message(b"parent", &self.context.parent);
		t.append_u64(b"n", n as u64);
		t.append_u64(b"t", threshold(n) as u64);
		for secret in &self.holders {
			t.append_message(b"key", (G * secret).compress().as_bytes());
		}
		t.append_message(b"chameleon key", &self.chameleon_key);
		t.append_message(b"theta", &self.theta);
		let mut points = Vec::new();
		let nonces: Vec<Scalar> = (0..n).map(|_| random_scalar()).collect();
		for (i, nonce) in nonces.iter().enumerate() {
			let key = G * self.holders[i];
			let x = (h * self.committed[i]).compress();
			let y = (key * self.encrypted[i]).compress();
			t.append_u64(b"i", i as u64 + 1);
			t.append_message(b"X", x.as_bytes());
			t.append_message(b"Y", y.as_bytes());
			t.append_message(b"A", (h * nonce).compress().as_bytes());
			t.append_message(b"B", (key * nonce).compress().as_bytes());
			points.push((x, y));
		}
		let c = challenge(&mut t, b"c");
		let mut bytes = Vec::new();
		bytes.extend_from_slice(&self.chameleon_key);
		bytes.extend_from_slice(&self.theta);
		bytes.extend_from_slice(c.as_bytes());
		// SCALE: a length below 64 is one byte, below 2^14 two.
		if n < 64 {
			bytes.push((n as u8) << 2);
		} else {
			bytes.extend_from_slice(&((n as u16) << 2 | 1).to_le_bytes());
		}
		for (i, (x, y)) in points.iter().enumerate() {
			let z = nonces[i] + c * self.committed[i];
			bytes.extend_from_slice(x.as_bytes());
			bytes.extend_from_slice(y.as_bytes());
			bytes.extend_from_slice(z.as_bytes());
			t.append_message(b"z", z.as_bytes());
		}
		let mut hash = [0; 32];
		t.challenge_bytes(b"hash", &mut hash);
		let f = (threshold(n)..n).map(|_| challenge(&mut t, b"f")).collect();
		Published { bytes, hash, f }
	}
}

/// The transcript of an opened share's proof, up to the share.
pub fn opening(
	label: &'static [u8],
	dealing: &[u8; 32],
	holder: u16,
	key: RistrettoPoint,
	encrypted: RistrettoPoint,
	opened: RistrettoPoint,
) -> Transcript {
	let mut t = Transcript::new(label);
	t.append_message(b"dealing", dealing);
	t.append_u64(b"i", u64::from(holder) + 1);
	t.append_message(b"key", key.compress().as_bytes());
	t.append_message(b"Y", encrypted.compress().as_bytes());
	t.append_message(b"S", opened.compress().as_bytes());
	t
}

/// An opened share's bytes: the holder with this secret claims that the logarithm of `encrypted` to `opened` is its
/// secret. `label` is the transcript's, `dealing` the hash of the dealing that the share is said to be of.
pub fn open(
	label: &'static [u8],
	dealing: &[u8; 32],
	holder: u16,
	secret: Scalar,
	encrypted: RistrettoPoint,
	opened: RistrettoPoint,
) -> Vec<u8> {
	let w = random_scalar();
	let mut t = opening(label, dealing, holder, G * secret, encrypted, opened);
	t.append_message(b"A", (G * w).compress().as_bytes());
	t.append_message(b"B", (opened * w).compress().as_bytes());
	let c = challenge(&mut t, b"c");
	let mut bytes = holder.to_le_bytes().to_vec();
	bytes.extend_from_slice(opened.compress().as_bytes());
	bytes.extend_from_slice(c.as_bytes());
	bytes.extend_from_slice((w + c * secret).as_bytes());
	bytes
}

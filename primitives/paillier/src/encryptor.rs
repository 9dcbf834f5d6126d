//! Encryption, with exponents that are secret.

use crate::{
	limbs::LIMB_BITS,
	public_key::{limbs_to_word, words_to_limbs},
	square_ring::Residue,
	FixedBase, Nonce, Opening, ParameterSet, PublicKey,
};
use rand_core::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A fresh nonce exponent, uniform in `[0, 2^{|N|/2})`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct FreshNonce(Nonce);

impl FreshNonce {
	/// The nonce with these `|N|/16` uniform bytes; `None` if there are more or fewer.
	pub fn from_uniform(set: ParameterSet, bytes: &[u8]) -> Option<Self> {
		(bytes.len() * 8 == set.nonce_bits()).then(|| Self(Nonce::from_uniform(bytes)))
	}

	/// A nonce from a random source.
	pub fn random(set: ParameterSet, rng: &mut (impl RngCore + CryptoRng)) -> Self {
		let mut bytes = Zeroizing::new(alloc::vec![0; set.nonce_bits() / 8]);
		rng.fill_bytes(&mut bytes);
		Self(Nonce::from_uniform(&bytes))
	}

	/// As a nonce that arithmetic is done with.
	pub fn nonce(&self) -> &Nonce {
		&self.0
	}
}

/// Bits of a comb's tooth count and its blocks, chosen by the benchmark `paillier` (see docs/benchmarks.md): larger
/// tables cost more to read whole, which a secret exponent demands, than they save in products.
const TEETH: usize = 5;
const BLOCKS: usize = 16;

/// A public key with tables for exponents that must stay secret.
pub struct Encryptor {
	key: PublicKey,
	fresh: FixedBase,
	long: FixedBase,
	/// `h_s^(-2^(|N|/2+128))`, which brings an exponent back that was raised to be positive.
	lowered: Residue,
}

impl Encryptor {
	/// Builds the tables; takes some 10 ms and half a megabyte.
	pub fn new(key: PublicKey) -> Self {
		let fresh = key.comb(key.set().nonce_bits(), TEETH, BLOCKS);
		let long = key.comb(Self::mask_bits(key.set()), TEETH, BLOCKS);
		let mut power = key.h_s().clone();
		for _ in 0..key.set().nonce_limit_bits() {
			key.ring().square_in_place(&mut power);
		}
		// h_s is a unit unless N is malformed; then nothing else works either.
		let lowered = key.invert(&power).unwrap_or_else(|| key.ring().one().clone());
		Self {
			key,
			fresh,
			long,
			lowered,
		}
	}

	/// Bits of the longest exponent of `h_s` in a proof, `|N|/2 + 384`.
	pub const fn mask_bits(set: ParameterSet) -> usize {
		set.nonce_bits() + 384
	}

	/// The public key.
	pub fn key(&self) -> &PublicKey {
		&self.key
	}

	/// `Enc(value; nonce) = (1 + value·N) · h_s^nonce`, the lightweight scheme of the paper.
	pub fn encrypt(&self, value: u64, nonce: &FreshNonce) -> Residue {
		let mask = self.fresh.pow_secret(
			self.key.ring(),
			&self.limbs(nonce.nonce(), self.key.set().nonce_bits()),
		);
		self.key.ring().mul(&self.key.generator_power(&[value]), &mask)
	}

	/// The ciphertext of any opening whose nonce is in range; `None` otherwise.
	pub fn encrypt_opening(&self, opening: &Opening) -> Option<Residue> {
		let set = self.key.set();
		if !opening.nonce.is_in_range(set) {
			return None;
		}
		let raised = opening.nonce.offset(set.nonce_limit_bits());
		let mask = self.power(raised.words());
		let mask = self.key.ring().mul(&mask, &self.lowered);
		Some(
			self.key
				.ring()
				.mul(&self.key.generator_power(&[opening.value]), &mask),
		)
	}

	/// The value that a ciphertext holds under this nonce: the one with which [`Encryptor::encrypt_opening`] gives exactly this
	/// ciphertext. `None` if no value below 2^64 does, or if the negative of the nonce is out of range.
	pub fn value_under(&self, ciphertext: &Residue, nonce: &Nonce) -> Option<u64> {
		let unmask = self.encrypt_opening(&Opening {
			value: 0,
			nonce: nonce.negate(),
		})?;
		// 1 + value·N, if the nonce is that of the ciphertext.
		let (mut lo, mut hi) = self.key.ring().to_parts(&self.key.add(ciphertext, &unmask));
		let mut expected = alloc::vec![0; lo.len()];
		expected[0] = 1;
		let (low, high) = hi.split_at(64 / LIMB_BITS);
		let fits = lo == expected && high.iter().all(|limb| *limb == 0);
		let value = limbs_to_word(low);
		lo.zeroize();
		hi.zeroize();
		fits.then_some(value)
	}

	/// `h_s^exponent` for a secret exponent of at most `|N|/2 + 384` bits, little-endian.
	pub fn power(&self, exponent: &[u64]) -> Residue {
		let mut limbs = words_to_limbs(exponent);
		let out = self.long.pow_secret(self.key.ring(), &limbs);
		limbs.zeroize();
		out
	}

	/// `base^exponent` for a public base and a secret exponent, little-endian.
	pub fn power_of(&self, base: &Residue, exponent: &[u64]) -> Residue {
		let mut limbs = words_to_limbs(exponent);
		let out = self.key.ring().pow_secret(base, &limbs);
		limbs.zeroize();
		out
	}

	/// The same plaintext under a nonce larger by a fresh one.
	pub fn rerandomise(&self, c: &Residue, nonce: &FreshNonce) -> Residue {
		self.key.ring().mul(c, &self.encrypt(0, nonce))
	}

	fn limbs(&self, nonce: &Nonce, bits: usize) -> Zeroizing<alloc::vec::Vec<crate::limbs::Limb>> {
		Zeroizing::new(words_to_limbs(&nonce.words()[..bits / 64]))
	}
}

//! N-th roots: numbers modulo `N` whose N-th powers modulo `N²` are the ciphertexts of zero.
//!
//! `(h^r mod N)^N = h_s^r mod N²`, so who knows the nonces of two ciphertexts of one value knows a root of their quotient.
//! The certificate authority finds the root of any ciphertext of zero. What is shown with a root is in `veilmart-confidential`.

use crate::{
	limbs::{self, Limb},
	public_key::{fixed_be, to_limbs, words_to_limbs},
	square_ring::Residue,
	CiphertextError, Encryptor, Nonce, PublicKey,
};
use alloc::vec::Vec;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Zero};
use rand_core::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A public unit modulo `N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(BigUint);

/// A unit modulo `N` that its owner keeps secret: big-endian, as long as `N`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretRoot(Vec<u8>);

impl core::fmt::Debug for SecretRoot {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("SecretRoot(secret)")
	}
}

impl SecretRoot {
	/// The bytes, as the certificate authority tells them to an owner, and to everybody about sums.
	pub fn as_bytes(&self) -> &[u8] {
		&self.0
	}
}

impl PublicKey {
	/// Reads a unit modulo `N`: exact length, `0 < y < N`, `gcd(y, N) = 1`.
	pub fn parse_root(&self, bytes: &[u8]) -> Result<Root, CiphertextError> {
		if bytes.len() != self.set().modulus_bytes() {
			return Err(CiphertextError::Length);
		}
		let number = BigUint::from_bytes_be(bytes);
		if number.is_zero() {
			return Err(CiphertextError::Zero);
		}
		if number >= *self.modulus() {
			return Err(CiphertextError::NotReduced);
		}
		if !number.gcd(self.modulus()).is_one() {
			return Err(CiphertextError::NotUnit);
		}
		Ok(Root(number))
	}

	/// `y^N · c^e mod N²`, all public; `e` is little-endian.
	pub fn root_power(&self, y: &Root, c: &Residue, e: &[u64]) -> Residue {
		let len = self.ring().modulus().len();
		let base = self.ring().from_parts(&to_limbs(&y.0, len), &alloc::vec![0; len]);
		let exponent = to_limbs(self.modulus(), len);
		self.ring()
			.multi_pow_public(&[(base, exponent), (c.clone(), words_to_limbs(e))], None)
	}

	/// `(1+N)^m · y^N mod N²`, all public: the ciphertext that value and root are said to open. `m` is little-endian and
	/// at most as long as `N`.
	pub fn compose(&self, m: &[u64], y: &Root) -> Residue {
		let zero = self.root_power(y, self.ring().one(), &[0]);
		self.add(&self.generator_power(m), &zero)
	}

	/// A root that somebody was told.
	pub fn secret_root(&self, bytes: &[u8]) -> Result<SecretRoot, CiphertextError> {
		self.parse_root(bytes).map(|_| SecretRoot(bytes.to_vec()))
	}

	/// A uniform unit. (That it is none has the probability of guessing a factor.)
	pub fn random_root(&self, rng: &mut (impl RngCore + CryptoRng)) -> SecretRoot {
		let mut bytes = alloc::vec![0; self.set().modulus_bytes()];
		loop {
			rng.fill_bytes(&mut bytes);
			// The top bit of N is set, so every other number is below it.
			let number = BigUint::from_bytes_be(&bytes);
			if !number.is_zero() && number < *self.modulus() {
				return SecretRoot(bytes);
			}
		}
	}

	/// `root^N mod N²`.
	pub fn power_of_root(&self, root: &SecretRoot) -> Residue {
		let len = self.ring().modulus().len();
		let low = self.root_limbs(root);
		let base = self.ring().from_parts(&low, &alloc::vec![0; len]);
		self.ring().pow_secret(&base, &to_limbs(self.modulus(), len))
	}

	/// The product of two roots.
	pub fn multiply_roots(&self, a: &SecretRoot, b: &SecretRoot) -> SecretRoot {
		let modulus = self.ring().modulus();
		let a = Zeroizing::new(modulus.to_montgomery(&self.root_limbs(a)));
		let mut out = Zeroizing::new(alloc::vec![0; modulus.len()]);
		modulus.mul(&mut out, &a, &self.root_limbs(b));
		self.root_of_limbs(&out)
	}

	/// The power of a root with a public exponent, little-endian.
	pub fn raise_root(&self, root: &SecretRoot, exponent: &[u64]) -> SecretRoot {
		let power = self
			.ring()
			.modulus()
			.pow(&self.root_limbs(root), &words_to_limbs(exponent));
		self.root_of_limbs(&Zeroizing::new(power))
	}

	/// The inverse of a root. What is inverted, in a time that depends on it, is its product with a random number.
	pub fn invert_root(&self, root: &SecretRoot, rng: &mut (impl RngCore + CryptoRng)) -> Option<SecretRoot> {
		let blinding = self.random_root(rng);
		let blinded = self.multiply_roots(root, &blinding);
		let inverse = BigUint::from_bytes_be(&blinded.0).modinv(self.modulus())?;
		let inverse = SecretRoot(fixed_be(&inverse, self.set().modulus_bytes()));
		Some(self.multiply_roots(&inverse, &blinding))
	}

	fn root_limbs(&self, root: &SecretRoot) -> Zeroizing<Vec<Limb>> {
		Zeroizing::new(limbs::from_be_bytes(&root.0, self.ring().modulus().len()))
	}

	pub(crate) fn root_of_limbs(&self, root: &[Limb]) -> SecretRoot {
		let mut bytes = alloc::vec![0; self.set().modulus_bytes()];
		limbs::to_be_bytes(root, &mut bytes);
		SecretRoot(bytes)
	}
}

impl Encryptor {
	/// `h^nonce mod N`, a root of `h_s^nonce`; `None` if the nonce is out of range.
	pub fn root(&self, nonce: &Nonce) -> Option<SecretRoot> {
		let key = self.key();
		let set = key.set();
		if !nonce.is_in_range(set) {
			return None;
		}
		let h = SecretRoot(key.h_bytes());
		// Raised to be positive, and brought back by a public number.
		let raised = nonce.offset(set.nonce_limit_bits());
		let power = key.raise_root(&h, &raised.words()[..set.nonce_limit_bits() / 64 + 1]);
		let exponent = BigUint::one() << set.nonce_limit_bits();
		let lowered = BigUint::from_bytes_be(&h.0)
			.modpow(&exponent, key.modulus())
			.modinv(key.modulus())?;
		let lowered = SecretRoot(fixed_be(&lowered, set.modulus_bytes()));
		Some(key.multiply_roots(&power, &lowered))
	}
}

#[cfg(all(test, feature = "ca", feature = "test-keys"))]
mod tests {
	use super::*;
	use crate::{test_keys, FreshNonce, Opening, ParameterSet};
	use rand_core::OsRng;

	fn encryptor(set: ParameterSet) -> Encryptor {
		Encryptor::new(PublicKey::from_modulus(test_keys::modulus(set)).unwrap())
	}

	/// By plain arithmetic on big integers.
	fn power(key: &PublicKey, root: &SecretRoot) -> BigUint {
		let n = key.modulus();
		BigUint::from_bytes_be(root.as_bytes()).modpow(n, &(n * n))
	}

	#[test]
	fn the_root_of_a_nonce_is_that_of_its_encryption_of_zero() {
		for set in [ParameterSet::Paillier2048, ParameterSet::Paillier3072] {
			let encryptor = encryptor(set);
			let key = encryptor.key();
			let [a, b] = [0; 2].map(|_| FreshNonce::random(set, &mut OsRng).nonce().clone());
			for nonce in [a.clone(), a.sub(&b), b.sub(&a), a.negate(), Nonce::ZERO] {
				let zero = Opening {
					value: 0,
					nonce: nonce.clone(),
				};
				let expected = key.encode(&encryptor.encrypt_opening(&zero).unwrap());
				let root = encryptor.root(&nonce).unwrap();
				assert_eq!(power(key, &root), BigUint::from_bytes_be(&expected));
				assert_eq!(key.encode(&key.power_of_root(&root)), expected);
			}
		}
	}

	#[test]
	fn roots_multiply_and_invert_as_numbers_do() {
		let encryptor = encryptor(ParameterSet::Paillier2048);
		let key = encryptor.key();
		let [a, b] = [0; 2].map(|_| key.random_root(&mut OsRng));
		let number = |root: &SecretRoot| BigUint::from_bytes_be(root.as_bytes());
		let product = key.multiply_roots(&a, &b);
		assert_eq!(number(&product), number(&a) * number(&b) % key.modulus());
		let inverse = key.invert_root(&a, &mut OsRng).unwrap();
		assert!((number(&inverse) * number(&a) % key.modulus()).is_one());
		let raised = key.raise_root(&a, &[5, 1]);
		let exponent = (BigUint::one() << 64) + 5u32;
		assert_eq!(number(&raised), number(&a).modpow(&exponent, key.modulus()));
	}

	#[test]
	fn what_is_no_unit_below_n_is_no_root() {
		let secret = test_keys::secret(ParameterSet::Paillier2048).unwrap();
		let key = secret.public();
		let [p, _] = secret.factors();
		let mut factor = alloc::vec![0; 256 - p.len()];
		factor.extend_from_slice(&p);
		assert_eq!(key.parse_root(&factor), Err(CiphertextError::NotUnit));
		assert_eq!(key.parse_root(&[0; 256]), Err(CiphertextError::Zero));
		assert_eq!(key.parse_root(&[0xff; 256]), Err(CiphertextError::NotReduced));
		assert_eq!(
			key.parse_root(&key.modulus_bytes()),
			Err(CiphertextError::NotReduced)
		);
		assert_eq!(key.parse_root(&[1; 255]), Err(CiphertextError::Length));
		assert!(key.parse_root(&[1; 256]).is_ok());
	}
}

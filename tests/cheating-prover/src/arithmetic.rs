//! Numbers: Paillier with exponents that are integers of any size and sign, scalars, a reproducible random source.

use curve25519_dalek::scalar::Scalar;
use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{One, Signed};
use rand_core::{CryptoRng, Error, RngCore};
use std::sync::OnceLock;
use veilmart_confidential::Verifier;
use veilmart_paillier::{hash, Encryptor, ParameterSet, PublicKey, Residue, SecretKey};

/// A test key with everything that prover and verifier need.
pub struct World {
	/// The size of the key.
	pub set: ParameterSet,
	/// The certificate authority's key: shows what a forged ciphertext decrypts to.
	pub secret: SecretKey,
	/// The public key.
	pub key: PublicKey,
	/// Its tables.
	pub encryptor: Encryptor,
	/// The verifier under attack.
	pub verifier: Verifier,
	/// `N`.
	pub n: BigInt,
	/// `N²`.
	pub n_squared: BigInt,
}

impl World {
	/// The published test key of this size, loaded once.
	pub fn get(set: ParameterSet) -> &'static Self {
		static WORLDS: [OnceLock<World>; 2] = [OnceLock::new(), OnceLock::new()];
		let (index, factors) = match set {
			ParameterSet::Paillier2048 => (
				0,
				include_str!("../../../primitives/paillier/test-keys/2048.factors"),
			),
			ParameterSet::Paillier3072 => (
				1,
				include_str!("../../../primitives/paillier/test-keys/3072.factors"),
			),
		};
		WORLDS[index].get_or_init(|| {
			let mut lines = factors.lines().map(|line| {
				BigUint::parse_bytes(line.as_bytes(), 16)
					.expect("the test keys are hexadecimal")
					.to_bytes_be()
			});
			let (p, q) = (
				lines.next().expect("two factors"),
				lines.next().expect("two factors"),
			);
			let secret = SecretKey::from_factors(&p, &q).expect("the test key is well formed");
			let key = secret.public().clone();
			let n = BigInt::from(key.modulus().clone());
			Self {
				set,
				verifier: Verifier::new(key.clone()),
				encryptor: Encryptor::new(key.clone()),
				n_squared: &n * &n,
				n,
				key,
				secret,
			}
		})
	}

	/// A factor of `N`.
	pub fn p(&self) -> BigInt {
		BigInt::from_bytes_be(Sign::Plus, &self.secret.factors()[0])
	}

	/// `base^exponent`.
	pub fn power(&self, base: &Residue, exponent: &BigInt) -> Residue {
		let power = self.encryptor.power_of(base, &words(exponent));
		if exponent.is_negative() {
			self.key.invert(&power).expect("the base is a unit")
		} else {
			power
		}
	}

	/// `h_s^exponent`.
	pub fn nonce_power(&self, exponent: &BigInt) -> Residue {
		if exponent.bits() as usize > Encryptor::mask_bits(self.set) {
			return self.power(self.key.h_s(), exponent);
		}
		let power = self.encryptor.power(&words(exponent));
		if exponent.is_negative() {
			self.key.invert(&power).expect("h_s is a unit")
		} else {
			power
		}
	}

	/// `(1 + N)^exponent`.
	pub fn generator_power(&self, exponent: &BigInt) -> Residue {
		self.key.generator_power(&words(&exponent.mod_floor(&self.n)))
	}

	/// `a·b`.
	pub fn mul(&self, a: &Residue, b: &Residue) -> Residue {
		self.key.add(a, b)
	}

	/// `Enc(x; r)` for any integers.
	pub fn encrypt(&self, x: &BigInt, r: &BigInt) -> Vec<u8> {
		self.key
			.encode(&self.mul(&self.generator_power(x), &self.nonce_power(r)))
	}

	/// The residue of these bytes, whatever they are; only the attacker is this generous.
	pub fn residue(&self, bytes: &[u8]) -> Residue {
		let number = BigInt::from_bytes_be(Sign::Plus, bytes).mod_floor(&self.n_squared);
		self.key.parse_stored(&self.bytes(&number)).expect("not zero")
	}

	/// A number as bytes of a ciphertext's length.
	pub fn bytes(&self, number: &BigInt) -> Vec<u8> {
		let (_, bytes) = number.to_bytes_be();
		let len = self.set.ciphertext_bytes();
		assert!(bytes.len() <= len, "the number fits");
		[vec![0; len - bytes.len()], bytes].concat()
	}

	/// `N² - C`.
	pub fn negated(&self, ciphertext: &[u8]) -> Vec<u8> {
		self.bytes(&(&self.n_squared - BigInt::from_bytes_be(Sign::Plus, ciphertext)))
	}

	/// `numerator/denominator` modulo `N`.
	pub fn fraction(&self, numerator: &BigInt, denominator: &BigInt) -> BigInt {
		(numerator * denominator.modinv(&self.n).expect("coprime to N")).mod_floor(&self.n)
	}

	/// Bits of `|N|/2`.
	pub fn half(&self) -> usize {
		self.set.nonce_bits()
	}
}

/// `2^bits`.
pub fn two_to(bits: usize) -> BigInt {
	BigInt::one() << bits
}

/// `ℓ`, the order of Ristretto.
pub fn order() -> BigInt {
	two_to(252) + 27742317777372353535851937790883648493u128
}

/// An integer as a scalar.
pub fn scalar(x: &BigInt) -> Scalar {
	Scalar::from_bytes_mod_order(le32(&x.mod_floor(&order())))
}

/// The low 32 bytes of an integer, little-endian, in two's complement.
pub fn le32(x: &BigInt) -> [u8; 32] {
	let mut out = [0; 32];
	out.copy_from_slice(&le(x, 32));
	out
}

/// The low `len` bytes of an integer, little-endian, in two's complement.
pub fn le(x: &BigInt, len: usize) -> Vec<u8> {
	let (_, mut bytes) = x.mod_floor(&two_to(8 * len)).to_bytes_le();
	bytes.resize(len, 0);
	bytes
}

fn words(x: &BigInt) -> Vec<u64> {
	let mut words = x.magnitude().to_u64_digits();
	if words.is_empty() {
		words.push(0);
	}
	words
}

/// A random source that repeats itself, so that a failure does, too.
pub struct Rng {
	name: String,
	counter: u64,
}

impl Rng {
	/// The stream of this name.
	pub fn new(name: &str) -> Self {
		Self {
			name: name.into(),
			counter: 0,
		}
	}

	/// An integer of at most `bits` bits.
	pub fn bits(&mut self, bits: usize) -> BigInt {
		let mut bytes = vec![0; bits.div_ceil(8)];
		self.fill_bytes(&mut bytes);
		BigInt::from_bytes_le(Sign::Plus, &bytes) >> (8 * bytes.len() - bits)
	}

	/// Random bytes.
	pub fn array<const L: usize>(&mut self) -> [u8; L] {
		let mut out = [0; L];
		self.fill_bytes(&mut out);
		out
	}

	/// A random scalar.
	pub fn scalar(&mut self) -> Scalar {
		Scalar::random(self)
	}
}

impl RngCore for Rng {
	fn next_u32(&mut self) -> u32 {
		u32::from_le_bytes(self.array())
	}

	fn next_u64(&mut self) -> u64 {
		u64::from_le_bytes(self.array())
	}

	fn fill_bytes(&mut self, dest: &mut [u8]) {
		self.counter += 1;
		hash::expand(
			"veilmart/cheating-prover",
			&[self.name.as_bytes(), &self.counter.to_le_bytes()],
			dest,
		);
	}

	fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
		self.fill_bytes(dest);
		Ok(())
	}
}

impl CryptoRng for Rng {}

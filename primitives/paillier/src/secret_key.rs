//! The secret key: decryption, roots, and the proof that the modulus is well formed. Held by the CA alone.

use crate::{
	limbs::{self, Arithmetic, Limb, Portable, LIMB_BITS, LIMB_BYTES},
	montgomery::Modulus,
	public_key::to_limbs,
	square_ring::SquareRing,
	CiphertextError, KeyError, ParameterSet, PublicKey, SecretRoot,
};
use alloc::vec::Vec;
use num_bigint::BigUint;
use zeroize::{Zeroize, Zeroizing};

/// One prime factor with what decryption modulo its square needs.
pub(crate) struct Factor {
	pub(crate) ring: SquareRing,
	/// `p - 1`, little-endian.
	order: Zeroizing<Vec<Limb>>,
	/// `L((1+N)^(p-1) mod p²)^-1 = (-q)^-1 mod p`.
	scale: Zeroizing<Vec<Limb>>,
}

impl Factor {
	pub(crate) fn modulus(&self) -> &Modulus {
		self.ring.modulus()
	}

	/// `x^exponent mod p` for `x < 2^(bits of p)`.
	fn pow(&self, x: &[Limb], exponent: &[Limb]) -> Vec<Limb> {
		self.modulus().pow(x, exponent)
	}

	/// `a·b mod p`.
	fn product(&self, a: &[Limb], b: &[Limb]) -> Vec<Limb> {
		let modulus = self.modulus();
		let mut out = alloc::vec![0; modulus.len()];
		let a = Zeroizing::new(modulus.to_montgomery(a));
		modulus.mul(&mut out, &a, b);
		out
	}

	/// A number of any length modulo `p`, in constant time.
	pub(crate) fn reduce(&self, number: &[Limb]) -> Vec<Limb> {
		self.ring.to_parts(&self.ring.reduce_long(number)).0
	}

	/// `(p + add) >> shift`, little-endian, for the small exponents that roots need.
	pub(crate) fn shifted(&self, add: Limb, shift: usize) -> Zeroizing<Vec<Limb>> {
		let mut out = Zeroizing::new(self.modulus().limbs().to_vec());
		// The carry cannot leave: p is 3 modulo 4 and add is 0 or 1.
		out[0] = out[0].wrapping_add(add);
		for _ in 0..shift {
			let mut high = 0;
			for limb in out.iter_mut().rev() {
				let next = *limb << (LIMB_BITS - 1);
				*limb = (*limb >> 1) | high;
				high = next;
			}
		}
		out
	}
}

/// The primes `p` and `q`. Equivalent to the paper's `δ = (p-1)(q-1)/2`: each gives the other. All arithmetic on them
/// runs in time that does not depend on their values; they are wiped when dropped.
pub struct SecretKey {
	key: PublicKey,
	pub(crate) p: Factor,
	pub(crate) q: Factor,
	/// `p^-1 mod q`.
	p_inverse: Zeroizing<Vec<Limb>>,
}

/// Why bytes are not a secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKeyError {
	/// The factors have not half the length of a modulus each.
	Length,
	/// A factor is not 3 modulo 4, or both are equal.
	Factors,
	/// Their product is not a modulus.
	Modulus(KeyError),
}

impl core::fmt::Display for SecretKeyError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		match self {
			Self::Length => f.write_str("the factors are not half as long as a modulus"),
			Self::Factors => f.write_str("the factors are equal or not 3 modulo 4"),
			Self::Modulus(error) => write!(f, "the product of the factors is no modulus: {error}"),
		}
	}
}

impl SecretKey {
	/// The key with the big-endian prime factors `p` and `q`, each half as long as the modulus. That they are prime is
	/// the caller's to know.
	pub fn from_factors(p: &[u8], q: &[u8]) -> Result<Self, SecretKeyError> {
		let set = ParameterSet::from_modulus_bytes(p.len() + q.len()).ok_or(SecretKeyError::Length)?;
		if p.len() != q.len() {
			return Err(SecretKeyError::Length);
		}
		let len = set.modulus_bits() / 2 / LIMB_BITS;
		let p_limbs = Zeroizing::new(limbs::from_be_bytes(p, len));
		let q_limbs = Zeroizing::new(limbs::from_be_bytes(q, len));
		if p_limbs[0] & 3 != 3 || q_limbs[0] & 3 != 3 || p == q {
			return Err(SecretKeyError::Factors);
		}
		let mut product = alloc::vec![0; 2 * len];
		Portable.mul(&mut product, &p_limbs, &q_limbs);
		let mut modulus = alloc::vec![0; set.modulus_bytes()];
		limbs::to_be_bytes(&product, &mut modulus);
		let key = PublicKey::from_modulus(&modulus).map_err(SecretKeyError::Modulus)?;
		let p = Self::factor(&p_limbs, &q_limbs)?;
		let q = Self::factor(&q_limbs, &p_limbs)?;
		let p_inverse = Zeroizing::new(Self::inverse(&q, &p_limbs));
		Ok(Self { key, p, q, p_inverse })
	}

	fn factor(p: &[Limb], q: &[Limb]) -> Result<Factor, SecretKeyError> {
		let modulus = Modulus::new(p.to_vec()).ok_or(SecretKeyError::Factors)?;
		let mut order = Zeroizing::new(p.to_vec());
		order[0] ^= 1;
		let mut factor = Factor {
			ring: SquareRing::new(modulus),
			order,
			scale: Zeroizing::new(alloc::vec![0; p.len()]),
		};
		let inverse = Zeroizing::new(Self::inverse(&factor, q));
		// (-q)^-1 = p - q^-1.
		let mut scale = Zeroizing::new(p.to_vec());
		limbs::sub_assign(&mut scale, &inverse);
		factor.scale = scale;
		Ok(factor)
	}

	/// `x^-1 mod p = x^(p-2)`: `p` is prime.
	fn inverse(factor: &Factor, x: &[Limb]) -> Vec<Limb> {
		let mut exponent = factor.order.clone();
		exponent[0] -= 1;
		factor.pow(x, &exponent)
	}

	/// The public half.
	pub fn public(&self) -> &PublicKey {
		&self.key
	}

	/// The factors, big-endian, for encrypted storage.
	pub fn factors(&self) -> [Zeroizing<Vec<u8>>; 2] {
		[&self.p, &self.q].map(|factor| {
			let limbs = factor.modulus().limbs();
			let mut bytes = Zeroizing::new(alloc::vec![0; limbs.len() * LIMB_BYTES]);
			limbs::to_be_bytes(limbs, &mut bytes);
			bytes
		})
	}

	/// The plaintext in `[0, N)`: `m ≡ L(c^(p-1) mod p²)·h_p` modulo each factor, then the Chinese remainder theorem.
	pub fn decrypt(&self, ciphertext: &[u8]) -> Result<BigUint, CiphertextError> {
		self.key.parse(ciphertext)?;
		let c = limbs::from_be_bytes(ciphertext, ciphertext.len() / LIMB_BYTES);
		let [mut m_p, m_q] = [&self.p, &self.q].map(|factor| {
			let power = factor
				.ring
				.pow_secret(&factor.ring.reduce_long(&c), &factor.order);
			let (_, l) = factor.ring.to_parts(&power);
			Zeroizing::new(factor.product(&Zeroizing::new(l), &factor.scale))
		});
		let out = self.combine(&mut m_p, &m_q);
		let mut bytes = Zeroizing::new(alloc::vec![0; out.len() * LIMB_BYTES]);
		limbs::to_be_bytes(&out, &mut bytes);
		Ok(BigUint::from_bytes_be(&bytes))
	}

	/// The plaintext of a ciphertext of the ledger, all of which are below 2^64; `None` if it is not.
	pub fn decrypt_amount(&self, ciphertext: &[u8]) -> Result<Option<u64>, CiphertextError> {
		self.decrypt(ciphertext).map(|m| u64::try_from(m).ok())
	}

	/// The number modulo `N` that is `x_p` modulo `p` and `x_q` modulo `q`.
	pub(crate) fn combine(&self, x_p: &mut [Limb], x_q: &[Limb]) -> Zeroizing<Vec<Limb>> {
		let len = x_p.len();
		// (x_q - x_p) mod q; p and q have equally many bits, so one subtraction reduces x_p.
		let mut reduced = Zeroizing::new(x_p.to_vec());
		limbs::sub_if_not_less(&mut reduced, 0, self.q.modulus().limbs());
		let mut difference = Zeroizing::new(x_q.to_vec());
		let borrow = limbs::sub_assign(&mut difference, &reduced);
		limbs::add_masked(&mut difference, self.q.modulus().limbs(), limbs::mask(borrow));
		let factor = Zeroizing::new(self.q.product(&difference, &self.p_inverse));
		let mut out = Zeroizing::new(alloc::vec![0; 2 * len]);
		out[..len].copy_from_slice(x_p);
		Portable.mul_add(&mut out, &factor, self.p.modulus().limbs());
		out
	}

	/// For the proof that `N` is well formed: `x` modulo both factors.
	pub(crate) fn residues(&self, x: &BigUint) -> [Vec<Limb>; 2] {
		let limbs = to_limbs(x, self.key.set().modulus_bits() / LIMB_BITS);
		[self.p.reduce(&limbs), self.q.reduce(&limbs)]
	}

	/// `x^exponent` modulo both factors, combined; the exponents are one for each factor.
	pub(crate) fn pow(&self, x: &BigUint, exponents: [&[Limb]; 2]) -> BigUint {
		let [x_p, x_q] = self.residues(x);
		let mut y_p = Zeroizing::new(self.p.pow(&x_p, exponents[0]));
		let y_q = Zeroizing::new(self.q.pow(&x_q, exponents[1]));
		let out = self.combine(&mut y_p, &y_q);
		let mut bytes = Zeroizing::new(alloc::vec![0; out.len() * LIMB_BYTES]);
		limbs::to_be_bytes(&out, &mut bytes);
		BigUint::from_bytes_be(&bytes)
	}

	/// `N^-1` modulo `p-1` and `q-1`: the exponents of an N-th root. `None` if `N` shares a factor with `φ(N)`.
	pub(crate) fn root_exponents(&self) -> Option<[Zeroizing<Vec<Limb>>; 2]> {
		use crypto_bigint::{BoxedUint, NonZero, Resize};
		// That type wipes nothing by itself.
		struct Wiped(BoxedUint);
		impl Drop for Wiped {
			fn drop(&mut self) {
				self.0.as_mut_words().zeroize();
			}
		}
		let bits = self.key.set().modulus_bits() as u32;
		let n = BoxedUint::from_be_slice(&self.key.modulus_bytes(), bits).ok()?;
		let exponent = |factor: &Factor| {
			let mut bytes = Zeroizing::new(alloc::vec![0; factor.order.len() * LIMB_BYTES]);
			limbs::to_be_bytes(&factor.order, &mut bytes);
			let order = NonZero::new(BoxedUint::from_be_slice(&bytes, bits / 2).ok()?).into_option()?;
			let wide = NonZero::new((&*order).resize(bits)).into_option()?;
			let long = Wiped(n.rem(&wide));
			let reduced = Wiped((&long.0).resize(bits / 2));
			let inverse = reduced.0.invert_mod(&order).into_option().map(Wiped);
			drop((Wiped(wide.get()), Wiped(order.get())));
			let bytes = Zeroizing::new(inverse?.0.to_be_bytes());
			Some(Zeroizing::new(limbs::from_be_bytes(&bytes, factor.order.len())))
		};
		Some([exponent(&self.p)?, exponent(&self.q)?])
	}

	/// The N-th root modulo `N` of a number modulo `N`; `None` if `N` shares a factor with `φ(N)`.
	pub fn nth_root(&self, x: &BigUint) -> Option<BigUint> {
		let [e_p, e_q] = self.root_exponents()?;
		Some(self.pow(x, [&e_p, &e_q]))
	}

	/// What is left of a ciphertext without its plaintext `m`, as an N-th root: the one `u` below `N` with
	/// `C = (1+N)^m·u^N mod N²`. `None` if `N` shares a factor with `φ(N)`.
	///
	/// `1+N` is 1 modulo `N`, so `u^N = C (mod N)` whatever `m` is.
	pub fn root_of(&self, ciphertext: &[u8]) -> Result<Option<SecretRoot>, CiphertextError> {
		self.key.parse(ciphertext)?;
		let c = limbs::from_be_bytes(ciphertext, ciphertext.len() / LIMB_BYTES);
		Ok(self.root_exponents().map(|exponents| {
			let [mut u_p, u_q] =
				[(&self.p, &exponents[0]), (&self.q, &exponents[1])].map(|(factor, exponent)| {
					let residue = Zeroizing::new(factor.reduce(&c));
					Zeroizing::new(factor.pow(&residue, exponent))
				});
			self.key.root_of_limbs(&self.combine(&mut u_p, &u_q))
		}))
	}
}

impl core::fmt::Debug for SecretKey {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "SecretKey({})", self.key.set().name())
	}
}

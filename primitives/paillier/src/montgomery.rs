//! Montgomery arithmetic modulo an odd number whose top bit is set.
//!
//! `R = 2^(bits of the modulus)`. A number is in *Montgomery form* when it stands for `x` as `x·R mod n`.

use crate::limbs::{self, mask, Arithmetic, Limb, LIMB_BITS, MAX_LIMBS};
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// An odd modulus, its top bit set, with what Montgomery reduction needs. May be secret: it is wiped when dropped,
/// and no function here branches on it.
#[derive(Clone)]
pub struct Modulus {
	limbs: Zeroizing<Vec<Limb>>,
	/// `-n^{-1} mod 2^LIMB_BITS`.
	negated_inverse: Limb,
	/// `R² mod n`.
	r_squared: Zeroizing<Vec<Limb>>,
}

impl Modulus {
	/// The modulus with these limbs, or `None` if it is even, its top bit is clear, or it is longer than
	/// [`MAX_LIMBS`].
	pub fn new(limbs: Vec<Limb>) -> Option<Self> {
		let limbs = Zeroizing::new(limbs);
		let (first, last) = (*limbs.first()?, *limbs.last()?);
		if first & 1 == 0 || last >> (LIMB_BITS - 1) == 0 || limbs.len() > MAX_LIMBS {
			return None;
		}
		// Newton: each step doubles the number of correct low bits, starting from three.
		let mut inverse = first;
		for _ in 0..6 {
			inverse = inverse.wrapping_mul((2 as Limb).wrapping_sub(first.wrapping_mul(inverse)));
		}
		let mut modulus = Self {
			negated_inverse: inverse.wrapping_neg(),
			r_squared: Zeroizing::new(Vec::new()),
			limbs,
		};
		// R² mod n by doubling 1.
		let mut power = Zeroizing::new(alloc::vec![0; modulus.len()]);
		power[0] = 1;
		for _ in 0..2 * LIMB_BITS * modulus.len() {
			let high = limbs::double(&mut power);
			limbs::sub_if_not_less(&mut power, high, &modulus.limbs);
		}
		modulus.r_squared = power;
		Some(modulus)
	}

	/// Length in limbs.
	#[inline(always)]
	pub fn len(&self) -> usize {
		self.limbs.len()
	}

	/// `-n^-1` modulo `2^LIMB_BITS`.
	#[cfg(all(feature = "std", target_arch = "x86_64"))]
	pub(crate) fn negated_inverse(&self) -> Limb {
		self.negated_inverse
	}

	/// The modulus itself.
	#[inline(always)]
	pub fn limbs(&self) -> &[Limb] {
		&self.limbs
	}

	/// Montgomery reduction of `t`, twice as long as the modulus: see [`Arithmetic::reduce`].
	#[inline(always)]
	pub(crate) fn reduce(&self, with: impl Arithmetic, t: &mut [Limb], quotient: &mut [Limb]) -> Limb {
		with.reduce(t, quotient, &self.limbs, self.negated_inverse)
	}

	/// `out ← a·b / R mod n`, for `a, b < n`.
	pub fn mul(&self, out: &mut [Limb], a: &[Limb], b: &[Limb]) {
		#[cfg(all(feature = "std", target_arch = "x86_64"))]
		if let Some(adx) = crate::adx::Adx::detect(self.len()) {
			return self.mul_with(adx, out, a, b);
		}
		self.mul_with(limbs::Portable, out, a, b);
	}

	#[inline(always)]
	fn mul_with(&self, with: impl Arithmetic, out: &mut [Limb], a: &[Limb], b: &[Limb]) {
		let len = self.len();
		let mut t = Zeroizing::new([0; 2 * MAX_LIMBS]);
		let mut quotient = Zeroizing::new([0; MAX_LIMBS]);
		with.mul(&mut t[..2 * len], &a[..len], &b[..len]);
		let high = self.reduce(with, &mut t[..2 * len], &mut quotient[..len]);
		out.copy_from_slice(&t[len..2 * len]);
		limbs::sub_if_not_less(out, high, &self.limbs);
	}

	/// `x·R mod n`, for `x < R` (not only `x < n`).
	pub fn to_montgomery(&self, x: &[Limb]) -> Vec<Limb> {
		let mut out = alloc::vec![0; self.len()];
		self.mul(&mut out, x, &self.r_squared);
		out
	}

	/// `x / R mod n`.
	pub fn leave_montgomery(&self, x: &[Limb]) -> Vec<Limb> {
		let mut one = alloc::vec![0; self.len()];
		one[0] = 1;
		let mut out = alloc::vec![0; self.len()];
		self.mul(&mut out, x, &one);
		out
	}

	/// `base^exponent mod n`, all in plain form, `base < R`. The exponent is a little-endian number of any length; the
	/// time depends on its length only.
	pub fn pow(&self, base: &[Limb], exponent: &[Limb]) -> Vec<Limb> {
		const WINDOW: usize = 4;
		let mut one = alloc::vec![0; self.len()];
		one[0] = 1;
		let base = Zeroizing::new(self.to_montgomery(base));
		let mut table = Zeroizing::new(Vec::with_capacity(1 << WINDOW));
		table.push(self.to_montgomery(&one));
		for i in 1..1 << WINDOW {
			let mut next = alloc::vec![0; self.len()];
			self.mul(&mut next, &table[i - 1], &base);
			table.push(next);
		}
		let mut acc = table[0].clone();
		let mut picked = Zeroizing::new(alloc::vec![0; self.len()]);
		let mut next = Zeroizing::new(alloc::vec![0; self.len()]);
		for window in (0..exponent.len() * LIMB_BITS / WINDOW).rev() {
			for _ in 0..WINDOW {
				self.mul(&mut next, &acc, &acc);
				acc.copy_from_slice(&next);
			}
			let bit = window * WINDOW;
			let digit = (exponent[bit / LIMB_BITS] >> (bit % LIMB_BITS)) & ((1 << WINDOW) - 1);
			select(&mut picked, table.iter().map(|entry| &entry[..]), digit);
			self.mul(&mut next, &acc, &picked);
			acc.copy_from_slice(&next);
		}
		self.leave_montgomery(&acc)
	}
}

/// `out ←` the entry of the table with this index, reading every entry, so that no address depends on the index.
#[inline]
pub(crate) fn select<'a>(out: &mut [Limb], table: impl Iterator<Item = &'a [Limb]>, index: Limb) {
	out.fill(0);
	for (i, entry) in table.enumerate() {
		let difference = (i as Limb) ^ index;
		// 1 iff the difference is zero.
		let equal = 1 ^ ((difference | difference.wrapping_neg()) >> (LIMB_BITS - 1));
		let keep = mask(equal);
		for (x, y) in out.iter_mut().zip(entry) {
			*x |= *y & keep;
		}
	}
}

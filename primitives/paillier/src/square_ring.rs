//! Arithmetic modulo `n²`, with numbers written in base `n`.
//!
//! A residue is `x = lo + hi·n` with `lo, hi < n`. Montgomery reduction of `lo·lo'` gives `m` and `r` with
//! `lo·lo' = r·R - m·n`, hence
//!
//! ```text
//! x·x' / R  ≡  r  +  n · ((lo·hi' + hi·lo' - m) / R mod n)      (mod n²)
//! ```
//!
//! That is three products and two reductions of half the length, 5 L² word products instead of the 8 L² of a
//! Montgomery product modulo `n²` taken as one number (L the words of `n`); a squaring takes 3.5 L² instead of 6 L².
//! The `L(x) = (x-1)/n` of Paillier's decryption is the `hi` of a residue and costs nothing.

use crate::{
	limbs::{self, Limb, LIMB_BITS, MAX_LIMBS},
	montgomery::{select, Modulus},
};
use alloc::vec::Vec;
use zeroize::{Zeroize, Zeroizing};

/// A residue modulo `n²` in Montgomery form (it stands for `x` as `x·R mod n²`): `lo`, then `hi`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Residue(Vec<Limb>);

impl Residue {
	/// The words, `lo` before `hi`.
	pub(crate) fn limbs(&self) -> &[Limb] {
		&self.0
	}

	/// Residues of secrets are wiped by their owners; most residues are public.
	pub(crate) fn wipe(&mut self) {
		self.0.zeroize();
	}
}

/// The ring of integers modulo `n²`.
#[derive(Clone)]
pub struct SquareRing {
	modulus: Modulus,
	/// `2n mod 2^(bits of n)`: the modulus has its top bit set, so `2n - R` fits.
	doubled: Zeroizing<Vec<Limb>>,
	one: Residue,
	/// The residue that stands for `R`.
	r: Residue,
}

/// Working space of one multiplication.
struct Scratch {
	t: [Limb; 2 * MAX_LIMBS],
	quotient: [Limb; MAX_LIMBS],
	lo: [Limb; MAX_LIMBS],
}

impl SquareRing {
	/// The ring modulo the square of `modulus`.
	pub fn new(modulus: Modulus) -> Self {
		let len = modulus.len();
		let mut doubled = Zeroizing::new(modulus.limbs().to_vec());
		limbs::double(&mut doubled);
		let placeholder = Residue(alloc::vec![0; 2 * len]);
		let mut ring = Self { modulus, doubled, one: placeholder.clone(), r: placeholder.clone() };
		// R and R² by doubling 1, which needs no division by what may be a secret.
		let mut power = placeholder;
		power.0[0] = 1;
		for _ in 0..len * LIMB_BITS {
			power = ring.add(&power, &power);
		}
		ring.one = power.clone();
		for _ in 0..len * LIMB_BITS {
			power = ring.add(&power, &power);
		}
		ring.r = power;
		ring
	}

	/// The modulus `n`.
	pub fn modulus(&self) -> &Modulus {
		&self.modulus
	}

	/// The residue of 1.
	pub fn one(&self) -> &Residue {
		&self.one
	}

	fn len(&self) -> usize {
		self.modulus.len()
	}

	/// `a + b`.
	pub fn add(&self, a: &Residue, b: &Residue) -> Residue {
		let mut out = a.clone();
		let (lo, hi) = out.0.split_at_mut(self.len());
		let (b_lo, b_hi) = b.0.split_at(self.len());
		let carry = limbs::add_assign(lo, b_lo, 0);
		let (_, wrapped) = limbs::sub_if_not_less(lo, carry, self.modulus.limbs());
		let carry = limbs::add_assign(hi, b_hi, wrapped);
		limbs::sub_if_not_less(hi, carry, self.modulus.limbs());
		out
	}

	/// The residue of `lo + hi·n`, for `lo < R` and `hi < n` in plain form.
	pub fn from_parts(&self, lo: &[Limb], hi: &[Limb]) -> Residue {
		let mut plain = Residue([lo, hi].concat());
		let (lo, hi) = plain.0.split_at_mut(self.len());
		let (_, wrapped) = limbs::sub_if_not_less(lo, 0, self.modulus.limbs());
		let mut one = alloc::vec![0; hi.len()];
		one[0] = wrapped;
		let carry = limbs::add_assign(hi, &one, 0);
		limbs::sub_if_not_less(hi, carry, self.modulus.limbs());
		let mut out = plain.clone();
		self.mul_into(&mut out, &plain, &self.r);
		plain.wipe();
		out
	}

	/// `lo` and `hi` in plain form.
	pub fn to_parts(&self, x: &Residue) -> (Vec<Limb>, Vec<Limb>) {
		let mut one = Residue(alloc::vec![0; 2 * self.len()]);
		one.0[0] = 1;
		let plain = self.mul(x, &one);
		let (lo, hi) = plain.0.split_at(self.len());
		(lo.to_vec(), hi.to_vec())
	}

	/// The residue of a number of any length, given little-endian; constant time in its value.
	pub fn reduce_long(&self, number: &[Limb]) -> Residue {
		let zero = alloc::vec![0; self.len()];
		let mut acc = Residue(alloc::vec![0; 2 * self.len()]);
		for chunk in number.chunks(self.len()).rev() {
			let mut digit = chunk.to_vec();
			digit.resize(self.len(), 0);
			// The residue that stands for R, times acc, is acc·R.
			acc = self.add(&self.mul(&acc, &self.r), &self.from_parts(&digit, &zero));
			digit.zeroize();
		}
		acc
	}

	/// `a·b`.
	pub fn mul(&self, a: &Residue, b: &Residue) -> Residue {
		let mut out = Residue(alloc::vec![0; 2 * self.len()]);
		self.mul_into(&mut out, a, b);
		out
	}

	/// `out ← a·b`.
	pub fn mul_into(&self, out: &mut Residue, a: &Residue, b: &Residue) {
		self.mul_limbs(&mut out.0, &a.0, &b.0);
	}

	/// `out ← a·b` with `b` given by its words.
	pub(crate) fn mul_slices(&self, out: &mut Residue, a: &Residue, b: &[Limb]) {
		self.mul_limbs(&mut out.0, &a.0, b);
	}

	pub(crate) fn mul_limbs(&self, out: &mut [Limb], a: &[Limb], b: &[Limb]) {
		let len = self.len();
		let mut s = Scratch { t: [0; 2 * MAX_LIMBS], quotient: [0; MAX_LIMBS], lo: [0; MAX_LIMBS] };
		let (a_lo, a_hi) = a.split_at(len);
		let (b_lo, b_hi) = b.split_at(len);
		limbs::mul(&mut s.t[..2 * len], a_lo, b_lo);
		let wrapped = self.reduce_low(&mut s);
		limbs::mul(&mut s.t[..2 * len], a_lo, b_hi);
		let carry = limbs::mul_add(&mut s.t[..2 * len], a_hi, b_lo);
		self.reduce_high(&mut s, carry, wrapped);
		out[..len].copy_from_slice(&s.lo[..len]);
		out[len..].copy_from_slice(&s.t[len..2 * len]);
	}

	/// `x ← x²`.
	pub fn square_in_place(&self, x: &mut Residue) {
		let len = self.len();
		let mut s = Scratch { t: [0; 2 * MAX_LIMBS], quotient: [0; MAX_LIMBS], lo: [0; MAX_LIMBS] };
		let (lo, hi) = x.0.split_at_mut(len);
		limbs::square(&mut s.t[..2 * len], lo);
		let wrapped = self.reduce_low(&mut s);
		limbs::mul(&mut s.t[..2 * len], lo, hi);
		let carry = limbs::double(&mut s.t[..2 * len]);
		self.reduce_high(&mut s, carry, wrapped);
		lo.copy_from_slice(&s.lo[..len]);
		hi.copy_from_slice(&s.t[len..2 * len]);
	}

	/// From `t = lo·lo'`: `s.lo ← r` in `[0, n)` and `s.quotient ← m`, with `t = (r + wrapped·n)·R - m·n`.
	#[inline(always)]
	fn reduce_low(&self, s: &mut Scratch) -> Limb {
		let len = self.len();
		let high = self.modulus.reduce(&mut s.t[..2 * len], &mut s.quotient[..len]);
		s.lo[..len].copy_from_slice(&s.t[len..2 * len]);
		limbs::sub_if_not_less(&mut s.lo[..len], high, self.modulus.limbs()).1
	}

	/// From `t + carry·R² = lo·hi' + hi·lo'`: `(t - m)/R + wrapped mod n` into the high half of `t`.
	///
	/// `2n - m` is added in place of `-m`; it is not negative, since `m < R < 2n`. So the sum is at most
	/// `2(n-1)² + 2n`, the reduced value with `wrapped` at most `3n - 1`, and two conditional subtractions suffice.
	#[inline(always)]
	fn reduce_high(&self, s: &mut Scratch, carry: Limb, wrapped: Limb) {
		let len = self.len();
		let n = self.modulus.limbs();
		// 2n - m as one number of len limbs and a high bit: 2n = R + doubled.
		let mut term = [0; MAX_LIMBS];
		let term = &mut term[..len];
		term.copy_from_slice(&self.doubled);
		let borrow = limbs::sub_assign(term, &s.quotient[..len]);
		let term_high = 1 - borrow;
		let c = limbs::add_assign(&mut s.t[..len], term, 0);
		let mut c = c + term_high;
		for x in &mut s.t[len..2 * len] {
			let (sum, over) = x.overflowing_add(c);
			*x = sum;
			c = Limb::from(over);
		}
		let above = carry + c;
		let high = self.modulus.reduce(&mut s.t[..2 * len], &mut s.quotient[..len]) + above;
		let t = &mut s.t[len..2 * len];
		let mut c = wrapped;
		for x in t.iter_mut() {
			let (sum, over) = x.overflowing_add(c);
			*x = sum;
			c = Limb::from(over);
		}
		let (high, _) = limbs::sub_if_not_less(t, high + c, n);
		limbs::sub_if_not_less(t, high, n);
	}

	/// `base^exponent` for a secret exponent (little-endian): time and addresses depend on its length only.
	pub fn pow_secret(&self, base: &Residue, exponent: &[Limb]) -> Residue {
		const WINDOW: usize = 5;
		let mut table = Vec::with_capacity(1 << WINDOW);
		table.push(self.one.clone());
		for i in 1..1 << WINDOW {
			table.push(self.mul(&table[i - 1], base));
		}
		let bits = exponent.len() * LIMB_BITS;
		let mut acc = self.one.clone();
		let mut picked = self.one.clone();
		let mut next = self.one.clone();
		for window in (0..bits.div_ceil(WINDOW)).rev() {
			for _ in 0..WINDOW {
				self.square_in_place(&mut acc);
			}
			let digit = bits_at(exponent, window * WINDOW, WINDOW);
			select(&mut picked.0, table.iter().map(|entry| &entry.0[..]), digit);
			self.mul_into(&mut next, &acc, &picked);
			core::mem::swap(&mut acc, &mut next);
		}
		picked.wipe();
		acc
	}

	/// The product of all `base^exponent` for public exponents (little-endian, of any lengths), with shared
	/// squarings; then `finish` multiplies in what a [`crate::FixedBase`] adds in the last of the squarings.
	///
	/// `Π base^exponent`, Straus with windows of 4 bits.
	pub(crate) fn multi_pow_public(
		&self,
		terms: &[(Residue, Vec<Limb>)],
		fixed: Option<(&crate::FixedBase, &[Limb])>,
	) -> Residue {
		const WINDOW: usize = 4;
		let tables: Vec<Vec<Residue>> = terms
			.iter()
			.map(|(base, _)| {
				let mut table = Vec::with_capacity((1 << WINDOW) - 1);
				table.push(base.clone());
				for i in 1..(1 << WINDOW) - 1 {
					table.push(self.mul(&table[i - 1], base));
				}
				table
			})
			.collect();
		let variable = terms.iter().map(|(_, e)| bit_length(e)).max().unwrap_or(0);
		let rounds = fixed.map_or(0, |(base, _)| base.rounds()).max(variable);
		let mut acc = self.one.clone();
		let mut next = self.one.clone();
		let mut started = false;
		for bit in (0..rounds).rev() {
			if started {
				self.square_in_place(&mut acc);
			}
			let mut multiply = |factor: &[Limb]| {
				self.mul_limbs(&mut next.0, &acc.0, factor);
				core::mem::swap(&mut acc, &mut next);
				started = true;
			};
			if bit % WINDOW == 0 {
				for ((_, exponent), table) in terms.iter().zip(&tables) {
					let digit = bits_at(exponent, bit, WINDOW) as usize;
					if let Some(entry) = digit.checked_sub(1).and_then(|i| table.get(i)) {
						multiply(&entry.0);
					}
				}
			}
			if let Some((base, exponent)) = fixed {
				base.each_public(exponent, bit, &mut multiply);
			}
		}
		acc
	}
}

/// `count` bits of `number` from bit `at` on; bits past its end are zero.
#[inline]
pub(crate) fn bits_at(number: &[Limb], at: usize, count: usize) -> Limb {
	let (limb, shift) = (at / LIMB_BITS, at % LIMB_BITS);
	let low = number.get(limb).copied().unwrap_or(0) >> shift;
	let high = if shift == 0 { 0 } else { number.get(limb + 1).copied().unwrap_or(0) << (LIMB_BITS - shift) };
	(low | high) & (((1 as Limb) << count) - 1)
}

/// Bits of a public number, without leading zeros.
fn bit_length(number: &[Limb]) -> usize {
	number
		.iter()
		.rposition(|limb| *limb != 0)
		.map_or(0, |i| (i + 1) * LIMB_BITS - number[i].leading_zeros() as usize)
}

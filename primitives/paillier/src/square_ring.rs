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
//! Where the processor has two chains of carries, [`crate::adx`] computes the products and reductions. Where it multiplies
//! 52-bit digits in vectors, [`crate::ifma`] does the same with those; [`Residue`]s then hold its digits instead of limbs, and
//! `R` is its own. Residues of two rings, or of two processes, never meet: numbers cross through [`SquareRing::to_parts`].
//!
//! The `L(x) = (x-1)/n` of Paillier's decryption is the `hi` of a residue and costs nothing.

use crate::{
	limbs::{self, Arithmetic, Limb, Portable, LIMB_BITS, MAX_LIMBS},
	montgomery::{select, Modulus},
};
use alloc::vec::Vec;
use zeroize::{Zeroize, Zeroizing};

/// A residue modulo `n²` in Montgomery form (it stands for `x` as `x·R mod n²`): `lo`, then `hi`.
#[derive(Clone)]
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

impl core::fmt::Debug for Residue {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("Residue")
	}
}

/// The ring of integers modulo `n²`.
#[derive(Clone)]
pub struct SquareRing {
	modulus: Modulus,
	engine: Engine,
	/// `2n mod 2^(bits of n)`: the modulus has its top bit set, so `2n - R` fits.
	doubled: Zeroizing<Vec<Limb>>,
	one: Residue,
	/// The residue that stands for `R`.
	r: Residue,
}

/// What multiplies.
#[derive(Clone)]
enum Engine {
	Portable,
	#[cfg(all(feature = "std", target_arch = "x86_64"))]
	Adx(crate::adx::Adx),
	#[cfg(all(feature = "std", target_arch = "x86_64"))]
	Vectors(crate::ifma::Kernel),
}

impl Engine {
	/// The fastest that this processor has for a modulus.
	// Other targets have one arithmetic for all.
	#[allow(unused_variables)]
	fn fastest(modulus: &Modulus) -> Self {
		#[cfg(all(feature = "std", target_arch = "x86_64"))]
		{
			let (limbs, inverse) = (modulus.limbs(), modulus.negated_inverse());
			if let Some(kernel) = crate::ifma::Kernel::new(limbs, inverse) {
				return Self::Vectors(kernel);
			}
			if let Some(adx) = crate::adx::Adx::detect(limbs.len()) {
				return Self::Adx(adx);
			}
		}
		Self::Portable
	}
}

/// Working space of one multiplication.
struct Scratch {
	t: [Limb; 2 * MAX_LIMBS],
	quotient: [Limb; MAX_LIMBS],
}

impl Scratch {
	#[inline(always)]
	fn new() -> Self {
		Self {
			t: [0; 2 * MAX_LIMBS],
			quotient: [0; MAX_LIMBS],
		}
	}
}

impl SquareRing {
	/// The ring modulo the square of `modulus`, on the fastest arithmetic that this processor has.
	pub fn new(modulus: Modulus) -> Self {
		let engine = Engine::fastest(&modulus);
		Self::on(engine, modulus)
	}

	fn on(engine: Engine, modulus: Modulus) -> Self {
		let mut doubled = Zeroizing::new(modulus.limbs().to_vec());
		limbs::double(&mut doubled);
		let ring = Self {
			engine,
			one: Residue(Vec::new()),
			r: Residue(Vec::new()),
			doubled,
			modulus,
		};
		ring.with_constants()
	}

	/// R and R² by doubling 1, which needs no division by what may be a secret.
	fn with_constants(mut self) -> Self {
		let len = self.len();
		let mut power = alloc::vec![0; 2 * len];
		power[0] = 1;
		for doubling in 0..2 * self.radix_bits() {
			if doubling == self.radix_bits() {
				self.one = self.residue_of_plain(&power);
			}
			let copy = power.clone();
			self.add_plain(&mut power, &copy);
		}
		self.r = self.residue_of_plain(&power);
		self
	}

	/// `log₂ R`.
	fn radix_bits(&self) -> usize {
		#[cfg(all(feature = "std", target_arch = "x86_64"))]
		if let Engine::Vectors(vectors) = &self.engine {
			return vectors.radix_bits();
		}
		self.len() * LIMB_BITS
	}

	/// Words of a residue.
	fn width(&self) -> usize {
		#[cfg(all(feature = "std", target_arch = "x86_64"))]
		if let Engine::Vectors(vectors) = &self.engine {
			return 2 * vectors.digits();
		}
		2 * self.len()
	}

	/// `lo` and `hi` in limbs, as the words of a residue that are equal to them.
	fn residue_of_plain(&self, plain: &[Limb]) -> Residue {
		#[cfg(all(feature = "std", target_arch = "x86_64"))]
		if let Engine::Vectors(vectors) = &self.engine {
			let (lo, hi) = plain.split_at(self.len());
			return Residue(vectors.digits_of(lo, hi));
		}
		Residue(plain.to_vec())
	}

	/// `a ← a + b` for numbers in limbs, `lo` and `hi` below `n`.
	fn add_plain(&self, a: &mut [Limb], b: &[Limb]) {
		let (lo, hi) = a.split_at_mut(self.len());
		let (b_lo, b_hi) = b.split_at(self.len());
		let carry = limbs::add_assign(lo, b_lo, 0);
		let (_, wrapped) = limbs::sub_if_not_less(lo, carry, self.modulus.limbs());
		let carry = limbs::add_assign(hi, b_hi, wrapped);
		limbs::sub_if_not_less(hi, carry, self.modulus.limbs());
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

	/// The residue of `lo + hi·n`, for `lo < R` and `hi < n` in plain form.
	pub fn from_parts(&self, lo: &[Limb], hi: &[Limb]) -> Residue {
		let mut plain = [lo, hi].concat();
		let mut zero = alloc::vec![0; plain.len()];
		// lo is below 2n: adding nothing reduces it.
		self.add_plain(&mut plain, &zero);
		let mut words = self.residue_of_plain(&plain);
		let out = self.mul(&words, &self.r);
		words.wipe();
		plain.zeroize();
		zero.zeroize();
		out
	}

	/// `lo` and `hi` in plain form, both below `n`.
	pub fn to_parts(&self, x: &Residue) -> (Vec<Limb>, Vec<Limb>) {
		let mut one = alloc::vec![0; 2 * self.len()];
		one[0] = 1;
		let plain = self.mul(x, &self.residue_of_plain(&one));
		#[cfg(all(feature = "std", target_arch = "x86_64"))]
		if let Engine::Vectors(vectors) = &self.engine {
			return vectors.to_parts(&plain.0);
		}
		let (lo, hi) = plain.0.split_at(self.len());
		(lo.to_vec(), hi.to_vec())
	}

	/// The residue of a number of any length, given little-endian; constant time in its value.
	pub fn reduce_long(&self, number: &[Limb]) -> Residue {
		let zero = alloc::vec![0; self.len()];
		// 2^(bits of n): what one chunk is worth in the next.
		let mut shift = alloc::vec![0; 2 * self.len()];
		shift[0] = 1;
		for _ in 0..self.len() * LIMB_BITS {
			let copy = shift.clone();
			self.add_plain(&mut shift, &copy);
		}
		let shift = self.from_parts(&shift[..self.len()], &shift[self.len()..]);
		let mut acc = alloc::vec![0; 2 * self.len()];
		for chunk in number.chunks(self.len()).rev() {
			let mut digit = chunk.to_vec();
			digit.resize(self.len(), 0);
			let (lo, hi) =
				self.to_parts(&self.mul(&self.from_parts(&acc[..self.len()], &acc[self.len()..]), &shift));
			acc = [lo, hi].concat();
			let (lo, hi) = self.to_parts(&self.from_parts(&digit, &zero));
			self.add_plain(&mut acc, &[lo, hi].concat());
			digit.zeroize();
		}
		let out = self.from_parts(&acc[..self.len()], &acc[self.len()..]);
		acc.zeroize();
		out
	}

	/// `a·b`.
	pub fn mul(&self, a: &Residue, b: &Residue) -> Residue {
		let mut out = Residue(alloc::vec![0; self.width()]);
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

	/// `out ← a·b`, all by their words.
	pub(crate) fn mul_limbs(&self, out: &mut [Limb], a: &[Limb], b: &[Limb]) {
		match &self.engine {
			Engine::Portable => self.mul_with(Portable, out, a, b),
			#[cfg(all(feature = "std", target_arch = "x86_64"))]
			Engine::Adx(adx) => self.mul_with(*adx, out, a, b),
			#[cfg(all(feature = "std", target_arch = "x86_64"))]
			Engine::Vectors(vectors) => vectors.mul(out, a, b),
		}
	}

	#[inline(always)]
	fn mul_with(&self, with: impl Arithmetic, out: &mut [Limb], a: &[Limb], b: &[Limb]) {
		let len = self.len();
		let mut s = Scratch::new();
		let (a_lo, a_hi) = a.split_at(len);
		let (b_lo, b_hi) = b.split_at(len);
		let (out_lo, out_hi) = out.split_at_mut(len);
		with.mul(&mut s.t[..2 * len], a_lo, b_lo);
		let wrapped = self.reduce_low(with, &mut s, out_lo);
		let t = &mut s.t[..2 * len];
		t[len..].fill(0);
		t[len] = self.cover(&mut t[..len], &s.quotient, wrapped);
		let carry = with.mul_add(t, a_lo, b_hi) + with.mul_add(t, a_hi, b_lo);
		self.reduce_high(with, &mut s, carry, out_hi);
	}

	/// `x ← x²`.
	pub fn square_in_place(&self, x: &mut Residue) {
		match &self.engine {
			Engine::Portable => self.square_with(Portable, &mut x.0),
			#[cfg(all(feature = "std", target_arch = "x86_64"))]
			Engine::Adx(adx) => self.square_with(*adx, &mut x.0),
			#[cfg(all(feature = "std", target_arch = "x86_64"))]
			Engine::Vectors(vectors) => vectors.square(&mut x.0),
		}
	}

	#[inline(always)]
	fn square_with(&self, with: impl Arithmetic, x: &mut [Limb]) {
		let len = self.len();
		let mut s = Scratch::new();
		let (lo, hi) = x.split_at_mut(len);
		with.square(&mut s.t[..2 * len], lo);
		// 2·lo takes the place of lo, whose last use it is; the bit that left is worth hi·R.
		let mut doubled = [0; MAX_LIMBS];
		let doubled = &mut doubled[..len];
		doubled.copy_from_slice(lo);
		let keep = limbs::mask(limbs::double(doubled));
		let wrapped = self.reduce_low(with, &mut s, lo);
		let t = &mut s.t[..2 * len];
		let mut carry = self.cover(&mut t[..len], &s.quotient, wrapped);
		for (x, y) in t[len..].iter_mut().zip(hi.iter()) {
			let (sum, over) = (*y & keep).overflowing_add(carry);
			*x = sum;
			carry = Limb::from(over);
		}
		carry += with.mul_add(t, doubled, hi);
		self.reduce_high(with, &mut s, carry, hi);
	}

	/// From `t = lo·lo'`: `out ← r` in `[0, n)` and `s.quotient ← m`, with `t = (r + wrapped·n)·R - m·n`.
	#[inline(always)]
	fn reduce_low(&self, with: impl Arithmetic, s: &mut Scratch, out: &mut [Limb]) -> Limb {
		let len = self.len();
		let high = self
			.modulus
			.reduce(with, &mut s.t[..2 * len], &mut s.quotient[..len]);
		out.copy_from_slice(&s.t[len..2 * len]);
		with.sub_if_not_less(out, high, self.modulus.limbs()).1
	}

	/// `2n - m + wrapped·R`, which stands for `wrapped·R - m`: the low limbs to `out`, what is above them returned.
	///
	/// `2n - m` is not negative, since `m < R < 2n`.
	#[inline(always)]
	fn cover(&self, out: &mut [Limb], quotient: &[Limb], wrapped: Limb) -> Limb {
		// 2n = R + doubled.
		out.copy_from_slice(&self.doubled);
		let borrow = limbs::sub_assign(out, quotient);
		1 - borrow + wrapped
	}

	/// `(t + carry·R²) / R mod n` to `out`, for `t + carry·R² = lo·hi' + hi·lo' + 2n - m + wrapped·R`.
	///
	/// That is at most `2(n-1)² + 2n + R`, so the reduced value is at most `3n - 1`, and two conditional subtractions
	/// suffice.
	#[inline(always)]
	fn reduce_high(&self, with: impl Arithmetic, s: &mut Scratch, carry: Limb, out: &mut [Limb]) {
		let len = self.len();
		let n = self.modulus.limbs();
		let high = self
			.modulus
			.reduce(with, &mut s.t[..2 * len], &mut s.quotient[..len]);
		out.copy_from_slice(&s.t[len..2 * len]);
		let (high, _) = with.sub_if_not_less(out, high + carry, n);
		with.sub_if_not_less(out, high, n);
	}

	/// `out ←` the words of the table's entry with this index, reading every entry, so that no address depends on it.
	pub(crate) fn select<'a>(
		&self,
		out: &mut [Limb],
		count: usize,
		entry: impl Fn(usize) -> &'a [Limb],
		index: Limb,
	) {
		#[cfg(all(feature = "std", target_arch = "x86_64"))]
		if let Engine::Vectors(vectors) = &self.engine {
			return vectors.select(out, count, entry, index);
		}
		select(out, (0..count).map(entry), index);
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
			self.select(&mut picked.0, table.len(), |i| &table[i].0, digit);
			self.mul_into(&mut next, &acc, &picked);
			core::mem::swap(&mut acc, &mut next);
		}
		picked.wipe();
		acc
	}

	/// The product of all `base^exponent` for public exponents (little-endian, of any lengths), with shared squarings, and
	/// of what a [`crate::FixedBase`] multiplies in during the last of them.
	///
	/// Straus with sliding windows: only odd powers of a base are made, and zeros between windows cost nothing.
	pub(crate) fn multi_pow_public(
		&self,
		terms: &[(Residue, Vec<Limb>)],
		fixed: Option<(&crate::FixedBase, &[Limb])>,
	) -> Residue {
		let bases: Vec<(Vec<Residue>, Vec<u8>)> = terms
			.iter()
			.map(|(base, exponent)| {
				let width = window_width(bit_length(exponent));
				(self.odd_powers(base, 1 << (width - 1)), windows(exponent, width))
			})
			.collect();
		let variable = bases.iter().map(|(_, windows)| windows.len()).max().unwrap_or(0);
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
			for (powers, windows) in &bases {
				let digit = windows.get(bit).copied().unwrap_or(0);
				if let Some(power) = powers.get(usize::from(digit / 2)).filter(|_| digit != 0) {
					multiply(&power.0);
				}
			}
			if let Some((base, exponent)) = fixed {
				base.each_public(exponent, bit, &mut multiply);
			}
		}
		acc
	}

	/// `base^1`, `base^3`, and so on: so many of them.
	fn odd_powers(&self, base: &Residue, count: usize) -> Vec<Residue> {
		let mut powers = Vec::with_capacity(count);
		powers.push(base.clone());
		let mut square = base.clone();
		if count > 1 {
			self.square_in_place(&mut square);
		}
		for i in 1..count {
			powers.push(self.mul(&powers[i - 1], &square));
		}
		powers
	}
}

/// The width of sliding windows with which a power of so many bits takes the fewest products: half of `2^width` for the
/// table, and one every `width + 1` bits.
fn window_width(bits: usize) -> usize {
	(1..=7)
		.min_by_key(|width| (1 << (width - 1)) + bits / (width + 1))
		.unwrap_or(1)
}

/// A public exponent as sliding windows: its value is the sum over all bits `i` of `windows[i]·2^i`, each of them zero or
/// odd and below `2^width`.
fn windows(exponent: &[Limb], width: usize) -> Vec<u8> {
	let mut out = alloc::vec![0; bit_length(exponent)];
	let mut at = 0;
	while at < out.len() {
		let digit = bits_at(exponent, at, width);
		if digit & 1 == 0 {
			at += 1;
		} else {
			out[at] = digit as u8;
			at += width;
		}
	}
	out
}

/// `count` bits of `number` from bit `at` on; bits past its end are zero.
#[inline]
pub(crate) fn bits_at(number: &[Limb], at: usize, count: usize) -> Limb {
	let (limb, shift) = (at / LIMB_BITS, at % LIMB_BITS);
	let low = number.get(limb).copied().unwrap_or(0) >> shift;
	let high = if shift == 0 {
		0
	} else {
		number.get(limb + 1).copied().unwrap_or(0) << (LIMB_BITS - shift)
	};
	(low | high) & (((1 as Limb) << count) - 1)
}

/// Bits of a public number, without leading zeros.
fn bit_length(number: &[Limb]) -> usize {
	number
		.iter()
		.rposition(|limb| *limb != 0)
		.map_or(0, |i| (i + 1) * LIMB_BITS - number[i].leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
	use super::*;
	use num_bigint::BigUint;
	use rand_core::{OsRng, RngCore};

	fn number(limbs: &[Limb]) -> BigUint {
		limbs
			.iter()
			.rev()
			.fold(BigUint::from(0u8), |acc, limb| (acc << LIMB_BITS) + *limb)
	}

	fn limbs_of(number: &BigUint, len: usize) -> Vec<Limb> {
		limbs::from_be_bytes(&number.to_bytes_be(), len)
	}

	/// Every arithmetic that this processor has.
	fn engines(modulus: &Modulus) -> Vec<Engine> {
		#[cfg(all(feature = "std", target_arch = "x86_64"))]
		let machine = [
			crate::adx::Adx::detect(modulus.len()).map(Engine::Adx),
			crate::ifma::Kernel::new(modulus.limbs(), modulus.negated_inverse()).map(Engine::Vectors),
		];
		#[cfg(not(all(feature = "std", target_arch = "x86_64")))]
		let machine = [None];
		[Engine::Portable]
			.into_iter()
			.chain(machine.into_iter().flatten())
			.collect()
	}

	/// All kinds of arithmetic against big integers, at the sizes of moduli and of their factors.
	#[test]
	fn products_and_squares_are_those_of_integers() {
		for bits in [1024, 1536, 2048, 3072] {
			let len = bits / LIMB_BITS;
			for modulus in moduli(len) {
				let n = number(&modulus);
				let n2 = &n * &n;
				let modulus = Modulus::new(modulus).unwrap();
				let rings = engines(&modulus)
					.into_iter()
					.map(|engine| SquareRing::on(engine, modulus.clone()));
				let mut samples = alloc::vec![
					BigUint::from(0u8),
					BigUint::from(1u8),
					&n - 1u8,
					n.clone(),
					&n2 - 1u8,
					&n2 - &n,
					&n2 - &n - 1u8,
				];
				for _ in 0..8 {
					samples.push(number(&random(2 * len)) % &n2);
				}
				for ring in rings {
					let residue =
						|x: &BigUint| ring.from_parts(&limbs_of(&(x % &n), len), &limbs_of(&(x / &n), len));
					let value = |x: &Residue| {
						let (lo, hi) = ring.to_parts(x);
						assert!(number(&lo) < n && number(&hi) < n, "parts are reduced");
						number(&lo) + number(&hi) * &n
					};
					assert_eq!(value(ring.one()), BigUint::from(1u8));
					for a in &samples {
						assert_eq!(value(&residue(a)), *a);
						let mut square = residue(a);
						// Long chains bring numbers out of their normal form.
						let mut expected = a.clone();
						for _ in 0..5 {
							ring.square_in_place(&mut square);
							expected = &expected * &expected % &n2;
						}
						assert_eq!(value(&square), expected);
						for b in &samples {
							assert_eq!(value(&ring.mul(&residue(a), &residue(b))), a * b % &n2);
						}
					}
					// What is not below n yet is reduced on the way in.
					let ones = alloc::vec![Limb::MAX; len];
					let below = limbs_of(&(&n - 1u8), len);
					let expected = (number(&ones) + (&n - 1u8) * &n) % &n2;
					assert_eq!(value(&ring.from_parts(&ones, &below)), expected);
					// Numbers as they come out of one operation go into the next.
					let (mut x, mut y) = (samples[7].clone(), samples[8].clone());
					let (mut x_residue, mut y_residue) = (residue(&x), residue(&y));
					for _ in 0..32 {
						if OsRng.next_u32().is_multiple_of(2) {
							x = &x * &x % &n2;
							ring.square_in_place(&mut x_residue);
						} else {
							x = &x * &y % &n2;
							x_residue = ring.mul(&x_residue, &y_residue);
						}
						core::mem::swap(&mut x, &mut y);
						core::mem::swap(&mut x_residue, &mut y_residue);
					}
					assert_eq!([value(&x_residue), value(&y_residue)], [x, y]);
					let long = random(4 * len + 1);
					assert_eq!(value(&ring.reduce_long(&long)), number(&long) % &n2);
					let exponent = random(2);
					assert_eq!(
						value(&ring.pow_secret(&residue(&samples[9]), &exponent)),
						samples[9].modpow(&number(&exponent), &n2)
					);
				}
			}
		}
	}

	#[test]
	fn windows_add_up_to_their_exponent() {
		let mut exponents = alloc::vec![Vec::new(), alloc::vec![0; 2], alloc::vec![Limb::MAX; 3]];
		exponents.extend((1..9).map(random));
		for exponent in exponents {
			for width in 1..=7 {
				let windows = windows(&exponent, width);
				let sum = windows
					.iter()
					.rev()
					.fold(BigUint::from(0u8), |acc, digit| (acc << 1) + *digit);
				assert_eq!(sum, number(&exponent), "width {width}");
				assert!(windows
					.iter()
					.all(|digit| *digit == 0 || digit % 2 == 1 && digit >> width == 0));
			}
		}
	}

	/// The wide and the narrow exponents of verification, and none, on every arithmetic.
	#[test]
	fn public_powers_are_those_of_integers() {
		let len = 1024 / LIMB_BITS;
		let modulus = Modulus::new(moduli(len).pop().unwrap()).unwrap();
		let n2 = number(modulus.limbs()).pow(2);
		for engine in engines(&modulus) {
			let ring = SquareRing::on(engine, modulus.clone());
			let value = |x: &Residue| {
				let (lo, hi) = ring.to_parts(x);
				number(&lo) + number(&hi) * number(modulus.limbs())
			};
			let mut expected = BigUint::from(1u8);
			let mut terms = Vec::new();
			for exponent in [
				Vec::new(),
				alloc::vec![0],
				alloc::vec![1],
				random(1),
				random(128 / LIMB_BITS),
				alloc::vec![Limb::MAX; 256 / LIMB_BITS],
				random(len),
			] {
				let base = ring.reduce_long(&random(2 * len));
				expected = expected * value(&base).modpow(&number(&exponent), &n2) % &n2;
				terms.push((base, exponent));
			}
			let base = ring.reduce_long(&random(2 * len));
			let exponent = random(300 / LIMB_BITS);
			for (teeth, blocks) in [(5, 1), (7, 2)] {
				let comb = crate::FixedBase::new(&ring, &base, 300, teeth, blocks);
				let all = &expected * value(&base).modpow(&number(&exponent), &n2) % &n2;
				assert_eq!(
					value(&ring.multi_pow_public(&terms, Some((&comb, &exponent)))),
					all
				);
			}
			assert_eq!(value(&ring.multi_pow_public(&terms, None)), expected);
			assert_eq!(value(&ring.multi_pow_public(&[], None)), BigUint::from(1u8));
		}
	}

	/// The largest and the smallest odd modulus of a length, and two between.
	fn moduli(len: usize) -> Vec<Vec<Limb>> {
		let top: Limb = 1 << (LIMB_BITS - 1);
		let mut smallest = alloc::vec![0; len];
		smallest[0] = 1;
		smallest[len - 1] = top;
		let mut all = alloc::vec![alloc::vec![Limb::MAX; len], smallest];
		for _ in 0..2 {
			let mut modulus = random(len);
			modulus[0] |= 1;
			modulus[len - 1] |= top;
			all.push(modulus);
		}
		all
	}

	fn random(len: usize) -> Vec<Limb> {
		(0..len).map(|_| OsRng.next_u64() as Limb).collect()
	}
}

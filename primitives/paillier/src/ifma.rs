//! The ring modulo `n²` on processors with 52-bit vector multiplication (AVX-512 IFMA): the same formulas as in
//! [`crate::square_ring`], eight digits at a time.
//!
//! Numbers are digits of 52 bits, one in each 64-bit lane, padded with zeros to whole vectors of eight; `R = 2^(52·W)` for
//! `W` digits, at least `2^32·n`. That slack makes reduction lazy: every `lo` and `hi` stays below `2n` without a
//! conditional subtraction, because a reduced product is below `8n²/R + n + 2`. Only [`Kernel::to_parts`] reduces fully.
//!
//! Time depends on lengths only: no branch and no address hangs on a digit.

// Vector instructions and the promise that the processor has them are what this module is for. Each block says why it holds.
#![allow(unsafe_code)]

use crate::limbs::{self, Limb};
use alloc::vec::Vec;
use core::arch::x86_64::{
	__m512i, _mm512_add_epi64, _mm512_alignr_epi64, _mm512_castsi512_si128, _mm512_cmpeq_epi64_mask,
	_mm512_loadu_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_or_epi64,
	_mm512_set1_epi64, _mm512_setzero_si512, _mm512_storeu_si512, _mm512_sub_epi64, _mm_cvtsi128_si64,
};
use zeroize::Zeroizing;

/// Bits of a digit.
const DIGIT: usize = 52;
/// Digits of a vector.
const LANES: usize = 8;
/// Vectors of the longest modulus: 3072 bits.
const MAX_VECTORS: usize = 8;
const MASK: u64 = (1 << DIGIT) - 1;

/// What multiplication modulo the square of one modulus needs.
#[derive(Clone)]
pub(crate) struct Kernel {
	/// `n`.
	modulus: Zeroizing<Vec<u64>>,
	/// `-n^-1 mod 2^52`.
	negated_inverse: u64,
	/// `(-R) mod n`: `R` plus this is a multiple of `n` that covers every quotient.
	cover: Zeroizing<Vec<u64>>,
	vectors: usize,
	/// The modulus in limbs, for [`Kernel::to_parts`].
	limbs: Zeroizing<Vec<Limb>>,
}

impl Kernel {
	/// The kernel for a modulus of these limbs, whose lowest has the given negated inverse modulo 2^64; `None` if this
	/// processor cannot, the modulus is of a size for which it has no code, or the feature `without-ifma` says so.
	pub(crate) fn new(modulus: &[Limb], negated_inverse: Limb) -> Option<Self> {
		if cfg!(feature = "without-ifma")
			|| !(std::arch::is_x86_feature_detected!("avx512ifma")
				&& std::arch::is_x86_feature_detected!("avx512f"))
		{
			return None;
		}
		let vectors = (64 * modulus.len() + 32).div_ceil(DIGIT * LANES);
		if !matches!(vectors, 3 | 4 | 5 | 8) {
			return None;
		}
		let mut kernel = Self {
			modulus: Zeroizing::new(to_digits(modulus, vectors * LANES)),
			negated_inverse: negated_inverse & MASK,
			cover: Zeroizing::new(Vec::new()),
			vectors,
			limbs: Zeroizing::new(modulus.to_vec()),
		};
		// -R mod n: n minus R mod n, which is 1 doubled 52·W times.
		let mut power = Zeroizing::new(alloc::vec![0; modulus.len()]);
		power[0] = 1;
		for _ in 0..kernel.radix_bits() {
			let high = limbs::double(&mut power);
			limbs::sub_if_not_less(&mut power, high, modulus);
		}
		let mut cover = Zeroizing::new(modulus.to_vec());
		limbs::sub_assign(&mut cover, &power);
		kernel.cover = Zeroizing::new(to_digits(&cover, vectors * LANES));
		Some(kernel)
	}

	/// Digits of `lo` or of `hi`.
	pub(crate) fn digits(&self) -> usize {
		self.vectors * LANES
	}

	/// `log₂ R`.
	pub(crate) fn radix_bits(&self) -> usize {
		DIGIT * self.digits()
	}

	/// `lo + hi·n` as digits.
	pub(crate) fn digits_of(&self, lo: &[Limb], hi: &[Limb]) -> Vec<u64> {
		let mut out = to_digits(lo, self.digits());
		out.extend(to_digits(hi, self.digits()));
		out
	}

	/// Digits of a residue in plain form as limbs, both halves below `n`.
	pub(crate) fn to_parts(&self, plain: &[u64]) -> (Vec<Limb>, Vec<Limb>) {
		let len = self.limbs.len();
		let (lo, hi) = plain.split_at(self.digits());
		let [(mut lo, lo_high), (mut hi, hi_high)] = [lo, hi].map(|digits| to_limbs(digits, len));
		// Both are below 2n.
		let (_, wrapped) = limbs::sub_if_not_less(&mut lo, lo_high, &self.limbs);
		let mut one = alloc::vec![0; len];
		one[0] = wrapped;
		let carry = limbs::add_assign(&mut hi, &one, 0);
		let (high, _) = limbs::sub_if_not_less(&mut hi, hi_high + carry, &self.limbs);
		limbs::sub_if_not_less(&mut hi, high, &self.limbs);
		(lo, hi)
	}

	/// `out ← a·b / R mod n²`.
	pub(crate) fn mul(&self, out: &mut [u64], a: &[u64], b: &[u64]) {
		// SAFETY: `new` made sure that the processor has AVX-512F and IFMA.
		unsafe {
			match self.vectors {
				3 => self.mul_vectors::<3>(out, a, b),
				4 => self.mul_vectors::<4>(out, a, b),
				5 => self.mul_vectors::<5>(out, a, b),
				_ => self.mul_vectors::<8>(out, a, b),
			}
		}
	}

	/// `x ← x² / R mod n²`.
	pub(crate) fn square(&self, x: &mut [u64]) {
		// SAFETY: as in `mul`.
		unsafe {
			match self.vectors {
				3 => self.square_vectors::<3>(x),
				4 => self.square_vectors::<4>(x),
				5 => self.square_vectors::<5>(x),
				_ => self.square_vectors::<8>(x),
			}
		}
	}

	/// `out ←` the entry of the table with this index, reading every entry whole.
	pub(crate) fn select<'a>(
		&self,
		out: &mut [u64],
		count: usize,
		entry: impl Fn(usize) -> &'a [u64],
		index: u64,
	) {
		// SAFETY: as in `mul`.
		unsafe {
			match self.vectors {
				3 => select_vectors::<6>(out, count, entry, index),
				4 => select_vectors::<8>(out, count, entry, index),
				5 => select_vectors::<10>(out, count, entry, index),
				_ => select_vectors::<16>(out, count, entry, index),
			}
		}
	}

	#[target_feature(enable = "avx512f,avx512ifma")]
	fn mul_vectors<const V: usize>(&self, out: &mut [u64], a: &[u64], b: &[u64]) {
		let (a_lo, a_hi) = a.split_at(V * LANES);
		let (b_lo, b_hi) = b.split_at(V * LANES);
		let n = load::<V>(&self.modulus);
		let (lo_vectors, hi_vectors) = (load::<V>(a_lo), load::<V>(a_hi));
		let mut quotient = [0; MAX_VECTORS * LANES];
		let mut acc = [_mm512_setzero_si512(); V];
		let mut low = 0;
		for i in 0..V * LANES {
			quotient[i] = self.step(&mut acc, &mut low, [(&lo_vectors, a_lo[0], b_lo[i])], &n);
		}
		let mut lo = [0; MAX_VECTORS * LANES];
		normalise::<V>(&acc, low, &mut lo);
		let (mut acc, mut low) = self.cover_minus::<V>(&quotient);
		for i in 0..V * LANES {
			self.step(
				&mut acc,
				&mut low,
				[(&lo_vectors, a_lo[0], b_hi[i]), (&hi_vectors, a_hi[0], b_lo[i])],
				&n,
			);
		}
		let (out_lo, out_hi) = out.split_at_mut(V * LANES);
		out_lo.copy_from_slice(&lo[..V * LANES]);
		normalise::<V>(&acc, low, out_hi);
	}

	#[target_feature(enable = "avx512f,avx512ifma")]
	fn square_vectors<const V: usize>(&self, x: &mut [u64]) {
		let (lo, hi) = x.split_at_mut(V * LANES);
		let n = load::<V>(&self.modulus);
		let vectors = load::<V>(lo);
		let mut quotient = [0; MAX_VECTORS * LANES];
		let mut acc = [_mm512_setzero_si512(); V];
		let mut low = 0;
		for i in 0..V * LANES {
			quotient[i] = self.step(&mut acc, &mut low, [(&vectors, lo[0], lo[i])], &n);
		}
		// 2·lo, below 4n and so within the digits, in normal form: the multiplier reads 52 bits of a lane.
		let mut doubled = [0; MAX_VECTORS * LANES];
		let mut carry = 0;
		for (out, digit) in doubled.iter_mut().zip(lo.iter()) {
			let t = (digit << 1) | carry;
			*out = t & MASK;
			carry = t >> DIGIT;
		}
		normalise::<V>(&acc, low, lo);
		let vectors = load::<V>(&doubled);
		let (mut acc, mut low) = self.cover_minus::<V>(&quotient);
		for digit in hi.iter() {
			self.step(&mut acc, &mut low, [(&vectors, doubled[0], *digit)], &n);
		}
		normalise::<V>(&acc, low, hi);
	}

	/// One digit of an interleaved product and Montgomery reduction: adds each `a·b`, then the multiple `q·n` that makes the
	/// lowest digit zero, and drops that digit. Returns `q`.
	///
	/// `low` is the accumulator's lowest digit, kept outside the vectors to shorten the chain of dependencies; what lane 0
	/// holds is dropped by the next shift. A lane takes at most six numbers below 2^52 in each of 64 steps: no overflow.
	#[inline]
	#[target_feature(enable = "avx512f,avx512ifma")]
	fn step<const V: usize, const P: usize>(
		&self,
		acc: &mut [__m512i; V],
		low: &mut u64,
		products: [(&[__m512i; V], u64, u64); P],
		n: &[__m512i; V],
	) -> u64 {
		let mut sum = u128::from(*low);
		for (_, a, b) in products {
			sum += u128::from(a) * u128::from(b);
		}
		let q = (sum as u64).wrapping_mul(self.negated_inverse) & MASK;
		sum += u128::from(self.modulus[0]) * u128::from(q);
		let q_vector = _mm512_set1_epi64(q as i64);
		for (a, _, b) in products {
			let b = _mm512_set1_epi64(b as i64);
			for j in 0..V {
				acc[j] = _mm512_madd52lo_epu64(acc[j], a[j], b);
			}
		}
		for j in 0..V {
			acc[j] = _mm512_madd52lo_epu64(acc[j], n[j], q_vector);
		}
		for j in 0..V {
			let next = if j + 1 < V {
				acc[j + 1]
			} else {
				_mm512_setzero_si512()
			};
			acc[j] = _mm512_alignr_epi64::<1>(next, acc[j]);
		}
		*low = ((sum >> DIGIT) as u64).wrapping_add(_mm_cvtsi128_si64(_mm512_castsi512_si128(acc[0])) as u64);
		for (a, _, b) in products {
			let b = _mm512_set1_epi64(b as i64);
			for j in 0..V {
				acc[j] = _mm512_madd52hi_epu64(acc[j], a[j], b);
			}
		}
		for j in 0..V {
			acc[j] = _mm512_madd52hi_epu64(acc[j], n[j], q_vector);
		}
		q
	}

	/// `R + cover - m`, a multiple of `n` minus the quotient `m < R`, as an accumulator: digit by digit
	/// `cover + (2^52 - 1 - m)`, and 1 for the lowest.
	#[inline]
	#[target_feature(enable = "avx512f,avx512ifma")]
	fn cover_minus<const V: usize>(&self, quotient: &[u64]) -> ([__m512i; V], u64) {
		let (cover, m) = (load::<V>(&self.cover), load::<V>(quotient));
		let full = _mm512_set1_epi64(MASK as i64);
		let mut acc = [_mm512_setzero_si512(); V];
		for j in 0..V {
			acc[j] = _mm512_add_epi64(cover[j], _mm512_sub_epi64(full, m[j]));
		}
		(acc, self.cover[0] + (MASK - quotient[0]) + 1)
	}
}

/// [`Kernel::select`] for entries of `V` vectors: a comparison makes a mask, and a masked instruction takes the same time
/// whatever the mask is.
#[target_feature(enable = "avx512f")]
fn select_vectors<'a, const V: usize>(
	out: &mut [u64],
	count: usize,
	entry: impl Fn(usize) -> &'a [u64],
	index: u64,
) {
	let wanted = _mm512_set1_epi64(index as i64);
	let mut acc = [_mm512_setzero_si512(); V];
	for i in 0..count {
		let keep = _mm512_cmpeq_epi64_mask(_mm512_set1_epi64(i as i64), wanted);
		let vectors = load::<V>(entry(i));
		for j in 0..V {
			acc[j] = _mm512_mask_or_epi64(acc[j], keep, acc[j], vectors[j]);
		}
	}
	for (chunk, vector) in out[..V * LANES].chunks_exact_mut(LANES).zip(&acc) {
		// SAFETY: the chunk has eight words, and the instruction asks for no alignment.
		unsafe { _mm512_storeu_si512(chunk.as_mut_ptr().cast(), *vector) };
	}
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load<const V: usize>(digits: &[u64]) -> [__m512i; V] {
	let digits = &digits[..V * LANES];
	let mut out = [_mm512_setzero_si512(); V];
	for (vector, chunk) in out.iter_mut().zip(digits.chunks_exact(LANES)) {
		// SAFETY: the chunk has eight words, and the instruction asks for no alignment.
		*vector = unsafe { _mm512_loadu_si512(chunk.as_ptr().cast()) };
	}
	out
}

/// Carries through the accumulator, so that every digit is below 2^52 again.
#[inline]
#[target_feature(enable = "avx512f")]
fn normalise<const V: usize>(acc: &[__m512i; V], low: u64, out: &mut [u64]) {
	let out = &mut out[..V * LANES];
	for (chunk, vector) in out.chunks_exact_mut(LANES).zip(acc) {
		// SAFETY: the chunk has eight words, and the instruction asks for no alignment.
		unsafe { _mm512_storeu_si512(chunk.as_mut_ptr().cast(), *vector) };
	}
	out[0] = low;
	let mut carry = 0;
	for digit in out {
		let t = *digit + carry;
		*digit = t & MASK;
		carry = t >> DIGIT;
	}
}

/// Limbs as digits of 52 bits.
fn to_digits(limbs: &[Limb], count: usize) -> Vec<u64> {
	(0..count)
		.map(|i| crate::square_ring::bits_at(limbs, i * DIGIT, DIGIT))
		.collect()
}

/// Normal digits as limbs, and what lies above them.
fn to_limbs(digits: &[u64], len: usize) -> (Vec<Limb>, Limb) {
	let mut out = alloc::vec![0; len + 2];
	for (i, digit) in digits.iter().enumerate() {
		let (word, shift) = (i * DIGIT / 64, i * DIGIT % 64);
		for (offset, part) in [digit << shift, if shift == 0 { 0 } else { digit >> (64 - shift) }]
			.into_iter()
			.enumerate()
		{
			if let Some(limb) = out.get_mut(word + offset) {
				*limb |= part;
			}
		}
	}
	let high = out[len];
	out.truncate(len);
	(out, high)
}

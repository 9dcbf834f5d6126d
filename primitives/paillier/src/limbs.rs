//! Multi-precision integers as little-endian slices of machine words.
//!
//! Everything here runs in time that depends on lengths only, never on values. Lengths are public: they follow
//! from the parameter set.

use alloc::vec::Vec;

/// One machine word: 64 bits, or 32 where a 64-bit product is the widest that the machine has (wasm32).
#[cfg(not(target_pointer_width = "32"))]
pub type Limb = u64;
#[cfg(not(target_pointer_width = "32"))]
type Wide = u128;
/// One machine word: 64 bits, or 32 where a 64-bit product is the widest that the machine has (wasm32).
#[cfg(target_pointer_width = "32")]
pub type Limb = u32;
#[cfg(target_pointer_width = "32")]
type Wide = u64;

/// Bits in a [`Limb`].
pub const LIMB_BITS: usize = Limb::BITS as usize;
/// Bytes in a [`Limb`].
pub const LIMB_BYTES: usize = LIMB_BITS / 8;
/// Limbs of the largest modulus, 3072 bits.
pub const MAX_LIMBS: usize = 3072 / LIMB_BITS;

/// All ones if `bit` is 1, zero if it is 0. The barrier keeps the compiler from turning masks into branches.
#[inline(always)]
pub fn mask(bit: Limb) -> Limb {
	core::hint::black_box((0 as Limb).wrapping_sub(bit))
}

/// Reads a big-endian number into `len` limbs; leading bytes that do not fit must be zero, which the caller
/// guarantees by its length checks.
pub fn from_be_bytes(bytes: &[u8], len: usize) -> Vec<Limb> {
	let mut out = alloc::vec![0; len];
	for (limb, chunk) in out.iter_mut().zip(bytes.rchunks(LIMB_BYTES)) {
		*limb = chunk
			.iter()
			.fold(0, |acc: Limb, byte| (acc << 8) | Limb::from(*byte));
	}
	out
}

/// Writes `limbs` as a big-endian number that fills `out`.
pub fn to_be_bytes(limbs: &[Limb], out: &mut [u8]) {
	for (i, byte) in out.iter_mut().rev().enumerate() {
		let limb = limbs.get(i / LIMB_BYTES).copied().unwrap_or(0);
		*byte = (limb >> (8 * (i % LIMB_BYTES))) as u8;
	}
}

/// `a ← a + b`, and the carry.
#[inline]
pub fn add_assign(a: &mut [Limb], b: &[Limb], carry: Limb) -> Limb {
	let mut carry = Wide::from(carry);
	for (x, y) in a.iter_mut().zip(b) {
		let t = Wide::from(*x) + Wide::from(*y) + carry;
		*x = t as Limb;
		carry = t >> LIMB_BITS;
	}
	carry as Limb
}

/// `a ← a - b`, and the borrow (0 or 1).
#[inline]
pub fn sub_assign(a: &mut [Limb], b: &[Limb]) -> Limb {
	let mut borrow = 0;
	for (x, y) in a.iter_mut().zip(b) {
		let (t, first) = x.overflowing_sub(*y);
		let (t, second) = t.overflowing_sub(borrow);
		*x = t;
		borrow = Limb::from(first | second);
	}
	borrow
}

/// `a ← a + (b & mask)`, and the carry.
#[inline]
pub fn add_masked(a: &mut [Limb], b: &[Limb], mask: Limb) -> Limb {
	let mut carry: Wide = 0;
	for (x, y) in a.iter_mut().zip(b) {
		let t = Wide::from(*x) + Wide::from(*y & mask) + carry;
		*x = t as Limb;
		carry = t >> LIMB_BITS;
	}
	carry as Limb
}

/// For `v = high·2^(bits of a) + a`: `v ← v - n` if `v ≥ n`. Returns the new `high` and whether it subtracted.
#[inline]
pub fn sub_if_not_less(a: &mut [Limb], high: Limb, n: &[Limb]) -> (Limb, Limb) {
	let borrow = sub_assign(a, n);
	let (high, below) = high.overflowing_sub(borrow);
	let below = Limb::from(below);
	let carry = add_masked(a, n, mask(below));
	(high.wrapping_add(carry), 1 ^ below)
}

/// How products are computed. What implements it is a token without content, so that code which is generic over it is
/// compiled once for each.
pub(crate) trait Arithmetic: Copy {
	/// `out ← out + a·b`, and the carry out of `out`, which is as long as both together.
	fn mul_add(self, out: &mut [Limb], a: &[Limb], b: &[Limb]) -> Limb;

	/// `out ← a·b`; `out` is as long as both together.
	#[inline(always)]
	fn mul(self, out: &mut [Limb], a: &[Limb], b: &[Limb]) {
		out.fill(0);
		self.mul_add(out, a, b);
	}

	/// `out ← a²`; `out` is twice as long as `a`.
	fn square(self, out: &mut [Limb], a: &[Limb]);

	/// Montgomery reduction: to `t`, twice as long as the modulus `n`, the one multiple `m·n` with `m` below `R` is added
	/// that makes its low half zero; `R = 2^(bits of the modulus)`. The sum divided by `R` is the high half of `t` plus the
	/// returned bit times `R`. `m` goes to `quotient`; what is left in the low half has no meaning.
	fn reduce(self, t: &mut [Limb], quotient: &mut [Limb], n: &[Limb], negated_inverse: Limb) -> Limb;

	/// [`sub_if_not_less`].
	#[inline(always)]
	fn sub_if_not_less(self, a: &mut [Limb], high: Limb, n: &[Limb]) -> (Limb, Limb) {
		sub_if_not_less(a, high, n)
	}
}

/// The arithmetic that every machine has.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Arithmetic for Portable {
	#[inline(always)]
	fn mul_add(self, out: &mut [Limb], a: &[Limb], b: &[Limb]) -> Limb {
		let len = a.len();
		let mut top: Limb = 0;
		for (i, digit) in b.iter().enumerate() {
			let carry = mul_add_row(&mut out[i..i + len], a, *digit);
			let (t, first) = out[i + len].overflowing_add(carry);
			let (t, second) = t.overflowing_add(top);
			out[i + len] = t;
			top = Limb::from(first) + Limb::from(second);
		}
		top
	}

	#[inline(always)]
	fn square(self, out: &mut [Limb], a: &[Limb]) {
		let len = a.len();
		out.fill(0);
		for i in 0..len.saturating_sub(1) {
			out[i + len] = mul_add_row(&mut out[2 * i + 1..i + len], &a[i + 1..], a[i]);
		}
		double(out);
		let mut carry: Wide = 0;
		for (i, digit) in a.iter().enumerate() {
			let product = Wide::from(*digit) * Wide::from(*digit);
			let t = Wide::from(out[2 * i]) + Wide::from(product as Limb) + carry;
			out[2 * i] = t as Limb;
			let t = Wide::from(out[2 * i + 1]) + (product >> LIMB_BITS) + (t >> LIMB_BITS);
			out[2 * i + 1] = t as Limb;
			carry = t >> LIMB_BITS;
		}
	}

	#[inline(always)]
	fn reduce(self, t: &mut [Limb], quotient: &mut [Limb], n: &[Limb], negated_inverse: Limb) -> Limb {
		let len = n.len();
		let t = &mut t[..2 * len];
		let quotient = &mut quotient[..len];
		let mut top: Limb = 0;
		for i in 0..len {
			let digit = t[i].wrapping_mul(negated_inverse);
			quotient[i] = digit;
			let carry = mul_add_row(&mut t[i..i + len], n, digit);
			let (sum, first) = t[i + len].overflowing_add(carry);
			let (sum, second) = sum.overflowing_add(top);
			t[i + len] = sum;
			top = Limb::from(first) + Limb::from(second);
		}
		top
	}
}

/// `acc ← acc + a·b` over the limbs of `a`, and the carry limb.
#[inline(always)]
fn mul_add_row(acc: &mut [Limb], a: &[Limb], b: Limb) -> Limb {
	let mut carry: Limb = 0;
	for (x, y) in acc.iter_mut().zip(a) {
		let t = Wide::from(*x) + Wide::from(*y) * Wide::from(b) + Wide::from(carry);
		*x = t as Limb;
		carry = (t >> LIMB_BITS) as Limb;
	}
	carry
}

/// `a ← 2a`, and the bit that left.
#[inline]
pub fn double(a: &mut [Limb]) -> Limb {
	let mut carry = 0;
	for x in a.iter_mut() {
		let next = *x >> (LIMB_BITS - 1);
		*x = (*x << 1) | carry;
		carry = next;
	}
	carry
}

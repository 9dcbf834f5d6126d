//! What other arithmetic would cost us: GMP and OpenSSL on the exponentiations of the ledger.
//!
//! The product links neither. This crate, a workspace of its own, is for the question whether it should: `benches/backends.rs`
//! runs each library on the same numbers as `veilmart-paillier` and compares the results before it measures.
//!
//! A library takes part in two ways: with the exponentiation that it offers ([`Library`]), and with its product modulo `N²` under
//! the very algorithm that our verifier uses ([`Ring`], [`Comb`], [`multi_power`]), so that the arithmetic alone differs.

#![deny(missing_docs)]

pub mod gmp;
pub mod openssl;

/// The bytes of a number, big-endian.
pub type Bytes = Vec<u8>;

/// An exponentiation as a library offers it.
pub trait Library {
	/// Its name in the report.
	const NAME: &'static str;
	/// A number of the library.
	type Number;
	/// Reads a number.
	fn number(&self, bytes: &[u8]) -> Self::Number;
	/// Writes a number.
	fn bytes(&self, number: &Self::Number) -> Bytes;
	/// `base^exponent`, the fastest way for a public exponent.
	fn power(&self, base: &Self::Number, exponent: &Self::Number) -> Self::Number;
	/// `base^exponent` in a time that does not depend on the exponent's bits.
	fn power_secret(&self, base: &Self::Number, exponent: &Self::Number) -> Self::Number;
	/// `a^x·b^y`: in one, if the library can.
	fn power_of_two_bases(
		&self,
		a: (&Self::Number, &Self::Number),
		b: (&Self::Number, &Self::Number),
	) -> Self::Number;
	/// `a·b`.
	fn product(&self, a: &Self::Number, b: &Self::Number) -> Self::Number;
}

/// Products modulo `N²`, in whatever form a library is fastest with.
pub trait Ring {
	/// Its name in the report.
	const NAME: &'static str;
	/// An element in that form.
	type Residue: Clone;
	/// From a number below `N²`.
	fn residue(&self, bytes: &[u8]) -> Self::Residue;
	/// To a number below `N²`, big-endian and of fixed length.
	fn bytes(&self, residue: &Self::Residue) -> Bytes;
	/// `out ← a·b`.
	fn mul(&self, out: &mut Self::Residue, a: &Self::Residue, b: &Self::Residue);
	/// `out ← a²`.
	fn square(&self, out: &mut Self::Residue, a: &Self::Residue);
}

/// `count` bits of a little-endian number from bit `at` on.
fn bits_at(number: &[u64], at: usize, count: usize) -> usize {
	(0..count).fold(0, |digit, i| {
		let word = number.get((at + i) / 64).copied().unwrap_or(0);
		digit | (((word >> ((at + i) % 64)) & 1) as usize) << i
	})
}

/// A comb table of one block for one base (Lim and Lee, 1994): the verifier's.
pub struct Comb<R: Ring> {
	teeth: usize,
	columns: usize,
	/// For each set of teeth the product of their powers; the empty set has none.
	table: Vec<R::Residue>,
}

impl<R: Ring> Comb<R> {
	/// The comb of `base` for exponents of at most `bits` bits.
	pub fn new(ring: &R, base: &R::Residue, bits: usize, teeth: usize) -> Self {
		let columns = bits.div_ceil(teeth);
		let mut power = base.clone();
		let mut scratch = base.clone();
		let mut table: Vec<R::Residue> = Vec::with_capacity((1 << teeth) - 1);
		for tooth in 0..teeth {
			if tooth > 0 {
				for _ in 0..columns {
					ring.square(&mut scratch, &power);
					std::mem::swap(&mut scratch, &mut power);
				}
			}
			let known = table.len();
			table.push(power.clone());
			for i in 0..known {
				ring.mul(&mut scratch, &table[i], &power);
				table.push(scratch.clone());
			}
		}
		Self {
			teeth,
			columns,
			table,
		}
	}

	fn entry(&self, exponent: &[u64], column: usize) -> Option<&R::Residue> {
		if column >= self.columns {
			return None;
		}
		let digit = (0..self.teeth).fold(0, |digit, tooth| {
			digit | bits_at(exponent, tooth * self.columns + column, 1) << tooth
		});
		self.table.get(digit.checked_sub(1)?)
	}
}

/// `Π base^exponent · fixed^exponent`: Straus with windows of 4 bits and shared squarings, in the last of which the comb joins, as in
/// `veilmart-paillier`.
pub fn multi_power<R: Ring>(
	ring: &R,
	terms: &[(R::Residue, Vec<u64>)],
	fixed: (&Comb<R>, &[u64]),
) -> R::Residue {
	const WINDOW: usize = 4;
	let one = ring.residue(&[1]);
	let tables: Vec<Vec<R::Residue>> = terms
		.iter()
		.map(|(base, _)| {
			let mut table = vec![base.clone()];
			let mut next = base.clone();
			for i in 1..(1 << WINDOW) - 1 {
				ring.mul(&mut next, &table[i - 1], base);
				table.push(next.clone());
			}
			table
		})
		.collect();
	let longest = terms.iter().map(|(_, e)| 64 * e.len()).max().unwrap_or(0);
	let mut acc = one.clone();
	let mut next = one;
	let mut started = false;
	for bit in (0..longest.max(fixed.0.columns)).rev() {
		if started {
			ring.square(&mut next, &acc);
			std::mem::swap(&mut acc, &mut next);
		}
		let mut multiply = |factor: &R::Residue| {
			ring.mul(&mut next, &acc, factor);
			std::mem::swap(&mut acc, &mut next);
			started = true;
		};
		if bit % WINDOW == 0 {
			for ((_, exponent), table) in terms.iter().zip(&tables) {
				let digit = bits_at(exponent, bit, WINDOW);
				if let Some(entry) = digit.checked_sub(1).and_then(|i| table.get(i)) {
					multiply(entry);
				}
			}
		}
		if let Some(entry) = fixed.0.entry(fixed.1, bit) {
			multiply(entry);
		}
	}
	acc
}

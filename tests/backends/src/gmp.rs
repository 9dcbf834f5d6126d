//! GMP, through `rug`.

use crate::{Bytes, Library, Ring};
use rug::{integer::Order, ops::DivRounding, Assign, Integer};

fn number(bytes: &[u8]) -> Integer {
	Integer::from_digits(bytes, Order::Msf)
}

fn fixed(number: &Integer, len: usize) -> Bytes {
	let mut out = vec![0; len];
	number.write_digits(&mut out, Order::Msf);
	out
}

/// Numbers modulo `N²`, a product and a division each.
pub struct Gmp {
	modulus: Integer,
	len: usize,
}

impl Gmp {
	/// Modulo the square of this number.
	pub fn new(n: &[u8]) -> Self {
		Self {
			modulus: number(n).square(),
			len: 2 * n.len(),
		}
	}
}

impl Library for Gmp {
	const NAME: &'static str = "GMP";
	type Number = Integer;

	fn number(&self, bytes: &[u8]) -> Integer {
		number(bytes)
	}

	fn bytes(&self, number: &Integer) -> Bytes {
		fixed(number, self.len)
	}

	fn power(&self, base: &Integer, exponent: &Integer) -> Integer {
		let power = base.pow_mod_ref(exponent, &self.modulus);
		power.expect("the exponent is positive").into()
	}

	fn power_secret(&self, base: &Integer, exponent: &Integer) -> Integer {
		base.secure_pow_mod_ref(exponent, &self.modulus).into()
	}

	fn power_of_two_bases(&self, a: (&Integer, &Integer), b: (&Integer, &Integer)) -> Integer {
		self.product(&self.power(a.0, a.1), &self.power(b.0, b.1))
	}

	fn product(&self, a: &Integer, b: &Integer) -> Integer {
		Integer::from(a * b) % &self.modulus
	}
}

impl Ring for Gmp {
	const NAME: &'static str = "GMP";
	type Residue = Integer;

	fn residue(&self, bytes: &[u8]) -> Integer {
		number(bytes)
	}

	fn bytes(&self, residue: &Integer) -> Bytes {
		fixed(residue, self.len)
	}

	fn mul(&self, out: &mut Integer, a: &Integer, b: &Integer) {
		out.assign(a * b);
		*out %= &self.modulus;
	}

	fn square(&self, out: &mut Integer, a: &Integer) {
		out.assign(a.square_ref());
		*out %= &self.modulus;
	}
}

/// Numbers modulo `N²` as `lo + hi·N`, as our own arithmetic has them: `N²` times anything need not be computed.
pub struct GmpBaseN {
	n: Integer,
	len: usize,
}

impl GmpBaseN {
	/// Modulo the square of this number.
	pub fn new(n: &[u8]) -> Self {
		Self {
			n: number(n),
			len: 2 * n.len(),
		}
	}

	/// From `low` and the middle product: `lo`, and `hi` with what `low` carries over.
	fn reduce(&self, out: &mut (Integer, Integer), low: Integer, middle: Integer) {
		let mut carry = Integer::new();
		(&mut carry, &mut out.0).assign(low.div_rem_ref(&self.n));
		out.1.assign(middle + carry);
		out.1 %= &self.n;
	}
}

impl Ring for GmpBaseN {
	const NAME: &'static str = "GMP, base N";
	type Residue = (Integer, Integer);

	fn residue(&self, bytes: &[u8]) -> Self::Residue {
		let number = number(bytes);
		let hi = Integer::from((&number).div_floor(&self.n));
		(number % &self.n, hi)
	}

	fn bytes(&self, (lo, hi): &Self::Residue) -> Bytes {
		fixed(&(Integer::from(hi * &self.n) + lo), self.len)
	}

	fn mul(&self, out: &mut Self::Residue, a: &Self::Residue, b: &Self::Residue) {
		let low = Integer::from(&a.0 * &b.0);
		let mut middle = Integer::from(&a.0 * &b.1);
		middle += &a.1 * &b.0;
		self.reduce(out, low, middle);
	}

	fn square(&self, out: &mut Self::Residue, a: &Self::Residue) {
		let low = Integer::from(a.0.square_ref());
		let middle = Integer::from(&a.0 * &a.1) << 1;
		self.reduce(out, low, middle);
	}
}

//! OpenSSL's Montgomery arithmetic: the system's libcrypto.
//!
//! The `openssl` crate offers `BN_mod_exp`, which prepares the modulus anew for each power. The functions below are the same library's
//! with the modulus prepared once.

use crate::{Bytes, Library, Ring};
use foreign_types::ForeignType;
use openssl::bn::{BigNum, BigNumContext};
use std::{
	cell::RefCell,
	ffi::{c_int, c_void},
};

// `c_void` stands for BIGNUM, BN_CTX and BN_MONT_CTX, of which only addresses are handed on.
unsafe extern "C" {
	fn BN_MONT_CTX_new() -> *mut c_void;
	fn BN_MONT_CTX_set(mont: *mut c_void, modulus: *const c_void, ctx: *mut c_void) -> c_int;
	fn BN_MONT_CTX_free(mont: *mut c_void);
	fn BN_mod_mul_montgomery(
		r: *mut c_void,
		a: *const c_void,
		b: *const c_void,
		mont: *mut c_void,
		ctx: *mut c_void,
	) -> c_int;
	fn BN_to_montgomery(r: *mut c_void, a: *const c_void, mont: *mut c_void, ctx: *mut c_void) -> c_int;
	fn BN_from_montgomery(r: *mut c_void, a: *const c_void, mont: *mut c_void, ctx: *mut c_void) -> c_int;
	fn BN_mod_exp_mont(
		r: *mut c_void,
		a: *const c_void,
		p: *const c_void,
		m: *const c_void,
		ctx: *mut c_void,
		mont: *mut c_void,
	) -> c_int;
	fn BN_mod_exp_mont_consttime(
		r: *mut c_void,
		a: *const c_void,
		p: *const c_void,
		m: *const c_void,
		ctx: *mut c_void,
		mont: *mut c_void,
	) -> c_int;
	fn BN_mod_exp2_mont(
		r: *mut c_void,
		a1: *const c_void,
		p1: *const c_void,
		a2: *const c_void,
		p2: *const c_void,
		m: *const c_void,
		ctx: *mut c_void,
		mont: *mut c_void,
	) -> c_int;
}

/// Numbers modulo `N²`, prepared once.
pub struct OpenSsl {
	modulus: BigNum,
	mont: *mut c_void,
	ctx: RefCell<BigNumContext>,
	len: i32,
}

impl Drop for OpenSsl {
	fn drop(&mut self) {
		// SAFETY: made by `BN_MONT_CTX_new` and freed once.
		unsafe { BN_MONT_CTX_free(self.mont) }
	}
}

fn new() -> BigNum {
	BigNum::new().expect("there is memory")
}

fn read(number: &BigNum) -> *const c_void {
	number.as_ptr() as *const c_void
}

fn write(number: &mut BigNum) -> *mut c_void {
	number.as_ptr() as *mut c_void
}

impl OpenSsl {
	/// Modulo the square of this number.
	pub fn new(n: &[u8]) -> Self {
		let mut ctx = BigNumContext::new().expect("there is memory");
		let mut modulus = new();
		let n = BigNum::from_slice(n).expect("a number");
		modulus.sqr(&n, &mut ctx).expect("a square");
		// SAFETY: all three are alive; the context copies the modulus.
		let mont = unsafe {
			let mont = BN_MONT_CTX_new();
			assert!(!mont.is_null(), "there is memory");
			assert_eq!(
				BN_MONT_CTX_set(mont, read(&modulus), ctx.as_ptr() as *mut c_void),
				1,
				"the modulus is odd"
			);
			mont
		};
		Self {
			len: modulus.num_bytes(),
			modulus,
			mont,
			ctx: RefCell::new(ctx),
		}
	}

	/// Runs a function on a new number and this modulus' contexts.
	fn with(
		&self,
		function: impl FnOnce(*mut c_void, *const c_void, *mut c_void, *mut c_void) -> c_int,
	) -> BigNum {
		let mut out = new();
		self.into(&mut out, function);
		out
	}

	/// The same into a number that is there.
	fn into(
		&self,
		out: &mut BigNum,
		function: impl FnOnce(*mut c_void, *const c_void, *mut c_void, *mut c_void) -> c_int,
	) {
		let ctx = self.ctx.borrow_mut();
		let done = function(
			write(out),
			read(&self.modulus),
			ctx.as_ptr() as *mut c_void,
			self.mont,
		);
		assert_eq!(done, 1, "libcrypto refused");
	}
}

// SAFETY, for all calls below: every pointer is to a live number or context of this thread, and `out` is none of the others.

impl Library for OpenSsl {
	const NAME: &'static str = "OpenSSL";
	type Number = BigNum;

	fn number(&self, bytes: &[u8]) -> BigNum {
		BigNum::from_slice(bytes).expect("a number")
	}

	fn bytes(&self, number: &BigNum) -> Bytes {
		number.to_vec_padded(self.len).expect("below the modulus")
	}

	fn power(&self, base: &BigNum, exponent: &BigNum) -> BigNum {
		self.with(|r, m, ctx, mont| unsafe { BN_mod_exp_mont(r, read(base), read(exponent), m, ctx, mont) })
	}

	fn power_secret(&self, base: &BigNum, exponent: &BigNum) -> BigNum {
		self.with(|r, m, ctx, mont| unsafe {
			BN_mod_exp_mont_consttime(r, read(base), read(exponent), m, ctx, mont)
		})
	}

	fn power_of_two_bases(&self, a: (&BigNum, &BigNum), b: (&BigNum, &BigNum)) -> BigNum {
		self.with(|r, m, ctx, mont| unsafe {
			BN_mod_exp2_mont(r, read(a.0), read(a.1), read(b.0), read(b.1), m, ctx, mont)
		})
	}

	fn product(&self, a: &BigNum, b: &BigNum) -> BigNum {
		let mut out = new();
		out.mod_mul(a, b, &self.modulus, &mut self.ctx.borrow_mut())
			.expect("the modulus is not zero");
		out
	}
}

/// A number in Montgomery form.
pub struct Montgomery(BigNum);

impl Clone for Montgomery {
	fn clone(&self) -> Self {
		Self(self.0.to_owned().expect("there is memory"))
	}
}

impl Ring for OpenSsl {
	const NAME: &'static str = "OpenSSL";
	type Residue = Montgomery;

	fn residue(&self, bytes: &[u8]) -> Montgomery {
		let number = BigNum::from_slice(bytes).expect("a number");
		Montgomery(self.with(|r, _, ctx, mont| unsafe { BN_to_montgomery(r, read(&number), mont, ctx) }))
	}

	fn bytes(&self, residue: &Montgomery) -> Bytes {
		let number =
			self.with(|r, _, ctx, mont| unsafe { BN_from_montgomery(r, read(&residue.0), mont, ctx) });
		Library::bytes(self, &number)
	}

	fn mul(&self, out: &mut Montgomery, a: &Montgomery, b: &Montgomery) {
		self.into(&mut out.0, |r, _, ctx, mont| unsafe {
			BN_mod_mul_montgomery(r, read(&a.0), read(&b.0), mont, ctx)
		})
	}

	fn square(&self, out: &mut Montgomery, a: &Montgomery) {
		// With one operand twice it squares.
		self.mul(out, a, a)
	}
}

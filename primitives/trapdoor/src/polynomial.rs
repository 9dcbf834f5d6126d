//! Polynomials over the scalars: evaluation, interpolation, the dual code. Points of evaluation are 1, 2 …; what is
//! inverted is public.

use alloc::vec::Vec;
use curve25519_dalek::scalar::Scalar;
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

/// A uniform scalar.
pub(crate) fn random_scalar(rng: &mut (impl RngCore + CryptoRng)) -> Scalar {
	let mut bytes = Zeroizing::new([0; 64]);
	rng.fill_bytes(&mut bytes[..]);
	Scalar::from_bytes_mod_order_wide(&bytes)
}

/// `a(i)`, with the coefficient of degree 0 first (Horner).
pub(crate) fn evaluate(coefficients: &[Scalar], i: u16) -> Scalar {
	let i = Scalar::from(i);
	coefficients.iter().rev().fold(Scalar::ZERO, |sum, a| sum * i + a)
}

/// `λ_i = Π_{j≠i} j/(j-i)`: `Σ λ_i·a(i) = a(0)` for every `a` of a degree below the number of `indices`, which are
/// distinct and not 0.
pub(crate) fn lagrange_at_zero(indices: &[u16]) -> Vec<Scalar> {
	let mut denominators = Vec::with_capacity(indices.len());
	let mut numerators = Vec::with_capacity(indices.len());
	for i in indices {
		let (mut numerator, mut denominator) = (Scalar::ONE, Scalar::ONE);
		for j in indices.iter().filter(|j| *j != i) {
			numerator *= Scalar::from(*j);
			denominator *= Scalar::from(*j) - Scalar::from(*i);
		}
		numerators.push(numerator);
		denominators.push(denominator);
	}
	Scalar::batch_invert(&mut denominators);
	numerators.iter().zip(&denominators).map(|(n, d)| n * d).collect()
}

/// `v_i = Π_{j≠i} (i-j)^{-1}` for `i` and `j` from 1 to `n`. The vectors `(v_i·f(i))` with `f` of a degree of at most
/// `n-t-1` are the dual of the code of all `(a(i))` with `a` of a degree below `t` (SCRAPE).
pub(crate) fn dual_weights(n: u16) -> Vec<Scalar> {
	// Π_{j<i} (i-j) = (i-1)! and Π_{j>i} (i-j) = (-1)^{n-i}·(n-i)!
	let mut factorials = Vec::from([Scalar::ONE]);
	let mut factorial = Scalar::ONE;
	for k in 1..n {
		factorial *= Scalar::from(k);
		factorials.push(factorial);
	}
	let mut weights: Vec<Scalar> = factorials
		.iter()
		.zip(factorials.iter().rev())
		.zip((0..n).rev())
		.map(|((below, above), j)| {
			if j % 2 == 0 {
				below * above
			} else {
				-(below * above)
			}
		})
		.collect();
	Scalar::batch_invert(&mut weights);
	weights
}

#[cfg(test)]
mod tests {
	use super::*;
	use rand_core::OsRng;

	fn random_polynomial(terms: u16) -> Vec<Scalar> {
		(0..terms).map(|_| random_scalar(&mut OsRng)).collect()
	}

	/// `Σ a_k·i^k` with powers written out.
	fn by_powers(coefficients: &[Scalar], i: u16) -> Scalar {
		let mut power = Scalar::ONE;
		let mut sum = Scalar::ZERO;
		for a in coefficients {
			sum += a * power;
			power *= Scalar::from(i);
		}
		sum
	}

	#[test]
	fn evaluation_is_the_sum_of_powers() {
		for terms in [0, 1, 2, 7, 66] {
			let a = random_polynomial(terms);
			for i in [0, 1, 2, 99, 100] {
				assert_eq!(evaluate(&a, i), by_powers(&a, i), "{terms} terms at {i}");
			}
		}
	}

	#[test]
	fn interpolation_finds_the_value_at_zero() {
		for indices in [&[1][..], &[3], &[1, 2], &[2, 5, 1], &[100, 7, 51, 2, 99]] {
			let a = random_polynomial(indices.len() as u16);
			let at_zero: Scalar = indices
				.iter()
				.zip(lagrange_at_zero(indices))
				.map(|(i, l)| l * by_powers(&a, *i))
				.sum();
			assert_eq!(at_zero, a[0], "{indices:?}");
		}
	}

	#[test]
	fn dual_weights_are_their_definition() {
		for n in [1, 2, 3, 4, 7, 30, 100] {
			let weights = dual_weights(n);
			assert_eq!(weights.len(), usize::from(n));
			for (i, weight) in (1..=n).zip(weights) {
				let product: Scalar = (1..=n)
					.filter(|j| *j != i)
					.map(|j| Scalar::from(i) - Scalar::from(j))
					.product();
				assert_eq!(weight * product, Scalar::ONE, "n = {n}, i = {i}");
			}
		}
	}

	/// In a field small enough to try all vectors: those orthogonal to every dual codeword are exactly the codewords.
	/// The weights are reduced from the crate's through their inverses, which are small integers.
	#[test]
	fn the_dual_code_is_exact_in_a_toy_field() {
		const P: i64 = 7;
		for (n, t) in [(2u16, 1u16), (3, 2), (4, 2), (5, 3)] {
			let weights: Vec<i64> = dual_weights(n)
				.iter()
				.map(|v| {
					let inverse = v.invert();
					let small = (-200..=200)
						.find(|k: &i64| {
							let size = Scalar::from(k.unsigned_abs());
							inverse == if *k < 0 { -size } else { size }
						})
						.expect("a product of differences of small numbers is small");
					(1..P)
						.find(|w| (w * small).rem_euclid(P) == 1)
						.expect("no difference is divisible by 7")
				})
				.collect();
			let at = |coefficients: &[i64], x: i64| {
				coefficients
					.iter()
					.rev()
					.fold(0, |sum, a| (sum * x + a).rem_euclid(P))
			};
			let all = |length: u16| {
				(0..P.pow(u32::from(length))).map(move |mut number| {
					(0..length)
						.map(|_| {
							let digit = number % P;
							number /= P;
							digit
						})
						.collect::<Vec<i64>>()
				})
			};
			let codewords: alloc::collections::BTreeSet<Vec<i64>> = all(t)
				.map(|a| (1..=i64::from(n)).map(|x| at(&a, x)).collect())
				.collect();
			for word in all(n) {
				let orthogonal = all(n - t).all(|f| {
					let sum: i64 = (1..)
						.zip(&word)
						.zip(&weights)
						.map(|((x, w), v)| v * at(&f, x) * w)
						.sum();
					sum.rem_euclid(P) == 0
				});
				assert_eq!(
					orthogonal,
					codewords.contains(&word),
					"n = {n}, t = {t}: {word:?}"
				);
			}
		}
	}
}

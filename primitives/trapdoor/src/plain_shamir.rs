//! The paper's splitting of a scalar trapdoor (Shamir 1979), for its figures beside ours. Nothing is verifiable: a
//! faulty dealer's or holder's share is taken for a good one. The protocol does not use it.

use alloc::{collections::BTreeSet, vec::Vec};
use curve25519_dalek::scalar::Scalar;
use rand_core::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
	polynomial::{evaluate, lagrange_at_zero, random_scalar},
	setting::{threshold, MAX_AUTHORITIES},
};

/// One authority's share of a scalar.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Share {
	/// The point of evaluation, from 1.
	#[zeroize(skip)]
	pub index: u16,
	/// The polynomial's value there.
	pub value: Scalar,
}

/// Splits a scalar among `n` authorities, any [`threshold`]`(n)` of whom recover it. `None` unless `n` is 1 to
/// [`MAX_AUTHORITIES`].
pub fn split(secret: &Scalar, n: u16, rng: &mut (impl RngCore + CryptoRng)) -> Option<Vec<Share>> {
	if n == 0 || n > MAX_AUTHORITIES {
		return None;
	}
	let mut polynomial: Zeroizing<Vec<Scalar>> =
		Zeroizing::new((0..threshold(n)).map(|_| random_scalar(rng)).collect());
	*polynomial.first_mut()? = *secret;
	let share = |index| Share {
		index,
		value: evaluate(&polynomial, index),
	};
	Some((1..=n).map(share).collect())
}

/// The scalar that was split, if these are at least as many good shares as the threshold; else any other scalar.
/// `None` if an index is 0 or comes twice.
pub fn recover(shares: &[Share]) -> Option<Scalar> {
	let indices: Vec<u16> = shares.iter().map(|share| share.index).collect();
	let distinct: BTreeSet<u16> = indices.iter().copied().collect();
	if distinct.len() != indices.len() || distinct.contains(&0) {
		return None;
	}
	Some(
		lagrange_at_zero(&indices)
			.iter()
			.zip(shares)
			.map(|(l, share)| l * share.value)
			.sum(),
	)
}

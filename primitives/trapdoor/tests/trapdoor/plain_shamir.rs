//! The paper's splitting.

use crate::{independent::random_scalar, SIZES};
use curve25519_dalek::scalar::Scalar;
use rand_core::OsRng;
use veilmart_trapdoor::{
	plain_shamir::{recover, split},
	threshold,
};

#[test]
fn a_threshold_of_shares_recovers_the_scalar() {
	for n in SIZES {
		let secret = random_scalar();
		let shares = split(&secret, n, &mut OsRng).expect("1 to 100 authorities");
		assert_eq!(shares.len(), usize::from(n));
		let t = usize::from(threshold(n));
		assert_eq!(recover(&shares[..t]), Some(secret));
		assert_eq!(recover(&shares[shares.len() - t..]), Some(secret));
		assert_eq!(recover(&shares), Some(secret));
		assert_ne!(recover(&shares[..t - 1]), Some(secret));
	}
}

/// Two shares of four are on a line: `2·a(1) - a(2) = a(0)`.
#[test]
fn two_of_four_are_a_line() {
	let secret = random_scalar();
	let shares = split(&secret, 4, &mut OsRng).expect("1 to 100 authorities");
	assert_eq!(Scalar::from(2u64) * shares[0].value - shares[1].value, secret);
	assert_eq!(
		shares[0].value - shares[1].value,
		shares[2].value - shares[3].value
	);
}

#[test]
fn sizes_and_indices_are_checked() {
	for n in [0, 101, u16::MAX] {
		assert!(split(&Scalar::ONE, n, &mut OsRng).is_none());
	}
	let mut shares = split(&Scalar::ONE, 4, &mut OsRng).expect("1 to 100 authorities");
	shares[1].index = 1;
	assert_eq!(recover(&shares), None);
	shares[1].index = 0;
	assert_eq!(recover(&shares), None);
}

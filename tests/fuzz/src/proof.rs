//! Proofs: no bytes make the verifier panic, and none prove a statement that nobody proved, or prove one in two lengths.

use std::sync::LazyLock;

use veilmart_confidential::{
	proof_len,
	statements::{self, RefreshTarget},
	Context, Statement, Verifier, PARAMETER_SET,
};

use crate::{setting::KEY, take};

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(KEY.clone()));

/// Statements that nobody has proved: all their ciphertexts are 7, whose opening nobody knows.
static UNPROVED: LazyLock<[Statement; 2]> = LazyLock::new(|| {
	let context = Context {
		genesis: [1; 32],
		account: [2; 32],
		seq: 3,
		salt: [4; 16],
	};
	let mut seven = vec![0; PARAMETER_SET.ciphertext_bytes()];
	*seven.last_mut().expect("not empty") = 7;
	[
		statements::list(PARAMETER_SET, &context, &seven, &seven, &seven, [5; 32]),
		statements::refresh(
			PARAMETER_SET,
			&context,
			RefreshTarget::Balance,
			&seven,
			&seven,
			[5; 32],
		),
	]
});

/// Accepted is a statement with its proof.
pub fn run(data: &[u8]) -> bool {
	for statement in UNPROVED.iter() {
		assert!(VERIFIER.verify(statement, data).is_err());
		// Most inputs have another length; stretch them to the right one as well.
		let mut fitted = data.to_vec();
		fitted.resize(proof_len(statement), 0x5a);
		if let Some(version) = fitted.first_mut() {
			*version = 1;
		}
		assert!(VERIFIER.verify(statement, &fitted).is_err());
	}
	let mut proof = data;
	let Some(statement) = take::<Statement>(&mut proof) else {
		return false;
	};
	let verdict = VERIFIER.verify(&statement, proof);
	if verdict.is_ok() {
		assert_eq!(proof.len(), proof_len(&statement));
		let longer = [proof, &[0]].concat();
		assert!(VERIFIER.verify(&statement, &longer).is_err());
	}
	verdict.is_ok()
}

//! Proofs: no bytes prove a statement that nobody proved, and none make the verifier panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use veilmart_confidential::{
	proof_len,
	statements::{self, RefreshTarget},
	Context, Verifier, PARAMETER_SET,
};
use veilmart_paillier::{test_keys, PublicKey};

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
	Verifier::new(PublicKey::from_modulus(test_keys::modulus(PARAMETER_SET)).expect("the test key"))
});

fuzz_target!(|data: &[u8]| {
	let context = Context {
		genesis: [1; 32],
		account: [2; 32],
		seq: 3,
		salt: [4; 16],
	};
	let mut one = vec![0; PARAMETER_SET.ciphertext_bytes()];
	*one.last_mut().expect("not empty") = 7;
	for statement in [
		statements::list(PARAMETER_SET, &context, &one, &one, &one, [5; 32]),
		statements::refresh(
			PARAMETER_SET,
			&context,
			RefreshTarget::Balance,
			&one,
			&one,
			[5; 32],
		),
	] {
		assert!(VERIFIER.verify(&statement, data).is_err());
		// Most inputs have another length; stretch them to the right one as well.
		let mut fitted = data.to_vec();
		fitted.resize(proof_len(&statement), 0x5a);
		if let Some(version) = fitted.first_mut() {
			*version = 1;
		}
		assert!(VERIFIER.verify(&statement, &fitted).is_err());
	}
});

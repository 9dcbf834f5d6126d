//! Ciphertexts and roots: what is accepted encodes to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use veilmart_paillier::{test_keys, ParameterSet, PublicKey};

static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
	PublicKey::from_modulus(test_keys::modulus(ParameterSet::Paillier2048)).expect("the test key")
});

fuzz_target!(|data: &[u8]| {
	if let Ok(residue) = KEY.parse(data) {
		assert_eq!(KEY.encode(&residue), data);
	}
	let mut root = data.to_vec();
	root.resize(KEY.set().modulus_bytes(), 0);
	for bytes in [data, &root] {
		assert_eq!(KEY.parse_root(bytes).is_ok(), KEY.secret_root(bytes).is_ok());
		if let Ok(root) = KEY.secret_root(bytes) {
			assert_eq!(root.as_bytes(), bytes);
		}
	}
	let mut fitted = data.to_vec();
	fitted.resize(KEY.set().ciphertext_bytes(), 0);
	if let Ok(residue) = KEY.parse(&fitted) {
		assert_eq!(KEY.encode(&residue), fitted);
	}
});

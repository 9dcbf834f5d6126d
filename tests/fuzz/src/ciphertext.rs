//! Ciphertexts and roots: what is accepted encodes to the same bytes.

use crate::setting::KEY;

/// Accepted is a ciphertext or a root.
pub fn run(data: &[u8]) -> bool {
	let parsed = KEY.parse(data);
	if let Ok(residue) = &parsed {
		assert_eq!(KEY.encode(residue), data);
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
	parsed.is_ok() || KEY.parse_root(data).is_ok()
}

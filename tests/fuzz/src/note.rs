//! Notes: any plaintext decodes or is refused, and what decodes encodes to the same bytes.

use veilmart_paillier::ParameterSet;
use veilmart_wallet::notes::{Note, NOTE_BYTES};

/// Accepted is a note of either size of key.
pub fn run(data: &[u8]) -> bool {
	let mut accepted = false;
	for set in ParameterSet::ALL {
		let mut fitted = data.to_vec();
		fitted.resize(NOTE_BYTES, 0);
		for bytes in [data, &fitted] {
			if let Ok(note) = Note::decode(set, bytes) {
				assert_eq!(note.encode(set)[..], *bytes);
				accepted |= bytes.len() == data.len();
			}
		}
	}
	accepted
}

//! Notes: any plaintext decodes or is refused, and what decodes encodes to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilmart_paillier::ParameterSet;
use veilmart_wallet::notes::Note;

fuzz_target!(|data: &[u8]| {
	for set in ParameterSet::ALL {
		let mut fitted = data.to_vec();
		fitted.resize(320, 0);
		for bytes in [data, &fitted] {
			if let Ok(note) = Note::decode(set, bytes) {
				assert_eq!(note.encode(set)[..], *bytes);
			}
		}
	}
});

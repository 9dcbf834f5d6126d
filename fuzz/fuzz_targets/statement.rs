//! Statements: any bytes decode or are refused, and what decodes encodes to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parity_scale_codec::{Decode, Encode};
use veilmart_confidential::{proof_len, Statement, MAX_PROOF_BYTES};

fuzz_target!(|data: &[u8]| {
	let mut rest = data;
	if let Ok(statement) = Statement::decode(&mut rest) {
		assert_eq!(statement.encode(), data[..data.len() - rest.len()]);
		assert!(proof_len(&statement) <= MAX_PROOF_BYTES);
	}
});

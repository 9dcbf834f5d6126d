//! Statements, as nodes hand them to the host function that verifies: any bytes decode or are refused, and no statement has a
//! longer proof than calls can carry.

use crate::take;
use veilmart_confidential::{proof_len, Statement, MAX_PROOF_BYTES};

/// Accepted is what begins with a statement.
pub fn run(mut data: &[u8]) -> bool {
	let Some(statement) = take::<Statement>(&mut data) else {
		return false;
	};
	assert!(proof_len(&statement) <= MAX_PROOF_BYTES);
	true
}

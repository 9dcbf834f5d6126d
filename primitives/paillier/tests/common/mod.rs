//! The published test keys.

use veilmart_paillier::{ParameterSet, SecretKey};

pub fn secret(set: ParameterSet) -> SecretKey {
	let text = match set {
		ParameterSet::Paillier2048 => include_str!("../../test-keys/2048.factors"),
		ParameterSet::Paillier3072 => include_str!("../../test-keys/3072.factors"),
	};
	let mut lines = text.lines().map(unhex);
	let (p, q) = (lines.next().expect("two lines"), lines.next().expect("two lines"));
	SecretKey::from_factors(&p, &q).expect("the test key is well formed")
}

pub fn unhex(text: &str) -> Vec<u8> {
	(0..text.len())
		.step_by(2)
		.map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex"))
		.collect()
}

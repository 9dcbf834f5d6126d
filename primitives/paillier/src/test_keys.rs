//! Published test keys: everybody knows their factors, they protect nothing. For tests and the presets of test networks.
//!
//! Made by `cargo run -p veilmart-paillier --example test_key`.

use crate::ParameterSet;

/// The modulus of a published test key.
pub fn modulus(set: ParameterSet) -> &'static [u8] {
	match set {
		ParameterSet::Paillier2048 => include_bytes!("../test-keys/2048.modulus"),
		ParameterSet::Paillier3072 => include_bytes!("../test-keys/3072.modulus"),
	}
}

/// The proof that it is well formed.
pub fn proof(set: ParameterSet) -> &'static [u8] {
	match set {
		ParameterSet::Paillier2048 => include_bytes!("../test-keys/2048.proof"),
		ParameterSet::Paillier3072 => include_bytes!("../test-keys/3072.proof"),
	}
}

/// The secret key.
#[cfg(feature = "ca")]
pub fn secret(set: ParameterSet) -> Result<crate::SecretKey, crate::SecretKeyError> {
	let text = match set {
		ParameterSet::Paillier2048 => include_str!("../test-keys/2048.factors"),
		ParameterSet::Paillier3072 => include_str!("../test-keys/3072.factors"),
	};
	let factors: alloc::vec::Vec<_> = text
		.lines()
		.map(|line| {
			let digits: alloc::vec::Vec<u8> = line
				.bytes()
				.filter_map(|byte| (byte as char).to_digit(16))
				.map(|digit| digit as u8)
				.collect();
			digits
				.chunks_exact(2)
				.map(|pair| pair[0] * 16 + pair[1])
				.collect::<alloc::vec::Vec<u8>>()
		})
		.collect();
	match &factors[..] {
		[p, q] => crate::SecretKey::from_factors(p, q),
		_ => Err(crate::SecretKeyError::Length),
	}
}

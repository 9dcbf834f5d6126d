//! Item codes: what a listing sells, as the number that the ledger keeps encrypted.
//!
//! A stock code is one to eight printable ASCII characters without a space (`85123A`, `POST`, `gift_0001` is too long).
//! Its characters are the bytes of a `u64`, most significant first, and zeros fill up the rest *in front*: `"A"` is
//! 65, `"85123A"` is `0x0000_3835_3132_3341`. So the code reads off the number's hexadecimal digits, numbers of codes of
//! one length sort like the codes, and since no character is zero each number comes from one code at most. A
//! number that comes from none (some other wallet's numbering) is shown as `#` and its decimal digits, which is
//! also how to enter it. A code itself cannot begin with `#`.

use crate::error::{Error, Result};

/// Characters of the longest code.
const LONGEST: usize = 8;

/// The number of a stock code, or of `#` and a decimal number.
///
/// ```
/// use veilmart_cli::commodity;
///
/// assert_eq!(commodity::encode("85123A").ok(), Some(0x3835_3132_3341));
/// assert_eq!(commodity::decode(0x3835_3132_3341), "85123A");
/// ```
pub fn encode(code: &str) -> Result<u64> {
	if let Some(number) = code.strip_prefix('#') {
		return number.parse().map_err(|_| {
			Error::usage(format!(
				"\"{code}\" is no item number; write # and decimal digits"
			))
		});
	}
	if code.is_empty() || code.len() > LONGEST || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
		return Err(Error::usage(format!(
			"\"{code}\" is no item code; it has one to eight printable ASCII characters, like 85123A"
		)));
	}
	Ok(code
		.bytes()
		.fold(0, |number, byte| (number << 8) | u64::from(byte)))
}

/// The stock code of a number; `#` and the number if it comes from no code.
pub fn decode(number: u64) -> String {
	let bytes: Vec<u8> = number
		.to_be_bytes()
		.into_iter()
		.skip_while(|byte| *byte == 0)
		.collect();
	match String::from_utf8(bytes) {
		Ok(code) if encode(&code).is_ok_and(|back| back == number) && !code.starts_with('#') => code,
		_ => format!("#{number}"),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn codes_round_trip() {
		for code in ["A", "85123A", "POST", "15056BL", "DCGS0076", "!", "gift-001"] {
			assert_eq!(
				encode(code).map(decode).ok().as_deref(),
				Some(code),
				"{code} came back as something else"
			);
		}
		assert_eq!(encode("A").ok(), Some(65));
	}

	#[test]
	fn every_number_has_one_name() {
		for number in [
			0,
			1,
			32,
			0x4100,
			0x3541_0000_0000_0000,
			u64::MAX,
			u64::from(b'#'),
			0x2331,
		] {
			assert_eq!(
				encode(&decode(number)).ok(),
				Some(number),
				"{number} came back as something else"
			);
		}
		assert_eq!(decode(0), "#0");
		assert_eq!(decode(0x4100), "#16640");
	}

	#[test]
	fn codes_that_do_not_fit_are_refused() {
		for code in [
			"",
			"123456789",
			"A B",
			"é",
			"A\n",
			"#",
			"#x",
			"#18446744073709551616",
		] {
			assert!(
				matches!(encode(code), Err(Error::Usage(_))),
				"{code:?} passed for an item code"
			);
		}
	}
}

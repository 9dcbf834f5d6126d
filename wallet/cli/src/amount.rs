//! Amounts as people write them, in the terms of this program's errors. The rules are the wallet's.

use veilmart_wallet::amount;

use crate::error::{Error, Result};

/// The minor units of a decimal number with at most two digits after the point.
///
/// ```
/// assert_eq!(veilmart_cli::amount::parse("12.50").ok(), Some(1250));
/// assert_eq!(veilmart_cli::amount::parse("7").ok(), Some(700));
/// assert!(veilmart_cli::amount::parse("1,000.00").is_err());
/// ```
pub fn parse(text: &str) -> Result<u64> {
	amount::parse(text).map_err(|_| {
		Error::usage(format!(
			"\"{text}\" is not an amount that the ledger can hold; write it like 12.50"
		))
	})
}

/// The amount as a decimal with two digits.
pub fn show(minor: u64) -> String {
	amount::format(minor)
}

/// A sum of amounts, which may exceed 64 bits.
pub fn show_wide(minor: u128) -> String {
	amount::format(minor)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn amounts_round_trip() {
		for minor in [0, 1, 9, 10, 99, 100, 1250, 123_456_789, u64::MAX] {
			assert_eq!(
				parse(&show(minor)).ok(),
				Some(minor),
				"{minor} came back as something else"
			);
		}
		assert_eq!(show(1250), "12.50");
		assert_eq!(show_wide(u128::from(u64::MAX) * 10), "1844674407370955161.50");
	}

	#[test]
	fn what_is_no_amount_is_wrong_usage() {
		for text in [
			"",
			"12.",
			".50",
			"1.234",
			"-1",
			"1e3",
			"1,50",
			"184467440737095516.16",
		] {
			assert!(
				matches!(parse(text), Err(Error::Usage(_))),
				"{text:?} passed for an amount"
			);
		}
	}
}

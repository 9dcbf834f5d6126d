//! Amounts as people write them: two decimals, a point, nothing else.

use crate::WalletError;
use alloc::{format, string::String};

/// Minor units of one major unit.
const MINOR: u128 = 100;

/// An amount of minor units as text: 1250 is `12.50`. Takes `u64` and `u128`, so that sums which no account
/// could ever hold can still be shown in an error.
pub fn format(minor: impl Into<u128>) -> String {
	let minor = minor.into();
	format!("{}.{:02}", minor / MINOR, minor % MINOR)
}

/// The minor units of an amount as text: digits, then at most a point and one or two more. `12`, `12.5` and
/// `12.50` are amounts; signs, spaces, separators, a third decimal and anything from 2^64 minor units on are
/// not.
pub fn parse(text: &str) -> Result<u64, WalletError> {
	let (major, minor) = match text.split_once('.') {
		Some((major, minor)) => (major, Some(minor)),
		None => (text, None),
	};
	let minor = match minor.map(str::as_bytes) {
		None => 0,
		Some([tens @ b'0'..=b'9']) => u64::from(tens - b'0') * 10,
		Some([tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => {
			u64::from(tens - b'0') * 10 + u64::from(ones - b'0')
		}
		Some(_) => return Err(WalletError::Amount),
	};
	if major.is_empty() || !major.bytes().all(|byte| byte.is_ascii_digit()) {
		return Err(WalletError::Amount);
	}
	major
		.parse::<u64>()
		.ok()
		.and_then(|major| major.checked_mul(MINOR as u64)?.checked_add(minor))
		.ok_or(WalletError::Amount)
}

#[cfg(test)]
mod tests {
	use super::*;
	use alloc::string::ToString;
	use proptest::prelude::*;

	#[test]
	fn amounts_are_written_with_two_decimals() {
		assert_eq!(format(0u64), "0.00");
		assert_eq!(format(5u64), "0.05");
		assert_eq!(format(1250u64), "12.50");
		assert_eq!(format(u64::MAX), "184467440737095516.15");
		assert_eq!(format(u128::from(u64::MAX) * 10), "1844674407370955161.50");
	}

	#[test]
	fn amounts_are_read_strictly() {
		for (text, minor) in [
			("0", 0),
			("12", 1200),
			("12.5", 1250),
			("12.50", 1250),
			("007.01", 701),
		] {
			assert_eq!(parse(text), Ok(minor), "{text}");
		}
		assert_eq!(parse("184467440737095516.15"), Ok(u64::MAX));
		for text in [
			"", ".", "12.", ".50", "1.234", "-1", "+1", "1,50", "1 000", " 1", "1e3", "1.-5", "1.2.3", "٣",
			"1.٣",
		] {
			assert_eq!(parse(text), Err(WalletError::Amount), "{text:?} is not an amount");
		}
		assert_eq!(
			parse("184467440737095516.16"),
			Err(WalletError::Amount),
			"2^64 is too much"
		);
		assert_eq!(parse(&"9".repeat(400)), Err(WalletError::Amount));
	}

	proptest! {
		#[test]
		fn what_is_written_is_read(minor: u64) {
			prop_assert_eq!(parse(&format(minor)), Ok(minor));
		}

		#[test]
		fn any_text_is_an_amount_or_an_error(text: String) {
			if let Ok(minor) = parse(&text) {
				prop_assert_eq!(parse(&format(minor).to_string()), Ok(minor));
			}
		}
	}
}

//! Statements of account: for people, for spreadsheets, as JSON.

use serde_json::{json, Value};

use crate::{
	account::address,
	amount,
	output::{table, Report},
	session::Entry,
};

/// A table for people.
pub(super) fn report(entries: &[Entry]) -> Report {
	let rows: Vec<_> = entries
		.iter()
		.map(|entry| {
			vec![
				show_time(entry.time),
				entry.what.clone(),
				entry.about.clone(),
				entry.change.map(show_change).unwrap_or_default(),
				entry.balance.map(amount::show).unwrap_or_default(),
			]
		})
		.collect();
	Report::new(
		table(&["time", "what", "about", "change>", "balance>"], &rows),
		json(entries),
	)
}

/// A table for spreadsheets. No cell needs quotation marks: none holds a comma, a quotation mark or a line's end.
pub(super) fn csv(entries: &[Entry]) -> Report {
	let mut out = String::from("time,block,sequence,what,about,with,change,balance,issued\n");
	for entry in entries {
		let cells = [
			show_time(entry.time),
			entry.block.to_string(),
			entry.seq.map(|seq| seq.to_string()).unwrap_or_default(),
			entry.what.clone(),
			entry.about.clone(),
			entry.with.as_ref().map(address).unwrap_or_default(),
			entry.change.map(show_change).unwrap_or_default(),
			entry.balance.map(amount::show).unwrap_or_default(),
			entry.issued.map(amount::show).unwrap_or_default(),
		];
		out += &cells.join(",");
		out.push('\n');
	}
	Report::new(out, json(entries))
}

fn json(entries: &[Entry]) -> Value {
	entries
		.iter()
		.map(|entry| {
			json!({
				"time": entry.time,
				"block": entry.block,
				"sequence": entry.seq,
				"what": entry.what,
				"about": entry.about,
				"with": entry.with.as_ref().map(address),
				"change": entry.change.map(show_change),
				"balance": entry.balance.map(amount::show),
				"issued": entry.issued.map(amount::show),
			})
		})
		.collect::<Vec<_>>()
		.into()
}

/// What rose with nothing before it, what fell with a minus sign.
fn show_change(change: i128) -> String {
	let sign = if change < 0 { "-" } else { "" };
	format!("{sign}{}", amount::show_wide(change.unsigned_abs()))
}

/// Milliseconds since the Unix epoch as `2026-11-27T13:45:09Z`, whole seconds. Years from 10000 on have more digits.
fn show_time(milliseconds: u64) -> String {
	let seconds = milliseconds / 1_000;
	let (mut days, second) = (seconds / 86_400, seconds % 86_400);
	// Every 400 years the calendar repeats itself.
	let mut year = 1970 + days / 146_097 * 400;
	days %= 146_097;
	let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
	loop {
		let length = 365 + u64::from(leap(year));
		if days < length {
			break;
		}
		days -= length;
		year += 1;
	}
	let february = 28 + u64::from(leap(year));
	let mut month = 1;
	for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
		if days < length {
			break;
		}
		days -= length;
		month += 1;
	}
	format!(
		"{year}-{month:02}-{:02}T{:02}:{:02}:{:02}Z",
		days + 1,
		second / 3_600,
		second / 60 % 60,
		second % 60
	)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn times_are_those_of_the_calendar() {
		for (seconds, text) in [
			(0, "1970-01-01T00:00:00Z"),
			(951_782_399, "2000-02-28T23:59:59Z"),
			(951_782_400, "2000-02-29T00:00:00Z"),
			(951_868_800, "2000-03-01T00:00:00Z"),
			(1_000_000_000, "2001-09-09T01:46:40Z"),
			(1_735_603_200, "2024-12-31T00:00:00Z"),
			(2_147_483_647, "2038-01-19T03:14:07Z"),
			(4_107_542_400, "2100-03-01T00:00:00Z"),
			(253_402_300_799, "9999-12-31T23:59:59Z"),
		] {
			assert_eq!(show_time(seconds * 1_000 + 999), text);
		}
		assert!(show_time(u64::MAX).starts_with("584556"));
	}

	#[test]
	fn changes_have_a_sign() {
		assert_eq!(show_change(1_250), "12.50");
		assert_eq!(show_change(-5), "-0.05");
		assert_eq!(show_change(0), "0.00");
		assert_eq!(show_change(-i128::from(u64::MAX)), "-184467440737095516.15");
	}

	#[test]
	fn a_statement_says_the_same_in_each_form() {
		let entries = [
			Entry {
				block: 7,
				time: 1_000_000_000_000,
				seq: Some(3),
				what: "transfer".into(),
				about: "transfer:a:3".into(),
				with: Some([1; 32].into()),
				change: Some(-250),
				balance: Some(1_000),
				issued: None,
			},
			Entry {
				block: 8,
				time: 1_000_000_001_000,
				seq: None,
				what: "shipped".into(),
				about: "b:4".into(),
				with: None,
				change: None,
				balance: None,
				issued: None,
			},
		];
		let with = address(&[1; 32].into());
		let report = csv(&entries);
		assert_eq!(
			report.text,
			format!(
				"time,block,sequence,what,about,with,change,balance,issued\n\
				2001-09-09T01:46:40Z,7,3,transfer,transfer:a:3,{with},-2.50,10.00,\n\
				2001-09-09T01:46:41Z,8,,shipped,b:4,,,,\n"
			)
		);
		assert_eq!(report.json[0]["change"], "-2.50");
		assert_eq!(report.json[1]["balance"], Value::Null);
		assert_eq!(report.json, super::report(&entries).json);
		let columns = report.text.lines().map(|line| line.split(',').count());
		assert!(columns.into_iter().all(|count| count == 9));
	}
}

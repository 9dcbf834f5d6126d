//! Statements of account: for people, for spreadsheets, as JSON.

use serde_json::{json, Value};

use crate::{
	account::address,
	amount,
	output::{table, time, Report},
	session::Entry,
};

/// A table for people.
pub(super) fn report(entries: &[Entry]) -> Report {
	let rows: Vec<_> = entries
		.iter()
		.map(|entry| {
			vec![
				time(entry.time),
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
			time(entry.time),
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

#[cfg(test)]
mod tests {
	use super::*;

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

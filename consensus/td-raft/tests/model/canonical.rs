//! When two states are the same.
//!
//! The key of a value is a hash of its `Debug` text without what no vote depends on:
//!
//! - whose signatures a certificate has (they were verified), and in which order the ballots of an election stand;
//! - how many records were written so far: only which of them are not on disk counts;
//! - wishes for a new term, and how often they failed: they decide when an attempt begins;
//! - which votes for its blocks a leader has: it gets a quorum of them at once;
//! - whom it has reported, and which blocks it asks for.

use std::{
	collections::{hash_map::DefaultHasher, BTreeSet},
	fmt::Debug,
	hash::Hasher,
};

/// Fields that do not count.
const LEFT_OUT: [&str; 10] = [
	"signatures",
	"downs",
	"of",
	"wish",
	"wishes",
	"failures",
	"silence",
	"highest_down",
	"reported",
	"fetching",
];
/// Fields that do not count after this other one.
const LEFT_OUT_AFTER: [(&str, &str); 2] = [("built_at: 0, ", "votes"), ("changed: false, ", "given")];

/// The key of a value.
pub fn key(value: &impl Debug) -> u128 {
	hash(&text(&format!("{value:?}")))
}

/// The key of a value of which everything counts.
pub fn exact_key(value: &impl Debug) -> u128 {
	hash(&format!("{value:?}"))
}

fn hash(text: &str) -> u128 {
	let half = |salt: u8| {
		let mut hasher = DefaultHasher::new();
		hasher.write_u8(salt);
		hasher.write(text.as_bytes());
		u128::from(hasher.finish())
	};
	half(0) << 64 | half(1)
}

/// The canonical form of a `Debug` text.
fn text(debug: &str) -> String {
	let persisted = debug
		.find("persisted: Sequence(")
		.and_then(|at| number(&debug[at + 20..]))
		.unwrap_or(0);
	let mut out = String::with_capacity(debug.len());
	let bytes = debug.as_bytes();
	let (mut from, mut at) = (0, 0);
	while at < bytes.len() {
		// A field, or a record that waits: `(Sequence(7), ...)`.
		let is_field = bytes[at] == b':' && bytes.get(at + 1) == Some(&b' ');
		let is_waiting = bytes[at] == b'(' && debug[at..].starts_with("(Sequence(");
		at += 1;
		if is_waiting {
			out.push_str(&debug[from..at]);
			from = at + count(&mut out, &debug[at..], persisted);
			at = from;
		}
		if !is_field {
			continue;
		}
		let label = bytes[..at - 1]
			.iter()
			.rposition(|c| !c.is_ascii_lowercase() && *c != b'_')
			.map_or(0, |it| it + 1);
		let (before, label) = (&debug[..label], &debug[label..at - 1]);
		at += 1;
		let follows = |(other, this): &(&str, &str)| label == *this && before.ends_with(other);
		if LEFT_OUT.contains(&label) || LEFT_OUT_AFTER.iter().any(follows) {
			out.push_str(&debug[from..at]);
			at += end_of_value(&debug[at..]);
			from = at;
		} else if label == "ballots" {
			out.push_str(&debug[from..at]);
			let end = at + end_of_value(&debug[at..]);
			targets(&debug[at..end])
				.into_iter()
				.for_each(|target| out.push_str(target));
			(from, at) = (end, end);
		} else if debug[at..].starts_with("Sequence(") {
			out.push_str(&debug[from..at]);
			at += count(&mut out, &debug[at..], persisted);
			from = at;
		}
	}
	out.push_str(&debug[from..]);
	out
}

/// Writes a sequence number, counted from the last on disk, and gives the length of what it stands for.
fn count(out: &mut String, text: &str, persisted: u64) -> usize {
	let ahead = text
		.strip_prefix("Sequence(")
		.and_then(number)
		.unwrap_or(0)
		.saturating_sub(persisted);
	out.push('#');
	out.push_str(&ahead.to_string());
	text.find(')').map_or(text.len(), |at| at + 1)
}

fn number(text: &str) -> Option<u64> {
	text[..text.find(')')?].parse().ok()
}

/// Where a field's value ends.
fn end_of_value(text: &str) -> usize {
	let mut depth = 0;
	for (at, c) in text.bytes().enumerate() {
		match c {
			b'[' | b'(' | b'{' => depth += 1,
			b']' | b')' | b'}' if depth == 0 => return at,
			b']' | b')' | b'}' => depth -= 1,
			b',' if depth == 0 => return at,
			_ => {}
		}
	}
	text.len()
}

/// The certificates that ballots name, each once, in order.
fn targets(ballots: &str) -> BTreeSet<&str> {
	ballots
		.split("high_qc: ")
		.skip(1)
		.filter_map(|ballot| ballot.find('}').map(|end| &ballot[..end]))
		.collect()
}

#[test]
fn what_no_vote_depends_on_makes_no_difference_and_everything_else_does() {
	let same = |a: &str, b: &str| text(a) == text(b);
	assert!(same(
		"{ x: 1, signatures: P([(0, T)]), y: 1 }",
		"{ x: 1, signatures: P([(1, T), (2, U)]), y: 1 }"
	));
	assert!(!same(
		"{ x: 1, signatures: P([(0, T)]), y: 1 }",
		"{ x: 1, signatures: P([(0, T)]), y: 2 }"
	));
	assert!(!same(
		"{ x: 1, signatures: P([(0, T)]), y: 1 }",
		"{ x: 2, signatures: P([(0, T)]), y: 1 }"
	));
	assert!(same(
		"written: Sequence(4), persisted: Sequence(4)",
		"written: Sequence(9), persisted: Sequence(9)"
	));
	assert!(!same(
		"written: Sequence(4), persisted: Sequence(4)",
		"written: Sequence(9), persisted: Sequence(8)"
	));
	let ballots = |a: u8, b: u8| {
		format!("ballots: P([B {{ voter: {a}, high_qc: T {{ {a} }} }}, B {{ voter: {b}, high_qc: T {{ {b} }} }}])")
	};
	assert!(same(&ballots(1, 2), &ballots(2, 1)));
	assert!(!same(&ballots(1, 2), &ballots(1, 1)));
	assert!(!same(
		"Token { by: Name(0), of: Digest(7) }",
		"Token { by: Name(1), of: Digest(7) }"
	));
	assert!(same(
		"Token { by: Name(0), of: Digest(7) }",
		"Token { by: Name(0), of: Digest(8) }"
	));
	assert!(same(
		"L { built_at: 0, votes: {1: 2}, x: 1 }",
		"L { built_at: 0, votes: {}, x: 1 }"
	));
	assert!(!same(
		"C { stands: None, votes: {1: 2}, x: 1 }",
		"C { stands: None, votes: {}, x: 1 }"
	));
	assert!(same(
		"S { changed: false, given: 1, x: 1 }",
		"S { changed: false, given: 2, x: 1 }"
	));
}

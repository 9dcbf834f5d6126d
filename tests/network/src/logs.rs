//! What nodes log.

use crate::Result;

/// The level of a line. None if it is the rest of one that is longer, or of something else.
fn level(line: &str) -> Option<&str> {
	let mut words = line.split_ascii_whitespace();
	let (date, _time, level) = (words.next()?, words.next()?, words.next()?);
	let is_date = date.len() == 10 && date.split('-').count() == 3;
	is_date.then_some(level)
}

/// The lines of a log that are above `INFO`. An error if it has none of `INFO`: then it is not written with its levels.
pub fn complaints(log: &str) -> Result<Vec<&str>> {
	let lines = log.lines().filter_map(|line| Some((level(line)?, line)));
	let (informing, others): (Vec<_>, Vec<_>) = lines.partition(|(level, _)| *level == "INFO");
	if informing.is_empty() {
		return Err("no line of the log is of the level INFO".into());
	}
	let is_above = |level: &str| ["WARN", "ERROR"].contains(&level);
	let above = others.into_iter().filter(|(level, _)| is_above(level));
	Ok(above.map(|(_, line)| line).collect())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn complaints_are_found_by_their_level() {
		let log = "2026-11-28 01:46:57.123  INFO main sc_cli::runner: Veilmart Node    \n\
			2026-11-28 01:46:58.001  WARN tokio-runtime-worker td-raft: one\n\
			and its second line\n\
			2026-11-28 01:46:58.002 DEBUG tokio-runtime-worker td-raft: not WARN\n\
			2026-11-28 01:46:58.003 ERROR tokio-runtime-worker td-raft: another\n";
		let found = complaints(log).unwrap();
		assert_eq!(found.len(), 2, "{found:?}");
		assert!(found[0].ends_with("one") && found[1].ends_with("another"));
		assert!(complaints("2026-11-28 01:46:57 Veilmart Node    \n").is_err());
	}
}

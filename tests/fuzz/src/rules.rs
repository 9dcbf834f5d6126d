//! A seller's rules, as people write them.

use veilmart_cli::serve::rules::Rules;

use crate::text::names;

/// Accepted are rules. Whoever wrote something else is told in which line.
pub fn run(data: &[u8]) -> bool {
	let Ok(text) = std::str::from_utf8(data) else {
		return false;
	};
	let rules = Rules::parse(text, &names());
	match &rules {
		Ok(rules) => assert!(!rules.describe().is_empty()),
		Err(problem) => assert!(problem.starts_with("line "), "{problem}"),
	}
	rules.is_ok()
}

//! The page of the evaluation agrees with the files that it is made from, and these with the conditions of today.

use std::{fs, path::PathBuf};
use veilmart_simulator::{config::Evaluation, cpu::CostTable, page};

/// Cargo runs tests in their package's folder. Where that was when this was compiled does not matter: checkouts share what is
/// compiled.
fn docs() -> PathBuf {
	PathBuf::from("../../docs")
}

fn costs() -> CostTable {
	serde_json::from_str(include_str!("../costs.json")).expect("the table of costs")
}

fn evaluation() -> Evaluation {
	Evaluation::parse(Evaluation::DEFAULT).expect("the conditions")
}

#[test]
fn the_page_is_what_the_files_say() {
	let text = fs::read_to_string(docs().join("evaluation.md")).expect("the page");
	let filled =
		page::fill(&text, &evaluation(), &costs(), &docs().join("evaluation")).expect("files and marks");
	assert!(
		filled == text,
		"docs/evaluation.md is out of date: `simulate page`"
	);
	let chart = fs::read_to_string(docs().join("evaluation/fig4-paillier.svg")).expect("Figure 4");
	let drawn = page::figure_4(&docs().join("evaluation")).expect("the benchmark's file");
	assert!(chart == drawn, "Figure 4 is out of date: `simulate page`");
}

/// A number on the page that no file holds is replaced; figures made under other costs are refused, and so are sections
/// that nobody fills.
#[test]
fn typed_numbers_and_foreign_figures_do_not_stand() {
	let (evaluation, costs, files) = (evaluation(), costs(), docs().join("evaluation"));
	let text = fs::read_to_string(docs().join("evaluation.md")).expect("the page");
	let typed = text.replacen("kept", "surely kept", 1);
	assert_ne!(typed, text, "an aim is kept somewhere");
	let filled = page::fill(&typed, &evaluation, &costs, &files).expect("files and marks");
	assert_eq!(filled, text);
	let slower = CostTable {
		sign: costs.sign + 1,
		..costs.clone()
	};
	let error = page::fill(&text, &evaluation, &slower, &files).expect_err("other costs");
	assert!(format!("{error:#}").contains("other conditions"), "{error:#}");
	for (from, to) in [
		("<!-- begin: aims -->", "<!-- begin: wishes -->"),
		("<!-- end: aims -->", ""),
	] {
		let broken = text.replacen(from, to, 1);
		assert!(page::fill(&broken, &evaluation, &costs, &files).is_err(), "{to}");
	}
}

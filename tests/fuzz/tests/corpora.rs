//! Every input of every corpus, as an ordinary test: what the fuzzer begins with goes on being what it was made for.
//!
//! A file `broken-…` has to be refused, a file `found-…` (something that the fuzzer found) has to do nothing but end, and every other
//! file has to be accepted.

use std::{
	collections::BTreeSet,
	fs,
	path::{Path, PathBuf},
};

use veilmart_fuzz_targets::{
	dispatch::{self, Outcome},
	TARGETS,
};

fn root() -> &'static Path {
	Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of what is in a folder, without the ending of a Rust file.
fn names(folder: &Path) -> BTreeSet<String> {
	fs::read_dir(folder)
		.unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
		.map(|entry| entry.unwrap().file_name().into_string().unwrap())
		.map(|name| name.trim_end_matches(".rs").to_owned())
		.collect()
}

fn corpus(target: &str) -> Vec<(String, PathBuf)> {
	let folder = root().join("corpora").join(target);
	names(&folder)
		.into_iter()
		.map(|name| (name.clone(), folder.join(name)))
		.collect()
}

#[test]
fn every_target_has_a_program_and_a_corpus_and_nothing_else_has() {
	let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
	assert_eq!(names(&root().join("../../fuzz/fuzz_targets")), targets);
	assert_eq!(names(&root().join("corpora")), targets);
}

#[test]
fn what_is_good_is_accepted_and_what_is_broken_is_refused() {
	let mut wrong = Vec::new();
	for target in TARGETS {
		let mut accepted = 0;
		for (name, path) in corpus(target.name) {
			// Shown if it panics.
			println!("{}/{name}", target.name);
			let verdict = (target.run)(&fs::read(&path).unwrap());
			accepted += u32::from(verdict);
			let expected = match name.split('-').next() {
				Some("broken") => false,
				Some("found") => verdict,
				_ => true,
			};
			if verdict != expected {
				let done = if verdict { "accepted" } else { "refused" };
				wrong.push(format!("{}/{name} is {done}", target.name));
			}
		}
		if accepted == 0 {
			wrong.push(format!("{}: nothing is accepted", target.name));
		}
	}
	assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_calls_of_the_seeds_do_what_they_say() {
	for (name, path) in corpus("dispatch") {
		if name.starts_with("broken") || name.starts_with("found") {
			continue;
		}
		for (step, outcome) in dispatch::outcomes(&fs::read(&path).unwrap()).iter().enumerate() {
			assert!(
				matches!(outcome, Outcome::Done | Outcome::Blocks),
				"{name}, step {step}: {outcome:?}"
			);
		}
	}
}

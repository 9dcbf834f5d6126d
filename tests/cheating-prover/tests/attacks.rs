//! Every attack, against the verifier.

use veilmart_cheating_prover::attacks::{summary, ATTACKS};

fn run(name: &str) {
	let attack = ATTACKS
		.iter()
		.find(|attack| attack.name == name)
		.expect("an attack of this name");
	let outcomes = (attack.run)();
	println!("{name}: {}", summary(&outcomes));
	assert!(!outcomes.is_empty());
	let wrong: Vec<String> = outcomes
		.iter()
		.filter(|outcome| !outcome.as_expected())
		.map(|outcome| {
			format!(
				"{}: {:?}, expected {:?}",
				outcome.case, outcome.verdict, outcome.expected
			)
		})
		.collect();
	assert!(
		wrong.is_empty(),
		"{} of {}:\n{}",
		wrong.len(),
		outcomes.len(),
		wrong[..wrong.len().min(20)].join("\n")
	);
}

macro_rules! attacks {
	($($name:ident,)*) => {
		$(
			#[test]
			fn $name() {
				run(stringify!($name));
			}
		)*

		#[test]
		fn every_attack_has_a_test() {
			let names: Vec<_> = ATTACKS.iter().map(|attack| attack.name).collect();
			assert_eq!(names, [$(stringify!($name)),*]);
		}
	};
}

attacks! {
	honest,
	negative_balance,
	fractions,
	total_of_another_quantity,
	zero_where_one_is_due,
	issue_above_the_quota,
	wrong_sign,
	another_nonce_base,
	response_edges,
	huge_nonces,
	reuse,
	omitted_messages,
	tampered_range_proof,
	unacceptable_ciphertexts,
	encodings,
	every_proof_byte,
	every_statement_byte,
	forged_challenge,
	garbage,
	refresh_with_a_value,
	refresh_by_nothing,
	refresh_reused,
	refresh_encodings,
}

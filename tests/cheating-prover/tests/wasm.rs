//! The same bytes get the same verdict from the native verifier, from its twin inside the runtime's wasm, and from the
//! runtime that asks the node: every attack, every honest statement, and flips in every field.
//!
//! A difference would split the chain between nodes that execute blocks in one way and nodes that execute them in
//! another. Refusals are compared with their reasons, because the reason ends up in an event.

mod runtime;

use codec::{DecodeAll, Encode};
use runtime::{ledger, Blob, HOSTED, PORTABLE};
use sp_io::{SubstrateHostFunctions, TestExternalities};
use std::{
	collections::{BTreeSet, HashMap},
	sync::{
		atomic::{AtomicUsize, Ordering},
		Mutex, PoisonError,
	},
};
use veilmart_cheating_prover::{
	arithmetic::Rng,
	attacks::{Attempt, ATTACKS},
	forge,
	scene::Scene,
	spec::{Base, Spec},
	World,
};
use veilmart_confidential::{Call, ProofError, Statement, PARAMETER_SET};
use veilmart_paillier::CiphertextError;
use veilmart_runtime::WASM_BINARY;
use veilmart_verification_host::{confidential_verification, forget_everything, remembered};

/// How many attempts of one attack go to wasm, where one takes many times as long: of attacks with more every n-th.
const SOME: usize = 60;
/// The same for the test that takes its time. Only the attacks on single bytes and by garbage have more.
const MANY: usize = 2_000;

/// The memory of verdicts belongs to the process, so that tests which look at it take turns.
static MEMORY: Mutex<()> = Mutex::new(());

/// Names by which the code of the runtime's verdict is compared and shown.
fn shown(code: u32) -> String {
	match code {
		0 => "accepted".into(),
		code => {
			ProofError::from_code(code).map_or_else(|| format!("code {code}"), |error| format!("{error:?}"))
		}
	}
}

/// The verdict of the native verifier, linked into this test.
fn native(world: &World, statement: &[u8], proof: &[u8]) -> u32 {
	let verdict = match Statement::decode_all(&mut &statement[..]) {
		Ok(statement) => world.verifier.verify(&statement, proof),
		Err(_) => Err(ProofError::Statement),
	};
	verdict.map_or_else(ProofError::code, |()| 0)
}

/// An attempt with the native verdict on it.
struct Judged {
	case: String,
	attempt: Attempt,
	verdict: u32,
}

/// Puts everything before both wasm runtimes, on two threads, and returns what they answered differently.
fn disagreements(judged: &[Judged]) -> Vec<String> {
	let next = AtomicUsize::new(0);
	let work = || {
		let mut ledgers: HashMap<&[u8], TestExternalities> = HashMap::new();
		let mut wrong = Vec::new();
		while let Some(Judged {
			case,
			attempt,
			verdict,
		}) = judged.get(next.fetch_add(1, Ordering::Relaxed))
		{
			let state = ledgers
				.entry(&attempt.modulus)
				.or_insert_with(|| ledger(&attempt.modulus));
			for blob in [&*PORTABLE, &*HOSTED] {
				let answer = blob.verdict(state, &attempt.statement, &attempt.proof);
				if answer != *verdict {
					wrong.push(format!(
						"{case}: natively {}, {} wasm {}",
						shown(*verdict),
						blob.name,
						shown(answer)
					));
				}
			}
		}
		wrong
	};
	std::thread::scope(|scope| {
		let other = scope.spawn(work);
		let mut wrong = work();
		wrong.extend(other.join().expect("no runtime panics"));
		wrong
	})
}

fn assert_agreement(judged: &[Judged]) {
	let wrong = disagreements(judged);
	assert!(
		wrong.is_empty(),
		"{} verdicts of {} differ:\n{}",
		wrong.len(),
		judged.len(),
		wrong[..wrong.len().min(20)].join("\n")
	);
}

#[test]
fn every_attack_gets_the_same_verdict_in_wasm() {
	compare_attacks(SOME);
}

#[test]
#[ignore = "asks in wasm thousands of times: several minutes"]
fn every_attempt_of_every_attack_gets_the_same_verdict_in_wasm() {
	compare_attacks(MANY);
}

/// Puts at most `of_one` attempts of each attack before both wasm runtimes.
fn compare_attacks(of_one: usize) {
	let mut seen = BTreeSet::new();
	for attack in ATTACKS {
		let outcomes = (attack.run)();
		let total = outcomes.len();
		// A ledger has a key of one size. The verdict on statements under the other is `Statement`: see below.
		let ours: Vec<_> = outcomes
			.into_iter()
			.filter(|outcome| outcome.attempt.modulus.len() == PARAMETER_SET.modulus_bytes())
			.collect();
		let step = ours.len().div_ceil(of_one);
		let judged: Vec<_> = ours
			.into_iter()
			.step_by(step)
			.map(|outcome| Judged {
				case: format!("{}, {}", attack.name, outcome.case),
				attempt: outcome.attempt,
				verdict: outcome.verdict.map_or_else(ProofError::code, |()| 0),
			})
			.collect();
		println!("{}: {} of {total} asked in wasm", attack.name, judged.len());
		assert!(!judged.is_empty(), "{} has no attempt for wasm", attack.name);
		assert_agreement(&judged);
		seen.extend(judged.iter().map(|judged| judged.verdict));
	}
	// Every verdict that there is was among them. A ciphertext that travels has its length from the parameter set.
	let unreachable = ProofError::Ciphertext(CiphertextError::Length);
	let all: BTreeSet<u32> = ProofError::ALL
		.into_iter()
		.filter(|error| *error != unreachable)
		.map(ProofError::code)
		.chain([0])
		.collect();
	assert_eq!(seen, all, "a verdict was never put to the test");
}

/// An honest statement and its proof, with the scene that they come from.
fn honest(call: Call, name: &str) -> (Spec, Vec<u8>, Vec<u8>) {
	let world = World::get(PARAMETER_SET);
	let mut rng = Rng::new(name);
	let scene = Scene::new(world, &mut rng);
	let spec = scene.spec(call);
	let proof = forge::prove(world, &spec, &scene.plan(&spec), &mut rng).encode(&spec);
	(spec, scene.statement(call).encode(), proof)
}

/// The fields of an encoded statement with their lengths, in order.
fn statement_fields(spec: &Spec) -> Vec<(String, usize)> {
	let mut fields: Vec<(String, usize)> = [
		("set", 1),
		("call", 1),
		("genesis", 32),
		("account", 32),
		("seq", 8),
		("salt", 16),
		("number of bindings", 1),
	]
	.map(|(name, len)| (name.into(), len))
	.into();
	for (name, value) in &spec.bindings {
		fields.extend([(format!("kind of {name}"), 1), ((*name).into(), value.len())]);
	}
	fields.push(("number of notes".into(), 1));
	for (name, _) in &spec.notes {
		fields.extend([(format!("kind of note {name}"), 1), (format!("note {name}"), 32)]);
	}
	fields.push(("number of ciphertexts".into(), 1));
	for (role, bytes) in &spec.ciphertexts {
		fields.extend([(format!("role of {role}"), 1), ((*role).into(), bytes.len())]);
	}
	fields.push(("number of values".into(), 1));
	for value in &spec.values {
		fields.push((format!("range of {}", value.role), 1));
		fields.extend(value.limit.map(|_| (format!("limit of {}", value.role), 8)));
	}
	fields.push(("number of equations".into(), 1));
	for (i, equation) in spec.equations.iter().enumerate() {
		fields.extend([
			(format!("target of equation {i}"), 1),
			(format!("number of bases of equation {i}"), 1),
		]);
		for base in &equation.bases {
			let len = if matches!(base, Base::Ciphertext(_)) { 2 } else { 1 };
			fields.push((format!("base of equation {i}"), len));
		}
	}
	fields
}

/// The fields of a proof with their lengths, in order: `docs/formats.md`.
fn proof_fields(spec: &Spec) -> Vec<(String, usize)> {
	let (k, m) = (spec.values.len(), spec.equations.len());
	let halvings = (64 * spec.range_count()).ilog2() as usize;
	let mut fields = vec![("version".to_string(), 1)];
	let mut many = |name: &str, count: usize, len: usize| {
		fields.extend((0..count).map(|i| (format!("{name} {i}"), len)));
	};
	many("V", k, 32);
	many("e", 1, 16);
	many("z", k, 32);
	many("w", m, spec.w_bytes());
	many("t", k, 32);
	many("point of the Bulletproof", 4, 32);
	many("scalar of the Bulletproof", 3, 32);
	many("L, R of the Bulletproof", 2 * halvings, 32);
	many("last scalar of the Bulletproof", 2, 32);
	fields
}

/// Positions to flip: of each field the first, the middle and the last byte, or only the middle one.
fn positions(fields: &[(String, usize)], total: usize, only_middle: bool) -> Vec<(String, usize)> {
	let mut at = 0;
	let mut out = Vec::new();
	for (name, len) in fields {
		let chosen = if only_middle {
			BTreeSet::from([len / 2])
		} else {
			BTreeSet::from([0, len / 2, len - 1])
		};
		out.extend(chosen.into_iter().map(|offset| (name.clone(), at + offset)));
		at += len;
	}
	assert_eq!(at, total, "the fields make up the whole encoding");
	out
}

#[test]
fn a_flip_in_any_field_gets_the_same_refusal_in_wasm() {
	let world = World::get(PARAMETER_SET);
	let mut judged = Vec::new();
	for call in Call::WITH_VALUES {
		let (spec, statement, proof) = honest(call, "fields");
		let mut put = |case: String, statement: &[u8], proof: &[u8], acceptable: bool| {
			let verdict = native(world, statement, proof);
			assert_eq!(verdict == 0, acceptable, "{case}: natively {}", shown(verdict));
			judged.push(Judged {
				case,
				attempt: Attempt {
					modulus: world.key.modulus_bytes(),
					statement: statement.to_vec(),
					proof: proof.to_vec(),
				},
				verdict,
			});
		};
		let name = call.name();
		put(format!("{name}, untouched"), &statement, &proof, true);
		let only_middle = call != Call::Order;
		for (field, at) in positions(&statement_fields(&spec), statement.len(), only_middle) {
			let mut flipped = statement.clone();
			flipped[at] ^= 1 << (at % 8);
			put(
				format!("{name}, statement byte {at}, {field}"),
				&flipped,
				&proof,
				false,
			);
		}
		for (field, at) in positions(&proof_fields(&spec), proof.len(), only_middle) {
			let mut flipped = proof.clone();
			flipped[at] ^= 1 << (at % 8);
			put(
				format!("{name}, proof byte {at}, {field}"),
				&statement,
				&flipped,
				false,
			);
		}
	}
	println!("{} flips asked in wasm", judged.len());
	assert_agreement(&judged);
}

#[test]
fn statements_under_a_key_of_another_size_are_refused_alike() {
	let other = match PARAMETER_SET {
		veilmart_paillier::ParameterSet::Paillier2048 => veilmart_paillier::ParameterSet::Paillier3072,
		veilmart_paillier::ParameterSet::Paillier3072 => veilmart_paillier::ParameterSet::Paillier2048,
	};
	let world = World::get(other);
	let mut rng = Rng::new("another size");
	let scene = Scene::new(world, &mut rng);
	let spec = scene.spec(Call::Order);
	let proof = forge::prove(world, &spec, &scene.plan(&spec), &mut rng).encode(&spec);
	let statement = scene.statement(Call::Order).encode();
	assert_eq!(
		native(world, &statement, &proof),
		0,
		"under its own key it is fine"
	);
	let ours = World::get(PARAMETER_SET);
	let verdict = native(ours, &statement, &proof);
	assert_eq!(verdict, ProofError::Statement.code());
	assert_agreement(&[Judged {
		case: "another size".into(),
		attempt: Attempt {
			modulus: ours.key.modulus_bytes(),
			statement,
			proof,
		},
		verdict,
	}]);
}

/// That the two runtimes are what they are taken for: otherwise the others would compare the native verifier with itself.
#[test]
fn one_runtime_asks_the_node_and_the_other_does_not() {
	let _turn = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
	let world = World::get(PARAMETER_SET);
	let modulus = world.key.modulus_bytes();
	let (_, statement, proof) = honest(Call::Restock, "which is which");
	let decoded = Statement::decode_all(&mut &statement[..]).expect("an honest statement");
	let mut state = ledger(&modulus);
	assert_eq!(PORTABLE.verdict(&mut state, &statement, &proof), 0);
	assert!(
		!remembered(&modulus, &decoded, &proof),
		"the portable runtime asked the node"
	);
	assert_eq!(HOSTED.verdict(&mut state, &statement, &proof), 0);
	assert!(
		remembered(&modulus, &decoded, &proof),
		"the hosted runtime did not ask the node"
	);
	// Without the host function it does not even start, and says why.
	let bare = Blob::new::<SubstrateHostFunctions>("hosted, without its host function", WASM_BINARY);
	let error = bare
		.call(&mut state, "EcommerceApi_verify", &(&statement, &proof).encode())
		.expect_err("it ran without the host function that it imports")
		.to_string();
	assert!(
		error.contains("ext_confidential_verification_verify_version_1"),
		"it fails for another reason: {error}"
	);
}

/// What the node remembers is a matter of time, never of the verdict.
#[test]
fn the_memory_of_verdicts_changes_no_verdict() {
	let _turn = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
	let modulus = World::get(PARAMETER_SET).key.modulus_bytes();
	let mut state = ledger(&modulus);
	for call in Call::WITH_VALUES {
		let (spec, statement, proof) = honest(call, "memory");
		let mut forged = proof.clone();
		forged[1 + 32 * spec.values.len()] ^= 1;
		let wrong = ProofError::Challenge.code();
		for (what, proof, expected) in [
			("forged", &forged, wrong),
			("honest", &proof, 0),
			("honest, remembered", &proof, 0),
			("forged, the honest one remembered", &forged, wrong),
		] {
			let verdict = HOSTED.verdict(&mut state, &statement, proof);
			assert_eq!(verdict, expected, "{} {what}: {}", call.name(), shown(verdict));
			let verdict = confidential_verification::verify(&modulus, &statement, proof);
			assert_eq!(
				verdict,
				expected,
				"{} {what}, the host function itself",
				call.name()
			);
		}
		forget_everything();
		assert_eq!(
			HOSTED.verdict(&mut state, &statement, &proof),
			0,
			"{}, forgotten",
			call.name()
		);
	}
}

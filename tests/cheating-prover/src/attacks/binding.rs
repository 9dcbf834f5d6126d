//! Proofs for something else than they were made for: attacks on the transcript.

use super::{in_parallel, int, Attempt, Expected, Outcome, Run};
use crate::{
	arithmetic::{scalar, World},
	forge::{base_power, commit, range_openings, range_proof, Proof},
	scene::{Scene, ROLES},
	spec::Absorber,
};
use codec::{DecodeAll, Encode};
use curve25519_dalek::scalar::Scalar;
use num_traits::ToPrimitive;
use std::collections::BTreeMap;
use veilmart_confidential::{statements::Terms, Call, ProofError, Statement, Verifier};
use veilmart_paillier::{ParameterSet, PublicKey};

type Edit = (&'static str, fn(&mut Scene));

/// Changes of everything that a proof is valid for only.
const EDITS: &[Edit] = &[
	("genesis", |s| s.context.genesis[31] ^= 1),
	("account", |s| s.context.account[0] ^= 1),
	("seq + 1", |s| s.context.seq = s.context.seq.wrapping_add(1)),
	("seq, high bit", |s| s.context.seq ^= 1 << 63),
	("salt", |s| s.context.salt[15] ^= 0x80),
	("counterparty", |s| s.counterparty[7] ^= 1),
	("quota", |s| s.quota += 1),
	("seller", |s| s.listing.seller[0] ^= 1),
	("listing seq", |s| s.listing.seq ^= 1),
	("price version", |s| s.version ^= 1),
	("buyer", |s| s.order.buyer[0] ^= 1),
	("order seq", |s| s.order.seq ^= 1),
	("accept period", |s| s.terms.accept_period ^= 1),
	("ship period", |s| s.terms.ship_period ^= 1),
	("grace period", |s| s.terms.grace_period ^= 1),
	("confirm period", |s| s.terms.confirm_period ^= 1),
	("resolve period", |s| s.terms.resolve_period ^= 1),
	("periods exchanged", |s| {
		let Terms {
			ship_period,
			grace_period,
			..
		} = &mut s.terms;
		core::mem::swap(ship_period, grace_period);
	}),
	("bond multiple", |s| s.terms.bond_multiple -= 1),
	("penalty share", |s| s.terms.penalty_share += 1),
	("seller and buyer exchanged", |s| {
		core::mem::swap(&mut s.listing.seller, &mut s.order.buyer)
	}),
	("listing and order seq exchanged", |s| {
		core::mem::swap(&mut s.listing.seq, &mut s.order.seq)
	}),
	("own note", |s| flip(s, "own")),
	("counterparty note", |s| flip(s, "counterparty")),
	("quote", |s| flip(s, "quote")),
	("stock note", |s| flip(s, "stock")),
	("notes exchanged", |s| {
		let (own, other) = (s.notes["own"], s.notes["counterparty"]);
		s.notes.insert("own", other);
		s.notes.insert("counterparty", own);
		s.notes.insert("stock", own);
	}),
	("price", |s| double(s, "price")),
	("quantity", |s| double(s, "quantity")),
	("total", |s| double(s, "total")),
	("amount", |s| double(s, "amount")),
	("balance", |s| double(s, "balance-after")),
	("issued", |s| double(s, "issued-after")),
	("stock", |s| double(s, "stock")),
	("stock after", |s| double(s, "stock-after")),
	("commodity", |s| double(s, "commodity")),
	("delivery", |s| double(s, "delivery")),
	("stock and commodity exchanged", |s| {
		exchange(s, "stock", "commodity")
	}),
	("amount and balance exchanged", |s| {
		exchange(s, "amount", "balance-after")
	}),
	("quantity and total exchanged", |s| {
		exchange(s, "quantity", "total")
	}),
	("stock and balance exchanged", |s| {
		exchange(s, "stock-after", "balance-after")
	}),
];

fn flip(scene: &mut Scene, note: &'static str) {
	scene.notes.get_mut(note).expect("a note")[16] ^= 1;
}

fn double(scene: &mut Scene, role: &'static str) {
	let squared = scene
		.world
		.power(&scene.world.residue(&scene.ciphertexts[role]), &int(2));
	scene.ciphertexts.insert(role, scene.world.key.encode(&squared));
}

fn exchange(scene: &mut Scene, a: &'static str, b: &'static str) {
	let (x, y) = (scene.ciphertexts[a].clone(), scene.ciphertexts[b].clone());
	scene.ciphertexts.insert(a, y);
	scene.ciphertexts.insert(b, x);
}

/// Attacks the binding of a proof to its call: the same bytes for anything else. What a call does not depend on
/// leaves its statement as it is, which is checked, too.
pub(super) fn reuse() -> Vec<Outcome> {
	let mut run = Run::new("reuse");
	let world = run.world;
	// Another key: any odd number of the right length serves, if it has no small factor.
	let small: Vec<u32> = (3..20_000).step_by(2).collect();
	let other = (1u32..)
		.map(|i| world.key.modulus() + 2 * i)
		.find(|number| small.iter().all(|divisor| number % divisor != 0u32.into()))
		.expect("there are many");
	let other = PublicKey::from_modulus(&other.to_bytes_be()).expect("odd");
	let other_modulus = other.modulus_bytes();
	let other_verifier = Verifier::new(other);
	let mut changes = BTreeMap::new();
	for call in Call::WITH_VALUES {
		let scene = run.scene();
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
		run.accepted(format!("{}: as it was made", call.name()), &statement, &proof);
		for (name, edit) in EDITS {
			let mut changed = scene.clone();
			edit(&mut changed);
			let new = changed.statement(call);
			if new == statement {
				continue;
			}
			*changes.entry(*name).or_insert(0) += 1;
			run.refused(
				format!("{}: {name}", call.name()),
				&new,
				&proof,
				&[ProofError::Challenge],
			);
		}
		for as_call in Call::WITH_VALUES.into_iter().filter(|as_call| *as_call != call) {
			run.refused(
				format!("{} as {}", call.name(), as_call.name()),
				&scene.statement(as_call),
				&proof,
				&[
					ProofError::Challenge,
					ProofError::Length,
					ProofError::ValueResponse,
					ProofError::NonceResponse,
				],
			);
		}
		let verdict = other_verifier.verify(&statement, &proof);
		let under = |modulus: &[u8]| Attempt {
			modulus: modulus.to_vec(),
			statement: statement.encode(),
			proof: proof.clone(),
		};
		run.record(
			format!("{}: another key", call.name()),
			under(&other_modulus),
			verdict,
			Expected::Refused(vec![ProofError::Challenge]),
		);
		let longer = World::get(ParameterSet::Paillier3072);
		let verdict = longer.verifier.verify(&statement, &proof);
		run.record(
			format!("{}: another key size", call.name()),
			under(&longer.key.modulus_bytes()),
			verdict,
			Expected::Refused(vec![ProofError::Statement]),
		);
	}
	run.sanity(changes.len() == EDITS.len(), "every change concerns some call");
	// The same bytes must differ between transfer and redeem by the call's name alone.
	let scene = run.scene();
	let [transfer, redeem] = [Call::Transfer, Call::Redeem].map(|call| scene.spec(call).messages());
	let differences = transfer.iter().zip(&redeem).filter(|(a, b)| a != b).count();
	run.sanity(
		differences == 1 && transfer.len() == redeem.len(),
		"only the name differs",
	);
	run.outcomes
}

/// Attacks the transcript: a prover that leaves out one message after the other, for every call. A verifier that left
/// it out, too, would accept.
pub(super) fn omitted_messages() -> Vec<Outcome> {
	let mut run = Run::new("omitted");
	for call in Call::WITH_VALUES {
		let scene = run.scene();
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let statement_messages = spec.messages();
		let (k, m) = (spec.values.len(), spec.equations.len());
		let first = statement_messages.len() + 2 * k + m;
		let total = first + 2 * k + m;
		for omit in 0..total {
			let mut plan = scene.plan(&spec);
			plan.omit = Some(omit);
			let proof = run.prove(&spec, &plan).encode(&spec);
			let name = match statement_messages.get(omit) {
				Some((label, _)) => String::from_utf8_lossy(label).into_owned(),
				None if omit < first => "V, A, T".into(),
				None => "z, w, t".into(),
			};
			// Responses come after the challenge: without them, the Bulletproof goes on with another transcript.
			let reason = if omit < first {
				ProofError::Challenge
			} else {
				ProofError::Range
			};
			run.refused(
				format!("{} without message {omit}, {name}", call.name()),
				&statement,
				&proof,
				&[reason],
			);
		}
	}
	run.outcomes
}

/// Attacks the binding and the decoding of statements: every byte of an `order`'s statement and every third of the
/// `issue`'s, with a bit flipped. It does not decode, as a node decodes it, or it is refused; and no length in it makes
/// the decoder panic.
pub(super) fn every_statement_byte() -> Vec<Outcome> {
	let mut run = Run::new("statement bytes");
	let world = run.world;
	let mut outcomes = Vec::new();
	for (call, step) in [(Call::Order, 1), (Call::Issue, 3)] {
		let scene = run.scene();
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let proof = run.prove(&spec, &scene.plan(&spec)).encode(&spec);
		let encoded = statement.encode();
		let decode = |encoded: &[u8]| Statement::decode_all(&mut &encoded[..]);
		let again = decode(&encoded).expect("it decodes");
		run.sanity(again == statement && again.encode() == encoded, "it comes back");
		run.accepted(format!("{} untouched", call.name()), &again, &proof);
		let positions: Vec<usize> = (0..encoded.len()).step_by(step).collect();
		outcomes.extend(in_parallel(&positions, |at| {
			let mut encoded = encoded.clone();
			encoded[*at] ^= 1 << (at % 8);
			let verdict = match decode(&encoded) {
				Ok(statement) => world.verifier.verify(&statement, &proof),
				Err(_) => Err(ProofError::Statement),
			};
			Outcome {
				case: format!("{} statement byte {at}", call.name()),
				attempt: Attempt::new(world, &encoded, &proof),
				verdict,
				expected: Expected::Refused(Vec::new()),
			}
		}));
		for len in 0..encoded.len() {
			let verdict = match decode(&encoded[..len]) {
				Ok(_) => Ok(()),
				Err(_) => Err(ProofError::Statement),
			};
			if len % 100 == 0 || verdict.is_ok() {
				run.record(
					format!("{} statement cut to {len}", call.name()),
					Attempt::new(world, &encoded[..len], &proof),
					verdict,
					Expected::Refused(Vec::new()),
				);
			}
		}
		// Every value of the bytes that hold structure: the head and the last 40.
		let head = 0..2;
		let tail = encoded.len() - 40..encoded.len();
		for at in head.chain(tail) {
			for value in (0..10)
				.chain([127, 128, 255])
				.filter(|value| *value != encoded[at])
			{
				let mut encoded = encoded.clone();
				encoded[at] = value;
				let Ok(statement) = decode(&encoded) else {
					continue;
				};
				run.refused(
					format!("{} statement byte {at} = {value}", call.name()),
					&statement,
					&proof,
					&[],
				);
			}
		}
	}
	outcomes.extend(run.outcomes);
	outcomes
}

/// Attacks the order of things: a simulator takes `e`, `z`, `w`, `t` first and then finds the `A` and `T` that fit. The
/// transcript gives another challenge.
pub(super) fn forged_challenge() -> Vec<Outcome> {
	let mut run = Run::new("challenge");
	let world = run.world;
	for call in Call::WITH_VALUES {
		let mut scene = run.scene();
		// False statements: whatever is in the ciphertexts, the values claimed are 1.
		for role in ROLES {
			scene.encrypt(role, &int(-5), &mut run.rng);
		}
		let (spec, statement) = (scene.spec(call), scene.statement(call));
		let (k, m) = (spec.values.len(), spec.equations.len());
		for e in [0, 1, u128::MAX, run.rng.bits(128).to_u128().expect("128 bits")] {
			let blindings: Vec<_> = (0..k).map(|_| run.rng.scalar()).collect();
			let v = vec![int(1); k];
			let mut proof = Proof {
				version: 1,
				v: v.iter()
					.zip(&blindings)
					.map(|(v, s)| commit(v, *s).compress().to_bytes())
					.collect(),
				e,
				z: (0..k).map(|_| run.rng.bits(249)).collect(),
				w: (0..m).map(|_| run.rng.bits(world.half() + 383)).collect(),
				t: (0..k).map(|_| run.rng.scalar().to_bytes()).collect(),
				range: Vec::new(),
			};
			// The transcript as the simulator wants it: A and T from the responses, then a Bulletproof on it.
			let mut transcript = Absorber::new(None);
			transcript.put_all(&spec.messages());
			proof.v.iter().for_each(|v| transcript.put(&(b"V", v.to_vec())));
			for (equation, w) in spec.equations.iter().zip(&proof.w) {
				let target = world.residue(&spec.ciphertexts[equation.target as usize].1);
				let mut a = world.mul(&world.nonce_power(w), &world.power(&target, &int(e)));
				for (base, z) in equation.bases.iter().zip(&proof.z) {
					if let Some(factor) = base_power(world, &spec, *base, z) {
						a = world.mul(&a, &factor);
					}
				}
				transcript.put(&(b"A", world.key.encode(&a)));
			}
			for ((z, t), (v, s)) in proof.z.iter().zip(&proof.t).zip(v.iter().zip(&blindings)) {
				let t = Scalar::from_canonical_bytes(*t).expect("canonical");
				let point = commit(z, t) + scalar(&int(e)) * commit(v, *s);
				transcript.put(&(b"T", point.compress().to_bytes().to_vec()));
			}
			let drawn = transcript.challenge();
			let messages = proof.response_messages(&spec);
			transcript.put_all(&messages);
			proof.range = range_proof(
				&mut transcript,
				&range_openings(&spec, &v, &blindings),
				64,
				&mut run.rng,
			);
			run.refused(
				format!("{}: e = {e:#x} chosen first", call.name()),
				&statement,
				&proof.encode(&spec),
				&[ProofError::Challenge],
			);
			proof.e = drawn;
			run.refused(
				format!("{}: the challenge of the simulated A", call.name()),
				&statement,
				&proof.encode(&spec),
				&[ProofError::Challenge],
			);
		}
	}
	run.outcomes
}

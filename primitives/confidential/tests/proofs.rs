//! Honest proofs of every statement, at both key sizes; the prover's refusals; encodings.

use codec::{Decode, Encode};
use proptest::prelude::*;
use rand_core::{OsRng, RngCore};
use std::sync::OnceLock;
use veilmart_confidential::{
	proof_len,
	statements::{self, AcceptParts, ListingName, OrderName, OrderParts, Terms},
	Binding, Call, Context, NoteKind, ProofError, ProveError, Prover, Role, Statement, Verifier, Witness,
	MAX_PROOF_BYTES,
};
use veilmart_paillier::{
	CiphertextError, Encryptor, FreshNonce, Nonce, Opening, ParameterSet, PublicKey, Residue, SecretKey,
};

struct World {
	set: ParameterSet,
	secret: SecretKey,
	prover: Prover,
	key: PublicKey,
	verifier: Verifier,
}

impl World {
	/// As a node judges, and as a runtime by itself.
	fn verdicts(&self, statement: &Statement, proof: &[u8]) -> [Result<(), ProofError>; 2] {
		[
			self.verifier.verify(statement, proof),
			Verifier::verify_once(self.key.clone(), statement, proof),
		]
	}
}

fn world(set: ParameterSet) -> &'static World {
	static WORLDS: [OnceLock<World>; 2] = [OnceLock::new(), OnceLock::new()];
	let (index, text) = match set {
		ParameterSet::Paillier2048 => (0, include_str!("../../paillier/test-keys/2048.factors")),
		ParameterSet::Paillier3072 => (1, include_str!("../../paillier/test-keys/3072.factors")),
	};
	WORLDS[index].get_or_init(|| {
		let mut factors = text.lines().map(|line| hex::decode(line).expect("hexadecimal"));
		let (p, q) = (
			factors.next().expect("two lines"),
			factors.next().expect("two lines"),
		);
		let secret = SecretKey::from_factors(&p, &q).expect("the test key is well formed");
		let key = secret.public().clone();
		World {
			set,
			prover: Prover::new(Encryptor::new(key.clone())),
			verifier: Verifier::new(key.clone()),
			key,
			secret,
		}
	})
}

/// A ciphertext and what opens it.
#[derive(Clone)]
struct Sealed {
	bytes: Vec<u8>,
	value: u64,
	nonce: Nonce,
}

impl World {
	fn key(&self) -> &PublicKey {
		self.prover.encryptor().key()
	}

	fn residue(&self, sealed: &Sealed) -> Residue {
		self.key().parse(&sealed.bytes).expect("our own ciphertext")
	}

	fn seal(&self, value: u64) -> Sealed {
		self.seal_with(value, FreshNonce::random(self.set, &mut OsRng).nonce().clone())
	}

	fn seal_with(&self, value: u64, nonce: Nonce) -> Sealed {
		let opening = Opening {
			value,
			nonce: nonce.clone(),
		};
		let c = self
			.prover
			.encryptor()
			.encrypt_opening(&opening)
			.expect("the nonce is in range");
		Sealed {
			bytes: self.key().encode(&c),
			value,
			nonce,
		}
	}

	/// `P^num·h_s^ρ`; the nonce is `ρ`.
	fn total(&self, price: &Sealed, num: u64) -> Sealed {
		let rho = FreshNonce::random(self.set, &mut OsRng);
		let power = self.key().scale(&self.residue(price), num);
		let total = self.prover.encryptor().rerandomise(&power, &rho);
		Sealed {
			bytes: self.key().encode(&total),
			value: num,
			nonce: rho.nonce().clone(),
		}
	}

	/// The statement of `call` for values `x`, and its witness. Of `x`, a call uses as many as it has values.
	fn case(&self, call: Call, x: [u64; 3], extras: &Extras) -> (Statement, Witness) {
		let (set, context) = (self.set, &extras.context);
		let [own, note, quote] = extras.notes;
		let c = x.map(|value| self.seal(value));
		let witness = |of: &[&Sealed], equations: &[&Sealed]| Witness {
			values: of.iter().map(|sealed| sealed.value).collect(),
			nonces: equations.iter().map(|sealed| sealed.nonce.clone()).collect(),
		};
		let first = |count: usize| {
			let used: Vec<&Sealed> = c[..count].iter().collect();
			witness(&used, &used)
		};
		let price = self.seal(x[2].max(1));
		let total = self.total(&price, x[0]);
		let Extras {
			listing,
			order,
			terms,
			version,
			quota,
			counterparty,
			..
		} = *extras;
		match call {
			Call::Issue => (
				statements::issue(
					set,
					context,
					counterparty,
					quota,
					&c[0].bytes,
					&c[1].bytes,
					own,
					note,
				),
				first(2),
			),
			Call::Transfer => (
				statements::transfer(set, context, counterparty, &c[0].bytes, &c[1].bytes, own, note),
				first(2),
			),
			Call::Redeem => (
				statements::redeem(set, context, counterparty, &c[0].bytes, &c[1].bytes, own, note),
				first(2),
			),
			Call::List => (
				statements::list(set, context, &c[0].bytes, &c[1].bytes, &c[2].bytes, own),
				first(3),
			),
			Call::Reprice => (
				statements::reprice(set, context, listing, version, &c[0].bytes, own),
				first(1),
			),
			Call::Restock => (
				statements::restock(set, context, listing, version, &c[0].bytes, own),
				first(1),
			),
			Call::Order => (
				statements::order(
					set,
					context,
					&OrderParts {
						listing,
						version,
						terms,
						price: &price.bytes,
						quantity: &c[0].bytes,
						total: &total.bytes,
						balance_after: &c[1].bytes,
						own_note: own,
						note,
						quote,
					},
				),
				witness(&[&c[0], &c[1]], &[&c[0], &total, &c[1]]),
			),
			Call::Dispute => (
				statements::dispute(set, context, order, &total.bytes, &c[0].bytes, own),
				first(1),
			),
			Call::Accept => (
				statements::accept(
					set,
					context,
					&AcceptParts {
						order,
						listing,
						terms,
						quantity: &c[2].bytes,
						total: &total.bytes,
						stock_after: &c[0].bytes,
						balance_after: &c[1].bytes,
						own_note: own,
						stock_note: note,
					},
				),
				first(2),
			),
			Call::Refresh => unreachable!("its proof is about no value: see refresh.rs"),
		}
	}

	/// Proves, and verifies with both verifiers.
	fn holds(&self, statement: &Statement, witness: &Witness) {
		let proof = self
			.prover
			.prove(statement, witness, &mut OsRng)
			.expect("an honest proof is made");
		assert_eq!(proof.len(), proof_len(statement));
		assert!(proof.len() <= MAX_PROOF_BYTES);
		assert_eq!(self.verdicts(statement, &proof), [Ok(()); 2]);
	}

	fn refuses(&self, statement: &Statement, witness: &Witness, error: ProveError) {
		assert_eq!(self.prover.prove(statement, witness, &mut OsRng), Err(error));
		assert!(!error.to_string().is_empty());
	}
}

/// What a statement binds besides ciphertexts.
#[derive(Clone, Copy, Debug)]
struct Extras {
	context: Context,
	notes: [[u8; 32]; 3],
	listing: ListingName,
	order: OrderName,
	terms: Terms,
	version: u32,
	quota: u64,
	counterparty: [u8; 32],
}

fn array<const L: usize>() -> [u8; L] {
	let mut out = [0; L];
	OsRng.fill_bytes(&mut out);
	out
}

fn extras() -> Extras {
	Extras {
		context: Context {
			genesis: array(),
			account: array(),
			seq: OsRng.next_u64(),
			salt: array(),
		},
		notes: [array(), array(), array()],
		listing: ListingName {
			seller: array(),
			seq: OsRng.next_u64(),
		},
		order: OrderName {
			buyer: array(),
			seq: OsRng.next_u64(),
		},
		terms: Terms {
			accept_period: OsRng.next_u64(),
			ship_period: OsRng.next_u64(),
			grace_period: OsRng.next_u64(),
			confirm_period: OsRng.next_u64(),
			resolve_period: OsRng.next_u64(),
			bond_multiple: OsRng.next_u32(),
			penalty_share: OsRng.next_u32(),
		},
		version: OsRng.next_u32(),
		quota: u64::MAX,
		counterparty: array(),
	}
}

/// Whether the first value of a call must not be zero.
fn is_shifted(call: Call) -> bool {
	!matches!(call, Call::Restock | Call::Dispute | Call::Accept)
}

fn adjusted(call: Call, mut x: [u64; 3]) -> [u64; 3] {
	if is_shifted(call) {
		x[0] = x[0].max(1);
	}
	x
}

#[test]
fn honest_proofs_of_extreme_values_verify() {
	for set in ParameterSet::ALL {
		for call in Call::WITH_VALUES {
			for x in [
				[0, 0, 0],
				[1, 1, 1],
				[u64::MAX; 3],
				[u64::MAX, 0, u64::MAX],
				[1, u64::MAX, 0],
			] {
				let (statement, witness) = world(set).case(call, adjusted(call, x), &extras());
				world(set).holds(&statement, &witness);
			}
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

	#[test]
	fn honest_proofs_of_random_values_verify(
		x: [u64; 3],
		shift in 0u32..64,
		call in 0usize..9,
		large: bool,
		quota: u64,
	) {
		let set = if large { ParameterSet::Paillier3072 } else { ParameterSet::Paillier2048 };
		let call = Call::WITH_VALUES[call];
		let mut x = adjusted(call, x.map(|value| value >> shift));
		let extras = Extras { quota, ..extras() };
		if call == Call::Issue {
			x[1] = x[1].min(quota);
		}
		let (statement, witness) = world(set).case(call, x, &extras);
		world(set).holds(&statement, &witness);
		let encoded = statement.encode();
		prop_assert_eq!(Statement::decode(&mut &encoded[..]).unwrap(), statement);
	}
}

#[test]
fn nonces_at_both_ends_of_their_range_are_proved() {
	for set in ParameterSet::ALL {
		let world = world(set);
		// 2^(|N|/2+128) - 1, and minus 2^(|N|/2+128).
		let largest = Nonce::from_uniform(&vec![0xff; set.nonce_limit_bits() / 8]);
		let mut one = vec![0; 8];
		one[0] = 1;
		let one = Nonce::from_uniform(&one);
		let smallest = largest.negate().sub(&one);
		for nonce in [
			largest.clone(),
			largest.negate(),
			smallest.clone(),
			Nonce::ZERO,
			one.clone(),
			one.negate(),
		] {
			let balance = world.seal_with(17, nonce);
			let total = world.seal(5);
			let extras = extras();
			let statement = statements::dispute(
				set,
				&extras.context,
				extras.order,
				&total.bytes,
				&balance.bytes,
				extras.notes[0],
			);
			let witness = Witness {
				values: vec![17],
				nonces: vec![balance.nonce.clone()],
			};
			world.holds(&statement, &witness);
			for outside in [largest.add(&one), smallest.sub(&one)] {
				let witness = Witness {
					values: vec![17],
					nonces: vec![outside],
				};
				world.refuses(&statement, &witness, ProveError::Nonce(0));
			}
		}
	}
}

/// The prover promises to check shapes, not equations; then the verifier refuses.
#[test]
fn a_wrong_witness_is_refused() {
	let world = world(ParameterSet::Paillier2048);
	for call in Call::WITH_VALUES {
		let (statement, honest) = world.case(call, [3, 4, 5], &extras());
		let refused = |witness: &Witness| {
			let proof = world
				.prover
				.prove(&statement, witness, &mut OsRng)
				.expect("shapes are right");
			assert_eq!(
				world.verdicts(&statement, &proof),
				[Err(ProofError::Challenge); 2],
				"{call:?}"
			);
		};
		for j in 0..honest.values.len() {
			let mut witness = honest.clone_parts();
			witness.values[j] += 1;
			refused(&witness);
		}
		for i in 0..honest.nonces.len() {
			let mut witness = honest.clone_parts();
			witness.nonces[i] = FreshNonce::random(world.set, &mut OsRng).nonce().clone();
			refused(&witness);
		}
	}
}

trait CloneParts {
	fn clone_parts(&self) -> Witness;
}

impl CloneParts for Witness {
	fn clone_parts(&self) -> Witness {
		Witness {
			values: self.values.clone(),
			nonces: self.nonces.clone(),
		}
	}
}

#[test]
fn the_prover_refuses_what_does_not_fit() {
	let world = world(ParameterSet::Paillier2048);
	for call in Call::WITH_VALUES {
		let extras = Extras {
			quota: 1000,
			..extras()
		};
		let (statement, honest) = world.case(call, [3, 4, 5], &extras);
		let mut longer = honest.clone_parts();
		longer.values.push(1);
		world.refuses(&statement, &longer, ProveError::Shape);
		let mut shorter = honest.clone_parts();
		shorter.values.pop();
		world.refuses(&statement, &shorter, ProveError::Shape);
		let mut longer = honest.clone_parts();
		longer.nonces.push(Nonce::ZERO);
		world.refuses(&statement, &longer, ProveError::Shape);
		let mut shorter = honest.clone_parts();
		shorter.nonces.pop();
		world.refuses(&statement, &shorter, ProveError::Shape);

		let mut zero = honest.clone_parts();
		zero.values[0] = 0;
		if is_shifted(call) {
			world.refuses(&statement, &zero, ProveError::Value(0));
		}
		if call == Call::Issue {
			let mut above = honest.clone_parts();
			above.values[1] = 1001;
			world.refuses(&statement, &above, ProveError::Value(1));
		}
		// A statement of the other key size, and ciphertexts that are none.
		let other = self::world(ParameterSet::Paillier3072)
			.case(call, [3, 4, 5], &extras)
			.0;
		world.refuses(&other, &honest, ProveError::Statement);
	}
	let extras = extras();
	let witness = Witness {
		values: vec![1],
		nonces: vec![Nonce::ZERO],
	};
	let of = |bytes: &[u8]| {
		statements::reprice(
			world.set,
			&extras.context,
			extras.listing,
			1,
			bytes,
			extras.notes[0],
		)
	};
	let len = world.set.ciphertext_bytes();
	world.refuses(
		&of(&vec![0; len]),
		&witness,
		ProveError::Ciphertext(CiphertextError::Zero),
	);
	world.refuses(
		&of(&vec![0xff; len]),
		&witness,
		ProveError::Ciphertext(CiphertextError::NotReduced),
	);
	let modulus = [vec![0; len / 2], world.key().modulus_bytes()].concat();
	world.refuses(
		&of(&modulus),
		&witness,
		ProveError::Ciphertext(CiphertextError::NotUnit),
	);
	world.refuses(&of(&vec![1; len - 1]), &witness, ProveError::Statement);
	world.refuses(&of(&vec![1; len + 1]), &witness, ProveError::Statement);
	world.refuses(&of(&[]), &witness, ProveError::Statement);
}

#[test]
fn proofs_are_as_long_as_documented() {
	for (set, w) in [
		(ParameterSet::Paillier2048, 176),
		(ParameterSet::Paillier3072, 240),
	] {
		for (call, values, equations, padded) in [
			(Call::Issue, 2, 2, 4),
			(Call::Transfer, 2, 2, 2),
			(Call::Redeem, 2, 2, 2),
			(Call::List, 3, 3, 4),
			(Call::Reprice, 1, 1, 1),
			(Call::Restock, 1, 1, 1),
			(Call::Order, 2, 3, 2),
			(Call::Dispute, 1, 1, 1),
			(Call::Accept, 2, 2, 2),
		] {
			let (statement, _) = world(set).case(call, [1, 1, 1], &extras());
			let logarithm = 6 + [0, 0, 1, 0, 2][padded];
			let expected = 17 + 96 * values + w * equations + 32 * (9 + 2 * logarithm);
			assert_eq!(proof_len(&statement), expected, "{call:?}");
			assert_eq!((statement.values(), statement.equations()), (values, equations));
			assert_eq!(statement.set(), set);
			assert!(proof_len(&statement) <= MAX_PROOF_BYTES);
		}
	}
	let (longest, _) = world(ParameterSet::Paillier3072).case(Call::List, [1, 1, 1], &extras());
	assert_eq!(proof_len(&longest), MAX_PROOF_BYTES, "the bound is tight");
}

#[test]
fn two_proofs_of_one_statement_share_nothing_but_the_version() {
	let world = world(ParameterSet::Paillier2048);
	let (statement, witness) = world.case(Call::Transfer, [3, 4, 5], &extras());
	// The worst random source: it repeats. Another witness must not meet the same masks.
	struct Zeros;
	impl RngCore for Zeros {
		fn next_u32(&mut self) -> u32 {
			0
		}
		fn next_u64(&mut self) -> u64 {
			0
		}
		fn fill_bytes(&mut self, dest: &mut [u8]) {
			dest.fill(0);
		}
		fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
			dest.fill(0);
			Ok(())
		}
	}
	impl rand_core::CryptoRng for Zeros {}
	let parts = |proof: &[u8]| {
		proof[1..]
			.chunks(16)
			.map(<[u8]>::to_vec)
			.collect::<std::collections::HashSet<_>>()
	};
	let first = world.prover.prove(&statement, &witness, &mut OsRng).unwrap();
	let second = world.prover.prove(&statement, &witness, &mut OsRng).unwrap();
	assert!(parts(&first).is_disjoint(&parts(&second)));
	let third = world.prover.prove(&statement, &witness, &mut Zeros).unwrap();
	let (other, other_witness) = world.case(Call::Transfer, [3, 4, 5], &extras());
	let fourth = world.prover.prove(&other, &other_witness, &mut Zeros).unwrap();
	assert!(parts(&third).is_disjoint(&parts(&fourth)));
	let mut changed = witness.clone_parts();
	changed.values[1] += 1;
	let fifth = world.prover.prove(&statement, &changed, &mut Zeros).unwrap();
	assert!(parts(&third).is_disjoint(&parts(&fifth)));
	assert_eq!(world.verifier.verify(&statement, &third), Ok(()));
}

#[test]
fn what_was_proved_is_in_the_ciphertexts() {
	let world = world(ParameterSet::Paillier2048);
	let price = world.seal(1234);
	let total = world.total(&price, 7);
	assert_eq!(world.secret.decrypt_amount(&total.bytes), Ok(Some(1234 * 7)));
}

#[test]
fn error_codes_come_back() {
	let mut seen = std::collections::HashSet::new();
	for error in ProofError::ALL {
		assert_ne!(error.code(), 0);
		assert_ne!(error.code(), u32::MAX);
		assert!(seen.insert(error.code()));
		assert_eq!(ProofError::from_code(error.code()), Some(error));
		assert!(!error.to_string().is_empty());
	}
	assert_eq!(ProofError::from_code(0), None);
	assert_eq!(ProofError::from_code(ProofError::ALL.len() as u32 + 1), None);
	assert_eq!(ProofError::from_code(u32::MAX), None);
}

#[test]
fn statements_come_back_from_their_encoding_and_nothing_else_does() {
	for set in ParameterSet::ALL {
		let mut encodings = std::collections::HashSet::new();
		let extras = extras();
		for call in Call::WITH_VALUES {
			let (statement, _) = world(set).case(call, [3, 4, 5], &extras);
			let encoded = statement.encode();
			assert_eq!(Statement::decode(&mut &encoded[..]).unwrap(), statement);
			for len in 0..encoded.len() {
				assert!(Statement::decode(&mut &encoded[..len]).is_err());
			}
			assert!(encodings.insert(encoded));
		}
	}
}

/// Names are hashed: two things of one name would be one thing to the transcript.
#[test]
fn names_are_distinct() {
	let distinct = |names: &[&str]| {
		let set: std::collections::HashSet<_> = names.iter().collect();
		assert_eq!(set.len(), names.len(), "{names:?}");
	};
	distinct(&[&Call::WITH_VALUES.map(Call::name)[..], &[Call::Refresh.name()]].concat());
	distinct(
		&[
			NoteKind::Own,
			NoteKind::Stock,
			NoteKind::Counterparty,
			NoteKind::Quote,
		]
		.map(NoteKind::name),
	);
	distinct(
		&[
			Role::Amount,
			Role::BalanceAfter,
			Role::IssuedAfter,
			Role::Price,
			Role::Stock,
			Role::Commodity,
			Role::Delivery,
			Role::Quantity,
			Role::Total,
			Role::StockAfter,
			Role::Refreshed,
			Role::Residue,
		]
		.map(Role::name),
	);
	let bindings = [
		Binding::ListingSeller([1; 32]),
		Binding::ListingSeq(1),
		Binding::PriceVersion(1),
		Binding::OrderBuyer([1; 32]),
		Binding::OrderSeq(1),
		Binding::Counterparty([1; 32]),
		Binding::Quota(1),
		Binding::AcceptPeriod(1),
		Binding::ShipPeriod(1),
		Binding::GracePeriod(1),
		Binding::ConfirmPeriod(1),
		Binding::ResolvePeriod(1),
		Binding::BondMultiple(1),
		Binding::PenaltyShare(1),
		Binding::Target(1),
		Binding::CreditCreator([1; 32]),
		Binding::CreditSeq(1),
		Binding::CreditKind(1),
	];
	distinct(&bindings.iter().map(Binding::name).collect::<Vec<_>>());
}

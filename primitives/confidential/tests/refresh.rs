//! The proof of `refresh`: complete, bound to everything that the statement says, and of no use for a number with a value.

use num_bigint::BigUint;
use rand_core::OsRng;
use std::sync::LazyLock;
use veilmart_confidential::{
	proof_len,
	statements::{self, ListingName, RefreshTarget},
	Context, ProofError, ProveError, Prover, Statement, Verifier, Witness, PARAMETER_SET,
};
use veilmart_paillier::{
	test_keys, CiphertextError, Encryptor, FreshNonce, Nonce, Opening, PublicKey, SecretKey, SecretRoot,
};

struct World {
	prover: Prover,
	verifier: Verifier,
	secret: SecretKey,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
	let key = PublicKey::from_modulus(test_keys::modulus(PARAMETER_SET)).unwrap();
	World {
		prover: Prover::new(Encryptor::new(key.clone())),
		verifier: Verifier::new(key),
		secret: test_keys::secret(PARAMETER_SET).unwrap(),
	}
});

fn key() -> &'static PublicKey {
	WORLD.verifier.key()
}

fn encrypt(value: u64, nonce: &Nonce) -> Vec<u8> {
	let nonce = nonce.clone();
	let opening = Opening { value, nonce };
	key().encode(&WORLD.prover.encryptor().encrypt_opening(&opening).unwrap())
}

fn nonce() -> Nonce {
	FreshNonce::random(PARAMETER_SET, &mut OsRng).nonce().clone()
}

fn context() -> Context {
	Context {
		genesis: [1; 32],
		account: [2; 32],
		seq: 3,
		salt: [4; 16],
	}
}

const STOCK: RefreshTarget = RefreshTarget::Stock(ListingName {
	seller: [5; 32],
	seq: 6,
});

fn statement(target: RefreshTarget, after: &[u8], residue: &[u8]) -> Statement {
	statements::refresh(PARAMETER_SET, &context(), target, after, residue, [7; 32])
}

/// As a node judges, and as a runtime by itself: always the same.
fn verdict(statement: &Statement, proof: &[u8]) -> Result<(), ProofError> {
	let verdict = WORLD.verifier.verify(statement, proof);
	assert_eq!(verdict, Verifier::verify_once(key().clone(), statement, proof));
	verdict
}

/// A balance of 1,234 whose owner knows its opening, with the residue that brings a fresh nonce, and its root.
fn refreshed() -> (Statement, SecretRoot, Vec<u8>) {
	let (old, new) = (nonce(), nonce());
	let difference = new.sub(&old);
	let residue = encrypt(0, &difference);
	let before = encrypt(1_234, &old);
	// The ledger's product is the encryption under the fresh nonce, bit for bit.
	let [b, z] = [&before, &residue].map(|bytes| key().parse(bytes).unwrap());
	let after = encrypt(1_234, &new);
	assert_eq!(key().encode(&key().add(&b, &z)), after);
	let root = WORLD.prover.encryptor().root(&difference).unwrap();
	(statement(RefreshTarget::Balance, &after, &residue), root, after)
}

#[test]
fn who_knows_the_opening_can_refresh() {
	let (statement, root, _) = refreshed();
	let proof = WORLD.prover.prove_refresh(&statement, &root, &mut OsRng).unwrap();
	assert_eq!(proof.len(), proof_len(&statement));
	assert_eq!(verdict(&statement, &proof), Ok(()));
}

#[test]
fn who_lost_the_opening_can_refresh_with_the_root_that_the_authority_tells() {
	let n = key().modulus();
	let square = n * n;
	let value = 777u64;
	let lost = encrypt(value, &nonce());
	// What the authority finds: m by decryption, u_0 = (C/(1+N)^m)^(1/N) mod N.
	assert_eq!(WORLD.secret.decrypt_amount(&lost).unwrap(), Some(value));
	let stripped = BigUint::from_bytes_be(&lost)
		* (BigUint::from(1u8) + BigUint::from(value) * n)
			.modinv(&square)
			.unwrap()
		% &square;
	let told = WORLD.secret.nth_root(&(stripped % n)).unwrap();
	let bytes = told.to_bytes_be();
	let mut padded = vec![0; PARAMETER_SET.modulus_bytes() - bytes.len()];
	padded.extend(bytes);
	let told = key().secret_root(&padded).unwrap();
	// The owner chooses a nonce of its own: u = h^r'/u_0, and knows the opening again.
	let chosen = nonce();
	let root = key().multiply_roots(
		&WORLD.prover.encryptor().root(&chosen).unwrap(),
		&key().invert_root(&told, &mut OsRng).unwrap(),
	);
	let residue = key().encode(&key().power_of_root(&root));
	let [b, z] = [&lost, &residue].map(|bytes| key().parse(bytes).unwrap());
	assert_eq!(key().encode(&key().add(&b, &z)), encrypt(value, &chosen));
	let statement = statement(STOCK, &encrypt(value, &chosen), &residue);
	let proof = WORLD.prover.prove_refresh(&statement, &root, &mut OsRng).unwrap();
	assert_eq!(verdict(&statement, &proof), Ok(()));
}

#[test]
fn a_proof_is_for_one_statement() {
	let (honest, root, after) = refreshed();
	let proof = WORLD.prover.prove_refresh(&honest, &root, &mut OsRng).unwrap();
	let residue = key().encode(&key().power_of_root(&root));
	let other = encrypt(1_235, &nonce());
	let credit = |creator, seq, kind| RefreshTarget::Credit { creator, seq, kind };
	let with = |context: Context, note| {
		statements::refresh(
			PARAMETER_SET,
			&context,
			RefreshTarget::Balance,
			&after,
			&residue,
			note,
		)
	};
	let changed = [
		statement(STOCK, &after, &residue),
		statement(credit([2; 32], 3, 0), &after, &residue),
		statement(RefreshTarget::Balance, &other, &residue),
		statement(RefreshTarget::Balance, &after, &encrypt(0, &nonce())),
		with(Context { seq: 4, ..context() }, [7; 32]),
		with(
			Context {
				account: [9; 32],
				..context()
			},
			[7; 32],
		),
		with(
			Context {
				genesis: [9; 32],
				..context()
			},
			[7; 32],
		),
		with(
			Context {
				salt: [9; 16],
				..context()
			},
			[7; 32],
		),
		with(context(), [8; 32]),
	];
	for statement in &changed {
		assert_eq!(verdict(statement, &proof), Err(ProofError::Challenge));
	}
	// One credit is not another.
	let one = statement(credit([2; 32], 3, 0), &after, &residue);
	let proof = WORLD.prover.prove_refresh(&one, &root, &mut OsRng).unwrap();
	assert_eq!(verdict(&one, &proof), Ok(()));
	for target in [
		credit([3; 32], 3, 0),
		credit([2; 32], 4, 0),
		credit([2; 32], 3, 1),
	] {
		let statement = statement(target, &after, &residue);
		assert_eq!(verdict(&statement, &proof), Err(ProofError::Challenge));
	}
}

/// The prover does the best that it can with a root of nothing: whatever it takes for a root, the residue holds a value.
#[test]
fn a_number_that_holds_a_value_is_never_shown_to_be_a_residue() {
	for value in [1, 5_000, u64::MAX] {
		let difference = nonce();
		let (minted, root) = (
			encrypt(value, &difference),
			WORLD.prover.encryptor().root(&difference).unwrap(),
		);
		let statement = statement(RefreshTarget::Balance, &encrypt(3, &nonce()), &minted);
		for root in [root, key().random_root(&mut OsRng)] {
			let proof = WORLD.prover.prove_refresh(&statement, &root, &mut OsRng).unwrap();
			assert_eq!(verdict(&statement, &proof), Err(ProofError::Challenge));
		}
	}
}

/// Who knows the factors could otherwise show anything modulo the square of one of them.
#[test]
fn a_response_that_shares_a_factor_with_the_modulus_is_refused() {
	let (statement, root, _) = refreshed();
	let proof = WORLD.prover.prove_refresh(&statement, &root, &mut OsRng).unwrap();
	let with_response = |response: &[u8]| {
		let mut proof = proof[..17].to_vec();
		proof.extend(vec![0; PARAMETER_SET.modulus_bytes() - response.len()]);
		proof.extend(response);
		proof
	};
	let [p, q] = WORLD.secret.factors();
	let n = key().modulus_bytes();
	for response in [&p[..], &q[..], &n[..], &[0][..], &vec![0xff; n.len()]] {
		assert_eq!(
			verdict(&statement, &with_response(response)),
			Err(ProofError::NonceResponse)
		);
	}
	assert_eq!(
		verdict(&statement, &with_response(&[1])),
		Err(ProofError::Challenge)
	);
	// A second encoding of the same response: y + N.
	let twice = BigUint::from_bytes_be(&proof[17..]) + key().modulus();
	if twice.bits() <= n.len() as u64 * 8 {
		assert_eq!(
			verdict(&statement, &with_response(&twice.to_bytes_be())),
			Err(ProofError::NonceResponse)
		);
	}
}

#[test]
fn malformed_proofs_and_ciphertexts_have_reasons_of_their_own() {
	let (honest, root, after) = refreshed();
	let proof = WORLD.prover.prove_refresh(&honest, &root, &mut OsRng).unwrap();
	assert_eq!(verdict(&honest, &proof[1..]), Err(ProofError::Length));
	assert_eq!(
		verdict(&honest, &[&proof[..], &[0]].concat()),
		Err(ProofError::Length)
	);
	let mut version = proof.clone();
	version[0] = 2;
	assert_eq!(verdict(&honest, &version), Err(ProofError::Version));
	for byte in [1, 16, 17, proof.len() - 1] {
		let mut flipped = proof.clone();
		flipped[byte] ^= 1;
		assert!(verdict(&honest, &flipped).is_err(), "byte {byte}");
	}
	let zero = vec![0; PARAMETER_SET.ciphertext_bytes()];
	assert_eq!(
		verdict(&statement(RefreshTarget::Balance, &after, &zero), &proof),
		Err(ProofError::Ciphertext(CiphertextError::Zero))
	);
	let large = vec![0xff; PARAMETER_SET.ciphertext_bytes()];
	assert_eq!(
		verdict(&statement(RefreshTarget::Balance, &after, &large), &proof),
		Err(ProofError::Ciphertext(CiphertextError::NotReduced))
	);
}

#[test]
fn the_two_provers_refuse_each_others_statements() {
	let (refresh, root, after) = refreshed();
	let witness = Witness {
		values: vec![],
		nonces: vec![],
	};
	assert_eq!(
		WORLD.prover.prove(&refresh, &witness, &mut OsRng).unwrap_err(),
		ProveError::Statement
	);
	let transfer = statements::transfer(
		PARAMETER_SET,
		&context(),
		[9; 32],
		&after,
		&after,
		[7; 32],
		[8; 32],
	);
	assert_eq!(
		WORLD
			.prover
			.prove_refresh(&transfer, &root, &mut OsRng)
			.unwrap_err(),
		ProveError::Statement
	);
}

/// Two proofs of one statement tell nothing in common: the response is masked afresh.
#[test]
fn responses_are_masked_afresh() {
	let (statement, root, _) = refreshed();
	let [a, b] = [0; 2].map(|_| WORLD.prover.prove_refresh(&statement, &root, &mut OsRng).unwrap());
	assert_ne!(a[1..17], b[1..17]);
	assert_ne!(a[17..], b[17..]);
}
